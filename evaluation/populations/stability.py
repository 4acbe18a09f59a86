"""Pairwise stability of a population's alliances.

A network of ties is pairwise stable if no two powers would both gain from a tie that they lack, and
none would gain from cutting one that it has (Jackson & Wolinsky 1996, "A strategic model of social
and economic networks", Journal of Economic Theory 71). A tie takes two, so that no best response of
a single power can find one that is missing: that nobody offers is always a Nash equilibrium.

Here the ties change with the state of the world. So a pair is held allied for a whole episode: both
offer until they are allied, and keep the alliance for as long as it may last. Whether they honour
it, and all other choices, are the policy's. The smaller of the two gains must not be positive.
Likewise a power withdraws, from one other power or from all, as soon as it may, and offers nothing
again. All are compared with the population's own play in the same worlds, with the same random
numbers in every year.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.evaluation.populations.payoffs import choose_while_running, payoffs
from counterpoise.evaluation.populations.ties import Ties, ties_of

JUDGED_FROM = 6_000_000
WORLDS = 2_000
# Of a bound that a mean exceeds with probability 2.5 %, so that the smaller of two has 5 % at most.
Z = 1.96


@dataclasses.dataclass(frozen=True)
class Change:
    """What one change of the ties brings to those who make it, in utils.

    Attributes
    ----------
    powers : tuple of int
        Those who change it: both sides of a new alliance, or the one that leaves.
    others : tuple of int
        Those that they leave; empty for a new alliance.
    gains, errors : tuple of float
        Mean gain of each of `powers`, and its standard error.
    """

    powers: tuple[int, ...]
    others: tuple[int, ...]
    gains: tuple[float, ...]
    errors: tuple[float, ...]

    @property
    def gain(self) -> float:
        """The smallest gain: all of `powers` must agree."""
        return min(self.gains)

    @property
    def upper(self) -> float:
        """An upper 95 % bound of the smallest gain."""
        return min(gain + Z * error for gain, error in zip(self.gains, self.errors, strict=True))

    @property
    def lower(self) -> float:
        """A lower 95 % bound of the smallest gain."""
        return min(gain - Z * error for gain, error in zip(self.gains, self.errors, strict=True))


@dataclasses.dataclass(frozen=True)
class Stability:
    """Every change of the ties that is tried.

    Attributes
    ----------
    worlds : int
        Number of worlds in which each is compared.
    allying : tuple of Change
        One of each pair of powers.
    leaving : tuple of Change
        Of each power: to leave each other power, and to leave all of them.
    """

    worlds: int
    allying: tuple[Change, ...]
    leaving: tuple[Change, ...]

    def worst(self, changes: Sequence[Change]) -> Change:
        """Return the change with the highest upper bound."""
        return max(changes, key=lambda change: change.upper)

    def as_json(self, stake: float) -> dict[str, Any]:
        """Return the largest gains with their bounds, and all changes, in units of the stake."""
        allying, leaving = self.worst(self.allying), self.worst(self.leaving)
        return {
            "worlds": self.worlds,
            "allying": allying.gain / stake,
            "allying_upper": allying.upper / stake,
            "leaving": leaving.gain / stake,
            "leaving_upper": leaving.upper / stake,
            "changes": self.tidy(stake).to_dicts(),
        }

    def tidy(self, stake: float) -> polars.DataFrame:
        """Return one row per change, with the gains in units of the stake.

        `powers` change the ties; `others` are those that they leave. `gain` is the smallest gain of
        `powers`, `upper` its upper 95 % bound.
        """
        return polars.DataFrame(
            [
                {
                    "change": name,
                    "powers": list(change.powers),
                    "others": list(change.others),
                    "gain": change.gain / stake,
                    "upper": change.upper / stake,
                }
                for name, changes in (("ally", self.allying), ("leave", self.leaving))
                for change in changes
            ]
        )


def stability(
    game: Game,
    parameters: ParametersBase,
    profile: Profile,
    *,
    worlds: int = WORLDS,
    ties: Ties | None = None,
) -> Stability:
    """Compare every new alliance, and every exit from one, with a population's own play.

    Parameters
    ----------
    game : Game
    parameters : Parameters
    profile : sequence of Strategy
        The population's own play.
    worlds : int
        Number of worlds, at least 2.
    ties : Ties, optional
        How powers ally; by default as the game declares.

    Raises
    ------
    CounterpoiseError
        If the game declares no alliances.
    """
    tied = ties or ties_of(game.name)
    game = game.seated(parameters.powers)
    powers = range(parameters.powers)

    def paid(changes: dict[int, Strategy]) -> NDArray[np.float64]:
        seated = [changes.get(power, profile[power]) for power in powers]
        return payoffs(
            game, parameters, seated, count=worlds, seed=JUDGED_FROM,
            choosing=choose_while_running, renews=True,
        )  # fmt: skip

    usual = paid({})

    def change(changed: dict[int, Strategy], others: tuple[int, ...] = ()) -> Change:
        gained = (paid(changed) - usual)[:, list(changed)]
        errors = gained.std(axis=0, ddof=1) / np.sqrt(worlds)
        return Change(
            tuple(changed), others, tuple(gained.mean(axis=0).tolist()), tuple(errors.tolist())
        )

    allying = [
        change(
            {
                one: tied.allying(game, profile[one], one, other),
                other: tied.allying(game, profile[other], other, one),
            }
        )
        for one, other in itertools.combinations(powers, 2)
    ]
    leaving = []
    for power in powers:
        others = [other for other in powers if other != power]
        left = [[other] for other in others]
        if len(others) > 1:
            left.append(others)
        leaving += [
            change({power: tied.leaving(game, profile[power], power, each)}, tuple(each))
            for each in left
        ]
    return Stability(worlds, tuple(allying), tuple(leaving))
