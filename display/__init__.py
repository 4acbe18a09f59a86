"""Figures, tables, pages and replays of what was judged and played; nothing is judged here."""

if not __name__.startswith("counterpoise."):
    raise ImportError("import counterpoise.display, not display: the folder is part of the package")
