"""A modern baseline: D compares a real image with a fake, and both its slopes are penalized.

Huang et al. 2024, "The GAN is dead; long live the GAN! A modern GAN baseline" (R3GAN,
arXiv:2501.05441), which joins the relativistic pairing loss of Jolicoeur-Martineau 2018
(arXiv:1807.00734) with the penalties R1 and R2 (Mescheder et al. 2018, arXiv:1801.04406).
"""

import math

import keras
import tensorflow as tf
from keras import layers

from dcgan_course.checks import number, whole_number, whole_numbers
from dcgan_course.networks.layers import first_maps
from dcgan_course.training.distributed import global_batch_of
from dcgan_course.training.gan import DCGAN


def pairing_loss(winner_logits, loser_logits):
    """Mean of softplus(−(l_winner − l_loser)): small where each winner has the higher logit.

    D's winners are the real images, G's winners are the fakes. Only differences count, so that D
    cannot drop a mode without losing the comparison with its images.

    Args:
        winner_logits, loser_logits: float (batch, 1), paired.

    Returns:
        A float32 (batch, 1).
    """
    difference = tf.cast(winner_logits, tf.float32) - tf.cast(loser_logits, tf.float32)
    return tf.math.softplus(-difference)


class RelativisticGAN(DCGAN):
    """A GAN with the relativistic pairing loss and the penalties R1 and R2.

    Args:
        generator, discriminator: see `DCGAN`. The paper's networks have no batch norm.
        gamma: γ of both penalties, γ/2 · mean ‖∇ₓ D(x)‖² at real images (R1) and at fakes (R2).
        options: see `DCGAN`.

    Raises:
        ValueError: as `DCGAN`; a negative γ.
    """

    def __init__(self, generator, discriminator, *, gamma=1.0, **options):
        super().__init__(generator, discriminator, **options)
        self.gamma = number("gamma", gamma, minimum=0)

    def train_step(self, real_images):
        """One update of D and one of G, from one batch of real images and one of codes."""
        scale = 1.0 / tf.cast(global_batch_of(real_images), tf.float32)
        z = self.draw_codes(tf.shape(real_images)[0])
        fakes = self.generator(z, training=True)
        with tf.GradientTape() as tape:
            real_logits, r1 = self.logits_and_slope(real_images)
            fake_logits, r2 = self.logits_and_slope(fakes)
            d_loss = scale * tf.reduce_sum(pairing_loss(real_logits, fake_logits))
            objective = d_loss + scale * 0.5 * self.gamma * (r1 + r2)
        weights = self.discriminator.trainable_variables
        self.update(self.d_optimizer, weights, tape, d_loss, objective)
        with tf.GradientTape() as tape:
            made = self.discriminator(self.generator(z, training=True), training=True)
            # D has just moved: the real images are judged again by the D that judges the fakes.
            given = self.discriminator(real_images, training=True)
            g_loss = scale * tf.reduce_sum(pairing_loss(made, given))
        self.update(self.g_optimizer, self.generator.trainable_variables, tape, g_loss)
        return self.end_step(d_loss, g_loss, {"real": real_logits, "fake": fake_logits})

    def logits_and_slope(self, images):
        """D's logits (batch, 1), and the sum over the images of ‖∇ₓ D(x)‖²."""
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = self.discriminator(images, training=True)
        gradient = tf.cast(tape.gradient(logits, images), tf.float32)
        return logits, tf.reduce_sum(gradient**2)


def plain_generator(
    image_shape=(28, 28, 1), latent_dim=64, widths=(64, 32), hidden=512, name="plain_generator"
):
    """`dcgan_generator` without batch norm: G for a GAN that does not need it.

    Weights begin at the size that keeps activations at theirs (He et al. 2015, arXiv:1502.01852),
    which does at the beginning what batch norm would do all the time.

    Args:
        image_shape, latent_dim, widths: as in `dcgan_generator`.
        hidden: units of the dense layer between the code and the first maps.
        name: of the model.

    Returns:
        A `keras.Sequential`: (batch, latent_dim) → float32 images in [−1, 1].

    Raises:
        ValueError: a size that cannot be reached by doublings.
    """
    height, width, channels = whole_numbers("image_shape", image_shape, count=3, minimum=1)
    latent_dim = whole_number("latent_dim", latent_dim, minimum=1)
    widths = whole_numbers("widths", widths, minimum=1)
    small = first_maps((height, width), widths)

    def leaky(layer):
        return [layer, layers.LeakyReLU(negative_slope=0.2)]

    he, doubling = dict(kernel_initializer="he_normal"), dict(strides=2, padding="same")
    network = [keras.Input((latent_dim,))]
    network += leaky(layers.Dense(whole_number("hidden", hidden, minimum=1), **he))
    network += leaky(layers.Dense(math.prod(small), **he))
    network.append(layers.Reshape(small))
    for filters in widths[1:]:
        network += leaky(layers.Conv2DTranspose(filters, 4, **doubling, **he))
    network.append(layers.Conv2DTranspose(channels, 4, **doubling))
    network.append(layers.Activation("tanh", dtype="float32"))
    return keras.Sequential(network, name=name)
