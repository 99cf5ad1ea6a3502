"""The panel: one display that updates in place, time left, history."""

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


def test_progress_names_epoch_and_time_left():
    panel = TrainingPanel(4, 10, live=False)
    panel._started -= 30  # as if half a minute had passed
    for _ in range(15):
        panel.advance()
    text = panel._progress()
    assert text.startswith("epoch 2/4")
    assert "15/40" in text
    assert "<00:50" in text  # 30 s for 15 steps: 50 s for 25 more


def test_progress_of_a_resumed_training_counts_all_epochs():
    panel = TrainingPanel(4, 10, first_epoch=2, history=[{"epoch": 1}, {"epoch": 2}], live=False)
    assert panel._progress().startswith("epoch 3/4")
    assert "20/40" in panel._progress()
    panel._started -= 10
    for _ in range(5):
        panel.advance()
    assert "25/40" in panel._progress()
    assert "<00:30" in panel._progress()  # its own 5 steps took 10 s: 30 s for 15 more
    panel.end_epoch(numbers={"d_loss": 1})
    assert panel.history[-1] == pytest.approx({"epoch": 3, "seconds": 0, "d_loss": 1}, abs=0.5)


def test_terminal_gets_a_line(capsys):
    panel = TrainingPanel(1, 2)
    panel.advance({"d_loss": 1.0})
    panel.advance({"d_loss": 1.0})
    panel.end_epoch(IMAGES)
    panel.finish()
    assert "1 epochs complete" in capsys.readouterr().err


@pytest.mark.slow(seconds=5)
def test_notebook_has_one_text_and_one_picture_however_many_epochs():
    source = """
import numpy as np
from dcgan_course.training.monitor import TrainingPanel
panel = TrainingPanel(5, 2)
for _ in range(5):
    for _ in range(2):
        panel.advance({"d_loss": 1.0, "g_loss": 2.0})
    panel.end_epoch(np.zeros((4, 8, 8, 1)))
panel.finish()
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    outputs = [o for o in notebook.cells[0].outputs if o.output_type != "stream"]
    kinds = [sorted(output.data) for output in outputs]
    assert kinds == [["text/plain"], ["image/png"]]
    assert "5 epochs complete" in outputs[0].data["text/plain"]
    assert not [o for o in notebook.cells[0].outputs if o.output_type == "stream"]


def test_history_with_a_column_that_comes_later(tmp_path):
    path = write_rows(tmp_path / "h.csv", [{"epoch": 1}, {"epoch": 2, "fd": 3.5}])
    assert path.read_text(encoding="utf-8").split() == ["epoch,fd", "1,", "2,3.5"]
