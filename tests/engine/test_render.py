"""Worlds as text and as pictures, for every game."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
from counterpoise.envs.adapters.render import draw, render_ansi, render_rgb
from counterpoise.envs.engine.errors import UnknownNameError
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.worlds import Worlds


def reset_world(name: str, changes: Any = None) -> tuple[Any, Any, Any]:
    worlds = Worlds(name, 1, changes)
    worlds.reset(0)
    return worlds.game, worlds.records[0], worlds.parameters[0]


def test_the_table_names_every_power_and_every_account(case: Any) -> None:
    rules, record, parameters = reset_world(case.name, case.changes)
    text = render_ansi(rules, record, parameters)
    lines = text.splitlines()
    assert lines[0].startswith(case.name.replace("_", " ") + " · year 0")
    for agent in rules.agent_names(parameters.powers):
        assert any(line.startswith(agent) for line in lines)
    for account in rules.accounts:
        assert account.kind in lines[1]
        assert account.label in lines[2]
    phases = rules.phases_with(parameters)
    assert lines[0].endswith(f" · {phases[0]}") == (len(phases) > 1)


def test_the_table_is_aligned_and_says_who_is_allied() -> None:
    rules, record, parameters = reset_world("burden_sharing", {"gdp": (123.5, 0.5)})
    lines = render_ansi(rules, record, parameters, ["Rome", "a longer name"]).splitlines()
    assert len(set(map(len, lines[1:4:2]))) == 1
    assert lines[5].split()[-1] == "123.5"
    assert lines[6].split()[-1] == "0.5"
    assert len(lines[5]) == len(lines[6])
    assert lines[-1] == "allied: Rome - a longer name"
    lonely = render_ansi(*reset_world("arms_or_allies"))
    assert lonely.endswith("allied: nobody")


@pytest.mark.parametrize("powers", [2, 4, 31])
def test_pictures_have_their_size_and_show_the_figures(powers: int) -> None:
    figures = {"gdp": tuple(np.linspace(100.0, 1.0, powers)), "growth": 0.0}
    rules, record, parameters = reset_world("burden_sharing", figures)
    empty = render_rgb(rules, record, parameters)
    assert empty.shape == (480, 640, 3)
    assert empty.dtype == np.uint8
    record["share"][:powers] = 0.05
    spent = render_rgb(rules, record, parameters)
    assert (empty != spent).any()
    assert np.array_equal(spent, render_rgb(rules, record, parameters))
    grey = spent.mean(axis=2)
    assert grey.max() - grey.min() > 200, "ink on paper"
    for edge in (spent[:4], spent[-4:], spent[:, -4:]):
        assert (edge >= 240).all(), "nothing runs off the paper"


def test_human_prints_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    env = CounterpoiseParallel("arms_or_allies", render_mode="human")
    env.reset(seed=0)
    env.step({"power_0": 0, "power_1": 0})
    printed = capsys.readouterr().out
    assert "year 0 · plan" in printed
    assert "year 0 · challenge" in printed


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="rgb_array"):
        draw("rgb_aray", game("burden_sharing"), None, None)


@pytest.mark.parametrize(
    ("name", "hidden"),
    [("burden_sharing", "matplotlib"), ("burden_sharing", "polars"),
     ("grand_strategy", "matplotlib")],
)  # fmt: skip
def test_without_matplotlib_a_picture_names_the_extra_and_the_text_still_shows(
    name: str, hidden: str
) -> None:
    code = f"""
import sys
sys.modules["{hidden}"] = None
from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
from counterpoise.envs.engine.errors import CounterpoiseError
env = CounterpoiseParallel("{name}", render_mode="ansi")
env.reset(seed=0)
assert "year 0" in env.render()
env = CounterpoiseParallel("{name}", render_mode="rgb_array")
env.reset(seed=0)
try:
    env.render()
except CounterpoiseError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"needs {hidden}" in told.stdout
    assert 'pip install "counterpoise[display]"' in told.stdout


def test_importing_every_way_in_loads_no_matplotlib() -> None:
    code = (
        "import sys, counterpoise.envs.adapters.pettingzoo, counterpoise.envs.adapters.vector; "
        "print('matplotlib' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
