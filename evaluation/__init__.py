"""What did happen against what should: comparison, figures, report, replay."""

if not __name__.startswith("counterpoise."):
    raise ImportError(
        "import counterpoise.evaluation, not evaluation: the folder is part of the package"
    )
