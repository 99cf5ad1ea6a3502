"""Frogs that are frogs: which change of lesson 04's recipe buys what, at equal CPU time.

    python benchmarks/frogs.py train "features, wide G" --seed 1 --seconds 600
    python benchmarks/frogs.py score                   what has been trained and not been scored
    python benchmarks/frogs.py sheet                   64 samples of each, enlarged, as pictures
    python benchmarks/frogs.py blind NAME…             generated and real, shuffled, as pictures
    python benchmarks/frogs.py reveal                  your verdicts on them, counted
    python benchmarks/frogs.py ship NAME               a generator that has been kept and scored,
                                                       as that of the recipe “04 laptop”

Seconds are those of the CPU (`time.process_time`) on one thread, so that other work on the machine
does not count. A training keeps its state in build/frogs and goes on from there. Scores go to
benchmarks/results/frogs_judged.csv. They use the features of the extractor "cifar10", which has
learned all ten classes and takes no part in any training, and CIFAR-10's 1,000 held-out frogs.

No score replaces the blind test: in our runs the network called blobs with a frog's skin frogs as
often as real frogs, and as rarely once their quarters were exchanged. It judges by texture, as
Geirhos et al. 2019 (arXiv:1811.12231) found of other networks.
"""

import argparse
import csv
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))
sys.path.insert(0, str(ROOT / "scripts"))

import numpy as np

from dcgan_course.quiet import import_quietly

KEPT = ROOT / "build" / "frogs"
FILE = ROOT / "benchmarks" / "results" / "frogs_judged.csv"
FROG = 6  # its label in CIFAR-10
CONFIDENT = 0.8
COUNT = 2000
FIELDS = [
    *("variant", "seed", "seconds", "steps", "images_seen", "parameters", "which", "frechet"),
    *("precision", "recall", "called_frogs", "drop_when_exchanged", "grid"),
]


def one_thread():
    """TensorFlow on one thread; before it has computed anything."""

    def configure(tf):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)

    return import_quietly(configure)


# --- training ------------------------------------------------------------------------------


def train(name, seed, seconds, times=(), save_every=120):
    """Train one variant for `seconds` of the CPU, and keep its generators at each of `times`."""
    tf, keras = one_thread()
    from frog_variants import judged_variants

    from dcgan_course import load_images, make_dataset
    from dcgan_course.networks.layers import copy_of, fast_policy

    variant = judged_variants()[name]
    recipe = variant.recipe
    keras.mixed_precision.set_global_policy(fast_policy())
    gan = recipe.but(average=None).build(seed=seed)
    average = copy_of(gan.generator, name="average")
    average.trainable = False
    frogs = load_images(recipe.dataset)
    if frogs.source != "real":
        raise SystemExit("The benchmark needs the real frogs.")
    images = recipe.images(variant.choose(frogs.images))
    folder = KEPT / f"{name.replace(',', '').replace(' ', '_')}-{seed}"
    spent = tf.Variable(0.0, dtype=tf.float64)
    state = tf.train.Checkpoint(
        generator=gan.generator,
        discriminator=gan.discriminator,
        g_optimizer=gan.g_optimizer,
        d_optimizer=gan.d_optimizer,
        steps=gan.step_count,
        average=average,
        spent=spent,
    )
    keeper = tf.train.CheckpointManager(state, folder, max_to_keep=1)
    for network, optimizer in (
        (gan.generator, gan.g_optimizer),
        (gan.discriminator, gan.d_optimizer),
    ):
        optimizer.build(network.trainable_variables)
    keeper.restore_or_initialize()
    batch_size = recipe.batch_size
    per_epoch = len(images) // batch_size
    done = int(gan.step_count.numpy())
    batches = iter(make_dataset(images, batch_size, seed=seed + 1000 * (done // per_epoch)))

    @tf.function
    def step(batch, momentum):
        logs = gan.train_step(batch)
        for mean, weight in zip(average.weights, gan.generator.weights, strict=True):
            mean.assign(momentum * mean + (1 - momentum) * tf.cast(weight, mean.dtype))
        return logs

    def run(count):
        for _ in range(count):
            number = int(gan.step_count.numpy()) + 1
            # A half-life of a twentieth of the steps so far.
            momentum = 0.5 ** (20 / number)
            logs = step(next(batches), tf.constant(momentum, tf.float32))
        return logs

    run(1)  # compiles, which is not training
    saved, last = float(spent.numpy()), 0.0
    goals = sorted({*times, seconds})
    while (now := float(spent.numpy())) < seconds:
        progress = now / seconds
        decay = 1 - 0.9 * max(0.0, (progress - 0.6) / 0.4)
        gan.g_optimizer.learning_rate = recipe.g_rate * decay
        gan.d_optimizer.learning_rate = recipe.d_rate * decay
        began = time.process_time()
        logs = run(25)
        spent.assign_add(time.process_time() - began)
        now = float(spent.numpy())
        for goal in goals:
            if last < goal <= now:
                facts = {
                    "variant": name,
                    "seed": seed,
                    "seconds": round(now, 1),
                    "steps": int(gan.step_count.numpy()),
                    "images_seen": int(gan.step_count.numpy()) * batch_size,
                    "parameters": gan.generator.count_params(),
                }
                sampler = re_estimated(tf, average)
                keep(sampler, f"{folder.name}-{goal:.0f}-average", {**facts, "which": "average"})
                sheet = f"{folder.name}-{goal:.0f}-average.png"
                tiled(drawn(sampler, 64, 64)).save(KEPT / sheet)
                keep(gan.generator, f"{folder.name}-{goal:.0f}-raw", {**facts, "which": "raw"})
                print(facts, {k: round(float(v), 3) for k, v in logs.items()}, flush=True)
        last = now
        if now - saved > save_every:
            keeper.save()
            saved = now
            numbers = {k: round(float(v), 3) for k, v in logs.items()}
            print(f"{now:.0f} s, {int(gan.step_count.numpy())} steps, {numbers}", flush=True)
        for tracker in gan.trackers.values():
            tracker.reset_state()


def re_estimated(tf, generator, count=4096, batch=256):
    """A copy of a generator whose batch norm has the statistics that its own weights make."""
    from dcgan_course import copy_of, standing_statistics

    network = copy_of(generator, name="re_estimated")
    network.trainable = True
    shape = (batch, generator.input_shape[1])
    parts = [tf.random.stateless_normal(shape, seed=[20, part]) for part in range(count // batch)]
    standing_statistics(network, tf.concat(parts, axis=0), batch_size=batch)
    return network


def keep(generator, name, facts):
    """Write a generator's weights as float16, with how it came about."""
    from dcgan_course.files import save_arrays

    arrays = [np.asarray(weight, "float16") for weight in generator.get_weights()]
    KEPT.mkdir(parents=True, exist_ok=True)
    save_arrays(KEPT / f"{name}.npz", arrays, {**facts, "arrays": len(arrays)})


def kept(path):
    """A kept generator, and its facts."""
    from frog_variants import judged_variants

    from dcgan_course.files import load_arrays

    arrays, facts = load_arrays(path)
    generator = judged_variants()[facts["variant"]].recipe.generator()
    weights = [arrays[f"w{k}"].astype("float32") for k in range(facts["arrays"])]
    generator.set_weights(weights)
    return generator, facts


def drawn(generator, count, seed=0, psi=1.0):
    """Images of `count` latent vectors, with standard deviation `psi`."""
    z = np.random.default_rng(seed).normal(size=(count, generator.input_shape[1])) * psi
    parts = np.array_split(z.astype("float32"), max(1, count // 250))
    return np.concatenate([np.asarray(generator(part, training=False)) for part in parts])


# --- scores --------------------------------------------------------------------------------


class Judge:
    """Scores images by the features and verdicts of the ten-class network."""

    def __init__(self):
        from dcgan_course import load_images
        from dcgan_course.evaluation.features import load_extractor

        self.extractor = load_extractor("cifar10")
        self.real = load_images("cifar10_frogs", "test").images
        self.features = self.extractor.features(self.real)

    def confident(self, images):
        """The fraction of images that the network calls a frog with confidence."""
        return float((self.extractor.probabilities(images)[:, FROG] > CONFIDENT).mean())

    def __call__(self, images):
        """All scores of generated images: as many as there are held-out frogs, where it counts."""
        from dcgan_course.evaluation.metrics import frechet_distance, precision_recall
        from dcgan_course.evaluation.pixels import checkerboard

        features = self.extractor.features(images)
        precision, recall = precision_recall(self.features, features[: len(self.real)])
        called = self.confident(images[:1000])
        return {
            "frechet": frechet_distance(self.features, features),
            "precision": precision,
            "recall": recall,
            "called_frogs": called,
            "drop_when_exchanged": called - self.confident(exchanged(images[:1000])),
            "grid": checkerboard(images),
        }


def exchanged(images):
    """The same images with opposite quarters exchanged: their textures are right, no body is."""
    side = images.shape[1] // 2
    return np.roll(images, (side, side), axis=(1, 2))


def score():
    """Score what has been kept and is not in the results yet; real frogs come first."""
    one_thread()
    from dcgan_course import load_images

    judge = Judge()
    if not read():
        frogs = load_images("cifar10_frogs").images[:COUNT]
        add({"variant": "real training images", "which": "real", **judge(frogs)})
        blurred = (frogs + np.roll(frogs, 1, 1) + np.roll(frogs, 1, 2)) / 3
        add({"variant": "real training images, blurred", "which": "real", **judge(blurred)})
    done = {(row["variant"], row["seed"], row["seconds"], row["which"]) for row in read()}
    for path in sorted(KEPT.glob("*.npz")):
        generator, facts = kept(path)
        if (facts["variant"], str(facts["seed"]), str(facts["seconds"]), facts["which"]) in done:
            continue
        facts.pop("arrays")
        add({**facts, **judge(drawn(generator, COUNT))})
    for row in read():
        print(*(f"{row[key]:>9.9}" if key != "variant" else f"{row[key]:<44}" for key in FIELDS))


def add(row):
    """Add one row to the results."""
    fresh = not FILE.exists()
    with FILE.open("a", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, FIELDS)
        if fresh:
            writer.writeheader()
        writer.writerow({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()})


def read():
    """The rows of the results; none where there is no file."""
    if not FILE.exists():
        return []
    with FILE.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


# --- pictures ------------------------------------------------------------------------------


def tiled(images, columns=8, scale=3, gap=6, numbers=False):
    """A picture of images in [−1, 1], each enlarged smoothly, with numbers if wanted."""
    from PIL import Image, ImageDraw

    side = images.shape[1] * scale
    top = 12 if numbers else 0
    rows = -(-len(images) // columns)
    size = (columns * (side + gap) + gap, rows * (side + gap + top) + gap)
    canvas = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(canvas)
    for index, image in enumerate(np.clip(127.5 * images + 127.5, 0, 255).round().astype("uint8")):
        x, y = gap + index % columns * (side + gap), gap + index // columns * (side + gap + top)
        if numbers:
            pen.text((x, y), str(index), fill="black")
        picture = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
        canvas.paste(picture, (x, y + top))
    return canvas


def sheets(names):
    """A contact sheet for each generator that has been kept, at ψ = 1 and at 0.7."""
    one_thread()
    for path in sorted(KEPT.glob("*.npz")):
        if names and not any(name in path.stem for name in names):
            continue
        generator, _ = kept(path)
        for psi in (1.0, 0.7):
            suffix = "" if psi == 1 else f"-psi{psi}"
            tiled(drawn(generator, 64, 64, psi)).save(path.with_name(f"{path.stem}{suffix}.png"))


def blind(names, each=64, seed=0, psi=1.0):
    """Shuffled tiles of each kept generator named, and of real held-out frogs.

    Writes build/frogs/blind-N.png of 32 tiles each, and the key, which the judge should not read.
    """
    one_thread()
    from dcgan_course import load_images

    rng = np.random.default_rng([seed, int(time.time())])
    real = load_images("cifar10_frogs", "test").images
    parts = [real[rng.choice(len(real), each, replace=False)]]
    sources = ["real"] * each
    for name in names:
        parts.append(drawn(kept(KEPT / f"{name}.npz")[0], each, int(rng.integers(1 << 30)), psi))
        sources += [name] * each
    order = rng.permutation(len(sources))
    images = np.concatenate(parts)[order]
    key = [sources[k] for k in order]
    (KEPT / "blind_key.json").write_text(json.dumps(key), encoding="utf-8")
    for old in KEPT.glob("blind-*.png"):
        old.unlink()
    for index, start in enumerate(range(0, len(images), 32)):
        tiled(images[start : start + 32], scale=4, numbers=True).save(KEPT / f"blind-{index}.png")
    print(f"{len(images)} tiles, 32 a picture. Verdicts go to build/frogs/verdicts.txt: a line for")
    print("each picture, a letter for each tile: f (frog), b (body) or n (nothing).")


def reveal():
    """Count the verdicts by source."""
    key = json.loads((KEPT / "blind_key.json").read_text(encoding="utf-8"))
    verdicts = "".join((KEPT / "verdicts.txt").read_text(encoding="utf-8").split())
    if len(verdicts) != len(key):
        raise SystemExit(f"{len(verdicts)} verdicts for {len(key)} tiles")
    for source in sorted(set(key)):
        mine = [v for v, s in zip(verdicts, key, strict=True) if s == source]
        counts = {name: mine.count(name[0]) for name in ("frog", "body", "nothing")}
        print(f"{source:<60} {counts} of {len(mine)}")


def ship(name, recipe="04 laptop"):
    """Make a kept and scored generator the one that ships with the package.

    Args:
        name: of a file in build/frogs, without its ending.
        recipe: which recipe builds such a generator.
    """
    one_thread()
    import datetime

    from speed import processor
    from train_generators import LICENSES

    from dcgan_course.latent.pretrained import save_generator

    generator, facts = kept(KEPT / f"{name}.npz")
    same = [row for row in read() if row["variant"] == facts["variant"]]
    same = [row for row in same if row["seed"] == str(facts["seed"])]
    same = [row for row in same if row["which"] == facts["which"]]
    mine = [row for row in same if row["seconds"] == str(facts["seconds"])]
    if not mine:
        raise SystemExit(f"{name} has no scores yet: run “frogs.py score” first.")
    curve = sorted((float(row["seconds"]), float(row["frechet"])) for row in same)
    keys = ("frechet", "precision", "recall", "called_frogs", "drop_when_exchanged", "grid")
    card = {
        "recipe": recipe,
        "data": "cifar10_frogs, real training images"
        + (", the 1,000 with the plainest backgrounds" if "plain" in facts["variant"] else ""),
        "seconds": facts["seconds"],
        "steps": facts["steps"],
        "scores": {key: round(float(mine[0][key]), 3) for key in keys},
        "curve": [[seconds, distance] for seconds, distance in curve],
        "scored": f"{COUNT} samples, held-out frogs, features of load_extractor('cifar10')",
        "processor": f"{processor()}, threads: 1, seconds of the CPU",
        "schedule": "rates constant for 60% of the time, then linear to a tenth; average of G with "
        "a half-life of 5% of the steps so far, its batch-norm statistics re-estimated",
        "date": datetime.date.today().isoformat(),
        "licence": LICENSES["cifar10_frogs"],
        "made_by": "benchmarks/frogs.py",
    }
    path = save_generator("cifar10_frogs", generator, card)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e6:.2f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("train", "score", "sheet", "blind", "reveal", "ship"))
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--times", type=float, nargs="*", default=())
    parser.add_argument("--psi", type=float, default=1.0)
    options = parser.parse_args()
    if options.what == "train":
        for name in options.names:
            train(name, options.seed, options.seconds, options.times)
    elif options.what == "score":
        score()
    elif options.what == "sheet":
        sheets(options.names)
    elif options.what == "blind":
        blind(options.names, psi=options.psi)
    elif options.what == "ship":
        for name in options.names:
            ship(name)
    else:
        reveal()


if __name__ == "__main__":
    main()
