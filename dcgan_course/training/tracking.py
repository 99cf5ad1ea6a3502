"""Keeping what a training does, in an experiment tracker: TensorBoard, MLflow, or another.

A `Tracker` is a handful of methods. `Track` is the Keras callback that calls them; it does not
know which tracker it talks to, so that changing the tracker changes one line. A new one, such as
for Weights & Biases, is a class with the same methods.
"""

import contextlib
import json
import logging
import os
import time

import keras
import numpy as np

from dcgan_course.checks import shown, whole_number
from dcgan_course.display.images import image_grid
from dcgan_course.files import run_path, write_beside
from dcgan_course.networks.layers import layer_table
from dcgan_course.training.inputs import as_codes, codes_or_count


class Tracker:
    """What a tracker can do. This one forgets everything."""

    def start(self):
        """A training begins, from its first step."""

    def settings(self, values):
        """Settings and facts that hold for the whole run: a dictionary of plain values."""

    def text(self, name, text):
        """A text, such as a table of layers."""

    def scalars(self, step, values):
        """Numbers of one step: a dictionary of floats."""

    def images(self, step, name, images):
        """Samples of one step: float (count, height, width, channels) in [−1, 1]."""

    def histogram(self, step, name, values):
        """The distribution of the numbers in an array, at one step."""

    def close(self):
        """Write out what is still held back."""

    def curves(self):
        """What `scalars` was told: float arrays (count, 2) of steps and values, by name."""
        return {}


class TensorBoardTracker(Tracker):
    """Writes event files for TensorBoard: `tensorboard --logdir FOLDER` shows them.

    Args:
        folder: of this run. Each run has its own, so that TensorBoard can lay one over another.
    """

    def __init__(self, folder):
        import tensorflow as tf

        self._tf = tf
        self._folder = run_path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._earlier = list(self._folder.glob("events.*"))
        self._writer = None

    def start(self):
        """Move what an earlier training has written here into a run of its own beside."""
        if self._earlier:
            number = 1
            while (aside := self._folder / f"earlier-{number}").exists():
                number += 1
            aside.mkdir()
            for file in self._earlier:
                file.rename(aside / file.name)
            self._earlier = []

    def settings(self, values):
        """As a table, under the tab "Text"."""
        rows = "\n".join(f"| {name} | {value} |" for name, value in values.items())
        self._write(0, "text", "settings", f"| setting | value |\n|---|---|\n{rows}")

    def text(self, name, text):
        """With spaces kept, under the tab "Text"."""
        self._write(0, "text", name, "\n".join(f"    {line}" for line in text.splitlines()))

    def scalars(self, step, values):
        """Under the tab "Scalars"."""
        for name, value in values.items():
            self._write(step, "scalar", name, value)

    def images(self, step, name, images):
        """As one grid, under the tab "Images"."""
        grid = image_grid(images)
        self._write(step, "image", name, grid.reshape(1, *grid.shape[:2], -1))

    def histogram(self, step, name, values):
        """Under the tabs "Distributions" and "Histograms"."""
        self._write(step, "histogram", name, values)

    def close(self):
        """Write out what is still held back; what comes later goes into another file."""
        if self._writer:
            self._writer.close()  # Windows moves no file that is still open
        self._writer = None

    def curves(self):
        """As `Tracker.curves`; of earlier processes with the same folder as well."""
        self.close()
        return read_scalars(self._folder)

    def _write(self, step, kind, name, value):
        if self._writer is None:
            self._writer = self._tf.summary.create_file_writer(str(self._folder))
        with self._writer.as_default():
            getattr(self._tf.summary, kind)(name, value, step=step)


class MLflowTracker(Tracker):
    """Writes to MLflow: `mlflow ui --backend-store-uri sqlite:///FOLDER/mlflow.db` shows it.

    MLflow reports how it is used to its makers, unless MLFLOW_DISABLE_TELEMETRY is true. Here it is
    set to that where the environment does not say otherwise; set it before `mlflow ui` as well.

    Args:
        folder: for the data base and the pictures. Runs of one experiment share it.
        experiment, run: their names.
        address: of a server, in place of the data base in the folder.

    Raises:
        ImportError: MLflow is not installed.
    """

    def __init__(self, folder, experiment="dcgan", run=None, address=None):
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it would report to its makers
        try:
            import mlflow
        except ImportError as problem:
            raise ImportError(
                "MLflow is not installed: pip install mlflow (or, without its web page, "
                "mlflow-skinny sqlalchemy alembic)."
            ) from problem
        folder = run_path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("mlflow", "alembic"):  # they tell of every table that they make
            logging.getLogger(name).setLevel(logging.WARNING)
        self._client = mlflow.MlflowClient(address or f"sqlite:///{folder / 'mlflow.db'}")
        found = self._client.get_experiment_by_name(experiment)
        place = None if address else (folder / "artifacts").as_uri()
        number = found.experiment_id if found else self._client.create_experiment(experiment, place)
        self.run_id = self._client.create_run(number, run_name=run).info.run_id
        self._metrics = []

    def settings(self, values):
        """As parameters of the run."""
        for name, value in values.items():
            self._client.log_param(self.run_id, name, value)

    def text(self, name, text):
        """As a text file among the run's artifacts."""
        self._client.log_text(self.run_id, text, f"{name}.txt")

    def scalars(self, step, values):
        """As metrics, some hundred steps at a time: each write costs as much as a small step."""
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        self._metrics += [Metric(name, float(value), now, step) for name, value in values.items()]
        if len(self._metrics) > 900:  # MLflow takes 1,000 at once
            self._flush()

    def images(self, step, name, images):
        """As one grid, a PNG file for each step."""
        self._client.log_image(self.run_id, image_grid(images), key=name, step=step)

    def histogram(self, step, name, values):
        """As five metrics, because MLflow knows no histograms: quantiles."""
        values = np.asarray(values, "float32")
        self.scalars(step, {f"{name}/q{q}": np.percentile(values, q) for q in (0, 25, 50, 75, 100)})

    def close(self):
        """Write out what is still held back, and mark the run as finished."""
        self._flush()
        self._client.set_terminated(self.run_id)

    def _flush(self):
        metrics, self._metrics = self._metrics, []
        for start in range(0, len(metrics), 900):
            self._client.log_batch(self.run_id, metrics=metrics[start : start + 900])

    def curves(self):
        """As `Tracker.curves`; with the quantiles of the histograms."""
        self._flush()
        names = self._client.get_run(self.run_id).data.metrics
        histories = {name: self._client.get_metric_history(self.run_id, name) for name in names}
        return {
            name: np.array([(metric.step, metric.value) for metric in history])
            for name, history in histories.items()
        }


class Track(keras.callbacks.Callback):
    """Tells a `Tracker` what a DCGAN does while it trains.

    At the beginning the settings, the facts, and both networks, layer by layer; after every
    step its numbers; every so many steps a grid from the same codes and the distribution of
    each layer's weights.

    Args:
        tracker: a `Tracker`.
        folder: where architecture.txt and architecture.json go; None for nowhere.
        facts: a dictionary, say of the data set, that is kept with the settings.
        every: steps from one grid to the next.
        codes: how many codes, or the codes, float (count, latent_dim).
        seed: of the codes, where they are drawn.

    Raises:
        ValueError: no tracker, or a number out of range.
    """

    def __init__(self, tracker, folder=None, *, facts=None, every=500, codes=64, seed=0):
        super().__init__()
        methods = ("start", "settings", "text", "scalars", "images", "histogram", "close")
        if isinstance(tracker, type) or not all(hasattr(tracker, name) for name in methods):
            raise ValueError(
                f"tracker should be a Tracker, such as TensorBoardTracker(folder), not "
                f"{shown(tracker)}."
            )
        self.tracker, self.facts = tracker, dict(facts or {})
        self.every = whole_number("every", every, minimum=1)
        self.folder = None if folder is None else run_path(folder)
        self.codes = codes_or_count("codes", codes)
        self.seed = whole_number("seed", seed, minimum=0)

    def on_train_begin(self, logs=None):
        """Keep what holds for the whole run."""
        model = self.model
        if isinstance(self.codes, int):
            self.codes = model.sample_codes(self.codes, self.seed)
        as_codes("codes", self.codes, model.latent_dim, counts=False)
        networks = {"generator": model.generator, "discriminator": model.discriminator}
        tables = {name: layer_table(network) for name, network in networks.items()}
        if self.folder:
            configs = {name: network.get_config() for name, network in networks.items()}
            _write(self.folder / "architecture.txt", "\n\n".join(tables.values()))
            _write(self.folder / "architecture.json", json.dumps(configs, indent=1, default=str))
        if self._step() == 0:
            self.tracker.start()
        self.tracker.settings({**model.settings(), **self.facts})
        for name, table in tables.items():
            self.tracker.text(name, table)
        if self._step() == 0:
            self._look(0)

    def on_train_batch_end(self, batch, logs=None):
        """Keep a step's numbers."""
        step = self._step()
        self.tracker.scalars(step, {name: float(np.squeeze(n)) for name, n in logs.items()})
        if step % self.every == 0:
            self._look(step)

    def on_train_end(self, logs=None):
        """Keep the last samples, and write everything out."""
        if self._step() % self.every:
            self._look(self._step())
        self.tracker.close()

    def _step(self):
        return int(self.model.steps_done())

    def _look(self, step):
        self.tracker.images(step, "samples", self.model.sample(self.codes))
        for network in (self.model.generator, self.model.discriminator):
            for number, layer in enumerate(network.layers):
                # Keras' own names go on counting, so that those of two runs would differ.
                place = f"{network.name}/{number:02d} {type(layer).__name__}"
                for weight in layer.trainable_weights:
                    self.tracker.histogram(step, f"{place}/{weight.name}", weight.numpy())


def read_scalars(folder):
    """What a `TensorBoardTracker` has written: curves, by name.

    Args:
        folder: of one run.

    Returns:
        A dictionary of float arrays (count, 2): steps and values. Where a step was taken
        twice, because a killed training was resumed, the second counts.
    """
    import tensorflow as tf
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with contextlib.redirect_stderr(None):
        events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    curves = {}
    for name in events.Tags()["tensors"]:
        if events.SummaryMetadata(name).plugin_data.plugin_name != "scalars":
            continue
        held = {e.step: float(tf.make_ndarray(e.tensor_proto)) for e in events.Tensors(name)}
        curves[name] = np.array(sorted(held.items()))
    return curves


def _write(path, text):
    with write_beside(path) as beside:
        beside.write_text(text, encoding="utf-8")
