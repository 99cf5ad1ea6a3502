"""The quality benchmark measures what it says, and the texts quote what it measured.

Mirrors no module: it tests benchmarks/.
"""

import csv
import json
import re
import runpy
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from helpers import ROOT, read_notebook

from dcgan_course.networks import layers
from dcgan_course.training.recipes import RECIPES

BENCHMARK = ROOT / "benchmarks" / "quality.py"


@pytest.fixture
def benchmark():
    """The names of the benchmark and of what it is made of."""
    names = runpy.run_path(str(BENCHMARK), run_name="quality")
    return {**vars(sys.modules["scoring"]), **names}


def tiny_recipe():
    return RECIPES["03 laptop"].but(
        generator=lambda: layers.dcgan_generator(latent_dim=8, widths=(8, 4)),
        discriminator=lambda: layers.dcgan_discriminator(widths=(4, 8)),
    )


@pytest.fixture
def few_images(benchmark, monkeypatch, tmp_path):
    """Let the benchmark take 400 drawn images for real ones, and score 80 samples."""
    import dcgan_course
    from dcgan_course.data.load import load_images

    def drawn(name, split="train"):
        return replace(load_images(name, split, standin_count=400), source="real")

    monkeypatch.setenv("DCGAN_COURSE_DATA", "")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setattr(dcgan_course, "load_images", drawn)
    monkeypatch.setitem(benchmark["Scorer"].__init__.__globals__, "SAMPLES", 80)


@pytest.mark.slow(seconds=7)
def test_measure_trains_for_the_time_asked_and_keeps_each_score(
    benchmark, few_images, tmp_path, capsys
):
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


class BrightnessExtractor:
    """Sees the class in an image's average, and has one feature."""

    def features_and_labels(self, images):
        features = np.mean(images, axis=(1, 2, 3))[:, None]
        return features, np.round(features[:, 0]).astype(int)

    def features(self, images):
        return self.features_and_labels(images)[0]


def test_obedience_and_diversity_are_those_within_the_classes(benchmark):
    labels = np.arange(40) % 2
    noise = np.random.default_rng(0).uniform(-0.4, 0.4, 40)
    real = (labels + noise)[:, None, None, None] * np.ones((1, 2, 2, 1))
    halved = (labels + noise / 2)[:, None, None, None] * np.ones((1, 2, 2, 1))
    score = benchmark["by_class"]
    scores = score(BrightnessExtractor(), real, labels, halved, labels)
    assert scores == {"obedience": 1.0, "diversity": pytest.approx(0.25)}
    halved[::4] += 1  # a quarter shows class 1 where 0 was asked for
    assert score(BrightnessExtractor(), real, labels, halved, labels)["obedience"] == 0.75


@pytest.mark.slow(seconds=7)
def test_a_recipe_by_class_is_measured_with_its_labels(benchmark, few_images, tmp_path):
    file = tmp_path / "results.csv"
    file.write_text("recipe,seconds,steps,frechet\nolder,1.0,2,3.0\n", encoding="utf-8")
    scorer = benchmark["Scorer"]("mnist")
    with pytest.warns(UserWarning, match="80 samples for 64 dimensions"):
        gan, (row,) = benchmark["measure"]("10 digits", RECIPES["10 digits"], (0.2,), file, scorer)
    assert 0 <= row["obedience"] <= 1
    assert row["diversity"] > 0
    # The average has statistics of its own, which are not those that were averaged along.
    means = [
        next(w for w in net.weights if "moving_mean" in w.path).numpy()
        for net in (gan.sampler, gan.generator)
    ]
    assert not np.allclose(*means, rtol=1e-3)
    # A file with fewer columns keeps them; a curve that is begun anew gives it the new ones.
    assert list(benchmark["read"](file)[-1]) == ["recipe", "seconds", "steps", "frechet"]
    benchmark["forget"](file, "10 digits")
    benchmark["add"](file, row)
    older, newer = benchmark["read"](file)
    assert (older["frechet"], older["obedience"]) == ("3.0", "")
    assert float(newer["obedience"]) == pytest.approx(row["obedience"], abs=1e-5)


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
    frogs = json.loads((ROOT / "notebooks" / "04_cifar10_frogs.ipynb").read_text("utf-8"))
    table = benchmark["ablation_markdown"]("frogs")
    assert len(table.splitlines()) >= 15
    assert table in "\n".join("".join(cell["source"]) for cell in frogs["cells"])
    assert "Lesson 03, MNIST: original" in benchmark["curves_markdown"]()  # on the site


def test_what_the_readme_says_of_a_minute_was_measured(benchmark):
    """Three runs of the laptop recipe after one minute, one of the tutorial's after 25."""
    curves = benchmark["read"](ROOT / "benchmarks" / "results" / "curves.csv")
    ablation = benchmark["read"](ROOT / "benchmarks" / "results" / "ablation.csv")
    minute = [r for r in curves if r["recipe"] == "03 laptop" and 60 <= float(r["seconds"]) < 61]
    minute += [r for r in ablation if r["recipe"] in ("laptop", "laptop, another seed")]
    distances = sorted(float(row["frechet"]) for row in minute)
    assert len(distances) == 3
    tutorial = [row for row in curves if row["recipe"] == "03 original"][-1]
    assert 24 * 60 < float(tutorial["seconds"]) < 26 * 60
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert f"of {distances[0]:.1f} to {distances[-1]:.1f} of real images in three runs" in readme
    assert f"was at {float(tutorial['frechet']):.0f} after 25 minutes" in readme


@pytest.mark.parametrize(
    ("kind", "start"), [("variants", "laptop"), ("frog_variants", "starting point")]
)
def test_the_variants_differ_from_the_recipe_in_one_thing(benchmark, kind, start):
    variants = benchmark[kind]()
    base = variants.pop(start)
    assert variants.pop(f"{start}, another seed") == base
    found = variants.get("learning rates 2e-4: the recipe of the lesson", base)
    assert found == RECIPES["03 laptop" if kind == "variants" else "04 all frogs"]
    for name, recipe in variants.items():
        changed = [f.name for f in fields(base) if getattr(base, f.name) != getattr(recipe, f.name)]
        networks = {"generator", "discriminator"} & set(changed)
        assert changed or type(recipe) is not type(base), name
        several = ("width", "R1", "rates", "hinge", "in place of smoothing", "D sees")
        assert len(changed) <= 1 or any(word in name for word in several), name
        for network in networks:
            assert getattr(recipe, network)().count_params() != 0, name


def test_frogs_are_shared_out_among_the_cores(benchmark, monkeypatch, tmp_path):
    """Every variant is measured once, whatever the number of processes."""
    measured = []
    names = benchmark["frogs"].__globals__
    monkeypatch.setitem(names, "RESULTS", tmp_path)
    monkeypatch.setitem(names, "Scorer", lambda dataset: dataset)
    monkeypatch.setitem(names, "measure", lambda name, *rest: measured.append(name))
    for part in ("0/3", "1/3", "2/3"):
        benchmark["frogs"](False, part)
    assert sorted(measured) == sorted(benchmark["frog_variants"]())


def test_a_d_that_is_frozen_by_its_layers_judges_by_other_statistics(benchmark):
    """The variant of that name is what it says: batch norm in inference mode in G's turn."""
    import tensorflow as tf

    images = tf.random.stateless_uniform((16, 32, 32, 3), (1, 1), -1, 1)
    losses = []
    for name in ("starting point", "D frozen by its layers' flags"):
        gan = benchmark["frog_variants"]()[name].build(seed=1)
        gan.discriminator.layers[0].stddev = 0.0
        losses.append(float(gan.generator_turn(images)))
        assert gan.discriminator.trainable_variables
    assert losses[1] == pytest.approx(np.log(2), abs=0.02)  # all logits nearly 0
    assert losses[0] != pytest.approx(losses[1], abs=0.02)


def test_kept_images_are_the_samples_that_were_kept(benchmark, monkeypatch, tmp_path):
    from dcgan_course.display import images

    monkeypatch.setattr(images, "PICTURES", tmp_path / "pictures")
    gan = RECIPES["04 laptop"].build(seed=1)
    benchmark["keep_images"](gan, "04_some_05_minutes")
    kept = images.kept_images("04_some_05_minutes")
    z = np.random.default_rng(64).normal(size=(64, 64)).astype("float32")
    np.testing.assert_allclose(kept, gan.sample(z), atol=1 / 127)
    with pytest.raises(ValueError, match=r"'frogs' are kept. There are: 04_some_05_minutes"):
        images.kept_images("frogs")


# --- bonsai ---------------------------------------------------------------------------


@pytest.fixture
def bonsai():
    return runpy.run_path(str(ROOT / "benchmarks" / "bonsai.py"), run_name="bonsai")


def test_table_of_lesson_06_is_what_was_measured(bonsai):
    with (ROOT / "benchmarks" / "results" / "bonsai.csv").open(
        newline="", encoding="utf-8"
    ) as file:
        rows = list(csv.DictReader(file))
    assert [row["recipe"] for row in rows] == list(bonsai["variants"]())
    lesson = "\n".join(
        "".join(cell["source"])
        for cell in read_notebook(ROOT / "notebooks" / "06_bonsai.ipynb")["cells"]
    )
    header, line, *measured = bonsai["table"](rows).splitlines()
    assert f"{header}\n{line}\n" in lesson
    shown = lesson.split(line)[1].split("\n\n")[0].strip().splitlines()
    assert 5 <= len(shown) <= 7
    assert set(shown) <= set(measured)
    distance = re.search(r"are (\d\.\d\d) from the nearest", measured[-1])[1]
    assert f"For held-out photographs it is {distance}" in lesson


def test_lesson_06_says_of_the_remedies_what_was_measured():
    """The claims below the table; they name the rows and give no numbers."""
    with (ROOT / "benchmarks" / "results" / "bonsai.csv").open(
        newline="", encoding="utf-8"
    ) as file:
        rows = {row["recipe"]: row for row in csv.DictReader(file)}
    memory = {name: float(row["memory"]) for name, row in rows.items()}
    kernel = {name: float(row["kernel"]) for name, row in rows.items()}
    steps = ("nothing", "flips", "flips, translation", "flips, translation, color: the lesson")
    assert [memory[name] for name in steps] == sorted(
        (memory[name] for name in steps), reverse=True
    )
    assert [kernel[name] for name in steps] == sorted(
        (kernel[name] for name in steps), reverse=True
    )
    assert 0.45 < memory["flips"] / memory["nothing"] < 0.55  # halves
    assert memory["flips, translation"] < memory["flips"] / 2
    narrow, r1 = "nothing, D of a quarter the width", "nothing, R1 with γ = 1"
    assert abs(kernel[narrow] - kernel[steps[-1]]) < 0.1
    assert memory[narrow] > 1
    assert 0.4 < kernel[r1] / kernel["nothing"] < 0.6
    assert memory[r1] > memory["nothing"]
    assert min(kernel, key=kernel.get) == "translation, color, cutout"
    near = {name for name, row in rows.items() if float(row["nearest"]) < 0.43}
    assert near == {"nothing", "flips"}


def test_bonsai_variants_differ_from_the_recipe_in_what_their_names_say(bonsai):
    variants = bonsai["variants"]()
    assert variants["flips, translation, color: the lesson"] == RECIPES["06 laptop"]
    assert variants["nothing"].augment is None
    for name, changes in (
        ("flips", "flip"),
        ("flips, translation", "flip+translate"),
        ("flips, translation, color: the lesson", "flip+translate+color"),
        ("all four, with cutout", "flip+translate+color+cutout"),
        ("translation, color, cutout", "translate+color+cutout"),
    ):
        assert variants[name].augment.__name__ == changes
    assert variants["nothing, R1 with γ = 1"].r1 == 1
    sizes = [
        variants[f"all four, {name}"].discriminator().count_params()
        for name in ("D of a quarter the width", "D of half the width", "with cutout")
    ]
    assert sizes[0] * 3 < sizes[1]
    assert sizes[1] * 3 < sizes[2]


@pytest.mark.slow(seconds=6)
def test_bonsai_measures_memory_and_copies(bonsai):
    """A D that has learned two sets of pictures by heart, and a G that copies."""
    from types import SimpleNamespace

    import keras
    import tensorflow as tf

    from dcgan_course.data.drawn.trees import draw_trees
    from dcgan_course.evaluation.features import load_extractor

    images = draw_trees(128)[0].astype("float32") / np.float32(127.5) - np.float32(1)
    train, held_out = bonsai["split"](images)
    assert (len(train), len(held_out)) == (112, 16)

    class Knows(keras.Model):
        """Logit 1 for what it was trained on, −1 for everything else."""

        def call(self, x, training=False):
            known = tf.reduce_mean(tf.square(x[:, None] - train[None]), axis=(2, 3, 4))
            return tf.where(tf.reduce_min(known, axis=1, keepdims=True) < 1e-6, 1.0, -1.0)

    g = layers.dcgan_generator((64, 64, 3), 8, (8, 4))
    copies = np.resize(train, (512, 64, 64, 3))
    gan = SimpleNamespace(generator=g, discriminator=Knows(), latent_dim=8, sample=lambda z: copies)
    row = bonsai["measure"](gan, train, held_out, load_extractor("cifar10_frogs"))
    assert row["memory"] == pytest.approx(1, abs=0.01)
    assert row["nearest"] < 0.01 < row["nearest_held_out"]
    assert row["kernel"] < 1
    copies_to_held_out = row["kernel_held_out"]
    gan.sample = lambda z: g(z, training=False).numpy()
    row = bonsai["measure"](gan, train, held_out, load_extractor("cifar10_frogs"))
    assert row["kernel"] > 5
    assert row["kernel_held_out"] > copies_to_held_out + 1
    assert row["nearest"] > 0.1


def test_the_table_of_bonsai_has_the_distance_to_held_out_images_where_it_was_measured(bonsai):
    row = dict(recipe="a", steps=9, memory=0.5, kernel=1, error=0.1, nearest=0.3)
    row |= dict(nearest_held_out=0.4)
    assert "to held-out images" not in bonsai["table"]([row])
    assert "to held-out images" not in bonsai["table"]([row | {"kernel_held_out": ""}])
    both = bonsai["table"]([row | {"kernel_held_out": 2.346}])
    assert "| to held-out images |" in both
    assert "| a | 9 | 50% | 1.00 ± 0.10 | 2.35 | 0.30 |" in both


# --- threads --------------------------------------------------------------------------


def test_thread_settings_take_turns_and_are_compared_within_a_round(tmp_path):
    """On a machine that becomes half as fast after the first round."""
    names = runpy.run_path(str(ROOT / "benchmarks" / "threads.py"), run_name="threads")
    rate = {(0, 0): 40.0, (1, 2): 60.0, (1, 1): 30.0, (2, 1): 40.0}
    order = []

    def measure(name, setting, seconds):
        order.append(setting)
        return rate[setting] / (1 if len(order) <= len(rate) else 2)

    lines = list(names["report"](names["alternate"](["04 laptop"], 2, 1, measure)))
    assert order == list(rate) * 2
    assert "TensorFlow's default" in lines[0]
    assert "1 intra, 2 inter" in lines[1]
    assert "45.0 steps a second, 1.50 times the default (1.50 to 1.50)" in lines[1]
    assert "0.75 times" in lines[2]


# --- frogs ----------------------------------------------------------------------------


@pytest.fixture
def frogs(tmp_path, monkeypatch):
    """The names of benchmarks/frogs.py, which writes into a folder of the test."""
    names = runpy.run_path(str(ROOT / "benchmarks" / "frogs.py"), run_name="frogs")
    inside = names["train"].__globals__
    monkeypatch.setitem(inside, "KEPT", tmp_path / "kept")
    monkeypatch.setitem(inside, "FILE", tmp_path / "judged.csv")
    return names


def test_frogs_in_pieces_have_opposite_quarters_exchanged(frogs):
    images = np.arange(4 * 4).reshape(1, 4, 4, 1)
    found = frogs["exchanged"](images)[0, :, :, 0]
    np.testing.assert_array_equal(found[0], [10, 11, 8, 9])
    np.testing.assert_array_equal(frogs["exchanged"](frogs["exchanged"](images)), images)


def test_re_estimated_statistics_are_those_that_the_weights_make(frogs):
    """After one change of the first weights, the moving statistics are stale; then they are not."""
    import tensorflow as tf

    generator = layers.dcgan_generator((16, 16, 3), latent_dim=8, widths=(8, 4))
    generator.layers[0].kernel.assign(40 * generator.layers[0].kernel)
    fresh = frogs["re_estimated"](tf, generator, count=2048, batch=256)
    z = np.random.default_rng(1).normal(size=(2048, 8)).astype("float32")
    wanted = np.asarray(generator(z, training=True))
    error = [np.abs(np.asarray(g(z, training=False)) - wanted).mean() for g in (fresh, generator)]
    assert error[0] < 0.02 * np.abs(wanted).mean()
    norm = fresh.layers[2]
    assert norm.momentum == 0.99
    x = np.asarray(fresh.layers[1](fresh.layers[0](z)))
    np.testing.assert_allclose(norm.moving_variance, x.var(axis=(0, 1, 2)), rtol=0.1)


def test_a_generator_that_is_kept_draws_the_same_again(frogs):
    from frog_variants import judged_variants

    generator = judged_variants()["lesson"].recipe.generator()
    frogs["keep"](generator, "one", {"variant": "lesson", "seed": 1, "seconds": 2.0})
    again, facts = frogs["kept"](frogs["train"].__globals__["KEPT"] / "one.npz")
    assert facts["seconds"] == 2.0
    np.testing.assert_allclose(frogs["drawn"](again, 4), frogs["drawn"](generator, 4), atol=2e-3)


def test_a_judge_is_shown_all_tiles_shuffled_and_the_count_is_by_source(frogs, tmp_path, capsys):
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "blind_key.json").write_text('["real", "mine", "real", "mine"]', encoding="utf-8")
    (folder / "verdicts.txt").write_text("fb\nfn\n", encoding="utf-8")
    frogs["reveal"]()
    mine, real = capsys.readouterr().out.splitlines()
    assert "'frog': 0, 'body': 1, 'nothing': 1} of 2" in mine
    assert "'frog': 2, 'body': 0, 'nothing': 0} of 2" in real
    (folder / "verdicts.txt").write_text("fb", encoding="utf-8")
    with pytest.raises(SystemExit, match="2 verdicts for 4 tiles"):
        frogs["reveal"]()


def test_a_sheet_has_a_place_for_every_image(frogs):
    picture = frogs["tiled"](np.ones((9, 8, 8, 3)), columns=4, scale=3, gap=2)
    assert picture.size == (4 * 26 + 2, 3 * 26 + 2)


def test_every_judged_variant_differs_from_the_others():
    names = runpy.run_path(str(ROOT / "benchmarks" / "frog_variants.py"), run_name="variants")
    variants = names["judged_variants"]()
    assert len({id(each.recipe.discriminator) for each in variants.values()}) >= 4
    assert variants["features, wide G"].recipe == RECIPES["04 features"]
    assert len({str(vars(each)) for each in variants.values()}) == len(variants)
