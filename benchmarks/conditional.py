"""Ways of telling a GAN the class, at equal CPU time: do the images obey, and how good are they?

    python benchmarks/conditional.py                         every way, both data sets, three seeds
    python benchmarks/conditional.py --data mnist --seconds 60 --seeds 1
    python benchmarks/conditional.py --table                 what the results say

Rows go to results/conditional.csv; those that are there are not computed again.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from scoring import append, by_class, over_seeds, read, train_for

from dcgan_course.machine import print_every_character
from dcgan_course.quiet import import_quietly

FILE = Path(__file__).parent / "results" / "conditional.csv"
FIELDS = (
    *("data", "way", "seed", "seconds", "steps", "obedience", "diversity", "frechet"),
    *("precision", "recall"),
)
CLASSES, NOISE, SAMPLES = 10, 64, 5000
WAYS = (
    "no label",
    "D ignores the label",
    "planes",
    "planes, conditional batch norm",
    "projection and R1, conditional batch norm",
)


def build(way, seed):
    """A compiled GAN with the laptop recipe's sizes and rates."""
    import keras

    from dcgan_course import ConditionalDCGAN, dcgan_generator
    from dcgan_course.networks.labels import conditional_discriminator, conditional_generator
    from dcgan_course.training.recipes import RECIPES

    if way == "no label":
        return RECIPES["03 laptop"].build(seed)
    keras.utils.set_random_seed(seed)
    if "batch norm" in way:
        g = conditional_generator(CLASSES, noise_dim=NOISE)
    else:
        g = dcgan_generator(latent_dim=NOISE + CLASSES, widths=(64, 32), hidden=512)
    kind = "ignores" if "ignores" in way else way.replace(",", " ").split()[0]
    d = conditional_discriminator(CLASSES, kind=kind)
    gan = ConditionalDCGAN(g, d, seed=seed, average=0.998)
    adam = (keras.optimizers.Adam(1e-3, 0.5) for _ in range(2))
    gan.compile(*adam, r1=4.0 if "R1" in way else 0.0)
    return gan


def train(gan, images, labels, seconds, seed):
    """Train for so many seconds of CPU time. Returns the steps; the first, which compiles, is free.

    The averaged network gets batch norm statistics of its own at the end, as `fit` gives it.
    """
    import tensorflow as tf

    from dcgan_course import make_dataset, one_hot, standing_statistics

    y = one_hot(labels, CLASSES) if gan.conditional else None
    batches = iter(make_dataset(images, 64, labels=y, seed=seed))
    step = tf.function(gan.train_step)
    steps = train_for(step, batches, seconds)
    standing_statistics(gan.sampler, gan.sample_codes(1024, seed), like=gan.generator)
    return steps


def score(gan, extractor, images, labels):
    """Obedience, diversity within classes, and the usual measures, on 5,000 samples.

    See `scoring.by_class`. Without labels there is neither obedience nor diversity.
    """
    from dcgan_course.evaluation.metrics import evaluate

    codes = np.asarray(gan.sample_codes(SAMPLES, seed=0))
    fakes = np.concatenate([gan.sample(part) for part in np.array_split(codes, 10)])
    scores = evaluate(images, fakes, extractor, reference_labels=labels)
    row = {name: scores[name] for name in ("frechet", "precision", "recall")}
    if not gan.conditional:
        return {"obedience": "", "diversity": "", **row}
    asked = codes[:, NOISE:].argmax(axis=1)
    return {**by_class(extractor, images, labels, fakes, asked), **row}


def measure(data, ways, seeds, seconds):
    """Train and score what is missing."""
    from dcgan_course import load_extractor, load_images

    train_set, test = load_images(data), load_images(data, "test")
    if test.source != "real":
        raise SystemExit("The benchmark needs the real images. See the message above.")
    extractor = load_extractor(data)
    images, labels = test.images[:SAMPLES], test.labels[:SAMPLES]
    done = {(row["data"], row["way"], row["seed"], row["seconds"]) for row in read(FILE)}
    for seed in seeds:
        for way in ways:
            if (data, way, str(seed), str(seconds)) in done:
                continue
            gan = build(way, seed)
            steps = train(gan, train_set.images, train_set.labels, seconds, seed)
            row = dict(data=data, way=way, seed=seed, seconds=seconds, steps=steps)
            append(FILE, FIELDS, row | score(gan, extractor, images, labels))


def table():
    """Medians over the seeds, with the smallest and the largest."""
    groups = {}
    for row in read(FILE):
        groups.setdefault((row["data"], row["seconds"], row["way"]), []).append(row)
    for (data, seconds, way), rows in groups.items():
        print(f"{data}, {seconds} s, {way} ({len(rows)} seeds): " + over_seeds(rows, FIELDS[5:]))


def main():
    print_every_character()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="*", default=["mnist", "fashion_mnist"])
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=WAYS)
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--seconds", type=int, default=75, help="of CPU time for each training")
    parser.add_argument("--table", action="store_true", help="train nothing")
    options = parser.parse_args()
    if not options.table:
        import_quietly()
        for data in options.data:
            measure(data, options.ways, options.seeds, options.seconds)
    table()


if __name__ == "__main__":
    main()
