"""Numbers that students have not seen, and comparisons that need no name of a submission's."""

import json
import math
import os
from pathlib import Path

from numpy import asarray, random

SEED = "DCGAN_COURSE_GRADING_SEED"
_state = {"seed": None, "calls": 0}


def start_anew(seed=None):
    """Begin the numbers of `fresh` anew.

    Args:
        seed: a whole number; without it, as at the start.
    """
    _state.update(seed=seed, calls=0)


def fresh():
    """Make a new `numpy.random.Generator`, another one at each call.

    All of them follow from the environment's DCGAN_COURSE_GRADING_SEED, so that a teacher can
    repeat a grading; without it, from the system's randomness.
    """
    if _state["seed"] is None:
        # Taken out of the environment: a submission should not find it there.
        _state["seed"] = int(os.environ.pop(SEED, 0)) or int.from_bytes(os.urandom(6), "big")
    _state["calls"] += 1
    return random.default_rng([_state["seed"], _state["calls"]])


def lasting_seed():
    """Return a whole number that follows from the grading's seed alone, however often it is asked.

    For what several tests of a submission measure once.
    """
    kept = _state["calls"]
    fresh()
    _state["calls"] = kept
    return int(random.default_rng([_state["seed"], 2**31]).integers(2**31))


def _numbers(value):
    """All numbers in arrays, or lists of them, as one list of Python floats."""
    if isinstance(value, (list, tuple)):
        return [number for part in value for number in _numbers(part)]
    return [float(number) for number in asarray(value).reshape(-1).tolist()]


def _pairs(found, wanted):
    """Both as lists of numbers of one length, or None."""
    try:
        found = _numbers(found)
    except (TypeError, ValueError):
        return None
    wanted = _numbers(wanted)
    return (found, wanted) if len(found) == len(wanted) else None


def near(found, wanted, tolerance):
    """Tell whether all numbers agree, measured by the largest of them.

    Args:
        found, wanted: scalars, arrays, or lists of them, with equally many numbers.
        tolerance: the largest difference, as a fraction of the largest wanted number; of 1
            where all of them are 0.

    Returns:
        A bool. False for what is no number, and for another count of them.
    """
    pairs = _pairs(found, wanted)
    if pairs is None:
        return False
    limit = tolerance * (largest(pairs[1]) or 1.0)
    return all(abs(a - b) <= limit for a, b in zip(*pairs, strict=True))


def exact(found, wanted, relative=1e-4, absolute=1e-5):
    """Tell whether each number agrees, measured by its own size.

    Args:
        found, wanted: as for `near`.
        relative: the largest difference, as a fraction of the wanted number.
        absolute: a difference that is allowed in any case.
    """
    pairs = _pairs(found, wanted)
    return pairs is not None and all(
        math.isfinite(a) and abs(a - b) <= relative * abs(b) + absolute
        for a, b in zip(*pairs, strict=True)
    )


def largest(value):
    """The largest absolute number in arrays, or lists of them."""
    return max((abs(number) for number in _numbers(value)), default=0.0)


def same_direction(found, wanted, least=0.999):
    """Tell whether two lists of arrays point the same way: their cosine, all numbers together."""
    pairs = _pairs(found, wanted)
    if pairs is None:
        return False
    a, b = (asarray(numbers) for numbers in pairs)
    size = float((a * a).sum() * (b * b).sum()) ** 0.5
    return size > 0 and float((a * b).sum()) / size > least


def hidden_runs(kind, file="hidden_recordings.json"):
    """All recordings of one kind that students have not seen, in an order drawn afresh.

    The file lies beside the assignment's source; `make assignments` keeps it out of the
    release, and it is never where a submission runs.
    """
    runs = json.loads(Path(file).read_text(encoding="utf-8"))[kind]
    return [runs[index] for index in fresh().permutation(len(runs))]
