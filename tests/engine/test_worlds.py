"""A batch of worlds equals single worlds: seeds, threads, snapshots, parameters, masks."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterpoise.envs.engine.errors import ActionError, LifecycleError, ParameterError
from counterpoise.envs.engine.registration import game, game_names
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.testing import CHECKS, Case, cases, random_actions

SEEDS = st.integers(0, 2**63)
GAMES = st.sampled_from(game_names())


@settings(max_examples=12)
@given(name=GAMES, seed=SEEDS)
def test_world_k_of_a_batch_is_the_single_environment_with_seed_plus_k(
    name: str, seed: int
) -> None:
    CHECKS["batch_equals_single"](Case(game(name)), seed)


def test_threads_do_not_change_a_bit(game_name: str) -> None:
    CHECKS["threads"](Case(game(game_name)))


@pytest.mark.parametrize("check", ["autoreset", "observing_changes_nothing"])
def test_worlds_of_every_variant(case: Any, check: str) -> None:
    CHECKS[check](case)


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
    CHECKS["restored_batch"](Case(game(name)), seed)


def test_one_world_is_restored_alone_and_into_many(game_name: str) -> None:
    CHECKS["restored_world"](Case(game(game_name)))


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
    CHECKS["legal_play"](data.draw(st.sampled_from(cases(name))), seed)


def test_a_closed_choice_has_the_effect_of_none(game_name: str) -> None:
    check = CHECKS["closed_choices"].run
    met = sum(check(case, seed) for case, seed in itertools.product(cases(game_name), range(3)))
    assert met > 0 or game(game_name).allow is None


def test_written_actions_are_played_by_advance() -> None:
    stepped, advanced = (Worlds("arms_or_allies", 3) for _ in range(2))
    rng = np.random.default_rng(0)
    for worlds in (stepped, advanced):
        worlds.reset(0)
    for _ in range(5):
        actions = random_actions(stepped, rng)
        stepped.step(actions)
        advanced.write(actions)
        assert np.array_equal(advanced.actions, actions)
        advanced.advance()
        assert stepped.records.tobytes() == advanced.records.tobytes()
    advanced.actions[1, 0, 0] = 99
    with pytest.raises(ActionError, match="in world 1 is 99"):
        advanced.check()
    with pytest.raises(LifecycleError, match="call reset"):
        Worlds("arms_or_allies", 3).advance()


def test_a_record_changed_by_hand_is_observed() -> None:
    worlds = Worlds("arms_race", 2)
    seen = worlds.reset(0).copy()
    worlds.records["arms"] += 1.0
    assert np.array_equal(worlds.observations, seen)
    worlds.observe()
    assert not np.array_equal(worlds.observations, seen)
    worlds.records["arms"] -= 1.0
    worlds.observe()
    assert np.array_equal(worlds.observations, seen)


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


def test_worlds_can_be_copied_whole(game_name: str) -> None:
    CHECKS["copied_worlds"](Case(game(game_name)))
