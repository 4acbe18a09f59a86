"""What each game's theory says should happen: equilibria, best responses, regret."""

if not __name__.startswith("counterpoise."):
    raise ImportError("import counterpoise.theory, not theory: the folder is part of the package")
