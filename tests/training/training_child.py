"""A training in a process of its own, which kills itself at a given point, as `kill -9` does.

    python training_child.py fit|lesson FOLDER POINT

POINT is where to die: "never", or a name from `KILLS`.
"""

import os
import signal
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]


def die():
    # On Windows every such signal ends a process at once.
    os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)


def nth_call(owner, name, number, before=True):
    """Make the `number`-th call of `owner.name` the last thing this process does."""
    original, calls = getattr(owner, name), []

    def counting(*arguments, **options):
        calls.append(1)
        if before and len(calls) == number:
            die()
        result = original(*arguments, **options)
        if len(calls) == number:
            die()
        return result

    setattr(owner, name, counting)


def half_written(number):
    """Die in the middle of writing the `number`-th checkpoint."""
    import numpy as np

    original, calls = np.savez, []

    def half(path, **arrays):
        original(path, **arrays)
        calls.append(1)
        if len(calls) == number:
            size = os.path.getsize(path)
            os.truncate(path, size // 2)
            die()

    np.savez = half


def arm(point):
    from dcgan_course.display import images
    from dcgan_course.training import monitor
    from dcgan_course.training import resume as checkpoints

    {
        "never": lambda: None,
        "before the first epoch ends": lambda: nth_call(monitor.TrainingPanel, "advance", 2),
        "in the middle of an epoch": lambda: nth_call(monitor.TrainingPanel, "advance", 6),
        "half of a checkpoint written": lambda: half_written(1),
        "after a frame, before its checkpoint": lambda: nth_call(
            images.FrameRecorder, "add", 1, before=False
        ),
        "right after a checkpoint": lambda: nth_call(
            checkpoints.Checkpoint, "save", 1, before=False
        ),
        "while the GIF is written": lambda: nth_call(images, "save_gif", 1),
    }[point]()


def fit(folder):
    import keras
    import numpy as np

    from dcgan_course import DCGAN, Monitor, dcgan_discriminator, dcgan_generator
    from dcgan_course.data.drawn.digits import draw_digits

    images = draw_digits(128, seed=5)[0][..., None] / np.float32(127.5) - 1
    keras.utils.set_random_seed(3)
    gan = DCGAN(
        dcgan_generator(latent_dim=8, widths=(8, 4)),
        dcgan_discriminator(widths=(4, 8), dropout=0.3),
        seed=1,
        average=0.9,
    )
    gan.compile(label_noise=0.1)
    monitor = Monitor(folder, codes=4, live=False)
    history = gan.fit(
        images.astype("float32"),
        batch_size=32,
        epochs=4,
        resume=folder / "checkpoints",
        verbose=0,
        callbacks=[monitor],
    )
    assert history.epoch == [0, 1, 2, 3]


def lesson():
    """Lesson 03's own cells, up to and with its hand-written loop."""
    from helpers import ROOT, code_cells, plain_code

    from dcgan_course.display import figures

    for name in ("show_by_class", "show_images", "show_network"):
        setattr(figures, name, lambda *_, **__: None)  # no figure decides how a training ends
    namespace = {"__name__": "__main__"}
    for source in code_cells(ROOT / "notebooks" / "03_mnist_gradient_tape.ipynb"):
        exec(compile(plain_code(source), "<cell>", "exec"), namespace)
        if "panel.finish(" in source:
            return


if __name__ == "__main__":
    what, where, point = sys.argv[1:]
    arm(point)
    fit(Path(where)) if what == "fit" else lesson()
