"""Generators that ship: their cards, their sizes, what they draw, and bad input."""

import runpy
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from helpers import ROOT

from dcgan_course import load_generator
from dcgan_course.display.images import kept_images
from dcgan_course.latent import pretrained as generators
from dcgan_course.latent.pretrained import (
    load_light,
    model_card,
    save_generator,
    shipped_generators,
)
from dcgan_course.latent.space import LatentError, LatentSpace
from dcgan_course.training.recipes import RECIPES

SHIPPED = shipped_generators()
IMAGE_SHAPES = {
    "cifar10_frogs": (32, 32, 3),
    "fashion_mnist": (28, 28, 1),
    "fashion_mnist_by_class": (28, 28, 1),
    "mnist": (28, 28, 1),
    "mnist_by_class": (28, 28, 1),
}
BY_CLASS = [name for name in SHIPPED if name.endswith("_by_class")]


def draw(name, count=400):
    """Images of random codes, of each class in turn where it draws by class."""
    space = LatentSpace(load_generator(name), count=1)
    z = np.random.default_rng(5).normal(size=(count, space.latent_dim))
    classes = len(space.class_names)
    return space.images(z, np.eye(classes)[np.arange(count) % classes] if classes else None)


def test_what_ships_is_small_and_has_a_card():
    assert sorted(IMAGE_SHAPES) == SHIPPED
    for name in SHIPPED:
        assert (generators.FOLDER / f"{name}.npz").stat().st_size <= 2_000_000
        card = model_card(name)
        facts = ("recipe", "data", "seconds", "scores", "processor", "date", "licence", "made_by")
        assert set(facts) <= set(card)
        assert card["recipe"] in RECIPES
        assert "real" in card["data"]
        assert ("classes" in card) == (name in BY_CLASS)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_generator_draws_what_its_card_says(name):
    """On codes of our own."""
    from dcgan_course.evaluation.pixels import checkerboard

    images = draw(name)
    assert images.shape == (400, *IMAGE_SHAPES[name])
    assert np.abs(images).max() <= 1
    assert images.std(axis=0).mean() > 0.2  # no collapse: the same pixel differs among images
    assert checkerboard(images) == pytest.approx(model_card(name)["scores"]["grid"], rel=0.2)


def test_the_shipped_frogs_are_like_those_that_were_kept_with_them():
    from dcgan_course.evaluation.features import load_extractor

    see = load_extractor("cifar10_frogs").features
    mean, kept, poor = (
        see(some).mean(axis=0)
        for some in (
            draw("cifar10_frogs"),
            kept_images("04_laptop_25_minutes"),
            kept_images("04_original_20_minutes"),
        )
    )
    assert np.linalg.norm(mean - kept) < 1.5 < 3 < np.linalg.norm(mean - poor)


@pytest.mark.parametrize("name", BY_CLASS)
def test_a_generator_by_class_draws_the_class_that_it_is_asked_for(name):
    """As often as its card says, and each class with different images."""
    from dcgan_course.evaluation.features import load_extractor

    card, images = model_card(name), draw(name, 1000)
    asked = np.arange(1000) % 10
    assert load_generator(name).class_names == tuple(card["classes"])
    data = name.removesuffix("_by_class")
    features, seen = load_extractor(data).features_and_labels(images)
    obedience = np.mean(seen == asked)
    assert obedience == pytest.approx(card["scores"]["obedience"], abs=0.03)
    assert obedience > {"mnist": 0.97, "fashion_mnist": 0.85}[data]
    assert card["scores"]["diversity"] > 0.8
    assert min(features[asked == c].std(axis=0).mean() for c in range(10)) > 0
    # Digits are nearer to real ones than those without classes, with a sixth of the weights.
    assert card["scores"]["frechet"] < {"mnist": 0.5, "fashion_mnist": 0.4}[data]
    if data == "mnist":
        assert card["scores"]["frechet"] < model_card(data)["scores"]["frechet"]


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_a_classifier_knows_what_a_shipped_generator_draws(name):
    """All ten kinds, and most of them without doubt, as it knows real images."""
    from dcgan_course.evaluation.features import load_extractor

    probabilities = load_extractor(name).probabilities(draw(name))
    kinds = np.bincount(probabilities.argmax(axis=1), minlength=10)
    assert kinds.min() >= 10
    assert np.median(probabilities.max(axis=1)) > 0.9


def test_codes_give_the_same_images_under_every_policy():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        images = draw(SHIPPED[0], 4)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    np.testing.assert_allclose(images, draw(SHIPPED[0], 4), atol=1e-5)


@pytest.fixture
def quick_directions(monkeypatch):
    """Directions that take no time to find."""

    def found(z, features, count):
        return np.eye(count, z.shape[1], dtype="float32"), np.linspace(0.5, 0, count)

    monkeypatch.setattr("dcgan_course.latent.space.principal_directions", found)


def test_what_is_saved_is_loaded(tmp_path, monkeypatch, quick_directions):
    monkeypatch.setattr(generators, "FOLDER", tmp_path)
    keras.utils.set_random_seed(2)
    network = RECIPES["04 laptop"].generator()
    save_generator("mine", network, {"recipe": "04 laptop", "note": "untrained"})
    z = np.random.default_rng(0).normal(size=(3, 64)).astype("float32")
    np.testing.assert_allclose(
        load_generator("mine")(z, training=False), network(z, training=False), atol=2e-3
    )
    assert model_card("mine")["note"] == "untrained"
    np.testing.assert_allclose(load_light("mine")(z), load_generator("mine")(z), atol=1e-4)
    with np.load(tmp_path / "mine.npz") as file:
        np.testing.assert_array_equal(file["directions"], np.eye(12, 64))


def test_a_generator_by_class_is_saved_with_the_names_of_its_classes(
    tmp_path, monkeypatch, quick_directions
):
    monkeypatch.setattr(generators, "FOLDER", tmp_path)
    gan = RECIPES["10 digits"].build(seed=2)
    save_generator("mine", gan.sampler, {"recipe": "10 digits", "classes": list("abcdefghij")})
    for load in (load_light, load_generator):
        space = LatentSpace(load("mine"))
        assert space.class_names == tuple("abcdefghij")
        assert space.directions.shape == (12, 64)
    z = np.zeros((10, 64))
    np.testing.assert_allclose(
        space.images(z, np.eye(10)), gan.sample(gan.codes(np.arange(10), z)), atol=2e-3
    )


def test_layers_that_numpy_does_not_know_are_left_to_keras(tmp_path, monkeypatch):
    monkeypatch.setattr(generators, "FOLDER", tmp_path)
    network = keras.Sequential(
        [
            *(keras.Input((5,)), keras.layers.Dense(4), keras.layers.LayerNormalization()),
            keras.layers.Reshape((2, 2, 1)),
        ]
    )
    recipe = RECIPES["04 laptop"].but(generator=lambda: keras.models.clone_model(network))
    monkeypatch.setitem(RECIPES, "strange", recipe)
    save_generator("strange", network, {"recipe": "strange"})
    assert isinstance(load_light("strange"), keras.Model)


def test_a_run_of_ones_own_opens_by_its_folder(tmp_path):
    network = RECIPES["04 laptop"].generator()
    network.save(tmp_path / "generator.keras")
    assert load_generator(tmp_path).output_shape == (None, 32, 32, 3)


def test_a_name_that_is_none_gets_the_names_there_are(tmp_path):
    with pytest.raises(LatentError, match=r"There is no .*Generators that ship.*cifar10_frogs"):
        load_generator("dogs")
    with pytest.raises(LatentError, match=r"No generator 'dogs' ships.*cifar10_frogs"):
        model_card("dogs")


def test_a_damaged_file_is_named(tmp_path, monkeypatch):
    whole = (generators.FOLDER / "cifar10_frogs.npz").read_bytes()
    (tmp_path / "cifar10_frogs.npz").write_bytes(whole[:2000])
    monkeypatch.setattr(generators, "FOLDER", tmp_path)
    with pytest.raises(LatentError, match=r"cifar10_frogs\.npz is damaged.*Install the package"):
        load_generator("cifar10_frogs")


def test_a_file_that_may_not_be_read_is_not_called_damaged(monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(generators, "load_arrays", refuse)
    with pytest.raises(PermissionError, match=r"Permission denied.*cifar10_frogs"):
        load_generator("cifar10_frogs")


def test_the_command_writes_the_generator_with_its_card(tmp_path, monkeypatch, quick_directions):
    """The training itself aside, which takes most of an hour."""
    monkeypatch.setattr(generators, "FOLDER", tmp_path)
    command = runpy.run_path(str(ROOT / "scripts" / "train_generators.py"))
    gan = RECIPES["04 laptop"].build(seed=3)
    row = {"seconds": 60.2, "steps": 700, "frechet": 9.0, "precision": 0.5, "recall": 0.25}
    quality = SimpleNamespace(**vars(command["quality"]))
    early = {"seconds": 30.0, "frechet": 12.5}
    quality.curve = lambda name, recipe, clock: (gan, [early, {**row, "grid": 1.5}])
    names = command["train"].__globals__
    monkeypatch.setitem(names, "quality", quality)
    monkeypatch.setitem(names, "ROOT", tmp_path)
    command["train"]("cifar10_frogs", 1)
    card = model_card("cifar10_frogs")
    assert card["scores"] == {"frechet": 9.0, "precision": 0.5, "recall": 0.25, "grid": 1.5}
    assert card["curve"] == [[30.0, 12.5], [60.2, 9.0]]
    assert (card["steps"], card["seconds"]) == (700, 60.2)
    z = np.random.default_rng(0).normal(size=(3, 64)).astype("float32")
    np.testing.assert_allclose(load_generator("cifar10_frogs")(z), gan.sample(z), atol=2e-3)


def test_the_command_writes_a_generator_by_class_with_what_is_scored_of_it(
    tmp_path, monkeypatch, quick_directions
):
    monkeypatch.setattr(generators, "FOLDER", tmp_path)
    command = runpy.run_path(str(ROOT / "scripts" / "train_generators.py"))
    gan = RECIPES["10 clothes"].build(seed=3)
    row = {"seconds": 60.2, "steps": 700, "frechet": 9.0, "precision": 0.5, "recall": 0.25}
    row |= {"grid": 1.5, "obedience": 0.91236, "diversity": 0.8}
    quality = SimpleNamespace(**vars(command["quality"]))
    quality.curve = lambda name, recipe, clock: (gan, [row])
    names = command["train"].__globals__
    monkeypatch.setitem(names, "quality", quality)
    monkeypatch.setitem(names, "ROOT", tmp_path)
    command["train"]("fashion_mnist_by_class", 1)
    card = model_card("fashion_mnist_by_class")
    assert card["recipe"] == "10 clothes"
    assert card["data"] == "fashion_mnist, real training images with labels"
    assert (card["scores"]["obedience"], card["scores"]["diversity"]) == (0.912, 0.8)
    assert card["classes"][7] == "Sneaker"
    assert "MIT" in card["licence"]
