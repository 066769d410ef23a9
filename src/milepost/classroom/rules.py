"""What an organisation decides about its classrooms: the settings, and all of them at once as the rules of a session."""

from dataclasses import dataclass
from typing import Any, Self

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from milepost.classroom.models import Way
from milepost.core.form_fields import capitalised
from milepost.people.models import Organisation
from milepost.people.settings import Page, Setting, value_of


class TrainerRight(models.TextChoices):
    """What an organisation may let its trainers do."""

    ADD_PEOPLE = "add-people", _("add people whom the organisation knows")
    ADD_NEW_PEOPLE = "add-new-people", _("add people who are new")
    CHANGE_SESSIONS = "change-sessions", _("make and change sessions")
    JUSTIFY_ABSENCES = "justify-absences", _("justify absences")


class UnsignedReminder(models.TextChoices):
    """When those who have not signed are reminded."""

    NEVER = "never", _("not at all")
    AFTER_START = "start", _("30 minutes after the start")
    AFTER_END = "end", _("30 minutes after the end")


LIVE_SESSIONS = Page("live-sessions", _("How live sessions work here"))
_BETWEEN = _("Between 15 minutes and a day (1440).")


def _choices(label: Any, choices: Any, *, required: bool) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        required=required,
        widget=forms.CheckboxSelectMultiple({"class": "form-check-input"}),
    )


def _yes_or_no(label: Any, help_text: Any = "") -> forms.BooleanField:
    return forms.BooleanField(
        label=label, required=False, help_text=help_text, widget=forms.CheckboxInput({"class": "form-check-input"})
    )


WAYS = Setting("ways", _choices(_("How people may sign"), Way.choices, required=True), list(Way.values), LIVE_SESSIONS)
TRAINER_RIGHTS = Setting(
    "trainer_rights",
    _choices(_("What trainers may do"), TrainerRight.choices, required=False),
    [str(TrainerRight.ADD_PEOPLE), str(TrainerRight.JUSTIFY_ABSENCES)],
    LIVE_SESSIONS,
)
MAILS_LINK = Setting(
    "mails_link", _yes_or_no(_("mail everybody their personal link at the start of a slot")), True, LIVE_SESSIONS
)
REMIND_BEFORE: Setting[int | None] = Setting(
    "remind_before",
    forms.IntegerField(
        label=_("remind before the session, in minutes"),
        required=False,
        min_value=15,
        max_value=1440,
        help_text=_("From 15 to 1440 (a day). Empty: no reminder."),
        error_messages={"min_value": _BETWEEN, "max_value": _BETWEEN},
        widget=forms.NumberInput({"class": "form-control"}),
    ),
    1440,
    LIVE_SESSIONS,
)
REMIND_UNSIGNED = Setting(
    "remind_unsigned",
    forms.ChoiceField(
        label=_("remind those who have not signed"),
        choices=capitalised(UnsignedReminder.choices),
        widget=forms.Select({"class": "form-select"}),
    ),
    str(UnsignedReminder.AFTER_END),
    LIVE_SESSIONS,
)
ASKS_LOCATION = Setting(
    "asks_location",
    _yes_or_no(_("ask where people sign"), _("Only with the person’s agreement, each time.")),
    False,
    LIVE_SESSIONS,
)
KEPT_YEARS = Setting(
    "kept_years",
    forms.IntegerField(
        label=_("years that attendance is kept"),
        min_value=1,
        max_value=99,
        widget=forms.NumberInput({"class": "form-control"}),
    ),
    3,
    LIVE_SESSIONS,
)

OWN = (WAYS, TRAINER_RIGHTS, MAILS_LINK, REMIND_BEFORE, REMIND_UNSIGNED, ASKS_LOCATION, KEPT_YEARS)


@dataclass(frozen=True)
class Rules:
    """What the organisation decided about its classrooms, read at once: `remind_before` in minutes, None for never."""

    organisation: Organisation
    ways: list[str]
    trainer_rights: list[str]
    mails_link: bool
    remind_before: int | None
    remind_unsigned: str
    asks_location: bool
    kept_years: int

    @classmethod
    def of(cls, organisation: Organisation) -> Self:
        """The organisation's rules. One query, as for any of its settings."""
        return cls(
            organisation,
            ways=value_of(organisation, WAYS),
            trainer_rights=value_of(organisation, TRAINER_RIGHTS),
            mails_link=value_of(organisation, MAILS_LINK),
            remind_before=value_of(organisation, REMIND_BEFORE),
            remind_unsigned=value_of(organisation, REMIND_UNSIGNED),
            asks_location=value_of(organisation, ASKS_LOCATION),
            kept_years=value_of(organisation, KEPT_YEARS),
        )

    def allows(self, right: TrainerRight) -> bool:
        """Whether trainers may do this."""
        return right in self.trainer_rights
