"""Writing beside and renaming."""

import errno
import os
import zipfile

import numpy as np
import pytest

from dcgan_course.files import (
    add_card,
    card_of,
    continue_rows,
    find_run,
    load_arrays,
    read_rows,
    run_path,
    runs_folder,
    save_arrays,
    write_beside,
    write_rows,
)


def test_writes_and_makes_folders(tmp_path):
    with write_beside(tmp_path / "new" / "a.txt") as beside:
        beside.write_text("whole", encoding="utf-8")
        assert not (tmp_path / "new" / "a.txt").exists()  # nothing half-written is visible
        assert beside.suffix == ".txt"
    assert (tmp_path / "new" / "a.txt").read_text(encoding="utf-8") == "whole"


@pytest.mark.parametrize("problem", [OSError("No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path, problem):
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(type(problem)), write_beside(path) as beside:  # noqa: PT012
        beside.write_text("half", encoding="utf-8")
        raise problem
    assert path.read_text(encoding="utf-8") == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_files_are_flushed_through_a_handle_for_writing(tmp_path, monkeypatch):
    """As Windows demands: there, fsync on a handle for reading fails with EBADF."""
    fcntl = pytest.importorskip("fcntl", reason="Windows has the rule itself")
    flushed = []

    def fsync(handle):
        if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        flushed.append(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with write_beside(tmp_path / "a.txt") as beside:
        beside.write_text("whole", encoding="utf-8")
    assert len(flushed) == 1
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "whole"


def test_arrays_with_a_card_come_back(tmp_path):
    weights = [np.arange(6, dtype="float16").reshape(2, 3), np.zeros(2, "float32")]
    arrays, card = load_arrays(save_arrays(tmp_path / "a.npz", weights, {"steps": 3}))
    assert list(arrays) == ["w0", "w1"]
    assert card == {"steps": 3}
    for before, after in zip(weights, arrays.values(), strict=True):
        np.testing.assert_array_equal(before, after)
        assert before.dtype == after.dtype


def test_rows_with_different_columns_come_back(tmp_path):
    rows = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "distance": 3.5}]
    assert read_rows(write_rows(tmp_path / "new" / "a.csv", rows)) == rows


# --- rows of a resumed training -------------------------------------------------------


def test_a_resumed_training_adds_its_rows_to_the_earlier_ones(tmp_path):
    path = tmp_path / "doctor.csv"
    rows = [{"step": step, "loss": 1.0} for step in (0, 10, 20, 30)]
    continue_rows(path, rows[:3])
    continue_rows(path, [{"step": 15, "loss": 2.0}, {"step": 25, "loss": 2.0, "new": 3.0}])
    steps = [(row["step"], row["loss"]) for row in read_rows(path)]
    assert steps == [(0, 1.0), (10, 1.0), (15, 2.0), (25, 2.0)]
    continue_rows(path, rows)  # from the beginning: nothing of before counts
    assert read_rows(path) == rows
    path.write_bytes(b"\xff damaged")
    continue_rows(path, rows[2:])
    assert read_rows(path) == rows[2:]


# --- where runs are -------------------------------------------------------------------


def test_runs_are_one_folder_for_a_project_wherever_one_stands(tmp_path, monkeypatch):
    monkeypatch.delenv("DCGAN_COURSE_RUNS", raising=False)
    (tmp_path / "dcgan_course").mkdir()
    (tmp_path / "dcgan_course" / "__init__.py").touch()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "a" / "b").mkdir(parents=True)
    for folder in (".", "notebooks", "a/b"):
        monkeypatch.chdir(tmp_path / folder)
        assert runs_folder() == tmp_path / "runs"
        assert run_path("runs/mine") == tmp_path / "runs" / "mine"
        assert run_path("mine") == tmp_path / folder / "mine"
    monkeypatch.setenv("DCGAN_COURSE_RUNS", str(tmp_path / "elsewhere"))
    assert run_path("runs/mine") == tmp_path / "elsewhere" / "mine"
    assert find_run("runs/mine") == tmp_path / "elsewhere" / "mine"
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    assert find_run("mine") == tmp_path / "runs" / "mine"  # of the folders above
    (tmp_path / "elsewhere" / "mine").mkdir(parents=True)
    assert find_run("mine") == tmp_path / "elsewhere" / "mine"


def test_a_path_that_exists_is_taken_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.setenv("DCGAN_COURSE_RUNS", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    assert run_path("runs/mine") == tmp_path / "runs" / "mine"
    assert run_path(tmp_path / "absolute") == tmp_path / "absolute"


def test_an_archive_carries_a_card_beside_its_content(tmp_path):
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    assert card_of(path) == {}
    add_card(path, {"classes": ["Zürich", "7"]})
    assert card_of(path) == {"classes": ["Zürich", "7"]}
    with zipfile.ZipFile(path, "a") as archive:
        assert archive.namelist() == ["config.json"]
        archive.comment = b"made by somebody else"
    assert card_of(path) == {}
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"[1, 2]"
    assert card_of(path) == {}
