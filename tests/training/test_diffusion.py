"""Diffusion: the schedule, sampling with a denoiser that is right, and a network that learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_course import Diffusion, small_unet
from dcgan_course.training.diffusion import add_noise, signal_power

SHAPE = (8, 8, 1)


class Knows(keras.Model):
    """The right denoiser of a data set that is one image."""

    output_shape = (None, *SHAPE)

    def __init__(self, image):
        super().__init__()
        self.image, self.calls = image, 0

    def call(self, inputs, training=False):
        x, times = inputs
        self.calls += 1
        power = signal_power(times)[:, :, None, None]
        return (x - tf.sqrt(power) * self.image) / tf.sqrt(1 - power)


def image():
    return np.random.default_rng(0).uniform(-1, 1, SHAPE).astype("float32")


def test_noisy_images_keep_their_variance_and_end_as_noise():
    rng = np.random.default_rng(0)
    x, noise = rng.standard_normal((2, 500, *SHAPE), "float32")
    for t in (0.0, 0.3, 0.7, 1.0):
        noisy = add_noise(x, noise, np.full((500, 1), t, "float32")).numpy()
        assert noisy.var() == pytest.approx(1, abs=0.03)
    assert np.corrcoef(noisy.ravel(), noise.ravel())[0, 1] > 0.999
    powers = signal_power(np.linspace(0, 1, 50)).numpy()
    assert (np.diff(powers) < 0).all()
    assert powers[0] > 0.999 > 0.001 > powers[-1] > 0


@pytest.mark.parametrize("steps", [1, 7, 50])
@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_with_the_right_denoiser_any_number_of_steps_ends_at_the_image(steps, eta):
    knows = Knows(image())
    samples = Diffusion(knows).sample(3, steps=steps, eta=eta, seed=0)
    assert knows.calls == steps
    assert np.abs(samples - image()).max() < 0.05  # the schedule ends a little above no noise


def test_without_added_noise_the_first_noise_decides():
    network = small_unet(SHAPE, widths=(8, 8))
    model = Diffusion(network)
    one, same = (model.sample(2, steps=3, seed=5) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - model.sample(2, steps=3, seed=6)).max() > 0.1
    assert np.abs(one - model.sample(2, steps=3, eta=1.0, seed=5)).max() > 0.01
    assert np.abs(one).max() <= 1


@pytest.mark.slow(seconds=12)
def test_a_small_unet_learns_to_draw_two_images():
    keras.utils.set_random_seed(0)
    both = np.stack([np.full(SHAPE, 0.8), np.full(SHAPE, -0.8)]).astype("float32")
    model = Diffusion(small_unet(SHAPE, widths=(8, 8)), seed=0)
    model.compile(keras.optimizers.Adam(3e-3))
    history = model.fit(np.repeat(both, 128, 0), batch_size=64, epochs=30, verbose=0).history
    assert history["loss"][-1] < 0.25 < history["loss"][0]
    means = model.sample(32, steps=10, seed=0).mean(axis=(1, 2, 3))
    assert np.median(np.abs(means)) > 0.4  # pure noise has a mean near 0
    assert 0.15 < (means > 0).mean() < 0.85


def test_the_average_follows_the_network_and_makes_the_samples():
    images, times = keras.Input(SHAPE), keras.Input((1,))
    noise = keras.layers.Dense(1)(images) + keras.layers.Reshape((1, 1, 1))(times)
    model = Diffusion(keras.Model([images, times], noise), average=0.5, seed=0)
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(np.stack([image()] * 8), batch_size=8, epochs=3, verbose=0)
    moved = [
        np.abs(a - b).max()
        for a, b in zip(*map(_weights, (model.denoiser, model.sampler)), strict=True)
    ]
    assert max(moved) > 0
    model.sampler = Knows(image())
    assert np.abs(model.sample(2, steps=2, seed=0) - image()).max() < 0.05


def _weights(network):
    return [np.array(weight) for weight in network.weights]


def test_sizes_are_checked_and_an_untrained_unet_predicts_nothing():
    network = small_unet((12, 12, 3), widths=(8, 8))
    x, times = np.ones((2, 12, 12, 3), "float32"), np.ones((2, 1), "float32")
    assert network([x, times]).shape == (2, 12, 12, 3)
    assert float(tf.reduce_max(tf.abs(network([x, times])))) == 0
    with pytest.raises(ValueError, match="halvings"):
        small_unet((10, 10, 1), widths=(8, 8))
    with pytest.raises(ValueError, match="steps"):
        Diffusion(network).sample(1, steps=0)
