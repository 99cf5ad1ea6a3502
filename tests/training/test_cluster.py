"""Two processes on this machine train together; one is killed, and comes back."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from helpers import ROOT

from dcgan_course.data.drawn.faces import draw_faces
from dcgan_course.data.folder import write_pictures
from dcgan_course.training import cluster

EPOCHS = 5
needs_new_keras = pytest.mark.skipif(
    not cluster.keras_is_new_enough(),
    reason="fit takes such datasets from Keras 3.6 on (keras-team/keras issue 20134)",
)


class Workers:
    """Processes of `python -m dcgan_course.training.cluster`, with their output in files."""

    def __init__(self, folder, pictures):
        self.folder, self.pictures = folder, pictures
        folder.mkdir()
        self.hosts = cluster.loopback(2)
        self.processes = {}

    def start(self, index, **more):
        options = {
            "workers": self.hosts,
            "index": index,
            "pictures": self.pictures,
            "run": self.folder,
            "epochs": EPOCHS,
            "steps": 6,
            "batch": 8,
            "features": 2,
            **more,
        }
        words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
        with self.log(index).open("a") as log:
            self.processes[index] = subprocess.Popen(
                [sys.executable, "-m", "dcgan_course.training.cluster", *words],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"},
            )

    def log(self, index):
        return self.folder / f"log-{index}.txt"

    def said(self, index):
        return self.log(index).read_text(encoding="utf-8")

    def wait_for(self, index, text, seconds=120):
        end = time.monotonic() + seconds
        while text not in self.said(index):
            assert time.monotonic() < end, self.said(index)
            assert self.processes[index].poll() is None, self.said(index)
            time.sleep(0.05)

    def finish(self, seconds=150):
        for index, process in self.processes.items():
            assert process.wait(seconds) == 0, self.said(index)
        return [re.findall(r"finished; weights (\w+)", self.said(index)) for index in (0, 1)]

    def kill_all(self):
        for process in self.processes.values():
            process.kill()
            process.wait()


@needs_new_keras
def test_a_killed_worker_comes_back_and_all_end_with_the_same_weights(tmp_path):
    pictures = write_pictures(tmp_path / "pictures", draw_faces(24)[0])
    workers, calm = Workers(tmp_path / "run", pictures), Workers(tmp_path / "calm", pictures)
    try:
        for index in (0, 1):
            workers.start(index)
        workers.wait_for(1, "epoch 2:")
        os.kill(workers.processes[1].pid, signal.SIGKILL)
        workers.wait_for(0, "another machine was lost")
        workers.start(1)
        (first,), (second,) = workers.finish()
        assert first == second
        epochs = re.findall(r"epoch (\d+):", workers.said(0))
        assert epochs[-1] == str(EPOCHS)
        went_on = epochs[len(epochs) - epochs[::-1].index(epochs[-1]) - 1 :]
        assert len(went_on) < EPOCHS  # from a checkpoint, not from the beginning
        assert (tmp_path / "run" / "generator.keras").exists()
        for index in (0, 1):
            calm.start(index)
        (undisturbed,), _ = calm.finish()
        assert undisturbed == first  # and with those of a training that nothing disturbed
    finally:
        workers.kill_all()
        calm.kill_all()


@pytest.mark.parametrize(
    ("task", "chief"),
    [
        ('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}', True),
        ('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}', False),
        (
            '{"cluster": {"chief": ["c:1"], "worker": ["a:1"]}, '
            '"task": {"type": "worker", "index": 0}}',
            False,
        ),
        (
            '{"cluster": {"chief": ["c:1"], "worker": ["a:1"]}, '
            '"task": {"type": "chief", "index": 0}}',
            True,
        ),
    ],
)
def test_one_machine_writes(task, chief, monkeypatch):
    import tensorflow as tf

    from dcgan_course.training.distributed import leads_cluster

    monkeypatch.setenv("TF_CONFIG", task)
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    assert leads_cluster(resolver) is chief


def test_it_gives_up_after_so_many_restarts(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("DCGAN_COURSE_RESTARTS", "3")
    monkeypatch.setattr(os, "execv", lambda *arguments: pytest.fail("started again"))
    options = cluster._parse(["--pictures", "p", "--run", str(tmp_path), "--restarts", "3"])
    assert cluster._start_again(options) == 1
    assert str(tmp_path) in capsys.readouterr().out


def test_a_restart_is_the_same_command(monkeypatch):
    started = []
    monkeypatch.setenv("DCGAN_COURSE_RESTARTS", "0")
    monkeypatch.setattr(os, "execv", lambda *arguments: started.append(arguments))
    monkeypatch.setattr(sys, "argv", ["cluster.py", "--pictures", "p", "--run", "r"])
    cluster._start_again(cluster._parse(sys.argv[1:]))
    ((program, words),) = started
    assert program == sys.executable
    assert words[1:] == ["-m", "dcgan_course.training.cluster", "--pictures", "p", "--run", "r"]
    assert os.environ["DCGAN_COURSE_RESTARTS"] == "1"


def test_an_old_keras_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "keras_is_new_enough", lambda: False)
    with pytest.raises(SystemExit, match=r"needs Keras 3\.6 or newer"):
        cluster.train(cluster._parse(["--pictures", "p", "--run", str(tmp_path)]))
