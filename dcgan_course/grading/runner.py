"""Runs a submission in its process, cell by cell, and its hidden tests in this one.

What comes back is text, pictures and numbers: whatever a submission does to its own interpreter,
the hidden tests judge values that it had no answers for.
"""

import ast
import base64
import builtins
import contextlib
import ctypes
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import sandbox
from .cells import hidden_part, visible_part
from .numbers import start_anew
from .student import StudentError, student

ANSWER_WITHIN = 10  # seconds beyond a cell's own limit before its process is ended
STARTS_WITHIN = 90
MOST_FILE = 20 * 2**20
MOST_LINE = 2**28


@dataclass
class Limits:
    """How much a submission may use: seconds for a cell and a notebook, bytes, characters."""

    cell: float = 40
    notebook: float = 240
    memory: int = 4 * 2**30
    characters: int = 50_000


@dataclass
class Cell:
    """A code cell: kind is "own", "given", "answer" or "test"; outputs and error are results."""

    kind: str
    key: str
    source: str
    outputs: list = field(default_factory=list)
    error: list | None = None


class Gone(Exception):
    """The submission's process has ended, or does not answer."""


def _descendants():
    """Processes below this one: a set, empty where psutil is missing."""
    try:
        import psutil

        return set(psutil.Process().children(recursive=True))
    except ImportError:
        return set()


def _adopt_orphans():
    """Make processes whose parent has ended this one's children, where Linux can do that."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


class _Process:
    """A worker, and a thread that reads its answers."""

    def __init__(self, kind, files, secret, limits):
        self._folder = tempfile.mkdtemp(prefix="submission-")
        self._bare = kind == "none"
        if self._bare and sys.platform == "linux":
            _adopt_orphans()
        self._others = _descendants() if self._bare else set()
        self._process = sandbox.start(kind, files, secret, self._folder)
        self._answers = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        given = str(files) if kind == "none" else "/given"
        begin = {"do": "begin", "memory": limits.memory, "characters": limits.characters}
        self.ask(begin | {"files": given}, STARTS_WITHIN)

    def _read(self):
        with contextlib.suppress(ValueError, OSError):
            while line := self._process.stdout.readline(MOST_LINE):
                self._answers.put(line)
        self._answers.put(None)

    def ask(self, request, within):
        """Send a request; returns the answer, a dictionary."""
        try:
            self._process.stdin.write((json.dumps(request) + "\n").encode())
            self._process.stdin.flush()
            line = self._answers.get(timeout=within)
        except (OSError, ValueError):
            line = None
        except queue.Empty:
            raise Gone("blocked") from None
        if line is None:
            raise Gone("ended")
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise Gone("spoiled")
        return answer

    def close(self):
        """End the process and all that it has started."""
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        # In a sandbox nothing outlives its first process; without one, what left the group does.
        for process in _descendants() - self._others if self._bare else ():
            with contextlib.suppress(Exception):
                process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class CleanRoom:
    """A worker in which no submission's code has run: it reads what a submission has handed in.

    Its files are arrays (.npz) and those that `source`, the assignment's own folder, holds.

    Args:
        files: the folder with a submission's files, the assignment's own among them.
        kind, secret, limits: as for `Runner`.
    """

    def __init__(self, files, kind="none", secret=(), limits=None):
        self._files, self._kind, self._secret = Path(files), kind, tuple(secret)
        self._limits = limits or Limits()
        self._process, self._answers = None, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ask(self, question, seconds):
        """Answer a question of the kind "given", each once: the same one has the same answer.

        Raises:
            Gone: reading the files has ended the process, or takes too long.
        """
        key = json.dumps(question, sort_keys=True)
        if key not in self._answers:
            self.start(question)
            request = {"do": "probe", "question": question, "seconds": seconds}
            self._answers[key] = self._process.ask(request, seconds + ANSWER_WITHIN)
        return self._answers[key]

    def start(self, question):
        """Start the worker that will answer a question, if there is none."""
        if self._process is not None:
            return
        module = question["args"]["list"][0]
        # A module of the submission's own could be found before one of Python's.
        with tempfile.TemporaryDirectory(prefix="clean-") as folder:
            copy_files(self._files, Path(folder), [f"{module}.py", "*.npz"])
            os.chmod(folder, 0o755)
            self._process = _Process(self._kind, folder, self._secret, self._limits)

    def close(self):
        """End the process, if one was started."""
        if self._process is not None:
            self._process.close()
            self._process = None


def harmless(source):
    """A cell's imports, functions and classes: what is left of it when the rest does harm."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    kept = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    return "\n\n".join(
        ast.get_source_segment(source, node) or "" for node in tree.body if isinstance(node, kept)
    )


def copy_files(source, target, patterns=("**/*",)):
    """Copy an assignment's files, without notebooks, hidden data, links, and what is too large."""
    found = {path for pattern in patterns for path in Path(source).glob(pattern)}
    for path in sorted(found):
        relative = path.relative_to(source)
        if path.is_symlink() or any(Path(source, p).is_symlink() for p in relative.parents):
            continue
        if not path.is_file() or path.suffix == ".ipynb" or path.name.startswith("hidden_"):
            continue
        if path.stat().st_size <= MOST_FILE:
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / relative)


class Runner:
    """Runs one submission.

    Args:
        cells: a list of `Cell`, in order; `run` fills in their outputs and errors.
        files: the folder with the assignment's files, hidden data among them.
        kind: a sandbox that `sandbox.choose` has returned.
        secret: folders that no submission may see.
        limits: `Limits`.
        seed: of the hidden tests' numbers; None draws one.
    """

    def __init__(self, cells, files, kind="none", secret=(), limits=None, seed=None):
        self.cells, self.files, self.kind, self.secret = cells, Path(files), kind, tuple(secret)
        self.limits, self.seed = limits or Limits(), seed
        self._left_out = {}  # index of a cell → (reason, what is run instead)
        self._process = None
        self._room = CleanRoom(files, kind, secret, self.limits)

    def run(self):
        """Run all cells, then all hidden tests; all processes are ended in any case."""
        self._deadline = time.monotonic() + self.limits.notebook
        with tempfile.TemporaryDirectory(prefix="given-") as given:
            copy_files(self.files, Path(given))
            os.chmod(given, 0o755)
            self._given = Path(given)
            try:
                self._play()
                self._hidden_tests()
            finally:
                self._end()
                self._room.close()

    def _end(self):
        if self._process is not None:
            self._process.close()
            self._process = None

    # --- cells --------------------------------------------------------------------------

    def _play(self):
        """Run all cells in a new process, again without a cell that ends or blocks it."""
        while True:
            self._end()
            self._process = _Process(self.kind, self._given, self.secret, self.limits)
            try:
                for index, cell in enumerate(self.cells):
                    self._play_cell(index, cell)
                return
            except Gone:
                self._end()

    def _play_cell(self, index, cell):
        cell.outputs, cell.error = [], None
        reason, source = self._left_out.get(index, ("", cell.source))
        if cell.kind == "test":
            source = "" if reason else visible_part(source)
        if time.monotonic() > self._deadline:
            seconds = f"{self.limits.notebook:.0f}"
            reason = reason or f"Not run: the notebook has used its {seconds} seconds."
            if cell.kind not in ("given", "test"):
                source = harmless(source)
        request = {"do": "cell", "kind": cell.kind, "key": cell.key, "source": source}
        # Given cells import TensorFlow, which takes long on a busy machine.
        seconds = self.limits.cell * (3 if cell.kind == "given" else 1)
        try:
            answer = self._process.ask(request | {"seconds": seconds}, seconds + ANSWER_WITHIN)
        except Gone as problem:
            said = {
                "blocked": f"ran longer than {self.limits.cell:.0f} seconds and could not be "
                "interrupted",
                "ended": "ended the process",
                "spoiled": "disturbed the process",
            }[str(problem)]
            self._leave_out(index, cell, said)
            raise
        cell.outputs = _clean_outputs(answer.get("outputs"))
        cell.error = _clean_error(answer.get("error"))
        if cell.error and cell.error[0] == "MemoryError" and not reason:
            # What the cell holds would be missing in all cells after it.
            said = f"needed more than {self.limits.memory / 2**30:.0f} GB of memory"
            self._leave_out(index, cell, said)
            raise Gone("memory")
        if reason:
            cell.error = ["NotRun", reason, ""]

    def _leave_out(self, index, cell, said):
        if index in self._left_out and self._left_out[index][1]:
            instead = ""
        else:
            instead = harmless(cell.source) if cell.kind in ("own", "answer") else ""
        kept = ", except for its functions, classes and imports" if instead else ""
        self._left_out[index] = (
            f"This cell {said}. The notebook was run again without it{kept}.",
            instead,
        )

    # --- hidden tests -------------------------------------------------------------------

    def _hidden_tests(self):
        start_anew(self.seed)
        terse = any(self.files.glob("hidden_*"))  # an error's text could carry what is hidden
        here = os.getcwd()
        student.connect(self._ask)
        try:
            os.chdir(self.files)
            for cell in self.cells:
                if cell.kind == "test" and cell.error is None and hidden_part(cell.source):
                    cell.error = self._hidden_test(cell, terse)
        finally:
            os.chdir(here)
            student.connect(None)

    def _hidden_test(self, cell, terse):
        if time.monotonic() > self._deadline:
            return ["NotRun", f"The notebook has used its {self.limits.notebook:.0f} seconds.", ""]
        self._until = time.monotonic() + self.limits.cell
        try:
            if self._process is None:
                self._play()
            self._process.ask({"do": "bring back", "key": cell.key}, ANSWER_WITHIN)
            code = compile(hidden_part(cell.source), f"hidden tests of {cell.key}", "exec")
            exec(code, {"__name__": "hidden"})
        except Gone as problem:
            self._end()
            return [
                "TestEnded",
                f"What this test calls has {problem} Python, or takes too long.",
                "",
            ]
        except StudentError as error:
            if error.kind == "TooLong":
                return ["TooLong", f"This takes longer than {self.limits.cell:.0f} seconds", ""]
            # The line is shown if the submission has it: all else could carry what is hidden.
            lines = {line.strip()[:100] for c in self.cells for line in c.source.splitlines()}
            said = f" in the line: {error.line}" if error.line and error.line in lines else ""
            if terse:
                kind = error.kind if hasattr(builtins, error.kind) else "Error"
                return [kind, f"Your code has raised this{said}", ""]
            return [error.kind, f"{error.message}{said}"[:400], ""]
        except AssertionError as error:
            return ["AssertionError", str(error)[:600], ""]
        except Exception as error:
            # A value of another kind than the test can compute with.
            return [
                type(error).__name__,
                f"The result is not of the expected form: {error}"[:300],
                "",
            ]
        return None

    def _ask(self, question):
        if question["op"] == "given":
            began = time.monotonic()
            self._room.start(question)
            self._until += time.monotonic() - began  # this is no work of the submission's
        left = self._until - time.monotonic()
        if left <= 0:
            raise Gone("used up the time of")
        if question["op"] == "given":
            try:
                answer = self._room.ask(question, left).get("answer")
            except Gone as problem:
                # The notebook's own process is not concerned, and need not run again.
                raise AssertionError(f"Reading what was handed in has {problem} Python") from None
        else:
            request = {"do": "probe", "question": question, "seconds": left}
            answer = self._process.ask(request, left + ANSWER_WITHIN).get("answer")
        if not isinstance(answer, dict) or not {"value", "error"} & set(answer):
            raise Gone("disturbed")
        if "error" in answer and not (
            isinstance(answer["error"], list) and len(answer["error"]) == 3
        ):
            raise Gone("disturbed")
        return answer


def _clean_outputs(outputs):
    """Only text, and pictures that are pictures: no HTML that would run in a teacher's browser."""
    clean = []
    for output in outputs if isinstance(outputs, list) else []:
        ((kind, value),) = (
            output.items() if isinstance(output, dict) and len(output) == 1 else [("", "")]
        )
        if kind in ("stream", "text"):
            clean.append({kind: str(value)[:200_000]})
        elif kind == "picture":
            with contextlib.suppress(ValueError, TypeError):
                data = base64.b64decode(value, validate=False)
                if data[:4] == b"\x89PNG":
                    clean.append({"picture": base64.b64encode(data).decode("ascii")})
    return clean[:40]


def _clean_error(error):
    if not isinstance(error, list) or len(error) != 3:
        return None
    return [str(error[0])[:60], str(error[1])[:2000], str(error[2])[:3000]]
