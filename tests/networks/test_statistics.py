"""Standing statistics: those of the codes' own images, and nothing else changes."""

import keras
import numpy as np
import pytest

from dcgan_course import dcgan_generator
from dcgan_course.networks.statistics import standing_statistics


def network(functional=False):
    g = dcgan_generator((8, 8, 1), latent_dim=4, widths=(8, 4))
    if not functional:
        return g
    z = keras.Input((4,))
    return keras.Model(z, g(z))


def norms(g):
    inner = g.layers[-1] if isinstance(g.layers[-1], keras.Model) else g
    return [layer for layer in inner.layers if isinstance(layer, keras.layers.BatchNormalization)]


def codes(count=96):
    return np.random.default_rng(0).standard_normal((count, 4), "float32")


@pytest.mark.parametrize("functional", [False, True])
def test_statistics_are_those_over_the_codes(functional):
    g = network(functional)
    wrong = g(codes(), training=False).numpy()
    assert standing_statistics(g, codes(), batch_size=96) == len(norms(g)) > 1
    # From one pass over all codes, inference mode computes what training mode does.
    right = g(codes(), training=True).numpy()
    assert np.abs(g(codes(), training=False).numpy() - right).max() < 1e-3
    assert np.abs(wrong - right).max() > 0.01


def test_passes_are_averaged_and_what_was_there_before_is_forgotten():
    g = network()
    first = norms(g)[0]
    first.moving_mean.assign(first.moving_mean + 100.0)
    standing_statistics(g, codes(), batch_size=32)
    many = first.moving_mean.numpy()
    standing_statistics(g, codes(), batch_size=96)
    np.testing.assert_allclose(many, first.moving_mean.numpy(), atol=1e-5)
    assert np.abs(many).max() < 10


def test_weights_and_settings_stay_and_frozen_layers_keep_their_statistics():
    g, trained = network(), network()
    g.trainable = False
    norms(trained)[0].trainable = False
    before = [np.array(w) for w in g.get_weights()]
    assert standing_statistics(g, codes(), like=trained) == len(norms(g)) - 1
    for layer in norms(g):
        assert not layer.trainable
        assert layer.momentum == 0.99
    for old, weight in zip(before, g.weights, strict=True):
        moved = "moving_" in weight.path and weight.path.split("/")[-2] != norms(g)[0].name
        assert np.array_equal(old, weight.numpy()) != moved, weight.path


def test_a_network_without_batch_norm_is_left_alone():
    g = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    assert standing_statistics(g, codes()) == 0
