"""Progress in words, and as a terminal's line."""

import pytest

from dcgan_course.training import progress as module
from dcgan_course.training.progress import Progress, in_words


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests move on."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def advance(progress, clock, *seconds):
    for passed in seconds:
        clock.now += passed
        progress.advance()


def test_the_terminals_line_has_steps_and_time_left(clock):
    progress = Progress(4, 10)
    advance(progress, clock, *[2] * 15)
    assert progress.line().startswith("epoch 2/4")
    assert "15/40" in progress.line()
    assert "<00:50" in progress.line()  # 30 s for 15 steps: 50 s for 25 more


def test_the_line_of_a_resumed_training_counts_all_epochs(clock):
    progress = Progress(4, 10, first_epoch=2)
    assert progress.line().startswith("epoch 3/4")
    assert "20/40" in progress.line()
    advance(progress, clock, *[2] * 5)
    assert "25/40" in progress.line()
    assert "<00:30" in progress.line()  # its own 5 steps took 10 s: 30 s for 15 more
    advance(progress, clock, *[2] * 15)
    assert progress.line().startswith("4 epochs complete")


def test_words_name_the_epoch_and_the_time_left(clock):
    progress = Progress(18, 100)
    assert progress.words() == "epoch 1 of 18"
    advance(progress, clock, 40, *[0.1] * 500)  # the first step compiles, and does not count
    assert progress.words() == "epoch 6 of 18 · about 2 min left"
    assert progress.fraction == pytest.approx(501 / 1800)
    advance(progress, clock, *[0.1] * 1299)
    assert progress.words() == "18 epochs complete · took about 4 min"
    assert progress.fraction == 1


def test_words_of_a_resumed_training_estimate_from_its_own_steps(clock):
    progress = Progress(4, 10, first_epoch=2)
    assert (progress.epoch, progress.fraction) == (3, 0.5)
    advance(progress, clock, *[2] * 5)
    assert progress.words() == "epoch 3 of 4 · about 30 s left"


def test_one_epoch_is_no_plural(clock):
    progress = Progress(1, 1)
    advance(progress, clock, 1)
    assert progress.words() == "1 epoch complete · took a few seconds"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "a few seconds"),
        (12, "about 10 s"),
        (58, "about 60 s"),
        (91, "about 90 s"),
        (95, "about 2 min"),
        (179, "about 3 min"),
        (3570, "about 1 h"),
        (7000, "about 2 h"),
        (7800, "about 2 h 10 min"),
    ],
)
def test_times_as_people_say_them(seconds, words):
    assert in_words(seconds) == words
