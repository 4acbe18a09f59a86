"""Doctrines of the full game: schools of the literature as short rules of thumb.

Each sets what a power spends, with whom it allies, whom it presses, and how it answers pressure. A
doctrine is a set of numbers (`Traits`) with a few rules; `population` draws variations of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.columns import column, columns_of
from counterpoise.envs.engine.errors import unknown_name
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.grand_strategy import GAME, Parameters
from counterpoise.envs.grand_strategy.perception import FEATURES, SEES
from counterpoise.envs.grand_strategy.world import (
    BUDGET,
    CHOICES,
    CONCEDE,
    FIGHT,
    FIGHT_IF_LIKELY,
    KEEP,
    MOBILISE,
    OFFER,
    PAY,
    REFUSE,
    RESIST,
    SPENDING,
    WITHDRAW,
)

LEVELS = {line.name: np.array(line.levels) for line in BUDGET}
# What an offer on the table, or an alliance that exists, adds to the value of an ally.
AT_HAND = 0.25

Row = NDArray[np.float64]
Truth = NDArray[np.bool_]


class Sight:
    """A batch of observations by name: features of the power itself [n], of others [n, others]."""

    def __init__(self, observations: NDArray[np.float32], powers: int) -> None:
        self._columns: dict[str, NDArray[np.float64]] = {}
        self.count, self.others = len(observations), powers - 1
        for feature in FEATURES:
            found = getattr(SEES, feature.name)
            if feature.others:
                seen = observations[:, columns_of(found, self.others)]
            else:
                seen = observations[:, column(found, self.others)]
            self._columns[feature.name] = seen.astype(np.float64)

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]

    @property
    def allied(self) -> Truth:
        """Who is an ally, [n, others]."""
        return np.asarray(self["allied"] > 0.5)

    @property
    def strangers(self) -> Truth:
        """Who is in the game and no ally, [n, others]."""
        return np.asarray((self["other_alive"] > 0.5) & ~self.allied)

    @property
    def may_embargo(self) -> Truth:
        """Whom the power may embargo: strangers that have not paid for peace, [n, others]."""
        return np.asarray(self.strangers & (self["settled"] < 0.5))

    @property
    def leaving(self) -> Truth:
        """Which allies the power may leave, [n, others]."""
        return np.asarray(self.allied & (self["bound"] < 0.5))

    @property
    def threat(self) -> Row:
        """The odds of each stranger's attack; 0 for allies and the fallen."""
        return np.where(self.strangers, self["threat"], 0.0)

    @property
    def worst(self) -> Row:
        """The odds of the most threatening attack, [n]."""
        return np.asarray(self.threat.max(axis=1))

    def is_worst(self) -> Truth:
        """Return whose attack that is, [n, others]."""
        return np.asarray((self.threat >= self.worst[:, None]) & (self.threat > 0.0))


@dataclasses.dataclass(frozen=True)
class Traits:
    """The numbers of a doctrine: budget lines by name, as shares of product, and thresholds."""

    welfare: float = 0.20
    research: float = 0.025
    industry: float = 0.02
    supply: float = 0.0025
    stockpile: float = 0.0025
    integration: float = 0.25
    aid: float = 0.0
    debt: float = 0.6
    """Target of debt, over product."""
    least_arms: float = 0.1
    """Target of arms without a threat, over product."""
    most_arms: float = 0.5
    """Target of arms under the greatest threat, over product."""
    alarm: float = 0.45
    """Odds of an attack above which arms are raised, fully at 0.3 more."""
    readiness: float = 0.7
    """Target of readiness."""
    allies: int = 0
    """Maximum number of allies sought."""
    boldness: float = 2.0
    """Odds above which a demand is made; with more than 1 never."""
    least_issue: float = 0.75
    """Stake, over the usual one, below which nothing is demanded."""
    firmness: float = 0.8
    """Odds of an attack, plus the cost of a war, above which a demand is conceded."""
    endurance: float = 1.0
    """Loss of product above which an embargo is bought off; with 1 never."""


@dataclasses.dataclass
class Decision:
    """Decisions of a batch of powers by the names of `CHOICES`: [n], or [n, others]."""

    budget: dict[str, Row]
    default: Truth
    stand: NDArray[np.int64]
    demand: NDArray[np.int64]
    embargo: NDArray[np.int64]
    diplomacy: NDArray[np.int64]
    resolve: NDArray[np.int64]
    buy_off: NDArray[np.int64]
    honour: Truth


class Doctrine(Strategy):
    """The base of all doctrines: it balances its budget, seeks no allies and makes no demands.

    Parameters
    ----------
    parameters : Parameters
    power : int
    traits : Traits, optional
        By default those of the class.
    """

    name = "doctrine"
    traits = Traits()

    def __init__(self, parameters: Parameters, power: int, traits: Traits | None = None) -> None:
        self._powers = parameters.powers
        self._tribute = parameters.tribute
        self._embargo_damage = parameters.embargo_damage
        self._upkeep = parameters.upkeep
        self._decay = parameters.arms_decay + parameters.usual_growth
        self._style = ""
        if traits is not None:
            self.traits = traits

    def in_style(self, style: str) -> Strategy:
        """Return this doctrine for the game in another style of actions."""
        self._style = style
        return self

    # -- what makes a doctrine -----------------------------------------------------------------

    def wanted_arms(self, seen: Sight) -> Row:
        """Return the target of arms, over product, [n]."""
        alarm = np.clip((seen.worst - self.traits.alarm) / 0.3, 0.0, 1.0)
        calm, full = self.traits.least_arms, self.traits.most_arms
        return np.asarray(calm + (full - calm) * alarm)

    def wanted_allies(self, seen: Sight) -> Truth:
        """Return the allies sought, [n, others]."""
        return np.zeros((seen.count, seen.others), np.bool_)

    def targets(self, seen: Sight) -> Row:
        """Return the value of each target, [n, others]; a demand is made of the most valuable."""
        free = seen.strangers & (seen["truce"] < 0.5) & (seen["pause"] < 0.5)[:, None]
        free &= seen["issue"] > self.traits.least_issue
        return np.where(free, seen["prospect"], -1.0)

    def embargoes(self, seen: Sight) -> Row:
        """Return the value of an embargo of each other power, [n, others]; none below 0."""
        return np.full((seen.count, seen.others), -1.0)

    def yields(self, seen: Sight) -> Truth:
        """Return to whose demands to concede: the odds and the cost of a war are too high."""
        return np.asarray(seen["threat"] + seen["war_cost"][:, None] > self.traits.firmness)

    def resolve(self, seen: Sight) -> NDArray[np.int64]:
        """Return the answer to a demand by each other power, [n, others]."""
        return np.where(self.yields(seen), CONCEDE, RESIST)

    def buys_off(self, seen: Sight) -> Truth:
        """Return whose embargoes to buy off, [n, others]: where tribute costs less."""
        open_part = (1.0 - seen["resilience"]) * (1.0 - 0.5 * seen["reserves"])
        loss = self._embargo_damage * seen["dependence"] * open_part[:, None] / seen.others
        return np.asarray((loss > self.traits.endurance) & (self._tribute < 1.0))

    def honours(self, seen: Sight) -> Truth:
        """Return which allies to help if called, [n, others]."""
        return np.ones((seen.count, seen.others), np.bool_)

    def stands(self, seen: Sight) -> NDArray[np.int64]:
        """Return what to do if a demand is resisted, [n]."""
        return np.full(seen.count, FIGHT_IF_LIKELY)

    def defaults(self, seen: Sight) -> Truth:
        """Return whether to default, [n]."""
        return np.zeros(seen.count, np.bool_)

    def spend(self, seen: Sight, budget: dict[str, Row]) -> None:
        """Change the usual budget."""

    # -- the common part -----------------------------------------------------------------------

    def decide(self, seen: Sight) -> Decision:
        """Return the decisions."""
        traits, count = self.traits, seen.count
        wanted = self.wanted_arms(seen)
        procurement = self._decay * wanted + 0.3 * (wanted - seen["arms"])
        # Lines that no trait sets stay at their lowest.
        budget = {
            line.name: np.full(count, getattr(traits, line.name, line.lowest)) for line in BUDGET
        }
        upkeep = self._upkeep * traits.readiness * seen["arms"]
        budget["procurement"] = within("procurement", procurement)
        budget["upkeep"] = within("upkeep", upkeep)
        # Reserves are filled, and filled up again once some are lost.
        budget["stockpile"] = np.where(seen["reserves"] > 0.9, 0.0, traits.stockpile)
        self.spend(seen, budget)
        budget = {line: levels_near(line, amount) for line, amount in budget.items()}
        spent = sum(budget[line] for line in SPENDING)
        spent = spent + budget["aid"] * (seen["allies"] > 0)
        # Debt converges to its target, which grows with the economy.
        due = seen["interest"] * seen["debt"] - 0.02 * traits.debt
        surplus = np.clip(0.15 * (seen["debt"] - traits.debt), -0.03, 0.03)
        budget["tax"] = levels_near("tax", within("tax", spent + due + surplus))
        return Decision(
            budget=budget,
            default=self.defaults(seen),
            stand=self.stands(seen),
            demand=_of_best(self.targets(seen), self.traits.boldness),
            embargo=_of_best(np.where(seen.may_embargo, self.embargoes(seen), -1.0), 0.0),
            diplomacy=self._diplomacy(seen),
            resolve=self.resolve(seen),
            buy_off=np.where(self.buys_off(seen), PAY, REFUSE),
            honour=self.honours(seen),
        )

    def _diplomacy(self, seen: Sight) -> NDArray[np.int64]:
        wanted = self.wanted_allies(seen)
        leaves = seen.leaving & ~wanted
        return np.where(leaves, WITHDRAW, np.where(wanted & ~seen.allied, OFFER, KEEP))

    def _best_allies(self, seen: Sight, value: Row, eligible: Truth) -> Truth:
        """Return the most valuable eligible allies, no more than the traits say, [n, others].

        Allies that are bound count first; an offer on the table, or an alliance that exists, adds
        to the value.
        """
        stays = seen.allied & ~seen.leaving
        value = value + AT_HAND * (seen.allied | (seen["its_offer"] > 0.5))
        return most_wanted(np.where(stays, np.inf, value), eligible | stays, self.traits.allies)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return the choices of a batch, or its amounts in the continuous style."""
        done = self.decide(Sight(observations, self._powers))
        decided = [
            self._decided(done, part.name).reshape(len(observations), -1) for part in CHOICES
        ]
        together = np.concatenate(decided, axis=1)
        return together.astype(np.float64) if self._style else together.astype(np.int64)

    def _decided(self, done: Decision, part: str) -> NDArray[Any]:
        if part not in done.budget:
            return np.asarray(getattr(done, part))
        amounts = done.budget[part]
        return amounts if self._style else level_numbers(part, amounts)


def within(line: str, amounts: Row) -> Row:
    """Return amounts within the bounds of a budget line."""
    levels = LEVELS[line]
    return np.asarray(np.clip(amounts, levels[0], levels[-1]))


def level_numbers(line: str, amounts: Row) -> NDArray[np.int64]:
    """Return the numbers of the levels nearest to some amounts."""
    levels = LEVELS[line]
    return np.asarray(np.searchsorted(0.5 * (levels[1:] + levels[:-1]), amounts))


def levels_near(line: str, amounts: Row) -> Row:
    """Return the levels nearest to some amounts."""
    return np.asarray(LEVELS[line][level_numbers(line, amounts)])


def _of_best(value: Row, threshold: float) -> NDArray[np.int64]:
    """Return an order about the other power of highest value, if above a threshold, [n]."""
    return np.where(value.max(axis=1) > threshold, 1 + value.argmax(axis=1), 0)


def most_wanted(value: Row, eligible: Truth, count: int) -> Truth:
    """Return the up to `count` eligible others of highest value, [n, others]."""
    ranked = np.where(eligible, value, -np.inf)
    order = np.argsort(-ranked, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(value.shape[1])[None], axis=1)
    return np.asarray(eligible & (rank < count))


# -- internal balancing ------------------------------------------------------------------------


class InternalBalancer(Doctrine):
    """Relies on its own arms and growth, without allies (Waltz 1979, pp. 118 and 168)."""

    name = "internal balancer"
    traits = Traits(least_arms=0.15, most_arms=0.6, alarm=0.3, research=0.03, industry=0.03)


class TitForTatArmer(Doctrine):
    """Matches the others' defence spending of last year (Axelrod 1984; Richardson's race)."""

    name = "tit-for-tat armer"

    def spend(self, seen: Sight, budget: dict[str, Row]) -> None:
        """Match the others' mean spending."""
        alive = seen["other_alive"] > 0.5
        mean = (seen["other_defence"] * alive).sum(axis=1) / np.maximum(alive.sum(axis=1), 1)
        budget["procurement"] = within("procurement", mean - budget["upkeep"])


class GrimArmer(Doctrine):
    """Arms lightly until another power arms heavily, then permanently (Friedman 1971).

    Its own large stock of arms serves as its memory.
    """

    name = "grim armer"
    traits = Traits(least_arms=0.12, most_arms=0.5)

    def wanted_arms(self, seen: Sight) -> Row:
        """Return the small stock, or the large one after a provocation."""
        provoked = (seen["other_defence"].max(axis=1) > 0.035) | (seen["arms"] > 0.3)
        return np.where(provoked, self.traits.most_arms, self.traits.least_arms)


class Isolationist(Doctrine):
    """Avoids alliances and disputes, and invests in resilience (Layne 1997)."""

    name = "isolationist"
    traits = Traits(least_arms=0.15, most_arms=0.3, supply=0.005, stockpile=0.005, firmness=0.9)


class EconomicNationalist(Doctrine):
    """Seeks autarky and exploits the dependence of others (List 1841; Hirschman 1945)."""

    name = "economic nationalist"
    traits = Traits(
        supply=0.01, stockpile=0.01, industry=0.05, integration=0.5, least_arms=0.15, most_arms=0.4
    )

    def embargoes(self, seen: Sight) -> Row:
        """Embargo the power that it would hurt most, where its own losses are much smaller."""
        hurt = seen["other_dependence"] * (1.0 - seen["other_resilience"])
        own = seen["dependence"] * (1.0 - seen["resilience"])[:, None]
        return np.asarray(hurt - own - 0.25)


class Debtor(Doctrine):
    """Borrows for welfare and arms, and defaults when credit ends."""

    name = "debtor"
    traits = Traits(debt=1.7, welfare=0.25, least_arms=0.2, most_arms=0.4, endurance=0.01)

    def defaults(self, seen: Sight) -> Truth:
        """Default near the debt limit."""
        return np.asarray(seen["debt"] > 1.65)


# -- external balancing ------------------------------------------------------------------------


class ThreatBalancer(Doctrine):
    """Allies against the greatest threat, and arms as well (Walt 1987, pp. 21-26)."""

    name = "threat balancer"
    traits = Traits(least_arms=0.12, most_arms=0.4, alarm=0.4, allies=2, firmness=0.9, aid=0.0025)

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek reliable, near powers other than the greatest threat."""
        alive = seen["other_alive"] > 0.5
        reach = seen["proximity"] * seen["other_standing"]
        safe = alive & ~(seen.is_worst() & (seen.worst > 0.3)[:, None])
        return self._best_allies(seen, reach, safe & (seen["other_standing"] > 0.4))

    def spend(self, seen: Sight, budget: dict[str, Row]) -> None:
        """Subsidise allies, which commits them, while the threat is great."""
        budget["aid"] = np.where(seen.worst > self.traits.alarm, budget["aid"], 0.0)

    def resolve(self, seen: Sight) -> NDArray[np.int64]:
        """Mobilise and resist, unless the odds are hopeless."""
        return np.where(self.yields(seen), CONCEDE, MOBILISE)


class Bandwagoner(Doctrine):
    """Allies with the strongest, and makes demands of the weak (Schweller 1994)."""

    name = "bandwagoner"
    traits = Traits(least_arms=0.12, most_arms=0.2, allies=1, boldness=0.75, firmness=0.5)

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek the strongest power."""
        strength = seen["other_size"] + seen["other_arms"]
        return self._best_allies(seen, strength, seen["other_alive"] > 0.5)

    def honours(self, seen: Sight) -> Truth:
        """Help allies that are stronger than itself."""
        return np.asarray(seen["other_arms"] + seen["other_size"] > 0.0)


class BuckPasser(Doctrine):
    """Takes allies and leaves the fighting to them (Christensen and Snyder 1990)."""

    name = "buck-passer"
    traits = Traits(least_arms=0.12, most_arms=0.25, alarm=0.5, allies=2, endurance=0.01)

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek near powers that honour their pledges."""
        eligible = (seen["other_alive"] > 0.5) & (seen["other_standing"] > 0.6)
        return self._best_allies(seen, seen["proximity"], eligible)

    def honours(self, seen: Sight) -> Truth:
        """Help nobody."""
        return np.zeros((seen.count, seen.others), np.bool_)


class ChainGanger(Doctrine):
    """Allies with everyone and joins their wars at once (Christensen and Snyder 1990)."""

    name = "chain-ganger"
    traits = Traits(least_arms=0.15, most_arms=0.4, alarm=0.35, allies=7, firmness=2.0)

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek every power, and never withdraw."""
        return self._best_allies(seen, seen["proximity"], seen["other_alive"] > 0.5)

    def resolve(self, seen: Sight) -> NDArray[np.int64]:
        """Always mobilise and resist."""
        return np.full((seen.count, seen.others), MOBILISE)


class FreeRider(Doctrine):
    """Takes every alliance and spends little on arms (Olson and Zeckhauser 1966)."""

    name = "free rider"
    traits = Traits(
        least_arms=0.05, most_arms=0.08, allies=7, research=0.03, industry=0.03, endurance=0.01
    )

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek every power that honours its pledges."""
        eligible = (seen["other_alive"] > 0.5) & (seen["other_standing"] > 0.5)
        return self._best_allies(seen, seen["proximity"], eligible)


class Hedger(Doctrine):
    """Holds some arms, one ally and full reserves, as insurance against each other (Kuik 2008)."""

    name = "hedger"
    traits = Traits(
        least_arms=0.15, most_arms=0.35, supply=0.005, stockpile=0.01, allies=1, debt=0.4,
        endurance=0.02,
    )  # fmt: skip

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek the most reliable near power, with or without a threat."""
        alive = seen["other_alive"] > 0.5
        reach = seen["proximity"] * seen["other_standing"]
        return self._best_allies(seen, reach, alive & (seen["other_standing"] > 0.6))

    def honours(self, seen: Sight) -> Truth:
        """Help allies that honour their pledges with odds above one half."""
        return np.asarray(seen["other_standing"] > 0.5)


# -- coercion, or none -------------------------------------------------------------------------


class Hawk(Doctrine):
    """Arms heavily, and makes demands where it would win (Mearsheimer 2001)."""

    name = "hawk"
    traits = Traits(
        least_arms=0.35, most_arms=0.5, alarm=0.3, boldness=0.6, firmness=2.0, welfare=0.18
    )

    def resolve(self, seen: Sight) -> NDArray[np.int64]:
        """Always mobilise and resist."""
        return np.full((seen.count, seen.others), MOBILISE)


class Warmonger(Hawk):
    """A hawk that never backs down."""

    name = "warmonger"

    def stands(self, seen: Sight) -> NDArray[np.int64]:
        """Always fight."""
        return np.full(seen.count, FIGHT)


class Dove(Doctrine):
    """Arms very little, makes no demands, and concedes early (Jervis 1976, the spiral model)."""

    name = "dove"
    traits = Traits(
        least_arms=0.03, most_arms=0.05, firmness=0.5, welfare=0.21, industry=0.03, endurance=0.0
    )


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "internal_balancer": InternalBalancer,
    "threat_balancer": ThreatBalancer,
    "bandwagoner": Bandwagoner,
    "buck_passer": BuckPasser,
    "chain_ganger": ChainGanger,
    "free_rider": FreeRider,
    "hedger": Hedger,
    "hawk": Hawk,
    "warmonger": Warmonger,
    "dove": Dove,
    "grim_armer": GrimArmer,
    "tit_for_tat_armer": TitForTatArmer,
    "isolationist": Isolationist,
    "economic_nationalist": EconomicNationalist,
    "debtor": Debtor,
}


# Traits that orders depend on are thresholds, which define a doctrine: variations keep them.
THRESHOLDS = ("boldness", "least_issue", "firmness", "alarm", "endurance")


def varied(
    kind: type[Doctrine],
    parameters: Parameters,
    power: int,
    rng: np.random.Generator,
    spread: float,
) -> Doctrine:
    """Return a doctrine with each share multiplied by a lognormal factor.

    `spread` is the standard deviation of the factor's logarithm; thresholds are kept.
    """
    changes: dict[str, Any] = {
        field.name: value * float(np.exp(spread * rng.standard_normal()))
        for field in dataclasses.fields(Traits)
        if isinstance(value := getattr(kind.traits, field.name), float)
        and field.name not in THRESHOLDS
    }
    return kind(parameters, power, dataclasses.replace(kind.traits, **changes))


def population(
    parameters: Parameters,
    rng: np.random.Generator,
    *,
    names: Sequence[str] | None = None,
    spread: float = 0.25,
) -> list[Strategy]:
    """Draw a profile: one doctrine per power, with varied shares.

    Parameters
    ----------
    parameters : Parameters
    rng : numpy.random.Generator
    names : sequence of str, optional
        Doctrines to draw from; all by default.
    spread : float
        Standard deviation of the logarithm of the factor on each share.

    Returns
    -------
    list of Strategy, [powers]
    """
    known = list(DOCTRINES) if names is None else list(names)
    for name in known:
        if name not in DOCTRINES:
            raise unknown_name(f"doctrine of {GAME.name}", name, DOCTRINES)
    drawn: list[Strategy] = []
    for power in range(parameters.powers):
        kind: Any = DOCTRINES[known[int(rng.integers(len(known)))]]
        drawn.append(varied(kind, parameters, power, rng, spread))
    return drawn
