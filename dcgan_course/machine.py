"""The machine that the course runs on: cores, TensorFlow's threads, and what can be printed.

One of the lowest modules of the package; it imports none of the others, and no TensorFlow.
"""

import os
import sys
from pathlib import Path

# What limits a container's CPU time on Linux: version 2 of the interface, and version 1.
CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")

THREAD_VARIABLES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def cores():
    """Count the CPU cores that this process may use.

    Returns:
        At least 1: the smallest of what the machine has, what the process is bound to, and
        what a container's CPU limit allows, rounded down. The last two are known on Linux only.
    """
    counts = [os.cpu_count() or 1]
    if hasattr(os, "sched_getaffinity"):  # Linux
        counts.append(len(os.sched_getaffinity(0)))
    counts += [int(limit) for limit in _container_limits()]
    return max(1, min(counts))


def choose_threads(tf):
    """Give TensorFlow one thread an operation and two operations at a time, where that pays.

    On a machine with exactly two cores and no GPU the training step of lesson 04 runs about
    1.3 times as fast that way, that of lesson 06 about 1.2 times, and the others no slower:
    `benchmarks/threads.py` measures it. By default both cores work on each operation, and most
    operations of small networks are too short to be shared.

    Nothing changes on other machines, after TensorFlow has started, or if the number of threads
    was chosen before, by the environment variables in `THREAD_VARIABLES` or `tf.config`.

    Args:
        tf: TensorFlow, imported and not yet started.

    Returns:
        Whether the numbers of threads were changed.
    """
    threads = tf.config.threading
    chosen = any(os.environ.get(name) for name in THREAD_VARIABLES)
    chosen = chosen or threads.get_intra_op_parallelism_threads()
    chosen = chosen or threads.get_inter_op_parallelism_threads()
    if chosen or cores() != 2 or tf.config.list_physical_devices("GPU"):
        return False
    try:
        threads.set_intra_op_parallelism_threads(1)
        threads.set_inter_op_parallelism_threads(2)
    except RuntimeError:  # TensorFlow has started: the numbers are fixed
        return False
    return True


def print_every_character():
    """Let a program print any character, also where its output goes into a file on Windows.

    There Python writes in the system's own encoding, which knows no “→” and no “−”, and a program
    that prints one stops with a UnicodeEncodeError.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's streams take everything
            stream.reconfigure(encoding="utf-8", errors="replace")


def _container_limits():
    """Yield the limits that apply to this process, in cores: its own and those around it."""
    for folder in _own_cgroups("cpu.max"):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        yield from _ratio(quota, period)
    for folder in _own_cgroups("cpu/cpu.cfs_quota_us"):
        quota, period = (_read(folder / f"cpu/cpu.cfs_{name}_us") for name in ("quota", "period"))
        yield from _ratio(quota, period)


def _own_cgroups(name):
    """Yield the folders, from the root to this process's own, that have a file `name`."""
    folders = [CGROUPS]
    for line in _read(OWN_CGROUP).splitlines():
        number, _, path = line.partition("::")
        if number == "0":  # the line of version 2
            for part in path.split("/"):
                folders.append(folders[-1] / part)
    yield from (folder for folder in dict.fromkeys(folders) if (folder / name).is_file())


def _ratio(quota, period):
    try:
        limit = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max": no limit; or not readable
        return
    if limit > 0:  # version 1 writes -1 for no limit
        yield limit


def _read(path):
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
