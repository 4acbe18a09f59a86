"""Claims about tournaments and exams: who is paid what, in pairs, and what follows from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars
import pytest

from counterpoise.agents.doctrines.grand_strategy import DOCTRINES, Traits, population, varied
from counterpoise.display.tables import write_tournament
from counterpoise.envs.engine.errors import CounterpoiseError, UnknownNameError
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.strategy import Uniform
from counterpoise.envs.games.grand_strategy import GAME, Parameters
from counterpoise.evaluation.populations import exam
from counterpoise.evaluation.populations.exams.grand_strategy import EXAM, HELD_OUT
from counterpoise.evaluation.populations.payoffs import payoffs
from counterpoise.evaluation.populations.tournament import Tournament, hold
from counterpoise.training.configuration import Configuration, load, shipped
from counterpoise.training.learn import train


def test_a_matrix_says_who_dominates_and_who_resists() -> None:
    paid = np.zeros((3, 3, 4))
    paid[0], paid[1], paid[2] = 3.0, 1.0, 2.0
    held = Tournament("any", ["a", "b", "c"], paid)
    assert held.dominant() == ["a"]
    assert held.resists() == ["a"]
    assert held.lead(1) == (0, 2, 1.0, 0.0)
    paid[2, 1] = 9.0
    assert Tournament("any", ["a", "b", "c"], paid).dominant() == []


def test_a_tournament_is_written_and_repeats(tmp_path: Any) -> None:
    first = hold(GAME, Parameters(), ["dove", "hawk"], count=6)
    again = hold(GAME, Parameters(), ["dove", "hawk"], count=6)
    assert (first.paid == again.paid).all()
    page, table = write_tournament(first, tmp_path, "four powers")
    assert "| dove |" in page.read_text()
    found = polars.read_parquet(table)
    assert found.filter(entrant="hawk", population="dove")["payoff"][0] == pytest.approx(
        first.mean[1, 0]
    )


def test_worker_processes_play_the_same_matches() -> None:
    here = hold(GAME, Parameters(), ["dove", "hawk"], count=3)
    elsewhere = hold(GAME, Parameters(), ["dove", "hawk"], count=3, processes=2)
    assert (here.paid == elsewhere.paid).all()


def test_a_tournament_needs_rivals_that_can_sit_anywhere() -> None:
    with pytest.raises(CounterpoiseError, match="at least two strategies"):
        hold(GAME, Parameters(), ["dove"])
    rules = game("pledge")
    with pytest.raises(CounterpoiseError, match="differ in what they can do"):
        hold(rules, rules.parameters(), ["loyalist", "aloof"])


def test_payoffs_are_discounted_and_paired() -> None:
    parameters = Parameters()
    profile = [DOCTRINES["dove"](parameters, power) for power in range(4)]
    paid = payoffs(GAME, parameters, profile, count=4, seed=3)
    assert paid.shape == (4, 4)
    alone = payoffs(GAME, parameters, profile, count=1, seed=5)
    assert paid[2] == pytest.approx(alone[0])


def test_no_doctrine_beats_every_other_everywhere_by_default() -> None:
    held = hold(GAME, Parameters(), count=20)
    assert held.dominant() == []
    assert len({int(best) for best in held.mean.argmax(axis=0)}) >= 3


def test_no_shipped_training_meets_what_the_exam_holds_out() -> None:
    met = {name for asked in shipped() for name in load(asked).worlds.opponents}
    assert met
    assert not met & set(HELD_OUT)
    assert met | set(HELD_OUT) == set(DOCTRINES)


def test_every_doctrine_plays_in_both_styles_of_action() -> None:
    parameters = Parameters()
    for name, kind in DOCTRINES.items():
        profile = [kind(parameters, power) for power in range(4)]
        by_choice = payoffs(GAME, parameters, profile, count=2, seed=1)
        others: Any = [kind(parameters, power) for power in range(4)]
        amounts = [each.in_style("continuous") for each in others]
        rules = GAME.in_style("continuous")
        assert payoffs(rules, parameters, amounts, count=2, seed=1) == pytest.approx(by_choice), (
            name
        )


def test_a_population_varies_its_shares_and_keeps_its_thresholds() -> None:
    parameters = Parameters(powers=8)
    drawn: Any = population(parameters, np.random.default_rng(0), names=["hawk"], spread=0.3)
    assert len({each.traits.least_arms for each in drawn}) == 8
    assert {each.traits.boldness for each in drawn} == {DOCTRINES["hawk"].traits.boldness}  # type: ignore[attr-defined]
    assert varied(DOCTRINES["dove"], parameters, 0, np.random.default_rng(0), 0.0).traits == (  # type: ignore[arg-type]
        DOCTRINES["dove"].traits  # type: ignore[attr-defined]
    )
    assert Traits().allies == 0
    with pytest.raises(UnknownNameError, match="hawk"):
        population(parameters, np.random.default_rng(0), names=["hawks"])


SMALL: dict[str, Any] = dict(
    name="small",
    game="grand_strategy",
    agent_steps=2_000,
    mixed=True,
    worlds={"count": 16},
    network={"policy": "anonymous", "hidden": (8,)},
    ppo={"n_steps": 8, "batch_size": 256},
)


def test_an_exam_scores_random_play_at_nought(tmp_path: Any, monkeypatch: Any) -> None:
    run = train(Configuration.from_mapping(SMALL), tmp_path / "run")

    def at_random(self: Any, **_: Any) -> Any:
        return [Uniform(GAME, run.parameters, power) for power in range(4)]

    monkeypatch.setattr(type(run), "profile", at_random)
    monkeypatch.setattr(exam, "situations_of", lambda name: EXAM[:1])
    (result,) = exam.sit(run, count=4)
    assert result.score == pytest.approx(0.0)
    assert result.best > result.random
    table = exam.tidy([result])
    assert table["situation"][0] == EXAM[0].name


def test_every_test_of_the_exam_can_be_sat_by_any_number_of_powers() -> None:
    for situation in EXAM:
        for powers in (4, 8):
            parameters = Parameters.from_mapping({"powers": powers, **situation.parameters(powers)})
            rng = np.random.default_rng(0)
            seats = range(situation.focal, powers)
            others = [situation.background(parameters, power, rng) for power in seats]
            focal = [DOCTRINES["hedger"](parameters, power) for power in range(situation.focal)]
            assert np.isfinite(payoffs(GAME, parameters, [*focal, *others], count=1)).all()


def test_games_with_an_equilibrium_have_no_exam() -> None:
    with pytest.raises(CounterpoiseError, match="compare a policy with its equilibrium"):
        exam.situations_of("arms_race")


# -- learning among doctrines and over drawn parameters --------------------------------------------


def test_opponents_sit_in_their_part_of_the_worlds_and_teach_nothing(tmp_path: Any) -> None:
    from counterpoise.training.normalisation import normalisation_of
    from counterpoise.training.ppo_training import PPOTraining

    asked = Configuration.from_mapping(SMALL).replace(
        worlds={"opponents": ("dove", "hawk"), "opponent_share": 0.5}
    )
    training = PPOTraining(asked, normalisation_of(asked), seed=0, device="cpu")
    learning = training.env.learning.reshape(16, 4)
    assert learning[8:].all()
    assert set(learning[:8].sum(axis=1)) <= {1, 2}
    training.ppo.learn(16 * 4 * 8, callback=training)
    rows = training.ppo.batch_in_groups()["advantages"].shape[1]
    assert rows == 8 * learning.sum()
    # A dove in a scripted seat procures next to nothing, whatever the learner would have done.
    doves = ~learning[0]
    assert (training.env.worlds.records["procurement"][0, :4][doves] <= 0.02).all()


def test_every_world_draws_its_own_parameters_from_the_range() -> None:
    asked = Configuration.from_mapping(SMALL).replace(
        drawn={"offence": [0.7, 1.5]}, varied={"slips": [False, True]}
    )
    drawn: Any = asked.world_parameters()
    assert len({each.offence for each in drawn}) == 16
    assert all(0.7 <= each.offence <= 1.5 for each in drawn)
    assert {each.slips for each in drawn} == {False, True}
    assert drawn == asked.world_parameters()


def test_scenarios_are_dealt_to_the_worlds_in_turn() -> None:
    asked = Configuration.from_mapping(SMALL).replace(
        worlds={"scenarios": ("bipolar", "symmetric")}
    )
    dealt: Any = asked.world_parameters()
    assert dealt[0].start_product[0] == 2.4
    assert dealt[1].start_product[0] == 1.0
    assert dealt[0] == dealt[2]
    assert asked.game_parameters() == dealt[0]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"drawn": {"offence": [1.5, 0.7]}}, "lowest, highest"),
        ({"worlds": {"opponent_share": 1.0}}, "below 1"),
        ({"worlds": {"opponents": ("dove",)}, "network": {"policy": "separate"}}, "one network"),
        ({"worlds": {"scenarios": ("nato_2024",)}}, "is of burden_sharing"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(CounterpoiseError, match=words):
        Configuration.from_mapping(SMALL).replace(**wrong)
