"""Runs a submission's cells, and answers questions about its functions, beside nothing else.

    python -m inside.worker

Reads one JSON request a line from standard input and writes one JSON answer a line to standard
output, which it keeps for itself: what a submission prints goes into the answers.

    {"do": "begin", "memory": bytes, "characters": number}
    {"do": "cell", "kind": "own" | "given" | "answer" | "test", "key": id, "source": text,
     "seconds": limit}                     → {"outputs": [...], "failed": bool}
    {"do": "bring back", "key": id}        → {}
    {"do": "probe", "question": {...}, "seconds": limit}  → {"answer": {...}}
"""

import builtins
import contextlib
import io
import json
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path

from .probes import Probes
from .session import Session

PICTURES = ("image/png", "image/jpeg")
MOST_PICTURE = 3_000_000


class TooLong(Exception):
    """A cell or a question has used its time."""


def _leave(*_):
    raise SystemExit("A cell has asked Python to end: it goes on here.")


class _Capped(io.StringIO):
    """Keeps so many characters of what is written, and counts on."""

    def __init__(self, most):
        super().__init__()
        self._room = most

    def write(self, text):
        text = str(text)
        if self._room > 0:
            super().write(text[: self._room])
            if len(text) > self._room:
                super().write("\n… output cut: a cell printed too much …\n")
        self._room -= len(text)
        return len(text)


class _Clock:
    """Interrupts what runs in the main thread after some seconds, and each second from then on."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self._ring)
            signal.setitimer(signal.ITIMER_REAL, self.seconds, 1)

    def __exit__(self, *_):
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, *_):
        raise TooLong(f"This took longer than {self.seconds:.0f} seconds")


class Worker:
    """One submission's interpreter."""

    def __init__(self, memory, characters):
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        self._limit(memory)
        self._characters = characters
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "NoColor"
        self._shell = InteractiveShell.instance(config=config)
        self._shell.showtraceback = self._note_error
        self._shell.showsyntaxerror = self._note_error
        self._error = None
        space = self._shell.user_ns
        for name in ("exit", "quit"):
            space[name] = _leave
            setattr(builtins, name, _leave)
        os._exit = os.abort = _leave
        sys.modules["__main__"] = self._shell.user_module
        self._session, self._probes = Session(space), Probes(space)
        try:
            self._shell.run_line_magic("matplotlib", "inline")
        except Exception:
            traceback.print_exc()  # without matplotlib, cells without plots still run

    def _limit(self, memory):
        try:
            import resource

            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (2**27, 2**27))
        except (ImportError, ValueError, OSError):
            pass  # Windows and macOS: the time limits remain

    def _note_error(self, *args, **kwargs):
        self._error = sys.exc_info()[:2]

    # --- requests -----------------------------------------------------------------------

    def cell(self, request):
        """Run a cell."""
        kind, key = request["kind"], request["key"]
        before = dict(self._session.namespace)
        if kind == "test":
            self._session.before_test()
        outputs, error = self._run(request["source"], request["seconds"])
        if kind == "given":
            self._session.after_given_cell(before)
        elif kind == "test":
            self._session.keep(key)
        return {"outputs": outputs, "failed": error is not None, "error": error}

    def bring_back(self, request):
        """Make the namespace what it was at a test cell."""
        self._session.bring_back(request["key"])
        self._session.before_test()
        return {}

    def probe(self, request):
        """Answer a question; what is printed meanwhile is lost."""
        from IPython.utils.capture import capture_output

        with capture_output():
            try:
                with _Clock(request["seconds"]):
                    answer = self._probes.handle(request["question"])
            except TooLong as error:
                answer = {"error": ["TooLong", str(error), ""]}
            finally:
                self._close_figures()
        return {"answer": answer}

    def _close_figures(self):
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")

    def _run(self, source, seconds):
        from IPython.utils.capture import capture_output

        self._error = None
        result, printed = None, _Capped(self._characters)
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            capture_output(stdout=False, stderr=False) as captured,
        ):
            # A submission can make IPython print more results; what is printed scores nothing.
            try:
                with _Clock(seconds):
                    result = self._shell.run_cell(source, store_history=True)
            except BaseException as error:
                self._error = type(error), error
        error = self._error
        if result is not None and error is None:
            failure = result.error_before_exec or result.error_in_exec
            error = failure and (type(failure), failure)
        outputs = []
        if printed.getvalue():
            outputs.append({"stream": printed.getvalue()})
        for shown in captured.outputs[:20]:
            data = getattr(shown, "data", None) or {}
            picture = next((kind for kind in PICTURES if kind in data), None)
            if picture and len(data[picture]) < MOST_PICTURE:
                value = data[picture]
                outputs.append({"picture": value if isinstance(value, str) else ""})
            elif "text/plain" in data:
                outputs.append({"text": str(data["text/plain"])[:5000]})
        if error is None:
            return outputs, None
        kind, value = error
        if issubclass(kind, SystemExit):
            outputs.append({"stream": "This cell asked Python to end; the notebook goes on.\n"})
            return outputs, None
        return outputs, [kind.__name__[:60], str(value)[:2000], self._where(value)]

    def _where(self, error):
        lines = traceback.format_exception_only(type(error), error)
        for frame in traceback.extract_tb(error.__traceback__)[-1:]:
            lines.insert(0, f"line {frame.lineno}: {frame.line}\n")
        return "".join(lines)[:3000]


def main():
    """Serve until standard input ends."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    worker = None
    for line in requests:
        request = json.loads(line)
        do = request["do"]
        if do == "begin":
            given = request.get("files")
            if given:  # the folder itself is read-only: a submission gets a copy
                shutil.copytree(given, Path.cwd(), dirs_exist_ok=True)
            worker = Worker(request["memory"], request["characters"])
            answer = {}
        else:
            answer = getattr(worker, do.replace(" ", "_"))(request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
