"""The scorecard of predictions: dose-response figures, tables, one self-contained page."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

import counterpoise
from counterpoise.display.figures import (
    INK,
    LEARNED,
    new_figure,
    seed_line,
    style,
    to_svg,
    write_png,
)
from counterpoise.display.numbers import (
    counted,
    in_words,
    number,
    percent,
    plain,
    plain_percent,
    with_interval,
)
from counterpoise.display.report import FOLDER, html_table
from counterpoise.display.tables import markdown_table, print_table
from counterpoise.envs.engine.files import write_text_atomically
from counterpoise.evaluation.predictions.estimation import (
    CONTRADICTED,
    CONVERGED,
    ERROR_RATE,
    FEWEST_SEEDS,
    POWER,
    SUPPORTED,
    VERDICTS,
    WHAT_EFFECTS_ARE,
    WITHHELD,
    estimate,
)
from counterpoise.evaluation.predictions.plan import AMORTISED
from counterpoise.evaluation.predictions.verdicts import (
    Agreement,
    Finding,
    InSolvedGame,
    Scorecard,
    agreements,
)
from counterpoise.theory.prediction import (
    HALVED_AFTER,
    HALVED_BEFORE,
    NEGATIVE,
    POSITIVE,
    RISES,
    Prediction,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console

PAGE, MARKDOWN, FIGURES = "index.html", "scorecard.md", "figures"
TITLE = "Predictions of the literature compared with learned populations"
PREDICTED = "#F0E442"
# Constant, unlike the page's ink and paper, which swap in the dark theme.
ON_WHITE = ("#1b1f25", "#fffffe")
MOST_COLUMNS = 3
CLASSES = {SUPPORTED: "met", CONTRADICTED: "not-met"}


# -- figures ---------------------------------------------------------------------------------------


def draw(scorecard: Scorecard, prediction: Prediction) -> Figure:
    """Return a prediction's figure: one panel per outcome, then one per solved game."""
    findings, solved = scorecard.of(prediction), scorecard.solved[prediction.name]
    count = len(findings) + len(solved)
    columns = min(MOST_COLUMNS, count)
    rows = -(-count // columns)
    with style():
        figure = new_figure(3.5 * columns, 3.1 * rows)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, finding in zip(panels, findings, strict=False):
            _dose_response(axes, finding)
        for axes, claim in zip(panels[len(findings) :], solved, strict=False):
            _solved_panel(axes, claim)
        for axes in panels[count:]:
            axes.set_axis_off()
    return figure


def _dose_response(axes: Any, finding: Finding) -> None:
    treatment = finding.test.treatment
    levels, measured = np.asarray(treatment.levels, float), finding.measured
    for seed, row in enumerate(measured):
        axes.plot(levels, row, color=INK, alpha=0.3, linewidth=0.8, linestyle=seed_line(seed))
    columns = [estimate(column) for column in measured.T]
    mean = np.array([each.mean for each in columns])
    low, high = (np.array([getattr(each, name) for each in columns]) for name in ("low", "high"))
    known = np.isfinite(low)
    axes.errorbar(
        levels[known], mean[known], [mean[known] - low[known], high[known] - mean[known]],
        fmt="none", ecolor=LEARNED, elinewidth=1.4, capsize=3,
    )  # fmt: skip
    axes.plot(levels, mean, "o-", color=LEARNED, linewidth=1.6)
    _draw_predicted(axes, finding, levels, mean)
    sign = "boundary: " if finding.test.reverses else ""
    of = "" if finding.outcome.of == "all" else f" of the {finding.outcome.of}"
    axes.set_title(f"{sign}{in_words(finding.outcome.metric)}{of}", fontsize=9, loc="left")
    axes.set_xlabel(in_words(treatment.name), fontsize=8.5)
    axes.text(
        0.98, 0.97, f"predicted: {finding.outcome.expected}\n{finding.verdict}",
        transform=axes.transAxes, ha="right", va="top", fontsize=7.5,
        bbox={"facecolor": ON_WHITE[1], "alpha": 0.75, "edgecolor": "none", "pad": 1.5},
        color=ON_WHITE[0],
    )  # fmt: skip
    if treatment.words:
        axes.set_xticks(levels, treatment.words, fontsize=7.5)
    elif len(levels) == 1:
        axes.set_xticks(levels)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6))


def _draw_predicted(
    axes: Any, finding: Finding, levels: NDArray[np.float64], mean: NDArray[np.float64]
) -> None:
    """Shade the side on which the prediction expects the outcome."""
    expected, start = finding.outcome.expected, mean[0]
    if not np.isfinite(mean).any():
        axes.text(
            0.5, 0.5, "no event\nto measure", transform=axes.transAxes,
            ha="center", va="center", fontsize=8.5,
        )  # fmt: skip
        return
    if expected in (POSITIVE, NEGATIVE):
        start = 0.0
    if expected in (HALVED_BEFORE, HALVED_AFTER):
        axes.axhline(0.5 * np.nanmax(mean), color=INK, linewidth=0.8, linestyle=":")
        axes.axvline(finding.outcome.threshold, color=INK, linewidth=1.0, linestyle=(0, (6, 2)))
        return
    if not math.isfinite(start):
        start = float(mean[np.isfinite(mean)][0])
    axes.axhline(start, color=INK, linewidth=0.8, linestyle=(0, (6, 2)))
    bottom, top = axes.get_ylim()
    up = expected in (RISES, POSITIVE)
    edge = top if up else bottom
    axes.axhspan(min(start, edge), max(start, edge), color=PREDICTED, alpha=0.22, linewidth=0)
    axes.set_ylim(bottom, top)


def _solved_panel(axes: Any, found: InSolvedGame) -> None:
    claim = found.claim
    axes.plot(found.levels, found.theory, "s--", color=INK, markersize=3.5, label="equilibrium")
    for seed, row in enumerate(found.learned):
        axes.plot(
            found.levels, row, color=LEARNED, alpha=0.85, linewidth=1.2, linestyle=seed_line(seed),
            label="learned" if seed == 0 else None,
        )  # fmt: skip
    axes.set_title(f"{claim.game}: {_claim_in_words(found)}", fontsize=9, loc="left")
    axes.set_xlabel(in_words(claim.vary.partition("=")[0]), fontsize=8.5)
    axes.legend(fontsize=7.5)


def _claim_in_words(found: InSolvedGame) -> str:
    claim = found.claim
    words = in_words(claim.outcome)
    if claim.minus:
        words += f" minus {in_words(claim.minus)}"
    return words if claim.of == "mean" else f"{words}, {claim.of}"


# -- tables ----------------------------------------------------------------------------------------

HEAD = ("", "prediction", "verdict", "beyond the boundary", "solved games", "regret", "")
FINDINGS_HEAD = (
    "outcome",
    "predicted",
    "effect",
    "p",
    "p (Holm)",
    "detectable",
    "seeds",
    "verdict",
)


def overview(scorecard: Scorecard) -> list[list[str]]:
    """Return one row per prediction, as text, in the order of `HEAD`."""
    rows = []
    for each in scorecard.plan.predictions:
        gained = scorecard.regrets_of(each)
        rows.append(
            [
                each.name,
                each.title,
                scorecard.verdict(each),
                scorecard.boundary_verdict(each) or "–",
                _in_solved_games(scorecard.solved[each.name]),
                number(float(gained.mean())) if len(gained) else "–",
                "" if scorecard.is_converged(each) else "unconverged",
            ]
        )
    return rows


def _in_solved_games(solved: Sequence[InSolvedGame]) -> str:
    """Return how many claims about solved games hold in theory, and in learned policies."""
    if not solved:
        return "–"
    words = f"theory {sum(each.agrees for each in solved)} of {len(solved)}"
    trained = [each for each in solved if len(each.learned)]
    if trained:
        right = sum(
            float(np.mean(each.effects(each.learned))) * each.claim.sign > 0.0 for each in trained
        )
        words += f", learned {right} of {len(trained)}"
    return words


def findings_rows(findings: Sequence[Finding]) -> list[list[str]]:
    """Return one row per finding, as text, in the order of `FINDINGS_HEAD`."""
    rows = []
    for each in findings:
        found, outcome = each.estimate, each.outcome
        of = "" if outcome.of == "all" else f" of the {outcome.of}"
        if outcome.seats:
            of += " in seat " + ", ".join(map(str, outcome.seats))
            of += ", minus the others'" if outcome.less_others else ""
        years = f", years {outcome.years[0]} to {outcome.years[1]}"
        of += "" if outcome.years == (0, 40) else years
        expected = outcome.expected
        if expected in (HALVED_BEFORE, HALVED_AFTER):
            expected += f" {plain(outcome.threshold)}"
        rows.append(
            [
                f"{in_words(outcome.metric)}{of}: {WHAT_EFFECTS_ARE[outcome.expected]}",
                expected,
                with_interval(found.mean, found.low, found.high),
                number(found.p, digits=2),
                number(each.corrected, digits=2),
                number(found.detectable, digits=2),
                f"{len(found.effects)} of {found.seeds}",
                each.verdict,
            ]
        )
    return rows


def _solved_rows(solved: Sequence[InSolvedGame]) -> list[list[str]]:
    rows = []
    for each in solved:
        learned = "not trained"
        if len(each.learned):
            found = each.effects(each.learned)
            learned = f"{number(float(np.mean(found)))} ({counted(len(found), 'seed')})"
        rows.append(
            [
                f"{each.claim.game}, {in_words(each.claim.vary)}",
                _claim_in_words(each),
                each.claim.expected,
                number(each.theory_effect),
                learned,
            ]
        )
    return rows


SOLVED_HEAD = ("solved game", "outcome", "predicted", "equilibrium", "learned")


def verdicts_counted(scorecard: Scorecard) -> str:
    """Return the number of predictions with each verdict, in words."""
    given = [scorecard.verdict(each) for each in scorecard.plan.predictions]
    return ", ".join(
        f"{given.count(each)} {each}" for each in (*VERDICTS, WITHHELD) if each in given
    )


def how(scorecard: Scorecard) -> list[str]:
    """Return, in sentences, how the results were obtained."""
    plan = scorecard.plan
    trained = "; ".join(
        f"{name}: {each.agent_steps:,} decisions" for name, each in plan.populations.items()
    )
    design = (
        "One population learns over the whole range of every treatment, which its powers observe, "
        "and is evaluated at each level (the amortised design)"
        if plan.design == AMORTISED
        else "One population learns at each level of each treatment (the separate design)"
    )
    tests = len(scorecard.findings)
    return [
        f"{design}; {plan.seeds} training seeds. {trained}.",
        f"The predictions were registered by the hashes of their files on {plan.registered}, "
        "before the first training.",
        "The unit of replication is the training seed: each gives one effect, and intervals are "
        "95 % t-intervals over the seeds' effects.",
        f"p-values are two-sided, with Holm's correction for all {tests} outcomes. A verdict needs "
        f"{FEWEST_SEEDS} seeds with events to measure and a corrected p below "
        f"{plain(ERROR_RATE)}; a prediction is supported if all its outcomes are, contradicted if "
        "any is, and undecided otherwise. Boundary conditions, for which theory expects something "
        "else, are judged separately.",
        f"“Detectable” is the smallest effect that {percent(POWER, 0)} of such studies would "
        f"detect at the {plain_percent(ERROR_RATE)} level, before the correction.",
        "Regret is the gain of a best response in the first seat as a share of the stake (the gain "
        "of a best response over random play among random opponents), at the population's default "
        "parameters, mean over seeds. The best response is the better of two: one learned from the "
        "population's own policy, and that policy with one choice fixed. It is a lower bound, "
        "since a better response may exist. A population whose regret is above "
        f"{plain(CONVERGED)} is called unconverged.",
        *(["The trainings were too short for conclusions: verdicts are withheld."]
          if plan.is_quick else []),
    ]  # fmt: skip


# -- Markdown --------------------------------------------------------------------------------------


def as_markdown(scorecard: Scorecard, command: str, others: Sequence[Agreement] = ()) -> str:
    """Return the scorecard as Markdown, which links to the figures beside it."""
    lines = [
        f"# {TITLE}",
        "",
        f"Made by `{command}`. {verdicts_counted(scorecard)}.",
        "",
        *markdown_table(HEAD, overview(scorecard)),
        "## Method",
        "",
        *(f"- {sentence}" for sentence in how(scorecard)),
        "",
    ]
    for each in scorecard.plan.predictions:
        lines += [
            f"## {each.name}: {each.title}",
            "",
            f"{each.statement} *({each.source})*",
            "",
            f"**{scorecard.verdict(each)}**"
            + _beyond(scorecard, each)
            + ("" if scorecard.is_converged(each) else "; the population is unconverged")
            + ".",
            "",
        ]
        lines += [each.caution, ""] if each.caution else []
        for test in each.tests:
            found = [item for item in scorecard.of(each) if item.test is test]
            lines += [f"*{test.name}*", "", *markdown_table(FINDINGS_HEAD, findings_rows(found))]
        solved = scorecard.solved[each.name]
        lines += markdown_table(SOLVED_HEAD, _solved_rows(solved)) if solved else []
        lines += [f"![{each.title}]({FIGURES}/{each.name}.png)", ""]
        if each.scenario and scorecard.plan.design == AMORTISED:
            lines += [f"![The course of {each.name}]({FIGURES}/{each.name}_course.png)", ""]
    if others:
        lines += [
            "## The two designs",
            "",
            *markdown_table(AGREEMENT_HEAD, agreement_rows(others)),
        ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _beyond(scorecard: Scorecard, prediction: Prediction) -> str:
    found = scorecard.boundary_verdict(prediction)
    return f"; beyond the boundary {found}" if found else ""


AGREEMENT_HEAD = ("prediction", "test", "outcome", "amortised", "separate", "agree")


def agreement_rows(others: Sequence[Agreement]) -> list[list[str]]:
    """Return one row per outcome that both designs measured, as text."""
    return [
        [
            each.prediction,
            each.test,
            in_words(each.metric),
            with_interval(each.amortised.mean, each.amortised.low, each.amortised.high),
            with_interval(each.separate.mean, each.separate.low, each.separate.high),
            "yes" if each.agrees else "no",
        ]
        for each in others
    ]


# -- the page --------------------------------------------------------------------------------------


def as_html(scorecard: Scorecard, command: str, others: Sequence[Agreement] = ()) -> str:
    """Return the scorecard as one self-contained page."""
    rows = [
        [
            f'<a href="#{html.escape(row[0])}">{html.escape(row[0])}</a>',
            html.escape(row[1]),
            _marked(row[2]),
            _marked(row[3]),
            *map(html.escape, row[4:6]),
            _marked(row[6]),
        ]
        for row in overview(scorecard)
    ]
    sections = [_section(scorecard, each) for each in scorecard.plan.predictions]
    if others:
        cells = [[html.escape(cell) for cell in row] for row in agreement_rows(others)]
        sections.append(
            '<section><h2 id="designs">The two designs</h2>'
            + html_table(AGREEMENT_HEAD, cells, words=(0, 1, 2))
            + "</section>"
        )
    sentences = "".join(f"<li>{html.escape(each)}</li>" for each in how(scorecard))
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<link rel="icon" href="data:,">',
            f"<title>{TITLE}</title>",
            f"<style>\n{(FOLDER / 'report.css').read_text()}</style></head><body>",
            f"<header><h1>{TITLE}</h1>",
            f'<p class="quiet">Counterpoise {counterpoise.__version__}. '
            f"{html.escape(verdicts_counted(scorecard))}. "
            f"Made by <code>{html.escape(command)}</code></p>",
            "</header>",
            html_table(HEAD, rows, words=(1,)),
            '<p class="note">Regret is the gain of a best response as a share of the stake; see '
            '<a href="#how">the method</a>. In the figures thin lines are seeds and points their '
            "mean with its 95 % interval; the shaded side is where the prediction expects the "
            "outcome.</p>",
            *sections,
            f'<section><h2 id="how">Method</h2><ul>{sentences}</ul></section>',
            "</body></html>",
            "",
        ]
    )


def _section(scorecard: Scorecard, prediction: Prediction) -> str:
    name = html.escape(prediction.name)
    parts = [
        f'<section><h2 id="{name}">{name}: {html.escape(prediction.title)}</h2>',
        f'<p>{html.escape(prediction.statement)} <span class="quiet">'
        f"({html.escape(prediction.source)})</span></p>",
        f"<p>{_marked(scorecard.verdict(prediction))}{_beyond(scorecard, prediction)}"
        + ("" if scorecard.is_converged(prediction) else "; the population is unconverged")
        + ".</p>",
    ]
    if prediction.caution:
        parts.append(f'<p class="note">{html.escape(prediction.caution)}</p>')
    parts.append(f"<figure>{to_svg(draw(scorecard, prediction), f'figure-{name}')}</figure>")
    for test in prediction.tests:
        found = [each for each in scorecard.of(prediction) if each.test is test]
        rows = [
            [*(html.escape(cell) for cell in row[:-1]), _marked(row[-1])]
            for row in findings_rows(found)
        ]
        parts.append(f"<h3>{html.escape(test.name)}</h3>")
        parts.append(html_table(FINDINGS_HEAD, rows, words=(0,)))
    solved = scorecard.solved[prediction.name]
    if solved:
        cells = [[html.escape(cell) for cell in row] for row in _solved_rows(solved)]
        parts.append("<h3>Solved games</h3>")
        parts.append(html_table(SOLVED_HEAD, cells, words=(0,)))
    return "\n".join([*parts, "</section>"])


def _marked(verdict: str) -> str:
    if verdict in ("", "–"):
        return verdict
    return f'<span class="{CLASSES.get(verdict, "undecided")}">{html.escape(verdict)}</span>'


# -- to files and to the terminal ------------------------------------------------------------------


def write(
    scorecard: Scorecard, folder: Path, *, command: str, other: Scorecard | None = None
) -> list[Path]:
    """Write tables, figures and pages into a folder and return the paths, the page last.

    Parameters
    ----------
    scorecard : Scorecard
    folder : path
    command : str
        The command that made it, for the reader.
    other : Scorecard, optional
        The scorecard of the other design, for comparison.
    """
    written = scorecard.write_tables(folder)
    for each in scorecard.plan.predictions:
        path = folder / FIGURES / f"{each.name}.png"
        write_png(draw(scorecard, each), path)
        written.append(path)
    compared = agreements(scorecard, other) if other is not None else []
    pages = {
        MARKDOWN: as_markdown(scorecard, command, compared),
        PAGE: as_html(scorecard, command, compared),
    }
    for name, text in pages.items():
        write_text_atomically(folder / name, text)
        written.append(folder / name)
    return written


def print_scorecard(console: Console, scorecard: Scorecard) -> None:
    """Print the table of verdicts."""
    print_table(console, HEAD, overview(scorecard), words=5)
    console.print(f"\n[bold]{verdicts_counted(scorecard)}[/]")
    if scorecard.plan.is_quick:
        console.print("The trainings were too short for conclusions: verdicts are withheld.")
