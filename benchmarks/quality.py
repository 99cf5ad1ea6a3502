"""Quality against training seconds: the lessons' recipes, original and for a laptop.

    python benchmarks/quality.py curves               each recipe, scored at growing times
    python benchmarks/quality.py ablation             lesson 03's with one thing changed
    python benchmarks/quality.py frogs                how lesson 04's recipe was found
    python benchmarks/quality.py table                what the results say, as text
    python benchmarks/quality.py markdown             as tables of the website and of lessons

Everything is measured in one run on one machine: seconds of training alone, without scoring.
Results are added to benchmarks/results/*.csv as they come, so that a run may be interrupted;
the same command does what is still missing. `--fresh` starts anew.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from frog_variants import frog_variants, spectral_discriminator
from results_text import ablation_markdown, curves_markdown, table
from scoring import RESULTS, Scorer, forget, measure, read, write
from speed import processor

from dcgan_course.machine import cores, print_every_character
from dcgan_course.quiet import import_quietly

LAPTOP_TIMES = (15, 30, 45, 60, 90, 120, 180, 300)
SHIPPED_TIMES = (*LAPTOP_TIMES, 600)  # of those whose generators ship
OTHER_TIMES = {
    "02 half the width": SHIPPED_TIMES,
    "03 half the width": SHIPPED_TIMES,
    "10 clothes": SHIPPED_TIMES,
    "10 digits": SHIPPED_TIMES,
    "02 original": (60, 300, 600),
    "03 original": (60, 300, 600, 900, 1200, 1500),
    "04 all frogs": (60, 120, 300, 600, 900, 1200, 1800, 2700),
    "04 original": (60, 300, 600, 1200),
}
KEPT_TIMES = {"04 all frogs": (300, 1200, 2700), "04 original": (1200,)}  # when images are kept


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


def curve(name, recipe, clock=time.perf_counter):
    """One recipe at growing times of a clock. Returns the trained `DCGAN` and its rows."""
    file = RESULTS / "curves.csv"
    forget(file, name)  # what an interrupted run has left
    times = OTHER_TIMES.get(name, LAPTOP_TIMES)
    keep = KEPT_TIMES.get(name, ())
    print(f"{name}: {times[-1] / 60:.0f} minutes of training, scored at {times} s", flush=True)
    return measure(name, recipe, times, file, Scorer(recipe.dataset), keep=keep, clock=clock)


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
        count = cores()
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


def main():
    print_every_character()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("curves", "ablation", "frogs", "table", "markdown"))
    parser.add_argument("--threads", type=int, default=0, help="0 for all")
    parser.add_argument("--lesson", help="for `curves`: that lesson alone, such as 04")
    parser.add_argument("--part", help="for `frogs`, which starts its parts itself")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    options = parser.parse_args()
    if options.what == "markdown":
        print(curves_markdown(), ablation_markdown(), ablation_markdown("frogs"), sep="\n\n")
        return
    # TensorFlow takes the number of its threads before it has computed anything.
    import_quietly(lambda tf: tf.config.threading.set_intra_op_parallelism_threads(options.threads))
    from dcgan_course.networks.layers import fast_policy

    print(f"{processor()}, {cores()} cores, laptop recipes in {fast_policy()}")
    if options.what == "curves":
        curves(options.fresh, options.lesson)
    elif options.what == "ablation":
        ablation(options.fresh)
    elif options.what == "frogs":
        frogs(options.fresh, options.part)
    if not options.part:
        table()


if __name__ == "__main__":
    main()
