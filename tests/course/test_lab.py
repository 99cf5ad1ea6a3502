"""Working copies of the lessons: made, renewed, and never lost.

Mirrors no module: it tests scripts/lab.py.
"""

import re
import shutil
import subprocess
import sys

import pytest
from helpers import NOTEBOOKS, ROOT, read_notebook

sys.path.insert(0, str(ROOT / "scripts"))

import lab

from dcgan_course.files import runs_folder


@pytest.fixture
def lessons(tmp_path):
    """A folder of two lessons."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("01_a", "02_b"):
        (folder / f"{name}.ipynb").write_text(f"{name}, first version", encoding="utf-8")
    return folder


@pytest.fixture
def copies(lessons, tmp_path):
    """The copies of these lessons, as the first start makes them."""
    folder = tmp_path / "my_lessons"
    assert lab.renew(lessons, folder)["new"] == ["01_a.ipynb", "02_b.ipynb"]
    return folder


def never(names):
    raise AssertionError(f"should not ask about {names}")


def read(folder):
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.ipynb"))}


def test_a_second_start_changes_nothing_and_says_nothing(lessons, copies, capsys):
    capsys.readouterr()
    assert lab.renew(lessons, copies, never) == {"new": [], "renewed": [], "kept": []}
    assert read(copies) == read(lessons)
    assert capsys.readouterr().out == ""


def test_an_untouched_copy_is_renewed_without_a_question(lessons, copies, capsys):
    (lessons / "01_a.ipynb").write_text("second version", encoding="utf-8")
    assert lab.renew(lessons, copies, never)["renewed"] == ["01_a.ipynb"]
    assert read(copies) == read(lessons)
    assert "Renewed in my_lessons/: 01_a.ipynb." in capsys.readouterr().out
    (lessons / "01_a.ipynb").write_text("third version", encoding="utf-8")
    assert lab.renew(lessons, copies, never)["renewed"] == ["01_a.ipynb"]


def test_a_changed_copy_of_an_unchanged_lesson_is_left_alone(lessons, copies):
    (copies / "01_a.ipynb").write_text("mine", encoding="utf-8")
    assert lab.renew(lessons, copies, never) == {"new": [], "renewed": [], "kept": []}
    assert read(copies)["01_a.ipynb"] == "mine"


def test_where_both_have_changed_the_copy_is_kept_and_the_question_comes_once(
    lessons, copies, capsys
):
    (copies / "01_a.ipynb").write_text("mine", encoding="utf-8")
    (lessons / "01_a.ipynb").write_text("second version", encoding="utf-8")
    for _ in range(2):  # nobody can be asked: as often as it is started
        assert lab.renew(lessons, copies, None)["kept"] == ["01_a.ipynb"]
        assert "Kept your version of 01_a.ipynb" in capsys.readouterr().out
    assert lab.renew(lessons, copies, lambda names: [])["kept"] == ["01_a.ipynb"]
    assert lab.renew(lessons, copies, never)["kept"] == []
    assert read(copies)["01_a.ipynb"] == "mine"
    (lessons / "01_a.ipynb").write_text("third version", encoding="utf-8")
    assert lab.renew(lessons, copies, lambda names: [])["kept"] == ["01_a.ipynb"]  # a new question


def test_a_changed_copy_that_is_renewed_stays_under_another_name(lessons, copies):
    for version in ("second version", "third version"):  # twice on one day
        (copies / "01_a.ipynb").write_text(f"mine, before the {version}", encoding="utf-8")
        (lessons / "01_a.ipynb").write_text(version, encoding="utf-8")
        assert lab.renew(lessons, copies, lambda names: names)["renewed"] == ["01_a.ipynb"]
    found = read(copies)
    assert found.pop("01_a.ipynb") == "third version"
    assert found.pop("02_b.ipynb") == "02_b, first version"
    assert all(name.startswith("01_a.mine-") for name in found)
    assert set(found.values()) == {
        "mine, before the second version",
        "mine, before the third version",
    }


def test_a_new_lesson_is_added_and_a_deleted_copy_made_again(lessons, copies):
    (lessons / "03_c.ipynb").write_text("new", encoding="utf-8")
    (copies / "01_a.ipynb").unlink()
    assert lab.renew(lessons, copies, never)["new"] == ["01_a.ipynb", "03_c.ipynb"]
    assert read(copies) == read(lessons)


def test_a_lesson_that_is_gone_leaves_its_copy(lessons, copies):
    (lessons / "01_a.ipynb").unlink()
    lab.renew(lessons, copies, never)
    assert read(copies)["01_a.ipynb"] == "01_a, first version"


@pytest.mark.parametrize("record", [None, "{", '{"copied": 5}', "[]"])
def test_without_a_record_nothing_is_overwritten(lessons, copies, record):
    path = copies / lab.RECORD
    path.unlink()
    if record is not None:
        path.write_text(record, encoding="utf-8")
    (copies / "01_a.ipynb").write_text("mine", encoding="utf-8")
    (lessons / "02_b.ipynb").write_text("second version", encoding="utf-8")
    assert lab.renew(lessons, copies)["kept"] == ["01_a.ipynb", "02_b.ipynb"]
    assert read(copies) == {"01_a.ipynb": "mine", "02_b.ipynb": "02_b, first version"}


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_changes_in_the_lesson_itself_are_not_lost_with_git_checkout(lessons, tmp_path):
    """Who has worked in notebooks/ so far has the changes in the copy, and keeps them there."""

    def git(*words):
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", *identity, *words], cwd=lessons, check=True, capture_output=True)

    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    (lessons / "01_a.ipynb").write_text("changed in its place", encoding="utf-8")
    copies = tmp_path / "my_lessons"
    lab.renew(lessons, copies)
    git("checkout", "01_a.ipynb")
    assert lab.renew(lessons, copies)["kept"] == ["01_a.ipynb"]
    assert read(copies)["01_a.ipynb"] == "changed in its place"


@pytest.mark.parametrize(
    ("answer", "chosen"),
    [
        ("", []),
        ("all", ["a", "b", "c"]),
        ("1, 3", ["a", "c"]),
        ("2", ["b"]),
        ("ALL", ["a", "b", "c"]),
        ("4 x", []),
    ],
)
def test_the_question_takes_numbers(monkeypatch, answer, chosen):
    monkeypatch.setattr("builtins.input", lambda prompt: answer)
    assert lab.ask(["a", "b", "c"]) == chosen


def test_an_ended_input_renews_nothing(monkeypatch):
    def ended(prompt):
        raise EOFError

    monkeypatch.setattr("builtins.input", ended)
    assert lab.ask(["a"]) == []


def test_git_ignores_the_copies():
    assert "my_lessons/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert lab.COPIES == ROOT / "my_lessons"
    assert lab.LESSONS == ROOT / "notebooks"


def test_links_and_runs_are_the_same_from_the_copies(monkeypatch, tmp_path):
    """The copies lie as deep as the lessons, so relative paths lead to the same places."""
    assert lab.COPIES.parent == lab.LESSONS.parent
    names = {path.name for path in NOTEBOOKS}
    seen = 0
    for path in NOTEBOOKS:
        for cell in read_notebook(path)["cells"]:
            for link in re.findall(r"\]\(([^)\s#]+\.\w+)", "".join(cell["source"])):
                if "://" not in link:
                    seen += 1
                    there = (lab.COPIES / link).resolve()
                    assert there.exists() or (there.parent == lab.COPIES and there.name in names)
    assert seen > 10
    (tmp_path / "dcgan_course").mkdir()
    (tmp_path / "dcgan_course" / "__init__.py").touch()
    (tmp_path / "my_lessons").mkdir()
    monkeypatch.delenv("DCGAN_COURSE_RUNS")
    monkeypatch.chdir(tmp_path / "my_lessons")
    assert runs_folder() == tmp_path / "runs"
