"""The Doctor names some of lesson 05's failures, and is silent on health: runs on small images.

`benchmarks/doctor_lesson.py` does it at full size, with every case over three seeds.

Mirrors no module: it tests the examiner, the rules and the Doctor together.
"""

import runpy

import numpy as np
import pytest
from helpers import ROOT

from dcgan_course import dcgan_discriminator, dcgan_generator
from dcgan_course.data.drawn.digits import draw_digits
from dcgan_course.data.drawn.frogs import draw_frogs

LIVE = ("healthy", "D's rate 0", "range", "inference mode", "never frozen", "flipped labels")


def halved(images):
    """Half the height and width."""
    count, height, width, channels = images.shape
    return images.reshape(count, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def networks_for_16(shape=(16, 16, 1), **options):
    g = dcgan_generator(shape, latent_dim=64, widths=(32, 16), hidden=256)
    return g, dcgan_discriminator(shape, widths=(16, 32), hidden=256, **options)


@pytest.fixture(scope="module")
def benchmark():
    path = ROOT / "benchmarks" / "doctor_lesson.py"
    return runpy.run_path(str(path), run_name="doctor_lesson")


@pytest.fixture(scope="module")
def names(benchmark):
    """What the lesson's functions find under their global names: drawn digits at 16 × 16."""
    digits = (draw_digits(1200, seed=1)[0][..., None] / 127.5 - 1).astype("float32")
    edge = ((0, 0), (1, 1), (1, 1), (0, 0))
    small = np.pad(halved(digits), edge, constant_values=-1)
    frogs = halved(draw_frogs(100, seed=1)[0] / np.float32(127.5) - 1)
    names = benchmark["given"](small[:1000], small[1000:], frogs, steps=300, ring_steps=1500)
    return names | {"small_networks": networks_for_16}


def test_the_cases_are_those_of_the_lesson(benchmark, names):
    found = benchmark["cases"](benchmark["lesson_functions"](0, names))
    assert len(found) >= 20
    assert set(LIVE) <= set(found)


@pytest.mark.slow(seconds=8)
@pytest.mark.parametrize("name", LIVE)
def test_what_is_wrong_is_named_and_nothing_else(benchmark, names, name):
    table = benchmark["confusion"]((0,), lambda each: each == name, **names)
    assert table[name].right() == 1, benchmark["markdown"](table)
