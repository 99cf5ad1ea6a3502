"""What each remedy for small data does on 112 bonsai trees, with 16 more held out.

    python benchmarks/bonsai.py [--seconds 150] [--fresh] [--only NAME ...]

The numbers of lesson 06 come from here. One recipe at a time, for so many seconds of training;
rows go to benchmarks/results/bonsai.csv as they come, and what is there is not computed again.
"""

import argparse
import csv
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dcgan_course.machine import print_every_character
from dcgan_course.quiet import import_quietly

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "bonsai.csv"
EVERY = 8  # each eighth image is held out


def variants():
    """The lesson's recipe, and others: from no remedy to all of them."""
    from dcgan_course.networks.augment import chain, color, cutout, flip, translate
    from dcgan_course.networks.layers import dcgan_discriminator
    from dcgan_course.training.recipes import RECIPES, tree_discriminator

    laptop = RECIPES["06 laptop"]
    four = laptop.but(augment=chain(flip, translate, color, cutout))

    def plain_discriminator():
        return dcgan_discriminator((64, 64, 3), (32, 64, 128, 256), 4, batch_norm=False)

    def narrow(recipe, width):
        return recipe.but(discriminator=lambda: tree_discriminator(width))

    nothing = laptop.but(augment=None)
    return {
        "nothing": nothing,
        "nothing, R1 with γ = 1": nothing.but(discriminator=plain_discriminator, r1=1.0),
        "nothing, D of a quarter the width": narrow(nothing, 8),
        "flips": laptop.but(augment=flip),
        "flips, translation": laptop.but(augment=chain(flip, translate)),
        "flips, translation, color: the lesson": laptop,
        "all four, with cutout": four,
        "all four, another seed": four,
        "all four, D of half the width": narrow(four, 16),
        "all four, D of a quarter the width": narrow(four, 8),
        "translation, color, cutout": laptop.but(augment=chain(translate, color, cutout)),
    }


def split(images):
    """`(train, held_out)`."""
    import numpy as np

    held_out = np.arange(len(images)) % EVERY == EVERY - 1
    return images[~held_out], images[held_out]


def measure(gan, train, held_out, extractor):
    """D's overfitting r_v, how near fakes are to training images, and their quality."""
    import numpy as np

    from dcgan_course.diagnosis.examiner import Examiner
    from dcgan_course.evaluation.metrics import kernel_distance
    from dcgan_course.evaluation.pixels import nearest_neighbors

    examiner = Examiner(gan.generator, gan.discriminator, train, held_out=held_out, count=112)
    memory = examiner.look(0)["memory"]
    rng = np.random.default_rng(3)
    fakes = gan.sample(rng.normal(size=(512, gan.latent_dim)).astype("float32"))
    real = np.concatenate([train, held_out])

    def features(images):
        half = images.reshape(len(images), 32, 2, 32, 2, 3).mean(axis=(2, 4))
        return extractor.features_and_labels(half)[0]

    drawn = features(fakes)
    kernel = kernel_distance(features(real), drawn, subset_size=100)
    # Of `real`, 112 are training images: a G that copied them would do well. These are not.
    parts = np.array_split(drawn, len(drawn) // len(held_out))
    unseen_kernel = [kernel_distance(features(held_out), part).value for part in parts]
    mirrored = np.concatenate([train, train[:, :, ::-1]])
    _, near = nearest_neighbors(fakes, mirrored)
    _, unseen = nearest_neighbors(held_out, mirrored)
    return {
        "memory": round(float(memory), 3),
        "kernel": round(kernel.value, 3),
        "error": round(kernel.error, 3),
        "kernel_held_out": round(float(np.mean(unseen_kernel)), 3),
        "nearest": round(float(near.mean()), 3),
        "nearest_held_out": round(float(unseen.mean()), 3),
    }


def run(name, recipe, images, seconds):
    """Train one recipe for so many seconds and return its row."""
    import keras

    from dcgan_course import make_dataset
    from dcgan_course.display.images import save_samples
    from dcgan_course.evaluation.features import load_extractor
    from dcgan_course.networks.layers import fast_policy

    train, held_out = split(images)
    seed = 1 if "another seed" in name else 0
    keras.mixed_precision.set_global_policy(fast_policy())
    gan = recipe.build(seed)
    data = make_dataset(train, recipe.batch_size, seed=seed)
    gan.fit(data, steps_per_epoch=10, epochs=1, verbose=0)  # compiling does not count
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        gan.fit(data, steps_per_epoch=50, epochs=1, verbose=0)
    seconds = round(time.monotonic() - start)
    keras.mixed_precision.set_global_policy("float32")
    row = {"recipe": name, "seconds": seconds, "steps": int(gan.d_optimizer.iterations.numpy())}
    row |= measure(gan, train, held_out, load_extractor("cifar10_frogs"))
    folder = Path("runs") / "bonsai"
    save_samples(folder / f"{name}.png", gan.sample(32), columns=8, scale=2)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--fresh", action="store_true", help="forget earlier rows")
    parser.add_argument("--only", nargs="*", help="names of recipes")
    options = parser.parse_args()
    print_every_character()
    import_quietly()
    from dcgan_course.data.load import load_images
    from dcgan_course.files import write_rows

    data = load_images("bonsai")
    if data.source != "real":
        raise SystemExit("The table is about real trees. See the message above.")
    images, rows = data.images, []
    if RESULTS.exists() and not options.fresh:
        with RESULTS.open(newline="", encoding="utf-8") as file:
            rows = [{"kernel_held_out": "", **row} for row in csv.DictReader(file)]
    for name, recipe in variants().items():
        known = any(row["recipe"] == name for row in rows)
        if known or (options.only and name not in options.only):
            continue
        rows.append(run(name, recipe, images, options.seconds))
        print(rows[-1], flush=True)
        rows.sort(key=lambda row: list(variants()).index(row["recipe"]))
        write_rows(RESULTS, rows)
    print(table(rows))


def table(rows):
    """The rows as Markdown. Rows of before `kernel_held_out` was measured do without it."""
    unseen = all(row.get("kernel_held_out") for row in rows)
    names = ["recipe", "steps", "r_v", "kernel distance", "nearest training image"]
    if unseen:
        names.insert(4, "to held-out images")
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for row in rows:
        values = [row["recipe"], row["steps"], f"{float(row['memory']):.0%}"]
        values.append(f"{float(row['kernel']):.2f} ± {float(row['error']):.2f}")
        if unseen:
            values.append(f"{float(row['kernel_held_out']):.2f}")
        values.append(f"{float(row['nearest']):.2f}")
        lines.append(f"| {' | '.join(map(str, values))} |")
    if rows:
        distance = float(rows[0]["nearest_held_out"])
        lines.append(f"\nHeld-out trees are {distance:.2f} from the nearest training image.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
