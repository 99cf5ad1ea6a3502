"""Drawn stand-ins: deterministic, quick, ten classes that can be told apart."""

import time

import numpy as np
import pytest

from dcgan_course.data.drawn.digits import DIGITS, draw_digits
from dcgan_course.data.drawn.faces import (
    FACE_ATTRIBUTES,
    draw_faces,
    draw_faces_with_attributes,
)
from dcgan_course.data.drawn.frogs import draw_frogs
from dcgan_course.data.drawn.garments import GARMENTS, draw_garments
from dcgan_course.data.drawn.pets import draw_pets
from dcgan_course.data.drawn.trees import draw_trees

BOTH = pytest.mark.parametrize("draw", [draw_digits, draw_garments])


@BOTH
def test_shape_classes_and_range(draw):
    images, labels = draw(500, seed=1)
    assert images.shape == (500, 28, 28)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    assert np.bincount(labels).tolist() == [50] * 10
    assert images.min() == 0
    assert images.max() > 200
    assert images.reshape(500, -1).max(axis=1).min() > 60  # none is empty


@BOTH
def test_the_seed_decides(draw):
    first, labels = draw(50, seed=7)
    again, labels_again = draw(50, seed=7)
    other, _ = draw(50, seed=8)
    assert np.array_equal(first, again)
    assert np.array_equal(labels, labels_again)
    assert not np.array_equal(first, other)


@BOTH
def test_images_of_a_class_differ(draw):
    images, labels = draw(300, seed=2)
    for label in range(10):
        of_class = images[labels == label]
        assert len(np.unique(of_class.reshape(len(of_class), -1), axis=0)) == len(of_class)


@BOTH
def test_classes_can_be_told_apart(draw):
    """The mean image of each class, learned on one half, names most of the other half."""
    images, labels = draw(2000, seed=3)
    flat = images.reshape(len(images), -1).astype("float32")
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    centers = np.stack([flat[:1000][labels[:1000] == label].mean(0) for label in range(10)])
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    accuracy = np.mean((flat[1000:] @ centers.T).argmax(axis=1) == labels[1000:])
    assert accuracy > 0.6


@BOTH
def test_ten_thousand_in_under_ten_seconds(draw):
    started = time.process_time()  # the processor's time: other programs do not count
    draw(10_000)
    assert time.process_time() - started < 10


def test_names_and_bad_count():
    assert len(DIGITS) == len(GARMENTS) == 10
    with pytest.raises(ValueError, match="at least 1"):
        draw_digits(0)


def test_frogs_are_colorful_varied_and_follow_from_the_seed():
    images, labels = draw_frogs(300, seed=1)
    assert images.shape == (300, 32, 32, 3)
    assert images.dtype == np.uint8
    assert labels.tolist() == [0] * 300
    again, _ = draw_frogs(300, seed=1)
    assert np.array_equal(images, again)
    assert not np.array_equal(images, draw_frogs(300, seed=2)[0])
    assert len(np.unique(images.reshape(300, -1), axis=0)) == 300
    assert images.astype(float).std(axis=(1, 2, 3)).min() > 5  # none is one flat color
    channels = images.astype(float).mean(axis=(1, 2))
    assert (channels[:, 1] > channels[:, 2]).mean() > 0.8  # green and brown rather than blue
    assert np.abs(np.corrcoef(channels.T)[0, 2]) < 0.99  # hue varies, not brightness alone
    with pytest.raises(ValueError, match="at least 1"):
        draw_frogs(0)


SCENES = pytest.mark.parametrize("draw", [draw_faces, draw_pets, draw_trees])


@SCENES
def test_scenes_are_varied_and_follow_from_the_seed(draw):
    images, labels = draw(100, seed=1)
    assert images.shape == (100, 64, 64, 3)
    assert images.dtype == np.uint8
    assert labels.tolist() == [0] * 100
    assert np.array_equal(images, draw(100, seed=1)[0])
    assert not np.array_equal(images, draw(100, seed=2)[0])
    assert len(np.unique(images.reshape(100, -1), axis=0)) == 100
    assert images.astype(float).std(axis=(1, 2, 3)).min() > 10
    with pytest.raises(ValueError, match="at least 1"):
        draw(0)


def test_faces_have_eyes_below_hair_and_every_tone_of_skin():
    images = draw_faces(300, seed=1)[0].astype(float)
    cheek = images[:, 36:42, 22:27].mean(axis=(1, 2))  # red before green before blue
    assert ((cheek[:, 0] > cheek[:, 1]) & (cheek[:, 1] > cheek[:, 2])).mean() > 0.9
    assert np.percentile(cheek[:, 0], 5) < 120
    assert np.percentile(cheek[:, 0], 95) > 220
    eyes = images[:, 26:35, 20:44].std(axis=(1, 2, 3))
    forehead_to_chin = images[:, 40:46, 28:36].std(axis=(1, 2, 3))
    assert np.median(eyes) > np.median(forehead_to_chin)


@pytest.mark.slow(seconds=4)
def test_attributes_say_what_is_in_a_face():
    images, attributes = draw_faces_with_attributes(400, seed=2)
    np.testing.assert_array_equal(images, draw_faces(400, seed=2)[0])
    assert attributes.shape == (400, len(FACE_ATTRIBUTES))
    assert attributes.dtype == bool
    has = dict(zip(FACE_ATTRIBUTES, attributes.T, strict=True))
    for name, rate in (("glasses", 0.15), ("beard", 0.175), ("long hair", 0.5), ("teeth", 0.5)):
        assert abs(has[name].mean() - rate) < 0.08
    assert not (has["beard"] & has["long hair"]).any()
    assert not (has["bald"] & has["long hair"]).any()
    light = images.astype(float).mean(axis=3)
    assert light[has["teeth"]][:, 40:50, 26:40].max(axis=(1, 2)).mean() > (
        light[~has["teeth"]][:, 40:50, 26:40].max(axis=(1, 2)).mean() + 20
    )
    chin = light[:, 46:54, 24:42].mean(axis=(1, 2)) / light[:, 36:40, 22:42].mean(axis=(1, 2))
    unlike_the_skin = np.abs(chin - 1)  # darker, or lighter where the hair is
    assert unlike_the_skin[has["beard"]].mean() > 2 * unlike_the_skin[~has["beard"]].mean()


def test_pets_have_a_head_with_two_eyes_and_a_nose():
    images = draw_pets(300, seed=1)[0].astype(float)
    head = images[:, 22:42, 24:40].std(axis=(1, 2)).mean(axis=1)
    corner = images[:, 2:12, 2:10].std(axis=(1, 2)).mean(axis=1)
    assert (head > corner).mean() > 0.95
    assert images[:, :2, :2].mean(axis=(1, 2, 3)).min() > 15  # no black corner from the turn
    nose = images[:, 30:44, 26:38].mean(axis=3).min(axis=(1, 2))
    assert (nose < 70).mean() > 0.5


def test_trees_stand_in_the_middle_on_something():
    images = draw_trees(300, seed=1)[0].astype(float)
    edge = images[:, 2:40, :4].mean(axis=(1, 2))
    crown = images[:, 14:34, 24:40].mean(axis=(1, 2))
    assert (np.abs(edge - crown).max(axis=1) > 25).mean() > 0.7
    trunk_and_pot = images[:, 44:56, 26:38].std(axis=(1, 2)).mean(axis=1)
    sky = images[:, 2:8, 2:14].std(axis=(1, 2)).mean(axis=1)
    assert (trunk_and_pot > sky).mean() > 0.9
