"""The small package behind the DCGAN course: data, networks, training, images.

Importing it is cheap: TensorFlow is loaded by the first thing that needs it.
"""

import importlib
import os

__version__ = "0.1.0"

# TensorFlow reads these when it is imported. Its start-up messages (CPU features,
# missing CUDA libraries) would stand above every first cell of every lesson.
# `setdefault` leaves the choice to anyone who wants to see them.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

_HOME = {
    "begin_lesson": "lesson",
    "pick": "lesson",
    "run_size": "lesson",
    "load_images": "data",
    "make_dataset": "data",
    "open_pictures": "data",
    "ImageFolder": "folders",
    "DataError": "data",
    "generator_loss": "losses",
    "discriminator_loss": "losses",
    "dcgan_generator": "layers",
    "dcgan_discriminator": "layers",
    "layer_table": "layers",
    "DCGAN": "training",
    "CombinedDCGAN": "combined",
    "Monitor": "training",
    "Checkpoint": "checkpoints",
    "load_generator": "generators",
    "TrainingPanel": "monitor",
    "image_grid": "images",
    "save_samples": "images",
    "save_gif": "images",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOME])
