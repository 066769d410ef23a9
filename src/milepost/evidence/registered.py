"""What evidence brings to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.core import periodic
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.evidence.contribution import EvidenceContribution
from milepost.evidence.dossiers import build_pending
from milepost.evidence.notices import AuditKind, ErasedKind
from milepost.evidence.readiness import refresh_all
from milepost.evidence.retention import let_go_pending
from milepost.evidence.sections import data_of
from milepost.notices.kinds import kinds
from milepost.people import sections
from milepost.people.contributions import contributions


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    contributions.register("evidence", EvidenceContribution())

    sections.register(data_of)
    periodic.every(3, build_pending)
    periodic.every(30, refresh_all)
    periodic.every(20, let_go_pending)

    kinds.register("audit", AuditKind())
    kinds.register("erased", ErasedKind())

    place = Link(_("Evidence"), "actions", order=70, permission="see_evidence", also=("journal/", "audits/"))
    navigation.main.register("evidence", place)
    navigation.person.register("my_data", Link(_("My data"), "my_data", order=40, icon="person"))
    tabs = navigation.links("evidence")
    tabs.register("actions", Link(_("Actions"), "actions", order=10))
    tabs.register("journal", Link(_("Journal"), "journal", order=20))
    tabs.register("audits", Link(_("Audits"), "audits", order=30))
    tabs.register("retention", Link(_("How long it is kept"), "retention", order=40))
