"""Lesson 10 as a document: its cells compute what the package does, its words what they printed.

Mirrors no module: it tests notebooks/10_conditional_gan.ipynb.
"""

import csv
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers import ROOT, code_cells, names_from, prose, said

from dcgan_course import (
    ConditionalDCGAN,
    add_label_planes,
    conditional_discriminator,
    dcgan_discriminator,
    dcgan_generator,
    discriminator_loss,
    generator_loss,
    join_label,
    one_hot,
)

LESSON = ROOT / "notebooks" / "10_conditional_gan.ipynb"
CLASSES, NOISE = 10, 6


def test_step_of_lesson_10_computes_what_the_package_does():
    def networks():
        keras.utils.set_random_seed(3)
        g = dcgan_generator(latent_dim=NOISE + CLASSES, widths=(8, 4))
        return g, dcgan_discriminator((28, 28, 1 + CLASSES), widths=(4, 8), hidden=8)

    gan = ConditionalDCGAN(*networks(), seed=1)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), run_eagerly=True)
    g, d = networks()
    step = iter(range(100))

    class Keras:
        """Keras, with the latent vectors that the package draws in this step."""

        optimizers = keras.optimizers

        class random:
            @staticmethod
            def normal(shape):
                wide = (shape[0], NOISE + CLASSES)
                return tf.random.stateless_normal(wide, seed=[1, next(step)])[:, :NOISE]

    lesson = names_from(
        LESSON,
        "losses",
        "train_step",
        generator=g,
        discriminator=d,
        keras=Keras,
        NOISE_DIM=NOISE,
        join_label=join_label,
        add_label_planes=add_label_planes,
        discriminator_loss=discriminator_loss,
        generator_loss=generator_loss,
    )
    # Not Adam, which blows gradients that are zero but for rounding up to full steps.
    lesson.update({f"{name}_optimizer": keras.optimizers.SGD(0.1) for name in "gd"})
    rng = np.random.default_rng(0)
    for _ in range(3):
        images = rng.uniform(-1, 1, (8, 28, 28, 1)).astype("float32")
        labels = one_hot(rng.integers(0, CLASSES, 8), CLASSES)
        theirs = gan.train_step((tf.constant(images), tf.constant(labels)))
        mine = lesson["train_step"](tf.constant(images), tf.constant(labels))
        gan.reset_metrics()
        assert mine[0] == pytest.approx(float(theirs["d_loss"]), rel=1e-4)
        assert mine[1] == pytest.approx(float(theirs["g_loss"]), rel=1e-4)
    for one, other in ((g, gan.generator), (d, gan.discriminator)):
        for mine, theirs in zip(one.variables, other.variables, strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-3, atol=1e-5)


def test_projection_of_lesson_10_is_that_of_the_package():
    lesson = names_from(
        LESSON,
        "projection_discriminator",
        keras=keras,
        layers=keras.layers,
        ops=keras.ops,
        pair_shape=(28, 28, 1 + CLASSES),
        SHAPE=(28, 28, 1),
        dcgan_discriminator=dcgan_discriminator,
    )
    mine = lesson["projection_discriminator"]()
    theirs = conditional_discriminator(CLASSES, kind="projection")
    theirs.set_weights(mine.get_weights())
    images = np.random.default_rng(0).normal(size=(5, 28, 28, 1)).astype("float32")
    pairs = add_label_planes(images, one_hot([0, 3, 3, 9, 1], CLASSES))
    np.testing.assert_allclose(mine(pairs), theirs(pairs), rtol=1e-4, atol=1e-6)


def test_conditional_batch_norm_of_lesson_10_has_a_scale_and_a_shift_for_each_class():
    norm = names_from(LESSON, "ConditionalBatchNorm", keras=keras, layers=keras.layers)
    norm = norm["ConditionalBatchNorm"](4)
    x = np.random.default_rng(0).normal(2, 3, (6, 5, 5, 4)).astype("float32")
    labels = one_hot([0, 1, 2, 0, 1, 2], 3)
    plain = norm(x, labels, training=True).numpy()
    np.testing.assert_allclose(plain.std(axis=(0, 1, 2)), 1, atol=0.01)  # as batch norm, at first
    gamma, beta = np.ones((3, 4), "float32"), np.zeros((3, 4), "float32")
    gamma[1], beta[2] = 5, 7
    norm.gamma.set_weights([gamma])
    norm.beta.set_weights([beta])
    changed = norm(x, labels, training=True).numpy()
    np.testing.assert_allclose(changed[1], 5 * plain[1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(changed[2], plain[2] + 7, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(changed[0], plain[0], rtol=1e-4, atol=1e-5)


def test_the_table_of_lesson_10_is_what_was_measured():
    with (ROOT / "benchmarks" / "results" / "conditional.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    names = {"digits": "mnist", "clothes": "fashion_mnist"}
    found = re.findall(r"^\| (digits|clothes) \| ([^|]+?) \|(.+)\|$", prose(LESSON), re.M)
    assert len(found) >= 6  # four on digits, two on clothes
    for data, way, cells in found:
        mine = [row for row in rows if (row["data"], row["way"]) == (names[data], way)]
        assert len(mine) == 3
        shown = [cell.strip() for cell in cells.split("|")]
        for field, cell in zip(("obedience", "diversity", "frechet"), shown, strict=True):
            values = sorted(float(row[field]) for row in mine if row[field])
            if not values:
                assert cell == "–"
                continue
            percent = field == "obedience"
            wanted = [f"{v:.1%}" if percent else f"{v:.2f}" for v in (values[1], *values[::2])]
            assert re.findall(r"[\d.]+%?", cell) == wanted


def test_d_that_ignores_the_label_makes_g_ignore_it():
    printed = said(LESSON)
    obeys = re.search(r"^label planes +obedience (\S+)%", printed, re.M)[1]
    deaf = re.search(r"^D ignores the label +obedience (\S+)%", printed, re.M)[1]
    assert float(obeys) > 97
    assert 5 < float(deaf) < 15  # one in ten, by chance


def test_the_first_code_cell_names_the_lesson():
    assert 'begin_lesson("10_conditional_gan"' in code_cells(LESSON)[0]
