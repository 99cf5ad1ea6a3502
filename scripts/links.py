"""Write the repository's address, as pyproject.toml names it, wherever it stands.

For a fork: change `Repository` in pyproject.toml, run `make links`, and the Colab and Binder
badges, the notebooks' install cells and the citation follow.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACES = ("README.md", "CITATION.cff", "notebooks/*.ipynb")
# owner/name behind the hosts that the badges and install cells use
ADDRESS = re.compile(
    r"((?:colab\.research\.google\.com/github|mybinder\.org/v2/gh|github\.com)/)"
    r"([\w.-]+/[\w-]+)"
)


def repository():
    """owner/name, from pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return re.search(r'^Repository = "https://github\.com/([\w.-]+/[\w-]+)"', text, re.M).group(1)


def course_links(text, known):
    """Each link to the course's own repository in a text, as (prefix, owner/name)."""
    return [match for match in ADDRESS.findall(text) if match[1].split("/")[1] == known]


def main():
    new = repository()
    old_names = {new.split("/")[1], "dcgan-course"}
    for pattern in PLACES:
        for path in sorted(ROOT.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            changed = ADDRESS.sub(
                lambda match: match[1] + new if match[2].split("/")[1] in old_names else match[0],
                text,
            )
            if changed != text:
                path.write_text(changed, encoding="utf-8")
                print(f"Updated {path.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
