"""Files: writing them so that nothing is ever lost, facts kept with them, tables, where runs go.

The lowest module of the package; every room may import it, and it imports none of them.
"""

import contextlib
import csv
import json
import os
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np


def runs_folder():
    """Return where lessons leave their results: DCGAN_COURSE_RUNS, else `runs/` of the project.

    The project's folder is the one above `notebooks/`, or the nearest that holds the package;
    elsewhere, as on Colab, it is the present folder.
    """
    chosen = os.environ.get("DCGAN_COURSE_RUNS")
    if chosen:
        return Path(chosen).expanduser()
    here = Path.cwd()
    if here.name == "notebooks":
        return here.parent / "runs"
    for folder in (here, *here.parents):
        if (folder / "dcgan_course" / "__init__.py").is_file():
            return folder / "runs"
    return here / "runs"


def run_path(name):
    """Return the folder that a run is to use, as an absolute path.

    Args:
        name: a path. One that begins with `runs/`, and does not exist as it stands, is meant in
            `runs_folder()`: so that "runs/mine" is the same folder in `notebooks/` and above it.
    """
    path = Path(name).expanduser()
    if not path.is_absolute() and path.parts[:1] == ("runs",) and not path.exists():
        path = runs_folder().joinpath(*path.parts[1:])
    return path.absolute()


def find_run(name):
    """Return where an earlier run is, whatever the present folder.

    Looks for the path as it stands; in `runs_folder()`, with or without "runs/" before the name;
    in the folders above the present one; and in the folder that holds the package.

    Args:
        name: a path, such as "runs/mine", or a name in `runs/`, such as "03_mnist_gradient_tape".

    Returns:
        A path that exists, else `run_path(name)`.
    """
    path = Path(name).expanduser()
    if path.is_absolute() or path.exists():
        return path
    inside = path.relative_to("runs") if path.parts[:1] == ("runs",) else path
    above = [*Path.cwd().parents, Path(__file__).parents[1]]
    places = [runs_folder(), *(folder / "runs" for folder in above)]
    found = (place / inside for place in places if (place / inside).exists())
    return next(found, run_path(name))


# --- writing safely -------------------------------------------------------------------


@contextlib.contextmanager
def write_beside(path):
    """Yield a temporary path beside `path`; rename it onto `path` if all went well.

    A reader of `path` sees either the old content or the whole new one. If the body
    raises (disk full, interrupt), the temporary file is removed and `path` stays as
    it was.

    Args:
        path: the file to write. Missing folders are made. The temporary path keeps
            the suffix, because image writers choose their format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    beside = Path(name)
    if not _hold(handle):
        os.close(handle)
        handle = None
    try:
        yield beside
        # Without fsync a power cut may leave a renamed, empty file. The handle has to be one
        # for writing: Windows refuses to flush any other.
        with beside.open("r+b") as file:
            os.fsync(file.fileno())
        beside.chmod(0o666 & ~_umask())  # mkstemp makes files that only the owner reads
        _replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def _hold(handle):
    """Mark an open file as being written, by a lock that ends with the process; False if not."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except (ImportError, OSError):  # Windows; a file system without locks
        return False


def clean_leftovers(folder, *names):
    """Remove what killed processes have left half written by `write_beside`.

    What a living process is writing stays. Windows cannot tell, so there an hour has to pass.

    Args:
        folder: where to look; it need not exist.
        names: of the files that were to be written, such as "training.gif"; `*` is allowed.

    Returns:
        The names of what was removed.
    """
    removed = []
    for name in names:
        stem, suffix = os.path.splitext(name)
        for path in Path(folder).glob(f".{stem}-*{suffix}"):
            with contextlib.suppress(OSError):
                if _abandoned(path):
                    path.unlink()
                    removed.append(path.name)
    return removed


def _abandoned(path):
    if os.name == "nt":
        return time.time() - path.stat().st_mtime > 3600
    with path.open("rb") as file:
        return _hold(file.fileno())


def _replace(source, target, attempts=20):
    """Rename onto `target`. Windows refuses while another program has it open: wait for that."""
    for attempt in range(attempts):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if os.name != "nt" or attempt == attempts - 1:
                raise
            time.sleep(0.05)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


# --- arrays with a card ---------------------------------------------------------------


def save_arrays(path, arrays, card, *, compress=True):
    """Write a list of arrays and a card of facts about them as one .npz file.

    Args:
        path: the file, ending in .npz.
        arrays: a list of NumPy arrays, or a dictionary of named ones.
        card: plain data that JSON can hold.
        compress: False writes faster, and larger files.

    Returns:
        The path.
    """
    if not isinstance(arrays, dict):
        arrays = {f"w{index}": array for index, array in enumerate(arrays)}
    write = np.savez_compressed if compress else np.savez
    with write_beside(path) as beside, beside.open("wb") as file:
        write(file, card=json.dumps(card), **arrays)
    return Path(path)


def load_arrays(path):
    """Read what `save_arrays` wrote.

    Returns:
        `(arrays, card)`: the arrays by name, in the order in which they were written, and the
        card. Arrays of a list are named w0, w1, and so on.

    Raises:
        OSError, KeyError, ValueError, zipfile.BadZipFile: a file that is missing or damaged.
    """
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return arrays, json.loads(str(arrays.pop("card")))


def add_card(path, card):
    """Write a card of facts into a zip archive that exists, such as a .keras file.

    The card is the archive's comment, which other readers of the file pass over.

    Args:
        path: the archive.
        card: plain data that JSON can hold, of at most 65,535 bytes.
    """
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = json.dumps(card).encode()


def card_of(path):
    """Read the card that `add_card` has written.

    Returns:
        A dictionary; empty where there is none.

    Raises:
        OSError, zipfile.BadZipFile: a file that is missing, or no archive.
    """
    with zipfile.ZipFile(path) as archive:
        comment = archive.comment
    try:
        card = json.loads(comment)
    except ValueError:  # somebody else's comment, or none
        return {}
    return card if isinstance(card, dict) else {}


# --- tables ---------------------------------------------------------------------------


def write_rows(path, rows):
    """Write rows of numbers as CSV, beside and renamed.

    Args:
        path: the file.
        rows: dictionaries, which need not all have the same keys.

    Returns:
        The path.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    with write_beside(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_rows(path):
    """Read what `write_rows` wrote: dictionaries of floats, steps and epochs as whole numbers.

    Raises:
        FileNotFoundError: there is no such file.
    """
    with Path(path).open(newline="", encoding="utf-8") as file:
        return [
            {
                name: int(value) if name in ("step", "epoch") else float(value)
                for name, value in row.items()
                if value != ""
            }
            for row in csv.DictReader(file)
        ]


def continue_rows(path, rows, key="step"):
    """Write rows of a resumed training after those that the file holds from before.

    Args:
        path: the file, as `write_rows` writes it; it need not exist.
        rows: dictionaries with `key`, in order. Earlier rows whose `key` is not below that of the
            first are dropped: a resumed training has been there again.
        key: "step" or "epoch".

    Returns:
        The path.
    """
    rows = list(rows)
    earlier = []
    if rows:
        with contextlib.suppress(FileNotFoundError, ValueError):  # a damaged one tells nothing
            earlier = [row for row in read_rows(path) if key in row and row[key] < rows[0][key]]
    return write_rows(path, earlier + rows)
