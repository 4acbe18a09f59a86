"""The command line."""

from counterpoise.cli.app import main

__all__ = ["main"]
