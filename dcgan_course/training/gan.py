"""DCGAN as a `keras.Model`: one training step, and a `fit` that can be resumed.

The step is that of lesson 02: fakes are made once, in training mode, and serve both updates;
both gradients are taken before either network moves. What it is made of stands in `step`.
"""

import keras
import tensorflow as tf

from dcgan_course.checks import number, whole_number
from dcgan_course.networks.layers import copy_of
from dcgan_course.networks.losses import check_labels, generator_loss
from dcgan_course.training.distributed import global_batch_of, is_chief
from dcgan_course.training.inputs import as_codes, prepare
from dcgan_course.training.optimizers import described, optimizers_for, tracked_settings
from dcgan_course.training.pair import check_compiled, check_pair, weight_ids
from dcgan_course.training.refusals import Refusals, checked_compile, checked_fit
from dcgan_course.training.session import training_session
from dcgan_course.training.step import StepParts, normal


class DCGAN(StepParts, Refusals, keras.Model):
    """A generator and a discriminator that train against each other.

    Args:
        generator: G, a `keras.Sequential` or functional model: codes (batch, latent_dim) →
            images.
        discriminator: D, the same: images → logits (batch, 1), with no activation at its end.
        seed: of the codes and the label noise, 0 or more. Step by step they follow from it
            alone, so that a resumed training draws what an uninterrupted one would have drawn.
        average: None, or the momentum m in [0, 1) of a moving average of G's weights,
            θ̄ ← m θ̄ + (1 − m) θ after every step (Yazıcı et al. 2019, arXiv:1806.04498).
            The average, which jitters less than G itself, then makes the samples. `fit` gives
            it batch norm statistics of its own after every epoch: see `standing_statistics`.

    Attributes:
        generator, discriminator: the networks that train.
        sampler: the network for samples: the moving average, or G itself.

    Raises:
        ValueError: networks that do not fit each other, do not learn, or are of another kind;
            a number out of range.
    """

    conditional = False  # whether images come with labels: see ConditionalDCGAN

    def __init__(self, generator, discriminator, *, seed=0, average=None, name="dcgan"):
        super().__init__(name=name)
        check_pair(generator, discriminator, label_planes=self.conditional)
        self.seed = whole_number("seed", seed, minimum=0, maximum=2**32 - 1)
        if average is not None:
            average = number("average", average, minimum=0, below=1)
        self.generator = generator
        self.discriminator = discriminator
        self.average = average
        self.sampler = generator if average is None else copy_of(generator, name="average")
        if average is not None:
            self.sampler.trainable = False
        self.latent_dim = int(generator.input_shape[1])
        self.first_bad_step = None
        self.count_steps_from_zero()
        self.trackers = {
            name: keras.metrics.Mean(name) for name in ("d_loss", "g_loss", "d_real", "d_fake")
        }
        # There is no one call that builds both networks; under tf.distribute, fit asks.
        self.built = True

    def compile(
        self,
        g_optimizer=None,
        d_optimizer=None,
        loss="non_saturating",
        *,
        label_smoothing=0.0,
        label_noise=0.0,
        r1=0.0,
        augment=None,
        jit_compile=False,
        auto_scale_loss=True,
        **options,
    ):
        """Choose optimizers and loss.

        Args:
            g_optimizer, d_optimizer: each network's own, or the name of one, such as "adam";
                Adam(2e-4, β1 0.5) if None, as in the DCGAN paper.
            loss: "non_saturating", "minimax", "hinge" or "wasserstein"; see `losses`.
            label_smoothing, label_noise: see `discriminator_loss`.
            r1: γ of the penalty γ/2 · mean ‖∇ₓ D(x)‖² on D's gradient at real images, which
                makes training settle near its equilibrium (Mescheder et al. 2018,
                arXiv:1801.04406). It costs D another backward pass. Not part of `d_loss`.
            augment: None, or a function (images, seed) → images, such as those of
                `augment`, through which D sees real images and fakes.
            jit_compile: True compiles the step with XLA. Not the default, because
                on a CPU it makes the step slower.
            auto_scale_loss: True scales the losses where the networks compute in float16, as
                Keras does for one optimizer.
            options: `run_eagerly`, as in Keras.

        Raises:
            ValueError: an unknown loss, a number out of range, no two optimizers, or what
                `keras.Model.compile` takes and a GAN does not use.
        """
        r1 = number("r1", r1, minimum=0)
        check_labels(loss, label_smoothing, label_noise)
        options = checked_compile(augment, jit_compile, auto_scale_loss, options)
        # Keras would make an optimizer of its own, which nothing uses.
        super().compile(optimizer=None, **options)
        self.compiled = False
        self.g_optimizer, self.d_optimizer = optimizers_for(
            self.generator, self.discriminator, g_optimizer, d_optimizer, scale=auto_scale_loss
        )
        self.compiled = True
        self.compiled_with = {
            "g_optimizer": described(self.g_optimizer),
            "d_optimizer": described(self.d_optimizer),
        }
        self.trained_weights = {
            "G": weight_ids(self.generator),
            "D": weight_ids(self.discriminator),
        }
        self.adversarial_loss = loss
        self.label_smoothing = float(label_smoothing)
        self.label_noise = float(label_noise)
        self.r1 = r1
        self.augment = augment

    @property
    def metrics(self):
        """The running means that Keras resets at every epoch."""
        return list(self.trackers.values())

    def call(self, z, training=False):
        """Codes (batch, latent_dim) → images (batch, height, width, channels)."""
        return (self.generator if training else self.sampler)(z, training=training)

    def sample(self, z):
        """Images for codes z.

        Args:
            z: float (count, latent_dim), or a whole number: so many codes from N(0, 1).

        Returns:
            A float32 array (count, height, width, channels) in [−1, 1].

        Raises:
            ValueError: codes of another shape, or that are not finite; a count below 1.
        """
        z = as_codes("z", z, self.latent_dim)
        if isinstance(z, int):
            z = self.sample_codes(z)
        return tf.cast(self.sampler(z, training=False), tf.float32).numpy()

    def sample_codes(self, count, seed=None):
        """Codes to draw with: float32 (count, latent_dim), from N(0, 1).

        Args:
            count: how many.
            seed: the same seed gives the same codes; None gives others every time.
        """
        return normal((count, self.latent_dim), seed)

    def checked_labels(self, x, y):
        """Labels as a training step takes them; None, as this GAN takes none."""
        if y is not None:
            raise ValueError(
                "A DCGAN learns from images alone: leave out y, or take a ConditionalDCGAN."
            )

    def predict(self, x, **options):
        """As `keras.Model.predict`: codes (count, latent_dim) → images, batch by batch."""
        return super().predict(as_codes("x", x, self.latent_dim, counts=False), **options)

    def train_step(self, real_images):
        """One update of D and one of G from one batch of real images."""
        global_batch = global_batch_of(real_images)
        z = self.draw_codes(tf.shape(real_images)[0])
        with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
            fakes = self.generator(z, training=True)
            logits, d_loss, d_objective = self.judge(real_images, fakes, global_batch)
            g_loss = generator_loss(
                logits["fake"], self.adversarial_loss, global_batch_size=global_batch
            )
            g_objective = g_loss + self.own_penalties(self.generator)
        self.update_both((d_tape, g_tape), (d_loss, g_loss), (d_objective, g_objective))
        return self.end_step(d_loss, g_loss, logits)

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        *,
        resume=None,
        save_every=1,
        steps_per_epoch=None,
        **options,
    ):
        """Train, as `keras.Model.fit` does; with `resume`, so that a kill costs little.

        Args:
            x: images, float (count, height, width, channels) in [−1, 1]; an `ImageFolder`,
                whose files are read as they are needed; or a `tf.data.Dataset` of batches.
            y: None; for a `ConditionalDCGAN`, the class numbers of an array of images, (count,).
            batch_size: for an array or a folder, over all GPUs and machines; 64 if None, or
                all images where there are fewer.
            epochs: how many in all, those before an interruption included.
            callbacks: Keras callbacks; `Monitor` among them is told what came before.
            resume: a folder for checkpoints. Called again with the same arguments after
                an interruption of any kind, `fit` goes on from the newest one and ends
                with the same weights, losses and frames as if nothing had happened.
                A dataset is brought to its place by skipping, so its order must follow
                from a seed. The run's samples, animation and generator are left there as well,
                unless a `Monitor` among the callbacks says where; see `training_session`.
            save_every: epochs from one checkpoint to the next; the last epoch always has
                one.
            steps_per_epoch: as in Keras; needed for an endless dataset. For an array or a
                folder all its whole batches if None; fewer make shorter epochs that go on where
                the last one stopped.
            options: `initial_epoch`, as in Keras, without `resume`; `shuffle`, for an array or a
                folder: False keeps the order.

        Returns:
            A `keras.callbacks.History` over all epochs, the resumed ones included.

        Raises:
            ValueError: images of another shape than D's input, or outside [−1, 1]; labels; a
                number out of range; what `keras.Model.fit` takes and a GAN does not use.
            CheckpointError: a checkpoint of another architecture.
            FolderInUse: another process is training in the folder `resume`.
            KeyboardInterrupt: an interruption (■, Ctrl-C), as one line that says where it
                stopped; with `resume`, after the last complete epoch has been saved.
        """
        labels = self.checked_labels(x, y)
        run = checked_fit(epochs, save_every, verbose, callbacks, resume, options)
        check_compiled(self)
        data = prepare(
            self, x, batch_size, steps_per_epoch, run.shuffle, labels=labels, resumable=bool(resume)
        )
        frame = training_session(
            self, x, data, resume, run.epochs, run.save_every, run.callbacks, verbose
        )
        with frame as session:
            first_epoch = session.first_epoch or run.first_epoch
            history = super().fit(
                data.stream(first_epoch),
                epochs=run.epochs,
                verbose=verbose,
                callbacks=session.callbacks,
                initial_epoch=first_epoch,
                steps_per_epoch=data.steps_per_epoch,
                shuffle=False,  # make_dataset has shuffled; Keras would warn
            )
        return session.complete(history)

    @property
    def is_chief(self):
        """Whether this machine is the one that writes, of those that train together."""
        return is_chief(self.distribute_strategy)

    def state(self):
        """What a checkpoint holds, by name: networks, optimizers, the count of steps."""
        state = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "g_optimizer": self.g_optimizer,
            "d_optimizer": self.d_optimizer,
            "step_count": self.step_count,
        }
        return state if self.average is None else {**state, "average": self.sampler}

    def settings(self):
        """What shapes a training, as plain values by name, for an experiment tracker."""
        return {"latent_dim": self.latent_dim, **tracked_settings(self)}

    def save_own_variables(self, store):
        """Add the count of steps to what `save_weights` writes."""
        store["step_count"] = self.step_count.numpy()

    def load_own_variables(self, store):
        """Read the count of steps back."""
        if "step_count" in store.keys():  # noqa: SIM118 -- no mapping
            self.step_count.assign(int(store["step_count"][()]))
