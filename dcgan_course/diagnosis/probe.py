"""One forward and backward pass of two networks, as a function that can be compiled."""

import math

import keras
import numpy as np
import tensorflow as tf

from dcgan_course.networks.losses import KINDS, discriminator_loss, generator_loss

WITH_PROBABILITIES = ("non_saturating", "minimax")


class Probe:
    """Computes logits, losses and gradients on real samples and on fakes of fixed codes.

    Args:
        generator, discriminator: G and D.
        codes: a variable, and real: a tensor of the same count, of samples as D takes them.
        held_out: the same of samples that the training does not see, or None.
        loss: G's, a kind of `losses`; None where it is unknown. Then a D that ends in σ is
            taken to give probabilities, and its logits are computed from them.
        as_seen: a function, fakes → as D takes them.

    Attributes:
        has_probabilities: whether σ of D's logits means a probability.
    """

    def __init__(self, generator, discriminator, codes, real, held_out, loss, as_seen):
        self.generator, self.discriminator = generator, discriminator
        self.as_seen = as_seen
        self.codes, self.real = codes, real
        self.held_out = None if held_out is None else tf.constant(held_out)
        self.loss = loss if loss in KINDS else "non_saturating"
        limits = output_range(discriminator) or (-math.inf, math.inf)
        self._inverts = loss is None and limits[0] >= 0 and limits[1] <= 1
        self.has_probabilities = self._inverts or loss in WITH_PROBABILITIES

    def measure(self):
        """Return scalars, logits, samples and flat gradients by name, as tensors."""
        codes = tf.convert_to_tensor(self.codes)
        g_weights = self.generator.trainable_variables
        d_weights = self.discriminator.trainable_variables
        with tf.GradientTape(persistent=True) as tape:
            fakes = self.generator(codes, training=True)
            seen = self.as_seen(fakes)
            fake_logits = self._judge(seen)
            real_logits = self._judge(self.real)
            own = generator_loss(fake_logits, self.loss)
            steep = generator_loss(fake_logits, "non_saturating")
            d_loss = discriminator_loss(real_logits, fake_logits, self.loss)
        g_gradients = _gradients(tape, own, g_weights)
        same = self.loss == "non_saturating"
        g_steep = g_gradients if same else _gradients(tape, steep, g_weights)
        d_gradients = _gradients(tape, d_loss, d_weights)
        plain = tf.cast(self.generator(codes, training=False), tf.float32)
        fakes, seen = tf.cast(fakes, tf.float32), tf.cast(seen, tf.float32)
        measured = {
            "d_loss": d_loss,
            "g_loss": own,
            "d_real": tf.reduce_mean(tf.sigmoid(real_logits)),
            "d_fake": tf.reduce_mean(tf.sigmoid(fake_logits)),
            "g_gradient": _norm(g_gradients),
            "g_steep": _norm(g_steep),
            "d_gradient": _norm(d_gradients),
            "real_logits": real_logits,
            "fake_logits": fake_logits,
            "fakes": fakes,
            "plain_fakes": plain,
            "g_gradients": _flat(g_gradients),
            "d_gradients": _flat(d_gradients),
        }
        measured |= _by_layer("g", g_weights, g_gradients) | _by_layer("d", d_weights, d_gradients)
        # A straight line has in the middle the mean of its ends.
        together = tf.concat([self.real, seen, (self.real + seen) / 2], axis=0)
        ends, others, middle = tf.split(self._judge(together, training=False), 3)
        bend = _rms(ends + others - 2 * middle)
        measured["d_curvature"] = bend / (_rms(ends - others) + _rms(ends) * 1e-4 + 1e-12)
        measured["plain_logits"] = tf.concat([ends, others], axis=0)
        if self.held_out is not None:
            measured |= self._memory(real_logits, fake_logits)
        return measured

    def _memory(self, real_logits, fake_logits):
        # In one batch, so that batch norm treats both alike.
        logits = self._judge(tf.concat([self.real, self.held_out], axis=0))
        known, unknown = logits[: len(self.real)], logits[len(self.real) :]
        way = tf.reduce_mean(real_logits) - tf.reduce_mean(fake_logits)
        gap = tf.reduce_mean(known) - tf.reduce_mean(unknown)
        return {
            "memory": gap / tf.maximum(way, 0.1),
            "known_logits": known,
            "held_logits": unknown,
        }

    def _judge(self, samples, training=True):
        """D's logits, float32 (batch,); of a D with many outputs their mean."""
        logits = tf.nest.flatten(self.discriminator(samples, training=training))[0]
        logits = tf.cast(logits, tf.float32)
        if self._inverts:
            p = tf.clip_by_value(logits, 1e-7, 1 - 1e-7)
            logits = tf.math.log(p) - tf.math.log(1 - p)
        return tf.reduce_mean(tf.reshape(logits, [tf.shape(logits)[0], -1]), axis=1)


# --- what networks take and give ------------------------------------------------------


def inputs_of(generator, latent_dim=None):
    """The shape of one code, a tuple.

    Raises:
        ValueError: a G of several inputs, or of an unknown one.
    """
    if latent_dim is not None:
        return (int(latent_dim),)
    try:
        shape = generator.input_shape
    except (AttributeError, ValueError, RuntimeError):  # a subclassed model has none
        shape = None
    if shape is None or not all(isinstance(side, int) for side in shape[1:]):
        raise ValueError(
            f"The doctor cannot tell what {generator.name!r} takes as codes. Pass latent_dim= for "
            "a subclassed generator; one with several inputs cannot be examined."
        )
    return tuple(shape[1:])


def outputs_of(generator, codes):
    """The shape of one sample, a tuple."""
    try:
        shape = generator.output_shape
    except (AttributeError, ValueError, RuntimeError):
        shape = None
    if shape is None or None in shape[1:]:
        shape = generator(codes[:2], training=False).shape
    return tuple(int(side) for side in shape[1:])


def output_range(network):
    """The lowest and highest number that a network's last activation lets through.

    Returns:
        `(low, high)`, ±50 where nothing bounds it; None where the end is no plain chain of
        layers.
    """
    ending, values = [], np.linspace(-50, 50, 11)
    try:
        for layer in reversed(network.layers):
            if isinstance(layer, keras.Model) and layer.weights:
                return output_range(layer) if not ending else None
            if layer.weights:
                break
            ending.insert(0, layer)
        x = np.ones((11, *layer.output.shape[1:]), "float32")
        x *= values.reshape(11, *[1] * (x.ndim - 1)).astype("float32")
        if hasattr(layer, "activation") and layer.activation is not None:
            x = layer.activation(tf.constant(x))
        for each in ending:
            x = each(x)
        x = np.asarray(tf.cast(x, tf.float32))
        return float(x.min()), float(x.max())
    except Exception:  # whatever its layers are, an unknown end is no reason to fail
        return None


def uneven_layers(network):
    """Count transposed convolutions whose stride does not divide their kernel.

    They write some pixels by more weights than others (Odena et al. 2016,
    distill.pub/2016/deconv-checkerboard).
    """
    return sum(
        any(size % step for size, step in zip(layer.kernel_size, layer.strides, strict=True))
        for layer in getattr(network, "layers", [])
        if isinstance(layer, keras.layers.Conv2DTranspose)
    )


# --- gradients ------------------------------------------------------------------------


def _gradients(tape, loss, weights):
    """Gradients, zeros for weights that a loss does not depend on."""
    # Keras' variables and unconnected_gradients="zero" do not go together.
    return [
        tf.zeros(weight.shape) if gradient is None else tf.cast(gradient, tf.float32)
        for gradient, weight in zip(tape.gradient(loss, weights), weights, strict=True)
    ]


def _norm(gradients):
    return tf.linalg.global_norm(gradients) if gradients else tf.zeros([])


def _flat(gradients):
    parts = [tf.reshape(gradient, [-1]) for gradient in gradients]
    return tf.concat(parts, axis=0) if parts else tf.zeros([0])


def _by_layer(name, weights, gradients):
    """Gradients of the first and of the last kernel, in the kernel's own size."""
    sizes = [
        _rms(gradient) / (_rms(tf.cast(weight, tf.float32)) + 1e-12)
        for weight, gradient in zip(weights, gradients, strict=True)
        if len(weight.shape) >= 2
    ]
    if not sizes:
        return {}
    return {f"{name}_gradient_first": sizes[0], f"{name}_gradient_last": sizes[-1]}


def _rms(x):
    return tf.sqrt(tf.reduce_mean(tf.square(x)))
