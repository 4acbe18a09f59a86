"""The predictions and the metrics that they are about, as pages."""

from __future__ import annotations

from markdown_tables import shown, table

from counterpoise.theory import prediction
from counterpoise.theory.metrics import METRICS


def metrics() -> str:
    """Return every metric that a prediction can be about."""
    return table(
        ["metric", "unit", "what it is"],
        [[f"`{name}`", spec.unit, spec.doc] for name, spec in METRICS.items()],
    )


def predictions() -> str:
    """Return every prediction: statement, source, treatments, outcomes and boundary."""
    return "\n\n".join(_prediction(prediction.load(name)) for name in prediction.shipped())


def anchor(each: prediction.Prediction) -> str:
    """Return the name by which other pages link to a prediction."""
    return f"prediction-{each.name.lower()}"


def _prediction(each: prediction.Prediction) -> str:
    parts = [
        f"({anchor(each)})=\n## {each.name}: {each.title}",
        each.statement,
        f"*Source*: {each.source}. *Asked of*: the population of `{each.population}`.",
    ]
    if each.caution:
        parts.append(f"*Caution*: {each.caution}")
    rows = []
    for test in each.tests:
        treatment = test.treatment
        levels = treatment.words or [shown(level) for level in treatment.levels]
        given = [f"`{name}` {shown(value)}" for name, value in test.parameters.items()]
        rows.append(
            [
                test.name, f"{treatment.name}: {', '.join(levels)}", "; ".join(given),
                "; ".join(_outcome(outcome) for outcome in test.outcomes),
                "boundary" if test.reverses else "",
            ]
        )  # fmt: skip
    parts.append(table(["test", "treatment", "throughout", "expected", ""], rows))
    return "\n\n".join(parts)


def _outcome(outcome: prediction.Expectation) -> str:
    words = f"`{outcome.metric}` {outcome.expected}"
    if outcome.expected == prediction.HALVED_BEFORE:
        words += f" {shown(outcome.threshold)}"
    if outcome.of != prediction.EVERYONE:
        words += f", of the {outcome.of}"
    if outcome.seats:
        words += f", of seat{'s' if len(outcome.seats) > 1 else ''} {shown(outcome.seats)}"
    first, end = outcome.years
    return f"{words}, years {first} to {end - 1}"
