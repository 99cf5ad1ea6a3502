import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import ROOT

from dcgan_course.quiet import import_quietly


def pytest_configure(config):
    """Make two devices of the CPU, for the tests of tf.distribute, before TensorFlow starts."""
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        return  # the process that only deals tests out to others

    def two_devices(tf):
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * 2
        )

    import_quietly(two_devices)


@pytest.fixture
def offline_env(tmp_path):
    """An environment for child processes: no data folder, no Keras cache, dead network."""
    environment = {**os.environ, "KERAS_HOME": str(tmp_path / "keras"), "PYTHONPATH": str(ROOT)}
    # Empty rather than absent, which a merge with this process's own would undo.
    environment["DCGAN_COURSE_DATA"] = ""
    # A proxy at a closed port: every request fails at once, wherever the tests run.
    environment |= {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    return environment


@pytest.fixture
def run_python():
    """Run code in a fresh interpreter; returns the completed process, output as text."""

    def run(code, *arguments, env=None, check=True, timeout=300):
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            # On Windows a pipe would be written in the system's own encoding.
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "PYTHONIOENCODING": "utf-8",
                **(env or {}),
            },
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def digits():
    """A few drawn digits, float32 (256, 28, 28, 1) in [−1, 1]; read-only, as all share them."""
    from dcgan_course.data.drawn.digits import draw_digits

    images = (draw_digits(256, seed=5)[0][..., None] / np.float32(127.5) - 1).astype("float32")
    images.flags.writeable = False
    return images
