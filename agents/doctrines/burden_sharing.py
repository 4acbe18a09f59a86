"""Doctrines of `burden_sharing`: rules of thumb for defence spending."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.columns import column, columns_of
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.games.burden_sharing import SEES, Parameters

# The share that NATO's members pledged in 2014 (Wales Summit Declaration, paragraph 14).
PLEDGED_SHARE = 0.02


class _Share(Strategy):
    """Spends a share of income, at most the fiscal cap."""

    def __init__(self, parameters: Parameters, power: int) -> None:
        others = parameters.powers - 1
        self._own = column(SEES.log_gdp, others)
        self._others = columns_of(SEES.log_gdp_of_other, others)
        self._cap = parameters.fiscal_cap[power]

    def _share(self, own: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the wanted share, [n], from its own income, [n], and the others', [n, others]."""
        raise NotImplementedError

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the share for each row, [n, 1]."""
        incomes = np.exp(observations.astype(np.float64))
        share = self._share(incomes[:, self._own], incomes[:, self._others])
        return np.minimum(share, self._cap)[:, None]


class FreeRider(_Share):
    """Spends nothing and relies on the others' defence (Olson and Zeckhauser 1966)."""

    name = "free rider"

    def _share(self, own: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.zeros(len(own))


class GreatPowerPayer(_Share):
    """Spends up to its cap if its income is the largest, otherwise nothing."""

    name = "great-power payer"

    def _share(self, own: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(own >= others.max(axis=1), self._cap, 0.0)


class PledgeKeeper(_Share):
    """Spends the pledged two per cent of income, whatever its size."""

    name = "pledge keeper"

    def _share(self, own: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(len(own), PLEDGED_SHARE)


DOCTRINES: dict[str, Callable[[Parameters, int], Strategy]] = {
    "free_rider": FreeRider,
    "great_power_payer": GreatPowerPayer,
    "pledge_keeper": PledgeKeeper,
}
