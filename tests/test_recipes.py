"""Recipes by name are those of the lessons' own cells."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import ROOT, code_cells, plain_code

from dcgan_course import layers as blocks
from dcgan_course.recipes import RECIPES

NOTEBOOKS = {"02": "02_fashion_mnist.ipynb", "03": "03_mnist_gradient_tape.ipynb"}
WORDS = {"02": "original", "03": "tutorial"}


def from_lesson(lesson, size):
    """Networks and settings as the notebook's cells give them."""
    recipe = "lean" if size == "laptop" else WORDS[lesson]
    namespace = {"tf": tf, "keras": keras, "layers": keras.layers, "RECIPE": recipe}
    namespace |= {name: getattr(blocks, name) for name in dir(blocks) if name.endswith("_block")}
    namespace |= {"pick": lambda **sizes: sizes[size], "paper_init": blocks.paper_init}
    for source in code_cells(ROOT / "notebooks" / NOTEBOOKS[lesson]):
        if re.search(r"^def (lean|original|tutorial)_|BATCH_SIZE, LEARNING_RATE", source, re.M):
            source = re.sub(r"^RECIPE = .*$", "", source, flags=re.M)
            exec(compile(plain_code(source), lesson, "exec"), namespace)
    return namespace, recipe


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_recipe_is_the_lessons(name):
    lesson, kind = name.split()
    namespace, word = from_lesson(lesson, {"laptop": "laptop", "original": "full"}[kind])
    recipe = RECIPES[name]
    for part in ("generator", "discriminator"):
        keras.utils.set_random_seed(4)
        mine = getattr(recipe, part)()
        keras.utils.set_random_seed(4)
        theirs = namespace[f"{word}_{part}"]()
        shape = mine.input_shape[1:]
        x = np.random.default_rng(0).uniform(-1, 1, (3, *shape)).astype("float32")
        np.testing.assert_allclose(mine(x), theirs(x), rtol=1e-5, atol=1e-6)
        assert list(map(type, mine.layers)) == list(map(type, theirs.layers))
    assert recipe.batch_size == namespace["BATCH_SIZE"]
    assert recipe.g_rate == recipe.d_rate == namespace["LEARNING_RATE"]
    assert (recipe.average or 0.0) == namespace["AVERAGE"]
    if "BETA_1" in namespace:
        assert recipe.beta_1 == namespace["BETA_1"]
    assert recipe.dataset == {"02": "fashion_mnist", "03": "mnist"}[lesson]


def test_a_recipe_builds_what_it_says():
    gan = RECIPES["03 laptop"].but(g_rate=3e-4, average=None, loss="hinge").build(seed=2)
    assert float(gan.g_optimizer.learning_rate.numpy()) == pytest.approx(3e-4)
    assert float(gan.d_optimizer.learning_rate.numpy()) == pytest.approx(1e-3)
    assert gan.adversarial_loss == "hinge"
    assert gan.sampler is gan.generator
    again = RECIPES["03 laptop"].build(seed=2)
    np.testing.assert_array_equal(gan.generator.weights[0], again.generator.weights[0])
    assert again.average == 0.998
