"""Random numbers whose state is part of a world's record.

SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", figure
13): a counter advanced by an odd constant, and a mixing function of it. The state is one 64-bit
number, so a copied record draws the same numbers again. Normal deviates come from the inverse of
the normal distribution by Wichura's algorithm AS 241 (1988, PPND16), which takes one uniform per
deviate and is exact to 16 digits.
"""

from __future__ import annotations

import math

import numpy as np

from counterpoise.envs.engine.compilation import rule
from counterpoise.envs.engine.world import WorldRecord

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
FIRST_MULTIPLIER = np.uint64(0xBF58476D1CE4E5B9)
SECOND_MULTIPLIER = np.uint64(0x94D049BB133111EB)
SHIFT_30 = np.uint64(30)
SHIFT_27 = np.uint64(27)
SHIFT_31 = np.uint64(31)
SHIFT_11 = np.uint64(11)
SHIFT_16 = np.uint64(16)
SHIFT_32 = np.uint64(32)
SHIFT_48 = np.uint64(48)
LOW_16 = np.uint64(0xFFFF)


@rule
def mix(number: np.uint64) -> np.uint64:
    """Return SplitMix64's mixing of one 64-bit number."""
    number = (number ^ (number >> SHIFT_30)) * FIRST_MULTIPLIER
    number = (number ^ (number >> SHIFT_27)) * SECOND_MULTIPLIER
    return number ^ (number >> SHIFT_31)


@rule
def seed_world(world: WorldRecord, seed: np.uint64, episode: np.uint64) -> None:
    """Set a world's generator from its seed and the number of its episode."""
    world.random_state = mix(mix(seed + GOLDEN_GAMMA) + (episode + np.uint64(1)) * GOLDEN_GAMMA)


@rule
def uniform(world: WorldRecord) -> float:
    """Draw a number from [0, 1), a multiple of 2**-53."""
    world.random_state = world.random_state + GOLDEN_GAMMA
    return float(mix(world.random_state) >> SHIFT_11) * (1.0 / 9007199254740992.0)


@rule
def happens(world: WorldRecord, probability: float) -> bool:
    """Draw whether an event of a given probability happens."""
    return uniform(world) < probability


@rule
def normal(world: WorldRecord) -> float:
    """Draw a standard normal deviate; at most 8.3 in absolute value."""
    # The middle of the draw's interval; in this order no rounding can reach 0.5 itself.
    q = (uniform(world) - 0.5) + 0.5 / 9007199254740992.0
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _ratio(
            r,
            (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
             1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
             3.3430575583588128105e4, 2.5090809287301226727e3),
            (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
             2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
             5.2264952788528545610e3),
        )  # fmt: skip
    tail = 0.5 + q if q < 0.0 else 0.5 - q
    r = math.sqrt(-math.log(tail))
    if r <= 5.0:
        size = _ratio(
            r - 1.6,
            (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
             3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
             2.27238449892691845833e-2, 7.74545014278341407640e-4),
            (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0,
             6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2,
             5.47593808499534494600e-4, 1.05075007164441684324e-9),
        )  # fmt: skip
    else:
        size = _ratio(
            r - 5.0,
            (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
             2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
             2.71155556874348757815e-5, 2.01033439929228813265e-7),
            (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
             1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5,
             1.42151175831644588870e-7, 2.04426310338993978564e-15),
        )  # fmt: skip
    return -size if q < 0.0 else size


@rule
def bell(world: WorldRecord) -> float:
    """Draw a bell-shaped deviate of mean 0 and variance 1, at most 3.5 in absolute value.

    The sum of four uniforms of 16 bits each from one draw (Irwin 1927, Hall 1927). It takes a fifth
    of the time of `normal` and serves where tails do not matter.
    """
    world.random_state = world.random_state + GOLDEN_GAMMA
    bits = mix(world.random_state)
    total = (bits & LOW_16) + ((bits >> SHIFT_16) & LOW_16)
    total += ((bits >> SHIFT_32) & LOW_16) + (bits >> SHIFT_48)
    # Four uniforms on 0 to 65,535 have this mean, and a variance of (65,536 squared - 1) / 3.
    return (float(total) - 131070.0) * (math.sqrt(3.0) / math.sqrt(65536.0 * 65536.0 - 1.0))


@rule
def _ratio(x: float, above: tuple[float, ...], below: tuple[float, ...]) -> float:
    numerator = 0.0
    denominator = 0.0
    for k in range(7, -1, -1):
        numerator = numerator * x + above[k]
        denominator = denominator * x + below[k]
    return numerator / denominator
