"""Players: scripted, learned and mixed strategies behind one batched interface."""

from typing import TYPE_CHECKING, Any

if not __name__.startswith("counterpoise."):
    raise ImportError("import counterpoise.agents, not agents: the folder is part of the package")

if TYPE_CHECKING:
    from counterpoise.agents.zoo import load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    # Imported on demand: loading a policy needs packages that an import should not.
    if name == "load":
        from counterpoise.agents.zoo import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
