"""Open JupyterLab on working copies of the lessons, so that `git pull` never meets your changes.

    python scripts/lab.py              [options of JupyterLab, such as --no-browser --port=8889]
    python scripts/lab.py --copy-only  make or renew the copies, and open nothing

The copies are in my_lessons/, which git ignores. Later starts add new lessons and renew the copies
that you have not changed. If a lesson has been updated and you have changed its copy, you are
asked; your version is kept beside the new one. To get a fresh copy, delete or rename yours.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dcgan_course.files import write_beside

LESSONS, COPIES = ROOT / "notebooks", ROOT / "my_lessons"
RECORD = ".copied.json"  # which version each copy was made from, and which one was declined
SETTINGS = ROOT / "scripts" / "lab"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="Other options go to JupyterLab."
    )
    parser.add_argument("--copy-only", action="store_true", help="do not open JupyterLab")
    options, others = parser.parse_known_args()
    renew(LESSONS, COPIES, ask if sys.stdin and sys.stdin.isatty() else None)
    return 0 if options.copy_only else open_lab(others)


def open_lab(options):
    """Start JupyterLab in this process, with the course's settings, and the copies in its view."""
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):  # before what the reader may have set
        os.environ[name] = os.pathsep.join(filter(None, (str(SETTINGS), os.environ.get(name))))
    from jupyterlab.labapp import main as lab

    # The root is the repository, so that links to docs/ and assignments/ work.
    places = [f"--ServerApp.root_dir={ROOT}", f"--LabApp.default_url=/lab/tree/{COPIES.name}"]
    if any("root_dir" in option or "notebook-dir" in option for option in options):
        places = []
    return lab([*places, *options])


# --- the copies -------------------------------------------------------------------------


def renew(lessons, copies, ask=None):
    """Make the copies that are missing, renew those that are out of date, and say what was done.

    Args:
        lessons: the folder of the course's notebooks.
        copies: the folder of the working copies; it need not exist.
        ask: called with the names of the lessons for which both the course's version and the copy
            have changed; returns the names to renew. None keeps all these copies.

    Returns:
        A dictionary: the names that are "new", "renewed", "kept", each a list.
    """
    copies.mkdir(exist_ok=True)
    record = read_record(copies / RECORD)
    new, renewed, asked = [], [], []
    for lesson in sorted(lessons.glob("*.ipynb")):
        copy, version = copies / lesson.name, digest(lesson)
        if not copy.exists():
            new.append(lesson.name)
        elif digest(copy) == version:
            record["copied"][lesson.name] = version
        elif record["copied"].get(lesson.name) == version:
            pass  # changed by the reader alone
        elif record["copied"].get(lesson.name) == digest(copy):
            renewed.append(lesson.name)
        elif record["declined"].get(lesson.name) != version:
            asked.append(lesson.name)
    wanted = set(ask(asked)) if ask and asked else set()
    for name in (*new, *renewed, *sorted(wanted)):
        if name in wanted:
            print(f"Your version is now {set_aside(copies / name).name}.")
        with write_beside(copies / name) as beside:
            shutil.copyfile(lessons / name, beside)
        # A lesson that was changed in its own place has to be asked about, too.
        record["copied"][name] = "" if changed_in_git(lessons / name) else digest(copies / name)
    kept = [name for name in asked if name not in wanted]
    if ask:
        record["declined"] |= {name: digest(lessons / name) for name in kept}
    with write_beside(copies / RECORD) as beside:
        beside.write_text(json.dumps(record, indent=1), encoding="utf-8")
    say(copies, new=new, renewed=sorted({*renewed, *wanted}), kept=kept)
    return {"new": new, "renewed": sorted({*renewed, *wanted}), "kept": kept}


def say(copies, new, renewed, kept):
    """Print a line for each thing that was done."""
    if new:
        print(f"Copied {len(new)} lessons to {copies.name}/, where you can change them.")
    if renewed:
        print(f"Renewed in {copies.name}/: {', '.join(renewed)}.")
    if kept:
        print(
            f"Kept your version of {', '.join(kept)}, although the lesson has been updated. "
            f"For the new version, rename or delete yours in {copies.name}/, and start again."
        )


def ask(names):
    """Ask at the terminal which of the changed copies to renew."""
    print("These lessons have been updated, and you have run or changed your copies of them:")
    for number, name in enumerate(names, 1):
        print(f"  {number}  {name}")
    print("Which should be replaced by the new version? Yours is kept under another name.")
    try:
        answer = input("Numbers such as 1 2, all, or nothing for none: ").lower()
    except EOFError:
        return []
    chosen = answer.replace(",", " ").split()
    if "all" in chosen:
        return names
    return [name for number, name in enumerate(names, 1) if str(number) in chosen]


def set_aside(copy):
    """Rename a copy so that nothing is overwritten, and return its new path."""
    ending = f"mine-{date.today()}"
    for number in range(1, 10_000):
        aside = copy.with_name(f"{copy.stem}.{ending}{f'-{number}' if number > 1 else ''}.ipynb")
        if not aside.exists():
            break
    copy.rename(aside)
    return aside


def read_record(path):
    """What is known of the copies; nothing, where the file is missing or damaged."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return {"copied": dict(known["copied"]), "declined": dict(known["declined"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"copied": {}, "declined": {}}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def changed_in_git(path):
    """Whether git knows a file, and it differs from the last commit."""
    command = ["git", "-C", str(path.parent), "status", "--porcelain", "--", path.name]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", check=False
        )
    except OSError:  # no git
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


if __name__ == "__main__":
    raise SystemExit(main())
