"""The package as a whole: cheap to import, complete, and free of anyone's machine.

Mirrors no module: it tests all of them.
"""

import ast
import os
import re
import shutil
import subprocess
import sys

import pytest
from helpers import NOTEBOOKS, ROOT, code_cells

import dcgan_course


def test_import_leaves_tensorflow_alone(run_python):
    done = run_python(
        "import sys, dcgan_course; dir(dcgan_course);"
        "print([m for m in ('tensorflow', 'keras', 'matplotlib') if m in sys.modules])"
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow(seconds=5)
def test_the_first_import_of_a_fresh_kernel_prints_nothing(run_python):
    """Not even where TensorFlow is told to print all that it can."""
    noisy = {"TF_CPP_MIN_LOG_LEVEL": "0", "TF_ENABLE_ONEDNN_OPTS": "1"}
    done = run_python("from dcgan_course import ImageFolder, face_gan", env=noisy)
    assert done.stdout + done.stderr == ""


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


PACKAGE = ROOT / "dcgan_course"
# `lint-imports` as a command that finds its Python on every system.
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as main; main()"


def lint_imports(folder):
    """Run the contracts of pyproject.toml on the package in a folder."""
    return subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_the_contracts_on_imports_are_kept():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout
    assert int(re.search(r"Analyzed (\d+) files", done.stdout)[1]) == len(
        list(PACKAGE.rglob("*.py"))
    )


UPWARD = "Rooms import only from the rooms below them BROKEN"
CIRCLE = "No two modules of a room import each other, directly or through others BROKEN"
FRONT = "Modules import from a room, not from the package's front BROKEN"


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("data/stream.py", "from dcgan_course.training.gan import DCGAN", UPWARD),
        ("files.py", "def late():\n    import dcgan_course.data.load", UPWARD),
        ("evaluation/pixels.py", "from dcgan_course.display import images", UPWARD),
        ("a_new_room.py", "", UPWARD),
        ("data/errors.py", "from dcgan_course.data.load import load_images", CIRCLE),
        ("networks/losses.py", "from dcgan_course import DCGAN", FRONT),
    ],
)
def test_the_contracts_catch(tmp_path, module, line, broken):
    shutil.copytree(PACKAGE, tmp_path / PACKAGE.name, ignore=shutil.ignore_patterns("*.npz"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / PACKAGE.name / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert broken in done.stdout


def test_modules_take_no_private_names_from_each_other():
    """Ruff's SLF sees `module._name`; this sees `from module import _name`."""
    taken = [
        f"{path.relative_to(ROOT)}: from {node.module} import {alias.name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dcgan_course")
        for alias in node.names
        if alias.name.startswith("_")
    ]
    assert taken == []


def test_every_name_that_a_notebook_imports_is_offered_by_the_package():
    for path in NOTEBOOKS:
        for source in code_cells(path):
            for names in re.findall(r"from dcgan_course[\w.]* import ([\w, ]+)", source):
                assert set(names.replace(" ", "").split(",")) - {""} <= set(dcgan_course.__all__)
