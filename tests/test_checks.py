"""Numbers and choices: what is accepted, and what the messages say."""

import numpy as np
import pytest

from dcgan_course.checks import (
    names_of_classes,
    number,
    one_of,
    true_or_false,
    whole_number,
    whole_numbers,
)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3)])
def test_whole_numbers_of_python_and_numpy_become_int(value):
    result = whole_number("count", value, minimum=1, maximum=3)
    assert result == 3
    assert type(result) is int


@pytest.mark.parametrize(
    "value", [True, np.True_, 3.0, np.float32(3), "3", None, float("nan"), [3], np.array([3, 4])]
)
def test_no_whole_number_is_named_with_its_value(value):
    with pytest.raises(ValueError, match="count should be a whole number of 1 or more, not "):
        whole_number("count", value, minimum=1)


def test_a_whole_number_out_of_range_is_named_with_the_range():
    with pytest.raises(
        ValueError, match=r"^epochs should be a whole number of 1 or more, not 0\.$"
    ):
        whole_number("epochs", 0, minimum=1)
    with pytest.raises(ValueError, match=r"from 1 to 100,000, not 1000000000\. Take fewer\.$"):
        whole_number("count", 10**9, minimum=1, maximum=100_000, hint="Take fewer.")
    with pytest.raises(ValueError, match=r"number of 5 or less, not 6\.$"):
        whole_number("count", np.int32(6), maximum=5)
    assert whole_number("seed", -(10**30)) == -(10**30)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5), np.array(0.5)])
def test_numbers_of_python_and_numpy_become_float(value):
    result = number("rate", value, above=0)
    assert result == 0.5
    assert type(result) is float
    assert number("rate", np.int64(2)) == 2.0


@pytest.mark.parametrize(
    "value", [True, np.False_, "0.5", None, float("nan"), np.float32("inf"), 1j, [0.5], np.ones(2)]
)
def test_no_finite_number_is_named_with_its_value(value):
    with pytest.raises(ValueError, match="rate should be a number, not "):
        number("rate", value)


@pytest.mark.parametrize(
    ("value", "bounds", "said"),
    [
        (-0.1, dict(minimum=0), "of 0 or more, not -0.1."),
        (1, dict(minimum=0, below=1), "of 0 or more and below 1, not 1."),
        (0, dict(above=0), "above 0, not 0."),
        (2, dict(minimum=0, maximum=1), "from 0 to 1, not 2."),
        (2, dict(above=0, maximum=1), "above 0 and 1 or less, not 2."),
    ],
)
def test_a_number_out_of_range_is_named_with_the_range(value, bounds, said):
    with pytest.raises(ValueError, match=r"^share") as problem:
        number("share", value, **bounds)
    assert str(problem.value) == f"share should be a number {said}"


def test_choices_are_listed():
    assert one_of("loss", "hinge", ("hinge", "minimax")) == "hinge"
    with pytest.raises(ValueError, match=r"^loss should be one of 'a', 'b', not 'Hinge'\.$"):
        one_of("loss", "Hinge", ("a", "b"))
    with pytest.raises(ValueError, match="not True"):
        one_of("count", True, (1, 2))


def test_a_switch_is_true_or_false():
    assert true_or_false("live", np.True_) is True
    with pytest.raises(ValueError, match="live should be True or False, not 'no'"):
        true_or_false("live", "no")


def test_tuples_of_whole_numbers():
    assert whole_numbers("size", [np.int64(64), 48], count=2, minimum=1) == (64, 48)
    assert whole_numbers("widths", np.array([64, 32])) == (64, 32)
    for value in (64, "64", (), (1, 2, 3), [[1, 2]]):
        with pytest.raises(ValueError, match="size should be a tuple of 2 whole numbers"):
            whole_numbers("size", value, count=2)
    with pytest.raises(ValueError, match=r"size\[1\] should be .* 1 or more, not 0"):
        whole_numbers("size", (64, 0), minimum=1)


def test_a_long_value_is_cut():
    with pytest.raises(ValueError, match=r"^count") as problem:
        whole_number("count", list(range(10_000)))
    assert len(str(problem.value)) < 140


@pytest.mark.parametrize("classes", [3, np.int64(3), ["0", "1", "2"], ("0", "1", "2")])
def test_classes_are_given_by_their_number_or_by_names(classes):
    assert names_of_classes(classes) == names_of_classes(classes, count=3) == ("0", "1", "2")


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        (1, "classes should be a whole number from 2 to 1,000, not 1"),
        (["cat"], "The number of classes should be a whole number from 2 to 1,000, not 1"),
        (["cat", ""], "a list of names, or a number"),
        (["cat", 7], "a list of names, or a number"),
        ("cats", "classes should be a whole number"),
        (None, "classes should be a whole number"),
    ],
)
def test_what_are_no_classes_is_refused(classes, says):
    with pytest.raises(ValueError, match=says):
        names_of_classes(classes)


def test_another_number_of_classes_is_refused():
    with pytest.raises(ValueError, match=r"There are 3 classes, but 2 in classes=\['a', 'b'\]"):
        names_of_classes(["a", "b"], count=3)
