"""The class's leaderboard for the capstone: a CSV file, and a page that needs no other file.

Generators of one data set are ranked by their distance from held-out images. Distances of different
data sets cannot be compared: there is no ranking across them, and none among students' own images.
What titles and names hold is shown as text and never as HTML or as a formula.
"""

import base64
import csv
import hashlib
import html
import io

from dcgan_course.files import write_beside

COLUMNS = ("data", "rank", "student", "title", "distance", "coverage", "copies", "twins", "seconds")
COLUMNS += ("parameters", "note")
NAMES = {
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
    "cifar10_frogs": "Frogs of CIFAR-10",
    "own": "Images of one's own",
}
# Without these a generator is listed, and has no rank.
NEEDED = ("file", "network", "data", "diary", "own", "range", "alike", "copies")
COLORS = (
    *("Amber", "Azure", "Coral", "Crimson", "Emerald", "Golden", "Indigo", "Ivory", "Jade"),
    *("Lilac", "Olive", "Scarlet", "Silver", "Teal", "Umber", "Violet"),
)
ANIMALS = (
    *("Badger", "Beaver", "Bison", "Crane", "Falcon", "Finch", "Gecko", "Heron", "Ibis", "Lemur"),
    *("Lynx", "Marten", "Otter", "Owl", "Panda", "Puffin", "Raven", "Seal", "Stork", "Tapir"),
    *("Tern", "Toad", "Wombat", "Wren"),
)


def pseudonym(student, secret, taken):
    """Choose a name for a student that tells nothing about them.

    Args:
        student: the name or number under which they hand in.
        secret: a number that students do not know.
        taken: names that others have.
    """
    count = 0
    while True:
        digest = hashlib.sha256(f"{secret}:{count}:{student}".encode()).digest()
        name = f"{COLORS[digest[0] % len(COLORS)]} {ANIMALS[digest[1] % len(ANIMALS)]}"
        if count > 50:  # a class larger than all pairs of words
            name += f" {digest[2]}"
        if name not in taken:
            return name
        count += 1


def table(reports, students, shown=str):
    """Rank generators.

    Args:
        reports: `capstone.report` by student, of those who have handed in a file.
        students: everybody in the class.
        shown: from a student to the name on the page.

    Returns:
        A list of dictionaries with `COLUMNS`, by data set and rank; those without a rank follow,
        and at the end those who have handed in nothing.
    """
    rows = []
    for student in sorted(set(students) | set(reports)):
        row = dict.fromkeys(COLUMNS, "") | {"student": shown(student)}
        report = reports.get(student)
        if report is None:
            rows.append(row | {"note": "nothing handed in"})
            continue
        data = report.get("data")
        row |= {"data": data if data in NAMES else "", "title": report.get("title", "")}
        for name, key in (("distance", "distance"), ("coverage", "coverage"), ("copies", "copies")):
            row[name] = round(report[key], 2) + 0.0 if key in report else ""
        row["twins"] = round(report["alike"], 2) if "alike" in report else ""
        row["seconds"] = round(report.get("seconds", 0)) or ""
        row["parameters"] = report.get("parameters", "")
        problems = [report["problems"][part] for part in NEEDED if report["problems"][part]]
        rows.append(row | {"note": f"not ranked: {problems[0]}" if problems else ""})
    order = list(NAMES)

    def place(row):
        known = order.index(row["data"]) if row["data"] in order else len(order)
        handed_in = row["note"] != "nothing handed in"
        distance = row["distance"] if row["distance"] != "" else 1e9
        return not handed_in, known, bool(row["note"]), distance, row["student"]

    rows.sort(key=place)
    for row in rows:
        if not row["note"] and row["data"] != "own":
            better = [
                other
                for other in rows
                if other["data"] == row["data"]
                and not other["note"]
                and other["distance"] < row["distance"]
            ]
            row["rank"] = len(better) + 1
    return rows


def write_csv(path, rows):
    """Write the rows as CSV, so that a spreadsheet takes no text for a formula."""
    with write_beside(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _plain(value) for name, value in row.items()})


def _plain(value):
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
table { border-collapse: collapse; margin-bottom: 2rem; width: 100%; }
caption { font-size: 1.25rem; font-weight: 600; padding: .5rem 0; text-align: left; }
th, td { border-bottom: 1px solid #767676; padding: .4rem .6rem; text-align: left; }
.number { font-variant-numeric: tabular-nums; text-align: right; }
.wide { overflow-x: auto; }
img { height: 48px; image-rendering: auto; max-width: none; }
"""
HEADS = (
    ("rank", "Rank"),
    ("student", "Name"),
    ("title", "Images of"),
    ("distance", "Distance"),
    ("coverage", "Coverage"),
    ("copies", "Copies"),
    ("twins", "Twins"),
    ("seconds", "Seconds"),
    ("parameters", "Parameters"),
)
NUMBERS = ("rank", "distance", "coverage", "copies", "twins", "seconds", "parameters")


def write_page(path, rows, pictures, date):
    """Write the page.

    Args:
        path: the file.
        rows: what `table` has returned.
        pictures: arrays of uint8 (count, side, side, channels) by the name on the page.
        date: a text.
    """
    missing = sum(row["note"] == "nothing handed in" for row in rows)
    present = [row for row in rows if row["note"] != "nothing handed in"]
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Capstone leaderboard</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
        "<h1>Capstone leaderboard</h1>",
        "<p>A smaller distance is better: 0 for images that cannot be told from real ones by "
        "this measure, above 1 for noise. Equal distances, to two decimals, share a rank. "
        "Distances of different data sets cannot be compared, so images of one's own have no rank. "
        "Points do not depend on the rank.</p>",
    ]
    for data in [*NAMES, ""]:
        group = [row for row in present if row["data"] == data]
        ranked = [row for row in group if not row["note"]]
        others = [row for row in group if row["note"]]
        if ranked:
            parts.append(_table(NAMES[data], ranked, pictures))
        if others:
            items = ""
            for row in others:
                reason = row["note"].removeprefix("not ranked: ")
                items += f"<li>{_text(row['student'])}: {_text(reason)}</li>"
            title = NAMES.get(data, "Files that could not be read")
            parts.append(f"<h2>{title}: without a rank</h2>\n<ul>{items}</ul>")
    if missing:
        people = "1 person has" if missing == 1 else f"{missing} people have"
        parts.append(f"<p>{people} not handed in a generator.</p>")
    parts.append(f"<p>As of {_text(date)}.</p>\n</main>\n</body>\n</html>\n")
    with write_beside(path) as beside:
        beside.write_text("\n".join(parts), encoding="utf-8")


def _text(value):
    return html.escape(str(value))


def _table(title, rows, pictures):
    ranked = any(row["rank"] != "" for row in rows)
    heads = [(key, head) for key, head in HEADS if ranked or key != "rank"]
    ranks = [row["rank"] for row in rows]
    lines = []
    for row in rows:
        cells = []
        for key, _ in heads:
            value = row[key]
            if key == "rank" and ranks.count(value) > 1:
                value = f"{value} (shared)"
            elif key in ("coverage", "copies", "twins") and value != "":
                value = f"{value:.0%}"
            elif key == "distance" and value != "":
                value = f"{value:.2f}"
            elif key in ("seconds", "parameters") and value != "":
                value = f"{value:,}"
            tag = 'th scope="row"' if key == "student" else "td"
            kind = ' class="number"' if key in NUMBERS else ""
            cells.append(f"<{tag}{kind}>{_text(value)}</{tag.split()[0]}>")
        cells.append(f"<td>{_picture(row['student'], pictures.get(row['student']))}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    columns = "".join(
        f'<th scope="col"{" class=number" if key in NUMBERS else ""}>{head}</th>'
        for key, head in heads
    )
    body = "\n".join(lines)
    return (
        f'<div class="wide" role="region" aria-label="{_text(title)}" tabindex="0">\n<table>\n'
        f'<caption>{_text(title)}</caption>\n<thead><tr>{columns}<th scope="col">Samples</th></tr>'
        f"</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>"
    )


def _picture(name, images):
    if images is None or len(images) == 0:
        return ""
    import numpy as np
    from PIL import Image

    images = images[:6]
    strip = np.concatenate(list(images), axis=1)
    strip = strip[..., 0] if strip.shape[-1] == 1 else strip
    buffer = io.BytesIO()
    Image.fromarray(strip).save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    said = _text(f"{len(images)} images that {name}'s generator has drawn")
    return f'<img src="data:image/png;base64,{data}" alt="{said}">'
