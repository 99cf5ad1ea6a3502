"""The package as a whole: cheap to import, complete, and free of anyone's machine."""

import re
import subprocess

import pytest
from helpers import ROOT

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
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
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
