"""The latent panel: every control does what its label says, and the newest event wins."""

import asyncio
import base64
import io
import sys
import warnings

import imageio.v3 as iio
import keras
import numpy as np
import pytest
from matplotlib.axes import Axes

from dcgan_course import dcgan_generator
from dcgan_course.display.images import image_grid
from dcgan_course.latent.choice import GeneratorChoice
from dcgan_course.latent.explorer import LatentExplorer, direction_sheet
from dcgan_course.latent.pages import NEIGHBOURS, WALK_FRAMES
from dcgan_course.latent.space import LatentError, spherical

pytest.importorskip("ipywidgets")


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(4)
    network = dcgan_generator((8, 8, 1), latent_dim=9, widths=(8, 8))
    for weight in network.trainable_weights:  # so that codes make a visible difference
        weight.assign(weight * (10.0 if len(weight.shape) > 1 else 1.0))
    return network


@pytest.fixture
def panel(generator, tmp_path):
    training = np.random.default_rng(0).uniform(-1, 1, (50, 8, 8, 1)).astype("float32")
    return LatentExplorer(
        generator, training_images=training, directions=3, width=32, folder=tmp_path / "out"
    )


def shown(panel):
    """The picture on the panel, one pixel for each of G's."""
    return iio.imread(io.BytesIO(panel._image.value), extension=".png")[::4, ::4]


def buttons(box):
    found = {}
    for child in getattr(box, "children", ()):
        if type(child).__name__ == "Button":
            found.setdefault(child.description, []).append(child)
        for name, more in buttons(child).items():
            found.setdefault(name, []).extend(more)
    return found


def press(panel, label, which=0):
    buttons(panel.widget)[label][which].click()


def expected(panel):
    return panel.space.pixels(panel.code)[0, ..., 0]


def test_a_direction_slider_moves_the_code_along_its_direction_and_the_picture_follows(panel):
    start, before = panel.code, shown(panel)
    panel._direction_sliders[1].value = 2.0
    np.testing.assert_allclose(panel.code, start + 2 * panel.space.directions[1], atol=1e-5)
    assert not np.array_equal(shown(panel), before)
    np.testing.assert_array_equal(shown(panel), expected(panel))
    for slider, share in zip(panel._direction_sliders, panel.space.shares, strict=True):
        assert f"{share:.0%}" in slider.description_tooltip


def test_number_sliders_show_and_set_single_numbers(panel):
    for index, slider in enumerate(panel._raw_sliders):
        assert slider.description == f"z[{index}]"
        assert slider.value == pytest.approx(np.clip(panel.code[index], -4, 4), abs=1e-5)
    panel._raw_sliders[2].value = -1.5
    assert panel.code[2] == pytest.approx(-1.5)
    np.testing.assert_array_equal(shown(panel), expected(panel))
    panel._first.value = 6
    assert [s.description for s in panel._raw_sliders[:3]] == ["z[6]", "z[7]", "z[8]"]
    assert [s.layout.display for s in panel._raw_sliders[3:]] == ["none"] * 3
    panel._raw_sliders[0].value = 0.75
    assert panel.code[6] == pytest.approx(0.75)


def test_truncation_draws_the_code_towards_the_origin(panel):
    start = panel.code
    panel._strength.value = 0.5
    np.testing.assert_allclose(panel.code, 0.5 * start, rtol=1e-5)
    np.testing.assert_array_equal(shown(panel), expected(panel))


def test_new_code_and_undo(panel):
    start = panel.code
    panel._direction_sliders[0].value = 1.0
    panel._direction_sliders[0].value = 1.5  # the same drag
    moved = panel.code
    press(panel, "New code")
    assert np.abs(panel.code - moved).max() > 0.1
    assert panel._direction_sliders[0].value == 0
    press(panel, "Undo")
    np.testing.assert_allclose(panel.code, moved, rtol=1e-5)
    np.testing.assert_array_equal(shown(panel), expected(panel))
    press(panel, "Undo")
    np.testing.assert_allclose(panel.code, start, rtol=1e-5)
    press(panel, "Undo")
    assert "Nothing to undo" in panel._message.value


def test_events_that_pile_up_are_dropped_and_the_last_one_counts(panel):
    async def drag():
        before = panel.drawn
        for value in np.linspace(-3, 3, 40):
            panel._direction_sliders[0].value = float(value)
        assert panel.drawn == before  # nothing is drawn while events wait
        await asyncio.sleep(0.2)
        return panel.drawn - before

    assert asyncio.run(drag()) == 1
    assert panel._direction_sliders[0].value == 3
    np.testing.assert_array_equal(shown(panel), expected(panel))


def test_neighbours_can_be_visited(panel):
    press(panel, "go there")
    assert "Look around" in panel._message.value
    start = panel.code
    press(panel, "Look around")
    assert all(image.value for image in panel.pages["Nearby"].images)
    assert len(panel.pages["Nearby"].images) == NEIGHBOURS
    press(panel, "go there", 2)
    assert np.linalg.norm(panel.code - start) == pytest.approx(0.5 * 3, rel=1e-3)


def test_a_walk_leads_from_a_to_b_on_the_chosen_way(panel):
    panel.pages["Walk"].place.value = 3
    assert "Keep two codes first" in panel._message.value
    a = panel.code
    press(panel, "Keep as A")
    press(panel, "New code")
    b = panel.code
    press(panel, "Keep as B")
    panel.pages["Walk"].place.value = WALK_FRAMES - 1
    np.testing.assert_allclose(panel.code, b, rtol=1e-4, atol=1e-5)
    panel.pages["Walk"].place.value = 12
    np.testing.assert_allclose(panel.code, spherical(a, b, WALK_FRAMES)[12], atol=1e-5)
    panel.pages["Walk"].path.value = "linear"
    np.testing.assert_allclose(panel.code, (a + b) / 2, atol=1e-5)
    np.testing.assert_array_equal(shown(panel), expected(panel))


def test_arithmetic_takes_a_mean_away_and_adds_another(panel):
    press(panel, "Apply")
    assert "at least one code for each side" in panel._message.value
    codes = [panel.code]
    press(panel, "Add to −")
    for _ in range(2):
        press(panel, "New code")
        codes.append(panel.code)
        press(panel, "Add to +")
    assert "−: 1 codes, +: 2 codes" in panel.pages["Arithmetic"].label.value
    press(panel, "Apply")
    wanted = codes[2] - codes[0] + (codes[1] + codes[2]) / 2
    np.testing.assert_allclose(panel.code, wanted, atol=1e-5)


def test_the_nearest_training_image_is_found(panel):
    panel.training_images[17] = panel.space.images(panel.code)[0]
    press(panel, "Find")
    assert "difference 0.00" in panel._message.value
    sheet = iio.imread(io.BytesIO(panel.pages["Nearest"].image.value), extension=".png")
    np.testing.assert_array_equal(sheet[: 8 * 3 : 3, : 8 * 3 : 3], expected(panel))


def test_exports_can_be_read_again_and_overwrite_nothing(panel):
    first, second = panel.pages["Export"].save_picture(), panel.pages["Export"].save_picture()
    assert first != second
    np.testing.assert_array_equal(iio.imread(first)[::4, ::4], expected(panel))
    np.testing.assert_array_equal(np.load(panel.pages["Export"].save_code()), panel.code)
    with pytest.raises(LatentError, match="Keep two codes first"):
        panel.pages["Export"].save_walk()
    press(panel, "Keep as A")
    press(panel, "New code")
    press(panel, "Keep as B")
    press(panel, "GIF of the walk")
    path = panel.folder / "walk-001.gif"
    assert str(path) in panel._message.value
    assert len(iio.imread(path, index=None)) >= WALK_FRAMES


def test_bad_input_is_a_message(panel, tmp_path, generator):
    with pytest.raises(LatentError, match="NaN"):
        panel.code = np.full(9, np.nan)
    with pytest.raises(LatentError, match=r"There is no .*generator\.keras"):
        LatentExplorer(tmp_path)
    kernel = generator.layers[0].kernel
    kept = kernel.numpy()
    try:
        kernel.assign(kept * np.nan)  # the panel lives on, and says what is wrong
        panel._direction_sliders[0].value = 1.0
        assert "diverged" in panel._message.value
    finally:
        kernel.assign(kept)
    panel._direction_sliders[0].value = 1.2
    np.testing.assert_array_equal(shown(panel), expected(panel))


def test_the_panel_opens_without_a_warning(generator):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        LatentExplorer(generator, directions=2)


def test_a_path_will_do_and_the_panel_is_shown_as_a_widget(generator, tmp_path):
    generator.save(tmp_path / "generator.keras")
    panel = LatentExplorer(tmp_path, directions=2)
    bundle = panel._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.widget.model_id
    titles = [panel.tabs.get_title(i) for i in range(len(panel.tabs.children))]
    assert titles == ["Directions", "Numbers", "Nearby", "Walk", "Arithmetic", "Export"]


def parts(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def test_the_panel_is_made_of_core_widgets_alone(panel):
    """Others need an extra click in Colab, and an installation elsewhere."""
    modules = {part._model_module for part in parts(panel.widget)}
    assert modules <= {"@jupyter-widgets/base", "@jupyter-widgets/controls"}


def test_where_no_kernel_runs_a_picture_says_what_the_sliders_do(panel, monkeypatch):
    drawn = []
    show = Axes.imshow
    monkeypatch.setattr(
        Axes, "imshow", lambda self, *a, **b: drawn.append(self) or show(self, *a, **b)
    )
    bundle = panel._repr_mimebundle_()
    picture = iio.imread(io.BytesIO(base64.b64decode(bundle["image/png"])), extension=".png")
    assert picture.shape[1] > 500  # 7 columns, large enough to see what they show
    (axes,) = drawn
    sheet = direction_sheet(panel.space, panel.code, rows=4)
    np.testing.assert_array_equal(axes.images[0].get_array(), sheet)
    rows, columns = axes.get_yticklabels(), axes.get_xticklabels()
    assert [text.get_text() for text in rows] == [f"direction {k}" for k in (1, 2, 3)]
    assert [text.get_text() for text in columns] == ["−3", "−2", "−1", "0", "1", "2", "3"]
    assert axes.get_xticks()[3] == pytest.approx(sheet.shape[1] / 2)  # the code itself
    monkeypatch.setitem(sys.modules, "google.colab", object())
    assert "image/png" not in panel._repr_mimebundle_()


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "3", None])
def test_wrong_numbers_for_a_panel_and_a_sheet(generator, panel, value):
    for name, argument in (("directions", "count"), ("width", "width")):
        with pytest.raises(ValueError, match=f"{argument} should be a whole number"):
            LatentExplorer(generator, **{name: value})
    for name in ("rows", "columns"):
        with pytest.raises(ValueError, match=f"{name} should be a whole number"):
            direction_sheet(panel.space, panel.code, **{name: value})
    with pytest.raises(ValueError, match="reach should be a number, not nan"):
        direction_sheet(panel.space, panel.code, reach=float("nan"))


def test_a_direction_sheet_has_a_direction_in_each_row(panel):
    sheet = direction_sheet(panel.space, panel.code, rows=3, reach=2, columns=5, gap=0)
    assert sheet.shape == (3 * 8, 5 * 8)
    middle = sheet[:, 16:24].reshape(3, 8, 8)
    np.testing.assert_array_equal(middle, np.stack([expected(panel)] * 3))
    moved = panel.space.moved(panel.code, [0, -2])
    np.testing.assert_array_equal(sheet[8:16, :8], panel.space.pixels(moved)[0, ..., 0])


@pytest.fixture
def runs(tmp_path, monkeypatch, generator):
    """A runs' folder in which a lesson has left its generator, and another a broken one."""
    monkeypatch.setenv("DCGAN_COURSE_RUNS", str(tmp_path))
    (tmp_path / "02_mine").mkdir()
    generator.save(tmp_path / "02_mine" / "generator.keras")
    (tmp_path / "03_broken").mkdir()
    (tmp_path / "03_broken" / "generator.keras").write_bytes(b"cut short")
    return tmp_path


@pytest.mark.slow(seconds=4)
def test_a_choice_lists_what_ships_and_what_lessons_have_left(runs):
    choice = GeneratorChoice("cifar10_frogs", directions=2)
    names = [name for name, _ in choice._list.options]
    assert names == ["cifar10_frogs", "fashion_mnist", "mnist", "runs/02_mine", "runs/03_broken"]
    assert choice.panel.space.generator.output_shape == (None, 32, 32, 3)
    frogs = choice.panel
    choice._list.value = runs / "02_mine"
    assert choice.panel.space.latent_dim == 9
    assert choice.panel.widget in choice._place.children
    choice._list.value = "cifar10_frogs"
    assert choice.panel is frogs  # as it was left
    view = choice._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == choice.widget.model_id


def test_a_generator_that_cannot_be_opened_leaves_the_panel_alive(runs):
    choice = GeneratorChoice("runs/02_mine", directions=2)
    panel = choice.panel
    choice._list.value = runs / "03_broken"
    assert "cannot be read" in choice._message.value
    assert choice.panel is panel
    panel._direction_sliders[0].value = 1.0
    np.testing.assert_array_equal(
        iio.imread(io.BytesIO(panel._image.value), extension=".png")[::35, ::35], expected(panel)
    )
    with pytest.raises(LatentError, match=r"no generator 'dogs' here, but cifar10_frogs"):
        GeneratorChoice("dogs")


@pytest.mark.slow(seconds=4)
def test_training_images_reach_the_panel_of_their_generator(runs):
    images = np.zeros((4, 32, 32, 3), "float32")
    choice = GeneratorChoice("cifar10_frogs", training_images={"cifar10_frogs": images})
    assert choice.panel.training_images is images
    choice._list.value = runs / "02_mine"
    assert choice.panel.training_images is None


def test_what_has_been_collected_is_seen_and_an_empty_place_is_grey(panel):
    def picture(sign):
        return iio.imread(
            io.BytesIO(panel.pages["Arithmetic"].images[sign].value), extension=".png"
        )

    assert (picture("+") == 230).all()
    codes = []
    for _ in range(2):
        press(panel, "Add to +")
        codes.append(panel.code)
        press(panel, "New code")
    sheet = image_grid(panel.space.images(np.stack(codes)), 4, scale=2)
    np.testing.assert_array_equal(picture("+"), sheet)
    assert (picture("−") == 230).all()
    press(panel, "Clear")
    assert (picture("+") == 230).all()
    assert (iio.imread(io.BytesIO(panel.pages["Walk"].images["A"].value)) == 230).all()
