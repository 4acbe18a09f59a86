"""Runs to compare, three seeds of the first game and one of the rest; and a browser for pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from counterpoise.evaluation.equilibrium.comparison import Comparison, compare
from counterpoise.training.configuration import Configuration, load
from counterpoise.training.learn import train
from counterpoise.training.runs import Run

SEEDS = {"burden_sharing": 3, "nato_2024": 1, "arms_race": 1, "arms_or_allies": 1}


def short(name: str) -> Configuration:
    """Return a shipped training, cut to a few small batches."""
    loaded = load(name)
    batch = 32 * loaded.game_parameters().powers * loaded.steps
    # A best response in the arms race is searched year by year.
    changes = {"horizon": 6} if name == "arms_race" else {}
    return loaded.replace(
        worlds=32,
        minibatch=batch,
        agent_steps=4 * batch,
        regret_points=1,
        parameters={**loaded.parameters, **changes},
    )


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with short runs of every shipped training."""
    folder = tmp_path_factory.mktemp("runs")
    for name, seeds in SEEDS.items():
        for seed in range(seeds):
            train(short(name), folder / name / f"seed_{seed}", seed=seed, device="cpu")
    return folder


@pytest.fixture(scope="session")
def comparison(folder: Path) -> Comparison:
    """Return the comparison of all of them, in the order of `SEEDS`."""
    runs = [Run(folder / name / f"seed_{k}") for name, seeds in SEEDS.items() for k in range(seeds)]
    return compare(runs)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a headless Chromium; machines without one are excused, the tests' own are not."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    found = found or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("No chromium on the path: .ci/run installs one.")
        pytest.skip("No chromium on the path: install one to test pages in a browser.")
    import playwright.sync_api

    with playwright.sync_api.sync_playwright() as started:
        opened = started.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()
