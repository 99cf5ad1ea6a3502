"""The figures that lessons share: curves and sheets of images."""

import math

import numpy as np

from dcgan_course.checks import number, shown, whole_number
from dcgan_course.display.images import image_grid, to_uint8
from dcgan_course.display.palette import BLUE, CYCLE, GRAY, LINES, ORANGE

_NAMES = {
    "d_loss": "D's loss",
    "g_loss": "G's loss",
    "d_real": "D(x): real images",
    "d_fake": "D(G(z)): fakes",
}


def draw_curves(axes, history, names, title, ylabel="loss"):
    """Draw columns of a history over its epochs.

    Args:
        axes: matplotlib axes.
        history: rows of numbers, a dictionary for each epoch, with "epoch".
        names: which columns; those that the history lacks are left out.
        title: what to see.
        ylabel: what is drawn, with its unit.

    Raises:
        ValueError: rows without "epoch", or that lack a column which the first row has.
    """
    _check_history(history, names)
    epochs = [row["epoch"] for row in history]
    marker = "." if len(epochs) < 30 else ""
    for name, color, line in zip(names, CYCLE, LINES, strict=False):
        if history and name in history[0]:
            values = [row[name] for row in history]
            style = {"color": color, "linestyle": line, "marker": marker}
            axes.plot(epochs, values, label=_NAMES[name], **style)
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.set_ylabel(ylabel)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend()


def show_history(history, title="What D says while both learn"):
    """Losses beside the probabilities behind them, over the epochs.

    Dotted lines mark the equilibrium, where D cannot tell real from fake: probability
    1/2, D's loss 2 log 2 and G's loss log 2.

    Args:
        history: rows with "epoch", "d_loss", "g_loss", "d_real", "d_fake".
        title: above both plots.

    Raises:
        ValueError: see `draw_curves`.
    """
    _check_history(history, ["d_loss", "g_loss", "d_real", "d_fake"])
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    figure.suptitle(title)
    draw_curves(left, history, ["d_loss", "g_loss"], "Losses, with their values at equilibrium")
    left.axhline(2 * math.log(2), color=BLUE, linestyle=":")
    left.axhline(math.log(2), color=ORANGE, linestyle=":")
    draw_curves(right, history, ["d_real", "d_fake"], "D's verdict", "probability of “real”")
    right.axhline(0.5, color=GRAY, linestyle=":")
    right.set_ylim(0, 1)
    plt.show()


def show_images(images, title, columns=None, width=5.0):
    """Show a grid of images under a title.

    Args:
        images: float (count, height, width, channels) in [−1, 1].
        title: what to see.
        columns: images in a row; None makes it square.
        width: of the figure, in inches, 0.5 to 100.

    Raises:
        ValueError: see `image_grid`; or a wrong width.
    """
    import matplotlib.pyplot as plt

    width = number("width", width, minimum=0.5, maximum=100)
    _check_title(title)
    grid = image_grid(images, columns)
    height = width * grid.shape[0] / grid.shape[1] + 0.35
    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    axes.imshow(grid, cmap="gray", vmin=0, vmax=255, interpolation="bicubic")
    axes.set_title(title)
    axes.axis("off")
    plt.show()


def show_by_class(images, labels, class_names, title, each=10):
    """Show some images of every class, a row for each class, its name at the left.

    Where a class has fewer than `each` images, the end of its row stays black.

    Args:
        images: float (count, height, width, channels) in [−1, 1].
        labels: int (count,), indices into `class_names`.
        class_names: a name for each label.
        title: what to see.
        each: images in a row.

    Raises:
        ValueError: see `image_grid`; or labels that do not fit the images or the names.
    """
    import matplotlib.pyplot as plt

    each = whole_number("each", each, minimum=1, maximum=1000)
    _check_title(title)
    images, labels = np.asarray(images), np.asarray(labels)
    to_uint8(images[:1] if images.ndim else images)  # anything but images is reported here
    class_names = list(class_names)
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or labels.shape != images.shape[:1]:
        raise ValueError(
            f"labels should be one whole number for each of {len(images)} "
            f"images, not {labels.dtype} of shape {labels.shape}."
        )
    if not len(labels) or labels.min() < 0 or labels.max() >= len(class_names):
        raise ValueError(
            f"labels should lie between 0 and {len(class_names) - 1}, the last of the class names."
        )
    rows = []
    for label in range(len(class_names)):
        row = images[labels == label][:each]
        black = np.full((each - len(row), *images.shape[1:]), -1, "float32")
        rows.append(np.concatenate([row, black]))
    grid = image_grid(np.concatenate(rows), columns=each)
    figure, axes = plt.subplots(figsize=(0.5 * each + 1, 0.5 * len(rows) + 0.4))
    axes.imshow(grid, cmap="gray", vmin=0, vmax=255, interpolation="bicubic")
    step = grid.shape[0] / len(rows)
    axes.set_yticks([(row + 0.5) * step for row in range(len(rows))], class_names)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.set_frame_on(False)
    axes.set_title(title)
    figure.tight_layout()
    plt.show()


def show_rows(rows, title, columns=None, width=9.0, side=None):
    """Show rows of images, each with its name at the left.

    Where a row is shorter than the longest one, its end stays white.

    Args:
        rows: a dictionary: a row's name → float (count, height, width, channels) in [−1, 1]. All
            images have the same shape.
        title: what to see.
        columns: None, or a name for each column, written above the first row.
        width: of the figure, in inches, 0.5 to 100.
        side: width of one image in inches, 0.1 to 10, in place of `width`.

    Raises:
        ValueError: see `image_grid`; no rows, images of several shapes, a wrong width, or not one
            name for each column.
    """
    import matplotlib.pyplot as plt

    width = number("width", width, minimum=0.5, maximum=100)
    _check_title(title)
    if not isinstance(rows, dict) or not rows:
        raise ValueError(f"rows should be a dictionary of images by name, not {shown(rows)}.")
    grids = {str(name): to_uint8(images) for name, images in rows.items()}
    shapes = {images.shape[1:] for images in grids.values()}
    if len(shapes) > 1:
        raise ValueError(f"All images should have the same shape, not {sorted(shapes)}.")
    longest = max(map(len, grids.values()))
    columns = list(columns) if columns is not None else None
    if columns is not None and len(columns) != longest:
        raise ValueError(f"columns should be {longest} names, one for each, not {len(columns)}.")
    (high, wide, channels), gap = shapes.pop(), 2
    down, across = high + gap, wide + gap
    sheet = np.full((len(grids) * down - gap, longest * across - gap, channels), 255, "uint8")
    for row, images in enumerate(grids.values()):
        for column, image in enumerate(images):
            top, left = row * down, column * across
            sheet[top : top + high, left : left + wide] = image
    letters = 0.085 * max(len(line) for name in grids for line in name.split("\n"))
    if side is not None:
        width = letters + longest * number("side", side, minimum=0.1, maximum=10)
    height = (width - letters) * sheet.shape[0] / sheet.shape[1] + (0.6 if columns else 0.4)
    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    sheet = sheet[..., 0] if channels == 1 else sheet
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="bicubic")
    axes.set_yticks([row * down + high / 2 for row in range(len(grids))], list(grids))
    places = [column * across + wide / 2 for column in range(longest)] if columns else []
    axes.set_xticks(places, columns or [])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_frame_on(False)
    axes.set_title(title)
    plt.show()


def _check_history(history, names):
    rows = isinstance(history, (list, tuple)) and all(isinstance(row, dict) for row in history)
    if not rows:
        raise ValueError(
            "history should be rows, a dictionary for each epoch, such as read_rows gives, not "
            f"{shown(history)}."
        )
    for name in ["epoch", *(name for name in names if history and name in history[0])]:
        for index, row in enumerate(history):
            if name not in row:
                raise ValueError(f"Row {index} of history has no {name!r}, but {sorted(row)}.")


def _check_title(title):
    if not isinstance(title, str):
        raise ValueError(f"title should be a text that says what to see, not {shown(title)}.")
