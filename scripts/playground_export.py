"""What the playground's page needs of a generator: layers as plain numbers, and its directions.

The page computes with the few kinds of layers that playground/generator.js knows. This module
translates a Keras model into them, packs its weights as text, and finds directions among its latent
vectors, each with a name for what it changes most.
"""

import base64
import json
import zlib

import keras
import numpy as np

from dcgan_course.latent.pretrained import load_generator
from dcgan_course.latent.space import LatentSpace
from dcgan_course.networks.layers import multiplications

DIRECTIONS = 8
TITLES = {"fashion_mnist": "Clothes", "mnist": "Digits", "cifar10_frogs": "Frogs"}
NOUNS = {"fashion_mnist": "garment", "mnist": "digit", "cifar10_frogs": "frog"}
# Seeds, in the page's own random numbers, whose images make a good first sight.
FIRST = {
    **{"fashion_mnist": 19, "mnist": 24, "cifar10_frogs": 56},
    **{"fashion_mnist_by_class": 12, "mnist_by_class": 7},
}


class ExportError(ValueError):
    """A generator that the page cannot compute. The message says why."""


def described(name):
    """The page's description of a generator that ships with the course.

    Args:
        name: one of `shipped_generators()`.

    Returns:
        A dictionary that JSON can hold; playground/generator.js reads it.

    Raises:
        ExportError: the generator has a layer that the page does not know.
    """
    return described_network(name, load_generator(name))


def described_network(name, generator):
    """The same for a Keras model: z → images, or [z, y] → images with `class_names`."""
    space = LatentSpace(generator, count=DIRECTIONS)
    classes = list(space.class_names)
    network = Translation(generator, len(classes))
    ends, signs = named(images_of(space), space.directions)
    stem = next((key for key in TITLES if name.startswith(key)), None)
    title = TITLES.get(stem, name.replace("_", " "))
    return {
        "name": name,
        "title": f"{title} by class" if classes else title,
        "noun": NOUNS.get(stem, "image"),
        "latent": space.latent_dim,
        "shape": [int(n) for n in generator.outputs[0].shape[1:]],
        "classes": classes,
        "first": FIRST.get(name, 1),
        "layers": network.layers,
        "directions": network.keep(space.directions * signs[:, None], "float32"),
        "ends": ends,
        "arrays": network.places,
        "weights": network.packed(),
    }


def as_json(description):
    """A description as text that may stand inside of a <script> element."""
    return json.dumps(description, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def images_of(space):
    """A function: latent vectors → images, of each class in turn where G draws by class."""
    classes = len(space.class_names)

    def images(z):
        labels = np.eye(classes)[np.arange(len(z)) % classes] if classes else None
        return space.images(z, labels)

    return images


# --- layers ------------------------------------------------------------------------------


class Translation:
    """A Keras generator in the page's terms.

    Args:
        generator: a Keras model, Sequential or functional: z → images, or [z, y] → images.
        classes: how many numbers there are in y.

    Attributes:
        layers: dictionaries in the order of computing; number 0 is z, and the first is number 1.
        places: where each array is in the packed weights, and in which format.
    """

    def __init__(self, generator, classes=0):
        self.layers, self.places, self._bytes = [], [], b""
        code = generator.inputs[0]
        self._shapes = [(int(code.shape[1]) - classes,)]
        self._numbers = {id(code): 0}
        if classes:
            self._numbers[id(code)] = self._append("join_label", [0], code.shape[1:], "[z, y]")
        for layer in generator.layers:
            if not isinstance(layer, keras.layers.InputLayer):
                self._add(layer)
        if self._numbers.get(id(generator.outputs[0])) != len(self.layers):
            raise ExportError("The last layer of the generator should be the one that draws.")

    def keep(self, array, dtype):
        """Add an array to the packed weights; returns its number."""
        self._bytes += b"\0" * (-len(self._bytes) % 4)
        array = np.ascontiguousarray(array, dtype)
        self.places.append({"format": dtype, "at": len(self._bytes), "count": array.size})
        self._bytes += array.astype(array.dtype.newbyteorder("<")).tobytes()
        return len(self.places) - 1

    def packed(self):
        """All arrays as one text: compressed, in base64."""
        return base64.b64encode(zlib.compress(self._bytes, 9)).decode()

    def _weights(self, kernel):
        # What ships is float16, so this loses nothing; other weights lose their last digits.
        return self.keep(np.asarray(kernel), "float16")

    def _numbers_of(self, vector):
        return self.keep(np.asarray(vector), "float32")

    def _append(self, op, sources, shape, layer, **details):
        shape = [int(n) for n in shape]
        channels = {"channels": shape[-1]} if op in ("affine", "concatenate") else {}
        title = layer if isinstance(layer, str) else type(layer).__name__
        entry = {"op": op, "from": sources, "shape": shape, "title": title}
        self.layers.append({**entry, **channels, **details})
        self._shapes.append(tuple(shape))
        return len(self.layers)

    def _add(self, layer):
        inputs = layer.input if isinstance(layer.input, (list, tuple)) else [layer.input]
        kind = type(layer).__name__
        translate = getattr(self, f"_{kind}", None)
        if translate is None or any(id(tensor) not in self._numbers for tensor in inputs):
            raise ExportError(f"The page does not know layers of the type {kind}.")
        sources = [self._numbers[id(tensor)] for tensor in inputs]
        self._numbers[id(layer.output)] = translate(layer, sources)

    # --- one method for each type of layer --------------------------------------------

    def _Dense(self, layer, sources):
        details = {"weights": self._weights(layer.kernel), **self._bias(layer)}
        shape = layer.output.shape[1:]
        number = self._append("dense", sources, shape, layer, **details, **_cost(layer))
        return self._activation(layer, number)

    def _Conv2DTranspose(self, layer, sources):
        # Keras has (row, column, out, in); with outputs last the page's inner loop runs in order.
        kernel = np.swapaxes(np.asarray(layer.kernel), 2, 3)
        size, stride = _square(layer)
        rows = self._shapes[sources[0]][0]
        # TensorFlow's "same": what stands over the border is cut off, the smaller half in front.
        over = max((rows - 1) * stride + size - rows * stride, 0)
        return self._convolution("conv_transpose", layer, sources, kernel, over // 2)

    def _Conv2D(self, layer, sources):
        size, stride = _square(layer)
        rows = self._shapes[sources[0]][0]
        over = max((-(-rows // stride) - 1) * stride + size - rows, 0)
        return self._convolution("conv", layer, sources, np.asarray(layer.kernel), over // 2)

    def _convolution(self, op, layer, sources, kernel, before):
        size, stride = _square(layer)
        details = {"kernel": size, "stride": stride, "before": before, **_cost(layer)}
        details |= {"weights": self._weights(kernel), **self._bias(layer)}
        number = self._append(op, sources, layer.output.shape[1:], layer, **details)
        return self._activation(layer, number)

    def _BatchNormalization(self, layer, sources):
        variance, mean = np.asarray(layer.moving_variance), np.asarray(layer.moving_mean)
        gamma = np.asarray(layer.gamma) if layer.scale else np.ones_like(mean)
        beta = np.asarray(layer.beta) if layer.center else np.zeros_like(mean)
        scale = gamma / np.sqrt(variance + layer.epsilon)
        details = {
            "scale": self._numbers_of(scale),
            "shift": self._numbers_of(beta - mean * scale),
        }
        return self._append("affine", sources, layer.output.shape[1:], layer, **details)

    def _UpSampling2D(self, layer, sources):
        if layer.interpolation != "nearest" or len(set(layer.size)) > 1:
            raise ExportError("The page knows UpSampling2D with equal sides and “nearest” only.")
        factor = int(layer.size[0])
        return self._append("upsample", sources, layer.output.shape[1:], layer, factor=factor)

    def _ReLU(self, layer, sources):
        slope = float(layer.negative_slope)
        return self._append("relu", sources, layer.output.shape[1:], layer, slope=slope)

    _LeakyReLU = _ReLU

    def _Activation(self, layer, sources):
        return self._activation(layer, sources[0])

    def _same(self, layer, sources):
        return self._append("same", sources, layer.output.shape[1:], layer)

    _Reshape = _Flatten = _Dropout = _GaussianNoise = _same

    def _combined(self, layer, sources):
        op = type(layer).__name__.lower()
        shapes = [self._shapes[source] for source in sources]
        shape = tuple(layer.output.shape[1:])
        if op != "concatenate" and any(each != shape for each in shapes):
            raise ExportError(f"{layer.name} should combine maps of equal shapes, not {shapes}.")
        widths = {"widths": [int(each[-1]) for each in shapes]} if op == "concatenate" else {}
        return self._append(op, sources, shape, layer, **widths)

    _Add = _Multiply = _Concatenate = _combined  # the only ones with several inputs

    def _bias(self, layer):
        return {"bias": self._numbers_of(layer.bias)} if layer.use_bias else {}

    def _activation(self, layer, number):
        name = keras.activations.serialize(layer.activation)
        name = name if isinstance(name, str) else name["config"]["name"]
        if name == "linear":
            return number
        shape = self._shapes[number]
        if name == "tanh":
            return self._append("tanh", [number], shape, layer)
        if name == "relu":
            return self._append("relu", [number], shape, layer, slope=0.0)
        raise ExportError(f"The page does not know the activation {name!r}.")


def _square(layer):
    """Kernel and stride of a convolution that has one number of each."""
    numbers = {*layer.kernel_size}, {*layer.strides}, {*layer.dilation_rate}
    if layer.padding != "same" or [len(each) for each in numbers] != [1, 1, 1]:
        raise ExportError(f"{layer.name} should have square kernels, and padding “same”.")
    return int(layer.kernel_size[0]), int(layer.strides[0])


def _cost(layer):
    return {"multiplications": multiplications(layer), "numbers": layer.count_params()}


# --- directions --------------------------------------------------------------------------


def named(images, directions, *, samples=100, reach=2.0, least=0.5):
    """Names for directions, after the property of the images that each one changes most.

    A property names one direction at most. Its effect is how far it moves between −`reach` and
    +`reach`, in standard deviations of the property across random images.

    Args:
        images: a function, latent vectors → images in [−1, 1].
        directions: (count, latent_dim).
        samples: how many latent vectors to move.
        reach: how far to move them.
        least: a smaller effect gives no name.

    Returns:
        `(ends, signs)`: for each direction two words, what is less and what is more of, or two
        empty ones; and 1 or −1, by which the direction is to be multiplied so that it is so.
    """
    z = np.random.default_rng(1).normal(size=(samples, directions.shape[1])).astype("float32")
    typical = properties(images(z))
    effects = {}
    for index, direction in enumerate(directions):
        low, high = (properties(images(z + step * direction)) for step in (-reach, reach))
        for ends, values in typical.items():
            if values.std() > 1e-6:
                change = float((high[ends] - low[ends]).mean() / values.std())
                effects[index, ends] = change
    names, signs = [("", "")] * len(directions), np.ones(len(directions), "float32")
    while effects:
        index, ends = max(effects, key=lambda key: abs(effects[key]))
        if abs(effects[index, ends]) < least:
            break
        names[index], signs[index] = ends, np.sign(effects[index, ends])
        effects = {key: v for key, v in effects.items() if key[0] != index and key[1] != ends}
    return [list(ends) for ends in names], signs


def properties(images):
    """Simple properties of images, by the words for little and for much of them.

    Args:
        images: float (count, height, width, channels) in [−1, 1].

    Returns:
        {(little, much): float (count,)}.
    """
    light = (images + 1) / 2
    gray = light.mean(axis=3)
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in gray.shape[1:]), indexing="ij")

    def weighted(values, weights):
        return (values * weights).mean(axis=(1, 2)) / weights.mean(axis=(-2, -1)).clip(1e-6)

    found = {
        ("dark", "bright"): gray.mean(axis=(1, 2)),
        ("low contrast", "high contrast"): gray.std(axis=(1, 2)),
    }
    if images.shape[3] == 3:
        red, green, blue = (light[..., k].mean(axis=(1, 2)) for k in range(3))
        middle = x**2 + y**2 < 0.5
        rim = np.maximum(abs(x), abs(y)) > 0.75
        return found | {
            ("blue", "yellow"): (red + green) / 2 - blue,
            ("red", "green"): green - red,
            ("dark middle", "bright middle"): weighted(gray, middle) - weighted(gray, rim),
            ("light from below", "light from above"): weighted(gray, y < 0) - weighted(gray, y > 0),
            ("light from the left", "light from the right"): weighted(gray, x > 0)
            - weighted(gray, x < 0),
        }
    # On a black background the light is the thing itself, so that it has a place and a shape.
    across, down = weighted(x, gray), weighted(y, gray)
    dx, dy = x - across[:, None, None], y - down[:, None, None]
    wide, tall = np.sqrt(weighted(dx**2, gray)), np.sqrt(weighted(dy**2, gray))
    return found | {
        ("narrow", "wide"): wide,
        ("short", "tall"): tall,
        ("leaning left", "leaning right"): -weighted(dx * dy, gray) / (wide * tall).clip(1e-6),
        ("further left", "further right"): across,
        ("heavy above", "heavy below"): down,
        ("smooth", "detailed"): abs(np.diff(gray, axis=2)).mean(axis=(1, 2))
        / gray.mean(axis=(1, 2)).clip(1e-6),
    }
