"""Train the generators that ship with the package, on real data, and store them.

    python scripts/train_generators.py                  all of them
    python scripts/train_generators.py cifar10_frogs mnist_by_class

A recipe of a lesson, in one run, scored as it goes: the rows go to benchmarks/results/curves.csv,
and the last ones into the model card. With `--threads 1`, seconds are those of the CPU, which other
programs on the machine do not use up.
"""

import argparse
import datetime
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))

import quality
import scoring
import speed

from dcgan_course.latent.pretrained import save_generator
from dcgan_course.quiet import import_quietly

RECIPES = {
    "mnist": "03 half the width",
    "fashion_mnist": "02 half the width",
    "cifar10_frogs": "04 laptop",
    "mnist_by_class": "10 digits",
    "fashion_mnist_by_class": "10 clothes",
}
SCORES = ("frechet", "precision", "recall", "grid", "obedience", "diversity")
LICENSES = {  # by data set
    "mnist": "Trained on MNIST (LeCun, Cortes and Burges), which is under CC BY-SA 3.0. The file "
    "holds no images of it.",
    "fashion_mnist": "Trained on Fashion-MNIST (Xiao, Rasul and Vollgraf 2017), which is under the "
    "MIT license. The file holds no images of it.",
    "cifar10_frogs": "Trained on CIFAR-10 (Krizhevsky 2009), for which no license is stated; the "
    "authors ask to cite the report. The file holds no images of it.",
}


def train(name, threads):
    """One generator, its rows of the curves, its images, its card."""
    from dcgan_course.data.sources import SOURCES
    from dcgan_course.training import recipes

    recipe = recipes.RECIPES[RECIPES[name]]
    dataset = recipe.dataset
    clock = time.process_time if threads == 1 else time.perf_counter
    gan, rows = quality.curve(RECIPES[name], recipe, clock)
    row = rows[-1]
    card = {
        "recipe": RECIPES[name],
        "data": f"{dataset}, real training images{' with labels' * recipe.by_class}",
        "seconds": row["seconds"],
        "steps": row["steps"],
        "scores": {key: round(row[key], 3) for key in SCORES if key in row},
        "curve": [[each["seconds"], round(each["frechet"], 5)] for each in rows],
        "scored": f"{scoring.SAMPLES} samples, features of load_extractor({dataset!r})",
        "processor": f"{speed.processor()}, threads: {threads or 'all'}",
        "date": datetime.date.today().isoformat(),
        "licence": LICENSES[dataset],
        "made_by": "scripts/train_generators.py",
    }
    if recipe.by_class:
        card["classes"] = list(SOURCES[dataset].class_names)
    path = save_generator(name, gan.sampler, card)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e6:.2f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(RECIPES))
    parser.add_argument("--threads", type=int, default=0, help="0 takes all cores")
    options = parser.parse_args()
    for name in options.names:
        if name not in RECIPES:
            parser.error(f"unknown generator {name!r}: there are {', '.join(RECIPES)}")
    # TensorFlow takes the number of its threads before it has computed anything.
    import_quietly(lambda tf: tf.config.threading.set_intra_op_parallelism_threads(options.threads))
    for name in options.names:
        train(name, options.threads)


if __name__ == "__main__":
    main()
