"""Set-up and front page agree with each other: one list of dependencies, no dead links.

Mirrors no module: it tests the files beside the package.
"""

import json
import os
import re
import runpy
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from helpers import NOTEBOOKS, ROOT, code_cells, read_notebook
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli", reason="Python 3.10 has no TOML reader of its own")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CONSTRAINTS = sorted((ROOT / "constraints").glob("*.txt"))


def requirements(without=()):
    extras = PROJECT["optional-dependencies"]
    lists = [PROJECT["dependencies"], *(extras[name] for name in extras if name not in without)]
    return [Requirement(text) for items in lists for text in items]


def pins(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


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
    # nbgrader needs a newer IPython than Colab's; the website is not built there.
    for wanted in requirements(without=["grading", "site"] if path.stem == "colab" else []):
        versions = [pin.specifier for pin in pins(path) if pin.name == wanted.name]
        assert versions, f"{wanted.name} is not pinned in {path.name}"
        for version in versions:
            assert wanted.specifier.contains(str(version).removeprefix("==")), wanted


def test_metadata_names_the_tensorflows_that_work():
    bounds = next(item.specifier for item in requirements() if item.name == "tensorflow")
    for version in ("2.16.1", "2.20.0", "2.21.0"):
        assert bounds.contains(version)
    assert not bounds.contains("2.15.1")
    assert "tensorflow==2.16." in (ROOT / "constraints" / "oldest.txt").read_text(encoding="utf-8")


# As published in August 2026. Colab's Pythons are 3.12 and 3.13.
COLAB = {
    "tensorflow": "2.20.0",
    "keras": "3.13.2",
    "numpy": "2.1.3",
    "ipython": "7.34.0",
    "ipywidgets": "7.7.1",
}


def test_the_colab_set_is_what_colab_has():
    pinned = {pin.name: str(pin.specifier) for pin in pins(ROOT / "constraints" / "colab.txt")}
    assert {name: pinned[name] for name in COLAB} == {
        name: f"=={version}" for name, version in COLAB.items()
    }
    assert "nbgrader" not in pinned


def test_the_first_cell_has_colab_restart_nothing():
    """Colab asks for a restart when an install replaces what its kernel has imported.

    The cell installs the package without extras, and pip leaves alone what is new enough.
    """
    base = {item.name: item.specifier for item in map(Requirement, PROJECT["dependencies"])}
    for name in set(base) & set(COLAB):
        assert base[name].contains(COLAB[name]), f"{name}: Colab has {COLAB[name]}"
    # Those that a kernel imports, or that come with Colab's widgets, are no matter of ours.
    assert not set(base) & {"ipywidgets", "ipykernel", "jupyterlab", "traitlets", "tornado"}
    for item in requirements(without=["grading"]):
        assert item.name not in COLAB or item.specifier.contains(COLAB[item.name]), item
    for path in NOTEBOOKS:
        cell = code_cells(path)[0]
        assert re.search(r'^    %pip install -q "git\+https://[\w./-]+"$', cell, re.M), path.name
        assert not re.search(r"--upgrade|-U\b|\[\w+\]", cell), path.name


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


def syllabus(page):
    """What a table of lessons says: {number: (builds on, hours, minutes, assignment)}."""
    row = r"^\| \[?(\d\d) · [^|]*\| ([^|]*) \| (\S+) h \| (\d+) min \| ([^|]*)\|"
    return {found[0]: tuple(map(str.strip, found[1:])) for found in re.findall(row, page, re.M)}


def test_the_syllabus_of_the_readme_is_that_of_the_site():
    on_site = syllabus((ROOT / "site" / "syllabus.md").read_text(encoding="utf-8"))
    assert list(on_site) == [path.stem[:2] for path in NOTEBOOKS]
    assert syllabus(README) == on_site
    hours = sum(float(hours) for _, hours, _, _ in on_site.values())
    assert f"{hours:.0f} hours in all" in README


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_lesson_says_the_same_computing_time_as_the_syllabus(path):
    text = "\n".join("".join(cell["source"]) for cell in read_notebook(path)["cells"])
    (time,) = re.findall(r"^\*\*Time:\*\*.*", text, re.M)
    (minutes,) = re.findall(r"(\d+) minutes (?:of computing|to compute)", time)
    assert syllabus(README)[path.stem[:2]][2] == minutes


def test_the_readme_begins_with_one_button_and_a_moving_image():
    top = README.partition("\n## ")[0]
    assert len(re.findall(r'href="https://colab[^"]*/01_gan_intro\.ipynb"', top)) == 1
    assert top.count("colab.research.google.com") == 1
    assert re.search(r'<img src="docs/\w+\.gif"[^>]* alt="[^"]{40,}"', top)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_files_that_a_page_links_exist(name):
    page = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page)
    targets += re.findall(r'src="(?!https?:)([^"]+)"', page)
    assert targets or name == "CHANGELOG.md"
    assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_make_targets_that_a_page_names_exist(name):
    page = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", page, re.M))
    assert "test" in named
    assert named <= make_targets()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_commands_for_windows_name_files_that_exist(name):
    """Nobody runs them here, so that at least their files and extras have to be right."""
    page = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```powershell\n(.*?)```", page, re.S)
    commands = "\n".join([*blocks, *re.findall(r"`([^`\n]*\\Scripts\\[^`\n]*)`", page)])
    assert "py -3.12 -m venv .venv" in commands
    assert "/bin/" not in commands
    files = re.findall(r"(?<=\s)((?:scripts|notebooks|constraints)/[\w./]+)", commands)
    assert files
    assert [file for file in files if not (ROOT / file).is_file()] == []
    for extras in re.findall(r'"\.\[([\w,]+)\]"', commands):
        assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])


def module_map():
    namespace = {"__name__": "module_map", "__file__": str(ROOT / "scripts" / "module_map.py")}
    exec((ROOT / "scripts" / "module_map.py").read_text(encoding="utf-8"), namespace)
    return SimpleNamespace(**namespace)


def test_the_module_map_names_every_module_and_nothing_else():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    written = re.findall(r"^\| `([\w/]+\.py)` \| \S.*\|$", page, re.M)
    package = ROOT / "dcgan_course"
    there = {path.relative_to(package).as_posix() for path in package.rglob("*.py")}
    there = {name for name in there if not name.endswith("__init__.py")}
    assert len(written) == len(set(written))
    assert set(written) == there, "`make map` brings the map in CONTRIBUTING.md up to date."
    assert module_map().updated(page) == page


def test_make_map_keeps_what_is_written_adds_what_is_new_and_drops_what_is_gone():
    script = module_map()
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    line = re.search(r"^\| `data/errors\.py` .*\n", page, re.M)[0]
    other = page.replace(line, "| `data/gone.py` | a module that was here |\n")
    other = other.replace("| `files.py` |", "| `files.py` | by hand:")
    renewed = script.updated(other)
    assert "| `data/errors.py` | The error that all modules of this room raise |\n" in renewed
    assert "gone.py" not in renewed
    assert "| `files.py` | by hand:" in renewed


def make_targets():
    rules = re.findall(r"^([a-z][\w -]*?):(?!=)", MAKEFILE, re.M)
    return {target for rule in rules for target in rule.split()}


def test_ci_and_the_workflow_run_what_the_readme_says():
    assert "make test" in README
    assert "make demo" in README
    assert re.search(r"make test$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.M)
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    assert job["steps"][-1]["run"] == "make ${{ matrix.target }}"
    targets = {entry["target"] for entry in job["strategy"]["matrix"]["include"]}
    assert "test" in targets
    assert targets <= make_targets()


def test_the_workflow_lints_first_covers_three_systems_and_runs_every_week():
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    triggers = workflow[True]  # YAML 1.1 reads the key "on" as true
    assert {"push", "pull_request", "schedule"} <= set(triggers)
    assert re.fullmatch(r"\d+ \d+ \* \* \d", triggers["schedule"][0]["cron"])
    jobs = workflow["jobs"]
    lint = [step["run"] for step in jobs["lint"]["steps"] if "run" in step]
    recipe = make("-n", "-o", "setup", "lint").stdout
    for command in re.findall(r"/bin/(ruff .*|lint-imports.*)", recipe):
        assert command in lint
    assert not [command for command in lint if "--editable" in command]  # no TensorFlow
    assert jobs["test"]["needs"] == jobs["smoke"]["needs"] == "lint"
    assert jobs["smoke"]["strategy"]["matrix"]["os"] == ["windows-latest", "macos-latest"]
    for job in jobs.values():
        for step in job["steps"]:
            words = step.get("run", "").split()
            paths = [word for word in words if word.startswith(("tests/", "notebooks/"))]
            assert [path for path in paths if not (ROOT / path).exists()] == []


def test_issue_forms_ask_for_what_they_need():
    forms = {path.stem: path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")}
    assert yaml.safe_load(forms.pop("config").read_text(encoding="utf-8"))
    assert set(forms) == {"bug", "stuck"}
    for path in forms.values():
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert form["name"]
        assert form["description"]
        fields = [item for item in form["body"] if item["type"] != "markdown"]
        assert {item["type"] for item in fields} <= {"input", "textarea", "dropdown"}
        assert len({item["id"] for item in fields}) == len(fields)
        assert all(item["attributes"]["label"] for item in fields)
        assert any(item.get("validations", {}).get("required") for item in fields)
        for item in fields:
            options = item["attributes"].get("options", [])
            assert bool(options) == (item["type"] == "dropdown")
            assert all(isinstance(option, str) for option in options)
    lessons = yaml.safe_load(forms["stuck"].read_text(encoding="utf-8"))["body"][1]
    named = {option[:2] for option in lessons["attributes"]["options"]}
    assert {path.stem[:2] for path in NOTEBOOKS} <= named


def test_the_dev_container_sets_up_what_make_sets_up():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"] == "make setup"
    python = container["image"].split(":")[1]
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0")


def test_the_changelog_begins_with_what_is_unreleased_and_names_the_version():
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert versions[0] == "Unreleased"
    assert versions[1] == PROJECT["version"]


def test_every_data_set_has_its_license():
    from dcgan_course.data.sources import SOURCES

    licenses = (ROOT / "DATA_LICENSES.md").read_text(encoding="utf-8")
    for name in SOURCES:
        assert name in licenses


def test_version_stands_once():
    import dcgan_course

    assert dcgan_course.__version__ == PROJECT["version"]
    assert f"version: {PROJECT['version']}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def make(*arguments, **environment):
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_make_help_lists_every_target_once_and_nothing_else():
    targets = make_targets()
    assert {"demo", "lab", "check", "test", "test-colab"} <= targets
    help_text = make("help").stdout
    rows = re.findall(r"^  make (\S+) +\S.*$", help_text, re.M)
    assert sorted(rows) == sorted(targets)
    rest = [line for line in help_text.splitlines() if line and not line.startswith("  make ")]
    assert rest == ["For learners", "For teachers", "For contributors"]
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)", MAKEFILE, re.M)[1].replace("\\", "").split()
    assert sorted(phony) == sorted(targets)


def test_make_needs_no_bash():
    """Debian's and Alpine's /bin/sh is not bash, and their images may have none at all."""
    assert "bash" not in MAKEFILE
    assert not re.search(r"^SHELL", MAKEFILE, re.M)


def started_lab(monkeypatch, *options):
    """The environment and the options with which scripts/lab.py starts JupyterLab."""
    import jupyterlab.labapp

    started = []
    monkeypatch.setattr(jupyterlab.labapp, "main", started.append)
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):  # put back when the test ends
        monkeypatch.setenv(name, os.environ.get(name, ""))
    runpy.run_path(str(ROOT / "scripts" / "lab.py"))["open_lab"](list(options))
    return dict(os.environ), started[0]


def test_make_lab_starts_the_script_that_makes_working_copies(monkeypatch):
    assert make("-n", "-o", "setup", "lab").stdout.strip() == ".venv/bin/python scripts/lab.py"
    _, options = started_lab(monkeypatch, "--no-browser")
    assert f"--ServerApp.root_dir={ROOT}" in options
    assert "--LabApp.default_url=/lab/tree/my_lessons" in options
    assert options[-1] == "--no-browser"


def test_jupyterlab_for_learners_keeps_the_state_of_widgets(monkeypatch):
    """Else a reopened notebook says "model not found" where a panel was."""
    pytest.importorskip("jupyterlab")
    from jupyterlab.commands import get_app_dir
    from jupyterlab_server.settings_utils import get_settings

    environment, _ = started_lab(monkeypatch)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", environment["JUPYTER_CONFIG_PATH"])
    folder = Path(get_app_dir())
    name = "@jupyter-widgets/jupyterlab-manager:plugin"
    extensions = [str(Path(sys.prefix) / "share" / "jupyter" / "labextensions")]
    settings, _ = get_settings(
        str(folder / "settings"), str(folder / "schemas"), "", name, labextensions_path=extensions
    )
    assert settings["settings"] == {} or settings["settings"]["saveState"]
    assert settings["schema"]["properties"]["saveState"]["default"] is True


def test_jupyterlab_for_learners_has_no_buttons_of_teachers_tools(monkeypatch):
    """What nbgrader, Voilà and what they bring along add to JupyterLab is off in `make lab`."""
    for name in ("nbgrader", "voila"):
        pytest.importorskip(name, reason=f"without {name} there is nothing to switch off")
    from jupyter_core.paths import jupyter_config_path
    from jupyter_server.extension.config import ExtensionConfigManager
    from jupyterlab_server.config import get_page_config

    lab_extensions, server_extensions = set(), set()
    for tool in ("nbgrader", "voila", "notebook"):
        for path in map(str, distribution(tool).files):
            if match := re.search(
                r"/jupyter/labextensions/(@[\w-]+/[\w-]+|[\w-]+)/package\.json$", path
            ):
                lab_extensions.add(match[1])
            if "jupyter_server_config.d/" in path:
                file = distribution(tool).locate_file(path)
                config = json.loads(Path(file).read_text(encoding="utf-8"))
                server_extensions |= set(config["ServerApp"]["jpserver_extensions"])
    assert len(lab_extensions) == 3
    assert len(server_extensions) >= 4

    # As the script has it, before what the reader may have set.
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "other")
    environment, _ = started_lab(monkeypatch)
    assert environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)[1:] == ["other"]
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", environment["JUPYTER_CONFIG_PATH"])
    assert lab_extensions <= set(get_page_config([])["disabledExtensions"])
    manager = ExtensionConfigManager(read_config_path=jupyter_config_path())
    enabled = {name for name, on in manager.get_jpserver_extensions().items() if on}
    assert not server_extensions & enabled
    assert "jupyterlab" in enabled


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
    done = make("setup", f"PYTHON={fake}", f"VENV={tmp_path / 'venv'}")
    assert done.returncode != 0
    assert "needs Python 3.10 to 3.13" in done.stderr
    assert version.replace(", ", ".") in done.stderr
    assert not (tmp_path / "venv").exists()
