"""Texts for pictures, for readers who cannot see them, from titles, labels and legends.

`describe_figures` is called once, by the first cell of a lesson; the lessons' code is then free of
such texts. Each picture carries its text twice: as text/plain, which VS Code reads, and in the
output's metadata, which the website reads, the JupyterLab of scripts/lab.py, and nbconvert with its
template "classic".
"""

import re
from pathlib import Path

from dcgan_course.display.screen import in_notebook

LONGEST = 500  # letters
# What the files show that a run leaves in its folder.
KNOWN = {
    "training.gif": "Animation: samples from the same latent vectors, epoch by epoch",
    "few.gif": "Animation: samples from the same latent vectors after some of the epochs",
    "samples.png": "Samples of the trained generator",
}


def describe_figures():
    """Give matplotlib's figures, and images from files, a text wherever this kernel shows them."""
    if not in_notebook():
        return
    from IPython import get_ipython
    from IPython.display import Image
    from matplotlib.figure import Figure

    try:  # it registers how figures are drawn, which is to be extended here
        import matplotlib_inline.backend_inline  # noqa: F401
    except ImportError:
        return
    formatters = get_ipython().display_formatter.formatters
    plain, bundles = formatters["text/plain"], get_ipython().display_formatter.mimebundle_formatter
    plain.for_type(Figure, lambda figure, printer, cycle: printer.text(figure_text(figure)))
    plain.for_type(Image, lambda image, printer, cycle: printer.text(image_text(image)))
    bundles.for_type(Image, _describe_image)
    for kind in ("image/png", "image/jpeg"):
        draw = formatters[kind].type_printers.get(Figure)
        if draw is not None and not hasattr(draw, "describes"):
            formatters[kind].for_type(Figure, _describing(draw))


def figure_text(figure):
    """Say what a matplotlib figure shows: its titles, axes and legends, in a few sentences."""
    title = figure.get_suptitle() if hasattr(figure, "get_suptitle") else _old_suptitle(figure)
    parts = [title, *(_axes_text(axes) for axes in figure.axes if not _is_colorbar(axes))]
    parts = dict.fromkeys(filter(None, map(_plain, parts)))
    text = ". ".join(part.rstrip(".") for part in parts) or "A figure without a title"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def image_text(image):
    """Say what an `IPython.display.Image` shows: its own text, or what its file is known for."""
    if getattr(image, "alt", None):
        return image.alt
    name = Path(image.filename).name if getattr(image, "filename", None) else ""
    return KNOWN.get(name, f"Image {name}" if name else "An image")


def _describing(draw):
    """A function that draws a figure, and returns it with its text as metadata."""

    def described(figure):
        drawn = draw(figure)
        if drawn is None:
            return None
        data, metadata = drawn if isinstance(drawn, tuple) else (drawn, {})
        return data, {**metadata, "alt": figure_text(figure)}

    described.describes = True
    return described


def _describe_image(image):
    shown = image._repr_mimebundle_()
    data, metadata = shown if isinstance(shown, tuple) else (shown, {})
    texts = {kind: {"alt": image_text(image)} for kind in data if kind.startswith("image/")}
    return data, {kind: {**texts[kind], **(metadata or {}).get(kind, {})} for kind in texts}


def _axes_text(axes):
    """The title of axes, then in parentheses what is drawn in them."""
    title = axes.get_title() or axes.get_title("left") or axes.get_title("right")
    if not axes.axison:
        return title
    x, y = axes.get_xlabel(), axes.get_ylabel()
    inside = f"{y} against {x}" if x and y else x or y
    legend = axes.get_legend()
    names = [text.get_text() for text in legend.get_texts()] if legend else []
    if not inside and axes.images:  # a sheet of images, whose rows have names
        names = [text.get_text() for text in axes.get_yticklabels() if text.get_text()]
        inside = "rows" if names else ""
    if names:
        inside = f"{inside}: {', '.join(names)}" if inside else ", ".join(names)
    return f"{title} ({inside})" if title and inside else title or inside


def _is_colorbar(axes):
    return axes.get_label() == "<colorbar>"


def _old_suptitle(figure):
    title = getattr(figure, "_suptitle", None)  # matplotlib before 3.8
    return title.get_text() if title else ""


def _plain(text):
    """Without line ends and the signs of formulas."""
    text = re.sub(r"\\math\w+|\\([a-zA-Z]+)", r"\1", text)
    return re.sub(r"\s+", " ", re.sub(r"[${}]", "", text)).strip()
