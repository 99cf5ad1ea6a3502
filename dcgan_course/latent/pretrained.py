"""Trained generators that ship with the package, for exploring without training first.

`scripts/train_generators.py` made them from the lessons' recipes, on real data.
"""

import os
from pathlib import Path

import numpy as np

from dcgan_course.checks import shown
from dcgan_course.files import load_arrays, save_arrays
from dcgan_course.latent.errors import LatentError
from dcgan_course.latent.keras_file import open_generator
from dcgan_course.latent.light import LightGenerator, describe
from dcgan_course.latent.space import LatentSpace, keep_directions

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
        height, width, channels) in [−1, 1]. One that draws by class takes [z, y], the code
        joined with a one-hot label, and has the names of its classes as `class_names`.

    Raises:
        LatentError: not a known name or a file, or a file that cannot be read.
    """
    if not (isinstance(name, (str, os.PathLike)) and os.fspath(name) in shipped_generators()):
        try:
            return open_generator(name)
        except LatentError as problem:
            known = ", ".join(shipped_generators())
            raise LatentError(f"{problem} Generators that ship with the course: {known}.") from None
    from dcgan_course.networks.layers import in_float32  # only here is TensorFlow needed
    from dcgan_course.training.recipes import RECIPES

    card, weights = _read(os.fspath(name))
    with in_float32():
        generator = RECIPES[card["recipe"]].generator()
    generator.set_weights(weights)
    generator.class_names = tuple(card.get("classes", ()))
    return generator


def load_light(name):
    """Load a generator that ships with the course so that NumPy draws, without TensorFlow.

    Args:
        name: one of `shipped_generators()`.

    Returns:
        A `LightGenerator`, which draws what `load_generator(name)` draws; or that itself, if it
        has layers that NumPy does not compute here.

    Raises:
        LatentError: a damaged file.
    """
    card, weights = _read(name)
    layers = card.get("layers")
    if layers is None:
        return load_generator(name)
    return LightGenerator(layers, weights, card.get("classes", ()))


def model_card(name):
    """Read the facts about a shipped generator: recipe, seconds, scores, data, date, license.

    "classes" are the names of the classes that it draws by, where it does.

    Raises:
        LatentError: unknown name, or a damaged file.
    """
    if not isinstance(name, str) or name not in shipped_generators():
        known = ", ".join(shipped_generators())
        raise LatentError(f"No generator {shown(name)} ships with the course. There are: {known}.")
    return _read(name)[0]


def save_generator(name, generator, card):
    """Write a trained generator as float16, with its directions and its model card.

    Args:
        name: the name under which `load_generator` will find it.
        generator: the network that the recipe card["recipe"] builds, trained.
        card: facts about it, plain data; with the names of the "classes" that it draws by, if
            it does.

    Returns:
        The path.
    """
    weights = [np.asarray(weight, "float16") for weight in generator.get_weights()]
    arrays = {f"w{k}": weight for k, weight in enumerate(weights)}
    card = {**card, "arrays": len(weights)}
    if layers := describe(generator):
        whole = [weight.astype("float32") for weight in weights]
        light = LightGenerator(layers, whole, card.get("classes", ()))
        space = LatentSpace(light)  # finding its directions takes seconds, so that is done here
        arrays |= {"directions": space.directions, "shares": space.shares}
        card["layers"] = layers
    return save_arrays(FOLDER / f"{name}.npz", arrays, card)


def _read(name):
    path = FOLDER / f"{name}.npz"
    try:
        arrays, card = load_arrays(path)
        weights = [arrays[f"w{k}"].astype("float32") for k in range(card["arrays"])]
        if "directions" in arrays:
            keep_directions(weights, arrays["directions"], arrays["shares"])
        return card, weights
    except Exception as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise  # "permission denied" or "too many open files" is no damage
        raise LatentError(f"{path} is damaged ({problem}). Install the package again.") from problem
