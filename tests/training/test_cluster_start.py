"""What is checked before a machine waits for the others: arguments, pictures, port, Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from helpers import ROOT

from dcgan_course.data.drawn.faces import draw_faces
from dcgan_course.data.folder import write_pictures
from dcgan_course.training import cluster
from dcgan_course.training.cluster_start import (
    check_port,
    ended_by_ctrl_c,
    open_pictures,
    own_port,
)

TWO = "a:1,b:2"


def refused(capsys, *words):
    """What the command says of wrong arguments."""
    with pytest.raises(SystemExit) as left:
        cluster._parse(["--pictures", "p", "--run", "r", *words])
    assert left.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "workers",
    [
        "",
        "a",
        "a:",
        ":1",
        "a:0",
        "a:99999",
        "a:65536",
        "a:-1",
        "a:1.0",
        "a:one",
        "a:1,",
        ",a:1",
        "a:1,b",
        "a:1;b:2",
        "http://a:1",
        "user@a:1",
        "a b:1",
        "a:1 b:2",
        "a:１",
    ],
)
def test_wrong_addresses(capsys, workers):
    said = refused(capsys, "--workers", workers)
    assert "should be host:port, with a port from 1 to 65535, such as" in said


def test_addresses_that_are_right(capsys):
    for workers in ("a:1", "a:1,b:65535", "127.0.0.1:5000,[::1]:5001", " a:1 , b:2 "):
        options = cluster._parse(["--pictures", "p", "--run", "r", "--workers", workers])
        assert options.workers == workers.replace(" ", "")
    assert "two machines have the same address" in refused(capsys, "--workers", "a:1,b:2,a:1")


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "", "nan", "99999999999"])
@pytest.mark.parametrize("name", ["epochs", "steps", "batch", "features"])
def test_numbers_of_one_or_more(capsys, name, value):
    said = refused(capsys, f"--{name}={value}")
    assert f"argument --{name}: it should be a whole number from 1 to" in said
    assert value in said


@pytest.mark.parametrize("name", ["index", "seed", "restarts"])
@pytest.mark.parametrize("value", ["-1", "0.5", "x"])
def test_numbers_of_zero_or_more(capsys, name, value):
    assert "a whole number from 0 to" in refused(capsys, f"--{name}={value}")


def test_options_that_do_not_fit_together(capsys):
    said = refused(capsys, "--workers", TWO, "--index", "2")
    assert "--index should be from 0 to 1, not 2" in said
    assert "there is no --workers to choose from" in refused(capsys, "--index", "1")
    said = refused(capsys, "--workers", TWO, "--batch", "9")
    assert "--batch 9 cannot be dealt out evenly to 2 machines" in said


def test_help_warns_of_the_open_port(capsys):
    with pytest.raises(SystemExit):
        cluster._parse(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "listens on every network interface and asks for no password" in said


def test_pictures_are_looked_at_before_anyone_waits(tmp_path):
    with pytest.raises(SystemExit, match="nowhere is not a folder"):
        open_pictures(tmp_path / "nowhere", 2)
    write_pictures(tmp_path / "p", draw_faces(3)[0])
    with pytest.raises(SystemExit, match=r"--batch is 4, but .* holds 3 pictures"):
        open_pictures(tmp_path / "p", 4)
    assert len(open_pictures(tmp_path / "p", 3)) == 3


# --- the port -------------------------------------------------------------------------


def config(address="127.0.0.1:5000", kind="worker", index=0):
    return json.dumps({"cluster": {"worker": [address]}, "task": {"type": kind, "index": index}})


def test_the_port_is_this_machines(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config())
    assert own_port() == 5000
    monkeypatch.delenv("TF_CONFIG")
    assert own_port() is None
    check_port(None)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "5",
        "null",
        "{}",
        config(index=1),
        config(kind="chief"),
        config("host"),
        config("host:99999"),
        config(5),
    ],
)
def test_a_tf_config_that_describes_no_cluster(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(SystemExit, match="TF_CONFIG does not say where this machine is"):
        own_port()


@pytest.mark.parametrize("host", ["127.0.0.1", ""])
def test_a_taken_port_is_named(host):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Port {port} of this machine cannot be used"):
            check_port(port, patience=0)
    check_port(port, patience=0)


def test_a_port_that_will_be_free_is_waited_for():
    taken = socket.socket()
    taken.bind(("", 0))
    taken.listen()
    threading.Timer(0.4, taken.close).start()
    check_port(taken.getsockname()[1], patience=5)


# --- Ctrl-C ---------------------------------------------------------------------------


def test_ctrl_c_is_pythons_again_afterwards():
    before = signal.getsignal(signal.SIGINT)
    with ended_by_ctrl_c():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyError), ended_by_ctrl_c():
        raise KeyError
    assert signal.getsignal(signal.SIGINT) is before


def test_who_ignores_ctrl_c_goes_on_ignoring_it():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ended_by_ctrl_c():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.slow(seconds=8)
@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to a single process")
def test_a_waiting_worker_ends_on_ctrl_c(tmp_path):
    if not cluster.keras_is_new_enough():
        pytest.skip("training on several machines needs Keras 3.6 or newer")
    pictures = write_pictures(tmp_path / "p", draw_faces(2)[0])
    words = ["--workers", cluster.loopback(2), "--pictures", str(pictures), "--batch", "2"]
    log = tmp_path / "log"
    with log.open("w", encoding="utf-8") as out:
        worker = subprocess.Popen(
            [sys.executable, "-m", "dcgan_course.training.cluster", *words, "--run", str(tmp_path)],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"},
        )
    try:
        end = time.monotonic() + 60
        while "waiting for the other machines" not in log.read_text(encoding="utf-8"):
            assert time.monotonic() < end, log.read_text(encoding="utf-8")
            assert worker.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        time.sleep(1)  # now it is in TensorFlow
        worker.send_signal(signal.SIGINT)
        assert worker.wait(10) != 0
    finally:
        worker.kill()
        worker.wait()
    said = log.read_text(encoding="utf-8")
    assert "listens on every network interface" in said
    assert "Traceback" not in said
