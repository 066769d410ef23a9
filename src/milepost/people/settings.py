"""What an organisation decides for itself: each room registers its settings, one page shows them all.

A room says what can be set, with a form field that knows what is possible, and what holds until somebody decides:

    ASKS_LOCATION = Setting("asks_location", forms.BooleanField(label=_("ask where people sign"), required=False), False, PAGE)
    settings.register(ASKS_LOCATION)                        # in `registered.py`

and reads it where it matters, by the same name, with the type of its default:

    if value_of(organisation, ASKS_LOCATION): …

`change` is the only way in: it checks each value by its field and records for each one that changed what it was and what
it is. A value is JSON and lies in one row of its own, unless it has a `column` of the organisation, because queries or
every page need it. Nobody's setting goes unread: `tests/test_settings.py` looks for who reads each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.prepared import Prepared
from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.journal.recording import SYSTEM, record
from milepost.journal.vocabulary import TEXT, FactType, Schema, Statement
from milepost.people.identity import STATED, state_identity
from milepost.people.models import Member, Organisation, OrganisationSetting


class InvalidSetting(Refused):
    """A value is not possible; the message says why, and `field` names the setting."""

    status = 400


class NotYourSetting(Refused):
    """Somebody would decide what is not theirs to decide."""

    sentence = gettext_lazy("Only an owner of the whole organisation decides this.")
    status = 403


@dataclass(frozen=True)
class Page:
    """A part of the page of settings: what is decided and saved together. `name` is its anchor."""

    name: str
    label: str | Promise


@dataclass(frozen=True, eq=False)
class Setting[T]:
    """Something that an organisation decides. `field` is never bound: each form takes a copy."""

    name: str
    field: forms.Field
    default: T
    page: Page
    column: str = ""  # of the organisation, where the value lies
    # For what is more than its value (a file): what its columns become. Returns nothing to leave them as they are.
    as_columns: Callable[[Organisation, Any], dict[str, Any]] | None = None
    # Who of those who decide for the organisation may change it; None: all of them.
    may_change: Callable[[Member], bool] | None = None

    @property
    def label(self) -> str:
        """What it is called on the page of settings."""
        return str(self.field.label or self.name)

    def words(self, value: Any) -> str:
        """A value as people read it: the label of a choice, yes or no, or the text itself."""
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        labels = dict(getattr(self.field, "choices", ()))
        values = value if isinstance(value, list) else [] if value in (None, "") else [value]
        return ", ".join(str(labels.get(each, each)) for each in values) or _("nothing")


_settings: Registry[Setting[Any]] = Registry("setting")
all_settings = _settings.all
holding = _settings.holding


def register(*settings: Setting[Any]) -> None:
    """Add what a room lets organisations decide. Raises `RegisteredTwice`."""
    for setting in settings:
        _settings.register(setting.name, setting)


def pages(by: Member | None = None) -> dict[Page, list[Setting[Any]]]:
    """The parts of the page of settings in the order of the rooms, each with its settings; with `by`, what they may change."""
    by_page: dict[Page, list[Setting[Any]]] = {}
    for setting in _settings.all():
        if _may_change(setting, by):
            by_page.setdefault(setting.page, []).append(setting)
    return by_page


def value_of[T](organisation: Organisation, setting: Setting[T]) -> T:
    """What the organisation decided, or the default. One query for all settings of an organisation as it was loaded."""
    if setting.column:
        value: T = getattr(organisation, setting.column)
        return value
    return _kept(organisation).get(setting.name, setting.default)  # type: ignore[no-any-return]


def change(*, organisation: Organisation, values: Mapping[str, Any], by: Member | None = None) -> Organisation:
    """Set what differs, by the names of settings. Raises `InvalidSetting`, `NotRegistered`, `NotYourSetting`.

    Records `updated` for each setting that changed, with its name, what it was and what it is; and `stated` if papers state it.
    """
    wanted = {name: _checked(_settings.get(name), value) for name, value in values.items()}
    if not all(_may_change(_settings.get(name), by) for name in wanted):
        raise NotYourSetting
    with transaction.atomic():
        locked = Organisation.locked(organisation.pk)
        for name, value in wanted.items():
            setting = _settings.get(name)
            before = value_of(locked, setting)
            _keep(locked, setting, value)
            after = value_of(locked, setting)
            if after != before:
                _record(locked, setting, before, after, by)
        if any(_settings.get(name).column in STATED for name in wanted):
            state_identity(locked)
    organisation.refresh_from_db(fields=[field.name for field in Organisation._meta.concrete_fields])
    _forget(organisation)
    return organisation


def _may_change(setting: Setting[Any], by: Member | None) -> bool:
    return by is None or setting.may_change is None or setting.may_change(by)


def _checked(setting: Setting[Any], value: Any) -> Any:
    try:
        return setting.field.clean(value)
    except ValidationError as error:
        raise InvalidSetting(" ".join(error.messages), field=setting.name) from error


def _keep(organisation: Organisation, setting: Setting[Any], value: Any) -> None:
    if setting.as_columns or setting.column:
        columns = setting.as_columns(organisation, value) if setting.as_columns else {setting.column: value}
        for column, new in columns.items():
            setattr(organisation, column, new)
        organisation.save(update_fields=list(columns))
        return
    if value != value_of(organisation, setting):
        OrganisationSetting.objects.update_or_create(
            organisation=organisation, name=setting.name, defaults={"value": value}
        )
        _forget(organisation)


def _record(organisation: Organisation, setting: Setting[Any], before: Any, after: Any, by: Member | None) -> None:
    record(
        SETTING_CHANGED,
        organisation=organisation,
        actor=by.as_reference() if by else SYSTEM,
        object=organisation.as_reference(),
        context={"setting": setting.name},
        result={"before": before, "after": after},
    )


def _kept(organisation: Organisation) -> dict[str, Any]:
    kept: dict[str, Any] | None = organisation.__dict__.get("kept_settings")
    if kept is None:
        kept = {row.name: row.value for row in _rows.all(organisation=organisation.pk)}
        organisation.__dict__["kept_settings"] = kept
    return kept


def _forget(organisation: Organisation) -> None:
    organisation.__dict__.pop("kept_settings", None)


_rows = Prepared(
    lambda organisation: OrganisationSetting.objects.filter(organisation=organisation).order_by(), organisation=int
)


# --- The fact ---------------------------------------------------------------------------------------------


def tell_change(name: str, before: Any, after: Any) -> str:
    """What became of the setting, in a sentence of the active language; files are not shown."""
    setting = _settings.get(name) if name in _settings else Setting(name, forms.Field(), None, Page("", ""))
    words = {"setting": setting.label, "before": setting.words(before), "after": setting.words(after)}
    if setting.as_columns:
        return _("Changed the setting “%(setting)s”") % words
    return _("Changed the setting “%(setting)s” from “%(before)s” to “%(after)s”") % words


def _sentence(statement: Statement) -> str:
    sentence = tell_change(statement.context["setting"], statement.result["before"], statement.result["after"])
    return sentence.replace("%", "%%")


# As the field of the setting gives it.
_VALUE: Schema = {"type": ["string", "number", "boolean", "array", "null"], "items": TEXT}
SETTING_CHANGED = FactType(
    "updated",
    "organisation",
    is_office=True,
    watched="setting-changed",
    context={"setting": TEXT},
    result={"before": _VALUE, "after": _VALUE},
    sentence=_sentence,
)
