"""Trials of a training step and of training in turns, with what a right answer would do.

A submission's process runs its functions on networks of a size and with weights that are drawn
here, with plain gradient descent: Adam would hide by how much and why a weight moves.
"""

import numpy as np

from .inside import nets
from .numbers import fresh
from .student import student


def _drawn(model, rng):
    """Weights for a model: large, of any sign, biases and moving statistics as well."""
    arrays = []
    for weight in model.weights:
        if "variance" in weight.path or "gamma" in weight.path:
            arrays.append(rng.uniform(0.5, 2, weight.shape).astype("float32"))
        else:
            arrays.append(rng.normal(0, 0.6, weight.shape).astype("float32"))
    return arrays


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
        rng = fresh()
        self.latent_dim, self.width, hidden = (int(n) for n in rng.integers(3, 9, 3))
        self.sizes = [self.latent_dim, self.width, hidden + 8]
        self.real = rng.normal(1, 1, (batch, self.width)).astype("float32")
        self._networks = nets.step_networks(*self.sizes)
        self._before = [_drawn(model, rng) for model in self._networks]

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
        for model, weights in zip(self._networks, self._before, strict=True):
            nets.set_values(model, weights)
        generator, discriminator = self._networks
        with tf.GradientTape(persistent=True) as tape:
            fake_logits = discriminator(generator(np.asarray(self.g_calls[0]["input"])))
            d_loss = discriminator_loss(discriminator(self.real), fake_logits)
            g_loss = generator_loss(fake_logits)
        return {
            "d_loss": float(d_loss),
            "g_loss": float(g_loss),
            "d_movement": [
                -0.1 * np.array(g) for g in tape.gradient(d_loss, discriminator.weights)
            ],
            "g_movement": [-0.1 * np.array(g) for g in tape.gradient(g_loss, generator.weights)],
        }


class AverageTrial:
    """Two networks with batch norm, the one averaged towards the other."""

    def __init__(self):
        rng = fresh()
        sizes = [int(n) for n in rng.integers(2, 6, 2)]
        model = nets.normed_generator(*sizes)
        self.momentum = float(rng.uniform(0.2, 0.95))
        self._trained = [weight.trainable for weight in model.weights]
        self._average, self._generator = _drawn(model, rng), _drawn(model, rng)
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


class TurnsTrial:
    """Two functions that train in turns, on networks of a size that they have not seen.

    Args:
        turns: a word such as "dgd": whose turn it is.
        optimizer: "SGD" or "Adam", for both.
        rate: learning rate of both.

    Attributes:
        turns: a list of dictionaries: `whose`; `returned`; the movements `d_weights`,
            `g_weights` (both: those that train) and `d_statistics`, lists of arrays;
            `trainable`, how many weights of D train afterwards; `counted`, the steps that G's
            and D's optimizer have made.
        d_count: how many of D's weights train at the start.
    """

    def __init__(self, turns, optimizer="SGD", rate=0.05, batch=16):
        rng = fresh()
        self.latent_dim, self.width = (int(n) for n in rng.integers(3, 7, 2))
        sizes = [self.latent_dim, self.width]
        self._networks = nets.normed_generator(*sizes), nets.normed_discriminator(self.width)
        before = [_drawn(model, rng) for model in self._networks]
        self.rate = rate
        self._masks = [[w.trainable for w in model.weights] for model in self._networks]
        self.d_count = sum(self._masks[1])
        self.g_kernels = [len(w.shape) == 2 for w in self._networks[0].weights if w.trainable]
        centre = rng.uniform(1, 2)
        self._given = []
        for whose in turns:
            z = rng.normal(size=(batch, self.latent_dim)).astype("float32")
            real = rng.normal(centre, 0.7, (batch, self.width)).astype("float32")
            self._given.append([real, z] if whose == "d" else [z])
        found = student.turns(
            sizes,
            before,
            [optimizer, rate],
            [[whose, *given] for whose, given in zip(turns, self._given, strict=True)],
        )
        self.turns, self._starts = [], []
        for whose, after in zip(turns, found, strict=True):
            self._starts.append(before)
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

        generator, discriminator = self._networks
        soft = tf.nn.softplus
        ways = []
        for way in (0, 1):
            for model, weights in zip(self._networks, self._starts[index], strict=True):
                nets.set_values(model, weights)
            z = self._given[index][-1]
            with tf.GradientTape() as tape:
                fakes = generator(z, training=True)
                if self.turns[index]["whose"] == "g":
                    logits = discriminator(fakes, training=bool(way))
                    loss = tf.reduce_mean(soft(-logits))
                else:
                    real = tf.constant(self._given[index][0])
                    if way:
                        both = discriminator(tf.concat([real, fakes], 0), training=True)
                        real_logits, fake_logits = tf.split(both, 2)
                    else:
                        real_logits = discriminator(real, training=True)
                        fake_logits = discriminator(fakes, training=True)
                    loss = tf.reduce_mean(soft(-real_logits)) + tf.reduce_mean(soft(fake_logits))
            mover = generator if self.turns[index]["whose"] == "g" else discriminator
            slopes = tape.gradient(loss, mover.trainable_variables)
            ways.append((float(loss), [-self.rate * np.array(slope) for slope in slopes]))
        return ways
