"""Checkpoints from which a killed training goes on, bit for bit.

One file holds all: the variables of networks and optimizers (with the states of the random
generators that Keras' dropout draws from, which `tf.train.Checkpoint` does not follow), the
epoch, the history so far and the settings. It is a plain .npz, whose every array
carries a checksum; it is written beside and renamed.
"""

import contextlib
import json

import numpy as np

from dcgan_course.checks import whole_number
from dcgan_course.files import run_path
from dcgan_course.training import locks
from dcgan_course.training.checkpoint_files import CheckpointFolder, Damaged
from dcgan_course.training.optimizers import differences, with_step_count
from dcgan_course.training.stopping import stopped, undisturbed

# A machine of a cluster was lost: what TensorFlow holds of it can no longer be assigned to.
_LOST = ("UnavailableError", "AbortedError", "CancelledError", "DeadlineExceededError")


class CheckpointError(ValueError):
    """A checkpoint does not fit the networks or optimizers that it should fill."""


class Checkpoint:
    """Saves and restores everything that a training's future depends on.

    Args:
        folder: where the checkpoints go, as epoch-00012.npz and so on; see `files.run_path`.
        settings: a dictionary of what shaped the training (learning rate, batch size,
            seed …), plain numbers and texts. A checkpoint of other settings is not
            continued but set aside. Leave out the number of epochs: more epochs
            continue the same training.
        keep: how many of the newest whole checkpoints to keep.
        read_only: True restores, but writes and moves nothing: for all machines but one of
            a cluster that shares the folder.
        objects: by name, whatever has `variables`: Keras networks, optimizers that
            have been built (`optimizer.build(network.trainable_variables)`), metrics.

    Attributes:
        history: rows of numbers of the epochs so far, a dictionary for each.

    Raises:
        ValueError: no objects, or `keep` below 1.
    """

    def __init__(self, folder, *, settings=None, keep=2, read_only=False, **objects):
        if not objects:
            raise ValueError("Name the objects to save, e.g. Checkpoint(folder, generator=G).")
        keep = whole_number("keep", keep, minimum=1)
        self.folder = run_path(folder)
        self.settings = json.loads(json.dumps(settings or {}))
        self.read_only = read_only
        self.objects = objects
        self.history = []
        self._files = CheckpointFolder(self.folder, keep)
        self._other_settings = False  # True: the next save sets the checkpoints aside
        self._state = None  # the last complete epoch, within `training`
        self._written = 0  # the newest epoch on disk, within `training`

    # --- a training --------------------------------------------------------------------

    @contextlib.contextmanager
    def training(self, epochs=None):
        """Frame a training: restore, lock the folder, and lose no complete epoch.

        Inside, call `save` after every epoch. Nothing is written before the first epoch is
        complete, so that a call that fails at once costs nothing. Where the training is
        interrupted or fails, networks and optimizers go back to the last complete epoch, and
        its checkpoint is written, also if `save` has passed over it.

        Args:
            epochs: how many there should be in all, for the message of an interruption.

        Yields:
            How many epochs are complete.

        Raises:
            FolderInUse: another process is training in the folder.
            CheckpointError: a checkpoint of another architecture.
            OSError: a checkpoint that cannot be read, or not be written.
            KeyboardInterrupt: an interruption, as one line that says where it stopped.
        """
        if not self.read_only:
            locks.take(self.folder)
        try:
            if not self.read_only:
                self._clean()
            self._written = self.restore()
            self._remember(self._written)
            try:
                yield self._written
            except BaseException as problem:
                self._go_back(memory_too=type(problem).__name__ not in _LOST)
                if isinstance(problem, KeyboardInterrupt):
                    raise stopped(self._state[0], epochs) from None
                raise
            epoch, history, arrays = self._state
            if epoch > self._written:  # it stopped early, between two saves
                self._write(epoch, history, arrays)
        finally:
            self._state = None
            locks.release(self.folder)

    def begin(self):
        """`restore`, or where there is nothing to restore, save the state before epoch 1.

        So a training that is stopped before its first checkpoint starts again from the
        same weights, also within the same process. The folder stays locked until the process
        ends, or `TrainingPanel.finish` writes the results; `training` does all this as well.

        Returns:
            How many epochs are complete.

        Raises:
            FolderInUse, CheckpointError, OSError: see `training`.
        """
        if not self.read_only:
            locks.take(self.folder)
            self._clean()
        epoch = self.restore()
        if epoch == 0:
            self.save(0, history=[])
        return epoch

    def save(self, epoch, history=None, *, every=1):
        """Write the state after `epoch` epochs, and drop all but the newest few.

        Args:
            epoch: how many epochs are complete.
            history: rows of numbers, one for each epoch; becomes `self.history`.
            every: write only where `epoch` is a multiple of it. Within `training` an epoch that
                is passed over is kept in memory, and written if the training ends with it.

        Returns:
            The file's path, also where nothing has been written.

        Raises:
            OSError: it cannot be written, as on a full disk; earlier checkpoints are kept.
        """
        self.history = self.history if history is None else list(history)
        if self._state is not None:
            self._remember(epoch)
        if self.read_only or epoch % every:
            return self._files.file(epoch)
        arrays = self._arrays() if self._state is None else self._state[2]
        return self._write(epoch, self.history, arrays)

    def restore(self):
        """Fill networks and optimizers from the newest whole checkpoint. Changes no file.

        One that is damaged is passed over with a message, and left where it is. If the newest
        whole one was made with other settings, the training starts anew, with a message that
        names the differences; the next `save` sets all of them aside in a folder of their own.

        Returns:
            How many epochs are complete: 0 where there is nothing to restore.

        Raises:
            CheckpointError: same settings, but other variables: another architecture.
            OSError: a file that cannot be read, whatever it holds. Nothing has been changed.
        """
        self._other_settings, self.history = False, []
        files = self._files.files()
        for path in files:
            try:
                about, arrays = self._files.read(path)
            except Damaged as problem:
                print(f"Passed over {path}: it is damaged ({problem}).")
                continue
            if changes := differences(about["settings"], self.settings):
                self._say_other_settings(changes)
                return 0
            self._fill(path, arrays)
            self.history = about["history"]
            return about["epoch"]
        if files:
            print(f"No checkpoint in {self.folder} is whole: training starts from the beginning.")
        return 0

    def clear(self):
        """Forget all checkpoints, so that the next training starts from the beginning."""
        for path in self._files.files():
            path.unlink()
        self._files.clean()
        self.history = []

    # --- memory ------------------------------------------------------------------------

    def _remember(self, epoch):
        """Take the present state as that of the last complete epoch, in one assignment."""
        self._state = (epoch, list(self.history), self._arrays())

    def _go_back(self, memory_too):
        """Keep the last complete epoch, and nothing of the one that was cut short."""
        epoch, history, arrays = self._state
        with undisturbed():
            if memory_too:
                self._assign(arrays)
            self.history = list(history)
            if self.read_only or epoch <= self._written:
                return
            try:
                self._write(epoch, history, arrays)
            except OSError as problem:  # what has ended the training is said in any case
                print(problem)

    def _variables(self):
        return {
            f"{name}/{index:03d}": variable
            for name, item in self.objects.items()
            for index, variable in enumerate(_variables_of(item))
        }

    def _arrays(self):
        return {name: np.array(value.numpy()) for name, value in self._variables().items()}

    def _fill(self, path, arrays):
        variables = self._variables()
        if "step_count/000" in variables:
            arrays = with_step_count(arrays)
        if set(variables) != set(arrays):
            name = sorted(set(variables) ^ set(arrays))[0]
            raise CheckpointError(
                f"{path} is of another architecture: it holds {len(arrays)} variables, the "
                f"present networks and optimizers {len(variables)}; the first difference is "
                f"{name}. Use the code that made it, another folder, or Checkpoint.clear()."
            )
        for name, variable in variables.items():  # first look, then fill: all or nothing
            if tuple(variable.shape) != arrays[name].shape:
                raise CheckpointError(
                    f"{path} is of another architecture: {name} ({variable.name}) has shape "
                    f"{arrays[name].shape} there and {tuple(variable.shape)} here. Use the code "
                    "that made it, another folder, or Checkpoint.clear()."
                )
        self._assign(arrays)

    def _assign(self, arrays):
        for name, variable in self._variables().items():
            variable.assign(arrays[name])

    # --- files -------------------------------------------------------------------------

    def _clean(self):
        for name in self._files.clean():
            print(f"Passed over {name}: half written when the training was stopped.")

    def _write(self, epoch, history, arrays):
        if self._other_settings:
            self._files.set_aside()
            self._other_settings = False
        about = {"epoch": int(epoch), "history": history, "settings": self.settings}
        path = self._files.write(epoch, about, arrays)
        self._written = max(self._written, int(epoch))
        return path

    def _say_other_settings(self, changes):
        aside = f"moves to {self._files.next_aside()} when the first epoch is complete"
        print(
            f"The checkpoint in {self.folder} was made with other settings "
            f"({'; '.join(changes)}): training starts from the beginning, and the old checkpoint "
            f"{'stays where it is' if self.read_only else aside}."
        )
        self._other_settings = True


def _variables_of(item):
    """Variables of a Keras object, or the thing itself where it is a variable."""
    variables = getattr(item, "variables", None)
    if variables is None:
        return [item]
    return list(variables() if callable(variables) else variables)
