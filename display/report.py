"""The report: one self-contained HTML file, with the tidy data as Parquet beside it."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars

import counterpoise
from counterpoise.display import figures
from counterpoise.display.figures import Picture
from counterpoise.display.numbers import (
    count,
    counted,
    displayed,
    duration,
    in_words,
    millions,
    number,
    percent,
    plain,
    plain_percent,
    with_interval,
)
from counterpoise.display.replay import page_of, replay_data
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.evaluation.equilibrium.comparison import (
    GAIN,
    NASH_CONV,
    REGRET,
    STAKE,
    Comparison,
    Group,
)
from counterpoise.evaluation.equilibrium.statistics import FEWEST_SEEDS, interval_in_words
from counterpoise.evaluation.playback import long_episode, play_episode
from counterpoise.training.runs import VERSIONS, Run

FOLDER = Path(__file__).resolve().parent
PAGE = "index.html"

MOST_POWERS_SHOWN = 12


def write_report(comparison: Comparison, where: str | Path, *, title: str = "") -> Path:
    """Write the report and return the page's absolute path.

    Parameters
    ----------
    comparison : Comparison
    where : path
        The page's path, ending in ``.html``, or a folder, in which ``index.html`` is written. The
        data are written beside it under the same name, as Parquet. The page is written last.
    title : str
        The page's heading.
    """
    page = Path(where).resolve()
    if page.suffix.lower() not in (".html", ".htm"):
        page = page / PAGE
    tidy, summary = data_beside(page)
    comparison.write_parquet(tidy)
    comparison.write_parquet(summary, summarised=True)
    write_text_atomically(page, as_html(comparison, page, title=title))
    # An atomically written file is readable by its owner only; a report is for other readers.
    for each in (tidy, summary, page):
        each.chmod(0o644)
    return page


def data_beside(page: Path) -> tuple[Path, Path]:
    """Return the paths of a page's data: by run, and over seeds."""
    return page.with_suffix(".parquet"), page.with_name(f"{page.stem}-summary.parquet")


def as_html(comparison: Comparison, page: Path, *, title: str = "") -> str:
    """Return the page; its links are relative to `page`, the path at which it will be written."""
    title = title or "Learned policies compared with theory"
    names = _unique_names(comparison.groups)
    sections = [
        _section(group, name, page.parent)
        for group, name in zip(comparison.groups, names, strict=True)
    ]
    links = "".join(
        f'<a href="#{name}">{html.escape(group.title)}</a>'
        for group, name in zip(comparison.groups, names, strict=True)
    )
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            # An empty icon, so that the browser does not request one.
            '<link rel="icon" href="data:,">',
            f"<title>{html.escape(title)}</title>",
            f"<style>\n{(FOLDER / 'report.css').read_text()}</style></head><body>",
            f"<header><h1>{html.escape(title)}</h1>",
            f'<p class="quiet">Counterpoise {counterpoise.__version__}. {_counted(comparison)}</p>',
            f'<nav>{links}<a href="#how">how each number is computed</a>'
            '<a href="#versions">versions</a></nav></header>',
            _summary(comparison, names, page),
            *sections,
            _how(comparison),
            _versions(comparison),
            "</body></html>",
            "",
        ]
    )


def _unique_names(groups: Sequence[Group[Any]]) -> list[str]:
    """Return a name for each section, unique and valid in a link."""
    names: list[str] = []
    for group in groups:
        name = re.sub(r"[^a-z0-9]+", "-", group.name.lower()).strip("-") or "training"
        same = sum(re.fullmatch(rf"{name}(-\d+)?", other) is not None for other in names)
        names.append(f"{name}-{same + 1}" if same else name)
    return names


def _counted(comparison: Comparison) -> str:
    runs = sum(len(group.runs) for group in comparison.groups)
    groups = len(comparison.groups)
    return (
        f"{counted(runs, 'run')} of {counted(groups, 'training')}; the runs of a training differ "
        "only in their seed."
    )


# -- the summary -----------------------------------------------------------------------------------


def _summary(comparison: Comparison, names: list[str], page: Path) -> str:
    tidy, summarised = (each.name for each in data_beside(page))
    met = sum(group.is_met is True for group in comparison.groups)
    total = len(comparison.groups)
    if total == 1:
        sentence = f"Result: {_verdict(comparison.groups[0])}."
    elif met == total:
        sentence = f'<span class="met">All {total} trainings meet it.</span>'
    else:
        sentence = f'<span class="not-met">{met} of {total} trainings meet it.</span>'
    rows = []
    overview = comparison.overview()
    for group, name, row in zip(
        comparison.groups, names, overview.iter_rows(named=True), strict=True
    ):
        rows.append(
            [
                f'<a href="#{name}">{html.escape(group.title)}</a>',
                str(row["seeds"]),
                f"{number(row['worst_regret'])}<br>(target {plain(row['target_regret'])})",
                f"{number(row['worst_power_mean_regret'])} ({html.escape(row['worst_power'])})",
                _distance(row),
                _verdict(group).replace(": ", ":<br>", 1),
                with_interval(row["nash_conv"], row["nash_conv_low"], row["nash_conv_high"]),
                f"{millions(row['agent_steps'])} in {duration(row['seconds'])}",
            ]
        )
    head = [
        "training", "seeds", "largest regret,<br>any power and seed",
        "worst power's<br>mean regret", "distance<br>in outcomes", "target", "NashConv<br>(payoff)",
        "agent-steps<br>per run",
    ]  # fmt: skip
    claimed = [(group, claim) for group in comparison.groups for claim in group.claims]
    items = "".join(
        f"<li>{_badge(claim.is_met)}{html.escape(group.title)}: {html.escape(claim.words)}</li>"
        for group, claim in claimed
    )
    return "\n".join(
        [
            "<section><p>A power's <b>regret</b> is the gain of a best response to the others' "
            "learned policies, as a share of the stake; its stake is the gain of a best response "
            "over uniformly random play when all others play uniformly at random. A training meets "
            "its target if, in every seed, every power's regret is at most the target and, where "
            "the equilibrium is unique, the outcomes are within the target distance of it. "
            f"{sentence}</p>",
            html_table(head, rows),
            f'<ul class="claims">{items}</ul>' if items else "",
            f'<p class="note">Data of this page: <a href="{tidy}">{tidy}</a>, one row per quantity '
            f'and run, with the run\'s folder; <a href="{summarised}">{summarised}</a>, one row '
            "per quantity, over seeds.</p></section>",
        ]
    )


def _distance(row: dict[str, Any]) -> str:
    distance = percent(row["distance"])
    if row["target_distance"] is None:
        return f"{distance}<br>({html.escape(row['reached'])})"
    return f"{distance}<br>(target {plain_percent(row['target_distance'])})"


def _reached(group: Group[Any]) -> str:
    """Return the distance of the outcomes from the equilibrium, or from the nearest of several."""
    judged = in_words(", ".join(group.targets.outcomes))
    if not judged:
        return ""
    distance = percent(group.distance.max())
    if group.equilibrium.is_unique:
        return (
            f"Largest distance of the outcomes ({judged}) from the equilibrium's: {distance}; "
            f"target {plain_percent(group.targets.tolerance)}."
        )
    by_seed = ", ".join(
        f"seed {run.seed}: {html.escape(each.name)}"
        for run, each in zip(group.runs, group.reached, strict=True)
    )
    return (
        f"The game has {len(group.equilibria)} known equilibria. The nearest is, by seed: "
        f"{by_seed}; largest distance of the outcomes ({judged}) from it: {distance}."
    )


def _verdict(group: Group[Any]) -> str:
    kind = {True: "met", False: "not-met", None: "undecided"}[group.is_met]
    return f'<span class="{kind}">{html.escape(group.verdict)}</span>'


def _badge(is_met: bool) -> str:
    return f'<b class="{"met" if is_met else "not-met"}">{"met" if is_met else "NOT met"}</b>'


# -- one group -------------------------------------------------------------------------------------


def _section(group: Group[Any], name: str, folder: Path) -> str:
    game = group.game
    about = [html.escape(game.title) + "; " + html.escape(game.source) + "."]
    if group.scenario is not None:
        about.append(html.escape(group.scenario.title) + ".")
    pictures = [_figure(picture, name) for picture in figures.pictures(group)]
    return "\n".join(
        [
            f'<section><h2 id="{name}">{html.escape(group.title)}</h2>',
            f'<p class="quiet">{" ".join(about)}</p>',
            f"<p>Largest regret of any power in any seed: {number(group.worst_regret)}; target "
            f"{plain(group.targets.regret)}. {_reached(group)} Result: {_verdict(group)}.</p>",
            *pictures,
            "<h3>Regret of each power</h3>",
            _regret_table(group),
            "<h3>Outcomes: learned and equilibrium</h3>",
            _outcome_tables(group),
            f'<p class="note">{html.escape(_interval_note(group))}</p>',
            "<h3>Replay of one episode</h3>",
            _replay(group),
            _details("Parameters", _parameters(group)),
            _details("Training configuration", _configuration(group)),
            _details("Runs", _runs(group, folder)),
            "</section>",
        ]
    )


def _figure(picture: Picture, name: str) -> str:
    drawn = figures.to_svg(picture.figure, f"{name}-{picture.name}")
    # A screen reader announces a drawing by its title instead of reading its marks.
    drawn = drawn.replace(
        "<svg ", f'<svg role="img" aria-label="{html.escape(picture.title, quote=True)}" ', 1
    )
    width = picture.figure.get_figwidth()
    style = f' style="max-width:{width * 6.6:.0f}rem"' if width < 9 else ""
    return (
        f"<figure{style}><h3>{html.escape(picture.title)}</h3>{drawn}"
        f"<figcaption>{html.escape(picture.words)}</figcaption></figure>"
    )


def _interval_note(group: Group[Any]) -> str:
    words = interval_in_words(len(group.runs))
    return (
        f"In brackets: {words[0].lower()}{words[1:]}" if len(group.runs) >= FEWEST_SEEDS else words
    )


def _regret_table(group: Group[Any]) -> str:
    table = group.summary()
    rows = []
    worst_first = np.argsort(-group.regret.max(axis=0), kind="stable")
    is_long = group.powers > MOST_POWERS_SHOWN
    for power in worst_first if is_long else range(group.powers):
        name = group.power_names[power]
        mine = table.filter(polars.col("power") == power)
        regret, gain, stake = (
            mine.row(by_predicate=polars.col("quantity") == quantity, named=True)
            for quantity in (REGRET, GAIN, STAKE)
        )
        rows.append(
            [
                html.escape(name),
                with_interval(regret["learned"], regret["low"], regret["high"]),
                number(regret["largest"]),
                with_interval(gain["learned"], gain["low"], gain["high"]),
                number(stake["learned"]),
            ]
        )
    head = [
        "power", "regret (share of the stake)", "in the worst seed",
        "gain of a best response (payoff)", "stake (payoff)",
    ]  # fmt: skip
    total = table.row(by_predicate=polars.col("quantity") == NASH_CONV, named=True)
    rows.append(
        [
            "all: NashConv",
            "",
            "",
            with_interval(total["learned"], total["low"], total["high"]),
            "",
        ]
    )
    return _long_table(head, rows, keep_last=True)


def _outcome_tables(group: Group[Any]) -> str:
    """Return a table of the outcomes, and a folded one of the outcomes by year."""
    table = group.summary().filter(~polars.col("quantity").is_in([REGRET, GAIN, STAKE, NASH_CONV]))
    parts = []
    for is_over_years in (False, True):
        part = table.filter(polars.col("year").is_not_null() == is_over_years)
        if part.is_empty():
            continue
        head = ["outcome", "power", "year", "learned", "equilibrium", "difference", "unit"]
        rows = [_outcome_row(row) for row in part.iter_rows(named=True)]
        for column in (2, 1):
            # A column in which no row has a value is left out.
            if not any(row[column] for row in rows):
                head.pop(column)
                for row in rows:
                    row.pop(column)
        shown = html_table(head, rows) if is_over_years else _long_table(head, rows)
        parts.append(
            _details(f"Year by year ({len(rows)} rows)", shown) if is_over_years else shown
        )
    return "\n".join(parts)


def _outcome_row(row: dict[str, Any]) -> list[str]:
    factor, unit = displayed(row["unit"])
    learned, theory, difference = (
        None if row[name] is None else factor * row[name]
        for name in ("learned", "theory", "difference")
    )
    low, high = (None if row[name] is None else factor * row[name] for name in ("low", "high"))
    return [
        html.escape(in_words(row["quantity"])),
        html.escape(row["power_name"] or ""),
        "" if row["year"] is None else str(row["year"]),
        with_interval(learned, low, high, 4),
        number(theory, digits=4),
        number(difference, signed=True),
        html.escape(unit),
    ]


def _replay(group: Group[Any]) -> str:
    run = group.runs[0]
    profile = list(run.profile())
    learned = long_episode(group.game, group.parameters, profile, names=group.power_names)
    theory = play_episode(
        group.game,
        group.parameters,
        group.equilibrium.strategies,
        names=group.power_names,
        seed=learned.seed,
    )
    data = replay_data(learned, players=[each.name for each in profile], theory=theory)
    page = page_of(learned, data, f"{group.title}, training seed {run.seed}")
    return (
        f'<div class="replay">{page.frame(f"Replay of {group.title}")}</div>'
        '<p class="note">The learned policies play; dashed is the equilibrium in the same world. '
        "The world seed is the first whose episode is long enough to show.</p>"
    )


def _parameters(group: Group[Any]) -> str:
    defaults = group.game.parameters.from_mapping({})
    rows = []
    for name, declaration in group.parameters.declarations.items():
        value = getattr(group.parameters, name)
        rows.append(
            [
                f"<code>{name}</code>",
                _values(value),
                "" if value == getattr(defaults, name) else "changed",
                html.escape("" if declaration.unit == "1" else declaration.unit),
                html.escape(declaration.doc),
            ]
        )
    words = "Parameters under which the runs were judged."
    changed = {**group.configuration.varied, **group.configuration.judged_parameters}
    if changed:
        words += (
            " Some had other values during training: see [parameters] and [varied] in the "
            "training configuration."
        )
    sources = ""
    if group.scenario is not None:
        items = "".join(f"<li>{html.escape(source)}</li>" for source in group.scenario.sources)
        sources = (
            f'<p class="note">{html.escape(group.scenario.notes)}</p><ul class="note">{items}</ul>'
        )
    head = ["parameter", "value", "", "unit", "meaning"]
    return f'<p class="note">{words}</p>' + html_table(head, rows, words=(1, 4)) + sources


def _values(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_values(each) for each in (value[:1] if len(set(value)) == 1 else value))
    return plain(value) if isinstance(value, float) else str(value)


def _configuration(group: Group[Any]) -> str:
    return f"<pre><code>{html.escape(group.configuration.to_toml())}</code></pre>"


def _runs(group: Group[Any], folder: Path) -> str:
    rows = []
    for run in group.runs:
        state = run.state
        rate = state["agent_steps"] / max(state["seconds"], 1e-9)
        rows.append(
            [
                str(run.seed),
                f'<span class="path">{html.escape(_relative(run.folder, folder))}</span>',
                count(state["agent_steps"]),
                duration(state["seconds"]),
                count(rate),
                "finished" if run.is_finished else '<span class="not-met">unfinished</span>',
            ]
        )
    head = ["seed", "folder, relative to this page", "agent-steps", "time", "agent-steps/s", ""]
    return html_table(head, rows, words=(1,))


def _relative(path: Path, folder: Path) -> str:
    try:
        return os.path.relpath(path.resolve(), folder)
    except ValueError:
        # Between two drives of a Windows machine there is no relative path.
        return str(path.resolve())


# -- how, and with what ----------------------------------------------------------------------------


def _how(comparison: Comparison) -> str:
    solved = {group.game.name: group.equilibrium.method for group in comparison.groups}
    items = "".join(
        f"<li><code>{name}</code>: {html.escape(method)}.</li>".replace("..<", ".<")
        for name, method in solved.items()
    )
    return f"""<section><h2 id="how">How each number is computed</h2>
<p><b>Gain</b> of a power: the discounted payoff, from the start, of its exact best response to the
others' learned policies, minus that of its own learned policy. The policy that is judged plays the
mean of learned amounts and the most probable of learned choices, or the learned mixture where the
training configuration says so.</p>
<p><b>Stake</b> of a power: the gain of a best response over uniformly random play when all others
play uniformly at random. It depends only on the game and its parameters.</p>
<p><b>Regret</b>: the gain as a share of the stake. 0 is a best response; 1 is the loss of uniformly
random play against uniformly random opponents. A target holds for every power in every seed, not
for a mean.</p>
<p><b>Distance in outcomes</b>: the largest relative distance of the outcomes named in the target
from those of the equilibrium, in any seed. With several equilibria it is the distance from the
nearest, which is reported without a target.</p>
<p><b>NashConv</b>: the sum of all powers' gains, in payoff. 0 in equilibrium.</p>
<p><b>Outcomes</b>: computed for the learned profile and for the equilibrium by the same code of the
game's theory.</p>
<p><b>Intervals</b>: 95 % percentile bootstrap of the mean over seeds, from at least {FEWEST_SEEDS}
seeds. With up to six seeds all resamples are enumerated, so that the interval is exact.</p>
<p><b>Equilibria</b>:</p><ul>{items}</ul></section>"""


def _versions(comparison: Comparison) -> str:
    """Return a table of the versions used for training, one column per set of versions."""
    sets: dict[str, tuple[dict[str, str], list[Run]]] = {}
    for run in (run for group in comparison.groups for run in group.runs):
        path = run.folder / VERSIONS
        found = dict(json.loads(path.read_text())) if path.is_file() else {}
        sets.setdefault(json.dumps(found, sort_keys=True), (found, []))[1].append(run)
    names = sorted({name for found, _ in sets.values() for name in found})
    rows = [
        [html.escape(name), *(html.escape(found.get(name, "?")) for found, _ in sets.values())]
        for name in names
    ]
    head = ["", *(counted(len(runs), "run") for _, runs in sets.values())]
    mixed = (
        '<p class="not-met">Not all runs were trained with the same versions.</p>'
        if len(sets) > 1
        else ""
    )
    return (
        f'<section><h2 id="versions">Versions</h2>{mixed}{html_table(head, rows)}'
        '<footer class="quiet">Written by <code>counterpoise report</code>. All numbers are '
        "computed from the run folders named above.</footer></section>"
    )


# -- pieces of a page ------------------------------------------------------------------------------


def html_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], words: Sequence[int] = ()
) -> str:
    """Return a table whose cells are HTML; the columns `words` are aligned to the left."""

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f'<{tag} class="words">{text}</{tag}>' if k in words else f"<{tag}>{text}</{tag}>"
            for k, text in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return (
        f'<div class="table"><table><thead><tr>{cells("th", head)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _long_table(head: Sequence[str], rows: list[list[str]], *, keep_last: bool = False) -> str:
    """Return a table whose rows after the first dozen are folded."""
    if len(rows) <= MOST_POWERS_SHOWN + 4:
        return html_table(head, rows)
    last = [rows[-1]] if keep_last else []
    inner = rows[: len(rows) - len(last)]
    first, rest = inner[:MOST_POWERS_SHOWN], inner[MOST_POWERS_SHOWN:]
    more = _details(f"{len(rest)} more rows", html_table(head, rest))
    return html_table(head, [*first, *last]) + more


def _details(words: str, content: str) -> str:
    return f"<details><summary>{words}</summary>{content}</details>"
