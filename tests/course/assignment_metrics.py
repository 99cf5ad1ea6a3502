"""Answers to assignment 6, wrong and right, in the form of `assignment_cases`."""

_FRECHET = """
def frechet_distance(first, second):
    shift = first.mean({axis}) - second.mean({axis})
    a, b = {cov}
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt({clip})) @ vectors.T
    shared = {shared}
    return {result}
"""
_FRECHET_PARTS = dict(
    axis="axis=0",
    cov="(np.cov(x, rowvar=False) for x in (first, second))",
    clip="np.maximum(values, 0)",
    shared="np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b @ root), 0)).sum()",
    result="float(shift @ shift + np.trace(a + b) - 2 * shared)",
)
_NEIGHBORS = """
def distances(first, second):
    a, b = (np.asarray(x, float).reshape(len(x), -1) for x in (first, second))
    return {distance}

def precision_recall(real, fake, k=3):
    between = distances(real, fake)
    real_radius, fake_radius = {radii}
    precision = {precision}
    recall = {recall}
    return {result}
"""
_NEIGHBORS_PARTS = dict(
    distance="np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))",
    radii="(np.sort(distances(x, x), axis=1)[:, k] for x in (real, fake))",
    precision="(between <= real_radius[:, None]).any(0).mean()",
    recall="(between <= fake_radius[None]).any(1).mean()",
    result="float(precision), float(recall)",
)
_COPIES = """
def copy_fraction(fake, train, held_out, quantile=0.01):
    limit = {limit}
    return float({fraction})
"""
_COPIES_PARTS = dict(
    limit="np.quantile(distances(held_out, train).min(axis=1), quantile)",
    fraction="(distances(fake, train).min(axis=1) < limit).mean()",
)
_JUDGE = """
def judge(fake, train, held_out):
    precision, recall = precision_recall({real}, fake)
    if {copies}:
        return "copies"
    if {noisy}:
        return "{noise}"
    return "collapsed" if {collapsed} else "good"
"""
_JUDGE_PARTS = dict(
    real="held_out",
    copies="copy_fraction(fake, train, held_out) > 0.1",
    noisy="precision < 0.6",
    noise="noisy",
    collapsed="recall < 0.4",
)


def _frechet(**changes):
    return {"frechet": _FRECHET.format(**_FRECHET_PARTS | changes)}


def _neighbors(**changes):
    return {"neighbors": _NEIGHBORS.format(**_NEIGHBORS_PARTS | changes)}


def _copies(**changes):
    return {"copies": _COPIES.format(**_COPIES_PARTS | changes)}


def _judge(**changes):
    return {"judge": _JUDGE.format(**_JUDGE_PARTS | changes)}


_MEANS = {"frechet_means"}
_ALL = {"frechet_means", "frechet_covariances", "frechet_singular"}
_WIDE = {"frechet_covariances", "frechet_singular"}
WRONG_METRICS = {
    "the root of the distance": (
        _frechet(result="float(np.sqrt(max(0, shift @ shift + np.trace(a + b) - 2 * shared)))"),
        _ALL,
    ),
    "means alone": (_frechet(result="float(shift @ shift)"), _WIDE),
    "covariances alone": (_frechet(result="float(np.trace(a + b) - 2 * shared)"), _ALL),
    "the shift not squared": (
        _frechet(result="float(np.sqrt(shift @ shift) + np.trace(a + b) - 2 * shared)"),
        _ALL,
    ),
    "the shared part once": (
        _frechet(result="float(shift @ shift + np.trace(a + b) - shared)"),
        _ALL,
    ),
    "the trace of the product": (_frechet(shared="np.trace(a @ b)"), _ALL),
    "roots of every number": (_frechet(shared="np.trace(np.sqrt(np.abs(a @ b)))"), _WIDE | _MEANS),
    "roots of both, multiplied": (
        _frechet(
            shared="np.trace(root @ (lambda w, v: (v * np.sqrt(np.maximum(w, 0))) @ v.T)"
            "(*np.linalg.eigh(b)))"
        ),
        _WIDE,
    ),
    "diagonals alone": (
        _frechet(shared="np.sqrt(np.diag(a) * np.diag(b)).sum()"),
        _WIDE,
    ),
    "covariances divided by n": (
        _frechet(cov="(np.cov(x, rowvar=False, bias=True) for x in (first, second))"),
        _WIDE,
    ),
    "products instead of covariances": (
        _frechet(cov="(x.T @ x / (len(x) - 1) for x in (first, second))"),
        _ALL,
    ),
    "a small number on the diagonals": (
        _frechet(
            cov="(np.cov(x, rowvar=False) + 0.05 * np.eye(x.shape[1]) for x in (first, second))"
        ),
        _WIDE,
    ),
    "no care for singular covariances": (
        _frechet(clip="values", shared="np.sqrt(np.linalg.eigvalsh(root @ b @ root)).sum()"),
        {"frechet_singular"},
    ),
    "averages over features": (
        _frechet(result="float(shift @ shift + np.trace(a + b) - 2 * shared) / len(a)"),
        _ALL,
    ),
    "the first set's covariance twice": (
        _frechet(result="float(shift @ shift + 2 * np.trace(a) - 2 * shared)"),
        _WIDE,
    ),
    "the mean of each vector": (
        _frechet(
            result="float((first.mean() - second.mean()) ** 2 + np.trace(a + b) - 2 * shared)"
        ),
        _ALL,
    ),
    "squared distances": (
        _neighbors(distance="((a[:, None] - b[None]) ** 2).sum(-1)"),
        {"pairs"},
    ),
    "sums of differences": (
        _neighbors(distance="np.abs(a[:, None] - b[None]).sum(-1)"),
        {"pairs", "precision", "recall"},
    ),
    "the largest difference": (
        _neighbors(distance="np.abs(a[:, None] - b[None]).max(-1)"),
        {"pairs", "precision", "recall"},
    ),
    "distances the other way round": (
        _neighbors(distance="np.sqrt(((b[:, None] - a[None]) ** 2).sum(-1))"),
        {"pairs", "precision", "recall", "own_ball"},
    ),
    "a small number in the root": (
        _neighbors(distance="np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1) + 1e-2)"),
        {"pairs"},
    ),
    "itself counted as a neighbor": (
        _neighbors(radii="(np.sort(distances(x, x), axis=1)[:, k - 1] for x in (real, fake))"),
        {"precision", "recall", "own_ball"},
    ),
    "one neighbor too many": (
        _neighbors(radii="(np.sort(distances(x, x), axis=1)[:, k + 1] for x in (real, fake))"),
        {"precision", "recall"},
    ),
    "always three neighbors": (
        _neighbors(radii="(np.sort(distances(x, x), axis=1)[:, 3] for x in (real, fake))"),
        {"precision", "recall"},
    ),
    "the average distance of the neighbors": (
        _neighbors(
            radii="(np.sort(distances(x, x), axis=1)[:, 1 : k + 1].mean(1) for x in (real, fake))"
        ),
        {"precision", "recall"},
    ),
    "precision and recall taken for each other": (
        _neighbors(result="float(recall), float(precision)"),
        {"precision", "recall", "own_ball"},
    ),
    "balls of the other set": (
        _neighbors(
            precision="(between <= fake_radius[None]).any(0).mean()",
            recall="(between <= real_radius[:, None]).any(1).mean()",
        ),
        {"precision", "recall", "own_ball"},
    ),
    "radii to the other set": (
        _neighbors(radii="(np.sort(between, axis=1)[:, k], np.sort(between, axis=0)[k])"),
        {"precision", "recall", "own_ball"},
    ),
    "one radius for all": (
        _neighbors(
            radii="(np.full(len(x), np.sort(distances(x, x), axis=1)[:, k].mean()) for x in (real, fake))"
        ),
        {"precision", "recall"},
    ),
    "every ball instead of any": (
        _neighbors(precision="(between <= real_radius[:, None]).all(0).mean()"),
        {"precision", "own_ball"},
    ),
    "pairs instead of vectors": (
        _neighbors(precision="(between <= real_radius[:, None]).mean()"),
        {"precision", "own_ball"},
    ),
    "counts instead of fractions": (
        _neighbors(recall="(between <= fake_radius[None]).any(1).sum()"),
        {"recall", "own_ball"},
    ),
    "real vectors counted for precision": (
        _neighbors(precision="(between <= real_radius[:, None]).any(1).mean()"),
        {"precision", "own_ball"},
    ),
    "recall from precision's balls": (
        _neighbors(recall="(between <= real_radius[:, None]).any(1).mean()"),
        {"recall", "own_ball"},
    ),
    "percent": (
        _neighbors(result="100 * float(precision), 100 * float(recall)"),
        {"precision", "recall", "own_ball"},
    ),
    "a fixed limit": (_copies(limit="0.5"), {"copies_limit"}),
    "the limit from the fakes": (
        _copies(limit="np.quantile(distances(fake, train).min(axis=1), quantile)"),
        {"copies_found", "copies_limit"},
    ),
    "a fixed quantile": (
        _copies(limit=_COPIES_PARTS["limit"].replace(", quantile)", ", 0.01)")),
        {"copies_limit"},
    ),
    "the other end": (
        _copies(limit=_COPIES_PARTS["limit"].replace(", quantile)", ", 1 - quantile)")),
        {"copies_limit"},
    ),
    "nearest to the held-out images": (
        _copies(fraction="(distances(fake, held_out).min(axis=1) < limit).mean()"),
        {"copies_found", "copies_limit"},
    ),
    "training images that were copied": (
        _copies(fraction="(distances(fake, train).min(axis=0) < limit).mean()"),
        {"copies_found", "copies_limit"},
    ),
    "the farthest training image": (
        _copies(fraction="(distances(fake, train).max(axis=1) < limit).mean()"),
        {"copies_found", "copies_limit"},
    ),
    "fakes that are no copies": (
        _copies(fraction="(distances(fake, train).min(axis=1) >= limit).mean()"),
        {"copies_found", "copies_limit"},
    ),
    "copies counted": (
        _copies(fraction="(distances(fake, train).min(axis=1) < limit).sum()"),
        {"copies_found", "copies_limit"},
    ),
    "never copies": (_judge(copies="False"), {"judges_copies"}),
    "copies before all": (
        _judge(copies="copy_fraction(fake, train, held_out, 0.9) > 0.1"),
        {"judges_good", "judges_collapsed"},
    ),
    "never noise": (_judge(noisy="False"), {"judges_noisy"}),
    "never collapsed": (_judge(collapsed="False"), {"judges_collapsed"}),
    "collapse by precision": (
        _judge(noisy="recall < 0.4", collapsed="precision < 0.6"),
        {"judges_noisy", "judges_collapsed"},
    ),
    "another word for noise": (_judge(noise="bad"), {"judges_noisy"}),
    "all are good": (
        {"judge": "def judge(fake, train, held_out):\n    return 'good'"},
        {"judges_noisy", "judges_collapsed", "judges_copies"},
    ),
}
RIGHT_METRICS = {
    "eigenvalues of the product": _frechet(
        clip="np.ones(len(values))",
        shared="np.sqrt(np.maximum(np.linalg.eigvals(a @ b).real, 0)).sum()",
    ),
    "scipy's root": {
        "frechet": """
from scipy import linalg

def frechet_distance(first, second):
    a, b = np.cov(first.T), np.cov(second.T)
    root = linalg.sqrtm(a @ b)
    if not np.isfinite(root).all():
        tiny = 1e-8 * np.eye(len(a))
        root = linalg.sqrtm((a + tiny) @ (b + tiny))
    shift = np.mean(first, axis=0) - np.mean(second, axis=0)
    return float(np.sum(shift**2) + np.trace(a) + np.trace(b) - 2 * np.trace(np.real(root)))
"""
    },
    "singular values of the centered sets": {
        "frechet": """
def frechet_distance(first, second):
    mean_a, mean_b = first.mean(axis=0), second.mean(axis=0)
    a = (first - mean_a) / np.sqrt(len(first) - 1)
    b = (second - mean_b) / np.sqrt(len(second) - 1)
    shared = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(((mean_a - mean_b) ** 2).sum() + (a**2).sum() + (b**2).sum() - 2 * shared)
"""
    },
    "scipy's distances": _neighbors(
        distance="__import__('scipy.spatial').spatial.distance.cdist(a, b)"
    ),
    "loops": {
        "neighbors": """
def distances(first, second):
    others = np.reshape(second, (len(second), -1))
    return [np.sqrt(((others - np.ravel(x)) ** 2).sum(1)).tolist() for x in first]

def _radii(points, k):
    away = np.array(distances(points, points))
    np.fill_diagonal(away, np.inf)
    return np.partition(away, k - 1, axis=1)[:, k - 1]

def precision_recall(real, fake, k=3):
    between, r, f = np.array(distances(real, fake)), _radii(real, k), _radii(fake, k)
    precise = sum(any(away <= radius for away, radius in zip(row, r)) for row in between.T.tolist())
    recalled = sum(any(away <= radius for away, radius in zip(row, f)) for row in between.tolist())
    return precise / len(fake), recalled / len(real)
""",
        "copies": """
def copy_fraction(fake, train, held_out, quantile=0.01):
    away = lambda images: np.min(np.array(distances(images, train)), axis=1)
    return float(np.mean(away(fake) < np.quantile(away(held_out), quantile)))
""",
    },
    "other limits": _judge(
        copies="copy_fraction(fake, train, held_out) >= 0.5",
        noisy="precision < 0.3",
        collapsed="recall < 0.3",
    ),
    "a judge without precision": _judge(
        noisy="frechet_distance(fake.reshape(len(fake), -1), held_out.reshape(len(held_out), -1)) > 2.5 and recall > 0.7"
    ),
}
