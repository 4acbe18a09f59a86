"""Run by `test_compilation.py` in a process of its own: import, step, report as JSON."""

import json
import sys
import time

# Of the processor, not of the wall: other tests may run beside this process.
started = time.process_time()

import numpy as np  # noqa: E402

from counterpoise.envs.engine.worlds import Worlds  # noqa: E402

game_name = sys.argv[1]
worlds = Worlds(game_name, 2, max_cycles=6)
worlds.reset(3)
random_state = int(worlds.records["random_state"][0])
worlds.step(np.zeros((2, worlds.powers, worlds.game.action_width), int))
seconds = time.process_time() - started
rewards = worlds.rewards[0].tolist()

worlds.reset(3)
low, high = worlds.action_low[0], worlds.action_high[0]
numbers: dict[str, list[float]] = {"observations": [], "rewards": [], "year": []}
for step in range(9):
    share = np.abs(np.sin(np.arange(2)[:, None, None] + step + np.arange(worlds.powers)[:, None]))
    actions = low + share * (high - low)
    worlds.step(np.floor(actions).astype(int) if worlds.game.is_discrete else actions)
    numbers["observations"] += worlds.observations.ravel().tolist()
    numbers["rewards"] += worlds.rewards.ravel().tolist()
    numbers["year"] += worlds.records["year"].tolist()

if "--every-way-in" in sys.argv:
    import gymnasium
    import pettingzoo

    from counterpoise.envs import scenarios  # noqa: F401
    from counterpoise.envs.adapters.registries import pettingzoo_id

    pettingzoo.make("parallel", pettingzoo_id(game_name)).reset(seed=0)
    pettingzoo.make("aec", pettingzoo_id(game_name)).reset(seed=0)
    assert gymnasium.registry

import hashlib  # noqa: E402

from counterpoise.envs.engine import compilation, randomness  # noqa: E402

modules = [worlds.game.driver, randomness, sys.modules[f"counterpoise.envs.games.{game_name}"]]
dispatchers = [
    value
    for module in modules
    for value in vars(module).values()
    if hasattr(value, "py_func") and hasattr(value, "stats")
]
cache = compilation.cache_folder()
print(
    json.dumps(
        {
            "seconds": seconds,
            "rewards": rewards,
            "random_state": random_state,
            "digest": hashlib.sha256(
                worlds.records.tobytes() + worlds.rewards.tobytes()
            ).hexdigest(),
            "numbers": numbers if "--numbers" in sys.argv else None,
            "is_compiled": compilation.is_compiled(),
            "compiled": sum(sum(each.stats.cache_misses.values()) for each in dispatchers),
            "loaded": sum(sum(each.stats.cache_hits.values()) for each in dispatchers),
            "cache": None if cache is None else str(cache),
            "package": str(compilation.FOLDER),
            "heavy": [
                name
                for name in ("torch", "stable_baselines3", "matplotlib", "polars", "pandas")
                if name in sys.modules
            ],
        }
    )
)
