"""The lessons' recipes by name: networks and settings, original and made for a processor.

For whoever wants the recipe without the lesson: the benchmark, lesson 08, the scripts. A test
compares each with the cells of its notebook.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import keras
from keras import layers

from dcgan_course.layers import (
    dcgan_discriminator,
    dcgan_generator,
    dense_block,
    downsample_block,
    logit_block,
    paper_init,
    upsample_block,
)


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on, the data and the seed aside.

    Attributes:
        dataset: a name for `load_images`.
        generator, discriminator: functions without arguments that build the networks.
        batch_size: images in a batch.
        g_rate, d_rate: learning rates of the two Adam optimisers.
        beta_1: of both.
        average: momentum of the moving average of G, or None.
        loss, label_smoothing: see `losses`.
        r1, augment: see `DCGAN.compile`.
    """

    dataset: str
    generator: Callable
    discriminator: Callable
    batch_size: int
    g_rate: float
    d_rate: float
    beta_1: float = 0.5
    average: float | None = None
    loss: str = "non_saturating"
    label_smoothing: float = 0.0
    r1: float = 0.0
    augment: Callable | None = None

    def build(self, seed=0):
        """A compiled `DCGAN`, with weights that follow from `seed`."""
        from dcgan_course.training import DCGAN

        keras.utils.set_random_seed(seed)
        gan = DCGAN(self.generator(), self.discriminator(), seed=seed, average=self.average)
        gan.compile(
            keras.optimizers.Adam(self.g_rate, beta_1=self.beta_1),
            keras.optimizers.Adam(self.d_rate, beta_1=self.beta_1),
            loss=self.loss,
            label_smoothing=self.label_smoothing,
            r1=self.r1,
            augment=self.augment,
        )
        return gan

    def but(self, **changes):
        """The same recipe with some attributes changed."""
        return replace(self, **changes)


def lean_generator():
    """G of lessons 02 and 03 at laptop size: codes (batch, 64) → images of 28 × 28."""
    return dcgan_generator(latent_dim=64, widths=(64, 32), hidden=512, name="lean_generator")


def lean_discriminator():
    """D of lessons 02 and 03 at laptop size."""
    return dcgan_discriminator(widths=(32, 64), hidden=512, name="lean_discriminator")


def fashion_generator():
    """G of PyImageSearch's "Get started: DCGAN for Fashion-MNIST"."""
    network = [
        keras.Input((100,)),
        *dense_block(7 * 7 * 256, reshape=(7, 7, 256)),
        *upsample_block(128, kernel_size=5),
        *upsample_block(64, kernel_size=5),
        layers.Conv2D(1, 5, padding="same", activation="tanh", kernel_initializer=paper_init()),
    ]
    return keras.Sequential(network, name="original_generator")


def fashion_discriminator():
    """D of the same: 213,633 parameters."""
    network = [
        keras.Input((28, 28, 1)),
        *downsample_block(64),
        *downsample_block(128, dropout=0.3),
        *logit_block(),
    ]
    return keras.Sequential(network, name="original_discriminator")


def tutorial_generator():
    """G of TensorFlow's DCGAN tutorial."""
    network = [
        keras.Input((100,)),
        layers.Dense(7 * 7 * 256, use_bias=False),
        layers.BatchNormalization(),
        layers.LeakyReLU(0.3),
        layers.Reshape((7, 7, 256)),
    ]
    for filters, strides in ((128, 1), (64, 2)):
        network += [
            layers.Conv2DTranspose(filters, 5, strides, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.3),
        ]
    network += [layers.Conv2DTranspose(1, 5, 2, padding="same", use_bias=False, activation="tanh")]
    return keras.Sequential(network, name="tutorial_generator")


def tutorial_discriminator():
    """D of the same."""
    network = [keras.Input((28, 28, 1))]
    for filters in (64, 128):
        network += [layers.Conv2D(filters, 5, 2, padding="same"), layers.LeakyReLU(0.3)]
        network += [layers.Dropout(0.3)]
    return keras.Sequential(
        [*network, layers.Flatten(), layers.Dense(1)], name="tutorial_discriminator"
    )


_LEAN = Recipe(
    "mnist", lean_generator, lean_discriminator, 64, g_rate=1e-3, d_rate=1e-3, average=0.998
)

RECIPES = {
    "02 laptop": _LEAN.but(dataset="fashion_mnist"),
    "02 original": Recipe(
        "fashion_mnist", fashion_generator, fashion_discriminator, 32, g_rate=2e-4, d_rate=2e-4
    ),
    "03 laptop": _LEAN,
    "03 original": Recipe(
        "mnist",
        tutorial_generator,
        tutorial_discriminator,
        256,
        g_rate=1e-4,
        d_rate=1e-4,
        beta_1=0.9,
    ),
}
