"""What a person is shown of the full game: labels, estimates, the projection of a budget.

The projection is computed by the rules themselves, on a copied record in which the other powers do
nothing. It therefore reveals nothing of their decisions, and equals what the year does to the same
budget if nothing else happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from counterpoise.display.games.grand_strategy import mobilisation
from counterpoise.display.numbers import decimal, percent
from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.world import Actions
from counterpoise.envs.grand_strategy.crisis import forget_last_year
from counterpoise.envs.grand_strategy.diplomacy import trade_with_allies
from counterpoise.envs.grand_strategy.economy import deliver, divide
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.treasury import (
    carry_out_budget,
    interest_rate,
    settle_debt,
    transfer,
)
from counterpoise.envs.grand_strategy.words import events
from counterpoise.envs.grand_strategy.world import PHASES, PLAN, SPENDING, World
from counterpoise.envs.grand_strategy.year import read_actions
from counterpoise.human.briefing import Briefing, Projection, ProjectionLine, Seen

LABELS = {
    # -- observations of the power itself --
    "year": "years passed",
    "alive": "in the game",
    "size": "product",
    "capital": "capital",
    "technology": "technology",
    "growth": "growth",
    "arms": "arms",
    "readiness": "readiness",
    "resilience": "resilience",
    "reserves": "reserves",
    "debt": "debt",
    "interest": "interest",
    "excluded": "years without credit",
    "coherence": "coherence",
    "fear": "fear",
    "pause": "years without a demand by you",
    "war_cost": "cost of a war to you this year",
    "security": "security",
    "standing": "standing",
    "allies": "allies",
    "scaling": "plan financed",
    "reliability": "reliability of an untried ally",
    "years_certain": "years certain to follow",
    "most_allies": "maximum number of allies",
    "most_procurement": "maximum procurement",
    "forced_procurement": "forced procurement",
    "prosperity": "prosperity",
    # -- observations of other powers --
    "other_alive": "in the game",
    "other_size": "product relative to yours",
    "other_debt": "debt",
    "other_arms": "arms relative to yours",
    "other_readiness": "readiness",
    "other_resilience": "resilience",
    "other_standing": "standing",
    "other_called": "frequency of calls for its help",
    "other_allies": "allies",
    "allied": "your ally",
    "bound": "years bound to you",
    "its_offer": "its offer of an alliance",
    "truce": "truce with you",
    "settled": "has bought you off",
    "other_settled": "bought off by you",
    "other_pause": "years without a demand by it",
    "issue": "what you could demand of it",
    "its_issue": "what it could demand of you",
    "proximity": "proximity",
    "dependence": "you depend on it",
    "other_dependence": "it depends on you",
    "other_defence": "its defence spending",
    "other_investment": "its investment",
    "threat": "success of its attack on you",
    "prospect": "success of your attack on it",
    "its_demand": "makes a demand of you",
    "its_embargo": "embargoes you",
    "asked": "faces your demand",
    "blocked": "faces your embargo",
    "its_answer": "its answer to your demand",
    "its_payment": "its answer to your embargo",
    "its_help": "its help",
    "needs_help": "needs help",
    # -- decisions --
    "procurement": "arms bought",
    "upkeep": "readiness",
    "supply": "supply security",
    "stockpile": "reserves",
    "integration": "civil-military integration",
    "aid": "aid to allies",
    "default": "debt",
    "stand": "if your demand is resisted",
    "demand": "demand",
    "embargo": "embargo",
    "diplomacy": "alliance",
    "resolve": "if it makes a demand of you",
    "buy_off": "if it embargoes you",
    "honour": "if it calls for help",
}
# What `gather_intelligence` observes with noise, and the odds computed from it.
ESTIMATED = frozenset({"other_arms", "other_readiness", "other_resilience", "threat", "prospect"})
CHIEF = (
    "other_size", "other_arms", "threat", "prospect", "issue", "its_issue", "other_debt",
    "other_defence", "other_standing", "other_allies", "dependence", "other_dependence",
)  # fmt: skip
HUNDRED = 100.0


def notes(parameters: Any) -> list[str]:
    """Return how exact intelligence is."""
    if parameters.noise == 0.0:
        return ["Intelligence of forces is exact in this game."]
    return [
        f"≈ marks estimates: the forces of other powers are observed with an error of about "
        f"{percent(parameters.noise, 0)}, drawn anew each year. Everything else is exact."
    ]


def order(record: Any, power: int) -> list[int]:
    """Return the other powers' seats in the order in which a power sees and addresses them."""
    return [int(other) for other in record["seat"][power][: int(record["powers"]) - 1]]


def is_anonymous(parameters: Any) -> bool:
    """Return whether the order in which powers see each other hides their identity."""
    return bool(parameters.anonymous)


def news(record: Any, parameters: Any, names: Sequence[str]) -> list[str]:
    """Return the public events of the last step."""
    return events(record, parameters, names, is_public=True)


def projection(
    game: Game, records: Any, parameters: Any, power: int, action: Any
) -> Projection | None:
    """Return what a budget comes to if nothing else happens; None for a fallen power.

    Parameters
    ----------
    game : Game
    records : ndarray, [1]
        A copy of the world, which is changed.
    parameters : Parameters
    power : int
    action : array_like, [components]
        The power's decision.
    """
    record = records[0]
    if record["alive"][power] == 0:
        return None
    kind = np.int64 if game.is_discrete else np.float64
    decided = np.zeros((parameters.powers, game.action_width), kind)
    decided[power] = action
    debt = float(record["debt"][power])
    constants = parameters.to_record()
    next_rate = carry_out_alone(records, constants, power, decided, game.is_discrete)
    return _in_lines(records, power, debt, float(next_rate))


@rule
def carry_out_alone(
    worlds: Any, parameters: Parameters, power: int, actions: Actions, by_level: bool
) -> float:
    """Carry out one power's budget as if nothing else happened; return next year's interest rate.

    The world is passed as an array of one, [1].
    """
    world: World = worlds[0]
    if world.phase == PLAN:
        forget_last_year(world)
        for one in range(world.powers):
            for other in range(world.powers):
                world.formed[one, other] = 0
    read_actions(world, actions, by_level)
    for other in range(world.powers):
        if other != power:
            world.aid[other] = 0.0
    trade_with_allies(world, parameters, power)
    deliver(world, parameters, power)
    transfer(world, parameters)
    carry_out_budget(world, parameters, power)
    divide(world, parameters, power)
    settle_debt(world, parameters, power)
    return interest_rate(world, parameters, power)


def _in_lines(records: Any, power: int, debt: float, next_rate: float) -> Projection:
    record = records[0]

    def of(field: str) -> float:
        return float(record[field][power])

    output, rate = of("output"), of("interest")

    def line(label: str, amount: float, kind: str) -> ProjectionLine:
        return ProjectionLine(label, decimal(HUNDRED * amount), amount / output, kind)

    lines = [line("Output expected", output, "state"), line("Tax", of("revenue"), "in")]
    lines += [
        line(LABELS.get(name, name).capitalize(), of(name) * output, "out") for name in SPENDING
    ]
    passed = of("aid_paid") - of("aid_received")
    if passed:
        lines.append(line("Aid and tribute", passed, "out" if passed > 0.0 else "in"))
    mobilised = float(mobilisation(records)[0, power]) / HUNDRED
    if mobilised:
        lines.append(line("Mobilisation", mobilised * output, "out"))
    lines.append(line(f"Interest, at {percent(rate, 2)}", rate * debt, "out"))
    borrowed, forgiven, owed = of("borrowed"), of("forgiven"), of("debt")
    lines.append(line("Deficit" if borrowed > 0.0 else "Surplus", abs(borrowed), "sum"))
    if forgiven:
        lines.append(line("Debt repudiated", forgiven, "in"))
    lines.append(line("Debt now", debt, "state"))
    lines.append(line("Debt next year", owed, "state"))
    lines.append(line(f"Interest next year, at {percent(next_rate, 2)}", next_rate * owed, "state"))
    balance = f"{'deficit' if borrowed > 0.0 else 'surplus'} {percent(abs(borrowed) / output)}"
    summary = (
        f"Tax {percent(of('revenue') / output)}, spending {percent(of('spending') / output)},"
        f" interest {percent(rate * debt / output)}: {balance}. Debt "
        f"{decimal(HUNDRED * debt / output, 0)} → {percent(owed / output, 0)} of output; interest "
        f"rate {decimal(HUNDRED * rate)} → {percent(next_rate, 2)}."
    )
    warnings = []
    if record["default"][power] == 1:
        warnings.append("This is a default: it cancels part of the debt and costs years of credit.")
    if of("scaling") < 1.0 - 1e-9:
        warnings.append(
            f"Lenders finance only {percent(of('scaling'), 0)} of this plan: every line is cut."
        )
    notes = [
        "Computed by the game's rules for a year without crisis, blackout or aid from others. 100 "
        "is the powers' mean product at the start; bars and % are shares of your output."
    ]
    return Projection(lines, summary, warnings, notes)


def reason(part: str, option: str, seen: Seen, place: int) -> str:
    """Return why an option is closed to a power, judged by what it sees; "" if that is unknown."""
    if seen["alive"] < 0.5:
        return "you have fallen"
    if place < 0:
        return _reason_at_home(part, seen)
    if seen["other_alive"][place] < 0.5:
        return "it has fallen"
    is_ally, has_truce = seen["allied"][place] > 0.5, seen["truce"][place] > 0.5
    why = ""
    if option == "offer alliance":
        full = "one of you has the maximum number of allies"
        why = "it is already your ally" if is_ally else full
    elif option == "withdraw":
        years = seen["bound"][place]
        bound = f"the alliance binds you for {_years(years)}" if years > 0 else ""
        why = bound if is_ally else "it is no ally of yours"
    elif part in ("demand", "embargo", "resolve", "buy_off") and is_ally:
        why = "it is your ally"
    elif part in ("demand", "resolve") and has_truce:
        why = "a truce holds"
    elif part == "demand" and seen["pause"] > 0:
        why = f"you got your way or fought: not for {_years(seen['pause'])}"
    elif part == "resolve" and seen["other_pause"][place] > 0:
        why = f"it got its way or fought: not for {_years(seen['other_pause'][place])}"
    elif part == "embargo" and seen["settled"][place] > 0.5:
        why = "it has paid you tribute"
    elif part == "buy_off" and seen["other_settled"][place] > 0.5:
        why = "you have paid it tribute"
    return why or _not_due(seen)


def _years(count: float) -> str:
    return f"{count:.0f} more year{'s' * (count > 1)}"


def _reason_at_home(part: str, seen: Seen) -> str:
    if int(seen["phase"]) != PLAN:
        return _not_due(seen)
    if part == "aid" and seen["allies"] == 0:
        return "you have no ally"
    if part == "default" and seen["debt"] <= 0.0:
        return "you have no debt"
    if part == "default" and seen["excluded"] > 0:
        return f"you have defaulted: no credit for {seen['excluded']:.0f} more years"
    return "not now"


def _not_due(seen: Seen) -> str:
    phase = int(seen["phase"])
    return f"not due in the phase “{PHASES[phase]}”" if phase != PLAN else "not now"


def tags(seen: Seen, place: int) -> list[str]:
    """Return the most important facts about another power."""
    if seen["other_alive"][place] < 0.5:
        return ["fallen"]
    answered, paid = seen["its_answer"][place], seen["its_payment"][place]
    is_ally, bound, helped = (
        seen["allied"][place] > 0.5,
        seen["bound"][place],
        seen["its_help"][place],
    )
    found = {
        f"ally, bound for {_years(bound)}": is_ally and bound > 0,
        "ally, free to leave": is_ally and bound == 0,
        "offers you an alliance": seen["its_offer"][place] > 0.5,
        "truce": seen["truce"][place] > 0.5,
        "has bought off your embargoes": seen["settled"][place] > 0.5,
        "you have bought off its embargoes": seen["other_settled"][place] > 0.5,
        "made a demand of you": seen["its_demand"][place] > 0.5,
        "embargoed you": seen["its_embargo"][place] > 0.5,
        "you made a demand of it": seen["asked"][place] > 0.5,
        "you embargoed it": seen["blocked"][place] > 0.5,
        "resisted you": answered == 1.0,
        "conceded to you": answered == -1.0,
        "refused you tribute": paid == 1.0,
        "paid you tribute": paid == -1.0,
        "came to your help": helped == 1.0,
        "did not come to your help": helped == -1.0,
        "faces a demand": seen["needs_help"][place] > 0.5,
    }
    return [tag for tag, is_so in found.items() if is_so]


BRIEFING = Briefing(
    labels=LABELS,
    chief=CHIEF,
    estimated=ESTIMATED,
    notes=notes,
    order=order,
    is_anonymous=is_anonymous,
    news=news,
    projection=projection,
    reason=reason,
    tags=tags,
)
