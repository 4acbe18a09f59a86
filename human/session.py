"""A game with people at the table: what each sees and decides, year by year, saved and resumed.

A game is a folder with one file, ``game.json``: its parameters, its seed, the strategies' names,
what people decided in every step, and a digest of the world after each. Everything else follows
from these, so a game is resumed by playing it again; the digests say whether it came out the same.

Nothing here knows a game by name, and what a person is shown (`Session.view`) is made from the
power's own observation, its payoffs and what its game's `Briefing` calls public.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import itertools
import json
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.agents.named import doctrines, strategy
from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.envs.engine.game import Choice, Continuous, Feature, Game
from counterpoise.envs.engine.parameters import ParametersBase, observed_parameter_names
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.world import CUT_OFF
from counterpoise.envs.engine.worlds import Worlds, as_parameters
from counterpoise.human.briefing import Seen, briefing_of
from counterpoise.training.runs import CONFIGURATION, Run

FILE = "game.json"
FORMAT = 1
NEEDED = {
    "game", "version", "title", "parameters", "names", "humans", "against", "beside", "seed",
    "steps", "digests", "decided",
}  # fmt: skip
YOU = ""


class Refused(CounterpoiseError):
    """What a person asked for cannot be done; nothing has changed."""


# -- what is played --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Setup:
    """Who plays what.

    Attributes
    ----------
    game : Game
    parameters : Parameters
    names : list of str, [powers]
    title : str
        Of the scenario, or of the game.
    humans : tuple of int
        The seats that people rule.
    against : tuple of str, [powers]
        The strategy in each other seat; "" in theirs.
    beside : tuple of str
        Strategies that play a person's seat afterwards, for comparison.
    seed : int
    """

    game: Game
    parameters: ParametersBase
    names: list[str]
    title: str
    humans: tuple[int, ...]
    against: tuple[str, ...]
    beside: tuple[str, ...]
    seed: int


def seat_named(name: str, names: Sequence[str]) -> int:
    """Return the seat of a power by its name, in whatever case, or by its number.

    Raises
    ------
    UnknownNameError
        If there is none.
    """

    def plain(text: str) -> str:
        return re.sub(r"[\s_-]+", "_", text.strip().lower())

    known = [plain(each) for each in names]
    if plain(name) in known:
        return known.index(plain(name))
    number = plain(name).removeprefix("power_")
    if number.isascii() and number.isdigit() and int(number) < len(names):
        return int(number)
    raise unknown_name("power", name, names)


def prepare(
    game: Game,
    parameters: ParametersBase,
    names: Sequence[str],
    *,
    title: str = "",
    humans: Sequence[int] = (0,),
    against: Sequence[str] = (),
    beside: Sequence[str] = (),
    seed: int | None = None,
) -> Setup:
    """Return who plays what.

    Parameters
    ----------
    game : Game
    parameters : Parameters
    names : sequence of str, [powers]
    title : str
    humans : sequence of int
        The seats that people rule.
    against : sequence of str
        One strategy for all other seats, or one for each of them in order; by default the game's
        doctrines in turn.
    beside : sequence of str
        Strategies to compare with, beside those in `against`. A doctrine is always among them.
    seed : int, optional
        By default one from the operating system.

    Raises
    ------
    CounterpoiseError
        If a seat is taken twice, or the number of strategies fits no seats.
    """
    powers = parameters.powers
    if len(set(humans)) != len(humans):
        raise CounterpoiseError("A power is ruled by one person: give each --as once.")
    if not humans:
        raise CounterpoiseError("Nobody plays: name the power that you rule by --as.")
    others = [seat for seat in range(powers) if seat not in humans]
    known = list(doctrines(game.name))
    asked = list(against) or known
    if against and len(asked) not in (1, len(others)):
        raise CounterpoiseError(
            f"{len(asked)} strategies for {len(others)} other powers: give --against once for all, "
            "or once for each."
        )
    # A game may be resumed from elsewhere.
    lasting = {
        name: name if name in known or not Path(name).is_dir() else str(Path(name).resolve())
        for name in [*asked, *beside]
    }
    seated = [YOU] * powers
    for place, seat in enumerate(others):
        seated[seat] = lasting[asked[place % len(asked)]]
    compared = list(dict.fromkeys(lasting[name] for name in [*beside, *against]))
    if not set(compared) & set(known):
        compared.append(known[0])
    drawn = secrets.randbits(31) if seed is None else seed
    return Setup(
        game=game,
        parameters=parameters,
        names=list(names),
        title=title or game.title,
        humans=tuple(sorted(humans)),
        against=tuple(seated),
        beside=tuple(compared),
        seed=drawn,
    )


def seated_strategy(name: str, setup: Setup, power: int) -> Strategy:
    """Return a strategy by name: a run's folder plays under the parameters of this game."""
    if name not in doctrines(setup.game.name) and (Path(name) / CONFIGURATION).is_file():
        run = Run(name)
        if run.game.name != setup.game.name:
            raise CounterpoiseError(f"{name} learned {run.game.name}, not {setup.game.name}.")
        return run.profile(parameters=setup.parameters)[power]
    return strategy(name, setup.game, setup.parameters, power)


def new_folder(parent: Path, name: str) -> Path:
    """Return a folder's path that no other game has."""
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    return parent / f"{re.sub(r'[^a-z0-9_]+', '_', name.lower())}-{now}-{secrets.token_hex(2)}"


# -- the game --------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Told:
    """What one person heard of one step."""

    when: str
    news: list[str]
    payoff: float


class Session:
    """One game, at its present year.

    Parameters
    ----------
    setup : Setup
    folder : path
        Where it is saved after every year.

    Attributes
    ----------
    worlds : Worlds
        The one world.
    """

    def __init__(self, setup: Setup, folder: str | Path) -> None:
        self.setup = setup
        self.folder = Path(folder)
        self.worlds = Worlds(setup.game, 1, setup.parameters, autoreset=False)
        self._game = self.worlds.game
        self._briefing = briefing_of(setup.game.name)
        self._phases = setup.game.phases_with(setup.parameters)
        self._strategies = {
            power: seated_strategy(name, setup, power)
            for power, name in enumerate(setup.against)
            if power not in setup.humans
        }
        # Made now, so that a wrong name is told before the first year and not after the last.
        self._beside = {
            name: {seat: seated_strategy(name, setup, seat) for seat in setup.humans}
            for name in setup.beside
        }
        # All other strategies draw from this one, in order of seats.
        self._rng = np.random.default_rng(setup.seed)
        self._weight = 1.0
        self._score = np.zeros(setup.parameters.powers)
        self._steps: list[dict[int, list[float]]] = []
        self._decided: dict[int, list[float]] = {}
        self._told: dict[int, list[Told]] = {seat: [] for seat in setup.humans}
        self._advisers: dict[tuple[int, str], Strategy] = {}
        self._compared: dict[str, NDArray[np.float64]] | None = None
        self.worlds.reset(setup.seed)
        self._digests = [self.digest()]
        for seat in setup.humans:
            self._hear(seat, 0.0)

    @classmethod
    def begin(cls, setup: Setup, folder: str | Path) -> Session:
        """Begin a game and save it.

        Raises
        ------
        CounterpoiseError
            If there is a game in the folder already.
        """
        if (Path(folder) / FILE).exists():
            raise CounterpoiseError(
                f"{folder} holds a game already: go on with it by --resume, or choose another "
                "folder with --out."
            )
        session = cls(setup, folder)
        session._go_on()
        session.save()
        return session

    @classmethod
    def resume(cls, folder: str | Path) -> Session:
        """Play a saved game again up to where it stood.

        Raises
        ------
        CounterpoiseError
            If the file is not a game, or if the game comes out differently: the rules or a learned
            strategy have changed since.
        """
        path = Path(folder) / FILE
        saved = _read(path)
        session = cls(_setup_from(path, saved), folder)
        session._replay(path, saved)
        return session

    # -- time ------------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """How many steps were played."""
        return len(self._steps)

    @property
    def is_over(self) -> bool:
        """Whether the game has ended."""
        return bool(self.worlds.records["over"][0])

    @property
    def digests(self) -> list[str]:
        """The digest of the world at the start and after every step."""
        return list(self._digests)

    def digest(self) -> str:
        """Return a digest of the whole world as it stands."""
        return hashlib.sha256(self.worlds.records.tobytes()).hexdigest()

    def score(self, seat: int) -> float:
        """Return what a power was paid so far, discounted to the first year."""
        return float(self._score[seat])

    def commit(self, seat: int, step: int, action: Any) -> None:
        """Decide for a power; when all people have decided, the step is played and saved.

        Raises
        ------
        Refused
            If the game has moved on or is over, if the seat has decided already, or if the action
            is not one that is open to it. Nothing has changed then.
        """
        if self.is_over:
            raise Refused("The game is over.")
        if isinstance(step, bool) or step != self.step:
            raise Refused("That was for another year: this one is shown now.")
        if seat in self._decided:
            raise Refused("You have decided already; the others have not.")
        self._decided[seat] = self.checked(seat, action)
        self._go_on()
        self.save()

    def _go_on(self) -> None:
        """Play while everyone has decided; whoever has nothing to decide has."""
        while not self.is_over:
            for seat in self.setup.humans:
                if seat not in self._decided and not self.can_choose(seat):
                    self._decided[seat] = [0] * self._width(seat)
            if len(self._decided) < len(self.setup.humans):
                return
            self._play()

    def _play(self) -> None:
        worlds = self.worlds
        kind = np.int64 if self._game.is_discrete else np.float64
        actions: NDArray[Any] = np.zeros((1, worlds.powers, self._game.action_width), kind)
        for power in range(worlds.powers):
            if power in self._decided:
                own = self._decided[power]
                actions[0, power, : len(own)] = own
            else:
                seen, masks = worlds.observations[:, power], worlds.masks[:, power]
                actions[:, power] = self._strategies[power].act(seen, masks, self._rng)
        paid = worlds.step(actions)[0]
        self._score += self._weight * paid
        self._weight *= self._discount
        self._steps.append(self._decided)
        self._decided = {}
        self._digests.append(self.digest())
        for seat in self.setup.humans:
            self._hear(seat, float(paid[seat]))

    @property
    def _discount(self) -> float:
        return float(self.setup.game.discount(self.setup.parameters) ** (1.0 / len(self._phases)))

    # -- deciding --------------------------------------------------------------------------------

    def _width(self, seat: int) -> int:
        return len(self._game.role(seat).actions)

    def _open(self, seat: int) -> list[NDArray[np.bool_]]:
        """Return for each part of a power's action which options are open."""
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
        """Return whether anything but nothing is open to a power now."""
        if not self._game.is_discrete:
            width = self._width(seat)
            low, high = self.worlds.action_low[0, seat], self.worlds.action_high[0, seat]
            return bool((low[:width] < high[:width]).any())
        return any(each[1:].any() for each in self._open(seat))

    def checked(self, seat: int, action: Any) -> list[float]:
        """Return a power's action if it is one.

        Raises
        ------
        Refused
            With what was expected.
        """
        parts: tuple[Choice | Continuous, ...] = self._game.role(seat).actions
        if not isinstance(action, list) or len(action) != len(parts):
            raise Refused(f"A decision is a list of {len(parts)} numbers, one for each part.")
        is_open = self._open(seat)
        made: list[float] = []
        for k, (part, value) in enumerate(zip(parts, action, strict=True)):
            name = part.name.replace("_", " ")
            if isinstance(part, Choice):
                last = len(part.options) - 1
                if type(value) is not int or not 0 <= value <= last:
                    raise Refused(f"{name} is the number of an option, 0 to {last}.")
                if not is_open[k][value]:
                    raise Refused(f"{name}: “{part.options[value]}” is closed to you now.")
                made.append(value)
            else:
                low = float(self.worlds.action_low[0, seat, k])
                high = float(self.worlds.action_high[0, seat, k])
                is_number = type(value) in (int, float)
                if not is_number or not low <= value <= high:
                    raise Refused(f"{name} is a number from {low:g} to {high:g}.")
                made.append(float(value))
        return made

    def weigh(self, seat: int, action: Any) -> dict[str, Any] | None:
        """Return what a decision would come to, as the game's briefing accounts for it."""
        made = self.checked(seat, action)
        record = self.worlds.records.copy()[0]
        padded = np.zeros(self._game.action_width)
        padded[: len(made)] = made
        account = self._briefing.account(self._game, record, self.setup.parameters, seat, padded)
        return None if account is None else dataclasses.asdict(account)

    def advise(self, seat: int, name: str) -> list[float]:
        """Return what a doctrine would do in a power's place, from what it sees.

        Raises
        ------
        Refused
            If there is no such doctrine.
        """
        known: Any = doctrines(self.setup.game.name)
        if not isinstance(name, str) or name not in known:
            raise Refused(f"There is no such adviser. Known: {', '.join(known)}.")
        if (seat, name) not in self._advisers:
            self._advisers[seat, name] = known[name](self.setup.parameters, seat)
        seen, masks = self.worlds.observations[:, seat], self.worlds.masks[:, seat]
        # Advice must not move the chance of the game.
        rng = np.random.default_rng(self.step)
        return self._opened(seat, self._advisers[seat, name].act(seen, masks, rng)[0].tolist())

    def _opened(self, seat: int, action: Sequence[float]) -> list[float]:
        """Return an action with option 0 in the place of what is closed."""
        made = list(action[: self._width(seat)])
        for k, is_open in enumerate(self._open(seat)):
            made[k] = int(made[k]) if is_open[int(made[k])] else 0
        return made

    def proposal(self, seat: int) -> list[float]:
        """Return the decision that a person starts from: her last, or a first adviser's."""
        year = len(self._phases)
        if self.step >= year:
            return self._opened(seat, self._steps[-year][seat])
        return self.advise(seat, next(iter(doctrines(self.setup.game.name))))

    # -- being told ------------------------------------------------------------------------------

    def _seen(self, seat: int) -> Seen:
        """Return a power's observation by name."""
        row = self.worlds.observations[0, seat].tolist()
        seen: dict[str, Any] = {}
        at, others = 0, self.worlds.powers - 1
        for feature in self._game.features:
            width = others if feature.others else 1
            part = row[at : at + width]
            seen[feature.name] = part if feature.others else part[0]
            at += width
        return seen

    def others(self, seat: int) -> list[str]:
        """Return the other powers' names, in the order in which a power sees them."""
        order = self._order(seat)
        if self._briefing.is_anonymous(self.setup.parameters):
            return [f"power {chr(ord('A') + place)}" for place in range(len(order))]
        return [self.setup.names[other] for other in order]

    def _order(self, seat: int) -> list[int]:
        return self._briefing.order(self.worlds.records[0], seat)

    def _hear(self, seat: int, payoff: float) -> None:
        record = self.worlds.records[0]
        names = list(self.setup.names)
        for other, name in zip(self._order(seat), self.others(seat), strict=True):
            names[other] = name
        lines = self._briefing.news(record, self.setup.parameters, names)
        self._told[seat].append(Told(self._when(), lines, payoff))

    def _when(self) -> str:
        record = self.worlds.records[0]
        words = f"year {int(record['year']) + 1}"
        return words if len(self._phases) == 1 else f"{words}, {self._phases[int(record['phase'])]}"

    def view(self, seat: int) -> dict[str, Any]:
        """Return everything that the person in a seat is shown now, as plain values."""
        seen, names = self._seen(seat), self.others(seat)
        briefing, setup = self._briefing, self.setup
        waiting = [] if self.is_over else self._waiting_for(seat)
        told = self._told[seat]
        return {
            "game": setup.game.name.replace("_", " "),
            "title": setup.title,
            "name": setup.names[seat],
            "others": names,
            "step": self.step,
            "when": self._when(),
            "over": self._how_it_ended(),
            "has_decided": seat in self._decided,
            "waiting_for": waiting,
            "own": self._own_facts(seen, seat),
            "about": self._facts_of_others(seen, len(names)),
            "chief": list(briefing.chief),
            "tags": [briefing.tags(seen, place) for place in range(len(names))],
            "notes": briefing.notes(setup.parameters),
            "rules": self._observed_parameters(seat),
            "parts": self._parts(seat, seen),
            "proposal": self._decided.get(seat) or self.proposal(seat),
            "advisers": list(doctrines(setup.game.name)),
            "news": told[-1].news,
            "past": [
                {"when": before.when, "news": after.news, "payoff": after.payoff}
                for before, after in itertools.pairwise(told)
            ],
            "score": self.score(seat),
            "ending": self.ending(seat) if self.is_over else None,
        }

    def _waiting_for(self, seat: int) -> list[str]:
        briefing, order = self._briefing, self._order(seat)
        absent = [each for each in self.setup.humans if each not in self._decided and each != seat]
        if briefing.is_anonymous(self.setup.parameters):
            return ["another person"] * bool(absent)
        return [self.setup.names[each] for each in order if each in absent]

    def _how_it_ended(self) -> str:
        over = int(self.worlds.records["over"][0])
        if not over:
            return ""
        return "cut off at the limit of steps" if over == CUT_OFF else "ended by its own rules"

    def _label(self, name: str) -> str:
        return self._briefing.labels.get(name, name.replace("_", " "))

    def _fact(self, feature: Feature, value: float) -> dict[str, Any]:
        return {
            "name": feature.name,
            "label": self._label(feature.name),
            "value": value,
            "words": in_words(value, feature.unit, feature.doc),
            "doc": feature.doc,
            "is_estimate": feature.name in self._briefing.estimated,
        }

    def _own_facts(self, seen: Seen, seat: int) -> list[dict[str, Any]]:
        return [
            self._fact(feature, seen[feature.name])
            for feature in self._game.features
            if not feature.others and (feature.name != "phase" or len(self._phases) > 1)
        ]

    def _facts_of_others(self, seen: Seen, others: int) -> list[list[dict[str, Any]]]:
        told = [feature for feature in self._game.features if feature.others]
        return [
            [self._fact(feature, seen[feature.name][place]) for feature in told]
            for place in range(others)
        ]

    def _observed_parameters(self, seat: int) -> list[dict[str, Any]]:
        kind = self._game.parameters
        names = observed_parameter_names(kind, self.worlds.powers)
        values = self.worlds.observations[0, seat, -len(names) :].tolist() if names else []
        docs = {name: declared for name, declared in kind.declarations.items() if declared.observed}
        found = []
        for name, value in zip(names, values, strict=True):
            declared = docs.get(name) or docs[name.rpartition("_")[0]]
            found.append(
                {
                    "name": name,
                    "label": name.replace("_", " "),
                    "value": value,
                    "words": f"{value:.4g}",
                    "doc": declared.doc,
                }
            )
        return found

    def _parts(self, seat: int, seen: Seen) -> list[dict[str, Any]]:
        """Return the parts of a power's action; those towards others one after another."""
        general = self._game.general or self._game
        declared: list[tuple[Choice | Continuous, int]] = []
        for part in general.role(seat).actions:
            places = range(self.worlds.powers - 1) if part.others else (-1,)
            declared += [(part, place) for place in places]
        is_open = self._open(seat)
        made = []
        for k, (part, place) in enumerate(declared):
            shown: dict[str, Any] = {
                "name": part.name, "label": self._label(part.name), "place": place, "doc": part.doc,
            }  # fmt: skip
            if isinstance(part, Choice):
                closed = [
                    "" if free else self._why_closed(part.name, option, seen, place)
                    for option, free in zip(part.options, is_open[k], strict=True)
                ]
                shown |= {
                    "options": list(part.options),
                    "closed": closed,
                    "is_scale": all(option[:1].isdigit() for option in part.options),
                }
            else:
                shown |= {
                    "low": float(self.worlds.action_low[0, seat, k]),
                    "high": float(self.worlds.action_high[0, seat, k]),
                    "unit": "" if part.unit == "1" else part.unit,
                }
            made.append(shown)
        return made

    def _why_closed(self, part: str, option: str, seen: Seen, place: int) -> str:
        return self._briefing.reason(part, option, seen, place) or "closed by the rules now"

    # -- the end ---------------------------------------------------------------------------------

    def ending(self, seat: int) -> dict[str, Any]:
        """Return a person's score beside that of strategies in the people's seats."""
        if self._compared is None:
            self._compared = {name: self._played_by(each) for name, each in self._beside.items()}
        ruled = {self.setup.names[power]: name for power, name in enumerate(self.setup.against)}
        return {
            "score": self.score(seat),
            "years": int(self.worlds.records["year"][0]),
            "beside": [
                {"name": name, "score": float(scores[seat])}
                for name, scores in self._compared.items()
            ],
            "ruled": [[who, name or "a person"] for who, name in ruled.items()],
            "people": len(self.setup.humans),
        }

    def _played_by(self, seated: Mapping[int, Strategy]) -> NDArray[np.float64]:
        """Return what every power is paid where a strategy sits in the people's seats."""
        everyone = {**self._strategies, **seated}
        profile = [everyone[power] for power in range(self.worlds.powers)]
        with Worlds(self.setup.game, 1, self.setup.parameters, autoreset=False) as worlds:
            rollout = play(worlds, profile, seed=self.setup.seed)
        return np.asarray(rollout.returns(self._discount)[0])

    # -- keeping ---------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the game into its folder."""
        setup = self.setup
        parameters = {
            name: getattr(setup.parameters, name) for name in setup.game.parameters.declarations
        }
        content = {
            "format": FORMAT,
            "game": setup.game.name,
            "version": setup.game.version,
            "style": setup.game.style,
            "title": setup.title,
            "parameters": parameters,
            "names": setup.names,
            "humans": setup.humans,
            "against": setup.against,
            "beside": setup.beside,
            "seed": setup.seed,
            "is_over": self.is_over,
            "scores": {setup.names[seat]: self.score(seat) for seat in setup.humans},
            "steps": [_by_seat(step) for step in self._steps],
            "decided": _by_seat(self._decided),
            "digests": self._digests,
        }
        write_text_atomically(self.folder / FILE, json.dumps(content, indent=1) + "\n")

    def _replay(self, path: Path, saved: Mapping[str, Any]) -> None:
        steps, digests = saved["steps"], saved["digests"]
        if len(digests) != len(steps) + 1:
            raise _no_game(path, "it has not one digest for each step")
        for number in range(len(digests)):
            if self._digests[-1] != digests[number]:
                players = ", ".join(sorted({*self.setup.against} - {YOU}))
                raise CounterpoiseError(
                    f"{path}: step {number} comes out differently from how it was played. The "
                    f"rules, the machine or a strategy ({players}) have changed since; this game "
                    "cannot go on."
                )
            if number < len(steps):
                self._take(path, steps[number], is_whole=True)
                self._play()
        self._take(path, saved["decided"], is_whole=False)

    def _take(self, path: Path, actions: Any, *, is_whole: bool) -> None:
        """Read the people's decisions of one step from a saved game."""
        if not isinstance(actions, dict) or (self.is_over and actions):
            raise _no_game(path, f"step {self.step} is no table of decisions")
        seats = {str(seat): seat for seat in self.setup.humans}
        if not actions.keys() <= seats.keys() or (is_whole and len(actions) < len(seats)):
            raise _no_game(path, f"step {self.step} has decisions of other seats than people's")
        try:
            self._decided = {
                seat: self.checked(seat, actions[name])
                for name, seat in seats.items()
                if name in actions
            }
        except Refused as error:
            raise _no_game(path, f"step {self.step}: {error}") from None


def in_words(value: float, unit: str, doc: str = "") -> str:
    """Return a feature's value as people say it.

    Parameters
    ----------
    value : float
    unit : str
        As the feature declares it: ``of product`` is a share, ``log`` a ratio's logarithm,
        ``of 40 years`` counts these.
    doc : str
        Starts with "Whether" where the value is yes or no, with "Odds" or "Chance" where it is
        a probability.
    """
    return _in_words(value, unit, doc).replace("-", "−")


def _in_words(value: float, unit: str, doc: str) -> str:
    counted = re.fullmatch(r"of (\d+) (.+)", unit)
    if doc.startswith("Whether") or unit == "yes or no":
        return "yes" if value > 0.5 else "no"
    if doc.startswith(("Odds", "Chance")):
        return f"{100 * value:.0f} %"
    if unit == "log":
        return f"× {math.exp(value):.3g}"
    if counted:
        return _counted(value * int(counted[1]), counted[2])
    if unit.startswith("of "):
        return f"{100 * value:.3g} % {unit}"
    if unit == "1/year":
        return f"{100 * value:.3g} % a year"
    if unit == "1":
        return f"{value:.3g}"
    return _counted(value, unit)


def _counted(value: float, unit: str) -> str:
    number = f"{value:.4g}"
    if number == "1":
        unit = re.sub("ies$", "y", unit) if unit.endswith("ies") else unit.removesuffix("s")
    return f"{number} {unit}"


def _by_seat(actions: Mapping[int, list[float]]) -> dict[str, list[float]]:
    return {str(seat): action for seat, action in sorted(actions.items())}


def _no_game(path: Path, why: str) -> CounterpoiseError:
    return CounterpoiseError(f"{path} is no game that can go on: {why}.")


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise CounterpoiseError(
            f"{path.parent} holds no game: {FILE} is missing. A game's folder is what "
            "`counterpoise play` names when it begins."
        )
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _no_game(path, f"it is not JSON ({error})") from None
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise _no_game(path, f"its format is not {FORMAT}")
    absent = sorted(NEEDED - saved.keys())
    if absent:
        raise _no_game(path, f"it lacks {absent[0]!r}")
    return saved


def _setup_from(path: Path, saved: Mapping[str, Any]) -> Setup:
    game = game_named(str(saved["game"])).in_style(saved.get("style"))
    if saved["version"] != game.version:
        raise _no_game(
            path, f"it was played on {game.name} v{saved['version']}; the rules are v{game.version}"
        )
    if not isinstance(saved["parameters"], dict):
        raise _no_game(path, "its parameters are no table")
    parameters = as_parameters(game.parameters, saved["parameters"])
    powers = parameters.powers
    for field, kind, length in (
        ("names", str, powers), ("against", str, powers), ("beside", str, None),
        ("humans", int, None), ("steps", dict, None), ("digests", str, None),
    ):  # fmt: skip
        values = saved[field]
        if not isinstance(values, list) or not all(type(value) is kind for value in values):
            raise _no_game(path, f"{field} is not a list as it should be")
        if length is not None and len(values) != length:
            raise _no_game(path, f"{field} has {len(values)} entries for {length} powers")
    humans = saved["humans"]
    is_seated = humans and all(0 <= seat < powers for seat in humans)
    if not is_seated or len(set(humans)) != len(humans):
        raise _no_game(path, "people sit in seats that there are not")
    if type(saved["seed"]) is not int or not isinstance(saved["title"], str):
        raise _no_game(path, "its seed is no number, or its title no text")
    return Setup(
        game=game,
        parameters=parameters,
        names=list(saved["names"]),
        title=saved["title"],
        humans=tuple(sorted(humans)),
        against=tuple(saved["against"]),
        beside=tuple(saved["beside"]),
        seed=saved["seed"],
    )
