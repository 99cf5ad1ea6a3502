"""Where a training shows itself; tests/training/test_monitor.py tests it within a notebook."""

import re
from types import SimpleNamespace

from dcgan_course.display.screen import EpochView, TerminalLine, open_screen, picture_bundle

PICTURES = [(b"one", 'Samples, "quoted" & more'), (b"two", "Losses")]


def test_a_terminal_gets_a_line_that_is_replaced(capsys):
    screen = open_screen()
    assert isinstance(screen, TerminalLine)
    assert not screen.shows_pictures
    screen.show_progress(SimpleNamespace(line=lambda: "epoch 1/2"))
    screen.show_text("Stopped.")
    screen.close()
    said = capsys.readouterr().err
    assert re.fullmatch(r"\repoch 1/2 +\rStopped\. +\n", said)


def test_every_picture_has_its_text():
    page = EpochView(PICTURES, None, "", caption="D's loss < 1").as_html()
    assert re.findall(r'alt="(.*?)"', page) == [
        "Samples, &quot;quoted&quot; &amp; more",
        "Losses",
    ]
    assert "D&#x27;s loss &lt; 1" in page
    assert "border-left" not in page


def test_a_mark_is_on_the_last_picture():
    page = EpochView(PICTURES, None, "", mark=42.0).as_html()
    assert page.index("left:42.00%") > page.index("Losses")
    assert EpochView([], None, "", mark=42.0).as_html().count("<img") == 0


def test_a_bundle_carries_its_text_twice():
    bundle, metadata = picture_bundle(b"x", "a text")
    assert bundle == {"image/png": "eA==", "text/plain": "a text"}
    assert metadata == {"image/png": {"alt": "a text"}}
