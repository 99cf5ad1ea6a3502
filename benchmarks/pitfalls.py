"""What lesson 05 concludes about methods, over several seeds: failures beside their cures.

    python benchmarks/pitfalls.py               train what is missing in results/pitfalls.csv
    python benchmarks/pitfalls.py --table       show the results as the lesson's tables
    python benchmarks/pitfalls.py --seeds 6 ring    one seed, and cases whose name contains a word

Every digit case is a run of the lesson's own `train`, taken out of the notebook; the ring is
lesson 01's. All cases and three seeds take about ten minutes on one core.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

from dcgan_course.quiet import import_quietly

RESULTS = Path(__file__).parent / "results" / "pitfalls.csv"
COLUMNS = ("case", "seed", "steps", "distance", "rarest", "d_fake", "g_gradient", "modes", "good")
COLUMNS += ("doctor",)
SEEDS = (5, 6, 7)
STEPS, RING_STEPS, SAMPLES = 400, 3000, 2000

STRONG = dict(g_rate=2e-4, d_rate=2e-3)
FAST_G = dict(g_rate=5e-3, d_rate=5e-4)
# Cases by name: networks of the lesson and settings of its `train`; for the ring, those alone.
DIGITS = {
    "saturating loss, strong D": ("sharp", dict(loss="minimax", **STRONG)),
    "non-saturating loss, strong D": ("sharp", STRONG),
    "saturating loss, healthy balance": ("small", dict(loss="minimax")),
    "non-saturating loss, healthy balance": ("small", {}),
}
RING = {
    "ring, G ten times as fast": FAST_G,
    "ring, G ten times as fast, R1 with γ = 1": dict(r1=1.0, **FAST_G),
    "ring, equal rates": {},
    "ring, equal rates, R1 with γ = 1": dict(r1=1.0),
}


def read(path=RESULTS):
    """The rows that have been measured, as dictionaries of text."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(rows, path=RESULTS):
    """Write rows in the order of the cases and seeds."""
    order = {name: place for place, name in enumerate([*DIGITS, *RING])}
    rows = sorted(rows, key=lambda row: (order[row["case"]], int(row["seed"])))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


class Measure:
    """Trains a case and measures what comes of it."""

    def __init__(self):
        from dcgan_course import load_images
        from dcgan_course.evaluation.features import load_extractor

        self.digits = load_images("mnist").images
        unseen = load_images("mnist", "test").images
        self.extractor = load_extractor("mnist")
        self.real = self.extractor.features(unseen[:SAMPLES])
        self.z = np.random.default_rng(99).normal(size=(SAMPLES, 64)).astype("float32")

    def lesson(self, seed):
        """The lesson's functions, for this seed."""
        from doctor_lesson import given, lesson_functions

        names = given(self.digits, None, None, steps=STEPS, ring_steps=RING_STEPS)
        return lesson_functions(seed, names)

    def run(self, name, seed):
        """Train one case. Returns its row."""
        from doctor_lesson import play

        from dcgan_course import frechet_distance

        lesson = self.lesson(seed)
        row = {"case": name, "seed": seed}
        if name in RING:
            gan, doctor = play(lesson, **RING[name])
            modes, good = lesson.ring.modes_covered(lesson.SCALE * gan.sample(lesson.ring_z))
            row |= {"steps": RING_STEPS, "modes": modes, "good": f"{good:.3f}"}
        else:
            which, settings = DIGITS[name]
            gan, doctor = lesson.train(networks=getattr(lesson, f"{which}_networks"), **settings)
            samples = gan.sample(self.z)
            found = np.bincount(self.extractor.labels(samples), minlength=10) / SAMPLES
            distance = frechet_distance(self.real, self.extractor.features(samples))
            row |= {"steps": STEPS, "distance": f"{distance:.1f}", "rarest": f"{found.min():.3f}"}
        last = doctor.rows[-1]
        row |= {name: f"{last[name]:.2e}" for name in ("d_fake", "g_gradient")}
        said = [finding.name + "?" * (not finding.sure) for finding in doctor.findings]
        return {**row, "doctor": " ".join(said)}


def values(name, column, rows=None):
    """A column of one case as numbers, a number for each seed."""
    rows = read() if rows is None else rows
    return [float(row[column]) for row in rows if row["case"] == name]


def span(numbers, form):
    """The smallest and the largest number as text: "5 to 7", or "8"."""
    ends = [form.format(end) for end in (min(numbers), max(numbers))]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def digits_line(name, label, rows=None):
    """A line of the lesson's table: Fréchet distance, and the rarest class."""
    distance = span(values(name, "distance", rows), "{:.0f}")
    rarest = span([100 * value for value in values(name, "rarest", rows)], "{:.0f}%")
    return f"| {label} | {distance} | {rarest} |"


def ring_line(name, label, rows=None):
    """A line of the lesson's table: modes, good points, and the norm of G's gradient."""
    modes = span(values(name, "modes", rows), "{:.0f}")
    good = span([100 * value for value in values(name, "good", rows)], "{:.0f}%")
    gradient = span(values(name, "g_gradient", rows), "{:.2f}")
    return f"| {label} | {modes} | {good} | {gradient} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only cases whose name contains one of these")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--results", type=Path, default=RESULTS, help="another file")
    options = parser.parse_args()
    rows = read(options.results)
    if not options.table:
        import_quietly()
        measure = Measure()
        chosen = [
            (name, seed)
            for seed in options.seeds
            for name in (*DIGITS, *RING)
            if not options.words or any(word in name for word in options.words)
        ]
        done = {(row["case"], int(row["seed"])) for row in rows}
        for name, seed in [each for each in chosen if each not in done]:
            rows.append(measure.run(name, seed))
            print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
            write(rows, options.results)
    for cases, line in ((DIGITS, digits_line), (RING, ring_line)):
        for name in cases:
            if any(row["case"] == name for row in rows):
                print(line(name, name, rows))


if __name__ == "__main__":
    main()
