"""What lesson 05 says is what its cells have printed, and what its benchmark measured.

Mirrors no module: it tests notebooks/05_training_pitfalls.ipynb and benchmarks/pitfalls.py.
"""

import re
import runpy

import numpy as np
import pytest
from helpers import ROOT, read_notebook

NOTEBOOK = ROOT / "notebooks" / "05_training_pitfalls.ipynb"


@pytest.fixture(scope="module")
def benchmark():
    return runpy.run_path(str(ROOT / "benchmarks" / "pitfalls.py"), run_name="pitfalls")


@pytest.fixture(scope="module")
def prose():
    cells = read_notebook(NOTEBOOK)["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


@pytest.fixture(scope="module")
def printed():
    """All that the cells have printed."""
    cells = read_notebook(NOTEBOOK)["cells"]
    outputs = [out for cell in cells for out in cell.get("outputs", [])]
    return "\n".join("".join(out["text"]) for out in outputs if "text" in out)


def test_every_case_has_been_measured(benchmark):
    rows = benchmark["read"]()
    assert {row["case"] for row in rows} == set(benchmark["CASES"])
    assert {row["seed"] for row in rows} <= {str(seed) for seed in benchmark["SEEDS"]}


def test_the_table_is_what_the_benchmark_measured(benchmark, prose):
    labels = {
        "G ten times as fast": "$G$ ten times as fast",
        "G ten times as fast, R1 with γ = 1": "$G$ ten times as fast, R1",
        "equal rates": "equal rates",
        "equal rates, R1 with γ = 1": "equal rates, R1",
    }
    for name, label in labels.items():
        assert benchmark["table_line"](name, label) in prose


def test_r1_brings_a_game_to_rest_and_cures_no_collapse(benchmark):
    values = benchmark["values"]
    for case in ("G ten times as fast", "G ten times as fast, R1 with γ = 1"):
        assert max(values(case, "modes")) <= 1
    plain, settled = "equal rates", "equal rates, R1 with γ = 1"
    assert max(values(settled, "g_gradient")) < 0.1 < 1 < min(values(plain, "g_gradient"))
    assert max(values(settled, "good")) < min(values(plain, "good"))
    assert min(values(settled, "modes")) == 4


def test_spans_are_shortened_where_their_ends_are_equal(benchmark):
    assert benchmark["span"]([7.2, 6.9, 31], "{:.0f}") == "7 to 31"
    assert benchmark["span"]([7.2, 6.9], "{:.0f}") == "7"


def test_the_healthy_run_is_healthy_by_the_measure_of_the_lesson(printed):
    young, healthy = re.search(r"rarest class: young (\S+)%, healthy (\S+)%", printed).groups()
    assert float(young) < 3 < 4 < float(healthy)
    for name in ("young:  ", "healthy:"):
        assert f"{name} Nothing stands out" in printed


def test_a_frozen_d_makes_the_loss_fall_and_a_learning_one_makes_it_rise(printed):
    said = re.findall(r"(healthy|D frozen): G's loss goes from (\S+) to (\S+)", printed)
    change = {name: float(end) - float(start) for name, start, end in said}
    assert change["D frozen"] < 0 < change["healthy"]
    healthy, frozen = re.search(r"distance: healthy (\d+), D frozen (\d+)", printed).groups()
    assert int(frozen) > 2 * int(healthy)


def test_the_doctor_names_every_bug(printed):
    said = dict(re.findall(r"[A-D] is “(.*)”\. The Doctor, after .*\n- (.*?)\.", printed))
    assert said == {
        "inference mode": "G is another network in inference mode than in training mode",
        "D is not frozen": "D is being taught that fakes are real",
        "wrong range": "G cannot reach the range of the data, or has to leave half of its own "
        "empty",
        "flipped labels": "D takes fakes for real and real samples for fakes",
    }


def test_distances_of_the_dirac_gan(printed):
    far = dict(re.findall(r"^ *(\w.*): distance from the equilibrium .* → (\S+)$", printed, re.M))
    assert float(far["simultaneous"]) > 2 * np.sqrt(2)
    assert abs(float(far["alternating"]) - np.sqrt(2)) < 0.1
    assert float(far["alternating, with R1"]) == 0


def test_the_other_loss_would_have_a_gradient(printed):
    flat, steep = re.search(r"gradient has norm (\S+); .* would give (\S+) at", printed).groups()
    assert 1e5 < float(steep) / float(flat) < 1e6


def test_at_high_rates_a_long_memory_collapses(printed):
    found = re.findall(r"^ +(healthy|β1 = 0\.\d) +\S+ +\S+ +(\S+)   (\w+)$", printed, re.M)
    distance = {name: float(value) for name, value, _ in found}
    said = {name: doctor for name, _, doctor in found}
    assert said == {"healthy": "nothing", "β1 = 0.5": "nothing", "β1 = 0.9": "mode_collapse"}
    assert distance["β1 = 0.5"] < distance["healthy"] + 5
    assert distance["β1 = 0.9"] > 2 * distance["healthy"]


def test_bugs_show_in_numbers_or_do_not_as_the_text_says(printed):
    number = r" +(-?\d+\.\d+)"
    lines = re.findall(rf"^  ([A-D]){4 * number}  ", printed, re.M)
    names = dict(re.findall(r"([A-D]) is “(.*?)”", printed))
    bugs = {names[letter]: [float(value) for value in values] for letter, *values in lines}
    d_loss, g_loss, real, fake = bugs["flipped labels"]
    assert d_loss > 2
    assert g_loss < 0.1
    assert real < 0.1 < 0.9 < fake
    d_loss, g_loss, real, fake = bugs["D is not frozen"]
    assert abs(d_loss - 1.39) < 0.1
    assert abs(g_loss - 0.69) < 0.2
    assert max(abs(real - 0.5), abs(fake - 0.5)) < 0.15
    for name in ("wrong range", "inference mode"):
        d_loss, g_loss, real, fake = bugs[name]
        assert 0.5 < d_loss < 1.4
        assert 0.2 < fake < 0.5 < real < 0.8


def test_d_memorizes_128_images(printed):
    share = re.search(r"prefers known to held-out samples by (\d+)%", printed).group(1)
    assert int(share) > 60


def test_only_both_changes_cure_the_vanishing_gradient(printed):
    """With all three seeds, as the text says."""
    lines = re.findall(r"changed: +(.*?)   Fréchet distances (.*?)   G's gradient (.*)", printed)
    distances = {name: [float(x) for x in numbers.split(",")] for name, numbers, _ in lines}
    gradients = {name: [float(x) for x in numbers.split(",")] for name, _, numbers in lines}
    assert all(len(numbers) == 3 for numbers in distances.values())
    assert max(distances["both"]) < 0.7 * min(distances["the balance"])
    assert max(distances["the balance"]) < min(distances["the loss"]) - 10
    assert max(distances["the loss"]) <= min(distances["neither"])
    assert min(distances["the loss"]) > 0.9 * max(distances["neither"])
    assert max(gradients["neither"]) < 1e-3 < 10 < min(gradients["the loss"])
