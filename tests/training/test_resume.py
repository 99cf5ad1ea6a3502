"""A killed training goes on to the same end, bit for bit."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from dcgan_course import DCGAN, Checkpoint, dcgan_discriminator, dcgan_generator
from dcgan_course.files import read_rows
from dcgan_course.training.optimizers import settings_of
from dcgan_course.training.resume import CheckpointError

CHILD = Path(__file__).with_name("training_child.py")
KILLS = (
    "before the first epoch ends",
    "in the middle of an epoch",
    "half of a checkpoint written",
    "after a frame, before its checkpoint",
    "right after a checkpoint",
    "while the GIF is written",
)


def child(what, folder, point, environment):
    done = subprocess.run(
        [sys.executable, CHILD, what, folder, point],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    # On Windows this signal ends a process at once, and its number is the exit code.
    killed = signal.SIGTERM if os.name == "nt" else -signal.SIGKILL
    expected = 0 if point == "never" else killed
    assert done.returncode == expected, f"{point}: {done.stdout}{done.stderr}"
    return done.stdout


def outcome(folder):
    """Last checkpoint, history without its seconds, GIF."""
    newest = max((folder / "checkpoints").glob("epoch-*.npz"))
    with np.load(newest) as file:
        arrays = {key: file[key] for key in file.files if key != "about"}
    rows = read_rows(folder / "history.csv")
    for row in rows:
        row.pop("seconds")
    return newest.name, arrays, rows, (folder / "training.gif").read_bytes()


def assert_same(one, other):
    assert one[0] == other[0]
    assert one[1].keys() == other[1].keys()
    for key, array in one[1].items():
        np.testing.assert_array_equal(array, other[1][key], err_msg=key)
    assert one[2] == other[2]
    assert one[3] == other[3]


@pytest.mark.slow(seconds=37)
@pytest.mark.parametrize("what", ["fit", "lesson"])
def test_killed_at_every_point_and_still_the_same_end(what, tmp_path, offline_env):
    """One training is left alone, the other killed again and again; they end alike."""
    name = "03_mnist_gradient_tape" if what == "lesson" else "."
    outcomes = {}
    for run in ("whole", "killed"):
        folder = tmp_path / run
        folder.mkdir()
        environment = offline_env | {"DCGAN_COURSE_RUNS": str(folder)}
        said = ""
        for point in KILLS if run == "killed" else ():
            said += child(what, folder, point, environment)
        said += child(what, folder, "never", environment)
        outcomes[run] = outcome(folder / name)
        if run == "killed":
            assert "half written" in said
        checkpoints = folder / name / "checkpoints"
        assert not list(checkpoints.glob(".*"))  # leftovers are cleared away
    assert_same(outcomes["whole"], outcomes["killed"])
    assert len(outcomes["whole"][2]) > 1


def gan(width=8, rate=1e-3):
    keras.utils.set_random_seed(3)
    model = DCGAN(
        dcgan_generator(latent_dim=8, widths=(width, 4)),
        dcgan_discriminator(widths=(4, 8), dropout=0.3),
        seed=1,
    )
    model.compile(keras.optimizers.Adam(rate), keras.optimizers.Adam(rate))
    return model


def train(model, images, folder, epochs, **options):
    if isinstance(images, np.ndarray):  # a dataset has batches of its own
        options = {"batch_size": 32, **options}
    return model.fit(images, epochs=epochs, verbose=0, resume=folder, **options)


def variables(model):
    return [variable.numpy() for variable in model.variables]


@pytest.mark.slow(seconds=4)
def test_more_epochs_go_on_from_fewer(digits, tmp_path):
    whole, parts = gan(), gan()
    history = train(whole, digits, tmp_path / "whole", 4)
    train(parts, digits, tmp_path / "parts", 2)
    parts = gan()  # as in a new process
    history_of_parts = train(parts, digits, tmp_path / "parts", 4)
    assert history.history == history_of_parts.history
    for one, other in zip(variables(whole), variables(parts), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow(seconds=4)
def test_short_epochs_go_on_where_they_stopped_in_the_data(digits, tmp_path):
    whole, parts = gan(), gan()
    train(whole, digits, tmp_path / "whole", 5, steps_per_epoch=3)
    train(parts, digits, tmp_path / "parts", 2, steps_per_epoch=3)
    parts = gan()
    train(parts, digits, tmp_path / "parts", 5, steps_per_epoch=3)
    for one, other in zip(variables(whole), variables(parts), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow(seconds=5)
def test_a_dataset_is_brought_to_its_place(digits, tmp_path):
    import tensorflow as tf

    def batches():
        return tf.data.Dataset.from_tensor_slices(digits).batch(32).take(4)

    whole, parts = gan(), gan()
    train(whole, batches(), tmp_path / "whole", 3)
    train(parts, batches(), tmp_path / "parts", 1)
    parts = gan()
    train(parts, batches(), tmp_path / "parts", 3)
    for one, other in zip(variables(whole), variables(parts), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_finished_training_is_restored_without_a_step(digits, tmp_path):
    first = gan()
    train(first, digits, tmp_path, 2)
    again = gan()
    history = train(again, digits, tmp_path, 2)
    assert again.g_optimizer.iterations.numpy() == first.g_optimizer.iterations.numpy() == 16
    assert history.epoch == [0, 1]


def test_a_damaged_checkpoint_is_passed_over_with_a_message(digits, tmp_path, capsys):
    train(gan(), digits, tmp_path, 2)
    newest = tmp_path / "epoch-00002.npz"
    whole = newest.read_bytes()
    newest.write_bytes(whole[: len(whole) // 2])
    resumed = gan()
    checkpoint = Checkpoint(tmp_path, settings=None, **resumed.state())
    checkpoint.settings = settings_of(resumed, [[32, len(digits)], None])
    assert checkpoint.restore() == 1
    assert f"Passed over {newest}" in capsys.readouterr().out
    assert newest.exists()


def test_only_the_newest_are_kept(digits, tmp_path):
    train(gan(), digits, tmp_path, 5)
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == [
        "epoch-00004.npz",
        "epoch-00005.npz",
    ]


def test_other_settings_are_set_aside_not_overwritten(digits, tmp_path, capsys):
    train(gan(), digits, tmp_path, 2)
    old = (tmp_path / "epoch-00002.npz").read_bytes()
    changed = gan(rate=2e-3)
    train(changed, digits, tmp_path, 1)
    assert int(changed.g_optimizer.iterations.numpy()) == 8  # from the beginning
    said = capsys.readouterr().out
    assert "other settings" in said
    assert "g_optimizer" in said
    assert (tmp_path / "other-settings-1" / "epoch-00002.npz").read_bytes() == old


def test_another_architecture_is_refused_and_nothing_changes(digits, tmp_path):
    train(gan(), digits, tmp_path, 1)
    wider = gan(width=16)
    before = variables(wider)
    with pytest.raises(CheckpointError, match=r"another architecture.*shape"):
        train(wider, digits, tmp_path, 2)
    for one, other in zip(before, variables(wider), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (tmp_path / "epoch-00001.npz").exists()
    deeper = Checkpoint(tmp_path, settings=None, generator=wider.generator)
    deeper.settings = settings_of(gan(), [[32, len(digits)], None])
    with pytest.raises(CheckpointError, match="variables"):
        deeper.restore()


def test_dropouts_random_state_is_in_the_checkpoint(tmp_path):
    """The state that `tf.train.Checkpoint` would leave out."""
    layer = keras.layers.Dropout(0.5)
    network = keras.Sequential([keras.Input((64,)), layer])
    ones = np.ones((1, 64), "float32")
    checkpoint = Checkpoint(tmp_path, network=network)
    checkpoint.save(0)
    first = network(ones, training=True).numpy()
    assert not np.array_equal(first, network(ones, training=True).numpy())
    checkpoint.restore()
    assert np.array_equal(first, network(ones, training=True).numpy())


def test_clear_forgets(tmp_path):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    checkpoint = Checkpoint(tmp_path, network=network)
    checkpoint.save(3, [{"epoch": 3}])
    assert checkpoint.restore() == 3
    checkpoint.clear()
    assert checkpoint.restore() == 0
    assert checkpoint.history == []
    with pytest.raises(ValueError, match="Name the objects"):
        Checkpoint(tmp_path)


def test_machines_that_do_not_write_leave_the_folder_as_it_is(tmp_path):
    """All but one of a cluster: they restore, and neither save, nor tidy up, nor set aside."""
    chief = Checkpoint(tmp_path, settings={"a": 1}, value=keras.Variable([1.0, 2.0]))
    chief.save(1, [{"epoch": 1}])
    (tmp_path / ".epoch-00002-half.npz").write_bytes(b"the chief is just writing this")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    value = keras.Variable([0.0, 0.0])
    other = Checkpoint(tmp_path, settings={"a": 1}, read_only=True, value=value)
    assert other.begin() == 1
    assert value.numpy().tolist() == [1.0, 2.0]
    assert not other.save(2, []).exists()
    stranger = Checkpoint(tmp_path, settings={"a": 2}, read_only=True, value=value)
    assert stranger.begin() == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
