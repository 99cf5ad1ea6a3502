"""Numbers of samples, computed where the answer is known."""

import math

import numpy as np
import pytest

from dcgan_course.diagnosis.samples import (
    Comparison,
    auc,
    grid_strength,
    mean_squares,
    sample_facts,
)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def test_facts_about_samples(rng):
    varied = rng.uniform(-1, 1, (40, 8, 8, 3)).astype("float32")
    facts = sample_facts(varied)
    assert (facts["low"], facts["high"]) == (varied.min(), varied.max())
    assert facts["spread"] == pytest.approx(varied.std(axis=0).mean(), rel=1e-4)
    assert facts["color"] == pytest.approx(varied.std(axis=3).mean(), rel=1e-4)
    assert facts["slack"] == pytest.approx((1 - varied**2).mean(), rel=1e-4)
    assert facts["twins"] > 0.5
    alike = sample_facts(np.repeat(varied[:2], 20, axis=0))
    assert alike["twins"] < 1e-3
    assert alike["spread"] > 0  # two sorts, but each sample has a twin
    assert math.isnan(sample_facts(varied * np.nan)["low"])
    assert "grid" not in sample_facts(varied.reshape(40, -1))


@pytest.mark.parametrize(("period", "other"), [(2, 3), (3, 2), (4, 3), (8, 3)])
def test_a_grid_shows_at_its_own_period(rng, period, other):
    """A line every `period` pixels has overtones, but none at the other period."""
    noise = rng.uniform(-0.1, 0.1, (40, 24, 24, 1))
    lines = (np.arange(24) % period == 0) * 0.4
    grid = (lines[:, None] + lines[None])[..., None]
    assert 0.5 < grid_strength(noise, period) < 1.5
    assert grid_strength(noise + grid, period) > 4
    assert grid_strength(noise + grid, other) < 1.5


@pytest.mark.parametrize("shape", [(5, 7, 1), (9, 15, 1), (3, 3, 3), (1, 40, 1), (13, 8, 3)])
def test_images_of_any_size_are_measured(rng, shape):
    facts = sample_facts(rng.uniform(-1, 1, (16, *shape)))
    assert all(math.isfinite(value) for value in facts.values())
    assert ("grid" in facts) == (min(shape[:2]) >= 8)


@pytest.mark.parametrize("value", [-1.0, 0.0, 3.0])
def test_constant_samples_divide_nothing_by_zero(value):
    constant = np.full((32, 8, 8, 1), value, "float32")
    facts = sample_facts(constant) | Comparison(constant).facts(constant)
    assert all(math.isfinite(each) for each in facts.values())
    assert facts["apart"] == 0.5  # whichever is which
    assert Comparison(constant).duplicates == 1


def test_equal_sets_are_alike_and_far_ones_apart(rng):
    real, same = rng.normal(size=(2, 200, 6))
    comparison = Comparison(real)
    near, far = comparison.facts(same), comparison.facts(same + 9)
    assert near["missed"] < 0.1
    assert far["missed"] == 1
    assert 0.35 < near["apart"] < 0.65
    assert far["apart"] == 1
    assert near["mmd"] < 0.1 < 0.9 < far["mmd"]
    assert far["offset"] == pytest.approx(9 / real.std(), rel=0.05)
    assert comparison.duplicates == 0


def test_fakes_of_few_groups_leave_the_others_empty(rng):
    centers = 10 * rng.normal(size=(8, 4))
    real = centers[rng.integers(8, size=400)] + rng.normal(size=(400, 4)) / 10
    fakes = centers[rng.integers(2, size=400)] + rng.normal(size=(400, 4)) / 10
    facts = Comparison(real).facts(fakes)
    assert facts["clusters_found"] == 0.25
    assert facts["clusters_off"] == pytest.approx(0.75, abs=0.06)
    again = Comparison(real).facts(real)
    assert again["clusters_found"] == 1
    assert again["clusters_off"] == 0


def test_copies_are_near_and_new_samples_are_not(rng):
    real, new = rng.normal(size=(2, 100, 30))
    comparison = Comparison(real)
    assert comparison.facts(real + 0.01)["copies"] < 0.02
    assert comparison.facts(new)["copies"] > 0.8


def test_squares_of_equal_rows_are_zero_and_auc_counts_ties_half(rng):
    a = rng.normal(size=(20, 50)).astype("float32") + 100
    assert (np.diag(mean_squares(a, a)) == 0).all()
    assert mean_squares(a, a + 1)[0, 0] == pytest.approx(1, rel=1e-2)
    assert auc(np.array([1.0, 2.0]), np.array([0.0, 1.0])) == pytest.approx(3.5 / 4)
