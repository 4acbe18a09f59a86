"""Run the command line as ``python -m counterpoise``."""

from counterpoise.cli import main

main()
