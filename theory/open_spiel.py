"""Games of choices as OpenSpiel games, with each random draw of the rules as a chance node.

The game's own rules run as plain Python, so no rule is written twice. When they ask for a random
number that has no answer yet, the rules stop, the possible outcomes become a chance node, and the
step is replayed from its beginning with one more answer.

An event (`happens`) has two outcomes with its own probability. A number between 0 and 1 (`uniform`)
is cut into *cells*, each as probable as it is wide and represented by its midpoint. That is exact
if rules and players treat the numbers of one cell alike, up to payoffs that are linear in them;
otherwise it is the midpoint rule. `exact_cells` are exact for `arms_or_allies`. Rules that draw
normal deviates are refused.

Powers that decide simultaneously are asked one after another, in order of seats, without seeing
each other's choice; a power with only one open option is not asked. A power's information is
everything that it has seen and done. Payoffs are discounted to the start, as in ``theory/``, and
general-sum: use OpenSpiel's `nash_conv`, because its `exploitability` requires constant sums.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterpoise.envs.engine import randomness
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.game import Game
from counterpoise.envs.engine.parameters import ParametersBase
from counterpoise.envs.engine.registration import game as game_named
from counterpoise.envs.engine.strategy import Profile, Strategy
from counterpoise.envs.engine.world import CUT_OFF, ENDED
from counterpoise.envs.engine.worlds import Snapshot, Worlds

Cells = Callable[[Any, Any], Sequence[float]]
"""From the world at the moment of a draw and the parameters to where 0 to 1 is cut."""

MOST_STEPS = 1_000_000


def equal_cells(count: int) -> Cells:
    """Return cells of equal width in every world."""
    cuts = [k / count for k in range(1, count)]
    return lambda world, parameters: cuts


def exact_cells(world: Any, parameters: Any) -> list[float]:
    """Return the cells of `arms_or_allies`: private costs at which a challenge pays or not.

    Exact for a challenger with that cut-off, and for one that ignores the cost.
    """
    cut = world.success * parameters.gain / parameters.highest_challenge_cost
    return [min(max(float(cut), 0.0), 1.0)]


# -- the rules, with draws answered from outside --------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Draw:
    """The rules wait for one of several outcomes."""

    chances: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Step:
    """A step has been played.

    Attributes
    ----------
    record : bytes
        The world that it led to.
    payoffs : tuple of float
        Each power's payoff, discounted to the start.
    is_over : bool
    """

    record: bytes
    payoffs: tuple[float, ...]
    is_over: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Sight:
    """One power's observation of a world, and its open options."""

    text: str
    observation: NDArray[np.float32]
    mask: NDArray[np.int8]
    options: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Position:
    """A position of the game: between steps, or within a step with choices or draws pending.

    Attributes
    ----------
    record : bytes
        The world; b"" while its beginning is drawn.
    chosen : tuple of int
        The choices of the first powers for this step.
    answers : tuple of int
        The outcomes of the first draws of this step.
    chances : tuple of float
        The outcomes of the pending draw; empty where a power decides.
    returns, returns_before : tuple of float
        Each power's return so far, discounted to the start: now, and when a power last chose.
    memories : tuple of str
        Everything that each power has seen and done.
    is_over : bool
    """

    record: bytes
    chosen: tuple[int, ...]
    answers: tuple[int, ...]
    chances: tuple[float, ...]
    returns: tuple[float, ...]
    returns_before: tuple[float, ...]
    memories: tuple[str, ...]
    is_over: bool

    def __deepcopy__(self, memo: Any) -> Position:
        # OpenSpiel copies everything that a state holds, and this never changes.
        return self


class _UndecidedError(Exception):
    """The rules ask for a draw that has no answer yet."""

    def __init__(self, chances: tuple[float, ...]) -> None:
        super().__init__(chances)
        self.chances = chances


class Unrolled:
    """A game's rules with draws answered by the caller, truncated after some years.

    Parameters
    ----------
    game : Game
    parameters : Parameters
    years : int, optional
        Years after which the game is truncated; by default it runs to its own end.
    cells : callable
        See the module's docstring.
    """

    def __init__(
        self, game: Game, parameters: ParametersBase, years: int | None, cells: Cells
    ) -> None:
        self.game, self.parameters, self.years = game, parameters, years
        self.powers = parameters.powers
        self._cells = cells
        self._parameter_record = np.array([parameters.to_record()], game.parameters.dtype)[0]
        self._worlds = Worlds(game, 1, parameters, autoreset=False)
        self._answers: tuple[int, ...] = ()
        self._answered = 0
        instead: dict[types.FunctionType, Callable[..., Any]] = {
            _python(randomness.happens): self._happens,
            _python(randomness.uniform): self._uniform,
            _python(randomness.normal): _refuse_normal,
            _python(randomness.bell): _refuse_normal,
        }
        self._start = _as_python(_python(game.start), instead, {})
        self._step = _as_python(_python(game.step), instead, {})
        self.step = functools.cache(self._play)
        self.see = functools.cache(self._look)

    def __deepcopy__(self, memo: Any) -> Unrolled:
        # As a position; the caches only grow.
        return self

    def begin(self, answers: tuple[int, ...]) -> Draw | Step:
        """Return the first world, given the outcomes of its initial draws."""
        return self.step(b"", (), answers)

    def _play(
        self, record: bytes, options: tuple[int, ...], answers: tuple[int, ...]
    ) -> Draw | Step:
        """Play a step from a world (b"": begin one), given choices and draws."""
        worlds = np.zeros(1, self.game.world)
        rewards = np.zeros(self.powers)
        self._answers, self._answered = answers, 0
        try:
            if record:
                worlds[:] = np.frombuffer(record, self.game.world)
                world = worlds[0]
                weight = self.game.discount(self.parameters) ** int(world.year)
                actions = np.array(options, np.int64)[:, None]
                is_over = bool(self._step(world, self._parameter_record, actions, rewards))
                world.cycles += 1
                is_cut = self.years is not None and world.year >= self.years
                world.over = ENDED if is_over else CUT_OFF if is_cut else 0
            else:
                world, weight = worlds[0], 1.0
                world.powers = self.powers
                self._start(world, self._parameter_record)
        except _UndecidedError as undecided:
            return Draw(undecided.chances)
        return Step(
            worlds.tobytes(), tuple((weight * rewards).tolist()), bool(worlds["over"][0] != 0)
        )

    def _look(self, record: bytes) -> tuple[Sight, ...]:
        """Return each power's observation of a world, as the game writes it."""
        worlds = self._worlds
        records = np.frombuffer(record, self.game.world)
        worlds.restore(Snapshot(self.game.name, records, worlds.parameters))
        return tuple(
            Sight(
                " ".join(map(str, observation)),
                observation,
                mask,
                tuple(np.flatnonzero(mask).tolist()),
            )
            for observation, mask in zip(
                worlds.observations[0].copy(), worlds.masks[0].copy(), strict=True
            )
        )

    def _answer(self, chances: tuple[float, ...]) -> int:
        if self._answered == len(self._answers):
            raise _UndecidedError(chances)
        self._answered += 1
        return self._answers[self._answered - 1]

    def _happens(self, world: Any, probability: float) -> bool:
        if not 0.0 < probability < 1.0:
            return bool(probability >= 1.0)
        return self._answer((1.0 - float(probability), float(probability))) == 1

    def _uniform(self, world: Any) -> float:
        edges = np.unique([0.0, *self._cells(world, self._parameter_record), 1.0])
        chosen = self._answer(tuple(np.diff(edges).tolist())) if len(edges) > 2 else 0
        return float(0.5 * (edges[chosen] + edges[chosen + 1]))

    @functools.cached_property
    def first(self) -> Position:
        """The position before the first choice or draw."""
        nothing = (0.0,) * self.powers
        nowhere = Position(b"", (), (), (), nothing, nothing, ("",) * self.powers, False)
        return self._settled(nowhere)

    def after(self, position: Position, action: int) -> Position:
        """Return the position after a power's choice, or after a draw's outcome."""
        if position.chances:
            answers = (*position.answers, action)
            return self._settled(dataclasses.replace(position, answers=answers, chances=()))
        power, memories = len(position.chosen), list(position.memories)
        memories[power] += f" > {action}"
        return self._settled(
            dataclasses.replace(
                position,
                chosen=(*position.chosen, action),
                memories=tuple(memories),
                returns_before=position.returns,
            )
        )

    def _settled(self, position: Position) -> Position:
        """Continue until a power has to choose or something has to be drawn."""
        while not position.is_over:
            chosen = position.chosen
            if position.record:
                for sight in self.see(position.record)[len(chosen) :]:
                    if len(sight.options) > 1:
                        return dataclasses.replace(position, chosen=chosen)
                    chosen += sight.options
            found = self.step(position.record, chosen, position.answers)
            if isinstance(found, Draw):
                return dataclasses.replace(position, chosen=chosen, chances=found.chances)
            sights = self.see(found.record)
            position = Position(
                found.record,
                (),
                (),
                (),
                tuple(map(sum, zip(position.returns, found.payoffs, strict=True))),
                position.returns_before,
                tuple(
                    f"{memory}; {sight.text}" if memory else sight.text
                    for memory, sight in zip(position.memories, sights, strict=True)
                ),
                found.is_over,
            )
        return position

    def moves(self, record: bytes) -> Iterator[tuple[int, ...]]:
        """Return all joint choices of the powers in a world."""
        return itertools.product(*(sight.options for sight in self.see(record)))

    def outcomes(self, record: bytes, options: tuple[int, ...]) -> Iterator[tuple[Step, int, int]]:
        """Return the possible ends of a step, its number of draws and the most outcomes of one."""
        waiting: list[tuple[tuple[int, ...], int]] = [((), 0)]
        while waiting:
            answers, most = waiting.pop()
            found = self.step(record, options, answers)
            if isinstance(found, Step):
                yield found, len(answers), most
            else:
                count = len(found.chances)
                waiting += [((*answers, k), max(most, count)) for k in range(count)]


def _python(function: Any) -> types.FunctionType:
    """Return the plain Python function of a rule, compiled or not."""
    python: types.FunctionType = getattr(function, "py_func", function)
    return python


def _names_in(code: types.CodeType) -> set[str]:
    inner = (part for part in code.co_consts if isinstance(part, types.CodeType))
    return set(code.co_names).union(*map(_names_in, inner))


def _as_python(
    function: types.FunctionType,
    instead: dict[types.FunctionType, Callable[..., Any]],
    made: dict[types.FunctionType, types.FunctionType],
) -> types.FunctionType:
    """Return a rule as plain Python, and all rules that it calls, with some of them replaced."""
    if function in made:
        return made[function]
    names = dict(function.__globals__)
    copy = types.FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    made[function] = copy
    for name in _names_in(function.__code__) & names.keys():
        called = _python(names[name])
        if isinstance(called, types.FunctionType):
            names[name] = instead.get(called) or _as_python(called, instead, made)
    return copy


def _refuse_normal(world: Any) -> float:
    raise CounterpoiseError(
        "These rules draw a normal deviate, which has no finite number of outcomes: only games "
        "whose draws are events or uniform numbers can be exported."
    )


# -- how large the tree is ------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Extent:
    """Bounds of a game: the payoffs of any power, nodes on a path, outcomes of a draw."""

    lowest: float
    highest: float
    length: int
    outcomes: int


def extent(rules: Unrolled) -> Extent:
    """Return the bounds of a game, by one pass over its worlds, each reached by any path.

    Raises
    ------
    CounterpoiseError
        If the game has no end in sight.
    """
    most = 1
    followers: dict[bytes, list[tuple[Step, int]]] = {}
    first = list(rules.outcomes(b"", ()))
    waiting = collections.deque(step.record for step, _, _ in first)
    steps = 0
    while waiting:
        record = waiting.popleft()
        if record in followers:
            continue
        asked = sum(len(sight.options) > 1 for sight in rules.see(record))
        followers[record] = []
        for options in rules.moves(record):
            for step, draws, widest in rules.outcomes(record, options):
                followers[record].append((step, asked + draws))
                most, steps = max(most, widest), steps + 1
                if not step.is_over:
                    waiting.append(step.record)
        if steps > MOST_STEPS:
            raise CounterpoiseError(
                f"{rules.game.name} has more than {MOST_STEPS:,} different steps under these "
                "parameters: cut it off with years=, or make fewer cells."
            )
    # Every step leads from one layer to the next, so only the last layer is needed.
    over = (np.zeros(rules.powers), np.zeros(rules.powers), 0)
    bounds: dict[bytes, tuple[NDArray[np.float64], NDArray[np.float64], int]] = {}
    for record, steps_on in reversed(followers.items()):
        ends = [
            (np.array(step.payoffs), over if step.is_over else bounds[step.record], nodes)
            for step, nodes in steps_on
        ]
        bounds[record] = (
            np.min([payoffs + later[0] for payoffs, later, _ in ends], axis=0),
            np.max([payoffs + later[1] for payoffs, later, _ in ends], axis=0),
            max(nodes + later[2] for _, later, nodes in ends),
        )
    starts = [(bounds[step.record], draws) for step, draws, _ in first]
    return Extent(
        float(min(low.min() for (low, _, _), _ in starts)),
        float(max(high.max() for (_, high, _), _ in starts)),
        max(nodes + draws for (_, _, nodes), draws in starts),
        max(most, *(widest for _, _, widest in first)),
    )


# -- OpenSpiel ------------------------------------------------------------------------------------


def _open_spiel() -> types.ModuleType:
    try:
        import pyspiel
    except ModuleNotFoundError:
        raise CounterpoiseError(
            "OpenSpiel is not installed: pip install 'counterpoise[open_spiel]'."
        ) from None
    module: types.ModuleType = pyspiel
    return module


def open_spiel_game(
    game: str | Game,
    parameters: ParametersBase | None = None,
    *,
    years: int | None = None,
    cells: Cells | None = None,
) -> Any:
    """Return a game of choices as a `pyspiel.Game`.

    Parameters
    ----------
    game : str or Game
        With one choice per power; `deterrence`, `buck_passing`, `shifting_power` and
        `arms_or_allies` among the solved ones.
    parameters : Parameters, optional
        The game's defaults if not given.
    years : int, optional
        Years after which the game is truncated, without a further payoff. Needed where the game may
        continue without end, as `arms_or_allies` does.
    cells : callable, optional
        Cells of uniform draws; see the module's docstring. By default `exact_cells` for
        `arms_or_allies`, ten equal cells elsewhere.

    Raises
    ------
    CounterpoiseError
        If OpenSpiel is not installed, or the game has amounts, several choices at once, normal
        deviates, or no end in sight.
    """
    pyspiel = _open_spiel()
    the_game = game_named(game) if isinstance(game, str) else game
    parameters = the_game.parameters() if parameters is None else parameters
    the_game = the_game.seated(parameters.powers)
    if not the_game.is_discrete or the_game.action_width > 1:
        raise CounterpoiseError(
            f"{the_game.name} cannot be exported: OpenSpiel's games have one choice at a time, and "
            "its actions are amounts or several choices at once."
        )
    if cells is None:
        cells = exact_cells if the_game.name == "arms_or_allies" else equal_cells(10)
    rules = Unrolled(the_game, parameters, years, cells)
    bounds = extent(rules)
    types_of = pyspiel.GameType
    game_type = types_of(
        short_name=f"counterpoise_{the_game.name}",
        long_name=the_game.title,
        dynamics=types_of.Dynamics.SEQUENTIAL,
        chance_mode=types_of.ChanceMode.EXPLICIT_STOCHASTIC
        if bounds.outcomes > 1
        else types_of.ChanceMode.DETERMINISTIC,
        information=types_of.Information.IMPERFECT_INFORMATION,
        utility=types_of.Utility.GENERAL_SUM,
        reward_model=types_of.RewardModel.REWARDS,
        max_num_players=parameters.powers,
        min_num_players=parameters.powers,
        provides_information_state_string=True,
        provides_information_state_tensor=False,
        provides_observation_string=True,
        provides_observation_tensor=True,
    )
    game_info = pyspiel.GameInfo(
        num_distinct_actions=the_game.mask_width,
        max_chance_outcomes=bounds.outcomes,
        num_players=parameters.powers,
        min_utility=bounds.lowest,
        max_utility=bounds.highest,
        max_game_length=bounds.length,
    )
    return _classes().game(game_type, game_info, rules)


@functools.cache
def _classes() -> types.SimpleNamespace:
    """Return the classes of games and states; their base classes need OpenSpiel."""
    pyspiel = _open_spiel()

    class CounterpoiseGame(pyspiel.Game):  # type: ignore[misc, name-defined]
        """A game of choices of Counterpoise."""

        def __init__(self, game_type: Any, game_info: Any, rules: Unrolled) -> None:
            super().__init__(game_type, game_info, {})
            self.rules = rules

        def new_initial_state(self) -> Any:
            """Return the state before the first draw."""
            return CounterpoiseState(self, self.rules)

        def make_py_observer(self, iig_obs_type: Any = None, params: Any = None) -> Any:
            """Return an observer of states for one power."""
            if params:
                raise CounterpoiseError(f"An observer takes no parameters, not {params!r}.")
            return _Observer(self.rules, bool(iig_obs_type and iig_obs_type.perfect_recall))

    class CounterpoiseState(pyspiel.State):  # type: ignore[misc, name-defined]
        """A world, the choices of this step so far, and the answers to its draws so far."""

        def __init__(self, game: Any, rules: Unrolled) -> None:
            super().__init__(game)
            self._rules = rules
            self._now = rules.first

        def current_player(self) -> int:
            """Return the player that decides now."""
            if self._now.is_over:
                return int(pyspiel.PlayerId.TERMINAL)
            if self._now.chances:
                return int(pyspiel.PlayerId.CHANCE)
            return len(self._now.chosen)

        def _legal_actions(self, player: int) -> list[int]:
            return list(self.sight(player).options)

        def chance_outcomes(self) -> list[tuple[int, float]]:
            """Return the outcomes of the pending draw with their probabilities."""
            return list(enumerate(self._now.chances))

        def _apply_action(self, action: int) -> None:
            self._now = self._rules.after(self._now, action)

        def _action_to_string(self, player: int, action: int) -> str:
            if player == pyspiel.PlayerId.CHANCE:
                return f"draw {action}"
            choice = self._rules.game.role(player).actions[0]
            return str(choice.options[action])  # type: ignore[union-attr]

        def is_terminal(self) -> bool:
            """Return whether the game is over."""
            return self._now.is_over

        def returns(self) -> list[float]:
            """Return each power's return so far, discounted to the start."""
            return list(self._now.returns)

        def rewards(self) -> list[float]:
            """Return each power's rewards since a power last chose."""
            before, now = self._now.returns_before, self._now.returns
            return [later - earlier for earlier, later in zip(before, now, strict=True)]

        def __str__(self) -> str:
            return " | ".join([*self._now.memories, f"{self._now.chosen} {self._now.answers}"])

        def memory(self, power: int) -> str:
            """Return everything that a power has seen and done."""
            return self._now.memories[power]

        def sight(self, power: int) -> Sight:
            """Return a power's current observation."""
            return self._rules.see(self._now.record)[power]

        @property
        def has_begun(self) -> bool:
            """Whether there is a world yet: not while its initial draws are pending."""
            return bool(self._now.record)

    return types.SimpleNamespace(game=CounterpoiseGame, state=CounterpoiseState)


class _Observer:
    """One power's observer, with the interface of OpenSpiel's Python observers."""

    def __init__(self, rules: Unrolled, remembers: bool) -> None:
        self._remembers = remembers
        width = len(rules.game.observation_names(rules.powers))
        self.tensor = np.zeros(0 if remembers else width, np.float32)
        self.dict = {} if remembers else {"observation": self.tensor}

    def set_from(self, state: Any, player: int) -> None:
        """Write a power's current observation."""
        if not self._remembers:
            self.tensor[:] = state.sight(player).observation if state.has_begun else 0.0

    def string_from(self, state: Any, player: int) -> str:
        """Return a power's current observation, or everything that it has seen and done."""
        if self._remembers:
            return f"power {player}: {state.memory(player)}"
        return state.sight(player).text if state.has_begun else ""


# -- strategies and policies ----------------------------------------------------------------------


def open_spiel_policy(spiel_game: Any, profile: Profile) -> Any:
    """Return a profile as an `open_spiel.python.policy.Policy` of an exported game."""
    from open_spiel.python.policy import Policy

    class ProfilePolicy(Policy):  # type: ignore[misc]
        """Asks each power's strategy for its probabilities at the current observation."""

        def __init__(self) -> None:
            super().__init__(spiel_game, list(range(spiel_game.num_players())))
            self._known: dict[tuple[int, str, bytes], dict[int, float]] = {}

        def action_probabilities(self, state: Any, player_id: int | None = None) -> Any:
            """Return the probability of each open option."""
            power = state.current_player() if player_id is None else player_id
            sight = state.sight(power)
            key = (power, sight.text, sight.mask.tobytes())
            if key not in self._known:
                self._known[key] = _probabilities(profile[power], sight)
            return self._known[key]

    return ProfilePolicy()


def _probabilities(strategy: Strategy, sight: Sight) -> dict[int, float]:
    chances = np.array(
        strategy.probabilities(sight.observation[None], sight.mask[None])[0], np.float64
    )
    # A network's probabilities sum to 1 only up to 32-bit rounding.
    chances /= chances.sum()
    # As in the game: probability on a closed option goes to the null option.
    chances[0] += chances[sight.mask == 0].sum()
    return {option: float(chances[option]) for option in sight.options}


class FromOpenSpiel(Strategy):
    """Draws options with the probabilities that an OpenSpiel policy has for an observation.

    Parameters
    ----------
    answers : mapping of bytes to ndarray
        From an observation to the probability of each option, [options].
    name : str
    """

    is_random = True

    def __init__(self, answers: dict[bytes, NDArray[np.float64]], name: str = "OpenSpiel") -> None:
        self._answers = answers
        self.name = name

    def probabilities(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8]
    ) -> NDArray[np.float64]:
        """Return the probability of each option, [n, options]; uniform where never asked."""
        chances = np.asarray(masks / masks.sum(axis=1, keepdims=True), np.float64)
        for row, observation in enumerate(observations):
            chances[row] = self._answers.get(observation.tobytes(), chances[row])
        return chances

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.int8], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Draw an option for each row, [n, 1]."""
        upto = np.cumsum(self.probabilities(observations, masks), axis=1)
        draws = rng.random(len(upto))[:, None] * upto[:, -1:]
        return np.asarray((draws >= upto[:, :-1]).sum(axis=1)[:, None], np.int64)


def profile_of(spiel_game: Any, policy: Any) -> list[Strategy]:
    """Return a policy of OpenSpiel for an exported game as one strategy for every power.

    Raises
    ------
    CounterpoiseError
        If the policy's probabilities for one observation depend on what came before: strategies
        here have no memory.
    """
    width = spiel_game.num_distinct_actions()
    answers: list[dict[bytes, NDArray[np.float64]]] = [{} for _ in range(spiel_game.num_players())]
    waiting = [spiel_game.new_initial_state()]
    while waiting:
        state = waiting.pop()
        if state.is_terminal():
            continue
        if not state.is_chance_node():
            power = state.current_player()
            chances = np.zeros(width)
            for option, chance in policy.action_probabilities(state).items():
                chances[option] = chance
            seen = state.sight(power).observation.tobytes()
            known = answers[power].setdefault(seen, chances)
            if not np.allclose(known, chances, rtol=0.0, atol=1e-9):
                raise CounterpoiseError(
                    f"power_{power} answers {state.sight(power).text} in different ways, "
                    "according to what was before: a strategy decides by what it sees now."
                )
        waiting += [state.child(action) for action in state.legal_actions()]
    return [FromOpenSpiel(each) for each in answers]
