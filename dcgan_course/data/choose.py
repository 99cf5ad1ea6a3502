"""Choosing the images to train on: which of them show best what G should learn."""

import numpy as np

from dcgan_course.checks import shown, whole_number


def plain_backgrounds(images, count=1000):
    """Choose the images whose middle stands out most from a plain border.

    By pixels alone, without labels: the standard deviation of the colors along the border, which a
    plain background keeps low, divided by the distance between the middle's colors and the
    border's. To train on well-chosen images only is *instance selection* (DeVries et al. 2020,
    arXiv:2007.15255): samples look better, and G knows nothing of what was left out.

    Args:
        images: float (number, height, width, channels) in [−1, 1], at least 8 × 8.
        count: how many to choose; all of them if there are no more.

    Returns:
        The chosen images, in their order.

    Raises:
        ValueError: images of another shape, a count below 1.
    """
    images = np.asarray(images)
    count = whole_number("count", count, minimum=1)
    if images.ndim != 4 or min(images.shape[1:3]) < 8:
        raise ValueError(
            "images should have shape (number, height, width, channels), with sides of at least "
            f"8, not {shown(images.shape)}."
        )
    height, width = images.shape[1:3]
    border = np.ones((height, width), bool)
    border[height // 10 : -(height // 10) or None, width // 10 : -(width // 10) or None] = False
    if not border.any():  # below 10 × 10
        border[0] = border[-1] = border[:, 0] = border[:, -1] = True
    middle = np.zeros_like(border)
    middle[height // 4 : -(height // 4), width // 4 : -(width // 4)] = True
    edge = images[:, border]
    restless = edge.std(axis=1).mean(axis=1)
    difference = images[:, middle] - edge.mean(axis=1)[:, None]
    contrast = np.sqrt((difference**2).mean(axis=(1, 2)))
    plainest = np.argsort(restless / (contrast + 0.05), kind="stable")[:count]
    return images[np.sort(plainest)]
