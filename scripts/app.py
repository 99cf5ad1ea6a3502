"""Lesson 09's panel as a web page, without the lesson around it, by Voilà.

    python scripts/app.py [options of voila, such as --port=8866 --no-browser]

The page is made of the notebook's cells that have the tag "app"; the rest of the lesson is
neither run nor shown.
"""

import sys
from pathlib import Path

import nbformat
from traitlets.config import Config
from voila.app import Voila

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "09_latent_explorer.ipynb"
# Voilà's page takes its icons from the network, which a classroom may not have: without these
# signs the buttons of the walk would be blank there.
SIGNS = {"play": "▶", "pause": "❚❚", "stop": "■", "repeat": "↻", "retweet": "↻"}
STYLE = "<style>{}</style>".format(
    " ".join(
        f'.widget-play .fa-{name}::before {{ content: "{sign}"; font-family: sans-serif }}'
        for name, sign in SIGNS.items()
    )
)


def only_the_panel(request, notebook, cwd):
    """The notebook with its cells of that tag alone."""
    cells = [cell for cell in notebook.cells if "app" in cell.metadata.get("tags", [])]
    notebook.cells = [nbformat.v4.new_markdown_cell(STYLE), *cells]
    return notebook


def settings():
    config = Config()
    config.VoilaConfiguration.prelaunch_hook = only_the_panel
    config.VoilaConfiguration.file_allowlist = [r"(?!)"]  # the page needs no file of this folder
    # Where these are installed too, they fail on a page that is no JupyterLab.
    others = ["@jupyter-notebook/lab-extension", "@jupyter/nbgrader"]
    config.VoilaConfiguration.extension_denylist = others
    return config


if __name__ == "__main__":
    Voila.launch_instance([str(NOTEBOOK), *sys.argv[1:]], config=settings())
