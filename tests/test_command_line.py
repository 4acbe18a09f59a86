"""Claims about the command line: what it prints, what it refuses, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars
import pytest

from counterpoise.cli import app as command_line
from counterpoise.cli import demonstration, judge, learn, options
from counterpoise.envs.engine.errors import CounterpoiseError, Interrupted
from counterpoise.envs.engine.registration import game, game_names
from counterpoise.training.configuration import Configuration, load, shipped
from counterpoise.training.learn import train
from counterpoise.training.runs import Run
from counterpoise.training.sections import NetworkOptions, PPOOptions, WorldOptions

OPTION = r"(?<![\w-])--[a-z-]+"
COMMANDS = [name for commands in command_line.PANELS.values() for name in commands]

SMALL = """
game = "burden_sharing"
agent_steps = 1280
regret_points = 1

[worlds]
count = 32

[ppo]
n_steps = 10
batch_size = 640
gamma = 0.0
"""


class Told:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs a command in this process."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path) -> Told:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["counterpoise", *map(str, arguments)])
        try:
            command_line.main()
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        printed = capsys.readouterr()
        return Told(code, printed.out, printed.err)

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with three seeds of a small training, made by the command line itself."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "small.toml").write_text(SMALL)
    command = [sys.executable, "-m", "counterpoise", "train", str(folder / "small.toml")]
    command += ["--seeds", "3", "--out", str(folder / "runs"), "--processes", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(folder / "runs" / f"seed_{k}") for k in range(3)]
    return folder


# -- help ------------------------------------------------------------------------------------------


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, counterpoise.cli.app as c; print([m for m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    for heavy in ("torch", "numba", "matplotlib", "polars", "scipy", "stable_baselines3"):
        assert f"'{heavy}'" not in loaded


def test_help_teaches_by_example(run: Any) -> None:
    told = run("--help")
    assert told.code == 0
    places = [told.out.index(f"─ {panel} ─") for panel in command_line.PANELS]
    assert places == sorted(places)
    for command in COMMANDS:
        assert command in told.out
        own = run(command, "--help")
        assert own.code == 0
        assert f"counterpoise {command}" in own.out


def test_every_example_in_the_help_names_real_options(run: Any) -> None:
    for command in COMMANDS:
        shown, options = run(command, "--help").out.split("Options", 1)
        lines = shown.splitlines()
        others = [line for line in lines if re.match(rf"\W*counterpoise (?!{command}\b)", line)]
        used = set(re.findall(OPTION, "\n".join(line for line in lines if line not in others)))
        assert used <= {*re.findall(OPTION, options), "--resume"}


def test_the_version_is_told(run: Any) -> None:
    from counterpoise import __version__

    assert run("--version").out.strip() == f"counterpoise {__version__}"


# -- looking ---------------------------------------------------------------------------------------


def test_everything_that_there_is_is_listed(run: Any) -> None:
    data = run("list", "--json").data
    assert [each["name"] for each in data["games"]] == game_names()
    assert [each["name"] for each in data["trainings"]] == shipped()
    told = run("list")
    for name in [*game_names(), *shipped(), "nato_2024"]:
        assert name in told.out


def test_every_game_is_described_to_people_and_to_programs(run: Any, game_name: str) -> None:
    told = run("describe", game_name)
    assert told.code == 0
    data = run("describe", game_name, "--json").data
    for row in data["parameters"]:
        assert row["name"] in told.out
        assert row["meaning"]
    for name in [*data["doctrines"], *data["variants"]]:
        assert name in told.out


def test_every_solved_game_is_solved_to_people_and_to_programs(run: Any, solved_name: str) -> None:
    data = run("solve", solved_name, "--json").data
    assert len(data["values"]) == len(data["powers"]) == data["parameters"]["powers"]
    told = run("solve", solved_name)
    assert told.code == 0
    for name, unit in data["units"].items():
        assert name in told.out
        assert unit in told.out
    assert data["method"].rstrip(".") in told.out


def test_parameters_can_be_set_for_all_or_for_each_power(run: Any) -> None:
    data = run("solve", "arms_race", "--set", "fear=0.5", "--set", "fatigue=4,8", "--json").data
    assert data["parameters"]["fear"] == 0.5
    assert data["parameters"]["fatigue"] == [4.0, 8.0]
    assert data["outcomes"]["arms"][1] < data["outcomes"]["arms"][0]
    assert run("solve", "burden_sharing", "--set", "gdp=100,40", "--json").data["powers"] == [
        "power_0",
        "power_1",
    ]
    endless = run("solve", "arms_race", "--set", "endless=yes", "--json").data
    assert endless["parameters"]["endless"] is True


def test_scenarios_and_variants_can_be_solved(run: Any) -> None:
    nato = run("solve", "burden_sharing", "--scenario", "nato_2024", "--json").data
    assert nato["powers"][0] == "United States"
    assert nato["outcomes"]["share"][0] == pytest.approx(0.03344, abs=1e-5)
    pure = run("solve", "burden_sharing", "--variant", "pure", "--json").data
    assert pure["outcomes"]["share"][1:] == [0.0, 0.0, 0.0]


def test_a_new_game_is_written_and_not_overwritten(run: Any, tmp_path: Path) -> None:
    told = run("new-game", "common_good", "--out", tmp_path)
    assert told.code == 0
    files = [Path(line) for line in told.out.splitlines()]
    assert tmp_path / "common_good" / "rules.py" in files
    assert all(path.is_file() for path in files)
    told = run("new-game", "common_good", "--out", tmp_path)
    assert told.code == 1
    assert "exists" in told.err
    assert "registered already" in run("new-game", "arms_race", "--out", tmp_path).err


# -- refusing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["solve", "arms_rac"], "Did you mean 'arms_race'?"),
        (["solve", "arms_race", "--set", "fear=2"], "from 0 to 1"),
        (["solve", "arms_race", "--set", "fera=1"], "Did you mean 'fear'?"),
        (["solve", "arms_race", "--set", "fear"], "expected NAME=VALUE"),
        (["solve", "arms_race", "--set", "fear=much"], "neither a number nor yes or no"),
        (["solve", "arms_race", "--variant", "noise"], "Did you mean 'noisy'?"),
        (["solve", "arms_race", "--scenario", "nato_2024"], "is of burden_sharing"),
        (["describe", "chess"], "There is no game 'chess'"),
        (["compare", "/no/such/folder"], "There is no folder"),
        (["report", "/"], "There is no run"),
        (["watch", "arms_race", "--with", "hawkish"], "There is no strategy"),
        (["watch", "arms_race", "--with", "random", "--with", "random", "--with", "random"],
         "3 strategies for 2 powers"),
        (["watch", "/no/such/folder"], "is not a run"),
        (["train", "chess"], "There is no training configuration"),
        (["curve", "arms_race", "--vary", "fear"], "expected NAME=LOW:HIGH:POINTS"),
        (["curve", "arms_race", "--vary", "feer=0:1:3"], "Did you mean 'fear'?"),
        (["curve", "arms_race", "--vary", "grievance=0:1:3"], "add --separate"),
        (["curve", "chess"], "There is no game 'chess'"),
        (["benchmark", "--game", "chess"], "There is no game 'chess'"),
        (["train", "arms_or_allies", "--set", "random_ending=0.2"], "sets random_ending itself"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_line(
    run: Any, arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if arguments == ["report", "/"]:
        arguments = ["report", str(tmp_path)]
    told = run(*arguments)
    assert told.code == 1
    assert words in told.err
    assert len(told.err.splitlines()) == 1
    assert "Traceback" not in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    "arguments", [["solve"], ["solve", "arms_race", "--sett", "fear=1"], ["win"]]
)
def test_wrong_usage_exits_with_two(run: Any, arguments: list[str]) -> None:
    assert run(*arguments).code == 2


def test_values_are_read_as_what_they_are() -> None:
    read = options.read_settings(["gdp=100,40", "endless=Yes", "horizon=30", "fear=.5"])
    assert read == {"gdp": [100, 40], "endless": True, "horizon": 30, "fear": 0.5}
    assert isinstance(read["horizon"], int)
    with pytest.raises(CounterpoiseError, match="expected NAME=VALUE"):
        options.read_settings(["=3"])


# -- training, comparing, reporting, watching ------------------------------------------------------


def test_runs_of_three_seeds_are_compared(run: Any, trained: Path, tmp_path: Path) -> None:
    told = run("compare", trained / "runs", "--processes", "1", "--parquet", tmp_path / "a.parquet")
    assert told.code == 0
    assert "small" in told.out
    assert "NOT met" in told.out
    assert polars.read_parquet(tmp_path / "a.parquet")["seed"].unique().sort().to_list() == [
        0,
        1,
        2,
    ]
    data = run("compare", trained / "runs", "--processes", "1", "--json").data
    assert data["overview"][0]["is_met"] is False
    assert data["overview"][0]["seeds"] == 3
    assert {row["quantity"] for row in data["quantities"]} >= {"regret", "nash_conv", "share"}


def test_a_script_can_ask_whether_the_target_is_met(run: Any, trained: Path) -> None:
    told = run("compare", trained / "runs" / "seed_0", "--processes", "1", "--strict")
    assert told.code == 3
    assert "at least 3 seeds are needed" in " ".join(told.out.split())


def test_a_report_is_written_where_it_is_asked_for(run: Any, trained: Path, tmp_path: Path) -> None:
    page = tmp_path / "deep" / "small.html"
    told = run("report", trained / "runs", "--processes", "1", "-o", page, "--title", "Small")
    assert told.out.strip() == str(page)
    assert "<h1>Small</h1>" in page.read_text()


def test_a_run_and_a_game_can_be_watched(run: Any, trained: Path) -> None:
    told = run("watch", trained / "runs" / "seed_0", "--delay", "0", "--steps", "2")
    assert told.out.count("burden sharing · year") == 3
    folder = str(trained / "runs" / "seed_0")
    mixed = [
        "--with",
        folder,
        "--with",
        "free_rider",
        "--with",
        "constant:0.02",
        "--with",
        "random",
    ]
    told = run("watch", "burden_sharing", *mixed, "--delay", "0")
    assert told.code == 0
    assert told.out.count("burden sharing · year") == 11
    told = run("watch", trained / "runs" / "seed_0", "--with", "random")
    assert told.code == 1
    assert "watched as it was learned" in told.err


def test_a_run_is_not_overwritten(run: Any, trained: Path) -> None:
    before = (trained / "runs" / "seed_0" / "policy.safetensors").read_bytes()
    told = run("train", trained / "small.toml", "--out", trained / "runs")
    assert told.code == 1
    assert "holds a run already" in told.err
    told = run("train", trained / "runs" / "seed_0")
    assert told.code == 1
    assert "--resume" in told.err
    assert (trained / "runs" / "seed_0" / "policy.safetensors").read_bytes() == before


def test_what_is_set_stands_in_the_run_and_in_its_name(trained: Path) -> None:
    asked = learn.configuration_asked(str(trained / "small.toml"), ["spill_in=0.5"], None, 640)
    assert asked.parameters == {"spill_in": 0.5}
    assert asked.name == "small spill_in=0.5"
    assert asked.agent_steps == 640
    named = learn.configuration_asked("burden_sharing", None, "nato_2024", None)
    assert (named.name, named.scenario) == ("nato_2024", "nato_2024")


def test_ctrl_c_leaves_a_run_that_can_be_compared_and_resumed(run: Any, tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text(
        SMALL.replace("1280", "400_000_000\ncheckpoint_seconds = 0.1")
    )
    command = [sys.executable, "-m", "counterpoise", "train", "long.toml", "--out", "runs"]
    started = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    state = tmp_path / "runs" / "seed_0" / "state.json"
    deadline = time.monotonic() + 90.0
    while not (state.is_file() and json.loads(state.read_text())["agent_steps"] > 0):
        assert started.poll() is None, started.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    # As a terminal does it: to all processes of the command at once.
    os.killpg(started.pid, signal.SIGINT)
    _, words = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "Resume with: counterpoise train long.toml --out runs --resume" in words
    assert "Traceback" not in words
    stopped = Run(tmp_path / "runs" / "seed_0")
    assert not stopped.is_finished
    told = run("compare", stopped.folder, "--processes", "1")
    assert told.code == 0
    assert "unfinished" in told.out or "3 are needed" in told.out


# -- the demonstration -----------------------------------------------------------------------------


@pytest.fixture
def small_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the demonstration be of one game, hardly trained."""
    small = load("burden_sharing").replace(
        worlds={"count": 32}, ppo={"batch_size": 640}, agent_steps=25_600
    )
    monkeypatch.setattr(demonstration, "TRAINED", ("burden_sharing",))
    monkeypatch.setattr(demonstration, "SHOWN", ("burden_sharing",))
    monkeypatch.setattr(demonstration, "load", lambda name: small)


@pytest.mark.usefixtures("small_demonstration")
def test_the_demonstration_ends_with_the_path_of_its_report(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    demo = ["demo", "--quick", "--out", out, "--processes", "2"]
    told = run(*demo, "--seeds", "2", "--picture", out / "demo.png")
    assert told.code == 0, told.err
    page = Path(told.out.strip().splitlines()[-1])
    assert page == out / "report" / "index.html"
    assert page.is_file()
    assert (out / "demo.png").is_file()
    policy = out / "burden_sharing" / "seed_0" / "policy.safetensors"
    first, made = policy.read_bytes(), policy.stat().st_mtime_ns

    told = run(*demo, "--seeds", "2", "--reuse")
    assert told.code == 0
    assert policy.stat().st_mtime_ns == made

    # Without --reuse the same is trained again, and comes out the same.
    told = run(*demo, "--seeds", "1")
    assert told.code == 0
    assert policy.stat().st_mtime_ns > made
    assert policy.read_bytes() == first


@pytest.mark.usefixtures("small_demonstration")
def test_the_demonstration_deletes_nothing_that_is_no_run(run: Any, tmp_path: Path) -> None:
    treasure = tmp_path / "burden_sharing" / "seed_0" / "thesis.txt"
    treasure.parent.mkdir(parents=True)
    treasure.write_text("ten years of work")
    told = run("demo", "--quick", "--out", tmp_path)
    assert told.code == 1
    assert "is not a run" in told.err
    assert treasure.read_text() == "ten years of work"


@pytest.mark.usefixtures("small_demonstration")
def test_a_stopped_demonstration_says_how_to_go_on(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demonstration, "train_all", stopped)
    told = run("demo", "--out", tmp_path / "demo")
    assert told.code == 130
    assert f"counterpoise demo --out {tmp_path / 'demo'} --reuse" in told.err


def test_stopping_is_a_mistake_of_nobody(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise Interrupted("Stopped. Resume with: …")

    monkeypatch.setattr(judge, "parameters_asked", stopped)
    assert run("solve", "arms_race").code == 130


# -- curves and the benchmark ----------------------------------------------------------------------


def test_a_curve_is_learned_and_laid_over_the_solved_one(run: Any, tmp_path: Path) -> None:
    arguments = ["curve", "paradox_of_power", "--vary", "inequality=0.6,0.8", "--seeds", "1"]
    arguments += ["--outcome", "income", "--quick", "--out", str(tmp_path)]
    rows = run(*arguments, "--json").data
    assert [row["value"] for row in rows] == [0.6, 0.6, 0.8, 0.8]
    assert all(abs(row["solved"] - row["learned"]) < 0.5 * row["solved"] for row in rows)
    assert (tmp_path / "inequality" / "curve.png").is_file()


def test_a_benchmark_ends_with_the_path_of_its_table(run: Any, tmp_path: Path) -> None:
    arguments = ["benchmark", "--quick", "--seeds", "1", "--game", "paradox_of_power"]
    told = run(*arguments, "--processes", "1", "--out", tmp_path)
    assert told.code == 0
    assert told.out.strip().splitlines()[-1] == str(tmp_path / "table.md")
    assert "withheld" in told.out
    assert (tmp_path / "results.parquet").is_file()


def test_every_equilibrium_is_told(run: Any, tmp_path: Path) -> None:
    picture = tmp_path / "solved.png"
    told = run("solve", "buck_passing", "--picture", picture)
    assert told.code == 0
    assert "symmetric" in told.out
    assert "power 2 leads" in told.out
    assert picture.is_file()


# -- the full game ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small run of the full game."""
    folder = tmp_path_factory.mktemp("grand")
    asked = Configuration(
        name="small",
        game="grand_strategy",
        agent_steps=2_000,
        mixed=True,
        worlds=WorldOptions(count=16),
        network=NetworkOptions(policy="anonymous", hidden=(8,)),
        ppo=PPOOptions(n_steps=8, batch_size=256),
    )
    train(asked, folder / "run")
    return folder / "run"


def test_a_scenario_is_described_with_its_powers_pairs_and_sources(run: Any) -> None:
    told = run("describe", "grand_strategy", "--scenario", "europe")
    assert told.code == 0
    for words in ("Europe", "Japan", "Proximity", "reliability_year", "SIPRI"):
        assert words in told.out
    data = run("describe", "grand_strategy", "--scenario", "europe", "--json").data
    assert data["powers"][0] == data["focus"] == "Europe"
    assert data["parameters"]["reliability"] == 0.9
    # A start depends on these whether the scenario gives them or not.
    declared = game("grand_strategy").parameters.declarations
    for key, each in declared.items():
        if each.per_power or each.per_pair or each.spread_of:
            assert key in data["parameters"], key
            assert key.replace("_", " ") in told.out.lower().replace("_", " "), key
    assert "Random draws at the start" in told.out
    told = run("describe", "arms_race", "--scenario", "europe")
    assert told.code != 0
    assert "is of grand_strategy" in told.err


def test_a_tournament_prints_and_writes_its_matrix(run: Any, tmp_path: Path) -> None:
    asked = ["tournament", "grand_strategy", "--with", "hawk", "--with", "dove", "--seeds", "3"]
    told = run(*asked, "--out", tmp_path, "--processes", "1")
    assert told.code == 0
    assert "paired s.e." in told.out
    assert (tmp_path / "tournament.md").is_file()
    data = run(*asked, "--processes", "1", "--json").data
    assert {row["entrant"] for row in data["matches"]} == {"hawk", "dove"}
    assert data["dominant"] in ([], ["hawk"], ["dove"])


def test_an_exam_is_sat_and_written(run: Any, grand: Path, tmp_path: Path) -> None:
    told = run("exam", grand, "--seeds", "2", "--parquet", tmp_path / "results.parquet")
    assert told.code == 0
    assert "the last balancer" in told.out
    results = polars.read_parquet(tmp_path / "results.parquet")
    assert len(results) == 9


def test_an_exam_of_a_solved_game_is_refused(run: Any, trained: Path) -> None:
    told = run("exam", trained / "runs" / "seed_0")
    assert told.code != 0
    assert "equilibrium" in told.err


def test_a_policy_is_exploited(run: Any, grand: Path) -> None:
    data = run("exploit", grand, "--agent-steps", "500", "--states", "2", "--json").data
    assert data["regret"] == pytest.approx((data["response"] - data["own"]) / data["stake"])
    assert data["allied_regret"] == pytest.approx(
        (data["allied"]["response"] - data["allied"]["own"]) / data["stake"]
    )
    assert data["improvement"]["states"] == 2
    told = run("exploit", grand, "--power", "7")
    assert told.code != 0
    assert "no power 7" in told.err


def test_a_year_is_written_as_a_picture(run: Any, tmp_path: Path) -> None:
    watched = ["watch", "grand_strategy", "--with", "hawk", "--steps", "4", "--picture"]
    assert run(*watched, tmp_path / "year.png").code == 0
    assert (tmp_path / "year.png").read_bytes()[1:4] == b"PNG"
    told = run(*watched, tmp_path / "year.jpg")
    assert told.code != 0
    assert ".png" in told.err


def test_the_full_game_has_no_equilibrium_and_says_so(run: Any) -> None:
    told = run("solve", "grand_strategy")
    assert told.code != 0
    assert "no solved equilibrium" in told.err


# -- predictions -----------------------------------------------------------------------------------

POPULATION = """
game = "grand_strategy"
agent_steps = 2_000
mixed = true

[worlds]
count = 16

[network]
policy = "anonymous"
hidden = [8]

[ppo]
n_steps = 8
batch_size = 256
"""
THEORY = """
title = "Dear autonomy, few allies"
statement = "The dearer autonomy is, the fewer allies powers have."
source = "Altfeld 1984"
population = "{population}"

[[tests]]
name = "what autonomy costs"
treatment = {{ parameter = "autonomy_cost", levels = [0.005, 0.04] }}
outcomes = [{{ metric = "allies", expected = "falls", years = [0, 4] }}]
"""


@pytest.fixture
def theory(tmp_path: Path) -> Path:
    (tmp_path / "small.toml").write_text(POPULATION)
    path = tmp_path / "autonomy.toml"
    path.write_text(THEORY.format(population=tmp_path / "small.toml"))
    return path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["P99"], "no prediction 'P99'"),
        (["P2", "--design", "both"], "amortised or separate"),
        (["P2", "--budget", "soon"], "such as 2h, 90m or 1h30m"),
        (["P2", "--read"], "nothing to read"),
        (["P2", "--engine", "cloud"], "local or ray"),
    ],
)
def test_a_prediction_that_cannot_be_asked_is_refused(
    run: Any, tmp_path: Path, arguments: list[str], words: str
) -> None:
    told = run("predict", *arguments, "--out", tmp_path / "out")
    assert told.code == 1
    assert words in told.err
    assert not list((tmp_path / "out").glob("**/run")), "nothing was trained"


def test_a_theory_of_ones_own_gets_its_scorecard(run: Any, theory: Path, tmp_path: Path) -> None:
    asked = ["predict", theory, "--quick", "--seeds", "1", "--processes", "1"]
    told = run(*asked, "--out", tmp_path / "out")
    assert told.code == 0, told.err
    assert "verdicts are withheld" in told.out
    folder = tmp_path / "out" / "amortised"
    assert "withheld" in (folder / "scorecard.md").read_text()
    assert str(folder / "index.html") in told.out
    assert (folder / "figures" / "autonomy.png").read_bytes()[1:4] == b"PNG"
    again = run(*asked, "--out", tmp_path / "out", "--read", "--json")
    (verdict,) = again.data["verdicts"]
    assert verdict["verdict"] == "withheld"
    assert polars.read_parquet(folder / "answers.parquet")["seed"].unique().to_list() == [0]


def test_times_are_read_as_people_write_them() -> None:
    assert options.read_seconds("1h30m") == 5_400.0
    assert options.read_seconds("45s") == 45.0
    assert options.read_seconds("0.5h") == 1_800.0
    for wrong in ("", "2", "h", "2 h"):
        with pytest.raises(CounterpoiseError, match="--budget"):
            options.read_seconds(wrong)
