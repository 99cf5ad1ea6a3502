"""The package as a whole: cheap to import, complete, and free of anyone's machine.

Mirrors no module: it tests all of them.
"""

import ast
import re
import subprocess

import pytest
from helpers import NOTEBOOKS, ROOT, code_cells

import dcgan_course


def test_import_leaves_tensorflow_alone(run_python):
    done = run_python(
        "import sys, dcgan_course; dir(dcgan_course);"
        "print([m for m in ('tensorflow', 'keras', 'matplotlib') if m in sys.modules])"
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", dcgan_course.__all__)
def test_every_exported_name_exists_and_explains_itself(name):
    assert getattr(dcgan_course, name).__doc__


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        dcgan_course.nothing  # noqa: B018


def test_no_path_of_a_machine_is_committed():
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    ).stdout.split()
    if not files:
        pytest.skip("not a git checkout: there is no list of committed files")
    # Split, so that this file does not find itself.
    pattern = re.compile(r"(?<![\w.:/])/(?:" + "home|root|Users|work|tmp" + r")/[\w.-]+")
    found = {
        f"{name}: {match[0]}"
        for name in files
        if not name.endswith((".gif", ".png", ".npz"))
        for match in pattern.finditer((ROOT / name).read_text(encoding="utf-8"))
    }
    assert not found


# Each room may import from those before it, and from itself; rooms on one line know nothing
# of each other.
ROOMS = (
    ("files", "machine", "quiet"),
    ("data", "networks"),
    ("display", "evaluation"),
    ("training",),
    ("latent", "diagnosis"),
    ("lesson", "grading"),
)


def imports_of(path):
    """The modules and names of the course that a file imports: [(module, name)]."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dcgan_course"):
            for alias in node.names:
                yield node.module, alias.name


def room(module):
    return module.split(".")[1] if "." in module else None


def test_imports_point_one_way_and_take_no_private_names():
    floor = {name: index for index, names in enumerate(ROOMS) for name in names}
    package = ROOT / "dcgan_course"
    files = [path for path in package.rglob("*.py") if path != package / "__init__.py"]
    assert len(files) > 40
    wrong = []
    for path in files:
        own = path.relative_to(package).with_suffix("").parts[0]
        for module, name in imports_of(path):
            target = room(module)
            assert target in floor, f"{path}: import from a room, not from the package"
            if name.startswith("_") or (target != own and floor[target] >= floor[own]):
                wrong.append(f"{path.relative_to(ROOT)}: from {module} import {name}")
    assert wrong == []


def test_every_name_that_a_notebook_imports_is_offered_by_the_package():
    for path in NOTEBOOKS:
        for source in code_cells(path):
            for names in re.findall(r"from dcgan_course[\w.]* import ([\w, ]+)", source):
                assert set(names.replace(" ", "").split(",")) - {""} <= set(dcgan_course.__all__)
