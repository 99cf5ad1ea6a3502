"""What holds for tests and for notebooks under nbval alike, in one process and in several."""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

TESTS = str(Path(__file__).parent / "tests")
sys.path.append(TESTS)

# Of this process alone, so that the processes of pytest-xdist do not meet there.
OWN = Path(tempfile.mkdtemp(prefix="dcgan-course-tests-"))
(OWN / "runs").mkdir()

# Seconds instead of minutes; and never a learner's own results, which lie in runs/.
os.environ.setdefault("DCGAN_COURSE_RUN", "smoke")
os.environ["DCGAN_COURSE_RUNS"] = str(OWN / "runs")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

if "PYTEST_XDIST_WORKER" in os.environ:
    # One thread for each of them, and for the kernels and programs that they start: else all
    # would compete for the same cores. TensorFlow and NumPy read this when they are imported.
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ["IPYTHONDIR"] = str(OWN / "ipython")  # kernels lock the history that lies there

# Lessons 08 and 09 show what 02 and 03 have left in runs/: one process runs the four, in order.
ONE_AFTER_ANOTHER = ("02", "03", "08", "09")
NOTEBOOK_SECONDS = 30  # about as long as a notebook takes at smoke size


def pytest_configure(config):
    """Let nbval run the collapsed solutions of a notebook as well, after its own cells."""
    # Started in the background of a script, Python and its children would ignore Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        from nbval import plugin
    except ImportError:
        return
    plugin.nbformat = SimpleNamespace(**{**vars(nbformat), "read": _read_with_solutions})


def pytest_unconfigure(config):
    """Remove what this process has written."""
    shutil.rmtree(OWN, ignore_errors=True)


# --- several processes: pytest -n auto ------------------------------------------------


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """A process for each core that may be used; more than eight would want much memory."""
    from dcgan_course.machine import cores

    return min(cores(), 8)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Deal out whole classes, files and notebooks: their fixtures and kernels are made once."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return unit(nodeid)

    config.option.loadscopereorder = False  # the order below is better
    return Scheduling(config, log)


def unit(nodeid):
    """The name of what one process runs as a whole: a notebook, a test class, or a test file."""
    folder, _, name = nodeid.partition("/")
    if folder == "notebooks":
        return folder if name[:2] in ONE_AFTER_ANOTHER else nodeid.partition("::")[0]
    return nodeid.partition("[")[0].rpartition("::")[0]


def pytest_collection_modifyitems(config, items):
    """In several processes, let the longest units start first, so that all end together."""
    if hasattr(config, "workerinput"):
        seconds = unit_seconds(items)
        items.sort(key=lambda item: -seconds[unit(item.nodeid)])


def unit_seconds(items):
    """How long units take, as far as marks tell: @pytest.mark.slow(seconds=20)."""
    seconds, notebooks = {}, set()
    for item in items:
        name, mark = unit(item.nodeid), item.get_closest_marker("slow")
        seconds[name] = seconds.get(name, 0) + (mark.kwargs.get("seconds", 10) if mark else 0)
        if item.nodeid.startswith("notebooks/") and item.path not in notebooks:
            notebooks.add(item.path)
            seconds[name] += NOTEBOOK_SECONDS
    return seconds


# --- notebooks ------------------------------------------------------------------------


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
