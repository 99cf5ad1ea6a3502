"""What holds for tests and for notebooks under nbval alike."""

import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import nbformat

TESTS = str(Path(__file__).parent / "tests")
sys.path.append(TESTS)

# Seconds instead of minutes; and never a learner's own results, which lie in runs/.
os.environ.setdefault("DCGAN_COURSE_RUN", "smoke")
os.environ["DCGAN_COURSE_RUNS"] = tempfile.mkdtemp(prefix="dcgan-course-runs-")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")


def pytest_configure(config):
    """Let nbval run the collapsed solutions of a notebook as well, after its own cells."""
    try:
        from nbval import plugin
    except ImportError:
        return
    plugin.nbformat = SimpleNamespace(**{**vars(nbformat), "read": _read_with_solutions})


def _read_with_solutions(path, as_version):
    from helpers import solutions

    notebook = nbformat.read(path, as_version=as_version)
    parts = list(solutions(notebook))
    for index, source in enumerate(parts):
        # What it prints is kept for the check; an error still ends the cell.
        cell = nbformat.v4.new_code_cell(f"%%capture solution_{index}\n{source}")
        notebook.cells.append(cell)
    said = " + ".join(f"solution_{index}.stdout" for index in range(len(parts))) or "''"
    lesson = Path(path).stem[:2]
    check = f"import sys\n\nsys.path.append({TESTS!r})\nfrom solutions import check\n\n"
    notebook.cells.append(nbformat.v4.new_code_cell(f"{check}check({lesson!r}, {said})"))
    return notebook
