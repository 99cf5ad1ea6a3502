"""Measures on pixels instead of features: copies of training images, and grids."""

import numpy as np

from dcgan_course.evaluation.inputs import check_images
from dcgan_course.evaluation.metrics import BLOCK, squared_distances

# --- memorization ---------------------------------------------------------------------


def nearest_neighbors(images, training_images):
    """For each image the nearest training image, by pixels.

    Args:
        images, training_images: float (count, height, width, channels) in [−1, 1].

    Returns:
        `(indices, distances)`: int (count,) into `training_images`, and the root mean
        square difference of a pixel, float (count,), between 0 (a copy) and 2.

    Raises:
        ValueError: shapes that differ, no images at all, NaN, or images outside [−1, 1].
    """
    images = check_images("images", images).astype("float32")
    training_images = check_images("training_images", training_images).astype("float32")
    if images.shape[1:] != training_images.shape[1:]:
        raise ValueError(
            "Both should be images (count, height, width, channels) of one size, not "
            f"{images.shape} and {training_images.shape}."
        )
    flat, known = images.reshape(len(images), -1), training_images.reshape(len(training_images), -1)
    indices = np.concatenate(
        [
            squared_distances(flat[start : start + BLOCK], known).argmin(axis=1)
            for start in range(0, len(flat), BLOCK)
        ]
    )
    # Once more for the winners alone: the fast formula loses digits near 0.
    distances = np.sqrt(((flat - known[indices]) ** 2).mean(axis=1))
    return indices, distances


# --- grids ----------------------------------------------------------------------------


def power_spectrum(images):
    """How much of the images is made of each spatial frequency, on average.

    A grid that a network leaves in all its images shows as bright points or lines, where
    natural images are smooth (Durall et al. 2020, arXiv:2003.01826).

    Args:
        images: float (count, height, width, channels), sides even.

    Returns:
        float64 (height, width): mean squared magnitude of the Fourier transform of the gray
        images less their mean. Frequency 0 is in the middle; row 0 and column 0 hold the
        highest, one wave every two pixels.

    Raises:
        ValueError: no images, NaN, or odd sides.
    """
    images = check_images("images", images, in_range=False).astype("float64")
    if any(side % 2 for side in images.shape[1:3]):
        raise ValueError(f"Sides should be even, not {images.shape[1:3]}.")
    gray = images.mean(axis=3)
    gray = gray - gray.mean(axis=(1, 2), keepdims=True)
    power = np.mean(np.abs(np.fft.fft2(gray)) ** 2, axis=0)
    return np.fft.fftshift(power)


def checkerboard(images):
    """How strong a grid with a period of two pixels is: 1 for none.

    Args:
        images: float (count, height, width, channels), sides even, 8 or more.

    Returns:
        The spectrum's power on the two lines of the highest frequency (`power_spectrum`) as a
        multiple of that on the lines beside them, where natural images have hardly more.

    Raises:
        ValueError: no images, NaN, or other sides.
    """
    images = check_images("images", images, in_range=False)
    if any(side < 8 or side % 2 for side in images.shape[1:3]):
        raise ValueError(f"Sides should be even and 8 or more, not {images.shape[1:3]}.")
    power = power_spectrum(images)
    lines = power[0].sum() + power[:, 0].sum()
    beside = power[1].sum() + power[-1].sum() + power[:, 1].sum() + power[:, -1].sum()
    return float(lines / (beside / 2)) if beside else 1.0
