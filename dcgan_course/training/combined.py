"""The combined model, gan(z) = D(G(z)) with D frozen, in a form that holds in every Keras 3.

After Chollet 2017, *Deep Learning with Python*, section 8.5, whose own form never trains D
in Keras 3: there the optimizer asks for the trainable weights when training begins, and
finds D's frozen. Here D is frozen for G's turn alone. Lesson 04 builds it step by step.
"""

import contextlib

import keras
import tensorflow as tf

from dcgan_course.checks import shown
from dcgan_course.networks.losses import generator_loss
from dcgan_course.training.distributed import global_batch_of
from dcgan_course.training.gan import DCGAN


@contextlib.contextmanager
def frozen(network):
    """Inside the `with`, the network has no trainable weights; afterwards those it had before.

    The flags are read when a model is asked for its trainable weights. It is the weights' own
    flags that are set here, and not the layers': `layer.trainable = False` would also put batch
    norm into inference mode, and a D that judges fakes with other statistics in G's turn than
    in its own is another D. With `training=True`, what a layer keeps beside its weights goes on:

    - batch norm computes with the batch's statistics, and its moving ones follow;
    - dropout and noise are drawn anew;
    - spectral normalization goes on estimating, which moves its vector u and rescales the
      kernel, but learns nothing.
    """
    if not isinstance(network, keras.layers.Layer):
        raise ValueError(f"frozen takes a Keras network or layer, not {shown(network)}.")
    weights = network.trainable_variables
    for weight in weights:
        weight.trainable = False
    try:
        yield network
    finally:
        for weight in weights:
            weight.trainable = True


class CombinedDCGAN(DCGAN):
    """A `DCGAN` whose step is two turns: D's, then G's through the combined model.

    D learns from one batch of codes and G from another, made after D has moved; `DCGAN` takes
    both gradients from the same fakes. That costs one more pass of both networks.

    Attributes:
        combined: a `keras.Sequential`, codes (batch, latent_dim) → logits (batch, 1). It
            shares its weights with G and D.
    """

    def __init__(self, generator, discriminator, **options):
        super().__init__(generator, discriminator, **options)
        self.combined = keras.Sequential([generator, discriminator], name="combined")

    def compile(self, *arguments, **options):
        """As `DCGAN.compile`, without `augment`: what D sees is changed by its own layers.

        Raises:
            ValueError: `augment` is given.
        """
        if options.get("augment") is not None:
            raise ValueError(
                "The combined model is D(G(z)), with nothing in between: augment the images "
                "beforehand, put a layer such as GaussianNoise first into D, or take DCGAN."
            )
        super().compile(*arguments, **options)

    def train_step(self, real_images):
        """D's turn on a batch of real images and one of fakes, then G's turn."""
        d_loss, logits = self.discriminator_turn(real_images)
        g_loss = self.generator_turn(real_images)
        return self.end_step(d_loss, g_loss, logits)

    def discriminator_turn(self, real_images):
        """Update D. Returns its loss and its logits for real images and fakes."""
        fakes = self.generator(self.draw_codes(tf.shape(real_images)[0]), training=True)
        return self.update_discriminator(real_images, fakes)

    def generator_turn(self, real_images):
        """Update G through the frozen D; of the real images only the count matters."""
        z = self.draw_codes(tf.shape(real_images)[0], stream=1)
        with frozen(self.discriminator):
            weights = self.combined.trainable_variables  # G's alone
            with tf.GradientTape() as tape:
                loss = generator_loss(
                    self.combined(z, training=True),
                    self.adversarial_loss,
                    global_batch_size=global_batch_of(real_images),
                )
                objective = loss + self.own_penalties(self.generator)
        self.update(self.g_optimizer, weights, tape, loss, objective)
        return loss
