"""Names that a reader gives to directions, kept with the generator.

A direction belongs to the weights from which it was found. So names are kept by a hash of the
weights: a generator that has been trained again starts without names.
"""

import json

from dcgan_course.files import write_beside

FILE = "direction_names.json"
LONGEST = 40  # letters of a name


def read_names(folder, digest):
    """Read the names for one generator's directions: {number of the direction: name}.

    Args:
        folder: where the file is, or None.
        digest: the generator's `LatentSpace.digest`.

    Returns:
        A dictionary; empty where there are none, or where the file cannot be read.
    """
    names = _all(folder).get(digest, {})
    return {int(index): name for index, name in names.items() if index.isdigit()}


def keep_name(folder, digest, index, name):
    """Keep one name; an empty one is forgotten.

    Raises:
        OSError: the folder cannot be written.
    """
    every = _all(folder)
    names = every.setdefault(digest, {})
    names.pop(str(index), None)
    if name.strip():
        names[str(index)] = name.strip()[:LONGEST]
    folder.mkdir(parents=True, exist_ok=True)
    with write_beside(folder / FILE) as beside:
        beside.write_text(json.dumps(every, indent=1, ensure_ascii=False), encoding="utf-8")


def _all(folder):
    if folder is None:
        return {}
    try:
        every = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no file, or no JSON
        return {}
    whole = isinstance(every, dict) and all(isinstance(names, dict) for names in every.values())
    return every if whole else {}
