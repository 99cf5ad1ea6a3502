"""The two parts of a test cell: what students see, and what the grader alone runs."""

BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


def visible_part(source):
    """A test cell without its hidden tests."""
    return _part(source, hidden=False)


def hidden_part(source):
    """The hidden tests of a test cell, "" if it has none."""
    return _part(source, hidden=True)


def _part(source, hidden):
    kept, inside = [], False
    for line in source.splitlines():
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside == hidden:
            kept.append(line)
    return "\n".join(kept).strip("\n")


def title(source):
    """A test cell's title: what follows "points: " in its first line, "" if there is none."""
    first = source.strip().splitlines()[0] if source.strip() else ""
    if not first.startswith("#") or ": " not in first:
        return ""
    return first.split(": ", 1)[1]
