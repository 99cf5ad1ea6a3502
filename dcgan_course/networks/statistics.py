"""Batch norm's moving statistics for a network whose weights are an average."""

import keras
import numpy as np

from dcgan_course.checks import whole_number


def standing_statistics(network, z, like=None, batch_size=128):
    """Replace batch norm's moving mean and variance by those over the images of these codes.

    A moving average of a generator's weights is a network that has never seen a batch. Averaging
    the moving statistics along with the weights gives statistics that belong to other weights, and
    that lag twice. Computing them anew costs a few forward passes and no training. Brock et al.
    2018 (arXiv:1809.11096, appendix B) call the result standing statistics.

    Args:
        network: a generator, `keras.Sequential` or functional. Nothing but the moving statistics
            of its `BatchNormalization` layers changes.
        z: float (count, latent_dim), the codes; about a thousand will do.
        like: None, or the network that trains, of the same architecture: layers that are frozen
            there keep their statistics here.
        batch_size: codes per forward pass. Statistics are averaged over the passes.

    Returns:
        How many layers have been given new statistics.
    """
    batch_size = whole_number("batch_size", batch_size, minimum=1)
    pairs = zip(_batch_norms(network), _batch_norms(like or network), strict=True)
    norms = [norm for norm, trained in pairs if like is None or trained.trainable]
    before = [(norm.trainable, norm.momentum) for norm in norms]
    z = np.asarray(z)
    try:
        for norm in norms:
            norm.trainable = True  # a frozen layer would not take statistics
        for passes, start in enumerate(range(0, len(z), batch_size) if norms else ()):
            for norm in norms:  # 0, 1/2, 2/3, …: the plain average over the passes
                norm.momentum = passes / (passes + 1)
            network(z[start : start + batch_size], training=True)
    finally:
        for norm, (trainable, momentum) in zip(norms, before, strict=True):
            norm.trainable, norm.momentum = trainable, momentum
    return len(norms)


def _batch_norms(network):
    found = []
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            found.append(layer)
        elif isinstance(layer, keras.Model):
            found += _batch_norms(layer)
    return found
