"""The page of the full game says what the code does: names, defaults, levels, snippets."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from counterpoise.agents.doctrines.grand_strategy import DOCTRINES
from counterpoise.envs.engine.parameters import Declaration
from counterpoise.envs.games.grand_strategy import GAME, Parameters
from counterpoise.envs.grand_strategy.world import BUDGET

PAGE = (Path(__file__).resolve().parents[2] / "docs/games/grand_strategy.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def shown(declaration: Declaration) -> str:
    value = declaration.default[0] if declaration.per_power else declaration.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}"


@pytest.mark.parametrize("name", Parameters.declarations)
def test_every_parameter_has_its_row(name: str) -> None:
    declared = Parameters.declarations[name]
    start = f"| `{name}` | {shown(declared)} | {declared.low:g} to {declared.high:g} |"
    assert start in PAGE
    assert declared.doc.rstrip(".") in PAGE


def test_every_feature_doctrine_and_budget_line_is_named() -> None:
    for feature in GAME.features:
        assert f"| `{feature.name}`" in PAGE, feature.name
    for name in DOCTRINES:
        assert f"| `{name}`" in PAGE, name
    for line in BUDGET:
        levels = ", ".join(f"{100 * level:g}" for level in line.levels)
        assert f"| `{line.name}` | {levels} % | {line.doc} |" in PAGE


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_snippets_run(snippet: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", snippet],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
