"""Drawn stand-in data sets, for when the real images cannot be had.

Each module draws one data set: `digits`, `garments`, `frogs`, `trees`, `faces`,
`pets`. Every image is
varied at random (shape, color, light, blur), so that a GAN has something to learn, and
everything follows from one seed.
"""

from dcgan_course.data.drawn.digits import DIGITS, draw_digits
from dcgan_course.data.drawn.faces import FACE_ATTRIBUTES, draw_faces, draw_faces_with_attributes
from dcgan_course.data.drawn.frogs import draw_frogs
from dcgan_course.data.drawn.garments import GARMENTS, draw_garments
from dcgan_course.data.drawn.pets import draw_pets
from dcgan_course.data.drawn.trees import draw_trees

__all__ = [
    "DIGITS",
    "FACE_ATTRIBUTES",
    "GARMENTS",
    "draw_digits",
    "draw_faces",
    "draw_faces_with_attributes",
    "draw_frogs",
    "draw_garments",
    "draw_pets",
    "draw_trees",
]
