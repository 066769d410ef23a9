"""The roles: what somebody was asked to do. What each of them may do is said by the permissions that name it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What somebody was asked to do in the organisation, for all of it or within a scope."""

    OWNER = "owner", _("Owner")
    LEAD = "lead", _("L&D lead")
    AUTHOR = "author", _("Author")
    TRAINER = "trainer", _("Trainer")
    COACH = "coach", _("Coach")
    HR = "hr", _("HR")
    AUDITOR = "auditor", _("Auditor")
    MANAGER = "manager", _("Manager")
    LEARNER = "learner", _("Learner")


ORGANISATION = "organisation"  # the scope that is everything; the narrower ones are registered in `scopes.py`
# Nobody gives these: whoever leads somebody is a manager, for their reporting line; every member is a learner.
FOLLOWING = frozenset({Role.MANAGER, Role.LEARNER})
GIVEN = tuple(role for role in Role if role not in FOLLOWING)

DESCRIPTIONS = {
    Role.OWNER: _("Does everything, and gives roles to others."),
    Role.LEAD: _("Enrols people, follows results, and manages courses."),
    Role.AUTHOR: _("Writes, checks and publishes courses."),
    Role.TRAINER: _("Runs live sessions."),
    Role.COACH: _("Follows a cohort closely."),
    Role.HR: _("Keeps people up to date: the HR file, invitations, leavers."),
    Role.AUDITOR: _("Reads everything and changes nothing, for a limited time."),
}
