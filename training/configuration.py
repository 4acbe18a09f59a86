"""What a training is: every option with its meaning, read from a TOML file."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from counterpoise.agents.learned import ACTIVATIONS
from counterpoise.envs.engine.errors import CounterpoiseError, ParameterError, unknown_name
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.worlds import as_parameters
from counterpoise.envs.scenarios import scenario_of

FOLDER = Path(__file__).resolve().parent / "configurations"

UNCHANGED = "unchanged"
POLICIES = ("separate", "shared", "anonymous")
PPO, FICTITIOUS_PLAY, PSRO = ALGORITHMS = ("ppo", "fictitious_play", "psro")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Configuration:
    """The options of one training; every field stands in a TOML file under its own name."""

    name: str
    """What the configuration is called in tables and folders."""
    game: str
    """The game that is learned."""
    scenario: str | None = None
    """A named scenario, or the path of one, that sets the parameters."""
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Changes to the game's (or the scenario's) parameters while learning."""
    varied: Mapping[str, list[Any]] = dataclasses.field(default_factory=dict)
    """Parameters that differ between the worlds, each with its values; all combinations occur. The
    word `unchanged` among them leaves a parameter as the scenario has it."""
    together: Mapping[str, list[Any]] = dataclasses.field(default_factory=dict)
    """Parameters that differ between the worlds in step: the first values together, and so on."""
    drawn: Mapping[str, list[float]] = dataclasses.field(default_factory=dict)
    """Parameters that each world draws evenly from a range of its own, [lowest, highest]."""
    drawn_at_once: int = 0
    """At most so many of these does one world draw, the others standing as they are; 0 for all.
    Where questions change one parameter at a time, learning is spent on what they ask."""
    scenarios: tuple[str, ...] = ()
    """Named scenarios, or paths of them, of as many powers, that are dealt to the worlds in turn;
    `parameters`, `varied` and `drawn` are then changes to these."""
    opponents: tuple[str, ...] = ()
    """Strategies by name that play all seats but one or two in a part of the worlds."""
    opponent_share: float = 0.25
    """In which part of the worlds they do."""
    judged_parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Changes under which the learned policy is compared with theory, where these differ."""
    algorithm: str = "ppo"
    """`ppo`: all powers learn at once; `fictitious_play`, `psro`: best responses to populations."""
    iterations: int = 20
    """Best responses that each power learns, one after another, in a population."""
    policy: str = "separate"
    """`separate`: a network for each seat; `shared`: one network that sees its seat; `anonymous`:
    one that does not, so that powers in the same place must do the same."""
    alike: bool = False
    """Whether all others are seen alike: what is learned about one of them holds of each."""
    agent_steps: int = 1_000_000
    """How many decisions of single powers to learn from."""
    worlds: int = 1_024
    """How many worlds run at once."""
    steps: int = 10
    """How many steps of every world make one batch."""
    max_cycles: int | None = None
    """Steps after which a world is cut off; the game's own limit if left out."""
    minibatch: int = 8_192
    """Agent-steps in one step of the optimiser."""
    epochs: int = 4
    """How often a batch is gone through."""
    learning_rate: float = 3e-3
    """Of Adam at the start; it falls linearly to nothing."""
    adam_second_moment: float = 0.999
    """Adam's decay of the squared gradient."""
    discount: float | None = None
    """A step's discount factor; the game's own if left out."""
    trace: float = 0.95
    """Lambda of generalised advantage estimation."""
    clip: float = 0.2
    """Clipping of PPO's probability ratio."""
    normalize_advantage: bool = True
    """Whether advantages are standardised in every minibatch; otherwise they are in scaled rewards,
    so that near a mixed equilibrium, where nothing is to be gained, steps become small."""
    entropy: float = 0.0
    """Weight of the entropy bonus at the start; it falls linearly to `last_entropy`."""
    last_entropy: float = 0.0
    """Its weight at the end. Below nothing it is a price on chance: choices that hardly matter are
    settled, so that all others are learned among powers that play as they will be played."""
    magnet: float = 0.0
    """Weight of the divergence from a running mean of the policy; for mixed equilibria."""
    magnet_memory: float = 0.95
    """The share of that running mean which each batch leaves in place."""
    mixed: bool = False
    """Whether what is played is the learned mixture of choices; otherwise its likeliest choice."""
    value_weight: float = 0.5
    """Weight of the critic's loss."""
    gradient_norm: float = 1.0
    """Longest gradient."""
    averaging: float = 0.0
    """The weights that are played are a running mean over this share of the training."""
    hidden: tuple[int, ...] = (32, 32)
    """Units of the hidden layers."""
    activation: str = "tanh"
    """Between layers: `tanh`, smooth, or `relu`, faster."""
    spread: float = 0.3
    """First standard deviation of amounts, in units of half the range."""
    bounds: float = 0.0
    """Weight of the square of what a mean lies beyond its bounds, so that it can come back."""
    last_spread: float | None = None
    """Largest standard deviation at the end, to which the limit falls evenly in ratio; where
    payoffs bend, what is best on average over a wide spread is not what is best."""
    checkpoint_seconds: float = 10.0
    """At most so much work is lost when a run is killed."""
    regret_points: int = 8
    """At how many points of a training the regret is computed for the learning curve."""

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise ParameterError(f"policy is one of {', '.join(POLICIES)}, not {self.policy!r}.")
        if self.algorithm not in ALGORITHMS:
            raise ParameterError(
                f"algorithm is one of {', '.join(ALGORITHMS)}, not {self.algorithm!r}."
            )
        if self.activation not in ACTIVATIONS:
            raise ParameterError(
                f"activation is one of {', '.join(ACTIVATIONS)}, not {self.activation!r}."
            )
        for field in ("agent_steps", "worlds", "steps", "minibatch", "epochs", "iterations"):
            if getattr(self, field) < 1:
                raise ParameterError(f"{field} must be at least 1, not {getattr(self, field)}.")
        for field in ("hidden", "scenarios", "opponents"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        for name, ends in self.drawn.items():
            if not isinstance(ends, list) or len(ends) != 2 or not ends[0] <= ends[1]:
                raise ParameterError(f"[drawn] {name} needs [lowest, highest], not {ends!r}.")
        if self.drawn_at_once < 0:
            raise ParameterError(f"drawn_at_once must be at least 0, not {self.drawn_at_once}.")
        if not 0.0 <= self.opponent_share < 1.0:
            raise ParameterError(
                f"opponent_share must be from 0 to below 1, not {self.opponent_share}."
            )
        if self.alike and not any(feature.others for feature in self.the_game().features):
            raise ParameterError(f"alike is for games with several others; {self.game} has none.")
        if self.opponents and self.policy == "separate":
            raise ParameterError(
                "Opponents sit in other seats in every world, so one network must play them all: "
                "policy 'shared' or 'anonymous'."
            )
        if len({len(values) for values in self.together.values()}) > 1:
            raise ParameterError(
                "The parameters in [together] move in step and need equally many values: "
                + ", ".join(f"{name} has {len(each)}" for name, each in self.together.items())
                + "."
            )
        if (self.mixed or self.magnet > 0.0) and not self.the_game().is_discrete:
            raise ParameterError(
                f"mixed and magnet are for choices; the actions of {self.game} are amounts."
            )
        self.world_parameters()

    def the_game(self) -> Game:
        """Return the game."""
        return game_named(self.game)

    def game_parameters(self) -> ParametersBase:
        """Return the parameters that are learned on."""
        game = self.the_game()
        named = self.scenario or next(iter(self.scenarios), None)
        if named is None:
            return as_parameters(game.parameters, dict(self.parameters))
        return self._on(named)

    def world_parameters(self) -> list[ParametersBase]:
        """Return the parameters of each world: the combinations of what varies, dealt evenly."""
        if self.scenarios or self.drawn:
            return self._drawn_parameters()
        fixed = self.game_parameters()
        if not self.varied and not self.together:
            return [fixed]
        in_step = [
            dict(zip(self.together, each, strict=True))
            for each in zip(*self.together.values(), strict=True)
        ] or [{}]
        combinations = itertools.product(in_step, *self.varied.values())
        made = [
            fixed.replace(**step, **_changed(dict(zip(self.varied, each, strict=True))))
            for step, *each in combinations
        ]
        order = np.random.default_rng(0).permutation(len(made))
        return [made[order[world % len(made)]] for world in range(self.worlds)]

    def _drawn_parameters(self) -> list[ParametersBase]:
        """Return the parameters of each world where they are drawn or dealt from scenarios."""
        bases = [self._on(name) for name in self.scenarios] or [self.game_parameters()]
        if len({base.powers for base in bases}) > 1:
            raise ParameterError(
                "Scenarios that are learned together have one number of powers: "
                + ", ".join(
                    f"{name} has {base.powers}"
                    for name, base in zip(self.scenarios, bases, strict=True)
                )
                + "."
            )
        # There may be millions of combinations: one is drawn by its number.
        counts = tuple(len(values) for values in self.varied.values())
        rng = np.random.default_rng(0)
        made = []
        for world in range(self.worlds):
            drawn = np.unravel_index(int(rng.integers(math.prod(counts))), counts) if counts else ()
            changes = {
                name: values[int(at)]
                for (name, values), at in zip(self.varied.items(), drawn, strict=True)
            }
            changes = _changed(changes)
            names = list(self.drawn)
            if self.drawn_at_once:
                count = min(int(rng.integers(self.drawn_at_once + 1)), len(names))
                names = rng.choice(names, count, replace=False).tolist()
            for name in names:
                lowest, highest = self.drawn[name]
                changes[name] = float(rng.uniform(lowest, highest))
            made.append(bases[world % len(bases)].replace(**changes))
        return made

    def _on(self, name: str) -> ParametersBase:
        return scenario_of(self.game, name).parameters.replace(**self.parameters)

    def parameters_of_worlds(self, count: int) -> list[ParametersBase]:
        """Return those of the first so many worlds, dealt again where there are more."""
        each = self.world_parameters()
        return [each[world % len(each)] for world in range(count)]

    def parameters_to_judge(self) -> ParametersBase:
        """Return the parameters under which the policy is compared with theory."""
        return self.game_parameters().replace(**self.judged_parameters)

    def replace(self, **changes: Any) -> Self:
        """Return this configuration with some fields changed."""
        known = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise unknown_name("training option", name, known)
        return dataclasses.replace(self, **changes)

    def to_toml(self) -> str:
        """Return the configuration as the text of a TOML file."""
        lines, tables = [], []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Mapping):
                if value:
                    tables.append(f"\n[{field.name}]")
                    tables += [f"{key} = {json.dumps(item)}" for key, item in value.items()]
            elif value is not None:
                lines.append(f"{field.name} = {json.dumps(value)}")
        return "\n".join([*lines, *tables]) + "\n"


def _changed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs from the scenario."""
    return {name: value for name, value in values.items() if value != UNCHANGED}


def shipped() -> list[str]:
    """Return the names of the configurations that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str | Path) -> Configuration:
    """Read a configuration by name or path.

    Raises
    ------
    UnknownNameError
        If there is no such configuration, or it holds an unknown option.
    CounterpoiseError
        If the file is not TOML; the message gives line and column.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = FOLDER / f"{name}.toml"
        if not path.is_file():
            raise unknown_name("training configuration", str(name), shipped())
    try:
        values = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise unknown_name("training configuration", str(name), shipped()) from None
    except tomllib.TOMLDecodeError as error:
        raise CounterpoiseError(f"{path}: {error}") from None
    known = [field.name for field in dataclasses.fields(Configuration)]
    for key in values:
        if key not in known:
            raise unknown_name(f"training option (in {path.name})", key, known)
    values.setdefault("name", path.stem)
    if "game" not in values:
        raise CounterpoiseError(f"{path} names no game: add a line such as game = 'arms_race'.")
    return Configuration(**values)
