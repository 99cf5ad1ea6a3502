"""Generators that NumPy draws: the same numbers as Keras', and without TensorFlow."""

import keras
import numpy as np
import pytest
from keras import layers

from dcgan_course.latent.light import CODES_AT_ONCE, LightGenerator, describe
from dcgan_course.latent.pretrained import load_generator, load_light, shipped_generators
from dcgan_course.latent.space import LatentError, LatentSpace, principal_directions


def codes(count, latent_dim):
    return np.random.default_rng(2).normal(size=(count, latent_dim)).astype("float32")


@pytest.mark.parametrize("name", shipped_generators())
def test_what_ships_is_drawn_as_keras_draws_it(name):
    light, heavy = load_light(name), load_generator(name)
    z = codes(CODES_AT_ONCE + 3, heavy.input_shape[1])
    np.testing.assert_allclose(light(z), heavy(z, training=False), atol=1e-4)
    assert (light.input_shape, light.output_shape) == (heavy.input_shape, heavy.output_shape)
    assert light.class_names == heavy.class_names


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (4, 2), (5, 2), (2, 2), (3, 3), (1, 2)])
@pytest.mark.parametrize("bias", [True, False])
def test_transposed_convolutions_of_all_sizes(kernel, stride, bias):
    keras.utils.set_random_seed(1)
    network = keras.Sequential(
        [
            *(keras.Input((5,)), layers.Dense(12, activation="relu"), layers.Reshape((2, 3, 2))),
            layers.Conv2DTranspose(4, kernel, stride, padding="same", use_bias=bias),
            *(layers.BatchNormalization(), layers.LeakyReLU(negative_slope=0.3)),
            layers.Conv2DTranspose(1, kernel, padding="same", activation="tanh"),
        ]
    )
    rng = np.random.default_rng(0)
    network.set_weights([rng.uniform(0.1, 1, w.shape) for w in network.get_weights()])
    light = LightGenerator(describe(network), network.get_weights())
    z = codes(3, 5)
    np.testing.assert_allclose(light(z), network(z, training=False), atol=1e-5)
    first = keras.Model(network.inputs[0], network.layers[1].output)
    np.testing.assert_allclose(light.first_maps(z), first(z), atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        layers.LayerNormalization(),
        layers.Conv2DTranspose(1, 3, padding="valid"),
        layers.Conv2DTranspose(1, 3, padding="same", activation="gelu"),
        layers.Activation("sigmoid"),
    ],
    ids=lambda layer: layer.name,
)
def test_a_layer_that_is_not_known_is_no_error_but_no_description(layer):
    network = [keras.Input((4,)), layers.Dense(4), layers.Reshape((2, 2, 1)), layer]
    assert describe(keras.Sequential(network)) is None


def test_directions_of_a_generator_by_class_ship_and_are_found_within_the_classes(monkeypatch):
    light = load_light("mnist_by_class")
    shipped = LatentSpace(light, count=3)
    assert shipped.directions.shape == (3, 64)
    monkeypatch.setattr("dcgan_course.latent.space._SHIPPED", {})
    monkeypatch.setattr("dcgan_course.latent.space._FOUND", {})
    found = LatentSpace(light, count=3)
    np.testing.assert_allclose(found.directions, shipped.directions, atol=1e-3)


def test_directions_ship_and_are_those_that_would_be_found():
    z, shipped = codes(1, 64), LatentSpace(load_light("mnist"), count=3)
    many = codes(1500, 64)  # a few, for which it takes a second: they agree roughly
    maps = load_light("mnist").first_maps(many).reshape(len(many), -1)
    found, _ = principal_directions(many, maps, 3)
    cosines = (shipped.directions * found).sum(axis=1)
    cosines /= np.linalg.norm(shipped.directions, axis=1) * np.linalg.norm(found, axis=1)
    assert cosines.min() > 0.7
    heavy = LatentSpace(load_generator("mnist"), count=3)
    np.testing.assert_array_equal(heavy.directions, shipped.directions)
    np.testing.assert_allclose(heavy.images(z), shipped.images(z), atol=1e-4)
    with pytest.raises(LatentError, match="needs TensorFlow"):
        shipped.invert(shipped.images(z)[0])


def test_the_explorer_of_what_ships_loads_no_tensorflow(run_python):
    """Which takes seconds and ten times the memory: a class shares one machine."""
    code = """if True:
        import sys
        from dcgan_course.latent.choice import GeneratorChoice
        GeneratorChoice("mnist", own=False)._list.value = "mnist_by_class"
        print(sorted({"keras", "tensorflow", "matplotlib", "scipy"} & set(sys.modules)))
    """
    assert run_python(code).stdout.strip() == "[]"
