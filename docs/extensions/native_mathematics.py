"""Formulas as MathML, which browsers show by themselves: no script, no fonts, no network."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError


def as_mathml(formula: str, *, as_block: bool) -> str:
    """Return a LaTeX formula as MathML.

    Raises
    ------
    ExtensionError
        If the formula uses what the translation does not know.
    """
    # MathML's parentheses grow with what they hold: LaTeX's sizes by hand are not needed.
    unsized = re.sub(r"\\[Bb]igg?(?=[()\[\]|])", "", formula.strip())
    try:
        made = latex2mathml.tex2mathml(unsized, as_block=as_block)
    except MathError as error:
        raise ExtensionError(f"{error}, in the formula {formula!r}") from error
    # The bar over a letter: few fonts have the modifier letter, all have the macron. The bar of a
    # small fraction is thinner than a pixel, and then not drawn.
    return made.replace("\u02c9", "\u00af").replace("<mfrac>", '<mfrac linethickness="1px">')


def _write_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(as_mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def _write_block(translator: Any, node: nodes.math_block) -> None:
    formula = as_mathml(node.astext(), as_block=True)
    translator.body.append(f'<div class="formula">{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (_write_inline, None), (_write_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
