"""Makes a clean notebook of a submission: the release's cells, with the student's answers.

Students copy, split, move and delete cells, and nbgrader then finds marks twice or not at all.
Here only the answers' text and the student's own cells are taken from a submission, by the
answers' grade_id; everything else comes from the release.
"""

import copy

import nbformat

DELETED = "# This answer cell is missing from the submission.\n"


def _mark(cell):
    """A cell's grade_id, or None."""
    marks = cell.get("metadata", {}).get("nbgrader")
    if isinstance(marks, dict) and marks.get("grade_id"):
        return str(marks["grade_id"])
    return None


def _text(cell):
    source = cell.get("source") or ""
    return source if isinstance(source, str) else "".join(map(str, source))


def _is_answer(cell):
    return bool(cell.metadata.nbgrader.get("solution"))


def _own(cell):
    """A cell of the student's own, without marks, attachments or outputs."""
    if cell.get("cell_type") == "code":
        return nbformat.v4.new_code_cell(_text(cell))
    make = {"markdown": nbformat.v4.new_markdown_cell, "raw": nbformat.v4.new_raw_cell}
    return make.get(cell.get("cell_type"), nbformat.v4.new_markdown_cell)(_text(cell))


def _joined(parts, stub, code):
    """One answer out of the cells that carry its mark, and what was done, "" if nothing."""
    different = [part for part in parts if part.strip() and part.strip() != stub.strip()]
    different = [part for n, part in enumerate(different) if part not in different[:n]]
    if len(parts) == 1:
        return parts[0], ""
    if not different:
        return stub, "was there more than once"
    joined = "\n".join(different) if code else "\n\n".join(different)
    done = "was split or copied: its parts were joined" if len(different) > 1 else "was copied"
    return joined, done


def repair(submission, release):
    """Put a submission's answers and own cells into the release.

    Args:
        submission, release: notebooks of nbformat 4.

    Returns:
        The notebook to grade, and a list of sentences about what was repaired.
    """
    known = {_mark(cell): cell for cell in release.cells if _mark(cell)}
    given_texts = {_text(cell).strip() for cell in release.cells if not _mark(cell)}
    parts, after, said, changed = {}, {}, [], []
    last, previous = None, None
    seen = []
    for cell in submission.cells:
        mark, text = _mark(cell), _text(cell)
        if mark in known:
            if mark in seen and not _is_answer(known[mark]):
                said.append(f"a copy of the cell {mark} was left out")
            elif (
                not _is_answer(known[mark])
                and known[mark].cell_type == "code"
                and text.strip() != _text(known[mark]).strip()
            ):
                changed.append(mark)
            parts.setdefault(mark, []).append(text)
            if mark not in seen:
                seen.append(mark)
                last = mark
            previous = mark
            continue
        if mark is None and text.strip() in given_texts:
            continue  # the release has this cell
        split = previous if previous in known and _is_answer(known[previous]) else None
        if split and cell.get("cell_type") == "code" and text[:1] in (" ", "\t") and text.strip():
            parts[split][-1] += "\n" + text  # the lower part of a split answer, without its mark
            said.append(f"the answer {split} was split: its parts were joined")
        elif text.strip():
            after.setdefault(last, []).append(_own(cell))
            previous = None
    order = [mark for mark in known if mark in seen]
    copied = any("was left out" in sentence for sentence in said)
    if order != seen and not copied:
        said.append("cells were moved: they are back in their order")
    cells = list(after.get(None, []))
    for cell in release.cells:
        fresh = copy.deepcopy(cell)
        mark = _mark(cell)
        if mark and _is_answer(cell):
            if mark in parts:
                code = cell.cell_type == "code"
                fresh["source"], done = _joined(parts[mark], _text(cell), code)
                if done:
                    said.append(f"the answer {mark} {done}")
            elif cell.cell_type == "code":
                # Not the stub: the student may have written the function in a cell of their own.
                fresh["source"] = DELETED
                said.append(f"the answer cell {mark} is missing")
        elif mark and mark not in parts and fresh.metadata.nbgrader.get("grade"):
            said.append(f"the test cell {mark} was missing and is back")
        cells.append(fresh)
        cells += after.get(mark, []) if mark else []
    if changed:
        said.append(f"given cells were changed and are as they were: {', '.join(changed)}")
    notebook = copy.deepcopy(release)
    notebook.cells = cells
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    return notebook, list(dict.fromkeys(said))
