"""Freezing, measured: who moves in whose turn, and what a layer's own state does."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dcgan_course import CombinedDCGAN, dcgan_discriminator, dcgan_generator
from dcgan_course.networks.layers import downsample_block, logit_block
from dcgan_course.training.combined import frozen


def values(variables):
    return [np.array(variable) for variable in variables]


def moved(before, variables):
    """The largest change of each variable."""
    return [
        float(np.abs(np.array(now) - then).max())
        for then, now in zip(before, variables, strict=True)
    ]


def generator():
    return dcgan_generator(latent_dim=8, widths=(8, 4))


def discriminator(*extra):
    blocks = [keras.Input((28, 28, 1)), *downsample_block(4, batch_norm=False)]
    return keras.Sequential([*blocks, *extra, *logit_block()])


def compiled(d, **options):
    gan = CombinedDCGAN(generator(), d, seed=1, **options)
    gan.compile()
    return gan


@pytest.fixture
def real():
    return tf.constant(np.random.default_rng(0).uniform(-1, 1, (8, 28, 28, 1)), tf.float32)


def as_printed(d):
    """The idiom as it was printed: compile D, freeze it, compile the combined model."""
    d.compile(keras.optimizers.Adam(1e-2), keras.losses.BinaryCrossentropy(from_logits=True))
    d.trainable = False
    combined = keras.Sequential([generator(), d])
    combined.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy")
    return combined


def test_the_printed_idiom_never_trains_d_in_keras_3(real):
    """The reason for this module. Should it fail one day, lesson 04 has to be rewritten."""
    d = discriminator()
    as_printed(d)
    before = values(d.weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            d.train_on_batch(real, np.ones((8, 1)))
    assert max(moved(before, d.weights)) == 0.0


def test_each_turn_moves_its_own_network_alone(real):
    gan = compiled(dcgan_discriminator(widths=(4, 8), hidden=8))
    g, d = values(gan.generator.trainable_variables), values(gan.discriminator.trainable_variables)
    gan.discriminator_turn(real)
    assert min(moved(d, gan.discriminator.trainable_variables)) > 0
    assert max(moved(g, gan.generator.trainable_variables)) == 0.0
    d = values(gan.discriminator.trainable_variables)
    gan.generator_turn(real)
    assert min(moved(g, gan.generator.trainable_variables)) > 0
    assert max(moved(d, gan.discriminator.trainable_variables)) == 0.0


@pytest.mark.parametrize("eager", [True, False], ids=["eager", "compiled"])
def test_both_learn_in_a_step_again_and_again(real, eager):
    """Frozen in one turn, D is free in the next: also when the step is one compiled graph."""
    gan = compiled(dcgan_discriminator(widths=(4, 8)))
    step = gan.train_step if eager else tf.function(gan.train_step)
    for count in range(1, 4):
        g, d = (
            values(network.trainable_variables) for network in (gan.generator, gan.discriminator)
        )
        step(real)
        assert min(moved(g, gan.generator.trainable_variables)) > 0
        assert min(moved(d, gan.discriminator.trainable_variables)) > 0
        assert gan.g_optimizer.iterations.numpy() == gan.d_optimizer.iterations.numpy() == count


@pytest.mark.slow(seconds=3)
def test_optimizer_states_are_kept_between_turns(real):
    """Adam's moments of D survive G's turn, and the other way round."""
    gan = compiled(dcgan_discriminator(widths=(4, 8)))
    step = tf.function(gan.train_step)
    step(real)
    d_state = values(gan.d_optimizer.variables)
    assert any(np.abs(state).max() > 0 for state in d_state[2:])
    gan.generator_turn(real)
    assert max(moved(d_state, gan.d_optimizer.variables)) == 0.0
    g_state = values(gan.g_optimizer.variables)
    gan.discriminator_turn(real)
    assert max(moved(g_state, gan.g_optimizer.variables)) == 0.0


def test_gradient_of_gs_turn_is_that_of_the_combined_model(real):
    """G's turn is gradient descent on softplus(−D(G(z))) by G's weights, and nothing else."""
    gan = CombinedDCGAN(generator(), discriminator(), seed=1)
    gan.compile(keras.optimizers.SGD(1.0), keras.optimizers.SGD(1.0))
    z = gan.draw_codes(8, stream=1)
    with tf.GradientTape() as tape:
        logits = gan.discriminator(gan.generator(z, training=True), training=True)
        loss = tf.reduce_mean(-tf.math.log_sigmoid(logits))
    weights = gan.generator.trainable_variables
    expected = [w - g for w, g in zip(values(weights), tape.gradient(loss, weights), strict=True)]
    assert float(gan.generator_turn(real)) == pytest.approx(float(loss), rel=1e-5)
    for mine, theirs in zip(values(weights), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def batch_norm():
    norm = layers.BatchNormalization()
    x = np.random.default_rng(1).normal(5, 2, (64, 3)).astype("float32")
    return norm, keras.Sequential([keras.Input((3,)), norm]), x


def test_a_frozen_batch_norm_computes_as_one_that_trains():
    """Else D would judge the same fakes by other statistics in G's turn than in its own."""
    norm, network, x = batch_norm()
    learned, followed = values(norm.trainable_variables), values(norm.non_trainable_variables)
    with frozen(network):
        assert not network.trainable_variables
        y = np.array(network(x, training=True))
    np.testing.assert_allclose(y, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3), rtol=1e-3, atol=1e-4)
    assert max(moved(learned, norm.trainable_variables)) == 0.0
    assert min(moved(followed, norm.non_trainable_variables)) > 0


def test_a_batch_norm_that_does_not_train_is_in_inference_mode():
    """What `D.trainable = False` does, and why `frozen` is another thing."""
    norm, network, x = batch_norm()
    network.trainable = False
    before = values(norm.weights)
    y = np.array(network(x, training=True))
    np.testing.assert_allclose(y, x / np.sqrt(1 + 1e-3), rtol=1e-4)  # moving mean 0, variance 1
    assert max(moved(before, norm.weights)) == 0.0


def test_ds_moving_statistics_follow_in_both_turns(real):
    gan = compiled(dcgan_discriminator(widths=(4, 8)))
    for turn in (gan.discriminator_turn, gan.generator_turn):
        before = values(gan.discriminator.non_trainable_variables)
        turn(real)
        assert min(moved(before, gan.discriminator.non_trainable_variables)) > 0


def test_dropout_and_noise_go_on_in_a_frozen_network():
    network = keras.Sequential(
        [keras.Input((1000,)), layers.Dropout(0.4, seed=1), layers.GaussianNoise(0.5, seed=1)]
    )
    x = np.ones((1, 1000), "float32")
    with frozen(network):
        y = np.array(network(x, training=True))
        np.testing.assert_array_equal(network(x, training=False), x)
    assert y.std() > 0.7  # of dropout alone √(0.4/0.6) = 0.82


def test_spectral_norms_vector_moves_in_a_frozen_network_and_the_weights_do_not():
    layer = layers.SpectralNormalization(layers.Dense(1))  # Keras 3.0 can do no wider one
    network = keras.Sequential([keras.Input((6,)), layer])
    kernel, vector = values([layer.layer.kernel]), values([layer.vector_u])
    with frozen(network):
        network(np.ones((2, 6), "float32"), training=True)
        assert max(moved(vector, [layer.vector_u])) > 0
        scale = np.array(layer.layer.kernel) / kernel[0]
        np.testing.assert_allclose(scale, scale.flat[0], rtol=1e-4)  # only scaled, not learned
        assert not network.trainable_variables


def test_frozen_gives_back_what_was_there_before():
    """A layer that was frozen on its own stays so, and an error in between changes nothing."""
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="kept")])
    network = keras.Sequential([keras.Input((3,)), inner, layers.Dense(1, name="free")])
    inner.layers[0].trainable = False
    inside = []

    def interrupted():
        with frozen(network):
            inside.extend(network.trainable_variables)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert inside == []
    assert [v.path.split("/")[-2] for v in network.trainable_variables] == ["free", "free"]
    assert inner.trainable
    assert network.trainable


def test_augment_has_no_place_in_the_combined_model():
    from dcgan_course.networks.augment import flip

    gan = CombinedDCGAN(generator(), discriminator())
    with pytest.raises(ValueError, match="GaussianNoise first into D"):
        gan.compile(augment=flip)


@pytest.mark.slow(seconds=4)
def test_resume_ends_where_an_uninterrupted_training_ends(tmp_path, digits):
    def train(epochs, folder):
        keras.utils.set_random_seed(3)
        gan = compiled(dcgan_discriminator(widths=(4, 8)), average=0.9)
        gan.fit(digits, batch_size=16, epochs=epochs, steps_per_epoch=2, verbose=0, resume=folder)
        return gan

    whole = train(3, tmp_path / "whole")
    train(1, tmp_path / "parts")
    parts = train(3, tmp_path / "parts")
    for network in ("generator", "discriminator", "sampler"):
        for one, other in zip(
            getattr(whole, network).weights, getattr(parts, network).weights, strict=True
        ):
            np.testing.assert_array_equal(np.array(one), np.array(other))
