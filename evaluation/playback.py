"""Who plays what, and one episode of it, to be shown."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.agents.named import strategy
from counterpoise.envs.adapters.settings import Settings
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.registration import game_names
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.scenarios import Scenario
from counterpoise.envs.scenarios import scenario as scenario_named
from counterpoise.theory.regret import is_solved
from counterpoise.training.runs import Run

MOST_STEPS = 60
SEEDS_TRIED = 20
LONG_ENOUGH = 24


def power_names(game: Game, powers: int, scenario: Scenario | None = None) -> list[str]:
    """Return the powers' names: a scenario's, or distinct roles', or those of the seats."""
    if scenario is not None and len(scenario.names) == powers:
        return list(scenario.names)
    roles = [game.role(power).name for power in range(powers)]
    return roles if len(set(roles)) == powers else game.agent_names(powers)


@dataclasses.dataclass(frozen=True, eq=False)
class Cast:
    """Who plays what.

    Attributes
    ----------
    game : Game
    parameters : Parameters
    names : list of str
        The powers' names.
    profile : list of Strategy
    setting : str
        The scenario's title; empty without a scenario.
    """

    game: Game
    parameters: ParametersBase
    names: list[str]
    profile: list[Strategy]
    setting: str = ""


def who_plays(
    what: str | os.PathLike[str],
    players: Sequence[str] = (),
    *,
    changes: Mapping[str, Any] | None = None,
    scenario: str | None = None,
) -> Cast:
    """Return who plays a run or a game, given by name.

    Parameters
    ----------
    what : str or path
        A run's folder, whose learned policies play, or a game's name.
    players : sequence of str
        Only for a game: strategies by name, one for all powers or one for each; by default the
        equilibrium where the game is solved, else random play.
    changes : mapping, optional
        Parameters of a game by name.
    scenario : str, optional
        A scenario of the game by name, or its file.

    Raises
    ------
    CounterpoiseError
        If a name is unknown, or strategies, parameters or a scenario are given for a run.
    """
    what = os.fspath(what)
    if os.sep in what or (Path(what).is_dir() and what not in game_names()):
        run = Run(what)
        if players or changes or scenario:
            raise CounterpoiseError(
                "A run is watched as it was learned. To mix it with others: counterpoise watch "
                f"{run.game.name} --with {what} --with …"
            )
        named = run.configuration.scenario
        loaded = None if named is None else scenario_named(named)
        names = power_names(run.game, run.parameters.powers, loaded)
        setting = "" if loaded is None else loaded.title
        return Cast(run.game, run.parameters, names, list(run.profile()), setting)
    game = game_named(what)
    settings = Settings.resolve(game, scenario=scenario, changes=changes)
    parameters = settings.parameters
    asked = list(players) or ["equilibrium" if is_solved(what) else "random"]
    if len(asked) not in (1, parameters.powers):
        raise CounterpoiseError(
            f"{len(asked)} strategies for {parameters.powers} powers: give --with once for all, or "
            "once for each."
        )
    each = asked * parameters.powers if len(asked) == 1 else asked
    profile = [strategy(name, game, parameters, seat) for seat, name in enumerate(each)]
    names = power_names(game, parameters.powers, settings.scenario)
    return Cast(game, parameters, names, profile, settings.title)


@dataclasses.dataclass(frozen=True, eq=False)
class Episode:
    """One episode of one world.

    Attributes
    ----------
    records : record array, [steps + 1]
        The world after each step, the start first.
    actions : ndarray, [steps, powers, components]
    rewards : ndarray of float64, [steps, powers]
    observations : ndarray of float32, [steps + 1, powers, columns]
        What the powers saw at the start and after each step.
    seed : int
        Seed of the world's and the strategies' random numbers.
    """

    game: Game
    parameters: ParametersBase
    names: list[str]
    records: NDArray[Any]
    actions: NDArray[Any]
    rewards: NDArray[np.float64]
    observations: NDArray[np.float32]
    seed: int

    @property
    def steps(self) -> int:
        """The number of steps played."""
        return len(self.actions)


def play_episode(
    game: Game,
    parameters: ParametersBase,
    profile: Profile,
    *,
    names: Sequence[str] | None = None,
    seed: int = 0,
    steps: int = MOST_STEPS,
) -> Episode:
    """Play one world to its end, for at most `steps` steps."""
    seen: list[NDArray[np.float32]] = []
    with Worlds(game, 1, parameters, autoreset=False) as worlds:
        rollout = play(
            worlds, profile, seed=seed, steps=steps,
            watch=lambda: seen.append(worlds.observations[0].copy()),
        )  # fmt: skip
    return Episode(
        game=game.seated(parameters.powers),
        parameters=parameters,
        names=list(names) if names is not None else power_names(game, parameters.powers),
        records=rollout.records[:, 0],
        actions=rollout.actions[:, 0],
        rewards=rollout.rewards[:, 0],
        observations=np.array(seen),
        seed=seed,
    )


def long_episode(
    game: Game,
    parameters: ParametersBase,
    profile: Profile,
    *,
    names: Sequence[str] | None = None,
) -> Episode:
    """Play an episode that is long enough to show, in a game that ends at random.

    Seeds are tried from 0; the first episode of at least 24 steps is returned, or the longest of
    20 if none is that long.
    """
    longest = play_episode(game, parameters, profile, names=names, seed=0)
    for seed in range(1, SEEDS_TRIED):
        if longest.steps >= LONG_ENOUGH:
            break
        episode = play_episode(game, parameters, profile, names=names, seed=seed)
        longest = max(longest, episode, key=lambda each: each.steps)
    return longest
