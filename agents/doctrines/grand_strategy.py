"""Doctrines of the full game: the schools of the literature as short rules of thumb.

Each says what a power spends, with whom it allies, whom it presses, and how it answers. Numbers are
traits (`Traits`): a doctrine is a set of them with a few rules, and `population` draws variations.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import unknown_name
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.grand_strategy import GAME, Parameters
from counterpoise.envs.grand_strategy.perception import FEATURES
from counterpoise.envs.grand_strategy.world import (
    BUDGET,
    CONCEDE,
    DEMAND,
    EMBARGO,
    FIGHT,
    FIGHT_IF_LIKELY,
    MOBILISE,
    OFFER,
    RESIST,
    WITHDRAW,
)

LINES = tuple(line.name for line in BUDGET)
LEVELS = {line.name: np.array(line.levels) for line in BUDGET}

Row = NDArray[np.float64]
Truth = NDArray[np.bool_]


class Sight:
    """A batch of observations by name: a feature of one's own is [n], of the others [n, others]."""

    def __init__(self, observations: NDArray[np.float32], powers: int) -> None:
        self._columns: dict[str, NDArray[np.float64]] = {}
        self.count, self.others = len(observations), powers - 1
        at = 0
        for feature in FEATURES:
            width = self.others if feature.others else 1
            part = observations[:, at : at + width].astype(np.float64)
            self._columns[feature.name] = part if feature.others else part[:, 0]
            at += width

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]

    @property
    def allied(self) -> Truth:
        """Who is an ally, [n, others]."""
        return np.asarray(self["allied"] > 0.5)

    @property
    def strangers(self) -> Truth:
        """Who lives and is no ally, [n, others]."""
        return np.asarray((self["other_alive"] > 0.5) & ~self.allied)

    @property
    def threat(self) -> Row:
        """The odds of each stranger's attack; 0 for allies and the fallen."""
        return np.where(self.strangers, self["threat"], 0.0)

    @property
    def worst(self) -> Row:
        """The odds of the most dangerous attack, [n]."""
        return np.asarray(self.threat.max(axis=1))

    def is_worst(self) -> Truth:
        """Return who that danger comes from, [n, others]."""
        return np.asarray((self.threat >= self.worst[:, None]) & (self.threat > 0.0))


@dataclasses.dataclass(frozen=True)
class Traits:
    """The numbers of a doctrine; shares are of product."""

    welfare: float = 0.20
    research: float = 0.025
    industry: float = 0.02
    supply: float = 0.007
    stockpile: float = 0.01
    integration: float = 0.25
    aid: float = 0.0
    debt: float = 0.6
    """What debt is steered to."""
    least_arms: float = 0.1
    """The stock of arms in calm, over product."""
    most_arms: float = 0.5
    """The stock of arms under the worst threat."""
    alarm: float = 0.4
    """The odds of an attack from which arms are raised, in full at .3 above."""
    readiness: float = 0.7
    allies: int = 0
    """How many allies are wanted."""
    boldness: float = 2.0
    """The odds from which a demand is made; above 1 none is."""
    firmness: float = 0.8
    """Demands are conceded to attacks of better odds than this."""


@dataclasses.dataclass
class Decision:
    """What a batch of powers does: budget lines [n], orders [n] and [n, others]."""

    budget: dict[str, Row]
    stance: NDArray[np.int64]
    resolve: NDArray[np.int64]
    honour: Truth
    stand: NDArray[np.int64]
    default: Truth


class Doctrine(Strategy):
    """A rule of thumb: the common part, which balances its books and keeps to itself.

    Parameters
    ----------
    parameters : Parameters
    power : int
    traits : Traits, optional
        Other numbers than the doctrine's own.
    """

    name = "doctrine"
    traits = Traits()

    def __init__(self, parameters: Parameters, power: int, traits: Traits | None = None) -> None:
        self._powers = parameters.powers
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
        """Return the stock of arms to have, over product, [n]."""
        alarm = np.clip((seen.worst - self.traits.alarm) / 0.3, 0.0, 1.0)
        calm, full = self.traits.least_arms, self.traits.most_arms
        return np.asarray(calm + (full - calm) * alarm)

    def wanted_allies(self, seen: Sight) -> Truth:
        """Return with whom to be allied, [n, others]."""
        return np.zeros((seen.count, seen.others), np.bool_)

    def targets(self, seen: Sight) -> Row:
        """Return how inviting each other power is to press; a demand is made of the best."""
        free = seen.strangers & (seen["truce"] < 0.5)
        return np.where(free, seen["prospect"], -1.0)

    def embargoes(self, seen: Sight) -> Truth:
        """Return whom to embargo, [n, others]."""
        return np.zeros((seen.count, seen.others), np.bool_)

    def resolve(self, seen: Sight) -> NDArray[np.int64]:
        """Return the answer to each other's pressure, [n, others]."""
        yields = seen["threat"] > self.traits.firmness
        return np.where(yields, CONCEDE, RESIST)

    def honours(self, seen: Sight) -> Truth:
        """Return whom to help if called, [n, others]."""
        return np.ones((seen.count, seen.others), np.bool_)

    def stands(self, seen: Sight) -> NDArray[np.int64]:
        """Return what to do when a demand is resisted, [n]."""
        return np.full(seen.count, FIGHT_IF_LIKELY)

    def defaults(self, seen: Sight) -> Truth:
        """Return whether to repudiate the debt, [n]."""
        return np.zeros(seen.count, np.bool_)

    def spend(self, seen: Sight, budget: dict[str, Row]) -> None:
        """Change the usual budget."""

    # -- the common part -----------------------------------------------------------------------

    def decide(self, seen: Sight) -> Decision:
        """Return what is done."""
        traits, count = self.traits, seen.count
        wanted = self.wanted_arms(seen)
        procurement = self._decay * wanted + 0.3 * (wanted - seen["arms"])
        budget = {
            "procurement": np.clip(procurement, 0.0, 0.12),
            "upkeep": np.clip(self._upkeep * traits.readiness * seen["arms"], 0.0, 0.05),
            "integration": np.full(count, traits.integration),
            "aid": np.full(count, traits.aid),
        }
        for line in ("research", "industry", "supply", "stockpile", "welfare"):
            budget[line] = np.full(count, getattr(traits, line))
        # Reserves that are full need only be kept.
        full = seen["reserves"] > 0.9
        budget["stockpile"] = np.where(
            full, np.minimum(budget["stockpile"], 0.01), traits.stockpile
        )
        self.spend(seen, budget)
        budget = {line: levels_near(line, amount) for line, amount in budget.items()}
        spent = sum(budget[line] for line in LINES[1:8]) + budget["aid"] * (seen["allies"] > 0)
        # Debt is steered to its target; it may grow with the economy.
        due = seen["interest"] * seen["debt"] - 0.02 * traits.debt
        surplus = np.clip(0.15 * (seen["debt"] - traits.debt), -0.03, 0.03)
        budget["tax"] = levels_near("tax", np.clip(spent + due + surplus, 0.05, 0.45))
        return Decision(
            budget=budget,
            stance=self._stances(seen),
            resolve=self.resolve(seen),
            honour=self.honours(seen),
            stand=self.stands(seen),
            default=self.defaults(seen),
        )

    def _stances(self, seen: Sight) -> NDArray[np.int64]:
        wanted = self.wanted_allies(seen)
        stance = np.where(seen.allied, np.where(wanted, 0, WITHDRAW), np.where(wanted, OFFER, 0))
        stance[self.embargoes(seen) & seen.strangers] = EMBARGO
        value = self.targets(seen)
        best = value.argmax(axis=1)
        rows = np.flatnonzero(value.max(axis=1) > self.traits.boldness)
        stance[rows, best[rows]] = DEMAND
        return stance

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        """Return the choices of a batch, or with a continuous style the amounts."""
        done = self.decide(Sight(observations, self._powers))
        orders = [done.default[:, None], done.stand[:, None], done.stance, done.resolve]
        orders.append(done.honour)
        if self._style:
            amounts = [done.budget[line][:, None] for line in LINES]
            return np.concatenate([*amounts, *orders], axis=1).astype(np.float64)
        chosen = [level_numbers(line, done.budget[line])[:, None] for line in LINES]
        return np.concatenate([*chosen, *orders], axis=1).astype(np.int64)


def level_numbers(line: str, amounts: Row) -> NDArray[np.int64]:
    """Return the numbers of the levels of a budget line that are nearest to some amounts."""
    levels = LEVELS[line]
    return np.asarray(np.searchsorted(0.5 * (levels[1:] + levels[:-1]), amounts))


def levels_near(line: str, amounts: Row) -> Row:
    """Return the levels of a budget line that are nearest to some amounts."""
    return np.asarray(LEVELS[line][level_numbers(line, amounts)])


def most_wanted(value: Row, eligible: Truth, count: int) -> Truth:
    """Return the `count` eligible others of highest value, [n, others]."""
    ranked = np.where(eligible, value, -np.inf)
    order = np.argsort(-ranked, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(value.shape[1])[None], axis=1)
    return np.asarray(eligible & (rank < count))


# -- internal balancing ------------------------------------------------------------------------


class InternalBalancer(Doctrine):
    """Relies on its own arms and growth, and allies with no one (Waltz 1979, pp. 118 and 168)."""

    name = "internal balancer"
    traits = Traits(least_arms=0.15, most_arms=0.6, alarm=0.3, research=0.03, industry=0.03)


class TitForTatArmer(Doctrine):
    """Spends on defence what the others spent last year (Axelrod 1984; Richardson's race)."""

    name = "tit-for-tat armer"

    def spend(self, seen: Sight, budget: dict[str, Row]) -> None:
        """Match the others' mean."""
        alive = seen["other_alive"] > 0.5
        mean = (seen["other_defence"] * alive).sum(axis=1) / np.maximum(alive.sum(axis=1), 1)
        budget["procurement"] = np.clip(mean - budget["upkeep"], 0.0, 0.12)


class GrimArmer(Doctrine):
    """Arms little until another arms much, and then for good (Friedman 1971).

    Its own large stock is what it remembers by.
    """

    name = "grim armer"
    traits = Traits(least_arms=0.12, most_arms=0.5)

    def wanted_arms(self, seen: Sight) -> Row:
        """Return the small stock, or the large one once provoked."""
        provoked = (seen["other_defence"].max(axis=1) > 0.035) | (seen["arms"] > 0.3)
        return np.where(provoked, self.traits.most_arms, self.traits.least_arms)


class Isolationist(Doctrine):
    """Keeps out of alliances and quarrels, behind its own resilience (Layne 1997)."""

    name = "isolationist"
    traits = Traits(least_arms=0.15, most_arms=0.3, supply=0.02, stockpile=0.02, firmness=0.9)


class EconomicNationalist(Doctrine):
    """Seeks autarky and uses the dependence of others (List 1841; Hirschman 1945)."""

    name = "economic nationalist"
    traits = Traits(
        supply=0.03, stockpile=0.02, industry=0.05, integration=0.5, least_arms=0.15, most_arms=0.4
    )

    def embargoes(self, seen: Sight) -> Truth:
        """Embargo the one that depends on it most, once it is insulated itself."""
        dependent = seen["other_dependence"] - seen["dependence"]
        ready = (seen["resilience"] > 0.5)[:, None] & (seen["dependence"] < 2.0)
        worth = dependent - 2.0 * seen["other_resilience"]
        return most_wanted(worth, seen.strangers & ready & (worth > -0.8), 1)


class Debtor(Doctrine):
    """Spends on welfare and arms what it borrows, and defaults when credit ends."""

    name = "debtor"
    traits = Traits(debt=1.7, welfare=0.25, least_arms=0.2, most_arms=0.4)

    def defaults(self, seen: Sight) -> Truth:
        """Default near the limit of lending."""
        return np.asarray(seen["debt"] > 1.65)


# -- external balancing ------------------------------------------------------------------------


class ThreatBalancer(Doctrine):
    """Allies against whoever threatens most, and arms as well (Walt 1987, pp. 21-26)."""

    name = "threat balancer"
    traits = Traits(least_arms=0.12, most_arms=0.4, alarm=0.4, allies=2, firmness=0.9)

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek the reliable and near that are not the threat."""
        alive = seen["other_alive"] > 0.5
        reach = seen["proximity"] * seen["other_standing"]
        safe = alive & ~(seen.is_worst() & (seen.worst > 0.3)[:, None])
        return most_wanted(reach, safe & (seen["other_standing"] > 0.4), self.traits.allies)

    def resolve(self, seen: Sight) -> NDArray[np.int64]:
        """Mobilise and resist, unless it is hopeless."""
        yields = seen["threat"] > self.traits.firmness
        return np.where(yields, CONCEDE, MOBILISE)


class Bandwagoner(Doctrine):
    """Sides with the strong, and preys on the weak when it can (Schweller 1994)."""

    name = "bandwagoner"
    traits = Traits(least_arms=0.12, most_arms=0.2, allies=1, boldness=0.75, firmness=0.5)

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek the strongest."""
        strength = seen["other_size"] + seen["other_arms"]
        return most_wanted(strength, seen["other_alive"] > 0.5, self.traits.allies)

    def honours(self, seen: Sight) -> Truth:
        """Help those that are stronger than it is."""
        return np.asarray(seen["other_arms"] + seen["other_size"] > 0.0)


class BuckPasser(Doctrine):
    """Takes allies for cover and leaves the fighting to them (Christensen and Snyder 1990)."""

    name = "buck-passer"
    traits = Traits(least_arms=0.12, most_arms=0.25, alarm=0.5, allies=2)

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek anyone that comes when called."""
        eligible = (seen["other_alive"] > 0.5) & (seen["other_standing"] > 0.6)
        return most_wanted(seen["proximity"], eligible, self.traits.allies)

    def honours(self, seen: Sight) -> Truth:
        """Stay away."""
        return np.zeros((seen.count, seen.others), np.bool_)


class ChainGanger(Doctrine):
    """Ties itself to others and marches with them at once (Christensen and Snyder 1990)."""

    name = "chain-ganger"
    traits = Traits(least_arms=0.15, most_arms=0.4, alarm=0.35, allies=7, firmness=2.0)

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek everyone, and never leave."""
        return most_wanted(seen["proximity"], seen["other_alive"] > 0.5, self.traits.allies)

    def resolve(self, seen: Sight) -> NDArray[np.int64]:
        """Mobilise, always."""
        return np.full((seen.count, seen.others), MOBILISE)


class FreeRider(Doctrine):
    """Takes every alliance, spends next to nothing on arms (Olson and Zeckhauser 1966)."""

    name = "free rider"
    traits = Traits(least_arms=0.05, most_arms=0.08, allies=7, research=0.03, industry=0.03)

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek everyone that comes when called."""
        eligible = (seen["other_alive"] > 0.5) & (seen["other_standing"] > 0.5)
        return most_wanted(seen["proximity"], eligible, self.traits.allies)


class Hedger(Doctrine):
    """Some arms, one ally, full reserves: insured against each of them failing (Kuik 2008)."""

    name = "hedger"
    traits = Traits(
        least_arms=0.15, most_arms=0.35, supply=0.01, stockpile=0.02, allies=1, debt=0.4
    )

    def wanted_allies(self, seen: Sight) -> Truth:
        """Seek the most reliable that is near, in danger or not."""
        alive = seen["other_alive"] > 0.5
        reach = seen["proximity"] * seen["other_standing"]
        return most_wanted(reach, alive & (seen["other_standing"] > 0.6), self.traits.allies)

    def honours(self, seen: Sight) -> Truth:
        """Help only those whose record is better than even."""
        return np.asarray(seen["other_standing"] > 0.5)


# -- pressing others, or no one ----------------------------------------------------------------


class Hawk(Doctrine):
    """Arms to demand, and demands where it would win (Mearsheimer 2001)."""

    name = "hawk"
    traits = Traits(
        least_arms=0.35, most_arms=0.5, alarm=0.3, boldness=0.55, firmness=2.0, welfare=0.18
    )

    def resolve(self, seen: Sight) -> NDArray[np.int64]:
        """Resist, always."""
        return np.full((seen.count, seen.others), MOBILISE)


class Warmonger(Hawk):
    """A hawk that never backs down."""

    name = "warmonger"

    def stands(self, seen: Sight) -> NDArray[np.int64]:
        """Fight."""
        return np.full(seen.count, FIGHT)


class Dove(Doctrine):
    """Hardly arms, demands nothing, and gives way (Jervis 1976, the spiral model)."""

    name = "dove"
    traits = Traits(least_arms=0.03, most_arms=0.05, firmness=0.5, welfare=0.21, industry=0.03)


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


# What is said in odds is a threshold, and a doctrine is known by it.
THRESHOLDS = ("boldness", "firmness", "alarm")


def varied(
    kind: type[Doctrine],
    parameters: Parameters,
    power: int,
    rng: np.random.Generator,
    spread: float,
) -> Doctrine:
    """Return a doctrine whose shares differ from its own by a lognormal factor each.

    `spread` is the standard deviation of the factor's logarithm; thresholds stay.
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
    """Draw a profile: a doctrine for every power, its shares varied.

    Parameters
    ----------
    parameters : Parameters
    rng : numpy.random.Generator
    names : sequence of str, optional
        The doctrines to draw from; all by default.
    spread : float
        Standard deviation of the logarithm by which every share differs from the doctrine's own.

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
