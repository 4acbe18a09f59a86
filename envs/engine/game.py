"""The interface between a game and all that steps, shows, solves or learns it.

A game is one file under ``games/``. It declares `Parameters` (constant during an episode), a
`World` (the state), what the powers observe (`Feature`) and do (`Continuous` or `Choice`), and its
dynamics as scalar functions over one numpy record:

``start(world, parameters)``
    Set the initial state. The record arrives zeroed except for its header.
``step(world, parameters, actions, rewards) -> bool``
    Play one step (a year, or one phase of it). `actions` has shape [powers, components]. `rewards`
    has shape [powers] and arrives as zeros. Return whether the game has ended by its own rules.
``observe(world, parameters, observations)``
    Write what each power sees, shape [powers, features]; `columns` gives each feature's column.
``allow(world, parameters, masks)``
    Set the entries of closed options to 0. `masks` has shape [powers, options] and arrives as ones.
    Where a power picks a closed option, the rules receive option 0, the null action.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.compilation import load_driver, rule
from counterpoise.envs.engine.errors import ParameterError, unknown_name
from counterpoise.envs.engine.parameters import (
    Declaration,
    ParametersBase,
    checked_kind,
    column_names,
)
from counterpoise.envs.engine.registration import ROWS, restored
from counterpoise.envs.engine.world import Masks, WorldRecord


@dataclasses.dataclass(frozen=True)
class Feature:
    """One quantity in an observation.

    Attributes
    ----------
    name : str
        Name of the quantity.
    low, high : float
        Bounds of its values under any legal parameters.
    unit : str
        Unit.
    doc : str
        Meaning, in one line.
    others : bool
        Whether there is one column for each other power, in the order of seats.
    kind : str
        Kind of number, one of `counterpoise.envs.engine.parameters.KINDS`; it decides how pages
        format the value.
    """

    name: str
    low: float
    high: float
    unit: str = "1"
    doc: str = ""
    others: bool = False
    kind: str = "amount"

    def __post_init__(self) -> None:
        checked_kind(self.kind)


@dataclasses.dataclass(frozen=True)
class Continuous:
    """A real-valued part of an action.

    `low` and `high` are numbers, or the name of the parameter that holds the bound. With `others`
    there is one such part for each other power, in the order of the observation's columns.
    """

    name: str
    low: float | str
    high: float | str
    unit: str = "1"
    doc: str = ""
    others: bool = False


@dataclasses.dataclass(frozen=True)
class Choice:
    """A part of an action that picks one of several options; option 0 is the null action.

    With `others` there is one such part for each other power, in the order of the observation's
    columns. With `each` the part has one further option for each other power in that order, called
    `each` and the power's number: "of 0", "of 1", …
    """

    name: str
    options: tuple[str, ...]
    doc: str = ""
    others: bool = False
    each: str = ""

    def __post_init__(self) -> None:
        if self.others and self.each:
            raise ValueError(
                f"Choice {self.name!r}: give `others`, one such part for each other power, or "
                "`each`, one option for each other power; not both."
            )

    def options_among(self, others: int) -> tuple[str, ...]:
        """Return all options, with those for each of a number of other powers."""
        if not self.each:
            return self.options
        return (*self.options, *(f"{self.each} {other}" for other in range(others)))


@dataclasses.dataclass(frozen=True)
class Role:
    """The actions of one kind of power; all components are `Continuous`, or all are `Choice`."""

    name: str
    actions: tuple[Continuous, ...] | tuple[Choice, ...]
    doc: str = ""


@dataclasses.dataclass(frozen=True)
class Account:
    """A per-power field of the world that the renderer shows.

    `kind` is "spends" (a flow of the year), "holds" (a stock) or "owes" (a debt).
    """

    field: str
    kind: str
    label: str
    unit: str = "1"


def no_alliances(world: WorldRecord, parameters: ParametersBase) -> list[tuple[str, str]]:
    """Return no alliances."""
    return []


@rule
def leave_open(world: WorldRecord, parameters: ParametersBase, masks: Masks) -> None:
    """Close no option."""


@dataclasses.dataclass(frozen=True, eq=False)
class Game:
    """The rules of a game, with all that an adapter, a learner or a report needs.

    Attributes
    ----------
    name : str
        The name in the registry.
    title, source : str
        One line each for lists: what the game is, and its sources.
    parameters : type
        The `Parameters` class.
    world : numpy.dtype
        The record type of a world, from `world_dtype`.
    roles : tuple of Role
        One role for every power, or one for each power in order of seats, the last repeated.
    features : tuple of Feature
        The observation; the observed parameters follow after them.
    also_observed : tuple of str
        Names of the parameters that the powers observe after those that `parameters` marks as
        observed; see `observing`.
    start, step, observe, allow : callable
        The rules; see the module's docstring.
    discount : callable
        Maps parameters to the discount factor of the payoffs per year.
    phases : tuple of str
        Names of the steps of one year, in order.
    phase_count : callable, optional
        Maps parameters to the number of phases, where that depends on them.
    default_max_cycles : int
        Number of steps after which a world that has not ended by its own rules is truncated.
    accounts : tuple of Account
        What the renderer shows of each power.
    alliances : callable
        Maps world record and parameters to the pairs of names that are allied now.
    events : callable, optional
        Maps world record, parameters and the powers' names to the events of the last step, one
        line of text per event.
    variants : mapping
        Named sets of parameter changes from the literature; tests run over all of them.
    styles : mapping
        The same game with other kinds of actions, by name; see `in_style`.
    style : str
        Name of this style; empty for the game itself.
    general : Game, optional
        The game from which `seated` made this one.
    seats : int
        The number of powers that `seated` made it for.
    """

    name: str
    title: str
    source: str
    parameters: type[ParametersBase]
    world: np.dtype[Any]
    roles: tuple[Role, ...]
    features: tuple[Feature, ...]
    start: Callable[..., None]
    step: Callable[..., bool]
    observe: Callable[..., None]
    discount: Callable[..., float]
    allow: Callable[..., None] | None = None
    phases: tuple[str, ...] = ("year",)
    phase_count: Callable[..., int] | None = None
    default_max_cycles: int = 1_000
    accounts: tuple[Account, ...] = ()
    alliances: Callable[..., list[tuple[str, str]]] = no_alliances
    events: Callable[..., list[str]] | None = None
    variants: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    styles: Mapping[str, Game] = dataclasses.field(default_factory=dict)
    style: str = ""
    general: Game | None = None
    seats: int = 0
    also_observed: tuple[str, ...] = ()

    def __repr__(self) -> str:
        style = f", style={self.style!r}" if self.style else ""
        observed = f", also_observed={self.also_observed}" if self.also_observed else ""
        return f"Game({self.name!r}, version={self.version}{style}{observed})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Worker processes import a game by its row in the registry rather than receive its code.
        from counterpoise.envs.engine.registration import row

        is_seated = self.general is not None
        powers = self.seats if is_seated else 0
        return restored, (row(self.name), self.style, powers, self.also_observed)

    @property
    def version(self) -> int:
        """The registered version; any change of dynamics, spaces or rewards raises it.

        A game that is not registered has version 0.
        """
        return ROWS[self.name].version if self.name in ROWS else 0

    def in_style(self, style: str | None) -> Game:
        """Return the same game with another kind of actions.

        Raises
        ------
        UnknownNameError
            If there is no such style.
        """
        if not style or style == self.style:
            return self
        whole = self.general or self
        if style not in whole.styles:
            raise unknown_name(f"action_style of {self.name}", str(style), whole.styles)
        return dataclasses.replace(
            whole.styles[style], style=style, also_observed=self.also_observed
        )

    def observing(self, names: Sequence[str]) -> Game:
        """Return this game with these parameters in the observation, beside those always there.

        The columns of the parameters that `parameters` marks as observed come first; those of
        `names` follow in the order given. A name that is marked adds nothing.

        Raises
        ------
        UnknownNameError
            If there is no such parameter.
        ParameterError
            If a parameter has a value for each pair of powers or the name of a feature, or `names`
            is not a list of names.
        """
        if isinstance(names, str):
            raise ParameterError(f"observe must be a list of parameter names, not {names!r}.")
        declarations = self.parameters.declarations
        for name in names:
            if name not in declarations:
                raise unknown_name("parameter to observe", str(name), declarations)
            if declarations[name].per_pair:
                raise ParameterError(
                    f"{name} ({declarations[name].doc}) has a value for each pair of powers and "
                    "cannot be observed: leave it out of observe."
                )
            if any(feature.name == name for feature in self.features) and not (
                declarations[name].per_power
            ):
                raise ParameterError(
                    f"{name} is seen already, as the feature of that name: leave it out of observe."
                )
        unmarked = [name for name in names if not declarations[name].observed]
        return self._also_observing(tuple(dict.fromkeys(unmarked)))

    @functools.lru_cache(maxsize=64)  # noqa: B019 - a handful of games live as long as the process
    def _also_observing(self, names: tuple[str, ...]) -> Game:
        if names == self.also_observed:
            return self
        if self.general is not None:
            return self.general._also_observing(names).seated(self.seats)
        return dataclasses.replace(self, also_observed=names)

    @functools.cached_property
    def observed_parameters(self) -> tuple[Declaration, ...]:
        """The parameters in an observation, in the order of their columns."""
        declarations = self.parameters.declarations
        marked = [each for each in declarations.values() if each.observed]
        return (*marked, *(declarations[name] for name in self.also_observed))

    @functools.lru_cache(maxsize=64)  # noqa: B019 - a handful of games live as long as the process
    def seated(self, powers: int) -> Game:
        """Return this game for a number of powers, with each part of an action towards others."""
        if self.general is not None:
            return self.general.seated(powers)
        if not any(
            part.others or getattr(part, "each", "") for role in self.roles for part in role.actions
        ):
            return self
        roles = tuple(_for_each_other(role, powers - 1) for role in self.roles)
        return dataclasses.replace(self, roles=roles, general=self, seats=powers)

    @property
    def is_discrete(self) -> bool:
        """Whether actions are choices rather than amounts."""
        return isinstance(self.roles[0].actions[0], Choice)

    @functools.cached_property
    def driver(self) -> ModuleType:
        """The compiled loop over worlds with this game's rules."""
        if self.general is not None:
            return self.general.driver
        allow = self.allow if self.allow is not None else leave_open
        return _driver(self.name, self.start, self.step, self.observe, allow)

    def phases_with(self, parameters: ParametersBase) -> tuple[str, ...]:
        """Return the names of the steps of one year under the given parameters."""
        if self.phase_count is None:
            return self.phases
        return self.phases[: self.phase_count(parameters)]

    def role(self, power: int) -> Role:
        """Return the role of a power."""
        return self.roles[min(power, len(self.roles) - 1)]

    def agent_names(self, powers: int) -> list[str]:
        """Return the powers' names as PettingZoo writes them: ``power_0``, ``power_1``, …"""
        return [f"power_{power}" for power in range(powers)]

    def observation_names(self, powers: int) -> list[str]:
        """Return the name of each column of an observation."""
        names: list[str] = []
        for feature in self.features:
            if feature.others:
                names += [f"{feature.name}_{other}" for other in range(powers - 1)]
            else:
                names.append(feature.name)
        return names + column_names(self.observed_parameters, powers)

    def observation_subjects(self, powers: int) -> list[tuple[str, int]]:
        """Return the quantity in each column of an observation, and the other power it describes.

        The others are numbered in the order of their columns; -1 stands for no other power.
        """
        subjects: list[tuple[str, int]] = []
        for feature in self.features:
            others = range(powers - 1) if feature.others else (-1,)
            subjects += [(feature.name, other) for other in others]
        return subjects + [(name, -1) for name in column_names(self.observed_parameters, powers)]

    def action_subjects(self, powers: int) -> list[tuple[str, int]]:
        """Return each option, or each amount, of one role, and the other power it is towards.

        The others are numbered as in `observation_subjects`.
        """
        whole = self.general or self
        subjects: list[tuple[str, int]] = []
        for part in whole.roles[0].actions:
            options = part.options if isinstance(part, Choice) else ("",)
            for other in range(powers - 1) if part.others else (-1,):
                subjects += [(f"{part.name} {option}", other) for option in options]
            if isinstance(part, Choice) and part.each:
                subjects += [(f"{part.name} {part.each}", other) for other in range(powers - 1)]
        return subjects

    @functools.lru_cache(maxsize=64)  # noqa: B019 - a handful of games live as long as the process
    def observation_space(self, powers: int) -> gymnasium.spaces.Box:
        """Return the space of one power's observation."""
        low: list[float] = []
        high: list[float] = []
        for feature in self.features:
            columns = powers - 1 if feature.others else 1
            low += [feature.low] * columns
            high += [feature.high] * columns
        for declaration in self.observed_parameters:
            columns = powers if declaration.per_power else 1
            low += [declaration.low] * columns
            high += [declaration.high] * columns
        return gymnasium.spaces.Box(
            np.asarray(low, np.float32), np.asarray(high, np.float32), dtype=np.float32
        )

    def action_bounds(
        self, parameter_records: NDArray[Any], powers: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lowest and highest value of each component, shapes [records, powers, width].

        For choices the bounds are 0 and the number of the last option. Components that a power does
        not have are bounded by 0 and 0.
        """
        width = self.action_width
        low = np.zeros((len(parameter_records), powers, width))
        high = np.zeros_like(low)
        for power in range(powers):
            for component, part in enumerate(self.role(power).actions):
                if isinstance(part, Choice):
                    high[:, power, component] = len(part.options) - 1
                elif isinstance(part, Continuous):
                    low[:, power, component] = _bound(part.low, parameter_records, power)
                    high[:, power, component] = _bound(part.high, parameter_records, power)
        return low, high

    @property
    def action_width(self) -> int:
        """The largest number of components of any role's action."""
        return max(len(role.actions) for role in self.roles)

    @property
    def choice_counts(self) -> tuple[int, ...]:
        """The largest number of options of each component over all roles (the padded union)."""
        counts = [0] * self.action_width
        for role in self.roles:
            for component, part in enumerate(role.actions):
                if isinstance(part, Choice):
                    counts[component] = max(counts[component], len(part.options))
        return tuple(counts)

    @property
    def mask_width(self) -> int:
        """Length of a mask in the padded union; 0 where actions are amounts."""
        return sum(self.choice_counts)

    def action_space(self, parameters: ParametersBase, power: int) -> gymnasium.Space[Any]:
        """Return the space of one power's action, in the game's own units."""
        role = self.role(power)
        if self.is_discrete:
            counts = [len(part.options) for part in role.actions if isinstance(part, Choice)]
            if len(counts) == 1:
                return gymnasium.spaces.Discrete(counts[0])
            return gymnasium.spaces.MultiDiscrete(counts)
        low, high = self.action_bounds(np.array([parameters.to_record()]), parameters.powers)
        width = len(role.actions)
        return gymnasium.spaces.Box(
            low[0, power, :width].astype(np.float32), high[0, power, :width].astype(np.float32)
        )

    def outer_mask(self, powers: int) -> NDArray[np.int8]:
        """Return which options of the padded union each power has, [powers, mask_width]."""
        mask = np.zeros((powers, self.mask_width), np.int8)
        for power in range(powers):
            at = 0
            actions = self.role(power).actions
            for component, count in enumerate(self.choice_counts):
                part = actions[component] if component < len(actions) else None
                mask[power, at : at + (len(part.options) if isinstance(part, Choice) else 1)] = 1
                at += count
        return mask


@functools.lru_cache(maxsize=64)
def _driver(
    name: str,
    start: Callable[..., None],
    step: Callable[..., bool],
    observe: Callable[..., None],
    allow: Callable[..., None],
) -> ModuleType:
    # Games that differ in what is observed of the parameters have the same rules.
    return load_driver(name, {"start": start, "step": step, "observe": observe, "allow": allow})


def _for_each_other(role: Role, others: int) -> Role:
    """Return a role in which each part of an action towards others stands once per other power."""
    made: list[Any] = []
    for part in role.actions:
        if part.others:
            made += [
                dataclasses.replace(part, name=f"{part.name}_{other}", others=False)
                for other in range(others)
            ]
        elif isinstance(part, Choice) and part.each:
            made.append(dataclasses.replace(part, options=part.options_among(others), each=""))
        else:
            made.append(part)
    return dataclasses.replace(role, actions=tuple(made))


def _bound(bound: float | str, records: NDArray[Any], power: int) -> float | NDArray[np.float64]:
    if isinstance(bound, str):
        values: NDArray[np.float64] = records[bound]
        return values[:, power] if values.ndim == 2 else values
    return bound
