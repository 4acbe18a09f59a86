"""The public face: what it offers, that it is documented, light to import, and works."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import counterpoise
from counterpoise.envs.engine.errors import CounterpoiseError, UnknownNameError

HEAVY = ("torch", "numba", "matplotlib", "polars", "pettingzoo", "stable_baselines3", "scipy")
FUNCTIONS = [name for name in counterpoise.__all__ if name not in ("GameRow", "Worlds")]


def in_a_new_process(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    return done.stdout.strip()


def test_the_face_has_twelve_to_fifteen_names() -> None:
    assert 12 <= len(counterpoise.__all__) <= 15
    assert sorted(counterpoise.__all__) == sorted(set(counterpoise.__all__))
    assert set(counterpoise.__all__) <= set(dir(counterpoise))
    with pytest.raises(AttributeError, match="no attribute 'solv'"):
        _ = counterpoise.solv


@pytest.mark.parametrize("name", counterpoise.__all__)
def test_every_name_is_documented(name: str) -> None:
    found = getattr(counterpoise, name)
    text = inspect.getdoc(found) or ""
    assert text
    sections = ["Attributes"] if inspect.isclass(found) else ["Returns", "Examples"]
    if name in FUNCTIONS and name != "games":
        sections.append("Parameters")
    if name == "play":
        sections.remove("Returns")
    for section in sections:
        assert f"{section}\n{'-' * len(section)}" in text, section


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples_in_docstrings_are_true(name: str) -> None:
    examples = doctest.DocTestFinder(recurse=False).find(getattr(counterpoise, name), name)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for example in examples:
        # Registering the game of the example would last beyond it.
        if name != "register":
            assert runner.run(example).failed == 0


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = f"import sys, counterpoise; print([m for m in {HEAVY} if m in sys.modules])"
    assert in_a_new_process(code) == "[]"


def test_importing_a_name_imports_only_its_layer() -> None:
    code = (
        "import sys; from counterpoise import make, solve, train, game, games, scenario; games(); "
        f"print([m for m in {HEAVY} if m in sys.modules])"
    )
    assert in_a_new_process(code) == "[]"


@pytest.mark.parametrize("first", ["counterpoise", "pettingzoo"])
def test_games_are_registered_with_pettingzoo_in_either_order_of_imports(first: str) -> None:
    second = {"counterpoise": "pettingzoo", "pettingzoo": "counterpoise"}[first]
    code = (
        f"import {first}\nimport {second}\nimport pettingzoo\n"
        "env = pettingzoo.make('parallel', 'counterpoise/burden_sharing-v0')\n"
        "env.reset(seed=0)\n"
        "print(len(env.agents))"
    )
    assert in_a_new_process(code) == "4"


def test_gymnasium_users_do_not_import_pettingzoo() -> None:
    code = (
        "import gymnasium, counterpoise, sys\n"
        "env = gymnasium.make('counterpoise/BurdenSharing-v0')\n"
        "env.reset(seed=0)\n"
        "env.step(env.action_space.sample())\n"
        "gymnasium.make_vec('counterpoise/BurdenSharing-v0', num_envs=2).reset(seed=0)\n"
        "import counterpoise.envs.adapters.sb3\n"
        "print('pettingzoo' in sys.modules)"
    )
    assert in_a_new_process(code) == "False"


# -- what it does ----------------------------------------------------------------------------------


def test_make_makes_every_kind_of_environment() -> None:
    parallel = counterpoise.make("arms_race", fear=0.9)
    assert parallel.parameters.fear == 0.9
    parallel.reset(seed=0)
    aec = counterpoise.make("arms_race", kind="aec")
    aec.reset(seed=0)
    assert aec.agent_selection == "power_0"
    one = counterpoise.make("arms_race", kind="gymnasium", power=1, others="equilibrium")
    seen, _ = one.reset(seed=0)
    assert one.observation_space.contains(seen)
    many = counterpoise.make("arms_race", kind="vector", num_envs=3)
    assert many.reset(seed=0)[0].shape[0] == 3
    rows = counterpoise.make("arms_race", kind="sb3", worlds=5, seats=[0], profile="random")
    assert rows.num_envs == 5
    assert counterpoise.make("arms_race", kind="sb3", worlds=5, fear=0.9).num_envs == 10
    with pytest.raises(UnknownNameError, match="kind of environment 'gym'"):
        counterpoise.make("arms_race", kind="gym")
    with pytest.raises(UnknownNameError, match="no game 'arms_rase'"):
        counterpoise.make("arms_rase")


def test_solve_and_judge_a_game_by_name() -> None:
    solved = counterpoise.solve("burden_sharing", scenario="nato_2024")
    assert len(solved.values) == 31
    assert (counterpoise.regret("burden_sharing", "equilibrium") < 1e-6).all()
    mixed = ["free_rider", "equilibrium", "equilibrium", "equilibrium"]
    response = counterpoise.best_response("burden_sharing", mixed, power=0)
    assert response.gain > 0.0
    assert counterpoise.regret("burden_sharing", mixed)[0] > 0.0
    with pytest.raises(CounterpoiseError, match="2 strategies for 4 powers"):
        counterpoise.regret("burden_sharing", mixed[:2])
    with pytest.raises(CounterpoiseError, match="needs a profile"):
        counterpoise.regret("burden_sharing")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("face") / "run"
    return counterpoise.train(
        "burden_sharing", folder, seed=0, device="cpu", agent_steps=1, regret_points=1
    )


def test_train_load_judge_and_compare_a_run(run: Any) -> None:
    again = counterpoise.load(run.folder)
    assert again.folder == Path(run.folder)
    expected = counterpoise.regret("burden_sharing", list(run.profile()))
    np.testing.assert_array_equal(counterpoise.regret(run), expected)
    assert counterpoise.best_response(run, power=0).gain >= 0.0
    comparison = counterpoise.compare(run.folder)
    assert len(comparison.groups) == 1
    with pytest.raises(CounterpoiseError, match="as it was trained"):
        counterpoise.regret(run, "equilibrium")
    with pytest.raises(CounterpoiseError, match="parameters of its own"):
        counterpoise.load(run.folder, parameters=run.parameters)


def test_load_reads_policies_by_name_and_by_folder() -> None:
    from counterpoise.agents import zoo

    name = "burden_sharing/equilibrium-learner"
    assert len(counterpoise.load(name)) == len(counterpoise.load(zoo.folder_of(name))) == 4
    with pytest.raises(UnknownNameError, match="no trained policy or folder of a run 'nowhere'"):
        counterpoise.load("nowhere")


def test_watch_returns_a_page_that_a_notebook_displays(run: Any) -> None:
    page = counterpoise.watch("burden_sharing", "free_rider", steps=2)
    assert "<iframe" in page._repr_html_()
    assert "<html" in counterpoise.watch(run, steps=2).html.lower()
