"""What rules measure: functions of an examiner's rows that return a size and its evidence.

Each returns `(value, evidence)`, larger being worse, or None where the rows do not say. Most take
the median over the last few checks: one bad moment is no sickness.
"""

import itertools
import math

import numpy as np

NOTHING = (0.0, "")
TINY = 1e-9
GROWN = 0.25  # how far weights have moved, in their own size, before a network can be blamed


# --- reading rows ---------------------------------------------------------------------


def last_rows(rows):
    """The last third of the rows, two to five of them."""
    return rows[-max(2, min(len(rows) // 3, 5)) :]


def recent(rows, name):
    """The median of one number over the last rows; None where it is missing."""
    values = [row[name] for row in last_rows(rows) if name in row]
    return float(np.median(values)) if values else None


def always(rows, name):
    """The mean of one number over all rows; None where it is missing."""
    values = [row[name] for row in rows if name in row]
    return float(np.mean(values)) if values else None


def has(rows, *names):
    """Whether the last rows hold all these numbers."""
    return all(recent(rows, name) is not None for name in names)


def ratio(rows, name):
    """A number of the fakes as a multiple of the same of real samples; None where missing."""
    if not has(rows, f"{name}_fake", f"{name}_real"):
        return None
    return (recent(rows, f"{name}_fake") + TINY) / (recent(rows, f"{name}_real") + TINY)


def are_probabilities(rows):
    """Whether σ of D's logits means a probability: not under the hinge and Wasserstein losses."""
    return bool(rows[-1].get("probabilities", 1.0))


def says(rows):
    """D's mean probabilities, in words."""
    return f"D(x) is {recent(rows, 'd_real'):.2f}, D(G(z)) {recent(rows, 'd_fake'):.2f}"


# --- age and trend --------------------------------------------------------------------


def age(rows):
    """How far the weights of the network that has moved more are from their beginning."""
    return max(max(row.get("g_gone", 1.0), row.get("d_gone", 1.0)) for row in rows)


def is_improving(rows):
    """Whether fakes are getting nearer to the data, compared with a few checks before."""
    now = last_rows(rows)
    before = rows[: -len(now)][-len(now) :]
    if not before or not has(now, "mmd") or not has(before, "mmd"):
        return False
    nearer = recent(now, "mmd") < 0.9 * recent(before, "mmd")
    found = recent(now, "missed") < recent(before, "missed") - 0.06
    return nearer or found


# --- the set-up -----------------------------------------------------------------------


def no_motion(rows):
    """How much less far both networks move in a step than they did once, in powers of ten."""
    if len(rows) < 4 or not has(rows, "g_moved", "d_moved"):
        return None
    moved = [
        max(row["g_moved"], row["d_moved"]) / max(1, row["step"] - before["step"])
        for before, row in itertools.pairwise(rows)
        if "g_moved" in row and "d_moved" in row
    ]
    now, most = float(np.median(moved[-len(last_rows(rows)) :])), max(moved)
    told = (
        f"In a step neither network moves by more than {now:.0e} of its size; at most it was "
        f"{most:.0e}."
    )
    if most < 1e-8:
        return 9.0, told
    good = recent(rows, "missed") is not None and recent(rows, "missed") < 0.3
    return (0.0 if good else math.log10(most / (now + 1e-12 * most))), told


def frozen(network, other):
    """A measure: how much further the other network moves than this one."""

    def measure(rows):
        moved, others = (recent(rows, f"{name.lower()}_moved") for name in (network, other))
        if moved is None or others is None or others < 1e-7:
            return None
        told = (
            f"Between two checks {other}'s weights move by {others:.1e} of their size, "
            f"{network}'s by {moved:.1e}."
        )
        return others / (moved + TINY * others), told

    return measure


def frozen_layers(rows):
    """The fraction of kernels that have not moved at all, in the network with more of them."""
    worst = NOTHING
    for name, kernels in (("G", "g_kernels"), ("D", "d_kernels")):
        small = name.lower()
        if not has(rows, kernels, f"{small}_moved") or recent(rows, f"{small}_moved") < 1e-7:
            continue
        still, count = recent(rows, f"{small}_still"), recent(rows, kernels)
        if still / max(count, 1) > worst[0]:
            first = recent(rows, f"{small}_still_first")
            told = (
                f"{still:.0f} of {name}'s {count:.0f} kernels have not moved at all while others "
                f"have; the first of them is number {first:.0f} from the input."
            )
            worst = still / count, told
    return worst


def data_range(rows):
    """How much of the data's range G cannot reach, or of G's range such data leave out."""
    if not has(rows, "low_real", "high_real", "g_reach_low"):
        return None
    low, high = rows[-1]["low_real"], rows[-1]["high_real"]
    bottom, top = rows[-1]["g_reach_low"], rows[-1]["g_reach_high"]
    span = max(high - low, 0.1)
    told = f"Real samples reach from {low:.2f} to {high:.2f}, G's last layer from "
    told += f"{bottom:.0f} to {top:.0f}." if top < 50 else f"{bottom:.0f} upwards."
    out_of_reach = max(bottom - low, high - top, 0) / span
    # Images in [0, 1] begin at 0 exactly. Dim or pale ones, in the right range, do not.
    half = top - bottom < 3 and bottom < -0.5 and min(abs(low), abs(high)) < 0.01 < high - low
    return max(out_of_reach, 0.5 if half else 0.0), told


def batch_differs(rows):
    """How far the batches that train differ from the images that the doctor was given."""
    if sum("batch_apart" in row for row in rows) < 3:
        return None
    shift, spread = always(rows, "batch_shift"), always(rows, "batch_spread")
    apart, hue = always(rows, "batch_apart"), always(rows, "batch_hue") or 0.0
    low = min(row["batch_low"] for row in rows if "batch_low" in row)
    high = max(row["batch_high"] for row in rows if "batch_high" in row)
    told = (
        f"Batches reach from {low:.2f} to {high:.2f} with a mean {shift:+.2f} and a standard "
        f"deviation {spread:.2f} times that of the images given to the doctor, which reach from "
        f"{rows[-1]['low_real']:.2f} to {rows[-1]['high_real']:.2f}."
    )
    value = max(abs(shift), abs(math.log(spread + 1e-6)), 3 * (apart - 0.55), 3 * abs(hue))
    return value, told


def one_sided(rows):
    """How much the one sort of samples is changed before D while the other is not."""
    if not has(rows, "d_real_changed", "d_fake_changed"):
        return None
    real, fake = recent(rows, "d_real_changed"), recent(rows, "d_fake_changed")
    told = (
        f"Before they reach D, real samples change by {real:.2f} of the data's standard "
        f"deviation, fakes by {fake:.2f}."
    )
    return (max(real, fake) if min(real, fake) < 1e-3 else 0.0), told


def few_data(rows):
    """A thousand over the number of different real samples."""
    if not has(rows, "real_count", "duplicates"):
        return None
    count, duplicates = rows[-1]["real_count"], rows[-1]["duplicates"]
    different = max(1.0, count * (1 - duplicates))
    told = f"Of {count:.0f} real samples that were looked at, {duplicates:.0%} have an exact twin."
    if duplicates < 0.01:
        told = f"There are {count:.0f} real samples."
    return 1000 / different, told


def bounded_logit(rows):
    """Whether D's last layer keeps the logit from being any number."""
    if not has(rows, "d_reach_low"):
        return None
    low, high = rows[-1]["d_reach_low"], rows[-1]["d_reach_high"]
    told = f"D's last layer gives numbers from {low:.0f} to " + (
        f"{high:.0f}" if high < 50 else "any height"
    )
    told += "; a logit should be free to take any value."
    probability = low >= 0 and high <= 1
    if not rows[-1].get("own_loss", 1.0) and probability:
        return NOTHING  # a loss of somebody's own may well want probabilities
    return float(low >= 0 or (are_probabilities(rows) and high - low < 5)), told


def wrong_mode(rows):
    """How far G in inference mode is from G in training mode."""
    if not has(rows, "mode_gap"):
        return None
    gap, moved = recent(rows, "mode_gap"), recent(rows, "statistics_moved")
    told = f"G in training and in inference mode differ by {gap:.2f} of the data's spread."
    if recent(rows, "g_training") == 0 and recent(rows, "g_norms"):
        return 2.0, f"The training step calls G with training=False. {told}"
    if moved == 0 and (recent(rows, "g_moved") or 0) > 0:
        return 2.0, f"{told} Its moving averages stand still while its weights move."
    vary = [
        row["spread_plain"] / (row["spread_fake"] + TINY)
        for row in rows
        if "spread_plain" in row and "spread_fake" in row
    ]
    if not vary or not moved:
        return gap, told
    count = len(last_rows(rows))
    left, before = (
        float(np.median(vary[-count:])),
        float(np.median(vary[-2 * count : -count] or vary)),
    )
    told += f" In inference mode samples vary {left:.0%} as much."
    shrinking = has(rows[:-count], "mode_gap") and gap < 0.95 * recent(rows[:-count], "mode_gap")
    if left > 1.05 * before or shrinking:
        return min(gap, 0.69), told  # moving averages are on their way
    return max(gap, 1.2 if left < 0.3 else 0.0), told


def small_batch(rows):
    """Sixteen over the size of a batch, where there is batch norm."""
    if not has(rows, "batch_size"):
        return None
    norms = (recent(rows, "g_norms") or 0) + (recent(rows, "d_norms") or 0)
    size = recent(rows, "batch_size")
    told = f"There are {norms:.0f} layers of batch norm, and {size:.0f} samples in a batch."
    return (16 / size if norms else 0.0), told


def fixed_codes(rows):
    """How alike the codes of different training steps are: 1 for equal ones."""
    if not has(rows, "codes_change", "codes_spread"):
        return None
    change, spread = recent(rows, "codes_change"), recent(rows, "codes_spread")
    told = (
        f"From one check to another the codes that enter G change by {change:.2g}; within a batch "
        f"they have a standard deviation of {spread:.2g}."
    )
    return (1 / (1 + change / spread) if spread > 1e-6 else 1.0), told


def code_scale(rows):
    """How far the codes of the training are from N(0, 1), of which samples are drawn."""
    if not has(rows, "codes_spread"):
        return None
    spread, mean = recent(rows, "codes_spread"), recent(rows, "codes_mean")
    told = (
        f"Codes that enter G in training have mean {mean:.2f} and standard deviation {spread:.2g}; "
        "samples are drawn from N(0, 1)."
    )
    return max(abs(math.log(spread + 1e-6)), abs(mean)), told


def no_colour(rows):
    """How much less colorful what D sees is, or fakes against real images."""
    if not has(rows, "colour_real"):
        return None
    fake, real = recent(rows, "colour_fake"), recent(rows, "colour_real")
    told = f"Channels differ by {fake:.3f} in fakes, by {real:.3f} in real images."
    shown = recent(rows, "colour_shown")
    if shown is not None and shown < 0.1 * real:
        return 10.0, f"{told} In what D sees of real images they differ by {shown:.3f}."
    off = (fake + 1e-3) / (real + 1e-3)
    off = max(off, 1 / off)
    # A D that gets the colors will pass them on: fakes that lack them are young.
    return (off if shown is None else min(off, 1.7)), told


# --- the balance ----------------------------------------------------------------------


def uphill(rows):
    """How far from G's own loss its steps lead, while D sees ever more clearly what is fake."""
    headings = [row["g_heading"] for row in rows[1:] if "g_heading" in row]
    if len(headings) < 4 or recent(rows, "g_gone") is None:
        return None
    heading, auc = float(np.mean(headings)), recent(rows, "auc")
    told = (
        f"The cosine between G's steps and the way that raises D(G(z)) is {heading:.2f} on "
        f"average; {says(rows)}, and D tells them apart in {auc:.0%} of pairs."
    )
    grown = recent(rows, "g_gone") > GROWN and auc > 0.9
    return (1 - heading / 0.1 if grown else 0.0), told


def flipped_labels(rows):
    """How much more D believes in fakes than in real samples."""
    gap = recent(rows, "d_fake") - recent(rows, "d_real")
    told = f"{says(rows)}"
    heading = recent(rows, "d_heading")
    if heading is None:
        return gap, f"{told}."
    told += f"; the cosine between D's steps and what its loss asks for is {heading:.2f}."
    # A D that G has just overtaken is wrong for a moment, but it turns round.
    return (max(gap, 0.61) if heading < -0.1 and gap > 0.2 else min(gap, 0.59)), told


def blind(rows):
    """How far fakes are from the data while a D that has had its time is undecided; else 0."""
    auc, apart = recent(rows, "auc"), recent(rows, "apart")
    if apart is None:
        return NOTHING
    told = (
        f"{says(rows)}; it tells them apart in {auc:.0%} of pairs, a coin in 50%, although the "
        f"nearest neighbor of a sample is of its own set in {apart:.0%} of cases."
    )
    undecided = abs(auc - 0.5) < 0.2 and (recent(rows, "d_gone") or 0) > GROWN
    return (apart if undecided else 0.0), told


def agreeing_d(rows):
    """`blind`, where something pushes D's verdicts up."""
    value, told = blind(rows)
    heading = recent(rows, "d_heading")
    lopsided = recent(rows, "d_real") + recent(rows, "d_fake") - 1
    pushed = lopsided > 0.1 and (heading is None or heading < 0.1)
    return (value if pushed and are_probabilities(rows) else 0.0), told


def noisy_labels(rows):
    """`blind`, where D's steps have hardly a direction."""
    value, told = blind(rows)
    heading = recent(rows, "d_heading")
    if heading is None:
        return NOTHING
    told += f" The cosine between D's steps and the way downhill is {heading:.2f}."
    return (value if heading < 0.08 and are_probabilities(rows) else 0.0), told


def soft_labels(rows):
    """How far D's probabilities add up to less than 1."""
    if not are_probabilities(rows):
        return NOTHING
    lopsided = recent(rows, "d_real") + recent(rows, "d_fake") - 1
    told = f"{says(rows)}, although it tells them apart in {recent(rows, 'auc'):.0%} of pairs."
    return -lopsided, told


def weak_d(rows):
    """How little D can express: 1 for a straight line, or far fakes that it cannot tell."""
    curvature = recent(rows, "d_curvature")
    if curvature is not None and curvature < 1e-3:
        told = (
            f"On the way from a fake to a real sample its logit bends by {curvature:.0e} of the "
            "difference: D is linear."
        )
        return 1.0, told
    if not has(rows, "d_size", "g_size"):
        return NOTHING
    share = recent(rows, "d_size") / max(recent(rows, "g_size"), 1)
    value, told = blind(rows)
    told += f" It has {recent(rows, 'd_size'):.0f} weights, G {recent(rows, 'g_size'):.0f}."
    return (value if share < 0.05 else 0.0), told


def flat_loss(rows):
    """How much steeper the non-saturating loss would be."""
    times = recent(rows, "g_steep") / (recent(rows, "g_gradient") + TINY)
    told = (
        f"G's gradient has norm {recent(rows, 'g_gradient'):.1e}; the non-saturating loss would "
        f"give {recent(rows, 'g_steep'):.1e} at the same place."
    )
    return times, told


def d_too_strong(rows):
    """How rarely D takes a fake for real, in powers of ten."""
    d_fake, auc = recent(rows, "d_fake"), recent(rows, "auc")
    rare = auc > 0.99 and are_probabilities(rows)
    told = f"D tells real from fake in {auc:.1%} of pairs, and D(G(z)) is {d_fake:.1e}."
    return (-math.log10(d_fake + 1e-12) if rare else 0.0), told


def memory(rows):
    """How much D prefers known to unknown real samples."""
    gap, known = recent(rows, "memory"), recent(rows, "known_auc")
    if gap is None:
        return None
    told = f"D prefers known to held-out samples by {gap:.0%} of what it prefers real to fake by"
    if known is None:
        return gap, f"{told}."
    told += f"; it tells known from held-out ones in {known:.0%} of pairs, a coin in 50%."
    # Far from the fakes all real samples are alike to D; but their order shows what it knows.
    return max(min(gap, 0.5 + known - 0.5), 2 * (known - 0.5)), told


def copies(rows):
    """How much nearer fakes are to real samples than those are to each other."""
    if not has(rows, "copies"):
        return None
    near = recent(rows, "copies")
    told = f"A fake's nearest real sample is {near:.0%} as far away as one real sample's next."
    return 1 / (near + 1e-3), told


def unbounded_d(rows):
    """The size of D's logits, in powers of ten."""
    if not has(rows, "logit_low", "logit_high"):
        return None
    low, high = recent(rows, "logit_low"), recent(rows, "logit_high")
    told = f"D's logits reach from {low:.3g} to {high:.3g}."
    return math.log10(max(abs(low), abs(high)) + TINY), told


def saturated(rows):
    """How much fuller of extreme values fakes are than real samples."""
    if not has(rows, "slack_fake", "slack_real", "g_reach_high"):
        return None
    fake, real = recent(rows, "slack_fake"), recent(rows, "slack_real")
    told = (
        f"Fakes are nearly all −1 or 1, where tanh is flat: the mean of 1 − x² is {fake:.1e}, in "
        f"real samples {real:.1e}. G's gradient has norm {recent(rows, 'g_gradient'):.1e}."
    )
    bounded = rows[-1]["g_reach_high"] <= 1.01 and rows[-1]["g_reach_low"] >= -1.01
    return (real / (fake + 1e-6) if bounded else 0.0), told


def dead_g(rows):
    """How much less fakes vary than real samples."""
    spread = ratio(rows, "spread")
    if spread is None or rows[-1]["spread_real"] < 1e-6:
        return None
    return 1 / spread, f"Whatever the code, fakes differ by {spread:.1e} of what real samples do."


# --- symptoms -------------------------------------------------------------------------


def mode_collapse(rows):
    """How much more alike fakes are than real samples."""
    spread, twins = ratio(rows, "spread"), ratio(rows, "twins")
    if spread is None or rows[-1]["spread_real"] < 1e-6:
        return None
    told = (
        f"Fakes vary {spread:.0%} as much as real samples, and a fake's nearest fellow is "
        f"{twins:.0%} as far away."
    )
    # Both: a young G draws smooth samples that are near each other, but spread, and a G of a
    # few modes spreads, but in crowds. In few dimensions nearest neighbors are luck; there it is
    # groups that are left out.
    if "grid_real" in rows[-1]:
        return 1 / (math.sqrt(spread * twins) + 1e-3), told
    found = recent(rows, "clusters_found")
    if found is None:
        return 1 / (spread + 1e-3), told
    told += f" They reach {found:.0%} of the groups that real samples form."
    return max(1 / (spread + 1e-3), 2.5 / (found + 1e-3)), told


def missed(rows):
    """The fraction of the data without a fake near."""
    value = recent(rows, "missed")
    if value is None:
        return None
    return value, f"Near {value:.0%} of the real samples there is no fake."


def never_settles(rows):
    """How much the same codes' samples change."""
    change = recent(rows, "change")
    if change is None:
        return None
    told = (
        f"From check to check the same codes' samples change by {change:.2f} of the data's spread."
    )
    return change, told


def grid(rows):
    """How much stronger the grid of one period is in fakes than in real images."""
    worst = None
    for period, name in ((2, "grid"), (3, "grid3"), (4, "grid4"), (8, "grid8")):
        if not has(rows, f"{name}_fake", f"{name}_real"):
            continue
        fake, real = recent(rows, f"{name}_fake"), recent(rows, f"{name}_real")
        value = fake / (max(real, 0.5) + 1e-3)
        told = (
            f"A pattern that repeats every {period} pixels carries {fake:.2f} in fakes, {real:.2f} "
            "in real images."
        )
        if worst is None or value > worst[0]:
            worst = value, told
    if worst is None:
        return None
    value, told = worst
    uneven = recent(rows, "g_uneven")
    if uneven is not None:
        told += f" In {uneven:.0f} of G's layers the stride does not divide the kernel."
        value = value if uneven else value / 4  # without such a layer, it is mostly youth
    return value, told
