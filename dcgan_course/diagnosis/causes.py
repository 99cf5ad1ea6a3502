"""What rules measure of the set-up: data, layers, codes, and the training step.

Each returns `(value, evidence)`, larger being worse, or None where the rows do not say. Most take
the median over the last few checks: one bad moment is no sickness.
"""

import itertools
import math

import numpy as np

from dcgan_course.diagnosis.rows import (
    GROWN,
    NOTHING,
    TINY,
    age,
    always,
    are_probabilities,
    has,
    last_rows,
    recent,
    varies,
)


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
    if sum("batch_apart" in row for row in rows) < 3 or not varies(rows):
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
    """How much real samples or fakes are changed before D, where the others are not."""
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
    known = recent(rows, "batch_known")
    if known is not None and known < 0.5 and duplicates < 0.5:
        return NOTHING  # the training has others than those the doctor was given
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
    if not has(rows, "mode_gap") or not varies(rows):
        return None
    gap, moved = recent(rows, "mode_gap"), recent(rows, "statistics_moved")
    told = (
        f"G in training mode and G in inference mode differ by {gap:.2f} standard deviations of "
        "the data."
    )
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
    if left > 1.05 * before or shrinking or age(rows) < GROWN:
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
    own = rows[-1].get("own_loss", 1.0)  # a foreign GAN may sample from what it likes
    return (max(abs(math.log(spread + 1e-6)), abs(mean)) if own else 0.0), told


def no_color(rows):
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
