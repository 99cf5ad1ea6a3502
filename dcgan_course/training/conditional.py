"""The conditional GAN: G is asked for a class, and D judges the image and its label together."""

import numpy as np
import tensorflow as tf

from dcgan_course.checks import names_of_classes, shown
from dcgan_course.networks.labels import add_label_planes, join_label, one_hot
from dcgan_course.networks.losses import generator_loss
from dcgan_course.training.distributed import global_batch_of
from dcgan_course.training.gan import DCGAN
from dcgan_course.training.step import normal


class ConditionalDCGAN(DCGAN):
    """A `DCGAN` that learns which image belongs to which class.

    Mirza and Osindero 2014 (arXiv:1411.1784): both networks get the label y. G takes it with its
    latent vector, D as planes beside the image; see `networks.labels`.

    Args:
        generator: G: [z, y] (batch, noise_dim + classes) → images (batch, h, w, channels).
        discriminator: D: images with label planes (batch, h, w, channels + classes) → logits.
        class_names: what the classes are called; their numbers if None. The explorer shows them.
        options: see `DCGAN`.

    Attributes:
        classes: how many there are: D's channels less those of G's images.
        class_names: a tuple of that many names, which G and the sampler have as well.
        noise_dim: numbers in z.

    Raises:
        ValueError: as `DCGAN`; a D without label planes; another number of names.
    """

    conditional = True

    def __init__(self, generator, discriminator, *, class_names=None, **options):
        super().__init__(generator, discriminator, **options)
        names = self.classes if class_names is None else class_names
        self.class_names = names_of_classes(names, count=self.classes)
        # A generator that draws by class says so wherever it goes.
        self.generator.class_names = self.sampler.class_names = self.class_names

    @property
    def classes(self):
        """How many classes there are."""
        return self.discriminator.input_shape[-1] - self.generator.output_shape[-1]

    @property
    def noise_dim(self):
        """How many numbers there are in z, without the label."""
        return self.latent_dim - self.classes

    def codes(self, labels, z=None):
        """Latent vectors with labels, as G takes them.

        Args:
            labels: class numbers (count,), or one-hot vectors and mixtures of them, float
                (count, classes).
            z: float (count, noise_dim) or (1, noise_dim), which serves all labels; drawn from
                N(0, 1) if None.

        Returns:
            A float32 tensor (count, noise_dim + classes).

        Raises:
            ValueError: labels out of range, or shapes that do not fit.
        """
        labels = np.asarray(labels)
        if labels.ndim != 2:
            labels = one_hot(labels, self.classes)
        if labels.shape[1] != self.classes:
            raise ValueError(f"There are {self.classes} classes, not {labels.shape[1]}.")
        count = len(labels)
        z = normal((count, self.noise_dim)) if z is None else np.asarray(z, "float32")
        if z.ndim != 2 or z.shape[0] not in (1, count) or z.shape[1] != self.noise_dim:
            raise ValueError(
                f"z should have shape ({count}, {self.noise_dim}) or (1, {self.noise_dim}), not "
                f"{tuple(z.shape)}."
            )
        return join_label(tf.broadcast_to(z, (count, self.noise_dim)), labels)

    def sample_codes(self, count, seed=None):
        """As `DCGAN.sample_codes`, with the classes in turn: 0, 1, 2, …, 0, 1, …"""
        z = normal((count, self.noise_dim), seed)
        return self.codes(np.arange(count) % self.classes, z)

    def checked_labels(self, x, y):
        """Labels as float32 one-hot vectors (count, classes); see `fit`."""
        if y is None:
            raise ValueError("A ConditionalDCGAN learns from images and labels: call fit(x, y).")
        y = one_hot(y, self.classes)
        if not hasattr(x, "__len__") or len(x) != len(y):
            count = len(x) if hasattr(x, "__len__") else shown(x)
            raise ValueError(f"Each image needs a label: there are {count} and {len(y)}.")
        return y

    def train_step(self, data):
        """One update of D and one of G from one batch of (images, one-hot labels)."""
        real_images, labels = data
        global_batch = global_batch_of(real_images)
        z = self.draw_codes(tf.shape(real_images)[0])[:, : self.noise_dim]
        with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
            # G is asked for the very classes of the batch, so that only the images differ.
            fakes = self.generator(join_label(z, labels), training=True)
            logits, d_loss, d_objective = self.judge(
                (real_images, labels), (fakes, labels), global_batch
            )
            g_loss = generator_loss(
                logits["fake"], self.adversarial_loss, global_batch_size=global_batch
            )
            g_objective = g_loss + self.own_penalties(self.generator)
        self.update_both((d_tape, g_tape), (d_loss, g_loss), (d_objective, g_objective))
        return self.end_step(d_loss, g_loss, logits)

    def as_seen(self, images, stream):
        """An (images, labels) pair as D gets to see it: the image augmented, the planes added."""
        images, labels = images
        return add_label_planes(super().as_seen(images, stream), labels)

    def penalized_part(self, seen):
        """The image; the label, which is 0 or 1 and nothing between, is held."""
        channels = seen.shape[-1] - self.classes
        planes = seen[..., channels:]
        return seen[..., :channels], lambda images: tf.concat([images, planes], axis=3)
