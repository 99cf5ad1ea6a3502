"""What the capstone's hidden tests and the class's leaderboard ask of a handed-in generator.

The assignment's own `capstone.py` measures, in a process in which no submission's code has run.
This module adds what students do not have: a held-out reference, known generators, another seed.
"""

from pathlib import Path

import numpy as np

from .inside.wire import pack, unpack
from .numbers import lasting_seed
from .runner import CleanRoom, Gone
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


def report_on(folder, kind="none", secret=(), seconds=60):
    """Measure a file outside of a notebook's grading, in a process of its own.

    Args:
        folder: with generator.npz, capstone.py and the hidden reference.
        kind, secret: as for `CleanRoom`.
        seconds: how long it may take.

    Returns:
        The answer as JSON holds it: {"value": …}, or {"error": …}; see `read_report`.
    """
    asked = {"op": "given", "args": pack(["capstone", "report", list(question(folder))])}
    with CleanRoom(folder, kind, secret) as room:
        try:
            return room.ask(asked, seconds)["answer"]
        except Gone as problem:
            return {"error": ["Gone", f"Reading the file has {problem} Python.", ""]}


def read_report(answer):
    """Return the report in an answer, also where the file could not be measured."""
    if "value" in answer:
        return unpack(answer["value"])
    said = str(answer["error"][1])[:200]
    parts = ("file", "network", "data", "diary", "own", "range", "alike", "coverage", "copies")
    return {"problems": dict.fromkeys((*parts, "fair", "good"), f"It was not measured: {said}")}


def twins(reports):
    """Return pairs of names whose reports are of one generator.

    Args:
        reports: reports by name.
    """
    sketches = {
        name: np.asarray(report["sketch"]) for name, report in reports.items() if "sketch" in report
    }
    names = sorted(sketches)
    return [
        (first, second)
        for index, first in enumerate(names)
        for second in names[index + 1 :]
        if sketches[first].shape == sketches[second].shape
        and np.abs(sketches[first] - sketches[second]).max()
        <= 0.01 * np.abs(sketches[second]).max()
    ]
