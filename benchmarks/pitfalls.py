"""What R1 does to a GAN on the ring: the table of lesson 05.

    python benchmarks/pitfalls.py               train what is missing in results/pitfalls.csv
    python benchmarks/pitfalls.py --table       show the results as the lesson's table
    python benchmarks/pitfalls.py --seeds 6 R1  one seed, and cases whose name contains a word

Every case is a run of the lesson's own `train`, taken out of the notebook, on lesson 01's ring: 20
seconds on one core.
"""

import argparse
import csv
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

from dcgan_course.machine import print_every_character
from dcgan_course.quiet import import_quietly

RESULTS = Path(__file__).parent / "results" / "pitfalls.csv"
COLUMNS = ("case", "seed", "steps", "modes", "good", "d_fake", "g_gradient", "doctor")
SEEDS = (5, 6, 7)
STEPS = 3000

FAST_G = dict(g_rate=5e-3, d_rate=5e-4)
CASES = {
    "G ten times as fast": FAST_G,
    "G ten times as fast, R1 with γ = 1": dict(r1=1.0, **FAST_G),
    "equal rates": {},
    "equal rates, R1 with γ = 1": dict(r1=1.0),
}


def read(path=RESULTS):
    """The rows that have been measured, as dictionaries of text."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(rows, path=RESULTS):
    """Write rows in the order of the cases and seeds."""
    order = {name: place for place, name in enumerate(CASES)}
    rows = sorted(rows, key=lambda row: (order[row["case"]], int(row["seed"])))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def measure(name, seed):
    """Train one case. Returns its row."""
    from doctor_lesson import given, lesson_functions, play

    # The ring needs no images; they are asked for as defaults.
    lesson = lesson_functions(seed, given(None, None, None, ring_steps=STEPS))
    gan, doctor = play(lesson, **CASES[name])
    modes, good = lesson.ring.modes_covered(lesson.SCALE * gan.sample(lesson.ring_z))
    last, found = doctor.rows[-1], [f.name + "?" * (not f.sure) for f in doctor.findings]
    row = {"case": name, "seed": seed, "steps": STEPS, "modes": modes, "good": f"{good:.3f}"}
    row |= {name: f"{last[name]:.2e}" for name in ("d_fake", "g_gradient")}
    return {**row, "doctor": " ".join(found)}


def values(name, column, rows=None):
    """A column of one case as numbers, a number for each seed."""
    rows = read() if rows is None else rows
    return [float(row[column]) for row in rows if row["case"] == name]


def span(numbers, form):
    """The smallest and the largest number as text: "5 to 7", or "8"."""
    ends = [form.format(end) for end in (min(numbers), max(numbers))]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def table_line(name, label, rows=None):
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
    options = parser.parse_args()
    print_every_character()
    rows = read()
    if not options.table:
        import_quietly()
        done = {(row["case"], int(row["seed"])) for row in rows}
        for seed in options.seeds:
            for name in CASES:
                wanted = not options.words or any(word in name for word in options.words)
                if wanted and (name, seed) not in done:
                    rows.append(measure(name, seed))
                    print(", ".join(f"{key} {value}" for key, value in rows[-1].items()))
                    write(rows)
    for name in CASES:
        if any(row["case"] == name for row in rows):
            print(table_line(name, name, rows))


if __name__ == "__main__":
    main()
