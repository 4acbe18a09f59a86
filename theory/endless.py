"""Games without a last year: the number of years after which the rest is negligible."""

from __future__ import annotations

import math

from counterpoise.envs.engine.errors import ParameterError

# An endless game is followed until later years weigh less than this.
NEGLIGIBLE = 1e-10
MOST_YEARS = 25_000


def years_followed(weight: float, *, worth: str = "payoff", named: str = "discount") -> int:
    """Return the number of years of an endless game after which the rest is negligible.

    Parameters
    ----------
    weight : float
        Weight of the next year.
    worth : str
        What a year yields, for messages: payoff or cost.
    named : str
        The parameters that make up the weight, joined by "and".

    Raises
    ------
    ParameterError
        If the weight of years does not fall, or so slowly that more than 25,000 years matter.
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
