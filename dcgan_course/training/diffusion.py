"""A diffusion model: a network that takes noise out of images, a little at a time.

Ho et al. 2020 (DDPM, arXiv:2006.11239); Nichol and Dhariwal 2021 (the cosine schedule,
arXiv:2102.09672); Song et al. 2021 (DDIM, few steps, arXiv:2010.02502).
"""

import itertools

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from dcgan_course.checks import number, whole_number, whole_numbers
from dcgan_course.training.step import update_average


class Diffusion(keras.Model):
    """Learns to predict the noise in a noisy image, and draws by taking it out step by step.

    At time t in [0, 1] an image x is mixed with noise ε from N(0, 1):
    x_t = √ᾱ(t) x + √(1 − ᾱ(t)) ε, where ᾱ falls from nearly 1 to nearly 0. The network is given
    x_t and t, and learns ε by least squares.

    Args:
        denoiser: a model of two inputs, images (batch, h, w, channels) and times (batch, 1) →
            noise of the same shape; see `small_unet`.
        average: None, or the momentum in [0, 1) of a moving average of the network's weights,
            which then makes the samples.
        seed: of what is drawn, 0 or more.
    """

    def __init__(self, denoiser, *, average=None, seed=0, name="diffusion"):
        super().__init__(name=name)
        self.denoiser = self.sampler = denoiser
        self.average = average
        if average is not None:
            self.average = number("average", average, minimum=0, below=1)
            self.sampler = keras.models.clone_model(denoiser)
            self.sampler.set_weights(denoiser.get_weights())
            self.sampler.trainable = False
        self.steps_done = tf.Variable(0, trainable=False, dtype=tf.int64)
        self.image_shape = tuple(denoiser.output_shape[1:])
        self.random = keras.random.SeedGenerator(whole_number("seed", seed, minimum=0))
        self.mean_loss = keras.metrics.Mean("loss")
        self.built = True

    @property
    def metrics(self):
        """The running mean of the loss, which Keras resets at every epoch."""
        return [self.mean_loss]

    def call(self, images, times, training=False):
        """The noise in images at these times, float (batch, h, w, channels)."""
        return self.denoiser([images, times], training=training)

    def train_step(self, images):
        """One update: noise is added at a random time, and the network says what was added."""
        count = tf.shape(images)[0]
        times = keras.random.uniform((count, 1), seed=self.random)
        noise = keras.random.normal(tf.shape(images), seed=self.random)
        with tf.GradientTape() as tape:
            guess = self.denoiser([add_noise(images, noise, times), times], training=True)
            loss = tf.reduce_mean((tf.cast(guess, tf.float32) - noise) ** 2)
        weights = self.denoiser.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        self.steps_done.assign_add(1)
        if self.average is not None:
            update_average(self.sampler, self.denoiser, self.average, self.steps_done)
        self.mean_loss.update_state(loss)
        return {"loss": self.mean_loss.result()}

    def sample(self, count, *, steps=50, eta=0.0, seed=None):
        """Draw images, from pure noise to none.

        Args:
            count: how many.
            steps: evaluations of the network per image; they make the quality and the time.
            eta: 0 adds no noise on the way, so that the first noise decides (DDIM); 1 adds as much
                as DDPM does.
            seed: the same seed gives the same images; None gives others every time.

        Returns:
            A float32 array (count, h, w, channels) in [−1, 1].
        """
        steps = whole_number("steps", steps, minimum=1)
        eta = number("eta", eta, minimum=0, maximum=1)
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((count, *self.image_shape), "float32")
        moments = np.linspace(1.0, 0.0, steps + 1)
        for now, then in itertools.pairwise(moments):
            times = np.full((count, 1), now, "float32")
            noise = np.asarray(self.sampler([x, times], training=False), "float32")
            a_now, a_then = (float(signal_power(tf.constant(t))) for t in (now, then))
            # What is left without the noise; images lie in [−1, 1].
            clean = np.clip((x - np.sqrt(1 - a_now) * noise) / np.sqrt(a_now), -1, 1)
            noise = (x - np.sqrt(a_now) * clean) / np.sqrt(1 - a_now)
            fresh = eta * np.sqrt((1 - a_then) / (1 - a_now) * (1 - a_now / a_then))
            x = np.sqrt(a_then) * clean + np.sqrt(max(1 - a_then - fresh**2, 0.0)) * noise
            x = (x + fresh * rng.standard_normal(x.shape, "float32")).astype("float32")
        return np.clip(x, -1, 1)


def signal_power(times):
    """ᾱ(t): which part of a noisy image's variance is image. The cosine schedule, kept off 0 and 1.

    Args:
        times: float, in [0, 1].
    """
    return 0.9999 * tf.cos(0.5 * np.pi * tf.cast(times, tf.float32)) ** 2 + 0.00005


def add_noise(images, noise, times):
    """x_t = √ᾱ(t) x + √(1 − ᾱ(t)) ε.

    Args:
        images, noise: float32 (batch, h, w, channels).
        times: float (batch, 1), in [0, 1].
    """
    power = signal_power(times)[:, :, None, None]
    return tf.sqrt(power) * images + tf.sqrt(1 - power) * noise


def small_unet(image_shape=(28, 28, 1), widths=(32, 64), name="small_unet"):
    """A denoiser: down, up, and across (Ronneberger et al. 2015, arXiv:1505.04597).

    It works at half the images' size and below, where a convolution costs a quarter; only its last
    layer sees single pixels, those of the noisy image among them.

    Args:
        image_shape: (height, width, channels), both sides divisible by 2 to the power of
            `len(widths)`.
        widths: maps at each size, from half the image's sides on downward.
        name: of the model.

    Returns:
        A functional `keras.Model`: [noisy images, times (batch, 1)] → noise.

    Raises:
        ValueError: a size that cannot be halved that often.
    """
    height, width, channels = whole_numbers("image_shape", image_shape, count=3, minimum=1)
    widths = whole_numbers("widths", widths, minimum=1)
    if height % 2 ** len(widths) or width % 2 ** len(widths):
        raise ValueError(
            f"{len(widths)} halvings do not go into {height}×{width}: both sides should be "
            f"divisible by {2 ** len(widths)}."
        )
    images, times = keras.Input((height, width, channels)), keras.Input((1,))
    # The time as waves of several lengths: a single number would be hard to tell apart.
    angles = keras.ops.concatenate([times * (2.0**k * np.pi) for k in range(6)], axis=1)
    waves = keras.ops.concatenate([keras.ops.sin(angles), keras.ops.cos(angles)], axis=1)
    time = layers.Dense(64, activation="swish")(waves)

    def normed(x):
        groups = 8 if x.shape[-1] % 8 == 0 else 1
        return layers.Activation("swish")(layers.GroupNormalization(groups)(x))

    def block(x, maps):
        shift = layers.Reshape((1, 1, maps))(layers.Dense(maps)(time))
        straight = x if x.shape[-1] == maps else layers.Conv2D(maps, 1)(x)
        x = layers.Conv2D(maps, 3, padding="same")(normed(straight)) + shift
        # The last convolution begins at 0: a block that changes nothing.
        return straight + layers.Conv2D(maps, 3, padding="same", kernel_initializer="zeros")(
            normed(x)
        )

    x, across = images, []
    for maps in widths:
        x = block(layers.Conv2D(maps, 4, strides=2, padding="same")(x), maps)
        across.append(x)
    x = block(x, widths[-1])
    for maps, after, same_size in zip(
        reversed(widths), (*reversed(widths[:-1]), 16), reversed(across), strict=True
    ):
        x = block(layers.Concatenate()([x, same_size]), maps)
        x = layers.Conv2DTranspose(after, 4, strides=2, padding="same")(x)
    x = layers.Concatenate()([layers.Activation("swish")(x), images])
    noise = layers.Conv2D(channels, 3, padding="same", kernel_initializer="zeros")(x)
    return keras.Model([images, times], noise, name=name)
