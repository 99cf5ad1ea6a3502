"""The frame around `DCGAN.fit`: from the newest checkpoint to results, or to a clean stop."""

import contextlib
import sys
import time
import zlib
from dataclasses import dataclass

import keras
import numpy as np

from dcgan_course.data.folder import ImageFolder
from dcgan_course.files import run_path
from dcgan_course.networks.statistics import standing_statistics
from dcgan_course.training.distributed import check_agreement, on_several_machines
from dcgan_course.training.monitor import Monitor
from dcgan_course.training.optimizers import settings_of
from dcgan_course.training.resume import Checkpoint
from dcgan_course.training.stopping import stopped


@dataclass
class Session:
    """What `fit` needs to know of the training that it is to go on with.

    Attributes:
        first_epoch: how many epochs are complete.
        callbacks: for Keras: the caller's, and those of the frame.
        checkpoint: the `Checkpoint`, or None.
    """

    first_epoch: int
    callbacks: list
    checkpoint: Checkpoint | None = None

    def complete(self, history):
        """Make a Keras `History` one over all epochs, the resumed ones included."""
        if self.checkpoint is not None:
            rows = self.checkpoint.history
            names = dict.fromkeys(name for row in rows for name in row)
            history.epoch = [row["epoch"] - 1 for row in rows]
            history.history = {
                name: [row[name] for row in rows if name in row]
                for name in names
                if name not in ("epoch", "seconds")
            }
        return history


@contextlib.contextmanager
def training_session(gan, x, data, resume, epochs, save_every, callbacks, verbose=0):
    """Frame one call of `fit`.

    Args:
        gan: the compiled `DCGAN`.
        x: the images, as `fit` was given them: others of the same number are another training.
        data: the `inputs.TrainingData`, which has been checked.
        resume: a folder for checkpoints, or None. Where no `Monitor` is among the callbacks, the
            samples, the animation and the generator are left in that folder; in the one above
            it where it is called `checkpoints`.
        epochs, save_every, callbacks, verbose: as `DCGAN.fit` was given them.

    Yields:
        A `Session`.

    Raises:
        KeyboardInterrupt: an interruption, as one line that says where it stopped.
        FolderInUse, CheckpointError, OSError: see `Checkpoint.training`.
    """
    callbacks, watch = list(callbacks or []), EpochWatch(strict=resume is not None)
    first = [watch] if gan.average is None else [watch, RefreshAverage()]
    if resume is None:
        _tell_monitors(callbacks, 0, [])
        try:
            yield Session(0, [*first, *callbacks])
        except KeyboardInterrupt:
            _end_progress_bar(verbose)
            raise stopped(watch.complete, epochs, resumable=False) from None
        return
    checkpoint = Checkpoint(
        resume,
        settings={**settings_of(gan, data.identity), "images": fingerprint(x)},
        read_only=not gan.is_chief,
        **gan.state(),
    )
    with checkpoint.training(epochs) as first_epoch:
        check_agreement(gan.distribute_strategy, first_epoch)
        steps = int(gan.steps_done())
        if first_epoch == 0 and steps > 0:
            print(
                f"The networks have already been trained for {steps} steps that are in no "
                f"checkpoint in {checkpoint.folder}: training goes on from their present "
                "weights. To start from the beginning, build them again."
            )
        if not any(isinstance(callback, Monitor) for callback in callbacks) and _can_be_shown(gan):
            run = run_path(resume)
            callbacks.append(Monitor(run.parent if run.name == "checkpoints" else run, live=False))
        _tell_monitors(callbacks, first_epoch, checkpoint.history)
        save = SaveCheckpoint(checkpoint, watch, save_every)
        try:
            yield Session(first_epoch, [*first, *callbacks, save], checkpoint)
        except KeyboardInterrupt:
            _end_progress_bar(verbose)
            raise


def fingerprint(x):
    """Eight letters and digits by which a checkpoint knows images again.

    Args:
        x: an array, of which 32 images are looked at; an `ImageFolder`, of which the names of the
            files are; or a dataset.

    Returns:
        A text; None for a dataset, which may be endless.
    """
    if isinstance(x, ImageFolder):
        seen = "\n".join(path.name for path in x.files).encode()
    elif hasattr(x, "shape") and len(x.shape):
        some = np.unique(np.linspace(0, len(x) - 1, 32).astype(int))
        seen = b"".join(np.asarray(x[int(i)], "float32").tobytes() for i in some)
    else:
        return None
    return f"{zlib.crc32(seen):08x}"


def _end_progress_bar(verbose):
    """End the line of Keras' own bar, in a notebook or a file; a terminal's is ended anyway."""
    if verbose in ("auto", 1, True) and not sys.stdout.isatty():
        print()


def _tell_monitors(callbacks, first_epoch, history):
    for callback in callbacks:
        if isinstance(callback, Monitor):
            callback.starts_from(first_epoch, history)


def _can_be_shown(gan):
    """Whether a `Monitor` can draw what G makes; of several machines, all would have to."""
    channels = gan.generator.output_shape[-1]
    return channels in (1, 3) and not on_several_machines(gan.distribute_strategy)


class EpochWatch(keras.callbacks.Callback):
    """Counts complete epochs; the first of the callbacks, so that the others can ask it.

    Args:
        strict: whether an epoch that gets too few batches is an error. Otherwise only one
            without any is, and Keras warns of the rest.

    Attributes:
        complete: how many epochs are complete, of this and earlier calls.
        whole: whether the epoch that is ending has had all its batches.
    """

    def __init__(self, strict):
        super().__init__()
        self.strict, self.complete, self.whole = strict, 0, True
        self._last_batch = -1

    def on_epoch_begin(self, epoch, logs=None):
        """Start to count batches."""
        self.complete, self._last_batch = epoch, -1

    def on_train_batch_end(self, batch, logs=None):
        """Count a batch."""
        self._last_batch = batch

    def on_epoch_end(self, epoch, logs=None):
        """Count the epoch, if its data has reached to its end.

        Raises:
            ValueError: the data ended before the epoch did.
        """
        # Which batch of those that are executed at once is reported depends on the version.
        reached = self._last_batch + max(1, int(self.model.steps_per_execution or 1))
        wanted = self.params.get("steps") or 1
        self.whole = self._last_batch >= 0 and reached >= wanted
        if self.whole:
            self.complete = epoch + 1
        elif (self.strict or self._last_batch < 0) and not self.model.stop_training:
            raise ValueError(
                f"The data ended after {self._last_batch + 1} of {wanted} batches in epoch "
                f"{epoch + 1}, so that this epoch does not count: give a dataset that repeats, "
                "as dataset.repeat() does, or a smaller steps_per_epoch."
            )


class RefreshAverage(keras.callbacks.Callback):
    """Gives the moving average of G batch norm statistics of its own, before anyone draws with it.

    It comes before all callbacks that draw, save or judge. The codes follow from the GAN's seed
    alone, so that a resumed training ends with the same statistics.
    """

    CODES = 1024

    def on_epoch_end(self, epoch, logs=None):
        """Compute the statistics; see `standing_statistics`."""
        gan = self.model
        standing_statistics(gan.sampler, gan.sample_codes(self.CODES, gan.seed), like=gan.generator)


class SaveCheckpoint(keras.callbacks.Callback):
    """Adds every complete epoch to a checkpoint's history, and saves it if it is time.

    Args:
        checkpoint: the `Checkpoint`, within its `training`.
        watch: the `EpochWatch` that knows which epochs are complete.
        every: epochs from one checkpoint to the next.
    """

    def __init__(self, checkpoint, watch, every):
        super().__init__()
        self.checkpoint, self.watch, self.every = checkpoint, watch, every

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self._began = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Keep the epoch: on disk if it is time, else in memory."""
        if not self.watch.whole:  # a callback has stopped the training in its middle
            return
        row = {"epoch": epoch + 1, "seconds": round(time.monotonic() - self._began, 2)}
        row |= {name: float(np.squeeze(value)) for name, value in (logs or {}).items()}
        last = epoch + 1 == self.params["epochs"] or self.model.stop_training
        every = 1 if last else self.every  # before other callbacks write their results
        self.checkpoint.save(epoch + 1, [*self.checkpoint.history, row], every=every)
