"""The trembling hand: what trembles, how often, what is learned from, and that play is still."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from counterpoise.agents.learned import LearnedStrategy
from counterpoise.envs.adapters.sb3 import SeatVecEnv
from counterpoise.envs.adapters.tremble import Tremble
from counterpoise.envs.engine.errors import Interrupted, ParameterError, UnknownNameError
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.training.best_responses import learn_best_response
from counterpoise.training.configuration import Configuration, load
from counterpoise.training.learn import train
from counterpoise.training.normalisation import normalisation_of
from counterpoise.training.ppo_training import PPOTraining
from counterpoise.training.runs import Run
from counterpoise.training.sections import (
    NetworkOptions,
    PPOOptions,
    TrembleOptions,
    WorldOptions,
)

SMALL = Configuration(
    name="small",
    game="buck_passing",
    agent_steps=20_480,
    checkpoint_seconds=0.0,
    regret_points=1,
    mixed=True,
    worlds=WorldOptions(count=64),
    network=NetworkOptions(hidden=(8,), policy="anonymous"),
    ppo=PPOOptions(n_steps=10, batch_size=640, n_epochs=2),
    tremble=TrembleOptions(share_of_worlds=0.5, chance=(0.2, 0.4)),
)
FULL = game("grand_strategy")


def a_choice(others: bool) -> str:
    """Return a choice of the full game with three options or more."""
    return next(
        part.name
        for part in FULL.roles[0].actions
        if part.others == others and len(part.options) > 2
    )


def worlds_of_the_full_game(count: int) -> Worlds:
    worlds = Worlds(FULL, count, {"powers": 4})
    worlds.reset(0)
    return worlds


# -- the environment -------------------------------------------------------------------------------


def test_each_choice_that_is_named_trembles_with_the_chance_to_an_open_option() -> None:
    worlds = worlds_of_the_full_game(4_000)
    named = a_choice(others=True)
    tremble = Tremble.of(FULL, 4, np.full(4_000, 0.3, np.float32), [named])
    chosen = np.zeros(worlds.actions.shape, np.int64)
    carried_out = tremble.applied(chosen, worlds.masks, np.random.default_rng(0))
    assert not chosen.any(), "the learner's own actions are left as they are"
    counts = worlds.game.choice_counts
    blocks = np.split(worlds.masks == 1, np.cumsum(counts)[:-1], axis=2)
    tried = 0
    for component, is_open in enumerate(blocks):
        taken = carried_out[:, :, component]
        assert np.take_along_axis(is_open, taken[:, :, None], axis=2).all()
        if worlds.game.role(0).actions[component].name.rpartition("_")[0] != named:
            assert not taken.any()
            continue
        for option in range(1, counts[component]):
            rows = is_open[:, :, option]
            if rows.any():
                expected = (0.3 / is_open.sum(axis=2))[rows].mean()
                assert (taken == option)[rows].mean() == pytest.approx(expected, abs=0.015)
                tried += 1
    assert tried > 0


def test_all_choices_tremble_if_none_is_named() -> None:
    tremble = Tremble.of(FULL, 4, np.ones(8, np.float32), [])
    assert tremble.is_exposed.all()


def test_worlds_without_a_chance_are_left_alone() -> None:
    worlds = worlds_of_the_full_game(100)
    chances = np.where(np.arange(100) < 50, 1.0, 0.0).astype(np.float32)
    chosen = np.zeros(worlds.actions.shape, np.int64)
    rng = np.random.default_rng(0)
    carried_out = Tremble.of(FULL, 4, chances, []).applied(chosen, worlds.masks, rng)
    assert carried_out[:50].any(axis=(1, 2)).all()
    assert not carried_out[50:].any()
    still = Tremble.of(FULL, 4, chances, []).still()
    assert still.applied(chosen, worlds.masks, rng) is chosen


def test_an_unknown_choice_is_refused_with_the_nearest() -> None:
    named = a_choice(others=True)
    with pytest.raises(UnknownNameError, match=f"Did you mean '{named}'"):
        Tremble.of(FULL, 4, np.zeros(1, np.float32), [named[:-1]])


def test_rows_show_the_chance_of_their_world_between_features_and_seat() -> None:
    worlds = Worlds("buck_passing", 3)
    chances = np.array([0.0, 0.25, 0.5], np.float32)
    tremble = Tremble.of(worlds.game, worlds.powers, chances, [])
    env = SeatVecEnv(worlds, tremble=tremble, seed=0)
    seen = env.reset()
    powers, features = worlds.powers, worlds.observations.shape[2]
    assert seen.shape == (3 * powers, features + 1 + powers)
    assert env.observation_space.shape == (seen.shape[1],)
    np.testing.assert_array_equal(seen[:, features], np.repeat(chances, powers))
    np.testing.assert_array_equal(seen[:, :features], worlds.observations.reshape(-1, features))
    np.testing.assert_array_equal(seen[:, features + 1 :], np.tile(np.eye(powers), (3, 1)))
    after = env.step(np.zeros(3 * powers, np.int64))[0]
    np.testing.assert_array_equal(after[:, features:], seen[:, features:])


# -- training --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(SMALL, tmp_path_factory.mktemp("runs") / "whole", seed=4)


def test_the_share_and_the_range_of_chances_are_those_asked_for() -> None:
    tremble = SMALL.tremble_of_worlds(seed=1)
    assert tremble is not None
    shaky = tremble.chances[tremble.chances > 0.0]
    assert len(shaky) == 32
    assert 0.2 <= shaky.min() < shaky.max() <= 0.4
    assert (tremble.chances[:16] > 0.0).any()
    assert (tremble.chances[:16] == 0.0).any()


def test_what_is_learned_from_is_what_the_policy_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    always = SMALL.replace(agent_steps=640, tremble={"share_of_worlds": 1.0, "chance": (1.0, 1.0)})
    training = PPOTraining(always, normalisation_of(always), seed=0, device="cpu")
    chosen, carried_out = [], []
    ppo, worlds = training.ppo, training.env.worlds
    decide, advance = ppo.decide, worlds.step

    def noting(*arguments: Any) -> Any:
        decided = decide(*arguments)
        chosen.append(decided[0].copy())
        return decided

    def stepping(actions: Any) -> Any:
        carried_out.append(np.array(actions))
        return advance(actions)

    monkeypatch.setattr(ppo, "decide", noting)
    monkeypatch.setattr(worlds, "step", stepping)
    training.train()
    stored = ppo.rollout_buffer.actions
    np.testing.assert_array_equal(stored.reshape(10, -1), np.array(chosen)[-10:].reshape(10, -1))
    differs = np.array(carried_out)[-10:].reshape(10, -1) != stored.reshape(10, -1)
    assert 0.2 < differs.mean() < 0.8


def test_the_policy_says_that_it_sees_the_chance_which_is_zero_in_play(run: Run) -> None:
    described = json.loads((run.folder / "policy.json").read_text())
    assert described["sees_tremble"] is True
    learned = run.profile()[0]
    assert isinstance(learned, LearnedStrategy)
    with Worlds(run.game, 2, run.parameters, autoreset=False) as worlds:
        seen = worlds.reset(0)[:, 0]
        inputs = learned._read(seen)
    np.testing.assert_array_equal(inputs, np.pad(seen, ((0, 0), (0, 1))))


def test_a_policy_without_a_tremble_says_so(tmp_path: Any) -> None:
    plain = SMALL.replace(tremble=TrembleOptions(), agent_steps=1_280)
    described = json.loads((train(plain, tmp_path / "run").folder / "policy.json").read_text())
    assert described["sees_tremble"] is False


def test_a_stopped_training_with_a_tremble_resumes_to_the_same_numbers(
    run: Run, tmp_path: Any
) -> None:
    def stop(progress: Any) -> None:
        if progress.agent_steps >= 1_280 * 5:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        train(SMALL, tmp_path / "run", seed=4, on_progress=stop)
    again = train(SMALL, tmp_path / "run", seed=4, resume=True)
    assert (again.folder / "policy.safetensors").read_bytes() == (
        run.folder / "policy.safetensors"
    ).read_bytes()


def test_best_responses_start_from_such_a_policy_and_meet_no_tremble(run: Run) -> None:
    start = safetensors.numpy.load_file(run.folder / "policy.safetensors")
    training = PPOTraining(
        SMALL, normalisation_of(SMALL), seed=0, device="cpu", seats=[0], profile=run.profile()
    )
    assert training.env.tremble is not None
    assert not training.env.tremble.chances.any()
    answer = learn_best_response(
        SMALL, run.profile(), 0, seed=0, agent_steps=640, device="cpu", start=start
    )
    with Worlds(run.game, 2, run.parameters, autoreset=False) as worlds:
        seen = worlds.reset(0)[:, 0]
        assert answer.act(seen, worlds.masks[:, 0], np.random.default_rng(0)).shape == (2, 1)


def test_permutation_equivariant_networks_see_the_chance() -> None:
    full = Configuration(
        name="full",
        game="grand_strategy",
        agent_steps=64,
        worlds=WorldOptions(count=4),
        network=NetworkOptions(
            hidden=(16,), policy="anonymous", permutation_equivariant=True, activation="relu"
        ),
        ppo=PPOOptions(n_steps=4, batch_size=64, n_epochs=1),
        tremble=TrembleOptions(share_of_worlds=0.5, choices=(a_choice(others=True),)),
    )
    training = PPOTraining(full, normalisation_of(full), seed=0, device="cpu")
    training.train()
    width = training.env.worlds.observations.shape[2]
    assert len(training.weights()["feature_mean"]) == width + 1


# -- what is refused -------------------------------------------------------------------------------


def test_a_training_refuses_a_tremble_that_cannot_be() -> None:
    with pytest.raises(ParameterError, match="share_of_worlds must be from 0 to 1"):
        SMALL.replace(tremble={"share_of_worlds": 1.5})
    with pytest.raises(ParameterError, match="chance needs"):
        SMALL.replace(tremble={"chance": [0.3, 0.1]})
    with pytest.raises(UnknownNameError, match="choice of buck_passing"):
        SMALL.replace(tremble={"choices": ["embargo"]})
    with pytest.raises(ParameterError, match="are amounts"):
        Configuration(name="amounts", game="arms_race", tremble=SMALL.tremble)
    with pytest.raises(ParameterError, match="learn at the same time"):
        SMALL.replace(algorithm="fictitious_play")


def test_the_options_survive_their_own_file(tmp_path: Any) -> None:
    (tmp_path / "small.toml").write_text(SMALL.to_toml())
    assert load(tmp_path / "small.toml") == SMALL
