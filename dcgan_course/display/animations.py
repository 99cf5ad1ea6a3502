"""Animations: figures as pixels, a player for frames, convolutions step by step."""

import base64
import tempfile
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from dcgan_course.display.images import save_gif


def new_figure(size, dpi=80, layout="constrained"):
    """Make a matplotlib figure that is not shown automatically, in a window or in a notebook."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=dpi, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def figure_pixels(figure):
    """Draw a figure and return its pixels: uint8 (H, W, 3)."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def widget_view(widget):
    """Return what a front end needs to show a widget, as a part of a MIME bundle.

    Built by hand, because ipywidgets 7, which Colab has, offers no method for it.
    """
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {"application/vnd.jupyter.widget-view+json": view}


class FramePlayer:
    """Frames with play, pause and a slider; an animated GIF where there are no widgets.

    Display it as the last line of a cell. Left and right arrow keys move the slider once
    it has the focus.

    Args:
        frames: uint8 pictures of equal shape, (H, W) or (H, W, 3).
        captions: a line of text for each frame, shown below it; None for no captions.
        seconds_per_frame: of the GIF and of *play*.
        what: a description of the animation, for readers who cannot see it.

    Raises:
        ValueError: no frames, or not one caption for each frame.
    """

    def __init__(self, frames, captions=None, *, seconds_per_frame=0.12, what="animation"):
        self.seconds_per_frame = seconds_per_frame
        self.what = what
        self.widget = self._slider = None
        self._set(frames, captions)

    def _set(self, frames, captions):
        frames = [np.asarray(frame) for frame in frames]
        captions = [""] * len(frames) if captions is None else list(captions)
        if not frames or len(captions) != len(frames):
            raise ValueError(
                f"{len(frames)} frames with {len(captions)} captions cannot be played."
            )
        self.frames, self.captions = frames, captions
        self._pngs = {}

    def replace(self, frames, captions=None):
        """Show other frames in the same place."""
        self._set(frames, captions)
        if self.widget is not None:
            self._slider.max = self._play.max = len(self.frames) - 1
            self._play.value = 0
            self._show(0)

    def gif(self):
        """The animation as GIF bytes: at most 26 frames, since a notebook keeps them."""
        kept = np.unique(np.linspace(0, len(self.frames) - 1, 26).round().astype(int))
        with tempfile.TemporaryDirectory() as folder:
            path = save_gif(
                Path(folder) / "frames.gif",
                [self.frames[index] for index in kept],
                seconds_per_frame=max(self.seconds_per_frame, 0.2),
                colors=48,
            )
            return path.read_bytes()

    def save_gif(self, path, **options):
        """Write the animation as GIF; see `images.save_gif`. Returns the path."""
        return save_gif(
            path, self.frames, **{"seconds_per_frame": self.seconds_per_frame, **options}
        )

    def build(self):
        """The ipywidgets box, made on first use; None where ipywidgets is not installed."""
        if self.widget is None:
            try:
                import ipywidgets as widgets
            except ImportError:
                return None
            last = len(self.frames) - 1
            # At its own size: otherwise the box stretches the image to the whole cell and blurs it.
            size = {"width": f"{self.frames[0].shape[1]}px", "align_self": "flex-start"}
            self._image = widgets.Image(format="png", layout=size)
            self._image.add_class("dcgan-course-frame")
            self._image.tooltip = self.what  # its text in ipywidgets 8; 7 has none for images
            self._play = widgets.Play(
                min=0, max=last, interval=round(1000 * self.seconds_per_frame), description="Play"
            )
            self._slider = widgets.IntSlider(
                min=0, max=last, description="moment", continuous_update=True
            )
            self._caption = widgets.Label()
            widgets.jslink((self._play, "value"), (self._slider, "value"))
            self._slider.observe(lambda change: self._show(change["new"]), names="value")
            self._show(0)
            controls = widgets.HBox([self._play, self._slider, self._caption])
            self.widget = widgets.VBox([self._image, controls])
        return self.widget

    def _show(self, index):
        if index not in self._pngs:
            self._pngs[index] = iio.imwrite("<bytes>", self.frames[index], extension=".png")
        self._image.value = self._pngs[index]
        self._caption.value = self.captions[index]

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Widget and GIF in one bundle: a front end shows the richest form that it supports."""
        text = f"Animation: {self.what}, {len(self.frames)} frames"
        bundle = {"image/gif": base64.b64encode(self.gif()).decode(), "text/plain": text}
        widget = self.build()
        if widget is not None:
            bundle |= widget_view(widget)
        return bundle, {"image/gif": {"alt": text}}


# --- convolutions, step by step -------------------------------------------------------


def convolution_player(x, kernel, result, stride=1, *, transposed=False, title=""):
    """Animate how a convolution, or a transposed one, fills its output position by position.

    The numbers are the reader's own: the animation shows `result`, and this function computes
    only where the kernel is.

    Args:
        x: (n, n), the input.
        kernel: (k, k).
        result: the output, (m, m).
        stride: how far the kernel moves at each step: in the input, or in the output for a
            transposed convolution.
        transposed: True for a transposed convolution.
        title: what the animation shows.

    Returns:
        A `FramePlayer`.
    """
    x, kernel, result = (np.asarray(array, float) for array in (x, kernel, result))
    k = len(kernel)
    places = list(np.ndindex(x.shape if transposed else result.shape))
    frames, captions = [], []
    so_far = np.zeros_like(result) if transposed else np.full_like(result, np.nan)
    for i, j in places:
        window = (i * stride, j * stride)
        if transposed:
            so_far[window[0] : window[0] + k, window[1] : window[1] + k] += x[i, j] * kernel
            caption = f"input ({i}, {j}) = {x[i, j]:g}, times the kernel, is added here"
            marks = ((i, j, 1), (*window, k))
        else:
            so_far[i, j] = result[i, j]
            caption = f"window × kernel, summed, is output ({i}, {j}) = {result[i, j]:g}"
            marks = ((*window, k), (i, j, 1))
        figure = new_figure((7.2, 3.2))
        shapes = [f"{len(a)} × {len(a)}" for a in (x, kernel, result)]
        names = [f"input, {shapes[0]}", f"kernel, {shapes[1]}", f"output, {shapes[2]}"]
        panels = figure.subplots(1, 3, width_ratios=(len(x), k, len(result)))
        arrays = (x, kernel, so_far)
        for axes, array, name, mark in zip(
            panels, arrays, names, (marks[0], None, marks[1]), strict=True
        ):
            _draw_numbers(axes, array, name, mark)
        figure.suptitle(f"{title}\n{caption}", fontsize=10)
        frames.append(figure_pixels(figure))
        captions.append(caption)
    return FramePlayer(frames, captions, seconds_per_frame=0.7, what=title or "convolution")


def _draw_numbers(axes, array, name, mark):
    """Draw a matrix as numbers; `mark` is (row, column, side) of a square that is outlined."""
    from matplotlib.patches import Rectangle

    limit = max(1.0, float(np.nanmax(np.abs(array), initial=0)))
    axes.imshow(np.nan_to_num(array), cmap="PuOr", vmin=-1.4 * limit, vmax=1.4 * limit)
    for (row, column), number in np.ndenumerate(array):
        if not np.isnan(number):
            axes.text(column, row, f"{number:g}", ha="center", va="center", fontsize=9)
    if mark is not None:
        row, column, side = mark
        axes.add_patch(
            Rectangle((column - 0.5, row - 0.5), side, side, fill=False, ec="crimson", lw=2.5)
        )
    axes.set_title(name, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])
