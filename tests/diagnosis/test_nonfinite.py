"""The place where NaN and infinite values begin."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from gans import small_gan

from dcgan_course import dcgan_generator
from dcgan_course.diagnosis.nonfinite import first_not_finite


def test_the_place_where_infinity_begins_is_named(digits):
    gan = small_gan(dropout=0.0)
    networks = gan.generator, gan.discriminator
    codes = tf.random.stateless_normal((16, 8), seed=[1, 1])
    real = digits[:16]
    assert "batch of that step" in first_not_finite(*networks, codes, real)
    assert first_not_finite(*networks, codes, real * np.nan) == "the real samples"
    layer = gan.discriminator.layers[3]
    kernel = layer.kernel.numpy()
    broken = kernel.copy()
    broken[0, 0, 0, 0] = np.nan
    layer.kernel.assign(broken)
    assert f"layer 4 of {len(networks[1].layers)}, {layer.name}: its weights" in first_not_finite(
        *networks, codes, real
    )
    layer.kernel.assign(kernel)
    first = gan.generator.layers[0]
    first.kernel.assign(np.full(first.kernel.shape, 3e38))
    said = first_not_finite(*networks, codes, real)
    assert said.startswith("G layer ")
    assert "from an input and weights that are finite" in said


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.flatten, self.dense = keras.layers.Flatten(), keras.layers.Dense(1)

    def call(self, x, training=False):
        return self.dense(self.flatten(x))


def with_a_skip():
    x = keras.Input((28, 28, 1))
    one = keras.layers.Conv2D(4, 3, padding="same", name="one")(x)
    two = keras.layers.Conv2D(4, 3, padding="same", name="two")(one)
    flat = keras.layers.Flatten()(keras.layers.add([one, two]))
    return keras.Model(x, keras.layers.Dense(1)(flat))


@pytest.mark.parametrize("make", [with_a_skip, Subclassed])
def test_networks_that_are_no_stack_are_followed_as_far_as_possible(digits, make):
    d, g = make(), dcgan_generator(latent_dim=8, widths=(8, 4))
    codes = tf.random.stateless_normal((16, 8), seed=[1, 1])
    assert "batch of that step" in first_not_finite(g, d, codes, digits[:16])
    kernel = (d.get_layer("two") if make is with_a_skip else d.dense).kernel
    values = kernel.numpy()
    kernel.assign(np.full(kernel.shape, np.nan))
    said = first_not_finite(g, d, codes, digits[:16])
    assert "its weights" in said
    kernel.assign(np.full(values.shape, 3e38))
    said = first_not_finite(g, d, codes, digits[:16])
    assert "its output, from an input and weights that are finite" in said
    if make is with_a_skip:
        assert ", two: " in said
