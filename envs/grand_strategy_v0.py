"""The full game on one budget, as a PettingZoo environment.

The rules stand in `counterpoise.envs.games.grand_strategy`; settings are those of
`counterpoise.envs.parallel.CounterpoiseParallel`.
"""

from counterpoise.envs.parallel import ways_in

__all__ = ["env", "parallel_env", "raw_env"]

parallel_env, env, raw_env = ways_in("grand_strategy", version=0)
