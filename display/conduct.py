"""Conduct as tables, a figure and a page: options, moments beside the record, and fixed choices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars
from matplotlib.figure import Figure

from counterpoise.display.figures import (
    COLOURS,
    GRID,
    INK,
    LEARNED,
    OBSERVED,
    new_figure,
    style,
    write_png,
)
from counterpoise.display.numbers import (
    ABSENT,
    counted,
    decimal,
    in_words,
    number,
    percent,
    plain,
    plain_percent,
    with_interval,
)
from counterpoise.display.tables import coloured, markdown_table, print_table
from counterpoise.envs.engine.files import write_atomically, write_text_atomically
from counterpoise.evaluation.populations.conduct import (
    LEAST_COST,
    LEAST_LIKELIEST,
    SIZES,
    Summary,
)
from counterpoise.theory import record
from counterpoise.theory.metrics import METRICS

if TYPE_CHECKING:
    from rich.console import Console

PAGE, MOMENTS_TABLE, OPTIONS_TABLE, FIGURE = (
    "conduct.md", "moments.parquet", "options.parquet", "conduct.png",
)  # fmt: skip

MOST_RELATIVE = 3.0
# Width of a letter in the figure's bars.
SHARE_PER_LETTER = 0.022


# -- rows ------------------------------------------------------------------------------------------


def moment_rows(found: Summary) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the table of moments, in words."""
    several = len(found.conducts) > 1
    head = ["moment", "unit", "value [95 %]", "between seeds" if several else "s.e.", "record",
            "period", "within"]  # fmt: skip
    rows = [
        [
            in_words(row["moment"]),
            row["unit"],
            with_interval(row["value"], row["low"], row["high"], digits=3),
            number(row["between"] if several else row["error"], digits=2),
            with_interval(row["record"], row["record_low"], row["record_high"], digits=3),
            row["period"] or ABSENT,
            {True: "yes", False: "no", None: ABSENT}[row["within"]],
        ]
        for row in found.moments.iter_rows(named=True)
    ]
    return head, rows


def option_rows(found: Summary) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the table of options, in words."""
    tried, fixed = "most_likeliest" in found.options.columns, _is_fixed(found)
    staked = found.conducts[0].stake is not None
    head = ["choice", "option", "open", "taken", *SIZES, "likeliest"]
    head += ["in a treatment"] * tried + ["held: gain (s.e.)"] * fixed
    head += ["of the stake"] * (fixed and staked) + ["alive"]
    rows = []
    for row in found.options.iter_rows(named=True):
        cells = [in_words(row["choice"]), row["option"]]
        cells += [
            _share(row[name])
            for name in ("open", "taken", *(f"taken_{size}" for size in SIZES), "likeliest")
        ]
        if tried:
            cells.append(_share(row["most_likeliest"]))
        if fixed:
            cells.append(_gain(row["gain"], row["error"]))
            if staked:
                cells.append(number(row["gain_of_stake"], digits=2, signed=True))
        cells.append({True: "yes", False: "no", None: ABSENT}[row["alive"]])
        rows.append(cells)
    return head, rows


def choice_rows(found: Summary) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the table of choices held at their null option."""
    staked = found.conducts[0].stake is not None
    head = ["choice", "held at", "gain (s.e.)", *["of the stake", "alive"] * staked, "dead options"]
    rows = [
        [
            in_words(row["choice"]),
            row["null_option"],
            _gain(row["gain"], row["error"]),
            *(
                [
                    number(row["gain_of_stake"], digits=2, signed=True),
                    {True: "yes", False: "no", None: ABSENT}[row["alive"]],
                ]
                if staked
                else []
            ),
            row["dead_options"] or ABSENT,
        ]
        for row in found.choices.iter_rows(named=True)
    ]
    return head, rows


def _is_fixed(found: Summary) -> bool:
    return found.options["gain"].null_count() < len(found.options)


def _share(value: float | None) -> str:
    return ABSENT if value is None else percent(value)


def _gain(gain: float | None, error: float | None) -> str:
    if gain is None or error is None:
        return ABSENT
    return f"{'+' if gain > 0 else ''}{decimal(gain, 3)} ({decimal(error, 3)})"


def how(found: Summary) -> list[str]:
    """Return sentences that say what the numbers are."""
    first = found.conducts[0]
    several = len(found.conducts) > 1
    played = f"{first.worlds:,} worlds of at most {counted(first.years, 'year')}"
    told = [
        f"{counted(len(found.conducts), 'seed')}, {played} each."
        if several
        else f"{played}.".capitalize(),
        "Open: share of decisions in which an option is open and not the only one; a decision is "
        "that of one power in one year, of a choice towards others that towards one other. Taken "
        "and likeliest are shares of these decisions. Smallest, middle, largest: taken, by third "
        "of a world's powers by initial product.",
        f"An option is alive if it is the likeliest in at least {plain_percent(LEAST_LIKELIEST)} "
        "of the decisions in which it is open.",
    ]
    if _is_fixed(found):
        told.append(
            "Held: payoff of one power that takes the option wherever it is open, less its payoff "
            "under the policy, in pairs of worlds with the same seeds. A choice is alive if "
            f"holding it at its null option costs more than {plain(LEAST_COST)} of the stake."
        )
    told.append(
        "Intervals are of the mean over seeds; between seeds: standard deviation."
        if several
        else "Intervals and standard errors (s.e.) are over worlds."
    )
    told.append(
        "The record's interval is that of a bootstrap over blocks of ten years, or its source's "
        "value with a stated tolerance. The comparison is one of orders of magnitude."
    )
    return told


# -- terminal, page, files -------------------------------------------------------------------------


def print_conduct(console: Console, found: Summary) -> None:
    """Print the tables of conduct."""
    head, rows = moment_rows(found)
    colours = {"yes": True, "no": False, ABSENT: None}
    for row in rows:
        if row[-1] != ABSENT:
            row[-1] = coloured(row[-1], colours[row[-1]])
    print_table(console, head, rows, words=2)
    console.print()
    head, rows = option_rows(found)
    print_table(console, head, rows, words=2)
    if _is_fixed(found):
        console.print()
        print_table(console, *choice_rows(found), words=2)
    console.print()
    for sentence in how(found):
        console.print(f"[dim]{sentence}[/dim]", highlight=False)


def as_markdown(found: Summary, command: str, title: str = "Conduct") -> str:
    """Return the page of a population's conduct."""
    lines = [f"# {title}", "", f"Made by `{command}`.", "", *_paragraphs(how(found))]
    lines += ["## Moments beside the record", "", f"![Moments]({FIGURE})", ""]
    lines += markdown_table(*moment_rows(found))
    lines += [*markdown_table(["moment", "what it is"], _meanings(found))]
    lines += ["## Options", "", *markdown_table(*option_rows(found))]
    if _is_fixed(found):
        lines += ["## Choices held at their null option", "", *markdown_table(*choice_rows(found))]
    return "\n".join(lines)


def _paragraphs(sentences: list[str]) -> list[str]:
    return [line for sentence in sentences for line in (sentence, "")]


def _meanings(found: Summary) -> list[list[str]]:
    known = record.counterparts()
    rows = []
    for name in found.moments["moment"]:
        words = METRICS[name].doc
        if name in known:
            moment = known[name]
            words += f" Record: {moment.definition} {moment.caution} ({moment.source})"
        rows.append([in_words(name), " ".join(words.split())])
    return rows


def write_conduct(found: Summary, folder: Path, command: str) -> list[Path]:
    """Write the page, its two tables as Parquet and its figure; return their paths."""
    paths = [folder / name for name in (MOMENTS_TABLE, OPTIONS_TABLE, FIGURE, PAGE)]
    write_atomically(paths[0], per_seed(found).write_parquet)
    write_atomically(paths[1], found.options.write_parquet)
    write_png(draw(found), paths[2])
    write_text_atomically(paths[3], as_markdown(found, command))
    return paths


def per_seed(found: Summary) -> polars.DataFrame:
    """Return one row per seed and moment."""
    return polars.concat(
        each.moments.select(
            polars.lit(each.name).alias("name"),
            polars.lit(each.seed, polars.Int64).alias("seed"),
            polars.all(),
        )
        for each in found.conducts
    )


def as_data(found: Summary) -> Mapping[str, Any]:
    """Return everything as plain values, for JSON."""
    first = found.conducts[0]
    return {
        "worlds": first.worlds,
        "years": first.years,
        "stake": first.stake,
        "moments": found.moments.to_dicts(),
        "options": found.options.to_dicts(),
        "choices": found.choices.to_dicts(),
        "seeds": [
            {"name": each.name, "seed": each.seed, "moments": each.moments.to_dicts()}
            for each in found.conducts
        ],
    }


# -- the figure ------------------------------------------------------------------------------------


def draw(found: Summary) -> Figure:
    """Return a figure: moments relative to the record on the left, options taken on the right."""
    with style():
        figure = new_figure(11.0, 5.6)
        left, right = figure.subplots(1, 2, width_ratios=(1.15, 1.0))
        _draw_moments(left, found)
        _draw_options(right, found.options)
    return figure


def _draw_moments(axes: Any, found: Summary) -> None:
    rows = found.moments.filter(
        polars.col("record").is_not_null() & polars.col("value").is_not_null()
    )
    places = np.arange(len(rows))[::-1]
    for place, row in zip(places, rows.iter_rows(named=True), strict=True):
        scale = row["record"]
        axes.barh(
            place, (row["record_high"] - row["record_low"]) / scale, 0.5,
            left=row["record_low"] / scale, color=OBSERVED, alpha=0.45, hatch="////",
            edgecolor=OBSERVED, label="record" if place == places[0] else None,
        )  # fmt: skip
        each = found.conducts
        values = [
            float(one.moments.filter(polars.col("moment") == row["moment"])["value"][0]) / scale
            for one in each
        ]
        values = [value for value in values if value <= MOST_RELATIVE]
        axes.plot(values, [place] * len(values), "|", color=LEARNED, markersize=10, alpha=0.7)
        mean = row["value"] / scale
        axes.plot(
            min(mean, MOST_RELATIVE), place, "o" if mean <= MOST_RELATIVE else ">",
            color=LEARNED, markeredgecolor=INK, clip_on=False,
            label="population" if place == places[0] else None,
        )  # fmt: skip
    axes.axvline(1.0, color=INK, linewidth=0.8)
    axes.set_yticks(places, [in_words(name) for name in rows["moment"]])
    axes.set_xlim(0.0, MOST_RELATIVE)
    axes.set_xlabel(f"value relative to the record's (arrow: beyond {MOST_RELATIVE:g})")
    axes.set_title("Moments")
    axes.legend(loc="upper right", bbox_to_anchor=(1.0, -0.09), ncols=2)


def _draw_options(axes: Any, options: polars.DataFrame) -> None:
    names = options["choice"].unique(maintain_order=True).to_list()
    for place, name in enumerate(reversed(names)):
        start = 0.0
        rows = options.filter(polars.col("choice") == name)
        # Of the decisions in which there is a choice: at least one option beside the null is open.
        decided = rows["open"].max()
        for k, row in enumerate(rows.iter_rows(named=True)):
            taken = (row["taken"] or 0.0) * row["open"] / decided
            axes.barh(
                place, taken, 0.7, left=start, color=COLOURS[k % len(COLOURS)], edgecolor=GRID
            )
            if taken > SHARE_PER_LETTER * len(row["option"]):
                axes.text(
                    start + taken / 2, place, row["option"], ha="center", va="center",
                    color="white", fontsize=7,
                )  # fmt: skip
            start += taken
    axes.set_yticks(range(len(names)), [in_words(name) for name in reversed(names)])
    axes.set_xlim(0.0, 1.0)
    axes.set_xlabel("share of the decisions in which there is a choice")
    axes.set_title("Options")
    axes.grid(axis="y", visible=False)
