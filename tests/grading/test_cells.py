"""A test cell's two parts and its title."""

from dcgan_course.grading.cells import hidden_part, title, visible_part

CELL = """# 2 points: D's loss: exact
assert seen
### BEGIN HIDDEN TESTS
assert hidden
### END HIDDEN TESTS
assert seen_too"""


def test_both_parts_and_the_title():
    assert visible_part(CELL) == "# 2 points: D's loss: exact\nassert seen\nassert seen_too"
    assert hidden_part(CELL) == "assert hidden"
    assert title(CELL) == "D's loss: exact"


def test_cells_without_hidden_tests_or_titles():
    assert hidden_part("assert seen") == ""
    assert title("assert seen") == title("") == ""


def test_an_unfinished_hidden_part_stays_hidden():
    text = "assert seen\n### BEGIN HIDDEN TESTS\nassert hidden"
    assert visible_part(text) == "assert seen"
