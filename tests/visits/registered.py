"""What visits bring to the rooms below."""

from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.journal import vocabulary
from milepost.journal.subscriptions import subscribe
from milepost.notices.kinds import kinds
from milepost.people import permissions, settings
from milepost.people.contributions import contributions
from milepost.people.models import Member
from milepost.people.sections import Section, sections
from tests.visits import facts
from tests.visits.contribution import VisitsContribution
from tests.visits.models import Visit
from tests.visits.notices import VisitKind, thank
from tests.visits.permissions import SEE_VISITS
from tests.visits.settings import VISITS_ADVICE


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)

    settings.register(VISITS_ADVICE)

    permissions.register(SEE_VISITS)
    contributions.register("visits", VisitsContribution())

    subscribe("visits", [facts.VISIT_REPORTED], thank)

    kinds.register("visit", VisitKind())

    sections.register("visits", _section)
    navigation.main.register("visits", Link("Visits at work", "visits", order=95, permission="see_visits"))


def _section(member: Member) -> Section:
    return Section("visits/person_section.html", {"count": Visit.objects.filter(member=member).count()})
