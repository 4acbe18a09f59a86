"""Who plays: strategies behind one batched interface."""

from typing import TYPE_CHECKING, Any

if not __name__.startswith("counterpoise."):
    raise ImportError("import counterpoise.agents, not agents: the folder is part of the package")

if TYPE_CHECKING:
    from counterpoise.agents.zoo import load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    # Late, for playing a policy brings more with it than an import should.
    if name == "load":
        from counterpoise.agents.zoo import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
