"""The lessons as documents: what their cells compute, and what they store.

Mirrors no module: it tests notebooks/ and scripts/run_notebook.py.
"""

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
from helpers import (
    NOTEBOOKS,
    ROOT,
    code_cells,
    names_from,
    outputs,
    prose,
    read_notebook,
    said,
    solutions,
)
from PIL import Image

LESSON_01 = ROOT / "notebooks" / "01_gan_intro.ipynb"
LESSON_02 = ROOT / "notebooks" / "02_fashion_mnist.ipynb"
LESSON_03 = ROOT / "notebooks" / "03_mnist_gradient_tape.ipynb"
LESSON_04 = ROOT / "notebooks" / "04_cifar10_frogs.ipynb"
LESSON_05 = ROOT / "notebooks" / "05_training_pitfalls.ipynb"
LESSON_06 = ROOT / "notebooks" / "06_bonsai.ipynb"
LESSON_07 = ROOT / "notebooks" / "07_faces.ipynb"
LESSON_09 = ROOT / "notebooks" / "09_latent_explorer.ipynb"
EVERY = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


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
    cell = nbformat.v4.new_code_cell('title = "A walk"', outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    runpy.run_path(str(ROOT / "scripts" / "run_notebook.py"))["clean"](notebook)
    (stored,) = notebook.cells[0].outputs
    assert stored.data == {"image/gif": "R0lG", "text/plain": "A walk"}
    assert stored.metadata == {"image/gif": {"alt": "A walk"}}


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
        assert len(picture.convert("RGB").getcolors(300)) > 80  # colors are left, if fewer


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


@pytest.mark.parametrize("path", [LESSON_02, LESSON_03], ids=lambda path: path.stem)
def test_losses_of_the_lessons_are_those_of_the_package(path):
    from dcgan_course.networks import losses

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


def test_networks_of_lesson_02_are_those_of_the_package():
    from dcgan_course.networks.layers import (
        dcgan_discriminator,
        dcgan_generator,
        downsample_block,
        logit_block,
    )

    blocks = dict(downsample_block=downsample_block, logit_block=logit_block)
    lesson = names_from(LESSON_02, "lean_generator", "lean_discriminator", **blocks)

    def layout(network):
        return [(type(layer).__name__, layer.output.shape[1:]) for layer in network.layers]

    g = dcgan_generator(latent_dim=64, widths=(64, 32), hidden=512)
    d = dcgan_discriminator(widths=(32, 64), hidden=512, batch_norm="paper")
    assert layout(lesson["lean_generator"]()) == layout(g)
    assert layout(lesson["lean_discriminator"]()) == layout(d)


@pytest.mark.slow(seconds=3)
def test_round_of_lesson_01_computes_what_the_package_does():
    """Played five times from the same start, G and D are where `train_toy` brings them."""
    from dcgan_course.training.games import LineGame
    from dcgan_course.training.toys import small_network, train_toy

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


def test_steps_of_lesson_02_compute_what_the_package_does(digits):
    """The plain function and the class beside `DCGAN`: same start, same codes, same weights."""
    from dcgan_course import DCGAN, dcgan_discriminator, dcgan_generator

    def networks():
        keras.utils.set_random_seed(5)
        return dcgan_generator(latent_dim=8, widths=(8, 4)), dcgan_discriminator(widths=(4, 8))

    def sgd():  # not Adam, which blows gradients that are zero but for rounding up to full steps
        return keras.optimizers.SGD(0.1)

    gan = DCGAN(*networks(), seed=1)
    gan.compile(sgd(), sgd(), run_eagerly=True)
    codes = []  # those of the package, for the other two

    class Keras:
        """Keras, with the codes that the package has drawn in this step."""

        Model, losses = keras.Model, keras.losses

        class random:
            SeedGenerator = keras.random.SeedGenerator

            @staticmethod
            def normal(shape, seed):
                return codes[-1]

    tf.config.run_functions_eagerly(True)
    try:
        wanted = ("discriminator_loss", "training_step", "TwoNetworks", "SimpleDCGAN")
        lesson = names_from(LESSON_02, *wanted, keras=Keras)
        simple = lesson["SimpleDCGAN"](*networks())
        simple.compile(g_optimizer=sgd(), d_optimizer=sgd())
        plain, optimizers = networks(), (sgd(), sgd())
        for start in (0, 16, 32):
            batch = tf.constant(digits[start : start + 16])
            codes.append(gan.draw_codes(16))
            theirs = gan.train_step(batch)
            gan.reset_metrics()
            mine = simple.train_step(batch)
            d_loss, g_loss = lesson["training_step"](*plain, *optimizers, batch, codes[-1])
            for name, loss in (("d_loss", d_loss), ("g_loss", g_loss)):
                assert float(mine[name]) == pytest.approx(float(theirs[name]), rel=1e-4)
                assert float(loss) == pytest.approx(float(theirs[name]), rel=1e-4)
    finally:
        tf.config.run_functions_eagerly(False)
    for network, others in (
        (gan.generator, (simple.generator, plain[0])),
        (gan.discriminator, (simple.discriminator, plain[1])),
    ):
        for other in others:
            for my_weight, their_weight in zip(other.variables, network.variables, strict=True):
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
        mine = lesson["discriminator_turn"](g, d, optimizers[0], real, gan.draw_codes(16))
        assert float(mine) == pytest.approx(float(gan.discriminator_turn(real)[0]), rel=1e-5)
        mine = lesson["generator_turn"](combined, d, optimizers[1], gan.draw_codes(16, stream=1))
        assert float(mine) == pytest.approx(float(gan.generator_turn(real)), rel=1e-5)
    for one, other in ((g, gan.generator), (d, gan.discriminator)):
        for my_weight, their_weight in zip(one.variables, other.variables, strict=True):
            np.testing.assert_allclose(
                my_weight.numpy(), their_weight.numpy(), rtol=1e-3, atol=1e-6
            )


def test_choice_of_lesson_04_is_that_of_the_package():
    from dcgan_course.data.choose import plain_backgrounds

    lesson = names_from(
        LESSON_04,
        "plain_backgrounds",
        np=np,
        show_images=lambda *_, **__: None,
        frogs=np.zeros((3, 32, 32, 3)),
    )
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (40, 32, 32, 3)) * rng.uniform(0, 1, (40, 1, 1, 1))
    chosen = lesson["plain_backgrounds"](images, 9)
    np.testing.assert_array_equal(chosen, plain_backgrounds(images, 9))


def test_lesson_04_never_calls_predict_in_its_loop():
    """It runs G in inference mode, and once more for nothing; `fit` is given no such loop."""
    assert not [source for source in code_cells(LESSON_04) if ".predict(" in source]


@pytest.mark.parametrize(("theta", "psi"), [(1.0, 1.0), (1.0, -0.5), (-0.7, 0.3), (-2.0, -1.0)])
def test_dirac_gan_of_lesson_05_goes_down_the_losses_of_the_course(theta, psi):
    """One simultaneous step with R1 is a step of gradient descent on each player's loss."""
    from dcgan_course import discriminator_loss, generator_loss

    g, d = tf.Variable([[theta]]), tf.Variable([[psi]])
    with tf.GradientTape(persistent=True) as tape:
        real, fake = d * 0.0, d * g  # D(x) = ψx; all real data are 0
        d_loss = discriminator_loss(real, fake) + 0.5 * 0.3 * tf.reduce_sum(d**2)
        g_loss = generator_loss(fake, "minimax")
    step = [0.2 * tape.gradient(*each).numpy().item() for each in ((g_loss, g), (d_loss, d))]
    dirac = names_from(LESSON_05, "dirac", np=np)["dirac"]
    path = dirac(alternating=False, gamma=0.3, steps=1, theta=theta, psi=psi)
    np.testing.assert_allclose(path[1], (theta - step[0], psi - step[1]), rtol=1e-5)


def test_dirac_gan_of_lesson_05_moves_as_its_text_says():
    dirac = names_from(LESSON_05, "dirac", np=np)["dirac"]
    path = dirac(alternating=False, steps=100, h=0.2)
    distance = np.linalg.norm(path, axis=1)
    slope = 1 / (1 + np.exp(-path[:-1].prod(axis=1)))
    np.testing.assert_allclose(distance[1:] / distance[:-1], np.sqrt(1 + (0.2 * slope) ** 2))
    for each in (path, dirac()):  # clockwise: each step turns to the right
        here, there = each[:-1], each[1:]
        assert (here[:, 0] * there[:, 1] - here[:, 1] * there[:, 0] < 0).all()
    alternating = np.linalg.norm(dirac(), axis=1)
    assert 0.9 * distance[0] < alternating.min() < alternating.max() < 1.1 * distance[0]
    reached = {gamma: np.linalg.norm(dirac(gamma=gamma, steps=100)[-1]) for gamma in (0.3, 1, 3)}
    assert reached[1] < reached[0.3] < distance[0] / 10
    assert reached[1] < reached[3]


@pytest.fixture(scope="module")
def clothes_space():
    from dcgan_course import load_generator
    from dcgan_course.latent.space import LatentSpace

    return LatentSpace(load_generator("fashion_mnist"))


def test_walks_of_lesson_09_are_those_of_the_package():
    from dcgan_course.latent import space as latent

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


@EVERY
def test_there_are_exercises_with_collapsed_solutions(path):
    """They run at the end of their notebook under nbval, see conftest.py and solutions.py."""
    assert len(list(solutions(read_notebook(path)))) >= 3


@pytest.mark.slow(seconds=8)
def test_solutions_are_run_and_what_they_print_is_checked(tmp_path, run_python):
    """A notebook under nbval with a solution that fails, and one that prints a wrong number."""
    text = "<details>\n<summary>Solution</summary>\n\n```python\n{}\n```\n\n</details>"
    right = (
        "print('D(x) = 0.9: loss 0.325'); "
        "print('D moved by 1.0 with the whole loss and by 1.0 with half of it')"
    )
    for name, code, failed in (
        ("02_a.ipynb", right, 0),
        ("02_b.ipynb", right.replace("0.325", "0.326"), 1),
        ("02_c.ipynb", f"{right}; 1 / 0", 1),
    ):
        cell = nbformat.v4.new_markdown_cell(text.format(code))
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / name)
        command = [str(tmp_path / name), "--nbval-lax", "--nbval-current-env", "-q"]
        command += ["-c", str(ROOT / "pyproject.toml"), f"--confcutdir={ROOT}", "-p", "conftest"]
        done = run_python(f"import pytest, sys; sys.exit(pytest.main({command}))", check=False)
        assert re.search(rf"\b{failed} failed", done.stdout) or not failed, done.stdout
        assert (done.returncode == 0) == (not failed), done.stdout


def test_networks_of_lesson_06_are_those_of_the_recipes():
    from dcgan_course.training.recipes import RECIPES

    given = {"fast_policy": lambda: "float32"}
    given["pick"] = lambda smoke, laptop, full: full
    kinds = {"article": RECIPES["06 original"], "lean": RECIPES["06 laptop"]}
    wanted = [f"{kind}_{part}" for kind in kinds for part in ("generator", "discriminator")]
    lesson = names_from(LESSON_06, *wanted, **given)
    for kind, recipe in kinds.items():
        for part in ("generator", "discriminator"):
            keras.utils.set_random_seed(4)
            mine = getattr(recipe, part)()
            keras.utils.set_random_seed(4)
            theirs = lesson[f"{kind}_{part}"]()
            assert list(map(type, mine.layers)) == list(map(type, theirs.layers))
            for one, other in zip(mine.weights, theirs.weights, strict=True):
                np.testing.assert_array_equal(one.numpy(), other.numpy())
    text = "".join(code_cells(LESSON_06))
    assert f"batch_size={kinds['lean'].batch_size}" in text
    assert f"average={kinds['lean'].average}" in text
    assert "T = chain(flip, translate, color)\n" in text
    assert kinds["lean"].augment.__name__ == "flip+translate+color"
    assert [kinds["lean"].g_rate, kinds["lean"].d_rate] == [2e-4, 2e-4]


def test_augmented_losses_of_lesson_06_are_those_of_the_package(digits):
    """The same change of every image, in the lesson's function and in `DCGAN`'s step."""
    from dcgan_course import (
        DCGAN,
        dcgan_discriminator,
        dcgan_generator,
        discriminator_loss,
        generator_loss,
    )

    def shifted(images, seed=None):
        return tf.roll(images, 3, axis=2)

    keras.utils.set_random_seed(5)
    networks = dcgan_generator(latent_dim=8, widths=(8, 4)), dcgan_discriminator(widths=(4, 8))
    gan = DCGAN(*networks, seed=1)
    gan.compile(augment=shifted, run_eagerly=True)
    losses = dict(discriminator_loss=discriminator_loss, generator_loss=generator_loss)
    lesson = names_from(LESSON_06, "losses_with", **losses)
    real = tf.constant(digits[:16])
    mine = lesson["losses_with"](shifted, *networks, real, gan.draw_codes(16))
    plain = lesson["losses_with"](lambda images: images, *networks, real, gan.draw_codes(16))
    theirs = gan.train_step(real)
    for value, other, name in zip(mine, plain, ("d_loss", "g_loss"), strict=True):
        assert float(value) == pytest.approx(float(theirs[name]), rel=1e-5)
        assert float(other) != pytest.approx(float(theirs[name]), rel=1e-4)


def test_networks_of_lesson_07_are_those_of_the_package():
    from dcgan_course.networks.layers import paper_init
    from dcgan_course.training import faces

    given = dict(
        pick=lambda smoke, laptop, full: full, fast_policy=lambda: "float32", paper_init=paper_init
    )
    wanted = ("paper_norm", "upwards", "downwards", "face_generator", "face_discriminator")
    lesson = names_from(LESSON_07, *wanted, **given)
    for part in ("face_generator", "face_discriminator"):
        keras.utils.set_random_seed(4)
        mine = getattr(faces, part)(16)
        keras.utils.set_random_seed(4)
        theirs = lesson[part](16)
        assert list(map(type, mine.layers)) == list(map(type, theirs.layers))
        for one, other in zip(mine.weights, theirs.weights, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
        for one, other in zip(mine.layers, theirs.layers, strict=True):
            for name in ("momentum", "epsilon", "negative_slope", "padding"):
                assert getattr(one, name, None) == getattr(other, name, None)


def test_step_of_lesson_07_computes_what_the_package_does():
    from dcgan_course import discriminator_loss, generator_loss
    from dcgan_course.training.faces import FaceDCGAN, face_discriminator, face_generator

    def networks():
        keras.utils.set_random_seed(3)
        return face_generator(2, 8), face_discriminator(2)

    def sgd():
        return keras.optimizers.SGD(0.01)

    losses = dict(discriminator_loss=discriminator_loss, generator_loss=generator_loss)
    lesson = names_from(LESSON_07, "update_discriminator", "train_step", **losses)
    gan = FaceDCGAN(*networks(), seed=1)
    gan.compile(sgd(), sgd(), run_eagerly=True)
    g, d = networks()
    optimizers = sgd(), sgd()
    real = np.tanh(np.random.default_rng(0).normal(size=(3, 8, 64, 64, 3))).astype("float32")
    for batch in map(tf.constant, real):
        mine = lesson["train_step"](g, d, *optimizers, batch, gan.draw_codes(8))
        theirs = gan.train_step(batch)
        assert set(mine) == set(theirs)
        for name, value in theirs.items():
            assert float(mine[name]) == pytest.approx(float(value), rel=1e-4)
    for one, other in ((g, gan.generator), (d, gan.discriminator)):
        for my_weight, their_weight in zip(one.variables, other.variables, strict=True):
            np.testing.assert_allclose(
                my_weight.numpy(), their_weight.numpy(), rtol=1e-3, atol=1e-5
            )


def test_stream_of_lesson_07_is_the_folders(tmp_path):
    from dcgan_course.data.drawn.faces import draw_faces
    from dcgan_course.data.folder import ImageFolder, read_picture, write_pictures

    pictures = ImageFolder(write_pictures(tmp_path, draw_faces(16)[0]))
    lesson = names_from(LESSON_07, "stream", read_picture=read_picture)
    mine = np.concatenate(list(lesson["stream"](pictures.files, 8, seed=1).take(2)))
    theirs = np.concatenate(list(pictures.stream(8, seed=1).take(2)))
    assert not np.array_equal(mine, theirs)  # another order
    for images in (mine, theirs):
        images[...] = images[np.argsort(images.mean(axis=(1, 2, 3)))]
    np.testing.assert_allclose(mine, theirs, atol=1e-6)


def test_prose_of_lesson_07_says_what_its_cells_printed():
    text, printed = prose(LESSON_07), said(LESSON_07)
    ratios = dict(re.findall(r"(\w): gradients with γ .*\n +([\d, ]+) \(", printed))
    quoted = re.search(
        r"\$D\$'s gradients are between ([\d,]+) and ([\d,]+) times smaller, "
        r"\$G\$'s between ([\d,]+) and ([\d,]+) times",
        text,
    ).groups()
    low_d, high_d, low_g, high_g = (int(number.replace(",", "")) for number in quoted)
    for name, low, high in (("D", low_d, high_d), ("G", low_g, high_g)):
        found = [int(number) for number in ratios[name].split(", ")]
        assert 0.95 * low <= min(found) <= 1.2 * low
        assert 0.9 * high <= max(found) <= 1.05 * high
    steps = dict(re.findall(r"(\w): Adam's first step is 1\.00 .*, 0\.(\d\d) with", printed))
    assert f"still {int(steps['D'])}% as long in $D$ and {int(steps['G'])}% in $G$" in text
    used, read = re.search(
        r"took (\S+) pictures a second, reading can deliver (\S+)", printed
    ).groups()
    assert f"reading can deliver {read} images a second, and training used {used}" in text
    assert int(read) > 2 * int(used)  # "reading does not hold training back"


def test_prose_of_lesson_07_says_which_attributes_were_dropped():
    text, printed = prose(LESSON_07), said(LESSON_07)
    rates = {
        row: dict(re.findall(r"([a-z]+(?: hair)?) (\d+\.\d)%", line))
        for row, line in re.findall(
            r"^(true rate|found in [a-z, ]*?)  +(glasses.*)$", printed, re.M
        )
    }
    true, made = rates["true rate"], rates["found in generated faces"]
    glasses = f"{float(true['glasses']):.0f}% of the drawn faces and in {made['glasses']}% of"
    assert glasses in text
    assert f"from {float(true['beard']):.0f}% to {float(made['beard']):.0f}%" in text
    assert 45 < float(true["long hair"]) < 55
    assert f"bald heads from {float(true['bald']):.0f}% to {float(made['bald']):.0f}%" in text
    assert "Long hair is half as common" in text
    assert 0.45 < float(made["long hair"]) / float(true["long hair"]) < 0.55
    assert abs(float(made["teeth"]) - float(true["teeth"])) < 6
    hit = sorted(true, key=lambda name: float(made[name]) / float(true[name]))[:3]
    assert set(hit) == set(sorted(true, key=lambda name: float(true[name]))[:3])  # the rarest
    right = re.search(r"accuracy on new faces, by attribute: (.*)", printed)[1]
    right = [int(value) for value in re.findall(r"(\d+)%", right)]
    beard = right.pop(1)
    assert f"about {beard}% of the faces for beards and at least {min(right)}% for" in text


def test_prose_of_lesson_06_says_what_its_cells_printed():
    text, printed = prose(LESSON_06), said(LESSON_06)
    *_, (trained, unseen) = re.findall(r"trees (\d+ of 112), held-out trees (\d+ of 16)", printed)
    assert f"{unseen} at the end, against {trained}" in text
    rows = re.findall(r"^Conv2DTranspose .* ([\d,]+)$", printed, re.M)
    total = re.search(r"^sum .* ([\d,]+) *$", printed, re.M)[1]
    costliest = max(int(row.replace(",", "")) for row in rows)
    assert costliest > 0.8 * int(total.replace(",", ""))
    assert "more than four fifths of $G$'s work" in text
    found = dict(re.findall(r"^(.*?)  +smallest .* median (\d\.\d\d)$", printed, re.M))
    changed = [found[f"copies, {how}"] for how in ("brighter", "blurred over 3 × 3 pixels")]
    changed.append(found["copies, recolored"])
    assert "(medians {}, {}, and {})".format(*changed) in text
    assert f"({found['photographs, held out']}). The generated trees ({found['generated']})" in text
    numbers = {name: float(median) for name, median in found.items()}
    near, far = (numbers[f"copies, shifted by {pixels} pixels"] for pixels in (2, 6))
    assert max(map(float, changed)) + 0.1 < near < numbers["photographs, held out"] < far


def test_no_photograph_of_a_person_is_stored():
    """Lesson 07 is stored with drawn faces, whatever lay beside when it ran."""
    assert "stand-in pictures" in said(LESSON_07)
    assert "real pictures" not in said(LESSON_07)
