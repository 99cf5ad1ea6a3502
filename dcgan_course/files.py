"""Writing files so that a crash, a full disk or Ctrl-C never costs an older result."""

import contextlib
import os
import tempfile
from pathlib import Path


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
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())  # else a power cut may leave a renamed, empty file
        beside.chmod(0o666 & ~_umask())  # mkstemp makes files that only the owner reads
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
