"""Settings: what a game is set to, from the names and values that a person gives.

Adapters, command line, playback and training resolve them here, so that all accept the same and
refuse the same in the same words.
"""

from __future__ import annotations

import dataclasses
import operator
import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

from counterpoise.envs.adapters.render import RENDER_MODES
from counterpoise.envs.engine.errors import ParameterError, unknown_name
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.worlds import as_parameters
from counterpoise.envs.scenarios import Scenario, scenario_of


@dataclasses.dataclass(frozen=True)
class Settings:
    """A game in its style of actions and for its number of powers, and its parameters.

    Attributes
    ----------
    game : Game
    parameters : Parameters
    names : list of str
        Display names of the powers: those of the scenario, or ``power_0``, ``power_1``, …
    scenario : Scenario, optional
        The scenario that was asked for.
    """

    game: Game
    parameters: ParametersBase
    names: list[str]
    scenario: Scenario | None = None

    @property
    def title(self) -> str:
        """The title of the scenario; empty without one."""
        return "" if self.scenario is None else self.scenario.title

    @classmethod
    def resolve(
        cls,
        game: str | Game,
        *,
        scenario: str | os.PathLike[str] | None = None,
        parameters: ParametersBase | Mapping[str, Any] | None = None,
        style: str | None = None,
        observe: Sequence[str] = (),
        changes: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return the settings that some names and values stand for.

        Parameters
        ----------
        game : str or Game
            The game, by name.
        scenario : str or path, optional
            A scenario of this game by name, or its file.
        parameters : Parameters or mapping, optional
            All parameters, or changes to those of the scenario or to the defaults.
        style : str, optional
            Another kind of actions, where the game offers one.
        observe : sequence of str
            Parameters that the powers observe, beside those that the game marks as observed.
        changes : mapping, optional
            Single parameters by name, applied last.

        Raises
        ------
        UnknownNameError
            If there is no such game, scenario, style or parameter.
        ParameterError
            If the scenario is of another game, a value is out of its range, or a parameter to
            observe has a value for each pair of powers.

        Examples
        --------
        >>> settings = Settings.resolve("burden_sharing", scenario="nato_2024")
        >>> settings.names[0], settings.parameters.powers
        ('United States', 31)
        """
        chosen = (game_named(game) if isinstance(game, str) else game).in_style(style)
        if observe:
            chosen = chosen.observing(observe)
        names: list[str] = []
        found: Scenario | None = None
        if scenario is None:
            resolved = as_parameters(chosen.parameters, parameters)
        else:
            found = scenario_of(chosen.name, scenario)
            resolved, names = found.parameters, found.names
            if isinstance(parameters, Mapping):
                resolved = resolved.replace(**parameters)
            elif parameters is not None:
                raise ParameterError(
                    f"Scenario {found.name!r} sets all parameters: give a mapping of changes to "
                    "it, not a complete set of parameters."
                )
        if changes:
            resolved = resolved.replace(**changes)
        powers = resolved.powers
        shown = names if len(names) == powers else chosen.agent_names(powers)
        return cls(chosen.seated(powers), resolved, shown, found)


def way_in_metadata(game: Game) -> dict[str, Any]:
    """Return the metadata of an environment of a game."""
    return {
        "name": f"{game.name}_v{game.version}",
        "render_modes": list(RENDER_MODES),
        "is_parallelizable": True,
        "render_fps": 2,
    }


def checked_render_mode(render_mode: str | None) -> str | None:
    """Return the mode if it exists.

    Raises
    ------
    UnknownNameError
        If there is no such mode.
    """
    if render_mode is not None and render_mode not in RENDER_MODES:
        raise unknown_name("render_mode", str(render_mode), RENDER_MODES)
    return render_mode


def checked_max_cycles(max_cycles: Any) -> int:
    """Return the limit as an int.

    Raises
    ------
    ParameterError
        If it is not a whole number of at least 1.
    """
    try:
        limit = operator.index(max_cycles)
    except TypeError:
        limit = 0
    if limit < 1:
        raise ParameterError(
            f"max_cycles must be a whole number of at least 1, not {max_cycles!r}."
        )
    return limit


def episode_parameters(
    game: Game, standing: ParametersBase, options: Mapping[str, Any] | None
) -> ParametersBase:
    """Return the parameters of one episode: the environment's, or those of a reset's options."""
    changes = options.get("parameters") if options else None
    scenario = options.get("scenario") if options else None
    if scenario is not None:
        made = Settings.resolve(game, parameters=changes, scenario=scenario).parameters
    elif changes is None:
        return standing
    elif isinstance(changes, Mapping):
        made = standing.replace(**changes)
    else:
        made = Settings.resolve(game, parameters=changes).parameters
    if made.powers != standing.powers:
        raise ParameterError(
            f"This environment was made for {standing.powers} powers, and options give "
            f"{made.powers}: make a new one."
        )
    return made
