"""One way in which a lower room learns what higher rooms bring: a registry of named things.

The lower room publishes the registry, the higher room fills it from its `registered.py` when Django starts:

    kinds: Registry[Kind] = Registry("kind of activity")     # the room that knows what a kind is
    kinds.register("quiz", QuizKind())                       # the room that brings one
    kinds.get("quiz").read(file)                             # whoever has the name

What is registered stays for the life of the process, in the order in which rooms start (that of `INSTALLED_APPS`).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class RegisteredTwice(RuntimeError):
    """Two things claim one name: a mistake in the code, told when the process starts."""


class NotRegistered(LookupError):
    """Nothing has this name; the message lists the names that there are."""


class Registry[T]:
    """Things of one sort by name. `sort` says in messages what they are: “kind of activity”."""

    def __init__(self, sort: str) -> None:
        self.sort = sort
        self._items: dict[str, T] = {}

    def register(self, name: str, item: T) -> T:
        """Add the item under this name and return it. Raises `RegisteredTwice`."""
        if name in self._items:
            raise RegisteredTwice(f"There is a {self.sort} “{name}” already: {self._items[name]!r}.")
        self._items[name] = item
        return item

    def register_all(self, items: Mapping[str, T]) -> None:
        """Add each item under its name. Raises `RegisteredTwice`."""
        for name, item in items.items():
            self.register(name, item)

    def get(self, name: str) -> T:
        """The item of this name. Raises `NotRegistered`."""
        try:
            return self._items[name]
        except KeyError:
            known = ", ".join(sorted(self._items)) or "none yet"
            raise NotRegistered(f"There is no {self.sort} “{name}” (there are: {known}).") from None

    def all(self) -> list[T]:
        """Every item, in the order of registration."""
        return list(self._items.values())

    def names(self) -> list[str]:
        """Every name, in the order of registration."""
        return list(self._items)

    def items(self) -> list[tuple[str, T]]:
        """Every name with its item, in the order of registration."""
        return list(self._items.items())

    def __contains__(self, name: object) -> bool:
        return name in self._items

    @contextmanager
    def holding(self, name: str, item: T) -> Iterator[T]:
        """Have the item registered inside the block alone: for tests that bring a room of their own."""
        self.register(name, item)
        try:
            yield item
        finally:
            del self._items[name]
