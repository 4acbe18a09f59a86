"""Digests of what every game does from fixed seeds, to show that a change keeps all numbers.

    python benchmarks/digests.py --out before.json       # on the code before the change
    python benchmarks/digests.py --compare before.json   # on the code after it

Every game in every variant and style of actions, and every scenario, is played at random for 60
steps; the digests cover each field of the records, the observations, masks and rewards. Every
doctrine and every policy of the zoo plays itself; their payoffs are kept to twelve decimals.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from counterpoise.agents import zoo
from counterpoise.agents.learned import load_profile
from counterpoise.agents.named import doctrines, profile
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.registration import game, game_names
from counterpoise.envs.engine.rollouts import play
from counterpoise.envs.engine.strategy import Profile
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.scenarios import scenario, scenario_names
from counterpoise.testing import random_actions

WORLDS, STEPS, LIMIT = 64, 60, 40


def digest(rules: Game, parameters: Any = None) -> dict[str, str]:
    """Return the digest of random play: records, observations, masks and rewards."""
    worlds = Worlds(rules, WORLDS, parameters, max_cycles=LIMIT)
    rng = np.random.default_rng(0)
    sums = {name: hashlib.sha256() for name in ("records", "observations", "masks", "rewards")}
    worlds.reset(0)
    for step in range(STEPS + 1):
        if step:
            worlds.step(random_actions(worlds, rng))
        for name in sorted(worlds.records.dtype.names):
            sums["records"].update(name.encode())
            sums["records"].update(np.ascontiguousarray(worlds.records[name]).tobytes())
        for name in ("observations", "masks", "rewards"):
            sums[name].update(getattr(worlds, name).tobytes())
    return {name: each.hexdigest()[:16] for name, each in sums.items()}


def payoffs(rules: Game, parameters: Any, strategies: Profile) -> list[float]:
    """Return each power's mean payoff over some worlds and years."""
    with Worlds(rules, WORLDS, parameters, autoreset=False) as worlds:
        rollout = play(worlds, strategies, seed=0, steps=LIMIT, keeps_records=False)
    return [round(float(each), 12) for each in rollout.rewards.sum(axis=0).mean(axis=0)]


def everything() -> Iterator[tuple[str, Any]]:
    """Go through all digests and payoffs, by name."""
    for name in game_names():
        rules = game(name)
        for variant, changes in {"default": {}, **rules.variants}.items():
            yield f"game {name}, {variant}", digest(rules, dict(changes))
        for style in rules.styles:
            yield f"game {name}, {style}", digest(rules.in_style(style))
        defaults = rules.parameters()
        for doctrine in doctrines(name):
            strategies = profile(doctrine, rules, defaults)
            yield f"doctrine {name}/{doctrine}", payoffs(rules, defaults, strategies)
    for name in scenario_names():
        found = scenario(name)
        yield f"scenario {name}", digest(game(found.game), found.parameters)
    for name in zoo.names():
        yield f"policy {name}", payoffs(*load_profile(zoo.folder_of(name)))


def main() -> None:
    """Write the digests, or compare them with those of another time."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--out", type=Path, help="file for the digests, as JSON")
    options.add_argument("--compare", type=Path, help="file of digests to compare with")
    chosen = options.parse_args()
    found = dict(everything())
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if chosen.compare is not None:
        before = json.loads(chosen.compare.read_text(encoding="utf-8"))
        changed = [name for name in {**before, **found} if before.get(name) != found.get(name)]
        for name in changed:
            print(f"changed: {name}")
        print(f"{len(found) - len(changed)} of {len(found)} are the same.")
        sys.exit(1 if changed else 0)
    if chosen.out is None:
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
