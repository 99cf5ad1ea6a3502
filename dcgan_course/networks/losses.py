"""Adversarial losses on logits.

Here `D(x)` is the discriminator's logit: its output before any sigmoid, positive for
"real". With the sigmoid σ(l) = 1 / (1 + exp(−l)) as probability, every logarithm below
is written with softplus(l) = log(1 + exp(l)), which neither overflows nor loses digits:
log σ(l) = −softplus(−l) and log(1 − σ(l)) = −softplus(l).

| kind           | discriminator minimizes                   | generator minimizes     |
|----------------|-------------------------------------------|-------------------------|
| non_saturating | −log σ(D(x)) − log(1 − σ(D(G(z))))        | −log σ(D(G(z)))         |
| minimax        | the same                                  | log(1 − σ(D(G(z))))     |
| hinge          | max(0, 1 − D(x)) + max(0, 1 + D(G(z)))    | −D(G(z))                |
| wasserstein    | −D(x) + D(G(z))                           | −D(G(z))                |

Goodfellow et al. 2014, "Generative Adversarial Nets" (arXiv:1406.2661): minimax, whose
generator loss saturates, and the non-saturating remedy. Lim and Ye 2017, "Geometric GAN"
(arXiv:1705.02894): hinge. Arjovsky et al. 2017, "Wasserstein GAN" (arXiv:1701.07875), which
asks in addition that D be kept Lipschitz.
"""

import tensorflow as tf

from dcgan_course.checks import number

KINDS = ("non_saturating", "minimax", "hinge", "wasserstein")


def discriminator_loss(
    real_logits,
    fake_logits,
    kind="non_saturating",
    *,
    label_smoothing=0.0,
    label_noise=0.0,
    seed=None,
    global_batch_size=None,
):
    """Compute what D minimizes: real images should get high logits, fakes low ones.

    With targets t (1 for real, 0 for fake) the logarithmic losses are the cross-entropy
    −t log σ(l) − (1 − t) log(1 − σ(l)), averaged over the batch, real and fake added.
    Where D cannot tell the two apart, all logits are 0 and the loss is 2 log 2 = 1.386.

    Args:
        real_logits: float (batch, heads) or (batch,), D's logits for real images. A D with
            several heads has a logit from each, whose losses are summed.
        fake_logits: the same for fakes.
        kind: one of `KINDS`.
        label_smoothing: s in [0, 1). Real targets become 1 − s, fakes stay at 0:
            one-sided smoothing (Salimans et al. 2016, arXiv:1606.03498, section 3.4).
        label_noise: n in [0, 1). Each target moves toward the other by a random fraction
            of at most n, never past 0 or 1.
        seed: two int numbers; the same seed gives the same label noise.
        global_batch_size: what to divide the sum by, instead of this batch's size.
            Needed if the batch is one replica's part (`tf.distribute`).

    Returns:
        A float32 scalar.

    Raises:
        ValueError: unknown kind, wrong shapes, an option out of range, or label options
            with a loss that has no targets (hinge, Wasserstein).
    """
    check_labels(kind, label_smoothing, label_noise)
    real, fake = _checked(real_logits, "real_logits"), _checked(fake_logits, "fake_logits")
    if real.shape.is_fully_defined() and fake.shape.is_fully_defined() and real.shape != fake.shape:
        raise ValueError(
            f"real_logits has shape {real.shape}, fake_logits {fake.shape}: they should be "
            "equal, or a sum of the two would silently broadcast."
        )
    if kind in ("hinge", "wasserstein"):
        if kind == "hinge":
            return _mean(tf.nn.relu(1 - real) + tf.nn.relu(1 + fake), global_batch_size)
        return _mean(fake - real, global_batch_size)

    real_targets = (1 - label_smoothing) * tf.ones_like(real)
    fake_targets = tf.zeros_like(fake)
    if label_noise:
        shares = _noise(tf.concat([tf.shape(real)[:1], [2]], axis=0), label_noise, seed)
        shape = tf.concat([tf.shape(real)[:1], tf.ones_like(tf.shape(real)[1:])], axis=0)
        real_targets *= 1 - tf.reshape(shares[:, 0], shape)
        fake_targets += tf.reshape(shares[:, 1], shape)
    real_part = tf.nn.sigmoid_cross_entropy_with_logits(labels=real_targets, logits=real)
    fake_part = tf.nn.sigmoid_cross_entropy_with_logits(labels=fake_targets, logits=fake)
    return _mean(real_part + fake_part, global_batch_size)


def generator_loss(fake_logits, kind="non_saturating", *, global_batch_size=None):
    """Compute what G minimizes: D should classify its fakes as real.

    non_saturating: −log σ(D(G(z))), steep where D is sure of the fake. minimax:
    log(1 − σ(D(G(z)))), flat there, so that G hardly learns when it needs to most.
    hinge and wasserstein: −D(G(z)).

    Args:
        fake_logits: float (batch, heads) or (batch,), D's logits for fakes.
        kind: one of `KINDS`.
        global_batch_size: see `discriminator_loss`.

    Returns:
        A float32 scalar.

    Raises:
        ValueError: unknown kind or wrong shape.
    """
    _check_kind(kind)
    fake = _checked(fake_logits, "fake_logits")
    if kind == "non_saturating":
        return _mean(tf.nn.softplus(-fake), global_batch_size)
    if kind == "minimax":
        return _mean(-tf.nn.softplus(fake), global_batch_size)
    return _mean(-fake, global_batch_size)


def check_labels(kind, label_smoothing=0.0, label_noise=0.0):
    """Check a loss and what is done to its labels.

    Raises:
        ValueError: unknown kind, an option outside [0, 1), or label options with a loss that
            has no labels.
    """
    _check_kind(kind)
    options = {"label_smoothing": label_smoothing, "label_noise": label_noise}
    for name, value in options.items():
        options[name] = number(name, value, minimum=0, below=1)
    if kind in ("hinge", "wasserstein") and any(options.values()):
        raise ValueError(f"The {kind} loss has no labels to smooth or to disturb.")


def _check_kind(kind):
    if kind not in KINDS:
        raise ValueError(f"Unknown loss {kind!r}. Known are: {', '.join(KINDS)}.")


def _checked(logits, name):
    # float32, because a mean over a batch in bfloat16 keeps two or three digits.
    logits = tf.convert_to_tensor(logits)
    if not logits.dtype.is_floating:
        raise ValueError(f"{name} should be floating-point logits, not {logits.dtype.name}.")
    if logits.shape.rank not in (1, 2):
        raise ValueError(
            f"{name} should have shape (batch, heads) or (batch,), not {logits.shape}."
        )
    return tf.cast(logits, tf.float32)


def _noise(shape, most, seed):
    if seed is None:
        return tf.random.uniform(shape, maxval=most)
    return tf.random.stateless_uniform(shape, seed=seed, maxval=most)


def _mean(per_example, global_batch_size):
    """The average over the batch, of the sum over the heads."""
    if global_batch_size is None:
        global_batch_size = tf.shape(per_example)[0]
    return tf.reduce_sum(per_example) / tf.cast(global_batch_size, tf.float32)
