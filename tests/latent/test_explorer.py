"""The latent panel: every control does what its label says, and the newest event wins."""

import asyncio
import base64
import io
import re
import sys
import warnings
from dataclasses import replace

import imageio.v3 as iio
import keras
import numpy as np
import pytest
from PIL import Image, ImageSequence

from dcgan_course import DCGAN, dcgan_discriminator, dcgan_generator
from dcgan_course.data.load import load_images
from dcgan_course.latent import explorer
from dcgan_course.latent.choice import GeneratorChoice
from dcgan_course.latent.controls import enlarged
from dcgan_course.latent.errors import LatentError
from dcgan_course.latent.explorer import STRENGTH, LatentExplorer, direction_sheet
from dcgan_course.latent.light import LightGenerator
from dcgan_course.latent.pages import NEIGHBORS, WALK_FRAMES
from dcgan_course.latent.space import spherical

pytest.importorskip("ipywidgets")


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(4)
    network = dcgan_generator((8, 8, 1), latent_dim=9, widths=(8, 8))
    for weight in network.trainable_weights:  # so that codes make a visible difference
        weight.assign(weight * (10.0 if len(weight.shape) > 1 else 1.0))
    return network


@pytest.fixture
def panel(generator, tmp_path, monkeypatch):
    """A panel that shows pixels, so that they can be compared, and does not truncate."""
    monkeypatch.setenv("DCGAN_COURSE_RUNS", str(tmp_path))
    training = np.random.default_rng(0).uniform(-1, 1, (50, 8, 8, 1)).astype("float32")
    panel = LatentExplorer(generator, training_images=training, directions=3)
    panel.strength.value = 1.0
    panel._show_pixels(True)
    return panel


def open_tab(panel, title):
    panel.tabs.selected_index = list(panel.pages).index(title)


def shown(panel):
    """The picture on the panel, one pixel for each of G's."""
    return iio.imread(io.BytesIO(panel._image.value), extension=".png")


def embedded(html, kind="png"):
    """What the addresses in a piece of HTML hold: bytes."""
    return [base64.b64decode(each) for each in re.findall(rf"/{kind};base64,([^\"]+)", html)]


def film(content):
    """The frames of a GIF in gray: uint8 (count, H, W)."""
    with Image.open(io.BytesIO(content)) as opened:
        return np.stack([np.asarray(each.convert("L")) for each in ImageSequence.Iterator(opened)])


def on_thumbnails(thumbnails):
    """The picture that a set of thumbnails shares: uint8."""
    sheet = re.search(r"base64,([^)]+)", thumbnails.style.value).group(1)
    return iio.imread(io.BytesIO(base64.b64decode(sheet)), extension=".png")


def buttons(box):
    found = {}
    for child in getattr(box, "children", ()):
        if type(child).__name__ == "Button":
            found.setdefault(child.description, []).append(child)
        for name, more in buttons(child).items():
            found.setdefault(name, []).extend(more)
    return found


def press(panel, label, which=0):
    buttons(getattr(panel, "widget", None) or panel.box)[label][which].click()


def expected(panel):
    return panel.space.pixels(panel.code)[0, ..., 0]


def test_a_direction_slider_moves_the_code_along_its_direction_and_the_picture_follows(panel):
    start, before = panel.code, shown(panel)
    panel.directions.sliders[1].value = 2.0
    np.testing.assert_allclose(panel.code, start + 2 * panel.space.directions[1], atol=1e-5)
    assert not np.array_equal(shown(panel), before)
    np.testing.assert_array_equal(shown(panel), expected(panel))
    for slider, share in zip(panel.directions.sliders, panel.space.shares, strict=True):
        assert f"{share:.0%}" in slider.description_tooltip


def test_number_sliders_show_and_set_single_numbers(panel):
    open_tab(panel, "Numbers")
    numbers = panel.pages["Numbers"]
    for index, slider in enumerate(numbers.sliders):
        assert slider.description == f"z[{index}]"
        assert slider.value == pytest.approx(np.clip(panel.code[index], -4, 4), abs=1e-5)
    numbers.sliders[2].value = -1.5
    assert panel.code[2] == pytest.approx(-1.5)
    np.testing.assert_array_equal(shown(panel), expected(panel))
    numbers.first.value = 6
    assert [s.description for s in numbers.sliders[:3]] == ["z[6]", "z[7]", "z[8]"]
    assert [row.layout.display for row in numbers.rows[3:]] == ["none"] * 5
    numbers.sliders[0].value = 0.75
    assert panel.code[6] == pytest.approx(0.75)
    drawn = panel.origin[6]
    press(numbers, "reset")
    assert panel.code[6] == pytest.approx(drawn)


def test_truncation_draws_the_code_towards_the_origin(panel):
    start = panel.code
    panel.strength.value = 0.5
    np.testing.assert_allclose(panel.code, 0.5 * start, rtol=1e-5)
    np.testing.assert_array_equal(shown(panel), expected(panel))


def test_new_code_and_undo(panel):
    start = panel.code
    panel.directions.sliders[0].value = 1.0
    panel.directions.sliders[0].value = 1.5  # the same drag
    moved = panel.code
    press(panel, "New code")
    assert np.abs(panel.code - moved).max() > 0.1
    assert panel.directions.sliders[0].value == 0
    press(panel, "Undo")
    np.testing.assert_allclose(panel.code, moved, rtol=1e-5)
    np.testing.assert_array_equal(shown(panel), expected(panel))
    press(panel, "Undo")
    np.testing.assert_allclose(panel.code, start, rtol=1e-5)
    press(panel, "Undo")  # the truncation of this test's panel
    assert panel.strength.value == STRENGTH
    press(panel, "Undo")
    assert "Nothing to undo" in panel._message.value


def test_events_that_pile_up_are_dropped_and_the_last_one_counts(panel):
    async def drag():
        before = panel.drawn
        for value in np.linspace(-3, 3, 40):
            panel.directions.sliders[0].value = float(value)
        assert panel.drawn == before  # nothing is drawn while events wait
        await asyncio.sleep(0.2)
        return panel.drawn - before

    assert asyncio.run(drag()) == 1
    assert panel.directions.sliders[0].value == 3
    np.testing.assert_array_equal(shown(panel), expected(panel))


def test_a_new_panel_shows_a_clear_smooth_image_at_a_truncation_of_0_7(generator):
    panel = LatentExplorer(generator)
    assert panel.strength.value == 0.7 == STRENGTH
    np.testing.assert_array_equal(shown(panel), enlarged(panel.pixels(), 4))
    assert len(np.unique(shown(panel))) > len(np.unique(panel.pixels()))  # bicubic
    contrasts = [panel.new_code() or panel.images_at(panel.position).std() for _ in range(40)]
    first = LatentExplorer(generator)
    low, high = np.percentile(contrasts, [40, 98])
    assert low < first.images_at(first.position).std() < high  # neither faint nor a blot


def test_thumbnails_show_where_each_direction_leads_from_here(panel):
    def leads_to(position, index, end):
        step = np.eye(3)[index] * end
        return panel.space.images(panel.space.moved(position, step))[0]

    thumbnails = panel.directions.thumbnails
    assert on_thumbnails(thumbnails).shape == (3 * 16, 2 * 16)
    for index in range(3):
        for side, end in ((0, -3), (1, 3)):
            drawn = thumbnails.shown[2 * index + side]
            np.testing.assert_allclose(drawn, leads_to(panel.base, index, end), atol=1e-5)
    before = on_thumbnails(thumbnails)
    panel.directions.sliders[1].value = 1.5
    moved = panel.space.moved(panel.base, [0, 1.5])
    np.testing.assert_allclose(thumbnails.shown[0], leads_to(moved, 0, -3), atol=1e-5)
    np.testing.assert_allclose(thumbnails.shown[3], leads_to(panel.base, 1, 3), atol=1e-5)
    assert not np.array_equal(on_thumbnails(thumbnails), before)


def test_a_thumbnail_leads_there_and_reset_leads_back(panel):
    start = panel.code
    press(panel.directions, "direction 2: go to +3")
    assert panel.directions.steps() == [0, 3, 0]
    press(panel.directions, "direction 1: go to −3")
    assert panel.directions.steps() == [-3, 3, 0]
    press(panel.directions, "reset", 1)
    assert panel.directions.steps() == [-3, 0, 0]
    panel.strength.value = 0.2
    press(panel, "Reset all")
    assert panel.directions.steps() == [0, 0, 0]
    assert panel.strength.value == STRENGTH
    np.testing.assert_allclose(panel.position, start, rtol=1e-5)
    press(panel, "Undo")
    assert panel.directions.steps() == [-3, 0, 0]
    assert panel.strength.value == pytest.approx(0.2)


def test_a_direction_is_played_back_and_forth_and_ends_where_it_began(panel, monkeypatch):
    monkeypatch.setattr("dcgan_course.latent.sliders.PAUSE", 0)
    slider = panel.directions.sliders[1]
    slider.value = 1.0
    seen = []
    slider.observe(lambda change: seen.append(change["new"]), names="value")
    asyncio.run(panel.directions.swing(1))
    assert max(seen) == pytest.approx(3, abs=0.05)
    assert min(seen) == pytest.approx(-3, abs=0.05)
    assert max(np.abs(np.diff(seen))) < 0.5
    assert slider.value == 1.0

    async def interrupted():
        task = asyncio.create_task(panel.directions.swing(1))
        await asyncio.sleep(0)
        slider.value = -2.0  # the reader takes over
        await task

    asyncio.run(interrupted())
    assert slider.value == -2.0


def test_playing_can_be_stopped_by_the_same_button(panel):
    async def twice():
        press(panel.directions, "play direction 3")
        await asyncio.sleep(0.15)
        there = panel.directions.sliders[2].value
        assert there != 0
        press(panel.directions, "play direction 3")
        await asyncio.sleep(0.15)
        assert abs(panel.directions.sliders[2].value - there) < 0.5

    asyncio.run(twice())


def test_names_for_directions_are_kept_with_the_generator(panel, generator, tmp_path):
    panel.directions.names[1].value = "thickness"
    assert "thickness: go to +3" in buttons(panel.directions.box)
    again = LatentExplorer(generator, directions=3)
    assert [field.value for field in again.directions.names] == ["", "thickness", ""]
    generator.save(tmp_path / "generator.keras")
    beside = LatentExplorer(tmp_path, directions=3)
    beside.directions.names[0].value = "slant"
    assert (tmp_path / "direction_names.json").is_file()
    assert LatentExplorer(tmp_path, directions=3).directions.name_of(0) == "slant"
    # Other weights have other directions.
    other = dcgan_generator((8, 8, 1), latent_dim=9, widths=(8, 8))
    other.save(tmp_path / "generator.keras")
    assert LatentExplorer(tmp_path, directions=3).directions.name_of(0) == "direction 1"
    forgetful = LatentExplorer(generator, directions=3, keep_names=False)
    forgetful.directions.names[2].value = "size"
    again = LatentExplorer(generator, directions=3)
    assert again.directions.name_of(2) == "direction 3"


def test_a_damaged_file_of_names_and_a_full_disk_are_no_obstacle(panel, generator, monkeypatch):
    panel.folder.mkdir(parents=True)
    (panel.folder / "direction_names.json").write_text("[1, 2", encoding="utf-8")
    again = LatentExplorer(generator, directions=3)
    assert again.directions.name_of(0) == "direction 1"

    def refuse(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dcgan_course.latent.sliders.keep_name", refuse)
    again.directions.names[0].value = "slant"
    assert "No space left" in again._message.value


def test_neighbors_can_be_visited_and_lead_on(panel):
    open_tab(panel, "Nearby")
    near = panel.pages["Nearby"]
    start, first = panel.code, on_thumbnails(near.thumbnails)
    assert len(near.thumbnails.buttons) == NEIGHBORS
    press(panel, "go to neighbor 3")
    assert np.linalg.norm(panel.code - start) == pytest.approx(0.5 * 3, rel=1e-3)
    assert not np.array_equal(on_thumbnails(near.thumbnails), first)
    second = on_thumbnails(near.thumbnails)
    press(panel, "Others")
    assert not np.array_equal(on_thumbnails(near.thumbnails), second)


def test_a_walk_leads_from_a_to_b_on_the_chosen_way(panel):
    walk = panel.pages["Walk"]
    press(panel, "Set A")
    a = panel.code
    press(panel, "New code")
    b = panel.code
    press(panel, "Set B")
    walk.place.value = WALK_FRAMES - 1
    np.testing.assert_allclose(panel.code, b, rtol=1e-4, atol=1e-5)
    walk.place.value = 12
    np.testing.assert_allclose(panel.code, spherical(a, b, WALK_FRAMES)[12], atol=1e-5)
    np.testing.assert_array_equal(shown(panel), expected(panel))
    press(panel, "go to A")
    np.testing.assert_allclose(panel.code, a, atol=1e-5)
    walk.path.value = "linear"
    walk.place.value = 12 + 1
    np.testing.assert_allclose(panel.code, a + (b - a) * 13 / 24, atol=1e-5)


def test_a_walk_plays_from_the_start_and_follows_its_ends(panel):
    walk = panel.pages["Walk"]
    assert walk.loop.value == ""  # not drawn before somebody looks
    open_tab(panel, "Walk")
    (moving, saved), (still,) = embedded(walk.loop.value, "gif"), embedded(walk.loop.value)
    assert moving == saved  # the link saves what is seen
    frames = film(moving)
    assert frames.shape == (2 * WALK_FRAMES - 2, 24, 24)
    first = enlarged(panel.space.pixels(walk.ends["A"])[0], 3, False)
    assert abs(frames[0].astype(int) - first).max() <= 1
    np.testing.assert_array_equal(iio.imread(still, extension=".png").shape[:2], (24, 24))
    press(panel, "New code")
    press(panel, "Set B")
    assert embedded(walk.loop.value, "gif")[0] != moving


def test_arithmetic_takes_a_mean_away_and_adds_another(panel):
    press(panel, "Apply")
    assert "at least one code for each side" in panel._message.value
    codes = [panel.code]
    press(panel, "Add to −")
    for _ in range(2):
        press(panel, "New code")
        codes.append(panel.code)
        press(panel, "Add to +")
    arithmetic = panel.pages["Arithmetic"]
    assert "<p>1 code in −</p>" in arithmetic.images["−"].value
    assert "<p>2 codes in +</p>" in arithmetic.images["+"].value
    (sheet,) = embedded(arithmetic.images["+"].value)
    assert iio.imread(sheet, extension=".png").shape == (3 * 8, 3 * (8 + 2 + 8 + 2 + 8 + 2 + 8))
    press(panel, "Apply")
    wanted = codes[2] - codes[0] + (codes[1] + codes[2]) / 2
    np.testing.assert_allclose(panel.code, wanted, atol=1e-5)
    press(panel, "Clear")
    assert arithmetic.images["+"].value == "<p>0 codes in +</p>"


def test_the_nearest_training_image_is_found(panel):
    nearest = panel.pages["Nearest"]
    nearest.images[17] = panel.space.images(panel.code)[0]
    open_tab(panel, "Nearest")
    assert "difference 0.00" in nearest.result.value
    (sheet,) = embedded(nearest.result.value)
    sheet = iio.imread(sheet, extension=".png")
    np.testing.assert_array_equal(sheet[: 8 * 3 : 3, : 8 * 3 : 3], expected(panel))


@pytest.fixture
def stand_ins(monkeypatch, tmp_path):
    monkeypatch.setenv("DCGAN_COURSE_DATA", "")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return load_images("mnist", allow_download=False, standin_count=20)


def test_stand_ins_are_not_searched_for_a_generator_that_learned_real_images(stand_ins):
    for given in (stand_ins, stand_ins.images, stand_ins.images[:10]):
        panel = LatentExplorer("mnist", training_images=given)
        assert panel.pages["Nearest"].images is None
        open_tab(panel, "Nearest")
        assert panel.pages["Nearest"].result.value == ""
        assert "has learned real images" in panel.pages["Nearest"].box.children[0].value
    real = replace(stand_ins, images=stand_ins.images.copy(), source="real")
    for given in (real, real.images[:10]):
        panel = LatentExplorer("mnist", training_images=given)
        open_tab(panel, "Nearest")
        assert "root mean square difference" in panel.pages["Nearest"].result.value


def test_stand_ins_are_searched_for_a_generator_that_has_learned_them(generator, stand_ins):
    panel = LatentExplorer(generator, training_images=stand_ins)
    assert len(panel.pages["Nearest"].images) == 20


def test_downloads_hold_what_is_shown_and_nothing_is_written(panel, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    open_tab(panel, "Download")
    panel.directions.sliders[2].value = 2.0
    files = panel.pages["Download"].files()
    picture = iio.imread(files["picture.png"][1], extension=".png")
    np.testing.assert_array_equal(picture[::12, ::12], expected(panel))
    np.testing.assert_array_equal(np.load(io.BytesIO(files["code.npy"][1])), panel.code)
    assert files["direction.gif"][0] == "direction 3 (GIF)"
    for name in ("direction.gif", "walk.gif"):
        assert len(film(files[name][1])) == 2 * WALK_FRAMES - 2
    links = panel.pages["Download"].links.value
    for name, (label, content, kind) in files.items():
        assert f'download="{name}" href="data:{kind};base64,' in links
        assert base64.b64encode(content).decode() in links
        assert label in links
    assert sorted(tmp_path.rglob("*")) == before


def test_a_discriminator_gives_its_opinion_and_chooses_the_first_image(generator):
    keras.utils.set_random_seed(5)
    network = dcgan_discriminator((8, 8, 1), widths=(8,))
    panel = LatentExplorer(generator, discriminator=network)

    def real():
        logit = float(network(panel.images_at(panel.position), training=False)[0, 0])
        return f"D: {1 / (1 + np.exp(-logit)):.0%} real"

    assert real() in panel.opinion.widget.value
    panel.directions.sliders[0].value = 3.0
    assert real() in panel.opinion.widget.value
    assert LatentExplorer(DCGAN(generator, network)).opinion is not None
    with pytest.raises(LatentError, match="one logit each"):
        LatentExplorer(generator, discriminator=generator)


def test_what_a_screen_reader_says_follows_the_picture(panel):
    assert "truncation 1.00.</span>" in panel._alt.value
    panel.directions.names[0].value = "slant"
    panel.directions.sliders[0].value = -1.25
    assert "truncation 1.00, slant -1.25.</span>" in panel._alt.value
    loop = panel.pages["Walk"].loop
    open_tab(panel, "Walk")
    assert 'alt="animation: from A to B and back"' in loop.value


def test_a_message_is_text_that_wraps_and_no_markup(panel):
    panel.say("<b>1 < 2</b>")
    assert panel._message.value == "<p>&lt;b&gt;1 &lt; 2&lt;/b&gt;</p>"


def test_a_generator_that_ships_is_drawn_by_numpy(monkeypatch):
    monkeypatch.setattr(explorer, "load_generator", None)
    panel = LatentExplorer("cifar10_frogs")
    assert isinstance(panel.space.generator, LightGenerator)
    assert panel.pixels().shape == (32, 32, 3)


def test_bad_input_is_a_message(panel, tmp_path, generator):
    with pytest.raises(LatentError, match="NaN"):
        panel.code = np.full(9, np.nan)
    with pytest.raises(LatentError, match=r"There is no .*generator\.keras"):
        LatentExplorer(tmp_path)
    kernel = generator.layers[0].kernel
    kept = kernel.numpy()
    try:
        kernel.assign(kept * np.nan)  # the panel lives on, and says what is wrong
        panel.directions.sliders[0].value = 1.0
        assert "diverged" in panel._message.value
    finally:
        kernel.assign(kept)
    panel.directions.sliders[0].value = 1.2
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
    assert titles == ["Directions", "Numbers", "Nearby", "Walk", "Arithmetic", "Download"]


def parts(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def test_the_panel_is_made_of_core_widgets_alone(panel):
    """Others need an extra click in Colab, and an installation elsewhere."""
    modules = {part._model_module for part in parts(panel.widget)}
    assert modules <= {"@jupyter-widgets/base", "@jupyter-widgets/controls"}


def test_where_no_kernel_runs_a_picture_says_what_the_sliders_do(panel, monkeypatch):
    bundle = panel._repr_mimebundle_()
    sheet = iio.imread(io.BytesIO(base64.b64decode(bundle["image/png"])), extension=".png")
    drawn = enlarged(direction_sheet(panel.space, panel.code, rows=3), 3, False)
    height, width = drawn.shape
    np.testing.assert_array_equal(sheet[-height:, -width:], drawn)
    assert (sheet[:20] < 100).any()  # labels above the columns, and beside the rows
    assert (sheet[30:, : -width - 5] < 100).any()
    panel.directions.names[0].value = "the thickness of lines"
    assert panel.labeled_sheet().shape[1] > sheet.shape[1]
    monkeypatch.setitem(sys.modules, "google.colab", object())
    assert "image/png" not in panel._repr_mimebundle_()


def test_a_picture_of_large_images_is_no_wider_than_a_page(tmp_path, monkeypatch):
    monkeypatch.setenv("DCGAN_COURSE_RUNS", str(tmp_path))
    panel = LatentExplorer(dcgan_generator((64, 64, 3), 4, (8, 4)), directions=2)
    assert 900 < panel.labeled_sheet().shape[1] < 1020


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


def test_a_choice_lists_what_ships_and_what_lessons_have_left(runs):
    choice = GeneratorChoice("cifar10_frogs", directions=2)
    names = [name for name, _ in choice._list.options]
    by_class = ["Clothes by class", "Digits by class"]
    assert names == ["Clothes", "Digits", "Frogs", *by_class, "runs/02_mine", "runs/03_broken"]
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
    panel.directions.sliders[0].value = 1.0
    np.testing.assert_array_equal(shown(panel), enlarged(panel.pixels(), 4))
    with pytest.raises(LatentError, match=r"no generator 'dogs' here, but fashion_mnist"):
        GeneratorChoice("dogs")
    shipped = GeneratorChoice("mnist", own=False, directions=1)
    names = [name for name, _ in shipped._list.options]
    assert names == ["Clothes", "Digits", "Frogs", "Clothes by class", "Digits by class"]


def test_training_images_reach_the_panel_of_their_generator(runs):
    images = np.zeros((4, 32, 32, 3), "float32")
    choice = GeneratorChoice("cifar10_frogs", training_images={"cifar10_frogs": images})
    assert choice.panel.pages["Nearest"].images is images
    choice._list.value = runs / "02_mine"
    assert "Nearest" not in choice.panel.pages
