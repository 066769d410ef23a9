"""What audiences bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.audiences import conditions, evaluating, facts, jobs
from milepost.audiences.conditions.audience import InAudience
from milepost.audiences.conditions.department import InDepartment
from milepost.audiences.conditions.hired import Hired
from milepost.audiences.conditions.job import HasJob
from milepost.audiences.conditions.language import SpeaksLanguage
from milepost.audiences.conditions.manager import LeadsSomebody, ReportsTo
from milepost.audiences.conditions.relation import OfRelation
from milepost.audiences.conditions.seniority import OfSeniority
from milepost.audiences.conditions.site import AtSite
from milepost.audiences.contribution import AudiencesContribution
from milepost.audiences.models import Audience
from milepost.audiences.narrowing import AudienceNarrowing
from milepost.audiences.permissions import MANAGE_AUDIENCES, SEE_AUDIENCES
from milepost.core.jobs import every
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.journal import vocabulary
from milepost.journal.subscriptions import subscribe
from milepost.people import permissions
from milepost.people.contributions import contributions
from milepost.people.filters import narrowings


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)
    permissions.register(SEE_AUDIENCES, MANAGE_AUDIENCES)
    contributions.register("audiences", AudiencesContribution())
    conditions.register(
        AtSite(),
        InDepartment(),
        OfSeniority(),
        HasJob(),
        OfRelation(),
        SpeaksLanguage(),
        ReportsTo(),
        LeadsSomebody(),
        Hired(),
        InAudience(),
    )

    subscribe("audiences", evaluating.may_move, evaluating.note, at_once=2_000, from_now=True, is_replayable=True)
    every(20, jobs.find_due, when=lambda: Audience.objects.due().exists())
    every(6 * 3600, jobs.forget_left, when=lambda: evaluating.forgettable().exists())
    narrowings.register("audience", AudienceNarrowing())
    place = Link(_("Audiences"), "audiences", order=5, icon="people", permission="see_audiences")
    navigation.links("people").register("audiences", place)
