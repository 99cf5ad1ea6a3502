"""Wrong arguments of every measure get a message; numbers of every type are taken."""

import numpy as np
import pytest

from dcgan_course.evaluation.metrics import (
    class_coverage,
    density_coverage,
    evaluate,
    frechet_distance,
    frechet_of_moments,
    inception_score,
    kernel_distance,
    precision_recall,
)
from dcgan_course.evaluation.pixels import checkerboard, nearest_neighbors, power_spectrum

rng = np.random.default_rng(0)
REAL, FAKE = rng.normal(size=(2, 30, 4))
FOUR = [frechet_distance, kernel_distance, precision_recall, density_coverage]
pytestmark = pytest.mark.filterwarnings("ignore::dcgan_course.evaluation.metrics.FewSamples")

NO_FEATURES = [
    (None, "not NoneType of shape"),
    (5, r"not of shape \(\)"),
    ("features", "not str"),
    ({}, "not dict"),
    ([[1, 2], [3]], "several lengths"),
    (np.zeros((30, 4), bool), "not bool"),
    (np.zeros((30, 4), complex), "not complex128"),
    (np.full((30, 4), None), "not ndarray"),
    (np.zeros((30, 0)), r"not of shape \(30, 0\)"),
    (np.zeros((0, 4)), "has 0 samples"),
    (np.zeros((30, 4, 4, 1)), "load_extractor"),
    (np.full((30, 4), np.inf), "NaN or infinite"),
    (np.full((30, 4), 1e200), "beyond 1e"),
]


@pytest.mark.parametrize("measure", FOUR)
@pytest.mark.parametrize(("features", "message"), NO_FEATURES)
def test_what_is_no_set_of_features(measure, features, message):
    with pytest.raises(ValueError, match=f"fake .*{message}"):
        measure(REAL, features)
    with pytest.raises(ValueError, match=f"real .*{message}"):
        measure(features, FAKE)


@pytest.mark.parametrize("scale", [1e-300, 1e10, 1e24])
def test_no_scale_of_features_overflows(scale):
    """A distance of NaN would be reported as 0, the best there is."""
    far = 0 if scale < 1 else scale
    assert frechet_distance(REAL * scale, FAKE * scale + far) >= far
    assert kernel_distance(REAL * scale, FAKE * scale + far).value >= far - 1e-6


@pytest.mark.parametrize("dtype", ["float16", "float32", "int32", "uint8"])
def test_features_of_every_type(dtype):
    real, fake = (100 * np.abs([REAL, FAKE])).astype(dtype)
    assert precision_recall(real, fake.tolist(), np.int64(2))[0] > 0
    assert density_coverage(real, fake, k=np.uint8(2))[0] > 0
    kernel_distance(real, fake, subsets=np.int32(3), subset_size=np.int32(9), seed=np.int32(1))


NO_COUNT = [0, -1, True, 2.0, "3", None, [3], float("nan")]


@pytest.mark.parametrize("measure", [precision_recall, density_coverage])
@pytest.mark.parametrize("k", NO_COUNT)
def test_a_wrong_neighbor(measure, k):
    with pytest.raises(ValueError, match="k should be a whole number of 1 or more"):
        measure(REAL, FAKE, k)


@pytest.mark.parametrize("measure", [precision_recall, density_coverage])
@pytest.mark.parametrize("k", [30, 10**12])
def test_a_neighbor_that_no_sample_has(measure, k):
    with pytest.raises(ValueError, match=f"real has 30 samples; more than {k} needed"):
        measure(REAL, FAKE, k)


@pytest.mark.parametrize("name", ["subsets", "subset_size"])
@pytest.mark.parametrize("value", [1, 10**9, *NO_COUNT])
def test_wrong_subsets(name, value):
    with pytest.raises(ValueError, match=f"{name} should be a whole number from 2 to 10,000"):
        kernel_distance(REAL, FAKE, **{name: value})


@pytest.mark.parametrize("seed", [-1, 0.5, "1", None])
def test_a_wrong_seed(seed):
    with pytest.raises(ValueError, match="seed should be a whole number of 0 or more"):
        kernel_distance(REAL, FAKE, seed=seed)


GOOD = (np.zeros(2), np.eye(2))


@pytest.mark.parametrize(
    ("mean", "covariance", "message"),
    [
        (np.zeros(3), np.eye(2), r"should have shapes \(d,\) and \(d, d\)"),
        (np.zeros((1, 2)), np.eye(2), "should have shapes"),
        (np.zeros(0), np.zeros((0, 0)), "should have shapes"),
        (0.0, 1.0, "should have shapes"),
        (np.zeros(3), np.eye(3), "mean_1 has 2 numbers, mean_2 3|mean_1 has 3"),
        (np.array([0, np.nan]), np.eye(2), "mean_. holds NaN"),
        (np.zeros(2), np.full((2, 2), np.inf), "covariance_. holds NaN"),
        (np.zeros(2), np.array([[1.0, 1], [0, 1]]), "symmetric"),
        (np.zeros(2), -np.eye(2), "no negative number"),
        (["a", "b"], np.eye(2), "mean_. should be an array"),
        (None, np.eye(2), "mean_. should be an array"),
    ],
)
def test_wrong_moments(mean, covariance, message):
    with pytest.raises(ValueError, match=message):
        frechet_of_moments(*GOOD, mean, covariance)
    with pytest.raises(ValueError, match=message):
        frechet_of_moments(mean, covariance, *GOOD)


@pytest.mark.parametrize(
    "labels",
    [None, 5, [], "ab", ["a"], [0.5], [True], [-1], [[0]], [[0], [0, 1]], [10**12], [np.nan]],
)
def test_wrong_labels(labels):
    for pair in ((labels, [0, 1]), ([0, 1], labels)):
        with pytest.raises(ValueError, match=r"(labels|reference) should be"):
            class_coverage(*pair)
    assert class_coverage(np.array([0, 1], "uint8"), [np.int16(0), 1]).found == 2


@pytest.mark.parametrize(
    "p",
    [None, 5, "p", [], [[]], [[1, 0], [1]], [1.0], [[0.4, 0.4]], [[2.0, -1.0]], [[np.nan, 1]]],
)
def test_wrong_probabilities(p):
    with pytest.raises(ValueError, match="probabilities should be"):
        inception_score(p)


@pytest.mark.parametrize("splits", [1, 21, *NO_COUNT])
def test_wrong_splits(splits):
    with pytest.raises(ValueError, match="splits should be a whole number from 2 to 20"):
        inception_score(np.full((20, 4), 0.25), splits)


# --- images ---------------------------------------------------------------------------

NO_IMAGES = [
    (None, "should be"),
    ("images", "should be"),
    ([[1], [1, 2]], "several lengths"),
    (np.zeros((8, 8)), "not of shape"),
    (np.zeros((0, 8, 8, 1)), "not of shape"),
    (np.zeros((2, 8, 8, 0)), "not of shape"),
    (np.zeros((2, 8, 8, 1), bool), "not bool"),
    (np.zeros((2, 8, 8, 1), complex), "not complex"),
    (np.full((2, 8, 8, 1), np.nan), "NaN or infinite"),
    (np.full((2, 8, 8, 1), -np.inf), "NaN or infinite"),
]
IMAGES = np.zeros((2, 8, 8, 1), "float32")


@pytest.mark.parametrize(("images", "message"), NO_IMAGES)
def test_what_is_no_set_of_images(images, message):
    for measure in (power_spectrum, checkerboard):
        with pytest.raises(ValueError, match=f"images should be .*{message}|images .*{message}"):
            measure(images)
    with pytest.raises(ValueError, match=f"images .*{message}"):
        nearest_neighbors(images, IMAGES)
    with pytest.raises(ValueError, match=f"training_images .*{message}"):
        nearest_neighbors(IMAGES, images)


def test_the_range_is_told_with_its_numbers():
    with pytest.raises(ValueError, match=r"training_images should lie in \[−1, 1\].* 0 to 255"):
        nearest_neighbors(IMAGES, np.arange(256, dtype="uint8").reshape(4, 8, 8, 1))


@pytest.mark.parametrize("shape", [(2, 7, 8, 1), (2, 8, 7, 3)])
def test_odd_sides_have_no_highest_frequency(shape):
    with pytest.raises(ValueError, match="Sides should be even"):
        power_spectrum(np.zeros(shape))


@pytest.mark.parametrize("extractor", [None, "mnist", 5, lambda images: images])
def test_no_extractor(extractor):
    with pytest.raises(ValueError, match=r"extractor should come from load_extractor\(name\)"):
        evaluate(IMAGES, IMAGES, extractor)


def test_wrong_reference_labels_are_told_before_the_features_are_computed():
    class Extractor:
        def features_and_labels(self, images):
            pytest.fail("computed")

    with pytest.raises(ValueError, match="reference_labels should be one whole number"):
        evaluate(IMAGES, IMAGES, Extractor(), reference_labels=[0.5])
