r"""Arms or allies: a state under threat chooses between its own arms and another's promise.

Every year the defender plans: it orders arms (which arrive next year), changes its debt, and has an
ally or not (who helps at once, but keeps the promise only with probability :math:`p`). The
challenger sees the plan, knows what a challenge would cost it, and challenges or does not. With
threat :math:`z`, arms :math:`m`, debt :math:`b`, an old ally :math:`a`, orders :math:`e`, a change
of debt :math:`\Delta`, and an ally now :math:`a'`:

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

The threat rises with probability :math:`q_{01}` and passes with :math:`q_{10}`, and the game ends
after a year with probability :math:`1 - B`. Both powers are risk neutral and are paid the expected
outcome of a challenge, so that chance enters only through the private cost, the threat, the losses
and the ending.

Source: after Morrow (1993), "Arms versus allies: trade-offs in the search for security",
International Organization 47 (arms take resources from other ends, allies cost autonomy, and their
relative political cost decides); after Altfeld (1984); after Sorokin (1994), International Studies
Quarterly 38 (the mix follows relative cost and the ally's strength); after Allen and DiGiuseppe
(2013), International Studies Quarterly 57 (poor credit leads to alliances). The model is ours: none
of them has this budget, this challenger or these numbers.

Version history
---------------
v0: first release.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

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
PLAN, CHALLENGE = 0, 1

MOST_ARMS = 8
MOST_DEBT = 8
MOST_ORDERED = 2
PLANS = 18
MOST_COST = 20.0

# A tax is a sum of products of decimals; a limit met exactly must not fail by their rounding.
ROUNDING = 1e-12


@parameters
class Parameters(ParametersBase):
    """Parameters of `arms_or_allies`."""

    CAPACITY = POWERS

    powers: int = parameter(POWERS, POWERS, POWERS, unit="powers", doc="Defender and challenger.")
    reliability: float = parameter(
        0.745, 0.0, 1.0, doc="p: probability that the ally keeps its promise.", observed=True
    )
    committed_revenue: float = parameter(
        0.05, 0.0, 0.9, unit="of GDP", doc="tau_0: taxes promised to other ends.", observed=True
    )
    autonomy_cost: float = parameter(
        0.025, 0.0, 1.0, doc="alpha: yearly cost of sharing decisions with an ally.", observed=True
    )
    alliance_setup: float = parameter(0.02, 0.0, 1.0, doc="f: cost of a new alliance.")
    arms_price: float = parameter(
        0.05, 0.0, 0.5, unit="of GDP", doc="kappa: price of one unit of arms.", observed=True
    )
    debt_unit: float = parameter(
        0.05, 1e-3, 0.5, unit="of GDP", doc="U: what one unit of debt is worth."
    )
    interest: float = parameter(0.02, 0.0, 0.5, unit="1/year", doc="r_0: interest without debt.")
    interest_premium: float = parameter(
        0.01, 0.0, 0.1, unit="1/year", doc="rho: rise of the interest with each unit of debt."
    )
    tax_curvature: float = parameter(
        6.0, 0.0, 100.0, doc="chi: how fast the burden of a tax grows with it."
    )
    tax_ceiling: float = parameter(0.40, 0.01, 1.0, unit="of GDP", doc="Highest possible tax.")
    base_strength: float = parameter(
        1.0, 0.01, 50.0, unit="arms", doc="S_0: the defender's strength without arms."
    )
    ally_strength: float = parameter(
        3.0, 0.0, 50.0, unit="arms", doc="S_A: what an ally who comes adds to it."
    )
    calm_strength: float = parameter(
        0.5, 0.01, 50.0, unit="arms", doc="X_0: the challenger's strength in calm years."
    )
    threat_strength: float = parameter(
        4.0, 0.01, 50.0, unit="arms", doc="X_1: the challenger's strength in years of threat."
    )
    gain: float = parameter(1.0, 0.0, 10.0, doc="G: what a challenge that succeeds brings.")
    highest_challenge_cost: float = parameter(
        1.25, 0.01, MOST_COST, doc="The private cost of a challenge is uniform from 0 to this."
    )
    loss: float = parameter(0.6, 0.0, 10.0, doc="L: what a challenge that succeeds takes.")
    challenged_cost: float = parameter(
        0.10, 0.0, 10.0, doc="c_D: cost of being challenged, whatever the outcome."
    )
    depreciation: float = parameter(
        0.10, 0.0, 1.0, unit="1/year", doc="delta: probability that a given unit of arms fails."
    )
    threat_rises: float = parameter(
        0.05, 0.0, 1.0, unit="1/year", doc="q_01: probability that a calm year is the last."
    )
    threat_passes: float = parameter(
        0.10, 0.0, 1.0, unit="1/year", doc="q_10: probability that a year of threat is the last."
    )
    random_ending: float = parameter(
        0.05, 0.0, 1.0, unit="1/year", doc="Probability that a year is the last of the game."
    )
    discount: float = parameter(
        1.0, 0.0, 1.0, unit="1/year", doc="Weight of the next year if there is one."
    )
    start_threat: int = parameter(0, 0, 1, doc="z: whether the first year is one of threat.")
    start_arms: int = parameter(0, 0, MOST_ARMS, unit="units", doc="m: arms in the first year.")
    start_debt: int = parameter(2, 0, MOST_DEBT, unit="units", doc="b: inherited debt.")
    start_allied: int = parameter(0, 0, 1, doc="a: whether there is an ally already.")

    def check(self) -> None:
        """Refuse parameters under which a state cannot even pay the interest on its debt."""
        tax = tax_due(self.to_record(), MOST_DEBT, 0, 0)
        if tax > self.tax_ceiling + ROUNDING:
            raise ParameterError(
                f"With {MOST_DEBT} units of debt, doing nothing would need a tax of {tax:.4f} of "
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
    Feature("phase", 0.0, 1.0, doc="0 while the defender plans, 1 while the challenger decides."),
    Feature("threat", 0.0, 1.0, doc="Whether this is a year of threat."),
    Feature("arms", 0.0, 1.0, f"of {MOST_ARMS} units", "The defender's arms."),
    Feature("debt", 0.0, 1.0, f"of {MOST_DEBT} units", "The defender's debt."),
    Feature("allied", 0.0, 1.0, doc="Whether the defender had an ally last year."),
    Feature("ordered_arms", 0.0, 1.0, f"of {MOST_ORDERED} units", "Planned: arms for next year."),
    Feature("debt_change", -1.0, 1.0, "units", "Planned: change of debt."),
    Feature("alliance", 0.0, 1.0, doc="Planned: whether there is an ally this year."),
    Feature("private_cost", 0.0, MOST_COST, doc="What a challenge costs; the challenger's to see."),
)

DEBT_WORDS = ("hold debt", "repay", "borrow")
ARMS_WORDS = ("no arms", "1 arms", "2 arms")
ALLY_WORDS = ("no ally", "ally")
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


@rule
def planned_arms(plan: int) -> int:
    """Return the units of arms that a plan orders."""
    return plan // 6


@rule
def planned_debt_change(plan: int) -> int:
    """Return a plan's change of debt: 0, -1 or 1 units."""
    kind = plan // 2 % 3
    if kind == 1:
        return -1
    if kind == 2:
        return 1
    return 0


@rule
def planned_alliance(plan: int) -> int:
    """Return whether a plan has an ally this year."""
    return plan % 2


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
    """Return the chance w that the defender wins, with or without its ally beside it."""
    strength: float = parameters.base_strength + arms
    if ally_comes:
        strength += parameters.ally_strength
    return strength / (strength + challenger_strength(parameters, threat))


@rule
def challenge_success(parameters: Parameters, threat: int, arms: float, alliance: int) -> float:
    """Return the chance 1 - Ew that a challenge succeeds, before the ally has shown its hand."""
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
    """Return the defender's payoff of a year: taxes, autonomy, and what a challenge takes."""
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
    """Return the probability that next year is one of threat."""
    chance: float = 1.0 - parameters.threat_passes if threat == 1 else parameters.threat_rises
    return chance


@rule
def arms_next_year(arms: float, lost: int, ordered: int) -> float:
    """Return the stock after losses and deliveries; what exceeds the most is wasted."""
    return min(float(MOST_ARMS), arms - lost + ordered)


@rule
def start(world: World, parameters: Parameters) -> None:
    """Set the inherited state."""
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
    """Fix the defender's plan; one that it cannot afford leaves it with the null plan."""
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
    """Lose and deliver arms, carry debt and alliance over, and draw next year's threat."""
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
    """Play one phase: the defender's plan, or the challenger's answer and the turn of the year."""
    if world.phase == PLAN:
        adopt_plan(world, parameters, actions[DEFENDER, 0])
        world.private_cost = uniform(world) * parameters.highest_challenge_cost
        world.phase = CHALLENGE
        return False
    world.challenged = actions[CHALLENGER, 0]
    pay(world, parameters, rewards)
    turn_the_year(world, parameters)
    world.phase = PLAN
    world.continuation = 1.0 - parameters.random_ending
    return happens(world, parameters.random_ending)


@rule
def observe(world: World, parameters: Parameters, observations: Observations) -> None:
    """Write the state and, once it is fixed, the plan; the private cost for the challenger only."""
    for power in range(POWERS):
        observations[power, 0] = world.phase
        observations[power, 1] = world.threat
        observations[power, 2] = world.arms[DEFENDER] / MOST_ARMS
        observations[power, 3] = world.debt[DEFENDER] / MOST_DEBT
        observations[power, 4] = world.allied
        for column in range(5, 9):
            observations[power, column] = 0.0
        if world.phase == CHALLENGE:
            observations[power, 5] = world.ordered_arms / MOST_ORDERED
            observations[power, 6] = world.debt_change
            observations[power, 7] = world.alliance
            if power == CHALLENGER:
                observations[power, 8] = world.private_cost


@rule
def allow(world: World, parameters: Parameters, masks: Masks) -> None:
    """Close the plans that cannot be paid, and everything to the power not on the move."""
    for plan in range(1, PLANS):
        if world.phase == CHALLENGE or not is_affordable(parameters, world.debt[DEFENDER], plan):
            masks[DEFENDER, plan] = 0
    if world.phase == PLAN:
        masks[CHALLENGER, 1] = 0


@dataclasses.dataclass(frozen=True)
class Sight:
    """A batch of observations read back into the game's own quantities, each of shape [n]."""

    is_challenge_phase: NDArray[np.bool_]
    threat: NDArray[np.int64]
    arms: NDArray[np.int64]
    debt: NDArray[np.int64]
    allied: NDArray[np.int64]
    plan: NDArray[np.int64]
    alliance: NDArray[np.int64]
    private_cost: NDArray[np.float64]


def read(observations: NDArray[np.float32]) -> Sight:
    """Return what a batch of observations says; the inverse of `observe`."""
    whole = np.rint(
        observations[:, :8] * np.array([1, 1, MOST_ARMS, MOST_DEBT, 1, MOST_ORDERED, 1, 1])
    ).astype(np.int64)
    # What a change of 0, 1 or, counted from the end, -1 adds to the number of a plan.
    of_debt_change = np.array([0, 4, 2])[whole[:, 6]]
    plan = whole[:, 5] * 6 + of_debt_change + whole[:, 7]
    return Sight(
        is_challenge_phase=whole[:, 0] == CHALLENGE,
        threat=whole[:, 1],
        arms=whole[:, 2],
        debt=whole[:, 3],
        allied=whole[:, 4],
        plan=plan,
        alliance=whole[:, 7],
        private_cost=observations[:, 8].astype(np.float64),
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
    """Return the yearly discount factor in play, to which the random ending comes."""
    return parameters.discount


def alliances(world: World, parameters: Parameters) -> list[tuple[str, str]]:
    """Return the defender's alliance; the ally is no power of the game."""
    allied = world.alliance if world.phase == CHALLENGE else world.allied
    return [("power_0", "ally")] if allied else []


GAME = Game(
    name="arms_or_allies",
    version=0,
    title="A threatened state chooses between its own arms and an ally's promise",
    source="after Morrow 1993, Altfeld 1984, Sorokin 1994, Allen and DiGiuseppe 2013",
    parameters=Parameters,
    world=WORLD,
    roles=(
        Role("defender", (PLAN_CHOICE,), "Plans arms, debt and alliance."),
        Role("challenger", (CHALLENGE_CHOICE,), "Sees the plan, and challenges or does not."),
    ),
    features=FEATURES,
    start=start,
    step=step,
    observe=observe,
    allow=allow,
    discount=discount,
    phases=("plan", "challenge"),
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
