"""Where a training shows itself: a notebook's displays, or one line of a terminal."""

import base64
import sys


class Screen:
    """One text and one picture that are replaced in place; a terminal gets the text alone.

    Attributes:
        shows_pictures: whether this is a notebook.
    """

    def __init__(self):
        self.shows_pictures = in_notebook()
        self._handles = {}

    def show_text(self, text):
        """Put a line of text in place of the one before."""
        if self.shows_pictures:
            self._show("text", {"text/plain": text})
        else:
            print(f"\r{text:<100}", end="", file=sys.stderr, flush=True)

    def show_picture(self, png):
        """Put a picture, as PNG bytes, in place of the one before."""
        self._show("picture", {"image/png": base64.b64encode(png).decode()})

    def close(self):
        """End the line of a terminal."""
        if not self.shows_pictures:
            print(file=sys.stderr)

    def _show(self, which, bundle):
        from IPython.display import display

        if which in self._handles:
            self._handles[which].update(bundle, raw=True)
        else:
            self._handles[which] = display(bundle, raw=True, display_id=True)


def in_notebook():
    """Whether this process is a notebook's kernel."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
