"""The parameters of the full game, by subject; numbers in brackets are those of equations."""

from __future__ import annotations

from typing import ClassVar

from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.parameters import Pairs, ParametersBase, parameter, parameters

MOST_POWERS = 8


@parameters
class Parameters(ParametersBase):
    """Constants and initial state of the world; the defaults are those of the neutral game."""

    CAPACITY: ClassVar[int] = MOST_POWERS

    powers: int = parameter(4, 2, MOST_POWERS, unit="powers", doc="Number of powers.")
    anonymous: bool = parameter(
        False, 0, 1, doc="Whether each power sees the others in a random order of its own."
    )
    phased: bool = parameter(
        False,
        0,
        1,
        doc="Whether a year is four steps (plan, challenge, answer, stand) instead of one.",
    )

    # -- economy (1, 2, 7, 8, 10, 11) --------------------------------------------------------------
    capital_share: float = parameter(
        0.35, 0.2, 0.5, doc="alpha: capital share of product (equation 1).", kind="share"
    )
    labour_growth: float = parameter(0.005, 0.0, 0.03, unit="1/year", doc="Growth of labour (1).")
    autarky_cost: float = parameter(
        0.02,
        0.0,
        0.3,
        doc="k_Z: share of product lost at full self-sufficiency (2).",
        kind="share",
    )
    tax_distortion: float = parameter(
        0.6, 0.0, 2.0, doc="chi: slope of the marginal cost of public funds (7)."
    )
    saving_rate: float = parameter(
        0.22, 0.05, 0.5, doc="s: saving rate out of disposable income (8).", kind="share"
    )
    foreign_lending: float = parameter(
        0.33,
        0.0,
        1.0,
        doc="f: share of debt held by foreigners (3, 7, 8).",
        kind="share",
    )
    saving_response: float = parameter(
        0.34, 0.0, 0.6, doc="s_R: response of private saving to a deficit (8; CBO)."
    )
    depreciation: float = parameter(
        0.05, 0.01, 0.15, unit="1/year", doc="Depreciation rate of capital (10).", kind="share"
    )
    industry_yield: float = parameter(
        1.1, 0.0, 2.0, doc="Capital per unit of industrial spending (10)."
    )
    base_progress: float = parameter(
        0.006,
        0.0,
        0.03,
        unit="1/year",
        doc="Growth of technology without research (11).",
        kind="share",
    )
    research_yield: float = parameter(
        0.004,
        0.0,
        0.02,
        unit="1/year",
        doc="Growth of technology at the reference research share (11).",
        kind="share",
    )
    dual_use: float = parameter(
        0.15,
        0.0,
        1.0,
        doc="Dual-use spillover of procurement relative to research (11).",
    )
    catch_up: float = parameter(
        0.01,
        0.0,
        0.05,
        unit="1/year",
        doc="Catch-up growth per unit of distance from the leader (11).",
        kind="share",
    )
    integration_cost: float = parameter(
        0.001,
        0.0,
        0.02,
        unit="1/year",
        doc="Growth lost to civil-military integration (11).",
        kind="share",
    )

    # -- treasury (3 to 6) -------------------------------------------------------------------------
    safe_interest: float = parameter(
        0.015, 0.0, 0.06, unit="1/year", doc="r*: interest rate on a small debt (3).", kind="share"
    )
    debt_threshold: float = parameter(
        0.6,
        0.0,
        2.0,
        unit="of product",
        doc="Debt above which the interest rate rises (3).",
        kind="share",
    )
    interest_slope: float = parameter(
        0.03, 0.0, 0.12, unit="1/year",
        doc="p_1: rise of the interest rate per year of product owed (3; CBO, Laubach).",
        kind="share",
    )  # fmt: skip
    exclusion_premium: float = parameter(
        0.03, 0.0, 0.1, unit="1/year", doc="p_2: premium after a default (3).", kind="share"
    )
    embargo_premium: float = parameter(
        0.02,
        0.0,
        0.1,
        unit="1/year",
        doc="p_3: premium while a lender embargoes (3).",
        kind="share",
    )
    debt_limit: float = parameter(
        1.8, 0.8, 3.0, unit="of product", doc="Maximum debt (5).", kind="share"
    )
    haircut: float = parameter(
        0.4, 0.0, 0.9, doc="Share of debt written off in a default (6).", kind="share"
    )
    exclusion_years: int = parameter(
        5, 0, 20, unit="years", doc="Years without access to credit after a default (6)."
    )
    default_loss: float = parameter(
        0.08, 0.0, 0.2, unit="of product", doc="Output loss after a default (6).", kind="share"
    )
    default_loss_years: int = parameter(
        4, 0, 10, unit="years", doc="Duration of the output loss after a default (6)."
    )
    bank_loss: float = parameter(
        0.1,
        0.0,
        0.5,
        doc="Output lost after a default, per unit of product that domestic lenders lost (6).",
    )
    default_coherence: float = parameter(0.2, 0.0, 1.0, doc="Coherence lost in a default (6).")

    # -- military (12, 13, 18) ---------------------------------------------------------------------
    arms_decay: float = parameter(
        0.08, 0.01, 0.3, unit="1/year", doc="Depreciation rate of arms (12).", kind="share"
    )
    integration_gain: float = parameter(
        0.15, 0.0, 0.5, doc="Gain in procurement from research at full integration (12)."
    )
    generation_rate: float = parameter(
        1.0 / 15.0,
        0.0,
        0.5,
        unit="1/year",
        doc="Probability of a new generation of arms (12).",
        kind="odds",
    )
    generation_gap: float = parameter(
        0.25,
        0.0,
        0.8,
        doc="Arms lost to a new generation, per unit of distance from the leader (12).",
        kind="share",
    )
    generation_loss: float = parameter(
        0.1, 0.0, 0.2, doc="Arms lost to a new generation by every power (12).", kind="share"
    )
    upkeep: float = parameter(
        0.05, 0.01, 0.3, unit="1/year", doc="Spending per unit of arms for full readiness (13)."
    )
    readiness_adjustment: float = parameter(
        0.4, 0.05, 1.0, unit="1/year", doc="Adjustment rate of readiness (13)."
    )
    mobilisation: float = parameter(
        0.15,
        0.0,
        0.5,
        unit="of product",
        doc="Strength added by full mobilisation (13).",
        kind="share",
    )
    mobilisation_cost: float = parameter(
        0.01, 0.0, 0.1, unit="of product", doc="Cost of mobilisation (13).", kind="share"
    )
    home_advantage: float = parameter(1.15, 0.5, 2.0, doc="Weight of the defender's strength (18).")
    pooling: float = parameter(0.7, 0.0, 1.0, doc="Weight of an ally's strength in defence (18).")
    offence: float = parameter(1.5, 0.3, 2.5, doc="off: the offence-defence ratio (18; Jervis).")
    decisiveness: float = parameter(
        2.0, 0.5, 4.0, doc="m: decisiveness of superior strength (18; Hirshleifer)."
    )

    # -- resilience (2, 14, 15) --------------------------------------------------------------------
    blackout_rate: float = parameter(
        0.08,
        0.0,
        0.5,
        unit="1/year",
        doc="Probability of a blackout at zero resilience (2).",
        kind="odds",
    )
    blackout_loss: float = parameter(
        0.03, 0.0, 0.1, unit="of product", doc="Output loss in a blackout (2).", kind="share"
    )
    resilience_decay: float = parameter(
        0.03, 0.0, 0.3, unit="1/year", doc="Depreciation rate of resilience (14).", kind="share"
    )
    resilience_yield: float = parameter(
        10.0, 0.0, 50.0, doc="Resilience per unit of spending on supply (14)."
    )
    reserve_yield: float = parameter(
        10.0, 0.0, 50.0, unit="years", doc="Reserves per unit of spending on the stockpile (14)."
    )
    reserve_use: float = parameter(0.02, 0.0, 0.2, unit="years", doc="Reserves lost per year (14).")
    reserve_drain: float = parameter(
        0.25, 0.0, 1.0, unit="years", doc="Reserves used in a year under embargo (14)."
    )
    embargo_damage: float = parameter(
        0.25,
        0.0,
        0.3,
        unit="of product",
        doc="Maximum output loss of an embargo's target (15).",
        kind="share",
    )
    embargo_cost: float = parameter(
        0.03,
        0.0,
        0.1,
        unit="of product",
        doc="Maximum output loss of an embargo's sender (15).",
        kind="share",
    )
    tribute: float = parameter(
        0.5,
        0.0,
        1.0,
        unit="of the embargo's damage",
        doc="Tribute that ends an embargo (15).",
        kind="share",
    )
    tribute_cost: float = parameter(
        0.02,
        0.0,
        0.1,
        unit="of consumption",
        doc="Domestic cost of paying tribute to end an embargo (15).",
        kind="share",
    )
    settled_years: int = parameter(
        3, 0, 20, unit="years", doc="Years without an embargo by a power that got tribute (15)."
    )

    # -- diplomacy (16, 17) ------------------------------------------------------------------------
    autonomy_cost: float = parameter(
        0.22,
        0.0,
        1.0,
        unit="utils/year",
        doc="k_A: autonomy cost of an alliance with every other power (16).",
    )
    autonomy: tuple[float, ...] = parameter(
        (1.0,), 0.0, 5.0, per_power=True, doc="Weight that a power gives to autonomy (16)."
    )
    alliance_term: int = parameter(
        10, 0, 40, unit="years", doc="Years for which an alliance binds (16)."
    )
    alliance_setup: float = parameter(
        0.002, 0.0, 0.02, unit="of product", doc="Cost of forming an alliance (16).", kind="share"
    )
    alliance_trade: float = parameter(
        0.002,
        0.0,
        0.02,
        unit="of product",
        doc="Gain from trade with each ally (16).",
        kind="share",
    )
    most_allies: tuple[int, ...] = parameter(
        (7,), 0, 7, unit="allies", per_power=True, doc="Maximum number of allies."
    )
    slips: bool = parameter(
        False, 0, 1, doc="Whether an ally that honours may still fail to come (17)."
    )
    reliability: float = parameter(
        0.745,
        0.05,
        1.0,
        doc="Prior probability that an ally honours (17; Leeds 2003).",
        kind="odds",
    )
    reliability_year: int = parameter(
        0, 0, 200, unit="year", doc="Year in which reliability changes; 0 is never."
    )
    later_reliability: float = parameter(
        0.5, 0.05, 1.0, doc="Reliability from that year on.", kind="odds"
    )
    prior_calls: float = parameter(
        3.0, 0.1, 50.0, unit="calls", doc="Weight of the prior, in observed calls (17)."
    )
    binding: float = parameter(
        0.3,
        0.0,
        1.0,
        doc="Probability that institutions commit an ally to honour its pledge (17).",
        kind="odds",
    )
    subsidy: float = parameter(
        0.001,
        1e-5,
        0.1,
        unit="of the receiver's product",
        doc="Aid that closes half of what is missing in the commitment of the ally that gets it "
        "(17).",
        kind="share",
    )

    # -- crisis (19 to 21) -------------------------------------------------------------------------
    mean_war_cost: float = parameter(
        0.08,
        0.0,
        0.5,
        unit="of product",
        doc="Mean of a government's private cost of a war, exponential, drawn every year (20).",
        kind="share",
    )
    demand_cost: float = parameter(
        0.012,
        0.0,
        0.1,
        unit="of consumption",
        doc="Domestic cost of making a demand (19).",
        kind="share",
    )
    truce_years: int = parameter(
        5, 0, 20, unit="years", doc="Truce after a concession or a war (19)."
    )
    bluff_truce_years: int = parameter(
        1, 0, 20, unit="years", doc="Truce after the demander has backed down (19)."
    )
    pause_years: int = parameter(
        4,
        0,
        20,
        unit="years",
        doc="Years without a demand by a power that got its way or fought (19).",
    )
    stake: float = parameter(
        0.07,
        0.0,
        0.3,
        unit="of capital",
        doc="Capital lost by conceding, in the mean (19).",
        kind="share",
    )
    stake_arrives: float = parameter(
        0.6,
        0.0,
        1.0,
        doc="Share of the ceded capital that the demander receives (19).",
        kind="share",
    )
    concession_cost: float = parameter(
        0.02, 0.0, 0.1, unit="of consumption", doc="Domestic cost of conceding (19).", kind="share"
    )
    audience_cost: float = parameter(
        0.035, 0.0, 0.1, unit="of consumption",
        doc="Audience cost of backing down (20; Fearon 1994).", kind="share",
    )  # fmt: skip
    back_down_coherence: float = parameter(
        0.05, 0.0, 0.5, doc="Coherence lost by backing down (20)."
    )
    winner_product: float = parameter(
        0.0, 0.0, 0.3, unit="of product", doc="Output loss of a war's winner (20).", kind="share"
    )
    winner_arms: float = parameter(
        0.1, 0.0, 0.9, doc="Arms lost by a war's winner (20).", kind="share"
    )
    loser_product: float = parameter(
        0.06, 0.0, 0.3, unit="of product", doc="Output loss of a war's loser (20).", kind="share"
    )
    loser_arms: float = parameter(
        0.25, 0.0, 0.9, doc="Arms lost by a war's loser (20).", kind="share"
    )
    loser_coherence: float = parameter(0.15, 0.0, 0.5, doc="Coherence lost by a war's loser (20).")
    conquest: float = parameter(
        0.15,
        0.0,
        0.3,
        unit="of capital",
        doc="Capital lost by a beaten defender (20).",
        kind="share",
    )
    conquest_arrives: float = parameter(
        0.8, 0.0, 1.0, doc="Share of that capital that the winner receives (20).", kind="share"
    )
    deployment: float = parameter(
        0.3,
        0.0,
        1.0,
        unit="of the cost of a war",
        doc="Share of the private cost of a war that an ally pays for coming, war or not (21).",
        kind="share",
    )
    ally_product: float = parameter(
        0.02,
        0.0,
        0.1,
        unit="of product",
        doc="Further output loss of an ally that came, in a war (21).",
        kind="share",
    )
    ally_arms: float = parameter(
        0.08, 0.0, 0.5, doc="Arms lost by an ally that came (21).", kind="share"
    )
    abandonment_cost: float = parameter(
        0.025, 0.0, 0.1, unit="of consumption",
        doc="Domestic cost of abandoning an ally (21).", kind="share",
    )  # fmt: skip

    # -- politics (22 to 25) -----------------------------------------------------------------------
    usual_coherence: float = parameter(0.6, 0.0, 1.0, doc="Long-run level of coherence (22).")
    coherence_adjustment: float = parameter(
        0.2, 0.0, 1.0, unit="1/year", doc="Rate at which coherence returns to that level (22)."
    )
    growth_coherence: float = parameter(
        0.5, 0.0, 3.0, doc="Coherence gained per unit of excess growth (22)."
    )
    usual_growth: float = parameter(
        0.02, 0.0, 0.1, unit="1/year", doc="Growth that the public expects (22).", kind="share"
    )
    tax_resentment: float = parameter(
        0.3, 0.0, 2.0, doc="Coherence lost per unit of excess tax (22)."
    )
    high_tax: float = parameter(
        0.35, 0.0, 1.0, unit="of product", doc="Tax above which coherence falls (22).", kind="share"
    )
    welfare_resentment: float = parameter(
        0.5, 0.0, 2.0, doc="Coherence lost per unit of missing welfare spending (22)."
    )
    low_welfare: float = parameter(
        0.18,
        0.0,
        1.0,
        unit="of product",
        doc="Welfare spending below which coherence falls (22).",
        kind="share",
    )
    rally: float = parameter(
        0.05, 0.0, 0.3, doc="Rally effect: coherence gained under foreign pressure (22)."
    )
    defeat: float = parameter(
        0.1, 0.0, 0.5, doc="Coherence lost by every power on a losing side (22)."
    )
    turnover_rate: float = parameter(
        0.08,
        0.0,
        0.4,
        unit="1/year",
        doc="Turnover probability per unit of missing coherence (23).",
    )
    turnover_from: float = parameter(
        1.6, 1.0, 3.0, doc="Coherence from which turnover has probability 0 (23)."
    )
    broken_arms: float = parameter(
        0.03, 0.0, 0.5, doc="Arms lost at a turnover (23).", kind="share"
    )
    broken_technology: float = parameter(
        0.002, 0.0, 0.1, doc="Technology lost at a turnover (23).", kind="share"
    )
    leader_spread: float = parameter(
        0.5, 0.0, 1.0, doc="Spread of leaders' fear at zero coherence (23)."
    )
    broken_alliance: float = parameter(
        0.05, 0.0, 1.0, doc="Probability that a turnover ends an alliance (23).", kind="odds"
    )
    collapse: float = parameter(
        0.25,
        0.0,
        0.9,
        unit="of the first capital",
        doc="Capital below which a power falls (24).",
        kind="share",
    )
    collapse_reward: float = parameter(
        -1.0, -10.0, 0.0, unit="utils/year", doc="Yearly payoff of a fallen power (24)."
    )
    welfare_weight: float = parameter(0.25, 0.0, 2.0, doc="psi: weight of welfare spending (25).")
    security_weight: float = parameter(0.09, 0.0, 0.5, doc="theta: weight of security (25).")
    discount: float = parameter(0.96, 0.5, 1.0, unit="1/year", doc="beta: discount factor.")

    # -- perception (26) and the end ---------------------------------------------------------------
    noise: float = parameter(
        0.15, 0.0, 1.0, doc="Standard deviation of estimates of others' forces, in logs (26)."
    )
    certain_years: int = parameter(
        40, 1, 200, unit="years", doc="Number of years before the game can end."
    )
    random_ending: float = parameter(
        0.05, 0.0, 1.0, unit="1/year", doc="Probability that a later year is the last.", kind="odds"
    )

    # -- treatments --------------------------------------------------------------------------------
    most_procurement: tuple[float, ...] = parameter(
        (0.12,), 0.0, 0.12, unit="of product", per_power=True,
        doc="Maximum procurement.", kind="share",
    )  # fmt: skip
    forced_procurement: tuple[float, ...] = parameter(
        (0.0,), 0.0, 0.06, unit="of product", per_power=True,
        doc="Procurement added to the power's choice.", kind="share",
    )  # fmt: skip
    surge_year: int = parameter(0, 0, 200, unit="year", doc="Year of an arms surge; 0 is never.")
    surge_power: int = parameter(
        0, 0, MOST_POWERS - 1, unit="seat", doc="Seat of the power that surges."
    )
    surge: float = parameter(2.0, 0.1, 10.0, doc="Factor by which its arms are multiplied.")

    # -- start -------------------------------------------------------------------------------------
    start_product: tuple[float, ...] = parameter(
        (1.0,), 0.02, 50.0, unit="first mean product", per_power=True, doc="Initial product."
    )
    size_spread: float = parameter(
        0.5,
        0.0,
        1.5,
        spread_of="start_product",
        doc="Lognormal spread of initial products; their sum is kept.",
    )
    start_tax: float = parameter(
        0.3,
        0.05,
        0.45,
        unit="of product",
        doc="Tax rate that determines initial capital.",
        kind="share",
    )
    capital: tuple[float, ...] = parameter(
        (1.0,),
        0.2,
        3.0,
        unit="of balanced growth's",
        per_power=True,
        doc="Initial capital.",
        kind="share",
    )
    technology: tuple[float, ...] = parameter(
        (1.0,), 0.1, 3.0, per_power=True, doc="A: initial technology."
    )
    arms: tuple[float, ...] = parameter(
        (0.2,), 0.0, 2.0, unit="of product", per_power=True, doc="M: initial arms.", kind="share"
    )
    readiness: tuple[float, ...] = parameter(
        (0.7,), 0.0, 1.0, per_power=True, doc="rho: initial readiness."
    )
    resilience: tuple[float, ...] = parameter(
        (0.3,), 0.0, 0.95, per_power=True, doc="Z: initial security of supply."
    )
    reserves: tuple[float, ...] = parameter(
        (0.25,), 0.0, 1.0, unit="years", per_power=True, doc="V: initial reserves."
    )
    debt: tuple[float, ...] = parameter(
        (0.6,), -0.5, 3.0, unit="of product", per_power=True, doc="B: initial debt.", kind="share"
    )
    coherence: tuple[float, ...] = parameter(
        (0.6,), 0.0, 1.0, per_power=True, doc="S: initial coherence."
    )
    proximity: Pairs[float] = parameter(
        0.65,
        0.3,
        1.0,
        per_pair=True,
        doc="prox: part of one power's strength that arrives at another.",
    )
    proximity_spread: float = parameter(
        0.35,
        0.0,
        0.35,
        spread_of="proximity",
        doc="Half-width of the distribution of proximities; the same in both directions.",
    )
    dependence: Pairs[float] = parameter(
        1.0, 0.0, 4.0, per_pair=True, doc="dep: trade dependence of one power on another."
    )
    dependence_spread: float = parameter(
        0.7, 0.0, 1.0, spread_of="dependence", doc="Lognormal spread of dependence."
    )
    allied: Pairs[bool] = parameter(False, 0, 1, per_pair=True, doc="Alliances at the start.")

    def check(self) -> None:
        """Refuse a one-sided alliance, a surge of an absent power, and debt above the limit."""
        self.refuse_one_sided("allied")
        self.refuse_seat("surge_power")
        for power, debt in enumerate(self.debt):
            if debt > self.debt_limit:
                raise ParameterError(
                    f"debt of power {power} is {debt:g} of product, above debt_limit "
                    f"{self.debt_limit:g}: lower it, or raise the limit."
                )
