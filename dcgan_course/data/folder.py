"""Pictures in a folder: of any size and format, read when they are needed.

A set that fits into memory is best held there. CelebA's 202,599 faces would take 10 GB as
float32; here only the names of the files are held, shuffled, and dealt out, and `tf.data` reads
ahead while the network computes.
"""

import errno
import logging
import os
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from dcgan_course.checks import shown, whole_number
from dcgan_course.data.errors import DataError
from dcgan_course.data.pictures import ENDINGS, read_picture, square_options
from dcgan_course.data.stream import shuffled_indices

# Folders that systems fill with thumbnails or deleted files; a dot before a name hides the others.
SYSTEM_FOLDERS = ("__MACOSX", "@eaDir", "$RECYCLE.BIN")
# Errors of the process, which the next file would meet as well: no reason to skip this one.
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
log = logging.getLogger(__name__)


def find_pictures(folder):
    """Find the picture files of a folder and its subfolders, in order of name.

    Hidden files and folders are left out, and so are pipes and devices. A link to a folder is
    followed once, unless it leads to a folder that holds the link.

    Args:
        folder: the path of a folder.

    Returns:
        A list of paths.

    Raises:
        OSError: the folder itself cannot be read; of subfolders, the log says so.
    """
    found, seen = [], set()
    places, links = [Path(folder)], []
    while places or links:
        place = places.pop() if places else links.pop(0)  # links last: real names come first
        try:
            status = place.stat()
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as problem:
            if not seen:
                raise
            log.warning("Skipped a folder that cannot be read: %s", problem)
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            if entry.name.startswith(".") or entry.name in SYSTEM_FOLDERS:
                continue
            path = Path(entry.path)
            kind = _kind(entry)
            if kind == "link":
                links.append(path)
            elif kind == "folder":
                places.append(path)
            elif kind == "file" and path.suffix.lower() in ENDINGS:
                found.append(path)
    return sorted(found)


def _kind(entry):
    """Whether a folder's entry is a "file", a "folder", a "link" to a folder, or None of these."""
    try:
        if entry.is_file():
            return "file"
        if not entry.is_dir():
            return None
        if not entry.is_symlink():
            return "folder"
        around = Path(entry.path).absolute().parent.resolve().parents
        return None if Path(entry.path).resolve() in around else "link"
    except (OSError, RuntimeError):  # a link that leads in a circle
        return None


class ImageFolder:
    """The picture files of a folder and its subfolders, in order of name.

    Hidden files and folders are left out; linked subfolders are searched once.

    Args:
        source: a folder; or a list of files.
        size, crop: see `read_picture`.

    Attributes:
        files: the paths.
        shape: (count, size, size, 3), as an array of all images would have.
        skipped: files that could not be read so far, with the reason, by path.

    Raises:
        DataError: no such folder, or no picture in it.
        ValueError: a wrong `size` or `crop`.
    """

    def __init__(self, source, size=64, *, crop=True):
        self.size, self.crop = square_options(size, crop)
        if isinstance(source, (str, os.PathLike)):
            folder = _checked_folder(source)
            self.files = find_pictures(folder)
        else:
            folder = "the list of files"
            self.files = _checked_files(source)
        if not self.files:
            raise DataError(f"There is no picture in {folder} ({', '.join(ENDINGS)}).")
        self.shape = (len(self.files), self.size, self.size, 3)
        self.skipped = {}
        self._lock = threading.Lock()

    def __len__(self):
        return len(self.files)

    def read(self, index):
        """The image of that number, uint8 (size, size, 3).

        In place of a file that cannot be read comes the next one that can, so that the
        number of batches stays the same, on every machine of a cluster. The file's name
        goes to the log, once.

        Raises:
            DataError: not one of the files can be read.
            ValueError: there is no such number.
            OSError: the process has run out of memory or of files that it may open.
        """
        index = whole_number("index", index, minimum=0, maximum=len(self) - 1)
        for shift in range(len(self)):
            image = self._try(self.files[(index + shift) % len(self)])
            if image is not None:
                return image
        raise self._nothing_to_read()

    def load(self):
        """All images that can be read, uint8 (count, size, size, 3).

        Raises:
            DataError: not one of the files can be read.
            OSError: see `read`.
        """
        images = [image for path in self.files if (image := self._try(path)) is not None]
        if not images:
            raise self._nothing_to_read()
        return np.stack(images)

    def _try(self, path):
        """The image in that file, or None where it cannot be read."""
        if path in self.skipped:
            return None
        try:
            return read_picture(path, self.size, crop=self.crop)
        except (DataError, OSError) as problem:
            if getattr(problem, "errno", None) in EXHAUSTED:
                raise
            with self._lock:
                if path not in self.skipped:
                    self.skipped[path] = str(problem)
                    log.warning("Skipped a file that cannot be read: %s", problem)
            return None

    def _nothing_to_read(self):
        first = self.files[0]
        return DataError(
            f"None of the {len(self)} pictures can be read; the first is {first}: "
            f"{self.skipped.get(first, 'unknown')}"
        )

    def stream(self, batch_size, *, seed=0, first_step=0, shuffle=True, part=(0, 1)):
        """An endless stream of batches, read and scaled while the network computes.

        It is not images that are shuffled, in a buffer, but the files' numbers, all of them:
        that costs four bytes for each, mixes perfectly, and the order follows from `seed` and
        the epoch alone. So a resumed training is brought to its place without reading a file.

        Args:
            batch_size: images per batch, over all parts.
            seed, first_step, shuffle: see `make_dataset`.
            part: (which, of how many): each batch is dealt out to so many machines, this is
                the share of one. It holds batch_size / parts images.

        Returns:
            A `tf.data.Dataset` of float32 batches (batch_size / parts, size, size, 3) in
            [−1, 1]. An epoch is `len(self) // batch_size` of them.

        Raises:
            ValueError: a batch size that is too large or cannot be dealt out evenly, or another
                wrong number.
        """
        import tensorflow as tf

        def read(index):
            image = tf.numpy_function(lambda i: self.read(int(i)), [index], tf.uint8)
            image.set_shape(self.shape[1:])
            return tf.cast(image, tf.float32) / 127.5 - 1.0

        indices = shuffled_indices(len(self), batch_size, seed, first_step, shuffle, part)
        # Whole images in the order of their numbers, however many are being read at a time.
        images = indices.unbatch().map(
            read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        )
        return images.batch(batch_size // part[1], drop_remainder=True).prefetch(2)


def write_pictures(folder, images, *, quality=95):
    """Write images as JPEG files 000001.jpg and so on, as CelebA names its own.

    Args:
        folder: where to; made if it does not exist.
        images: uint8 (count, height, width, 3).
        quality: of the JPEG, 1 to 95.

    Returns:
        The folder's path.

    Raises:
        ValueError: images of another shape or type, or a wrong quality.
    """
    quality = whole_number("quality", quality, minimum=1, maximum=95)
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8 or not images.size:
        raise ValueError(
            "images should be uint8 of shape (count, height, width, 3), not "
            f"{images.dtype} of shape {images.shape}."
        )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images, start=1):
        Image.fromarray(image).save(folder / f"{number:06d}.jpg", quality=quality)
    return folder


def _checked_folder(source):
    """The folder that a user has named."""
    folder = Path(source).expanduser()
    if not os.fspath(source):
        raise DataError("The name of the folder is empty: name one that holds pictures.")
    if folder.is_file():
        raise DataError(f"{folder} is a file: name its folder, or give a list of files.")
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder: name one that holds pictures.")
    return folder


def _checked_files(source):
    """The files that a user has listed."""
    try:
        files = list(source)
    except TypeError:
        raise DataError(f"source should be a folder or a list of files, not {source!r}.") from None
    for file in files:
        if not isinstance(file, (str, os.PathLike)):
            raise DataError(f"The list of files should hold paths, not {shown(file)}.")
    return [Path(file).expanduser() for file in files]
