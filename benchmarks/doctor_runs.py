"""The runs that the doctor is tried on: healthy recipes, and kinds of sickness.

Both are divided into a half on which thresholds are set and one on which they are reported; a
recipe or a kind is in one half only. Networks and images are small, so that a run takes seconds.
"""

from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from dcgan_course.data.load import load_images
from dcgan_course.diagnosis.doctor import Doctor
from dcgan_course.networks.augment import translate
from dcgan_course.networks.layers import (
    dcgan_discriminator,
    dcgan_generator,
    dense_block,
    paper_init,
    upsample_block,
)
from dcgan_course.networks.losses import generator_loss
from dcgan_course.training.combined import CombinedDCGAN
from dcgan_course.training.games import RingGame
from dcgan_course.training.gan import DCGAN
from dcgan_course.training.toys import small_network

CODES = 32
TUNING, REPORTING = "tuning", "reporting"


@dataclass(frozen=True)
class Case:
    """One way to train, and what should be said of it.

    Attributes:
        half: `TUNING` or `REPORTING`.
        settings: of `train`.
        right: names of findings that name what is wrong; none for a healthy run.
        beside: names that are true as well, but do not name it.
    """

    half: str
    settings: dict
    right: tuple = ()
    beside: tuple = ()


# --- data -----------------------------------------------------------------------------


def halved(images):
    """Half the height and width; 14 × 14 with a border of one pixel."""
    count, height, width, channels = images.shape
    small = images.reshape(count, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))
    return np.pad(small, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge") if height == 28 else small


class Data:
    """Small images and points, made when they are asked for: (train, held out) by name.

    Args:
        count: images to train on.
        options: of `load_images`.
    """

    def __init__(self, count=3000, **options):
        self.count, self.options = count, options

    def load(self, name, split="train"):
        return load_images(name, split, **self.options)

    def split(self, name):
        train, test = self.load(name), self.load(name, "test")
        return halved(train.images[: self.count]), halved(test.images[:500])

    @cached_property
    def digits(self):
        return self.split("mnist")

    @cached_property
    def garments(self):
        return self.split("fashion_mnist")

    @cached_property
    def shoes(self):
        garments = self.load("fashion_mnist")
        shoes = halved(garments.images[garments.labels == 7][: self.count + 500])
        return shoes[:-500], shoes[-500:]

    @cached_property
    def frogs(self):
        frogs = halved(self.load("cifar10_frogs").images[: self.count + 500])
        return frogs[:-500], frogs[-500:]

    @cached_property
    def trees(self):
        trees = halved(halved(self.load("bonsai").images))
        return trees[:100], trees[100:]

    @cached_property
    def ring(self):
        ring = np.asarray(RingGame().real(20_000, seed=5), "float32") / 2.4
        return ring[:-500], ring[-500:]

    @cached_property
    def roll(self):
        rng = np.random.default_rng(5)
        turn = 1.5 * np.pi * (1 + 2 * rng.uniform(size=20_000))
        roll = np.stack([turn * np.cos(turn), turn * np.sin(turn)], axis=1) / 15
        roll = (roll + 0.02 * rng.normal(size=roll.shape)).astype("float32")
        return roll[:-500], roll[-500:]


# --- networks -------------------------------------------------------------------------


def conv(shape=(16, 16, 1), last="tanh", **options):
    """A small DCGAN pair."""
    g = dcgan_generator(shape, latent_dim=CODES, widths=(24, 12), hidden=128)
    if last != "tanh":
        g = keras.Sequential([g.inputs[0], *g.layers[:-1], layers.Activation(last)])
    return g, dcgan_discriminator(shape, widths=(12, 24), kernel_size=4, hidden=64, **options)


def tutorial():
    """After TensorFlow's tutorial: LeakyReLU in G, dropout and no batch norm in D."""
    body = [
        layers.Dense(4 * 4 * 32, use_bias=False),
        layers.BatchNormalization(),
        layers.LeakyReLU(),
        layers.Reshape((4, 4, 32)),
        layers.Conv2DTranspose(16, 5, strides=2, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.LeakyReLU(),
        layers.Conv2DTranspose(1, 5, strides=2, padding="same", use_bias=False, activation="tanh"),
    ]
    judge = [
        *(layers.Conv2D(16, 5, strides=2, padding="same"), layers.LeakyReLU(), layers.Dropout(0.3)),
        *(layers.Conv2D(32, 5, strides=2, padding="same"), layers.LeakyReLU(), layers.Dropout(0.3)),
        *(layers.Flatten(), layers.Dense(1)),
    ]
    return (
        keras.Sequential([keras.Input((CODES,)), *body]),
        keras.Sequential([keras.Input((16, 16, 1)), *judge]),
    )


def dense(shape=(16, 16, 1)):
    """Dense layers alone; D is a functional model with a skip connection."""
    size = int(np.prod(shape))
    g = [keras.Input((CODES,))]
    for units in (128, 256):
        g += [layers.Dense(units), layers.BatchNormalization(), layers.LeakyReLU(0.2)]
    g += [layers.Dense(size, activation="tanh"), layers.Reshape(shape)]
    x = keras.Input(shape)
    first = layers.LeakyReLU(0.2)(layers.Dense(128)(layers.Flatten()(x)))
    second = layers.LeakyReLU(0.2)(layers.Dense(128)(first))
    return keras.Sequential(g), keras.Model(x, layers.Dense(1)(layers.add([first, second])))


def points(g_hidden=64, d_hidden=64):
    return small_network(2, 2, hidden=g_hidden), small_network(2, 1, hidden=d_hidden)


def ended(activation):
    """D with an activation on its logit."""
    g, d = conv()
    return g, keras.Sequential([d.inputs[0], *d.layers, layers.Activation(activation)])


def frozen_layer(which):
    """The first kernel of one network does not learn."""
    pair = conv()
    layer = next(each for each in pair[which].layers if hasattr(each, "kernel"))
    layer.trainable = False
    return pair


def middle_frozen():
    g, d = conv()
    [each for each in g.layers if hasattr(each, "kernel")][1].trainable = False
    return g, d


def slow_statistics():
    g, d = conv()
    for layer in g.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.9999
    return g, d


def saturated():
    g, d = conv()
    last = [layer for layer in g.layers if hasattr(layer, "kernel")][-1]
    last.kernel.assign(200 * last.kernel)
    return g, d


def dead_relu():
    g, d = conv()
    norms = [layer for layer in g.layers if isinstance(layer, layers.BatchNormalization)]
    norms[-1].beta.assign(norms[-1].beta - 30)
    return g, d


def deaf():
    """G whose first layer ignores its code."""
    g, d = conv()
    g.layers[0].kernel.assign(0 * g.layers[0].kernel)
    g.layers[0].trainable = False
    return g, d


def linear_d():
    d = [
        keras.Input((16, 16, 1)),
        layers.Flatten(),
        layers.Dense(1, kernel_initializer=paper_init()),
    ]
    return conv()[0], keras.Sequential(d)


def tiny_d():
    d = [
        keras.Input((16, 16, 1)),
        layers.Conv2D(1, 4, strides=4, padding="same"),
        layers.LeakyReLU(0.2),
        layers.Flatten(),
        layers.Dense(1),
    ]
    return conv()[0], keras.Sequential(d)


def growing(kernel, strides):
    """G of transposed convolutions whose kernel the stride does not divide."""
    body = [keras.Input((CODES,)), *dense_block(128)]
    side = 16 // strides ** (2 if strides == 2 else 1)
    body += dense_block(side * side * 24, (side, side, 24))
    if strides == 2:
        body += upsample_block(12, kernel)
    end = layers.Conv2DTranspose(1, kernel, strides, padding="same", activation="tanh")
    return keras.Sequential([*body, end]), conv()[1]


# --- models ---------------------------------------------------------------------------


class OneSided(DCGAN):
    """Augments what D sees, but only the real samples, or only the fakes."""

    side = 2

    def as_seen(self, images, stream):
        return translate(images, self.step_seed(stream)) if stream == self.side else images


class OneSidedFakes(OneSided):
    """The fakes alone."""

    side = 3


class Clipped(DCGAN):
    """Wasserstein GAN, as in its paper: D's weights are clipped after every step."""

    bound = 0.05

    def train_step(self, real_images):
        logs = super().train_step(real_images)
        for weight in self.discriminator.trainable_variables:
            weight.assign(tf.clip_by_value(weight, -self.bound, self.bound))
        return logs


class OwnStep(DCGAN):
    """A step with a G loss of one's own."""

    def train_step(self, real_images):
        fakes = self.generator(self.draw_codes(tf.shape(real_images)[0]), training=True)
        d_loss, logits = self.update_discriminator(real_images, fakes)
        with tf.GradientTape() as tape:
            fakes = self.generator(self.draw_codes(tf.shape(real_images)[0]), training=True)
            g_loss = self.g_loss(fakes)
        weights = self.generator.trainable_variables
        gradients = [
            tf.zeros(weight.shape) if gradient is None else gradient
            for gradient, weight in zip(tape.gradient(g_loss, weights), weights, strict=True)
        ]
        self.g_optimizer.apply(gradients, weights)
        return self.end_step(d_loss, g_loss, logits)


class FlippedSign(OwnStep):
    """G makes its fakes easier to tell."""

    def g_loss(self, fakes):
        return -generator_loss(self.discriminator(fakes, training=True))


class FlippedTarget(OwnStep):
    """G wants its fakes to be called fakes."""

    def g_loss(self, fakes):
        return tf.reduce_mean(tf.nn.softplus(self.discriminator(fakes, training=True)))


class CutOff(OwnStep):
    """No gradient gets from D to G."""

    def g_loss(self, fakes):
        return generator_loss(self.discriminator(tf.stop_gradient(fakes), training=True))


class FlippedLabels(DCGAN):
    """D is told that fakes are real."""

    def judge(self, real_images, fakes, global_batch):
        logits, loss, objective = super().judge(fakes, real_images, global_batch)
        return {"real": logits["fake"], "fake": logits["real"]}, loss, objective


class InferenceFakes(OwnStep):
    """Fakes are drawn in inference mode."""

    def train_step(self, real_images):
        draw = self.generator.call
        self.generator.call = lambda z, training=None, **rest: draw(z, training=False, **rest)
        logs = DCGAN.train_step(self, real_images)
        self.generator.call = draw
        return logs


class NeverFrozen(DCGAN):
    """G's step moves D as well, towards "fakes are real"."""

    def compile(self, *arguments, **options):
        super().compile(*arguments, **options)
        self.third = keras.optimizers.Adam(1e-3, beta_1=0.5)
        self.third.build(self.discriminator.trainable_variables)

    def train_step(self, real_images):
        logs = super().train_step(real_images)
        z = self.draw_codes(tf.shape(real_images)[0], stream=1)
        weights = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.discriminator(self.generator(z, training=True), training=True)
            loss = tf.reduce_mean(tf.nn.softplus(-logits))
        self.third.apply(tape.gradient(loss, weights), weights)
        return logs


def codes_of(change):
    """A DCGAN whose codes are changed."""

    class OtherCodes(DCGAN):
        def draw_codes(self, count, stream=0):
            return change(super().draw_codes(count, stream))

    return OtherCodes


def fixed_codes(z):
    return tf.random.stateless_normal(tf.shape(z), seed=[3, 3])


def gray(images, seed):
    """What D sees where the channels have been averaged."""
    return tf.repeat(tf.reduce_mean(images, axis=3, keepdims=True), 3, axis=3)


# --- a run ----------------------------------------------------------------------------


def train(
    data,
    seed,
    *,
    images="digits",
    networks=conv,
    model=DCGAN,
    steps=300,
    checks=12,
    batch=32,
    rate=1e-3,
    g_rate=None,
    d_rate=None,
    optimizer=keras.optimizers.Adam,
    change=None,
    change_batches=None,
    few=None,
    held_out=True,
    average=None,
    **options,
):
    """Train under a doctor. Returns (gan, doctor).

    Args:
        data: a `Data`.
        seed: of networks and training.
        change: what is done to all images, the doctor's too.
        change_batches: what is done to the images that are trained on alone.
        few: how many images there are.
        options: of `compile`; the rest is named after what it is.
    """
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    given, unseen = getattr(data, images)
    if few is not None:
        given = given[:few]
    if change is not None:
        given, unseen = change(given), change(unseen)
    trained = given if change_batches is None else change_batches(given)
    gan = model(*networks(), seed=seed, average=average)
    rates = (rate if each is None else each for each in (g_rate, d_rate))
    more = {"beta_1": 0.5} if optimizer is keras.optimizers.Adam else {}
    gan.compile(*(optimizer(each, **more) for each in rates), **options)
    doctor = Doctor(
        given, held_out=unseen if held_out else None, every=max(1, steps // checks), seed=seed
    )
    stream = tf.data.Dataset.from_tensor_slices(np.asarray(trained, "float32"))
    stream = stream.repeat().shuffle(4000, seed=seed).batch(batch).prefetch(2)
    gan.fit(stream, steps_per_epoch=steps, epochs=1, verbose=0, callbacks=[doctor])
    return gan, doctor


def duplicated(images):
    return np.repeat(images[:10], len(images) // 10, axis=0)


def with_nan(images):
    images = images.copy()
    images[::50, 0, 0, 0] = np.nan
    return images


def channels_reversed(images):
    return images[..., ::-1]


def other_images(images):
    """Garments in place of digits."""
    return halved(load_images("fashion_mnist").images[: len(images)])


def decay(rate):
    """A rate that falls to nothing within the first fifth of the run."""
    return keras.optimizers.schedules.ExponentialDecay(rate, 5, 0.5)


def to_unit(x):
    return (x + 1) / 2


POINTS = dict(images="ring", networks=points, steps=2000, batch=128)

HEALTHY = {
    "digits": Case(TUNING, dict(steps=600)),
    "ring": Case(TUNING, dict(POINTS)),
    "frogs": Case(TUNING, dict(images="frogs", networks=lambda: conv((16, 16, 3)), steps=400)),
    "hinge": Case(TUNING, dict(loss="hinge", images="garments", steps=600)),
    "young digits": Case(TUNING, dict(steps=72)),
    "dense": Case(TUNING, dict(networks=dense, rate=5e-4, steps=500)),
    "both in [0, 1]": Case(TUNING, dict(networks=lambda: conv(last="sigmoid"), change=to_unit)),
    "combined, RMSprop": Case(
        TUNING,
        dict(
            images="frogs",
            networks=lambda: conv((16, 16, 3), dropout=0.3),
            label_noise=0.1,
            model=CombinedDCGAN,
            optimizer=keras.optimizers.RMSprop,
            rate=4e-4,
            steps=400,
        ),
    ),
    "average, smoothing": Case(TUNING, dict(average=0.99, label_smoothing=0.1, images="garments")),
    "slow and young": Case(TUNING, dict(rate=1e-4, images="garments")),
    "garments": Case(REPORTING, dict(images="garments", steps=600)),
    "swiss roll": Case(REPORTING, dict(POINTS, images="roll")),
    "one class": Case(REPORTING, dict(images="shoes", steps=600)),
    "clipped Wasserstein": Case(
        REPORTING,
        dict(
            model=Clipped,
            networks=dense,
            loss="wasserstein",
            images="garments",
            optimizer=keras.optimizers.RMSprop,
            rate=5e-4,
            steps=800,
        ),
    ),
    "young garments": Case(REPORTING, dict(images="garments", rate=2e-4, steps=96)),
    "tutorial": Case(REPORTING, dict(networks=tutorial, rate=2e-4, steps=400)),
    "dim": Case(REPORTING, dict(change=lambda x: (x - 2) / 3, steps=600)),
    "dark on white": Case(
        REPORTING, dict(change=lambda x: 0.2 - 0.8 * x, images="garments", steps=600)
    ),
    "trees, augmented": Case(
        REPORTING,
        dict(images="trees", networks=lambda: conv((16, 16, 3)), augment=translate, steps=400),
    ),
    "R1": Case(REPORTING, dict(images="garments", r1=0.5, networks=dense, rate=5e-4, steps=400)),
}

_SHARP = lambda: conv(batch_norm=False)  # noqa: E731

SICK = {
    # Nothing moves, or one network alone.
    "D's rate 0": Case(TUNING, dict(d_rate=0.0), ("frozen_d",)),
    "D's rate / 1000": Case(REPORTING, dict(d_rate=1e-6), ("frozen_d",)),
    "G's rate / 1000": Case(TUNING, dict(g_rate=1e-6), ("frozen_g",)),
    "G cut off": Case(REPORTING, dict(model=CutOff), ("frozen_g",)),
    "both rates 0": Case(TUNING, dict(rate=0.0), ("no_motion",)),
    "rates decayed": Case(
        REPORTING, dict(g_rate=decay(1e-3), d_rate=decay(1e-3), images="garments"), ("no_motion",)
    ),
    "D's rate 0, garments": Case(REPORTING, dict(d_rate=0.0, images="garments"), ("frozen_d",)),
    # Ranges and data.
    "sigmoid end": Case(TUNING, dict(networks=lambda: conv(last="sigmoid")), ("range",)),
    "ReLU end": Case(REPORTING, dict(networks=lambda: conv(last="relu")), ("range",)),
    "data in [0, 1]": Case(TUNING, dict(change=to_unit), ("range",)),
    "data in [0, 1], garments": Case(
        REPORTING, dict(change=to_unit, images="garments", networks=dense), ("range",)
    ),
    "inverted batches": Case(TUNING, dict(change_batches=lambda x: -x), ("batch_differs",)),
    "scaled twice": Case(
        REPORTING, dict(change_batches=lambda x: x / 127.5 - 1), ("batch_differs", "range")
    ),
    "other images": Case(REPORTING, dict(change_batches=other_images), ("batch_differs",)),
    "channels reversed": Case(
        TUNING,
        dict(images="frogs", networks=lambda: conv((16, 16, 3)), change_batches=channels_reversed),
        ("batch_differs", "color"),
    ),
    "real samples augmented": Case(TUNING, dict(model=OneSided), ("one_sided",)),
    "fakes augmented": Case(REPORTING, dict(model=OneSidedFakes), ("one_sided",)),
    "duplicates": Case(TUNING, dict(change=duplicated), ("few_data", "memory"), ("copies",)),
    "40 images": Case(
        REPORTING, dict(few=40, steps=400, held_out=False), ("few_data", "memory", "copies")
    ),
    "all black": Case(REPORTING, dict(change=lambda x: 0 * x - 1), ("few_data",)),
    "64 images, known by heart": Case(TUNING, dict(few=64, steps=600), ("memory", "few_data")),
    "128 images, a large D": Case(
        REPORTING,
        dict(few=128, steps=500, d_rate=3e-3, g_rate=2e-4),
        ("memory",),
        ("d_too_strong",),
    ),
    "NaN in the data": Case(TUNING, dict(change_batches=with_nan), ("not_finite",)),
    "rate 1e12": Case(REPORTING, dict(rate=1e12), ("not_finite",)),
    # Logits, signs and targets.
    "σ twice": Case(TUNING, dict(networks=lambda: ended("sigmoid")), ("bounded_logit",)),
    "ReLU on the logit": Case(REPORTING, dict(networks=lambda: ended("relu")), ("bounded_logit",)),
    "flipped sign": Case(TUNING, dict(model=FlippedSign), ("flipped_g",)),
    "flipped target": Case(REPORTING, dict(model=FlippedTarget, images="garments"), ("flipped_g",)),
    "flipped labels": Case(REPORTING, dict(model=FlippedLabels), ("flipped_labels",)),
    "flipped labels, dense": Case(
        TUNING, dict(model=FlippedLabels, networks=dense), ("flipped_labels",)
    ),
    "smoothing 0.5": Case(TUNING, dict(label_smoothing=0.5), ("soft_labels",)),
    "label noise 0.9": Case(REPORTING, dict(label_noise=0.9), ("noisy_labels",)),
    "label noise 0.95, dense": Case(
        TUNING, dict(label_noise=0.95, networks=dense), ("noisy_labels",)
    ),
    "never frozen": Case(TUNING, dict(model=NeverFrozen), ("agreeing_d",)),
    "never frozen, garments": Case(
        REPORTING, dict(model=NeverFrozen, images="garments"), ("agreeing_d",)
    ),
    # Layers, norms and codes.
    "layer of D frozen": Case(TUNING, dict(networks=lambda: frozen_layer(1)), ("frozen_layers",)),
    "layer of G frozen": Case(REPORTING, dict(networks=middle_frozen), ("frozen_layers",)),
    "inference mode": Case(TUNING, dict(model=InferenceFakes), ("mode_gap",)),
    "slow statistics": Case(REPORTING, dict(networks=slow_statistics), ("mode_gap",)),
    "batch of 2": Case(TUNING, dict(batch=2), ("small_batch",)),
    "batch of 4": Case(REPORTING, dict(batch=4), ("small_batch",)),
    "fixed codes": Case(TUNING, dict(model=codes_of(fixed_codes)), ("fixed_codes",)),
    "codes of one value": Case(
        REPORTING, dict(model=codes_of(lambda z: 0 * z + 0.5)), ("fixed_codes", "code_scale")
    ),
    "codes × 10": Case(TUNING, dict(model=codes_of(lambda z: 10 * z)), ("code_scale",)),
    "codes in [0, 0.1]": Case(
        REPORTING, dict(model=codes_of(lambda z: 0.1 * tf.sigmoid(z))), ("code_scale",)
    ),
    "saturated": Case(REPORTING, dict(networks=saturated), ("saturated",)),
    "dead ReLU": Case(TUNING, dict(networks=dead_relu), ("dead_g",)),
    "deaf G": Case(REPORTING, dict(networks=deaf), ("dead_g", "frozen_layers")),
    # Balance.
    "linear D": Case(TUNING, dict(networks=linear_d), ("weak_d",)),
    "tiny D": Case(REPORTING, dict(networks=tiny_d), ("weak_d",)),
    "D with 4 units, ring": Case(
        REPORTING, dict(POINTS, networks=lambda: points(d_hidden=4)), ("weak_d",)
    ),
    "D sees gray": Case(
        TUNING,
        dict(images="frogs", networks=lambda: conv((16, 16, 3)), augment=gray, steps=400),
        ("color",),
    ),
    "saturating loss": Case(
        TUNING, dict(loss="minimax", networks=_SHARP, d_rate=3e-3, g_rate=2e-4), ("flat_loss",)
    ),
    "saturating loss, garments": Case(
        REPORTING,
        dict(loss="minimax", networks=tutorial, d_rate=3e-3, g_rate=1e-4, images="garments"),
        ("flat_loss",),
    ),
    "D far ahead": Case(
        REPORTING, dict(networks=_SHARP, d_rate=1e-2, g_rate=3e-5), ("d_too_strong",)
    ),
    "D far ahead, garments": Case(
        TUNING,
        dict(networks=_SHARP, d_rate=5e-3, g_rate=5e-5, images="garments"),
        ("d_too_strong",),
    ),
    "fast G, ring": Case(
        REPORTING, dict(POINTS, g_rate=5e-3, d_rate=5e-4), ("mode_collapse",), ("never_settles",)
    ),
    "no batch norm": Case(TUNING, dict(networks=_SHARP), ("mode_collapse",)),
    "rate 0.03": Case(
        REPORTING, dict(rate=3e-2), ("mode_collapse", "dead_g", "saturated", "never_settles")
    ),
    "rate 0.05, ring": Case(
        TUNING, dict(POINTS, rate=5e-2), ("never_settles", "mode_collapse", "dead_g", "unbounded_d")
    ),
    "Wasserstein without a bound": Case(
        REPORTING, dict(loss="wasserstein", networks=_SHARP, rate=2e-3), ("unbounded_d",)
    ),
    "Wasserstein without a bound, ring": Case(
        TUNING, dict(POINTS, loss="wasserstein"), ("unbounded_d",)
    ),
    "dropout 0.95 in D": Case(
        REPORTING, dict(networks=lambda: conv(dropout=0.95)), ("weak_d", "noisy_labels")
    ),
    # Grids.
    "kernel 3, stride 2": Case(TUNING, dict(networks=lambda: growing(3, 2), steps=150), ("grid",)),
    "kernel 5, stride 4": Case(
        REPORTING, dict(networks=lambda: growing(5, 4), steps=150), ("grid",)
    ),
}
