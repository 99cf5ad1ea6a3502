"""Drawn stand-in data sets, for when the real images cannot be had.

Digits come from the fonts that matplotlib carries, garments from hand-made outlines.
Every image is varied at random (affine change, stroke width, blur, texture), so that
a GAN has something to learn, and everything follows from one seed.
"""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

DIGITS = tuple("0123456789")
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
    """Draw digits that look like MNIST's: white strokes on black, centred, varied.

    Args:
        count: how many images.
        seed: the same seed draws the same images.

    Returns:
        `(images, labels)`: uint8 (count, 28, 28) in 0…255, and int64 (count,) in 0…9,
        all ten classes equally often (as far as `count` allows), in random order.
    """
    return _draw(_digit, count, seed)


def draw_garments(count=10_000, seed=0):
    """Draw garments in Fashion-MNIST's ten classes: light shapes on black.

    Args and returns as `draw_digits`; the labels index `GARMENTS`.
    """
    return _draw(_garment, count, seed)


def _draw(draw_one, count, seed):
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}.")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % 10)
    images = np.stack([np.asarray(draw_one(int(label), rng)) for label in labels])
    return images, labels.astype("int64")


# --- digits ---------------------------------------------------------------------------


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
    centred = Image.new("L", (112, 112))
    centred.paste(glyph, ((112 - glyph.width) // 2, 16))
    # Sampling one pixel in four below would leave steps; the blur is the low-pass filter.
    return centred.filter(ImageFilter.GaussianBlur(1.6))


def _digit(digit, rng):
    font = _FONTS[rng.integers(len(_FONTS))]
    glyph = _glyph(digit, font, int(rng.integers(0, 4)))
    matrix = _affine(rng, 112, turn=0.22, shear=0.25, scale=(0.85, 1.15), shift=6)
    image = glyph.transform((28, 28), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.6)))
    gain = rng.uniform(1.0, 1.5)
    return np.minimum(np.asarray(image, "float32") * gain, 255).astype("uint8")


def _affine(rng, size, turn, shear, scale, shift):
    """The six numbers that map a pixel of the 28×28 result to one of the size×size drawing."""
    angle, slant = rng.uniform(-turn, turn), rng.uniform(-shear, shear)
    stretch = rng.uniform(*scale, size=2)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = rotation @ np.array([[1, slant], [0, 1]]) @ np.diag(1 / stretch) * (size / 28)
    offset = size / 2 - matrix @ [14, 14] + rng.uniform(-shift, shift, size=2)
    return (*matrix[0], offset[0], *matrix[1], offset[1])


# --- garments -------------------------------------------------------------------------
# Outlines on a 112×112 canvas. A garment is symmetric, so the outlines below give its left
# half from top to bottom, and `_both_sides` mirrors it; shoes and sandals are drawn whole.


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
    matrix = _affine(rng, 56, turn=0.04, shear=0.04, scale=(0.92, 1.06), shift=1)
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


# --- frogs ----------------------------------------------------------------------------

_SKINS = (
    (86, 125, 50),
    (120, 140, 70),
    (60, 95, 45),
    (140, 110, 65),
    (105, 80, 50),
    (165, 150, 95),
)
_GROUNDS = (
    (70, 90, 45),
    (120, 100, 70),
    (60, 60, 55),
    (150, 150, 140),
    (90, 120, 130),
    (40, 50, 35),
)


def draw_frogs(count=5000, seed=0):
    """Draw frogs on leaves, earth, stone and water: stand-ins for CIFAR-10's class "frog".

    Args:
        count: how many images.
        seed: the same seed draws the same images.

    Returns:
        `(images, labels)`: uint8 (count, 32, 32, 3) in 0…255, and int64 (count,), all 0.
    """
    return draw_one_kind(_frog, count, seed)


def draw_one_kind(draw_one, count, seed):
    """`count` images by `draw_one(rng)`, all with the label 0."""
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}.")
    rng = np.random.default_rng(seed)
    return np.stack([draw_one(rng) for _ in range(count)]), np.zeros(count, "int64")


def tint(colour, rng, spread=18, gain=1.0):
    """A colour brighter by `gain`, with each channel shifted at random by up to `spread`."""
    return tuple(int(np.clip(gain * c + rng.uniform(-spread, spread), 0, 255)) for c in colour)


def _ground(rng):
    """Two colours that run into each other, with blurred patches: something to sit on."""
    colours = [np.array(tint(_GROUNDS[i], rng)) for i in rng.choice(len(_GROUNDS), 2)]
    y, x = np.mgrid[0:96, 0:96] / 96
    angle = rng.uniform(0, 2 * np.pi)
    share = np.clip(0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle), 0, 1)[..., None]
    canvas = Image.fromarray((colours[0] * share + colours[1] * (1 - share)).astype("uint8"))
    pen = ImageDraw.Draw(canvas)
    for _ in range(int(rng.integers(3, 9))):
        across, down = rng.uniform(10, 46, 2)
        left, top = rng.uniform(-20, 90, 2)
        patch = tint(colours[int(rng.integers(2))], rng, 30)
        pen.ellipse((left, top, left + across, top + down), fill=patch)
    return canvas.filter(ImageFilter.GaussianBlur(rng.uniform(1, 4)))


def _frog(rng):
    canvas, frog = _ground(rng), Image.new("RGBA", (96, 96))
    pen = ImageDraw.Draw(frog)
    skin = tint(_SKINS[int(rng.integers(len(_SKINS)))], rng)
    dark, light = tint(skin, rng, 8, 0.6), tint(skin, rng, 8, 1.4)
    # Seen from the side, looking left: hind leg, body, belly, foreleg, head, eye.
    back, arch = rng.uniform(70, 82), rng.uniform(28, 40)
    pen.ellipse((46, 46, back + 6, 76), fill=dark)
    pen.line((50, 74, back + 4, 78), fill=dark, width=6)
    pen.ellipse((22, arch, back, 74), fill=skin)
    pen.ellipse((24, 56, 56, 76), fill=light)
    pen.line((36, 62, rng.uniform(26, 38), 80), fill=skin, width=7)
    pen.ellipse((12, arch - 4, 46, arch + 26), fill=skin)
    pen.ellipse((14, arch + 12, 40, arch + 26), fill=light)
    pen.line((12, arch + 14, 34, arch + 16), fill=dark, width=2)
    for _ in range(int(rng.integers(0, 9))):
        left, top = rng.uniform(44, back - 10), rng.uniform(arch + 6, 64)
        size = rng.uniform(3, 8)
        pen.ellipse((left, top, left + size, top + size), fill=dark)
    eye = rng.uniform(24, 30)
    pen.ellipse((eye, arch - 9, eye + 12, arch + 3), fill=light)
    pen.ellipse((eye + 3, arch - 6, eye + 9, arch), fill=(15, 15, 10))
    if rng.random() < 0.5:
        frog = frog.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    size = int(96 * rng.uniform(0.75, 1.1))
    frog = frog.rotate(rng.uniform(-25, 25), Image.Resampling.BICUBIC).resize((size, size))
    place = tuple(int((96 - size) / 2 + shift) for shift in rng.uniform(-10, 10, 2))
    canvas.paste(frog, place, frog)
    small = np.asarray(canvas.reduce(3), "float32")
    light = (
        rng.uniform(0.75, 1.2) + rng.uniform(-0.15, 0.15) * np.linspace(-1, 1, 32)[:, None, None]
    )
    return np.clip(small * light + rng.normal(0, 4, small.shape), 0, 255).astype("uint8")
