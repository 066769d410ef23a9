"""What every condition says of itself, and the most common sort: one of several."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.journal.vocabulary import FactType
from milepost.people.models import Member, Organisation
from milepost.people.permissions import Permission

MOST_CHOICES = 200  # values of one condition
LONGEST_CHOICE = 200  # characters of a value that is a text


class Incomplete(Refused):
    """A condition lacks what it is about, or that is not there; the message says which."""

    sentence = gettext_lazy("Something is missing here.")
    status = 400


class Condition(ABC):
    """One thing that can be asked of a person. `value` is JSON: what the condition is about, as `check` passed it."""

    name: ClassVar[str]
    """By which rules and facts name it; it stays for good."""

    label: ClassVar[str | Promise]
    """As one chooses it: “Site”."""

    fields: ClassVar[frozenset[str]] = frozenset()
    """Which fields of a member it looks at: when another is changed, nobody comes or goes by it."""

    facts: ClassVar[tuple[FactType, ...]] = ()
    """What else can happen after which somebody fits who did not, or the other way round. Days that pass need no word."""

    permission: ClassVar[Permission | None] = None
    """What one must be allowed to see of people to use it, or to see who is in an audience that does."""

    @abstractmethod
    def form_fields(self, organisation: Organisation, value: Any = None) -> dict[str, forms.Field]:
        """The fields in which somebody says what it is about, by name; `value` is what stands there already, if it is right."""

    @abstractmethod
    def value_of(self, cleaned: Mapping[str, Any]) -> Any:
        """The value that was said in these fields."""

    @abstractmethod
    def initial(self, value: Any) -> dict[str, Any]:
        """What stands in the fields for this value."""

    @abstractmethod
    def check(self, organisation: Organisation, value: Any) -> Any:
        """The value as it is kept. Raises `Incomplete` for anything that it can't be, whoever wrote it."""

    @abstractmethod
    def q(self, organisation: Organisation, value: Any, today: date) -> Q:
        """Who fits, as a condition on members of the organisation; `today` by its calendar.

        What lies in other tables is asked by `pk__in`, which a database looks up once, and not by `Exists` for each person: SQLite,
        without statistics, went through everybody for everybody.
        """

    @abstractmethod
    def tell(self, organisation: Organisation, value: Any) -> str:
        """The condition in words of the active language that go on after “who”: “works at Oslo or Bergen”."""

    def tell_not(self, organisation: Organisation, value: Any) -> str:
        """The opposite in words."""
        return _("not: %(condition)s") % {"condition": self.tell(organisation, value)}

    def seen(self, member: Member, value: Any, today: date) -> str:
        """How it is with somebody, in words, beside whether they fit: “Bergen”. Empty where there is nothing to add."""
        return ""

    def people_named(self, value: Any) -> frozenset[str]:
        """The uids of members that the value names."""
        return frozenset()


class OneOf(Condition):
    """Whether something about somebody is one of several: the value is a list of keys or texts."""

    keys: ClassVar[bool] = False
    """Whether the values are keys of rows, and not texts."""

    @abstractmethod
    def choices(self, organisation: Organisation) -> Sequence[tuple[Any, str]]:
        """What can be chosen: each value with what it is called."""

    def form_fields(self, organisation: Organisation, value: Any = None) -> dict[str, forms.Field]:
        choices = [(str(key), label) for key, label in self.choices(organisation)]
        known = {key for key, _label in choices}
        gone = [(str(key), _("“%(name)s”, which is not there any more") % {"name": key}) for key in value or ()]
        choices += [(key, label) for key, label in gone if key not in known]
        field = forms.MultipleChoiceField(label=str(self.label), choices=choices, widget=forms.CheckboxSelectMultiple)
        return {"of": field}

    def value_of(self, cleaned: Mapping[str, Any]) -> Any:
        return [int(one) if self.keys else one for one in cleaned["of"]]

    def initial(self, value: Any) -> dict[str, Any]:
        return {"of": [str(one) for one in value]}

    def check(self, organisation: Organisation, value: Any) -> Any:
        kind = int if self.keys else str
        if not isinstance(value, list) or not value:
            raise Incomplete(_("Choose at least one."))
        if len(value) > MOST_CHOICES:
            raise Incomplete(_("Choose %(count)d at most.") % {"count": MOST_CHOICES})
        for one in value:
            if type(one) is not kind or (isinstance(one, str) and not 0 < len(one) <= LONGEST_CHOICE):
                raise Incomplete(_("One of these is not there any more. Choose again."))
        known = {key for key, _label in self.choices(organisation)}
        if not set(value) <= known:
            raise Incomplete(_("One of these is not there any more. Choose again."))
        return sorted(set(value))

    def named(self, organisation: Organisation, value: Any) -> str:
        """What the values are called, joined by “or”."""
        labels = dict(self.choices(organisation))
        return either([str(labels.get(one, _("what is not there any more"))) for one in value])


def either(words: Sequence[str]) -> str:
    """Several joined by “or”; beyond five, how many others."""
    shown, more = list(words[:5]), len(words) - 5
    if more > 0:
        # Translators: the end of a list: “Oslo, Bergen, or 12 others”.
        shown[-1:] = [shown[-1], _("%(count)d others") % {"count": more}]
    *before, last = shown
    return _("%(first)s or %(last)s") % {"first": ", ".join(before), "last": last} if before else last


_conditions: Registry[Condition] = Registry("condition of audiences")
get = _conditions.get
all_conditions = _conditions.all


def register(*conditions: Condition) -> None:
    """Bring what else can be asked of somebody. Raises `RegisteredTwice`."""
    for condition in conditions:
        _conditions.register(condition.name, condition)


def is_known(name: object) -> bool:
    """Whether a room that is installed brings it."""
    return name in _conditions
