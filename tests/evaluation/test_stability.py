"""Pairwise stability tells whether two powers would gain by allying, and one by leaving."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from counterpoise.agents.simple import Constant, Preferring
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.rollouts import choose
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.games.buck_passing import GAME as BUCK_PASSING
from counterpoise.envs.games.grand_strategy import GAME, Parameters
from counterpoise.evaluation.populations.stability import Change, stability
from counterpoise.evaluation.populations.ties import ties_of
from counterpoise.theory.regret import equilibria

# Nobody has arms, so an alliance brings trade and costs autonomy, and nothing else.
SHORT: dict[str, Any] = dict(powers=3, certain_years=5, random_ending=1.0, alliance_setup=0.0)
DEAR = Parameters(**SHORT, autonomy_cost=1.0, alliance_trade=0.0)
CHEAP = Parameters(**SHORT, autonomy_cost=0.0, alliance_trade=0.02)


def idle(parameters: Parameters) -> list[Strategy]:
    """Return powers that tax and spend on welfare, and otherwise keep everything as it is."""
    names = [part.name for part in GAME.role(0).actions]
    action = np.zeros(len(names))
    action[names.index("tax")], action[names.index("welfare")] = 4, 3
    return [Constant(GAME, parameters, power, action) for power in range(parameters.powers)]


def tried(parameters: Parameters) -> Any:
    return stability(GAME, parameters, idle(parameters), worlds=6)


def test_every_pair_gains_by_allying_where_allies_trade_and_autonomy_is_free() -> None:
    found = tried(CHEAP)
    assert [change.powers for change in found.allying] == [(0, 1), (0, 2), (1, 2)]
    assert all(change.lower > 0.0 for change in found.allying)
    # There is no alliance to leave.
    assert {change.gain for change in found.leaving} == {0.0}


def test_no_pair_gains_where_autonomy_is_dear_but_allies_do_by_leaving() -> None:
    assert all(change.upper < 0.0 for change in tried(DEAR).allying)
    everyone = [[one != other for other in range(3)] for one in range(3)]
    found = tried(DEAR.replace(allied=everyone, alliance_term=1))
    # Those who are allied already gain nothing by it.
    assert {change.gain for change in found.allying} == {0.0}
    assert len(found.leaving) == 3 * 3
    assert all(change.lower > 0.0 for change in found.leaving)
    both = [change for change in found.leaving if len(change.others) == 2]
    assert [change.powers for change in both] == [(0,), (1,), (2,)]


def test_a_pair_held_allied_stays_so_and_its_other_choices_are_the_policys() -> None:
    ties, game = ties_of("grand_strategy"), GAME.seated(3)
    profile = idle(CHEAP)
    plain = profile[0]
    for one, other in ((0, 2), (2, 0)):
        profile[one] = ties.allying(game, profile[one], one, other)
    rng = np.random.default_rng(0)
    with Worlds(GAME, 2, CHEAP, autoreset=False) as worlds:
        worlds.reset(0)
        usual = plain.act(worlds.observations[:, 0], worlds.masks[:, 0], rng)
        actions = choose(worlds, profile, rng)
        changed = np.flatnonzero((actions[:, 0] != usual).any(axis=0))
        assert [game.role(0).actions[component].name for component in changed] == ["diplomacy_1"]
        for _ in range(4):
            worlds.step(choose(worlds, profile, rng))
            assert (worlds.records["allied"][:, 0, 2] == 1).all()
            assert (worlds.records["allied"][:, 1] == 0).all()


def test_the_smaller_gain_counts_with_its_bound_in_units_of_the_stake() -> None:
    change = Change((0, 1), (), gains=(0.5, -0.1), errors=(0.1, 0.02))
    assert change.gain == -0.1
    assert change.upper == pytest.approx(-0.1 + 1.96 * 0.02)
    found = tried(CHEAP)
    told, in_utils = found.as_json(4.0), found.as_json(1.0)
    assert told["allying_upper"] == pytest.approx(in_utils["allying_upper"] / 4.0)
    assert len(told["changes"]) == 3 + 3 * 3


def test_a_game_that_declares_no_alliances_is_refused() -> None:
    (solved, *_) = equilibria("buck_passing", BUCK_PASSING.parameters())
    with pytest.raises(CounterpoiseError, match="declares no alliances"):
        stability(BUCK_PASSING, solved.parameters, solved.strategies, worlds=2)


def test_the_first_open_option_is_taken() -> None:
    parameters = BUCK_PASSING.parameters()
    passing = Constant(BUCK_PASSING, parameters, 0, [0])
    eager = Preferring(BUCK_PASSING, passing, {0: [1, 0]})
    masks = np.array([[1, 1], [1, 0]], np.int8)
    seen = np.zeros((2, len(BUCK_PASSING.observation_names(parameters.powers))), np.float32)
    assert eager.act(seen, masks, np.random.default_rng(0))[:, 0].tolist() == [1, 0]
