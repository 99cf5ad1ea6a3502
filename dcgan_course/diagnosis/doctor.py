"""A Keras callback that examines a training while it goes on, and can stop it."""

import time
from pathlib import Path

import keras

from dcgan_course.checks import number, whole_number
from dcgan_course.diagnosis.examiner import Examiner
from dcgan_course.diagnosis.nonfinite import first_not_finite
from dcgan_course.diagnosis.report import report
from dcgan_course.diagnosis.rules import HOPELESS, LOOKS_NEEDED, NOT_FINITE, Finding, diagnose
from dcgan_course.files import write_beside, write_rows


class Doctor(keras.callbacks.Callback):
    """Looks at a training while it goes on, says what is wrong, and can stop it.

    Args:
        real: real samples; see `Examiner`.
        held_out: real samples that the training does not see, or None.
        every: steps from one look to the next. None looks as often as `share` allows.
        share: of the training's time, that looking may take at most.
        stop: True stops the run when it is lost; see `HOPELESS`.
        folder: where doctor.csv and last_good.keras are kept; None keeps them in memory.
        live: True prints what is found when it is found.
        seed: of the codes.

    Attributes:
        rows: the numbers of each look.
        findings: what `diagnose` says of them now.
        last_good: (step, weights) of the last look at which nothing was surely wrong.
        stopped: why the run was stopped, or None.
        seconds: that all looks have taken, their preparation left out.
    """

    def __init__(
        self,
        real,
        *,
        held_out=None,
        every=None,
        share=0.05,
        stop=False,
        folder=None,
        live=False,
        seed=0,
    ):
        super().__init__()
        self.real, self.held_out = real, held_out
        self.every = None if every is None else whole_number("every", every, minimum=1)
        self.share = number("share", share, above=0, maximum=1)
        self.stop, self.live = stop, live
        self.seed = whole_number("seed", seed, minimum=0)
        self.folder = None if folder is None else Path(folder)
        self.rows, self.findings, self.last_good, self.stopped = [], [], None, None
        self.seconds = 0.0
        self._steps = 0

    def on_train_begin(self, logs=None):
        """Look once before the first step."""
        model = self.model
        self.examiner = Examiner(
            model.generator,
            model.discriminator,
            self.real,
            held_out=self.held_out,
            loss=model.adversarial_loss,
            compiled=not model.run_eagerly,
            seed=self.seed,
        )
        self.rows = self.examiner.rows
        if model.first_bad_step is None:
            model.guard()
            model.make_train_function(force=True)
        self._steps = int(model.steps_done())
        self._look()
        self.seconds = 0.0
        self._began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """Look if it is time; stop at once where numbers are not finite."""
        self._steps += 1
        bad = int(self.model.first_bad_step)
        if bad >= 0:
            self._not_finite(bad)
        elif self._is_time():
            begun = time.perf_counter()
            self._look()
            self.seconds += time.perf_counter() - begun

    def on_train_end(self, logs=None):
        """A last look, and doctor.csv."""
        if self.stopped is None and self.rows[-1]["step"] < self._steps:
            self._look()
        if self.folder is not None:
            write_rows(self.folder / "doctor.csv", self.rows)

    def _is_time(self):
        if self.every is not None:
            return self._steps % self.every == 0
        looks = max(1, len(self.rows) - 1)
        trained = time.perf_counter() - self._began
        return self.seconds * (looks + 1) / looks <= self.share * trained

    def _look(self):
        self.examiner.look(self._steps)
        before = {finding.name for finding in self.findings if finding.sure}
        self.findings = diagnose(self.rows)
        sure = [finding for finding in self.findings if finding.sure]
        if not sure:
            self._keep()
        for finding in sure:
            if self.live and finding.name not in before:
                print(f"step {self._steps}: {finding}", flush=True)
        lost = [finding for finding in sure if finding.name in HOPELESS]
        if self.stop and lost and len(self.rows) >= 2 * LOOKS_NEEDED:
            self._end(f"Stopped at step {self._steps}. {lost[0]}")

    def _keep(self):
        networks = self._networks()
        self.last_good = (self._steps, {name: net.get_weights() for name, net in networks.items()})
        if self.folder is not None:
            with write_beside(self.folder / "last_good.keras") as unfinished:
                self.model.sampler.save(unfinished)

    def restore(self):
        """Bring the networks back to `last_good`. Returns its step.

        Raises:
            ValueError: nothing has been kept yet.
        """
        if self.last_good is None:
            raise ValueError("There is no good moment to go back to: start again, with a cure.")
        step, weights = self.last_good
        for name, network in self._networks().items():
            network.set_weights(weights[name])
        return step

    def _networks(self):
        model = self.model
        return {
            "generator": model.generator,
            "discriminator": model.discriminator,
            "sampler": model.sampler,
        }

    def _not_finite(self, step):
        place = first_not_finite(
            self.model.generator,
            self.model.discriminator,
            self.examiner.codes,
            self.examiner.real,
            self.model.adversarial_loss,
        )
        evidence = f"At step {step} numbers were no longer finite. First: {place}."
        finding = Finding("not_finite", NOT_FINITE[0], True, evidence, NOT_FINITE[1])
        self.findings = [finding]
        back = "" if self.last_good is None else f" The weights are those of step {self.restore()}."
        self._end(f"Stopped at step {step}. {finding}{back}")

    def _end(self, why):
        self.stopped = why
        self.model.stop_training = True
        if self.live:
            print(why, flush=True)

    def report(self):
        """What was found, as text."""
        return report(self.rows, self.findings)
