"""The arithmetic between the networks and the optimiser: drawing actions, and PPO's slopes.

Each function goes once over rows of plain arrays. The loss of PPO (Schulman et al. 2017, equation
7) is small and the same for every game, so its slopes in the networks' outputs are written out:

for a choice with probabilities :math:`p`, the logit :math:`j` moves

* the log probability of the option taken by :math:`[j\\ \\text{taken}] - p_j`,
* the entropy :math:`H` by :math:`-p_j (\\log p_j + H)`,
* the divergence from a magnet :math:`m` by :math:`p_j (\\log p_j - \\log m_j - \\mathrm{KL})`;

for an amount :math:`a \\sim \\mathcal N(\\mu, \\sigma^2)` with :math:`z = (a - \\mu) / \\sigma`,
the log density moves by :math:`z / \\sigma` with :math:`\\mu` and by :math:`z^2 - 1` with
:math:`\\log \\sigma`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine.compilation import rule

LOWEST = np.float32(-np.inf)
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)

# What `option_slopes` and `amount_slopes` add up over rows, in this order.
POLICY_LOSS, ENTROPY, DIVERGENCE, CLIPPED = range(4)


@rule
def _below_highest(outputs: Any, is_open: Any, counts: Any, found: Any) -> None:
    """Write how far every open logit lies below the highest of its choice; closed, infinitely."""
    for row in range(len(outputs)):
        at = 0
        for choice in range(len(counts)):
            end = at + counts[choice]
            highest = LOWEST
            for option in range(at, end):
                if is_open[row, option] and outputs[row, option] > highest:
                    highest = outputs[row, option]
            for option in range(at, end):
                if is_open[row, option]:
                    found[row, option] = outputs[row, option] - highest
                else:
                    found[row, option] = -math.inf
            at = end


@rule
def _to_one(counts: Any, logs: Any, chances: Any) -> None:
    """Scale every choice's chances to a sum of one, and move their logarithms alike."""
    for row in range(len(chances)):
        at = 0
        for choice in range(len(counts)):
            end = at + counts[choice]
            total = chances[row, at]
            for option in range(at + 1, end):
                total += chances[row, option]
            level = math.log(total)
            scale = 1 / total
            for option in range(at, end):
                chances[row, option] *= scale
                logs[row, option] -= level
            at = end


def probabilities(
    outputs: NDArray[np.float32], is_open: NDArray[np.bool_], counts: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the logarithm of the probability of every option of every choice, and itself.

    Parameters
    ----------
    outputs : ndarray, [rows, options]
        Logits of all choices, one after another.
    is_open : ndarray of bool, [rows, options]
        At least one of each choice.
    counts : ndarray of int, [choices]

    Returns
    -------
    logs, chances : ndarray, [rows, options]
        Minus infinity and 0 for what is closed.
    """
    logs = np.empty_like(outputs)
    _below_highest(outputs, is_open, counts, logs)
    # Numpy takes several exponentials at once: most of the time of a choice with many options.
    chances = np.exp(logs)
    _to_one(counts, logs, chances)
    return logs, chances


@rule
def draw_options(
    chances: Any, every: Any, counts: Any, draws: Any, actions: Any, logs: Any
) -> None:
    """Draw an option of every choice; write them and their joint log probability.

    Parameters
    ----------
    chances, every : ndarray, [rows, options]
        Probabilities and their logarithms.
    counts : ndarray of int, [choices]
    draws : ndarray, [rows, choices]
        Uniform from [0, 1).
    actions : ndarray of int, [rows, choices]
    logs : ndarray, [rows]
    """
    for row in range(len(chances)):
        at = 0
        joint = 0.0
        for choice in range(len(counts)):
            end = at + counts[choice]
            left = draws[row, choice]
            taken = -1
            for option in range(at, end):
                if chances[row, option] > 0.0:
                    # What rounding leaves over belongs to the last option that is open.
                    taken = option
                    left -= chances[row, option]
                    if left < 0.0:
                        break
            actions[row, choice] = taken - at
            joint += every[row, taken]
            at = end
        logs[row] = joint


@rule
def clipped_slope(ratio: float, advantage: float, clip: float) -> float:
    """Return the slope of PPO's loss in the log probability, for one row."""
    clipped = min(max(ratio, 1.0 - clip), 1.0 + clip)
    return -advantage * ratio if advantage * ratio <= advantage * clipped else 0.0


@rule
def tell(told: Any, ratio: float, log_ratio: float, advantage: float, clip: float) -> None:
    """Add one row to the sums that are reported."""
    clipped = min(max(ratio, 1.0 - clip), 1.0 + clip)
    told[POLICY_LOSS] -= min(advantage * ratio, advantage * clipped)
    told[DIVERGENCE] += ratio - 1.0 - log_ratio
    if abs(ratio - 1.0) > clip:
        told[CLIPPED] += 1.0


@rule
def option_slopes(
    every: Any,
    chances: Any,
    counts: Any,
    actions: Any,
    old_logs: Any,
    advantages: Any,
    magnets: Any,
    clip: float,
    entropy_weight: float,
    magnet_weight: float,
    rows_of_all: int,
    slopes: Any,
    told: Any,
) -> None:
    """Write the slope of PPO's mean loss in every logit, and add to what is reported.

    Parameters
    ----------
    every, chances, slopes : ndarray, [rows, options]
        Log probabilities and probabilities; the slopes, 0 for what is closed.
    counts : ndarray of int, [choices]
    actions : ndarray of int, [rows, choices]
    old_logs, advantages : ndarray, [rows]
        The joint log probability when the action was drawn; normalised advantages.
    magnets : ndarray, [rows, options], or of no rows
        The magnet's log probabilities.
    rows_of_all : int
        The rows of the whole minibatch, over which the mean is taken.
    told : ndarray, [4]
    """
    for row in range(len(every)):
        at = 0
        joint = 0.0
        for choice in range(len(counts)):
            joint += every[row, at + actions[row, choice]]
            at += counts[choice]
        log_ratio = joint - old_logs[row]
        ratio = math.exp(log_ratio)
        slope = clipped_slope(ratio, advantages[row], clip)
        tell(told, ratio, log_ratio, advantages[row], clip)
        at = 0
        for choice in range(len(counts)):
            end = at + counts[choice]
            entropy = 0.0
            apart = 0.0
            for option in range(at, end):
                chance = chances[row, option]
                if chance > 0.0:
                    entropy -= chance * every[row, option]
                    if magnet_weight > 0.0:
                        apart += chance * (every[row, option] - magnets[row, option])
            for option in range(at, end):
                chance = chances[row, option]
                slopes[row, option] = 0.0
                if chance > 0.0:
                    move = -slope + entropy_weight * (every[row, option] + entropy)
                    if magnet_weight > 0.0:
                        nearer = every[row, option] - magnets[row, option] - apart
                        move += magnet_weight * nearer
                    slopes[row, option] = chance * move / rows_of_all
            slopes[row, at + actions[row, choice]] += slope / rows_of_all
            told[ENTROPY] += entropy
            at = end


@rule
def amount_slopes(
    outputs: Any,
    log_spreads: Any,
    seats: Any,
    actions: Any,
    old_logs: Any,
    advantages: Any,
    clip: float,
    entropy_weight: float,
    bounds_weight: float,
    rows_of_all: int,
    slopes: Any,
    spread_slopes: Any,
    told: Any,
) -> None:
    """Write the slope of PPO's mean loss in every mean, add those in the log spreads.

    Parameters
    ----------
    outputs, slopes : ndarray, [rows, amounts]
        Means, and their slopes.
    log_spreads, spread_slopes : ndarray, [seats, amounts]
    seats : ndarray of int, [rows]
    actions : ndarray, [rows, amounts]
    old_logs, advantages : ndarray, [rows]
    bounds_weight : float
        Of the square of what a mean lies beyond -1 or 1.
    rows_of_all : int
        The rows of the whole minibatch, over which the mean is taken.
    told : ndarray, [4]
    """
    for row in range(len(outputs)):
        seat = seats[row]
        joint = 0.0
        entropy = 0.0
        for amount in range(outputs.shape[1]):
            log_spread = log_spreads[seat, amount]
            distance = (actions[row, amount] - outputs[row, amount]) * math.exp(-log_spread)
            joint -= 0.5 * distance * distance + log_spread + HALF_LOG_TWO_PI
            entropy += log_spread + 0.5 + HALF_LOG_TWO_PI
        log_ratio = joint - old_logs[row]
        ratio = math.exp(log_ratio)
        slope = clipped_slope(ratio, advantages[row], clip)
        tell(told, ratio, log_ratio, advantages[row], clip)
        told[ENTROPY] += entropy
        for amount in range(outputs.shape[1]):
            shrink = math.exp(-log_spreads[seat, amount])
            distance = (actions[row, amount] - outputs[row, amount]) * shrink
            mean = outputs[row, amount]
            beyond = mean - min(max(mean, -1.0), 1.0)
            moved = slope * distance * shrink + 2.0 * bounds_weight * beyond
            slopes[row, amount] = moved / rows_of_all
            of_spread = slope * (distance * distance - 1.0) - entropy_weight
            spread_slopes[seat, amount] += of_spread / rows_of_all


@rule
def value_slopes(values: Any, means: Any, returns: Any, weight: float, slopes: Any) -> float:
    """Write the slope of the weighted squared error in every value; return the errors' sum.

    Parameters
    ----------
    values, slopes : ndarray, [rows]
        The critic's outputs.
    means, returns : ndarray, [rows]
        What is added to an output, and what it should come to.
    weight : float
    """
    total = 0.0
    for row in range(len(values)):
        apart = values[row] + means[row] - returns[row]
        slopes[row] = 2.0 * weight * apart
        total += apart * apart
    return total
