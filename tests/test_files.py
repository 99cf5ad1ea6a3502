"""Writing beside and renaming."""

import errno
import os

import numpy as np
import pytest

from dcgan_course.files import load_arrays, read_rows, save_arrays, write_beside, write_rows


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
