"""The events of a year in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from counterpoise.envs.grand_strategy.world import (
    BACKED_DOWN,
    BEATEN,
    CONCEDED,
    HELD,
    NO_DEMAND,
    NOBODY,
    RESISTED,
    WARS,
)

QUIET = "A quiet year."


def listed(names: Sequence[str]) -> str:
    """Return names as "A", "A and B" or "A, B and C"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def verb(names: Sequence[str], one: str, several: str) -> str:
    """Return names with a verb that agrees with their number."""
    return f"{listed(names)} {one if len(names) == 1 else several}"


def events(
    record: Any, parameters: Any, names: Sequence[str], *, is_public: bool = False
) -> list[str]:
    """Return the events of the last year, or of this year so far, the gravest first.

    Parameters
    ----------
    record : numpy record
        One world.
    parameters : Parameters
    names : sequence of str, [powers]
    is_public : bool
        Whether only what every power hears of is told: not the odds of a war, which depend on the
        true forces, nor offers and subsidies, which are between two powers.

    Returns
    -------
    list of str
        One line per event; a single line that says so if nothing happened.
    """
    if record["year"] == 0 and record["phase"] == 0:
        return ["The first year begins."]
    powers = range(int(record["powers"]))
    wars: list[str] = []
    peace: list[str] = []
    for target in powers:
        told = demand_in_words(record, names, target, is_public=is_public)
        if told:
            (wars if record["outcome"][target] in WARS else peace).append(told)
    lines = wars + peace
    for name, field, one, several in (
        ("fallen", "alive", "is out of the game", "are out of the game"),
        ("default", "default", "defaults on its debt", "default on their debts"),
    ):
        wanted = 0 if name == "fallen" else 1
        who = [names[power] for power in powers if record[field][power] == wanted]
        if who:
            lines.append(f"{verb(who, one, several)}.")
    lines += pressure_in_words(record, names)
    lines += ties_in_words(record, parameters, names)
    changed = [names[power] for power in powers if record["turnover"][power] == 1]
    if changed:
        lines.append(f"{verb(changed, 'changes its government', 'change their governments')}.")
    if record["generation"] == 1:
        lines.append("A new generation of arms makes the old ones worth less.")
    dark = [names[power] for power in powers if record["blackout"][power] == 1]
    if dark:
        lines.append(f"{verb(dark, 'suffers a blackout', 'suffer blackouts')}.")
    if not is_public:
        lines += offers_in_words(record, names)
    return lines or [QUIET]


def demand_in_words(
    record: Any, names: Sequence[str], target: int, *, is_public: bool = False
) -> str:
    """Return the demand made of a power and its outcome; "" if there was none."""
    demander = int(record["demanded_by"][target])
    if demander == NOBODY:
        return ""
    outcome = int(record["outcome"][target])
    words = f"{names[demander]} demands something of {names[target]}"
    if outcome == NO_DEMAND:
        return f"{words}."
    if outcome == CONCEDED:
        return f"{words}, which concedes."
    words += ", which mobilises" if record["mobilised"][target] else ", which resists"
    called = [ally for ally in range(len(names)) if record["calls"][ally, target]]
    came = [names[ally] for ally in called if record["comes"][ally, target]]
    away = [names[ally] for ally in called if not record["comes"][ally, target]]
    if came:
        words += f"; {verb(came, 'comes', 'come')} to its help"
    if away:
        words += f"; {verb(away, 'does', 'do')} not come"
    odds = "" if is_public else f" (odds {100 * float(record['odds'][target]):.0f} %)"
    return (
        words
        + {
            RESISTED: ".",
            BACKED_DOWN: f"; {names[demander]} backs down{odds}.",
            HELD: f". War{odds}: {names[target]} holds out.",
            BEATEN: f". War{odds}: {names[target]} is beaten.",
        }[outcome]
    )


def pressure_in_words(record: Any, names: Sequence[str]) -> list[str]:
    """Return the embargoes, and those that were bought off with tribute."""
    lines = []
    powers = range(len(names))
    for target in powers:
        makers = [names[maker] for maker in powers if record["embargo"][maker, target] == 1]
        if makers:
            lines.append(f"{verb(makers, 'embargoes', 'embargo')} {names[target]}.")
        paid = [names[maker] for maker in powers if record["tribute"][target, maker] == 1]
        if paid:
            whose = "'s embargo" if len(paid) == 1 else "'s embargoes"
            lines.append(f"{names[target]} buys off {listed(paid)}{whose}.")
    return lines


def ties_in_words(record: Any, parameters: Any, names: Sequence[str]) -> list[str]:
    """Return the alliances formed this year, with their term."""
    pairs = [
        f"{names[one]} and {names[other]}"
        for one in range(len(names))
        for other in range(one + 1, len(names))
        if record["formed"][one, other] == 1
    ]
    years = int(parameters.alliance_term)
    term = f", bound for {years} year{'s' * (years > 1)}" if years > 0 else ""
    return [f"New allies{term}: {'; '.join(pairs)}."] if pairs else []


def offers_in_words(record: Any, names: Sequence[str]) -> list[str]:
    """Return the offers of an alliance that are on the table, and the subsidies to allies."""
    lines = []
    for field, words in (("offer", "Offers of an alliance"), ("subsidy", "Subsidies")):
        told = []
        for maker, name in enumerate(names):
            others = [names[other] for other in range(len(names)) if record[field][maker, other]]
            if others:
                told.append(f"{name} to {listed(others)}")
        if told:
            lines.append(f"{words}: {'; '.join(told)}.")
    return lines
