"""Metrics against closed forms, against other ways to compute them, and on known defects."""

import warnings

import numpy as np
import pytest
from scipy import linalg

from dcgan_course.evaluation import metrics
from dcgan_course.evaluation.metrics import (
    FewSamples,
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


def rng(seed=0):
    return np.random.default_rng(seed)


def gaussian(count, dimension=8, mean=0.0, deviation=1.0, seed=0):
    return rng(seed).normal(mean, deviation, (count, dimension))


def with_scipy(m1, c1, m2, c2):
    """The formula of the paper, letter by letter."""
    root = linalg.sqrtm(c1 @ c2).real
    return ((m1 - m2) ** 2).sum() + np.trace(c1 + c2 - 2 * root)


# --- Fréchet --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rank", [12, 60])
def test_frechet_agrees_with_scipys_matrix_root(seed, rank):
    """On random covariances, and on such that are nearly singular."""
    generator = rng(seed)
    moments = []
    for _ in range(2):
        a = generator.normal(size=(12, rank))
        if rank == 60:
            covariance = a @ a.T / rank
        else:  # eigenvalues over 8 orders of magnitude
            q, _ = np.linalg.qr(a)
            covariance = (q * np.logspace(0, -8, 12)) @ q.T
        moments += [generator.normal(size=12), covariance]
    assert frechet_of_moments(*moments) == pytest.approx(with_scipy(*moments), rel=1e-6)


def test_frechet_of_singular_covariances_is_finite_and_right():
    """All in one plane, where sqrtm itself gives up: known from the two numbers that remain."""
    first, second = np.diag([4.0, 1.0, 0, 0]), np.diag([1.0, 9.0, 0, 0])
    mean = np.zeros(4)
    assert frechet_of_moments(mean, first, mean, second) == pytest.approx(
        (2 - 1) ** 2 + (1 - 3) ** 2
    )


def test_frechet_of_gaussians_in_closed_form():
    """One dimension: (m₁ − m₂)² + (s₁ − s₂)²."""
    value = frechet_of_moments(np.array([1.0]), np.eye(1) * 4, np.array([-2.0]), np.eye(1) * 9)
    assert value == pytest.approx(3**2 + (2 - 3) ** 2)
    real, fake = gaussian(200_000, 3), gaussian(200_000, 3, mean=0.5, deviation=2.0, seed=1)
    assert frechet_distance(real, fake) == pytest.approx(3 * (0.25 + 1), rel=0.02)


def test_frechet_of_identical_sets_is_zero_and_order_does_not_matter():
    real, fake = gaussian(500), gaussian(500, deviation=1.3, seed=1)
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-9)
    shuffled = frechet_distance(rng(3).permutation(real), rng(4).permutation(fake))
    assert shuffled == pytest.approx(frechet_distance(real, fake), rel=1e-9)
    assert frechet_distance(fake, real) == pytest.approx(frechet_distance(real, fake), rel=1e-9)


def test_frechet_sees_a_shift_as_its_square_and_ignores_a_common_one():
    real = gaussian(500)
    assert frechet_distance(real, real + 0.5) == pytest.approx(8 * 0.25, rel=1e-6)
    fake = gaussian(500, deviation=1.3, seed=1)
    assert frechet_distance(real + 7, fake + 7) == pytest.approx(
        frechet_distance(real, fake), rel=1e-6
    )


def test_few_samples_warn_of_the_bias_that_they_have():
    real, fake = gaussian(70), gaussian(70, seed=1)
    with pytest.warns(FewSamples, match=r"70 samples for 8 dimensions.*too large"):
        biased = frechet_distance(real, fake)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        enough = frechet_distance(gaussian(5000), gaussian(5000, seed=1))
    assert biased > 10 * enough  # the same distribution twice: the truth is 0


# --- kernel distance ------------------------------------------------------------------


def by_pairs(x, y):
    """The unbiased estimate as sums over pairs, in plain Python."""

    def k(a, b):
        return (float(np.dot(a, b)) / len(a) + 1) ** 3

    n = len(x)
    others = [(i, j) for i in range(n) for j in range(n) if i != j]
    within = sum(k(x[i], x[j]) + k(y[i], y[j]) for i, j in others) / (n * (n - 1))
    return within - 2 * sum(k(a, b) for a in x for b in y) / n**2


def test_kernel_distance_is_the_sum_over_pairs():
    x, y = gaussian(12, 3), gaussian(12, 3, mean=0.4, seed=1)
    assert kernel_distance(x, y).value == pytest.approx(by_pairs(x, y), rel=1e-9)


def test_kernel_distance_has_no_bias():
    """The mean over many small draws of one distribution is 0 within its own error."""
    values = [
        kernel_distance(gaussian(50, seed=2 * i), gaussian(50, seed=2 * i + 1), subsets=2).value
        for i in range(200)
    ]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error
    assert min(values) < 0 < max(values)


def test_kernel_distance_grows_with_the_difference_and_its_error_covers_chance():
    real = gaussian(2000)
    near, far = (kernel_distance(real, gaussian(2000, mean=m, seed=1)) for m in (0.2, 0.5))
    assert 0 < near.value < far.value
    same = [kernel_distance(real, gaussian(2000, seed=s), subsets=10) for s in range(2, 22)]
    spread = np.std([estimate.value for estimate in same])
    claimed = np.mean([estimate.error for estimate in same])
    assert 0.4 < claimed / spread < 2.5
    small = [kernel_distance(gaussian(100, seed=s), gaussian(100, seed=99 - s)) for s in range(30)]
    spread = np.std([estimate.value for estimate in small])
    claimed = np.mean([estimate.error for estimate in small])
    assert 0.4 < claimed / spread < 2.5  # where the whole set is one subset, too
    assert f"{near}" == f"{near.value:.4f} ± {near.error:.4f}"


# --- precision and recall, density and coverage ---------------------------------------


def precision_recall_by_loops(real, fake, k):
    def inside(x, centers):
        for index, center in enumerate(centers):
            others = np.delete(centers, index, axis=0)
            reach = np.sort(np.linalg.norm(others - center, axis=1))[k - 1]
            if np.linalg.norm(x - center) <= reach:
                return True
        return False

    return (
        np.mean([inside(x, real) for x in fake]),
        np.mean([inside(x, fake) for x in real]),
    )


@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_and_recall_are_what_their_definition_says(monkeypatch, k):
    monkeypatch.setattr(metrics, "BLOCK", 7)  # so that blocks do not fit evenly
    real, fake = gaussian(40, 3), gaussian(30, 3, mean=0.7, seed=1)
    assert precision_recall(real, fake, k) == pytest.approx(
        precision_recall_by_loops(real, fake, k)
    )


def test_density_and_coverage_are_what_their_definition_says(monkeypatch):
    monkeypatch.setattr(metrics, "BLOCK", 7)
    real, fake, k = gaussian(40, 3), gaussian(30, 3, mean=0.7, seed=1), 5
    reach = [np.sort(np.linalg.norm(real - center, axis=1))[k] for center in real]
    inside = np.array(
        [
            [np.linalg.norm(x - center) <= r for x in fake]
            for center, r in zip(real, reach, strict=True)
        ]
    )
    density, coverage = density_coverage(real, fake, k)
    assert density == pytest.approx(inside.sum() / (k * len(fake)))
    assert coverage == pytest.approx(inside.any(axis=1).mean())


def test_identical_sets_are_perfect():
    real = gaussian(300)
    assert precision_recall(real, real) == (1.0, 1.0)
    assert density_coverage(real, real)[1] == 1.0


def modes(count, dimension=8, seed=0):
    """Four clusters, far apart."""
    centers = 20 * np.eye(4, dimension)
    which = np.arange(count) % 4
    return centers[which] + gaussian(count, dimension, seed=seed), which


def test_a_collapsed_set_loses_recall_and_coverage_but_not_precision():
    real, _ = modes(2000)
    healthy, which = modes(2000, seed=1)
    collapsed = healthy[which == 0]
    precision, recall = precision_recall(real, healthy)
    assert min(precision, recall) > 0.8
    precision, recall = precision_recall(real, collapsed)
    assert precision > 0.8
    assert recall == pytest.approx(0.25, abs=0.05)  # of four modes it has one
    density, coverage = density_coverage(real, collapsed)
    assert density > 0.8
    assert coverage < 0.3
    assert density_coverage(real, healthy)[1] > 0.9


def test_a_noisy_set_loses_precision_but_not_recall():
    real, noisy = gaussian(2000), gaussian(2000, deviation=2.0, seed=1)
    precision, recall = precision_recall(real, noisy)
    assert precision < 0.4
    assert recall > 0.8
    density, _ = density_coverage(real, noisy)
    assert density < 0.3


@pytest.mark.slow(seconds=5)
def test_estimates_settle_between_2000_and_10000_samples():
    """As documented: precision and recall within 0.05, the kernel distance within its error."""
    results = {}
    for count in (2000, 10_000):
        real, fake = gaussian(count), gaussian(count, mean=0.3, deviation=0.9, seed=1)
        results[count] = (precision_recall(real, fake), kernel_distance(real, fake))
    (small_pr, small_k), (large_pr, large_k) = results[2000], results[10_000]
    np.testing.assert_allclose(small_pr, large_pr, atol=0.05)
    assert abs(small_k.value - large_k.value) < 4 * (small_k.error + large_k.error)


# --- kinds, inception score, memorization ---------------------------------------------


def test_class_coverage_in_numbers():
    reference = np.repeat(np.arange(4), 25)
    same = class_coverage(reference, reference)
    assert same.kl == pytest.approx(0)
    assert same.found == 4
    half = class_coverage(np.repeat([0, 1], 50), reference)
    assert half.kl == pytest.approx(np.log(2))  # half of the classes: log 2 nats
    assert half.found == 2
    np.testing.assert_allclose(half.shares, [0.5, 0.5, 0, 0])
    few = class_coverage(np.array([0] * 98 + [1] * 2), reference)
    assert few.found == 1  # 2% where 25% are due is less than a tenth


def test_inception_score_in_numbers():
    sure = np.eye(10)[np.arange(1000) % 10]
    assert inception_score(sure).value == pytest.approx(10)
    assert inception_score(np.full((1000, 10), 0.1)).value == pytest.approx(1)
    assert inception_score(sure[np.zeros(1000, int)]).value == pytest.approx(1)


def test_nearest_neighbors_find_copies():
    training = np.clip(gaussian(50 * 64, 1).reshape(50, 8, 8, 1) / 3, -1, 1)
    images = training[[7, 3]].copy()
    images[1] = np.clip(images[1] + 0.1, -1, 1)
    indices, distances = nearest_neighbors(images, training)
    assert indices.tolist() == [7, 3]
    assert distances[0] == 0
    assert 0.05 < distances[1] <= 0.1


# --- checks ---------------------------------------------------------------------------

EVERY = [frechet_distance, kernel_distance, precision_recall, density_coverage]


@pytest.mark.parametrize("measure", EVERY)
@pytest.mark.parametrize(
    ("fake", "message"),
    [
        (np.zeros((30, 7)), "8 dimensions, fake 7"),
        (np.zeros((30, 2, 4)), r"features \(count, dimension\)"),
        (np.full((30, 8), np.nan), "NaN or infinite"),
        (np.zeros((1, 8)), "has 1 samples"),
        (np.array([["a"] * 8] * 30), r"features \(count, dimension\)"),
    ],
)
@pytest.mark.filterwarnings("ignore::dcgan_course.evaluation.metrics.FewSamples")
def test_wrong_features_get_a_message(measure, fake, message):
    with pytest.raises(ValueError, match=message):
        measure(gaussian(30), fake)


def test_other_wrong_input_gets_a_message():
    with pytest.raises(ValueError, match="whole number"):
        class_coverage([0.5, 1.0], [0, 1])
    with pytest.raises(ValueError, match="sum to 1"):
        inception_score(np.ones((20, 3)))
    with pytest.raises(ValueError, match="of one size"):
        nearest_neighbors(np.zeros((2, 8, 8, 1)), np.zeros((2, 9, 9, 1)))
    with pytest.raises(ValueError, match=r"\[−1, 1\]"):
        nearest_neighbors(np.full((2, 8, 8, 1), 255.0), np.zeros((2, 8, 8, 1)))


# --- all together ---------------------------------------------------------------------


def test_evaluate_tells_good_from_noisy_from_collapsed():
    """With the extractor that ships, on drawn digits."""
    from dcgan_course.data.drawn.digits import draw_digits
    from dcgan_course.evaluation.features import load_extractor

    def drawn(seed):
        images, labels = draw_digits(1000, seed=seed)
        return images[..., None] / np.float32(127.5) - 1, labels

    extractor = load_extractor("mnist")
    (real, _), (good, labels) = drawn(1), drawn(2)
    noisy = np.clip(good + gaussian(good.size, 1).reshape(good.shape) * 0.6, -1, 1)
    results = {
        name: evaluate(real, images, extractor)
        for name, images in (("good", good), ("noisy", noisy), ("one digit", good[labels == 3]))
    }
    good, noisy, one = results.values()
    assert good["frechet"] < noisy["frechet"] / 3
    assert good["frechet"] < one["frechet"] / 3
    assert noisy["precision"] < good["precision"] - 0.2
    assert one["recall"] < good["recall"] / 2
    assert one["coverage"] < good["coverage"] / 2
    assert good["classes_found"] == 10
    assert one["classes_found"] <= 3


# --- grids ----------------------------------------------------------------------------


def smooth_images(count=64, side=16, seed=0):
    """Noise with the falling spectrum of natural images."""
    rng = np.random.default_rng(seed)
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    noise = np.fft.fft2(rng.normal(size=(count, side, side))) / (frequencies + 1 / side)
    images = np.fft.ifft2(noise).real
    return (images / images.std() / 3)[..., None]


def test_power_spectrum_puts_a_wave_where_it_belongs():
    rows = np.arange(16)[:, None, None] * np.ones((16, 16, 3))
    for period, row in ((2, 0), (4, 4), (8, 6)):
        power = power_spectrum(np.cos(2 * np.pi * rows / period)[None])
        assert power.shape == (16, 16)
        assert np.unravel_index(power.argmax(), power.shape)[0] in (row, (16 - row) % 16)
        assert power[:, 8].sum() == pytest.approx(power.sum())


def test_checkerboard_is_one_without_a_grid_and_grows_with_it():
    images = smooth_images()
    assert checkerboard(images) == pytest.approx(1, abs=0.2)
    assert checkerboard(np.zeros((2, 8, 8, 1))) == 1
    board = np.indices((16, 16)).sum(0) % 2 - 0.5
    lines = np.indices((16, 16))[1] % 2 - 0.5
    for grid in (board, lines):
        faint, strong = (checkerboard(images + k * grid[None, ..., None]) for k in (0.2, 0.5))
        assert strong > 2 * faint > 5
    wide = np.indices((16, 16))[1] // 2 % 2 - 0.5  # a period of four is another thing
    assert checkerboard(images + 0.3 * wide[None, ..., None]) < 1.5


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((4, 15, 16, 1)), "even and 8 or more"),
        (np.zeros((4, 6, 6, 1)), "even and 8 or more"),
        (np.zeros((16, 16)), "finite numbers of shape"),
        (np.full((1, 8, 8, 1), np.nan), "finite numbers of shape"),
    ],
)
def test_checkerboard_of_bad_input_is_a_message(images, message):
    with pytest.raises(ValueError, match=message):
        checkerboard(images)
