"""Recipes by name are those of the lessons' own cells."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import ROOT, code_cells, plain_code

from dcgan_course.data.sources import SOURCES
from dcgan_course.networks import layers as blocks
from dcgan_course.training import recipes
from dcgan_course.training.conditional import ConditionalDCGAN
from dcgan_course.training.recipes import RECIPES

NOTEBOOKS = {
    "02": "02_fashion_mnist.ipynb",
    "03": "03_mnist_gradient_tape.ipynb",
    "04": "04_cifar10_frogs.ipynb",
}
LEAN = ("lean_generator", "lean_discriminator")
WORDS = {"02": "original", "03": "tutorial", "04": "book"}
DATASETS = {"02": "fashion_mnist", "03": "mnist", "04": "cifar10_frogs"}


def from_lesson(lesson, size):
    """Networks and settings as the notebook's cells give them."""
    recipe = "lean" if size == "laptop" else WORDS[lesson]
    namespace = {"tf": tf, "keras": keras, "layers": keras.layers, "RECIPE": recipe}
    namespace |= {name: getattr(blocks, name) for name in dir(blocks) if name.endswith("_block")}
    if lesson == "03":  # which imports what lesson 02 has shown
        namespace |= {name: getattr(recipes, name) for name in LEAN}
    namespace |= {"pick": lambda **sizes: sizes[size], "paper_init": blocks.paper_init}
    for source in code_cells(ROOT / "notebooks" / NOTEBOOKS[lesson]):
        if re.search(
            r"^def (lean|original|tutorial|book)_|BATCH_SIZE, (LEARNING|G)_RATE", source, re.M
        ):
            source = re.sub(r"^RECIPE = .*$", "", source, flags=re.M)
            exec(compile(plain_code(source), lesson, "exec"), namespace)
    return namespace, recipe


@pytest.mark.parametrize(
    "name", [name for name in sorted(RECIPES) if not re.search("half|features|all|^06|^10", name)]
)
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
    rates = [namespace.get(rate) or namespace["LEARNING_RATE"] for rate in ("G_RATE", "D_RATE")]
    assert [recipe.g_rate, recipe.d_rate] == rates
    assert (recipe.average or 0.0) == (namespace["AVERAGE"] or 0.0)
    assert recipe.label_smoothing == namespace.get("SMOOTHING", 0.0)
    assert recipe.label_noise == namespace.get("LABEL_NOISE", 0.0)
    assert recipe.mirrored == namespace.get("MIRRORED", False)
    assert recipe.turns == (lesson == "04")
    assert (recipe.choose is not None) == (name == "04 laptop")
    if "BETA_1" in namespace:
        assert recipe.beta_1 == namespace["BETA_1"]
    assert recipe.dataset == DATASETS[lesson]


def test_one_variable_of_lesson_02_switches_steps_and_epochs_too():
    """At laptop size as well: `RECIPE = "original"` is all that a reader has to change."""
    source = next(
        source
        for source in code_cells(ROOT / "notebooks" / NOTEBOOKS["02"])
        if source.startswith("RECIPE = ")
    )
    namespace = {"pick": lambda smoke, laptop, full: laptop}
    exec(re.sub(r"^RECIPE = .*$", 'RECIPE = "original"', source, flags=re.M), namespace)
    assert [namespace[name] for name in ("STEPS", "EPOCHS", "BATCH_SIZE")] == [1875, 50, 32]
    assert 1875 * 32 == 60_000  # every image once


def test_a_recipe_builds_what_it_says():
    gan = RECIPES["03 laptop"].but(g_rate=3e-4, average=None, loss="hinge").build(seed=2)
    assert float(gan.g_optimizer.learning_rate.numpy()) == pytest.approx(3e-4)
    assert float(gan.d_optimizer.learning_rate.numpy()) == pytest.approx(1e-3)
    assert gan.adversarial_loss == "hinge"
    assert gan.sampler is gan.generator
    again = RECIPES["03 laptop"].build(seed=2)
    np.testing.assert_array_equal(gan.generator.weights[0], again.generator.weights[0])
    assert again.average == 0.998


def test_mirror_images_and_rmsprop_where_the_recipe_says_so():
    images = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")
    mirrored = RECIPES["04 all frogs"].images(images)
    np.testing.assert_array_equal(mirrored[:4], images)
    np.testing.assert_array_equal(mirrored[4:], images[:, :, ::-1])
    assert RECIPES["04 original"].images(images) is images
    chosen = RECIPES["04 laptop"].but(choose=lambda images: images[1:2]).images(images)
    np.testing.assert_array_equal(chosen, [images[1], images[1, :, ::-1]])
    gan = RECIPES["04 laptop"].but(optimizer="rmsprop").build()
    assert isinstance(gan.g_optimizer, keras.optimizers.RMSprop)
    assert gan.d_optimizer.clipvalue == 1.0
    assert hasattr(gan, "combined")


def test_the_recipe_with_frozen_features_is_the_laptops_but_for_its_networks():
    laptop, features = RECIPES["04 all frogs"], RECIPES["04 features"]
    same = dict(generator=features.generator, discriminator=features.discriminator)
    assert features == laptop.but(**same)
    gan = features.build(seed=1)
    assert gan.discriminator.output_shape == (None, 3)
    assert gan.generator.output_shape == (None, 32, 32, 3)
    assert gan.generator.count_params() * 2 < 3_000_000  # bytes in float16
    assert not gan.discriminator.get_layer("features_cifar10_frogs").trainable_variables


@pytest.mark.parametrize(
    ("options", "maps", "convolutions"), [({}, 256, 2), ({"widths": (8, 6, 4), "extra": 1}, 8, 4)]
)
def test_a_wide_generator_doubles_by_repeating_pixels(options, maps, convolutions):
    network = recipes.wide_frog_generator(**options)
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds.count("UpSampling2D") == 2
    assert kinds.count("Conv2D") == convolutions
    assert network.layers[1].output.shape == (None, 4, 4, maps)
    images = np.asarray(network(np.zeros((2, 64), "float32")))
    assert images.shape == (2, 32, 32, 3)
    assert np.abs(images).max() <= 1


@pytest.mark.parametrize("lesson", ["02", "03"])
def test_half_the_width_is_the_laptop_recipe_but_for_its_maps_and_one_norm(lesson):
    laptop, half = RECIPES[f"{lesson} laptop"], RECIPES[f"{lesson} half the width"]
    assert half == laptop.but(generator=half.generator, discriminator=half.discriminator)
    for network, wider in (
        (half.generator(), laptop.generator()),
        (half.discriminator(), laptop.discriminator()),
    ):
        kept = list(network.layers)
        if network.name == "half_discriminator":  # the ones that ship trained with one more
            norm = kept.pop(1)
            assert isinstance(norm, keras.layers.BatchNormalization)
        assert list(map(type, kept)) == list(map(type, wider.layers))
        for narrow, wide in zip(kept, wider.layers, strict=True):
            if len(narrow.output.shape) == 4 and narrow.output.shape[-1] > 1:
                assert 2 * narrow.output.shape[-1] == wide.output.shape[-1]


@pytest.mark.parametrize("name", ["10 digits", "10 clothes"])
def test_a_recipe_by_class_builds_small_networks_that_know_the_class_names(name):
    gan = RECIPES[name].build(seed=1)
    assert isinstance(gan, ConditionalDCGAN)
    assert (gan.noise_dim, gan.classes) == (64, 10)
    assert gan.sampler.class_names == SOURCES[RECIPES[name].dataset].class_names
    assert gan.average == RECIPES["03 laptop"].average
    # Two of them, in float16 and base64, in what the playground has left of its 6 MB.
    assert 2 * gan.generator.count_params() * 2 * 4 / 3 < 950_000


@pytest.mark.parametrize("other", ["turns", "mirrored"])
def test_a_recipe_by_class_has_neither_turns_nor_mirror_images(other):
    with pytest.raises(ValueError, match=f"by_class=True takes no {other}"):
        RECIPES["10 digits"].but(**{other: True})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(batch_size=0), "batch_size should be"),
        (dict(g_rate=0.0), "g_rate should be a number above 0"),
        (dict(d_rate=float("nan")), "d_rate should be"),
        (dict(beta_1=1.0), "beta_1 should be"),
        (dict(average=1.5), "average should be"),
        (dict(r1=-1), "r1 should be"),
        (dict(loss="l2"), "Unknown loss"),
        (dict(label_noise=2), "label_noise should be"),
        (dict(optimizer="sgd"), "optimizer should be one of"),
        (dict(turns=1), "turns should be True or False"),
        (dict(by_class=1), "by_class should be True or False"),
        (dict(generator="lean"), "generator should be a function"),
        (dict(choose="plain"), "choose should be a function or None, not 'plain'"),
    ],
)
def test_a_recipe_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        RECIPES["02 laptop"].but(**change)


def test_a_recipe_names_a_seed_and_images_that_it_cannot_take():
    with pytest.raises(ValueError, match="seed should be"):
        RECIPES["02 half the width"].build(seed=-1)
    with pytest.raises(ValueError, match="images should have shape"):
        RECIPES["04 laptop"].images(np.zeros((4, 32, 32)))
