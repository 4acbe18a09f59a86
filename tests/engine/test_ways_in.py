"""Every game, in every variant, passes the field's own suites through every way in."""

from __future__ import annotations

import copy
import functools
import pickle
import types
import warnings
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
from gymnasium.utils.env_checker import check_env
from gymnasium.utils.env_checker import data_equivalence as is_same
from pettingzoo.test import (
    api_test,
    max_cycles_test,
    parallel_api_test,
    parallel_seed_test,
    render_test,
    seed_test,
)
from pettingzoo.test.state_test import state_test
from pettingzoo.utils.conversions import parallel_to_aec

import counterpoise
from counterpoise.envs.adapters.gymnasium import OnePower
from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
from counterpoise.envs.adapters.registries import gymnasium_id, pettingzoo_id
from counterpoise.envs.adapters.vector import OnePowerVector
from counterpoise.envs.engine.strategy import Strategy

CYCLES = 40


class Middling(Strategy):
    """Answers what it sees in a way that varies but is not random."""

    name = "middling"

    def __init__(self, case: Any, power: int) -> None:
        parameters = case.parameters
        low, high = case.game.action_bounds(np.array([parameters.to_record()]), parameters.powers)
        self._low, self._high = low[0, power], high[0, power]
        self._is_discrete = case.game.is_discrete

    def act(self, observations: Any, masks: Any, rng: Any) -> Any:
        share = np.abs(np.sin(observations.sum(axis=1, dtype=np.float64)))[:, None]
        actions = self._low + share * (self._high - self._low)
        return np.rint(actions).astype(np.int64) if self._is_discrete else actions


def parallel(case: Any, **settings: Any) -> CounterpoiseParallel:
    return CounterpoiseParallel(case.game, parameters=case.changes, **settings)


def aec(case: Any, **settings: Any) -> Any:
    return parallel_to_aec(parallel(case, **settings))


def sampled(env: CounterpoiseParallel, infos: dict[str, Any]) -> dict[str, Any]:
    return {
        agent: env.action_space(agent).sample(infos[agent].get("action_mask"))
        for agent in env.agents
    }


def as_tuple(info: dict[str, Any]) -> tuple[Any, ...]:
    mask = info["action_mask"]
    return mask if isinstance(mask, tuple) else (mask,)


def seeded(env: CounterpoiseParallel, seed: int = 0) -> CounterpoiseParallel:
    for power, agent in enumerate(env.possible_agents):
        env.action_space(agent).seed(seed + power)
    return env


# -- PettingZoo ----------------------------------------------------------------------------------


def observation_kinds(case: Any) -> list[str]:
    return ["flat", "dict"] if case.game.is_discrete else ["flat"]


def test_parallel_api_without_a_warning(case: Any) -> None:
    for kind in observation_kinds(case):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parallel_api_test(parallel(case, observation=kind), num_cycles=CYCLES)


def test_aec_api(case: Any) -> None:
    for kind in observation_kinds(case):
        with warnings.catch_warnings():
            # The suite advises against dicts, which were asked for.
            warnings.simplefilter("error" if kind == "flat" else "ignore")
            warnings.filterwarnings("ignore", message="Observation numpy array is all zeros")
            # It knows of one choice an agent.
            warnings.filterwarnings("ignore", message="Action space for each agent probably")
            api_test(aec(case, observation=kind), num_cycles=CYCLES)


def test_seeds(case: Any) -> None:
    parallel_seed_test(functools.partial(parallel, case), num_cycles=CYCLES)
    seed_test(functools.partial(aec, case), num_cycles=CYCLES)


def test_whole_episodes_repeat_with_their_seed(case: Any) -> None:
    first, second = seeded(parallel(case, max_cycles=60)), seeded(parallel(case, max_cycles=60))
    for episode, seed in enumerate((5, None, None)):
        seen, infos = first.reset(seed=seed)
        again, infos_again = second.reset(seed=seed)
        assert is_same(seen, again)
        years = 0
        while first.agents:
            actions = sampled(first, infos)
            assert is_same(actions, sampled(second, infos_again))
            seen, rewards, ended, cut, infos = first.step(actions)
            again, *others, infos_again = second.step(actions)
            assert is_same(seen, again)
            assert [rewards, ended, cut] == others
            assert is_same(infos, infos_again)
            assert first.agents == second.agents
            years += 1
        assert years > 0, episode


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


def test_render_modes(case: Any) -> None:
    render_test(functools.partial(aec, case))


def test_state(case: Any) -> None:
    state_test(aec(case), parallel(case), num_cycles=3)


def test_pettingzoo_registry_and_versioned_modules(game_name: str) -> None:
    for kind in ("parallel", "aec"):
        env = pettingzoo.make(kind, pettingzoo_id(game_name), max_cycles=3)
        env.reset(seed=0)
        assert env.metadata["name"] == f"{game_name}_v0"
    module = getattr(__import__(f"counterpoise.envs.{game_name}_v0").envs, f"{game_name}_v0")
    assert module.__doc__
    assert isinstance(module.parallel_env(max_cycles=2), CounterpoiseParallel)
    assert module.env().possible_agents == module.parallel_env().possible_agents
    assert module.raw_env is not None
    assert counterpoise.__version__


def test_data_are_python_numbers_and_copies(case: Any) -> None:
    env = seeded(parallel(case))
    seen, infos = env.reset(seed=1)
    before = copy.deepcopy(seen)
    after, rewards, terminations, truncations, later = env.step(sampled(env, infos))
    assert is_same(seen, before), "an earlier observation was overwritten"
    for agent in env.possible_agents:
        assert after[agent].dtype == np.float32
        assert type(rewards[agent]) is float
        assert type(terminations[agent]) is bool
        assert type(truncations[agent]) is bool
        assert env.observation_space(agent).contains(after[agent])
        if case.game.is_discrete:
            counts = [len(part.options) for part in case.game.role(0).actions]
            if len(case.game.roles) > 1:
                counts = [env.action_space(agent).n]
            now, then = as_tuple(infos[agent]), as_tuple(later[agent])
            assert [len(mask) for mask in now] == counts
            for one, next_one in zip(now, then, strict=True):
                assert not np.shares_memory(one, next_one) or not one.flags.writeable


def test_state_is_what_all_see_together(case: Any) -> None:
    env = parallel(case)
    seen, _ = env.reset(seed=3)
    assert env.state_space.contains(env.state())
    assert np.array_equal(env.state(), np.concatenate(list(seen.values())))
    assert len(env.observation_names) == len(seen["power_0"])


def test_a_pickled_environment_goes_on_where_it_was(case: Any) -> None:
    env = seeded(parallel(case))
    _, infos = env.reset(seed=4)
    env.step(sampled(env, infos))
    twins = [pickle.loads(pickle.dumps(env)), copy.deepcopy(env)]
    actions = {agent: env.action_space(agent).sample() for agent in env.agents}
    expected = env.step(actions)
    for twin in twins:
        assert all(map(is_same, expected, twin.step(actions)))


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


# -- Gymnasium and Stable-Baselines3 -------------------------------------------------------------


def test_gymnasium_and_sb3_checkers_for_every_power(case: Any) -> None:
    from stable_baselines3.common.env_checker import check_env as sb3_check_env

    powers = case.parameters.powers
    for power in range(powers):
        settings = dict(power=power, others="random", max_cycles=20, parameters=case.changes)
        env = gymnasium.make(gymnasium_id(case.name), render_mode="ansi", **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Both suites advise amounts from -1 to 1; these are in the game's own units.
            warnings.filterwarnings("ignore", message=".*symmetric and normalized")
            warnings.filterwarnings("ignore", message=".*normalized Box")
            check_env(env.unwrapped, skip_render_check=power > 0)
            sb3_check_env(OnePower(case.game, **settings))


def test_masks_for_maskable_learners(case: Any) -> None:
    env = OnePower(case.game, power=case.parameters.powers - 1, parameters=case.changes)
    _, info = env.reset(seed=0)
    if case.game.is_discrete:
        assert env.action_masks().dtype == np.bool_
        flat = np.concatenate(as_tuple(info))
        assert np.array_equal(env.action_masks(), flat.astype(bool))
        assert env.action_masks()[0], "the null action is always open"
    else:
        assert info == {}


def test_one_power_is_a_seat_of_the_parallel_environment(case: Any) -> None:
    powers = case.parameters.powers
    profile = [Middling(case, power) for power in range(powers)]
    seat = powers - 1
    one = OnePower(case.game, power=seat, others=profile, parameters=case.changes, max_cycles=12)
    all_of_them = parallel(case, max_cycles=12)
    mine, _ = one.reset(seed=9)
    seen, _ = all_of_them.reset(seed=9)
    one.action_space.seed(2)
    ended = False
    no_masks = np.zeros((1, 0), np.int8)
    while not ended:
        assert np.array_equal(mine, seen[f"power_{seat}"])
        action = one.action_space.sample()
        actions = {}
        for power, strategy in enumerate(profile):
            chosen = strategy.act(seen[f"power_{power}"][None], no_masks, None)[0]
            is_number = case.game.is_discrete and len(chosen) == 1
            actions[f"power_{power}"] = chosen[0] if is_number else chosen
        actions[f"power_{seat}"] = action
        mine, reward, terminated, truncated, _ = one.step(action)
        seen, rewards, terminations, truncations, _ = all_of_them.step(actions)
        assert reward == rewards[f"power_{seat}"]
        assert terminated == terminations["power_0"]
        assert truncated == truncations["power_0"]
        ended = terminated or truncated


def test_vector_rows_equal_gymnasiums_own_vector_environment(case: Any) -> None:
    powers, count = case.parameters.powers, 3
    profile = [Middling(case, power) for power in range(powers)]
    for power in {0, powers - 1}:
        settings = dict(power=power, others=profile, max_cycles=7, parameters=case.changes)
        ours = gymnasium.make_vec(gymnasium_id(case.name), num_envs=count, **settings)
        theirs = gymnasium.vector.SyncVectorEnv(
            [lambda settings=settings: OnePower(case.game, **settings)] * count,
            autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP,
        )
        assert isinstance(ours, OnePowerVector)
        assert ours.metadata["autoreset_mode"] is gymnasium.vector.AutoresetMode.SAME_STEP
        assert ours.single_observation_space == theirs.single_observation_space
        assert ours.observation_space == theirs.observation_space
        assert ours.action_space == theirs.action_space
        for seed in (11, [4, 2, 4], None):
            assert is_same(ours.reset(seed=seed), theirs.reset(seed=seed))
            ours.action_space.seed(1)
            endings = 0
            for _ in range(16):
                actions = ours.action_space.sample()
                step = ours.step(actions)
                expected = theirs.step(actions)
                for own, other in zip(step, expected, strict=True):
                    assert_same(own, other)
                endings += int((step[2] | step[3]).sum())
            assert endings >= count
        chosen = {"reset_mask": np.array([True, False, True])}
        assert_same(ours.reset(options=dict(chosen))[0], theirs.reset(options=dict(chosen))[0])


def assert_same(own: Any, other: Any) -> None:
    if isinstance(other, dict):
        assert own.keys() == other.keys()
        for key in other:
            assert_same(own[key], other[key])
    elif other.dtype == object:
        assert all(map(is_same, own, other))
    else:
        assert own.dtype == other.dtype
        assert np.array_equal(own, other)


def test_make_vec_and_pictures_of_every_world() -> None:
    envs = gymnasium.make_vec("counterpoise/BurdenSharing-v0", num_envs=8, render_mode="ansi")
    observations, _ = envs.reset(seed=0)
    assert observations.shape == envs.observation_space.shape
    pictures = envs.render()
    assert len(pictures) == 8
    assert all("power_0" in picture for picture in pictures)
    envs.close()
