"""Cats and dogs from the front, 64 × 64: stand-ins for the photographs of Oxford-IIIT Pet."""

from PIL import Image, ImageDraw

from dcgan_course.data.drawn.common import backdrop, choice, draw_one_class, finish, shade

_FURS = (
    (235, 228, 215),
    (205, 160, 105),
    (165, 105, 60),
    (110, 75, 50),
    (60, 50, 46),
    (32, 30, 32),
    (140, 138, 140),
)
_IRISES = ((150, 170, 60), (90, 130, 170), (190, 140, 50))
_BACKDROPS = (
    (95, 130, 70),
    (150, 140, 125),
    (120, 85, 65),
    (200, 195, 190),
    (85, 105, 130),
    (60, 60, 65),
)


def draw_pets(count=10_000, seed=0):
    """Draw heads of cats and dogs: stand-ins for the photographs of Oxford-IIIT Pet.

    Two thirds are dogs, as there. Fur, markings, ears, and backdrop vary independently.

    Args:
        count: how many images.
        seed: the same seed draws the same images.

    Returns:
        `(images, labels)`: uint8 (count, 64, 64, 3) in 0…255, and int64 (count,), all 0.
    """
    return draw_one_class(_pet, count, seed)


def _pet(rng):
    canvas = backdrop(_BACKDROPS, rng)
    pen = ImageDraw.Draw(canvas)
    fur, second = choice(_FURS, rng), choice(_FURS, rng)
    middle, center = 96 + rng.uniform(-10, 10), 96 + rng.uniform(-8, 8)
    wide, high = rng.uniform(42, 54), rng.uniform(42, 52)
    chest = (middle - 1.1 * wide, center + 0.5 * high, middle + 1.1 * wide, 230)
    pen.ellipse(chest, fill=shade(fur, 0.85))
    is_dog = rng.random() < 2 / 3
    (_dog if is_dog else _cat)(pen, rng, fur, second, middle, center, wide, high)
    canvas = canvas.rotate(rng.uniform(-10, 10), Image.Resampling.BILINEAR, fillcolor=(0, 0, 0))
    side = int(canvas.width * 0.88)  # without the corners that the turn has left black
    edge = (canvas.width - side) // 2
    canvas = canvas.crop((edge, edge, edge + side, edge + side)).resize(canvas.size)
    if rng.random() < 0.5:
        canvas = canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return finish(canvas, rng, light=0.15)


def _cat(pen, rng, fur, second, middle, center, wide, high):
    """Pointed ears, slit pupils, whiskers, and sometimes stripes."""
    tall = rng.uniform(28, 42)
    for side in (-1, 1):
        outer, inner = middle + side * wide * 0.95, middle + side * wide * 0.25
        tip = (middle + side * wide * 0.85, center - high - tall * 0.6)
        pen.polygon([(outer, center - 0.2 * high), tip, (inner, center - 0.85 * high)], fill=fur)
        middle_of_ear = (outer * 0.5 + inner * 0.5, center - 0.75 * high)
        pen.polygon(
            [(outer - side * 8, center - 0.5 * high), tip, middle_of_ear], fill=(205, 150, 145)
        )
    _head(pen, fur, middle, center, wide, high)
    if rng.random() < 0.5:  # a tabby
        for shift in (-14, 0, 14):
            top = (middle + shift, center - high + 4, middle + 0.7 * shift, center - 0.45 * high)
            pen.line(top, fill=shade(fur, 0.55), width=5)
    _muzzle(pen, second, middle, center + 0.45 * high, 0.42 * wide, 0.3 * high)
    iris = choice(_IRISES, rng)
    _eyes(pen, rng, iris, middle, center - 0.1 * high, 0.45 * wide, rng.uniform(9, 12), slit=True)
    _nose(pen, (205, 130, 130), middle, center + 0.35 * high, 6)
    for side in (-1, 1):
        for rise in (-6, 2, 10):
            start = (middle + side * 12, center + 0.5 * high)
            pen.line((*start, middle + side * 1.25 * wide, start[1] + rise), (240, 240, 240), 2)


def _dog(pen, rng, fur, second, middle, center, wide, high):
    """Hanging or upright ears, a long muzzle, a large nose, and sometimes a tongue."""
    ear = shade(second if rng.random() < 0.5 else fur, 0.75)
    hanging = rng.random() < 0.65
    drop = rng.uniform(40, 70)
    _head(pen, fur, middle, center, wide, high)
    for side in (-1, 1):
        x = middle + side * wide * 0.9
        if hanging:
            pen.ellipse((x - 17, center - 0.8 * high, x + 17, center - 0.8 * high + drop), fill=ear)
        else:
            base = center - 0.5 * high
            tip = (x + side * 4, center - high - rng.uniform(14, 30))
            pen.polygon([(x + side * 4, base), tip, (x - side * 26, base - 16)], fill=ear)
    if rng.random() < 0.4:  # a patch around one eye
        x = middle + rng.choice([-1, 1]) * 0.42 * wide
        pen.ellipse((x - 18, center - 26, x + 18, center + 12), fill=second)
    _muzzle(pen, second, middle, center + 0.5 * high, 0.5 * wide, 0.42 * high)
    _eyes(pen, rng, (60, 40, 28), middle, center - 0.12 * high, 0.42 * wide, rng.uniform(7, 10))
    if rng.random() < 0.35:
        pen.ellipse(
            (middle - 9, center + 0.7 * high, middle + 9, center + 1.15 * high), (220, 110, 120)
        )
    _nose(pen, (30, 25, 25), middle, center + 0.32 * high, rng.uniform(10, 14))


def _head(pen, fur, middle, center, wide, high):
    pen.ellipse((middle - wide, center - high, middle + wide, center + high), fill=fur)


def _muzzle(pen, color, middle, center, wide, high):
    pen.ellipse((middle - wide, center - high, middle + wide, center + high), shade(color, 1.05))
    pen.line((middle, center - 2, middle, center + 0.6 * high), fill=(50, 40, 40), width=3)


def _eyes(pen, rng, iris, middle, height, gap, size, slit=False):
    look = rng.uniform(-2, 2)
    pupil = (0.3 if slit else 0.55) * size
    for side in (-1, 1):
        x = middle + side * gap
        pen.ellipse((x - size, height - size, x + size, height + size), fill=iris)
        x += look
        pen.ellipse((x - pupil, height - 0.8 * size, x + pupil, height + 0.8 * size), (10, 10, 10))
        pen.ellipse((x - 3, height - 5, x + 1, height - 1), (250, 250, 250))


def _nose(pen, color, middle, height, size):
    pen.ellipse((middle - size, height - 0.7 * size, middle + size, height + 0.7 * size), color)
