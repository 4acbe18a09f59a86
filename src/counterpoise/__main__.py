"""Run the command line as ``python -m counterpoise``."""

from counterpoise.command_line import main

main()
