"""What a training is: every option with its meaning, read from a TOML file."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from counterpoise.envs.adapters.tremble import Tremble
from counterpoise.envs.engine.errors import (
    CounterpoiseError,
    ParameterError,
    UnknownNameError,
    unknown_name,
)
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.worlds import as_parameters
from counterpoise.envs.scenarios import scenario_of
from counterpoise.training.learners import LEARNERS, LearnerRow
from counterpoise.training.sections import (
    RENAMED,
    SECTIONS,
    SEPARATE,
    NetworkOptions,
    PopulationOptions,
    PPOOptions,
    TrembleOptions,
    WorldOptions,
)

FOLDER = Path(__file__).resolve().parent / "configurations"

UNCHANGED = "unchanged"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Configuration:
    """The options of one training.

    In a TOML file the fields up to `regret_points` stand at the top and each of the others is a
    table of its own name.
    """

    name: str
    """Name of the configuration in tables and folders."""
    game: str
    """Name of the game."""
    scenario: str | None = None
    """Scenario, by name or path, that sets the parameters."""
    observe: tuple[str, ...] = ()
    """Parameters that the powers observe, beside those that the game marks as observed. One policy
    can then be trained over a range of their values."""
    algorithm: str = "ppo"
    """`ppo`: all powers learn at the same time; `fictitious_play`, `psro`: each power learns best
    responses to populations of earlier policies."""
    agent_steps: int = 1_000_000
    """Number of decisions of single powers to learn from."""
    mixed: bool = False
    """Whether the learned mixed strategy is played; otherwise its most likely choice."""
    checkpoint_seconds: float = 10.0
    """Maximum time between two checkpoints: what a killed run loses at most."""
    regret_points: int = 8
    """Number of points of the learning curve at which the regret, the gain of a best response as a
    share of the stake, is computed."""
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Changes to the game's (or the scenario's) parameters in training."""
    judged_parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Further changes under which the learned policy is compared with theory."""
    varied: Mapping[str, list[Any]] = dataclasses.field(default_factory=dict)
    """Parameters that differ between the worlds, each with its values; all combinations occur. The
    word `unchanged` among the values keeps the scenario's."""
    together: Mapping[str, list[Any]] = dataclasses.field(default_factory=dict)
    """Parameters that differ between the worlds in step: the first values together, and so on."""
    drawn: Mapping[str, list[float]] = dataclasses.field(default_factory=dict)
    """Parameters that each world draws uniformly from a range, [lowest, highest]; whole numbers
    where the parameter is one. Of a parameter with several values all are the number drawn."""
    paired: Mapping[str, list[float]] = dataclasses.field(default_factory=dict)
    """Flags of pairs of powers, such as `allied`: each world draws a probability uniformly from a
    range, [lowest, highest], and sets each pair's flag, the same both ways, with that probability.
    Flags that are set already stay."""
    worlds: WorldOptions = dataclasses.field(default_factory=WorldOptions)
    """The worlds that the powers are trained in."""
    network: NetworkOptions = dataclasses.field(default_factory=NetworkOptions)
    """Actor and critic."""
    ppo: PPOOptions = dataclasses.field(default_factory=PPOOptions)
    """Proximal policy optimisation."""
    population: PopulationOptions = dataclasses.field(default_factory=PopulationOptions)
    """Populations of best responses."""
    tremble: TrembleOptions = dataclasses.field(default_factory=TrembleOptions)
    """A trembling hand in training."""

    def __post_init__(self) -> None:
        if not isinstance(self.observe, str):
            object.__setattr__(self, "observe", tuple(self.observe))
        if self.algorithm not in LEARNERS:
            raise ParameterError(
                f"algorithm must be {' or '.join(LEARNERS)}, not {self.algorithm!r}."
            )
        if self.agent_steps < 1:
            raise ParameterError(f"agent_steps must be at least 1, not {self.agent_steps}.")
        for section in ("drawn", "paired"):
            self._check_ranges(section)
        has_others = any(feature.others for feature in self.the_game().features)
        if self.network.permutation_equivariant and not has_others:
            raise ParameterError(
                "[network] permutation_equivariant needs a game with several others; "
                f"{self.game} has none."
            )
        if self.network.memory > 0 and (self.algorithm != "ppo" or self.ppo.magnet_coef > 0.0):
            raise ParameterError(
                "[network] memory is for algorithm = 'ppo' without a magnet: set memory to 0, or "
                "[ppo] magnet_coef to 0."
            )
        if self.worlds.opponents and self.network.policy == SEPARATE:
            raise ParameterError(
                "[worlds] opponents sit in different seats in every world, so one network must "
                "play all seats: set [network] policy to 'shared' or 'anonymous'."
            )
        if len({len(values) for values in self.together.values()}) > 1:
            raise ParameterError(
                "The parameters in [together] need equally many values: "
                + ", ".join(f"{name} has {len(each)}" for name, each in self.together.items())
                + "."
            )
        if (self.mixed or self.ppo.magnet_coef > 0.0) and not self.the_game().is_discrete:
            raise ParameterError(
                "mixed and [ppo] magnet_coef are for choices; "
                f"the actions of {self.game} are amounts."
            )
        if self.tremble.is_on:
            self._check_tremble()
        self.world_parameters()

    def _check_ranges(self, section: str) -> None:
        declarations = self.the_game().parameters.declarations
        for name, ends in getattr(self, section).items():
            where = f"[{section}] {name}"
            if name not in declarations:
                raise unknown_name(f"parameter of {self.game} for [{section}]", name, declarations)
            if not isinstance(ends, list) or len(ends) != 2 or not ends[0] <= ends[1]:
                raise ParameterError(f"{where} needs [lowest, highest], not {ends!r}.")
            declared = declarations[name]
            if section == "drawn":
                if declared.type is not float and any(end != int(end) for end in ends):
                    raise ParameterError(f"{where} needs whole numbers, not {ends!r}.")
                continue
            if not declared.per_pair or declared.type is not bool:
                raise ParameterError(
                    f"{where} ({declared.doc}) must be a yes or no of each pair of powers."
                )
            if not 0.0 <= ends[0] <= ends[1] <= 1.0:
                raise ParameterError(f"{where} needs probabilities from 0 to 1, not {ends!r}.")

    def _check_tremble(self) -> None:
        if not self.the_game().is_discrete:
            raise ParameterError(
                f"[tremble] is for choices; the actions of {self.game} are amounts."
            )
        if not self.learner.gives_one_policy:
            raise ParameterError(
                f"[tremble] needs powers that learn at the same time; with algorithm = "
                f"{self.algorithm!r} they learn best responses to what is played when judged."
            )
        self.tremble_of_worlds(seed=0)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], origin: str = "the configuration") -> Self:
        """Return the configuration of nested tables, as a TOML file holds them.

        Parameters
        ----------
        values : mapping
            `name` and `game` at least.
        origin : str
            Where the tables come from, for messages.

        Raises
        ------
        UnknownNameError
            If there is no option of a name. If the options are in the flat form of earlier
            versions, the message says which to move and rename to what.
        """
        _refuse_unknown(values, origin)
        if "game" not in values:
            raise CounterpoiseError(f"{origin} names no game: add a line like game = 'arms_race'.")
        made = {name: kind() for name, kind in SECTIONS.items()}
        return cls(**{**values, **_merged(made, values, origin)})

    @property
    def learner(self) -> LearnerRow:
        """What is known of the learner of this algorithm."""
        return LEARNERS[self.algorithm]

    def learner_in_words(self) -> str:
        """Return a short description of the learner for tables."""
        return self.learner.in_words(self)

    def shortened(self, share: float) -> Configuration:
        """Return a quicker training, with a share of the agent-steps."""
        return self.learner.shortened(self, share)

    def the_game(self) -> Game:
        """Return the game, with the parameters that the powers observe in it."""
        return game_named(self.game).observing(self.observe)

    def game_parameters(self) -> ParametersBase:
        """Return the parameters in training."""
        game = self.the_game()
        named = self.scenario or next(iter(self.worlds.scenarios), None)
        if named is None:
            return as_parameters(game.parameters, dict(self.parameters))
        return self._on(named)

    def world_parameters(self) -> list[ParametersBase]:
        """Return the parameters of each world: all combinations of what varies, equally often."""
        if self.worlds.scenarios or self.drawn or self.paired:
            return self._drawn_parameters()
        fixed = self.game_parameters()
        if not self.varied and not self.together:
            return [fixed]
        combinations = itertools.product(self._in_step() or [{}], *self.varied.values())
        made = [
            fixed.replace(**step, **_changed(dict(zip(self.varied, each, strict=True))))
            for step, *each in combinations
        ]
        order = np.random.default_rng(0).permutation(len(made))
        return [made[order[world % len(made)]] for world in range(self.worlds.count)]

    def _in_step(self) -> list[dict[str, Any]]:
        """Return the changes of `together`: the first values together, and so on."""
        return [
            dict(zip(self.together, each, strict=True))
            for each in zip(*self.together.values(), strict=True)
        ]

    def _drawn_parameters(self) -> list[ParametersBase]:
        """Return the parameters of each world if these are drawn or come from several scenarios."""
        declarations = self.the_game().parameters.declarations
        bases = [self._on(name) for name in self.worlds.scenarios] or [self.game_parameters()]
        if len({base.powers for base in bases}) > 1:
            raise ParameterError(
                "[worlds] scenarios must have the same number of powers: "
                + ", ".join(
                    f"{name} has {base.powers}"
                    for name, base in zip(self.worlds.scenarios, bases, strict=True)
                )
                + "."
            )
        # There may be millions of combinations: draw the number of one.
        in_step = self._in_step()
        axes = [*self.varied.values(), *([in_step] if in_step else [])]
        counts = tuple(len(values) for values in axes)
        rng = np.random.default_rng(0)
        made = []
        for world in range(self.worlds.count):
            drawn = np.unravel_index(int(rng.integers(math.prod(counts))), counts) if counts else ()
            picked = [values[int(at)] for values, at in zip(axes, drawn, strict=True)]
            step = picked.pop() if in_step else {}
            changes = {**step, **_changed(dict(zip(self.varied, picked, strict=True)))}
            names = list(self.drawn)
            if self.worlds.max_drawn:
                count = min(int(rng.integers(self.worlds.max_drawn + 1)), len(names))
                names = rng.choice(names, count, replace=False).tolist()
            for name in names:
                lowest, highest = self.drawn[name]
                if declarations[name].type is float:
                    changes[name] = float(rng.uniform(lowest, highest))
                else:
                    changes[name] = int(rng.integers(int(lowest), int(highest) + 1))
            base = bases[world % len(bases)]
            for name, (lowest, highest) in self.paired.items():
                own = base.replace(**{name: changes[name]}) if name in changes else base
                flags = getattr(own, name)
                changes[name] = _with_pairs(flags, float(rng.uniform(lowest, highest)), rng)
            made.append(base.replace(**changes))
        return made

    def tremble_of_worlds(self, seed: int) -> Tremble | None:
        """Return how choices tremble in each world; None if they tremble in none."""
        options, count = self.tremble, self.worlds.count
        if not options.is_on:
            return None
        rng = np.random.default_rng(seed)
        # At random, so that worlds with and without scripted opponents tremble alike.
        shaky = rng.permutation(count)[: round(options.share_of_worlds * count)]
        chances = np.zeros(count, np.float32)
        chances[shaky] = rng.uniform(*options.chance, size=len(shaky))
        powers = self.game_parameters().powers
        return Tremble.of(self.the_game(), powers, chances, options.choices)

    def _on(self, name: str) -> ParametersBase:
        return scenario_of(self.game, name).parameters.replace(**self.parameters)

    def parameters_of_worlds(self, count: int) -> list[ParametersBase]:
        """Return the parameters of `count` worlds, repeated if there are fewer in training."""
        each = self.world_parameters()
        return [each[world % len(each)] for world in range(count)]

    def parameters_to_judge(self) -> ParametersBase:
        """Return the parameters under which the policy is compared with theory."""
        return self.game_parameters().replace(**self.judged_parameters)

    def replace(self, **changes: Any) -> Self:
        """Return this configuration with some fields changed.

        A mapping given for one of the sections `worlds`, `network`, `ppo`, `population` and
        `tremble` changes the options that it names and keeps the others. A mapping given for
        `parameters`, `judged_parameters`, `varied`, `together`, `drawn` or `paired` takes the place
        of the present one.

        Raises
        ------
        UnknownNameError
            If there is no option of a name.

        Examples
        --------
        >>> configuration = load("arms_race")
        >>> shorter = configuration.replace(agent_steps=1_000, ppo={"batch_size": 64})
        >>> shorter.ppo.batch_size, shorter.ppo.n_steps
        (64, 30)
        """
        _refuse_unknown(changes, "replace")
        present = {name: getattr(self, name) for name in SECTIONS}
        return dataclasses.replace(self, **{**changes, **_merged(present, changes, "replace")})

    def to_toml(self) -> str:
        """Return the configuration as the text of a TOML file."""
        lines, tables = [], []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name in SECTIONS:
                value = dataclasses.asdict(value)
            if not isinstance(value, Mapping):
                lines += _toml_line(field.name, value)
            elif value:
                tables.append(f"\n[{field.name}]")
                for key, item in value.items():
                    tables += _toml_line(key, item)
        return "\n".join([*lines, *tables]) + "\n"


def _toml_line(key: str, value: Any) -> list[str]:
    # TOML has no word for nothing: what is left out is None.
    return [] if value is None else [f"{key} = {json.dumps(value)}"]


def _known_options() -> dict[str, list[str]]:
    """Return the names of all options by section; those at the top under the empty name."""
    top = [field.name for field in dataclasses.fields(Configuration)]
    sections = {
        name: [field.name for field in dataclasses.fields(kind)] for name, kind in SECTIONS.items()
    }
    return {"": top, **sections}


def _refuse_unknown(values: Mapping[str, Any], origin: str) -> None:
    """Refuse options at the top that there are not, all those of the flat form in one message."""
    flat = [
        key
        for key, value in values.items()
        if key in RENAMED and not (key in SECTIONS and isinstance(value, Mapping | SECTIONS[key]))
    ]
    if flat:
        raise UnknownNameError(
            f"{origin}: training options stand in sections. Move and rename these:\n"
            + "\n".join(f"  {key} -> [{RENAMED[key][0]}] {RENAMED[key][1]}" for key in flat)
        )
    for key in values:
        if key not in _known_options()[""]:
            raise _unknown_option("", key, origin)


def _merged(present: Mapping[str, Any], changes: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Return the sections of which some options change."""
    merged = dict(present)
    for section, known in _known_options().items():
        asked = changes.get(section)
        if section == "" or asked is None:
            continue
        if isinstance(asked, SECTIONS[section]):
            merged[section] = asked
            continue
        if not isinstance(asked, Mapping):
            raise ParameterError(f"{origin}: [{section}] is a table of options, not {asked!r}.")
        for name in asked:
            if name not in known:
                raise _unknown_option(section, name, origin)
        merged[section] = dataclasses.replace(present[section], **asked)
    return merged


def _unknown_option(section: str, name: str, origin: str) -> UnknownNameError:
    """Return the error for an unknown option, with the nearest in this section or in another."""
    known = _known_options()
    # Of an option that several tables have, the one in this table is meant.
    places = {option: each for each, options in known.items() for option in options}
    places |= dict.fromkeys(known[section], section)
    hint = ""
    for near in difflib.get_close_matches(name, places, n=1):
        table = f"[{places[near]}]" if places[near] else "the options at the top"
        hint = f" Did you mean {near!r}" + ("?" if places[near] == section else f" in {table}?")
    place = f" in [{section}]" if section else ""
    return UnknownNameError(
        f"{origin}: there is no training option {name!r}{place}.{hint} "
        f"Known{place}: {', '.join(known[section])}."
    )


def _with_pairs(
    flags: Sequence[Sequence[bool]], chance: float, rng: np.random.Generator
) -> list[list[bool]]:
    """Return the flags of pairs, [powers][powers], each set with a chance if it is not yet set."""
    is_set = np.array(flags, np.bool_)
    drawn = np.triu(rng.random(is_set.shape) < chance, 1)
    made: list[list[bool]] = (is_set | drawn | drawn.T).tolist()
    return made


def _changed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that differ from the scenario's."""
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
    return Configuration.from_mapping({"name": path.stem, **values}, str(path))
