"""What evidence brings to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import every
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.evidence import facts, jobs, readiness
from milepost.evidence.agreeing import retitle
from milepost.evidence.contribution import EvidenceContribution
from milepost.evidence.notices import AuditKind, ErasedKind
from milepost.evidence.occasions import Actions
from milepost.evidence.permissions import MANAGE_EVIDENCE, SEE_EVIDENCE, TAKE_DATA
from milepost.evidence.sections import data_of
from milepost.journal import vocabulary
from milepost.journal.subscriptions import EVERY_FACT, subscribe
from milepost.notices.kinds import kinds
from milepost.people import permissions
from milepost.people.contributions import BATCH, contributions
from milepost.people.limits import DAY, HOUR, MINUTE, Limit, Per, Rate, limits
from milepost.people.occasions import occasions
from milepost.people.sections import sections


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)
    limits.register(
        "audit-code",
        Limit(
            Rate(10, MINUTE, Per.ADDRESS),
            Rate(20, DAY, Per.LINK),
            Rate(2_000, HOUR, Per.ORGANISATION),
            label=_("The code of an audit"),
        ),
    )

    permissions.register(SEE_EVIDENCE, MANAGE_EVIDENCE, TAKE_DATA)
    contributions.register("evidence", EvidenceContribution())

    occasions.register("actions", Actions())
    sections.register("evidence", data_of)

    subscribe("readiness", EVERY_FACT, readiness.look_again, is_replayable=True, at_once=BATCH)
    subscribe("titles", [facts.ACTION_CREATED, facts.ACTION_UPDATED], retitle, from_now=True)
    every(600, jobs.find_new_days)

    kinds.register("audit", AuditKind())
    kinds.register("erased", ErasedKind())

    place = Link(_("Evidence"), "actions", order=70, permission="see_evidence", also=("journal/", "audits/"))
    navigation.main.register("evidence", place)
    navigation.person.register("my_data", Link(_("My data"), "my_data", order=40, icon="person"))
    rights = Link(
        _("Requests of people from outside"), "rights", order=40, permission="manage_people", icon="shield-check"
    )
    navigation.links("people").register("rights", rights)
    tabs = navigation.links("evidence")
    tabs.register("actions", Link(_("Actions"), "actions", order=10))
    tabs.register("journal", Link(_("Journal"), "journal", order=20))
    tabs.register("audits", Link(_("Audits"), "audits", order=30))
    tabs.register("retention", Link(_("How long it is kept"), "retention", order=40))
