"""The constants of the full game, by subject and by the number of their equation."""

from __future__ import annotations

from typing import ClassVar

from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.parameters import Pairs, ParametersBase, parameter, parameters

MOST_POWERS = 8


@parameters
class Parameters(ParametersBase):
    """The world's constants and its start; the defaults are those of the neutral game."""

    CAPACITY: ClassVar[int] = MOST_POWERS

    powers: int = parameter(4, 2, MOST_POWERS, unit="powers", doc="How many powers there are.")
    anonymous: bool = parameter(
        False, 0, 1, doc="Whether each power sees the others in an order of its own, drawn anew."
    )
    phased: bool = parameter(
        False, 0, 1, doc="Whether a year is four steps (plan, challenge, answer, stand) or one."
    )

    # -- economy (1, 2, 7, 8, 10, 11) --------------------------------------------------------------
    capital_share: float = parameter(
        0.35, 0.2, 0.5, doc="alpha: capital's share of product (equation 1)."
    )
    labour_growth: float = parameter(0.005, 0.0, 0.03, unit="1/year", doc="Growth of labour (1).")
    autarky_cost: float = parameter(
        0.04, 0.0, 0.3, observed=True, doc="k_Z: product lost at full insulation (2)."
    )
    tax_distortion: float = parameter(
        0.6, 0.0, 2.0, observed=True, doc="chi: rise of the marginal cost of public funds (7)."
    )
    saving_rate: float = parameter(
        0.22, 0.05, 0.5, doc="s: share of disposable income that is saved (8)."
    )
    foreign_lending: float = parameter(
        0.33, 0.0, 1.0, observed=True, doc="f: share of the debt that foreigners hold (3, 7, 8)."
    )
    saving_response: float = parameter(
        0.34, 0.0, 0.6, doc="s_R: private saving's answer to a deficit (8; CBO)."
    )
    depreciation: float = parameter(
        0.05, 0.01, 0.15, unit="1/year", doc="Share of capital that wears out (10)."
    )
    industry_yield: float = parameter(
        0.5, 0.0, 2.0, doc="Capital made by a unit of industrial spending (10)."
    )
    base_progress: float = parameter(
        0.006, 0.0, 0.03, unit="1/year", doc="Growth of technology without research (11)."
    )
    research_yield: float = parameter(
        0.004, 0.0, 0.02, unit="1/year", doc="Growth from research of the usual share (11)."
    )
    dual_use: float = parameter(
        0.15, 0.0, 1.0, observed=True, doc="Procurement's part in progress, against research (11)."
    )
    catch_up: float = parameter(
        0.01, 0.0, 0.05, unit="1/year", doc="Growth for each unit behind the leader (11)."
    )
    integration_cost: float = parameter(
        0.001, 0.0, 0.02, unit="1/year", doc="Growth lost to civil-military integration (11)."
    )

    # -- treasury (3 to 6) -------------------------------------------------------------------------
    safe_interest: float = parameter(
        0.015, 0.0, 0.06, unit="1/year", doc="r*: interest on a small debt (3)."
    )
    debt_threshold: float = parameter(
        0.6, 0.0, 2.0, unit="of product", doc="Debt from which interest rises (3)."
    )
    interest_slope: float = parameter(
        0.03, 0.0, 0.12, unit="1/year", observed=True,
        doc="p_1: rise of interest for a year's product of debt (3; CBO, Laubach).",
    )  # fmt: skip
    exclusion_premium: float = parameter(
        0.03, 0.0, 0.1, unit="1/year", doc="p_2: premium after a default (3)."
    )
    embargo_premium: float = parameter(
        0.02, 0.0, 0.1, unit="1/year", doc="p_3: premium if a lender embargoes (3)."
    )
    debt_limit: float = parameter(
        1.8, 0.8, 3.0, unit="of product", doc="Most debt that is lent against (5)."
    )
    haircut: float = parameter(0.4, 0.0, 0.9, doc="Share of debt that a default cuts (6).")
    exclusion_years: int = parameter(5, 0, 20, unit="years", doc="No new credit so long (6).")
    default_loss: float = parameter(
        0.05, 0.0, 0.2, unit="of product", doc="Product lost after a default (6)."
    )
    default_loss_years: int = parameter(2, 0, 10, unit="years", doc="It is lost so long (6).")
    default_coherence: float = parameter(0.2, 0.0, 1.0, doc="Coherence that a default costs (6).")

    # -- military (12, 13, 18) ---------------------------------------------------------------------
    arms_decay: float = parameter(
        0.08, 0.01, 0.3, unit="1/year", doc="Share of arms that ages out (12)."
    )
    integration_gain: float = parameter(
        0.15, 0.0, 0.5, doc="What research adds to procurement under integration (12)."
    )
    generation_rate: float = parameter(
        1.0 / 15.0, 0.0, 0.5, unit="1/year", doc="Chance of a new generation of arms (12)."
    )
    generation_gap: float = parameter(
        0.25, 0.0, 0.8, doc="Arms that a laggard loses then, for its distance (12)."
    )
    generation_loss: float = parameter(0.1, 0.0, 0.2, doc="Arms that everyone loses then (12).")
    upkeep: float = parameter(
        0.05, 0.01, 0.3, unit="1/year", doc="Spending that keeps a unit of arms ready (13)."
    )
    readiness_adjustment: float = parameter(
        0.4, 0.05, 1.0, unit="1/year", doc="Speed at which readiness follows spending (13)."
    )
    mobilisation: float = parameter(
        0.1, 0.0, 0.5, unit="of product", doc="Strength that full mobilisation adds (13)."
    )
    mobilisation_cost: float = parameter(
        0.03, 0.0, 0.1, unit="of product", doc="What mobilisation costs (13)."
    )
    home_advantage: float = parameter(1.15, 0.5, 2.0, doc="Weight of a defender's strength (18).")
    pooling: float = parameter(
        0.7, 0.0, 1.0, observed=True, doc="Weight of an ally's strength in one's defence (18)."
    )
    offence: float = parameter(
        1.0, 0.3, 2.5, observed=True, doc="off: the offence-defence ratio (18; Jervis)."
    )
    decisiveness: float = parameter(
        2.0, 0.5, 4.0, observed=True, doc="m: how far superior strength decides (18; Hirshleifer)."
    )

    # -- resilience (2, 14, 15) --------------------------------------------------------------------
    blackout_rate: float = parameter(
        0.05, 0.0, 0.5, unit="1/year", doc="Chance of a blackout without any resilience (2)."
    )
    blackout_loss: float = parameter(
        0.01, 0.0, 0.1, unit="of product", doc="Product that a blackout costs (2)."
    )
    resilience_decay: float = parameter(0.05, 0.0, 0.3, unit="1/year", doc="Its decay (14).")
    resilience_yield: float = parameter(2.5, 0.0, 10.0, doc="Resilience for its spending (14).")
    reserve_yield: float = parameter(2.0, 0.0, 10.0, unit="years", doc="Reserves bought (14).")
    reserve_use: float = parameter(0.02, 0.0, 0.2, unit="years", doc="Reserves lost a year (14).")
    reserve_drain: float = parameter(
        0.25, 0.0, 1.0, unit="years", doc="Reserves that a year of embargo uses (14)."
    )
    embargo_damage: float = parameter(
        0.08, 0.0, 0.3, unit="of product", doc="Most that an embargo takes from its target (15)."
    )
    embargo_cost: float = parameter(
        0.02, 0.0, 0.1, unit="of product", doc="Most that it takes from its maker (15)."
    )
    concession: float = parameter(
        0.005, 0.0, 0.05, unit="of product", doc="What a target pays to be spared (15)."
    )

    # -- diplomacy (16, 17) ------------------------------------------------------------------------
    autonomy_cost: float = parameter(
        0.022, 0.0, 0.1, unit="utils/year", observed=True, doc="k_A: what an ally costs (16)."
    )
    autonomy: tuple[float, ...] = parameter(
        (1.0,), 0.0, 5.0, per_power=True, doc="How dear its autonomy is to a power (16)."
    )
    crowding: float = parameter(0.25, 0.0, 2.0, doc="How much dearer each further ally is (16).")
    alliance_setup: float = parameter(
        0.002, 0.0, 0.02, unit="of product", doc="What forming an alliance costs (16)."
    )
    alliance_trade: float = parameter(
        0.002, 0.0, 0.02, unit="of product", doc="What trade with an ally brings (16)."
    )
    most_allies: tuple[int, ...] = parameter(
        (7,), 0, 7, unit="allies", per_power=True, doc="A power has no more allies than this."
    )
    slips: bool = parameter(
        False, 0, 1, observed=True, doc="Whether an ally that honours may yet fail to come (17)."
    )
    reliability: float = parameter(
        0.745, 0.05, 1.0, doc="What is expected of an untried ally (17; Leeds 2003)."
    )
    reliability_year: int = parameter(
        0, 0, 200, unit="year", doc="When reliability changes; 0 is never."
    )
    later_reliability: float = parameter(0.5, 0.05, 1.0, doc="What it then becomes.")
    prior_calls: float = parameter(
        3.0, 0.1, 50.0, unit="calls", doc="Weight of that expectation against the record (17)."
    )
    binding: float = parameter(
        0.0, 0.0, 1.0, observed=True, doc="Chance that an ally is bound to honour its pledge."
    )

    # -- crisis (19 to 21) -------------------------------------------------------------------------
    demand_cost: float = parameter(
        0.008, 0.0, 0.1, unit="of consumption", doc="What a demand costs at home (19)."
    )
    truce_years: int = parameter(5, 0, 20, unit="years", doc="No new demand so long (19).")
    stake: float = parameter(
        0.08, 0.0, 0.3, unit="of capital", doc="What a power that concedes loses (19)."
    )
    stake_arrives: float = parameter(0.4, 0.0, 1.0, doc="The part of it that the other gets (19).")
    concession_cost: float = parameter(
        0.02, 0.0, 0.1, unit="of consumption", doc="What conceding costs at home (19)."
    )
    audience_cost: float = parameter(
        0.01, 0.0, 0.1, unit="of consumption", observed=True,
        doc="What backing down costs at home (20; Fearon 1994).",
    )  # fmt: skip
    back_down_coherence: float = parameter(0.05, 0.0, 0.5, doc="Coherence that it costs (20).")
    winner_product: float = parameter(
        0.05, 0.0, 0.3, unit="of product", doc="What a war costs its winner (20)."
    )
    winner_arms: float = parameter(0.2, 0.0, 0.9, doc="Arms that its winner loses (20).")
    loser_product: float = parameter(
        0.1, 0.0, 0.3, unit="of product", doc="What a war costs its loser (20)."
    )
    loser_arms: float = parameter(0.35, 0.0, 0.9, doc="Arms that its loser loses (20).")
    loser_coherence: float = parameter(0.15, 0.0, 0.5, doc="Coherence that its loser loses (20).")
    conquest: float = parameter(
        0.06, 0.0, 0.3, unit="of capital", doc="What a beaten defender loses (20)."
    )
    conquest_arrives: float = parameter(0.6, 0.0, 1.0, doc="The part that the winner gets (20).")
    ally_product: float = parameter(
        0.02, 0.0, 0.1, unit="of product", doc="What a war costs an ally that came (21)."
    )
    ally_arms: float = parameter(0.08, 0.0, 0.5, doc="Arms that it loses (21).")
    abandonment_cost: float = parameter(
        0.01, 0.0, 0.1, unit="of consumption", observed=True,
        doc="What abandoning an ally costs at home (21).",
    )  # fmt: skip

    # -- politics (22 to 25) -----------------------------------------------------------------------
    usual_coherence: float = parameter(0.6, 0.0, 1.0, doc="What coherence returns to (22).")
    coherence_adjustment: float = parameter(
        0.2, 0.0, 1.0, unit="1/year", doc="Speed at which it returns (22)."
    )
    growth_coherence: float = parameter(0.5, 0.0, 3.0, doc="Coherence for growth (22).")
    usual_growth: float = parameter(0.02, 0.0, 0.1, unit="1/year", doc="What is expected (22).")
    tax_resentment: float = parameter(0.3, 0.0, 2.0, doc="Coherence lost to high taxes (22).")
    high_tax: float = parameter(0.35, 0.0, 1.0, unit="of product", doc="From which on (22).")
    welfare_resentment: float = parameter(
        0.5, 0.0, 2.0, doc="Coherence lost to low welfare spending (22)."
    )
    low_welfare: float = parameter(0.18, 0.0, 1.0, unit="of product", doc="Below which (22).")
    rally: float = parameter(0.05, 0.0, 0.3, doc="Coherence gained when pressed from abroad (22).")
    defeat: float = parameter(0.1, 0.0, 0.5, doc="Coherence lost on a losing side (22).")
    turnover_rate: float = parameter(
        0.08, 0.0, 0.4, unit="1/year", observed=True, doc="Turnover, for each point below (23)."
    )
    turnover_from: float = parameter(1.6, 1.0, 3.0, doc="Coherence at which there is none (23).")
    broken_arms: float = parameter(0.03, 0.0, 0.5, doc="Arms lost at a turnover (23).")
    broken_technology: float = parameter(0.002, 0.0, 0.1, doc="Technology lost at one (23).")
    leader_spread: float = parameter(
        0.5, 0.0, 1.0, doc="How far leaders differ in fear where coherence is nil (23)."
    )
    broken_alliance: float = parameter(
        0.05, 0.0, 1.0, doc="Chance that a turnover ends an alliance (23)."
    )
    collapse: float = parameter(
        0.25, 0.0, 0.9, unit="of the first capital", doc="Below which a power falls (24)."
    )
    collapse_reward: float = parameter(
        -1.0, -10.0, 0.0, unit="utils/year", doc="What a fallen power gets (24)."
    )
    welfare_weight: float = parameter(0.25, 0.0, 2.0, doc="psi: weight of welfare spending (25).")
    security_weight: float = parameter(
        0.06, 0.0, 0.5, observed=True, doc="theta: weight of security (25)."
    )
    discount: float = parameter(0.96, 0.5, 1.0, unit="1/year", doc="beta: weight of next year.")

    # -- perception (26) and the end ---------------------------------------------------------------
    noise: float = parameter(
        0.15, 0.0, 1.0, doc="Standard deviation of what is told of others' forces (26)."
    )
    certain_years: int = parameter(40, 1, 200, unit="years", doc="Years before it can end.")
    random_ending: float = parameter(
        0.05, 0.0, 1.0, unit="1/year", doc="Chance that a later year is the last."
    )

    # -- treatments --------------------------------------------------------------------------------
    most_procurement: tuple[float, ...] = parameter(
        (0.12,), 0.0, 0.12, unit="of product", per_power=True,
        doc="A power procures no more than this.",
    )  # fmt: skip
    forced_procurement: tuple[float, ...] = parameter(
        (0.0,), 0.0, 0.06, unit="of product", per_power=True,
        doc="Procurement on top of what a power decides.",
    )  # fmt: skip
    surge_year: int = parameter(0, 0, 200, unit="year", doc="When a power surges; 0 is never.")
    surge_power: int = parameter(0, 0, MOST_POWERS - 1, unit="seat", doc="Who surges then.")
    surge: float = parameter(2.0, 0.1, 10.0, doc="What its arms are multiplied by.")

    # -- start -------------------------------------------------------------------------------------
    start_product: tuple[float, ...] = parameter(
        (1.0,), 0.02, 50.0, unit="first mean product", per_power=True, doc="Product at the start."
    )
    size_spread: float = parameter(
        0.5, 0.0, 1.5, doc="Spread of sizes about these, drawn lognormal; the sum stays."
    )
    start_tax: float = parameter(
        0.3, 0.05, 0.45, unit="of product", doc="The tax under which capital grew."
    )
    capital: tuple[float, ...] = parameter(
        (1.0,), 0.2, 3.0, unit="of balanced growth's", per_power=True, doc="Capital at the start."
    )
    technology: tuple[float, ...] = parameter(
        (1.0,), 0.1, 3.0, per_power=True, doc="A at the start."
    )
    arms: tuple[float, ...] = parameter(
        (0.2,), 0.0, 2.0, unit="of product", per_power=True, doc="M at the start."
    )
    readiness: tuple[float, ...] = parameter(
        (0.7,), 0.0, 1.0, per_power=True, doc="rho at the start."
    )
    resilience: tuple[float, ...] = parameter(
        (0.3,), 0.0, 0.95, per_power=True, doc="Z at the start."
    )
    reserves: tuple[float, ...] = parameter(
        (0.25,), 0.0, 1.0, unit="years", per_power=True, doc="V at the start."
    )
    debt: tuple[float, ...] = parameter(
        (0.6,), -0.5, 3.0, unit="of product", per_power=True, doc="B at the start."
    )
    coherence: tuple[float, ...] = parameter(
        (0.6,), 0.0, 1.0, per_power=True, doc="S at the start."
    )
    proximity: Pairs[float] = parameter(
        0.65, 0.3, 1.0, per_pair=True, doc="prox: how far strength reaches from one to another."
    )
    proximity_spread: float = parameter(
        0.35, 0.0, 0.35, doc="Half the width of what proximities are drawn from, both ways alike."
    )
    dependence: Pairs[float] = parameter(
        1.0, 0.0, 4.0, per_pair=True, doc="dep: a power's dependence on trade with another."
    )
    dependence_spread: float = parameter(
        0.3, 0.0, 1.0, doc="Spread of dependence about these, drawn lognormal."
    )
    allied: Pairs[bool] = parameter(False, 0, 1, per_pair=True, doc="Who is allied at the start.")

    def check(self) -> None:
        """Refuse an ally on one side only, a surge of nobody, and debts that no one would lend."""
        self.refuse_one_sided("allied")
        self.refuse_seat("surge_power")
        for power, debt in enumerate(self.debt):
            if debt > self.debt_limit:
                raise ParameterError(
                    f"debt of power {power} is {debt:g} of product, above debt_limit "
                    f"{self.debt_limit:g}: lower it, or raise the limit."
                )
