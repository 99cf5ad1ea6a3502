"""Labels get into G and D where they should, and matter there."""

import keras
import numpy as np
import pytest

from dcgan_course.files import card_of
from dcgan_course.networks.labels import (
    D_KINDS,
    add_label_planes,
    conditional_discriminator,
    conditional_generator,
    join_label,
    one_hot,
    save_network,
)
from dcgan_course.networks.layers import copy_of

SMALL = dict(classes=3, image_shape=(8, 8, 1), widths=(6, 4), hidden=8)


def test_one_hot_puts_a_one_at_the_class():
    np.testing.assert_array_equal(one_hot([2, 0], 3), [[0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([0, 3], "0…2, but one of them is 3"),
        ([-1], "one of them is -1"),
        ([0.5], "whole numbers"),
        ([[1]], "whole numbers"),
        ("cat", "whole numbers"),
    ],
)
def test_labels_out_of_range_or_of_another_form_are_refused(labels, says):
    with pytest.raises(ValueError, match=says):
        one_hot(labels, 3)


def test_labels_join_codes_and_become_planes():
    z, y = np.ones((2, 4), "float32"), one_hot([1, 2], 3)
    assert join_label(z, y).numpy()[1].tolist() == [1, 1, 1, 1, 0, 0, 1]
    images = np.full((2, 5, 6, 1), -0.5, "float32")
    both = add_label_planes(images, y).numpy()
    assert both.shape == (2, 5, 6, 4)
    assert (both[..., :1] == images).all()
    assert (both[0, :, :, 1:] == [0, 1, 0]).all()


def test_conditional_batch_norm_begins_as_batch_norm_and_each_class_has_its_own_scale():
    keras.utils.set_random_seed(0)
    g = conditional_generator(noise_dim=4, **SMALL)
    assert g.output_shape == (None, 8, 8, 1)
    z = np.random.default_rng(0).standard_normal((1, 4), "float32")
    codes = join_label(np.repeat(z, 3, 0), np.eye(3))
    # Make the label part of the latent vector silent: what is left is the batch norm.
    first = next(layer for layer in g.layers if isinstance(layer, keras.layers.Dense))
    dense = [layer for layer in g.layers if isinstance(layer, keras.layers.Dense)]
    first = next(layer for layer in dense if layer.kernel.shape[0] == 7)
    kernel = first.kernel.numpy()
    kernel[4:] = 0
    first.kernel.assign(kernel)
    before = g(codes, training=False).numpy()
    np.testing.assert_allclose(before[0], before[1], atol=1e-6)
    scales = [layer for layer in dense if layer.kernel.shape[0] == 3]
    assert len(scales) == 6  # a scale and a shift for three normalized layers
    changed = scales[0].kernel.numpy()
    changed[1] = 3.0
    scales[0].kernel.assign(changed)
    after = g(codes, training=False).numpy()
    np.testing.assert_allclose(after[[0, 2]], before[[0, 2]], atol=1e-6)
    assert np.abs(after[1] - before[1]).max() > 1e-6


@pytest.mark.parametrize("kind", D_KINDS)
def test_d_uses_the_label_or_ignores_it(kind):
    keras.utils.set_random_seed(0)
    d = conditional_discriminator(kind=kind, **SMALL)
    image = np.random.default_rng(0).uniform(-1, 1, (1, 8, 8, 1)).astype("float32")
    logits = d(add_label_planes(np.repeat(image, 3, 0), np.eye(3)), training=False).numpy()
    assert logits.shape == (3, 1)
    assert (np.ptp(logits) > 1e-7) == (kind != "ignores")
    copy = copy_of(d)
    pair = add_label_planes(image, one_hot([1], 3))
    np.testing.assert_allclose(copy(pair).numpy(), d(pair, training=False).numpy(), atol=1e-6)


def test_sizes_are_checked():
    with pytest.raises(ValueError, match="doublings"):
        conditional_generator(image_shape=(10, 10, 1), widths=(4, 4))
    with pytest.raises(ValueError, match="kind"):
        conditional_discriminator(kind="maps")


def test_a_saved_network_keeps_the_names_of_its_classes_where_it_has_some(tmp_path):
    g = conditional_generator(noise_dim=4, **SMALL)
    save_network(g, tmp_path / "plain.keras")
    assert card_of(tmp_path / "plain.keras") == {}
    g.class_names = ("ant", "bee", "cat")
    save_network(g, tmp_path / "named.keras")
    assert card_of(tmp_path / "named.keras") == {"classes": ["ant", "bee", "cat"]}
    again = keras.saving.load_model(tmp_path / "named.keras")
    z = np.ones((2, 7), "float32")
    np.testing.assert_array_equal(again(z), g(z))
