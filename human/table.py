"""The game at the table: people decide, strategies play the other seats, steps are played."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.agents.named import doctrines
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.game import Choice, Continuous
from counterpoise.envs.engine.rollouts import Memories, decide, play
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.human.briefing import briefing_of
from counterpoise.human.setup import Setup, strategy_in_seat


class Refused(CounterpoiseError):
    """A person's request cannot be carried out; it has changed nothing."""


@dataclasses.dataclass(frozen=True)
class StepNews:
    """What one person learns from one step.

    Attributes
    ----------
    when : str
        The year, and the phase where there are several, that begins after the step.
    lines : list of str
    payoff : float
        The payoff of the person's power in the step.
    """

    when: str
    lines: list[str]
    payoff: float


class Table:
    """One game at its present step.

    Parameters
    ----------
    setup : Setup

    Attributes
    ----------
    setup : Setup
    worlds : Worlds
        The game's single world.
    briefing : Briefing
    phases : tuple of str
        The names of the steps of one year.
    steps : list of dict
        For every step that was played, each person's decision by seat.
    decided : dict of int to list of float
        The decisions of the present step so far, by seat.
    digests : list of str
        The digest of the world at the start and after every step.
    news : dict of int to list of StepNews
        By seat, what each person has learned: an entry for the start and one for every step.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.worlds = Worlds(setup.game, 1, setup.parameters, autoreset=False)
        self.briefing = briefing_of(setup.game.name)
        self.phases = setup.game.phases_with(setup.parameters)
        self._game = self.worlds.game
        self._strategies = {
            power: strategy_in_seat(name, setup, power)
            for power, name in enumerate(setup.against)
            if power not in setup.humans
        }
        # Made now, so that a wrong name is reported before the first year and not after the last.
        self._beside = {
            name: {seat: strategy_in_seat(name, setup, seat) for seat in setup.humans}
            for name in setup.beside
        }
        # All other strategies draw from this one, in order of seats.
        self._rng = np.random.default_rng(setup.seed)
        self._memories: Memories = {}
        self._weight = 1.0
        self._score = np.zeros(setup.parameters.powers)
        self._advisers: dict[tuple[int, str], Strategy] = {}
        self._compared: dict[str, NDArray[np.float64]] | None = None
        self.worlds.reset(setup.seed)
        self.steps: list[dict[int, list[float]]] = []
        self.decided: dict[int, list[float]] = {}
        self.digests = [self.digest()]
        self.news: dict[int, list[StepNews]] = {seat: [] for seat in setup.humans}
        self._spread_news(np.zeros(setup.parameters.powers))

    # -- time ------------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """Number of steps played."""
        return len(self.steps)

    @property
    def is_over(self) -> bool:
        """Whether the game has ended."""
        return bool(self.worlds.records["over"][0])

    @property
    def when(self) -> str:
        """The present year and, where a year has several steps, the phase."""
        record = self.worlds.records[0]
        words = f"year {int(record['year']) + 1}"
        return words if len(self.phases) == 1 else f"{words}, {self.phases[int(record['phase'])]}"

    def digest(self) -> str:
        """Return a digest of the whole world in its present state."""
        return hashlib.sha256(self.worlds.records.tobytes()).hexdigest()

    def score(self, seat: int) -> float:
        """Return a power's payoffs so far, discounted to the first year and summed."""
        return float(self._score[seat])

    def compared_scores(self) -> dict[str, NDArray[np.float64]]:
        """Return every power's score, [powers], if a strategy had played all people's seats.

        Each game is played from this game's seed against the same other strategies.

        Returns
        -------
        dict of str to ndarray
            By the names in `Setup.beside`.
        """
        if self._compared is None:
            self._compared = {name: self._score_with(each) for name, each in self._beside.items()}
        return self._compared

    def _score_with(self, seated: Mapping[int, Strategy]) -> NDArray[np.float64]:
        everyone = {**self._strategies, **seated}
        profile = [everyone[power] for power in range(self.worlds.powers)]
        with Worlds(self.setup.game, 1, self.setup.parameters, autoreset=False) as worlds:
            rollout = play(worlds, profile, seed=self.setup.seed)
        return np.asarray(rollout.returns(self._discount)[0])

    @property
    def _discount(self) -> float:
        """The discount factor of one step."""
        return float(self.setup.game.discount(self.setup.parameters) ** (1.0 / len(self.phases)))

    # -- playing ---------------------------------------------------------------------------------

    def commit(self, seat: int, step: int, action: Any) -> None:
        """Decide for a power; once all people have decided, the step is played.

        Parameters
        ----------
        seat : int
        step : int
            The step that the decision is for.
        action : list of float
            See `check`.

        Raises
        ------
        Refused
            If the game is over or is at another step, if the seat has already decided, or if the
            action is not open to it. Nothing has changed then.
        """
        if self.is_over:
            raise Refused("The game is over.")
        if isinstance(step, bool) or step != self.step:
            raise Refused("This decision was for another year; the page shows the present one.")
        if seat in self.decided:
            raise Refused("You have already decided; the others have not.")
        self.decided[seat] = self.check(seat, action)
        self.go_on()

    def go_on(self) -> None:
        """Play steps as long as no person has anything left to decide."""
        while not self.is_over:
            for seat in self.setup.humans:
                if seat not in self.decided and not self.can_choose(seat):
                    self.decided[seat] = [0] * self._width(seat)
            if len(self.decided) < len(self.setup.humans):
                return
            self.play_step()

    def play_step(self) -> None:
        """Play one step with the decisions of all people, and the strategies in other seats."""
        worlds = self.worlds
        kind = np.int64 if self._game.is_discrete else np.float64
        actions: NDArray[Any] = np.zeros((1, worlds.powers, self._game.action_width), kind)
        for power in range(worlds.powers):
            if power in self.decided:
                chosen = self.decided[power]
                actions[0, power, : len(chosen)] = chosen
            else:
                actions[:, power] = decide(
                    worlds, power, self._strategies[power], self._rng, self._memories
                )
        payoffs = worlds.step(actions)[0]
        self._score += self._weight * payoffs
        self._weight *= self._discount
        self.steps.append(self.decided)
        self.decided = {}
        self.digests.append(self.digest())
        self._spread_news(payoffs)

    def _spread_news(self, payoffs: NDArray[np.float64]) -> None:
        record, setup = self.worlds.records[0], self.setup
        for seat in setup.humans:
            names = list(setup.names)
            for other, name in zip(self.order(seat), self.others(seat), strict=True):
                names[other] = name
            lines = self.briefing.news(record, setup.parameters, names)
            self.news[seat].append(StepNews(self.when, lines, float(payoffs[seat])))

    def order(self, seat: int) -> list[int]:
        """Return the other powers' seats, in the order in which a power sees them."""
        return self.briefing.order(self.worlds.records[0], seat)

    def others(self, seat: int) -> list[str]:
        """Return the other powers' names, in the order in which a power sees them."""
        order = self.order(seat)
        if self.briefing.is_anonymous(self.setup.parameters):
            return [f"power {chr(ord('A') + place)}" for place in range(len(order))]
        return [self.setup.names[other] for other in order]

    # -- deciding --------------------------------------------------------------------------------

    def options(self, seat: int) -> list[tuple[str, ...]]:
        """Return the options of each part of a power's action by name; none for an amount.

        An option about another power has that power's name.
        """
        whole = self._game.general or self._game
        names = self.others(seat)
        found: list[tuple[str, ...]] = []
        for part in whole.role(seat).actions:
            options: tuple[str, ...] = ()
            if isinstance(part, Choice):
                about = [f"{part.each} {name}" for name in names] if part.each else []
                options = (*part.options, *about)
            found += [options] * (len(names) if part.others else 1)
        return found

    def _width(self, seat: int) -> int:
        return len(self._game.role(seat).actions)

    def open_options(self, seat: int) -> list[NDArray[np.bool_]]:
        """Return for each part of a power's action which options are open; empty for amounts."""
        if not self._game.is_discrete:
            return []
        ends = np.cumsum(self._game.choice_counts)
        mask = self.worlds.masks[0, seat] == 1
        parts = np.split(mask, ends[:-1])
        counts = [
            len(part.options) for part in self._game.role(seat).actions if isinstance(part, Choice)
        ]
        return [part[:count] for part, count in zip(parts, counts, strict=False)]

    def can_choose(self, seat: int) -> bool:
        """Return whether a power has any choice in the present step."""
        if not self._game.is_discrete:
            width = self._width(seat)
            low, high = self.worlds.action_low[0, seat], self.worlds.action_high[0, seat]
            return bool((low[:width] < high[:width]).any())
        return any(each[1:].any() for each in self.open_options(seat))

    def check(self, seat: int, action: Any) -> list[float]:
        """Return a power's action if it is valid and open: a number for each part.

        Raises
        ------
        Refused
            The message says what was expected.
        """
        parts: tuple[Choice | Continuous, ...] = self._game.role(seat).actions
        if not isinstance(action, list) or len(action) != len(parts):
            raise Refused(f"Expected a decision as a list of {len(parts)} numbers, one per part.")
        is_open, options = self.open_options(seat), self.options(seat)
        made: list[float] = []
        for k, (part, value) in enumerate(zip(parts, action, strict=True)):
            name = part.name.replace("_", " ")
            if isinstance(part, Choice):
                last = len(part.options) - 1
                if type(value) is not int or not 0 <= value <= last:
                    raise Refused(f"{name}: expected the number of an option, 0 to {last}.")
                if not is_open[k][value]:
                    raise Refused(f"{name}: “{options[k][value]}” is not open to you now.")
                made.append(value)
            else:
                low = float(self.worlds.action_low[0, seat, k])
                high = float(self.worlds.action_high[0, seat, k])
                is_number = type(value) in (int, float)
                if not is_number or not low <= value <= high:
                    raise Refused(f"{name}: expected a number from {low:g} to {high:g}.")
                made.append(float(value))
        return made

    def advise(self, seat: int, name: str) -> list[float]:
        """Return the decision of a doctrine in a power's seat, from the power's observation.

        Raises
        ------
        Refused
            If there is no such doctrine.
        """
        known: Any = doctrines(self.setup.game.name)
        if not isinstance(name, str) or name not in known:
            raise Refused(f"There is no such doctrine. Known: {', '.join(known)}.")
        if (seat, name) not in self._advisers:
            self._advisers[seat, name] = known[name](self.setup.parameters, seat)
        seen, masks = self.worlds.observations[:, seat], self.worlds.masks[:, seat]
        # A separate generator: advice must not change the game's random draws.
        rng = np.random.default_rng(self.step)
        return self._opened(seat, self._advisers[seat, name].act(seen, masks, rng)[0].tolist())

    def proposal(self, seat: int) -> list[float]:
        """Return the decision that the form starts from: last year's, at first a doctrine's."""
        year = len(self.phases)
        if self.step >= year:
            return self._opened(seat, self.steps[-year][seat])
        return self.advise(seat, next(iter(doctrines(self.setup.game.name))))

    def _opened(self, seat: int, action: Sequence[float]) -> list[float]:
        """Return an action with option 0 in place of every option that is closed."""
        made = list(action[: self._width(seat)])
        for k, is_open in enumerate(self.open_options(seat)):
            made[k] = int(made[k]) if is_open[int(made[k])] else 0
        return made
