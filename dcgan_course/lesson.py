"""The first cell of every lesson: run size, seed, the run's folder, the data.

Three run sizes, chosen once: `smoke` (seconds, proves that a lesson runs), `laptop`
(minutes on two cores, with results worth looking at), `full` (the original's own setting,
for a GPU). The environment variable DCGAN_COURSE_RUN decides; without it, what the
machine has.
"""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from dcgan_course.checks import shown, whole_number
from dcgan_course.data.load import load_images
from dcgan_course.files import runs_folder, write_beside
from dcgan_course.machine import choose_threads, cores
from dcgan_course.quiet import import_quietly

SIZES = ("smoke", "laptop", "full")


def run_size():
    """The run size: DCGAN_COURSE_RUN, else "full" with a GPU and "laptop" without.

    Raises:
        ValueError: DCGAN_COURSE_RUN is none of `SIZES`.
    """
    size = os.environ.get("DCGAN_COURSE_RUN", "").strip().lower()
    if size:
        if size not in SIZES:
            raise ValueError(f"DCGAN_COURSE_RUN is {size!r}; it should be one of {SIZES}.")
        return size
    import tensorflow as tf  # here, so that importing the module stays cheap

    return "full" if tf.config.list_physical_devices("GPU") else "laptop"


def pick(*, smoke, laptop, full):
    """The value for this run's size, as in `EPOCHS = pick(smoke=1, laptop=8, full=50)`."""
    return {"smoke": smoke, "laptop": laptop, "full": full}[run_size()]


@dataclass(frozen=True)
class Lesson:
    """What the first cell fixes.

    Attributes:
        name: of the notebook, without its ending.
        seed: given to Python, NumPy and TensorFlow.
        size: the run size.
        folder: `runs/<name>/`, for what the lesson leaves behind; about.json there says
            which data and which run size it came from.
        data: the `ImageSet`, or None.
    """

    name: str
    seed: int
    size: str
    folder: Path
    data: object


def begin_lesson(name, dataset=None, *, seed=0, limit=None):
    """Set up a lesson and print one line: versions, device, run size, data source.

    Args:
        name: of the notebook, without its ending.
        dataset: the name of a data set for `load_images`, or None.
        seed: the same seed gives the same results on the same machine.
        limit: with it, only so many images are used.

    Returns:
        A `Lesson`.

    Raises:
        ValueError: a wrong argument, or an unknown data set or run size.
    """
    if not isinstance(name, str) or Path(name).name != name or name in ("", "..", "."):
        raise ValueError(f"name should be that of the notebook, without path, not {shown(name)}.")
    seed = whole_number("seed", seed, minimum=0, maximum=2**32 - 1)  # what NumPy's takes
    if limit is not None:
        limit = whole_number("limit", limit, minimum=1)
    size = run_size() if os.environ.get("DCGAN_COURSE_RUN") else None  # before the slow import
    tf, keras = import_quietly(choose_threads)
    size = size or run_size()
    keras.utils.set_random_seed(seed)
    # Without it, the order in which threads add numbers up may change the last digits.
    tf.config.experimental.enable_op_determinism()

    data = None
    if dataset is not None:
        data = load_images(dataset)
        if limit is not None and limit < len(data):
            data = replace(data, images=data.images[:limit], labels=data.labels[:limit])
    folder = runs_folder() / name
    folder.mkdir(parents=True, exist_ok=True)

    about = {"lesson": name, "size": size, "seed": seed, "tensorflow": tf.__version__}
    if data is not None:
        about |= {"dataset": data.name, "source": data.source, "origin": data.origin}
    with write_beside(folder / "about.json") as beside:
        beside.write_text(json.dumps(about, indent=1), encoding="utf-8")

    gpus = tf.config.list_physical_devices("GPU")
    device = f"{len(gpus)} GPU" if gpus else f"CPU, {cores()} cores"
    line = [f"TensorFlow {tf.__version__}", f"Keras {keras.__version__}", device]
    line.append(f"run size: {size}")
    if data is not None:
        line.append(f"data: {data.name}, {len(data):,} {data.source} images ({data.origin})")
    print(" · ".join(line))
    return Lesson(name, seed, size, folder, data)
