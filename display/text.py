"""An episode as text: year by year in the terminal, and its actions in words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from counterpoise.display.numbers import in_words, plain
from counterpoise.envs.adapters.render import render_ansi
from counterpoise.envs.engine.game import Choice, Continuous
from counterpoise.evaluation.playback import Episode

if TYPE_CHECKING:
    from rich.console import Console

MOST_PAYOFFS = 8
DIGITS = 4


def deeds(episode: Episode, step: int) -> list[str]:
    """Return each power's action in a step in words; "" for the null action of a choice."""
    words = []
    for power in range(episode.parameters.powers):
        done = []
        parts: tuple[Continuous | Choice, ...] = episode.game.role(power).actions
        for part, value in zip(parts, episode.actions[step, power], strict=False):
            if isinstance(part, Choice):
                done += [part.options[int(value)]] if value else []
            else:
                unit = "" if part.unit == "1" else f" {part.unit}"
                done.append(f"{in_words(part.name)} {plain(value, DIGITS)}{unit}")
        words.append(", ".join(done))
    return words


def frame(episode: Episode, step: int) -> str:
    """Return the world after a number of steps as text; step 0 is the start."""
    record = episode.records[step]
    lines = [render_ansi(episode.game, record, episode.parameters, episode.names)]
    if step > 0:
        if episode.game.is_discrete and episode.game.events is None:
            lines += [
                f"{name}: {deed}"
                for name, deed in zip(episode.names, deeds(episode, step - 1), strict=True)
                if deed
            ]
        if len(episode.names) <= MOST_PAYOFFS:
            payoffs = zip(episode.names, episode.rewards[step - 1], strict=True)
            lines.append(
                "payoff: " + ", ".join(f"{name} {plain(paid, DIGITS)}" for name, paid in payoffs)
            )
    return "\n".join(lines)


def show_in_terminal(episode: Episode, console: Console, *, delay: float = 0.5) -> None:
    """Show an episode in the terminal, `delay` seconds per step.

    Where the console is not a terminal the frames are printed one after the other.
    """
    from rich.live import Live
    from rich.text import Text

    if not console.is_terminal:
        for step in range(episode.steps + 1):
            print(frame(episode, step), end="\n\n")
        return
    with Live(console=console, auto_refresh=False) as live:
        for step in range(episode.steps + 1):
            live.update(Text(frame(episode, step)), refresh=True)
            if step < episode.steps:
                time.sleep(delay)
