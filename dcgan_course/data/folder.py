"""Pictures in a folder: of any size and format, read when they are needed.

A set that fits into memory is best held there. CelebA's 202,599 faces would take 10 GB as
float32; here only the names of the files are held, shuffled, and dealt out, and `tf.data` reads
ahead while the network computes.
"""

import logging
import threading
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from dcgan_course.data.errors import DataError
from dcgan_course.data.stream import shuffled_indices

KINDS = (".jpg", ".jpeg", ".png", ".webp")
log = logging.getLogger(__name__)


def read_picture(path, size=64, *, crop=True):
    """One picture file as a square colour image.

    Turned upright as its EXIF says; what is transparent becomes white; grey becomes colour.

    Args:
        path: a JPEG, PNG or WebP file.
        size: side of the result, in pixels.
        crop: True scales the shorter side to `size` and cuts the longer one evenly at both
            ends; False squeezes the whole picture into the square.

    Returns:
        uint8 (size, size, 3), 0…255.

    Raises:
        OSError, ValueError, SyntaxError: what Pillow says of a file it cannot read.
    """
    with Image.open(path) as picture:
        picture.draft("RGB", (2 * size, 2 * size))  # a JPEG can be read at a half or a quarter
        picture = ImageOps.exif_transpose(picture)
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            white = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(white, picture)
        picture = picture.convert("RGB")
        if crop:
            picture = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
        else:
            picture = picture.resize((size, size), Image.Resampling.LANCZOS)
        return np.asarray(picture)


class ImageFolder:
    """The picture files of a folder and its subfolders, in order of name.

    Args:
        source: a folder; or a list of files.
        size, crop: see `read_picture`.

    Attributes:
        files: the paths.
        shape: (count, size, size, 3), as an array of all images would have.
        skipped: files that could not be read so far, with the reason, by path.

    Raises:
        DataError: no such folder, or no picture in it.
    """

    def __init__(self, source, size=64, *, crop=True):
        if isinstance(source, (str, Path)):
            folder = Path(source).expanduser()
            if not folder.is_dir():
                raise DataError(f"{folder} is not a folder: name one that holds pictures.")
            kinds = ", ".join(KINDS)
            found = (path for path in folder.rglob("*") if path.suffix.lower() in KINDS)
            self.files = sorted(path for path in found if not path.name.startswith("."))
        else:
            folder, kinds = "the list of files", "any"
            self.files = [Path(path) for path in source]
        if not self.files:
            raise DataError(f"There is no picture in {folder} ({kinds}).")
        self.size = size
        self.crop = crop
        self.shape = (len(self.files), size, size, 3)
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
        """
        for shift in range(len(self)):
            image = self._try(self.files[(index + shift) % len(self)])
            if image is not None:
                return image
        raise self._nothing_to_read()

    def load(self):
        """All images that can be read, uint8 (count, size, size, 3).

        Raises:
            DataError: not one of the files can be read.
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
        except Exception as problem:  # Pillow's plugins each have their own words for damage
            with self._lock:
                if path not in self.skipped:
                    self.skipped[path] = str(problem)
                    log.warning("Skipped %s: it cannot be read (%s).", path, problem)
            return None

    def _nothing_to_read(self):
        return DataError(
            f"None of the {len(self)} pictures can be read; the first is {self.files[0]}."
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
            ValueError: a batch size that is too large, or cannot be dealt out evenly.
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
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images, start=1):
        Image.fromarray(image).save(folder / f"{number:06d}.jpg", quality=quality)
    return folder
