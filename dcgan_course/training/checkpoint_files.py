"""The files of checkpoints: read whole or not at all, written beside, old ones dropped."""

import contextlib
import io
import json
import os
import re
import shutil
import zipfile

import numpy as np

from dcgan_course.files import clean_leftovers, write_beside


class Damaged(Exception):
    """A file has been read, and its content is not that of a whole checkpoint."""


class CheckpointFolder:
    """The checkpoints epoch-00001.npz … in a folder, sorted by their numbers.

    An error of the system, such as "permission denied" or "too many open files", says nothing of
    what a file holds: it is raised, naming the file, and never taken for damage.

    Args:
        path: the folder, which need not exist.
        keep: how many whole checkpoints stay when one is written.
    """

    def __init__(self, path, keep):
        self.path, self.keep = path, keep
        self._whole = {}  # files that have been found whole: path → (time, size)

    def file(self, epoch):
        """The path of an epoch's checkpoint."""
        return self.path / f"epoch-{epoch:05d}.npz"

    def files(self):
        """The checkpoints, newest first.

        Raises:
            OSError: the folder cannot be read.
        """
        try:
            names = os.listdir(self.path)  # `glob` would find nothing in a forbidden folder
        except FileNotFoundError:
            return []
        matches = (re.fullmatch(r"epoch-(\d{5,})\.npz", name) for name in names)
        newest = sorted((int(match[1]) for match in matches if match), reverse=True)
        return [path for path in map(self.file, newest) if path.is_file()]

    def read(self, path):
        """Return `(about, arrays)` of a checkpoint.

        Raises:
            Damaged: it is not whole, or it has just been removed.
            OSError: it could not be read.
        """
        stamp, (about, arrays) = _stamp(path), _read(path)
        self._whole[path] = stamp
        return about, arrays

    def write(self, epoch, about, arrays):
        """Write a checkpoint, and drop all but the newest whole ones. Returns its path.

        Raises:
            OSError: it could not be written, as on a full disk; earlier ones are still there.
        """
        path = self.file(epoch)
        try:
            with write_beside(path) as beside:
                np.savez(beside, about=np.array(json.dumps(about)), **arrays)
        except OSError as problem:
            raise _named(problem, path, "could not be written; earlier ones are kept") from problem
        self._whole[path] = _stamp(path)
        self._drop_old(path)
        return path

    def clean(self):
        """Remove what killed processes have left half written. Returns the names."""
        return clean_leftovers(self.path, "epoch-*.npz")

    def next_aside(self):
        """The folder to which `set_aside` would move the checkpoints."""
        number = 1
        while (aside := self.path / f"other-settings-{number}").exists():
            number += 1
        return aside

    def set_aside(self):
        """Move all checkpoints into a folder of their own."""
        aside = self.next_aside()
        aside.mkdir(parents=True)
        for path in self.files():
            shutil.move(path, aside / path.name)

    def _drop_old(self, newest):
        """A damaged or unreadable file is none of those that `keep` counts, and stays."""
        kept = 0
        for path in self.files():
            with contextlib.suppress(OSError):  # as where another program has it open
                if not self._is_whole(path):
                    continue
                kept += 1
                if kept > self.keep and path != newest:
                    path.unlink()

    def _is_whole(self, path):
        if self._whole.get(path) != _stamp(path):
            try:
                self.read(path)
            except Damaged:
                return False
        return True


def _read(path):
    unread = "could not be read; nothing has been changed"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Damaged("it has just been removed") from None
    except OSError as problem:
        raise _named(problem, path, unread) from problem
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if (bad := archive.testzip()) is not None:
                raise Damaged(f"the checksum of {bad} is wrong")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        about = json.loads(str(arrays.pop("about")))
        return {key: about[key] for key in ("epoch", "history", "settings")}, arrays
    except (Damaged, MemoryError):
        raise
    except Exception as problem:  # zipfile, zlib, numpy and json each have their words
        if isinstance(problem, OSError) and problem.errno is not None:
            raise _named(problem, path, unread) from problem
        raise Damaged(str(problem) or type(problem).__name__) from problem


def _named(problem, path, what):
    """The same error of the system, saying which checkpoint it hit and what that means."""
    text = f"{problem.strerror or problem}: the checkpoint {what}. Fix this and run it again"
    return OSError(problem.errno, text, str(path))


def _stamp(path):
    status = path.stat()
    return status.st_mtime_ns, status.st_size
