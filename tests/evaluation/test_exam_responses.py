"""An exam's second score: what trained best responses are paid in the same seats."""

from __future__ import annotations

import pytest

from counterpoise.envs.engine.strategy import Uniform
from counterpoise.envs.games.guns_and_butter import GAME
from counterpoise.evaluation.populations.exam import Result, Situation
from counterpoise.evaluation.populations.payoffs import payoffs
from counterpoise.training.best_responses import learn_best_responses
from counterpoise.training.configuration import load

NOWHERE = Situation("nowhere", "Nothing.", 1, lambda *_: None, lambda _: {})  # type: ignore[arg-type,return-value]


def result(response: float | None) -> Result:
    return Result(
        NOWHERE, focal=3.0, error=0.1, welfare=1.0, random=1.0, best=2.0, doctrine="hawk",
        response=response,
    )  # fmt: skip


def test_a_best_response_is_one_on_the_second_scale() -> None:
    assert result(5.0).share_of_response == pytest.approx(0.5)
    assert result(5.0).score == pytest.approx(2.0)
    assert result(None).share_of_response is None


def test_two_seats_learn_together_against_the_others() -> None:
    """Where each power has a dominant strategy, both gain much by learning."""
    learning = load("guns_and_butter").replace(
        parameters={"powers": 3}, judged_parameters={}, varied={}, worlds={"count": 64}
    )
    parameters = learning.game_parameters()
    rivals = [Uniform(GAME, parameters, power) for power in range(3)]
    learned = learn_best_responses(learning, rivals, [0, 2], seed=0, agent_steps=20_000)
    random = payoffs(GAME, parameters, rivals, count=50)
    paid = payoffs(GAME, parameters, [learned[0], rivals[1], learned[1]], count=50)
    assert (paid.mean(axis=0)[[0, 2]] > random.mean(axis=0)[[0, 2]] + 10.0).all()
