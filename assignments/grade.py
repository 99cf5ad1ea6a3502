"""The class's path: student versions, collecting, grading, grades.csv and feedback.

    python grade.py release              student versions of all assignments, in release/
    python grade.py collect ASSIGNMENT   unpack a learning platform's download into submitted/
    python grade.py grade                everything in submitted/ that is new or has changed
    python grade.py leaderboard          the class's capstones, as leaderboard.csv and .html

`make assignments`, `make grade` and `make leaderboard` call it. nbgrader does the work; this script
runs it for several submissions at a time, remembers what has been graded, and goes on when one
fails.
"""

import argparse
import concurrent.futures
import csv
import datetime
import hashlib
import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import leaderboard
import nbformat
from repair import repair

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from dcgan_course.files import write_beside  # noqa: E402
from dcgan_course.grading import SEED, capstone, sandbox, start_anew  # noqa: E402
from dcgan_course.grading.cells import title  # noqa: E402
from dcgan_course.grading.runner import copy_files  # noqa: E402

STATE = HERE / "graded.json"
GRADES = HERE / "grades.csv"
REPORTS = HERE / "capstone.json"
CAPSTONE = "07_capstone"
HARD_LIMIT = 600  # seconds for one submission, should all gentler limits fail
COLUMNS = ("student", "assignment", "score", "of", "automatic", "by_hand", "to_grade", "note")


def nbgrader(*arguments, seed=None, limit=HARD_LIMIT):
    """Run an nbgrader command in this folder; returns (whether it succeeded, what it said)."""
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", PYTHONIOENCODING="utf-8")
    # nbgrader calls alembic by its name, which lies beside this Python, activated or not.
    places = [str(Path(sys.executable).parent), environment.get("PATH", "")]
    environment["PATH"] = os.pathsep.join(places)
    if seed is not None:
        environment[SEED] = str(seed)
    process = subprocess.Popen(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=HERE,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=os.name == "posix",
    )
    try:
        said, _ = process.communicate(timeout=limit)
    except BaseException as error:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)  # its kernels as well
        else:
            process.kill()
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            return False, f"Stopped after {limit} seconds."
        raise
    return process.returncode == 0, said


def fingerprint(*folders):
    """A hash over all files in some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
            if not {".ipynb_checkpoints", "__pycache__"} & set(path.parts):
                digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def assignments():
    """Names of all assignments."""
    return sorted(path.name for path in (HERE / "source").iterdir() if path.is_dir())


def remove_hidden(folder):
    """Take away what students should not see: nbgrader copies whatever lay beside a notebook."""
    for hidden in folder.glob("hidden_*"):
        hidden.unlink()


# --- release ----------------------------------------------------------------------------------


def release():
    """Write the student versions to release/, without solutions and hidden tests."""
    for name in assignments():
        good, said = nbgrader("generate_assignment", name, "--force")
        if not good:
            raise SystemExit(f"{name} could not be released:\n{said}")
        remove_hidden(HERE / "release" / name)
        shutil.copy(HERE / "STUDENTS.md", HERE / "release" / name / "README.md")
        archive = shutil.make_archive(
            str(HERE / "release" / name), "zip", HERE / "release", base_dir=name
        )
        print(f"{name}: release/{name}/ and release/{Path(archive).name}")
    state = load_state()
    state["source"] = fingerprint(HERE / "source")
    save_state(state)


# --- collecting -------------------------------------------------------------------------------


def collect(assignment):
    """Sort what a learning platform gave out into submitted/."""
    if assignment not in assignments():
        raise SystemExit(f"Unknown assignment {assignment!r}. Known: {', '.join(assignments())}.")
    archive = HERE / "downloaded" / assignment / "archive"
    if not archive.is_dir() or not any(archive.iterdir()):
        archive.mkdir(parents=True, exist_ok=True)
        raise SystemExit(f"Put the platform's zip file, or its files, into {archive}, and repeat.")
    good, said = nbgrader("zip_collect", assignment, "--force")
    if not good:
        raise SystemExit(f"{said}\nThe files could not be sorted; see above.")
    for folder in sorted((HERE / "submitted").glob(f"*/{assignment}")):
        print(f"submitted/{folder.parent.name}/{assignment}")


# --- grading ----------------------------------------------------------------------------------


def load_state():
    """What has been graded: {"source": …, "seed": …, "done": {"student/assignment": …}}."""
    if STATE.exists():
        return json.loads(STATE.read_text(encoding="utf-8"))
    return {"source": None, "seed": int.from_bytes(os.urandom(6), "big"), "done": {}}


def save_state(state):
    with write_beside(STATE) as beside:
        beside.write_text(json.dumps(state, indent=1), encoding="utf-8")


def restore_names(folder, assignment):
    """Give files that a browser has renamed, such as "01_losses (1).ipynb", their names back."""
    wanted = folder / f"{assignment}.ipynb"
    found = list(folder.glob("*.ipynb"))
    if not wanted.exists() and len(found) == 1:
        shutil.copy(found[0], wanted)
    for path in sorted(folder.glob("*.npz")):
        plain = re.sub(r"[ _-]*(\(\d+\)|-\d+)$", "", path.stem) + path.suffix
        if path.is_file() and not path.is_symlink() and not (folder / plain).exists():
            shutil.copy(path, folder / plain)


def prepare(student, assignment):
    """Write a repaired copy of a submission to prepared/, which is what is graded.

    Returns:
        Why it cannot be graded, "" if it can; and what was repaired, a list of sentences.
    """
    folder, target = (HERE / place / student / assignment for place in ("submitted", "prepared"))
    wanted = folder / f"{assignment}.ipynb"
    if not wanted.is_file() or wanted.is_symlink():
        others = len(list(folder.glob("*.ipynb")))
        return f"no {wanted.name}, and {others} notebooks of other names", []
    try:
        notebook = nbformat.read(wanted, as_version=4)
    except Exception as error:
        return f"not a notebook: {str(error).splitlines()[0][:120]}", []
    if not any("nbgrader" in cell.metadata for cell in notebook.cells):
        return "nbgrader's marks are gone: copy the answers into a fresh release", []
    release = nbformat.read(HERE / "release" / assignment / wanted.name, as_version=4)
    notebook, said = repair(notebook, release)
    if said:
        told(notebook, said)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    copy_files(folder, target)
    nbformat.write(notebook, target / wanted.name)
    return "", said


def told(notebook, said):
    """Put a note about repairs at a notebook's top."""
    lines = "\n".join(f"- {sentence}" for sentence in said)
    note = nbformat.v4.new_markdown_cell(f"**Repaired before grading**\n\n{lines}")
    notebook.cells.insert(0, note)


def grade_one(student, assignment, seed):
    """Grade one submission; returns why it could not be graded, "" if it was, and a note."""
    problem, said = prepare(student, assignment)
    if not problem:
        which = (f"--assignment={assignment}", f"--student={student}", "--force")
        place = "--CourseDirectory.submitted_directory=prepared"
        good, output = nbgrader("autograde", *which, place, seed=seed)
        remove_hidden(HERE / "autograded" / student / assignment)
        if not good:
            log = HERE / "submitted" / student / f"{assignment}.log"
            log.write_text(output, encoding="utf-8")
            problem = f"could not be run, see submitted/{student}/{log.name}"
    return problem, "repaired: " + "; ".join(said) if said else ""


def feedback(student, assignment):
    """Write one feedback page."""
    which = (f"--assignment={assignment}", f"--student={student}", "--force")
    good, said = nbgrader("generate_feedback", *which)
    folder = HERE / "feedback" / student / assignment
    remove_hidden(folder)
    if good:
        name_tests(folder / f"{assignment}.html", assignment)
    return "" if good else f"no feedback page: {said.strip().splitlines()[-1]}"


def name_tests(page, assignment):
    """Call each test by its title on a feedback page, where nbgrader says "Test cell"."""
    text = page.read_text(encoding="utf-8")
    source = nbformat.read(HERE / "source" / assignment / f"{assignment}.ipynb", as_version=4)
    for cell in source.cells:
        mark = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        said = html.escape(title(cell.source)) if cell.cell_type == "code" else ""
        if mark and said:
            text = text.replace(f'<a href="#{mark}">Test cell</a>', f'<a href="#{mark}">{said}</a>')
            text = text.replace(f"Grade cell: <code>{mark}</code>", said)
    page.write_text(text, encoding="utf-8")


def scores():
    """All submissions' scores in the gradebook: {(student, assignment): numbers}."""
    from nbgrader.api import Gradebook

    found = {}
    with Gradebook(f"sqlite:///{HERE / 'gradebook.db'}?timeout=120", "dcgan") as book:
        for assignment in book.assignments:
            for submission in book.assignment_submissions(assignment.name):
                grades = [g for notebook in submission.notebooks for g in notebook.grades]
                comments = [c.comment for n in submission.notebooks for c in n.comments]
                found[submission.student.id, assignment.name] = {
                    "score": submission.score,
                    "of": submission.max_score,
                    "automatic": sum(g.auto_score or 0 for g in grades),
                    "by_hand": sum(g.manual_score or 0 for g in grades),
                    "to_grade": sum(g.needs_manual_grade for g in grades),
                    "comments": comments,
                }
    return found


def write_grades(done, notes):
    """grades.csv: a line for each submission, also for those that could not be graded.

    notes: further notes by "student/assignment".
    """
    book = scores()
    with write_beside(GRADES) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for key, record in sorted(done.items()):
            student, assignment = key.split("/")
            numbers = {} if record["failed"] else book.get((student, assignment), {})
            note = "; ".join(filter(None, (record["note"], notes.get(key))))
            row = {"score": 0, **numbers, "note": note}
            writer.writerow({"student": student, "assignment": assignment, **row})
    return book


def choose_sandbox():
    """Find the sandbox for this grading, tell which it is, and pass it on to nbgrader."""
    wanted = os.environ.get("DCGAN_COURSE_SANDBOX", "auto")
    try:
        kind = sandbox.choose(wanted)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    if kind == "none":
        print(
            "No sandbox: submissions run with your rights, and could read or change your files "
            "and use your network. On Linux, install bubblewrap to change that."
        )
    else:
        print(f"Submissions run in a sandbox ({kind}): no network, and none of your files.")
    os.environ["DCGAN_COURSE_SANDBOX"] = kind
    return kind


def grade(workers):
    """Grade what is new or has changed, several submissions at a time."""
    state = load_state()
    if state["source"] != fingerprint(HERE / "source") or not (HERE / "gradebook.db").exists():
        print("The assignments are new or have changed: preparing them.")
        release()
        state = load_state()
    known = assignments()
    waiting, prints = [], {}
    for folder in sorted((HERE / "submitted").glob("*/*/")):
        student, assignment = folder.parent.name, folder.name
        if assignment not in known:
            print(f"submitted/{student}/{assignment}: no such assignment, left alone")
            continue
        key = f"{student}/{assignment}"
        restore_names(folder, assignment)
        prints[key] = fingerprint(folder, HERE / "source" / assignment)
        if state["done"].get(key, {}).get("print") != prints[key]:
            waiting.append((student, assignment))
    if not prints:
        raise SystemExit(
            "Nothing to grade. Put each submission where it belongs: "
            "submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb, or see `collect`."
        )
    if waiting:
        choose_sandbox()
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:

        def work(job):
            began = time.monotonic()
            problem, note = grade_one(*job, state["seed"])
            note = problem or "; ".join(filter(None, (note, feedback(*job))))
            return job, bool(problem), note, time.monotonic() - began

        jobs = [pool.submit(work, job) for job in waiting]
        try:
            for count, job in enumerate(concurrent.futures.as_completed(jobs), 1):
                (student, assignment), failed, note, seconds = job.result()
                key = f"{student}/{assignment}"
                state["done"][key] = {"print": prints[key], "failed": failed, "note": note}
                save_state(state)
                left = (time.monotonic() - started) / count * (len(jobs) - count)
                said = note or "graded"
                print(
                    f"[{count:>3}/{len(jobs)}] {student} · {assignment}: {said} ({seconds:.0f} s)"
                    + (f", about {left / 60:.0f} min left" if left > 60 else ""),
                    flush=True,
                )
        except KeyboardInterrupt:
            for job in jobs:
                job.cancel()
            raise SystemExit("Stopped. What is graded stays; the same command goes on.") from None
    state["done"] = {key: value for key, value in state["done"].items() if key in prints}
    book = write_grades(state["done"], same_generators(state))
    renew_feedback(state, book, {"/".join(job) for job in waiting})
    save_state(state)
    minutes = (time.monotonic() - started) / 60
    print(
        f"{len(waiting)} graded in {minutes:.1f} minutes, {len(prints) - len(waiting)} unchanged; "
        "grades.csv and feedback/ are up to date.\n"
        f"To repeat this grading's numbers: {SEED}={state['seed']} (keep it from students)."
    )


# --- the capstone -----------------------------------------------------------------------------


def capstone_reports(state):
    """Reports on all generators in submitted/, by student; one that is known is not made anew."""
    known = json.loads(REPORTS.read_text(encoding="utf-8")) if REPORTS.exists() else {}
    source, reports = HERE / "source" / CAPSTONE, {}
    for folder in sorted((HERE / "submitted").glob(f"*/{CAPSTONE}")):
        restore_names(folder, CAPSTONE)
        files = [p for p in folder.glob("*.npz") if p.is_file() and not p.is_symlink()]
        if not files:
            continue
        with tempfile.TemporaryDirectory(prefix="capstone-") as room:
            for path in (*files, source / "capstone.py", source / capstone.REFERENCE):
                shutil.copy(path, room)
            mark = f"{state['seed']}-{fingerprint(room)}"
            if known.get(folder.parent.name, {}).get("print") != mark:
                kind = sandbox.choose(os.environ.get("DCGAN_COURSE_SANDBOX", "auto"))
                start_anew(state["seed"])
                answer = capstone.report_on(room, kind, [HERE])
                known[folder.parent.name] = {"print": mark, "answer": answer}
        reports[folder.parent.name] = capstone.read_report(known[folder.parent.name]["answer"])
    if reports:
        with write_beside(REPORTS) as beside:
            beside.write_text(json.dumps({name: known[name] for name in reports}), encoding="utf-8")
    return reports


def same_generators(state):
    """Notes on students who have handed in one generator, by "student/assignment"."""
    notes = {}
    if (HERE / "source" / CAPSTONE).is_dir():
        for pair in capstone.twins(capstone_reports(state)):
            for student, other in (pair, pair[::-1]):
                key = f"{student}/{CAPSTONE}"
                before = f"{notes[key]}, {other}" if key in notes else f"the generator of {other}"
                notes[key] = before
    return notes


def write_leaderboard(pseudonyms):
    """leaderboard.csv and .html; with pseudonyms also pseudonyms.csv, for the teacher."""
    state = load_state()
    choose_sandbox()
    reports = capstone_reports(state)
    if not reports:
        raise SystemExit(f"No generators: none of submitted/*/{CAPSTONE}/ holds a generator.npz.")
    listed = HERE / "students.txt"
    students = {path.name for path in (HERE / "submitted").iterdir() if path.is_dir()}
    if listed.exists():
        lines = (line.strip() for line in listed.read_text(encoding="utf-8").splitlines())
        students |= {line for line in lines if line}
    names = {student: student for student in students}
    if pseudonyms:
        names = state.setdefault("pseudonyms", {})
        for student in sorted(students - set(names)):
            names[student] = leaderboard.pseudonym(student, state["seed"], names.values())
        path = HERE / "pseudonyms.csv"
        with write_beside(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("student", "pseudonym"), *sorted(names.items())])
    save_state(state)
    rows = leaderboard.table(reports, students, names.get)
    pictures = {names[s]: r["samples"] for s, r in reports.items() if "samples" in r}
    leaderboard.write_csv(HERE / "leaderboard.csv", rows)
    today = datetime.date.today().isoformat()
    leaderboard.write_page(HERE / "leaderboard.html", rows, pictures, today)
    print(f"{len(reports)} generators of {len(students)} people: leaderboard.csv, leaderboard.html")


# --- feedback that has changed ----------------------------------------------------------------


def renew_feedback(state, book, fresh):
    """Pages whose marks or comments were changed by hand since they were written."""
    for key, record in state["done"].items():
        marks = book.get(tuple(key.split("/")))
        if record["failed"] or marks is None:
            continue
        if key not in fresh and record.get("marks") != json.loads(json.dumps(marks)):
            feedback(*key.split("/"))
            print(f"{key}: feedback written anew, because marks or comments have changed")
        record["marks"] = marks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("release", help="write release/")
    commands.add_parser("collect", help="sort downloaded/ into submitted/").add_argument(
        "assignment"
    )
    grading = commands.add_parser("grade", help="grade submitted/")
    grading.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    board = commands.add_parser("leaderboard", help="write leaderboard.csv and leaderboard.html")
    board.add_argument("--pseudonyms", action="store_true", help="in the place of names")
    options = parser.parse_args()
    if sys.version_info < (3, 11):
        raise SystemExit("nbgrader needs Python 3.11 or newer, as in: make PYTHON=python3.12 grade")
    if options.command == "release":
        release()
    elif options.command == "collect":
        collect(options.assignment)
    elif options.command == "leaderboard":
        write_leaderboard(options.pseudonyms)
    else:
        grade(options.workers)


if __name__ == "__main__":
    main()
