"""Losses against their definitions, at ordinary and at extreme logits."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_course.networks.losses import KINDS, discriminator_loss, generator_loss

rng = np.random.default_rng(0)
REAL = rng.normal(size=(64, 1)).astype("float32") * 3
FAKE = rng.normal(size=(64, 1)).astype("float32") * 3


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits.astype("float64")))


def cross_entropy(target, logits):
    p = sigmoid(logits)
    return -(target * np.log(p) + (1 - target) * np.log(1 - p))


LOGARITHMIC = np.mean(cross_entropy(1, REAL) + cross_entropy(0, FAKE))
DEFINITIONS = {
    "non_saturating": (LOGARITHMIC, np.mean(-np.log(sigmoid(FAKE)))),
    "minimax": (LOGARITHMIC, np.mean(np.log(1 - sigmoid(FAKE)))),
    "hinge": (np.mean(np.maximum(0, 1 - REAL) + np.maximum(0, 1 + FAKE)), -np.mean(FAKE)),
    "wasserstein": (np.mean(FAKE) - np.mean(REAL), -np.mean(FAKE)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_definition(kind):
    d_loss, g_loss = DEFINITIONS[kind]
    assert float(discriminator_loss(REAL, FAKE, kind)) == pytest.approx(d_loss, abs=1e-5)
    assert float(generator_loss(FAKE, kind)) == pytest.approx(g_loss, abs=1e-5)


def test_values_at_equilibrium():
    nothing = np.zeros((8, 1), "float32")
    assert float(discriminator_loss(nothing, nothing)) == pytest.approx(2 * np.log(2))
    assert float(generator_loss(nothing)) == pytest.approx(np.log(2))
    assert float(generator_loss(nothing, "minimax")) == pytest.approx(-np.log(2))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("extreme", [-1000.0, 1000.0])
def test_finite_with_finite_gradients_at_extreme_logits(kind, extreme):
    logits = tf.constant([[extreme]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        d_loss = discriminator_loss(logits, -logits, kind)
        g_loss = generator_loss(logits, kind)
    for loss in (d_loss, g_loss):
        assert np.isfinite(float(loss))
        assert np.isfinite(tape.gradient(loss, logits).numpy()).all()
    if kind == "non_saturating":
        assert float(g_loss) == pytest.approx(1000 if extreme < 0 else 0)


def test_saturating_loss_has_no_gradient_where_the_other_has_the_most():
    logit = tf.constant([-20.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logit)
        saturating, non_saturating = generator_loss(logit, "minimax"), generator_loss(logit)
    assert abs(float(tape.gradient(saturating, logit)[0])) < 1e-8
    assert float(tape.gradient(non_saturating, logit)[0]) == pytest.approx(-1)


def test_one_sided_label_smoothing():
    smoothed = float(discriminator_loss(REAL, FAKE, label_smoothing=0.1))
    expected = np.mean(cross_entropy(0.9, REAL) + cross_entropy(0, FAKE))
    assert smoothed == pytest.approx(expected, abs=1e-5)


def test_label_noise_stays_within_its_bounds():
    """The loss is linear in the targets, so its extremes are those of the targets."""
    losses = [
        float(discriminator_loss(REAL, FAKE, label_noise=0.3, seed=[s, 0])) for s in range(50)
    ]
    assert len(set(losses)) > 40  # noise, drawn anew
    again = float(discriminator_loss(REAL, FAKE, label_noise=0.3, seed=[7, 0]))
    assert again == losses[7]  # and repeatable
    # Where every logit is right and large, loss = 1000 · (shift of the target), real + fake.
    sure = np.full((4096, 1), 1000.0, "float32")
    mean = float(discriminator_loss(sure, -sure, label_noise=0.3, seed=[1, 2]))
    assert mean == pytest.approx(
        1000 * (0.15 + 0.15), rel=0.03
    )  # inward by U(0, 0.3), never past 1


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"global_batch_size": 128}])
def test_the_losses_of_several_heads_are_summed(options):
    real, fake = tf.concat([REAL, 2 * REAL], 1), tf.concat([FAKE, 2 * FAKE], 1)
    both = float(discriminator_loss(real, fake, **options))
    each = [float(discriminator_loss(k * REAL, k * FAKE, **options)) for k in (1, 2)]
    assert both == pytest.approx(sum(each), rel=1e-5)
    options.pop("label_smoothing", None)
    each = [float(generator_loss(k * FAKE, **options)) for k in (1, 2)]
    assert float(generator_loss(fake, **options)) == pytest.approx(sum(each), rel=1e-5)


def test_label_noise_moves_an_image_alike_for_all_heads():
    real = tf.zeros((1000, 2))
    one = float(discriminator_loss(real[:, :1], real[:, :1], label_noise=0.3, seed=[1, 2]))
    both = float(discriminator_loss(real, real, label_noise=0.3, seed=[1, 2]))
    assert both == pytest.approx(2 * one, rel=1e-5)


def test_global_batch_size_makes_parts_add_up():
    whole = float(discriminator_loss(REAL, FAKE))
    parts = [
        float(discriminator_loss(REAL[i : i + 16], FAKE[i : i + 16], global_batch_size=64))
        for i in range(0, 64, 16)
    ]
    assert sum(parts) == pytest.approx(whole, rel=1e-5)


def test_bfloat16_logits_are_averaged_in_float32():
    low = tf.cast(REAL, tf.bfloat16)
    assert discriminator_loss(low, low).dtype == tf.float32


@pytest.mark.parametrize(
    "call",
    [
        lambda: discriminator_loss(REAL, FAKE[:, 0]),  # (64, 1) + (64,) would become (64, 64)
        lambda: discriminator_loss(REAL, FAKE[:32]),
        lambda: discriminator_loss(np.zeros((4, 2), "float32"), np.zeros((4, 3), "float32")),
        lambda: generator_loss(np.zeros((4, 7, 7, 1), "float32")),
        lambda: generator_loss(np.float32(0)),
        lambda: generator_loss(np.zeros((4, 1), "int32")),
        lambda: generator_loss(FAKE, "modified"),
        lambda: discriminator_loss(REAL, FAKE, label_smoothing=1.5),
        lambda: discriminator_loss(REAL, FAKE, label_noise=-0.1),
        lambda: discriminator_loss(REAL, FAKE, "hinge", label_smoothing=0.1),
    ],
)
def test_bad_input_raises_at_once(call):
    with pytest.raises(ValueError, match=r"should|Unknown|no labels"):
        call()
