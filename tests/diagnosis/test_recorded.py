"""The doctor's verdicts on recorded runs, and on a few that are trained here.

`benchmarks/doctor.py` records the runs; here their numbers are judged again, so that a threshold
that is changed shows at once what it costs.
"""

import runpy
import sys

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
    assert sum(not case.right for _, case, _ in judged) >= 30
    halves = {half: BENCHMARK["summary"](judged, half) for half in ("tuning", "reporting")}
    assert all(figures["healthy"] >= 10 and figures["sick"] >= 25 for figures in halves.values())


@pytest.mark.parametrize("half", ["tuning", "reporting"])
def test_health_is_left_in_peace_and_causes_are_named(judged, half):
    figures = BENCHMARK["summary"](judged, half)
    assert figures["sure at the end"] <= 0.05 * figures["healthy"]
    assert figures["sure at any check"] <= 0.1 * figures["healthy"]
    assert figures["named"] >= 0.7 * figures["sick"]
    assert figures["misleading"] <= 0.05 * figures["sick"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["dense", "D's rate 0", "data in [0, 1], garments", "flipped labels, dense", "σ twice"],
)
def test_a_live_run_is_judged_like_a_recorded_one(name):
    import doctor_runs

    case = {**doctor_runs.HEALTHY, **doctor_runs.SICK}[name]
    data = doctor_runs.Data(600, allow_download=False, standin_count=1200)
    _, doctor = doctor_runs.train(data, 7, **case.settings | {"steps": 150})
    sure = {finding.name for finding in doctor.findings if finding.sure}
    assert bool(sure & set(case.right)) == bool(case.right), doctor.report()
    assert sure <= {*case.right, *case.beside}
