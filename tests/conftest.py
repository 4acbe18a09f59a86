"""Settings for all tests, and the list of every game in every variant."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Small networks and small arrays are slower on many threads; to be set before torch is imported.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import hypothesis  # noqa: E402
import pytest  # noqa: E402

from counterpoise.envs.engine.registration import game_names  # noqa: E402
from counterpoise.testing import Case, cases  # noqa: E402
from counterpoise.theory.regret import solved_games  # noqa: E402

# A rule that is compiled in the middle of an example takes seconds: no deadline.
hypothesis.settings.register_profile("counterpoise", deadline=None, derandomize=True)
hypothesis.settings.load_profile("counterpoise")


def every_case() -> list[Case]:
    """Return every registered game with its defaults and in each of its variants."""
    return [case for name in game_names() for case in cases(name)]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests that train")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    slow = [item for item in items if "slow" in item.keywords]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if "slow" not in item.keywords]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a `case`, a `game_name` or a `solved_name` once for each."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", every_case(), ids=str)
    if "game_name" in metafunc.fixturenames:
        metafunc.parametrize("game_name", game_names())
    if "solved_name" in metafunc.fixturenames:
        metafunc.parametrize("solved_name", solved_games())


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


# -- runs to compare: three seeds of the first game and one of the rest ----------------------------

SEEDS = {"burden_sharing": 3, "nato_2024": 1, "arms_race": 1, "arms_or_allies": 1}


def short(name: str) -> Any:
    """Return a shipped training, cut to a few small batches."""
    from counterpoise.training.configuration import load

    loaded = load(name)
    batch = 32 * loaded.game_parameters().powers * loaded.ppo.n_steps
    # A best response in the arms race is searched year by year.
    changes = {"horizon": 6} if name == "arms_race" else {}
    return loaded.replace(
        worlds={"count": 32},
        ppo={"batch_size": batch},
        agent_steps=4 * batch,
        regret_points=1,
        parameters={**loaded.parameters, **changes},
    )


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with short runs of every shipped training."""
    from counterpoise.training.learn import train

    folder = tmp_path_factory.mktemp("runs")
    for name, seeds in SEEDS.items():
        for seed in range(seeds):
            train(short(name), folder / name / f"seed_{seed}", seed=seed, device="cpu")
    return folder


@pytest.fixture(scope="session")
def comparison(folder: Path) -> Any:
    """Return the comparison of all of them, in the order of `SEEDS`."""
    from counterpoise.evaluation.equilibrium.comparison import compare
    from counterpoise.training.runs import Run

    runs = [Run(folder / name / f"seed_{k}") for name, seeds in SEEDS.items() for k in range(seeds)]
    return compare(runs)
