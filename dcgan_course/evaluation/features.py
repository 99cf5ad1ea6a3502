"""Features: what a small network that knows the data set sees in an image.

Metrics compare images by features, because two pictures of the same boot may differ in
every pixel. Each extractor is a classifier of one data set, cut off before its last layer;
its weights ship with the package. `scripts/train_extractors.py` made them.
"""

from pathlib import Path

import numpy as np

from dcgan_course.checks import shown, whole_number, whole_numbers
from dcgan_course.evaluation.inputs import check_images, numbers_of
from dcgan_course.files import load_arrays, save_arrays
from dcgan_course.networks.layers import in_float32

WEIGHTS = Path(__file__).parent / "weights"
DIMENSION = 64


class ExtractorError(RuntimeError):
    """An extractor's weights cannot be had or do not fit. The message says what to do."""


class Extractor:
    """Turns images into features, and into a classifier's verdicts.

    Attributes:
        name: the data set that it was trained on, or "inception".
        image_shape: (height, width, channels) that it takes; None where it resizes.
        dimension: how many features an image has.
        classes: how many classes it tells apart; 0 if none.
        card: facts about its training, as a dictionary.
    """

    def __init__(self, name, network, image_shape, dimension, classes, card=None, prepare=None):
        self.name = name
        self.image_shape = image_shape
        self.dimension = dimension
        self.classes = classes
        self.card = card or {}
        self._network = network
        self._prepare = prepare or (lambda images: images)

    def features(self, images):
        """Images → float32 (count, dimension). Over its own data, a feature has variance 1.

        Args:
            images: float (count, height, width, channels) in [−1, 1].

        Raises:
            ValueError: images of another shape or range.
        """
        return self._both(images)[0]

    def probabilities(self, images):
        """Images → float32 (count, classes): the classifier's probabilities."""
        if not self.classes:
            raise ValueError(f"The extractor {self.name!r} knows no classes.")
        logits = self._both(images)[1]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def labels(self, images):
        """Images → int64 (count,): the most probable class."""
        return self.probabilities(images).argmax(axis=1)

    def features_and_labels(self, images):
        """Both in one pass of the network; labels are None where there are no classes."""
        features, logits = self._both(images)
        return features, logits.argmax(axis=1) if self.classes else None

    def _both(self, images):
        wanted = self.image_shape
        sides = "height, width, 1 or 3" if wanted is None else ", ".join(map(str, wanted))
        images = numbers_of("images", images, f"numbers (count, {sides})")
        shape = images.shape
        fits = len(shape) == 4 and (shape[1:] == wanted if wanted else shape[3] in (1, 3))
        if not fits:
            raise ValueError(
                f"The extractor {self.name!r} takes images (count, {sides}), not {shape}."
            )
        images = check_images("images", images)
        parts = [
            self._network(self._prepare(images[start : start + 500]))
            for start in range(0, len(images), 500)
        ]
        features = np.concatenate([np.asarray(part[0], "float32") for part in parts])
        logits = None
        if self.classes:
            logits = np.concatenate([np.asarray(part[1], "float32") for part in parts])
        return features, logits


def classifier(image_shape, classes):
    """The small classifier behind an extractor.

    Three convolutions with ReLU and max pooling, a dense layer of 64, GELU, and the logits; the 64
    numbers after GELU, which has no dead range, are the features.

    Args:
        image_shape: (height, width, channels), at least 16 on a side.
        classes: how many.

    Returns:
        A `keras.Model`: images → [features (batch, 64), logits (batch, classes)].

    Raises:
        ValueError: another shape, or no class.
    """
    with in_float32():
        return _plain_classifier(image_shape, classes)


def _plain_classifier(image_shape, classes):
    """The same in the format of the global Keras policy."""
    import keras
    from keras import layers

    image_shape, classes = _checked_shape(image_shape, classes)
    x = images = keras.Input(image_shape)
    for filters in (24, 48, 64):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    features = layers.Dense(DIMENSION, activation="gelu")(x)
    logits = layers.Dense(classes)(layers.Dropout(0.3)(features))
    return keras.Model(images, [features, logits], name="extractor")


def residual_classifier(image_shape=(32, 32, 3), classes=10):
    """Build the deeper classifier behind the extractor "cifar10".

    Six convolutions with batch norm and ReLU in three stages, of which the last two each add a
    residual block (He et al. 2016, arXiv:1512.03385); the maximum over the image, a dense layer
    of 64, GELU, and the logits. The 64 numbers after GELU are the features. It computes in the
    format of the global Keras policy; `load_extractor` builds it in float32.

    Args:
        image_shape: (height, width, channels), at least 16 on a side.
        classes: how many.

    Returns:
        A `keras.Model`: images → [features (batch, 64), logits (batch, classes)].

    Raises:
        ValueError: another shape, or no class.
    """
    import keras
    from keras import layers

    image_shape, classes = _checked_shape(image_shape, classes)

    def convolution(x, filters):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization()(x))

    x = images = keras.Input(image_shape)
    x = convolution(convolution(x, 24), 40)
    for filters in (80, 112):
        x = convolution(layers.MaxPooling2D()(x), filters)
        x = layers.Add()([x, convolution(convolution(x, filters), filters)])
    x = layers.GlobalMaxPooling2D()(x)
    features = layers.Dense(DIMENSION, activation="gelu", dtype="float32")(x)
    logits = layers.Dense(classes, dtype="float32")(features)
    return keras.Model(images, [features, logits], name="residual_extractor")


NETWORKS = {"plain": _plain_classifier, "residual": residual_classifier}


def _checked_shape(image_shape, classes):
    image_shape = whole_numbers("image_shape", image_shape, count=3, minimum=1)
    if min(image_shape[:2]) < 16:
        raise ValueError(f"An image should have sides of 16 or more, not {image_shape[:2]}.")
    return image_shape, whole_number("classes", classes, minimum=1)


def load_extractor(name):
    """The extractor for a data set.

    Args:
        name: "mnist", "fashion_mnist", "cifar10_frogs", whose features come from a task without
            classes, "cifar10", which tells all ten classes of CIFAR-10 apart and judges frogs as
            well, or "inception" for Keras' InceptionV3, whose weights (90 MB) Keras downloads.

    Returns:
        An `Extractor`.

    Raises:
        ValueError: unknown name.
        ExtractorError: weights that are missing, damaged, or cannot be downloaded.
    """
    if isinstance(name, str) and name == "inception":
        return _inception()
    import tensorflow as tf

    with in_float32():
        network, mean, deviation, card = _stored_network(name)

    @tf.function(reduce_retracing=True)
    def run(images):
        features, logits = network(images, training=False)
        return (features - mean) / deviation, logits

    # A task that made its own labels has taught features, but its classes mean nothing here.
    classes = 0 if "task" in card else card["classes"]
    return Extractor(name, run, tuple(card["image_shape"]), DIMENSION, classes, card)


def feature_maps(name, sides=(8, 4)):
    """Build the convolutions of an extractor, frozen for good: a part for a discriminator.

    Gradients pass through it, but nothing in it ever learns (Sauer et al. 2021, "Projected GANs
    Converge Faster", arXiv:2111.01007). It computes in the format of the global Keras policy.

    Args:
        name: of an extractor that ships with the course, as for `load_extractor`, except
            "inception".
        sides: which maps, by height and width: for "cifar10_frogs" of 16, 8 and 4, for
            "cifar10" of 16 and 8.

    Returns:
        A `keras.Model` without trainable weights: images (batch, height, width, channels) in
        [−1, 1] → a list of maps (batch, side, side, filters), one for each of `sides`.

    Raises:
        ValueError: unknown name, or a side that the network does not have.
        ExtractorError: weights that are missing or damaged.
    """
    import keras

    network = _stored_network(name)[0]
    kind = keras.layers.Add if network.name.startswith("residual") else keras.layers.MaxPooling2D
    maps = {
        int(layer.output.shape[1]): layer.output
        for layer in network.layers
        if isinstance(layer, kind)
    }
    sides = whole_numbers("sides", sides, minimum=1)
    if missing := [side for side in sides if side not in maps]:
        known = ", ".join(map(str, sorted(maps)))
        raise ValueError(f"The extractor {name!r} has maps with sides {known}, not {missing[0]}.")
    frozen = keras.Model(network.input, [maps[side] for side in sides], name=f"features_{name}")
    frozen.trainable = False
    return frozen


def _stored_network(name):
    """A shipped network in the format of the global policy, its features' scale, its card."""
    known = sorted(path.stem for path in WEIGHTS.glob("*.npz"))
    if not isinstance(name, str) or name not in known:
        known = ", ".join(known)
        raise ValueError(f"Unknown extractor {shown(name)}. Known are: {known}, inception.")
    path = WEIGHTS / f"{name}.npz"
    try:
        arrays, card = load_arrays(path)
        mean, deviation = arrays.pop("mean"), arrays.pop("deviation")
        weights = [arrays[f"w{index}"].astype("float32") for index in range(card["arrays"])]
        build = NETWORKS[card.get("network", "plain")]
        network = build(tuple(card["image_shape"]), card["classes"])
        network.set_weights(weights)
    except Exception as problem:
        raise ExtractorError(
            f"{path} is damaged ({problem}). Install the package again."
        ) from problem
    return network, mean, deviation, card


def save_extractor(path, network, images, card):
    """Write a trained `classifier` as float16, with the scale of its features.

    Args:
        path: ending in .npz.
        network: as `classifier` returns it.
        images: on which each feature shall have mean 0 and variance 1.
        card: facts about the training, plain data; shape and classes are added.
    """
    weights = [weight.astype("float16") for weight in network.get_weights()]
    network.set_weights([weight.astype("float32") for weight in weights])  # as it will be loaded
    features = network.predict(images, batch_size=500, verbose=0)[0]
    card = {
        **card,
        "image_shape": list(network.input_shape[1:]),
        "classes": int(network.output_shape[1][1]),
        "arrays": len(weights),
    }
    named = {f"w{index}": weight for index, weight in enumerate(weights)}
    named |= {"mean": features.mean(axis=0), "deviation": features.std(axis=0) + 1e-6}
    save_arrays(path, named, card)


def _inception():
    """Keras' InceptionV3 without its top, on images resized with antialiasing.

    Published FIDs differ in weights and in resizing. This is the bilinear resizing *with*
    antialiasing that Parmar et al. 2022 (arXiv:2104.11222) call clean, and Keras' ImageNet
    weights instead of the original FID's of 2015: compare its values with each other.
    """
    import keras
    import tensorflow as tf

    try:
        with in_float32():
            network = keras.applications.InceptionV3(include_top=False, pooling="avg")
    except Exception as problem:
        raise ExtractorError(
            f"InceptionV3's weights could not be downloaded ({problem}). Connect to the internet, "
            "or use the course's own extractor of the data set, which ships with it."
        ) from problem

    def prepare(images):
        images = tf.image.resize(images, (299, 299), method="bilinear", antialias=True)
        return tf.image.grayscale_to_rgb(images) if images.shape[-1] == 1 else images

    @tf.function(reduce_retracing=True)
    def run(images):
        return (network(images, training=False),)

    return Extractor("inception", run, None, 2048, 0, prepare=prepare)
