"""Numbers that samples have by themselves, and numbers that compare fakes with real samples.

Nothing here knows a network or a class label: distances are plain ones, between pixels or
coordinates. Every function accepts constant, duplicate and tiny samples.
"""

import math

import numpy as np

PERIODS = (2, 3, 4, 8)  # of grids, in pixels: strides, and products of two strides
TINY = 1e-8


# --- one set of samples ---------------------------------------------------------------


def sample_facts(samples):
    """Measure a set of samples by itself.

    Args:
        samples: float (count, …); images are (count, height, width, channels).

    Returns:
        A dictionary: "low" and "high", the range; "spread", the standard deviation over the
        samples, averaged over positions; "twins", the root mean square distance to the most
        similar other sample, its median; "slack", the mean of 1 − x², which is 0 where all
        values are at the flat ends of tanh; and for images "grid", "grid3", "grid4", "grid8"
        (see `grid_strength`); for those in color "color", the mean standard deviation over the
        channels of a pixel. With values that are not finite only "low" and "high", as NaN.
    """
    samples = np.asarray(samples, "float32")
    if not np.isfinite(samples).all():
        return {"low": math.nan, "high": math.nan}
    flat = samples.reshape(len(samples), -1)
    squares = mean_squares(flat, flat)
    np.fill_diagonal(squares, np.inf)
    facts = {
        "low": float(flat.min()),
        "high": float(flat.max()),
        "spread": float(flat.std(axis=0).mean()),
        "twins": float(np.median(np.sqrt(squares.min(axis=1)))),
        "slack": float((1 - flat.clip(-1, 1) ** 2).mean()),
    }
    if samples.ndim == 4:
        for period in PERIODS:
            strength = grid_strength(samples, period)
            if strength is not None:
                facts["grid" if period == 2 else f"grid{period}"] = strength
        if samples.shape[3] == 3:
            facts["color"] = float(samples.std(axis=3).mean())
    return facts


def grid_strength(images, period):
    """Measure how strong a grid of one period is: 1 for none.

    Args:
        images: float (count, height, width, channels).
        period: in pixels.

    Returns:
        The power on the spectrum's lines of that period as a multiple of the power on the lines
        beside them; None for images with less than two periods, or less than 8 pixels, a side.
        A grid of period 4 does not count as one of period 8 or 2.
    """
    height, width = (side // period * period for side in images.shape[1:3])
    if min(height, width) < max(8, 2 * period):
        return None
    gray = np.asarray(images[:, :height, :width], "float64").clip(-1, 1).mean(axis=3)
    gray = gray - gray.mean(axis=(1, 2), keepdims=True)
    power = np.mean(np.abs(np.fft.fft2(gray)) ** 2, axis=0)
    on = beside = 0.0
    for lines in (power.sum(axis=1), power.sum(axis=0)):
        for multiple in range(1, period // 2 + 1):
            if math.gcd(multiple, period) == 1:
                place = len(lines) * multiple // period
                before, after = lines[place - 1], lines[(place + 1) % len(lines)]
                on += lines[place]
                # Their geometric mean, because spectra fall like powers of the frequency.
                beside += math.sqrt(before * after) if period > 2 else (before + after) / 2
    return float(on / beside) if beside > TINY else 1.0


# --- real samples against fakes -------------------------------------------------------


class Comparison:
    """Compares sets of fakes with one set of real samples.

    Args:
        real: float (count, …).
        pool: more real samples, to look for copies in; None takes `real`.
        clusters: into how many groups of similar samples the real ones are divided.
        seed: of that division.
    """

    def __init__(self, real, pool=None, clusters=8, seed=0):
        self.real = _flat(real)
        self.pool = self.real if pool is None else _flat(pool)
        self.scale = float(self.real.std()) + TINY
        self._within = mean_squares(self.real, self.real)
        others = self._within.copy()
        np.fill_diagonal(others, np.inf)
        neighbors = np.sort(others, axis=1)
        self._reach = neighbors[:, min(5, len(neighbors) - 1) - 1]
        self._bandwidth = float(np.median(self._within)) + TINY
        pool_squares = mean_squares(self.pool, self.pool)
        np.fill_diagonal(pool_squares, np.inf)
        nearest = np.sqrt(pool_squares.min(axis=1))
        self.duplicates = float(np.mean(nearest < 1e-3 * self.scale))
        self._pool_twins = float(np.median(nearest))
        self._centers = _cluster_centers(self.pool, clusters, seed)
        self._shares = self._cluster_shares(self.pool)

    def facts(self, fakes):
        """Compare fakes, float (count, …), with the real samples.

        Returns:
            A dictionary: "missed", the fraction of real samples with no fake within the
            distance of their 5th nearest real neighbor (1 − coverage, Naeem et al. 2020,
            arXiv:2002.09797); "apart", how often a sample's nearest neighbor is of its own set,
            0.5 where the sets are alike, 1 where they are apart (Lopez-Paz and Oquab 2017,
            arXiv:1610.06545); "mmd", the distance between both distributions with a Gaussian
            kernel; "clusters_off", the fraction of fakes that are in the wrong group of similar
            samples; "clusters_found", the fraction of groups that get a fifth of what they
            should; "copies", the distance from a fake to the nearest real sample as a multiple
            of that between real samples; "offset", how far the means are apart, in standard
            deviations of the data.
        """
        flat = _flat(fakes)
        across = mean_squares(self.real, flat)
        fake_squares = mean_squares(flat, flat)
        shares = self._cluster_shares(flat)
        nearest = np.sqrt(mean_squares(flat, self.pool).min(axis=1))
        return {
            "missed": float(1 - (across <= self._reach[:, None]).any(axis=1).mean()),
            "apart": _apart(self._within, across, fake_squares),
            "mmd": self._mmd(across, fake_squares),
            "clusters_off": float(np.abs(shares - self._shares).sum() / 2),
            "clusters_found": float(np.mean(shares >= self._shares / 5)),
            "copies": float(np.median(nearest) / (self._pool_twins + 1e-3 * self.scale)),
            "offset": rms(flat.mean(axis=0) - self.real.mean(axis=0)) / self.scale,
        }

    def apart(self, samples):
        """Measure how often a sample's nearest neighbor is of its own set; see `facts`."""
        flat = _flat(samples)
        real = self.real[: len(flat)]
        within = self._within[: len(real), : len(real)]
        return _apart(within, mean_squares(real, flat), mean_squares(flat, flat))

    def _mmd(self, across, fake_squares):
        def kernel(squares):
            return np.exp(-squares / (2 * self._bandwidth))

        def mean_of_others(k):
            return (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))

        squared = mean_of_others(kernel(self._within)) + mean_of_others(kernel(fake_squares))
        return math.sqrt(max(0.0, squared - 2 * kernel(across).mean()))

    def _cluster_shares(self, flat):
        nearest = mean_squares(flat, self._centers).argmin(axis=1)
        return np.bincount(nearest, minlength=len(self._centers)) / len(flat)


def _apart(within, across, fake_squares):
    """Leave-one-out accuracy of the nearest neighbor; ties, as of duplicates, count half."""
    own_real, own_fake = within.copy(), fake_squares.copy()
    np.fill_diagonal(own_real, np.inf)
    np.fill_diagonal(own_fake, np.inf)
    rates = []
    for own, other in ((own_real.min(axis=1), across.min(axis=1)),
                       (own_fake.min(axis=1), across.min(axis=0))):  # fmt: skip
        rates.append(np.mean(own < other) + 0.5 * np.mean(own == other))
    return float(np.mean(rates))


def _cluster_centers(flat, count, seed, rounds=12):
    """K-means: the centers of groups of similar samples, (count or fewer, dimension)."""
    rng = np.random.default_rng(seed)
    centers = flat[rng.integers(len(flat))][None]
    while len(centers) < count:  # the next one far from all others (k-means++)
        distances = mean_squares(flat, centers).min(axis=1)
        if distances.sum() <= TINY:
            break
        chance = distances / distances.sum()
        centers = np.concatenate([centers, flat[rng.choice(len(flat), p=chance)][None]])
    for _ in range(rounds):
        nearest = mean_squares(flat, centers).argmin(axis=1)
        groups = [flat[nearest == index] for index in range(len(centers))]
        centers = np.stack([group.mean(axis=0) for group in groups if len(group)])
    return centers


# --- helpers --------------------------------------------------------------------------


def mean_squares(a, b):
    """Return mean squared differences between the rows of a (m, d) and b (n, d): (m, n)."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * (a @ b.T)
    # Rounding leaves a trace where rows are equal, and may make it negative.
    floor = 1e-6 * ((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None])
    return np.where(squares <= floor, 0, squares) / a.shape[1]


def rms(x):
    """Return the root mean square, 0.0 for nothing."""
    x = np.asarray(x, "float64")
    return float(np.sqrt(np.mean(np.square(x)))) if x.size else 0.0


def auc(high, low):
    """Return the probability that a value of `high` (m,) is above one of `low` (n,)."""
    above = (high[:, None] > low[None]).mean()
    return float(above + 0.5 * (high[:, None] == low[None]).mean())


def _flat(samples):
    samples = np.asarray(samples, "float32")
    return samples.reshape(len(samples), -1)
