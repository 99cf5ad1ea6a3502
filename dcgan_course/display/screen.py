"""Where a training shows itself: a widget of a notebook, two displays, or a terminal's line."""

import base64
import html
import sys

from dcgan_course.display.animations import widget_view
from dcgan_course.display.palette import BLACK, BLUE


def open_screen():
    """Return the screen for this process.

    All have the same methods: `show_progress`, `show_text`, `show_epoch`, `browse` and `close`;
    and `shows_pictures`, which says whether `show_epoch` and `browse` do anything.
    """
    if not in_notebook():
        return TerminalLine()
    try:
        import ipywidgets  # noqa: F401
    except ImportError:
        return NotebookDisplays()
    return NotebookPanel()


def in_notebook():
    """Whether this process is a notebook's kernel."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


class TerminalLine:
    """One line on standard error, which is replaced in place."""

    shows_pictures = False
    on_pause = None

    def show_progress(self, progress):
        """Show the line of a `Progress`."""
        self.show_text(progress.line())

    def show_text(self, text):
        """Put a line of text in place of the one before."""
        print(f"\r{text:<100}", end="", file=sys.stderr, flush=True)

    def close(self):
        """End the line."""
        print(file=sys.stderr)


class NotebookDisplays:
    """A text and a picture that are replaced in place, where ipywidgets is not installed."""

    shows_pictures = True
    on_pause = None

    def __init__(self):
        self._handles = {}

    def show_progress(self, progress):
        """Show a `Progress` in words."""
        self.show_text(progress.words())

    def show_text(self, text):
        """Put a line of text in place of the one before."""
        self._show("text", {"text/plain": text})

    def show_epoch(self, view):
        """Show an `EpochView`."""
        bundle, metadata = picture_bundle(view.whole(), view.alt)
        self._show("picture", bundle, metadata)

    def browse(self, epochs, view):
        """Do nothing: a slider needs ipywidgets."""

    def close(self):
        """Do nothing: the displays stay."""

    def _show(self, which, bundle, metadata=None):
        from IPython.display import display

        if which in self._handles:
            self._handles[which].update(bundle, raw=True, metadata=metadata or {})
        else:
            handle = display(bundle, raw=True, metadata=metadata or {}, display_id=True)
            self._handles[which] = handle


class NotebookPanel:
    """Words, a bar and pictures in one widget, and in the end a slider over the past epochs.

    A front end without widgets shows one picture in its place, and so does a notebook that was
    saved without the state of its widgets. It is renewed when the cell ends, however it ends.

    Attributes:
        on_pause: called when the cell ends before `close` has been called.
    """

    shows_pictures = True

    def __init__(self):
        import ipywidgets as widgets

        self._words = widgets.HTML(layout={"width": "auto", "margin": "0"})
        self._pictures = widgets.HTML(layout={"width": "auto", "margin": "0"})
        layout = {"width": "100%", "max_width": "54em"}
        self.widget = widgets.VBox([self._words, self._pictures], layout=layout)
        self._slider = self._handle = self._view = self.on_pause = None
        self._text, self._closed, self._waits = "", False, False

    def show_progress(self, progress):
        """Show a `Progress` in words and as a bar."""
        self._say(progress.words(), progress.fraction)

    def show_text(self, text):
        """Put a line of text in place of words and bar."""
        self._say(text)

    def show_epoch(self, view):
        """Show an `EpochView`."""
        self._view = view
        self._pictures.value = view.as_html()
        self._touch()

    def browse(self, epochs, view):
        """Put a slider above the pictures.

        Args:
            epochs: whole numbers, in order.
            view: called with one of them; returns its `EpochView`.
        """
        import ipywidgets as widgets

        if len(epochs) < 2:
            return
        self._slider = widgets.SelectionSlider(
            options=epochs,
            value=epochs[-1],
            description="epoch",
            layout={"width": "auto", "max_width": "45em"},
            style={"description_width": "initial"},
        )

        def show(change):
            self._pictures.value = view(change["new"]).as_html()

        self._slider.observe(show, names="value")
        self._view = view(epochs[-1])
        self._pictures.value = self._view.as_html()
        self.widget.children = (self._words, self._slider, self._pictures)
        self._touch()

    def close(self):
        """The training is complete."""
        self._closed = True
        self._touch()

    def _say(self, text, fraction=None):
        self._text = text
        words = f"<div>{html.escape(text)}</div>"
        if fraction is not None and fraction < 1:
            style = f"width:100%;max-width:45em;height:1em;accent-color:{BLUE}"
            words += f'<progress aria-label="training" value="{fraction:.4f}" style="{style}">'
            words += "</progress>"
        self._words.value = words
        if self._slider is not None:  # the training goes on after a pause
            self._slider = None
            self.widget.children = (self._words, self._pictures)
        self._touch()

    def _touch(self):
        """Display the widget, if it is not yet, and renew the stored picture when the cell ends."""
        from IPython import get_ipython
        from IPython.display import display

        if self._handle is None:
            bundle = {"text/plain": self._text, **widget_view(self.widget)}
            self._handle = display(bundle, raw=True, display_id=True)
        if not self._waits:
            self._waits = True
            get_ipython().events.register("post_execute", self._cell_ends)

    def _cell_ends(self):
        from IPython import get_ipython

        get_ipython().events.unregister("post_execute", self._cell_ends)
        if not self._closed and self.on_pause:
            self.on_pause()
        self._waits = False
        bundle, metadata = {"text/plain": self._text}, {}
        if self._view is not None:
            alt = f"{self._text.rstrip('.')}. {self._view.alt}"
            bundle, metadata = picture_bundle(self._view.whole(), alt)
        self._handle.update({**bundle, **widget_view(self.widget)}, raw=True, metadata=metadata)


class EpochView:
    """What is shown of one epoch.

    Args:
        pictures: PNG bytes and a text for each, as pairs; they stand side by side where there is
            room for it.
        whole: a function without arguments that draws all in one picture, as PNG bytes.
        alt: a text for that picture.
        caption: a line above the pictures.
        mark: how far to the right of the last picture a line marks the epoch, in percent.
    """

    def __init__(self, pictures, whole, alt, caption="", mark=None):
        self.pictures, self.whole, self.alt = pictures, whole, alt
        self.caption, self.mark = caption, mark

    def as_html(self):
        """The pictures as HTML, which front ends of all versions show with its texts."""
        cells = [_picture(*picture) for picture in self.pictures]
        if self.mark is not None and cells:
            line = f"left:{self.mark:.2f}%;top:10%;bottom:15%;border-left:2px dashed {BLACK}"
            cells[-1] += f'<span style="position:absolute;{line}"></span>'
        style = "position:relative;flex:1 1 16em;max-width:26em;min-width:0"
        cells = "".join(f'<div style="{style}">{cell}</div>' for cell in cells)
        row = "display:flex;flex-wrap:wrap;gap:.8em;align-items:flex-start"
        caption = f"<div>{html.escape(self.caption)}</div>" if self.caption else ""
        return f'{caption}<div style="{row}">{cells}</div>'


def picture_bundle(png, alt):
    """A picture as a MIME bundle with a text for those who cannot see it, and its metadata.

    VS Code reads the text from text/plain, the course's JupyterLab from the metadata.
    """
    bundle = {"image/png": base64.b64encode(png).decode(), "text/plain": alt}
    return bundle, {"image/png": {"alt": alt}}


def _picture(png, alt):
    source = base64.b64encode(png).decode()
    style = "width:100%;height:auto;display:block"
    return f'<img alt="{html.escape(alt)}" style="{style}" src="data:image/png;base64,{source}">'
