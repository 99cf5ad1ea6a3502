"""The doctor: its numbers and its rules. Whole runs are in test_lesson_failures.py."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_course import DCGAN, CombinedDCGAN, dcgan_discriminator, dcgan_generator
from dcgan_course.diagnosis.doctor import Doctor
from dcgan_course.diagnosis.examiner import Examiner, sample_facts
from dcgan_course.diagnosis.nonfinite import first_not_finite
from dcgan_course.diagnosis.report import draw_report, report
from dcgan_course.diagnosis.rules import LOOKS_NEEDED, RULES, diagnose
from dcgan_course.files import read_rows, write_rows


def small_gan(model=DCGAN, dropout=0.3, **rates):
    keras.utils.set_random_seed(4)
    gan = model(
        dcgan_generator(latent_dim=8, widths=(8, 4)),
        dcgan_discriminator(widths=(4, 8), dropout=dropout),
        seed=1,
    )
    rate = {"g": 1e-3, "d": 1e-3, **rates}
    gan.compile(*(keras.optimizers.Adam(rate[name], beta_1=0.5) for name in "gd"))
    return gan


def state(gan):
    return [
        variable.numpy() for net in (gan.generator, gan.discriminator) for variable in net.variables
    ]


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# --- the numbers ----------------------------------------------------------------------


def test_a_look_leaves_the_networks_as_they_were(digits):
    """Moving statistics and the random generators of dropout too."""
    gan = small_gan()
    before = state(gan)
    examiner = Examiner(gan.generator, gan.discriminator, digits)
    examiner.look(0)
    examiner.look(1)
    assert equal(before, state(gan))


def test_a_training_under_a_doctor_ends_where_it_would_have_without(digits):
    ends = []
    for callbacks in ([], [Doctor(digits, every=2)]):
        gan = small_gan()
        gan.fit(digits, batch_size=32, epochs=1, verbose=0, callbacks=callbacks)
        ends.append(state(gan))
    assert equal(*ends)
    assert [row["step"] for row in callbacks[0].rows] == [0, 2, 4, 6, 8]
    assert all(row["statistics_moved"] > 0 for row in callbacks[0].rows[1:])


def line_networks(scale=1.0):
    """G(z) = scale · z, D's logit of x is x, on single numbers."""
    networks = []
    for kernel in (scale, 1.0):
        dense = keras.layers.Dense(1, use_bias=False)
        networks.append(keras.Sequential([keras.Input((1,)), dense]))
        dense.kernel.assign([[kernel]])
    return networks


def test_the_numbers_are_those_that_can_be_computed_by_hand():
    real = np.linspace(1, 3, 64, dtype="float32")[:, None]
    examiner = Examiner(*line_networks(0.5), real, held_out=real - 1, loss="minimax")
    row = examiner.look(7)
    fakes = 0.5 * examiner.codes.numpy()
    probability = 1 / (1 + np.exp(-fakes))
    assert row["step"] == 7
    assert row["d_real"] == pytest.approx((1 / (1 + np.exp(-real))).mean(), rel=1e-5)
    assert row["d_fake"] == pytest.approx(probability.mean(), rel=1e-5)
    # The slope of log(1 − σ(w z)) with respect to w is −σ z; of −log σ it is −(1 − σ) z.
    codes = examiner.codes.numpy()
    assert row["g_gradient"] == pytest.approx(abs((probability * codes).mean()), rel=1e-4)
    assert row["g_steep"] == pytest.approx(abs(((1 - probability) * codes).mean()), rel=1e-4)
    assert row["auc"] == pytest.approx((real > fakes.T).mean(), abs=1e-6)
    assert row["memory"] == pytest.approx(1 / (real.mean() - fakes.mean()), rel=1e-4)
    assert row["offset"] == pytest.approx(abs(fakes.mean() - 2) / real.std(), rel=1e-4)
    assert row["mode_gap"] == 0


def test_movement_and_change_are_counted_from_look_to_look():
    networks = line_networks(0.5)
    examiner = Examiner(*networks, np.ones((32, 1)) * np.linspace(0, 1, 32)[:, None])
    assert "g_moved" not in examiner.look(0)
    networks[0].layers[0].kernel.assign([[0.6]])
    row = examiner.look(1)
    assert row["g_moved"] == pytest.approx(0.2, rel=1e-4)
    assert "statistics_moved" not in row  # this G has no batch norm
    assert row["d_moved"] == 0
    spread = np.linspace(0, 1, 32).std()
    codes = examiner.codes.numpy()
    assert row["change"] == pytest.approx(0.1 * np.sqrt((codes**2).mean()) / spread, rel=1e-3)


def test_facts_about_samples():
    rng = np.random.default_rng(1)
    varied = rng.uniform(-1, 1, (40, 8, 8, 3)).astype("float32")
    facts = sample_facts(varied)
    assert (facts["low"], facts["high"]) == (varied.min(), varied.max())
    assert facts["spread"] == pytest.approx(varied.std(axis=0).mean(), rel=1e-4)
    assert facts["colour"] == pytest.approx(varied.std(axis=3).mean(), rel=1e-4)
    assert facts["twins"] > 0.5
    alike = sample_facts(np.repeat(varied[:2], 20, axis=0))
    assert alike["twins"] < 1e-3
    assert alike["spread"] > 0  # two kinds, but each sample has a twin
    grid = 0.5 * varied + 0.4 * (-1) ** np.arange(8, dtype="float32")[:, None, None]
    assert sample_facts(grid)["grid"] > 3 * facts["grid"]
    assert math.isnan(sample_facts(varied * np.nan)["low"])
    assert "grid" not in sample_facts(varied.reshape(40, -1))


@pytest.mark.parametrize("shape", [(10, 28, 28, 1), (64, 8, 8, 1)])
def test_real_samples_that_do_not_fit_are_refused(shape):
    gan = small_gan()
    with pytest.raises(ValueError, match="at least 16 real samples of shape"):
        Examiner(gan.generator, gan.discriminator, np.zeros(shape))


# --- the rules ------------------------------------------------------------------------

HEALTHY = dict(
    d_loss=1.1, g_loss=0.95, d_real=0.58, d_fake=0.4, g_gradient=1.0, g_steep=1.0, auc=0.85,
    d_moved=0.15, g_moved=0.2, spread_fake=0.33, spread_real=0.38, twins_fake=0.34,
    twins_real=0.49, missed=0.1, low_real=-1.0, high_real=1.0, grid_fake=1.1, grid_real=0.9,
    colour_fake=0.13, colour_real=0.13, offset=0.3, mode_gap=0.2, change=0.8, memory=0.0,
)  # fmt: skip


def rows(**changed):
    return [{"step": 40 * look, **HEALTHY, **changed} for look in range(9)]


SICK = {  # name: (numbers at which it is sure, numbers at which it is not)
    "range": (dict(low_real=0.0), dict(low_real=-0.7)),
    "frozen_d": (dict(d_moved=0.0), dict(d_moved=0.01)),
    "frozen_g": (dict(g_moved=1e-4), dict(g_moved=0.007)),
    "flat_loss": (dict(g_gradient=1e-4), dict(g_gradient=0.06)),
    "flipped_labels": (dict(d_real=0.05, d_fake=0.95), dict(d_real=0.3, d_fake=0.7)),
    "agreeing_d": (
        dict(auc=0.5, missed=1.0, d_real=0.62, d_fake=0.62),
        dict(auc=0.5, missed=0.7, d_real=0.62, d_fake=0.62),
    ),
    "noisy_labels": (
        dict(auc=0.5, missed=1.0, change=0.1, d_real=0.5, d_fake=0.5),
        dict(auc=0.5, missed=0.7, change=0.1, d_real=0.5, d_fake=0.5),
    ),
    "mode_gap": (dict(statistics_moved=0.0), dict(mode_gap=0.7)),
    "soft_labels": (dict(d_real=0.3, d_fake=0.18), dict(d_real=0.45, d_fake=0.3)),
    "d_too_strong": (
        dict(auc=1.0, d_real=1.0, d_fake=1e-4),
        dict(auc=1.0, d_real=1.0, d_fake=4e-3),
    ),
    "memory": (dict(memory=0.8), dict(memory=0.5)),
    "dead_g": (dict(spread_fake=1e-6, twins_fake=0.0), dict(spread_fake=1e-3, twins_fake=1e-3)),
    "mode_collapse": (dict(spread_fake=0.05, twins_fake=0.02), dict(twins_fake=0.05)),
    "missed": (dict(missed=0.9), dict(missed=0.7)),
    "never_settles": (dict(change=1.4), dict(change=1.2)),
    "grid": (dict(grid_fake=5.0), dict(grid_fake=3.0)),
    "colour": (dict(colour_fake=0.3), dict(colour_fake=0.09)),
}


def test_every_rule_has_a_case_below():
    assert set(SICK) == {rule.name for rule in RULES}
    assert all(rule.reason and rule.advice and rule.maybe < rule.sure for rule in RULES)
    assert {cause for rule in RULES for cause in rule.causes} <= set(SICK)


@pytest.mark.parametrize("name", SICK)
def test_a_rule_is_sure_past_its_second_threshold_and_says_so_short_of_it(name):
    sure, unsure = (diagnose(rows(**numbers)) for numbers in SICK[name])
    assert sure[0].name == name
    assert sure[0].sure
    found = {finding.name: finding for finding in unsure}
    assert not found[name].sure
    assert str(found[name]).startswith("Not sure: ")
    numbers = [character for character in sure[0].evidence if character.isdigit()]
    assert numbers
    assert "Try: " in str(sure[0])


def test_health_is_silent_and_what_a_cause_explains_is_not_said_again():
    assert diagnose(rows()) == []
    assert report(rows()) == "Nothing stands out (9 looks, up to step 320)."
    collapsed = dict(spread_fake=0.05, twins_fake=0.02, missed=1.0)
    assert [f.name for f in diagnose(rows(**collapsed))] == ["mode_collapse"]
    assert [f.name for f in diagnose(rows(d_moved=0.0, **collapsed))] == ["frozen_d"]
    # A cause that is not sure explains nothing away.
    names = [f.name for f in diagnose(rows(d_moved=0.01, **collapsed))]
    assert names == ["mode_collapse", "frozen_d"]


@pytest.mark.parametrize("name", ["soft_labels", "d_too_strong"])
def test_losses_without_probabilities_are_not_judged_by_them(name):
    sure, _ = SICK[name]
    assert name in [finding.name for finding in diagnose(rows(**sure))]
    assert name not in [f.name for f in diagnose(rows(probabilities=0.0, **sure))]
    gan = small_gan()
    real = np.random.default_rng(1).uniform(-1, 1, (32, 28, 28, 1))
    for loss, wanted in (("minimax", 1.0), ("hinge", 0.0)):
        examiner = Examiner(gan.generator, gan.discriminator, real, loss=loss, compiled=False)
        assert examiner.look(0)["probabilities"] == wanted


def test_one_bad_moment_is_no_illness_and_the_beginning_no_evidence():
    some = rows()
    some[-1] |= dict(spread_fake=0.01, twins_fake=0.01)
    assert diagnose(some) == []
    assert diagnose(rows(missed=1.0)[: LOOKS_NEEDED - 1]) == []
    assert "Too early" in report(rows(missed=1.0)[:4])
    early = [row | {"step": row["step"] // 10} for row in rows(missed=1.0)]
    assert diagnose(early) == []
    assert diagnose(rows(missed=1.0)) != []


def test_numbers_that_are_none_are_named_at_once():
    some = rows()[:2]
    some[1] |= dict(g_loss=math.nan)
    (finding,) = diagnose(some)
    assert finding.name == "not_finite"
    assert "step 40" in finding.evidence
    assert "g_loss" in finding.evidence


def test_rows_survive_a_file(tmp_path):
    some = rows(missed=0.9)
    del some[0]["change"]
    write_rows(tmp_path / "run" / "doctor.csv", some)
    back = read_rows(tmp_path / "run" / "doctor.csv")
    assert back == some
    assert [f.name for f in diagnose(back)] == ["missed"]


def test_the_report_as_a_figure_has_labels_and_the_numbers():
    figure = draw_report(rows(), "A title")
    assert figure._suptitle.get_text() == "A title"
    losses, probabilities, gradient, spread = figure.axes
    assert [axes.get_xlabel() for axes in figure.axes] == ["step"] * 4
    assert all(axes.get_ylabel() and axes.get_legend() for axes in figure.axes)
    np.testing.assert_allclose(probabilities.lines[1].get_ydata(), HEALTHY["d_fake"])
    assert gradient.get_yscale() == "log"


# --- the callback ---------------------------------------------------------------------


def test_a_run_that_is_lost_is_stopped_and_the_last_good_moment_comes_back(
    digits, tmp_path, capsys
):
    gan = small_gan(d=0.0)
    doctor = Doctor(digits, every=20, stop=True, live=True, folder=tmp_path)
    gan.fit(digits, batch_size=8, epochs=40, verbose=0, callbacks=[doctor])
    assert "D hardly learns" in doctor.stopped
    assert doctor.rows[-1]["step"] < 400  # of 1,280
    said = capsys.readouterr().out
    assert said.count("D hardly learns, or not at all. Between two looks") == 2  # found, stopped
    assert doctor.rows == read_rows(tmp_path / "doctor.csv")
    step = doctor.restore()
    assert step < doctor.rows[-1]["step"]
    kept = keras.saving.load_model(tmp_path / "last_good.keras", compile=False)
    assert equal(kept.get_weights(), gan.generator.get_weights())


def test_without_stop_a_run_goes_to_its_end(digits):
    gan = small_gan(d=0.0)
    doctor = Doctor(digits, every=20)
    gan.fit(digits, batch_size=8, epochs=7, verbose=0, callbacks=[doctor])
    assert doctor.stopped is None
    assert doctor.rows[-1]["step"] == 224
    assert "D hardly learns" in doctor.report()


def test_looking_takes_no_more_than_its_share(monkeypatch, digits):
    """With a clock on which a step takes 1 s and a look 4 s."""
    now = [0.0]
    monkeypatch.setattr("dcgan_course.diagnosis.doctor.time.perf_counter", lambda: now[0])
    gan = small_gan()
    doctor = Doctor(digits, share=0.05)
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


@pytest.mark.parametrize("model", [DCGAN, CombinedDCGAN])
def test_infinite_values_stop_a_run_at_once_and_cost_nothing(digits, model):
    gan = small_gan(model, dropout=0.0, g=1e30, d=1e30)
    doctor = Doctor(digits, every=1)
    history = gan.fit(digits, batch_size=32, epochs=3, verbose=0, callbacks=[doctor])
    assert len(history.history["d_loss"]) == 1
    (finding,) = doctor.findings
    assert finding.name == "not_finite"
    assert "At step " in doctor.stopped
    assert "layer" in finding.evidence
    assert "The weights are those of step" in doctor.stopped
    assert all(np.isfinite(each).all() for each in state(gan))


def test_the_place_where_infinity_begins_is_named(digits):
    gan = small_gan(dropout=0.0)
    networks = gan.generator, gan.discriminator
    codes = tf.random.stateless_normal((16, 8), seed=[1, 1])
    real = digits[:16]
    assert "batch of that step" in first_not_finite(*networks, codes, real)
    assert first_not_finite(*networks, codes, real * np.nan) == "the real samples"
    layer = gan.discriminator.layers[3]
    kernel = layer.kernel.numpy()
    broken = kernel.copy()
    broken[0, 0, 0, 0] = np.nan
    layer.kernel.assign(broken)
    assert f"layer 4 of {len(networks[1].layers)}, {layer.name}: its weights" in first_not_finite(
        *networks, codes, real
    )
    layer.kernel.assign(kernel)
    first = gan.generator.layers[0]
    first.kernel.assign(np.full(first.kernel.shape, 3e38))
    said = first_not_finite(*networks, codes, real)
    assert said.startswith("G layer ")
    assert "from an input and weights that are finite" in said
