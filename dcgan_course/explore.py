"""Latent sliders: a panel in which a trained generator answers at once.

The panel holds one code. Sliders move it along the generator's own directions (see
`latent.LatentSpace`) or number by number; every change draws the image anew. No matplotlib is
in that loop: an image is one call of the network, a few repeated pixels, and a PNG.
"""

import asyncio
import base64
import sys
import time
from pathlib import Path

import numpy as np

from dcgan_course.animations import widget_view
from dcgan_course.files import write_beside
from dcgan_course.generators import load_generator, shipped_generators
from dcgan_course.images import image_grid, save_gif
from dcgan_course.latent import (
    LatentError,
    LatentSpace,
    linear,
    spherical,
    truncated,
    without_and_with,
)
from dcgan_course.lesson import runs_folder

RAW_SHOWN = 6  # sliders for single numbers of the code at a time
NEIGHBOURS = 6
WALK_FRAMES = 25
BLANK = np.full((1, 1), 230, "uint8")  # light grey, stretched to the size of its place


def png(pixels):
    """A uint8 picture as PNG bytes."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    # The least compression: a slider waits for it, and no file is kept.
    Image.fromarray(pixels).save(buffer, "png", compress_level=1)
    return buffer.getvalue()


class LatentExplorer:
    """A panel of sliders on a generator. Display it as the last line of a cell.

    Args:
        generator: a Keras model: codes (batch, latent_dim) → images; or what `load_generator`
            takes: the name of one that ships with the course, a path, a run's folder.
        training_images: float (count, height, width, channels) in [−1, 1], among which the
            panel looks for the nearest; None leaves that out.
        directions: how many direction sliders.
        width: of the picture on the screen, in pixels.
        folder: where exports go; `explorer` in the runs' folder if None.
        seed: of the codes that *new code* draws.

    Attributes:
        space: the `LatentSpace`.
        widget: the ipywidgets box.

    Raises:
        LatentError: a file that is missing or holds no generator.
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

        if isinstance(generator, (str, Path)):
            generator = load_generator(generator)
        self.space = LatentSpace(generator, count=directions)
        self.training_images = training_images
        self.folder = runs_folder() / "explorer" if folder is None else Path(folder)
        self._rng = np.random.default_rng(seed)
        self._scale = max(1, width // generator.output_shape[2])
        self._size = f"{self._scale * generator.output_shape[2]}px"
        self._kept = {"A": None, "B": None}
        self._sums = {"+": [], "−": []}
        self._undo, self._last_change = [], (None, 0.0)
        self._drawing = self._quiet = False
        self.drawn = 0  # pictures drawn so far: fewer than events, when those pile up
        self._w = ipywidgets
        self.widget = self._build()
        self._base = self._fresh()
        self._shown = self._state()  # what the panel shows: where an undo leads back to
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

    def _fresh(self):
        return self._rng.normal(size=self.space.latent_dim).astype("float32")

    def _set_code(self, z):
        """Take a code as it is: sliders go back to their middle, truncation to 1."""
        self._restore(z)
        self._show_code()

    def _show_code(self):
        """Let the sliders for single numbers say what the code is, and draw."""
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

    # --- drawing: the newest state, and no queue ---------------------------------------

    def draw(self):
        """Draw the present code now."""
        self._drawing = False
        try:
            pixels = self.space.pixels(self.code)[0]
        except ValueError as problem:  # LatentError, or an image that is none
            self.say(str(problem))
            return
        pixels = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
        self._image.value = png(pixels.repeat(self._scale, 0).repeat(self._scale, 1))
        self.drawn += 1

    def _draw_soon(self):
        """Draw once the events that wait have been heard: of ten, the last one counts."""
        if self._drawing:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no notebook behind us
            self.draw()
            return
        self._drawing = True
        loop.call_later(0.002, self.draw)

    def say(self, text):
        """One line below the picture."""
        self._message.value = text

    # --- undo --------------------------------------------------------------------------

    def _state(self):
        return (
            self._base.copy(),
            [slider.value for slider in self._direction_sliders],
            self._strength.value,
        )

    def _restore(self, base, steps=None, strength=1.0):
        """Take a state without drawing it; without `steps` the sliders go to their middle."""
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

    def _button(self, label, tip, action):
        button = self._w.Button(description=label, tooltip=tip)

        def pressed(_):
            try:
                self.say("")
                action()
            except ValueError as problem:
                self.say(str(problem))

        button.on_click(pressed)
        return button

    def _place_for_picture(self, width):
        """Grey, until there is a picture: an image widget without one shows as a broken link."""
        return self._w.Image(value=png(BLANK), format="png", layout={"width": width})

    def _build(self):
        w = self._w
        # At its own size: a box would stretch it over the whole cell, and blur it.
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
            "draws the code towards the origin: more plausible, and more alike",
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
                        self._button("New code", "draw another code from N(0, I)", self.new_code),
                        self._button("Undo", "back to before the last change", self.undo),
                    ]
                ),
                self._strength,
                self._message,
            ]
        )
        pages = {
            "Directions": w.VBox(self._direction_sliders),
            "Numbers": w.VBox([self._first, *self._raw_sliders]),
            "Nearby": self._neighbours_page(),
            "Walk": self._walk_page(),
            "Arithmetic": self._arithmetic_page(),
            "Export": self._export_page(),
        }
        if self.training_images is not None:
            pages["Nearest"] = self._nearest_page()
        tabs = w.Tab(children=list(pages.values()), layout={"width": "600px"})
        for index, title in enumerate(pages):
            tabs.set_title(index, title)  # ipywidgets 7 knows no `titles`
        self.tabs = tabs
        return w.HBox([left, tabs], layout={"flex_flow": "row wrap"})

    def _raw_change(self, offset):
        def changed(value):
            # The number is the base's own: direction sliders and truncation act on top of it.
            self._base[self._first.value + offset] = value

        return changed

    def new_code(self):
        """Draw another code from N(0, I)."""
        self.code = self._fresh()

    # --- neighbours ----------------------------------------------------------------------

    def _neighbours_page(self):
        w = self._w
        self._distance = w.FloatSlider(
            min=0.1, max=1.5, value=0.5, step=0.1, description="distance", continuous_update=False
        )
        self._strip = [self._place_for_picture("84px") for _ in range(NEIGHBOURS)]
        buttons = [
            self._button("go there", f"take neighbour {i + 1} as the code", self._go_to(i))
            for i in range(NEIGHBOURS)
        ]
        for button in buttons:
            button.layout.width = "84px"
        shown = [w.VBox([image, b]) for image, b in zip(self._strip, buttons, strict=True)]
        find = self._button("Look around", "six codes near this one", self.look_around)
        self._around = None
        rows = [w.HBox(shown[:3]), w.HBox(shown[3:])]
        return w.VBox([w.HBox([find, self._distance]), *rows])

    def look_around(self):
        """Show images of codes near the present one."""
        seed = int(self._rng.integers(2**31))
        self._around = self.space.neighbours(self.code, NEIGHBOURS, self._distance.value, seed)
        for image, pixels in zip(self._strip, self.space.images(self._around), strict=True):
            image.value = png(image_grid(pixels[None], scale=3))

    def _go_to(self, index):
        def go():
            if self._around is None:
                raise LatentError("Press “Look around” first.")
            self.code = self._around[index]

        return go

    # --- walks -----------------------------------------------------------------------------

    def _walk_page(self):
        w = self._w
        self._kind = w.ToggleButtons(
            options=["spherical", "linear"],
            tooltips=["along the arc, on which codes lie", "straight, through shorter codes"],
        )
        self._kind.observe(lambda change: self._walk_to(self._place.value), names="value")
        self._play = w.Play(min=0, max=WALK_FRAMES - 1, interval=80, description="Play")
        self._place = w.IntSlider(min=0, max=WALK_FRAMES - 1, description="A → B")
        w.jslink((self._play, "value"), (self._place, "value"))
        self._place.observe(lambda change: self._walk_to(change["new"]), names="value")
        keep = [
            self._button(f"Keep as {name}", f"this code is where the walk {word}", self._keep(name))
            for name, word in (("A", "starts"), ("B", "ends"))
        ]
        self._kept_images = {name: self._place_for_picture("84px") for name in self._kept}
        pair = [w.VBox(part) for part in zip(keep, self._kept_images.values(), strict=True)]
        return w.VBox([w.HBox(pair), self._kind, w.HBox([self._play, self._place])])

    def _keep(self, name):
        def keep():
            self._kept[name] = self.code
            image = self.space.images(self._kept[name])
            self._kept_images[name].value = png(image_grid(image, scale=3))

        return keep

    def walk(self):
        """The codes from A to B: (count, latent_dim).

        Raises:
            LatentError: A or B has not been kept yet.
        """
        if any(code is None for code in self._kept.values()):
            raise LatentError("Keep two codes first, as A and as B.")
        way = spherical if self._kind.value == "spherical" else linear
        return way(self._kept["A"], self._kept["B"], WALK_FRAMES)

    def _walk_to(self, place):
        try:
            code = self.walk()[place]
        except LatentError as problem:
            self.say(str(problem))
            return
        self._remember("walk")
        self._restore(code)
        self._draw_soon()

    # --- arithmetic ------------------------------------------------------------------------

    def _arithmetic_page(self):
        w = self._w
        self._sums_label = w.Label()
        self._sums_images = {sign: self._place_for_picture("168px") for sign in self._sums}
        buttons = [
            self._button("Add to −", "its mean will be taken away", self._collect("−")),
            self._button("Add to +", "its mean will be added", self._collect("+")),
            self._button("Apply", "this code − mean(−) + mean(+)", self.apply_arithmetic),
            self._button("Clear", "empty both collections", self._clear_sums),
        ]
        self._tell_sums()
        hint = w.Label("Collect some codes that have a thing, and some that lack it, then apply.")
        sides = [
            w.VBox([button, self._sums_images[sign]])
            for button, sign in zip(buttons, ("−", "+"), strict=False)
        ]
        return w.VBox([hint, w.HBox(sides), self._sums_label, w.HBox(buttons[2:])])

    def _collect(self, sign):
        def collect():
            self._sums[sign].append(self.code)
            self._tell_sums()

        return collect

    def _clear_sums(self):
        self._sums = {"+": [], "−": []}
        self._tell_sums()

    def _tell_sums(self):
        self._sums_label.value = f"−: {len(self._sums['−'])} codes, +: {len(self._sums['+'])} codes"
        for sign, codes in self._sums.items():
            drawn = image_grid(self.space.images(np.stack(codes)), 4, scale=2) if codes else BLANK
            self._sums_images[sign].value = png(drawn)

    def apply_arithmetic(self):
        """Take the mean of one collection away and add that of the other."""
        if not (self._sums["+"] and self._sums["−"]):
            raise LatentError("Collect at least one code for each side first.")
        self.code = without_and_with(self.code, self._sums["−"], self._sums["+"])

    # --- nearest training images -------------------------------------------------------------

    def _nearest_page(self):
        self._nearest = self._place_for_picture("260px")
        find = self._button(
            "Find", "training images that are nearest, by pixels", self.find_nearest
        )
        return self._w.VBox([find, self._nearest])

    def find_nearest(self, count=6):
        """Show the training images nearest to the present one."""
        image = self.space.images(self.code)[0]
        differences = np.mean((self.training_images - image) ** 2, axis=(1, 2, 3))
        chosen = np.argsort(differences)[:count]
        self._nearest.value = png(image_grid(self.training_images[chosen], columns=3, scale=3))
        self.say(
            f"Nearest: root mean square difference {np.sqrt(differences[chosen[0]]):.2f} of 2."
        )

    # --- export ------------------------------------------------------------------------------

    def _export_page(self):
        buttons = [
            self._button("Picture", "the image as PNG", self.save_picture),
            self._button("Code", "the code as a NumPy file", self.save_code),
            self._button("GIF of the walk", "from A to B and back", self.save_walk),
        ]
        return self._w.VBox([*buttons, self._w.Label(f"Files go to {self.folder}.")])

    def _next_file(self, stem, suffix):
        number = 1
        while (path := self.folder / f"{stem}-{number:03d}{suffix}").exists():
            number += 1
        return path

    def save_picture(self):
        """Write the image at four times its size; returns the path."""
        path = self._next_file("picture", ".png")
        with write_beside(path) as beside:
            beside.write_bytes(png(image_grid(self.space.images(self.code), scale=4)))
        self.say(f"Written: {path}")
        return path

    def save_code(self):
        """Write the code, for `numpy.load`; returns the path."""
        path = self._next_file("code", ".npy")
        with write_beside(path) as beside:
            np.save(beside, self.code)
        self.say(f"Written: {path}")
        return path

    def save_walk(self):
        """Write the walk from A to B and back as a GIF; returns the path."""
        images = self.space.images(self.walk())
        frames = [image_grid(image[None], scale=4) for image in images]
        path = save_gif(
            self._next_file("walk", ".gif"),
            [*frames, *frames[-2:0:-1]],
            seconds_per_frame=0.08,
            hold_last=0.08,
        )
        self.say(f"Written: {path}")
        return path

    # --- display -----------------------------------------------------------------------------

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = {
            **widget_view(self.widget),
            "text/plain": "A panel of sliders. Run the notebook to use it.",
        }
        # Where no kernel runs, the picture says what the sliders do. Colab has one always, and
        # should have no choice.
        if "google.colab" not in sys.modules:
            sheet = direction_sheet(self.space, self.code, rows=4, scale=2)
            bundle["image/png"] = base64.b64encode(png(sheet)).decode()
        return bundle


def direction_sheet(space, code, *, rows=4, reach=3.0, columns=7, **grid_options):
    """What the first directions do to one code, as one picture.

    Args:
        space: a `LatentSpace`.
        code: (latent_dim,), in the middle column.
        rows: how many directions, one a row.
        reach: how far the outer columns are moved, in standard deviations.
        columns: pictures in a row.
        grid_options: see `images.image_grid`.

    Returns:
        uint8 (H, W) or (H, W, 3).
    """
    steps = np.eye(min(rows, len(space.directions)), len(space.directions))
    moved = [
        space.moved(code, step * each)
        for step in steps
        for each in np.linspace(-reach, reach, columns)
    ]
    return image_grid(space.images(np.stack(moved)), columns, **grid_options)


class GeneratorChoice:
    """A list of generators, and the panel of the one that is chosen in it.

    The list holds those that ship with the course, and those that lessons have left in the
    runs' folder.

    Args:
        first: which of them is chosen at the start.
        training_images: {name: images}, for the panels whose generators learnt those images.
        options: of the panels; see `LatentExplorer`.

    Attributes:
        panel: the present `LatentExplorer`.
        widget: the ipywidgets box.

    Raises:
        LatentError: `first` is not in the list.
    """

    def __init__(self, first="fashion_mnist", *, training_images=None, **options):
        import ipywidgets

        self._training_images, self._options = training_images or {}, options
        self._panels, self.panel = {}, None
        trained_here = sorted(path.parent for path in runs_folder().glob("*/generator.keras"))
        choices = {name: name for name in shipped_generators()}
        choices |= {f"runs/{folder.name}": folder for folder in trained_here}
        if first not in choices:
            raise LatentError(f"There is no generator {first!r} here, but {', '.join(choices)}.")
        self._list = ipywidgets.Dropdown(
            options=list(choices.items()), value=choices[first], description="generator"
        )
        self._message = ipywidgets.Label()
        self._place = ipywidgets.VBox()
        self._list.observe(lambda change: self._show(change["new"]), names="value")
        self.widget = ipywidgets.VBox([self._list, self._message, self._place])
        self._show(choices[first])

    def _show(self, generator):
        self._message.value = "Finding its directions …"
        try:
            if generator not in self._panels:
                images = self._training_images.get(str(generator))
                self._panels[generator] = LatentExplorer(
                    generator, training_images=images, **self._options
                )
        except LatentError as problem:  # the panel before stays, and goes on working
            self._message.value = str(problem)
            return
        self.panel = self._panels[generator]
        self._place.children = (self.panel.widget,)
        self._message.value = ""

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {**self.panel._repr_mimebundle_(), **widget_view(self.widget)}
