"""A training's panel in JupyterLab, started as `make lab` starts it, in headless Chromium.

Mirrors no module: it tests scripts/lab, dcgan_course/display/screen.py and alt_text.py together.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from helpers import CHROMIUM, ROOT

pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
if CHROMIUM is None:
    pytest.skip("this machine has no Chromium", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

pytestmark = pytest.mark.slow(seconds=40)
# A training without TensorFlow, so that the tests do not wait for it; a file beside the notebooks,
# so that their cells are short and all of them are in view.
DEMO = """
import matplotlib.pyplot as plt
import numpy as np

from dcgan_course.display.alt_text import describe_figures
from dcgan_course.display.palette import use_palette
from dcgan_course.display.screen import EpochView, open_screen
from dcgan_course.training.album import Album
from dcgan_course.training.progress import Progress

use_palette()
describe_figures()
history, epochs = [], 6
screen, album, progress = open_screen(), Album(None, None, history), Progress(18, 10)


def view(epoch, curves=None):
    curve, places = curves or album.curves()
    pictures = [(album.frame(epoch), f"Samples after epoch {epoch}"), (curve, "Losses")]
    mark = places.get(epoch) if curves else None
    whole = lambda: album.whole(None, epoch)
    return EpochView(pictures, whole, album.alt(epoch), album.words(epoch), mark)


def train():
    rng = np.random.default_rng(0)
    for epoch in range(1, epochs + 1):
        for _ in range(10):
            progress.advance()
        history.append({"epoch": epoch, "d_loss": 1 / epoch, "g_loss": 1 + epoch / 9})
        album.add(epoch, np.tanh(rng.normal(size=(16, 28, 28, 1)) * epoch / 4))
        screen.show_progress(progress)
        screen.show_epoch(view(epoch))


def finish():
    whole = album.curves()
    screen.browse(album.epochs(), lambda epoch: view(epoch, whole))
    screen.close()


def plot():
    plt.figure(figsize=(2, 1))
    plt.plot([1, 2])
    plt.title("A line that rises")
    plt.show()
"""
TRAIN, FINISH, PLOT = "import demo\n\ndemo.train()", "demo.finish()", "demo.plot()"
SIZES = [(1280, 800), (870, 800), (390, 844)]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A running JupyterLab, its folder of notebooks, and its address."""
    folder, settings = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("settings")
    (folder / "demo.py").write_text(DEMO, encoding="utf-8")
    port = free_port()
    options = ["--no-browser", f"--port={port}", "--IdentityProvider.token=", "--allow-root"]
    options += ["--expose-app-in-browser", "--ServerApp.disable_check_xsrf=True"]
    options += [f"--ServerApp.root_dir={folder}", "--LabApp.default_url=/lab/tree/my_lessons"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "scripts")))}
    environment |= {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"):
        environment[name] = str(settings / name)
    code = "import sys, lab; lab.open_lab(sys.argv[1:])"
    with (settings / "log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", code, *options], env=environment, stdout=log, stderr=log
        )
    try:
        for _ in range(240):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, (settings / "log").read_text(encoding="utf-8")
            time.sleep(0.5)
        yield folder, f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:  # a busy machine, on which kernels end slowly
            server.kill()
            server.wait()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def write(folder, name, *cells):
    cells = [nbformat.v4.new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec})
    nbformat.write(notebook, folder / name)


def opened(browser, address, name, size=SIZES[0]):
    """A new page with the notebook, which has the only kernel."""
    shut_kernels_down(address)
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(120_000)
    page.goto(f"{address}/lab/workspaces/w{time.time_ns()}/tree/{name}?reset")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    return page


def sessions(address):
    with urllib.request.urlopen(f"{address}/api/sessions") as answer:
        return json.load(answer)


def run_all(page, address):
    """Run all cells once the kernel is there, and wait until the last one has run."""
    for _ in range(240):
        kernels = [session["kernel"] for session in sessions(address)]
        if kernels and all(kernel["execution_state"] == "idle" for kernel in kernels):
            break
        time.sleep(0.5)
    page.locator(".jp-Notebook .jp-CodeCell").first.click()
    page.locator(".lm-MenuBar-item", has_text="Run").click()
    page.locator(".lm-Menu-item", has_text=re.compile("^Run All Cells")).click()
    page.wait_for_function(
        """[...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")]
          .every(prompt => /\\[\\d+\\]/.test(prompt.textContent))"""
    )
    page.wait_for_timeout(1000)  # for the kernel's last message


def scroll_to(page, text):
    page.get_by_alt_text(text).evaluate("one => one.scrollIntoView({ block: 'end' })")


def shut_kernels_down(address):
    for session in sessions(address):
        request = urllib.request.Request(f"{address}/api/sessions/{session['id']}", method="DELETE")
        urllib.request.urlopen(request).close()


def screenshot(page, name):
    if folder := os.environ.get("DCGAN_COURSE_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def wider_than_its_place(page):
    """What of the notebook needs a horizontal scrollbar."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".jp-OutputArea *, .jp-OutputArea")]
          .filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0
            && ["auto", "scroll"].includes(getComputedStyle(one).overflowX))
          .map(one => `${one.className}: ${one.scrollWidth} in ${one.clientWidth}`)"""
    )


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_the_panel_fits_its_place(lab, browser, size):
    folder, address = lab
    write(folder, "live.ipynb", TRAIN, FINISH)
    page = opened(browser, address, "live.ipynb", size)
    run_all(page, address)
    if size[0] < 500:  # without the file browser, which takes most of it
        files = page.locator("#jp-left-stack")
        if files.is_visible():
            page.keyboard.press("Control+b")
        files.wait_for(state="hidden")
    page.get_by_alt_text("Samples after epoch 6").wait_for()
    handle = page.get_by_role("slider").last
    handle.wait_for()
    assert wider_than_its_place(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    boxes = [
        page.get_by_alt_text(text).bounding_box() for text in ("Samples after epoch 6", "Losses")
    ]
    assert all(box["x"] + box["width"] <= size[0] for box in boxes)
    assert all(box["width"] > 150 for box in boxes)
    side_by_side = boxes[0]["y"] == pytest.approx(boxes[1]["y"], abs=5)
    assert side_by_side == (size[0] > 500)
    scroll_to(page, "Losses")
    screenshot(page, f"panel-{size[0]}")
    handle.focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_alt_text("Samples after epoch 5").wait_for()
    screenshot(page, f"panel-{size[0]}-epoch-5")
    page.close()


def test_a_saved_panel_is_there_again_when_the_notebook_is_reopened(lab, browser):
    folder, address = lab
    write(folder, "saved.ipynb", TRAIN, PLOT)
    page = opened(browser, address, "saved.ipynb")
    run_all(page, address)
    page.get_by_alt_text("Samples after epoch 6").wait_for()
    page.locator(".jp-OutputArea img[alt='A line that rises']").wait_for()
    assert page.locator("progress").get_attribute("aria-label") == "training"
    page.locator(".jp-Notebook .jp-CodeCell").first.click()
    page.keyboard.press("Control+s")
    for _ in range(100):
        saved = nbformat.read(folder / "saved.ipynb", as_version=4)
        if "widgets" in saved.metadata:
            break
        time.sleep(0.2)
    assert "application/vnd.jupyter.widget-state+json" in saved.metadata["widgets"]
    page.close()

    page = opened(browser, address, "saved.ipynb")
    page.get_by_alt_text("Samples after epoch 6").wait_for()
    page.locator(".jp-OutputArea img[alt='A line that rises']").wait_for()
    assert page.get_by_text("epoch 7 of 18").count() == 1
    assert page.get_by_text("model not found").count() == 0
    screenshot(page, "reopened")
    page.close()

    # Where the state of widgets is not kept, the stored picture is shown, with its text.
    from nbconvert import HTMLExporter

    del saved.metadata["widgets"]
    shown, _ = HTMLExporter(template_name="classic").from_notebook_node(saved)
    texts = re.findall(r'<img[^>]* alt="([^"]*)"', shown)
    assert [text.partition(" · ")[0] for text in texts] == ["epoch 7 of 18", "A line that rises"]


def test_it_opens_in_the_folder_of_copies_and_their_links_work(lab, browser):
    folder, address = lab
    for name in ("my_lessons", "docs"):
        (folder / name).mkdir()
    (folder / "docs" / "glossary.md").write_text("# Words of the field", encoding="utf-8")
    link = nbformat.v4.new_markdown_cell("The [glossary](../docs/glossary.md).")
    write(folder / "my_lessons", "01_copy.ipynb", link)
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.goto(address)
    page.locator(".jp-DirListing-item", has_text="01_copy.ipynb").dblclick()
    page.locator(".jp-RenderedMarkdown a", has_text="glossary").click()
    page.locator(".jp-MarkdownViewer h1", has_text="Words of the field").wait_for()
    page.close()


def test_the_panel_can_be_read_in_the_dark(lab, browser):
    folder, address = lab
    write(folder, "dark.ipynb", TRAIN)
    page = opened(browser, address, "dark.ipynb")
    page.locator(".lm-MenuBar-item", has_text="Settings").click()
    page.locator(".lm-Menu-item", has_text=re.compile("^Theme")).hover()
    page.locator(".lm-Menu-item", has_text=re.compile("^JupyterLab Dark$")).click()
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    run_all(page, address)
    words = page.locator(".jp-OutputArea").get_by_text("epoch 7 of 18")
    words.wait_for()
    color = words.evaluate("one => getComputedStyle(one).color")
    assert min(map(int, re.findall(r"\d+", color)[:3])) > 150, color
    scroll_to(page, "Losses")
    screenshot(page, "panel-dark")
    page.close()
