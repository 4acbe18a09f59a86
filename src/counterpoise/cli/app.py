"""The command line: ``counterpoise list``, ``describe``, ``train``, ``compare``, ``predict``, …

Exit codes: 0 on success, 1 for a user's mistake (explained in one line), 2 for a wrong option, 3 if
``compare --strict`` finds a target not met, 130 after Ctrl-C.

Heavy modules are imported inside the command that needs them, so that ``--help`` is fast.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer

import counterpoise
from counterpoise.cli import conduct, judge, learn, look, new_game, play, predict
from counterpoise.cli.options import MISTAKE, STOPPED
from counterpoise.envs.engine.errors import CounterpoiseError, Interrupted

# The commands as `--help` lists them: by purpose, in the order in which a new user needs them.
PANELS: dict[str, dict[str, Callable[..., Any]]] = {
    "Look": {
        "list": look.list_everything,
        "describe": look.describe,
        "watch": look.watch,
        "zoo": look.zoo,
    },
    "Learn": {
        "demo": learn.demo,
        "train": learn.train,
        "curve": learn.curve,
        "benchmark": learn.benchmark,
    },
    "Judge": {
        "solve": judge.solve,
        "compare": judge.compare,
        "report": judge.report,
        "exploit": judge.exploit,
        "exam": judge.exam,
        "tournament": judge.tournament,
        "conduct": conduct.conduct,
        "calibrate": conduct.calibrate,
    },
    "Predict": {"predict": predict.predict},
    "Play": {"play": play.play},
    "Extend": {"new-game": new_game.new_game},
}

app = typer.Typer(
    name="counterpoise",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _panel, _commands in PANELS.items():
    for _name, _command in _commands.items():
        app.command(_name, rich_help_panel=_panel)(_command)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"counterpoise {counterpoise.__version__}")
        raise typer.Exit


@app.callback()
def _counterpoise(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Games about the balance of power: play them, train on them, compare with theory.

    [bold]First steps[/bold]

      counterpoise demo                              train, compare, report
      counterpoise list                              games, scenarios, trainings
      counterpoise describe arms_race                rules, what powers see and do
      counterpoise solve arms_race --set fear=0.9    the equilibrium
      counterpoise watch arms_race --with tit_for_tat_armer

    [bold]Train, then compare with theory[/bold]

      counterpoise train arms_race --seeds 3 --out runs/race
      counterpoise compare runs/race
      counterpoise report runs/race -o report/race.html
    """


def main() -> None:
    """Run the command line; a user's mistake is explained in one line."""
    try:
        app()
    except KeyboardInterrupt:
        _leave("Stopped.", STOPPED)
    except CounterpoiseError as error:
        _leave(str(error), STOPPED if isinstance(error, Interrupted) else MISTAKE)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _leave(f"{where}{error.strerror or error}", MISTAKE)


def _leave(words: str, code: int) -> NoReturn:
    print("counterpoise:", " ".join(words.split()), file=sys.stderr)
    sys.exit(code)
