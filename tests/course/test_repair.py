"""Submissions whose cells were copied, split, moved or deleted are graded by their answers.

Mirrors no module: it tests assignments/repair.py.
"""

import copy
import sys

import nbformat
import pytest
from helpers import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

sys.path.insert(0, str(ROOT / "assignments"))

from repair import repair


def marked(make, key, text, **marks):
    cell = make(text)
    cell.metadata["nbgrader"] = {
        "grade_id": key,
        "grade": False,
        "solution": False,
        "locked": True,
    } | marks
    return cell


@pytest.fixture
def release():
    return new_notebook(
        cells=[
            new_markdown_cell("# An assignment"),
            marked(new_code_cell, "imports", "import math"),
            marked(
                new_code_cell,
                "f",
                "def f(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()",
                solution=True,
                locked=False,
            ),
            marked(new_code_cell, "test_f", "assert f(1) == 2", grade=True, points=2),
            new_code_cell("print(f(3))"),
            marked(new_code_cell, "g", "def g(x):\n    raise NotImplementedError()", solution=True),
            marked(new_code_cell, "test_g", "assert g(1) == 3", grade=True, points=2),
            marked(new_markdown_cell, "why", "YOUR ANSWER HERE", grade=True, solution=True),
        ]
    )


@pytest.fixture
def submission(release):
    done = copy.deepcopy(release)
    done.cells[2].source = "def f(x):\n    y = x\n    return y + 1"
    done.cells[5].source = "def g(x):\n    return x + 2"
    done.cells[7].source = "Because."
    return done


def sources(notebook):
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    }


def test_an_orderly_submission_stays_as_it_is(submission, release):
    notebook, said = repair(submission, release)
    assert said == []
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in submission.cells]
    nbformat.validate(notebook)


def test_a_copied_test_cell_is_left_out(submission, release):
    submission.cells.insert(4, copy.deepcopy(submission.cells[3]))
    notebook, said = repair(submission, release)
    assert len(notebook.cells) == len(release.cells)
    assert said == ["a copy of the cell test_f was left out"]


@pytest.mark.parametrize("line", [1, 2])
@pytest.mark.parametrize("marks_kept", [True, False])
def test_a_split_answer_is_joined(submission, release, line, marks_kept):
    whole = submission.cells[2].source.split("\n")
    lower = copy.deepcopy(submission.cells[2])
    submission.cells[2].source, lower.source = "\n".join(whole[:line]), "\n".join(whole[line:])
    if not marks_kept:
        lower.metadata = {}
    submission.cells.insert(3, lower)
    notebook, said = repair(submission, release)
    assert sources(notebook)["f"] == "\n".join(whole)
    assert len(said) == 1
    assert "split" in said[0]


def test_a_copied_answer_counts_in_its_last_version(submission, release):
    again = copy.deepcopy(submission.cells[2])
    again.source = again.source.replace("+ 1", "+ 7")
    submission.cells.insert(3, again)
    space = {}
    exec(sources(repair(submission, release)[0])["f"], space)
    assert space["f"](1) == 8


def test_the_stub_beside_an_answer_does_not_count(submission, release):
    submission.cells.insert(6, copy.deepcopy(release.cells[2]))
    notebook, said = repair(submission, release)
    assert sources(notebook)["f"] == submission.cells[2].source
    assert said


def test_a_deleted_answer_leaves_room_for_a_cell_of_the_students_own(submission, release):
    text = submission.cells[2].source
    submission.cells[2] = new_code_cell(text)
    notebook, said = repair(submission, release)
    assert "def f" not in sources(notebook)["f"]
    assert text in [cell.source for cell in notebook.cells]
    assert said == ["the answer cell f is missing"]


def test_deleted_and_changed_tests_are_back(submission, release):
    submission.cells[3].source = "assert True"
    del submission.cells[6]
    notebook, said = repair(submission, release)
    assert sources(notebook)["test_f"] == "assert f(1) == 2"
    assert sources(notebook)["test_g"] == "assert g(1) == 3"
    assert len(said) == 2


def test_moved_cells_are_back_and_bring_their_neighbors(submission, release):
    helper = new_code_cell("help_me = 1")
    submission.cells.insert(3, helper)
    submission.cells.append(submission.cells.pop(1))
    notebook, said = repair(submission, release)
    texts = [cell.source for cell in notebook.cells]
    assert texts.index("import math") < texts.index("help_me = 1") < texts.index("assert f(1) == 2")
    assert said == ["cells were moved: they are back in their order"]


def test_marks_that_are_none_do_not_matter(submission, release):
    own = new_code_cell("1 + 1")
    own.metadata["nbgrader"] = "full marks"
    strange = new_code_cell("2 + 2")
    strange.metadata["nbgrader"] = {"grade_id": "bonus", "grade": True, "points": 100}
    submission.cells += [own, strange]
    notebook, _ = repair(submission, release)
    assert set(sources(notebook)) == set(sources(release))
    assert {"1 + 1", "2 + 2"} <= {cell.source for cell in notebook.cells}


def test_points_and_marks_come_from_the_release(submission, release):
    submission.cells[3].metadata.nbgrader["points"] = 100
    submission.cells[2].metadata.nbgrader["grade"] = True
    notebook, _ = repair(submission, release)
    for cell, wanted in zip(notebook.cells, release.cells, strict=True):
        assert cell.metadata == wanted.metadata
