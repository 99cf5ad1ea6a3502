"""One way to get training images, whatever the machine can reach.

`load_images` looks in the folder named by DCGAN_COURSE_DATA, then in Keras' cache (and
downloads into it), and at last draws stand-ins. All images come out alike: float32,
(count, height, width, channels), in [−1, 1], the range of a generator that ends in tanh.
"""

import gzip
import hashlib
import io
import os
import pickle
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from dcgan_course import scenes, standins

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

    `file` is an .npz file in DCGAN_COURSE_DATA, or a folder of pictures, of which `also` are
    other names. `shape` is that of one image in the file: grey ones have no channels there.
    `read`, if given, takes the split and reads what `downloads` has put into Keras' cache;
    `no_download` says why there is none.
    """

    file: str
    shape: tuple
    class_names: tuple
    draw: callable
    downloads: tuple = field(default=())
    read: callable = None
    also: tuple = ()
    crop: bool = True
    no_download: str = ""
    held_out: float = 0.0  # share of a folder's pictures that is the test split
    standins: int | None = None  # how many to draw, where 10,000 would not do


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

_CALTECH = _Download(
    "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",
    "datasets/caltech-101.zip",
    "331234750fc7f77520e50d9565e8b6907b03565e30320da1401130db08c61f91",
    packed=True,
)
_BONSAI_SHAPE, _FACE_SHAPE = (64, 64, 3), (64, 64, 3)


def _bonsai(split):
    """Caltech-101's bonsai trees, uint8 (128, 64, 64, 3): a .tar.gz within a .zip."""
    from dcgan_course.folders import read_picture

    pictures = {}
    with (
        zipfile.ZipFile(keras_home() / _CALTECH.cached) as outer,
        outer.open("caltech-101/101_ObjectCategories.tar.gz") as inner,
        tarfile.open(fileobj=inner, mode="r|gz") as archive,
    ):
        for member in archive:
            if "/bonsai/" in member.name and member.name.endswith(".jpg"):
                file = io.BytesIO(archive.extractfile(member).read())
                pictures[member.name] = read_picture(file, _BONSAI_SHAPE[0], crop=False)
    images = np.stack([pictures[name] for name in sorted(pictures)])
    return images, np.zeros(len(images), "int64")


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
    "bonsai": _Source(
        "caltech-101/101_ObjectCategories/bonsai",
        _BONSAI_SHAPE,
        ("bonsai",),
        scenes.draw_trees,
        (_CALTECH,),
        _bonsai,
        also=("101_ObjectCategories/bonsai", "bonsai"),
        crop=False,
        standins=128,
    ),
    "faces": _Source(
        "img_align_celeba",
        _FACE_SHAPE,
        ("face",),
        scenes.draw_faces,
        also=("celeba/img_align_celeba", "faces"),
        no_download="CelebA's photographs are given for non-commercial research only, to whoever "
        "agrees to its terms (mmlab.ie.cuhk.edu.hk/projects/CelebA.html)",
        held_out=0.1,
        standins=4000,
    ),
}


MOST_PICTURES = 10_000  # of a folder that are held in memory: at 64 × 64 half a gigabyte


def load_images(name, split="train", *, allow_download=True, standin_count=None, seed=0):
    """Load a data set as float32 images in [−1, 1].

    Looks in this order: the folder named by the environment variable DCGAN_COURSE_DATA;
    the real source, through `keras.datasets` and its cache; stand-ins drawn on the spot,
    with a visible message that says why. A network that does not answer within
    10 seconds counts as absent.

    Args:
        name: "mnist", "fashion_mnist", "cifar10_frogs" (CIFAR-10's class 6: 5,000 training
            and 1,000 test images of 32 × 32 × 3), "bonsai" (Caltech-101's 128 trees, squeezed
            into 64 × 64 × 3) or "faces" (CelebA's, or any pictures in a folder `faces`,
            short side to 64 and cropped; of more than 10,000 the first, see
            `open_pictures` for all).
        split: "train" or "test". Of "faces" the last tenth, in order of name, is the test
            split; "bonsai" has none.
        allow_download: False keeps off the network; Keras' cache is still used.
        standin_count: how many stand-ins to draw, if it comes to that. None: 10,000, or as
            many as suit the data set.
        seed: which stand-ins. The test split uses others than the training split.

    Returns:
        An `ImageSet`. Its `source` says "real" or "stand-in".

    Raises:
        ValueError: unknown name or split, or a split that the data set does not have.
        DataError: a file is there, but damaged or of the wrong shape. The message names
            the file, which is left as it is.
    """
    if name not in SOURCES:
        raise ValueError(f"Unknown data set {name!r}. Known are: {', '.join(SOURCES)}.")
    if split not in ("train", "test"):
        raise ValueError(f"Unknown split {split!r}. It is 'train' or 'test'.")
    source = SOURCES[name]
    if name == "bonsai" and split == "test":
        raise ValueError(
            "Bonsai are 128 images without a test split. Hold some back yourself, for example "
            "images[:112] to train on and images[112:] to test."
        )

    folder = _data_folder()
    if folder and (folder / source.file).is_file():
        images, labels = _read_npz(folder / source.file, source, split)
        return _image_set(name, images, labels, "real", f"{source.file} in DCGAN_COURSE_DATA")
    if pictures := _picture_folder(source):
        images, origin = _read_pictures(pictures, source, split)
        return _image_set(name, images, np.zeros(len(images)), "real", origin)

    try:
        origin = _fill_keras_cache(source, allow_download)
    except _Unreachable as problem:
        reason = str(problem)
    else:
        read = source.read or partial(_load_through_keras, name)
        images, labels = read(split)
        return _image_set(name, images, labels, "real", origin)

    _say_stand_in(name, reason)
    standin_count = standin_count or source.standins or 10_000
    count = standin_count if split == "train" else max(1, standin_count // 5)
    images, labels = source.draw(count, seed=seed if split == "train" else seed + 1_000_003)
    return _image_set(name, images, labels, "stand-in", "drawn by the course")


def _say_stand_in(name, reason, file=None):
    source = SOURCES[name]
    connect = "connect to the network and run again, or " if source.downloads else ""
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


# --- folders of pictures --------------------------------------------------------------


def _picture_folder(source):
    """The folder of that data set's pictures within DCGAN_COURSE_DATA, or None."""
    folder = _data_folder()
    if not folder or source.file.endswith(".npz"):
        return None
    places = (folder / place for place in (source.file, *source.also))
    return next((place for place in places if place.is_dir()), None)


def _read_pictures(folder, source, split):
    """Read a split's pictures, at most MOST_PICTURES. Returns them as uint8, and the origin."""
    from dcgan_course.folders import ImageFolder

    pictures = ImageFolder(folder, source.shape[0], crop=source.crop)
    held_out = int(source.held_out * len(pictures))
    train, test = np.split(np.array(pictures.files), [len(pictures) - held_out])
    files = train if split == "train" else test
    if not len(files):
        raise DataError(f"{folder} holds {len(pictures)} pictures: too few for a {split} split.")
    origin = f"{folder.name} in DCGAN_COURSE_DATA"
    if len(files) > MOST_PICTURES:
        origin = f"the first {MOST_PICTURES:,} of {len(files):,} in {origin}"
    part = ImageFolder(files[:MOST_PICTURES], source.shape[0], crop=source.crop)
    return part.load(), origin


def open_pictures(name, stand_ins, *, count=None, seed=0):
    """A data set of pictures that stays on disk, for sets that are too large for memory.

    Args:
        name: "faces" or "bonsai".
        stand_ins: a folder, into which stand-ins are drawn where DCGAN_COURSE_DATA holds no
            pictures; those of an earlier call with the same arguments are used again.
        count: how many stand-ins; None for as many as suit the data set.
        seed: which stand-ins.

    Returns:
        `(pictures, source)`: a `folders.ImageFolder`, and "real" or "stand-in".

    Raises:
        ValueError: unknown name, or a data set that does not consist of pictures.
    """
    from dcgan_course.folders import ImageFolder, write_pictures

    if name not in SOURCES or SOURCES[name].file.endswith(".npz"):
        raise ValueError(f"There are pictures for 'faces' and 'bonsai', not for {name!r}.")
    source = SOURCES[name]
    if folder := _picture_folder(source):
        return ImageFolder(folder, source.shape[0], crop=source.crop), "real"
    reason = source.no_download or "DCGAN_COURSE_DATA holds no folder of them"
    _say_stand_in(name, reason, sys.stdout)  # no mishap: for faces it is the usual case
    count = count or source.standins
    folder = Path(stand_ins) / f"{name}-{count}-{seed}"
    if not folder.exists():
        print(f"Drawing {count:,} pictures, this once: some {max(1, count // 200)} seconds.")
        # Written beside and renamed: an interrupted drawing leaves no half a set.
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".drawing-") as beside:
            images, _ = source.draw(count, seed=seed)
            os.replace(write_pictures(Path(beside) / "whole", images), folder)
    return ImageFolder(folder, source.shape[0], crop=source.crop), "stand-in"


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
    if source.no_download:
        raise _Unreachable(source.no_download)
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
            response = requests.head(url, timeout=STALL_SECONDS, allow_redirects=True)
            # Some archives hand out addresses that are signed for GET alone: they are there.
            if response.status_code not in (403, 405):
                response.raise_for_status()
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


def make_dataset(images, batch_size, *, seed=0, first_step=0, shuffle=True, part=(0, 1)):
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
        part: (which, of how many): each batch is dealt out to so many machines, this is the
            share of one.

    Returns:
        A `tf.data.Dataset` of batches (batch_size, height, width, channels). One epoch
        is `len(images) // batch_size` batches: take them with `itertools.islice`, or
        give that number to `fit` as `steps_per_epoch`.

    Raises:
        ValueError: not a set of images, fewer images than one batch, or a batch that cannot
            be dealt out evenly.
    """
    import tensorflow as tf

    if len(images.shape) != 4:
        raise ValueError(
            f"images should have shape (count, height, width, channels), not {images.shape}."
        )
    count = int(images.shape[0])
    indices = shuffled_indices(count, batch_size, seed, first_step, shuffle, part)
    with tf.device("CPU"):  # a whole set has no place in a GPU's memory
        held = tf.convert_to_tensor(images)

    # Rewriting the pipeline would write the whole set into its graph, one copy more.
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return indices.map(lambda i: tf.gather(held, i)).prefetch(2).with_options(options)


def shuffled_indices(count, batch_size, seed=0, first_step=0, shuffle=True, part=(0, 1)):
    """The order of `make_dataset`: endless batches of int32 indices below `count`."""
    import tensorflow as tf

    which, parts = part
    if not 1 <= batch_size <= count:
        raise ValueError(f"batch_size must be between 1 and {count}, not {batch_size}.")
    if batch_size % parts:
        raise ValueError(f"A batch of {batch_size} cannot be dealt out evenly to {parts}.")
    share = batch_size // parts

    def one_epoch(epoch):
        order = tf.range(count)
        if shuffle:
            key = tf.stack([tf.constant(seed, tf.int64), epoch])
            order = tf.random.experimental.stateless_shuffle(order, seed=key)
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size, drop_remainder=True)

    first_epoch, first_batch = divmod(first_step, count // batch_size)
    epochs = tf.data.Dataset.range(first_epoch, 2**62)
    batches = epochs.flat_map(one_epoch).skip(first_batch)  # of indices: no image is touched
    if parts == 1:
        return batches
    return batches.map(lambda indices: indices[which * share : (which + 1) * share])


def distributed(stream, strategy, batch_size):
    """A stream of batches under a `tf.distribute` strategy: each machine makes its own share.

    Left to itself, Keras would have every machine read all images and drop the others' share.

    Args:
        stream: a function of `part`, such as `ImageFolder.stream` with its other arguments
            given, that returns that share of batches of `batch_size`.
        strategy: such as `MirroredStrategy` or `MultiWorkerMirroredStrategy`.
        batch_size: images per batch, over all machines and all their GPUs.

    Returns:
        A distributed dataset, as `fit` takes it.
    """

    def this_machine(context):
        share = stream(part=(context.input_pipeline_id, context.num_input_pipelines))
        replica = context.get_per_replica_batch_size(batch_size)
        if replica * context.num_input_pipelines == batch_size:
            return share
        return share.unbatch().batch(replica, drop_remainder=True).prefetch(2)

    return strategy.distribute_datasets_from_function(this_machine)
