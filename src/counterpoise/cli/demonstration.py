"""The demonstration: train on the first games, compare with theory, write the report."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from counterpoise.envs.engine.errors import CounterpoiseError, Interrupted
from counterpoise.evaluation.equilibrium.comparison import Comparison, gather
from counterpoise.evaluation.equilibrium.judgement import Judgement, judged
from counterpoise.evaluation.trainings import Training, as_time, train_all
from counterpoise.training.configuration import Configuration, load
from counterpoise.training.runs import SEED, VERSIONS, Run, versions

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = ("burden_sharing", "nato_2024", "arms_race", "arms_or_allies")
# The longest first, so that no core is idle at the end.
TRAINED = ("arms_or_allies", "nato_2024", "arms_race", "burden_sharing")
QUICK_PART = 20
REPORT = "report"


def demonstrate(
    folder: str | Path,
    *,
    console: Console,
    seeds: int = 3,
    processes: int = 2,
    is_quick: bool = False,
    reuse: bool = False,
    picture: Path | None = None,
) -> tuple[Comparison, Path]:
    """Train, compare, print the table and write the report; return the comparison and the page.

    Parameters
    ----------
    folder : path
        Contains a folder per training and ``report/``. Unfinished runs of an earlier demonstration
        are resumed. Finished ones are replaced, unless `reuse` is set and they have the same
        configuration and versions.
    console : Console
        Shows progress and the table.
    seeds : int
        Number of training seeds per configuration.
    processes : int
        Number of trainings at the same time.
    is_quick : bool
        Train for a twentieth of the steps, to check that everything runs.
    reuse : bool
        Keep finished runs.
    picture : Path, optional
        File for one PNG of all games.
    """
    began = time.monotonic()
    folder = Path(folder)
    todo, done = _plan(folder, seeds, is_quick, reuse)
    judgements: list[Judgement] = [judged(Run(each)) for each in done]
    if todo:
        try:
            found = train_all(todo, processes=processes, is_judged=True, console=console)
        except KeyboardInterrupt:
            raise Interrupted(
                f"Stopped. The runs in {folder} are usable as they are. Resume with: "
                f"{_command(folder, seeds, is_quick)}"
            ) from None
        judgements += [each for each in found if each is not None]
    order = {str(folder / name): k for k, name in enumerate(SHOWN)}
    judgements.sort(key=lambda each: order[str(each.folder.parent)])
    comparison = gather(judgements)
    page = _write(comparison, folder, picture, console, is_quick)
    console.print(f"Done in {as_time(time.monotonic() - began)}. The report:")
    # Unwrapped, so that it can be copied from any window.
    console.print(str(page), soft_wrap=True, highlight=False)
    return comparison, page


def _command(folder: Path, seeds: int, is_quick: bool) -> str:
    return (
        f"counterpoise demo --out {folder}"
        + (f" --seeds {seeds}" if seeds != 3 else "")
        + (" --quick" if is_quick else "")
        + " --reuse"
    )


def _plan(
    folder: Path, seeds: int, is_quick: bool, reuse: bool
) -> tuple[list[Training], list[Path]]:
    """Return the trainings to do, and the finished runs that are kept."""
    todo, done = [], []
    for name in TRAINED:
        configuration = load(name)
        if is_quick:
            configuration = configuration.replace(
                agent_steps=max(1, configuration.agent_steps // QUICK_PART), regret_points=2
            )
        for seed in range(seeds):
            run = folder / name / f"seed_{seed}"
            state = _state_of(run, configuration, seed)
            if state == "finished" and reuse:
                done.append(run)
                continue
            if state in ("finished", "other"):
                shutil.rmtree(run)
            todo.append(Training(configuration, run, seed, resume=state == "unfinished"))
    return todo, done


def _state_of(folder: Path, configuration: Configuration, seed: int) -> str:
    """Return whether a folder is free, or an unfinished, a finished or another run.

    Raises
    ------
    CounterpoiseError
        If the folder is not a run: it must not be replaced.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return "free"
    if not (folder / SEED).is_file():
        raise CounterpoiseError(
            f"{folder} is in the way and is not a run: choose another folder with --out."
        )
    try:
        run = Run(folder)
        with_what = json.loads((folder / VERSIONS).read_text())
    except (CounterpoiseError, OSError, ValueError):
        # Started by an older version, or killed at its start.
        return "other"
    if (run.configuration, run.seed, with_what) != (configuration, seed, versions()):
        return "other"
    return "finished" if run.is_finished else "unfinished"


def _write(
    comparison: Comparison, folder: Path, picture: Path | None, console: Console, is_quick: bool
) -> Path:
    """Print the table and write report and picture."""
    from counterpoise.display import figures
    from counterpoise.display.report import write_report
    from counterpoise.display.tables import print_comparison

    print_comparison(console, comparison)
    title = "Learned policies compared with theory"
    if is_quick:
        title += " (quick trial: trained very briefly)"
    page = write_report(comparison, folder / REPORT, title=title)
    if picture is not None:
        figures.write_png(figures.composite(comparison), picture)
        picture.chmod(0o644)
        console.print(f"The picture: {picture.resolve()}", soft_wrap=True, highlight=False)
    return page
