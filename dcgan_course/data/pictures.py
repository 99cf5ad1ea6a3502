"""One picture file of any common format, size and color mode, as a square color image.

Pictures may come from anywhere, so files are opened with care: only the formats named here are
tried, a file whose header announces too many pixels is refused before it is decoded, and pipes and
devices are never opened.
"""

import os
import stat

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dcgan_course.checks import shown, true_or_false, whole_number
from dcgan_course.data.errors import DataError

# Pillow would also start Ghostscript for PostScript, whatever the file's name ends in.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
ENDINGS = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
MOST_PIXELS = 50_000_000  # a phone's largest photos; decoding takes 8 to 12 bytes for each
LARGEST_SIDE = 8192  # of the square that is made of a picture


def read_picture(path, size=64, *, crop=True):
    """Read one picture file as a square color image.

    The image is turned upright as its EXIF says. What is transparent becomes white, gray becomes
    color, 16 bits a channel become 8. Of an animation, the first frame is read.

    Args:
        path: a JPEG, PNG, WebP, GIF, BMP or TIFF file; or a binary file that is open for reading.
        size: side of the result, in pixels.
        crop: True scales the shorter side to `size` and cuts the longer one evenly at both
            ends; False squeezes the whole picture into the square.

    Returns:
        uint8 (size, size, 3), 0…255.

    Raises:
        DataError: no picture, a damaged one, or one of more than 50 million pixels. The message
            names the file.
        OSError: a file that is missing or must not be read.
        ValueError: a wrong `size` or `crop`.
    """
    size, crop = square_options(size, crop)
    if isinstance(path, (str, os.PathLike)):
        name = os.fspath(path)
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait for ever
            kind = "a folder" if os.path.isdir(path) else "a pipe or a device"
            raise DataError(f"{name} is {kind}, not a picture file.")
    elif hasattr(path, "read"):
        name = getattr(path, "name", "The picture")
    else:
        raise DataError(f"path should name a picture file, not {shown(path)}.")
    try:
        with Image.open(path, formats=FORMATS) as picture:
            _check_pixels(name, picture)
            picture.draft("RGB", (2 * size, 2 * size))  # a JPEG can be read at a half or a quarter
            return _as_square(name, picture, size, crop)
    except (DataError, MemoryError):
        raise
    except Image.DecompressionBombError as problem:
        raise DataError(f"{name} has too many pixels: {problem} Scale it down.") from problem
    except UnidentifiedImageError as problem:
        known = ", ".join(FORMATS)
        raise DataError(f"{name} is not a picture of a known format ({known}).") from problem
    except Exception as problem:  # Pillow's plugins each have their own words for damage
        if isinstance(problem, OSError) and problem.errno is not None:
            raise  # the system's word, not Pillow's
        raise DataError(f"{name} is damaged or cut short ({problem}).") from problem


def square_options(size, crop):
    """Check the `size` and `crop` of `read_picture`. Returns both in plain Python form."""
    hint = "Pictures become squares of that side."
    size = whole_number("size", size, minimum=1, maximum=LARGEST_SIDE, hint=hint)
    return size, true_or_false("crop", crop)


def _check_pixels(name, picture):
    """Refuse too many pixels. Only the header has been read so far."""
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise DataError(
            f"{name} has {width} × {height} pixels, which are more than {MOST_PIXELS:,}: "
            "scale it down."
        )


def _as_square(name, picture, size, crop):
    """A picture that Pillow has opened → uint8 (size, size, 3)."""
    kind = picture.format
    picture = _eight_bits(name, ImageOps.exif_transpose(picture), kind)
    # A palette's numbers cannot be averaged, colors can.
    picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if crop:
        picture = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
    else:
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    if picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
    return np.asarray(picture)


def _eight_bits(name, picture, kind):
    """Turn the modes of more than 8 bits into "L", which Pillow would clip at 255."""
    # Before Pillow 11.3 a gray PNG of 16 bits came as "I", the mode for 32 bits.
    if picture.mode.startswith("I;16") or (picture.mode == "I" and kind == "PNG"):
        numbers = np.asarray(picture)
        gray = (numbers >> 8).astype("uint8")
        if isinstance(key := picture.info.get("transparency"), int):  # one gray is see-through
            gray[numbers == key] = 255
        return Image.fromarray(gray)
    if picture.mode in ("I", "F"):
        numbers = "whole numbers of 32 bits" if picture.mode == "I" else "floating-point numbers"
        raise DataError(
            f"{name} holds {numbers}, of which nothing says what is black and what is white: "
            "save it with 8 or 16 bits a channel."
        )
    return picture
