"""Games without a last year: how far they have to be followed."""

from __future__ import annotations

import math

from counterpoise.envs.engine.errors import ParameterError

# An endless game is followed until later years weigh less than this.
NEGLIGIBLE = 1e-10
MOST_YEARS = 25_000


def years_followed(weight: float, *, worth: str = "payoff", named: str = "discount") -> int:
    """Return after how many years of an endless game what follows is negligible.

    Parameters
    ----------
    weight : float
        Of the next year.
    worth : str
        What the years bring, for messages: a payoff or a cost.
    named : str
        The parameters that make up the weight, joined by "and".

    Raises
    ------
    ParameterError
        If years do not lose weight, or so slowly that more than 25,000 matter.
    """
    if weight >= 1.0:
        raise ParameterError(
            f"An endless game without discounting has no finite {worth}: set "
            f"{named.replace(' and ', ' or ')} below 1, or endless to no."
        )
    if weight <= NEGLIGIBLE:
        return 1
    years = math.ceil(math.log(NEGLIGIBLE) / math.log(weight))
    if years > MOST_YEARS:
        product = named.replace(" and ", " times ")
        raise ParameterError(
            f"An endless game at {product} of {weight:g} matters for {years} years; at most "
            f"{MOST_YEARS} can be followed: lower "
            f"{'one of them' if ' and ' in named else f'the {named}'}, or set a horizon."
        )
    return years
