"""The code on the pages runs: all Python, and the commands that are quick."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from counterpoise.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

# Made by commands; and the full game's page, whose snippets tests/games run.
RESULTS, FULL_GAME = DOCS / "results", DOCS / "games" / "grand_strategy.md"
PAGES = sorted(
    page for page in DOCS.rglob("*.md") if RESULTS not in page.parents and page != FULL_GAME
)

# Commands that answer within a second or two.
QUICK = ("list", "describe", "solve")


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of code of one language on a page."""
    fences = rf"^```{language}\n(.*?)^```$"
    return re.findall(fences, page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def name_of(page: Path) -> str:
    return str(page.relative_to(DOCS).with_suffix(""))


def write_files(page: Path, folder: Path) -> None:
    """Write the TOML files that a page shows, each under the name in its first line."""
    for text in blocks(page, "toml"):
        named = re.match(r"# (\w+\.toml)\n", text)
        assert named, f"{name_of(page)}: which file is this?\n{text}"
        tomllib.loads(text)
        (folder / named[1]).write_text(text)


def commands(page: Path) -> list[list[str]]:
    """Return the words of every `counterpoise` command on a page."""
    lines = [line for block in blocks(page, "console") for line in block.splitlines()]
    words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
    return [line[1:] for line in words if line and Path(line[0]).name == "counterpoise"]


WITH_PYTHON = [page for page in PAGES if blocks(page, "python")]
COMMANDS = sorted({shlex.join(words): page for page in PAGES for words in commands(page)}.items())


def test_there_is_something_to_run() -> None:
    names = {name_of(page) for page in WITH_PYTHON}
    assert {"start", "concepts", "predictions"} <= names
    assert {f"recipes/{name}" for name in ("environments", "players", "learning")} <= names
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    write_files(page, tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "\n\n".join(blocks(page, "python"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, f"{name_of(page)}\n{done.stderr}"


@pytest.mark.parametrize(("line", "page"), COMMANDS, ids=[line for line, _ in COMMANDS])
def test_a_command_is_one_that_there_is(
    line: str, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, *arguments = shlex.split(line)
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert name in known, f"{name_of(page)}: counterpoise {line}"
    # Refuses unknown options, and values of the wrong kind.
    known[name].make_context(name, list(arguments))
    if name in QUICK:
        monkeypatch.chdir(tmp_path)
        write_files(page, tmp_path)
        done = CliRunner().invoke(app, [name, *arguments])
        assert done.exit_code == 0, f"{name_of(page)}: counterpoise {line}\n{done.exception}"
        assert done.output.strip()
