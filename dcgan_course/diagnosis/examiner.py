"""Examine two networks during training and write down numbers, leaving them as they were."""

import math

import numpy as np
import tensorflow as tf

from dcgan_course.evaluation.metrics import density_coverage
from dcgan_course.evaluation.pixels import checkerboard
from dcgan_course.networks.losses import discriminator_loss, generator_loss


class Examiner:
    """Looks at two networks now and then, and leaves them as they were.

    Args:
        generator, discriminator: G and D. Codes (batch, latent_dim) → samples (batch, …),
            and samples → logits (batch, 1).
        real: real samples, float (count, …), of which the first `count` are looked at.
        held_out: real samples that the training does not see; None leaves that question out.
        loss: G's, a kind of `losses`.
        count: samples in a look.
        compiled: False looks without a graph: slower, but ready at once.
        seed: of the codes, which stay the same throughout.

    Attributes:
        rows: one dictionary of numbers for each look.

    Raises:
        ValueError: fewer than 16 real samples, or samples of another shape than G's.
    """

    def __init__(
        self,
        generator,
        discriminator,
        real,
        *,
        held_out=None,
        loss="non_saturating",
        count=128,
        compiled=True,
        seed=0,
    ):
        real = np.asarray(real[:count], "float32")
        if len(real) < 16 or tuple(real.shape[1:]) != tuple(generator.output_shape[1:]):
            raise ValueError(
                f"The doctor needs at least 16 real samples of shape "
                f"{tuple(generator.output_shape[1:])}; these are {real.shape}."
            )
        self.generator, self.discriminator, self.loss = generator, discriminator, loss
        self.real = tf.constant(real)
        self.held_out = None if held_out is None else tf.constant(held_out[:count], tf.float32)
        shape = (len(real), int(generator.input_shape[1]))
        self.codes = tf.random.stateless_normal(shape, seed=[seed, 5])
        self.rows = []
        self._real_facts = sample_facts(real)
        self._scale = float(real.std()) + 1e-8
        self._before = self._kept_samples = None
        self._probe = tf.function(self._look_at_networks) if compiled else self._look_at_networks

    def look(self, step):
        """Take the numbers of this moment.

        Args:
            step: how many steps of training have been done.

        Returns:
            The new row, which `rows` holds as well.
        """
        networks = (self.generator, self.discriminator)
        # Training mode moves moving statistics and draws from random generators: put both back.
        state = [v for network in networks for v in network.variables if not v.trainable]
        kept = [tf.identity(v) for v in state]
        seen = {name: value.numpy() for name, value in self._probe().items()}
        for variable, value in zip(state, kept, strict=True):
            variable.assign(value)
        fakes, plain_fakes = seen.pop("fakes"), seen.pop("plain_fakes")
        row = {"step": int(step)}
        row |= {name: float(value) for name, value in seen.items() if value.ndim == 0}
        row["probabilities"] = float(self.loss in ("non_saturating", "minimax"))
        row["auc"] = _auc(seen["real_logits"], seen["fake_logits"])
        row["missed"] = 1 - _coverage(self.real.numpy(), fakes)
        row |= self._movement(networks)
        row |= {f"{name}_real": value for name, value in self._real_facts.items()}
        row |= {f"{name}_fake": value for name, value in sample_facts(fakes).items()}
        row["offset"] = _rms(fakes.mean(axis=0) - self.real.numpy().mean(axis=0)) / self._scale
        row["mode_gap"] = _rms(fakes - plain_fakes) / self._scale
        if self._kept_samples is not None:
            row["change"] = _rms(fakes - self._kept_samples) / self._scale
        self._kept_samples = fakes
        self.rows.append(row)
        return row

    def _look_at_networks(self):
        """Logits, losses and gradients on the real samples and on fakes of the fixed codes."""
        weights = self.generator.trainable_variables
        with tf.GradientTape(persistent=True) as tape:
            fakes = self.generator(self.codes, training=True)
            fake_logits = tf.cast(self.discriminator(fakes, training=True), tf.float32)
            own = generator_loss(fake_logits, self.loss)
            steep = generator_loss(fake_logits, "non_saturating")
        real_logits = tf.cast(self.discriminator(self.real, training=True), tf.float32)
        plain = self.generator(self.codes, training=False)
        seen = {
            "d_loss": discriminator_loss(real_logits, fake_logits, self.loss),
            "g_loss": own,
            "d_real": tf.reduce_mean(tf.sigmoid(real_logits)),
            "d_fake": tf.reduce_mean(tf.sigmoid(fake_logits)),
            "g_gradient": tf.linalg.global_norm(tape.gradient(own, weights)),
            "g_steep": tf.linalg.global_norm(tape.gradient(steep, weights)),
            "real_logits": real_logits[:, 0],
            "fake_logits": fake_logits[:, 0],
            "fakes": tf.cast(fakes, tf.float32),
            "plain_fakes": tf.cast(plain, tf.float32),
        }
        if self.held_out is not None:
            # In one batch, so that batch norm treats both alike.
            both = tf.concat([self.real, self.held_out], axis=0)
            logits = tf.cast(self.discriminator(both, training=True), tf.float32)
            known, unknown = logits[: len(self.real)], logits[len(self.real) :]
            way = tf.reduce_mean(real_logits) - tf.reduce_mean(fake_logits)
            seen["memory"] = tf.reduce_mean(known) - tf.reduce_mean(unknown)
            seen["memory"] /= tf.maximum(way, 0.1)
        return seen

    def _movement(self, networks):
        """How far each network's weights have moved since the last look, in their own size."""
        # Moving statistics that stand still while weights move are those of a G that is never
        # in training mode.
        statistics = [v for v in self.generator.non_trainable_variables if "moving" in v.name]
        groups = [*(network.trainable_variables for network in networks), statistics]
        now = [np.concatenate([np.ravel(v) for v in group] or [np.zeros(1)]) for group in groups]
        before, self._before = self._before, now
        if before is None:
            return {}
        names = ("g_moved", "d_moved", *(["statistics_moved"] if statistics else []))
        return {
            name: _rms(new - old) / (_rms(old) + 1e-12)
            for name, new, old in zip(names, now, before, strict=False)
        }


# --- facts about samples --------------------------------------------------------------


def sample_facts(samples):
    """Numbers that samples have by themselves.

    Args:
        samples: float (count, …); images are (count, height, width, channels).

    Returns:
        A dictionary: "low" and "high", the range; "spread", the standard deviation over the
        samples, averaged over positions; "twins", the root mean square distance to the most
        similar other sample, its median; and for images "grid" (see `pixels.checkerboard`),
        for those in colour "colour", the mean standard deviation over the channels of a pixel.
    """
    samples = np.asarray(samples, "float32")
    if not np.isfinite(samples).all():
        return {"low": math.nan, "high": math.nan}
    flat = samples.reshape(len(samples), -1)
    squares = (flat**2).sum(axis=1)
    distances = squares[:, None] + squares[None] - 2 * flat @ flat.T
    np.fill_diagonal(distances, np.inf)
    facts = {
        "low": float(flat.min()),
        "high": float(flat.max()),
        "spread": float(flat.std(axis=0).mean()),
        "twins": float(np.median(np.sqrt(distances.min(axis=1).clip(0) / flat.shape[1]))),
    }
    if samples.ndim == 4:
        facts["grid"] = checkerboard(samples.clip(-1, 1))
        if samples.shape[3] == 3:
            facts["colour"] = float(samples.std(axis=3).mean())
    return facts


def _auc(real_logits, fake_logits):
    """The probability that D gives a real sample a higher logit than a fake."""
    higher = (real_logits[:, None] > fake_logits[None]).mean()
    return float(higher + 0.5 * (real_logits[:, None] == fake_logits[None]).mean())


def _coverage(real, fakes, k=5):
    """The share of real samples near which there is a fake, by plain distances."""
    if not np.isfinite(fakes).all():
        return math.nan
    return density_coverage(real.reshape(len(real), -1), fakes.reshape(len(fakes), -1), k)[1]


def _rms(x):
    return float(np.sqrt(np.mean(np.square(x, dtype="float64"))))
