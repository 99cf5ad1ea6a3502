"""The explorer's tabs without sliders for G: neighbors, walks, arithmetic, nearest, download.

Each page is a box of widgets that changes the position of its `LatentExplorer`. Its `refresh` is
called when its tab is opened, and after each change of the position while it is open. The tabs
with sliders are in `sliders`.
"""

import io

import numpy as np

from dcgan_course.data.load import ImageSet, are_stand_ins
from dcgan_course.display.images import png, to_uint8
from dcgan_course.latent.controls import (
    Thumbnails,
    classed,
    download_link,
    enlarged,
    gif,
    grid_png,
    image_tag,
    text,
)
from dcgan_course.latent.errors import LatentError
from dcgan_course.latent.sliders import REACH
from dcgan_course.latent.space import linear, spherical, without_and_with

NEIGHBORS = 8
WALK_FRAMES = 25
SEARCHED = 10_000  # training images that are searched for the nearest


class NeighborsPage:
    """Codes near the current one, as pictures that lead there."""

    title = "Nearby"

    def __init__(self, panel):
        import ipywidgets as w

        self.panel, self._codes, self._seed = panel, None, 0
        self.distance = w.FloatSlider(
            min=0.1, max=1.5, value=0.5, step=0.1, description="distance", continuous_update=False
        )
        self.distance.style.description_width = "initial"
        self.distance.observe(lambda change: self.refresh(), names="value")
        labels = [f"go to neighbor {index + 1}" for index in range(NEIGHBORS)]
        self.thumbnails = Thumbnails(
            panel, labels, [self._go_to(index) for index in range(NEIGHBORS)], columns=4
        )
        others = panel.make.button("Others", "other neighbors of this code", self.look_around)
        hint = text(
            "Near codes draw similar images. Click an image to go there, and on from there."
        )
        grid = classed(w.HBox(self.thumbnails.buttons), "dx-grid")
        under = classed(w.HBox([others, self.distance]), "dx-line")
        self.box = w.VBox([hint, grid, under, self.thumbnails.style])

    def look_around(self):
        """Show other codes near the current one."""
        self._seed += 1
        self.refresh()

    def refresh(self):
        """Show images of codes near the current one."""
        panel = self.panel
        self._codes = panel.space.neighbors(
            panel.position, NEIGHBORS, self.distance.value, self._seed
        )
        self.thumbnails.show(panel.images_at(self._codes))

    def _go_to(self, index):
        def go():
            if self._codes is None:
                self.refresh()
            self.panel.go_to(self._codes[index], "neighbor")
            self.panel.settle()

        return go


class WalkPage:
    """A walk from one code, A, to another, B: a loop that plays, and a slider along it."""

    title = "Walk"

    def __init__(self, panel):
        import ipywidgets as w

        self.panel, self._drawn = panel, None
        self.ends = {"A": panel.position, "B": panel.clear_position()}
        self._labels = {}  # of an end that was set; others have the class that was chosen last
        self.path = w.ToggleButtons(
            options=["spherical", "linear"],
            tooltips=["along the arc, on which codes lie", "straight, through shorter codes"],
        )
        self.path.observe(lambda change: self._changed(), names="value")
        self.place = w.IntSlider(
            min=0,
            max=WALK_FRAMES - 1,
            description="A → B",
            style={"description_width": "initial"},
        )
        self.place.observe(lambda change: self._walk_to(change["new"]), names="value")
        self.thumbnails = Thumbnails(
            panel, ["go to A", "go to B"], [self._go_to("A"), self._go_to("B")], columns=2
        )
        keep = [
            panel.make.button(
                f"Set {name}", f"the walk {word} at the present code", self._keep(name)
            )
            for name, word in (("A", "begins"), ("B", "ends"))
        ]
        self.loop = classed(w.HTML(), "dx-loop")
        low, high = [
            classed(w.VBox([thumbnail, button]), "dx-end")
            for thumbnail, button in zip(self.thumbnails.buttons, keep, strict=True)
        ]
        walk = classed(w.HBox([low, self.loop, high]), "dx-walk")
        row = classed(w.HBox([self.place]), "dx-row")
        self.box = w.VBox([walk, row, self.path, self.thumbnails.style])

    def _keep(self, name):
        def keep():
            self.ends[name], self._labels[name] = self.panel.position, self.panel.label
            self._changed()

        return keep

    def _go_to(self, name):
        return lambda: self.panel.go_to(self.ends[name], "walk", self.label_of(name))

    def codes(self):
        """The codes from A to B, before truncation: (count, latent_dim)."""
        interpolate = spherical if self.path.value == "spherical" else linear
        return interpolate(self.ends["A"], self.ends["B"], WALK_FRAMES)

    def label_of(self, name):
        """The label of A or of B: float32 (classes,)."""
        return self._labels.get(name, self.panel.chosen)

    def label_path(self):
        """The labels from A to B, mixed ever more of B's: (count, classes)."""
        way = np.linspace(0, 1, WALK_FRAMES, dtype="float32")[:, None]
        return (1 - way) * self.label_of("A") + way * self.label_of("B")

    def gif(self):
        """The walk to B and back as the bytes of a GIF."""
        return there_and_back(self.panel, self.codes(), self.label_path())

    def _walk_to(self, place):
        self.panel.go_to(self.codes()[place], "walk", self.label_path()[place])

    def _changed(self):
        self._drawn = None
        self.refresh()

    def refresh(self):
        """Draw the loop, if something has changed that it depends on."""
        state = (self.panel.strength.value, self.panel.smooth, self.panel.chosen.tobytes())
        if self._drawn == state:
            return
        self._drawn = state
        labels = np.stack([self.label_of(name) for name in self.ends])
        both = self.panel.images_at(np.stack(list(self.ends.values())), labels)
        self.thumbnails.show(both)
        still, moving = png(enlarged(to_uint8(both)[0], 3)), self.gif()
        tag = image_tag(moving, "animation: from A to B and back", "image/gif")
        # Readers who have asked their system for less motion see A alone.
        calm = image_tag(still, "").partition('src="')[2].rstrip('">')
        self.loop.value = (
            f'<picture><source media="(prefers-reduced-motion: reduce)" srcset="{calm}">{tag}'
            f"</picture>{download_link('Download GIF', 'walk.gif', moving, 'image/gif')}"
        )


class ArithmeticPage:
    """Two collections of codes: the mean of one is subtracted from the code, the other's added."""

    title = "Arithmetic"

    def __init__(self, panel):
        import ipywidgets as w

        self.panel = panel
        self.sums = {"−": [], "+": []}
        self.images = {sign: classed(w.HTML(), "dx-collection") for sign in self.sums}
        hint = text(
            "Collect codes whose images have a property in +, and codes without it in −. "
            "“Apply” gives the property to the present code."
            + (" The class stays as it is." if panel.classes else "")
        )
        collect = {
            "−": panel.make.button("Add to −", "its mean will be subtracted", self._collect("−")),
            "+": panel.make.button("Add to +", "its mean will be added", self._collect("+")),
        }
        sides = [w.VBox([collect[sign], self.images[sign]]) for sign in self.sums]
        apply = panel.make.button("Apply", "this code − mean(−) + mean(+)", self.apply)
        clear = panel.make.button("Clear", "empty both collections", self._clear)
        both = classed(w.HBox(sides), "dx-sides")
        self.box = w.VBox([hint, both, classed(w.HBox([apply, clear]), "dx-line")])
        self.refresh()

    def _collect(self, sign):
        def collect():
            self.sums[sign].append(self.panel.position)
            self.refresh()

        return collect

    def _clear(self):
        self.sums = {"−": [], "+": []}
        self.refresh()

    def refresh(self):
        """Show what has been collected."""
        for sign, codes in self.sums.items():
            count = f"{len(codes)} code{'s' if len(codes) != 1 else ''} in {sign}"
            shown = ""
            if codes:
                images = self.panel.images_at(np.stack(codes))
                shown = image_tag(grid_png(images, 4, self.panel.smooth), f"images of {count}")
            self.images[sign].value = f"{shown}<p>{count}</p>"

    def apply(self):
        """Subtract the mean of one collection from the code and add that of the other."""
        if not (self.sums["+"] and self.sums["−"]):
            raise LatentError("Collect at least one code for each side first.")
        moved = without_and_with(self.panel.position, self.sums["−"], self.sums["+"])
        self.panel.go_to(moved, "arithmetic")


class NearestPage:
    """The training images that are nearest to the current image, where they are at hand.

    Args:
        panel: the `LatentExplorer`.
        images: float (count, height, width, channels) in [−1, 1].
        missing: why there are none, instead of images.
    """

    title = "Nearest"

    def __init__(self, panel, images=None, missing=""):
        import ipywidgets as w

        self.panel, self.images = panel, images
        self.result = classed(w.HTML(), "dx-nearest")
        hint = "Has G copied an image? These training images are nearest to its own, by pixels."
        self.box = w.VBox([text(hint if images is not None else missing), self.result])

    def refresh(self, count=8):
        """Show the training images nearest to the current image."""
        if self.images is None:
            return
        images = self.images[:SEARCHED]
        image = self.panel.images_at(self.panel.position)[0]
        differences = np.mean((images - image) ** 2, axis=(1, 2, 3))
        chosen = np.argsort(differences)[:count]
        shown = image_tag(
            grid_png(images[chosen], 4, self.panel.smooth), f"the {count} nearest training images"
        )
        self.result.value = (
            f"{shown}<p>The nearest of {len(images):,}: root mean square difference "
            f"{np.sqrt(differences[chosen[0]]):.2f} of 2.</p>"
        )


def nearest_pages(panel, images, missing):
    """The page that searches training images, or that says why it does not; none without images.

    Args:
        panel: the `LatentExplorer`.
        images: None, an `ImageSet`, or an array.
        missing: why stand-ins are not searched; "" if they are.
    """
    if images is None:
        return []
    images = images.images if isinstance(images, ImageSet) else np.asarray(images)
    if missing and are_stand_ins(images):
        return [NearestPage(panel, missing=missing)]
    return [NearestPage(panel, images)]


class DownloadPage:
    """The image, the code, the directions and the walk as files, by links that hold them."""

    title = "Download"

    def __init__(self, panel, walk):
        import ipywidgets as w

        self.panel, self.walk = panel, walk
        self.links = classed(w.HTML(), "dx-links")
        hint = text("These links save files on your own machine.")
        self.box = w.VBox([hint, self.links])

    def files(self):
        """What can be saved: {file name: (label, bytes, MIME type)}."""
        panel = self.panel
        code = io.BytesIO()
        np.save(code, panel.code)
        picture = enlarged(panel.pixels(), 12, panel.smooth)
        sheet = panel.labeled_sheet()
        moved = np.linspace(-REACH, REACH, WALK_FRAMES)
        steps = np.array(panel.directions.steps())
        last = panel.directions.last
        steps = np.where(np.arange(len(steps)) == last, moved[:, None], steps)
        codes = np.stack([panel.space.moved(panel.base, each) for each in steps])
        name = panel.directions.name_of(last)
        return {
            "picture.png": ("Image (PNG)", png(picture), "image/png"),
            "code.npy": ("Code (NumPy)", code.getvalue(), "application/octet-stream"),
            "directions.png": ("All directions (PNG)", png(sheet), "image/png"),
            "direction.gif": (f"{name} (GIF)", there_and_back(panel, codes), "image/gif"),
            "walk.gif": ("Walk A → B (GIF)", self.walk.gif(), "image/gif"),
        }

    def refresh(self):
        """Make links for the present code."""
        links = [
            download_link(label, name, content, kind)
            for name, (label, content, kind) in self.files().items()
        ]
        self.links.value = "".join(links)


def there_and_back(panel, codes, labels=None):
    """Images along codes and back as the bytes of a GIF, enlarged as the panel's picture is.

    Args:
        panel: the `LatentExplorer`.
        codes: float (count, latent_dim), before truncation.
        labels: float (count, classes); the panel's if None.
    """
    pixels = to_uint8(panel.images_at(codes, labels))
    frames = [enlarged(each, 3, panel.smooth) for each in pixels]
    return gif([*frames, *frames[-2:0:-1]])
