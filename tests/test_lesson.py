"""Run sizes, the first cell's line, and the run's folder."""

import json

import filelock
import pytest
import tensorflow as tf

from dcgan_course import begin_lesson, pick, run_size
from dcgan_course.files import runs_folder
from dcgan_course.training import locks


@pytest.mark.parametrize("size", ["smoke", "laptop", "full", " Laptop "])
def test_the_environment_chooses_the_size(monkeypatch, size):
    monkeypatch.setenv("DCGAN_COURSE_RUN", size)
    assert run_size() == size.strip().lower()
    assert pick(smoke=1, laptop=2, full=3) == {"smoke": 1, "laptop": 2, "full": 3}[run_size()]


def test_without_it_the_machine_does(monkeypatch):

    monkeypatch.delenv("DCGAN_COURSE_RUN")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    assert run_size() == "laptop"
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["GPU:0"])
    assert run_size() == "full"


def test_an_unknown_size_is_named(monkeypatch):
    monkeypatch.setenv("DCGAN_COURSE_RUN", "tiny")
    with pytest.raises(ValueError, match=r"'tiny'.*smoke.*laptop.*full"):
        run_size()


def test_results_go_beside_the_notebooks(monkeypatch, tmp_path):
    monkeypatch.delenv("DCGAN_COURSE_RUNS")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert runs_folder() == tmp_path / "runs"
    monkeypatch.chdir(tmp_path)
    assert runs_folder() == tmp_path / "runs"
    monkeypatch.setenv("DCGAN_COURSE_RUNS", str(tmp_path / "elsewhere"))
    assert runs_folder() == tmp_path / "elsewhere"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", None, 5])
def test_a_name_that_is_no_notebooks(name):
    with pytest.raises(ValueError, match="name should be that of the notebook"):
        begin_lesson(name)


@pytest.mark.parametrize("number", [-1, 0.5, True, "1", float("nan")])
def test_wrong_numbers_are_told_before_anything_is_loaded(number):
    with pytest.raises(ValueError, match="seed should be a whole number from 0 to 4,294,967,295"):
        begin_lesson("00_test", seed=number)
    for limit in (number, 0):
        with pytest.raises(ValueError, match="limit should be a whole number of 1 or more"):
            begin_lesson("00_test", "mnist", limit=limit)


BEGIN = """
from dcgan_course import begin_lesson
lesson = begin_lesson("00_test", dataset="mnist", seed=7, limit=20)
import random, numpy, tensorflow
print(random.random(), numpy.random.rand(), float(tensorflow.random.uniform(())))
print(lesson.folder, lesson.size, len(lesson.data))
"""


@pytest.mark.slow(seconds=12)
def test_first_cell_prints_one_line_fixes_the_seed_and_makes_no_noise(
    run_python, offline_env, tmp_path
):
    # The level that TensorFlow has without us: its start-up messages are on.
    environment = offline_env | {"DCGAN_COURSE_RUNS": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "0"}
    first, second = (run_python(BEGIN, env=environment) for _ in range(2))
    line, numbers, about = first.stdout.splitlines()
    for part in ("TensorFlow 2.", "Keras 3.", "CPU", "run size: smoke", "stand-in images"):
        assert part in line
    assert numbers == second.stdout.splitlines()[1]
    assert about == f"{tmp_path / '00_test'} smoke 20"
    said = [text for text in first.stderr.splitlines() if text]
    assert len(said) == 2  # the message about stand-ins, nothing else
    assert "Stand-in" in said[0]
    about = json.loads((tmp_path / "00_test" / "about.json").read_text(encoding="utf-8"))
    assert about["source"] == "stand-in"
    assert about["size"] == "smoke"


@pytest.fixture
def runs(monkeypatch, tmp_path):
    monkeypatch.setenv("DCGAN_COURSE_RUNS", str(tmp_path))
    # It cannot be switched off again, and other tests of this process do without.
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: None)
    return tmp_path


def test_fresh_sets_the_earlier_run_aside_and_loses_nothing(runs, capsys):
    for number in (1, 2):
        folder = begin_lesson("00_test").folder
        (folder / "checkpoints").mkdir()
        (folder / "checkpoints" / "epoch-00001.npz").write_text(f"run {number}", encoding="utf-8")
        begin_lesson("00_test", fresh=True)
        assert [path.name for path in folder.iterdir()] == ["about.json"]
        aside = runs / f"00_test-earlier-{number}"
        kept = aside / "checkpoints" / "epoch-00001.npz"
        assert kept.read_text(encoding="utf-8") == f"run {number}"
        assert str(aside) in capsys.readouterr().out


def test_fresh_where_there_is_no_earlier_run(runs):
    for _ in range(2):
        begin_lesson("00_test", fresh=True)
    assert [path.name for path in runs.iterdir()] == ["00_test"]


def test_fresh_moves_nothing_while_another_process_trains_there(runs, monkeypatch):
    checkpoints = begin_lesson("00_test").folder / "checkpoints"
    checkpoints.mkdir()
    lock = filelock.FileLock(checkpoints / locks.LOCK, is_singleton=False)
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    with lock, pytest.raises(locks.FolderInUse, match="checkpoints is in use"):
        begin_lesson("00_test", fresh=True)
    assert checkpoints.is_dir()
    assert not locks._held


@pytest.mark.parametrize("fresh", [None, 1, "yes"])
def test_fresh_is_true_or_false(fresh):
    with pytest.raises(ValueError, match="fresh should be True or False"):
        begin_lesson("00_test", fresh=fresh)
