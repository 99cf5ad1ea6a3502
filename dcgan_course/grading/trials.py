"""Trials of a training step and of training in turns, with what a right answer would do.

A submission's process runs its functions on networks of a size and with weights that are drawn
here, with plain gradient descent: Adam would hide by how much and why a weight moves.
"""

import numpy as np

from .inside import nets
from .numbers import fresh, lasting_seed
from .student import StudentError, student


def _drawn(weights, rng):
    """Numbers for weights: large, of any sign, biases and moving statistics as well."""
    return [
        (
            rng.uniform(0.5, 2, shape)
            if kind in ("scale", "variance")
            else rng.normal(0, 0.6, shape)
        ).astype("float32")
        for kind, shape in weights
    ]


def _trained(weights):
    """Which of some weights train."""
    return [kind not in ("mean", "variance") for kind, _ in weights]


def _moved(after, before):
    return [np.asarray(a, float) - b for a, b in zip(after, before, strict=True)]


class StepTrial:
    """Runs a training step on networks of a size that it has not seen.

    G is without batch norm here: in which mode it runs is noted, and changes nothing else.

    Args:
        batch: how many real examples.

    Attributes:
        g_calls, d_calls: for each call of a network its input and its `training` argument.
        codes: for each run what G was given first.
        latent_dim: numbers in a code.
    """

    def __init__(self, batch=12):
        # One size for all trials of a submission, whose process then builds two networks.
        sizes = np.random.default_rng(lasting_seed()).integers(3, 9, 3)
        self.latent_dim, self.width, hidden = (int(n) for n in sizes)
        self.sizes = [self.latent_dim, self.width, hidden + 8]
        rng = fresh()
        self.real = rng.normal(1, 1, (batch, self.width)).astype("float32")
        ends = (self.latent_dim, self.width), (self.width, 1)
        self._before = [_drawn(nets.step_weights(*pair, hidden + 8), rng) for pair in ends]

    def run(self, g_rate, d_rate, repeat=1):
        """One step or several with these rates; returns what the last one returns."""
        found = student.step(self.sizes, self._before, self.real, [g_rate, d_rate], repeat)
        self._after = found["weights"]
        self.g_calls, self.d_calls, self.codes = (
            found[name] for name in ("g_calls", "d_calls", "codes")
        )
        return found["returned"][-1]

    def g_movement(self):
        """How far each of G's weights has moved."""
        return _moved(self._after[0], self._before[0])

    def d_movement(self):
        """How far each of D's weights has moved."""
        return _moved(self._after[1], self._before[1])

    def expected(self):
        """Losses for the codes of the first call, and the movements at a rate of 0.1."""
        import tensorflow as tf

        from dcgan_course.networks.losses import discriminator_loss, generator_loss

        assert self.g_calls, "G was not called"
        g_weights, d_weights = ([tf.constant(w) for w in weights] for weights in self._before)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([g_weights, d_weights])
            codes = tf.constant(self.g_calls[0]["input"], tf.float32)
            fakes = nets.run_step_network(g_weights, codes)
            fake_logits = nets.run_step_network(d_weights, fakes)
            d_loss = discriminator_loss(nets.run_step_network(d_weights, self.real), fake_logits)
            g_loss = generator_loss(fake_logits)
        return {
            "d_loss": float(d_loss),
            "g_loss": float(g_loss),
            "d_movement": [-0.1 * np.array(g) for g in tape.gradient(d_loss, d_weights)],
            "g_movement": [-0.1 * np.array(g) for g in tape.gradient(g_loss, g_weights)],
        }


class AverageTrial:
    """Two networks with batch norm, the one averaged towards the other."""

    def __init__(self):
        rng = fresh()
        sizes = [int(n) for n in rng.integers(2, 6, 2)]
        weights = nets.normed_weights(*sizes)
        self.momentum = float(rng.uniform(0.2, 0.95))
        self._trained = _trained(weights)
        self._average, self._generator = _drawn(weights, rng), _drawn(weights, rng)
        self._found = student.average(sizes, self._average, self._generator, self.momentum)

    def pairs(self, trained):
        """(found, wanted) for the average's weights that train, or for its moving statistics."""
        return [
            (found, self.momentum * a + (1 - self.momentum) * g)
            for found, a, g, t in zip(
                self._found[0], self._average, self._generator, self._trained, strict=True
            )
            if t == trained
        ]

    def generator_moved(self):
        """How far G's own weights have moved."""
        return _moved(self._found[1], self._generator)


class _Failed(dict):
    """A turn that has raised an error: it does so again for whoever asks for its results."""

    def __init__(self, whose, error):
        super().__init__(whose=whose)
        self._error = StudentError(*(str(part) for part in error))

    def __missing__(self, name):
        raise self._error


class TurnsTrial:
    """Two functions that train in turns, on networks of a size that they have not seen.

    Several tests of a submission get the same trial for the same arguments: its process then
    answers once.

    Args:
        turns: a word such as "dgd": whose turn it is.
        optimizer: "SGD" or "Adam", for both.
        rate: learning rate of both.

    Attributes:
        turns: a list of dictionaries: `whose`; `returned`; the movements `d_weights`,
            `g_weights` (both: those that train) and `d_statistics`, lists of arrays;
            `trainable`, how many weights of D train afterwards; `counted`, the steps that G's
            and D's optimizer have made. After a turn that raises an error there is none, and
            what is asked of that turn raises it.
        d_count: how many of D's weights train at the start.
    """

    def __init__(self, turns, optimizer="SGD", rate=0.05, batch=16):
        rng = np.random.default_rng([lasting_seed(), *f"{turns} {optimizer}".encode()])
        self.latent_dim, self.width = (int(n) for n in rng.integers(3, 7, 2))
        sizes = [self.latent_dim, self.width]
        weights = [nets.normed_weights(*sizes), nets.normed_weights(self.width, 1, beside=True)]
        before = [_drawn(some, rng) for some in weights]
        self.rate = rate
        self._masks = [_trained(some) for some in weights]
        self.d_count = sum(self._masks[1])
        self.g_kernels = [
            kind == "kernel" for kind, _ in weights[0] if kind not in ("mean", "variance")
        ]
        center = rng.uniform(1, 2)
        self._given = []
        for whose in turns:
            z = rng.normal(size=(batch, self.latent_dim)).astype("float32")
            real = rng.normal(center, 0.7, (batch, self.width)).astype("float32")
            self._given.append([real, z] if whose == "d" else [z])
        found = student.turns(
            sizes,
            before,
            [optimizer, rate],
            [[whose, *given] for whose, given in zip(turns, self._given, strict=True)],
        )
        self.turns, self._starts = [], []
        for whose, after in zip(turns, found, strict=False):
            self._starts.append(before)
            if "error" in after:
                self.turns.append(_Failed(whose, after["error"]))
                break
            moved = [_moved(after[n], b) for n, b in zip("gd", before, strict=True)]
            parts = [
                [m for m, t in zip(moves, mask, strict=True) if t == wanted]
                for moves, mask, wanted in (
                    (moved[0], self._masks[0], True),
                    (moved[1], self._masks[1], True),
                    (moved[1], self._masks[1], False),
                )
            ]
            names = ("g_weights", "d_weights", "d_statistics")
            self.turns.append({"whose": whose, **after, **dict(zip(names, parts, strict=True))})
            before = [after["g"], after["d"]]

    def of(self, whose):
        """The turns of "d" or of "g"."""
        return [turn for turn in self.turns if turn["whose"] == whose]

    def expected(self, index):
        """What one turn may do: [(loss, movement at this rate)] for each right way.

        D may judge real examples and fakes in two batches or in one; with G's update, D may
        run in training or in inference mode, since its weights stay in both.
        """
        import tensorflow as tf

        soft = tf.nn.softplus
        ways = []

        def discriminator(x, training=True):
            return nets.run_normed(d_weights, x, beside=True, training=training)

        for way in (0, 1):
            g_weights, d_weights = ([tf.constant(w) for w in some] for some in self._starts[index])
            which = 0 if self.turns[index]["whose"] == "g" else 1
            movers = [
                weight
                for weight, trained in zip(
                    (g_weights, d_weights)[which], self._masks[which], strict=True
                )
                if trained
            ]
            with tf.GradientTape() as tape:
                tape.watch(movers)
                fakes = nets.run_normed(g_weights, tf.constant(self._given[index][-1]))
                if which == 0:
                    loss = tf.reduce_mean(soft(-discriminator(fakes, training=bool(way))))
                else:
                    real = tf.constant(self._given[index][0])
                    if way:
                        both = discriminator(tf.concat([real, fakes], 0), training=True)
                        real_logits, fake_logits = tf.split(both, 2)
                    else:
                        real_logits = discriminator(real, training=True)
                        fake_logits = discriminator(fakes, training=True)
                    loss = tf.reduce_mean(soft(-real_logits)) + tf.reduce_mean(soft(fake_logits))
            slopes = tape.gradient(loss, movers)
            ways.append((float(loss), [-self.rate * np.array(slope) for slope in slopes]))
        return ways
