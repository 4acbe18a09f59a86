"""Every theory: what it declares is what it returns, and asking for it loads no plot."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.strategy import Uniform
from counterpoise.theory.regret import theory_of

# Outcomes of the four uses of income and of three pledges have an axis of their own.
LENGTHS = {"use": 4, "number": 3}


def shape_fits(shape: tuple[int, ...], axes: tuple[str, ...], powers: int) -> bool:
    lengths = {**LENGTHS, "power": powers}
    return len(shape) == len(axes) and all(
        axis == "year" or length == lengths[axis] for length, axis in zip(shape, axes, strict=True)
    )


def test_outcomes_are_those_declared_with_shapes_that_fit(solved_name: str) -> None:
    theory = theory_of(solved_name)
    assert theory.game == solved_name
    parameters = game(solved_name).parameters()
    if "horizon" in parameters.declarations:
        parameters = parameters.replace(horizon=6)
    solved = theory.equilibrium(parameters)
    # Of a profile that nobody solved, too.
    others = [
        Uniform(game(solved_name), parameters, power) for power in range(1, parameters.powers)
    ]
    played = theory.outcomes(parameters, [solved.strategies[0], *others])
    for found in (solved.outcomes, played):
        assert list(found) == list(theory.declared)
        for name, spec in theory.declared.items():
            assert shape_fits(np.shape(found[name]), spec.axes, parameters.powers), name
            assert spec.doc.endswith("."), name
            assert spec.unit, name


def test_targets_and_curves_are_of_declared_outcomes_and_parameters(solved_name: str) -> None:
    theory = theory_of(solved_name)
    parameters = game(solved_name).parameters
    assert set(theory.targets.outcomes) <= set(theory.declared)
    assert len({curve.name for curve in theory.curves}) == len(theory.curves) > 0
    for curve in theory.curves:
        assert set(curve.outcomes) <= set(theory.declared)
        assert {*curve.vary, *curve.fixed} <= set(parameters.declarations)


def test_the_first_equilibrium_is_the_one_that_is_compared(solved_name: str) -> None:
    theory = theory_of(solved_name)
    parameters = game(solved_name).parameters()
    assert theory.equilibria(parameters)[0].name == theory.equilibrium(parameters).name


@pytest.mark.parametrize("asked", ["targets", "curves", "declared"])
def test_asking_for_what_a_theory_declares_loads_no_plot(asked: str) -> None:
    code = (
        "import sys, counterpoise\n"
        "from counterpoise.theory.regret import solved_games, theory_of\n"
        f"assert all(theory_of(name).{asked} for name in solved_games())\n"
        "assert 'matplotlib' not in sys.modules, 'matplotlib'\n"
        "assert not any(name.startswith('counterpoise.display') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
