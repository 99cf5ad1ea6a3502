"""Two optimizers: which are accepted, what each does, and what a checkpoint compares."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dcgan_course import DCGAN, CombinedDCGAN, Track, Tracker
from dcgan_course.training.faces import FaceDCGAN

SHAPE = (4, 4, 1)
ADAM, SGD = keras.optimizers.Adam, keras.optimizers.SGD


def networks(policy=None, **dense):
    options = {"dtype": policy} if policy else {}
    keras.utils.set_random_seed(1)
    g = [keras.Input((3,)), layers.Dense(16, "tanh", **options, **dense), layers.Reshape(SHAPE)]
    d = [keras.Input(SHAPE), layers.Flatten(), layers.Dense(8, **options, **dense)]
    return keras.Sequential(g), keras.Sequential([*d, layers.Dense(1, dtype="float32")])


def gan(g_optimizer=None, d_optimizer=None, kind=DCGAN, average=None, policy=None, **options):
    made = kind(*networks(policy), seed=1, average=average)
    made.compile(g_optimizer, d_optimizer, **options)
    return made


def images(count=16):
    return np.random.default_rng(0).uniform(-1, 1, (count, *SHAPE)).astype("float32")


def train(made, epochs=1, **options):
    return made.fit(images(), batch_size=4, epochs=epochs, verbose=0, **options)


def weights(network):
    return [weight.numpy() for weight in network.weights]


def moved(one, other):
    return max(np.abs(a - b).max() for a, b in zip(one, other, strict=True))


def rate(optimizer):
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


# --- which are accepted ---------------------------------------------------------------


def test_names_make_an_optimizer_for_each_network():
    made = gan("adam", "rmsprop")
    assert isinstance(made.g_optimizer, ADAM)
    assert isinstance(made.d_optimizer, keras.optimizers.RMSprop)
    same = gan("adam", "adam")
    assert same.g_optimizer is not same.d_optimizer
    before = weights(same)
    train(same)
    assert moved(before, weights(same)) > 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("adamm", "g_optimizer should be a Keras optimizer or the name"),
        (ADAM, r"is the class Adam: write Adam\("),
        (1e-3, "g_optimizer should be a Keras optimizer"),
        (False, "g_optimizer should be a Keras optimizer"),
        ([ADAM(1e-3), ADAM(1e-3)], "g_optimizer should be a Keras optimizer"),
        (ADAM(1e-3, use_ema=True), "use_ema.*average="),
    ],
    ids=["misspelled", "a class", "a number", "False", "a list", "use_ema"],
)
def test_what_is_no_optimizer_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        gan(given)


def test_one_optimizer_for_both_networks_is_refused():
    adam = ADAM(1e-3)
    with pytest.raises(ValueError, match="same Adam object"):
        gan(adam, adam)


def test_an_optimizer_of_another_gan_is_refused_and_its_own_is_not():
    first = gan()
    with pytest.raises(ValueError, match="g_optimizer already keeps the moments"):
        gan(first.g_optimizer)
    first.compile(first.g_optimizer, first.d_optimizer, loss="hinge")
    train(first)


def test_weights_frozen_or_unfrozen_after_compile_are_named():
    made = gan()
    made.discriminator.layers[1].trainable = False
    with pytest.raises(ValueError, match=r"D have been frozen or unfrozen.*Call compile again"):
        train(made)
    made.compile()
    kept = made.discriminator.layers[1].kernel.numpy()
    train(made)
    np.testing.assert_array_equal(kept, made.discriminator.layers[1].kernel.numpy())
    made.discriminator.layers[1].trainable = True
    with pytest.raises(ValueError, match="4 would train now"):
        train(made)


def test_a_frozen_discriminator_is_refused_at_compile():
    made = DCGAN(*networks())
    made.discriminator.trainable = False
    with pytest.raises(ValueError, match="D has no weights that train"):
        made.compile()


def test_no_third_optimizer_is_made():
    assert gan().optimizer is None


# --- the loss is scaled where an optimizer divides by a scale ------------------------------


@pytest.mark.parametrize("kind", [DCGAN, CombinedDCGAN, FaceDCGAN])
@pytest.mark.parametrize(
    "scaled",
    [
        lambda: keras.optimizers.LossScaleOptimizer(SGD(0.1)),
        lambda: SGD(0.1, loss_scale_factor=4096.0),
    ],
    ids=["LossScaleOptimizer", "loss_scale_factor"],
)
def test_a_scaled_loss_trains_as_an_unscaled_one(kind, scaled):
    plain, other = gan(SGD(0.1), SGD(0.1), kind), gan(scaled(), scaled(), kind)
    start = weights(plain)
    train(plain)
    train(other)
    assert moved(weights(plain), weights(other)) < 1e-5
    assert moved(weights(plain), start) > 1e-3


@pytest.mark.slow(seconds=3)
def test_float16_is_scaled_by_itself_and_resumes(tmp_path):
    def build():
        return gan(SGD(0.1), SGD(0.1), policy="mixed_float16")

    whole, parts = build(), build()
    assert isinstance(whole.g_optimizer, keras.optimizers.LossScaleOptimizer)
    assert isinstance(whole.d_optimizer, keras.optimizers.LossScaleOptimizer)
    start = weights(whole.generator)
    train(whole, 2)
    train(parts, 1, resume=tmp_path)
    parts = build()
    train(parts, 2, resume=tmp_path)
    assert moved(start, weights(whole.generator)) > 1e-4
    assert moved(weights(whole), weights(parts)) == 0
    assert int(parts.step_count) == 8
    unscaled = gan(SGD(0.1), SGD(0.1), policy="mixed_float16", auto_scale_loss=False)
    assert isinstance(unscaled.g_optimizer, SGD)


def test_an_overflow_of_scaled_gradients_is_no_broken_step():
    """The optimizer passes such a step over; a guard should not take it for the end."""
    huge = keras.optimizers.LossScaleOptimizer(SGD(0.1), initial_scale=2.0**127)
    made = gan(huge, "sgd")
    kernel = made.discriminator.layers[-1].kernel
    kernel.assign(1000 * kernel)  # so that G's scaled gradient leaves float32
    made.guard()
    train(made)
    assert float(keras.ops.convert_to_numpy(huge.dynamic_scale)) < 2.0**127
    assert int(made.first_bad_step) == -1
    assert all(np.isfinite(weight).all() for weight in weights(made))


def test_penalties_of_the_networks_own_layers_count():
    """`kernel_regularizer` adds its gradient, 2 λ w, to that of the loss."""
    ends = {}
    for strength in (0.0, 0.5):
        regularizer = keras.regularizers.L2(strength) if strength else None
        made = DCGAN(*networks(kernel_regularizer=regularizer), seed=1)
        made.compile(SGD(0.1), SGD(0.1))
        start = [
            network.layers[i].kernel.numpy()
            for network, i in ((made.generator, 0), (made.discriminator, 1))
        ]
        made.train_step(tf.constant(images(4)))
        ends[strength] = made.generator.layers[0].kernel, made.discriminator.layers[1].kernel
    for index in range(2):
        difference = ends[0.0][index].numpy() - ends[0.5][index].numpy()
        np.testing.assert_allclose(difference, 0.1 * 2 * 0.5 * start[index], atol=1e-6)


# --- steps are counted by the GAN --------------------------------------------------------


def test_accumulated_gradients_see_other_codes_in_every_step():
    drawn = []

    class Drawing(DCGAN):
        def draw_codes(self, count, stream=0):
            z = super().draw_codes(count, stream)
            drawn.append(z.numpy())
            return z

    def adam():
        return ADAM(1e-2, gradient_accumulation_steps=4)

    made = Drawing(*networks(), seed=1, average=0.5)
    made.compile(adam(), adam(), run_eagerly=True, label_noise=0.1)
    before = weights(made.generator)
    train(made)  # 4 steps, which are one update
    assert int(made.step_count) == 4
    assert len({z.tobytes() for z in drawn}) == 4
    assert moved(before, weights(made.generator)) > 0


@pytest.mark.parametrize("kind", [DCGAN, CombinedDCGAN, FaceDCGAN])
def test_every_kind_of_step_counts_once(kind):
    made = gan(kind=kind, average=0.5)
    train(made, 2)
    assert int(made.step_count) == int(made.steps_done()) == 8


def test_a_checkpoint_without_a_count_of_steps_goes_on(tmp_path):
    """As written before the GAN counted its steps, and before its kind was among the settings."""
    whole = gan(average=0.5)
    train(whole, 2)
    train(gan(average=0.5), 1, resume=tmp_path)
    path = tmp_path / "epoch-00001.npz"
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name != "step_count/000"}
    about = json.loads(str(arrays.pop("about")))
    del about["settings"]["step"]
    for name in ("g_optimizer", "d_optimizer"):  # texts then, and of Keras 3.0.5 one key fewer
        config = about["settings"][name]
        config.pop("gradient_accumulation_steps", None)
        about["settings"][name] = {key: str(value) for key, value in config.items()}
    np.savez(path, about=np.array(json.dumps(about)), **arrays)
    parts = gan(average=0.5)
    train(parts, 2, resume=tmp_path)
    assert int(parts.step_count) == 8
    assert moved(weights(whole), weights(parts)) == 0


# --- identity and state ------------------------------------------------------------------


def test_a_callback_that_changes_rates_does_not_make_another_training(tmp_path, capsys):
    from dcgan_course import ScheduleLearningRates

    def halves():
        return [ScheduleLearningRates(lambda epoch, rate: rate / 2 if epoch else rate)]

    whole = gan(ADAM(1e-2), ADAM(1e-2))
    train(whole, 4, callbacks=halves())
    parts = gan(ADAM(1e-2), ADAM(1e-2))
    train(parts, 2, resume=tmp_path, callbacks=halves())
    train(parts, 4, resume=tmp_path, callbacks=halves())  # the cell once more, same process
    assert "other settings" not in capsys.readouterr().out
    assert int(parts.step_count) == 16
    assert rate(parts.g_optimizer) == rate(parts.d_optimizer) == pytest.approx(1e-2 / 8)
    assert moved(weights(whole), weights(parts)) == 0


@pytest.mark.parametrize(
    "change",
    [
        dict(g_optimizer=ADAM(2e-3)),
        dict(g_optimizer="sgd"),
        dict(loss="hinge"),
        dict(label_noise=0.1),
        dict(kind=CombinedDCGAN),
    ],
    ids=["rate", "optimizer", "loss", "noise", "step"],
)
def test_what_compile_was_given_makes_another_training(change, tmp_path, capsys):
    train(gan(ADAM(1e-3)), 1, resume=tmp_path)
    changed = gan(**{"g_optimizer": ADAM(1e-3), **change})
    train(changed, 1, resume=tmp_path)
    assert "other settings" in capsys.readouterr().out


class Falling(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule of one's own, without `get_config`."""

    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start / (1 + tf.cast(step, tf.float32))


SCHEDULES = {
    "of Keras": lambda start: keras.optimizers.schedules.ExponentialDecay(start, 2, 0.5),
    "without get_config": Falling,
}


@pytest.mark.slow(seconds=3)
@pytest.mark.parametrize("which", SCHEDULES)
def test_schedules_train_resume_and_are_tracked(which, tmp_path, capsys):
    def build(start=1e-2):
        return gan(ADAM(SCHEDULES[which](start)), ADAM(SCHEDULES[which](start)))

    told = {}

    class Told(Tracker):
        def settings(self, values):
            told.update(values)

    whole, parts = build(), build()
    train(whole, 2, callbacks=[Track(Told())])
    assert "0.01" in told["g_optimizer/learning_rate"]
    train(parts, 1, resume=tmp_path)
    parts = build()
    train(parts, 2, resume=tmp_path)
    assert "other settings" not in capsys.readouterr().out
    assert moved(weights(whole), weights(parts)) == 0
    train(build(2e-2), 1, resume=tmp_path)
    assert "other settings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("saved", "present", "found"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": 2}, ["a: 1 → 2"]),
        ({"a": 1}, {}, ["a: 1 → None"]),
        ({"o": {"rate": "0.5"}}, {"o": {"rate": 0.5, "new": 3}}, []),
        ({"o": {"rate": "0.5"}}, {"o": {"rate": 0.25}}, ["o/rate: 0.5 → 0.25"]),
        ({"o": {"old": 1}}, {"o": {"new": 1}}, []),
        ({}, {"step": "DCGAN"}, []),
        ({"step": "DCGAN"}, {"step": "Other"}, ["step: DCGAN → Other"]),
    ],
)
def test_differences_of_settings(saved, present, found):
    from dcgan_course.training.optimizers import differences

    assert differences(saved, present) == found


# --- a schedule for both or for one ------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "rates"),
    [(None, (0.01, 0.02)), ("generator", (0.01, 0.2)), ("discriminator", (0.1, 0.02))],
)
def test_learning_rates_are_scheduled(network, rates):
    from dcgan_course import ScheduleLearningRates

    made = gan(SGD(0.1), SGD(0.2))
    seen = []

    def schedule(epoch, rate):
        seen.append(epoch)
        return rate / 10

    train(made, callbacks=[ScheduleLearningRates(schedule, network)])
    assert (rate(made.g_optimizer), rate(made.d_optimizer)) == pytest.approx(rates)
    assert set(seen) == {0}


def test_a_rate_inside_a_loss_scale_optimizer_is_scheduled():
    from dcgan_course import ScheduleLearningRates

    made = gan(keras.optimizers.LossScaleOptimizer(SGD(0.1)), SGD(0.1))
    train(made, callbacks=[ScheduleLearningRates(lambda epoch, rate: 0.5)])
    assert rate(made.g_optimizer.inner_optimizer) == 0.5


def test_schedules_that_cannot_be_are_named():
    from dcgan_course import ScheduleLearningRates

    with pytest.raises(ValueError, match="schedule should be a function"):
        ScheduleLearningRates(0.5)
    with pytest.raises(ValueError, match="network should be one of"):
        ScheduleLearningRates(lambda epoch, rate: rate, "G")
    with pytest.raises(ValueError, match=r"rate that the schedule returns should be a number"):
        train(gan(), callbacks=[ScheduleLearningRates(lambda epoch, rate: -1)])
    made = gan(SGD(SCHEDULES["of Keras"](0.1)))
    with pytest.raises(ValueError, match="generator's optimizer has a learning-rate schedule"):
        train(made, callbacks=[ScheduleLearningRates(lambda epoch, rate: rate)])
