"""The data sets: what is published where, with checksums, and how to read and draw each."""

import io
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from dcgan_course.data import drawn
from dcgan_course.data.download import Download, keras_home
from dcgan_course.data.errors import DataError
from dcgan_course.data.pictures import read_picture


@dataclass(frozen=True)
class ImageSource:
    """All that `load_images` must know of one data set.

    `file` is an .npz file in DCGAN_COURSE_DATA, or a folder of pictures, of which `also` are
    other names. `shape` is that of one image in the file: gray ones have no channels there.
    `read`, if given, takes the split and reads what `downloads` has put into Keras' cache;
    `no_download` says why there is none.
    """

    file: str
    shape: tuple
    class_names: tuple
    draw: Callable
    downloads: tuple = ()
    read: Callable | None = None
    also: tuple = ()
    crop: bool = True
    no_download: str = ""
    held_out: float = 0.0  # fraction of a folder's pictures that is the test split: the last ones
    test_every: int = 0  # or each so-many-th one, where pictures are named by their classes
    standins: int | None = None  # how many to draw, where 10,000 would not do


_KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def _fashion(name, sha256):
    return Download(_KERAS_FILES + name, f"datasets/fashion-mnist/{name}", sha256)


_CIFAR = Download(
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    # Where today's Keras keeps the same file: what either has downloaded serves both.
    "datasets/cifar-10-batches-py-target_archive",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    packed=True,
)


def read_cifar10(split):
    """Read all ten classes of CIFAR-10 from the packed original in Keras' cache.

    Args:
        split: "train" or "test".

    Returns:
        `(images, labels)`: uint8 (N, 32, 32, 3), and int64 (N,), 0 to 9.
    """
    parts = [f"data_batch_{i}" for i in range(1, 6)] if split == "train" else ["test_batch"]
    images, labels = [], []
    with tarfile.open(keras_home() / _CIFAR.cached) as archive:
        for part in parts:
            # Its checksum has been compared: a pickle of unknown origin is never loaded.
            batch = pickle.load(
                archive.extractfile(f"cifar-10-batches-py/{part}"), encoding="bytes"
            )
            images.append(batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
            labels.append(np.array(batch[b"labels"], "int64"))
    return np.concatenate(images), np.concatenate(labels)


def _cifar_class(label, split):
    """Images of one of CIFAR-10's classes, uint8 (N, 32, 32, 3), from the packed original."""
    images, labels = read_cifar10(split)
    images = images[labels == label]
    return images, np.zeros(len(images), "int64")


_CALTECH = Download(
    "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",
    "datasets/caltech-101.zip",
    "331234750fc7f77520e50d9565e8b6907b03565e30320da1401130db08c61f91",
    packed=True,
)
_BONSAI_SHAPE, _FACE_SHAPE = (64, 64, 3), (64, 64, 3)


def _bonsai(split):
    """Caltech-101's bonsai trees, uint8 (128, 64, 64, 3): a .tar.gz within a .zip."""
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


_PETS = Download(
    "https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",
    "datasets/oxford-iiit-pet/images.tar.gz",
    "67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
    packed=True,
)
_PET_SHAPE, _PET_TEST_EVERY = (64, 64, 3), 10


def _pets(split):
    """Oxford-IIIT Pet's photographs, uint8 (N, 64, 64, 3), short side to 64 and cropped.

    Files are named by breed, so each tenth is the test split. Those that cannot be read are
    left out: the published archive holds a few.
    """
    pictures = {}
    with tarfile.open(keras_home() / _PETS.cached, mode="r|gz") as archive:
        for member in archive:
            name = member.name.rsplit("/", 1)[-1]
            if not (member.isfile() and name.endswith(".jpg")) or name.startswith("."):
                continue
            try:
                content = io.BytesIO(archive.extractfile(member).read())
                pictures[name] = read_picture(content, _PET_SHAPE[0])
            except DataError:
                continue
    chosen = in_split(sorted(pictures), split, SOURCES["pets"])
    return np.stack([pictures[name] for name in chosen]), np.zeros(len(chosen), "int64")


def in_split(files, split, source):
    """The files of a split, in their order."""
    if source.test_every:
        last = source.test_every - 1
        is_test = [index % source.test_every == last for index in range(len(files))]
    else:
        first = len(files) - int(source.held_out * len(files))
        is_test = [index >= first for index in range(len(files))]
    return [file for file, test in zip(files, is_test, strict=True) if test == (split == "test")]


SOURCES = {
    "mnist": ImageSource(
        "mnist.npz",
        (28, 28),
        drawn.DIGITS,
        drawn.draw_digits,
        (
            Download(
                _KERAS_FILES + "mnist.npz",
                "datasets/mnist.npz",
                "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
            ),
        ),
    ),
    "fashion_mnist": ImageSource(
        "fashion_mnist.npz",
        (28, 28),
        drawn.GARMENTS,
        drawn.draw_garments,
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
    "cifar10_frogs": ImageSource(
        "cifar10_frogs.npz",
        (32, 32, 3),
        ("frog",),
        drawn.draw_frogs,
        (_CIFAR,),
        partial(_cifar_class, 6),
    ),
    "bonsai": ImageSource(
        "caltech-101/101_ObjectCategories/bonsai",
        _BONSAI_SHAPE,
        ("bonsai",),
        drawn.draw_trees,
        (_CALTECH,),
        _bonsai,
        also=("101_ObjectCategories/bonsai", "bonsai"),
        crop=False,
        standins=128,
    ),
    "faces": ImageSource(
        "img_align_celeba",
        _FACE_SHAPE,
        ("face",),
        drawn.draw_faces,
        also=("celeba/img_align_celeba", "faces"),
        no_download="CelebA's photographs are given for non-commercial research only, to whoever "
        "agrees to its terms (mmlab.ie.cuhk.edu.hk/projects/CelebA.html)",
        held_out=0.1,
        standins=4000,
    ),
    "pets": ImageSource(
        "oxford-iiit-pet/images",
        _PET_SHAPE,
        ("pet",),
        drawn.draw_pets,
        (_PETS,),
        _pets,
        also=("pets",),
        test_every=_PET_TEST_EVERY,
        standins=4000,
    ),
}
