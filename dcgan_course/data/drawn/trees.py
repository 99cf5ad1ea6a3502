"""Bonsai trees in pots, 64 × 64: stand-ins for Caltech-101's bonsai."""

import numpy as np
from PIL import Image, ImageDraw

from dcgan_course.data.drawn.common import (
    LARGE,
    backdrop,
    choice,
    draw_one_class,
    finish,
    shade,
    tint,
)

_LEAVES = (
    (62, 105, 48),
    (90, 130, 60),
    (45, 80, 50),
    (120, 150, 70),
    (150, 60, 45),
    (200, 120, 60),
)
_BARKS = ((90, 65, 45), (60, 45, 35), (125, 100, 75))
_POTS = ((60, 80, 130), (140, 75, 50), (60, 60, 65), (95, 120, 100), (165, 150, 130))
_WALLS = (
    (240, 240, 238),
    (20, 20, 24),
    (150, 160, 175),
    (200, 185, 160),
    (90, 100, 95),
    (215, 220, 230),
)


def draw_trees(count=128, seed=0):
    """Draw bonsai trees in pots: stand-ins for Caltech-101's class "bonsai".

    Args:
        count: how many images.
        seed: the same seed draws the same images.

    Returns:
        `(images, labels)`: uint8 (count, 64, 64, 3) in 0…255, and int64 (count,), all 0.
    """
    return draw_one_class(_tree, count, seed)


def _tree(rng):
    canvas = backdrop(_WALLS, rng)
    pen = ImageDraw.Draw(canvas)
    leaf, bark, pot = (choice(colors, rng) for colors in (_LEAVES, _BARKS, _POTS))
    middle, floor = 96 + rng.uniform(-8, 8), rng.uniform(158, 176)
    _table(pen, rng, floor)
    rim, half = floor - rng.uniform(20, 32), rng.uniform(30, 58)
    # The trunk: a curve from the pot upwards, that leans to one side and comes back.
    lean, height = rng.uniform(-34, 34), rng.uniform(62, 100)
    steps = np.linspace(0, 1, 24)
    x = middle + lean * np.sin(np.pi * steps * rng.uniform(0.7, 1.6))
    y = rim - height * steps
    thick = rng.uniform(9, 17)
    _pads(pen, rng, x, y, leaf, bark, behind=True)
    for index in range(len(steps) - 1):
        width = int(thick * (1 - 0.7 * steps[index])) + 1
        pen.line((x[index], y[index], x[index + 1], y[index + 1]), fill=bark, width=width)
    _pads(pen, rng, x, y, leaf, bark, behind=False)
    sloping = rng.uniform(2, 12)
    pen.polygon(
        [
            (middle - half, rim),
            (middle + half, rim),
            (middle + half - sloping, floor),
            (middle - half + sloping, floor),
        ],
        fill=pot,
    )
    edge = (middle - half - 3, rim - 3, middle + half + 3, rim + 5)
    pen.rectangle(edge, fill=shade(pot, 1.25))
    if rng.random() < 0.5:
        canvas = canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return finish(canvas, rng)


def _table(pen, rng, floor):
    if rng.random() < 0.7:
        wood = choice(((110, 80, 55), (60, 60, 62), (170, 160, 150), (225, 222, 216)), rng)
        pen.rectangle((0, floor - rng.uniform(2, 12), LARGE, LARGE), fill=wood)


def _pads(pen, rng, x, y, leaf, bark, behind):
    """Branches that end in flat clouds of leaves, the larger ones lower down."""
    for place in np.sort(rng.uniform(0.35, 0.95, int(rng.integers(2, 5)))):
        at = int(place * (len(x) - 1))
        side = rng.choice([-1, 1])
        reach = side * rng.uniform(8, 52) * (1.15 - place)
        end = (x[at] + reach, y[at] - rng.uniform(0, 12))
        pen.line((x[at], y[at], *end), fill=bark, width=4)
        _cloud(pen, rng, end, rng.uniform(20, 34) * (1.2 - 0.5 * place), leaf, behind)
    if not behind:
        _cloud(pen, rng, (x[-1], y[-1]), rng.uniform(20, 30), leaf, behind)


def _cloud(pen, rng, center, radius, leaf, behind):
    for _ in range(int(rng.integers(9, 16))):
        across = rng.normal(0, 0.55 * radius)
        down = rng.normal(0, 0.22 * radius)
        size = rng.uniform(0.22, 0.42) * radius
        # Light comes from above, and what is behind lies in the shade.
        gain = (0.7 if behind else 1.0) * (1 - 0.5 * down / radius)
        left, top = center[0] + across - size, center[1] + down - 0.7 * size
        color = tint(leaf, rng, 16, gain)
        pen.ellipse((left, top, left + 2 * size, top + 1.4 * size), fill=color)
