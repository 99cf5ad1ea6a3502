"""A short deck for each lesson: the cells of its notebook that are marked as slides.

A markdown cell with the tag `slide` begins a slide with its heading and its first paragraph or
list; a code cell with the tag adds its picture. The result is one HTML file that loads nothing:
arrow keys, the space bar, or scrolling move between slides, and printing gives a page for each.
"""

import html
import re
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]

STYLE = """
html { scroll-snap-type: y mandatory; font-family: system-ui, sans-serif; color: #1b1f24; }
body { margin: 0; background: #fff; }
section { scroll-snap-align: start; min-height: 100vh; box-sizing: border-box; padding: 5vh 8vw;
  display: flex; flex-direction: column; justify-content: center; gap: 2vh; overflow-x: hidden;
  break-after: page; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { padding: .2em .6em; }
h1, h2 { font-size: clamp(1.6rem, 4.5vw, 3.2rem); margin: 0; line-height: 1.15; }
p, li { font-size: clamp(1rem, 2.1vw, 1.6rem); line-height: 1.4; max-width: 60ch;
  margin: .4em 0; }
img { max-width: 100%; max-height: 58vh; object-fit: contain; align-self: center; }
math { max-width: 100%; overflow-x: auto; }
code { overflow-wrap: anywhere; background: #f0f2f4; padding: 0 .2em; border-radius: .2em; }
a { color: #0b5cad; }
footer { color: #57606a; font-size: .9rem; }
@media (prefers-color-scheme: dark) {
  html { color: #e6e8eb; } body { background: #14171a; } math { max-width: 100%; overflow-x: auto; }
code { overflow-wrap: anywhere; background: #2a2f35; }
  a { color: #79b8ff; } img { background: #fff; } footer { color: #a0a8b0; }
}
"""
SCRIPT = """
addEventListener("keydown", event => {
  const step = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1,
                 ArrowLeft: -1, ArrowUp: -1, PageUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const slides = [...document.querySelectorAll("section")];
  const here = slides.findIndex(slide => slide.getBoundingClientRect().bottom > innerHeight / 2);
  slides[Math.min(Math.max(here + step, 0), slides.length - 1)].scrollIntoView();
});
"""


def deck(notebook, name):
    """One HTML page with the slides of a lesson.

    Args:
        notebook: as `nbformat` reads it.
        name: of the lesson, for the link back.

    Raises:
        ValueError: no cell is marked.
    """
    slides, title = [], name
    for cell in notebook.cells:
        if "slide" not in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "markdown":
            heading = re.search(r"^#+ (.+)$", cell.source, re.M)
            title = heading[1] if heading and not slides else title
            slides.append([text(cell.source)])
        else:
            slides = slides or [[]]
            slides[-1] += pictures(cell)
    if not slides:
        raise ValueError(f"No cell of {name} has the tag 'slide'.")
    back = f'<footer><a href="../lessons/{name}.html">The whole lesson</a></footer>'
    slides[-1].append(back)
    body = "\n".join(f"<section>{''.join(parts)}</section>" for parts in slides)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style><body>{body}<script>{SCRIPT}</script></body></html>"
    )


def text(source):
    """A slide's text: the heading, and the first paragraph or list below it, formulas as MathML."""
    source = re.sub(r"\[!\[.*?\]\(.*?\)\]\(.*?\)", "", source)
    source = re.sub(r"<details>.*?</details>", "", source, flags=re.S)
    source = re.sub(r"\]\((\d\d_\w+)\.ipynb", r"](../lessons/\1.html", source)
    source = to_repository(source.replace("](../docs/glossary.md", "](../glossary.html"))
    blocks = [block for block in re.split(r"\n\s*\n", source.strip()) if block.strip()]
    kept = blocks[:2] if blocks and blocks[0].startswith("#") else blocks[:1]
    if len(blocks) > 2 and kept[-1].rstrip().endswith((":", "**")):
        kept.append(blocks[2])  # what the paragraph has announced
    return re.sub(r"\$(\$?)(.+?)\1\$", _formula, MarkdownIt().render("\n\n".join(kept)))


def repository():
    """The repository's address."""
    return re.search(r'Repository = "(.+?)"', (ROOT / "pyproject.toml").read_text("utf-8"))[1]


def to_repository(source):
    """Links to programs, which are no pages of the site, as links to the repository's files."""
    return re.sub(r"\]\(\.\./((?:benchmarks|scripts)/)", rf"]({repository()}/blob/main/\1", source)


def _formula(match):
    from latex2mathml.converter import convert

    return convert(html.unescape(match[2]), display="block" if match[1] else "inline")


def pictures(cell):
    """The first image among a cell's outputs, as an HTML element."""
    for output in cell.outputs:
        for kind in ("image/gif", "image/png"):
            if kind in output.get("data", {}):
                known = output.get("metadata", {}).get(kind, {})
                alt = html.escape(known.get("alt", "Figure of the lesson"))
                data = "".join(output.data[kind]).replace("\n", "")
                return [f'<img alt="{alt}" src="data:{kind};base64,{data}">']
    return []
