"""Many worlds are so many single worlds: seeds, threads, snapshots, parameters, masks."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
from counterpoise.envs.engine.errors import LifecycleError, ParameterError
from counterpoise.envs.engine.registration import game, game_names
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import CHUNK, Worlds

SEEDS = st.integers(0, 2**63)
GAMES = st.sampled_from(game_names())


def random_actions(worlds: Worlds, rng: np.random.Generator) -> Any:
    """Return legal actions, closed choices among them."""
    low, high = worlds.action_low, worlds.action_high
    shape = (worlds.count, worlds.powers, worlds.game.action_width)
    if worlds.game.is_discrete:
        return rng.integers(np.broadcast_to(low, shape), np.broadcast_to(high, shape) + 1)
    draws = rng.random(shape)
    # Equilibria lie at the bounds: play these often.
    draws[rng.random(shape) < 0.2] = 0.0
    draws[rng.random(shape) < 0.2] = 1.0
    return low + draws * (high - low)


def trajectory(worlds: Worlds, steps: int, rng: np.random.Generator) -> list[Any]:
    """Return everything that is to be seen of some random steps."""
    seen = []
    for _ in range(steps):
        worlds.step(random_actions(worlds, rng))
        seen.append(
            [
                each.copy()
                for each in (
                    worlds.records,
                    worlds.observations,
                    worlds.rewards,
                    worlds.terminated,
                    worlds.truncated,
                    worlds.masks,
                )
            ]
        )
    return seen


def assert_identical(first: Any, second: Any) -> None:
    for step, again in zip(first, second, strict=True):
        for one, other in zip(step, again, strict=True):
            assert one.tobytes() == other.tobytes()


@settings(max_examples=12)
@given(name=GAMES, seed=SEEDS)
def test_world_k_of_a_batch_is_the_single_environment_with_seed_plus_k(
    name: str, seed: int
) -> None:
    count = 3
    batch = Worlds(name, count, autoreset=False, max_cycles=9)
    single = CounterpoiseParallel(name, max_cycles=9)
    rng = np.random.default_rng(seed)
    actions = [random_actions(batch, rng) for _ in range(9)]
    for k in range(count):
        batch.reset(seed)
        seen, _ = single.reset(seed=seed + k)
        for each in actions:
            for power, agent in enumerate(single.possible_agents):
                assert batch.observations[k, power].tobytes() == seen[agent].tobytes()
            batch.step(each)
            if not single.agents:
                assert not batch.rewards[k].any(), "a world that has ended rests at zero reward"
                continue
            own = each[k, :, 0] if batch.game.is_discrete and each.shape[2] == 1 else each[k]
            seen, rewards, ended, cut, _ = single.step(
                {agent: own[p] for p, agent in enumerate(single.agents)}
            )
            assert list(rewards.values()) == batch.rewards[k].tolist()
            assert (ended["power_0"], cut["power_0"]) == (batch.terminated[k], batch.truncated[k])
        assert single.record.tobytes() == batch.records[k].tobytes()


def test_threads_do_not_change_a_bit(game_name: str) -> None:
    count = CHUNK + 77
    seen = []
    for threads in (1, 2):
        with Worlds(game_name, count, max_cycles=5, threads=threads) as worlds:
            worlds.threads = threads
            worlds.reset(8)
            seen.append(trajectory(worlds, 7, np.random.default_rng(0)))
    assert_identical(*seen)
    single = Worlds(game_name, 1, max_cycles=5)
    single.reset(8 + CHUNK + 3)
    rng = np.random.default_rng(0)
    for step in seen[0]:
        actions = random_actions(worlds, rng)
        single.step(actions[CHUNK + 3][None])
        assert single.records[0].tobytes() == step[0][CHUNK + 3].tobytes()


def test_a_world_that_ends_begins_anew_as_a_reset_would_begin_it(case: Any) -> None:
    anew = Worlds(case.game, 4, case.changes, max_cycles=6)
    stopping = Worlds(case.game, 4, case.changes, max_cycles=6, autoreset=False)
    anew.reset(3)
    stopping.reset(3)
    rng = np.random.default_rng(1)
    for _ in range(20):
        actions = random_actions(anew, rng)
        anew.step(actions)
        stopping.step(actions)
        ended = stopping.terminated | stopping.truncated
        assert np.array_equal(anew.terminated, stopping.terminated)
        assert np.array_equal(anew.truncated, stopping.truncated)
        assert np.array_equal(anew.rewards, stopping.rewards)
        last = stopping.observations[ended].copy()
        assert np.array_equal(anew.final_observations[ended], last)
        if ended.any():
            stopping.reset(worlds=np.flatnonzero(ended))
        assert anew.records.tobytes() == stopping.records.tobytes()
        assert np.array_equal(anew.observations, stopping.observations)
        assert np.array_equal(anew.masks, stopping.masks)


def test_a_game_that_ends_by_itself_terminates_and_the_limit_truncates() -> None:
    ending = Worlds("burden_sharing", 2, {"horizon": 3}, autoreset=False)
    cut = Worlds("burden_sharing", 2, {"horizon": 3}, autoreset=False, max_cycles=2)
    for worlds, steps in ((ending, 3), (cut, 2)):
        worlds.reset(0)
        for step in range(steps):
            assert not (worlds.terminated | worlds.truncated).any(), step
            worlds.step(np.zeros((2, 4, 1)))
    assert ending.terminated.all()
    assert not ending.truncated.any()
    assert cut.truncated.all()
    assert not cut.terminated.any()


# -- snapshots -----------------------------------------------------------------------------------


@settings(max_examples=10)
@given(name=GAMES, seed=SEEDS)
def test_a_restored_batch_replays_exactly(name: str, seed: int) -> None:
    worlds = Worlds(name, 5, max_cycles=8)
    worlds.reset(seed)
    trajectory(worlds, 3, np.random.default_rng(seed))
    snapshot = worlds.copy()
    first = trajectory(worlds, 12, np.random.default_rng(1))
    worlds.restore(snapshot)
    assert_identical(first, trajectory(worlds, 12, np.random.default_rng(1)))
    elsewhere = Worlds(name, 5, max_cycles=8)
    elsewhere.restore(snapshot)
    assert_identical(first, trajectory(elsewhere, 12, np.random.default_rng(1)))


def test_one_world_is_restored_alone_and_into_many(game_name: str) -> None:
    worlds = Worlds(game_name, 4, autoreset=False, max_cycles=8)
    worlds.reset(6)
    worlds.step(random_actions(worlds, np.random.default_rng(0)))
    root = worlds.copy(2)
    others = worlds.copy([0, 1, 3])
    seen = worlds.observations[2].copy()
    worlds.step(random_actions(worlds, np.random.default_rng(1)))
    moved = worlds.records.copy()
    worlds.restore(root, 2)
    assert worlds.records[2].tobytes() == root.records[0].tobytes()
    assert worlds.observations[2].tobytes() == seen.tobytes()
    assert worlds.records[[0, 1, 3]].tobytes() == moved[[0, 1, 3]].tobytes()
    worlds.restore(others, [0, 1, 3])
    worlds.restore(root)
    assert all(record.tobytes() == root.records[0].tobytes() for record in worlds.records)
    same = np.repeat(random_actions(worlds, np.random.default_rng(2))[:1], 4, axis=0)
    worlds.step(same)
    assert len({record.tobytes() for record in worlds.records}) == 1


def test_a_restored_world_knows_whether_it_had_ended() -> None:
    worlds = Worlds("burden_sharing", 3, {"horizon": 1}, autoreset=False)
    worlds.reset(0)
    running = worlds.copy()
    worlds.step(np.zeros((3, 4, 1)))
    ended = worlds.copy(0)
    worlds.restore(running)
    assert not worlds.terminated.any()
    worlds.restore(ended, 1)
    assert worlds.terminated.tolist() == [False, True, False]


def test_snapshots_fit_only_where_they_belong() -> None:
    worlds = Worlds("burden_sharing", 3)
    worlds.reset(0)
    snapshot = worlds.copy()
    with pytest.raises(LifecycleError, match="of 3 worlds into 2 places"):
        worlds.restore(snapshot, [0, 1])
    with pytest.raises(LifecycleError, match="parameters"):
        Worlds("burden_sharing", 3, {"spill_in": 0.5}).restore(snapshot)
    with pytest.raises(LifecycleError, match="'burden_sharing' into worlds of 'arms_or_allies'"):
        Worlds("arms_or_allies", 3).restore(snapshot)
    with pytest.raises(LifecycleError, match="reset or restore all"):
        Worlds("burden_sharing", 3).restore(worlds.copy(0), 1)


# -- parameters and seeds ------------------------------------------------------------------------


def test_each_world_can_have_its_own_parameters() -> None:
    spill_ins = (0.0, 0.4, 1.0)
    batch = Worlds(
        "burden_sharing",
        3,
        [{"spill_in": each, "fiscal_cap": 0.1 + each / 10} for each in spill_ins],
    )
    batch.reset(0)
    column = batch.observation_names.index("spill_in")
    assert np.allclose(batch.observations[:, :, column], np.array(spill_ins)[:, None])
    assert np.allclose(batch.action_high[:, 0, 0], [0.1, 0.14, 0.2])
    shares = np.full((3, 4, 1), 0.1)
    batch.step(shares)
    for k, spill_in in enumerate(spill_ins):
        alone = Worlds(
            "burden_sharing", 1, {"spill_in": spill_in, "fiscal_cap": 0.1 + spill_in / 10}
        )
        alone.reset(k)
        alone.step(shares[:1])
        assert np.array_equal(alone.rewards[0], batch.rewards[k])
    assert batch.rewards[0, 3] < batch.rewards[1, 3] < batch.rewards[2, 3]


def test_new_parameters_keep_the_seeds() -> None:
    worlds, plain = Worlds("arms_or_allies", 2), Worlds("arms_or_allies", 2)
    worlds.reset(5)
    plain.reset(5)
    worlds.set_parameters({"start_debt": 4})
    with pytest.raises(LifecycleError, match="call reset"):
        worlds.step(np.zeros((2, 2, 1), int))
    worlds.reset()
    plain.reset()
    assert np.array_equal(worlds.records["random_state"], plain.records["random_state"])


def test_seeds_by_world_and_unseeded_worlds_differ() -> None:
    worlds, other = Worlds("arms_or_allies", 3), Worlds("arms_or_allies", 3)
    worlds.reset([7, 7, 9])
    states = worlds.records["random_state"]
    assert states[0] == states[1] != states[2]
    first = states.copy()
    worlds.reset()
    assert not (worlds.records["random_state"] == first).any(), "episodes differ"
    worlds.reset()
    other.reset()
    assert not (worlds.records["random_state"] == other.records["random_state"]).any()
    with pytest.raises(ParameterError, match="2 seeds for 3 worlds"):
        worlds.reset([1, 2])
    with pytest.raises(LifecycleError, match="reset all"):
        Worlds("arms_or_allies", 3).reset(0, worlds=1)


# -- what powers see and may do ------------------------------------------------------------------


@settings(max_examples=25)
@given(name=GAMES, seed=SEEDS, data=st.data())
def test_random_legal_play_stays_inside_the_declared_spaces(
    name: str, seed: int, data: st.DataObject
) -> None:
    rules = game(name)
    variant = data.draw(st.sampled_from([{}, *rules.variants.values()]))
    worlds = Worlds(name, 6, variant)
    worlds.reset(seed)
    space = rules.observation_space(worlds.powers)
    rng = np.random.default_rng(seed)
    for _ in range(30):
        for seen in (worlds.observations, worlds.final_observations):
            assert np.isfinite(seen).all()
        assert (worlds.observations >= space.low).all()
        assert (worlds.observations <= space.high).all()
        worlds.step(random_actions(worlds, rng))
        assert np.isfinite(worlds.rewards).all()
        assert np.isin(worlds.masks, (0, 1)).all()
        assert (worlds.masks <= worlds.outer_masks).all()
        if rules.is_discrete:
            at = np.cumsum((0, *rules.choice_counts))[:-1]
            assert (worlds.masks[:, :, at] == 1).all(), "doing nothing is always open"


def test_a_closed_choice_has_the_effect_of_none(game_name: str) -> None:
    closed_met = 0
    variants = [{}, *game(game_name).variants.values()]
    for variant, seed in itertools.product(variants, range(3)):
        worlds = Worlds(game_name, 1, variant, autoreset=False, max_cycles=12)
        rules = worlds.game
        worlds.reset(seed)
        rng = np.random.default_rng(seed)
        at = np.cumsum((0, *rules.choice_counts))
        while not worlds.records["over"][0]:
            here, before = worlds.copy(), worlds.masks.copy()
            actions = random_actions(worlds, rng)
            nothing = actions.copy()
            for component, count in enumerate(rules.choice_counts[: rules.mask_width]):
                part = before[:, :, at[component] : at[component] + count]
                chosen = np.take_along_axis(part, actions[:, :, component, None], 2)[:, :, 0]
                nothing[:, :, component] *= chosen
            closed_met += int((nothing != actions).sum())
            worlds.step(nothing)
            expected = worlds.records.tobytes(), worlds.rewards.tobytes()
            worlds.restore(here)
            worlds.step(actions)
            assert (worlds.records.tobytes(), worlds.rewards.tobytes()) == expected
    assert closed_met > 0 or rules.allow is None


def test_state_joins_what_all_powers_see(case: Any) -> None:
    worlds = Worlds(case.game, 2, case.changes)
    worlds.reset(0)
    assert np.array_equal(worlds.state(), worlds.observations.reshape(2, -1))
    assert worlds.observations.shape[2] == len(worlds.observation_names)
    assert len(set(worlds.observation_names)) == len(worlds.observation_names)


class Still(Strategy):
    """Plays the lowest action."""

    def act(self, observations: Any, masks: Any, rng: Any) -> Any:
        return np.zeros((len(observations), 1))


def test_play_follows_every_world_to_its_end() -> None:
    worlds = Worlds("burden_sharing", 3, autoreset=False)
    rollout = play(worlds, [Still()] * 4, seed=0)
    assert rollout.rewards.shape == (10, 3, 4)
    assert rollout.lived.all()
    assert np.allclose(rollout.returns(1.0), rollout.rewards.sum(axis=0))
    with pytest.raises(ValueError, match="autoreset=False"):
        play(Worlds("burden_sharing", 1), [Still()] * 4, seed=0)


def test_worlds_can_be_copied_whole() -> None:
    worlds = Worlds("arms_or_allies", 3)
    worlds.reset(0)
    twin = copy.deepcopy(worlds)
    assert_identical(
        trajectory(worlds, 5, np.random.default_rng(0)),
        trajectory(twin, 5, np.random.default_rng(0)),
    )
