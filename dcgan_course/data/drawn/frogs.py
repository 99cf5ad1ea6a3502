"""Frogs on leaves, earth, stone and water: stand-ins for CIFAR-10's frogs."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dcgan_course.data.drawn.common import draw_one_class, tint

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
    return draw_one_class(_frog, count, seed)


def _ground(rng):
    """Two colors that run into each other, with blurred patches: something to sit on."""
    colors = [np.array(tint(_GROUNDS[i], rng)) for i in rng.choice(len(_GROUNDS), 2)]
    y, x = np.mgrid[0:96, 0:96] / 96
    angle = rng.uniform(0, 2 * np.pi)
    share = np.clip(0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle), 0, 1)[..., None]
    canvas = Image.fromarray((colors[0] * share + colors[1] * (1 - share)).astype("uint8"))
    pen = ImageDraw.Draw(canvas)
    for _ in range(int(rng.integers(3, 9))):
        across, down = rng.uniform(10, 46, 2)
        left, top = rng.uniform(-20, 90, 2)
        patch = tint(colors[int(rng.integers(2))], rng, 30)
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
