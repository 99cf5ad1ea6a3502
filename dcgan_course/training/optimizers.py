"""The two optimizers of a GAN: which are accepted, what identifies them, how to schedule them."""

import inspect

import keras
import tensorflow as tf

from dcgan_course.checks import number, one_of, shown

NETWORKS = ("generator", "discriminator")


# --- two optimizers for two networks --------------------------------------------------


def optimizers_for(generator, discriminator, g_optimizer=None, d_optimizer=None, *, scale=True):
    """Make, check and build the optimizers of both networks.

    Args:
        generator, discriminator: the networks.
        g_optimizer, d_optimizer: each a Keras optimizer, a name such as "adam", or None for
            Adam(2e-4, β1 0.5), as in the DCGAN paper.
        scale: True scales the losses where a network computes in float16, by Keras'
            `LossScaleOptimizer`: small gradients would be lost there.

    Returns:
        `(g_optimizer, d_optimizer)`, built for the weights that train now.

    Raises:
        ValueError: no optimizer, one for both networks, one that already serves other weights,
            or a network without weights that train.
    """
    pair = [
        _optimizer("g_optimizer", g_optimizer),
        _optimizer("d_optimizer", d_optimizer),
    ]
    if pair[0] is pair[1]:
        raise ValueError(
            f"g_optimizer and d_optimizer are the same {type(pair[0]).__name__} object, but an "
            "optimizer keeps moments for one network: make a second one."
        )
    networks = (generator, discriminator)
    if scale and any(_computes_in_float16(network) for network in networks):
        pair = [one if _scales_itself(one) else _scaled(one) for one in pair]
    for which, network, optimizer in zip("gd", networks, pair, strict=True):
        weights = network.trainable_variables
        check_trainable(which.upper(), network)
        if not optimizer.built:
            optimizer.build(weights)
        # With one that serves other weights the first step would end in "Unknown variable".
        served = getattr(_innermost(optimizer), "_trainable_variables", weights)
        if [id(weight) for weight in served] != [id(weight) for weight in weights]:
            raise ValueError(
                f"{which}_optimizer already keeps the moments of {len(served)} other weights, of "
                f"another network or of before some were frozen: make a new one."
            )
    return tuple(pair)


def check_trainable(name, network):
    """Raise `ValueError` where a network has no weights that train."""
    if not network.trainable_variables:
        raise ValueError(
            f"{name} has no weights that train, so it would learn nothing: set "
            f"`trainable = True` on {network.name!r} and on its layers, then build the GAN."
        )


def _optimizer(name, given):
    if given is None:
        return keras.optimizers.Adam(2e-4, beta_1=0.5)
    if isinstance(given, (str, dict)):
        try:
            given = keras.optimizers.get(given)
        except (ValueError, TypeError, KeyError) as problem:
            raise ValueError(
                f"{name} should be a Keras optimizer or the name of one, such as 'adam', not "
                f"{shown(given)}."
            ) from problem
    if isinstance(given, type) and issubclass(given, keras.optimizers.Optimizer):
        raise ValueError(f"{name} is the class {given.__name__}: write {given.__name__}(2e-4).")
    if not isinstance(given, keras.optimizers.Optimizer):
        raise ValueError(
            f"{name} should be a Keras optimizer, such as keras.optimizers.Adam(2e-4), not "
            f"{shown(given)}."
        )
    if getattr(_innermost(given), "use_ema", False):
        raise ValueError(
            f"{name} has use_ema=True, whose average would never reach the network: leave it out "
            "and give the GAN average=0.999."
        )
    return given


def _innermost(optimizer):
    """The optimizer that holds the moments: inside a `LossScaleOptimizer`, else itself."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def scales_loss(optimizer):
    """Whether an optimizer looks after overflow by itself, as a `LossScaleOptimizer` does."""
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer)


def _scales_itself(optimizer):
    return scales_loss(optimizer) or getattr(optimizer, "loss_scale_factor", None) is not None


def _scaled(optimizer):
    return keras.optimizers.LossScaleOptimizer(optimizer)


def _computes_in_float16(network):
    return any(layer.compute_dtype == "float16" for layer in _layers(network))


def _layers(network):
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def scaled_gradients(tape, objective, weights, optimizer):
    """Gradients as an optimizer wants them: of the loss times its scale, where it has one.

    `tape.gradient` multiplies by `output_gradients`, which is the same as scaling the loss.
    The optimizer divides by the scale again before it moves the weights.
    """
    scale = getattr(optimizer, "scale_loss", lambda loss: loss)(tf.ones_like(objective))
    return tape.gradient(objective, weights, output_gradients=scale)


# --- what identifies a training -------------------------------------------------------


def described(optimizer):
    """What an optimizer was made with, as plain data: texts, numbers, dictionaries.

    Names are left out, which count the optimizers of a process.
    """
    try:
        config = optimizer.get_config()
    except NotImplementedError:  # a schedule of the user's own, without get_config
        names = inspect.signature(type(optimizer).__init__).parameters
        config = {
            name: getattr(optimizer, name)
            for name in names
            if name != "learning_rate" and hasattr(optimizer, name)
        }
        schedule = getattr(optimizer, "_learning_rate", None)
        facts = {name: value for name, value in vars(schedule).items() if _is_plain(value)}
        config["learning_rate"] = {"class_name": type(schedule).__name__, "config": facts}
    return {"class_name": type(optimizer).__name__, **_plain(config)}


def settings_of(gan, data):
    """What shapes a training, as plain data: another value starts another training.

    Args:
        gan: a compiled `DCGAN`. Its optimizers count as they were when `compile` got them;
            what a schedule or a callback has made of their rates since is state, not identity.
        data: plain data by which the images are known.
    """
    return {
        "data": data,
        "step": type(gan).__name__,
        "seed": gan.seed,
        "average": gan.average,
        "loss": gan.adversarial_loss,
        "label_smoothing": gan.label_smoothing,
        "label_noise": gan.label_noise,
        "r1": gan.r1,
        "augment": gan.augment and gan.augment.__name__,
        **gan.compiled_with,
    }


def tracked_settings(gan):
    """What shapes a training, as one level of plain values by name, for an experiment tracker."""
    held = settings_of(gan, None)
    del held["data"]
    for name in ("g_optimizer", "d_optimizer"):
        config = held.pop(name)
        config = config.get("inner_optimizer", {}).get("config", config)
        held[name] = type(_innermost(getattr(gan, name))).__name__
        for key in ("learning_rate", "beta_1"):
            value = config.get(key)
            if isinstance(value, dict):  # a schedule
                numbers = {k: v for k, v in value.get("config", {}).items() if k != "name"}
                value = f"{value.get('class_name')} {numbers}"
            elif isinstance(value, float):
                value = float(f"{value:.6g}")  # not 0.000199999994
            if value is not None:
                held[f"{name}/{key}"] = value
    return held


def differences(saved, present):
    """In what two settings differ.

    Within an optimizer's settings another version of Keras may know an option more or fewer:
    what only one side knows is no difference there.

    Args:
        saved, present: dictionaries of plain data, from a checkpoint and of now.

    Returns:
        A text "key: saved → present" for each difference.
    """
    # Old checkpoints know neither the kind of step that made them nor a fingerprint of the images.
    both = saved.keys() & present.keys()
    keys = {key for key in {*saved, *present} if key in both or key not in ("step", "images")}
    return _differences(saved, present, sorted(keys))


def _differences(saved, present, keys):
    found = []
    for key in keys:
        old, new = saved.get(key), present.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            inner = _differences(old, new, sorted(set(old) & set(new)))
            found += [f"{key}/{text}" for text in inner]
        elif old != new and str(old) != str(new):  # old checkpoints hold texts for numbers
            found.append(f"{key}: {old} → {new}")
    return found


def with_step_count(arrays):
    """Arrays of a checkpoint, with the GAN's count of steps also where an old one lacks it.

    Checkpoints of before the GAN counted its steps leave that to D's optimizer.
    """
    if "step_count/000" in arrays or "d_optimizer/000" not in arrays:
        return arrays
    return {**arrays, "step_count/000": arrays["d_optimizer/000"].astype("int64")}


def _is_plain(value):
    return value is None or isinstance(value, (bool, int, float, str))


def _plain(value):
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items() if key != "name"}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if _is_plain(value):
        return value
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)  # no address in memory
    return str(value)


# --- changing learning rates ----------------------------------------------------------


class ScheduleLearningRates(keras.callbacks.Callback):
    """Change the learning rates of a `DCGAN` at the beginning of each epoch.

    Keras' own `LearningRateScheduler` acts on one optimizer; a GAN has two.

    Args:
        schedule: a function (epoch, rate) → rate, as in Keras: the number of complete epochs
            and the rate of the epoch before.
        network: "generator" or "discriminator" changes that network's rate alone; None both.

    Raises:
        ValueError: a schedule that cannot be called, an unknown network, or, in training, an
            optimizer that already has a schedule, or a rate below 0.
    """

    def __init__(self, schedule, network=None):
        super().__init__()
        if not callable(schedule):
            raise ValueError(
                f"schedule should be a function (epoch, rate) → rate, not {shown(schedule)}."
            )
        self.schedule = schedule
        if network is not None:
            one_of("network", network, NETWORKS)
        self.networks = NETWORKS if network is None else (network,)

    def on_epoch_begin(self, epoch, logs=None):
        """Set the rates of this epoch."""
        for network in self.networks:
            optimizer = getattr(self.model, f"{network[0]}_optimizer")
            inner = _innermost(optimizer)
            if isinstance(
                getattr(inner, "_learning_rate", None),
                keras.optimizers.schedules.LearningRateSchedule,
            ):
                raise ValueError(
                    f"The {network}'s optimizer has a learning-rate schedule already: give it a "
                    "number, or leave out ScheduleLearningRates."
                )
            rate = self.schedule(epoch, float(keras.ops.convert_to_numpy(inner.learning_rate)))
            inner.learning_rate = number("The rate that the schedule returns", rate, minimum=0)
