"""What the assignments' hidden tests stand on, and what keeps a class's grading going.

The tests judge behaviour: what functions return, how far weights move, in which mode a network
is called. They draw their numbers from `fresh()`, whose seed students do not see. Nothing
here looks at the text or the names inside a submission.
"""

import json
import os
from pathlib import Path

# Bound once, before a submission runs: what it does to numpy's names afterwards is its own loss.
from numpy import asarray, random

SEED = "DCGAN_COURSE_GRADING_SEED"
_state = {"seed": None, "calls": 0}


# --- numbers ----------------------------------------------------------------------------


def fresh():
    """A new `numpy.random.Generator`, another one at each call.

    All of them follow from the environment's DCGAN_COURSE_GRADING_SEED, so that a teacher can
    repeat a grading; without it, from the system's randomness.
    """
    if _state["seed"] is None:
        # Taken out of the environment: a submission should not find it there.
        _state["seed"] = int(os.environ.pop(SEED, 0)) or int.from_bytes(os.urandom(6), "big")
    _state["calls"] += 1
    return random.default_rng([_state["seed"], _state["calls"]])


def _numbers(value):
    """All numbers in arrays, tensors, or lists of them, as one list of Python floats."""
    if isinstance(value, (list, tuple)):
        return [number for part in value for number in _numbers(part)]
    return [float(number) for number in asarray(value).reshape(-1).tolist()]


def near(found, wanted, tolerance):
    """Whether all numbers agree.

    Args:
        found, wanted: scalars, arrays, tensors, or lists of them, with equally many numbers.
        tolerance: the largest difference, as a share of the largest wanted number; of 1
            where all of them are 0.

    Returns:
        A bool. False for numbers that are none, and for another count of them.
    """
    found, wanted = _numbers(found), _numbers(wanted)
    if len(found) != len(wanted):
        return False
    limit = tolerance * (largest(wanted) or 1.0)
    return all(abs(a - b) <= limit for a, b in zip(found, wanted, strict=True))


def largest(value):
    """The largest absolute number in arrays, tensors, or lists of them."""
    return max((abs(number) for number in _numbers(value)), default=0.0)


def hidden_runs(kind, count=4, file="hidden_recordings.json"):
    """`count` of the recordings of one kind that students have not seen, drawn afresh.

    The file lies beside the assignment's source and is copied into the folder where a
    submission is graded; `make assignments` keeps it out of the release.
    """
    runs = json.loads(Path(file).read_text(encoding="utf-8"))[kind]
    return [runs[index] for index in fresh().permutation(len(runs))[:count]]


# --- networks ---------------------------------------------------------------------------


def parts_of(model):
    """All layers of a model, those of models inside it included, in order."""
    parts = []
    for layer in model.layers:
        parts += parts_of(layer) if hasattr(layer, "layers") else [layer]
    return parts


def weight_layers(model):
    """Its layers that have a kernel: dense and convolutional ones."""
    return [
        part
        for part in parts_of(model)
        if any(len(weight.shape) > 1 for weight in part.trainable_weights)
    ]


def _movement(weights, before):
    """How far each weight has moved: arrays."""
    return [asarray(weight) - old for weight, old in zip(weights, before, strict=True)]


def _spy(model, calls):
    """A model around another one that notes every call in `calls`."""
    import keras

    class Spy(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = model
            self.built = True

        def call(self, inputs, training=None):
            calls.append({"input": asarray(inputs), "training": training})
            return self.inner(inputs, training=training)

    return Spy()


class StepTrial:
    """Runs a training step on networks of a size that it has not seen, and takes notes.

    G is without batch norm here: in which mode it runs is noted, and changes nothing else.

    Args:
        batch: how many real examples.

    Attributes:
        g_calls, d_calls: for each call of a network its input and its `training` argument.
        codes: for each run what G was given first.
        latent_dim: numbers in a code.
    """

    def __init__(self, batch=12):
        import keras
        from keras import layers

        rng = fresh()
        self.latent_dim, width, units = (int(n) for n in rng.integers(3, 9, 3))
        self.real = rng.normal(1, 1, (batch, width)).astype("float32")

        def network(inputs, outputs):
            shape = [keras.Input((inputs,)), layers.Dense(8 + units), layers.LeakyReLU()]
            model = keras.Sequential([*shape, layers.Dense(outputs)])
            for weight in model.weights:  # large and of any sign, biases as well
                weight.assign(rng.normal(0, 0.6, weight.shape).astype("float32"))
            return model

        self._networks = network(self.latent_dim, width), network(width, 1)
        self._before = self._after = self._weights()
        self.g_calls, self.d_calls, self.codes = [], [], []

    def _weights(self):
        return [[asarray(weight) for weight in model.weights] for model in self._networks]

    def run(self, train_step, g_rate, d_rate):
        """One step with plain gradient descent at these rates; returns what it returns."""
        import keras
        import tensorflow as tf

        generator, discriminator = (
            _spy(model, calls)
            for model, calls in zip(self._networks, (self.g_calls, self.d_calls), strict=True)
        )
        # A step that was compiled is as good; eagerly, its calls can be noted.
        eager, calls = tf.config.functions_run_eagerly(), len(self.g_calls)
        tf.config.run_functions_eagerly(True)
        try:
            return train_step(
                generator,
                discriminator,
                keras.optimizers.SGD(g_rate),
                keras.optimizers.SGD(d_rate),
                tf.constant(self.real),
                self.latent_dim,
            )
        finally:
            tf.config.run_functions_eagerly(eager)
            self._after = self._weights()
            self.codes += [call["input"] for call in self.g_calls[calls : calls + 1]]

    def g_movement(self):
        """How far each of G's weights has moved."""
        return _movement(self._after[0], self._before[0])

    def d_movement(self):
        """How far each of D's weights has moved."""
        return _movement(self._after[1], self._before[1])

    def expected(self):
        """Losses for the codes of the first call, and the movements at a rate of 0.1."""
        import tensorflow as tf

        from dcgan_course.networks.losses import discriminator_loss, generator_loss

        for model, weights in zip(self._networks, self._before, strict=True):
            model.set_weights(weights)
        generator, discriminator = self._networks
        with tf.GradientTape(persistent=True) as tape:
            fakes = generator(self.g_calls[0]["input"], training=True)
            fake_logits = discriminator(fakes, training=True)
            d_loss = discriminator_loss(discriminator(self.real, training=True), fake_logits)
            g_loss = generator_loss(fake_logits)
        return {
            "d_loss": d_loss,
            "g_loss": g_loss,
            "d_movement": [-0.1 * g for g in tape.gradient(d_loss, discriminator.weights)],
            "g_movement": [-0.1 * g for g in tape.gradient(g_loss, generator.weights)],
        }


class TurnsTrial:
    """Two functions that train in turns, on networks of a size that they have not seen.

    D has batch norm beside a path without it: with batch norm alone, real examples and fakes
    that are judged in batches of their own would be normalised to look alike.
    """

    def __init__(self, make_trainers):
        import keras
        from keras import layers

        rng = fresh()
        self.latent_dim, self.width = (int(n) for n in rng.integers(3, 7, 2))
        self._rng, self._centre = rng, float(rng.uniform(2, 3))
        self.generator = keras.Sequential(
            [
                keras.Input((self.latent_dim,)),
                layers.Dense(20),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Dense(self.width),
            ]
        )
        points = keras.Input((self.width,))
        hidden = layers.LeakyReLU(negative_slope=0.2)(layers.Dense(20)(points))
        both = layers.Concatenate()([hidden, layers.BatchNormalization()(hidden)])
        self.discriminator = keras.Model(points, layers.Dense(1)(both))
        self.g_optimizer = keras.optimizers.Adam(0.02, beta_1=0.5)
        self.d_optimizer = keras.optimizers.Adam(0.02, beta_1=0.5)
        self.g_sizes = [len(weight.shape) for weight in self.generator.trainable_variables]
        self._groups = {
            "d_weights": list(self.discriminator.trainable_variables),
            "g_weights": list(self.generator.trainable_variables),
            "d_statistics": list(self.discriminator.non_trainable_variables),
        }
        self._train = dict(
            zip(
                "dg",
                make_trainers(
                    self.generator, self.discriminator, self.g_optimizer, self.d_optimizer
                ),
                strict=True,
            )
        )

    def _real(self, count):
        return self._rng.normal(self._centre, 0.3, (count, self.width)).astype("float32")

    def _codes(self, count):
        return self._rng.normal(size=(count, self.latent_dim)).astype("float32")

    def turn(self, whose):
        """One turn of "d" or "g".

        Returns:
            By group of weights, the largest movement of each weight: "d_weights",
            "g_weights" (both: those that train), "d_statistics".
        """
        before = {name: [asarray(w) for w in group] for name, group in self._groups.items()}
        self.play(whose, 1)
        return {
            name: [largest(change) for change in _movement(group, before[name])]
            for name, group in self._groups.items()
        }

    def play(self, whose, count):
        """`count` turns of "d" or "g", without measuring."""
        import tensorflow as tf

        for _ in range(count):
            z = tf.constant(self._codes(32))
            if whose == "d":
                self._train["d"](tf.constant(self._real(32)), z)
            else:
                self._train["g"](z)

    def opinions(self):
        """D's mean logits for real examples and for fakes, in inference mode."""
        fakes = self.generator(self._codes(200), training=False)
        return tuple(
            sum(_numbers(self.discriminator(x, training=False))) / 200
            for x in (self._real(200), fakes)
        )


# --- the kernel in which a submission runs ----------------------------------------------


class _Capped:
    """A stream that passes on so many characters for each cell, and then no more."""

    def __init__(self, stream, most):
        self._stream, self._most, self._used = stream, most, 0

    def write(self, text):
        text = str(text)
        room = self._most - self._used
        self._used += len(text)
        if room > 0:
            self._stream.write(text[:room])
            if len(text) > room:
                self._stream.write("\n… output cut: a cell printed too much …\n")
        return len(text)

    def new_cell(self, *_):
        self._used = 0

    def __getattr__(self, name):
        return getattr(self._stream, name)


def prepare_kernel(memory=4 * 2**30, characters=50_000):
    """Called in a grading kernel before a submission's first cell.

    Limits memory, so that a submission that wants too much gets a MemoryError instead of the
    machine's end; cuts what a cell prints; keeps TensorFlow's notes off standard error, which
    nbgrader would count as failure; and loads what tests need before a submission could change
    it.

    Args:
        memory: bytes for data; where the system knows no such limit, there is none.
        characters: that one cell may print.
    """
    import sys
    import warnings

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    warnings.simplefilter("ignore")
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    except (ImportError, ValueError, OSError):
        pass  # Windows and macOS: the time limits remain
    fresh()
    sys.stdout, sys.stderr = _Capped(sys.stdout, characters), _Capped(sys.stderr, characters)
    shell = get_ipython()  # noqa: F821 - a kernel has it
    shell.events.register("pre_run_cell", sys.stdout.new_cell)
    shell.events.register("pre_run_cell", sys.stderr.new_cell)
