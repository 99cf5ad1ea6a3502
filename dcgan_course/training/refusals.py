"""What `keras.Model` offers and a GAN does not: refused by name, with what to do instead.

A GAN has no one loss, no labels, and two optimizers. What Keras would accept and then not use is
named here, so that nobody waits for an effect that cannot come.
"""

import os
from dataclasses import dataclass

import keras

from dcgan_course.checks import one_of, shown, true_or_false, whole_number

_COMPILE = {
    "optimizer": "A GAN has two optimizers: give g_optimizer and d_optimizer.",
    "loss_weights": "The two losses move different networks: change the learning rates instead.",
    "metrics": "A GAN has no labels to compare with: measure samples with "
    "dcgan_course.evaluate, or in training with Doctor.",
    "weighted_metrics": "A GAN has no labels and no weights of samples: leave it out.",
    "steps_per_execution": "Monitor, Track and Doctor count single steps: leave it out.",
}
_VALIDATION = (
    "A GAN's losses say nothing about images held out: measure samples with "
    "dcgan_course.evaluate, or in training with Doctor(held_out=…)."
)
_WEIGHTS = "Every image counts alike: repeat those that should count more."
_WORKERS = "tf.data reads ahead by itself: leave it out."
_FIT = {
    "validation_data": _VALIDATION,
    "validation_split": _VALIDATION,
    "validation_steps": _VALIDATION,
    "validation_batch_size": _VALIDATION,
    "validation_freq": _VALIDATION,
    "class_weight": _WEIGHTS,
    "sample_weight": _WEIGHTS,
    "workers": _WORKERS,
    "use_multiprocessing": _WORKERS,
    "max_queue_size": _WORKERS,
}
_UNUSED = {"validation_split": (0, 0.0), "validation_freq": (1,)}

_SAVE = (
    "Save the network that makes the samples, gan.sampler.save('generator.keras'); to go on "
    "training later, give fit resume=folder."
)
_TEST = (
    "A GAN has no loss that tells how good it is: measure gan.sample(count) with "
    "dcgan_course.evaluate."
)
_BATCH = "Train with fit, or take one step by gan.train_step(images)."
_METHODS = {
    "save": _SAVE,
    "get_config": _SAVE,
    "to_json": _SAVE,
    "__reduce__": _SAVE,
    "export": "Export the network that makes the samples: gan.sampler.export(folder).",
    "quantize": "Quantize the network that makes the samples: gan.sampler.quantize(mode).",
    "evaluate": _TEST,
    "test_step": _TEST,
    "test_on_batch": _TEST,
    "train_on_batch": _BATCH,
}
_CALLBACKS = {
    "LearningRateScheduler": "It changes one optimizer, and a GAN has two: use "
    "dcgan_course.ScheduleLearningRates.",
    "ReduceLROnPlateau": "It changes one optimizer, and a GAN's losses have no plateau that "
    "tells of progress: use dcgan_course.ScheduleLearningRates.",
    "BackupAndRestore": "It keeps neither the place in the data nor both optimizers: give fit "
    "resume=folder.",
    "SwapEMAWeights": "It needs an optimizer's average: give the GAN average=0.999.",
}


class Refusals:
    """Methods of `keras.Model` that a GAN refuses, each with what to do; a mix-in for `DCGAN`."""


def _refusing(name, advice):
    title = "pickle" if name == "__reduce__" else name

    def refuse(self, *arguments, **options):
        raise ValueError(f"A DCGAN does not offer {title}(). {advice}")

    refuse.__name__ = name
    refuse.__doc__ = f"Not offered: raise `ValueError`. {advice}"
    return refuse


for _name, _advice in _METHODS.items():
    setattr(Refusals, _name, _refusing(_name, _advice))


def checked_compile(augment, jit_compile, auto_scale_loss, options):
    """Check what `DCGAN.compile` was given beside optimizers and losses.

    Returns:
        What goes on to `keras.Model.compile`.

    Raises:
        ValueError: what Keras takes and a GAN does not use, or a value out of range.
        TypeError: an argument that does not exist.
    """
    if augment is not None and not (callable(augment) and hasattr(augment, "__name__")):
        raise ValueError(
            "augment should be a function with a name, by which a resumed training knows it: "
            "write it with def."
        )
    one_of("jit_compile", jit_compile, (True, False, "auto"))
    true_or_false("auto_scale_loss", auto_scale_loss)
    unused = {"steps_per_execution": (1,)}
    kept = _checked("compile", options, _COMPILE, ("run_eagerly",), unused)
    return {"jit_compile": jit_compile, **kept}


@dataclass(frozen=True)
class FitOptions:
    """What `DCGAN.fit` was given beside its data, checked."""

    epochs: int
    save_every: int
    callbacks: list
    shuffle: object
    first_epoch: int


def checked_fit(epochs, save_every, verbose, callbacks, resume, options):
    """Check what `DCGAN.fit` was given beside its data. Returns `FitOptions`.

    Raises:
        ValueError: what Keras takes and a GAN does not use, or a value out of range.
        TypeError: an argument that does not exist.
    """
    kept = _checked("fit", options, _FIT, ("shuffle", "initial_epoch"), _UNUSED)
    one_of("verbose", verbose, ("auto", 0, 1, 2, True, False))
    _check_resume(resume)
    first_epoch = whole_number("initial_epoch", kept.get("initial_epoch", 0), minimum=0)
    if resume is not None and first_epoch:
        raise ValueError("fit finds the first epoch in the checkpoints: leave out initial_epoch.")
    return FitOptions(
        epochs=whole_number("epochs", epochs, minimum=1),
        save_every=whole_number("save_every", save_every, minimum=1),
        callbacks=as_callbacks(callbacks),
        shuffle=kept.get("shuffle"),
        first_epoch=first_epoch,
    )


def _checked(method, options, refused, accepted, unused):
    kept = {}
    for name, value in options.items():
        if name in refused:
            used = value is not None
            if name in unused and isinstance(value, (int, float)):
                used = value not in unused[name]
            if used:
                raise ValueError(f"{method} does not use {name}. {refused[name]}")
        elif name not in accepted:
            raise TypeError(f"{method} has no argument {name!r}.")
        else:
            kept[name] = value
    return kept


def as_callbacks(callbacks):
    """Return callbacks as a list, after a look for those that have no effect on a GAN.

    Args:
        callbacks: None, a Keras callback, or several.

    Raises:
        ValueError: what is no callback, or one that acts on what a GAN has not.
    """
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks
    if callbacks is None or isinstance(callbacks, (keras.callbacks.Callback, type)):
        callbacks = [] if callbacks is None else [callbacks]
    try:
        callbacks = list(callbacks)
    except TypeError:
        callbacks = [callbacks]
    for callback in callbacks:
        if isinstance(callback, type):
            name = callback.__name__
            raise ValueError(f"{name} is a class, not a callback: write {name}(…).")
        if not isinstance(callback, keras.callbacks.Callback):
            raise ValueError(f"callbacks should be Keras callbacks, not {shown(callback)}.")
        _check_callback(callback)
    return callbacks


def _check_callback(callback):
    for kind in type(callback).__mro__:
        if kind.__module__.startswith("keras") and kind.__name__ in _CALLBACKS:
            raise ValueError(
                f"{type(callback).__name__} has no effect on a GAN. {_CALLBACKS[kind.__name__]}"
            )
    saves = isinstance(callback, keras.callbacks.ModelCheckpoint)
    if saves and not callback.save_weights_only:
        raise ValueError(
            f"ModelCheckpoint cannot save a whole DCGAN as {callback.filepath!r}. {_SAVE}"
        )
    watches = isinstance(callback, keras.callbacks.EarlyStopping) or (
        saves and callback.save_best_only
    )
    if watches and str(callback.monitor).startswith("val_"):
        raise ValueError(
            f"{type(callback).__name__} watches {callback.monitor!r}, which a GAN does not have. "
            f"{_VALIDATION}"
        )


def _check_resume(folder):
    if folder is None:
        return
    if not isinstance(folder, (str, os.PathLike)) or not str(folder):
        raise ValueError(
            f"resume should be a folder for checkpoints, such as 'runs/mine/checkpoints', not "
            f"{shown(folder)}."
        )
    if os.path.isfile(folder):
        raise ValueError(f"resume should be a folder for checkpoints, and {folder} is a file.")
