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


def test_the_distance_falls_while_the_losses_stand_still():
    distances = re.search(r"Fréchet distances: \[(.*)\]", said(LESSON_08, "cell-06"))[1].split()
    at_100, at_400 = distances[2], distances[4]  # checks at 25, 50, 100, 200, 400
    assert f"from step 100 to step 400 the distance falls from {at_100} to {at_400}" in text(
        LESSON_08, "cell-07"
    )
    assert float(at_400) < 0.5 * float(at_100)


def test_the_quiz_of_lesson_08_quotes_what_real_images_reach():
    real = table(LESSON_08, "fooled-table")["other real clothes"]["precision"]
    squares = table(LESSON_08, "fooled-table")["B: gray squares"]["precision"]
    assert f"Gray squares reach a precision of {squares:.2f}." in text(LESSON_08, "quiz")
    assert f"About {real:.2f} in this lesson" in text(LESSON_08, "quiz")


def test_the_balls_show_a_perfect_precision_of_nonsense():
    (output,) = cell(LESSON_08, "balls-shown")["outputs"]
    alt = output["metadata"]["image/png"]["alt"]
    found = re.findall(r"precision (\S+), recall (\S+) density (\S+), coverage (\S+)", alt)
    good, collapsed, nonsense = [tuple(float(number.strip(".")) for number in row) for row in found]
    assert nonsense[0] == collapsed[0] == 1
    assert collapsed[1] < 0.1
    assert abs(collapsed[2] - good[2]) < 0.1
    assert nonsense[2] < 0.5 * good[2]


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
    quoted = set(re.findall(r"\b\d\.\d\d\b", text(LESSON_08, "cell-33")))
    assert quoted == {f"{value:.2f}" for value in found.values()}
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


def test_codes_lie_on_the_shell_and_neighbors_stay_there():
    share = float(
        re.search(r"(\d+\.\d)% have lengths between 6 and 10", said(LESSON_09, "cell-08"))[1]
    )
    assert share > 98
    lengths = re.findall(r"\d+\.\d", said(LESSON_09, "cell-12"))
    assert len(lengths) == 10
    assert len(set(lengths)) == 1
    same = dict(re.findall(r"'(\d+)°': '(\d+)%'", said(LESSON_09, "cell-15")))
    prose = text(LESSON_09, "cell-16")
    assert f"still of their class ({same['30']}%)" in prose
    assert int(same["30"]) < 50
    assert f"At 90° it is {same['90']}%" in prose
    assert 1 / 8 < 1 - int(same["5"]) / 100 < 1 / 6  # about once in seven times


def test_middles_of_lines_are_truncated():
    found = {
        name: numbers
        for name, *numbers in re.findall(
            r"^(.*): Fréchet +(\S+), precision (\S+), recall (\S+)$",
            said(LESSON_09, "cell-20"),
            re.M,
        )
    }
    codes, arcs, lines = found.values()
    assert float(arcs[0]) <= float(codes[0])
    prose = text(LESSON_09, "cell-21")
    for line, code in zip(lines, codes, strict=True):
        assert f"{line} instead of {code}" in prose


def test_directions_and_arithmetic_do_what_the_text_says():
    first = re.search(r"variance: \[([\d. ]+)\]", said(LESSON_09, "cell-23"))[1].split()
    assert 0.68 < sum(map(float, first[:3])) < 0.73  # seven tenths
    changes = re.findall(r"(\d\.\d) times", said(LESSON_09, "cell-26"))
    assert f"{min(changes)} to {max(changes)} times" in text(LESSON_09, "cell-27")
    became = dict(re.findall(r"'([\w/ -]+)': '(\d+)%'", said(LESSON_09, "cell-29")))
    assert max(became, key=lambda name: int(became[name])) == "Pullover"
    quoted = f"coats ({became['Coat']}%) and shirts ({became['Shirt']}%)"
    assert quoted in text(LESSON_09, "cell-33")


def test_truncation_drops_sandals_first():
    form = r"ψ = (\S+): precision (\S+), recall (\S+), rarest class (\S+)% \((.*)\)"
    rows = {psi: rest for psi, *rest in re.findall(form, said(LESSON_09, "cell-34"))}
    prose = text(LESSON_09, "cell-35")
    assert rows["0.4"][2:] == ["0.0", "Sandal"]
    assert f"precision of {rows['0.7'][0]}" in prose
    assert f"to {rows['0.7'][2]}%" in prose
    assert rows["0.7"][3] == "Sandal"
    high, one = rows["1.2"], rows["1.0"]
    assert f"higher than at 1, {high[1]} instead of {one[1]}" in prose
    assert f"precision lower, {high[0]} instead of {one[0]}" in prose


def test_what_the_search_for_a_code_found():
    printed = said(LESSON_09, "cell-38")
    classes = re.findall(r"'([\w/ -]+)'", printed)
    assert classes == ["Sneaker"] * 6 + ["Bag"] * 2
    nearest = re.search(r"true code: \[(\S+) ", printed)[1]
    assert f"its code is {nearest} away" in text(LESSON_09, "cell-39")
    form = r"(\w[\w ]*): mean squared difference (\S+), length of the code (\S+)"
    found = re.findall(form, said(LESSON_09, "cell-41"))
    garments = max(float(error) for name, error, _ in found if name == "garment")
    others = min(float(error) for name, error, _ in found if name != "garment")
    prose = text(LESSON_09, "cell-42")
    assert f"It is {others:.3f} or more, and no garment has more than {garments:.3f}" in prose
    assert "between 7 and 10" in prose
    assert all(7 < float(length) < 10 for _, _, length in found)


def test_codes_stay_where_the_search_starts_and_a_penalty_pulls_them_to_0():
    form = r"length +(\d+), λ = (\S+) *: lengths +(\S+) to +(\S+), median error (\S+)"
    rows = {
        (int(start), float(weight)): tuple(map(float, rest))
        for start, weight, *rest in re.findall(form, said(LESSON_09, "shell-or-penalty"))
    }
    free, usual, strong = rows[8, 0.0], rows[8, 0.001], rows[8, 0.1]
    short, long = rows[2, 0.0], rows[16, 0.0]
    prose = text(LESSON_09, "shell-or-penalty-read")
    assert f"{free[0]} to {free[1]} instead of {usual[0]} to {usual[1]}" in prose
    assert f"ends between {short[0]} and {short[1]}" in prose
    assert short[2] < 1.1 * free[2]
    assert long[0] > 12
    assert min(long[2], strong[2]) > 1.3 * free[2]
    assert strong[1] < free[0]


def test_the_quiz_of_lesson_09_counts_the_weights_of_its_generator():
    weights = re.search(r"^sum +([\d,]+) ", said(LESSON_09, "cell-05"), re.M)[1]
    prose = text(LESSON_09, "quiz")
    each = int(weights.replace(",", "")) / 60_000
    assert (
        f"{weights} weights for 60,000 images of 784 pixels are about {each:.0f} numbers" in prose
    )
