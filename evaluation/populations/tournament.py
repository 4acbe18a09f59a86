"""A round robin: every strategy plays against populations of every other.

In a match one strategy (the entrant) plays the first seat and another (the population) plays all
other seats; the matrix holds the entrants' payoffs. All matches use the same seeds, so that
entrants into one population are compared in pairs of worlds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.agents.named import doctrines, strategy
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_atomically
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.evaluation.populations.payoffs import payoffs
from counterpoise.evaluation.progress import TellParts
from counterpoise.evaluation.runner import Tell, in_processes

if TYPE_CHECKING:
    from rich.console import Console


@dataclasses.dataclass(frozen=True)
class Tournament:
    """The payoffs of every entrant in every population.

    Attributes
    ----------
    game : str
    names : list of str
        Names of the strategies.
    paid : ndarray, [entrant, population, world]
        Discounted payoffs of the first seat.
    """

    game: str
    names: list[str]
    paid: NDArray[np.float64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean payoff of each entrant in each population, [entrant, population]."""
        return np.asarray(self.paid.mean(axis=2))

    def lead(self, population: int) -> tuple[int, int, float, float]:
        """Return the best entrant, the second, its lead, and the lead's paired standard error."""
        order = np.argsort(-self.mean[:, population], kind="stable")
        best, second = int(order[0]), int(order[1])
        apart = self.paid[best, population] - self.paid[second, population]
        error = float(apart.std(ddof=1) / np.sqrt(len(apart)))
        return best, second, float(apart.mean()), error

    def dominant(self) -> list[str]:
        """Return the entrants with a higher payoff than every other in every population."""
        mean = self.mean
        return [
            name
            for k, name in enumerate(self.names)
            if all((mean[k] > mean[other]).all() for other in range(len(mean)) if other != k)
        ]

    def resists(self) -> list[str]:
        """Return the strategies that are the best entrant into their own population."""
        return [name for k, name in enumerate(self.names) if self.mean[:, k].argmax() == k]

    def tidy(self) -> polars.DataFrame:
        """Return one row per match, with its mean and standard error."""
        worlds = self.paid.shape[2]
        error = self.paid.std(axis=2, ddof=1) / np.sqrt(worlds)
        return polars.DataFrame(
            [
                {
                    "game": self.game,
                    "entrant": entrant,
                    "population": population,
                    "worlds": worlds,
                    "payoff": float(self.mean[i, j]),
                    "standard_error": float(error[i, j]),
                }
                for i, entrant in enumerate(self.names)
                for j, population in enumerate(self.names)
            ]
        )

    def write(self, folder: Path) -> Path:
        """Write ``tournament.parquet``; return its path."""
        table = folder / "tournament.parquet"
        write_atomically(table, self.tidy().write_parquet)
        return table


@dataclasses.dataclass(frozen=True)
class _Match:
    """The task of playing one match."""

    entrant: str
    population: str
    game: Game
    parameters: ParametersBase
    total: int
    seed: int
    kind: str = "match"

    @property
    def label(self) -> str:
        return f"{_shown(self.entrant)} among {_shown(self.population)}"

    def do(self, tell: Tell) -> NDArray[np.float64]:
        return self.paid()

    def paid(self) -> NDArray[np.float64]:
        """Return the entrant's payoff in each world."""
        rivals = [self.population] * (self.parameters.powers - 1)
        profile = [
            strategy(name, self.game, self.parameters, power)
            for power, name in enumerate([self.entrant, *rivals])
        ]
        paid = payoffs(self.game, self.parameters, profile, count=self.total, seed=self.seed)
        return paid[:, 0]


def _shown(name: str) -> str:
    return Path(name).name if Path(name).is_dir() else name


def hold(
    game: Game,
    parameters: ParametersBase,
    names: Sequence[str] | None = None,
    *,
    count: int = 500,
    seed: int = 0,
    processes: int = 1,
    console: Console | None = None,
    tell: TellParts | None = None,
) -> Tournament:
    """Play every match of a tournament.

    Parameters
    ----------
    game : Game
    parameters : Parameters
    names : sequence of str, optional
        Strategies by name, folders of learned policies among them; the game's doctrines by default.
    count : int
        Number of worlds per match.
    seed : int
        Seed of the first world.
    processes : int
        Number of worker processes; with 1 the matches are played in this process.
    console : Console, optional
        Where worker processes report progress; nowhere by default.
    tell : callable, optional
        Called in this process after each match, with the numbers of matches played and in all.

    Raises
    ------
    CounterpoiseError
        If there are fewer than two strategies or worlds, or if roles differ between seats.
    """
    entrants = list(names) if names else list(doctrines(game.name))
    if len(entrants) < 2:
        raise CounterpoiseError(f"A tournament needs at least two strategies, got {len(entrants)}.")
    if len(game.roles) > 1:
        raise CounterpoiseError(
            f"The powers of {game.name} differ in what they can do: a tournament needs a game with "
            "one role for all seats."
        )
    if count < 2:
        raise CounterpoiseError(f"A tournament needs at least two worlds per match, got {count}.")
    matches = [
        _Match(entrant, population, game, parameters, count, seed)
        for entrant in entrants
        for population in entrants
    ]
    if processes == 1:
        paid = []
        for match in matches:
            paid.append(match.paid())
            if tell is not None:
                tell(len(paid), len(matches))
    else:
        shown = console if console is not None else _silent_console()
        paid = in_processes(matches, processes=processes, console=shown)
    size = len(entrants)
    return Tournament(
        game.name, list(map(_shown, entrants)), np.array(paid).reshape(size, size, count)
    )


def _silent_console() -> Console:
    from rich.console import Console

    return Console(quiet=True)
