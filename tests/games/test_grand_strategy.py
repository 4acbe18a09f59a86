"""Claims about the full game's accounts: nothing is lost, nothing is made, nothing breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
from counterpoise.envs.engine.columns import component
from counterpoise.envs.engine.rollouts import choose
from counterpoise.envs.engine.strategy import Uniform
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.grand_strategy import GAME, Parameters
from counterpoise.envs.grand_strategy.economy import LEAST_OUTPUT
from counterpoise.envs.grand_strategy.politics import MOST_WAR_COST
from counterpoise.envs.grand_strategy.resilience import MOST_RESILIENCE
from counterpoise.envs.grand_strategy.world import BEATEN, BUDGET, CONCEDED, DOES, SPENDING
from counterpoise.envs.grand_strategy.year import read_actions

EXACT = 1e-9


def random_years(parameters: Any, count: int, years: int, seed: int) -> Iterator[tuple[Any, Any]]:
    """Play at random; yield the worlds before each year, and the worlds after it."""
    worlds = Worlds("grand_strategy", count, parameters, autoreset=False)
    worlds.reset(seed)
    rng = np.random.default_rng(seed)
    profile = [Uniform(worlds.game, worlds.parameters[0], power) for power in range(worlds.powers)]
    phases = len(GAME.phases_with(worlds.parameters[0]))
    for _ in range(years):
        before = worlds.records.copy()
        for _ in range(phases):
            worlds.step(choose(worlds, profile, rng))
        yield before, worlds


def assert_books_balance(before: Any, worlds: Worlds) -> None:
    """Check every account of the year against the stocks at its beginning."""
    powers = worlds.powers
    given = worlds.parameter_records
    # A fallen power keeps no books, and a world that is over has no year.
    live = (before["alive"][:, :powers] == 1) & (before["over"] == 0)[:, None]
    after = {name: worlds.records[name][:, :powers] for name in ACCOUNTS}
    stock = {
        name: before[name][:, :powers]
        for name in ("debt", "capital", "product", "resilience", "default_years", "written_off")
    }

    def constant(name: str) -> Any:
        return given[name][:, None]

    def close(one: Any, other: Any) -> None:
        scale = 1.0 + np.abs(one) + np.abs(other)
        worst = float((np.abs(one - other) / scale)[live].max(initial=0.0))
        assert worst < EXACT

    output, interest = after["output"], after["interest"] * stock["debt"]
    # (5) the government's budget
    owed = stock["debt"] + interest + after["spending"] - after["revenue"] - after["forgiven"]
    close(after["debt"], owed)
    close(after["borrowed"], interest + after["spending"] - after["revenue"])
    # (4) what it consists of
    shares = sum(after[name] for name in SPENDING)
    mobilised = constant("mobilisation_cost") * after["mobilised"] * output
    close(
        after["spending"],
        shares * output + after["aid_paid"] - after["aid_received"] + mobilised,
    )
    # (9) resources and the world outside
    wasted = 0.5 * constant("tax_distortion") * after["tax"] ** 2 * output
    lent = constant("foreign_lending") * (after["borrowed"] - interest)
    close(after["consumed"] + after["invested"] + after["spending"], output - wasted + lent)
    limit = constant("debt_limit") * output
    assert (after["debt"] <= limit * (1 + EXACT) + EXACT)[live].all()
    paid = np.where(live, after["aid_paid"], 0.0).sum(axis=1)
    received = np.where(live, after["aid_received"], 0.0).sum(axis=1)
    assert np.allclose(paid, received, rtol=EXACT, atol=EXACT)
    # (15, 17) transfers are aid and the price of embargoes
    pairs = {name: worlds.records[name][:, :powers, :powers] for name in ("tribute", "subsidy")}
    subsidies = (pairs["subsidy"] * output[:, None]).sum(axis=1)
    dependence = before["dependence"][:, :powers, :powers]
    left_open = (1.0 - stock["resilience"]) * (1.0 - 0.5 * before["reserves"][:, :powers])
    price = constant("tribute") * constant("embargo_damage") * left_open / (powers - 1.0) * output
    tribute = pairs["tribute"] * dependence * price[:, :, None]
    close(after["aid_received"], subsidies + tribute.sum(axis=1))
    close(after["aid_paid"], after["aid"] * output + tribute.sum(axis=2))
    # (2, 6) output is what embargoes, wars and defaults leave of the product
    gone = after["trade_loss"] + after["war_loss"]
    defaulted = constant("default_loss") + constant("bank_loss") * stock["written_off"]
    gone = gone + (stock["default_years"] > 0) * defaulted
    open_part = 1.0 - constant("autarky_cost") * stock["resilience"] ** 4
    close(output, stock["product"] * open_part * np.maximum(LEAST_OUTPUT, 1.0 - gone))
    # (6) domestic lenders lose their part of what is forgiven
    defaults = after["default"] == 1
    at_home = (1.0 - constant("foreign_lending")) * after["forgiven"] / output
    close(after["written_off"], np.where(defaults, at_home, stock["written_off"]))
    # (19, 20) what leaves in crises, and the part of it that arrives
    demander = np.maximum(worlds.records["demanded_by"][:, :powers], 0).astype(np.int64)
    issue = np.take_along_axis(before["issue"][:, :powers, :powers], demander[:, None], axis=1)[
        :, 0
    ]
    stake = constant("stake") * issue * stock["capital"]
    ceded = (after["outcome"] == CONCEDED) * stake
    taken = (after["outcome"] == BEATEN) * constant("conquest") * stock["capital"]
    close(after["capital_lost"], ceded + taken)
    arrives = constant("stake_arrives") * ceded + constant("conquest_arrives") * taken
    gained = np.where(live, after["capital_gained"], 0.0).sum(axis=1)
    arrived = np.where(live, arrives, 0.0).sum(axis=1)
    assert np.allclose(gained, arrived, rtol=EXACT, atol=EXACT)


ACCOUNTS = (
    *SPENDING,
    *("tax", "output", "interest", "spending", "revenue", "forgiven", "debt", "borrowed"),
    *("aid_paid", "aid_received", "mobilised", "consumed", "invested", "outcome"),
    *("capital_lost", "capital_gained", "aid", "trade_loss", "war_loss", "default", "written_off"),
)


def assert_ties_are_mutual(worlds: Worlds) -> None:
    """Check that ties are the same from both sides, and that an alliance alone can bind."""
    powers = worlds.powers
    ties = {
        name: worlds.records[name][:, :powers, :powers]
        for name in ("allied", "bound", "truce", "formed", "notice", "offer")
    }
    for name in ("allied", "bound", "truce", "formed", "notice"):
        assert (ties[name] == ties[name].swapaxes(1, 2)).all(), name
    assert (ties["bound"][ties["allied"] == 0] == 0).all()
    term = worlds.parameter_records["alliance_term"][:, None, None]
    assert ((ties["bound"] >= 0) & (ties["bound"] <= term)).all()
    assert (ties["offer"][ties["formed"] == 1] == 0).all(), "what is agreed is no longer an offer"
    count = ties["allied"].sum(axis=2)
    assert (worlds.records["allies"][:, :powers] == count).all()


def assert_in_range(worlds: Worlds) -> None:
    """Check that stocks and observations are in their ranges."""
    records, powers = worlds.records, worlds.powers
    for name, (low, high) in {
        "resilience": (0.0, MOST_RESILIENCE),
        "reserves": (0.0, 1.0),
        "readiness": (0.0, 1.0),
        "coherence": (0.0, 1.0),
        "arms": (0.0, np.inf),
        "debt": (-np.inf, np.inf),
        "security": (0.0, 1.0),
        "scaling": (0.0, 1.0),
        "war_cost": (0.0, MOST_WAR_COST),
    }.items():
        values = records[name][:, :powers]
        assert np.isfinite(values).all(), name
        assert (values >= low).all(), name
        assert (values <= high).all(), name
    for name in ("capital", "technology", "labour", "output"):
        assert (records[name][:, :powers] > 0.0).all(), name
        assert np.isfinite(records[name][:, :powers]).all(), name
    assert np.isfinite(worlds.rewards).all()
    space = worlds.game.observation_space(powers)
    assert np.isfinite(worlds.observations).all()
    assert (worlds.observations >= space.low).all()
    assert (worlds.observations <= space.high).all()
    first = np.cumsum((0, *worlds.game.choice_counts))[:-1]
    assert (worlds.masks[:, :, first] == 1).all(), "doing nothing is always open"


def drawn_parameters(rng: np.random.Generator, powers: int) -> Parameters:
    """Draw every parameter from the whole of its range."""
    changes: dict[str, Any] = {"powers": powers, "phased": False}
    for name, declared in Parameters.declarations.items():
        if name in changes or declared.per_pair:
            continue
        count = powers if declared.per_power else 1
        values: list[Any]
        if declared.type is float:
            values = rng.uniform(declared.low, declared.high, count).tolist()
        else:
            values = rng.integers(int(declared.low), int(declared.high) + 1, count).tolist()
        changes[name] = values if declared.per_power else values[0]
    # What is legal only beside another: a power that is there, a debt that is lent.
    changes["surge_power"] = int(rng.integers(powers))
    changes["debt"] = [min(each, changes["debt_limit"]) for each in changes["debt"]]
    return Parameters.from_mapping(changes)


def test_the_books_balance_in_ten_thousand_random_worlds_for_sixty_years() -> None:
    for before, worlds in random_years({}, 10_000, 60, seed=0):
        assert_books_balance(before, worlds)
        assert_in_range(worlds)
        assert_ties_are_mutual(worlds)


@pytest.mark.parametrize("powers", [2, 5, 8])
def test_they_balance_under_any_legal_parameters(powers: int) -> None:
    rng = np.random.default_rng(powers)
    drawn = [drawn_parameters(rng, powers) for _ in range(200)]
    for before, worlds in random_years(drawn, 200, 60, seed=powers):
        assert_books_balance(before, worlds)
        assert_in_range(worlds)
        assert_ties_are_mutual(worlds)


@settings(max_examples=8)
@given(st.integers(0, 2**32), st.booleans(), st.integers(2, 8))
def test_they_balance_in_one_step_a_year_and_in_four(seed: int, phased: bool, powers: int) -> None:
    for before, worlds in random_years({"phased": phased, "powers": powers}, 8, 60, seed):
        assert_books_balance(before, worlds)
        assert_in_range(worlds)
        assert_ties_are_mutual(worlds)


def test_a_fallen_power_is_paid_what_falling_is_worth() -> None:
    worlds = Worlds("grand_strategy", 1, autoreset=False)
    worlds.reset(0)
    worlds.records["capital"][0, 1] = 1e-3
    nothing = np.zeros((1, 4, worlds.game.action_width), int)
    worlds.step(nothing)
    assert worlds.records["alive"][0].tolist()[:4] == [1, 0, 1, 1]
    worlds.step(nothing)
    assert worlds.rewards[0, 1] == -1.0
    assert (worlds.masks[0, 1].sum()) == worlds.game.action_width, "only nothing is left to do"


def test_the_last_power_standing_ends_the_game() -> None:
    worlds = Worlds("grand_strategy", 1, autoreset=False)
    worlds.reset(0)
    worlds.records["capital"][0, 1:4] = 1e-3
    worlds.step(np.zeros((1, 4, worlds.game.action_width), int))
    assert worlds.terminated[0]


def test_the_same_year_by_choices_and_by_amounts() -> None:
    """The two styles of action are one game: the levels of a choice, given as amounts."""
    choices, amounts = (
        CounterpoiseParallel("grand_strategy", action_style=style) for style in (None, "continuous")
    )
    choices.reset(seed=4)
    amounts.reset(seed=4)
    rng = np.random.default_rng(4)
    levels = [part.options for part in choices.game.role(0).actions]
    for _ in range(20):
        if not choices.agents:
            break
        chosen = {}
        for agent in choices.agents:
            masks = np.split(
                choices.action_masks(agent), np.cumsum([len(each) for each in levels])[:-1]
            )
            chosen[agent] = np.array([rng.choice(np.flatnonzero(mask)) for mask in masks])
        given = {agent: as_amounts(action, levels) for agent, action in chosen.items()}
        _, rewards, *_ = choices.step(chosen)
        _, others, *_ = amounts.step(given)
        assert rewards == others
    assert choices.record.tobytes() == amounts.record.tobytes()


def as_amounts(action: Any, levels: Any) -> Any:
    """Return a choice of levels as amounts, orders by their numbers."""
    return np.array(
        [
            float(options[number].removesuffix(" %")) / 100.0
            if options[number].endswith("%")
            else float(number)
            for number, options in zip(action, levels, strict=True)
        ]
    )


def test_every_level_lies_within_the_amounts() -> None:
    by_amounts = GAME.in_style("continuous")
    for choice, amount in zip(GAME.roles[0].actions, by_amounts.roles[0].actions, strict=True):
        assert choice.name == amount.name
        assert choice.others == amount.others


def test_a_world_tells_what_chance_it_had_to_go_on():
    """One before the certain years are over, then that of not ending; none when all is over."""
    worlds = Worlds("grand_strategy", 50, {"certain_years": 3, "random_ending": 0.25})
    worlds.reset(0)
    nothing = np.zeros((50, 4, worlds.game.action_width), np.int64)
    ended = 0
    for year in range(1, 12):
        worlds.step(nothing)
        running = worlds.records["cycles"] == year
        chances = worlds.records["continuation"]
        assert (chances[running] == (0.75 if year >= 3 else 1.0)).all()
        ended += worlds.terminated.sum()
    assert ended > 0
    assert set(chances.tolist()) <= {0.0, 0.75, 1.0}


def test_every_line_of_the_budget_is_a_field_and_the_first_parts_of_an_action() -> None:
    """A level of each line, other than the lowest, arrives in the field of the line's name."""
    worlds = Worlds("grand_strategy", 1)
    worlds.reset(0)
    actions = np.zeros((1, 4, worlds.game.action_width), np.int64)
    for line in BUDGET:
        part = component(getattr(DOES, line.name), 3)
        actions[:, :, part] = 1 + part % 2
    read = worlds.records[0].copy()
    read_actions(read, actions[0], True)
    for number, line in enumerate(BUDGET):
        assert component(getattr(DOES, line.name), 3) == number
        assert (read[line.name][:4] == line.levels[1 + number % 2]).all(), line.name
