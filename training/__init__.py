"""Training: configurations, learners, policies and runs."""

if not __name__.startswith("counterpoise."):
    raise ImportError(
        "import counterpoise.training, not training: the folder is part of the package"
    )
