"""Exams: how a learned policy performs against unseen opponents.

After Melting Pot (Leibo et al. 2021, "Scalable evaluation of multi-agent reinforcement learning
with Melting Pot", ICML): an exam consists of situations, each with a background population that was
not met in training. The policy plays the focal seats. A game's situations are found through its row
in the registry.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.agents.named import doctrines
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_atomically
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import part
from counterpoise.envs.engine.strategy import Strategy, Uniform
from counterpoise.evaluation.populations.payoffs import payoffs
from counterpoise.evaluation.progress import TellParts
from counterpoise.training.runs import Run

Background = Callable[[ParametersBase, int, np.random.Generator], Strategy]


@dataclasses.dataclass(frozen=True)
class Situation:
    """One situation of an exam.

    Attributes
    ----------
    name, claim : str
        Its name, and what it requires of a policy.
    focal : int
        Number of focal seats, which come first.
    background : callable
        From parameters, power and a generator to the strategy in one of the other seats.
    parameters : callable
        From the number of powers to changes of the game's defaults.
    """

    name: str
    claim: str
    focal: int
    background: Background
    parameters: Callable[[int], Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class Result:
    """How a policy performed in one situation.

    Attributes
    ----------
    situation : Situation
    focal, welfare : float
        Mean payoff of the focal powers, and of all powers.
    error : float
        Standard error of `focal` over worlds.
    random, best : float
        Mean payoff of uniformly random play, and of the best doctrine, in the focal seats.
    doctrine : str
        The best doctrine.
    """

    situation: Situation
    focal: float
    error: float
    welfare: float
    random: float
    best: float
    doctrine: str

    @property
    def score(self) -> float:
        """The payoff on a scale on which random play is 0 and the best doctrine is 1."""
        return (self.focal - self.random) / (self.best - self.random)


def situations_of(game: str) -> tuple[Situation, ...]:
    """Return the situations of a game's exam.

    Raises
    ------
    CounterpoiseError
        If the game has no exam.
    """
    found = part(game, "exam")
    if not found:
        raise CounterpoiseError(
            f"{game} has no exam: compare a policy with its equilibrium by counterpoise compare."
        )
    return tuple(found)


def sit(
    run: Run, *, count: int = 200, seed: int = 0, tell: TellParts | None = None
) -> list[Result]:
    """Play a run's policy in every situation of its game's exam.

    Parameters
    ----------
    run : Run
    count : int
        Number of worlds per situation.
    seed : int
        Seed of the first world and of the background populations.
    tell : callable, optional
        Called after each situation, with the numbers of situations played and in all.
    """
    situations = situations_of(run.game.name)
    results = []
    for situation in situations:
        results.append(_result(run, situation, count, seed))
        if tell is not None:
            tell(len(results), len(situations))
    return results


def _result(run: Run, situation: Situation, count: int, seed: int) -> Result:
    game, powers = run.game, run.parameters.powers
    if situation.focal >= powers:
        raise CounterpoiseError(
            f"{situation.name} needs more than {situation.focal} powers; the run has {powers}."
        )
    changes = {"powers": powers, **situation.parameters(powers)}
    parameters = game.parameters.from_mapping(changes)
    rng = np.random.default_rng(seed)
    others = [
        situation.background(parameters, power, rng) for power in range(situation.focal, powers)
    ]

    def paid(focal: Sequence[Strategy]) -> NDArray[np.float64]:
        return payoffs(game, parameters, [*focal, *others], count=count, seed=seed)

    learned = paid(run.profile(parameters=parameters)[: situation.focal])
    focal = learned[:, : situation.focal].mean(axis=1)
    rivals = {
        name: float(
            paid([kind(parameters, power) for power in range(situation.focal)])[  # type: ignore[call-arg]
                :, : situation.focal
            ].mean()
        )
        for name, kind in doctrines(game.name).items()
    }
    best = max(rivals, key=lambda name: rivals[name])
    at_random = paid([Uniform(game, parameters, power) for power in range(situation.focal)])
    return Result(
        situation=situation,
        focal=float(focal.mean()),
        error=float(focal.std(ddof=1) / np.sqrt(count)),
        welfare=float(learned.mean()),
        random=float(at_random[:, : situation.focal].mean()),
        best=rivals[best],
        doctrine=best,
    )


def tidy(results: Sequence[Result]) -> polars.DataFrame:
    """Return a table with one row per situation."""
    return polars.DataFrame(
        [
            {
                "situation": result.situation.name,
                "focal_powers": result.situation.focal,
                "focal": result.focal,
                "standard_error": result.error,
                "welfare": result.welfare,
                "random": result.random,
                "best_doctrine": result.doctrine,
                "best_doctrine_payoff": result.best,
                "score": result.score,
                "claim": result.situation.claim,
            }
            for result in results
        ]
    )


def write(results: Sequence[Result], path: Path) -> None:
    """Write the results as Parquet."""
    write_atomically(path, tidy(results).write_parquet)
