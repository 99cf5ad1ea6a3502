"""Checks of what measures are given: features, images, probabilities, labels.

Each function returns an array of known type, or raises a `ValueError` that names the argument
and says what it should be.
"""

import numpy as np

LARGEST = 1e25  # beyond, twelfth powers overflow, and a distance of NaN would read as 0
MOST_CLASSES = 1_000_000


def numbers_of(name, values, wanted):
    """Return real numbers as an array; booleans, texts, complex numbers and objects are refused.

    Args:
        name: the argument's name, for the message.
        values: an array, a tensor, or lists.
        wanted: what it should be, for the message.

    Returns:
        A NumPy array of integers, or of floats.
    """
    try:
        array = np.asarray(values)
    except ValueError:  # lists of several lengths
        raise ValueError(f"{name} should be {wanted}, not lists of several lengths.") from None
    if array.dtype.name == "bfloat16":  # NumPy knows it as a type without numbers
        array = array.astype("float32")
    if array.dtype.kind not in "fiu":
        kind = type(values).__name__ if array.dtype == object else array.dtype.name
        raise ValueError(f"{name} should be {wanted}, not {kind} of shape {array.shape}.")
    return array


def check_features(real, fake, k=1):
    """Check two sets of features, of which each should have more than `k` samples.

    Returns:
        Both as float64 (count, dimension).
    """
    wanted = "features (count, dimension)"
    arrays = []
    for name, features in (("real", real), ("fake", fake)):
        features = numbers_of(name, features, wanted)
        if features.ndim != 2 or not features.shape[1]:
            raise ValueError(
                f"{name} should be {wanted}, not of shape {features.shape}. Images become "
                "features by load_extractor(…).features(images)."
            )
        if len(features) <= max(1, k):
            raise ValueError(f"{name} has {len(features)} samples; more than {max(1, k)} needed.")
        features = features.astype("float64")
        if not np.isfinite(features).all():
            raise ValueError(f"{name} holds NaN or infinite numbers.")
        if np.abs(features).max() > LARGEST:
            raise ValueError(
                f"{name} holds numbers beyond {LARGEST:g}, too large for features of images."
            )
        arrays.append(features)
    if arrays[0].shape[1] != arrays[1].shape[1]:
        raise ValueError(
            f"real has {arrays[0].shape[1]} dimensions, fake {arrays[1].shape[1]}: both should "
            "come from the same extractor."
        )
    return arrays


def check_moments(mean, covariance, which):
    """Check the mean (d,) and the covariance (d, d) of one set. Returns both as float64."""
    names = f"mean_{which}", f"covariance_{which}"
    mean = numbers_of(names[0], mean, "an array (d,)").astype("float64")
    covariance = numbers_of(names[1], covariance, "an array (d, d)").astype("float64")
    if mean.ndim != 1 or not len(mean) or covariance.shape != 2 * mean.shape:
        raise ValueError(
            f"{names[0]} and {names[1]} should have shapes (d,) and (d, d), not {mean.shape} and "
            f"{covariance.shape}."
        )
    for name, array in zip(names, (mean, covariance), strict=True):
        if not np.isfinite(array).all() or np.abs(array).max() > LARGEST**2:
            raise ValueError(f"{name} holds NaN, infinite or far too large numbers.")
    scale = np.abs(covariance).max()
    skew, least = np.abs(covariance - covariance.T).max(), np.diag(covariance).min()
    if max(skew, -least) > 1e-6 * scale:
        raise ValueError(
            f"{names[1]} should be symmetric, with no negative number on its diagonal."
        )
    return mean, covariance


def check_images(name, images, *, in_range=True):
    """Check a set of images.

    Args:
        name: the argument's name, for the message.
        images: numbers (count, height, width, channels).
        in_range: whether they should lie in [−1, 1].

    Returns:
        An array of floats or integers.
    """
    wanted = "finite numbers of shape (count, height, width, channels)"
    images = numbers_of(name, images, wanted)
    if images.ndim != 4 or not images.size:
        raise ValueError(f"{name} should be {wanted}, not of shape {images.shape}.")
    if not np.isfinite(images).all():
        raise ValueError(f"{name} should be {wanted}: these hold NaN or infinite values.")
    if in_range and (images.min() < -1.001 or images.max() > 1.001):
        raise ValueError(
            f"{name} should lie in [−1, 1]; these reach from {images.min():.3g} to "
            f"{images.max():.3g}. Scale 0…255 by x / 127.5 − 1."
        )
    return images


def check_labels(name, labels):
    """Check one class for each image. Returns int64 (count,)."""
    wanted = "one whole number, 0 or above, for each image"
    array = numbers_of(name, labels, wanted)
    if array.ndim != 1 or not len(array) or array.dtype.kind not in "iu" or array.min() < 0:
        raise ValueError(f"{name} should be {wanted}.")
    if array.max() >= MOST_CLASSES:
        raise ValueError(f"{name} should be below {MOST_CLASSES:,}, not {array.max()}.")
    return array.astype("int64")


def check_probabilities(name, probabilities):
    """Check the probabilities of classes. Returns float64 (count, classes)."""
    wanted = "(count, classes), with rows that sum to 1 and no number below 0"
    p = numbers_of(name, probabilities, wanted).astype("float64")
    if p.ndim != 2 or not p.size or not np.allclose(p.sum(axis=1), 1, atol=1e-3) or p.min() < 0:
        raise ValueError(f"{name} should be {wanted}.")
    return p
