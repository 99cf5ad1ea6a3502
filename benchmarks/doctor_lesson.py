"""Does the Doctor name lesson 05's failures? The lesson's own runs over several seeds.

    python benchmarks/doctor_lesson.py              every case at the lesson's size, three seeds
    python benchmarks/doctor_lesson.py --seeds 1    fewer
    python benchmarks/doctor_lesson.py collapse     cases whose name contains a word

Every case is a run of the lesson's own functions, taken out of the notebook. The table says
how often the Doctor was sure of what is wrong and of nothing else, and what it found how often.
`doctor.py` tries it on many more kinds of runs.
"""

import argparse
import ast
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from dcgan_course.quiet import import_quietly

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "05_training_pitfalls.ipynb"


def lesson_functions(seed, names):
    """The functions and classes that lesson 05 defines, without running its experiments.

    Args:
        seed: of the lesson.
        names: what else they find under their global names, in place of the lesson's own; see
            `given`.
    """
    namespace = names | {"lesson": SimpleNamespace(seed=seed)}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or "%pip" in source:
            continue
        kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
        body = [
            node
            for node in ast.parse(source).body
            if isinstance(node, kept) and getattr(node, "name", None) not in names
        ]
        exec(compile(ast.Module(body, []), NOTEBOOK.name, "exec"), namespace)
    return SimpleNamespace(**namespace)


def given(digits, unseen, frogs, steps=400, ring_steps=3000):
    """What the lesson's functions find under their global names.

    Args:
        digits, unseen, frogs: images to train on, to hold out, and in color.
        steps, ring_steps: of a run on images, and of one on the ring.
    """
    import tensorflow as tf

    from dcgan_course.training.games import RingGame

    ring, scale = RingGame(), 2.4
    points = np.asarray(ring.real(20_000, seed=5)) / scale
    return {
        "digits": digits,
        "unseen": unseen,
        "frogs": frogs,
        "STEPS": steps,
        "EAGER": False,
        "ring": ring,
        "SCALE": scale,
        "points": points,
        "batches": tf.data.Dataset.from_tensor_slices(points)
        .repeat()
        .shuffle(20_000, seed=5)
        .batch(128),
        "ring_z": tf.random.stateless_normal((2000, 2), seed=[5, 5]),
        "RING_STEPS": ring_steps,
    }


def play(lesson, d_hidden=64, **settings):
    """Train on lesson 01's ring with lesson 05's `train`. Returns (gan, doctor)."""
    from dcgan_course.training.toys import small_network

    def networks():
        return small_network(2, 2, hidden=64), small_network(2, 1, hidden=d_hidden)

    settings |= {"data": lesson.batches, "steps": lesson.RING_STEPS}
    return lesson.train(lesson.points, networks, **settings)


@dataclass
class Case:
    """One way to train, and what should be said of it.

    Attributes:
        run: trains, and returns (gan, doctor, …).
        wanted: names of which the doctor should be sure of one; none for a healthy run.
        beside: what it may be sure of as well.
        doctors: of the runs so far.
    """

    run: object
    wanted: tuple = ()
    beside: tuple = ()
    doctors: list = field(default_factory=list)

    def right(self):
        """In how many runs the doctor was sure of what is wrong, and of nothing else."""
        count = 0
        for doctor in self.doctors:
            sure = {finding.name for finding in doctor.findings if finding.sure}
            named = bool(sure & set(self.wanted)) == bool(self.wanted)
            count += named and sure <= {*self.wanted, *self.beside}
        return count

    def found(self, sure):
        """Names that were found, with how often."""
        names = [f.name for doctor in self.doctors for f in doctor.findings if f.sure == sure]
        return ", ".join(f"{name} {count}" for name, count in Counter(names).most_common()) or "–"


def cases(lesson):
    """The runs by name, from the lesson's functions."""
    train, sharp = lesson.train, lesson.sharp_networks
    few, steps = lesson.digits[:128], lesson.STEPS

    def color_networks():
        return lesson.small_networks((32, 32, 3))

    def gray(images, seed):
        mean = lesson.tf.reduce_mean(images, axis=3, keepdims=True)
        return lesson.tf.repeat(mean, 3, axis=3)

    strong = dict(networks=sharp, d_rate=2e-3, g_rate=2e-4)

    runs = {
        "healthy": (lambda: train(held_out=lesson.unseen), ()),
        "healthy, smoothing 0.1": (lambda: train(label_smoothing=0.1), ()),
        "healthy, ring": (lambda: play(lesson), ()),
        "D's rate 0": (lambda: train(d_rate=0.0), ("frozen_d",)),
        "D's rate / 1000": (lambda: train(d_rate=1e-6), ("frozen_d",)),
        "G's rate / 1000": (lambda: train(g_rate=1e-6), ("frozen_g",)),
        "saturating loss": (lambda: train(loss="minimax", **strong), ("flat_loss",)),
        "strong D": (lambda: train(networks=sharp, d_rate=1e-2, g_rate=3e-5), ("d_too_strong",)),
        "no batch norm": (lambda: train(networks=sharp), ("mode_collapse",)),
        "fast G, ring": (lambda: play(lesson, g_rate=5e-3, d_rate=5e-4), ("mode_collapse",)),
        "range": (lambda: train(lesson.half_range(lesson.digits)), ("range",)),
        "inference mode": (lambda: train(kind=lesson.InferenceFakes), ("mode_gap",)),
        "never frozen": (lambda: train(kind=lesson.NeverFrozen), ("agreeing_d",)),
        "smoothing 0.5": (lambda: train(label_smoothing=0.5), ("soft_labels",)),
        "label noise 0.9": (lambda: train(label_noise=0.9), ("noisy_labels",)),
        "flipped labels": (lambda: train(kind=lesson.Flipped), ("flipped_labels",)),
        # A rate as high as that ends in one picture, or in a few.
        "rate 0.03": (lambda: train(g_rate=3e-2, d_rate=3e-2), ("dead_g", "mode_collapse")),
        "D sees gray": (
            lambda: train(lesson.frogs, color_networks, augment=gray),
            ("color",),
            ("grid",),  # which young frogs have in any case
        ),
        "128 images": (
            lambda: train(few, held_out=lesson.unseen, steps=2 * steps),
            ("memory",),
        ),
        "rate 1e12": (lambda: train(g_rate=1e12, d_rate=1e12), ("not_finite",)),
    }
    return {name: Case(*case) for name, case in runs.items()}


def confusion(seeds, chosen=lambda name: True, progress=print, **names):
    """Run the cases whose names are chosen, for each seed. Returns them by name."""
    table = {}
    for seed in seeds:
        for name, case in cases(lesson_functions(seed, names)).items():
            if not chosen(name):
                continue
            begun = time.perf_counter()
            doctor = case.run()[1]
            table.setdefault(name, case).doctors.append(doctor)
            said = [f.name + ("" if f.sure else "?") for f in doctor.findings] or ["nothing"]
            seconds = time.perf_counter() - begun
            progress(f"{name:>24}, seed {seed}: {', '.join(said)} ({seconds:.0f} s)")
    return table


def markdown(table):
    """The confusion table: a line for each case, how often which finding came."""
    lines = ["| run | right | sure of | not sure of |", "|---|---|---|---|"]
    for name, case in table.items():
        right = f"{case.right()} of {len(case.doctors)}"
        lines.append(f"| {name} | {right} | {case.found(True)} | {case.found(False)} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only cases whose name contains one of these")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    import_quietly()

    from dcgan_course import load_images

    table = confusion(
        range(options.seeds),
        lambda name: not options.words or any(word in name for word in options.words),
        progress=lambda line: print(line, file=sys.stderr, flush=True),
        **given(
            digits=load_images("mnist").images,
            unseen=load_images("mnist", "test").images,
            frogs=load_images("cifar10_frogs").images,
        ),
    )
    print(markdown(table))


if __name__ == "__main__":
    main()
