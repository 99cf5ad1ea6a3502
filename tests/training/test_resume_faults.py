"""Checkpoints under trouble: damage, errors of the system, two processes, a full disk.

Mirrors no module: it tests resume.py and what it stands on, in trouble.
"""

import errno
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import ROOT

from dcgan_course import Checkpoint
from dcgan_course.files import clean_leftovers
from dcgan_course.training import locks
from dcgan_course.training.checkpoint_files import CheckpointFolder
from dcgan_course.training.locks import FolderInUse


class Number:
    """What a checkpoint asks of a variable; so that no test here has to wait for TensorFlow."""

    def __init__(self, value):
        self.assign([value])

    def assign(self, value):
        self.value, self.shape = np.array(value, "float32"), np.shape(value)

    def numpy(self):
        return self.value


class Training:
    """One number that trains, and its checkpoint."""

    def __init__(self, folder, settings=None, **options):
        self.value = Number(0.0)
        self.checkpoint = Checkpoint(folder, settings=settings, value=self.value, **options)

    def run(self, epochs, every=1, fail_in=None, failure=None):
        with self.checkpoint.training(epochs) as first:
            for epoch in range(first + 1, epochs + 1):
                self.value.assign([epoch - 0.5])  # the middle of the epoch
                if epoch == fail_in:
                    raise failure or RuntimeError("the cell failed")
                self.value.assign([float(epoch)])
                self.checkpoint.save(epoch, [{"epoch": e + 1} for e in range(epoch)], every=every)
        return first


def content(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


# --- a training's frame -----------------------------------------------------------------


def test_a_call_that_fails_at_once_leaves_nothing(tmp_path):
    folder = tmp_path / "runs" / "mine"
    with pytest.raises(RuntimeError):
        Training(folder).run(3, fail_in=1)
    assert names(tmp_path) == []


def test_a_failure_keeps_the_last_complete_epoch_in_memory_and_on_disk(tmp_path):
    training = Training(tmp_path)
    with pytest.raises(RuntimeError):
        training.run(9, every=5, fail_in=4)
    assert training.value.numpy().tolist() == [3.0]
    assert names(tmp_path) == ["epoch-00003.npz"]
    again = Training(tmp_path)
    assert again.run(4) == 3
    assert again.checkpoint.history == [{"epoch": e + 1} for e in range(4)]


def test_before_the_first_epoch_memory_goes_back_to_where_it_was(tmp_path):
    training = Training(tmp_path)
    with pytest.raises(RuntimeError):
        training.run(2, fail_in=1)
    assert training.value.numpy().tolist() == [0.0]


def test_the_last_epoch_is_saved_whatever_every_says(tmp_path):
    Training(tmp_path).run(3, every=2)
    assert names(tmp_path) == ["epoch-00002.npz", "epoch-00003.npz"]


def test_an_interruption_says_where_in_one_line(tmp_path, capsys):
    training = Training(tmp_path)
    with pytest.raises(KeyboardInterrupt) as caught:
        training.run(18, every=5, fail_in=8, failure=KeyboardInterrupt())
    assert str(caught.value) == "Stopped after epoch 7 of 18. Run it again to go on."
    assert capsys.readouterr().out == f"{caught.value}\n"
    assert len(caught.value._render_traceback_()) == 1
    assert caught.value.__suppress_context__
    assert Training(tmp_path).checkpoint.restore() == 7


def test_a_second_interruption_does_not_cut_the_saving_short(tmp_path, monkeypatch):
    """Whoever presses twice gets the checkpoint still."""
    savez = np.savez

    def pressed_again(*arguments, **arrays):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        savez(*arguments, **arrays)

    monkeypatch.setattr(np, "savez", pressed_again)
    with pytest.raises(KeyboardInterrupt):
        Training(tmp_path).run(9, every=5, fail_in=4, failure=KeyboardInterrupt())
    assert names(tmp_path) == ["epoch-00003.npz"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# --- settings ---------------------------------------------------------------------------


def test_other_settings_move_nothing_before_the_first_epoch_is_complete(tmp_path, capsys):
    Training(tmp_path, {"rate": 1}).run(2)
    before = content(tmp_path)
    with pytest.raises(RuntimeError):
        Training(tmp_path, {"rate": 2}).run(2, fail_in=1)
    assert content(tmp_path) == before
    assert "rate: 1 → 2" in capsys.readouterr().out
    Training(tmp_path, {"rate": 2}).run(1)
    assert content(tmp_path / "other-settings-1") == before
    assert names(tmp_path) == ["epoch-00001.npz", "other-settings-1"]


def test_a_key_that_another_keras_does_not_know_is_no_other_setting(tmp_path):
    Training(tmp_path, {"adam": {"rate": "0.1", "loss_scale_factor": "None"}}).run(1)
    assert Training(tmp_path, {"adam": {"rate": "0.1"}}).checkpoint.restore() == 1
    assert Training(tmp_path, {"adam": {"rate": "0.2"}}).checkpoint.restore() == 0
    assert Training(tmp_path, {}).checkpoint.restore() == 0


# --- damage -----------------------------------------------------------------------------


def truncated(path):
    path.write_bytes(path.read_bytes()[:200])


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


def without_card(path):
    np.savez(path, value=np.zeros(1))


def of_another_compression(path):
    """zipfile then asks bz2, whose error is an OSError."""
    data = path.read_bytes()
    for mark, place in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        at = data.index(mark) + place
        data = data[:at] + bytes([zipfile.ZIP_BZIP2]) + data[at + 1 :]
    path.write_bytes(data)


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("not an archive", encoding="utf-8"),
    "truncated": truncated,
    "a flipped byte": flipped,
    "no card": without_card,
    "another compression": of_another_compression,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_passed_over_and_left(damage, tmp_path, capsys):
    Training(tmp_path).run(3)
    newest = tmp_path / "epoch-00003.npz"
    DAMAGE[damage](newest)
    damaged = newest.read_bytes()
    assert Training(tmp_path).checkpoint.restore() == 2
    assert f"Passed over {newest}: it is damaged (" in capsys.readouterr().out
    assert newest.read_bytes() == damaged


def test_damaged_files_do_not_count_among_those_that_are_kept(tmp_path, capsys):
    for number in (8, 9):
        (tmp_path / f"epoch-{number:05d}.npz").write_bytes(b"damaged")
    Training(tmp_path).run(3)
    assert "training starts from the beginning" in capsys.readouterr().out
    assert names(tmp_path) == [f"epoch-{number:05d}.npz" for number in (2, 3, 8, 9)]
    assert Training(tmp_path).checkpoint.restore() == 3


def test_checkpoints_are_sorted_by_number(tmp_path):
    training = Training(tmp_path, keep=1)
    for epoch in (99999, 100000):
        training.checkpoint.save(epoch)
    assert names(tmp_path) == ["epoch-100000.npz"]
    training.checkpoint.save(7)  # what has just been written always stays
    assert "epoch-00007.npz" in names(tmp_path)


def test_other_files_in_the_folder_are_nobodys_checkpoint(tmp_path):
    for name in ("epoch-best.npz", "epoch-0001.npz", "epoch-00001 (1).npz", "epoch-00004.npz.bak"):
        (tmp_path / name).write_bytes(b"mine")
    (tmp_path / "epoch-00009.npz").mkdir()
    before = names(tmp_path)
    assert Training(tmp_path).run(1) == 0
    assert names(tmp_path) == sorted([*before, "epoch-00001.npz"])


# --- errors of the system ---------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO])
def test_what_cannot_be_read_is_not_taken_for_damaged(number, tmp_path, monkeypatch):
    Training(tmp_path).run(2)
    before = content(tmp_path)

    def refuse(path):
        raise OSError(number, os.strerror(number), str(path))

    training = Training(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(OSError, match="epoch-00002") as caught:
        training.run(5)
    monkeypatch.undo()
    assert caught.value.errno == number
    assert "nothing has been changed" in str(caught.value)
    assert training.value.numpy().tolist() == [0.0]
    assert content(tmp_path) == before


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs a file that cannot be read")
def test_a_real_read_error_is_raised(tmp_path):
    Training(tmp_path).run(1)
    (tmp_path / "epoch-00002.npz").symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="epoch-00002") as caught:
        Training(tmp_path).run(5)
    assert caught.value.errno == errno.EIO
    assert names(tmp_path) == ["epoch-00001.npz", "epoch-00002.npz"]


def test_a_forbidden_folder_is_not_taken_for_an_empty_one(tmp_path, monkeypatch):
    training = Training(tmp_path)
    training.run(1)

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(PermissionError):
        training.checkpoint.restore()


def test_a_full_disk_is_named_and_costs_nothing(tmp_path, monkeypatch):
    training = Training(tmp_path)
    training.run(2)
    before = content(tmp_path)

    def full(path, **arrays):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(
        OSError, match=r"No space left.*earlier ones are kept.*epoch-00003"
    ) as caught:
        training.run(3)
    assert caught.value.errno == errno.ENOSPC
    assert content(tmp_path) == before


# --- two processes ----------------------------------------------------------------------


@pytest.fixture
def child():
    """Start Python code in a process of its own, and wait until it prints a line."""
    started = []

    def start(code, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path, child, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    Training(tmp_path).run(1)
    holder = child(
        "import sys, time\nfrom dcgan_course.training.locks import take\n"
        "take(sys.argv[1]); print('ready', flush=True); time.sleep(60)",
        tmp_path,
    )
    before = content(tmp_path)
    for enter in (lambda: Training(tmp_path).run(2), Training(tmp_path).checkpoint.begin):
        with pytest.raises(FolderInUse) as caught:
            enter()
        for part in (str(tmp_path), f"process {holder.pid} on ", " since 20", "Stop that training"):
            assert part in str(caught.value)
    assert content(tmp_path) == before
    holder.kill()
    holder.wait()
    assert Training(tmp_path).run(2) == 1
    assert names(tmp_path) == ["epoch-00001.npz", "epoch-00002.npz"]  # and no lock is left


def test_the_same_process_may_begin_again(tmp_path):
    """As when a cell is interrupted and run again."""
    assert Training(tmp_path).checkpoint.begin() == 0
    assert Training(tmp_path).checkpoint.begin() == 0
    assert Training(tmp_path).run(1) == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no locks that tell")
def test_half_written_files_are_cleared_away_unless_they_are_being_written(tmp_path, child):
    writer = child(
        "import sys, time\nfrom dcgan_course.files import write_beside\n"
        "with write_beside(sys.argv[1]) as beside:\n"
        "    beside.write_bytes(b'half'); print('ready', flush=True); time.sleep(60)",
        tmp_path / "training.gif",
    )
    (tmp_path / ".other-file.gif").write_bytes(b"")
    assert clean_leftovers(tmp_path, "training.gif") == []
    writer.kill()
    writer.wait()
    assert len(clean_leftovers(tmp_path, "training.gif")) == 1
    assert names(tmp_path) == [".other-file.gif"]


def test_a_folder_that_cannot_be_locked_is_used_with_a_warning(tmp_path, monkeypatch, capsys):
    def unsupported(self, timeout):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(locks.filelock.FileLock, "acquire", unsupported)
    assert Training(tmp_path).run(1) == 0
    assert "cannot be locked" in capsys.readouterr().out


def test_old_files_that_cannot_be_removed_do_not_end_a_training(tmp_path, monkeypatch):
    """As on Windows, where another program may have them open."""

    def refuse(path, **_):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    training = Training(tmp_path)
    monkeypatch.setattr(Path, "unlink", refuse)
    folder = CheckpointFolder(tmp_path, keep=1)
    about = {"epoch": 1, "history": [], "settings": {}}
    monkeypatch.setattr("dcgan_course.training.checkpoint_files.write_beside", _plain)
    for epoch in (1, 2):
        folder.write(epoch, about, {"value": training.value.numpy()})
    assert len(folder.files()) == 2


class _plain:
    """`write_beside` without anything to remove."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        return False


def test_a_checkpoint_that_does_not_know_its_images_is_continued(tmp_path):
    Training(tmp_path, {"rate": 1}).run(1)
    assert Training(tmp_path, {"rate": 1, "images": "1f"}).run(2) == 1
    assert Training(tmp_path, {"rate": 1}).checkpoint.restore() == 2
    assert Training(tmp_path, {"rate": 1, "images": "2e"}).checkpoint.restore() == 0
