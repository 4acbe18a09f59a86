"""What the pages of the games show of the code: tables of what a game declares, and its modules."""

from __future__ import annotations

import dataclasses
import functools
import re
from pathlib import Path

from markdown_tables import Table, column, first_line, shown, table, tables_of
from prediction_pages import anchor
from sphinx.errors import ExtensionError

from counterpoise.agents.named import doctrines
from counterpoise.envs.adapters.registries import gymnasium_id, pettingzoo_id
from counterpoise.envs.engine.game import Choice, Continuous, Game
from counterpoise.envs.engine.parameters import Declaration
from counterpoise.envs.engine.registration import game, game_names, has_part, row
from counterpoise.envs.scenarios import Scenario, scenario, scenario_names
from counterpoise.theory import prediction
from counterpoise.training.configuration import Configuration, load, shipped

# Fields of a row of the registry that name no module.
NO_MODULES = ("name", "version", "superseded")

IMAGES = Path(__file__).resolve().parents[1] / "images"

# Headings of the pages of games under which the table of observations, or the figure, stands.
OBSERVATION_HEADINGS = ("What a power sees", "Observation")
THEORY_HEADINGS = ("What the theory says", "The equilibrium", "Solution")

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "Delta": "Δ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ",
    "chi": "χ", "psi": "ψ",
}  # fmt: skip
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@functools.cache
def every_training() -> list[Configuration]:
    """Return every training of the package, read once: reading checks all of its worlds."""
    return [load(name) for name in shipped()]


@functools.cache
def every_scenario() -> list[Scenario]:
    """Return every scenario of the package."""
    return [scenario(name) for name in scenario_names()]


# -- what a game declares --------------------------------------------------------------------------


def shown_unit(unit: str) -> str:
    """Return a unit as a page shows it: nothing for the unit 1."""
    return "" if unit == "1" else unit.replace("^2", "²")


def default_of(declaration: Declaration) -> str:
    """Return a parameter's default as a page shows it."""
    if not declaration.per_power:
        return shown(declaration.default)
    values = declaration.default
    return shown(values) if len(values) > 1 else f"{shown(values[0])} each"


def range_of(declaration: Declaration) -> str:
    """Return a parameter's range as a page shows it."""
    if declaration.type is bool:
        return "yes or no"
    return f"{shown(declaration.low)} to {shown(declaration.high)}"


def _symbol_apart(words: str) -> tuple[str, str]:
    """Return the symbol with which a description begins, as in ``rho: fear``, and the rest."""
    begins = re.match(r"(?P<symbol>\w{1,8}(?: / \w{1,4})?|r\*): (?P<rest>.*)", words)
    if not begins:
        return "", words
    symbol = begins["symbol"]
    name, _, below = symbol.partition("_")
    if name not in GREEK and len(name) > 3:
        return "", words
    return GREEK.get(name, name) + below.translate(SUBSCRIPTS), begins["rest"]


def _sentence(words: str) -> str:
    """Return words with a capital, unless they begin with a symbol, and without a full stop."""
    first = words.split(" ", 1)[0]
    symbol = first.removesuffix(":").partition("_")[0]
    is_symbol = len(first) == 1 or (first.endswith(":") and (symbol in GREEK or len(symbol) <= 3))
    begins = words if is_symbol else words[:1].upper() + words[1:]
    return begins.rstrip(".")


def parameter_table(the_game: Game, written: Table | None = None) -> str:
    """Return a table of a game's parameters, with values as the game declares them.

    Parameters
    ----------
    the_game : Game
    written : Table, optional
        The table on the page, whose symbols and words are kept.
    """
    symbols = column(written, "symbol")
    meanings = column(written, "meaning", "meaning (equation)")
    rows = []
    for name, declaration in the_game.parameters.declarations.items():
        symbol, doc = _symbol_apart(declaration.doc)
        unit = shown_unit(declaration.unit)
        if declaration.per_power or declaration.per_pair:
            unit = f"{unit} per {'power' if declaration.per_power else 'pair'}".strip()
        if written is not None and "symbol" not in written.head:
            # On this page the symbol is part of the words.
            symbol, doc = "", declaration.doc
        rows.append(
            [
                f"`{name}`", symbols.get(name, symbol), default_of(declaration),
                range_of(declaration), unit, "yes" if declaration.observed else "",
                _sentence(meanings.get(name) or doc),
            ]
        )  # fmt: skip
    head = ["parameter", "symbol", "default", "range", "unit", "seen", "meaning"]
    if not any(row[1] for row in rows):
        head, rows = head[:1] + head[2:], [row[:1] + row[2:] for row in rows]
    return table(head, rows)


def observation_table(the_game: Game, written: Table | None = None) -> str:
    """Return a table of the observation: the features, then the observed parameters."""
    meanings = column(written, "meaning")
    rows = []
    for feature in the_game.features:
        name = f"{feature.name}_k" if feature.others else feature.name
        said = [meanings.get(each) for each in (name, feature.name, f"{feature.name}_0")]
        rows.append(
            [
                f"`{name}`", "`powers` − 1" if feature.others else "1",
                f"{shown(feature.low)} to {shown(feature.high)}", shown_unit(feature.unit),
                _sentence(next((each for each in said if each), feature.doc)),
            ]
        )  # fmt: skip
    for name, declaration in the_game.parameters.declarations.items():
        if declaration.observed:
            rows.append(
                [
                    f"`{name}_k`" if declaration.per_power else f"`{name}`",
                    "`powers`" if declaration.per_power else "1",
                    range_of(declaration), shown_unit(declaration.unit),
                    "The parameter" + (", of each power" if declaration.per_power else ""),
                ]
            )  # fmt: skip
    return table(["name", "columns", "range", "unit", "meaning"], rows)


def action_table(the_game: Game) -> str:
    """Return a table of the actions: every part of every role's action."""
    rows = []
    for role in dict.fromkeys(the_game.roles):
        for part in role.actions:
            name = f"`{part.name}`" + (" towards each other" if part.others else "")
            if isinstance(part, Choice):
                count = f"{len(part.options)} options"
                what = "; ".join(f"{number} {each}" for number, each in enumerate(part.options))
                if part.each:
                    # One further option for each other power.
                    count = f"`powers` − 1 + {len(part.options)} options"
                    what += f"; then {part.each} each other"
                rows.append([role.name, name, f"{count}: {what}", "", part.doc])
            else:
                rows.append([role.name, name, _bounds(part), shown_unit(part.unit), part.doc])
    return table(["role", "part", "options or range", "unit", "meaning"], rows)


def _bounds(part: Continuous) -> str:
    return " to ".join(
        f"`{bound}`" if isinstance(bound, str) else shown(bound) for bound in (part.low, part.high)
    )


def variant_table(the_game: Game) -> str:
    """Return a table of the game's variants and their changes."""
    return table(
        ["variant", "changes"],
        [
            [f"`{name}`", "; ".join(f"`{key}` {shown(value)}" for key, value in changes.items())]
            for name, changes in the_game.variants.items()
        ],
    )


def doctrine_table(name: str) -> str:
    """Return a table of the game's scripted strategies."""
    return table(
        ["doctrine", "what it does"],
        [[f"`{each}`", first_line(kind)] for each, kind in doctrines(name).items()],
    )


def ways_in_table(the_game: Game) -> str:
    """Return the names, spaces and sizes of a game."""
    name = the_game.name
    parameters = the_game.parameters()
    seated = the_game.seated(parameters.powers)
    roles = list(dict.fromkeys(seated.roles))
    declared = the_game.parameters.declarations["powers"]
    # A role may need more powers than there are by default.
    for_all = parameters.replace(powers=max(parameters.powers, len(seated.roles)))
    spaces = []
    for role in roles:
        space = the_game.seated(for_all.powers).action_space(for_all, seated.roles.index(role))
        kind = type(space).__name__
        size = f"({space.n})" if kind == "Discrete" else f" of {space.shape[0]}"
        spaces.append(f"`{kind}`{size}" + (f" for the {role.name}" if len(roles) > 1 else ""))
    low, high = int(declared.low), int(declared.high)
    trainings = [each.name for each in every_training() if each.game == name]
    scenarios = [each.name for each in every_scenario() if each.game == name]
    rows = [
        ["import", f"`from counterpoise.envs import {name}_v{the_game.version}`"],
        ["PettingZoo", f"`{pettingzoo_id(name)}`"],
        ["Gymnasium", f"`{gymnasium_id(name)}`"],
        ["powers", f"{low}" if low == high else f"{low} to {high}, by default {declared.default}"],
        ["phases per year", ", ".join(f"`{phase}`" for phase in the_game.phases)],
        ["action", "; ".join(spaces)],
        ["observation", f"{len(seated.observation_names(parameters.powers))} numbers, float32"],
        ["truncated after", f"{the_game.default_max_cycles:,} steps"],
        ["trainings", ", ".join(f"`{each}`" for each in trainings)],
        ["scenarios", ", ".join(f"`{each}`" for each in scenarios)],
        ["version", f"v{the_game.version}"],
    ]
    return table(["", ""], [row for row in rows if row[1]])


def modules_of(name: str) -> str:
    """Return links to the modules of a game, as the registry names them."""
    the_row = row(name)
    parts = [field.name for field in dataclasses.fields(the_row) if field.name not in NO_MODULES]
    places = [(part, getattr(the_row, part).partition(":")[0]) for part in parts]
    return ", ".join(f"{part} {{py:mod}}`{module}`" for part, module in places if module)


# -- pages of games --------------------------------------------------------------------------------


def game_page(text: str, name: str) -> str:
    """Return a game's page with its generated tables and its figure.

    The tables of parameters and of observations replace the hand-written ones, whose symbols and
    words they keep. Other declarations of the game follow at the end.
    """
    the_game = game(name)
    lines = text.splitlines()
    found = tables_of(text)
    parameters = next((each for each in found if "default" in each.head), None)
    observation = next(
        (each for each in found if each.section in OBSERVATION_HEADINGS and each != parameters),
        None,
    )
    made = {
        parameters: functools.partial(parameter_table, the_game, parameters),
        observation: functools.partial(observation_table, the_game, observation),
    }
    for each in sorted((each for each in made if each is not None), key=lambda each: -each.first):
        lines[each.first : each.end] = made[each]().splitlines()
    picture = f"../images/{name}.png"
    if picture not in text and (IMAGES / f"{name}.png").is_file():
        lines = _with_figure(lines, f"![The equilibrium of {name}]({picture})")
    lines += ["", "## In the code", "", f"Modules: {modules_of(name)}.", ""]
    lines += [ways_in_table(the_game), ""]
    if parameters is None:
        lines += ["### Parameters", "", parameter_table(the_game), ""]
    if observation is None:
        lines += ["### Observation", "", observation_table(the_game), ""]
    lines += ["### Actions", "", action_table(the_game), ""]
    if "Doctrines" not in {each.section for each in found}:
        lines += ["### Doctrines", "", doctrine_table(name), ""]
    if the_game.variants:
        lines += ["### Variants", "", variant_table(the_game), ""]
    return "\n".join([*lines, *predictions_about(name)]) + "\n"


def _with_figure(lines: list[str], figure: str) -> list[str]:
    place = next(
        (
            k
            for k, line in enumerate(lines)
            if line.lstrip("# ") in THEORY_HEADINGS and line[0] == "#"
        ),
        None,
    )
    if place is None:
        raise ExtensionError(f"No heading for {figure}: one of {', '.join(THEORY_HEADINGS)}.")
    return [*lines[: place + 1], "", figure, *lines[place + 1 :]]


def predictions_about(name: str) -> list[str]:
    """Return links to the predictions whose source a game is; all of them for the full game."""
    about = []
    for each in map(prediction.load, prediction.shipped()):
        sources = [source.strip() for source in each.source.split(";")]
        if name in sources or not has_part(name, "theory"):
            about.append(f"- [{each.name}: {each.title}](#{anchor(each)})")
    if not about:
        return []
    whose = "for the full game" if has_part(name, "theory") else "of the literature"
    return ["## Predictions", "", f"Predictions {whose}:", "", *about, ""]


# -- lists -----------------------------------------------------------------------------------------


def games() -> str:
    """Return a table of the games, with links to their pages, and their table of contents."""
    rows = table(
        ["game", "what it is", "source", "powers", "actions", "solved"],
        [
            [
                f"[`{each.name}`]({each.name}.md)", each.title, each.source,
                _powers(each), "choices" if each.is_discrete else "amounts",
                "yes" if has_part(each.name, "theory") else "no",
            ]
            for each in map(game, game_names())
        ],
    )  # fmt: skip
    return "\n".join([rows, "", "```{toctree}", ":hidden:", "", *game_names(), "```"])


def _powers(the_game: Game) -> str:
    declared = the_game.parameters.declarations["powers"]
    low, high = int(declared.low), int(declared.high)
    return f"{low}" if low == high else f"{low}–{high}"


def scenarios() -> str:
    """Return a table of the scenarios and their sources."""
    return table(
        ["scenario", "game", "what it is", "sources"],
        [
            [f"`{each.name}`", f"`{each.game}`", each.title, " ".join(each.sources)]
            for each in every_scenario()
        ],
    )


def trainings() -> str:
    """Return a table of the trainings of the package."""
    return table(
        ["training", "game", "algorithm", "policy", "decisions"],
        [
            [
                f"`{each.name}`", f"`{each.game}`", f"`{each.algorithm}`",
                f"`{each.network.policy}`", f"{each.agent_steps:,}",
            ]
            for each in every_training()
        ],
    )  # fmt: skip
