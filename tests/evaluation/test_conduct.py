"""Claims about conduct: shares count what was played, and moments stand beside the record."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from counterpoise.agents.simple import Constant, HoldingAll
from counterpoise.cli import conduct as commands
from counterpoise.display import conduct as pages
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.strategy import Strategy, Uniform
from counterpoise.envs.games.grand_strategy import GAME, Parameters
from counterpoise.evaluation.populations import conduct as judging
from counterpoise.evaluation.populations.conduct import (
    MOMENTS,
    Population,
    conduct,
    fixing,
    lines,
    moments,
    most_likeliest,
    populations,
    summarised,
    watched,
)
from counterpoise.theory import record
from counterpoise.training.configuration import Configuration
from counterpoise.training.learn import train
from counterpoise.training.sections import NetworkOptions, PPOOptions, WorldOptions

SEATED = GAME.seated(4)
TAX = next(k for k, part in enumerate(SEATED.roles[0].actions) if part.name == "tax")
# A budget that a power can live on for years: taxes of 25 % and welfare of 18 %.
STEADY = {
    "tax": "25 %",
    "procurement": "2 %",
    "upkeep": "1 %",
    "research": "2 %",
    "welfare": "18 %",
}


def action(**chosen: str) -> list[float]:
    """Return an action that picks options by word; the first of every other choice."""
    found = []
    for part in SEATED.roles[0].actions:
        name = part.name if part.name in chosen else part.name.rsplit("_", 1)[0]
        found.append(float(part.options.index(chosen[name])) if name in chosen else 0.0)
    return found


def steady(**chosen: str) -> Population:
    """Return four powers that always do the same."""
    parameters = Parameters()

    def players(parameters: Any) -> Any:
        each = [
            Constant(GAME, parameters, power, action(**{**STEADY, **chosen})) for power in range(4)
        ]
        return each, each

    return Population("steady", GAME, parameters, players)


@pytest.fixture(scope="module")
def at_random() -> judging.Conduct:
    (population,) = populations(["random"])
    return conduct(population, worlds=24, fixed_worlds=0)


def options_of(found: judging.Conduct, choice: str) -> dict[str, dict[str, Any]]:
    rows = found.options.filter(polars.col("choice") == choice)
    return {row["option"]: row for row in rows.iter_rows(named=True)}


# -- the choices -----------------------------------------------------------------------------------


@pytest.mark.parametrize("powers", [2, 4, 6])
def test_every_component_and_option_of_a_game_belongs_to_one_line(powers: int) -> None:
    seated = GAME.seated(powers)
    found = lines(GAME, powers)
    assert [k for line in found for k in line.components] == list(range(seated.action_width))
    firsts = np.cumsum((0, *seated.choice_counts))[:-1]
    assert [place for line in found for place in line.places] == firsts.tolist()
    for line in found:
        for component in line.components:
            part = seated.roles[0].actions[component]
            assert part.name.startswith(line.name)
            assert len(part.options) == len(line.labels)
            assert {line.options[label] for label in line.labels} == set(line.options)


def test_an_option_that_names_a_power_counts_as_one_for_all_powers() -> None:
    demand = next(line for line in lines(GAME, 4) if line.name == "demand")
    assert demand.options == ("nobody", "of another")
    assert demand.labels == (0, 1, 1, 1)
    ((component, confined),) = demand.held_at(1)
    assert SEATED.roles[0].actions[component].name == "demand"
    assert confined == [1, 2, 3]


def test_games_of_amounts_or_of_several_roles_are_refused() -> None:
    for name in ("arms_race", "pledge"):
        with pytest.raises(CounterpoiseError, match="all powers have the same choices"):
            lines(game_named(name), 2)


# -- what is counted -------------------------------------------------------------------------------


def test_what_is_always_chosen_is_taken_and_likeliest_wherever_it_is_open() -> None:
    found = conduct(steady(embargo="against 0"), worlds=6, fixed_worlds=0, years=8)
    tax, embargo = options_of(found, "tax"), options_of(found, "embargo")
    assert tax["25 %"]["open"] == tax["25 %"]["taken"] == tax["25 %"]["likeliest"] == 1.0
    assert tax["5 %"]["taken"] == 0.0
    assert embargo["against another"]["taken"] == 1.0
    assert all(tax["25 %"][f"taken_{size}"] == 1.0 for size in judging.SIZES)


def test_a_choice_without_an_alternative_is_not_counted() -> None:
    """Without allies aid can only be 0 %, and nobody can be left."""
    found = conduct(steady(), worlds=4, fixed_worlds=0, years=6)
    aid = options_of(found, "aid")
    assert all(row["open"] == 0.0 and row["taken"] is None for row in aid.values())
    assert options_of(found, "diplomacy")["withdraw"]["open"] == 0.0


def test_shares_of_a_random_population_add_up_and_their_likeliest_is_unknown(
    at_random: judging.Conduct,
) -> None:
    tax = options_of(at_random, "tax")
    assert sum(row["taken"] for row in tax.values()) == pytest.approx(1.0)
    assert all(0.08 < row["taken"] < 0.17 for row in tax.values())
    assert all(row["likeliest"] is None for row in tax.values())
    assert summarised([at_random]).options["alive"].null_count() == len(at_random.options)


def test_the_likeliest_is_asked_of_the_policy_and_not_of_its_draws() -> None:
    """A population that draws at random and says that it would rather tax at 40 %."""
    mode = [Constant(GAME, Parameters(), power, action(tax="40 %")) for power in range(4)]
    plays: list[Strategy] = [Uniform(GAME, Parameters(), power) for power in range(4)]
    population = Population("drawn", GAME, Parameters(), lambda _: (plays, mode))
    tax = options_of(conduct(population, worlds=8, fixed_worlds=0, years=6), "tax")
    assert tax["40 %"]["likeliest"] == 1.0
    assert tax["40 %"]["taken"] < 0.3


def test_conduct_repeats_and_does_not_depend_on_how_worlds_are_grouped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = watched(steady(demand="of 1", stand="fight"), worlds=6, years=6)
    again = watched(steady(demand="of 1", stand="fight"), worlds=6, years=6)
    monkeypatch.setattr(judging, "MOST_AT_ONCE", 4)
    grouped = watched(steady(demand="of 1", stand="fight"), worlds=6, years=6)
    for other in (again, grouped):
        assert one.years.sort("world", "year", "power").equals(
            other.years.sort("world", "year", "power")
        )
        assert (one.counts == other.counts).all()
        assert (one.decisions == other.decisions).all()


def test_thirds_are_by_rank_and_equal_powers_share_a_place() -> None:
    product = np.array([[1.0, 4.0, 2.0, 3.0], [1.0, 1.0, 1.0, 1.0], [2.0, 1.0, 0.5, 0.5]])
    assert judging._thirds(product).tolist() == [[0, 2, 1, 1], [1, 1, 1, 1], [2, 1, 0, 0]]


def test_a_year_of_several_steps_is_refused() -> None:
    (population,) = populations(["random"], changes={"phased": True})
    with pytest.raises(CounterpoiseError, match="standing orders"):
        watched(population, worlds=2)


# -- moments ---------------------------------------------------------------------------------------


def test_a_war_counts_once_and_for_both_sides_in_participation() -> None:
    played = watched(steady(demand="of 1", stand="fight"), worlds=8, years=10)
    rows = played.years
    wars = rows["wars_begun"].sum()
    # A power may fight two wars in a year: its own demand's, and the one made of it.
    assert 0 < wars < rows["own_war"].sum() <= 2 * wars
    found = {row[0]: row[1] for row in moments(rows).iter_rows()}
    assert found["war_rate"] == pytest.approx(wars / len(rows))
    assert found["fought_rate"] == pytest.approx(wars / rows["demands"].sum())
    assert found["concession_rate"] + found["let_be_rate"] + found["fought_rate"] == (
        pytest.approx(1.0)
    )


def test_free_calls_are_those_that_bind_nobody() -> None:
    chosen = {"demand": "of 0", "diplomacy": "offer alliance", "honour": "abandon"}

    def at(binding: float) -> dict[str, float]:
        population = steady(**chosen)
        # With one ally each, the others can be made demands of.
        parameters = population.parameters.replace(binding=binding, most_allies=(1,) * 4)
        rows = watched(population.at(parameters), worlds=30, years=12).years
        return {
            name: float(rows[name].sum()) for name in ("called", "called_freely", "came_freely")
        }

    free, half, bound = at(0.0), at(0.5), at(1.0)
    assert free["called"] == free["called_freely"] > 0
    assert free["came_freely"] == half["came_freely"] == bound["called_freely"] == 0.0
    assert 0.0 < half["called_freely"] < half["called"]


def test_density_is_of_the_ties_that_can_be() -> None:
    rows = watched(steady(), worlds=4, years=5).years
    assert (rows["others"] == 3).all()
    allied = rows.with_columns(allies=polars.lit(3))
    found = moments(allied, ["allies_density"])
    assert found["value"][0] == 1.0
    assert found["error"][0] == 0.0


def test_the_error_of_a_mean_is_that_of_its_worlds() -> None:
    rng = np.random.default_rng(0)
    worlds = 400
    drawn = rng.normal(size=worlds)
    rows = polars.DataFrame({"world": np.arange(worlds), "procurement": drawn, "upkeep": 0.0})
    found = moments(rows, ["arms_share"])
    assert found["error"][0] == pytest.approx(drawn.std(ddof=1) / np.sqrt(worlds), rel=0.4)


def test_the_summary_puts_every_moment_beside_its_record(at_random: judging.Conduct) -> None:
    other = dataclasses.replace(
        at_random, moments=at_random.moments.with_columns(value=2.0 * polars.col("value"))
    )
    found = {row["moment"]: row for row in summarised([at_random, other]).moments.to_dicts()}
    assert list(found) == list(MOMENTS)
    values = {row["moment"]: row["value"] for row in at_random.moments.to_dicts()}
    for name, row in found.items():
        assert row["value"] == pytest.approx(1.5 * values[name])
        assert row["between"] == pytest.approx(abs(values[name]) / math.sqrt(2))
        assert row["low"] <= row["value"] <= row["high"]
    shown = found["demand_rate"]
    figure = record.moments()["demand_rate"].figure
    assert shown["record"] == figure.value
    assert shown["within"] == figure.accepts(shown["value"])
    assert found["embargo_rate"]["record"] is None
    alone = {row["moment"]: row for row in summarised([at_random]).moments.to_dicts()}
    assert alone["demand_rate"]["between"] is None


# -- fixing ----------------------------------------------------------------------------------------


def test_fixing_what_is_played_anyway_gains_nothing_and_ruin_costs() -> None:
    found = fixing(steady(), worlds=6)
    gains = {(row["choice"], row["option"]): row["gain"] for row in found.to_dicts()}
    assert gains["tax", "25 %"] == gains["welfare", "18 %"] == gains["demand", "nobody"] == 0.0
    assert gains["welfare", "0 %"] < -1.0
    assert len(found) == sum(len(line.options) for line in lines(GAME, 4))


def test_a_choice_is_held_towards_all_wherever_it_is_open() -> None:
    parameters = Parameters()
    inner = Constant(GAME, parameters, 0, action(demand="of 1"))
    line = next(line for line in lines(GAME, 4) if line.name == "demand")
    masks = np.ones((64, SEATED.mask_width), np.int8)
    rng = np.random.default_rng(0)
    observations = np.zeros((64, 1), np.float32)

    def demands(option: int) -> list[int]:
        held = HoldingAll(SEATED, inner, line.held_at(option))
        return held.act(observations, masks, rng)[:, line.components[0]].tolist()

    assert set(demands(0)) == {0}
    assert set(demands(1)) == {2}, "its own way of naming somebody is kept"
    (place,) = line.places
    masks[:, place + 2] = 0
    assert set(demands(1)) == {1, 3}, "one of those open is drawn"
    masks[:, place + 1 : place + 4] = 0
    assert set(demands(1)) == {0}, "nobody can be named"


def test_a_gain_as_a_share_of_the_stake_decides_whether_a_choice_lives() -> None:
    found = conduct(steady(), worlds=4, fixed_worlds=4, years=6, stake=2.0)
    summary = summarised([found])
    choices = {row["choice"]: row for row in summary.choices.to_dicts()}
    assert choices["welfare"]["null_option"] == "0 %"
    assert choices["welfare"]["gain_of_stake"] == pytest.approx(0.5 * choices["welfare"]["gain"])
    assert choices["welfare"]["alive"]
    assert not choices["demand"]["alive"]
    assert "of another" in choices["demand"]["dead_options"]
    without = summarised([dataclasses.replace(found, stake=None)]).choices
    assert without["alive"].null_count() == len(without)


def test_an_option_may_live_at_a_level_of_a_treatment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging.prediction, "shipped", lambda: ["P7"])
    tried = most_likeliest(steady(), worlds=2)
    found = {(row["choice"], row["option"]): row for row in tried.to_dicts()}
    assert found["tax", "25 %"]["most_likeliest"] == 1.0
    assert found["tax", "25 %"]["treatment"].startswith("P7, binding")
    summary = summarised([conduct(steady(), worlds=2, fixed_worlds=0, years=4)], [tried])
    assert "most_likeliest" in summary.options.columns


# -- populations, pages, the command ---------------------------------------------------------------


def test_strategies_are_one_for_all_or_one_for_each() -> None:
    (population,) = populations(["random", "random", "random", "random"])
    assert population.players(population.parameters)[1] is None
    with pytest.raises(CounterpoiseError, match="2 strategies for 4 powers"):
        populations(["random", "random"])


def test_the_seeds_of_a_training_are_one_table_with_the_spread_between_them(tmp_path: Path) -> None:
    training = Configuration(
        name="brief",
        game="grand_strategy",
        agent_steps=512,
        mixed=True,
        worlds=WorldOptions(count=16),
        network=NetworkOptions(policy="anonymous", permutation_equivariant=True, hidden=(8,)),
        ppo=PPOOptions(n_steps=4, batch_size=256),
    )
    for seed in range(2):
        train(training, tmp_path / f"seed_{seed}", seed=seed, device="cpu")
    asked = populations([str(tmp_path)], changes={"offence": 1.2})
    assert [each.seed for each in asked] == [0, 1]
    assert all(each.parameters.offence == 1.2 for each in asked)
    found = [conduct(each, worlds=4, fixed_worlds=0, years=6) for each in asked]
    assert all(each.options["likeliest"].null_count() < len(each.options) for each in found)
    summary = summarised(found)
    assert summary.moments["between"].null_count() < len(summary.moments)
    taken = (
        options_of(found[0], "tax")["25 %"]["taken"],
        options_of(found[1], "tax")["25 %"]["taken"],
    )
    shown = {(row["choice"], row["option"]): row for row in summary.options.to_dicts()}
    assert shown["tax", "25 %"]["taken"] == pytest.approx(sum(taken) / 2)
    assert judging.stake_of(asked[0], agent_steps=256) != 0.0


def test_conduct_prints_and_writes_its_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    commands.conduct(
        ["random"],
        settings=["offence=1.5"],
        worlds=4,
        fixed_worlds=2,
        stake=5.0,
        json_file=tmp_path / "conduct.json",
        out=tmp_path,
    )
    printed = capsys.readouterr().out
    assert "allies density" in printed
    assert "1816-1945" in printed
    page = (tmp_path / pages.PAGE).read_text()
    assert page.startswith("# Conduct\n\nMade by `counterpoise conduct")
    assert "| demand rate | per power-year |" in page
    assert (tmp_path / pages.FIGURE).is_file()
    data = json.loads((tmp_path / "conduct.json").read_text())
    assert [row["moment"] for row in data["moments"]] == list(MOMENTS)
    assert data["stake"] == 5.0
    assert polars.read_parquet(tmp_path / pages.MOMENTS_TABLE)["moment"].to_list() == list(MOMENTS)
