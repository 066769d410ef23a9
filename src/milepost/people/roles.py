"""Roles, and what each of them may do. Managers and learners need no role: the reporting line and enrolments say it."""

from collections.abc import Iterable
from enum import StrEnum, auto

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What somebody was asked to do in the organisation."""

    OWNER = "owner", _("Owner")
    LEAD = "lead", _("L&D lead")
    AUTHOR = "author", _("Author")
    TRAINER = "trainer", _("Trainer")
    COACH = "coach", _("Coach")
    HR = "hr", _("HR")
    AUDITOR = "auditor", _("Auditor")


DESCRIPTIONS = {
    Role.OWNER: _("Does everything, and gives roles to others."),
    Role.LEAD: _("Enrols people, follows results, and manages courses."),
    Role.AUTHOR: _("Writes, checks and publishes courses."),
    Role.TRAINER: _("Runs live sessions."),
    Role.COACH: _("Follows a cohort closely."),
    Role.HR: _("Keeps people up to date: the HR file, invitations, leavers."),
    Role.AUDITOR: _("Reads everything, changes nothing."),
}


class Capability(StrEnum):
    """Something that a page or a verb asks for."""

    SEE_PEOPLE = auto()
    MANAGE_PEOPLE = auto()
    MANAGE_ROLES = auto()
    MANAGE_ORGANISATION = auto()
    SEE_COURSES = auto()
    AUTHOR_COURSES = auto()
    ENROL_PEOPLE = auto()
    SEE_RESULTS = auto()
    MANAGE_CERTIFICATES = auto()
    MANAGE_SESSIONS = auto()
    MANAGE_DOCUMENTS = auto()
    SEE_EVIDENCE = auto()
    MANAGE_EVIDENCE = auto()


_CAPABILITIES: dict[Role, frozenset[Capability]] = {
    Role.OWNER: frozenset(Capability),
    Role.LEAD: frozenset(
        {
            Capability.SEE_PEOPLE,
            Capability.MANAGE_PEOPLE,
            Capability.SEE_COURSES,
            Capability.AUTHOR_COURSES,
            Capability.ENROL_PEOPLE,
            Capability.SEE_RESULTS,
            Capability.MANAGE_ORGANISATION,
            Capability.MANAGE_CERTIFICATES,
            Capability.MANAGE_SESSIONS,
            Capability.MANAGE_DOCUMENTS,
            Capability.SEE_EVIDENCE,
            Capability.MANAGE_EVIDENCE,
        }
    ),
    Role.AUTHOR: frozenset({Capability.SEE_COURSES, Capability.AUTHOR_COURSES}),
    Role.TRAINER: frozenset(),
    Role.COACH: frozenset(),
    Role.HR: frozenset({Capability.SEE_PEOPLE, Capability.MANAGE_PEOPLE}),
    Role.AUDITOR: frozenset(
        {Capability.SEE_PEOPLE, Capability.SEE_COURSES, Capability.SEE_RESULTS, Capability.SEE_EVIDENCE}
    ),
}


def capabilities_of(roles: Iterable[Role]) -> frozenset[Capability]:
    """Everything that a person with these roles may do."""
    return frozenset().union(*(_CAPABILITIES[role] for role in roles))
