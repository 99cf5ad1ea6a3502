"""What several test files need."""

import json
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# The browser that this machine has, or None.
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def read_notebook(path):
    """A notebook as a dictionary."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def code_cells(path):
    """The sources of a notebook's code cells, in order."""
    cells = read_notebook(path)["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def plain_code(source):
    """A cell's source without IPython's magics, as a Python file could hold it."""
    return "\n".join(
        line.replace("%pip", "pass  #") if line.strip().startswith("%") else line
        for line in source.splitlines()
    )


def solutions(notebook):
    """The code in the collapsed solutions of a notebook, in order."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and "<details>" in "".join(cell["source"]):
            yield from re.findall(r"```python\n(.*?)```", "".join(cell["source"]), re.S)


def outputs(path):
    """The stored outputs of a notebook's code cells."""
    cells = read_notebook(path)["cells"]
    return [out for cell in cells if cell["cell_type"] == "code" for out in cell["outputs"]]


def said(path):
    """All that a lesson's stored cells have printed."""
    return "\n".join("".join(out["text"]) for out in outputs(path) if "text" in out)


def prose(path):
    """A lesson's texts."""
    cells = read_notebook(path)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def names_from(path, *wanted, **given):
    """Run the cells that define `wanted`, in order; returns the namespace."""
    import keras
    import tensorflow as tf

    namespace = {"tf": tf, "keras": keras, "layers": keras.layers, **given}
    policy = keras.mixed_precision.global_policy()
    for source in code_cells(path):
        if any(re.search(rf"^(def|class) {name}\b", source, re.M) for name in wanted):
            exec(compile(plain_code(source), path.name, "exec"), namespace)
    keras.mixed_precision.set_global_policy(policy)  # a cell may have chosen another
    assert set(wanted) <= set(namespace)
    return namespace
