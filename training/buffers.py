"""A rollout buffer for games in which one power answers another.

In such a game most rows of a batch belong to powers that are not on the move. They choose nothing
and there is nothing to learn from them, so the update leaves them out, and advantages run from one
own move to the next: a row without a choice hands on its reward and what follows, undimmed by
lambda. Where every power moves at every step this is exactly sb3-contrib's own buffer.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer


class OwnMovesBuffer(MaskableRolloutBuffer):
    """Learns from the rows in which a power had a choice.

    The first step's rows are learned from in any case: a batch ends in the phase in which it began,
    and the critic must know the worth of what comes after it.
    """

    def _has_choice(self) -> NDArray[np.bool_]:
        components = len(getattr(self.action_space, "nvec", (1,)))
        has_choice: NDArray[np.bool_] = self.action_masks.sum(axis=-1) > components
        return has_choice

    def compute_returns_and_advantage(
        self, last_values: torch.Tensor, dones: NDArray[np.bool_]
    ) -> None:
        """Compute generalised advantages (Schulman et al. 2016, eq. 16) over own moves."""
        has_choice = self._has_choice()
        self._learned_from = has_choice.copy()
        self._learned_from[0] = True
        next_value = last_values.clone().cpu().numpy().flatten()
        next_advantage = np.zeros_like(next_value)
        goes_on = 1.0 - dones.astype(np.float32)
        for step in reversed(range(self.buffer_size)):
            follows = self.rewards[step] + self.gamma * goes_on * next_value
            own = has_choice[step]
            value = np.where(own, self.values[step], follows)
            handed_on = self.gamma * goes_on * next_advantage
            advantage = follows - value + np.where(own, self.gae_lambda, 1.0) * handed_on
            self.advantages[step] = advantage
            self.returns[step] = advantage + value
            next_value, next_advantage = value, advantage
            goes_on = 1.0 - self.episode_starts[step]

    def get(self, batch_size: int | None = None) -> Generator[Any, None, None]:
        """Yield minibatches of the rows that are learned from, in random order."""
        learned_from = self._learned_from.swapaxes(0, 1).reshape(-1)
        rows = np.flatnonzero(learned_from)
        # The parent flattens its arrays when it is first asked for samples.
        if not self.generator_ready:
            next(super().get(1))
        order = np.random.permutation(rows)  # noqa: NPY002 - Stable-Baselines3's own generator
        size = len(rows) if batch_size is None else batch_size
        for first in range(0, len(order), size):
            yield self._get_samples(order[first : first + size])
