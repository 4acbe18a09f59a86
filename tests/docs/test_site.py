"""The site builds without warnings, its links work, and it needs no network."""

from __future__ import annotations

import html.parser
import importlib
import os
import re
import subprocess
import sys
import urllib.parse
from pathlib import Path

from counterpoise.envs.engine.registration import game_names

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


class Page(html.parser.HTMLParser):
    """A page's links, the files that it loads, and its anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if "src" in found:
            self.loads.append(found["src"])
        if tag == "link" and "href" in found and found.get("rel") in ("stylesheet", "icon"):
            self.loads.append(found["href"])


def build(folder: Path) -> Path:
    """Build the site as `make docs` does, and return where its pages are."""
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html",
         "-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")],
        capture_output=True,
        text=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder / "html"


def broken_links(site: Path, pages: dict[Path, Page]) -> list[str]:
    """Return every link and loaded file whose target, or anchor, does not exist."""
    broken = []
    for path, page in pages.items():
        for link in [*page.links, *page.loads]:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            asked = urllib.parse.unquote(parts.path)
            target = (path.parent / asked).resolve() if asked else path
            anchor = urllib.parse.unquote(parts.fragment)
            is_there = target.is_file()
            if not is_there or (anchor and target in pages and anchor not in pages[target].anchors):
                broken.append(f"{path.relative_to(site)}: {link}")
    return broken


def fetched(site: Path, pages: dict[Path, Page]) -> list[str]:
    """Return what a browser would load from another host."""
    found = [
        f"{path.relative_to(site)}: {load}"
        for path, page in pages.items()
        for load in page.loads
        if urllib.parse.urlsplit(load).netloc
    ]
    outside = r"(?:@import|url\()\s*['\"]?(?:https?:)?//[^'\")]+"
    for sheet in site.rglob("*.css"):
        found += [
            f"{sheet.relative_to(site)}: {each}" for each in re.findall(outside, sheet.read_text())
        ]
    return found


# One test: what takes its time is building.
def test_the_site_builds_whole_without_a_warning_and_needs_no_network(tmp_path: Path) -> None:
    site = build(tmp_path)
    pages = {path: Page(path) for path in site.rglob("*.html")}
    assert broken_links(site, pages) == []
    assert fetched(site, pages) == []
    for name in game_names():
        assert (site / "games" / f"{name}.html") in pages
        assert (
            f"module-counterpoise.envs.games.{name}" in pages[site / "reference/games.html"].anchors
        )
    for source in DOCS.rglob("*.md"):
        assert (site / source.relative_to(DOCS)).with_suffix(".html") in pages, source


def test_a_broken_link_and_a_fetch_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "one.html").write_text(
        '<h1 id="top"></h1><a href="two.html#here"></a><a href="two.html#gone"></a>'
        '<a href="three.html"></a><a href="#top"></a><script src="https://example.org/a.js"></script>'
    )
    (tmp_path / "two.html").write_text('<p id="here"></p>')
    (tmp_path / "one.css").write_text("@font-face { src: url(https://example.org/font.woff2) }")
    pages = {path: Page(path) for path in tmp_path.glob("*.html")}
    assert broken_links(tmp_path, pages) == ["one.html: two.html#gone", "one.html: three.html"]
    assert len(fetched(tmp_path, pages)) == 2


def test_links_between_written_pages_lead_to_files() -> None:
    broken = []
    for page in DOCS.rglob("*.md"):
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", text):
            if not (page.parent / target).is_file():
                broken.append(f"{page.relative_to(DOCS)}: {target}")
    assert not broken, "\n".join(broken)


NAMED = re.compile(r"(?<![\w/.-])counterpoise(?:\.[A-Za-z_]\w*)+(?![\w-])")
FILED = re.compile(
    r"`((?:envs|theory|agents|training|evaluation|display|human|src|studies|benchmarks|tests|docs"
    r"|examples|notebooks)/[\w./-]+\.\w+)`"
)


def is_there(dotted: str) -> bool:
    """Return whether a dotted name is a module, or an attribute of one."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


def test_modules_and_files_that_pages_name_exist() -> None:
    pages = [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("*/README.md")]
    missing = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        missing += [f"{page.name}: {name}" for name in NAMED.findall(text) if not is_there(name)]
        # NAME stands for any game.
        missing += [
            f"{page.name}: {path}"
            for path in FILED.findall(text)
            if not any(ROOT.glob(path.replace("NAME", "*")))
        ]
    assert not missing, "\n".join(missing)
