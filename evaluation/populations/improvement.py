r"""Rollout policy improvement: what one power gains by changing one choice at a time.

The question is whether a policy :math:`\pi` can be improved where training did not look. From
states :math:`s` of the population's own play, every open option of every choice of one power is
tried, one choice changed at a time; everything before and after it, and all other choices, are the
policy's. With :math:`Q(s, a)` the payoff discounted to that moment, the *one-shot gain* is

.. math:: A(s) = \max_a Q(s, a) - Q(s, \pi(s)) \ge 0 .

Each :math:`Q` is a mean over draws of the world's random numbers, the same draws for every option.
Most options are dropped after few draws (successive halving, Karnin, Koren & Somekh 2013). The
option is chosen on one half of the draws and valued on the other, so that the gain of an option
that is best by luck is not counted. Hence an estimate of :math:`A(s)` may be negative, and it is
low where draws are too few to find the best option.

The sum over a whole episode of the gains, :math:`\sum_t \gamma^t A(s_t)`, estimates the gain of the
policy that takes the best option in every step, to first order: the exact gain has the states that
this policy itself would meet (Kakade & Langford 2002, lemma 6.1, the performance difference). It is
not a lower bound, as the gain of a trained response is. It rather overstates what a power can gain,
since the option is chosen for each state of the *world*, which holds more than the power observes:
where a power must guess, this estimate is positive even at an equilibrium.

Source: Bertsekas, Tsitsiklis & Wu (1997), "Rollout algorithms for combinatorial optimization",
Journal of Heuristics 3; Bertsekas (2020), "Rollout, Policy Iteration, and Distributed Reinforcement
Learning", which also changes one component at a time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.game import Choice, Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.rollouts import choose
from counterpoise.envs.engine.strategy import Profile
from counterpoise.envs.engine.worlds import Snapshot, Worlds
from counterpoise.evaluation.populations.payoffs import (
    choose_while_running,
    discount_per_step,
    play_on,
    renew,
)

SAMPLED_FROM = 5_000_000
STATES = 128
# Draws on which options are compared, and the number of options of each state that are kept.
ROUNDS = ((4, 8), (16, 3), (64, 1))
DRAWS = sum(draws for draws, _ in ROUNDS)
# Standard errors by which an option must look better than the policy's own to be taken.
SURE = 1.0
# Rollouts end when the discount factor has fallen to this: what comes later is mostly noise.
LITTLE = 0.25
SIGNIFICANT = 0.01
ROUNDING = 1e-9
UNCHANGED = -1
CHOOSING, VALUING = 0, 1


@dataclasses.dataclass(frozen=True)
class Improvement:
    """The gain of rollout policy improvement for one power.

    Attributes
    ----------
    states : int
        Number of states tried.
    decisions : float
        Expected number of steps of an episode in which the power has a choice, discounted to the
        first.
    mean : float
        Mean one-shot gain of such a step, in utils of that moment.
    significant : float
        Share of states in which the one-shot gain is significant at `SIGNIFICANT`, one-sided. As
        large a share is expected by chance where nothing can be gained.
    total : float
        Sum of the one-shot gains over an episode, discounted to the first step, in utils.
    error : float
        Standard error of `total`.
    choices : mapping of str to float
        The part of `total` of each choice that is changed, largest first.
    """

    states: int
    decisions: float
    mean: float
    significant: float
    total: float
    error: float
    choices: Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class _States:
    """States of play, one of each world, drawn by the discount factor of their step.

    Attributes
    ----------
    records : record array, [states]
    weights : ndarray, [states]
        Sum of the discount factors of all steps of the world in which the power has a choice.
    """

    records: NDArray[np.void]
    weights: NDArray[np.float64]


def improve(
    game: Game,
    parameters: ParametersBase,
    profile: Profile,
    power: int,
    *,
    states: int = STATES,
    seed: int = 0,
) -> Improvement:
    """Return the gain of one power from changing one choice at a time.

    Parameters
    ----------
    game : Game
        A game whose actions are choices.
    parameters : Parameters
    profile : sequence of Strategy
        The population's own play.
    power : int
        Seat of the power.
    states : int
        Number of states, at least 2.
    seed : int
        Seed of the draws.

    Raises
    ------
    CounterpoiseError
        If actions are amounts, the power never has a choice, or there are fewer than two states.
    """
    if not game.is_discrete:
        raise CounterpoiseError(f"Rollouts try options: the actions of {game.name} are amounts.")
    if states < 2:
        raise CounterpoiseError(f"Rollouts need at least 2 states, not {states}.")
    game = game.seated(parameters.powers)
    sampled = _sample(game, parameters, profile, power, states, seed)
    if not sampled.weights.any():
        raise CounterpoiseError(f"Power {power} of {game.name} has a choice in no step.")
    chosen = _choose_options(
        _Rollouts(game, parameters, profile, power, sampled.records, (seed, CHOOSING))
    )
    changed = np.flatnonzero(chosen != UNCHANGED)
    one_shot, significant = np.zeros(states), 0
    if len(changed):
        rollouts = _Rollouts(
            game, parameters, profile, power, sampled.records[changed], (seed, VALUING)
        )
        rollouts.draw(DRAWS)
        gains = rollouts.value(chosen[changed])
        gains -= rollouts.value(np.full(len(changed), UNCHANGED))
        one_shot[changed] = gains.mean(axis=1)
        limits = scipy.stats.t.ppf(1.0 - SIGNIFICANT, DRAWS - 1) * gains.std(axis=1, ddof=1)
        limits /= np.sqrt(DRAWS)
        significant = int((one_shot[changed] > np.maximum(limits, ROUNDING)).sum())
    totals = sampled.weights * one_shot
    components = _components(game)[chosen]
    by_choice = {
        part.name: float(totals[(chosen != UNCHANGED) & (components == number)].sum() / states)
        for number, part in enumerate(game.role(power).actions)
        if isinstance(part, Choice)
    }
    decisions = float(sampled.weights.mean())
    total = float(totals.mean())
    return Improvement(
        states=states,
        decisions=decisions,
        mean=total / decisions,
        significant=significant / states,
        total=total,
        error=float(totals.std(ddof=1) / np.sqrt(states)),
        choices={
            name: by_choice[name]
            for name in sorted(by_choice, key=lambda each: -by_choice[each])
            if by_choice[name] != 0.0
        },
    )


def _components(game: Game) -> NDArray[np.int64]:
    """Return the component that each option belongs to, [options]."""
    return np.repeat(np.arange(game.action_width), game.choice_counts)


def _choosable(game: Game, masks: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which options are open in a choice that has another one, [n, options]."""
    firsts = np.cumsum((0, *game.choice_counts))[:-1]
    counts = np.add.reduceat(masks, firsts, axis=1, dtype=np.int64)
    return np.asarray((masks == 1) & (counts[:, _components(game)] > 1))


def _sample(
    game: Game,
    parameters: ParametersBase,
    profile: Profile,
    power: int,
    states: int,
    seed: int,
) -> _States:
    """Play one episode in each world, keeping one state of each by reservoir sampling."""
    discount = discount_per_step(game, parameters)
    rng = np.random.default_rng(seed)
    with Worlds(game, states, parameters, autoreset=False) as worlds:
        worlds.reset(SAMPLED_FROM + seed)
        records, weights = worlds.records.copy(), np.zeros(states)
        weight = 1.0
        while not worlds.records["over"].all():
            has_choice = _choosable(game, worlds.masks[:, power]).any(axis=1)
            counts = has_choice & (worlds.records["over"] == 0)
            weights += weight * counts
            taken = counts & (rng.random(states) * weights < weight)
            records[taken] = worlds.records[taken]
            worlds.step(choose(worlds, profile, rng))
            weight *= discount
    return _States(records, weights)


class _Rollouts:
    """Worlds that branch from each state, with common random numbers for all options."""

    def __init__(
        self,
        game: Game,
        parameters: ParametersBase,
        profile: Profile,
        power: int,
        records: NDArray[np.void],
        seed: tuple[int, int],
    ) -> None:
        self.game, self.parameters, self.profile, self.power = game, parameters, profile, power
        self.records = records
        self.discount = discount_per_step(game, parameters)
        self.component_of = _components(game)
        self.option_of = np.arange(game.mask_width) - np.cumsum((0, *game.choice_counts))[:-1][
            self.component_of
        ]  # fmt: skip
        self._seeds = np.random.SeedSequence(seed)
        self.draw(1)

    def open_options(self) -> list[NDArray[np.int64]]:
        """Return the options to try in each state: the open ones that the policy does not take."""
        states = len(self.records)
        with Worlds(self.game, states, self.parameters, autoreset=False) as worlds:
            worlds.restore(Snapshot(self.game.name, self.records, (self.parameters,)))
            is_open = _choosable(self.game, worlds.masks[:, self.power])
            if not self.profile[self.power].is_random:
                rng = np.random.default_rng(0)
                usual = choose(worlds, self.profile, rng)[:, self.power]
                is_open &= usual[:, self.component_of] != self.option_of
        return [np.flatnonzero(row) for row in is_open]

    def draw(self, draws: int) -> None:
        """Draw new random numbers, which all options share that are valued until the next call."""
        self._drawn = self._seeds.spawn(2)
        self._worlds = Worlds(
            self.game, len(self.records) * draws, self.parameters, autoreset=False
        )

    def value(self, options: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the power's payoff of one option in each state, [states, draws].

        Parameters
        ----------
        options : ndarray of int, [states]
            The option's place in the mask; `UNCHANGED` for the policy's own choice.
        """
        worlds, states = self._worlds, len(self.records)
        draws = worlds.count // states
        rng, renewal = map(np.random.default_rng, self._drawn)
        records = np.repeat(self.records, draws)
        worlds.restore(Snapshot(self.game.name, records, (self.parameters,)))
        actions = choose(worlds, self.profile, rng)
        rows = np.repeat(options, draws)
        changed = np.flatnonzero(rows != UNCHANGED)
        places = rows[changed]
        actions[changed, self.power, self.component_of[places]] = self.option_of[places]
        renew(worlds, renewal)
        paid = worlds.step(actions)[:, self.power].copy()
        later = play_on(
            worlds,
            self.profile,
            rng,
            discount=self.discount,
            least_weight=LITTLE,
            choosing=choose_while_running,
            renewal=renewal,
        )
        paid += self.discount * later[:, self.power]
        return paid.reshape(states, draws)


def _choose_options(rollouts: _Rollouts) -> NDArray[np.int64]:
    """Return the best option of each state, or `UNCHANGED`, by successive halving, [states]."""
    states = len(rollouts.records)
    tried = rollouts.open_options()
    sums = np.zeros((states, rollouts.game.mask_width))
    squares = np.zeros_like(sums)
    for draws, kept in ROUNDS:
        rollouts.draw(draws)
        unchanged = rollouts.value(np.full(states, UNCHANGED))
        for place in range(max((len(each) for each in tried), default=0)):
            options = np.array([each[place] if place < len(each) else UNCHANGED for each in tried])
            gains = rollouts.value(options) - unchanged
            there = np.flatnonzero(options != UNCHANGED)
            sums[there, options[there]] += gains[there].sum(axis=1)
            squares[there, options[there]] += (gains[there] ** 2).sum(axis=1)
        tried = [
            each[np.argsort(-sums[state, each], kind="stable")[:kept]]
            for state, each in enumerate(tried)
        ]
    means = sums / DRAWS
    errors = np.sqrt(np.maximum(squares / DRAWS - means**2, 0.0) / (DRAWS - 1))
    least = np.maximum(SURE * errors, ROUNDING)
    return np.array(
        [
            each[0] if len(each) and means[state, each[0]] > least[state, each[0]] else UNCHANGED
            for state, each in enumerate(tried)
        ]
    )
