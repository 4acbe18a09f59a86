"""Claims about who plays what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.scenarios import scenario
from counterpoise.human.saved import SavedTable
from counterpoise.human.setup import seat_named

Begin = Callable[..., SavedTable]


def test_seats_are_named_in_any_case(tmp_path: Path, begin: Begin, india: tuple[str, ...]) -> None:
    names = scenario("india").names
    assert names[seat_named("united_states", names)] == "United States"
    assert seat_named("INDIA", names) == 0
    assert seat_named("power_3", names) == seat_named("3", names) == 3
    for wrong in ("indi", "6", "-1", "²"):
        with pytest.raises(CounterpoiseError, match="There is no power"):
            seat_named(wrong, names)
    with pytest.raises(CounterpoiseError, match="one person"):
        begin(tmp_path, humans=(0, 0))
    with pytest.raises(CounterpoiseError, match="no_such"):
        begin(tmp_path, beside=("no_such",))
