"""The epochs of a training as pictures: samples and curves, each with a text that describes it."""

import io

import numpy as np

from dcgan_course.display.figures import draw_curves
from dcgan_course.display.images import image_grid, png

CURVES = ["d_loss", "g_loss"]
NAMES = {"d_loss": "D's loss", "g_loss": "G's loss"}


class Album:
    """What a panel shows of each epoch.

    Args:
        recorder: a `FrameRecorder` that keeps the samples on disk; None keeps them in memory.
        columns: images in a row; None makes the grid square.
        history: the list of rows, which the training goes on to fill.
    """

    def __init__(self, recorder, columns, history):
        self.recorder, self.columns, self.history = recorder, columns, history
        self._frames = {}

    def add(self, epoch, images):
        """Keep the samples of an epoch."""
        if self.recorder:
            self.recorder.add(epoch, images)
        else:
            frame = image_grid(images, self.columns, scale=2, caption=f"epoch {epoch}")
            self._frames[epoch] = png(frame)

    def epochs(self):
        """The epochs of which there are samples, in order."""
        return self.recorder.epochs() if self.recorder else sorted(self._frames)

    def frame(self, epoch):
        """The samples of an epoch as PNG bytes, or None."""
        if not self.recorder:
            return self._frames.get(epoch)
        frame = self.recorder.frame(epoch)
        return None if frame is None else png(frame)

    def words(self, epoch):
        """The losses of an epoch, such as "D's loss 1.05, G's loss 0.92"."""
        row = next((row for row in self.history if row.get("epoch") == epoch), {})
        losses = ", ".join(f"{NAMES[name]} {row[name]:.2f}" for name in CURVES if name in row)
        return losses or ("before the training" if epoch == 0 else "")

    def alt(self, epoch):
        """What the samples and curves of an epoch show."""
        losses = self.words(epoch)
        return f"Samples from the same latent vectors after epoch {epoch}" + (
            f", beside the losses so far: {losses}" if losses else ""
        )

    def curves(self):
        """The losses over the epochs.

        Returns:
            `(png, places)`: the picture, and for each epoch how far to the right it is, in percent
            of the picture's width.
        """
        from matplotlib.figure import Figure

        figure = Figure(figsize=(3.4, 2.6), layout="constrained")
        axes = figure.subplots()
        draw_curves(axes, self.history, CURVES, title="Losses so far")
        picture = _png(figure, dpi=140)
        width = figure.bbox.width
        places = {
            row["epoch"]: 100 * axes.transData.transform((row["epoch"], 0))[0] / width
            for row in self.history
        }
        return picture, places

    def whole(self, images, epoch):
        """Samples beside curves in one picture, for where there are no widgets: PNG bytes."""
        from matplotlib.figure import Figure

        with_images = images is not None
        figure = Figure(figsize=(9, 3.4) if with_images else (6, 3), layout="constrained")
        axes = list(np.atleast_1d(figure.subplots(1, 2 if with_images else 1)))
        if with_images:
            axes[0].imshow(image_grid(images, self.columns), cmap="gray", vmin=0, vmax=255)
            axes[0].set_title(
                f"Samples after epoch {epoch}\n(the same latent vectors at each epoch)"
            )
            axes[0].axis("off")
        draw_curves(axes[-1], self.history, CURVES, title="Losses so far")
        return _png(figure, dpi=72)


def _png(figure, dpi):
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=dpi)
    return picture.getvalue()
