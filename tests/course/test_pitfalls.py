"""What lesson 05 says is what its cells have printed, and what its benchmark measured.

Mirrors no module: it tests notebooks/05_training_pitfalls.ipynb and benchmarks/pitfalls.py.
"""

import re
import runpy

import numpy as np
import pytest
from helpers import ROOT, read_notebook

NOTEBOOK = ROOT / "notebooks" / "05_training_pitfalls.ipynb"


@pytest.fixture(scope="module")
def benchmark():
    return runpy.run_path(str(ROOT / "benchmarks" / "pitfalls.py"), run_name="pitfalls")


@pytest.fixture(scope="module")
def prose():
    cells = read_notebook(NOTEBOOK)["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


@pytest.fixture(scope="module")
def printed():
    """All that the cells have printed."""
    cells = read_notebook(NOTEBOOK)["cells"]
    outputs = [out for cell in cells for out in cell.get("outputs", [])]
    return "\n".join("".join(out["text"]) for out in outputs if "text" in out)


def test_every_case_has_been_measured(benchmark):
    rows = benchmark["read"]()
    assert {row["case"] for row in rows} == set(benchmark["CASES"])
    assert {row["seed"] for row in rows} <= {str(seed) for seed in benchmark["SEEDS"]}


def test_the_table_is_what_the_benchmark_measured(benchmark, prose):
    labels = {
        "G ten times as fast": "$G$ ten times as fast",
        "G ten times as fast, R1 with γ = 1": "$G$ ten times as fast, R1",
        "equal rates": "equal rates",
        "equal rates, R1 with γ = 1": "equal rates, R1",
    }
    for name, label in labels.items():
        assert benchmark["table_line"](name, label) in prose


def test_spans_are_shortened_where_their_ends_are_equal(benchmark):
    assert benchmark["span"]([7.2, 6.9, 31], "{:.0f}") == "7 to 31"
    assert benchmark["span"]([7.2, 6.9], "{:.0f}") == "7"


def test_the_healthy_run_is_healthy_by_the_measure_of_the_lesson(printed):
    young, healthy = re.search(r"rarest class: young (\S+)%, healthy (\S+)%", printed).groups()
    assert float(young) < 3 < 4 < float(healthy)
    for name in ("young:  ", "healthy:"):
        assert f"{name} Nothing stands out" in printed


def test_a_frozen_d_makes_the_loss_fall_and_a_learning_one_makes_it_rise(printed):
    said = re.findall(r"(healthy|D frozen): G's loss goes from (\S+) to (\S+)", printed)
    change = {name: float(end) - float(start) for name, start, end in said}
    assert change["D frozen"] < 0 < change["healthy"]
    healthy, frozen = re.search(r"distance: healthy (\d+), D frozen (\d+)", printed).groups()
    assert int(frozen) > 2 * int(healthy)


def test_the_doctor_names_every_bug(printed):
    said = dict(re.findall(r"[A-D] is “(.*)”\. The Doctor, after .*\n- (.*?)\.", printed))
    assert said == {
        "inference mode": "G is another network in inference mode than in training mode",
        "D is not frozen": "D is being taught that fakes are real",
        "wrong range": "G cannot reach the range of the data, or has to leave half of its own "
        "empty",
        "flipped labels": "D takes fakes for real and real samples for fakes",
    }


def test_distances_of_the_dirac_gan(printed):
    far = dict(re.findall(r"^ *(\w.*): distance from the equilibrium .* → (\S+)$", printed, re.M))
    assert float(far["simultaneous"]) > 2 * np.sqrt(2)
    assert abs(float(far["alternating"]) - np.sqrt(2)) < 0.1
    assert float(far["alternating, with R1"]) == 0
