"""Which numbers of threads train fastest on this machine's CPU?

    python benchmarks/threads.py                                  a quarter of an hour
    python benchmarks/threads.py --rounds 1 --seconds 2 "04 laptop"

"Intra" is the number of threads that share one operation, "inter" the number of operations that
run at a time. TensorFlow fixes both when it starts, so every measurement has a process of its
own. The settings take turns: a machine that becomes slower for a while slows all of them down,
and each is compared with TensorFlow's default of the same round only.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from dcgan_course.machine import cores
from dcgan_course.quiet import import_quietly

RECIPES = ("04 laptop", "06 laptop", "02 original", "04 original")
DEFAULT = (0, 0)
SETTINGS = (DEFAULT, (1, 2), (1, 1), (2, 1))


def steps_a_second(name, seconds):
    """Train by a recipe on random images for so many seconds. Returns the steps per second."""
    import tensorflow as tf

    from dcgan_course.training.recipes import RECIPES

    tf.config.experimental.enable_op_determinism()  # as in the lessons
    recipe = RECIPES[name]
    gan = recipe.build(seed=1)
    step = tf.function(gan.train_step)
    batch = tf.random.uniform((recipe.batch_size, *gan.discriminator.input_shape[1:]), -1, 1)
    step(batch)  # compiles
    count, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        step(batch)
        count += 1
    return count / (time.perf_counter() - begun)


def in_a_process(name, setting, seconds):
    """Measure one setting in a process of its own. Returns the steps per second."""
    options = ["--measure", *map(str, setting), "--seconds", str(seconds), name]
    done = subprocess.run(
        [sys.executable, __file__, *options],
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    return float(done.stdout.split()[-1])


def alternate(names, rounds, seconds, measure=in_a_process):
    """Measure every setting once in each round.

    Returns:
        A dictionary: the steps per second of all rounds, by recipe and setting.
    """
    found = {(name, setting): [] for name in names for setting in SETTINGS}
    for _ in range(rounds):
        for name, setting in found:
            found[name, setting].append(measure(name, setting, seconds))
    return found


def report(found):
    """Return a line for each recipe and setting: its speed, and the ratio to the default's."""
    for (name, setting), rates in found.items():
        ratios = np.divide(rates, found[name, DEFAULT])
        label = (
            "TensorFlow's default" if setting == DEFAULT else "{} intra, {} inter".format(*setting)
        )
        yield (
            f"{name:<12} {label:<21} {np.median(rates):7.1f} steps a second, "
            f"{np.median(ratios):.2f} times the default ({min(ratios):.2f} to {max(ratios):.2f})"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="*", help=f"default: {', '.join(RECIPES)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="of one measurement")
    parser.add_argument("--measure", nargs=2, type=int, metavar=("INTRA", "INTER"))
    options = parser.parse_args()
    if options.measure is None:
        print(f"{cores()} cores, {options.rounds} rounds")
        found = alternate(options.recipes or RECIPES, options.rounds, options.seconds)
        print("\n".join(report(found)))
        return

    def configure(tf):
        intra, inter = options.measure
        tf.config.threading.set_intra_op_parallelism_threads(intra)
        tf.config.threading.set_inter_op_parallelism_threads(inter)

    import_quietly(configure)
    print(steps_a_second(options.recipes[0], options.seconds))


if __name__ == "__main__":
    main()
