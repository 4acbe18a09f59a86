"""The paradox of power, as a PettingZoo environment.

The rules stand in `counterpoise.envs.games.paradox_of_power`; settings are those of
`counterpoise.envs.parallel.CounterpoiseParallel`.
"""

from counterpoise.envs.parallel import ways_in

__all__ = ["env", "parallel_env", "raw_env"]

parallel_env, env, raw_env = ways_in("paradox_of_power", version=0)
