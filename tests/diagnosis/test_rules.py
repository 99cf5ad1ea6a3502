"""The rules: each speaks past its thresholds, causes before symptoms, youth is let be."""

import math

import pytest

from dcgan_course.diagnosis.judge import diagnose, is_lost, is_too_early, looks_lost
from dcgan_course.diagnosis.rules import (
    BALANCE,
    CHECKS_NEEDED,
    HOPELESS,
    RULES,
    SETUP,
    SYMPTOM,
    SYMPTOMS,
)

HEALTHY = dict(
    d_loss=1.1, g_loss=0.95, d_real=0.58, d_fake=0.4, g_gradient=1.0, g_steep=1.0, auc=0.85,
    d_moved=0.15, g_moved=0.2, statistics_moved=0.1, g_gone=1.6, d_gone=1.5, g_kernels=4,
    d_kernels=3, g_still=0, d_still=0, g_still_first=0, d_still_first=0,
    spread_fake=0.33, spread_real=0.38,
    spread_plain=0.32, twins_fake=0.34, twins_real=0.49, missed=0.1, mmd=0.1, apart=0.8,
    clusters_found=1.0, clusters_off=0.2, copies=1.0, low_real=-1.0, high_real=1.0, low_fake=-1.0,
    high_fake=0.99, slack_fake=0.2, slack_real=0.2, grid_fake=1.1, grid_real=0.9, grid4_fake=1.0,
    grid4_real=1.0, g_uneven=0, colour_fake=0.13, colour_real=0.13, colour_shown=0.13, offset=0.3,
    mode_gap=0.2, change=0.8, memory=0.0, known_auc=0.5, real_count=1000, duplicates=0.0,
    probabilities=1.0, own_loss=1.0, g_reach_low=-1, g_reach_high=1, d_reach_low=-50,
    d_reach_high=50, g_norms=3, d_norms=2, g_size=60_000, d_size=30_000, g_heading=0.3,
    d_heading=0.3, d_curvature=0.5, logit_low=-4, logit_high=3, batch_size=64, g_training=1,
    d_training=1, batch_low=-1, batch_high=1, batch_shift=0.02, batch_spread=1.0, batch_apart=0.5,
    batch_hue=0.0, batch_known=0.3, codes_spread=1.0, codes_mean=0.0, codes_change=1.41,
    d_real_changed=0.0, d_fake_changed=0.0,
)  # fmt: skip


def rows(count=12, **changed):
    return [{"step": 40 * check, **HEALTHY, **changed} for check in range(count)]


BLIND = dict(auc=0.5, d_real=0.5, d_fake=0.5, d_loss=1.39, d_heading=0.1)
SICK = {  # name: (numbers at which it is sure, numbers at which it is not)
    "few_data": (dict(real_count=40, batch_known=1.0), dict(real_count=90, batch_known=1.0)),
    "no_motion": (dict(g_moved=0, d_moved=0), None),
    "range": (dict(low_real=0.0), dict(high_real=1.3)),
    "batch_differs": (dict(batch_shift=-0.9), dict(batch_shift=0.4)),
    "one_sided": (dict(d_real_changed=0.4), dict(d_fake_changed=0.03)),
    "bounded_logit": (dict(d_reach_low=0, d_reach_high=1), None),
    "frozen_layers": (dict(d_still=1, d_still_first=1), None),
    "fixed_codes": (dict(codes_change=0.0), dict(codes_change=0.15)),
    "code_scale": (dict(codes_spread=10.0), dict(codes_spread=0.4)),
    "small_batch": (dict(batch_size=2), dict(batch_size=8)),
    "mode_gap": (dict(g_training=0), dict(mode_gap=0.8)),
    "frozen_d": (dict(d_moved=0.0), dict(d_moved=0.01)),
    "frozen_g": (dict(g_moved=1e-4), dict(g_moved=0.007)),
    "color": (dict(colour_shown=0.0), dict(colour_fake=0.22)),
    "flipped_g": (
        dict(g_heading=-0.1, auc=0.95, d_fake=0.1, d_real=0.9),
        dict(g_heading=0.03, auc=0.95, d_fake=0.1, d_real=0.9),
    ),
    "flipped_labels": (
        dict(d_real=0.05, d_fake=0.95, auc=0.02, d_heading=-0.3),
        dict(d_real=0.3, d_fake=0.7, auc=0.3),
    ),
    "flat_loss": (dict(g_gradient=1e-4), dict(g_gradient=0.06)),
    "agreeing_d": (
        dict(BLIND, apart=1.0, d_real=0.62, d_fake=0.62, d_heading=0.0),
        dict(BLIND, apart=0.94, d_real=0.62, d_fake=0.62, d_heading=0.0),
    ),
    "noisy_labels": (
        dict(BLIND, apart=1.0, d_heading=0.01),
        dict(BLIND, apart=0.94, d_heading=0.01),
    ),
    "weak_d": (dict(d_curvature=1e-6), dict(BLIND, apart=0.94, d_size=600)),
    "soft_labels": (dict(d_real=0.3, d_fake=0.18), dict(d_real=0.45, d_fake=0.3)),
    "unbounded_d": (dict(logit_low=-4000), dict(logit_high=200)),
    "memory": (dict(memory=0.8, known_auc=0.95), dict(known_auc=0.75)),
    "copies": (dict(copies=0.1), dict(copies=0.35)),
    "dead_g": (dict(spread_fake=1e-6, twins_fake=0.0), dict(spread_fake=1e-3)),
    "saturated": (dict(slack_fake=1e-5), dict(slack_fake=0.015)),
    "d_too_strong": (
        dict(auc=1.0, d_real=1.0, d_fake=1e-4),
        dict(auc=1.0, d_real=1.0, d_fake=4e-3),
    ),
    "mode_collapse": (
        dict(spread_fake=0.05, twins_fake=0.02),
        dict(spread_fake=0.05, twins_fake=0.08),
    ),
    "missed": (dict(missed=1.0), dict(missed=0.85)),
    "never_settles": (dict(change=1.4), dict(change=1.2)),
    "grid": (dict(grid_fake=5.0, g_uneven=2), dict(grid4_fake=13.0)),
}


def named(findings):
    return {finding.name: finding for finding in findings}


def test_every_rule_has_a_case_and_its_reasons():
    assert set(SICK) == {rule.name for rule in RULES}
    assert all(rule.reason and rule.advice and rule.maybe <= rule.sure for rule in RULES)
    assert {each for rule in RULES for each in rule.explains} <= set(SICK)
    assert set(HOPELESS) <= set(SICK)
    assert [rule.level for rule in RULES if rule.level != BALANCE] == sorted(
        rule.level for rule in RULES if rule.level != BALANCE
    )
    # No cure without evidence: R1 did not help against collapse where it was tried.
    assert not any("R1" in rule.advice for rule in RULES)


@pytest.mark.parametrize("name", SICK)
def test_a_rule_is_sure_past_its_second_threshold_and_says_so_short_of_it(name):
    sure, unsure = SICK[name]
    found = diagnose(rows(**sure))
    assert found[0].name == name
    assert found[0].sure
    assert any(character.isdigit() for character in found[0].evidence)
    assert "Try: " in str(found[0])
    if unsure is not None:
        finding = named(diagnose(rows(**unsure)))[name]
        assert not finding.sure
        assert str(finding).startswith("Not sure: ")


def test_health_is_silent():
    assert diagnose(rows()) == []
    assert diagnose([]) == []
    points = [
        {name: value for name, value in row.items() if not name.startswith(("grid", "color"))}
        for row in rows()
    ]
    assert diagnose(points) == []


def test_rows_with_few_numbers_are_judged_by_those():
    """A GAN of somebody else shows less."""
    needed = ("step", "d_loss", "g_loss", "d_real", "d_fake", "g_gradient", "g_steep", "auc")
    few = [{name: row[name] for name in needed} for row in rows()]
    assert diagnose(few) == []


@pytest.mark.parametrize("cause", [rule.name for rule in RULES if rule.level < SYMPTOM])
def test_a_sure_cause_silences_all_symptoms(cause):
    symptoms = dict(spread_fake=0.03, twins_fake=0.02, missed=1.0, change=1.4)
    assert "mode_collapse" in named(diagnose(rows(**symptoms)))
    found = named(diagnose(rows(**{**symptoms, **SICK[cause][0]})))
    assert found[cause].sure
    assert not set(found) & set(SYMPTOMS)


def test_the_set_up_comes_before_the_balance():
    strong = SICK["d_too_strong"][0]
    assert list(named(diagnose(rows(**strong)))) == ["d_too_strong"]
    found = diagnose(rows(**strong, batch_shift=2.0))
    assert [finding.name for finding in found if finding.sure] == ["batch_differs"]


@pytest.mark.parametrize("name", SYMPTOMS)
def test_what_improves_is_not_sick(name):
    sick = rows(**SICK[name][0])
    for check, row in enumerate(sick):
        row["mmd"] = 0.9 * 0.8**check
    assert not named(diagnose(sick))[name].sure


@pytest.mark.parametrize("name", SYMPTOMS)
def test_the_young_are_not_judged_by_symptoms(name):
    young = rows(**SICK[name][0], g_gone=0.1, d_gone=0.1)
    assert diagnose(young) == []
    assert is_too_early(young)
    assert not is_too_early(rows())


def test_a_few_checks_suffice_for_the_set_up_and_one_bad_one_for_nothing():
    few = CHECKS_NEEDED[SETUP] + 1
    assert named(diagnose(rows(few, batch_size=2)))["small_batch"].sure
    assert diagnose(rows(few, **SICK["d_too_strong"][0])) == []
    some = rows()
    some[-1] |= dict(spread_fake=0.01, twins_fake=0.01)
    assert diagnose(some) == []


def test_a_sample_of_a_large_set_is_not_taken_for_all_of_it():
    few = dict(real_count=40)
    assert named(diagnose(rows(**few, batch_known=1.0)))["few_data"].sure
    assert diagnose(rows(**few, batch_known=0.01)) == []


def test_constant_data_are_named_and_nothing_is_compared_with_their_spread():
    black = dict(
        spread_real=0.0, twins_real=0.0, duplicates=1.0, low_real=-1.0, high_real=-1.0,
        mode_gap=1e5, change=1e5, batch_spread=0.0, batch_shift=0.0, slack_real=0.0,
    )  # fmt: skip
    assert [finding.name for finding in diagnose(rows(**black))] == ["few_data"]


def test_a_d_that_is_learning_is_not_called_blind():
    blind = rows(**SICK["noisy_labels"][0])
    for check, row in enumerate(blind):
        row["d_loss"] = 1.55 - 0.01 * check
    assert diagnose(blind) == []
    surer = rows(**SICK["noisy_labels"][0])
    for check, row in enumerate(surer):
        row["auc"] = 0.5 + 0.016 * check
    assert diagnose(surer) == []


def test_moving_averages_on_their_way_are_no_gap():
    lagging = rows(mode_gap=1.1, spread_plain=0.01)
    assert named(diagnose(lagging))["mode_gap"].sure
    for check, row in enumerate(lagging):
        row["spread_plain"] = 0.001 * 1.3**check
    assert diagnose(lagging) == []
    still = rows(mode_gap=0.5, statistics_moved=0.0)
    assert named(diagnose(still))["mode_gap"].sure


@pytest.mark.parametrize(
    ("limits", "data", "sick"),
    [
        ((-1, 1), (-1, 1), False),
        ((-1, 1), (0, 1), True),
        ((-1, 1), (-1, -0.3), False),  # dim
        ((-1, 1), (-0.6, 1), False),  # dark on white
        ((0, 1), (0, 1), False),  # a sigmoid, and data that agree with it
        ((0, 1), (-1, 1), True),
        ((0, 50), (-1, 1), True),
        ((-50, 50), (-3, 3), False),
        ((-1, 1), (0, 255), True),
        ((-1, 1), (-1, -1), False),  # all black: something else is wrong with them
    ],
)
def test_ranges_that_agree_are_healthy_whatever_they_are(limits, data, sick):
    (low, high), (bottom, top) = data, limits
    found = diagnose(rows(low_real=low, high_real=high, g_reach_low=bottom, g_reach_high=top))
    assert ("range" in named(found)) == sick


@pytest.mark.parametrize("name", ["soft_labels", "d_too_strong", "noisy_labels", "agreeing_d"])
def test_losses_without_probabilities_are_not_judged_by_them(name):
    sure, _ = SICK[name]
    assert name in named(diagnose(rows(**sure)))
    assert name not in named(diagnose(rows(**sure, probabilities=0.0)))


def test_numbers_that_are_none_are_named_at_once():
    some = rows()[:2]
    some[1] |= dict(g_loss=math.nan)
    (finding,) = diagnose(some)
    assert finding.name == "not_finite"
    assert "step 40" in finding.evidence
    assert "g_loss" in finding.evidence


def test_a_lost_run_is_told_from_a_sick_one():
    assert is_lost(diagnose(rows(d_moved=0.0))).name == "frozen_d"
    assert is_lost(diagnose(rows(change=1.4))) is None
    collapsed = SICK["mode_collapse"][0]
    assert is_lost(diagnose(rows(**collapsed))).name == "mode_collapse"
    # A single row tells before the doctor is sure: such weights are not kept.
    late = rows()
    late[-1] |= collapsed
    assert looks_lost(late)
    assert is_lost(diagnose(late)) is None
    assert not looks_lost(rows())
