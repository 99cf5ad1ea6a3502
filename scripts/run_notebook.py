"""Run lessons without a browser.

    python scripts/run_notebook.py demo  notebooks/03_….ipynb    train, then say where all is
    python scripts/run_notebook.py store notebooks/*.ipynb       run, and store the outputs

`demo` leaves the executed copy in the run's folder and goes on where an interrupted demo
stopped. `store` starts afresh and writes the outputs into the notebooks themselves; it
refuses to store what stand-in images gave.
"""

import argparse
import base64
import html
import io
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from PIL import Image

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

from stored_texts import describe

from dcgan_course.files import clean_leftovers, runs_folder, write_beside

SIZE_LIMIT = 2_000_000  # bytes of a stored notebook
RESULTS = {
    "training.gif": "how the samples grew",
    "samples.png": "samples of the trained generator",
    "generator.keras": "the trained generator",
}
INTERRUPTED = "\nInterrupted. The last checkpoint is kept; `make demo` goes on from it."


class Echo(NotebookClient):
    """A notebook client that passes on to the terminal what the lesson says of its progress."""

    def process_message(self, msg, cell, cell_index):
        """Print the progress line in place, and whole lines of first cells and warnings."""
        content = msg.get("content", {})
        if msg["msg_type"] in ("display_data", "update_display_data"):
            text = content.get("data", {}).get("text/plain", "")
            if "epoch" in text and "image/png" not in content["data"]:
                self._line(text)
        elif msg["msg_type"] == "comm_msg":  # the words of a panel, which is a widget
            value = content["data"].get("state", {}).get("value", "")
            words = re.match(r"<div>(.*?)</div>", value) if isinstance(value, str) else None
            if words and re.match(r"epoch \d|\d+ epochs? complete|Nothing left", words[1]):
                self._line(html.unescape(words[1]))
        elif msg["msg_type"] == "stream" and (
            "run size" in content["text"] or "Passed over" in content["text"]
        ):
            print(content["text"].rstrip())
        elif msg["msg_type"] == "stream" and content.get("name") == "stderr":
            print(content["text"].rstrip(), file=sys.stderr)
        return super().process_message(msg, cell, cell_index)

    def _line(self, text):
        if sys.stdout.isatty():
            width = shutil.get_terminal_size().columns - 1
            print("\r" + text[:width].ljust(width), end="", flush=True)
            if "complete" in text:
                print()
        elif time.monotonic() - getattr(self, "_printed", -99) > 10 or "complete" in text:
            self._printed = time.monotonic()  # in a log file, a line every ten seconds
            print(text, flush=True)


def run(path):
    """Execute a notebook in its folder. Returns it, with outputs, and the seconds it took."""
    notebook = nbformat.read(path, as_version=4)
    client = Echo(
        notebook,
        timeout=None,
        kernel_name="python3",
        coalesce_streams=True,  # lines printed apart are one output, however slow they came
        extra_arguments=["--log-level=ERROR"],  # the kernel would warn of its local sockets
        resources={"metadata": {"path": str(path.parent)}},
    )
    started = time.monotonic()
    client.execute()
    return notebook, time.monotonic() - started


def demo(path):
    """Run one lesson, keep the executed copy, and say where everything is."""
    folder = runs_folder() / path.stem
    if is_complete(folder, path.name):  # an interrupted one goes on instead
        forget(folder)
    print(f"Running {path.name}. Ctrl-C stops it; the same command goes on from there.")
    notebook, seconds = run(path)
    clean_leftovers(folder, path.name)
    executed = folder / path.name
    with write_beside(executed) as beside:
        nbformat.write(notebook, beside)
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    print("\nDone. What the lesson left behind:")
    for name, what in {path.name: "the executed notebook", **RESULTS}.items():
        if not (folder / name).exists():
            raise SystemExit(f"{folder / name} is missing: the lesson did not run to its end.")
        print(f"  {what + ':':<34}{os.path.relpath(folder / name)}")
    real = "STAND-IN (drawn, not real)" if about["source"] == "stand-in" else "real"
    print(f"Data: {about['dataset']}, {real} images ({about['origin']}).")
    print(f"Time: {seconds / 60:.1f} minutes at run size {about['size']}.")


def is_complete(folder, name):
    """Whether an earlier demo came to its end: all is there, the executed notebook last."""
    files = [folder / other for other in ("finished", *RESULTS, name)]
    if not all(file.exists() for file in files):
        return False
    return files[-1].stat().st_mtime >= files[0].stat().st_mtime


def store(path):
    """Run one lesson from the start, write its outputs into it and its pictures into docs/."""
    folder = runs_folder() / path.stem
    forget(folder)
    print(f"Running {path.name} …")
    notebook, seconds = run(path)
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    if about.get("source") == "stand-in":
        raise SystemExit(
            f"{path.name} ran on stand-in images, so its outputs were not stored. Connect to "
            "the internet, or set DCGAN_COURSE_DATA to a folder with the real data."
        )
    clean(notebook)
    text = nbformat.writes(notebook) + "\n"
    if len(text.encode()) > SIZE_LIMIT:
        kept = folder / path.name
        with write_beside(kept) as beside:
            beside.write_text(text, encoding="utf-8")
        raise SystemExit(
            f"{path.name} would be {len(text.encode()) / 1e6:.1f} MB, and the limit is 2 MB, so "
            f"its outputs were not stored. The executed copy is {os.path.relpath(kept)}."
        )
    with write_beside(path) as beside:
        beside.write_text(text, encoding="utf-8")
    print(f"Stored {path} ({len(text.encode()) / 1e6:.2f} MB) after {seconds / 60:.1f} minutes.")
    pictures = {"samples.png": f"{path.stem[:2]}.png"}
    if path.stem.startswith("03_"):
        pictures["training.gif"] = "mnist.gif"  # the README's
    for name, picture in pictures.items():
        if (folder / name).exists():
            shutil.copyfile(folder / name, path.parents[1] / "docs" / picture)


def forget(folder):
    """Drop the checkpoints of a finished run, so that the lesson trains from the start."""
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    (folder / "finished").unlink(missing_ok=True)


def smaller(picture, limit=60_000):
    """A large PNG, as base64 text, with a palette of 96 colors: a photograph needs a fifth then."""
    pixels = base64.b64decode(picture)
    if len(pixels) < limit:
        return picture
    image, no_dots = Image.open(io.BytesIO(pixels)).convert("RGB"), Image.Dither.NONE
    sample = image.resize((image.width // 3, image.height // 3), Image.Resampling.NEAREST)
    method = Image.Quantize.MAXCOVERAGE  # with k-means: the median cut turns green into brown
    palette = sample.quantize(96, method=method, kmeans=1, dither=no_dots)
    out = io.BytesIO()
    image.quantize(palette=palette, dither=no_dots).save(out, "png", optimize=True)
    return base64.b64encode(min(out.getvalue(), pixels, key=len)).decode()


def clean(notebook):
    """Drop what differs from run to run without telling a reader anything, and shrink pictures."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("metadata", {}).pop("needs_background", None)
            # A widget is gone with its kernel; the GIF or the text beside it is not.
            data = output.get("data", {})
            data.pop("application/vnd.jupyter.widget-view+json", None)
            if "image/png" in data:
                data["image/png"] = smaller(data["image/png"])
    describe(notebook)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=("demo", "store"))
    parser.add_argument("notebooks", nargs="+", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("DCGAN_COURSE_RUN", "laptop")
    # The kernel works in notebooks/, this script where it was called: one folder for both.
    os.environ["DCGAN_COURSE_RUNS"] = str(runs_folder().resolve())
    data = os.environ.get("DCGAN_COURSE_DATA")
    if data:
        os.environ["DCGAN_COURSE_DATA"] = str(Path(data).expanduser().resolve())
    for path in options.notebooks:
        try:
            {"demo": demo, "store": store}[options.mode](path)
        except CellExecutionError as problem:
            if problem.ename == "KeyboardInterrupt":  # Ctrl-C has reached the kernel first
                raise SystemExit(INTERRUPTED) from None
            raise SystemExit(f"\n{path} stopped with an error:\n{problem}") from None
        except DeadKernelError:
            raise SystemExit(
                f"\n{path} stopped: its kernel was killed, most often for lack of memory. Close "
                "other programs; the same command goes on from the last checkpoint."
            ) from None
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None


if __name__ == "__main__":
    main()
