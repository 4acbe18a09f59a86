"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from counterpoise.display.report import number, with_interval
from counterpoise.evaluation.equilibrium.comparison import Comparison
from counterpoise.evaluation.equilibrium.statistics import interval_in_words

if TYPE_CHECKING:
    from rich.console import Console


def print_table(
    console: Console, head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1
) -> None:
    """Print a table; the first columns, as many as `words`, hold words and go to the left."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for k, name in enumerate(head):
        # What is cut in a narrow window must be words, not digits.
        table.add_column(name, justify="left" if k < words else "right", no_wrap=k >= words)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print the verdict on every group, and what was claimed of it."""
    rows = []
    for row in comparison.overview().iter_rows(named=True):
        rows.append(
            [
                row["training"],
                str(row["seeds"]),
                number(row["worst_regret"]),
                f"{number(row['worst_power_mean_regret'])} ({row['worst_power']})",
                with_interval(row["nash_conv"], row["nash_conv_low"], row["nash_conv_high"]),
                f"{100.0 * row['distance']:.1f} %",
                coloured(row["verdict"], row["is_met"]),
            ]
        )
    head = ["training", "seeds", "largest regret", "worst mean", "NashConv", "distance", "target"]
    print_table(console, head, rows)
    console.print(
        f"\n[dim]Regret: what a best response would gain, of the stake; its target, "
        f"{_regret_targets(comparison)}, is for every power in every seed. NashConv: the sum of "
        f"the gains, in payoff. Distance: of outcomes from the equilibrium's. "
        f"{_intervals(comparison)}[/dim]\n"
    )
    for group in comparison.groups:
        for claim in group.claims:
            verdict = coloured("met" if claim.is_met else "NOT met", claim.is_met)
            console.print(f"{verdict}  {group.title}: {claim.words}", highlight=False)


def coloured(words: str, is_met: bool | None) -> str:
    """Return a verdict in its colour."""
    colour = {True: "green", False: "red", None: "yellow"}[is_met]
    return f"[bold {colour}]{words}[/]"


def _regret_targets(comparison: Comparison) -> str:
    targets = {group.game.name: group.targets.regret for group in comparison.groups}
    if len(set(targets.values())) == 1:
        return f"at most {next(iter(targets.values())):g}"
    return ", ".join(f"{target:g} for {name}" for name, target in targets.items())


def _intervals(comparison: Comparison) -> str:
    seeds = sorted({len(group.runs) for group in comparison.groups})
    return " ".join(f"In brackets: {interval_in_words(count)}" for count in seeds)
