"""What `DCGAN.fit` accepts as data: checked, and brought to where a training stopped."""

from dataclasses import dataclass
from functools import partial

import tensorflow as tf

from dcgan_course.data.folder import ImageFolder
from dcgan_course.data.stream import make_dataset
from dcgan_course.training.distributed import distributed_stream, on_several_machines


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


def prepare(gan, x, batch_size, steps_per_epoch, *, resumable):
    """Check training data, and say how to stream it.

    Args:
        gan: the `DCGAN` that will train.
        x, steps_per_epoch: as given to `DCGAN.fit`.
        batch_size: for an array or a folder.
        resumable: whether the stream has to be brought to the place where a training stopped.

    Returns:
        A `TrainingData`.

    Raises:
        ValueError: data that D cannot take, or that cannot be resumed.
    """
    identity = [None, steps_per_epoch]
    if isinstance(x, tf.data.Dataset):
        if not resumable:
            return TrainingData(lambda epoch: x, steps_per_epoch, identity)
        # Where it ends before the training does, it begins again: also after it has been skipped.
        endless = x.repeat()
        if steps_per_epoch is None:
            steps_per_epoch = int(x.cardinality())
        if steps_per_epoch < 1:
            raise ValueError("The dataset has no known length: give steps_per_epoch.")
        steps = steps_per_epoch
        return TrainingData(lambda epoch: endless.skip(epoch * steps), steps, identity)
    if isinstance(x, tf.distribute.DistributedDataset):
        if resumable:
            raise ValueError(
                "A distributed dataset cannot be brought to the place where a training stopped: "
                "give fit the ImageFolder or the array itself."
            )
        return TrainingData(lambda epoch: x, steps_per_epoch, identity)
    _check_images(x, tuple(gan.discriminator.input_shape[1:]))
    steps = steps_per_epoch or len(x) // batch_size
    return TrainingData(
        lambda epoch: _stream(gan, x, batch_size, epoch * steps),
        steps,
        [[batch_size, len(x)], steps_per_epoch],
    )


def _stream(gan, x, batch_size, first_step):
    """Batches of an array or a folder; of several machines, this one's part."""
    options = dict(batch_size=batch_size, seed=gan.seed, first_step=first_step)
    stream = x.stream if isinstance(x, ImageFolder) else partial(make_dataset, x)
    strategy = gan.distribute_strategy
    if not on_several_machines(strategy):
        return stream(**options)  # Keras divides it among this machine's GPUs
    return distributed_stream(partial(stream, **options), strategy, batch_size)


def _check_images(x, wanted):
    if tuple(x.shape[1:]) != wanted:
        raise ValueError(f"D expects images of shape {wanted}, these have {tuple(x.shape[1:])}.")
    if isinstance(x, ImageFolder):  # whose images are in [−1, 1] by construction
        return
    low, high = float(tf.reduce_min(x)), float(tf.reduce_max(x))
    if not (low >= -1.001 and high <= 1.001):  # written so that NaN fails as well
        raise ValueError(
            f"Images should lie in [−1, 1], the range of G's tanh; these reach from "
            f"{low:.3g} to {high:.3g}. Scale images in 0…255 by x / 127.5 − 1."
        )
