"""The small networks of the trials: Keras models for a submission, plain formulas for the grader.

A model's weights, in Keras' order, are what `step_weights` and `normed_weights` list.
"""

import numpy as np


def step_weights(inputs, outputs, hidden):
    """Kinds and shapes of the weights of one of the `step_networks`."""
    return _dense(inputs, hidden) + _dense(hidden, outputs)


def normed_weights(inputs, outputs, hidden=20, beside=False):
    """Kinds and shapes of the weights of a normed generator; `beside`: of the discriminator."""
    norm = [(kind, (hidden,)) for kind in ("scale", "shift", "mean", "variance")]
    return _dense(inputs, hidden) + norm + _dense(2 * hidden if beside else hidden, outputs)


def _dense(inputs, outputs):
    return [("kernel", (inputs, outputs)), ("bias", (outputs,))]


def run_step_network(weights, x):
    """What a network of the training step makes of x; weights: tensors."""
    import tensorflow as tf

    return tf.nn.leaky_relu(x @ weights[0] + weights[1], 0.3) @ weights[2] + weights[3]


def run_normed(weights, x, beside=False, training=True):
    """What a normed generator makes of x; `beside`: the discriminator."""
    import tensorflow as tf

    inside = x @ weights[0] + weights[1]
    inside = tf.nn.leaky_relu(inside, 0.2) if beside else inside
    scale, shift, mean, variance = weights[2:6]
    if training:
        mean, variance = tf.nn.moments(inside, [0])
    normed = (inside - mean) / tf.sqrt(variance + 1e-3) * scale + shift
    last = tf.concat([inside, normed], 1) if beside else tf.nn.relu(normed)
    return last @ weights[6] + weights[7]


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
