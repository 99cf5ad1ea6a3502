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
