"""While the site is built, pages get the parts that are generated from the code.

A page asks for it by a comment on a line of its own, such as ``<!-- generated: games -->``;
`PARTS` lists what there is. The page of a game needs no comment: see `game_pages`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import command_pages
import game_pages
import prediction_pages
import reference_pages
import yaml
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.matching import patfilter

from counterpoise.envs.engine.registration import game_names

ROOT = Path(__file__).resolve().parents[2]

OTHER_PAGES = "<!-- other pages -->"
ASKED = re.compile(r"^<!-- generated: (?P<part>[\w -]+) -->$", re.MULTILINE)


def citation() -> str:
    """Return the entry of ``CITATION.cff`` for a bibliography."""
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    authors = " and ".join(f"{{{author['name']}}}" for author in said["authors"])
    year = str(said["date-released"])[:4]
    lines = [
        "```bibtex",
        "@software{counterpoise,",
        f"  title   = {{{said['title']}}},",
        f"  author  = {{{authors}}},",
        f"  version = {{{said['version']}}},",
        f"  year    = {{{year}}},",
        "}",
        "```",
    ]
    return "\n".join([said["message"].replace("as below", "as follows"), "", *lines])


def examples() -> str:
    """Return the page of the examples without its title, if the checkout has it."""
    page = ROOT / "examples" / "README.md"
    if not page.is_file():
        return ""
    body = re.sub(r"\A# .*\n", "", page.read_text(encoding="utf-8"))
    return re.sub(r"\]\((?![a-z]+:|#|/)([^)]+)\)", r"](../examples/\1)", body)


PARTS: Mapping[str, Callable[[], str]] = {
    "games": game_pages.games,
    "scenarios": game_pages.scenarios,
    "trainings": game_pages.trainings,
    "metrics": prediction_pages.metrics,
    "predictions": prediction_pages.predictions,
    "commands": command_pages.commands,
    "citation": citation,
    "examples": examples,
    **reference_pages.PARTS,
}


def expanded(text: str) -> str:
    """Return a page with the parts that its comments ask for.

    Raises
    ------
    ExtensionError
        If a comment asks for an unknown part.
    """

    def part(asked: re.Match[str]) -> str:
        if asked["part"] not in PARTS:
            raise ExtensionError(f"No part {asked['part']!r}. Known: {', '.join(PARTS)}.")
        return PARTS[asked["part"]]()

    return ASKED.sub(part, text)


# -- tables of contents ----------------------------------------------------------------------------


def with_whole_contents(text: str, folder: str, pages: Iterable[str]) -> str:
    """Return an index whose tables of contents name every page and contain no empty pattern.

    Parameters
    ----------
    text : str
        The index. ``<!-- other pages -->`` is replaced by the pages that it does not name.
    folder : str
        Its folder, such as ``results/``.
    pages : iterable of str
        Every page of the site.
    """
    below = [page.removeprefix(folder) for page in pages if page.startswith(folder)]
    named: set[str] = {"index"}
    lines = []
    is_contents = False
    for line in text.splitlines():
        if line.startswith("```"):
            is_contents = line == "```{toctree}"
        elif is_contents and line and not line.startswith(":"):
            matched = patfilter(below, line)
            named |= set(matched)
            # A pattern may be for results that do not exist yet.
            if not matched and set(line) & set("*?["):
                continue
        lines.append(line)
    rooms = {page.removesuffix("/index") for page in below if page.endswith("/index")}
    others = sorted(
        page
        for page in set(below) - named
        if not any(page.startswith(f"{room}/") and page != f"{room}/index" for room in rooms)
    )
    more = ["```{toctree}", ":caption: More", "", *others, "```"] if others else []
    return "\n".join(lines).replace(OTHER_PAGES, "\n".join(more)) + "\n"


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    folder, _, name = docname.rpartition("/")
    if folder == "games" and name in game_names():
        source[0] = game_pages.game_page(source[0], name)
    elif app.env.doc2path(docname).suffix == ".md":
        source[0] = expanded(source[0])
    if name == "index":
        within = f"{folder}/" if folder else ""
        source[0] = with_whole_contents(source[0], within, app.env.found_docs)


def _outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Return every known page: what is generated changes with the code, not with the page."""
    return list(env.found_docs - added - changed)


def setup(app: Sphinx) -> dict[str, bool]:
    """Pass every page through this module."""
    app.connect("source-read", _read)
    app.connect("env-get-outdated", _outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
