"""Find where NaN or infinite values come from."""

import keras
import tensorflow as tf

from dcgan_course.networks.losses import discriminator_loss, generator_loss


def first_not_finite(
    generator, discriminator, codes, real, loss="non_saturating", *, as_seen=lambda fakes: fakes
):
    """Where NaN or infinite values come from: the first place on the way from codes to losses.

    Args:
        generator, discriminator: G and D, of any architecture; layer by layer they are followed
            where Keras knows how the layers are connected.
        codes: (batch, latent_dim).
        real: real samples, as D takes them.
        loss: G's, a kind of `losses`.
        as_seen: a function, fakes → as D takes them.

    Returns:
        A text that names network, layer, and what of it is not finite.
    """
    if not _all_finite(real):
        return "the real samples"
    fakes, place = _walk("G", generator, tf.convert_to_tensor(codes))
    if place is None:
        _, place = _walk("D, on fakes,", discriminator, as_seen(fakes))
    if place is None:
        _, place = _walk("D, on real samples,", discriminator, real)
    if place is not None:
        return place
    with tf.GradientTape() as tape:
        fake_logits = _logits(discriminator, as_seen(generator(codes, training=True)))
        real_logits = _logits(discriminator, real)
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
    """Follow x through a network: its last output, and the first place that is not finite."""
    layers = getattr(network, "layers", None) or [network]
    for index, layer in enumerate(layers, start=1):
        for weight in layer.trainable_variables:
            if not _all_finite(weight):
                return None, f"{name} layer {index} of {len(layers)}, {layer.name}: its weights"
    for index, layer, output in _outputs(network, layers, x):
        where = name if layer is network else f"{name} layer {index} of {len(layers)}, {layer.name}"
        if not _all_finite(output):
            return None, f"{where}: its output, from an input and weights that are finite"
    return tf.cast(output, tf.float32), None


def _outputs(network, layers, x):
    """Each layer's output in the order of computation; of an unknown network its own alone."""
    if isinstance(network, keras.Sequential):
        for index, layer in enumerate(layers, start=1):
            x = layer(x, training=True)
            yield index, layer, x
        return
    try:
        known = [(index, layer) for index, layer in enumerate(layers, 1) if _is_float(layer)]
        outputs = keras.Model(network.inputs, [layer.output for _, layer in known])(
            x, training=True
        )
    except Exception:  # a subclassed network, or a layer that is used twice
        yield 1, network, tf.nest.flatten(network(x, training=True))[0]
        return
    for (index, layer), output in zip(known, outputs, strict=True):
        yield index, layer, output


def _is_float(layer):
    return isinstance(layer.output, keras.KerasTensor) and "float" in layer.output.dtype


def _logits(discriminator, samples):
    logits = tf.nest.flatten(discriminator(samples, training=True))[0]
    return tf.reshape(tf.cast(logits, tf.float32), [-1])


def _all_finite(x):
    return bool(tf.reduce_all(tf.math.is_finite(tf.cast(x, tf.float32))))
