"""Production, investment, capital and technology."""

from __future__ import annotations

import math

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.grand_strategy.parameters import Parameters
from counterpoise.envs.grand_strategy.world import World

LEAST_OUTPUT = 0.05
LEAST_CAPITAL = 1e-3
USUAL_RESEARCH, USUAL_PROCUREMENT, USUAL_INDUSTRY = 0.025, 0.02, 0.02


@rule
def balanced_capital(parameters: Parameters, debt: float) -> float:
    """Return the ratio of capital to product on the balanced growth path under the starting tax.

    Solow (1956): investment (equation 8 with a balanced budget and industry at 2 %) offsets
    depreciation and the expected growth.
    """
    tax = parameters.start_tax
    disposable = 1.0 - tax - 0.5 * parameters.tax_distortion * tax * tax
    disposable += parameters.safe_interest * (1.0 - parameters.foreign_lending) * debt
    invested = parameters.saving_rate * disposable + USUAL_INDUSTRY * parameters.industry_yield
    ratio: float = invested / (parameters.depreciation + parameters.usual_growth)
    return ratio


@rule
def labour_for(parameters: Parameters, product: float, technology: float, capital: float) -> float:
    """Return the labour that makes a product with given capital and technology (1, inverted)."""
    share = parameters.capital_share
    labour: float = (product / (technology * capital**share)) ** (1.0 / (1.0 - share))
    return labour


@rule
def produce(world: World, parameters: Parameters, power: int) -> None:
    """Set the year's potential product Y."""
    labour = world.labour[power]
    # (1) Y = A K^alpha L^(1 - alpha)
    world.product[power] = (
        world.technology[power]
        * labour
        * (world.capital[power] / labour) ** parameters.capital_share
    )


@rule
def openness(parameters: Parameters, resilience: float) -> float:
    """Return the part of potential product that is left at some security of supply."""
    # (2) 1 - k_Z Z^4: the first steps to security are cheap, autarky is not
    left: float = 1.0 - parameters.autarky_cost * resilience**4
    return left


@rule
def deliver(world: World, parameters: Parameters, power: int) -> None:
    """Set output Q, after all losses of the year, and its growth."""
    loss = world.trade_loss[power] + world.war_loss[power]
    if world.default_years[power] > 0:
        # (6) D, of which banks' losses are a part (Gennaioli, Martin and Rossi 2014)
        loss += parameters.default_loss + parameters.bank_loss * world.written_off[power]
    before = world.output[power]
    # (2) Q = Y (1 - k_Z Z^4) (1 - X - W - D)
    world.output[power] = (
        world.product[power]
        * openness(parameters, world.resilience[power])
        * max(LEAST_OUTPUT, 1.0 - loss)
    )
    world.growth[power] = math.log(world.output[power] / before)


@rule
def divide(world: World, parameters: Parameters, power: int) -> None:
    """Set private income, investment and consumption after the treasury has borrowed."""
    output, tax, debt = world.output[power], world.tax[power], world.debt[power]
    at_home = 1.0 - parameters.foreign_lending
    borrowed = world.borrowed[power]
    # (7) disp = Q - T - chi tau^2 Q / 2 + r (1 - f) B
    disposable = (
        output
        - world.revenue[power]
        - 0.5 * parameters.tax_distortion * tax * tax * output
        + world.interest[power] * at_home * debt
    )
    # (8) I = s disp - ((1 - f) - s_R) dB, C_n = (1 - s) disp - s_R dB
    world.disposable[power] = disposable
    world.invested[power] = (
        parameters.saving_rate * disposable - (at_home - parameters.saving_response) * borrowed
    )
    world.consumed[power] = (
        1.0 - parameters.saving_rate
    ) * disposable - parameters.saving_response * borrowed


@rule
def accumulate(world: World, parameters: Parameters, power: int) -> None:
    """Move capital and labour to the next year."""
    disturbed = min(world.trade_loss[power] + world.war_loss[power], 1.0)
    # (10) K' = (1 - depreciation) K + I (1 - X - W) + .9 g_K Q
    capital = (
        (1.0 - parameters.depreciation) * world.capital[power]
        + world.invested[power] * (1.0 - disturbed)
        + parameters.industry_yield * world.industry[power] * world.output[power]
        + world.capital_gained[power]
        - world.capital_lost[power]
    )
    # A deficit may exceed investment: the floor lies far below the capital at which a power falls.
    world.capital[power] = max(capital, LEAST_CAPITAL * world.first_capital[power])
    world.labour[power] *= 1.0 + parameters.labour_growth


@rule
def advance_technology(world: World, parameters: Parameters, power: int, frontier: float) -> None:
    """Move technology to the next year; `frontier` is the leader's."""
    integration = world.integration[power]
    research = parameters.research_yield * math.sqrt(world.research[power] / USUAL_RESEARCH)
    spill_over = (
        parameters.dual_use
        * parameters.research_yield
        * integration
        * math.sqrt(world.procurement[power] / USUAL_PROCUREMENT)
    )
    behind = frontier / world.technology[power] - 1.0
    # (11) progress, research, dual use, catching up (less if self-sufficient), distortion
    world.technology[power] *= (
        1.0
        + parameters.base_progress
        + research
        + spill_over
        + parameters.catch_up * behind * (1.0 - world.resilience[power])
        - parameters.integration_cost * integration * integration
    )
