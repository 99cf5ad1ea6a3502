"""A Keras callback that examines a training while it goes on, and can stop it."""

import math
import time

import keras
import numpy as np

from dcgan_course.checks import number, true_or_false, whole_number
from dcgan_course.diagnosis.examiner import Examiner
from dcgan_course.diagnosis.judge import NOT_FINITE, Finding, diagnose, is_lost, looks_lost
from dcgan_course.diagnosis.nonfinite import first_not_finite
from dcgan_course.diagnosis.report import report
from dcgan_course.diagnosis.witness import Witness
from dcgan_course.files import read_rows, run_path, write_beside, write_rows
from dcgan_course.networks.labels import save_network

NETWORKS = ("generator", "discriminator", "sampler")
OPTIMIZERS = ("g_optimizer", "d_optimizer")


class Doctor(keras.callbacks.Callback):
    """Check a training while it goes on, say what is wrong, and stop it if asked to.

    It examines every `keras.Model` with a `generator` and a `discriminator`, best a `DCGAN`. The
    training itself stays as it would be without: bit for bit, what a check touches is put back.

    Args:
        real: real samples; for a `ConditionalDCGAN` a pair (images, labels). See `Examiner`.
        held_out: the same of samples that the training does not see, or None.
        every: steps from one check to the next. None checks as often as `share` allows.
        share: the fraction of the training's time that checks may take, in (0, 1].
        stop: True stops a run that is lost; see `rules.HOPELESS`.
        go_back: True brings a run that has been stopped back to `last_good`.
        folder: where doctor.csv, last_good.keras and last_good_discriminator.keras are kept;
            None keeps them in memory. With an average, last_good.keras is the average, and
            last_good_generator.keras the generator that trains.
        live: True prints what is found when it is found.
        latent_dim: numbers in a code, for a generator that does not tell.
        seed: of the codes, and of the choice of samples.

    Attributes:
        rows: the numbers of each check. Those of an interrupted training are taken from
            doctor.csv.
        findings: what `diagnose` says of them now.
        last_good: (step, state) of the last check at which the run was not lost.
        stopped: why the run was stopped, or None.
        seconds: that all checks have taken, without their preparation.
        preparation: seconds that it took to get ready, the first check included.

    Raises:
        ValueError: `every` or `share` out of range; when the training begins, samples that do
            not fit.
        TypeError: when the training begins, a model without a generator and a discriminator.
    """

    def __init__(
        self,
        real,
        *,
        held_out=None,
        every=None,
        share=0.05,
        stop=False,
        go_back=True,
        folder=None,
        live=False,
        latent_dim=None,
        seed=0,
    ):
        super().__init__()
        if every is not None:
            hint = "None lets the doctor choose."
            every = whole_number("every", every, minimum=1, hint=hint)
        share = number("share", share, above=0, maximum=1)
        stop, go_back = true_or_false("stop", stop), true_or_false("go_back", go_back)
        self.real, self.held_out, self.every, self.share = real, held_out, every, share
        self.stop, self.go_back, self.live = stop, go_back, live
        self.seed = whole_number("seed", seed, minimum=0)
        self.latent_dim = latent_dim
        self.folder = None if folder is None else run_path(folder)
        self.rows, self.findings, self.last_good, self.stopped = [], [], None, None
        self.seconds = self.preparation = 0.0
        self._steps, self._looks, self._witness, self._lost = 0, 0, None, 0

    # --- what Keras calls --------------------------------------------------------------

    def on_train_begin(self, logs=None):
        """Get ready, and check once before the first step."""
        begun = time.perf_counter()
        model = self.model
        for name in ("generator", "discriminator"):
            if not isinstance(getattr(model, name, None), keras.layers.Layer):
                raise TypeError(
                    f"The doctor examines a model with a generator and a discriminator; this "
                    f"{type(model).__name__} has no {name} that is a Keras network."
                )
        self._steps = int(model.steps_done()) if hasattr(model, "steps_done") else 0
        self.examiner = Examiner(
            model.generator,
            model.discriminator,
            self.real,
            held_out=self.held_out,
            loss=getattr(model, "adversarial_loss", None),
            compiled=not model.run_eagerly,
            latent_dim=self.latent_dim or getattr(model, "latent_dim", None),
            classes=model.classes if getattr(model, "conditional", False) else None,
            seed=self.seed,
        )
        self.rows = self.examiner.rows = self._earlier_rows()
        self.stopped, self._lost, self._looks = None, 0, 0
        if hasattr(model, "guard"):
            model.guard()
        self._witness = Witness(model)
        self._witness.attach()
        model.make_train_function(force=True)
        self._look()
        self.seconds, self._began = 0.0, time.perf_counter()
        self.preparation += self._began - begun

    def on_train_batch_end(self, batch, logs=None):
        """Check if it is time; stop at once where numbers are not finite."""
        self._steps += 1
        begun = time.perf_counter()
        self.examiner.after_step()
        if self._is_broken(logs or {}):
            self._not_finite()
        elif self._is_time():
            self._look()
            self.seconds += time.perf_counter() - begun

    def on_train_end(self, logs=None):
        """Check for the last time, write doctor.csv, and leave the model as it was."""
        if self.stopped is None and self.rows[-1]["step"] < self._steps:
            self._look()
        self._witness.detach()
        self.model.train_function = None  # made anew by the next fit, without the doctor
        self._write()

    # --- checks ------------------------------------------------------------------------

    def _earlier_rows(self):
        """Rows of the same training before it was interrupted, if there are any."""
        rows = self.rows
        if not rows and self.folder is not None and (self.folder / "doctor.csv").exists():
            rows = read_rows(self.folder / "doctor.csv")
        return [row for row in rows if row["step"] < self._steps]

    def _is_time(self):
        if self.every is not None:
            return self._steps % self.every == 0
        looks = max(1, self._looks - 1)
        trained = time.perf_counter() - self._began
        return self.seconds * (looks + 1) / looks <= self.share * trained

    def _look(self):
        self._looks += 1
        self.examiner.look(self._steps, seen=self._witness.seen(), rates=self._rates())
        before = {finding.name for finding in self.findings if finding.sure}
        self.findings = diagnose(self.rows)
        for finding in self.findings:
            if self.live and finding.sure and finding.name not in before:
                print(f"step {self._steps}: {finding}", flush=True)
        if not is_lost(self.findings) and not looks_lost(self.rows):
            self._keep()
        self._lost = self._lost + 1 if is_lost(self.findings) else 0
        self._write()
        if self.stop and self._lost >= 2:
            self._end(f"Stopped at step {self._steps}. {is_lost(self.findings)}")

    def _rates(self):
        rates = {}
        for name in OPTIMIZERS:
            rate = getattr(getattr(self.model, name, None), "learning_rate", None)
            if rate is not None:
                rates[f"{name[0]}_rate"] = float(keras.ops.convert_to_numpy(rate))
        return rates

    def _write(self):
        if self.folder is not None:
            write_rows(self.folder / "doctor.csv", self.rows)

    # --- the last good moment ----------------------------------------------------------

    def _variables(self):
        """The variables of networks and optimizers by name, and a `DCGAN`'s count of steps."""
        parts = {name: getattr(self.model, name, None) for name in (*NETWORKS, *OPTIMIZERS)}
        found = {name: part.variables for name, part in parts.items() if part is not None}
        count = getattr(self.model, "step_count", None)
        return found if count is None else {**found, "step_count": [count]}

    def _keep(self):
        state = {
            name: [np.array(keras.ops.convert_to_numpy(each)) for each in variables]
            for name, variables in self._variables().items()
        }
        self.last_good = (self._steps, state)
        if self.folder is not None:
            for name, network in self._files().items():
                with write_beside(self.folder / name) as unfinished:
                    save_network(network, unfinished)

    def _files(self):
        model = self.model
        sampler = getattr(model, "sampler", model.generator)
        files = {"last_good.keras": sampler, "last_good_discriminator.keras": model.discriminator}
        if sampler is not model.generator:
            files["last_good_generator.keras"] = model.generator
        return files

    def restore(self):
        """Bring networks and optimizers back to `last_good`. Returns its step.

        Raises:
            ValueError: nothing has been kept yet.
        """
        if self.last_good is None:
            raise ValueError("There is no good moment to go back to: start again, with a fix.")
        step, state = self.last_good
        for name, variables in self._variables().items():
            for variable, value in zip(variables, state[name], strict=True):
                variable.assign(value)
        return step

    # --- the end -----------------------------------------------------------------------

    def _is_broken(self, logs):
        guard = getattr(self.model, "first_bad_step", None)
        if guard is not None:
            return int(guard) >= 0
        return not all(math.isfinite(float(np.mean(value))) for value in logs.values())

    def _not_finite(self):
        guard = getattr(self.model, "first_bad_step", None)
        step = self._steps if guard is None else int(guard)
        try:
            place = first_not_finite(
                self.model.generator,
                self.model.discriminator,
                self.examiner.codes,
                self.examiner.as_seen(self.examiner.real),
                getattr(self.model, "adversarial_loss", "non_saturating"),
                as_seen=self.examiner.as_seen,
            )
        except Exception as problem:  # a network of an unusual kind still has its NaN reported
            place = f"unknown ({problem})"
        evidence = f"At step {step} numbers were no longer finite. First: {place}."
        self.findings = [Finding("not_finite", NOT_FINITE[0], True, evidence, NOT_FINITE[1])]
        self._end(f"Stopped at step {step}. {self.findings[0]}")

    def _end(self, why):
        back = ""
        if self.go_back and self.last_good is not None:
            back = f" The weights are those of step {self.restore()}."
        self.stopped = why + back
        self.model.stop_training = True
        if self.live:
            print(self.stopped, flush=True)

    def report(self):
        """Return what was found, as text."""
        return report(self.rows, self.findings)
