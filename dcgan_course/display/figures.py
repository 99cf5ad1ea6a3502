"""The figures that lessons share: curves and sheets of images."""

import math

import numpy as np

from dcgan_course.display.images import image_grid

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
    """
    epochs = [row["epoch"] for row in history]
    for name in names:
        if history and name in history[0]:
            values = [row[name] for row in history]
            axes.plot(epochs, values, marker="." if len(epochs) < 30 else "", label=_NAMES[name])
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
    """
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    figure.suptitle(title)
    draw_curves(left, history, ["d_loss", "g_loss"], "Losses, with their values at equilibrium")
    left.axhline(2 * math.log(2), color="C0", linestyle=":")
    left.axhline(math.log(2), color="C1", linestyle=":")
    draw_curves(right, history, ["d_real", "d_fake"], "D's verdict", "probability of “real”")
    right.axhline(0.5, color="gray", linestyle=":")
    right.set_ylim(0, 1)
    plt.show()


def show_images(images, title, columns=None, width=5.0):
    """Show a grid of images under a title.

    Args:
        images: float (count, height, width, channels) in [−1, 1].
        title: what to see.
        columns: images in a row; None makes it square.
        width: of the figure, in inches.
    """
    import matplotlib.pyplot as plt

    grid = image_grid(np.asarray(images), columns)
    height = width * grid.shape[0] / grid.shape[1] + 0.35
    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    axes.imshow(grid, cmap="gray", vmin=0, vmax=255)
    axes.set_title(title)
    axes.axis("off")
    plt.show()


def show_by_class(images, labels, class_names, title, each=10):
    """Show some images of every class, a row for each class, its name at the left.

    Args:
        images: float (count, height, width, channels) in [−1, 1].
        labels: int (count,), indices into `class_names`.
        class_names: a name for each label.
        title: what to see.
        each: images in a row.
    """
    import matplotlib.pyplot as plt

    rows = [images[labels == label][:each] for label in range(len(class_names))]
    grid = image_grid(np.concatenate(rows), columns=each)
    figure, axes = plt.subplots(figsize=(0.5 * each + 1, 0.5 * len(rows) + 0.4))
    axes.imshow(grid, cmap="gray", vmin=0, vmax=255)
    step = grid.shape[0] / len(rows)
    axes.set_yticks([(row + 0.5) * step for row in range(len(rows))], class_names)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.set_frame_on(False)
    axes.set_title(title)
    figure.tight_layout()
    plt.show()
