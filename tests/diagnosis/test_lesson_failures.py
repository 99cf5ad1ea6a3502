"""The doctor names lesson 05's failures, and is silent on health: whole runs on small images.

`benchmarks/doctor.py` does it at full size, with every case over three seeds. The cases are in
two classes, so that two processes can share them.

Mirrors no module: it tests the examiner, the rules and the doctor together.
"""

import runpy

import numpy as np
import pytest
from helpers import ROOT

from dcgan_course import dcgan_discriminator, dcgan_generator
from dcgan_course.data.drawn.digits import draw_digits
from dcgan_course.data.drawn.frogs import draw_frogs

pytestmark = pytest.mark.slow(seconds=5)

RATES_AND_NETWORKS = (
    "healthy",
    "healthy, ring",
    "D's rate 0",
    "G's rate / 1000",
    "saturating loss",
    "strong D",
    "no batch norm",
    "fast G, ring",
    "rate 0.03",
    "rate 1e12",
)
STEPS_AND_DATA = (
    "range",
    "inference mode",
    "never frozen",
    "smoothing 0.5",
    "label noise 0.9",
    "flipped labels",
    "D sees grey",
    "128 images",
)
# Where luck has most to say, a second seed.
TWICE = ("healthy", "healthy, ring", "no batch norm", "fast G, ring", "inference mode")
TWICE += ("never frozen", "label noise 0.9")
LEFT_OUT = ("healthy, smoothing 0.1", "D's rate / 1000")
GRID = "kernel 3"


def over_seeds(cases):
    return pytest.mark.parametrize(
        ("name", "seed"), [(name, seed) for name in cases for seed in range(1 + (name in TWICE))]
    )


def halved(images):
    """Half the height and width."""
    count, height, width, channels = images.shape
    return images.reshape(count, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def networks_for_16(shape=(16, 16, 1), **options):
    g = dcgan_generator(shape, latent_dim=64, widths=(32, 16), hidden=256)
    return g, dcgan_discriminator(shape, widths=(16, 32), hidden=256, **options)


@pytest.fixture(scope="module")
def benchmark():
    return runpy.run_path(str(ROOT / "benchmarks" / "doctor.py"), run_name="doctor")


@pytest.fixture(scope="module")
def pictures():
    """Drawn digits at full size and at 16 × 16, and frogs at 16 × 16."""
    digits = (draw_digits(3200, seed=1)[0][..., None] / 127.5 - 1).astype("float32")
    edge = ((0, 0), (1, 1), (1, 1), (0, 0))
    small = np.pad(halved(digits), edge, constant_values=-1)
    return digits, small, halved(draw_frogs(1000, seed=1)[0] / np.float32(127.5) - 1)


@pytest.fixture
def run(benchmark, pictures):
    """Run one case at the small size. Returns it, with its doctor, and the table as text."""

    def run(name, seed):
        _, small, frogs = pictures
        options = dict(steps=300, ring_steps=1500)
        names = benchmark["given"](small[:3000], small[3000:], frogs, **options)
        names["small_networks"] = networks_for_16
        names["colour_networks"] = lambda **options: networks_for_16((16, 16, 3), **options)
        table = benchmark["confusion"]((seed,), lambda each: each == name, **names)
        assert len(table[name].doctors) == 1
        return table[name], benchmark["markdown"](table)

    return run


def test_every_case_of_the_lesson_is_here_or_left_out(benchmark, pictures):
    digits, _, frogs = pictures
    names = benchmark["given"](digits[:200], digits[:200], frogs[:200])
    found = set(benchmark["cases"](benchmark["lesson_functions"](0, names)))
    cases = [*RATES_AND_NETWORKS, *STEPS_AND_DATA, *LEFT_OUT, GRID]
    assert len(found) > 20
    assert sorted(cases) == sorted(found)


class TestRatesAndNetworks:
    @over_seeds(RATES_AND_NETWORKS)
    def test_what_is_wrong_is_named_and_nothing_else(self, run, name, seed):
        case, table = run(name, seed)
        assert case.right() == 1, table


class TestStepsAndData:
    @over_seeds(STEPS_AND_DATA)
    def test_what_is_wrong_is_named_and_nothing_else(self, run, name, seed):
        case, table = run(name, seed)
        assert case.right() == 1, table

    def test_a_grid_is_found(self, benchmark, pictures):
        """A grid of two pixels needs more pixels than the other cases have.

        It fades as G grows: at this moment it may lie between the two thresholds.
        """
        digits, _, frogs = pictures
        names = benchmark["given"](digits[:3000], digits[3000:], frogs)
        table = benchmark["confusion"]((0,), lambda name: name == GRID, **names)
        (doctor,) = table[GRID].doctors
        assert "grid" in [finding.name for finding in doctor.findings]
