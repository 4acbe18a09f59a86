"""The replay page: one self-contained HTML file that plays an episode in a browser.

What is shown comes from the game: its alliances, its events, and its `Appearance` (which follows
from its accounts unless it declares one). The page's script is built from ``web/replay/`` by
``make web``.
"""

from __future__ import annotations

import dataclasses
import html
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import counterpoise
from counterpoise.display.appearance import Appearance, Moment, Series, appearance_of
from counterpoise.display.numbers import in_words
from counterpoise.display.text import deeds
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.evaluation.playback import MOST_STEPS, Cast, Episode, play_episode, who_plays
from counterpoise.theory.regret import equilibrium, is_solved

Array = NDArray[Any]

FOLDER = Path(__file__).resolve().parent
DIGITS = 5
HEIGHT_IN_FRAME = 760

# -- an episode as plain values --------------------------------------------------------------------


def replay_data(
    episode: Episode, *, players: Sequence[str] = (), theory: Episode | None = None, note: str = ""
) -> dict[str, Any]:
    """Return an episode as plain values, which the page's script reads as JSON.

    Parameters
    ----------
    episode : Episode
    players : sequence of str
        The name of each power's strategy.
    theory : Episode, optional
        The same world played by the equilibrium.
    note : str
        Why there is no `theory`, for the reader.
    """
    game, parameters = episode.game, episode.parameters
    shown = appearance_of(game)
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
                "events": told(episode, step),
                "payoffs": _numbers(episode.rewards[step - 1]) if step else [],
                "reasons": _reasons(episode, step, shown) if step else [],
            }
        )
    series, budget, income = _all_values(episode, shown)
    solved = None
    if theory is not None:
        solved_series, solved_budget, _ = _all_values(theory, shown)
        is_same = (solved_series, solved_budget) == (series, budget)
        note = "The equilibrium path in this world is the same." if is_same else note
        solved = None if is_same else {"series": solved_series, "budget": solved_budget}
    return {
        "game": in_words(game.name),
        "names": episode.names,
        "outsiders": outsiders,
        "players": list(players),
        "note": note,
        "stepsAYear": steps_a_year,
        "frames": frames,
        "allied": sets,
        "news": news(episode, shown.quiet),
        "series": [
            {**_described(each), "values": values}
            for each, values in zip(shown.series, series, strict=True)
        ],
        "budget": [
            {**_described(each), "colour": each.colour, "values": values}
            for each, values in zip(shown.budget, budget, strict=True)
        ],
        "income": income and {**_described(shown.income), "values": income},
        "size": None
        if shown.size is None
        else {**_described(shown.size), "values": _values(episode, shown.size, shown)},
        "payoff": [
            {**_described(each), "values": _values(episode, each, shown)} for each in shown.payoff
        ],
        "alive": None
        if shown.is_alive is None
        else shown.is_alive(episode.records)[:, : len(episode.names)].astype(int).T.tolist(),
        "tieKinds": [dataclasses.asdict(kind) for kind in shown.tie_kinds],
        "equilibrium": solved,
    }


def _reasons(episode: Episode, step: int, shown: Appearance) -> list[dict[str, Any]]:
    moment = Moment(
        episode.records[step - 1], episode.records[step], episode.observations[step - 1],
        episode.parameters, episode.names,
    )  # fmt: skip
    return [
        {"event": each.event, "lines": [[power, words] for power, words in each.lines]}
        for each in shown.reasons(moment)
    ]


def _when(episode: Episode, step: int) -> tuple[str, str]:
    """Return a step's year and, where a year has several phases, its phase."""
    if step == 0:
        return "the start", ""
    before = episode.records[step - 1]
    phases = episode.game.phases_with(episode.parameters)
    phase = phases[int(before["phase"])] if len(phases) > 1 else ""
    return f"year {int(before['year']) + 1}", phase


def told(episode: Episode, step: int) -> list[str]:
    """Return the events of a step in words.

    These are the game's events. For a game without them: the options chosen, and the alliances that
    began or ended; amounts are not repeated, for they are among the series.
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

    Omitted are events that a later phase of the same year repeats word for word, and the `quiet`
    ones, which only say that nothing happened.
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
    """Return the allies that are not powers of the game."""
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


def _described(series: Series | None) -> dict[str, Any]:
    assert series is not None
    return {"label": series.label, "unit": series.unit, "doc": series.doc}


def _all_values(episode: Episode, shown: Appearance) -> tuple[list[Any], list[Any], Any]:
    """Return the values of all series, of the budget, and of the income."""
    series = [_values(episode, each, shown) for each in shown.series]
    budget = [_values(episode, each, shown) for each in shown.budget]
    income = None if shown.income is None else _values(episode, shown.income, shown)
    return series, budget, income


def _values(episode: Episode, series: Series, shown: Appearance) -> list[list[float | None]]:
    """Return a series' values, [powers][steps + 1]; None where a power is out of the game."""
    records = episode.records
    values = np.array(series.values(records)[:, : len(episode.names)], np.float64)
    if series.is_flow:
        values[0] = np.nan
    if series.is_settled:
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
    """A page that plays an episode: shown in a notebook or a report, or written to a file.

    Attributes
    ----------
    html : str
    """

    def __init__(self, text: str) -> None:
        self.html = text

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page atomically and return its absolute path.

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

    def frame(self, title: str = "replay") -> str:
        """Return the page as an element for another page.

        The frame runs the replay's script and has no access to the page around it.
        """
        return (
            f'<iframe title="{html.escape(title)}" sandbox="allow-scripts" '
            f'srcdoc="{html.escape(self.html)}" '
            f'style="width:100%;height:{HEIGHT_IN_FRAME}px;border:0"></iframe>'
        )

    def _repr_html_(self) -> str:
        return self.frame()


def replay(
    what: str | os.PathLike[str],
    players: str | Sequence[str] = (),
    *,
    scenario: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    steps: int = MOST_STEPS,
) -> ReplayPage:
    """Play an episode and return its page, which a notebook displays.

    Parameters
    ----------
    what : str or path
        A run's folder, or a game's name.
    players : str or sequence of str
        Only for a game: strategies by name (``equilibrium``, ``random``, a doctrine, a run's
        folder), one for all powers or one for each.
    scenario : str, optional
        A scenario of the game by name, or its file.
    parameters : mapping, optional
        Changes to the game's parameters.
    seed : int
        Seed of the world's and the strategies' random numbers.
    steps : int
        Maximum number of steps.

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
    """Play an episode and, if the game is solved, the equilibrium in the same world."""
    episode = play_episode(
        cast.game, cast.parameters, cast.profile, names=cast.names, seed=seed, steps=steps
    )
    theory, note = None, ""
    if is_solved(cast.game.name):
        try:
            solved = equilibrium(cast.game.name, cast.parameters)
        except CounterpoiseError as error:
            # The theory may not cover these parameters; the episode can be shown without it.
            note = f"The equilibrium is not shown. {error}"
        else:
            theory = play_episode(
                cast.game, cast.parameters, solved.strategies, names=cast.names, seed=seed,
                steps=steps,
            )  # fmt: skip
    players = [strategy.name for strategy in cast.profile]
    data = replay_data(episode, players=players, theory=theory, note=note)
    return page_of(episode, data, cast.setting)


def page_of(episode: Episode, data: Mapping[str, Any], setting: str = "") -> ReplayPage:
    """Return the page of an episode, given its `replay_data`."""
    game = episode.game
    title = f"Replay of {in_words(game.name)}"
    about = f"{setting or f'{game.title}; {game.source}'}. World seed {episode.seed}."
    shown = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Nothing inside a script element may look like the start or the end of one.
    shown = shown.replace("<", "\\u003c")
    script = (FOLDER / "replay.js").read_text(encoding="utf-8")
    style = (FOLDER / "replay.css").read_text(encoding="utf-8")
    return ReplayPage(
        "\n".join(
            [
                "<!doctype html>",
                '<html lang="en"><head><meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                # The page fetches nothing; the browser enforces it.
                '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
                "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:\">",
                '<link rel="icon" href="data:,">',
                f"<title>{html.escape(title)}</title>",
                f"<style>\n{style}</style></head><body>",
                f"<header><h1>{html.escape(title)}</h1>",
                f'<p class="quiet">{html.escape(about)} '
                f"Counterpoise {html.escape(counterpoise.__version__)}.</p></header>",
                "<noscript><p>This page needs JavaScript: allow its script to run.</p></noscript>",
                '<div id="replay"></div>',
                f'<script type="application/json" id="episode">{shown}</script>',
                f"<script>\n{script}</script></body></html>",
                "",
            ]
        )
    )
