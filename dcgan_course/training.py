"""DCGAN as a `keras.Model`: one training step, `fit`, resume, and a monitor.

The step is that of lesson 02: fakes are made once, in training mode, and serve both
updates; both gradients are taken before either network moves.
"""

from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dcgan_course.checkpoints import Checkpoint
from dcgan_course.data import distributed, make_dataset
from dcgan_course.folders import ImageFolder
from dcgan_course.layers import copy_of
from dcgan_course.losses import KINDS, discriminator_loss, generator_loss
from dcgan_course.monitor import TrainingPanel


class DCGAN(keras.Model):
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
        self._trackers = {
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
            r1: γ of the penalty γ/2 · mean ‖∇ₓ D(x)‖² on D's slope at real images, which
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
        return list(self._trackers.values())

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
        global_batch = _global_batch(real_images)
        z = self._codes(tf.shape(real_images)[0])
        with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
            fakes = self.generator(z, training=True)
            logits, d_loss, d_objective = self._judge_both(real_images, fakes, global_batch)
            g_loss = generator_loss(
                logits["fake"], self.adversarial_loss, global_batch_size=global_batch
            )
        d_weights = self.discriminator.trainable_variables
        g_weights = self.generator.trainable_variables
        d_gradients = _sum_over_replicas(d_tape.gradient(d_objective, d_weights))
        g_gradients = _sum_over_replicas(g_tape.gradient(g_loss, g_weights))
        d_gradients, g_gradients = self._unless_broken([d_loss, g_loss], d_gradients, g_gradients)
        self.d_optimizer.apply(d_gradients, d_weights)
        self.g_optimizer.apply(g_gradients, g_weights)
        return self._end_step(d_loss, g_loss, logits)

    def guard(self):
        """From now on, a step whose losses or gradients are not finite moves no weight by them.

        `first_bad_step` is then a variable that holds the first such step, and −1 before.
        `diagnostics.Doctor` asks for it: weights that are NaN would hide where NaN came from.
        """
        if self.first_bad_step is None:
            self.first_bad_step = tf.Variable(-1, trainable=False, dtype=tf.int64)

    def _unless_broken(self, losses, *gradients):
        """The gradients; zeros in their place in a guarded step whose numbers are not finite."""
        if self.first_bad_step is None:
            return gradients
        norms = [tf.linalg.global_norm(some) for some in gradients]
        good = tf.reduce_all(tf.math.is_finite(tf.stack([*losses, *norms])))
        step = self._steps_done() + 1
        first = self.first_bad_step
        first.assign(tf.where(good | (first >= 0), first, step))
        return [
            [tf.where(good, gradient, tf.zeros_like(gradient)) for gradient in some]
            for some in gradients
        ]

    def _update(self, optimizer, weights, tape, loss, objective=None):
        """Move one network's weights, guarded, by the gradient of `objective`, or of its loss."""
        gradients = tape.gradient(loss if objective is None else objective, weights)
        (gradients,) = self._unless_broken([loss], _sum_over_replicas(gradients))
        optimizer.apply(gradients, weights)

    def _update_discriminator(self, real_images, fakes):
        """D's update alone. Returns its loss and its logits for real images and fakes."""
        with tf.GradientTape() as tape:
            logits, loss, objective = self._judge_both(
                real_images, fakes, _global_batch(real_images)
            )
        weights = self.discriminator.trainable_variables
        self._update(self.d_optimizer, weights, tape, loss, objective)
        return loss, logits

    def _judge_both(self, real_images, fakes, global_batch):
        """D's logits for real images and fakes, its loss, and the loss with its penalty."""
        seen, seen_fakes = self._as_seen(real_images, 2), self._as_seen(fakes, 3)
        real_logits, penalty = self._judge(seen, global_batch)
        fake_logits = self.discriminator(seen_fakes, training=True)
        d_loss = discriminator_loss(
            real_logits,
            fake_logits,
            self.adversarial_loss,
            label_smoothing=self.label_smoothing,
            label_noise=self.label_noise,
            seed=self._step_seed(stream=1),
            global_batch_size=global_batch,
        )
        return {"real": real_logits, "fake": fake_logits}, d_loss, d_loss + penalty

    def _end_step(self, d_loss, g_loss, logits):
        """Move the average, and return the running means of losses and probabilities."""
        self._share_statistics()
        if self.average is not None:
            self._update_average()
        # Each replica's loss is its share of a sum; times their number it is a mean again.
        scale = tf.cast(tf.distribute.get_replica_context().num_replicas_in_sync, tf.float32)
        numbers = {"d_loss": d_loss * scale, "g_loss": g_loss * scale}
        for name, values in logits.items():
            numbers[f"d_{name}"] = tf.reduce_mean(tf.sigmoid(tf.cast(values, tf.float32)))
        logs = self._report(_mean_over_replicas(numbers))
        if _several_machines(self.distribute_strategy):
            # There `fit` cannot gather plain scalars (github.com/keras-team/keras/issues/20585).
            return {name: tf.reshape(value, (1,)) for name, value in logs.items()}
        return logs

    def _report(self, numbers):
        """Take a step's numbers into the running means, and return those: the step's logs."""
        for name, value in numbers.items():
            self._trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self._trackers.items()}

    def _as_seen(self, images, stream):
        """The images as D gets to see them."""
        return images if self.augment is None else self.augment(images, self._step_seed(stream))

    def _judge(self, real_images, global_batch):
        """D's logits for real images, and the penalty on its slope there."""
        if not self.r1:
            return self.discriminator(real_images, training=True), 0.0
        with tf.GradientTape() as tape:
            tape.watch(real_images)
            logits = self.discriminator(real_images, training=True)
        slope = tf.cast(tape.gradient(logits, real_images), tf.float32)
        squares = tf.reduce_sum(tf.square(slope))
        return logits, 0.5 * self.r1 * squares / tf.cast(global_batch, tf.float32)

    def _steps_done(self):
        return tf.cast(tf.convert_to_tensor(self.d_optimizer.iterations), tf.int64)

    def _step_seed(self, stream):
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        stream = tf.cast(1000 * stream, tf.int64) + tf.cast(replica, tf.int64)
        return tf.stack([tf.constant(self.seed, tf.int64) + stream * 1_000_003, self._steps_done()])

    def _codes(self, count, stream=0):
        """This replica's codes for this step: its part of one draw for the whole batch."""
        context = tf.distribute.get_replica_context()
        shape = [count * context.num_replicas_in_sync, self.latent_dim]
        seed = tf.constant(self.seed + stream * 1_000_000_007, tf.int64)
        z = tf.random.stateless_normal(shape, seed=[seed, self._steps_done()])
        start = context.replica_id_in_sync_group * count
        return z[start : start + count]

    def _share_statistics(self):
        """Batch norm's moving statistics, the same on all replicas: the mean of theirs."""
        context = tf.distribute.get_replica_context()
        if context.num_replicas_in_sync == 1:
            return
        networks = self.generator, self.discriminator
        held = [weight for network in networks for weight in network.non_trainable_variables]
        held = [weight for weight in held if "float" in str(weight.dtype)]  # no random states
        if held:
            # The identity gives each value a device, by which `all_reduce` sends it around.
            values = [tf.identity(tf.convert_to_tensor(weight)) for weight in held]
            means = context.all_reduce(tf.distribute.ReduceOp.MEAN, values)
            for weight, mean in zip(held, means, strict=True):
                weight.assign(mean)

    def _update_average(self):
        step = tf.cast(tf.convert_to_tensor(self.g_optimizer.iterations), tf.float32)
        # A short memory at first, or the untrained G would linger in the average.
        momentum = tf.minimum(self.average, (1 + step) / (10 + step))
        pairs = zip(self.sampler.weights, self.generator.weights, strict=True)
        for mean, weight in pairs:
            new = momentum * tf.cast(mean, tf.float32) + (1 - momentum) * tf.cast(
                weight, tf.float32
            )
            mean.assign(tf.cast(new, mean.dtype))

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
                from a seed.
            save_every: epochs from one checkpoint to the next; the last epoch always has
                one.
            steps_per_epoch: as in Keras; needed for an endless dataset. For an array or a
                folder all its whole batches if None; fewer make shorter epochs that go on where the
                last one stopped.
            options: what else `keras.Model.fit` takes.

        Returns:
            A `keras.callbacks.History` over all epochs, the resumed ones included.

        Raises:
            ValueError: images of another shape than D's input, or outside [−1, 1]; labels.
            CheckpointError: a checkpoint of another architecture.
        """
        if y is not None:
            raise ValueError("A DCGAN learns from images alone: leave out y.")
        callbacks = list(callbacks or [])
        batch_size = batch_size or 64
        is_dataset = isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset))
        if resume is not None and is_dataset and not isinstance(x, tf.data.Dataset):
            raise ValueError(
                "A distributed dataset cannot be brought to the place where a training stopped: "
                "give fit the ImageFolder or the array itself."
            )
        first_epoch, checkpoint = 0, None
        if resume is not None:
            data = None if is_dataset else [batch_size, len(x)]
            settings = self._settings([data, steps_per_epoch])
            checkpoint = Checkpoint(
                resume, settings=settings, read_only=not self.is_chief, **self._state()
            )
            first_epoch = checkpoint.begin()
            self._check_agreement(first_epoch)
            callbacks.append(_SaveCheckpoint(checkpoint, epochs, save_every))
        if not is_dataset:
            self._check_images(x)
            steps_per_epoch = steps_per_epoch or len(x) // batch_size
            x = self._stream(x, batch_size, first_epoch * steps_per_epoch)
        elif resume is not None:
            if steps_per_epoch is None:
                steps_per_epoch = int(x.cardinality())
                x = x.repeat()
            if steps_per_epoch < 1:
                raise ValueError("The dataset has no known length: give steps_per_epoch.")
            x = x.skip(first_epoch * steps_per_epoch)
        for callback in callbacks:
            if isinstance(callback, Monitor):
                callback.starts_from(first_epoch, checkpoint.history if checkpoint else [])
        history = super().fit(
            x,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            initial_epoch=first_epoch,
            steps_per_epoch=steps_per_epoch,
            **{"shuffle": False, **options},  # make_dataset has shuffled; Keras would warn
        )
        if checkpoint is not None:
            rows = checkpoint.history
            names = [name for name in (rows[0] if rows else {}) if name != "epoch"]
            history.epoch = [row["epoch"] - 1 for row in rows]
            history.history = {name: [row[name] for row in rows] for name in names}
        return history

    def _stream(self, x, batch_size, first_step):
        """Batches of an array or a folder; of several machines, this one's share."""
        options = dict(batch_size=batch_size, seed=self.seed, first_step=first_step)
        stream = x.stream if isinstance(x, ImageFolder) else partial(make_dataset, x)
        strategy = self.distribute_strategy
        if not _several_machines(strategy):
            return stream(**options)  # Keras divides it among this machine's GPUs
        return distributed(partial(stream, **options), strategy, batch_size)

    @property
    def is_chief(self):
        """Whether this machine is the one that writes, of those that train together."""
        strategy = self.distribute_strategy
        return not _several_machines(strategy) or _writes(strategy.cluster_resolver)

    def _check_agreement(self, epoch):
        """Raise unless all machines go on from the same epoch."""
        strategy = self.distribute_strategy
        if not _several_machines(strategy):
            return

        @tf.function
        def mean_of(numbers):
            return strategy.reduce("MEAN", strategy.run(lambda: numbers), axis=None)

        mean, squares = mean_of(tf.constant([epoch, epoch**2], tf.float32)).numpy()
        if abs(squares - mean**2) > 1e-3:
            raise tf.errors.AbortedError(
                None, None, f"The machines go on from different epochs, this one from {epoch}."
            )

    def _state(self):
        """What a checkpoint holds, by name."""
        state = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "g_optimizer": self.g_optimizer,
            "d_optimizer": self.d_optimizer,
        }
        return state if self.average is None else {**state, "average": self.sampler}

    def settings(self):
        """What shapes a training, as plain values by name, for an experiment tracker."""
        held = {"latent_dim": self.latent_dim, **self._settings(None)}
        del held["data"]
        for name in ("g_optimizer", "d_optimizer"):
            config = getattr(self, name).get_config()
            held[name] = config["name"]
            for key in ("learning_rate", "beta_1"):
                if key in config:
                    held[f"{name}/{key}"] = float(f"{config[key]:.6g}")  # not 0.000199999994
        return held

    def _settings(self, data):
        """What shapes a training, as plain data: another value starts another training."""

        def plain(optimizer):
            config = optimizer.get_config()
            return {key: str(value) for key, value in config.items() if key != "name"}

        return {
            "data": data,
            "seed": self.seed,
            "average": self.average,
            "loss": self.adversarial_loss,
            "label_smoothing": self.label_smoothing,
            "label_noise": self.label_noise,
            "r1": self.r1,
            "augment": self.augment and self.augment.__name__,
            "g_optimizer": plain(self.g_optimizer),
            "d_optimizer": plain(self.d_optimizer),
        }

    def _check_images(self, x):
        wanted = tuple(self.discriminator.input_shape[1:])
        if tuple(x.shape[1:]) != wanted:
            raise ValueError(
                f"D expects images of shape {wanted}, these have {tuple(x.shape[1:])}."
            )
        if isinstance(x, ImageFolder):  # whose images are in [−1, 1] by themselves
            return
        low, high = float(tf.reduce_min(x)), float(tf.reduce_max(x))
        if not (low >= -1.001 and high <= 1.001):  # written so that NaN fails as well
            raise ValueError(
                f"Images should lie in [−1, 1], the range of G's tanh; these reach from "
                f"{low:.3g} to {high:.3g}. Scale images in 0…255 by x / 127.5 − 1."
            )


def _several_machines(strategy):
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def _writes(resolver):
    """Whether this machine is the chief of its cluster, or the first worker where none is."""
    if "chief" in resolver.cluster_spec().jobs:
        return resolver.task_type == "chief"
    return resolver.task_id == 0


def _global_batch(images):
    """The size of the whole batch, of which each replica has a part."""
    return tf.shape(images)[0] * tf.distribute.get_replica_context().num_replicas_in_sync


def _mean_over_replicas(numbers):
    """The same numbers on all replicas; the first Keras 3 would report one replica's own."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return numbers
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, numbers)


def _sum_over_replicas(gradients):
    """Add the replicas' gradients up, where Keras' optimisers do not: in the first Keras 3."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1 or hasattr(
        keras.optimizers.Optimizer, "_all_reduce_sum_gradients"
    ):
        return gradients
    return context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)


class _SaveCheckpoint(keras.callbacks.Callback):
    def __init__(self, checkpoint, epochs, every):
        super().__init__()
        self.checkpoint = checkpoint
        self.epochs = epochs
        self.every = every

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, **{name: float(np.squeeze(n)) for name, n in logs.items()}}
        self.checkpoint.history.append(row)
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.epochs:
            self.checkpoint.save(epoch + 1)


class Monitor(keras.callbacks.Callback):
    """Shows and keeps what a training does: samples, curves, frames, time left.

    After every epoch the samples of the same codes are shown beside the loss curves, in
    one display that updates in place, and kept as a frame. At the end the folder holds
    samples.png, training.gif, history.csv and the frames.

    Args:
        folder: the run's folder; None keeps nothing.
        codes: float (count, latent_dim), the fixed codes; or how many to draw.
        columns: images in a row; None makes the grid square.
        seed: of the codes, where they are drawn.
        live: False shows nothing.
    """

    def __init__(self, folder=None, codes=16, *, columns=None, seed=0, live=True):
        super().__init__()
        self.folder = None if folder is None else Path(folder)
        self.codes = codes
        self.columns = columns
        self.seed = seed
        self.live = live
        self.panel = None
        self._before = (0, [])

    def starts_from(self, epoch, history):
        """Told by `DCGAN.fit`: how many epochs are complete, and their rows."""
        self._before = (epoch, history)

    def on_train_begin(self, logs=None):
        """Draw the codes and open the panel."""
        if isinstance(self.codes, int):
            shape = (self.codes, self.model.latent_dim)
            self.codes = tf.random.stateless_normal(shape, seed=[self.seed, 0])
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
        """Write samples.png and training.gif."""
        self.panel.finish()
