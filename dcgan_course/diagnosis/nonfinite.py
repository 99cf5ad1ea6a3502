"""Find where NaN or infinite values come from."""

import tensorflow as tf

from dcgan_course.networks.losses import discriminator_loss, generator_loss


def first_not_finite(generator, discriminator, codes, real, loss="non_saturating"):
    """Where NaN or infinite values come from: the first place on the way from codes to losses.

    Args:
        generator, discriminator: G and D, each a stack of layers.
        codes: (batch, latent_dim).
        real: real samples.
        loss: G's, a kind of `losses`.

    Returns:
        A text that names network, layer, and what of it is not finite.
    """
    if not _all_finite(real):
        return "the real samples"
    fakes, place = _walk("G", generator, codes)
    for name, x in (("D, on fakes,", fakes), ("D, on real samples,", real)):
        if place is None:
            _, place = _walk(name, discriminator, x)
    if place is not None:
        return place
    with tf.GradientTape() as tape:
        fake_logits = discriminator(generator(codes, training=True), training=True)
        real_logits = discriminator(real, training=True)
        losses = {
            "D's loss": discriminator_loss(real_logits, fake_logits, loss),
            "G's loss": generator_loss(fake_logits, loss),
        }
        total = tf.add_n(list(losses.values()))
    for name, value in losses.items():
        if not _all_finite(value):
            return name
    # From the losses backwards: D before G, and in each the last layer first.
    owners = [
        (f"{name}, layer {layer.name}", weight)
        for name, network in (("G", generator), ("D", discriminator))
        for layer in network.layers
        for weight in layer.trainable_variables
    ]
    gradients = tape.gradient(total, [weight for _, weight in owners])
    for (owner, _), gradient in reversed(list(zip(owners, gradients, strict=True))):
        if gradient is not None and not _all_finite(gradient):
            return f"{owner}: the gradient of its weights"
    return "nothing on the doctor's own samples, so the batch of that step may hold such values"


def _walk(name, network, x):
    for index, layer in enumerate(network.layers, start=1):
        where = f"{name} layer {index} of {len(network.layers)}, {layer.name}"
        for weight in layer.trainable_variables:
            if not _all_finite(weight):
                return None, f"{where}: its weights"
        x = layer(x, training=True)
        if not _all_finite(x):
            return None, f"{where}: its output, from an input and weights that are finite"
    return tf.cast(x, tf.float32), None


def _all_finite(x):
    return bool(tf.reduce_all(tf.math.is_finite(tf.cast(x, tf.float32))))
