"""GANs that are small enough to be watched whole, trained within seconds.

`train_toy` lets two small networks play one of the `games` and records the moments; `GamePlayer`
shows a recording, with controls to train again.
"""

import sys
import time
from dataclasses import dataclass, field

import keras
import tensorflow as tf
from keras import layers
from tqdm import tqdm

from dcgan_course.checks import number, one_of, shown, whole_number
from dcgan_course.display.animations import FramePlayer, figure_pixels, new_figure
from dcgan_course.networks.losses import KINDS, discriminator_loss, generator_loss
from dcgan_course.training.games import GAMES


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
    inputs = whole_number("inputs", inputs, minimum=1)
    outputs = whole_number("outputs", outputs, minimum=1)
    hidden = whole_number("hidden", hidden, minimum=1)
    network = [keras.Input((inputs,))]
    for _ in range(whole_number("depth", depth, minimum=0)):
        network += [layers.Dense(hidden), layers.LeakyReLU(negative_slope=0.2)]
    return keras.Sequential([*network, layers.Dense(outputs)], name=name)


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
        g_rate, d_rate: learning rates of the two Adam optimizers.
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
    elif isinstance(game, type) or not hasattr(game, "look"):
        raise ValueError(f"game should be one of {tuple(GAMES)} or a game, not {shown(game)}.")
    one_of("loss", loss, KINDS[:3])
    steps = whole_number("steps", steps, minimum=1)
    frames = whole_number("frames", frames, minimum=1)
    batch_size = whole_number("batch_size", batch_size, minimum=1)
    hidden = whole_number("hidden", hidden, minimum=1)
    d_hidden = hidden if d_hidden is None else whole_number("d_hidden", d_hidden, minimum=1)
    depth = whole_number("depth", depth, minimum=0)
    g_rate, d_rate = number("g_rate", g_rate, above=0), number("d_rate", d_rate, above=0)
    beta_1 = number("beta_1", beta_1, minimum=0, below=1)
    seed = whole_number("seed", seed, minimum=0, maximum=2**32 - 1)
    if progress is not None and not callable(progress):
        raise ValueError(f"progress should be a function, not {shown(progress)}.")
    settings = dict(hidden=hidden, d_hidden=d_hidden, g_rate=g_rate, d_rate=d_rate)
    settings |= dict(loss=loss, steps=steps, depth=depth, beta_1=beta_1, seed=seed)
    keras.utils.set_random_seed(seed)
    noise = keras.random.SeedGenerator(seed)
    generator = small_network(game.latent_dim, game.dim, hidden, depth, name="generator")
    discriminator = small_network(game.dim, 1, d_hidden, depth, name="discriminator")
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

    Raises:
        ValueError: `steps` or `frames` below 1.
    """
    steps = whole_number("steps", steps, minimum=1)
    frames = whole_number("frames", frames, minimum=1)
    return sorted({round(steps * (index / frames) ** 1.5) for index in range(frames + 1)})


def _terminal_line():
    started = time.monotonic()

    def tell(done, total):
        if sys.stderr.isatty():
            line = tqdm.format_meter(done, total, time.monotonic() - started, unit="step", ncols=78)
            print("\r" + line, end="\n" if done == total else "", file=sys.stderr, flush=True)

    return tell


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
