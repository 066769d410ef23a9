"""What this room brings to those below."""

from dataclasses import replace

from django.conf import settings as installation
from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import every
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.journal import vocabulary
from milepost.journal.subscriptions import subscribe
from milepost.people import permissions, settings
from milepost.people.contributions import contributions
from milepost.people.happenings import watchers
from milepost.security import facts, jobs, keeping
from milepost.security.contribution import SecurityContribution
from milepost.security.permissions import SEE_SECURITY
from milepost.security.settings import SECURITY_KEPT_DAYS


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)
    permissions.register(SEE_SECURITY)
    settings.register(SECURITY_KEPT_DAYS)
    contributions.register("security", SecurityContribution())
    watchers.register("log", keeping.keep)
    subscribe("security", lambda fact_type: bool(fact_type.watched), keeping.point_to, is_replayable=True)
    every(3600, jobs.forget_events)

    place = Link(_("Security"), "security_events", order=12, icon="shield-check", permission="see_security")
    navigation.person.register("security", place)
    usage = Link(_("Usage"), "usage", order=13, icon="info-circle", permission="manage_organisation", shown=_is_bounded)
    navigation.person.register("usage", usage)
    navigation.links("quota-reached").register("usage", replace(usage, label=_("What your organisation uses")))


def _is_bounded(_thing: object) -> bool:
    return bool(installation.QUOTAS)
