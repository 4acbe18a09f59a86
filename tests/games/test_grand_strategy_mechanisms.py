"""Each mechanism of the full game bites: varied alone, it moves its outcome the stated way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from counterpoise.agents.doctrines.grand_strategy import DOCTRINES
from counterpoise.envs.engine.columns import component, first_option
from counterpoise.envs.engine.rollouts import choose
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.grand_strategy import Parameters
from counterpoise.envs.grand_strategy.world import (
    BACK_DOWN,
    BACKED_DOWN,
    BEATEN,
    BUDGET,
    CONCEDE,
    CONCEDED,
    DOES,
    FIGHT,
    HELD,
    LINES,
    MOBILISE,
    OFFER,
    ORDERS,
    PAY,
    RESISTED,
    WITHDRAW,
)

POWERS = 4
OTHERS = POWERS - 1
DEFAULTS = Parameters()
LEVELS = {line.name: np.array(line.levels) for line in BUDGET}
# The orders about one power at a time, of which an action has one part each.
OF_ONE = tuple(order.name for order in ORDERS if order.each)
TOWARDS = tuple(order.name for order in ORDERS if order.others)
USUAL = dict(
    tax=0.30, procurement=0.02, upkeep=0.01, research=0.02, industry=0.02, supply=0.0025,
    stockpile=0.0025, welfare=0.21,
)  # fmt: skip
# Nothing but what is tested is left to chance or differs between powers.
CALM = dict(
    size_spread=0.0, proximity_spread=0.0, dependence_spread=0.0, noise=0.0, blackout_rate=0.0,
    turnover_rate=0.0, generation_rate=0.0, binding=0.0, mean_war_cost=0.0,
    pause_years=0,
)  # fmt: skip

Set = Callable[[Any], None]


class Game:
    """Worlds in which every power does the same, but for what a test says."""

    def __init__(self, count: int = 1, **changes: Any) -> None:
        self.worlds = Worlds("grand_strategy", count, {**CALM, **changes}, autoreset=False)
        self.worlds.reset(0)
        self.count, self.powers = count, self.worlds.powers

    @property
    def records(self) -> Any:
        return self.worlds.records

    def __getitem__(self, field: str) -> Any:
        return self.worlds.records[field]

    def set(self, field: str, power: int, value: float) -> Game:
        self.worlds.records[field][:, power] = value
        return self

    def ally(self, one: int, other: int) -> Game:
        for first, second in ((one, other), (other, one)):
            self.worlds.records["allied"][:, first, second] = 1
            self.worlds.records["allies"][:, first] += 1
        self.worlds.observe()
        return self

    def year(self, orders: dict[tuple[int, int], dict[str, int]] | None = None,
             own: dict[int, dict[str, float]] | None = None) -> Game:  # fmt: skip
        """Play a year: `orders` of one power towards another, `own` budget and stand of one."""
        others = self.powers - 1
        actions = np.zeros((self.count, self.powers, self.worlds.game.action_width), np.int64)
        for power in range(self.powers):
            mine = {**USUAL, **(own or {}).get(power, {})}
            for line, value in mine.items():
                if line in LEVELS:
                    actions[:, power, LINES.index(line)] = np.abs(LEVELS[line] - value).argmin()
            for name in ("default", "stand"):
                at = component(getattr(DOES, name), others)
                actions[:, power, at] = int(mine.get(name, 0))
        for (power, other), said in (orders or {}).items():
            place = other if other < power else other - 1
            for name in set(said) & set(TOWARDS):
                actions[:, power, component(getattr(DOES, name), others, place)] = said[name]
            for name in set(said) & set(OF_ONE):
                actions[:, power, component(getattr(DOES, name), others)] = 1 + place
        self.worlds.observe()
        self.worlds.step(actions)
        return self

    def years(self, count: int, **own: Any) -> Game:
        for _ in range(count):
            self.year(own={power: own for power in range(self.powers)})
        return self

    def seen(self, feature: str, power: int) -> float:
        """Return what a power sees in the first world."""
        self.worlds.observe()
        return float(
            self.worlds.observations[0, power, self.worlds.observation_names.index(feature)]
        )

    def is_open(self, power: int, name: str, option: int, other: int) -> bool:
        """Return whether an option towards another power is open in the first world."""
        self.worlds.observe()
        place = other if other < power else other - 1
        at = first_option(getattr(DOES, name), self.powers - 1, place) + option
        return bool(self.worlds.masks[0, power, at])

    def mean(self, field: str, power: int = 0) -> float:
        return float(self.worlds.records[field][:, power].mean())


def demand(resolve: int = 0, **more: Any) -> dict[tuple[int, int], dict[str, int]]:
    """Return orders by which power 1 demands of power 0, who answers so."""
    return {(1, 0): {"demand": 1}, (0, 1): {"resolve": resolve}, **more}


# -- economy -----------------------------------------------------------------------------------


def test_insulation_costs_product() -> None:
    open_, shut = (Game().set("resilience", 0, level).year() for level in (0.0, 0.9))
    assert shut.mean("output") < open_.mean("output")
    free = Game(autarky_cost=0.0).set("resilience", 0, 0.9).year()
    assert free.mean("output") == pytest.approx(free.mean("product"), rel=0.05)


def test_the_first_steps_to_security_of_supply_are_cheap_and_autarky_is_not() -> None:
    def lost(resilience: float) -> float:
        game = Game().set("resilience", 0, resilience)
        product = game.mean("product")
        return 1.0 - game.year().mean("output") / product

    assert lost(0.9) == pytest.approx(DEFAULTS.autarky_cost * 0.9**4)
    assert lost(0.45) == pytest.approx(lost(0.9) / 2**4)


def test_insulation_costs_catching_up() -> None:
    def growth(resilience: float) -> float:
        game = Game().set("technology", 0, 0.5).set("resilience", 0, resilience).year()
        return game.mean("technology")

    assert growth(0.9) < growth(0.0)


def test_a_deficit_crowds_out_investment_unless_foreigners_lend() -> None:
    def crowded_out(**changes: float) -> float:
        balanced = Game(**changes).year()
        borrowing = Game(**changes).year(own={0: {"tax": 0.30, "welfare": 0.30}})
        borrowed = borrowing.mean("borrowed") - balanced.mean("borrowed")
        return (balanced.mean("invested") - borrowing.mean("invested")) / borrowed

    assert crowded_out() == pytest.approx(0.33, abs=0.01)
    assert crowded_out(foreign_lending=0.66) == pytest.approx(0.0, abs=0.01)


def test_dual_use_raises_technology_from_procurement_under_integration_only() -> None:
    def technology(dual_use: float, integration: float, procurement: float) -> float:
        game = Game(dual_use=dual_use, integration_cost=0.0)
        return game.years(5, integration=integration, procurement=procurement).mean("technology")

    assert technology(0.5, 1.0, 0.045) > technology(0.15, 1.0, 0.045) > technology(0.0, 1.0, 0.045)
    assert technology(0.5, 1.0, 0.045) > technology(0.5, 1.0, 0.0)
    assert technology(0.5, 0.0, 0.045) == pytest.approx(technology(0.0, 0.0, 0.045))


def test_integration_distorts_markets() -> None:
    plain, integrated = (Game(dual_use=0.0).years(5, integration=share) for share in (0.0, 1.0))
    assert integrated.mean("technology") < plain.mean("technology")


def test_research_and_industry_pay_later() -> None:
    def output(**budget: float) -> float:
        return Game().years(15, **budget).mean("output")

    assert output(research=0.05) > output(research=0.01)
    assert output(industry=0.05) > output(industry=0.0)


def test_high_taxes_waste_more() -> None:
    def disposable(distortion: float) -> float:
        game = Game(tax_distortion=distortion)
        return game.year(own={0: {"tax": 0.45}}).mean("disposable")

    assert disposable(1.5) < disposable(0.0)


# -- treasury ----------------------------------------------------------------------------------


def test_debt_above_the_threshold_raises_interest() -> None:
    low, high, steep = (
        Game(interest_slope=slope, debt=debt).year().mean("interest")
        for debt, slope in ((0.4, 0.03), (1.4, 0.03), (1.4, 0.08))
    )
    assert low == pytest.approx(0.015)
    assert low < high < steep


def test_a_foreign_lenders_embargo_raises_interest_the_more_foreigners_lend() -> None:
    def rise(foreign: float) -> float:
        calm = Game(foreign_lending=foreign).year()
        pressed = Game(foreign_lending=foreign).year({(1, 0): {"embargo": 1}})
        return pressed.mean("interest") - calm.mean("interest")

    assert rise(0.9) > rise(0.3) > rise(0.0)


def test_a_plan_beyond_what_lenders_bear_is_scaled_by_one_factor() -> None:
    game = Game(debt=1.78).year(own={0: {"tax": 0.25, "welfare": 0.35}})
    scaling = game.mean("scaling")
    assert 0.0 < scaling < 1.0
    assert game.mean("welfare") == pytest.approx(0.35 * scaling)
    assert game.mean("research") == pytest.approx(0.02 * scaling)
    assert game.mean("debt") == pytest.approx(1.8 * game.mean("output"))


def test_a_default_cuts_debt_shuts_out_of_credit_and_costs_product_and_coherence() -> None:
    honest, bankrupt = (Game(debt=1.2).year(own={0: {"default": default}}) for default in (0, 1))
    assert bankrupt.mean("debt") < 0.7 * honest.mean("debt")
    assert bankrupt.mean("exclusion") == DEFAULTS.exclusion_years
    assert bankrupt.mean("coherence") < honest.mean("coherence") - 0.15
    honest.year(own={0: {"welfare": 0.30}})
    bankrupt.year(own={0: {"welfare": 0.30}})
    assert bankrupt.mean("output") < honest.mean("output")
    assert bankrupt.mean("borrowed") <= 1e-12, "no new debt while excluded"
    assert honest.mean("borrowed") > 0.0


def test_a_default_costs_product_for_some_years_and_more_where_the_creditors_live_at_home() -> None:
    def losses(**changes: Any) -> list[float]:
        game = Game(debt=1.2, **changes).year(own={0: {"default": 1}})
        found = []
        for _ in range(DEFAULTS.default_loss_years + 1):
            product = game.mean("product")
            product *= 1.0 - DEFAULTS.autarky_cost * game.mean("resilience") ** 4
            found.append(1.0 - game.year().mean("output") / product)
        return found

    years = DEFAULTS.default_loss_years
    abroad = losses(foreign_lending=1.0)
    assert abroad == pytest.approx([DEFAULTS.default_loss] * years + [0.0], abs=1e-12)
    defaulted = Game(debt=1.2, foreign_lending=0.2).year(own={0: {"default": 1}})
    at_home = 0.8 * defaulted.mean("forgiven") / defaulted.mean("output")
    assert defaulted.mean("written_off") == pytest.approx(at_home)
    banks = DEFAULTS.default_loss + DEFAULTS.bank_loss * at_home
    assert losses(foreign_lending=0.2) == pytest.approx([banks] * years + [0.0], abs=1e-12)
    assert banks > DEFAULTS.default_loss


def test_aid_passes_from_treasury_to_treasury() -> None:
    game = Game().ally(0, 1).year(own={0: {"aid": 0.005}})
    assert game.mean("aid_paid", 0) == pytest.approx(0.005 * game.mean("output", 0))
    assert game.mean("aid_received", 1) == pytest.approx(game.mean("aid_paid", 0))


# -- military ----------------------------------------------------------------------------------


def test_readiness_follows_upkeep() -> None:
    ready, neglected = (Game().years(5, upkeep=share).mean("readiness") for share in (0.015, 0.0))
    assert ready > 0.9
    assert neglected < 0.1


def test_a_new_generation_costs_the_laggard_more() -> None:
    old = Game().set("technology", 0, 0.5).year()
    new = Game(generation_rate=0.5)
    # The draw is chance: wait for it.
    new.set("technology", 0, 0.5)
    for seed in range(20):
        new.worlds.reset(seed)
        new.set("technology", 0, 0.5).year()
        if new["generation"][0] == 1:
            break
    assert new["generation"][0] == 1
    assert new.mean("arms", 0) / old.mean("arms", 0) < new.mean("arms", 1) / old.mean("arms", 1)


def test_mobilisation_helps_a_defender_that_is_supplied() -> None:
    def odds(resolve: int, resilience: float) -> float:
        game = Game().set("resilience", 0, resilience).set("reserves", 0, resilience)
        return game.year(demand(resolve)).mean("odds")

    assert odds(MOBILISE, 0.9) < odds(0, 0.9)
    assert odds(MOBILISE, 0.9) < odds(MOBILISE, 0.1)
    paid = Game().year(demand(MOBILISE)).mean("spending") - Game().year(demand(0)).mean("spending")
    assert paid == pytest.approx(
        DEFAULTS.mobilisation_cost * Game().year().mean("output"), rel=0.05
    )


def test_offence_and_arms_raise_the_odds_of_attack_and_decisiveness_sharpens_them() -> None:
    def odds(arms: float = 1.0, **changes: float) -> float:
        game = Game(**changes)
        game["arms"][:, 1] *= arms
        return game.year(demand()).mean("odds")

    assert odds(offence=2.0) > odds(offence=1.4) > odds(offence=0.7)
    assert odds(arms=2.0) > odds() > odds(arms=0.5)
    assert odds(arms=4.0, decisiveness=3.0) > odds(arms=4.0, decisiveness=1.0)


def test_distance_protects() -> None:
    near, far = (Game(proximity=reach).year(demand()).mean("odds") for reach in (1.0, 0.3))
    assert far < near


# -- resilience --------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["resilience", "reserves"])
def test_resilience_and_reserves_soften_an_embargo(field: str) -> None:
    soft, hard = (
        Game().set(field, 0, level).year({(1, 0): {"embargo": 1}}).mean("trade_loss")
        for level in (0.9, 0.1)
    )
    assert soft < hard


@pytest.mark.parametrize("field", ["resilience", "reserves"])
def test_they_make_blackouts_rarer(field: str) -> None:
    def rate(level: float) -> float:
        return Game(2_000, blackout_rate=0.3).set(field, 0, level).year().mean("blackout")

    assert rate(0.9) < rate(0.0)


def test_an_embargo_hurts_the_dependent_most_and_drains_reserves() -> None:
    embargo = {(1, 0): {"embargo": 1}}
    little, much = (Game(dependence=share).year(embargo) for share in (0.5, 2.0))
    assert much.mean("trade_loss", 0) > little.mean("trade_loss", 0) > 0.0
    assert much.mean("trade_loss", 1) > 0.0, "it costs its maker too"
    assert much.mean("reserves", 0) < much.mean("reserves", 2)


def test_an_embargo_can_be_bought_off() -> None:
    paid = Game().year({(1, 0): {"embargo": 1}, (0, 1): {"buy_off": PAY}})
    assert paid.mean("trade_loss", 0) == 0.0
    refused = Game().year({(1, 0): {"embargo": 1}})
    spared = refused.mean("trade_loss", 0)
    assert paid.mean("aid_received", 1) == pytest.approx(
        DEFAULTS.tribute * spared * paid.mean("output", 0)
    )


def test_tribute_buys_some_years_without_an_embargo_by_whoever_got_it() -> None:
    game = Game(settled_years=2)
    embargo = {(1, 0): {"embargo": 1}, (2, 0): {"embargo": 1}, (0, 1): {"buy_off": PAY}}
    by_one, by_other, is_open = [], [], []
    for _ in range(4):
        game.worlds.observe()
        at = first_option(DOES.embargo, OTHERS) + 1
        is_open.append(bool(game.worlds.masks[0, 1, at]))
        game.year(embargo)
        by_one.append(int(game["tribute"][0, 0, 1]))
        by_other.append(int(game["embargo"][0, 2, 0]))
    assert by_one == [1, 0, 0, 1]
    assert is_open == [True, False, False, True]
    assert by_other == [1, 1, 1, 1], "others may still embargo"
    assert game.seen("settled_0", 1) == game.seen("other_settled_0", 0) == 1.0


def test_paying_tribute_costs_a_government_at_home() -> None:
    orders = {(1, 0): {"embargo": 1}, (0, 1): {"buy_off": PAY}}
    assert Game(tribute_cost=0.03).year(orders).mean("felt_loss", 0) == pytest.approx(0.03)
    assert Game(tribute_cost=0.03).year({(1, 0): {"embargo": 1}}).mean("felt_loss", 0) == 0.0


def test_resilience_and_reserves_lower_the_price_of_an_embargo() -> None:
    def price(**stocks: float) -> float:
        game = Game(**stocks).year({(1, 0): {"embargo": 1}, (0, 1): {"buy_off": PAY}})
        return game.mean("aid_received", 1) / game.mean("output", 0)

    dependent = price(resilience=0.3, reserves=0.2)
    assert price(resilience=0.6, reserves=0.2) == pytest.approx(dependent * 0.4 / 0.7)
    assert price(resilience=0.3, reserves=0.6) == pytest.approx(dependent * 0.7 / 0.9)


def test_supply_spending_builds_resilience() -> None:
    assert Game().years(5, supply=0.02).mean("resilience") > 0.4
    assert Game().years(5, supply=0.0).mean("resilience") < 0.3


# -- diplomacy ---------------------------------------------------------------------------------

OFFERS = {(0, 1): {"diplomacy": OFFER}, (1, 0): {"diplomacy": OFFER}}


def test_an_alliance_takes_two() -> None:
    assert Game().year({(0, 1): {"diplomacy": OFFER}})["allied"][0, 0, 1] == 0
    assert Game().year(OFFERS)["allied"][0, 0, 1] == 1


def test_an_offer_stays_on_the_table_for_a_year() -> None:
    game = Game().year({(0, 1): {"diplomacy": OFFER}})
    assert game.seen("its_offer_0", 1) == 1.0, "power 1 sees the offer of power 0"
    assert game.seen("its_offer_0", 0) == game.seen("its_offer_0", 2) == 0.0
    answered = game.year({(1, 0): {"diplomacy": OFFER}})
    assert answered["allied"][0, 0, 1] == 1
    assert answered.seen("its_offer_0", 1) == 0.0, "what is agreed is no longer an offer"
    late = Game().year({(0, 1): {"diplomacy": OFFER}}).year()
    assert late.seen("its_offer_0", 1) == 0.0
    assert late.year({(1, 0): {"diplomacy": OFFER}})["allied"][0, 0, 1] == 0


def test_an_alliance_binds_for_its_term_and_a_years_notice() -> None:
    game = Game(alliance_term=3).year(OFFERS)
    leaves = {(1, 0): {"diplomacy": WITHDRAW}}
    left, allied, is_open = [], [], []
    for _ in range(4):
        left.append(game.seen("bound_0", 1))
        is_open.append(game.is_open(1, "diplomacy", WITHDRAW, 0))
        game.year(leaves)
        allied.append(int(game["allied"][0, 0, 1]))
    assert left == [2.0, 1.0, 0.0, 0.0]
    assert is_open == [False, False, True, False]
    assert allied == [1, 1, 0, 0], "after the term, notice; with its year the alliance ends"
    assert game.seen("bound_0", 1) == 0.0


def test_an_alliance_without_a_term_can_be_left_at_once() -> None:
    game = Game(alliance_term=0).year(OFFERS).year({(1, 0): {"diplomacy": WITHDRAW}})
    assert game["allied"][0, 0, 1] == 0


def test_notice_binds_to_the_end_of_the_year() -> None:
    game = Game().ally(0, 2).year(demand(0) | {(2, 0): {"diplomacy": WITHDRAW, "honour": 1}})
    assert game["comes"][0, 2, 0] == 1
    assert game["allied"][0, 0, 2] == 0


def test_autonomy_is_dearer_with_each_ally_and_to_those_who_prize_it() -> None:
    def value(allies: int, **changes: Any) -> float:
        game = Game(alliance_trade=0.0, security_weight=0.0, **changes)
        for other in range(1, allies + 1):
            game.ally(0, other)
        return float(game.year().worlds.rewards[0, 0])

    costs = [value(allies) - value(allies + 1) for allies in range(3)]
    assert 0.0 < costs[0] < costs[1] < costs[2]
    assert value(1, autonomy=2.0) < value(1)


@pytest.mark.parametrize("powers", [4, 6])
def test_autonomy_costs_the_square_of_the_share_of_others_that_are_allies(powers: int) -> None:
    def value(allies: int) -> float:
        game = Game(powers=powers, alliance_trade=0.0, security_weight=0.0)
        for other in range(1, allies + 1):
            game.ally(0, other)
        return float(game.year().worlds.rewards[0, 0])

    lost = [value(0) - value(allies) for allies in range(powers)]
    shares = np.arange(powers) / (powers - 1)
    assert lost == pytest.approx(DEFAULTS.autonomy_cost * shares**2, abs=1e-9)


def test_trade_with_allies_pays() -> None:
    assert Game().ally(0, 1).year().mean("output") > Game().year().mean("output")


def test_abandoning_costs_standing_and_honouring_earns_it() -> None:
    true, false = (
        Game().ally(0, 2).year(demand(0) | {(2, 0): {"honour": honour}}) for honour in (1, 0)
    )
    assert true.mean("standing", 2) > true.mean("standing", 3) > false.mean("standing", 2)
    assert false.mean("felt_loss", 2) > true.mean("felt_loss", 2)


def test_help_deters_the_more_it_is_pooled() -> None:
    def odds(honour: int, pooling: float) -> float:
        game = Game(pooling=pooling).ally(0, 2)
        return game.year(demand(0) | {(2, 0): {"honour": honour}}).mean("odds")

    assert odds(1, 1.0) < odds(1, 0.3) < odds(0, 0.3)
    assert odds(0, 1.0) == odds(0, 0.3)


def test_an_unreliable_ally_makes_one_feel_less_secure() -> None:
    sure, unsure = (Game(reliability=chance).ally(0, 2).year() for chance in (0.95, 0.2))
    alone = Game().year()
    assert sure.mean("security") > unsure.mean("security") > alone.mean("security")


def test_an_ally_slips_as_often_as_it_is_unreliable() -> None:
    game = Game(2_000, slips=True, reliability=0.3).ally(0, 2)
    game.year(demand(0) | {(2, 0): {"honour": 1}})
    assert game["comes"][:, 2, 0].mean() == pytest.approx(0.3, abs=0.04)


def test_institutions_commit_an_ally_whatever_it_would_do() -> None:
    game = Game(binding=1.0).ally(0, 2).year(demand(0) | {(2, 0): {"honour": 0}})
    assert game["comes"][0, 2, 0] == game["committed"][0, 2, 0] == 1
    often = Game(2_000, binding=0.3).ally(0, 2).year(demand(0) | {(2, 0): {"honour": 0}})
    assert often["comes"][:, 2, 0].mean() == pytest.approx(0.3, abs=0.04)
    assert (often["comes"][:, 2, 0] == often["committed"][:, 2, 0]).all()


def test_a_subsidy_commits_the_ally_that_gets_it_and_makes_the_giver_feel_secure() -> None:
    def committed(aid: float, binding: float) -> float:
        game = Game(2_000, binding=binding, subsidy=0.0025).ally(0, 2)
        game.year(own={0: {"aid": aid}})
        game.year(demand(0) | {(2, 0): {"honour": 0}})
        return float(game["committed"][:, 2, 0].mean())

    assert committed(0.0, 0.0) == 0.0
    assert committed(0.0025, 0.0) == pytest.approx(0.5, abs=0.04)
    assert committed(0.005, 0.0) == pytest.approx(2 / 3, abs=0.04)
    assert committed(0.0025, 0.4) == pytest.approx(0.7, abs=0.04), "half of what was missing"
    paid, unpaid = (Game().ally(0, 2).year(own={0: {"aid": aid}}) for aid in (0.005, 0.0))
    assert paid.mean("security", 0) > unpaid.mean("security", 0)
    assert paid.mean("security", 2) == unpaid.mean("security", 2), "it commits the receiver alone"


def test_reliability_can_fall_in_a_given_year() -> None:
    game = Game(reliability=0.9, reliability_year=2, later_reliability=0.4)
    seen = [float(game.year()["reliability"][0]) for _ in range(4)]
    assert seen == [0.9, 0.9, 0.4, 0.4]


def test_no_power_has_more_allies_than_it_may() -> None:
    orders = {
        (one, other): {"diplomacy": OFFER}
        for one in range(POWERS) for other in range(POWERS) if one != other
    }  # fmt: skip
    assert Game(most_allies=1).year(orders)["allies"][0].max() == 1
    assert Game().year(orders)["allies"][0, 0] == 3


# -- crisis ------------------------------------------------------------------------------------


def test_conceding_costs_capital_of_which_a_part_arrives() -> None:
    game = Game()
    game["issue"][:, 1, 0] = 1.5
    before = 1.5 * float(game["capital"][0, 0])
    game.year(demand(CONCEDE))
    assert game["outcome"][0, 0] == CONCEDED
    assert game.mean("capital_lost", 0) == pytest.approx(DEFAULTS.stake * before)
    assert game.mean("capital_gained", 1) == pytest.approx(
        DEFAULTS.stake_arrives * DEFAULTS.stake * before
    )


def test_what_can_be_demanded_is_drawn_every_year_and_known_to_both() -> None:
    game = Game(5_000)
    first = game["issue"][:, 1, 0].copy()
    assert game.seen("issue_0", 1) == game.seen("its_issue_0", 0) == pytest.approx(first[0])
    later = game.year()["issue"][:, 1, 0]
    for drawn in (first, later):
        assert drawn.mean() == pytest.approx(1.0, abs=0.03)
        assert drawn.std() == pytest.approx(2.0 / np.sqrt(12.0), rel=0.03), "uniform from 0 to 2"
    assert abs(np.corrcoef(first, later)[0, 1]) < 0.05


def test_backing_down_costs_face_and_coherence() -> None:
    game, calm = Game().year(demand(0)), Game().year()
    assert game["outcome"][0, 0] == BACKED_DOWN
    assert game.mean("felt_loss", 1) == pytest.approx(DEFAULTS.demand_cost + DEFAULTS.audience_cost)
    assert game.mean("coherence", 1) < calm.mean("coherence", 1)
    cheap = Game(audience_cost=0.0).year(demand(0))
    assert cheap.worlds.rewards[0, 1] > game.worlds.rewards[0, 1]


def test_war_costs_both_sides_and_the_loser_more() -> None:
    game = Game(2_000).set("war_cost", 0, 0.05).set("war_cost", 1, 0.05)
    game.year(demand(0), own={1: {"stand": FIGHT}})
    beaten, held = game["outcome"][:, 0] == BEATEN, game["outcome"][:, 0] == HELD
    assert (beaten | held).all()
    assert beaten.mean() == pytest.approx(game.mean("odds"), abs=0.04)
    for lost, loser, winner in ((beaten, 0, 1), (held, 1, 0)):
        for field in ("war_loss", "arms_lost"):
            assert (game[field][lost, loser] > game[field][lost, winner]).all()
            assert (game[field][lost, winner] > 0.0).all()
    assert (game["capital_gained"][beaten, 1] > 0.0).all()
    assert (game["capital_gained"][held] == 0.0).all()


def test_each_side_of_a_war_pays_what_a_war_costs_its_own_government() -> None:
    game = Game(winner_product=0.0, loser_product=0.0)
    for power, cost in enumerate((0.07, 0.03, 0.09, 0.11)):
        game.set("war_cost", power, cost)
    game.year(demand(0), own={1: {"stand": FIGHT}})
    losses = [game.mean("war_loss", power) for power in range(POWERS)]
    assert losses == pytest.approx([0.07, 0.03, 0.0, 0.0])


def test_a_war_is_drawn_to_cost_each_government_its_own_every_year() -> None:
    mean = 0.06
    game = Game(5_000, mean_war_cost=mean)
    first = game["war_cost"][:, :POWERS].copy()
    later = game.year()["war_cost"][:, :POWERS]
    for costs in (first, later):
        assert costs.mean() == pytest.approx(mean, rel=0.03)
        assert costs.std() == pytest.approx(mean, rel=0.05), "exponential"
        assert (costs > mean).mean() == pytest.approx(np.exp(-1.0), abs=0.01)
    assert abs(np.corrcoef(first[:, 0], later[:, 0])[0, 1]) < 0.05
    assert abs(np.corrcoef(first[:, 0], first[:, 1])[0, 1]) < 0.05


def test_no_other_power_sees_what_a_war_would_cost() -> None:
    game = Game(mean_war_cost=0.05)
    game.worlds.observe()
    before = game.worlds.observations[0].copy()
    game.set("war_cost", 1, 0.4)
    assert game.seen("war_cost", 1) == pytest.approx(0.4)
    changed = (game.worlds.observations[0] != before).any(axis=1)
    assert changed.tolist() == [False, True, False, False]


def test_an_ally_that_comes_pays_for_its_deployment_and_in_a_war_for_losses() -> None:
    def pays(stand: int) -> Game:
        game = Game().ally(0, 2).set("war_cost", 2, 0.2)
        return game.year(demand(0) | {(2, 0): {"honour": 1}}, own={1: {"stand": stand}})

    peace, war = pays(BACK_DOWN), pays(FIGHT)
    assert peace.mean("war_loss", 2) == pytest.approx(DEFAULTS.deployment * 0.2)
    assert peace.mean("arms_lost", 2) == 0.0
    assert war.mean("war_loss", 2) == pytest.approx(
        DEFAULTS.deployment * 0.2 + DEFAULTS.ally_product
    )
    assert war.mean("arms_lost", 2) == pytest.approx(DEFAULTS.ally_arms)


def test_an_ally_of_both_sides_is_not_called() -> None:
    game = Game().ally(0, 2).ally(1, 2).year(demand(0) | {(2, 0): {"honour": 1}})
    assert game["calls"][0, 2, 0] == 0


def test_an_ally_of_both_sides_counts_for_neither_with_each_attacker_on_its_own() -> None:
    alone, of_one, of_both = Game(), Game().ally(0, 2), Game().ally(0, 2).ally(1, 2)
    # Power 1 is in place 0 of power 0's view, and power 3 in place 2.
    assert of_one.seen("threat_0", 0) < alone.seen("threat_0", 0)
    assert of_both.seen("threat_0", 0) == alone.seen("threat_0", 0)
    assert of_both.seen("threat_2", 0) == of_one.seen("threat_2", 0) < alone.seen("threat_2", 0)
    # Likewise what they see in attacking power 0, which is in place 0 of their views.
    assert of_both.seen("prospect_0", 1) == alone.seen("prospect_0", 1)
    assert of_both.seen("prospect_0", 3) == of_one.seen("prospect_0", 3)
    assert of_one.seen("prospect_0", 1) < alone.seen("prospect_0", 1)
    secure = [game.year().mean("security", 0) for game in (alone, of_one, of_both)]
    assert secure[2] == pytest.approx(secure[0])
    assert secure[1] > secure[0]
    feeble = [Game().ally(0, 2), Game().ally(0, 2).ally(1, 2)]
    apart, both = (game.set("arms", 1, 0.01).year().mean("security", 0) for game in feeble)
    assert both == pytest.approx(apart), "against power 3, which is worse, power 2 still helps"


@pytest.mark.parametrize(
    ("resolve", "stand", "years"),
    [
        (CONCEDE, BACK_DOWN, DEFAULTS.truce_years),
        (0, FIGHT, DEFAULTS.truce_years),
        (0, BACK_DOWN, DEFAULTS.bluff_truce_years),
    ],
    ids=["concession", "war", "bluff"],
)
def test_a_truce_bars_the_next_demand(resolve: int, stand: int, years: int) -> None:
    game = Game()
    asked = []
    for _ in range(years + 2):
        assert game.is_open(1, "demand", 1, 0) == (game["truce"][0, 1, 0] == 0)
        game.year(demand(resolve), own={1: {"stand": stand}})
        asked.append(int(game["demand"][0, 1]) == 0)
    assert asked == [True, *[False] * years, True]


@pytest.mark.parametrize(
    ("resolve", "stand", "pauses"),
    [(CONCEDE, BACK_DOWN, True), (0, FIGHT, True), (0, BACK_DOWN, False)],
    ids=["concession", "war", "bluff"],
)
def test_a_power_that_got_its_way_or_fought_pauses(resolve: int, stand: int, pauses: bool) -> None:
    game = Game(pause_years=2, bluff_truce_years=0).year(demand(resolve), own={1: {"stand": stand}})
    assert game.seen("pause", 1) == game.seen("other_pause_0", 0) == 2.0 * pauses
    asked, others_ask = [], []
    for _ in range(3):
        at = first_option(DOES.demand, OTHERS) + 2
        assert bool(game.worlds.masks[0, 1, at]) == (game["pause"][0, 1] == 0)
        game.year({(1, 2): {"demand": 1}, (3, 0): {"demand": 1}})
        asked.append(int(game["demand"][0, 1]) == 2)
        others_ask.append(int(game["demand"][0, 3]) == 0)
    assert asked == [not pauses, not pauses, True]
    assert all(others_ask), "others do not pause"


def test_nothing_can_be_demanded_of_an_ally() -> None:
    assert Game().ally(0, 1).year(demand(0))["outcome"][0, 0] == 0


def test_one_demander_a_year_and_the_rest_is_turned_away() -> None:
    game = Game(500).year({(power, 0): {"demand": 1} for power in (1, 2, 3)})
    assert ((game["demand"][:, :POWERS] == 0).sum(axis=1) == 1).all()
    turns = np.bincount(game["demanded_by"][:, 0], minlength=4)
    assert turns[1:].min() > 100, "in random order"


# -- politics ----------------------------------------------------------------------------------


def test_the_parts_of_a_payoff_add_up_to_it() -> None:
    game = (
        Game(20, binding=0.5, mean_war_cost=0.1)
        .ally(0, 2)
        .year(demand(0), own={1: {"stand": FIGHT}})
    )
    parts = [
        game[f"{part}_utils"][:, :POWERS]
        for part in ("consumption", "welfare", "security", "autonomy")
    ]
    assert sum(parts) == pytest.approx(game.worlds.rewards)
    assert (parts[-1][:, 0] < 0.0).all()
    assert (parts[-1][:, 1] == 0.0).all()


@pytest.mark.parametrize(
    ("better", "worse"),
    [({"welfare": 0.21}, {"welfare": 0.0}), ({"tax": 0.30}, {"tax": 0.45})],
)
def test_high_taxes_and_low_welfare_cost_coherence(better: Any, worse: Any) -> None:
    assert Game().years(3, **worse).mean("coherence") < Game().years(3, **better).mean("coherence")


def test_pressure_from_abroad_rallies() -> None:
    calm, pressed = Game().year(), Game().year(demand(0))
    assert pressed.mean("coherence", 0) > calm.mean("coherence", 0)


def test_low_coherence_brings_turnovers_and_they_break_programmes() -> None:
    def changes(coherence: float) -> Game:
        return Game(2_000, turnover_rate=0.1).set("coherence", 0, coherence).year()

    torn, whole = changes(0.1), changes(1.0)
    assert torn.mean("turnover") > 1.5 * whole.mean("turnover")
    changed = torn["turnover"][:, 0] == 1
    assert torn["arms"][changed, 0].mean() < torn["arms"][~changed, 0].mean()
    assert torn["technology"][changed, 0].mean() < torn["technology"][~changed, 0].mean()
    assert torn["fear"][changed, 0].std() > 0.1


def test_welfare_and_security_are_worth_something() -> None:
    def value(**settings: Any) -> float:
        own = {name: settings.pop(name) for name in ("welfare",) if name in settings}
        return float(Game(**settings).year(own={0: own}).worlds.rewards[0, 0])

    # Paid for by debt this year: the gain is of this year too.
    assert value(welfare=0.25) > value(welfare=0.14)
    armed, bare = (
        Game(security_weight=0.3).set("arms", 0, arms).year().worlds.rewards[0, 0]
        for arms in (0.6, 0.05)
    )
    assert armed > bare


# -- perception and treatments -----------------------------------------------------------------


def test_without_noise_forces_are_seen_as_they_are_and_with_it_about_right() -> None:
    exact = Game().year()
    # Estimates are kept in single precision.
    assert exact["seen_arms"][0, 0, 1] == np.float32(exact["arms"][0, 1])
    blurred = Game(2_000, noise=0.15).year()
    error = np.log(blurred["seen_arms"][:, 0, 1] / blurred["arms"][:, 1])
    assert error.mean() == pytest.approx(0.0, abs=0.02)
    assert error.std() == pytest.approx(0.15, rel=0.1)
    assert not np.allclose(blurred["seen_arms"][:, 0, 1], blurred["seen_arms"][:, 2, 1])


def test_the_anonymous_see_others_in_an_order_of_their_own_and_address_them_so() -> None:
    worlds = Worlds("grand_strategy", 200, {**CALM, "anonymous": True}, autoreset=False)
    worlds.reset(0)
    first = worlds.records["seat"][:, 0, 0]
    assert set(first.tolist()) == {1, 2, 3}
    actions = np.zeros((200, POWERS, worlds.game.action_width), np.int64)
    actions[:, 0, component(DOES.demand, OTHERS)] = 1
    worlds.step(actions)
    assert (worlds.records["demand"][:, 0] == first).all()


def test_a_surge_multiplies_the_arms_of_one_power_in_its_year() -> None:
    plain, surging = Game().years(4), Game(surge_year=3, surge_power=2, surge=2.0).years(4)
    assert surging.mean("arms", 2) > 1.7 * plain.mean("arms", 2)
    assert surging.mean("arms", 0) == pytest.approx(plain.mean("arms", 0), rel=1e-6)


def test_procurement_can_be_forced_and_capped() -> None:
    assert Game(forced_procurement=0.02).year().mean("procurement") == pytest.approx(0.04)
    assert Game(most_procurement=0.01).year().mean("procurement") == pytest.approx(0.01)


def test_in_phases_the_target_sees_who_demands_before_it_answers() -> None:
    worlds = Worlds("grand_strategy", 1, {**CALM, "phased": True}, autoreset=False)
    worlds.reset(0)
    names = worlds.observation_names
    nothing = np.zeros((1, POWERS, worlds.game.action_width), np.int64)
    worlds.step(nothing)
    ask = nothing.copy()
    ask[0, 1, component(DOES.demand, OTHERS)] = 1
    worlds.step(ask)
    assert worlds.observations[0, 0, names.index("its_demand_0")] == 1.0
    assert worlds.observations[0, 2, names.index("its_demand_0")] == 0.0
    worlds.step(nothing)
    assert worlds.records["outcome"][0, 0] == RESISTED
    worlds.step(nothing)
    assert worlds.records["outcome"][0, 0] == BACKED_DOWN
    assert worlds.records["year"][0] == 1


def test_orders_and_phases_are_the_same_year() -> None:
    """Where everyone does in each phase what it would have ordered, nothing differs."""
    ends = []
    for phased in (False, True):
        worlds = Worlds("grand_strategy", 20, {"phased": phased}, autoreset=False)
        worlds.reset(3)
        parameters: Any = worlds.parameters[0]
        rng = np.random.default_rng(0)
        names = ("hawk", "dove", "hawk", "internal_balancer")
        profile = [DOCTRINES[name](parameters, power) for power, name in enumerate(names)]
        for _ in range(6):
            chosen = choose(worlds, profile, rng)
            for _ in range(4 if phased else 1):
                worlds.step(chosen)
        ends.append(worlds.records.copy())
    for field in ("debt", "arms", "capital", "coherence"):
        assert np.array_equal(ends[0][field], ends[1][field]), field


def test_parameters_that_cannot_be_are_refused() -> None:
    from counterpoise.envs.engine.errors import ParameterError

    with pytest.raises(ParameterError, match="both ways"):
        Parameters(powers=2, allied=[[0, 1], [0, 0]])  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="2 rows of 2"):
        Parameters(powers=2, proximity=[[0.5, 0.5]])  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="seat from 0 to 3"):
        Parameters(surge_power=5)
    with pytest.raises(ParameterError, match="above debt_limit"):
        Parameters(debt=2.0)
