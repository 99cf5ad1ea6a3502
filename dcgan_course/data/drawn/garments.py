"""Garments from hand-made outlines: stand-ins for Fashion-MNIST.

Outlines are on a 112 × 112 canvas. A garment is symmetric, so most outlines give its left half
from top to bottom, and `_both_sides` mirrors it; shoes and sandals are drawn whole.
"""

import numpy as np
from PIL import Image, ImageDraw

from dcgan_course.data.drawn.common import draw_classes, random_affine

GARMENTS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def draw_garments(count=10_000, seed=0):
    """Draw garments in Fashion-MNIST's ten classes: light shapes on black.

    Args and returns as `draw_digits`; the labels index `GARMENTS`.
    """
    return draw_classes(_garment, count, seed)


def _both_sides(left):
    return [*left, *[(112 - x, y) for x, y in reversed(left)]]


def _top(rng, sleeve_length, body_end, width, flare=0.0):
    """A piece with sleeves. `sleeve_length` 0…1 from the shoulder to the wrist."""
    shoulder, body = 56 - width, 56 - width * rng.uniform(0.72, 0.82)
    neck = rng.uniform(9, 13)
    reach = 12 + 62 * sleeve_length
    spread = 5 + 15 * min(1.0, sleeve_length * 1.5)
    cuff = (shoulder - spread, 16 + reach)
    return _both_sides(
        [
            (56 - neck, 10),
            (shoulder, 16),
            cuff,
            (cuff[0] + 12, cuff[1] + 3),
            (body, 42),
            (body - flare, body_end),
        ]
    )


def _garment(label, rng):
    canvas = Image.new("L", (112, 112))
    pen = ImageDraw.Draw(canvas)
    shade = int(rng.uniform(120, 245))
    dark = int(shade * rng.uniform(0.35, 0.65))
    _PATTERNS[label](pen, rng, shade, dark)
    matrix = random_affine(rng, 56, turn=0.04, shear=0.04, scale=(0.92, 1.06), shift=1)
    half = canvas.reduce(2)  # averages 2×2 pixels: the low-pass filter against stepped edges
    small = half.transform((28, 28), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return _weave(small, label, rng)


def _weave(image, label, rng):
    """Give the cloth a little grain, and tops and dresses sometimes stripes."""
    pixels = np.asarray(image, "float32")
    grain = rng.normal(1.0, 0.05, size=pixels.shape)
    if label in (0, 2, 3, 6) and rng.random() < 0.3:
        period, across = rng.uniform(3.5, 7.0), rng.random() < 0.7
        wave = np.cos(2 * np.pi * np.arange(28) / period + rng.uniform(0, 6.28)) * 0.25
        grain = grain + (wave[:, None] if across else wave[None, :])
    return np.clip(pixels * grain, 0, 255).astype("uint8")


def _tshirt(pen, rng, shade, dark):
    pen.polygon(_top(rng, rng.uniform(0.12, 0.3), rng.uniform(92, 102), rng.uniform(27, 33)), shade)
    if rng.random() < 0.35:
        pen.rectangle((46, 38, 66, rng.uniform(48, 60)), fill=dark)


def _trouser(pen, rng, shade, dark):
    hip, ankle = rng.uniform(17, 22), rng.uniform(7, 12)
    gap = rng.uniform(2, 5)
    left = [(56 - hip + 4, 6), (56 - hip, 30), (56 - hip - 2, 106), (56 - hip - 2 + ankle, 106)]
    pen.polygon([*left, (56 - gap / 2, 42), (56, 40), (56, 6)], shade)
    pen.polygon([(112 - x, y) for x, y in [*left, (56 - gap / 2, 42), (56, 40), (56, 6)]], shade)
    pen.rectangle((56 - hip + 4, 6, 56 + hip - 4, 11), fill=dark)


def _pullover(pen, rng, shade, dark):
    outline = _top(rng, rng.uniform(0.88, 1.0), rng.uniform(94, 102), rng.uniform(27, 32))
    pen.polygon(outline, shade)
    pen.arc((43, 2, 69, 20), 10, 170, fill=dark, width=4)
    pen.line((34, 96, 78, 96), fill=dark, width=3)


def _dress(pen, rng, shade, dark):
    waist, hem = rng.uniform(9, 13), rng.uniform(17, 27)
    top = rng.uniform(13, 17)
    left = [(56 - 7, 6), (56 - top, 8), (56 - top, 26), (56 - waist, 48), (56 - hem, 106)]
    pen.polygon(_both_sides(left), shade)
    pen.polygon([(50, 5), (62, 5), (56, 18)], 0)
    if rng.random() < 0.5:
        pen.line((56 - waist, 48, 56 + waist, 48), fill=dark, width=4)


def _coat(pen, rng, shade, dark):
    outline = _top(rng, rng.uniform(0.9, 1.0), 107, rng.uniform(28, 32), flare=rng.uniform(2, 6))
    pen.polygon(outline, shade)
    pen.line((56, 14, 56, 107), fill=0, width=4)
    pen.polygon([(46, 9), (56, 38), (42, 30)], dark)
    pen.polygon([(66, 9), (56, 38), (70, 30)], dark)


def _sandal(pen, rng, shade, dark):
    heel = rng.uniform(64, 84)
    pen.polygon([(8, 88), (40, 84), (96, heel - 4), (104, heel), (60, 92), (8, 94)], shade)
    pen.polygon([(96, heel), (104, heel), (103, 94), (97, 94)], shade)
    width = int(rng.integers(4, 8))
    top = rng.uniform(50, 60)
    for x in (22, 42, 62)[: int(rng.integers(2, 4))]:
        pen.line((x - 8, 86, x + 8, top + 8), fill=shade, width=width)
        pen.line((x + 8, top + 8, x + 22, 82), fill=dark, width=width)
    pen.line((84, heel, 92, top - 8), fill=shade, width=width)


def _shirt(pen, rng, shade, dark):
    outline = _top(rng, rng.uniform(0.55, 1.0), rng.uniform(96, 104), rng.uniform(25, 30))
    pen.polygon(outline, shade)
    pen.polygon([(46, 8), (56, 22), (50, 28), (42, 14)], dark)
    pen.polygon([(66, 8), (56, 22), (62, 28), (70, 14)], dark)
    for y in range(32, 94, 12):
        pen.ellipse((54, y, 58, y + 4), fill=dark)


def _sneaker(pen, rng, shade, dark):
    top = rng.uniform(48, 56)
    upper = [(6, 80), (10, 70), (44, 62), (64, top), (84, top - 2), (96, top + 6), (104, top)]
    pen.polygon([*upper, (106, 84), (6, 84)], shade)
    pen.rectangle((6, 82, 106, rng.uniform(88, 92)), fill=dark)
    for x in (50, 58, 66):
        pen.line((x - 4, 62, x + 6, 70), fill=dark, width=3)


def _bag(pen, rng, shade, dark):
    top, side = rng.uniform(40, 52), rng.uniform(8, 16)
    if rng.random() < 0.8:
        handle = rng.uniform(16, 26)
        pen.ellipse((56 - handle, top - 30, 56 + handle, top + 24), outline=shade, width=5)
    pen.rounded_rectangle((side, top, 112 - side, 98), radius=6, fill=shade)
    pen.line((side, top + 18, 112 - side, top + 18), fill=dark, width=4)
    pen.rectangle((51, top + 14, 61, top + 24), fill=dark)


def _ankle_boot(pen, rng, shade, dark):
    shaft, heel = rng.uniform(10, 24), rng.uniform(3, 10)
    outline = [(64, shaft), (104, shaft), (106, 100), (82, 100), (80, 100 - heel)]
    outline += [(50, 100 - heel / 2), (8, 100), (6, 88), (18, 78), (48, 66), (60, 50)]
    pen.polygon(outline, shade)
    pen.line((8, 97, 82, 97 - heel / 2), fill=dark, width=5)
    if rng.random() < 0.5:
        pen.line((84, shaft + 4, 84, 60), fill=dark, width=4)


_PATTERNS = (
    _tshirt,
    _trouser,
    _pullover,
    _dress,
    _coat,
    _sandal,
    _shirt,
    _sneaker,
    _bag,
    _ankle_boot,
)
