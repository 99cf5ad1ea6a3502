"""What the capstone's hidden tests and the class's leaderboard ask of a handed-in generator.

The assignment's own `capstone.py` measures, in a process in which no submission's code has run. This
module adds what students do not have: held-out moments, known generators, a seed of the grader's.
"""

from pathlib import Path

import numpy as np

from .numbers import lasting_seed
from .student import student

FILE = "generator.npz"
REFERENCE = "hidden_reference.npz"


def question(folder=".", seed=None):
    """Return the arguments of `capstone.report` for a file in the process that reads it.

    Args:
        folder: where the assignment's hidden reference is.
        seed: of the latent vectors; None takes the grading's own.
    """
    with np.load(Path(folder) / REFERENCE) as file:
        reference = {name: file[name] for name in file.files}
    return FILE, lasting_seed() if seed is None else seed, reference


def measured():
    """Return `capstone.report` of the present folder's generator.npz, a dictionary."""
    return student.given("capstone", "report", *question())


def problem(part):
    """Return what is wrong with one part of the present submission, "" if nothing is."""
    return str(measured()["problems"][part])
