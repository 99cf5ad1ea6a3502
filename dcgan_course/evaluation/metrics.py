"""How good, and how varied, generated images are: distances between two sets.

Most measures take *features*, not pixels: a float array (count, dimension) with one row an
image, as a network that has learned the kind of image computes it (`features.load_extractor`).
`real` is a set of real features, `fake` one of generated ones; both are plain NumPy arrays.

| measure              | what it says                                     | source           |
|----------------------|--------------------------------------------------|------------------|
| `frechet_distance`   | 0: equal means and covariances                   | arXiv:1706.08500 |
| `kernel_distance`    | 0: equal, up to chance                           | arXiv:1801.01401 |
| `precision_recall`   | 1, 1: all fakes plausible, all real ones reached | arXiv:1904.06991 |
| `density_coverage`   | 1, 1: the same, less shaken by outliers          | arXiv:2002.09797 |
| `class_coverage`     | KL 0: kinds as frequent as in the data           | a classifier     |
| `nearest_neighbors` | distance 0: a copy of a training image           | pixels           |

The sources, in order: Heusel et al. 2017, Bińkowski et al. 2018, Kynkäänniemi et al. 2019,
Naeem et al. 2020.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from dcgan_course.checks import shown, whole_number
from dcgan_course.evaluation.inputs import (
    check_features,
    check_labels,
    check_moments,
    check_probabilities,
)

BLOCK = 1000  # rows of a distance matrix at a time: 10,000 × 10,000 would be 800 MB


class FewSamples(UserWarning):
    """Too few samples for the measure: its value is biased. The message says which way."""


# --- distances between distributions --------------------------------------------------


def frechet_distance(real, fake):
    """The Fréchet distance between two Gaussians fitted to the features.

    |μ₁ − μ₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½), with means μ and covariances C. With features
    of the Inception network this is the FID.

    The value is biased upwards, by an amount that falls as 1/count: compare only values
    from equally many samples.

    Args:
        real, fake: float (count, dimension); the counts may differ.

    Returns:
        A float, 0 or above.

    Raises:
        ValueError: wrong shapes, NaN, or fewer than two samples.

    Warns:
        FewSamples: fewer than ten samples for each dimension.
    """
    real, fake = check_features(real, fake)
    fewest, dimension = min(len(real), len(fake)), real.shape[1]
    if fewest < 10 * dimension:
        warnings.warn(
            f"{fewest} samples for {dimension} dimensions: the Fréchet distance comes out too "
            f"large. Take {10 * dimension} or more, or compare equally many only.",
            FewSamples,
            stacklevel=2,
        )
    return frechet_of_moments(*_moments(real), *_moments(fake))


def frechet_of_moments(mean_1, covariance_1, mean_2, covariance_2):
    """The Fréchet distance from means (d,) and covariances (d, d). See `frechet_distance`.

    tr (C₁ C₂)^½ is the sum of square roots of the eigenvalues of C₁^½ C₂ C₁^½. That matrix
    is symmetric with eigenvalues of 0 and above, so nothing turns complex where a
    covariance is nearly singular.

    Raises:
        ValueError: shapes that do not fit, NaN, or a matrix that is no covariance.
    """
    mean_1, covariance_1 = check_moments(mean_1, covariance_1, 1)
    mean_2, covariance_2 = check_moments(mean_2, covariance_2, 2)
    if len(mean_1) != len(mean_2):
        raise ValueError(f"mean_1 has {len(mean_1)} numbers, mean_2 {len(mean_2)}.")
    values, vectors = np.linalg.eigh(covariance_1)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    middle = root @ covariance_2 @ root
    eigenvalues = np.linalg.eigvalsh((middle + middle.T) / 2)
    trace = np.sqrt(np.clip(eigenvalues, 0, None)).sum()
    distance = ((mean_1 - mean_2) ** 2).sum()
    distance += np.trace(covariance_1) + np.trace(covariance_2) - 2 * trace
    return float(max(0.0, distance))


def _moments(features):
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error."""

    value: float
    error: float

    def __format__(self, form):
        form = form or ".4f"
        return f"{self.value:{form}} ± {self.error:{form}}"


def kernel_distance(real, fake, *, subsets=50, subset_size=1000, seed=0):
    """The kernel distance (KID): squared maximum mean discrepancy, without bias.

    With the kernel k(x, y) = (x·y / d + 1)³, d the dimension, it is the mean of k between
    different real samples, plus that between different fakes, minus twice that between
    real and fake. Unlike the Fréchet distance it does not depend on the number of
    samples, so it may come out slightly below 0 for equal distributions.

    Args:
        real, fake: float (count, dimension).
        subsets: how many random subsets to average over, 2 to 10,000.
        subset_size: samples in each, 2 to 10,000. Sets of no more than that are compared whole, and
            subsets of half of them give the error.
        seed: of the choice.

    Returns:
        An `Estimate`: the value, and the standard error of one draw of the two sets. Subsets
        overlap, so the spread of their values is scaled to the number of samples there are,
        not to the number of subsets.

    Raises:
        ValueError: see `frechet_distance`; or a wrong number.
    """
    real, fake = check_features(real, fake)
    subsets = whole_number("subsets", subsets, minimum=2, maximum=10_000)
    subset_size = whole_number("subset_size", subset_size, minimum=2, maximum=10_000)
    seed = whole_number("seed", seed, minimum=0)
    count = min(len(real), len(fake))
    size = max(2, min(subset_size, count // 2))  # whole sets would all be the same subset
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(subsets):
        x = real[rng.choice(len(real), size, replace=False)]
        y = fake[rng.choice(len(fake), size, replace=False)]
        values.append(_squared_mmd(x, y))
    error = np.std(values, ddof=1) / np.sqrt(min(subsets, count / size))
    value = _squared_mmd(real[:count], fake[:count]) if count <= subset_size else np.mean(values)
    return Estimate(float(value), float(error))


def _squared_mmd(x, y):
    count, dimension = x.shape

    def kernel(a, b):
        base = a @ b.T / dimension + 1
        return base * base * base  # ** 3 takes ten times as long

    within = 0.0
    for a in (x, y):
        k = kernel(a, a)
        within += (k.sum() - np.trace(k)) / (count * (count - 1))
    return within - 2 * kernel(x, y).mean()


# --- precision and recall, density and coverage ---------------------------------------


def precision_recall(real, fake, k=3):
    """Improved precision and recall.

    A set's region is the union of balls around its samples, each reaching to the sample's
    k-th nearest neighbor in the same set. Precision is the share of fakes within the real
    region (are they plausible?), recall the share of real samples within the fake region
    (are all kinds reached?).

    Args:
        real, fake: float (count, dimension). Both measures depend on the counts, which
            should be equal; the paper takes 50,000, the course 2,000 to 10,000.
        k: which neighbor.

    Returns:
        `(precision, recall)`, each in [0, 1].

    Raises:
        ValueError: see `frechet_distance`; or `k` below 1, or not below the counts.
    """
    k = whole_number("k", k, minimum=1)
    real, fake = check_features(real, fake, k)
    real_reach, fake_reach = _reach(real, k), _reach(fake, k)
    inside_real = np.zeros(len(fake), bool)
    inside_fake = np.zeros(len(real), bool)
    for start in range(0, len(real), BLOCK):
        rows = slice(start, start + BLOCK)
        squares = squared_distances(real[rows], fake)
        inside_real |= (squares <= real_reach[rows, None]).any(axis=0)
        inside_fake[rows] = (squares <= fake_reach[None]).any(axis=1)
    return float(inside_real.mean()), float(inside_fake.mean())


def density_coverage(real, fake, k=5):
    """Density and coverage, which single outliers cannot shift as they shift precision, recall.

    Density counts in how many real balls a fake lies, on average, divided by k; it may
    exceed 1 where fakes crowd in dense places. Coverage is the share of real samples with
    a fake in their ball.

    Args:
        real, fake: float (count, dimension).
        k: each ball reaches to its center's k-th nearest real neighbor.

    Returns:
        `(density, coverage)`; density is 0 or above, coverage in [0, 1].

    Raises:
        ValueError: see `precision_recall`.
    """
    k = whole_number("k", k, minimum=1)
    real, fake = check_features(real, fake, k)
    reach = _reach(real, k)
    hits, covered = 0, 0
    for start in range(0, len(real), BLOCK):
        rows = slice(start, start + BLOCK)
        inside = squared_distances(real[rows], fake) <= reach[rows, None]
        hits += inside.sum()
        covered += inside.any(axis=1).sum()
    return float(hits / (k * len(fake))), float(covered / len(real))


def _reach(features, k):
    """The squared distance from each sample to its k-th nearest neighbor, itself not counted."""
    reach = np.empty(len(features))
    for start in range(0, len(features), BLOCK):
        squares = squared_distances(features[start : start + BLOCK], features)
        rows = np.arange(len(squares))
        squares[rows, start + rows] = 0  # exactly, where rounding would leave a trace
        reach[start : start + BLOCK] = np.partition(squares, k, axis=1)[:, k]
    return reach


def squared_distances(a, b):
    """Squared distances between the rows of a (m, d) and b (n, d): (m, n)."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * (a @ b.T)
    return np.maximum(squares, 0, out=squares)


# --- kinds ----------------------------------------------------------------------------


@dataclass(frozen=True)
class ClassCoverage:
    """How often each class occurs among generated images.

    Attributes:
        shares: float (classes,), which sum to 1.
        kl: the Kullback–Leibler divergence Σ s log(s / r) of these shares s from the
            reference's r, in nats; 0 if they agree.
        found: how many classes occur with at least a tenth of their reference share.
    """

    shares: np.ndarray
    kl: float
    found: int


def class_coverage(labels, reference):
    """Compare how often each class occurs with how often it should.

    Args:
        labels: int (count,), a classifier's verdicts on generated images.
        reference: int (count,), the labels of the data.

    Returns:
        A `ClassCoverage`.

    Raises:
        ValueError: not one whole number an image, or negative ones.
    """
    labels, reference = check_labels("labels", labels), check_labels("reference", reference)
    classes = int(max(labels.max(), reference.max())) + 1
    shares = np.bincount(labels, minlength=classes) / len(labels)
    wanted = np.bincount(reference, minlength=classes) / len(reference)
    there = shares > 0
    # A class that the data lack but G makes would be infinitely surprising; keep it finite.
    surprise = np.log(shares[there] / np.maximum(wanted[there], 0.5 / len(reference)))
    found = int(((shares >= wanted / 10) & (wanted > 0)).sum())
    return ClassCoverage(shares, float((shares[there] * surprise).sum()), found)


def inception_score(probabilities, splits=10):
    """The inception score: exp of the mean KL divergence of p(class | image) from p(class).

    High if each image is clearly of some class and all classes occur; between 1 and the
    number of classes. It never looks at real images (Salimans et al. 2016,
    arXiv:1606.03498, section 4; its faults: Barratt and Sharma 2018, arXiv:1801.01973).

    Args:
        probabilities: float (count, classes), rows that sum to 1.
        splits: parts whose scores are averaged.

    Returns:
        An `Estimate`: mean and standard error over the parts.

    Raises:
        ValueError: no probabilities, or another number of splits than 2 to `count`.
    """
    p = check_probabilities("probabilities", probabilities)
    hint = f"There are {len(p)} images, and a part needs one."
    splits = whole_number("splits", splits, minimum=2, maximum=len(p), hint=hint)
    scores = []
    for part in np.array_split(p, splits):
        marginal = part.mean(axis=0, keepdims=True)
        logs = np.log(np.maximum(part, 1e-12)) - np.log(np.maximum(marginal, 1e-12))
        scores.append(np.exp((part * logs).sum(axis=1).mean()))
    return Estimate(float(np.mean(scores)), float(np.std(scores, ddof=1) / np.sqrt(splits)))


# --- all at once ----------------------------------------------------------------------


def evaluate(real_images, fake_images, extractor, *, reference_labels=None):
    """All measures of one generator.

    Args:
        real_images: float (count, height, width, channels) in [−1, 1], real ones that the
            generator did not see, or the training set's.
        fake_images: the same for generated ones; equally many make the measures comparable.
        extractor: as `features.load_extractor` returns it.
        reference_labels: the labels of the data; None lets the extractor judge the real
            images too.

    Returns:
        A dictionary: "frechet", "kernel", "kernel_error", "precision", "recall",
        "density", "coverage", and where the extractor knows classes "classes_found",
        "class_kl".

    Raises:
        ValueError: images that the extractor does not take, fewer than six of them, wrong labels,
            or no extractor.
    """
    if not hasattr(extractor, "features_and_labels"):
        raise ValueError(
            f"extractor should come from load_extractor(name), it is {shown(extractor)}."
        )
    if reference_labels is not None:  # before the minutes that features take
        reference_labels = check_labels("reference_labels", reference_labels)
    real, real_labels = extractor.features_and_labels(real_images)
    fake, fake_labels = extractor.features_and_labels(fake_images)
    kernel = kernel_distance(real, fake)
    precision, recall = precision_recall(real, fake)
    density, coverage = density_coverage(real, fake)
    result = {
        "frechet": frechet_distance(real, fake),
        "kernel": kernel.value,
        "kernel_error": kernel.error,
        "precision": precision,
        "recall": recall,
        "density": density,
        "coverage": coverage,
    }
    if extractor.classes:
        wanted = real_labels if reference_labels is None else reference_labels
        kinds = class_coverage(fake_labels, wanted)
        result |= {"classes_found": kinds.found, "class_kl": kinds.kl}
    return result
