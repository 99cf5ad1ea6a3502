"""One training at a time in a folder: a lock that says who holds it, and that a kill releases."""

import contextlib
import datetime
import errno
import json
import os
import socket
from pathlib import Path

import filelock

LOCK, HOLDER = "training.lock", "training.lock.json"
PATIENCE = 3.0  # seconds: a notebook's kernel needs one or two to notice that it should end
_UNSUPPORTED = {
    getattr(errno, name, None) for name in ("ENOSYS", "ENOTSUP", "EOPNOTSUPP", "ENOLCK")
}
_held = {}  # folder → (lock, folders that were made for it), of this process


class FolderInUse(RuntimeError):
    """Another process is training in the folder."""


def take(folder):
    """Take a folder's lock, for as long as this process lives or until `release`.

    Within one process it can be taken again, so that an interrupted cell can be run again.

    Args:
        folder: made if it does not exist.

    Raises:
        FolderInUse: another process holds it; the message names process, machine and time.
    """
    folder = Path(folder).absolute()
    if folder in _held:
        return
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=PATIENCE)
    except filelock.Timeout:
        raise FolderInUse(
            f"{folder} is in use: {_holder(folder)} is training there. Stop that training (of a "
            "notebook: shut down its kernel), or choose another folder."
        ) from None
    except (OSError, NotImplementedError) as problem:
        if getattr(problem, "errno", errno.ENOSYS) not in _UNSUPPORTED:
            raise
        print(f"{folder} cannot be locked ({problem}): do not run two trainings there at once.")
        return
    _held[folder] = (lock, made)
    started = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
    who = {"pid": os.getpid(), "host": socket.gethostname(), "started": started}
    (folder / HOLDER).write_text(json.dumps(who), encoding="utf-8")


def release(folder):
    """Give a folder's lock back, if this process holds it; folders made for it alone go too."""
    folder = Path(folder).absolute()
    if folder not in _held:
        return
    lock, made = _held.pop(folder)
    with contextlib.suppress(OSError):
        (folder / HOLDER).unlink()
        if os.name != "nt":  # while it is held, so that it is nobody else's file
            (folder / LOCK).unlink()
    lock.release()
    with contextlib.suppress(OSError):
        if os.name == "nt":  # which removes no open file
            (folder / LOCK).unlink()
        for path in made:
            path.rmdir()  # fails where something has been written, and there it ends


def release_below(folder):
    """Give back all locks that this process holds in a folder and its subfolders."""
    folder = Path(folder).absolute()
    for held in [held for held in _held if folder in (held, *held.parents)]:
        release(held)


def _holder(folder):
    try:
        who = json.loads((folder / HOLDER).read_text(encoding="utf-8"))
        return f"process {who['pid']} on {who['host']}, since {who['started']},"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
