"""Build the playground: one HTML file with trained generators that draw in the browser.

    python scripts/playground.py                        playground.html, with all that ship
    python scripts/playground.py --output FILE mnist    another file, and only the digits

The page needs no server, no network and no Python. Its sources are in playground/: a page, a style
sheet, and modules of plain JavaScript that are written to be read.
"""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from links import repository

from dcgan_course.files import write_beside
from dcgan_course.quiet import import_quietly

SOURCES = ROOT / "playground"
MODULES = [  # in this order: a module uses only what stands before it
    *("vendor/gifenc.js", "latent.js", "generator.js", "networks.js", "ring.js", "dom.js"),
    *("pictures.js", "explorer.js", "directions.js", "classes.js", "map.js", "walk.js"),
    *("neighbors.js", "arithmetic.js", "inside.js", "diagnosis.js", "training.js", "main.js"),
]
LIMIT = 6_000_000  # bytes: what a teacher can send by mail
FIRST = "fashion_mnist"  # the generator that the page opens with
LESSON = "05_training_pitfalls"
# What the page's failures are called in that lesson's headings.
SECTIONS = {
    "collapse": "mode collapse",
    "vanishing": "vanishing gradient",
    "frozen": "losses that mislead",
    "optimizer": "optimi[sz]er",
}
IMPORT = re.compile(r'^import (?:\{([^}]*)\}|(\w+)) from "\./([\w./]+)";\n', re.M)


class BuildError(ValueError):
    """A page that cannot be built. The message says why."""


def bundled(sources=SOURCES, modules=MODULES):
    """All modules as the text of one script.

    Browsers load no modules from disk, so they are put behind each other, without their imports
    and exports.

    Raises:
        BuildError: an import of something that does not stand before it, or a name used twice.
    """
    exported, defined, parts = {}, {}, []
    for module in modules:
        text = (sources / module).read_text(encoding="utf-8")
        if module.startswith("vendor/"):  # a CommonJS module, wrapped to keep its names to itself
            name = Path(module).stem
            text = f"const module = {{ exports: {{}} }};\nconst exports = module.exports;\n{text}"
            text = f"const {name} = (() => {{\n{text}\nreturn module.exports;\n}})();\n"
            exported[module] = {name}
        else:
            for names, whole, target in IMPORT.findall(text):
                wanted = {name.strip() for name in (names or whole).split(",")} - {""}
                missing = wanted - exported.get(target, set())
                if missing:
                    raise BuildError(f"{module} imports {', '.join(missing)} from {target}.")
            text = IMPORT.sub("", text)
            declaration = r"^(export )?(?:async )?(?:function|class|const|let) (\w+)"
            found = re.findall(declaration, text, re.M)
            for _, name in found:
                if name in defined:
                    raise BuildError(f"{module} and {defined[name]} both define {name}.")
                defined[name] = module
            exported[module] = {name for mark, name in found if mark}
            text = re.sub(r"^export ", "", text, flags=re.M)
        parts.append(f"// ===== {module} =====\n\n{text.strip()}\n")
    return "\n".join(parts)


def lesson_sections(notebook=None):
    """{failure: the heading of lesson 05 that treats it}, for those that have one there."""
    notebook = notebook or ROOT / "notebooks" / f"{LESSON}.ipynb"
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    headings = re.findall(r"^## (.+)$", text, re.M)
    found = {}
    for failure, words in SECTIONS.items():
        match = next((each for each in headings if re.search(words, each, re.I)), None)
        if match:
            found[failure] = match
    return found


def fitting(descriptions, sizes, room):
    """Those descriptions that fit into `room` bytes, and the names of those that are left out.

    Where not all fit, a generator of images that another one draws by class is left out first, then
    the last in the list.
    """
    by_class = {each["noun"] for each in descriptions if each["classes"]}
    kept, left_out = list(descriptions), []
    while kept and sum(sizes[each["name"]] for each in kept) > room:
        plain = [each for each in kept if not each["classes"] and each["noun"] in by_class]
        worst = (plain or kept)[-1]
        kept.remove(worst)
        left_out.append(worst["name"])
    return kept, left_out


def all_described(names):
    """Descriptions of the generators that the page can compute; says which ones it cannot."""
    from playground_export import ExportError, described

    for name in names:
        try:
            yield described(name)
        except ExportError as problem:
            print(f"Left out: {name}. {problem}")


def page(descriptions):
    """The page with these generators.

    Args:
        descriptions: of `playground_export.described`.

    Returns:
        `(text, left_out)`: the page, and the names of the generators that did not fit.

    Raises:
        BuildError: sources that do not fit together.
    """
    from playground_export import as_json

    template = (SOURCES / "index.html").read_text(encoding="utf-8")
    address = f"https://github.com/{repository()}/blob/main"
    facts = {"trouble": f"{address}/notebooks/{LESSON}.ipynb", "sections": lesson_sections()}
    parts = {
        "STYLE": (SOURCES / "style.css").read_text(encoding="utf-8"),
        "SCRIPT": bundled(),
        "FACTS": json.dumps(facts, ensure_ascii=False),
    }
    for mark, text in parts.items():
        if "</script" in text or "</style" in text:
            raise BuildError(f"{mark} holds an end tag, which would end it early.")
        template = template.replace(f"/* {mark} */", text)
    template = template.replace("LESSONS_ADDRESS", f"{address}/notebooks")
    template = template.replace("CODE_ADDRESS", f"{address}/playground")
    texts = {each["name"]: as_json(each) for each in descriptions}
    sizes = {name: len(text.encode()) for name, text in texts.items()}
    kept, left_out = fitting(descriptions, sizes, LIMIT - len(template.encode()))
    scripts = "\n".join(
        f'<script type="application/json" class="generator">{texts[each["name"]]}</script>'
        for each in kept
    )
    return template.replace("<!-- GENERATORS -->", scripts), left_out


def main(arguments=None):
    import_quietly()
    from dcgan_course.latent.pretrained import shipped_generators

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="generators; all that ship if there are none")
    parser.add_argument("--output", type=Path, default=ROOT / "playground.html")
    options = parser.parse_args(arguments)
    known = shipped_generators()
    for name in options.names:
        if name not in known:
            parser.error(f"unknown generator {name!r}: there are {', '.join(known)}")
    names = options.names or sorted(known, key=lambda name: (not name.startswith(FIRST), name))
    text, left_out = page(list(all_described(names)))
    with write_beside(options.output) as beside:
        beside.write_text(text, encoding="utf-8")
    print(f"{options.output}: {len(text.encode()) / 1e6:.1f} MB. Open it in any browser.")
    if left_out:
        print(f"Left out, to stay within {LIMIT / 1e6:.0f} MB: {', '.join(left_out)}.")


if __name__ == "__main__":
    main()
