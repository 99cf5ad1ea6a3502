"""Does the doctor name what is wrong, and stay silent on health?

    python benchmarks/doctor.py record       train all runs and write down their numbers
    python benchmarks/doctor.py              judge the numbers that have been written down
    python benchmarks/doctor.py --runs       the same, run by run

`record` takes an hour on one core. It skips runs that its folder holds, so that it can be
stopped and started again, and at the end packs all into results/doctor.npz. Judging takes
seconds: thresholds can be changed without training again.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

from dcgan_course.quiet import import_quietly

RESULTS = Path(__file__).parent / "results" / "doctor.npz"
OUTCOMES = ("named", "symptom", "unsure", "nothing", "misleading")


# --- recording ------------------------------------------------------------------------


def record(folder, words=(), seeds=(1, 2, 3), sick_seeds=(1,)):
    """Train the runs whose names contain one of the words, and keep their rows."""
    import_quietly()
    import doctor_runs

    folder.mkdir(parents=True, exist_ok=True)
    data = doctor_runs.Data()
    cases = {**doctor_runs.HEALTHY, **doctor_runs.SICK}
    for seed in range(1, 10):
        for name, case in cases.items():
            path = folder / f"{name.replace('/', 'over').replace(' ', '_')}-{seed}.json"
            wanted = seed in (sick_seeds if case.right else seeds)
            if not wanted or path.exists() or (words and not any(word in name for word in words)):
                continue
            begun = time.perf_counter()
            try:
                _, doctor = doctor_runs.train(data, seed, **case.settings)
            except Exception as problem:
                print(f"{name}, seed {seed}: {problem!r}", flush=True)
                about = {"name": name, "seed": seed, "crash": repr(problem), "rows": []}
                path.write_text(json.dumps(about), encoding="utf-8")
                continue
            seconds = time.perf_counter() - begun
            about = {"name": name, "seed": seed, "half": case.half, "sick": bool(case.right)}
            about |= {"seconds": round(seconds, 2), "checks": round(doctor.seconds, 2)}
            about["preparation"] = round(doctor.preparation, 2)
            about["not_finite"] = any(each.name == "not_finite" for each in doctor.findings)
            path.write_text(json.dumps({**about, "rows": doctor.rows}), encoding="utf-8")
            print(f"{name}, seed {seed}: {seconds:.0f} s", flush=True)


def pack(folder, path=RESULTS):
    """Pack all recorded runs into one file."""
    from dcgan_course.files import save_arrays

    runs = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
    names = list(dict.fromkeys(name for run in runs for row in run["rows"] for name in row))
    table = np.full((sum(len(run["rows"]) for run in runs), len(names)), np.nan, "float32")
    missing = np.ones(table.shape, bool)  # NaN may be a number's own value
    place = 0
    for run in runs:
        for row in run["rows"]:
            for name, value in row.items():
                column = names.index(name)
                table[place, column], missing[place, column] = value, False
            place += 1
    cards = [{**run, "rows": len(run["rows"])} for run in runs]
    save_arrays(path, {"table": table, "missing": missing}, {"names": names, "runs": cards})


def unpack(path=RESULTS):
    """Read what `pack` wrote: a list of dictionaries with "name", "seed", "rows" and so on."""
    from dcgan_course.files import load_arrays

    arrays, card = load_arrays(path)
    place, runs = 0, []
    for about in card["runs"]:
        rows = []
        for values, gone in zip(
            arrays["table"][place : place + about["rows"]],
            arrays["missing"][place : place + about["rows"]],
            strict=True,
        ):
            row = {
                name: float(value)
                for name, value, out in zip(card["names"], values, gone, strict=True)
                if not out
            }
            rows.append({**row, "step": int(row["step"])})
        place += about["rows"]
        runs.append({**about, "rows": rows})
    return runs


# --- judging --------------------------------------------------------------------------


def judge(run, case):
    """What the doctor says of a recorded run, at its end and at every check.

    Returns:
        A dictionary: "sure" and "unsure", names of the findings at the end; "ever", names of
        which it was sure at any check; "outcome", one of `OUTCOMES`.
    """
    from dcgan_course.diagnosis.judge import diagnose
    from dcgan_course.diagnosis.rules import SYMPTOMS

    rows = run["rows"]
    ever = set()
    for count in range(1, len(rows) + 1):
        findings = diagnose(rows[:count])
        ever |= {finding.name for finding in findings if finding.sure}
    sure = [finding.name for finding in findings if finding.sure]
    unsure = [finding.name for finding in findings if not finding.sure]
    if run.get("not_finite"):
        sure, ever = ["not_finite"], {"not_finite"}
    others = [name for name in sure if name not in (*case.right, *case.beside)]
    wrong = [name for name in others if name not in SYMPTOMS]
    if not case.right:
        outcome = "misleading" if sure else "unsure" if unsure else "nothing"
    elif wrong:
        outcome = "misleading"
    elif set(sure) & set(case.right):
        outcome = "named"
    elif sure:
        outcome = "symptom"
    else:
        outcome = "unsure" if unsure else "nothing"
    return {"sure": sure, "unsure": unsure, "ever": sorted(ever), "outcome": outcome}


def confusion(runs):
    """Judge runs. Returns a list of (run, case, what `judge` said)."""
    import doctor_runs

    cases = {**doctor_runs.HEALTHY, **doctor_runs.SICK}
    judged = []
    for run in runs:
        case = cases[run["name"]]
        judged.append((run, case, judge(run, case)))
    return judged


def summary(judged, half):
    """The figures of one half, as a dictionary."""
    healthy = [said for run, case, said in judged if case.half == half and not case.right]
    sick = [said for run, case, said in judged if case.half == half and case.right]
    counts = Counter(said["outcome"] for said in sick)
    return {
        "healthy": len(healthy),
        "sure at the end": sum(bool(said["sure"]) for said in healthy),
        "sure at any check": sum(bool(said["ever"]) for said in healthy),
        "sick": len(sick),
        **{name: counts[name] for name in OUTCOMES},
    }


def markdown(judged):
    """A table: figures by half."""
    halves = {half: summary(judged, half) for half in ("tuning", "reporting")}
    lines = ["| | tuning | reporting |", "|---|---|---|"]
    for name in halves["tuning"]:
        lines.append(f"| {name} | {halves['tuning'][name]} | {halves['reporting'][name]} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", nargs="?", default="judge", choices=["record", "pack", "judge"])
    parser.add_argument("words", nargs="*", help="only runs whose name contains one of these")
    parser.add_argument("--folder", type=Path, default=Path("runs") / "doctor")
    parser.add_argument("--sick-seeds", type=int, default=1)
    parser.add_argument("--runs", action="store_true", help="a line for each run")
    parser.add_argument("--half", default="", help="only runs of this half")
    options = parser.parse_args()
    if options.command == "record":
        record(options.folder, options.words, sick_seeds=range(1, 1 + options.sick_seeds))
    if options.command in ("record", "pack"):
        pack(options.folder)
        return
    import_quietly()
    judged = confusion(unpack())
    for run, case, said in judged:
        shown = any(word in run["name"] for word in options.words) if options.words else True
        if options.runs and shown and options.half in ("", case.half):
            names = ", ".join([*said["sure"], *(f"{name}?" for name in said["unsure"])]) or "–"
            ever = sorted(set(said["ever"]) - set(said["sure"]))
            print(
                f"{case.half[:3]} {run['name'][:28]:>28} {run['seed']}: {said['outcome']:<10} "
                f"{names}" + (f"   (earlier: {', '.join(ever)})" if ever else "")
            )
    print(markdown(judged))


if __name__ == "__main__":
    main()
