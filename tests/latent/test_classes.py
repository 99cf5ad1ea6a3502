"""The class controls: they choose and mix classes, and say what is drawn."""

import io

import imageio.v3 as iio
import keras
import numpy as np
import pytest
from PIL import Image

from dcgan_course import ConditionalDCGAN, dcgan_discriminator, dcgan_generator
from dcgan_course.data.load import ImageSet
from dcgan_course.display.images import to_uint8
from dcgan_course.latent.errors import LatentError
from dcgan_course.latent.explorer import STRENGTH, LatentExplorer
from dcgan_course.latent.pages import WALK_FRAMES
from dcgan_course.latent.space import LatentSpace
from dcgan_course.networks.labels import (
    add_label_planes,
    conditional_discriminator,
    save_network,
)

pytest.importorskip("ipywidgets")

NAMES = ("ant", "bee", "cat")
EYE = np.eye(3, dtype="float32")


@pytest.fixture(scope="module")
def gan():
    keras.utils.set_random_seed(4)
    g = dcgan_generator((8, 8, 1), latent_dim=6 + 3, widths=(8, 8))
    for weight in g.trainable_weights:  # so that codes and labels make a visible difference
        weight.assign(weight * (10.0 if len(weight.shape) > 1 else 1.0))
    d = conditional_discriminator(3, (8, 8, 1), widths=(6, 8), hidden=8)
    for weight in d.trainable_weights:
        weight.assign(weight * (12.0 if len(weight.shape) > 1 else 1.0))
    return ConditionalDCGAN(g, d, class_names=NAMES)


@pytest.fixture
def panel(gan, tmp_path, monkeypatch):
    """A panel that shows pixels, so that they can be compared."""
    monkeypatch.setenv("DCGAN_COURSE_RUNS", str(tmp_path))
    panel = LatentExplorer(gan, directions=3)
    panel._show_pixels(True)
    return panel


def shown(panel):
    return iio.imread(io.BytesIO(panel._image.value), extension=".png")


def drawn(panel, label):
    """What G draws of the panel's position with a label: uint8 (8, 8)."""
    z = panel.strength.value * panel.position
    images = panel.space.generator(np.concatenate([z, label])[None].astype("float32"))
    return to_uint8(np.asarray(images))[0, ..., 0]


def test_a_class_button_draws_the_same_code_in_that_class(panel):
    position = panel.position
    np.testing.assert_array_equal(shown(panel), drawn(panel, EYE[0]))
    panel.directions.sliders[0].value = 1.0
    panel.classes.first.value = 2
    np.testing.assert_array_equal(shown(panel), drawn(panel, EYE[2]))
    assert not np.array_equal(shown(panel), drawn(panel, EYE[0]))
    assert "draws: class cat, truncation 0.70" in panel._alt.value
    np.testing.assert_allclose(
        panel.position, panel.space.moved(position, [1.0]), rtol=1e-6
    )  # the sliders have stayed
    assert [label for label, _ in panel.classes.first.options] == list(NAMES)


def test_a_second_class_is_mixed_in(panel):
    panel.classes.first.value = 2
    panel.classes.second.value = 1  # nothing of it yet
    np.testing.assert_array_equal(panel.label, EYE[2])
    panel.classes.share.value = 0.25
    np.testing.assert_allclose(panel.label, [0, 0.25, 0.75])
    np.testing.assert_array_equal(shown(panel), drawn(panel, [0, 0.25, 0.75]))
    assert "draws: 75% class cat, 25% class bee, truncation" in panel._alt.value
    panel.classes.second.value = 0
    np.testing.assert_allclose(panel.label, [0.25, 0, 0.75])
    panel.classes.share.value = 1.0  # while it is dragged, the controls do not change sides
    assert (panel.classes.first.value, panel.classes.share.value) == (2, 1.0)
    np.testing.assert_array_equal(shown(panel), drawn(panel, EYE[0]))
    panel.classes.first.value = 1  # a class button draws that class and nothing else
    assert panel.classes.share.value == 0
    np.testing.assert_array_equal(panel.label, EYE[1])


def test_classes_can_be_undone_and_are_not_reset_with_the_sliders(panel):
    panel.classes.first.value = 1
    assert panel.classes.second.value == 2  # not the same as the first
    panel.classes.second.value = 0  # nothing of it is mixed in: no change
    panel.classes.share.value = 0.2
    panel.classes.share.value = 0.5  # the same drag
    panel.undo()
    np.testing.assert_array_equal(panel.label, EYE[1])
    assert (panel.classes.first.value, panel.classes.share.value) == (1, 0)
    panel.undo()
    np.testing.assert_array_equal(panel.label, EYE[0])
    assert panel.classes.first.value == 0
    np.testing.assert_array_equal(shown(panel), drawn(panel, EYE[0]))
    panel.classes.first.value = 2
    panel.strength.value = 0.3
    panel.reset()
    assert panel.strength.value == STRENGTH
    np.testing.assert_array_equal(panel.label, EYE[2])


def test_truncation_and_directions_leave_the_label_alone(panel):
    panel.classes.share.value = 0.5
    panel.strength.value = 0.1
    panel.directions.sliders[0].value = -4.0
    panel.new_code()
    panel.pages["Nearby"].refresh()
    panel.go_to(panel.pages["Nearby"]._codes[0], "neighbor")
    np.testing.assert_allclose(panel.code[6:], [0.5, 0.5, 0])
    assert np.linalg.norm(panel.code[:6]) < 0.2 * np.sqrt(6)
    numbers = panel.pages["Numbers"]
    numbers.first.value = 5
    numbers.refresh()
    assert [row.layout.display for row in numbers.rows] == [""] + ["none"] * 5


def test_the_same_code_is_shown_in_every_class_and_leads_there(panel):
    page = panel.pages["Classes"]
    panel.tabs.selected_index = list(panel.pages).index("Classes")
    for image, label in zip(page.thumbnails.shown, EYE, strict=True):
        np.testing.assert_array_equal(to_uint8(image[None])[0, ..., 0], drawn(panel, label))
    names = [button.description for button in page.thumbnails.buttons]
    assert names == ["draw class ant", "draw class bee", "draw class cat"]
    page.thumbnails.buttons[1].click()
    assert panel.classes.first.value == 1
    np.testing.assert_array_equal(shown(panel), drawn(panel, EYE[1]))


def test_thumbnails_of_directions_are_of_the_present_class(panel):
    before = panel.directions.thumbnails.shown
    panel.classes.first.value = 1
    after = panel.directions.thumbnails.shown
    assert np.abs(after - before).max() > 0.05
    moved = panel.space.moved(panel.base, [-3.0])
    np.testing.assert_allclose(after[0], panel.images_at(moved, EYE[1])[0], atol=1e-6)


def test_a_walk_between_two_classes_passes_through_their_mixtures(panel):
    walk = panel.pages["Walk"]
    panel.classes.first.value = 1  # of ends that were not set, this is the class
    np.testing.assert_array_equal(walk.label_path(), np.tile(EYE[1], (WALK_FRAMES, 1)))
    walk._keep("A")()
    panel.classes.first.value = 2
    walk._keep("B")()
    panel.classes.first.value = 0  # both were set, and stay as they are
    walk.place.value = 6
    np.testing.assert_allclose(panel.label, [0, 0.75, 0.25])
    assert panel.classes.first.value == 1
    assert panel.classes.second.value == 2
    assert panel.classes.share.value == pytest.approx(0.25)
    np.testing.assert_array_equal(shown(panel), drawn(panel, [0, 0.75, 0.25]))
    panel.tabs.selected_index = list(panel.pages).index("Walk")
    frames = film(walk.gif())
    last = panel.images_at(walk.ends["B"], EYE[2])
    np.testing.assert_allclose(frames[WALK_FRAMES - 1][::3, ::3], to_uint8(last)[0, ..., 0], atol=1)
    panel.go_to(panel.position, "end")
    walk._go_to("B")()
    np.testing.assert_array_equal(panel.label, EYE[2])


def film(content):
    with Image.open(io.BytesIO(content)) as opened:
        frames = []
        for index in range(opened.n_frames):
            opened.seek(index)
            frames.append(np.asarray(opened.convert("L")))
    return np.stack(frames).astype(int)


def test_a_walk_that_nobody_set_follows_the_class_that_was_chosen_and_not_the_walk(panel):
    walk = panel.pages["Walk"]
    walk._keep("A")()  # ant
    panel.classes.first.value = 2
    walk.place.value = 12
    np.testing.assert_allclose(panel.label, [0.5, 0, 0.5])
    walk.place.value = 18  # toward cat, which was chosen, and not toward the mixture before
    np.testing.assert_allclose(panel.label, [0.25, 0, 0.75])


def test_downloads_have_the_label_with_the_code_which_draws_the_picture(panel):
    panel.classes.first.value = 2
    panel.classes.share.value = 0.5
    files = panel.pages["Download"].files()
    code = np.load(io.BytesIO(files["code.npy"][1]))
    assert code.shape == (6 + 3,)
    image = to_uint8(np.asarray(panel.space.generator(code[None])))[0, ..., 0]
    picture = iio.imread(files["picture.png"][1], extension=".png")
    np.testing.assert_array_equal(picture[::12, ::12], image)
    panel.classes.first.value = 0
    panel.code = code  # a code with its label brings both back
    np.testing.assert_allclose(panel.label, [0, 0.5, 0.5])
    np.testing.assert_array_equal(shown(panel), image)
    panel.code = np.zeros(6)  # one without keeps the label
    np.testing.assert_allclose(panel.label, [0, 0.5, 0.5])
    with pytest.raises(LatentError, match="A code has 6 numbers"):
        panel.code = np.zeros(7)


def test_arithmetic_concerns_the_code_alone(panel):
    page = panel.pages["Arithmetic"]
    page._collect("−")()
    first = panel.position
    panel.new_code()
    panel.classes.first.value = 2
    page._collect("+")()
    second = panel.position
    page.apply()
    np.testing.assert_allclose(panel.position, 2 * second - first, atol=1e-5)
    np.testing.assert_array_equal(panel.label, EYE[2])
    assert "The class stays" in page.box.children[0].value


def test_d_is_shown_the_label_with_the_picture(panel, gan):
    def real():
        image = panel.images_at(panel.position)
        logit = gan.discriminator(add_label_planes(image, panel.label[None]), training=False)
        return f"D: {1 / (1 + np.exp(-float(logit[0, 0]))):.0%} real"

    said = set()
    for number in (1, 2, 0):
        panel.classes.first.value = number
        assert real() in panel.opinion.widget.value
        said.add(real())
    assert len(said) > 1  # of the same code
    plain = dcgan_discriminator((8, 8, 1), widths=(6,))
    other = LatentExplorer(gan.sampler, discriminator=plain, directions=1)  # it takes no label
    other.classes.first.value = 2
    assert "real</p>" in other.opinion.widget.value


def test_how_the_explorer_learns_of_the_classes(gan, tmp_path):
    save_network(gan.sampler, tmp_path / "generator.keras")
    assert LatentExplorer(tmp_path, directions=1).space.class_names == NAMES
    assert LatentExplorer(gan.generator, directions=1).space.class_names == NAMES
    gan.sampler.save(tmp_path / "generator.keras")  # Keras alone does not keep them
    silent = LatentExplorer(tmp_path, directions=1)
    assert silent.classes is None
    assert "Classes" not in silent.pages
    assert silent.code.shape == (9,)
    told = LatentExplorer(tmp_path, classes=3, directions=1)
    assert told.space.class_names == ("0", "1", "2")
    assert LatentExplorer(tmp_path, classes=["x", "y", "z"], directions=1).label.shape == (3,)
    with pytest.raises(LatentError, match="too few for a code and 9 classes"):
        LatentExplorer(tmp_path, classes=9)
    with pytest.raises(ValueError, match="classes should be a whole number"):
        LatentExplorer(tmp_path, classes="cats")


def test_numbers_are_replaced_by_the_names_of_the_training_images(gan, panel):
    images = ImageSet(
        np.zeros((4, 8, 8, 1), "float32"), np.zeros(4, int), ("x", "y", "z"), "mine", "real", "here"
    )
    g = dcgan_generator((8, 8, 1), latent_dim=9, widths=(8, 8))
    g.class_names = ("0", "1", "2")
    named = LatentExplorer(g, training_images=images, directions=1)
    assert named.space.class_names == ("x", "y", "z")
    own = LatentExplorer(gan, training_images=images, directions=1)
    assert own.space.class_names == NAMES  # which the GAN was given
    assert LatentSpace(g).class_names == ("0", "1", "2")


def test_a_picture_without_a_kernel_is_of_the_present_class(panel):
    first = panel.labeled_sheet()
    panel.classes.first.value = 1
    assert not np.array_equal(panel.labeled_sheet(), first)
