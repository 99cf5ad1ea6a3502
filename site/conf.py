"""Sphinx configuration of the course's website. `make site` runs it; see scripts/build_site.py."""

import os
import sys
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python 3.10, where Sphinx brings it under its old name
    import tomli as tomllib

HERE = Path(__file__).parent
ROOT = Path(os.environ["COURSE_ROOT"])
sys.path.insert(0, str(HERE / "_extensions"))

facts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
project = "The DCGAN course"
author = "The DCGAN course's authors"
copyright = author
version = release = facts["project"]["version"]
repository = facts["project"]["urls"]["Repository"]

extensions = ["myst_nb", "sphinx_design", "mathml"]
exclude_patterns = ["_build", "_extensions", "**.ipynb_checkpoints"]
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type"]

# The stored outputs are the lesson: nothing is executed here.
nb_execution_mode = "off"
nb_merge_streams = True
nb_number_source_lines = False
# Widgets have no kernel here, and their stored GIF or PNG says more.
nb_mime_priority_overrides = [
    ("html", "image/gif", 10),
    ("html", "image/png", 20),
    ("html", "application/vnd.jupyter.widget-view+json", None),
]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "attrs_block", "html_image"]
myst_heading_anchors = 3
myst_dmath_double_inline = True

html_math_renderer = "mathml"  # browsers draw it themselves: no script from elsewhere
html_theme = "sphinx_book_theme"
html_title = "The DCGAN course"
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_extra_path = ["_extra"] if (HERE / "_extra").is_dir() else []
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "repository_url": repository,
    "repository_branch": "main",
    "path_to_docs": "notebooks",
    "use_repository_button": True,
    "use_issues_button": True,
    "use_download_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
