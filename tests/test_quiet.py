"""A fresh kernel's first import prints nothing, whichever part of the course it asks for."""

import pytest

FIRST = [
    "import dcgan_course.training.gan",
    "from dcgan_course.networks.layers import dcgan_generator",
    "import dcgan_course, tensorflow",
    "import dcgan_course, keras",
    "import numpy as np; from dcgan_course import make_dataset;"
    "next(iter(make_dataset(np.zeros((4, 2, 2, 1), 'float32'), 2)))",
]


@pytest.mark.slow(seconds=4)
@pytest.mark.parametrize("code", FIRST)
def test_the_first_import_prints_nothing(run_python, code):
    # Empty is no level of TensorFlow's, and the course's own default comes only if it is absent.
    fresh = "import os; os.environ.pop('TF_CPP_MIN_LOG_LEVEL', None); "
    done = run_python(fresh + code)
    assert done.stdout == ""
    assert done.stderr == ""


def test_what_goes_wrong_in_an_import_is_still_said(run_python, tmp_path):
    text = "raise ImportError('built for another Python')"
    (tmp_path / "keras.py").write_text(text, encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import dcgan_course; import keras"
    done = run_python(code, check=False)
    assert done.returncode == 1
    assert "ImportError: built for another Python" in done.stderr


@pytest.mark.slow(seconds=4)
def test_errors_are_written_again_after_the_import(run_python):
    done = run_python("import sys, dcgan_course, keras; print('heard', file=sys.stderr)")
    assert done.stderr.strip().endswith("heard")


def test_the_hook_leaves_other_imports_alone(run_python):
    code = (
        "import dcgan_course, importlib.util; print(importlib.util.find_spec('nothing_at_all'));"
        "import json; print(json.__spec__.loader.exec_module.__name__)"
    )
    assert run_python(code).stdout.split() == ["None", "exec_module"]
