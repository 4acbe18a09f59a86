"""Docstrings, prepared for the pages of the reference."""

from __future__ import annotations

import re
import sys
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

# Every game has a class of this name. Where no particular game is meant, the name links to their
# common base.
MEANT_BY = {"Parameters": "counterpoise.envs.engine.parameters.ParametersBase"}

SIGNATURE = re.compile(r"``.+``")
UNDERLINE = re.compile(r"-{3,}|={3,}")


def _prepare(
    app: Sphinx, what: str, name: str, documented: Any, options: Any, lines: list[str]
) -> None:
    """Prepare a docstring for a page with many others.

    Signatures on consecutive lines become separate paragraphs, bars are escaped because they would
    mean a substitution, and headings in the docstring of a module become rubrics.
    """
    made: list[str] = []
    for line in lines:
        if what == "module" and made and made[-1] and UNDERLINE.fullmatch(line):
            made[-1:] = [f".. rubric:: {made[-1]}", ""]
            continue
        if made and SIGNATURE.fullmatch(line) and SIGNATURE.fullmatch(made[-1]):
            made.append("")
        is_formula = line.startswith("    ")
        made.append(line if is_formula or "``" in line else re.sub(r"(?<!\\)\|", r"\|", line))
    lines[:] = made


def _settle_types(app: Sphinx, document: nodes.document) -> None:
    """Link the types of arguments to the classes of these names in their module.

    Sphinx searches the whole package for each word of a type: in ``[steps, worlds]`` it finds some
    attribute named ``steps``, and of two classes of the same name it takes the first.
    """
    for reference in list(document.findall(addnodes.pending_xref)):
        if reference.get("refdomain") != "py" or "refspecific" not in reference:
            continue
        target = reference["reftarget"]
        known = getattr(sys.modules.get(reference.get("py:module")), target, None)
        if isinstance(known, type) and known.__module__.startswith("counterpoise."):
            reference["reftarget"] = f"{known.__module__}.{known.__qualname__}"
        elif target in MEANT_BY:
            reference["reftarget"] = MEANT_BY[target]
        elif "." not in target:
            reference.replace_self(nodes.emphasis("", target))


def setup(app: Sphinx) -> dict[str, bool]:
    """Pass every docstring, and the document made of it, through this module."""
    app.connect("autodoc-process-docstring", _prepare, priority=400)
    app.connect("doctree-read", _settle_types)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
