"""Drawn stand-in data sets, for when the real images cannot be had.

Each module draws one data set: `digits`, `garments`, `frogs`, `trees`, `faces`. Every image is
varied at random (shape, colour, light, blur), so that a GAN has something to learn, and
everything follows from one seed.
"""

from dcgan_course.data.drawn.digits import DIGITS, draw_digits
from dcgan_course.data.drawn.faces import draw_faces
from dcgan_course.data.drawn.frogs import draw_frogs
from dcgan_course.data.drawn.garments import GARMENTS, draw_garments
from dcgan_course.data.drawn.trees import draw_trees

__all__ = [
    "DIGITS",
    "GARMENTS",
    "draw_digits",
    "draw_faces",
    "draw_frogs",
    "draw_garments",
    "draw_trees",
]
