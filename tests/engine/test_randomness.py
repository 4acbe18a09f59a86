"""The random numbers inside a world: the published generator, and the right distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from counterpoise.envs.engine.compilation import is_compiled, rule
from counterpoise.envs.engine.randomness import (
    GOLDEN_GAMMA,
    happens,
    mix,
    normal,
    seed_world,
    uniform,
)
from counterpoise.envs.engine.world import Real, WorldRecord, world_dtype

COUNT = 50_000


class World(WorldRecord):
    nothing: Real


WORLD = world_dtype(World, 1)


@rule
def fill_uniform(world: Any, draws: Any) -> None:
    for k in range(len(draws)):
        draws[k] = uniform(world)


@rule
def fill_normal(world: Any, draws: Any) -> None:
    for k in range(len(draws)):
        draws[k] = normal(world)


@rule
def count_events(world: Any, probability: float, trials: int) -> int:
    count = 0
    for _ in range(trials):
        if happens(world, probability):
            count += 1
    return count


@pytest.fixture
def world() -> Any:
    record = np.zeros(1, WORLD)[0]
    with np.errstate(over="ignore"):
        seed_world(record, np.uint64(12_345), np.uint64(0))
    return record


def drawn(fill: Any, world: Any, count: int = COUNT) -> Any:
    draws = np.zeros(count)
    with np.errstate(over="ignore"):
        fill(world, draws)
    return draws


def test_the_generator_is_splitmix64() -> None:
    """The first outputs of the reference implementation from state 0."""
    state = np.uint64(0)
    with np.errstate(over="ignore"):
        for expected in (0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F):
            state += GOLDEN_GAMMA
            assert int(mix(state)) == expected


def test_a_draw_is_the_generators_53_highest_bits(world: Any) -> None:
    world.random_state = np.uint64(0)
    with np.errstate(over="ignore"):
        assert uniform(world) == (0xE220A8397B1DCDAF >> 11) / 2**53
        assert uniform(world) == (0x6E789E6AA1B965F4 >> 11) / 2**53


def test_uniform_draws_are_uniform_and_independent(world: Any) -> None:
    draws = drawn(fill_uniform, world)
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    assert stats.kstest(draws, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 4 / np.sqrt(COUNT)
    cells, *_ = np.histogram2d(draws[::2], draws[1::2], bins=16, range=[[0, 1], [0, 1]])
    assert stats.chisquare(cells.ravel()).pvalue > 1e-3


def test_normal_draws_are_standard_normal(world: Any) -> None:
    draws = drawn(fill_normal, world)
    assert stats.kstest(draws, "norm").pvalue > 1e-3
    assert abs(draws.mean()) < 4 / np.sqrt(COUNT)
    assert abs(draws.std() - 1.0) < 0.02


def test_a_normal_draw_is_the_quantile_of_a_uniform_draw(world: Any) -> None:
    state = world.random_state
    uniforms = drawn(fill_uniform, world, 5_000)
    world.random_state = state
    normals = drawn(fill_normal, world, 5_000)
    assert np.allclose(normals, stats.norm.ppf(uniforms + 0.5 / 2**53), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("steps", [0, 1, 2, 1_000, 2**40, 2**52, 2**53 - 1])
def test_the_tails_are_exact_too(world: Any, steps: int) -> None:
    """The quantile at a draw of `steps` units of 2**-53, by running the generator backwards."""
    target = steps << 11

    def invert(number: int) -> int:
        def unshift(mixed: int, shift: int) -> int:
            found = mixed
            for _ in range(64 // shift + 1):
                found = mixed ^ (found >> shift)
            return found

        number = unshift(number, 31)
        number = number * pow(0x94D049BB133111EB, -1, 2**64) % 2**64
        number = unshift(number, 27)
        number = number * pow(0xBF58476D1CE4E5B9, -1, 2**64) % 2**64
        return unshift(number, 30)

    world.random_state = np.uint64((invert(target) - int(GOLDEN_GAMMA)) % 2**64)
    with np.errstate(over="ignore"):
        drawn_value = normal(world)
    probability = (steps + 0.5) / 2**53
    expected = (
        stats.norm.ppf(probability)
        if steps < 2**52
        else -stats.norm.ppf((2**53 - steps - 0.5) / 2**53)
    )
    assert drawn_value == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert abs(drawn_value) < 8.4


@pytest.mark.parametrize("probability", [0.0, 0.05, 0.5, 0.9, 1.0])
def test_events_happen_as_often_as_they_should(world: Any, probability: float) -> None:
    with np.errstate(over="ignore"):
        count = count_events(world, probability, COUNT)
    if probability in (0.0, 1.0):
        assert count == COUNT * probability
    else:
        assert stats.binomtest(count, COUNT, probability).pvalue > 1e-3


def test_neighbouring_seeds_and_episodes_do_not_resemble_each_other() -> None:
    firsts = []
    record = np.zeros(1, WORLD)[0]
    for seed in range(60):
        for episode in range(60):
            with np.errstate(over="ignore"):
                seed_world(record, np.uint64(seed), np.uint64(episode))
                firsts.append(uniform(record))
    assert len(set(firsts)) == len(firsts)
    assert stats.kstest(firsts, "uniform").pvalue > 1e-3
    table = np.array(firsts).reshape(60, 60)
    assert abs(np.corrcoef(table[:-1].ravel(), table[1:].ravel())[0, 1]) < 4 / 60
    assert abs(np.corrcoef(table[:, :-1].ravel(), table[:, 1:].ravel())[0, 1]) < 4 / 60


def test_rules_of_this_file_are_compiled_unless_told_otherwise() -> None:
    assert hasattr(fill_uniform, "py_func") == is_compiled()
