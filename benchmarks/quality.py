"""Quality against training seconds: the lessons' recipes, original and for a processor.

    python benchmarks/quality.py curves               each recipe, scored at growing times
    python benchmarks/quality.py ablation             lesson 03's with one thing changed
    python benchmarks/quality.py frogs                how lesson 04's recipe was found
    python benchmarks/quality.py speed                ratios: steps, arithmetic
    python benchmarks/quality.py table                what the results say, as text
    python benchmarks/quality.py markdown             as the tables of the README and lesson 08

Everything is measured in one run on one machine: seconds of training alone, without scoring.
Results are added to benchmarks/results/*.csv as they come, so that a run may be interrupted;
the same command does what is still missing. `--fresh` starts anew.
"""

import argparse
import csv
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from frog_variants import frog_variants, spectral_discriminator

from dcgan_course.quiet import import_quietly

RESULTS = Path(__file__).parent / "results"
LAPTOP_TIMES = (15, 30, 45, 60, 90, 120, 180, 300)
SHIPPED_TIMES = (*LAPTOP_TIMES, 600)  # of those whose generators ship
OTHER_TIMES = {
    "02 half the width": SHIPPED_TIMES,
    "03 half the width": SHIPPED_TIMES,
    "02 original": (60, 300, 600),
    "03 original": (60, 300, 600, 900, 1200, 1500),
    "04 laptop": (60, 120, 300, 600, 900, 1200, 1800, 2700),
    "04 original": (60, 300, 600, 1200),
}
KEPT_TIMES = {"04 laptop": (300, 1200, 2700), "04 original": (1200,)}  # when images are kept
SAMPLES = 5000
FIELDS = [
    *("recipe", "seconds", "steps", "frechet", "kernel", "kernel_error", "precision", "recall"),
    *("density", "coverage", "classes_found", "class_kl", "grid"),
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
        """All measures of a `DCGAN`'s samples."""
        from dcgan_course.evaluation.metrics import evaluate
        from dcgan_course.evaluation.pixels import checkerboard

        z = np.random.default_rng(0).normal(size=(SAMPLES, gan.latent_dim)).astype("float32")
        fakes = np.concatenate([gan.sample(part) for part in np.array_split(z, 10)])
        scores = evaluate(self.real, fakes, self.extractor, reference_labels=self.labels)
        return {**scores, "grid": checkerboard(fakes)}


def keep_images(gan, name):
    """The images of 64 codes, as a file of the package that `kept_images` reads."""
    from dcgan_course.display.images import PICTURES, save_samples

    z = np.random.default_rng(64).normal(size=(64, gan.latent_dim)).astype("float32")
    PICTURES.mkdir(exist_ok=True)
    save_samples(PICTURES / f"{name}.png", gan.sample(z), columns=16, gap=0)


def measure(name, recipe, times, file, scorer, seed=1, keep=()):
    """Train one recipe and score it at each of `times`, in seconds of training.

    At those that are in `keep` as well, images are kept for the lessons. Returns the trained
    `DCGAN` and the rows.
    """
    import keras
    import tensorflow as tf

    from dcgan_course import load_images, make_dataset
    from dcgan_course.networks.layers import fast_policy

    # As in the lessons: the originals compute in 32 bits.
    keras.mixed_precision.set_global_policy("float32" if "original" in name else fast_policy())
    gan = recipe.build(seed=seed)
    images = recipe.images(load_images(recipe.dataset).images)
    batches = iter(make_dataset(images, recipe.batch_size, seed=seed))
    step = tf.function(gan.train_step)
    step(next(batches))  # the first call compiles, which is not training
    seconds, steps, rows = 0.0, 1, []
    for goal in times:
        while seconds < goal:
            started = time.perf_counter()
            for _ in range(5):
                step(next(batches))
            steps += 5
            seconds += time.perf_counter() - started
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
    with file.open("a", newline="") as out:
        csv.DictWriter(out, FIELDS).writerow(
            {key: round(v, 5) if isinstance(v, float) else v for key, v in row.items()}
        )


def write(file, rows):
    """A results file of these rows."""
    RESULTS.mkdir(exist_ok=True)
    with file.open("w", newline="") as out:
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
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def curves(fresh, lesson=None):
    """Each recipe at growing times, or those of one lesson."""
    from dcgan_course.training.recipes import RECIPES

    file = RESULTS / "curves.csv"
    if fresh:
        file.unlink(missing_ok=True)
    for name in sorted(RECIPES, key=lambda name: ("original" in name, -int(name[:2]), name)):
        if lesson and not name.startswith(lesson):
            continue
        times = OTHER_TIMES.get(name, LAPTOP_TIMES)
        if not any(r["recipe"] == name and float(r["seconds"]) >= times[-1] for r in read(file)):
            curve(name, RECIPES[name])


def curve(name, recipe):
    """One recipe at growing times. Returns the trained `DCGAN` and its rows."""
    file = RESULTS / "curves.csv"
    forget(file, name)  # what an interrupted run has left
    times = OTHER_TIMES.get(name, LAPTOP_TIMES)
    keep = KEPT_TIMES.get(name, ())
    print(f"{name}: {times[-1] / 60:.0f} minutes of training, scored at {times} s", flush=True)
    return measure(name, recipe, times, file, Scorer(recipe.dataset), keep=keep)


def variants():
    """The laptop recipe of lesson 03 with one thing changed at a time."""
    from dcgan_course.networks import augment, layers
    from dcgan_course.training.recipes import RECIPES

    base = RECIPES["03 laptop"]
    return {
        "laptop": base,
        "laptop, another seed": base,
        "D without hidden layer": base.but(
            discriminator=lambda: layers.dcgan_discriminator(widths=(32, 64))
        ),
        "G without hidden layer": base.but(
            generator=lambda: layers.dcgan_generator(latent_dim=64, widths=(64, 32))
        ),
        "no moving average": base.but(average=None),
        "learning rates 2e-4, as in the paper": base.but(g_rate=2e-4, d_rate=2e-4),
        "G's learning rate halved": base.but(g_rate=5e-4),
        "β1 = 0.9": base.but(beta_1=0.9),
        "batch 32": base.but(batch_size=32),
        "batch 256": base.but(batch_size=256),
        "label smoothing 0.1": base.but(label_smoothing=0.1),
        "hinge loss": base.but(loss="hinge"),
        "half the width": RECIPES["03 half the width"],
        "twice the width": base.but(
            generator=lambda: layers.dcgan_generator(latent_dim=64, widths=(128, 64), hidden=512),
            discriminator=lambda: layers.dcgan_discriminator(widths=(64, 128), hidden=512),
        ),
        "D with 4 × 4 kernels": base.but(
            discriminator=lambda: layers.dcgan_discriminator(
                widths=(32, 64), hidden=512, kernel_size=4
            )
        ),
        "D without batch norm, with R1 of γ = 1": base.but(
            discriminator=lambda: layers.dcgan_discriminator(
                widths=(32, 64), hidden=512, batch_norm=False
            ),
            r1=1.0,
        ),
        "spectral norm in D, no batch norm": base.but(discriminator=spectral_discriminator),
        "D sees everything shifted by up to 3 pixels": base.but(augment=augment.translate),
    }


def ablation(fresh, seconds=60):
    """Each variant for the same time."""
    file = RESULTS / "ablation.csv"
    if fresh:
        file.unlink(missing_ok=True)
    compare(variants(), file, Scorer("mnist"), seconds)


def compare(recipes, file, scorer, seconds):
    """Each recipe for the same time, those aside that the file has already."""
    done = {row["recipe"] for row in read(file)}
    for name, recipe in recipes.items():
        if name not in done:
            seed = 2 if "another seed" in name else 1
            measure(name, recipe, (seconds,), file, scorer, seed)


def frogs(fresh, part, seconds=100):
    """Each of `frog_variants` for the same time on one core, a core for each.

    Args:
        part: None starts a process for each core; "0/2" is the first of two such processes.
    """
    file = RESULTS / "frogs.csv"
    if part is None:
        if fresh or not file.exists():
            write(file, [])
        count = len(os.sched_getaffinity(0))
        command = [sys.executable, __file__, "frogs", "--threads", "1", "--part"]
        started = [subprocess.Popen([*command, f"{k}/{count}"]) for k in range(count)]
        if any([process.wait() for process in started]):
            raise SystemExit("A part stopped; the same command does what is missing.")
        order = list(frog_variants())
        write(file, sorted(read(file), key=lambda row: order.index(row["recipe"])))
        return
    first, count = map(int, part.split("/"))
    mine = dict(list(frog_variants().items())[first::count])
    compare(mine, file, Scorer("cifar10_frogs"), seconds)


def table():
    """What the results say."""
    for file in (RESULTS / "curves.csv", RESULTS / "ablation.csv", RESULTS / "frogs.csv"):
        for row in read(file):
            print(line(row))
        print()
    rows = read(RESULTS / "curves.csv")
    original = [row for row in rows if row["recipe"] == "03 original"]
    if original:
        goal = float(original[-1]["frechet"])
        for row in rows:
            if row["recipe"] == "03 laptop" and float(row["frechet"]) <= goal:
                ratio = float(original[-1]["seconds"]) / float(row["seconds"])
                print(
                    f"What the MNIST tutorial reaches in {original[-1]['seconds']} s (Fréchet "
                    f"{goal:.1f}), the laptop recipe reaches in at most {row['seconds']} s: "
                    f"{ratio:.0f} times sooner."
                )
                break
    draw(rows)


def ablation_markdown(name="ablation"):
    """An ablation as its lesson shows it: "ablation" in lesson 08, "frogs" in lesson 04."""
    rows = read(RESULTS / f"{name}.csv")
    columns = {"Fréchet": "frechet", "precision": "precision", "recall": "recall", "grid": "grid"}
    columns = {head: key for head, key in columns.items() if rows and rows[0][key]}
    lines = [
        f"| what is changed | steps | {' | '.join(columns)} |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for row in rows:
        numbers = " | ".join(f"{float(row[key]):.2f}" for key in columns.values())
        lines.append(f"| {row['recipe']} | {int(row['steps']):,} | {numbers} |")
    return "\n".join(lines)


def curves_markdown(times=(15, 45, 60, 120, 300, 600, 1200, 1500)):
    """The curves as the README shows them: Fréchet distances after growing times."""
    heads = [f"{t} s" if t < 60 else f"{t // 60} min" for t in times]
    lines = [
        f"| recipe | {' | '.join(heads)} | precision, recall at the end |",
        "|---" * (len(times) + 2) + "|",
    ]
    names = {
        "02": "Lesson 02, Fashion-MNIST",
        "03": "Lesson 03, MNIST",
        "04": "Lesson 04, frogs",
    }
    rows = read(RESULTS / "curves.csv")
    for name in sorted({row["recipe"] for row in rows}, key=lambda n: (n[:2], "original" in n, n)):
        mine = {float(row["seconds"]): row for row in rows if row["recipe"] == name}
        cells = []
        for t in times:  # a row may end a few steps late
            nearest = min(mine, key=lambda seconds: abs(seconds - t))
            near = abs(nearest - t) <= max(5, 0.1 * t)
            cells.append(f"{float(mine[nearest]['frechet']):.1f}" if near else "")
        last = mine[max(mine)]
        ends = f"{float(last['precision']):.2f}, {float(last['recall']):.2f}"
        lines.append(f"| {names[name[:2]]}: {name[3:]} | {' | '.join(cells)} | {ends} |")
    return "\n".join(lines)


def draw(rows):
    """The curves as docs/quality.png."""
    from dcgan_course.display.animations import new_figure

    if not rows:
        return
    figure = new_figure((9, 3.4), dpi=100)
    titles = {"02": "Fashion-MNIST", "03": "MNIST", "04": "frogs"}
    panels = figure.subplots(1, 3)
    for axes, (lesson, title) in zip(panels, titles.items(), strict=True):
        for kind in ("laptop", "original"):
            mine = [row for row in rows if row["recipe"] == f"{lesson} {kind}"]
            x = [float(row["seconds"]) / 60 for row in mine]
            axes.loglog(x, [float(row["frechet"]) for row in mine], ".-", label=kind)
        axes.set(title=title, xlabel="minutes of training")
        axes.grid(alpha=0.3, which="both")
    panels[0].set_ylabel("Fréchet distance (lower is better)")
    panels[0].legend()
    path = Path(__file__).parents[1] / "docs" / "quality.png"
    figure.savefig(path)
    print(f"Drawn: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


def median_seconds(function, repeats=5):
    """Median seconds of a call."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))


def speed():
    """Ratios that need no long training: steps, arithmetic."""
    import tensorflow as tf

    from dcgan_course.networks.layers import multiplications
    from dcgan_course.training.recipes import RECIPES

    a = tf.random.normal((2048, 2048))
    product = tf.function(lambda: tf.reduce_sum(a @ a))
    product()
    rate = 2048**3 / median_seconds(product)
    print(f"matrix product: {rate / 1e9:.0f} billion multiplications a second")
    times = {}
    for name in RECIPES:
        recipe = RECIPES[name]
        gan = recipe.build(seed=1)
        shape = (recipe.batch_size, *gan.discriminator.input_shape[1:])
        batch = tf.random.uniform(shape, -1, 1)
        step = tf.function(gan.train_step)
        step(batch)
        times[name] = median_seconds(lambda step=step, batch=batch: step(batch))
        g, d = (
            sum(map(multiplications, network.layers))
            for network in (gan.generator, gan.discriminator)
        )
        # Forward, and twice that backward: G once, D on real and fake, and D's input gradient.
        work = recipe.batch_size * (3 * g + 2 * 3 * d + d)
        print(
            f"{name}: {1 / times[name]:.1f} steps a second, {recipe.batch_size / times[name]:.0f} "
            f"images, {work / times[name] / 1e9:.0f} billion multiplications a second, "
            f"{work / times[name] / rate:.0%} of the matrix product's rate"
        )
    for lesson, others in original_steps().items():
        ours, theirs = others
        ratio = np.median([median_seconds(theirs, 3) / median_seconds(ours, 3) for _ in range(5)])
        print(f"{lesson}: the original's step takes {ratio:.2f} times as long as the course's")
    format_ratio()
    thread_ratio()
    torch_ratio()
    scoring_time()


def scoring_time():
    """How long all metrics take for 10,000 images against 10,000."""
    from dcgan_course.data.drawn.digits import draw_digits
    from dcgan_course.evaluation.features import load_extractor
    from dcgan_course.evaluation.metrics import evaluate

    sets = [draw_digits(10_000, seed=seed)[0][..., None] / np.float32(127.5) - 1 for seed in (1, 2)]
    extractor = load_extractor("mnist")
    extractor.features(sets[0][:500])  # compiles
    started = time.perf_counter()
    evaluate(*sets, extractor)
    print(f"all metrics on 10,000 images of 28 × 28: {time.perf_counter() - started:.0f} seconds")


def lean_step(policy):
    """The laptop recipe's step on a random batch, as a function without arguments."""
    import keras
    import tensorflow as tf

    from dcgan_course.training.recipes import RECIPES

    keras.mixed_precision.set_global_policy(policy)
    recipe = RECIPES["03 laptop"]
    step = tf.function(recipe.build(seed=1).train_step)
    keras.mixed_precision.set_global_policy("float32")
    batch = tf.random.uniform((recipe.batch_size, 28, 28, 1), -1, 1)
    step(batch)
    return lambda: step(batch)


def format_ratio():
    """What bfloat16 brings on this processor."""
    from dcgan_course.networks.layers import fast_policy

    half, full = lean_step("mixed_bfloat16"), lean_step("float32")
    ratio = np.median([median_seconds(half) / median_seconds(full) for _ in range(5)])
    print(
        f"laptop step in mixed_bfloat16: {ratio:.2f} times the seconds of float32; "
        f"the lessons take {fast_policy()} here"
    )


def thread_ratio():
    """What the second core brings: the same step in processes with one thread and with all."""
    seconds = {
        threads: float(
            subprocess.run(
                [sys.executable, __file__, "step", "--threads", str(threads)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.split()[-1]
        )
        for threads in (1, os.cpu_count() or 1)
    }
    alone, together = seconds[1], seconds[os.cpu_count() or 1]
    print(f"laptop step on one thread: {alone / together:.2f} times the seconds of all cores")


def original_steps():
    """Steps as the originals take them, beside the course's on the same networks."""
    import keras
    import tensorflow as tf

    from dcgan_course.networks.losses import discriminator_loss, generator_loss
    from dcgan_course.training.recipes import RECIPES

    recipe = RECIPES["02 original"]
    gan, other = recipe.build(seed=1), recipe.build(seed=1)
    batch = tf.random.uniform((recipe.batch_size, 28, 28, 1), -1, 1)
    ours = tf.function(gan.train_step)

    @tf.function
    def theirs(real):  # fakes for D in inference mode, then G once more
        z = tf.random.normal((len(batch), other.latent_dim))
        fakes = other.generator(z)
        with tf.GradientTape() as tape:
            real_logits = other.discriminator(real, training=True)
            loss = discriminator_loss(real_logits, other.discriminator(fakes, training=True))
        weights = other.discriminator.trainable_variables
        other.d_optimizer.apply(tape.gradient(loss, weights), weights)
        with tf.GradientTape() as tape:
            fakes = other.generator(z, training=True)
            loss = generator_loss(other.discriminator(fakes, training=True))
        weights = other.generator.trainable_variables
        other.g_optimizer.apply(tape.gradient(loss, weights), weights)

    pairs = {"lesson 02": (lambda: ours(batch), lambda: theirs(batch))}

    # Lesson 04's loop, on the lean networks: predict, train_on_batch, train_on_batch.
    recipe = RECIPES["02 laptop"]
    lean = recipe.build(seed=1)
    lean_step = tf.function(lean.train_step)
    generator, discriminator = recipe.generator(), recipe.discriminator()
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    discriminator.compile(keras.optimizers.RMSprop(1e-4), entropy)
    combined = keras.Sequential([generator, discriminator])
    combined.compile(keras.optimizers.RMSprop(1e-4), entropy)
    size = recipe.batch_size
    images = np.random.default_rng(0).uniform(-1, 1, (size, 28, 28, 1)).astype("float32")
    labels = np.concatenate([np.ones((size, 1)), np.zeros((size, 1))])

    rng = np.random.default_rng(1)

    def loop():
        z = rng.normal(size=(size, generator.input_shape[1]))
        fakes = generator.predict(z, verbose=0)
        discriminator.train_on_batch(np.concatenate([images, fakes]), labels)
        combined.train_on_batch(z, np.ones((size, 1)))

    loop()
    theirs(batch)
    ours(batch)
    lean_step(tf.constant(images))
    pairs["lesson 04's loop, lean networks"] = (lambda: lean_step(tf.constant(images)), loop)
    return pairs


def torch_ratio():
    """The lean step in PyTorch, where it is installed."""
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: no comparison with it.")
        return
    import tensorflow as tf
    from torch import nn

    from dcgan_course.training.recipes import RECIPES

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    g = nn.Sequential(
        nn.Linear(64, 512, bias=False), nn.BatchNorm1d(512), nn.ReLU(),
        nn.Linear(512, 3136, bias=False), nn.Unflatten(1, (64, 7, 7)), nn.BatchNorm2d(64),
        nn.ReLU(), nn.ConvTranspose2d(64, 32, 4, 2, 1, bias=False), nn.BatchNorm2d(32),
        nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    d = nn.Sequential(
        nn.Conv2d(1, 32, 5, 2, 2), nn.BatchNorm2d(32), nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 5, 2, 2), nn.BatchNorm2d(64), nn.LeakyReLU(0.2), nn.Flatten(),
        nn.Linear(3136, 512), nn.BatchNorm1d(512), nn.LeakyReLU(0.2), nn.Linear(512, 1),
    )  # fmt: skip
    g_optimizer, d_optimizer = (
        torch.optim.Adam(network.parameters(), 1e-3, betas=(0.5, 0.999)) for network in (g, d)
    )
    images = torch.rand(64, 1, 28, 28) * 2 - 1

    def torch_step():
        fakes = g(torch.randn(64, 64))
        real_logits, fake_logits = d(images), d(fakes)
        d_loss = (nn.functional.softplus(-real_logits) + nn.functional.softplus(fake_logits)).mean()
        g_loss = nn.functional.softplus(-fake_logits).mean()
        d_gradients = torch.autograd.grad(d_loss, list(d.parameters()), retain_graph=True)
        g_gradients = torch.autograd.grad(g_loss, list(g.parameters()))
        for network, gradients in ((d, d_gradients), (g, g_gradients)):
            for weight, gradient in zip(network.parameters(), gradients, strict=True):
                weight.grad = gradient
        d_optimizer.step()
        g_optimizer.step()

    gan = RECIPES["03 laptop"].but(average=None).build(seed=1)
    step = tf.function(gan.train_step)
    batch = tf.random.uniform((64, 28, 28, 1), -1, 1)
    step(batch)
    torch_step()
    ratio = np.median(
        [median_seconds(torch_step, 5) / median_seconds(lambda: step(batch), 5) for _ in range(5)]
    )
    print(f"lean networks in PyTorch {torch.__version__}: {ratio:.2f} times the course's seconds")


def processor():
    """The processor's name, as far as the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    return next((x.split(":")[1].strip() for x in text.splitlines() if "model name" in x), "CPU")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "what", choices=("curves", "ablation", "frogs", "speed", "table", "markdown", "step")
    )
    parser.add_argument("--threads", type=int, help="for `step`, which prints its seconds")
    parser.add_argument("--lesson", help="for `curves`: that lesson alone, such as 04")
    parser.add_argument("--part", help="for `frogs`, which starts its parts itself")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    options = parser.parse_args()
    if options.what == "markdown":
        print(curves_markdown(), ablation_markdown(), ablation_markdown("frogs"), sep="\n\n")
        return
    # TensorFlow takes the number of its threads before it has computed anything.
    threads = options.threads or 0
    import_quietly(lambda tf: tf.config.threading.set_intra_op_parallelism_threads(threads))
    from dcgan_course.networks.layers import fast_policy

    if options.what == "step":
        print(median_seconds(lean_step(fast_policy()), 25))
        return

    print(f"{processor()}, {os.cpu_count()} cores, laptop recipes in {fast_policy()}")
    if options.what == "curves":
        curves(options.fresh, options.lesson)
    elif options.what == "ablation":
        ablation(options.fresh)
    elif options.what == "frogs":
        frogs(options.fresh, options.part)
    elif options.what == "speed":
        speed()
    if options.what != "speed" and not options.part:
        table()


if __name__ == "__main__":
    main()
