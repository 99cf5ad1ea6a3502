"""Opening a `.keras` file as a generator, and what it may hold before that.

Keras builds from such a file whatever classes and functions its configuration names. Versions
before 3.9 import them from any module, and some of Keras' own layers read other files or run code
from the file. A file from someone else should do neither, so only the parts of which generators are
made are accepted.
"""

import json
import os
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from dcgan_course.checks import names_of_classes, shown
from dcgan_course.files import card_of, find_run
from dcgan_course.latent.errors import LatentError

LARGEST = 2 << 30  # bytes, unpacked: a hundred times the largest generator of the course
LARGEST_CONFIG = 10 << 20
# Where the classes of a generator come from. Names below them count, such as keras.src.layers.
MODULES = (
    "keras",
    "keras.activations",
    "keras.constraints",
    "keras.dtype_policies",
    "keras.initializers",
    "keras.layers",
    "keras.mixed_precision",
    "keras.models",
    "keras.ops",
    "keras.random",
    "keras.regularizers",
)
# Of these, what runs code from the file, or reads another one.
REFUSED = (
    "Lambda",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
    "IndexLookup",
)
# Plain values that JSON does not know, as Keras writes them.
PLAIN = (
    *("__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__"),
    *("__tuple__", "__complex__"),
)
# Functions that a layer may name as its activation.
ACTIVATIONS = (
    *("celu", "elu", "exp", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid"),
    *("hard_silu", "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid"),
    *("log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink"),
    *("softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax"),
    *("squareplus", "swish", "tanh", "tanh_shrink", "threshold"),
)


def open_generator(path):
    """A generator from a file, or from a run's folder.

    Args:
        path: a `generator.keras`, or a folder that holds one, such as runs/02_fashion_mnist;
            see `files.find_run` for where it is looked for.

    Returns:
        A Keras model: codes (batch, latent_dim) → images (batch, height, width, channels). It
        has `class_names`, where the training has left them in the file: see
        `networks.labels.save_network`.

    Raises:
        LatentError: no such file, a file that holds no generator, or one that also holds code
            or classes from elsewhere.
    """
    import keras

    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise LatentError(f"A generator is opened by the name of a file, not by {shown(path)}.")
    path = find_run(path)
    file = path / "generator.keras" if path.is_dir() else path
    if not file.is_file():
        raise LatentError(
            f"There is no {file}. A training leaves generator.keras in its folder in runs/ "
            "when it is complete: run it first."
        )
    if reason := why_refused(file):
        raise LatentError(f"{file} {reason}.")
    try:
        generator = keras.saving.load_model(file, compile=False, safe_mode=True)
    except MemoryError:
        raise
    except Exception as problem:
        first = str(problem).strip().partition("\n")[0]
        raise LatentError(f"{file} cannot be read as a Keras model ({first}).") from problem
    check_generator(generator)
    try:
        generator.class_names = names_of_classes(card_of(file)["classes"])
    except (KeyError, ValueError):  # it knows of no classes
        generator.class_names = ()
    return generator


def check_generator(generator):
    """Raise `LatentError` unless a model maps codes to images."""
    # An unbuilt model has no such attributes, and one with several inputs has lists of them.
    shapes = getattr(generator, "input_shape", None), getattr(generator, "output_shape", None)
    whole = all(
        isinstance(shape, tuple) and all(isinstance(side, int) and side > 0 for side in shape[1:])
        for shape in shapes
    )
    if not (whole and len(shapes[0]) == 2 and len(shapes[1]) == 4 and shapes[1][3] in (1, 3)):
        what = f"maps {shapes[0]} to {shapes[1]}"
        if not hasattr(generator, "get_weights"):
            what = f"is {shown(generator)}"
        raise LatentError(
            "A generator maps codes (batch, latent_dim) to images (batch, height, width, 1 or 3); "
            f"this model {what}."
        )


def why_refused(file):
    """Say why a file should not be opened as a generator.

    Args:
        file: the path of a regular file.

    Returns:
        A text that goes on after the file's name, or None for a file that may be opened.

    Raises:
        OSError: it cannot be read.
    """
    if Path(file).suffix != ".keras" or not zipfile.is_zipfile(file):
        return (
            "cannot be read as a Keras model: a generator is a .keras file, as "
            "generator.save('generator.keras') writes it"
        )
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            for member in members:
                path = PurePosixPath(member.filename.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts or ":" in member.filename:
                    return f"holds a file that would be written elsewhere ({member.filename!r})"
            size = sum(member.file_size for member in members)
            if size > LARGEST:
                return f"would take {size / 2**30:.1f} GiB, and no generator does"
            if archive.getinfo("config.json").file_size > LARGEST_CONFIG:
                return "cannot be read as a Keras model: its configuration is far too long"
            config = json.loads(archive.read("config.json"))
        return _refused_part(config)
    except KeyError:
        return "cannot be read as a Keras model: it lacks a config.json"
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, RuntimeError) as problem:
        # Damage, no JSON, a method that Python cannot unpack, a password, a nesting without end.
        return f"cannot be read as a Keras model: it is damaged ({problem})"


def _refused_part(config):
    """Look for classes and functions that are no part of a generator."""
    if isinstance(config, list):
        return next(filter(None, map(_refused_part, config)), None)
    if not isinstance(config, dict):
        return None
    name, module = config.get("class_name"), config.get("module")
    if isinstance(name, str) and not _allowed(name, module, config):
        where = f" of {module}" if module else ""
        return (
            f"holds {name}{where}, which a generator does not need and which could run code: "
            "rebuild the network in Python, and load its weights alone"
        )
    # How it was compiled is never used here.
    parts = (part for key, part in config.items() if key != "compile_config")
    return next(filter(None, map(_refused_part, parts)), None)


def _allowed(name, module, config):
    if name == "function":
        function = config.get("config")
        known = module is None or module == "builtins" or _of_keras(module)
        return (known and function in ACTIVATIONS) or _registered(function)
    if name.startswith("__"):
        return name in PLAIN
    if _registered(config.get("registered_name")):
        return True
    # Classes begin with a capital letter: keras.models also has functions that load files.
    return name not in REFUSED and name[:1].isupper() and _of_keras(module)


def _of_keras(module):
    if not isinstance(module, str):
        return False
    plain = module.replace("keras.src", "keras", 1)
    below = (plain.startswith(f"{known}.") for known in MODULES if known != "keras")
    return plain in MODULES or any(below)


def _registered(name):
    """Whether this process has registered the class: then it runs the reader's own code."""
    from keras import saving

    return isinstance(name, str) and ">" in name and saving.get_registered_object(name) is not None
