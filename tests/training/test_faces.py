"""Lesson 07's networks and step, against the paper and against a plain computation."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dcgan_course import discriminator_loss, generator_loss
from dcgan_course.training.faces import FaceDCGAN, face_discriminator, face_generator


def parameters(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


def test_networks_are_the_papers():
    g, d = face_generator(), face_discriminator()
    shapes = [layer.output.shape[1:] for layer in g.layers if "transpose" in layer.name]
    assert shapes == [(4, 4, 512), (8, 8, 256), (16, 16, 128), (32, 32, 64), (64, 64, 3)]
    shapes = [layer.output.shape[1:] for layer in d.layers if isinstance(layer, layers.Conv2D)]
    assert shapes == [(32, 32, 64), (16, 16, 128), (8, 8, 256), (4, 4, 512), (1, 1, 1)]
    assert parameters(g) == 3_576_704
    assert parameters(d) == 2_765_568
    kernels = [layer for layer in (*g.layers, *d.layers) if hasattr(layer, "kernel")]
    assert all(layer.kernel_size == (4, 4) and not layer.use_bias for layer in kernels)
    assert g.output_shape == d.input_shape == (None, 64, 64, 3)


def test_initial_weights_are_the_papers_in_both_networks():
    keras.utils.set_random_seed(0)
    for network in (face_generator(32), face_discriminator(32)):
        for layer in network.layers:
            if hasattr(layer, "kernel"):
                values = layer.kernel.numpy()
                assert values.std() == pytest.approx(0.02, rel=0.1)
                assert abs(values.mean()) < 0.002
            if isinstance(layer, layers.BatchNormalization):
                assert layer.gamma.numpy().mean() == pytest.approx(1, abs=0.02)
                assert layer.gamma.numpy().std() == pytest.approx(0.02, rel=0.35)
                assert not layer.beta.numpy().any()


def plain_step(g, d, optimizers, real, z):
    """D on a batch of real images and a batch of fakes, then G against the new D."""
    fakes = g(z, training=True)
    with tf.GradientTape() as tape:
        logits = d(real, training=True), d(fakes, training=True)
        d_loss = discriminator_loss(*logits)
    optimizers[1].apply(tape.gradient(d_loss, d.trainable_variables), d.trainable_variables)
    with tf.GradientTape() as tape:
        # A second pass of G on the same codes, which moves its moving statistics once more.
        after = d(g(z, training=True), training=True)
        g_loss = generator_loss(after)
    optimizers[0].apply(tape.gradient(g_loss, g.trainable_variables), g.trainable_variables)
    return d_loss, g_loss, *(tf.reduce_mean(tf.sigmoid(x)) for x in (*logits, after))


def test_step_is_d_then_g_against_the_new_d():
    def networks():
        keras.utils.set_random_seed(3)
        return face_generator(2, 8), face_discriminator(2)

    gan = FaceDCGAN(*networks(), seed=1)
    gan.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01), run_eagerly=True)
    g, d = networks()
    optimizers = keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01)
    real = np.tanh(np.random.default_rng(0).normal(size=(3, 8, 64, 64, 3))).astype("float32")
    for batch in real:
        z = gan.draw_codes(8)
        numbers = gan.train_step(tf.constant(batch))
        wanted = plain_step(g, d, optimizers, tf.constant(batch), z)
        names = ("d_loss", "g_loss", "d_real", "d_fake", "d_fake_after")
        for name, value in zip(names, wanted, strict=True):
            assert float(numbers[name]) == pytest.approx(float(value), rel=1e-4), name
        # D has learned that these are fakes, and the number after its update shows it.
        assert float(numbers["d_fake_after"]) < float(numbers["d_fake"])
    for one, other in ((gan.generator, g), (gan.discriminator, d)):
        for mine, theirs in zip(one.trainable_weights, other.trainable_weights, strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-3, atol=1e-5)


TWO_DEVICES = """
import numpy as np
from dcgan_course.quiet import import_quietly
tf, keras = import_quietly(
    lambda tf: tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
)
from dcgan_course.training.faces import face_gan

images = np.tanh(np.random.default_rng(0).normal(size=(32, 64, 64, 3))).astype("float32")
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    keras.utils.set_random_seed(1)
    gan = face_gan(2, latent_dim=8)
print(*sorted(gan.fit(images, batch_size=16, epochs=2, verbose=0).history))
moved = 0
for network in (gan.generator, gan.discriminator):
    for weight in network.weights:
        one, two = strategy.experimental_local_results(weight.value)
        np.testing.assert_array_equal(one.numpy(), two.numpy())
        moved += "moving" in weight.name and float(np.abs(one.numpy()).sum()) > 0
print(moved)
"""


@pytest.mark.slow(seconds=8)
def test_two_devices_hold_the_same_weights_and_statistics(run_python):
    """Each normalizes its half of the batch; the moving statistics are the mean of both.

    In a process of its own: TensorFlow mixes up what it sends around between two strategies.
    """
    names, moved = run_python(TWO_DEVICES).stdout.splitlines()
    assert names.split() == ["d_fake", "d_fake_after", "d_loss", "d_real", "g_loss"]
    assert int(moved) == 14  # of seven batch norms the means and the variances
