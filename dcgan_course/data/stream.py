"""Endless streams of shuffled batches, whose order follows from a seed and a step number alone."""


# --- the pipeline ---------------------------------------------------------------------


def make_dataset(images, batch_size, *, seed=0, first_step=0, shuffle=True, part=(0, 1)):
    """An endless `tf.data` stream of shuffled batches, epoch after epoch.

    The set is held in memory once; an epoch only draws a new order of indices. That
    order follows from `seed` and the epoch's number alone, so that a training resumed
    after 700 steps with `first_step=700` sees the very batches that it would have seen.
    The last images of an epoch that do not fill a batch are left out; another order
    brings them in the next epoch.

    Args:
        images: array (count, height, width, channels).
        batch_size: images per batch.
        seed: of the order.
        first_step: how many batches of the stream to pass over.
        shuffle: False keeps the order of `images`.
        part: (which, of how many): each batch is dealt out to so many machines, this is the
            share of one.

    Returns:
        A `tf.data.Dataset` of batches (batch_size, height, width, channels). One epoch
        is `len(images) // batch_size` batches: take them with `itertools.islice`, or
        give that number to `fit` as `steps_per_epoch`.

    Raises:
        ValueError: not a set of images, fewer images than one batch, or a batch that cannot
            be dealt out evenly.
    """
    import tensorflow as tf

    if len(images.shape) != 4:
        raise ValueError(
            f"images should have shape (count, height, width, channels), not {images.shape}."
        )
    count = int(images.shape[0])
    indices = shuffled_indices(count, batch_size, seed, first_step, shuffle, part)
    with tf.device("CPU"):  # a whole set has no place in a GPU's memory
        held = tf.convert_to_tensor(images)

    # Rewriting the pipeline would write the whole set into its graph, one copy more.
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return indices.map(lambda i: tf.gather(held, i)).prefetch(2).with_options(options)


def shuffled_indices(count, batch_size, seed=0, first_step=0, shuffle=True, part=(0, 1)):
    """The order of `make_dataset`: endless batches of int32 indices below `count`."""
    import tensorflow as tf

    which, parts = part
    if not 1 <= batch_size <= count:
        raise ValueError(f"batch_size must be between 1 and {count}, not {batch_size}.")
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
