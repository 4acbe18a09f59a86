"""The games that ship, one row each.

This is the one place that knows every layer: `counterpoise.envs.engine.registration` holds the
table, and everything below finds the parts of a game through it.
"""

from counterpoise.envs.engine.registration import GameRow, provide, register

# Name and version; any change of dynamics, spaces or rewards raises the version.
SOLVED = {
    "burden_sharing": 0,
    "arms_race": 0,
    "guns_and_butter": 0,
    "arms_or_allies": 0,
    "chokepoint": 0,
    "deterrence": 0,
    "buck_passing": 0,
    "pledge": 0,
    "paradox_of_power": 0,
    "shifting_power": 0,
}


def register_games() -> None:
    """Fill the registry."""
    provide("strategy", "counterpoise.agents.named:strategy")
    provide("picture", "counterpoise.display.picture:picture")
    for name, version in SOLVED.items():
        register(
            GameRow(
                name=name,
                version=version,
                rules=f"counterpoise.envs.games.{name}:GAME",
                theory=f"counterpoise.theory.{name}:THEORY",
                doctrines=f"counterpoise.agents.doctrines.{name}:DOCTRINES",
                display=f"counterpoise.display.games.{name}:DISPLAY",
            )
        )
    register(
        GameRow(
            name="grand_strategy",
            version=0,
            rules="counterpoise.envs.games.grand_strategy:GAME",
            doctrines="counterpoise.agents.doctrines.grand_strategy:DOCTRINES",
            display="counterpoise.display.games.grand_strategy:DISPLAY",
            exam="counterpoise.evaluation.populations.exams.grand_strategy:EXAM",
            briefing="counterpoise.human.briefings.grand_strategy:BRIEFING",
        )
    )
