"""How two powers ally in a game: which choice does it, and which of its options.

What tests alliances (pairwise stability, best responses from worlds with alliances) knows a game by
this declaration, which its row in the registry names.
"""

from __future__ import annotations

import dataclasses

from counterpoise.agents.simple import Preferring
from counterpoise.envs.engine.errors import CounterpoiseError
from counterpoise.envs.engine.game import Choice, Game
from counterpoise.envs.engine.registration import part
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.envs.grand_strategy.world import DIPLOMACY, KEEP, OFFER, WITHDRAW


@dataclasses.dataclass(frozen=True)
class Ties:
    """The declaration of a game's alliances.

    Attributes
    ----------
    choice : str
        The choice towards each other power, declared with ``others=True``.
    keep, offer, leave : str
        Its options: to change nothing, to offer an alliance, to withdraw from one. An alliance
        forms when both sides offer.
    start : str
        The per-pair parameter that says which pairs are allied at the start.
    """

    choice: str
    keep: str
    offer: str
    leave: str
    start: str

    def allying(self, game: Game, strategy: Strategy, power: int, other: int) -> Strategy:
        """Return a strategy that offers another power an alliance, and keeps the one that it has.

        All other choices, and whether a pledge is honoured, are those of `strategy`.

        Parameters
        ----------
        game : Game
            Seated.
        strategy : Strategy
        power, other : int
            Their seats.
        """
        return self._preferring(game, strategy, power, [other], (self.offer, self.keep))

    def leaving(self, game: Game, strategy: Strategy, power: int, others: list[int]) -> Strategy:
        """Return a strategy that withdraws from some powers as soon as it may, and offers nothing.

        Parameters as for `allying`, with several others.
        """
        return self._preferring(game, strategy, power, others, (self.leave, self.keep))

    def _preferring(
        self,
        game: Game,
        strategy: Strategy,
        power: int,
        others: list[int],
        words: tuple[str, str],
    ) -> Strategy:
        # The others are numbered in order of seats, without the power itself.
        names = {f"{self.choice}_{other - int(other > power)}" for other in others}
        preferred = {
            component: [choice.options.index(word) for word in words]
            for component, choice in enumerate(game.role(power).actions)
            if isinstance(choice, Choice) and choice.name in names
        }
        return Preferring(game, strategy, preferred)


def ties_of(game: str) -> Ties:
    """Return the declaration of a game's alliances.

    Raises
    ------
    CounterpoiseError
        If the game declares none.
    """
    found: Ties | None = part(game, "ties")
    if found is None:
        raise CounterpoiseError(
            f"{game} declares no alliances: only a game whose row in the registry has `ties` can "
            "be tested for pairwise stability."
        )
    return found


GRAND_STRATEGY = Ties(
    choice="diplomacy",
    keep=DIPLOMACY[KEEP],
    offer=DIPLOMACY[OFFER],
    leave=DIPLOMACY[WITHDRAW],
    start="allied",
)
