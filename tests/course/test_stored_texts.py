"""Every image of a stored notebook gets a text.

Mirrors no module: it tests scripts/stored_texts.py.
"""

import sys

import nbformat
import pytest
from helpers import NOTEBOOKS, ROOT

sys.path.insert(0, str(ROOT / "scripts"))

import stored_texts

v4 = nbformat.v4
FIGURE = "<Figure size 640x480 with 1 Axes>"


def described(source, plain=FIGURE, metadata=None, kind="image/png"):
    output = v4.new_output("display_data", {kind: "AAAA", "text/plain": plain})
    output.metadata = nbformat.from_dict(metadata or {})
    cells = [v4.new_markdown_cell("## The game"), v4.new_code_cell(source, outputs=[output])]
    stored_texts.describe(v4.new_notebook(cells=cells))
    return output.metadata[kind]["alt"], output.data["text/plain"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('plt.title("D learns $p/(p+q)$")', "D learns p/(p+q)"),
        ('show_images(images, "Some faces")', "Some faces"),
        ('show_images(images, f"Some {name}")', "Figure: The game"),
        ('axes.set(title="One\\\\ntwo")', "One two"),
        ('left.set(title="A")\nright.set(title="B")', "A. B"),
        ("plot()", "Figure: The game"),
        ("panel.finish(g)", "Samples from the same latent vectors, and losses"),
    ],
)
def test_an_old_output_is_described_by_its_code_or_its_heading(source, text):
    assert described(source) == (text, text)


def test_what_an_output_says_itself_is_kept():
    assert described('title = "Code"', "A walk, 5 frames")[0] == "A walk, 5 frames"
    alt, plain = described('title = "Code"', metadata={"image/png": {"alt": "Own", "width": 3}})
    assert (alt, plain) == ("Own", "Own")


def test_the_texts_of_a_cell_are_named_once():
    outputs = [
        v4.new_output("display_data", {"image/png": "A"}, metadata={"image/png": {"alt": alt}})
        for alt in ("a", "b", "a")
    ]
    assert stored_texts.texts(v4.new_code_cell("", outputs=outputs)) == ["a", "b"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_image_of_the_lessons_gets_a_text(path):
    notebook = nbformat.read(path, as_version=4)
    stored_texts.describe(notebook)
    count = 0
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    count += 1
                    alt = output.metadata[kind]["alt"]
                    assert len(alt) > 10
                    assert not alt.startswith("<")
                    assert output.data["text/plain"]
    assert count
