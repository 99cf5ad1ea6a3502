"""One picture file: formats, color modes, and files that mean harm."""

import io
import os
import socket
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from dcgan_course.data import pictures
from dcgan_course.data.errors import DataError
from dcgan_course.data.folder import ImageFolder
from dcgan_course.data.pictures import read_picture

RED = (255, 0, 0)


def near(image, color, within=6):
    return np.abs(np.asarray(image).astype(int) - color).max() <= within


# --- formats and modes ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "kind"),
    [("gif", "GIF"), ("bmp", "BMP"), ("tif", "TIFF"), ("tiff", "TIFF"), ("jfif", "JPEG")],
)
def test_more_formats_are_found_and_read(tmp_path, ending, kind):
    Image.new("RGB", (40, 30), RED).save(tmp_path / f"a.{ending}", kind)
    assert near(ImageFolder(tmp_path, 8).load()[0], RED)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF"])
def test_of_an_animation_the_first_frame_is_read(tmp_path, kind):
    frames = [Image.new("RGB", (16, 16), color) for color in (RED, (0, 0, 255))]
    frames[0].save(tmp_path / "a", kind, save_all=True, append_images=frames[1:])
    assert near(read_picture(tmp_path / "a", 8), RED, 40)


@pytest.mark.parametrize("level", [0, 127, 255])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "big-endian TIFF"])
def test_gray_of_16_bits_keeps_its_brightness(tmp_path, kind, level):
    """Pillow alone clips it at 255 of 65,535, which is white."""
    path = tmp_path / "a"
    gray = np.full((20, 30), level * 257, "uint16")
    if kind == "big-endian TIFF":
        path.write_bytes(big_endian_tiff(gray))
        with Image.open(path) as picture:
            assert picture.mode == "I;16B"
    else:
        Image.fromarray(gray).save(path, kind)
    assert near(read_picture(path, 8), level, 0)


def big_endian_tiff(gray):
    """A TIFF of 16-bit gray numbers, written by hand."""
    height, width = gray.shape
    tags = [(256, width), (257, height), (258, 16), (259, 1), (262, 1), (273, 0), (277, 1)]
    tags += [(278, height), (279, 2 * gray.size)]
    start = 8 + 2 + 12 * len(tags) + 4
    head = b"MM\0*" + struct.pack(">IH", 8, len(tags))
    for tag, value in tags:
        head += struct.pack(">HHII", tag, 4, 1, start if tag == 273 else value)
    return head + bytes(4) + gray.astype(">u2").tobytes()


def test_one_transparent_gray_of_16_bits_becomes_white(tmp_path):
    gray = np.full((20, 20), 300, "uint16")
    gray[:10] = 40_000
    Image.fromarray(gray).save(tmp_path / "a.png", transparency=300)
    image = read_picture(tmp_path / "a.png", 20)
    assert near(image[2], 156)
    assert near(image[-2], 255)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_numbers_without_a_white_are_refused(tmp_path, mode):
    Image.new(mode, (8, 8), 7).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=r"a\.tif holds .* save it with 8 or 16 bits"):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_color_mode_of_a_tiff(tmp_path, mode):
    Image.new("RGB", (16, 16), "white").convert(mode).save(tmp_path / "a.tif")
    assert near(read_picture(tmp_path / "a.tif", 8), 255)


def test_half_transparent_pixels_are_laid_on_white(tmp_path):
    Image.new("RGBA", (30, 20), (255, 0, 0, 128)).save(tmp_path / "a.png")
    for crop in (True, False):
        assert near(read_picture(tmp_path / "a.png", 8, crop=crop), (255, 127, 127))
    edge = Image.new("RGBA", (64, 64), (0, 0, 0, 0))  # black where nothing is seen
    edge.paste((255, 255, 255, 255), (0, 0, 32, 64))
    edge.save(tmp_path / "b.png")
    assert near(read_picture(tmp_path / "b.png", 9), 255)  # and no dark seam


# --- files that mean harm, or are no pictures -----------------------------------------


def png_header(width, height):
    """A PNG that announces a size and holds next to nothing."""

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [7200, 13_000, 60_000])
def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path, side, monkeypatch):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(side, side))
    monkeypatch.setattr(pictures, "_as_square", lambda *_: pytest.fail("decoded"))
    with pytest.raises(DataError, match=r"bomb\.png has .*pixels.*[Ss]cale it down"):
        read_picture(path)
    if side < 20_000:  # beyond, Pillow itself refuses, and knows only the product
        with pytest.raises(DataError, match=f"{side} × {side} pixels"):
            read_picture(path)


def test_the_largest_photos_are_read(tmp_path):
    path = tmp_path / "photo.jpg"
    Image.new("L", (8160, 6120), 90).save(path)  # 50 megapixels
    assert near(read_picture(path, 8), 90)


@pytest.mark.parametrize(
    "content",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html>Please log in</html>",
        b"%PDF-1.4\n",
        b"",
        bytes(1000),
    ],
)
def test_other_formats_are_never_handed_to_another_program(tmp_path, content, monkeypatch):
    import subprocess

    monkeypatch.setattr(subprocess, "check_call", lambda *_, **__: pytest.fail("started a program"))
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("started a program"))
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.jpg is not a picture of a known format \(JPEG, PNG"):
        read_picture(path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
def test_a_truncated_file_is_named(tmp_path, kind):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), "uint8")
    file = io.BytesIO()
    Image.fromarray(noise).save(file, kind)
    path = tmp_path / "a.jpg"
    path.write_bytes(file.getvalue()[: file.tell() // 2])
    with pytest.raises(DataError, match=r"a\.jpg is (damaged|not a picture)"):
        read_picture(path)


def test_what_is_no_file_is_never_opened(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    with pytest.raises(DataError, match=r"folder\.jpg is a folder"):
        read_picture(tmp_path / "folder.jpg")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_picture(tmp_path / "nowhere.jpg")
    for wrong in (None, 5, b"a.jpg", ["a.jpg"]):
        with pytest.raises(DataError, match="path should name a picture file"):
            read_picture(wrong)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_pipes_sockets_and_devices_are_never_opened(tmp_path, kind, monkeypatch):
    Image.new("RGB", (8, 8), RED).save(tmp_path / "good.png")
    monkeypatch.chdir(tmp_path)  # a socket's name must be short
    held = socket.socket(socket.AF_UNIX)
    if kind == "pipe":
        os.mkfifo("a.jpg")
    elif kind == "socket":
        held.bind("a.jpg")
    else:
        os.symlink("/dev/zero", "a.jpg")
    with held:
        with pytest.raises(DataError, match=r"a\.jpg is a pipe or a device"):
            read_picture("a.jpg")
        assert [path.name for path in ImageFolder(tmp_path).files] == ["good.png"]
        listed = ImageFolder(["a.jpg", "good.png"], 8)
        assert len(listed.load()) == 1


WRONG_SIZES = [(64, 48), [64], 0, -1, True, 64.0, "64", None, float("nan"), 10**9]


@pytest.mark.parametrize("size", WRONG_SIZES)
def test_a_wrong_size_is_refused_before_any_file_is_read(tmp_path, size):
    for use in (read_picture, ImageFolder):
        with pytest.raises(ValueError, match="size should be a whole number from 1 to 8,192, not"):
            use(tmp_path / "nowhere", size)


@pytest.mark.parametrize("crop", [1, "no", None])
def test_a_wrong_crop_is_refused(tmp_path, crop):
    for use in (read_picture, ImageFolder):
        with pytest.raises(ValueError, match="crop should be True or False"):
            use(tmp_path / "nowhere", crop=crop)


def test_numpy_numbers_are_numbers(tmp_path):
    Image.new("RGB", (8, 8), RED).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png", np.int32(5), crop=np.True_).shape == (5, 5, 3)
    folder = ImageFolder(tmp_path, np.int64(6))
    assert folder.shape == (1, 6, 6, 3)
    assert folder.read(np.int64(0)).shape == (6, 6, 3)
