"""The callback: when it checks, when it stops, and what it keeps."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from gans import dense_networks, equal, small_gan, state

from dcgan_course import (
    DCGAN,
    CombinedDCGAN,
    ConditionalDCGAN,
    add_label_planes,
    conditional_discriminator,
    dcgan_discriminator,
    dcgan_generator,
)
from dcgan_course.data.drawn.digits import draw_digits
from dcgan_course.diagnosis.doctor import Doctor
from dcgan_course.diagnosis.judge import Finding
from dcgan_course.files import card_of, read_rows

SHAPE = (8, 8, 1)


def networks():
    return dense_networks(SHAPE)


@pytest.fixture
def images():
    return np.random.default_rng(1).uniform(-1, 1, (64, *SHAPE)).astype("float32")


# --- what it is given -----------------------------------------------------------------


@pytest.mark.parametrize("every", [0, -3, 2.5, True, "often"])
def test_a_rhythm_that_is_none_is_refused(images, every):
    with pytest.raises(ValueError, match="every should be a whole number"):
        Doctor(images, every=every)


@pytest.mark.parametrize("share", [0, -0.1, 1.5, float("nan")])
def test_a_share_out_of_range_is_refused(images, share):
    with pytest.raises(ValueError, match="share should be a number"):
        Doctor(images, share=share)


def test_a_model_without_two_networks_is_refused_in_words(images):
    model = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(loss="mse")
    with pytest.raises(TypeError, match="this Sequential has no generator"):
        model.fit(images, np.zeros(64), verbose=0, callbacks=[Doctor(images)])


class Foreign(keras.Model):
    """A GAN as a tutorial would write it, with names of its own."""

    def __init__(self, generator, discriminator, rate=1e-3):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.optimizers = [keras.optimizers.Adam(rate), keras.optimizers.Adam(rate)]
        self.built = True

    def train_step(self, data):
        real = data[0] if isinstance(data, tuple) else data
        with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
            fakes = self.generator(tf.random.normal([tf.shape(real)[0], 4]), training=True)
            loss = keras.losses.BinaryCrossentropy(from_logits=True)
            real_logits = self.discriminator(real, training=True)
            fake_logits = self.discriminator(fakes, training=True)
            d_loss = loss(tf.ones_like(real_logits), real_logits)
            d_loss += loss(tf.zeros_like(fake_logits), fake_logits)
            g_loss = loss(tf.ones_like(fake_logits), fake_logits)
        for tape, value, network, optimizer in (
            (d_tape, d_loss, self.discriminator, self.optimizers[0]),
            (g_tape, g_loss, self.generator, self.optimizers[1]),
        ):
            weights = network.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))
        return {"d_loss": d_loss, "g_loss": g_loss}


class Wrapped(keras.Model):
    """A subclassed generator, which does not tell what it takes."""

    def __init__(self):
        super().__init__()
        self.inner = networks()[0]

    def call(self, z, training=False):
        return self.inner(z, training=training)


@pytest.mark.parametrize("subclassed", [False, True])
def test_any_model_with_two_networks_is_examined(images, subclassed):
    g, d = networks()
    model = Foreign(Wrapped() if subclassed else g, d)
    model.compile()
    doctor = Doctor(images, every=2, latent_dim=4 if subclassed else None)
    model.fit(images, batch_size=16, epochs=2, verbose=0, callbacks=[doctor])
    assert [row["step"] for row in doctor.rows] == [0, 2, 4, 6, 8]
    assert doctor.rows[-1]["codes_spread"] == pytest.approx(1, abs=0.3)
    assert doctor.rows[-1]["d_real_changed"] == 0
    assert doctor.report().startswith("5 checks, up to step 8:\n- There are hardly any different")


def test_infinite_values_in_a_foreign_model_stop_it_too(images):
    model = Foreign(*networks(), rate=1e38)
    model.compile()
    doctor = Doctor(images, every=2)
    model.fit(images, batch_size=16, epochs=4, verbose=0, callbacks=[doctor])
    assert doctor.findings[0].name == "not_finite"
    assert "The weights are those of step 0." in doctor.stopped
    assert all(np.isfinite(each).all() for each in state(model))


# --- when it checks -------------------------------------------------------------------


def test_checks_take_no_more_than_their_share(monkeypatch, images):
    """With a clock on which a step takes 1 s and a check 4 s."""
    now = [0.0]
    monkeypatch.setattr("dcgan_course.diagnosis.doctor.time.perf_counter", lambda: now[0])
    gan = small_gan(networks=networks)
    doctor = Doctor(images, share=0.05)
    doctor.set_model(gan)
    look = doctor._look

    def slow_look():
        now[0] += 4
        look()

    monkeypatch.setattr(doctor, "_look", slow_look)
    doctor.on_train_begin()
    begun = now[0]
    for _ in range(300):
        now[0] += 1
        doctor.on_train_batch_end(0)
    trained = now[0] - begun
    assert 2 <= len(doctor.rows) - 1 <= 5
    assert doctor.seconds <= 0.05 * trained
    assert doctor.preparation == 4


# --- when it stops --------------------------------------------------------------------


@pytest.fixture
def lost_from(monkeypatch):
    """A function that makes every run look lost from a step on."""

    def start(step):
        finding = Finding("frozen_d", "D hardly learns", True, "Number 1.", "better.")
        monkeypatch.setattr(
            "dcgan_course.diagnosis.doctor.diagnose",
            lambda rows: [finding] if rows[-1]["step"] >= step else [],
        )

    return start


@pytest.mark.parametrize("average", [None, 0.9])
def test_a_lost_run_is_stopped_and_goes_back_to_the_last_good_moment(
    images, tmp_path, capsys, lost_from, average
):
    lost_from(8)
    gan = DCGAN(*networks(), seed=1, average=average)
    gan.compile()
    kept = {}

    class Keep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            kept[int(gan.steps_done())] = [state(gan), gan.g_optimizer.variables[0].numpy()]

    doctor = Doctor(images, every=2, stop=True, live=True, folder=tmp_path)
    gan.fit(images, batch_size=16, epochs=5, verbose=0, callbacks=[Keep(), doctor])
    assert [row["step"] for row in doctor.rows] == [0, 2, 4, 6, 8, 10]  # of 20 steps
    assert "Stopped at step 10. D hardly learns" in doctor.stopped
    assert "The weights are those of step 6." in doctor.stopped
    assert capsys.readouterr().out.count("D hardly learns") == 2  # found, and stopped
    assert equal(state(gan), kept[6][0])
    assert int(gan.steps_done()) == 6
    assert doctor.rows == read_rows(tmp_path / "doctor.csv")
    files = {"last_good.keras": gan.sampler, "last_good_discriminator.keras": gan.discriminator}
    if average is not None:
        files["last_good_generator.keras"] = gan.generator
    for name, network in files.items():
        read = keras.saving.load_model(tmp_path / name, compile=False)
        assert equal(read.get_weights(), network.get_weights())
    again = DCGAN(
        keras.saving.load_model(tmp_path / [*files][0 if average is None else 2]),
        keras.saving.load_model(tmp_path / "last_good_discriminator.keras"),
    )
    again.compile()
    again.fit(images, batch_size=16, verbose=0)  # both networks can be trained on


def test_a_run_may_be_left_where_it_was_stopped(images, lost_from):
    lost_from(2)
    gan = small_gan(networks=networks)
    doctor = Doctor(images, every=1, stop=True, go_back=False)
    gan.fit(images, batch_size=16, epochs=5, verbose=0, callbacks=[doctor])
    assert int(gan.steps_done()) == 3
    assert doctor.restore() == 1
    assert int(gan.steps_done()) == 1


def test_without_stop_a_run_goes_to_its_end(images, lost_from):
    lost_from(1)
    gan = small_gan(networks=networks)
    doctor = Doctor(images, every=1)
    gan.fit(images, batch_size=16, verbose=0, callbacks=[doctor])
    assert doctor.stopped is None
    assert doctor.rows[-1]["step"] == 4
    assert "D hardly learns" in doctor.report()


def test_a_moment_that_looks_lost_by_itself_is_not_kept(images, monkeypatch):
    monkeypatch.setattr(
        "dcgan_course.diagnosis.doctor.looks_lost", lambda rows: rows[-1]["step"] > 2
    )
    gan = small_gan(networks=networks)
    doctor = Doctor(images, every=1)
    gan.fit(images, batch_size=16, verbose=0, callbacks=[doctor])
    assert doctor.restore() == 2


def test_there_may_be_nothing_to_go_back_to(images):
    with pytest.raises(ValueError, match="no good moment"):
        Doctor(images).restore()


@pytest.mark.parametrize("model", [DCGAN, CombinedDCGAN])
def test_infinite_values_stop_a_run_at_once_and_cost_nothing(images, model):
    gan = small_gan(model, networks=networks, g=1e30, d=1e30)
    doctor = Doctor(images, every=1)
    history = gan.fit(images, batch_size=16, epochs=3, verbose=0, callbacks=[doctor])
    assert len(history.history["d_loss"]) == 1
    (finding,) = doctor.findings
    assert finding.name == "not_finite"
    assert "At step " in doctor.stopped
    assert "layer" in finding.evidence
    assert "The weights are those of step" in doctor.stopped
    assert all(np.isfinite(each).all() for each in state(gan))


# --- more than one fit ----------------------------------------------------------------


class Interrupt(keras.callbacks.Callback):
    """Kill a training in its third epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


@pytest.mark.slow(seconds=3)
def test_a_resumed_training_goes_on_with_its_table(images, tmp_path):
    options = dict(batch_size=16, epochs=4, verbose=0, resume=tmp_path / "checkpoints")
    gan = small_gan(networks=networks)
    with pytest.raises(KeyboardInterrupt):
        gan.fit(
            images, callbacks=[Doctor(images, every=2, folder=tmp_path), Interrupt()], **options
        )
    before = read_rows(tmp_path / "doctor.csv")
    assert [row["step"] for row in before] == [0, 2, 4, 6, 8]
    gan = small_gan(networks=networks)
    gan.fit(images, callbacks=[Doctor(images, every=2, folder=tmp_path)], **options)
    after = read_rows(tmp_path / "doctor.csv")
    assert [row["step"] for row in after] == [0, 2, 4, 6, 8, 10, 12, 14, 16]
    assert after[:4] == before[:4]
    # Another training in the same folder begins a table of its own.
    gan = small_gan(networks=networks)
    gan.fit(images, batch_size=16, verbose=0, callbacks=[Doctor(images, every=2, folder=tmp_path)])
    assert [row["step"] for row in read_rows(tmp_path / "doctor.csv")] == [0, 2, 4]


def test_after_a_fit_the_model_is_as_it_was(images):
    gan = small_gan(networks=networks)
    doctor = Doctor(images, every=2)
    gan.fit(images, batch_size=16, verbose=0, callbacks=[doctor])
    assert "train_step" not in vars(gan)
    gan.fit(images, batch_size=16, verbose=0)
    gan.fit(images, batch_size=16, verbose=0, callbacks=[doctor])
    assert [row["step"] for row in doctor.rows] == [0, 2, 4, 8, 10, 12]


def test_a_generator_that_does_not_fit_its_images_is_refused(images):
    gan = small_gan(networks=networks)
    with pytest.raises(ValueError, match="at least 16 real samples of shape"):
        gan.fit(images, batch_size=16, verbose=0, callbacks=[Doctor(images[:, :4])])


# --- with labels ----------------------------------------------------------------------


def by_class(count=64):
    """Three classes: dark, gray, and light images, with their labels."""
    labels = np.arange(count) % 3
    noise = np.random.default_rng(1).uniform(-0.2, 0.2, (count, *SHAPE))
    return (noise + (labels - 1)[:, None, None, None] * 0.7).astype("float32"), labels


def class_gan(noise=4):
    keras.utils.set_random_seed(2)
    g = dcgan_generator(SHAPE, latent_dim=noise + 3, widths=(8, 4))
    d = conditional_discriminator(3, SHAPE, widths=(6, 8), hidden=16)
    gan = ConditionalDCGAN(g, d, seed=1, class_names=["dark", "gray", "light"])
    gan.compile(keras.optimizers.Adam(1e-3, 0.5), keras.optimizers.Adam(1e-3, 0.5))
    return gan


@pytest.mark.slow(seconds=3)
def test_a_conditional_gan_is_examined_with_its_labels(tmp_path):
    images, labels = by_class()
    gan = class_gan()
    doctor = Doctor((images, labels), held_out=by_class(32), every=2, folder=tmp_path)
    gan.fit(images, labels, batch_size=16, epochs=2, verbose=0, callbacks=[doctor])
    examiner, row = doctor.examiner, doctor.rows[-1]
    # G is asked for the classes of the real samples, which their brightness tells.
    asked = examiner.codes.numpy()[:, 4:]
    means = examiner.real.numpy().mean(axis=(1, 2, 3))
    assert (asked.argmax(axis=1) == np.digitize(means, [-0.35, 0.35])).all()
    assert (asked.sum(axis=1) == 1).all()
    # What is expected of codes is expected of z alone.
    assert row["codes_spread"] == pytest.approx(1, abs=0.3)
    assert row["codes_mean"] == pytest.approx(0, abs=0.3)
    # D gets the batch and the fakes as they are, beside the planes.
    assert (row["d_real_changed"], row["d_fake_changed"]) == (0, 0)
    seen = add_label_planes(examiner.real, asked)
    examiner.look(99)
    logits = gan.discriminator(seen, training=True).numpy()
    expected = (1 / (1 + np.exp(-logits))).mean()
    assert examiner.rows[-1]["d_real"] == pytest.approx(expected, rel=1e-4)
    assert {"memory", "known_auc"} <= set(row)
    assert "labels" not in doctor.report()
    assert card_of(tmp_path / "last_good.keras") == {"classes": ["dark", "gray", "light"]}


@pytest.mark.parametrize(
    ("real", "says"),
    [
        (by_class()[0], "needs the labels of its real samples too"),
        ((by_class()[0], np.arange(63) % 3), "real samples needs a label: there are 64 and 63"),
        ((by_class()[0], np.full(64, 3)), "one of them is 3"),
    ],
)
def test_labels_that_are_missing_or_wrong_are_refused(real, says):
    with pytest.raises(ValueError, match=says):
        class_gan().fit(*by_class(), batch_size=16, verbose=0, callbacks=[Doctor(real)])


def test_a_gan_without_labels_is_examined_without(images):
    doctor = Doctor((images, np.zeros(64, int)))
    with pytest.raises(ValueError, match="takes no labels with its real samples"):
        small_gan(networks=networks).fit(images, batch_size=16, verbose=0, callbacks=[doctor])


@pytest.mark.slow(seconds=3)
def test_the_place_of_infinite_values_is_found_in_a_conditional_gan_too():
    images, labels = by_class()
    gan = class_gan()
    gan.compile(keras.optimizers.Adam(1e30), keras.optimizers.Adam(1e30))
    doctor = Doctor((images, labels), every=1)
    gan.fit(images, labels, batch_size=16, epochs=3, verbose=0, callbacks=[doctor])
    assert doctor.findings[0].name == "not_finite"
    assert "layer" in doctor.findings[0].evidence
    assert "unknown" not in doctor.findings[0].evidence


def drawn_digits_by_class(deaf=False):
    """A short healthy run on drawn digits; or one whose G draws one image for each class."""
    pixels, labels = draw_digits(1200, seed=1)
    images = (pixels[..., None] / 127.5 - 1).astype("float32")
    keras.utils.set_random_seed(0)
    g = dcgan_generator(latent_dim=16 + 10, widths=(16, 8))
    d = dcgan_discriminator((28, 28, 11), widths=(8, 16), hidden=64)
    if deaf:  # to z
        code = keras.Input((26,))
        label = code[:, 16:]
        g = keras.Model(code, g(keras.ops.concatenate([0 * code[:, :16], label], axis=1)))
    gan = ConditionalDCGAN(g, d, seed=0)
    gan.compile(keras.optimizers.Adam(1e-3, 0.5), keras.optimizers.Adam(1e-3, 0.5))
    doctor = Doctor((images, labels), every=30)
    gan.fit(images, labels, steps_per_epoch=300, verbose=0, callbacks=[doctor])
    return doctor


@pytest.mark.slow(seconds=12)
def test_a_healthy_conditional_run_raises_no_alarm():
    doctor = drawn_digits_by_class()
    assert [finding.name for finding in doctor.findings if finding.sure] == []
    assert len(doctor.rows) == 11


@pytest.mark.slow(seconds=12)
def test_one_image_for_each_class_is_mode_collapse():
    doctor = drawn_digits_by_class(deaf=True)
    assert "mode_collapse" in [finding.name for finding in doctor.findings]
