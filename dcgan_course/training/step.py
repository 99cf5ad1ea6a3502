"""The parts that every training step of the course is made of, whatever their order.

`DCGAN`, `CombinedDCGAN` and `FaceDCGAN` put them together. All randomness of a step follows from
the GAN's seed and the number of the step alone, so that a resumed training draws what an
uninterrupted one would have drawn.
"""

import tensorflow as tf

from dcgan_course.networks.losses import discriminator_loss
from dcgan_course.training.distributed import (
    global_batch_of,
    mean_over_replicas,
    on_several_machines,
    share_statistics,
    sum_over_replicas,
)
from dcgan_course.training.optimizers import scaled_gradients, scales_loss


class StepParts:
    """What a training step needs beside its two networks; a mix-in for `DCGAN`."""

    # --- randomness --------------------------------------------------------------------

    def count_steps_from_zero(self):
        """Make the GAN's own counter, which all seeds and the average follow.

        An optimizer's `iterations` would not do: with `gradient_accumulation_steps` it stands
        still for some steps, and after an overflow of float16.
        """
        self.step_count = tf.Variable(
            0,
            trainable=False,
            dtype=tf.int64,
            name="step_count",
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )

    def steps_done(self):
        """How many steps of training there have been: an int64 scalar."""
        return tf.convert_to_tensor(self.step_count)

    def step_seed(self, stream):
        """A seed of two numbers for this step; each `stream` gives another one."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        stream = tf.cast(1000 * stream, tf.int64) + tf.cast(replica, tf.int64)
        return tf.stack([tf.constant(self.seed, tf.int64) + stream * 1_000_003, self.steps_done()])

    def draw_codes(self, count, stream=0):
        """Draw this replica's codes for this step: its part of one draw for the whole batch.

        Args:
            count: how many, for this replica.
            stream: another number draws other codes in the same step.

        Returns:
            float32 (count, latent_dim), from N(0, 1).
        """
        context = tf.distribute.get_replica_context()
        shape = [count * context.num_replicas_in_sync, self.latent_dim]
        seed = tf.constant(self.seed + stream * 1_000_000_007, tf.int64)
        z = tf.random.stateless_normal(shape, seed=[seed, self.steps_done()])
        start = context.replica_id_in_sync_group * count
        return z[start : start + count]

    # --- D's judgment -----------------------------------------------------------------

    def as_seen(self, images, stream):
        """The images as D gets to see them: augmented, if `compile` was given `augment`."""
        return images if self.augment is None else self.augment(images, self.step_seed(stream))

    def penalized_part(self, seen):
        """The part of D's input at which R1 takes the gradient, and a function: part → input."""
        return seen, lambda images: images

    def judge_real(self, real_images, global_batch):
        """D's logits for real images, and the R1 penalty on its gradient there.

        Args:
            real_images: (batch, height, width, channels), as D sees them.
            global_batch: the size of the batch over all replicas.

        Returns:
            `(logits, penalty)`: float32 (batch, 1), and a scalar, 0 without R1.
        """
        if not self.r1:
            return self.discriminator(real_images, training=True), 0.0
        images, whole = self.penalized_part(real_images)
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = self.discriminator(whole(images), training=True)
        gradient = tf.cast(tape.gradient(logits, images), tf.float32)
        squares = tf.reduce_sum(tf.square(gradient))
        return logits, 0.5 * self.r1 * squares / tf.cast(global_batch, tf.float32)

    def judge(self, real_images, fakes, global_batch):
        """D's logits for real images and fakes, and what D minimizes.

        Returns:
            `(logits, loss, objective)`: a dictionary of "real" and "fake" logits, D's loss, and
            the loss with its penalty.
        """
        seen, seen_fakes = self.as_seen(real_images, 2), self.as_seen(fakes, 3)
        real_logits, penalty = self.judge_real(seen, global_batch)
        fake_logits = self.discriminator(seen_fakes, training=True)
        d_loss = discriminator_loss(
            real_logits,
            fake_logits,
            self.adversarial_loss,
            label_smoothing=self.label_smoothing,
            label_noise=self.label_noise,
            seed=self.step_seed(stream=1),
            global_batch_size=global_batch,
        )
        objective = d_loss + penalty + self.own_penalties(self.discriminator)
        return {"real": real_logits, "fake": fake_logits}, d_loss, objective

    def own_penalties(self, network):
        """What a network's layers add to its loss, such as `kernel_regularizer`; 0 without.

        The sum over all replicas counts them once.
        """
        if not network.losses:
            return 0.0
        replicas = tf.distribute.get_replica_context().num_replicas_in_sync
        return tf.add_n([tf.cast(loss, tf.float32) for loss in network.losses]) / replicas

    # --- updates -----------------------------------------------------------------------

    def guard(self):
        """From now on, let a step whose losses or gradients are not finite move no weight.

        `first_bad_step` is then a variable that holds the first such step, and −1 before.
        `diagnosis.doctor.Doctor` asks for it: weights that are NaN would hide where NaN came
        from.
        """
        if self.first_bad_step is None:
            self.first_bad_step = tf.Variable(-1, trainable=False, dtype=tf.int64)

    def gradients(self, tape, objective, weights, optimizer):
        """Gradients of `objective` as `optimizer` wants them, summed over the replicas."""
        return sum_over_replicas(scaled_gradients(tape, objective, weights, optimizer))

    def unless_broken(self, losses, *gradients):
        """The gradients; zeros in their place in a guarded step whose numbers are not finite."""
        if self.first_bad_step is None:
            return gradients
        # In float32: the gradients of a float16 network have another type than its losses.
        norms = [
            tf.linalg.global_norm([tf.cast(gradient, tf.float32) for gradient in some])
            for some in gradients
        ]
        if scales_loss(self.g_optimizer) or scales_loss(self.d_optimizer):
            norms = []  # an overflow of scaled gradients is usual: the optimizer passes it over
        numbers = [tf.cast(number, tf.float32) for number in (*losses, *norms)]
        good = tf.reduce_all(tf.math.is_finite(tf.stack(numbers)))
        step = self.steps_done() + 1
        first = self.first_bad_step
        first.assign(tf.where(good | (first >= 0), first, step))
        return [
            [tf.where(good, gradient, tf.zeros_like(gradient)) for gradient in some]
            for some in gradients
        ]

    def update(self, optimizer, weights, tape, loss, objective=None):
        """Move one network's weights by the gradient of `objective`, or of its loss if None."""
        objective = loss if objective is None else objective
        gradients = self.gradients(tape, objective, weights, optimizer)
        (gradients,) = self.unless_broken([loss], gradients)
        optimizer.apply(gradients, weights)

    def update_both(self, tapes, losses, objectives):
        """Move both networks from one forward pass: both gradients first, then both updates.

        Args:
            tapes, losses, objectives: pairs, D's and G's.
        """
        (d_tape, g_tape), (d_objective, g_objective) = tapes, objectives
        d_weights = self.discriminator.trainable_variables
        g_weights = self.generator.trainable_variables
        d_gradients = self.gradients(d_tape, d_objective, d_weights, self.d_optimizer)
        g_gradients = self.gradients(g_tape, g_objective, g_weights, self.g_optimizer)
        d_gradients, g_gradients = self.unless_broken(losses, d_gradients, g_gradients)
        self.d_optimizer.apply(d_gradients, d_weights)
        self.g_optimizer.apply(g_gradients, g_weights)

    def update_discriminator(self, real_images, fakes):
        """Move D alone. Returns its loss, and its logits for real images and fakes."""
        with tf.GradientTape() as tape:
            logits, loss, objective = self.judge(real_images, fakes, global_batch_of(real_images))
        weights = self.discriminator.trainable_variables
        self.update(self.d_optimizer, weights, tape, loss, objective)
        return loss, logits

    # --- the end of a step -------------------------------------------------------------

    def end_step(self, d_loss, g_loss, logits):
        """Count the step, move the average of G, and return the step's logs.

        Args:
            d_loss, g_loss: this replica's part of both losses.
            logits: D's, by name: "real" and "fake", for example.

        Returns:
            The running means of both losses and of D's probabilities, by name.
        """
        share_statistics(self.generator, self.discriminator)
        self.step_count.assign_add(1)
        if self.average is not None:
            update_average(self.sampler, self.generator, self.average, self.steps_done())
        # Each replica's loss is its part of a sum; times their number it is a mean again.
        scale = tf.cast(tf.distribute.get_replica_context().num_replicas_in_sync, tf.float32)
        numbers = {"d_loss": d_loss * scale, "g_loss": g_loss * scale}
        for name, values in logits.items():
            numbers[f"d_{name}"] = tf.reduce_mean(tf.sigmoid(tf.cast(values, tf.float32)))
        logs = self.report(mean_over_replicas(numbers))
        if on_several_machines(self.distribute_strategy):
            # There `fit` cannot gather plain scalars (github.com/keras-team/keras/issues/20585).
            return {name: tf.reshape(value, (1,)) for name, value in logs.items()}
        return logs

    def report(self, numbers):
        """Take a step's numbers into the running means, and return those: the step's logs."""
        for name, value in numbers.items():
            self.trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self.trackers.items()}


def normal(shape, seed=None):
    """Draw from N(0, 1), float32. The same `seed` gives the same numbers, None others each time."""
    if seed is None:
        return tf.random.normal(shape)
    return tf.random.stateless_normal(shape, seed=[seed, 0])


def update_average(average, network, momentum, step):
    """Move a running average of a network's weights: θ̄ ← m θ̄ + (1 − m) θ.

    Args:
        average: a network of the same architecture, which holds θ̄.
        network: the network that trains, with weights θ.
        momentum: m in [0, 1). It is smaller in the first steps, (1 + step) / (10 + step), or
            the untrained network would linger in the average.
        step: how many steps there have been.
    """
    step = tf.cast(tf.convert_to_tensor(step), tf.float32)
    momentum = tf.minimum(momentum, (1 + step) / (10 + step))
    for mean, weight in zip(average.weights, network.weights, strict=True):
        new = momentum * tf.cast(mean, tf.float32) + (1 - momentum) * tf.cast(weight, tf.float32)
        mean.assign(tf.cast(new, mean.dtype))
