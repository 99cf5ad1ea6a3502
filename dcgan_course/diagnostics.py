"""A doctor for GANs: it takes a few numbers while a run goes on, and says what they mean.

Three steps, each usable alone: an `Examiner` looks at a generator and a discriminator and
writes down numbers; `diagnose` reads them and names what is wrong, with evidence and with what
to try; a `Doctor` does both as a Keras callback, and can stop a run that is lost.

Thresholds carry their reasons in `RULES`. Each rule has two: short of the first the doctor is
silent, between the two it says "not sure", and past the second it is sure.
"""

import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dcgan_course.files import write_beside
from dcgan_course.losses import discriminator_loss, generator_loss
from dcgan_course.metrics import checkerboard, density_coverage
from dcgan_course.monitor import save_history


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


# --- reading the numbers --------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        name: a short one, for programs.
        title: what it is, in words.
        sure: False means "not sure".
        evidence: the numbers that say so.
        advice: what to try, the first thing first.
    """

    name: str
    title: str
    sure: bool
    evidence: str
    advice: str

    def __str__(self):
        doubt = "" if self.sure else "Not sure: "
        return f"{doubt}{self.title}. {self.evidence} Try: {self.advice}"


@dataclass(frozen=True)
class Rule:
    """How one illness is recognised.

    Attributes:
        name, title, advice: see `Finding`.
        measure: rows → (value, evidence), or None where the rows do not say. The value is a
            size, and larger is worse.
        maybe, sure: from these values on the doctor says so, the second time without doubt.
        reason: what the value counts, and why these.
        fades: it belongs to young generators as well: while it gets better, it is not sure.
        causes: names of rules that this one explains: where it is sure, they are not said.
    """

    name: str
    title: str
    measure: object
    maybe: float
    sure: float
    reason: str
    advice: str
    causes: tuple = ()
    fades: bool = False


def diagnose(rows):
    """What is wrong with a run, causes first; an empty list where nothing stands out.

    Read are the medians over the last third of the looks: one bad moment is no illness.

    Args:
        rows: of an `Examiner`.

    Returns:
        A list of `Finding`. With fewer than `LOOKS_NEEDED` rows or `STEPS_NEEDED` steps it
        holds one at most, that numbers are not finite: it is too early for the rest.
    """
    broken = next((row for row in rows if not _finite(row)), None)
    if broken is not None:
        names = ", ".join(name for name, value in broken.items() if not math.isfinite(value))
        evidence = f"At step {broken['step']} these were no numbers any more: {names}."
        return [Finding("not_finite", NOT_FINITE[0], True, evidence, NOT_FINITE[1])]
    if _too_early(rows):
        return []
    found, explained = [], set()
    for rule in RULES:
        measured = rule.measure(rows)
        if measured is not None and measured[0] >= rule.maybe:
            sure = measured[0] >= rule.sure and not _is_fading(rule, rows, measured[0])
            found.append(Finding(rule.name, rule.title, sure, measured[1], rule.advice))
            explained |= set(rule.causes) if sure else set()
    found = [finding for finding in found if finding.name not in explained]
    return sorted(found, key=lambda finding: not finding.sure)


def _is_fading(rule, rows, value):
    """Whether a young generator is just growing out of it: it was worse by a fifth before."""
    before = rule.measure(rows[: -max(2, len(rows) // 3)])
    return rule.fades and before is not None and before[0] >= 1.2 * value


def _too_early(rows):
    return len(rows) < LOOKS_NEEDED or rows[-1]["step"] < STEPS_NEEDED


def _finite(row):
    return all(math.isfinite(value) for value in row.values())


def late(rows, name):
    """The median of one number over the last third of the rows; None where it is missing."""
    values = [row[name] for row in rows[-max(2, len(rows) // 3) :] if name in row]
    return float(np.median(values)) if values else None


# --- the rules ------------------------------------------------------------------------

STEPS_NEEDED = 150  # healthy runs look sick before: D undecided, and fakes near nothing real
LOOKS_NEEDED = 6  # the last third are then two, each after some training
NOT_FINITE = (
    "The numbers have run away: NaN or infinite values",
    "smaller learning rates (a tenth), logits instead of probabilities in the losses, and a "
    "look at the data for NaN.",
)


def _range(rows):
    if "grid_real" not in rows[-1]:
        return None
    low, high = rows[-1]["low_real"], rows[-1]["high_real"]
    return (
        max(abs(low + 1), abs(high - 1)),
        f"Real images reach from {low:.2f} to {high:.2f}, G's tanh from −1 to 1.",
    )


def _frozen(rows, network, other):
    """How much further the other network moves than this one."""
    moved, others = (late(rows, f"{name.lower()}_moved") for name in (network, other))
    told = (
        f"Between two looks {other}'s weights move by {others:.1e} of their size, {network}'s by "
        f"{moved:.1e}."
    )
    return others / (moved + 1e-12), told


def _frozen_d(rows):
    return _frozen(rows, "D", "G")


def _frozen_g(rows):
    return _frozen(rows, "G", "D")


def _flat_loss(rows):
    ratio = late(rows, "g_steep") / (late(rows, "g_gradient") + 1e-12)
    return (
        ratio,
        f"G's gradient has norm {late(rows, 'g_gradient'):.1e}; the non-saturating loss would "
        f"give {late(rows, 'g_steep'):.1e} at the same place.",
    )


def _d_too_strong(rows):
    d_fake, auc = late(rows, "d_fake"), late(rows, "auc")
    rare = auc > 0.99 and _are_probabilities(rows)
    surprise = -math.log10(d_fake + 1e-12) if rare else 0.0
    return surprise, f"D tells real from fake in {auc:.1%} of pairs, and D(G(z)) is {d_fake:.1e}."


def _lopsided(rows):
    if not _are_probabilities(rows):
        return 0.0
    return late(rows, "d_real") + late(rows, "d_fake") - 1


def _are_probabilities(rows):
    """Whether σ of D's logits means a probability: not under the hinge and Wasserstein losses."""
    return bool(rows[-1].get("probabilities", 1.0))


def _says(rows):
    return f"D(x) is {late(rows, 'd_real'):.2f}, D(G(z)) {late(rows, 'd_fake'):.2f}"


def _blind(rows):
    """How much of the data G misses while D is undecided; 0 where D does tell."""
    auc = late(rows, "auc")
    told = (
        f"{_says(rows)}; it tells them apart in {auc:.0%} of pairs, a coin in 50%, though near "
        f"{late(rows, 'missed'):.0%} of the real samples there is no fake."
    )
    return late(rows, "missed") if abs(auc - 0.5) < 0.2 else 0.0, told


def _agreeing_d(rows):
    missed, told = _blind(rows)
    return missed if _lopsided(rows) > AGREEING else 0.0, told


def _noisy_labels(rows):
    missed, told = _blind(rows)
    # A G that hops from mode to mode keeps D undecided as well: that one changes all the time.
    still = late(rows, "change") < 0.6
    return missed if still and _lopsided(rows) <= AGREEING else 0.0, told


def _soft_labels(rows):
    told = f"{_says(rows)}, although it tells them apart in {late(rows, 'auc'):.0%} of pairs."
    return -_lopsided(rows), told


def _flipped_labels(rows):
    return late(rows, "d_fake") - late(rows, "d_real"), f"{_says(rows)}."


def _dead_g(rows):
    ratio = late(rows, "spread_fake") / late(rows, "spread_real")
    told = f"Whatever the code, fakes differ by {ratio:.1e} of what real samples do."
    return 1 / (ratio + 1e-9), told


def _mode_collapse(rows):
    spread = late(rows, "spread_fake") / late(rows, "spread_real")
    twins = late(rows, "twins_fake") / late(rows, "twins_real")
    # Both: a young G draws smooth pictures that are near each other, but spread, and a G of a
    # few modes spreads, but in crowds. In few dimensions nearest neighbours are luck.
    like = math.sqrt(spread * twins) if "grid_real" in rows[-1] else spread
    return (
        1 / (like + 1e-3),
        f"Fakes spread {spread:.0%} as far as real samples, and a fake's nearest fellow is "
        f"{twins:.0%} as far away.",
    )


def _missed(rows):
    missed = late(rows, "missed")
    return missed, f"Near {missed:.0%} of the real samples there is no fake."


def _never_settles(rows):
    change = late(rows, "change")
    return (
        change,
        f"From look to look the same codes' samples change by {change:.2f} of the data's spread.",
    )


def _mode_gap(rows):
    gap, moved = late(rows, "mode_gap"), late(rows, "statistics_moved")
    told = f"G in training mode and in inference mode differ by {gap:.2f} of the data's spread."
    if moved == 0 and late(rows, "g_moved") > 0:
        return max(gap, 1.0), f"{told} Its moving statistics stand still while its weights move."
    return gap, told


def _grid(rows):
    if "grid_real" not in rows[-1]:
        return None
    fake, real = late(rows, "grid_fake"), late(rows, "grid_real")
    told = f"The finest pattern carries {fake:.2f} in fakes, {real:.2f} in real images."
    return fake / (real + 1e-3), told


def _colour(rows):
    if "colour_real" not in rows[-1]:
        return None
    fake, real = late(rows, "colour_fake"), late(rows, "colour_real")
    ratio = (fake + 1e-3) / (real + 1e-3)
    told = f"Channels differ by {fake:.3f} in fakes, by {real:.3f} in real images."
    return max(ratio, 1 / ratio), told


def _memory(rows):
    gap = late(rows, "memory")
    return (
        None
        if gap is None
        else (
            gap,
            f"D prefers known to held-out samples by {gap:.0%} of what it prefers real to fake by.",
        )
    )


RULES = (
    Rule(
        "range",
        "The data do not fill the range of G's tanh",
        _range,
        *(0.2, 0.5),
        "of 2 from −1 to 1; images in [0, 1] miss by 1, and no natural set by half as much",
        "scale images by x / 127.5 − 1, and check minimum and maximum of a batch.",
        causes=("mode_collapse", "missed", "grid"),
    ),
    Rule(
        "frozen_d",
        "D hardly learns, or not at all",
        _frozen_d,
        *(15, 40),
        "G's movement over D's; from 0.2 to 4 in healthy runs, and up to 10 where rates are "
        "unequal on purpose",
        "see that D's weights are in the gradient and in its optimiser, that nothing has set "
        "trainable to False before compile, and that its rate is near G's.",
        causes=("flipped_labels", "mode_collapse", "missed", "grid", "colour"),
    ),
    Rule(
        "frozen_g",
        "G hardly learns, or not at all",
        _frozen_g,
        *(15, 40),
        "as for D",
        "see that gradients reach G's weights (a NumPy array, predict or stop_gradient between "
        "G and D cuts them off), and that its rate is near D's.",
        causes=("d_too_strong", "mode_collapse", "missed", "grid", "colour"),
    ),
    Rule(
        "flat_loss",
        "G's loss is flat where G stands",
        _flat_loss,
        *(10, 30),
        "the ratio is 1 / D(G(z)): 10 where D gives fakes a tenth, as it does for a while in "
        "healthy runs",
        'the non-saturating loss (loss="non_saturating"), and then a weaker D.',
        causes=("d_too_strong", "frozen_g", "mode_collapse", "missed", "grid", "colour"),
    ),
    Rule(
        "flipped_labels",
        "D takes fakes for real and real samples for fakes",
        _flipped_labels,
        *(0.3, 0.6),
        "D(G(z)) − D(x): a slow D is wrong by up to 0.2 when G has run ahead, a D that is sure "
        "of the opposite by nearly 1",
        "see that D's targets are 1 for real and 0 for fakes, and that the two batches are not "
        "swapped.",
        causes=("mode_collapse", "missed", "grid", "colour", "never_settles"),
    ),
    Rule(
        "agreeing_d",
        "D is being taught that fakes are real",
        _agreeing_d,
        *(0.6, 0.8),
        "of real samples without a fake near them; where D is undecided because G is good, "
        "nearly all have one. And D(x) + D(G(z)) is above 1, so that something pushes it up",
        "G's step must update G's weights alone: freeze D in it, or leave D out of the gradient.",
        causes=("mode_collapse", "missed", "grid", "colour"),
    ),
    Rule(
        "noisy_labels",
        "D learns nothing that lasts: its targets may be noise, or it is too small",
        _noisy_labels,
        *(0.6, 0.8),
        "as above, with a sum near 1",
        "label noise of 0.1 or less; then a higher rate for D, or a larger one.",
        causes=("mode_collapse", "missed", "grid", "colour"),
    ),
    Rule(
        "mode_gap",
        "G is another network in inference mode than in training mode",
        _mode_gap,
        *(0.6, 0.9),
        "of the data's spread, or 1 where moving statistics stand still; they lag by up to 0.4 in "
        "the first few hundred healthy steps",
        "call G with training=True in the training step (predict and training=False do not), "
        "and let the moving statistics follow: a momentum of 0.9 in short runs.",
        causes=("missed", "grid", "colour"),
    ),
    Rule(
        "soft_labels",
        "D's targets are too soft",
        _soft_labels,
        *(0.2, 0.3),
        "smoothing by 0.1 moves the sum D(x) + D(G(z)) by up to 0.1 below 1, by 0.5 below 0.6",
        "a label smoothing of 0.1, of real samples only.",
        causes=("mode_collapse", "grid"),
    ),
    Rule(
        "d_too_strong",
        "D is too strong for G",
        _d_too_strong,
        *(2, 3),
        "powers of ten: G's samples are called real once in a hundred, or once in a thousand",
        "a lower rate for D, batch norm or dropout in D, noise on what D sees, R1, or a larger G.",
        causes=("mode_collapse", "missed", "grid", "colour"),
    ),
    Rule(
        "memory",
        "D knows its training samples by heart",
        _memory,
        *(0.4, 0.6),
        "half the way from real to fake: a D that has learnt what digits are places unseen ones "
        "where it places known ones, give or take 0.2",
        "more data, augmentation of all that D sees (augment=), a smaller D, R1, or an earlier "
        "end.",
        causes=("mode_collapse", "missed", "grid", "colour"),
    ),
    Rule(
        "dead_g",
        "G is dead: it draws one picture",
        _dead_g,
        *(100, 1000),
        "real spread over G's; a G that collapses onto a few modes still varies by a hundredth",
        "learning rates of a tenth: one step too long drives G's last layer into the flat ends "
        "of tanh. Then start anew, for there is no gradient to come back by.",
        causes=("mode_collapse", "missed", "never_settles", "grid", "colour", "d_too_strong"),
    ),
    Rule(
        "mode_collapse",
        "Mode collapse: fakes are too much alike",
        _mode_collapse,
        *(3, 4),
        "real samples over fakes; 1 to 2.6 in healthy runs, even after a few hundred steps",
        "batch norm in both networks, a lower rate for G or a higher one for D, R1, larger "
        "batches.",
        causes=("missed", "never_settles", "grid"),
    ),
    Rule(
        "missed",
        "G leaves out a part of the data",
        _missed,
        *(0.6, 0.8),
        "of real samples without a fake near them; healthy runs are below 0.3",
        "more steps; if it stays, what helps against mode collapse.",
        fades=True,
    ),
    Rule(
        "never_settles",
        "G does not settle: the same codes keep changing",
        _never_settles,
        *(1.1, 1.3),
        "√2 ≈ 1.41 is what two unrelated samples differ by",
        "smaller learning rates, β1 = 0.5, R1, a moving average of G's weights.",
        causes=(),
    ),
    Rule(
        "grid",
        "A checkerboard: the finest pattern is too strong",
        _grid,
        *(3, 4),
        "fakes over real images; healthy young generators reach 3",
        "kernels that the stride divides (4 with stride 2), or resizing before a convolution; "
        "and more steps.",
        causes=("missed",),
    ),
    Rule(
        "colour",
        "False colours, too many or too few",
        _colour,
        *(1.35, 1.55),
        "fakes over real images, or real over fakes; young healthy generators reach 1.2",
        "see that D gets all channels, in the same order for real and fake; then more steps, for "
        "colours come last; lower rates, dropout or noise in D.",
        causes=("missed",),
    ),
)
AGREEING = 0.1  # D(x) + D(G(z)) − 1; an honest D is within 0.1 of 0
HOPELESS = ("dead_g", "range", "frozen_d", "frozen_g", "flat_loss", "flipped_labels", "agreeing_d")


# --- facts about samples --------------------------------------------------------------


def sample_facts(samples):
    """Numbers that samples have by themselves.

    Args:
        samples: float (count, …); images are (count, height, width, channels).

    Returns:
        A dictionary: "low" and "high", the range; "spread", the standard deviation over the
        samples, averaged over positions; "twins", the root mean square distance to the most
        similar other sample, its median; and for images "grid" (see `metrics.checkerboard`),
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


# --- the callback ---------------------------------------------------------------------


class Doctor(keras.callbacks.Callback):
    """Looks at a training while it goes on, says what is wrong, and can stop it.

    Args:
        real: real samples; see `Examiner`.
        held_out: real samples that the training does not see, or None.
        every: steps from one look to the next. None looks as often as `share` allows.
        share: of the training's time, that looking may take at most.
        stop: True stops the run when it is lost; see `HOPELESS`.
        folder: where doctor.csv and last_good.keras are kept; None keeps them in memory.
        live: True prints what is found when it is found.
        seed: of the codes.

    Attributes:
        rows: the numbers of each look.
        findings: what `diagnose` says of them now.
        last_good: (step, weights) of the last look at which nothing was surely wrong.
        stopped: why the run was stopped, or None.
        seconds: that all looks have taken, their preparation left out.
    """

    def __init__(
        self,
        real,
        *,
        held_out=None,
        every=None,
        share=0.05,
        stop=False,
        folder=None,
        live=False,
        seed=0,
    ):
        super().__init__()
        self.real, self.held_out, self.every, self.share = real, held_out, every, share
        self.stop, self.live, self.seed = stop, live, seed
        self.folder = None if folder is None else Path(folder)
        self.rows, self.findings, self.last_good, self.stopped = [], [], None, None
        self.seconds = 0.0
        self._steps = 0

    def on_train_begin(self, logs=None):
        """Look once before the first step."""
        model = self.model
        self.examiner = Examiner(
            model.generator,
            model.discriminator,
            self.real,
            held_out=self.held_out,
            loss=model.adversarial_loss,
            compiled=not model.run_eagerly,
            seed=self.seed,
        )
        self.rows = self.examiner.rows
        if model.first_bad_step is None:
            model.guard()
            model.make_train_function(force=True)
        self._steps = int(model.d_optimizer.iterations.numpy())
        self._look()
        self.seconds = 0.0
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """Look if it is time; stop at once where numbers are not finite."""
        self._steps += 1
        bad = int(self.model.first_bad_step)
        if bad >= 0:
            self._not_finite(bad)
        elif self._is_time():
            begun = time.perf_counter()
            self._look()
            self.seconds += time.perf_counter() - begun

    def on_train_end(self, logs=None):
        """A last look, and doctor.csv."""
        if self.stopped is None and self.rows[-1]["step"] < self._steps:
            self._look()
        if self.folder is not None:
            save_history(self.folder / "doctor.csv", self.rows)

    def _is_time(self):
        if self.every is not None:
            return self._steps % self.every == 0
        looks = max(1, len(self.rows) - 1)
        trained = time.perf_counter() - self._began
        return self.seconds * (looks + 1) / looks <= self.share * trained

    def _look(self):
        self.examiner.look(self._steps)
        before = {finding.name for finding in self.findings if finding.sure}
        self.findings = diagnose(self.rows)
        sure = [finding for finding in self.findings if finding.sure]
        if not sure:
            self._keep()
        for finding in sure:
            if self.live and finding.name not in before:
                print(f"step {self._steps}: {finding}", flush=True)
        lost = [finding for finding in sure if finding.name in HOPELESS]
        if self.stop and lost and len(self.rows) >= 2 * LOOKS_NEEDED:
            self._end(f"Stopped at step {self._steps}. {lost[0]}")

    def _keep(self):
        networks = self._networks()
        self.last_good = (self._steps, {name: net.get_weights() for name, net in networks.items()})
        if self.folder is not None:
            with write_beside(self.folder / "last_good.keras") as unfinished:
                self.model.sampler.save(unfinished)

    def restore(self):
        """Bring the networks back to `last_good`. Returns its step.

        Raises:
            ValueError: nothing has been kept yet.
        """
        if self.last_good is None:
            raise ValueError("There is no good moment to go back to: start again, with a cure.")
        step, weights = self.last_good
        for name, network in self._networks().items():
            network.set_weights(weights[name])
        return step

    def _networks(self):
        model = self.model
        return {
            "generator": model.generator,
            "discriminator": model.discriminator,
            "sampler": model.sampler,
        }

    def _not_finite(self, step):
        place = first_not_finite(
            self.model.generator,
            self.model.discriminator,
            self.examiner.codes,
            self.examiner.real,
            self.model.adversarial_loss,
        )
        evidence = f"At step {step} numbers were no longer finite. First: {place}."
        finding = Finding("not_finite", NOT_FINITE[0], True, evidence, NOT_FINITE[1])
        self.findings = [finding]
        back = "" if self.last_good is None else f" The weights are those of step {self.restore()}."
        self._end(f"Stopped at step {step}. {finding}{back}")

    def _end(self, why):
        self.stopped = why
        self.model.stop_training = True
        if self.live:
            print(why, flush=True)

    def report(self):
        """What was found, as text."""
        return report(self.rows, self.findings)


def first_not_finite(generator, discriminator, codes, real, loss="non_saturating"):
    """Where NaN or infinite values come from: the first place on the way from codes to losses.

    Args:
        generator, discriminator: G and D, each a stack of layers.
        codes: (batch, latent_dim).
        real: real samples.
        loss: G's, a kind of `losses`.

    Returns:
        A text that names network, layer, and what of it is not finite.
    """
    if not _all_finite(real):
        return "the real samples"
    fakes, place = _walk("G", generator, codes)
    for name, x in (("D, on fakes,", fakes), ("D, on real samples,", real)):
        if place is None:
            _, place = _walk(name, discriminator, x)
    if place is not None:
        return place
    with tf.GradientTape() as tape:
        fake_logits = discriminator(generator(codes, training=True), training=True)
        real_logits = discriminator(real, training=True)
        losses = {
            "D's loss": discriminator_loss(real_logits, fake_logits, loss),
            "G's loss": generator_loss(fake_logits, loss),
        }
        total = tf.add_n(list(losses.values()))
    for name, value in losses.items():
        if not _all_finite(value):
            return name
    # From the losses backwards: D before G, and in each the last layer first.
    owners = [
        (f"{name}, layer {layer.name}", weight)
        for name, network in (("G", generator), ("D", discriminator))
        for layer in network.layers
        for weight in layer.trainable_variables
    ]
    gradients = tape.gradient(total, [weight for _, weight in owners])
    for (owner, _), gradient in reversed(list(zip(owners, gradients, strict=True))):
        if gradient is not None and not _all_finite(gradient):
            return f"{owner}: the gradient of its weights"
    return "nothing on the doctor's own samples, so the batch of that step may hold such values"


def _walk(name, network, x):
    for index, layer in enumerate(network.layers, start=1):
        where = f"{name} layer {index} of {len(network.layers)}, {layer.name}"
        for weight in layer.trainable_variables:
            if not _all_finite(weight):
                return None, f"{where}: its weights"
        x = layer(x, training=True)
        if not _all_finite(x):
            return None, f"{where}: its output, from an input and weights that are finite"
    return tf.cast(x, tf.float32), None


def _all_finite(x):
    return bool(tf.reduce_all(tf.math.is_finite(tf.cast(x, tf.float32))))


# --- reports --------------------------------------------------------------------------


def report(rows, findings=None):
    """What the rows say, as text: the findings, worst first, or that nothing stands out.

    Args:
        rows: of an `Examiner`.
        findings: what `diagnose` made of them; None asks it.
    """
    findings = diagnose(rows) if findings is None else findings
    looks = f"{len(rows)} looks, up to step {rows[-1]['step']}"
    if not findings:
        if _too_early(rows):
            return f"Too early to say ({looks}; {LOOKS_NEEDED} and {STEPS_NEEDED} are needed)."
        return f"Nothing stands out ({looks})."
    return "\n".join([f"{looks}:", *(f"- {finding}" for finding in findings)])


def draw_report(rows, title="What the doctor saw"):
    """The numbers behind a report, as four plots.

    Args:
        rows: of an `Examiner`.
        title: says what to see.

    Returns:
        A matplotlib figure.
    """
    import matplotlib.pyplot as plt

    steps = [row["step"] for row in rows]

    def curve(axes, label, value):
        points = [(step, value(row)) for step, row in zip(steps, rows, strict=True)]
        points = [(step, y) for step, y in points if y is not None]
        axes.plot(*zip(*points, strict=True), label=label) if points else None

    figure, places = plt.subplots(1, 4, figsize=(11, 2.4), layout="constrained")
    figure.suptitle(title, fontsize=11)
    curve(places[0], "D's", lambda row: row["d_loss"])
    curve(places[0], "G's", lambda row: row["g_loss"])
    places[0].set_ylabel("loss")
    curve(places[1], "D(x)", lambda row: row["d_real"])
    curve(places[1], "D(G(z))", lambda row: row["d_fake"])
    places[1].set_ylim(0, 1)
    places[1].axhline(0.5, color="gray", linewidth=0.5)
    places[1].set_ylabel("probability of “real”")
    curve(places[2], "G's gradient", lambda row: row["g_gradient"] or None)
    places[2].set_yscale("log")
    places[2].set_ylabel("norm")
    curve(places[3], "spread", lambda row: row["spread_fake"] / row["spread_real"])
    curve(places[3], "nearest neighbour", lambda row: row["twins_fake"] / row["twins_real"])
    places[3].set_ylim(0, 1.5)
    places[3].axhline(1, color="gray", linewidth=0.5)
    places[3].set_ylabel("fakes against real")
    for axes in places:
        axes.set_xlabel("step")
        axes.legend(fontsize=7)
    return figure


def read_rows(path):
    """The rows that `monitor.save_history` wrote, for `diagnose`.

    Raises:
        FileNotFoundError: there is no such file.
    """
    with Path(path).open(newline="") as file:
        return [
            {name: float(value) for name, value in row.items() if value != ""}
            | {"step": int(row["step"])}
            for row in csv.DictReader(file)
        ]
