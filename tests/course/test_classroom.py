"""The class's path through nbgrader, with kernels of their own: release, collect, grade, feedback.

Two test classes, each with a classroom of its own, so that two processes can share them.

Mirrors no module: it tests assignments/grade.py, fair.py and nbgrader_config.py.
"""

import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from capstone_cases import RIGHT, WRONG, Maker
from helpers import ROOT, read_notebook
from test_assignments import CAPSTONE, CODED, NAMES, nbgrader_cells, source_cells

pytestmark = [
    pytest.mark.slow(seconds=15),
    pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader needs Python 3.11 or newer"),
]


def open_classroom(folder, names=NAMES):
    """Copy assignments/ to `folder`, those of these names, and release student versions."""
    left_out = ("release", "submitted", "prepared", "autograded", "feedback", "downloaded", "g*.db")
    left_out += ("graded.json", "grades.csv", "__pycache__", ".*", *(set(NAMES) - set(names)))
    ignore = shutil.ignore_patterns(*left_out)
    shutil.copytree(ROOT / "assignments", folder, ignore=ignore)
    said = run(folder, "release")
    assert said.count("release/0") == 2 * len(names), said
    return folder


def run(folder, *arguments, seconds=40):
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
        encoding="utf-8",
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
    for extra in (folder / "release" / name).iterdir():
        if extra.suffix in (".json", ".npz", ".py"):
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


ESSAY = "D is sure, so the slope of the minimax loss is near zero."
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


class TestHonestSubmissions:
    """All assignments: what is released, graded, graded again, and sorted in."""

    @pytest.fixture(scope="class")
    def classroom(self, tmp_path_factory):
        return open_classroom(tmp_path_factory.mktemp("classroom") / "assignments")

    def test_nothing_secret_is_released(self, classroom):
        for name in NAMES:
            texts = {
                path.name: path.read_bytes().decode("utf-8", "replace")
                for path in (classroom / "release" / name).iterdir()
            }
            given = {"recordings.json", "gallery.npz", "capstone.py"}
            assert set(texts) - {f"{name}.ipynb", "README.md", *given} == set()
            notebook = json.loads(texts[f"{name}.ipynb"])
            everything = json.dumps(notebook, ensure_ascii=False)
            for secret in (
                "BEGIN SOLUTION",
                "BEGIN HIDDEN",
                "dcgan_course",
                "Rubric",
                "model answer",
            ):
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

    @pytest.mark.slow(seconds=60)
    def test_graded_in_one_go_and_again(self, classroom):
        """Reference, untouched, incomplete and broken submissions."""
        folder, name = classroom, "01_losses"

        def answered(cells, notebook):
            solve(name)(cells, notebook)
            cells["why_non_saturating"]["source"] = ESSAY

        def without_tests(cells, notebook):
            solve(name, hinge="def hinge_losses(r, f):\n    return 0.0, 0.0")(cells, notebook)
            notebook["cells"].remove(cells["hinge_d"])
            cells["d_value"]["source"] = "assert True"

        for assignment in CODED:
            submit(folder, "ada", assignment, solve(assignment))
        submit(folder, "untouched", name, lambda cells, notebook: None)
        submit(folder, "essayist", name, answered, file="01_losses (1).ipynb")
        submit(folder, "remover", name, without_tests)
        broken = folder / "submitted" / "broken" / name
        broken.mkdir(parents=True)
        (broken / f"{name}.ipynb").write_text('{"cells": [', encoding="utf-8")

        run(folder, "grade", "--workers", "2")
        found = grades(folder)
        for assignment in CODED:
            row = found["ada", assignment]
            hand = 6 if assignment == "05_diagnosis" else 4
            assert (float(row["automatic"]), float(row["of"])) == (30 - hand, 30), row
        assert float(found["untouched", name]["score"]) == 0
        assert found["untouched", name]["to_grade"] == "0"
        assert found["essayist", name]["to_grade"] == "1"
        assert float(found["remover", name]["automatic"]) == 23
        assert "not a notebook" in found["broken", name]["note"]
        assert float(found["broken", name]["score"]) == 0

        # Once more: nothing has changed, so nothing is run; a new version is.
        assert "0 graded" in run(folder, "grade")
        submit(folder, "untouched", name, solve(name))
        said = run(folder, "grade")
        assert "1 graded" in said
        assert "untouched · 01_losses" in said
        assert float(grades(folder)["untouched", name]["automatic"]) == 26

        # A mark given by hand reaches grades.csv and the feedback page.
        command = [sys.executable, "-c", HAND, str(folder / "gradebook.db")]
        subprocess.run(command, check=True, capture_output=True)
        assert "feedback written anew" in run(folder, "grade")
        assert float(grades(folder)["essayist", name]["score"]) == 29
        page = folder / "feedback" / "essayist" / name / f"{name}.html"
        assert "Name the slope." in page.read_text(encoding="utf-8")

    def test_what_learning_platforms_give_out_finds_its_place(self, classroom):
        archive = classroom / "downloaded" / "02_networks" / "archive"
        archive.mkdir(parents=True)
        text = (classroom / "release" / "02_networks" / "02_networks.ipynb").read_text(
            encoding="utf-8"
        )
        moodle = classroom / "moodle" / "Grace Hopper_1906_assignsubmission_file_"
        moodle.mkdir(parents=True)
        (moodle / "02_networks.ipynb").write_text(text, encoding="utf-8")
        (moodle / "generator.npz").write_bytes(b"numbers")
        shutil.make_archive(str(archive / "moodle"), "zip", moodle.parent)
        (archive / "turingalan_1912_4711_02_networks-1.ipynb").write_text(text, encoding="utf-8")
        run(classroom, "collect", "02_networks")
        for student in ("Grace Hopper", "turingalan"):
            target = classroom / "submitted" / student / "02_networks" / "02_networks.ipynb"
            assert target.read_text(encoding="utf-8") == text
            beside = target.with_name("generator.npz").exists()
            assert beside == (student == "Grace Hopper")
            shutil.rmtree(target.parents[1])


class TestHostileSubmissions:
    """The first assignment, with cells that loop, hoard memory, or end their kernel."""

    @pytest.fixture(scope="class")
    def classroom(self, tmp_path_factory):
        return open_classroom(tmp_path_factory.mktemp("hostile") / "assignments", ["01_losses"])

    def accidents(self, name):
        """The reference with a copied test, a split answer, `exit()`, and every result shown."""

        def change(cells, notebook):
            solve(name)(cells, notebook)
            notebook["cells"].insert(3, json.loads(json.dumps(cells["d_value"])))
            upper = cells["discriminator_loss"]
            lower = json.loads(json.dumps(upper))
            whole = upper["source"].splitlines(keepends=True)
            upper["source"], lower["source"] = whole[:2], whole[2:]
            notebook["cells"].insert(notebook["cells"].index(upper) + 1, lower)
            for place, text in ((2, "get_ipython().ast_node_interactivity = 'all'"), (9, "exit()")):
                own = {"cell_type": "code", "metadata": {}, "source": text, "outputs": []}
                notebook["cells"].insert(place, own | {"execution_count": None})

        return change

    def tricks(self, cells, notebook):
        """No answers, and an interpreter that reports no failure."""
        text = "get_ipython().ast_node_interactivity = 'all'\nget_ipython().showtraceback = print"
        own = {"cell_type": "code", "metadata": {}, "source": text, "outputs": []}
        notebook["cells"].insert(1, own | {"execution_count": None})

    @pytest.mark.slow(seconds=70)
    def test_harmful_cells_cost_their_own_marks_alone(self, classroom):
        folder, name = classroom, "01_losses"
        answers = {key: text for key, kind, text in nbgrader_cells(name) if kind == "solve"}

        def with_cells(*texts):
            """The reference, and cells of the student's own before its answers."""

            def change(cells, notebook):
                solve(name)(cells, notebook)
                for index, text in enumerate(texts):
                    key = list(answers)[index % len(answers)]
                    own = {"cell_type": "code", "id": f"own-{index}", "metadata": {}}
                    own |= {"source": text, "execution_count": None, "outputs": []}
                    notebook["cells"].insert(notebook["cells"].index(cells[key]), own)

            return change

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
        slow = "def hinge_losses(r, f):\n    while True: pass"
        submit(folder, "mild", name, with_cells(*mild.values()))
        submit(folder, "deadly", name, with_cells(*deadly.values()))
        submit(folder, "slow", name, solve(name, hinge=slow))
        submit(folder, "unlucky", name, self.accidents(name))
        submit(folder, "lazy", name, self.tricks)

        said = run(folder, "grade", "--workers", "2", seconds=9)
        found = grades(folder)
        assert float(found["mild", name]["automatic"]) == 26, said
        assert float(found["deadly", name]["automatic"]) == 26, said
        graded = read_notebook(folder / "autograded" / "deadly" / name / f"{name}.ipynb")
        outputs = [output for cell in graded["cells"] for output in cell.get("outputs", [])]
        notes = [output["evalue"] for output in outputs if "evalue" in output]
        assert [note for note in notes if "could not be interrupted" in note], notes
        assert [note for note in notes if "ended the process" in note], notes
        assert [note for note in notes if "4 GB of memory" in note], notes
        assert float(found["slow", name]["automatic"]) == 23
        assert float(found["unlucky", name]["automatic"]) == 26, said
        assert "was split" in found["unlucky", name]["note"]
        assert float(found["lazy", name]["automatic"]) == 0, said
        log = (folder / "autograded" / "mild" / name / f"{name}.ipynb").stat().st_size
        assert log < 400_000
        page = (folder / "feedback" / "slow" / name / f"{name}.html").read_text(encoding="utf-8")
        assert "further checks" in page
        assert "dcgan_course.grading" not in page
        assert "exact for large logits" in page
        assert "Test cell" not in page
        for place in ("feedback", "autograded", "prepared"):
            assert not list((folder / place).rglob("hidden_*"))


class TestCapstone:
    """Generators that are handed in as files: measured, ranked, and never run."""

    @pytest.fixture(scope="class")
    def classroom(self, tmp_path_factory):
        return open_classroom(tmp_path_factory.mktemp("capstone") / "assignments", [CAPSTONE])

    @pytest.mark.slow(seconds=90)
    def test_files_are_measured_and_ranked(self, classroom):
        folder = classroom
        spec = importlib.util.spec_from_file_location(
            "capstone", folder / "release" / CAPSTONE / "capstone.py"
        )
        capstone = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(capstone)
        make = Maker(capstone)

        def hand_in(student, case, name="generator.npz", **instead):
            submit(folder, student, CAPSTONE, solve(CAPSTONE, **instead))
            write, _ = (RIGHT | WRONG)[case]
            write(make, folder / "submitted" / student / CAPSTONE / name)

        loop = "def train(images, minutes=15):\n    pass\n\nwhile True:\n    pass"
        hand_in("ada", "the generator itself")
        hand_in("byron", "the generator itself", "generator (1).npz", train=loop)
        hand_in("stores", "twelve stored images")
        hand_in("pickles", "a pickle")
        hand_in("nobody", "no file")

        said = run(folder, "grade", "--workers", "2", seconds=15)
        found = {student: row for (student, _), row in grades(folder).items()}
        points = {student: float(row["automatic"]) for student, row in found.items()}
        assert points == {"ada": 18, "byron": 18, "stores": 10, "pickles": 0, "nobody": 0}, said
        assert {row["of"] for row in found.values()} == {"30.0"}
        assert found["ada"]["note"] == "the generator of byron"
        assert found["byron"]["note"] == "the generator of ada"
        page = (folder / "feedback" / "stores" / CAPSTONE / f"{CAPSTONE}.html").read_text("utf-8")
        assert "nearer to a training image" in page
        assert "dcgan_course" not in page
        for place in ("feedback", "autograded", "prepared"):
            assert not list((folder / place).rglob("hidden_*"))

        said = run(folder, "leaderboard", "--pseudonyms")
        assert "4 generators of 5 people" in said
        page = (folder / "leaderboard.html").read_text(encoding="utf-8")
        with (folder / "pseudonyms.csv").open(newline="", encoding="utf-8") as file:
            names = {row["student"]: row["pseudonym"] for row in csv.DictReader(file)}
        assert set(names) == set(found)
        assert names["ada"] in page
        words = re.sub(r"base64,[^\"]*", "", page)  # an image may happen to spell a name
        assert not [name for name in names if name in words]
        run(folder, "leaderboard")
        with (folder / "leaderboard.csv").open(newline="", encoding="utf-8") as file:
            rows = {row["student"]: row for row in csv.DictReader(file)}
        assert rows["ada"]["distance"] == rows["byron"]["distance"] != ""
        assert rows["nobody"]["note"] == "nothing handed in"
        assert "not ranked" in rows["pickles"]["note"]
