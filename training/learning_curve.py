"""The rows of a run's metrics: rewards at every batch, and regret at some of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Profile
from counterpoise.theory import regret
from counterpoise.training.configuration import Configuration


class LearningCurve:
    """The metrics of one training, one row per batch (or per iteration of a population).

    Parameters
    ----------
    configuration : Configuration
    iterations : int
        Number of rows of the whole training. The regret is computed at `regret_points` of them,
        evenly spaced, if the game is solved and the policy has no memory.

    Attributes
    ----------
    rows : list of dict
    """

    def __init__(self, configuration: Configuration, iterations: int) -> None:
        self.rows: list[dict[str, Any]] = []
        self._game = configuration.game
        self._parameters = configuration.parameters_to_judge()
        points = np.linspace(0, iterations, configuration.regret_points + 1)[1:]
        # The theory is for policies without a memory.
        is_solved = regret.is_solved(configuration.game) and configuration.network.memory == 0
        self._regret_at = {round(point) for point in points} if is_solved else set()

    def add(
        self,
        iteration: int,
        agent_steps: int,
        seconds: float,
        rewards: NDArray[np.float64],
        profile: Callable[[], Profile],
        others: dict[str, float | None],
    ) -> dict[str, Any]:
        """Add a row and return it.

        Parameters
        ----------
        iteration : int
            Counted from 1.
        agent_steps : int
        seconds : float
        rewards : ndarray, [powers]
            Each power's mean reward per step.
        profile : callable
            Returns what was learned so far; called only where the regret is computed.
        others : dict of str to float
            The learner's own metrics.
        """
        row: dict[str, Any] = {
            "iteration": iteration,
            "agent_steps": agent_steps,
            "seconds": seconds,
        }
        row |= {f"reward_{power}": float(mean) for power, mean in enumerate(rewards)}
        row |= others
        row |= self._regrets(profile() if iteration in self._regret_at else None)
        self.rows.append(row)
        return row

    def _regrets(self, profile: Profile | None) -> dict[str, float | None]:
        """Return each power's regret and NashConv; empty cells without a profile."""
        names = [f"regret_{power}" for power in range(self._parameters.powers)]
        if profile is None:
            return dict.fromkeys([*names, "nash_conv"])
        gained = regret.gains(self._game, self._parameters, profile)
        shares = regret.of_stakes(gained, regret.stakes(self._game, self._parameters))
        found = dict(zip(names, shares.tolist(), strict=True))
        return {**found, "nash_conv": float(gained.sum())}
