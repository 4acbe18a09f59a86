"""The engine: games, parameters, worlds, the loop over them, and the registry."""
