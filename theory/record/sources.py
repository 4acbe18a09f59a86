"""A reader's own copy of the data behind the record, and the moments computed from it.

The tables are those of the R packages *peacesciencer* and *isard* (Miller), one Parquet or CSV file
each, with the columns' names unchanged. They belong to their authors, who ask to be cited:

``cow_majors``
    Who was a major power: Correlates of War, state system list.
``gml_dirdisp``
    Militarised interstate disputes by directed pair and year: Gibler, Miller & Little 2016.
``atop_alliance``
    Alliance obligations by pair and year: Leeds, Ritter, Mitchell & Long 2002.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars
from numpy.typing import NDArray

from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.theory.record import PERIODS, Figure, Moment

VARIABLE = "COUNTERPOISE_HISTORY"
"""Environment variable that names the folder of a reader's copy."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "cow_majors": ("ccode", "styear", "endyear"),
    "gml_dirdisp": (
        "dispnum", "ccode1", "ccode2", "year", "midonset", "sidea1", "orig1", "orig2", "hostlev",
        "outcome", "recip",
    ),
    "atop_alliance": ("ccode1", "ccode2", "year", "atop_defense"),
}  # fmt: skip
"""The columns that are read of each table."""

# Codes of the dispute data.
TARGET_YIELDS, STALEMATE, WAR = 4, 5, 5

BLOCK_YEARS = 10
RESAMPLES = 10_000
CONFIDENCE = 0.95


def folder(given: str | Path | None = None) -> Path:
    """Return the folder of a reader's copy: as given, or as the environment variable names it.

    Raises
    ------
    CounterpoiseError
        If neither names a folder that exists.
    """
    named = given or os.environ.get(VARIABLE)
    if not named or not Path(named).is_dir():
        raise CounterpoiseError(
            f"{named or 'No folder'}: expected the folder with your copy of the tables "
            f"{', '.join(COLUMNS)} (Parquet or CSV). Give it as an argument or in {VARIABLE}."
        )
    return Path(named)


def read_table(where: Path, name: str) -> polars.DataFrame:
    """Read the needed columns of one table.

    Raises
    ------
    CounterpoiseError
        If the file or a column is missing.
    """
    parquet, csv = where / f"{name}.parquet", where / f"{name}.csv"
    if parquet.is_file():
        table = polars.read_parquet(parquet)
    elif csv.is_file():
        table = polars.read_csv(csv)
    else:
        raise CounterpoiseError(f"There is no {parquet.name} or {csv.name} in {where}.")
    missing = [column for column in COLUMNS[name] if column not in table.columns]
    if missing:
        raise CounterpoiseError(f"{name} in {where} has no column {missing[0]!r}.")
    return table.select(polars.col(COLUMNS[name]).cast(polars.Int64, strict=False))


def by_year(where: Path) -> polars.DataFrame:
    """Return one row per year: what happened among the major powers of that year.

    ``powers``, ``pairs``
        Number of major powers, and of pairs of them.
    ``pacts``
        Pairs with a defence pact.
    ``disputes``
        Pairs of originators between whom a dispute began.
    ``wars``, ``yields``, ``stalemates``, ``reciprocated``
        Of these, those that reached war, in which the target yielded, that ended in stalemate, and
        that the target reciprocated.
    """
    majors = _majors(read_table(where, "cow_majors"))
    both = majors.join(majors, on="year", suffix="2").rename({"ccode": "ccode1"})
    # Every pair once, from the lower code to the higher.
    pairs = both.filter(polars.col("ccode1") < polars.col("ccode2"))
    return (
        majors.group_by("year")
        .agg(polars.len().alias("powers"))
        .join(pairs.group_by("year").agg(polars.len().alias("pairs")), on="year", how="left")
        .join(_pacts(read_table(where, "atop_alliance"), pairs), on="year", how="left")
        .join(_disputes(read_table(where, "gml_dirdisp"), both), on="year", how="left")
        .fill_null(0)
        .sort("year")
        .with_columns(polars.all().cast(polars.Int64))
    )


def _majors(spells: polars.DataFrame) -> polars.DataFrame:
    """Return one row per major power and year, the first and the last of its years included."""
    return (
        spells.select(
            "ccode",
            polars.int_ranges("styear", polars.col("endyear") + 1).alias("year"),
        )
        .explode("year", empty_as_null=False)
        .unique()
    )


def _pacts(alliances: polars.DataFrame, pairs: polars.DataFrame) -> polars.DataFrame:
    # A pair may be listed in one order or in both.
    allied = alliances.filter(polars.col("atop_defense") == 1).select(
        polars.min_horizontal("ccode1", "ccode2").alias("ccode1"),
        polars.max_horizontal("ccode1", "ccode2").alias("ccode2"),
        "year",
    )
    found = pairs.join(allied.unique(), on=["ccode1", "ccode2", "year"], how="semi")
    return found.group_by("year").agg(polars.len().alias("pacts"))


def _disputes(disputes: polars.DataFrame, both: polars.DataFrame) -> polars.DataFrame:
    begun = disputes.filter(
        (polars.col("orig1") == 1)
        & (polars.col("orig2") == 1)
        & (polars.col("midonset") == 1)
        # The first state is on the side that moved first.
        & (polars.col("sidea1") == 1)
    ).join(both, on=["ccode1", "ccode2", "year"], how="semi")
    return begun.group_by("year").agg(
        polars.len().alias("disputes"),
        (polars.col("hostlev") == WAR).sum().alias("wars"),
        (polars.col("outcome") == TARGET_YIELDS).sum().alias("yields"),
        (polars.col("outcome") == STALEMATE).sum().alias("stalemates"),
        (polars.col("recip") == 1).sum().alias("reciprocated"),
    )


def computed(moment: Moment, years: polars.DataFrame) -> dict[str, Figure]:
    """Return a moment's figure in each period, from the yearly table.

    Raises
    ------
    CounterpoiseError
        If nothing was counted in a period, as where the table does not cover it.
    """
    found: dict[str, Figure] = {}
    for period, (first, last) in PERIODS.items():
        rows = years.filter(polars.col("year").is_between(first, last))
        over = rows[moment.over].to_numpy().astype(np.float64)
        if over.sum() == 0.0:
            raise CounterpoiseError(
                f"{moment.name}: the tables have no {moment.over} from {first} to {last}."
            )
        found[period] = ratio(rows[moment.count].to_numpy().astype(np.float64), over)
    return found


def ratio(count: NDArray[np.float64], over: NDArray[np.float64], *, seed: int = 0) -> Figure:
    r"""Return :math:`\sum_t c_t / \sum_t o_t` with its sampling error.

    Years are resampled in blocks of ten that may begin in any year, the last year followed by the
    first (the circular block bootstrap of Politis & Romano 1992), because what happens in one year
    depends on the years before.

    Parameters
    ----------
    count, over : ndarray, [years]
        Consecutive years.
    seed : int
        Seed of the resampling.
    """
    years = len(count)
    rng = np.random.default_rng(seed)
    starts = rng.integers(years, size=(RESAMPLES, -(-years // BLOCK_YEARS)))
    drawn = (starts[:, :, None] + np.arange(BLOCK_YEARS)) % years
    drawn = drawn.reshape(RESAMPLES, -1)[:, :years]
    below = over[drawn].sum(axis=1)
    resampled = count[drawn].sum(axis=1)[below > 0.0] / below[below > 0.0]
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(resampled, [tail, 1.0 - tail])
    return Figure(
        float(count.sum() / over.sum()), float(resampled.std(ddof=1)), float(low), float(high)
    )
