r"""Theory of `pledge`: the subgame-perfect pledge and its answer, best responses.

The problem. A patron pledges a share of its help, :math:`a`; a protege then chooses its firmness
:math:`x`. The protege's payoff is quadratic in its firmness, so its best response to a pledge is

.. math::

    x^*(a) = \operatorname{clip}\left( \frac{v - w_0 (1 - k a)(1 - a)\, l}{c},\; 0,\; 1 \right),

read off the game's own rules. The patron anticipates it: :math:`a^*` is the global maximum of
:math:`u_A(a, x^*(a))`.

The method. That function is a polynomial in :math:`a` of at most the fourth degree where
:math:`x^*` is interior, and of at most the second where it is at a bound. The ends, the points
where :math:`x^*` meets a bound and the roots of the derivatives are the only pledges that can be
best, and all of them are tried. Below a certain :math:`k` little is pledged, because much would
entrap; above it everything is, because a full pledge deters more than it emboldens: :math:`a^*`
jumps. A trembling hand changes what a pledge is worth, but not which is best.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Profile, Strategy, Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.pledge import (
    FIRMNESS,
    GAME,
    PATRON,
    PROTEGE,
    Parameters,
    patron_payoff,
    protege_payoff,
    risk_of_war,
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
    only,
)
from counterpoise.theory.strategies import year_of

# The pledges after which responses are reported, on the path or not: none, half, full.
PLEDGES = np.array([0.0, 0.5, 1.0])
GRID = 4_001
# Gauss-Legendre nodes for uniform draws; number of draws of other random strategies.
NODES, DRAWS = 64, 256
# A pledge must be better by more than this to be preferred to a smaller one, and further away than
# the rounding of roots to count as another.
BETTER, APART = 1e-12, 1e-6
# Coefficients below this are rounding errors of the polynomial fit.
NOTHING = 1e-13

Array = NDArray[np.float64]


def _on_arrays(rule_: Any) -> Any:
    # Uncompiled, these rules are arithmetic that works on arrays.
    return getattr(rule_, "py_func", rule_)


def _unbounded_answer(parameters: Parameters, pledges: Array) -> Array:
    """Return the maximum of the protege's quadratic payoff, ignoring the bounds of firmness."""
    record = parameters.to_record()
    payoff = _on_arrays(protege_payoff)
    none, half, full = (payoff(record, pledges, np.full_like(pledges, x)) for x in (0.0, 0.5, 1.0))
    bend = 2.0 * (full - 2.0 * half + none)
    slope = full - none - bend
    return np.asarray(-slope / (2.0 * bend))


def answer(parameters: Parameters, pledges: Array) -> Array:
    """Return the protege's best response to each pledge, x*, from its quadratic payoff."""
    return np.clip(_unbounded_answer(parameters, pledges), 0.0, 1.0)


class Patron(Strategy):
    """Pledges by a table, one pledge per year.

    Parameters
    ----------
    parameters : Parameters
    pledges : ndarray, [years]
    """

    name = "patron"

    def __init__(self, parameters: Parameters, pledges: Array) -> None:
        self.pledges = np.broadcast_to(np.asarray(pledges, np.float64), (parameters.years,))
        self._column = GAME.observation_names(parameters.powers).index("years_left")

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Array:
        """Return the pledge of each row, [n, 1]."""
        years = len(self.pledges)
        return np.asarray(self.pledges[year_of(observations, self._column, years)][:, None])


class Protege(Strategy):
    """Plays the best response to every pledge."""

    name = "protege"

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._column = GAME.observation_names(parameters.powers).index("pledge")

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> Array:
        """Return the firmness of each row, [n, 1]."""
        pledges = observations[:, self._column].astype(np.float64)
        return answer(self._parameters, pledges)[:, None]


# -- what a profile does ---------------------------------------------------------------------------


def _anything() -> tuple[Array, Array]:
    """Return quadrature points of a uniformly drawn amount, and their weights, [64] each."""
    nodes, weights = leggauss(NODES)
    return 0.5 * (nodes + 1.0), 0.5 * weights


def _asked(
    parameters: Parameters,
    strategy: Strategy,
    power: int,
    years: NDArray[np.int64],
    pledges: Array | None,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Return a power's possible actions and their probabilities.

    Parameters
    ----------
    years : ndarray of int, [years]
    pledges : ndarray, [years, n], optional
        Pledges that the protege responds to; None for the patron's own move, and then n is 1.
    seed : int
        Of the draws of strategies that are random but not uniform.

    Returns
    -------
    ndarray, [years, n, points]
        The actions.
    ndarray, [points]
        Their weights.
    """
    count = 1 if pledges is None else pledges.shape[1]
    if isinstance(strategy, Uniform):
        # The same points after every pledge: common random numbers.
        points, weights = _anything()
        return np.broadcast_to(points, (len(years), count, NODES)), weights
    draws = DRAWS if strategy.is_random else 1
    worlds = Worlds(GAME, len(years) * count * draws, parameters, autoreset=False)
    worlds.reset(0)
    records = worlds.records
    records["year"] = np.repeat(years, count * draws)
    if pledges is not None:
        records["phase"] = FIRMNESS
        records["pledged"][:, PATRON] = np.repeat(pledges.ravel(), draws)
    worlds.observe()
    seen, masks = worlds.observations[:, power], worlds.masks[:, power]
    done = strategy.act(seen, masks, np.random.default_rng(seed))[:, 0]
    amounts = np.clip(done, 0.0, 1.0).reshape(len(years), count, draws)
    return np.asarray(amounts, np.float64), np.full(draws, 1.0 / draws)


def _pledges(parameters: Parameters, profile: Profile) -> tuple[Array, Array]:
    """Return the pledges of each year, [years, points], and their weights, [points].

    Pledges made by mistake are included.
    """
    years = np.arange(parameters.years)
    meant, weights = _asked(parameters, profile[PATRON], PATRON, years, None)
    tremble = parameters.tremble
    if tremble == 0.0:
        return meant[:, 0], weights
    mistakes, chances = _anything()
    pledges = np.hstack([meant[:, 0], np.broadcast_to(mistakes, (len(years), NODES))])
    return pledges, np.concatenate([(1.0 - tremble) * weights, tremble * chances])


def _mean(
    parameters: Parameters, rule_: Any, pledges: Array, answers: tuple[Array, Array]
) -> Array:
    """Return the mean value of a rule after each pledge, [years, n]."""
    firmness, weights = answers
    value = _on_arrays(rule_)(parameters.to_record(), pledges[..., None], firmness)
    return np.asarray(np.broadcast_to(value, firmness.shape) @ weights)


def _discounted(parameters: Parameters, by_year: Array) -> float:
    return float(parameters.discount ** np.arange(parameters.years) @ by_year)


def values(parameters: Parameters, profile: Profile, seed: int = 0) -> Array:
    """Return each power's discounted payoff, [2].

    Uniform draws are integrated by Gauss-Legendre quadrature, other random strategies by 256
    draws.
    """
    pledges, weights = _pledges(parameters, profile)
    years = np.arange(parameters.years)
    answers = _asked(parameters, profile[PROTEGE], PROTEGE, years, pledges, seed)
    return np.array(
        [
            _discounted(parameters, _mean(parameters, rule_, pledges, answers) @ weights)
            for rule_ in (patron_payoff, protege_payoff)
        ]
    )


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return a power's best response.

    The protege's is exact: the closed form after every pledge. The patron's is the best of 4,001
    pledges in each year against the profile's own protege, refined by as many between the
    neighbours of the best, which makes a pledge exact to 1e-7. Its value is that of the pledge
    found, evaluated afresh.
    """
    own = float(values(parameters, profile)[power])
    found: Strategy
    if power == PROTEGE:
        found = Protege(parameters)
        value = float(values(parameters, [profile[PATRON], found])[PROTEGE])
    else:
        best = np.array(
            [_best_pledge_to(parameters, profile[PROTEGE], k) for k in range(parameters.years)]
        )
        found = Patron(parameters, best)
        value = float(values(parameters, [found, profile[PROTEGE]], seed=1)[PATRON])
    if own > value:
        return BestResponse(profile[power], own, own)
    return BestResponse(found, value, own)


def _best_pledge_to(parameters: Parameters, protege: Strategy, year: int) -> float:
    """Return the patron's best pledge of a year against any protege, by search."""
    pledges = np.linspace(0.0, 1.0, GRID)
    width = 1.0 / (GRID - 1)
    for is_last in (False, True):
        answers = _asked(parameters, protege, PROTEGE, np.array([year]), pledges[None])
        best = pledges[_mean(parameters, patron_payoff, pledges[None], answers)[0].argmax()]
        if not is_last:
            pledges = np.clip(best + np.linspace(-width, width, GRID), 0.0, 1.0)
    return float(best)


# -- equilibrium -----------------------------------------------------------------------------------


def _worth_of_pledges(parameters: Parameters, pledges: Array) -> Array:
    """Return the patron's payoffs of pledges, given the protege's best responses."""
    record = parameters.to_record()
    return np.asarray(_on_arrays(patron_payoff)(record, pledges, answer(parameters, pledges)))


def _roots(values: Array, at: Array, *, is_slope: bool) -> Array:
    """Return the possible roots of a polynomial through these values, or of its slope."""
    through = Polynomial.fit(at, values, len(at) - 1, domain=[0.0, 1.0], window=[0.0, 1.0])
    # The real part of a complex root is one more candidate, and does no harm.
    roots = (through.deriv() if is_slope else through).trim(NOTHING).roots()
    return np.asarray(np.real(roots), np.float64)


def best_pledges(parameters: Parameters) -> Array:
    """Return every best pledge to a protege that plays its best response, in order.

    Nearly always one number; where the patron is indifferent, the two ends of each interval of
    indifference.
    """
    three, five = np.linspace(0.0, 1.0, 3), np.linspace(0.0, 1.0, 5)
    payoff, record = _on_arrays(patron_payoff), parameters.to_record()
    unbounded = _unbounded_answer(parameters, three)
    inside = payoff(record, five, _unbounded_answer(parameters, five))
    firmest = payoff(record, three, np.ones(3))
    tried = np.concatenate(
        [
            [0.0, 1.0],
            _roots(unbounded, three, is_slope=False),
            _roots(unbounded - 1.0, three, is_slope=False),
            _roots(inside, five, is_slope=True),
            _roots(firmest, three, is_slope=True),
        ]
    )
    tried = np.sort(tried[(tried >= 0.0) & (tried <= 1.0)])
    worth = _worth_of_pledges(parameters, tried)
    equal = tried[worth >= worth.max() - BETTER]
    return np.asarray(equal[np.concatenate([[True], np.diff(equal) > APART])], np.float64)


@functools.lru_cache(maxsize=256)
def equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the subgame-perfect equilibrium; of equally good pledges, that of the smallest."""
    best = best_pledges(parameters)
    strategies = (Patron(parameters, best[0]), Protege(parameters))
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=values(parameters, strategies),
        outcomes=outcomes(parameters, strategies),
        method="The protege's answer in closed form; the patron's pledge of all that can be best.",
        is_unique=len(best) == 1,
    )


OUTCOMES = {
    "pledge": OutcomeSpec("1", "The patron's pledge, mean over the years."),
    "firmness": OutcomeSpec("1", "The protege's firmness, mean over the years."),
    "war_risk": OutcomeSpec("1/year", "Probability of war, mean over the years."),
    "firmness_at": OutcomeSpec("1", "Firmness after pledges of 0, 1/2 and 1.", ("number",)),
    "war_risk_at": OutcomeSpec(
        "1/year", "Probability of war after pledges of 0, 1/2 and 1.", ("number",)
    ),
    "value": OutcomeSpec("payoff, discounted", "Discounted payoff.", ("power",)),
}


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return the outcomes of a profile: means over years, draws and mistaken pledges."""
    pledges, weights = _pledges(parameters, profile)
    years = np.arange(parameters.years)
    answers = _asked(parameters, profile[PROTEGE], PROTEGE, years, pledges)
    asked = np.tile(PLEDGES, (parameters.years, 1))
    after = _asked(parameters, profile[PROTEGE], PROTEGE, years, asked)
    return {
        "pledge": float((pledges @ weights).mean()),
        "firmness": float((answers[0] @ answers[1] @ weights).mean()),
        "war_risk": float((_mean(parameters, risk_of_war, pledges, answers) @ weights).mean()),
        "firmness_at": (after[0] @ after[1]).mean(axis=0),
        "war_risk_at": _mean(parameters, risk_of_war, asked, after).mean(axis=0),
        "value": values(parameters, profile),
    }


# A smaller difference counts as none.
SAME = 1e-3


def claims(findings: Findings[Parameters]) -> list[Claim]:
    """Return whether moral hazard was learned, and whether a full pledge raises the risk of war."""
    theory = findings.equilibrium.outcomes
    firmness, risk = findings.outcome("firmness_at"), findings.outcome("war_risk_at")
    found = []
    if float(theory["firmness_at"][-1] - theory["firmness_at"][0]) > SAME:
        rise = firmness[:, -1] - firmness[:, 0]
        found.append(
            Claim(
                "Moral hazard: a full pledge makes the protege firmer than none in every seed, by "
                f"at least {rise.min():.3f}; in equilibrium by "
                f"{theory['firmness_at'][-1] - theory['firmness_at'][0]:.3f}.",
                bool((rise > SAME).all()),
            )
        )
    change = float(theory["war_risk_at"][-1] - theory["war_risk_at"][0])
    if abs(change) > SAME:
        learned = risk[:, -1] - risk[:, 0]
        which = "entraps: war is likelier" if change > 0.0 else "deters: war is less likely"
        found.append(
            Claim(
                f"A full pledge {which} than after none in every seed, by at least "
                f"{np.abs(learned).min():.3f}; in equilibrium by {abs(change):.3f}.",
                bool((learned * np.sign(change) > SAME).all()),
            )
        )
    return found


THEORY = Theory(
    game=GAME.name,
    equilibria=only(equilibrium),
    best_response=best_response,
    outcomes=outcomes,
    declared=OUTCOMES,
    targets=Targets(regret=0.01, outcomes=("pledge", "firmness", "war_risk")),
    curves=(
        Curve(
            name="deterrent_effect",
            title="A full pledge is given if pledges deter enough",
            vary={"deterrent_effect": (0.1, 0.9)},
            points=9,
            outcomes=("pledge", "firmness", "war_risk"),
        ),
    ),
    claims=claims,
)
