"""The builder of rules: a form whose fields are a tree, drawn by the server and changed by its buttons.

Each place of the rule has a name (`rules.field_of`): `r` is the whole, `r-0` its first part. A group sends `r-group`, a condition
`r-0-condition`, `r-0-is` and the fields of the condition's own (`r-0-of`). A button sends `do`: `add r`, `group r`, `remove r-0`, `save`. What
is sent may be anything: whatever is none of this is left out, and what is too much is refused as the rule is checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences import conditions
from milepost.audiences.conditions import Condition
from milepost.audiences.models import NAME_LENGTH, Audience
from milepost.audiences.rules import DEEPEST, MOST, Path, Rule, RuleRefused, checked, field_of
from milepost.audiences.saving import MOST_DAYS
from milepost.people.models import Organisation

type Sent = MultiValueDict[str, str]

MODES = {
    "all": gettext_lazy("all of these"),
    "any": gettext_lazy("at least one of these"),
    "none": gettext_lazy("none of these"),
    "not-all": gettext_lazy("not all of these together"),
}
LONGEST_VALUE = 200
MOST_PLACES = 2 * MOST  # that are read of what is sent


class AudienceForm(forms.Form):
    """What an audience is called, and how long somebody must fit before it counts."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    minimum_days = forms.IntegerField(
        label=gettext_lazy("Days somebody must fit before it counts"),
        help_text=gettext_lazy("0: at once."),
        min_value=0,
        max_value=MOST_DAYS,
        required=False,
    )

    def clean_minimum_days(self) -> int:
        return self.cleaned_data["minimum_days"] or 0


@dataclass(eq=False)
class Place:
    """A place of the rule as it is being built: a group, or a condition with its form."""

    path: Path = ()
    mode: str = ""
    parts: "list[Place]" = field(default_factory=list)
    condition: Condition | None = None
    is_negated: bool = False
    raw: dict[str, list[str]] = field(default_factory=dict)
    form: forms.Form | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        return field_of(self.path)

    @property
    def is_group(self) -> bool:
        return self.condition is None

    @property
    def may_hold_groups(self) -> bool:
        return len(self.path) < DEEPEST - 1


class Builder:
    """A rule that is being built, of what was sent or of what is kept."""

    def __init__(self, organisation: Organisation, usable: Sequence[Condition], root: Place) -> None:
        self.organisation, self.usable, self.root = organisation, usable, root
        self._number(root, ())

    @classmethod
    def sent(cls, organisation: Organisation, usable: Sequence[Condition], data: Sent) -> "Builder":
        """What a form sent."""
        known = {condition.name: condition for condition in usable}
        left = [MOST_PLACES]
        return cls(organisation, usable, _read(data, (), known, left) or Place(mode="all"))

    @classmethod
    def of(cls, organisation: Organisation, usable: Sequence[Condition], rule: Rule) -> "Builder":
        """A rule that is kept."""
        root = _place_of(organisation, rule, {condition.name: condition for condition in usable})
        return cls(
            organisation,
            usable,
            root if root is not None and root.is_group else Place(mode="all", parts=[root] if root else []),
        )

    def do(self, said: str, chosen: Mapping[str, str]) -> None:
        """Add, group or remove, as a button says; anything else changes nothing."""
        what, _space, name = said.partition(" ")
        place = self._find(name)
        if place is None:
            return
        if what == "add" and place.is_group:
            named = chosen.get(f"{name}-new", "")
            condition = next((one for one in self.usable if one.name == named), None)
            if condition is not None:
                place.parts.append(Place(condition=condition))
        elif what == "group" and place.is_group and place.may_hold_groups:
            place.parts.append(Place(mode="any"))
        elif what == "remove" and place.path:
            above = self._find(field_of(place.path[:-1]))
            if above is not None:
                above.parts.remove(place)
        self._number(self.root, ())

    def rule(self, *, tells: bool) -> Rule | None:
        """The rule as it may be kept; None where something is to be mended, which then stands at its place if `tells`."""
        found = self._rule(self.root, tells=tells)
        if found is None:
            return None
        try:
            return checked(self.organisation, found)
        except RuleRefused as refused:
            place = self._find(field_of(refused.path))
            if place is not None and tells:
                place.problem = str(refused)
            return None

    def so_far(self) -> tuple[Rule, int]:
        """The rule without what is not filled in yet, as it may be kept, and how many conditions that leaves out."""
        left_out = 0

        def part(place: Place) -> Rule | None:
            nonlocal left_out
            if place.is_group:
                parts = [one for one in map(part, place.parts) if one is not None]
                return _grouped(place.mode, parts) if parts else None
            rule = self._checked(self._leaf(place))
            left_out += rule is None
            return rule

        whole = self._checked(part(self.root) or {"all": []})
        return (whole, left_out) if whole is not None else ({"all": []}, left_out + 1)

    def _checked(self, rule: Rule | None) -> Rule | None:
        try:
            return checked(self.organisation, rule) if rule is not None else None
        except RuleRefused:
            return None

    def _rule(self, place: Place, *, tells: bool) -> Rule | None:
        if not place.is_group:
            leaf = self._leaf(place)
            if leaf is None and tells:
                place.form = self._form(place, is_bound=True)
                place.problem = _("This is not filled in yet.")
            return leaf
        parts = [self._rule(part, tells=tells) for part in place.parts]
        known = [part for part in parts if part is not None]
        return _grouped(place.mode, known) if len(known) == len(parts) else None

    def _leaf(self, place: Place) -> Rule | None:
        form = self._form(place, is_bound=True)
        if place.condition is None or not form.is_valid():
            return None
        leaf = {"condition": place.condition.name, "value": place.condition.value_of(form.cleaned_data)}
        return {"not": leaf} if place.is_negated else leaf

    def _number(self, place: Place, path: Path) -> None:
        place.path = path
        if not place.is_group:
            place.form = self._form(place, is_bound=False)
        for at, part in enumerate(place.parts):
            self._number(part, (*path, at))

    def _form(self, place: Place, *, is_bound: bool) -> forms.Form:
        """The condition's fields with what was sent; bound only where what is wrong is told or asked."""
        assert place.condition is not None  # noqa: S101 (a group has none)
        fields = place.condition.form_fields(self.organisation)
        made = type("ConditionForm", (forms.Form,), dict(fields))  # which takes the fields out of what it is given
        sent: Sent = MultiValueDict({f"{place.name}-{name}": values for name, values in place.raw.items()})
        if is_bound:
            return made(sent, prefix=place.name)  # type: ignore[no-any-return]
        shown = {
            name: one.widget.value_from_datadict(sent, MultiValueDict(), f"{place.name}-{name}")
            for name, one in fields.items()
            if name in place.raw
        }
        return made(initial=shown, prefix=place.name)  # type: ignore[no-any-return]

    def _find(self, name: str) -> Place | None:
        waiting = [self.root]
        while waiting:
            place = waiting.pop()
            if place.name == name:
                return place
            waiting += place.parts
        return None


def _read(data: Sent, path: Path, known: Mapping[str, Condition], left: list[int]) -> Place | None:
    name = field_of(path)
    left[0] -= 1
    if left[0] < 0 or len(path) > DEEPEST:
        return None
    if path and (chosen := known.get(data.get(f"{name}-condition", ""))) is not None:
        own = {key.removeprefix(f"{name}-"): key for key in data if key.startswith(f"{name}-")}
        raw = {
            key: [value[:LONGEST_VALUE] for value in data.getlist(whole)[: conditions.MOST_CHOICES + 1]]
            for key, whole in own.items()
            if key not in ("condition", "is")
        }
        return Place(condition=chosen, is_negated=data.get(f"{name}-is") == "no", raw=raw)
    mode = data.get(f"{name}-group", "")
    if mode not in MODES:
        return None
    place = Place(mode=mode)
    at = 0
    while (part := _read(data, (*path, at), known, left)) is not None:
        place.parts.append(part)
        at += 1
    return place


def _grouped(mode: str, parts: list[Rule]) -> Rule:
    group: Rule = {"all" if mode in ("all", "not-all") else "any": parts}
    return {"not": group} if mode in ("none", "not-all") else group


def _place_of(organisation: Organisation, rule: Rule, known: Mapping[str, Condition]) -> Place | None:
    negated, node = ("not" in rule), rule.get("not", rule)
    if "condition" in node:
        condition = known.get(node["condition"])
        if condition is None:
            return None
        initial = condition.initial(node["value"])
        raw = {
            key: [str(one) for one in value] if isinstance(value, list) else [str(value)]
            for key, value in initial.items()
        }
        return Place(condition=condition, is_negated=negated, raw=raw)
    mode = {("all", False): "all", ("any", False): "any", ("any", True): "none", ("all", True): "not-all"}
    group = "all" if "all" in node else "any"
    parts = [_place_of(organisation, part, known) for part in node[group]]
    return Place(mode=mode[group, negated], parts=[part for part in parts if part is not None])


def audience_form(audience: Audience | None, data: Sent | None) -> AudienceForm:
    """The name and the time of an audience that is there, or of a new one."""
    initial = {"name": audience.name, "minimum_days": audience.minimum_days} if audience else {"minimum_days": 0}
    return AudienceForm(data, initial=initial)
