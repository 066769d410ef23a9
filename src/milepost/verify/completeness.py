"""That no fact was left out: what facts are about, which of them must be there, which were erased, and the sealed index that counts them."""

import base64
import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from .earlier import Earlier
from .report import Broken, Pair

# What people do themselves: it goes with them.
LEARNERS = {"launched", "initialized", "passed", "failed", "progressed", "signed"}
ERASED = "#"  # how what is left of an erased uid begins
# What facts about these are filed under, by the key in their context; those about anything else under that itself.
_FILED = {
    "activity": "course",
    "module": "course",
    "certificate": "course",
    "slot": "session",
    "sheet": "session",
    "trainer": "session",
    "piece": "action",
    "connection-record": "action",
    "trainee": "action",
}


def abouts_of(statement: Mapping[str, Any]) -> list[str]:
    """What a fact is about, by uid, as the index counts it: first what it is filed under, then the action that it is of besides."""
    context = statement.get("context") or {}
    key = (
        "action" if "audit" in context else _FILED.get(statement["object"]["type"])
    )  # an auditor opens things of any type
    about = context[key] if key else statement["object"]["id"]
    also = context.get("action", about)
    return [about] if also == about else [about, also]


def whose_of(statement: Mapping[str, Any]) -> str:
    """The uid of the person that a fact is of: its holder, where it names one, or else whoever did it."""
    return str((statement.get("context") or {}).get("holder") or statement["actor"]["id"])


def without_uid(text: str) -> str:
    """What of the uid of somebody who was erased is left: the key under which the index counts them, in base64url after a #."""
    return text if text.startswith(ERASED) else ERASED + base64.urlsafe_b64encode(_key(text)).decode().rstrip("=")


class Parts:
    """What the action of a dossier consists of, by its facts: of all that, each fact must be there."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}  # of what facts are about
        self._actions: dict[str, dict[str, Any]] = {}  # of each action the newest word on its course and sessions
        self._people: dict[str, set[str]] = {}  # who takes part, by what the facts say
        self._documents: dict[str, set[str]] = {}

    def hear(self, statement: Mapping[str, Any]) -> None:
        """Take the next fact."""
        thing, abouts = statement["object"], abouts_of(statement)
        if thing["type"] in ("action", "course", "document", "session"):
            self.names[thing["id"]] = thing["name"]
        if thing["type"] == "action":
            result = statement.get("result") or {}
            told = {**result, **(result.get("changes") or {})}
            known = self._actions.setdefault(thing["id"], {})
            known |= {name: told[name] for name in ("course", "sessions") if name in told}
            if statement["verb"] == "registered":
                self._people.setdefault(thing["id"], set()).add(statement["actor"]["id"])
            elif statement["verb"] == "withdrew":
                self._people.setdefault(thing["id"], set()).discard(statement["actor"]["id"])
        elif thing["type"] == "document" and len(abouts) == 2:
            self._documents.setdefault(abouts[1], set()).add(thing["id"])

    def wanted(self, action: str, person: str | None) -> set[tuple[str, str | None]]:
        """Things of which each fact must be there, or each of a person: of the whole action, or of one person in it."""
        told = self._actions.get(action, {})
        course, people = (told.get("course") or {}).get("id"), self._people.get(action, set())
        things = {action, *told.get("sessions", ()), *self._documents.get(action, ())}
        if person:
            return {(thing, person) for thing in (*things, course) if thing}
        return {(thing, None) for thing in things} | {(course, one) for one in people if course}


class Erasures:
    """Facts that were erased, and the facts that say so: each names the places of those that it erased, or their leaves."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, bytes]] = []  # what is left of them: place and leaf
        self.count = 0
        self._places: list[tuple[int, int]] = []
        self._leaves: set[bytes] = set()
        self.notes: list[str] = []  # who had what erased, and why
        self._theirs: Counter[str] = Counter()  # of each person, what they did and of which the words are there

    def hear(self, statement: Mapping[str, Any]) -> None:
        """Take the next fact."""
        if statement["verb"] in LEARNERS:
            self._theirs[whose_of(statement)] += 1
        if statement["verb"] == "erased":
            self.count += 1
            result = statement["result"]
            self._tell(statement, result)
            for part in filter(None, result["places"].split(",")):
                first, _dash, last = part.partition("-")
                self._places.append((int(first), int(last or first)))
            self._leaves.update(map(bytes.fromhex, result.get("leaves", ())))

    def _tell(self, statement: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Who decided and why; and whether it took all that a person did, as the procedure does, or chose."""
        by, thing = statement["actor"]["name"], statement["object"]
        self.notes.append(f"{result['count']} facts were erased on {statement['time']} by “{by}”: {result['reason']}")
        whose = without_uid(thing["id"])
        if thing["type"] == "member" and (
            left := sum(n for uid, n in self._theirs.items() if without_uid(uid) == whose)
        ):
            self.notes.append(
                f"That erasure took some facts of a person and left {left} of before: who has a right to it has all erased. Ask “{by}” why."
            )

    def hold(self) -> None:
        """Raise `Broken` for a fact whose words are missing and that no erasure names."""
        ranges, end, at = sorted(self._places), -1, 0
        for index, leaf in self.lines:  # in order
            while at < len(ranges) and ranges[at][0] <= index:
                end, at = max(end, ranges[at][1]), at + 1
            if index > end and leaf not in self._leaves:
                raise Broken(f"Number {index} is said to be erased, and no erasure in the dossier names it.")


EMPTY, BRANCHES, NOTHING = bytes(32), 16, (0, bytes(32))
ABOUT, WHOSE, CHAIN = (
    (b"\x10", b"\x11"),
    (b"\x20", b"\x21"),
    b"\x30",
)  # what stands before leaves, nodes, running hashes


class Index:
    """How many facts about each thing and of each person there are, as facts tell it, to be held against the seal’s index.

    The index is two tiers of sparse Merkle trees: what facts are about leads to the head of a tree in which the person leads to
    the number of their facts and the running hash over their leaves. A tree has sixteen branches by the half-bytes of the
    SHA-256 of the key; one of a single key is its leaf, one of none 32 zero bytes.
    """

    def __init__(self, earlier: Earlier | None = None) -> None:
        self.counted: dict[Pair, tuple[int, bytes]] = {}  # of what was held: thing and person, number and running hash
        self._told: dict[str, dict[str, tuple[int, bytes]]] = {}
        self._earlier = earlier
        self._keys: dict[str, str] = {}

    def add(self, about: str, whose: str, leaf: bytes) -> None:
        """Take the next fact in the order of the journal, by its leaf there."""
        if whose not in self._keys:  # of an erased fact the key is told, and of others the uid: it is one person
            self._keys[whose] = without_uid(whose)
        whose, people = self._keys[whose], self._told.setdefault(about, {})
        count, chain = people.get(whose, NOTHING)
        people[whose] = count, chain = count + 1, hashlib.sha256(CHAIN + chain + leaf).digest()
        if self._earlier:
            self._earlier.hear((about, whose), count, chain)

    def hold(
        self,
        root: bytes,
        proof: dict[str, Any],
        wanted: Collection[tuple[str, str | None]],
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Raise `Broken` unless the facts are all that the index counts, of everything that is wanted: a thing, or a person in it."""
        things = {thing["about"]: _Thing(thing) for thing in proof["things"]}
        leaves = {
            _key(about): _leaf(ABOUT, _key(about), thing.head) for about, thing in things.items() if thing.head != EMPTY
        }
        without = {_key(about) for about in things} - leaves.keys()
        head = _sparse_head(ABOUT, [*leaves, *without], leaves, without, proof["nodes"])
        if len(things) != len(proof["things"]) or head != root:
            raise Broken("journal/completeness.json does not lead to the index that was sealed.")
        for about, whose in wanted:
            if about not in things or not things[about].covers(whose):
                raise Broken(
                    f"journal/completeness.json does not tell how many facts there are about “{names.get(about, about)}”."
                )
        for about, thing in things.items():
            missing, is_other = thing.compare(self._told.get(about, {}))
            if missing:
                words = f"{missing} facts about “{names.get(about, about)}” are missing"
                raise Broken(f"{words if missing > 1 else words.replace('facts', 'fact').replace(' are', ' is')}.")
            if is_other:
                raise Broken(f"The facts about “{names.get(about, about)}” are not those that the sealed index counts.")
            theirs = self._told.get(about, {})
            self.counted.update({(about, whose): theirs[whose] for whose in theirs if thing.covers(whose)})


class _Thing:
    """What completeness.json says of the facts about one thing: of all people, or of some."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.people = {bytes.fromhex(key): (int(count), bytes.fromhex(chain)) for key, count, chain in told["people"]}
        self.is_whole = told.keys() == {"about", "people"}
        if not self.is_whole and told.keys() != {"about", "people", "without", "nodes"}:
            raise Broken("journal/completeness.json does not tell of a thing as Milepost does.")
        self.without = set(map(bytes.fromhex, () if self.is_whole else told["without"]))
        leaves = {
            key: _leaf(WHOSE, key, count.to_bytes(8, "big") + chain) for key, (count, chain) in self.people.items()
        }
        if len(self.people) != len(told["people"]) or self.without & self.people.keys():
            raise Broken("journal/completeness.json names somebody twice.")
        self.head = (
            _head_of(WHOSE, list(leaves.items()))
            if self.is_whole
            else _sparse_head(WHOSE, [*self.people, *self.without], leaves, self.without, told["nodes"])
        )

    def covers(self, whose: str | None) -> bool:
        """Whether it tells how many facts this person has; without one, of everybody."""
        return self.is_whole or (whose is not None and self._tells_of(_key(whose)))

    def compare(self, told: Mapping[str, tuple[int, bytes]]) -> tuple[int, bool]:
        """How many facts are missing of those that the index counts, and whether they are others."""
        here = {key: counted for whose, counted in told.items() if self._tells_of(key := _key(whose))}
        missing = sum(max(0, count - here.get(key, NOTHING)[0]) for key, (count, _chain) in self.people.items())
        return missing, here != self.people

    def _tells_of(self, key: bytes) -> bool:
        return self.is_whole or key in self.people or key in self.without


def _key(text: str) -> bytes:
    if text.startswith(ERASED):
        return base64.urlsafe_b64decode(text[1:] + "=")
    return hashlib.sha256(text.encode()).digest()


def _leaf(tier: tuple[bytes, bytes], key: bytes, value: bytes) -> bytes:
    return hashlib.sha256(tier[0] + key + value).digest()


def _branch(key: bytes, depth: int) -> int:
    return key[depth >> 1] & 15 if depth & 1 else key[depth >> 1] >> 4


def _head_of(tier: tuple[bytes, bytes], leaves: Sequence[tuple[bytes, bytes]], depth: int = 0) -> bytes:
    """The head of the tree of these keys, all of which are there."""
    if len(leaves) < 2:
        return leaves[0][1] if leaves else EMPTY
    parts: list[list[tuple[bytes, bytes]]] = [[] for _branch in range(BRANCHES)]
    for leaf in leaves:
        parts[_branch(leaf[0], depth)].append(leaf)
    return hashlib.sha256(tier[1] + b"".join(_head_of(tier, part, depth + 1) for part in parts)).digest()


def _sparse_head(
    tier: tuple[bytes, bytes],
    keys: Sequence[bytes],
    leaves: Mapping[bytes, bytes],
    without: Collection[bytes],
    words: Sequence[str],
) -> bytes:
    """The head to which some keys, with their leaves or `without` any, and the words beside them lead. Raises `Broken`.

    The words, from left to right: of a subtree where a key would stand `node`, and then of its sixteen; or its only leaf as key
    and value; or nothing. Of any other subtree its head.
    """
    rest = iter(words)

    def head(keys: Sequence[bytes], depth: int) -> bytes:
        word = next(rest)
        if word == "node":
            parts: list[list[bytes]] = [[] for _branch in range(BRANCHES)]
            for key in keys:
                parts[_branch(key, depth)].append(key)
            heads = [head(part, depth + 1) if part else other(next(rest)) for part in parts]
            return hashlib.sha256(tier[1] + b"".join(heads)).digest()
        stated = bytes.fromhex(word)
        key, value = stated[:32], stated[32:]
        here = _leaf(tier, key, value) if stated else EMPTY
        for one in keys:
            if (one not in without) if one != key else (here != leaves[one]):
                raise ValueError
        return here

    def other(word: str) -> bytes:
        if len(word) not in (0, 64):  # or one could stand for two, and all after it for others
            raise ValueError
        return bytes.fromhex(word) or EMPTY

    try:
        found = head(keys, 0)
        if next(rest, None) is not None:
            raise ValueError
    except (StopIteration, ValueError, KeyError, IndexError):
        raise Broken("journal/completeness.json does not fit together.") from None
    return found
