"""A list of generators, and the explorer of the one that is selected."""

from dcgan_course.display.animations import widget_view
from dcgan_course.files import find_run, runs_folder
from dcgan_course.latent.explorer import LatentExplorer
from dcgan_course.latent.pretrained import shipped_generators
from dcgan_course.latent.space import LatentError


class GeneratorChoice:
    """A list of generators, and the panel of the one that is selected.

    The list holds the generators that ship with the course and those that lessons have saved in
    the `runs` folder.

    Args:
        first: the generator that is selected at the start, or another run; see `files.find_run`.
        training_images: {name: images}, the images on which each generator was trained.
        options: of the panels; see `LatentExplorer`.

    Attributes:
        panel: the current `LatentExplorer`.
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
        if first not in choices and (find_run(first) / "generator.keras").is_file():
            choices[first] = find_run(first)
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
