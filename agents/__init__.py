"""Who plays: strategies behind one batched interface."""

if not __name__.startswith("counterpoise."):
    raise ImportError("import counterpoise.agents, not agents: the folder is part of the package")
