"""The games that ship, one row each, and the names of the public face.

This is the one place that names every layer: `counterpoise.envs.engine.registration` holds the
table, and every layer finds the parts of a game through it.
"""

from counterpoise.envs.adapters.registries import register
from counterpoise.envs.engine.registration import GameRow, provide

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
# Shown as every game is, by the bars of its outcomes.
WITHOUT_FIGURES = ("buck_passing",)


# What ``import counterpoise`` offers; each is imported when it is first used.
FACE = {
    "GameRow": "counterpoise.envs.engine.registration:GameRow",
    "Worlds": "counterpoise.envs.engine.worlds:Worlds",
    "best_response": "counterpoise.face:best_response",
    "compare": "counterpoise.face:compare",
    "game": "counterpoise.envs.engine.registration:game",
    "games": "counterpoise.envs.engine.registration:game_names",
    "load": "counterpoise.face:load",
    "make": "counterpoise.face:make",
    "play": "counterpoise.human.play:play",
    "regret": "counterpoise.face:regret",
    "register": "counterpoise.envs.adapters.registries:register",
    "scenario": "counterpoise.envs.scenarios:scenario",
    "solve": "counterpoise.face:solve",
    "train": "counterpoise.face:train",
    "watch": "counterpoise.face:watch",
}


def register_games() -> None:
    """Register the games that ship."""
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
                display=""
                if name in WITHOUT_FIGURES
                else f"counterpoise.display.games.{name}:DISPLAY",
            )
        )
    register(
        GameRow(
            name="grand_strategy",
            version=1,
            superseded=(
                "alliances took two offers in the same year and attack was weak: powers that "
                "learned did not ally, did not concede and did not fight",
            ),
            rules="counterpoise.envs.games.grand_strategy:GAME",
            doctrines="counterpoise.agents.doctrines.grand_strategy:DOCTRINES",
            display="counterpoise.display.games.grand_strategy:DISPLAY",
            exam="counterpoise.evaluation.populations.exams.grand_strategy:EXAM",
            briefing="counterpoise.human.briefings.grand_strategy:BRIEFING",
            ties="counterpoise.evaluation.populations.ties:GRAND_STRATEGY",
        )
    )
