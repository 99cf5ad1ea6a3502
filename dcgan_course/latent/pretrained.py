"""Trained generators that ship with the package, for exploring without training first.

`scripts/train_generators.py` made them from the lessons' recipes, on real data.
"""

import os
from pathlib import Path

import numpy as np

from dcgan_course.checks import shown
from dcgan_course.files import load_arrays, save_arrays
from dcgan_course.latent.space import LatentError, open_generator
from dcgan_course.networks.layers import in_float32
from dcgan_course.training.recipes import RECIPES

FOLDER = Path(__file__).parent / "trained"


def shipped_generators():
    """List the names that `load_generator` knows."""
    return sorted(path.stem for path in FOLDER.glob("*.npz"))


def load_generator(name):
    """Load a trained generator: one that ships with the course, or one of your own.

    Args:
        name: one of `shipped_generators()`, such as "cifar10_frogs"; else a `generator.keras`
            or a folder that holds one, such as runs/02_fashion_mnist.

    Returns:
        A `keras.Sequential`: codes (batch, latent_dim) from N(0, 1) → float32 images (batch,
        height, width, channels) in [−1, 1].

    Raises:
        LatentError: not a known name or a file, or a file that cannot be read.
    """
    if not (isinstance(name, (str, os.PathLike)) and os.fspath(name) in shipped_generators()):
        try:
            return open_generator(name)
        except LatentError as problem:
            known = ", ".join(shipped_generators())
            raise LatentError(f"{problem} Generators that ship with the course: {known}.") from None
    card, weights = _read(os.fspath(name))
    with in_float32():
        generator = RECIPES[card["recipe"]].generator()
    generator.set_weights(weights)
    return generator


def model_card(name):
    """Read the facts about a shipped generator: recipe, seconds, scores, data, date, license.

    Raises:
        LatentError: unknown name, or a damaged file.
    """
    if not isinstance(name, str) or name not in shipped_generators():
        known = ", ".join(shipped_generators())
        raise LatentError(f"No generator {shown(name)} ships with the course. There are: {known}.")
    return _read(name)[0]


def save_generator(name, generator, card):
    """Write a trained generator as float16, with its model card.

    Args:
        name: the name under which `load_generator` will find it.
        generator: the network that the recipe card["recipe"] builds, trained.
        card: facts about it, plain data.

    Returns:
        The path.
    """
    arrays = [np.asarray(weight, "float16") for weight in generator.get_weights()]
    return save_arrays(FOLDER / f"{name}.npz", arrays, {**card, "arrays": len(arrays)})


def _read(name):
    path = FOLDER / f"{name}.npz"
    try:
        arrays, card = load_arrays(path)
        return card, [arrays[f"w{k}"].astype("float32") for k in range(card["arrays"])]
    except Exception as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise  # "permission denied" or "too many open files" is no damage
        raise LatentError(f"{path} is damaged ({problem}). Install the package again.") from problem
