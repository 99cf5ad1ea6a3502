"""Looks at what a network computes, operation by operation, however its code is written.

A layer that multiplies by a kernel ends in one of TensorFlow's few functions for that, in a
Sequential model as in a subclass with layers of its own. While a network is watched, these
functions tell what they are given, and another output can be put in the place of theirs.
"""

import contextlib
import inspect

import numpy as np

# By function of TensorFlow's generated modules: its data and its kernel.
LINEAR = {
    ("gen_math_ops", "mat_mul"): ("a", "b"),
    ("gen_math_ops", "batch_mat_mul_v2"): ("x", "y"),
    ("gen_math_ops", "batch_mat_mul_v3"): ("x", "y"),
    ("gen_nn_ops", "conv2d"): ("input", "filter"),
    ("gen_nn_ops", "depthwise_conv2d_native"): ("input", "filter"),
    ("gen_nn_ops", "conv2d_backprop_input"): ("out_backprop", "filter"),  # transposed
}


@contextlib.contextmanager
def _watched(see):
    """Call `see(name, data, kernel, strides, output)` after each linear operation.

    What it returns takes the output's place, unless it is None.
    """
    import tensorflow as tf

    # TensorFlow has no public place where all of its layers pass; its callbacks for operations
    # cannot change an output while it runs eagerly.
    from tensorflow.python.ops import gen_math_ops, gen_nn_ops

    modules = {"gen_math_ops": gen_math_ops, "gen_nn_ops": gen_nn_ops}

    def watcher(name, function, data, kernel):
        signature = inspect.signature(function)

        def run(*args, **kwargs):
            output = function(*args, **kwargs)
            if not tf.executing_eagerly():
                return output
            given = signature.bind(*args, **kwargs).arguments
            strides = given.get("strides")
            instead = see(name, given[data], given[kernel], strides, output)
            return output if instead is None else instead

        return run

    eager = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    replaced = []
    try:
        for (module, name), (data, kernel) in LINEAR.items():
            function = getattr(modules[module], name, None)
            if function is not None:
                replaced.append((modules[module], name, function))
                setattr(modules[module], name, watcher(name, function, data, kernel))
        yield
    finally:
        for module, name, function in replaced:
            setattr(module, name, function)
        tf.config.run_functions_eagerly(eager)


class _Enough(BaseException):
    """What was asked for has been seen: the layers that follow need not run."""


def call(model, x, training):
    """What a model returns in training or in inference mode.

    The mode comes from a layer around it: the first Keras 3 forgets a mode that is passed to a
    model whose `call` does not name it, while the layers inside look for that of the layers around.
    """
    import keras

    class Around(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = model
            self.built = True

        def call(self, inputs, training=None):
            return self.inner(inputs)

    return Around()(x, training=training)


def _run(model, x, training, see):
    import tensorflow as tf

    # In training mode batch norm moves its statistics: they are put back.
    moving = list(getattr(model, "non_trainable_weights", []))
    kept = [np.array(weight) for weight in moving]
    try:
        with _watched(see):
            return np.array(call(model, tf.constant(x), training))
    except _Enough:
        return None
    finally:
        for weight, value in zip(moving, kept, strict=True):
            weight.assign(value)


def trace(model, x, training):
    """The linear operations that a network runs, in order.

    Returns:
        A list of dictionaries: `op`, `strides` (rows, columns), the shapes `data`, `kernel`
        and `output`.
    """
    found = []

    def see(name, data, kernel, strides, output):
        found.append(
            {
                "op": name,
                "strides": [int(n) for n in strides[1:3]] if strides is not None else [1, 1],
                "data": [int(n) for n in np.shape(data)],
                "kernel": [int(n) for n in np.shape(kernel)],
                "output": [int(n) for n in output.shape],
            }
        )

    _run(model, x, training, see)
    return found


def between(model, x, training, index, instead):
    """What comes after a linear operation, up to the next one.

    Args:
        index: which operation; −1 for the network's input.
        instead: an array that takes the place of that operation's output, or None.

    Returns:
        The data that the next linear operation gets, an array; after the last one, the
        network's output.
    """
    import tensorflow as tf

    count, found = [0], []

    def see(name, data, kernel, strides, output):
        here, count[0] = count[0], count[0] + 1
        if here == index + 1:
            found.append(np.array(data))
            raise _Enough
        if here == index and instead is not None:
            return tf.cast(tf.reshape(instead, output.shape), output.dtype)
        return None

    output = _run(model, x, training, see)
    return found[0] if found else output
