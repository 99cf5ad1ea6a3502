"""The shared networks: shapes, sizes, initialization, counts."""

import keras
import numpy as np
import pytest

from dcgan_course.networks.layers import (
    copy_of,
    dcgan_discriminator,
    dcgan_generator,
    dense_block,
    downsample_block,
    fast_policy,
    image_block,
    layer_table,
    logit_block,
    multiplications,
    upsample_block,
)


@pytest.mark.parametrize(
    ("shape", "widths"),
    [((28, 28, 1), (16, 8)), ((32, 32, 3), (16, 8, 4)), ((64, 64, 3), (8, 8, 4, 4))],
)
def test_networks_fit_each_other(shape, widths):
    g = dcgan_generator(shape, latent_dim=10, widths=widths, hidden=12)
    d = dcgan_discriminator(shape, widths=widths[::-1], hidden=12)
    images = g(np.random.default_rng(0).normal(size=(3, 10)).astype("float32") * 50)
    assert images.shape == (3, *shape)
    assert float(abs(images.numpy()).max()) <= 1
    assert d(images).shape == (3, 1)


def test_fashion_mnist_discriminator_has_the_known_size():
    d = dcgan_discriminator()
    assert d.count_params() == 213_633
    assert sum(int(np.prod(w.shape)) for w in d.trainable_weights) == 213_249


def test_weights_start_from_the_papers_distribution():
    keras.utils.set_random_seed(0)
    for network in (dcgan_generator(hidden=64), dcgan_discriminator(hidden=64)):
        kernels = [w.numpy() for w in network.trainable_weights if w.path.endswith("kernel")]
        for kernel in (kernel for kernel in kernels if kernel.size > 2000):
            assert kernel.std() == pytest.approx(0.02, rel=0.1)
            assert abs(kernel.mean()) < 0.002


def test_batch_norm_stands_where_the_paper_wants_it():
    def normed(network):
        return sum(isinstance(layer, keras.layers.BatchNormalization) for layer in network.layers)

    assert normed(dcgan_generator(widths=(8, 8))) == 2
    assert [normed(dcgan_discriminator(batch_norm=b)) for b in (True, "paper", False)] == [2, 1, 0]
    assert isinstance(dcgan_generator().layers[-1], keras.layers.Activation)


def test_output_is_float32_under_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        g, d = dcgan_generator(widths=(8, 8)), dcgan_discriminator(widths=(8, 8))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    images = g(np.zeros((2, 100), "float32"))
    assert g.layers[0].compute_dtype == "bfloat16"
    assert str(images.dtype).endswith("float32'>")
    assert str(d(images).dtype).endswith("float32'>")

    copy = copy_of(g)
    assert {layer.compute_dtype for layer in copy.layers} == {"float32"}
    for one, other in zip(g.get_weights(), copy.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_fast_policy_is_one_that_keras_knows():
    assert fast_policy() in ("float32", "mixed_bfloat16")


def test_the_first_keras_3_computes_in_float32(monkeypatch):
    """Its noise layers raise an error in mixed precision."""
    monkeypatch.setattr(keras, "__version__", "3.1.1")
    assert fast_policy() == "float32"


def test_multiplications_against_counting_loops():
    conv = keras.Sequential([keras.Input((9, 9, 2)), keras.layers.Conv2D(3, 5, 2, "same")])
    transposed = keras.Sequential(
        [keras.Input((4, 4, 2)), keras.layers.Conv2DTranspose(3, 5, 2, "same")]
    )
    dense = keras.Sequential([keras.Input((7,)), keras.layers.Dense(4)])
    assert multiplications(conv.layers[0]) == 5 * 5 * (5 * 5) * 2 * 3  # 5×5 outputs
    assert multiplications(transposed.layers[0]) == 4 * 4 * (5 * 5) * 2 * 3  # 4×4 inputs
    assert multiplications(dense.layers[0]) == 28


def test_table_has_a_line_per_layer_and_the_sum():
    d = dcgan_discriminator()
    lines = layer_table(d).splitlines()
    assert len(lines) == len(d.layers) + 3
    assert "28 × 28 × 1" in lines[1]
    assert "213,633" in lines[-1]


@pytest.mark.parametrize(
    "call",
    [
        lambda: dcgan_generator((28, 28, 1), widths=(8, 8, 8)),  # 28 is not 8 times anything
        lambda: dcgan_generator((28, 28)),
        lambda: dcgan_generator(widths=()),
        lambda: dcgan_discriminator((28, 0, 1)),
        lambda: dcgan_discriminator(widths=()),
        lambda: dcgan_generator(latent_dim=0),
        lambda: dcgan_generator(latent_dim=2.5),
        lambda: dcgan_generator(widths=64),
        lambda: dcgan_generator(widths=(64, 0)),
        lambda: dcgan_generator(kernel_size=0),
        lambda: dcgan_generator(hidden=-1),
        lambda: dcgan_generator("28 × 28"),
        lambda: dcgan_discriminator(batch_norm="papers"),
        lambda: dcgan_discriminator(dropout=1.0),
        lambda: dcgan_discriminator(dropout="0.3"),
        lambda: dcgan_discriminator(kernel_size=(5, 5, 5)),
        lambda: dcgan_discriminator(hidden=True),
        lambda: upsample_block(8, strides=0),
        lambda: downsample_block(0),
        lambda: dense_block(-4),
        lambda: image_block(0),
        lambda: logit_block(hidden=0.5),
        lambda: layer_table(keras.Sequential([keras.layers.Dense(3)])),
    ],
)
def test_impossible_sizes_raise(call):
    with pytest.raises(ValueError, match=r"should|begin it with"):
        call()


def test_units_that_do_not_fill_a_shape_are_named():
    with pytest.raises(ValueError, match="12 units cannot be reshaped into"):
        dense_block(12, reshape=(2, 2, 2))


def test_sizes_may_be_numbers_of_numpy_and_pairs():
    d = dcgan_discriminator(np.array([28, 28, 1]), widths=np.array([4, 8]), kernel_size=(5, 3))
    assert d.input_shape == (None, 28, 28, 1)
    assert d.layers[0].kernel_size == (5, 3)
    assert dcgan_generator(latent_dim=np.int64(7), widths=[4, 4]).input_shape == (None, 7)


def test_a_functional_network_has_a_table_and_a_copy():
    inputs = keras.Input((3,))
    dense = keras.layers.Dense(4)
    network = keras.Model(inputs, keras.layers.ReLU()(dense(inputs)))
    lines = layer_table(network).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["input", "Dense", "ReLU", "sum"]
    copy = copy_of(network, name="copy")
    x = np.ones((2, 3), "float32")
    np.testing.assert_allclose(copy(x), network(x))
    dense.kernel.assign(0 * dense.kernel)
    assert float(np.abs(copy(x) - network(x)).max()) > 0
