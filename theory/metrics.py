"""The metrics that predictions may ask of the full game: name, unit and meaning of each.

`counterpoise.evaluation.populations.metrics` implements them. A prediction that asks for a metric
which is not declared here is refused when its file is read. A metric of your own is declared and
implemented before the prediction is loaded::

    from counterpoise.evaluation.populations.metrics import metric
    from counterpoise.theory.metrics import MetricSpec, declare

    declare("upkeep_share", MetricSpec("share of GDP", "Spending on upkeep."))

    @metric
    def upkeep_share(rows):
        return rows["upkeep"].mean() if len(rows) else float("nan")

Put this at the top of the script that plans and runs the prediction, so that its worker processes
import it too.
"""

from __future__ import annotations

import dataclasses

from counterpoise.envs.engine.errors import CounterpoiseError


@dataclasses.dataclass(frozen=True)
class MetricSpec:
    """The declaration of one metric.

    Attributes
    ----------
    unit : str
        The unit of its value; "1" for a pure number.
    doc : str
        What it measures, in one sentence.
    """

    unit: str
    doc: str


OF_GDP, PER_POWER_YEAR = "share of GDP", "per power-year"

METRICS: dict[str, MetricSpec] = {
    # Arms, allies and money.
    "arms_share": MetricSpec(OF_GDP, "Procurement and upkeep, g_M + g_O."),
    "procurement_share": MetricSpec(OF_GDP, "Procurement, g_M."),
    "external_share": MetricSpec("share", "Allies' share of a power's expected defence strength."),
    "allies": MetricSpec("allies", "Number of a power's allies."),
    "allies_density": MetricSpec("share", "Allies over the other powers in the game."),
    "debt": MetricSpec("years of GDP", "Public debt."),
    "default_rate": MetricSpec(PER_POWER_YEAR, "Defaults on the public debt."),
    "resilience": MetricSpec("share", "Supply security Z."),
    "resilience_of_dependent": MetricSpec(
        "share",
        "Supply security of the third of powers that depend most on trade, less that of the third "
        "that depends least.",
    ),
    "research_share": MetricSpec(OF_GDP, "Spending on technology and education, g_R."),
    "industry_share": MetricSpec(OF_GDP, "Spending on industry and infrastructure, g_K."),
    "investment_share": MetricSpec(OF_GDP, "Public investment, g_K + g_R."),
    "private_investment": MetricSpec("share of output", "Private investment, I/Q."),
    "product_in_year_15": MetricSpec("1", "GDP in year 15 relative to the start."),
    "technology_growth": MetricSpec(
        "log per year", "Mean growth of technology from the first year to the last."
    ),
    "aid_received": MetricSpec(OF_GDP, "Allies' payments towards a power's budget."),
    "payoff": MetricSpec("payoff", "Discounted payoff of a power."),
    # Coercion and war.
    "demand_rate": MetricSpec(PER_POWER_YEAR, "Demands made."),
    "demanded_rate": MetricSpec(PER_POWER_YEAR, "Demands faced."),
    "resist_rate": MetricSpec("share", "Share of the demands faced that is resisted."),
    "concession_rate": MetricSpec("share", "Share of the demands faced that is conceded."),
    "let_be_rate": MetricSpec(
        "share", "Share of the demands made from which the demander backs down."
    ),
    "fought_rate": MetricSpec("share", "Share of the demands made that leads to war."),
    "war_rate": MetricSpec(
        PER_POWER_YEAR, "Wars begun, each counted once: for the power whose demand led to it."
    ),
    "war_participation": MetricSpec(
        PER_POWER_YEAR, "Wars fought as demander or as target, counted for both."
    ),
    "others_wars": MetricSpec(PER_POWER_YEAR, "Wars joined as an ally."),
    "honour_rate": MetricSpec("share", "Share of allies' calls that is honoured."),
    "free_honour_rate": MetricSpec(
        "share", "Share of the calls that is honoured where the government was free to choose."
    ),
    "nobody_came_rate": MetricSpec("share", "Share of calls for help that no ally honours."),
    "embargo_rate": MetricSpec(PER_POWER_YEAR, "Embargoes suffered."),
    "tribute_rate": MetricSpec(PER_POWER_YEAR, "Embargoes averted by tribute."),
    "tribute_share": MetricSpec("share", "Share of the embargoes threatened that tribute averts."),
    # Comparisons within a world.
    "allies_lead_arms": MetricSpec(
        "years", "Years by which the mean number of allies peaks before the mean stock of arms."
    ),
    "size_arms_correlation": MetricSpec(
        "rank correlation", "Correlation over powers of initial size and mean arms share."
    ),
    "small_less_large_arms": MetricSpec(
        OF_GDP, "Arms share of powers below the mean size, less that of the others."
    ),
    "narrowing_of_capital": MetricSpec(
        "log", "Capital growth of powers below the mean size, less that of the others."
    ),
    "early_less_late_investment": MetricSpec(
        OF_GDP, "Public investment in the first ten years, less that in years 30 to 39."
    ),
    "late_less_early_arms": MetricSpec(
        OF_GDP, "Arms share in years 30 to 39, less that in the first ten."
    ),
}


def declare(name: str, spec: MetricSpec) -> None:
    """Declare a metric of your own.

    Raises
    ------
    CounterpoiseError
        If another metric has the name.
    """
    if METRICS.get(name, spec) != spec:
        raise CounterpoiseError(
            f"A metric {name!r} is declared already, with another meaning: choose another name."
        )
    METRICS[name] = spec
