"""What the powers observe of the parameters: those that a game marks, and those asked for."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import counterpoise
from counterpoise.envs.engine.errors import ParameterError, UnknownNameError
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.worlds import Worlds

PLAIN = game("burden_sharing")
# Neither is marked in the source; the second has a value for each power.
ASKED = ("horizon", "gdp")


def test_the_parameters_asked_for_are_none_that_the_game_marks() -> None:
    assert not any(PLAIN.parameters.declarations[name].observed for name in ASKED)
    assert PLAIN.parameters.declarations["gdp"].per_power


def test_parameters_asked_for_follow_in_the_order_given() -> None:
    names = PLAIN.observing(ASKED).observation_names(3)
    assert names == [*PLAIN.observation_names(3), "horizon", "gdp_0", "gdp_1", "gdp_2"]
    turned = PLAIN.observing(ASKED[::-1]).observation_names(3)
    assert turned[-4:] == ["gdp_0", "gdp_1", "gdp_2", "horizon"]


def test_names_subjects_space_and_worlds_have_the_same_columns() -> None:
    seen = PLAIN.observing(ASKED)
    changes = [{"gdp": (1.0, 2.0, 3.0), "horizon": 5}, {"gdp": (4.0, 5.0, 6.0), "horizon": 7}]
    worlds = Worlds(seen, 2, changes)
    names = seen.observation_names(3)
    assert worlds.observation_names == names
    assert len(seen.observation_subjects(3)) == len(names)
    assert seen.observation_space(3).shape == (len(names),)
    observations = worlds.reset(3)
    for world, expected in enumerate([[5.0, 1.0, 2.0, 3.0], [7.0, 4.0, 5.0, 6.0]]):
        for power in range(3):
            assert observations[world, power, -4:].tolist() == expected
            assert seen.observation_space(3).contains(observations[world, power])
    plain = Worlds(PLAIN, 2, changes).reset(3)
    np.testing.assert_array_equal(observations[:, :, :-4], plain)


def test_a_marked_parameter_that_is_asked_for_adds_nothing() -> None:
    marked = [each.name for each in PLAIN.observed_parameters]
    assert marked
    assert PLAIN.observing(marked) is PLAIN
    assert PLAIN.observing([*marked, "horizon", "horizon"]).also_observed == ("horizon",)


def test_the_list_asked_for_last_holds() -> None:
    seen = PLAIN.observing(ASKED)
    assert seen.observing(["horizon"]).also_observed == ("horizon",)
    assert seen.observing([]).observation_names(2) == PLAIN.observation_names(2)
    assert seen.observing(ASKED) is seen


@pytest.mark.parametrize("style", ["", "continuous"])
@pytest.mark.parametrize("powers", [0, 4])
def test_style_seats_and_pickling_keep_what_is_observed(style: str, powers: int) -> None:
    seen = game("grand_strategy").observing(["arms"]).in_style(style)
    if powers:
        seen = seen.seated(powers)
    assert seen.also_observed == ("arms",)
    again: Game = pickle.loads(pickle.dumps(seen))
    assert (again.style, again.seats, again.also_observed) == (style, seen.seats, ("arms",))
    assert again.observation_names(4) == seen.observation_names(4)
    assert again.observation_names(4)[-4:] == ["arms_0", "arms_1", "arms_2", "arms_3"]


def test_a_seated_game_can_observe_more() -> None:
    seated = game("grand_strategy").seated(4)
    seen = seated.observing(["arms"])
    assert seen is game("grand_strategy").observing(["arms"]).seated(4)
    assert seen.roles == seated.roles
    assert seen.driver is seated.driver


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'horizon'"):
        PLAIN.observing(["horizn"])


def test_a_parameter_of_pairs_cannot_be_observed() -> None:
    with pytest.raises(ParameterError, match="each pair of powers"):
        game("grand_strategy").observing(["proximity"])


def test_a_single_word_is_not_taken_for_a_list() -> None:
    with pytest.raises(ParameterError, match="list of parameter names"):
        PLAIN.observing("horizon")


@pytest.mark.parametrize("kind", ["parallel", "gymnasium", "vector", "sb3"])
def test_every_way_in_accepts_what_is_to_be_observed(kind: str) -> None:
    plain = counterpoise.make("burden_sharing", kind=kind, horizon=6)
    seen = counterpoise.make("burden_sharing", kind=kind, horizon=6, observe=["horizon"])
    if kind == "parallel":
        observations, _ = seen.reset(seed=1)
        assert observations["power_0"][-1] == 6.0
        assert seen.observation_space("power_0").contains(observations["power_0"])
        assert seen.observation_names == [*plain.observation_names, "horizon"]
        again = pickle.loads(pickle.dumps(seen))
        assert again.observation_names == seen.observation_names
    elif kind == "sb3":
        seats = len(seen.seats)
        assert seen.observation_space.shape[0] == plain.observation_space.shape[0] + 1
        assert (seen.reset()[:, -seats - 1] == 6.0).all()
    else:
        observation, _ = seen.reset(seed=1)
        assert (np.asarray(observation)[..., -1] == 6.0).all()
        assert seen.observation_space.contains(observation)
        assert seen.observation_names == [*plain.observation_names, "horizon"]
