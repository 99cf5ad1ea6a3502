"""Bring the module map in CONTRIBUTING.md up to date.

    python scripts/module_map.py

Modules that are gone lose their line, and new ones get the first line of their docstring, which
may then be rewritten by hand: lines of modules that are still there stay as they are.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

sys.path.insert(0, str(ROOT))

from dcgan_course.files import write_beside

PACKAGE = ROOT / "dcgan_course"
PAGE = ROOT / "CONTRIBUTING.md"
TABLE = re.compile(r"(\| module \| [^\n]*\n\|[-|]+\|\n)((?:\| `[^\n]*\n)*)")


def modules():
    """The package's modules as in `data/load.py`, files before rooms, without `__init__`."""
    paths = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
    kept = [path.as_posix() for path in paths if path.name != "__init__.py"]
    return sorted(kept, key=lambda name: ("/" in name, name))


def described(page):
    """The lines of the map in a page: {module: description}."""
    rows = TABLE.search(page)[2].splitlines()
    return dict(re.fullmatch(r"\| `([^`]+)` \| (.*) \|", row).groups() for row in rows)


def updated(page):
    """The page with a line for every module and for nothing else."""
    known = described(page)
    for name in set(modules()) - set(known):
        docstring = ast.get_docstring(ast.parse((PACKAGE / name).read_text(encoding="utf-8")))
        known[name] = docstring.splitlines()[0].rstrip(".")
    rows = "".join(f"| `{name}` | {known[name]} |\n" for name in modules())
    return TABLE.sub(lambda match: match[1] + rows, page, count=1)


def main():
    page = PAGE.read_text(encoding="utf-8")
    with write_beside(PAGE) as beside:
        beside.write_text(updated(page), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
