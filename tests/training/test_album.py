"""The epochs of a training: their samples, curves and words."""

import io

import imageio.v3 as iio
import numpy as np
import pytest

from dcgan_course.display.images import FrameRecorder
from dcgan_course.training.album import Album

ROWS = [{"epoch": epoch, "d_loss": 1.0 / epoch, "g_loss": 2.0} for epoch in (1, 2, 3)]


def images(value):
    return np.full((4, 8, 8, 1), value, "float32")


@pytest.mark.parametrize("on_disk", [True, False])
def test_samples_of_every_epoch_can_be_seen_again(tmp_path, on_disk):
    album = Album(FrameRecorder(tmp_path) if on_disk else None, None, ROWS)
    for epoch in (0, 1, 2):
        album.add(epoch, images(epoch / 2))
    assert album.epochs() == [0, 1, 2]
    frames = [iio.imread(io.BytesIO(album.frame(epoch))) for epoch in (0, 1, 2)]
    assert [int(frame[-1, -1]) for frame in frames] == [128, 191, 255]
    assert album.frame(7) is None
    assert bool(list(tmp_path.iterdir())) == on_disk


def test_words_give_the_losses():
    album = Album(None, None, ROWS)
    assert album.words(2) == "D's loss 0.50, G's loss 2.00"
    assert album.words(0) == "before the training"
    assert album.words(9) == ""
    assert album.alt(2).endswith("after epoch 2, beside the losses so far: " + album.words(2))


def test_curves_say_where_each_epoch_is():
    picture, places = Album(None, None, ROWS).curves()
    assert iio.imread(io.BytesIO(picture)).shape == (364, 476, 4)
    assert list(places) == [1, 2, 3]
    assert 5 < places[1] < places[2] < places[3] < 100
    assert places[2] == pytest.approx((places[1] + places[3]) / 2)


def test_a_whole_picture_with_and_without_samples():
    album = Album(None, None, ROWS)
    both, one = (iio.imread(io.BytesIO(album.whole(some, 3))) for some in (images(0), None))
    assert both.shape[1] > one.shape[1]
