"""The figures of the lessons: what they show, and wrong arguments."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from dcgan_course.display.figures import (
    draw_curves,
    show_by_class,
    show_history,
    show_images,
    show_rows,
)

IMAGES = np.zeros((6, 4, 5, 1), "float32")
ROWS = [
    {"epoch": epoch, "d_loss": 1.0, "g_loss": 0.7, "d_real": 0.5, "d_fake": 0.5} for epoch in (1, 2)
]


@pytest.fixture
def shown(monkeypatch):
    """The figures that would be shown."""
    figures = []
    monkeypatch.setattr(plt, "show", lambda: figures.append(plt.gcf()))
    yield figures
    plt.close("all")


def test_images_under_a_title(shown):
    show_images(IMAGES, "Six", np.int64(3), width=np.float32(2))
    (figure,) = shown
    assert figure.axes[0].get_title() == "Six"
    assert figure.axes[0].images[0].get_array().shape == (2 * 4 + 2, 3 * 5 + 2 * 2)


@pytest.mark.parametrize("width", [0, -1, 0.1, 101, "5", None, True, float("nan"), float("inf")])
def test_a_wrong_width(shown, width):
    with pytest.raises(ValueError, match=r"width should be a number from 0\.5 to 100"):
        show_images(IMAGES, "Six", width=width)
    assert shown == []


@pytest.mark.parametrize("columns", [0, -1, 2.0, "2", True, float("nan")])
def test_wrong_columns(shown, columns):
    with pytest.raises(ValueError, match="columns should be a whole number of 1 or more"):
        show_images(IMAGES, "Six", columns)


@pytest.mark.parametrize("title", [None, 5, ["Six"]])
def test_a_title_that_is_no_text(shown, title):
    with pytest.raises(ValueError, match="title should be a text"):
        show_images(IMAGES, title)
    with pytest.raises(ValueError, match="title should be a text"):
        show_by_class(IMAGES, [0] * 6, ["a"], title)


def test_a_class_of_few_images_keeps_its_row(shown):
    """Row by row, however many images a class has; else the next class would move up."""
    images = np.ones((5, 4, 4, 1), "float32") * np.array([0, 1, 1, 1, 1])[:, None, None, None]
    show_by_class(images, np.array([0, 1, 1, 1, 1]), ("gray", "white", "none"), "Two", each=3)
    grid = np.asarray(shown[0].axes[0].images[0].get_array())
    rows = [[int(grid[6 * row, 6 * column]) for column in range(3)] for row in range(3)]
    assert rows == [[128, 0, 0], [255, 255, 255], [0, 0, 0]]
    assert [text.get_text() for text in shown[0].axes[0].get_yticklabels()] == [
        "gray",
        "white",
        "none",
    ]


def test_rows_of_images_carry_their_names(shown):
    """Each row is where its name is."""
    white = np.ones((3, 4, 4, 1), "float32")
    show_rows({"white": white, "black": -white}, "Two rows")
    axes = shown[0].axes[0]
    grid = np.asarray(axes.images[0].get_array())
    names = {
        text.get_text(): tick
        for text, tick in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)
    }
    assert grid[round(names["white"]), 1] == 255
    assert grid[round(names["black"]), 1] == 0
    assert axes.get_title() == "Two rows"


def test_rows_of_images_of_a_given_size(shown):
    show_rows({"a": IMAGES, "b": IMAGES}, "Rows", side=0.5)
    show_rows({"a": IMAGES, "b": IMAGES}, "Rows", side=1.0)
    small, large = (figure.get_size_inches()[0] for figure in shown)
    assert large - small == pytest.approx(6 * 0.5)


@pytest.mark.parametrize(
    "labels",
    [[0] * 5, [0] * 7, [0.0] * 6, [[0]] * 6, "abcdef", None, [-1] * 6, [2] * 6, [True] * 6],
)
def test_labels_that_do_not_fit(shown, labels):
    with pytest.raises(ValueError, match="labels should"):
        show_by_class(IMAGES, labels, ["a", "b"], "Two")


@pytest.mark.parametrize("each", [0, -1, 1.0, "3", None, True, 10**9])
def test_a_wrong_number_for_each_class(shown, each):
    with pytest.raises(ValueError, match="each should be a whole number from 1 to 1,000"):
        show_by_class(IMAGES, [0] * 6, ["a"], "One", each=each)


@pytest.mark.parametrize("images", [None, 5, np.zeros((6, 4, 5, 1), "uint8"), np.zeros((6, 4))])
def test_wrong_images_by_class(shown, images):
    with pytest.raises(ValueError, match=r"Images should"):
        show_by_class(images, [0] * 6, ["a"], "One")


def test_a_history(shown):
    show_history(ROWS)
    left, right = shown[0].axes
    assert [len(line.get_xdata()) for line in left.lines[:2]] == [2, 2]
    assert len(right.lines) == 3
    show_history([])  # before the first epoch


@pytest.mark.parametrize(
    ("history", "message"),
    [
        (None, "history should be rows"),
        (5, "history should be rows"),
        ("text", "history should be rows"),
        ({"d_loss": [1.0]}, "history should be rows"),
        ([1, 2], "history should be rows"),
        ([{"d_loss": 1.0}], "Row 0 of history has no 'epoch'"),
        ([*ROWS, {"epoch": 3, "g_loss": 1.0}], "Row 2 of history has no 'd_loss'"),
    ],
)
def test_a_history_that_is_none(shown, history, message):
    with pytest.raises(ValueError, match=message):
        show_history(history)
    with pytest.raises(ValueError, match=message):
        draw_curves(plt.figure().subplots(), history, ["d_loss"], "Loss")


def test_rows_with_their_names(shown):
    rows = {"first": IMAGES[:3], "second": IMAGES[3:5]}
    show_rows(rows, "Two rows", columns=["a", "b", "c"])
    axes = shown[0].axes[0]
    assert axes.get_title() == "Two rows"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "c"]
    sheet = axes.images[0].get_array()
    high, wide = IMAGES.shape[1:3]
    assert sheet.shape[:2] == (2 * (high + 2) - 2, 3 * (wide + 2) - 2)
    assert (sheet[-high:, -wide:] == 255).all()  # the second row is shorter
    middles = [row * (high + 2) + high / 2 for row in range(2)]
    assert list(axes.get_yticks()) == middles


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ({}, {}, "rows should be a dictionary"),
        ([IMAGES], {}, "rows should be a dictionary"),
        ({"a": IMAGES, "b": IMAGES[:, :2]}, {}, "All images should have the same shape"),
        ({"a": IMAGES}, {"columns": ["one"]}, "columns should be 6 names, one for each, not 1"),
        ({"a": IMAGES}, {"width": 0}, "width"),
        ({"a": np.zeros((2, 3))}, {}, "Images should"),
    ],
)
def test_rows_that_cannot_be_shown(shown, rows, options, message):
    with pytest.raises(ValueError, match=message):
        show_rows(rows, "Rows", **options)
