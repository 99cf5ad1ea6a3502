"""DCGAN as a `keras.Model`: one training step, and a `fit` that can be resumed.

The step is that of lesson 02: fakes are made once, in training mode, and serve both updates;
both gradients are taken before either network moves. What it is made of stands in `step`.
"""

import keras
import tensorflow as tf

from dcgan_course.networks.layers import copy_of
from dcgan_course.networks.losses import KINDS, generator_loss
from dcgan_course.training.distributed import global_batch_of, is_chief
from dcgan_course.training.inputs import prepare
from dcgan_course.training.resume import settings_of
from dcgan_course.training.session import training_session
from dcgan_course.training.step import StepParts


class DCGAN(StepParts, keras.Model):
    """A generator and a discriminator that train against each other.

    Args:
        generator: G, a `keras.Sequential`: codes (batch, latent_dim) → images.
        discriminator: D: images → logits (batch, 1).
        seed: of the codes and the label noise. Step by step they follow from it alone, so
            that a resumed training draws what an uninterrupted one would have drawn.
        average: None, or the momentum m in [0, 1) of a moving average of G's weights,
            θ̄ ← m θ̄ + (1 − m) θ after every step (Yazıcı et al. 2019, arXiv:1806.04498).
            The average, which jitters less than G itself, then makes the samples.

    Attributes:
        generator, discriminator: the networks that train.
        sampler: the network for samples: the moving average, or G itself.

    Raises:
        ValueError: networks that do not fit each other.
    """

    def __init__(self, generator, discriminator, *, seed=0, average=None, name="dcgan"):
        super().__init__(name=name)
        if tuple(generator.output_shape) != tuple(discriminator.input_shape):
            raise ValueError(
                f"G makes images of shape {generator.output_shape[1:]}, D expects "
                f"{discriminator.input_shape[1:]}: they should be equal."
            )
        if tuple(discriminator.output_shape[1:]) != (1,):
            raise ValueError(
                f"D should return one logit, shape (batch, 1), not {discriminator.output_shape}."
            )
        if average is not None and not 0 <= average < 1:
            raise ValueError(f"average should lie in [0, 1), not {average}.")
        self.generator = generator
        self.discriminator = discriminator
        self.seed = int(seed)
        self.average = average
        self.sampler = generator if average is None else copy_of(generator, name="average")
        self.sampler.trainable = average is None
        self.latent_dim = int(generator.input_shape[1])
        self.first_bad_step = None
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
        **options,
    ):
        """Choose optimisers and loss.

        Args:
            g_optimizer, d_optimizer: each network's own; Adam(2e-4, β1 0.5) if None, as
                in the DCGAN paper.
            loss: "non_saturating", "minimax", "hinge" or "wasserstein"; see `losses`.
            label_smoothing, label_noise: see `discriminator_loss`.
            r1: γ of the penalty γ/2 · mean ‖∇ₓ D(x)‖² on D's gradient at real images, which
                makes training settle near its equilibrium (Mescheder et al. 2018,
                arXiv:1801.04406). It costs D another backward pass. Not part of `d_loss`.
            augment: None, or a function (images, seed) → images, such as those of
                `augment`, through which D sees real images and fakes.
            jit_compile: True compiles the step with XLA. Not the default, because
                on a CPU it makes the step slower.
            options: what else `keras.Model.compile` takes, such as `run_eagerly`.
        """
        if loss not in KINDS:
            raise ValueError(f"Unknown loss {loss!r}. Known are: {', '.join(KINDS)}.")
        if not r1 >= 0:
            raise ValueError(f"r1 should be 0 or more, not {r1}.")
        if augment is not None and not hasattr(augment, "__name__"):
            raise ValueError(
                "augment should be a function with a name, by which a resumed training knows it: "
                "write it with def."
            )
        # Keras would wrap float16's loss scaling around one optimiser only; ours are two.
        super().compile(jit_compile=jit_compile, **options)
        self.g_optimizer = g_optimizer or keras.optimizers.Adam(2e-4, beta_1=0.5)
        self.d_optimizer = d_optimizer or keras.optimizers.Adam(2e-4, beta_1=0.5)
        self.g_optimizer.build(self.generator.trainable_variables)
        self.d_optimizer.build(self.discriminator.trainable_variables)
        self.adversarial_loss = loss
        self.label_smoothing = label_smoothing
        self.label_noise = label_noise
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
        """
        if isinstance(z, int):
            z = tf.random.normal((z, self.latent_dim))
        z = tf.convert_to_tensor(z, tf.float32)
        if z.shape.rank != 2 or z.shape[1] != self.latent_dim:
            raise ValueError(
                f"Codes should have shape (count, {self.latent_dim}), not {tuple(z.shape)}."
            )
        return tf.cast(self.sampler(z, training=False), tf.float32).numpy()

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
        d_weights = self.discriminator.trainable_variables
        g_weights = self.generator.trainable_variables
        d_gradients = self.gradients(d_tape, d_objective, d_weights)
        g_gradients = self.gradients(g_tape, g_loss, g_weights)
        d_gradients, g_gradients = self.unless_broken([d_loss, g_loss], d_gradients, g_gradients)
        self.d_optimizer.apply(d_gradients, d_weights)
        self.g_optimizer.apply(g_gradients, g_weights)
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
            batch_size: for an array or a folder, over all GPUs and machines; 64 if None.
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
            options: what else `keras.Model.fit` takes.

        Returns:
            A `keras.callbacks.History` over all epochs, the resumed ones included.

        Raises:
            ValueError: images of another shape than D's input, or outside [−1, 1]; labels.
            CheckpointError: a checkpoint of another architecture.
            FolderInUse: another process is training in the folder `resume`.
            KeyboardInterrupt: an interruption (■, Ctrl-C), as one line that says where it
                stopped; with `resume`, after the last complete epoch has been saved.
        """
        if y is not None:
            raise ValueError("A DCGAN learns from images alone: leave out y.")
        data = prepare(self, x, batch_size or 64, steps_per_epoch, resumable=resume is not None)
        frame = training_session(self, data, resume, epochs, save_every, callbacks, verbose)
        with frame as session:
            history = super().fit(
                data.stream(session.first_epoch),
                epochs=epochs,
                verbose=verbose,
                callbacks=session.callbacks,
                initial_epoch=session.first_epoch,
                steps_per_epoch=data.steps_per_epoch,
                **{"shuffle": False, **options},  # make_dataset has shuffled; Keras would warn
            )
        return session.complete(history)

    @property
    def is_chief(self):
        """Whether this machine is the one that writes, of those that train together."""
        return is_chief(self.distribute_strategy)

    def state(self):
        """What a checkpoint holds, by name: networks and optimisers."""
        state = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "g_optimizer": self.g_optimizer,
            "d_optimizer": self.d_optimizer,
        }
        return state if self.average is None else {**state, "average": self.sampler}

    def settings(self):
        """What shapes a training, as plain values by name, for an experiment tracker."""
        held = {"latent_dim": self.latent_dim, **settings_of(self, None)}
        del held["data"]
        for name in ("g_optimizer", "d_optimizer"):
            config = getattr(self, name).get_config()
            held[name] = config["name"]
            for key in ("learning_rate", "beta_1"):
                if key in config:
                    held[f"{name}/{key}"] = float(f"{config[key]:.6g}")  # not 0.000199999994
        return held
