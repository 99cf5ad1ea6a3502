"""Each augmentation does what it says, to each image for itself, and lets gradients through."""

import numpy as np
import pytest
import tensorflow as tf

from dcgan_course.networks import augment

CHANGES = (augment.flip, augment.translate, augment.color, augment.cutout)
SEED = (3, 4)


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(-1, 1, (64, 16, 12, 3)).astype("float32")


@pytest.mark.parametrize("change", [*CHANGES, augment.chain(*CHANGES)])
def test_the_seed_decides_and_every_image_has_its_own(images, change):
    once, again = change(images, SEED), change(images, SEED)
    np.testing.assert_array_equal(once, again)
    assert once.shape == images.shape
    assert np.abs(once - change(images, (3, 5))).max() > 0
    same = np.repeat(images[:1], 64, axis=0)
    changed = np.asarray(change(same, SEED)).reshape(64, -1)
    assert len(np.unique(changed, axis=0)) > 1


@pytest.mark.parametrize("change", [*CHANGES, augment.chain(*CHANGES)])
def test_gradients_come_through(images, change):
    x = tf.Variable(images)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.square(change(x, SEED)))
    assert float(tf.reduce_max(tf.abs(tape.gradient(total, x)))) > 0


def test_flip_mirrors_half(images):
    flipped = np.asarray(augment.flip(images, SEED))
    mirrored = (flipped == images[:, :, ::-1]).all((1, 2, 3))
    kept = (flipped == images).all((1, 2, 3))
    assert (mirrored ^ kept).all()
    assert 16 < mirrored.sum() < 48


def test_translate_moves_by_whole_pixels_up_to_its_share_in_both_directions():
    rows, columns = np.mgrid[0:16, 0:12].astype("float32")
    images = np.repeat(np.stack([rows, columns], -1)[None], 200, axis=0)
    moved = np.asarray(augment.translate(images, SEED, share=0.25))
    middle = moved[:, 8, 6] - [8, 6]  # by how much each image was moved
    assert set(np.unique(middle[:, 0])) == set(range(-4, 5))
    assert set(np.unique(middle[:, 1])) == set(range(-3, 4))
    assert np.abs(np.corrcoef(middle.T)[0, 1]) < 0.2  # rows and columns apart
    for image, (down, right) in zip(moved, middle, strict=True):
        np.testing.assert_array_equal(image[..., 0], np.clip(rows + down, 0, 15))
        np.testing.assert_array_equal(image[..., 1], np.clip(columns + right, 0, 11))


def test_color_shifts_brightness_and_keeps_contours(images):
    changed = np.asarray(augment.color(images, SEED))
    shift = changed.mean((1, 2, 3)) - images.mean((1, 2, 3))
    assert shift.min() < -0.3
    assert shift.max() > 0.3
    assert np.abs(shift).max() <= 0.51
    gray = np.repeat(images[..., :1], 3, axis=3)  # without color, saturation has no effect
    contrast = np.asarray(augment.color(gray, SEED)).std((1, 2, 3)) / gray.std((1, 2, 3))
    assert contrast.min() == pytest.approx(0.5, abs=0.1)
    assert contrast.max() == pytest.approx(1.5, abs=0.1)


def test_cutout_hides_one_rectangle():
    hidden = np.asarray(augment.cutout(np.ones((300, 16, 12, 1), "float32"), SEED))[..., 0] == 0
    for mask in hidden:
        rows, columns = mask.any(1), mask.any(0)
        np.testing.assert_array_equal(mask, rows[:, None] & columns[None])
        assert 1 <= rows.sum() <= 8
        assert 1 <= columns.sum() <= 6
    assert hidden.sum((1, 2)).max() == 48
    assert hidden.any(0).all()  # anywhere


def test_chain_is_named_after_its_parts():
    assert augment.chain(augment.flip, augment.cutout).__name__ == "flip+cutout"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: augment.flip(np.zeros((2, 4, 4), "float32"), [0, 0]),
            "images should be float, shape",
        ),
        (
            lambda: augment.flip(np.zeros((2, 4, 4, 1), "uint8"), [0, 0]),
            "images should be float, shape",
        ),
        (lambda: augment.color([[1.0]], [0, 0]), "images should be float, shape"),
        (
            lambda: augment.flip(np.zeros((2, 4, 4, 1), "float32"), 7),
            "seed should be two whole numbers",
        ),
        (
            lambda: augment.translate(np.zeros((2, 4, 4, 1), "float32"), [0, 0], share=2),
            "share should be",
        ),
        (
            lambda: augment.cutout(np.zeros((2, 4, 4, 1), "float32"), [0, 0], share=-1),
            "share should be",
        ),
        (lambda: augment.chain(), "chain needs at least one"),
        (lambda: augment.chain(augment.flip, "translate"), "chain takes functions"),
        (
            lambda: augment.chain(augment.flip(np.zeros((2, 4, 4, 1), "float32"), [0, 0])),
            "chain takes functions",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
