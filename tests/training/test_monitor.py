"""The panel: one display that updates in place, time left, history."""

import re

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from dcgan_course.files import write_rows
from dcgan_course.training.monitor import TrainingPanel

IMAGES = np.zeros((4, 8, 8, 1), "float32")


def test_means_rows_and_files(tmp_path):
    panel = TrainingPanel(2, 3, folder=tmp_path, live=False)
    for value in (1.0, 2.0, 6.0):
        panel.advance({"d_loss": value, "g_loss": 1.0})
    panel.end_epoch(IMAGES)
    for value in (0.0, 0.0, 3.0):
        panel.advance({"d_loss": value, "g_loss": 2.0})
    panel.end_epoch(IMAGES)
    panel.finish()
    assert [row["d_loss"] for row in panel.history] == [3.0, 1.0]
    assert [row["g_loss"] for row in panel.history] == [1.0, 2.0]
    assert [row["epoch"] for row in panel.history] == [1, 2]
    assert (tmp_path / "finished").exists()
    assert (tmp_path / "training.gif").exists()


def test_a_resumed_training_goes_on_counting():
    panel = TrainingPanel(4, 10, first_epoch=2, history=[{"epoch": 1}, {"epoch": 2}], live=False)
    for _ in range(10):
        panel.advance({"d_loss": 1})
    panel.end_epoch()
    assert panel.history[-1] == pytest.approx({"epoch": 3, "seconds": 0, "d_loss": 1}, abs=0.5)


def test_terminal_gets_a_line(capsys):
    panel = TrainingPanel(1, 2)
    panel.advance({"d_loss": 1.0})
    panel.advance({"d_loss": 1.0})
    panel.end_epoch(IMAGES)
    panel.finish()
    assert "1 epochs complete" in capsys.readouterr().err


TRAIN = """
import numpy as np
from dcgan_course.training.monitor import TrainingPanel
panel = TrainingPanel(5, 2)
for epoch in range(5):
    for _ in range(2):
        panel.advance({"d_loss": 1.0, "g_loss": 2.0})
    panel.end_epoch(np.full((4, 8, 8, 1), epoch / 5))
    if epoch == STOP:
        raise KeyboardInterrupt
panel.finish()
"""
WIDGETS = """
words, *rest = panel._screen.widget.children
print(words.value)
if rest[1:]:
    slider, pictures = rest
    last = pictures.value
    slider.value = 2
    print(slider.options, "epoch 2" in pictures.value, last != pictures.value)
"""
WITHOUT = "import sys; sys.modules['ipywidgets'] = None\n"


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The outputs of some trainings, by name, all of one kernel; errors are left out."""
    folder = str(tmp_path_factory.mktemp("run"))
    kept = f"STOP = None{TRAIN}".replace("(5, 2)", f"(5, 2, folder={folder!r})")
    cells = {
        "finished": f"STOP = None{TRAIN}",
        "finished, its widgets": WIDGETS,
        "interrupted": f"STOP = 2{TRAIN}",
        "interrupted, its widgets": WIDGETS,
        "kept": kept,
        "again": kept.replace("5, 2,", "5, 2, 5, panel.history,").replace("range(5)", "[]"),
        "again, its widgets": WIDGETS,
        "without": f"{WITHOUT}STOP = None{TRAIN}",  # the last: the kernel has no widgets then
    }
    sources = [nbformat.v4.new_code_cell(source) for source in cells.values()]
    notebook = nbformat.v4.new_notebook(cells=sources)
    NotebookClient(notebook, kernel_name="python3", timeout=600, allow_errors=True).execute()
    outputs = [[out for out in cell.outputs if out.output_type != "error"] for cell in sources]
    return dict(zip(cells, outputs, strict=True))


@pytest.mark.slow(seconds=10)
class TestInANotebook:
    def test_one_widget_however_many_epochs_and_one_picture_with_a_text_is_stored(self, shown):
        (output,) = shown["finished"]
        assert set(output.data) == {
            "application/vnd.jupyter.widget-view+json",
            "image/png",
            "text/plain",
        }
        alt = output.metadata["image/png"]["alt"]
        assert output.data["text/plain"] == alt
        assert re.match(r"5 epochs complete · took [\w ]+\. Samples from the same latent", alt)
        assert alt.endswith("beside the losses so far: D's loss 1.00, G's loss 2.00")
        words, slider = shown["finished, its widgets"][0].text.splitlines()
        assert re.fullmatch(r"<div>5 epochs complete · took [\w ]+</div>", words)
        assert slider == "(1, 2, 3, 4, 5) True True"

    def test_an_interruption_leaves_the_last_epoch_and_its_slider(self, shown):
        (output,) = shown["interrupted"]
        assert output.data["text/plain"].startswith("Stopped in epoch 4 of 5.")
        assert "after epoch 3" in output.metadata["image/png"]["alt"]
        (said,) = shown["interrupted, its widgets"]
        assert said.text.splitlines()[1] == "(1, 2, 3) True True"

    def test_where_nothing_is_left_to_train_the_slider_has_the_earlier_epochs(self, shown):
        (output,) = shown["again"]
        assert "Nothing left to train" in output.data["text/plain"]
        assert "image/png" in output.data
        (said,) = shown["again, its widgets"]
        assert said.text.splitlines()[1] == "(1, 2, 3, 4, 5) True True"

    def test_without_ipywidgets_there_are_a_text_and_a_picture(self, shown):
        text, picture = shown["without"]
        assert set(text.data) == {"text/plain"}
        assert text.data["text/plain"].startswith("5 epochs complete")
        assert set(picture.data) == {"image/png", "text/plain"}
        assert "after epoch 5" in picture.metadata["image/png"]["alt"]


@pytest.mark.parametrize("of_a_lesson", [True, False])
def test_nothing_left_to_train_says_how_to_train_again(tmp_path, capsys, of_a_lesson):
    if of_a_lesson:
        (tmp_path / "about.json").touch()
    TrainingPanel(2, 3, 2, [{"epoch": 1}, {"epoch": 2}], tmp_path)
    said = capsys.readouterr().err
    assert "Nothing left to train: 2 of 2 epochs are complete." in said
    assert ("fresh=True to begin_lesson(…)" in said) == of_a_lesson
    assert (f"rename {tmp_path}" in said) != of_a_lesson


def test_history_with_a_column_that_comes_later(tmp_path):
    path = write_rows(tmp_path / "h.csv", [{"epoch": 1}, {"epoch": 2, "fd": 3.5}])
    assert path.read_text(encoding="utf-8").split() == ["epoch,fd", "1,", "2,3.5"]
