"""Conduct: what the powers of a population do, and what the record says that states did.

Three questions are asked of a population:

1. **Options.** Of the decisions in which an option is open and not the only one, in what share is
   it taken, and in what share is it the likeliest? A decision is that of one power in one year; of
   a choice towards each other power, that of one power towards one other in one year.
2. **Fixing.** What does one power gain if one choice is held at one option wherever that is open,
   while all else is played as before? Measured in pairs of worlds with the same seeds.
3. **Moments.** Rates and shares of which most have a counterpart in the record of the major powers
   (`counterpoise.theory.record`), with standard errors over worlds.

An option is *alive* if it is the likeliest in at least .5 % of these decisions. A choice is alive
if holding it at its null option costs more than .01 of the stake, where the stake is known.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray
from scipy.stats import t as student

from counterpoise.agents import zoo
from counterpoise.agents.learned import load_profile
from counterpoise.agents.named import strategy
from counterpoise.agents.simple import HoldingAll
from counterpoise.envs.adapters.settings import Settings
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.game import Choice, Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.rollouts import Rollout, choose, play
from counterpoise.envs.engine.strategy import Profile
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.scenarios import scenario_of
from counterpoise.evaluation.equilibrium.comparison import find_runs
from counterpoise.evaluation.populations.episodes import power_years
from counterpoise.evaluation.populations.exploitability import random_play
from counterpoise.evaluation.populations.metrics import METRICS
from counterpoise.evaluation.populations.payoffs import payoffs
from counterpoise.theory import prediction, record
from counterpoise.theory.metrics import METRICS as DECLARED
from counterpoise.training.configuration import Configuration
from counterpoise.training.configuration import load as load_training

GAME = "grand_strategy"

MOMENTS = (
    "allies_density", "arms_share", "external_share", "demand_rate", "concession_rate",
    "let_be_rate", "fought_rate", "war_rate", "resist_rate", "honour_rate", "free_honour_rate",
    "default_rate", "resilience_of_dependent", "embargo_rate", "tribute_share",
)  # fmt: skip
"""The metrics that a table of conduct shows."""

SIZES = ("smallest", "middle", "largest")
"""Thirds of a world's powers by initial product; of powers of equal size none is small or large."""

LEAST_LIKELIEST = 0.005
LEAST_COST = 0.01

WORLDS, FIXED_WORLDS, YEARS = 1_000, 100, 40
PLAYED_FROM, FIXED_FROM = 7_000_000, 8_000_000
# Worlds are played in groups that fit into memory.
MOST_AT_ONCE = 250
# Groups of worlds that are left out in turn to estimate a standard error.
JACKKNIFE = 20

Players = tuple[Profile, Profile | None]


@dataclasses.dataclass(frozen=True, eq=False)
class Population:
    """Who plays which game.

    Attributes
    ----------
    name : str
    game : Game
    parameters : Parameters
        Parameters at which its conduct is asked about.
    players : callable
        From parameters to one strategy per power, and the strategies that take the most probable
        option of each choice: the same where they are not random, None where it is not known.
    seed : int or None
        Training seed.
    configuration : Configuration or None
        Of its training, if it was trained by a configuration that is known.
    folder : path or None
        Folder of the policy, if it was learned.
    """

    name: str
    game: Game
    parameters: ParametersBase
    players: Callable[[ParametersBase], Players]
    seed: int | None = None
    configuration: Configuration | None = None
    folder: Path | None = None

    def at(self, parameters: ParametersBase) -> Population:
        """Return the same population under other parameters."""
        return dataclasses.replace(self, parameters=parameters)


def populations(
    names: Sequence[str],
    *,
    game: str = GAME,
    scenario: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> list[Population]:
    """Return the populations of some names: one per run, or one of doctrines.

    Parameters
    ----------
    names : sequence of str
        Folders of runs, or folders that contain runs, such as the seeds of one training; or a
        policy of the zoo; or strategies by name, one for all powers or one for each.
    game : str
        The game of strategies that are given by name.
    scenario : str, optional
        Scenario that sets the parameters; by default those under which a run is judged, or the
        game's own.
    changes : mapping, optional
        Further changes of parameters.

    Raises
    ------
    CounterpoiseError
        If a name is unknown, or strategies are as many as neither 1 nor the powers.
    """
    settings = dict(changes or {})

    def asked(of: str, usual: ParametersBase) -> ParametersBase:
        base = usual if scenario is None else scenario_of(of, scenario).parameters
        return base.replace(**settings) if settings else base

    if all(Path(name).is_dir() for name in names):
        return [
            dataclasses.replace(
                _of_folder(run.folder, asked(run.game.name, run.parameters)),
                seed=run.seed,
                configuration=run.configuration,
            )
            for run in find_runs(list(names))
        ]
    if len(names) == 1 and names[0] in zoo.names():
        folder = zoo.folder_of(names[0])
        the_game, usual, _ = load_profile(folder)
        found = _of_folder(folder, asked(the_game.name, usual))
        return [dataclasses.replace(found, name=names[0])]
    the_game = game_named(game)
    parameters = Settings.resolve(the_game, scenario=scenario, changes=settings).parameters
    if len(names) not in (1, parameters.powers):
        raise CounterpoiseError(
            f"{len(names)} strategies for {parameters.powers} powers: give one for all, or one for "
            "each."
        )

    def players(parameters: ParametersBase) -> Players:
        each = list(names) * parameters.powers if len(names) == 1 else names
        profile = [strategy(name, the_game, parameters, seat) for seat, name in enumerate(each)]
        is_known = not any(player.is_random for player in profile)
        return profile, profile if is_known else None

    return [Population(", ".join(names), the_game, parameters, players)]


def _of_folder(folder: Path, parameters: ParametersBase) -> Population:
    game, _, _ = load_profile(folder, parameters=parameters)

    def players(parameters: ParametersBase) -> Players:
        profile = load_profile(folder, parameters=parameters)[2]
        if not any(player.is_random for player in profile):
            return profile, profile
        likeliest = load_profile(folder, is_random=False, parameters=parameters)[2]
        return profile, None if any(player.is_random for player in likeliest) else likeliest

    return Population(folder.name, game, parameters, players, folder=folder)


# -- the choices of a game -------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Line:
    """One choice of a game, with its parts in an action.

    Attributes
    ----------
    name, doc : str
    options : tuple of str
        Options; one option stands for those towards each single power.
    components : tuple of int
        Its components of an action: one, or one for each other power.
    places : tuple of int
        Place of each component's first option in a mask.
    labels : tuple of int
        Which of `options` each option of a component is.
    """

    name: str
    doc: str
    options: tuple[str, ...]
    components: tuple[int, ...]
    places: tuple[int, ...]
    labels: tuple[int, ...]

    def held_at(self, option: int) -> list[tuple[int, list[int]]]:
        """Return the components with the options that stand for one of `options`."""
        confined = [number for number, label in enumerate(self.labels) if label == option]
        return [(component, confined) for component in self.components]


def lines(game: Game, powers: int) -> list[Line]:
    """Return the choices of a game's powers.

    Raises
    ------
    CounterpoiseError
        If actions are amounts, or if powers differ in what they can do.
    """
    whole = game.general or game
    if not game.is_discrete or len(whole.roles) > 1:
        raise CounterpoiseError(
            f"{game.name}: conduct is tabled for games in which all powers have the same choices."
        )
    found, component, place = [], 0, 0
    for part in whole.roles[0].actions:
        assert isinstance(part, Choice)
        others = powers - 1
        count = len(part.options_among(others))
        labels = [*range(len(part.options)), *[len(part.options)] * (count - len(part.options))]
        units = others if part.others else 1
        found.append(
            Line(
                part.name,
                part.doc,
                (*part.options, *([f"{part.each} another"] if part.each else [])),
                tuple(range(component, component + units)),
                tuple(range(place, place + units * count, count)),
                tuple(labels),
            )
        )
        component += units
        place += units * count
    return found


# -- playing ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Played:
    """What was played in some worlds.

    Attributes
    ----------
    years : polars.DataFrame
        One row per power-year, as `power_years`.
    counts : ndarray of int, [option, what, size]
        Decisions of each option of each line in order: in which it was open beside another, taken,
        the likeliest. The first size is all powers; `SIZES` follow.
    decisions : ndarray of int, [line]
        Number of decisions, open or not.
    """

    years: polars.DataFrame
    counts: NDArray[np.int64]
    decisions: NDArray[np.int64]


OPEN, TAKEN, LIKELIEST = range(3)


def watched(
    population: Population, *, worlds: int = WORLDS, years: int = YEARS, seed: int = PLAYED_FROM
) -> Played:
    """Play a population and count what it does.

    Raises
    ------
    CounterpoiseError
        If a year of the game has several steps, or if its powers have no choices in common.
    """
    game, parameters = population.game, population.parameters
    if len(game.phases_with(parameters)) > 1:
        raise CounterpoiseError(
            "Conduct is counted by years: play on standing orders (phased = no)."
        )
    groups = [
        (first, min(MOST_AT_ONCE, worlds - first)) for first in range(0, worlds, MOST_AT_ONCE)
    ]
    found = [_watched(population, count, years, seed + first) for first, count in groups]
    return Played(
        polars.concat(
            each.years.with_columns(polars.col("world") + first)
            for (first, _), each in zip(groups, found, strict=True)
        ),
        np.sum([each.counts for each in found], axis=0),
        np.sum([each.decisions for each in found], axis=0),
    )


def _watched(population: Population, worlds: int, years: int, seed: int) -> Played:
    parameters = population.parameters
    profile, likeliest = population.players(parameters)
    masks: list[NDArray[np.int8]] = []
    modes: list[NDArray[Any]] = []
    with Worlds(population.game, worlds, parameters, autoreset=False) as batch:
        rng = np.random.default_rng(seed)

        def watch() -> None:
            masks.append(batch.masks.copy())
            if likeliest is not None and likeliest is not profile:
                modes.append(choose(batch, likeliest, rng))

        rollout = play(batch, profile, seed=seed, steps=years, watch=watch)
    open_, taken = np.array(masks[:-1]), rollout.actions
    mode = None if likeliest is None else np.array(modes[:-1]) if modes else taken
    return Played(power_years(rollout, parameters), *_counted(population, rollout, open_, mode))


def _counted(
    population: Population, rollout: Rollout, masks: NDArray[np.int8], mode: NDArray[Any] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return `Played.counts` and `Played.decisions`."""
    powers = population.parameters.powers
    alive = rollout.records["alive"][:-1, :, :powers] == 1
    lived = alive & rollout.lived[..., None]
    product = rollout.records["product"][0, :, :powers]
    sizes = np.broadcast_to(_thirds(product), lived.shape)[lived]
    # Rows are power-years from here on.
    masks, actions = masks[lived], rollout.actions[lived]
    modes = actions if mode is None else mode[lived]
    of_size = np.array([np.ones(len(sizes), bool), *(sizes == k for k in range(len(SIZES)))])
    counts, decisions = [], []
    for line in lines(population.game, powers):
        labels = np.array(line.labels)
        counted = np.zeros((len(line.options), 3, len(of_size)), np.int64)
        for component, place in zip(line.components, line.places, strict=True):
            is_open = masks[:, place : place + len(labels)] == 1
            is_choice = is_open.sum(axis=1) > 1
            for what, chosen in ((TAKEN, actions), (LIKELIEST, modes)):
                option = chosen[:, component].astype(np.int64)
                # The rules take option 0 where a closed one is picked.
                option = np.where(is_open[np.arange(len(option)), option], option, 0)
                for number in range(len(line.options)):
                    picked = is_choice & (labels[option] == number)
                    counted[number, what] += (of_size & picked).sum(axis=1)
            for number in range(len(line.options)):
                available = is_choice & is_open[:, labels == number].any(axis=1)
                counted[number, OPEN] += (of_size & available).sum(axis=1)
        if mode is None:
            counted[:, LIKELIEST] = -1
        counts.append(counted)
        decisions.append(len(sizes) * len(line.components))
    return np.concatenate(counts), np.array(decisions)


def _thirds(product: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return each power's third of its world by product, [worlds, powers]."""
    below = (product[..., None] > product[..., None, :]).sum(axis=-1)
    above = (product[..., None] < product[..., None, :]).sum(axis=-1)
    powers = product.shape[-1]
    # The middle of its ranks, between 0 and 1; equal products share it.
    place = (below + powers - above) / (2 * powers)
    return np.asarray(np.minimum((3 * place).astype(np.int64), 2))


# -- the tables ------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Conduct:
    """What a population does.

    Attributes
    ----------
    name : str
    seed : int or None
        Training seed.
    moments : polars.DataFrame
        One row per moment: ``moment``, ``value``, ``error``.
    options : polars.DataFrame
        One row per option of each choice. ``open`` is the share of decisions in which it is open
        beside another option; ``taken`` and ``likeliest`` are shares of these; ``taken_smallest``,
        ``taken_middle`` and ``taken_largest`` the same by size of the power. ``gain``, ``error``:
        what one power gains by holding it, in units of payoff; null where it was not tried.
    worlds, years : int
    stake : float or None
        The gain of a best response over random play, in units of payoff.
    """

    name: str
    seed: int | None
    moments: polars.DataFrame
    options: polars.DataFrame
    worlds: int
    years: int
    stake: float | None = None


def conduct(
    population: Population,
    *,
    worlds: int = WORLDS,
    fixed_worlds: int = FIXED_WORLDS,
    years: int = YEARS,
    power: int = 0,
    stake: float | None = None,
) -> Conduct:
    """Play a population and return what it does.

    Parameters
    ----------
    population : Population
    worlds, years : int
        Number of worlds, and maximum number of years in each.
    fixed_worlds : int
        Number of worlds in which each option is fixed in turn; 0 leaves this out.
    power : int
        Seat of the power whose choices are fixed.
    stake : float, optional
        The gain of a best response over random play, in units of payoff.
    """
    played = watched(population, worlds=worlds, years=years)
    options = _options(population, played)
    gains = fixing(population, worlds=fixed_worlds, power=power) if fixed_worlds else None
    if gains is None:
        nothing = polars.lit(None, polars.Float64)
        options = options.with_columns(nothing.alias("gain"), nothing.alias("error"))
    else:
        options = options.join(gains, on=["choice", "option"], how="left", maintain_order="left")
    return Conduct(
        population.name, population.seed, moments(played.years), options, worlds, years, stake
    )


def moments(years: polars.DataFrame, names: Sequence[str] = MOMENTS) -> polars.DataFrame:
    """Return metrics of a table of power-years with standard errors.

    The errors are those of a jackknife that leaves out one of twenty groups of worlds at a time.

    Returns
    -------
    polars.DataFrame
        Columns ``moment``, ``value`` and ``error``; NaN where nothing happened.
    """
    values = np.array([METRICS[name](years) for name in names])
    groups = min(JACKKNIFE, years["world"].n_unique())
    left_out = np.array(
        [
            [METRICS[name](rest) for name in names]
            for group in range(groups if groups > 1 else 0)
            for rest in [years.filter(polars.col("world") % groups != group)]
        ]
    )
    error = np.full(len(names), np.nan)
    if len(left_out):
        error = np.sqrt(
            (groups - 1) / groups * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)
        )
    return polars.DataFrame({"moment": list(names), "value": values, "error": error})


def _options(population: Population, played: Played) -> polars.DataFrame:
    rows = []
    at = 0
    for number, line in enumerate(lines(population.game, population.parameters.powers)):
        for option in line.options:
            available, taken, likeliest = played.counts[at]
            rows.append(
                {
                    "choice": line.name,
                    "option": option,
                    "open": float(available[0] / played.decisions[number]),
                    "taken": _share(taken[0], available[0]),
                    "likeliest": _share(likeliest[0], available[0]),
                    **{
                        f"taken_{size}": _share(taken[k], available[k])
                        for k, size in enumerate(SIZES, start=1)
                    },
                }
            )
            at += 1
    # A column in which nothing is known holds numbers too.
    shares = polars.exclude("choice", "option").cast(polars.Float64)
    return polars.DataFrame(rows, infer_schema_length=None).with_columns(shares)


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole > 0 and part >= 0 else None


# -- fixing ----------------------------------------------------------------------------------------


def fixing(
    population: Population, *, worlds: int = FIXED_WORLDS, power: int = 0, seed: int = FIXED_FROM
) -> polars.DataFrame:
    """Return what one power gains by holding each choice at each option wherever it is open.

    A choice towards each other power is held towards all of them. An option that names another
    power is held by naming some power in every year in which one may be named.

    Returns
    -------
    polars.DataFrame
        Columns ``choice``, ``option``, ``gain`` (units of payoff) and ``error``, its standard error
        over pairs of worlds with the same seeds.
    """
    game, parameters = population.game.seated(population.parameters.powers), population.parameters
    if power not in range(parameters.powers):
        last = parameters.powers - 1
        raise CounterpoiseError(f"There is no power {power}: expected a seat from 0 to {last}.")
    profile, _ = population.players(parameters)

    def paid(profile: Profile) -> NDArray[np.float64]:
        return payoffs(game, parameters, profile, count=worlds, seed=seed)[:, power]

    own = paid(profile)
    rows = []
    for line in lines(game, parameters.powers):
        for number, option in enumerate(line.options):
            held = HoldingAll(game, profile[power], line.held_at(number))
            gained = paid([*profile[:power], held, *profile[power + 1 :]]) - own
            error = float(gained.std(ddof=1) / np.sqrt(worlds)) if worlds > 1 else float("nan")
            rows.append(
                {
                    "choice": line.name,
                    "option": option,
                    "gain": float(gained.mean()),
                    "error": error,
                }
            )
    return polars.DataFrame(rows)


def stake_of(
    population: Population, *, power: int = 0, agent_steps: int = 5_000_000, seed: int = 0
) -> float:
    """Return the gain of a trained best response over random play, against random powers.

    Parameters
    ----------
    population : Population
        Its training's configuration is used, or the shipped one that has the game's name.
    power : int
        Seat of the response.
    agent_steps : int
        Training length of the response.
    seed : int
        Training seed.
    """
    configuration = population.configuration or load_training(population.game.name)
    random, response = random_play(
        configuration, population.parameters, power=power, agent_steps=agent_steps, seed=seed
    )
    return response - random


# -- over treatments, and over seeds ---------------------------------------------------------------


def most_likeliest(population: Population, *, worlds: int = WORLDS) -> polars.DataFrame:
    """Return the largest share in which each option is the likeliest, over registered treatments.

    Treatments are those of the predictions that ship with the package and that are tested on the
    population's number of powers; each is applied to the population's parameters.

    Returns
    -------
    polars.DataFrame
        Columns ``choice``, ``option``, ``most_likeliest`` and ``treatment``.
    """
    powers = population.parameters.powers
    tables = []
    for name in prediction.shipped():
        claim = prediction.load(name)
        if load_training(claim.population).game_parameters().powers != powers:
            continue
        base = population.parameters
        if claim.scenario:
            base = scenario_of(population.game.name, claim.scenario).parameters
        for test in claim.tests:
            levels = test.treatment.words or [f"{level:g}" for level in test.treatment.levels]
            for level, parameters in zip(levels, test.parameters_at(base), strict=True):
                played = watched(population.at(parameters), worlds=worlds)
                tables.append(
                    _options(population, played).select(
                        "choice",
                        "option",
                        polars.col("likeliest").alias("most_likeliest"),
                        polars.lit(f"{name}, {test.treatment.name} {level}").alias("treatment"),
                    )
                )
    return (
        polars.concat(tables)
        .sort("most_likeliest", descending=True, nulls_last=True, maintain_order=True)
        .unique(["choice", "option"], keep="first", maintain_order=True)
    )


@dataclasses.dataclass(frozen=True)
class Summary:
    """Conduct over training seeds, with the record.

    Attributes
    ----------
    conducts : tuple of Conduct
        One per seed.
    moments : polars.DataFrame
        One row per moment: ``moment``, ``unit``, ``value`` (mean over seeds), ``between`` (standard
        deviation between seeds, null for one), ``error`` (standard error over worlds, mean over
        seeds), ``low`` and ``high`` (95 % interval: of the mean over seeds, or over worlds for one
        seed), and of the record ``record``, ``record_low``, ``record_high`` (the 95 % interval or
        the stated tolerance), ``period`` and ``within`` (whether the value lies in it).
    options : polars.DataFrame
        The columns of `Conduct.options`, means over seeds; ``gain_of_stake``; ``most_likeliest``
        and ``treatment`` where treatments were tried; ``alive``.
    choices : polars.DataFrame
        One row per choice: ``choice``, ``null_option``, the ``gain`` and ``error`` of holding it,
        ``gain_of_stake``, ``alive`` (null without a stake) and ``dead_options``, in words.
    """

    conducts: tuple[Conduct, ...]
    moments: polars.DataFrame
    options: polars.DataFrame
    choices: polars.DataFrame


def summarised(
    conducts: Sequence[Conduct], over_treatments: Sequence[polars.DataFrame] = ()
) -> Summary:
    """Return the conduct of several seeds as one, beside the record.

    Parameters
    ----------
    conducts : sequence of Conduct
        Of the seeds of one training.
    over_treatments : sequence of polars.DataFrame
        Of each seed what `most_likeliest` returns, if treatments were tried.
    """
    options = _mean_options([each.options for each in conducts], conducts[0].stake)
    largest = polars.col("likeliest")
    if over_treatments:
        tried = _mean_over_seeds(
            [each.select("choice", "option", "most_likeliest") for each in over_treatments]
        )
        where = over_treatments[0].select("choice", "option", "treatment")
        keys = ["choice", "option"]
        options = options.join(tried, on=keys, how="left", maintain_order="left")
        options = options.join(where, on=keys, how="left", maintain_order="left")
        largest = polars.max_horizontal("likeliest", "most_likeliest")
    options = options.with_columns(alive=largest >= LEAST_LIKELIEST)
    return Summary(tuple(conducts), _with_record(conducts), options, _choices(options))


def _mean_over_seeds(tables: Sequence[polars.DataFrame]) -> polars.DataFrame:
    keys = ["choice", "option"]
    return (
        polars.concat(tables)
        .group_by(keys, maintain_order=True)
        .agg(polars.selectors.numeric().mean())
    )


def _mean_options(tables: Sequence[polars.DataFrame], stake: float | None) -> polars.DataFrame:
    # Seeds are independent: the standard error of their mean gain.
    count = len(tables)
    means = _mean_over_seeds([each.with_columns(polars.col("error") ** 2) for each in tables])
    return means.with_columns(
        (polars.col("error") / count).sqrt().alias("error"),
        (polars.col("gain") / (stake if stake else None)).alias("gain_of_stake"),
    )


def _choices(options: polars.DataFrame) -> polars.DataFrame:
    dead = polars.col("option").filter(~polars.col("alive"))
    return options.group_by("choice", maintain_order=True).agg(
        polars.col("option").first().alias("null_option"),
        polars.col("gain", "error", "gain_of_stake").first(),
        (polars.col("gain_of_stake").first() < -LEAST_COST).alias("alive"),
        dead.str.join(", ").alias("dead_options"),
    )


def _with_record(conducts: Sequence[Conduct]) -> polars.DataFrame:
    known = record.counterparts()
    rows = []
    for place, name in enumerate(conducts[0].moments["moment"]):
        values = np.array([each.moments["value"][place] for each in conducts])
        errors = np.array([each.moments["error"][place] for each in conducts])
        # A seed in which nothing happened has no share of it.
        values, errors = values[np.isfinite(values)], errors[np.isfinite(errors)]
        value = float(values.mean()) if len(values) else None
        low, high = _interval(values, errors)
        moment = known.get(name)
        figure = moment.figure if moment is not None else None
        rows.append(
            {
                "moment": name,
                "unit": DECLARED[name].unit,
                "value": value,
                "between": float(values.std(ddof=1)) if len(values) > 1 else None,
                "error": float(errors.mean()) if len(errors) else None,
                "low": low,
                "high": high,
                "record": None if figure is None else figure.value,
                "record_low": None if figure is None else figure.low,
                "record_high": None if figure is None else figure.high,
                "period": None if figure is None or moment is None else moment.period,
                "within": None if figure is None or value is None else bool(figure.accepts(value)),
            }
        )
    numbers = ("value", "between", "error", "low", "high", "record", "record_low", "record_high")
    return polars.DataFrame(
        rows,
        infer_schema_length=None,
        schema_overrides={
            **dict.fromkeys(numbers, polars.Float64),
            "period": polars.String,
            "within": polars.Boolean,
        },
    )


def _interval(
    values: NDArray[np.float64], errors: NDArray[np.float64]
) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a mean over seeds, or over worlds of one seed."""
    seeds = len(values)
    if seeds > 1:
        mean, error = values.mean(), values.std(ddof=1) / np.sqrt(seeds)
        reach = float(student.ppf(0.975, seeds - 1) * error)
    elif seeds == 1 and len(errors) == 1:
        mean, reach = values[0], float(student.ppf(0.975, JACKKNIFE - 1) * errors[0])
    else:
        return None, None
    return float(mean - reach), float(mean + reach)
