"""Players of frames, and convolutions step by step."""

import base64
import builtins
import io

import imageio.v3 as iio
import numpy as np
import pytest

from dcgan_course.display.animations import (
    FramePlayer,
    convolution_player,
    figure_pixels,
    new_figure,
)


def frames(count=5, height=12, width=16):
    return [np.full((height, width, 3), 40 * index, "uint8") for index in range(count)]


def test_slider_and_play_show_their_frame():
    player = FramePlayer(frames(), [f"moment {index}" for index in range(5)])
    player.build()
    for control in (player._slider, player._slider):
        control.value = 3
        shown = iio.imread(io.BytesIO(player._image.value))
        np.testing.assert_array_equal(shown, frames()[3])
        assert player._caption.value == "moment 3"
    assert player._play.max == player._slider.max == 4


def test_a_front_end_without_widgets_finds_a_gif():
    player = FramePlayer(frames(), what="five grays")
    bundle, metadata = player._repr_mimebundle_()
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == player.widget.model_id
    gif = iio.imread(io.BytesIO(base64.b64decode(bundle["image/gif"])))
    assert gif.shape == (5, 12, 16, 3)
    np.testing.assert_array_equal(gif[3], frames()[3])
    assert bundle["text/plain"] == "Animation: five grays, 5 frames"
    assert metadata["image/gif"]["alt"] == bundle["text/plain"]
    assert player._image.tooltip == "five grays"


def test_without_ipywidgets_there_is_the_gif_alone(monkeypatch):
    real_import = builtins.__import__

    def without(name, *arguments, **options):
        if name == "ipywidgets":
            raise ImportError(name)
        return real_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    bundle, _ = FramePlayer(frames())._repr_mimebundle_()
    assert set(bundle) == {"image/gif", "text/plain"}


def test_a_long_recording_makes_a_short_gif_that_ends_with_its_last_frame():
    many = [np.full((4, 4, 3), index, "uint8") for index in range(200)]
    gif = iio.imread(io.BytesIO(FramePlayer(many).gif()))
    assert len(gif) == 26
    assert (gif[0].max(), gif[-1].max()) == (0, 199)


def test_other_frames_take_the_place_of_the_first():
    player = FramePlayer(frames(5))
    player.build()
    player._slider.value = 4
    player.replace(frames(3)[::-1], ["c", "b", "a"])
    assert player._slider.max == player._play.max == 2
    assert player._caption.value == "c"
    np.testing.assert_array_equal(iio.imread(io.BytesIO(player._image.value)), frames(3)[2])


@pytest.mark.parametrize(("pictures", "captions"), [([], None), (frames(3), ["a", "b"])])
def test_frames_and_captions_must_fit(pictures, captions):
    with pytest.raises(ValueError, match="cannot be played"):
        FramePlayer(pictures, captions)


@pytest.mark.slow(seconds=4)
def test_a_convolution_has_a_frame_for_each_place():
    x, kernel = np.arange(16).reshape(4, 4), np.ones((2, 2))
    out = np.array([[x[i : i + 2, j : j + 2].sum() for j in (0, 2)] for i in (0, 2)])
    player = convolution_player(x, kernel, out, stride=2, title="strided")
    assert len(player.frames) == 4
    assert player.captions[-1].endswith(f"output (1, 1) = {x[2:, 2:].sum()}")
    transposed = convolution_player(x, kernel, np.zeros((8, 8)), 2, transposed=True)
    assert len(transposed.frames) == 16
    assert not np.array_equal(transposed.frames[0], transposed.frames[-1])


def test_a_figure_becomes_pixels_of_its_size():
    figure = new_figure((2, 1), dpi=50)
    figure.patch.set_facecolor("red")
    pixels = figure_pixels(figure)
    assert pixels.shape == (50, 100, 3)
    assert pixels[0, 0].tolist() == [255, 0, 0]
