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
from dcgan_course.display.alt_text import describe_figures
from dcgan_course.display.palette import use_palette
from dcgan_course.files import runs_folder, write_beside
from dcgan_course.machine import choose_threads, cores
from dcgan_course.quiet import import_quietly
from dcgan_course.training import locks

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


def begin_lesson(name, dataset=None, *, seed=0, limit=None, fresh=False):
    """Set up a lesson and print one line: versions, device, run size, data source.

    Args:
        name: of the notebook, without its ending.
        dataset: the name of a data set for `load_images`, or None.
        seed: the same seed gives the same results on the same machine.
        limit: with it, only so many images are used.
        fresh: True trains from the start: what an earlier run has left in the lesson's folder is
            set aside in a folder of its own. Take it out again afterwards, so that an interrupted
            training can be resumed.

    Returns:
        A `Lesson`.

    Raises:
        ValueError: a wrong argument, or an unknown data set or run size.
        FolderInUse: with `fresh`, another process is training in the lesson's folder.
    """
    if not isinstance(name, str) or Path(name).name != name or name in ("", "..", "."):
        raise ValueError(f"name should be that of the notebook, without path, not {shown(name)}.")
    seed = whole_number("seed", seed, minimum=0, maximum=2**32 - 1)  # what NumPy's takes
    if limit is not None:
        limit = whole_number("limit", limit, minimum=1)
    if not isinstance(fresh, bool):
        raise ValueError(f"fresh should be True or False, not {shown(fresh)}.")
    size = run_size() if os.environ.get("DCGAN_COURSE_RUN") else None  # before the slow import
    tf, keras = import_quietly(choose_threads)
    use_palette()
    describe_figures()
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
    if fresh:
        _set_aside(folder)
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


def _set_aside(folder):
    """Rename an earlier run's folder, if it holds anything that a training has left."""
    kept = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not kept - {"about.json"}:
        return
    try:
        for path in (folder, folder / "checkpoints"):  # either may be in use
            if path.is_dir():
                locks.take(path)
    finally:
        locks.release_below(folder)
    number = 1
    while (aside := folder.with_name(f"{folder.name}-earlier-{number}")).exists():
        number += 1
    folder.rename(aside)
    print(f"Set the earlier run aside: it is in {aside} now, and this one starts from scratch.")
