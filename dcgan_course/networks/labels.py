"""Networks that are told a class: G draws what it is asked for, D judges whether it is that.

A label enters as a one-hot vector y. G takes it joined to the latent vector, [z, y]; D takes it
as planes beside the image's channels, so that both networks have a single input (Mirza and
Osindero 2014, arXiv:1411.1784).
"""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from dcgan_course.checks import one_of, shown, whole_number, whole_numbers
from dcgan_course.files import add_card
from dcgan_course.networks.layers import (
    dcgan_discriminator,
    first_maps,
    paper_init,
)

D_KINDS = ("planes", "projection", "ignores")


def save_network(network, path):
    """Save a network as a .keras file, with the names of its classes where it has some.

    Keras alone would not keep `network.class_names`, from which a generator that draws by class
    is told apart.

    Args:
        network: a `keras.Model`.
        path: the file.
    """
    network.save(path)
    if names := getattr(network, "class_names", ()):
        add_card(path, {"classes": list(names)})


def one_hot(labels, classes):
    """Class numbers (count,) → float32 (count, classes), 1 at the class and 0 elsewhere.

    Args:
        labels: whole numbers from 0 to `classes` − 1.
        classes: how many there are.

    Raises:
        ValueError: labels of another shape or out of range.
    """
    classes = whole_number("classes", classes, minimum=2)
    given, labels = labels, np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(f"labels should be whole numbers of shape (count,), not {shown(given)}.")
    wrong = labels[(labels < 0) | (labels >= classes)]
    if len(wrong):
        raise ValueError(f"Labels should lie in 0…{classes - 1}, but one of them is {wrong[0]}.")
    return np.eye(classes, dtype="float32")[labels]


def join_label(z, labels):
    """Join labels to latent vectors: [z, y].

    Args:
        z: float (count, noise_dim).
        labels: one-hot, float (count, classes). Mixtures of classes are allowed.

    Returns:
        A float32 tensor (count, noise_dim + classes).
    """
    return tf.concat([tf.cast(z, tf.float32), tf.cast(labels, tf.float32)], axis=1)


def add_label_planes(images, labels):
    """Add one constant plane per class to each image: 1 everywhere for its class, else 0.

    Args:
        images: float (count, height, width, channels).
        labels: one-hot, float (count, classes).

    Returns:
        A float32 tensor (count, height, width, channels + classes).
    """
    images, labels = tf.cast(images, tf.float32), tf.cast(labels, tf.float32)
    shape = tf.shape(images)
    planes = tf.broadcast_to(
        labels[:, None, None, :], [shape[0], shape[1], shape[2], tf.shape(labels)[1]]
    )
    return tf.concat([images, planes], axis=3)


def conditional_generator(
    classes=10,
    image_shape=(28, 28, 1),
    noise_dim=64,
    widths=(64, 32),
    kernel_size=4,
    hidden=512,
    name="conditional_generator",
):
    """G with conditional batch norm: each class scales and shifts every feature map.

    The label also enters with the latent vector. For a G that gets it there alone, take
    `dcgan_generator(latent_dim=noise_dim + classes)`, which needs nothing else. Conditional batch
    norm is from Dumoulin et al. 2017 (arXiv:1610.07629) and de Vries et al. 2017
    (arXiv:1707.00683); Miyato and Koyama 2018 (arXiv:1802.05637) use it in a GAN.

    Args:
        classes, noise_dim: numbers in a label and in a latent vector.
        image_shape, widths, kernel_size, hidden: as in `dcgan_generator`.
        name: of the model.

    Returns:
        A functional `keras.Model`: [z, y] (batch, noise_dim + classes) → float32 images.
    """
    classes = whole_number("classes", classes, minimum=2)
    noise_dim = whole_number("noise_dim", noise_dim, minimum=1)
    height, width, channels = whole_numbers("image_shape", image_shape, count=3, minimum=1)
    widths = whole_numbers("widths", widths, minimum=1)
    code = keras.Input((noise_dim + classes,))
    label = code[:, noise_dim:]

    def normed(x):
        maps = x.shape[-1]
        axes = (1,) * (len(x.shape) - 2)
        x = layers.BatchNormalization(center=False, scale=False)(x)
        scale = layers.Dense(maps, use_bias=False, kernel_initializer="ones")(label)
        shift = layers.Dense(maps, use_bias=False, kernel_initializer="zeros")(label)
        scale, shift = (layers.Reshape((*axes, maps))(part) for part in (scale, shift))
        return layers.ReLU()(x * scale + shift)

    x = code
    if hidden:
        x = normed(layers.Dense(hidden, use_bias=False, kernel_initializer=paper_init())(x))
    small = first_maps((height, width), widths)
    x = layers.Dense(math.prod(small), use_bias=False, kernel_initializer=paper_init())(x)
    x = normed(layers.Reshape(small)(x))
    options = dict(strides=2, padding="same", kernel_initializer=paper_init())
    for filters in widths[1:]:
        x = normed(layers.Conv2DTranspose(filters, kernel_size, use_bias=False, **options)(x))
    x = layers.Conv2DTranspose(channels, kernel_size, **options)(x)
    return keras.Model(code, layers.Activation("tanh", dtype="float32")(x), name=name)


def conditional_discriminator(
    classes=10,
    image_shape=(28, 28, 1),
    widths=(32, 64),
    kernel_size=5,
    hidden=512,
    kind="planes",
    name="conditional_discriminator",
):
    """D that judges an image and its label together.

    Args:
        classes: how many there are.
        image_shape, widths, kernel_size, hidden: as in `dcgan_discriminator`.
        kind: how the label is used. "planes": the first convolution sees its planes beside the
            image. "projection": the convolutions see the image alone, and the logit is
            v·φ(x) + (Vy)·φ(x) with the features φ(x) of the last hidden layer and a learned vector
            for each class (Miyato and Koyama 2018, arXiv:1802.05637). Compile with the penalty
            R1, about `r1=4`: without it, D told the classes apart before G could, and G learned
            nothing in our runs. "ignores": not at all, for comparison.
        name: of the model.

    Returns:
        A functional `keras.Model`: images with label planes (batch, h, w, channels + classes) →
        float32 logits (batch, 1).
    """
    classes = whole_number("classes", classes, minimum=2)
    height, width, channels = whole_numbers("image_shape", image_shape, count=3, minimum=1)
    hidden = whole_number("hidden", hidden, minimum=1)
    one_of("kind", kind, D_KINDS)
    pair = keras.Input((height, width, channels + classes))
    options = dict(widths=widths, kernel_size=kernel_size, hidden=hidden)
    if kind == "planes":
        network = dcgan_discriminator((height, width, channels + classes), **options)
        return keras.Model(pair, network(pair), name=name)
    image, label = pair[..., :channels], pair[:, 0, 0, channels:]
    if kind == "ignores":
        network = dcgan_discriminator((height, width, channels), **options)
        return keras.Model(pair, network(image), name=name)
    network = dcgan_discriminator((height, width, channels), batch_norm="paper", **options)
    x = image
    for layer in network.layers[:-1]:
        x = layer(x)
    direction = layers.Dense(hidden, use_bias=False, kernel_initializer=paper_init())(label)
    agreement = ops.sum(x * direction, axis=1, keepdims=True)
    logit = layers.Dense(1, kernel_initializer=paper_init())(x) + agreement
    return keras.Model(pair, layers.Activation("linear", dtype="float32")(logit), name=name)
