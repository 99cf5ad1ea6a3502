"""The examiner's numbers, and that it leaves no trace."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from gans import dense_networks, equal, line_networks, small_gan, state
from packaging.version import Version

from dcgan_course import DCGAN
from dcgan_course.data.folder import ImageFolder, write_pictures
from dcgan_course.diagnosis.doctor import Doctor
from dcgan_course.diagnosis.examiner import Examiner
from dcgan_course.diagnosis.probe import output_range


def restless_networks():
    """Networks of which nearly every layer has a state: averages, random generators, kernels."""
    # Keras 3.0's spectral normalization fails in a graph.
    works = Version(keras.__version__) >= Version("3.1")
    normal = keras.layers.SpectralNormalization if works else lambda layer: layer
    g = [
        keras.Input((4,)),
        keras.layers.Dense(64),
        keras.layers.BatchNormalization(),
        keras.layers.Reshape((8, 8, 1)),
        keras.layers.Activation("tanh"),
    ]
    d = [
        keras.Input((8, 8, 1)),
        normal(keras.layers.Conv2D(4, 4, strides=4)),
        keras.layers.BatchNormalization(),
        keras.layers.GaussianNoise(0.1),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.3),
        normal(keras.layers.Dense(1)),
    ]
    return keras.Sequential(g), keras.Sequential(d)


# --- without a trace ------------------------------------------------------------------


def test_a_check_leaves_the_networks_as_they_were(digits):
    """Moving averages, random generators, and the kernels of spectral normalization too."""
    gan = small_gan(networks=restless_networks)
    before = state(gan)
    examiner = Examiner(gan.generator, gan.discriminator, digits[:, 10:18, 10:18])
    examiner.look(0)
    examiner.look(1)
    assert equal(before, state(gan))


@pytest.mark.slow(seconds=8)
def test_a_training_under_a_doctor_ends_where_it_would_have_without(digits):
    ends = []
    small = digits[:, 10:18, 10:18]
    for callbacks in ([], [Doctor(small, every=2)]):
        gan = small_gan(networks=restless_networks)
        np.random.seed(3)  # noqa: NPY002 - the global generator is what must be left alone
        gan.fit(small, batch_size=32, epochs=1, verbose=0, callbacks=callbacks)
        ends.append([*state(gan), np.random.uniform(), tf.random.uniform([])])  # noqa: NPY002
    assert equal(*ends)
    assert [row["step"] for row in callbacks[0].rows] == [0, 2, 4, 6, 8]
    assert all(row["statistics_moved"] > 0 for row in callbacks[0].rows[1:])


# --- the numbers ----------------------------------------------------------------------


def test_the_numbers_are_those_that_can_be_computed_by_hand():
    real = np.linspace(1, 3, 64, dtype="float32")[:, None]
    examiner = Examiner(*line_networks(0.5), real, held_out=real - 1, loss="minimax")
    row = examiner.look(7)
    fakes = 0.5 * examiner.codes.numpy()
    probability = 1 / (1 + np.exp(-fakes))
    assert row["step"] == 7
    assert row["d_real"] == pytest.approx((1 / (1 + np.exp(-real))).mean(), rel=1e-5)
    assert row["d_fake"] == pytest.approx(probability.mean(), rel=1e-5)
    # The slope of log(1 − σ(w z)) with respect to w is −σ z; of −log σ it is −(1 − σ) z.
    codes = examiner.codes.numpy()
    assert row["g_gradient"] == pytest.approx(abs((probability * codes).mean()), rel=1e-4)
    assert row["g_steep"] == pytest.approx(abs(((1 - probability) * codes).mean()), rel=1e-4)
    assert row["auc"] == pytest.approx((real > fakes.T).mean(), abs=1e-6)
    assert row["known_auc"] == pytest.approx((real > (real - 1).T).mean(), abs=0.01)
    assert row["memory"] == pytest.approx(1 / (real.mean() - fakes.mean()), rel=1e-4)
    assert row["offset"] == pytest.approx(abs(fakes.mean() - 2) / real.std(), rel=1e-4)
    assert row["mode_gap"] == 0
    assert row["d_curvature"] < 1e-4
    assert (row["logit_low"], row["logit_high"]) == (fakes.min(), 3)


def test_movement_is_counted_from_check_to_check_and_from_the_beginning():
    networks = line_networks(0.5)
    examiner = Examiner(*networks, np.ones((32, 1)) * np.linspace(0, 1, 32)[:, None])
    first = examiner.look(0)
    assert "g_moved" not in first
    assert (first["g_kernels"], first["g_still"], first["g_still_first"]) == (1, 1, 1)
    for kernel, moved, gone in ((0.6, 0.2, 0.2), (0.75, 0.25, 0.5)):
        networks[0].layers[0].kernel.assign([[kernel]])
        row = examiner.look(1)
        assert row["g_moved"] == pytest.approx(moved, rel=1e-4)
        assert row["g_gone"] == pytest.approx(gone, rel=1e-4)
        assert row["g_still"] == 0
    assert "statistics_moved" not in row  # this G has no batch norm
    assert row["d_moved"] == 0
    assert (row["d_still"], row["d_still_first"]) == (1, 1)
    spread = np.linspace(0, 1, 32).std()
    codes = examiner.codes.numpy()
    assert row["change"] == pytest.approx(0.15 * np.sqrt((codes**2).mean()) / spread, rel=1e-3)


@pytest.mark.parametrize(("kernel", "heading"), [(0.6, 1), (0.4, -1)])
def test_a_heading_is_the_cosine_of_a_step_and_the_way_downhill(kernel, heading):
    networks = line_networks(0.5)
    real = np.linspace(1, 3, 32)[:, None]
    examiner = Examiner(*networks, real)
    row = examiner.look(0)
    # D's logit is its input: wherever the codes' mean is, downhill is one of two ways.
    fakes = 0.5 * examiner.codes.numpy()
    slope = -((1 - 1 / (1 + np.exp(-fakes))) * examiner.codes.numpy()).mean()
    networks[0].layers[0].kernel.assign([[kernel]])
    examiner.after_step()
    assert row["g_heading"] == pytest.approx(-heading * np.sign(slope))
    assert "d_heading" not in row  # it has not moved
    networks[0].layers[0].kernel.assign([[0.5]])
    examiner.after_step()
    assert row["g_heading"] == pytest.approx(-heading * np.sign(slope))  # once is enough


@pytest.mark.parametrize(
    ("activation", "limits"),
    [("tanh", (-1, 1)), ("sigmoid", (0, 1)), ("relu", (0, 50)), (None, (-50, 50))],
)
def test_the_range_that_a_network_can_reach_is_found_in_its_last_layers(activation, limits):
    inside = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation=activation)])
    behind = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4),
            keras.layers.Activation(activation or "linear"),
            keras.layers.Reshape((2, 2)),
        ]
    )
    x = keras.Input((3,))
    functional = keras.Model(x, keras.layers.Dense(2, activation=activation)(x))
    for network in (inside, behind, functional, keras.Sequential([keras.Input((3,)), inside])):
        assert output_range(network) == pytest.approx(limits, abs=1e-5)
    assert output_range(keras.Model(x, keras.layers.add([x, keras.layers.Dense(3)(x)]))) is None


def test_what_a_step_has_shown_is_compared_with_what_was_given():
    rng = np.random.default_rng(1)
    real = rng.normal(size=(200, 8, 8, 3)).astype("float32")
    examiner = Examiner(*dense_networks((8, 8, 3)), real, compiled=False)
    codes = rng.normal(size=(32, 4)).astype("float32")
    seen = {"batch": real[:32], "d_real": real[:32], "codes": codes, "batch_size": 32.0}
    row = examiner.look(0, seen=seen)
    assert row["batch_known"] == 1
    assert abs(row["batch_shift"]) < 0.1
    assert row["d_real_changed"] == 0
    assert "codes_change" not in row
    gray = np.repeat(real[:32].mean(axis=3, keepdims=True), 3, axis=3)
    seen = {"batch": 2 * real[:32] + 3, "codes": codes, "d_real": gray, "fakes": codes}
    row = examiner.look(1, seen=seen)
    assert row["batch_known"] == 0
    assert row["batch_shift"] == pytest.approx(3, abs=0.2)
    assert row["batch_spread"] == pytest.approx(2, abs=0.1)
    assert row["batch_apart"] > 0.8
    assert row["codes_change"] == 0
    assert row["colour_shown"] == 0


def test_the_codes_of_a_foreign_gan_are_taken_over():
    real = np.random.default_rng(1).normal(size=(40, 2)).astype("float32")
    codes = np.random.default_rng(1).uniform(size=(32, 4)).astype("float32")
    for loss, spread in ((None, 0.29), ("hinge", 1.0)):
        examiner = Examiner(*dense_networks((2,)), real, loss=loss, compiled=False)
        examiner.look(0, seen={"codes": codes})
        assert examiner.codes.numpy().std() == pytest.approx(spread, rel=0.15)


def test_samples_are_drawn_at_random_from_a_sorted_set():
    real = np.repeat(np.arange(10.0), 100)[:, None]
    first, again, other = (
        Examiner(*line_networks(), real, seed=seed).real.numpy() for seed in (1, 1, 2)
    )
    assert len(first) == 128
    assert set(np.unique(first)) == set(range(10))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


# --- whatever it is given -------------------------------------------------------------


@pytest.mark.parametrize("shape", [(28, 28, 1), (7, 9, 1), (3, 3, 3), (5,)])
@pytest.mark.parametrize("kind", ["constant", "duplicates", "ordinary"])
def test_odd_data_and_odd_sizes_are_examined(shape, kind):
    rng = np.random.default_rng(2)
    real = rng.uniform(-1, 1, (40, *shape))
    if kind == "constant":
        real = 0 * real - 1
    elif kind == "duplicates":
        real = np.repeat(real[:2], 20, axis=0)
    examiner = Examiner(*dense_networks(shape), real, held_out=real, compiled=False)
    examiner.look(0)
    row = examiner.look(1)
    assert all(math.isfinite(value) for value in row.values())
    assert row["duplicates"] == (kind != "ordinary")


class Cut(keras.layers.Layer):
    def call(self, x):
        return tf.stop_gradient(x)


@pytest.mark.parametrize("compiled", [False, True])
def test_weights_that_no_gradient_reaches_have_a_gradient_of_zero(compiled):
    g, d = dense_networks((5,))
    cut = keras.Sequential([g.inputs[0], *g.layers, Cut()])
    real = np.random.default_rng(1).uniform(-1, 1, (40, 5))
    row = Examiner(cut, d, real, compiled=compiled).look(0)
    assert row["g_gradient"] == 0
    assert row["d_gradient"] > 0


@pytest.mark.parametrize("shape", [(10, 28, 28, 1), (64, 8, 8, 1)])
def test_real_samples_that_do_not_fit_are_refused(shape):
    gan = small_gan()
    with pytest.raises(ValueError, match="at least 16 real samples of shape"):
        Examiner(gan.generator, gan.discriminator, np.zeros(shape))
    with pytest.raises(ValueError, match="held-out samples of shape"):
        Examiner(
            gan.generator,
            gan.discriminator,
            np.zeros((20, 28, 28, 1)),
            held_out=np.zeros(shape)[:1],
        )


def test_a_dataset_is_refused_in_words(digits):
    gan = small_gan()
    for real in (tf.data.Dataset.from_tensor_slices(digits).batch(8), iter(digits), 3):
        with pytest.raises(ValueError, match="real samples as an array"):
            Examiner(gan.generator, gan.discriminator, real)


def test_a_folder_of_pictures_is_read(tmp_path):
    rng = np.random.default_rng(1)
    write_pictures(tmp_path, rng.integers(0, 256, (20, 8, 8, 3)).astype("uint8"))
    row = Examiner(*dense_networks((8, 8, 3)), ImageFolder(tmp_path, 8), compiled=False).look(0)
    assert -1 <= row["low_real"] < -0.5
    assert 0.5 < row["high_real"] <= 1


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(2, activation="tanh")

    def call(self, z, training=False):
        return self.dense(z)


def test_a_subclassed_generator_needs_to_tell_the_size_of_its_codes():
    d = dense_networks((2,))[1]
    real = np.random.default_rng(1).uniform(-1, 1, (32, 2))
    with pytest.raises(ValueError, match="Pass latent_dim="):
        Examiner(Subclassed(), d, real)
    assert Examiner(Subclassed(), d, real, latent_dim=3, compiled=False).look(0)["g_loss"] > 0


@pytest.mark.parametrize(("loss", "wanted"), [("minimax", 1.0), ("hinge", 0.0), (None, 0.0)])
def test_losses_without_probabilities_are_told_from_others(digits, loss, wanted):
    gan = small_gan()
    examiner = Examiner(gan.generator, gan.discriminator, digits[:32], loss=loss, compiled=False)
    assert examiner.look(0)["probabilities"] == wanted


def test_a_foreign_d_that_ends_in_a_sigmoid_gives_probabilities(digits):
    gan = small_gan()
    judge = gan.discriminator
    ended = keras.Sequential([*judge.layers, keras.layers.Activation("sigmoid")])
    ended.build((None, 28, 28, 1))
    rows = [
        Examiner(gan.generator, d, digits[:32], loss=loss, compiled=False).look(0)
        for d, loss in ((judge, "non_saturating"), (ended, None))
    ]
    for name in ("d_real", "d_fake", "g_loss", "d_loss", "auc"):
        assert rows[1][name] == pytest.approx(rows[0][name], rel=1e-3), name
    assert rows[1]["probabilities"] == 1


def test_half_precision_is_examined(digits):
    keras.mixed_precision.set_global_policy("float16")
    try:
        gan = DCGAN(*dense_networks((28, 28, 1)))
        gan.compile()
        gan.fit(digits[:32], batch_size=16, verbose=0, callbacks=[doctor := Doctor(digits)])
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert len(doctor.rows) >= 2
