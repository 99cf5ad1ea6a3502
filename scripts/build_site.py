"""Build the course's website from the stored notebooks, without running them and without a network.

python scripts/build_site.py             into build/site/, whose index.html opens in a browser
python scripts/build_site.py --check     then check internal links and alternative texts
python scripts/build_site.py --external  only ask whether the links to other sites still work
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "benchmarks")]

import api_pages
import nbformat
import stored_texts
from slides import deck, repository, to_repository

SOURCE, TARGET = ROOT / "build" / "site-source", ROOT / "build" / "site"
PLAYGROUND = ROOT / "playground.html"
BADGE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\(([^)]*)\)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="check links and alternative texts")
    parser.add_argument("--external", action="store_true", help="check links to other sites")
    options = parser.parse_args()
    collect()
    if options.external:
        return build("linkcheck", ROOT / "build" / "linkcheck")
    build()
    if options.check:
        problems = check(TARGET)
        print("\n".join(problems) or "All internal links lead somewhere; all images have a text.")
        if problems:
            raise SystemExit(1)
    print(f"The site is in {os.path.relpath(TARGET)}: open index.html in a browser.")


def collect():
    """Lay out the site's sources: our pages, the lessons, the glossary, tables of results."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.copytree(ROOT / "site", SOURCE)
    static = SOURCE / "_static"
    for image in (*ROOT.glob("docs/*.png"), *ROOT.glob("docs/*.gif")):
        shutil.copy(image, static / image.name)
    (SOURCE / "lessons").mkdir()
    (SOURCE / "_extra" / "slides").mkdir(parents=True)
    shown = []
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        shown.append((path.stem, re.search(r"^# (.+)$", notebook.cells[0].source, re.M)[1]))
        stored_texts.describe(notebook)
        page = SOURCE / "_extra" / "slides" / f"{path.stem}.html"
        page.write_text(deck(notebook, path.stem), encoding="utf-8")
        nbformat.write(lesson(notebook), SOURCE / "lessons" / path.name)
    move_page(ROOT / "docs" / "glossary.md", SOURCE / "glossary.md")
    for name in ("README", "STUDENTS"):
        move_page(ROOT / "assignments" / f"{name}.md", SOURCE / f"assignments-{name.lower()}.md")
    tables()
    api_pages.write(SOURCE / "api")
    fill(SOURCE / "index.md", LESSONS=cards(shown), PLAYGROUND=play_link(), PLAYPAGE=play_page())
    fill(SOURCE / "slides.md", SLIDES=decks(shown))
    if PLAYGROUND.exists():
        shutil.copy(PLAYGROUND, SOURCE / "_extra" / "play.html")


def cards(shown):
    """The lessons, (file name without its ending, title), as a grid of cards with pictures."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    grid = ["::::{grid} 1 2 3 3", ":gutter: 3", ""]
    for stem, title in shown:
        alt = re.search(rf'docs/{stem[:2]}\.png"[^>]*alt="([^"]*)"', readme)[1]
        grid += [f":::{{grid-item-card}} {title}", f":link: lessons/{stem}", ":link-type: doc"]
        grid += [f":img-bottom: _static/{stem[:2]}.png", f":img-alt: {alt}", ":::", ""]
    return "\n".join([*grid, "::::"])


def decks(shown):
    """The list of decks."""
    return "\n".join(f'- <a href="slides/{stem}.html">{title}</a>' for stem, title in shown)


def play_link():
    """The link to the page in which one can play without installing anything, if it was built."""
    if not PLAYGROUND.exists():
        return ""
    return (
        "Or [play with trained generators](playground.md), right here, without installing anything."
    )


def play_page():
    """The name of that page for the table of contents; the page goes where there is nothing."""
    if PLAYGROUND.exists():
        return "playground"
    (SOURCE / "playground.md").unlink()
    return ""


def fill(path, **texts):
    """Put texts in place of the words in capitals that stand alone on a line of a page."""
    page = path.read_text(encoding="utf-8")
    for word, text in texts.items():
        page = re.sub(rf"^{word}$", lambda _, text=text: text, page, flags=re.M)
    path.write_text(page, encoding="utf-8")


def lesson(notebook):
    """A notebook as the site shows it: a link in place of the badge, a text for every image."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = BADGE.sub(r"[Open in Colab](\1)", cell.source)
            cell.source = relink(cell.source)
        elif texts := stored_texts.texts(cell):
            cell.metadata["mystnb"] = {"image": {"alt": " · ".join(texts)}}
    return notebook


def relink(text):
    """Links between files of the repository, as links between pages of the site."""
    text = text.replace("(../docs/glossary.md", "(../glossary.md")
    text = re.sub(r"\]\(\.\./assignments/README\.md", "](../assignments-readme.md", text)
    return to_repository(text)


def move_page(path, target):
    """A page of the repository, with its links turned towards the site or the repository."""

    def turn(match):
        link, _, anchor = match[1].partition("#")
        if not link or "://" in link:
            return match[0]
        file = (path.parent / link).resolve()
        if file.suffix == ".ipynb" and file.parent == ROOT / "notebooks":
            return f"](lessons/{file.name})"
        if file.parent == ROOT / "assignments" and file.suffix == ".md":
            return f"](assignments-{file.stem.lower()}.md)"
        where = file.relative_to(ROOT).as_posix()
        return f"]({repository()}/blob/main/{where}{'#' + anchor if anchor else ''})"

    text = path.read_text(encoding="utf-8")
    target.write_text(re.sub(r"\]\(([^)\s]+)\)", turn, text), encoding="utf-8")


def tables():
    """The benchmark's results, as files that site/benchmarks.md includes."""
    from results_text import ablation_markdown, curves_markdown

    for name, text in (
        ("curves", curves_markdown()),
        ("ablation", ablation_markdown("ablation")),
        ("frogs", ablation_markdown("frogs")),
    ):
        (SOURCE / f"_{name}.txt").write_text(text, encoding="utf-8")


def build(builder="html", target=None):
    """Run Sphinx; a warning is an error, so that no broken page is published."""
    target = target or TARGET
    shutil.rmtree(target, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-W", "--keep-going", "-q"]
    environment = {**os.environ, "COURSE_ROOT": str(ROOT)}
    done = subprocess.run([*command, str(SOURCE), str(target)], env=environment, check=False)
    if done.returncode:
        raise SystemExit("The site was not built: see the messages above.")


class Page(HTMLParser):
    """The links, anchors and images of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors, self.images, self.loaded = [], set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Keep what links to other places, and what can be linked to."""
        found = dict(attributes)
        self.anchors.update(filter(None, (found.get("id"), found.get("name"))))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "img":
            self.images.append((found.get("src", ""), found.get("alt")))
        if tag in ("img", "script", "iframe", "source"):
            self.loaded.append(found.get("src") or "")
        if tag == "link" and found.get("rel") in ("stylesheet", "preload", "icon"):
            self.loaded.append(found.get("href") or "")


def check(folder):
    """Problems of a built site, a line each.

    These are links to pages or anchors that do not exist, images without an alternative text,
    and whatever a page loads from another host.
    """
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    problems = []
    for path, page in pages.items():
        where = path.relative_to(folder).as_posix()
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link == "#":
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            goal = goal / "index.html" if goal.is_dir() else goal
            if not goal.exists():
                problems.append(f"{where}: {link} leads nowhere.")
                continue
            anchors = pages[goal].anchors if goal in pages else {unquote(parts.fragment)}
            if parts.fragment and unquote(parts.fragment) not in anchors:
                problems.append(f"{where}: {link} names an anchor that is not there.")
        problems += [
            f"{where}: {src} has no alternative text." for src, alt in page.images if not alt
        ]
        problems += [
            f"{where}: loads {src} from another host."
            for src in page.loaded
            if urlsplit(src).netloc
        ]
    return problems


if __name__ == "__main__":
    main()
