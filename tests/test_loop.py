"""The test loop: what several processes share out, and in which order.

Mirrors no module: it tests conftest.py of the repository and what the Makefile runs.
"""

import importlib.util
import re
from types import SimpleNamespace

import pytest
from helpers import NOTEBOOKS, ROOT


@pytest.fixture(scope="module")
def loop():
    """The names of the repository's conftest.py, from a copy of its own."""
    spec = importlib.util.spec_from_file_location("loop", ROOT / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DCGAN_COURSE_RUNS", "IPYTHONDIR"):
            patch.setenv(name, "none")  # it sets another, which ends with this block
        spec.loader.exec_module(module)
    yield module
    module.pytest_unconfigure(None)
    assert not module.OWN.exists()


def item(nodeid, **mark):
    found = SimpleNamespace(kwargs=mark) if mark else None
    path = ROOT / nodeid.partition("::")[0]
    return SimpleNamespace(
        nodeid=nodeid, path=path, get_closest_marker=lambda name: found if name == "slow" else None
    )


def test_notebooks_files_and_classes_stay_whole(loop):
    cells = [f"notebooks/04_cifar10_frogs.ipynb::Cell {number}" for number in range(3)]
    assert {loop.unit(cell) for cell in cells} == {"notebooks/04_cifar10_frogs.ipynb"}
    assert loop.unit("tests/data/test_load.py::test_a[x::y]") != loop.unit(
        "tests/test_lesson.py::a"
    )
    a, b = (loop.unit(f"tests/course/test_classroom.py::{name}::test_it") for name in ("A", "B"))
    assert a != b


def test_lessons_that_read_what_others_left_run_after_them_in_one_process(loop):
    names = [path.name for path in NOTEBOOKS if path.name[:2] in loop.ONE_AFTER_ANOTHER]
    assert len(names) == len(loop.ONE_AFTER_ANOTHER)
    assert len({loop.unit(f"notebooks/{name}::Cell 0") for name in names}) == 1


def test_the_longest_start_first_in_several_processes_only(loop):
    items = [
        item("tests/a.py::test_quick"),
        item("tests/b.py::test_quick"),
        item("tests/b.py::test_slow", seconds=20),
        item("notebooks/04_cifar10_frogs.ipynb::Cell 0"),
        item("notebooks/04_cifar10_frogs.ipynb::Cell 1"),
        item("tests/c.py::test_one", seconds=25),
        item("tests/c.py::test_other", seconds=25),
        item("tests/d.py::test_unmeasured", other=1),
    ]
    given = [each.nodeid for each in items]
    loop.pytest_collection_modifyitems(SimpleNamespace(), items)
    assert [each.nodeid for each in items] == given
    loop.pytest_collection_modifyitems(SimpleNamespace(workerinput={}), items)
    units = list(dict.fromkeys(each.nodeid.partition("::")[0][-20:] for each in items))
    assert units == [
        "tests/c.py",
        "04_cifar10_frogs.ipynb"[-20:],
        "tests/b.py",
        "tests/d.py",
        "tests/a.py",
    ]
    assert [each.nodeid[-6:] for each in items if "ipynb" in each.nodeid] == ["Cell 0", "Cell 1"]


def test_as_many_processes_as_cores_but_no_more_than_eight(loop, monkeypatch):
    for count, expected in ((1, 1), (2, 2), (64, 8)):
        monkeypatch.setattr("dcgan_course.machine.cores", lambda count=count: count)
        assert loop.pytest_xdist_auto_num_workers(None) == expected


INNER = """
import os
import pytest

@pytest.mark.parametrize("number", range(8))
class Test{0}:
    def test_where(self, number):
        names = ("PYTEST_XDIST_WORKER", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
                 "OMP_NUM_THREADS", "DCGAN_COURSE_RUNS", "IPYTHONDIR")
        with open(os.environ["INNER_LOG"], "a", encoding="utf-8") as log:
            print("{0}", *(os.environ.get(name) for name in names), file=log, sep="|")
"""


@pytest.mark.slow(seconds=6)
def test_processes_have_one_thread_and_folders_of_their_own(tmp_path, run_python):
    """Two classes in two real processes of pytest-xdist."""
    for name in ("A", "B"):
        (tmp_path / f"test_{name}.py").write_text(INNER.replace("{0}", name), encoding="utf-8")
    log = tmp_path / "log"
    options = [str(tmp_path), "-n", "2", "-q", "-c", str(ROOT / "pyproject.toml")]
    options += ["--confcutdir", str(ROOT), "-p", "conftest", "-p", "no:cacheprovider"]
    empty = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"))
    run_python(
        "import os, sys, pytest\n"
        "for name in sys.argv[1].split(','): os.environ.pop(name, None)\n"
        "sys.exit(pytest.main(sys.argv[2:]))",
        ",".join([*empty, "OMP_NUM_THREADS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"]),
        *options,
        env={"INNER_LOG": str(log)},
    )
    rows = [line.split("|") for line in log.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 16
    by_class = {name: {tuple(row[1:]) for row in rows if row[0] == name} for name in "AB"}
    assert {len(found) for found in by_class.values()} == {1}  # a class stays whole
    (one,), (other,) = by_class.values()
    assert one[0] != other[0]
    for found in (one, other):
        assert found[1:4] == ("1", "1", "1")
    assert one[4] != other[4]  # runs
    assert one[5] != other[5]  # IPython's history


def test_make_runs_the_loop():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^check: lint.*\n.*pytest tests .*-m .not slow. -n auto$", makefile, re.M)
    assert re.search(r"^test: lint .*\n.*pytest --nbval-lax -n auto$", makefile, re.M)
