"""How far a training has come: in words for a notebook, as a line for a terminal."""

import time

from tqdm import tqdm


class Progress:
    """Counts the steps of a training, and estimates the time that is left.

    Args:
        epochs: how many epochs the training has in all.
        steps_per_epoch: batches in an epoch.
        first_epoch: how many are done already, when a training is resumed.
    """

    def __init__(self, epochs, steps_per_epoch, first_epoch=0):
        self.epochs, self.steps_per_epoch = epochs, steps_per_epoch
        self.before = first_epoch * steps_per_epoch  # steps that have taken none of this time
        self.total = epochs * steps_per_epoch
        self.steps = 0
        self._started = time.monotonic()
        self._first_step = None  # when it ended: it takes long, as TensorFlow compiles

    def advance(self):
        """Count a step."""
        self.steps += 1
        if self.steps == 1:
            self._first_step = time.monotonic()

    @property
    def done(self):
        """Steps so far, those of earlier calls included."""
        return self.before + self.steps

    @property
    def fraction(self):
        """How much is done, from 0 to 1."""
        return min(1.0, self.done / self.total)

    @property
    def epoch(self):
        """The epoch that is being trained, from 1."""
        return min(self.epochs, self.done // self.steps_per_epoch + 1)

    def seconds_left(self):
        """An estimate by the time of all steps but the first; None before the third."""
        if self.steps < 3:
            return None
        each = (time.monotonic() - self._first_step) / (self.steps - 1)
        return each * (self.total - self.done)

    def words(self):
        """Such as "epoch 6 of 18 · about 3 min left"."""
        if self.done >= self.total:
            took = in_words(time.monotonic() - self._started)
            epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
            return f"{epochs} complete · took {took}"
        left = self.seconds_left()
        left = "" if left is None else f" · {in_words(left)} left"
        return f"epoch {self.epoch} of {self.epochs}{left}"

    def line(self):
        """A bar for a terminal, with steps, their speed, and the time that is left."""
        meter = tqdm.format_meter(
            n=self.done,
            total=self.total,
            elapsed=time.monotonic() - self._started,
            initial=self.before,
            ncols=78,
            unit="step",
            ascii=" ━",
        )
        if self.done >= self.total:
            return f"{self.epochs} epochs complete  {meter}"
        return f"epoch {self.epoch}/{self.epochs}  {meter}"


def in_words(seconds):
    """A time as people say it, such as "a few seconds", "about 40 s", or "about 2 h 10 min"."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 95:
        return f"about {round(seconds / 10) * 10} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min"
    hours, minutes = divmod(round(minutes / 10) * 10, 60)
    return f"about {hours} h {minutes} min" if minutes else f"about {hours} h"
