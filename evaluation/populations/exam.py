"""Exams: how a learned policy performs against unseen opponents.

After Melting Pot (Leibo et al. 2021, "Scalable evaluation of multi-agent reinforcement learning
with Melting Pot", ICML): an exam consists of situations, each with a background population that was
not met in training. The policy plays the focal seats. A game's situations are found through its row
in the registry.

Two scores are reported. On the first 1 is the payoff of the best doctrine in the focal seats, which
a policy that learned little may reach. On the second 1 is the payoff of best responses that were
trained in the focal seats against these very opponents. Those payoffs are read from a file
that ships with the package and is made by ``studies/exam_responses.py``.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.agents.named import doctrines
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_atomically
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import part
from counterpoise.envs.engine.strategy import Strategy, Uniform
from counterpoise.evaluation.populations.payoffs import payoffs
from counterpoise.evaluation.progress import TellParts
from counterpoise.training.runs import Run

RESPONSES = Path(__file__).parent / "exams" / "responses.json"
# Background populations are drawn by the seed: responses are known for these only.
RESPONSES_SEED = 0

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
    response : float, optional
        Mean payoff of trained best responses in the focal seats; None if none is known for these
        rules, this number of powers and these opponents.
    """

    situation: Situation
    focal: float
    error: float
    welfare: float
    random: float
    best: float
    doctrine: str
    response: float | None = None

    @property
    def score(self) -> float:
        """The payoff on a scale on which random play is 0 and the best doctrine is 1."""
        return (self.focal - self.random) / (self.best - self.random)

    @property
    def share_of_response(self) -> float | None:
        """The payoff on a scale on which random play is 0 and trained best responses are 1."""
        if self.response is None:
            return None
        return (self.focal - self.random) / (self.response - self.random)


@dataclasses.dataclass(frozen=True)
class Response:
    """What best responses, trained in the focal seats of a situation, are paid.

    Attributes
    ----------
    game : str
    version : int
        Version of the rules.
    powers : int
    situation : str
    payoff, error : float
        Mean payoff of the focal powers over `worlds`, and its standard error.
    worlds : int
    agent_steps : int
        Training length.
    """

    game: str
    version: int
    powers: int
    situation: str
    payoff: float
    error: float
    worlds: int
    agent_steps: int


@functools.cache
def responses() -> dict[tuple[str, int, int, str], Response]:
    """Return the responses that ship, by game, version, number of powers and situation."""
    if not RESPONSES.is_file():
        return {}
    rows = [Response(**row) for row in json.loads(RESPONSES.read_text())]
    return {(row.game, row.version, row.powers, row.situation): row for row in rows}


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


def seated(
    game: Game, situation: Situation, powers: int, seed: int
) -> tuple[ParametersBase, list[Strategy]]:
    """Return a situation's parameters, and the strategies of the seats that are not focal.

    Raises
    ------
    CounterpoiseError
        If there are too few powers.
    """
    if situation.focal >= powers:
        raise CounterpoiseError(
            f"{situation.name} needs more than {situation.focal} powers; the run has {powers}."
        )
    changes = {"powers": powers, **situation.parameters(powers)}
    parameters = game.parameters.from_mapping(changes)
    rng = np.random.default_rng(seed)
    seats = range(situation.focal, powers)
    return parameters, [situation.background(parameters, power, rng) for power in seats]


def _result(run: Run, situation: Situation, count: int, seed: int) -> Result:
    game, powers = run.game, run.parameters.powers
    parameters, others = seated(game, situation, powers, seed)

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
    known = responses() if seed == RESPONSES_SEED else {}
    response = known.get((game.name, game.version, powers, situation.name))
    at_random = paid([Uniform(game, parameters, power) for power in range(situation.focal)])
    return Result(
        situation=situation,
        focal=float(focal.mean()),
        error=float(focal.std(ddof=1) / np.sqrt(count)),
        welfare=float(learned.mean()),
        random=float(at_random[:, : situation.focal].mean()),
        best=rivals[best],
        doctrine=best,
        response=None if response is None else response.payoff,
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
                "best_response_payoff": result.response,
                "share_of_best_response": result.share_of_response,
                "claim": result.situation.claim,
            }
            for result in results
        ]
    )


def write(results: Sequence[Result], path: Path) -> None:
    """Write the results as Parquet."""
    write_atomically(path, tidy(results).write_parquet)
