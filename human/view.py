"""What a person is shown: the power's own observation, the news, the open choices, the end.

All numbers come from the power's own observation, from its payoffs and from what the game's
`Briefing` derives from public facts. Everything is returned as plain values that fit into JSON.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from typing import Any

import numpy as np

from counterpoise.agents.named import doctrines
from counterpoise.display.numbers import percent, plain
from counterpoise.envs.engine.columns import column, columns
from counterpoise.envs.engine.game import Choice, Continuous, Feature
from counterpoise.envs.engine.parameters import column_names
from counterpoise.envs.engine.world import CUT_OFF
from counterpoise.human.briefing import Seen
from counterpoise.human.table import Table

Plain = dict[str, Any]
"""A JSON object."""


def view(table: Table, seat: int) -> Plain:
    """Return everything that the person in a seat is shown now."""
    setup, briefing = table.setup, table.briefing
    seen, names = seen_by(table, seat), table.others(seat)
    news = table.news[seat]
    return {
        "game": setup.game.name.replace("_", " "),
        "title": setup.title,
        "name": setup.names[seat],
        "others": names,
        "step": table.step,
        "when": table.when,
        "over": _how_it_ended(table),
        "has_decided": seat in table.decided,
        "waiting_for": [] if table.is_over else _waiting_for(table, seat),
        "own": _own_facts(table, seen),
        "about": _facts_of_others(table, seen, len(names)),
        "chief": list(briefing.chief),
        "tags": [briefing.tags(seen, place) for place in range(len(names))],
        "notes": briefing.notes(setup.parameters),
        "rules": _observed_parameters(table, seat),
        "parts": _parts(table, seat, seen),
        "proposal": table.decided.get(seat) or table.proposal(seat),
        "advisers": list(doctrines(setup.game.name)),
        "news": news[-1].lines,
        "past": [
            {"when": before.when, "news": after.lines, "payoff": after.payoff}
            for before, after in itertools.pairwise(news)
        ],
        "score": table.score(seat),
        "ending": ending(table, seat) if table.is_over else None,
    }


def projection(table: Table, seat: int, action: Any) -> Plain | None:
    """Return what a decision would come to; None where the game's briefing makes no projection.

    Raises
    ------
    Refused
        If the action is not valid or not open.
    """
    made = table.check(seat, action)
    game = table.worlds.game
    padded = np.zeros(game.action_width)
    padded[: len(made)] = made
    records = table.worlds.records.copy()
    found = table.briefing.projection(game, records, table.setup.parameters, seat, padded)
    return None if found is None else dataclasses.asdict(found)


def ending(table: Table, seat: int) -> Plain:
    """Return a person's score and those of the strategies that it is compared with."""
    setup = table.setup
    return {
        "score": table.score(seat),
        "years": int(table.worlds.records["year"][0]),
        "beside": [
            {"name": name, "score": float(scores[seat])}
            for name, scores in table.compared_scores().items()
        ],
        "ruled": [
            [power, name or "a person"]
            for power, name in zip(setup.names, setup.against, strict=True)
        ],
        "people": len(setup.humans),
    }


def seen_by(table: Table, seat: int) -> Seen:
    """Return a power's observation by name."""
    row = table.worlds.observations[0, seat].tolist()
    features, others = table.worlds.game.features, table.worlds.powers - 1
    seen: dict[str, Any] = {}
    for feature, place in zip(features, columns(features), strict=True):
        first = column(place, others)
        seen[feature.name] = row[first : first + others] if feature.others else row[first]
    return seen


def _waiting_for(table: Table, seat: int) -> list[str]:
    setup, order = table.setup, table.order(seat)
    absent = [each for each in setup.humans if each not in table.decided and each != seat]
    if table.briefing.is_anonymous(setup.parameters):
        return ["another person"] * bool(absent)
    return [setup.names[each] for each in order if each in absent]


def _how_it_ended(table: Table) -> str:
    if not table.is_over:
        return ""
    over = int(table.worlds.records["over"][0])
    return "was cut off at the maximum number of steps" if over == CUT_OFF else "ended"


# -- facts -----------------------------------------------------------------------------------------


def _label(table: Table, name: str) -> str:
    return table.briefing.labels.get(name, name.replace("_", " "))


def _fact(table: Table, feature: Feature, value: float) -> Plain:
    return {
        "name": feature.name,
        "label": _label(table, feature.name),
        "value": value,
        "words": value_in_words(value, feature.kind, feature.unit),
        "doc": feature.doc,
        "is_estimate": feature.name in table.briefing.estimated,
    }


def _own_facts(table: Table, seen: Seen) -> list[Plain]:
    has_phases = len(table.phases) > 1
    return [
        _fact(table, feature, seen[feature.name])
        for feature in table.worlds.game.features
        if not feature.others and (feature.name != "phase" or has_phases)
    ]


def _facts_of_others(table: Table, seen: Seen, others: int) -> list[list[Plain]]:
    features = [feature for feature in table.worlds.game.features if feature.others]
    return [
        [_fact(table, feature, seen[feature.name][place]) for feature in features]
        for place in range(others)
    ]


def _observed_parameters(table: Table, seat: int) -> list[Plain]:
    game = table.worlds.game
    declarations = game.parameters.declarations
    names = column_names(game.observed_parameters, table.worlds.powers)
    values = table.worlds.observations[0, seat, -len(names) :].tolist() if names else []
    found = []
    for name, value in zip(names, values, strict=True):
        # A power's own value of a parameter is observed under the name and the power's number.
        declared = declarations.get(name) or declarations[name.rpartition("_")[0]]
        found.append(
            {
                "name": name,
                "label": name.replace("_", " "),
                "value": value,
                "words": value_in_words(value, declared.kind, declared.unit),
                "doc": declared.doc,
            }
        )
    return found


# -- choices ---------------------------------------------------------------------------------------


def _parts(table: Table, seat: int, seen: Seen) -> list[Plain]:
    """Return the parts of a power's action; those towards others one after another."""
    game = table.worlds.game
    declared: list[tuple[Choice | Continuous, int]] = []
    for part in (game.general or game).role(seat).actions:
        places = range(table.worlds.powers - 1) if part.others else (-1,)
        declared += [(part, place) for place in places]
    is_open, options = table.open_options(seat), table.options(seat)
    made = []
    for k, (part, place) in enumerate(declared):
        shown: Plain = {
            "name": part.name, "label": _label(table, part.name), "place": place, "doc": part.doc,
        }  # fmt: skip
        if isinstance(part, Choice):
            # Options about other powers follow those about none.
            first = len(part.options)
            about = [
                (part.each, number - first) if number >= first else (option, place)
                for number, option in enumerate(options[k])
            ]
            closed = [
                "" if free else _why_closed(table, part.name, option, seen, other)
                for (option, other), free in zip(about, is_open[k], strict=True)
            ]
            shown |= {
                "options": list(options[k]),
                "closed": closed,
                "is_scale": all(option[:1].isdigit() for option in part.options),
            }
        else:
            shown |= {
                "low": float(table.worlds.action_low[0, seat, k]),
                "high": float(table.worlds.action_high[0, seat, k]),
                "unit": "" if part.unit == "1" else part.unit,
            }
        made.append(shown)
    return made


def _why_closed(table: Table, part: str, option: str, seen: Seen, place: int) -> str:
    return table.briefing.reason(part, option, seen, place) or "not open under the rules now"


# -- numbers ---------------------------------------------------------------------------------------


def value_in_words(value: float, kind: str, unit: str) -> str:
    """Return a number with its unit, as pages show it.

    Parameters
    ----------
    value : float
    kind : str
        One of `counterpoise.envs.engine.parameters.KINDS`.
    unit : str
        A number in ``of 40 years`` is shown in years; a rate, in ``1/year``, in percent.
    """
    if kind == "flag":
        return "yes" if value > 0.5 else "no"
    if kind == "odds":
        return percent(value, 0)
    if kind == "log":
        return f"× {plain(math.exp(value), 3)}"
    if unit == "1/year":
        return f"{plain(100 * value, 3)} % per year"
    whole = re.fullmatch(r"of (\d+) (.+)", unit)
    if whole:
        return _counted(value * int(whole[1]), whole[2])
    if kind == "share":
        return f"{plain(100 * value, 3)} % {'' if unit == '1' else unit}".strip()
    return plain(value, 3) if unit == "1" else _counted(value, unit)


def _counted(value: float, unit: str) -> str:
    number = plain(value, 4)
    if number == "1":
        unit = re.sub("ies$", "y", unit) if unit.endswith("ies") else unit.removesuffix("s")
    return f"{number} {unit}"
