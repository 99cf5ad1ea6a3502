"""Lesson 11: its functions compute what the package's models do.

Mirrors no module: it tests notebooks/11_after_dcgan.ipynb.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import ROOT
from test_notebooks import names_from

LESSON_11 = ROOT / "notebooks" / "11_after_dcgan.ipynb"
SHAPE = (28, 28, 1)


def some_images(count=6, seed=0):
    return tf.constant(np.random.default_rng(seed).uniform(-1, 1, (count, *SHAPE)), tf.float32)


def critic(seed=5):
    from dcgan_course import dcgan_discriminator

    keras.utils.set_random_seed(seed)
    return dcgan_discriminator(widths=(4, 8), batch_norm=False)


def without_optimizing(kind, *networks, **options):
    """A model of the package whose step moves nothing, so that its losses can be compared."""
    model = kind(*networks, seed=1, **options)
    adam = [keras.optimizers.SGD(0.0) for _ in networks]
    model.compile(*adam[: 1 if hasattr(model, "random") else 2], run_eagerly=True)
    return model


def test_critics_loss_is_that_of_wgan_gp(monkeypatch):
    from dcgan_course import WGANGP, dcgan_generator

    g = dcgan_generator(latent_dim=8, widths=(8, 4))
    model = without_optimizing(WGANGP, g, critic(), critic_steps=1)
    real, fakes = some_images(), some_images(seed=1)
    place = tf.random.stateless_uniform((6, 1, 1, 1), seed=model.step_seed(10))
    monkeypatch.setattr(tf.random, "uniform", lambda shape: place)
    lesson = names_from(LESSON_11, "slope_penalty", "critic_loss")
    penalty = float(model.slope_penalty(real, fakes))
    assert float(lesson["slope_penalty"](model.discriminator, real, fakes)) == pytest.approx(
        penalty, rel=1e-4
    )
    _, loss, _ = model.judge(real, fakes, 6)
    mine = lesson["critic_loss"](model.discriminator, real, fakes)
    assert float(mine) == pytest.approx(float(loss) + model.penalty * penalty, rel=1e-4)


def test_modern_loss_is_that_of_the_relativistic_gan(monkeypatch):
    from dcgan_course import RelativisticGAN, plain_generator

    g = plain_generator(widths=(8, 4), hidden=16)
    model = without_optimizing(RelativisticGAN, g, critic(), gamma=0.7)
    seen = []
    monkeypatch.setattr(model, "update", lambda *given: seen.append([float(x) for x in given[3:]]))
    real = some_images()
    fakes = g(model.draw_codes(6), training=True)
    model.train_step(real)
    (_, objective), (g_loss,) = seen
    lesson = names_from(LESSON_11, "logits_and_slope", "modern_d_loss", "modern_g_loss")
    d = model.discriminator
    assert float(lesson["modern_d_loss"](d, real, fakes, gamma=0.7)) == pytest.approx(
        objective, rel=1e-4
    )
    assert float(lesson["modern_g_loss"](d, real, fakes)) == pytest.approx(g_loss, rel=1e-4)


def test_vae_loss_is_that_of_the_vae(monkeypatch):
    from dcgan_course import VAE, dcgan_generator

    layers = keras.layers
    encoder = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(16)])
    model = without_optimizing(
        VAE, encoder, dcgan_generator(latent_dim=8, widths=(8, 4)), noise=0.3
    )
    drawn = tf.random.stateless_normal((6, 8), (1, 2))
    monkeypatch.setattr(keras.random, "normal", lambda shape, seed: drawn)
    monkeypatch.setattr(tf.random, "normal", lambda shape: drawn)
    theirs = model.train_step(some_images())
    lesson = names_from(LESSON_11, "kl_divergence", "vae_loss")
    mine = lesson["vae_loss"](encoder, model.decoder, some_images())
    assert float(mine) == pytest.approx(float(theirs["loss"]), rel=1e-4)
    divergence = tf.reduce_mean(lesson["kl_divergence"](*model.encode(some_images())))
    assert float(divergence) == pytest.approx(float(theirs["divergence"]), rel=1e-4)


def small_denoiser():
    """A network that predicts something at every time: an untrained U-Net predicts nothing."""
    from dcgan_course import small_unet

    keras.utils.set_random_seed(3)
    network = small_unet(widths=(8, 8))
    rng = np.random.default_rng(4)
    network.layers[-1].set_weights(
        [rng.normal(0, 0.1, w.shape) for w in network.layers[-1].weights]
    )
    return network


def test_diffusion_loss_is_that_of_the_package(monkeypatch):
    from dcgan_course import Diffusion

    model = without_optimizing(Diffusion, small_denoiser())
    t, noise = tf.random.stateless_uniform((6, 1), (1, 2)), some_images(seed=2)
    monkeypatch.setattr(keras.random, "uniform", lambda shape, seed: t)
    monkeypatch.setattr(keras.random, "normal", lambda shape, seed: noise)
    monkeypatch.setattr(tf.random, "uniform", lambda shape: t)
    monkeypatch.setattr(tf.random, "normal", lambda shape: noise)
    theirs = model.train_step(some_images())["loss"]
    wanted = ("signal_power", "add_noise", "diffusion_loss")
    lesson = names_from(LESSON_11, *wanted, np=np)
    mine = lesson["diffusion_loss"](model.denoiser, some_images())
    assert float(mine) == pytest.approx(float(theirs), rel=1e-4)


@pytest.mark.parametrize("steps", [1, 4])
def test_drawing_in_few_steps_is_that_of_the_package(steps):
    from dcgan_course import Diffusion

    model = Diffusion(small_denoiser())
    start = np.random.default_rng(7).standard_normal((3, *SHAPE), "float32")
    lesson = names_from(LESSON_11, "signal_power", "draw", np=np)
    mine = lesson["draw"](model.denoiser, tf.constant(start), steps)
    assert np.std(mine) > 0.1
    np.testing.assert_allclose(mine, model.sample(3, steps=steps, seed=7), atol=1e-4)
