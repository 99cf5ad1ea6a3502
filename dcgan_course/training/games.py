"""Two games for small GANs: numbers on a line, and points on a ring.

A game knows its real data, draws real samples, and draws one moment of a training as a
picture.

The ring of 8 Gaussians as a test of GANs comes from Metz et al. 2017, "Unrolled Generative
Adversarial Networks" (arXiv:1611.02163); the picture of the line follows figure 1 of
Goodfellow et al. 2014 (arXiv:1406.2661).
"""

import math
import statistics

import keras
import numpy as np
import tensorflow as tf

from dcgan_course.checks import whole_number
from dcgan_course.display.palette import CRITIC, FAKE, GRAY, REAL


class LineGame:
    """Real data: single numbers from N(2, 0.5). G gets z from N(0, 1), one number as well.

    A perfect generator is known: G(z) = 2 + 0.5 z, or its mirror image 2 − 0.5 z.
    """

    name = "line"
    dim = latent_dim = 1
    mean, deviation = 2.0, 0.5
    x = np.linspace(-2.5, 4.5, 281, dtype="float32")

    def real(self, count, seed=None):
        """`count` real numbers, float32 (count, 1)."""
        count = whole_number("count", count, minimum=1)
        return keras.random.normal((count, 1), self.mean, self.deviation, seed=seed)

    def density(self, x):
        """p(x), the density of the real numbers."""
        return np.exp(-0.5 * ((x - self.mean) / self.deviation) ** 2) / (
            self.deviation * math.sqrt(2 * math.pi)
        )

    def look(self, generator, discriminator):
        """What a picture of this moment needs: G's map and density, D's curve."""
        # Equally probable codes instead of random ones: a density without the noise of luck.
        normal = statistics.NormalDist()
        z = np.array([normal.inv_cdf((i + 0.5) / 4000) for i in range(4000)], "float32")[:, None]
        fakes = np.asarray(generator(z))[:, 0]
        width = self.x[1] - self.x[0]
        edges = np.append(self.x - width / 2, self.x[-1] + width / 2)
        counts, _ = np.histogram(fakes, edges)
        kernel = np.exp(-0.5 * (np.arange(-8, 9) / 2.5) ** 2)
        q = np.convolve(counts / (len(z) * width), kernel / kernel.sum(), mode="same")
        codes = np.linspace(-2.5, 2.5, 21, dtype="float32")[:, None]
        return {
            "q": q,
            "D": _sigmoid(np.asarray(discriminator(self.x[:, None]))[:, 0]),
            "codes": codes[:, 0],
            "G": np.asarray(generator(codes))[:, 0],
            "mean": float(fakes.mean()),
            "deviation": float(fakes.std()),
        }

    def score(self, moment):
        """In words, how near G has come."""
        mean, deviation = f"{moment['mean']:+.2f}", f"{moment['deviation']:.2f}"
        return f"G: mean {mean} (real 2.00), standard deviation {deviation} (0.50)"

    def draw(self, figure, moment, title):
        """One moment as a picture: densities and D above, G's map below."""
        figure.subplots_adjust(left=0.08, right=0.98, bottom=0.11, top=0.93, hspace=0.1)
        above, below = figure.subplots(2, 1, height_ratios=(3, 1.3), sharex=True)
        p, q = self.density(self.x), moment["q"]
        above.fill_between(self.x, p, color=REAL, alpha=0.25)
        above.plot(self.x, p, color=REAL, label="p: density of real numbers")
        above.plot(self.x, q, color=FAKE, ls="--", label="q: density of G's numbers")
        above.plot(self.x, moment["D"], color=CRITIC, ls="-.", label="D: probability of “real”")
        best = np.divide(p, p + q, out=np.full_like(p, np.nan), where=p + q > 1e-3)
        above.plot(self.x, best, color=CRITIC, ls=":", label="D* = p / (p + q), the best D")
        above.axhline(0.5, color=GRAY, lw=0.5)
        above.set_ylim(0, 1.5)
        above.legend(loc="upper right", fontsize=8)
        above.set_title(title, fontsize=10)
        inside = np.abs(moment["G"] - self.x.mean()) < np.ptp(self.x) / 2
        ends = np.stack([moment["codes"][inside], moment["G"][inside]])
        below.plot(ends, [0, 1], color=FAKE, ls="-", lw=1)
        below.plot(ends[1], np.ones(inside.sum()), ".", color=FAKE, clip_on=False)
        below.set_ylim(0, 1)
        below.set_yticks([0, 1], ["z", "G(z)"])
        below.set_xlim(self.x[0], self.x[-1])
        below.set_xlabel("G's map: each line leads from a code z up to the number G(z)")


class RingGame:
    """Real data: points around 8 centers on a circle of radius 2. G gets z from N(0, I).

    Each center is one mode: a group of data that G may find or miss.
    """

    name = "ring"
    dim, latent_dim = 2, 2
    modes, radius, deviation = 8, 2.0, 0.1
    side = 3.2

    def __init__(self):
        angles = 2 * np.pi * np.arange(self.modes) / self.modes
        self.centers = self.radius * np.stack([np.cos(angles), np.sin(angles)], 1).astype("float32")
        self.axis = np.linspace(-self.side, self.side, 65, dtype="float32")
        self.grid = np.stack(np.meshgrid(self.axis, self.axis), -1).reshape(-1, 2)

    def real(self, count, seed=None):
        """`count` real points, float32 (count, 2)."""
        count = whole_number("count", count, minimum=1)
        which = keras.random.randint((count,), 0, self.modes, seed=seed)
        around = keras.random.normal((count, 2), 0.0, self.deviation, seed=seed)
        return tf.gather(self.centers, which) + around

    def modes_covered(self, points):
        """Which modes G finds, and how many of its points are good.

        A point is good if it lies within 3 standard deviations of a center; a mode is
        found if at least 1% of all points are good ones of that mode.

        Args:
            points: float (count, 2).

        Returns:
            `(found, good)`: how many of the 8 modes, and the fraction of good points.

        Raises:
            ValueError: no points, or points of another shape.
        """
        points = np.asarray(points)
        if points.ndim != 2 or points.shape[1] != 2 or not len(points):
            raise ValueError(f"points should have shape (count, 2), not {points.shape}.")
        distances = np.linalg.norm(points[:, None] - self.centers[None], axis=-1)
        nearest = distances.argmin(1)
        good = distances.min(1) < 3 * self.deviation
        counts = np.bincount(nearest[good], minlength=self.modes)
        return int((counts >= 0.01 * len(points)).sum()), float(good.mean())

    def look(self, generator, discriminator):
        """What a picture of this moment needs: G's points and D's surface."""
        z = np.random.default_rng(8).normal(size=(1000, self.latent_dim)).astype("float32")
        points = np.asarray(generator(z))
        surface = _sigmoid(np.asarray(discriminator(self.grid)))
        found, good = self.modes_covered(points)
        return {"points": points, "D": surface, "found": found, "good": good}

    def score(self, moment):
        """In words, how near G has come."""
        return f"modes found: {moment['found']} of {self.modes}, good points: {moment['good']:.0%}"

    def draw(self, figure, moment, title):
        """One moment as a picture: D's surface, real points and G's points on it."""
        figure.subplots_adjust(left=0.1, right=0.98, bottom=0.1, top=0.93)
        axes = figure.subplots()
        surface = moment["D"].reshape(len(self.axis), len(self.axis))
        box = (-self.side, self.side, -self.side, self.side)
        levels = np.linspace(0, 1, 11)  # few flat colors: a GIF of them stays small
        areas = axes.contourf(self.axis, self.axis, surface, levels, cmap="PRGn")
        figure.colorbar(
            areas, ax=axes, label="D: probability of “real”", shrink=0.8, ticks=levels[::2]
        )
        real = np.asarray(self.real(300, seed=1))
        axes.scatter(*real.T, s=14, color=REAL, alpha=0.6, lw=0, label="real points")
        fakes = moment["points"][:400]
        axes.scatter(*fakes.T, s=12, color=FAKE, marker="^", lw=0, label="G's points")
        axes.set(xlim=box[:2], ylim=box[2:], aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
        axes.legend(loc="upper right", fontsize=8, framealpha=0.9)
        axes.set_title(title, fontsize=10)


GAMES = {"line": LineGame, "ring": RingGame}


def _sigmoid(logits):
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(logits, "float32")))
