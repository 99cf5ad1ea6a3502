"""One training on several machines: a program that each of them starts, and starts again.

    python -m dcgan_course.training.cluster --workers HOST0:PORT,HOST1:PORT --index 0 \
        --pictures FOLDER --run FOLDER

on the first machine, with `--index 1` on the second, and so on. All need the pictures, and a
run folder that they share: the first machine writes checkpoints there, all go on from them.
Where something else has set TF_CONFIG, as clusters do, `--workers` and `--index` are left out.

Training is synchronous (Goyal et al. 2017, arXiv:1706.02677): each machine computes the
gradients of its share of the batch, they are summed over the network, and all take the same
step. So when one is lost the others cannot go on. Their processes notice, start anew, and wait
for the lost one to come back; then all go on from the last checkpoint.

TensorFlow's server listens on every network interface of the machine, even where the address in
`--workers` is 127.0.0.1, and whoever reaches its port can have it compute and read files: it asks
for no password. It cannot be told to listen elsewhere. So run it only behind a firewall, in a
network whose members you trust.
"""

import argparse
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from dcgan_course.machine import print_every_character
from dcgan_course.training.cluster_start import (
    TRUST,
    addresses,
    at_least,
    check_options,
    check_port,
    ended_by_ctrl_c,
    open_pictures,
    own_port,
)

RESTART = 75  # the exit code by which a worker asks to be started anew (EX_TEMPFAIL)
WORKER = "DCGAN_COURSE_CLUSTER_WORKER"  # set for the process that trains


def main(arguments=None):
    """Train on this machine as one of several. Returns the process's exit code.

    The training runs in a process of its own, a worker, because what TensorFlow holds of a lost
    connection cannot be repaired. This one starts it, starts it anew when another machine was
    lost, and hands on its exit code, and Ctrl-C to it.
    """
    options = _parse(arguments)
    if os.environ.get(WORKER):
        return work(options)
    words = sys.argv[1:] if arguments is None else list(map(str, arguments))
    return supervise([sys.executable, "-m", "dcgan_course.training.cluster", *words], options)


def work(options):
    """Train in this process, a worker. Returns its exit code: `RESTART` to be started anew."""
    _end_with_parent()
    print_every_character()
    if options.workers:
        os.environ["TF_CONFIG"] = json.dumps(
            {
                "cluster": {"worker": options.workers.split(",")},
                "task": {"type": "worker", "index": options.index},
            }
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # its warnings would bury ours
    import tensorflow as tf

    names = ("Unavailable", "Aborted", "Cancelled", "DeadlineExceeded")
    lost = tuple(getattr(tf.errors, f"{name}Error") for name in names)
    try:
        train(options)
    except KeyboardInterrupt:
        say(f"stopped by Ctrl-C; the checkpoints are in {options.run}")
        return 130
    except lost as problem:
        say(f"another machine was lost, starting again ({problem.message.splitlines()[0][:150]})")
        return RESTART
    return 0


def supervise(command, options):
    """Run a command as a worker, and again while it asks for it. Returns the exit code to end with.

    Args:
        command: its words.
        options: with `restarts`, how often to start it again, and `run`, for the message.
    """
    for _ in range(options.restarts + 1):
        # The worker's end of this pipe closes when this process ends, however it ends.
        worker = subprocess.Popen(command, env={**os.environ, WORKER: "1"}, stdin=subprocess.PIPE)
        code = _wait(worker)
        worker.stdin.close()
        if code != RESTART:
            return 128 - code if code < 0 else code  # ended by a signal: as shells report it
    say(f"gave up after {options.restarts} restarts; the checkpoints are in {options.run}")
    return 1


def _wait(worker, patience=2.0):
    """Wait for a worker's end, and hand Ctrl-C on to it. Returns its exit code."""
    for interrupt in (None, _interrupt, subprocess.Popen.terminate, subprocess.Popen.kill):
        try:
            if interrupt:
                # In a terminal it has reached the worker as well, which now ends by itself.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return worker.wait(patience)
                interrupt(worker)
            return worker.wait()
        except KeyboardInterrupt:
            continue
    return worker.wait()


def _interrupt(worker):
    """Send Ctrl-C to a worker; on Windows, where one process cannot, end it."""
    worker.terminate() if os.name == "nt" else worker.send_signal(signal.SIGINT)


def _end_with_parent():
    """End this process when the one that started it has ended, were it by `kill -9`."""

    def watch(handle):
        # Ends when the other end of the pipe is closed. Not by sys.stdin, whose lock a thread may
        # not hold when the interpreter shuts down.
        while os.read(handle, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, args=(sys.stdin.fileno(),), daemon=True).start()


def train(options):
    """Train G and D of lesson 07 under `MultiWorkerMirroredStrategy`."""
    import keras
    import tensorflow as tf

    if not keras_is_new_enough():
        raise SystemExit(
            f"Training on several machines needs Keras 3.6 or newer, this is {keras.__version__}: "
            "pip install --upgrade keras tensorflow"
        )
    from dcgan_course.training.faces import face_gan

    pictures = open_pictures(
        options.pictures, options.batch
    )  # before the other machines are kept waiting
    check_port(own_port())
    say(TRUST)
    say("waiting for the other machines; Ctrl-C ends it")
    with ended_by_ctrl_c():
        strategy = tf.distribute.MultiWorkerMirroredStrategy()  # TensorFlow's very first act
    with strategy.scope():
        keras.utils.set_random_seed(options.seed)
        gan = face_gan(options.features, seed=options.seed)
    say(f"{strategy.num_replicas_in_sync} replicas train together")
    epochs = _Epochs(say)
    gan.fit(
        pictures,
        batch_size=options.batch,
        epochs=options.epochs,
        steps_per_epoch=options.steps,
        resume=Path(options.run) / "checkpoints",
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=epochs)],
        verbose=0,
    )
    if gan.is_chief:
        gan.sampler.save(Path(options.run) / "generator.keras")
    say(f"finished; weights {digest(gan)}")


def keras_is_new_enough():
    """Whether `fit` takes datasets that each machine makes for itself (keras issue 20134)."""
    import keras

    return tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 6)


def loopback(count):
    """Addresses for so many workers on this one machine, as `--workers` wants them."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for held in sockets:
            held.bind(("127.0.0.1", 0))  # 0: any port that is free
        return ",".join(f"127.0.0.1:{held.getsockname()[1]}" for held in sockets)


def digest(gan):
    """Letters and digits that stand for all weights of a model: equal only if all bits are."""
    sha = hashlib.sha256()
    for network in (gan.generator, gan.discriminator, gan.sampler):
        for weight in network.weights:
            sha.update(weight.numpy().tobytes())
    return sha.hexdigest()[:16]


class _Epochs:
    def __init__(self, tell):
        self.tell = tell
        self.started = time.monotonic()

    def __call__(self, epoch, logs):
        seconds, self.started = time.monotonic() - self.started, time.monotonic()
        losses = ", ".join(
            f"{name} {float(np.squeeze(value)):.3f}" for name, value in sorted(logs.items())
        )
        self.tell(f"epoch {epoch + 1}: {seconds:.1f} s, {losses}")


def say(text):
    """A line of this process's log, on standard output at once."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m dcgan_course.training.cluster",
        description=__doc__.splitlines()[0],
        epilog=f"Security: {TRUST}.",
    )
    parser.add_argument(
        "--workers",
        type=addresses,
        help="host:port of all machines, with commas between; 127.0.0.1 keeps nobody out",
    )
    parser.add_argument("--index", type=at_least(0), default=0, help="which of them it is, from 0")
    parser.add_argument("--pictures", required=True, help="a folder of pictures")
    parser.add_argument("--run", required=True, help="a folder that all machines share")
    parser.add_argument("--epochs", type=at_least(1), default=10)
    parser.add_argument(
        "--steps", type=at_least(1), help="batches in an epoch; all pictures if left out"
    )
    parser.add_argument("--batch", type=at_least(1), default=128, help="images, over all machines")
    parser.add_argument(
        "--features", type=at_least(1), default=64, help="maps of the paper's networks"
    )
    parser.add_argument("--seed", type=at_least(0), default=0)
    parser.add_argument("--restarts", type=at_least(0), default=20, help="how often to start again")
    options = parser.parse_args(arguments)
    check_options(parser, options)
    return options


if __name__ == "__main__":
    sys.exit(main())
