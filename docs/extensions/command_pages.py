"""The commands as ``--help`` shows them, as a page."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from pathlib import Path
from typing import Any

import typer
from markdown_tables import table

from counterpoise.cli.app import app


@dataclasses.dataclass(frozen=True)
class Asked:
    """One argument or option of a command: its name, its meaning, its default."""

    name: str
    meaning: str
    default: str
    is_argument: bool


def commands() -> str:
    """Return every command with its arguments and options, under the panels of ``--help``."""
    panels: dict[str, list[str]] = {}
    for each in app.registered_commands:
        panels.setdefault(each.rich_help_panel, []).append(_command(each))
    return "\n\n".join(
        "\n\n".join([f"## {panel}", *described]) for panel, described in panels.items()
    )


def command_name(command: Any) -> str:
    """Return the name of a command."""
    return str(command.name or command.callback.__name__.replace("_", "-"))


def asked_of(command: Any) -> list[Asked]:
    """Return the arguments and options of a command, in order."""
    hints = typing.get_type_hints(command.callback, include_extras=True)
    found = []
    for name, parameter in inspect.signature(command.callback).parameters.items():
        hint = hints[name]
        info = next(
            part
            for part in getattr(hint, "__metadata__", ())
            if isinstance(part, typer.models.ParameterInfo)
        )
        is_argument = isinstance(info, typer.models.ArgumentInfo)
        if is_argument:
            shown = info.metavar or name.upper()
        else:
            # Within `Annotated` the first name stands where a default would.
            names = [each for each in (info.default, *(info.param_decls or ())) if each is not ...]
            shown = ", ".join(names or [f"--{name.replace('_', '-')}"])
            if hint.__origin__ is not bool:
                shown += f" {info.metavar or _kind(hint.__origin__)}"
        has_default = parameter.default not in (parameter.empty, None, False, "")
        default = f"`{parameter.default}`" if has_default else ""
        found.append(Asked(shown, info.help or "", default, is_argument))
    return found


def _kind(hint: Any) -> str:
    kinds = [each for each in typing.get_args(hint) or (hint,) if each is not type(None)]
    words = {int: "NUMBER", float: "NUMBER", str: "TEXT", Path: "PATH"}
    return next((words[each] for each in kinds if each in words), "TEXT")


def _command(command: Any) -> str:
    name, asked = command_name(command), asked_of(command)
    first, *rest = (inspect.getdoc(command.callback) or "").split("\n\n")
    lines = [line.strip() for part in rest for line in part.splitlines() if line.strip()]
    shown = [line for line in lines if line.startswith("counterpoise ")]
    words = " ".join(line for line in lines if line not in shown)
    arguments = [each.name for each in asked if each.is_argument]
    options = [each for each in asked if not each.is_argument]
    usage = " ".join(["counterpoise", name, *arguments, *(["[OPTIONS]"] if options else [])])
    parts = [f"### {name}", first.replace("\n", " "), words, f"```text\n{usage}\n```"]
    if shown:
        parts.append("```console\n" + "\n".join(shown) + "\n```")
    if options:
        rows = [[f"`{each.name}`", each.meaning, each.default] for each in options]
        parts.append(table(["option", "meaning", "default"], rows))
    return "\n\n".join(part for part in parts if part)
