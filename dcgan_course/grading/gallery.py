"""Images of ellipses, as a perfect generator and as faulty ones would draw them.

Assignment 6 lets students judge such sets; the hidden ones are drawn afresh.
"""

import numpy as np

SIDE = 12
VERDICTS = ("good", "noisy", "collapsed", "copies")


def ellipses(rng, count, places=(3.5, 7.5)):
    """Draw ellipses of any place, size, angle and brightness.

    Args:
        rng: a `numpy.random.Generator`.
        count: how many images.
        places: the range of their centers, in pixels.

    Returns:
        float32 (count, 12, 12) in [−1, 1].
    """
    shape = (count, 1, 1)
    x, y = (rng.uniform(*places, shape) for _ in range(2))
    long, short = rng.uniform(2.5, 4, shape), rng.uniform(1.2, 2.4, shape)
    angle, bright = rng.uniform(0, np.pi, shape), rng.uniform(1.2, 2, shape)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    right, down = columns - x, rows - y
    along = np.cos(angle) * right + np.sin(angle) * down
    across = np.cos(angle) * down - np.sin(angle) * right
    away = np.sqrt((along / long) ** 2 + (across / short) ** 2)
    return (bright / (1 + np.exp(4 * (away - 1))) - 1).astype("float32")


def generated(verdict, rng, train, count):
    """Images as a generator with this verdict makes them: float32 (count, 12, 12) in [−1, 1]."""
    if verdict == "copies":
        chosen = train[rng.integers(len(train), size=count)]
        return np.clip(chosen + rng.normal(0, 0.02, chosen.shape), -1, 1).astype("float32")
    if verdict == "collapsed":
        middle = rng.uniform(4, 7)
        return ellipses(rng, count, (middle - 0.4, middle + 0.4))
    images = ellipses(rng, count)
    if verdict == "noisy":
        images = np.clip(images + rng.normal(0, rng.uniform(0.2, 0.35), images.shape), -1, 1)
    return images.astype("float32")
