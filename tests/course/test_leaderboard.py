"""The class's leaderboard: ranks, ties, names, and a page that anybody can read.

Mirrors no module: it tests assignments/leaderboard.py.
"""

import csv
import importlib.util
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from helpers import ROOT


@pytest.fixture(scope="module")
def leaderboard():
    path = ROOT / "assignments" / "leaderboard.py"
    spec = importlib.util.spec_from_file_location("leaderboard", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(distance=0.1, data="mnist", title="digits", **problems):
    parts = ("file", "network", "data", "diary", "own", "range", "alike", "coverage", "copies")
    return {
        "problems": dict.fromkeys((*parts, "fair", "good"), "") | problems,
        "data": data,
        "title": title,
        "distance": distance,
        "coverage": 0.9,
        "copies": 0.01,
        "alike": 0.0,
        "seconds": 850.0,
        "parameters": 120_000,
        "samples": np.zeros((3, 16, 16, 1), "uint8"),
    }


CLASS = {
    "ada": report(0.204),
    "grace": report(0.1),
    "alan": report(0.196),
    "edith": report(0.5),
    "kurt": report(0.01, copies="All of them are copies."),
    "emmy": report(0.3, "own", "my cat"),
    "john": {"problems": dict.fromkeys(report()["problems"], "There is no generator.npz.")},
    "mary": report(0.2, "cifar10_frogs"),
}


def test_equal_distances_share_a_rank_and_the_next_one_is_left_out(leaderboard):
    rows = {row["student"]: row for row in leaderboard.table(CLASS, ["ada", "paul"])}
    ranks = {name: rows[name]["rank"] for name in ("grace", "ada", "alan", "edith")}
    assert ranks == {"grace": 1, "ada": 2, "alan": 2, "edith": 4}
    assert rows["mary"]["rank"] == 1  # in a data set of her own
    assert rows["emmy"]["rank"] == ""  # nobody else has drawn her cat


def test_who_breaks_a_rule_or_hands_in_nothing_is_listed_last_and_without_a_rank(leaderboard):
    rows = leaderboard.table(CLASS, ["ada", "paul"])
    assert [row["student"] for row in rows[-2:]] == ["john", "paul"]
    kurt = next(row for row in rows if row["student"] == "kurt")
    assert (kurt["rank"], kurt["note"]) == ("", "not ranked: All of them are copies.")
    assert rows[-1]["note"] == "nothing handed in"
    assert all(set(row) == set(leaderboard.COLUMNS) for row in rows)


def test_a_fair_distance_is_no_condition_for_a_rank(leaderboard):
    rows = leaderboard.table({"ada": report(0.9, fair="Too far.", coverage="Too little.")}, [])
    assert rows[0]["rank"] == 1


def test_pseudonyms_are_all_different_stay_and_tell_nothing(leaderboard):
    names = {}
    for number in range(600):
        student = f"student-{number}"
        names[student] = leaderboard.pseudonym(student, 7, names.values())
    assert len(set(names.values())) == 600
    assert leaderboard.pseudonym("ada", 7, []) == leaderboard.pseudonym("ada", 7, [])
    assert len({leaderboard.pseudonym("ada", secret, []) for secret in range(20)}) > 10
    rows = leaderboard.table(CLASS, [], {name: f"N{n}" for n, name in enumerate(CLASS)}.get)
    assert not {row["student"] for row in rows} & set(CLASS)


def test_a_spreadsheet_takes_no_title_for_a_formula(leaderboard, tmp_path):
    rows = leaderboard.table({"ada": report(title="=HYPERLINK(1)")}, ["-paul"])
    leaderboard.write_csv(tmp_path / "board.csv", rows)
    with (tmp_path / "board.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert found[0]["title"] == "'=HYPERLINK(1)"
    assert (found[0]["distance"], found[0]["rank"]) == ("0.1", "1")
    assert found[1]["student"] == "'-paul"


class Reader(HTMLParser):
    """Notes open tags, and complains about what is not closed in order."""

    EMPTY = ("meta", "img", "br")

    def __init__(self):
        super().__init__()
        self.open, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page(leaderboard, tmp_path):
    reports = CLASS | {"<b>eve</b>": report(0.7, title="<script>steal()</script>")}
    rows = leaderboard.table(reports, ["paul", "ada"])
    pictures = {name: found["samples"] for name, found in reports.items() if "samples" in found}
    leaderboard.write_page(tmp_path / "board.html", rows, pictures, "2026-01-31")
    text = (tmp_path / "board.html").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return text, reader.tags


def test_the_page_can_be_read_aloud(page):
    text, tags = page
    names = [name for name, _ in tags]
    assert ("html", {"lang": "en"}) in tags
    assert names.count("main") == names.count("h1") == names.count("title") == 1
    assert names.count("caption") == names.count("table") == 3
    heads = [attrs.get("scope") for name, attrs in tags if name == "th"]
    assert heads
    assert set(heads) == {"col", "row"}
    assert all(attrs["alt"] for name, attrs in tags if name == "img")
    assert all(attrs.get("aria-label") for _, attrs in tags if attrs.get("role") == "region")
    assert text.count("2 (shared)") == 2
    assert "1 person has not handed in a generator." in text
    assert "paul" not in text


def test_nothing_that_a_student_has_written_runs_or_is_loaded(page):
    text, tags = page
    assert "<script" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;" in text
    sources = [attrs.get("src", "data:") for _, attrs in tags]
    assert all(
        source.startswith("data:image/png;base64,") or source == "data:" for source in sources
    )
    assert not re.search(r"https?://", text)


def test_an_empty_class_has_a_page(leaderboard, tmp_path):
    leaderboard.write_page(tmp_path / "board.html", leaderboard.table({}, []), {}, "2026-01-31")
    assert "<table" not in (tmp_path / "board.html").read_text(encoding="utf-8")
