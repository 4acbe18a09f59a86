r"""Theory of `shifting_power`: the perfect Bayesian equilibrium, best responses.

The problem. A target may invest in arms in secret, at cost :math:`k`, which would shift power by
:math:`\Delta`; a deterrer sees an investment with probability :math:`s` and may strike, at cost
:math:`c_D`. After a signal the deterrer strikes if :math:`\Delta > c_D`. If :math:`\Delta \le c_D`
it never strikes, and the target invests if :math:`\Delta > k`. Let now :math:`\Delta > c_D`. If
only investments that are seen are struck, investing brings the target

.. math::

    g = (1 - s) \Delta - s\, c_T - k.

Where :math:`g \le 0`, the risk of being seen deters: nobody invests, nobody strikes. Where :math:`g
> 0` there is no equilibrium in pure strategies: a target that surely invests is surely struck, and
one that surely does not would gain by investing. Both mix: the target invests with the probability
that leaves a deterrer without a signal indifferent, and that deterrer strikes with the probability
that leaves the target indifferent,

.. math::

    q = \frac{c_D}{c_D + (1 - s)(\Delta - c_D)}, \qquad r = \frac{g}{g + k}.

The probability of war in a year is then :math:`q s + (1 - q s)\, r`. As intelligence :math:`s`
rises, war does not fade gradually: it ends at the :math:`s` at which :math:`g = 0`.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.columns import column
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.shifting_power import (
    DETERRER,
    GAME,
    POWERS,
    SEES,
    STRIKE,
    TARGET,
    Parameters,
    deterrer_payoff,
    target_payoff,
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

PHASE_AT, YEARS_LEFT_AT, SIGNAL_AT = (
    column(feature, POWERS - 1) for feature in (SEES.phase, SEES.years_left, SEES.signal)
)

UNSEEN, SEEN = 0, 1


class Mixed(Strategy):
    """Takes option 1 with a probability that depends on the signal.

    Parameters
    ----------
    power : int
        The target has no signal: its probability is `unseen`.
    unseen, seen : float
        The probability without and with a signal.
    """

    name = "mixed"

    def __init__(self, power: int, unseen: float, seen: float = 0.0) -> None:
        self._chances = np.array([unseen, seen])
        self._phase = STRIKE if power == DETERRER else 1 - STRIKE
        self.is_random = bool(((self._chances > 0.0) & (self._chances < 1.0)).any())

    def probabilities(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return the probability of each option, [n, 2]."""
        is_on_the_move = np.rint(observations[:, PHASE_AT]).astype(np.int64) == self._phase
        signal = np.rint(observations[:, SIGNAL_AT]).astype(np.int64)
        chance = np.where(is_on_the_move, self._chances[signal], 0.0)
        return np.stack([1.0 - chance, chance], axis=1)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draw an option for each row, [n, 1]."""
        chance = self.probabilities(observations, masks)[:, 1]
        return (rng.random(len(chance)) < chance).astype(np.int64)[:, None]


class ByYear(Strategy):
    """Takes option 1 by a table of years and signals.

    Parameters
    ----------
    parameters : Parameters
    power : int
    options : ndarray of int, [years, 2]
        The option in each year without and with a signal.
    """

    name = "by year"

    def __init__(self, parameters: Parameters, power: int, options: NDArray[np.int64]) -> None:
        self._years = parameters.years
        self._phase = STRIKE if power == DETERRER else 1 - STRIKE
        self._options = options

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Return each row's option, [n, 1]."""
        year = year_of(observations, YEARS_LEFT_AT, self._years)
        signal = np.rint(observations[:, SIGNAL_AT]).astype(np.int64)
        is_on_the_move = np.rint(observations[:, PHASE_AT]).astype(np.int64) == self._phase
        return np.where(is_on_the_move, self._options[year, signal], 0)[:, None]


@functools.lru_cache(maxsize=64)
def _sights(
    parameters: Parameters,
) -> tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float32], NDArray[np.int8]]:
    """Return each side's observations where it moves, as the game writes them.

    The target's observations and masks, [years, ...]; the deterrer's, [years * 2, ...], without
    and with a signal.
    """
    years = parameters.years
    worlds = Worlds(GAME, 3 * years, parameters, autoreset=False)
    worlds.reset(0)
    records = worlds.records
    records["year"] = np.concatenate([np.arange(years), np.repeat(np.arange(years), 2)])
    records["phase"][years:] = STRIKE
    records["seen"][years:, DETERRER] = np.tile([0.0, 1.0], years)
    worlds.observe()
    return (
        worlds.observations[:years, TARGET].copy(),
        worlds.masks[:years, TARGET].copy(),
        worlds.observations[years:, DETERRER].copy(),
        worlds.masks[years:, DETERRER].copy(),
    )


def _chances(
    parameters: Parameters, profile: Profile
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the probability of investing, [years], and of striking by signal, [years, 2]."""
    target_sees, target_masks, deterrer_sees, deterrer_masks = _sights(parameters)
    invest = profile[TARGET].probabilities(target_sees, target_masks)
    strike = profile[DETERRER].probabilities(deterrer_sees, deterrer_masks)
    # A network's probabilities sum to 1 only up to 32-bit rounding.
    invest = invest[:, 1] / invest.sum(axis=1)
    strike = strike[:, 1] / strike.sum(axis=1)
    return np.asarray(invest), np.asarray(strike.reshape(-1, 2))


def _payoffs(parameters: Parameters, payoff: Any) -> NDArray[np.float64]:
    """Return one side's payoff of a year for each investment and strike, [2, 2]."""
    record = parameters.to_record()
    return np.array(
        [[payoff(record, float(i), float(a)) for a in range(2)] for i in range(2)], np.float64
    )


def _signals(parameters: Parameters) -> NDArray[np.float64]:
    """Return the probability of each signal given each investment, [2, 2]."""
    return np.array([[1.0, 0.0], [1.0 - parameters.intelligence, parameters.intelligence]])


def _year_values(
    parameters: Parameters, invest: NDArray[np.float64], strike: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return both sides' expected payoff of each year, [years, 2]."""
    investments = np.stack([1.0 - invest, invest], axis=1)
    strikes = np.stack([1.0 - strike, strike], axis=2)
    signals = _signals(parameters)
    return np.stack(
        [
            np.einsum("yi,is,ysa,ia->y", investments, signals, strikes, _payoffs(parameters, each))
            for each in (target_payoff, deterrer_payoff)
        ],
        axis=1,
    )


def _discounted(parameters: Parameters, by_year: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = parameters.discount ** np.arange(parameters.years)
    return np.asarray(np.tensordot(weights, by_year, axes=1))


def values(parameters: Parameters, profile: Profile) -> NDArray[np.float64]:
    """Return each side's exact discounted payoff, [2]."""
    return _discounted(parameters, _year_values(parameters, *_chances(parameters, profile)))


def best_response(parameters: Parameters, profile: Profile, power: int) -> BestResponse:
    """Return a side's exact best response: the better option in every year, for every signal."""
    invest, strike = _chances(parameters, profile)
    signals = _signals(parameters)
    if power == TARGET:
        strikes = np.stack([1.0 - strike, strike], axis=2)
        worth = np.einsum("is,ysa,ia->yi", signals, strikes, _payoffs(parameters, target_payoff))
        options = np.repeat((worth[:, 1] > worth[:, 0]).astype(np.int64)[:, None], 2, axis=1)
        best = worth.max(axis=1)
    else:
        investments = np.stack([1.0 - invest, invest], axis=1)
        worth = np.einsum(
            "yi,is,ia->ysa", investments, signals, _payoffs(parameters, deterrer_payoff)
        )
        options = (worth[:, :, 1] > worth[:, :, 0]).astype(np.int64)
        # A signal of probability 0 still indicates an investment.
        certain = _payoffs(parameters, deterrer_payoff)[1]
        never = investments @ signals == 0.0
        options = np.where(never, int(certain[1] > certain[0]), options)
        best = worth.max(axis=2).sum(axis=1)
    own = _year_values(parameters, invest, strike)[:, power]
    return BestResponse(
        ByYear(parameters, power, options),
        float(_discounted(parameters, best)),
        float(_discounted(parameters, own)),
    )


def temptation(parameters: Parameters) -> float:
    """Return g: the gain of investing if only investments that are seen are struck."""
    return float(
        (1.0 - parameters.intelligence) * parameters.shift
        - parameters.intelligence * parameters.target_war_cost
        - parameters.investment_cost
    )


@functools.lru_cache(maxsize=256)
def equilibrium(parameters: Parameters) -> Equilibrium:
    """Return the perfect Bayesian equilibrium, in closed form; see the module's docstring."""
    shift, cost = parameters.shift, parameters.deterrer_war_cost
    gain = temptation(parameters)
    if shift <= cost:
        chances = (1.0 if shift > parameters.investment_cost else 0.0, 0.0, 0.0)
        is_unique = shift != cost and shift != parameters.investment_cost
        method = "Closed form: no rise is worth a strike, so nothing is deterred."
    elif gain <= 0.0:
        chances = (0.0, 0.0, 1.0)
        is_unique = gain < 0.0
        method = "Closed form: a rise would be seen too often to be tried."
    else:
        invests = cost / (cost + (1.0 - parameters.intelligence) * (shift - cost))
        chances = (invests, gain / (gain + parameters.investment_cost), 1.0)
        is_unique = True
        method = "Closed form: each side's probability leaves the other indifferent."
    strategies = (Mixed(TARGET, chances[0]), Mixed(DETERRER, chances[1], chances[2]))
    return Equilibrium(
        game=GAME.name,
        parameters=parameters,
        strategies=strategies,
        values=values(parameters, strategies),
        outcomes=outcomes(parameters, strategies),
        method=method,
        is_unique=is_unique,
    )


OUTCOMES = {
    "investment_rate": OutcomeSpec(
        "1/year", "Probability that the target invests, mean over the years."
    ),
    "strike_rate_unseen": OutcomeSpec(
        "1", "Probability that the deterrer strikes when it has seen no investment."
    ),
    "strike_rate_seen": OutcomeSpec(
        "1", "Probability that it strikes when it has seen one, whether or not one is ever made."
    ),
    "war_rate": OutcomeSpec("1/year", "Probability of war, mean over the years."),
    "war_on_nothing_rate": OutcomeSpec(
        "1/year", "Probability of war against a target that has not invested."
    ),
    "value": OutcomeSpec("payoff, discounted", "Discounted payoff.", ("power",)),
}


def outcomes(parameters: Parameters, profile: Profile) -> dict[str, Any]:
    """Return the outcomes of a profile, as `OUTCOMES` declares them."""
    invest, strike = _chances(parameters, profile)
    seen = invest * parameters.intelligence
    war = seen * strike[:, SEEN] + (1.0 - seen) * strike[:, UNSEEN]
    return {
        "investment_rate": float(invest.mean()),
        "strike_rate_unseen": float(strike[:, UNSEEN].mean()),
        "strike_rate_seen": float(strike[:, SEEN].mean()),
        "war_rate": float(war.mean()),
        "war_on_nothing_rate": float(((1.0 - invest) * strike[:, UNSEEN]).mean()),
        "value": values(parameters, profile),
    }


LIKELY = 0.5
RARE = 0.01


def claims(findings: Findings[Parameters]) -> list[Claim]:
    """Return whether seen investments are struck, and whether wars are fought against nothing."""
    theory = findings.equilibrium.outcomes
    found = []
    if float(theory["investment_rate"]) * float(theory["strike_rate_seen"]) > 0.0:
        seen = findings.outcome("strike_rate_seen")
        found.append(
            Claim(
                "An investment that is seen is struck in every seed, with probability at least "
                f"{seen.min():.3f}.",
                bool((seen > LIKELY).all()),
            )
        )
    if float(theory["war_on_nothing_rate"]) > RARE:
        nothing = findings.outcome("war_on_nothing_rate")
        found.append(
            Claim(
                "Wars against a target that has not invested occur in every seed, in at least "
                f"{nothing.min():.3f} of the years; in equilibrium in "
                f"{float(theory['war_on_nothing_rate']):.3f}.",
                bool((nothing > RARE).all()),
            )
        )
    return found


THEORY = Theory(
    game=GAME.name,
    equilibria=only(equilibrium),
    best_response=best_response,
    outcomes=outcomes,
    declared=OUTCOMES,
    targets=Targets(
        regret=0.02,
        outcomes=("investment_rate", "strike_rate_unseen", "strike_rate_seen", "war_rate"),
    ),
    curves=(
        Curve(
            name="intelligence",
            title="Better intelligence ends war, abruptly",
            vary={"intelligence": (0.0, 1.0)},
            points=11,
            outcomes=("war_rate", "investment_rate", "strike_rate_unseen"),
        ),
    ),
    claims=claims,
)
