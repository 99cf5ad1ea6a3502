"""Scores of generators after so many seconds of training, and the files that hold them."""

import csv
import time
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"
SAMPLES = 5000
FIELDS = [
    *("recipe", "seconds", "steps", "frechet", "kernel", "kernel_error", "precision", "recall"),
    *("density", "coverage", "classes_found", "class_kl", "grid", "obedience", "diversity"),
]


class Scorer:
    """Scores a generator by features of the data set's own extractor, on its test images."""

    def __init__(self, dataset):
        from dcgan_course import load_images
        from dcgan_course.evaluation.features import load_extractor

        self.extractor = load_extractor(dataset)
        # Of frogs there are but 5,000, and all of them are needed to compare with.
        test = load_images(dataset, "train" if dataset == "cifar10_frogs" else "test")
        if test.source != "real":
            raise SystemExit("The benchmark wants real images. See the message above.")
        self.real, self.labels = test.images[:SAMPLES], test.labels[:SAMPLES]

    def __call__(self, gan):
        """All measures of a `DCGAN`'s samples; of a conditional one's, those by class as well."""
        from dcgan_course.evaluation.metrics import evaluate
        from dcgan_course.evaluation.pixels import checkerboard

        if gan.conditional:
            codes = np.asarray(gan.sample_codes(SAMPLES, seed=0))
        else:
            codes = np.random.default_rng(0).normal(size=(SAMPLES, gan.latent_dim))
            codes = codes.astype("float32")
        fakes = np.concatenate([gan.sample(part) for part in np.array_split(codes, 10)])
        scores = evaluate(self.real, fakes, self.extractor, reference_labels=self.labels)
        scores = {**scores, "grid": checkerboard(fakes)}
        if not gan.conditional:
            return scores
        asked = codes[:, gan.noise_dim :].argmax(axis=1)
        return scores | by_class(self.extractor, self.real, self.labels, fakes, asked)


def by_class(extractor, real, labels, fakes, asked):
    """Whether a conditional generator obeys, and how varied each class is.

    Args:
        extractor: see `load_extractor`.
        real, labels: real images and their class numbers.
        fakes, asked: generated images and the class numbers that G was asked for.

    Returns:
        {"obedience": how often the classifier sees the class that was asked for, "diversity": the
        variance of features within a class, as a fraction of that of real images, averaged over
        the classes}.
    """
    features, seen = extractor.features_and_labels(fakes)
    known = extractor.features(real)
    ratios = [
        features[asked == c].var(axis=0).sum() / known[labels == c].var(axis=0).sum()
        for c in np.unique(asked)
    ]
    return {"obedience": float(np.mean(seen == asked)), "diversity": float(np.mean(ratios))}


def keep_images(gan, name):
    """The images of 64 codes, as a file of the package that `kept_images` reads."""
    from dcgan_course.display.images import PICTURES, save_samples

    z = np.random.default_rng(64).normal(size=(64, gan.latent_dim)).astype("float32")
    PICTURES.mkdir(exist_ok=True)
    save_samples(PICTURES / f"{name}.png", gan.sample(z), columns=16, gap=0)


def measure(name, recipe, times, file, scorer, seed=1, keep=(), clock=time.perf_counter):
    """Train one recipe and score it at each of `times`, in seconds of training by `clock`.

    At those that are in `keep` as well, images are kept for the lessons. Returns the trained
    `DCGAN` and the rows.
    """
    import keras
    import tensorflow as tf

    from dcgan_course import load_images, make_dataset, one_hot, standing_statistics
    from dcgan_course.networks.layers import fast_policy

    # As in the lessons: the originals compute in 32 bits.
    keras.mixed_precision.set_global_policy("float32" if "original" in name else fast_policy())
    gan = recipe.build(seed=seed)
    data = load_images(recipe.dataset)
    images = recipe.images(data.images)
    labels = one_hot(data.labels, gan.classes) if recipe.by_class else None
    batches = iter(make_dataset(images, recipe.batch_size, labels=labels, seed=seed))
    step = tf.function(gan.train_step)
    step(next(batches))  # the first call compiles, which is not training
    seconds, steps, rows = 0.0, 1, []
    for goal in times:
        while seconds < goal:
            started = clock()
            for _ in range(5):
                step(next(batches))
            steps += 5
            seconds += clock() - started
        if recipe.by_class:  # as `fit` does after every epoch
            codes = gan.sample_codes(1024, seed)
            standing_statistics(gan.sampler, codes, like=gan.generator)
        row = {"recipe": name, "seconds": round(seconds, 1), "steps": steps, **scorer(gan)}
        rows.append(row)
        add(file, row)
        print(line(row), flush=True)
        if goal in keep:
            keep_images(gan, f"{name.replace(' ', '_')}_{goal // 60:02d}_minutes")
    keras.mixed_precision.set_global_policy("float32")
    return gan, rows


def line(row):
    """One result as text."""
    return (
        f"{row['recipe']:<36}{float(row['seconds']):7.0f} s {int(row['steps']):6} steps   "
        f"Fréchet {float(row['frechet']):7.2f}   KID {1000 * float(row['kernel']):7.1f}e-3   "
        f"precision {float(row['precision']):.2f}   recall {float(row['recall']):.2f}   "
        f"coverage {float(row['coverage']):.2f}   classes {row.get('classes_found') or '–'}"
    )


def add(file, row):
    """Add one row to a results file."""
    if not file.exists():
        write(file, [])
    with file.open(newline="", encoding="utf-8") as lines:
        known = next(csv.reader(lines))  # an older file has fewer columns
    with file.open("a", newline="", encoding="utf-8") as out:
        csv.DictWriter(out, known, extrasaction="ignore").writerow(
            {key: round(v, 5) if isinstance(v, float) else v for key, v in row.items()}
        )


def append(file, fields, row):
    """Add one row to a table of one's own, and show it."""
    new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fields)
        if new:
            writer.writeheader()
        writer.writerow({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()})
    parts = (f"{k} {v:.3f}" if isinstance(v, float) else f"{v}" for k, v in row.items())
    print("  ".join(parts), flush=True)


def train_for(step, batches, seconds):
    """Take steps for so many seconds of CPU time; the first, which compiles, is free.

    Returns:
        How many steps.
    """
    step(next(batches))
    steps, spent, before = 1, 0.0, time.process_time()
    while spent < seconds:
        for _ in range(5):
            step(next(batches))
        steps, spent = steps + 5, time.process_time() - before
    return steps


def over_seeds(rows, names):
    """Medians over the rows, with the smallest and the largest, as text."""
    parts = []
    for name in names:
        values = sorted(float(row[name]) for row in rows if row[name])
        if values:
            parts.append(f"{name} {np.median(values):.2f} ({values[0]:.2f}–{values[-1]:.2f})")
    return "  ".join(parts)


def write(file, rows):
    """A results file of these rows."""
    RESULTS.mkdir(exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, FIELDS)
        writer.writeheader()
        writer.writerows(rows)


def forget(file, name):
    """Take one recipe's rows out of a results file."""
    write(file, [row for row in read(file) if row["recipe"] != name])


def read(file):
    """The rows of a results file, in order; none where there is no file."""
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
