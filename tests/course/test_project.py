"""Set-up and front page agree with each other: one list of dependencies, no dead links.

Mirrors no module: it tests the files beside the package.
"""

import os
import re
import subprocess
import sys

import pytest
import yaml
from helpers import NOTEBOOKS, ROOT, code_cells
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli", reason="Python 3.10 has no TOML reader of its own")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSTRAINTS = sorted((ROOT / "constraints").glob("*.txt"))


def requirements():
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(text) for items in lists for text in items]


def test_environment_yml_takes_everything_from_pyproject():
    """So it cannot disagree: Python aside, the project itself is all that it asks for."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    conda = [item for item in environment["dependencies"] if isinstance(item, str)]
    pip = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    names = {re.split(r"[=<> ]", item)[0] for item in conda}
    assert names == {"python", "pip"}
    python = next(item.split("=")[-1] for item in conda if item.startswith("python"))
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0")
    options = dict(line.split() for line in pip)
    assert set(options) == {"--constraint", "--editable"}
    assert (ROOT / options["--constraint"]).is_file()
    extras = Requirement("project" + options["--editable"].removeprefix(".")).extras
    assert extras <= set(PROJECT["optional-dependencies"])
    assert "lab" in extras


@pytest.mark.parametrize("path", CONSTRAINTS, ids=lambda path: path.stem)
def test_constraints_pin_every_dependency_within_its_bounds(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    pinned = [Requirement(line) for line in lines if line and not line.startswith("#")]
    for wanted in requirements():
        versions = [pin.specifier for pin in pinned if pin.name == wanted.name]
        assert versions, f"{wanted.name} is not pinned in {path.name}"
        for version in versions:
            assert wanted.specifier.contains(str(version).removeprefix("==")), wanted


def test_metadata_names_the_tensorflows_that_work():
    bounds = next(item.specifier for item in requirements() if item.name == "tensorflow")
    for version in ("2.16.1", "2.19.0", "2.21.0"):
        assert bounds.contains(version)
    assert not bounds.contains("2.15.1")
    oldest = (ROOT / "constraints" / "oldest.txt").read_text(encoding="utf-8")
    colab = (ROOT / "constraints" / "colab.txt").read_text(encoding="utf-8")
    assert "tensorflow==2.16." in oldest
    assert "tensorflow==2.19." in colab


def test_badges_and_install_cells_name_the_repository_of_pyproject():
    namespace = {"__name__": "links", "__file__": str(ROOT / "scripts" / "links.py")}
    exec((ROOT / "scripts" / "links.py").read_text(encoding="utf-8"), namespace)
    repository = namespace["repository"]()
    assert PROJECT["urls"]["Repository"] == f"https://github.com/{repository}"
    texts = {
        "README.md": README,
        "CITATION.cff": (ROOT / "CITATION.cff").read_text(encoding="utf-8"),
    }
    texts |= {path.name: path.read_text(encoding="utf-8") for path in NOTEBOOKS}
    for name, text in texts.items():
        links = namespace["course_links"](text, repository.split("/")[1])
        assert links, f"{name} does not link to the repository"
        assert {owner for _, owner in links} == {repository}, name
    for path in NOTEBOOKS:
        badge = f"colab.research.google.com/github/{repository}/blob/main/notebooks/{path.name}"
        assert badge in README
        assert badge in path.read_text(encoding="utf-8")
        assert f"git+https://github.com/{repository}" in code_cells(path)[0]


def test_table_of_lessons_names_those_that_exist_and_no_others():
    linked = set(re.findall(r"\]\(notebooks/([\w.]+)\)", README))
    assert linked == {path.name for path in NOTEBOOKS}


def test_files_that_the_readme_links_exist():
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    targets += re.findall(r'src="(?!https?:)([^"]+)"', README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_ci_and_the_workflow_run_what_the_readme_says():
    assert "make test" in README
    assert "make demo" in README
    assert re.search(r"make test$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.M)
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    assert job["steps"][-1]["run"] == "make ${{ matrix.target }}"
    targets = {entry["target"] for entry in job["strategy"]["matrix"]["include"]}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "test" in targets
    for target in targets:
        assert re.search(rf"^(?:\S+ )*{target}(?: \S+)*:", makefile, re.M), target


def test_every_data_set_has_its_licence():
    from dcgan_course.data.sources import SOURCES

    licences = (ROOT / "DATA_LICENSES.md").read_text(encoding="utf-8")
    for name in SOURCES:
        assert name in licences


def test_version_stands_once():
    import dcgan_course

    assert dcgan_course.__version__ == PROJECT["version"]
    assert f"version: {PROJECT['version']}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for a Python is a Unix script")
@pytest.mark.parametrize("version", ["3, 9", "3, 14"])
def test_make_says_which_python_it_needs(tmp_path, version):
    """With a stand-in for an unsuitable Python, before anything is installed."""
    fake = tmp_path / "python"
    fake.write_text(
        f"#!{sys.executable}\nimport sys\nsys.version_info = ({version}, 0)\nexec(sys.argv[2])\n",
        encoding="utf-8",
    )
    fake.chmod(0o755)
    done = subprocess.run(
        ["make", "setup", f"PYTHON={fake}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode != 0
    assert "needs Python 3.10 to 3.13" in done.stderr
    assert version.replace(", ", ".") in done.stderr
    assert not (tmp_path / "venv").exists()
