"""The API reference, written from docstrings without importing anything: a page for each room."""

import logging
import re
from pathlib import Path

import griffe

PACKAGE = Path(__file__).parents[1] / "dcgan_course"
ROOMS = ("data", "networks", "display", "evaluation", "training", "latent", "diagnosis")


def write(folder):
    """Write `index.md` and a page for each room.

    Args:
        folder: for the pages; it is created.
    """
    folder.mkdir(parents=True)
    logging.getLogger("griffe").setLevel(logging.ERROR)  # it would miss type annotations
    parser = griffe.Parser.google
    package = griffe.load(PACKAGE, docstring_parser=parser, allow_inspection=False)
    single = [name for name, each in package.modules.items() if not each.is_package]
    rows = []
    for room in ROOMS:
        found = sorted(package.modules[room].modules.items())
        modules = [each for _, each in found if _names(each)]
        rows.append((room, package.modules[room].docstring.value))
        _page(folder / f"{room}.md", f"`dcgan_course.{room}`", rows[-1][1], modules)
    others = [package.modules[name] for name in single if _names(package.modules[name])]
    about = "Modules that belong to no room."
    _page(folder / "others.md", "Other modules", about, others)
    lines = [
        "# API reference",
        "",
        "What lessons use can be imported from `dcgan_course` itself.",
        "",
    ]
    for room, text in (*rows, ("others", about)):
        lines += [f"- [`{room}`]({room}.md): {_plain(text.splitlines()[0])}"]
    lines += ["", "```{toctree}", ":hidden:", "", *ROOMS, "others", "```"]
    (folder / "index.md").write_text("\n".join(lines), encoding="utf-8")


def _names(module):
    """The public functions and classes that a module defines itself, in its order."""
    own = (each for each in module.members.values() if not each.is_alias)
    found = [each for each in own if each.is_function or each.is_class]
    return [each for each in found if not each.name.startswith("_") and each.docstring]


def _page(path, title, about, modules):
    lines = [f"# {title}", "", _plain(about), ""]
    for module in modules:
        lines += [f"## `{module.name}`", "", _plain(module.docstring.value), ""]
        for each in _names(module):
            lines += _entry(each, "###")
            if each.is_class:
                for method in _names(each):
                    lines += _entry(method, "####", each.name + ".")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _entry(item, level, prefix=""):
    """A function or class: its signature, and the sections of its docstring."""
    lines = [f"{level} `{prefix}{item.name}`", "", "```python", _signature(item, prefix), "```", ""]
    for section in item.docstring.parsed:
        if section.kind is griffe.DocstringSectionKind.text:
            lines += [_plain(section.value), ""]
            continue
        heading = (section.title or section.kind.value.title()).replace("Parameters", "Arguments")
        lines += [f"**{heading}**", ""]
        values = section.value if isinstance(section.value, list) else [section.value]
        for value in values:
            name = getattr(value, "name", "") or str(getattr(value, "annotation", "") or "")
            text = " ".join(_plain(value.description).split())
            lines.append(f"- `{name}`: {text}" if name else f"- {text}")
        lines.append("")
    return lines


def _signature(item, prefix):
    function = item.members.get("__init__") if item.is_class else item
    parameters = getattr(function, "parameters", None)
    if parameters is None:
        return f"{prefix}{item.name}"
    marks = {"variadic positional": "*", "variadic keyword": "**"}
    parts, starred = [], False
    for each in parameters:
        if each.name in ("self", "cls"):
            continue
        kind = each.kind.value if each.kind else ""
        if kind == "keyword-only" and not starred:
            parts, starred = [*parts, "*"], True
        starred = starred or kind == "variadic positional"
        default = f"={each.default}" if each.default and kind not in marks else ""
        parts.append(marks.get(kind, "") + each.name.lstrip("*") + default)
    line = f"{prefix}{item.name}({', '.join(parts)})"
    return (
        line if len(line) < 90 else f"{prefix}{item.name}(\n    " + ",\n    ".join(parts) + ",\n)"
    )


def _plain(text):
    """A docstring as Markdown: what looks like markup but is mathematics is kept as it is."""
    parts = re.split(r"(`[^`]*`)", text or "")
    return "".join(
        part if part.startswith("`") else re.sub(r"([*_|<>$\[\]])", r"\\\1", part) for part in parts
    )
