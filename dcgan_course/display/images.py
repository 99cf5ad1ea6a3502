"""Grids, sample sheets and GIFs. The only place where images become uint8.

No matplotlib figure per frame: a grid is a reshape, its caption a few letters drawn by
Pillow, and imageio writes the file.
"""

import io
import math
import re
from functools import cache
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dcgan_course.files import write_beside

PICTURES = Path(__file__).parent / "pictures"
KEPT_SIDE = 32  # pixels of an image in PICTURES


def to_uint8(images):
    """Images in [−1, 1] → uint8 in 0…255.

    Args:
        images: float (count, height, width, channels), 1 or 3 channels.

    Returns:
        uint8 array of the same shape.

    Raises:
        ValueError: another shape, values outside [−1, 1], NaN or infinite values.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not images.size:
        raise ValueError(
            "Images should have shape (count, height, width, channels) with 1 or 3 channels, "
            f"not {images.shape}."
        )
    if images.dtype == np.uint8:
        raise ValueError("Images should be floats in [−1, 1], not uint8: use x / 127.5 − 1.")
    images = images.astype("float32")
    if not np.isfinite(images).all():
        raise ValueError("Images hold NaN or infinite values: the network has diverged.")
    low, high = float(images.min()), float(images.max())
    if low < -1.001 or high > 1.001:
        raise ValueError(
            f"Images should lie in [−1, 1], these reach from {low:.3g} to {high:.3g}. "
            "Scale images in 0…255 by x / 127.5 − 1."
        )
    return np.clip(np.rint((images + 1) * 127.5), 0, 255).astype("uint8")


def image_grid(images, columns=None, *, gap=2, scale=1, caption=None):
    """Many images as one picture, row by row.

    Args:
        images: float (count, height, width, channels) in [−1, 1].
        columns: images in a row; the square root of their number if None. A last row
            that is not full stays black at its end.
        gap: black pixels between neighbours, before scaling.
        scale: a whole number, by which every pixel grows.
        caption: a line of text above the grid, cut where it is too long.

    Returns:
        uint8 (H, W) for one channel, (H, W, 3) for three.

    Raises:
        ValueError: see `to_uint8`; or `columns`, `scale` below 1.
    """
    pixels = to_uint8(images)
    count, height, width, channels = pixels.shape
    columns = math.ceil(math.sqrt(count)) if columns is None else columns
    if columns < 1 or scale < 1 or gap < 0:
        raise ValueError("columns and scale should be at least 1, gap at least 0.")
    rows = math.ceil(count / columns)
    sheet = np.zeros((rows * columns, height + gap, width + gap, channels), "uint8")
    sheet[:count, :height, :width] = pixels
    sheet = sheet.reshape(rows, columns, height + gap, width + gap, channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * (height + gap), columns * (width + gap), channels)
    sheet = sheet[: sheet.shape[0] - gap, : sheet.shape[1] - gap] if gap else sheet
    sheet = sheet.repeat(scale, axis=0).repeat(scale, axis=1)
    sheet = sheet[..., 0] if channels == 1 else sheet
    if caption is not None:
        sheet = np.concatenate([_caption(caption, sheet.shape), sheet])
    return sheet


@cache
def _font(size):
    from matplotlib import get_data_path  # it carries a font; Pillow's own is a bitmap

    return ImageFont.truetype(str(Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")), size)


def _caption(text, shape):
    size = _letter_size(shape[1])
    mode = "L" if len(shape) == 2 else "RGB"
    strip = Image.new(mode, (shape[1], _caption_height(shape[1])))
    ImageDraw.Draw(strip).text(
        (4, 3), text, font=_font(size), fill=255 if mode == "L" else (255, 255, 255)
    )
    return np.asarray(strip)


def _letter_size(width):
    return max(10, min(16, width // 12))


def _caption_height(width):
    return _letter_size(width) + 8


def save_samples(path, images, **grid_options):
    """Write images as one PNG sheet, beside and renamed.

    Args:
        path: the file, ending in .png.
        images, grid_options: see `image_grid`.

    Returns:
        The path.
    """
    return save_picture(path, image_grid(images, **grid_options))


def save_picture(path, picture):
    """Write one uint8 picture (H, W) or (H, W, 3) as PNG, beside and renamed."""
    with write_beside(path) as beside:
        iio.imwrite(beside, picture, extension=".png")
    return Path(path)


def png(pixels):
    """A uint8 picture as PNG bytes, compressed least: a slider waits for it, no file is kept."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def kept_images(name):
    """Images that ship with the course, from trainings that take longer than a lesson.

    Args:
        name: such as "04_original"; `benchmarks/quality.py curves` made them.

    Returns:
        float32 (count, 32, 32, 3) in [−1, 1].

    Raises:
        ValueError: unknown name.
    """
    path = PICTURES / f"{name}.png"
    if not path.exists():
        known = ", ".join(sorted(path.stem for path in PICTURES.glob("*.png")))
        raise ValueError(f"No images of the name {name!r} are kept. There are: {known}.")
    sheet = iio.imread(path)
    rows, columns = sheet.shape[0] // KEPT_SIDE, sheet.shape[1] // KEPT_SIDE
    images = sheet.reshape(rows, KEPT_SIDE, columns, KEPT_SIDE, 3).swapaxes(1, 2)
    return (images.reshape(-1, KEPT_SIDE, KEPT_SIDE, 3) / 127.5 - 1).astype("float32")


def space_frames(count):
    """Which of `count` frames to keep, so that early epochs get more of them.

    Progress is fast at first: frame i is kept where 2·√i reaches a new whole number (the
    trick of TensorFlow's DCGAN tutorial), and the last frame always.

    Returns:
        A list of increasing indices into `range(count)`.
    """
    kept, last = [], -1
    for index in range(count):
        if round(2 * math.sqrt(index)) > last:
            last = round(2 * math.sqrt(index))
            kept.append(index)
    if kept and kept[-1] != count - 1:
        kept.append(count - 1)
    return kept


def save_gif(path, frames, *, seconds_per_frame=0.2, hold_last=2.0, loop=0, colours=None):
    """Write pictures as an animated GIF, beside and renamed.

    Args:
        path: the file, ending in .gif.
        frames: uint8 pictures of equal shape, (H, W) or (H, W, 3).
        seconds_per_frame: how long each is shown.
        hold_last: how long the last is shown, in seconds.
        loop: how often it plays; 0 for ever.
        colours: None, or to how many colours each frame is reduced, 2 to 256. Plots need
            few, and take a fraction of the space.

    Returns:
        The path.

    Raises:
        ValueError: no frames, or frames of unequal shapes or not uint8.
    """
    frames = [np.asarray(frame) for frame in frames]
    if not frames:
        raise ValueError("A GIF needs at least one frame.")
    if len({frame.shape for frame in frames}) > 1:
        shapes = sorted({frame.shape for frame in frames})
        raise ValueError(f"All frames should have one shape, these have {shapes}.")
    if frames[0].dtype != np.uint8:
        raise ValueError(f"Frames should be uint8, as from image_grid, not {frames[0].dtype}.")
    if colours is not None:
        no_dots = Image.Dither.NONE  # a pattern of dots would compress badly
        few = [Image.fromarray(frame).quantize(colours, dither=no_dots) for frame in frames]
        frames = [np.asarray(frame.convert("RGB")) for frame in few]
    milliseconds = [round(1000 * seconds_per_frame)] * (len(frames) - 1)
    milliseconds.append(round(1000 * hold_last))
    with write_beside(path) as beside:
        iio.imwrite(
            beside,
            np.stack(frames),
            extension=".gif",
            plugin="pillow",
            duration=milliseconds if len(frames) > 1 else milliseconds[0],  # Pillow's wish
            loop=loop,
        )
    return Path(path)


class FrameRecorder:
    """Keeps one picture per epoch in a folder, and makes the GIF of them.

    The frames are PNG files from the moment they are drawn, so a killed training has
    them still, and its continuation adds the rest.

    Args:
        folder: where the frames go, as epoch-0001.png and so on.
        columns, scale: see `image_grid`.
    """

    def __init__(self, folder, *, columns=None, scale=2):
        self.folder = Path(folder)
        self.columns = columns
        self.scale = scale

    def add(self, epoch, images, caption=None):
        """Keep the images of one epoch, under a caption that names it. Returns the frame."""
        caption = f"epoch {epoch}" if caption is None else caption
        frame = image_grid(images, self.columns, scale=self.scale, caption=caption)
        save_picture(self._file(epoch), frame)
        return frame

    def forget_after(self, epoch):
        """Drop the frames of later epochs: a resumed training will draw them again."""
        for number in self._numbers():
            if number > epoch:
                self._file(number).unlink(missing_ok=True)

    def epochs(self):
        """The epochs of which there is a whole frame, in order. Other files do not count."""
        return [number for number in self._numbers() if self._read(number) is not None]

    def frames(self):
        """All whole frames, uint8, in the order of their epochs."""
        frames = (self._read(number) for number in self._numbers())
        return [frame for frame in frames if frame is not None]

    def last_sheet(self):
        """The newest frame without its caption, as `image_grid` made it; None without a frame."""
        frames = self.frames()
        if not frames:
            return None
        return frames[-1][_caption_height(frames[-1].shape[1]) :]

    def save_gif(self, path, *, spaced=True, **options):
        """Write the GIF of the frames that have the size of the newest, and say what is missing.

        Args:
            path, options: see `save_gif`.
            spaced: True shows more of the early epochs.
        """
        frames = self.frames()
        alike = [frame for frame in frames if frame.shape == frames[-1].shape]
        if len(alike) < len(self._numbers()):
            missing = len(self._numbers()) - len(alike)
            print(
                f"{path}: {missing} of {len(self._numbers())} frames are left out, which are "
                "damaged or not as large as the newest."
            )
        kept = space_frames(len(alike)) if spaced else range(len(alike))
        return save_gif(path, [alike[index] for index in kept], **options)

    def _numbers(self):
        names = (re.fullmatch(r"epoch-(\d{4,})\.png", file.name) for file in self._files())
        numbers = sorted(int(name[1]) for name in names if name)
        return [number for number in numbers if self._file(number).is_file()]

    def _files(self):
        return self.folder.iterdir() if self.folder.is_dir() else ()

    def _read(self, epoch):
        """A frame, or None where its file is not whole."""
        try:
            return iio.imread(self._file(epoch), extension=".png")
        except Exception:  # Pillow has many words for damage
            return None

    def _file(self, epoch):
        return self.folder / f"epoch-{epoch:04d}.png"
