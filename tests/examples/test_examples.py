"""The examples with other people's libraries run, and reach the regret that they state."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from counterpoise.agents.named import profile
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.theory.regret import regret

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MOST_LINES = 79

# What each imports; where it is not installed the test is skipped and says so.
NEEDS = {
    "stable_baselines3_ppo": "stable_baselines3",
    "maskable_ppo": "sb3_contrib",
    "cleanrl_ppo": "torch",
    "supersuit_pipeline": "supersuit",
    "open_spiel_exploitability": "pyspiel",
    "rllib_ppo": "ray.rllib",
    "torchrl_ppo": "torchrl",
    "benchmarl_mappo": "benchmarl",
}
PRINTED = re.compile(r"regret (?P<found>\d+\.\d+) \(target (?P<target>\d+\.\d+)\)")


PARADOX = {"inequality": 0.6, "resources": 2.0, "years": 10}
# The game of each example, the power judged and who the others are (None: all learn), and its
# changed parameters.
JUDGED = {
    "stable_baselines3_ppo": ("arms_race", (0, "equilibrium"), {}),
    "maskable_ppo": ("buck_passing", (0, "buck_passer"), {}),
    "cleanrl_ppo": ("burden_sharing", (0, "equilibrium"), {}),
    "supersuit_pipeline": ("arms_race", None, {}),
    "open_spiel_exploitability": ("shifting_power", None, {}),
    "rllib_ppo": ("paradox_of_power", None, PARADOX),
    "torchrl_ppo": ("paradox_of_power", None, PARADOX),
    "benchmarl_mappo": ("paradox_of_power", None, PARADOX),
}


class Middling(Strategy):
    """What a policy that has learned nothing does: half of what there is, or the first option."""

    def __init__(self, game, parameters, power):
        self._is_discrete = game.is_discrete
        low, high = game.action_bounds(np.array([parameters.to_record()]), parameters.powers)
        self._amounts = 0.5 * (low + high)[0, power]

    def act(self, observations, masks, rng):
        if self._is_discrete:
            return np.zeros((len(observations), 1), np.int64)
        return np.repeat(self._amounts[None], len(observations), axis=0)


def target_in(text: str) -> float:
    """Return the target that an example sets itself."""
    names, values = re.search(r"^(.*TARGET.*) = (.*)$", text, re.MULTILINE).groups()
    return float(values.split(", ")[names.split(", ").index("TARGET")])


def is_importable(module: str) -> bool:
    """Return whether a module is there, by importing it in a process of its own."""
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        return False
    done = subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True)
    return done.returncode == 0


def test_every_example_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(NEEDS) == set(JUDGED)


@pytest.mark.parametrize("name", JUDGED)
def test_a_policy_that_has_learned_nothing_misses_the_target(name):
    game_name, one, changes = JUDGED[name]
    the_game = game(game_name)
    parameters = the_game.parameters(**changes)
    played = [Middling(the_game, parameters, k) for k in range(parameters.powers)]
    seats = list(range(parameters.powers))
    if one is not None:
        power, others = one
        played = [*profile(others, the_game, parameters)[:power], played[power]]
        played += profile(others, the_game, parameters)[power + 1 :]
        seats = [power]
    text = (EXAMPLES / f"{name}.py").read_text()
    target = target_in(text)
    missed = regret(game_name, parameters, played)[seats].max()
    assert missed > 2 * target


@pytest.mark.parametrize("name", NEEDS)
def test_an_example_has_under_80_lines(name):
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("name", NEEDS)
def test_the_table_lists_the_example(name):
    assert f"[`{name}.py`]({name}.py)" in (EXAMPLES / "README.md").read_text()


@pytest.mark.parametrize("name", NEEDS)
def test_an_example_reaches_the_regret_that_it_states(name, tmp_path):
    if not is_importable(NEEDS[name]):
        pytest.skip(f"{NEEDS[name]} is not installed: see examples/README.md")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(EXAMPLES / f"{name}.py")],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1_200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed = PRINTED.search(done.stdout)
    assert printed is not None, done.stdout
    assert float(printed["found"]) <= float(printed["target"])
