"""One call of `fit` from its first check to what it leaves behind, and all ways to end early."""

import shutil
import types

import keras
import nbformat
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from dcgan_course import DCGAN, ImageFolder, Monitor, write_pictures
from dcgan_course.files import find_run, read_rows, run_path
from dcgan_course.latent.keras_file import open_generator
from dcgan_course.training.session import fingerprint

IMAGES = np.random.default_rng(0).uniform(-1, 1, (24, 8, 8, 1)).astype("float32")
RESULTS = ("samples.png", "training.gif", "generator.keras", "history.csv")


def tiny(rate=1e-2):
    keras.utils.set_random_seed(3)
    generator = [keras.Input((4,)), layers.Dense(64, "tanh"), layers.Reshape((8, 8, 1))]
    discriminator = [keras.Input((8, 8, 1)), layers.Flatten(), layers.Dropout(0.3), layers.Dense(1)]
    gan = DCGAN(keras.Sequential(generator), keras.Sequential(discriminator), seed=1)
    gan.compile(keras.optimizers.SGD(rate), keras.optimizers.SGD(rate))
    return gan


def train(gan, folder=None, epochs=3, x=IMAGES, **options):
    if not isinstance(x, tf.data.Dataset):
        options = {"batch_size": 8, **options}
    return gan.fit(x, epochs=epochs, verbose=0, resume=folder, **options)


def weights(gan):
    return np.concatenate([weight.numpy().ravel() for weight in gan.variables])


class At(keras.callbacks.Callback):
    """Does something before a given batch of a given epoch, both counted from 1."""

    def __init__(self, epoch, batch, action):
        super().__init__()
        self.when, self.action = (epoch, batch), action

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch + 1) == self.when:
            self.action(self.model)


def press_stop(_):
    raise KeyboardInterrupt


def stop_training(gan):
    gan.stop_training = True


# --- interruptions ------------------------------------------------------------------------


def test_an_interruption_keeps_the_complete_epochs_and_the_end_is_the_same(tmp_path, capsys):
    whole, parts = tiny(), tiny()
    history = train(whole, tmp_path / "whole", 5, save_every=5)
    stop = At(3, 2, press_stop)
    with pytest.raises(KeyboardInterrupt) as caught:
        train(parts, tmp_path / "parts", 5, save_every=5, callbacks=[stop])
    line = "Stopped after epoch 2 of 5. Run it again to go on."
    assert str(caught.value) == line
    assert capsys.readouterr().out.splitlines() == [line]
    assert caught.value._render_traceback_() == [f"KeyboardInterrupt: {line}"]
    assert [path.name for path in (tmp_path / "parts").glob("*.npz")] == ["epoch-00002.npz"]
    assert int(parts.steps_done()) == 6  # in memory as on disk
    again = train(parts, tmp_path / "parts", 5, save_every=5)  # the cell, run again
    np.testing.assert_array_equal(weights(whole), weights(parts))
    assert again.history == history.history
    assert again.epoch == [0, 1, 2, 3, 4]


def test_an_interruption_of_the_first_epoch_costs_nothing(tmp_path):
    gan, folder = tiny(), tmp_path / "runs" / "mine"
    before = weights(gan)
    with pytest.raises(KeyboardInterrupt, match=r"Stopped before the end of epoch 1 of 3\. Run it"):
        train(gan, folder, callbacks=[At(1, 3, press_stop)])
    np.testing.assert_array_equal(weights(gan), before)
    assert not list(tmp_path.rglob("*.npz"))


def test_an_interruption_without_a_folder_is_one_line_as_well(capsys):
    gan = tiny()
    with pytest.raises(KeyboardInterrupt, match=r"Stopped after epoch 1 of 3\. The networks keep"):
        train(gan, callbacks=[At(2, 3, press_stop)])
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert int(gan.steps_done()) == 5


@pytest.mark.slow(seconds=6)
@pytest.mark.parametrize("resume", ["checkpoints", None])
def test_a_notebooks_stop_button_leaves_one_line_and_no_traceback(resume, tmp_path):
    """A real kernel, interrupted by the signal that ■ sends."""
    source = """
import os, signal
import keras, numpy as np
from keras import layers
from dcgan_course import DCGAN, Monitor
g = keras.Sequential([keras.Input((4,)), layers.Dense(64, "tanh"), layers.Reshape((8, 8, 1))])
d = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)])
gan = DCGAN(g, d)
gan.compile()
class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(gan.steps_done()) == 8:
            os.kill(os.getpid(), signal.SIGINT)
gan.fit(np.zeros((24, 8, 8, 1), "float32"), batch_size=8, epochs=18, verbose=0,
        resume=RESUME, callbacks=[Stop(), Monitor("run")], save_every=9)
""".replace("RESUME", repr(resume))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": tmp_path}}
    )
    with pytest.raises(CellExecutionError) as caught:
        client.execute()
    assert caught.value.ename == "KeyboardInterrupt"
    outputs = notebook.cells[0].outputs
    said = [output.text for output in outputs if output.output_type == "stream"]
    errors = [output for output in outputs if output.output_type == "error"]
    assert len(said) == 1
    assert said[0].startswith("Stopped after epoch 2 of 18. ")
    assert said[0].count("\n") == 1
    if resume:
        assert "Run the cell again to go on." in said[0]
        assert (tmp_path / "checkpoints" / "epoch-00002.npz").exists()
    assert len(errors) == 1
    assert len(errors[0].traceback) == 1
    assert "\n" not in errors[0].traceback[0]


# --- epochs that are none -----------------------------------------------------------------


def test_early_stopping_between_two_saves_is_saved(tmp_path):
    class AfterTwo(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    train(tiny(), tmp_path, 9, save_every=5, callbacks=[AfterTwo()])
    assert [path.name for path in tmp_path.glob("*.npz")] == ["epoch-00002.npz"]


def test_an_epoch_that_was_stopped_in_its_middle_does_not_count(tmp_path):
    history = train(tiny(), tmp_path, 5, callbacks=[At(3, 2, stop_training)])
    assert history.epoch == [0, 1]
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == [
        "epoch-00001.npz",
        "epoch-00002.npz",
    ]


def test_a_finite_dataset_with_steps_per_epoch_is_resumed_where_it_was(tmp_path):
    """Of 3 batches, while 4 epochs take 8: after the third, the dataset begins again."""

    def data():
        return tf.data.Dataset.from_tensor_slices(IMAGES).batch(8)

    whole, parts = tiny(), tiny()
    train(whole, tmp_path / "whole", 4, data(), steps_per_epoch=2)
    assert int(whole.steps_done()) == 8
    for epochs in (1, 2, 3, 4, 4):
        parts = tiny()
        train(parts, tmp_path / "parts", epochs, data(), steps_per_epoch=2)
        assert int(parts.steps_done()) == 2 * epochs
    np.testing.assert_array_equal(weights(whole), weights(parts))


@pytest.mark.parametrize("batches", [0, 3])
def test_an_epoch_without_its_data_is_an_error_and_not_counted(batches, tmp_path):
    """A generator that can be read once cannot begin again."""
    left = [1]  # for whoever looks at it before the training

    def once():
        while left[0]:
            left[0] -= 1
            yield IMAGES[:8]

    class Fill(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            left[0] = batches

    signature = tf.TensorSpec((None, 8, 8, 1))
    data = tf.data.Dataset.from_generator(once, output_signature=signature)
    folder = tmp_path / "mine"
    ended = f"ended after {batches % 2} of 2 batches in epoch {1 + batches // 2}"
    with pytest.raises(ValueError, match=f"{ended}.*repeat"):
        train(tiny(), folder, 4, data, steps_per_epoch=2, callbacks=[Fill()])
    expected = ["epoch-00001.npz"] if batches else []
    assert [path.name for path in folder.glob("*.npz")] == expected


# --- calls that cost nothing --------------------------------------------------------------


def files(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.suffix != ".keras"}


@pytest.mark.parametrize(
    "bad",
    [
        {"x": IMAGES * 200},
        {"x": IMAGES[:, :5]},
        {"batch_size": 32},
        {"callbacks": [At(1, 2, press_stop)]},
    ],
    ids=["range", "shape", "batch too large", "interrupted"],
)
def test_a_bad_call_costs_a_good_run_nothing(bad, tmp_path):
    train(tiny(), tmp_path / "checkpoints", 2, callbacks=[Monitor(tmp_path, 4, live=False)])
    (tmp_path / "finished").unlink()
    before = files(tmp_path)
    with pytest.raises((ValueError, KeyboardInterrupt)):
        train(tiny(rate=1.0), tmp_path / "checkpoints", 2, **bad)
    assert files(tmp_path) == before
    history = train(tiny(), tmp_path / "checkpoints", 3)
    assert history.epoch == [0, 1, 2]


def test_other_images_of_the_same_number_are_another_training(tmp_path, capsys):
    train(tiny(), tmp_path, 2)
    assert train(tiny(), tmp_path, 3, IMAGES.copy()).epoch == [0, 1, 2]
    assert not (tmp_path / "other-settings-1").exists()
    gan = tiny()
    train(gan, tmp_path, 1, -IMAGES)
    assert int(gan.steps_done()) == 3
    assert "other settings (images: " in capsys.readouterr().out
    assert (tmp_path / "other-settings-1" / "epoch-00003.npz").exists()


def test_pictures_are_known_by_their_names(tmp_path):
    pictures = write_pictures(tmp_path / "one", np.zeros((3, 8, 8, 3), "uint8"))
    known = fingerprint(ImageFolder(pictures, 8))
    shutil.copytree(pictures, tmp_path / "moved")
    assert fingerprint(ImageFolder(tmp_path / "moved", 8)) == known
    (pictures / "000002.jpg").rename(pictures / "000009.jpg")
    assert fingerprint(ImageFolder(pictures, 8)) != known
    assert fingerprint(tf.data.Dataset.range(3)) is None


def test_networks_that_have_been_trained_elsewhere_are_named(tmp_path, capsys):
    gan = tiny()
    train(gan, tmp_path / "one", 2)
    assert "already been trained" not in capsys.readouterr().out
    train(gan, tmp_path / "other", 2)
    assert "have already been trained for 6 steps" in capsys.readouterr().out


# --- what a run leaves behind -------------------------------------------------------------


def test_a_folder_alone_gets_all_results_and_is_found_from_anywhere(tmp_path, monkeypatch):
    """The README's example: no Monitor, one name, from the project's folder and from others."""
    monkeypatch.delenv("DCGAN_COURSE_RUNS", raising=False)
    for name in ("notebooks", "notebooks/deeper", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    gan = tiny()
    train(gan, "runs/mine", 2)
    for name in RESULTS:
        assert (tmp_path / "runs" / "mine" / name).stat().st_size > 0
    z = np.ones((2, 4), "float32")
    for folder in ("notebooks", ".", "elsewhere", "notebooks/deeper", "runs/mine"):
        monkeypatch.chdir(tmp_path / folder)
        for name in ("runs/mine", "mine"):
            np.testing.assert_array_equal(open_generator(name)(z), gan.sampler(z))
    monkeypatch.chdir(tmp_path)
    assert train(tiny(), "runs/mine", 3).epoch == [0, 1, 2]  # the same run
    assert find_run("runs/none") == run_path("runs/none") == tmp_path / "runs" / "none"


def test_checkpoints_of_their_own_folder_leave_the_results_above_it(tmp_path):
    train(tiny(), tmp_path / "checkpoints", 1)
    assert not set(RESULTS) - {path.name for path in tmp_path.iterdir()}


def test_nothing_left_to_train_brings_back_what_is_missing(tmp_path):
    def run(gan):
        monitor = Monitor(tmp_path, 4, live=False)
        train(gan, tmp_path / "checkpoints", 2, callbacks=[monitor])

    run(tiny())
    kept = {name: (tmp_path / name).read_bytes() for name in RESULTS[:2]}
    for name in (*RESULTS, "finished", "frames/epoch-0002.png"):
        (tmp_path / name).unlink()
    gan = tiny()
    run(gan)
    assert {name: (tmp_path / name).read_bytes() for name in kept} == kept
    assert [row["epoch"] for row in read_rows(tmp_path / "history.csv")] == [1, 2]
    z = np.ones((2, 4), "float32")
    np.testing.assert_array_equal(open_generator(tmp_path)(z), gan.sampler(z))
    assert (tmp_path / "finished").exists()
    shutil.rmtree(tmp_path / "frames")
    run(tiny())
    assert (tmp_path / "frames" / "epoch-0002.png").exists()


def test_finished_is_marked_after_everything_else(tmp_path, monkeypatch):
    def fail(self, path, **_):
        raise OSError("No space left on device")

    gan = tiny()
    gan.sampler.save = types.MethodType(fail, gan.sampler)
    with pytest.raises(OSError, match="No space"):
        train(gan, tmp_path / "checkpoints", 1)
    assert not (tmp_path / "finished").exists()
    train(tiny(), tmp_path / "checkpoints", 1)
    assert (tmp_path / "finished").exists()


def test_the_history_keeps_the_seconds_of_earlier_epochs(tmp_path):
    train(tiny(), tmp_path / "checkpoints", 2)
    text = (tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in text]
    assert rows[0][:2] == ["epoch", "seconds"]
    rows[1][1], rows[2][1] = "12.5", "7.25"
    (tmp_path / "history.csv").write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    history = train(tiny(), tmp_path / "checkpoints", 3)
    after = read_rows(tmp_path / "history.csv")
    assert [row["seconds"] for row in after[:2]] == [12.5, 7.25]
    assert len(after) == 3
    assert "seconds" not in history.history
    (tmp_path / "history.csv").write_bytes(b"\xff damaged")
    train(tiny(), tmp_path / "checkpoints", 4)
    assert all("seconds" in row for row in read_rows(tmp_path / "history.csv"))


def test_strange_frames_break_neither_beginning_nor_end(tmp_path, capsys):
    """Other codes than before, a truncated frame, files that are none of ours."""
    train(tiny(), tmp_path / "checkpoints", 2, callbacks=[Monitor(tmp_path, 4, live=False)])
    frames = tmp_path / "frames"
    first = frames / "epoch-0001.png"
    first.write_bytes(first.read_bytes()[:60])
    foreign = ("epoch-best.png", "epoch-0001 (1).png", "epoch-.png", "epoch-00009.png")
    for name in foreign:
        (frames / name).write_bytes(b"mine")
    (frames / "epoch-0007.png").mkdir()
    for name in (".training-abcdefgh.gif", ".history-abcdefgh.csv"):
        (tmp_path / name).write_bytes(b"half")
    (frames / ".epoch-0003-abcdefgh.png").write_bytes(b"half")
    capsys.readouterr()
    train(tiny(), tmp_path / "checkpoints", 3, callbacks=[Monitor(tmp_path, 9, live=False)])
    assert "Left 3 of 4 frames out of" in capsys.readouterr().out
    assert set(foreign) < {path.name for path in frames.iterdir()}
    assert not list(tmp_path.rglob(".*"))


def test_a_generator_that_keras_cannot_save_costs_only_its_file(tmp_path, capsys):
    gan = tiny()
    gan.sampler.save = lambda path: (_ for _ in ()).throw(NotImplementedError("no get_config"))
    train(gan, tmp_path / "checkpoints", 1)
    assert "no get_config" in capsys.readouterr().out
    assert (tmp_path / "samples.png").exists()


def test_a_new_run_keeps_the_frames_of_the_old_one_until_it_has_one(tmp_path):
    train(tiny(), tmp_path / "checkpoints", 2)
    with pytest.raises(KeyboardInterrupt):
        train(tiny(rate=1.0), tmp_path / "checkpoints", 2, callbacks=[At(1, 2, press_stop)])
    assert len(list((tmp_path / "frames").iterdir())) == 3
    train(tiny(rate=1.0), tmp_path / "checkpoints", 1)
    assert len(list((tmp_path / "frames").iterdir())) == 2
