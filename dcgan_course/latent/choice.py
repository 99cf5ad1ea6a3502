"""The explorer with a choice of generators above it."""

from dcgan_course.display.animations import widget_view
from dcgan_course.files import find_run, runs_folder
from dcgan_course.latent.controls import behavior, classed, text
from dcgan_course.latent.errors import LatentError
from dcgan_course.latent.explorer import LatentExplorer
from dcgan_course.latent.pretrained import shipped_generators

TITLES = {
    "fashion_mnist": "Clothes",
    "mnist": "Digits",
    "cifar10_frogs": "Frogs",
    "fashion_mnist_by_class": "Clothes by class",
    "mnist_by_class": "Digits by class",
}


class GeneratorChoice:
    """Buttons that choose a generator, and the panel of the one that is chosen.

    They offer the generators that ship with the course and those that lessons have saved in the
    `runs` folder.

    Args:
        first: the generator that is chosen at the start, or another run; see `files.find_run`.
        training_images: {name: `ImageSet` or images}, on which each generator was trained.
        own: False offers only the generators that ship.
        options: of the panels; see `LatentExplorer`.

    Attributes:
        panel: the current `LatentExplorer`.
        widget: the ipywidgets box.

    Raises:
        LatentError: `first` is not among them.
    """

    def __init__(self, first="fashion_mnist", *, training_images=None, own=True, **options):
        import ipywidgets

        self._training_images, self._options = training_images or {}, options
        self._panels, self.panel = {}, None
        known = {name: name for name in TITLES if name in shipped_generators()}
        choices = known | {name: name for name in shipped_generators()}
        if own:
            trained_here = sorted(path.parent for path in runs_folder().glob("*/generator.keras"))
            choices |= {f"runs/{folder.name}": folder for folder in trained_here}
        if first not in choices and own and (find_run(first) / "generator.keras").is_file():
            choices[first] = find_run(first)
        if first not in choices:
            raise LatentError(f"There is no generator {first!r} here, but {', '.join(choices)}.")
        self._list = ipywidgets.ToggleButtons(
            options=[(TITLES.get(name, name), value) for name, value in choices.items()],
            value=choices[first],
        )
        self._message = text("")
        self._place = ipywidgets.VBox()
        self._list.observe(lambda change: self._show(change["new"]), names="value")
        parts = [behavior(), classed(self._list, "dx-choice"), self._message, self._place]
        self.widget = classed(ipywidgets.VBox(parts), "dcgan-explorer")
        self._show(choices[first])

    def _show(self, generator):
        self._message.value = text("Opening it …").value
        try:
            if generator not in self._panels:
                images = self._training_images.get(str(generator))
                self._panels[generator] = LatentExplorer(
                    generator, training_images=images, **self._options
                )
        except LatentError as problem:  # the panel before stays, and goes on working
            self._message.value = text(str(problem)).value
            return
        self.panel = self._panels[generator]
        self._place.children = (self.panel.widget,)
        self._message.value = ""

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {**self.panel._repr_mimebundle_(), **widget_view(self.widget)}
