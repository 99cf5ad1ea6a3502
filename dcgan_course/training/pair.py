"""Which two networks make a GAN: a look at both before anything is trained."""

import inspect
import warnings

import keras

from dcgan_course.checks import shown
from dcgan_course.training.optimizers import check_trainable

# Activations that keep a network's output from being any number, as a logit should be.
_BOUNDED = {
    "sigmoid": "between 0 and 1",
    "hard_sigmoid": "between 0 and 1",
    "softmax": "1, as one number's share of all",
    "log_softmax": "0, as the logarithm of one number's share",
    "log_sigmoid": "below 0",
    "tanh": "between −1 and 1",
    "hard_tanh": "between −1 and 1",
    "softsign": "between −1 and 1",
    "softplus": "above 0",
    "relu": "0 or more",
    "relu6": "between 0 and 6",
    "exponential": "above 0",
}
_NEVER_NEGATIVE = ("sigmoid", "hard_sigmoid", "softmax", "softplus", "relu", "relu6", "exponential")
_PASSES_ON = ("Flatten", "Reshape", "Dropout", "Identity", "Permute", "Cast", "Squeeze")


def check_pair(generator, discriminator, *, label_planes=False):
    """Check that two networks can train against each other.

    Args:
        generator: G, a `keras.Sequential` or functional model: codes (batch, latent_dim) →
            samples.
        discriminator: D, the same: samples → logits (batch, 1).
        label_planes: whether D also takes a plane for each class, and G a number for each.

    Raises:
        ValueError: what is no such network, networks that do not fit, that share weights or
            do not learn, or a D that returns probabilities.
    """
    for name, network in (("G", generator), ("D", discriminator)):
        _check_network(name, network)
    if generator is discriminator:
        raise ValueError("G and D are the same network: build two.")
    _check_shapes(generator, discriminator, label_planes)
    shared = {id(weight) for weight in generator.weights}
    shared &= {id(weight) for weight in discriminator.weights}
    if shared:
        raise ValueError(
            f"G and D share {len(shared)} weights, which both would move: build each network "
            "from layers of its own."
        )
    for name, network in (("G", generator), ("D", discriminator)):
        check_trainable(name, network)
    last = final_activation(discriminator)
    if last in _BOUNDED:
        raise ValueError(
            f"D ends in {last}, so its output is {_BOUNDED[last]}, but it should return a logit, "
            "any number: leave the activation out, as the losses apply the sigmoid themselves."
        )
    last = final_activation(generator)
    if last in _NEVER_NEGATIVE and len(generator.output_shape) == 4:
        warnings.warn(
            f"G ends in {last} and never draws below 0, but images lie in [−1, 1]: end it in tanh.",
            stacklevel=3,
        )


def check_compiled(gan):
    """Raise `ValueError` unless a GAN's optimizers still serve the weights that train."""
    if not gan.compiled:
        raise ValueError("The GAN has no optimizers yet: call compile() before fit().")
    for name, network in (("G", gan.generator), ("D", gan.discriminator)):
        before, now = gan.trained_weights[name], weight_ids(network)
        if before != now:
            raise ValueError(
                f"Weights of {name} have been frozen or unfrozen since compile: {len(before)} "
                f"trained then, {len(now)} would train now. Call compile again."
            )


def weight_ids(network):
    """Which weights of a network train, as plain numbers."""
    return [id(weight) for weight in network.trainable_variables]


def _check_network(name, network):
    if isinstance(network, type):
        raise ValueError(f"{name} is the class {network.__name__}, not a model made from it.")
    if not isinstance(network, keras.Model):
        called = " Call the function that builds it." if inspect.isroutine(network) else ""
        raise ValueError(
            f"{name} should be a keras.Sequential or a functional keras.Model, not "
            f"{shown(network)}.{called}"
        )
    codes = "(latent_dim,)" if name == "G" else "(height, width, channels)"
    try:
        shapes = network.input_shape, network.output_shape
    except (AttributeError, ValueError) as problem:
        if isinstance(network, keras.Sequential):
            raise ValueError(
                f"{name} does not know its shapes yet: begin the model with keras.Input({codes})."
            ) from problem
        raise ValueError(
            f"{name} is a {type(network).__name__}, a subclass whose shapes Keras does not know: "
            f"wrap it, keras.Sequential([keras.Input({codes}), model])."
        ) from problem
    for kind, shape in zip(("input", "output"), shapes, strict=True):
        if not isinstance(shape, tuple) or not all(n is None or isinstance(n, int) for n in shape):
            count = len(shape) if isinstance(shape, (list, tuple, dict)) else "several"
            raise ValueError(f"{name} should have one {kind}, not {count}: {shown(shape)}.")


def _check_shapes(generator, discriminator, label_planes):
    codes = tuple(generator.input_shape)
    if len(codes) != 2 or not codes[1]:
        numbers = codes[-1] or "latent_dim"
        raise ValueError(
            f"G should take codes of shape (batch, latent_dim), not {codes}: begin it with "
            f"keras.Input(({numbers},))"
            + (f" and layers.Reshape({codes[1:]})." if len(codes) > 2 else ".")
        )
    made, expected = tuple(generator.output_shape), tuple(discriminator.input_shape)
    if label_planes:
        expected = _without_planes(codes, made, expected)
    if made != expected or None in made[1:]:
        raise ValueError(
            f"G makes images of shape {made[1:]}, D expects {expected[1:]}: they should be equal, "
            "and of a fixed size."
        )
    output = tuple(discriminator.output_shape[1:])
    several = isinstance(discriminator.layers[-1], keras.layers.Concatenate)  # heads, on purpose
    if output != (1,) and not (several and len(output) == 1):
        hint = (
            " Put layers.Flatten() at its end."
            if set(discriminator.output_shape[1:]) <= {1}
            else " Put layers.Flatten() and layers.Dense(1) at its end."
            if len(discriminator.output_shape) > 2
            else " End it in layers.Dense(1)."
        )
        raise ValueError(
            f"D should return one logit, shape (batch, 1), not {discriminator.output_shape}.{hint}"
        )


def _without_planes(codes, made, expected):
    """What D expects of G: its input without the planes of the labels."""
    classes = expected[-1] - made[-1] if len(made) == len(expected) == 4 else 0
    if classes < 2:
        raise ValueError(
            f"D should take images like G's, {made[1:]}, with a plane more for each of at least 2 "
            f"classes, not {expected[1:]}."
        )
    if codes[1] <= classes:
        raise ValueError(
            f"G should take a latent vector and a label of {classes} numbers, so more than "
            f"{classes} in all, not {codes[1]}."
        )
    return (*expected[:-1], made[-1])


def final_activation(network):
    """The name of the activation that a network ends in, such as "tanh".

    Layers that only pass numbers on, such as `Flatten`, are looked through. "linear" where there
    is none, or none that can be found.
    """
    tensor = network.outputs[0]
    for _ in range(100):  # no network ends in so many reshapes
        # Keras offers no public way from a tensor back to what has made it.
        operation, node, _ = tensor._keras_history  # noqa: SLF001
        if isinstance(operation, keras.Model):
            if not getattr(operation, "outputs", None):  # a subclass, which nobody can look into
                return "linear"
            tensor = operation.outputs[0]
            continue
        name = _activation_of(operation)
        if name is not None or type(operation).__name__ not in _PASSES_ON:
            break
        tensor = operation._inbound_nodes[node].input_tensors[0]  # noqa: SLF001
    return name or "linear"


def _activation_of(operation):
    """The name of the activation in a layer, or of a layer or function that is one; or None."""
    operation = getattr(operation, "layer", operation)  # inside such as SpectralNormalization
    activation = getattr(operation, "activation", None)
    if activation is None:
        kind = type(operation).__name__
        name = "".join(f"_{letter}" if letter.isupper() else letter for letter in kind)
        name = {"re_l_u": "relu", "exp": "exponential"}.get(name.lower()[1:], name.lower()[1:])
        return name if name in _BOUNDED else None
    name = getattr(activation, "__name__", None) or _activation_of(activation) or "linear"
    return None if name == "linear" else name
