"""The lessons as documents: what their cells compute, and what they store."""

import base64
import io
import json
import re
import runpy

import keras
import nbformat
import numpy as np
import pytest
import tensorflow as tf
from helpers import NOTEBOOKS, ROOT, code_cells, plain_code, read_notebook
from nbclient import NotebookClient
from PIL import Image

LESSON_01 = ROOT / "notebooks" / "01_gan_intro.ipynb"
LESSON_02 = ROOT / "notebooks" / "02_fashion_mnist.ipynb"
LESSON_03 = ROOT / "notebooks" / "03_mnist_gradient_tape.ipynb"
LESSON_04 = ROOT / "notebooks" / "04_cifar10_frogs.ipynb"
LESSON_05 = ROOT / "notebooks" / "05_training_pitfalls.ipynb"
LESSON_09 = ROOT / "notebooks" / "09_latent_explorer.ipynb"
EVERY = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def outputs(path):
    cells = read_notebook(path)["cells"]
    return [out for cell in cells if cell["cell_type"] == "code" for out in cell["outputs"]]


@EVERY
def test_stored_outputs_are_whole_clean_and_small(path):
    assert path.stat().st_size < 2_000_000
    found = outputs(path)
    assert any("image/png" in out.get("data", {}) for out in found)
    assert not [out for out in found if out["output_type"] == "error"]
    assert not [out for out in found if out.get("name") == "stderr"]
    # Without the pictures, whose letters may happen to spell anything.
    text = re.sub(r'"image/\w+": "[^"]*"', "", json.dumps(found))
    assert not re.search(r"Warning|absl::|oneDNN|cuda", text)
    assert "run size: laptop" in text
    assert "widget-view" not in text  # its kernel is gone; the GIF beside it stays
    if "dataset=" in code_cells(path)[0]:
        assert "real images" in text
    counts = [cell["execution_count"] for cell in read_notebook(path)["cells"] if "outputs" in cell]
    assert counts == list(range(1, len(counts) + 1))  # one run, from top to bottom


def test_storing_keeps_the_gif_and_drops_the_widget_beside_it():
    """A stored widget would say “model not found” in place of a picture."""
    output = nbformat.v4.new_output(
        "display_data",
        data={"image/gif": "R0lG", "application/vnd.jupyter.widget-view+json": {"model_id": "1"}},
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output])])
    runpy.run_path(str(ROOT / "scripts" / "run_notebook.py"))["clean"](notebook)
    assert notebook.cells[0].outputs[0].data == {"image/gif": "R0lG"}


def test_storing_shrinks_large_pictures_and_leaves_small_ones():
    smaller = runpy.run_path(str(ROOT / "scripts" / "run_notebook.py"))["smaller"]

    def png(side):
        pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype("uint8")
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "png")
        return base64.b64encode(out.getvalue()).decode()

    assert smaller(png(50)) == png(50)
    shrunk = smaller(png(200))
    assert len(shrunk) < len(png(200)) / 2
    with Image.open(io.BytesIO(base64.b64decode(shrunk))) as picture:
        assert picture.size == (200, 200)
        assert len(picture.convert("RGB").getcolors(300)) > 200  # colours are left, if fewer


@EVERY
def test_first_code_cell_makes_the_lesson_self_sufficient(path):
    first = code_cells(path)[0]
    assert 'if "google.colab" in sys.modules' in first
    assert "%pip install" in first
    assert f'begin_lesson("{path.stem}"' in first
    assert "seed=" in first


@EVERY
def test_cells_are_short(path):
    longest = max(len(source.splitlines()) for source in code_cells(path))
    assert longest <= 18


def names_from(path, *wanted, **given):
    """Run the cells that define `wanted`, in order; returns the namespace."""
    namespace = {"tf": tf, "keras": keras, "layers": keras.layers, **given}
    for source in code_cells(path):
        if any(re.search(rf"^(def|class) {name}\b", source, re.M) for name in wanted):
            exec(compile(plain_code(source), path.name, "exec"), namespace)
    assert set(wanted) <= set(namespace)
    return namespace


@pytest.mark.parametrize("path", [LESSON_02, LESSON_03], ids=lambda path: path.stem)
def test_losses_of_the_lessons_are_those_of_the_package(path):
    from dcgan_course import losses

    lesson = names_from(path, "discriminator_loss", "generator_loss")
    rng = np.random.default_rng(1)
    for scale in (1.0, 1000.0):
        real, fake = (scale * rng.normal(size=(2, 64, 1))).astype("float32")
        assert float(lesson["discriminator_loss"](real, fake)) == pytest.approx(
            float(losses.discriminator_loss(real, fake)), rel=1e-5
        )
        assert float(lesson["generator_loss"](fake)) == pytest.approx(
            float(losses.generator_loss(fake)), rel=1e-5
        )


@pytest.mark.parametrize("path", [LESSON_02, LESSON_03], ids=lambda path: path.stem)
def test_networks_of_the_lessons_are_those_of_the_package(path):
    from dcgan_course.layers import (
        dcgan_discriminator,
        dcgan_generator,
        downsample_block,
        logit_block,
    )

    blocks = dict(downsample_block=downsample_block, logit_block=logit_block)
    lesson = names_from(path, "lean_generator", "lean_discriminator", **blocks)

    def layout(network):
        return [(type(layer).__name__, layer.output.shape[1:]) for layer in network.layers]

    g = dcgan_generator(latent_dim=64, widths=(64, 32), hidden=512)
    d = dcgan_discriminator(widths=(32, 64), hidden=512)
    assert layout(lesson["lean_generator"]()) == layout(g)
    assert layout(lesson["lean_discriminator"]()) == layout(d)


def test_round_of_lesson_01_computes_what_the_package_does():
    """Played five times from the same start, G and D are where `train_toy` brings them."""
    from dcgan_course.toys import LineGame, small_network, train_toy

    settings = dict(hidden=8, g_rate=3e-4, d_rate=3e-3, steps=5, frames=1, seed=6)
    theirs = train_toy("line", **settings).moments[-1]
    keras.utils.set_random_seed(6)
    game = LineGame()
    networks = [small_network(1, hidden=8, name=name) for name in ("generator", "discriminator")]
    cells = code_cells(LESSON_01)
    optimizers = next(source for source in cells if "g_optimizer = " in source)
    a_round = next(source for source in cells if "def play_one_round" in source)
    namespace = {"tf": tf, "keras": keras, "game": game}
    namespace |= dict(zip(("generator", "discriminator"), networks, strict=True))
    exec(optimizers.replace("lesson.seed", "6"), namespace)
    exec(a_round, namespace)
    for _ in range(5):
        namespace["play_one_round"]()
    mine = game.look(*networks)
    for name in ("G", "D"):
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-4, atol=1e-6)


def test_model_of_lesson_02_computes_what_the_package_does(digits):
    """Both trained by `fit`: same start, same data, same codes, same weights and logs."""
    from dcgan_course import DCGAN, dcgan_discriminator, dcgan_generator, make_dataset

    def networks():
        keras.utils.set_random_seed(5)
        return dcgan_generator(latent_dim=8, widths=(8, 4)), dcgan_discriminator(widths=(4, 8))

    def sgd():  # not Adam, which blows gradients that are zero but for rounding up to full steps
        return keras.optimizers.SGD(0.01)

    theirs = DCGAN(*networks(), seed=1, average=0.9)
    theirs.compile(sgd(), sgd())
    their_history = theirs.fit(digits, batch_size=16, epochs=2, steps_per_epoch=4, verbose=0)

    wanted = ("discriminator_loss", "TwoNetworks", "Measured", "DCGAN", "AverageOfG")
    lesson = names_from(LESSON_02, *wanted)
    mine = lesson["DCGAN"](*networks(), seed=1)
    mine.compile(g_optimizer=sgd(), d_optimizer=sgd())
    average = lesson["AverageOfG"](mine.generator, 0.9)
    data = make_dataset(digits, 16, seed=1)
    options = dict(epochs=2, steps_per_epoch=4, shuffle=False, verbose=0, callbacks=[average])
    my_history = mine.fit(data, **options)

    assert set(my_history.history) == set(their_history.history)
    for name, values in my_history.history.items():
        np.testing.assert_allclose(values, their_history.history[name], rtol=1e-4)
    for one, other in (
        (mine.generator, theirs.generator),
        (mine.discriminator, theirs.discriminator),
        (average.network, theirs.sampler),
    ):
        for my_weight, their_weight in zip(one.variables, other.variables, strict=True):
            np.testing.assert_allclose(
                my_weight.numpy(), their_weight.numpy(), rtol=1e-3, atol=1e-5
            )


def test_step_of_lesson_03_computes_what_the_package_does(digits):
    """Cut out of the notebook and set beside DCGAN: same start, same codes, same weights."""
    from dcgan_course import DCGAN, dcgan_discriminator, dcgan_generator

    def networks():
        keras.utils.set_random_seed(5)
        return dcgan_generator(latent_dim=8, widths=(8, 4)), dcgan_discriminator(widths=(4, 8))

    gan = DCGAN(*networks(), seed=1, average=0.9)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), run_eagerly=True)

    g, d = networks()
    # Not Adam, which blows gradients that are zero but for rounding up to full steps.
    optimizers = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)
    step = iter(range(100))

    class Keras:
        """Keras, with the codes that the package draws in this step."""

        class random:
            @staticmethod
            def normal(shape, seed):
                return tf.random.stateless_normal(shape, seed=[1, next(step)])

    tf.config.run_functions_eagerly(True)
    try:
        lesson = names_from(
            LESSON_03,
            "discriminator_loss",
            "generator_loss",
            "train_step",
            "update_average",
            generator=g,
            discriminator=d,
            generator_optimizer=optimizers[0],
            discriminator_optimizer=optimizers[1],
            noise=None,
            keras=Keras,
            BATCH_SIZE=16,
            LATENT_DIM=8,
            AVERAGE=0.9,
        )
        for start in (0, 16, 32):
            batch = tf.constant(digits[start : start + 16])
            theirs = gan.train_step(batch)
            mine = lesson["train_step"](batch)
            lesson["update_average"]()
            gan.reset_metrics()
            for name, value in mine.items():
                assert float(value) == pytest.approx(float(theirs[name]), rel=1e-4)
    finally:
        tf.config.run_functions_eagerly(False)
    for one, other in (
        (g, gan.generator),
        (d, gan.discriminator),
        (lesson["average"], gan.sampler),
    ):
        for mine, theirs in zip(one.variables, other.variables, strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-3, atol=1e-5)


def test_turns_of_lesson_04_compute_what_the_package_does(digits):
    """Three rounds of the lesson's two functions beside `CombinedDCGAN`, on the same codes."""
    from dcgan_course import CombinedDCGAN, dcgan_discriminator, dcgan_generator

    def networks():
        keras.utils.set_random_seed(5)
        d = dcgan_discriminator(widths=(4, 8), batch_norm="paper")
        return dcgan_generator(latent_dim=8, widths=(8, 4)), d

    def sgd():
        return keras.optimizers.SGD(0.05)

    gan = CombinedDCGAN(*networks(), seed=1)
    gan.compile(sgd(), sgd())
    lesson = names_from(LESSON_04, "frozen", "discriminator_turn", "generator_turn")
    g, d = networks()
    combined, optimizers = keras.Sequential([g, d]), (sgd(), sgd())
    for start in range(0, 48, 16):
        real = tf.constant(digits[start : start + 16])
        mine = lesson["discriminator_turn"](g, d, optimizers[0], real, gan._codes(16))
        assert float(mine) == pytest.approx(float(gan.discriminator_turn(real)[0]), rel=1e-5)
        mine = lesson["generator_turn"](combined, d, optimizers[1], gan._codes(16, stream=1))
        assert float(mine) == pytest.approx(float(gan.generator_turn(real)), rel=1e-5)
    for one, other in ((g, gan.generator), (d, gan.discriminator)):
        for my_weight, their_weight in zip(one.variables, other.variables, strict=True):
            np.testing.assert_allclose(
                my_weight.numpy(), their_weight.numpy(), rtol=1e-3, atol=1e-6
            )


def test_lesson_04_never_calls_predict_in_its_loop():
    """It runs G in inference mode, and once more for nothing; `fit` is given no such loop."""
    assert not [source for source in code_cells(LESSON_04) if ".predict(" in source]


def test_dirac_gan_of_lesson_05_moves_as_its_text_says():
    dirac = names_from(LESSON_05, "dirac", np=np)["dirac"]
    path = dirac("simultaneous", steps=100, h=0.2)
    radius = np.linalg.norm(path, axis=1)
    slope = 1 / (1 + np.exp(path[:-1].prod(axis=1)))
    np.testing.assert_allclose(radius[1:] / radius[:-1], np.sqrt(1 + (0.2 * slope) ** 2))
    alternating = np.linalg.norm(dirac("alternating"), axis=1)
    assert 0.7 * radius[0] < alternating.min() < alternating.max() < 1.4 * radius[0]
    assert np.linalg.norm(dirac("alternating", gamma=0.3)[-1]) < 1e-3


@pytest.fixture(scope="module")
def clothes_space():
    from dcgan_course import load_generator
    from dcgan_course.latent import LatentSpace

    return LatentSpace(load_generator("fashion_mnist"))


def test_walks_of_lesson_09_are_those_of_the_package():
    from dcgan_course import latent

    lesson = names_from(LESSON_09, "arc", "line", np=np)
    a, b = np.random.default_rng(1).normal(size=(2, 64))
    b *= np.linalg.norm(a) / np.linalg.norm(b)  # else the package's lengths change evenly
    np.testing.assert_allclose(lesson["arc"](a, b, 9), latent.spherical(a, b, 9), atol=1e-5)
    np.testing.assert_allclose(lesson["line"](a, b, 9), latent.linear(a, b, 9), atol=1e-5)
    lengths = np.linalg.norm(lesson["arc"](a, b, 9), axis=1)
    np.testing.assert_allclose(lengths, np.linalg.norm(a))


def test_directions_of_lesson_09_are_those_of_the_package(clothes_space):
    """Each from codes of its own; the signs of components mean nothing."""
    rng = np.random.default_rng(2)
    lesson = {
        "np": np,
        "keras": keras,
        "G": clothes_space.generator,
        "space": clothes_space,
        "codes": lambda count: rng.normal(size=(count, 64)).astype("float32"),
        "pick": lambda smoke, laptop, full: laptop,
    }
    for source in code_cells(LESSON_09):
        if re.search(r"^(features|directions) = ", source, re.M):
            exec(source, lesson)
    theirs = clothes_space.directions[:5]
    mine = lesson["directions"][:5]
    norms = np.linalg.norm(mine, axis=1), np.linalg.norm(theirs, axis=1)
    assert (np.abs((mine * theirs).sum(axis=1)) / (norms[0] * norms[1]) > 0.95).all()
    np.testing.assert_allclose(*norms, rtol=0.1)


def test_descent_of_lesson_09_finds_what_the_package_finds(clothes_space):
    lesson = names_from(LESSON_09, "invert", G=clothes_space.generator)
    rng = np.random.default_rng(5)
    x = clothes_space.images(rng.normal(size=64))[0]
    starts = np.random.default_rng(0).normal(size=(8, 64)).astype("float32")
    before = ((clothes_space.images(starts) - x) ** 2).mean(axis=(1, 2, 3))
    found, errors = lesson["invert"](x, starts, steps=40)
    code, error = clothes_space.invert(x, starts=8, steps=40, seed=0)
    assert errors.min() == pytest.approx(error, rel=0.2)  # theirs is one step further
    np.testing.assert_allclose(found[errors.argmin()], code, atol=0.2)
    assert errors.min() < before.min() / 3


def solutions(path):
    """The code in the collapsed solutions of a notebook."""
    for cell in read_notebook(path)["cells"]:
        if cell["cell_type"] == "markdown" and "<details>" in "".join(cell["source"]):
            yield from re.findall(r"```python\n(.*?)```", "".join(cell["source"]), re.S)


@EVERY
def test_collapsed_solutions_run(path, monkeypatch):
    """At smoke size, at the end of their notebook."""
    notebook = nbformat.read(path, as_version=4)
    code = list(solutions(path))
    assert len(code) >= 3
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in code]
    folder = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, kernel_name="python3", timeout=600, resources=folder).execute()
    said = "".join(
        out.get("text", "") for cell in notebook.cells[-len(code) :] for out in cell.outputs
    )
    if path == LESSON_01:
        assert re.search(r"m = 0: -1\.3863", said)
        assert "[1 1 2 1 2 1 2 1 1]" in said  # kernel 3, stride 2: a checkerboard
    if path == LESSON_02:
        assert re.search(r"D\(x\) = 0\.9: loss 0\.325", said)
    if path == LESSON_04:
        assert "before it is frozen: True" in said  # a step compiled earlier goes on training
        assert "afterwards: True" in said
        assert "as many as before: True" in said
        assert "by the network's flag: False" in said
        assert re.search(r"^2 \[1\]$.*^3 \[1 2 4\]$.*^6 \[9\]$", said, re.M | re.S)
    if path == LESSON_05:
        saturating, steep = re.findall(r"saturating: \[(.*)\]", said)
        slopes = [abs(float(slope)) for slope in saturating.split()]
        assert slopes[2] < 1e-4 < 0.2 < slopes[0]
        assert all(abs(float(slope)) > 0.7 for slope in steep.split())
        radii = dict(re.findall(r"γ = (\d\.\d): radius (\d\.\d+)", said))
        assert float(radii["0.3"]) < float(radii["9.0"])
    if path == LESSON_09:
        leans = {
            int(k): float(x) for k, x in re.findall(r"direction (\d+): lean .* (-?\d.*) ±", said)
        }
        assert max(leans, key=lambda k: abs(leans[k])) == 7
        assert leans[7] > 10
        large, small = map(float, re.findall(r"steps: largest (\d\.\d+)", said))
        assert small < large / 2  # slopes: a jump would keep its height
        shares = [int(share) for share in re.findall(r"(\d+)% dresses", said)]
        assert shares == sorted(shares)
        assert shares[-1] > 80
    if path == LESSON_03:
        assert re.search(r"^saturating: +-4\.5\d*e-05", said, re.M)
        assert re.search(r"^non-saturating: +-0\.9999", said, re.M)
