"""WGANGP: the penalty's closed form, and how often each network moves."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_course import WGANGP, dcgan_discriminator, dcgan_generator

SHAPE = (8, 8, 1)


def gan(discriminator=None, **options):
    keras.utils.set_random_seed(0)
    d = discriminator or dcgan_discriminator(SHAPE, widths=(4, 8), batch_norm=False)
    made = WGANGP(dcgan_generator(SHAPE, 4, widths=(8, 4)), d, seed=1, **options)
    made.compile(keras.optimizers.Adam(1e-3, 0.0, 0.9), keras.optimizers.Adam(1e-3, 0.0, 0.9))
    return made


def images(count=20):
    return np.random.default_rng(0).uniform(-1, 1, (count, *SHAPE)).astype("float32")


@pytest.mark.parametrize("slope", [0.5, 1.0, 3.0])
def test_a_linear_critic_is_penalized_by_its_slope(slope):
    d = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(1)])
    kernel = np.random.default_rng(1).standard_normal((64, 1))
    d.layers[-1].kernel.assign(slope * kernel / np.linalg.norm(kernel))
    x = tf.constant(images(6))
    assert gan(d).slope_penalty(x, -x).numpy() == pytest.approx((slope - 1) ** 2, abs=1e-5)


@pytest.mark.slow(seconds=3)
def test_the_critic_moves_several_times_and_g_once():
    made = gan(critic_steps=5)
    made.fit(images(), batch_size=20, epochs=1, verbose=0)
    assert int(made.d_optimizer.iterations) == 5
    assert int(made.g_optimizer.iterations) == 1


@pytest.mark.slow(seconds=5)
def test_the_penalty_brings_the_slope_to_one():
    slopes = {}
    for penalty in (0.0, 10.0):
        layers = [keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(16, "relu")]
        made = gan(keras.Sequential([*layers, keras.layers.Dense(1)]), penalty=penalty)
        made.d_optimizer.learning_rate.assign(0.01)
        made.fit(images(80), batch_size=80, epochs=40, verbose=0)
        x = tf.constant(images(80))
        slopes[penalty] = np.sqrt(made.slope_penalty(x, tf.constant(made.sample(80))).numpy())
    assert slopes[10.0] < 0.5 < 2 < slopes[0.0]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="leave out loss"):
        gan().compile(loss="hinge")
    with pytest.raises(ValueError, match="multiple of critic_steps=5, not 8"):
        gan().fit(images(), batch_size=8, verbose=0)
    with pytest.raises(ValueError, match="penalty"):
        gan(penalty=-1)
