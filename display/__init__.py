"""Figures, tables, pages and replays of what was judged and played; nothing is judged here."""

from typing import TYPE_CHECKING, Any

if not __name__.startswith("counterpoise."):
    raise ImportError("import counterpoise.display, not display: the folder is part of the package")

if TYPE_CHECKING:
    from counterpoise.display.replay import replay

__all__ = ["replay"]


def __getattr__(name: str) -> Any:
    # Late, for it brings all that plays and solves games with it.
    if name == "replay":
        from counterpoise.display.replay import replay

        return replay
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
