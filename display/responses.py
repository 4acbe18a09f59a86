"""What best responses gain, and whether alliances are pairwise stable, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from counterpoise.display.numbers import decimal
from counterpoise.display.tables import print_table
from counterpoise.evaluation.populations.improvement import SIGNIFICANT

if TYPE_CHECKING:
    import polars
    from rich.console import Console

    from counterpoise.evaluation.populations.exploitability import Exploit
    from counterpoise.evaluation.populations.improvement import Improvement
    from counterpoise.evaluation.populations.stability import Stability

# The figures of `counterpoise.evaluation.predictions.convergence` and their columns.
EXPLOITS = {
    "regret": "regret",
    "allied_regret": "regret, allied starts",
    "improvement_share": "rollouts",
    "allying_upper": "allying, upper bound",
    "leaving_upper": "leaving, upper bound",
}


def print_exploit(console: Console, found: Exploit) -> None:
    """Print a trained best response and the regret of the policy that it answers."""
    console.print(
        f"Payoff of the policy in seat {found.power}, all powers playing it: "
        f"{decimal(found.own, 3)}"
    )
    console.print(
        f"Payoff of the best response found ({found.how}): {decimal(found.response, 3)} "
        f"(standard error of the gain {decimal(found.error, 3)})"
    )
    console.print(
        f"Stake: {decimal(found.stake, 3)}; payoff when all powers play at random: "
        f"{decimal(found.random, 3)}"
    )
    console.print(f"[bold]Regret: at least {decimal(found.regret, 4)} of the stake[/]")
    if found.allied is not None and found.allied_regret is not None:
        console.print(
            f"[bold]Regret where pairs are allied at the start: at least "
            f"{decimal(found.allied_regret, 4)} of the stake[/] ({found.allied.how}; standard "
            f"error of the gain {decimal(found.allied.error, 3)})"
        )
    if found.improvement is not None and found.improvement_share is not None:
        _print_improvement(console, found.improvement, found.improvement_share, found.stake)


def _print_improvement(
    console: Console, improvement: Improvement, share: float, stake: float
) -> None:
    """Print the gain of rollout policy improvement, and what it estimates."""
    console.print(
        f"Rollout policy improvement, {improvement.states} states: about {decimal(share, 4)} of "
        f"the stake an episode (standard error {decimal(improvement.error / stake, 4)}); one-shot "
        f"gain {decimal(improvement.mean, 4)} a decision, significant in "
        f"{decimal(improvement.significant, 3)} of the states ({SIGNIFICANT:g} by chance)"
    )
    largest = [name.replace("_", " ") for name in list(improvement.choices)[:3]]
    if largest:
        console.print(f"[dim]Choices with the largest part of it: {', '.join(largest)}.[/dim]")
    console.print(
        "[dim]The sum of the gains from changing one choice at a time: an estimate to first order, "
        "which knows all of a state of the world; not a lower bound.[/dim]"
    )


def print_stability(console: Console, tested: Stability, stake: float) -> None:
    """Print what new alliances, and exits from alliances, would bring."""
    console.print(
        f"\nPairwise stability, {tested.worlds:,} paired worlds; gains as shares of the stake"
    )
    rows = [
        [
            " and ".join(map(str, change.powers)),
            "leave " + ", ".join(map(str, change.others)) if change.others else "ally",
            decimal(change.gain / stake, 4),
            decimal(change.upper / stake, 4),
        ]
        for change in (*tested.allying, *tested.leaving)
    ]
    head = ["powers", "what they do", "smaller gain", "upper 95 % bound"]
    print_table(console, head, rows, words=2)


def print_exploits(
    console: Console, rows: polars.DataFrame, summary: Mapping[str, Mapping[str, float]]
) -> None:
    """Print the gains of best responses to several runs or under several treatments."""
    names = [name for name in EXPLOITS if name in summary]
    shown = [
        [row["run"], row["case"], str(row["seat"]), row["how"]]
        + ["–" if row[name] is None else decimal(row[name], 4) for name in names]
        for row in rows.iter_rows(named=True)
    ]
    for word in ("mean", "worst"):
        shown.append([word, "", "", "", *(decimal(summary[name][word], 4) for name in names)])
    head = ["run", "treatment", "seat", "best response", *(EXPLOITS[name] for name in names)]
    print_table(console, head, shown, words=4)
    console.print("\n[dim]All as shares of the stake.[/dim]")
