"""Docstrings as they are written here, made ready for the reference."""

from __future__ import annotations

import re
import sys
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

# Every game has a class of parameters of this name: where none of them is meant, it is what they
# have in common.
MEANT_BY = {"Parameters": "counterpoise.envs.engine.parameters.ParametersBase"}

SIGNATURE = re.compile(r"``.+``")
UNDERLINE = re.compile(r"-{3,}|={3,}")


def _prepare(
    app: Sphinx, what: str, name: str, documented: Any, options: Any, lines: list[str]
) -> None:
    """Make a docstring fit for a page that many share.

    Signatures that stand line by line are set apart; bars do not mean a substitution; and headings
    within the docstring of a module are no sections of the page.
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
    """Link the types of arguments to the classes that their module knows by these names.

    Sphinx would look for every word of a type everywhere: in ``[steps, worlds]`` it finds some
    attribute called ``steps``, and of two classes of one name it takes the first.
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
    """Have every docstring, and what became of it, read through this module."""
    app.connect("autodoc-process-docstring", _prepare, priority=400)
    app.connect("doctree-read", _settle_types)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
