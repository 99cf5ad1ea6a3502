"""Everything that `DCGAN` is given is checked: networks, options, data, and Keras' own methods.

Every case is refused with a message that says what to do, or does what it says.

Mirrors no module: it tests the entrances of `gan`, `pair`, `inputs` and `refusals` together.
"""

import copy
import pickle
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from dcgan_course import (
    DCGAN,
    CombinedDCGAN,
    Doctor,
    ImageFolder,
    Monitor,
    Track,
    Tracker,
    frozen,
    write_pictures,
)

SHAPE = (4, 4, 1)
ADAM = keras.optimizers.Adam


def generator(last="tanh", codes=3):
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [keras.Input((codes,)), layers.Dense(16, activation=last), layers.Reshape(SHAPE)]
    )


def discriminator(*last):
    keras.utils.set_random_seed(2)
    last = last or (layers.Dense(1),)
    return keras.Sequential([keras.Input(SHAPE), layers.Flatten(), layers.Dense(8), *last])


def gan(kind=DCGAN, **options):
    compiled = options.pop("compiled", {})
    made = kind(generator(), discriminator(), **options)
    made.compile(**compiled)
    return made


def images(count=12, low=-1.0, high=1.0, shape=SHAPE):
    return np.random.default_rng(0).uniform(low, high, (count, *shape)).astype("float32")


def weights(network):
    return [weight.numpy() for weight in network.weights]


def moved(before, network):
    return max(np.abs(a - b).max() for a, b in zip(before, weights(network), strict=True))


# --- networks -------------------------------------------------------------------------


def functional_generator():
    z = keras.Input((3,))
    x = layers.Dense(16, activation="tanh")(z)
    return keras.Model(z, layers.Reshape(SHAPE)(x))


def functional_discriminator(last=None):
    x = keras.Input(SHAPE)
    y = layers.Dense(1)(layers.Flatten()(x))
    return keras.Model(x, y if last is None else last(y))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(16, activation="tanh")
        self.shape = layers.Reshape(SHAPE)

    def call(self, z):
        return self.shape(self.inner(z))


def test_functional_networks_train_and_are_averaged_and_sampled():
    g, d = functional_generator(), functional_discriminator()
    made = DCGAN(g, d, average=0.9)
    made.compile()
    before = weights(g), weights(d)
    made.fit(images(), batch_size=4, verbose=0)
    assert moved(before[0], g) > 0
    assert moved(before[1], d) > 0
    assert made.sample(2).shape == (2, *SHAPE)
    assert moved(weights(g), made.sampler) > 0  # the average is another network


def test_a_network_inside_a_network_is_copied_as_well():
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(16)])
    outer = keras.Sequential([keras.Input((3,)), inner, layers.Reshape(SHAPE)])
    made = DCGAN(outer, discriminator(), average=0.5)
    z = np.ones((2, 3), "float32")
    np.testing.assert_allclose(made.sampler(z), outer(z), rtol=1e-6)
    assert made.sampler.layers[0] is not inner


def test_a_wrapped_subclass_trains():
    g = keras.Sequential([keras.Input((3,)), Subclassed()])
    made = DCGAN(g, discriminator())
    made.compile()
    before = weights(g)
    made.fit(images(), batch_size=4, verbose=0)
    assert moved(before, g) > 0
    with pytest.raises(ValueError, match=r"cannot be copied, because Subclassed"):
        DCGAN(g, discriminator(), average=0.9)


def built_subclass():
    model = Subclassed()
    model(np.zeros((1, 3), "float32"))
    return model


def two_outputs():
    z = keras.Input((3,))
    return keras.Model(z, [layers.Reshape(SHAPE)(layers.Dense(16)(z)), z])


def two_inputs():
    a, b = keras.Input((3,)), keras.Input((2,))
    x = layers.Dense(16)(layers.Concatenate()([a, b]))
    return keras.Model([a, b], layers.Reshape(SHAPE)(x))


def not_trainable(network):
    network.trainable = False
    return network


def sharing():
    shared = layers.Dense(16)
    g = keras.Sequential([keras.Input((16,)), shared, layers.Reshape(SHAPE)])
    d = keras.Sequential([keras.Input(SHAPE), layers.Flatten(), shared, layers.Dense(1)])
    return g, d


NETWORKS = {
    "one network twice": (lambda: (discriminator(),) * 2, "same network"),
    "swapped": (lambda: (discriminator(), generator()), "should take codes of shape"),
    "a class for G": (lambda: (Subclassed, discriminator()), "class Subclassed"),
    "a function for D": (lambda: (generator(), discriminator), "Call the function"),
    "None": (lambda: (None, discriminator()), "G should be a keras.Sequential"),
    "a layer": (lambda: (layers.Dense(3), discriminator()), "G should be a keras.Sequential"),
    "an unbuilt Sequential G": (
        lambda: (keras.Sequential([layers.Dense(16), layers.Reshape(SHAPE)]), discriminator()),
        r"begin the model with keras.Input\(\(latent_dim,\)\)",
    ),
    "an unbuilt Sequential D": (
        lambda: (generator(), keras.Sequential([layers.Flatten(), layers.Dense(1)])),
        r"keras.Input\(\(height, width, channels\)\)",
    ),
    "an unbuilt subclass": (lambda: (Subclassed(), discriminator()), "wrap it, keras.Sequential"),
    "a built subclass": (lambda: (built_subclass(), discriminator()), "wrap it, keras.Sequential"),
    "codes of (1, 1, z)": (
        lambda: (
            keras.Sequential(
                [keras.Input((1, 1, 3)), layers.Flatten(), layers.Dense(16), layers.Reshape(SHAPE)]
            ),
            discriminator(),
        ),
        r"keras.Input\(\(3,\)\) and layers.Reshape\(\(1, 1, 3\)\)",
    ),
    "two outputs": (lambda: (two_outputs(), discriminator()), "G should have one output, not 2"),
    "two inputs": (lambda: (two_inputs(), discriminator()), "G should have one input, not 2"),
    "other image sizes": (
        lambda: (generator(), keras.Sequential([keras.Input((5, 5, 1)), layers.Flatten()])),
        "should be equal",
    ),
    "a map of logits": (
        lambda: (generator(), keras.Sequential([keras.Input(SHAPE), layers.Conv2D(1, 4)])),
        r"one logit.*layers.Flatten\(\) at its end",
    ),
    "eight logits": (
        lambda: (generator(), keras.Sequential([keras.Input(SHAPE), layers.Flatten()])),
        "one logit.*Dense",
    ),
    "D without weights": (
        lambda: (
            generator(),
            keras.Sequential([keras.Input(SHAPE), layers.AveragePooling2D(4), layers.Flatten()]),
        ),
        "D has no weights that train",
    ),
    "D frozen": (
        lambda: (generator(), not_trainable(discriminator())),
        "D has no weights that train",
    ),
    "G frozen": (
        lambda: (not_trainable(generator()), discriminator()),
        "G has no weights that train",
    ),
    "shared layers": (sharing, "G and D share 2 weights"),
    "D ends in a sigmoid": (
        lambda: (generator(), discriminator(layers.Dense(1, activation="sigmoid"))),
        "D ends in sigmoid.*logit",
    ),
    "D ends in a sigmoid layer": (
        lambda: (generator(), discriminator(layers.Dense(1), layers.Activation("sigmoid"))),
        "D ends in sigmoid",
    ),
    "D ends in tanh": (
        lambda: (generator(), discriminator(layers.Dense(1, activation=keras.ops.tanh))),
        "D ends in tanh",
    ),
    "D ends in softmax": (
        lambda: (generator(), discriminator(layers.Dense(1), layers.Softmax())),
        "D ends in softmax",
    ),
    "D ends in relu": (
        lambda: (generator(), discriminator(layers.Dense(1), layers.ReLU())),
        "D ends in relu",
    ),
    "a functional D ends in a sigmoid": (
        lambda: (generator(), functional_discriminator(layers.Activation("sigmoid"))),
        "D ends in sigmoid",
    ),
    "a functional D ends in an operation": (
        lambda: (generator(), functional_discriminator(keras.ops.sigmoid)),
        "D ends in sigmoid",
    ),
    "a sigmoid before a reshape": (
        lambda: (
            generator(),
            discriminator(layers.Dense(1, activation="sigmoid"), layers.Reshape((1,))),
        ),
        "D ends in sigmoid",
    ),
    "a nested D ends in a sigmoid": (
        lambda: (
            generator(),
            keras.Sequential(
                [
                    keras.Input(SHAPE),
                    layers.Flatten(),
                    keras.Sequential([keras.Input((16,)), layers.Dense(1, activation="sigmoid")]),
                ]
            ),
        ),
        "D ends in sigmoid",
    ),
}


@pytest.mark.parametrize("case", NETWORKS)
def test_networks_that_make_no_gan(case):
    build, message = NETWORKS[case]
    with pytest.raises(ValueError, match=message):
        DCGAN(*build())


@pytest.mark.parametrize("kind", [DCGAN, CombinedDCGAN])
@pytest.mark.parametrize(
    ("option", "message"),
    [
        (dict(average=1.0), "average should be a number"),
        (dict(average=-0.1), "average should be a number"),
        (dict(average=True), "average should be a number"),
        (dict(average="0.9"), "average should be a number"),
        (dict(average=float("nan")), "average should be a number"),
        (dict(seed=-1), "seed should be a whole number"),
        (dict(seed=1.5), "seed should be a whole number"),
        (dict(seed=None), "seed should be a whole number"),
        (dict(seed=10**30), "seed should be a whole number"),
    ],
    ids=repr,
)
def test_options_of_the_constructor(kind, option, message):
    with pytest.raises(ValueError, match=message):
        kind(generator(), discriminator(), **option)


def test_a_generator_that_never_draws_below_zero_is_warned_of():
    with pytest.warns(UserWarning, match="G ends in sigmoid.*tanh"):
        DCGAN(generator("sigmoid"), discriminator())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DCGAN(generator("tanh"), discriminator())
        DCGAN(generator("linear"), discriminator())


@pytest.mark.parametrize("average", [None, 0.5])
def test_a_layer_that_is_frozen_stays_so(average):
    g = generator()
    g.add(layers.Conv2D(1, 3, padding="same"))
    g.layers[0].trainable = False
    made = DCGAN(g, discriminator(), average=average)
    made.compile()
    kept = g.layers[0].kernel.numpy()
    made.fit(images(), batch_size=4, verbose=0)
    np.testing.assert_array_equal(kept, g.layers[0].kernel.numpy())


def test_a_layer_that_is_used_twice_is_copied_once():
    z = keras.Input((16,))
    shared = layers.Dense(16, activation="tanh")
    g = keras.Model(z, layers.Reshape(SHAPE)(shared(shared(z))))
    made = DCGAN(g, discriminator(), average=0.5)
    assert len(made.sampler.weights) == len(g.weights) == 2
    z = np.ones((2, 16), "float32")
    np.testing.assert_allclose(made.sampler(z), g(z), rtol=1e-6)


# --- compile --------------------------------------------------------------------------

COMPILE = {
    "optimizer": (dict(optimizer=ADAM(1e-2)), "does not use optimizer.*g_optimizer and d_optim"),
    "metrics": (dict(metrics=["accuracy"]), "does not use metrics"),
    "weighted_metrics": (dict(weighted_metrics=["mae"]), "does not use weighted_metrics"),
    "loss_weights": (dict(loss_weights=[1, 2]), "does not use loss_weights"),
    "steps_per_execution": (dict(steps_per_execution=8), "does not use steps_per_execution"),
    "a loss object": (dict(loss=keras.losses.BinaryCrossentropy()), "Unknown loss"),
    "a list": (dict(loss=["hinge"]), "Unknown loss"),
    "r1 below 0": (dict(r1=-1), "r1 should be"),
    "r1 NaN": (dict(r1=float("nan")), "r1 should be"),
    "r1 as text": (dict(r1="1"), "r1 should be"),
    "r1 True": (dict(r1=True), "r1 should be"),
    "smoothing 1": (dict(label_smoothing=1.0), "label_smoothing should be"),
    "smoothing as text": (dict(label_smoothing="0.1"), "label_smoothing should be"),
    "noise below 0": (dict(label_noise=-0.1), "label_noise should be"),
    "noise NaN": (dict(label_noise=float("nan")), "label_noise should be"),
    "noise None": (dict(label_noise=None), "label_noise should be"),
    "smoothing with hinge": (dict(loss="hinge", label_smoothing=0.1), "no labels"),
    "noise with wasserstein": (dict(loss="wasserstein", label_noise=0.1), "no labels"),
    "augment without a name": (dict(augment=0.5), "a function with a name"),
    "jit_compile": (dict(jit_compile="yes"), "jit_compile should be"),
}


@pytest.mark.parametrize("case", COMPILE)
def test_compile_refuses(case):
    options, message = COMPILE[case]
    with pytest.raises(ValueError, match=message):
        DCGAN(generator(), discriminator()).compile(**options)


def test_compile_names_an_argument_that_it_does_not_have():
    with pytest.raises(TypeError, match="compile has no argument 'learning_rate'"):
        gan().compile(learning_rate=1e-3)


def test_options_that_change_nothing_are_accepted():
    gan().compile(metrics=None, steps_per_execution=1, run_eagerly=True, auto_scale_loss=False)


# --- fit ------------------------------------------------------------------------------

FIT = {
    "batch_size 0": (dict(batch_size=0), "batch_size should be a whole number from 1 to 12"),
    "batch_size -1": (dict(batch_size=-1), "batch_size should be a whole number"),
    "batch_size 13": (dict(batch_size=13), "batch_size should be.*There are 12 images"),
    "batch_size 4.0": (dict(batch_size=4.0), "batch_size should be a whole number"),
    "batch_size True": (dict(batch_size=True), "batch_size should be a whole number"),
    "batch_size as text": (dict(batch_size="4"), "batch_size should be a whole number"),
    "steps 0": (dict(steps_per_epoch=0), "steps_per_epoch should be a whole number"),
    "steps -1": (dict(steps_per_epoch=-1), "steps_per_epoch should be a whole number"),
    "steps 1.5": (dict(steps_per_epoch=1.5), "steps_per_epoch should be a whole number"),
    "epochs 0": (dict(epochs=0), "epochs should be a whole number of 1 or more, not 0"),
    "epochs -1": (dict(epochs=-1), "epochs should be a whole number"),
    "epochs 1.5": (dict(epochs=1.5), "epochs should be a whole number"),
    "epochs None": (dict(epochs=None), "epochs should be a whole number"),
    "save_every 0": (dict(save_every=0), "save_every should be a whole number"),
    "save_every -2": (dict(save_every=-2), "save_every should be a whole number"),
    "verbose": (dict(verbose="loud"), "verbose should be one of"),
    "labels": (dict(y=np.zeros(12)), "leave out y"),
    "validation_data": (dict(validation_data=images()), "validation_data.*Doctor"),
    "validation_split": (dict(validation_split=0.2), "validation_split"),
    "validation_steps": (dict(validation_steps=2), "validation_steps"),
    "class_weight": (dict(class_weight={0: 2.0}), "class_weight"),
    "sample_weight": (dict(sample_weight=np.ones(12)), "sample_weight"),
    "workers": (dict(workers=4), "workers.*tf.data"),
    "shuffle as text": (dict(shuffle="batch"), "shuffle should be True or False"),
    "resume True": (dict(resume=True), "resume should be a folder"),
    "resume empty": (dict(resume=""), "resume should be a folder"),
    "callbacks: a text": (dict(callbacks=["monitor"]), "should be Keras callbacks"),
    "callbacks: a function": (dict(callbacks=print), "should be Keras callbacks"),
    "callbacks: a class": (dict(callbacks=[Monitor]), r"write Monitor\("),
    "LearningRateScheduler": (
        dict(callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)]),
        "ScheduleLearningRates",
    ),
    "ReduceLROnPlateau": (
        dict(callbacks=[keras.callbacks.ReduceLROnPlateau("g_loss")]),
        "ScheduleLearningRates",
    ),
    "ModelCheckpoint": (
        dict(callbacks=[keras.callbacks.ModelCheckpoint("x.keras")]),
        r"gan\.sampler\.save",
    ),
    "BackupAndRestore": (
        dict(callbacks=[keras.callbacks.BackupAndRestore("backup")]),
        "give fit resume=folder",
    ),
    "EarlyStopping on val_loss": (
        dict(callbacks=[keras.callbacks.EarlyStopping()]),
        "watches 'val_loss'",
    ),
}


@pytest.mark.parametrize("case", FIT)
def test_fit_refuses(case):
    options, message = FIT[case]
    made = gan()
    before = weights(made)
    with pytest.raises(ValueError, match=message):
        made.fit(images(), **{"verbose": 0, **options})
    assert moved(before, made) == 0


def test_fit_names_an_argument_that_it_does_not_have():
    with pytest.raises(TypeError, match="fit has no argument 'epoch'"):
        gan().fit(images(), epoch=3)


def test_fit_before_compile_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"call compile\(\) before fit"):
        DCGAN(generator(), discriminator()).fit(images(), resume=tmp_path)


def test_a_bad_call_leaves_the_checkpoints_of_a_good_run(tmp_path):
    def files():
        return sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))

    gan().fit(images(), batch_size=4, epochs=2, verbose=0, resume=tmp_path)
    held = files()
    options = dict(epochs=2, verbose=0, resume=tmp_path)
    for bad in (
        dict(x=images(shape=(5, 5, 1)), batch_size=4),
        dict(x=images() * 100, batch_size=4),
        dict(x=images(), batch_size=13),
        dict(x=tf.data.Dataset.from_tensor_slices(images() * 100).batch(4)),
    ):
        with pytest.raises(ValueError, match=r"should|expects"):
            gan().fit(**bad, **options)
    assert files() == held
    with pytest.raises(ValueError, match="is a file"):
        gan().fit(images(), resume=tmp_path / "epoch-00002.npz")


def test_numbers_of_numpy_are_numbers():
    made = gan(
        seed=np.int64(1),
        average=np.float32(0.5),
        compiled=dict(r1=np.float32(0.1), label_noise=np.float32(0.1)),
    )
    history = made.fit(
        images(),
        batch_size=np.int32(4),
        epochs=np.int64(2),
        steps_per_epoch=np.uint8(2),
        save_every=np.int64(1),
        verbose=0,
    )
    assert history.epoch == [0, 1]
    assert int(made.step_count) == 4
    assert made.sample(np.int64(2)).shape == (2, *SHAPE)


def test_a_small_set_without_a_batch_size_is_one_batch():
    made = gan()
    made.fit(images(12), verbose=0)
    assert int(made.step_count) == 1


def test_images_in_order_and_from_a_later_epoch():
    seen = []

    class Seen(DCGAN):
        def train_step(self, real_images):
            seen.append(real_images.numpy())
            return super().train_step(real_images)

    made = gan(Seen, compiled=dict(run_eagerly=True))
    x = images(8)
    made.fit(x, batch_size=4, epochs=3, initial_epoch=1, shuffle=False, verbose=0)
    np.testing.assert_array_equal(np.concatenate(seen), np.concatenate([x, x]))
    with pytest.raises(ValueError, match="leave out initial_epoch"):
        made.fit(x, batch_size=4, initial_epoch=1, resume="nowhere", verbose=0)


def test_one_callback_and_those_that_work_with_a_gan_are_accepted():
    stop = keras.callbacks.EarlyStopping("g_loss", patience=100, mode="min")
    gan().fit(images(), batch_size=4, verbose=0, callbacks=stop)
    gan().fit(images(), batch_size=4, verbose=0, callbacks=(keras.callbacks.TerminateOnNaN(),))


# --- data -----------------------------------------------------------------------------


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return images(4)


def batches(x, size=4, **options):
    return tf.data.Dataset.from_tensor_slices(x).batch(size, **options)


def generated(x):
    return tf.data.Dataset.from_generator(
        lambda: iter([x]), output_signature=tf.TensorSpec(None, tf.float32)
    )


def with_nan():
    x = images()
    x[5, 0, 0] = np.nan
    return x


DATA = {
    "nothing": (lambda: None, "fit needs data"),
    "a path": (lambda: "pictures", r"ImageFolder\('pictures'\)"),
    "a list": (lambda: list(images()), r"np\.stack"),
    "a tuple": (lambda: (images(), np.zeros(12)), "of \\(images, labels\\) give the images"),
    "a dictionary": (lambda: {"image": images()}, "not a dictionary"),
    "a generator": (lambda: (x for x in [images()]), "from_generator"),
    "a PyDataset": (Sequence, "fit takes no Sequence"),
    "a number": (lambda: 3, "fit needs images as an array"),
    "ragged": (lambda: tf.ragged.constant([[1.0], [1.0, 2.0]]), "fit needs images as an array"),
    "objects": (lambda: np.array([None] * 12).reshape(12, 1, 1, 1), "D expects"),
    "texts": (lambda: np.full((12, *SHAPE), "a"), "should be floating-point numbers"),
    "no images": (lambda: images(0), "There are no images"),
    "another size": (lambda: images(shape=(5, 5, 1)), r"D expects images of shape \(4, 4, 1\)"),
    "without channels": (lambda: images(shape=(4, 4)), r"images\[\.\.\., None\]"),
    "one image": (lambda: images(1)[0], r"images\[None\]"),
    "a single number": (lambda: np.float32(0.5), "D expects"),
    "flat": (lambda: images(shape=(16,)), "D expects"),
    "uint8": (lambda: images(12, 0, 255).astype("uint8"), r"not uint8.*x / 127\.5"),
    "int64 in range": (lambda: np.zeros((12, *SHAPE), int), "not int64"),
    "bool": (lambda: images() > 0, "not bool"),
    "complex": (lambda: images().astype("complex64"), "not complex64"),
    "0…255": (lambda: images(12, 0, 255), r"reach from .* x / 127\.5"),
    "NaN": (with_nan, "NaN or infinite values, first in image 5"),
    "infinite": (lambda: with_nan() * np.inf, "NaN or infinite values"),
    "dataset: uint8": (lambda: batches(images(12, 0, 255).astype("uint8")), "not uint8.*cast"),
    "dataset: 0…255": (lambda: batches(images(12, 0, 255)), r"reach from .* x / 127\.5"),
    "dataset: NaN": (lambda: batches(with_nan()[5:]), "NaN or infinite values"),
    "dataset: texts": (lambda: batches(np.full((12, *SHAPE), "a")), "floating-point"),
    "dataset: (x, y)": (lambda: batches((images(), np.zeros(12))), "tuples of 2.*map"),
    "dataset: (x, y, w)": (lambda: batches((images(), *np.zeros((2, 12)))), "tuples of 3"),
    "dataset: dictionaries": (lambda: batches({"image": images()}), r"element\['image'\]"),
    "dataset: another size": (lambda: batches(images(shape=(5, 5, 1))), "D expects"),
    "dataset: without channels": (lambda: batches(images(shape=(4, 4))), r"images\[\.\.\., None\]"),
    "dataset: single images": (
        lambda: tf.data.Dataset.from_tensor_slices(images()),
        r"single images.*batch\(64",
    ),
    "dataset: twice batched": (lambda: batches(images()).batch(2), "D expects"),
    "dataset: empty": (lambda: batches(images(0)), "empty"),
    "dataset: all dropped": (lambda: batches(images(3), drop_remainder=True), "empty"),
    "dataset: empty, length unknown": (
        lambda: batches(images()).filter(lambda x: False),
        "empty",
    ),
    "dataset: endless": (lambda: batches(images()).repeat(), "endless: give steps_per_epoch"),
    "dataset: ragged": (
        lambda: tf.data.Dataset.from_tensors(tf.ragged.constant([[1.0], [1.0, 2.0]])),
        "as tensors",
    ),
    "generator: another size": (lambda: generated(images(shape=(5, 5, 1))), "D expects"),
    "generator: 0…255": (lambda: generated(images(12, 0, 255)), "reach from"),
    "generator: single images": (lambda: generated(images()[0]), "single images"),
}


@pytest.mark.parametrize("case", DATA)
def test_fit_refuses_data(case):
    build, message = DATA[case]
    made = gan()
    before = weights(made)
    with pytest.raises(ValueError, match=message):
        made.fit(build(), verbose=0)
    assert moved(before, made) == 0


@pytest.mark.parametrize("resume", [False, True])
def test_a_dataset_of_one_element_tuples_trains_as_one_of_images(resume, tmp_path):
    ends = []
    for name, data in (("plain", batches(images())), ("tuple", batches((images(),)))):
        made = gan()
        made.fit(data, verbose=0, epochs=2, resume=tmp_path / name if resume else None)
        assert int(made.step_count) == 6
        ends.append(made)
    assert moved(weights(ends[0]), ends[1]) == 0


@pytest.mark.slow(seconds=3)
@pytest.mark.parametrize(
    "x",
    [
        images().astype("float64"),
        images().astype("float16"),
        tf.constant(images()),
        np.ma.array(images()),
        batches(images().astype("float64")),
        batches(tf.cast(images(), tf.bfloat16)),
        generated(images()),
    ],
    ids=["float64", "float16", "tensor", "masked", "float64s", "bfloat16s", "unknown shape"],
)
def test_other_forms_of_the_same_images_train(x):
    made = gan(compiled=dict(r1=0.1))
    before = weights(made)
    made.fit(x, verbose=0)
    assert moved(before, made) > 0


def test_images_above_zero_are_warned_of():
    for x in (images(12, 0, 1), batches(images(12, 0, 1))):
        with pytest.warns(UserWarning, match=r"nothing below 0.*2 \* x − 1"):
            gan().fit(x, verbose=0)


@pytest.mark.slow(seconds=3)
def test_a_finite_dataset_goes_on_where_a_shorter_epoch_stopped(tmp_path):
    """Five epochs of two batches from a set of three: none is empty, also after a resume."""
    data = batches(images())
    whole, parts = gan(), gan()
    whole.fit(data, epochs=5, steps_per_epoch=2, verbose=0)
    parts.fit(data, epochs=2, steps_per_epoch=2, verbose=0, resume=tmp_path)
    parts = gan()
    parts.fit(data, epochs=5, steps_per_epoch=2, verbose=0, resume=tmp_path)
    assert int(whole.step_count) == int(parts.step_count) == 10
    assert moved(weights(whole), parts) == 0


def test_a_dataset_keeps_its_first_batch():
    """What is checked before the training is seen by the training as well."""
    seen = []

    class Seen(DCGAN):
        def train_step(self, real_images):
            seen.append(real_images.numpy())
            return super().train_step(real_images)

    x = images()
    gan(Seen, compiled=dict(run_eagerly=True)).fit(batches(x), verbose=0)
    np.testing.assert_array_equal(np.concatenate(seen), x)


def test_a_dataset_refuses_what_only_an_array_can_use():
    with pytest.raises(ValueError, match="leave out batch_size"):
        gan().fit(batches(images()), batch_size=4)
    with pytest.raises(ValueError, match="fit does not shuffle a dataset"):
        gan().fit(batches(images()), shuffle=True)


def test_a_generator_that_fails_is_named():
    def fails():
        raise OSError("the disk is gone")
        yield

    data = tf.data.Dataset.from_generator(
        fails, output_signature=tf.TensorSpec((None, *SHAPE), tf.float32)
    )
    with pytest.raises(ValueError, match=r"fails at its first batch: .*the disk is gone"):
        gan().fit(data, verbose=0)


def test_a_folder_with_fewer_pictures_than_a_batch(tmp_path):
    write_pictures(tmp_path / "pictures", np.zeros((5, 8, 8, 3), "uint8"))
    folder = ImageFolder(tmp_path / "pictures", size=8)
    with pytest.raises(ValueError, match=r"D expects images of shape \(4, 4, 1\)"):
        gan().fit(folder, verbose=0)
    g = keras.Sequential([keras.Input((3,)), layers.Dense(192), layers.Reshape((8, 8, 3))])
    d = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(1)])
    made = DCGAN(g, d)
    made.compile()
    with pytest.raises(ValueError, match="There are 5 images"):
        made.fit(folder, batch_size=32, verbose=0, resume=tmp_path / "checkpoints")
    assert not (tmp_path / "checkpoints").exists()
    made.fit(folder, verbose=0)
    assert int(made.step_count) == 1


def test_two_devices_need_batches_that_can_be_dealt_out():
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        made = gan()
    with pytest.raises(ValueError, match="batch_size should be a multiple of 2"):
        made.fit(images(), batch_size=3, verbose=0)
    with pytest.raises(ValueError, match="drop_remainder=True"):
        made.fit(batches(images()), verbose=0)


# --- what Keras offers ----------------------------------------------------------------

METHODS = {
    "save": (lambda made, path: made.save(path / "x.keras"), r"gan\.sampler\.save"),
    "save_model": (
        lambda made, path: keras.saving.save_model(made, path / "x.keras"),
        r"gan\.sampler\.save",
    ),
    "get_config": (lambda made, path: made.get_config(), r"gan\.sampler\.save"),
    "to_json": (lambda made, path: made.to_json(), r"gan\.sampler\.save"),
    "pickle": (lambda made, path: pickle.dumps(made), r"gan\.sampler\.save"),
    "copy": (lambda made, path: copy.copy(made), r"gan\.sampler\.save"),
    "deepcopy": (lambda made, path: copy.deepcopy(made), r"gan\.sampler\.save"),
    "export": (lambda made, path: made.export(path / "x"), r"gan\.sampler\.export"),
    "evaluate": (lambda made, path: made.evaluate(images()), r"dcgan_course\.evaluate"),
    "test_on_batch": (lambda made, path: made.test_on_batch(images()), r"dcgan_course\.evaluate"),
    "train_on_batch": (lambda made, path: made.train_on_batch(images()), r"gan\.train_step"),
}


@pytest.mark.parametrize("case", METHODS)
def test_methods_of_keras_that_a_gan_has_not(case, tmp_path):
    call, message = METHODS[case]
    with pytest.raises(ValueError, match=message):
        call(gan(), tmp_path)


def test_the_sampler_can_be_saved(tmp_path):
    made = gan(average=0.9)
    made.fit(images(), batch_size=4, verbose=0)
    made.sampler.save(tmp_path / "generator.keras")
    z = np.ones((2, 3), "float32")
    np.testing.assert_allclose(
        keras.models.load_model(tmp_path / "generator.keras")(z), made.sample(z), rtol=1e-5
    )


def test_predict_makes_images_of_codes():
    made = gan(average=0.9)
    z = np.random.default_rng(1).normal(size=(5, 3)).astype("float32")
    np.testing.assert_allclose(
        made.predict(z, batch_size=2, verbose=0), made.sample(z), rtol=1e-5, atol=1e-6
    )
    with pytest.raises(ValueError, match=r"shape \(count, 3\)"):
        made.predict(images())


def test_saved_weights_hold_the_whole_state(tmp_path):
    path = str(tmp_path / "x.weights.h5")
    whole = gan(average=0.9)
    keeps = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    whole.fit(images(), batch_size=4, verbose=0, callbacks=[keeps])
    other = gan(average=0.9, seed=0)
    other.load_weights(path)
    assert int(other.step_count) == 3
    batch = tf.constant(images(4))
    whole.train_step(batch)
    other.train_step(batch)
    assert moved(weights(whole), other) == 0


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (0, "z should be a whole number from 1"),
        (-1, "z should be a whole number"),
        (10**9, "z should be a whole number from 1 to 100,000"),
        (True, "z should be a whole number"),
        (2.0, "z should be a whole number"),
        (None, "z should be"),
        ("3", "z should be"),
        (np.zeros(3, "float32"), r"shape \(count, 3\)"),
        (np.zeros((2, 4), "float32"), r"shape \(count, 3\)"),
        (np.zeros((2, 1, 1, 3), "float32"), r"shape \(count, 3\)"),
        (np.full((2, 3), np.nan), "NaN or infinite"),
        ([["a", "b", "c"]], "z should hold numbers"),
    ],
    ids=repr,
)
def test_sample_refuses_codes(codes, message):
    with pytest.raises(ValueError, match=message):
        gan().sample(codes)


def test_sample_takes_codes_in_any_form():
    made = gan()
    z = [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]
    for codes in (z, np.array(z), tf.constant(z), np.array(z).astype(int)):
        np.testing.assert_allclose(made.sample(codes), made.sample(np.array(z, "float32")))


# --- callbacks ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Track(Tracker(), every=0), "every should be a whole number of 1 or more, not 0"),
        (lambda: Track(Tracker(), every=-5), "every should be"),
        (lambda: Track(Tracker(), every=2.5), "every should be"),
        (lambda: Track(Tracker(), codes=0), "codes should be a whole number"),
        (lambda: Track(Tracker(), codes=10**9), "codes should be a whole number"),
        (lambda: Track(Tracker(), seed=None), "seed should be"),
        (lambda: Track("runs"), "tracker should be a Tracker"),
        (lambda: Track(Tracker), "tracker should be a Tracker"),
        (lambda: Doctor(images(16), every=0), "every should be a whole number of 1 or more"),
        (lambda: Doctor(images(16), every=-1), "every should be"),
        (lambda: Doctor(images(16), every=2.0), "every should be"),
        (lambda: Doctor(images(16), share=0), "share should be"),
        (lambda: Doctor(images(16), share=float("nan")), "share should be"),
        (lambda: Doctor(images(16), seed=-1), "seed should be"),
        (lambda: Monitor(codes=0), "codes should be a whole number"),
        (lambda: Monitor(codes=-4), "codes should be a whole number"),
        (lambda: Monitor(codes=10**9), "codes should be a whole number"),
        (lambda: Monitor(codes=2.5), "codes should be a whole number"),
        (lambda: Monitor(columns=0), "columns should be a whole number"),
        (lambda: Monitor(seed=0.5), "seed should be a whole number"),
    ],
)
def test_callbacks_refuse(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_callbacks_take_numbers_of_numpy():
    track = Track(Tracker(), every=np.int64(1), codes=np.int64(2), seed=np.int64(1))
    monitor = Monitor(codes=np.int64(4), columns=np.int32(2), live=False)
    gan().fit(images(), batch_size=4, verbose=0, callbacks=[track, monitor])
    assert track.codes.shape == (2, 3)
    assert monitor.codes.shape == (4, 3)


def test_only_a_network_can_be_frozen():
    with pytest.raises(ValueError, match="frozen takes a Keras network"), frozen("D"):
        pass


@pytest.mark.parametrize("kind", [Track, Monitor])
def test_callbacks_name_codes_of_another_size(kind):
    codes = np.zeros((2, 5), "float32")
    callback = kind(Tracker(), codes=codes) if kind is Track else kind(codes=codes, live=False)
    with pytest.raises(ValueError, match=r"shape \(count, 3\)"):
        gan().fit(images(), verbose=0, callbacks=callback)
