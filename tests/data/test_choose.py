"""Plain backgrounds are found by pixels, whatever the size of the images."""

import numpy as np
import pytest

from dcgan_course.data.choose import plain_backgrounds


def images(side=32, channels=3):
    """Four kinds: a spot on a plain background, the same on noise, noise, and one gray."""
    rng = np.random.default_rng(0)
    noise = rng.uniform(-1, 1, (side, side, channels))
    spot, gray = np.full((2, side, side, channels), 0.1)
    spot[side // 4 : -(side // 4), side // 4 : -(side // 4)] = 0.9
    restless = np.where(spot > 0.5, spot, noise)
    return np.stack([noise, spot, restless, gray]).astype("float32")


@pytest.mark.parametrize(("side", "channels"), [(8, 1), (9, 3), (32, 3), (64, 3)])
def test_a_spot_on_a_plain_background_is_chosen_first(side, channels):
    made = images(side, channels)
    np.testing.assert_array_equal(plain_backgrounds(made, 1)[0] >= 0.1, made[1] >= 0.1)
    kept = plain_backgrounds(made, 3)
    assert not any((image == made[0]).all() for image in kept)  # noise is left out first


def test_chosen_images_stay_in_order_and_as_they_are():
    made = np.concatenate([images(), -images()])
    np.testing.assert_array_equal(plain_backgrounds(made, 100), made)
    two = plain_backgrounds(made, 4)
    places = [int(np.flatnonzero((made == image).all(axis=(1, 2, 3)))[0]) for image in two]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (dict(images=np.zeros((4, 32, 32))), r"not \(4, 32, 32\)"),
        (dict(images=np.zeros((4, 6, 32, 3))), r"at least 8, not \(4, 6, 32, 3\)"),
        (dict(images=np.zeros((4, 32, 32, 3)), count=0), "count should be"),
    ],
)
def test_what_cannot_be_chosen_from_is_refused(given, says):
    with pytest.raises(ValueError, match=says):
        plain_backgrounds(**given)
