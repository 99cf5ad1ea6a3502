"""The assignments grade what they say: reference answers, wrong ones, unusual ones, hostile ones.

The tests of an assignment run here in this process, cell by cell as a kernel would run them;
`test_classroom.py` takes the whole road through nbgrader, with kernels of their own.

Mirrors no module: it tests assignments/source.
"""

import json
import os
import re

import matplotlib
import pytest
from assignment_cases import RIGHT, WRONG
from assignment_metrics import RIGHT_METRICS, WRONG_METRICS
from assignment_more import MORE_RIGHT, MORE_WRONG
from helpers import ROOT, read_notebook

from dcgan_course import grading
from dcgan_course.grading.cells import hidden_part, visible_part
from dcgan_course.grading.inside.probes import Probes
from dcgan_course.grading.inside.session import Session

SOURCE = ROOT / "assignments" / "source"
NAMES = sorted(path.name for path in SOURCE.iterdir())
CAPSTONE = "07_capstone"  # what counts there is a file: see test_capstone.py
CODED = [name for name in NAMES if name != CAPSTONE]
WRONG = {name: WRONG[name] | MORE_WRONG[name] for name in WRONG}
RIGHT = {name: RIGHT[name] | MORE_RIGHT[name] for name in RIGHT}
WRONG["06_metrics"], RIGHT["06_metrics"] = WRONG_METRICS, RIGHT_METRICS
SEEDS = (11, 222, 3333)


def source_cells(name):
    """All cells of an assignment's source."""
    return read_notebook(SOURCE / name / f"{name}.ipynb")["cells"]


def nbgrader_cells(name):
    """The cells that nbgrader knows: (id, kind, text)."""
    for cell in source_cells(name):
        marks = cell["metadata"].get("nbgrader")
        if marks is None or cell["cell_type"] != "code":
            continue
        kind = "test" if marks["grade"] else "solve" if marks["solution"] else "fixed"
        yield marks["grade_id"], kind, "".join(cell["source"])


# Answers that later ones, or their tests, use.
USED_LATER = {"counts", "movement"}


def concerned(name, answers):
    """The test cells that some answers can change: those that follow them, or all."""
    if USED_LATER & set(answers):
        return {key for key, kind, _ in nbgrader_cells(name) if kind == "test"}
    found, changed = set(), False
    for key, kind, _ in nbgrader_cells(name):
        changed = key in answers if kind == "solve" else changed
        if kind == "test" and changed:
            found.add(key)
    return found


def lost(name, answers, seed, monkeypatch, tests=None, visible=True):
    """Ids of the test cells that fail, with their messages, for answers by cell id.

    Only `tests` are run, if given, and without `visible` their hidden parts alone. Cells run in
    this process as they do beside a submission; hidden tests ask for values, which take the way
    through JSON as they do out of a sandbox.
    """
    matplotlib.use("Agg")
    monkeypatch.chdir(SOURCE / name)
    grading.start_anew(seed)
    namespace, failed = {"__name__": "__main__"}, {}
    session, probes = Session(namespace), Probes(namespace)
    grading.student.connect(lambda question: json.loads(json.dumps(probes.handle(question))))
    unknown = set(answers) - {key for key, kind, _ in nbgrader_cells(name) if kind == "solve"}
    assert not unknown, f"No such cells: {unknown}"
    for key, kind, text in nbgrader_cells(name):
        before = dict(namespace)
        if kind == "test" and tests is not None and key not in tests:
            continue
        try:
            if kind == "test":
                session.before_test()
                if visible:
                    exec(compile(visible_part(text), f"{name}:{key}", "exec"), namespace)
                exec(compile(hidden_part(text), f"{name}:{key}", "exec"), {"__name__": "hidden"})
            else:
                exec(compile(answers.get(key, text), f"{name}:{key}", "exec"), namespace)
        except Exception as error:
            if kind == "test":
                failed[key] = f"{type(error).__name__}: {error}"
            elif kind == "fixed":
                raise
        if kind == "fixed":
            session.after_given_cell(before)
    return failed


def released(name):
    """The stubs that students get."""
    return {
        key: re.sub(
            r"( *)### BEGIN SOLUTION.*?### END SOLUTION",
            r"\1raise NotImplementedError()",
            text,
            flags=re.DOTALL,
        )
        for key, kind, text in nbgrader_cells(name)
        if kind == "solve"
    }


def test_seven_assignments_of_thirty_points_with_written_answers_and_many_small_tests():
    assert len(NAMES) == 7
    for name in NAMES:
        marks = [
            cell["metadata"]["nbgrader"] | {"type": cell["cell_type"]}
            for cell in source_cells(name)
            if cell["metadata"].get("nbgrader", {}).get("grade")
        ]
        assert sum(m["points"] for m in marks) == 30, name
        written = 3 if name == CAPSTONE else 1
        assert sum(m["type"] == "markdown" for m in marks) == written, name
        tests = [m["points"] for m in marks if m["type"] == "code"]
        assert len(tests) >= 9, name
        assert max(tests) <= 4, name


@pytest.mark.slow(seconds=4)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CODED)
def test_the_reference_gets_full_marks_on_every_seed(name, seed, monkeypatch):
    # The visible parts know no seed: once is enough.
    assert lost(name, {}, seed, monkeypatch, visible=seed == SEEDS[0]) == {}


@pytest.mark.parametrize("name", CODED)
def test_an_untouched_release_gets_nothing(name, monkeypatch):
    tests = {key for key, kind, _ in nbgrader_cells(name) if kind == "test"}
    assert set(lost(name, released(name), SEEDS[0], monkeypatch)) == tests


def test_there_are_enough_cases():
    for name in CODED:
        assert len(WRONG[name]) >= 30, name
        assert len(RIGHT[name]) >= 6, name


@pytest.mark.slow(seconds=1)
@pytest.mark.parametrize(("name", "case"), [(n, c) for n in CODED for c in WRONG[n]])
def test_a_wrong_answer_loses_the_tests_that_concern_it_and_no_other(name, case, monkeypatch):
    answers, wanted = WRONG[name][case]
    # The visible parts run where a submission could disturb them: the hidden ones have to do.
    failed = lost(name, answers, SEEDS[1], monkeypatch, concerned(name, answers), visible=False)
    assert set(failed) == wanted, failed
    for message in failed.values():
        assert re.match(r"(AssertionError|\w*Error): .{10,}", message, re.DOTALL), failed


@pytest.mark.slow(seconds=1)
@pytest.mark.parametrize(("name", "case"), [(n, c) for n in CODED for c in RIGHT[n]])
def test_a_right_but_unusual_answer_loses_nothing(name, case, monkeypatch):
    assert lost(name, RIGHT[name][case], SEEDS[2], monkeypatch) == {}


@pytest.mark.slow(seconds=1)
@pytest.mark.parametrize("name", CODED)
def test_names_that_a_submission_overwrites_do_not_decide(name, monkeypatch):
    """abs, max and friends as a student's variables; numpy's comparisons replaced."""
    import numpy as np

    for function in ("allclose", "abs"):
        monkeypatch.setattr(np, function, getattr(np, function))
    kinds = [(key, kind) for key, kind, _ in nbgrader_cells(name)]
    first, second = [n for n, (_, kind) in enumerate(kinds) if kind == "solve"][:2]
    key, near = kinds[first][0], {key for key, kind in kinds[first:second] if kind == "test"}
    stub = released(name)[key]
    sabotage = "\nimport numpy as np\nabs = max = min = len = sum = all = lambda *a, **k: True\n"
    sabotage += "np.allclose = lambda *a, **k: True\ndel np\n"
    assert set(lost(name, {key: stub}, SEEDS[0], monkeypatch, near)) == near
    assert set(lost(name, {key: stub + sabotage}, SEEDS[0], monkeypatch, near)) == near
    good = next(text for k, kind, text in nbgrader_cells(name) if k == key)
    assert lost(name, {key: good + sabotage.replace("del np\n", "")}, SEEDS[0], monkeypatch) == {}


def test_grading_draws_other_numbers_for_another_seed_and_the_same_for_the_same(monkeypatch):
    drawn = []
    for seed in ("5", "5", "6"):
        monkeypatch.setenv(grading.SEED, seed)
        grading.start_anew()
        drawn.append([grading.fresh().random() for _ in range(2)])
        assert grading.SEED not in os.environ  # a submission must not find it
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0][0] != drawn[0][1]


def test_a_lasting_seed_is_the_same_all_through_a_grading_and_draws_nothing():
    found = []
    for seed in (5, 6):
        grading.start_anew(seed)
        first = grading.lasting_seed()
        drawn = grading.fresh().random()
        assert grading.lasting_seed() == first
        grading.start_anew(seed)
        assert grading.fresh().random() == drawn
        found.append(first)
    assert found[0] != found[1]


def test_numbers_are_near_only_if_they_are_numbers_and_equally_many():
    from dcgan_course.grading import near

    assert near([1.0, [2.0]], (1.0, 2.001), 1e-2)
    assert not near([1.0, 2.0], [1.0, 2.1], 1e-2)
    assert not near([1.0], [1.0, 1.0], 1e-2)
    assert not near(float("nan"), 1.0, 1e-2)
    assert near(0.005, 0.0, 1e-2)
    assert not near(0.05, 0.0, 1e-2)
