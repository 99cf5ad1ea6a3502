"""The latent explorer: a panel of sliders on which a trained generator draws at once.

The panel has one position in the latent space. Sliders move it along the generator's own
directions (see `space.LatentSpace`) or number by number, and truncation ψ draws it toward the
origin. For a generator that draws by class, buttons choose the class, which none of these sliders
moves. Every change draws a new image, without matplotlib: one call of the network, and a PNG.
What else depends on the position, such as thumbnails, is drawn once the reader pauses.
"""

import base64
import sys
from pathlib import Path

import numpy as np

from dcgan_course.checks import number, whole_number
from dcgan_course.data.load import ImageSet
from dcgan_course.display.animations import widget_view
from dcgan_course.display.images import image_grid, png, to_uint8
from dcgan_course.files import find_run, runs_folder
from dcgan_course.latent.classes import ClassControls, ClassesPage
from dcgan_course.latent.controls import Controls, behavior, classed, enlarged, labeled, text
from dcgan_course.latent.errors import LatentError
from dcgan_course.latent.opinion import Opinion
from dcgan_course.latent.pacing import History, Later
from dcgan_course.latent.pages import (
    ArithmeticPage,
    DownloadPage,
    NeighborsPage,
    WalkPage,
    nearest_pages,
)
from dcgan_course.latent.pretrained import load_generator, load_light, shipped_generators
from dcgan_course.latent.sliders import DirectionsPage, NumbersPage
from dcgan_course.latent.space import LatentSpace, truncated

STRENGTH = 0.7  # of truncation at first: clearer images, and still varied ones
TRIED = 24  # codes, of which one with a clear image comes first
# Which of seed 0's codes that is for the generators that ship, chosen by eye.
FIRST = {
    **{"mnist": 3, "fashion_mnist": 2, "cifar10_frogs": 15},
    **{"mnist_by_class": 5, "fashion_mnist_by_class": 3},
}
IDLE = 0.15  # seconds without a change, after which thumbnails are drawn


class LatentExplorer:
    """A panel of sliders for a generator. Display it as the last line of a cell.

    Args:
        generator: a Keras model: codes (batch, latent_dim) → images; a `DCGAN`, whose
            discriminator then gives its opinion; or what `load_generator` takes: the name of one
            that ships with the course, a path, a run's folder.
        classes: for a generator that draws by class, the names of the classes or their number. None
            takes what it says itself: as a `ConditionalDCGAN`, from the folder of its run, or as
            one that ships. A file that Keras alone has saved does not say.
        training_images: an `ImageSet`, or float (count, height, width, channels) in [−1, 1], in
            which the panel searches for the nearest; None leaves the search out.
        discriminator: a Keras model: images → logits (batch, 1); None for no opinion.
        directions: number of direction sliders.
        width: of the picture on a wide screen, in pixels.
        seed: of the codes that the panel draws.
        keep_names: False forgets the reader's names for directions when the panel is closed.

    Attributes:
        space: the `LatentSpace`.
        widget: the ipywidgets box.
        pages: the tabs by title; see `pages`.
        base: float32 (latent_dim,), the position without the moves along directions.
        label: float32 (classes,), the weight of each class; none where there are no classes.
        chosen: the label that the reader chose last; a walk only passes through others.

    Raises:
        LatentError: a file that is missing or holds no generator; another number of classes.
        ValueError: a wrong number.
    """

    def __init__(
        self,
        generator,
        *,
        classes=None,
        training_images=None,
        discriminator=None,
        directions=8,
        width=340,
        seed=0,
        keep_names=True,
    ):
        import ipywidgets

        self._w = ipywidgets
        width = whole_number("width", width, minimum=1, maximum=10_000)
        seed = whole_number("seed", seed, minimum=0)
        first = FIRST.get(generator) if isinstance(generator, str) else None
        generator, discriminator, self._missing, folder = _opened(generator, discriminator)
        classes = _named(generator, classes, training_images)
        self.space = LatentSpace(generator, classes=classes, count=directions)
        self.opinion = None if discriminator is None else self._opinion(discriminator)
        self.folder = folder if keep_names else None
        self._rng = np.random.default_rng(seed)
        self._history = History()
        self._draw_soon = Later(self.draw, 0.002)  # after all waiting events
        self._settle_soon = Later(self.settle, IDLE, pause=True)
        self.make = Controls(self._changed, self.say)
        self.drawn, self.smooth = 0, True  # images drawn: fewer than events, if those pile up
        self.directions = None  # until the sliders are there, the base is the position
        self.classes = ClassControls(self) if self.space.class_names else None
        self.label = self.chosen = self.space.labels(0 if self.classes else None)[0].copy()
        self.strength = self.make.slider(
            "truncation ψ",
            "moves the code toward the origin: more realistic, less varied images",
            *(0, 1, STRENGTH),
        )
        self.base = self.clear_position(first if seed == 0 else None)
        self.origin = self.base.copy()  # to which single numbers are reset
        self.widget = self._build(width, training_images)
        self._shown = self._state()  # what the panel shows: the state to which an undo returns
        self.draw()
        self.settle()

    # --- where the panel is ------------------------------------------------------------

    @property
    def position(self):
        """The code before truncation, float32 (latent_dim,)."""
        steps = self.directions.steps() if self.directions else []
        return self.space.moved(self.base, steps)

    @property
    def code(self):
        """The code whose image is shown, as G takes it, with its label: float32; can be set.

        A code without a label, which is set, keeps the present one.
        """
        return np.concatenate([truncated(self.position, self.strength.value), self.label])

    @code.setter
    def code(self, z):
        whole = self.space.latent_dim + len(self.label)
        given = np.shape(z)[-1:] == (whole,)
        z = self.space.inputs(z, None if given else self.label)[0]
        self._history.remember(self._shown, "code")
        code, label = np.split(z, [self.space.latent_dim])
        self._restore(code, strength=1.0, label=label)
        self.draw()

    def go_to(self, position, control, label=None):
        """Move to a position, and to a label if one is given; one drag is one change.

        Args:
            position: float (latent_dim,), before truncation.
            control: a name for what the reader has moved.
            label: float (classes,), or None.
        """
        self._history.remember(self._shown, control)
        self._restore(position, label=label)
        self._draw_soon.ask()

    def choose(self, label, control):
        """Draw another class or a mixture of classes, with the same code."""
        if np.array_equal(label, self.label):  # nothing that one could undo
            self.chosen = self.label
            return
        self._history.remember(self._shown, control)
        self._restore(self.base, self.directions.steps(), origin=self.origin, label=label)
        self.chosen = self.label
        self._draw_soon.ask()

    def images_at(self, positions, labels=None):
        """Images at positions, under the present truncation: float32, as `LatentSpace.images`.

        Args:
            positions: float (count, latent_dim), or a single one.
            labels: float (count, classes); the present one if None.
        """
        codes = truncated(positions, self.strength.value)
        return self.space.images(codes, self.label if labels is None else labels)

    def pixels(self):
        """The picture as G draws it: uint8 (height, width, channels)."""
        return to_uint8(self.images_at(self.position))[0]

    def labeled_sheet(self, rows=4):
        """What the first directions do to the present code, with their names: uint8."""
        rows, reach = min(rows, len(self.space.directions)), 3 * self.strength.value
        code, label = np.split(self.code, [self.space.latent_dim])
        sheet = direction_sheet(self.space, code, label=label, rows=rows, reach=reach)
        names = [self.directions.name_of(index) for index in range(rows)]
        scale = 3 if sheet.shape[1] < 300 else 2  # images of 64 × 64 would fill a screen
        return labeled(
            enlarged(sheet, scale, self.smooth), names, ["-3", "-2", "-1", "0", "+1", "+2", "+3"]
        )

    def clear_position(self, known=None):
        """Draw codes, and return one with a clear image: the `known`, or D's favorite."""
        tried = self._rng.normal(size=(TRIED, self.space.latent_dim)).astype("float32")
        images = self.images_at(tried)
        if known is None and self.opinion:
            labels = np.broadcast_to(self.label, (TRIED, len(self.label)))
            known = int(np.argmax(self.opinion.logits(images, labels)))
        elif known is None:  # the highest contrasts are blots
            known = int(np.argsort(images.std(axis=(1, 2, 3)))[3 * TRIED // 4])
        return tried[known]

    # --- drawing: only the newest state, never a queue ---------------------------------

    def draw(self):
        """Draw the picture now, and what depends on it once the reader pauses."""
        try:
            images = self.images_at(self.position)
            pixels = to_uint8(images)[0]
        except ValueError as problem:  # a LatentError, or pixels that are no image
            self.say(str(problem))
            return
        self._image.value = png(enlarged(pixels, 4 if self.smooth else 1, self.smooth))
        if self.opinion:
            self.opinion.show(images, self.label[None])
        self.drawn += 1
        self._settle_soon.ask()

    def settle(self):
        """Redraw the open tab, and say in words what the picture shows."""
        moved = [
            f"{self.directions.name_of(index)} {step:+.2f}"
            for index, step in enumerate(self.directions.steps())
            if step
        ]
        drawn = [self.classes.words()] if self.classes else []
        words = ", ".join([*drawn, f"truncation {self.strength.value:.2f}", *moved])
        self._alt.value = f"<span>Image that the generator draws: {words}.</span>"
        try:
            list(self.pages.values())[self.tabs.selected_index or 0].refresh()
        except ValueError as problem:
            self.say(str(problem))

    def say(self, words):
        """Show a line of text below the image."""
        self._message.value = text(words).value

    # --- undo --------------------------------------------------------------------------

    def _state(self):
        steps = self.directions.steps()
        return self.base.copy(), steps, self.strength.value, self.origin, self.label

    def _restore(self, base, steps=None, strength=None, origin=None, label=None):
        """Set a state without drawing it; without `steps` the sliders go to their middle."""
        self.base = np.array(base, "float32")
        self.origin = self.base.copy() if origin is None else origin
        self.label = self.label if label is None else np.array(label, "float32")
        sliders = self.directions.sliders
        with self.make.quietly():
            for slider, value in zip(sliders, steps or [0.0] * len(sliders), strict=True):
                slider.value = value
            self.strength.value = self.strength.value if strength is None else strength
            if self.classes:
                self.classes.show(self.label)
        self._shown = self._state()

    def undo(self):
        """Go back to before the last change."""
        state = self._history.back()
        if state is None:
            raise LatentError("Nothing to undo.")
        self._restore(*state)
        self.chosen = self.label
        self._draw_soon.ask()

    def _changed(self, control):
        """Follow a slider that the reader has moved."""
        self._history.remember(self._shown, control)
        self._shown = self._state()
        self._draw_soon.ask()

    def reset(self):
        """Set all sliders back, and keep the code."""
        self._history.remember(self._shown, "reset")
        self._restore(self.origin, strength=STRENGTH)
        self._draw_soon.ask()

    def new_code(self):
        """Draw another code from N(0, I)."""
        fresh = self._rng.normal(size=self.space.latent_dim)
        self.go_to(fresh, f"new {self.drawn}")

    # --- building ----------------------------------------------------------------------

    def _build(self, width, training_images):
        w = self._w
        self._image = classed(w.Image(format="png"), "dx-picture", "dcgan-course-explorer")
        self._alt = classed(w.HTML(), "dx-alt")
        self._message = text("", "dx-message")
        pixels = w.ToggleButton(description="Pixels", tooltip="show each pixel as a square")
        pixels.observe(lambda change: self._show_pixels(change["new"]), names="value")
        buttons = [
            self.make.button("New code", "draw another code from N(0, I)", self.new_code),
            self.make.button("Undo", "back to before the last change", self.undo),
            self.make.button("Reset all", "all sliders back, same code", self.reset),
            pixels,
        ]
        psi = [self.strength, self.make.reset_button(self.strength, lambda: STRENGTH)]
        opinion = [self.opinion.widget] if self.opinion else []
        stage = w.VBox([self._image, *opinion], layout={"max_width": f"{width}px"})
        left = [
            *(
                classed(stage, "dx-stage"),
                classed(w.HBox(buttons), "dx-buttons"),
                *([self.classes.box] if self.classes else []),
                classed(w.HBox(psi), "dx-row"),
            ),
            *(self._message, self._alt),
        ]
        self.directions = DirectionsPage(self)
        walk = WalkPage(self)
        made = [self.directions, *([ClassesPage(self)] if self.classes else [])]
        made += [NumbersPage(self), NeighborsPage(self), walk]
        made += [ArithmeticPage(self), *nearest_pages(self, training_images, self._missing)]
        self.pages = {page.title: page for page in [*made, DownloadPage(self, walk)]}
        self.tabs = classed(w.Tab(children=[page.box for page in self.pages.values()]), "dx-tabs")
        for index, title in enumerate(self.pages):
            self.tabs.set_title(index, title)  # ipywidgets 7 has no `titles`
        self.tabs.observe(lambda change: self.settle(), names="selected_index")
        main = classed(w.HBox([classed(w.VBox(left), "dx-left"), self.tabs]), "dx-main")
        self._root = classed(w.VBox([behavior(), main]), "dcgan-explorer")
        return self._root

    def _opinion(self, discriminator):
        """D's opinion; a D with planes for the classes is shown the label too."""
        shape = getattr(discriminator, "input_shape", None)
        planes = shape and shape[-1] != self.space.generator.output_shape[-1]
        return Opinion(discriminator, len(self.space.class_names) if planes else 0)

    def _show_pixels(self, pixels):
        self.smooth = not pixels
        (self._root.add_class if pixels else self._root.remove_class)("dx-pixels")
        self.draw()

    # --- display -----------------------------------------------------------------------

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = {
            **widget_view(self.widget),
            "text/plain": "A panel of sliders. Run the notebook to use it.",
        }
        # Without a kernel, the image shows what the sliders do. In Colab a kernel always runs, and
        # Colab would show the image instead of the widget.
        if "google.colab" not in sys.modules:
            bundle["image/png"] = base64.b64encode(png(self.labeled_sheet(), 9)).decode()
        return bundle


def _opened(generator, discriminator):
    """Open what the explorer was given.

    Returns:
        The generator; the discriminator or None; for one that ships, why stand-ins are not
        searched, else ""; and the folder in which names of directions are kept.
    """
    folder, missing = runs_folder() / "explorer", ""
    if hasattr(generator, "sampler"):  # a whole GAN
        generator, discriminator = generator.sampler, discriminator or generator.discriminator
    if isinstance(generator, (str, Path)):
        if str(generator) in shipped_generators():
            missing = (
                "This generator has learned real images, which are not on this machine. Drawn "
                "stand-ins would say nothing about it, so nothing is searched. Connect to the "
                "internet, or set DCGAN_COURSE_DATA, and run again."
            )
            generator = load_light(str(generator))
        else:
            path = find_run(generator)
            folder = path if path.is_dir() else path.parent
            generator = load_generator(generator)
    return generator, discriminator, missing, folder


def _named(generator, classes, images):
    """The classes: as given, as the generator says, or named as those of its training images."""
    own = getattr(generator, "class_names", ())
    if classes is None and isinstance(images, ImageSet) and len(images.class_names) == len(own):
        numbers = tuple(map(str, range(len(own))))
        return images.class_names if own == numbers else own
    return own if classes is None else classes


def direction_sheet(space, code, *, label=None, rows=4, reach=3.0, columns=7, **grid_options):
    """Draw what the first directions do to one code, as one image.

    Args:
        space: a `LatentSpace`.
        code: (latent_dim,), in the middle column.
        label: of all images, where the generator draws by class; see `LatentSpace.labels`.
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
    return image_grid(space.images(np.stack(moved), label), columns, **grid_options)
