"""What `DCGAN.fit` and `DCGAN.sample` accept: checked, and brought to where a training stopped."""

import os
import warnings
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from dcgan_course.checks import shown, true_or_false, whole_number
from dcgan_course.data.folder import ImageFolder
from dcgan_course.data.stream import make_dataset
from dcgan_course.training.distributed import distributed_stream, on_several_machines

_ACCEPTED = "images as an array, an ImageFolder, or a tf.data.Dataset of batches"
_SCALE = "Scale images in 0…255 by x / 127.5 − 1."


@dataclass(frozen=True)
class TrainingData:
    """Data that has been checked, as `fit` needs it.

    Attributes:
        stream: a function of the number of complete epochs, which returns what Keras' `fit`
            takes from there on.
        steps_per_epoch: batches in an epoch; None leaves it to the dataset.
        identity: plain data by which a checkpoint knows the data.
    """

    stream: object
    steps_per_epoch: int | None
    identity: object


def prepare(gan, x, batch_size, steps_per_epoch, shuffle=None, *, labels=None, resumable):
    """Check training data, and say how to stream it.

    Args:
        gan: the `DCGAN` that will train.
        x, batch_size, steps_per_epoch, shuffle: as given to `DCGAN.fit`.
        labels: None, or a label for each image of an array, float (count, …); the stream then
            consists of (images, labels).
        resumable: whether the stream has to be brought to the place where a training stopped.

    Returns:
        A `TrainingData`.

    Raises:
        ValueError: data that D cannot take, or that cannot be resumed; a number out of range.
    """
    if steps_per_epoch is not None:
        steps_per_epoch = whole_number("steps_per_epoch", steps_per_epoch, minimum=1)
    if isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset)):
        if batch_size is not None:
            raise ValueError("A dataset has batches of its own: leave out batch_size.")
        if shuffle:
            raise ValueError("fit does not shuffle a dataset: call dataset.shuffle(…) before.")
        prepare_some = _prepare_dataset if isinstance(x, tf.data.Dataset) else _prepare_distributed
        return prepare_some(gan, x, steps_per_epoch, resumable)
    shuffle = True if shuffle is None else true_or_false("shuffle", shuffle)
    x = _checked_images(x, _wanted(gan))
    if labels is not None and isinstance(x, ImageFolder):
        raise ValueError("With labels, fit takes images as an array, not an ImageFolder.")
    batch_size = _checked_batch_size(batch_size, len(x), gan.distribute_strategy)
    steps = steps_per_epoch or len(x) // batch_size
    identity = [[batch_size, len(x)], steps_per_epoch]
    return TrainingData(
        lambda epoch: _stream(gan, x, labels, batch_size, epoch * steps, shuffle),
        steps,
        identity if shuffle else [*identity, "in order"],
    )


def as_codes(name, codes, latent_dim, *, counts=True):
    """Check latent codes, or how many of them to draw.

    Args:
        name: the argument's name, for messages.
        codes: float (count, latent_dim), or a whole number.
        latent_dim: numbers in a code.
        counts: False does not accept a number.

    Returns:
        An `int`, or a float32 tensor (count, latent_dim).

    Raises:
        ValueError: codes of another shape, or that are not finite; a count below 1.
    """
    if counts and isinstance(codes := codes_or_count(name, codes), int):
        return codes
    try:
        z = tf.convert_to_tensor(codes)
        z = tf.cast(
            z if z.dtype.is_floating else tf.convert_to_tensor(codes, tf.float32), "float32"
        )
    except (TypeError, ValueError, tf.errors.OpError) as problem:
        raise ValueError(
            f"{name} should hold numbers, shape (count, {latent_dim}), not {shown(codes)}."
        ) from problem
    if z.shape.rank != 2 or z.shape[1] != latent_dim:
        raise ValueError(
            f"Codes should have shape (count, {latent_dim}), not {tuple(z.shape)} ({name})."
        )
    if tf.executing_eagerly() and not bool(tf.reduce_all(tf.math.is_finite(z))):
        raise ValueError(f"{name} holds codes that are NaN or infinite.")
    return z


def codes_or_count(name, codes):
    """Return latent codes as they are; a number of codes to draw as an `int`, once checked.

    For callbacks, which know the size of a code only when training begins.

    Raises:
        ValueError: a single value that is no whole number from 1 to 100,000.
    """
    single = codes is None or isinstance(codes, str) or getattr(codes, "ndim", None) == 0
    if single or np.isscalar(codes):
        return whole_number(name, codes, minimum=1, maximum=100_000)
    return codes


def _wanted(gan):
    wanted = tuple(gan.discriminator.input_shape[1:])
    return tuple(gan.generator.output_shape[1:]) if gan.conditional else wanted


# --- arrays and folders ---------------------------------------------------------------


def _checked_batch_size(batch_size, count, strategy):
    replicas = strategy.num_replicas_in_sync
    if batch_size is None:
        batch_size = min(64, count) // replicas * replicas
    batch_size = whole_number(
        "batch_size", batch_size, minimum=1, maximum=count, hint=f"There are {count:,} images."
    )
    if batch_size % replicas:
        raise ValueError(
            f"batch_size should be a multiple of {replicas}, as so many devices train together, "
            f"not {batch_size}."
        )
    return batch_size


def _stream(gan, x, labels, batch_size, first_step, shuffle):
    """Batches of an array or a folder; of several machines, this one's part."""
    options = dict(batch_size=batch_size, seed=gan.seed, first_step=first_step, shuffle=shuffle)
    stream = x.stream if isinstance(x, ImageFolder) else partial(make_dataset, x, labels=labels)
    strategy = gan.distribute_strategy
    if not on_several_machines(strategy):
        return stream(**options)  # Keras divides it among this machine's GPUs
    return distributed_stream(partial(stream, **options), strategy, batch_size)


def _checked_images(x, wanted):
    """An `ImageFolder`, or a float32 array of images that D can take."""
    if isinstance(x, ImageFolder):  # whose images are in [−1, 1] by construction
        _check_shape(tuple(x.shape), wanted)
        return x
    _refuse_other_kinds(x)
    images = np.asarray(x)
    if images.ndim and not len(images):
        raise ValueError(f"There are no images: the array has shape {images.shape}.")
    _check_shape(images.shape, wanted)
    _check_values(images, wanted, "The images")
    return images.astype("float32", copy=False)


def _refuse_other_kinds(x):
    """Raise where `x` is no array, and say what to do with what it is."""
    kind = type(x).__name__
    if x is None:
        raise ValueError(f"fit needs data: {_ACCEPTED}.")
    if isinstance(x, (str, os.PathLike)):
        raise ValueError(f"fit needs images, not a path: give it ImageFolder({str(x)!r}).")
    if isinstance(x, keras.utils.PyDataset):
        raise ValueError(
            f"fit takes no {kind}: give it {_ACCEPTED}; tf.data.Dataset.from_generator makes one."
        )
    if isinstance(x, dict):
        raise ValueError(
            f"fit needs images alone, not a dictionary with {shown(list(x))}: pick the images, "
            "such as x['images']."
        )
    if isinstance(x, tuple):
        raise ValueError(
            f"fit needs images alone, not a tuple of {len(x)}: of (images, labels) give the images."
        )
    if isinstance(x, list):
        raise ValueError("fit needs an array, not a list: make one by np.stack(images).")
    if hasattr(x, "images") and hasattr(x, "labels"):
        raise ValueError(f"fit needs images alone, not a whole {kind}: give its `.images`.")
    if hasattr(x, "__next__") or callable(x):
        raise ValueError(
            f"fit takes no {kind}: wrap the function that yields batches, "
            "tf.data.Dataset.from_generator(function, output_signature=tf.TensorSpec(…))."
        )
    if not (hasattr(x, "__array__") and hasattr(x, "shape")):
        raise ValueError(f"fit needs {_ACCEPTED}, not {shown(x)}.")


def _check_shape(shape, wanted):
    """Compare the shape of a set or batch of images with what D takes, and say what is missing."""
    if len(shape) == len(wanted) + 1 and all(
        one in (None, other) for one, other in zip(shape[1:], wanted, strict=True)
    ):
        return
    hint = ""
    if tuple(shape) == wanted:
        hint = " This is one image without a batch: images[None] makes a batch of it."
    elif wanted[-1] == 1 and tuple(shape[1:]) == wanted[:-1]:
        hint = " Give gray images a channel axis: images[..., None]."
    elif len(shape) == len(wanted) + 1 and tuple(shape[1:]) == (wanted[-1], *wanted[:-1]):
        hint = " Put the channels last: np.moveaxis(images, 1, -1)."
    given = f"these have {tuple(shape[1:])}" if len(shape) > 1 else f"this array has {shape}"
    raise ValueError(f"D expects images of shape {wanted}, {given}.{hint}")


def _check_values(images, wanted, what):
    """Check type and range of images, and whether all are numbers."""
    is_number = images.dtype.kind in "fiub" or images.dtype.name == "bfloat16"
    if not is_number or not tf.as_dtype(images.dtype).is_floating:
        reach = f" from {images.min()} to {images.max()}" if is_number else ""
        raise ValueError(
            f"{what} should be floating-point numbers in [−1, 1], not {images.dtype}{reach}. "
            f"{_SCALE}"
        )
    if images.dtype.name == "bfloat16":  # NumPy knows it only by half
        images = images.astype("float32")
    low, high = float(images.min()), float(images.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = np.isfinite(images.astype("float32", copy=False))
        first = int(np.argmin(finite.reshape(len(images), -1).all(axis=1)))
        raise ValueError(f"{what} hold NaN or infinite values, first in image {first}: remove it.")
    if len(wanted) != 3:
        return  # points, say, of a G that does not end in tanh
    if low < -1.001 or high > 1.001:
        raise ValueError(
            f"{what} should lie in [−1, 1], the range of G's tanh; these reach from {low:.3g} to "
            f"{high:.3g}. {_SCALE}"
        )
    if low >= 0 and high > low:
        warnings.warn(
            f"{what} lie in [{low:.3g}, {high:.3g}], with nothing below 0. G draws in [−1, 1], so "
            "images in [0, 1] should be scaled by 2 * x − 1.",
            stacklevel=5,
        )


# --- datasets -------------------------------------------------------------------------


def _prepare_distributed(gan, x, steps_per_epoch, resumable):
    if resumable:
        raise ValueError(
            "A distributed dataset cannot be brought to the place where a training stopped: "
            "give fit the ImageFolder or the array itself."
        )
    return TrainingData(lambda epoch: x, steps_per_epoch, [None, steps_per_epoch])


def _prepare_dataset(gan, x, steps_per_epoch, resumable):
    identity = [None, steps_per_epoch]
    x = _checked_dataset(x, _wanted(gan), gan.distribute_strategy.num_replicas_in_sync)
    length = int(x.cardinality())
    if length == tf.data.INFINITE_CARDINALITY and steps_per_epoch is None:
        raise ValueError("The dataset is endless: give steps_per_epoch.")
    if steps_per_epoch is None and not resumable:
        return TrainingData(lambda epoch: x, None, identity)
    if steps_per_epoch is None and length < 1:
        raise ValueError("The dataset has no known length: give steps_per_epoch.")
    # Shorter or longer epochs than the dataset go on where the last one stopped.
    steps, endless = steps_per_epoch or length, x.repeat()
    return TrainingData(lambda epoch: endless.skip(epoch * steps), steps, identity)


def _checked_dataset(x, wanted, replicas):
    """The dataset, as float32 batches that D can take. One batch is drawn from it and checked."""
    spec = x.element_spec
    if isinstance(spec, (tuple, list)) and len(spec) == 1:
        x = x.map(lambda images: images)
        spec = spec[0]
    if isinstance(spec, (tuple, list)):
        raise ValueError(
            f"The dataset should yield images alone, not tuples of {len(spec)}. If they are "
            "(images, labels): dataset.map(lambda images, labels: images)."
        )
    if isinstance(spec, dict):
        key = "image" if "image" in spec else next(iter(spec), "image")
        raise ValueError(
            f"The dataset should yield images alone, not dictionaries with {list(spec)}: pick "
            f"them by dataset.map(lambda element: element[{key!r}])."
        )
    if not isinstance(spec, tf.TensorSpec):
        raise ValueError(f"The dataset should yield batches of images as tensors, not {spec}.")
    if not spec.dtype.is_floating:
        raise ValueError(
            f"The dataset should yield floating-point images in [−1, 1], not {spec.dtype.name}. "
            "Scale 0…255 by dataset.map(lambda x: tf.cast(x, tf.float32) / 127.5 - 1)."
        )
    if spec.shape.rank is not None:
        _check_batch_shape(spec.shape.as_list(), wanted)
    if replicas > 1 and spec.shape.rank and spec.shape[0] is None:
        raise ValueError(
            f"The dataset's last batch may be smaller, and could not be dealt out to {replicas} "
            "devices: batch with drop_remainder=True."
        )
    _check_first_batch(x, wanted)
    if spec.dtype != tf.float32 or spec.shape.rank is None or None in spec.shape[1:]:
        x = x.map(lambda images: tf.ensure_shape(tf.cast(images, tf.float32), [None, *wanted]))
    return x


def _check_batch_shape(shape, wanted):
    single = len(shape) == len(wanted) and all(
        one in (None, other) for one, other in zip(shape, wanted, strict=True)
    )
    channels_missing = wanted[-1] == 1 and tuple(shape[1:]) == wanted[:-1]
    if single and not channels_missing:
        raise ValueError(
            f"The dataset yields single images of shape {tuple(shape)}: make batches of them by "
            "dataset.batch(64, drop_remainder=True)."
        )
    _check_shape(shape, wanted)


def _check_first_batch(x, wanted):
    empty = "The dataset is empty: its batches may be larger than all images together."
    if int(x.cardinality()) == 0:
        raise ValueError(empty)
    try:
        batch = next(iter(x), None)
    except tf.errors.OpError as problem:
        reason = (problem.message or str(problem)).strip().splitlines()[0]
        raise ValueError(f"The dataset fails at its first batch: {reason}") from problem
    if batch is None:
        raise ValueError(empty)
    batch = tf.cast(batch, tf.float32).numpy()
    _check_batch_shape(batch.shape, wanted)
    if not len(batch):
        raise ValueError("The dataset's first batch holds no image.")
    _check_values(batch, wanted, "The dataset's images")
