"""The arithmetic between the networks and the optimiser: sampling, and the gradient of PPO's loss.

Each function passes once over rows of plain arrays. The loss of PPO (Schulman et al. 2017, equation
7) is small and the same for every game, so its gradient in the networks' outputs is written out.

For a choice with probabilities :math:`p`, the derivative in logit :math:`j` is

* of the log probability of the option taken, :math:`[j\\ \\text{taken}] - p_j`,
* of the entropy :math:`H`, :math:`-p_j (\\log p_j + H)`,
* of the divergence from a magnet :math:`m`, :math:`p_j (\\log p_j - \\log m_j - \\mathrm{KL})`.

For an amount :math:`a \\sim \\mathcal N(\\mu, \\sigma^2)` with :math:`z = (a - \\mu) / \\sigma`,
the derivative of the log density is :math:`z / \\sigma` in :math:`\\mu` and :math:`z^2 - 1` in
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

# What `option_gradients` and `amount_gradients` sum over rows, in this order.
POLICY_LOSS, ENTROPY, DIVERGENCE, CLIPPED = range(4)


@rule
def _below_highest(outputs: Any, is_open: Any, counts: Any, found: Any) -> None:
    """Write each open logit minus the highest of its choice; minus infinity for closed ones."""
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
def _normalise(counts: Any, logs: Any, probabilities: Any) -> None:
    """Normalise each choice's probabilities to a sum of one, and their logarithms accordingly."""
    for row in range(len(probabilities)):
        at = 0
        for choice in range(len(counts)):
            end = at + counts[choice]
            total = probabilities[row, at]
            for option in range(at + 1, end):
                total += probabilities[row, option]
            level = math.log(total)
            scale = 1 / total
            for option in range(at, end):
                probabilities[row, option] *= scale
                logs[row, option] -= level
            at = end


def probabilities(
    outputs: NDArray[np.float32], is_open: NDArray[np.bool_], counts: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the log probability of every option of every choice, and the probability.

    Parameters
    ----------
    outputs : ndarray, [rows, options]
        Logits of all choices, concatenated.
    is_open : ndarray of bool, [rows, options]
        At least one option of each choice is open.
    counts : ndarray of int, [choices]

    Returns
    -------
    log_probabilities, probabilities : ndarray, [rows, options]
        Minus infinity and 0 for closed options.
    """
    logs = np.empty_like(outputs)
    _below_highest(outputs, is_open, counts, logs)
    # Numpy computes exponentials in vectors, and these take most of the time.
    probabilities = np.exp(logs)
    _normalise(counts, logs, probabilities)
    return logs, probabilities


@rule
def draw_options(
    probabilities: Any, log_probabilities: Any, counts: Any, draws: Any, actions: Any, logs: Any
) -> None:
    """Draw an option of every choice; write the options and their joint log probability.

    Parameters
    ----------
    probabilities, log_probabilities : ndarray, [rows, options]
        Probabilities and their logarithms.
    counts : ndarray of int, [choices]
    draws : ndarray, [rows, choices]
        Uniform from [0, 1).
    actions : ndarray of int, [rows, choices]
    logs : ndarray, [rows]
    """
    for row in range(len(probabilities)):
        at = 0
        joint = 0.0
        for choice in range(len(counts)):
            end = at + counts[choice]
            left = draws[row, choice]
            taken = -1
            for option in range(at, end):
                if probabilities[row, option] > 0.0:
                    # The rounding error goes to the last open option.
                    taken = option
                    left -= probabilities[row, option]
                    if left < 0.0:
                        break
            actions[row, choice] = taken - at
            joint += log_probabilities[row, taken]
            at = end
        logs[row] = joint


@rule
def clipped_gradient(ratio: float, advantage: float, clip: float) -> float:
    """Return the derivative of PPO's loss in the log probability, for one row."""
    clipped = min(max(ratio, 1.0 - clip), 1.0 + clip)
    return -advantage * ratio if advantage * ratio <= advantage * clipped else 0.0


@rule
def log_row(logged: Any, ratio: float, log_ratio: float, advantage: float, clip: float) -> None:
    """Add one row to the sums that are logged."""
    clipped = min(max(ratio, 1.0 - clip), 1.0 + clip)
    logged[POLICY_LOSS] -= min(advantage * ratio, advantage * clipped)
    logged[DIVERGENCE] += ratio - 1.0 - log_ratio
    if abs(ratio - 1.0) > clip:
        logged[CLIPPED] += 1.0


@rule
def option_gradients(
    log_probabilities: Any,
    probabilities: Any,
    counts: Any,
    actions: Any,
    old_logs: Any,
    advantages: Any,
    magnets: Any,
    clip: float,
    ent_coef: float,
    magnet_coef: float,
    rows_of_all: int,
    gradients: Any,
    logged: Any,
) -> None:
    """Write the gradient of PPO's mean loss in the logits, and add to the logged sums.

    Parameters
    ----------
    log_probabilities, probabilities, gradients : ndarray, [rows, options]
        Log probabilities, probabilities, and the gradient, 0 for closed options.
    counts : ndarray of int, [choices]
    actions : ndarray of int, [rows, choices]
    old_logs, advantages : ndarray, [rows]
        Joint log probability when the action was drawn; normalised advantages.
    magnets : ndarray, [rows, options], or of no rows
        The magnet's log probabilities.
    rows_of_all : int
        Number of rows of the whole minibatch, over which the mean is taken.
    logged : ndarray, [4]
    """
    for row in range(len(log_probabilities)):
        at = 0
        joint = 0.0
        for choice in range(len(counts)):
            joint += log_probabilities[row, at + actions[row, choice]]
            at += counts[choice]
        log_ratio = joint - old_logs[row]
        ratio = math.exp(log_ratio)
        gradient = clipped_gradient(ratio, advantages[row], clip)
        log_row(logged, ratio, log_ratio, advantages[row], clip)
        at = 0
        for choice in range(len(counts)):
            end = at + counts[choice]
            entropy = 0.0
            apart = 0.0
            for option in range(at, end):
                chance = probabilities[row, option]
                if chance > 0.0:
                    entropy -= chance * log_probabilities[row, option]
                    if magnet_coef > 0.0:
                        apart += chance * (log_probabilities[row, option] - magnets[row, option])
            for option in range(at, end):
                chance = probabilities[row, option]
                gradients[row, option] = 0.0
                if chance > 0.0:
                    move = -gradient + ent_coef * (log_probabilities[row, option] + entropy)
                    if magnet_coef > 0.0:
                        nearer = log_probabilities[row, option] - magnets[row, option] - apart
                        move += magnet_coef * nearer
                    gradients[row, option] = chance * move / rows_of_all
            gradients[row, at + actions[row, choice]] += gradient / rows_of_all
            logged[ENTROPY] += entropy
            at = end


@rule
def amount_gradients(
    outputs: Any,
    log_stds: Any,
    seats: Any,
    actions: Any,
    old_logs: Any,
    advantages: Any,
    clip: float,
    ent_coef: float,
    bounds_coef: float,
    rows_of_all: int,
    gradients: Any,
    std_gradients: Any,
    logged: Any,
) -> None:
    """Write the gradient of PPO's mean loss in the means, and add that in the log stds.

    Parameters
    ----------
    outputs, gradients : ndarray, [rows, amounts]
        Means, and the gradient in them.
    log_stds, std_gradients : ndarray, [seats, amounts]
    seats : ndarray of int, [rows]
    actions : ndarray, [rows, amounts]
    old_logs, advantages : ndarray, [rows]
    bounds_coef : float
        Coefficient of the squared distance of a mean from [-1, 1].
    rows_of_all : int
        Number of rows of the whole minibatch, over which the mean is taken.
    logged : ndarray, [4]
    """
    for row in range(len(outputs)):
        seat = seats[row]
        joint = 0.0
        entropy = 0.0
        for amount in range(outputs.shape[1]):
            log_std = log_stds[seat, amount]
            distance = (actions[row, amount] - outputs[row, amount]) * math.exp(-log_std)
            joint -= 0.5 * distance * distance + log_std + HALF_LOG_TWO_PI
            entropy += log_std + 0.5 + HALF_LOG_TWO_PI
        log_ratio = joint - old_logs[row]
        ratio = math.exp(log_ratio)
        gradient = clipped_gradient(ratio, advantages[row], clip)
        log_row(logged, ratio, log_ratio, advantages[row], clip)
        logged[ENTROPY] += entropy
        for amount in range(outputs.shape[1]):
            shrink = math.exp(-log_stds[seat, amount])
            distance = (actions[row, amount] - outputs[row, amount]) * shrink
            mean = outputs[row, amount]
            beyond = mean - min(max(mean, -1.0), 1.0)
            moved = gradient * distance * shrink + 2.0 * bounds_coef * beyond
            gradients[row, amount] = moved / rows_of_all
            std_gradient = gradient * (distance * distance - 1.0) - ent_coef
            std_gradients[seat, amount] += std_gradient / rows_of_all


@rule
def value_gradients(values: Any, means: Any, returns: Any, weight: float, gradients: Any) -> float:
    """Write the gradient of the weighted squared error; return the sum of squared errors.

    Parameters
    ----------
    values, gradients : ndarray, [rows]
        The critic's outputs, and the gradient in them.
    means, returns : ndarray, [rows]
        Added to the outputs; their targets.
    weight : float
    """
    total = 0.0
    for row in range(len(values)):
        apart = values[row] + means[row] - returns[row]
        gradients[row] = 2.0 * weight * apart
        total += apart * apart
    return total
