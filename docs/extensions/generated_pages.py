"""What the pages show of the code is read off the code while the site is built.

A page asks for it by a comment on a line of its own, such as ``<!-- generated: games -->``;
`PARTS` lists what there is. The page of a game needs no comment: its tables of parameters and of
observations are written anew from the game's declarations in the place of the hand-written ones,
whose symbols and words they keep, and what the game declares beside these follows at the end.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
import yaml
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.matching import patfilter

from counterpoise.agents.named import doctrines
from counterpoise.cli.app import app as command_line
from counterpoise.envs.engine.game import Choice, Continuous, Game
from counterpoise.envs.engine.parameters import Declaration
from counterpoise.envs.engine.registration import game, game_names, gymnasium_id, pettingzoo_id
from counterpoise.envs.scenarios import Scenario, scenario, scenario_names
from counterpoise.theory import prediction
from counterpoise.theory.metrics import METRICS
from counterpoise.theory.regret import is_solved
from counterpoise.training.configuration import Configuration, load, shipped

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent

OTHER_PAGES = "<!-- other pages -->"
ASKED = re.compile(r"^<!-- generated: (?P<part>[\w -]+) -->$", re.MULTILINE)

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
    """Return every training that comes with the package; reading one checks all of its worlds."""
    return [load(name) for name in shipped()]


@functools.cache
def every_scenario() -> list[Scenario]:
    """Return every scenario that comes with the package."""
    return [scenario(name) for name in scenario_names()]


# -- tables in Markdown ----------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table on a page: where it stands, and what its cells say.

    Attributes
    ----------
    first, end : int
        Its lines, from `first` to before `end`.
    section : str
        The heading that it stands under.
    """

    first: int
    end: int
    section: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables_of(text: str) -> list[Table]:
    """Return every table of a page, outside blocks of code."""
    found: list[Table] = []
    lines, section, is_code, at = text.splitlines(), "", False, 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("```"):
            is_code = not is_code
        elif not is_code and line.startswith("#"):
            section = line.lstrip("# ").strip()
        elif not is_code and line.startswith("|"):
            first = at
            while at < len(lines) and lines[at].startswith("|"):
                at += 1
            rows = [_cells(row) for row in lines[first:at]]
            found.append(Table(first, at, section, rows[0], tuple(rows[2:])))
            continue
        at += 1
    return found


def _cells(line: str) -> tuple[str, ...]:
    parts = re.split(r"(?<!\\)\|", line.strip())[1:-1]
    return tuple(part.strip().replace(r"\|", "|") for part in parts)


def _names_in(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def _column(found: Table | None, *heads: str) -> dict[str, str]:
    """Return what a column of a hand-written table says of each name in its rows."""
    if found is None:
        return {}
    place = next((k for k, head in enumerate(found.head) if head in heads), None)
    names = next(
        (k for k, head in enumerate(found.head) if head in ("parameter", "name", "feature")), 0
    )
    said: dict[str, str] = {}
    for row in found.rows if place is not None else ():
        known = _names_in(row[names])
        value = row[place].replace("*seen*", "").strip()
        # One row for several names gives their symbols in the same order.
        parts = [part.strip() for part in value.strip("$").split(",")]
        if len(known) > 1 and len(parts) == len(known):
            dollar = "$" if value.startswith("$") else ""
            said |= {
                name: f"{dollar}{part}{dollar}" for name, part in zip(known, parts, strict=True)
            }
        else:
            said |= {name: value for name in known}
    return said


# -- what a game declares --------------------------------------------------------------------------


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}".replace("-", "−")
    if isinstance(value, tuple | list):
        return ", ".join(_shown(each) for each in value)
    return str(value)


def _shown_unit(unit: str) -> str:
    return "" if unit == "1" else unit.replace("^2", "²")


def _default(declaration: Declaration) -> str:
    if not declaration.per_power:
        return _shown(declaration.default)
    values = declaration.default
    return _shown(values) if len(values) > 1 else f"{_shown(values[0])} each"


def _range(declaration: Declaration) -> str:
    if declaration.type is bool:
        return "yes or no"
    return f"{_shown(declaration.low)} to {_shown(declaration.high)}"


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
    """Return a game's parameters, every figure as the game declares it.

    Parameters
    ----------
    the_game : Game
    written : Table, optional
        The page's own table, whose symbols and words are kept.
    """
    symbols = _column(written, "symbol")
    meanings = _column(written, "meaning", "meaning (equation)")
    rows = []
    for name, declaration in the_game.parameters.declarations.items():
        symbol, doc = _symbol_apart(declaration.doc)
        unit = _shown_unit(declaration.unit)
        if declaration.per_power or declaration.per_pair:
            unit = f"{unit} each {'power' if declaration.per_power else 'pair'}".strip()
        if written is not None and "symbol" not in written.head:
            # The page speaks of the symbol within the words.
            symbol, doc = "", declaration.doc
        rows.append(
            [
                f"`{name}`", symbols.get(name, symbol), _default(declaration), _range(declaration),
                unit, "yes" if declaration.observed else "", _sentence(meanings.get(name) or doc),
            ]
        )  # fmt: skip
    head = ["parameter", "symbol", "default", "range", "unit", "seen", "meaning"]
    if not any(row[1] for row in rows):
        head, rows = head[:1] + head[2:], [row[:1] + row[2:] for row in rows]
    return table(head, rows)


def observation_table(the_game: Game, written: Table | None = None) -> str:
    """Return what a power sees, column by column: the features, then the observed parameters."""
    meanings = _column(written, "meaning")
    rows = []
    for feature in the_game.features:
        name = f"{feature.name}_k" if feature.others else feature.name
        said = [meanings.get(each) for each in (name, feature.name, f"{feature.name}_0")]
        rows.append(
            [
                f"`{name}`", "`powers` − 1" if feature.others else "1",
                f"{_shown(feature.low)} to {_shown(feature.high)}", _shown_unit(feature.unit),
                _sentence(next((each for each in said if each), feature.doc)),
            ]
        )  # fmt: skip
    for name, declaration in the_game.parameters.declarations.items():
        if declaration.observed:
            rows.append(
                [
                    f"`{name}_k`" if declaration.per_power else f"`{name}`",
                    "`powers`" if declaration.per_power else "1",
                    _range(declaration), _shown_unit(declaration.unit),
                    "The parameter" + (", of each power" if declaration.per_power else ""),
                ]
            )  # fmt: skip
    return table(["name", "columns", "range", "unit", "meaning"], rows)


def action_table(the_game: Game) -> str:
    """Return what the powers do: every part of every role's action."""
    rows = []
    for role in dict.fromkeys(the_game.roles):
        for part in role.actions:
            name = f"`{part.name}`" + (" towards each other" if part.others else "")
            if isinstance(part, Choice):
                count = len(part.options)
                what = "; ".join(f"{number} {each}" for number, each in enumerate(part.options))
                rows.append([role.name, name, f"{count} options: {what}", "", part.doc])
            else:
                rows.append([role.name, name, _bounds(part), _shown_unit(part.unit), part.doc])
    return table(["role", "part", "options or range", "unit", "meaning"], rows)


def _bounds(part: Continuous) -> str:
    return " to ".join(
        f"`{bound}`" if isinstance(bound, str) else _shown(bound) for bound in (part.low, part.high)
    )


def variant_table(the_game: Game) -> str:
    """Return the game's variants and what each changes."""
    return table(
        ["variant", "changes"],
        [
            [f"`{name}`", "; ".join(f"`{key}` {_shown(value)}" for key, value in changes.items())]
            for name, changes in the_game.variants.items()
        ],
    )


def doctrine_table(name: str) -> str:
    """Return the scripted strategies of a game."""
    return table(
        ["doctrine", "what it does"],
        [[f"`{each}`", _first_line(kind)] for each, kind in doctrines(name).items()],
    )


def _first_line(what: Any) -> str:
    return (inspect.getdoc(what) or "").split("\n\n")[0].replace("\n", " ")


def ways_in_table(the_game: Game) -> str:
    """Return how the game is reached, and how large it is."""
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
        ["phases of a year", ", ".join(f"`{phase}`" for phase in the_game.phases)],
        ["action", "; ".join(spaces)],
        ["observation", f"{len(seated.observation_names(parameters.powers))} numbers, float32"],
        ["cut off after", f"{the_game.default_max_cycles:,} steps, if it has not ended by itself"],
        ["trainings", ", ".join(f"`{each}`" for each in trainings)],
        ["scenarios", ", ".join(f"`{each}`" for each in scenarios)],
        ["version", f"v{the_game.version}"],
    ]
    return table(["", ""], [row for row in rows if row[1]])


def modules_of(name: str) -> str:
    """Return a list of links to the modules that hold a game."""
    places = [("rules", f"counterpoise.envs.games.{name}")]
    if is_solved(name):
        places.append(("theory", f"counterpoise.theory.{name}"))
    places += [("doctrines", f"counterpoise.agents.{name}")]
    places += [("figures", f"counterpoise.evaluation.{name}")]
    return ", ".join(f"{kind} {{py:mod}}`{module}`" for kind, module in places)


# -- pages of games --------------------------------------------------------------------------------


def game_page(text: str, name: str) -> str:
    """Return a game's page with its tables and its figure as they are built."""
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
    if picture not in text and (DOCS / "images" / f"{name}.png").is_file():
        lines = _with_figure(lines, f"![The equilibrium of {name}]({picture})")
    lines += ["", "## In the code", "", f"In the modules: {modules_of(name)}.", ""]
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
        if name in sources or not is_solved(name):
            about.append(f"- [{each.name}: {each.title}](#{_anchor(each)})")
    if not about:
        return []
    where = "which is asked of the full game" if is_solved(name) else "of the literature"
    return ["## Predictions", "", f"What is predicted, {where}:", "", *about, ""]


# -- lists -----------------------------------------------------------------------------------------


def games() -> str:
    """Return every game in a row, with a link to its page, and their table of contents."""
    rows = table(
        ["game", "what it is", "source", "powers", "actions", "solved"],
        [
            [
                f"[`{each.name}`]({each.name}.md)", each.title, each.source,
                _powers(each), "choices" if each.is_discrete else "amounts",
                "yes" if is_solved(each.name) else "no",
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
    """Return every scenario with its sources."""
    return table(
        ["scenario", "game", "what it is", "sources"],
        [
            [f"`{each.name}`", f"`{each.game}`", each.title, " ".join(each.sources)]
            for each in every_scenario()
        ],
    )


def trainings() -> str:
    """Return every training that comes with the package."""
    return table(
        ["training", "game", "algorithm", "policy", "decisions"],
        [
            [
                f"`{each.name}`", f"`{each.game}`", f"`{each.algorithm}`", f"`{each.policy}`",
                f"{each.agent_steps:,}",
            ]
            for each in every_training()
        ],
    )  # fmt: skip


def metrics() -> str:
    """Return every metric that predictions ask for."""
    return table(
        ["metric", "unit", "what it is"],
        [[f"`{name}`", spec.unit, spec.doc] for name, spec in METRICS.items()],
    )


# -- predictions -----------------------------------------------------------------------------------


def predictions() -> str:
    """Return every prediction: statement, source, treatments, outcomes and boundary."""
    return "\n\n".join(_prediction(prediction.load(name)) for name in prediction.shipped())


def _anchor(each: prediction.Prediction) -> str:
    return f"prediction-{each.name.lower()}"


def _prediction(each: prediction.Prediction) -> str:
    parts = [
        f"({_anchor(each)})=\n## {each.name}: {each.title}",
        each.statement,
        f"*Source*: {each.source}. *Asked of*: the population of `{each.population}`.",
    ]
    if each.caution:
        parts.append(f"*Caution*: {each.caution}")
    rows = []
    for test in each.tests:
        treatment = test.treatment
        levels = treatment.words or [_shown(level) for level in treatment.levels]
        given = [f"`{name}` {_shown(value)}" for name, value in test.parameters.items()]
        rows.append(
            [
                test.name, f"{treatment.name}: {', '.join(levels)}", "; ".join(given),
                "; ".join(_outcome(outcome) for outcome in test.outcomes),
                "boundary" if test.reverses else "",
            ]
        )  # fmt: skip
    parts.append(table(["test", "treatment", "throughout", "expected", ""], rows))
    return "\n\n".join(parts)


def _outcome(outcome: prediction.Expectation) -> str:
    words = f"`{outcome.metric}` {outcome.expected}"
    if outcome.expected == prediction.HALVED_BEFORE:
        words += f" {_shown(outcome.threshold)}"
    if outcome.of != prediction.EVERYONE:
        words += f", of the {outcome.of}"
    if outcome.seats:
        words += f", of seat{'s' if len(outcome.seats) > 1 else ''} {_shown(outcome.seats)}"
    first, end = outcome.years
    return f"{words}, years {first} to {end - 1}"


# -- the command line ------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Asked:
    """One argument or option of a command: how it is written, what it means, its default."""

    name: str
    meaning: str
    default: str
    is_argument: bool


def commands() -> str:
    """Return every command with its arguments and options, as ``--help`` says them."""
    return "\n\n".join(_command(each) for each in command_line.registered_commands)


def command_name(command: Any) -> str:
    """Return what a command is called."""
    return str(command.name or command.callback.__name__.replace("_", "-"))


def asked_of(command: Any) -> list[Asked]:
    """Return the arguments and options of a command, in order."""
    hints = typing.get_type_hints(command.callback, include_extras=True)
    found = []
    for name, parameter in inspect.signature(command.callback).parameters.items():
        hint = hints[name]
        info = next(
            part
            for part in getattr(hint, "__metadata__", ())
            if isinstance(part, typer.models.ParameterInfo)
        )
        is_argument = isinstance(info, typer.models.ArgumentInfo)
        if is_argument:
            shown = info.metavar or name.upper()
        else:
            # Within `Annotated` the first name stands where a default would.
            names = [each for each in (info.default, *(info.param_decls or ())) if each is not ...]
            shown = ", ".join(names or [f"--{name.replace('_', '-')}"])
            if hint.__origin__ is not bool:
                shown += f" {info.metavar or _kind(hint.__origin__)}"
        has_default = parameter.default not in (parameter.empty, None, False, "")
        default = f"`{parameter.default}`" if has_default else ""
        found.append(Asked(shown, info.help or "", default, is_argument))
    return found


def _kind(hint: Any) -> str:
    kinds = [each for each in typing.get_args(hint) or (hint,) if each is not type(None)]
    words = {int: "NUMBER", float: "NUMBER", str: "TEXT", Path: "PATH"}
    return next((words[each] for each in kinds if each in words), "TEXT")


def _command(command: Any) -> str:
    name, asked = command_name(command), asked_of(command)
    first, *rest = (inspect.getdoc(command.callback) or "").split("\n\n")
    lines = [line.strip() for part in rest for line in part.splitlines() if line.strip()]
    shown = [line for line in lines if line.startswith("counterpoise ")]
    words = " ".join(line for line in lines if line not in shown)
    arguments = [each.name for each in asked if each.is_argument]
    options = [each for each in asked if not each.is_argument]
    usage = " ".join(["counterpoise", name, *arguments, *(["[OPTIONS]"] if options else [])])
    parts = [f"## {name}", first.replace("\n", " "), words, f"```text\n{usage}\n```"]
    if shown:
        parts.append("```console\n" + "\n".join(shown) + "\n```")
    if options:
        rows = [[f"`{each.name}`", each.meaning, each.default] for each in options]
        parts.append(table(["option", "meaning", "default"], rows))
    return "\n\n".join(part for part in parts if part)


# -- pages that stand elsewhere, or are not there yet ----------------------------------------------


def modules(package: str, but: Sequence[str] = ()) -> str:
    """Return every public module of a package, each with a heading and its docstrings.

    Parameters
    ----------
    package : str
    but : sequence of str
        Subpackages that have a page of their own.
    """
    found = importlib.import_module(package)
    within = pkgutil.walk_packages(found.__path__, f"{package}.")
    names = [package, *(each.name for each in within)]
    shown = [
        name
        for name in names
        if not any(part.startswith("_") for part in name.split("."))
        and not any(f"{name}.".startswith(f"{other}.") for other in but)
    ]
    return "\n\n".join(
        f"## {name.removeprefix('counterpoise.')}\n\n```{{eval-rst}}\n.. automodule:: {name}\n```"
        for name in shown
    )


RULES = ("counterpoise.envs.games", "counterpoise.envs.grand_strategy")


def citation() -> str:
    """Return the entry of ``CITATION.cff`` for a bibliography."""
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    authors = " and ".join(f"{{{author['name']}}}" for author in said["authors"])
    year = str(said["date-released"])[:4]
    lines = [
        "```bibtex",
        "@software{counterpoise,",
        f"  title   = {{{said['title']}}},",
        f"  author  = {{{authors}}},",
        f"  version = {{{said['version']}}},",
        f"  year    = {{{year}}},",
        "}",
        "```",
    ]
    return "\n".join([said["message"].replace("as below", "as follows"), "", *lines])


def examples() -> str:
    """Return the page of the examples without its title, if the checkout has it."""
    page = ROOT / "examples" / "README.md"
    if not page.is_file():
        return ""
    body = re.sub(r"\A# .*\n", "", page.read_text(encoding="utf-8"))
    return re.sub(r"\]\((?![a-z]+:|#|/)([^)]+)\)", r"](../examples/\1)", body)


PARTS: Mapping[str, Callable[[], str]] = {
    "games": games,
    "scenarios": scenarios,
    "trainings": trainings,
    "metrics": metrics,
    "predictions": predictions,
    "commands": commands,
    "citation": citation,
    "envs": lambda: modules("counterpoise.envs", RULES),
    "rules": lambda: "\n\n".join(map(modules, RULES)),
    "theory": lambda: modules("counterpoise.theory"),
    "agents": lambda: modules("counterpoise.agents"),
    "training": lambda: modules("counterpoise.training"),
    "evaluation": lambda: modules("counterpoise.evaluation"),
    "examples": examples,
}


def expanded(text: str) -> str:
    """Return a page with what its comments ask for.

    Raises
    ------
    ExtensionError
        If a comment asks for what there is not.
    """

    def part(asked: re.Match[str]) -> str:
        if asked["part"] not in PARTS:
            raise ExtensionError(f"No part {asked['part']!r}. Known: {', '.join(PARTS)}.")
        return PARTS[asked["part"]]()

    return ASKED.sub(part, text)


# -- tables of contents ----------------------------------------------------------------------------


def with_whole_contents(text: str, folder: str, pages: Iterable[str]) -> str:
    """Return an index whose tables of contents have every page, and no pattern without one.

    Parameters
    ----------
    text : str
        The index. Where it says ``<!-- other pages -->`` those follow that it does not name.
    folder : str
        Where it stands, as in ``results/``.
    pages : iterable of str
        Every page of the site.
    """
    below = [page.removeprefix(folder) for page in pages if page.startswith(folder)]
    named: set[str] = {"index"}
    lines = []
    is_contents = False
    for line in text.splitlines():
        if line.startswith("```"):
            is_contents = line == "```{toctree}"
        elif is_contents and line and not line.startswith(":"):
            matched = patfilter(below, line)
            named |= set(matched)
            # Results that are not there yet have their place all the same.
            if not matched and set(line) & set("*?["):
                continue
        lines.append(line)
    rooms = {page.removesuffix("/index") for page in below if page.endswith("/index")}
    others = sorted(
        page
        for page in set(below) - named
        if not any(page.startswith(f"{room}/") and page != f"{room}/index" for room in rooms)
    )
    more = ["```{toctree}", ":caption: More", "", *others, "```"] if others else []
    return "\n".join(lines).replace(OTHER_PAGES, "\n".join(more)) + "\n"


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    folder, _, name = docname.rpartition("/")
    if folder == "games" and name in game_names():
        source[0] = game_page(source[0], name)
    elif app.env.doc2path(docname).suffix == ".md":
        source[0] = expanded(source[0])
    if name == "index":
        within = f"{folder}/" if folder else ""
        source[0] = with_whole_contents(source[0], within, app.env.found_docs)


def setup(app: Sphinx) -> dict[str, bool]:
    """Have every page read through this module."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
