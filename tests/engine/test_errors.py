"""Every mistake is answered with what was wrong and what was expected; nothing is clipped."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

from counterpoise.envs.adapters.gymnasium import OnePower
from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
from counterpoise.envs.adapters.vector import OnePowerVector
from counterpoise.envs.engine.errors import (
    ActionError,
    CounterpoiseError,
    LifecycleError,
    ParameterError,
    UnknownNameError,
)
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.worlds import Worlds


@pytest.fixture
def sharing() -> CounterpoiseParallel:
    env = CounterpoiseParallel("burden_sharing")
    env.reset(seed=0)
    return env


@pytest.fixture
def allies() -> CounterpoiseParallel:
    env = CounterpoiseParallel("arms_or_allies")
    env.reset(seed=0)
    return env


def shares(env: CounterpoiseParallel, **changed: Any) -> dict[str, Any]:
    plain = {agent: np.array([0.01], np.float32) for agent in env.possible_agents}
    return {**plain, **changed}


# -- actions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (np.array([0.11]), "power_2's 'defence_share' is 0.11; expected a number from 0 to 0.1"),
        (np.array([-1e-3]), "is -0.001; expected a number from 0 to 0.1"),
        (np.array([np.nan]), "power_2's 'defence_share' is nan"),
        (np.array([np.inf]), "is inf; expected a number"),
        (np.array([0.01, 0.02]), r"must be an array of numbers of shape \(1,\).*shape \(2,\)"),
        (np.array([[0.01]]), r"of shape \(1,\)"),
        (0.01, r"of shape \(1,\), not 0.01 \(float\)"),
        (np.array(["0.01"]), "numbers"),
        (np.array([None]), "numbers"),
        (None, "power_2's action"),
        ([[0.1], [0.1, 0.2]], "power_2's action"),
    ],
)
def test_a_bad_amount_names_the_power_and_what_was_expected(
    sharing: CounterpoiseParallel, action: Any, words: str
) -> None:
    before = sharing.record.tobytes()
    with pytest.raises(ActionError, match=words):
        sharing.step(shares(sharing, power_2=action))
    assert sharing.record.tobytes() == before, "a refused step moves nothing"
    sharing.step(shares(sharing))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (18, "power_0's 'plan' is 18; expected a whole number from 0 to 17"),
        (-1, "is -1; expected a whole number from 0 to 17"),
        (2**70, "one whole number from 0 to 17"),
        (1.0, "power_0's action .* must be one whole number from 0 to 17, not 1.0"),
        (np.float32("nan"), "one whole number"),
        ("1", "one whole number"),
        (np.array([1]), "one whole number"),
        (None, "one whole number"),
    ],
)
def test_a_bad_choice_names_the_power_and_what_was_expected(
    allies: CounterpoiseParallel, action: Any, words: str
) -> None:
    before = allies.record.tobytes()
    with pytest.raises(ActionError, match=words):
        allies.step({"power_0": action, "power_1": 0})
    assert allies.record.tobytes() == before


def test_the_narrower_power_is_held_to_its_own_options(allies: CounterpoiseParallel) -> None:
    with pytest.raises(
        ActionError, match=r"power_1's .* is 2; expected a whole number from 0 to 1"
    ):
        allies.step({"power_0": 0, "power_1": 2})


def test_python_and_numpy_numbers_are_choices(allies: CounterpoiseParallel) -> None:
    for one in (0, np.int64(0), np.int8(0), np.array(0)):
        allies.step({"power_0": one, "power_1": one})
        allies.reset()


def test_missing_and_foreign_powers_are_named(sharing: CounterpoiseParallel) -> None:
    actions = shares(sharing)
    del actions["power_1"], actions["power_3"]
    with pytest.raises(ActionError, match="No action for power_1, power_3"):
        sharing.step(actions)
    with pytest.raises(ActionError, match="Actions for Atlantis, who take no part"):
        sharing.step(shares(sharing, Atlantis=np.array([0.0])))
    with pytest.raises(ActionError, match="mapping of power_0"):
        sharing.step([0.1] * 4)  # type: ignore[arg-type]
    with pytest.raises(ActionError, match="No action for power_0"):
        sharing.step({})


def test_batches_refuse_the_same() -> None:
    worlds = Worlds("burden_sharing", 2)
    worlds.reset(0)
    actions = np.zeros((2, 4, 1))
    actions[1, 2] = 0.2
    with pytest.raises(ActionError, match=r"power_2's 'defence_share' in world 1 is 0.2"):
        worlds.step(actions)
    with pytest.raises(ActionError, match=r"shape \(4, 1\); expected \(2, 4, 1\)"):
        worlds.step(actions[0])
    with pytest.raises(ActionError, match="numbers"):
        worlds.step(np.full((2, 4, 1), "x"))
    choices = Worlds("arms_or_allies", 2)
    choices.reset(0)
    with pytest.raises(ActionError, match="whole numbers"):
        choices.step(np.full((2, 2), 0.5))
    with pytest.raises(ActionError, match="whole numbers"):
        choices.step(np.full((2, 2), np.nan))
    assert (choices.records["cycles"] == 0).all()


def test_gymnasium_ways_in_refuse_the_same() -> None:
    one = OnePower("burden_sharing", power=1)
    one.reset(seed=0)
    with pytest.raises(ActionError, match=r"power_1's 'defence_share' is 0.5"):
        one.step(np.array([0.5]))
    with pytest.raises(ActionError, match=r"shape \(1,\)"):
        one.step(0.01)
    many = OnePowerVector("burden_sharing", 3, power=1)
    many.reset(seed=0)
    with pytest.raises(ActionError, match=r"shape \(3, 1\)"):
        many.step(np.zeros((2, 1)))
    with pytest.raises(ActionError, match="in world 2 is nan"):
        many.step(np.array([[0.0], [0.0], [np.nan]]))


def test_nothing_is_clipped_but_the_rounding_of_a_32_bit_bound() -> None:
    worlds = Worlds("burden_sharing", 1, {"fiscal_cap": 0.1})
    worlds.reset(0)
    assert float(np.float32(0.1)) > 0.1
    worlds.step(np.full((1, 4, 1), 0.1, np.float32))
    assert (worlds.records["share"][0, :4] == 0.1).all()
    for near in (0.0, 0.05, np.nextafter(0.1, 0.0)):
        worlds.step(np.full((1, 4, 1), near))
        assert (worlds.records["share"][0, :4] == near).all()
    with pytest.raises(ActionError):
        worlds.step(np.full((1, 4, 1), 0.1 + 1e-7))


# -- names and parameters ------------------------------------------------------------------------


def test_an_unknown_game_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"no game 'burden_sharin'.*mean 'burden_sharing'"):
        game("burden_sharin")
    known = r"Known: arms_or_allies, arms_race, .*burden_sharing"
    with pytest.raises(UnknownNameError, match=known):
        Worlds("chess", 1)
    with pytest.raises(gymnasium.error.NameNotFound):
        gymnasium.make("counterpoise/BurdenSharin-v0")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"spil_in": 1.0}, "no parameter 'spil_in'. Did you mean 'spill_in'?"),
        ({"spill_in": 1.5}, "spill_in .* must be a number from 0 to 1, not 1.5"),
        ({"spill_in": float("nan")}, "not nan"),
        ({"spill_in": "much"}, "not 'much'"),
        ({"spill_in": None}, "not None"),
        ({"spill_in": [0.1, 0.2]}, "spill_in"),
        ({"horizon": 2.5}, "horizon .* must be a whole number from 1 to 100 years, not 2.5"),
        ({"powers": 1}, "powers .* from 2 to 32"),
        ({"gdp": (1.0, 2.0), "growth": (0.0, 0.0, 0.0)}, "different lengths"),
        ({"gdp": (1.0, 2.0), "powers": 4}, "one for each of the 4 powers; 2 were given"),
        ({"gdp": (1.0, -2.0)}, "gdp .* from 0.001 to 100000 index, not -2.0"),
        ({"gdp": ()}, "gdp|powers"),
    ],
)
def test_a_bad_parameter_names_itself_and_its_range(changes: dict[str, Any], words: str) -> None:
    for make in (
        lambda: CounterpoiseParallel("burden_sharing", **changes),
        lambda: CounterpoiseParallel("burden_sharing", parameters=changes),
        lambda: Worlds("burden_sharing", 2, changes),
        lambda: OnePower("burden_sharing", **changes),
        lambda: OnePowerVector("burden_sharing", 2, **changes),
    ):
        with pytest.raises(CounterpoiseError, match=words):
            make()


def test_other_settings_are_checked_too() -> None:
    with pytest.raises(ParameterError, match="'flat' or 'dict', not 'tree'"):
        CounterpoiseParallel("arms_or_allies", observation="tree")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="amounts and have no mask"):
        CounterpoiseParallel("burden_sharing", observation="dict")
    with pytest.raises(UnknownNameError, match=r"no render_mode 'rgb'.*rgb_array"):
        CounterpoiseParallel("burden_sharing", render_mode="rgb")
    with pytest.raises(ParameterError, match="max_cycles must be at least 1"):
        CounterpoiseParallel("burden_sharing", max_cycles=0)
    env = CounterpoiseParallel("burden_sharing")
    env.max_cycles = 2.5  # type: ignore[assignment]
    with pytest.raises(ParameterError, match="max_cycles must be a whole number"):
        env.reset()
    with pytest.raises(UnknownNameError, match=r"no scenario 'nato_2042'.*nato_2024"):
        CounterpoiseParallel("burden_sharing", scenario="nato_2042")
    with pytest.raises(ParameterError, match="is of burden_sharing, not of arms_race"):
        CounterpoiseParallel("arms_race", scenario="nato_2024")
    with pytest.raises(ParameterError, match="made for 4 powers, and options give 2"):
        CounterpoiseParallel("burden_sharing").reset(options={"parameters": {"gdp": (1.0, 2.0)}})
    with pytest.raises(ParameterError, match="number of worlds must be at least 1"):
        Worlds("burden_sharing", 0)
    with pytest.raises(ParameterError, match="threads must be at least 1"):
        Worlds("burden_sharing", 1, threads=0)
    with pytest.raises(ParameterError, match="2 sets of parameters for 3 worlds"):
        Worlds("burden_sharing", 3, [{}, {}])
    with pytest.raises(ParameterError, match=r"one number of powers, not \[2, 4\]"):
        Worlds("burden_sharing", 2, [{}, {"powers": 2}])


def test_who_plays_is_checked() -> None:
    with pytest.raises(ParameterError, match="power must be a whole number from 0 to 3, not 4"):
        OnePower("burden_sharing", power=4)
    with pytest.raises(ParameterError, match="2 strategies for 3 other powers"):
        OnePower("burden_sharing", others=["random", "random"])
    with pytest.raises(ParameterError, match="power_1 is to be played by 3"):
        OnePower("burden_sharing", others=[3, "random", "random"])  # type: ignore[list-item]
    with pytest.raises(UnknownNameError, match=r"'randm'.*Did you mean 'random'"):
        OnePower("burden_sharing", others="randm")


# -- before the beginning and after the end ------------------------------------------------------


def test_nothing_happens_before_the_first_reset() -> None:
    env = CounterpoiseParallel("burden_sharing", render_mode="ansi")
    for act in (lambda: env.step({}), lambda: env.step(shares(env)), env.state, env.render):
        with pytest.raises(LifecycleError, match=r"has not begun: call reset\(\) before"):
            act()
    with pytest.raises(LifecycleError, match="call reset"):
        OnePower("burden_sharing").step(np.array([0.0]))
    with pytest.raises(LifecycleError, match="call reset"):
        OnePowerVector("burden_sharing", 2).step(np.zeros((2, 1)))
    with pytest.raises(LifecycleError, match="call reset"):
        Worlds("burden_sharing", 2).step(np.zeros((2, 4, 1)))


def test_after_the_end_only_the_empty_step_is_answered() -> None:
    env = CounterpoiseParallel("burden_sharing", horizon=1)
    env.reset(seed=0)
    _, _, terminations, truncations, _ = env.step(shares(env))
    assert all(terminations.values())
    assert not any(truncations.values())
    assert env.agents == []
    assert env.step({}) == ({}, {}, {}, {}, {})
    with pytest.raises(LifecycleError, match="is over: call reset"):
        env.step(shares(env))
    env.reset()
    env.step(shares(env))
    one = OnePower("burden_sharing", horizon=1)
    one.reset(seed=0)
    one.step(np.array([0.0]))
    with pytest.raises(LifecycleError, match="is over: call reset"):
        one.step(np.array([0.0]))
