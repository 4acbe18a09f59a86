"""The conformance suite: what every game promises, as checks that your own game can be held to.

`check_game` runs all checks over a game and its variants. With pytest, run each by itself::

    import pytest
    from counterpoise import testing
    from my_package.my_game import GAME

    @pytest.mark.parametrize("case", testing.cases(GAME), ids=str)
    @pytest.mark.parametrize("check", testing.CHECKS.values(), ids=str)
    def test_conformance(check, case):
        check(case)

The checks include PettingZoo's and Gymnasium's own suites. The game must be registered (see
`counterpoise.register`), because it is also made by name and sent to other processes.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import pickle
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
from gymnasium.utils.env_checker import check_env
from gymnasium.utils.env_checker import data_equivalence as is_same
from numpy.typing import NDArray
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, render_test, seed_test
from pettingzoo.test.state_test import state_test
from pettingzoo.utils.conversions import parallel_to_aec

from counterpoise.envs.adapters.gymnasium import OnePower
from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
from counterpoise.envs.adapters.registries import gymnasium_id, pettingzoo_id
from counterpoise.envs.adapters.vector import OnePowerVector
from counterpoise.envs.engine.game import Choice, Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.registration import imported
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import CHUNK, Worlds

__all__ = ["CHECKS", "Case", "Check", "ConformanceError", "cases", "check_game"]

CYCLES = 40


class ConformanceError(AssertionError):
    """A game fails some checks; the message names them."""


@dataclasses.dataclass(frozen=True)
class Case:
    """A game under one set of parameters.

    Attributes
    ----------
    rules : Game
        The game, for any number of powers.
    variant : str
        Name of the set of parameters.
    changes : dict
        Parameters that differ from the defaults.
    """

    rules: Game
    variant: str = "default"
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name}-{self.variant}"

    @property
    def name(self) -> str:
        """The game's name."""
        return self.rules.name

    @property
    def game(self) -> Game:
        """The game for the case's number of powers."""
        return self.rules.seated(self.parameters.powers)

    @property
    def parameters(self) -> ParametersBase:
        """The parameters."""
        return self.rules.parameters.from_mapping(dict(self.changes))


def cases(game: str | Game) -> list[Case]:
    """Return a game with its defaults and in each of its variants.

    Parameters
    ----------
    game : str or Game
        The game, by name.

    Returns
    -------
    list of Case
    """
    rules = game_named(game) if isinstance(game, str) else game
    variants = {"default": {}, **rules.variants}
    return [Case(rules, variant, dict(changes)) for variant, changes in variants.items()]


@dataclasses.dataclass(frozen=True)
class Check:
    """One promise, as a function that raises an `AssertionError` where a game breaks it.

    Attributes
    ----------
    name : str
    run : callable
        Takes a `Case`, and a seed where `is_seeded`.
    is_seeded : bool
        Whether it plays at random from a seed, so that further seeds test more.
    """

    name: str
    run: Callable[..., Any]
    is_seeded: bool

    def __str__(self) -> str:
        return self.name

    def __call__(self, case: Case, seed: int = 0) -> None:
        """Check a case."""
        if self.is_seeded:
            self.run(case, seed)
        else:
            self.run(case)


CHECKS: dict[str, Check] = {}
"""Every check by name."""


def _check(function: Callable[..., Any]) -> Callable[..., Any]:
    name = function.__name__.removeprefix("check_")
    count = function.__code__.co_argcount
    CHECKS[name] = Check(name, function, is_seeded=count > 1)
    return function


def check_game(
    game: str | Game,
    *,
    parameters: Mapping[str, Any] | None = None,
    seeds: Sequence[int] = (0,),
    checks: Iterable[str] | None = None,
) -> None:
    """Run the conformance suite over a game.

    Parameters
    ----------
    game : str or Game
        A registered game.
    parameters : mapping, optional
        Parameters to check the game under; by default its defaults and each of its variants.
    seeds : sequence of int
        Seeds of the checks that play at random.
    checks : iterable of str, optional
        Names of some of `CHECKS`; all by default.

    Raises
    ------
    ConformanceError
        If a check fails; the message lists every failure with check, variant and reason.

    Examples
    --------
    >>> from counterpoise import testing
    >>> testing.check_game("burden_sharing", checks=["restored_batch", "legal_play"])
    """
    rules = game_named(game) if isinstance(game, str) else game
    chosen = cases(rules) if parameters is None else [Case(rules, "given", dict(parameters))]
    failures: list[str] = []
    first: Exception | None = None
    for case in chosen:
        for name in CHECKS if checks is None else checks:
            check = CHECKS[name]
            for seed in seeds if check.is_seeded else (0,):
                try:
                    check(case, seed)
                except Exception as error:
                    first = first or error
                    failures.append(f"{name} ({case.variant}, seed {seed}): {error!r}")
    if failures:
        raise ConformanceError(
            f"{rules.name} fails {len(failures)} checks:\n" + "\n".join(failures)
        ) from first


# -- material --------------------------------------------------------------------------------------


class Middling(Strategy):
    """Answers what it sees in a way that varies but is not random."""

    name = "middling"

    def __init__(self, case: Case, power: int) -> None:
        parameters = case.parameters
        low, high = case.game.action_bounds(np.array([parameters.to_record()]), parameters.powers)
        self._low: NDArray[np.float64] = low[0, power]
        self._high: NDArray[np.float64] = high[0, power]
        self._is_discrete = case.game.is_discrete

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: Any
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return an action between the bounds for each observation."""
        share = np.abs(np.sin(observations.sum(axis=1, dtype=np.float64)))[:, None]
        actions = self._low + share * (self._high - self._low)
        return np.rint(actions).astype(np.int64) if self._is_discrete else np.asarray(actions)


def parallel(case: Case, **settings: Any) -> CounterpoiseParallel:
    """Return a case as a PettingZoo `ParallelEnv`."""
    return CounterpoiseParallel(case.game, parameters=case.changes, **settings)


def aec(case: Case, **settings: Any) -> Any:
    """Return a case as a PettingZoo `AECEnv`."""
    return parallel_to_aec(parallel(case, **settings))


def _seeded(env: CounterpoiseParallel, seed: int = 0) -> CounterpoiseParallel:
    for power, agent in enumerate(env.possible_agents):
        env.action_space(agent).seed(seed + power)
    return env


def _sampled(env: CounterpoiseParallel, infos: dict[str, Any]) -> dict[str, Any]:
    return {
        agent: env.action_space(agent).sample(infos[agent].get("action_mask"))
        for agent in env.agents
    }


def _as_tuple(info: dict[str, Any]) -> tuple[Any, ...]:
    mask = info["action_mask"]
    return mask if isinstance(mask, tuple) else (mask,)


def _observation_kinds(case: Case) -> list[Any]:
    return ["flat", "dict"] if case.game.is_discrete else ["flat"]


def random_actions(worlds: Worlds, rng: np.random.Generator) -> NDArray[Any]:
    """Return random actions inside the declared space, closed choices and bounds among them."""
    low, high = worlds.action_low, worlds.action_high
    shape = (worlds.count, worlds.powers, worlds.game.action_width)
    if worlds.game.is_discrete:
        last = np.broadcast_to(high, shape).astype(np.int64)
        return rng.integers(np.broadcast_to(low, shape).astype(np.int64), last + 1)
    draws = rng.random(shape)
    # Equilibria often lie at the bounds.
    draws[rng.random(shape) < 0.2] = 0.0
    draws[rng.random(shape) < 0.2] = 1.0
    return np.asarray(low + draws * (high - low))


def trajectory(worlds: Worlds, steps: int, rng: np.random.Generator) -> list[list[NDArray[Any]]]:
    """Return copies of all arrays of some worlds after each of some random steps."""
    seen = []
    for _ in range(steps):
        worlds.step(random_actions(worlds, rng))
        arrays = (
            worlds.records,
            worlds.observations,
            worlds.rewards,
            worlds.terminated,
            worlds.truncated,
            worlds.masks,
        )
        seen.append([each.copy() for each in arrays])
    return seen


def assert_identical(first: Any, second: Any) -> None:
    """Check that two trajectories are the same bit for bit."""
    for number, (step, again) in enumerate(zip(first, second, strict=True)):
        for one, other in zip(step, again, strict=True):
            assert one.tobytes() == other.tobytes(), f"step {number} differs"


# -- PettingZoo ------------------------------------------------------------------------------------


@_check
def check_parallel_api(case: Case) -> None:
    """PettingZoo's `parallel_api_test` passes without a warning."""
    for kind in _observation_kinds(case):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parallel_api_test(parallel(case, observation=kind), num_cycles=CYCLES)


@_check
def check_aec_api(case: Case) -> None:
    """PettingZoo's `api_test` passes without a warning."""
    for kind in _observation_kinds(case):
        with warnings.catch_warnings():
            # The suite advises against dicts, which were asked for.
            warnings.simplefilter("error" if kind == "flat" else "ignore")
            warnings.filterwarnings("ignore", message="Observation numpy array is all zeros")
            # It knows of one choice an agent.
            warnings.filterwarnings("ignore", message="Action space for each agent probably")
            api_test(aec(case, observation=kind), num_cycles=CYCLES)


@_check
def check_seeds(case: Case) -> None:
    """PettingZoo's seed tests pass."""
    parallel_seed_test(functools.partial(parallel, case), num_cycles=CYCLES)
    seed_test(functools.partial(aec, case), num_cycles=CYCLES)


@_check
def check_whole_episodes_repeat(case: Case, seed: int = 5) -> None:
    """Whole episodes repeat with their seed, and so do the episodes that follow."""
    first, second = _seeded(parallel(case, max_cycles=60)), _seeded(parallel(case, max_cycles=60))
    for episode, given in enumerate((seed, None, None)):
        seen, infos = first.reset(seed=given)
        again, infos_again = second.reset(seed=given)
        assert is_same(seen, again), f"episode {episode} begins differently"
        steps = 0
        while first.agents:
            actions = _sampled(first, infos)
            assert is_same(actions, _sampled(second, infos_again))
            seen, rewards, ended, cut, infos = first.step(actions)
            again, *others, infos_again = second.step(actions)
            assert is_same(seen, again), f"observations differ at step {steps}"
            assert [rewards, ended, cut] == others, f"rewards or endings differ at step {steps}"
            assert is_same(infos, infos_again), f"masks differ at step {steps}"
            assert first.agents == second.agents
            steps += 1
        assert steps > 0, f"episode {episode} has no step"


@_check
def check_max_cycles(case: Case, seed: int = 0) -> None:
    """A world is cut off after `max_cycles` steps, never earlier, unless the game has ended."""
    for limit in (3, 7):
        worlds = Worlds(case.game, 8, case.changes, max_cycles=limit, autoreset=False)
        worlds.reset(seed)
        rng = np.random.default_rng(seed)
        ended = np.zeros(8, np.bool_)
        for step in range(limit):
            assert not worlds.truncated.any(), f"cut off after {step} of {limit} steps"
            worlds.step(random_actions(worlds, rng))
            ended |= worlds.terminated
        assert (worlds.truncated == ~ended).all(), f"not cut off after {limit} steps"


@_check
def check_render_modes(case: Case) -> None:
    """PettingZoo's `render_test` passes."""
    render_test(functools.partial(aec, case))


@_check
def check_state(case: Case) -> None:
    """PettingZoo's `state_test` passes; the state is what all powers see together."""
    state_test(aec(case), parallel(case), num_cycles=3)
    env = parallel(case)
    seen, _ = env.reset(seed=3)
    assert env.state_space.contains(env.state())
    assert np.array_equal(env.state(), np.concatenate(list(seen.values())))
    assert len(env.observation_names) == len(seen["power_0"])
    worlds = Worlds(case.game, 2, case.changes)
    worlds.reset(0)
    assert np.array_equal(worlds.state(), worlds.observations.reshape(2, -1))
    assert worlds.observations.shape[2] == len(worlds.observation_names)
    assert len(set(worlds.observation_names)) == len(worlds.observation_names)


@_check
def check_registries(case: Case) -> None:
    """The game is made by name with PettingZoo and Gymnasium, and has a versioned module."""
    versioned = f"{case.name}_v{case.rules.version}"
    # PettingZoo has had a registry since 1.27.
    for kind in ("parallel", "aec") if hasattr(pettingzoo, "register") else ():
        made = pettingzoo.make(kind, pettingzoo_id(case.name), max_cycles=3)
        made.reset(seed=0)
        assert made.metadata["name"] == versioned
    assert gymnasium.make(gymnasium_id(case.name)).reset(seed=0)
    parallel_env, env, raw_env = (
        imported(f"counterpoise.envs.{versioned}:{name}")
        for name in ("parallel_env", "env", "raw_env")
    )
    assert isinstance(parallel_env(max_cycles=2), CounterpoiseParallel)
    assert env().possible_agents == raw_env().possible_agents == parallel_env().possible_agents


@_check
def check_python_numbers_and_copies(case: Case, seed: int = 1) -> None:
    """Rewards and endings are Python's numbers; observations and masks are not overwritten."""
    env = _seeded(parallel(case))
    seen, infos = env.reset(seed=seed)
    before = copy.deepcopy(seen)
    after, rewards, terminations, truncations, later = env.step(_sampled(env, infos))
    assert is_same(seen, before), "an earlier observation was overwritten"
    for power, agent in enumerate(env.possible_agents):
        assert after[agent].dtype == np.float32
        assert type(rewards[agent]) is float
        assert type(terminations[agent]) is bool
        assert type(truncations[agent]) is bool
        assert env.observation_space(agent).contains(after[agent])
        if case.game.is_discrete:
            parts = case.game.role(power).actions
            counts = [len(part.options) for part in parts if isinstance(part, Choice)]
            now, then = _as_tuple(infos[agent]), _as_tuple(later[agent])
            assert [len(mask) for mask in now] == counts
            for one, next_one in zip(now, then, strict=True):
                assert not np.shares_memory(one, next_one) or not one.flags.writeable


@_check
def check_pickled_environment(case: Case, seed: int = 4) -> None:
    """A pickled and a copied environment continue as the original does."""
    env = _seeded(parallel(case))
    _, infos = env.reset(seed=seed)
    env.step(_sampled(env, infos))
    twins = [pickle.loads(pickle.dumps(env)), copy.deepcopy(env)]
    if not env.agents:
        return
    actions = {agent: env.action_space(agent).sample() for agent in env.agents}
    expected = env.step(actions)
    for twin in twins:
        assert all(map(is_same, expected, twin.step(actions)))


# -- Gymnasium and Stable-Baselines3 ---------------------------------------------------------------


@_check
def check_gymnasium_and_sb3(case: Case) -> None:
    """Gymnasium's and Stable-Baselines3's checkers pass for every power, without a warning."""
    from stable_baselines3.common.env_checker import check_env as sb3_check_env

    for power in range(case.parameters.powers):
        settings: dict[str, Any] = dict(
            power=power, others="random", max_cycles=20, parameters=case.changes
        )
        env = gymnasium.make(gymnasium_id(case.name), render_mode="ansi", **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Both suites advise amounts from -1 to 1; these are in the game's own units.
            warnings.filterwarnings("ignore", message=".*symmetric and normalized")
            warnings.filterwarnings("ignore", message=".*normalized Box")
            check_env(env.unwrapped, skip_render_check=power > 0)
            sb3_check_env(OnePower(case.game, **settings))


@_check
def check_masks(case: Case, seed: int = 0) -> None:
    """Masks are those that maskable learners ask for, and the null action is always open."""
    env = OnePower(case.game, power=case.parameters.powers - 1, parameters=case.changes)
    _, info = env.reset(seed=seed)
    if case.game.is_discrete:
        assert env.action_masks().dtype == np.bool_
        flat = np.concatenate(_as_tuple(info))
        assert np.array_equal(env.action_masks(), flat.astype(bool))
        assert env.action_masks()[0], "the null action is always open"
    else:
        assert info == {}


@_check
def check_one_power_is_a_seat(case: Case, seed: int = 9) -> None:
    """The Gymnasium environment of a power is a seat of the PettingZoo environment."""
    powers = case.parameters.powers
    profile = [Middling(case, power) for power in range(powers)]
    seat = powers - 1
    one = OnePower(case.game, power=seat, others=profile, parameters=case.changes, max_cycles=12)
    all_of_them = parallel(case, max_cycles=12)
    mine, _ = one.reset(seed=seed)
    seen, _ = all_of_them.reset(seed=seed)
    one.action_space.seed(2)
    is_over = False
    no_masks = np.zeros((1, 0), np.int8)
    while not is_over:
        assert np.array_equal(mine, seen[f"power_{seat}"])
        action = one.action_space.sample()
        actions: dict[str, Any] = {}
        for power, strategy in enumerate(profile):
            own = len(case.game.role(power).actions)
            chosen = strategy.act(seen[f"power_{power}"][None], no_masks, None)[0][:own]
            is_number = case.game.is_discrete and own == 1
            actions[f"power_{power}"] = chosen[0] if is_number else chosen
        actions[f"power_{seat}"] = action
        mine, reward, terminated, truncated, _ = one.step(action)
        seen, rewards, terminations, truncations, _ = all_of_them.step(actions)
        assert reward == rewards[f"power_{seat}"]
        assert terminated == terminations["power_0"]
        assert truncated == truncations["power_0"]
        is_over = terminated or truncated


@_check
def check_vector_rows(case: Case) -> None:
    """The rows of the vector environment equal those of Gymnasium's own `SyncVectorEnv`."""
    powers, count = case.parameters.powers, 3
    profile = [Middling(case, power) for power in range(powers)]
    for power in {0, powers - 1}:
        settings: dict[str, Any] = dict(
            power=power, others=profile, max_cycles=7, parameters=case.changes
        )
        ours: Any = gymnasium.make_vec(gymnasium_id(case.name), num_envs=count, **settings)
        theirs: Any = gymnasium.vector.SyncVectorEnv(
            [functools.partial(OnePower, case.game, **settings)] * count,
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
                    _assert_same(own, other)
                endings += int((step[2] | step[3]).sum())
            assert endings >= count
        chosen = {"reset_mask": np.array([True, False, True])}
        _assert_same(ours.reset(options=dict(chosen))[0], theirs.reset(options=dict(chosen))[0])


def _assert_same(own: Any, other: Any) -> None:
    if isinstance(other, dict):
        assert own.keys() == other.keys()
        for key in other:
            _assert_same(own[key], other[key])
    elif other.dtype == object:
        assert all(map(is_same, own, other))
    else:
        assert own.dtype == other.dtype
        assert np.array_equal(own, other)


# -- worlds ----------------------------------------------------------------------------------------


@_check
def check_batch_equals_single(case: Case, seed: int = 0) -> None:
    """World k of a batch is, bit for bit, the single environment reset with ``seed + k``."""
    count = 3
    batch = Worlds(case.game, count, case.changes, autoreset=False, max_cycles=9)
    single = parallel(case, max_cycles=9)
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
            seen, rewards, ended, cut, _ = single.step(
                {agent: _own(case, each[k, p], p) for p, agent in enumerate(single.agents)}
            )
            assert list(rewards.values()) == batch.rewards[k].tolist()
            assert (ended["power_0"], cut["power_0"]) == (batch.terminated[k], batch.truncated[k])
        assert single.record.tobytes() == batch.records[k].tobytes()


def _own(case: Case, action: NDArray[Any], power: int) -> Any:
    width = len(case.game.role(power).actions)
    return action[0] if case.game.is_discrete and width == 1 else action[:width]


@_check
def check_threads(case: Case, seed: int = 8) -> None:
    """The number of threads does not change a bit, and a large batch equals single worlds."""
    count = CHUNK + 77
    seen = []
    for threads in (1, 2):
        with Worlds(case.game, count, case.changes, max_cycles=5, threads=threads) as worlds:
            # On a machine with one processor too.
            worlds.threads = threads
            worlds.reset(seed)
            seen.append(trajectory(worlds, 7, np.random.default_rng(0)))
    assert_identical(*seen)
    single = Worlds(case.game, 1, case.changes, max_cycles=5)
    single.reset(seed + CHUNK + 3)
    rng = np.random.default_rng(0)
    for step in seen[0]:
        actions = random_actions(worlds, rng)
        single.step(actions[CHUNK + 3][None])
        assert single.records[0].tobytes() == step[0][CHUNK + 3].tobytes()


@_check
def check_autoreset(case: Case, seed: int = 3) -> None:
    """A world that ends begins its next episode as a reset would begin it."""
    anew = Worlds(case.game, 4, case.changes, max_cycles=6)
    stopping = Worlds(case.game, 4, case.changes, max_cycles=6, autoreset=False)
    anew.reset(seed)
    stopping.reset(seed)
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


@_check
def check_restored_batch(case: Case, seed: int = 0) -> None:
    """A restored snapshot replays exactly, in its own worlds and in others."""
    worlds = Worlds(case.game, 5, case.changes, max_cycles=8)
    worlds.reset(seed)
    trajectory(worlds, 3, np.random.default_rng(seed))
    snapshot = worlds.copy()
    first = trajectory(worlds, 12, np.random.default_rng(1))
    worlds.restore(snapshot)
    assert_identical(first, trajectory(worlds, 12, np.random.default_rng(1)))
    elsewhere = Worlds(case.game, 5, case.changes, max_cycles=8)
    elsewhere.restore(snapshot)
    assert_identical(first, trajectory(elsewhere, 12, np.random.default_rng(1)))


@_check
def check_restored_world(case: Case, seed: int = 6) -> None:
    """One world can be restored alone, and into many places."""
    worlds = Worlds(case.game, 4, case.changes, autoreset=False, max_cycles=8)
    worlds.reset(seed)
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


@_check
def check_observing_changes_nothing(case: Case, seed: int = 0) -> None:
    """Observing again gives the same observations and masks and leaves the worlds as they are."""
    worlds = Worlds(case.game, 4, case.changes, max_cycles=8)
    worlds.reset(seed)
    for _ in range(6):
        worlds.step(random_actions(worlds, np.random.default_rng(seed)))
        before = [each.tobytes() for each in (worlds.records, worlds.observations, worlds.masks)]
        worlds.observe()
        after = [each.tobytes() for each in (worlds.records, worlds.observations, worlds.masks)]
        assert before == after, "observe() writes to the world, or depends on more than the record"


@_check
def check_legal_play(case: Case, seed: int = 0) -> None:
    """Any action inside its space can be played; observations and masks keep their bounds."""
    rules = case.game
    worlds = Worlds(rules, 6, case.changes)
    worlds.reset(seed)
    space = rules.observation_space(worlds.powers)
    rng = np.random.default_rng(seed)
    for _ in range(30):
        for seen in (worlds.observations, worlds.final_observations):
            assert np.isfinite(seen).all(), "an observation is not finite"
        for bounds, is_inside in (
            ("below", worlds.observations >= space.low),
            ("above", worlds.observations <= space.high),
        ):
            columns = np.flatnonzero(~is_inside.all(axis=(0, 1)))
            names = [worlds.observation_names[column] for column in columns]
            assert not names, f"{bounds} its declared bounds: {', '.join(names)}"
        worlds.step(random_actions(worlds, rng))
        assert np.isfinite(worlds.rewards).all(), "a reward is not finite"
        assert np.isin(worlds.masks, (0, 1)).all()
        assert (worlds.masks <= worlds.outer_masks).all()
        if rules.is_discrete:
            at = np.cumsum((0, *rules.choice_counts))[:-1]
            assert (worlds.masks[:, :, at] == 1).all(), "the null action is always open"


@_check
def check_closed_choices(case: Case, seed: int = 0) -> int:
    """A closed choice has the effect of the null action; return how many were met."""
    met = 0
    worlds = Worlds(case.game, 1, case.changes, autoreset=False, max_cycles=12)
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
        met += int((nothing != actions).sum())
        worlds.step(nothing)
        expected = worlds.records.tobytes(), worlds.rewards.tobytes()
        worlds.restore(here)
        worlds.step(actions)
        assert (worlds.records.tobytes(), worlds.rewards.tobytes()) == expected
    return met


@_check
def check_copied_worlds(case: Case, seed: int = 0) -> None:
    """Worlds can be copied whole, and the copy continues by itself."""
    worlds = Worlds(case.game, 3, case.changes)
    worlds.reset(seed)
    trajectory(worlds, 2, np.random.default_rng(seed))
    twin = copy.deepcopy(worlds)
    assert_identical(
        trajectory(worlds, 5, np.random.default_rng(0)),
        trajectory(twin, 5, np.random.default_rng(0)),
    )
