"""What several of the drawing programs need: loops over images, colors, backdrops."""

import numpy as np
from PIL import Image


def draw_classes(draw_one, count, seed):
    """`count` images of ten classes by `draw_one(label, rng)`, in random order."""
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}.")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % 10)
    images = np.stack([np.asarray(draw_one(int(label), rng)) for label in labels])
    return images, labels.astype("int64")


def draw_one_class(draw_one, count, seed):
    """`count` images by `draw_one(rng)`, all with the label 0."""
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}.")
    rng = np.random.default_rng(seed)
    return np.stack([draw_one(rng) for _ in range(count)]), np.zeros(count, "int64")


def random_affine(rng, size, turn, shear, scale, shift):
    """The six numbers that map a pixel of the 28×28 result to one of the size×size drawing."""
    angle, slant = rng.uniform(-turn, turn), rng.uniform(-shear, shear)
    stretch = rng.uniform(*scale, size=2)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = rotation @ np.array([[1, slant], [0, 1]]) @ np.diag(1 / stretch) * (size / 28)
    offset = size / 2 - matrix @ [14, 14] + rng.uniform(-shift, shift, size=2)
    return (*matrix[0], offset[0], *matrix[1], offset[1])


def tint(color, rng, spread=18, gain=1.0):
    """A color brighter by `gain`, with each channel shifted at random by up to `spread`."""
    return tuple(int(np.clip(gain * c + rng.uniform(-spread, spread), 0, 255)) for c in color)


SIDE = 64
LARGE = 3 * SIDE


def choice(colors, rng, spread=14):
    """One of the colors, with each channel shifted at random by up to `spread`."""
    return tint(colors[int(rng.integers(len(colors)))], rng, spread)


def shade(color, gain):
    """A color brighter by `gain`, or darker below 1."""
    return tuple(int(np.clip(gain * c, 0, 255)) for c in color)


def backdrop(colors, rng, contrast=0.75):
    """One color that gets darker in some direction."""
    near = np.array(choice(colors, rng), "float32")
    far = near * rng.uniform(contrast, 1.05)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    share = np.clip(0.5 + x * np.cos(angle) + y * np.sin(angle), 0, 1)[..., None]
    small = Image.fromarray((near * share + far * (1 - share)).astype("uint8"))
    return small.resize((LARGE, LARGE))


def finish(canvas, rng, light=0.1, grain=3.0):
    """Average a drawing down to SIDE, with light from one side and grain: uint8."""
    pixels = np.asarray(canvas.reduce(3), "float32")
    slope = rng.uniform(-light, light) * np.linspace(-1, 1, SIDE)[None, :, None]
    pixels = pixels * (rng.uniform(0.9, 1.08) + slope) + rng.normal(0, grain, pixels.shape)
    return np.clip(pixels, 0, 255).astype("uint8")
