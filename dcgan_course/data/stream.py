"""Endless streams of shuffled batches, whose order follows from a seed and a step number alone."""

import numpy as np

from dcgan_course.checks import true_or_false, whole_number, whole_numbers

MOST_STEPS = 2**62

# --- the pipeline ---------------------------------------------------------------------


def make_dataset(
    images, batch_size, *, labels=None, seed=0, first_step=0, shuffle=True, part=(0, 1)
):
    """An endless `tf.data` stream of shuffled batches, epoch after epoch.

    The set is held in memory once; an epoch only draws a new order of indices. That
    order follows from `seed` and the epoch's number alone, so that a training resumed
    after 700 steps with `first_step=700` sees the very batches that it would have seen.
    The last images of an epoch that do not fill a batch are left out; another order
    brings them in the next epoch.

    Args:
        images: array (count, height, width, channels).
        batch_size: images per batch.
        labels: None, or an array (count, …) with a label for each image.
        seed: of the order.
        first_step: how many batches of the stream to pass over.
        shuffle: False keeps the order of `images`.
        part: (which, of how many): each batch is dealt out to so many machines, this is the
            share of one, counted from 0.

    Returns:
        A `tf.data.Dataset` of batches (batch_size, height, width, channels); with labels, of
        pairs of such a batch and its labels (batch_size, …). One epoch is
        `len(images) // batch_size` batches: take them with `itertools.islice`, or give that
        number to `fit` as `steps_per_epoch`.

    Raises:
        ValueError: not a set of images, fewer images than one batch, a batch that cannot be
            dealt out evenly, or another wrong number.
    """
    import tensorflow as tf

    images = _checked_images(images)
    count = int(images.shape[0])
    indices = shuffled_indices(count, batch_size, seed, first_step, shuffle, part)
    if labels is not None and len(labels) != count:
        raise ValueError(f"There are {len(labels):,} labels for {count:,} images.")
    with tf.device("CPU"):  # a whole set has no place in a GPU's memory
        held = tf.convert_to_tensor(images)
        held = held if labels is None else (held, tf.convert_to_tensor(labels))

    # Rewriting the pipeline would write the whole set into its graph, one copy more.
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    batches = indices.map(lambda i: tf.nest.map_structure(lambda some: tf.gather(some, i), held))
    return batches.prefetch(2).with_options(options)


def _checked_images(images):
    """Images as an array or a tensor. Of what else NumPy can read, an array is made."""
    import tensorflow as tf

    wanted = "images should be numbers of shape (count, height, width, channels)"
    if hasattr(images, "stream"):
        raise ValueError(f"{wanted}, not an ImageFolder: call its stream(batch_size) instead.")
    if not tf.is_tensor(images):
        try:
            kind = type(images).__name__
            images = np.asarray(images)
        except ValueError:
            raise ValueError(f"{wanted}, not images of several shapes.") from None
        if images.dtype == object:
            raise ValueError(f"{wanted}, not {kind}.")
    dtype = tf.as_dtype(images.dtype)
    if not (dtype.is_floating or dtype.is_integer):
        raise ValueError(f"{wanted}, not {dtype.name}.")
    if len(images.shape) != 4:
        raise ValueError(f"{wanted}, not {tuple(images.shape)}.")
    if 0 in images.shape:
        raise ValueError(f"There is no image in an array of shape {tuple(images.shape)}.")
    return images


def shuffled_indices(count, batch_size, seed=0, first_step=0, shuffle=True, part=(0, 1)):
    """The order of `make_dataset`: endless batches of int32 indices below `count`."""
    import tensorflow as tf

    hint = f"There are {count:,} images."
    batch_size = whole_number("batch_size", batch_size, minimum=1, maximum=count, hint=hint)
    seed = whole_number("seed", seed, minimum=0, maximum=2**63 - 1)
    first_step = whole_number("first_step", first_step, minimum=0, maximum=MOST_STEPS)
    shuffle = true_or_false("shuffle", shuffle)
    which, parts = whole_numbers("part", part, count=2, minimum=0)
    whole_number("part[1]", parts, minimum=1)
    whole_number("part[0]", which, minimum=0, maximum=parts - 1, hint="Parts count from 0.")
    if batch_size % parts:
        raise ValueError(f"A batch of {batch_size} cannot be dealt out evenly to {parts}.")
    share = batch_size // parts

    def one_epoch(epoch):
        order = tf.range(count)
        if shuffle:
            key = tf.stack([tf.constant(seed, tf.int64), epoch])
            order = tf.random.experimental.stateless_shuffle(order, seed=key)
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size, drop_remainder=True)

    first_epoch, first_batch = divmod(first_step, count // batch_size)
    epochs = tf.data.Dataset.range(first_epoch, 2**62)
    batches = epochs.flat_map(one_epoch).skip(first_batch)  # of indices: no image is touched
    if parts == 1:
        return batches
    return batches.map(lambda indices: indices[which * share : (which + 1) * share])
