"""Tools of the capstone: a diary of the training, the file to hand in, and what is measured of it.

You hand in numbers and no code. `generator.npz` holds the weights of your generator (w0, w1, …), the
images that it was trained on (`train`) and the ones that were set aside (`held_out`), a few samples
from the training (`samples`), and a card that names the layers. Whoever opens it computes your
generator's images with NumPy alone. The grader uses the functions below, with latent vectors of its
own; `check` lets you use them, too.
"""

import hashlib
import json
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np

MINUTES = 15
COURSE_DATA = ("mnist", "fashion_mnist", "cifar10_frogs")

# What a file may hold.
MOST_BYTES = 20 * 2**20
MOST_UNPACKED = 64 * 2**20
MOST_ARRAYS = 200
SIDES = (16, 64)
IMAGES = (100, 10_000)
LATENT = (2, 512)
MOST_WORK = 60_000_000  # multiplications for one image
MOST_NUMBERS = 2_000_000  # in the maps of one layer

DRAWN = 1000  # images that are drawn and measured
CONTRAST = 0.5, 2.0  # their standard deviation, as a multiple of the real images'
MOST_ALIKE = 0.02  # fraction of images that have a twin
MOST_COPIES = 0.1
LEAST_COVERAGE = 0.5
FAIR, GOOD = 0.3, 0.1  # distances
PARTS = ("file", "network", "data", "diary", "own", "range", "alike", "coverage", "copies")
PARTS += ("fair", "good")


class Refused(ValueError):
    """A file that cannot be graded. The message says why, and what to do."""


# --- before and while you train ---------------------------------------------------------------


def to_bytes(images):
    """Images in [−1, 1] as uint8."""
    return np.clip(np.round((np.asarray(images, "float32") + 1) * 127.5), 0, 255).astype("uint8")


def to_floats(images):
    """Images of uint8 as float32 in [−1, 1]."""
    return images.astype("float32") / np.float32(127.5) - 1


def is_held_out(image):
    """Whether an image of uint8 is set aside: one in five is, and its pixels decide."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()[0] < 51


def split(images):
    """Divide images into those to train on and those to set aside.

    Args:
        images: uint8, or float in [−1, 1]; (count, side, side, 1 or 3).

    Returns:
        (train, held_out), two arrays of uint8. Train on `to_floats(train)` and on nothing else.
    """
    images = images if images.dtype == np.uint8 else to_bytes(images)
    aside = np.array([is_held_out(image) for image in images], bool)
    return images[~aside], images[aside]


class Diary:
    """Watches the clock of a training, and notes losses and samples.

    Args:
        generator: a function from latent vectors to images in [−1, 1], such as your model.
        latent_dim: numbers in a latent vector.
        minutes: how long the training may take.
    """

    def __init__(self, generator, latent_dim, minutes=MINUTES):
        self._generator = generator
        self._codes = np.random.default_rng(0).normal(size=(16, latent_dim)).astype("float32")
        self._limit, self._start = 60 * minutes, None
        self.rows, self.samples, self.times = [], [], []

    def note(self, d_loss, g_loss):
        """Note both losses; call it after each step. Keeps one row a second, and a few samples.

        Returns:
            True while there is time left.
        """
        now = time.monotonic()
        self._start = self._start if self._start is not None else now
        seconds = now - self._start
        if not self.rows or seconds >= self.rows[-1][0] + 1:
            self.rows.append([round(seconds, 1), float(d_loss), float(g_loss)])
        if not self.times or (len(self.times) < 8 and seconds >= 4 * 2 ** len(self.times)):
            self._sample(seconds)
        return seconds < self._limit

    def _sample(self, seconds):
        self.times.append(round(seconds, 1))
        self.samples.append(to_bytes(self._generator(self._codes)))


# --- writing the file -------------------------------------------------------------------------

ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 0.5 * (1 + np.tanh(x / 2)),
    "silu": lambda x: x * 0.5 * (1 + np.tanh(x / 2)),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
}
_NAMES = {"swish": "silu", "leaky_relu": "leaky"}
_IDLE = ("InputLayer", "Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout")


def describe(generator):
    """Turn a Keras model, a chain of layers, into a list of plain layers and their weights.

    Returns:
        (layers, weights): a list of dictionaries, and a list of arrays in their order.

    Raises:
        Refused: a layer that the file cannot hold.
    """
    layers, weights = [], []
    for layer in generator.layers:
        kind = type(layer).__name__
        if hasattr(layer, "layers"):
            inner, more = describe(layer)
            layers, weights = layers + inner, weights + more
        elif kind not in _IDLE:
            plain, arrays = _plain(kind, layer)
            layers += plain
            weights += [np.asarray(array, "float32") for array in arrays]
    return layers, weights


def _plain(kind, layer):
    config = layer.get_config()
    arrays = [np.asarray(weight) for weight in layer.get_weights()]
    plain = {"layer": kind}
    if kind == "Reshape":
        plain["shape"] = [int(side) for side in config["target_shape"]]
    elif kind in ("Conv2D", "Conv2DTranspose"):
        _only(layer, "padding", config, "same")
        _only(layer, "dilation_rate", config, (1, 1))
        _only(layer, "groups", config, 1)
        plain["strides"] = [int(step) for step in config["strides"]]
    elif kind == "UpSampling2D":
        _only(layer, "interpolation", config, "nearest")
        plain["size"] = [int(factor) for factor in config["size"]]
    elif kind == "BatchNormalization":
        plain["epsilon"] = float(config["epsilon"])
        width = len(arrays[-1])
        gamma = arrays.pop(0) if config["scale"] else np.ones(width)
        beta = arrays.pop(0) if config["center"] else np.zeros(width)
        arrays = [gamma, beta, *arrays]
    elif kind == "ReLU":
        return [{"layer": "Activation", "name": "relu"}], []
    elif kind == "LeakyReLU":
        slope = config.get("negative_slope", config.get("alpha", 0.3))
        return [{"layer": "Activation", "name": "leaky", "slope": float(slope)}], []
    elif kind not in ("Dense", "Flatten", "Activation"):
        known = "Dense, Reshape, Flatten, Conv2D, Conv2DTranspose, UpSampling2D, "
        known += "BatchNormalization, ReLU, LeakyReLU, Activation, Dropout"
        raise Refused(f"The layer {layer.name!r} is a {kind}. The file can hold: {known}.")
    plain["weights"] = len(arrays)
    after = _activation(layer)
    if kind == "Activation":
        return after, []
    return [plain, *after], arrays


def _only(layer, name, config, wanted):
    found = config.get(name, wanted)
    found = tuple(found) if isinstance(found, (list, tuple)) else found
    if found != wanted:
        raise Refused(f"The layer {layer.name!r} has {name} = {found}; use {wanted}.")


def _activation(layer):
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", type(function).__name__).lower() if function else "linear"
    name = _NAMES.get(name, name)
    if name == "linear":
        return []
    if name == "leaky":
        return [{"layer": "Activation", "name": "leaky", "slope": 0.2}]
    if name not in ACTIVATIONS:
        raise Refused(f"The layer {layer.name!r} uses {name}. Known are: {', '.join(ACTIVATIONS)}.")
    return [{"layer": "Activation", "name": name}]


def save_generator(path, generator, train, held_out, diary, data="own", title=""):
    """Write the file to hand in, and compare what it draws with what the Keras model draws.

    Args:
        path: "generator.npz".
        generator: a Keras model whose layers form a chain, latent vectors → images in [−1, 1].
        train, held_out: what `split` has returned.
        diary: the `Diary` of the training.
        data: one of `COURSE_DATA`, or "own" for other images and for parts of these sets.
        title: what your images show, in a few words.

    Raises:
        Refused: a layer that the file cannot hold, or another result than that of the model.
    """
    layers, weights = describe(generator)
    card = {"data": data, "title": str(title)[:80], "layers": layers}
    card |= {"diary": diary.rows, "times": diary.times}
    arrays = {f"w{n}": weight.astype("float16") for n, weight in enumerate(weights)}
    arrays |= {"train": train, "held_out": held_out, "samples": np.array(diary.samples)}
    with open(path, "wb") as file:
        np.savez_compressed(file, card=json.dumps(card), **arrays)
    codes = np.random.default_rng(1).normal(size=(8, weights[0].shape[0])).astype("float32")
    wanted = np.asarray(generator(codes, training=False), "float32")
    found = draw(layers, [weight.astype("float16") for weight in weights], codes)
    if found.shape != wanted.shape or not np.abs(found - wanted).max() < 0.1:
        raise Refused("The layers of this model do not form a chain: the file draws other images.")


# --- reading it, without running anything that it holds ---------------------------------------


class Submission:
    """What a file holds: `card`, `layers`, `weights`, and `train`, `held_out`, `samples`."""

    def __init__(self, arrays, card):
        self.card, self.layers = card, card["layers"]
        numbers = sorted(int(n[1:]) for n in arrays if n[:1] == "w" and n[1:].isdigit())
        if numbers != list(range(len(numbers))):
            raise Refused("The weights should be named w0, w1, … without a gap.")
        self.weights = [arrays[f"w{n}"] for n in numbers]
        self.train, self.held_out = arrays["train"], arrays["held_out"]
        self.samples = arrays.get("samples")

    @property
    def latent_dim(self):
        """Numbers in a latent vector."""
        return int(self.weights[0].shape[0])

    def draw(self, codes):
        """Latent vectors (count, latent_dim) → images (count, side, side, channels)."""
        return draw(self.layers, self.weights, codes)


def read(path):
    """Read a file and check its form.

    Raises:
        Refused: it is missing, too large, damaged, or holds something else.
    """
    path = Path(path)
    if not path.is_file():
        others = sorted(p.name for p in path.resolve().parent.glob("*.npz"))[:5]
        there = f" There is {', '.join(others)}: rename it." if others else ""
        raise Refused(f"There is no {path.name}, or it has more than 20 MB.{there}")
    if path.stat().st_size > MOST_BYTES:
        raise Refused(f"{path.name} has {path.stat().st_size / 2**20:.0f} MB; 20 are allowed.")
    try:
        arrays = _arrays(path)
        card = json.loads(str(arrays.pop("card")))
    except Refused:
        raise
    except KeyError:
        raise Refused(f"{path.name} has no card: write it with save_generator.") from None
    except (ValueError, OSError, EOFError, RuntimeError, MemoryError, zlib.error) as problem:
        said = str(problem)[:80]
        raise Refused(f"{path.name} cannot be read as NumPy arrays ({said}).") from None
    except (zipfile.BadZipFile, RecursionError, NotImplementedError) as problem:
        raise Refused(f"{path.name} is damaged ({str(problem)[:80]}).") from None
    if not isinstance(card, dict) or not isinstance(card.get("layers"), list):
        raise Refused(f"The card of {path.name} has no list of layers: write it by save_generator.")
    missing = [name for name in ("w0", "train", "held_out") if name not in arrays]
    if missing:
        raise Refused(f"{path.name} lacks {', '.join(missing)}: write it with save_generator.")
    return Submission(arrays, card)


def _arrays(path):
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if len(members) > MOST_ARRAYS or len(set(names)) < len(names):
            raise Refused(f"{path.name} holds {len(members)} arrays, or one of them twice.")
        size = sum(member.file_size for member in members)
        if size > MOST_UNPACKED:
            raise Refused(f"{path.name} unpacks to {size / 2**20:.0f} MB; 64 are allowed.")
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiuU":
            raise Refused(f"{name} in {path.name} holds no plain numbers.")
    return arrays


# --- the generator in NumPy -------------------------------------------------------------------


def draw(layers, weights, codes, most=None):
    """Compute a generator's images.

    Args:
        layers, weights: as `describe` returns them.
        codes: float (count, latent_dim).
        most: a list to which (name of a layer, shape of its output) is added, or None.

    Raises:
        Refused: weights that do not fit, or a layer that is unknown.
    """
    shares = []
    with np.errstate(all="ignore"):
        for start in range(0, len(codes), 100):
            shares.append(_chain(layers, weights, codes[start : start + 100], most))
            most = None
    return np.concatenate(shares)


def _chain(layers, weights, x, most):
    x, used, work = np.asarray(x, "float32"), 0, 0
    for number, layer in enumerate(layers, 1):
        if not isinstance(layer, dict):
            raise Refused(f"Layer {number} on the card is no description of a layer.")
        kind = layer.get("layer")
        count = layer.get("weights", 0)
        if not isinstance(count, int) or not 0 <= count <= len(weights) - used:
            name = str(kind)[:30]
            raise Refused(f"Layer {number} ({name}) needs weights that the file does not hold.")
        own = [np.asarray(weight, "float32") for weight in weights[used : used + count]]
        used += count
        try:
            work += _work(kind, layer, own, x.shape)
            if work > MOST_WORK:
                raise Refused("The generator needs too many multiplications for one image.")
            x = _LAYERS[kind](layer, own, x)
        except Refused:
            raise
        except (KeyError, ValueError, IndexError, TypeError, AttributeError, MemoryError):
            shape = tuple(x.shape[1:])
            name = str(kind)[:30]
            raise Refused(f"Layer {number} ({name}) does not fit an input of {shape}.") from None
        if most is not None:
            most.append((kind, x.shape[1:]))
    if used < len(weights):
        raise Refused(f"The card's layers use {used} of {len(weights)} weights.")
    return x


def _work(kind, layer, own, shape):
    """Multiplications of one layer for one image."""
    grown = {"UpSampling2D": "size", "Conv2DTranspose": "strides"}.get(kind)
    if grown and np.prod([float(n) for n in (*shape[1:], *layer[grown])]) > MOST_NUMBERS:
        raise Refused(f"A layer ({kind}) makes maps that are too large.")
    if kind == "Dense":
        return own[0].size
    if kind in ("Conv2D", "Conv2DTranspose"):
        return own[0].size * shape[1] * shape[2]
    return 0


def _dense(layer, own, x):
    if x.ndim != 2:
        raise ValueError
    return x @ own[0] + (own[1] if len(own) > 1 else 0)


def _padded(x, kernel, before):
    after = kernel[0] - 1 - before[0], kernel[1] - 1 - before[1]
    return np.pad(x, ((0, 0), (before[0], after[0]), (before[1], after[1]), (0, 0)))


def _convolution(layer, own, x):
    kernel, steps = own[0], layer["strides"]
    if list(steps) != [1, 1]:
        raise Refused("A generator's Conv2D should have strides of 1.")
    high, wide = x.shape[1:3]
    framed = _padded(x, kernel.shape, [(side - 1) // 2 for side in kernel.shape[:2]])
    y = sum(
        framed[:, i : i + high, j : j + wide] @ kernel[i, j]
        for i in range(kernel.shape[0])
        for j in range(kernel.shape[1])
    )
    return y + (own[1] if len(own) > 1 else 0)


def _transposed(layer, own, x):
    kernel, (down, right) = own[0], layer["strides"]  # kernel: rows, columns, out, in
    count, high, wide, _ = x.shape
    rows, columns, out, _ = kernel.shape
    if not (1 <= down <= 4 and 1 <= right <= 4):
        raise ValueError
    tall, broad = (high - 1) * down + rows, (wide - 1) * right + columns
    whole = np.zeros((count, max(tall, high * down), max(broad, wide * right), out), "float32")
    for i in range(rows):
        for j in range(columns):
            part = whole[:, i : i + high * down : down, j : j + wide * right : right]
            part[:, :high, :wide] += x @ kernel[i, j].T
    top, left = max(rows - down, 0) // 2, max(columns - right, 0) // 2
    y = whole[:, top : top + high * down, left : left + wide * right]
    return y + (own[1] if len(own) > 1 else 0)


def _norm(layer, own, x):
    gamma, beta, mean, variance = own
    if gamma.shape != (x.shape[-1],):
        raise ValueError
    return (x - mean) * (gamma / np.sqrt(variance + np.float32(layer["epsilon"]))) + beta


def _activate(layer, own, x):
    if layer["name"] == "leaky":
        return np.where(x > 0, x, np.float32(layer["slope"]) * x)
    return ACTIVATIONS[layer["name"]](x).astype("float32")


def _enlarge(layer, own, x):
    down, right = layer["size"]
    return x.repeat(down, axis=1).repeat(right, axis=2)


_LAYERS = {
    "Dense": _dense,
    "Reshape": lambda layer, own, x: x.reshape(len(x), *layer["shape"]),
    "Flatten": lambda layer, own, x: x.reshape(len(x), -1),
    "Conv2D": _convolution,
    "Conv2DTranspose": _transposed,
    "UpSampling2D": _enlarge,
    "BatchNormalization": _norm,
    "Activation": _activate,
}


def work_of(layers, weights):
    """Shapes on the way through a generator: [(name of a layer, shape of its output)]."""
    shapes = []
    draw(layers, weights, np.zeros((1, weights[0].shape[0]), "float32"), shapes)
    return shapes


# --- what images are compared by --------------------------------------------------------------

WIDTHS = (16, 32, 48)
COMPARED = 24


def features(images):
    """What a small convolutional network with random weights sees in images.

    No labels and no downloads are needed, any data set will do, and the network is the same for
    everybody: its weights are drawn from a fixed seed.

    Args:
        images: float (count, side, side, 1 or 3) in [−1, 1].

    Returns:
        float32 (count, 96): averages of all maps in its three layers.
    """
    parts = [_seen(images[start : start + 250]) for start in range(0, len(images), 250)]
    return np.concatenate(parts)


def _seen(x):
    rng = np.random.RandomState(7)  # its numbers are the same in every version of NumPy
    x = np.repeat(x, 3, axis=-1) if x.shape[-1] == 1 else x
    while x.shape[1] > 32:
        x = _halved(x)
    averages = []
    for width in WIDTHS:
        taps = 16 * x.shape[-1]
        kernel = rng.standard_normal((taps, width)) * np.sqrt(2 / taps)
        bias = 0.1 * rng.standard_normal(width)
        x = np.pad(x.astype("float32"), ((0, 0), (1, 1), (1, 1), (0, 0)))
        x = np.maximum(_patches(x) @ kernel.astype("float32") + bias.astype("float32"), 0)
        averages.append(x.mean(axis=(1, 2)))
    return np.concatenate(averages, axis=1)


def _halved(x):
    even = x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2]
    rows = even[:, ::2] + even[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) / 4


def _patches(x):
    """All 4 × 4 patches at a distance of 2: (count, rows, columns, 16 · channels)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (4, 4), axis=(1, 2))[:, ::2, ::2]
    return windows.reshape(*windows.shape[:3], -1)


def moments(seen):
    """Mean and covariance of features."""
    return np.mean(seen, axis=0, dtype=float), np.cov(seen, rowvar=False, dtype=float)


def scaled(reference, compared=COMPARED):
    """Coordinates in which a reference, (mean, covariance), has mean 0 and variance 1."""
    values, vectors = np.linalg.eigh(reference[1])
    values, vectors = values[-compared:], vectors[:, -compared:]
    return vectors / np.sqrt(np.maximum(values, 1e-4 * values[-1] + 1e-12))


def frechet(first, second, scale):
    """The Fréchet distance of two pairs (mean, covariance), divided by the coordinates' number."""
    shift = (first[0] - second[0]) @ scale
    a, b = (scale.T @ covariance @ scale for _, covariance in (first, second))
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b @ root), 0)).sum()
    return float((shift @ shift + np.trace(a) + np.trace(b) - 2 * shared) / len(a))


def distance(fake, train, held_out, rng):
    """By how much generated images are farther from real ones than other real images are.

    Args:
        fake, train: features.
        held_out: features, or (mean, covariance) of many real images.
        rng: a `numpy.random.Generator`, for the choice of equally many from each.

    Returns:
        The Fréchet distance of `fake` from `held_out`, less that of `train`: about 0 for a perfect
        generator, above 1 for images that have little in common with the real ones.
    """
    known = isinstance(held_out, tuple)
    count = min(len(fake), len(train)) if known else min(len(fake), len(train), len(held_out))
    scale = scaled(held_out if known else moments(train), max(4, min(COMPARED, count // 3)))
    target = held_out if known else moments(held_out)
    found = []
    for _ in range(max(1, min(10, 1000 // count))):
        chosen = (moments(x[rng.permutation(len(x))[:count]]) for x in (fake, train))
        far, near = (frechet(target, some, scale) for some in chosen)
        found.append(far - near)
    return float(np.mean(found))


def coverage(real, fake, k=5):
    """The fraction of real images that have a generated one nearer than their k-th real neighbor.

    real, fake: features, equally many.
    """
    scale = scaled(moments(real), min(COMPARED, len(real) // 3))
    real, fake = (x @ scale.astype("float32") for x in (real, fake))
    radii = np.sort(squares(real, real), axis=1)[:, k]
    return float((squares(real, fake).min(axis=1) <= radii).mean())


def squares(first, second):
    """Squared distances between the rows of two arrays."""
    products = first @ second.T
    found = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * products
    return np.maximum(found, 0)


def thumbnails(images):
    """Images as rows of at most 16 × 16 pixels, to be compared pixel by pixel."""
    while images.shape[1] > 16:
        images = _halved(images)
    return images.reshape(len(images), -1).astype("float32")


def nearest(rows, others, itself=None):
    """Distance from each row to the nearest of some others; `itself`: which other it is."""
    found = squares(rows, others)
    if itself is not None:
        found[np.arange(len(rows)), itself] = np.inf
    return np.sqrt(found.min(axis=1))


def sketch(weights):
    """A few numbers by which a generator is recognized, also after small changes."""
    large = [np.ravel(weight)[:64] for weight in weights if np.size(weight) >= 64]
    return np.concatenate([np.zeros(1), *large]).astype("float32")


def same_sketch(first, second):
    """Whether two sketches are of one generator."""
    if first.shape != second.shape:
        return False
    return float(np.linalg.norm(first - second)) < 0.1 * float(np.linalg.norm(second)) + 1e-6


# --- the verdict ------------------------------------------------------------------------------


def report(path, seed=0, reference=None):
    """Measure a file.

    Args:
        path: of the file.
        seed: of the latent vectors and of all choices.
        reference: None compares with the training images. The grader gives a dictionary: for each
            course data set the mean and covariance of many images that nobody has trained on, and
            sketches of generators that are known.

    Returns:
        A dictionary: `problems`, for each of `PARTS` what is wrong, "" if nothing is; and numbers.
    """
    try:
        submission = read(path)
    except Refused as problem:
        return {"problems": dict.fromkeys(PARTS, str(problem))}
    rng = np.random.default_rng(seed)
    found = {"problems": dict.fromkeys(PARTS, ""), "data": str(submission.card.get("data"))[:20]}
    found["title"] = str(submission.card.get("title", ""))[:80]
    problems = found["problems"]
    problems["diary"] = _diary_problem(submission, found)
    problems["data"] = _data_problem(submission, rng)
    images = None
    try:
        problems["network"] = _network_problem(submission, found)
        if not problems["network"]:
            codes = rng.standard_normal((DRAWN, submission.latent_dim)).astype("float32")
            images = submission.draw(codes)
    except Refused as problem:
        problems["network"] = str(problem)
    if images is None or problems["data"]:
        why = problems["network"] or f"Nothing to compare with: {problems['data']}"
        for part in PARTS[4:]:
            problems[part] = why
        return found
    problems["range"] = _range_problem(images, submission)
    images = np.clip(np.nan_to_num(images), -1, 1)
    found["sketch"] = sketch(submission.weights)
    found["samples"] = to_bytes(images[:8])
    _compare(images, submission, rng, reference, found)
    return found


def check(path, part):
    """Raise an AssertionError that says what is wrong with one of `PARTS`, if something is.

    The images are compared with those that you trained on. The grader compares them with images
    that were set aside, and draws other latent vectors.
    """
    key = str(path), Path(path).stat().st_mtime if Path(path).exists() else None
    if key not in _checked:
        _checked[key] = report(path)
    problem = _checked[key]["problems"][part]
    assert not problem, problem


_checked = {}


def _diary_problem(submission, found):
    rows = submission.card.get("diary")
    try:
        table = np.array(rows, float).reshape(-1, 3)
    except (TypeError, ValueError):
        return "The diary is no table of seconds and two losses."
    if len(table) < 10:
        return f"The diary has {len(table)} rows; 10 are the least: call note() after each step."
    if not np.isfinite(table).all() or (np.diff(table[:, 0]) < 0).any() or table[0, 0] < 0:
        return "The diary holds NaN, infinity, or seconds that run backward."
    found["seconds"] = float(table[-1, 0])
    if table[-1, 0] > 60 * MINUTES + 10:
        return f"The training took {table[-1, 0] / 60:.1f} minutes; {MINUTES} are allowed."
    samples, times = submission.samples, submission.card.get("times")
    if not isinstance(times, list) or samples is None or len(times) != len(samples):
        return "The samples from the training are missing."
    if (
        len(times) < 2
        or samples.dtype != np.uint8
        or samples.shape[2:] != submission.train.shape[1:]
    ):
        return "The samples from the training should be images like the real ones, of two moments."
    return ""


def _data_problem(submission, rng):
    train, held_out = submission.train, submission.held_out
    for images in (train, held_out):
        if images.dtype != np.uint8 or images.ndim != 4:
            return "The real images should be uint8, (count, side, side, channels): use split."
        side = images.shape[1]
        if images.shape[2] != side or not SIDES[0] <= side <= SIDES[1]:
            return f"Images of {images.shape[1]} × {images.shape[2]}: take squares of 16 to 64."
        if images.shape[3] not in (1, 3):
            return f"The real images have {images.shape[3]} channels, instead of 1 or 3."
    if train.shape[1:] != held_out.shape[1:]:
        return "The images that were set aside have another shape than those to train on."
    every = len(train) + len(held_out)
    if not IMAGES[0] <= every <= IMAGES[1]:
        return f"There are {every} real images; take {IMAGES[0]} to {IMAGES[1]}."
    aside = [is_held_out(image) for image in train], [is_held_out(image) for image in held_out]
    if any(aside[0]) or not all(aside[1]):
        return "The real images are not divided as split() does it."
    if abs(len(held_out) / every - 51 / 256) > 5 * (0.16 / every) ** 0.5:
        return f"Of {every} real images {len(held_out)} are set aside: some are missing."
    if submission.card.get("data") not in (*COURSE_DATA, "own"):
        return f"Unknown data: the card should name one of {', '.join(COURSE_DATA)}, or own."
    if to_floats(train).std() < 0.02:
        return "The real images are blank."
    rows = thumbnails(to_floats(train))
    chosen = rng.permutation(len(rows))[:500]
    apart = nearest(rows[chosen], rows, chosen)
    if (apart < 0.1 * np.median(squares(rows[chosen], rows[chosen]) ** 0.5)).mean() > 0.5:
        return "The real images hold the same ones again and again."
    return ""


def _network_problem(submission, found):
    layers, weights = submission.layers, submission.weights
    if any(weight.dtype.kind not in "fiu" or weight.ndim == 0 for weight in weights):
        return "The weights should be numbers, in arrays."
    if any(not np.isfinite(np.asarray(weight, "float32")).all() for weight in weights):
        return "Some weights are NaN or infinite: the training has diverged."
    if not layers or not isinstance(layers[0], dict) or layers[0].get("layer") != "Dense":
        return "The generator should begin with a Dense layer that takes the latent vector."
    if not LATENT[0] <= submission.latent_dim <= LATENT[1]:
        return (
            f"A latent vector has {submission.latent_dim} numbers; take {LATENT[0]} to {LATENT[1]}."
        )
    shapes = work_of(layers, weights)
    found["parameters"] = int(sum(np.size(weight) for weight in weights))
    if shapes[-1][1] != submission.train.shape[1:]:
        drawn, wanted = tuple(shapes[-1][1]), submission.train.shape[1:]
        return f"The generator draws {drawn}, and the real images are {wanted}."
    doublings, enlarged, before = 0, False, None
    for kind, shape in shapes:
        if len(shape) == 3 and before is not None and len(before) == 3:
            grown = shape[0] >= 2 * before[0]
            doublings += grown and kind == "Conv2DTranspose"
            doublings += enlarged and kind == "Conv2D"
            enlarged = (enlarged or (grown and kind == "UpSampling2D")) and kind != "Conv2D"
        before = shape
    if doublings < 2:
        return "A DCGAN's generator has at least two layers that double the maps, and convolve."
    return ""


def _range_problem(images, submission):
    if not np.isfinite(images).all():
        return "Some pixels are NaN or infinite."
    if np.abs(images).max() > 1.001:
        return f"Pixels should lie in [−1, 1]; they reach {np.abs(images).max():.2f}."
    contrast = float(images.std() / to_floats(submission.train[:1000]).std())
    if not CONTRAST[0] <= contrast <= CONTRAST[1]:
        return f"The standard deviation of pixels is {contrast:.2f} times that of the real images."
    return ""


def _compare(images, submission, rng, reference, found):
    problems, data = found["problems"], submission.card["data"]
    train = to_floats(submission.train)
    rows, fakes = thumbnails(train), thumbnails(images)
    chosen = rng.permutation(len(rows))[:1000]
    apart = np.sort(nearest(rows[chosen], rows, chosen))
    limit = float(np.quantile(apart, 0.01))
    twin = 0.1 * float(np.median(apart))
    found["alike"] = float((nearest(fakes, fakes, np.arange(len(fakes))) < twin).mean())
    if found["alike"] > MOST_ALIKE:
        problems["alike"] = (
            f"{found['alike']:.0%} of the generated images have a twin: G repeats itself."
        )
    found["copies"] = float((nearest(fakes, rows) < limit).mean())
    if found["copies"] > MOST_COPIES:
        problems["copies"] = (
            f"{found['copies']:.0%} of the generated images are nearer to a training image than 99% "
            "of the training images are to each other: they are copies."
        )
    seen = features(images)
    real = features(train[chosen])
    count = min(len(real), len(seen))
    found["coverage"] = coverage(real[:count], seen[:count])
    if found["coverage"] < LEAST_COVERAGE:
        problems["coverage"] = (
            f"Only {found['coverage']:.0%} of the real images have a generated one near them; "
            f"{LEAST_COVERAGE:.0%} are the least. Which ones does G never draw?"
        )
    target = real
    if reference is not None and data in COURSE_DATA:
        target = (
            reference[f"{data}_mean"].astype(float),
            reference[f"{data}_covariance"].astype(float),
        )
        away = frechet(target, moments(real), scaled(target))
        if away > 0.2:  # the distance is relative to these images, and means nothing then
            why = f"The training images are not those of {data}: call them own."
            problems.update(data=why, fair=why, good=why)
    elif reference is not None:
        target = features(to_floats(submission.held_out))
    found["distance"] = distance(seen, real, target, rng)
    for part, most in (("fair", FAIR), ("good", GOOD)):
        if not found["distance"] < most:
            problems[part] = problems[part] or (
                f"The distance from real images is {found['distance']:.2f}; it should be below {most}."
            )
    for name, known in (reference or {}).items():
        if name.startswith("known_") and same_sketch(found["sketch"], np.asarray(known)):
            problems["own"] = "This generator is one that ships with the course: train your own."
