"""The latent space against cases whose answer is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_course import dcgan_generator
from dcgan_course.latent import space as latent
from dcgan_course.latent.keras_file import open_generator
from dcgan_course.latent.space import (
    LatentError,
    LatentSpace,
    linear,
    spherical,
    truncated,
    without_and_with,
)


def brightness_generator():
    """G whose image depends on z₂ strongly, on z₀ weakly, and on nothing else."""
    dense = keras.layers.Dense(16)
    model = keras.Sequential(
        [keras.Input((5,)), dense, keras.layers.Reshape((4, 4, 1)), keras.layers.Activation("tanh")]
    )
    kernel = np.zeros((5, 16), "float32")
    kernel[2, :] = 0.2
    kernel[0, ::2], kernel[0, 1::2] = 0.05, -0.05
    dense.kernel.assign(kernel)
    return model


def test_the_first_directions_are_those_that_move_the_features_most():
    space = LatentSpace(brightness_generator(), count=3)
    for direction, axis in zip(space.directions, (2, 0), strict=False):
        assert np.argmax(np.abs(direction)) == axis
        others = np.delete(direction, axis)
        assert np.abs(others).max() < 0.1
        assert direction[axis] == pytest.approx(1.0, abs=0.1)  # one standard deviation
    assert space.shares[0] > 0.8 > space.shares[1] > space.shares[2]
    again = LatentSpace(brightness_generator(), count=3)
    np.testing.assert_allclose(space.directions, again.directions, rtol=1e-4, atol=1e-5)


def test_directions_are_computed_once_for_the_same_weights(monkeypatch):
    network, calls = brightness_generator(), []
    find = latent.principal_directions
    monkeypatch.setattr(latent, "_FOUND", {})
    monkeypatch.setattr(
        latent, "principal_directions", lambda *rest: calls.append(1) or find(*rest)
    )
    first = LatentSpace(network, count=2)
    np.testing.assert_array_equal(first.directions, LatentSpace(network, count=2).directions)
    assert len(calls) == 1
    network.layers[0].kernel.assign(network.layers[0].kernel[::-1])
    turned = LatentSpace(network, count=2)  # trained on: other weights, other directions
    assert len(calls) == 2
    assert np.argmax(np.abs(turned.directions[0])) == 2
    assert np.argmax(np.abs(turned.directions[1])) == 4


def test_directions_of_a_dcgan_are_found_in_seconds_and_move_it():
    keras.utils.set_random_seed(1)
    space = LatentSpace(dcgan_generator(latent_dim=16, widths=(16, 8), hidden=32), count=6)
    assert space.directions.shape == (6, 16)
    assert (np.diff(space.shares) <= 0).all()
    z = np.zeros(16)
    still = space.moved(z, [0, 0])
    np.testing.assert_array_equal(still, z)
    np.testing.assert_allclose(space.moved(z, [0, 2.0]), 2 * space.directions[1], rtol=1e-6)
    assert np.abs(space.images(space.moved(z, [3.0])) - space.images(z)).max() > 0


def test_images_and_pixels():
    generator = brightness_generator()
    space = LatentSpace(generator)
    z = np.random.default_rng(0).normal(size=(7, 5)).astype("float32")
    np.testing.assert_allclose(space.images(z), generator(z), rtol=1e-5)
    assert space.pixels(z[0]).shape == (1, 4, 4, 1)
    assert space.pixels(z).dtype == np.uint8


def test_neighbors_are_near_and_differ():
    space = LatentSpace(brightness_generator())
    z = np.ones(5, "float32")
    near = space.neighbors(z, 6, distance=0.5)
    np.testing.assert_allclose(np.linalg.norm(near - z, axis=1), 0.5 * np.sqrt(5), rtol=1e-5)
    assert len(np.unique(near, axis=0)) == 6


def test_the_arc_keeps_the_length_where_the_line_loses_it():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 100))
    a, b = 10 * a / np.linalg.norm(a), 10 * b / np.linalg.norm(b)
    for walk in (linear, spherical):
        path = walk(a, b, 9)
        np.testing.assert_allclose(path[[0, -1]], [a, b], rtol=1e-4, atol=1e-5)
    middle = np.linalg.norm(linear(a, b, 3)[1])
    assert middle < 8
    np.testing.assert_allclose(np.linalg.norm(spherical(a, b, 9), axis=1), 10, rtol=1e-5)
    steps = np.linalg.norm(np.diff(spherical(a, b, 9), axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)
    longer = spherical(a, 2 * b, 3)
    assert np.linalg.norm(longer[1]) == pytest.approx(15, rel=1e-5)
    for other in (a, -a, 0 * a):  # no arc: the line, and no NaN
        assert np.isfinite(spherical(a, other, 5)).all()


def test_truncation_and_arithmetic():
    z = np.array([[1.0, -2.0]])
    np.testing.assert_allclose(latent.truncated(z, 0.5), [[0.5, -1.0]])
    with pytest.raises(LatentError, match="lies in"):
        latent.truncated(z, 1.5)
    result = latent.without_and_with([1.0, 1.0], [[2.0, 0.0], [0.0, 0.0]], [[0.0, 5.0]])
    np.testing.assert_allclose(result, [0.0, 6.0])


def test_inversion_finds_a_code_that_draws_the_image():
    keras.utils.set_random_seed(2)
    space = LatentSpace(dcgan_generator((8, 8, 1), latent_dim=4, widths=(8, 8)), count=2)
    for weight in space.generator.trainable_weights:
        weight.assign(weight * (10.0 if len(weight.shape) > 1 else 1.0))
    wanted = space.images(np.array([0.5, -1.0, 0.8, 0.2]))[0]
    z, error = space.invert(wanted, steps=300, rate=0.1)
    start = np.mean((space.images(np.zeros(4)) - wanted) ** 2)
    assert error < 0.1 * start
    assert error == pytest.approx(np.mean((space.images(z)[0] - wanted) ** 2), rel=1e-3)
    with pytest.raises(LatentError, match=r"G draws images of shape \(8, 8, 1\)"):
        space.invert(np.zeros((4, 4, 1)))


def class_generator():
    """G by 3 classes: the class sets the top rows, z₁ the bottom ones, and z₀ nothing."""
    dense = keras.layers.Dense(16, activation="tanh")
    model = keras.Sequential([keras.Input((2 + 3,)), dense, keras.layers.Reshape((4, 4, 1))])
    kernel = np.zeros((5, 16), "float32")
    kernel[1, 8:] = 0.2
    kernel[2:, :8] = np.array([-2.0, 0.0, 2.0])[:, None]  # far stronger than anything of z
    dense.kernel.assign(kernel)
    model.class_names = ("ant", "bee", "cat")
    return model


def test_by_class_directions_are_found_within_the_classes_and_lead_to_no_other():
    space = LatentSpace(class_generator())
    assert (space.latent_dim, space.class_names) == (2, ("ant", "bee", "cat"))
    assert space.directions.shape == (2, 2)  # none has a place in the label
    assert np.argmax(np.abs(space.directions[0])) == 1
    assert space.directions[0, 1] == pytest.approx(1, abs=0.1)
    assert space.shares[0] > 0.99  # of what varies within the classes
    z = np.array([0.5, -1.0], "float32")
    moved = space.images(space.moved(z, [2.0]), "cat") - space.images(z, "cat")
    assert np.abs(moved[0, :2]).max() == 0
    assert np.abs(moved[0, 2:]).min() > 0.1


@pytest.mark.parametrize(
    ("label", "weights"),
    [
        (1, [0, 1, 0]),
        ("cat", [0, 0, 1]),
        (np.int64(2), [0, 0, 1]),
        ([0, 0.5, 0.5], [0, 0.5, 0.5]),
        (np.array([[0.25, 0.75, 0]]), [0.25, 0.75, 0]),
    ],
)
def test_a_label_is_a_class_or_a_mixture_and_serves_all_codes(label, weights):
    generator = class_generator()
    space = LatentSpace(generator)
    z = np.random.default_rng(0).normal(size=(4, 2)).astype("float32")
    whole = np.concatenate([z, np.tile(np.float32(weights), (4, 1))], axis=1)
    np.testing.assert_array_equal(space.inputs(z, label), whole)
    np.testing.assert_allclose(space.images(z, label), generator(whole), atol=1e-6)
    np.testing.assert_allclose(space.images(whole), generator(whole), atol=1e-6)


def test_each_code_may_have_a_label_of_its_own():
    space = LatentSpace(class_generator())
    images = space.images(np.zeros((3, 2)), np.eye(3))
    assert [np.sign(image[0, 0, 0]) for image in images] == [-1, 0, 1]


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (None, "draws by class: give a label"),
        (3, "The label should be a whole number from 0 to 2, not 3"),
        (0.5, "The label should be a whole number"),
        ("dog", "no class 'dog', but ant, bee, cat"),
        ([0.5, 0.5], r"A label has 3 weights; these are \(2,\)"),
        (np.eye(3), r"A label has 3 weights; these are \(3, 3\)"),
        ([0, np.nan, 1], "The label should hold finite numbers"),
    ],
)
def test_labels_that_are_none_of_the_generators(label, message):
    with pytest.raises(LatentError, match=message):
        LatentSpace(class_generator()).images(np.zeros((2, 2)), label)


def test_a_generator_without_classes_takes_no_label():
    space = LatentSpace(brightness_generator())
    assert space.class_names == ()
    with pytest.raises(LatentError, match="knows no classes: leave out label=2"):
        space.images(np.zeros(5), 2)


def test_classes_can_be_told_of_a_generator_that_does_not_say():
    generator = class_generator()
    del generator.class_names
    assert LatentSpace(generator).latent_dim == 5
    assert LatentSpace(generator, classes=3).class_names == ("0", "1", "2")
    assert LatentSpace(generator, classes=["x", "y", "z"]).latent_dim == 2
    with pytest.raises(LatentError, match="takes 5 numbers: too few for a code and 5 classes"):
        LatentSpace(generator, classes=5)
    with pytest.raises(ValueError, match="classes should be"):
        LatentSpace(generator, classes=1)


def test_by_class_inversion_holds_the_label():
    space = LatentSpace(class_generator())
    wanted = space.images(np.array([0.0, 1.5]), "bee")[0]
    z, error = space.invert(wanted, label="bee", steps=100, rate=0.1)
    assert z.shape == (2,)
    assert z[1] == pytest.approx(1.5, abs=0.1)
    assert error < 1e-3
    assert space.invert(wanted, label="cat", steps=100, rate=0.1)[1] > 0.1
    with pytest.raises(LatentError, match="give a label"):
        space.invert(wanted)


@pytest.mark.parametrize(
    ("z", "message"),
    [
        (np.zeros(4), "A code has 5 numbers"),
        (np.zeros((2, 2, 5)), "A code has 5 numbers"),
        (np.array([0, 0, np.nan, 0, 0]), "NaN or infinite"),
    ],
)
def test_bad_codes(z, message):
    with pytest.raises(LatentError, match=message):
        LatentSpace(brightness_generator()).images(z)


MORE_BAD_CODES = [
    None,
    "code",
    [[1, 2], [3]],
    np.zeros(5, complex),
    np.zeros(5, bool),
    np.zeros((0, 5)),
    np.zeros((1, 1, 5)),
    7.0,
    {},
]


@pytest.mark.parametrize("z", MORE_BAD_CODES)
def test_what_is_no_code(z):
    space = LatentSpace(brightness_generator())
    uses = [space.images, space.pixels, lambda z: space.moved(z, [1.0]), space.neighbors]
    for use in uses:
        with pytest.raises(LatentError):
            use(z)
    for walk in (linear, spherical):
        for ends in ((z, np.zeros(5)), (np.zeros(5), z)):
            with pytest.raises(LatentError):
                walk(*ends, 3)


def test_one_code_at_a_time():
    space = LatentSpace(brightness_generator())
    for use in (lambda z: space.moved(z, [1.0]), space.neighbors):
        with pytest.raises(LatentError, match="takes one code, not 3"):
            use(np.zeros((3, 5)))
        assert len(use(np.zeros((1, 5)))) > 0


@pytest.mark.parametrize("steps", [None, "1", [], 1.0, [1.0] * 99, [np.nan], [[1.0]], [True]])
def test_steps_that_fit_no_directions(steps):
    space = LatentSpace(brightness_generator(), count=3)
    if steps == []:
        np.testing.assert_array_equal(space.moved(np.ones(5), steps), np.ones(5, "float32"))
        return
    with pytest.raises(LatentError, match="step"):
        space.moved(np.zeros(5), steps)


NO_COUNT = [0, -1, True, 2.0, "3", None, float("nan")]


@pytest.mark.parametrize("count", NO_COUNT)
def test_wrong_counts(count):
    with pytest.raises(ValueError, match="count should be a whole number of 1 or more"):
        LatentSpace(brightness_generator(), count=count)
    space = LatentSpace(brightness_generator())
    for use in (
        lambda: space.neighbors(np.zeros(5), count),
        lambda: linear(np.zeros(5), np.ones(5), count),
        lambda: spherical(np.zeros(5), np.ones(5), count),
    ):
        with pytest.raises(ValueError, match="count should be a whole number from 1 to 100,000"):
            use()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        *(({"starts": value}, "starts") for value in [*NO_COUNT, 10**9]),
        *(({"steps": value}, "steps") for value in [*NO_COUNT, 10**9]),
        *(({"rate": value}, "rate") for value in [0, -1, "x", None, float("inf"), True]),
        *(({"seed": value}, "seed") for value in [-1, 0.5, None]),
        ({"progress": 5}, "progress"),
    ],
)
def test_wrong_numbers_for_an_inversion(options, name):
    space = LatentSpace(brightness_generator())
    with pytest.raises(ValueError, match=f"{name} should be"):
        space.invert(np.zeros((4, 4, 1)), **options)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (None, "The image should be an array"),
        ("image", "The image should be an array"),
        (np.zeros((4, 4, 3)), "G draws images of shape"),
        (np.full((4, 4, 1), 255), r"should lie in \[−1, 1\]"),
        (np.full((4, 4, 1), np.nan), "NaN or infinite"),
        (np.zeros((4, 4, 1), bool), "The image should be an array"),
    ],
)
def test_what_is_no_image_to_invert(image, message):
    with pytest.raises(LatentError, match=message):
        LatentSpace(brightness_generator()).invert(image)


@pytest.mark.parametrize("distance", [-0.1, "x", None, True, float("nan"), float("inf")])
def test_a_wrong_distance(distance):
    with pytest.raises(ValueError, match="distance should be a number of 0 or more"):
        LatentSpace(brightness_generator()).neighbors(np.zeros(5), 2, distance)


@pytest.mark.parametrize("strength", [-0.1, 1.1, "x", None, True, float("nan"), [0.5]])
def test_a_wrong_truncation(strength):
    with pytest.raises(LatentError, match="lies in"):
        truncated(np.zeros(5), strength)


@pytest.mark.parametrize("part", [[], [[]], None, "x", np.zeros(4), np.zeros((2, 4)), [np.nan] * 5])
def test_codes_that_cannot_be_added(part):
    for pair in ((part, np.zeros(5)), (np.zeros(5), part)):
        with pytest.raises(LatentError):
            without_and_with(np.zeros(5), *pair)


def test_numpy_numbers_are_numbers():
    space = LatentSpace(brightness_generator(), count=np.int64(2), seed=np.uint8(0))
    assert len(space.directions) == 2
    near = space.neighbors(np.zeros(5), np.int32(3), np.float32(0.5), seed=np.int64(1))
    assert near.shape == (3, 5)
    assert spherical(np.zeros(5, int), np.ones(5, "float16"), np.int8(4)).shape == (4, 5)
    options = dict(starts=np.int64(1), steps=np.int64(1), rate=np.float32(0.1), seed=np.int8(1))
    space.invert(np.zeros((4, 4, 1), int), **options)


@pytest.mark.parametrize("generator", [None, "mnist", 5, lambda z: z])
def test_what_is_no_model(generator):
    with pytest.raises(LatentError, match=r"A generator maps codes .* this model is"):
        LatentSpace(generator)


def test_bad_generators(tmp_path):
    classifier = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    with pytest.raises(LatentError, match="A generator maps codes"):
        LatentSpace(classifier)
    with pytest.raises(LatentError, match=r"There is no .*generator\.keras"):
        open_generator(tmp_path)
    (tmp_path / "generator.keras").write_bytes(b"no model")
    with pytest.raises(LatentError, match="cannot be read as a Keras model"):
        open_generator(tmp_path)
    classifier.save(tmp_path / "other.keras")
    with pytest.raises(LatentError, match="this model maps"):
        open_generator(tmp_path / "other.keras")


def test_a_lessons_generator_opens_from_its_folder(tmp_path):
    generator = dcgan_generator(latent_dim=6, widths=(8, 4))
    generator.save(tmp_path / "generator.keras")
    z = tf.random.normal((3, 6))
    for path in (tmp_path, tmp_path / "generator.keras"):
        np.testing.assert_allclose(open_generator(path)(z), generator(z), atol=1e-6)
