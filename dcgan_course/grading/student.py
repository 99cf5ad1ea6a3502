"""`student`: what hidden tests ask of a submission, wherever it runs.

Hidden tests run in the grader's process. They ask for values, by `student.call(...)` and its
like, and judge what comes back. In a notebook that a teacher runs, the functions are those of
the notebook itself.
"""

import sys

from .inside.probes import Probes
from .inside.wire import Other, pack, unpack


class StudentError(Exception):
    """An error that a submission's own code has raised.

    Attributes:
        kind: the name of the error's type.
        message: what it said.
    """

    def __init__(self, kind, message, line):
        self.kind, self.message, self.line = kind, message, line
        where = f" (in the line: {line})" if line else ""
        super().__init__(f"{kind}: {message}{where}")


class Student:
    """A submission's functions, asked one question at a time."""

    def __init__(self):
        self._ask = None

    def connect(self, ask):
        """Send all questions to `ask`, a function from a question to an answer; None: back."""
        self._ask = ask

    def _send(self, op, *args):
        if self._ask is None:
            self._ask = Probes(vars(sys.modules["__main__"])).handle
        answer = self._ask({"op": op, "args": pack(list(args))})
        if "error" in answer:
            raise StudentError(*(str(part) for part in answer["error"]))
        return unpack(answer["value"])

    def call(self, name, *args):
        """What a function returns: numbers, words, arrays, lists of them, or an `Other`."""
        return self._send("call", name, list(args))

    def gradient(self, name, *args, pick=None):
        """(value, gradients) of a function of tensors; `pick`: which of several results."""
        value, slopes = self._send("gradient", name, list(args), pick)
        return value, slopes

    def build(self, name, *args, shape):
        """The `Network` that a function returns. shape: of a batch for its first call."""
        return Network(self._send, self._send("build", name, list(args), list(shape)))

    def given(self, module, name, *args):
        """What a function of one of the assignment's own files returns.

        It runs in a process of its own, in which no code of the submission has run. `args` must
        be plain: numbers, words, arrays, lists and dictionaries of them.
        """
        return self._send("given", module, name, list(args))

    def step(self, *args):
        """See `Probes.do_step`."""
        return self._send("step", *args)

    def compiled_codes(self, *args):
        """See `Probes.do_compiled_codes`."""
        return self._send("compiled_codes", *args)

    def learn(self, *args):
        """See `Probes.do_learn`."""
        return self._send("learn", *args)

    def average(self, *args):
        """See `Probes.do_average`."""
        return self._send("average", *args)

    def movement(self, *args):
        """See `Probes.do_movement`."""
        return self._send("movement", *args)

    def turns(self, *args):
        """See `Probes.do_turns`."""
        return self._send("turns", *args)


class Network:
    """A network that a submission has built, seen through what it computes."""

    def __init__(self, send, number):
        self._send, self._number, self._traces = send, number, {}

    def __call__(self, x, training=False):
        """Its output, an array (an `Other` where it is none)."""
        return self._send("predict", self._number, x, training)

    def kernels(self):
        """Arrays: its trained weights of more than one axis."""
        return self._send("kernels", self._number)

    def trace(self, x, training=False):
        """Its linear operations, in order; see `ops.trace`."""
        key = (*x.shape, training)
        if key not in self._traces:
            self._traces[key] = self._send("trace", self._number, x, training)
        return self._traces[key]

    def between(self, x, index, instead=None, training=False):
        """What comes between two linear operations; see `ops.between`."""
        return self._send("between", self._number, x, training, index, instead)

    def input_slope(self, x):
        """The gradient of its output in x, None where there is none."""
        return self._send("input_slope", self._number, x)


student = Student()

__all__ = ["Network", "Other", "Student", "StudentError", "student"]
