"""An interruption that says where a training stopped, in one line instead of a traceback."""

import contextlib
import signal
import sys
import threading

from dcgan_course.display.screen import in_notebook


class Stopped(KeyboardInterrupt):
    """The user has interrupted a training; what it had completed is kept.

    A notebook shows it as the one line that `print` has shown already, and no traceback: the
    hundred lines of Keras and TensorFlow would only say where the interruption came by chance.

    Args:
        epoch: how many epochs are complete.
        epochs: how many there should be.
        resumable: whether the same call goes on from there.
    """

    def __init__(self, epoch, epochs=None, *, resumable=True):
        of = "" if epochs is None else f" of {epochs}"
        where = f"after epoch {epoch}{of}" if epoch else f"before the end of epoch 1{of}"
        again = "Run the cell again" if in_notebook() else "Run it again"
        how = f"{again} to go on." if epoch else f"{again} to start over."
        if not resumable:
            how = "The networks keep what they have learned. With resume=FOLDER, fit can go on."
        super().__init__(f"Stopped {where}. {how}")

    def _render_traceback_(self):
        """What IPython shows in place of a traceback."""
        return [f"KeyboardInterrupt: {self}"]


def stopped(epoch, epochs=None, *, resumable=True):
    """Print the line of a `Stopped`, and return it, to be raised."""
    line = Stopped(epoch, epochs, resumable=resumable)
    if sys.stdout.isatty():
        print()  # a terminal's progress line has not been ended
    print(line)
    return line


# Front ends know an interrupted cell by this name.
Stopped.__name__ = Stopped.__qualname__ = "KeyboardInterrupt"


@contextlib.contextmanager
def undisturbed():
    """Put off Ctrl-C and ■ while a training's state is being saved.

    Only the main thread gets them, so that elsewhere there is nothing to put off.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
