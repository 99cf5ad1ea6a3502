"""DCGAN: one step does what the text says, alone, compiled, in bfloat16, on two devices."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_course import (
    DCGAN,
    CombinedDCGAN,
    Monitor,
    copy_of,
    dcgan_discriminator,
    dcgan_generator,
)
from dcgan_course.networks.losses import discriminator_loss, generator_loss
from dcgan_course.training.optimizers import settings_of

CODES = 8


def small_gan(images_shape=(28, 28, 1), dropout=0.3, **options):
    keras.utils.set_random_seed(3)
    return DCGAN(
        dcgan_generator(images_shape, latent_dim=CODES, widths=(16, 8)),
        dcgan_discriminator(images_shape, widths=(8, 16), dropout=dropout),
        seed=1,
        **options,
    )


def weights(model):
    return [variable.numpy() for variable in model.variables]


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.slow(seconds=4)
def test_the_same_seed_gives_the_same_weights_twice(digits):
    ends, histories = [], []
    for _ in range(2):
        gan = small_gan(average=0.9)
        gan.compile(label_noise=0.1, label_smoothing=0.1)
        histories.append(gan.fit(digits, batch_size=32, epochs=2, verbose=0).history)
        ends.append(weights(gan))
    assert equal(*ends)
    assert histories[0] == histories[1]
    other = DCGAN(small_gan().generator, small_gan().discriminator, seed=2)
    other.compile()
    other.fit(digits, batch_size=32, epochs=2, verbose=0)
    assert not equal(weights(other.generator), ends[0][: len(other.generator.variables)])


def test_fit_learns(digits):
    """D tells noise from digits within seconds, and G makes its task harder again."""
    gan = small_gan()
    gan.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.Adam(1e-3, beta_1=0.5))
    history = gan.fit(digits, batch_size=32, epochs=30, verbose=0).history
    assert max(history["d_real"]) > 0.6
    assert min(history["d_loss"]) < 1.25
    z = tf.random.stateless_normal((64, CODES), seed=[0, 0])
    # With the batch's own statistics: the moving ones need more steps than a test takes.
    start, end = (model.generator(z, training=True).numpy() for model in (small_gan(), gan))
    # Mostly black, as the digits are, where the untrained network is gray.
    assert abs(end.mean() - digits.mean()) < 0.6 * abs(start.mean() - digits.mean())


def test_one_forward_pass_of_g_in_training_mode_serves_both_updates(digits):
    gan = small_gan()
    gan.compile(run_eagerly=True)
    calls = []
    original = gan.generator.call

    def counted(inputs, training=None, mask=None):
        calls.append(training)
        return original(inputs, training=training)

    gan.generator.call = counted
    gan.train_step(tf.constant(digits[:16]))
    assert calls == [True]


def test_a_step_is_what_two_tapes_by_hand_compute(digits):
    """The step against a version written out anew, with plain gradient descent."""
    gan = small_gan(dropout=0.0)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), run_eagerly=True)
    twin = small_gan(dropout=0.0)
    batch = tf.constant(digits[:16])
    z = tf.random.stateless_normal((16, CODES), seed=[1, 0])
    with tf.GradientTape(persistent=True) as tape:
        fakes = twin.generator(z, training=True)
        real = twin.discriminator(batch, training=True)
        fake = twin.discriminator(fakes, training=True)
        d_loss, g_loss = discriminator_loss(real, fake), generator_loss(fake)
    for network, loss in ((twin.discriminator, d_loss), (twin.generator, g_loss)):
        gradients = tape.gradient(loss, network.trainable_variables)
        for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
            variable.assign_sub(0.1 * gradient)
    logs = gan.train_step(batch)
    assert float(logs["d_loss"]) == pytest.approx(float(d_loss), rel=1e-5)
    assert float(logs["g_loss"]) == pytest.approx(float(g_loss), rel=1e-5)
    assert float(logs["d_real"]) == pytest.approx(float(tf.reduce_mean(tf.sigmoid(real))), rel=1e-5)
    for network in ("generator", "discriminator"):
        pairs = zip(weights(getattr(gan, network)), weights(getattr(twin, network)), strict=True)
        for mine, theirs in pairs:
            np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", ["non_saturating", "minimax", "hinge", "wasserstein"])
def test_every_loss_trains_both_networks(digits, loss):
    gan = small_gan()
    gan.compile(loss=loss)
    before = weights(gan.generator)[0], weights(gan.discriminator)[0]
    gan.fit(digits[:64], batch_size=32, epochs=1, verbose=0)
    assert not np.array_equal(weights(gan.generator)[0], before[0])
    assert not np.array_equal(weights(gan.discriminator)[0], before[1])


def test_moving_average(digits):
    gan = small_gan(average=0.75)
    gan.compile(run_eagerly=True)
    expected = [w.numpy() for w in gan.generator.weights]
    for step in range(1, 4):
        gan.train_step(tf.constant(digits[:16]))
        momentum = min(0.75, (1 + step) / (10 + step))
        expected = [
            momentum * mean + (1 - momentum) * weight.numpy()
            for mean, weight in zip(expected, gan.generator.weights, strict=True)
        ]
    for mean, by_hand in zip(gan.sampler.weights, expected, strict=True):
        np.testing.assert_allclose(mean.numpy(), by_hand, rtol=1e-5, atol=1e-6)
    z = np.zeros((1, CODES), "float32")
    np.testing.assert_array_equal(gan.sample(z), gan.sampler(z, training=False).numpy())
    assert np.abs(gan.sample(z) - gan.generator(z, training=False).numpy()).max() > 0


def test_after_an_epoch_the_average_has_statistics_of_its_own(digits):
    gan = small_gan(average=0.9)
    gan.compile()
    seen = []
    draw = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(weights(gan.sampler))
    )
    gan.fit(digits[:64], batch_size=32, epochs=1, verbose=0, callbacks=[draw])
    z = np.random.default_rng(1).standard_normal((1024, CODES), "float32")
    copy = copy_of(gan.sampler)
    copy.trainable = True
    by_batch = copy(z, training=True)
    # After two steps the statistics of the training itself are still near 0 and 1.
    assert np.abs(by_batch - gan.sampler(z, training=False)).mean() < 0.01
    assert np.abs(by_batch - gan.generator(z, training=False)).mean() > 0.02
    assert equal(seen[0], weights(gan.sampler))  # what a callback draws has them already
    assert not gan.sampler.trainable_weights


def test_without_average_samples_come_from_g():
    gan = small_gan()
    assert gan.sampler is gan.generator
    assert gan.sample(3).shape == (3, 28, 28, 1)


def test_bfloat16(digits):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        gan = small_gan(average=0.9)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    gan.compile()
    history = gan.fit(digits, batch_size=32, epochs=1, verbose=0).history
    assert np.isfinite(history["d_loss"][0])
    assert gan.generator.layers[0].compute_dtype == "bfloat16"
    assert {w.dtype for w in weights(gan.generator)} == {np.dtype("float32")}
    assert gan.sampler.layers[0].compute_dtype == "float32"  # samples run on any processor
    assert gan.sample(2).dtype == np.float32


@pytest.mark.slow(seconds=4)
def test_xla_computes_the_same(digits):
    losses = []
    for jit in (False, True):
        gan = small_gan(dropout=0.0)
        gan.compile(jit_compile=jit)
        history = gan.fit(digits[:64], batch_size=32, epochs=1, verbose=0).history
        losses.append((history["d_loss"][0], history["d_real"][0]))
    # XLA has random numbers of its own, so the codes differ; the balance does not.
    np.testing.assert_allclose(*losses, atol=0.05)


def plain_gan(kind=DCGAN):
    """Without batch norm, which sees half the batch on each of two devices."""
    keras.utils.set_random_seed(3)
    g = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(64, "tanh"), keras.layers.Reshape((8, 8, 1))]
    )
    d = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, 2, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    gan = kind(g, d, seed=1, average=0.9)
    gan.compile(
        keras.optimizers.Adam(1e-3, beta_1=0.5),
        keras.optimizers.Adam(1e-3, beta_1=0.5),
        label_smoothing=0.1,
    )
    return gan


@pytest.mark.parametrize("kind", [DCGAN, CombinedDCGAN])
def test_two_devices_compute_what_one_does(kind):
    images = np.tanh(np.random.default_rng(0).normal(size=(64, 8, 8, 1))).astype("float32")
    one = plain_gan(kind)
    history = one.fit(images, batch_size=16, epochs=3, verbose=0).history
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert strategy.num_replicas_in_sync == 2
    with strategy.scope():
        two = plain_gan(kind)
    history_of_two = two.fit(images, batch_size=16, epochs=3, verbose=0).history
    for name, values in history.items():
        np.testing.assert_allclose(values, history_of_two[name], rtol=1e-5)
    for mine, theirs in zip(weights(one), weights(two), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
    start = plain_gan(kind)
    moved = max(np.abs(a - b).max() for a, b in zip(weights(one), weights(start), strict=True))
    assert moved > 1e-3  # the comparison is not one of networks that stood still


def test_fit_takes_a_dataset_as_well(digits):
    gan = small_gan()
    gan.compile()
    batches = tf.data.Dataset.from_tensor_slices(digits).batch(32, drop_remainder=True)
    history = gan.fit(batches, epochs=2, verbose=0)
    assert len(history.history["g_loss"]) == 2


@pytest.mark.filterwarnings("error::UserWarning")
def test_fit_raises_no_warning(digits):
    gan = small_gan()
    gan.compile()
    gan.fit(digits[:64], batch_size=32, epochs=1, verbose=0)


def test_monitor_leaves_the_runs_files(digits, tmp_path):
    gan = small_gan(average=0.9)
    gan.compile()
    monitor = Monitor(tmp_path, codes=9, live=False)
    history = gan.fit(digits, batch_size=64, epochs=3, verbose=0, callbacks=[monitor]).history
    names = {path.name for path in tmp_path.iterdir()}
    assert {"samples.png", "training.gif", "history.csv", "frames"} <= names
    frames = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert frames == [f"epoch-000{n}.png" for n in range(4)]  # the untrained G is frame 0
    header, *rows = (tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()
    columns = dict(zip(header.split(","), rows[-1].split(","), strict=True))
    assert len(rows) == 3
    assert float(columns["d_loss"]) == pytest.approx(history["d_loss"][-1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:, :27], "expects images of shape"),
        (lambda x: (x + 1) * 127.5, r"x / 127\.5"),
        (lambda x: x * np.float32(np.nan), "hold NaN or infinite values, first in image 0"),
    ],
)
def test_fit_refuses_bad_images(digits, change, message):
    gan = small_gan()
    gan.compile()
    with pytest.raises(ValueError, match=message):
        gan.fit(change(digits), epochs=1, verbose=0)


def test_other_bad_input(digits):
    g, d = small_gan().generator, small_gan().discriminator
    with pytest.raises(ValueError, match="should be equal"):
        DCGAN(dcgan_generator((32, 32, 3), widths=(8, 8)), d)
    with pytest.raises(ValueError, match="one logit"):
        DCGAN(g, keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()]))
    with pytest.raises(ValueError, match="of 0 or more and below 1"):
        DCGAN(g, d, average=1.0)
    gan = DCGAN(g, d)
    with pytest.raises(ValueError, match="Unknown loss"):
        gan.compile(loss="binary_crossentropy")
    with pytest.raises(ValueError, match=r"shape \(count, 8\)"):
        gan.sample(np.zeros((3, 9), "float32"))
    gan.compile()
    with pytest.raises(ValueError, match="leave out y"):
        gan.fit(digits, np.zeros(len(digits)), verbose=0)


def linear_discriminator(slope):
    """D(x) = slope · sum of all pixels: its slope at every image is known."""
    network = keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(1, use_bias=False)]
    )
    network.layers[-1].kernel.assign(slope * np.ones((784, 1), "float32"))
    return network


def test_r1_is_half_gamma_times_the_squared_slope_and_pushes_it_down(digits):
    generator = dcgan_generator(latent_dim=8, widths=(8, 4))
    gan = DCGAN(generator, linear_discriminator(0.1), seed=1)
    gan.compile(r1=4.0)
    logits, penalty = gan.judge_real(tf.constant(digits[:6]), 6)
    assert float(penalty) == pytest.approx(0.5 * 4.0 * 784 * 0.1**2, rel=1e-4)
    np.testing.assert_allclose(logits, gan.discriminator(digits[:6]), rtol=1e-4)

    slopes = {}
    for r1 in (0.0, 4.0):
        gan = DCGAN(generator, linear_discriminator(0.1), seed=1)
        gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(1e-3), r1=r1)
        reported = gan.train_step(tf.constant(digits[:6]))
        slopes[r1] = float(tf.reduce_mean(gan.discriminator.layers[-1].kernel))
        slopes[r1, "loss"] = float(reported["d_loss"])
    # d/dw of γ/2 · ‖w‖² is γ w, for each of 784 equal weights.
    assert slopes[0.0] - slopes[4.0] == pytest.approx(1e-3 * 4.0 * 0.1, rel=1e-2)
    assert slopes[0.0, "loss"] == pytest.approx(slopes[4.0, "loss"])
    with pytest.raises(ValueError, match="r1 should be a number of 0 or more"):
        gan.compile(r1=-1)


def test_augment_changes_what_d_sees_of_both_and_g_learns_through_it(digits):
    seen = []

    def darker(images, seed):
        seen.append((images, seed))
        return images * 0.5 - 0.5

    def build(augment):
        keras.utils.set_random_seed(3)
        gan = DCGAN(
            dcgan_generator(latent_dim=8, widths=(8, 4)),
            dcgan_discriminator(widths=(4, 8), batch_norm=False),
            seed=1,
        )
        gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), augment=augment)
        return gan

    gan = build(darker)
    before = gan.generator.get_weights()
    gan.train_step(tf.constant(digits[:6]))
    (reals, first), (fakes, second) = seen
    np.testing.assert_array_equal(reals, digits[:6])
    assert fakes.shape == (6, 28, 28, 1)
    assert tuple(first.numpy()) != tuple(second.numpy())
    moved = [np.abs(a - b).max() for a, b in zip(before, gan.generator.get_weights(), strict=True)]
    assert max(moved) > 0

    plain = build(None)
    plain.train_step(tf.constant(digits[:6]))
    weights = zip(gan.discriminator.weights, plain.discriminator.weights, strict=True)
    assert max(float(tf.reduce_max(tf.abs(a - b))) for a, b in weights) > 0
    assert settings_of(gan, None)["augment"] == "darker"
    assert settings_of(plain, None)["augment"] is None
    with pytest.raises(ValueError, match="a function with a name"):
        gan.compile(augment=partial(darker, seed=1))
