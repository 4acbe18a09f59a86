"""Trained policies that come with the package play as their cards say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from counterpoise import agents
from counterpoise.agents import zoo
from counterpoise.agents.learned import DESCRIPTION, LearnedStrategy, load_profile
from counterpoise.agents.named import strategy
from counterpoise.envs.engine.errors import CounterpoiseError, UnknownNameError
from counterpoise.envs.engine.registration import game, game_names
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.evaluation.populations.payoffs import payoffs
from counterpoise.theory import regret

# Of the games without a known equilibrium.
POPULATIONS = [name for name in zoo.names() if not regret.is_solved(zoo.card(name)["game"])]
# Where exact best responses to a network take seconds rather than minutes.
JUDGED = ("burden_sharing", "deterrence", "guns_and_butter", "paradox_of_power", "pledge")


def test_there_is_one_for_every_solved_game_and_all_are_small() -> None:
    there = {name.partition("/")[0] for name in zoo.names()}
    assert {name for name in game_names() if regret.is_solved(name)} <= there <= set(game_names())
    files = [path for path in zoo.FOLDER.glob("*/*/*") if path.is_file()]
    assert {path.suffix for path in files} == {".safetensors", ".json"}, "nothing to unpickle"
    assert sum(path.stat().st_size for path in files) < 5 * 2**20


@pytest.mark.parametrize("name", zoo.names())
def test_it_plays_and_says_how_it_was_made(name: str) -> None:
    card = zoo.card(name)
    rules = game(card["game"])
    assert card["command"].startswith("counterpoise train ")
    profile = agents.load(name)
    parameters = load_profile(zoo.folder_of(name))[1]
    assert len(profile) == parameters.powers
    with Worlds(rules, 4, parameters) as worlds:
        worlds.reset(0)
        rng = np.random.default_rng(0)
        for power, who in enumerate(profile):
            chosen = who.act(worlds.observations[:, power], worlds.masks[:, power], rng)
            assert chosen.shape == (4, worlds.game.action_width)


@pytest.mark.parametrize("name", JUDGED)
def test_its_regret_is_the_one_on_its_card(name: str) -> None:
    parameters = game(name).parameters()
    profile = agents.load(f"{name}/equilibrium-learner")
    gains = regret.gains(name, parameters, profile)
    shares = regret.of_stakes(gains, regret.stakes(name, parameters))
    told = zoo.card(f"{name}/equilibrium-learner")["scores"]["regret"]
    assert shares == pytest.approx(told, abs=2e-4)


@pytest.mark.parametrize("name", POPULATIONS)
def test_a_population_is_paid_what_its_card_says(name: str) -> None:
    rules = game(zoo.card(name)["game"])
    parameters = load_profile(zoo.folder_of(name))[1]
    profile = agents.load(name)
    one = profile[0]
    assert isinstance(one, LearnedStrategy)
    description = json.loads((zoo.folder_of(name) / DESCRIPTION).read_text())
    assert one.is_random == description["mixed"], "it plays as it was learned"
    paid = payoffs(rules, parameters, profile, count=200, seed=77)[:, 0]
    error = paid.std() / np.sqrt(len(paid))
    told = zoo.card(name)["scores"]["payoff"]
    assert paid.mean() == pytest.approx(told, abs=4.0 * error)


def test_a_policy_of_a_superseded_version_says_what_replaced_it(tmp_path: Path) -> None:
    for path in zoo.folder_of("arms_race/equilibrium-learner").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    description = json.loads((tmp_path / DESCRIPTION).read_text())
    description |= {"game": "grand_strategy", "version": 0}
    (tmp_path / DESCRIPTION).write_text(json.dumps(description))
    with pytest.raises(CounterpoiseError, match=r"train it again\. grand_strategy v1 replaced"):
        load_profile(tmp_path)


def test_it_is_a_strategy_by_name() -> None:
    rules = game("arms_race")
    parameters = rules.parameters()
    assert isinstance(
        strategy("arms_race/equilibrium-learner", rules, parameters, 1), LearnedStrategy
    )
    with pytest.raises(CounterpoiseError, match="learned on arms_race"):
        strategy("arms_race/equilibrium-learner", game("pledge"), game("pledge").parameters(), 0)
    with pytest.raises(UnknownNameError, match="no trained policy 'arms_race/population-9'"):
        agents.load("arms_race/population-9")
