"""Lesson 04 as a document: its words give the numbers that its cells and the benchmarks computed.

Mirrors no module: it tests notebooks/04_cifar10_frogs.ipynb.
"""

import csv
import re

import pytest
from helpers import ROOT, code_cells, prose, said

LESSON = ROOT / "notebooks" / "04_cifar10_frogs.ipynb"
TEXT = " ".join(prose(LESSON).split())


def results(name):
    with open(ROOT / "benchmarks" / "results" / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def judged(variant, seconds=None):
    """The scores of one generator, the moving average, or of real images."""
    (row,) = (
        row
        for row in results("frogs_judged.csv")
        if row["variant"] == variant
        and row["which"] in ("average", "real")
        and (seconds is None or int(float(row["seconds"])) == seconds)
    )
    return {key: float(row[key]) for key in ("frechet", "precision", "recall", "called_frogs")}


def scores():
    """What section 11 has printed, by the name of the row."""
    line = r"^(\S.*?) +frechet +([\d.]+) +precision +([\d.]+) +recall +([\d.]+) +grid ([\d.]+)$"
    return {name: tuple(map(float, rest)) for name, *rest in re.findall(line, said(LESSON), re.M)}


def claims(sentence):
    assert sentence in TEXT, sentence


def test_scores_in_the_text_are_those_that_were_printed():
    found = scores()
    chosen, random = found["real, plain backgrounds"], found["real frogs"]
    generated, raw = found["generated"], found["without moving average"]
    claims(
        f"real frogs on plain backgrounds have a distance of {chosen[0]:.1f}, "
        f"and random real frogs {random[0]:.1f}."
    )
    claims(f"most of $G$'s distance of {generated[0]:.1f} comes from $G$ itself")
    claims("Its precision equals that of the real frogs on plain backgrounds.")
    assert generated[1] == chosen[1]
    claims(f"Its recall is lower, {generated[2]} instead of {chosen[2]},")
    claims("the distance is about the same, and the grid is a little stronger.")
    assert raw[0] == pytest.approx(generated[0], rel=0.05)
    assert 0 < raw[3] - generated[3] < 0.5


def test_truncation_does_what_the_text_says():
    whole, truncated = (scores()[f"shipped, ψ = {psi}"] for psi in ("1.0", "0.7"))
    claims("The distance grows more than tenfold, and precision falls as well as recall.")
    assert truncated[0] > 10 * whole[0]
    assert truncated[1] < whole[1]
    assert truncated[2] < whole[2]


def test_table_of_the_blind_test_has_its_counts():
    rows = {row["generator"]: row for row in results("frogs_blind.csv")}
    table = re.findall(r"^\| (.*) \| (\d+) \| (\d+) \| (\d+) \|$", prose(LESSON), re.M)
    shown = [(label, list(counts)) for label, *counts in table if sum(map(int, counts)) == 64]
    names = [
        ("real, held out", "real held-out frogs, second look"),
        ("plain backgrounds, 12 minutes", "lesson, plain backgrounds"),
        ("all frogs, recompressed, 45", "lesson, as shipped, from recompressed images"),
    ]
    assert len(shown) == len(names)
    for (label, counts), (start, name) in zip(shown, names, strict=True):
        assert label.startswith(start)
        assert counts == [rows[name][answer] for answer in ("frog", "body", "nothing")]
        assert rows[name]["of"] == "64"
        minutes = re.search(r"(\d+) minutes", label)
        if minutes:
            assert round(float(rows[name]["seconds"]) / 60) == int(minutes[1])
    first = rows["real held-out frogs"]
    claims(f"in which {first['frog']} of {first['of']} real images were called frogs")
    claims("A fifth of the generated images passed as frogs.")
    assert round(64 / int(rows["lesson, plain backgrounds"]["frog"])) == 5


def test_the_generator_that_was_judged_is_the_one_that_ships():
    (row,) = (
        r for r in results("frogs_blind.csv") if r["generator"] == "lesson, plain backgrounds"
    )
    steps = int(row["images_seen"]) // 16
    assert f"{float(row['seconds']) / 60:.0f} minutes of CPU time, {steps:,} steps" in said(LESSON)


def test_the_feature_network_called_as_many_images_frogs_as_the_text_says():
    texture = judged("lesson, as shipped, from recompressed images")["called_frogs"]
    real = judged("real training images")["called_frogs"]
    claims(
        f"it called {texture:.0%} of the images in the last row frogs with confidence, "
        f"and {real:.0%} of real training images"
    )


def test_longer_training_changed_the_scores_as_the_text_says():
    short, long = (judged("lesson, plain backgrounds", seconds) for seconds in (700, 1500))
    claims(
        f"the distance falls from {short['frechet']:.1f} to {long['frechet']:.1f} and precision "
        f"rises from {short['precision']:.2f} to {long['precision']:.2f}. "
        f"But recall falls from {short['recall']:.2f} to {long['recall']:.2f},"
    )


def test_the_books_settings_are_compared_by_what_was_measured():
    curves = results("curves.csv")
    lean = {round(float(r["seconds"])): r for r in curves if r["recipe"] == "04 all frogs"}
    book = [r for r in curves if r["recipe"] == "04 original"][-1]
    claims(f"stripes have a distance of {float(book['frechet']):.1f}")
    one, two = (float(lean[seconds]["frechet"]) for seconds in (60, 120))
    claims(f"has {one:.1f} after one minute and {two:.1f} after two,")
    claims(f"20 minutes are enough for {book['steps']} steps.")
    assert 5.5 < float(book["seconds"]) / int(book["steps"]) < 6  # “nearly six seconds”
    assert round(10_000 * float(book["seconds"]) / int(book["steps"]) / 3600) == 16
    claims("The lean networks take almost 48,000 steps in that time.")
    assert 47_000 < int(lean[1200]["steps"]) < 48_000


def test_what_the_text_says_of_the_ablation_is_in_its_table():
    rows = {row["recipe"]: row for row in results("frogs.csv")}
    start = rows["starting point"]

    def distance(name):
        return float(rows[name]["frechet"])

    costly = ["twice the width", "batches of 64"]
    costly += ["one more doubling, to 32 × 32 × 32, and a convolution"]
    left = [int(rows[name]["steps"]) / int(start["steps"]) for name in costly]
    claims("only a third to four fifths of the steps")
    assert round(3 * min(left), 1) == 1
    assert round(5 * max(left)) == 4
    claims("their distances are more than twice as large")
    assert min(map(distance, costly)) > 2 * distance("starting point")
    claims(f"The distance of {distance('D frozen by its layers' + chr(39) + ' flags'):.0f} is")
    claims(f"and its distance is {distance('LeakyReLU in G'):.0f}.")
    other = distance("starting point, another seed")
    claims(f"it is {distance('starting point'):.1f}, and {other:.1f} with another seed")


def test_each_training_image_was_seen_as_often_as_the_text_says():
    steps = re.search(r"STEPS = pick\(smoke=\d+, laptop=(\d+)", "\n".join(code_cells(LESSON)))
    epochs = re.search(r"EPOCHS = pick\(smoke=\d+, laptop=(\d+)", "\n".join(code_cells(LESSON)))
    total = int(steps[1]) * int(epochs[1])
    claims(f"This lesson trains for {total:,} steps of 16 images each.")
    claims(f"$D$ has seen each training image {total * 16 // 2000} times")
    (long,) = (
        row
        for row in results("frogs_judged.csv")
        if (row["variant"], row["which"]) == ("lesson, plain backgrounds", "average")
        and float(row["seconds"]) > 1400
    )
    claims("$D$ has seen each training image almost 500 times")
    assert 480 < int(long["images_seen"]) / 2000 < 500


def test_the_book_multiplies_as_often_as_the_text_says():
    (total,) = re.findall(r"^sum +6,264,579 +([\d,]+)", said(LESSON), re.M)
    claims(f"$G$ needs {int(total.replace(',', '')) / 1e9:.1f} billion multiplications")
    wide = re.findall(r"32 × 32 × 256 +1,638,656 +([\d,]+)", said(LESSON))
    assert len(wide) == 2
    together = sum(int(number.replace(",", "")) for number in wide)
    claims(f"and {together / 1e9:.1f} billion of them happen in two layers")
