"""An earlier dossier of the same organisation, against which a later one is held: what it counted is still there, and the same."""

from collections.abc import Collection, Mapping

from .report import Broken, Pair, State


class Earlier:
    """What the earlier one counted, while the facts of the later one are read in the order of the journal."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._met: set[Pair] = set()

    def hear(self, pair: Pair, count: int, chain: bytes) -> None:
        """So many facts were read so far of this pair, and they have this running hash."""
        if self.state.counted.get(pair) == (count, chain):
            self._met.add(pair)

    def hold(self, later: State, names: Mapping[str, str]) -> str:
        """Raise `Broken` unless the later one goes on where the earlier one was, in all that both count; or say what was compared."""
        before, counted = self.state, self.state.counted
        if before.organisation != later.organisation:
            raise Broken("The earlier dossier is of another organisation.")
        if later.size < before.size:
            raise Broken(
                f"The journal had {before.size} facts in the earlier dossier and has {later.size} in this one: give the older one as --earlier."
            )
        if later.size == before.size and later.root != before.root:
            raise Broken("There are two journals: the one of the earlier dossier has as many facts, and others.")
        both = counted.keys() & later.counted.keys()
        if missing := _fewer(both, counted, later.counted):
            about = names.get(missing[0], missing[0])
            raise Broken(f"Facts about “{about}” are missing that the earlier dossier has.")
        if changed := sorted(both - self._met):
            about = names.get(changed[0][0], changed[0][0])
            raise Broken(f"The facts about “{about}” are not those of the earlier dossier, with more after them.")
        facts = sum(counted[pair][0] for pair in both)
        things = len({about for about, _whose in both})
        return f"All {facts} facts about {things} things that the earlier dossier counted are in the journal of this one, as they were."


def _fewer(
    both: Collection[Pair], before: Mapping[Pair, tuple[int, bytes]], now: Mapping[Pair, tuple[int, bytes]]
) -> Pair | None:
    return min((pair for pair in both if now[pair][0] < before[pair][0]), default=None)
