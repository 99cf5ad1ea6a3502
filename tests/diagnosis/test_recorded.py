"""The Doctor's verdicts on recorded runs.

`benchmarks/doctor.py` has recorded the runs; here their numbers are judged again, so that a
threshold that is changed shows at once what it costs. A few live runs are in
test_lesson_failures.py.

Mirrors no module: it tests the rules as a whole.
"""

import runpy
import sys
from collections import Counter

import pytest
from helpers import ROOT

sys.path.append(str(ROOT / "benchmarks"))
BENCHMARK = runpy.run_path(str(ROOT / "benchmarks" / "doctor.py"), run_name="doctor")


@pytest.fixture(scope="module")
def judged():
    return BENCHMARK["confusion"](BENCHMARK["unpack"]())


def test_there_are_enough_runs_and_the_halves_share_no_kind(judged):
    healthy = {run["name"] for run, case, _ in judged if not case.right}
    sick = {run["name"] for run, case, _ in judged if case.right}
    assert len(healthy) >= 18
    assert len(sick) >= 55
    seeds = Counter(run["name"] for run, case, _ in judged if not case.right)
    assert set(seeds.values()) == {3}
    halves = {half: BENCHMARK["summary"](judged, half) for half in ("tuning", "reporting")}
    assert all(figures["healthy"] >= 10 and figures["sick"] >= 25 for figures in halves.values())


@pytest.mark.parametrize("half", ["tuning", "reporting"])
def test_health_is_left_in_peace_and_causes_are_named(judged, half):
    figures = BENCHMARK["summary"](judged, half)
    assert figures["sure at the end"] <= 0.05 * figures["healthy"]
    assert figures["sure at any check"] <= 0.1 * figures["healthy"]
    assert figures["named"] >= 0.7 * figures["sick"]
    assert figures["misleading"] <= 0.05 * figures["sick"]
