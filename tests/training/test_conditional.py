"""ConditionalDCGAN: labels reach both networks in step, and everything of DCGAN goes on working."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_course import (
    ConditionalDCGAN,
    Monitor,
    Track,
    Tracker,
    add_label_planes,
    dcgan_discriminator,
    dcgan_generator,
)
from dcgan_course.networks.labels import conditional_discriminator, one_hot

SHAPE, CLASSES, NOISE = (8, 8, 1), 2, 4


def gan(kind="planes", **options):
    keras.utils.set_random_seed(3)
    g = dcgan_generator(SHAPE, NOISE + CLASSES, widths=(8, 4))
    d = conditional_discriminator(CLASSES, SHAPE, widths=(6, 8), hidden=16, kind=kind)
    made = ConditionalDCGAN(g, d, seed=1, **options)
    made.compile(keras.optimizers.Adam(2e-3, 0.5), keras.optimizers.Adam(2e-3, 0.5))
    return made


def dark_and_light(count=64):
    """Class 0 is dark, class 1 is light."""
    labels = np.arange(count) % CLASSES
    noise = np.random.default_rng(0).uniform(-0.2, 0.2, (count, *SHAPE))
    return (noise + np.where(labels, 0.7, -0.7)[:, None, None, None]).astype("float32"), labels


@pytest.mark.slow(seconds=8)
def test_g_obeys_after_a_short_training_unless_d_ignores_the_label():
    images, labels = dark_and_light()
    gaps = {}
    for kind in ("planes", "projection", "ignores"):
        layers = [keras.Input((NOISE + CLASSES,)), keras.layers.Dense(16, "relu")]
        layers += [keras.layers.Dense(64, "tanh"), keras.layers.Reshape(SHAPE)]
        made = ConditionalDCGAN(keras.Sequential(layers), gan(kind).discriminator, seed=1)
        r1, steps = (4.0, 400) if kind == "projection" else (0.0, 200)
        made.compile(keras.optimizers.Adam(5e-3, 0.5), keras.optimizers.Adam(2e-3, 0.5), r1=r1)
        made.fit(images, labels, batch_size=32, steps_per_epoch=steps, epochs=1, verbose=0)
        drawn = made.sample(made.codes(np.arange(32) % 2)).mean(axis=(1, 2, 3))
        gaps[kind] = drawn[1::2].mean() - drawn[::2].mean()
    assert gaps["planes"] > 1.0  # real images are 1.4 apart
    assert gaps["projection"] > 1.0
    assert abs(gaps["ignores"]) < 0.6


def test_r1_is_about_the_image_and_leaves_the_label_alone():
    pair = keras.Input((*SHAPE[:2], SHAPE[2] + CLASSES))
    flat = keras.layers.Flatten()(pair[..., : SHAPE[2]])
    half = keras.initializers.Constant(0.5)
    logit = keras.layers.Dense(1, kernel_initializer=half)(flat)
    logit = logit + 100.0 * pair[:, 0, 0, SHAPE[2] :][:, :1]
    made = ConditionalDCGAN(gan().generator, keras.Model(pair, logit))
    made.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), r1=4.0)
    images = np.random.default_rng(0).normal(size=(6, *SHAPE)).astype("float32")
    pairs = made.as_seen((images, one_hot([0, 1] * 3, CLASSES)), 2)
    logits, penalty = made.judge_real(pairs, 6)
    np.testing.assert_allclose(logits, made.discriminator(pairs), rtol=1e-5)
    slope = 0.5**2 * np.prod(SHAPE)  # the label's would add 100² to it
    assert float(penalty) == pytest.approx(0.5 * 4.0 * slope, rel=1e-4)


def test_images_and_labels_stay_together_and_d_sees_them_as_planes():
    images, labels = dark_and_light()
    seen = []

    class Watching(ConditionalDCGAN):
        def as_seen(self, images, stream):
            both = super().as_seen(images, stream)
            if stream == 2:
                seen.append(both.numpy())
            return both

    made = Watching(gan().generator, gan().discriminator, seed=1)
    made.compile(run_eagerly=True)
    made.fit(images, labels, batch_size=16, steps_per_epoch=2, verbose=0)
    for batch in seen:
        light = batch[..., 0].mean(axis=(1, 2)) > 0
        assert 0 < light.sum() < 16
        assert (batch[:, 0, 0, 1:].argmax(axis=1) == light).all()


@pytest.mark.slow(seconds=4)
def test_resume_monitor_and_average_work(tmp_path):
    images, labels = dark_and_light()

    def train(epochs, folder):
        made = gan(average=0.9)
        monitor = Monitor(tmp_path / folder, codes=4, live=False)
        made.fit(
            images,
            labels,
            batch_size=16,
            epochs=epochs,
            verbose=0,
            resume=tmp_path / folder / "checkpoints",
            callbacks=[monitor],
        )
        return made.sampler.get_weights()

    whole = train(2, "whole")
    train(1, "parts")
    for one, other in zip(whole, train(2, "parts"), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (tmp_path / "whole" / "training.gif").exists()


def test_a_run_leaves_a_generator_that_knows_its_classes(tmp_path):
    """Without a Monitor of its own, too: D's planes are no colors that could not be shown."""
    from dcgan_course.latent.keras_file import open_generator

    made = gan(average=0.9, class_names=["dark", "light"])
    assert made.generator.class_names == made.sampler.class_names == ("dark", "light")
    made.fit(*dark_and_light(), batch_size=16, epochs=1, verbose=0, resume=tmp_path / "checkpoints")
    left = open_generator(tmp_path)
    assert left.class_names == ("dark", "light")
    codes = made.codes([0, 1])
    np.testing.assert_allclose(left(codes), made.sample(codes), atol=1e-6)


def test_names_of_classes_are_numbers_where_none_are_given_and_as_many_as_planes():
    assert gan().class_names == ("0", "1")
    with pytest.raises(ValueError, match="There are 2 classes, but 3 in"):
        gan(class_names=["a", "b", "c"])


def test_an_experiment_tracker_gets_samples_of_all_classes():
    seen = []

    class Watching(Tracker):
        def images(self, step, name, images):
            seen.append(np.asarray(images))

    made, track = gan(), Track(Watching(), codes=6)
    made.fit(*dark_and_light(), batch_size=16, verbose=0, callbacks=[track])
    assert np.asarray(track.codes)[:, NOISE:].argmax(axis=1).tolist() == [0, 1, 0, 1, 0, 1]
    assert seen[-1].shape == (6, *SHAPE)


def test_codes_for_classes_mixtures_and_samples():
    made = gan()
    assert (made.classes, made.noise_dim, made.latent_dim) == (2, 4, 6)
    z = np.zeros((1, NOISE), "float32")
    codes = made.codes([0, 1, 1], z).numpy()
    assert codes[:, NOISE:].tolist() == [[1, 0], [0, 1], [0, 1]]
    assert made.codes([[0.5, 0.5]], z).numpy()[0, NOISE:].tolist() == [0.5, 0.5]
    assert made.sample(5).shape == (5, *SHAPE)
    first, again = (made.sample_codes(4, seed=7).numpy() for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first[:, NOISE:].argmax(axis=1).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x, y: (x, None), "images and labels"),
        (lambda x, y: (x, y[:-1]), "64 and 63"),
        (lambda x, y: (x, y + 1), "one of them is 2"),
        (lambda x, y: (x[..., 0], y), "channel axis"),
        (lambda x, y: (tf.data.Dataset.from_tensors(x), y), "there are 1 and 64"),
    ],
)
def test_data_that_does_not_fit_is_refused(change, says):
    with pytest.raises(ValueError, match=says):
        gan().fit(*change(*dark_and_light()), verbose=0)


def test_networks_that_do_not_fit_are_refused():
    g = dcgan_generator(SHAPE, NOISE + CLASSES, widths=(8, 4))
    with pytest.raises(ValueError, match="plane more"):
        ConditionalDCGAN(g, dcgan_discriminator(SHAPE, widths=(4,)))
    d = conditional_discriminator(6, SHAPE, widths=(4,), hidden=4)
    with pytest.raises(ValueError, match="more than 6"):
        ConditionalDCGAN(g, d)
    d = conditional_discriminator(CLASSES, SHAPE, widths=(4,), hidden=4)
    made = ConditionalDCGAN(dcgan_generator(SHAPE, 6, widths=(8, 4)), d)
    wrong = (
        ([0, 1, 2], None, "one of them is 2"),
        ([[1, 0, 0]], None, "2 classes, not 3"),
        ([0, 1], np.zeros((3, 4)), "z should have shape"),
    )
    for labels, z, says in wrong:
        with pytest.raises(ValueError, match=says):
            made.codes(labels, z)
    planes = add_label_planes(np.zeros((1, 8, 8, 1), "float32"), one_hot([1], CLASSES))
    assert d(planes).shape == (1, 1)
