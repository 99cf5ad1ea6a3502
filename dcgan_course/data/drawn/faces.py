"""Faces from the front, 64 × 64: stand-ins for CelebA's photographs. Nobody's portrait."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dcgan_course.data.drawn.common import (
    SIDE,
    backdrop,
    choice,
    draw_one_class,
    finish,
    shade,
    tint,
)

FACE_ATTRIBUTES = ("glasses", "beard", "bald", "long hair", "teeth")
_SKINS = (
    (250, 224, 200),
    (240, 200, 170),
    (222, 176, 140),
    (198, 148, 110),
    (160, 110, 78),
    (122, 82, 58),
    (88, 58, 42),
)
_HAIRS = (
    (28, 22, 20),
    (55, 38, 28),
    (95, 65, 40),
    (150, 105, 60),
    (205, 170, 110),
    (150, 75, 40),
    (185, 185, 185),
)
_IRISES = ((70, 45, 30), (60, 95, 130), (80, 110, 70), (40, 32, 28))
_BACKDROPS = (
    (120, 140, 160),
    (60, 70, 90),
    (190, 180, 165),
    (150, 60, 60),
    (70, 100, 80),
    (225, 225, 222),
    (35, 35, 40),
)


def draw_faces(count=10_000, seed=0):
    """Draw faces from the front: stand-ins for CelebA's photographs. Nobody's portrait.

    Skin, hair, eyes, age and dress vary independently of each other.

    Args and returns as `draw_trees`.
    """
    return draw_one_class(lambda rng: _face(rng)[0], count, seed)


def draw_faces_with_attributes(count=10_000, seed=0):
    """Draw the faces of `draw_faces`, and say what is in each of them.

    Args:
        count: how many images.
        seed: the same seed draws the same images, which are those of `draw_faces`.

    Returns:
        `(images, attributes)`: uint8 (count, 64, 64, 3) in 0…255, and bool (count, 5), in the
        order of `FACE_ATTRIBUTES`.
    """
    attributes = []

    def draw_one(rng):
        pixels, there = _face(rng)
        attributes.append(there)
        return pixels

    images, _ = draw_one_class(draw_one, count, seed)
    return images, np.array(attributes, bool)


def _face(rng):
    """One face, and which of `FACE_ATTRIBUTES` it has."""
    canvas = backdrop(_BACKDROPS, rng)
    pen = ImageDraw.Draw(canvas)
    skin, hair = choice(_SKINS, rng, 10), choice(_HAIRS, rng, 10)
    middle, center = 96 + rng.uniform(-7, 7), 98 + rng.uniform(-5, 5)
    wide, high = rng.uniform(43, 52), rng.uniform(57, 66)
    turn = rng.uniform(-9, 9)  # the features move sideways as the head turns
    long_hair = rng.random() < 0.5
    bald = not long_hair and rng.random() < 0.15
    _hair_behind(pen, rng, hair, middle, center, wide, high, long_hair, bald)
    _shoulders(pen, rng, skin, middle, center + high)
    for side in (-1, 1):  # ears, of which hair may cover one
        at = middle + side * (wide - 1)
        if not long_hair:
            pen.ellipse((at - 8, center - 10, at + 8, center + 16), fill=shade(skin, 0.9))
    pen.ellipse((middle - wide, center - high, middle + wide, center + high), fill=skin)
    _cheeks(canvas, rng, skin, middle, center, wide, turn)
    pen = ImageDraw.Draw(canvas)
    eyes = center - rng.uniform(4, 10)
    gap = rng.uniform(19, 23)
    _eyes(pen, rng, skin, hair, middle + turn, eyes, gap)
    teeth = _nose_and_mouth(pen, rng, skin, middle + 1.15 * turn, center, high)
    beard = not long_hair and rng.random() < 0.35
    if beard:
        _beard(canvas, hair, middle + turn, center, wide, high)
    if not bald:
        _fringe(pen, rng, hair, middle, center, wide, high)
    glasses = rng.random() < 0.15
    if glasses:
        _glasses(pen, middle + turn, eyes, gap)
    tilt = rng.uniform(-7, 7)
    canvas = canvas.rotate(tilt, Image.Resampling.BILINEAR, fillcolor=canvas.getpixel((1, 1)))
    return finish(canvas, rng, light=0.18), (glasses, beard, bald, long_hair, teeth)


def _hair_behind(pen, rng, hair, middle, center, wide, high, long_hair, bald):
    if bald:
        return
    more = rng.uniform(6, 14)
    crown = center - high - rng.uniform(8, 16)
    pen.ellipse((middle - wide - more, crown, middle + wide + more, center + 30), fill=hair)
    if long_hair:
        end = center + high + rng.uniform(0, 40)
        left, right = middle - wide - more, middle + wide + more
        pen.rounded_rectangle((left, center - 20, right, end), radius=24, fill=shade(hair, 0.9))


def _shoulders(pen, rng, skin, middle, chin):
    dress = tuple(int(c) for c in rng.uniform(20, 230, 3))
    half = rng.uniform(64, 84)
    pen.ellipse((middle - half, chin + 8, middle + half, chin + 100), fill=dress)
    pen.rectangle((middle - 21, chin - 22, middle + 21, chin + 14), fill=shade(skin, 0.82))
    pen.ellipse((middle - 24, chin, middle + 24, chin + 28), fill=shade(skin, 0.82))


def _veil(canvas, color, blur, *shapes):
    """Lay a color over the canvas where the shapes are, with soft edges."""
    veil = Image.new("L", (SIDE, SIDE))  # soft things need no large canvas
    pen = ImageDraw.Draw(veil)
    for draw, box, *options in shapes:
        getattr(pen, draw)([value / 3 for value in box], *options)
    veil = veil.filter(ImageFilter.GaussianBlur(blur)).resize(canvas.size)
    canvas.paste(color, mask=veil)


def _cheeks(canvas, rng, skin, middle, center, wide, turn):
    """Light on one cheek, and shade on the side that is turned away."""
    away = middle - np.sign(turn) * wide * 0.75
    _veil(
        canvas,
        shade(skin, 0.75),
        3,
        ("ellipse", (away - 20, center - 55, away + 20, center + 50), 90),
    )
    blush, full = (skin[0] + 18, skin[1] - 14, skin[2] - 10), int(rng.uniform(30, 80))
    cheeks = [middle + turn - 26, middle + turn + 26]
    _veil(
        canvas,
        shade(blush, 1.0),
        1.7,
        *[("ellipse", (at - 11, center + 10, at + 11, center + 28), full) for at in cheeks],
    )


def _eyes(pen, rng, skin, hair, middle, height, gap):
    iris = choice(_IRISES, rng, 10)
    look, open_ = rng.uniform(-3, 3), rng.uniform(5, 8)
    brow = rng.uniform(13, 18)
    dark = shade(hair, 0.7) if sum(hair) < 480 else shade(hair, 0.6)
    for side in (-1, 1):
        x = middle + side * gap
        pen.ellipse((x - 13, height - open_ - 4, x + 13, height + open_ + 3), shade(skin, 0.8))
        pen.ellipse((x - 11, height - open_, x + 11, height + open_), (240, 238, 232))
        pen.ellipse((x + look - 6, height - 6, x + look + 6, height + 6), iris)
        pen.ellipse((x + look - 3, height - 3, x + look + 3, height + 3), (12, 10, 10))
        pen.arc((x - 12, height - open_ - 2, x + 12, height + open_ + 4), 190, 350, (30, 22, 20), 3)
        inner, outer = height - brow + 1, height - brow + rng.uniform(-2, 3)
        pen.line((x - side * 10, inner, x + side * 3, outer - 3, x + side * 13, outer), dark, 4)


def _nose_and_mouth(pen, rng, skin, middle, center, high):
    tip = center + rng.uniform(15, 21)
    pen.line((middle - 3, center - 6, middle - 7, tip), fill=shade(skin, 0.86), width=3)
    pen.ellipse((middle - 10, tip - 5, middle + 10, tip + 5), fill=shade(skin, 0.9))
    pen.ellipse((middle - 6, tip - 4, middle + 6, tip + 2), fill=shade(skin, 1.04))
    for side in (-1, 1):
        x = middle + side * 5
        pen.ellipse((x - 2, tip + 1, x + 2, tip + 4), fill=shade(skin, 0.55))
    half, height = rng.uniform(14, 22), center + 0.58 * high + rng.uniform(-2, 3)
    lips = tint((0.55 * skin[0] + 90, 0.55 * skin[1] + 18, 0.55 * skin[2] + 22), rng, 12, 0.9)
    teeth = rng.random() < 0.5
    if teeth:  # a smile
        box = (middle - half, height - 11, middle + half, height + 9)
        pen.chord(box, 0, 180, fill=lips)
        pen.chord((box[0] + 4, box[1] + 2, box[2] - 4, box[3] - 4), 0, 180, fill=(240, 236, 228))
    else:
        full = rng.uniform(3, 6)
        pen.ellipse((middle - half, height - full, middle + half, height + full), fill=lips)
        pen.arc(
            (middle - half, height - 8, middle + half, height + 3), 20, 160, shade(lips, 0.6), 2
        )
    return teeth


def _beard(canvas, hair, middle, center, wide, high):
    mouth = center + 0.58 * high
    _veil(
        canvas,
        hair,
        1,
        ("chord", (middle - wide + 5, center - 30, middle + wide - 5, center + high), 15, 165, 190),
        ("ellipse", (middle - 16, mouth - 7, middle + 16, mouth + 6), 0),
    )


def _fringe(pen, rng, hair, middle, center, wide, high):
    """Hair over the forehead, parted somewhere."""
    top, line = center - high - 6, center - high + rng.uniform(14, 30)
    parting = middle + rng.uniform(-0.6, 0.6) * wide
    for edge in (middle - wide - 3, middle + wide + 3):
        temple = center - rng.uniform(12, 26)
        pen.polygon(
            [
                (edge, temple),
                (edge, top + 22),
                (middle + 0.6 * (edge - middle), top + 2),
                (middle, top - 4),
                (parting, top + 8),
                (parting + 0.4 * (edge - parting), line - 4),
                (edge + 0.12 * (middle - edge), line + 12),
            ],
            fill=shade(hair, 1.1),
        )


def _glasses(pen, middle, height, gap):
    for side in (-1, 1):
        x = middle + side * gap
        pen.rounded_rectangle(
            (x - 17, height - 13, x + 17, height + 13), 8, outline=(25, 25, 28), width=3
        )
    pen.line((middle - gap + 17, height, middle + gap - 17, height), fill=(25, 25, 28), width=3)
