"""Networks as blocks: which layers begin one, and which are listed with the layer before."""

import keras
import matplotlib.pyplot as plt
import pytest
from keras import layers

from dcgan_course.display.diagrams import show_network


@pytest.fixture
def shown(monkeypatch):
    figures = []
    monkeypatch.setattr(plt, "show", lambda: figures.append(plt.gcf()))
    yield figures
    plt.close("all")


def test_a_layer_with_a_kernel_is_a_block_of_its_own(shown):
    """Also where it keeps the shape, as in the middle of lesson 04's book generator."""
    network = [keras.Input((8, 8, 4)), layers.Conv2D(4, 3, padding="same"), layers.ReLU()]
    network += [layers.Conv2D(4, 5, padding="same"), layers.BatchNormalization(), layers.ReLU()]
    show_network(keras.Sequential([*network, layers.Flatten(), layers.Dense(1)]), "A network")
    (axes,) = shown[0].axes
    assert len(axes.patches) == 5  # input, two convolutions, flattened, logit
    texts = [text.get_text() for text in axes.texts]
    assert "Conv2D\n3×3, stride 1\nReLU" in texts
    assert "Conv2D\n5×5, stride 1\nbatch norm\nReLU" in texts
    assert axes.get_title() == "A network"
