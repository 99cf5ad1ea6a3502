"""Texts for figures and images, and how a kernel hands them over."""

import nbformat
import pytest
from IPython.display import Image
from matplotlib.figure import Figure
from nbclient import NotebookClient

from dcgan_course.display.alt_text import LONGEST, describe_figures, figure_text, image_text


def test_titles_axes_and_legends_are_named():
    figure = Figure()
    figure.suptitle("Both fall")
    left, right = figure.subplots(1, 2)
    left.plot([1, 2], label="$D$'s loss")
    left.plot([2, 1], label="G's loss")
    left.set(title="Losses,\nsmoothed", xlabel="epoch", ylabel="loss")
    left.legend()
    right.set_xlabel(r"$\mathcal{N}$ samples")
    assert figure_text(figure) == (
        "Both fall. Losses, smoothed (loss against epoch: D's loss, G's loss). N samples"
    )


def test_a_sheet_of_images_names_its_rows():
    axes = Figure().subplots()
    axes.imshow([[0, 1], [1, 0]])
    axes.set_yticks([0, 1], ["cat", "dog"])
    axes.set_title("Real")
    assert figure_text(axes.figure) == "Real (rows: cat, dog)"
    axes.axis("off")
    assert figure_text(axes.figure) == "Real"


def test_a_color_bar_and_repetitions_are_left_out():
    figure = Figure()
    for axes in figure.subplots(1, 2):
        image = axes.imshow([[0, 1], [1, 0]])
        axes.set(title="Same", xticks=[], yticks=[])
    figure.colorbar(image, label="probability")
    assert figure_text(figure) == "Same"


def test_a_figure_without_a_title_and_one_with_a_very_long_one():
    assert figure_text(Figure()) == "A figure without a title"
    figure = Figure()
    figure.suptitle("long " * 400)
    assert len(figure_text(figure)) == LONGEST


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"filename": "training.gif"}, "Animation: samples from the same latent vectors"),
        ({"filename": "other.png"}, "Image other.png"),
        ({"data": b"GIF89a"}, "An image"),
        ({"filename": "training.gif", "alt": "Mine"}, "Mine"),
    ],
)
def test_an_image_says_what_its_file_is_known_for(tmp_path, options, text):
    if "filename" in options:
        (tmp_path / options["filename"]).write_bytes(b"GIF89a")
        options = {**options, "filename": tmp_path / options["filename"]}
    assert image_text(Image(**options)).startswith(text)


def test_outside_a_notebook_nothing_happens():
    describe_figures()


SHOW = """
import base64, io
import imageio.v3 as iio
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image, display
from dcgan_course.display.alt_text import describe_figures
describe_figures()
describe_figures()  # as where the first cell is run again
plt.plot([1, 2])
plt.title("Up")
plt.show()
plt.title("At the cell's end")
display(Image(iio.imwrite("<bytes>", np.zeros((4, 4), "uint8"), extension=".png"), width=40))
"""


@pytest.mark.slow(seconds=5)
def test_a_kernel_sends_every_image_with_its_text(monkeypatch):
    # As a kernel has it; these tests have another.
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SHOW)])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    outputs = notebook.cells[0].outputs
    shown = [output for output in outputs if "image/png" in output.get("data", {})]
    texts = {output.data["text/plain"] for output in shown}
    assert texts == {"Up", "At the cell's end", "An image"}
    for output in shown:
        assert output.metadata["image/png"]["alt"] == output.data["text/plain"]
        assert "width" in output.metadata["image/png"] or "image" not in output.data["text/plain"]
