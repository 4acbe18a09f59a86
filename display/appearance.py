"""How a game is shown: what it declares once, for its picture, its replay and its briefing.

A game's `Display` is the entry point ``display`` of its row in the registry, by convention
``DISPLAY`` in ``display/games/<game>.py``. Every part of it is optional: a game without one has
bars of its outcomes for figures, one row per power for a picture, and its accounts for a replay.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.game import Account, Game
from counterpoise.envs.engine.registration import ROWS, part

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

    from counterpoise.display.figures import Picture
    from counterpoise.evaluation.equilibrium.comparison import Group

Array = NDArray[Any]

FEWEST_IN_A_BUDGET = 2
KINDS = {"spends": "flow per step", "holds": "stock", "owes": "debt"}


@dataclasses.dataclass(frozen=True)
class Series:
    """One quantity of every power over time.

    Attributes
    ----------
    label, unit : str
    values : callable
        From the records of n worlds or steps to an array [n, powers or more].
    is_flow : bool
        Whether it is a flow of the step rather than a stock; a flow has no value at the start.
    is_settled : bool
        Whether it is known only at the end of a year; between the phases of a year the value of the
        last whole year is shown.
    colour : str
        Empty for the page's own colours.
    doc : str
        What it is, in a few words.
    """

    label: str
    unit: str
    values: Callable[[Array], Array]
    is_flow: bool = False
    is_settled: bool = False
    colour: str = ""
    doc: str = ""


@dataclasses.dataclass(frozen=True)
class BudgetPart(Series):
    """A part of the budget.

    Attributes
    ----------
    fields : tuple of str
        The lines of the budget, as fields of the world, that it is the sum of; empty for what is
        paid outside the planned budget.
    """

    fields: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TieKind:
    """One way in which a power acts on another, drawn as an arrow.

    Attributes
    ----------
    name, label : str
    letter : str
        Drawn on the arrow, so that its kind can be told without colour.
    colour : str
    width : float
    is_dashed : bool
    """

    name: str
    label: str
    letter: str
    colour: str
    width: float = 2.0
    is_dashed: bool = False


@dataclasses.dataclass(frozen=True)
class Tie:
    """One power's act on another in one step.

    Attributes
    ----------
    kind : str
        The name of a `TieKind`.
    maker, target : int
        Seats of the power that acts and of the power that it acts on.
    """

    kind: str
    maker: int
    target: int


def no_ties(record: Any, parameters: Any) -> list[Tie]:
    """Return that no power acts on another."""
    return []


@dataclasses.dataclass(frozen=True)
class Reasons:
    """Why one event of a step went as it did.

    Attributes
    ----------
    event : str
        The event in words.
    lines : tuple of (int, str)
        What a power ordered and what it saw, for each power that took part.
    """

    event: str
    lines: tuple[tuple[int, str], ...]


@dataclasses.dataclass(frozen=True)
class Moment:
    """One step of an episode, with what the powers saw when they decided.

    Attributes
    ----------
    before, after : numpy record
        The world before and after the step.
    seen : ndarray, [powers, columns]
        The powers' observations before the step.
    parameters : Parameters
    names : list of str
        The powers' names.
    """

    before: Any
    after: Any
    seen: Array
    parameters: Any
    names: Sequence[str]


def no_reasons(moment: Moment) -> list[Reasons]:
    """Return that nothing is explained."""
    return []


@dataclasses.dataclass(frozen=True)
class Appearance:
    """What is shown of a game's powers.

    What happened in words is not part of it: that is `Game.events`.

    Attributes
    ----------
    series : tuple of Series
        Each is a chart and a column of the table.
    size : Series, optional
        The area of a power in the network; without it all powers have the same area.
    budget : tuple of BudgetPart
        Flows in one unit, stacked for the chosen power.
    income : Series, optional
        Drawn over the stack.
    tie_kinds : tuple of TieKind
    ties : callable
        From a record and parameters to the `Tie` s of the step.
    is_alive : callable, optional
        From the records to whether each power is still in the game.
    quiet : tuple of str
        Events that only say that nothing happened; the list of all events omits them.
    payoff : tuple of Series
        The parts of a step's payoff, which add up to it.
    reasons : callable
        From a `Moment` to the `Reasons` of the step's events.
    """

    series: tuple[Series, ...]
    size: Series | None = None
    budget: tuple[BudgetPart, ...] = ()
    income: Series | None = None
    tie_kinds: tuple[TieKind, ...] = ()
    ties: Callable[[Any, Any], list[Tie]] = no_ties
    is_alive: Callable[[Array], Array] | None = None
    quiet: tuple[str, ...] = ()
    payoff: tuple[Series, ...] = ()
    reasons: Callable[[Moment], list[Reasons]] = no_reasons

    @property
    def planned(self) -> tuple[BudgetPart, ...]:
        """The parts of the budget that a power plans: sums of lines of its budget."""
        return tuple(each for each in self.budget if each.fields)

    def labelled(self, label: str) -> Series:
        """Return the series of a label.

        Raises
        ------
        KeyError
            If none has that label.
        """
        return {each.label: each for each in self.series}[label]

    def tie_kind(self, name: str) -> TieKind:
        """Return a kind of tie by name.

        Raises
        ------
        KeyError
            If there is no such kind.
        """
        return {kind.name: kind for kind in self.tie_kinds}[name]


@dataclasses.dataclass(frozen=True)
class Display:
    """How a game is shown; what is None is shown as it is for every game.

    Attributes
    ----------
    pictures : callable, optional
        From a `Group` to the figures that the report shows after the learning curves.
    panel : callable, optional
        From a canvas and a `Group`: draws the game's panel of the figure of all games.
    picture : callable, optional
        From a record, parameters and names to the picture of a world, uint8 [height, width, 3].
    appearance : Appearance, optional
    """

    pictures: Callable[[Group[Any]], list[Picture]] | None = None
    panel: Callable[[SubFigure, Group[Any]], None] | None = None
    picture: Callable[[Any, Any, Sequence[str]], NDArray[np.uint8]] | None = None
    appearance: Appearance | None = None


def display_of(game: Game) -> Display:
    """Return what a game declares of how it is shown; nothing for a game that is not registered."""
    found: Display | None = part(game.name, "display") if game.name in ROWS else None
    return found or Display()


def appearance_of(game: Game) -> Appearance:
    """Return the appearance that a game declares, or the one that follows from its accounts."""
    return display_of(game).appearance or from_accounts(game.accounts)


def from_accounts(accounts: Sequence[Account]) -> Appearance:
    """Return an appearance: every account a series, the first stock for size, flows for budget."""
    parts = {account.field: _part_of(account) for account in accounts}
    stocks = [account for account in accounts if account.kind == "holds"]
    flows = [account for account in accounts if account.kind == "spends"]
    by_unit = {each.unit: [other for other in flows if other.unit == each.unit] for each in flows}
    budget = max(by_unit.values(), key=len, default=[])
    return Appearance(
        series=tuple(parts.values()),
        size=parts[stocks[0].field] if stocks else None,
        budget=tuple(parts[account.field] for account in budget)
        if len(budget) >= FEWEST_IN_A_BUDGET
        else (),
    )


def _part_of(account: Account) -> BudgetPart:
    return BudgetPart(
        account.label,
        "" if account.unit == "1" else account.unit,
        amount(account.field),
        is_flow=account.kind == "spends",
        doc=KINDS[account.kind],
        fields=(account.field,),
    )


# -- how to read fields of the world ---------------------------------------------------------------


def amount(field: str) -> Callable[[Array], Array]:
    """Return how to read a field as it stands."""

    def values(records: Array) -> Array:
        return np.asarray(records[field], np.float64)

    return values


def percent(*fields: str) -> Callable[[Array], Array]:
    """Return how to read the sum of fields that are shares, in percent."""

    def values(records: Array) -> Array:
        return np.asarray(100.0 * _total(records, fields))

    return values


def ratio(*fields: str, over: str) -> Callable[[Array], Array]:
    """Return how to read the sum of some fields in percent of another."""

    def values(records: Array) -> Array:
        return np.asarray(100.0 * _total(records, fields) / np.maximum(records[over], 1e-12))

    return values


def _total(records: Array, fields: Sequence[str]) -> Array:
    return np.asarray(sum(np.asarray(records[field], np.float64) for field in fields))
