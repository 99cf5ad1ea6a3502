"""The explorer as a web page: served by Voilà, opened and used in headless Chromium.

Mirrors no module: it tests scripts/app.py, and in a browser what the explorer looks like.
"""

import os
import re
import runpy
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import imageio.v3 as iio
import numpy as np
import pytest
from helpers import CHROMIUM, ROOT
from PIL import Image

pytest.importorskip("voila", reason="the page is served by Voilà: make app installs it")

SCRIPT = ROOT / "scripts" / "app.py"
# Of the window. At 1280 × 800 with its file browser open, JupyterLab leaves a cell's output about
# as much as the second is wide.
SIZES = [(1280, 800), (840, 700), (390, 844)]
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="this machine has no Chromium")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """The page, as `make app` serves it, without network and data."""

    def __init__(self, folder, *options):
        port = free_port()
        environment = {
            **os.environ,
            "DCGAN_COURSE_RUNS": str(folder / "runs"),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, str(SCRIPT), "--no-browser", f"--port={port}", *options]
        self.log = folder / "log"
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        for _ in range(1000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            time.sleep(0.25)
        self.address = f"http://127.0.0.1:{port}/"

    def page(self):
        with urllib.request.urlopen(self.address, timeout=300) as answer:
            return answer.read().decode()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("app"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("this machine has no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def opened(server, browser):
    """The page in a browser, used by all tests below; what went wrong in it is in `troubles`."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.troubles = []

    def heard(message):
        if message.type == "error":
            page.troubles.append(message.text)

    def asked(request):
        if not request.url.startswith((server.address, "data:", "blob:")):
            page.troubles.append(request.url)

    page.on("console", heard)
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.on("request", asked)
    page.goto(server.address, timeout=300_000)
    page.locator("img.dx-picture").wait_for(timeout=120_000)
    yield page
    page.close()


@pytest.fixture
def page(opened):
    """The same in its first state: the window large, the sliders back, the first tab open."""
    opened.set_viewport_size({"width": 1280, "height": 800})
    opened.get_by_role("tab", name="Directions").click()
    if opened.get_by_role("button", name="Pixels").evaluate(ACTIVE):
        opened.get_by_role("button", name="Pixels").click()
    opened.get_by_role("button", name="Reset all").click()
    wait_for(opened, "truncation 0.70.")
    return opened


ACTIVE = "button => button.classList.contains('mod-active')"


def wait_for(page, words):
    """Wait until the picture's alternative text ends so; then all is drawn that belongs to it."""
    page.wait_for_function(
        "words => document.querySelector('img.dx-picture').alt.endsWith(words)",
        arg=words,
        timeout=30_000,
    )


def source(page):
    return page.locator("img.dx-picture").get_attribute("src")


def thumbnail(page, name):
    button = page.get_by_role("button", name=name, exact=True)
    return button.evaluate("button => getComputedStyle(button).backgroundImage")


# --- the page ------------------------------------------------------------------------------


@pytest.mark.slow(seconds=6)
def test_the_page_is_the_explorer_and_nothing_else(server):
    page = server.page()
    assert "<title>Latent explorer</title>" in page
    assert "application/vnd.jupyter.widget-view+json" in page
    assert "GeneratorChoice" not in page  # no code
    assert re.findall(r"(?:src|href)=[\"'](https?:|//)", page) == []  # nothing from elsewhere


@in_a_browser
@pytest.mark.slow(seconds=8)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_at_each_width_picture_and_sliders_are_in_sight(page, size):
    width, height = size
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    boxes = {
        "picture": page.locator("img.dx-picture").bounding_box(),
        "slider": page.get_by_role("slider", name="direction 4").bounding_box(),
        "thumbnail": page.get_by_role("button", name="direction 4: go to +3").bounding_box(),
        **{tab.inner_text(): tab.bounding_box() for tab in page.get_by_role("tab").all()},
    }
    assert {"Directions", "Numbers", "Nearby", "Walk", "Arithmetic", "Download"} < set(boxes)
    for name, box in boxes.items():
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= width, name
        assert box["y"] + box["height"] <= height, name
    assert boxes["picture"]["width"] >= (150 if width < 500 else 280)
    if width < 500:  # the picture stays while the sliders pass under it
        page.get_by_role("slider", name="direction 8").scroll_into_view_if_needed()
        box = page.locator("img.dx-picture").bounding_box()
        assert box["y"] >= 0
        page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=os.environ.get("DCGAN_COURSE_SCREENSHOT") or None)


@in_a_browser
@pytest.mark.slow(seconds=3)
def test_by_keyboard_a_slider_moves_the_picture_and_the_thumbnails(page):
    before = source(page), thumbnail(page, "direction 1: go to +3")
    page.get_by_role("slider", name="direction 2").focus()
    for _ in range(16):
        page.keyboard.press("ArrowRight")
    wait_for(page, "truncation 0.70, direction 2 +1.00.")
    assert source(page) != before[0]
    assert thumbnail(page, "direction 1: go to +3") != before[1]
    page.keyboard.press("Shift+Tab")  # the slider's own reset button
    page.keyboard.press("Enter")
    wait_for(page, "truncation 0.70.")


@in_a_browser
@pytest.mark.slow(seconds=3)
def test_a_click_on_a_thumbnail_goes_there_and_a_double_click_resets(page):
    page.get_by_role("button", name="direction 3: go to −3").click()
    wait_for(page, "truncation 0.70, direction 3 -3.00.")
    slider = page.get_by_role("slider", name="direction 3")
    assert slider.get_attribute("aria-valuenow").startswith("-3")
    slider.dblclick()
    wait_for(page, "truncation 0.70.")


@in_a_browser
@pytest.mark.slow(seconds=4)
def test_a_name_that_is_typed_is_the_slider_s(page):
    field = page.get_by_role("textbox", name="name of direction 4")
    field.fill("sleeves")
    field.press("Enter")
    page.get_by_role("button", name="sleeves: go to +3").click()
    wait_for(page, "truncation 0.70, sleeves +3.00.")
    page.get_by_role("slider", name="sleeves").wait_for()
    field.fill("")
    field.press("Enter")
    page.get_by_role("button", name="direction 4: go to +3").wait_for()


@in_a_browser
@pytest.mark.slow(seconds=3)
def test_downloads_reach_the_reader(page, tmp_path):
    page.get_by_role("button", name="Pixels").click()
    page.get_by_role("tab", name="Download").click()
    with page.expect_download() as picture:
        page.get_by_role("link", name="Image (PNG)").click()
    pixels = iio.imread(picture.value.path(), extension=".png")
    assert picture.value.suggested_filename == "picture.png"
    assert pixels.shape == (12 * 28, 12 * 28)
    np.testing.assert_array_equal(pixels, pixels[::12, ::12].repeat(12, 0).repeat(12, 1))
    page.get_by_role("tab", name="Walk").click()
    with page.expect_download() as walk:
        page.get_by_role("link", name="Download GIF").click()
    frames = iio.imread(walk.value.path(), index=None, extension=".gif")
    assert len(frames) == 48
    assert np.abs(frames[0].astype(int) - frames[24]).mean() > 1


@in_a_browser
@pytest.mark.slow(seconds=4)
def test_the_loop_plays_without_being_asked_and_a_direction_when_asked(page):
    page.get_by_role("tab", name="Walk").click()
    page.get_by_role("img", name="animation: from A to B and back").wait_for()
    page.get_by_role("tab", name="Directions").click()
    page.get_by_role("button", name="play direction 1").click()
    slider = page.get_by_role("slider", name="direction 1")
    page.wait_for_function("handle => handle.ariaValueNow > 1", arg=slider.element_handle())
    page.get_by_role("button", name="play direction 1").click()
    there = float(slider.get_attribute("aria-valuenow"))
    page.wait_for_timeout(400)
    assert abs(float(slider.get_attribute("aria-valuenow")) - there) < 0.5


@in_a_browser
@pytest.mark.slow(seconds=4)
def test_another_generator_opens_in_the_same_place(page):
    page.get_by_role("button", name="Frogs").click()
    page.wait_for_function(
        "() => document.querySelector('img.dx-picture').naturalWidth === 128", timeout=60_000
    )
    page.get_by_role("button", name="Clothes", exact=True).click()
    page.wait_for_function(
        "() => document.querySelector('img.dx-picture').naturalWidth === 112", timeout=60_000
    )


@in_a_browser
@pytest.mark.slow(seconds=6)
def test_classes_are_chosen_mixed_and_said(page, opened):
    page.get_by_role("button", name="Digits by class").click()
    wait_for(page, "class 0, truncation 0.70.")
    group = page.get_by_role("group", name="class to draw")
    assert group.get_by_role("button").all_inner_texts() == list("0123456789")
    before = source(page), thumbnail(page, "direction 1: go to +3")
    group.get_by_role("button", name="7").focus()
    page.keyboard.press("Enter")
    wait_for(page, "class 7, truncation 0.70.")
    assert source(page) != before[0]
    assert thumbnail(page, "direction 1: go to +3") != before[1]
    page.wait_for_function(
        "button => button.ariaPressed === 'true'",
        arg=group.get_by_role("button", name="7").element_handle(),
    )
    assert group.get_by_role("button", name="0").get_attribute("aria-pressed") == "false"
    page.get_by_role("combobox", name="class to mix in").select_option("9")
    page.get_by_role("slider", name="mix in").focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    wait_for(page, "60% class 7, 40% class 9, truncation 0.70.")
    page.get_by_role("tab", name="Classes").click()
    page.get_by_role("button", name="draw class 3").click()
    wait_for(page, "class 3, truncation 0.70.")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        boxes = [button.bounding_box() for button in group.get_by_role("button").all()]
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
        path = os.environ.get("DCGAN_COURSE_SCREENSHOT")
        page.screenshot(path=path and path.replace(".png", f"_classes_{width}.png"))
    page.get_by_role("button", name="Clothes", exact=True).click()
    wait_for(page, "draws: truncation 0.70.")


@in_a_browser
def test_nothing_went_wrong_and_nothing_was_asked_of_others(opened):
    """The last of those that share a page."""
    assert "\n".join(opened.troubles) == ""


# --- for a class ---------------------------------------------------------------------------------


def memory(folder):
    """MiB of each kernel that belongs to a server, without what they share."""
    sizes = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"DCGAN_COURSE_RUNS={folder}" not in (process / "environ").read_text(
                "utf-8", "replace"
            ):
                continue
            if "ipykernel_launcher" not in (process / "cmdline").read_text("utf-8", "replace"):
                continue
            lines = (process / "smaps_rollup").read_text("utf-8").splitlines()
        except OSError:
            continue
        sizes += [int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")]
    return sizes


@pytest.mark.slow(seconds=12)
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="this is no Linux")
def test_a_visitor_takes_little_memory_and_a_place_that_is_given_away_later(tmp_path):
    idle = ["--MappingKernelManager.cull_idle_timeout=8", "--MappingKernelManager.cull_interval=1"]
    server = Server(tmp_path, "--host=127.0.0.1", "--visitors=1", *idle)
    try:
        started = server.log.read_text(encoding="utf-8")
        assert f"The class opens {server.address.rstrip('/')}" in started
        assert "Room for 1 visitor at a time" in started
        assert "application/vnd.jupyter.widget-view+json" in server.page()
        (size,) = memory(tmp_path / "runs")
        assert size < names()["VISITOR"]
        with pytest.raises(urllib.error.HTTPError) as full:
            server.page()
        assert full.value.code == 503
        assert "All places are taken" in full.value.read().decode()
        for _ in range(120):  # nobody is there any more: the place is given away
            if not memory(tmp_path / "runs"):
                break
            time.sleep(0.5)
        assert memory(tmp_path / "runs") == []
    finally:
        server.stop()


def names():
    return runpy.run_path(str(SCRIPT), run_name="app")


def test_as_many_visitors_come_in_as_fit_into_memory():
    app = SimpleNamespace(**names())
    assert app.places(None, app.SPARED + 30 * app.VISITOR) == 30
    assert app.places(None, 100) == 1
    assert app.places(7, 100) == 7
    assert app.places(None, None) == 20
    assert app.free_memory() is None or app.free_memory() > 100


def test_a_class_is_offered_what_ships_and_keeps_no_names():
    app = SimpleNamespace(**names())
    (cell,) = app.notebook(own=False).cells
    assert 'GeneratorChoice("fashion_mnist", own=False, keep_names=False)' in cell.source
    (cell,) = app.notebook(own=True).cells
    assert "own=True, keep_names=True" in cell.source


def test_the_address_is_one_that_others_can_open():
    app = SimpleNamespace(**names())
    assert app.address("192.168.1.5") == "192.168.1.5"
    assert app.address("0.0.0.0") not in ("0.0.0.0", "")


def test_the_recording_of_the_explorer_is_small_and_moves():
    script = runpy.run_path(str(ROOT / "scripts" / "explorer_gif.py"), run_name="explorer_gif")
    assert script["FILE"].stat().st_size <= script["MOST"]
    with Image.open(script["FILE"]) as film:
        assert film.n_frames > 60
        assert film.width == script["SHOWN"]
