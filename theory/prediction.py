"""Predictions of the literature as data: a treatment, an outcome, a direction, a source.

Those that ship with the package are in ``theory/predictions``, one TOML file each, and those of the
four case studies in ``theory/cases``. A prediction of your own takes ten lines::

    title = "Dear autonomy, few allies"
    statement = "The dearer autonomy is, the fewer allies powers have."
    source = "Altfeld 1984"

    [[tests]]
    name = "what autonomy costs"
    treatment = { parameter = "autonomy_cost", levels = [0.005, 0.02, 0.04] }
    outcomes = [{ metric = "allies", expected = "falls" }]
"""

from __future__ import annotations

import dataclasses
import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.theory.metrics import METRICS
from counterpoise.theory.regret import theory_of

FOLDER = Path(__file__).resolve().parent / "predictions"
CASES_FOLDER = FOLDER.parent / "cases"
CASES = ("united_states", "china", "india", "europe")

RISES, FALLS, POSITIVE, NEGATIVE = "rises", "falls", "positive", "negative"
HALVED_BEFORE, HALVED_AFTER, HIGHEST_FIRST = "halved before", "halved after", "highest first"
EXPECTED = (RISES, FALLS, POSITIVE, NEGATIVE, HALVED_BEFORE, HALVED_AFTER, HIGHEST_FIRST)
OVER_ONE_LEVEL = (POSITIVE, NEGATIVE)

MEAN, FIRST, LAST, LAST_LESS_FIRST, PEAK = "mean", "first", "last", "last less first", "peak"
ENTRIES = (MEAN, FIRST, LAST, LAST_LESS_FIRST, PEAK)

EVERYONE = "all"
WHO = (EVERYONE, "large", "small", "allied", "unallied")


@dataclasses.dataclass(frozen=True)
class Expectation:
    """The expected effect of a treatment: a metric, of whom, when, and its direction.

    Attributes
    ----------
    metric : str
        A name in `counterpoise.theory.metrics`.
    expected : str
        ``rises`` or ``falls`` with the treatment; ``positive`` or ``negative`` at every level;
        ``halved before`` or ``halved after``: falls below half of its largest value before, or not
        before, the treatment reaches `threshold`; ``highest first``: highest at the first level.
    years : (int, int)
        First year, and the year after the last.
    of : str
        ``all``; the powers that started ``large`` or ``small`` relative to the mean; or those that
        are ``allied`` or ``unallied`` in each year.
    seats : tuple of int
        Only these seats, if any are named.
    less_others : bool
        Whether the metric of all other seats is subtracted.
    """

    metric: str
    expected: str
    threshold: float = 0.0
    years: tuple[int, int] = (0, 40)
    of: str = EVERYONE
    seats: tuple[int, ...] = ()
    less_others: bool = False

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise unknown_name("metric", self.metric, METRICS)
        if self.less_others and not self.seats:
            raise CounterpoiseError(f"less_others of {self.metric}: say less than whom, by seats.")
        if self.expected not in EXPECTED:
            raise unknown_name("expectation", self.expected, EXPECTED)
        if self.of not in WHO:
            raise unknown_name("group of powers", self.of, WHO)
        object.__setattr__(self, "years", tuple(self.years))
        object.__setattr__(self, "seats", tuple(self.seats))
        if len(self.years) != 2 or not 0 <= self.years[0] < self.years[1]:
            raise CounterpoiseError(
                f"years of {self.metric} must be [first, end], not {list(self.years)}."
            )

    @property
    def sign(self) -> int:
        """The sign that the estimate has if the prediction is right."""
        return -1 if self.expected in (FALLS, NEGATIVE, HALVED_AFTER) else 1


@dataclasses.dataclass(frozen=True)
class Treatment:
    """The variation of parameters.

    Attributes
    ----------
    name : str
        Name of the parameter, or a description of the settings.
    levels : tuple of float
        Its values in order: the regressor, and the axis of plots.
    settings : tuple of mapping
        Changes of parameters at each level.
    words : tuple of str
        Labels of the levels, where numbers say little.
    """

    name: str
    levels: tuple[float, ...]
    settings: tuple[Mapping[str, Any], ...]
    words: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Test:
    """One treatment and its expected effects.

    Attributes
    ----------
    reverses : bool
        Whether this is a boundary condition, under which theory expects a different outcome.
    parameters : mapping
        Changes of parameters at every level.
    """

    __test__ = False  # not a test of pytest's

    name: str
    treatment: Treatment
    outcomes: tuple[Expectation, ...]
    parameters: Mapping[str, Any]
    reverses: bool = False

    def parameters_at(self, base: ParametersBase) -> list[ParametersBase]:
        """Return the parameters of each level, as changes to `base`."""
        return [
            base.replace(**{**self.parameters, **setting}) for setting in self.treatment.settings
        ]


@dataclasses.dataclass(frozen=True)
class Solved:
    """The same claim in a solved game: how its equilibrium changes with a parameter.

    Attributes
    ----------
    game : str
    vary : str
        The parameters and their values, as ``counterpoise curve --vary`` takes them.
    outcome : str
        An outcome that the game's theory declares.
    expected : str
        ``rises``, ``falls``, ``positive`` or ``negative``.
    of : str
        Of an outcome with several entries (powers, years): their ``mean``, the ``first``, the
        ``last``, the ``last less first``, or the index of the largest, ``peak``.
    minus : str
        Another outcome that is subtracted, if any.
    fixed : mapping
        Other parameters that differ from the game's defaults.
    """

    game: str
    vary: str
    outcome: str
    expected: str
    of: str = MEAN
    minus: str = ""
    fixed: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.expected not in (RISES, FALLS, POSITIVE, NEGATIVE):
            raise unknown_name("expectation", self.expected, (RISES, FALLS, POSITIVE, NEGATIVE))
        if self.of not in ENTRIES:
            raise unknown_name("choice of entries", self.of, ENTRIES)
        declared = theory_of(self.game).declared
        for name in filter(None, (self.outcome, self.minus)):
            if name not in declared:
                raise unknown_name(f"outcome of {self.game}", name, declared)

    @property
    def sign(self) -> int:
        """The sign that the estimate has if the prediction is right."""
        return -1 if self.expected in (FALLS, NEGATIVE) else 1


@dataclasses.dataclass(frozen=True)
class Prediction:
    """A claim of the literature about the full game.

    Attributes
    ----------
    scenario : str
        Scenario that its tests start from; by default the population's own parameters.
    solved : tuple of Solved
        The same claim in solved games.
    population : str
        Training configuration of the population that is tested.
    caution : str
        What a reader must know to interpret the result.
    file : str
        What it is loaded by: its name, or the path of your own file.
    sha256 : str
        Hash of the file, registered before any training.
    """

    name: str
    title: str
    statement: str
    source: str
    tests: tuple[Test, ...]
    solved: tuple[Solved, ...]
    seed_words: str
    scenario: str
    population: str
    caution: str
    file: str
    sha256: str


def shipped() -> list[str]:
    """Return the names of the predictions that ship with the package, P1 first."""
    return sorted((path.stem for path in FOLDER.glob("P*.toml")), key=lambda name: int(name[1:]))


def load(name: str | Path) -> Prediction:
    """Read a prediction by name or path.

    Raises
    ------
    UnknownNameError
        If there is no such prediction, or it has an unknown key, metric, game or outcome.
    CounterpoiseError
        If the file is not TOML, or something is missing; the message says where and what.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = (CASES_FOLDER if str(name) in CASES else FOLDER) / f"{name}.toml"
    if not path.is_file():
        raise unknown_name("prediction", str(name), [*shipped(), *CASES])
    content = path.read_bytes()
    try:
        values = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CounterpoiseError(f"{path}: {error}") from None
    keys = (
        "title", "statement", "source", "seed_words", "scenario", "population", "caution", "tests",
        "solved",
    )  # fmt: skip
    _refuse_unknown(values, keys, path.name)
    _refuse_missing(values, ("title", "statement", "source", "tests"), path.name)
    return Prediction(
        name=path.stem,
        title=values["title"],
        statement=values["statement"],
        source=values["source"],
        tests=tuple(
            _test(each, f"{path.name}, test {number}")
            for number, each in enumerate(values["tests"], start=1)
        ),
        solved=tuple(
            _solved(each, f"{path.name}, solved {number}")
            for number, each in enumerate(values.get("solved", []), start=1)
        ),
        seed_words=values.get("seed_words", ""),
        scenario=values.get("scenario", ""),
        population=values.get("population", "predictions"),
        caution=values.get("caution", ""),
        file=path.stem if path.resolve().parent in (FOLDER, CASES_FOLDER) else str(path.resolve()),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _test(values: Mapping[str, Any], where: str) -> Test:
    _refuse_unknown(values, ("name", "treatment", "outcomes", "parameters", "reverses"), where)
    _refuse_missing(values, ("name", "treatment", "outcomes"), where)
    outcomes = []
    for each in values["outcomes"]:
        _refuse_unknown(each, [field.name for field in dataclasses.fields(Expectation)], where)
        _refuse_missing(each, ("metric", "expected"), where)
        outcomes.append(Expectation(**each))
    made = Test(
        name=values["name"],
        treatment=_treatment(values["treatment"], where),
        outcomes=tuple(outcomes),
        parameters=dict(values.get("parameters", {})),
        reverses=bool(values.get("reverses", False)),
    )
    for outcome in made.outcomes:
        if len(made.treatment.levels) < 2 and outcome.expected not in OVER_ONE_LEVEL:
            raise CounterpoiseError(
                f"{where}: {outcome.metric} cannot be seen to move over one level: give more "
                "levels, or expect it to be positive or negative."
            )
    return made


def _solved(values: Mapping[str, Any], where: str) -> Solved:
    _refuse_unknown(values, [field.name for field in dataclasses.fields(Solved)], where)
    _refuse_missing(values, ("game", "vary", "outcome", "expected"), where)
    return Solved(**values)


def _treatment(values: Mapping[str, Any], where: str) -> Treatment:
    _refuse_unknown(values, ("parameter", "name", "levels", "settings", "words"), where)
    _refuse_missing(values, ("levels",), where)
    levels = tuple(values["levels"])
    if "parameter" in values:
        name = values["parameter"]
        return Treatment(name, levels, tuple({name: level} for level in levels))
    _refuse_missing(values, ("name", "settings"), where)
    settings, words = tuple(values["settings"]), tuple(values.get("words", ()))
    if len(settings) != len(levels) or (words and len(words) != len(levels)):
        raise CounterpoiseError(
            f"{where}: {len(levels)} levels need as many settings and words, not {len(settings)} "
            f"and {len(words)}."
        )
    return Treatment(values["name"], levels, settings, words)


def _refuse_unknown(values: Mapping[str, Any], known: Any, where: str) -> None:
    for key in values:
        if key not in known:
            raise unknown_name(f"key in {where}", key, known)


def _refuse_missing(values: Mapping[str, Any], needed: tuple[str, ...], where: str) -> None:
    for key in needed:
        if not values.get(key):
            raise CounterpoiseError(f"{where}: {key} is missing.")
