"""VAE: the divergence's closed form, and that it learns to draw its images again."""

import keras
import numpy as np
import pytest

from dcgan_course import VAE, dcgan_generator
from dcgan_course.training.vae import kl_divergence

SHAPE = (8, 8, 1)


def vae(**options):
    keras.utils.set_random_seed(0)
    layers = [keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(32, "relu")]
    encoder = keras.Sequential([*layers, keras.layers.Dense(8)])
    layers = [keras.Input((4,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(64, "tanh")]
    made = VAE(encoder, keras.Sequential([*layers, keras.layers.Reshape(SHAPE)]), **options)
    made.compile(keras.optimizers.Adam(1e-2))
    return made


def images(count=64):
    """Two patterns, with noise."""
    rng = np.random.default_rng(0)
    patterns = np.sign(rng.standard_normal((2, *SHAPE)))
    noisy = 0.8 * patterns[np.arange(count) % 2] + 0.05 * rng.standard_normal((count, *SHAPE))
    return noisy.astype("float32").clip(-1, 1)


def test_the_divergence_is_that_of_many_draws():
    mean, log_variance = np.array([[0.7, -1.0]]), np.array([[0.4, -0.8]])
    x = mean + np.exp(log_variance / 2) * np.random.default_rng(0).standard_normal((200_000, 2))
    log_q = -0.5 * ((x - mean) ** 2 / np.exp(log_variance) + log_variance)
    estimate = (log_q + 0.5 * x**2).sum(axis=1).mean()
    assert kl_divergence(mean, log_variance).numpy()[0] == pytest.approx(estimate, abs=0.02)
    assert kl_divergence(np.zeros((1, 3)), np.zeros((1, 3))).numpy()[0] == 0


@pytest.mark.slow(seconds=6)
def test_it_draws_its_images_again_and_samples_look_like_them():
    made, x = vae(), images()
    history = made.fit(x, batch_size=32, epochs=60, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] / 3
    assert history["divergence"][-1] > 0.1  # the latent vectors do say something
    assert np.abs(made(x).numpy() - x).mean() < 0.2
    samples = made.sample(32)
    nearest = np.abs(samples[:, None] - x[None, :2]).mean(axis=(2, 3, 4)).min(axis=1)
    assert np.median(nearest) < 0.45  # of unrelated patterns: 0.8


def test_networks_that_do_not_fit_are_refused():
    encoder = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(7)])
    with pytest.raises(ValueError, match="should return 8 numbers"):
        VAE(encoder, dcgan_generator(SHAPE, 4, widths=(8, 4)))
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    encoder.add(keras.layers.Dense(8))
    with pytest.raises(ValueError, match="the encoder takes"):
        VAE(encoder, dcgan_generator(SHAPE, 4, widths=(8, 4)))
    with pytest.raises(ValueError, match="noise"):
        vae(noise=0)
