"""Rules: trees of `all`, `any`, `not` and conditions, as JSON that anybody may have written.

    {"all": [
        {"condition": "site", "value": [3]},
        {"not": {"condition": "completed", "value": {"course": "…"}}},
        {"any": [{"condition": "leads", "value": true}, {"condition": "job", "value": "nurse"}]},
    ]}

What must stay true: a rule that `checked` let through has at most `MOST` conditions, groups within groups at most `DEEPEST` deep, never
`not` of `not`, and a meaning in two values: somebody fits or does not, whatever of them is unknown. `{"all": []}` is everybody.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import BooleanField, Case, Q, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences import conditions
from milepost.audiences.conditions import Condition, Incomplete
from milepost.core.refusals import Refused
from milepost.people.models import Member, MemberQuerySet, Organisation

DEEPEST = 4  # groups within each other
MOST = 50  # conditions of a rule
GROUPS = ("all", "any")

type Rule = dict[str, Any]
type Path = tuple[int, ...]  # which child of which: () is the rule itself; a `not` takes no place

EVERYBODY: Rule = {"all": []}
_NOBODY, _EVERYBODY = Q(pk__in=[]), ~Q(pk__in=[])


class RuleRefused(Refused):
    """The rule can't be kept; the message says why, and `path` where."""

    sentence = gettext_lazy("This is no rule.")
    status = 400

    def __init__(self, sentence: str = "", *, path: Path = ()) -> None:
        super().__init__(sentence, field=field_of(path))
        self.path = path


def field_of(path: Path) -> str:
    """How forms name a place in a rule: “r” is the rule itself, “r-0-2” the third of its first."""
    return "-".join(["r", *map(str, path)])


@dataclass(frozen=True)
class Leaf:
    """A condition in its place."""

    path: Path
    condition: Condition
    value: Any


def checked(organisation: Organisation, rule: object) -> Rule:
    """The rule as it is kept. Raises `RuleRefused` for what is none, is too deep, too large, or names what is not there."""
    count = 0

    def check(node: object, path: Path, depth: int) -> Rule:
        nonlocal count
        negated = False
        while isinstance(node, dict) and set(node) == {"not"}:
            node, negated = node["not"], not negated
        if not isinstance(node, dict):
            raise RuleRefused(path=path)
        if len(node) == 1 and (group := next(iter(node))) in GROUPS:
            parts = node[group]
            if not isinstance(parts, list):
                raise RuleRefused(path=path)
            if depth > DEEPEST:
                raise RuleRefused(_("Groups are more than %(most)d deep.") % {"most": DEEPEST}, path=path)
            if not parts and (path or group == "any" or negated):
                raise RuleRefused(_("This group is empty. Add a condition, or remove it."), path=path)
            if len(parts) > MOST:
                raise _too_many(path)
            found: Rule = {group: [check(part, (*path, at), depth + 1) for at, part in enumerate(parts)]}
        elif set(node) == {"condition", "value"}:
            count += 1
            if count > MOST:
                raise _too_many(path)
            found = _checked_leaf(organisation, node["condition"], node["value"], path)
        else:
            raise RuleRefused(path=path)
        return {"not": found} if negated else found

    kept = check(rule, (), 1)
    if "condition" in kept or ("not" in kept and "condition" in kept["not"]):
        return {"all": [kept]}
    return kept


def _too_many(path: Path) -> RuleRefused:
    return RuleRefused(_("More than %(most)d conditions.") % {"most": MOST}, path=path)


def _checked_leaf(organisation: Organisation, name: object, value: object, path: Path) -> Rule:
    if not isinstance(name, str) or not conditions.is_known(name):
        raise RuleRefused(_("There is no such condition."), path=path)
    try:
        return {"condition": name, "value": conditions.get(name).check(organisation, value)}
    except Incomplete as refused:
        raise RuleRefused(str(refused), path=path) from refused


def leaves(rule: Rule, path: Path = ()) -> Iterator[Leaf]:
    """Every condition of a kept rule that a room brings, in order; what none brings any more fits nobody."""
    _negated, node = _without_not(rule)
    if "condition" in node:
        if conditions.is_known(node["condition"]):
            yield Leaf(path, conditions.get(node["condition"]), node["value"])
        return
    for at, part in enumerate(_parts(node)):
        yield from leaves(part, (*path, at))


def _without_not(node: Rule) -> tuple[bool, Rule]:
    return (True, node["not"]) if "not" in node else (False, node)


def _parts(node: Rule) -> list[Rule]:
    parts: list[Rule] = node["all"] if "all" in node else node["any"]
    return parts


def q_of(organisation: Organisation, rule: Rule, today: date) -> Q:
    """Who fits a kept rule, as a condition on members of the organisation."""
    by_path = {leaf.path: leaf.condition.q(organisation, leaf.value, today) for leaf in leaves(rule)}

    def q(node: Rule, path: Path) -> Q:
        negated, node = _without_not(node)
        if "condition" in node:
            found = by_path.get(path, _NOBODY)
        else:
            parts = [q(part, (*path, at)) for at, part in enumerate(_parts(node))]
            found = _EVERYBODY if "all" in node else _NOBODY
            for part in parts:
                found = found & part if "all" in node else found | part
        return ~found if negated else found

    return q(rule, ())


def fitting(organisation: Organisation, rule: Rule, today: date) -> MemberQuerySet:
    """Those of the organisation who have not left and fit a kept rule."""
    return Member.objects.active().filter(q_of(organisation, rule, today), organisation=organisation)


# --- Why ----------------------------------------------------------------------------------------------------


@dataclass
class Reading:
    """A place of a rule as it is for one person: whether it holds, and whether it decides."""

    path: Path
    holds: bool
    group: str = ""  # all, any; empty for a condition
    is_negated: bool = False
    name: str = ""  # of the condition
    decides: bool = False
    parts: "list[Reading]" = field(default_factory=list)
    sentence: str = ""
    seen: str = ""

    def deciding(self) -> "Iterator[Reading]":
        """The conditions that make it so."""
        if self.name and self.decides:
            yield self
        for part in self.parts:
            yield from part.deciding()


def with_leaves(members: MemberQuerySet, organisation: Organisation, rule: Rule, today: date) -> MemberQuerySet:
    """The members, each with whether each condition of the rule holds: `leaf_r_0_2`."""
    return members.annotate(
        **{
            attribute_of(leaf.path): Case(
                When(leaf.condition.q(organisation, leaf.value, today), then=Value(True)),
                default=Value(False),
                output_field=BooleanField(),
            )
            for leaf in leaves(rule)
        }
    )


def attribute_of(path: Path) -> str:
    """Where `with_leaves` leaves whether the condition in this place holds."""
    return f"leaf_{field_of(path).replace('-', '_')}"


def holding(member: Member) -> Callable[[Path], bool]:
    """Whether the condition in a place holds for somebody who was read by `with_leaves`."""
    return lambda path: bool(getattr(member, attribute_of(path), False))


def read(rule: Rule, holds: Callable[[Path], bool]) -> Reading:
    """The rule as it is for whom the condition in each place holds or not, with what decides it."""
    reading = _read(rule, (), holds)
    _decide(reading)
    return reading


def _read(node: Rule, path: Path, holds: Callable[[Path], bool]) -> Reading:
    negated, node = _without_not(node)
    if "condition" in node:
        return Reading(path, holds(path) is not negated, is_negated=negated, name=node["condition"])
    group = "all" if "all" in node else "any"
    parts = [_read(part, (*path, at), holds) for at, part in enumerate(_parts(node))]
    met = all(part.holds for part in parts) if group == "all" else any(part.holds for part in parts)
    return Reading(path, met is not negated, group, negated, parts=parts)


def _decide(reading: Reading) -> None:
    """Of `all` that holds everything decides, of `all` that does not what fails; of `any` the other way round."""
    reading.decides = True
    met = reading.holds is not reading.is_negated
    for part in reading.parts:
        if part.holds is met or (reading.group == "all") is met:
            _decide(part)


def reasons_of(reading: Reading) -> list[str]:
    """The names of the conditions that make it so, each once, in their order."""
    return list(dict.fromkeys(part.name for part in reading.deciding()))


# --- In words -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A part of a rule in words, and its parts."""

    words: str
    parts: "Sequence[Told]" = ()


def told(organisation: Organisation, rule: Rule) -> Told:
    """The rule in sentences of the active language."""
    by_path = {leaf.path: leaf for leaf in leaves(rule)}

    def tell(node: Rule, path: Path) -> Told:
        negated, node = _without_not(node)
        if "condition" in node:
            return Told(leaf_in_words(organisation, by_path.get(path), negated=negated))
        parts = [tell(part, (*path, at)) for at, part in enumerate(_parts(node))]
        return Told(group_in_words("all" if "all" in node else "any", is_negated=negated, count=len(parts)), parts)

    return tell(rule, ())


def leaf_in_words(organisation: Organisation, leaf: Leaf | None, *, negated: bool) -> str:
    """A condition in words that begin a line."""
    if leaf is None:
        return _("asks what nothing here knows any more")
    return (leaf.condition.tell_not if negated else leaf.condition.tell)(organisation, leaf.value)


def group_in_words(group: str, *, is_negated: bool, count: int) -> str:
    """What is asked of the parts of a group."""
    if not count:
        return _("Everybody")
    if group == "all":
        return _("not all of these together") if is_negated else _("all of these")
    return _("none of these") if is_negated else _("at least one of these")


def one_line(told: Told) -> str:
    """The rule in one line: “all of these: works at Oslo; leads somebody”."""
    if not told.parts:
        return told.words
    if (
        len(told.parts) == 1
        and not told.parts[0].parts
        and told.words == group_in_words("all", is_negated=False, count=1)
    ):
        return told.parts[0].words
    return f"{told.words}: " + "; ".join(f"({one_line(part)})" if part.parts else part.words for part in told.parts)


def conditions_in_words(rule: Rule) -> str:
    """What sorts of conditions the rule has, each once: “Site, hire date”. It asks no database."""
    labels = list(dict.fromkeys(str(leaf.condition.label) for leaf in leaves(rule)))
    return ", ".join(label if at == 0 else label[:1].lower() + label[1:] for at, label in enumerate(labels)) or _(
        "Everybody"
    )


def facts_of(rule: Rule) -> frozenset[str]:
    """The names of the facts, beside those of members, after which somebody may come or go."""
    return frozenset(fact.name for leaf in leaves(rule) for fact in leaf.condition.facts)


def fields_of(rule: Rule) -> frozenset[str]:
    """The fields of members that the rule looks at."""
    return frozenset().union(*(leaf.condition.fields for leaf in leaves(rule)))


def audiences_in(rule: Rule) -> list[str]:
    """The uids of the audiences that the rule stands on."""
    return [leaf.value for leaf in leaves(rule) if leaf.condition.name == "audience"]
