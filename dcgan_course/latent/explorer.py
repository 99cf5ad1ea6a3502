"""Latent sliders: a panel in which a trained generator responds at once.

The panel holds one code. Sliders move it along the generator's own directions (see
`space.LatentSpace`) or number by number, and every change draws a new image. That loop does not
use matplotlib: an image is one call of the network, enlarged by repeating pixels, and a PNG.
"""

import asyncio
import base64
import io
import sys
import time
from pathlib import Path

import numpy as np

from dcgan_course.checks import number, whole_number
from dcgan_course.display.animations import widget_view
from dcgan_course.display.images import image_grid, png
from dcgan_course.files import runs_folder
from dcgan_course.latent.pages import (
    ArithmeticPage,
    ExportPage,
    NearestPage,
    NeighboursPage,
    WalkPage,
)
from dcgan_course.latent.pretrained import load_generator
from dcgan_course.latent.space import LatentSpace, truncated

RAW_SHOWN = 6  # sliders for single numbers of the code at a time


class LatentExplorer:
    """A panel of sliders for a generator. Display it as the last line of a cell.

    Args:
        generator: a Keras model: codes (batch, latent_dim) → images; or what `load_generator`
            takes: the name of one that ships with the course, a path, a run's folder.
        training_images: float (count, height, width, channels) in [−1, 1], in which the
            panel searches for the nearest; None leaves the search out.
        directions: number of direction sliders.
        width: of the picture on the screen, in pixels.
        folder: where exports go; None means `explorer` in the `runs` folder.
        seed: of the codes that *new code* draws.

    Attributes:
        space: the `LatentSpace`.
        widget: the ipywidgets box.
        pages: the tabs other than those with sliders, by title; see `pages`.

    Raises:
        LatentError: a file that is missing or holds no generator.
        ValueError: a wrong number.
    """

    def __init__(
        self,
        generator,
        *,
        training_images=None,
        directions=8,
        width=280,
        folder=None,
        seed=0,
    ):
        import ipywidgets

        width = whole_number("width", width, minimum=1, maximum=10_000)
        seed = whole_number("seed", seed, minimum=0)
        if isinstance(generator, (str, Path)):
            generator = load_generator(generator)
        self.space = LatentSpace(generator, count=directions)
        self.training_images = training_images
        self.folder = runs_folder() / "explorer" if folder is None else Path(folder)
        self._rng = np.random.default_rng(seed)
        self._scale = max(1, width // generator.output_shape[2])
        self._size = f"{self._scale * generator.output_shape[2]}px"
        self._undo, self._last_change = [], (None, 0.0)
        self._drawing = self._quiet = False
        self.drawn = 0  # images drawn so far: fewer than events, if those pile up
        self._w = ipywidgets
        self.widget = self._build()
        self._base = self._fresh()
        self._shown = self._state()  # what the panel shows: the state to which an undo returns
        self._show_code()

    # --- the code ---------------------------------------------------------------------

    @property
    def code(self):
        """The code whose image is shown, float32 (latent_dim,); can be set."""
        steps = [slider.value for slider in self._direction_sliders]
        return truncated(self.space.moved(self._base, steps), self._strength.value)

    @code.setter
    def code(self, z):
        self._remember("code")
        self._set_code(self.space.checked(z)[0])

    def move_to(self, z, control):
        """Set a code that `control` has moved; one drag of a control is one change."""
        self._remember(control)
        self._restore(z)
        self._draw_soon()

    def draw_seed(self):
        """Draw a random seed, which is determined by the explorer's own."""
        return int(self._rng.integers(2**31))

    def _fresh(self):
        return self._rng.normal(size=self.space.latent_dim).astype("float32")

    def _set_code(self, z):
        """Set a code: the sliders go back to their middle, truncation to 1."""
        self._restore(z)
        self._show_code()

    def _show_code(self):
        """Set the sliders for single numbers to the code, and draw."""
        self._quiet = True
        first = self._first.value
        for offset, slider in enumerate(self._raw_sliders):
            index = first + offset
            slider.layout.display = "" if index < self.space.latent_dim else "none"
            if index < self.space.latent_dim:
                slider.description = f"z[{index}]"
                slider.value = float(np.clip(self._base[index], slider.min, slider.max))
        self._quiet = False
        self.draw()

    # --- drawing: only the newest state, never a queue ---------------------------------

    def draw(self):
        """Draw the current code now."""
        self._drawing = False
        try:
            pixels = self.space.pixels(self.code)[0]
        except ValueError as problem:  # a LatentError, or pixels that are no image
            self.say(str(problem))
            return
        pixels = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
        self._image.value = png(pixels.repeat(self._scale, 0).repeat(self._scale, 1))
        self.drawn += 1

    def _draw_soon(self):
        """Draw after all waiting events are handled, so that only the last of them is drawn."""
        if self._drawing:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # not in a notebook
            self.draw()
            return
        self._drawing = True
        loop.call_later(0.002, self.draw)

    def say(self, text):
        """Show a line of text below the image."""
        self._message.value = text

    # --- undo --------------------------------------------------------------------------

    def _state(self):
        return (
            self._base.copy(),
            [slider.value for slider in self._direction_sliders],
            self._strength.value,
        )

    def _restore(self, base, steps=None, strength=1.0):
        """Set a state without drawing it; without `steps` the sliders go to their middle."""
        self._base = np.array(base, "float32")
        self._quiet = True
        for slider, value in zip(
            self._direction_sliders, steps or [0.0] * len(self._direction_sliders), strict=True
        ):
            slider.value = value
        self._strength.value = strength
        self._quiet = False
        self._shown = self._state()

    def _remember(self, control):
        """Keep the state before a change; one drag of a slider is one change."""
        last, when = self._last_change
        now = time.monotonic()
        if control != last or now - when > 1.0:
            self._undo.append(self._shown)
            del self._undo[:-100]
        self._last_change = (control, now)

    def undo(self, *_):
        """Go back to before the last change."""
        if not self._undo:
            self.say("Nothing to undo.")
            return
        self._last_change = (None, 0.0)
        self._restore(*self._undo.pop())
        self._show_code()

    # --- building ----------------------------------------------------------------------

    def _slider(self, label, tip, least, most, value, changed=None):
        slider = self._w.FloatSlider(
            min=least,
            max=most,
            value=value,
            step=0.05,
            description=label,
            description_tooltip=tip,
            readout_format=".2f",
            continuous_update=True,
            style={"description_width": "90px"},
        )

        def on_change(change):
            if not self._quiet:
                self._remember(label)
                if changed is not None:
                    changed(change["new"])
                self._shown = self._state()
                self._draw_soon()

        slider.observe(on_change, names="value")
        return slider

    def button(self, label, tip, action):
        """Make a button that calls `action`, and shows the message if it raises a ValueError."""
        button = self._w.Button(description=label, tooltip=tip)

        def pressed(_):
            try:
                self.say("")
                action()
            except ValueError as problem:
                self.say(str(problem))

        button.on_click(pressed)
        return button

    def _build(self):
        w = self._w
        # At its own size: otherwise the box stretches the image to the whole cell and blurs it.
        self._image = w.Image(
            format="png", layout={"width": self._size, "align_self": "flex-start"}
        )
        self._image.add_class("dcgan-course-explorer")
        self._message = w.Label(value="")
        self._direction_sliders = [
            self._slider(
                f"direction {i + 1}",
                f"moves G's features along principal component {i + 1}, in standard deviations; "
                f"it holds {share:.0%} of their variance",
                *(-4, 4, 0.0),
            )
            for i, share in enumerate(self.space.shares)
        ]
        self._strength = self._slider(
            "truncation ψ",
            "moves the code toward the origin: more realistic, less varied images",
            *(0, 1, 1.0),
        )
        self._first = w.BoundedIntText(
            min=0,
            max=max(0, self.space.latent_dim - 1),
            step=RAW_SHOWN,
            description="from z[…]",
            description_tooltip="which numbers of the code the sliders below show",
        )
        self._first.observe(lambda change: self._show_code(), names="value")
        self._raw_sliders = [
            self._slider("z", "one number of the code", *(-4, 4, 0.0), self._raw_change(offset))
            for offset in range(min(RAW_SHOWN, self.space.latent_dim))
        ]
        left = w.VBox(
            [
                self._image,
                w.HBox(
                    [
                        self.button("New code", "draw another code from N(0, I)", self.new_code),
                        self.button("Undo", "back to before the last change", self.undo),
                    ]
                ),
                self._strength,
                self._message,
            ]
        )
        walk = WalkPage(self)
        made = [NeighboursPage(self), walk, ArithmeticPage(self), ExportPage(self, walk)]
        if self.training_images is not None:
            made.append(NearestPage(self))
        self.pages = {page.title: page for page in made}
        boxes = {
            "Directions": w.VBox(self._direction_sliders),
            "Numbers": w.VBox([self._first, *self._raw_sliders]),
            **{title: page.box for title, page in self.pages.items()},
        }
        tabs = w.Tab(children=list(boxes.values()), layout={"width": "600px"})
        for index, title in enumerate(boxes):
            tabs.set_title(index, title)  # ipywidgets 7 has no `titles`
        self.tabs = tabs
        return w.HBox([left, tabs], layout={"flex_flow": "row wrap"})

    def _raw_change(self, offset):
        def changed(value):
            # This sets the base code, to which directions and truncation are applied afterwards.
            self._base[self._first.value + offset] = value

        return changed

    def new_code(self):
        """Draw another code from N(0, I)."""
        self.code = self._fresh()

    # --- display -----------------------------------------------------------------------------

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = {
            **widget_view(self.widget),
            "text/plain": "A panel of sliders. Run the notebook to use it.",
        }
        # Without a kernel, the image shows what the sliders do. In Colab a kernel always runs, and
        # Colab would show the image instead of the widget.
        if "google.colab" not in sys.modules:
            picture = labeled_directions(self.space, self.code)
            bundle["image/png"] = base64.b64encode(picture).decode()
        return bundle


def labeled_directions(space, code, *, rows=4, reach=3.0, columns=7):
    """Draw a `direction_sheet` with the names of its rows and the positions of its columns.

    Args:
        space: a `LatentSpace`.
        code: (latent_dim,), in the middle column.
        rows: number of directions, one in each row.
        reach: how far the outer columns are moved, in standard deviations.
        columns: images in a row.

    Returns:
        A PNG file, as bytes.

    Raises:
        LatentError, ValueError: see `direction_sheet`.
    """
    from matplotlib.figure import Figure  # without pyplot: nothing else is to be shown

    sheet = direction_sheet(space, code, rows=rows, reach=reach, columns=columns)
    rows = min(rows, len(space.directions))
    figure = Figure(figsize=(0.75 * columns + 1.1, 0.75 * rows + 0.8), layout="constrained")
    axes = figure.subplots()
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="bicubic")
    down, across = sheet.shape[0] / rows, sheet.shape[1] / columns
    names = [f"direction {row + 1}" for row in range(rows)]
    steps = [f"{step:.3g}".replace("-", "−") for step in np.linspace(-reach, reach, columns)]
    axes.set_yticks((np.arange(rows) + 0.5) * down, names)
    axes.set_xticks((np.arange(columns) + 0.5) * across, steps)
    axes.set_xlabel("moved by so many standard deviations")
    axes.tick_params(length=0)
    axes.set_frame_on(False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=100)
    return picture.getvalue()


def direction_sheet(space, code, *, rows=4, reach=3.0, columns=7, **grid_options):
    """Draw what the first directions do to one code, as one image.

    Args:
        space: a `LatentSpace`.
        code: (latent_dim,), in the middle column.
        rows: number of directions, one in each row.
        reach: how far the outer columns are moved, in standard deviations.
        columns: images in a row.
        grid_options: see `images.image_grid`.

    Returns:
        uint8 (H, W) or (H, W, 3).

    Raises:
        LatentError, ValueError: no code of G's, or a wrong number.
    """
    rows = whole_number("rows", rows, minimum=1)
    reach = number("reach", reach)
    columns = whole_number("columns", columns, minimum=1, maximum=1000)
    steps = np.eye(min(rows, len(space.directions)), len(space.directions))
    moved = [
        space.moved(code, step * each)
        for step in steps
        for each in np.linspace(-reach, reach, columns)
    ]
    return image_grid(space.images(np.stack(moved)), columns, **grid_options)
