r"""Linear-quadratic games in discrete time: what is played when all best-respond in every year.

The problem. A state :math:`z` moves linearly under everyone's controls, and each player pays a
quadratic cost of the state and of its own control,

.. math::

    z_{t+1} = A z_t + \sum_i B_i u_{i,t} + \varepsilon_t, \qquad
    J_i = E \sum_t \beta^t \left( z_t' Q_i z_t + u_{i,t}' R_i u_{i,t} \right),

over a finite number of years or for ever. Linear and constant terms are carried by a state whose
last entry is always 1 (`affine_game` builds such a game from them). Shocks have the covariance
:math:`W`; they change what the game costs, not how it is played.

The solution. In a *feedback Nash equilibrium* each player's rule :math:`u_{i,t} = F_{i,t} z_t` is
best from every state of every year, given the others' rules. Backward from the last year, with cost
to go :math:`z' P_i z + p_i`, the first-order conditions of all players are one linear system,

.. math::

    (R_i + \beta B_i' P_i B_i) F_i + \beta B_i' P_i \sum_{j \ne i} B_j F_j = -\beta B_i' P_i A,

and with :math:`\bar A = A + \sum_j B_j F_j`

.. math::

    P_i \leftarrow Q_i + F_i' R_i F_i + \beta \bar A' P_i \bar A, \qquad
    p_i \leftarrow \beta \left( p_i + \operatorname{tr} P_i W \right).

In finite time the equilibrium is unique where the system is invertible in every year. For ever, we
take the limit of ever longer horizons; other equilibria may exist beside it.

The recursion is the standard one (Başar and Olsder 1999, "Dynamic Noncooperative Game Theory", ch.
6). One player alone is the linear-quadratic regulator; a coalition that minimises its joint cost is
one player (`merge_players`).
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]
Feedbacks = tuple[Matrix, ...]
"""One array per player, [years, controls, states]: u = F z; a single year if it is constant."""

SETTLED = 1e-14
MOST_YEARS = 1_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class LinearQuadraticGame:
    """The matrices of a game, in the module's symbols.

    Attributes
    ----------
    transition : ndarray, [states, states]
        A.
    controls : tuple of ndarray, [states, controls of the player]
        B_i.
    state_costs : tuple of ndarray, [states, states]
        Q_i, symmetric; need not be positive.
    control_costs : tuple of ndarray, [controls of the player, controls of the player]
        R_i, symmetric.
    discount : float
        beta.
    noise : ndarray, [states, states]
        W.
    """

    transition: Matrix
    controls: tuple[Matrix, ...]
    state_costs: tuple[Matrix, ...]
    control_costs: tuple[Matrix, ...]
    discount: float
    noise: Matrix

    @property
    def players(self) -> int:
        """The number of players."""
        return len(self.controls)


@dataclasses.dataclass(frozen=True, eq=False)
class Solution:
    """Feedbacks of a game, and their costs from each state and year.

    Attributes
    ----------
    feedbacks : tuple of ndarray, [years, controls, states]
        F_i by year; a single year for an endless game.
    costs : ndarray, [years, players, states, states]
        P_i at the beginning of each year; symmetric.
    noise_costs : ndarray, [years, players]
        p_i: the cost added by shocks still to come.
    """

    feedbacks: Feedbacks
    costs: Matrix
    noise_costs: Matrix

    def cost(self, state: ArrayLike, year: int = 0) -> Matrix:
        """Return every player's expected discounted cost from a state, [players]."""
        z = np.asarray(state, np.float64)
        quadratic = np.einsum("a,iab,b->i", z, self.costs[year], z)
        return np.asarray(quadratic + self.noise_costs[year])


def affine_game(
    transition: ArrayLike,
    controls: Sequence[ArrayLike],
    quadratic: Sequence[ArrayLike],
    linear: Sequence[ArrayLike],
    constant: Sequence[float],
    control_costs: Sequence[ArrayLike],
    discount: float,
    *,
    offset: ArrayLike | None = None,
    noise: ArrayLike | None = None,
) -> LinearQuadraticGame:
    r"""Return a game from its terms in a state x that has no constant entry.

    .. math::

        x' = A x + c + \sum_i B_i u_i + \varepsilon, \qquad
        \text{cost}_i = x' Q_i x + q_i' x + k_i + u_i' R_i u_i

    The state of the game returned is :math:`z = (x, 1)`.

    Parameters
    ----------
    transition : array_like, [n, n]
        A.
    controls : sequence of array_like, [n, controls of the player]
        B_i.
    quadratic, linear, constant : sequences, [n, n], [n] and numbers
        Q_i (only its symmetric part matters), q_i, k_i.
    control_costs : sequence of array_like, [controls, controls]
        R_i.
    discount : float
    offset : array_like, [n], optional
        c; zeros by default.
    noise : array_like, [n, n], optional
        The shocks' covariance; zeros by default.
    """
    inner = np.asarray(transition, np.float64)
    n = len(inner)
    moves = np.zeros((n + 1, n + 1))
    moves[:n, :n] = inner
    moves[:n, n] = 0.0 if offset is None else offset
    moves[n, n] = 1.0
    shocks = np.zeros((n + 1, n + 1))
    shocks[:n, :n] = 0.0 if noise is None else noise
    state_costs = []
    for square, slope, level in zip(quadratic, linear, constant, strict=True):
        cost = np.zeros((n + 1, n + 1))
        cost[:n, :n] = square
        cost[:n, n] = slope
        cost[n, n] = level
        state_costs.append((cost + cost.T) / 2)
    return LinearQuadraticGame(
        transition=moves,
        controls=tuple(np.vstack([each, np.zeros(np.shape(each)[1])]) for each in controls),
        state_costs=tuple(state_costs),
        control_costs=tuple(np.asarray(each, np.float64) for each in control_costs),
        discount=discount,
        noise=shocks,
    )


def game_of_costs(
    cost: Callable[[int, Matrix, float], float],
    kept: float,
    players: int,
    discount: float,
    *,
    noise: ArrayLike | None = None,
) -> LinearQuadraticGame:
    """Return the game in which each player moves one stock, from each player's cost of a year.

    Parameters
    ----------
    cost : callable
        From a player, all stocks [players] and the player's own control to its cost, quadratic in
        both and without a product of the two; evaluated where its coefficients can be read off.
    kept : float
        Share of a stock that is left a year later, before the control is added.
    players : int
    discount : float
    noise : array_like, [players, players], optional
        The shocks' covariance; zeros by default.
    """
    units, nothing = np.eye(players), np.zeros(players)
    quadratic, linear, constant, of_control = [], [], [], []
    for player in range(players):
        level = cost(player, nothing, 0.0)
        square = np.zeros((players, players))
        for first, second in itertools.product(range(players), repeat=2):
            square[first, second] = (
                cost(player, units[first] + units[second], 0.0)
                - cost(player, units[first], 0.0)
                - cost(player, units[second], 0.0)
                + level
            ) / 2.0
        quadratic.append(square)
        linear.append([cost(player, unit, 0.0) - level for unit in units] - np.diag(square))
        constant.append(level)
        of_control.append([[cost(player, nothing, 1.0) - level]])
    return affine_game(
        kept * units,
        [units[:, [player]] for player in range(players)],
        quadratic,
        linear,
        constant,
        of_control,
        discount,
        noise=noise,
    )


def feedback_equilibrium(game: LinearQuadraticGame, years: int | None = None) -> Solution:
    """Return the feedback Nash equilibrium over a number of years, or of the endless game.

    The endless game's is the limit of ever longer horizons, reached when one more year changes no
    cost by more than a relative 1e-14.

    Raises
    ------
    ArithmeticError
        If a player's problem has no minimum, the year's system is singular, or there is no limit.
    """
    return _solve_backward(game, lambda _: game.transition, years)


def best_response(
    game: LinearQuadraticGame, feedbacks: Feedbacks, player: int, years: int | None = None
) -> Solution:
    """Return one player's optimal feedback against fixed feedbacks: its Riccati equation.

    Parameters
    ----------
    game : LinearQuadraticGame
    feedbacks : tuple of ndarray, [years or 1, controls, states]
        One per player; the player's own is not used.
    player : int
    years : int, optional
        Endless by default; the others' feedbacks then hold for every year.

    Returns
    -------
    Solution
        Of a game of this one player.
    """
    alone = LinearQuadraticGame(
        game.transition,
        (game.controls[player],),
        (game.state_costs[player],),
        (game.control_costs[player],),
        game.discount,
        game.noise,
    )
    return _solve_backward(alone, lambda year: _moved(game, feedbacks, year, player), years)


def costs_of(game: LinearQuadraticGame, feedbacks: Feedbacks, years: int | None = None) -> Solution:
    """Return every player's costs when all play fixed linear feedbacks."""
    return _solve_backward(game, lambda _: game.transition, years, feedbacks)


def merge_players(game: LinearQuadraticGame, members: Sequence[int]) -> LinearQuadraticGame:
    """Return the game in which a coalition acts as one player that minimises its joint cost.

    The coalition takes the place of its first member, its controls stacked in the order given.
    """
    controls, state_costs, control_costs = [], [], []
    for player in range(game.players):
        if player == members[0]:
            controls.append(np.hstack([game.controls[each] for each in members]))
            state_costs.append(np.sum([game.state_costs[each] for each in members], axis=0))
            control_costs.append(
                scipy.linalg.block_diag(*[game.control_costs[each] for each in members])
            )
        elif player not in members:
            controls.append(game.controls[player])
            state_costs.append(game.state_costs[player])
            control_costs.append(game.control_costs[player])
    return dataclasses.replace(
        game,
        controls=tuple(controls),
        state_costs=tuple(state_costs),
        control_costs=tuple(control_costs),
    )


def split_feedbacks(
    game: LinearQuadraticGame, feedbacks: Feedbacks, members: Sequence[int]
) -> Feedbacks:
    """Return one feedback for each player of `game`, from those of its `merge_players` game."""
    merged = iter(feedbacks)
    split: list[Matrix | None] = [None] * game.players
    for player in range(game.players):
        if player == members[0]:
            widths = [game.controls[each].shape[1] for each in members]
            parts = np.split(next(merged), np.cumsum(widths)[:-1], axis=1)
            for each, part in zip(members, parts, strict=True):
                split[each] = part
        elif player not in members:
            split[player] = next(merged)
    return tuple(part for part in split if part is not None)


def path(
    game: LinearQuadraticGame, feedbacks: Feedbacks, state: ArrayLike, years: int
) -> tuple[Matrix, Matrix]:
    """Return the mean and the covariance of the state in each year.

    Returns
    -------
    mean : ndarray, [years + 1, states]
    covariance : ndarray, [years + 1, states, states]
    """
    means = [np.asarray(state, np.float64)]
    covariances = [np.zeros_like(game.noise)]
    for year in range(years):
        moved = _moved(game, feedbacks, year)
        means.append(moved @ means[-1])
        covariances.append(moved @ covariances[-1] @ moved.T + game.noise)
    return np.array(means), np.array(covariances)


def feedback_steady_state(game: LinearQuadraticGame, feedbacks: Feedbacks) -> Matrix:
    """Return the steady state x (without its constant entry) of constant feedbacks, [n]."""
    moved = _moved(game, feedbacks, 0)
    n = len(moved) - 1
    return np.asarray(np.linalg.solve(np.eye(n) - moved[:n, :n], moved[:n, n]))


def open_loop_steady_state(game: LinearQuadraticGame) -> Matrix:
    r"""Return the steady state x of players that commit to their whole path at the outset, [n].

    Each takes the others' *paths* as given, not their *rules*: with costates
    :math:`\lambda_i`, in a steady state

    .. math::

        2 R_i u_i + \beta B_i' \lambda_i = 0, \quad
        \lambda_i = 2 Q_i z + \beta A' \lambda_i, \quad
        z = A z + \sum_i B_i u_i .
    """
    n = len(game.transition) - 1
    moves, offset = game.transition[:n, :n], game.transition[:n, n]
    balance = np.eye(n) - moves
    for control, state_cost, control_cost in zip(
        game.controls, game.state_costs, game.control_costs, strict=True
    ):
        inner = control[:n]
        costate = np.linalg.solve(np.eye(n) - game.discount * moves.T, 2.0 * state_cost[:n])
        answer = -game.discount / 2.0 * inner @ np.linalg.solve(control_cost, inner.T @ costate)
        balance = balance - answer[:, :n]
        offset = offset + answer[:, n]
    return np.asarray(np.linalg.solve(balance, offset))


def _moved(
    game: LinearQuadraticGame, feedbacks: Feedbacks, year: int, without: int | None = None
) -> Matrix:
    """Return the transition when all, or all but one, play their feedback of a year."""
    moved = game.transition
    for player, feedback in enumerate(feedbacks):
        if player != without:
            moved = moved + game.controls[player] @ feedback[min(year, len(feedback) - 1)]
    return moved


def _year_feedbacks(
    game: LinearQuadraticGame, transition: Matrix, costs: Matrix
) -> tuple[Matrix, ...]:
    """Return every player's equilibrium feedback of one year, given the costs from the next."""
    every_control = np.hstack(game.controls)
    widths = [control.shape[1] for control in game.controls]
    system, target = [], []
    at = 0
    for player, (control, width) in enumerate(zip(game.controls, widths, strict=True)):
        worth = game.discount * control.T @ costs[player]
        rows = worth @ every_control
        rows[:, at : at + width] += game.control_costs[player]
        curvature = rows[:, at : at + width]
        if np.linalg.eigvalsh((curvature + curvature.T) / 2).min() <= 0.0:
            raise ArithmeticError(
                f"Player {player}'s cost has no minimum in its own control: its control cost is "
                "too small beside what the state earns it."
            )
        system.append(rows)
        target.append(-worth @ transition)
        at += width
    try:
        stacked = np.linalg.solve(np.vstack(system), np.vstack(target))
    except np.linalg.LinAlgError:
        raise ArithmeticError(
            "The year's equilibrium is not unique: its system is singular."
        ) from None
    return tuple(np.split(stacked, np.cumsum(widths)[:-1]))


def _solve_backward(
    game: LinearQuadraticGame,
    transition_of: Callable[[int], Matrix],
    years: int | None,
    fixed: Feedbacks | None = None,
) -> Solution:
    """Solve backward from after the last year, where no cost is left."""
    if years is None and game.discount >= 1.0:
        raise ArithmeticError(
            "A game that goes on for ever costs without bound unless discount is below 1."
        )
    costs = np.zeros((game.players, *game.transition.shape))
    noise_costs = np.zeros(game.players)
    rules, all_costs, all_noise_costs = [], [], []
    for ahead in range(MOST_YEARS if years is None else years):
        year = 0 if years is None else years - 1 - ahead
        transition = transition_of(year)
        if fixed is None:
            chosen = _year_feedbacks(game, transition, costs)
        else:
            chosen = tuple(each[min(year, len(each) - 1)] for each in fixed)
        moved = transition + sum(
            control @ rule for control, rule in zip(game.controls, chosen, strict=True)
        )
        noise_costs = game.discount * (noise_costs + np.einsum("iab,ba->i", costs, game.noise))
        before = costs
        costs = np.array(
            [
                game.state_costs[player]
                + rule.T @ game.control_costs[player] @ rule
                + game.discount * moved.T @ before[player] @ moved
                for player, rule in enumerate(chosen)
            ]
        )
        if years is not None:
            rules.append(chosen)
            all_costs.append(costs)
            all_noise_costs.append(noise_costs)
            continue
        if np.abs(costs - before).max() <= SETTLED * max(1.0, np.abs(costs).max()):
            # The shocks' costs have a limit in closed form once the rest has settled.
            forever = game.discount / (1.0 - game.discount)
            noise_costs = forever * np.einsum("iab,ba->i", costs, game.noise)
            return Solution(tuple(rule[None] for rule in chosen), costs[None], noise_costs[None])
        if not np.isfinite(costs).all():
            break
    if years is None:
        raise ArithmeticError(
            "The costs settle to no limit as the horizon grows: lower the discount, or solve for "
            "a number of years."
        )
    by_player = tuple(np.array(each) for each in zip(*reversed(rules), strict=True))
    return Solution(by_player, np.array(all_costs[::-1]), np.array(all_noise_costs[::-1]))
