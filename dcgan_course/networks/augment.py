"""Differentiable augmentation: every image that D sees is changed, real or fake.

Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training"
(arXiv:2006.10738). If only the real images were augmented, G would learn to draw the
augmentations: shifted digits, half-erased faces. If *both* are changed in the same way, gradients
reach G through the change, and G still has to match the original images.

Every function takes float images (batch, height, width, channels) in [−1, 1] and a seed of
two numbers, and draws a new change for each image. The same seed gives the same changes.
"""

import tensorflow as tf

from dcgan_course.checks import number, shown


def flip(images, seed):
    """Mirror half of the images, left to right."""
    _check(images, seed)
    chosen = tf.random.stateless_uniform(_one_each(images), seed) < 0.5
    return tf.where(chosen, images[:, :, ::-1], images)


def translate(images, seed, share=0.125):
    """Shift by whole pixels, up to the fraction `share` of each side; edge pixels fill the gap."""
    _check(images, seed)
    share = number("share", share, minimum=0, maximum=1)
    height, width = images.shape[1:3]
    rows = _shifted(tf.shape(images)[0], height, share, seed, stream=0)
    columns = _shifted(tf.shape(images)[0], width, share, seed, stream=1)
    return tf.gather(tf.gather(images, rows, batch_dims=1, axis=1), columns, batch_dims=1, axis=2)


def color(images, seed):
    """Change brightness by −0.5 to 0.5, saturation by a factor of 0 to 2, contrast by 0.5 to 1.5.

    The result may leave [−1, 1], as in the paper; it goes to D without clipping.
    """
    _check(images, seed)
    brightness, saturation, contrast = (
        tf.random.stateless_uniform(_one_each(images), _stream(seed, index)) for index in range(3)
    )
    images = images + tf.cast(brightness - 0.5, images.dtype)
    gray = tf.reduce_mean(images, axis=3, keepdims=True)
    images = gray + (images - gray) * tf.cast(2 * saturation, images.dtype)
    level = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
    return level + (images - level) * tf.cast(contrast + 0.5, images.dtype)


def cutout(images, seed, share=0.5):
    """Paint a rectangle gray (0), `share` of each side long, anywhere, even across the edge."""
    _check(images, seed)
    share = number("share", share, minimum=0, maximum=1)
    masks = []
    for stream, size in enumerate(images.shape[1:3]):
        shape = (tf.shape(images)[0], 1)
        half = share * size / 2
        center = tf.random.stateless_uniform(shape, _stream(seed, stream), maxval=float(size))
        masks.append(tf.abs(tf.range(size, dtype=tf.float32)[None] + 0.5 - center) < half)
    hidden = masks[0][:, :, None, None] & masks[1][:, None, :, None]
    return tf.where(hidden, tf.zeros_like(images), images)


def chain(*changes):
    """Combine several changes into one that applies them in order, each with its own seed.

    Args:
        changes: functions (images, seed) → images, such as those above.

    Returns:
        A function (images, seed) → images, whose name lists the changes.

    Raises:
        ValueError: no changes, or what is no function with a name.
    """
    if not changes:
        raise ValueError("chain needs at least one function (images, seed) → images.")
    for one in changes:
        if not callable(one) or not hasattr(one, "__name__"):
            raise ValueError(
                f"chain takes functions (images, seed) → images, made by def, not {shown(one)}."
            )

    def change(images, seed):
        for index, one in enumerate(changes):
            images = one(images, _stream(seed, 10 + index))
        return images

    change.__name__ = "+".join(one.__name__ for one in changes)
    return change


def _check(images, seed):
    """Check what can be known of images and seed without looking at the numbers."""
    shape, dtype = getattr(images, "shape", None), getattr(images, "dtype", None)
    if shape is None or len(shape) != 4 or not tf.as_dtype(dtype).is_floating:
        given = f"{dtype} {tuple(shape)}" if shape is not None else shown(images)
        raise ValueError(
            f"images should be float, shape (batch, height, width, channels), not {given}."
        )
    if tuple(tf.convert_to_tensor(seed).shape) != (2,):
        raise ValueError(f"seed should be two whole numbers, not {shown(seed)}.")


def _one_each(images):
    return (tf.shape(images)[0], 1, 1, 1)


def _stream(seed, index):
    """Derive a different seed for each use of one seed."""
    seed = tf.cast(tf.convert_to_tensor(seed), tf.int64)
    return tf.stack([seed[0] + 7_919 * (index + 1), seed[1]])


def _shifted(count, size, share, seed, stream):
    """For each image, the row (or column) from which each row of the result is copied."""
    most = int(size * share + 0.5)
    shift = tf.random.stateless_uniform(
        (count, 1), _stream(seed, stream), minval=-most, maxval=most + 1, dtype=tf.int32
    )
    return tf.clip_by_value(tf.range(size)[None] + shift, 0, size - 1)
