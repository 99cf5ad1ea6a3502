"""Generators that draw by NumPy alone: no TensorFlow, and a tenth of its memory.

A trained generator is a list of layers with fixed weights, and NumPy can compute them. That is
what lets the explorer open within a second, and one server show it to a whole class.
"""

import numpy as np

CODES_AT_ONCE = 64  # drawing more of them together would take more memory, and no less time


class LightGenerator:
    """A trained generator, computed by NumPy.

    It has what the explorer uses of a Keras model: a call, the shapes, the weights.

    Args:
        layers: a list of dictionaries, as `describe` writes it.
        weights: float32 arrays, in the order of the Keras model's `get_weights()`.
        class_names: of the classes that it draws by; see `LatentSpace`.

    Attributes:
        input_shape, output_shape: as Keras gives them.
        weights: the arrays.
        class_names: a tuple; empty where it knows no classes.
    """

    def __init__(self, layers, weights, class_names=()):
        self.weights, self.class_names = list(weights), tuple(class_names)
        self._steps = []
        left = iter(self.weights)
        for layer in layers:
            self._steps.append(_STEPS[layer["op"]](layer, left))
        self.input_shape = (None, self.weights[0].shape[0])
        self.output_shape = (None, *self(np.zeros((1, self.input_shape[1]))).shape[1:])

    def get_weights(self):
        """The weights, in Keras' order."""
        return self.weights

    def __call__(self, z, training=False):
        """Codes (count, numbers) → float32 images (count, height, width, channels)."""
        z = np.asarray(z, "float32")
        parts = [z[at : at + CODES_AT_ONCE] for at in range(0, len(z), CODES_AT_ONCE)]
        return np.concatenate([self._computed(part) for part in parts])

    def first_maps(self, z):
        """Compute the first feature maps: float32 (count, height, width, channels)."""
        x = np.asarray(z, "float32")
        for step in self._steps:
            x = step(x)
            if x.ndim == 4:
                return x

    def _computed(self, x):
        for step in self._steps:
            x = step(x)
        return x


def describe(network):
    """Write down the layers of a Keras generator, for `LightGenerator`.

    Args:
        network: a `keras.Sequential`.

    Returns:
        A list of dictionaries that JSON can hold, or None if there is a layer that this module
        does not compute.
    """
    described = []
    for layer in network.layers:
        entries = _described(type(layer).__name__, layer.get_config())
        if entries is None:
            return None
        described += entries
    return described


def _described(name, config):
    """One layer as a list of entries: without its activation, and the activation."""
    if name == "BatchNormalization" and config["scale"] and config["center"]:
        return [{"op": "batch_norm", "epsilon": config["epsilon"]}]
    if name in ("ReLU", "LeakyReLU"):
        return [{"op": "relu", "slope": float(config["negative_slope"])}]
    if name == "Reshape":
        return [{"op": "reshape", "shape": list(config["target_shape"])}]
    if name == "Activation":
        return _activation(config["activation"])
    activation = _activation(config.get("activation"))
    if name == "Dense" and activation is not None:
        return [{"op": "dense", "bias": config["use_bias"]}, *activation]
    if name == "Conv2DTranspose" and activation is not None and config["padding"] == "same":
        stride = config["strides"][0]
        return [{"op": "conv_transpose", "stride": stride, "bias": config["use_bias"]}, *activation]
    return None


def _activation(name):
    known = {"linear": [], "relu": [{"op": "relu", "slope": 0.0}], "tanh": [{"op": "tanh"}]}
    return known.get(name)


# --- one function for each kind of layer: it takes its weights, and returns what it computes -----


def _dense(layer, weights):
    kernel = next(weights)
    bias = next(weights) if layer["bias"] else np.float32(0)
    return lambda x: x @ kernel + bias


def _batch_norm(layer, weights):
    gamma, beta, mean, variance = (next(weights) for _ in range(4))
    scale = gamma / np.sqrt(variance + np.float32(layer["epsilon"]))
    shift = beta - mean * scale
    return lambda x: x * scale + shift


def _relu(layer, weights):
    slope = np.float32(layer["slope"])
    return lambda x: np.maximum(x, slope * x)


def _reshape(layer, weights):
    return lambda x: x.reshape(-1, *layer["shape"])


def _tanh(layer, weights):
    return np.tanh


def _conv_transpose(layer, weights):
    kernel, stride = next(weights), layer["stride"]
    bias = next(weights) if layer["bias"] else np.float32(0)
    rows, columns, filters, channels = kernel.shape
    flat = np.ascontiguousarray(kernel.reshape(-1, channels).T)
    # "Same" cuts off what stands over the border, the smaller half of it before the first pixel.
    before = max(rows - stride, 0) // 2, max(columns - stride, 0) // 2

    def convolve(x):
        count, height, width, _ = x.shape
        parts = x.reshape(-1, channels) @ flat
        parts = parts.reshape(count, height, width, rows, columns, filters)
        high, wide = height * stride, width * stride
        out = np.zeros((count, high + rows, wide + columns, filters), "float32")
        for i, j in np.ndindex(rows, columns):  # each pixel stamps the kernel onto the output
            out[:, i : i + high : stride, j : j + wide : stride] += parts[:, :, :, i, j]
        return out[:, before[0] : before[0] + high, before[1] : before[1] + wide] + bias

    return convolve


_STEPS = {
    "dense": _dense,
    "batch_norm": _batch_norm,
    "relu": _relu,
    "reshape": _reshape,
    "tanh": _tanh,
    "conv_transpose": _conv_transpose,
}
