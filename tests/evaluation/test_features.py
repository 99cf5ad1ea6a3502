"""Extractors: weights that ship, what they know, and bad input."""

import numpy as np
import pytest

from dcgan_course.data.drawn import draw_digits, draw_frogs, draw_garments
from dcgan_course.evaluation import features
from dcgan_course.evaluation.features import (
    WEIGHTS,
    ExtractorError,
    classifier,
    feature_maps,
    load_extractor,
    residual_classifier,
    save_extractor,
)

SHIPPED = sorted(path.stem for path in WEIGHTS.glob("*.npz"))


def drawn(name, count=300):
    draw = {"mnist": draw_digits, "fashion_mnist": draw_garments}[name]
    images, labels = draw(count, seed=9)
    return images[..., None] / np.float32(127.5) - 1, labels


def test_weights_of_every_data_set_ship_and_are_small():
    assert set(SHIPPED) == {"mnist", "fashion_mnist", "cifar10_frogs", "cifar10"}
    sizes = {path.stem: path.stat().st_size for path in WEIGHTS.glob("*.npz")}
    assert sizes.pop("cifar10") < 1_000_000
    assert sum(sizes.values()) < 600_000


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_an_extractor_knows_its_data_set(name):
    """Trained on real images, it recognizes most of the drawn ones too: far above chance."""
    extractor = load_extractor(name)
    images, labels = drawn(name)
    found = extractor.features(images)
    assert found.shape == (300, extractor.dimension)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert (extractor.labels(images) == labels).mean() > (0.8 if name == "mnist" else 0.35)
    np.testing.assert_allclose(extractor.probabilities(images).sum(axis=1), 1, rtol=1e-5)
    assert "real training images" in extractor.card["data"]
    assert extractor.card["test_accuracy"] > (0.99 if name == "mnist" else 0.85)
    assert extractor.card["made_by"] == "scripts/train_extractors.py"


@pytest.fixture(scope="module")
def frogs():
    """Drawn frogs, float32 (1200, 32, 32, 3), and the features of both halves."""
    extractor = load_extractor("cifar10_frogs")
    images = (draw_frogs(1200, seed=3)[0] / 127.5 - 1).astype("float32")
    return images, extractor.features(images[:600]), extractor.features(images[600:])


@pytest.mark.parametrize(
    "change",
    [
        lambda frogs: (frogs + np.roll(frogs, 1, axis=1) + np.roll(frogs, 1, axis=2)) / 3,
        lambda frogs: (frogs + frogs[::-1]) / 2,
        lambda frogs: np.roll(frogs, 16, axis=1),
        lambda frogs: frogs[:, ::-1],
        lambda frogs: np.clip(frogs + 0.2 * (np.indices((32, 32)).sum(0) % 2)[..., None], -1, 1),
    ],
    ids=["blurred", "two in one", "cut and exchanged", "upside down", "grid"],
)
def test_frogs_have_no_classes_but_features_that_see_what_is_wrong(change, frogs):
    """Damage puts drawn frogs several times as far away as other drawn frogs are."""
    from dcgan_course.evaluation.metrics import frechet_distance

    extractor = load_extractor("cifar10_frogs")
    images, some, others = frogs
    damaged = extractor.features(change(images[600:]).astype("float32"))
    assert frechet_distance(some, damaged) > 4 * frechet_distance(some, others)
    with pytest.raises(ValueError, match="knows no classes"):
        extractor.labels(images[:2])
    assert extractor.card["test_accuracy"] > 0.65  # by chance 1/16


def test_the_judge_of_ten_classes_prefers_whole_frogs_to_frogs_in_pieces():
    """On drawn frogs, which it has never seen: fewer of them are frogs once cut and exchanged."""
    judge = load_extractor("cifar10")
    assert judge.classes == 10
    assert judge.card["test_accuracy"] > 0.86
    images = (draw_frogs(300, seed=3)[0] / 127.5 - 1).astype("float32")
    whole = judge.probabilities(images)[:, 6].mean()
    pieces = judge.probabilities(np.roll(images, (16, 16), axis=(1, 2)))[:, 6].mean()
    assert whole > 0.2
    assert pieces < 0.8 * whole


@pytest.mark.parametrize(("name", "sides"), [("cifar10_frogs", (16, 8, 4)), ("cifar10", (16, 8))])
def test_feature_maps_are_those_of_the_extractor_and_never_learn(name, sides):
    network = feature_maps(name, sides)
    images = (draw_frogs(3, seed=3)[0] / 127.5 - 1).astype("float32")
    maps = network(images, training=True)
    assert [tuple(each.shape[1:3]) for each in maps] == [(side, side) for side in sides]
    assert not network.trainable_variables
    for one, other in zip(maps, network(images, training=False), strict=True):
        np.testing.assert_array_equal(one, other)  # its batch norm does not look at the batch
    assert max(float(np.abs(each).mean()) for each in maps) > 0.01


@pytest.mark.parametrize(("name", "sides"), [("cifar10_frogs", (5,)), ("dogs", (8,))])
def test_feature_maps_that_there_are_not(name, sides):
    with pytest.raises(ValueError, match=r"maps with sides 4, 8, 16, not 5|Unknown extractor"):
        feature_maps(name, sides)


def test_features_do_not_depend_on_what_stands_beside():
    extractor = load_extractor("mnist")
    images, _ = drawn("mnist", 600)
    np.testing.assert_allclose(
        extractor.features(images)[550:], extractor.features(images[550:]), atol=1e-4
    )


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 28, 28)), r"takes images \(count, 28, 28, 1\), not \(2, 28, 28\)"),
        (np.zeros((2, 32, 32, 3)), r"not \(2, 32, 32, 3\)"),
        (np.full((2, 28, 28, 1), 255.0), r"\[−1, 1\]"),
        (np.full((2, 28, 28, 1), np.nan), "NaN or infinite"),
        (np.zeros((0, 28, 28, 1)), r"not of shape \(0, 28, 28, 1\)"),
        (np.zeros((2, 28, 28, 1), bool), "not bool"),
        ([[1], [1, 2]], "several lengths"),
        (None, "not NoneType"),
    ],
)
def test_wrong_images_get_a_message(images, message):
    with pytest.raises(ValueError, match=message):
        load_extractor("mnist").features(images)


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(
        ValueError, match=r"'cats'.*cifar10, cifar10_frogs, fashion_mnist, mnist, inception"
    ):
        load_extractor("cats")


@pytest.mark.parametrize("name", [None, 5, ["mnist"], {"mnist"}, np.array(["mnist", "a"]), ""])
def test_a_name_that_is_no_name(name):
    with pytest.raises(ValueError, match=r"Unknown extractor .*Known are"):
        load_extractor(name)


@pytest.mark.parametrize(
    ("shape", "classes", "message"),
    [
        ((28, 28), 10, "image_shape should be a tuple of 3 whole numbers"),
        ((8, 28, 1), 10, "sides of 16 or more"),
        (None, 10, "image_shape should be"),
        ((28, 28, 0), 10, "image_shape"),
        ((28, 28, 1), 0, "classes should be"),
        ((28, 28, 1), 2.0, "classes should be"),
    ],
)
def test_a_classifier_of_a_wrong_size(shape, classes, message):
    with pytest.raises(ValueError, match=message):
        classifier(shape, classes)


@pytest.mark.parametrize(
    ("build", "kind"), [(classifier, "plain"), (residual_classifier, "residual")]
)
def test_what_is_saved_is_loaded_with_unit_variance(build, kind, tmp_path, monkeypatch):
    network = build((16, 16, 3), 4)
    images = np.random.default_rng(0).uniform(-1, 1, (200, 16, 16, 3)).astype("float32")
    card = {"data": "noise"} | ({} if kind == "plain" else {"network": kind})
    save_extractor(tmp_path / "toy.npz", network, images, card)
    monkeypatch.setattr(features, "WEIGHTS", tmp_path)
    extractor = load_extractor("toy")
    found = extractor.features(images)
    np.testing.assert_allclose(found.std(axis=0), 1, atol=0.02)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=0.02)
    assert extractor.classes == 4
    np.testing.assert_array_equal(
        extractor.labels(images), network.predict(images, verbose=0)[1].argmax(axis=1)
    )


def test_features_are_the_same_under_every_policy():
    """A lesson that trains in bfloat16 is measured as every other."""
    import keras

    images = np.random.default_rng(1).uniform(-1, 1, (8, 28, 28, 1)).astype("float32")
    wanted = load_extractor("mnist").features(images)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        found = load_extractor("mnist").features(images)
        policy = keras.mixed_precision.global_policy()
    finally:
        keras.mixed_precision.set_global_policy("float32")
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    assert policy.name == "mixed_bfloat16"  # and left as it was


def test_damaged_weights_are_named(tmp_path, monkeypatch):
    (tmp_path / "mnist.npz").write_bytes((WEIGHTS / "mnist.npz").read_bytes()[:5000])
    monkeypatch.setattr(features, "WEIGHTS", tmp_path)
    with pytest.raises(ExtractorError, match=r"mnist\.npz is damaged.*Install the package again"):
        load_extractor("mnist")


@pytest.mark.slow(seconds=3)
def test_inception_takes_any_size_under_the_same_interface(monkeypatch):
    """With random weights in place of the 90 MB that Keras would download."""
    import keras

    real = keras.applications.InceptionV3
    monkeypatch.setattr(
        keras.applications, "InceptionV3", lambda **options: real(**options, weights=None)
    )
    extractor = load_extractor("inception")
    for shape in ((2, 28, 28, 1), (2, 64, 48, 3)):
        assert extractor.features(np.zeros(shape, "float32")).shape == (2, 2048)
    with pytest.raises(ValueError, match="knows no classes"):
        extractor.labels(np.zeros((2, 28, 28, 1)))


def test_inception_that_cannot_be_downloaded_says_what_else_there_is(monkeypatch):
    import keras

    def refuse(**_):
        raise OSError("no route to host")

    monkeypatch.setattr(keras.applications, "InceptionV3", refuse)
    with pytest.raises(ExtractorError, match=r"no route to host.*ships with it"):
        load_extractor("inception")
