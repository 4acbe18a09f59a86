r"""Theory of `deterrence`: all equilibria of a year's game, best responses.

The problem. Each year both sides choose among three options; payoffs come from the game's own
rules. With :math:`t = \tanh(g / 2)\, G` (deterrents at half a hawk's arms, hawks at one), war comes
only between hawks and doves if :math:`\tanh(g / 4)\, G < C < t`, and then

.. math::

    q_\text{hawk} = \frac{k / 2}{t + C}, \qquad q_\text{dove} = \frac{k / 2}{t - C}

with the rest deterrents is an equilibrium; it is the only one if also :math:`C < t - k`.

The method. All equilibria are found by enumerating the vertices of the best-response polytopes
(quantecon), in that range and elsewhere. That finds every equilibrium unless the year's game is
degenerate, that is, unless some mixture has more best responses than options (arms that cost
nothing, or parameters exactly where one kind of play gives way to another). Then continua of
equilibria can exist; the vertices found and the pure equilibria are listed, and none is called
unique.

Years are independent, so playing one of these equilibria in every year is an equilibrium of the
whole game. So is any other sequence of them, which is not listed.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Profile
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.deterrence import (
    GAME,
    OPTIONS,
    POWERS,
    Parameters,
    arms_of,
    is_war,
    payoff,
)
from counterpoise.theory.solution import (
    BestResponse,
    Claim,
    Curve,
    Equilibrium,
    Findings,
    OutcomeSpec,
    Targets,
    Theory,
)
from counterpoise.theory.strategies import Mixed, PlanByYear

NAMES = ("doves", "deterrents", "hawks")
# A vertex found to 15 digits may leave a tiny probability on an option that is not played.
PLAYED = 1e-9
# Payoffs nearer to each other than this, in units of the largest, are equal.
EQUAL = 1e-12


def payoff_table(parameters: Parameters) -> NDArray[np.float64]:
    """Return a power's payoff of a year by its own and the other's option, [3, 3]."""
    record = parameters.to_record()
    arms = [arms_of(record, option) for option in range(OPTIONS)]
    return np.array([[payoff(record, own, other) for other in arms] for own in arms])


def war_table(parameters: Parameters) -> NDArray[np.float64]:
    """Return whether there is war by both powers' options, [3, 3]."""
    record = parameters.to_record()
    arms = [arms_of(record, option) for option in range(OPTIONS)]
    return np.array([[float(is_war(record, own, other)) for other in arms] for own in arms])


@functools.lru_cache(maxsize=64)
def _sights(parameters: Parameters) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return a power's observations and masks in each year, [years, ...]."""
    worlds = Worlds(GAME, parameters.years, parameters, autoreset=False)
    worlds.reset(0)
    worlds.records["year"] = np.arange(parameters.years)
    worlds.observe()
    return worlds.observations[:, 0].copy(), worlds.masks[:, 0].copy()


def mixtures(parameters: Parameters, profile: Profile) -> NDArray[np.float64]:
    """Return the probability of each option, by power and year, [powers, years, 3]."""
    chances = np.stack([each.probabilities(*_sights(parameters)) for each in profile])
    # A network's probabilities sum to 1 only up to 32-bit rounding.
    return np.asarray(chances / chances.sum(axis=2, keepdims=True), np.float64)


def _discounted(parameters: Parameters, by_year: NDArray[np.float64]) -> float:
    return float(parameters.discount ** np.arange(parameters.years) @ by_year)


def values(parameters: Parameters, profile: Profile) -> NDArray[np.float64]:
    """Return each power's exact discounted payoff, [2]."""
    chances, table = mixtures(parameters, profile), payoff_table(parameters)
    return np.array(
        [
            _discounted(
                parameters, np.einsum("yi,ij,yj->y", chances[power], table, chances[1 - power])
            )
            for power in range(POWERS)
        ]
    )


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return a power's exact best response: the best option of each year."""
    rival = mixtures(parameters, profile)[1 - power]
    worth = rival @ payoff_table(parameters).T
    return BestResponse(
        PlanByYear(
            worth.argmax(axis=1)[:, None], GAME.observation_names(POWERS).index("years_left")
        ),
        _discounted(parameters, worth.max(axis=1)),
        float(values(parameters, profile)[power]),
    )


def name_of(chances: NDArray[np.float64]) -> str:
    """Return the kinds of play in one power's mixture, such as "doves and hawks"."""
    there = [name for name, chance in zip(NAMES, chances, strict=True) if chance > PLAYED]
    if len(there) == 1:
        return f"all {there[0]}"
    return ", ".join(there[:-1]) + f" and {there[-1]}"


def is_degenerate(table: NDArray[np.float64]) -> bool:
    """Return whether some mixture has more best responses than options; payoffs [3, 3]."""
    table = table / max(1.0, float(np.abs(table).max()))
    highest = table.max(axis=0)
    if ((highest - table <= EQUAL).sum(axis=0) > 1).any():
        return True
    for first, second in itertools.combinations(range(OPTIONS), 2):
        # Where a mixture of two options makes all responses pay the same, if anywhere.
        slopes = np.diff(table[:, first] - table[:, second])
        apart = np.diff(table[:, second])
        steep = int(np.abs(slopes).argmax())
        if abs(slopes[steep]) <= EQUAL:
            if (np.abs(apart) <= EQUAL).all():
                return True
            continue
        weight = -apart[steep] / slopes[steep]
        if 0.0 < weight < 1.0 and (np.abs(apart + weight * slopes) <= EQUAL).all():
            return True
    return False


def _pairs(table: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return both powers' mixtures in every equilibrium found, [2, 3] each."""
    # Takes more than a second to import.
    from quantecon import game_theory

    player = game_theory.Player(table)
    vertices = game_theory.vertex_enumeration(game_theory.NormalFormGame((player, player)))
    certain = np.eye(OPTIONS)
    best = table >= table.max(axis=0) - EQUAL * max(1.0, float(np.abs(table).max()))
    pure = [
        (certain[own], certain[other])
        for own, other in itertools.product(range(OPTIONS), repeat=2)
        if best[own, other] and best[other, own]
    ]
    found: list[NDArray[np.float64]] = []
    for pair in [*vertices, *pure]:
        played = np.where(np.array(pair) > PLAYED, np.array(pair), 0.0)
        played /= played.sum(axis=1, keepdims=True)
        if not any(np.allclose(played, other, atol=PLAYED) for other in found):
            found.append(played)
    return found


@functools.lru_cache(maxsize=256)
def equilibria(parameters: Parameters) -> tuple[Equilibrium, ...]:
    """Return every equilibrium: symmetric ones first, those with the most options played first.

    Raises
    ------
    ArithmeticError
        If the year's game is so degenerate that no equilibrium is found at a vertex.
    """
    table = payoff_table(parameters)
    pairs = _pairs(table)
    if not pairs:
        raise ArithmeticError(f"No equilibrium at any vertex for {parameters!r}.")

    def order(pair: NDArray[np.float64]) -> tuple[bool, int]:
        return not np.allclose(pair[0], pair[1], atol=PLAYED), -int((pair > PLAYED).sum())

    pairs.sort(key=order)
    is_unique = len(pairs) == 1 and not is_degenerate(table)
    return tuple(_equilibrium(parameters, pair, is_unique) for pair in pairs)


def _equilibrium(parameters: Parameters, pair: NDArray[np.float64], is_unique: bool) -> Equilibrium:
    strategies = tuple(Mixed(chances) for chances in pair)
    first, second = (name_of(chances) for chances in pair)
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=values(parameters, strategies),
        outcomes=outcomes(parameters, strategies),
        method="Vertex enumeration of the year's game.",
        is_unique=is_unique,
        name=first if first == second else f"{first} against {second}",
    )


OUTCOMES = {
    "doves": OutcomeSpec("1", "Probability of playing dove, mean over the years.", ("power",)),
    "deterrents": OutcomeSpec("1", "The same for deterrent.", ("power",)),
    "hawks": OutcomeSpec("1", "The same for hawk.", ("power",)),
    "war_rate": OutcomeSpec("1/year", "Probability of war, mean over the years."),
    "arms": OutcomeSpec("arms", "Expected arms, mean over the years.", ("power",)),
    "value": OutcomeSpec("payoff, discounted", "Discounted payoff.", ("power",)),
}


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return the outcomes of a profile, as `OUTCOMES` declares them."""
    chances = mixtures(parameters, profile)
    record = parameters.to_record()
    arms = np.array([arms_of(record, option) for option in range(OPTIONS)])
    wars = np.einsum("yi,ij,yj->y", chances[0], war_table(parameters), chances[1])
    shares = chances.mean(axis=1)
    return {
        **{name: shares[:, option] for option, name in enumerate(NAMES)},
        "war_rate": float(wars.mean()),
        "arms": shares @ arms,
        "value": values(parameters, profile),
    }


# A kind of play that is rarer than this counts as absent.
RARE = 0.01


def claims(findings: Findings[Parameters]) -> list[Claim]:
    """Return whether doves, deterrents and hawks coexist where theory says so."""
    solved = np.array([findings.equilibrium.outcomes[name] for name in NAMES])
    learned = np.stack([findings.outcome(name) for name in NAMES], axis=1)
    if solved.min() <= RARE:
        return []
    seed, kind, power = (int(k) for k in np.unravel_index(learned.argmin(), learned.shape))
    rarest = f"{NAMES[kind]} of {findings.power_names[power]}"
    return [
        Claim(
            "Doves, deterrents and hawks coexist in every seed: rarest are the "
            f"{rarest} in seed {findings.seeds[seed]}, with {learned.min():.3f} of the years; in "
            f"equilibrium {solved[kind, power]:.3f}.",
            bool(learned.min() > RARE),
        )
    ]


THEORY = Theory(
    game=GAME.name,
    equilibria=equilibria,
    best_response=best_response,
    outcomes=outcomes,
    declared=OUTCOMES,
    targets=Targets(regret=0.02, outcomes=("doves", "deterrents", "hawks", "war_rate")),
    curves=(
        Curve(
            name="decisiveness",
            title="The more winning responds to arms, the rarer wars are",
            vary={"decisiveness": (1.85, 2.1)},
            points=6,
            outcomes=("war_rate", "hawks", "doves"),
        ),
        Curve(
            name="war_cost",
            title="Costlier war brings more doves, and more wars",
            vary={"war_cost": (0.47, 0.55)},
            points=9,
            outcomes=("war_rate", "hawks", "doves"),
        ),
    ),
    claims=claims,
)
