"""A discriminator with frozen features: what it returns, and what learns in it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_course import CombinedDCGAN, dcgan_discriminator, dcgan_generator
from dcgan_course.evaluation.features import feature_maps
from dcgan_course.networks.projected import feature_head, projected_discriminator


def small_d(pixels=True, sides=(8, 4)):
    branch = dcgan_discriminator((32, 32, 3), (4, 8)) if pixels else None
    return projected_discriminator(branch, feature_maps("cifar10_frogs", sides), filters=4)


@pytest.mark.parametrize(("pixels", "sides", "heads"), [(True, (8, 4), 3), (False, (16,), 1)])
def test_there_is_a_logit_for_the_pixels_and_for_each_map(pixels, sides, heads):
    network = small_d(pixels, sides)
    images = np.random.default_rng(0).uniform(-1, 1, (3, 32, 32, 3)).astype("float32")
    assert network(images).shape == (3, heads)


@pytest.mark.parametrize("side", [16, 8, 4])
def test_a_head_ends_in_one_logit_whatever_the_size_of_its_maps(side):
    maps = keras.Input((side, side, 5))
    assert feature_head(maps, 4).shape == (None, 1)


def test_a_step_moves_both_networks_and_leaves_the_features_as_they_were():
    discriminator = small_d()
    features = discriminator.get_layer("features_cifar10_frogs")
    before = [np.array(weight) for weight in features.weights]
    generator = dcgan_generator((32, 32, 3), latent_dim=8, widths=(8, 4))
    gan = CombinedDCGAN(generator, discriminator)
    gan.compile()
    others = [*discriminator.trainable_variables, *generator.trainable_variables]
    start = [np.array(weight) for weight in others]
    images = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")
    gan.train_step(tf.constant(images))
    for weight, old in zip(features.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)
    moved = [np.abs(np.array(now) - old).max() > 0 for now, old in zip(others, start, strict=True)]
    assert all(moved)
    assert not {id(weight) for weight in features.weights} & {id(each) for each in others}


def test_gradients_reach_the_image_through_the_frozen_features():
    network = small_d(pixels=False)
    images = tf.constant(np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = network(images, training=True)
    assert np.abs(tape.gradient(logits, images)).max() > 0
