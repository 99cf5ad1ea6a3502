"""RelativisticGAN: the pairing loss, the penalties, and that both networks learn."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_course import RelativisticGAN, dcgan_discriminator, dcgan_generator, lean_generator
from dcgan_course.training.relativistic import pairing_loss, plain_generator

SHAPE = (8, 8, 1)


def gan(discriminator=None, **options):
    keras.utils.set_random_seed(0)
    d = discriminator or dcgan_discriminator(SHAPE, widths=(4, 8), batch_norm=False)
    made = RelativisticGAN(dcgan_generator(SHAPE, 4, widths=(8, 4)), d, seed=1, **options)
    made.compile(keras.optimizers.Adam(1e-3, 0.5), keras.optimizers.Adam(1e-3, 0.5))
    return made


def images(count=16):
    return np.random.default_rng(0).uniform(-1, 1, (count, *SHAPE)).astype("float32")


def test_only_the_difference_of_the_logits_counts():
    equal = pairing_loss(tf.constant([[7.0]]), tf.constant([[7.0]])).numpy()
    assert equal == pytest.approx(np.log(2))
    ahead, behind = (
        pairing_loss(tf.constant([[3.0 + a]]), tf.constant([[3.0]])) for a in (50, -50)
    )
    assert float(ahead[0, 0]) == pytest.approx(0, abs=1e-6)
    assert float(behind[0, 0]) == pytest.approx(50)


def test_a_linear_d_has_the_slope_of_its_weights():
    d = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(1)])
    kernel = d.layers[-1].kernel.numpy()
    _, slope = gan(d).logits_and_slope(tf.constant(images(6)))
    assert float(slope) == pytest.approx(6 * (kernel**2).sum(), rel=1e-4)


@pytest.mark.slow(seconds=6)
def test_d_learns_and_the_penalties_keep_it_flat():
    losses, slopes = {}, {}
    for gamma in (0.0, 5.0):
        layers = [keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(16, "relu")]
        made = gan(keras.Sequential([*layers, keras.layers.Dense(1)]), gamma=gamma)
        made.d_optimizer.learning_rate.assign(0.01)
        made.fit(images(32), batch_size=32, epochs=60, verbose=0)
        real, fakes = tf.constant(images(32)), tf.constant(made.sample(32))
        slopes[gamma] = sum(float(made.logits_and_slope(x)[1]) for x in (real, fakes)) / 64
        losses[gamma] = float(made.trackers["d_loss"].result())
    assert losses[0.0] < 0.3
    assert slopes[5.0] < slopes[0.0] / 4


def test_both_networks_move_once_a_step_and_a_negative_gamma_is_refused():
    made = gan()
    made.fit(images(), batch_size=8, epochs=1, verbose=0)
    assert int(made.d_optimizer.iterations) == int(made.g_optimizer.iterations) == 2
    with pytest.raises(ValueError, match="gamma"):
        gan(gamma=-1)


def test_g_without_batch_norm_starts_at_a_fair_size():
    keras.utils.set_random_seed(0)
    g = plain_generator((28, 28, 1))
    assert not any(isinstance(each, keras.layers.BatchNormalization) for each in g.layers)
    drawn = g(np.random.default_rng(0).standard_normal((16, 64), "float32")).numpy()
    assert drawn.shape == (16, 28, 28, 1)
    assert 0.1 < drawn.std() < 0.95
    lean = lean_generator()  # with batch norm; else the two are to be compared
    assert g.count_params() == pytest.approx(lean.count_params(), rel=0.01)
    with pytest.raises(ValueError, match="doublings"):
        plain_generator((30, 30, 1))
    with pytest.raises(ValueError, match="hidden"):
        plain_generator(hidden=0)
