"""The diagrams of a GAN: what moves, what stays, and where gradients go."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from dcgan_course.display import gan_diagram


@pytest.fixture
def drawn(monkeypatch):
    """Keep the figure that `plt.show` would have shown."""
    matplotlib.use("agg")
    figures = []
    monkeypatch.setattr(plt, "show", lambda: figures.append(plt.gcf()))
    yield figures
    plt.close("all")


def texts(axes):
    return [text.get_text() for text in axes.texts]


def dashed(axes):
    """The arrows of gradients: annotations with a dashed line."""
    arrows = [text.arrow_patch for text in axes.texts if getattr(text, "arrow_patch", None)]
    return [arrow for arrow in arrows if arrow.get_linestyle() not in ("-", "solid")]


def test_whole_gan_names_all_parts_and_both_losses(drawn):
    gan_diagram.show_gan("A title")
    (axes,) = drawn[0].axes
    assert axes.get_title() == "A title"
    said = "\n".join(texts(axes))
    for part in (
        "latent vector $z$",
        "generator",
        "discriminator",
        "real image $x$",
        "fake $G(z)$",
    ):
        assert part in said
    assert said.count("weights move") == 2
    assert "D minimizes" in said
    assert "G minimizes" in said
    assert len(dashed(axes)) == 4  # one into D for D's loss; three back through D into G


def test_training_step_shows_which_weights_move_in_which_update(drawn):
    gan_diagram.show_training_step()
    d_update, g_update = drawn[0].axes
    for axes, minimizes, not_shown, arrows in (
        (d_update, "D minimizes", "G minimizes", 1),
        (g_update, "G minimizes", "D minimizes", 3),
    ):
        said = "\n".join(texts(axes))
        assert said.count("weights move") == said.count("weights stay") == 1
        assert minimizes in said
        assert not_shown not in said
        assert len(dashed(axes)) == arrows
    assert "no real images" in "\n".join(texts(g_update))


def test_own_images_are_shown(drawn):
    red = np.stack([np.ones((8, 8)), -np.ones((8, 8)), -np.ones((8, 8))], axis=-1)
    gan_diagram.show_gan(real=red, fake=-red)
    fake, real = (np.asarray(image.get_array()) for image in drawn[0].axes[0].images)
    assert real[0, 0].tolist() == [1, 0, 0]
    assert fake[0, 0].tolist() == [0, 1, 1]


def test_a_label_goes_into_both_networks_and_both_losses(drawn):
    gan_diagram.show_gan("Told the class", label="7")
    gan_diagram.show_gan()
    told, plain = (texts(figure.axes[0]) for figure in drawn)
    assert told.count("$y$ = 7") == 2
    assert sum("z, y" in text and "minimizes" in text for text in told) == 2
    assert not any("$y$" in text or "z, y" in text for text in plain)
    arrows = [
        sum(getattr(text, "arrow_patch", None) is not None for text in figure.axes[0].texts)
        for figure in drawn
    ]
    assert arrows[0] == arrows[1] + 2
