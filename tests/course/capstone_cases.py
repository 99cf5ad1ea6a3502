"""Files handed in for the capstone, wrong ones with the parts that they lose, and right ones.

Nothing is trained: a network with drawn weights makes the "real" images, so that the same network
is a perfect generator of them, and others are worse in a known way.
"""

import io
import json
import pickle
import zipfile

import numpy as np


def relu():
    return {"layer": "Activation", "name": "relu"}


def tanh():
    return {"layer": "Activation", "name": "tanh"}


def transposed(weights=1, strides=(2, 2)):
    return {"layer": "Conv2DTranspose", "strides": list(strides), "weights": weights}


def drawn_generator(seed=1, side=16, channels=1, latent_dim=8, widths=(12, 8)):
    """A generator with drawn weights that makes clear, varied images: (layers, weights)."""
    rng = np.random.default_rng(seed)
    small = side // 4
    layers = [
        {"layer": "Dense", "weights": 2},
        {"layer": "Reshape", "shape": [small, small, widths[0]]},
        relu(),
        transposed(),
        relu(),
        transposed(2),
        tanh(),
    ]
    shapes = [(latent_dim, small * small * widths[0]), (small * small * widths[0],)]
    shapes += [(4, 4, widths[1], widths[0]), (4, 4, channels, widths[1]), (channels,)]
    scales = (latent_dim**-0.5, 0.3, 0.6 * widths[0] ** -0.5, 0.9 * widths[1] ** -0.5, 0.1)
    weights = [
        rng.normal(0, scale, shape).astype("float32")
        for scale, shape in zip(scales, shapes, strict=True)
    ]
    return layers, weights


class Maker:
    """Writes files as `capstone.save_generator` does, with changes.

    Args:
        capstone: the module.
        count: how many real images, those that are set aside among them.
    """

    def __init__(self, capstone, generator=None, count=600, data="own"):
        self.capstone = capstone
        self.layers, self.weights = generator or drawn_generator()
        rng = np.random.default_rng(2)
        self.codes = rng.normal(size=(count, len(self.weights[0]))).astype("float32")
        images = capstone.to_bytes(capstone.draw(self.layers, self.weights, self.codes))
        self.train, self.held_out = capstone.split(images)
        self.data = data

    def arrays(self):
        """All arrays of a right file."""
        named = {f"w{n}": weight.astype("float16") for n, weight in enumerate(self.weights)}
        samples = np.stack([self.train[:16], self.train[16:32]])
        return named | {"train": self.train, "held_out": self.held_out, "samples": samples}

    def card(self):
        """Its card."""
        diary = [[float(s), 1.0 + 0.01 * s, 2.0 - 0.01 * s] for s in range(0, 800, 40)]
        card = {"data": self.data, "title": "clouds", "layers": self.layers}
        return card | {"diary": diary, "times": [0.0, 400.0]}

    def write(self, path, arrays=None, card=None, write=np.savez, **changes):
        """Write a file. `arrays`, `card`: changes; None as a value leaves something out."""
        every, facts = self.arrays() | (arrays or {}), self.card() | (card or {})
        if "weights" in changes:
            every = {name: a for name, a in every.items() if name[0] != "w"}
            every |= {f"w{n}": np.asarray(w) for n, w in enumerate(changes["weights"])}
        every = {name: array for name, array in every.items() if array is not None}
        facts = {name: fact for name, fact in facts.items() if fact is not None}
        with open(path, "wb") as file:
            write(file, card=json.dumps(facts), **every)

    def changed(self, index, change):
        """The weights, one of them changed."""
        return [change(w) if n == index else w for n, w in enumerate(self.weights)]


# --- generators that are bad in a known way -------------------------------------------------

_BLOCKS = [transposed(), transposed(), tanh()]  # two doublings that only put pixels in place


def _as_maps(images):
    """Images (count, side, side, c) as what `_BLOCKS` turn into them, with these kernels."""
    count, side, _, channels = images.shape
    maps = images.reshape(count, side // 4, 4, side // 4, 4, channels).transpose(0, 1, 3, 2, 4, 5)
    first = np.zeros((2, 2, 4 * channels, 16 * channels), "float32")
    second = np.zeros((2, 2, channels, 4 * channels), "float32")
    for i in range(2):
        for j in range(2):
            for c in range(channels):
                second[i, j, c, (2 * i + j) * channels + c] = 1
                for k in range(2):
                    for n in range(2):
                        inside = (2 * i + k) * 4 + 2 * j + n
                        out = (2 * k + n) * channels + c
                        first[i, j, out, inside * channels + c] = 1
    pixels = np.arctanh(np.clip(maps, -0.999, 0.999)).reshape(count, -1)
    shape = [side // 4, side // 4, 16 * channels]
    return pixels, shape, [first, second]


def stored(images, codes=4):
    """A generator that shows one of some stored images, whatever the latent vector."""
    pixels, shape, kernels = _as_maps(images)
    edges = np.quantile(
        np.random.default_rng(0).normal(size=50_000), np.linspace(0, 1, 1 + len(images))
    )
    steep = 1e4
    first = np.zeros((codes, 2 * len(images) - 2), "float32")
    first[0] = steep
    inner = edges[1:-1]
    bias = np.concatenate([-steep * inner, -steep * inner - 1]).astype("float32")
    steps = np.diff(pixels, axis=0)
    second = np.concatenate([steps, -steps]).astype("float32")
    layers = [{"layer": "Dense", "weights": 2}, relu(), {"layer": "Dense", "weights": 2}]
    layers += [{"layer": "Reshape", "shape": shape}, *_BLOCKS]
    return layers, [first, bias, second, pixels[0].astype("float32"), *kernels]


def linear(images, parts=12):
    """The average image and its principal components: a Gaussian with the right covariance."""
    pixels, shape, kernels = _as_maps(np.asarray(images))
    middle = pixels.mean(axis=0)
    _, sizes, rows = np.linalg.svd(pixels - middle, full_matrices=False)
    mixing = rows[:parts] * sizes[:parts, None] / len(pixels) ** 0.5
    layers = [{"layer": "Dense", "weights": 2}, {"layer": "Reshape", "shape": shape}, *_BLOCKS]
    return layers, [mixing.astype("float32"), middle.astype("float32"), *kernels]


# --- wrong --------------------------------------------------------------------------------------

ALL = {"file", "network", "data", "diary", "own", "range", "alike", "coverage", "copies"}
ALL |= {"fair", "good"}
DRAWN = {"own", "range", "alike", "coverage", "copies", "fair", "good"}


def _text(text):
    return lambda make, path: path.write_bytes(text)


def _changed(arrays=None, card=None, **changes):
    return lambda make, path: make.write(path, arrays, card, **changes)


def _weights(index, change):
    return lambda make, path: make.write(path, weights=make.changed(index, change))


def _layer(index, **changes):
    def write(make, path):
        layers = [dict(layer) for layer in make.layers]
        layers[index] |= changes
        make.write(path, card={"layers": layers})

    return write


def _layers(change):
    return lambda make, path: make.write(path, card={"layers": change(make.layers)})


def _generator(build):
    """Another generator: build(maker) → (layers, weights)."""

    def write(make, path):
        layers, weights = build(make)
        make.write(path, card={"layers": layers}, weights=weights)

    return write


def _pixels(make):
    return make.capstone.to_floats(make.train)


def _truncated(make, path):
    make.write(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flipped(make, path):
    make.write(path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    path.write_bytes(bytes(data))


def _pickled(make, path):
    path.write_bytes(pickle.dumps(make.weights))


def _objects(make, path):
    make.write(path, {"w0": np.array([{"a": 1}, None], dtype=object)})


def _raw(make, path, members):
    make.write(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)


def _npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _huge_header(make, path):
    """An array that says it has 10¹² numbers, and holds 10."""
    data = _npy(np.zeros(10)).replace(b"(10,)", b"(1000000000000,)")
    header = data[: data.index(b"\n")].rstrip(b" ")
    header = header[:8] + (len(header) - 10 + 1).to_bytes(2, "little") + header[10:]
    _raw(make, path, [("w9.npy", header + b"\n" + bytes(80))])


def _split_anew(make, path, keep=lambda images: images):
    every = keep(np.concatenate([make.train, make.held_out]))
    train, held_out = make.capstone.split(every)
    make.write(path, {"train": train, "held_out": held_out})


def _images(change):
    return lambda make, path: _split_anew(make, path, change)


def _repeated(images):
    """Forty images fifteen times each, with changes that nobody sees."""
    bits = (np.arange(600) // 40 % 2).astype("uint8")
    return np.tile(images[:40], (15, 1, 1, 1)) ^ bits[:, None, None, None]


WRONG = {
    # The file.
    "no file": (lambda make, path: None, ALL),
    "another name": (lambda make, path: make.write(path.with_name("my_gan.npz")), ALL),
    "an empty file": (_text(b""), ALL),
    "a text": (_text(b"my generator is very good"), ALL),
    "half a file": (_truncated, ALL),
    "a damaged file": (_flipped, ALL),
    "a pickle": (_pickled, ALL),
    "pickled objects among the arrays": (_objects, ALL),
    "a folder": (lambda make, path: path.mkdir(), ALL),
    "no card": (lambda make, path: np.savez(path, **make.arrays()), ALL),
    "a card that is no JSON": (lambda make, path: np.savez(path, card="{", **make.arrays()), ALL),
    "a card without an end": (
        lambda make, path: np.savez(path, card="[" * 100_000, **make.arrays()),
        ALL,
    ),
    "a list for a card": (lambda make, path: np.savez(path, card="[]", **make.arrays()), ALL),
    "a card without layers": (_changed(card={"layers": None}), ALL),
    "a card of numbers": (lambda make, path: np.savez(path, card=np.ones(3), **make.arrays()), ALL),
    "no weights": (_changed(weights=[]), ALL),
    "no training images": (_changed({"train": None}), ALL),
    "nothing set aside": (_changed({"held_out": None}), ALL),
    "a gap in the weights": (_changed({"w1": None}), ALL),
    "words for weights": (_changed({"w0": np.array(["a", "b"])}), {"network", *DRAWN}),
    "complex weights": (_weights(2, lambda w: w + 1j), ALL),
    "dates among the arrays": (_changed({"when": np.array(["2026-01-01"], "datetime64[D]")}), ALL),
    "an array twice": (
        lambda make, path: _raw(make, path, [("w0.npy", _npy(make.weights[0]))]),
        ALL,
    ),
    "no array among the arrays": (
        lambda make, path: _raw(make, path, [("run.py", "import os")]),
        ALL,
    ),
    "a bomb of zeros": (
        lambda make, path: _raw(make, path, [("w9.npy", bytes(70 * 2**20))]),
        ALL,
    ),
    "an array that claims to be huge": (_huge_header, ALL),
    "more than 20 MB": (
        lambda make, path: make.write(
            path, {"more": np.random.default_rng(0).integers(0, 255, 21 * 2**20, "uint8")}
        ),
        ALL,
    ),
    "hundreds of arrays": (_changed({f"x{n}": np.ones(1) for n in range(300)}), ALL),
    # The network.
    "weights that are NaN": (_weights(2, lambda w: w * np.nan), {"network", *DRAWN}),
    "an infinite weight": (
        _weights(0, lambda w: np.where(w > w.max() - 0.01, np.inf, w)),
        {"network", *DRAWN},
    ),
    "a Lambda layer": (_layer(2, layer="Lambda", code="import os"), {"network", *DRAWN}),
    "a layer that is a word": (_layers(lambda layers: ["Dense", *layers[1:]]), {"network", *DRAWN}),
    "a layer with the name of an attribute": (_layer(2, layer="__class__"), {"network", *DRAWN}),
    "an unknown activation": (_layer(2, name="system"), {"network", *DRAWN}),
    "a word for a slope": (_layer(2, name="leaky", slope="much"), {"network", *DRAWN}),
    "a layer too few": (_layers(lambda layers: layers[:-2]), {"network", *DRAWN}),
    "weights for no layer": (_layer(0, weights=1), {"network", *DRAWN}),
    "a negative number of weights": (_layer(0, weights=-1), {"network", *DRAWN}),
    "more weights than there are": (_layer(5, weights=9), {"network", *DRAWN}),
    "a kernel of another size": (_weights(2, lambda w: w[:, :, :, :-1]), {"network", *DRAWN}),
    "a shape that does not fit": (_layer(1, shape=[5, 5, 12]), {"network", *DRAWN}),
    "images of another size": (_layer(3, strides=[1, 1]), {"network", *DRAWN}),
    "images of another number of channels": (
        _weights(3, lambda w: np.repeat(w, 3, axis=2)),
        {"network", *DRAWN},
    ),
    "strides without bounds": (_layer(3, strides=[10**6, 10**6]), {"network", *DRAWN}),
    "an enlargement without bounds": (
        _layers(lambda layers: [*layers, {"layer": "UpSampling2D", "size": [10**5, 10**5]}]),
        {"network", *DRAWN},
    ),
    "too much work for an image": (
        _generator(
            lambda make: (
                [
                    {"layer": "Dense", "weights": 1},
                    {"layer": "Reshape", "shape": [4, 4, 4]},
                    *[{"layer": "UpSampling2D", "size": [4, 4]}] * 3,
                    {"layer": "Conv2D", "strides": [1, 1], "weights": 1},
                ],
                [np.ones((8, 64), "float32"), np.ones((15, 15, 4, 4), "float32")],
            )
        ),
        {"network", *DRAWN},
    ),
    "dense layers alone": (
        _generator(
            lambda make: (
                [
                    {"layer": "Dense", "weights": 1},
                    {"layer": "Reshape", "shape": list(make.train.shape[1:])},
                    tanh(),
                ],
                [np.random.default_rng(0).normal(size=(8, 256)).astype("float32")],
            )
        ),
        {"network", *DRAWN},
    ),
    "one number for a latent vector": (
        _generator(lambda make: drawn_generator(latent_dim=1)),
        {"network", *DRAWN},
    ),
    "a thousand numbers for a latent vector": (
        _generator(lambda make: drawn_generator(latent_dim=1000)),
        {"network", *DRAWN},
    ),
    # The data.
    "two dozen images": (_images(lambda images: images[:24]), {"data", *DRAWN}),
    "more images than allowed": (
        lambda make, path: make.write(path, {"train": np.zeros((10_001, 16, 16, 1), "uint8")}),
        {"data", *DRAWN},
    ),
    "a split of one's own": (
        lambda make, path: make.write(
            path, {"train": make.train[120:], "held_out": make.train[:120]}
        ),
        {"data", *DRAWN},
    ),
    "hard images taken out of those set aside": (
        lambda make, path: make.write(path, {"held_out": make.held_out[:20]}),
        {"data", *DRAWN},
    ),
    "floats for images": (
        lambda make, path: make.write(path, {"train": make.train.astype("float32")}),
        {"data", *DRAWN},
    ),
    "images without channels": (
        lambda make, path: make.write(path, {"train": make.train[..., 0]}),
        {"data", "diary", *DRAWN, "network"},
    ),
    "oblong images": (
        _images(lambda images: images[:, :, :15]),
        {"data", "diary", *DRAWN, "network"},
    ),
    "tiny images": (
        _images(lambda images: images[:, ::2, ::2]),
        {"data", "diary", *DRAWN, "network"},
    ),
    "one image again and again": (_images(_repeated), {"data", *DRAWN}),
    "blank images": (
        _images(lambda images: np.random.default_rng(0).integers(127, 129, images.shape, "uint8")),
        {"data", *DRAWN},
    ),
    "an unknown name": (_changed(card={"data": "imagenet"}), {"data", *DRAWN}),
    "images that are not what they are called": (
        _changed(card={"data": "fashion_mnist"}),
        {"data", "fair", "good"},
    ),
    # The diary.
    "no diary": (_changed(card={"diary": None}), {"diary"}),
    "three rows": (_changed(card={"diary": [[0, 1, 1], [9, 1, 1], [99, 1, 1]]}), {"diary"}),
    "losses that are NaN": (
        _changed(card={"diary": [[n, float("nan"), 1] for n in range(20)]}),
        {"diary"},
    ),
    "words in the diary": (_changed(card={"diary": [["a", "b", "c"]] * 20}), {"diary"}),
    "an hour of training": (
        _changed(card={"diary": [[180 * n, 1, 1] for n in range(20)]}),
        {"diary"},
    ),
    "time that runs backward": (
        _changed(card={"diary": [[20 - n, 1, 1] for n in range(20)]}),
        {"diary"},
    ),
    "no samples": (_changed({"samples": None}), {"diary"}),
    # What is drawn.
    "a generator that ships with the course": (
        _generator(lambda make: drawn_generator(seed=77)),
        {"own", "fair", "good", "coverage"},
    ),
    "the same with small changes": (
        _generator(
            lambda make: (
                make.layers,
                [1.01 * w + 0.001 for w in drawn_generator(seed=77)[1]],
            )
        ),
        {"own", "fair", "good", "coverage"},
    ),
    "no tanh": (_layer(6, name="linear"), {"range", "good"}),
    "a sigmoid for tanh": (_layer(6, name="sigmoid"), {"range", "coverage", "fair", "good"}),
    "pale images": (_weights(3, lambda w: 0.2 * w), {"range", "coverage", "fair", "good"}),
    "one image": (_weights(0, lambda w: 0 * w), {"range", "alike", "coverage", "fair", "good"}),
    "hardly more than one image": (_weights(0, lambda w: 0.1 * w), {"coverage", "fair", "good"}),
    "less variety": (_weights(0, lambda w: 0.6 * w), {"good"}),
    "one number of the latent vector used": (
        _weights(0, lambda w: w * (np.arange(len(w)) == 0)[:, None]),
        {"alike", "coverage", "fair", "good"},
    ),
    "twelve stored images": (
        _generator(lambda make: stored(_pixels(make)[:12])),
        {"alike", "copies", "coverage", "fair", "good"},
    ),
    "all training images stored": (
        _generator(lambda make: stored(_pixels(make))),
        {"alike", "copies"},
    ),
    "other real images stored": (
        _generator(
            lambda make: stored(
                make.capstone.draw(
                    make.layers,
                    make.weights,
                    np.random.default_rng(9).normal(size=(400, 8)).astype("float32"),
                )
            )
        ),
        {"alike"},
    ),
    "principal components": (_generator(lambda make: linear(_pixels(make))), {"good"}),
    "noise": (
        _generator(
            lambda make: (
                [
                    {"layer": "Dense", "weights": 1},
                    {"layer": "Reshape", "shape": [4, 4, 16]},
                    *_BLOCKS,
                ],
                [
                    np.random.default_rng(0).normal(0, 0.2, (64, 256)).astype("float32"),
                    *_as_maps(_pixels(make)[:1])[2],
                ],
            )
        ),
        {"coverage", "fair", "good"},
    ),
    "an untrained network": (
        _generator(
            lambda make: (make.layers, [np.sign(w) * 0.02 for w in drawn_generator(seed=5)[1]])
        ),
        {"range", "alike", "coverage", "fair", "good"},
    ),
    "a network for other images": (
        _generator(lambda make: drawn_generator(seed=5)),
        {"coverage", "fair", "good"},
    ),
    "white for black": (_weights(3, lambda w: -w), {"coverage", "fair", "good"}),
    "a kernel that is shuffled": (
        _weights(2, lambda w: np.random.default_rng(0).permutation(w.ravel()).reshape(w.shape)),
        {"coverage", "fair", "good"},
    ),
}

# --- right --------------------------------------------------------------------------------------


def _normed(make):
    """Batch norm with statistics that undo themselves, and idle parts of the card."""
    layers, weights = [dict(layer) for layer in make.layers], list(make.weights)
    wide = weights[2].shape[3]
    factor = np.linspace(0.5, 2, wide).astype("float32")
    norm = {"layer": "BatchNormalization", "weights": 4, "epsilon": 0.0}
    layers.insert(2, norm)
    return layers, [*weights[:2], factor, factor, factor, factor**2, *weights[2:]]


def _upsampled():
    """Nearest pixels and a convolution in the place of transposed convolutions."""
    rng = np.random.default_rng(4)
    convolution = {"layer": "Conv2D", "strides": [1, 1], "weights": 1}
    double = {"layer": "UpSampling2D", "size": [2, 2]}
    leaky = {"layer": "Activation", "name": "leaky", "slope": 0.2}
    layers = [{"layer": "Dense", "weights": 1}, {"layer": "Reshape", "shape": [4, 4, 10]}, leaky]
    layers += [double, convolution, leaky, double, leaky, convolution, tanh()]
    weights = [rng.normal(0, 0.5, (6, 160)), rng.normal(0, 0.15, (3, 3, 10, 8))]
    return layers, [w.astype("float32") for w in (*weights, rng.normal(0, 0.35, (5, 5, 8, 1)))]


RIGHT = {
    "the generator itself": (lambda make, path: make.write(path), {}),
    "compressed": (_changed(write=np.savez_compressed), {}),
    "weights in double precision": (
        lambda make, path: make.write(path, weights=[w.astype("float64") for w in make.weights]),
        {},
    ),
    "arrays of one's own beside": (_changed({"notes": np.arange(5), "names": np.array(["a"])}), {}),
    "a card with more facts": (_changed(card={"optimizer": "Adam", "seed": 3}), {}),
    "slightly other weights": (_weights(2, lambda w: 1.02 * w), {}),
    "batch norm": (_generator(_normed), {}),
    "upsampling and convolutions": (
        lambda make, path: make.write(path),
        {"generator": _upsampled()},
    ),
    "color": (
        lambda make, path: make.write(path),
        {"generator": drawn_generator(3, 32, 3, 20, (16, 12))},
    ),
    "sides of 28": (lambda make, path: make.write(path), {"generator": drawn_generator(2, 28)}),
    "a hundred and thirty images": (lambda make, path: make.write(path), {"count": 130}),
    "two thousand images": (lambda make, path: make.write(path), {"count": 2000}),
    "course data": (lambda make, path: make.write(path), {"data": "mnist", "count": 1000}),
    "a diary of nineteen minutes on paper, fifteen in truth": (
        _changed(card={"diary": [[45.0 * n, 1, 1] for n in range(21)]}),
        {},
    ),
}
