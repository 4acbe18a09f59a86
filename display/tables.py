"""Tables for the terminal and in Markdown: comparisons, benchmarks, tournaments, exams."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from counterpoise.display.numbers import (
    decimal,
    number,
    percent,
    plain,
    plain_percent,
    with_error,
    with_interval,
)
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.evaluation.equilibrium.benchmark import RESULTS, Results
from counterpoise.evaluation.equilibrium.comparison import (
    Comparison,
)
from counterpoise.evaluation.equilibrium.statistics import Interval, interval_in_words
from counterpoise.training.runs import versions

if TYPE_CHECKING:
    from rich.console import Console

    from counterpoise.evaluation.populations.exam import Result
    from counterpoise.evaluation.populations.tournament import Tournament

BENCHMARK_PAGE, TOURNAMENT_PAGE = "table.md", "tournament.md"
COLOURS = {True: "green", False: "red", None: "yellow"}


def print_table(
    console: Console, head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1
) -> None:
    """Print a table; the first columns, as many as `words`, hold words and go to the left."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for k, name in enumerate(head):
        # In a narrow window words are cut, never digits.
        table.add_column(name, justify="left" if k < words else "right", no_wrap=k >= words)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown, with an empty line after it."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [line(head), "|" + "---|" * len(head), *map(line, rows), ""]


def coloured(words: str, is_met: bool | None) -> str:
    """Return a verdict in its colour."""
    return f"[bold {COLOURS[is_met]}]{words}[/]"


# -- comparisons -----------------------------------------------------------------------------------


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print the verdict on every group, and the claims about it."""
    rows = []
    for row in comparison.overview().iter_rows(named=True):
        rows.append(
            [
                row["training"],
                str(row["seeds"]),
                number(row["worst_regret"]),
                f"{number(row['worst_power_mean_regret'])} ({row['worst_power']})",
                with_interval(row["nash_conv"], row["nash_conv_low"], row["nash_conv_high"]),
                percent(row["distance"]),
                coloured(row["verdict"], row["is_met"]),
            ]
        )
    head = ["training", "seeds", "largest regret", "worst mean", "NashConv", "distance", "target"]
    print_table(console, head, rows)
    console.print(
        "\n[dim]Regret: the gain of a best response as a share of the stake, which is the gain of "
        "a best response over random play among random opponents; the target, "
        f"{_regret_targets(comparison)}, holds for every power in every seed. NashConv: the sum of "
        "the gains, in payoff. Distance: of the outcomes from the equilibrium's. "
        f"{_intervals(comparison)}[/dim]\n"
    )
    for group in comparison.groups:
        for claim in group.claims:
            verdict = coloured("met" if claim.is_met else "NOT met", claim.is_met)
            console.print(f"{verdict}  {group.title}: {claim.words}", highlight=False)


def _regret_targets(comparison: Comparison) -> str:
    targets = {group.game.name: group.targets.regret for group in comparison.groups}
    if len(set(targets.values())) == 1:
        return f"at most {plain(next(iter(targets.values())))}"
    return ", ".join(f"{plain(target)} for {name}" for name, target in targets.items())


def _intervals(comparison: Comparison) -> str:
    seeds = sorted({len(group.runs) for group in comparison.groups})
    return " ".join(f"In brackets: {interval_in_words(count)}" for count in seeds)


# -- benchmarks ------------------------------------------------------------------------------------

BENCHMARK_HEAD = (
    "game",
    "learner",
    "seeds",
    "seconds",
    "NashConv",
    "worst regret",
    "distance in outcomes",
    "best response short by",
    "verdict",
)

BENCHMARK_NOTES = (
    "- *seconds*: of one training, mean over seeds.",
    "- *NashConv*: the sum of all powers' gains by their exact best responses, in payoff; mean "
    "over seeds, with the 95 % bootstrap interval.",
    "- *worst regret*: the largest regret of any power, the gain of a best response as a share of "
    "the stake (the gain of a best response over random play among random opponents); mean over "
    "seeds with its interval, the largest of all seeds, and the target for the largest.",
    "- *distance in outcomes*: the largest relative distance of shares, stocks and rates from the "
    "equilibrium's, in the worst seed, and its target; with several equilibria, the distance from "
    "the nearest, without a target.",
    "- *best response short by*: how far a learned best response to the learned profile falls "
    "below the exact one, as a share of the stake; mean over seeds, and the largest.",
)


def benchmark_row(row: Mapping[str, Any]) -> list[str]:
    """Return a row of a benchmark's summary in words, in the order of `BENCHMARK_HEAD`."""
    distances = percent(row["distance"])
    if row["target_distance"] is not None:
        distances += f" (target {plain_percent(row['target_distance'])})"
    elif not row["is_unique"]:
        distances += f" ({', '.join(row['reached'])})"
    return [
        row["game"],
        row["learner"],
        str(row["seeds"]),
        decimal(row["seconds"], 0),
        _from_to(row["nash_conv"]),
        f"{_from_to(row['worst_regret'])}, largest {decimal(row['largest_regret'], 4)} "
        f"(target {plain(row['target_regret'])})",
        distances,
        f"{decimal(row['best_response_shortfall'], 4)} "
        f"(largest {decimal(row['largest_best_response_shortfall'], 4)})",
        row["verdict"],
    ]


def _from_to(found: Interval) -> str:
    shown = plain(found.mean, 2)
    if found.low is None or found.high is None:
        return shown
    return f"{shown} ({plain(found.low, 2)} to {plain(found.high, 2)})"


def print_benchmark(console: Console, results: Results) -> None:
    """Print a benchmark's summary."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for k, name in enumerate(BENCHMARK_HEAD):
        is_words = k in (0, 1, len(BENCHMARK_HEAD) - 1)
        table.add_column(name, justify="left" if is_words else "right")
    for row in results.summary():
        *cells, verdict = benchmark_row(row)
        table.add_row(*cells, coloured(verdict, row["is_met"]))
    console.print(table)


def benchmark_markdown(results: Results) -> str:
    """Return a benchmark's summary with its dates, versions and machines, as Markdown."""
    known = [row for entry in results.entries if (row := entry.row()) is not None]
    dates = sorted({row["date"] for row in known})
    machines = sorted({row["machine"] for row in known})
    packages = sorted({json.dumps(row["versions"], sort_keys=True) for row in known})
    lines = [
        "# Quick benchmark: no verdicts" if results.is_quick else "# Benchmark",
        "",
        f"{' to '.join(dict.fromkeys([dates[0], dates[-1]]))}, {'; '.join(machines)}.",
        *(
            ", ".join(f"{name} {version}" for name, version in json.loads(each).items()) + "."
            for each in packages
        ),
        f"Made by `counterpoise benchmark{' --quick' if results.is_quick else ''}`; "
        f"`{RESULTS}` holds every number of every seed.",
        "",
        *markdown_table(BENCHMARK_HEAD, [benchmark_row(row) for row in results.summary()]),
        *BENCHMARK_NOTES,
        "",
    ]
    return "\n".join(lines)


def write_benchmark(results: Results, folder: Path) -> Path:
    """Write a benchmark's summary as Markdown into its folder and return the path."""
    page = folder / BENCHMARK_PAGE
    write_text_atomically(page, benchmark_markdown(results))
    return page


# -- tournaments -----------------------------------------------------------------------------------


def _payoff_rows(held: Tournament, bold: str) -> list[list[str]]:
    """Return the payoffs by entrant and population; the best entrant's in the form `bold`."""
    mean = held.mean
    return [
        [
            bold.format(decimal(mean[i, j])) if mean[:, j].argmax() == i else decimal(mean[i, j])
            for j in range(len(mean))
        ]
        for i in range(len(mean))
    ]


def _leads(held: Tournament) -> list[list[str]]:
    rows = []
    for j, name in enumerate(held.names):
        best, second, lead, error = held.lead(j)
        rows.append([name, held.names[best], held.names[second], with_error(lead, error, 3)])
    return rows


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"


def print_tournament(console: Console, held: Tournament) -> None:
    """Print the matrix of payoffs, the leads, and which strategies dominate."""
    marks = [str(k + 1) for k in range(len(held.names))]
    rows = [
        [f"{mark} {name}", *cells]
        for mark, name, cells in zip(
            marks, held.names, _payoff_rows(held, "[bold]{}[/]"), strict=True
        )
    ]
    print_table(console, ["entrant, into populations of", *marks], rows)
    console.print("\n[dim]The best entrant of each population is bold.[/dim]")
    print_table(
        console, ["population", "best", "second", "lead (paired s.e.)"], _leads(held), words=3
    )
    console.print(f"Better than every other in every population: {_listed(held.dominant())}")


def tournament_markdown(held: Tournament, settings: str) -> str:
    """Return a tournament's matrix, leads and dominant strategies as Markdown.

    Parameters
    ----------
    held : Tournament
    settings : str
        The parameters that it was held under, for the reader.
    """
    rows = [
        [name, *cells] for name, cells in zip(held.names, _payoff_rows(held, "**{}**"), strict=True)
    ]
    lines = [
        f"# Tournament of {held.game}",
        "",
        f"Made by `counterpoise tournament {held.game}`, {datetime.date.today()}, "
        f"{held.paid.shape[2]} paired worlds per match, {settings}. "
        + ", ".join(f"{name} {version}" for name, version in versions().items())
        + ".",
        "",
        "Rows enter populations of the column's strategy in the first seat; the best entrant "
        "of each column is bold.",
        "",
        *markdown_table(["entrant", *held.names], rows),
        *markdown_table(["population", "best entrant", "second", "lead (paired s.e.)"],
                        _leads(held)),
        f"Better than every other in every population: {_listed(held.dominant())}.",
        f"Populations that no other strategy enters better: {_listed(held.resists())}.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def write_tournament(held: Tournament, folder: Path, settings: str) -> list[Path]:
    """Write ``tournament.md`` and ``tournament.parquet``; return their paths."""
    page = folder / TOURNAMENT_PAGE
    table = held.write(folder)
    write_text_atomically(page, tournament_markdown(held, settings))
    return [page, table]


# -- exams -----------------------------------------------------------------------------------------


def print_exam(console: Console, results: Sequence[Result]) -> None:
    """Print one row per situation of an exam."""
    rows = [
        [
            result.situation.name,
            str(result.situation.focal),
            with_error(result.focal, result.error),
            decimal(result.welfare),
            decimal(result.random),
            f"{decimal(result.best)} {result.doctrine}",
            coloured(decimal(result.score), result.score >= 1.0),
            "–" if result.share_of_response is None else decimal(result.share_of_response),
        ]
        for result in results
    ]
    head = [
        "situation",
        "focal",
        "payoff (s.e.)",
        "all powers'",
        "random",
        "best doctrine",
        "score",
        "of best response",
    ]
    print_table(console, head, rows)
    console.print(
        "\n[dim]Score: 0 is the payoff of random play, 1 that of the best doctrine in the same "
        "seats. Of best response: 1 is the payoff of a best response that was trained in the same "
        "seats against these opponents.[/dim]"
    )
    for situation in (result.situation for result in results):
        console.print(f"[dim]{situation.name}: {situation.claim}[/dim]", highlight=False)
