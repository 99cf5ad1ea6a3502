"""The website: pages from the stored notebooks, links that lead somewhere, slides.

Mirrors no module: it tests scripts/build_site.py, api_pages.py and slides.py.
"""

import sys

import nbformat
import pytest
from helpers import NOTEBOOKS, ROOT

sys.path.insert(0, str(ROOT / "scripts"))
pytest.importorskip("sphinx", reason="the site's tools are not installed: make .venv/.site")
pytest.importorskip("myst_nb", reason="the site's tools are not installed: make .venv/.site")

import api_pages
import build_site
import slides

pytestmark = pytest.mark.slow(seconds=5)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole site, built once."""
    folder = tmp_path_factory.mktemp("site")
    patch = pytest.MonkeyPatch()
    patch.setattr(build_site, "SOURCE", folder / "source")
    patch.setattr(build_site, "TARGET", folder / "html")
    build_site.collect()
    build_site.build()
    yield folder / "html"
    patch.undo()


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site):
    assert build_site.check(site) == []


def test_home_has_one_button_and_a_card_for_each_lesson(site):
    home = (site / "index.html").read_text(encoding="utf-8")
    assert home.count("Open lesson 01 in Colab") == 1
    assert "mnist.gif" in home
    for path in NOTEBOOKS:
        assert f'href="lessons/{path.stem}.html"' in home


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_lessons_have_their_outputs_formulas_and_colab_link(site, path):
    page = (site / "lessons" / f"{path.stem}.html").read_text(encoding="utf-8")
    assert "run size: laptop" in page
    assert "cell_output" in page
    assert "<math" in page
    assert f"notebooks/{path.name}" in page  # in Colab
    assert "Open in Colab" in page
    assert "colab-badge.svg" not in page  # it would be loaded from elsewhere


def test_slides_of_every_lesson_show_its_figures(site):
    for path in NOTEBOOKS:
        page = (site / "slides" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert 5 <= page.count("<section>") <= 40
        assert "data:image/" in page
        assert "https://cdn" not in page


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<a href="gone.html">x</a>', "gone.html leads nowhere"),
        ('<a href="other.html#gone">x</a>', "names an anchor that is not there"),
        ('<a href="#gone">x</a>', "names an anchor that is not there"),
        ('<img src="a.png">', "has no alternative text"),
        ('<img src="a.png" alt="">', "has no alternative text"),
        ('<script src="https://example.org/x.js"></script>', "from another host"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "from another host"),
    ],
)
def test_check_finds_what_is_broken(tmp_path, html, problem):
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    (tmp_path / "other.html").write_text('<p id="here">', encoding="utf-8")
    (found,) = build_site.check(tmp_path)
    assert problem in found


def test_check_accepts_what_is_whole(tmp_path):
    good = '<p id="a"><a href="#a">x</a><a href="https://example.org">y</a><img src="i" alt="z">'
    (tmp_path / "page.html").write_text(good + '<a href="page.html#a">w</a>', encoding="utf-8")
    assert build_site.check(tmp_path) == []


def test_a_deck_takes_marked_cells_alone():
    v4 = nbformat.v4
    about = {"image/png": {"alt": "A figure of it"}}
    picture = v4.new_output("display_data", data={"image/png": "AAAA"}, metadata=about)
    marked = {"metadata": {"tags": ["slide"]}}
    cells = [
        v4.new_markdown_cell("# Title\n\nAbout $x^2$.\n\nMore.", **marked),
        v4.new_markdown_cell("## Not marked"),
        v4.new_code_cell("show()", outputs=[picture], metadata={"tags": ["slide"]}),
        v4.new_markdown_cell("## Second", **marked),
    ]
    page = slides.deck(v4.new_notebook(cells=cells), "01_x")
    assert page.count("<section>") == 2
    assert "<msup>" in page
    assert 'alt="A figure of it" src="data:image/png;base64,AAAA"' in page
    assert "Not marked" not in page
    assert "More." not in page
    with pytest.raises(ValueError, match="No cell of 01_x has the tag 'slide'"):
        slides.deck(v4.new_notebook(cells=cells[1:2]), "01_x")


def test_reference_has_signatures_arguments_and_errors(tmp_path):
    api_pages.write(tmp_path / "api")
    page = (tmp_path / "api" / "evaluation.md").read_text(encoding="utf-8")
    assert "### `frechet_distance`" in page
    assert "frechet_distance(" in page
    assert "**Arguments**" in page
    assert "**Raises**" in page
    assert not any(line.startswith("### `_") for line in page.splitlines())
