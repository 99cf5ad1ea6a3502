"""The assignments grade what they say: reference answers, wrong ones, unusual ones, hostile ones.

The tests of an assignment run here in this process, cell by cell as a kernel would run them;
the last part takes the whole road through nbgrader, with kernels of their own.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys

import matplotlib
import pytest
from assignment_cases import RIGHT, WRONG
from assignment_more import MORE_RIGHT, MORE_WRONG
from helpers import ROOT, read_notebook

from dcgan_course import grading
from dcgan_course.grading.cells import hidden_part, visible_part
from dcgan_course.grading.inside.probes import Probes
from dcgan_course.grading.inside.session import Session

SOURCE = ROOT / "assignments" / "source"
NAMES = sorted(path.name for path in SOURCE.iterdir())
WRONG = {name: WRONG[name] | MORE_WRONG[name] for name in NAMES}
RIGHT = {name: RIGHT[name] | MORE_RIGHT[name] for name in NAMES}
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


def test_five_assignments_of_thirty_points_with_a_written_answer_and_many_small_tests():
    assert len(NAMES) == 5
    for name in NAMES:
        marks = [
            cell["metadata"]["nbgrader"] | {"type": cell["cell_type"]}
            for cell in source_cells(name)
            if cell["metadata"].get("nbgrader", {}).get("grade")
        ]
        assert sum(m["points"] for m in marks) == 30, name
        assert sum(m["type"] == "markdown" for m in marks) == 1, name
        tests = [m["points"] for m in marks if m["type"] == "code"]
        assert len(tests) >= 9, name
        assert max(tests) <= 4, name


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_the_reference_gets_full_marks_on_every_seed(name, seed, monkeypatch):
    assert lost(name, {}, seed, monkeypatch) == {}


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_release_gets_nothing(name, monkeypatch):
    tests = {key for key, kind, _ in nbgrader_cells(name) if kind == "test"}
    assert set(lost(name, released(name), SEEDS[0], monkeypatch)) == tests


def test_there_are_enough_cases():
    for name in NAMES:
        assert len(WRONG[name]) >= 30, name
        assert len(RIGHT[name]) >= 6, name


@pytest.mark.parametrize(("name", "case"), [(n, c) for n in NAMES for c in WRONG[n]])
def test_a_wrong_answer_loses_the_tests_that_concern_it_and_no_other(name, case, monkeypatch):
    answers, wanted = WRONG[name][case]
    # The visible parts run where a submission could disturb them: the hidden ones have to do.
    failed = lost(name, answers, SEEDS[1], monkeypatch, concerned(name, answers), visible=False)
    assert set(failed) == wanted, failed
    for message in failed.values():
        assert re.match(r"(AssertionError|\w*Error): .{10,}", message, re.DOTALL), failed


@pytest.mark.parametrize(("name", "case"), [(n, c) for n in NAMES for c in RIGHT[n]])
def test_a_right_but_unusual_answer_loses_nothing(name, case, monkeypatch):
    assert lost(name, RIGHT[name][case], SEEDS[2], monkeypatch) == {}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_a_submission_overwrites_do_not_decide(name, monkeypatch):
    """abs, max and friends as a student's variables; numpy's comparisons replaced."""
    import numpy as np

    for function in ("allclose", "abs"):
        monkeypatch.setattr(np, function, getattr(np, function))
    key = next(key for key, kind, _ in nbgrader_cells(name) if kind == "solve")
    stub = released(name)[key]
    sabotage = "\nimport numpy as np\nabs = max = min = len = sum = all = lambda *a, **k: True\n"
    sabotage += "np.allclose = lambda *a, **k: True\ndel np\n"
    alone = set(lost(name, {key: stub}, SEEDS[0], monkeypatch))
    assert set(lost(name, {key: stub + sabotage}, SEEDS[0], monkeypatch)) == alone
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


def test_numbers_are_near_only_if_they_are_numbers_and_equally_many():
    from dcgan_course.grading import near

    assert near([1.0, [2.0]], (1.0, 2.001), 1e-2)
    assert not near([1.0, 2.0], [1.0, 2.1], 1e-2)
    assert not near([1.0], [1.0, 1.0], 1e-2)
    assert not near(float("nan"), 1.0, 1e-2)
    assert near(0.005, 0.0, 1e-2)
    assert not near(0.05, 0.0, 1e-2)


# --- the whole road -----------------------------------------------------------------------

needs_nbgrader = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="nbgrader needs Python 3.11 or newer"
)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    """A copy of assignments/ with released student versions."""
    folder = tmp_path_factory.mktemp("classroom") / "assignments"
    shutil.copytree(
        ROOT / "assignments",
        folder,
        ignore=shutil.ignore_patterns(
            "release",
            "submitted",
            "prepared",
            "autograded",
            "feedback",
            "downloaded",
            "g*.db",
            "graded.json",
            "grades.csv",
            "__pycache__",
            ".*",
        ),
    )
    said = run(folder, "release")
    assert said.count("release/0") == 10, said
    return folder


def run(folder, *arguments, seconds=9):
    """Run grade.py as a teacher would; returns what it said."""
    environment = dict(
        os.environ,
        PYTHONPATH=str(ROOT),
        DCGAN_COURSE_CELL_SECONDS=str(seconds),
        JUPYTER_PLATFORM_DIRS="1",
    )
    done = subprocess.run(
        [sys.executable, str(folder / "grade.py"), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def submit(folder, student, name, change, file=None):
    """Put a changed copy of a release into submitted/. `change` gets its cells by id."""
    notebook = read_notebook(folder / "release" / name / f"{name}.ipynb")
    cells = {
        cell["metadata"]["nbgrader"]["grade_id"]: cell
        for cell in notebook["cells"]
        if "nbgrader" in cell["metadata"]
    }
    change(cells, notebook)
    target = folder / "submitted" / student / name
    target.mkdir(parents=True, exist_ok=True)
    for extra in (folder / "release" / name).glob("*.json"):
        shutil.copy(extra, target)
    (target / (file or f"{name}.ipynb")).write_text(json.dumps(notebook), encoding="utf-8")


def solve(name, **instead):
    """A change that fills in the reference's answers, except `instead`."""
    answers = {key: text for key, kind, text in nbgrader_cells(name) if kind == "solve"}

    def change(cells, notebook):
        for key, text in (answers | instead).items():
            cells[key]["source"] = text

    return change


def grades(folder):
    """grades.csv as {(student, assignment): row}."""
    with (folder / "grades.csv").open(newline="", encoding="utf-8") as file:
        return {(row["student"], row["assignment"]): row for row in csv.DictReader(file)}


@needs_nbgrader
def test_nothing_secret_is_released(classroom):
    for name in NAMES:
        texts = {
            path.name: path.read_text(encoding="utf-8")
            for path in (classroom / "release" / name).iterdir()
        }
        assert set(texts) - {f"{name}.ipynb", "README.md", "recordings.json"} == set()
        notebook = json.loads(texts[f"{name}.ipynb"])
        everything = json.dumps(notebook, ensure_ascii=False)
        for secret in ("BEGIN SOLUTION", "BEGIN HIDDEN", "dcgan_course", "Rubric", "model answer"):
            assert secret not in everything, (name, secret)
        texts = ["".join(cell["source"]) for cell in source_cells(name)]
        secret = re.compile(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", re.DOTALL)
        shown = secret.sub("", "\n".join(texts))
        for line in {
            x.strip() for text in texts for x in "\n".join(secret.findall(text)).split("\n")
        }:
            if len(line) > 25 and line not in shown:
                assert json.dumps(line, ensure_ascii=False)[1:-1] not in everything, line
        for cell in notebook["cells"]:
            assert not cell.get("outputs"), name


@needs_nbgrader
def test_the_whole_road(classroom):
    """Reference, untouched, hostile and broken submissions, graded in one go, twice."""
    folder, name = classroom, "01_losses"
    essay = "D is sure, so the slope of the minimax loss is near zero."

    def answered(cells, notebook):
        solve(name)(cells, notebook)
        cells["why_non_saturating"]["source"] = essay

    for assignment in NAMES:
        submit(folder, "ada", assignment, solve(assignment))
    submit(folder, "untouched", name, lambda cells, notebook: None)
    submit(folder, "essayist", name, answered, file="01_losses (1).ipynb")

    def with_cells(*texts):
        """The reference, and cells of the student's own before its answers."""

        def change(cells, notebook):
            solve(name)(cells, notebook)
            for index, text in enumerate(texts):
                key = list(solutions)[index % len(solutions)]
                own = {"cell_type": "code", "id": f"own-{index}", "metadata": {}, "source": text}
                place = notebook["cells"].index(cells[key])
                notebook["cells"].insert(place, own | {"execution_count": None, "outputs": []})

        return change

    solutions = {key: text for key, kind, text in nbgrader_cells(name) if kind == "solve"}
    mild = {
        "loops": "while True:\n    pass",
        "chatty": "for _ in range(200_000):\n    print('x' * 100)",
        "deletes": "del np, tf",
        "unparsable": "def broken(:\n    return",
        "warns": "import sys\nprint('a warning', file=sys.stderr)",
    }
    deadly = {
        "stubborn": "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "while True:\n    pass",
        "hungry": "hoard = []\nwhile True:\n    hoard.append(np.empty(200_000_000))",
        "leaves": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    }
    submit(folder, "mild", name, with_cells(*mild.values()))
    submit(folder, "deadly", name, with_cells(*deadly.values()))
    slow = "def hinge_losses(r, f):\n    while True: pass"
    submit(folder, "slow", name, solve(name, hinge=slow))

    def without_tests(cells, notebook):
        solve(name, hinge="def hinge_losses(r, f):\n    return 0.0, 0.0")(cells, notebook)
        notebook["cells"].remove(cells["hinge_d"])
        cells["d_value"]["source"] = "assert True"

    submit(folder, "remover", name, without_tests)

    def accidents(cells, notebook):
        solve(name)(cells, notebook)
        notebook["cells"].insert(3, json.loads(json.dumps(cells["d_value"])))
        whole = cells["discriminator_loss"]["source"].splitlines(keepends=True)
        lower = json.loads(json.dumps(cells["discriminator_loss"]))
        cells["discriminator_loss"]["source"] = whole[:2]
        lower["source"] = whole[2:]
        notebook["cells"].insert(notebook["cells"].index(cells["discriminator_loss"]) + 1, lower)
        for place, text in ((2, "get_ipython().ast_node_interactivity = 'all'"), (9, "exit()")):
            own = {"cell_type": "code", "metadata": {}, "source": text, "outputs": []}
            notebook["cells"].insert(place, own | {"execution_count": None})

    submit(folder, "unlucky", name, accidents)
    lazy = "get_ipython().ast_node_interactivity = 'all'\nget_ipython().showtraceback = print"

    def idle(cells, notebook):
        own = {"cell_type": "code", "metadata": {}, "source": lazy, "outputs": []}
        notebook["cells"].insert(1, own | {"execution_count": None})

    submit(folder, "lazy", name, idle)
    broken = folder / "submitted" / "broken" / name
    broken.mkdir(parents=True)
    (broken / f"{name}.ipynb").write_text('{"cells": [', encoding="utf-8")

    said = run(folder, "grade", "--workers", "2")
    found = grades(folder)
    for assignment in NAMES:
        row = found["ada", assignment]
        hand = 5 if assignment == "05_diagnosis" else 4
        assert (float(row["automatic"]), float(row["of"])) == (30 - hand, 30), row
    assert float(found["untouched", name]["score"]) == 0
    assert found["untouched", name]["to_grade"] == "0"
    assert found["essayist", name]["to_grade"] == "1"
    assert float(found["mild", name]["automatic"]) == 26, said
    assert float(found["deadly", name]["automatic"]) == 26, said
    graded = read_notebook(folder / "autograded" / "deadly" / name / f"{name}.ipynb")
    notes = [o["evalue"] for c in graded["cells"] for o in c.get("outputs", []) if "evalue" in o]
    assert [note for note in notes if "could not be interrupted" in note], notes
    assert [note for note in notes if "ended the process" in note], notes
    assert [note for note in notes if "4 GB of memory" in note], notes
    assert float(found["slow", name]["automatic"]) == 23
    assert float(found["remover", name]["automatic"]) == 23
    assert float(found["unlucky", name]["automatic"]) == 26, said
    assert "was split" in found["unlucky", name]["note"]
    assert float(found["lazy", name]["automatic"]) == 0
    assert "not a notebook" in found["broken", name]["note"]
    assert float(found["broken", name]["score"]) == 0
    log = (folder / "autograded" / "mild" / name / f"{name}.ipynb").stat().st_size
    assert log < 400_000

    page = (folder / "feedback" / "slow" / name / f"{name}.html").read_text(encoding="utf-8")
    assert "further checks" in page
    assert "dcgan_course.grading" not in page
    assert "exact for large logits" in page
    assert "Test cell" not in page
    for place in ("feedback", "autograded", "prepared"):
        assert not list((folder / place).rglob("hidden_*"))

    # Once more: nothing has changed, so nothing is run; a new version is.
    assert "0 graded" in run(folder, "grade")
    submit(folder, "untouched", name, solve(name))
    said = run(folder, "grade")
    assert "1 graded" in said
    assert "untouched · 01_losses" in said
    assert float(grades(folder)["untouched", name]["automatic"]) == 26

    # A mark given by hand reaches grades.csv and the feedback page.
    sys_path = [sys.executable, "-c", HAND, str(folder / "gradebook.db")]
    subprocess.run(sys_path, check=True, capture_output=True)
    assert "feedback written anew" in run(folder, "grade")
    assert float(grades(folder)["essayist", name]["score"]) == 29
    page = (folder / "feedback" / "essayist" / name / f"{name}.html").read_text(encoding="utf-8")
    assert "Name the slope." in page


HAND = """
import sys
from nbgrader.api import Gradebook
with Gradebook(f"sqlite:///{sys.argv[1]}", "dcgan") as book:
    cell = ("why_non_saturating", "01_losses", "01_losses", "essayist")
    grade = book.find_grade(*cell)
    grade.manual_score, grade.needs_manual_grade = 3, False
    book.find_comment(*cell).manual_comment = "Name the slope."
    book.db.commit()
"""


@needs_nbgrader
def test_what_learning_platforms_give_out_finds_its_place(classroom):
    archive = classroom / "downloaded" / "02_networks" / "archive"
    archive.mkdir(parents=True)
    text = (classroom / "release" / "02_networks" / "02_networks.ipynb").read_text()
    moodle = classroom / "moodle" / "Grace Hopper_1906_assignsubmission_file_"
    moodle.mkdir(parents=True)
    (moodle / "02_networks.ipynb").write_text(text)
    shutil.make_archive(str(archive / "moodle"), "zip", moodle.parent)
    (archive / "turingalan_1912_4711_02_networks-1.ipynb").write_text(text)
    run(classroom, "collect", "02_networks")
    for student in ("Grace Hopper", "turingalan"):
        target = classroom / "submitted" / student / "02_networks" / "02_networks.ipynb"
        assert target.read_text() == text
        shutil.rmtree(target.parents[1])
