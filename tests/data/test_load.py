"""load_images from every source, in order, and through every mishap."""

import contextlib
import errno
import gzip
import hashlib
import http.server
import io
import os
import pickle
import runpy
import socket
import struct
import sys
import tarfile
import threading
import time
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import ROOT
from PIL import Image

from dcgan_course.data import download, load, sources
from dcgan_course.data.errors import DataError
from dcgan_course.data.load import are_stand_ins, load_images, open_pictures
from dcgan_course.data.stream import make_dataset

rng = np.random.default_rng(0)


def arrays(count=30, shape=(28, 28)):
    images = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    images[0, 0, :2] = [0, 255]
    labels = (np.arange(count) % 10).astype("uint8")
    return {"x_train": images, "y_train": labels, "x_test": images[:7], "y_test": labels[:7]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder named by DCGAN_COURSE_DATA; no Keras cache; dead network."""
    place = tmp_path / "data"
    place.mkdir()
    monkeypatch.setenv("DCGAN_COURSE_DATA", str(place))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # a closed port
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return place


# --- the reader's folder --------------------------------------------------------------


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_own_folder_comes_first(folder, name):
    content = arrays()
    np.savez_compressed(folder / f"{name}.npz", **content)
    loaded = load_images(name)
    assert loaded.source == "real"
    assert "DCGAN_COURSE_DATA" in loaded.origin
    assert loaded.images.shape == (30, 28, 28, 1)
    assert loaded.images.dtype == np.float32
    assert (loaded.images.min(), loaded.images.max()) == (-1.0, 1.0)
    back = np.rint((loaded.images[..., 0] + 1) * 127.5).astype("uint8")
    assert np.array_equal(back, content["x_train"])
    assert loaded.labels.dtype == np.int64
    assert loaded.labels.tolist() == content["y_train"].tolist()
    assert len(loaded.class_names) == 10
    assert len(load_images(name, "test")) == 7


def test_frogs_need_no_labels(folder):
    rng = np.random.default_rng(1)
    frogs = {
        f"x_{split}": rng.integers(0, 256, (count, 32, 32, 3), "uint8")
        for split, count in (("train", 12), ("test", 5))
    }
    np.savez_compressed(folder / "cifar10_frogs.npz", **frogs)
    for split, content in frogs.items():
        loaded = load_images("cifar10_frogs", split[2:])
        assert loaded.source == "real"
        assert loaded.class_names == ("frog",)
        assert not loaded.labels.any()
        back = np.rint((loaded.images + 1) * 127.5).astype("uint8")
        assert np.array_equal(back, content)
    np.savez_compressed(folder / "cifar10_frogs.npz", x_train=frogs["x_train"][..., 0])
    with pytest.raises(DataError, match=r"it should be uint8 of shape \(N, 32, 32, 3\)"):
        load_images("cifar10_frogs")


def test_frogs_are_taken_out_of_the_packed_cifar10(folder, monkeypatch):
    """Class 6 alone, channels last, from a file whose checksum is compared."""
    rng = np.random.default_rng(2)
    batches, wanted = {}, {"train": [], "test": []}
    for part in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        labels = [6, 3, 6, 0]
        rows = rng.integers(0, 256, (4, 3072), "uint8")
        batches[part] = {b"data": rows, b"labels": labels}
        split = "test" if part == "test_batch" else "train"
        wanted[split] += [rows[i].reshape(3, 32, 32).transpose(1, 2, 0) for i in (0, 2)]
    source = sources.SOURCES["cifar10_frogs"]
    path = download.keras_home() / source.downloads[0].cached
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz") as archive:
        for part, content in batches.items():
            text = pickle.dumps(content)
            info = tarfile.TarInfo(f"cifar-10-batches-py/{part}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    with pytest.raises(DataError, match="checksum is not that of the published file"):
        load_images("cifar10_frogs")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    item = replace(source.downloads[0], sha256=digest)
    monkeypatch.setitem(sources.SOURCES, "cifar10_frogs", replace(source, downloads=(item,)))
    for split, content in wanted.items():
        loaded = load_images("cifar10_frogs", split)
        assert loaded.origin == "Keras' cache"
        assert np.array_equal(np.rint((loaded.images + 1) * 127.5), np.stack(content))


def broken(kind, path):
    """Write a file with one fault; return what the message must say."""
    content = arrays()
    if kind == "truncated":
        np.savez(path, **content)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        return "damaged or cut short"
    if kind == "flipped bits":
        np.savez(path, **content)
        whole = bytearray(path.read_bytes())
        whole[5000] ^= 0xFF
        path.write_bytes(whole)
        return "damaged or cut short"
    if kind == "no archive":
        path.write_bytes(b"<html>Please log in to the school's network</html>")
        return "damaged or cut short"
    if kind == "empty":
        path.write_bytes(b"")
        return "damaged or cut short"
    changes = {
        "missing array": lambda: content.pop("y_train"),
        "wrong size": lambda: content.update(x_train=content["x_train"][:, :27]),
        "floats": lambda: content.update(x_train=content["x_train"] / 255.0),
        "fewer labels": lambda: content.update(y_train=content["y_train"][:-1]),
        "label 10": lambda: content.update(y_train=content["y_train"] + 1),
        "no images": lambda: content.update(x_train=content["x_train"][:0]),
        "objects": lambda: content.update(x_train=np.array([None, 1], dtype=object)),
    }
    changes[kind]()
    np.savez(path, **content)
    return {
        "missing array": "y_train",
        "wrong size": r"\(N, 28, 28\)",
        "floats": "uint8",
        "fewer labels": "one whole number for each of 30",
        "label 10": "0 to 9",
        "no images": "shape",
        "objects": "damaged",
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "truncated",
        "flipped bits",
        "no archive",
        "empty",
        "missing array",
        "wrong size",
        "floats",
        "fewer labels",
        "label 10",
        "no images",
        "objects",
    ],
)
def test_a_damaged_file_is_named_and_kept(folder, kind):
    path = folder / "mnist.npz"
    message = broken(kind, path)
    before = path.read_bytes()
    with pytest.raises(DataError, match=message) as problem:
        load_images("mnist")
    assert str(path) in str(problem.value)
    assert "left as it is" in str(problem.value)
    assert path.read_bytes() == before


def test_a_folder_that_is_none(folder, monkeypatch):
    monkeypatch.setenv("DCGAN_COURSE_DATA", str(folder / "nowhere"))
    with pytest.raises(DataError, match="nowhere"):
        load_images("mnist")


def test_unknown_names():
    with pytest.raises(
        ValueError, match=r"Unknown data set 'minst'.*mnist, fashion_mnist, cifar10_frogs"
    ):
        load_images("minst")
    with pytest.raises(ValueError, match="one of 'train', 'test', not 'validation'"):
        load_images("mnist", "validation")


# --- stand-ins ------------------------------------------------------------------------


def test_standins_when_the_network_refuses(folder, capsys):
    loaded = load_images("mnist", standin_count=40)
    assert loaded.source == "stand-in"
    assert loaded.images.shape == (40, 28, 28, 1)
    assert (loaded.images.min(), loaded.images.max()) == (-1.0, 1.0)
    warning = capsys.readouterr().err
    assert "Stand-in images" in warning
    assert "cannot be reached" in warning  # the reason
    assert "DCGAN_COURSE_DATA" in warning  # what to do
    again = load_images("mnist", standin_count=40)
    assert np.array_equal(loaded.images, again.images)
    test = load_images("mnist", "test", standin_count=40)
    assert not np.array_equal(test.images[:8], loaded.images[:8])


def test_no_download_where_it_is_switched_off(folder, capsys, monkeypatch):
    monkeypatch.setattr(download, "_first_contact", lambda url: pytest.fail("asked the network"))
    assert load_images("mnist", allow_download=False, standin_count=10).source == "stand-in"
    assert "switched off" in capsys.readouterr().err


@pytest.mark.parametrize("name", [None, 5, ["mnist"], {"mnist"}, b"mnist", ""])
def test_a_name_that_is_no_name(name):
    with pytest.raises(ValueError, match=r"Unknown data set .*Known are: mnist"):
        load_images(name)
    with pytest.raises(ValueError, match="one of 'bonsai', 'faces', 'pets'"):
        open_pictures(name, "nowhere")


@pytest.mark.parametrize("split", [None, 5, ["train"], "Train", "", b"train"])
def test_a_split_that_is_no_split(split):
    with pytest.raises(ValueError, match="split should be one of 'train', 'test'"):
        load_images("mnist", split)


def test_stand_ins_are_known_again_and_other_images_are_not(folder):
    images = load_images("mnist", standin_count=10, allow_download=False).images
    assert are_stand_ins(images)
    assert are_stand_ins(images[2:5])
    assert not are_stand_ins(images + 0)
    assert not are_stand_ins(images.copy())


@pytest.mark.parametrize("count", [0, -1, True, 2.0, "5", [5], float("nan"), 10**9, 10**30])
def test_a_count_of_stand_ins_is_checked_whether_or_not_any_are_drawn(folder, count):
    np.savez(folder / "mnist.npz", **arrays())
    with pytest.raises(ValueError, match=r"standin_count should .* from 1 to 684,784"):
        load_images("mnist", standin_count=count)
    with pytest.raises(ValueError, match=r"count should .* 43,690, .* above 2 GiB of memory"):
        open_pictures("faces", folder / "drawn", count=count)
    assert not (folder / "drawn").exists()


@pytest.mark.parametrize("seed", [-1, 0.5, "1", None, True])
def test_a_wrong_seed(folder, seed):
    with pytest.raises(ValueError, match="seed should be a whole number of 0 or more"):
        load_images("mnist", seed=seed)
    with pytest.raises(ValueError, match="seed should be"):
        open_pictures("faces", folder / "drawn", count=2, seed=seed)


def test_other_wrong_arguments(folder):
    for wrong in (None, 0, "no"):
        with pytest.raises(ValueError, match="allow_download should be True or False"):
            load_images("mnist", allow_download=wrong)
    for wrong in (None, 5, ["a"]):
        with pytest.raises(ValueError, match="stand_ins should name a folder"):
            open_pictures("faces", wrong)


def test_numpy_numbers_are_numbers(folder):
    loaded = load_images("mnist", standin_count=np.int64(10), seed=np.uint8(3))
    assert loaded.images.shape == (10, 28, 28, 1)
    assert np.array_equal(loaded.images, load_images("mnist", standin_count=10, seed=3).images)
    pictures, _ = open_pictures("faces", folder / "drawn", count=np.int32(2), seed=np.int32(0))
    assert len(pictures) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_a_data_file_that_is_no_file(folder, kind):
    path = folder / "mnist.npz"
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    with pytest.raises(DataError, match=r"mnist\.npz is not a file"):
        load_images("mnist")


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.EIO])
def test_the_systems_errors_are_no_damage(folder, number, monkeypatch):
    np.savez(folder / "mnist.npz", **arrays())

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(load.np, "load", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        load_images("mnist")


# --- the network, played by a server on this machine ----------------------------------


class Server:
    """A web server with the manners that a test gives it."""

    def __init__(self, content, manner="fine"):
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.send_response(200)
                self.end_headers()

            def do_GET(self):
                outer.requests.append(self.path)
                body, how = content[self.path], manner
                if how == "cut once":
                    how = "cut" if len(outer.requests) == 1 else "fine"
                self.send_response(500 if how == "error" else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if how == "garbage":
                    body = bytes(len(body))
                if how in ("cut", "stall"):
                    self.wfile.write(body[: len(body) // 2])
                    self.wfile.flush()
                    if how == "stall":
                        outer.release.wait(30)
                    return
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.release = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


def idx(array):
    """An array in MNIST's IDX format."""
    head = struct.pack(">BBBB", 0, 0, 8, array.ndim)
    return head + b"".join(struct.pack(">I", n) for n in array.shape) + array.tobytes()


def fashion_files():
    content = arrays()
    raw = {
        "train-labels-idx1-ubyte.gz": idx(content["y_train"]),
        "train-images-idx3-ubyte.gz": idx(content["x_train"]),
        "t10k-labels-idx1-ubyte.gz": idx(content["y_test"]),
        "t10k-images-idx3-ubyte.gz": idx(content["x_test"]),
    }
    packed = {f"/{name}": gzip.compress(body) for name, body in raw.items()}
    digests = {name: hashlib.sha256(body).hexdigest() for name, body in raw.items()}
    return content, packed, digests


@pytest.fixture
def serve(folder, monkeypatch):
    """Point fashion_mnist's addresses to a local server; returns it."""
    servers = []
    content, packed, digests = fashion_files()

    def start(manner):
        server = Server(packed, manner)
        servers.append(server)
        downloads = tuple(
            download.Download(f"{server.url}/{name}", f"datasets/fashion-mnist/{name}", digest)
            for name, digest in digests.items()
        )
        source = sources.SOURCES["fashion_mnist"]

        monkeypatch.setitem(sources.SOURCES, "fashion_mnist", replace(source, downloads=downloads))
        # Keras has fixed its home when it was imported, so the cached files are read here.
        monkeypatch.setattr(load, "_load_through_keras", lambda name, split: cached(content))
        return server

    def cached(content):
        path = download.keras_home() / "datasets/fashion-mnist/train-images-idx3-ubyte.gz"
        assert gzip.decompress(path.read_bytes()) == idx(content["x_train"])
        return content["x_train"][..., None], content["y_train"]

    yield start
    for server in servers:
        server.close()


def test_download_fills_keras_cache_once(serve):
    server = serve("fine")
    first = load_images("fashion_mnist")
    assert first.source == "real"
    assert first.origin == "downloaded through Keras"
    assert len(server.requests) == 4
    assert load_images("fashion_mnist").origin == "Keras' cache"
    assert len(server.requests) == 4


def test_a_cut_download_is_tried_again(serve):
    server = serve("cut once")
    assert load_images("fashion_mnist").source == "real"
    assert len(server.requests) == 5


@pytest.mark.parametrize("manner", ["cut", "garbage", "error"])
def test_a_bad_download_never_reaches_the_cache(serve, manner, capsys):
    serve(manner)
    loaded = load_images("fashion_mnist", standin_count=10)
    assert loaded.source == "stand-in"
    assert "downloading train-labels-idx1-ubyte.gz failed" in capsys.readouterr().err
    left = [path for path in download.keras_home().rglob("*") if path.is_file()]
    assert left == []


def assert_standins_in_time(name, capsys, reason):
    """The network's fault is noticed within ten seconds, and the message gives the reason."""
    started = time.monotonic()
    assert load_images(name, standin_count=10).source == "stand-in"
    assert time.monotonic() - started < 10
    assert reason in capsys.readouterr().err


@pytest.mark.slow(seconds=4)
def test_a_stalled_download_is_noticed_within_ten_seconds(serve, capsys):
    serve("stall")
    assert_standins_in_time("fashion_mnist", capsys, "timed out")


@pytest.mark.slow(seconds=4)
def test_a_black_holed_network_is_noticed_within_ten_seconds(folder, monkeypatch, capsys):
    # The kernel accepts connections into the queue; nobody ever answers them.
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listener:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert_standins_in_time("mnist", capsys, "did not answer within")


@pytest.mark.slow(seconds=8)
def test_a_name_server_that_never_answers_is_noticed_within_ten_seconds(
    folder, monkeypatch, capsys
):
    release = threading.Event()

    def never(*_, **__):
        release.wait(60)
        raise socket.gaierror("no answer")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    assert_standins_in_time("mnist", capsys, "did not answer within 8 seconds")
    release.set()


def test_a_damaged_file_in_keras_cache_is_named_and_kept(folder):
    path = download.keras_home() / "datasets/mnist.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a download")
    with pytest.raises(DataError, match="checksum") as problem:
        load_images("mnist")
    assert str(path) in str(problem.value)
    assert path.read_bytes() == b"half a download"


@pytest.mark.slow(seconds=5)
def test_keras_itself_reads_what_was_put_into_its_cache(run_python, tmp_path):
    """The same, through the real keras.datasets, in a process whose Keras has its own home."""
    content, packed, digests = fashion_files()
    home = tmp_path / "keras"
    for name in digests:
        place = home / "datasets/fashion-mnist" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(packed[f"/{name}"])
    done = run_python(
        """
import ast, sys
from dataclasses import replace
from dcgan_course.data import download, load, sources
digests = ast.literal_eval(sys.argv[1])
source = sources.SOURCES["fashion_mnist"]
downloads = tuple(replace(d, sha256=digests[d.url.split("/")[-1]]) for d in source.downloads)
sources.SOURCES["fashion_mnist"] = replace(source, downloads=downloads)
loaded = load.load_images("fashion_mnist")
print(loaded.source, loaded.origin, loaded.images.shape, loaded.labels.sum())
""",
        repr(digests),
        env={
            "KERAS_HOME": str(home),
            "DCGAN_COURSE_DATA": "",
            "HTTPS_PROXY": "http://127.0.0.1:9",
        },
    )
    total = int(content["y_train"].astype(int).sum())
    assert done.stdout.strip() == f"real Keras' cache (30, 28, 28, 1) {total}"


def test_a_classroom_folder_holds_the_same_images(folder, tmp_path, monkeypatch, capsys):
    """Both splits of all sets, byte for byte, in a folder that `load_images` takes."""
    names = ["mnist", "fashion_mnist", "cifar10_frogs"]
    trees(folder / "bonsai")
    mine = load_images("bonsai").images
    content = {name: arrays() for name in names}
    rng = np.random.default_rng(5)
    content["cifar10_frogs"] = {
        f"x_{split}": rng.integers(0, 256, (4, 32, 32, 3), "uint8") for split in ("train", "test")
    }
    for name in names:
        np.savez_compressed(folder / f"{name}.npz", **content[name])
    script = runpy.run_path(str(ROOT / "scripts" / "classroom_data.py"))
    target = tmp_path / "handed out"
    monkeypatch.setattr(sys, "argv", ["classroom_data.py", str(target)])
    script["main"]()
    for name in names:
        with np.load(target / f"{name}.npz") as file:
            for key, array in content[name].items():
                np.testing.assert_array_equal(file[key], array)
    monkeypatch.setenv("DCGAN_COURSE_DATA", str(target))
    np.testing.assert_array_equal(load_images("bonsai").images, mine)
    monkeypatch.setenv("DCGAN_COURSE_DATA", str(folder))
    handed_out = "".join(path.name for path in target.iterdir())
    assert "faces" not in handed_out  # not ours to give
    assert "pet" not in handed_out  # 790 MB
    (folder / "mnist.npz").unlink()  # and no network: nothing may be handed out as real
    (target / "mnist.npz").unlink()
    with pytest.raises(SystemExit, match="Not to be had just now: mnist"):
        script["main"]()
    assert not (target / "mnist.npz").exists()


# --- the pipeline ---------------------------------------------------------------------


def numbered(count):
    return np.arange(count, dtype="float32").reshape(count, 1, 1, 1)


def take(dataset, batches):
    return [batch.numpy().ravel().astype(int).tolist() for batch in dataset.take(batches)]


def test_an_epoch_shows_each_image_once_and_each_epoch_another_order():
    first, second = np.split(np.array(take(make_dataset(numbered(12), 3, seed=1), 8)), 2)
    assert sorted(first.ravel()) == sorted(second.ravel()) == list(range(12))
    assert first.tolist() != second.tolist()
    assert first.ravel().tolist() != list(range(12))


def test_remainder_is_dropped_and_the_order_follows_from_the_seed():
    batches = take(make_dataset(numbered(11), 3, seed=1), 6)
    assert {len(batch) for batch in batches} == {3}
    assert len(set().union(*batches[:3])) == 9
    assert batches == take(make_dataset(numbered(11), 3, seed=1), 6)
    assert batches != take(make_dataset(numbered(11), 3, seed=2), 6)


@pytest.mark.parametrize("step", [1, 3, 5])
def test_a_stream_can_start_anywhere(step):
    whole = take(make_dataset(numbered(11), 3, seed=4), 9)
    assert take(make_dataset(numbered(11), 3, seed=4, first_step=step), 9 - step) == whole[step:]


@pytest.mark.slow(seconds=6)
def test_epochs_do_not_copy_the_set(run_python):
    """Ten epochs over 200 MB in a process of their own, by peak memory.

    Handing the array over takes two sets at its peak (the array's own not counted); a
    pipeline that copied it again, for good or for an epoch, would need a third.
    """
    pytest.importorskip("resource", reason="peak memory is read in Unix's way")
    done = run_python(
        """
import resource, sys
import numpy as np, tensorflow as tf
from dcgan_course.data.stream import make_dataset
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
    1024 if sys.platform == "linux" else 1)
images = np.ones((50_000, 32, 32, 1), "float32")
list(make_dataset(images[:100], 10).take(20))  # what TensorFlow needs once
before = peak()
for batch in make_dataset(images, 500).take(1000):
    pass
print((peak() - before) / images.nbytes)
"""
    )
    assert float(done.stdout) < 2.5


def test_bad_pipelines():
    with pytest.raises(ValueError, match="height, width, channels"):
        make_dataset(np.zeros((5, 28, 28)), 2)
    with pytest.raises(ValueError, match="whole number from 1 to 5, not 6"):
        make_dataset(np.zeros((5, 2, 2, 1)), 6)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (None, "NoneType"),
        ("images", "not str"),
        ([["a"]], "not str"),
        (5, r"not \(\)"),
        ([[1, 2], [3]], "several shapes"),
        (iter([1]), "iterator"),
        (np.array([None, 1]), "not ndarray"),
        (np.zeros((2, 3, 3, 1), bool), "not bool"),
        (np.zeros((2, 3, 3, 1), complex), "not complex128"),
        (np.zeros((0, 3, 3, 1)), "There is no image"),
        (np.zeros((2, 0, 3, 1)), "There is no image"),
        (SimpleNamespace(stream=None), "call its stream"),
    ],
)
def test_what_is_no_set_of_images(images, message):
    with pytest.raises(ValueError, match=message):
        make_dataset(images, 1)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "uint8", "int64"])
def test_images_of_every_dtype_and_numpy_numbers(dtype):
    import tensorflow as tf

    images = tf.cast(tf.reshape(tf.range(4), (4, 1, 1, 1)), dtype)
    options = dict(seed=np.int32(1), first_step=np.uint8(0), shuffle=np.False_)
    part = (np.int64(1), np.int8(2))
    batch = next(iter(make_dataset(images, np.int64(4), part=part, **options)))
    assert batch.dtype == images.dtype
    assert np.asarray(batch, "float32").ravel().tolist() == [2, 3]
    listed = np.zeros((4, 2, 2, 1)).tolist()
    assert next(iter(make_dataset(listed, 2))).shape == (2, 2, 2, 1)


# --- folders of pictures --------------------------------------------------------------


def trees(folder, count=5, size=(40, 30)):
    """Pictures whose red tells their number."""
    folder.mkdir(parents=True)
    for number in range(count):
        picture = Image.new("RGB", size, (40 * number, 0, 0))
        picture.save(folder / f"image_{number + 1:04d}.jpg", quality=95)
    return folder


def reds(images):
    return [round(float(value + 1) * 127.5 / 40) for value in images[..., 0].mean(axis=(1, 2))]


@pytest.mark.parametrize("place", ["caltech-101/101_ObjectCategories/bonsai", "bonsai"])
def test_bonsai_from_the_own_folder(folder, place):
    trees(folder / place)
    loaded = load_images("bonsai")
    assert loaded.images.shape == (5, 64, 64, 3)
    assert loaded.images.dtype == np.float32
    assert reds(loaded.images) == [0, 1, 2, 3, 4]
    assert loaded.source == "real"
    assert loaded.class_names == ("bonsai",)
    with pytest.raises(ValueError, match="without a test split"):
        load_images("bonsai", "test")


def test_bonsai_are_squeezed_and_faces_are_cropped(folder):
    for place in ("bonsai", "faces"):
        (folder / place).mkdir()
        picture = Image.new("RGB", (90, 30), (0, 255, 0))
        picture.paste((255, 0, 0), (0, 0, 30, 30))
        picture.save(folder / place / "a.png")
    assert load_images("bonsai").images[0, 32, 4, 0] > 0.8
    assert load_images("faces").images[0, 32, 4, 0] < -0.8


def test_bonsai_from_the_published_archive(folder, tmp_path, monkeypatch):
    """A .tar.gz in a .zip, as CaltechDATA has it; other classes are passed over."""
    trees(tmp_path / "101_ObjectCategories" / "bonsai", 4)
    trees(tmp_path / "101_ObjectCategories" / "accordion", 2)
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as archive:
        archive.add(tmp_path / "101_ObjectCategories", "101_ObjectCategories")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("caltech-101/101_ObjectCategories.tar.gz", inner.getvalue())
    content = packed.getvalue()
    source = sources.SOURCES["bonsai"]
    with contextlib.closing(Server({"/caltech-101.zip": content})) as server:
        item = replace(
            source.downloads[0],
            url=server.url + "/caltech-101.zip",
            sha256=hashlib.sha256(content).hexdigest(),
        )
        monkeypatch.setitem(sources.SOURCES, "bonsai", replace(source, downloads=(item,)))
        loaded = load_images("bonsai")
        assert reds(loaded.images) == [0, 1, 2, 3]
        assert loaded.source == "real"
        load_images("bonsai")
        assert server.requests == ["/caltech-101.zip"]  # once
    cached = tmp_path / "keras" / item.cached
    cached.write_bytes(content[:-9])
    with pytest.raises(DataError, match=r"caltech-101\.zip.*checksum"):
        load_images("bonsai")


@pytest.fixture
def pets(tmp_path, monkeypatch):
    """A server that has the published archive of pets: 12 pictures, and what is beside them."""
    place = tmp_path / "images"
    place.mkdir()
    for number in range(12):
        picture = Image.new("RGB", (90, 30), (0, 0, 255))
        picture.paste((20 * number, 0, 0), (30, 0, 60, 30))  # the middle, which is kept
        picture.save(place / f"Breed_{number:02d}.jpg", quality=95)
    Image.new("RGB", (30, 30)).save(place / "Breed_20.jpg", "gif")  # another format than its name
    (place / "Breed_21.jpg").write_bytes((place / "Breed_01.jpg").read_bytes()[:300])
    (place / "Breed_01.mat").write_bytes(b"no picture")
    (place / "._Breed_01.jpg").write_bytes(b"of another system")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(place, "images")
    content = packed.getvalue()
    source = sources.SOURCES["pets"]
    with contextlib.closing(Server({"/images.tar.gz": content})) as server:
        item = replace(
            source.downloads[0],
            url=server.url + "/images.tar.gz",
            sha256=hashlib.sha256(content).hexdigest(),
        )
        monkeypatch.setitem(sources.SOURCES, "pets", replace(source, downloads=(item,)))
        yield server


def test_pets_from_the_published_archive(folder, pets):
    """Cropped, each tenth for the test split, without the files that cannot be read."""
    loaded = load_images("pets")
    assert loaded.source == "real"
    assert loaded.class_names == ("pet",)
    assert loaded.images.shape == (12, 64, 64, 3)
    levels = (loaded.images[:, 32, 32, 0] + 1) * 127.5 / 20
    assert np.round(levels).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 0]  # last: the GIF
    assert (loaded.images[..., 2].mean(axis=(1, 2)) < -0.9).all()  # no blue: cropped
    test = load_images("pets", "test")
    assert np.round((test.images[:, 32, 32, 0] + 1) * 127.5 / 20).tolist() == [9]
    assert pets.requests == ["/images.tar.gz"]


def test_pets_are_unpacked_once_into_a_folder(folder, tmp_path, pets, capsys, monkeypatch):
    pictures, source = open_pictures("pets", tmp_path / "mine", count=3)
    assert source == "real"
    assert pictures.shape == (12, 64, 64, 3)
    assert "Unpacking" in capsys.readouterr().out
    monkeypatch.setattr(load, "fill_keras_cache", None)  # no second look at the archive
    again, source = open_pictures("pets", tmp_path / "mine", count=3)
    assert source == "real"
    assert again.files == pictures.files


def test_drawn_pets_where_the_archive_cannot_be_had(folder, tmp_path, capsys):
    pictures, source = open_pictures("pets", tmp_path / "mine", count=3, allow_download=False)
    assert source == "stand-in"
    assert len(pictures) == 3
    assert "downloads are switched off" in capsys.readouterr().out
    assert len(load_images("pets", standin_count=5)) == 5


def test_each_tenth_of_a_folder_of_pets_is_held_out(folder):
    (folder / "oxford-iiit-pet" / "images").mkdir(parents=True)
    for number in range(21):
        Image.new("RGB", (30, 30), (10 * number, 0, 0)).save(
            folder / "oxford-iiit-pet" / "images" / f"Breed_{number:02d}.png"
        )
    test = load_images("pets", "test").images
    assert np.round((test[:, 0, 0, 0] + 1) * 12.75).tolist() == [9, 19]
    assert len(load_images("pets")) == 19


def test_an_archive_that_answers_get_alone(folder, monkeypatch):
    class Signed(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(403)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Signed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    download._first_contact(f"http://127.0.0.1:{server.server_port}/x")  # raises nothing
    server.shutdown()
    server.server_close()


def test_drawn_trees_and_faces_where_nothing_else_can_be_had(folder, capsys):
    loaded = load_images("bonsai")
    assert loaded.images.shape == (128, 64, 64, 3)
    assert loaded.source == "stand-in"
    assert "cannot be reached" in capsys.readouterr().err
    faces = load_images("faces", standin_count=20)
    assert faces.images.shape == (20, 64, 64, 3)
    said = capsys.readouterr().err
    assert "non-commercial research" in said
    assert "connect to the internet" not in said  # it would not help
    assert len(load_images("faces", "test", standin_count=20)) == 4


def test_faces_in_memory_are_the_first_of_many_and_split_by_name(folder, monkeypatch):
    trees(folder / "faces", 6)
    assert reds(load_images("faces").images) == [0, 1, 2, 3, 4, 5]
    with pytest.raises(DataError, match="too few for a test split"):
        load_images("faces", "test")
    for number in range(6, 12):
        Image.new("RGB", (30, 30), (20 * number, 0, 0)).save(
            folder / "faces" / f"z{number:02d}.png"
        )
    assert len(load_images("faces")) == 11
    assert len(load_images("faces", "test")) == 1
    monkeypatch.setattr(load, "MOST_PICTURES", 4)
    loaded = load_images("faces")
    assert len(loaded) == 4
    assert "the first 4 of 11" in loaded.origin


def test_pictures_stay_on_disk(folder, tmp_path, capsys, monkeypatch):
    pictures, source = open_pictures("faces", tmp_path / "drawn", count=12)
    assert source == "stand-in"
    assert pictures.shape == (12, 64, 64, 3)
    assert [path.name for path in pictures.files][:2] == ["000001.jpg", "000002.jpg"]
    written = pictures.files[0].stat().st_mtime_ns
    again, _ = open_pictures("faces", tmp_path / "drawn", count=12)
    assert again.files[0].stat().st_mtime_ns == written
    more, _ = open_pictures("faces", tmp_path / "drawn", count=15)
    assert len(more) == 15

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("dcgan_course.data.folder.Image.fromarray", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_pictures("faces", tmp_path / "drawn", count=9)
    monkeypatch.undo()
    monkeypatch.setenv("DCGAN_COURSE_DATA", str(folder))
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [
        "faces-12-0",
        "faces-15-0",
    ]
    trees(folder / "img_align_celeba", 3)
    mine, source = open_pictures("faces", tmp_path / "drawn")
    assert source == "real"
    assert len(mine) == 3
    with pytest.raises(ValueError, match="one of 'bonsai', 'faces', 'pets', not 'mnist'"):
        open_pictures("mnist", tmp_path)
