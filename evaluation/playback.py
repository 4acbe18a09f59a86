"""Playing one episode back, year by year: in the terminal, and as data for the report."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.agents.named import strategy
from counterpoise.envs.adapters.render import alliance_groups, render_ansi, render_rgb
from counterpoise.envs.adapters.settings import Settings
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_atomically
from counterpoise.envs.engine.game import Choice, Continuous, Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.scenarios import Scenario
from counterpoise.envs.scenarios import scenario as scenario_named
from counterpoise.theory.regret import is_solved
from counterpoise.training.runs import Run

if TYPE_CHECKING:
    from rich.console import Console

MOST_STEPS = 60
MOST_PAYOFFS = 8
SEEDS_TRIED = 20
LONG_ENOUGH = 24


def power_names(game: Game, powers: int, scenario: Scenario | None = None) -> list[str]:
    """Return what powers are called: by a scenario, by roles that all differ, or by seats."""
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
        What the powers are called.
    profile : list of Strategy
    setting : str
        The scenario's title, if it is one.
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
    """Return who plays what, from names.

    Parameters
    ----------
    what : str or path
        A run's folder, which is played as it was learned, or a game's name.
    players : sequence of str
        Of a game: strategies by name, one for all powers or one for each; by default the
        equilibrium where the game is solved, else random play.
    changes : mapping, optional
        Parameters of a game by name.
    scenario : str, optional
        A scenario of the game by name, or its file.

    Raises
    ------
    CounterpoiseError
        If a name is not known, or a run is asked to be mixed with something else.
    """
    what = os.fspath(what)
    if os.sep in what or Path(what).is_dir():
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
    """One world's course.

    Attributes
    ----------
    records : record array, [steps + 1]
        The world after each step, the start first.
    actions : ndarray, [steps, powers, components]
    rewards : ndarray of float64, [steps, powers]
    seed : int
        From which the world's and the strategies' chance follows.
    """

    game: Game
    parameters: ParametersBase
    names: list[str]
    records: NDArray[Any]
    actions: NDArray[Any]
    rewards: NDArray[np.float64]
    seed: int

    @property
    def steps(self) -> int:
        """How many steps were played."""
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
    """Play one world to its end, or for so many steps."""
    with Worlds(game, 1, parameters, autoreset=False) as worlds:
        rollout = play(worlds, profile, seed=seed, steps=steps)
    return Episode(
        game=game.seated(parameters.powers),
        parameters=parameters,
        names=list(names) if names is not None else power_names(game, parameters.powers),
        records=rollout.records[:, 0],
        actions=rollout.actions[:, 0],
        rewards=rollout.rewards[:, 0],
        seed=seed,
    )


def long_episode(
    game: Game,
    parameters: ParametersBase,
    profile: Profile,
    *,
    names: Sequence[str] | None = None,
) -> Episode:
    """Play an episode that is long enough to be looked at, where endings are left to chance.

    The seed is the first that leads to 24 steps; of twenty tried the longest if none does.
    """
    longest = play_episode(game, parameters, profile, names=names, seed=0)
    for seed in range(1, SEEDS_TRIED):
        if longest.steps >= LONG_ENOUGH:
            break
        episode = play_episode(game, parameters, profile, names=names, seed=seed)
        longest = max(longest, episode, key=lambda each: each.steps)
    return longest


def deeds(episode: Episode, step: int) -> list[str]:
    """Return in words what each power did in a step; "" for the null action of a choice."""
    words = []
    for power in range(episode.parameters.powers):
        done = []
        parts: tuple[Continuous | Choice, ...] = episode.game.role(power).actions
        for part, value in zip(parts, episode.actions[step, power], strict=False):
            if isinstance(part, Choice):
                done += [part.options[int(value)]] if value else []
            else:
                unit = "" if part.unit == "1" else f" {part.unit}"
                done.append(f"{part.name.replace('_', ' ')} {value:.4g}{unit}")
        words.append(", ".join(done))
    return words


def frame(episode: Episode, step: int) -> str:
    """Return the world after so many steps as text: the start for 0."""
    record = episode.records[step]
    lines = [render_ansi(episode.game, record, episode.parameters, episode.names)]
    if step > 0:
        if episode.game.is_discrete and episode.game.events is None:
            lines += [
                f"{name}: {deed}"
                for name, deed in zip(episode.names, deeds(episode, step - 1), strict=True)
                if deed
            ]
        if len(episode.names) <= MOST_PAYOFFS:
            payoffs = zip(episode.names, episode.rewards[step - 1], strict=True)
            lines.append("payoff: " + ", ".join(f"{name} {paid:.4g}" for name, paid in payoffs))
    return "\n".join(lines)


def watch(episode: Episode, console: Console, *, delay: float = 0.5) -> None:
    """Show an episode in the terminal; line after line where it is not one."""
    from rich.live import Live
    from rich.text import Text

    if not console.is_terminal:
        for step in range(episode.steps + 1):
            print(frame(episode, step), end="\n\n")
        return
    with Live(console=console, auto_refresh=False) as live:
        for step in range(episode.steps + 1):
            live.update(Text(frame(episode, step)), refresh=True)
            if step < episode.steps:
                time.sleep(delay)


def write_picture(episode: Episode, path: Path) -> None:
    """Write the picture of the year in which most happened as PNG; of the last one if none tells.

    Raises
    ------
    CounterpoiseError
        If the path does not end in ``.png``.
    """
    import matplotlib.image

    if path.suffix != ".png":
        raise CounterpoiseError(f"A picture is a PNG: give a path that ends in .png, not {path}.")
    told = [0] * len(episode.records)
    if episode.game.events is not None:
        told = [
            len(episode.game.events(record, episode.parameters, episode.names))
            for record in episode.records
        ]
    # The latest of those in which most happened.
    step = max(range(len(told)), key=lambda k: (told[k], k))
    pixels = render_rgb(episode.game, episode.records[step], episode.parameters, episode.names)
    write_atomically(path, lambda place: matplotlib.image.imsave(place, pixels, format="png"))


def as_data(episode: Episode) -> dict[str, Any]:
    """Return an episode as plain values, for a page to show."""
    game, powers = episode.game, episode.parameters.powers
    phases = game.phases_with(episode.parameters)
    frames = []
    for step, record in enumerate(episode.records):
        rewards = episode.rewards[step - 1] if step else np.full(powers, np.nan)
        frames.append(
            {
                "year": int(record["year"]),
                "phase": phases[int(record["phase"])] if len(phases) > 1 else "",
                "over": bool(record["over"]),
                "accounts": [
                    [_plain(value) for value in np.asarray(record[account.field], float)[:powers]]
                    for account in game.accounts
                ],
                "deeds": deeds(episode, step - 1) if step else [""] * powers,
                "payoffs": [_plain(value) for value in rewards],
                "allied": alliance_groups(game, record, episode.parameters, episode.names),
            }
        )
    return {
        "names": episode.names,
        "seed": episode.seed,
        "choices": game.is_discrete,
        "accounts": [
            {"label": account.label, "kind": account.kind, "unit": account.unit}
            for account in game.accounts
        ],
        "frames": frames,
    }


def _plain(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
