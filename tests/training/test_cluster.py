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
        with self.log(index).open("a", encoding="utf-8") as log:
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


@pytest.mark.slow(seconds=31)
@needs_new_keras
def test_a_killed_worker_comes_back_and_all_end_with_the_same_weights(tmp_path):
    pictures = write_pictures(tmp_path / "pictures", draw_faces(24)[0])
    workers, calm = Workers(tmp_path / "run", pictures), Workers(tmp_path / "calm", pictures)
    try:
        for index in (0, 1):
            workers.start(index)
        workers.wait_for(1, "epoch 2:")
        workers.processes[1].kill()  # and what it has started ends with it
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


def options(tmp_path, restarts=3):
    return cluster._parse(["--pictures", "p", "--run", str(tmp_path), "--restarts", str(restarts)])


def counting(path, *codes):
    """A command that ends with these exit codes, one after another, and counts its runs."""
    code = f"""
import os, sys
with open({str(path)!r}, "a+", encoding="utf-8") as file:
    file.write(os.environ[{cluster.WORKER!r}])
    count = file.tell()
sys.exit({list(codes)!r}[count - 1])
"""
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("code", [0, 1, 7])
def test_a_workers_exit_code_is_handed_on(tmp_path, code):
    command = counting(tmp_path / "runs", cluster.RESTART, cluster.RESTART, code)
    assert cluster.supervise(command, options(tmp_path)) == code
    assert (tmp_path / "runs").read_text(encoding="utf-8") == "111"


def test_it_gives_up_after_so_many_restarts(tmp_path, capsys):
    command = counting(tmp_path / "runs", *[cluster.RESTART] * 9)
    assert cluster.supervise(command, options(tmp_path)) == 1
    assert (tmp_path / "runs").read_text(encoding="utf-8") == "1" * 4
    assert f"gave up after 3 restarts; the checkpoints are in {tmp_path}" in capsys.readouterr().out


def test_a_worker_that_was_killed_is_a_failure(tmp_path):
    command = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"]
    code = int(signal.SIGTERM)
    assert cluster.supervise(command, options(tmp_path)) == (
        code if os.name == "nt" else 128 + code
    )


def test_a_restart_is_the_same_command(monkeypatch):
    started = []
    monkeypatch.setattr(cluster, "supervise", lambda command, options: started.append(command))
    monkeypatch.setattr(sys, "argv", ["cluster.py", "--pictures", "p", "--run", "r"])
    cluster.main()
    cluster.main(["--pictures", "q", "--run", "r", "--epochs", "3"])
    expectations = ["p", "--run", "r"], ["q", "--run", "r", "--epochs", "3"]
    for words, expected in zip(started, expectations, strict=True):
        assert words[0] == sys.executable
        assert words[1:] == ["-m", "dcgan_course.training.cluster", "--pictures", *expected]


PARENT = """
import sys
from dcgan_course.training import cluster
worker = '''
import pathlib, sys, time
from dcgan_course.training.cluster import _end_with_parent
_end_with_parent()
folder = pathlib.Path(sys.argv[1])
(folder / "started").touch()
try:
    for _ in range(600):
        time.sleep(0.1)
        (folder / "alive").write_text(str(time.time()), encoding="utf-8")
except KeyboardInterrupt:
    (folder / "interrupted").touch()
    sys.exit(5)
'''
options = cluster._parse(["--pictures", "p", "--run", sys.argv[1]])
sys.exit(cluster.supervise([sys.executable, "-c", worker, sys.argv[1]], options))
"""


@pytest.fixture
def parent(tmp_path):
    """A process that supervises a worker, which waits; both have started."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    end = time.monotonic() + 60
    while not (tmp_path / "alive").exists():
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


@pytest.mark.skipif(os.name == "nt", reason="there, a single process cannot be sent Ctrl-C")
def test_ctrl_c_is_handed_on(parent, tmp_path):
    parent.send_signal(signal.SIGINT)
    assert parent.wait(30) == 5
    assert (tmp_path / "interrupted").exists()


def test_a_worker_ends_with_a_parent_that_is_killed(parent, tmp_path):
    parent.kill()
    parent.wait()
    time.sleep(1)
    last = (tmp_path / "alive").read_text(encoding="utf-8")
    time.sleep(1)
    assert (tmp_path / "alive").read_text(encoding="utf-8") == last
    assert not (tmp_path / "interrupted").exists()


def test_an_old_keras_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "keras_is_new_enough", lambda: False)
    with pytest.raises(SystemExit, match=r"needs Keras 3\.6 or newer"):
        cluster.train(cluster._parse(["--pictures", "p", "--run", str(tmp_path)]))
