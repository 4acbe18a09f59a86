"""Strategies by name.

A name is ``random``, ``constant:0.02``, ``equilibrium``, a doctrine, a policy of the zoo, or the
folder of a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from counterpoise.agents import zoo
from counterpoise.agents.learned import load_profile
from counterpoise.agents.simple import Constant
from counterpoise.envs.engine.errors import CounterpoiseError, UnknownNameError, unknown_name
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import part
from counterpoise.envs.engine.strategy import Strategy, Uniform
from counterpoise.theory.regret import equilibrium


def doctrines(game: str) -> dict[str, type[Strategy]]:
    """Return the scripted doctrines of a game by name."""
    return dict(part(game, "doctrines") or {})


def strategy_names(game: str) -> list[str]:
    """Return every name of a strategy of a game, except constants and folders."""
    trained = [name for name in zoo.names() if name.startswith(f"{game}/")]
    return ["random", "equilibrium", *doctrines(game), *trained]


def strategy(name: str, game: Game, parameters: ParametersBase, power: int) -> Strategy:
    """Return a strategy of a game by name.

    Parameters
    ----------
    name : str
        ``random``, ``equilibrium``, ``constant:VALUE`` (components separated by commas), a doctrine
        of the game, a policy of the zoo, or the folder of a learned policy.

    Raises
    ------
    UnknownNameError
        If the name is none of these; the message lists the known names.
    """
    if name == "random":
        return Uniform(game, parameters, power)
    if name == "equilibrium":
        return equilibrium(game.name, parameters).strategies[power]
    if name.startswith("constant:"):
        try:
            values = [float(value) for value in name.removeprefix("constant:").split(",")]
        except ValueError:
            raise UnknownNameError(f"{name!r}: expected numbers, as in constant:0.02.") from None
        return Constant(game, parameters, power, values)
    known = doctrines(game.name)
    if name in known:
        return known[name](parameters, power)  # type: ignore[call-arg]
    if name in zoo.names() or Path(name).is_dir():
        folder = zoo.folder_of(name) if name in zoo.names() else Path(name)
        learned, _, profile = load_profile(folder)
        if learned.name != game.name or len(profile) != parameters.powers:
            raise CounterpoiseError(
                f"{name} was learned on {learned.name} with {len(profile)} powers, not on "
                f"{game.name} with {parameters.powers}."
            )
        if game.also_observed not in ((), learned.also_observed):
            differ = sorted(set(game.also_observed) ^ set(learned.also_observed))
            raise CounterpoiseError(
                f"{name} observes {_listed(learned.also_observed)}, and the worlds show "
                f"{_listed(game.also_observed)}: they differ in "
                f"{', '.join(differ) or 'their order'}. Make the worlds with the same observe, or "
                "with none."
            )
        return load_profile(folder, parameters=parameters)[2][power]
    raise unknown_name(f"strategy of {game.name}", name, strategy_names(game.name))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "no further parameter"


def profile(name: str, game: Game, parameters: ParametersBase) -> list[Strategy]:
    """Return the named strategy for every power."""
    return [strategy(name, game, parameters, power) for power in range(parameters.powers)]
