"""A round robin: every strategy enters every population of another.

In a match all seats but the first are played by one strategy (the population), the first by another
(the entrant); the entrant's payoff fills the matrix. All matches of a world share its seed, so that
two entrants into one population are compared in pairs.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
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

if TYPE_CHECKING:
    pass


@dataclasses.dataclass(frozen=True)
class Tournament:
    """What every entrant was paid in every population.

    Attributes
    ----------
    game : str
    names : list of str
        The strategies.
    paid : ndarray, [entrant, population, world]
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
        """Return the entrants that are paid more than every other in every population."""
        mean = self.mean
        return [
            name
            for k, name in enumerate(self.names)
            if all((mean[k] > mean[other]).all() for other in range(len(mean)) if other != k)
        ]

    def resists(self) -> list[str]:
        """Return the populations that no entrant does better in than their own kind."""
        return [name for k, name in enumerate(self.names) if self.mean[:, k].argmax() == k]

    def tidy(self) -> polars.DataFrame:
        """Return one row for each match, with its mean and standard error."""
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


def _match(
    pair: tuple[str, str], game: Game, parameters: ParametersBase, count: int, seed: int
) -> NDArray[np.float64]:
    entrant, population = pair
    profile = [strategy(entrant, game, parameters, 0)]
    profile += [
        strategy(population, game, parameters, power) for power in range(1, parameters.powers)
    ]
    return payoffs(game, parameters, profile, count=count, seed=seed)[:, 0]


def hold(
    game: Game,
    parameters: ParametersBase,
    names: Sequence[str] | None = None,
    *,
    count: int = 500,
    seed: int = 0,
    processes: int = 1,
) -> Tournament:
    """Hold a tournament.

    Parameters
    ----------
    game : Game
    parameters : Parameters
    names : sequence of str, optional
        Strategies by name, folders of learned policies among them; the game's doctrines by default.
    count : int
        Worlds of each match.
    seed : int
        Of the first world.
    processes : int

    Raises
    ------
    CounterpoiseError
        If there are fewer than two strategies, or a power's place changes what it can do.
    """
    entrants = list(names) if names else list(doctrines(game.name))
    if len(entrants) < 2:
        raise CounterpoiseError("A tournament needs at least two strategies.")
    if len(game.roles) > 1:
        raise CounterpoiseError(
            f"The powers of {game.name} differ in what they can do: a tournament needs a game in "
            "which everyone can play every seat."
        )
    if count < 2:
        raise CounterpoiseError("A tournament needs at least two worlds a match.")
    pairs = [(entrant, population) for entrant in entrants for population in entrants]
    play = functools.partial(_match, game=game, parameters=parameters, count=count, seed=seed)
    if processes == 1:
        paid = [play(pair) for pair in pairs]
    else:
        with concurrent.futures.ProcessPoolExecutor(processes) as pool:
            paid = list(pool.map(play, pairs))
    size = len(entrants)
    shown = [Path(name).name if Path(name).is_dir() else name for name in entrants]
    return Tournament(game.name, shown, np.array(paid).reshape(size, size, count))
