"""The replay page: one HTML file that plays an episode in a browser and needs nothing else.

What there is to show comes from the game: its accounts, its alliances and its events. A game's
module of evaluation may add to that by a `Shown` under the name ``REPLAY``: other lines, a stacked
budget, and what powers do to each other. The page's script is built from ``web/replay/`` by
``make web``.
"""

from __future__ import annotations

import dataclasses
import html
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.envs.engine.game import Account, Game
from counterpoise.evaluation.equilibrium.comparison import game_module
from counterpoise.evaluation.playback import (
    MOST_STEPS,
    Cast,
    Episode,
    deeds,
    play_episode,
    who_plays,
)
from counterpoise.theory.regret import equilibrium, is_solved

Array = NDArray[Any]

FOLDER = Path(__file__).resolve().parent
DIGITS = 5
FEWEST_IN_A_BUDGET = 2
HEIGHT_IN_NOTEBOOK = 760

# -- what a game may say about how it is shown -----------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Line:
    """One quantity of every power, over the years.

    Attributes
    ----------
    label, unit : str
    values : callable
        From the records of all steps to an array [steps + 1, powers or more].
    is_flow : bool
        Whether it is of a step and not a stock: then there is none at the start.
    is_settled : bool
        Whether it is known once a year is over: between its phases the last whole year's stands.
    doc : str
        What it is, in a few words.
    """

    label: str
    unit: str
    values: Callable[[Array], Array]
    is_flow: bool = False
    is_settled: bool = False
    doc: str = ""


@dataclasses.dataclass(frozen=True)
class TieKind:
    """One way in which a power acts on another, drawn as an arrow.

    Attributes
    ----------
    name, label : str
    letter : str
        Stands on the arrow, so that nobody has to know it by its colour.
    colour : str
    width : float
    is_dashed : bool
    """

    name: str
    label: str
    letter: str
    colour: str
    width: float = 2.0
    is_dashed: bool = False


@dataclasses.dataclass(frozen=True)
class Tie:
    """That one power acts on another now."""

    kind: str
    maker: int
    target: int


def no_ties(record: Any, parameters: Any) -> list[Tie]:
    """Return that nobody acts on anyone."""
    return []


@dataclasses.dataclass(frozen=True)
class Shown:
    """How a game's episodes are shown.

    Attributes
    ----------
    lines : tuple of Line
        Each a chart, and a column of the table.
    size : Line, optional
        The area of a power in the network; all are alike without it.
    budget : tuple of Line
        Flows in one unit that are stacked for the chosen power.
    income : Line, optional
        Laid over the stack.
    tie_kinds : tuple of TieKind
    ties : callable
        From record and parameters to the `Tie` of the step.
    is_alive : callable, optional
        From the records to whether each power is still in the game.
    quiet : tuple of str
        Events that only say that nothing happened, which the list of all events leaves out.
    """

    lines: tuple[Line, ...]
    size: Line | None = None
    budget: tuple[Line, ...] = ()
    income: Line | None = None
    tie_kinds: tuple[TieKind, ...] = ()
    ties: Callable[[Any, Any], list[Tie]] = no_ties
    is_alive: Callable[[Array], Array] | None = None
    quiet: tuple[str, ...] = ()


def how_shown(game: Game) -> Shown:
    """Return how a game is shown: as its module of evaluation says, or by its accounts."""
    own: Shown | None = getattr(game_module(game.name), "REPLAY", None)
    if own is not None:
        return own
    lines = {account.field: _line_of(account) for account in game.accounts}
    held = [account for account in game.accounts if account.kind == "holds"]
    spent = [account for account in game.accounts if account.kind == "spends"]
    by_unit = {a.unit: [b for b in spent if b.unit == a.unit] for a in spent}
    budget = max(by_unit.values(), key=len, default=[])
    return Shown(
        lines=tuple(lines.values()),
        size=lines[held[0].field] if held else None,
        budget=tuple(lines[account.field] for account in budget)
        if len(budget) >= FEWEST_IN_A_BUDGET
        else (),
    )


def _line_of(account: Account) -> Line:
    def values(records: Array) -> Array:
        return np.asarray(records[account.field], np.float64)

    unit = "" if account.unit == "1" else account.unit
    return Line(account.label, unit, values, is_flow=account.kind == "spends", doc=account.kind)


# -- an episode as plain values --------------------------------------------------------------------


def as_data(
    episode: Episode, *, players: Sequence[str] = (), theory: Episode | None = None, note: str = ""
) -> dict[str, Any]:
    """Return an episode as plain values, for the page's script.

    Parameters
    ----------
    episode : Episode
    players : sequence of str
        Who plays each power.
    theory : Episode, optional
        The same world played by the equilibrium.
    note : str
        What is to be said about the equilibrium's absence.
    """
    game, parameters = episode.game, episode.parameters
    shown = how_shown(game)
    steps_a_year = len(game.phases_with(parameters))
    sets: list[list[list[int]]] = []
    outsiders = _outsiders(episode)
    frames = []
    for step, record in enumerate(episode.records):
        allied = _allied(episode, record, outsiders)
        if allied not in sets:
            sets.append(allied)
        when, phase = _when(episode, step)
        frames.append(
            {
                "when": when,
                "phase": phase,
                "allied": sets.index(allied),
                "ties": [
                    [tie.kind, tie.maker, tie.target] for tie in shown.ties(record, parameters)
                ],
                "told": told(episode, step),
                "payoffs": _numbers(episode.rewards[step - 1]) if step else [],
            }
        )
    lines, budget, income = _all_lines(episode, shown)
    ghost = None
    if theory is not None:
        ghost_lines, ghost_budget, _ = _all_lines(theory, shown)
        is_same = (ghost_lines, ghost_budget) == (lines, budget)
        note = "The equilibrium's path in this world is the same." if is_same else note
        ghost = None if is_same else {"lines": ghost_lines, "budget": ghost_budget}
    return {
        "game": game.name.replace("_", " "),
        "names": episode.names,
        "outsiders": outsiders,
        "players": list(players),
        "note": note,
        "stepsAYear": steps_a_year,
        "frames": frames,
        "allied": sets,
        "news": news(episode, shown.quiet),
        "lines": [
            {**_described(line), "values": values}
            for line, values in zip(shown.lines, lines, strict=True)
        ],
        "budget": [
            {**_described(line), "values": values}
            for line, values in zip(shown.budget, budget, strict=True)
        ],
        "income": income and {**_described(shown.income), "values": income},
        "size": None
        if shown.size is None
        else {**_described(shown.size), "values": _values(episode, shown.size, shown)},
        "alive": None
        if shown.is_alive is None
        else shown.is_alive(episode.records)[:, : len(episode.names)].astype(int).T.tolist(),
        "tieKinds": [dataclasses.asdict(kind) for kind in shown.tie_kinds],
        "ghost": ghost,
    }


def _when(episode: Episode, step: int) -> tuple[str, str]:
    """Return the year that a step belongs to, and its phase where a year has several."""
    if step == 0:
        return "the start", ""
    before = episode.records[step - 1]
    phases = episode.game.phases_with(episode.parameters)
    phase = phases[int(before["phase"])] if len(phases) > 1 else ""
    return f"year {int(before['year']) + 1}", phase


def told(episode: Episode, step: int) -> list[str]:
    """Return what happened in a step in words.

    The game's events; of a game without, what was chosen and whose alliance began or ended. Amounts
    stand in the accounts.
    """
    game, parameters = episode.game, episode.parameters
    if game.events is not None:
        return list(game.events(episode.records[step], parameters, episode.names))
    if step == 0:
        return []
    lines = []
    if game.is_discrete:
        done = zip(episode.names, deeds(episode, step - 1), strict=True)
        lines = [f"{name}: {deed}" for name, deed in done if deed]
    outsiders = _outsiders(episode)
    before, after = (_allied(episode, episode.records[k], outsiders) for k in (step - 1, step))
    called = [*episode.names, *outsiders]
    for pairs, others, words in ((after, before, "allies"), (before, after, "no longer allies")):
        lines += [
            f"{called[one]} and {called[other]} are {words}."
            for one, other in pairs
            if [one, other] not in others
        ]
    return lines


def news(episode: Episode, quiet: Sequence[str] = ()) -> list[tuple[int, str]]:
    """Return every event of an episode with its step.

    What a phase tells again word for word of the year so far is left out, and so is what only says
    that nothing happened.
    """
    found: list[tuple[int, str]] = []
    last: list[str] = []
    for step in range(episode.steps + 1):
        lines = told(episode, step)
        goes_on = step > 0 and int(episode.records[step - 1]["phase"]) > 0
        found += [
            (step, line) for line in lines if line not in quiet and not (goes_on and line in last)
        ]
        last = lines
    if int(episode.records[-1]["over"]):
        found.append((episode.steps, "The game is over."))
    return found


def _outsiders(episode: Episode) -> list[str]:
    """Return the allies that are no power of the game."""
    known = episode.game.agent_names(len(episode.names))
    pairs = [
        pair
        for record in episode.records
        for pair in episode.game.alliances(record, episode.parameters)
    ]
    return list(dict.fromkeys(each for pair in pairs for each in pair if each not in known))


def _allied(episode: Episode, record: Any, outsiders: list[str]) -> list[list[int]]:
    places = [*episode.game.agent_names(len(episode.names)), *outsiders]
    return [
        [places.index(one), places.index(other)]
        for one, other in episode.game.alliances(record, episode.parameters)
    ]


def _described(line: Line | None) -> dict[str, Any]:
    assert line is not None
    return {"label": line.label, "unit": line.unit, "doc": line.doc}


def _all_lines(episode: Episode, shown: Shown) -> tuple[list[Any], list[Any], Any]:
    """Return the values of all lines, of the budget, and of the income."""
    lines = [_values(episode, line, shown) for line in shown.lines]
    budget = [_values(episode, line, shown) for line in shown.budget]
    income = None if shown.income is None else _values(episode, shown.income, shown)
    return lines, budget, income


def _values(episode: Episode, line: Line, shown: Shown) -> list[list[float | None]]:
    """Return a line's values, [powers][steps + 1]; none where a power is out of the game."""
    records = episode.records
    values = np.array(line.values(records)[:, : len(episode.names)], np.float64)
    if line.is_flow:
        values[0] = np.nan
    if line.is_settled:
        for step in range(1, len(values)):
            if records["phase"][step] != 0:
                values[step] = values[step - 1]
    if shown.is_alive is not None:
        values[~shown.is_alive(records)[:, : len(episode.names)]] = np.nan
    return [_numbers(own) for own in values.T]


def _numbers(values: Array) -> list[float | None]:
    return [float(f"{each:.{DIGITS}g}") if np.isfinite(each) else None for each in values]


# -- the page --------------------------------------------------------------------------------------


class ReplayPage:
    """A page that plays an episode: shown by a notebook, or written to a file.

    Attributes
    ----------
    html : str
    """

    def __init__(self, text: str) -> None:
        self.html = text

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page in one piece and return its absolute path.

        Raises
        ------
        CounterpoiseError
            If the path does not end in ``.html``.
        """
        page = Path(path).resolve()
        if page.suffix.lower() not in (".html", ".htm"):
            raise CounterpoiseError(
                f"A page is an HTML file: give a path that ends in .html, not {path}."
            )
        write_text_atomically(page, self.html)
        page.chmod(0o644)
        return page

    def _repr_html_(self) -> str:
        # The frame runs the page's own script, and reaches nothing of the notebook.
        return (
            f'<iframe title="replay" sandbox="allow-scripts" srcdoc="{html.escape(self.html)}" '
            f'style="width:100%;height:{HEIGHT_IN_NOTEBOOK}px;border:0"></iframe>'
        )


def replay(
    what: str | os.PathLike[str],
    players: str | Sequence[str] = (),
    *,
    scenario: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    steps: int = MOST_STEPS,
) -> ReplayPage:
    """Play an episode and return the page that shows it; in a notebook it shows itself.

    Parameters
    ----------
    what : str or path
        A run's folder, or a game's name.
    players : str or sequence of str
        Of a game: who plays, by name (``equilibrium``, ``random``, a doctrine, a run's folder), one
        for all powers or one for each.
    scenario : str, optional
        A scenario of the game by name, or its file.
    parameters : mapping, optional
        Changes to the game's parameters.
    seed : int
        Of the world's and the strategies' chance.
    steps : int
        At most so many.

    Examples
    --------
    >>> page = replay("arms_race", "tit_for_tat_armer", parameters={"fear": 0.9}, steps=5)
    >>> page.html[:15]
    '<!doctype html>'
    """
    asked = [players] if isinstance(players, str) else players
    cast = who_plays(what, asked, changes=parameters, scenario=scenario)
    return as_page(cast, seed=seed, steps=steps)


def as_page(cast: Cast, *, seed: int = 0, steps: int = MOST_STEPS) -> ReplayPage:
    """Play an episode, and the equilibrium in the same world where the game is solved."""
    episode = play_episode(
        cast.game, cast.parameters, cast.profile, names=cast.names, seed=seed, steps=steps
    )
    theory, note = None, ""
    if is_solved(cast.game.name):
        try:
            solved = equilibrium(cast.game.name, cast.parameters)
        except CounterpoiseError as error:
            # The theory may not reach these parameters; the episode can be watched all the same.
            note = f"No equilibrium is laid beneath. {error}"
        else:
            theory = play_episode(
                cast.game, cast.parameters, solved.strategies, names=cast.names, seed=seed,
                steps=steps,
            )  # fmt: skip
    players = [strategy.name for strategy in cast.profile]
    data = as_data(episode, players=players, theory=theory, note=note)
    return page_of(episode, data, cast.setting)


def page_of(episode: Episode, data: Mapping[str, Any], setting: str = "") -> ReplayPage:
    """Return the page of an episode, from what `as_data` made of it."""
    game = episode.game
    title = f"{game.name.replace('_', ' ')}, replayed"
    about = f"{setting or f'{game.title}; {game.source}'}. World seed {episode.seed}."
    shown = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Inside a script element nothing may look like the start or the end of one.
    shown = shown.replace("<", "\\u003c")
    script = (FOLDER / "replay.js").read_text(encoding="utf-8")
    style = (FOLDER / "replay.css").read_text(encoding="utf-8")
    return ReplayPage(
        "\n".join(
            [
                "<!doctype html>",
                '<html lang="en"><head><meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                # The page fetches nothing, and says so to the browser.
                '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
                "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:\">",
                '<link rel="icon" href="data:,">',
                f"<title>{html.escape(title)}</title>",
                f"<style>\n{style}</style></head><body>",
                f"<header><h1>{html.escape(title)}</h1>",
                f'<p class="quiet">{html.escape(about)} '
                f"Counterpoise {html.escape(counterpoise.__version__)}.</p></header>",
                "<noscript><p>This page plays an episode by a script: allow it to run.</p>"
                "</noscript>",
                '<div id="replay"></div>',
                f'<script type="application/json" id="episode">{shown}</script>',
                f"<script>\n{script}</script></body></html>",
                "",
            ]
        )
    )
