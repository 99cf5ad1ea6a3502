"""How long a 50-frame GIF of a 4×4 grid takes: the course's way against one figure a frame.

Prints both times and their ratio, measured in one run.
"""

import sys
import tempfile
import time
from pathlib import Path

import imageio.v3 as iio
import matplotlib
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
matplotlib.use("Agg")

from dcgan_course.display.images import FrameRecorder

FRAMES = 50


def with_recorder(images, folder):
    """Frames kept as PNG one by one, then the GIF: what `TrainingPanel` does."""
    recorder = FrameRecorder(folder / "frames")
    for epoch, batch in enumerate(images, start=1):
        recorder.add(epoch, batch)
    recorder.save_gif(folder / "recorder.gif", spaced=False)


def with_figures(images, folder):
    """One figure with 16 axes and one `savefig` a frame, as tutorials do."""
    import matplotlib.pyplot as plt

    frames = []
    for epoch, batch in enumerate(images, start=1):
        figure = plt.figure(figsize=(4, 4))
        for index, image in enumerate(batch):
            axes = figure.add_subplot(4, 4, index + 1)
            axes.imshow(image[..., 0], cmap="gray", vmin=-1, vmax=1)
            axes.axis("off")
        figure.savefig(folder / f"{epoch}.png")
        plt.close(figure)
        frames.append(iio.imread(folder / f"{epoch}.png"))
    iio.imwrite(folder / "figures.gif", frames, extension=".gif")


def measure(frames=FRAMES):
    """Seconds of both ways, on the same images."""
    images = np.tanh(np.random.default_rng(0).normal(size=(frames, 16, 28, 28, 1)))
    seconds = []
    for way in (with_recorder, with_figures):
        with tempfile.TemporaryDirectory() as folder:
            way(images[:1], Path(folder))  # fonts and plug-ins are loaded once
            started = time.perf_counter()
            way(images, Path(folder))
            seconds.append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    recorder, figures = measure()
    print(f"FrameRecorder: {recorder:.2f} s for {FRAMES} frames")
    print(f"one savefig per frame: {figures:.2f} s")
    print(f"ratio: {figures / recorder:.0f}")
