"""Episodes of the full game as tidy tables: one row per power-year, and one row per event."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.envs.engine.compilation import uncompiled
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.rollouts import Rollout, play
from counterpoise.envs.engine.strategy import Profile
from counterpoise.envs.engine.worlds import Worlds
from counterpoise.envs.grand_strategy.military import effective
from counterpoise.envs.grand_strategy.world import (
    BACKED_DOWN,
    BEATEN,
    CONCEDED,
    LINES,
    NO_DEMAND,
    NOBODY,
    OUTCOMES,
    STOCKS,
    WARS,
)

Array = NDArray[Any]

# The same equation for arrays of records.
strength_of = uncompiled(effective)


@dataclasses.dataclass(frozen=True)
class Episodes:
    """Tables of what happened in a batch of worlds.

    Attributes
    ----------
    years : polars.DataFrame
        One row per world, year and power in the game at the beginning of the year; the columns of
        `power_years`.
    events : polars.DataFrame
        One row per demand, call, embargo, tribute, alliance formed and default.
    """

    years: polars.DataFrame
    events: polars.DataFrame


def play_episodes(
    game: Game,
    parameters: ParametersBase,
    profile: Profile,
    *,
    worlds: int = 200,
    seed: int = 0,
    years: int = 40,
) -> Episodes:
    """Play a profile in a batch of worlds and return its tables.

    Parameters
    ----------
    game : Game
        `grand_strategy`, on standing orders.
    parameters : Parameters
    profile : sequence of Strategy
    worlds : int
        Number of worlds.
    seed : int
        World ``k`` is seeded with ``seed + k``, so that treatments share random numbers.
    years : int
        Maximum number of years.
    """
    with Worlds(game, worlds, parameters, autoreset=False) as batch:
        rollout = play(batch, profile, seed=seed, steps=years)
    return Episodes(power_years(rollout, parameters), events(rollout, parameters))


def power_years(rollout: Rollout, parameters: Any) -> polars.DataFrame:
    """Return one row per power-year.

    Stocks and budget lines have the names and units of the world; ``arms`` and ``debt`` are shares
    of product. Further columns:

    ``size``
        Initial product over the powers' mean.
    ``dependence``
        Trade dependence, mean over the other powers.
    ``others``
        Number of other powers in the game at the beginning of the year.
    ``growth_since_start``
        Product over initial product.
    ``strength``
        Effective strength, equation 13, as a share of product.
    ``external_share``
        Allies' share of expected defence, equation 18 with the odds that allies honour.
    ``private_investment``, ``aid_received``
        As shares of output; aid without tribute.
    ``called``, ``came``
        Number of allies that called the power, and to which it came.
    ``called_freely``, ``came_freely``
        The same of calls that its government was free to refuse.
    ``help_called``, ``help_came``
        Number of allies that the power called, and that came.
    ``backed_down``, ``wars_begun``
        Whether it backed down from its demand, and whether its demand led to war.
    ``own_war``, ``others_wars``
        Whether it fought as demander or target, and the number of wars that it joined as an ally.
    ``payoff``
        The year's reward, discounted to the first year.
    """
    powers = parameters.powers
    before, after = rollout.records[:-1], rollout.records[1:]
    steps, worlds = rollout.lived.shape
    shape = (steps, worlds, powers)

    def own(name: str, records: Array = after) -> Array:
        return np.asarray(records[name][..., :powers])

    def pairs(name: str) -> Array:
        return np.asarray(after[name][..., :powers, :powers])

    first = own("product", rollout.records[:1])
    output, product = own("output"), own("product")
    outcome = own("outcome")
    fought = np.isin(outcome, WARS)
    target = own("demand").astype(np.int64)

    def of_its_demand(happened: Array) -> Array:
        faced = np.take_along_axis(happened, np.maximum(target, 0), axis=-1)
        return np.asarray((target != NOBODY) & faced)

    maker_fought = of_its_demand(fought)
    comes = pairs("comes") == 1
    calls = pairs("calls") == 1
    free = calls & (pairs("committed") == 0)
    alive = own("alive", before) == 1
    columns: dict[str, Array] = {
        "world": np.broadcast_to(np.arange(worlds)[None, :, None], shape),
        "year": np.broadcast_to(np.arange(steps)[:, None, None], shape),
        "power": np.broadcast_to(np.arange(powers), shape),
        "size": np.broadcast_to(first / first.mean(axis=-1, keepdims=True), shape),
        "dependence": pairs("dependence").sum(axis=-1) / (powers - 1),
        "others": alive.sum(axis=-1, keepdims=True) - alive,
        "product": product,
        "output": output,
        "growth": own("growth"),
        "growth_since_start": product / first,
        "arms": own("arms") / product,
        "strength": strength_of(own("arms") / product, own("readiness")),
        "debt": own("debt") / product,
        "interest": own("interest"),
        "private_investment": own("invested") / output,
        "security": own("security"),
        "external_share": _external_share(after, parameters),
        "demanded": (own("demanded_by") != NOBODY).astype(np.int64),
        "demands": (target != NOBODY).astype(np.int64),
        "conceded": (outcome == CONCEDED).astype(np.int64),
        "beaten": (outcome == BEATEN).astype(np.int64),
        "backed_down": of_its_demand(outcome == BACKED_DOWN).astype(np.int64),
        "wars_begun": maker_fought.astype(np.int64),
        "own_war": (fought | maker_fought).astype(np.int64),
        "others_wars": (comes & fought[..., None, :]).sum(axis=-1),
        "called": calls.sum(axis=-1),
        "came": (calls & comes).sum(axis=-1),
        "called_freely": free.sum(axis=-1),
        "came_freely": (free & comes).sum(axis=-1),
        "help_called": calls.sum(axis=-2),
        "help_came": (calls & comes).sum(axis=-2),
        "embargoes_suffered": pairs("embargo").sum(axis=-2, dtype=np.int64),
        "embargoes_laid": pairs("embargo").sum(axis=-1, dtype=np.int64),
        "tributes_paid": pairs("tribute").sum(axis=-1, dtype=np.int64),
        "aid_received": _subsidies(after, powers),
        "default": (own("forgiven") > 0.0).astype(np.int64),
        "turnover": own("turnover").astype(np.int64),
        "payoff": rollout.rewards * (parameters.discount ** np.arange(steps))[:, None, None],
    }
    taken = (*STOCKS, "allies", *LINES)
    columns |= {name: own(name) for name in taken if name not in columns}
    kept = (rollout.lived[..., None] & alive).reshape(-1)
    return polars.DataFrame(
        {name: np.ascontiguousarray(values).reshape(-1)[kept] for name, values in columns.items()}
    )


def _subsidies(records: Array, powers: int) -> Array:
    """Return the aid that each power received from allies, as a share of its output."""
    return np.asarray(records["subsidy"][..., :powers, :powers].sum(axis=-2))


def _external_share(records: Array, parameters: Any) -> Array:
    powers = parameters.powers
    strength = strength_of(records["arms"], records["readiness"])[..., :powers]
    reach = records["proximity"][..., :powers, :powers] * parameters.pooling
    reach = reach * _honours(records, parameters)
    help_given = reach * strength[..., None] * (records["allied"][..., :powers, :powers] == 1)
    lent = help_given.sum(axis=-2)
    own = parameters.home_advantage * strength
    return np.asarray(lent / np.maximum(lent + own, 1e-12))


def _honours(records: Array, parameters: Any) -> Array:
    """Return the odds that an ally comes, by its record and subsidy, [..., ally, target]."""
    powers = parameters.powers
    standing = records["standing"][..., :powers, None]
    paid = np.swapaxes(records["subsidy"][..., :powers, :powers], -1, -2)
    return np.asarray(standing + (1.0 - standing) * paid / (paid + parameters.subsidy))


def events(rollout: Rollout, parameters: Any) -> polars.DataFrame:
    """Return one row per event: world, year, kind, power, other, result.

    ``demand``
        `power` made a demand of `other`; the result is its outcome.
    ``call``
        `power` was called to help `other`; the result is ``came`` or ``stayed away``.
    ``embargo``, ``tribute``
        `power` embargoed `other`; `power` paid tribute to `other`.
    ``alliance``, ``default``
        `power` and `other` formed an alliance; `power` defaulted (`other` is the same power).
    """
    powers = parameters.powers
    after = rollout.records[1:]
    lived = rollout.lived

    def found(kind: str, where: Array, result: Any = "") -> polars.DataFrame:
        year, world, power, other = np.nonzero(where & lived[:, :, None, None])
        words = result if isinstance(result, str) else result[year, world, power, other]
        return polars.DataFrame(
            {
                "world": world,
                "year": year,
                "kind": polars.Series([kind] * len(world), dtype=polars.String),
                "power": power,
                "other": other,
                "result": polars.Series(
                    [words] * len(world) if isinstance(words, str) else words.tolist(),
                    dtype=polars.String,
                ),
            }
        )

    def pairs(name: str) -> Array:
        return np.asarray(after[name][..., :powers, :powers] == 1)

    target = after["demand"][..., :powers]
    asked = target[..., None] == np.arange(powers)
    outcome = np.broadcast_to(after["outcome"][..., None, :powers], asked.shape)
    ended = np.array(["nothing", *OUTCOMES[NO_DEMAND + 1 :]])[outcome]
    came = np.where(pairs("comes"), "came", "stayed away")
    once = np.triu(np.ones((powers, powers), np.bool_), 1)
    diagonal = np.eye(powers, dtype=np.bool_)
    tables = [
        found("demand", asked, ended),
        found("call", pairs("calls"), came),
        found("embargo", pairs("embargo")),
        found("tribute", pairs("tribute")),
        found("alliance", pairs("formed") & once),
        found("default", (after["forgiven"][..., :powers] > 0.0)[..., None] & diagonal),
    ]
    return polars.concat(tables).sort("world", "year", "kind", "power", "other")
