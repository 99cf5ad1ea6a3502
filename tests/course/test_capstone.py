"""The capstone's file: what is refused, what is measured, and what students see before.

Mirrors no module: it tests assignments/source/07_capstone/capstone.py.
"""

import importlib.util
import json
import shutil
import sys

import numpy as np
import pytest
from capstone_cases import ALL, RIGHT, WRONG, Maker, drawn_generator
from helpers import ROOT, read_notebook

from dcgan_course.files import load_arrays

FOLDER = ROOT / "assignments" / "source" / "07_capstone"


@pytest.fixture(scope="module")
def capstone():
    spec = importlib.util.spec_from_file_location("capstone", FOLDER / "capstone.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.DRAWN = 400  # enough here, and faster
    return module


@pytest.fixture(scope="module")
def makers(capstone):
    """Makers of files by their arguments, each built once."""
    built = {}

    def find(**arguments):
        key = (id(arguments.get("generator")), arguments.get("count"), arguments.get("data"))
        if key not in built:
            built[key] = Maker(capstone, **arguments)
        return built[key]

    return find


@pytest.fixture(scope="module")
def reference(capstone, makers):
    """What the grader compares with, were the drawn images MNIST."""
    make = makers(data="mnist", count=1000)
    codes = np.random.default_rng(3).normal(size=(2000, 8)).astype("float32")
    seen = capstone.features(capstone.draw(make.layers, make.weights, codes))
    mean, covariance = capstone.moments(seen)
    other = capstone.moments(capstone.features(capstone.draw(*drawn_generator(seed=5), codes)))
    return {
        "mnist_mean": mean,
        "mnist_covariance": covariance,
        "fashion_mnist_mean": other[0],
        "fashion_mnist_covariance": other[1],
        "known_one": capstone.sketch(drawn_generator(seed=77)[1]),
    }


def lost(capstone, path, reference, seed=6):
    """Parts with a problem, and the problems."""
    problems = capstone.report(path, seed, reference)["problems"]
    assert set(problems) == ALL == set(capstone.PARTS)
    return {part: problem for part, problem in problems.items() if problem}


def test_there_are_enough_cases():
    assert len(WRONG) >= 40
    assert len(RIGHT) >= 6


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_loses_the_parts_that_concern_it(case, capstone, makers, reference, tmp_path):
    write, wanted = WRONG[case]
    write(makers(), tmp_path / "generator.npz")
    found = lost(capstone, tmp_path / "generator.npz", reference)
    assert set(found) == wanted, found
    assert all(len(problem) > 15 for problem in found.values()), found


@pytest.mark.parametrize("case", RIGHT)
def test_a_right_file_loses_nothing(case, capstone, makers, reference, tmp_path):
    write, arguments = RIGHT[case]
    write(makers(**arguments), tmp_path / "generator.npz")
    assert lost(capstone, tmp_path / "generator.npz", reference) == {}


# --- what students do before they hand in -------------------------------------------------


@pytest.fixture
def keras_generator():
    """Every layer that a file can hold, with statistics that are not those of the start."""
    import keras
    from keras import layers

    inner = keras.Sequential([layers.Conv2DTranspose(6, 5, 2, padding="same"), layers.ReLU()])
    network = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(4 * 4 * 8, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=0.1),
            layers.Reshape((4, 4, 8)),
            layers.Dropout(0.3),
            layers.UpSampling2D(2),
            layers.Conv2D(8, 3, padding="same", activation="elu"),
            layers.BatchNormalization(scale=False),
            layers.Activation("swish"),
            inner,
            layers.Conv2DTranspose(1, 3, 1, padding="same", activation="tanh"),
        ]
    )
    rng = np.random.default_rng(0)
    for weight in network.weights:
        small = rng.uniform(0.3, 1, weight.shape) if "variance" in weight.path else None
        weight.assign(rng.normal(0, 0.3, weight.shape) if small is None else small)
    return network


def diary_of(capstone, seconds=(0, 2, 5, 9, 12, 14, 17, 20, 22, 24, 26)):
    diary = capstone.Diary(lambda codes: np.zeros((16, 16, 16, 1), "float32"), 10)
    diary.rows = [[float(s), 1.0, 1.0] for s in seconds]
    diary.times, diary.samples = [0.0, 9.0], [np.zeros((16, 16, 16, 1), "uint8")] * 2
    return diary


def test_the_file_draws_what_the_keras_model_draws(capstone, keras_generator, makers, tmp_path):
    make, path = makers(), tmp_path / "generator.npz"
    diary = diary_of(capstone)
    capstone.save_generator(path, keras_generator, make.train, make.held_out, diary, title="x" * 99)
    submission = capstone.read(path)
    codes = np.random.default_rng(5).normal(size=(150, 10)).astype("float32")
    wanted = np.asarray(keras_generator(codes, training=False))
    assert np.abs(submission.draw(codes) - wanted).max() < 0.02
    assert submission.card["title"] == "x" * 80
    problems = capstone.report(path)["problems"]
    assert {part for part, problem in problems.items() if problem} <= {"coverage", "fair", "good"}


def test_what_the_file_cannot_hold_is_refused_when_it_is_written(capstone, makers, tmp_path):
    import keras
    from keras import layers

    make, path = makers(), tmp_path / "generator.npz"

    def save(*between):
        start = [keras.Input((3,)), layers.Dense(256), layers.Reshape((16, 16, 1))]
        network = keras.Sequential([*start, *between])
        capstone.save_generator(path, network, make.train, make.held_out, diary_of(capstone))

    for layer, said in (
        (layers.GroupNormalization(1), "is a GroupNormalization"),
        (layers.Conv2D(1, 3, padding="valid"), "padding = valid"),
        (layers.Conv2D(1, 3, padding="same", activation="softsign"), "uses softsign"),
        (layers.UpSampling2D(2, interpolation="bilinear"), "interpolation = bilinear"),
        (layers.ReLU(max_value=0.1), "do not form a chain"),
    ):
        with pytest.raises(capstone.Refused, match=said):
            save(layer)
    inputs = keras.Input((3,))
    inside = layers.Dense(256)(inputs)
    twice = layers.Reshape((16, 16, 1))(layers.Dense(256)(inside) + inside)
    network = keras.Model(inputs, twice)
    with pytest.raises(capstone.Refused):
        capstone.save_generator(path, network, make.train, make.held_out, diary_of(capstone))


def test_a_diary_keeps_a_row_a_second_and_says_when_the_time_is_over(capstone, monkeypatch):
    clock = iter(np.arange(0, 1000, 0.25))
    monkeypatch.setattr(capstone.time, "monotonic", lambda: float(next(clock)))
    diary = capstone.Diary(lambda codes: np.zeros((16, 8, 8, 1)), 5, minutes=2)
    steps = 0
    while diary.note(1.0, np.float32(2.0)):
        steps += 1
    assert steps == 4 * 120
    assert [row[0] for row in diary.rows] == list(range(121))
    assert diary.times == [0.0, 8.0, 16.0, 32.0, 64.0]
    assert diary.samples[0].shape == (16, 8, 8, 1)
    assert diary.samples[0].dtype == np.uint8


def test_pixels_decide_which_images_are_set_aside(capstone):
    images = np.random.default_rng(0).integers(0, 255, (2000, 16, 16, 1), "uint8")
    train, held_out = capstone.split(images)
    assert abs(len(held_out) / 2000 - 0.2) < 0.03
    again = capstone.split(images[::-1])
    assert np.array_equal(again[1], held_out[::-1])
    assert np.array_equal(capstone.split(capstone.to_floats(images))[0], train)


def test_a_check_says_what_the_grader_would(capstone, makers, tmp_path):
    path = tmp_path / "generator.npz"
    with pytest.raises(AssertionError, match=r"There is no generator\.npz"):
        capstone.check(path, "file")
    makers().write(path)
    for part in capstone.PARTS:
        capstone.check(path, part)


def test_the_notebook_names_each_part_once_and_its_limits(capstone):
    cells = read_notebook(FOLDER / "07_capstone.ipynb")["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    for part in capstone.PARTS:
        assert sum(f'check("generator.npz", "{part}")' in text for text in texts) == 1
        assert sum(f'assert not problem("{part}")' in text for text in texts) == 1
    table = next(text for text in texts if "| test | what" in text)
    for number in (
        f"{capstone.CONTRAST[0]} to {capstone.CONTRAST[1]:.0f} times",
        f"fewer than {capstone.MOST_ALIKE:.0%}",
        f"at least {capstone.LEAST_COVERAGE:.0%}",
        f"at most {capstone.MOST_COPIES:.0%}",
        f"below {capstone.FAIR} for one point, below {capstone.GOOD} for another",
        f"at most {capstone.MOST_BYTES >> 20} MB",
    ):
        assert number in table, number


@pytest.mark.slow(seconds=6)
def test_the_reference_trains_and_writes_its_file(capstone, tmp_path, monkeypatch):
    """Two seconds of training: what comes out is no good, and follows the rules."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "capstone", capstone)
    images = np.random.default_rng(0).integers(0, 255, (150, 16, 16, 1), "uint8")
    namespace = {}
    for cell in read_notebook(FOLDER / "07_capstone.ipynb")["cells"]:
        text = "".join(cell["source"])
        if cell.get("id") in ("imports", "networks", "train"):
            exec(text, namespace)
    assert namespace["TRAIN"]
    train, held_out = capstone.split(images)
    generator, diary = namespace["train"](capstone.to_floats(train), minutes=1 / 30)
    capstone.save_generator("generator.npz", generator, train, held_out, diary, title="noise")
    problems = capstone.report("generator.npz")["problems"]
    assert not any(problems[part] for part in ("file", "network", "data", "own"))
    assert "10 are the least" in problems["diary"]


def test_the_grader_knows_held_out_images_and_what_ships_with_the_course(capstone):
    with np.load(FOLDER / "hidden_reference.npz") as file:
        reference = {name: file[name] for name in file.files}
    for name in capstone.COURSE_DATA:
        width = sum(capstone.WIDTHS)
        assert reference[f"{name}_mean"].shape == (width,)
        assert reference[f"{name}_covariance"].shape == (width, width)
        assert capstone.same_sketch(capstone.sketch(weights_of(name)), reference[f"known_{name}"])


def test_a_generator_that_ships_is_near_the_held_out_images(capstone):
    """The yardstick of the thresholds: well below them, and noise of the same pixels far above."""
    make = shipped_chain()
    codes = np.random.default_rng(0).normal(size=(400, 64)).astype("float32")
    images = capstone.draw(make, weights_of("mnist"), codes)
    with np.load(FOLDER / "hidden_reference.npz") as file:
        target = file["mnist_mean"].astype(float), file["mnist_covariance"].astype(float)
    scale = capstone.scaled(target)

    def away(drawn):
        return capstone.frechet(target, capstone.moments(capstone.features(drawn)), scale)

    assert away(images) < capstone.GOOD
    shuffled = np.random.default_rng(1).permuted(images, axis=0)  # pixels from other images
    assert away(shuffled) > capstone.FAIR


def weights_of(name):
    """The weights of a generator that ships; its file holds directions as well."""
    arrays, card = load_arrays(ROOT / "dcgan_course" / "latent" / "trained" / f"{name}.npz")
    return [arrays[f"w{k}"] for k in range(card["arrays"])]


def shipped_chain():
    """The layers of recipes.half_generator, as a card names them."""
    norm = {"layer": "BatchNormalization", "weights": 4, "epsilon": 1e-3}
    relu = {"layer": "Activation", "name": "relu"}
    up = {"layer": "Conv2DTranspose", "strides": [2, 2]}
    dense = {"layer": "Dense", "weights": 1}
    layers = [dense, norm, relu, dense, {"layer": "Reshape", "shape": [7, 7, 32]}, norm, relu]
    layers += [up | {"weights": 1}, norm, relu, up | {"weights": 2}]
    return [*layers, {"layer": "Activation", "name": "tanh"}]


def test_one_generator_of_two_students_is_noticed():
    from dcgan_course.grading.capstone import twins

    first = {"sketch": np.arange(300.0)}
    second = {"sketch": np.arange(300.0) + 0.5}
    other = {"sketch": np.arange(300.0)[::-1]}
    unreadable = {"problems": {}}
    found = twins(
        {"b": second, "a": first, "c": other, "d": unreadable, "e": {"sketch": np.ones(9)}}
    )
    assert found == [("a", "b")]


@pytest.mark.parametrize("case", ["the generator itself", "twelve stored images", "no file"])
def test_the_notebooks_tests_find_what_the_report_says(
    case, capstone, makers, tmp_path, monkeypatch
):
    """Visible and hidden parts, the latter through JSON as out of a sandbox."""
    from dcgan_course import grading
    from dcgan_course.grading.cells import hidden_part, visible_part
    from dcgan_course.grading.inside.probes import Probes

    write, wanted = WRONG.get(case, (RIGHT[case][0] if case in RIGHT else None, set()))
    for name in ("capstone.py", "hidden_reference.npz"):
        shutil.copy(FOLDER / name, tmp_path)
    write(makers(), tmp_path / "generator.npz")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "capstone", capstone)
    grading.start_anew(4)
    answers, probes = {}, Probes({})

    def ask(question):
        key = json.dumps(question, sort_keys=True)
        if key not in answers:
            answers[key] = json.loads(json.dumps(probes.handle(question)))
        return answers[key]

    grading.student.connect(ask)
    seen, hidden, said = set(), set(), []
    try:
        for cell in read_notebook(FOLDER / "07_capstone.ipynb")["cells"]:
            text = "".join(cell["source"])
            if not hidden_part(text):
                continue
            for found, part in ((seen, visible_part(text)), (hidden, hidden_part(text))):
                try:
                    exec(part, {})
                except AssertionError as error:
                    found.add(next(p for p in capstone.PARTS if f'"{p}")' in text))
                    said.append(str(error))
    finally:
        grading.student.connect(None)
    assert hidden == wanted
    assert seen == wanted
    assert all(len(text) > 15 for text in said)
    assert len(answers) == 1  # eleven tests, one measurement
