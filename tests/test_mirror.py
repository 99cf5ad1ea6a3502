"""Each test file mirrors a module: who changes data/load.py finds its tests in data/test_load.py.

Mirrors no module: it tests the names of the test files.
"""

import ast

import pytest
from helpers import ROOT

TESTS = ROOT / "tests"
FILES = sorted(TESTS.rglob("test_*.py"))
REASON = "Mirrors no module: "


def mirrored(path):
    """The module or room that a test file tests by its name, whether or not it exists."""
    name = path.stem.removeprefix("test_")
    return ROOT / "dcgan_course" / path.parent.relative_to(TESTS) / name


def problem_with(path, source):
    """What is wrong with a test file's name or docstring; None if nothing is."""
    module = mirrored(path)
    exists = module.with_suffix(".py").is_file() or module.is_dir()
    said = REASON in (ast.get_docstring(ast.parse(source)) or "")
    if exists and said:
        return f"says “{REASON}…”, but {module.relative_to(ROOT)} exists"
    if not exists and not said:
        return (
            f"tests no module of this name: there is no {module.relative_to(ROOT)}.py. "
            f"Name it after a module, or say why not in its docstring: “{REASON}it tests …”"
        )
    return None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_each_test_file_mirrors_a_module_or_says_why_not(path):
    assert problem_with(path, path.read_text(encoding="utf-8")) is None


def test_a_file_that_mirrors_nothing_is_found():
    stray = TESTS / "data" / "test_nothing.py"
    assert "data/nothing.py" in problem_with(stray, '"""Some tests."""').replace("\\", "/")
    assert problem_with(stray, f'"""Some tests.\n\n{REASON}it tests two together.\n"""') is None
    assert "exists" in problem_with(TESTS / "test_files.py", f'"""{REASON}none."""')
    assert problem_with(TESTS / "data" / "test_drawn.py", '"""A room within a room."""') is None
