"""Judging: learned profiles against equilibria, populations, and signed predictions."""

if not __name__.startswith("counterpoise."):
    raise ImportError(
        "import counterpoise.evaluation, not evaluation: the folder is part of the package"
    )
