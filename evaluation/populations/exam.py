"""Exams: how a learned policy does among strangers.

In the manner of Melting Pot (Leibo et al. 2021, "Scalable evaluation of multi-agent reinforcement
learning with Melting Pot", ICML): each test is a scenario with a background population that was not
met in training; the policy plays the focal seats. A game's tests stand in its module under
`counterpoise.evaluation`, as ``EXAM``.
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
from counterpoise.training.runs import Run

Background = Callable[[ParametersBase, int, np.random.Generator], Strategy]


@dataclasses.dataclass(frozen=True)
class Situation:
    """One test of generalisation: a scenario with opponents that the policy has not met.

    Attributes
    ----------
    name, claim : str
        What it is called, and what it asks of a policy.
    focal : int
        How many of the first seats the policy plays.
    background : callable
        From parameters, power and a generator to who plays one of the other seats.
    parameters : mapping
        Changes to the game's defaults; for as many powers as the policy was learned with.
    """

    name: str
    claim: str
    focal: int
    background: Background
    parameters: Callable[[int], Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class Mark:
    """How the policy did in one test.

    Attributes
    ----------
    focal, welfare : float
        Mean payoff of the focal powers, and of all powers.
    error : float
        Standard error of `focal` over worlds.
    random, best : float
        What uniformly random play, and the best of the game's doctrines, gets in the focal seats.
    doctrine : str
        Which doctrine that is.
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
        """0 is random play, 1 the best doctrine; more is better than any of them."""
        return (self.focal - self.random) / (self.best - self.random)


def situations_of(game: str) -> tuple[Situation, ...]:
    """Return the tests of a game.

    Raises
    ------
    CounterpoiseError
        If it has none.
    """
    found = part(game, "exam")
    if not found:
        raise CounterpoiseError(
            f"{game} has no exam: it is held against its equilibrium by counterpoise compare."
        )
    return tuple(found)


def sit(run: Run, *, count: int = 200, seed: int = 0) -> list[Mark]:
    """Have a run's policy sit every test of its game.

    Parameters
    ----------
    run : Run
    count : int
        Worlds of each test.
    seed : int
        Of the first world, and of what is drawn of the backgrounds.
    """
    situations = situations_of(run.game.name)
    return [_marked(run, each, count, seed) for each in situations]


def _marked(run: Run, situation: Situation, count: int, seed: int) -> Mark:
    game, powers = run.game, run.parameters.powers
    if situation.focal >= powers:
        raise CounterpoiseError(f"{situation.name} needs more than {situation.focal} powers.")
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
    return Mark(
        situation=situation,
        focal=float(focal.mean()),
        error=float(focal.std(ddof=1) / np.sqrt(count)),
        welfare=float(learned.mean()),
        random=float(at_random[:, : situation.focal].mean()),
        best=rivals[best],
        doctrine=best,
    )


def tidy(marks: Sequence[Mark]) -> polars.DataFrame:
    """Return one row a test."""
    return polars.DataFrame(
        [
            {
                "test": mark.situation.name,
                "focal_powers": mark.situation.focal,
                "focal": mark.focal,
                "standard_error": mark.error,
                "welfare": mark.welfare,
                "random": mark.random,
                "best_doctrine": mark.doctrine,
                "best_doctrine_payoff": mark.best,
                "score": mark.score,
                "claim": mark.situation.claim,
            }
            for mark in marks
        ]
    )


def write(marks: Sequence[Mark], path: Path) -> None:
    """Write the marks as Parquet."""
    write_atomically(path, tidy(marks).write_parquet)
