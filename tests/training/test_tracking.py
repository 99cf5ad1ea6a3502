"""What the trackers keep, read back from where they keep it."""

import builtins
import json
import os
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import NOTEBOOKS, ROOT

from dcgan_course.data.drawn.faces import draw_faces
from dcgan_course.display.images import image_grid
from dcgan_course.training.faces import face_gan
from dcgan_course.training.tracking import (
    MLflowTracker,
    TensorBoardTracker,
    Track,
    Tracker,
    read_scalars,
)

NUMBERS = {"d_loss", "g_loss", "d_real", "d_fake", "d_fake_after"}


class Notebook(Tracker):
    """Remembers what it is told: the shortest tracker there is."""

    def __init__(self):
        self.told = []

    def settings(self, values):
        self.told.append(("settings", values))

    def text(self, name, text):
        self.told.append(("text", name, text))

    def scalars(self, step, values):
        self.told.append(("scalars", step, values))

    def images(self, step, name, images):
        self.told.append(("images", step, images))

    def histogram(self, step, name, values):
        self.told.append(("histogram", step, name, values))

    def close(self):
        self.told.append(("close",))

    def of(self, kind):
        return [entry[1:] for entry in self.told if entry[0] == kind]


@pytest.fixture(scope="module")
def faces():
    return draw_faces(24)[0].astype("float32") / np.float32(127.5) - np.float32(1)


def train(faces, tracker, folder=None, epochs=2, every=4, **options):
    keras.utils.set_random_seed(1)
    gan = face_gan(2, latent_dim=8)
    track = Track(tracker, folder, facts={"data": "drawn faces"}, every=every, codes=4)
    gan.fit(faces, batch_size=8, epochs=epochs, callbacks=[track], verbose=0, **options)
    return gan, track


def test_track_tells_settings_numbers_grids_and_weights(faces, tmp_path):
    kept = Notebook()
    gan, track = train(faces, kept, tmp_path)
    ((settings,),) = kept.of("settings")
    assert settings["data"] == "drawn faces"
    assert settings["latent_dim"] == 8
    assert settings["g_optimizer/learning_rate"] == 2e-4
    assert settings["d_optimizer/beta_1"] == 0.5
    assert [step for step, _ in kept.of("scalars")] == [1, 2, 3, 4, 5, 6]
    assert all(set(values) == NUMBERS for _, values in kept.of("scalars"))
    assert [step for step, _ in kept.of("images")] == [0, 4, 6]
    np.testing.assert_array_equal(kept.of("images")[-1][1], gan.sample(track.codes))
    last = {name: values for step, name, values in kept.of("histogram") if step == 6}
    for network in (gan.generator, gan.discriminator):
        for number, layer in enumerate(network.layers):
            for weight in layer.trainable_weights:
                place = f"{network.name}/{number:02d} {type(layer).__name__}"
                held = last.pop(f"{place}/{weight.name}")
                np.testing.assert_array_equal(held, weight.numpy())
    assert not last
    assert kept.told[-1] == ("close",)


def test_architectures_are_in_the_runs_folder(faces, tmp_path):
    kept = Notebook()
    gan, _ = train(faces, kept, tmp_path, epochs=1)
    text = (tmp_path / "architecture.txt").read_text(encoding="utf-8")
    assert "64 × 64 × 3" in text
    assert f"{gan.generator.count_params():,}" in text
    assert f"{gan.discriminator.count_params():,}" in text
    configs = json.loads((tmp_path / "architecture.json").read_text(encoding="utf-8"))
    again = keras.Sequential.from_config(configs["generator"])
    assert [w.shape for w in again.weights] == [w.shape for w in gan.generator.weights]
    assert [name for name, _ in kept.of("text")] == ["generator", "discriminator"]


def test_logs_of_a_batch_are_its_own_and_those_of_an_epoch_means(faces):
    kept = Notebook()
    keras.utils.set_random_seed(1)
    gan = face_gan(2, latent_dim=8)
    history = gan.fit(
        faces, batch_size=8, epochs=2, callbacks=[Track(kept, codes=4)], verbose=0
    ).history
    for name in NUMBERS:
        steps = [values[name] for _, values in kept.of("scalars")]
        assert history[name] == pytest.approx([np.mean(steps[:3]), np.mean(steps[3:])], rel=1e-5)
        assert len(set(steps)) == 6


@pytest.mark.slow(seconds=4)
def test_steps_go_on_after_a_resume(faces, tmp_path):
    kept = Notebook()
    train(faces, kept, epochs=1, resume=tmp_path)
    train(faces, kept, epochs=2, resume=tmp_path)
    assert [step for step, _ in kept.of("scalars")] == [1, 2, 3, 4, 5, 6]
    assert [step for step, _ in kept.of("images")] == [0, 3, 4, 6]


def events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()


@pytest.mark.slow(seconds=3)
def test_tensorboard_holds_it_all(faces, tmp_path):
    kept, folder = Notebook(), tmp_path / "run"
    train(faces, kept)
    tracker = TensorBoardTracker(folder)
    gan, track = train(faces, tracker)
    found = events(folder)
    names = found.Tags()["tensors"]
    kinds = {name: found.SummaryMetadata(name).plugin_data.plugin_name for name in names}
    assert {name for name, kind in kinds.items() if kind == "scalars"} == NUMBERS
    curves = read_scalars(folder)
    for name in NUMBERS:
        told = [(step, values[name]) for step, values in kept.of("scalars")]
        np.testing.assert_allclose(curves[name], told, rtol=1e-6)
        np.testing.assert_array_equal(tracker.curves()[name], curves[name])
    assert [event.step for event in found.Tensors("samples")] == [0, 4, 6]
    _, _, png = tf.make_ndarray(found.Tensors("samples")[-1].tensor_proto)
    np.testing.assert_array_equal(tf.io.decode_png(png), image_grid(gan.sample(track.codes)))
    weights = sum(len(net.trainable_weights) for net in (gan.generator, gan.discriminator))
    assert list(kinds.values()).count("histograms") == weights
    said = {
        name: str(tf.make_ndarray(found.Tensors(name)[0].tensor_proto))
        for name, kind in kinds.items()
        if kind == "text"
    }
    assert "| data | drawn faces |" in said["settings"]
    assert "Conv2DTranspose" in said["generator"]


@pytest.mark.slow(seconds=3)
def test_a_training_from_the_start_does_not_mix_with_an_earlier_one(faces, tmp_path):
    train(faces, TensorBoardTracker(tmp_path), epochs=2)
    train(faces, TensorBoardTracker(tmp_path), epochs=1)
    assert read_scalars(tmp_path)["d_loss"][:, 0].tolist() == [1, 2, 3]
    assert read_scalars(tmp_path / "earlier-1")["d_loss"][:, 0].tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow(seconds=3)
def test_a_resumed_training_goes_on_in_the_same_curves(faces, tmp_path):
    train(faces, TensorBoardTracker(tmp_path / "t"), epochs=1, resume=tmp_path / "c")
    train(faces, TensorBoardTracker(tmp_path / "t"), epochs=2, resume=tmp_path / "c")
    assert read_scalars(tmp_path / "t")["d_loss"][:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert [path.name for path in (tmp_path / "t").iterdir() if path.is_dir()] == []


def test_a_step_taken_twice_counts_once(tmp_path):
    for value in (1.0, 2.0):
        tracker = TensorBoardTracker(tmp_path)
        tracker.scalars(7, {"d_loss": value})
        tracker.close()
    curve = read_scalars(tmp_path)["d_loss"]
    assert curve.shape == (1, 2)
    assert curve[0, 0] == 7


@pytest.mark.slow(seconds=7)
def test_mlflow_holds_it_all(faces, tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="MLflow is an extra of its own")
    kept = Notebook()
    train(faces, kept)
    tracker = MLflowTracker(tmp_path, "faces", run="first")
    gan, track = train(faces, tracker)
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    run = client.get_run(tracker.run_id)
    assert run.info.run_name == "first"
    assert run.info.status == "FINISHED"
    assert run.data.params["data"] == "drawn faces"
    assert float(run.data.params["g_optimizer/learning_rate"]) == 2e-4
    history = client.get_metric_history(tracker.run_id, "d_fake_after")
    told = [(step, values["d_fake_after"]) for step, values in kept.of("scalars")]
    assert [metric.step for metric in history] == [step for step, _ in told]
    assert [metric.value for metric in history] == pytest.approx([v for _, v in told], rel=1e-6)
    artifacts = [file.path for file in client.list_artifacts(tracker.run_id)]
    assert {"generator.txt", "discriminator.txt", "images"} <= set(artifacts)
    pictures = [file.path for file in client.list_artifacts(tracker.run_id, "images")]
    assert len([name for name in pictures if name.endswith(".png")]) == 3
    layer = gan.generator.layers[1]
    name = "face_generator/01 Conv2DTranspose/kernel/q50"
    (first, *_, last) = client.get_metric_history(tracker.run_id, name)
    assert (first.step, last.step) == (0, 6)
    assert last.value == pytest.approx(float(np.median(layer.trainable_weights[0].numpy())))
    assert not list(tmp_path.glob("mlruns"))
    np.testing.assert_allclose(tracker.curves()["d_fake_after"], told, rtol=1e-6)
    second = MLflowTracker(tmp_path, "faces")  # the experiment is there already
    assert second.run_id != tracker.run_id


@pytest.mark.slow(seconds=3)
@pytest.mark.parametrize(("before", "after"), [(None, "true"), ("false", "false")])
def test_mlflow_reports_nothing_unless_it_was_told_to(tmp_path, monkeypatch, before, after):
    pytest.importorskip("mlflow", reason="MLflow is an extra of its own")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "")  # so that it is restored afterwards
    if before is None:
        monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY")
    else:
        monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", before)
    MLflowTracker(tmp_path)
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == after


def test_every_command_that_starts_mlflow_switches_its_reports_off():
    for path in [*NOTEBOOKS, ROOT / "README.md"]:
        for command in re.findall(r"`([^`\n]*mlflow ui[^`\n]*)`", path.read_text(encoding="utf-8")):
            assert command.startswith("MLFLOW_DISABLE_TELEMETRY=true "), f"{path.name}: {command}"


def test_without_mlflow_the_message_says_what_to_install(tmp_path, monkeypatch):
    original = builtins.__import__

    def without(name, *arguments, **options):
        if name.startswith("mlflow"):
            raise ImportError(name)
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="pip install mlflow"):
        MLflowTracker(tmp_path)
