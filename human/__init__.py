"""People at the board: a game of people and strategies, saved and resumed, and its local page."""

if not __name__.startswith("counterpoise."):
    raise ImportError("import counterpoise.human, not human: the folder is part of the package")
