"""The small networks of the trials: the grader and a submission's process build the same."""

import numpy as np


def step_networks(latent_dim, width, hidden):
    """G and D of the training step's trial, without batch norm: their mode changes nothing."""
    import keras
    from keras import layers

    def network(inputs, outputs):
        return keras.Sequential(
            [
                keras.Input((inputs,)),
                layers.Dense(hidden),
                layers.LeakyReLU(negative_slope=0.3),
                layers.Dense(outputs),
            ]
        )

    return network(latent_dim, width), network(width, 1)


def normed_generator(latent_dim, width, hidden=20):
    """G with batch norm."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(hidden),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dense(width),
        ]
    )


def normed_discriminator(width, hidden=20):
    """D with batch norm beside a path without it.

    With batch norm alone, real examples and fakes that are judged in batches of their own would
    be normalized to look alike.
    """
    import keras
    from keras import layers

    points = keras.Input((width,))
    inside = layers.LeakyReLU(negative_slope=0.2)(layers.Dense(hidden)(points))
    both = layers.Concatenate()([inside, layers.BatchNormalization()(inside)])
    return keras.Model(points, layers.Dense(1)(both))


def values(model):
    """All weights of a model as arrays, copied."""
    return [np.array(weight) for weight in model.weights]


def set_values(model, arrays):
    """Give a model these weights."""
    for weight, array in zip(model.weights, arrays, strict=True):
        weight.assign(array)
