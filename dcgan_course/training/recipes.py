"""The lessons' recipes by name: networks and settings, original and made for a processor.

For whoever wants the recipe without the lesson: the benchmark, lesson 08, the scripts. A test
compares the laptop's and the original with the cells of their notebooks. At half the width, the
laptop recipe of lessons 02 and 03 trains the generators that ship. "04 all frogs" is
lesson 04's without its choice of images. "04 features" goes beyond it: its D judges frozen features
as well as pixels, and its G has more maps. "10 digits" and "10 clothes" train the generators that
ship and draw by class.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import layers

from dcgan_course.checks import (
    number,
    one_of,
    shown,
    true_or_false,
    whole_number,
    whole_numbers,
)
from dcgan_course.data.choose import plain_backgrounds
from dcgan_course.data.sources import SOURCES
from dcgan_course.evaluation.features import feature_maps
from dcgan_course.networks.augment import chain, color, flip, translate
from dcgan_course.networks.layers import (
    dcgan_discriminator,
    dcgan_generator,
    dense_block,
    image_block,
    paper_init,
)
from dcgan_course.networks.losses import check_labels
from dcgan_course.networks.projected import projected_discriminator
from dcgan_course.training.combined import CombinedDCGAN
from dcgan_course.training.conditional import ConditionalDCGAN
from dcgan_course.training.gan import DCGAN


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on, the data and the seed aside.

    Attributes:
        dataset: a name for `load_images`.
        generator, discriminator: functions without arguments that build the networks.
        batch_size: images in a batch.
        g_rate, d_rate: learning rates of the two Adam optimizers.
        beta_1: of both.
        average: momentum of the moving average of G, or None.
        loss, label_smoothing: see `losses`.
        r1, augment: see `DCGAN.compile`.
        label_noise: see `losses`.
        optimizer: "adam", or "rmsprop" with gradients clipped to [−1, 1], which has no β1.
        turns: True trains by a `CombinedDCGAN`, D's turn and then G's.
        mirrored: True adds each image's mirror image to the data.
        choose: a function that picks the images to train on, or None for all of them.
        by_class: True trains a `ConditionalDCGAN`, on images with labels.

    Raises:
        ValueError: a number out of range, an unknown loss or optimizer, or labels together with
            turns or mirror images, for which there is no training step.
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
    label_noise: float = 0.0
    optimizer: str = "adam"
    turns: bool = False
    mirrored: bool = False
    choose: Callable | None = None
    by_class: bool = False

    def __post_init__(self):
        for name in ("generator", "discriminator"):
            if not callable(getattr(self, name)):
                raise ValueError(f"{name} should be a function, not {shown(getattr(self, name))}.")
        whole_number("batch_size", self.batch_size, minimum=1)
        number("g_rate", self.g_rate, above=0)
        number("d_rate", self.d_rate, above=0)
        number("beta_1", self.beta_1, minimum=0, below=1)
        if self.average is not None:
            number("average", self.average, minimum=0, below=1)
        number("r1", self.r1, minimum=0)
        check_labels(self.loss, self.label_smoothing, self.label_noise)
        one_of("optimizer", self.optimizer, ("adam", "rmsprop"))
        true_or_false("turns", self.turns)
        true_or_false("mirrored", self.mirrored)
        if self.choose is not None and not callable(self.choose):
            raise ValueError(f"choose should be a function or None, not {shown(self.choose)}.")
        true_or_false("by_class", self.by_class)
        for name in ("turns", "mirrored", "choose"):  # they do not keep images and labels together
            if self.by_class and getattr(self, name):
                raise ValueError(f"A recipe with by_class=True takes no {name}: leave it out.")

    def build(self, seed=0):
        """A compiled `DCGAN` or its variant, with weights that follow from `seed`, 0 or more."""
        seed = whole_number("seed", seed, minimum=0, maximum=2**32 - 1)
        keras.utils.set_random_seed(seed)
        options = {"seed": seed, "average": self.average}
        if self.by_class:
            options["class_names"] = SOURCES[self.dataset].class_names
        model = CombinedDCGAN if self.turns else ConditionalDCGAN if self.by_class else DCGAN
        gan = model(self.generator(), self.discriminator(), **options)
        gan.compile(
            self._optimizer(self.g_rate),
            self._optimizer(self.d_rate),
            loss=self.loss,
            label_smoothing=self.label_smoothing,
            label_noise=self.label_noise,
            r1=self.r1,
            augment=self.augment,
        )
        return gan

    def images(self, images):
        """The images that the recipe trains on, from those of the data set: (count, h, w, c)."""
        if np.ndim(images) != 4:
            raise ValueError(
                f"images should have shape (count, height, width, channels), not "
                f"{np.shape(images)}."
            )
        if self.choose is not None:
            images = self.choose(images)
        return np.concatenate([images, images[:, :, ::-1]]) if self.mirrored else images

    def _optimizer(self, rate):
        if self.optimizer == "rmsprop":
            return keras.optimizers.RMSprop(rate, clipvalue=1.0)
        return keras.optimizers.Adam(rate, beta_1=self.beta_1)

    def but(self, **changes):
        """The same recipe with some attributes changed."""
        return replace(self, **changes)


def lean_generator():
    """G of lessons 02 and 03 at laptop size: codes (batch, 64) → images of 28 × 28."""
    return dcgan_generator(latent_dim=64, widths=(64, 32), hidden=512, name="lean_generator")


def lean_discriminator():
    """D of lessons 02 and 03 at laptop size."""
    return dcgan_discriminator(
        widths=(32, 64), hidden=512, batch_norm="paper", name="lean_discriminator"
    )


def half_generator():
    """The same with half the maps: its weights fit into 2 MB, and so does a download."""
    return dcgan_generator(latent_dim=64, widths=(32, 16), hidden=512, name="half_generator")


def half_discriminator():
    """Build D for `half_generator`, as it trained the generators that ship: normed throughout."""
    return dcgan_discriminator(widths=(16, 32), hidden=512, name="half_discriminator")


def class_generator():
    """G that draws by class: a code of 64 numbers and a label of 10 → images of 28 × 28.

    It is small, so that two of them fit into the playground's one file.
    """
    return dcgan_generator(latent_dim=64 + 10, widths=(32, 16), name="class_generator")


def class_discriminator():
    """D for `class_generator`: images with a plane for each class."""
    return dcgan_discriminator(
        (28, 28, 1 + 10), widths=(16, 32), hidden=512, name="class_discriminator"
    )


def fashion_generator():
    """Build G of PyImageSearch's "Get Started: DCGAN for Fashion-MNIST": 2,343,681 parameters.

    Its layers have biases, and only the transposed convolutions draw their weights from N(0, 0.02).
    """
    network = [keras.Input((100,)), layers.Dense(7 * 7 * 256)]
    network += [layers.BatchNormalization(), layers.ReLU(), layers.Reshape((7, 7, 256))]
    for filters in (128, 64):
        network += [
            layers.Conv2DTranspose(filters, 5, 2, padding="same", kernel_initializer=paper_init()),
            layers.BatchNormalization(),
            layers.ReLU(),
        ]
    network += [layers.Conv2D(1, 5, padding="same", activation="tanh")]
    return keras.Sequential(network, name="original_generator")


def fashion_discriminator():
    """Build D of the same tutorial: 213,633 parameters. Its sigmoid is left out."""
    network = [keras.Input((28, 28, 1))]
    for filters in (64, 128):
        network += [
            layers.Conv2D(filters, 5, 2, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.2),
        ]
    network += [layers.Flatten(), layers.Dropout(0.3), layers.Dense(1)]
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


def frog_generator(width=32, latent_dim=64, kernel_size=4):
    """G of lesson 04 at laptop size: codes → images of 32 × 32 × 3."""
    width = whole_number("width", width, minimum=1)
    widths = (4 * width, 2 * width, width)
    return dcgan_generator((32, 32, 3), latent_dim, widths, kernel_size, name="frog_generator")


def frog_discriminator(width=32, noise=0.05, **options):
    """D of the same. Noise on its input keeps it from telling images apart by single pixels."""
    width = whole_number("width", width, minimum=1)
    noise = number("noise", noise, minimum=0)
    options = {"batch_norm": "paper", "kernel_size": 4, **options}
    first = layers.GaussianNoise(noise)
    network = dcgan_discriminator((32, 32, 3), (width, 2 * width, 4 * width), **options)
    return keras.Sequential(
        [keras.Input((32, 32, 3)), first, *network.layers], name="frog_discriminator"
    )


def wide_frog_generator(widths=(256, 128, 64), latent_dim=64, extra=0):
    """G with more maps, which doubles by repeating pixels: codes → images of 32 × 32 × 3.

    A 3 × 3 convolution on repeated pixels multiplies eight times as often as the transposed one of
    `frog_generator`, in one and a half times the time: CPUs are quickest at plain convolutions.

    Args:
        widths: channels at 4 × 4, 8 × 8 and 16 × 16.
        latent_dim: numbers in a code.
        extra: further convolutions after each doubling.
    """
    widths = whole_numbers("widths", widths, count=3, minimum=1)
    extra = whole_number("extra", extra, minimum=0)
    network = [keras.Input((latent_dim,)), *dense_block(16 * widths[0], reshape=(4, 4, widths[0]))]
    for filters in widths[1:]:
        network.append(layers.UpSampling2D())
        for _ in range(1 + extra):
            network += [
                layers.Conv2D(
                    filters, 3, padding="same", use_bias=False, kernel_initializer=paper_init()
                ),
                layers.BatchNormalization(),
                layers.ReLU(),
            ]
    return keras.Sequential([*network, *image_block(3)], name="wide_frog_generator")


def feature_discriminator():
    """D of lesson 04 at laptop size, and a head on each of two maps of the course's own features.

    The features come from the frogs alone, without labels: see `scripts/train_extractors.py`.
    """
    features = feature_maps("cifar10_frogs", (8, 4))
    return projected_discriminator(frog_discriminator(), features, name="feature_discriminator")


def book_generator():
    """G of *Deep Learning with Python*, section 8.5.3: 6,264,579 parameters."""
    network = [keras.Input((32,)), layers.Dense(16 * 16 * 128), layers.LeakyReLU(0.3)]
    network += [layers.Reshape((16, 16, 128))]
    network += [layers.Conv2D(256, 5, padding="same"), layers.LeakyReLU(0.3)]
    network += [layers.Conv2DTranspose(256, 4, 2, padding="same"), layers.LeakyReLU(0.3)]
    for _ in range(2):
        network += [layers.Conv2D(256, 5, padding="same"), layers.LeakyReLU(0.3)]
    network += [layers.Conv2D(3, 7, padding="same", activation="tanh")]
    return keras.Sequential(network, name="book_generator")


def book_discriminator():
    """D of section 8.5.4: 790,913 parameters. Its sigmoid is left out."""
    network = [keras.Input((32, 32, 3)), layers.Conv2D(128, 3), layers.LeakyReLU(0.3)]
    for _ in range(3):
        network += [layers.Conv2D(128, 4, 2), layers.LeakyReLU(0.3)]
    network += [layers.Flatten(), layers.Dropout(0.4), layers.Dense(1)]
    return keras.Sequential(network, name="book_discriminator")


def tree_generator(width=32):
    """G of lesson 06 at laptop size: codes (batch, 100) → images of 64 × 64 × 3."""
    width = whole_number("width", width, minimum=1)
    widths = (8 * width, 4 * width, 2 * width, width)
    return dcgan_generator((64, 64, 3), 100, widths, name="tree_generator")


def tree_discriminator(width=32):
    """D of the same."""
    width = whole_number("width", width, minimum=1)
    widths = (width, 2 * width, 4 * width, 8 * width)
    return dcgan_discriminator(
        (64, 64, 3), widths, 4, batch_norm="paper", name="tree_discriminator"
    )


def article_generator():
    """G of lesson 06 as the article has it: the maps become more as they become larger."""
    network = [keras.Input((100,)), layers.Dense(8 * 8 * 128), layers.Reshape((8, 8, 128))]
    for maps in (128, 256, 512):
        network += [layers.Conv2DTranspose(maps, 4, 2, padding="same"), layers.ReLU()]
    network.append(layers.Conv2D(3, 5, padding="same", activation="tanh", dtype="float32"))
    return keras.Sequential(network, name="article_generator")


def article_discriminator():
    """D of the same. Its sigmoid is left out."""
    network = [keras.Input((64, 64, 3))]
    for maps in (64, 128, 128):
        network += [layers.Conv2D(maps, 4, 2, padding="same"), layers.LeakyReLU(0.2)]
    network += [layers.Flatten(), layers.Dropout(0.3), layers.Dense(1, dtype="float32")]
    return keras.Sequential(network, name="article_discriminator")


_FROGS = Recipe(
    "cifar10_frogs",
    frog_generator,
    frog_discriminator,
    16,
    g_rate=2e-4,
    d_rate=2e-4,
    average=0.999,
    label_smoothing=0.1,
    turns=True,
    mirrored=True,
)
_LEAN = Recipe(
    "mnist", lean_generator, lean_discriminator, 64, g_rate=1e-3, d_rate=1e-3, average=0.998
)
_BY_CLASS = _LEAN.but(generator=class_generator, discriminator=class_discriminator, by_class=True)
_HALF = _LEAN.but(generator=half_generator, discriminator=half_discriminator)
RECIPES = {
    "02 half the width": _HALF.but(dataset="fashion_mnist"),
    "02 laptop": _LEAN.but(dataset="fashion_mnist"),
    "02 original": Recipe(
        "fashion_mnist", fashion_generator, fashion_discriminator, 32, g_rate=2e-4, d_rate=2e-4
    ),
    "03 half the width": _HALF,
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
    "04 all frogs": _FROGS,
    "04 laptop": _FROGS.but(choose=plain_backgrounds),
    "04 features": _FROGS.but(generator=wide_frog_generator, discriminator=feature_discriminator),
    "04 original": Recipe(
        "cifar10_frogs",
        book_generator,
        book_discriminator,
        20,
        g_rate=4e-4,
        d_rate=8e-4,
        label_noise=0.05,
        optimizer="rmsprop",
        turns=True,
    ),
    "06 laptop": Recipe(
        "bonsai",
        tree_generator,
        tree_discriminator,
        8,
        g_rate=2e-4,
        d_rate=2e-4,
        average=0.999,
        augment=chain(flip, translate, color),
    ),
    "06 original": Recipe(
        "bonsai",
        article_generator,
        article_discriminator,
        16,
        g_rate=2e-4,
        d_rate=2e-4,
        turns=True,
    ),
    "10 clothes": _BY_CLASS.but(dataset="fashion_mnist"),
    "10 digits": _BY_CLASS,
}
