"""What a submission cannot do: to the grader, to a classmate, to the points.

The submissions here use no TensorFlow, so that each takes a second or two. Every sandbox that
this machine offers is tried; without one, only what holds everywhere is.

Mirrors no module: it tests grading/runner.py, grading/sandbox.py and grading/inside together.
"""

import json
import os
import subprocess
import sys
import time

import pytest

from dcgan_course.grading import sandbox
from dcgan_course.grading.runner import Cell, Limits, Runner

pytestmark = pytest.mark.slow(seconds=2)
HERE = [kind for kind in ("bubblewrap", "namespaces") if sandbox.available(kind)]
BOX = HERE[0] if HERE else "none"
needs_sandbox = pytest.mark.skipif(not HERE, reason="no bubblewrap and no user namespaces here")
TEST = """# 2 points: a test: doubled
assert double(1) == 2
### BEGIN HIDDEN TESTS
from dcgan_course.grading import fresh, student
number = int(fresh().integers(1000, 9999))
assert student.call("double", number) == 2 * number, "Not doubled"
### END HIDDEN TESTS"""
RIGHT = "def double(x):\n    return 2 * x"
WRONG = "def double(x):\n    return 2 if x == 1 else 0"


def graded(tmp_path, *cells, kind=BOX, limits=None, secret=()):
    """Run own cells, an answer and its test; returns (test passed, all cells)."""
    files = tmp_path / "files"
    files.mkdir(exist_ok=True)
    (files / "data.txt").write_text("given to all", encoding="utf-8")
    if not (files / "hidden_data.txt").exists():
        (files / "hidden_data.txt").write_text("kept from all", encoding="utf-8")
    made = [Cell("given", "imports", "import math")]
    made += [cell if isinstance(cell, Cell) else Cell("own", "", cell) for cell in cells]
    if not any(cell.kind == "answer" for cell in made):
        made.append(Cell("answer", "double", WRONG))
    made.append(Cell("test", "doubled", TEST))
    Runner(made, files, kind, secret, limits or Limits(cell=5, notebook=60), seed=7).run()
    return made[-1].error is None, made


def answer(text):
    return Cell("answer", "double", text)


def printed(cells):
    return json.dumps([cell.outputs for cell in cells]) + str([cell.error for cell in cells])


# --- points -------------------------------------------------------------------------------


def test_a_right_answer_passes_and_a_wrong_one_fails(tmp_path):
    assert graded(tmp_path, answer(RIGHT))[0]
    passed, cells = graded(tmp_path, answer(WRONG))
    assert not passed
    assert cells[-1].error[:2] == ["AssertionError", "Not doubled"]


TRICKS = {
    "errors swallowed": "get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)",
    "tracebacks off": "get_ipython().showtraceback = lambda *a, **k: None",
    "asserts removed": "import ast\n"
    "class NoAsserts(ast.NodeTransformer):\n"
    "    def visit_Assert(self, node):\n"
    "        return ast.Pass()\n"
    "get_ipython().ast_transformers.append(NoAsserts())",
    "cells emptied": "get_ipython().input_transformers_cleanup.append(lambda lines: [])",
    "results printed": "get_ipython().ast_node_interactivity = 'all'",
    "builtins": "import builtins\nbuiltins.abs = builtins.float = lambda *a: 0\n"
    "builtins.AssertionError = type('Fine', (BaseException,), {})",
    "run_cell": "import types\nip = get_ipython()\n"
    "fine = types.SimpleNamespace(error_before_exec=None, error_in_exec=None)\n"
    "ip.run_cell = lambda *a, **k: fine",
    "a result that equals everything": "class Yes(int):\n"
    "    __eq__ = __ne__ = __lt__ = __gt__ = lambda *a: True\n"
    "    __hash__ = int.__hash__\n"
    "def double(x):\n    return Yes(2)",
    "the probes": "import inside.probes as p\n"
    "p.Probes.handle = lambda self, question: {'value': 2}",
    "the answers' pipe": "import os\n"
    "for number in range(3, 60):\n"
    "    try:\n"
    '        os.write(number, b\'{"outputs": [], "failed": false, "error": null}\\n\')\n'
    "    except OSError:\n"
    "        pass",
    "numpy": "import numpy as np\nnp.asarray = np.array = lambda *a, **k: 2",
    "json": 'import json\njson.dumps = lambda *a, **k: \'{"answer": {"value": 2}}\'',
    "an error as an answer": "def double(x):\n    raise StopIteration('full marks')",
    "the grader's own module": "import sys, types\n"
    "sys.modules['dcgan_course'] = sys.modules['dcgan_course.grading'] = types.ModuleType('x')",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_tricks_earn_nothing(tmp_path, trick):
    text = TRICKS[trick]
    cells = [answer(text)] if "def double" in text else [text, answer(WRONG)]
    assert not graded(tmp_path, *cells)[0]


@pytest.mark.parametrize("trick", ["results printed", "errors swallowed", "tracebacks off"])
def test_tricks_cost_nothing_where_the_answer_is_right(tmp_path, trick):
    assert graded(tmp_path, TRICKS[trick], answer(RIGHT))[0]


# --- accidents ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "leaving",
    ["exit()", "quit()", "import sys\nsys.exit(3)", "import os\nos._exit(3)", "raise SystemExit"],
)
def test_a_cell_that_ends_python_costs_nothing(tmp_path, leaving):
    passed, cells = graded(tmp_path, leaving, answer(RIGHT + "\n\n" + leaving))
    assert passed, printed(cells)


@pytest.mark.skipif(os.name == "nt", reason="only Unix has this signal")
def test_a_cell_that_kills_its_process_is_left_out(tmp_path):
    kill = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    passed, cells = graded(tmp_path, kill, answer(RIGHT + "\n\n" + kill))
    if kill and BOX != "none" and not passed:
        pytest.fail(printed(cells))
    assert passed
    assert "ended the process" in cells[1].error[1]


@pytest.mark.skipif(os.name == "nt", reason="only Unix can interrupt a cell by a timer")
def test_endless_loops_are_interrupted_and_the_rest_counts(tmp_path):
    stubborn = "while True:\n    try:\n        pass\n    except BaseException:\n        pass"
    deaf = "import signal\nsignal.setitimer = None\nsignal.alarm(0)\n"
    deaf += "signal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    pass"
    limits = Limits(cell=2, notebook=60)
    passed, cells = graded(
        tmp_path, "while True:\n    pass", stubborn, deaf, answer(RIGHT), limits=limits
    )
    assert passed, printed(cells)
    assert cells[1].error[0] == "TooLong"


@pytest.mark.skipif(os.name == "nt", reason="only Unix can interrupt a cell by a timer")
def test_a_function_that_never_returns_loses_its_own_test(tmp_path):
    loop = "def double(x):\n    while x > 1:\n        pass\n    return 2"
    passed, cells = graded(tmp_path, answer(loop), limits=Limits(cell=2, notebook=60))
    assert not passed
    assert cells[-1].error[0] == "TooLong"


def test_names_that_a_submission_deletes_or_overwrites_come_back(tmp_path):
    assert graded(tmp_path, "del math", "abs = sum = 3", answer(RIGHT), "math = None")[0]


def test_what_comes_after_a_test_does_not_count_for_it(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    cells = [Cell("answer", "double", RIGHT), Cell("test", "doubled", TEST)]
    cells.append(Cell("own", "", "double = 5"))
    Runner(cells, files, BOX, limits=Limits(5, 60)).run()
    assert cells[1].error is None


def test_output_is_cut(tmp_path):
    _, cells = graded(tmp_path, "for _ in range(100_000):\n    print('x' * 100)")
    assert len(cells[1].outputs[0]["stream"]) < 60_000
    assert "output cut" in cells[1].outputs[0]["stream"]


def test_too_much_memory_is_refused(tmp_path):
    if sys.platform != "linux":
        pytest.skip("only Linux limits a process's data")
    hoard = "hoard = []\nwhile True:\n    hoard.append(bytearray(100_000_000))"
    limits = Limits(cell=20, notebook=90, memory=2**30)
    passed, cells = graded(tmp_path, hoard, answer(RIGHT), limits=limits)
    assert passed, printed(cells)
    assert "GB of memory" in cells[1].error[1]


# --- harm ---------------------------------------------------------------------------------


@needs_sandbox
@pytest.mark.parametrize("kind", HERE)
def test_files_outside_are_neither_seen_nor_changed(tmp_path, kind):
    secret = tmp_path / "gradebook.db"
    secret.write_text("marks", encoding="utf-8")
    look = f"""import os, pathlib
print(os.path.exists({str(secret)!r}), os.path.exists({os.path.expanduser("~")!r} + "/.bashrc"))
try:
    pathlib.Path({str(secret)!r}).write_text("full marks")
except OSError as error:
    print("refused")
for folder in ("/usr", "/grader/inside", "/given", "/"):
    try:
        pathlib.Path(folder, "planted").write_text("x")
        print("planted in", folder)
    except OSError:
        pass
print(open("data.txt").read(), os.path.exists("hidden_data.txt"), os.listdir("/given"))
"""
    _, cells = graded(tmp_path, look, kind=kind)
    said = printed(cells)
    assert "False False" in said, said
    assert "planted" not in said
    assert "given to all" in said
    assert "hidden_data" not in said
    assert secret.read_text("utf-8") == "marks"


@needs_sandbox
@pytest.mark.parametrize("kind", HERE)
def test_a_secret_folder_inside_a_visible_one_is_empty(tmp_path, kind):
    here = sandbox.INSIDE.parents[1]
    look = f"import os\nprint('there', os.path.exists({str(here / 'grading' / 'runner.py')!r}))\n"
    look += "try:\n    import dcgan_course\n    print('imported')\nexcept ImportError:\n    pass"
    said = printed(graded(tmp_path, look, kind=kind)[1])
    assert "there False" in said
    assert "imported" not in said


@needs_sandbox
@pytest.mark.parametrize("kind", HERE)
def test_there_is_no_network(tmp_path, kind):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        call = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)\nprint('called')"
        _, cells = graded(tmp_path, call, kind=kind)
    assert "called" not in str(cells[1].outputs)
    assert cells[1].error


@pytest.mark.parametrize("kind", [*HERE, "none"])
def test_the_environment_is_empty(tmp_path, kind, monkeypatch):
    monkeypatch.setenv("TEACHERS_TOKEN", "kept")
    monkeypatch.setenv("DCGAN_COURSE_GRADING_SEED", "1234321")
    _, cells = graded(tmp_path, "import os\nprint(dict(os.environ))", kind=kind)
    said = printed(cells)
    assert "TEACHERS_TOKEN" not in said
    assert "1234321" not in said


def running(word):
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True).stdout.decode()
    return [line for line in found.splitlines() if word in line and "ps -eo" not in line]


@pytest.mark.parametrize("kind", [*HERE, "none"])
def test_no_process_is_left_behind(tmp_path, kind):
    if not sys.platform.startswith("linux"):
        pytest.skip("processes are looked for as Linux lists them")
    stay = """import subprocess, sys
sleep = "import time  # left-behind-{kind}\\ntime.sleep(300)"
subprocess.Popen([sys.executable, "-c", sleep])
subprocess.Popen([sys.executable, "-c", sleep], start_new_session=True)
"""
    passed, cells = graded(tmp_path, stay.replace("{kind}", kind), answer(RIGHT), kind=kind)
    assert passed, printed(cells)
    time.sleep(0.5)
    assert running(f"left-behind-{kind}") == []


@needs_sandbox
@pytest.mark.parametrize("kind", HERE)
def test_other_processes_are_out_of_reach(tmp_path, kind):
    look = f"""import os, signal
try:
    os.kill({os.getpid()}, 0)
    print("seen")
except OSError:
    print("unseen")
print(len([name for name in os.listdir("/proc") if name.isdigit()]), "processes")
"""
    said = printed(graded(tmp_path, look, kind=kind)[1])
    assert "unseen" in said or os.getpid() < 10, said


@needs_sandbox
@pytest.mark.parametrize("kind", HERE)
def test_the_file_system_cannot_be_made_writable_again(tmp_path, kind):
    mount = (
        "import subprocess\nfor c in ('mount -o remount,rw /usr', 'mount -t tmpfs none /usr'):\n"
    )
    mount += "    print(subprocess.run(c, shell=True, capture_output=True).returncode)"
    said = graded(tmp_path, mount, kind=kind)[1][1].outputs[0]["stream"]
    assert "0" not in said.split(), said


def test_hidden_data_never_comes_back(tmp_path):
    """A function that is asked about hidden data cannot carry it out."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "hidden_recordings.json").write_text(
        json.dumps({"ill": [{"d_loss": [3.14159]}]}), encoding="utf-8"
    )
    test = """# 1 point: a test: ill
assert diagnose({"d_loss": [1.0]}) is not None
### BEGIN HIDDEN TESTS
from dcgan_course.grading import hidden_runs, student
assert all(student.call("diagnose", run) == "ill" for run in hidden_runs("ill")), "Not recognized"
### END HIDDEN TESTS"""
    spy = """seen = []
def diagnose(run):
    seen.append(run)
    print(run)
    if run["d_loss"][0] != 1.0:
        raise ValueError(f"this is what I saw: {run}")
    return "ill"
"""
    spy += """
import inside.probes as probes
probes.Probes._explained = lambda self, error: [str(seen), str(seen), str(seen)]
"""
    later = "print(seen)\nopen('seen.txt', 'w').write(str(seen))"
    cells = [Cell("answer", "diagnose", spy), Cell("test", "ill", test), Cell("own", "", later)]
    cells.append(Cell("test", "again", test))
    cells.append(Cell("own", "", later))
    Runner(cells, files, BOX, limits=Limits(5, 60)).run()
    assert cells[1].error[:2] == ["Error", "Your code has raised this"]
    assert "3.14159" not in printed(cells)


def test_html_and_scripts_do_not_reach_a_page(tmp_path):
    show = "from IPython.display import HTML, Javascript, display\n"
    show += "display(HTML('<script>steal()</script>'))\ndisplay(Javascript('steal()'))"
    assert "steal" not in printed(graded(tmp_path, show)[1])


@pytest.mark.skipif(os.name == "nt", reason="links need a special right on Windows")
def test_links_and_large_files_are_not_given(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    (tmp_path / "outside.txt").write_text("outside", encoding="utf-8")
    (files / "link.txt").symlink_to(tmp_path / "outside.txt")
    _, cells = graded(tmp_path, "import os\nprint(sorted(os.listdir('.')))")
    assert "link.txt" not in printed(cells)


def test_an_unknown_sandbox_is_refused():
    with pytest.raises(ValueError, match="Unknown sandbox 'cardboard'"):
        sandbox.choose("cardboard")
    assert sandbox.choose("none") == "none"
    assert sandbox.choose() in sandbox.SANDBOXES


# --- files that are handed in -------------------------------------------------------------

TOOL = """import ctypes, os
import numpy as np

def total(path):
    with open("asked.txt", "a", encoding="utf-8") as file:
        file.write("x")
    with np.load(path) as arrays:
        total = float(arrays["numbers"].sum())
    return total, os.path.getsize("asked.txt"), sorted(os.listdir())

def ends(path):
    ctypes.string_at(0)
"""
GIVEN = """# 1 point: a test: a file
assert True
### BEGIN HIDDEN TESTS
from dcgan_course.grading import student
found = [student.given("tool", "total", "handed_in.npz") for _ in range(2)]
assert found[0] == found[1] and found[0][:2] == [6.0, 1], f"Another sum, or asked twice: {found}"
assert not {"inspect.py", "hidden_data.json"} & set(found[0][2]), f"Other files: {found}"
### END HIDDEN TESTS"""


def handed_in(tmp_path, *texts, test=GIVEN):
    """Run cells beside a tool of the assignment's and a file of the submission's."""
    import numpy as np

    files = tmp_path / "files"
    files.mkdir()
    (files / "tool.py").write_text(TOOL, encoding="utf-8")
    (files / "inspect.py").write_text("raise SystemExit", encoding="utf-8")
    (files / "hidden_data.json").write_text("{}", encoding="utf-8")
    np.savez(files / "handed_in.npz", numbers=np.array([1.0, 2.0, 3.0]))
    cells = [*(Cell("own", "", text) for text in texts), Cell("test", "file", test)]
    Runner(cells, files, BOX, limits=Limits(5, 60)).run()
    return cells


def test_a_file_is_read_where_no_cell_of_the_submission_has_run(tmp_path):
    tricks = "import numpy as np\nnp.load = lambda path: {'numbers': np.full(9, 9.0)}\n"
    tricks += "import pathlib\npathlib.Path('tool.py').write_text('x = 1', encoding='utf-8')\n"
    tricks += "np.savez('handed_in.npz', numbers=np.zeros(3))"
    cells = handed_in(tmp_path, tricks)
    assert cells[-1].error is None, printed(cells)


def test_a_file_that_ends_its_reader_costs_that_test(tmp_path):
    cells = handed_in(tmp_path, "x = 1", test=GIVEN.replace('"total"', '"ends"'))
    assert cells[-1].error[:2] == ["AssertionError", "Reading what was handed in has ended Python"]
    assert cells[0].error is None
