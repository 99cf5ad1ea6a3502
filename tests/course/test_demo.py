"""`make demo` killed where it hurts: the next one goes on, and ends with everything there.

Mirrors no module: it tests scripts/run_notebook.py.
"""

import json
import os
import runpy
import subprocess
import sys

import nbformat
import pytest
from helpers import ROOT

SCRIPT = ROOT / "scripts" / "run_notebook.py"
# A lesson in small, with the cells of lesson 03 that train: one layer counts its epochs.
LESSON = [
    """
import json, os, signal
import keras
import numpy as np
from dcgan_course import Checkpoint, TrainingPanel, runs_folder
from dcgan_course.display import images

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

point = os.environ["DIE"]
if point == "while the GIF is written":
    images.save_gif = die
folder = runs_folder() / "tiny"
folder.mkdir(parents=True, exist_ok=True)
about = dict(source="stand-in", dataset="none", origin="a test", size="smoke")
(folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
layers = [keras.Input((4,)), keras.layers.Dense(16), keras.layers.Reshape((4, 4, 1))]
generator = keras.Sequential(layers)
for weight in generator.weights:
    weight.assign(0 * weight)
codes = np.zeros((4, 4), "float32")
""",
    """
checkpoint = Checkpoint(folder / "checkpoints", generator=generator)
with checkpoint.training(3) as first_epoch:
    panel = TrainingPanel(3, 1, first_epoch, checkpoint.history, folder)
    for epoch in range(first_epoch + 1, 4):
        generator.weights[1].assign_add(np.full(16, 0.25, "float32"))
        panel.advance({"d_loss": 1.0})
        panel.end_epoch(generator(codes))
        checkpoint.save(epoch, panel.history, every=5)
panel.finish(generator, codes)
""",
    """
if point == "after the training":
    die()
print("trained:", float(generator.weights[1].numpy()[0]) * 4, "of them here:", 3 - first_epoch)
""",
]


@pytest.mark.slow(seconds=20)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_demo_goes_on_and_ends_with_everything_there(tmp_path):
    """Killed while the GIF is written, then after `finished`, each time with all epochs trained."""
    path = tmp_path / "notebooks" / "tiny.ipynb"
    path.parent.mkdir()
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in LESSON]), path
    )
    folder = tmp_path / "runs" / "tiny"
    is_complete = runpy.run_path(str(SCRIPT))["is_complete"]

    def demo(point):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DIE": point}
        environment |= {"DCGAN_COURSE_RUN": "smoke", "DCGAN_COURSE_RUNS": str(tmp_path / "runs")}
        return subprocess.run(
            [sys.executable, SCRIPT, "demo", path],
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )

    for point in ("while the GIF is written", "after the training"):
        killed = demo(point)
        assert killed.returncode == 1
        assert "kernel was killed" in killed.stderr
        assert ("epoch 2 of 3" if "GIF" in point else "Nothing left to train") in killed.stdout
        assert "Traceback" not in killed.stderr
        assert not is_complete(folder, "tiny.ipynb")
    assert (folder / "finished").exists()
    done = demo("never")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("training.gif", "samples.png", "generator.keras", "tiny.ipynb"):
        assert name in done.stdout
        assert (folder / name).exists()
    said = json.loads((folder / "tiny.ipynb").read_text(encoding="utf-8"))["cells"][2]["outputs"][
        0
    ]["text"]
    assert "".join(said) == "trained: 3.0 of them here: 0\n"
    assert is_complete(folder, "tiny.ipynb")
    assert not list(folder.rglob(".*"))
