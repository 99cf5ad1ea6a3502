"""The panel as a web page: served by Voilà, opened and used in headless Chromium.

Mirrors no module: it tests scripts/app.py.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from helpers import CHROMIUM, ROOT

pytest.importorskip("voila", reason="the page is served by Voilà: make app installs it")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where the page is, as `make app` serves it, without network and data."""
    folder = tmp_path_factory.mktemp("app")
    port = free_port()
    environment = {
        **os.environ,
        "DCGAN_COURSE_RUNS": str(folder / "runs"),
        "DCGAN_COURSE_RUN": "smoke",
    }
    command = [sys.executable, str(ROOT / "scripts" / "app.py"), "--no-browser", f"--port={port}"]
    with (folder / "log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(120):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, (folder / "log").read_text(encoding="utf-8")
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(30)


@pytest.mark.slow(seconds=6)
def test_the_page_holds_the_panel_and_not_the_lesson(address):
    with urllib.request.urlopen(address, timeout=300) as answer:
        page = answer.read().decode()
    assert "Play first" in page
    assert "application/vnd.jupyter.widget-view+json" in page
    assert "shell" not in page  # section 3
    assert "begin_lesson" not in page  # no code


@pytest.mark.slow(seconds=10)
@pytest.mark.skipif(CHROMIUM is None, reason="this machine has no Chromium")
def test_in_a_browser_a_slider_moves_the_picture_without_an_error(address):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        errors = []

        def heard(message):
            # Fonts that Voilà's page asks of the network are not missed without one.
            ours = message.location.get("url", "").startswith(address)
            if message.type == "error" and (ours or "net::ERR" not in message.text):
                errors.append(message.text)

        page.on("console", heard)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address, timeout=300_000)
        picture = page.locator("img.dcgan-course-explorer")
        picture.wait_for(timeout=120_000)
        before = picture.get_attribute("src")
        handle = page.get_by_role("slider").nth(1)
        handle.focus()
        for _ in range(20):
            page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "src => document.querySelector('img.dcgan-course-explorer').src !== src",
            arg=before,
            timeout=20_000,
        )
        page.get_by_text("generator").first.wait_for()
        page.locator("select").first.select_option("mnist")
        # Another panel: its slider stands where a new one stands.
        page.wait_for_function(
            "() => document.querySelectorAll('[role=slider]')[1].ariaValueNow == 0",
            timeout=60_000,
        )
        page.get_by_role("tab", name="Arithmetic").click()
        page.get_by_role("button", name="Add to +").click()
        page.get_by_text("+: 1 codes").wait_for()
        page.screenshot(path=os.environ.get("DCGAN_COURSE_SCREENSHOT") or None)
        browser.close()
    assert "\n".join(errors) == ""
