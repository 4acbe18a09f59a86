"""The rules of every game, and every way into them.

`counterpoise.envs` knows nobody: theory, agents, training and evaluation build on it.
"""

if not __name__.startswith("counterpoise."):
    raise ImportError("import counterpoise.envs, not envs: the folder is part of the package")
