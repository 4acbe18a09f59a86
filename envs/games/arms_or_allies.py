r"""Arms or allies: a state under threat chooses between its own arms and an ally's promise.

Every year the defender chooses a plan: it orders arms (which arrive next year), changes its debt,
and has an ally or not (the ally helps at once, but keeps its promise only with probability
:math:`p`). The challenger sees the plan, knows its own cost of a challenge, and challenges or does
not. With threat :math:`z`, arms :math:`m`, debt :math:`b`, an old ally :math:`a`, orders :math:`e`,
a change of debt :math:`\Delta`, and an ally now :math:`a'`:

.. math::

    \tau &= \tau_0 + \kappa e + (r_0 + \rho b)\, b\, U - U \Delta, \qquad 0 \le \tau \le \bar\tau \\
    w(h) &= \frac{S_0 + m + S_A h}{S_0 + m + S_A h + X_z}, \qquad
    Ew = a' \left( p\, w(1) + (1 - p)\, w(0) \right) + (1 - a')\, w(0) \\
    u_D &= -\tau - \tfrac{\chi}{2} \tau^2 - \alpha a' - f\, [a' = 1, a = 0]
        - [\text{challenged}] \left( (1 - Ew) L + c_D \right) \\
    u_C &= [\text{challenged}] \left( (1 - Ew) G - c \right), \qquad
        c \sim \mathcal{U}[0, \bar c] \\
    m' &= \min(8,\; m - [\text{one is lost}] + e), \qquad
        \Pr(\text{one is lost}) = 1 - (1 - \delta)^m

A threat arises with probability :math:`q_{01}` and passes with probability :math:`q_{10}`, and the
game ends after a year with probability :math:`1 - B`. Both powers are risk neutral and are paid the
expected outcome of a challenge. Chance enters only through the private cost, the threat, the losses
of arms and the ending.

Source: after Morrow (1993), "Arms versus allies: trade-offs in the search for security",
International Organization 47 (arms take resources from other uses, allies cost autonomy, and the
relative political cost decides between them); after Altfeld (1984); after Sorokin (1994),
International Studies Quarterly 38 (the mix depends on relative cost and on the ally's strength);
after Allen and DiGiuseppe (2013), International Studies Quarterly 57 (poor credit leads to
alliances). The model is ours: none of these papers has this budget, this challenger or these
numbers.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.columns import Column, column, columns, component, parts
from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.errors import ParameterError
from counterpoise.envs.engine.game import Account, Choice, Feature, Game, Role
from counterpoise.envs.engine.parameters import ParametersBase, parameter, parameters
from counterpoise.envs.engine.randomness import happens, uniform
from counterpoise.envs.engine.world import (
    Actions,
    Masks,
    Observations,
    PerPower,
    Real,
    Rewards,
    Whole,
    WorldRecord,
    world_dtype,
)

POWERS = 2
DEFENDER, CHALLENGER = 0, 1
PHASES = ("plan", "challenge")
PLAN, CHALLENGE = range(len(PHASES))

MOST_ARMS = 8
MOST_DEBT = 8
MOST_COST = 20.0

ARMS_WORDS = ("no arms", "1 arms", "2 arms")
DEBT_WORDS = ("hold debt", "repay", "borrow")
DEBT_CHANGES = (0, -1, 1)
ALLY_WORDS = ("no ally", "ally")
MOST_ORDERED = len(ARMS_WORDS) - 1
# A plan's number counts alliances fastest and arms slowest.
DEBT_OPTIONS, ALLY_OPTIONS = len(DEBT_WORDS), len(ALLY_WORDS)
PLANS = len(ARMS_WORDS) * DEBT_OPTIONS * ALLY_OPTIONS

# A tax is a sum of products; rounding must not exclude a plan that meets a limit exactly.
ROUNDING = 1e-12


@parameters
class Parameters(ParametersBase):
    """Parameters of `arms_or_allies`."""

    CAPACITY = POWERS

    powers: int = parameter(POWERS, POWERS, POWERS, unit="powers", doc="Defender and challenger.")
    reliability: float = parameter(
        0.745,
        0.0,
        1.0,
        doc="p: probability that the ally keeps its promise.",
        observed=True,
        kind="odds",
    )
    committed_revenue: float = parameter(
        0.05,
        0.0,
        0.9,
        unit="of GDP",
        doc="tau_0: taxes committed to other spending.",
        observed=True,
        kind="share",
    )
    autonomy_cost: float = parameter(
        0.025, 0.0, 1.0, doc="alpha: yearly cost of autonomy lost to an ally.", observed=True
    )
    alliance_setup: float = parameter(0.02, 0.0, 1.0, doc="f: cost of forming an alliance.")
    arms_price: float = parameter(
        0.05,
        0.0,
        0.5,
        unit="of GDP",
        doc="kappa: price of one unit of arms.",
        observed=True,
        kind="share",
    )
    debt_unit: float = parameter(
        0.05, 1e-3, 0.5, unit="of GDP", doc="U: amount of one unit of debt.", kind="share"
    )
    interest: float = parameter(
        0.02, 0.0, 0.5, unit="1/year", doc="r_0: interest rate without debt.", kind="share"
    )
    interest_premium: float = parameter(
        0.01,
        0.0,
        0.1,
        unit="1/year",
        doc="rho: rise of the interest rate per unit of debt.",
        kind="share",
    )
    tax_curvature: float = parameter(6.0, 0.0, 100.0, doc="chi: curvature of the cost of taxation.")
    tax_ceiling: float = parameter(0.40, 0.01, 1.0, unit="of GDP", doc="Maximum tax.", kind="share")
    base_strength: float = parameter(
        1.0, 0.01, 50.0, unit="arms", doc="S_0: the defender's strength without arms."
    )
    ally_strength: float = parameter(
        3.0, 0.0, 50.0, unit="arms", doc="S_A: strength that an ally adds when it helps."
    )
    calm_strength: float = parameter(
        0.5, 0.01, 50.0, unit="arms", doc="X_0: the challenger's strength in years without threat."
    )
    threat_strength: float = parameter(
        4.0, 0.01, 50.0, unit="arms", doc="X_1: the challenger's strength in years of threat."
    )
    gain: float = parameter(
        1.0, 0.0, 10.0, doc="G: the challenger's gain from a successful challenge."
    )
    highest_challenge_cost: float = parameter(
        1.25, 0.01, MOST_COST, doc="Upper bound of the uniform private cost of a challenge."
    )
    loss: float = parameter(
        0.6, 0.0, 10.0, doc="L: the defender's loss from a successful challenge."
    )
    challenged_cost: float = parameter(
        0.10, 0.0, 10.0, doc="c_D: the defender's cost of a challenge, whatever its outcome."
    )
    depreciation: float = parameter(
        0.10,
        0.0,
        1.0,
        unit="1/year",
        doc="delta: probability that a given unit of arms fails.",
        kind="odds",
    )
    threat_rises: float = parameter(
        0.05,
        0.0,
        1.0,
        unit="1/year",
        doc="q_01: probability that a threat arises after a year without one.",
        kind="odds",
    )
    threat_passes: float = parameter(
        0.10,
        0.0,
        1.0,
        unit="1/year",
        doc="q_10: probability that a threat passes after a year of threat.",
        kind="odds",
    )
    random_ending: float = parameter(
        0.05,
        0.0,
        1.0,
        unit="1/year",
        doc="Probability that the game ends after a year.",
        kind="odds",
    )
    discount: float = parameter(
        1.0, 0.0, 1.0, unit="1/year", doc="Discount factor per year, if the game goes on."
    )
    start_threat: int = parameter(
        0, 0, 1, doc="z: whether the first year is a year of threat.", kind="flag"
    )
    start_arms: int = parameter(0, 0, MOST_ARMS, unit="units", doc="m: arms in the first year.")
    start_debt: int = parameter(2, 0, MOST_DEBT, unit="units", doc="b: debt in the first year.")
    start_allied: int = parameter(
        0, 0, 1, doc="a: whether the defender had an ally before the first year.", kind="flag"
    )

    def check(self) -> None:
        """Refuse parameters under which the largest debt cannot be serviced."""
        tax = tax_due(self.to_record(), MOST_DEBT, 0, 0)
        if tax > self.tax_ceiling + ROUNDING:
            raise ParameterError(
                f"With {MOST_DEBT} units of debt, the null plan needs a tax of {tax:.4f} of "
                f"GDP, above tax_ceiling {self.tax_ceiling:g}: lower committed_revenue, interest, "
                "interest_premium or debt_unit, or raise tax_ceiling."
            )


# Two values a power where the renderer shows a column for each; the second of `arms` is the
# challenger's strength, the second of `debt` and `tax` nothing.
class World(WorldRecord):
    """What changes while `arms_or_allies` runs."""

    threat: Whole
    arms: PerPower
    debt: PerPower
    tax: PerPower
    allied: Whole
    ordered_arms: Whole
    debt_change: Whole
    alliance: Whole
    private_cost: Real
    success: Real
    challenged: Whole


WORLD = world_dtype(World, POWERS)

FEATURES = (
    Feature(
        "phase",
        0.0,
        1.0,
        doc="0 while the defender plans, 1 while the challenger decides.",
        kind="count",
    ),
    Feature("threat", 0.0, 1.0, doc="Whether this is a year of threat.", kind="flag"),
    Feature("arms", 0.0, 1.0, f"of {MOST_ARMS} units", "The defender's arms.", kind="share"),
    Feature("debt", 0.0, 1.0, f"of {MOST_DEBT} units", "The defender's debt.", kind="share"),
    Feature("allied", 0.0, 1.0, doc="Whether the defender had an ally last year.", kind="flag"),
    Feature(
        "ordered_arms",
        0.0,
        1.0,
        f"of {MOST_ORDERED} units",
        "Arms ordered for next year; 0 before the plan.",
        kind="share",
    ),
    Feature(
        "debt_change",
        -1.0,
        1.0,
        "units",
        "Planned change of debt; 0 before the plan.",
        kind="count",
    ),
    Feature(
        "alliance",
        0.0,
        1.0,
        doc="Whether the plan has an ally this year; 0 before the plan.",
        kind="flag",
    ),
    Feature(
        "private_cost",
        0.0,
        MOST_COST,
        doc="Private cost of a challenge; only the challenger sees it.",
    ),
)

PLAN_CHOICE = Choice(
    "plan",
    tuple(
        f"{ordered}, {change}, {ally}"
        for ordered in ARMS_WORDS
        for change in DEBT_WORDS
        for ally in ALLY_WORDS
    ),
    "Arms for next year, change of debt, ally this year.",
)
CHALLENGE_CHOICE = Choice("challenge", ("accept", "challenge"), "Whether to challenge.")
DEFENDER_ACTIONS, CHALLENGER_ACTIONS = (PLAN_CHOICE,), (CHALLENGE_CHOICE,)
CHALLENGING = CHALLENGE_CHOICE.options.index("challenge")

SEES = columns(FEATURES)
PLANNING, ANSWERING = parts(DEFENDER_ACTIONS), parts(CHALLENGER_ACTIONS)


@rule
def planned_arms(plan: int) -> int:
    """Return the units of arms that a plan orders."""
    return plan // (DEBT_OPTIONS * ALLY_OPTIONS)


@rule
def planned_debt_change(plan: int) -> int:
    """Return a plan's change of debt: 0, -1 or 1 units."""
    return DEBT_CHANGES[plan // ALLY_OPTIONS % DEBT_OPTIONS]


@rule
def planned_alliance(plan: int) -> int:
    """Return whether a plan has an ally this year."""
    return plan % ALLY_OPTIONS


@rule
def tax_due(parameters: Parameters, debt: float, ordered: int, debt_change: int) -> float:
    """Return the tax that balances the budget, as a share of GDP."""
    owed_interest = (parameters.interest + parameters.interest_premium * debt) * debt
    spending: float = parameters.committed_revenue + parameters.arms_price * ordered
    tax: float = spending + (owed_interest - debt_change) * parameters.debt_unit
    return tax


@rule
def is_affordable(parameters: Parameters, debt: float, plan: int) -> bool:
    """Return whether a plan keeps the tax and the debt within their limits."""
    change = planned_debt_change(plan)
    tax = tax_due(parameters, debt, planned_arms(plan), change)
    return -ROUNDING <= tax <= parameters.tax_ceiling + ROUNDING and 0 <= debt + change <= MOST_DEBT


@rule
def challenger_strength(parameters: Parameters, threat: int) -> float:
    """Return the challenger's strength X."""
    strength: float = parameters.threat_strength if threat == 1 else parameters.calm_strength
    return strength


@rule
def defence_chance(parameters: Parameters, threat: int, arms: float, ally_comes: bool) -> float:
    """Return the probability w that the defender wins, with or without its ally's help."""
    strength: float = parameters.base_strength + arms
    if ally_comes:
        strength += parameters.ally_strength
    return strength / (strength + challenger_strength(parameters, threat))


@rule
def challenge_success(parameters: Parameters, threat: int, arms: float, alliance: int) -> float:
    """Return the probability 1 - Ew that a challenge succeeds, before the ally decides."""
    alone = defence_chance(parameters, threat, arms, False)
    if alliance == 0:
        return 1.0 - alone
    helped = defence_chance(parameters, threat, arms, True)
    reliability: float = parameters.reliability
    return 1.0 - reliability * helped - (1.0 - reliability) * alone


@rule
def defender_payoff(
    parameters: Parameters, tax: float, allied: int, alliance: int, challenged: int, success: float
) -> float:
    """Return the defender's payoff of a year: taxes, lost autonomy, and a challenge's loss."""
    payoff: float = -tax - 0.5 * parameters.tax_curvature * tax * tax
    if alliance == 1:
        payoff -= parameters.autonomy_cost
        if allied == 0:
            payoff -= parameters.alliance_setup
    if challenged == 1:
        payoff -= success * parameters.loss + parameters.challenged_cost
    return payoff


@rule
def challenger_payoff(
    parameters: Parameters, challenged: int, success: float, cost: float
) -> float:
    """Return the challenger's payoff of a year."""
    payoff: float = success * parameters.gain - cost
    return payoff if challenged == 1 else 0.0


@rule
def attrition_chance(parameters: Parameters, arms: float) -> float:
    """Return the probability that a unit of arms is lost this year."""
    all_last: float = (1.0 - parameters.depreciation) ** arms
    return 1.0 - all_last


@rule
def threat_chance(parameters: Parameters, threat: int) -> float:
    """Return the probability that the next year is a year of threat."""
    chance: float = 1.0 - parameters.threat_passes if threat == 1 else parameters.threat_rises
    return chance


@rule
def arms_next_year(arms: float, lost: int, ordered: int) -> float:
    """Return the stock after losses and deliveries; deliveries beyond the maximum are lost."""
    return min(float(MOST_ARMS), arms - lost + ordered)


@rule
def start(world: World, parameters: Parameters) -> None:
    """Set the state at the beginning of the first year."""
    world.threat = parameters.start_threat
    world.arms[DEFENDER] = parameters.start_arms
    world.arms[CHALLENGER] = challenger_strength(parameters, world.threat)
    world.debt[DEFENDER] = parameters.start_debt
    world.debt[CHALLENGER] = 0.0
    world.tax[DEFENDER] = 0.0
    world.tax[CHALLENGER] = 0.0
    world.allied = parameters.start_allied
    world.ordered_arms = 0
    world.debt_change = 0
    world.alliance = 0
    world.private_cost = 0.0
    world.success = 0.0
    world.challenged = 0


@rule
def adopt_plan(world: World, parameters: Parameters, plan: int) -> None:
    """Adopt the defender's plan, or the null plan where it cannot afford that."""
    debt = world.debt[DEFENDER]
    adopted = plan if is_affordable(parameters, debt, plan) else 0
    world.ordered_arms = planned_arms(adopted)
    world.debt_change = planned_debt_change(adopted)
    world.alliance = planned_alliance(adopted)
    world.tax[DEFENDER] = tax_due(parameters, debt, world.ordered_arms, world.debt_change)
    world.success = challenge_success(
        parameters, world.threat, world.arms[DEFENDER], world.alliance
    )
    world.challenged = 0


@rule
def pay(world: World, parameters: Parameters, rewards: Rewards) -> None:
    """Pay both powers for the year."""
    rewards[DEFENDER] = defender_payoff(
        parameters,
        world.tax[DEFENDER],
        world.allied,
        world.alliance,
        world.challenged,
        world.success,
    )
    rewards[CHALLENGER] = challenger_payoff(
        parameters, world.challenged, world.success, world.private_cost
    )


@rule
def turn_the_year(world: World, parameters: Parameters) -> None:
    """Update arms, debt and alliance, and draw the next year's threat."""
    arms = world.arms[DEFENDER]
    lost = 1 if happens(world, attrition_chance(parameters, arms)) else 0
    world.arms[DEFENDER] = arms_next_year(arms, lost, world.ordered_arms)
    world.debt[DEFENDER] += world.debt_change
    world.allied = world.alliance
    world.threat = 1 if happens(world, threat_chance(parameters, world.threat)) else 0
    world.arms[CHALLENGER] = challenger_strength(parameters, world.threat)
    world.year += 1


@rule
def step(world: World, parameters: Parameters, actions: Actions, rewards: Rewards) -> bool:
    """Play one phase: the defender's plan, or the challenger's decision and the payoffs."""
    if world.phase == PLAN:
        adopt_plan(world, parameters, actions[DEFENDER, component(PLANNING.plan)])
        world.private_cost = uniform(world) * parameters.highest_challenge_cost
        world.phase = CHALLENGE
        return False
    world.challenged = actions[CHALLENGER, component(ANSWERING.challenge)]
    pay(world, parameters, rewards)
    turn_the_year(world, parameters)
    world.phase = PLAN
    world.continuation = 1.0 - parameters.random_ending
    return happens(world, parameters.random_ending)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write the state and, once it is adopted, the plan; the private cost for the challenger."""
    others = POWERS - 1
    is_planned = world.phase == CHALLENGE
    for power in range(POWERS):
        row = observations[power]
        row[column(SEES.phase, others)] = world.phase
        row[column(SEES.threat, others)] = world.threat
        row[column(SEES.arms, others)] = world.arms[DEFENDER] / MOST_ARMS
        row[column(SEES.debt, others)] = world.debt[DEFENDER] / MOST_DEBT
        row[column(SEES.allied, others)] = world.allied
        ordered = world.ordered_arms / MOST_ORDERED if is_planned else 0.0
        row[column(SEES.ordered_arms, others)] = ordered
        row[column(SEES.debt_change, others)] = world.debt_change if is_planned else 0
        row[column(SEES.alliance, others)] = world.alliance if is_planned else 0
        sees_cost = is_planned and power == CHALLENGER
        row[column(SEES.private_cost, others)] = world.private_cost if sees_cost else 0.0


@rule
def allow(world: World, parameters: Parameters, masks: Masks) -> None:
    """Close the plans that are not affordable, and all options of the power not on the move."""
    for plan in range(1, PLANS):
        if world.phase == CHALLENGE or not is_affordable(parameters, world.debt[DEFENDER], plan):
            masks[DEFENDER, plan] = 0
    if world.phase == PLAN:
        masks[CHALLENGER, CHALLENGING] = 0


@dataclasses.dataclass(frozen=True)
class Sight:
    """A batch of observations converted back into the game's quantities, each of shape [n]."""

    is_challenge_phase: NDArray[np.bool_]
    threat: NDArray[np.int64]
    arms: NDArray[np.int64]
    debt: NDArray[np.int64]
    allied: NDArray[np.int64]
    plan: NDArray[np.int64]
    alliance: NDArray[np.int64]
    private_cost: NDArray[np.float64]


def read(observations: NDArray[np.float32]) -> Sight:
    """Return the quantities in a batch of observations; the inverse of `observe`."""

    def seen(feature: Column) -> NDArray[np.float32]:
        return observations[:, column(feature, POWERS - 1)]

    def whole(feature: Column, units: int = 1) -> NDArray[np.int64]:
        return np.rint(seen(feature) * units).astype(np.int64)

    option_of_change = np.empty(DEBT_OPTIONS, np.int64)
    # A change of -1 indexes from the end.
    option_of_change[list(DEBT_CHANGES)] = np.arange(DEBT_OPTIONS)
    debt_option = option_of_change[whole(SEES.debt_change)]
    alliance = whole(SEES.alliance)
    plan = (whole(SEES.ordered_arms, MOST_ORDERED) * DEBT_OPTIONS + debt_option) * ALLY_OPTIONS
    return Sight(
        is_challenge_phase=whole(SEES.phase) == CHALLENGE,
        threat=whole(SEES.threat),
        arms=whole(SEES.arms, MOST_ARMS),
        debt=whole(SEES.debt, MOST_DEBT),
        allied=whole(SEES.allied),
        plan=plan + alliance,
        alliance=alliance,
        private_cost=seen(SEES.private_cost).astype(np.float64),
    )


def success_table(parameters: Parameters) -> NDArray[np.float64]:
    """Return `challenge_success` for every threat, stock of arms and alliance, [2, 9, 2]."""
    record = parameters.to_record()
    return np.array(
        [
            [
                [challenge_success(record, threat, float(arms), alliance) for alliance in range(2)]
                for arms in range(MOST_ARMS + 1)
            ]
            for threat in range(2)
        ]
    )


def discount(parameters: Parameters) -> float:
    """Return the yearly discount factor; the random ending is not part of it."""
    return parameters.discount


def alliances(world: World, parameters: Parameters) -> list[tuple[str, str]]:
    """Return the defender's alliance; the ally is not a power of the game."""
    allied = world.alliance if world.phase == CHALLENGE else world.allied
    return [("power_0", "ally")] if allied else []


GAME = Game(
    name="arms_or_allies",
    title="A threatened state chooses between its own arms and an ally's promise",
    source="after Morrow 1993, Altfeld 1984, Sorokin 1994, Allen and DiGiuseppe 2013",
    parameters=Parameters,
    world=WORLD,
    roles=(
        Role("defender", DEFENDER_ACTIONS, "Plans arms, debt and alliance."),
        Role("challenger", CHALLENGER_ACTIONS, "Sees the plan, then challenges or not."),
    ),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    allow=allow,
    discount=discount,
    phases=PHASES,
    accounts=(
        Account("tax", "spends", "tax", "of GDP"),
        Account("arms", "holds", "arms", "units"),
        Account("debt", "owes", "debt", "units"),
    ),
    alliances=alliances,
    variants={
        "sudden_threat": {"start_threat": 1},
        "indebted": {"start_debt": 8},
        "discounted": {"random_ending": 0.0, "discount": 0.95},
    },
)
