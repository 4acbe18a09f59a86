"""Who plays what: the powers that people rule, and the strategies in the other seats."""

from __future__ import annotations

import dataclasses
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from counterpoise.agents.named import doctrines, strategy
from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.training.runs import CONFIGURATION, Run

PERSON = ""
"""What `Setup.against` holds for a seat that a person rules."""


@dataclasses.dataclass(frozen=True)
class Setup:
    """Who plays what.

    Attributes
    ----------
    game : Game
    parameters : Parameters
    names : list of str, [powers]
    title : str
        The title of the scenario, or of the game.
    humans : tuple of int
        The seats that people rule.
    against : tuple of str, [powers]
        The name of the strategy in each seat; `PERSON` in a person's seat.
    beside : tuple of str
        Strategies whose scores in the people's seats are compared with the people's at the end.
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
    """Return the seat of a power by its name, in upper or lower case, or by its number.

    Raises
    ------
    UnknownNameError
        If there is no such power.
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
        By default the game's.
    humans : sequence of int
        The seats that people rule.
    against : sequence of str
        One strategy for all other seats, or one for each of them in order; by default the game's
        doctrines in turn.
    beside : sequence of str
        Strategies to compare scores with, in addition to those in `against`. At least one doctrine
        is always compared.
    seed : int, optional
        By default one from the operating system.

    Raises
    ------
    CounterpoiseError
        If a seat is given twice or none is given, or if the number of strategies is neither one
        nor the number of other seats.
    """
    powers = parameters.powers
    if len(set(humans)) != len(humans):
        raise CounterpoiseError("Each power is ruled by one person: name each power once.")
    if not humans:
        raise CounterpoiseError("No power is ruled by a person: name the power that you rule.")
    others = [seat for seat in range(powers) if seat not in humans]
    known = list(doctrines(game.name))
    asked = list(against) or known
    if against and len(asked) not in (1, len(others)):
        raise CounterpoiseError(
            f"Got {len(asked)} strategies for {len(others)} other powers: give one for all of "
            "them, or one for each."
        )
    # Absolute paths, so that a game can be resumed from another working directory.
    lasting = {
        name: name if name in known or not Path(name).is_dir() else str(Path(name).resolve())
        for name in [*asked, *beside]
    }
    seated = [PERSON] * powers
    for place, seat in enumerate(others):
        seated[seat] = lasting[asked[place % len(asked)]]
    compared = list(dict.fromkeys(lasting[name] for name in [*beside, *against]))
    if not set(compared) & set(known):
        compared.append(known[0])
    return Setup(
        game=game,
        parameters=parameters,
        names=list(names),
        title=title or game.title,
        humans=tuple(sorted(humans)),
        against=tuple(seated),
        beside=tuple(compared),
        seed=secrets.randbits(31) if seed is None else seed,
    )


def strategy_in_seat(name: str, setup: Setup, power: int) -> Strategy:
    """Return the strategy of a name for one seat; a run's folder gives its learned policy.

    Raises
    ------
    CounterpoiseError
        If there is no such strategy, or if the run was trained on another game.
    """
    if name not in doctrines(setup.game.name) and (Path(name) / CONFIGURATION).is_file():
        run = Run(name)
        if run.game.name != setup.game.name:
            raise CounterpoiseError(
                f"{name} was trained on {run.game.name}: expected a run of {setup.game.name}."
            )
        return run.profile(parameters=setup.parameters)[power]
    return strategy(name, setup.game, setup.parameters, power)
