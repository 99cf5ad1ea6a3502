"""A Sphinx extension: formulas as MathML, which browsers draw without a script from elsewhere."""

from latex2mathml.converter import convert
from sphinx.errors import ExtensionError


def _markup(latex, display):
    try:
        return convert(latex.strip(), display="block" if display else "inline")
    except Exception as problem:
        raise ExtensionError(f"This formula cannot be drawn: {latex!r} ({problem})") from problem


def _inline(writer, node):
    from docutils import nodes

    writer.body.append(f'<span class="math">{_markup(node.astext(), False)}</span>')
    raise nodes.SkipNode


def _block(writer, node):
    from docutils import nodes

    writer.body.append(f'<div class="math">{_markup(node.astext(), True)}</div>')
    raise nodes.SkipNode


def setup(app):
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
