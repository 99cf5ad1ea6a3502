"""What a training step is seen to do, and that it goes on doing it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from gans import dense_networks, small_gan

from dcgan_course import DCGAN, CombinedDCGAN
from dcgan_course.diagnosis.witness import KEPT, Witness

SHAPE = (8, 8, 1)


def networks():
    return dense_networks(SHAPE)


def images(count=40):
    return np.random.default_rng(1).uniform(-1, 1, (count, *SHAPE)).astype("float32")


def watched(gan, data, batch=40, eager=False):
    gan.run_eagerly = eager
    witness = Witness(gan)
    witness.attach()
    gan.fit(data, batch_size=batch, verbose=0)
    return witness


@pytest.mark.parametrize("eager", [False, True])
def test_a_step_shows_its_batch_its_codes_and_what_d_gets(eager):
    gan = small_gan(networks=networks)
    data = images()
    expected = gan.draw_codes(40).numpy()
    seen = watched(gan, data, eager=eager).seen()
    assert seen["batch_size"] == 40
    assert {len(seen[name]) for name in ("batch", "codes", "d_real", "d_fake", "fakes")} == {KEPT}
    np.testing.assert_array_equal(seen["codes"], expected[:KEPT])
    np.testing.assert_array_equal(seen["d_real"], seen["batch"])
    np.testing.assert_array_equal(seen["d_fake"], seen["fakes"])
    rows = {row.tobytes() for row in data}
    assert all(row.tobytes() in rows for row in seen["batch"])
    assert (seen["g_training"], seen["d_training"]) == (1, 1)


def shift(batch, seed):
    return batch + 0.5


def test_real_samples_and_fakes_are_told_apart_behind_an_augmentation():
    gan = small_gan(networks=networks)
    gan.augment = shift
    seen = watched(gan, images()).seen()
    np.testing.assert_allclose(seen["d_real"], seen["batch"] + 0.5, atol=1e-6)
    np.testing.assert_allclose(seen["d_fake"], seen["fakes"] + 0.5, atol=1e-6)


class Inference(DCGAN):
    def draw_codes(self, count, stream=0):
        return 0 * super().draw_codes(count, stream)

    def train_step(self, real_images):
        draw = self.generator.call
        self.generator.call = lambda z, training=None, **rest: draw(z, training=False, **rest)
        logs = super().train_step(real_images)
        self.generator.call = draw
        return logs


def test_inference_mode_and_changed_codes_show():
    seen = watched(small_gan(Inference, networks=networks), images()).seen()
    assert (seen["g_training"], seen["d_training"]) == (0, 1)
    assert not seen["codes"].any()


def test_the_combined_model_is_followed_too():
    seen = watched(small_gan(CombinedDCGAN, networks=networks), images()).seen()
    np.testing.assert_array_equal(seen["d_fake"], seen["fakes"])
    assert seen["codes"].shape == (KEPT, 4)


class Loop(DCGAN):
    """Calls its networks where no tensor can be taken out: within a loop of the graph."""

    def train_step(self, real_images):
        def body(index):
            self.discriminator(self.generator(self.draw_codes(3)))
            return [index + 1]

        tf.while_loop(lambda index: index < 2, body, [tf.constant(0)])
        self.d_optimizer.iterations.assign_add(1)
        return {"d_loss": tf.reduce_mean(real_images), "g_loss": tf.reduce_mean(real_images)}


def test_a_step_that_cannot_be_watched_is_left_alone():
    seen = watched(small_gan(Loop, networks=networks), images()).seen()
    assert seen["batch_size"] == 40
    assert "codes" not in seen


def test_after_it_the_model_is_as_before():
    gan = small_gan(networks=networks)
    plain = set(vars(gan)), set(vars(gan.generator))
    witness = watched(gan, images())
    assert "train_step" in vars(gan)
    witness.detach()
    assert "train_step" not in vars(gan)
    assert "call" not in vars(gan.generator)
    assert set(vars(gan.generator)) == plain[1]
    gan.jit_compile = True
    second = Witness(gan)
    second.attach()
    assert not second.attached


def test_batches_with_labels_are_unpacked():
    gan = small_gan(networks=networks)

    class Labeled(keras.Model):
        def __init__(self):
            super().__init__()
            self.generator, self.discriminator = gan.generator, gan.discriminator
            self.built = True

        def train_step(self, data):
            self.discriminator(data[0], training=True)
            return {"loss": tf.reduce_mean(data[0])}

    model = Labeled()
    model.compile()
    witness = Witness(model)
    model.jit_compile = False
    witness.attach()
    model.fit(images(), np.zeros(40), batch_size=40, verbose=0, shuffle=False)
    np.testing.assert_array_equal(witness.seen()["d_real"], images()[:KEPT])
