"""Digits in the fonts that matplotlib carries: stand-ins for MNIST."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from dcgan_course.data.drawn.common import draw_classes, random_affine

DIGITS = tuple("0123456789")
_FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSans-Oblique.ttf",
    "DejaVuSansMono.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSerif-Italic.ttf",
    "STIXGeneral.ttf",
    "STIXGeneralItalic.ttf",
    "STIXGeneralBol.ttf",
    "cmr10.ttf",
    "cmss10.ttf",
)


def draw_digits(count=10_000, seed=0):
    """Draw digits that look like MNIST's: white strokes on black, centerd, varied.

    Args:
        count: how many images.
        seed: the same seed draws the same images.

    Returns:
        `(images, labels)`: uint8 (count, 28, 28) in 0…255, and int64 (count,) in 0…9,
        all ten classes equally often (as far as `count` allows), in random order.
    """
    return draw_classes(_digit, count, seed)


@cache
def _glyph(digit, font, stroke):
    """One digit in one font, 20 units high in the middle of a 112×112 canvas, as MNIST's is."""
    from matplotlib import get_data_path

    file = Path(get_data_path(), "fonts", "ttf", font)
    typeface = ImageFont.truetype(str(file), 96)
    canvas = Image.new("L", (192, 192))
    pen = ImageDraw.Draw(canvas)
    pen.text((96, 96), str(digit), font=typeface, fill=255, anchor="mm", stroke_width=stroke)
    glyph = canvas.crop(canvas.getbbox())
    width = max(8, round(glyph.width * 80 / glyph.height))
    glyph = glyph.resize((min(width, 88), 80), Image.Resampling.BICUBIC)
    centerd = Image.new("L", (112, 112))
    centerd.paste(glyph, ((112 - glyph.width) // 2, 16))
    # Sampling one pixel in four below would leave steps; the blur is the low-pass filter.
    return centerd.filter(ImageFilter.GaussianBlur(1.6))


def _digit(digit, rng):
    font = _FONTS[rng.integers(len(_FONTS))]
    glyph = _glyph(digit, font, int(rng.integers(0, 4)))
    matrix = random_affine(rng, 112, turn=0.22, shear=0.25, scale=(0.85, 1.15), shift=6)
    image = glyph.transform((28, 28), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.6)))
    gain = rng.uniform(1.0, 1.5)
    return np.minimum(np.asarray(image, "float32") * gain, 255).astype("uint8")
