"""Record the latent explorer in use, from a headless browser: docs/explorer.gif.

    python scripts/explorer_gif.py [http://127.0.0.1:8866/]

It moves a pointer over the page that `make app` serves: at the given address, or else it serves
the page itself. It needs Chromium, and the extras `app` and `test`.
"""

import contextlib
import io
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "explorer.gif"
MOST = 1_500_000  # bytes
SIZE, SHOWN = (900, 640), 720  # the window, and how wide the GIF is
MILLISECONDS = 110  # a frame
COLORS = 96
POINTER = """() => {
  const dot = document.createElement('div');
  dot.style.cssText = 'position:fixed;left:-40px;width:18px;height:18px;margin:-9px;z-index:99;' +
    'border-radius:50%;background:rgba(255,140,0,.75);border:2px solid #fff;pointer-events:none';
  document.body.append(dot);
  addEventListener('mousemove', (event) => {
    dot.style.left = event.clientX + 'px';
    dot.style.top = event.clientY + 'px';
  }, true);
}"""


class Film:
    """Frames of a page, and a pointer that moves between them."""

    def __init__(self, page):
        self.page, self.frames, self._at = page, [], (450, 320)

    def shoot(self, times=1):
        """Take pictures of the page."""
        for _ in range(times):
            self.page.wait_for_timeout(40)
            picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
            height = round(SHOWN * picture.height / picture.width)
            self.frames.append(picture.resize((SHOWN, height), Image.Resampling.LANCZOS))

    def move(self, x, y, steps=4):
        """Move the pointer on a straight line."""
        for step in range(1, steps + 1):
            self.page.mouse.move(
                *(a + (b - a) * step / steps for a, b in zip(self._at, (x, y), strict=True))
            )
            self.shoot()
        self._at = (x, y)

    def to(self, locator, steps=3):
        """Move the pointer onto something."""
        box = locator.bounding_box()
        self.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps)

    def click(self, locator, hold=3):
        """Move there and click."""
        self.to(locator)
        self.page.mouse.click(*self._at)
        self.page.wait_for_timeout(350)
        self.shoot(hold)

    def drag(self, slider, *distances):
        """Drag a slider's handle by some pixels, one distance after the other."""
        self.to(slider)
        self.page.mouse.down()
        for distance in distances:
            self.move(self._at[0] + distance, self._at[1], steps=max(4, abs(distance) // 18))
        self.page.mouse.up()
        self.page.wait_for_timeout(400)
        self.shoot(2)

    def save(self, path):
        """Write the frames as a GIF, all with the colors of a few of them."""
        some = self.frames[:: max(1, len(self.frames) // 6)]
        sheet = Image.new("RGB", (SHOWN, some[0].height * len(some)))
        for index, frame in enumerate(some):
            sheet.paste(frame, (0, index * frame.height))
        palette = sheet.quantize(COLORS, dither=Image.Dither.NONE)
        first, *rest = [
            frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self.frames
        ]
        first.save(*(path, "gif"), save_all=True, append_images=rest, duration=MILLISECONDS, loop=0)


def perform(film):
    """What the GIF shows: sliders, a thumbnail, another generator, a walk, neighbors."""
    page = film.page
    film.shoot(5)
    film.drag(page.get_by_role("slider", name="direction 2"), 110, -70)
    film.drag(page.get_by_role("slider", name="direction 5"), 90)
    film.click(page.locator("button.dx-thumb").nth(6), hold=5)  # direction 4, to the left
    film.click(page.get_by_role("button", name="Digits"), hold=3)
    page.wait_for_timeout(1500)
    film.shoot(2)
    film.drag(page.get_by_role("slider", name="direction 1"), -100, 190)
    film.click(page.get_by_role("tab", name="Walk"), hold=2)
    page.wait_for_timeout(800)
    film.shoot(14)
    film.click(page.get_by_role("tab", name="Nearby"), hold=4)
    film.click(page.get_by_role("button", name="go to neighbor 6"), hold=5)
    film.click(page.get_by_role("button", name="go to neighbor 3"), hold=8)


@contextlib.contextmanager
def served():
    """Serve the page; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "scripts" / "app.py"), "--host=127.0.0.1"]
    server = subprocess.Popen([*command, f"--port={port}"])
    try:
        for _ in range(1000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.25)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(30)


def record(address):
    """Play the film on the page at an address, and write it; returns how many frames it has."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.goto(address, timeout=300_000)
        page.locator("img.dx-picture").wait_for(timeout=120_000)
        page.evaluate(POINTER)
        page.wait_for_timeout(2000)
        film = Film(page)
        perform(film)
        film.save(FILE)
        browser.close()
    return len(film.frames)


def main(arguments):
    with contextlib.nullcontext(arguments[0]) if arguments else served() as address:
        frames = record(address)
    size = FILE.stat().st_size
    print(f"{FILE}: {frames} frames, {size:,} bytes")
    if size > MOST:
        sys.exit(f"That is more than {MOST:,} bytes: show less, or in fewer colors.")


if __name__ == "__main__":
    main(sys.argv[1:])
