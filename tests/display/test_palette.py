"""Colors that can be seen, and told apart, by readers whose eyes differ."""

import ast
import itertools
import re

import matplotlib
import numpy as np
import pytest
from helpers import NOTEBOOKS, ROOT, code_cells
from matplotlib.colors import is_color_like, to_hex

from dcgan_course.display import palette

# How colors appear without one of the three kinds of cones (Machado et al. 2009).
EYES = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# Where a color may be named: not in the drawn stand-ins for photographs.
PLACES = [
    *sorted((ROOT / "dcgan_course" / "display").glob("*.py")),
    *sorted((ROOT / "dcgan_course" / "diagnosis").glob("*.py")),
    *sorted((ROOT / "dcgan_course" / "training").glob("*.py")),
]
ARGUMENTS = {"color", "c", "ec", "edgecolor", "fc", "facecolor", "edge"}
FAINT = {"white", "none", "black", "w", "k"}  # backgrounds, no color, and the ink itself


def linear(color):
    parts = np.array([int(to_hex(color)[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(color, background="white"):
    """The contrast of WCAG 2.2, from 1 to 21."""
    one, two = (float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (color, background))
    return (max(one, two) + 0.05) / (min(one, two) + 0.05)


def lab(light):
    """CIELAB of linear RGB, in which distances are about those that people see."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ light / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def named_colors(source):
    """Colors that are written out in Python code, and not taken from the palette."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"#[0-9a-fA-F]{6}\b|\btab:\w+", node.value)
        if isinstance(node, ast.keyword) and node.arg in ARGUMENTS:
            for inside in ast.walk(node.value):
                if isinstance(inside, ast.Constant) and is_color_like(inside.value):
                    yield inside.value
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                name = key.value if isinstance(key, ast.Constant) else None
                if name in ARGUMENTS and isinstance(value, ast.Constant):
                    yield value.value


def test_the_measure_of_contrast():
    assert contrast("black") == pytest.approx(21)
    assert contrast("tab:orange") == pytest.approx(2.53, abs=0.01)  # which is too faint


@pytest.mark.parametrize("color", [*palette.CYCLE, palette.GRAY])
def test_every_color_can_be_seen_on_white(color):
    assert contrast(color) >= 3


@pytest.mark.parametrize("color", [palette.REAL, palette.FAKE, palette.GRAY])
def test_text_in_a_color_can_be_read(color):
    """The labels of the GAN diagram are written in them."""
    assert contrast(color) >= 4.5


@pytest.mark.parametrize("eyes", EYES)
def test_any_two_colors_can_be_told_apart(eyes):
    seen = [lab(np.clip(EYES[eyes] @ linear(color), 0, 1)) for color in palette.CYCLE]
    for one, two in itertools.combinations(range(len(seen)), 2):
        distance = np.linalg.norm(seen[one] - seen[two])
        assert distance >= 15, (palette.CYCLE[one], palette.CYCLE[two])
    assert len({str(line) for line in palette.LINES}) == len(palette.LINES) == len(seen)


def test_colors_that_are_written_out_are_found():
    source = 'plot(color="C1"); text(ec="crimson"); a = "tab:orange"; b = dict(x="red")\n'
    source += 'c = {"color": "yellow"}; d = f"x:#00ff00"'
    assert sorted(named_colors(source)) == ["#00ff00", "C1", "crimson", "tab:orange", "yellow"]


@pytest.mark.parametrize("path", PLACES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_color_that_code_names_can_be_seen(path):
    for color in set(named_colors(path.read_text(encoding="utf-8"))) - FAINT:
        assert contrast(color) >= 3, color


@pytest.fixture
def cycle():
    """The course's colors, as the first cell of a lesson chooses them."""
    with matplotlib.rc_context():
        palette.use_palette()
        yield


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_color_that_a_lesson_names_can_be_seen(path, cycle):
    for source in code_cells(path):
        plain = re.sub(r"^(\s*)%.*", r"\1pass", source, flags=re.M)
        for color in set(named_colors(plain)) - FAINT:
            assert contrast(color) >= 3, color


def test_lines_differ_in_style_and_color(cycle):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    lines = [axes.plot([1, 2])[0] for _ in palette.CYCLE]
    assert [line.get_color() for line in lines] == list(palette.CYCLE)
    assert len({str(line.get_linestyle()) for line in lines[:4]}) == 4
    assert axes.plot([1, 2], "o")[0].get_linestyle() == "None"
    assert to_hex("C0") == palette.BLUE
