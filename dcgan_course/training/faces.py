"""The networks and the step of the DCGAN paper for 64 × 64 faces. Lesson 07 builds them.

Radford, Metz, Chintala 2016 (arXiv:1511.06434), in the sizes that became customary for CelebA:
kernels of 4, `features`·8 to `features` maps, no bias before batch norm.
"""

import keras
import tensorflow as tf
from keras import layers

from dcgan_course.checks import whole_number
from dcgan_course.networks.layers import paper_init
from dcgan_course.networks.losses import generator_loss
from dcgan_course.training.distributed import global_batch_of
from dcgan_course.training.gan import DCGAN


def paper_norm():
    """Batch norm whose scale γ starts from N(1, 0.02): around 1, or it would wipe out its maps."""
    gamma = keras.initializers.RandomNormal(mean=1.0, stddev=0.02)
    return layers.BatchNormalization(gamma_initializer=gamma, epsilon=1e-5, momentum=0.9)


def face_generator(features=64, latent_dim=100):
    """G: codes (batch, latent_dim) → float32 images (batch, 64, 64, 3) in [−1, 1]."""
    features = whole_number("features", features, minimum=1)
    latent_dim = whole_number("latent_dim", latent_dim, minimum=1)
    network = [keras.Input((latent_dim,)), layers.Reshape((1, 1, latent_dim))]
    for maps, strides in ((8, 1), (4, 2), (2, 2), (1, 2)):
        padding = "valid" if strides == 1 else "same"  # the first makes 4 × 4 of 1 × 1
        network += [
            layers.Conv2DTranspose(
                maps * features,
                4,
                strides,
                padding,
                use_bias=False,
                kernel_initializer=paper_init(),
            ),
            paper_norm(),
            layers.ReLU(),
        ]
    network += [
        layers.Conv2DTranspose(3, 4, 2, "same", use_bias=False, kernel_initializer=paper_init()),
        layers.Activation("tanh", dtype="float32"),
    ]
    return keras.Sequential(network, name="face_generator")


def face_discriminator(features=64):
    """D: images (batch, 64, 64, 3) → float32 logits (batch, 1)."""
    features = whole_number("features", features, minimum=1)
    network = [keras.Input((64, 64, 3))]
    for maps in (1, 2, 4, 8):
        network.append(
            layers.Conv2D(
                maps * features, 4, 2, "same", use_bias=False, kernel_initializer=paper_init()
            )
        )
        if maps > 1:
            network.append(paper_norm())
        network.append(layers.LeakyReLU(negative_slope=0.2))
    network += [
        layers.Conv2D(1, 4, use_bias=False, kernel_initializer=paper_init(), dtype="float32"),
        layers.Flatten(dtype="float32"),
    ]
    return keras.Sequential(network, name="face_discriminator")


class FaceDCGAN(DCGAN):
    """A `DCGAN` that updates D first, and G against the D that has just moved.

    Both updates are from the same fakes. The logs of a batch are that batch's own numbers,
    and have one more: `d_fake_after`, D's mean probability for the same fakes after its
    update, beside `d_fake`, which is before it. Those of an epoch are means.
    """

    def __init__(self, generator, discriminator, **options):
        super().__init__(generator, discriminator, **options)
        self.trackers["d_fake_after"] = keras.metrics.Mean("d_fake_after")

    def train_step(self, real_images):
        """One update of D and then one of G, from one batch of real images and one of codes."""
        global_batch = global_batch_of(real_images)
        z = self.draw_codes(tf.shape(real_images)[0])
        with tf.GradientTape() as tape:
            fakes = self.generator(z, training=True)
            with tape.stop_recording():  # D's update is no part of G's loss
                d_loss, logits = self.update_discriminator(real_images, fakes)
            after = self.discriminator(self.as_seen(fakes, 3), training=True)
            g_loss = generator_loss(after, self.adversarial_loss, global_batch_size=global_batch)
            objective = g_loss + self.own_penalties(self.generator)
        g_weights = self.generator.trainable_variables
        self.update(self.g_optimizer, g_weights, tape, g_loss, objective)
        return self.end_step(d_loss, g_loss, {**logits, "fake_after": after})

    def report(self, numbers):
        """This batch's own numbers, in place of the running means."""
        super().report(numbers)  # the means, which Keras reports at the end of an epoch
        return numbers


def face_gan(features=64, latent_dim=100, *, seed=0, average=0.999):
    """A compiled `FaceDCGAN` with the paper's networks and Adam(2e-4, β1 0.5).

    Args:
        features: maps in G's last and D's first hidden layer; 64 in the paper.
        latent_dim, seed, average: see `DCGAN`.
    """
    generator = face_generator(features, latent_dim)
    gan = FaceDCGAN(generator, face_discriminator(features), seed=seed, average=average)
    gan.compile()
    return gan
