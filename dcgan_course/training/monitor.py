"""Watching a training: one display that updates in place, and the history it leaves."""

import contextlib
import time

import keras
import numpy as np
import tensorflow as tf

from dcgan_course.checks import whole_number
from dcgan_course.display.images import FrameRecorder, save_picture, save_samples
from dcgan_course.display.screen import EpochView, open_screen
from dcgan_course.files import clean_leftovers, read_rows, run_path, write_beside, write_rows
from dcgan_course.networks.labels import save_network
from dcgan_course.training import locks
from dcgan_course.training.album import Album
from dcgan_course.training.inputs import codes_or_count
from dcgan_course.training.progress import Progress

# What a run leaves in its folder, and a killed one may leave half written.
RESULTS = ("about.json", "history.csv", "samples.png", "training.gif", "generator.keras")
RESULTS += ("doctor.csv", "last_good.keras")


class TrainingPanel:
    """Progress with time left, samples from fixed codes, and curves, live in one place.

    In a notebook it is a widget: words, a bar, and pictures; when the training ends, a slider
    over its epochs takes the place of the bar. In a terminal it is one line, on standard error.

    Args:
        epochs: how many epochs the training has in all.
        steps_per_epoch: batches in an epoch.
        first_epoch: how many are done already, when a training is resumed.
        history: the rows of those epochs.
        folder: the run's folder; see `files.run_path`. Gets frames/epoch-0001.png …,
            history.csv, and by `finish` samples.png and training.gif. None keeps nothing. The
            frames of an earlier training are dropped when the first epoch is complete.
        untrained: samples before the first step, which become frame 0 of a new training.
        columns: images in a row of the sample grid; None makes it square.
        live: False shows nothing.

    Attributes:
        history: a dictionary per epoch: "epoch", "seconds", and the mean of each number.
    """

    def __init__(
        self,
        epochs,
        steps_per_epoch,
        first_epoch=0,
        history=(),
        folder=None,
        untrained=None,
        *,
        columns=None,
        live=True,
    ):
        self.epochs = whole_number("epochs", epochs, minimum=1)
        self.steps_per_epoch = whole_number("steps_per_epoch", steps_per_epoch, minimum=1)
        self.first_epoch = whole_number("first_epoch", first_epoch, minimum=0)
        self.history = list(history)[:first_epoch]
        self.folder = None if folder is None else run_path(folder)
        self.recorder = FrameRecorder(self.folder / "frames", columns=columns) if folder else None
        self._untrained = untrained
        self._opened = False
        if self.folder:
            (self.folder / "finished").unlink(missing_ok=True)
            clean_leftovers(self.folder, *RESULTS)
            clean_leftovers(self.recorder.folder, "epoch-*.png")
            self._recall_seconds()
        self.columns = columns
        self._album = Album(self.recorder, columns, self.history)
        self._screen = open_screen() if live else None
        if self._screen:
            self._screen.on_pause = self._paused
        self._progress = Progress(self.epochs, self.steps_per_epoch, self.first_epoch)
        self._epoch_started = time.monotonic()
        self._shown = 0.0
        self._sums = {}
        self._last_images = None
        if first_epoch >= epochs:
            self._say(
                f"Nothing left to train: {first_epoch} of {epochs} epochs are complete. With more "
                f"epochs, the training goes on from here. {self._how_to_train_again()}"
            )
        elif first_epoch:
            self._say(f"Going on after epoch {first_epoch} of {epochs}.")

    def advance(self, numbers=None):
        """Count one step. `numbers`: a dictionary of scalars, averaged over the epoch."""
        for name, value in (numbers or {}).items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
        self._progress.advance()
        if self._screen and time.monotonic() - self._shown > 0.5:
            self._shown = time.monotonic()
            self._screen.show_progress(self._progress)

    def end_epoch(self, images=None, numbers=None):
        """Close an epoch: add its row, keep its frame, show grid and curves.

        Args:
            images: samples from the fixed codes, float (count, h, w, c) in [−1, 1].
            numbers: the epoch's numbers, in place of the means of `advance`.
        """
        in_epoch = max(1, (self._progress.steps - 1) % self.steps_per_epoch + 1)
        means = numbers or {name: total / in_epoch for name, total in self._sums.items()}
        epoch = len(self.history) + 1
        seconds = time.monotonic() - self._epoch_started
        row = {"epoch": epoch, "seconds": round(seconds, 2)}
        self.history.append({**row, **{name: float(value) for name, value in means.items()}})
        self._sums, self._epoch_started = {}, time.monotonic()
        if images is not None:
            self._last_images = np.asarray(images)
            self._open_frames()
            self._album.add(epoch, self._last_images)
        if self.folder:
            write_rows(self.folder / "history.csv", self.history)
        if self._screen:
            self._screen.show_progress(self._progress)
            if self._screen.shows_pictures:
                self._screen.show_epoch(self._view(epoch))

    def finish(self, generator=None, codes=None):
        """Write what the run leaves behind, and mark it as finished when all is there.

        That is samples.png and training.gif, also where they are missing after a training that
        had been complete before. Locks that this process holds in the folder are given back.

        Args:
            generator: the network to keep as generator.keras; None keeps none.
            codes: the fixed codes, float (count, latent_dim), from which `generator` can draw
                the samples where nothing was left to train.
        """
        if self.folder:
            self._write_results(generator, codes)
            locks.release_below(self.folder)
        if self._screen:
            self._browse()
            self._screen.close()

    def _write_results(self, generator, codes):
        epoch = len(self.history)
        can_draw = generator is not None and codes is not None
        if self._last_images is None and can_draw and epoch:
            drawn = generator(codes, training=False)
            self._last_images = tf.cast(drawn, tf.float32).numpy()
            if epoch not in self.recorder.epochs():
                self.recorder.add(epoch, self._last_images)
        if self.history and not (self.folder / "history.csv").exists():
            write_rows(self.folder / "history.csv", self.history)
        if generator is not None:
            self._keep(generator)
        shown = self.recorder.epochs()
        if not shown:
            return
        self.recorder.save_gif(self.folder / "training.gif", spaced=len(shown) > 25)
        samples = self.folder / "samples.png"
        if self._last_images is not None:
            save_samples(samples, self._last_images, columns=self.columns, scale=2)
        elif not samples.exists():
            save_picture(samples, self.recorder.last_sheet())
        (self.folder / "finished").touch()

    def _keep(self, generator):
        try:
            with write_beside(self.folder / "generator.keras") as beside:
                save_network(generator, beside)
        except (NotImplementedError, TypeError, ValueError) as problem:  # a layer of one's own
            print(f"Keras could not save the generator as generator.keras: {problem}")

    def _open_frames(self):
        """Before the first frame: drop those of epochs that are trained again."""
        if self._opened:
            return
        self._opened = True
        if self.recorder:
            self.recorder.forget_after(self.first_epoch if self.first_epoch else -1)
        if self._untrained is not None and not self.first_epoch:
            self._album.add(0, self._untrained)

    def _recall_seconds(self):
        """Take the seconds of earlier epochs from the history on disk, if it can be read."""
        known = {}
        if self.history:
            with contextlib.suppress(OSError, ValueError):
                rows = read_rows(self.folder / "history.csv")
                known = {row.get("epoch"): row["seconds"] for row in rows if "seconds" in row}
        for index, row in enumerate(self.history):
            if row.get("epoch") in known:
                seconds = {"seconds": known[row["epoch"]]}
                self.history[index] = {"epoch": row["epoch"], **seconds, **row, **seconds}

    # --- what is shown -------------------------------------------------------------------

    def _say(self, text):
        if self._screen:
            self._screen.show_text(text)

    def _how_to_train_again(self):
        if self.folder and (self.folder / "about.json").exists():  # a lesson's folder
            return (
                "To train again from the start, add fresh=True to begin_lesson(…) in the first "
                "cell and run the notebook again: this run is set aside, not deleted."
            )
        where = f"rename {self.folder}" if self.folder else "rename the checkpoints' folder"
        return f"To train again from the start, {where} and run this again."

    def _paused(self):
        """The cell has ended before the training has: say so, and let its epochs be seen."""
        if self._progress.steps:
            epoch, epochs = self._progress.epoch, self.epochs
            self._say(f"Stopped in epoch {epoch} of {epochs}.")
            self._browse()

    def _browse(self):
        if self._screen.shows_pictures:
            curves = self._album.curves() if self.history else None
            self._screen.browse(self._album.epochs(), lambda epoch: self._view(epoch, curves))

    def _view(self, epoch, curves=None):
        """An epoch's samples beside the curves; in the slider's, which has all, with a mark."""
        album = self._album
        picture, places = curves or (album.curves() if self.history else (None, {}))
        pictures = [
            (album.frame(epoch), f"Samples from the same latent vectors after epoch {epoch}"),
            (picture, f"Losses of {len(self.history)} epochs"),
        ]
        return EpochView(
            [(png, alt) for png, alt in pictures if png],
            whole=lambda: album.whole(self._last_images, len(self.history)),
            alt=album.alt(epoch),
            caption=album.words(epoch),
            mark=places.get(epoch) if curves else None,
        )


class Monitor(keras.callbacks.Callback):
    """Shows and keeps what a training does: samples, curves, frames, time left.

    After every epoch samples from the same codes are shown beside the loss curves, in
    one display that updates in place, and kept as a frame. At the end the folder holds
    samples.png, training.gif, generator.keras, history.csv and the frames.

    Args:
        folder: the run's folder; None keeps nothing. See `files.run_path`.
        codes: float (count, latent_dim), the fixed codes; or how many to draw.
        columns: images in a row; None makes the grid square.
        seed: of the codes, where they are drawn.
        live: False shows nothing.

    Raises:
        ValueError: a number out of range.
    """

    def __init__(self, folder=None, codes=16, *, columns=None, seed=0, live=True):
        super().__init__()
        self.folder = None if folder is None else run_path(folder)
        self.codes = codes_or_count("codes", codes)
        self.columns = None if columns is None else whole_number("columns", columns, minimum=1)
        self.seed = whole_number("seed", seed, minimum=0)
        self.live = live
        self.panel = None
        self._before = (0, [])

    def starts_from(self, epoch, history):
        """Told by `DCGAN.fit`: how many epochs are complete, and their rows."""
        self._before = (epoch, history)

    def on_train_begin(self, logs=None):
        """Draw the codes and open the panel."""
        if isinstance(self.codes, int):
            self.codes = self.model.sample_codes(self.codes, self.seed)
        first_epoch, history = self._before
        self.panel = TrainingPanel(
            self.params["epochs"],
            self.params["steps"] or 1,
            first_epoch=first_epoch,
            history=history,
            folder=self.folder,
            untrained=self.model.sample(self.codes),
            columns=self.columns,
            live=self.live,
        )

    def on_train_batch_end(self, batch, logs=None):
        """Move the progress line."""
        self.panel.advance()

    def on_epoch_end(self, epoch, logs=None):
        """Draw the codes again: a frame, a row of the history, a new picture."""
        self.panel.end_epoch(self.model.sample(self.codes), logs)

    def on_train_end(self, logs=None):
        """Write samples.png, training.gif and generator.keras."""
        self.panel.finish(self.model.sampler, self.codes)
