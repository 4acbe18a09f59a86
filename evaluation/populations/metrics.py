"""The metrics of predictions, computed from the table of power-years.

`counterpoise.theory.metrics` declares them: names, units and meanings stand there. Each function
takes the rows of the powers and years that are asked about and returns one number, NaN where
nothing happened that could be measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import polars
from scipy.stats import spearmanr

from counterpoise.envs.engine.errors import unknown_name
from counterpoise.evaluation.populations.episodes import Episodes
from counterpoise.theory import metrics as declared
from counterpoise.theory.prediction import EVERYONE, Expectation

Metric = Callable[[polars.DataFrame], float]

METRICS: dict[str, Metric] = {}

EARLY, LATE = (0, 10), (30, 40)


def metric(function: Metric) -> Metric:
    """Implement the declared metric that has the function's name.

    Raises
    ------
    UnknownNameError
        If no metric of that name is declared.
    """
    name = function.__name__
    if name not in declared.METRICS:
        raise unknown_name("declared metric", name, declared.METRICS)
    function.__doc__ = declared.METRICS[name].doc
    METRICS[name] = function
    return function


def measure(episodes: Episodes, outcome: Expectation) -> float:
    """Return an outcome's metric over the powers and years that it asks about.

    Raises
    ------
    UnknownNameError
        If the metric is declared but not implemented.
    """
    if outcome.metric not in METRICS:
        raise unknown_name("implemented metric", outcome.metric, METRICS)
    metric, seats = METRICS[outcome.metric], list(outcome.seats)
    rows = _asked(episodes.years, outcome)
    if not seats:
        return metric(rows)
    is_asked = polars.col("power").is_in(seats)
    own = metric(rows.filter(is_asked))
    return own - metric(rows.filter(~is_asked)) if outcome.less_others else own


def _asked(years: polars.DataFrame, outcome: Expectation) -> polars.DataFrame:
    first, end = outcome.years
    rows = years.filter((polars.col("year") >= first) & (polars.col("year") < end))
    if outcome.of != EVERYONE:
        rows = rows.filter(
            {
                "large": polars.col("size") >= 1.0 - 1e-9,
                "small": polars.col("size") < 1.0 - 1e-9,
                "allied": polars.col("allies") > 0,
                "unallied": polars.col("allies") == 0,
            }[outcome.of]
        )
    return rows


def _mean(rows: polars.DataFrame, what: str | polars.Expr) -> float:
    expression = polars.col(what) if isinstance(what, str) else what
    if rows.is_empty():
        return math.nan
    return float(rows.select(expression.mean()).item())


def _ratio(rows: polars.DataFrame, upper: str, lower: str) -> float:
    below = float(rows[lower].sum())
    return float(rows[upper].sum()) / below if below > 0.0 else math.nan


def third(values: polars.Series) -> polars.Series:
    """Return the third in which each value lies by rank: 0, 1 or 2, equal values in one."""
    place = (values.rank("average") - 0.5) / max(len(values), 1)
    return (3 * place).cast(polars.Int64).clip(0, 2)


ARMING = polars.col("procurement") + polars.col("upkeep")
INVESTING = polars.col("industry") + polars.col("research")


# -- arms, allies and money ------------------------------------------------------------------------


@metric
def arms_share(rows: polars.DataFrame) -> float:
    return _mean(rows, ARMING)


@metric
def procurement_share(rows: polars.DataFrame) -> float:
    return _mean(rows, "procurement")


@metric
def external_share(rows: polars.DataFrame) -> float:
    return _mean(rows, "external_share")


@metric
def allies(rows: polars.DataFrame) -> float:
    return _mean(rows, "allies")


@metric
def allies_density(rows: polars.DataFrame) -> float:
    return _ratio(rows, "allies", "others")


@metric
def debt(rows: polars.DataFrame) -> float:
    return _mean(rows, "debt")


@metric
def default_rate(rows: polars.DataFrame) -> float:
    return _mean(rows, "default")


@metric
def resilience(rows: polars.DataFrame) -> float:
    return _mean(rows, "resilience")


@metric
def resilience_of_dependent(rows: polars.DataFrame) -> float:
    # In order, so that the mean is the same to the last digit however many threads there are.
    powers = rows.group_by("world", "power", maintain_order=True).agg(
        polars.col("dependence").first(), polars.col("resilience").mean()
    )
    place = third(powers["dependence"])
    means = [_mean(powers.filter(place == number), "resilience") for number in (0, 2)]
    return means[1] - means[0]


@metric
def research_share(rows: polars.DataFrame) -> float:
    return _mean(rows, "research")


@metric
def industry_share(rows: polars.DataFrame) -> float:
    return _mean(rows, "industry")


@metric
def investment_share(rows: polars.DataFrame) -> float:
    return _mean(rows, INVESTING)


@metric
def private_investment(rows: polars.DataFrame) -> float:
    return _mean(rows, "private_investment")


@metric
def product_in_year_15(rows: polars.DataFrame) -> float:
    return _mean(rows.filter(polars.col("year") == 14), "growth_since_start")


@metric
def technology_growth(rows: polars.DataFrame) -> float:
    ends = (
        rows.sort("year")
        .group_by("world", "power")
        .agg(
            (polars.col("technology").last() / polars.col("technology").first()).log().alias("log"),
            (polars.col("year").last() - polars.col("year").first()).alias("years"),
        )
        .filter(polars.col("years") > 0)
    )
    return _mean(ends, polars.col("log") / polars.col("years"))


@metric
def aid_received(rows: polars.DataFrame) -> float:
    return _mean(rows, "aid_received")


@metric
def payoff(rows: polars.DataFrame) -> float:
    paid = rows.group_by("world", "power").agg(polars.col("payoff").sum())
    return _mean(paid, "payoff")


# -- coercion and war ------------------------------------------------------------------------------


@metric
def demand_rate(rows: polars.DataFrame) -> float:
    return _mean(rows, "demands")


@metric
def demanded_rate(rows: polars.DataFrame) -> float:
    return _mean(rows, "demanded")


@metric
def resist_rate(rows: polars.DataFrame) -> float:
    return 1.0 - concession_rate(rows)


@metric
def concession_rate(rows: polars.DataFrame) -> float:
    return _ratio(rows, "conceded", "demanded")


@metric
def let_be_rate(rows: polars.DataFrame) -> float:
    return _ratio(rows, "backed_down", "demands")


@metric
def fought_rate(rows: polars.DataFrame) -> float:
    return _ratio(rows, "wars_begun", "demands")


@metric
def war_rate(rows: polars.DataFrame) -> float:
    return _mean(rows, "wars_begun")


@metric
def war_participation(rows: polars.DataFrame) -> float:
    return _mean(rows, "own_war")


@metric
def others_wars(rows: polars.DataFrame) -> float:
    return _mean(rows, "others_wars")


@metric
def honour_rate(rows: polars.DataFrame) -> float:
    return _ratio(rows, "came", "called")


@metric
def free_honour_rate(rows: polars.DataFrame) -> float:
    return _ratio(rows, "came_freely", "called_freely")


@metric
def nobody_came_rate(rows: polars.DataFrame) -> float:
    asked = rows.filter(polars.col("help_called") > 0)
    return _mean(asked, (polars.col("help_came") == 0).cast(polars.Float64))


@metric
def embargo_rate(rows: polars.DataFrame) -> float:
    return _mean(rows, "embargoes_suffered")


@metric
def tribute_rate(rows: polars.DataFrame) -> float:
    return _mean(rows, "tributes_paid")


@metric
def tribute_share(rows: polars.DataFrame) -> float:
    paid, suffered = float(rows["tributes_paid"].sum()), float(rows["embargoes_suffered"].sum())
    return paid / (paid + suffered) if paid + suffered > 0.0 else math.nan


# -- comparisons within a world --------------------------------------------------------------------


@metric
def allies_lead_arms(rows: polars.DataFrame) -> float:
    if rows.is_empty():
        return math.nan
    path = rows.group_by("year").agg(polars.col("allies").mean(), polars.col("arms").mean())
    peak = {name: path.sort(name, "year")["year"][-1] for name in ("allies", "arms")}
    return float(peak["arms"] - peak["allies"])


@metric
def size_arms_correlation(rows: polars.DataFrame) -> float:
    means = rows.group_by("world", "power").agg(
        polars.col("size").first(), ARMING.mean().alias("arming")
    )
    if len(means) < 3 or means["arming"].n_unique() < 2 or means["size"].n_unique() < 2:
        return math.nan
    return float(spearmanr(means["size"], means["arming"]).statistic)


@metric
def small_less_large_arms(rows: polars.DataFrame) -> float:
    is_small = polars.col("size") < 1.0 - 1e-9
    return _mean(rows.filter(is_small), ARMING) - _mean(rows.filter(~is_small), ARMING)


@metric
def narrowing_of_capital(rows: polars.DataFrame) -> float:
    ends = (
        rows.sort("year")
        .group_by("world", "power")
        .agg(
            polars.col("size").first(),
            (polars.col("capital").last() / polars.col("capital").first()).log().alias("grown"),
        )
    )
    is_small = polars.col("size") < 1.0 - 1e-9
    return _mean(ends.filter(is_small), "grown") - _mean(ends.filter(~is_small), "grown")


@metric
def early_less_late_investment(rows: polars.DataFrame) -> float:
    return _between(rows, EARLY, INVESTING) - _between(rows, LATE, INVESTING)


@metric
def late_less_early_arms(rows: polars.DataFrame) -> float:
    return _between(rows, LATE, ARMING) - _between(rows, EARLY, ARMING)


def _between(rows: polars.DataFrame, years: tuple[int, int], what: polars.Expr) -> float:
    year = polars.col("year")
    return _mean(rows.filter((year >= years[0]) & (year < years[1])), what)
