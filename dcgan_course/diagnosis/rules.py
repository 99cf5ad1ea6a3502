"""What the numbers of an `Examiner` mean: rules, each with its mechanism, thresholds and advice.

Thresholds carry their reasons in `RULES`. Each rule has two: short of the first the doctor is
silent, between the two it says "not sure", and past the second it is sure.
"""

import math
from dataclasses import dataclass

import numpy as np

# --- the rules ------------------------------------------------------------------------


STEPS_NEEDED = 150  # healthy runs look sick before: D undecided, and fakes near nothing real
LOOKS_NEEDED = 6  # the last third are then two, each after some training
NOT_FINITE = (
    "The numbers have run away: NaN or infinite values",
    "smaller learning rates (a tenth), logits instead of probabilities in the losses, and a "
    "look at the data for NaN.",
)


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
    if too_early(rows):
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


def too_early(rows):
    """Whether there are too few rows, or steps, to say anything."""
    return len(rows) < LOOKS_NEEDED or rows[-1]["step"] < STEPS_NEEDED


def _finite(row):
    return all(math.isfinite(value) for value in row.values())


def recent(rows, name):
    """The median of one number over the last third of the rows; None where it is missing."""
    values = [row[name] for row in rows[-max(2, len(rows) // 3) :] if name in row]
    return float(np.median(values)) if values else None


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
    moved, others = (recent(rows, f"{name.lower()}_moved") for name in (network, other))
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
    ratio = recent(rows, "g_steep") / (recent(rows, "g_gradient") + 1e-12)
    return (
        ratio,
        f"G's gradient has norm {recent(rows, 'g_gradient'):.1e}; the non-saturating loss would "
        f"give {recent(rows, 'g_steep'):.1e} at the same place.",
    )


def _d_too_strong(rows):
    d_fake, auc = recent(rows, "d_fake"), recent(rows, "auc")
    rare = auc > 0.99 and _are_probabilities(rows)
    surprise = -math.log10(d_fake + 1e-12) if rare else 0.0
    return surprise, f"D tells real from fake in {auc:.1%} of pairs, and D(G(z)) is {d_fake:.1e}."


def _lopsided(rows):
    if not _are_probabilities(rows):
        return 0.0
    return recent(rows, "d_real") + recent(rows, "d_fake") - 1


def _are_probabilities(rows):
    """Whether σ of D's logits means a probability: not under the hinge and Wasserstein losses."""
    return bool(rows[-1].get("probabilities", 1.0))


def _says(rows):
    return f"D(x) is {recent(rows, 'd_real'):.2f}, D(G(z)) {recent(rows, 'd_fake'):.2f}"


def _blind(rows):
    """How much of the data G misses while D is undecided; 0 where D does tell."""
    auc = recent(rows, "auc")
    told = (
        f"{_says(rows)}; it tells them apart in {auc:.0%} of pairs, a coin in 50%, though near "
        f"{recent(rows, 'missed'):.0%} of the real samples there is no fake."
    )
    return recent(rows, "missed") if abs(auc - 0.5) < 0.2 else 0.0, told


def _agreeing_d(rows):
    missed, told = _blind(rows)
    return missed if _lopsided(rows) > AGREEING else 0.0, told


def _noisy_labels(rows):
    missed, told = _blind(rows)
    # A G that hops from mode to mode keeps D undecided as well: that one changes all the time.
    still = recent(rows, "change") < 0.6
    return missed if still and _lopsided(rows) <= AGREEING else 0.0, told


def _soft_labels(rows):
    told = f"{_says(rows)}, although it tells them apart in {recent(rows, 'auc'):.0%} of pairs."
    return -_lopsided(rows), told


def _flipped_labels(rows):
    return recent(rows, "d_fake") - recent(rows, "d_real"), f"{_says(rows)}."


def _dead_g(rows):
    ratio = recent(rows, "spread_fake") / recent(rows, "spread_real")
    told = f"Whatever the code, fakes differ by {ratio:.1e} of what real samples do."
    return 1 / (ratio + 1e-9), told


def _mode_collapse(rows):
    spread = recent(rows, "spread_fake") / recent(rows, "spread_real")
    twins = recent(rows, "twins_fake") / recent(rows, "twins_real")
    # Both: a young G draws smooth pictures that are near each other, but spread, and a G of a
    # few modes spreads, but in crowds. In few dimensions nearest neighbours are luck.
    like = math.sqrt(spread * twins) if "grid_real" in rows[-1] else spread
    return (
        1 / (like + 1e-3),
        f"Fakes spread {spread:.0%} as far as real samples, and a fake's nearest fellow is "
        f"{twins:.0%} as far away.",
    )


def _missed(rows):
    missed = recent(rows, "missed")
    return missed, f"Near {missed:.0%} of the real samples there is no fake."


def _never_settles(rows):
    change = recent(rows, "change")
    return (
        change,
        f"From look to look the same codes' samples change by {change:.2f} of the data's spread.",
    )


def _mode_gap(rows):
    gap, moved = recent(rows, "mode_gap"), recent(rows, "statistics_moved")
    told = f"G in training mode and in inference mode differ by {gap:.2f} of the data's spread."
    if moved == 0 and recent(rows, "g_moved") > 0:
        return max(gap, 1.0), f"{told} Its moving statistics stand still while its weights move."
    return gap, told


def _grid(rows):
    if "grid_real" not in rows[-1]:
        return None
    fake, real = recent(rows, "grid_fake"), recent(rows, "grid_real")
    told = f"The finest pattern carries {fake:.2f} in fakes, {real:.2f} in real images."
    return fake / (real + 1e-3), told


def _colour(rows):
    if "colour_real" not in rows[-1]:
        return None
    fake, real = recent(rows, "colour_fake"), recent(rows, "colour_real")
    ratio = (fake + 1e-3) / (real + 1e-3)
    told = f"Channels differ by {fake:.3f} in fakes, by {real:.3f} in real images."
    return max(ratio, 1 / ratio), told


def _memory(rows):
    gap = recent(rows, "memory")
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
