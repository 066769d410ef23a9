"""What requirements bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import every
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.journal import vocabulary
from milepost.journal.subscriptions import subscribe
from milepost.people import permissions
from milepost.people.contributions import contributions
from milepost.people.sections import sections
from milepost.requirements import facts, jobs, standing
from milepost.requirements.contribution import RequirementsContribution
from milepost.requirements.models import Requirement
from milepost.requirements.permissions import MANAGE_REQUIREMENTS, SEE_COMPLIANCE
from milepost.requirements.sections import requirements_of


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)
    permissions.register(SEE_COMPLIANCE, MANAGE_REQUIREMENTS)
    contributions.register("requirements", RequirementsContribution())
    sections.register("requirements", requirements_of)
    subscribe("requirements", standing.FACTS, standing.note, at_once=2_000, from_now=True, is_replayable=True)
    every(20, jobs.find_due, when=lambda: Requirement.objects.due().exists())
    link = Link(_("Requirements"), "requirements", order=55, permission="see_compliance")
    navigation.main.register("requirements", link)
