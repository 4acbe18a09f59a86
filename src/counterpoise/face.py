"""The functions of the public face: ``import counterpoise`` offers them by name.

They take names and plain values, resolve them, and call the layer that does the work. That layer is
imported when a function is first called, so that importing the package stays cheap.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from counterpoise.envs.engine.errors import CounterpoiseError, unknown_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from counterpoise.display.replay import ReplayPage
    from counterpoise.envs.adapters.gymnasium import OnePower
    from counterpoise.envs.adapters.pettingzoo import CounterpoiseParallel
    from counterpoise.envs.adapters.sb3 import SeatVecEnv
    from counterpoise.envs.adapters.vector import OnePowerVector
    from counterpoise.envs.engine.game import Game
    from counterpoise.envs.engine.parameters import ParametersBase
    from counterpoise.envs.engine.strategy import Profile, Strategy
    from counterpoise.evaluation.equilibrium.comparison import Comparison
    from counterpoise.theory.solution import BestResponse, Equilibrium
    from counterpoise.training.configuration import Configuration
    from counterpoise.training.learners import Progress
    from counterpoise.training.runs import Run

    Players = str | Sequence[str | Strategy]

KINDS = ("parallel", "aec", "gymnasium", "vector", "sb3")


@overload
def make(
    game: str | Game, *, kind: Literal["parallel"] = "parallel", **settings: Any
) -> CounterpoiseParallel: ...
@overload
def make(game: str | Game, *, kind: Literal["gymnasium"], **settings: Any) -> OnePower: ...
@overload
def make(game: str | Game, *, kind: Literal["vector"], **settings: Any) -> OnePowerVector: ...
@overload
def make(game: str | Game, *, kind: Literal["sb3"], **settings: Any) -> SeatVecEnv: ...
@overload
def make(game: str | Game, *, kind: str, **settings: Any) -> Any: ...
def make(game: str | Game, *, kind: str = "parallel", **settings: Any) -> Any:
    """Make an environment of a game.

    Parameters
    ----------
    game : str or Game
        The game, by name.
    kind : {"parallel", "aec", "gymnasium", "vector", "sb3"}
        ``parallel``: PettingZoo's `ParallelEnv`, all powers at once. ``aec``: PettingZoo's
        turn-based `AECEnv`. ``gymnasium``: a Gymnasium `Env` of one power, the others played by
        strategies. ``vector``: a Gymnasium `VectorEnv` of the same power in many worlds. ``sb3``: a
        Stable-Baselines3 `VecEnv` with one row for each seat of each world.
    **settings
        For every kind ``scenario``, ``parameters``, ``action_style``, ``observe`` (names of further
        parameters in the observation), ``max_cycles`` and single parameters of the game by name.
        Also ``render_mode`` (not for ``sb3``); ``observation`` for PettingZoo; ``power`` and
        ``others`` for Gymnasium; ``num_envs`` and ``threads`` for ``vector``; ``worlds`` (number of
        worlds, by default 64), ``threads``, ``seats``, ``profile`` (strategies, or the name of one,
        for the seats that do not learn) and ``seed`` for ``sb3``.

    Returns
    -------
    environment
        Of the library that `kind` names.

    Raises
    ------
    UnknownNameError
        If there is no such game, kind, scenario or parameter; the message names the nearest.
    ParameterError
        If a value is out of its range.

    Examples
    --------
    >>> import counterpoise
    >>> env = counterpoise.make("arms_race", fear=0.9)
    >>> observations, infos = env.reset(seed=1)
    >>> env.agents
    ['power_0', 'power_1']
    """
    if kind in ("parallel", "aec"):
        from counterpoise.envs.adapters import pettingzoo

        return (
            pettingzoo.env(game, **settings)
            if kind == "aec"
            else pettingzoo.parallel_env(game, **settings)
        )
    if kind == "gymnasium":
        from counterpoise.envs.adapters.gymnasium import OnePower

        return OnePower(game, **settings)
    if kind == "vector":
        from counterpoise.envs.adapters.vector import OnePowerVector

        return OnePowerVector(game, **settings)
    if kind == "sb3":
        return _seats_of_worlds(game, **settings)
    raise unknown_name("kind of environment", kind, KINDS)


def _seats_of_worlds(
    game: str | Game,
    *,
    worlds: int = 64,
    threads: int = 1,
    seats: Sequence[int] | None = None,
    profile: str | Profile | None = None,
    seed: int = 0,
    max_cycles: int | None = None,
    scenario: str | os.PathLike[str] | None = None,
    parameters: Any = None,
    action_style: str | None = None,
    observe: Sequence[str] = (),
    **changes: Any,
) -> SeatVecEnv:
    from counterpoise.agents import named
    from counterpoise.envs.adapters.sb3 import SeatVecEnv
    from counterpoise.envs.adapters.settings import Settings
    from counterpoise.envs.engine.worlds import Worlds

    made = Settings.resolve(
        game,
        scenario=scenario,
        parameters=parameters,
        style=action_style,
        observe=observe,
        changes=changes,
    )
    if isinstance(profile, str):
        profile = named.profile(profile, made.game, made.parameters)
    batch = Worlds(made.game, worlds, made.parameters, max_cycles=max_cycles, threads=threads)
    return SeatVecEnv(batch, seats=seats, profile=profile, seed=seed)


# -- theory ----------------------------------------------------------------------------------------


def solve(
    game: str | Game, *, scenario: str | os.PathLike[str] | None = None, **parameters: Any
) -> Equilibrium:
    """Solve a game: return the equilibrium with which learned play is compared.

    Parameters
    ----------
    game : str or Game
        A game with a known equilibrium, by name.
    scenario : str or path, optional
        A scenario of the game by name, or its file.
    **parameters
        Parameters of the game by name.

    Returns
    -------
    Equilibrium
        Strategies, payoffs (`values`, [powers]) and `outcomes` by name.

    Raises
    ------
    CounterpoiseError
        If the game has no solved equilibrium, or a parameter does not exist or is out of its range.

    Examples
    --------
    >>> import counterpoise
    >>> equilibrium = counterpoise.solve("burden_sharing", spill_in=0.5)
    >>> equilibrium.outcomes["share"].shape
    (4,)
    """
    from counterpoise.envs.adapters.settings import Settings
    from counterpoise.theory.regret import equilibrium

    settings = Settings.resolve(game, scenario=scenario, changes=parameters)
    return equilibrium(settings.game.name, settings.parameters)


def best_response(
    what: str | Game | Run,
    profile: Players | None = None,
    power: int = 0,
    *,
    scenario: str | os.PathLike[str] | None = None,
    **parameters: Any,
) -> BestResponse:
    """Return the exact best response of one power to the others of a profile.

    Parameters
    ----------
    what : str, Game or Run
        A game with a known equilibrium, by name; or a run, whose learned profile is answered.
    profile : str or sequence of str or Strategy
        For a game: one strategy for all powers by name (``random``, ``equilibrium``,
        ``constant:VALUE``, a doctrine, a policy of the zoo, a run's folder), or one for each power.
    power : int
        The seat of the power that responds.
    scenario : str or path, optional
        A scenario of the game by name, or its file.
    **parameters
        Parameters of the game by name.

    Returns
    -------
    BestResponse
        The strategy, its discounted payoff `value`, and its `gain` over the power's own strategy.

    Raises
    ------
    CounterpoiseError
        If the game is not solved, or a name or value cannot be used.

    Examples
    --------
    >>> import counterpoise
    >>> response = counterpoise.best_response("burden_sharing", "free_rider", power=0)
    >>> response.gain > 0.0
    True
    """
    from counterpoise.theory import regret as judging

    return judging.best_response(*_played(what, profile, scenario, parameters), power)


def regret(
    what: str | Game | Run,
    profile: Players | None = None,
    *,
    scenario: str | os.PathLike[str] | None = None,
    **parameters: Any,
) -> NDArray[np.float64]:
    """Return the regret of each power: the gain of its best response as a share of its stake.

    The stake is the gain of a best response over uniformly random play when all others play
    uniformly at random. A regret of 0 is a best response.

    Parameters
    ----------
    what, profile, scenario, **parameters
        As in `best_response`.

    Returns
    -------
    ndarray of float64, [powers]

    Raises
    ------
    CounterpoiseError
        If the game is not solved, or a name or value cannot be used.

    Examples
    --------
    >>> import counterpoise
    >>> bool((counterpoise.regret("burden_sharing", "equilibrium") < 1e-6).all())
    True
    """
    from counterpoise.theory import regret as judging

    return judging.regret(*_played(what, profile, scenario, parameters))


def _played(
    what: str | Game | Run,
    profile: Players | None,
    scenario: str | os.PathLike[str] | None,
    parameters: dict[str, Any],
) -> tuple[str, ParametersBase, list[Strategy]]:
    """Return the game, the parameters and the strategies that a call is about."""
    from counterpoise.agents import named
    from counterpoise.envs.adapters.settings import Settings
    from counterpoise.training.runs import Run

    if isinstance(what, Run):
        if profile is not None or scenario is not None or parameters:
            raise CounterpoiseError(
                "A run is judged as it was trained: give no profile, scenario or parameters with "
                "it, or give the game's name in place of the run."
            )
        return what.game.name, what.parameters, list(what.profile())
    if profile is None:
        raise CounterpoiseError(
            "A game needs a profile: give a strategy for all powers or one for each, such as "
            "'equilibrium' or a doctrine."
        )
    settings = Settings.resolve(what, scenario=scenario, changes=parameters)
    game, powers = settings.game, settings.parameters.powers
    if isinstance(profile, str):
        return game.name, settings.parameters, named.profile(profile, game, settings.parameters)
    if len(profile) != powers:
        raise CounterpoiseError(f"{len(profile)} strategies for {powers} powers: give one each.")
    strategies = [
        named.strategy(each, game, settings.parameters, power) if isinstance(each, str) else each
        for power, each in enumerate(profile)
    ]
    return game.name, settings.parameters, strategies


# -- learning --------------------------------------------------------------------------------------


def train(
    configuration: str | Path | Configuration,
    folder: str | Path,
    *,
    seed: int = 0,
    resume: bool = False,
    device: str = "auto",
    on_progress: Callable[[Progress], None] | None = None,
    **changes: Any,
) -> Run:
    """Train policies for all powers of a game and write the run's folder.

    Parameters
    ----------
    configuration : str, path or Configuration
        A training that comes with the package by name (each game has one of its own name), the
        path of a TOML file, or a configuration.
    folder : path
        Folder of the run; made if it does not exist.
    seed : int
        Training seed.
    resume : bool
        Whether to continue a stopped run; it gives the numbers of an uninterrupted one.
    device : str
        Device of the networks; ``auto`` takes a GPU where torch finds one.
    on_progress : callable, optional
        Called after every batch.
    **changes
        Options of the configuration by name, such as ``agent_steps=100_000``.

    Returns
    -------
    Run
        The folder, for reading: ``run.profile()`` gives the learned strategies.

    Raises
    ------
    CounterpoiseError
        If there is no such configuration or option, or the folder holds another run.

    Examples
    --------
    >>> import counterpoise, tempfile
    >>> folder = tempfile.mkdtemp() + "/run"
    >>> run = counterpoise.train(
    ...     "burden_sharing", folder, agent_steps=50_000, regret_points=1
    ... )  # doctest: +SKIP
    >>> counterpoise.regret(run)  # doctest: +SKIP
    """
    from counterpoise.training import configuration as configurations
    from counterpoise.training.learn import train as train_configuration

    chosen = (
        configurations.load(configuration)
        if isinstance(configuration, str | Path)
        else configuration
    )
    return train_configuration(
        chosen.replace(**changes),
        folder,
        seed=seed,
        resume=resume,
        device=device,
        on_progress=on_progress,
    )


def load(what: str | Path, *, parameters: ParametersBase | None = None) -> Run | list[Strategy]:
    """Load a run, or a trained policy as one strategy for each power.

    Parameters
    ----------
    what : str or path
        The folder of a run; the name of a policy in the zoo, such as
        ``arms_race/equilibrium-learner``; or the folder of a policy.
    parameters : Parameters, optional
        For a policy: parameters of the game that is played, whose bounds amounts keep; by default
        those that the policy was judged under.

    Returns
    -------
    Run or list of Strategy
        A run for the folder of a run, otherwise strategies in the order of seats.

    Raises
    ------
    CounterpoiseError
        If it is neither, or was learned on other rules or for another number of powers.

    Examples
    --------
    >>> import counterpoise
    >>> profile = counterpoise.load("burden_sharing/equilibrium-learner")
    >>> len(profile)
    4
    """
    from counterpoise.agents import zoo
    from counterpoise.agents.learned import load_profile
    from counterpoise.training.runs import CONFIGURATION, Run

    name = os.fspath(what)
    if name in zoo.names():
        return zoo.load(name, parameters)
    if (Path(what) / CONFIGURATION).is_file():
        if parameters is not None:
            raise CounterpoiseError(
                f"{what} is a run, which has parameters of its own: load it without parameters."
            )
        return Run(what)
    if not Path(what).is_dir():
        raise unknown_name("trained policy or folder of a run", name, zoo.names())
    return load_profile(what, parameters=parameters)[2]


def compare(*runs: str | Path | Run, processes: int = 1) -> Comparison:
    """Compare runs with the theory of their games: regret and distance in outcomes, over seeds.

    Parameters
    ----------
    *runs : str, path or Run
        Runs or their folders, of any games; runs that differ only in their seed form a group.
    processes : int
        Number of processes that judge runs at the same time.

    Returns
    -------
    Comparison
        One group for each configuration, with means over seeds and bootstrap intervals.

    Raises
    ------
    CounterpoiseError
        If there is no run, two runs have the same seed, or a folder is not a run.

    Examples
    --------
    >>> import counterpoise
    >>> comparison = counterpoise.compare("runs/seed_0", "runs/seed_1")  # doctest: +SKIP
    """
    from counterpoise.evaluation.equilibrium.comparison import compare as compare_runs
    from counterpoise.training.runs import Run

    found = [run if isinstance(run, Run) else Run(run) for run in runs]
    return compare_runs(found, processes=processes)


def watch(
    what: str | os.PathLike[str] | Run,
    players: str | Sequence[str] = (),
    *,
    scenario: str | None = None,
    seed: int = 0,
    steps: int = 60,
    **parameters: Any,
) -> ReplayPage:
    """Play an episode and return its replay, which a notebook displays.

    Parameters
    ----------
    what : str, path or Run
        A game's name, or a run or its folder.
    players : str or sequence of str
        For a game: one strategy for all powers by name, or one for each; by default the equilibrium
        where the game is solved, else random play.
    scenario : str, optional
        A scenario of the game by name, or its file.
    seed : int
        Seed of the world and of random strategies.
    steps : int
        Maximum number of steps.
    **parameters
        Parameters of the game by name.

    Returns
    -------
    ReplayPage
        `write` saves it as one HTML file that needs nothing else.

    Raises
    ------
    CounterpoiseError
        If a name is not known.

    Examples
    --------
    >>> import counterpoise
    >>> page = counterpoise.watch("arms_race", "tit_for_tat_armer", fear=0.9, steps=5)
    """
    from counterpoise.display.replay import replay
    from counterpoise.training.runs import Run

    shown = what.folder if isinstance(what, Run) else what
    return replay(shown, players, scenario=scenario, parameters=parameters, seed=seed, steps=steps)
