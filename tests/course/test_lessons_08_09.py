"""Lessons 08 and 09: what their text says in numbers is what their cells have printed.

Mirrors no module: it tests notebooks/08_evaluating_gans.ipynb and 09_latent_explorer.ipynb.
"""

import csv
import re

from helpers import ROOT, read_notebook

LESSON_08 = ROOT / "notebooks" / "08_evaluating_gans.ipynb"
LESSON_09 = ROOT / "notebooks" / "09_latent_explorer.ipynb"


def cell(path, name):
    return next(cell for cell in read_notebook(path)["cells"] if cell["id"] == name)


def text(path, name):
    """A cell's source, in one line."""
    return " ".join("".join(cell(path, name)["source"]).split())


def said(path, name):
    """What a code cell has printed when the notebook was stored."""
    outputs = cell(path, name)["outputs"]
    return "".join("".join(out["text"]) for out in outputs if out["output_type"] == "stream")


def table(path, name):
    """What `print_table` of lesson 08 has printed: {row: {column: number}}."""
    head, *lines = said(path, name).splitlines()
    columns = head.split()
    rows = {line[:32].strip(): map(float, line[32:].split()) for line in lines}
    return {row: dict(zip(columns, numbers, strict=True)) for row, numbers in rows.items()}


# --- lesson 08 ------------------------------------------------------------------------


def test_samples_improve_while_the_inception_score_praises_ten_images():
    by_pixels, by_features = re.findall(r"(\d+)% ", said(LESSON_08, "cell-09"))
    assert f"By pixels, {by_pixels}%" in text(LESSON_08, "features-read")
    assert f"By features it is {by_features}%" in text(LESSON_08, "features-read")
    real, _, ten = map(float, re.findall(r"score (\d+\.\d+)", said(LESSON_08, "cell-11")))
    assert ten > real


def test_two_kinds_of_damage_have_nearly_the_same_distance():
    found = dict(re.findall(r"against (.*?) +: +(\d+\.\d+)", said(LESSON_08, "cell-17")))
    moved, noisy = float(found["moved by 2 pixels"]), float(found["noise of 0.3"])
    assert abs(moved - noisy) < 0.2 * noisy
    assert float(found["unchanged"]) < 0.5 < min(moved, noisy)


def test_truncation_does_what_the_text_says():
    rows = table(LESSON_08, "cell-26")
    low, one, high = (rows[f"ψ = {psi}"] for psi in ("0.3", "1.0", "1.5"))
    prose = text(LESSON_08, "cell-29")
    assert f"from {high['precision']:.2f} to {low['precision']:.2f}" in prose
    assert f"from {high['recall']:.2f} to {low['recall']:.2f}" in prose
    assert f"{low['precision']:.0%} plausible" in prose
    assert 1.7 < low["density"] < 2  # almost twice that of real clothes
    distances = [row["Fréchet"] for row in rows.values()]
    assert min(distances) == one["Fréchet"]
    assert max(distances) == low["Fréchet"]
    assert "six settings" in prose
    assert len(rows) == 6
    precisions = [row["precision"] for row in rows.values()]
    assert precisions == sorted(precisions, reverse=True)


def test_gray_squares_fool_precision_and_density_but_not_recall():
    rows = table(LESSON_08, "fooled-table")
    squares, real = rows["B: gray squares"], rows["other real clothes"]
    assert squares["precision"] == 1
    assert squares["density"] > real["density"]
    assert squares["recall"] == squares["coverage"] == 0
    mixed = rows["real, one in five a gray square"]
    assert mixed["precision"] > real["precision"]
    assert abs(mixed["recall"] - real["recall"]) < 0.05
    small = dict(
        re.findall(
            r"^(.*?) +precision in small balls (\S+)", said(LESSON_08, "fooled-remedy"), re.M
        )
    )
    assert float(small["B: gray squares"]) == 0
    numbers = [*small.values(), *(f"{squares[name]:.2f}" for name in ("precision", "density"))]
    prose = text(LESSON_08, "fooled-read") + text(LESSON_08, "fooled-remedy-read")
    quoted = set(re.findall(r"\b\d\.\d\d\b", prose))
    known = {f"{number:.2f}" for row in rows.values() for number in row.values()} | set(numbers)
    assert quoted
    assert quoted <= known


def test_the_search_for_copies_goes_through_all_training_images():
    printed = said(LESSON_08, "cell-31")
    assert "60,000 training images" in printed
    found = dict((name, float(x)) for x, name in re.findall(r"(\d\.\d+) for (.*)", printed))
    assert found["the cheat"] < 0.1 < found["new real digits"]
    quoted = set(re.findall(r"\b0\.\d\d\b", text(LESSON_08, "cell-33")))
    assert quoted <= {f"{value:.2f}" for value in found.values()}
    rows = table(LESSON_08, "cheat")
    assert rows["the cheat"]["Fréchet"] < rows["G that ships with the course"]["Fréchet"]


def test_the_chart_of_lesson_08_shows_what_was_measured():
    with (ROOT / "benchmarks" / "results" / "ablation.csv").open(newline="", encoding="utf-8") as f:
        measured = {row["recipe"]: round(float(row["frechet"]), 2) for row in csv.DictReader(f)}
    names = {}
    exec("".join(cell(LESSON_08, "ablation-rows")["source"]), names)
    assert {" ".join(name.split()): score for name, score in names["scores"].items()} == measured
    assert sum(score < 1.1 for score in measured.values()) == 7
    assert "seven shortest bars" in text(LESSON_08, "ablation-read")


# --- lesson 09 ------------------------------------------------------------------------
