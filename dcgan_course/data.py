"""One way to get training images, whatever the machine can reach.

`load_images` looks in the folder named by DCGAN_COURSE_DATA, then in Keras' cache (and
downloads into it), and at last draws stand-ins. All images come out alike: float32,
(count, height, width, channels), in [−1, 1], the range of a generator that ends in tanh.
"""

import gzip
import hashlib
import os
import pickle
import sys
import tarfile
import threading
import time
import zipfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from dcgan_course import standins

CONTACT_SECONDS = 8  # a network that has not answered by then counts as dead
STALL_SECONDS = 4  # a download that brings nothing for so long counts as broken


class DataError(ValueError):
    """A data file is damaged or not what it should be. The message names the file."""


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


@dataclass(frozen=True)
class _Download:
    """A file that Keras would download: its address, its place in Keras' cache, its checksum.

    `sha256` is that of the content, for a .gz file the content unpacked: how it was
    compressed does not matter. With `packed` it is that of the packed file.
    """

    url: str
    cached: str
    sha256: str
    packed: bool = False

    def check(self, path):
        """Raise ValueError unless the file at `path` holds what was published."""
        opener = gzip.open if self.url.endswith(".gz") and not self.packed else open
        digest = hashlib.sha256()
        try:
            with opener(path, "rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile) as problem:
            raise ValueError(f"it is damaged or cut short ({problem})") from problem
        except Exception as problem:
            if isinstance(problem, OSError):
                raise
            raise ValueError(f"it cannot be unpacked ({problem})") from problem
        if digest.hexdigest() != self.sha256:
            raise ValueError("its checksum is not that of the published file")


@dataclass(frozen=True)
class _Source:
    """All that `load_images` must know of one data set.

    `shape` is that of one image in the file: grey ones have no channels there. `read`, if
    given, takes the split and reads what `downloads` has put into Keras' cache.
    """

    file: str
    shape: tuple
    class_names: tuple
    draw: callable
    downloads: tuple = field(default=())
    read: callable = None


_KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def _fashion(name, sha256):
    return _Download(_KERAS_FILES + name, f"datasets/fashion-mnist/{name}", sha256)


def _cifar_class(label, split):
    """Images of one of CIFAR-10's classes, uint8 (N, 32, 32, 3), from the packed original."""
    parts = [f"data_batch_{i}" for i in range(1, 6)] if split == "train" else ["test_batch"]
    found = []
    with tarfile.open(keras_home() / _CIFAR.cached) as archive:
        for part in parts:
            # Its checksum has been compared: a pickle of unknown origin is never loaded.
            batch = pickle.load(
                archive.extractfile(f"cifar-10-batches-py/{part}"), encoding="bytes"
            )
            chosen = np.array(batch[b"labels"]) == label
            found.append(batch[b"data"][chosen].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    images = np.concatenate(found)
    return images, np.zeros(len(images), "int64")


_CIFAR = _Download(
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    # Where today's Keras keeps the same file: what either has downloaded serves both.
    "datasets/cifar-10-batches-py-target_archive",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    packed=True,
)

SOURCES = {
    "mnist": _Source(
        "mnist.npz",
        (28, 28),
        standins.DIGITS,
        standins.draw_digits,
        (
            _Download(
                _KERAS_FILES + "mnist.npz",
                "datasets/mnist.npz",
                "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
            ),
        ),
    ),
    "fashion_mnist": _Source(
        "fashion_mnist.npz",
        (28, 28),
        standins.GARMENTS,
        standins.draw_garments,
        (
            _fashion(
                "train-labels-idx1-ubyte.gz",
                "7cd88f551e93510030f93325e39e5d8112c932e2d6d2b1fde7ead816545ae184",
            ),
            _fashion(
                "train-images-idx3-ubyte.gz",
                "9fff5efa9144debe7134e5b10dfd1976575d4938d5e4dfa232c2f9ef638d0f0d",
            ),
            _fashion(
                "t10k-labels-idx1-ubyte.gz",
                "7a339b35539b8a4ac2cf350775f7074f0f49b5937fcbdb9aafd6b07b7b5f09d1",
            ),
            _fashion(
                "t10k-images-idx3-ubyte.gz",
                "dcea6ed44d4eb63cfb4675817913ec690401a37740cbf03d464d72c8ec9331a8",
            ),
        ),
    ),
    "cifar10_frogs": _Source(
        "cifar10_frogs.npz",
        (32, 32, 3),
        ("frog",),
        standins.draw_frogs,
        (_CIFAR,),
        partial(_cifar_class, 6),
    ),
}


def load_images(name, split="train", *, allow_download=True, standin_count=10_000, seed=0):
    """Load a data set as float32 images in [−1, 1].

    Looks in this order: the folder named by the environment variable DCGAN_COURSE_DATA;
    the real source, through `keras.datasets` and its cache; stand-ins drawn on the spot,
    with a visible message that says why. A network that does not answer within
    10 seconds counts as absent.

    Args:
        name: "mnist", "fashion_mnist" or "cifar10_frogs" (CIFAR-10's class 6: 5,000
            training and 1,000 test images of 32 × 32 × 3).
        split: "train" or "test".
        allow_download: False keeps off the network; Keras' cache is still used.
        standin_count: how many stand-ins to draw, if it comes to that.
        seed: which stand-ins. The test split uses others than the training split.

    Returns:
        An `ImageSet`. Its `source` says "real" or "stand-in".

    Raises:
        ValueError: unknown name or split.
        DataError: a file is there, but damaged or of the wrong shape. The message names
            the file, which is left as it is.
    """
    if name not in SOURCES:
        raise ValueError(f"Unknown data set {name!r}. Known are: {', '.join(SOURCES)}.")
    if split not in ("train", "test"):
        raise ValueError(f"Unknown split {split!r}. It is 'train' or 'test'.")
    source = SOURCES[name]

    folder = _data_folder()
    if folder and (folder / source.file).is_file():
        images, labels = _read_npz(folder / source.file, source, split)
        return _image_set(name, images, labels, "real", f"{source.file} in DCGAN_COURSE_DATA")

    try:
        origin = _fill_keras_cache(source, allow_download)
    except _Unreachable as problem:
        reason = str(problem)
    else:
        read = source.read or partial(_load_through_keras, name)
        images, labels = read(split)
        return _image_set(name, images, labels, "real", origin)

    print(
        f"Stand-in images: drawn by the course instead of the real {name}, because {reason}.\n"
        f"For the real ones, connect to the network and run again, or set DCGAN_COURSE_DATA "
        f"to a folder that holds {source.file}.",
        file=sys.stderr,
    )
    count = standin_count if split == "train" else max(1, standin_count // 5)
    images, labels = source.draw(count, seed=seed if split == "train" else seed + 1_000_003)
    return _image_set(name, images, labels, "stand-in", "drawn by the course")


def _image_set(name, images, labels, source, origin):
    if images.ndim == 3:
        images = images[..., None]
    # The division comes first and in float32: 255 must land on exactly 1.0.
    scaled = images.astype("float32") / np.float32(127.5) - np.float32(1)
    class_names = SOURCES[name].class_names
    return ImageSet(scaled, labels.astype("int64"), class_names, name, source, origin)


# --- the reader's own folder ----------------------------------------------------------


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
    names = (f"x_{split}", f"y_{split}") if len(source.class_names) > 1 else (f"x_{split}",)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in names}
    except KeyError as problem:
        missing = problem.args[0]
        raise DataError(f"{path} holds no array {missing!r}. {advice}") from problem
    except PermissionError:
        raise
    except Exception as problem:  # zipfile, zlib and numpy each have their own words for damage
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


# --- the real source, through keras.datasets ------------------------------------------


class _Unreachable(Exception):
    """The real images cannot be had; the text is a reason to follow "because"."""


def keras_home():
    """The folder in which Keras keeps its downloads."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")


def _fill_keras_cache(source, allow_download):
    """Make sure that Keras' cache holds whole files, downloading what is missing.

    Keras' own download has no time limit, no retry, and writes onto the final name, so
    that a killed download leaves a broken file behind. Hence the files are put into its
    cache for it, by pooch: temporary file, checksum, rename.
    """
    missing = []
    for item in source.downloads:
        path = keras_home() / item.cached
        if not path.exists():
            missing.append(item)
            continue
        try:
            item.check(path)
        except ValueError as problem:
            raise DataError(
                f"{path} is not usable: {problem}. The file was left as it is; "
                "move it away, and the next run downloads it again."
            ) from problem
    if not missing:
        return "Keras' cache"
    if not allow_download:
        raise _Unreachable("downloads are switched off")
    _first_contact(missing[0].url)
    for item in missing:
        _download(item)
    return "downloaded through Keras"


def _first_contact(url):
    """Raise `_Unreachable` unless the server answers within CONTACT_SECONDS.

    In a thread, because looking up a host name has no time limit of its own.
    """
    import requests

    answer = []

    def ask():
        try:
            requests.head(url, timeout=STALL_SECONDS, allow_redirects=True).raise_for_status()
            answer.append(None)
        except requests.RequestException as problem:
            answer.append(problem)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CONTACT_SECONDS)
    if not answer:
        raise _Unreachable(f"the network did not answer within {CONTACT_SECONDS} seconds")
    if isinstance(answer[0], requests.Timeout):
        raise _Unreachable(f"the network did not answer within {STALL_SECONDS} seconds")
    if answer[0] is not None:
        raise _Unreachable(f"the server cannot be reached ({type(answer[0]).__name__})")


def _download(item, attempts=3):
    import pooch
    import requests

    path = keras_home() / item.cached
    fetch = pooch.HTTPDownloader(progressbar=True, timeout=STALL_SECONDS, chunk_size=1 << 16)

    def fetch_and_check(url, output_file, caller):
        fetch(url, output_file, caller)
        item.check(output_file)  # pooch then renames the file; on an error it removes it

    pooch.get_logger().setLevel("WARNING")  # its hint to pin an unknown hash is not for us
    for attempt in range(1, attempts + 1):
        try:
            pooch.retrieve(
                item.url,
                known_hash=None,
                fname=path.name,
                path=path.parent,
                downloader=fetch_and_check,
            )
            return
        except (requests.ConnectionError, requests.HTTPError, ValueError, OSError) as problem:
            # A stalled read comes as a ConnectionError as well. Waiting for a dead line
            # a second time would keep the class waiting beyond 10 seconds.
            stalled = "timed out" in str(problem)
            no_space = isinstance(problem, OSError) and not isinstance(
                problem, requests.RequestException
            )
            if attempt == attempts or stalled or no_space:
                raise _Unreachable(f"downloading {path.name} failed ({problem})") from problem
            time.sleep(0.5 * attempt)


def _load_through_keras(name, split):
    import keras

    train, test = getattr(keras.datasets, name).load_data()
    images, labels = train if split == "train" else test
    return images, labels


# --- the pipeline ---------------------------------------------------------------------


def make_dataset(images, batch_size, *, seed=0, first_step=0, shuffle=True):
    """An endless `tf.data` stream of shuffled batches, epoch after epoch.

    The set is held in memory once; an epoch only draws a new order of indices. That
    order follows from `seed` and the epoch's number alone, so that a training resumed
    after 700 steps with `first_step=700` sees the very batches that it would have seen.
    The last images of an epoch that do not fill a batch are left out; another order
    brings them in the next epoch.

    Args:
        images: array (count, height, width, channels).
        batch_size: images per batch.
        seed: of the order.
        first_step: how many batches of the stream to pass over.
        shuffle: False keeps the order of `images`.

    Returns:
        A `tf.data.Dataset` of batches (batch_size, height, width, channels). One epoch
        is `len(images) // batch_size` batches: take them with `itertools.islice`, or
        give that number to `fit` as `steps_per_epoch`.

    Raises:
        ValueError: not a set of images, or fewer images than one batch.
    """
    import tensorflow as tf

    if len(images.shape) != 4:
        raise ValueError(
            f"images should have shape (count, height, width, channels), not {images.shape}."
        )
    count = int(images.shape[0])
    if not 1 <= batch_size <= count:
        raise ValueError(f"batch_size must be between 1 and {count}, not {batch_size}.")
    with tf.device("CPU"):  # a whole set has no place in a GPU's memory
        held = tf.convert_to_tensor(images)

    def one_epoch(epoch):
        order = tf.range(count)
        if shuffle:
            key = tf.stack([tf.constant(seed, tf.int64), epoch])
            order = tf.random.experimental.stateless_shuffle(order, seed=key)
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size, drop_remainder=True)

    first_epoch, first_batch = divmod(first_step, count // batch_size)
    epochs = tf.data.Dataset.range(first_epoch, 2**62)
    # Rewriting the pipeline would write the whole set into its graph, one copy more.
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return (
        epochs.flat_map(one_epoch)
        .skip(first_batch)  # of indices: no image is touched
        .map(lambda indices: tf.gather(held, indices))
        .prefetch(2)
        .with_options(options)
    )
