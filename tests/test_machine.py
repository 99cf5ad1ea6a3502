"""The cores that a process may use, and the threads that TensorFlow gets on two of them."""

import os

import pytest

from dcgan_course import machine


@pytest.fixture
def computer(monkeypatch, tmp_path):
    """Emulate a computer: `computer(4, bound=2, **files)` has 4 cores, of which 2 may be used.

    `files` are written where a container's limits are read.
    """

    def build(count, bound=None, own="", **files):
        monkeypatch.setattr(os, "cpu_count", lambda: count)
        if bound is None:  # as on Windows and macOS
            monkeypatch.delattr(os, "sched_getaffinity", raising=False)
        else:
            names = set(range(bound))
            monkeypatch.setattr(os, "sched_getaffinity", lambda process: names, raising=False)
        monkeypatch.setattr(machine, "CGROUPS", tmp_path)
        monkeypatch.setattr(machine, "OWN_CGROUP", tmp_path / "own")
        (tmp_path / "own").write_text(own, encoding="utf-8")
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return machine.cores()

    return build


@pytest.mark.parametrize(
    ("count", "bound", "expected"), [(8, None, 8), (8, 8, 8), (8, 2, 2), (1, 1, 1), (None, None, 1)]
)
def test_cores_are_those_the_process_is_bound_to(computer, count, bound, expected):
    assert computer(count, bound) == expected


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("max 100000", 8),
        ("200000 100000", 2),
        ("250000 100000", 2),
        ("50000 100000", 1),
        ("1600000 100000", 8),
        ("", 8),
        ("what is this", 8),
        ("100000 0", 8),
    ],
)
def test_a_containers_limit_counts(computer, limit, expected):
    assert computer(8, 8, **{"cpu.max": limit}) == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("200000", 2), ("20000", 1)])
def test_a_limit_in_the_older_format_counts(computer, quota, expected):
    files = {"cpu/cpu.cfs_quota_us": quota, "cpu/cpu.cfs_period_us": "100000"}
    assert computer(8, 8, **files) == expected


def test_the_smallest_limit_around_the_process_counts(computer):
    own = "12:cpu:/elsewhere\n0::/outer/inner\n"
    files = {"outer/cpu.max": "200000 100000", "outer/inner/cpu.max": "max 100000"}
    assert computer(8, 8, own, **files) == 2


CHOICES = """
import os, sys
for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.pop(name, None)
from dcgan_course import begin_lesson, machine
import tensorflow as tf

threads = tf.config.threading

def chosen(count, gpus=(), intra=0, **variables):
    # The numbers after `choose_threads` on a machine with so many cores.
    machine.cores = lambda: count
    kept, tf.config.list_physical_devices = tf.config.list_physical_devices, lambda kind: gpus
    os.environ.update(variables)
    threads.set_inter_op_parallelism_threads(0)
    threads.set_intra_op_parallelism_threads(intra)
    changed = machine.choose_threads(tf)
    for name in variables:
        del os.environ[name]
    tf.config.list_physical_devices = kept
    return (
        threads.get_intra_op_parallelism_threads(), threads.get_inter_op_parallelism_threads()
    ), changed

print([count for count in (1, 2, 3, 4, 64) if chosen(count) != ((0, 0), False)])
print(chosen(2), chosen(2, gpus=["a GPU"]), chosen(2, intra=2))
print(chosen(2, TF_NUM_INTRAOP_THREADS="2"), chosen(2, TF_NUM_INTEROP_THREADS="3"))
chosen(4)
machine.cores = lambda: 2
begin_lesson("00_threads")
begin_lesson("00_threads")
print(threads.get_intra_op_parallelism_threads(), threads.get_inter_op_parallelism_threads())
print(chosen.__name__, machine.choose_threads(tf))
"""

STARTED = """
import os
for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.pop(name, None)
import tensorflow as tf
from dcgan_course import begin_lesson, machine
tf.config.list_logical_devices()
machine.cores = lambda: 2
begin_lesson("00_threads")
threads = tf.config.threading
print(threads.get_intra_op_parallelism_threads(), threads.get_inter_op_parallelism_threads())
"""


@pytest.mark.slow(seconds=5)
def test_two_cores_without_a_gpu_get_two_operations_at_a_time(run_python, tmp_path):
    """And nothing changes on other machines, or where the number of threads was chosen."""
    said = run_python(CHOICES, env={"DCGAN_COURSE_RUNS": str(tmp_path)}).stdout.splitlines()
    untouched = "((0, 0), False)"
    assert said[0] == "[2]"
    assert said[1] == f"((1, 2), True) {untouched} ((2, 0), False)"
    assert said[2] == f"{untouched} {untouched}"
    assert said[5] == "1 2"  # after the first cell, and after it was run again
    assert said[6] == "chosen False"


@pytest.mark.slow(seconds=5)
def test_a_tensorflow_that_has_started_is_left_as_it_is(run_python, tmp_path):
    said = run_python(STARTED, env={"DCGAN_COURSE_RUNS": str(tmp_path)}).stdout.splitlines()
    assert said[-1] == "0 0"
