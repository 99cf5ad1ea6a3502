"""The parts of which the explorer's pages are made: sliders, buttons, thumbnails, links.

All of them are ipywidgets' own, which work in JupyterLab, in Voilà, and in Colab with its
ipywidgets 7. Their looks are in panel/panel.css. The few things that these widgets lack are in
panel/panel.js: names that a screen reader can say, and the double click that resets a slider.
"""

import base64
import contextlib
import html
import io
import math
import uuid
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dcgan_course.display.images import image_grid, png

_FOLDER = Path(__file__).parent / "panel"
# An image of one pixel: when it has loaded, the script in its attribute runs.
_PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="


def enlarged(pixels, scale, smooth=True):
    """Enlarge a uint8 picture by a whole number: bicubic, or by repeating pixels.

    Args:
        pixels: uint8 (H, W), (H, W, 1) or (H, W, 3).
        scale: by how much, 1 or more.
        smooth: False repeats pixels.

    Returns:
        uint8 (scale · H, scale · W), or with three colors.
    """
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    if not smooth:
        return pixels.repeat(scale, 0).repeat(scale, 1)
    size = (scale * pixels.shape[1], scale * pixels.shape[0])
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def labeled(sheet, rows, columns):
    """Put names beside the rows of a sheet of images, and above its columns.

    Args:
        sheet: uint8 (H, W) or (H, W, 3).
        rows, columns: a name for each.

    Returns:
        uint8, with as many colors, and black on white outside of the sheet.
    """
    picture, font = Image.fromarray(sheet), ImageFont.load_default(14)
    left = 12 + max(math.ceil(font.getlength(name)) for name in rows)
    page = Image.new(picture.mode, (left + picture.width, 22 + picture.height), "white")
    page.paste(picture, (left, 22))
    draw = ImageDraw.Draw(page)
    for index, name in enumerate(rows):
        y = 22 + picture.height * (index + 0.5) / len(rows)
        draw.text((left - 6, y), name, "black", font, anchor="rm")
    for index, name in enumerate(columns):
        x = left + picture.width * (index + 0.5) / len(columns)
        draw.text((x, 11), name, "black", font, anchor="mm")
    return np.asarray(page)


def gif(frames, milliseconds=80):
    """Uint8 pictures of equal shape as the bytes of a GIF that plays for ever."""
    first, *rest = map(Image.fromarray, frames)
    buffer = io.BytesIO()
    first.save(buffer, "gif", save_all=True, append_images=rest, duration=milliseconds, loop=0)
    return buffer.getvalue()


def data_uri(content, kind="image/png"):
    """Bytes as an address that holds them itself."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def image_tag(content, alt, kind="image/png", classes=""):
    """An <img> that holds its image, with alternative text."""
    return f'<img class="{classes}" alt="{html.escape(alt)}" src="{data_uri(content, kind)}">'


def download_link(label, name, content, kind):
    """A link that saves bytes on the reader's own machine, wherever the kernel runs."""
    uri = data_uri(content, kind)
    return f'<a class="dx-link" download="{name}" href="{uri}">{html.escape(label)}</a>'


def text(words, classes=""):
    """A paragraph as a widget, which wraps instead of growing wider."""
    import ipywidgets

    widget = ipywidgets.HTML(value=words and f"<p>{html.escape(words)}</p>")
    for name in ("dx-text", *classes.split()):
        widget.add_class(name)
    return widget


def behavior():
    """The panel's style sheet and its script, as a widget that takes no space."""
    import ipywidgets

    style = (_FOLDER / "panel.css").read_text(encoding="utf-8")
    script = html.escape((_FOLDER / "panel.js").read_text(encoding="utf-8"))
    widget = ipywidgets.HTML(
        value=f'<style>{style}</style><img hidden alt="" src="{_PIXEL}" onload="{script}">'
    )
    widget.add_class("dx-hidden")
    return widget


def classed(widget, *names):
    """Give a widget style classes, and return it."""
    for name in names:
        widget.add_class(name)
    return widget


class Controls:
    """Makes sliders and buttons that move a panel.

    Args:
        changed: called with the name of a control that the reader has moved.
        say: called with a line of text for the reader.
    """

    def __init__(self, changed, say):
        self._changed, self._say, self._quiet = changed, say, False

    @contextlib.contextmanager
    def quietly(self):
        """Change sliders without taking it for the reader's doing."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def slider(self, label, tip, least, most, value, *, step=0.05, control=None, changed=None):
        """Make a slider. `changed` is called with its value before the panel follows."""
        import ipywidgets

        slider = ipywidgets.FloatSlider(
            min=least,
            max=most,
            value=value,
            step=step,
            description=label,
            description_tooltip=tip,
            readout_format=".2f",
            continuous_update=True,
            style={"description_width": "initial"},
        )

        def on_change(change):
            # A browser rounds what it is given to whole steps, and sends that back.
            rounded = abs(change["new"] - change["old"]) < 0.6 * step
            if not (self._quiet or rounded):
                if changed is not None:
                    changed(change["new"])
                self._changed(control or label)

        slider.observe(on_change, names="value")
        return slider

    def follow(self, widget, action):
        """Call `action` with a widget's value when the reader changes it, not when a panel does."""

        def on_change(change):
            if not self._quiet:
                action(change["new"])

        widget.observe(on_change, names="value")

    def button(self, label, tip, action):
        """Make a button that calls `action`, and says so if that raises a ValueError."""
        import ipywidgets

        button = ipywidgets.Button(description=label, tooltip=tip)

        def pressed(_):
            try:
                self._say("")
                action()
            except ValueError as problem:
                self._say(str(problem))

        button.on_click(pressed)
        return button

    def reset_button(self, slider, value):
        """Make the button that sets a slider to `value()`, as a double click on it does."""

        def reset():
            slider.value = value()

        button = self.button("reset", "reset (or double-click the slider)", reset)
        return classed(button, "dx-icon", "dx-reset")


class Thumbnails:
    """Buttons that show images. A set of them shares one picture, of which each shows its part.

    Args:
        panel: the `LatentExplorer`, for its way to make buttons.
        labels: what a screen reader says for each button.
        actions: what each button does.
        columns: how many images the shared picture has in a row.

    Attributes:
        buttons: the buttons.
        style: a widget that must be somewhere in the panel: the picture.
        shown: float (count, height, width, channels), the images; None before the first.
    """

    def __init__(self, panel, labels, actions, columns):
        import ipywidgets

        # Several panels may be on one page, of several kernels.
        self._name = f"dx-{uuid.uuid4().hex[:10]}"
        self._columns, self._rows = columns, -(-len(labels) // columns)
        self.style, self.shown = classed(ipywidgets.HTML(), "dx-hidden"), None
        self.buttons = [
            classed(
                panel.make.button(label, label, action),
                "dx-thumb",
                self._name,
                f"{self._name}-{index}",
            )
            for index, (label, action) in enumerate(zip(labels, actions, strict=True))
        ]

    def show(self, images):
        """Show images on the buttons, one on each."""
        self.shown = images
        sheet = enlarged(image_grid(images, self._columns, gap=0), 2)
        size = f"{100 * self._columns}% {100 * self._rows}%"
        each = f".dcgan-explorer .{self._name}"
        rules = [f"{each}.dx-thumb{{background-image:url({data_uri(png(sheet))});"]
        rules.append(f"background-size:{size}}}")
        for index in range(len(images)):
            row, column = divmod(index, self._columns)
            x = 100 * column / max(1, self._columns - 1)
            y = 100 * row / max(1, self._rows - 1)
            place = f"{{background-position:{x:.3f}% {y:.3f}%}}"
            rules.append(f"{each}-{index}.dx-thumb{place}")
        self.style.value = f"<style>{''.join(rules)}</style>"

    def label(self, index, words):
        """Change what a screen reader and the tooltip say for a button."""
        self.buttons[index].description = self.buttons[index].tooltip = words


def grid_png(images, columns, smooth=True):
    """Images side by side as PNG bytes, three times enlarged."""
    return png(enlarged(image_grid(images, columns), 3, smooth))
