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

from dcgan_course.checks import number as real_number
from dcgan_course.checks import shown, whole_number
from dcgan_course.files import write_beside

PICTURES = Path(__file__).parent / "pictures"
KEPT_SIDE = 32  # pixels of an image in PICTURES
MOST_PIXELS = 100_000_000  # of a grid: what a screen or a GIF shows is far smaller
PALETTE_SIDE = 96  # pixels of a frame on which its palette is chosen: k-means is slow on more
LONGEST = 655  # seconds: a GIF counts hundredths of them in 16 bits


def to_uint8(images):
    """Images in [−1, 1] → uint8 in 0…255.

    Args:
        images: float (count, height, width, channels), 1 or 3 channels.

    Returns:
        uint8 array of the same shape.

    Raises:
        ValueError: another shape or type, values outside [−1, 1], NaN or infinite values.
    """
    wanted = "Images should have shape (count, height, width, channels) with 1 or 3 channels"
    try:
        images = np.asarray(images)
    except ValueError:
        raise ValueError(f"{wanted}, not several shapes.") from None
    if images.ndim != 4 or images.shape[-1] not in (1, 3) or not images.size:
        raise ValueError(f"{wanted}, not {images.shape}.")
    if images.dtype == np.uint8:
        raise ValueError("Images should be floats in [−1, 1], not uint8: use x / 127.5 − 1.")
    if images.dtype.kind not in "fiu" and images.dtype.name != "bfloat16":
        raise ValueError(f"Images should be floats in [−1, 1], not {images.dtype}.")
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
        gap: black pixels between neighbors, before scaling.
        scale: a whole number, by which every pixel grows.
        caption: a line of text above the grid, cut where it is too long.

    Returns:
        uint8 (H, W) for one channel, (H, W, 3) for three.

    Raises:
        ValueError: see `to_uint8`; `columns` or `scale` below 1; a caption that is no text; or a
            grid of more than 100 million pixels.
    """
    pixels = to_uint8(images)
    count, height, width, channels = pixels.shape
    columns = math.ceil(math.sqrt(count)) if columns is None else columns
    columns = whole_number("columns", columns, minimum=1)
    scale = whole_number("scale", scale, minimum=1)
    gap = whole_number("gap", gap, minimum=0)
    if not (caption is None or isinstance(caption, str)):
        raise ValueError(f"caption should be a line of text, not {shown(caption)}.")
    rows = math.ceil(count / columns)
    across, down = columns * (width + gap) * scale, rows * (height + gap) * scale
    if across * down > MOST_PIXELS:
        raise ValueError(
            f"The grid would have {across:,} × {down:,} pixels: show fewer images, or smaller ones."
        )
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
    """Write one uint8 picture (H, W), (H, W, 1) or (H, W, 3) as PNG, beside and renamed.

    Returns:
        The path.

    Raises:
        ValueError: another shape or type.
    """
    picture = _as_picture("The picture", picture)
    with write_beside(path) as beside:
        iio.imwrite(beside, picture, extension=".png")
    return Path(path)


def png(pixels, compression=1):
    """A uint8 picture as PNG bytes, compressed least: a slider waits for it, no file is kept.

    Args:
        pixels: uint8 (H, W) or (H, W, 3).
        compression: up to 9, for a picture that is kept.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png", compress_level=compression)
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
    known = sorted(path.stem for path in PICTURES.glob("*.png"))
    if not isinstance(name, str) or name not in known:
        known = ", ".join(known)
        raise ValueError(f"No images of the name {shown(name)} are kept. There are: {known}.")
    sheet = iio.imread(PICTURES / f"{name}.png")
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


def save_gif(path, frames, *, seconds_per_frame=0.2, hold_last=2.0, loop=0, colors=None):
    """Write pictures as an animated GIF, beside and renamed.

    Args:
        path: the file, ending in .gif.
        frames: pictures of equal shape, (H, W), (H, W, 1) or (H, W, 3): uint8, or floats in
            [−1, 1].
        seconds_per_frame: how long each is shown, 0.01 to 655.
        hold_last: how long the last is shown, in seconds, 0.01 to 655.
        loop: how often it plays, 0 to 65,535; 0 for ever.
        colors: None, or to how many colors each frame is reduced, 2 to 256. Plots need
            few, and take a fraction of the space.

    Returns:
        The path.

    Raises:
        ValueError: no frames, frames of unequal or other shapes, values that are no pixels, or a
            wrong number.
    """
    frame_time = real_number("seconds_per_frame", seconds_per_frame, minimum=0.01, maximum=LONGEST)
    last_time = real_number("hold_last", hold_last, minimum=0.01, maximum=LONGEST)
    loop = whole_number("loop", loop, minimum=0, maximum=65_535)
    if colors is not None:
        colors = whole_number("colors", colors, minimum=2, maximum=256)
    try:
        frames = list(frames)
    except TypeError:
        raise ValueError(f"frames should be a list of pictures, not {shown(frames)}.") from None
    frames = [_as_picture(f"Frame {index}", frame) for index, frame in enumerate(frames)]
    if not frames:
        raise ValueError("A GIF needs at least one frame.")
    if len({frame.shape for frame in frames}) > 1:
        shapes = sorted({frame.shape for frame in frames})
        raise ValueError(f"All frames should have one shape, these have {shapes}.")
    if colors is not None:
        frames = [_fewer_colors(frame, colors) for frame in frames]
    milliseconds = [round(1000 * frame_time)] * (len(frames) - 1)
    milliseconds.append(round(1000 * last_time))
    with write_beside(path) as beside:
        iio.imwrite(
            beside,
            np.stack(frames),
            extension=".gif",
            plugin="pillow",
            # Else several gray frames, one to four pixels wide, would count as one in color.
            is_batch=True,
            duration=milliseconds if len(frames) > 1 else milliseconds[0],  # Pillow's wish
            loop=loop,
        )
    return Path(path)


def _fewer_colors(frame, most):
    """Reduce a uint8 picture to `most` colors, each pixel to the nearest one: uint8 (H, W, 3).

    Pillow's default, the median cut, takes averages over wide ranges of colors, which turns the
    green of leaves into brown. Here k-means moves the colors to where the pixels are.
    """
    picture = Image.fromarray(frame).convert("RGB")
    if picture.getcolors(most) is not None:
        return np.asarray(picture)
    no_dots = Image.Dither.NONE  # a pattern of dots would compress badly
    step = math.ceil(max(picture.size) / PALETTE_SIDE)
    sample = Image.fromarray(np.ascontiguousarray(np.asarray(picture)[::step, ::step]))
    method = Image.Quantize.MAXCOVERAGE
    palette = sample.quantize(most, method=method, kmeans=1, dither=no_dots)
    return np.asarray(picture.quantize(palette=palette, dither=no_dots).convert("RGB"))


def _as_picture(name, picture):
    """One picture as uint8 (H, W) or (H, W, 3); floats in [−1, 1] are scaled."""
    try:
        picture = np.asarray(picture)
    except ValueError:
        picture = np.empty(0)  # lists of several lengths
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[..., 0]
    colored = picture.ndim == 3 and picture.shape[2] == 3
    if not (picture.ndim == 2 or colored) or not picture.size or max(picture.shape) > 65_535:
        raise ValueError(
            f"{name} should have shape (height, width), (height, width, 1) or (height, width, 3), "
            f"with sides of 1 to 65,535, not {picture.shape}."
        )
    if picture.dtype.kind == "f":
        whole = to_uint8(picture[None] if colored else picture[None, ..., None])[0]
        return whole if colored else whole[..., 0]
    if picture.dtype != np.uint8:
        raise ValueError(
            f"{name} should be uint8, as from image_grid, or floats in [−1, 1], not "
            f"{picture.dtype}."
        )
    return picture


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

    def frame(self, epoch):
        """The frame of one epoch, uint8, or None where its file is not whole."""
        return self._read(epoch)

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
                f"Left {missing} of {len(self._numbers())} frames out of {path}: they are damaged, "
                "or differ in size from the newest."
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
