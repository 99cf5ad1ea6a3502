"""What a discriminator says about an image: a probability, and a bar."""

import numpy as np

from dcgan_course.latent.errors import LatentError


class Opinion:
    """A discriminator's opinion on the picture that is shown.

    Args:
        discriminator: a Keras model: images → logits (batch, 1). Of a `ConditionalDCGAN`: images
            with a plane for each class.
        classes: how many planes it takes.

    Attributes:
        widget: a line of text and a bar.

    Raises:
        LatentError: a model that gives no logits.
    """

    def __init__(self, discriminator, classes=0):
        import ipywidgets
        import tensorflow as tf

        shape = getattr(discriminator, "output_shape", None)
        if not (isinstance(shape, tuple) and len(shape) == 2 and shape[1] == 1):
            raise LatentError(
                f"A discriminator maps images to one logit each; this one has outputs of {shape}."
            )
        signature = [tf.TensorSpec(discriminator.input_shape, tf.float32)]
        self._judge = tf.function(
            lambda images: discriminator(images, training=False), input_signature=signature
        )
        self._classes = classes
        self.widget = ipywidgets.HTML()
        self.widget.add_class("dx-opinion")

    def logits(self, images, labels=None):
        """D's logits, float32 (count,): above 0 for "real".

        Args:
            images: float (count, height, width, channels).
            labels: float (count, classes), for a D that takes planes.
        """
        if self._classes:
            planes = np.broadcast_to(labels[:, None, None], (*images.shape[:3], self._classes))
            images = np.concatenate([images, planes], axis=3)
        return np.asarray(self._judge(images), "float32")[:, 0]

    def show(self, images, labels=None):
        """Say what D takes the first image for."""
        logit = self.logits(images[:1], labels)[0]
        real = 1 / (1 + np.exp(-np.clip(logit, -50, 50)))
        self.widget.value = (
            f"<p>D: {real:.0%} real</p>"
            f'<div class="dx-bar"><div style="width:{real:.1%}"></div></div>'
        )
