"""Strategies for the powers that the user does not play, in the Gymnasium environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import strategy_by_name
from counterpoise.envs.engine.rollouts import Memories, decide
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds

Others = str | Strategy | Sequence[str | Strategy]


def checked_power(power: int, parameters: ParametersBase) -> int:
    """Return the seat if it exists.

    Raises
    ------
    ParameterError
        If there is no such seat.
    """
    if isinstance(power, bool) or power not in range(parameters.powers):
        raise ParameterError(
            f"power must be a whole number from 0 to {parameters.powers - 1}, not {power!r}."
        )
    return int(power)


def resolve_others(
    others: Others, game: Game, parameters: ParametersBase, power: int
) -> dict[int, Strategy]:
    """Return the strategies of the other powers, by seat."""
    seats = [seat for seat in range(parameters.powers) if seat != power]
    if isinstance(others, str | Strategy):
        chosen = dict.fromkeys(seats, others)
    elif len(others) == len(seats):
        chosen = dict(zip(seats, others, strict=True))
    elif len(others) == parameters.powers:
        chosen = {seat: others[seat] for seat in seats}
    else:
        raise ParameterError(
            f"{len(others)} strategies for {len(seats)} other powers: give one for all of them, "
            "one each, or a whole profile."
        )
    for seat, strategy in chosen.items():
        if isinstance(strategy, str):
            chosen[seat] = strategy_by_name(strategy, game, parameters, seat)
        elif not isinstance(strategy, Strategy):
            raise ParameterError(
                f"power_{seat} is to be played by {strategy!r}: expected a Strategy or its name."
            )
    return chosen  # type: ignore[return-value]


def play_others(
    worlds: Worlds,
    others: Mapping[int, Strategy],
    rng: np.random.Generator,
    memories: Memories,
) -> None:
    """Write the actions of the other powers into `Worlds.actions`; `Worlds.check` is left to do."""
    for seat, strategy in others.items():
        worlds.actions[:, seat] = decide(worlds, seat, strategy, rng, memories)
