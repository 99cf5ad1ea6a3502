"""Pictures in a folder: every kind and shape, damage, the stream's order, and its memory."""

import errno
import itertools
import logging
import os
import re

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dcgan_course import DCGAN, dcgan_discriminator, dcgan_generator
from dcgan_course.data import folder as folder_module
from dcgan_course.data.drawn.faces import draw_faces
from dcgan_course.data.errors import DataError
from dcgan_course.data.folder import ImageFolder, find_pictures, write_pictures
from dcgan_course.data.pictures import read_picture
from dcgan_course.data.stream import make_dataset
from dcgan_course.training.distributed import distributed_stream

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def near(pixel, color):
    return np.abs(pixel.astype(int) - color).max() < 40


def halves(size=(200, 100), left=RED, right=BLUE):
    """A picture whose left half has one color and whose right half another."""
    picture = Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "png", "webp", "JPG"])
def test_every_kind_of_file(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    halves().save(path, {"jpg": "JPEG", "jpeg": "JPEG"}.get(ending.lower(), ending.upper()))
    image = read_picture(path)
    assert image.shape == (64, 64, 3)
    assert image.dtype == np.uint8
    assert near(image[32, 4], RED)
    assert near(image[32, -4], BLUE)
    assert len(ImageFolder(tmp_path)) == 1


@pytest.mark.parametrize("size", [(178, 218), (218, 178), (64, 64), (20, 30), (3000, 40), (1, 1)])
def test_any_size_becomes_a_square(tmp_path, size):
    Image.new("RGB", size, GREEN).save(tmp_path / "a.png")
    for crop in (True, False):
        image = read_picture(tmp_path / "a.png", 32, crop=crop)
        assert image.shape == (32, 32, 3)
        assert near(image.reshape(-1, 3), GREEN)


def test_crop_cuts_both_ends_and_squeezing_cuts_nothing(tmp_path):
    wide = Image.new("RGB", (300, 100), GREEN)
    wide.paste(RED, (0, 0, 100, 100))
    wide.paste(BLUE, (200, 0, 300, 100))
    wide.save(tmp_path / "a.png")
    assert near(read_picture(tmp_path / "a.png")[:, 2:-2].reshape(-1, 3), GREEN)
    squeezed = read_picture(tmp_path / "a.png", crop=False)
    assert near(squeezed[30, 5], RED)
    assert near(squeezed[30, 32], GREEN)
    assert near(squeezed[30, -5], BLUE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_rotation(tmp_path, kind):
    """Orientation 6: the camera was turned, what is stored as left belongs to the top."""
    picture = halves((100, 100))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / f"a.{kind}", kind, exif=exif)
    image = read_picture(tmp_path / f"a.{kind}")
    assert near(image[4, 32], RED)
    assert near(image[-4, 32], BLUE)


def test_gray_alpha_palette_and_print_colors(tmp_path):
    Image.new("L", (80, 80), 128).save(tmp_path / "gray.png")
    assert near(read_picture(tmp_path / "gray.png"), 128)
    for kind in ("PNG", "WEBP"):
        see_through = Image.new("RGBA", (80, 80), (0, 0, 0, 0))
        see_through.paste((255, 0, 0, 255), (0, 0, 40, 80))
        see_through.save(tmp_path / f"alpha.{kind}", kind)
        image = read_picture(tmp_path / f"alpha.{kind}")
        assert near(image[32, 5], RED)
        assert near(image[32, -5], WHITE)  # and not the black that lies below
    Image.new("LA", (80, 80), (0, 0)).save(tmp_path / "gray_alpha.png")
    assert near(read_picture(tmp_path / "gray_alpha.png"), WHITE)
    halves().quantize(4).save(tmp_path / "palette.png")
    assert near(read_picture(tmp_path / "palette.png")[32, 5], RED)
    Image.new("CMYK", (80, 80), (0, 255, 255, 0)).save(tmp_path / "print.jpg")
    assert near(read_picture(tmp_path / "print.jpg")[32, 5], RED)


def numbered(folder, count):
    """JPEGs of one gray each, which tells which they are."""
    images = np.arange(count, dtype="uint8")[:, None, None, None] * 8
    return write_pictures(folder, np.broadcast_to(images, (count, 16, 16, 3)).copy())


def which(batch):
    return [round(float(value + 1) * 127.5 / 8) for value in np.mean(batch, axis=(1, 2, 3))]


def flat(lists):
    return list(itertools.chain.from_iterable(lists))


def epoch_of(stream, batches):
    return [which(batch) for batch in itertools.islice(stream, batches)]


def test_stream_deals_every_image_once_an_epoch(tmp_path):
    pictures = ImageFolder(numbered(tmp_path, 24), size=16)
    stream = pictures.stream(8, seed=3)
    assert stream.element_spec.shape == (8, 16, 16, 3)
    first, second = (flat(epoch_of(stream.skip(start), 3)) for start in (0, 3))
    assert sorted(first) == sorted(second) == list(range(24))
    assert first != second
    assert first != sorted(first)
    assert flat(epoch_of(pictures.stream(8, shuffle=False), 3)) == list(range(24))


def test_stream_goes_on_where_it_was_without_reading_what_went_before(tmp_path, monkeypatch):
    pictures = ImageFolder(numbered(tmp_path, 24), size=16)
    whole = epoch_of(pictures.stream(4, seed=1), 10)
    reads = []
    original = ImageFolder.read
    monkeypatch.setattr(
        ImageFolder, "read", lambda self, index: reads.append(index) or original(self, index)
    )
    assert epoch_of(pictures.stream(4, seed=1, first_step=7), 1) == whole[7:8]
    assert set(reads) >= set(whole[7])
    assert len(reads) < 7 * 4  # read ahead, but not the seven batches before


def test_parts_of_a_batch_make_the_whole(tmp_path):
    pictures = ImageFolder(numbered(tmp_path, 24), size=16)
    whole = epoch_of(pictures.stream(8, seed=1), 3)
    halves = [epoch_of(pictures.stream(8, seed=1, part=(i, 2)), 3) for i in range(2)]
    assert [a + b for a, b in zip(*halves, strict=True)] == whole
    with pytest.raises(ValueError, match="dealt out evenly"):
        pictures.stream(9, part=(0, 2))
    with pytest.raises(ValueError, match=r"batch_size should .* from 1 to 24, not 25"):
        pictures.stream(25)


def test_several_devices_get_their_shares(tmp_path):
    pictures = ImageFolder(numbered(tmp_path, 24), size=16)
    whole = epoch_of(pictures.stream(8, seed=1), 3)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    stream = distributed_stream(lambda part: pictures.stream(8, seed=1, part=part), strategy, 8)
    for batch, replicas in zip(whole, stream, strict=False):
        assert flat(map(which, strategy.experimental_local_results(replicas))) == batch


def test_damage_is_skipped_and_named_once(tmp_path, caplog):
    numbered(tmp_path, 8)
    bad = tmp_path / "000003.jpg"
    bad.write_bytes(bad.read_bytes()[:300])
    (tmp_path / "000005.jpg").write_bytes(b"no picture at all")
    (tmp_path / "000007.jpg").write_bytes(b"")
    pictures = ImageFolder(tmp_path, size=16)
    with caplog.at_level(logging.WARNING):
        seen = flat(epoch_of(pictures.stream(4, shuffle=False), 6))
    assert seen == [0, 1, 3, 3, 5, 5, 7, 7] * 3  # the next good one takes the place
    assert sorted(path.name for path in pictures.skipped) == [
        f"00000{number}.jpg" for number in (3, 5, 7)
    ]
    for number in (3, 5, 7):
        assert caplog.text.count(f"00000{number}.jpg") >= 1
    assert len(caplog.records) == 3
    assert len(pictures.load()) == 5


def test_last_file_damaged_and_all_files_damaged(tmp_path):
    numbered(tmp_path, 3)
    (tmp_path / "000003.jpg").write_bytes(b"x")
    pictures = ImageFolder(tmp_path, size=16)
    assert round(pictures.read(2).mean()) == round(pictures.read(0).mean())
    for path in tmp_path.glob("*.jpg"):
        path.write_bytes(b"x")
    with pytest.raises(DataError, match="None of the 3 pictures can be read"):
        ImageFolder(tmp_path).load()
    with pytest.raises(DataError, match="None of the 3"):
        ImageFolder(tmp_path).read(1)


def test_folders_that_do_not_do(tmp_path):
    with pytest.raises(DataError, match="not a folder"):
        ImageFolder(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    with pytest.raises(DataError, match="no picture in"):
        ImageFolder(tmp_path)


def test_subfolders_and_hidden_files(tmp_path):
    numbered(tmp_path / "b", 2)
    numbered(tmp_path / "a", 1)
    (tmp_path / "._000009.jpg").write_bytes(b"what some systems leave behind")
    names = [path.relative_to(tmp_path).as_posix() for path in ImageFolder(tmp_path).files]
    assert names == ["a/000001.jpg", "b/000001.jpg", "b/000002.jpg"]


# --- what is found --------------------------------------------------------------------


def names(folder):
    return [path.relative_to(folder).as_posix() for path in find_pictures(folder)]


@pytest.mark.parametrize(
    "hidden",
    [
        ".ipynb_checkpoints/000001-checkpoint.jpg",
        ".thumbnails/large/a.png",
        "__MACOSX/000001.jpg",
        "deep/.hidden/a.jpg",
        "@eaDir/a.jpg",
        "$RECYCLE.BIN/a.jpg",
        "._000001.jpg",
        ".a.jpg",
        "Thumbs.db",
        "desktop.ini",
    ],
)
def test_hidden_files_and_folders_are_left_out(tmp_path, hidden):
    numbered(tmp_path, 1)
    (tmp_path / hidden).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / hidden).write_bytes((tmp_path / "000001.jpg").read_bytes())
    assert names(tmp_path) == ["000001.jpg"]


def test_a_folder_may_itself_lie_in_a_hidden_one(tmp_path):
    numbered(tmp_path / ".cache" / "faces", 2)
    assert len(ImageFolder(tmp_path / ".cache" / "faces")) == 2


def test_a_folder_with_the_ending_of_a_picture_is_a_folder(tmp_path):
    numbered(tmp_path / "holiday.jpg", 1)
    assert names(tmp_path) == ["holiday.jpg/000001.jpg"]


needs_links = pytest.mark.skipif(os.name == "nt", reason="Windows allows links to few users")


@needs_links
def test_a_linked_subfolder_is_searched_once(tmp_path):
    numbered(tmp_path / "elsewhere", 2)
    numbered(tmp_path / "mine" / "z", 1)
    for name in ("b", "a"):
        (tmp_path / "mine" / name).symlink_to(tmp_path / "elsewhere")
    (tmp_path / "mine" / "c").symlink_to("z")  # what is there already keeps its own name
    assert names(tmp_path / "mine") == ["a/000001.jpg", "a/000002.jpg", "z/000001.jpg"]


@needs_links
@pytest.mark.parametrize("target", [".", "..", "../..", "../b", "sub", "nowhere", "/"])
def test_links_in_a_circle_end_and_lead_to_no_stranger(tmp_path, target):
    numbered(tmp_path / "stranger", 1)
    for name in ("a", "b"):
        numbered(tmp_path / "mine" / name, 1)
        (tmp_path / "mine" / name / "sub").symlink_to(target)
    assert names(tmp_path / "mine") == ["a/000001.jpg", "b/000001.jpg"]


@needs_links
def test_a_linked_picture_is_a_picture(tmp_path):
    numbered(tmp_path / "elsewhere", 1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.jpg").symlink_to(tmp_path / "elsewhere" / "000001.jpg")
    (tmp_path / "mine" / "b.jpg").symlink_to("nowhere.jpg")
    assert names(tmp_path / "mine") == ["a.jpg"]


def test_a_subfolder_that_cannot_be_read_is_named(tmp_path, monkeypatch, caplog):
    numbered(tmp_path / "a", 1)
    numbered(tmp_path / "b", 1)
    scan = os.scandir

    def refuse(place):
        if str(place).endswith("a"):
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(folder_module.os, "scandir", refuse)
    assert names(tmp_path) == ["b/000001.jpg"]
    assert str(tmp_path / "a") in caplog.text


@pytest.mark.parametrize("source", ["", None, 5, 2.5, [5], [None], [b"a.jpg"], [["a.jpg"]]])
def test_what_names_neither_a_folder_nor_files(source):
    with pytest.raises(DataError, match=r"(folder|list of files)"):
        ImageFolder(source)
    with pytest.raises(DataError, match="no picture in the list of files"):
        ImageFolder([])


def test_a_single_file_is_told_from_a_folder(tmp_path):
    numbered(tmp_path, 1)
    with pytest.raises(DataError, match="is a file: name its folder, or give a list of files"):
        ImageFolder(tmp_path / "000001.jpg")
    assert len(ImageFolder([tmp_path / "000001.jpg"])) == 1
    assert len(ImageFolder(path for path in [str(tmp_path / "000001.jpg")])) == 1


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_an_exhausted_process_is_no_damage(tmp_path, monkeypatch, number):
    """Else every further picture would be dropped, for good, and training go on."""
    pictures = ImageFolder(numbered(tmp_path, 2), 8)

    def exhausted(*_, **__):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(folder_module, "read_picture", exhausted)
        for use in (pictures.load, lambda: pictures.read(0)):
            with pytest.raises(OSError, match=re.escape(os.strerror(number))):
                use()
    assert pictures.skipped == {}
    assert len(pictures.load()) == 2


def test_the_reason_is_told_where_nothing_can_be_read(tmp_path):
    (tmp_path / "a.jpg").write_text("no picture", encoding="utf-8")
    with pytest.raises(DataError, match=r"None of the 1 pictures.*is not a picture of a known"):
        ImageFolder(tmp_path).load()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 9}, "batch_size"),
        ({"batch_size": 2.0}, "batch_size"),
        ({"batch_size": True}, "batch_size"),
        ({"batch_size": "2"}, "batch_size"),
        ({"batch_size": None}, "batch_size"),
        ({"seed": -1}, "seed"),
        ({"seed": 0.5}, "seed"),
        ({"first_step": -1}, "first_step"),
        ({"first_step": 1.5}, "first_step"),
        ({"shuffle": "no"}, "shuffle"),
        ({"part": (2, 2)}, "part"),
        ({"part": (-1, 2)}, "part"),
        ({"part": (0, 0)}, "part"),
        ({"part": 1}, "part"),
        ({"part": (0, 1, 2)}, "part"),
        ({"part": (0.0, 1)}, "part"),
    ],
)
def test_wrong_numbers_for_a_stream(tmp_path, options, name):
    pictures = ImageFolder(numbered(tmp_path, 8), 8)
    arrays = (np.zeros((8, 4, 4, 1), "float32"),)
    for stream in (pictures.stream, lambda *given, **named: make_dataset(*arrays, *given, **named)):
        with pytest.raises(ValueError, match=rf"{name}(\[\d\])? should be"):
            stream(**{"batch_size": 2, **options})


@pytest.mark.parametrize("index", [-1, 8, 1.0, True, None, "0"])
def test_there_is_no_picture_of_such_a_number(tmp_path, index):
    with pytest.raises(ValueError, match="index should be a whole number from 0 to 7"):
        ImageFolder(numbered(tmp_path, 8), 8).read(index)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 4, 4, 3)),
        np.zeros((2, 4, 4, 1), "uint8"),
        np.zeros((0, 4, 4, 3), "uint8"),
        np.zeros((2, 0, 4, 3), "uint8"),
        np.zeros((4, 4, 3), "uint8"),
        "picture",
        None,
    ],
)
def test_only_color_images_in_bytes_are_written(tmp_path, images):
    with pytest.raises(ValueError, match=r"images should be uint8 of shape \(count"):
        write_pictures(tmp_path / "p", images)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("quality", [0, 101, 95.0, "high", None, True])
def test_a_wrong_quality(tmp_path, quality):
    with pytest.raises(ValueError, match="quality should be a whole number from 1 to 95"):
        write_pictures(tmp_path, np.zeros((1, 8, 8, 3), "uint8"), quality=quality)


# --- training on a folder --------------------------------------------------------------


def small_gan():
    import keras

    keras.utils.set_random_seed(1)
    gan = DCGAN(
        dcgan_generator((64, 64, 3), 8, (8, 4)), dcgan_discriminator((64, 64, 3), (4, 8)), seed=1
    )
    gan.compile()
    return gan


@pytest.mark.slow(seconds=4)
def test_fit_on_a_folder_is_fit_on_its_images(tmp_path):
    pictures = ImageFolder(write_pictures(tmp_path, draw_faces(24)[0]))
    images = pictures.load().astype("float32") / np.float32(127.5) - np.float32(1)
    a, b = small_gan(), small_gan()
    from_disk = a.fit(pictures, batch_size=8, epochs=2, verbose=0).history
    from_memory = b.fit(images, batch_size=8, epochs=2, verbose=0).history
    for name, values in from_memory.items():
        np.testing.assert_allclose(from_disk[name], values, rtol=1e-4)


@pytest.mark.slow(seconds=4)
def test_fit_on_a_folder_resumes(tmp_path):
    pictures = ImageFolder(write_pictures(tmp_path / "p", draw_faces(24)[0]))
    options = dict(batch_size=8, steps_per_epoch=2, verbose=0)
    whole = small_gan()
    whole.fit(pictures, epochs=3, **options)
    small_gan().fit(pictures, epochs=2, resume=tmp_path / "c", **options)
    second = small_gan()
    second.fit(pictures, epochs=3, resume=tmp_path / "c", **options)
    for mine, theirs in zip(second.generator.weights, whole.generator.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


def test_a_distributed_dataset_cannot_resume(tmp_path):
    pictures = ImageFolder(numbered(tmp_path / "p", 8), size=64)
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    stream = distributed_stream(lambda part: pictures.stream(4, part=part), strategy, 4)
    with pytest.raises(ValueError, match="give fit the ImageFolder"):
        small_gan().fit(stream, steps_per_epoch=2, resume=tmp_path / "c", verbose=0)


def test_pictures_of_another_size_than_d_are_refused(tmp_path):
    pictures = ImageFolder(numbered(tmp_path, 8), size=32)
    with pytest.raises(ValueError, match="D expects images of shape"):
        small_gan().fit(pictures, batch_size=4)


STREAMING = """
import sys
from pathlib import Path
from dcgan_course.quiet import import_quietly
import_quietly()
from dcgan_course.data.folder import ImageFolder, write_pictures
from dcgan_course.data.drawn.faces import draw_faces

def megabytes():
    with open("/proc/self/status", encoding="utf-8") as file:
        line = next(line for line in file if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024

folder = Path(sys.argv[1])
write_pictures(folder, draw_faces(40)[0])
files = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
for number in range(41, 20_001):
    (folder / f"{number:06d}.jpg").write_bytes(files[number % 40])
pictures = ImageFolder(folder)
seen = 0
for batch in pictures.stream(128, seed=1):
    seen += len(batch)
    if seen == 20 * 128:
        before = megabytes()
    if seen + 128 > len(pictures):
        break
print(len(pictures), seen, megabytes() - before)
"""


@pytest.mark.slow(seconds=15)
@pytest.mark.skipif(not tf.io.gfile.exists("/proc/self/status"), reason="memory is read from /proc")
def test_memory_stays_flat_over_20_000_pictures(tmp_path, run_python):
    count, seen, growth = map(float, run_python(STREAMING, tmp_path).stdout.split())
    assert count == 20_000
    assert seen == 20_000 // 128 * 128
    assert growth < 60  # megabytes; the images themselves would take 980 as float32, 250 as bytes
