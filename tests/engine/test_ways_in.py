"""Every game, in every variant, passes the field's own suites through every way in."""

from __future__ import annotations

import functools
import importlib
import re
import types
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
import pytest
from gymnasium.utils.env_checker import data_equivalence as is_same
from pettingzoo.test import max_cycles_test
from pettingzoo.utils.conversions import parallel_to_aec

import counterpoise
from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
from counterpoise.envs.adapters.registries import gymnasium_id, pettingzoo_id
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.registration import ROWS, GameRow, add, row, why_superseded
from counterpoise.testing import CHECKS

WAYS_IN = (
    "parallel_api",
    "aec_api",
    "seeds",
    "whole_episodes_repeat",
    "max_cycles",
    "render_modes",
    "state",
    "python_numbers_and_copies",
    "pickled_environment",
    "gymnasium_and_sb3",
    "masks",
    "one_power_is_a_seat",
    "vector_rows",
)


@pytest.mark.parametrize("check", WAYS_IN)
def test_ways_in(case: Any, check: str) -> None:
    CHECKS[check](case)


# -- PettingZoo ----------------------------------------------------------------------------------


class Idle(CounterpoiseParallel):
    """Offers the null action only."""

    def action_space(self, agent: str) -> gymnasium.Space[Any]:
        return gymnasium.spaces.Discrete(1)


def test_max_cycles(case: Any) -> None:
    settings = dict(case.changes)
    # Nothing but the limit may end the world.
    if "random_ending" in case.game.parameters.declarations:
        settings["random_ending"] = 0.0
    for length in ("horizon", "years"):
        if length in case.game.parameters.declarations:
            settings[length] = 100
    kind = CounterpoiseParallel
    if "levels" in case.game.parameters.declarations:
        # What the powers do may end this game: here they do nothing.
        settings |= {"levels": 8, "start_level": 0}
        kind = Idle
    made = functools.partial(kind, case.game, parameters=settings)
    module = types.SimpleNamespace(
        parallel_env=made, env=lambda **limits: parallel_to_aec(made(**limits))
    )
    max_cycles_test(module)


def test_pettingzoo_registry_and_versioned_modules(game_name: str) -> None:
    versioned = f"{game_name}_v{row(game_name).version}"
    for kind in ("parallel", "aec"):
        env = pettingzoo.make(kind, pettingzoo_id(game_name), max_cycles=3)
        env.reset(seed=0)
        assert env.metadata["name"] == versioned
    module = getattr(__import__(f"counterpoise.envs.{versioned}").envs, versioned)
    assert module.__doc__
    assert isinstance(module.parallel_env(max_cycles=2), CounterpoiseParallel)
    assert module.env().possible_agents == module.parallel_env().possible_agents
    assert module.raw_env is not None
    assert counterpoise.__version__


def test_every_form_of_import_gives_the_same_versioned_module() -> None:
    from counterpoise.envs import burden_sharing_v0

    assert importlib.import_module("counterpoise.envs.burden_sharing_v0") is burden_sharing_v0
    assert counterpoise.envs.burden_sharing_v0 is burden_sharing_v0
    with pytest.raises(ImportError, match="import burden_sharing_v0"):
        importlib.import_module("counterpoise.envs.burden_sharing_v7")
    with pytest.raises(ImportError, match="import burden_sharing_v0"):
        from counterpoise.envs import burden_sharing_v7  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match="chess_v0"):
        importlib.import_module("counterpoise.envs.chess_v0")
    with pytest.raises(ImportError, match="chess"):
        from counterpoise.envs import chess  # noqa: F401


# Gymnasium warns that there is a newer version.
@pytest.mark.filterwarnings("ignore:.*out of date")
def test_a_superseded_version_says_what_replaced_it_and_why() -> None:
    """Every way to ask for an earlier version is answered, for every game that has one."""
    earlier = [(each, version) for each in ROWS.values() for version in range(each.version)]
    assert earlier, "grand_strategy has an earlier version"
    for each, version in earlier:
        why = re.escape(why_superseded(each.name, version))
        assert "replaced" in why, f"say in the row of {each.name} why v{version} was replaced"
        with pytest.raises(ImportError, match=why):
            importlib.import_module(f"counterpoise.envs.{each.name}_v{version}")
        for kind in ("parallel", "aec"):
            with pytest.raises(CounterpoiseError, match=why):
                pettingzoo.make(kind, pettingzoo_id(each.name, version))
        with pytest.raises(CounterpoiseError, match=why):
            gymnasium.make(gymnasium_id(each.name, version), power=0)


def test_reasons_are_as_many_as_earlier_versions() -> None:
    short = GameRow(name="short_of_reasons", version=2, superseded=("of a fault",), rules="a:B")
    with pytest.raises(CounterpoiseError, match="2 earlier versions and gives 1"):
        add(short)
    assert "short_of_reasons" not in ROWS


def test_options_hold_for_one_episode() -> None:
    env = CounterpoiseParallel("burden_sharing")
    space = env.action_space("power_0")
    plain, _ = env.reset(seed=0)
    changed, _ = env.reset(
        options={"parameters": {"gdp": (50.0, 1.0, 1.0, 1.0), "fiscal_cap": 0.5}, "other": 1}
    )
    assert changed["power_0"][0] == np.float32(np.log(50.0))
    assert env.action_space("power_0").high == np.float32(0.5)
    back, _ = env.reset()
    assert is_same(plain, back)
    assert env.action_space("power_0") is space


def test_scenarios_by_name_with_their_names_on_the_picture() -> None:
    env = CounterpoiseParallel("burden_sharing", scenario="nato_2024", render_mode="ansi")
    env.reset(seed=0)
    assert env.num_powers == 31
    assert "United States" in env.render()


# -- Gymnasium -----------------------------------------------------------------------------------


def test_make_vec_and_pictures_of_every_world() -> None:
    envs = gymnasium.make_vec("counterpoise/BurdenSharing-v0", num_envs=8, render_mode="ansi")
    observations, _ = envs.reset(seed=0)
    assert observations.shape == envs.observation_space.shape
    pictures = envs.render()
    assert len(pictures) == 8
    assert all("power_0" in picture for picture in pictures)
    envs.close()
