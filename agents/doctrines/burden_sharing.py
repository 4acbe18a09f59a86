"""Doctrines of alliance members: who pays, by rule of thumb."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.burden_sharing import Parameters

# The share that NATO's members pledged in 2014 (Wales Summit Declaration, paragraph 14).
PLEDGED_SHARE = 0.02


class _Share(Strategy):
    """Spends a share of income, cut at the fiscal cap."""

    def __init__(self, parameters: Parameters, power: int) -> None:
        self._powers = parameters.powers
        self._cap = parameters.fiscal_cap[power]

    def _share(self, incomes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the wished share from incomes [n, powers], the own first."""
        raise NotImplementedError

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the share for each row, [n, 1]."""
        incomes = np.exp(observations[:, : self._powers].astype(np.float64))
        return np.minimum(self._share(incomes), self._cap)[:, None]


class FreeRider(_Share):
    """Pays nothing: the others' defence protects it all the same (Olson and Zeckhauser 1966)."""

    name = "free rider"

    def _share(self, incomes: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.zeros(len(incomes))


class GreatPowerPayer(_Share):
    """Pays up to its cap if it is the largest, nothing otherwise: the great carry the small."""

    name = "great-power payer"

    def _share(self, incomes: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(incomes[:, 0] >= incomes.max(axis=1), self._cap, 0.0)


class PledgeKeeper(_Share):
    """Pays the pledged two per cent of income, whatever its size."""

    name = "pledge keeper"

    def _share(self, incomes: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(len(incomes), PLEDGED_SHARE)


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "free_rider": FreeRider,
    "great_power_payer": GreatPowerPayer,
    "pledge_keeper": PledgeKeeper,
}
