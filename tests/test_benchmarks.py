"""The quality benchmark measures what it says, and the texts quote what it measured."""

import json
import runpy
from dataclasses import fields, replace

import numpy as np
import pytest
from helpers import ROOT

from dcgan_course import layers
from dcgan_course.recipes import RECIPES

BENCHMARK = ROOT / "benchmarks" / "quality.py"


@pytest.fixture
def benchmark():
    return runpy.run_path(str(BENCHMARK), run_name="quality")


def tiny_recipe():
    return RECIPES["03 laptop"].but(
        generator=lambda: layers.dcgan_generator(latent_dim=8, widths=(8, 4)),
        discriminator=lambda: layers.dcgan_discriminator(widths=(4, 8)),
    )


def test_measure_trains_for_the_time_asked_and_keeps_each_score(
    benchmark, monkeypatch, tmp_path, capsys
):
    import dcgan_course
    from dcgan_course.data import load_images

    def drawn(name, split="train"):
        return replace(load_images(name, split, standin_count=400), source="real")

    monkeypatch.setenv("DCGAN_COURSE_DATA", "")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setattr(dcgan_course, "load_images", drawn)
    monkeypatch.setitem(benchmark["Scorer"].__init__.__globals__, "SAMPLES", 80)
    file = tmp_path / "results.csv"
    scorer = benchmark["Scorer"]("mnist")
    with pytest.warns(UserWarning, match="80 samples for 64 dimensions"):
        benchmark["measure"]("tiny", tiny_recipe(), (0.2, 0.6), file, scorer)
    first, second = benchmark["read"](file)
    assert float(first["seconds"]) >= 0.2
    assert 0.6 <= float(second["seconds"]) < 2
    assert 1 < int(first["steps"]) < int(second["steps"])
    for row in (first, second):
        assert 0 < float(row["frechet"]) < np.inf
        assert 0 <= float(row["precision"]) <= 1
    said = capsys.readouterr().out.splitlines()
    assert len([line for line in said if line.startswith("tiny")]) == 2


def test_a_scorer_refuses_stand_ins(benchmark, monkeypatch, tmp_path):
    monkeypatch.setenv("DCGAN_COURSE_DATA", "")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(SystemExit, match="wants real images"):
        benchmark["Scorer"]("mnist")


def row(**numbers):
    zeros = dict.fromkeys(("kernel", "kernel_error", "density", "coverage", "class_kl"), 0.0)
    return {**zeros, "classes_found": 10, "precision": 0.8, "recall": 0.7, **numbers}


def test_an_interrupted_recipe_leaves_no_half_curve_behind(benchmark, tmp_path, monkeypatch):
    monkeypatch.setitem(benchmark["add"].__globals__, "RESULTS", tmp_path)
    file = tmp_path / "curves.csv"
    for recipe, seconds in (("a", 15.0), ("b", 15.0), ("a", 30.0)):
        benchmark["add"](file, row(recipe=recipe, seconds=seconds, steps=5, frechet=1.0))
    benchmark["forget"](file, "a")
    assert [r["recipe"] for r in benchmark["read"](file)] == ["b"]
    benchmark["forget"](file, "b")
    assert benchmark["read"](file) == []


def test_the_texts_show_the_results_that_lie_in_the_repository(benchmark):
    lesson = json.loads((ROOT / "notebooks" / "08_evaluating_gans.ipynb").read_text("utf-8"))
    text = "\n".join("".join(cell["source"]) for cell in lesson["cells"])
    table = benchmark["ablation_markdown"]()
    assert len(table.splitlines()) >= 15
    assert table in text
    curves = benchmark["curves_markdown"]()
    assert "Lesson 03, MNIST: original" in curves
    assert curves in (ROOT / "README.md").read_text("utf-8")


def test_the_variants_differ_from_the_recipe_in_one_thing(benchmark):
    variants = benchmark["variants"]()
    base = variants.pop("laptop")
    assert base == RECIPES["03 laptop"]
    assert variants.pop("laptop, another seed") == base
    for name, recipe in variants.items():
        changed = [f.name for f in fields(base) if getattr(base, f.name) != getattr(recipe, f.name)]
        networks = {"generator", "discriminator"} & set(changed)
        assert changed, name
        assert len(changed) == 1 or "width" in name or "R1" in name or "rates" in name, name
        for network in networks:
            assert getattr(recipe, network)().count_params() != 0, name
