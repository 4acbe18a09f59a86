"""A game from outside the package: two roles of several choices, through every way in."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.utils.env_checker import data_equivalence as is_same

from counterpoise.envs.adapters.gymnasium import OnePower
from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
from counterpoise.envs.adapters.render import alliance_groups, render_ansi, render_rgb
from counterpoise.envs.adapters.vector import OnePowerVector
from counterpoise.envs.engine.compilation import is_compiled, rule
from counterpoise.envs.engine.errors import ActionError
from counterpoise.envs.engine.game import Account, Choice, Feature, Game, Role
from counterpoise.envs.engine.parameters import ParametersBase, parameter, parameters
from counterpoise.envs.engine.randomness import uniform
from counterpoise.envs.engine.registration import game, game_names, row
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.world import PerPower, WorldRecord, world_dtype
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.testing import CHECKS, Case, ConformanceError, check_game

# These make the game by name or send it to another process, so that it has to be registered.
NAMED = (
    "registries",
    "gymnasium_and_sb3",
    "vector_rows",
    "pickled_environment",
    "copied_worlds",
)


@parameters
class Parameters(ParametersBase):
    """Parameters of the game."""

    powers: int = parameter(3, 3, 3, doc="Powers.")
    noise: float = parameter(0.5, 0.0, 1.0, doc="Noise.")


class World(WorldRecord):
    stock: PerPower


@rule
def start(world: Any, parameters: Any) -> None:
    world.stock[0] = uniform(world)


@rule
def step(world: Any, parameters: Any, actions: Any, rewards: Any) -> bool:
    for power in range(world.powers):
        asked = actions[power, 0]
        if asked == 2 and world.year % 2 == 1:
            asked = 0
        world.stock[power] = 0.5 * world.stock[power] + 0.1 * asked + 0.01 * actions[power, 1]
        world.stock[power] += 0.1 * parameters.noise * uniform(world)
        rewards[power] = -world.stock[power]
    world.year += 1
    return False


@rule
def step_nowhere(world: Any, parameters: Any, actions: Any, rewards: Any) -> bool:
    return True


@rule
def observe(world: Any, parameters: Any, observations: Any) -> None:
    for power in range(world.powers):
        observations[power, 0] = 0.1 + world.stock[power]
        observations[power, 1] = world.year % 2


@rule
def allow(world: Any, parameters: Any, masks: Any) -> None:
    if world.year % 2 == 1:
        for power in range(world.powers):
            masks[power, 2] = 0


ARM = Choice("arm", ("nothing", "little", "much"))
SPEAK = Choice("speak", ("nothing", "softly", "aloud", "often"))

GAME = Game(
    name="own_game",
    title="A test",
    source="ours",
    parameters=Parameters,
    world=world_dtype(World, 32),
    roles=(Role("great", (ARM, SPEAK)), Role("small", (ARM,))),
    features=(Feature("stock", 0.0, 2.0), Feature("season", 0.0, 1.0)),
    start=start,
    step=step,
    observe=observe,
    allow=allow,
    discount=lambda parameters: 0.9,
    default_max_cycles=9,
    accounts=(Account("stock", "owes", "stock"),),
    alliances=lambda world, parameters: [("power_0", "power_1"), ("power_1", "a city")],
)


class Loud(Strategy):
    """Takes the last open option of each choice."""

    def act(self, observations: Any, masks: Any, rng: Any) -> Any:
        last = [
            masks.shape[1] and (masks[:, part] * np.arange(part.stop - part.start)).argmax(axis=1)
            for part in (slice(0, 3), slice(3, 7))
        ]
        return np.stack(last, axis=1)


UNREGISTERED = [name for name in CHECKS if name not in NAMED]


@pytest.mark.parametrize("check", UNREGISTERED)
def test_it_passes_the_suites(check: str) -> None:
    CHECKS[check](Case(GAME))


def test_others_play_any_strategy() -> None:
    for power in range(3):
        check_env(OnePower(GAME, power=power, others=Loud()), skip_render_check=True)


def test_a_game_that_breaks_a_promise_is_named_with_it() -> None:
    import dataclasses

    wrong = dataclasses.replace(GAME, features=(Feature("stock", 0.0, 0.1), GAME.features[1]))
    with pytest.raises(ConformanceError, match=r"own_game fails 1 checks:\s+legal_play.*: stock"):
        check_game(wrong, checks=["legal_play", "restored_batch"])


def test_masks_are_each_powers_own_part_of_the_union() -> None:
    env = CounterpoiseParallel(GAME, observation="dict")
    _, infos = env.reset(seed=0)
    assert [len(part) for part in infos["power_0"]["action_mask"]] == [3, 4]
    assert infos["power_1"]["action_mask"].shape == (3,)
    seen, *_, infos = env.step({"power_0": np.array([2, 3]), "power_1": 1, "power_2": 0})
    assert infos["power_0"]["action_mask"][0].tolist() == [1, 1, 0]
    assert [mask.tolist() for mask in seen["power_0"]["action_mask"]] == [[1, 1, 0], [1, 1, 1, 1]]
    assert env.action_masks("power_0").tolist() == [True, True, False, True, True, True, True]
    assert env.action_masks("power_1").tolist() == [True, True, False]
    assert env.observation_space("power_0").contains(seen["power_0"])
    worlds = Worlds(GAME, 2)
    worlds.reset(0)
    assert worlds.masks[0].tolist() == [[1] * 7, [1] * 3 + [1, 0, 0, 0], [1] * 3 + [1, 0, 0, 0]]


def test_several_choices_are_an_array_of_whole_numbers() -> None:
    env = CounterpoiseParallel(GAME)
    env.reset(seed=0)
    others = {"power_1": 0, "power_2": 0}
    for action in ([0, 0], np.array([2, 3], np.int8), (1, 1)):
        env.step({"power_0": action, **others})
    for wrong in (1, np.array([0.0, 1.0]), [0, 1, 2], [0, None]):
        with pytest.raises(ActionError, match=r"array of whole numbers of shape \(2,\)"):
            env.step({"power_0": wrong, **others})
    with pytest.raises(ActionError, match=r"power_0's 'speak' is 4; expected .* from 0 to 3"):
        env.step({"power_0": [0, 4], **others})


def test_vector_rows_equal_single_worlds() -> None:
    import gymnasium

    for power in (0, 2):
        ours = OnePowerVector(GAME, 3, power=power, others=Loud())
        theirs = gymnasium.vector.SyncVectorEnv(
            [lambda power=power: OnePower(GAME, power=power, others=Loud())] * 3,
            autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP,
        )
        assert is_same(ours.reset(seed=3)[0], theirs.reset(seed=3)[0])
        ours.action_space.seed(0)
        for _ in range(12):
            actions = ours.action_space.sample()
            own, other = ours.step(actions), theirs.step(actions)
            assert all(map(np.array_equal, own[:4], other[:4]))
            assert own[4].keys() == other[4].keys()
            for mask, expected in zip(own[4]["action_mask"], other[4]["action_mask"], strict=True):
                assert is_same(mask, expected)
        assert ours.action_masks().shape == (3, 7 if power == 0 else 3)


def test_the_version_is_the_registry_s() -> None:
    assert GAME.version == 0
    assert all(game(name).version == row(name).version for name in game_names())


def test_games_that_share_a_name_do_not_share_their_rules() -> None:
    import dataclasses

    still = dataclasses.replace(GAME, step=step_nowhere)
    for rules, over in ((GAME, False), (still, True), (GAME, False)):
        worlds = Worlds(rules, 1, autoreset=False)
        worlds.reset(0)
        worlds.step(np.zeros((1, 3, 2), int))
        assert worlds.terminated[0] == over


@pytest.mark.skipif(not is_compiled(), reason="nothing is compiled")
def test_code_of_rules_from_outside_is_not_kept() -> None:
    """What they depend on is not known, so a kept loop could be stale."""
    worlds = Worlds(GAME, 1)
    worlds.reset(0)
    driver = GAME.driver
    assert driver.begin_worlds.stats.cache_path is None
    assert not driver.__name__.startswith("counterpoise.")
    assert driver.__name__ not in sys.modules


def test_an_ally_that_is_no_power_has_its_place_in_the_picture() -> None:
    worlds = Worlds(GAME, 1)
    worlds.reset(0)
    names = ["Rome", "Epirus", "Carthage"]
    groups = alliance_groups(GAME, worlds.records[0], worlds.parameters[0], names)
    assert groups == [["Rome", "Epirus"], ["Epirus", "a city"]]
    text = render_ansi(GAME, worlds.records[0], worlds.parameters[0], names)
    assert "allied: Epirus - a city" in text
    assert render_rgb(GAME, worlds.records[0], worlds.parameters[0], names).shape == (480, 640, 3)
