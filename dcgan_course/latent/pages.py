"""The explorer's tabs: neighbors, walks, arithmetic, nearest training images, export.

Each page is a box of widgets that changes the code of its `LatentExplorer`, from which it gets
its buttons.
"""

import numpy as np

from dcgan_course.display.images import image_grid, png, save_gif
from dcgan_course.files import write_beside
from dcgan_course.latent.space import LatentError, linear, spherical, without_and_with

NEIGHBOURS = 6
WALK_FRAMES = 25
BLANK = np.full((1, 1), 230, "uint8")  # light gray, stretched to the size of the image widget


def _blank_image(w, width):
    """Gray until there is an image: an image widget without one looks like a broken link."""
    return w.Image(value=png(BLANK), format="png", layout={"width": width})


class NeighboursPage:
    """Codes near the current one, each with a button that moves there."""

    title = "Nearby"

    def __init__(self, panel):
        import ipywidgets as w  # here, because only the widgets need it

        self.panel = panel
        self.distance = w.FloatSlider(
            min=0.1, max=1.5, value=0.5, step=0.1, description="distance", continuous_update=False
        )
        self.images = [_blank_image(w, "84px") for _ in range(NEIGHBOURS)]
        buttons = [
            panel.button("go there", f"use neighbor {i + 1} as the code", self._go_to(i))
            for i in range(NEIGHBOURS)
        ]
        for button in buttons:
            button.layout.width = "84px"
        shown = [w.VBox([image, b]) for image, b in zip(self.images, buttons, strict=True)]
        find = panel.button("Look around", "six codes near this one", self.look_around)
        self._codes = None
        rows = [w.HBox(shown[:3]), w.HBox(shown[3:])]
        self.box = w.VBox([w.HBox([find, self.distance]), *rows])

    def look_around(self):
        """Show images of codes near the current one."""
        panel = self.panel
        self._codes = panel.space.neighbours(
            panel.code, NEIGHBOURS, self.distance.value, panel.draw_seed()
        )
        for image, pixels in zip(self.images, panel.space.images(self._codes), strict=True):
            image.value = png(image_grid(pixels[None], scale=3))

    def _go_to(self, index):
        def go():
            if self._codes is None:
                raise LatentError("Press “Look around” first.")
            self.panel.code = self._codes[index]

        return go


class WalkPage:
    """A walk from one saved code, A, to another, B."""

    title = "Walk"

    def __init__(self, panel):
        import ipywidgets as w

        self.panel = panel
        self.kept = {"A": None, "B": None}
        self.path = w.ToggleButtons(
            options=["spherical", "linear"],
            tooltips=["along the arc, on which codes lie", "straight, through shorter codes"],
        )
        self.path.observe(lambda change: self._walk_to(self.place.value), names="value")
        self._play = w.Play(min=0, max=WALK_FRAMES - 1, interval=80, description="Play")
        self.place = w.IntSlider(min=0, max=WALK_FRAMES - 1, description="A → B")
        w.jslink((self._play, "value"), (self.place, "value"))
        self.place.observe(lambda change: self._walk_to(change["new"]), names="value")
        keep = [
            panel.button(f"Keep as {name}", f"this code is where the walk {word}", self._keep(name))
            for name, word in (("A", "starts"), ("B", "ends"))
        ]
        self.images = {name: _blank_image(w, "84px") for name in self.kept}
        pair = [w.VBox(part) for part in zip(keep, self.images.values(), strict=True)]
        self.box = w.VBox([w.HBox(pair), self.path, w.HBox([self._play, self.place])])

    def _keep(self, name):
        def keep():
            self.kept[name] = self.panel.code
            image = self.panel.space.images(self.kept[name])
            self.images[name].value = png(image_grid(image, scale=3))

        return keep

    def codes(self):
        """The codes from A to B: (count, latent_dim).

        Raises:
            LatentError: A or B has not been kept yet.
        """
        if any(code is None for code in self.kept.values()):
            raise LatentError("Keep two codes first, as A and as B.")
        interpolate = spherical if self.path.value == "spherical" else linear
        return interpolate(self.kept["A"], self.kept["B"], WALK_FRAMES)

    def _walk_to(self, place):
        try:
            code = self.codes()[place]
        except LatentError as problem:
            self.panel.say(str(problem))
            return
        self.panel.move_to(code, "walk")


class ArithmeticPage:
    """Two collections of codes: the mean of one is subtracted from the code, the other's added."""

    title = "Arithmetic"

    def __init__(self, panel):
        import ipywidgets as w

        self.panel = panel
        self.sums = {"+": [], "−": []}
        self.label = w.Label()
        self.images = {sign: _blank_image(w, "168px") for sign in self.sums}
        buttons = [
            panel.button("Add to −", "its mean will be subtracted", self._collect("−")),
            panel.button("Add to +", "its mean will be added", self._collect("+")),
            panel.button("Apply", "this code − mean(−) + mean(+)", self.apply),
            panel.button("Clear", "empty both collections", self._clear),
        ]
        self._show()
        hint = w.Label("Collect codes with a property in + and codes without it in −, then apply.")
        sides = [
            w.VBox([button, self.images[sign]])
            for button, sign in zip(buttons, ("−", "+"), strict=False)
        ]
        self.box = w.VBox([hint, w.HBox(sides), self.label, w.HBox(buttons[2:])])

    def _collect(self, sign):
        def collect():
            self.sums[sign].append(self.panel.code)
            self._show()

        return collect

    def _clear(self):
        self.sums = {"+": [], "−": []}
        self._show()

    def _show(self):
        self.label.value = f"−: {len(self.sums['−'])} codes, +: {len(self.sums['+'])} codes"
        for sign, codes in self.sums.items():
            images = self.panel.space.images(np.stack(codes)) if codes else None
            drawn = image_grid(images, 4, scale=2) if codes else BLANK
            self.images[sign].value = png(drawn)

    def apply(self):
        """Subtract the mean of one collection from the code and add that of the other."""
        if not (self.sums["+"] and self.sums["−"]):
            raise LatentError("Collect at least one code for each side first.")
        self.panel.code = without_and_with(self.panel.code, self.sums["−"], self.sums["+"])


class NearestPage:
    """The training images that are nearest to the current image."""

    title = "Nearest"

    def __init__(self, panel):
        import ipywidgets as w

        self.panel = panel
        self.image = _blank_image(w, "260px")
        find = panel.button("Find", "training images that are nearest, by pixels", self.find)
        self.box = w.VBox([find, self.image])

    def find(self, count=6):
        """Show the training images nearest to the current image."""
        images = self.panel.training_images
        image = self.panel.space.images(self.panel.code)[0]
        differences = np.mean((images - image) ** 2, axis=(1, 2, 3))
        chosen = np.argsort(differences)[:count]
        self.image.value = png(image_grid(images[chosen], columns=3, scale=3))
        self.panel.say(
            f"Nearest: root mean square difference {np.sqrt(differences[chosen[0]]):.2f} of 2."
        )


class ExportPage:
    """The image, the code and the walk as files."""

    title = "Export"

    def __init__(self, panel, walk):
        import ipywidgets as w

        self.panel, self.walk = panel, walk
        buttons = [
            panel.button("Picture", "the image as PNG", self.save_picture),
            panel.button("Code", "the code as a NumPy file", self.save_code),
            panel.button("GIF of the walk", "from A to B and back", self.save_walk),
        ]
        self.box = w.VBox([*buttons, w.Label(f"Files go to {panel.folder}.")])

    def _next_file(self, stem, suffix):
        number = 1
        while (path := self.panel.folder / f"{stem}-{number:03d}{suffix}").exists():
            number += 1
        return path

    def save_picture(self):
        """Write the image at four times its size; returns the path."""
        path = self._next_file("picture", ".png")
        with write_beside(path) as beside:
            image = self.panel.space.images(self.panel.code)
            beside.write_bytes(png(image_grid(image, scale=4)))
        self.panel.say(f"Written: {path}")
        return path

    def save_code(self):
        """Write the code, for `numpy.load`; returns the path."""
        path = self._next_file("code", ".npy")
        with write_beside(path) as beside:
            np.save(beside, self.panel.code)
        self.panel.say(f"Written: {path}")
        return path

    def save_walk(self):
        """Write the walk from A to B and back as a GIF; returns the path."""
        images = self.panel.space.images(self.walk.codes())
        frames = [image_grid(image[None], scale=4) for image in images]
        path = save_gif(
            self._next_file("walk", ".gif"),
            [*frames, *frames[-2:0:-1]],
            seconds_per_frame=0.08,
            hold_last=0.08,
        )
        self.panel.say(f"Written: {path}")
        return path
