"""Import TensorFlow without its start-up messages, which would stand above every first cell."""

import contextlib
import os
import sys
import warnings


def import_quietly(configure=None):
    """Import TensorFlow and Keras without their start-up messages. Returns both.

    Some are written by C++ before any log level is read, straight to the process's
    standard error; a notebook would store them. So that stream is closed off meanwhile.

    Args:
        configure: called with TensorFlow before it looks at the devices.
    """
    with _standard_error_to(os.devnull):
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
def _standard_error_to(path):
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # no such stream, as under some graphical front ends
        yield
        return
    try:
        with open(path, "w", encoding="utf-8") as sink:
            os.dup2(sink.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
