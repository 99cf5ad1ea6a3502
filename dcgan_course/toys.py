"""Two GANs that are small enough to be watched whole: on a line, and on a ring.

A game knows its real data, draws real samples, and draws one moment of a training as a
picture. `train_toy` lets two small networks play it and records the moments.

The ring of 8 Gaussians as a test of GANs comes from Metz et al. 2017, "Unrolled Generative
Adversarial Networks" (arXiv:1611.02163); the picture of the line follows figure 1 of
Goodfellow et al. 2014 (arXiv:1406.2661).
"""

import math
import statistics
import sys
import time
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tqdm import tqdm

from dcgan_course.animations import FramePlayer, figure_pixels, new_figure
from dcgan_course.losses import KINDS, discriminator_loss, generator_loss

REAL_COLOUR, FAKE_COLOUR, D_COLOUR = "tab:blue", "tab:orange", "tab:green"


def small_network(inputs, outputs=1, hidden=32, depth=2, name="network"):
    """Dense layers with LeakyReLU 0.2 between them, as small a G or D as there is.

    Args:
        inputs, outputs: numbers that enter and leave.
        hidden: units of each hidden layer, the network's capacity.
        depth: how many hidden layers; 0 leaves a straight line.
        name: of the model.

    Returns:
        A `keras.Sequential`: (batch, inputs) → (batch, outputs), without an activation at
        its end: numbers of any size for G, logits for D.
    """
    network = [keras.Input((inputs,))]
    for _ in range(depth):
        network += [layers.Dense(hidden), layers.LeakyReLU(negative_slope=0.2)]
    return keras.Sequential([*network, layers.Dense(outputs)], name=name)


# --- the two games --------------------------------------------------------------------


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
        return f"G: mean {moment['mean']:+.2f} (real 2.00), spread {moment['deviation']:.2f} (0.50)"

    def draw(self, figure, moment, title):
        """One moment as a picture: densities and D above, G's map below."""
        figure.subplots_adjust(left=0.08, right=0.98, bottom=0.11, top=0.93, hspace=0.1)
        above, below = figure.subplots(2, 1, height_ratios=(3, 1.3), sharex=True)
        p, q = self.density(self.x), moment["q"]
        above.fill_between(self.x, p, color=REAL_COLOUR, alpha=0.25)
        above.plot(self.x, p, color=REAL_COLOUR, label="p: density of real numbers")
        above.plot(self.x, q, color=FAKE_COLOUR, label="q: density of G's numbers")
        above.plot(self.x, moment["D"], color=D_COLOUR, label="D: probability of “real”")
        best = np.divide(p, p + q, out=np.full_like(p, np.nan), where=p + q > 1e-3)
        above.plot(self.x, best, color=D_COLOUR, ls=":", label="D* = p / (p + q), the best D")
        above.axhline(0.5, color="gray", lw=0.5)
        above.set_ylim(0, 1.5)
        above.legend(loc="upper right", fontsize=8)
        above.set_title(title, fontsize=10)
        inside = np.abs(moment["G"] - self.x.mean()) < np.ptp(self.x) / 2
        ends = np.stack([moment["codes"][inside], moment["G"][inside]])
        below.plot(ends, [0, 1], color=FAKE_COLOUR, lw=1)
        below.plot(ends[1], np.ones(inside.sum()), ".", color=FAKE_COLOUR, clip_on=False)
        below.set_ylim(0, 1)
        below.set_yticks([0, 1], ["z", "G(z)"])
        below.set_xlim(self.x[0], self.x[-1])
        below.set_xlabel("G's map: each line leads from a code z up to the number G(z)")


class RingGame:
    """Real data: points around 8 centres on a circle of radius 2. G gets z from N(0, I).

    Each centre is one mode: a kind of data that G may find or miss.
    """

    name = "ring"
    dim, latent_dim = 2, 2
    modes, radius, deviation = 8, 2.0, 0.1
    side = 3.2

    def __init__(self):
        angles = 2 * np.pi * np.arange(self.modes) / self.modes
        self.centres = self.radius * np.stack([np.cos(angles), np.sin(angles)], 1).astype("float32")
        self.axis = np.linspace(-self.side, self.side, 65, dtype="float32")
        self.grid = np.stack(np.meshgrid(self.axis, self.axis), -1).reshape(-1, 2)

    def real(self, count, seed=None):
        """`count` real points, float32 (count, 2)."""
        which = keras.random.randint((count,), 0, self.modes, seed=seed)
        around = keras.random.normal((count, 2), 0.0, self.deviation, seed=seed)
        return tf.gather(self.centres, which) + around

    def modes_covered(self, points):
        """Which modes G finds, and how many of its points are good.

        A point is good if it lies within 3 standard deviations of a centre; a mode is
        found if at least 1% of all points are good ones of that mode.

        Args:
            points: float (count, 2).

        Returns:
            `(found, good)`: how many of the 8 modes, and the share of good points.
        """
        points = np.asarray(points)
        distances = np.linalg.norm(points[:, None] - self.centres[None], axis=-1)
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
        levels = np.linspace(0, 1, 11)  # few flat colours: a GIF of them stays small
        areas = axes.contourf(self.axis, self.axis, surface, levels, cmap="PRGn")
        figure.colorbar(
            areas, ax=axes, label="D: probability of “real”", shrink=0.8, ticks=levels[::2]
        )
        real = np.asarray(self.real(300, seed=1))
        axes.scatter(*real.T, s=14, color=REAL_COLOUR, alpha=0.6, lw=0, label="real points")
        axes.scatter(*moment["points"][:400].T, s=9, color=FAKE_COLOUR, lw=0, label="G's points")
        axes.set(xlim=box[:2], ylim=box[2:], aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
        axes.legend(loc="upper right", fontsize=8, framealpha=0.9)
        axes.set_title(title, fontsize=10)


GAMES = {"line": LineGame, "ring": RingGame}


def _sigmoid(logits):
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(logits, "float32")))


# --- training and recording -----------------------------------------------------------


@dataclass
class Recording:
    """The moments of a training.

    Attributes:
        game: which game was played.
        settings: the arguments of `train_toy`, as a dictionary.
        steps: at which steps the moments were taken.
        moments: a dictionary each, as `game.look` makes it.
    """

    game: object
    settings: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)
    moments: list = field(default_factory=list)

    def add(self, step, generator, discriminator):
        """Take one moment."""
        self.steps.append(step)
        self.moments.append(self.game.look(generator, discriminator))

    def caption(self, index):
        """Step and score of one moment, in words."""
        return f"step {self.steps[index]}   {self.game.score(self.moments[index])}"

    def pictures(self, indices=None):
        """The moments drawn, a uint8 array (H, W, 3) each; all of them if `indices` is None."""
        size = (6.4, 4.6) if self.game.name == "line" else (5.6, 4.8)
        for index in range(len(self.steps)) if indices is None else indices:
            figure = new_figure(size, layout=None)
            self.game.draw(figure, self.moments[index], self.caption(index))
            yield figure_pixels(figure)


def train_toy(
    game="ring",
    *,
    steps=3000,
    hidden=64,
    depth=2,
    d_hidden=None,
    g_rate=1e-3,
    d_rate=1e-3,
    beta_1=0.5,
    loss="non_saturating",
    batch_size=256,
    frames=40,
    seed=0,
    progress=None,
):
    """Let two small networks play, and record it.

    Args:
        game: "line", "ring", or a game object.
        steps: updates of each network.
        hidden, depth: of both networks; see `small_network`.
        d_hidden: D's own number of hidden units; None takes `hidden`.
        g_rate, d_rate: learning rates of the two Adam optimisers.
        beta_1: of both.
        loss: see `losses`; "wasserstein" is not offered, it needs a bounded D.
        batch_size: real samples, and codes, for each step.
        frames: how many moments to record besides the start.
        seed: the same seed gives the same recording on the same machine.
        progress: called with (steps done, steps in all) now and then; None prints a line
            with the time left on standard error where that is a terminal.

    Returns:
        A `Recording`; its first moment is before the first step, its last after the last.

    Raises:
        ValueError: an unknown game or loss, or numbers out of range.
    """
    if isinstance(game, str):
        if game not in GAMES:
            raise ValueError(f"Unknown game {game!r}. Known are: {', '.join(GAMES)}.")
        game = GAMES[game]()
    if loss not in KINDS or loss == "wasserstein":
        raise ValueError(f"loss should be one of {KINDS[:3]}, not {loss!r}.")
    if min(steps, frames, batch_size, hidden) < 1 or min(g_rate, d_rate) <= 0:
        raise ValueError("steps, frames, batch_size, hidden and both rates should be positive.")
    settings = dict(hidden=hidden, d_hidden=d_hidden or hidden, g_rate=g_rate, d_rate=d_rate)
    settings |= dict(loss=loss, steps=steps, depth=depth, beta_1=beta_1, seed=seed)
    keras.utils.set_random_seed(seed)
    noise = keras.random.SeedGenerator(seed)
    generator = small_network(game.latent_dim, game.dim, hidden, depth, name="generator")
    discriminator = small_network(game.dim, 1, d_hidden or hidden, depth, name="discriminator")
    g_optimizer = keras.optimizers.Adam(g_rate, beta_1=beta_1)
    d_optimizer = keras.optimizers.Adam(d_rate, beta_1=beta_1)
    g_optimizer.build(generator.trainable_variables)
    d_optimizer.build(discriminator.trainable_variables)

    @tf.function
    def play(rounds):
        for _ in tf.range(rounds):  # inside the graph: Python would cost more than the sums
            x = game.real(batch_size, seed=noise)
            z = keras.random.normal((batch_size, game.latent_dim), seed=noise)
            with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
                fake_logits = discriminator(generator(z))
                d_loss = discriminator_loss(discriminator(x), fake_logits, loss)
                g_loss = generator_loss(fake_logits, loss)
            d_weights, g_weights = discriminator.trainable_variables, generator.trainable_variables
            d_gradients = d_tape.gradient(d_loss, d_weights)
            g_gradients = g_tape.gradient(g_loss, g_weights)
            d_optimizer.apply(d_gradients, d_weights)
            g_optimizer.apply(g_gradients, g_weights)

    recording = Recording(game, settings)
    recording.add(0, generator, discriminator)
    tell = progress or _terminal_line()
    done = 0
    for goal in moments_to_take(steps, frames)[1:]:
        play(tf.constant(goal - done))
        done = goal
        recording.add(done, generator, discriminator)
        tell(done, steps)
    return recording


def moments_to_take(steps, frames):
    """Steps at which to record, more of them early, where most happens.

    Returns:
        Increasing whole numbers from 0 to `steps`, at most frames + 1 of them.
    """
    return sorted({round(steps * (index / frames) ** 1.5) for index in range(frames + 1)})


def _terminal_line():
    started = time.monotonic()

    def tell(done, total):
        if sys.stderr.isatty():
            line = tqdm.format_meter(done, total, time.monotonic() - started, unit="step", ncols=78)
            print("\r" + line, end="\n" if done == total else "", file=sys.stderr, flush=True)

    return tell


# --- a panel to play with -------------------------------------------------------------


class GamePlayer(FramePlayer):
    """A recording with play, pause and slider, and with controls to train again.

    The controls change the capacity of both networks, both learning rates, and the loss.
    Where there are no widgets, it is an animated GIF of the recording.

    Args:
        recording: of `train_toy` or of the reader's own loop.
    """

    def __init__(self, recording):
        self.recording = recording
        super().__init__(*_frames(recording), what=f"a GAN on the {recording.game.name}")

    def build(self):
        """The ipywidgets box, made on first use; None where ipywidgets is not installed."""
        if self.widget is not None or super().build() is None:
            return self.widget
        import ipywidgets as widgets

        def choice(name, text, options):
            value = self.recording.settings.get(name, _DEFAULTS[name])
            options = sorted({*options, value}) if name != "loss" else options
            return widgets.Dropdown(
                options=options, value=value, description=text, style={"description_width": "11em"}
            )

        units, rates = (2, 4, 8, 16, 32, 64, 128), (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
        self.controls = {
            "hidden": choice("hidden", "G: hidden units", units),
            "d_hidden": choice("d_hidden", "D: hidden units", units),
            "g_rate": choice("g_rate", "G: learning rate", rates),
            "d_rate": choice("d_rate", "D: learning rate", rates),
            "loss": choice("loss", "loss", KINDS[:3]),
        }
        self.button = widgets.Button(description="Train again", icon="refresh")
        self.button.on_click(lambda _: self.train_again())
        self._progress = widgets.IntProgress(max=1, layout={"width": "12em"})
        self._message = widgets.Label()
        rows = [
            widgets.HBox([self.controls["hidden"], self.controls["g_rate"]]),
            widgets.HBox([self.controls["d_hidden"], self.controls["d_rate"]]),
            widgets.HBox([self.controls["loss"]]),
            widgets.HBox([self.button, self._progress, self._message]),
        ]
        heading = widgets.HTML("<b>Change one thing and train again:</b>")
        self.widget.children = (*self.widget.children, heading, *rows)
        return self.widget

    def train_again(self):
        """Train with what the controls say, and show that recording in place of this one."""
        chosen = {name: control.value for name, control in self.controls.items()}
        settings = {**self.recording.settings, **chosen}
        self.button.disabled = True
        started = time.monotonic()

        def progress(done, total):
            self._progress.max, self._progress.value = total, done
            left = (time.monotonic() - started) * (total - done) / done
            self._message.value = f"training: {left:.0f} seconds left"

        try:
            self.recording = train_toy(self.recording.game, **settings, progress=progress)
            self._message.value = "drawing …"
            self.replace(*_frames(self.recording))
            last = self.recording.game.score(self.recording.moments[-1])
            self._message.value = f"in the end: {last}"
        except Exception as problem:  # a widget would swallow it, and look dead
            self._message.value = f"That did not work: {problem}"
        finally:
            self.button.disabled = False


_DEFAULTS = dict(hidden=64, d_hidden=64, g_rate=1e-3, d_rate=1e-3, loss="non_saturating")


def _frames(recording):
    indices = range(len(recording.steps))
    return list(recording.pictures()), [f"step {recording.steps[index]}" for index in indices]
