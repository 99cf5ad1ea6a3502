"""What rules measure of the game between G and D, and of the samples that come of it.

Each returns `(value, evidence)`, larger being worse, or None where the rows do not say. Most take
the median over the last few checks: one bad moment is no sickness.
"""

import math

import numpy as np

from dcgan_course.diagnosis.rows import (
    GROWN,
    NOTHING,
    TINY,
    are_probabilities,
    has,
    last_rows,
    ratio,
    recent,
    says,
    varies,
)

HALF_GROWN = GROWN / 2


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
    told_apart = auc > 0.9 and (recent(rows, "d_fake") < 0.25 or not are_probabilities(rows))
    grown = recent(rows, "g_gone") > GROWN
    return (1 - heading / 0.1 if grown and told_apart else 0.0), told


def flipped_labels(rows):
    """How much more D believes in fakes than in real samples."""
    gap = recent(rows, "d_fake") - recent(rows, "d_real")
    told = f"{says(rows)}"
    heading = recent(rows, "d_heading")
    if heading is None:
        return gap, f"{told}."
    told += f"; the cosine between D's steps and what its loss asks for is {heading:.2f}."
    # A D that G has just overtaken is wrong for a moment as well, but it turns round.
    turning = heading > 0.1
    value = min(gap, 0.59) if turning else gap
    return (max(value, 0.61) if heading < -0.1 and gap > 0.2 else value), told


def blind(rows):
    """How far fakes are from the data while a D that has had its time is undecided; else 0."""
    apart, loss = recent(rows, "apart"), recent(rows, "d_loss")
    if apart is None or not are_probabilities(rows):
        return NOTHING
    told = (
        f"{says(rows)}, and D's loss {loss:.2f}, that of a coin 1.39, although the nearest "
        f"neighbor of a sample is of its own set in {apart:.0%} of cases."
    )
    grown = max(row.get("d_gone", 0.0) for row in rows) > HALF_GROWN
    earlier = rows[: -len(last_rows(rows))]
    before, seen = recent(earlier, "d_loss"), recent(earlier, "auc")
    learning = before is not None and loss < before - 0.01
    # Verdicts that get surer one check after another are those of a D that is young.
    aucs = [row["auc"] for row in last_rows(rows)]
    learning = learning or (seen is not None and min(aucs) > max(seen, 0.6))
    spread = recent(rows, "logit_spread")
    quiet = spread is None or spread < 0.5
    blinded = 1.36 < loss < 1.7 and lopsided(rows) > -0.1 and quiet and grown and not learning
    return (apart if blinded else 0.0), told


def lopsided(rows):
    """By how much D's mean probabilities for real samples and fakes add up to more than 1."""
    return recent(rows, "d_real") + recent(rows, "d_fake") - 1


def agreeing_d(rows):
    """How far fakes are from the data while something pushes an undecided D's verdicts up."""
    value, told = blind(rows)
    auc, heading, apart = (recent(rows, name) for name in ("auc", "d_heading", "apart"))
    if not told or (heading is not None and heading > 0.3):
        return NOTHING
    sums = [row["d_real"] + row["d_fake"] - 1 for row in last_rows(rows)]
    if value and min(sums) > 0 and lopsided(rows) > 0.03 and auc < 0.55:
        return value, told
    # Pushed far up, it may have some order left in its verdicts.
    far = min(sums) > 0.05 and abs(auc - 0.5) < 0.2 and recent(rows, "d_loss") > 1.3
    return (apart if far and max(row.get("d_gone", 0) for row in rows) > GROWN else 0.0), told


def noisy_labels(rows):
    """`blind`, where D's steps have hardly a direction."""
    value, told = blind(rows)
    heading = recent(rows, "d_heading")
    if heading is None:
        return NOTHING
    told += f" The cosine between D's steps and the way downhill is {heading:.2f}."
    return (value if heading < 0.3 else 0.0), told


def soft_labels(rows):
    """How far D's probabilities add up to less than 1."""
    if not are_probabilities(rows):
        return NOTHING
    told = f"{says(rows)}, although it tells them apart in {recent(rows, 'auc'):.0%} of pairs."
    return -lopsided(rows), told


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
    if value < 0.9 and has(rows, "missed"):
        # What a small D cannot see, it cannot ask for: fakes that stay poor are its doing.
        (like, said), (gap, also) = mode_collapse(rows) or NOTHING, missed(rows)
        value, told = (1.0, f"{said} {also}") if like >= 5 or gap >= 0.9 else (0.0, told)
    told += f" D has {recent(rows, 'd_size'):.0f} weights, G {recent(rows, 'g_size'):.0f}."
    return (value if share < 0.03 else 0.0), told


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
    if spread is None or not varies(rows):
        return None
    return 1 / spread, f"Whatever the code, fakes differ by {spread:.1e} of what real samples do."


# --- symptoms -------------------------------------------------------------------------


def mode_collapse(rows):
    """How much more alike fakes are than real samples."""
    spread, twins = ratio(rows, "spread"), ratio(rows, "twins")
    if spread is None or not varies(rows):
        return None
    told = (
        f"Fakes vary {spread:.0%} as much as real samples, and the nearest neighbor of a fake is "
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
    changes = [row["change"] for row in rows[len(rows) // 2 :] if "change" in row]
    if not changes or not varies(rows):
        return None
    change = float(np.median(changes))
    told = (
        f"From check to check the samples of the same codes change by {change:.2f} standard "
        "deviations of the data."
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
