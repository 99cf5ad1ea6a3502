"""Checkpoints from which a killed training goes on, bit for bit.

One file holds all: the variables of networks and optimisers (with the states of the random
generators that Keras' dropout draws from, which `tf.train.Checkpoint` does not follow), the
epoch, the history so far and the settings. It is a plain .npz, whose every array
carries a checksum; it is written beside and renamed.
"""

import json
import shutil
from pathlib import Path

import keras
import numpy as np

from dcgan_course.files import write_beside
from dcgan_course.training.optimizers import differences, with_step_count


class CheckpointError(ValueError):
    """A checkpoint does not fit the networks or optimisers that it should fill."""


class Checkpoint:
    """Saves and restores everything that a training's future depends on.

    Args:
        folder: where the checkpoints go, as epoch-00012.npz and so on.
        settings: a dictionary of what shaped the training (learning rate, batch size,
            seed …), plain numbers and texts. A checkpoint of other settings is not
            continued but set aside. Leave out the number of epochs: more epochs
            continue the same training.
        keep: how many of the newest checkpoints to keep.
        read_only: True restores, but writes and moves nothing: for all machines but one of
            a cluster that shares the folder.
        objects: by name, whatever has `variables`: Keras networks, optimisers that
            have been built (`optimizer.build(network.trainable_variables)`), metrics.

    Attributes:
        history: rows of numbers of the epochs so far, a dictionary for each.
    """

    def __init__(self, folder, *, settings=None, keep=2, read_only=False, **objects):
        if not objects:
            raise ValueError("Name the objects to save, e.g. Checkpoint(folder, generator=G).")
        self.folder = Path(folder)
        self.settings = json.loads(json.dumps(settings or {}))
        self.keep = keep
        self.read_only = read_only
        self.objects = objects
        self.history = []

    def save(self, epoch, history=None):
        """Write the state after `epoch` epochs, and drop all but the newest few.

        Args:
            epoch: how many epochs are complete.
            history: rows of numbers, one for each epoch; becomes `self.history`.

        Returns:
            The file's path, also where `read_only` has kept it from being written.
        """
        self.history = self.history if history is None else list(history)
        path = self.folder / f"epoch-{epoch:05d}.npz"
        if self.read_only:
            return path
        about = {"epoch": int(epoch), "history": self.history, "settings": self.settings}
        arrays = {name: variable.numpy() for name, variable in self._variables().items()}
        with write_beside(path) as beside:
            np.savez(beside, about=np.array(json.dumps(about)), **arrays)
        for old in self._files()[self.keep :]:
            old.unlink()
        return path

    def restore(self):
        """Fill networks and optimisers from the newest whole checkpoint.

        One that is cut short is passed over with a message, and left where it is. If
        the newest whole one was made with other settings, all are set aside in a folder
        of their own, with a message that names the differences.

        Returns:
            How many epochs are complete: 0 where there is nothing to restore.

        Raises:
            CheckpointError: same settings, but other variables: another architecture.
        """
        for leftover in [] if self.read_only else self.folder.glob(".epoch-*"):
            print(f"Passed over {leftover.name}: half written when the training was stopped.")
            leftover.unlink()
        for path in self._files():
            try:
                with np.load(path, allow_pickle=False) as file:
                    arrays = {key: file[key] for key in file.files}
                about = json.loads(str(arrays.pop("about")))
            except Exception as problem:  # zipfile, zlib, numpy and json each have their words
                print(f"Passed over {path}: it is damaged ({problem}).")
                continue
            if differences(about["settings"], self.settings):
                if not self.read_only:
                    self._set_aside(about["settings"])
                return 0
            self._fill(path, arrays)
            self.history = about["history"]
            return about["epoch"]
        return 0

    def begin(self):
        """`restore`, or where there is nothing to restore, save the state before epoch 1.

        So a training that is stopped before its first checkpoint starts again from the
        same weights, also within the same process.

        Returns:
            How many epochs are complete.
        """
        epoch = self.restore()
        if epoch == 0:
            self.save(0, history=[])
        return epoch

    def clear(self):
        """Forget all checkpoints, so that the next training starts from the beginning."""
        for path in [*self._files(), *self.folder.glob(".epoch-*")]:
            path.unlink()
        self.history = []

    def _files(self):
        return sorted(self.folder.glob("epoch-*.npz"), reverse=True)

    def _variables(self):
        return {
            f"{name}/{index:03d}": variable
            for name, item in self.objects.items()
            for index, variable in enumerate(_variables_of(item))
        }

    def _fill(self, path, arrays):
        variables = self._variables()
        if "step_count/000" in variables:
            arrays = with_step_count(arrays)
        if set(variables) != set(arrays):
            name = sorted(set(variables) ^ set(arrays))[0]
            raise CheckpointError(
                f"{path} is of another architecture: it holds {len(arrays)} variables, the "
                f"present networks and optimisers {len(variables)}; the first difference is "
                f"{name}. Use the code that made it, another folder, or Checkpoint.clear()."
            )
        for name, variable in variables.items():  # first look, then fill: all or nothing
            if tuple(variable.shape) != arrays[name].shape:
                raise CheckpointError(
                    f"{path} is of another architecture: {name} ({variable.name}) has shape "
                    f"{arrays[name].shape} there and {tuple(variable.shape)} here. Use the code "
                    "that made it, another folder, or Checkpoint.clear()."
                )
        for name, variable in variables.items():
            variable.assign(arrays[name])

    def _set_aside(self, other):
        number = 1
        while (aside := self.folder / f"other-settings-{number}").exists():
            number += 1
        aside.mkdir(parents=True)
        for path in self._files():
            shutil.move(path, aside / path.name)
        changes = "; ".join(differences(other, self.settings))
        print(
            f"The checkpoint in {self.folder} was made with other settings ({changes}): "
            f"training starts anew. The old one is now in {aside}."
        )


def _variables_of(item):
    """Variables of a Keras object, or the thing itself where it is a variable."""
    variables = getattr(item, "variables", None)
    if variables is None:
        return [item]
    return list(variables() if callable(variables) else variables)


class SaveCheckpoint(keras.callbacks.Callback):
    """Writes a checkpoint every so many epochs, and after the last one."""

    def __init__(self, checkpoint, epochs, every):
        super().__init__()
        self.checkpoint = checkpoint
        self.epochs = epochs
        self.every = every

    def on_epoch_end(self, epoch, logs=None):
        """Add the epoch to the history, and save if it is time."""
        row = {"epoch": epoch + 1, **{name: float(np.squeeze(n)) for name, n in logs.items()}}
        self.checkpoint.history.append(row)
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.epochs:
            self.checkpoint.save(epoch + 1)
