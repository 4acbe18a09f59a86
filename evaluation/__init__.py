"""What did happen against what should: comparison, figures, report, replay."""

from typing import TYPE_CHECKING, Any

if not __name__.startswith("counterpoise."):
    raise ImportError(
        "import counterpoise.evaluation, not evaluation: the folder is part of the package"
    )

if TYPE_CHECKING:
    from counterpoise.evaluation.replay_page import replay

__all__ = ["replay"]


def __getattr__(name: str) -> Any:
    # Late, for it brings all that plays and solves games with it.
    if name == "replay":
        from counterpoise.evaluation.replay_page import replay

        return replay
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
