"""Answers the grader's questions about a submission: what its functions return and do.

Each question is a dictionary {"op": name, "args": packed list}; each answer is {"value": packed} or
{"error": [type, message, line]}. No question says what answer would be right.
"""

import importlib.util
import json
import linecache
import traceback
from pathlib import Path

import numpy as np

from . import nets, ops
from .wire import pack, unpack


def _tensor(array):
    import tensorflow as tf

    return tf.constant(array)


def _watch(model, calls, seen=None):
    """A model around another one that notes every call."""
    import keras

    class Watched(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = model
            self.built = True

        def call(self, inputs, training=None):
            import tensorflow as tf

            if seen is not None:
                seen.assign(inputs)
            elif tf.executing_eagerly():
                calls.append({"input": np.array(inputs), "training": training})
            else:
                calls.append({"input": None, "training": training})
            return self.inner(inputs, training=training)

    return Watched()


class Probes:
    """Asks the functions in a namespace.

    Args:
        namespace: a dictionary, in which a submission's cells have run.
    """

    def __init__(self, namespace):
        self.namespace = namespace
        self._models = []
        self._given = {}
        self._answers = {}  # of trials that several tests ask for
        self._networks = {}

    def handle(self, question):
        """Answer one question, whatever happens in the submission's code."""
        try:
            args = unpack(question["args"], _tensor)
            return {"value": pack(getattr(self, "do_" + question["op"])(*args))}
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return {"error": self._explained(error)}

    def _explained(self, error):
        line = ""
        for frame in traceback.extract_tb(error.__traceback__):
            if not frame.filename.startswith(__file__[: -len("probes.py")]) and (
                "site-packages" not in frame.filename
            ):
                line = (frame.line or linecache.getline(frame.filename, frame.lineno)).strip()
        return [type(error).__name__[:60], str(error)[:300], line[:100]]

    def _function(self, name):
        function = self.namespace.get(name)
        if function is None:
            raise NameError(f"{name} is not defined")
        return function

    # --- functions ----------------------------------------------------------------------

    def do_call(self, name, args):
        """What a function returns."""
        return self._function(name)(*args)

    def do_gradient(self, name, args, pick):
        """What a function returns for tensors, and its gradient in each of them, or None."""
        import tensorflow as tf

        variables = [tf.Variable(a) for a in args]
        with tf.GradientTape() as tape:
            found = self._function(name)(*variables)
            if pick is not None:
                found = found[pick]
        if not tf.is_tensor(found):
            return found, [None] * len(variables)
        return found, tape.gradient(found, variables)

    def do_given(self, module, name, args):
        """What a function of one of the assignment's own files returns; the file is a module."""
        if module not in self._given:
            path = Path(f"{module}.py").resolve()
            spec = importlib.util.spec_from_file_location(module, path)
            self._given[module] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(self._given[module])
        return getattr(self._given[module], name)(*args)

    # --- networks that a function builds ------------------------------------------------

    def _model(self, number):
        return self._models[number][1]

    def do_build(self, name, args, shape):
        """Build a network and call it once, or find it again; returns its number."""
        function = self._function(name)
        known = (function, repr(args))
        for number, (key, _) in enumerate(self._models):
            if key == known:
                return number
        model = function(*args)
        model(np.zeros(shape, "float32"))
        self._models.append((known, model))
        return len(self._models) - 1

    def do_predict(self, number, x, training):
        """What a network makes of x."""
        return ops.call(self._model(number), _tensor(x), training)

    def do_kernels(self, number):
        """Its weights that train and have more than one axis."""
        return [np.array(w) for w in self._model(number).trainable_weights if len(w.shape) > 1]

    def do_trace(self, number, x, training):
        """See `ops.trace`."""
        return ops.trace(self._model(number), x, training)

    def do_between(self, number, x, training, index, instead):
        """See `ops.between`."""
        return ops.between(self._model(number), x, training, index, instead)

    def do_input_slope(self, number, x):
        """The gradient of its outputs' sum in x."""
        import tensorflow as tf

        x = tf.Variable(x)
        with tf.GradientTape() as tape:
            answer = tf.reduce_sum(self._model(number)(x, training=False))
        return tape.gradient(answer, x)

    # --- networks that are built once ---------------------------------------------------

    def _built(self, build, *sizes):
        """A network or two of the grader's; the same ones for the same sizes, all trainable."""
        key = build.__name__, sizes
        if key not in self._networks:
            self._networks[key] = build(*sizes)
        found = self._networks[key]
        for model in found if isinstance(found, tuple) else (found,):
            model.trainable = True
        return found

    # --- a training step ----------------------------------------------------------------

    def do_step(self, sizes, weights, real, rates, repeat):
        """Run `train_step` with plain gradient descent.

        Args:
            sizes: latent_dim, width, hidden of `nets.step_networks`.
            weights: G's and D's, lists of arrays.
            real: array (batch, width).
            rates: G's and D's learning rates.
            repeat: how often.
        """
        import keras
        import tensorflow as tf

        models = self._built(nets.step_networks, *sizes)
        for model, arrays in zip(models, weights, strict=True):
            nets.set_values(model, arrays)
        calls = [], []
        watched = [_watch(model, noted) for model, noted in zip(models, calls, strict=True)]
        optimizers = [keras.optimizers.SGD(rate) for rate in rates]
        step, returned, firsts = self._function("train_step"), [], []
        # A step that was compiled is as good; eagerly, its calls can be noted.
        eager = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(True)
        try:
            for _ in range(repeat):
                firsts.append(len(calls[0]))
                returned.append(step(*watched, *optimizers, _tensor(real), sizes[0]))
        finally:
            tf.config.run_functions_eagerly(eager)
        return {
            "returned": returned,
            "weights": [nets.values(model) for model in models],
            "g_calls": calls[0],
            "d_calls": calls[1],
            "codes": [calls[0][k]["input"] for k in firsts if k < len(calls[0])],
        }

    def do_compiled_codes(self, sizes, batch, count):
        """The codes that G gets in some runs of one compiled step."""
        import keras
        import tensorflow as tf

        generator, discriminator = self._built(nets.step_networks, *sizes)
        seen = tf.Variable(tf.zeros((batch, sizes[0])))
        watched = _watch(generator, [], seen)
        optimizers = [keras.optimizers.SGD(0.0) for _ in range(2)]
        for optimizer, model in zip(optimizers, (watched, discriminator), strict=True):
            optimizer.build(model.trainable_variables)
        step = self._function("train_step")
        real = tf.zeros((batch, sizes[1]))
        compiled = tf.function(lambda: step(watched, discriminator, *optimizers, real, sizes[0]))
        codes = []
        for _ in range(count):
            compiled()
            codes.append(np.array(seen))
        return codes

    def do_learn(self, seed, steps, center):
        """Train on points around a center with a compiled step; returns G's points.

        The step is compiled once: another seed begins anew with other weights.
        """
        import keras
        import tensorflow as tf

        keras.utils.set_random_seed(seed)
        models = nets.normed_generator(2, 2, 32), nets.step_networks(2, 2, 32)[1]
        function = self._function("train_step")
        if ("learn", function) not in self._networks:
            optimizers = [keras.optimizers.Adam(1e-2, beta_1=0.5) for _ in models]
            for optimizer, model in zip(optimizers, models, strict=True):
                optimizer.build(model.trainable_variables)
            changing = [v for each in (*models, *optimizers) for v in each.variables]
            compiled = tf.function(lambda x: function(*models, *optimizers, x, 2))
            start = [np.array(variable) for variable in changing]
            self._networks["learn", function] = compiled, models, changing, start
        else:
            compiled, kept, changing, start = self._networks["learn", function]
            for variable, value in zip(changing, start, strict=True):
                variable.assign(value)
            for model, fresh in zip(kept, models, strict=True):
                nets.set_values(model, nets.values(fresh))
            models = kept
        for _ in range(steps):
            compiled(tf.random.normal((64, 2), mean=0.0, stddev=0.5) + _tensor(center))
        return models[0](tf.random.normal((500, 2)))

    def do_average(self, sizes, average, generator, momentum):
        """Run `update_average` on networks with these weights; returns both networks' weights."""
        models = [nets.normed_generator(*sizes) for _ in range(2)]
        for model, arrays in zip(models, (average, generator), strict=True):
            nets.set_values(model, arrays)
        self._function("update_average")(*models, momentum)
        return [nets.values(model) for model in models]

    # --- turns --------------------------------------------------------------------------

    def do_movement(self, width, weights, changes, trainable):
        """What `movement` returns for given changes of a network, and how often it makes them."""
        network = self._built(nets.normed_discriminator, width)
        nets.set_values(network, weights)
        network.trainable = trainable
        count = [0]

        def update():
            count[0] += 1
            for weight, change in zip(network.weights, changes, strict=True):
                weight.assign(weight + change)

        return self._function("movement")(network, update), count[0]

    def do_turns(self, sizes, weights, optimizers, turns):
        """Train in turns by what `make_trainers` returns.

        Args:
            sizes: latent_dim and width.
            weights: G's and D's, lists of arrays.
            optimizers: (name, rate) for both, "SGD" or "Adam".
            turns: lists ["d", real, z] or ["g", z].

        Returns:
            For each turn a dictionary: what it returned, both networks' weights, how many of
            D's weights train, and what both optimizers have counted. A turn that raises an error
            is the last, and has that error alone.
        """
        import keras

        function = self._function("make_trainers")
        key = function, json.dumps(pack([sizes, weights, optimizers, turns]))
        if key in self._answers:
            return self._answers[key]
        generator, discriminator = (
            nets.normed_generator(*sizes),
            nets.normed_discriminator(sizes[1]),
        )
        for model, arrays in zip((generator, discriminator), weights, strict=True):
            nets.set_values(model, arrays)
        name, rate = optimizers
        both = [
            keras.optimizers.SGD(rate) if name == "SGD" else keras.optimizers.Adam(rate, beta_1=0.5)
            for _ in range(2)
        ]
        train = dict(zip("dg", function(generator, discriminator, *both), strict=True))
        found = []
        for whose, *given in turns:
            try:
                returned = train[whose](*(_tensor(array) for array in given))
            except Exception as error:
                if not found or type(error).__name__ == "TooLong":
                    raise
                found.append({"error": self._explained(error)})  # the turns before it count
                break
            found.append(
                {
                    "returned": returned,
                    "g": nets.values(generator),
                    "d": nets.values(discriminator),
                    "trainable": len(discriminator.trainable_variables),
                    "counted": [int(np.array(o.iterations)) for o in both],
                }
            )
        self._answers[key] = found
        return found
