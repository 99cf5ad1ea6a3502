"""Alternative texts for the images of stored notebooks, whenever these were stored.

    python scripts/stored_texts.py notebooks/*.ipynb    write them into notebooks, without a run

A lesson that runs gives its images their texts itself (`dcgan_course.display.alt_text`). Where
outputs are older, the text comes from the title in the cell's code, or from the heading above.
"""

import re
import sys
from pathlib import Path

import nbformat

# What a figure says about itself, in the order in which it is preferred.
TITLES = re.compile(
    r"""(?:suptitle|set_title|plt\.title|title)\s*[=(]\s*f?"([^"]+)"|show_\w+\([^"]*"([^"]+)\""""
)

# What code shows that names no title.
KNOWN = {
    r"\b(training|few)\.gif": "Animation: samples from the same latent vectors, epoch by epoch",
    r"\bpanel\.finish\(|\bMonitor\(": "Samples from the same latent vectors, and losses",
    r"\bshow_gan\(\)": "A GAN: G turns random numbers into images, D says how real they look",
    r"\bshow_training_step\(\)": "One training step: D's update above, G's update below",
}


def describe(notebook):
    """Give every image in the outputs a text, in its metadata and as its text/plain.

    Returns:
        How many images had none.
    """
    heading, missing = "A figure", 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = re.findall(r"^#+ (.+)$", cell.source, re.M)
            heading = headings[-1] if headings else heading
        for output in cell.get("outputs", []):
            for kind in [kind for kind in output.get("data", {}) if kind.startswith("image/")]:
                known = output.setdefault("metadata", {}).setdefault(kind, {})
                missing += "alt" not in known
                known.setdefault("alt", _said(output) or _title(cell.source, heading))
                if not _said(output):
                    output.data["text/plain"] = known["alt"]
    return missing


def texts(cell):
    """The texts of a cell's images, each once."""
    found = [
        about["alt"]
        for output in cell.get("outputs", [])
        for kind, about in output.get("metadata", {}).items()
        if kind.startswith("image/") and isinstance(about, dict) and "alt" in about
    ]
    return list(dict.fromkeys(found))


def _said(output):
    """What stands beside the image, unless it is only the name of an object."""
    said = "".join(output.data.get("text/plain", ""))
    return "" if said.startswith("<") else said


def _title(source, heading):
    titles = ["".join(groups) for groups in TITLES.findall(source)]
    titles = [title for title in titles if "{" not in title or "$" in title]  # no code
    known = [text for pattern, text in KNOWN.items() if re.search(pattern, source)]
    text = ". ".join(dict.fromkeys(titles or known or [f"Figure: {heading}"]))
    return re.sub(r"\s+", " ", re.sub(r"[{}$\\]", "", text.replace("\\n", " "))).strip()


if __name__ == "__main__":
    for name in sys.argv[1:]:
        notebook = nbformat.read(name, as_version=4)
        added = describe(notebook)
        Path(name).write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        print(f"{name}: {added} images were given a text.")
