"""Reading the rows of an examiner: recent values, age, and trend."""

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


def varies(rows):
    """Whether real samples differ at all, so that something can be compared with their spread."""
    return rows[-1].get("spread_real", 1.0) > 1e-6


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
    # Nearer than before, and about as near as ever: what goes to and fro does not improve.
    nearest = min(row["mmd"] for row in rows if "mmd" in row)
    fewest = min(row["missed"] for row in rows if "missed" in row)
    nearer = recent(now, "mmd") < min(0.9 * recent(before, "mmd"), 1.25 * nearest + 0.02)
    found = recent(now, "missed") < min(recent(before, "missed") - 0.06, fewest + 0.1)
    return nearer or found
