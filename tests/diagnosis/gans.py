"""Small GANs that the doctor's tests train."""

import keras
import numpy as np

from dcgan_course import DCGAN, dcgan_discriminator, dcgan_generator


def small_gan(model=DCGAN, dropout=0.3, networks=None, loss="non_saturating", **rates):
    keras.utils.set_random_seed(4)
    pair = networks() if networks else (
        dcgan_generator(latent_dim=8, widths=(8, 4)),
        dcgan_discriminator(widths=(4, 8), dropout=dropout),
    )  # fmt: skip
    gan = model(*pair, seed=1)
    rate = {"g": 1e-3, "d": 1e-3, **rates}
    gan.compile(*(keras.optimizers.Adam(rate[name], beta_1=0.5) for name in "gd"), loss=loss)
    return gan


def state(gan):
    return [
        variable.numpy() for net in (gan.generator, gan.discriminator) for variable in net.variables
    ]


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def line_networks(scale=1.0):
    """G(z) = scale · z, D's logit of x is x, on single numbers."""
    networks = []
    for kernel in (scale, 1.0):
        dense = keras.layers.Dense(1, use_bias=False)
        networks.append(keras.Sequential([keras.Input((1,)), dense]))
        dense.kernel.assign([[kernel]])
    return networks


def dense_networks(shape, units=8):
    """A pair for samples of any shape."""
    size = int(np.prod(shape))
    g = [
        keras.Input((4,)),
        keras.layers.Dense(size, activation="tanh"),
        keras.layers.Reshape(shape),
    ]
    d = [
        keras.Input(shape),
        keras.layers.Flatten(),
        keras.layers.Dense(units, activation="relu"),
        keras.layers.Dense(1),
    ]
    return keras.Sequential(g), keras.Sequential(d)
