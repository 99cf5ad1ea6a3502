"""The capstone's file: what is refused, what is measured, and what students see before.

Mirrors no module: it tests assignments/source/07_capstone/capstone.py.
"""

import importlib.util

import numpy as np
import pytest
from capstone_cases import ALL, RIGHT, WRONG, Maker, drawn_generator
from helpers import ROOT

FOLDER = ROOT / "assignments" / "source" / "07_capstone"


@pytest.fixture(scope="module")
def capstone():
    spec = importlib.util.spec_from_file_location("capstone", FOLDER / "capstone.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.DRAWN = 400  # enough here, and faster
    return module


@pytest.fixture(scope="module")
def makers(capstone):
    """Makers of files by their arguments, each built once."""
    built = {}

    def find(**arguments):
        key = (id(arguments.get("generator")), arguments.get("count"), arguments.get("data"))
        if key not in built:
            built[key] = Maker(capstone, **arguments)
        return built[key]

    return find


@pytest.fixture(scope="module")
def reference(capstone, makers):
    """What the grader compares with, were the drawn images MNIST."""
    make = makers(data="mnist", count=1000)
    codes = np.random.default_rng(3).normal(size=(2000, 8)).astype("float32")
    seen = capstone.features(capstone.draw(make.layers, make.weights, codes))
    mean, covariance = capstone.moments(seen)
    known = capstone.sketch(drawn_generator(seed=77)[1])
    return {"mnist_mean": mean, "mnist_covariance": covariance, "known_one": known}


def lost(capstone, path, reference, seed=6):
    """Parts with a problem, and the problems."""
    problems = capstone.report(path, seed, reference)["problems"]
    assert set(problems) == ALL == set(capstone.PARTS)
    return {part: problem for part, problem in problems.items() if problem}


def test_there_are_enough_cases():
    assert len(WRONG) >= 40
    assert len(RIGHT) >= 6


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_loses_the_parts_that_concern_it(case, capstone, makers, reference, tmp_path):
    write, wanted = WRONG[case]
    write(makers(), tmp_path / "generator.npz")
    found = lost(capstone, tmp_path / "generator.npz", reference)
    assert set(found) == wanted, found
    assert all(len(problem) > 15 for problem in found.values()), found


@pytest.mark.parametrize("case", RIGHT)
def test_a_right_file_loses_nothing(case, capstone, makers, reference, tmp_path):
    write, arguments = RIGHT[case]
    write(makers(**arguments), tmp_path / "generator.npz")
    assert lost(capstone, tmp_path / "generator.npz", reference) == {}
