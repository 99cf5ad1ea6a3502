"""One way to get training images, whatever the machine can reach.

`load_images` looks in the folder named by DCGAN_COURSE_DATA, then in Keras' cache (and
downloads into it), and at last draws stand-ins. All images come out alike: float32,
(count, height, width, channels), in [−1, 1], the range of a generator that ends in tanh.
"""

import os
import sys
import tempfile
import weakref
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from dcgan_course.checks import one_of, shown, true_or_false, whole_number
from dcgan_course.data.download import Unreachable, fill_keras_cache
from dcgan_course.data.errors import DataError
from dcgan_course.data.folder import ImageFolder, write_pictures
from dcgan_course.data.sources import SOURCES, in_split

MOST_PICTURES = 10_000  # of a folder that are held in memory: at 64 × 64 half a gigabyte
_DRAWN = []  # weak references to the stand-ins of this session, which `are_stand_ins` knows again
MOST_DRAWN = 2 << 30  # bytes of stand-ins as float32; scaling them takes as much again


@dataclass(frozen=True, repr=False)
class ImageSet:
    """Images with their labels, and where they came from.

    Attributes:
        images: float32 (count, height, width, channels), in [−1, 1].
        labels: int64 (count,), indices into `class_names`.
        class_names: what each label means.
        name: the data set's name, as given to `load_images`.
        source: "real" or "stand-in".
        origin: in words, where exactly the images came from.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple
    name: str
    source: str
    origin: str

    def __len__(self):
        return len(self.images)

    def __repr__(self):
        shape = " × ".join(map(str, self.images.shape))
        return f"{self.name}: {shape}, {self.source} ({self.origin})"


def load_images(name, split="train", *, allow_download=True, standin_count=None, seed=0):
    """Load a data set as float32 images in [−1, 1].

    Looks in this order: the folder named by the environment variable DCGAN_COURSE_DATA;
    the real source, through `keras.datasets` and its cache; stand-ins drawn on the spot,
    with a visible message that says why. A network that does not answer within
    10 seconds counts as absent.

    Args:
        name: "mnist", "fashion_mnist", "cifar10_frogs" (CIFAR-10's class 6: 5,000 training
            and 1,000 test images of 32 × 32 × 3), "bonsai" (Caltech-101's 128 trees, squeezed
            into 64 × 64 × 3), "faces" (CelebA's, or any pictures in a folder `faces`,
            short side to 64 and cropped; of more than 10,000 the first, see
            `open_pictures` for all) or "pets" (Oxford-IIIT Pet's 7,390 photographs of cats and
            dogs, likewise; the download has 790 MB).
        split: "train" or "test". Of "faces" the last tenth, in order of name, is the test
            split, and of "pets" each tenth; "bonsai" has none.
        allow_download: False keeps off the network; Keras' cache is still used.
        standin_count: how many stand-ins to draw, if it comes to that. None: 10,000, or as
            many as suit the data set. They may take 2 GiB at most.
        seed: which stand-ins. The test split uses others than the training split.

    Returns:
        An `ImageSet`. Its `source` says "real" or "stand-in".

    Raises:
        ValueError: unknown name or split, a split that the data set does not have, or a wrong
            number.
        DataError: a file is there, but damaged or of the wrong shape. The message names
            the file, which is left as it is.
    """
    if not isinstance(name, str) or name not in SOURCES:
        raise ValueError(f"Unknown data set {shown(name)}. Known are: {', '.join(SOURCES)}.")
    split = one_of("split", split, ("train", "test"))
    allow_download = true_or_false("allow_download", allow_download)
    source = SOURCES[name]
    standin_count = _count_to_draw("standin_count", standin_count, source)
    seed = whole_number("seed", seed, minimum=0)
    if name == "bonsai" and split == "test":
        raise ValueError(
            "Bonsai are 128 images without a test split. Hold some back yourself, for example "
            "images[:112] to train on and images[112:] to test."
        )

    folder = _data_folder()
    if folder and source.file.endswith(".npz") and (folder / source.file).exists():
        images, labels = _read_npz(folder / source.file, source, split)
        return _image_set(name, images, labels, "real", f"{source.file} in DCGAN_COURSE_DATA")
    if pictures := _picture_folder(source):
        images, origin = _read_pictures(pictures, source, split)
        return _image_set(name, images, np.zeros(len(images)), "real", origin)

    try:
        origin = fill_keras_cache(source, allow_download)
    except Unreachable as problem:
        reason = str(problem)
    else:
        read = source.read or partial(_load_through_keras, name)
        images, labels = read(split)
        return _image_set(name, images, labels, "real", origin)

    _say_stand_in(name, reason)
    count = standin_count if split == "train" else max(1, standin_count // 5)
    images, labels = source.draw(count, seed=seed if split == "train" else seed + 1_000_003)
    return _image_set(name, images, labels, "stand-in", "drawn by the course")


def are_stand_ins(images):
    """Say whether images are stand-ins that `load_images` has drawn, or a part of them.

    Args:
        images: an array, such as `load_images("mnist").images[:100]`.
    """
    whole = images if images.base is None else images.base
    return any(drawn() is whole for drawn in _DRAWN)


def open_pictures(name, stand_ins, *, count=None, seed=0, allow_download=True):
    """A data set of pictures that stays on disk, for sets that are too large for memory.

    Args:
        name: "faces", "pets", or "bonsai".
        stand_ins: a folder for pictures where DCGAN_COURSE_DATA holds none. The training split of
            a set that can be downloaded is written into it, once, scaled and cropped; otherwise
            stand-ins are drawn into it. Those of an earlier call with the same arguments are used
            again.
        count: how many stand-ins; None for as many as suit the data set.
        seed: which stand-ins.
        allow_download: see `load_images`.

    Returns:
        `(pictures, source)`: a `folder.ImageFolder`, and "real" or "stand-in".

    Raises:
        ValueError: unknown name, a data set that does not consist of pictures, or a wrong number.
    """
    known = [each for each, source in SOURCES.items() if not source.file.endswith(".npz")]
    name = one_of("name", name, known, hint="Only these are sets of picture files.")
    source = SOURCES[name]
    count = _count_to_draw("count", count, source)
    seed = whole_number("seed", seed, minimum=0)
    allow_download = true_or_false("allow_download", allow_download)
    if not isinstance(stand_ins, (str, os.PathLike)):
        raise ValueError(f"stand_ins should name a folder, not {shown(stand_ins)}.")
    if folder := _picture_folder(source):
        return ImageFolder(folder, source.shape[0], crop=source.crop), "real"
    real = Path(stand_ins) / f"{name}-real"
    if real.exists():
        return ImageFolder(real, source.shape[0], crop=source.crop), "real"
    try:
        fill_keras_cache(source, allow_download)
    except Unreachable as problem:
        _say_stand_in(name, problem, sys.stdout)  # no mishap: for faces it is the usual case
    else:
        print(f"Unpacking the pictures into {real}, this once.")
        _write_whole(real, lambda: source.read("train"))
        return ImageFolder(real, source.shape[0], crop=source.crop), "real"
    folder = Path(stand_ins) / f"{name}-{count}-{seed}"
    if not folder.exists():
        print(f"Drawing {count:,} pictures, this once: some {max(1, count // 200)} seconds.")
        _write_whole(folder, lambda: source.draw(count, seed=seed))
    return ImageFolder(folder, source.shape[0], crop=source.crop), "stand-in"


def _write_whole(folder, images_and_labels):
    """Write pictures beside and rename: an interruption leaves no half a set."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".drawing-") as beside:
        images, _ = images_and_labels()
        os.replace(write_pictures(Path(beside) / "whole", images), folder)


def _count_to_draw(name, count, source):
    """How many stand-ins to draw: as asked for, if they fit into memory, or as suits the set."""
    if count is None:
        return source.standins or 10_000
    most = MOST_DRAWN // (4 * int(np.prod(source.shape)))
    hint = f"More would take above {MOST_DRAWN >> 30} GiB of memory."
    return whole_number(name, count, minimum=1, maximum=most, hint=hint)


def _say_stand_in(name, reason, file=None):
    source = SOURCES[name]
    connect = "connect to the internet and run again, or " if source.downloads else ""
    print(
        f"Stand-in images: drawn by the course instead of the real {name}, because {reason}.\n"
        f"For the real ones, {connect}set DCGAN_COURSE_DATA to a folder that holds {source.file}.",
        file=file or sys.stderr,
    )


def _image_set(name, images, labels, source, origin):
    if images.ndim == 3:
        images = images[..., None]
    # The division comes first and in float32: 255 must land on exactly 1.0.
    scaled = images.astype("float32") / np.float32(127.5) - np.float32(1)
    class_names = SOURCES[name].class_names
    if source != "real":
        _DRAWN.append(weakref.ref(scaled))
    return ImageSet(scaled, labels.astype("int64"), class_names, name, source, origin)


def _load_through_keras(name, split):
    import keras

    train, test = getattr(keras.datasets, name).load_data()
    images, labels = train if split == "train" else test
    return images, labels


def _data_folder():
    folder = os.environ.get("DCGAN_COURSE_DATA")
    if not folder:
        return None
    if not Path(folder).expanduser().is_dir():
        raise DataError(
            f"DCGAN_COURSE_DATA names {folder!r}, which is not a folder. "
            "Correct it, or unset it to use the downloaded or the drawn images."
        )
    return Path(folder).expanduser()


def _read_npz(path, source, split):
    """Read and check one .npz file: uint8 images (N, *shape), labels (N,) if there are kinds."""
    advice = "The file was left as it is; move it away or replace it, then run again."
    if not path.is_file():  # opening a pipe would wait for ever
        raise DataError(f"{path} is not a file. Move it away or replace it, then run again.")
    names = (f"x_{split}", f"y_{split}") if len(source.class_names) > 1 else (f"x_{split}",)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in names}
    except KeyError as problem:
        missing = problem.args[0]
        raise DataError(f"{path} holds no array {missing!r}. {advice}") from problem
    except MemoryError:
        raise
    except Exception as problem:  # zipfile, zlib and numpy each have their own words for damage
        if isinstance(problem, OSError) and problem.errno is not None:
            raise  # the system's word, such as "permission denied": no damage
        raise DataError(f"{path} is damaged or cut short ({problem}). {advice}") from problem
    images = arrays[f"x_{split}"]
    labels = arrays.get(f"y_{split}", np.zeros(len(images), "int64"))
    if images.shape[1:] == (*source.shape, 1):
        images = images[..., 0]
    if images.dtype != np.uint8 or images.shape[1:] != source.shape or not len(images):
        wanted = ", ".join(map(str, source.shape))
        raise DataError(
            f"{path}: x_{split} is {images.dtype} of shape {images.shape}; "
            f"it should be uint8 of shape (N, {wanted}). {advice}"
        )
    classes = len(source.class_names)
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"{path}: y_{split} is {labels.dtype} of shape {labels.shape}; "
            f"it should be one whole number for each of {len(images)} images. {advice}"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise DataError(f"{path}: y_{split} should hold labels 0 to {classes - 1}. {advice}")
    return images, labels


def _picture_folder(source):
    """The folder of that data set's pictures within DCGAN_COURSE_DATA, or None."""
    folder = _data_folder()
    if not folder or source.file.endswith(".npz"):
        return None
    places = (folder / place for place in (source.file, *source.also))
    return next((place for place in places if place.is_dir()), None)


def _read_pictures(folder, source, split):
    """Read a split's pictures, at most MOST_PICTURES. Returns them as uint8, and the origin."""
    pictures = ImageFolder(folder, source.shape[0], crop=source.crop)
    files = in_split(pictures.files, split, source)
    if not files:
        raise DataError(f"{folder} holds {len(pictures)} pictures: too few for a {split} split.")
    origin = f"{folder.name} in DCGAN_COURSE_DATA"
    if len(files) > MOST_PICTURES:
        origin = f"the first {MOST_PICTURES:,} of {len(files):,} in {origin}"
    part = ImageFolder(files[:MOST_PICTURES], source.shape[0], crop=source.crop)
    return part.load(), origin
