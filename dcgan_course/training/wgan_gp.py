"""WGAN-GP: a critic whose slope is held near 1, and the distance that it then measures.

Gulrajani et al. 2017 (arXiv:1704.00028).
"""

import tensorflow as tf

from dcgan_course.checks import number, whole_number
from dcgan_course.training.distributed import global_batch_of
from dcgan_course.training.gan import DCGAN


class WGANGP(DCGAN):
    """A GAN with the Wasserstein loss and a gradient penalty.

    D is a critic: its output is a score, not a logit. Between real images and fakes the norm of its
    gradient is drawn to 1, so that the difference of its mean scores estimates how far the two
    distributions are apart. For that it has to keep up with G, so it gets several updates for each
    of G's. Batch norm has no place in it: the penalty is about single images, and batch norm makes
    each score depend on the others of the batch.

    Args:
        generator, discriminator: see `DCGAN`; D without batch norm.
        critic_steps: updates of D for each update of G, 5 in the paper.
        penalty: λ, the weight of (‖∇D‖ − 1)², 10 in the paper.
        options: see `DCGAN`.

    Raises:
        ValueError: as `DCGAN`; a number out of range.
    """

    def __init__(self, generator, discriminator, *, critic_steps=5, penalty=10.0, **options):
        super().__init__(generator, discriminator, **options)
        self.critic_steps = whole_number("critic_steps", critic_steps, minimum=1)
        self.penalty = number("penalty", penalty, minimum=0)

    def compile(self, g_optimizer=None, d_optimizer=None, **options):
        """As `DCGAN.compile`, with the Wasserstein loss. The paper takes Adam(1e-4, β1 0, β2 0.9).

        Raises:
            ValueError: another loss.
        """
        loss = options.pop("loss", "wasserstein")
        if loss != "wasserstein":
            raise ValueError(f"WGANGP has the Wasserstein loss: leave out loss={loss!r}.")
        super().compile(g_optimizer, d_optimizer, loss="wasserstein", **options)

    def train_step(self, real_images):
        """Several updates of D, each on its part of the batch, and one of G.

        The batch is divided evenly: fit(batch_size=5 * 64) gives 5 updates of D with 64 images.

        Raises:
            ValueError: a batch that cannot be divided so.
        """
        size = real_images.shape[0]
        if size is not None and size % self.critic_steps:
            raise ValueError(
                f"batch_size should be a multiple of critic_steps={self.critic_steps}, not {size}."
            )
        for part, images in enumerate(tf.split(real_images, self.critic_steps)):
            z = self.draw_codes(tf.shape(images)[0], stream=part + 1)
            fakes = self.generator(z, training=True)
            with tf.GradientTape() as tape:
                logits, d_loss, objective = self.judge(images, fakes, global_batch_of(images))
                objective += self.penalty * self.slope_penalty(images, fakes, part)
            weights = self.discriminator.trainable_variables
            self.update(self.d_optimizer, weights, tape, d_loss, objective)
        with tf.GradientTape() as tape:
            z = self.draw_codes(tf.shape(images)[0])
            scores = self.discriminator(self.generator(z, training=True), training=True)
            g_loss = -tf.reduce_sum(scores) / tf.cast(global_batch_of(images), tf.float32)
        self.update(self.g_optimizer, self.generator.trainable_variables, tape, g_loss)
        return self.end_step(d_loss, g_loss, logits)

    def slope_penalty(self, real_images, fakes, part=0):
        """Mean of (‖∇ₓ D(x)‖ − 1)² at random points x between real images and fakes: a scalar."""
        count = tf.shape(real_images)[0]
        place = tf.random.stateless_uniform((count, 1, 1, 1), seed=self.step_seed(10 + part))
        between = fakes + place * (real_images - fakes)
        with tf.GradientTape() as tape:
            tape.watch(between)
            scores = self.discriminator(between, training=True)
        gradient = tf.cast(tape.gradient(scores, between), tf.float32)
        # The square root has no slope at 0, where D is flat.
        slope = tf.sqrt(tf.reduce_sum(gradient**2, axis=(1, 2, 3)) + 1e-12)
        return tf.reduce_sum((slope - 1.0) ** 2) / tf.cast(global_batch_of(fakes), tf.float32)
