"""Checks of arguments: numbers in their ranges, choices among names.

Each function returns the value in plain Python form, or raises a `ValueError` that names the
argument, its value, and what it should be. NumPy's numbers count as numbers; True, "3" and NaN
do not. A bottom module, which every room may import.
"""

import math
import numbers
import operator

import numpy as np


def whole_number(name, value, *, minimum=None, maximum=None, hint=""):
    """Check a whole number.

    Args:
        name: the argument's name, for the message.
        value: what was given. Python's and NumPy's integers are accepted; True, 3.0 and "3"
            are not.
        minimum, maximum: the smallest and the largest number allowed; None sets no bound.
        hint: a sentence for the end of the message, such as what to do instead.

    Returns:
        The number as an `int`.

    Raises:
        ValueError: no whole number, or one out of range.
    """
    wanted = f"a whole number{_range(minimum, maximum)}"
    try:
        number = None if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        number = None
    if number is None or not _inside(number, minimum, maximum):
        _refuse(name, value, wanted, hint)
    return number


def number(name, value, *, minimum=None, maximum=None, above=None, below=None, hint=""):
    """Check a finite real number.

    Args:
        name: the argument's name, for the message.
        value: what was given. Python's and NumPy's integers and floats are accepted; True,
            "0.5", NaN and infinity are not.
        minimum, maximum: bounds that are allowed themselves; None sets no bound.
        above, below: bounds that are not allowed themselves.
        hint: a sentence for the end of the message.

    Returns:
        The number as a `float`.

    Raises:
        ValueError: no finite number, or one out of range.
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    scalar = getattr(value, "shape", None) == () and getattr(value, "dtype", None) is not None
    if scalar and not isinstance(value, numbers.Real):  # a 0-dimensional array or a tensor
        value = np.asarray(value)
        real = value.dtype.kind in "iuf"
        value = value.item()
    if (
        not real
        or not math.isfinite(value)
        or not _inside(value, minimum, maximum)
        or (above is not None and not value > above)
        or (below is not None and not value < below)
    ):
        _refuse(name, value, f"a number{_range(minimum, maximum, above, below)}", hint)
    return float(value)


def one_of(name, value, choices, *, hint=""):
    """Check that a value is one of the known ones.

    Args:
        name: the argument's name, for the message.
        value: what was given.
        choices: the values allowed, such as names.
        hint: a sentence for the end of the message.

    Returns:
        The value.

    Raises:
        ValueError: another value.
    """
    choices = list(choices)
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        known = ", ".join(map(repr, choices))
        _refuse(name, value, f"one of {known}" if len(choices) > 1 else known, hint)
    return value


def true_or_false(name, value, *, hint=""):
    """Check a switch: Python's or NumPy's True or False.

    Returns:
        The value as a `bool`.

    Raises:
        ValueError: anything else, such as 1 or "no".
    """
    if not isinstance(value, (bool, np.bool_)):
        _refuse(name, value, "True or False", hint)
    return bool(value)


def whole_numbers(name, values, *, count=None, minimum=None, maximum=None, hint=""):
    """Check a list or tuple of whole numbers, such as the two sides of an image.

    Args:
        name: the argument's name, for the message.
        values: what was given.
        count: how many numbers there should be; None allows any number but 0.
        minimum, maximum: of each of them.
        hint: a sentence for the end of the message.

    Returns:
        A tuple of `int`.

    Raises:
        ValueError: no such list, or a number in it that is out of range.
    """
    how_many = "whole numbers" if count is None else f"{count} whole numbers"
    wanted = f"a tuple of {how_many}{_range(minimum, maximum)}"
    if not isinstance(values, (list, tuple, np.ndarray)) or np.ndim(values) != 1 or not len(values):
        _refuse(name, values, wanted, hint)
    if count is not None and len(values) != count:
        _refuse(name, values, wanted, hint)
    return tuple(
        whole_number(f"{name}[{index}]", value, minimum=minimum, maximum=maximum, hint=hint)
        for index, value in enumerate(values)
    )


def names_of_classes(classes, *, count=None):
    """Check the classes that a generator draws by: their names, or how many there are.

    Args:
        classes: a list or tuple of names; or their number, for the names "0", "1", …
        count: how many there should be, where that is known.

    Returns:
        A tuple of `str`, 2 to 1,000 of them.

    Raises:
        ValueError: neither, or another number of them.
    """
    wanted = "names" if count is None else f"{count} names"
    if isinstance(classes, (list, tuple)):
        if not all(isinstance(name, str) and name.strip() for name in classes):
            _refuse("classes", classes, f"a list of {wanted}, or a number", "")
        names = tuple(classes)
        whole_number("The number of classes", len(names), minimum=2, maximum=1000)
    else:
        number = whole_number("classes", classes, minimum=2, maximum=1000)
        names = tuple(map(str, range(number)))
    if count not in (None, len(names)):
        raise ValueError(
            f"There are {count} classes, but {len(names)} in classes={shown(classes)}."
        )
    return names


def shown(value):
    """Return a value as a message shows it: its repr, cut where it would fill the screen."""
    text = str(value) if isinstance(value, np.generic) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _inside(value, minimum, maximum):
    return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)


def _range(minimum=None, maximum=None, above=None, below=None):
    if above is None and below is None:
        if minimum is not None and maximum is not None:
            return f" from {minimum:,} to {maximum:,}"
        if minimum is not None:
            return f" of {minimum:,} or more"
        return "" if maximum is None else f" of {maximum:,} or less"
    parts = [(minimum, "{:,} or more"), (above, "above {:,}")]
    parts += [(maximum, "{:,} or less"), (below, "below {:,}")]
    said = " and ".join(text.format(bound) for bound, text in parts if bound is not None)
    return f" {said}" if said.startswith(("above", "below")) else f" of {said}"


def _refuse(name, value, wanted, hint):
    raise ValueError(f"{name} should be {wanted}, not {shown(value)}.{' ' if hint else ''}{hint}")
