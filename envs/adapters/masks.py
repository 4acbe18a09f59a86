"""Masks: which options of a power's choices are open."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.game import Choice, Game

MASKS_KEPT = 4_096


class SeatMask:
    """Selects one power's options from a mask over the padded union of all powers' options."""

    def __init__(self, game: Game, power: int) -> None:
        self._parts: list[slice] = []
        at = 0
        for part, count in zip(game.role(power).actions, game.choice_counts, strict=False):
            if isinstance(part, Choice):
                self._parts.append(slice(at, at + len(part.options)))
            at += count
        self.width = sum(part.stop - part.start for part in self._parts)
        self._known: dict[bytes, tuple[NDArray[np.int8], ...]] = {}

    def flat(self, masks: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the power's options, its choices one after another, [..., options]."""
        if len(self._parts) == 1:
            return masks[..., self._parts[0]]
        return np.concatenate([masks[..., part] for part in self._parts], axis=-1)

    def space(self) -> gymnasium.Space[Any]:
        """Return the space of the values of `for_sampling`."""
        boxes = [
            gymnasium.spaces.Box(0, 1, (part.stop - part.start,), np.int8) for part in self._parts
        ]
        return boxes[0] if len(boxes) == 1 else gymnasium.spaces.Tuple(boxes)

    def for_sampling(self, mask: NDArray[np.int8]) -> Any:
        """Return the mask for ``space.sample(mask)``: an array, or a tuple with one per choice."""
        if len(self._parts) == 1:
            return mask[self._parts[0]]
        return tuple(mask[part] for part in self._parts)

    def kept_for_sampling(self, mask: NDArray[np.int8]) -> Any:
        """Return the same, with the tuples of earlier masks from a cache.

        Splitting a mask into many takes longer than a year of most games, and the same masks recur.
        The arrays in a tuple are read-only.
        """
        if len(self._parts) == 1:
            return self.for_sampling(mask)
        whole = mask.tobytes()
        found = self._known.get(whole)
        if found is None:
            if len(self._known) >= MASKS_KEPT:
                self._known.clear()
            found = self._known[whole] = self.for_sampling(np.frombuffer(whole, np.int8))
        return found
