"""The checks of drawn numbers: right answers pass practically always, wrong ones fail."""

import numpy as np
import pytest

from dcgan_course.grading import start_anew
from dcgan_course.grading.inside import ops
from dcgan_course.grading.networks import not_normal


def drawn(rng, sizes, std=0.02, mean=0.0):
    return [rng.normal(mean, std, size) for size in sizes]


@pytest.mark.parametrize("sizes", [(4, 9, 16), (27, 256, 4096), (100_000,)])
def test_right_kernels_pass_in_every_one_of_many_draws(sizes):
    rng = np.random.default_rng(1)
    count = 3000 if max(sizes) < 10_000 else 50
    assert [said for _ in range(count) if (said := not_normal(drawn(rng, sizes), 0.02))] == []


@pytest.mark.parametrize(
    "kernels",
    [
        lambda rng: drawn(rng, (256, 4096), std=0.05),
        lambda rng: drawn(rng, (256, 4096), std=0.015),
        lambda rng: drawn(rng, (256, 4096), mean=0.02),
        lambda rng: drawn(rng, (4096,)) + drawn(rng, (256,), std=0.1),
        lambda rng: [rng.uniform(-0.0346, 0.0346, 4096)],
        lambda rng: [np.zeros(4096)],
    ],
)
def test_other_kernels_fail(kernels):
    rng = np.random.default_rng(2)
    assert all(not_normal(kernels(rng), 0.02) for _ in range(20))


def test_truncated_normal_numbers_pass():
    numbers = np.random.default_rng(3).normal(0, 0.02, 20_000)
    assert not_normal([numbers[np.abs(numbers) < 0.04]], 0.02) == ""


def test_a_network_is_seen_operation_by_operation_and_left_as_it_was():
    import keras
    from keras import layers

    start_anew(5)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 4, 2, "same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    x = np.random.default_rng(4).normal(size=(2, 8, 8, 1)).astype("float32")
    before = [np.array(w) for w in model.weights]
    first, last = ops.trace(model, x, True)
    assert (first["op"], first["strides"], first["output"]) == ("conv2d", [2, 2], [2, 4, 4, 4])
    assert (last["op"], last["data"], last["kernel"]) == ("mat_mul", [2, 64], [64, 1])
    ones = np.full((2, 4, 4, 4), -1, "float32")
    seen = ops.between(model, x, False, 0, ones)
    np.testing.assert_allclose(seen, -0.2 / np.sqrt(1.001), rtol=1e-4)
    np.testing.assert_array_equal(ops.between(model, x, False, -1, None), x)
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, np.array(new))
    np.testing.assert_allclose(np.array(model(x)), model.predict(x, verbose=0), rtol=1e-4)
