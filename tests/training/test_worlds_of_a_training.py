"""The worlds of a training: parameters drawn for each, and pairs that begin as allies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from counterpoise.envs.engine.errors import ParameterError, UnknownNameError
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.training.configuration import Configuration, load
from counterpoise.training.normalisation import normalisation_of
from counterpoise.training.ppo_training import PPOTraining
from counterpoise.training.sections import NetworkOptions, PPOOptions, WorldOptions

FULL = game("grand_strategy")
DECLARATIONS = FULL.parameters.declarations
SEEN = {feature.name for feature in FULL.features}
RULES = tuple(
    name
    for name, declared in DECLARATIONS.items()
    if declared.type is float and not declared.is_shaped and name not in SEEN
)[:25]


def full(**options: Any) -> Configuration:
    return Configuration(
        name="full",
        game="grand_strategy",
        **{"parameters": {"powers": 4}, "worlds": WorldOptions(count=300), **options},
    )


def flags_of(configuration: Configuration) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.array([each.allied for each in configuration.world_parameters()], np.bool_)  # type: ignore[attr-defined]


# -- drawn -----------------------------------------------------------------------------------------


def test_twenty_five_rules_are_drawn_over_their_ranges_in_1024_worlds() -> None:
    assert len(RULES) == 25
    ends = {name: [DECLARATIONS[name].low, DECLARATIONS[name].high] for name in RULES}
    configuration = full(drawn=ends, observe=RULES, worlds=WorldOptions(count=1_024))
    made = configuration.world_parameters()
    values = np.array([[getattr(each, name) for name in RULES] for each in made])
    low, high = np.array(list(ends.values())).T
    shares = np.sort((values - low) / (high - low), axis=0)
    uniform = (np.arange(1_024) + 0.5) / 1_024
    # The largest distance of 25 empirical distributions from uniform (Kolmogorov-Smirnov).
    assert np.abs(shares - uniform[:, None]).max() < 1.9 / np.sqrt(1_024)
    together = np.corrcoef(values.T) - np.eye(25)
    assert np.abs(together).max() < 4.5 / np.sqrt(1_024)
    with Worlds(configuration.the_game(), 1_024, made) as worlds:
        at = [worlds.observation_names.index(name) for name in RULES]
        np.testing.assert_array_equal(worlds.reset(0)[:, 2, at], values.astype(np.float32))


def test_whole_numbers_and_flags_are_drawn_as_such() -> None:
    name = next(
        name
        for name, declared in DECLARATIONS.items()
        if declared.type is int
        and not declared.is_shaped
        and declared.high - declared.low >= 3
        and name not in ("powers", "surge_power")
    )
    flag = next(
        name
        for name, declared in DECLARATIONS.items()
        if declared.type is bool and not declared.is_shaped
    )
    low = DECLARATIONS[name].low
    made = full(drawn={name: [low, low + 3], flag: [0, 1]}).world_parameters()
    found = np.array([getattr(each, name) for each in made])
    assert set(found.tolist()) == {low, low + 1, low + 2, low + 3}
    assert np.bincount((found - int(low)).astype(int)).min() > 50
    assert 100 < sum(getattr(each, flag) for each in made) < 200
    with pytest.raises(ParameterError, match="whole numbers"):
        full(drawn={name: [low, low + 0.5]})


def test_an_unknown_name_is_refused_even_if_no_world_would_draw_it() -> None:
    with pytest.raises(UnknownNameError, match=r"for \[drawn\].*Did you mean 'offence'"):
        full(drawn={"offense": [0.5, 1.0]}, worlds=WorldOptions(count=1, max_drawn=1))


def test_what_moves_together_does_so_beside_what_is_drawn() -> None:
    first, second, drawn = RULES[:3]
    steps = {name: [DECLARATIONS[name].low, DECLARATIONS[name].high] for name in (first, second)}
    made = full(
        together=steps, drawn={drawn: [DECLARATIONS[drawn].low, DECLARATIONS[drawn].high]}
    ).world_parameters()
    pairs = {(getattr(each, first), getattr(each, second)) for each in made}
    assert pairs == set(zip(*steps.values(), strict=True))
    assert len({getattr(each, drawn) for each in made}) == 300


# -- paired ----------------------------------------------------------------------------------------


def test_pairs_are_flagged_both_ways_with_each_worlds_own_probability() -> None:
    flags = flags_of(full(paired={"allied": [0.0, 0.6]}, worlds=WorldOptions(count=2_000)))
    np.testing.assert_array_equal(flags, flags.swapaxes(1, 2))
    assert not flags[:, range(4), range(4)].any()
    one, other = np.triu_indices(4, 1)
    pairs = flags[:, one, other]
    assert pairs.mean(axis=0) == pytest.approx(0.3, abs=0.04)
    # A share drawn uniformly for each world spreads the count of six pairs wider than a binomial.
    assert pairs.sum(axis=1).var() > 1.5 * 6 * 0.3 * 0.7


def test_a_certain_probability_flags_all_pairs_and_none_flags_none() -> None:
    everyone = flags_of(full(paired={"allied": [1.0, 1.0]}))
    assert (everyone.sum(axis=(1, 2)) == 12).all()
    assert not flags_of(full(paired={"allied": [0.0, 0.0]})).any()


def test_flags_of_a_scenario_stay() -> None:
    configuration = load("great_powers").replace(paired={"allied": [0.0, 0.5]}, varied={})
    plain = configuration.replace(paired={})
    before, after = flags_of(plain), flags_of(configuration)
    assert before.any()
    assert (after | before == after).all()
    assert (after & ~before).any()


def test_worlds_begin_with_the_allies_drawn_beside_what_is_drawn_and_observed() -> None:
    configuration = full(
        paired={"allied": [0.0, 0.6]},
        drawn={RULES[0]: [DECLARATIONS[RULES[0]].low, DECLARATIONS[RULES[0]].high]},
        observe=(RULES[0],),
        agent_steps=16,
        worlds=WorldOptions(count=8),
        network=NetworkOptions(hidden=(8,), policy="anonymous"),
        ppo=PPOOptions(n_steps=2, batch_size=64, n_epochs=1),
    )
    training = PPOTraining(configuration, normalisation_of(configuration), seed=0, device="cpu")
    worlds = training.env.worlds
    training.env.reset()
    np.testing.assert_array_equal(
        worlds.records["allied"][:, :4, :4].astype(np.bool_), flags_of(configuration)
    )
    column = worlds.observation_names.index(RULES[0])
    drawn = [getattr(each, RULES[0]) for each in configuration.world_parameters()]
    np.testing.assert_allclose(worlds.observations[:, 0, column], drawn, rtol=1e-6)
    training.train()


def test_pairs_do_not_change_what_else_is_drawn_first() -> None:
    ends = {RULES[0]: [DECLARATIONS[RULES[0]].low, DECLARATIONS[RULES[0]].high]}
    alone, both = full(drawn=ends), full(drawn=ends, paired={"allied": [0.0, 0.6]})
    first = [getattr(each.world_parameters()[0], RULES[0]) for each in (alone, both)]
    assert first[0] == first[1]


@pytest.mark.parametrize(
    ("name", "ends", "words"),
    [
        ("proximity", [0.0, 0.5], "yes or no of each pair"),
        ("pooling", [0.0, 0.5], "yes or no of each pair"),
        ("allied", [0.0, 1.5], "probabilities from 0 to 1"),
        ("allied", 0.5, "needs"),
    ],
)
def test_what_is_no_flag_of_pairs_is_refused(name: str, ends: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        full(paired={name: ends})


def test_an_unknown_flag_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"for \[paired\].*Did you mean 'allied'"):
        full(paired={"alied": [0.0, 0.5]})


def test_the_ranges_survive_their_own_file(tmp_path: Any) -> None:
    configuration = full(paired={"allied": [0.0, 0.6]}, drawn={"pooling": [0.2, 1.0]})
    (tmp_path / "full.toml").write_text(configuration.to_toml())
    assert load(tmp_path / "full.toml") == configuration
