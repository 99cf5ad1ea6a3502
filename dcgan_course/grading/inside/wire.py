"""Values as JSON, between the grader and the process in which a submission runs.

Nothing is pickled: what comes out of a submission's process can be numbers, words, lists and
arrays, and no object that runs code where it is read.
"""

import base64

import numpy as np

KINDS = "biuf"  # of arrays: bool, int, unsigned, float
MOST_BYTES = 2**28


class Tensor:
    """An array that arrives as a TensorFlow tensor on the other side."""

    def __init__(self, value):
        self.value = np.asarray(value, "float32")


class Other:
    """What stands for an object that cannot be sent: its type's name, and no number."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"<{self.name}>"


def _pack_array(array):
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
    return [array.dtype.str, list(array.shape), data]


def pack(value):
    """Turn a value into what `json` can write.

    Args:
        value: None, numbers, words, lists, dictionaries with words as keys, arrays, tensors.

    Returns:
        A value for `json.dumps`. An object of another kind becomes its type's name.
    """
    if isinstance(value, Tensor):
        return {"tensor": _pack_array(value.value)}
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, np.generic):
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, (list, tuple)):
        return {"list": [pack(part) for part in value]}
    if isinstance(value, dict):
        return {"dict": [[str(key), pack(part)] for key, part in value.items()]}
    if hasattr(value, "numpy") or hasattr(value, "__array__"):
        try:
            array = np.asarray(value)
            if array.dtype.name == "bfloat16":
                array = array.astype("float32")
        except Exception:
            return {"other": type(value).__name__}
        if array.dtype.kind in KINDS:
            return {"array": _pack_array(array)}
    return {"other": type(value).__name__}


def _unpack_array(parts):
    kind, shape, data = parts
    dtype = np.dtype(str(kind))
    if dtype.kind not in KINDS or len(data) > MOST_BYTES:
        raise ValueError(f"Arrays of {dtype} or of {len(data)} bytes are not taken.")
    shape = tuple(int(side) for side in shape)
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()


def unpack(value, tensor=None):
    """Turn what `pack` wrote back into a value.

    Args:
        value: what `json` has read.
        tensor: a function that makes a tensor of an array; without it, arrays stay arrays.

    Returns:
        The value. Tuples come back as lists.

    Raises:
        ValueError: it is not what `pack` writes.
    """
    if value is None or isinstance(value, (bool, str, int, float)):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(f"Not a packed value: {str(value)[:60]}")
    ((kind, inside),) = value.items()
    if kind == "list":
        return [unpack(part, tensor) for part in inside]
    if kind == "dict":
        return {str(key): unpack(part, tensor) for key, part in inside}
    if kind == "array":
        return _unpack_array(inside)
    if kind == "tensor":
        array = _unpack_array(inside)
        return tensor(array) if tensor else array
    if kind == "other":
        return Other(str(inside)[:60])
    raise ValueError(f"Unknown kind of packed value: {str(kind)[:60]}")
