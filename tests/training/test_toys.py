"""The two games of lesson 01, their recordings, and the panel to play with."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_course.training.games import LineGame, RingGame
from dcgan_course.training.toys import GamePlayer, moments_to_take, small_network, train_toy


def test_modes_covered_counts_modes_and_good_points():
    ring = RingGame()
    around = np.random.default_rng(0).normal(0, ring.deviation, (4000, 2))
    everywhere = np.repeat(ring.centers, 500, axis=0) + around
    found, good = ring.modes_covered(everywhere)
    # Within 3 standard deviations lie 1 − exp(−9/2) = 98.9% of a round Gaussian.
    assert found == 8
    assert good == pytest.approx(1 - np.exp(-4.5), abs=0.005)
    assert ring.modes_covered(everywhere[:1500])[0] == 3  # three of the centers
    assert ring.modes_covered(np.zeros((100, 2))) == (0, 0.0)  # the middle is no mode
    few = np.concatenate([np.repeat(ring.centers[:1], 995, axis=0), ring.centers[1:6]])
    assert ring.modes_covered(few)[0] == 1  # below 1% a mode does not count as found


def test_real_samples_are_what_the_games_say():
    line, ring = LineGame(), RingGame()
    numbers = np.asarray(line.real(20_000, seed=1))
    assert numbers.shape == (20_000, 1)
    assert numbers.mean() == pytest.approx(line.mean, abs=0.02)
    assert numbers.std() == pytest.approx(line.deviation, abs=0.02)
    assert line.density(line.x).sum() * (line.x[1] - line.x[0]) == pytest.approx(1, abs=1e-4)
    points = np.asarray(ring.real(20_000, seed=1))
    found, good = ring.modes_covered(points)
    assert found == 8
    assert good > 0.98


def test_density_of_g_is_the_one_that_its_map_implies():
    """G(z) = 2 + 0.5 z has exactly the density of the real numbers."""
    game = LineGame()
    moment = game.look(lambda z: 2 + 0.5 * z, lambda x: np.zeros((len(x), 1)))
    assert np.abs(moment["q"] - game.density(game.x)).max() < 0.02
    assert moment["D"] == pytest.approx(0.5)
    assert moment["mean"] == pytest.approx(2, abs=1e-3)
    assert moment["deviation"] == pytest.approx(0.5, abs=2e-3)


@pytest.mark.slow(seconds=10)
def test_g_learns_the_line_and_finds_all_modes_of_the_ring():
    """The settings of the lesson work, and the failures that it shows fail."""
    line = train_toy("line", hidden=32, g_rate=3e-4, d_rate=3e-3, steps=2500, frames=2, seed=1)
    distances = [
        np.abs(m["q"] - line.game.density(line.game.x)).sum() * 0.025 / 2 for m in line.moments
    ]
    assert distances[0] > 0.9  # total variation, 1 where the two do not overlap
    assert distances[-1] < 0.25
    good = train_toy("ring", steps=2000, frames=2, seed=1).moments[-1]
    assert good["found"] == 8
    assert good["good"] > 0.6
    for change in (dict(d_hidden=4), dict(g_rate=1e-2), dict(d_rate=1e-4)):
        bad = train_toy("ring", steps=2000, frames=2, seed=1, **change).moments[-1]
        # Whether what a collapsed G makes is good is a matter of the last bit: not asked.
        assert bad["found"] < 6, change


@pytest.mark.slow(seconds=3)
def test_the_same_seed_records_the_same():
    one, other, third = (train_toy("ring", steps=40, frames=2, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.moments[-1]["points"], other.moments[-1]["points"])
    assert not np.array_equal(one.moments[-1]["points"], third.moments[-1]["points"])
    assert not np.array_equal(one.moments[0]["points"], one.moments[-1]["points"])


def test_moments_are_denser_at_the_start():
    steps = moments_to_take(1000, 20)
    assert steps[0] == 0
    assert steps[-1] == 1000
    assert steps == sorted(set(steps))
    assert steps[1] < 1000 / 20 < steps[-1] - steps[-2]
    assert moments_to_take(3, 20) == [0, 1, 2, 3]


def test_progress_is_told_to_its_end():
    told = []
    train_toy("line", steps=30, frames=3, progress=lambda *numbers: told.append(numbers))
    assert told[-1] == (30, 30)
    assert [done for done, _ in told] == moments_to_take(30, 3)[1:]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dict(game="cube"), r"'cube'.*line, ring"),
        (dict(loss="wasserstein"), r"loss should be one of"),
        (dict(loss="l2"), r"loss should be one of"),
        (dict(steps=0), "steps should be a whole number of 1 or more, not 0"),
        (dict(steps=2.5), "steps should be"),
        (dict(frames=0), "frames should be"),
        (dict(batch_size=0), "batch_size should be"),
        (dict(hidden=0), "hidden should be"),
        (dict(d_hidden=0), "d_hidden should be"),
        (dict(depth=-1), "depth should be"),
        (dict(g_rate=-1.0), "g_rate should be a number above 0"),
        (dict(d_rate=float("nan")), "d_rate should be"),
        (dict(beta_1=1), "beta_1 should be"),
        (dict(seed=-1), "seed should be"),
        (dict(progress=3), "progress should be"),
        (dict(game=3), "game should be"),
        (dict(game=RingGame), "game should be"),
    ],
)
def test_wrong_settings_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        train_toy(**{"game": "ring", "steps": 1, **wrong})


def test_small_networks_have_the_capacity_asked_for():
    network = small_network(2, 3, hidden=5, depth=2)
    assert network.output_shape == (None, 3)
    assert network.count_params() == (2 * 5 + 5) + (5 * 5 + 5) + (5 * 3 + 3)
    straight = small_network(1, depth=0)
    assert float(straight(tf.constant([[2.0]]))[0, 0]) == pytest.approx(
        2 * float(straight.layers[0].kernel[0, 0])
    )


def test_pictures_show_their_moment():
    ring = train_toy("ring", steps=20, frames=2)
    first, last = ring.pictures([0, -1])
    assert first.dtype == np.uint8
    assert first.shape == last.shape
    assert first.shape[2] == 3
    assert not np.array_equal(first, last)
    assert ring.caption(-1).startswith("step 20 ")


@pytest.mark.slow(seconds=3)
def test_the_panel_trains_again_with_what_was_chosen():
    player = GamePlayer(train_toy("ring", steps=12, frames=3))
    player.build()
    before = player._image.value
    player.controls["d_hidden"].value = 8
    player.controls["loss"].value = "hinge"
    player.button.click()
    assert player.recording.settings["d_hidden"] == 8
    assert player.recording.settings["loss"] == "hinge"
    assert player.recording.settings["steps"] == 12
    assert player._image.value != before
    assert "modes found" in player._message.value
    assert not player.button.disabled


def test_a_failing_training_leaves_a_message_and_a_living_panel():
    player = GamePlayer(train_toy("ring", steps=6, frames=2))
    player.build()
    player.recording.settings["steps"] = 0
    player.button.click()
    assert "did not work" in player._message.value
    assert "steps should be" in player._message.value
    assert not player.button.disabled
