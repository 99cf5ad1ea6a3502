"""Import TensorFlow without its start-up messages, which would stand above every first cell."""

import contextlib
import importlib.abc
import importlib.util
import os
import sys
import warnings


class QuietImports(importlib.abc.MetaPathFinder):
    """Import TensorFlow and Keras without their messages, whichever module asks for them first.

    An import hook, so that it does not matter which of our modules, or whether the reader's own
    cell, is the first. It puts nothing between a module and its loader but a closed-off standard
    error stream while the module's own code runs; exceptions come through as always.
    """

    def __init__(self, *names):
        self._names = set(names)

    def find_spec(self, name, path=None, target=None):
        """As `importlib.abc.MetaPathFinder.find_spec`: find one of the names, once."""
        if name not in self._names:
            return None
        self._names.discard(name)  # the search below comes by here again
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_quietly(module):
            with no_noise():
                execute(module)

        spec.loader.exec_module = execute_quietly
        return spec


def quiet_imports():
    """Let the first import of TensorFlow and of Keras print nothing, from now on."""
    sys.meta_path.insert(0, QuietImports("tensorflow", "keras"))


def import_quietly(configure=None):
    """Import TensorFlow and Keras without their start-up messages. Returns both.

    Some are written by C++ before any log level is read, straight to the process's
    standard error; a notebook would store them. So that stream is closed off meanwhile.

    Args:
        configure: called with TensorFlow before it looks at the devices.
    """
    with no_noise():
        import keras
        import tensorflow as tf

        if configure:
            configure(tf)
        tf.get_logger().setLevel("ERROR")  # it tells of every strategy and every retracing
        tf.config.list_logical_devices()  # the first look at the devices has its own messages
    # Raised inside Keras by its own use of NumPy 2; nothing that a reader could mend.
    warnings.filterwarnings("ignore", message=".*__array__.*copy keyword.*")
    return tf, keras


@contextlib.contextmanager
def no_noise():
    """Close off this process's standard error, also for what C++ writes there."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # no such stream, as under some graphical front ends
        yield
        return
    try:
        with open(os.devnull, "w", encoding="utf-8") as sink:
            os.dup2(sink.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
