"""Learning: slots for Stable-Baselines3, policies, runs and their configurations."""

if not __name__.startswith("counterpoise."):
    raise ImportError(
        "import counterpoise.training, not training: the folder is part of the package"
    )
