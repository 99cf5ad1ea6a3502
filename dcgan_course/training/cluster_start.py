"""What is checked before a machine waits for the others of its cluster.

Once TensorFlow waits, it says nothing of a port that is taken or of a folder without pictures,
and does not hear Ctrl-C.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import socket
import threading
import time

from dcgan_course.checks import whole_number
from dcgan_course.data.errors import DataError
from dcgan_course.data.folder import ImageFolder

TRUST = (
    "TensorFlow's server listens on every network interface and asks for no password, whatever "
    "the addresses in --workers: use it only behind a firewall, in a network that you trust"
)
LARGEST = 2**31 - 1


# --- the command line -----------------------------------------------------------------


def at_least(minimum):
    """Return a type of argument for argparse: whole numbers from `minimum`."""

    def read(text):
        try:
            value = int(text)
        except ValueError:
            value = text
        try:
            return whole_number("it", value, minimum=minimum, maximum=LARGEST)
        except ValueError as problem:
            raise argparse.ArgumentTypeError(str(problem)) from None

    return read


def addresses(text):
    """Check the addresses of all machines, as a type of argument for argparse.

    Args:
        text: host:port of each, with commas between.

    Returns:
        The same without spaces.

    Raises:
        argparse.ArgumentTypeError: no host, no such port, or two machines with one address.
    """
    each = [address.strip() for address in text.split(",")]
    for address in each:
        host, _, port = address.rpartition(":")
        good_port = port.isascii() and port.isdigit() and 1 <= int(port) <= 65_535
        if not good_port or not re.fullmatch(r"[\w.-]+|\[[\w:.%]+\]", host):
            raise argparse.ArgumentTypeError(
                f"{address!r} should be host:port, with a port from 1 to 65535, such as "
                "192.168.1.5:12345"
            )
    if len(set(each)) < len(each):
        raise argparse.ArgumentTypeError(f"two machines have the same address in {text!r}")
    return ",".join(each)


def check_options(parser, options):
    """Check options that depend on each other; `parser` tells what is wrong, and leaves."""
    machines = len(options.workers.split(",")) if options.workers else 1
    if options.index and not options.workers:
        parser.error(f"--index is {options.index}, but there is no --workers to choose from")
    if options.index >= machines:
        parser.error(f"--index should be from 0 to {machines - 1}, not {options.index}")
    if options.batch % machines:
        parser.error(f"--batch {options.batch} cannot be dealt out evenly to {machines} machines")


# --- this machine ---------------------------------------------------------------------


def open_pictures(folder, batch_size):
    """Return the `ImageFolder` to train on.

    Raises:
        SystemExit: no such folder, or fewer pictures than one batch.
    """
    try:
        pictures = ImageFolder(folder)
    except (DataError, OSError) as problem:
        raise SystemExit(str(problem)) from problem
    if batch_size > len(pictures):
        raise SystemExit(
            f"--batch is {batch_size}, but {folder} holds {len(pictures)} pictures: take a "
            "smaller batch."
        )
    return pictures


def own_port():
    """Return the port on which this machine will listen, as TF_CONFIG says; None without it.

    Raises:
        SystemExit: TF_CONFIG does not describe a cluster with this machine in it.
    """
    text = os.environ.get("TF_CONFIG")
    if not text:
        return None
    try:
        config = json.loads(text)
        task = config["task"]
        address = config["cluster"][task["type"]][int(task["index"])]
        return whole_number("the port", int(address.rpartition(":")[2]), minimum=1, maximum=65_535)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as problem:
        raise SystemExit(
            f"TF_CONFIG does not say where this machine is in its cluster ({problem!r}): "
            f"{text[:200]}"
        ) from problem


def check_port(port, patience=3.0):
    """Check that a port of this machine is free. gRPC would share it with another worker.

    Args:
        port: its number, or None.
        patience: seconds to wait for it, since a worker of before may be ending.

    Raises:
        SystemExit: it is taken, or this user may not use it.
    """
    if port is None:
        return
    end = time.monotonic() + patience
    while (reason := _why_taken(port)) is not None:
        if time.monotonic() >= end:
            raise SystemExit(
                f"Port {port} of this machine cannot be used ({reason}): stop the program that "
                "uses it, or name another port in --workers on all machines."
            )
        time.sleep(0.25)


def _why_taken(port):
    with socket.socket() as probe:
        if os.name != "nt":  # else a connection that was closed a minute ago would count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
            return None
        except OSError as problem:
            return problem.strerror or str(problem)


@contextlib.contextmanager
def ended_by_ctrl_c():
    """Let Ctrl-C end the process at once: Python hears it only when TensorFlow has returned."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
