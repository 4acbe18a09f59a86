"""Formulas as MathML, which browsers display without script, fonts or network."""

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
        If the formula uses LaTeX that the translation does not support.
    """
    # MathML's parentheses grow with their contents, so LaTeX's manual sizes are dropped.
    unsized = re.sub(r"\\[Bb]igg?(?=[()\[\]|])", "", formula.strip())
    try:
        made = latex2mathml.tex2mathml(unsized, as_block=as_block)
    except MathError as error:
        raise ExtensionError(f"{error}, in the formula {formula!r}") from error
    # The bar over a letter: few fonts have the modifier letter, all have the macron. The bar of a
    # small fraction would be thinner than a pixel and not be drawn.
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
