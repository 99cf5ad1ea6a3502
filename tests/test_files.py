"""Writing beside and renaming."""

import pytest

from dcgan_course.files import write_beside


def test_writes_and_makes_folders(tmp_path):
    with write_beside(tmp_path / "new" / "a.txt") as beside:
        beside.write_text("whole")
        assert not (tmp_path / "new" / "a.txt").exists()  # nothing half-written is visible
        assert beside.suffix == ".txt"
    assert (tmp_path / "new" / "a.txt").read_text() == "whole"


@pytest.mark.parametrize("problem", [OSError("No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path, problem):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(problem)), write_beside(path) as beside:  # noqa: PT012
        beside.write_text("half")
        raise problem
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
