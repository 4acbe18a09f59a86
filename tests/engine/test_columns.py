"""Every observed quantity stands in the column that bears its name.

Worlds are filled with random values, different in every field, power and pair. What each column
should then say is written here once more, by name and apart from the rules.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from counterpoise.envs.engine.columns import (
    clipped,
    column,
    columns,
    columns_of,
    component,
    first_option,
    parts,
)
from counterpoise.envs.engine.game import Choice, Feature, Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.world import HEADER
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.grand_strategy import world as full
from counterpoise.envs.grand_strategy.military import attack_odds

WORLDS = 96

# What a column of a power should say, from world, parameters, the power and, of others, the other.
Expected = Callable[..., float]


def share_left(years: str = "horizon") -> Expected:
    def left(world: Any, parameters: Any, power: int) -> float:
        if getattr(parameters, "endless", False):
            return 1.0
        total = getattr(parameters, years)
        return float((total - world.year) / total)

    return left


def own(field: str) -> Expected:
    return lambda world, parameters, power: world[field][power]


def whole(field: str) -> Expected:
    return lambda world, parameters, power: world[field]


def of_other(field: str) -> Expected:
    return lambda world, parameters, power, other: world[field][other]


def towards(field: str) -> Expected:
    return lambda world, parameters, power, other: world[field][power, other]


def after_the_first_phase(value: Expected) -> Expected:
    return lambda world, *rest: value(world, *rest) if world.phase == 1 else 0.0


SMALL: dict[str, dict[str, Expected]] = {
    "burden_sharing": {
        "log_gdp": lambda w, p, k: math.log(w.gdp[k]),
        "log_gdp_of_other": lambda w, p, k, o: math.log(w.gdp[o]),
        "years_left": share_left(),
    },
    "arms_race": {
        "arms": own("arms"),
        "arms_of_other": of_other("arms"),
        "other_is_ally": lambda w, p, k, o: float(p.powers == 3 and {k, o} == {0, 1}),
        "years_left": share_left(),
    },
    "guns_and_butter": {
        "industry": own("industry"),
        "technology": own("technology"),
        "military": own("military"),
        "industry_of_other": of_other("industry"),
        "technology_of_other": of_other("technology"),
        "military_of_other": of_other("military"),
        "years_left": share_left(),
    },
    "arms_or_allies": {
        "phase": whole("phase"),
        "threat": whole("threat"),
        "arms": lambda w, p, k: w.arms[0] / 8,
        "debt": lambda w, p, k: w.debt[0] / 8,
        "allied": whole("allied"),
        "ordered_arms": after_the_first_phase(lambda w, p, k: w.ordered_arms / 2),
        "debt_change": after_the_first_phase(whole("debt_change")),
        "alliance": after_the_first_phase(whole("alliance")),
        "private_cost": after_the_first_phase(lambda w, p, k: w.private_cost if k == 1 else 0.0),
    },
    "chokepoint": {
        "resilience": own("resilience"),
        "resilience_of_other": of_other("resilience"),
        "phase": whole("phase"),
        "demand": after_the_first_phase(lambda w, p, k: w.demand[k] if k < 2 else 0.0),
        "years_left": share_left(),
    },
    "deterrence": {"years_left": share_left("years")},
    "buck_passing": {
        "is_concerned": lambda w, p, k: float(k < p.powers - p.bystanders),
        **{f"at_level_{x}": lambda w, p, k, x=x: float(w.level == x) for x in range(9)},
    },
    "pledge": {
        "phase": whole("phase"),
        "pledge": after_the_first_phase(lambda w, p, k: w.pledged[0]),
        "years_left": share_left("years"),
    },
    "paradox_of_power": {
        "is_rich": lambda w, p, k: float(k == 0),
        "years_left": share_left("years"),
    },
    "shifting_power": {
        "phase": whole("phase"),
        "years_left": share_left("years"),
        "invested": after_the_first_phase(lambda w, p, k: w.invested[0] if k == 0 else 0.0),
        "signal": after_the_first_phase(lambda w, p, k: w.seen[1] if k == 1 else 0.0),
    },
}


# -- the full game -----------------------------------------------------------------------------


def strength(world: Any, observer: int, power: int) -> float:
    if observer == power:
        return float(world.arms[power] * (1 + world.readiness[power]) / 2)
    seen = world.seen_arms[observer, power] * (1 + world.seen_readiness[observer, power]) / 2
    return float(seen)


def honours(world: Any, parameters: Any, ally: int, target: int) -> float:
    paid = world.subsidy[target, ally] / (world.subsidy[target, ally] + parameters.subsidy)
    return float(world.standing[ally] + (1.0 - world.standing[ally]) * paid)


def help_for(world: Any, parameters: Any, observer: int, target: int, attacker: int) -> float:
    if world.allies[target] == 0:
        return 0.0
    return sum(
        parameters.pooling
        * world.proximity[ally, target]
        * honours(world, parameters, ally, target)
        * strength(world, observer, ally)
        for ally in range(parameters.powers)
        if world.allied[ally, target] and not world.allied[ally, attacker] and ally != attacker
    )


def odds(world: Any, parameters: Any, attacker: int, target: int, observer: int) -> float:
    if not (world.alive[attacker] and world.alive[target]):
        return 0.0
    reach = parameters.offence * world.proximity[attacker, target]
    defence = parameters.home_advantage * strength(world, observer, target)
    defence += help_for(world, parameters, observer, target, attacker)
    attack = reach * strength(world, observer, attacker)
    return float(attack_odds(parameters.to_record(), attack, defence))


def embargo(world: Any, maker: int, target: int) -> float:
    return float(bool(world.embargo[maker, target] or world.tribute[target, maker]))


def answer(world: Any, parameters: Any, power: int, other: int) -> float:
    outcome = full.OUTCOMES[world.outcome[other]]
    if world.demand[power] != other or not outcome:
        return 0.0
    return -1.0 if outcome == "concedes" else 1.0


def payment(world: Any, parameters: Any, power: int, other: int) -> float:
    if world.tribute[other, power]:
        return -1.0
    is_answering = full.PHASES[world.phase] == "answer"
    return 1.0 if world.embargo[power, other] and not is_answering else 0.0


def came(world: Any, parameters: Any, power: int, other: int) -> float:
    return (2.0 * world.comes[other, power] - 1.0) * world.calls[other, power]


def per_worker(world: Any, parameters: Any, power: int) -> float:
    # At the start a power consumes half of its product.
    return float(world.log_product[power] - math.log(world.consumption_reference[power] / 0.5))


FULL: dict[str, Expected] = {
    "year": lambda w, p, k: w.year / 40,
    "phase": whole("phase"),
    "alive": own("alive"),
    "size": own("log_product"),
    "capital": lambda w, p, k: w.capital[k] / w["product"][k],
    "technology": lambda w, p, k: (
        w.technology[k] / max(1e-9, *(w.technology * w.alive)[: p.powers])
    ),
    "growth": own("growth"),
    "arms": lambda w, p, k: w.arms[k] / w["product"][k],
    "readiness": own("readiness"),
    "resilience": own("resilience"),
    "reserves": own("reserves"),
    "debt": lambda w, p, k: w.debt[k] / w["product"][k],
    "interest": own("interest"),
    "excluded": own("exclusion"),
    "coherence": own("coherence"),
    "fear": own("fear"),
    "pause": own("pause"),
    "war_cost": own("war_cost"),
    "security": own("security"),
    "standing": own("standing"),
    "allies": own("allies"),
    "scaling": own("scaling"),
    "reliability": whole("reliability"),
    "years_certain": lambda w, p, k: (p.certain_years - w.year) / 40,
    "most_allies": lambda w, p, k: p.most_allies[k],
    "most_procurement": lambda w, p, k: p.most_procurement[k],
    "forced_procurement": lambda w, p, k: p.forced_procurement[k],
    "prosperity": per_worker,
}
FULL_OF_OTHERS: dict[str, Expected] = {
    "other_alive": of_other("alive"),
    "other_size": lambda w, p, k, o: w.log_product[o] - w.log_product[k],
    "other_debt": lambda w, p, k, o: w.debt[o] / w["product"][o],
    "other_arms": lambda w, p, k, o: w.log_arms[o] - w.log_arms[k] + w.arms_error[k, o],
    "other_readiness": towards("seen_readiness"),
    "other_resilience": towards("seen_resilience"),
    "other_standing": of_other("standing"),
    "other_called": lambda w, p, k, o: w.called[o] / (w.called[o] + 3),
    "other_allies": of_other("allies"),
    "allied": towards("allied"),
    "bound": towards("bound"),
    "its_offer": lambda w, p, k, o: w.offer[o, k],
    "truce": lambda w, p, k, o: float(w.truce[k, o] > 0),
    "settled": lambda w, p, k, o: float(w.settled[k, o] > 0),
    "other_settled": lambda w, p, k, o: float(w.settled[o, k] > 0),
    "issue": towards("issue"),
    "its_issue": lambda w, p, k, o: w.issue[o, k],
    "other_pause": of_other("pause"),
    "proximity": lambda w, p, k, o: w.proximity[o, k],
    "dependence": towards("dependence"),
    "other_dependence": lambda w, p, k, o: w.dependence[o, k],
    "other_defence": lambda w, p, k, o: w.procurement[o] + w.upkeep[o],
    "other_investment": lambda w, p, k, o: w.industry[o] + w.research[o],
    "threat": lambda w, p, k, o: odds(w, p, o, k, k),
    "prospect": lambda w, p, k, o: odds(w, p, k, o, k),
    "its_demand": lambda w, p, k, o: float(w.demand[o] == k),
    "its_embargo": lambda w, p, k, o: embargo(w, o, k),
    "asked": lambda w, p, k, o: float(w.demand[k] == o),
    "blocked": lambda w, p, k, o: embargo(w, k, o),
    "its_answer": answer,
    "its_payment": payment,
    "its_help": came,
    "needs_help": lambda w, p, k, o: float(w.allied[k, o] == 1 and w.demanded_by[o] >= 0),
}


def of_the_living(value: Expected) -> Expected:
    return lambda w, p, k, o: value(w, p, k, o) if w.alive[o] else 0.0


TABLES = SMALL | {
    "grand_strategy": FULL | {name: of_the_living(each) for name, each in FULL_OF_OTHERS.items()}
}

# The values of a field where they are not amounts from 0.01 to 0.99, or yes or no: both ends are
# included for whole numbers.
RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "guns_and_butter": {
        field: (-9.0, 0.0) for field in ("industry", "technology", "military", "income")
    },
    "arms_or_allies": {
        "arms": (0, 8), "debt": (0, 8), "ordered_arms": (0, 2), "debt_change": (-1, 1),
    },
    "buck_passing": {"level": (0, 8)},
    "grand_strategy": {
        "product": (0.5, 1.5),
        "log_product": (-1.0, 1.0),
        "log_arms": (-2.0, 1.0),
        "arms_error": (-1.0, 1.0),
        "debt": (-0.5, 1.5),
        "growth": (-0.4, 0.4),
        "interest": (0.0, 0.4),
        "consumption_reference": (0.3, 0.9),
        "called": (0.0, 9.0),
        "procurement": (0.0, 0.1),
        "upkeep": (0.0, 0.1),
        "industry": (0.0, 0.1),
        "research": (0.0, 0.1),
        "exclusion": (0, 20),
        "allies": (0, 7),
        "truce": (0, 5),
        "bound": (0, 40),
        "pause": (0, 20),
        "war_cost": (0.0, 0.5),
        "demand": (-1, 7),
        "demanded_by": (-1, 1),
        "outcome": (0, len(full.OUTCOMES) - 1),
    },
}  # fmt: skip
# What a power sees of the others in which order is no quantity.
KEPT = {"seat"}


def fill(records: Any, game: str, years: int, phases: int, rng: np.random.Generator) -> None:
    """Set every field of some worlds to random values."""
    records["year"] = rng.integers(0, years, len(records))
    records["phase"] = rng.integers(0, phases, len(records))
    header = {entry[0] for entry in HEADER}
    for field in records.dtype.names:
        if field in header | KEPT:
            continue
        values = records[field]
        low, high = RANGES.get(game, {}).get(
            field, (0.01, 0.99) if values.dtype.kind == "f" else (0, 1)
        )
        if values.dtype.kind == "f":
            records[field] = rng.uniform(low, high, values.shape)
        else:
            records[field] = rng.integers(int(low), int(high) + 1, values.shape)


def others_of(world: Any, powers: int, power: int) -> list[int]:
    """Return the other powers in the order of a power's columns."""
    if "seat" in world.dtype.names:
        return [int(other) for other in world.seat[power, : powers - 1]]
    return [other for other in range(powers) if other != power]


def filled(
    the_game: Game, parameters: ParametersBase, count: int = WORLDS
) -> tuple[Worlds, dict[str, list[float]]]:
    """Return filled worlds, and what each column should say in every world and of every power."""
    table, powers = TABLES[the_game.name], parameters.powers
    worlds = Worlds(the_game, count, parameters)
    worlds.reset(0)
    snapshot = worlds.copy()
    years = getattr(parameters, "horizon", getattr(parameters, "years", 40))
    phases = len(the_game.phases_with(parameters))
    fill(snapshot.records, the_game.name, years, phases, np.random.default_rng(0))
    worlds.restore(snapshot)
    expected: dict[str, list[float]] = {}
    for world in snapshot.records:
        for power in range(powers):
            for feature in the_game.features:
                said = {feature.name: ()}
                if feature.others:
                    others = others_of(world, powers, power)
                    said = {f"{feature.name}_{k}": (other,) for k, other in enumerate(others)}
                for name, other in said.items():
                    value = table[feature.name](world, parameters, power, *other)
                    kept = float(np.clip(value, feature.low, feature.high))
                    expected.setdefault(name, []).append(kept)
    return worlds, expected


def test_each_value_stands_in_the_column_of_its_name(case: Any) -> None:
    assert case.name in TABLES, f"Write what the columns of {case.name} should say, in TABLES."
    declared = sorted(feature.name for feature in case.game.features)
    assert sorted(TABLES[case.name]) == declared
    worlds, expected = filled(case.game, case.parameters)
    names = worlds.observation_names
    assert names[: len(expected)] == list(expected)
    for at, name in enumerate(expected):
        seen = worlds.observations[:, :, at].ravel()
        np.testing.assert_allclose(seen, expected[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_two_columns_in_each_other_s_place_would_be_noticed(game_name: str) -> None:
    """No two columns say the same in all variants, so the test above fails if two are swapped."""
    the_game = game(game_name)
    said: dict[str, list[float]] = {}
    for changes in ({}, *the_game.variants.values()):
        _, expected = filled(the_game, the_game.parameters.from_mapping(dict(changes)), count=24)
        for feature in the_game.features:
            first = f"{feature.name}_0" if feature.others else feature.name
            said.setdefault(feature.name, []).extend(expected[first])
    for one, other in itertools.combinations(said, 2):
        assert not np.allclose(said[one], said[other]), (one, other)


def test_observed_parameters_stand_in_the_columns_of_their_names(case: Any) -> None:
    worlds = Worlds(case.game, 1, case.parameters)
    worlds.reset(0)
    said = dict(zip(worlds.observation_names, worlds.observations[0, 0].tolist(), strict=True))
    for name, declaration in case.parameters.declarations.items():
        if declaration.observed:
            value = getattr(case.parameters, name)
            values = (
                {f"{name}_{power}": each for power, each in enumerate(value)}
                if declaration.per_power
                else {name: value}
            )
            for each, expected in values.items():
                assert said[each] == np.float32(expected)


# -- names to numbers ----------------------------------------------------------------------------

FEATURES = (
    Feature("one", 0.0, 1.0),
    Feature("two", -1.0, 1.0, others=True),
    Feature("three", 0.0, 2.0),
    Feature("four", 0.0, 1.0, others=True),
)
CHOICES = (
    Choice("plan", ("wait", "arm", "ally")),
    Choice("stance", ("keep", "press"), others=True),
    Choice("answer", ("resist", "yield", "flee"), others=True),
)


def test_columns_of_others_follow_each_other() -> None:
    sees, others = columns(FEATURES), 3
    assert [column(each, others) for each in sees] == [0, 1, 4, 5]
    assert [column(sees.two, others, place) for place in range(3)] == [1, 2, 3]
    assert columns_of(sees.four, others) == slice(5, 8)
    assert [clipped(sees.two, value) for value in (-3.0, 0.5, 3.0)] == [-1.0, 0.5, 1.0]


def test_parts_of_actions_know_their_component_and_options() -> None:
    does, others = parts(CHOICES), 2
    assert [component(each, others) for each in does] == [0, 1, 3]
    assert component(does.answer, others, 1) == 4
    assert [first_option(each, others) for each in does] == [0, 3, 7]
    assert first_option(does.answer, others, 1) == 10
    assert component(does.plan) == first_option(does.plan) == 0


def test_a_misspelt_feature_is_an_error() -> None:
    with pytest.raises(AttributeError, match="thre"):
        _ = columns(FEATURES).thre
