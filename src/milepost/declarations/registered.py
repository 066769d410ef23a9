"""What declarations bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.classroom import facts as of_classroom
from milepost.declarations import facts
from milepost.declarations.bpf.declaration import Bpf
from milepost.declarations.contribution import DeclarationsContribution
from milepost.declarations.declaring import declarations
from milepost.declarations.edof.declaration import Edof
from milepost.declarations.panels import euros_of
from milepost.declarations.periods import ACCOUNTS_BEGIN
from milepost.declarations.permissions import DECLARE
from milepost.declarations.prevention.declaration import Prevention
from milepost.declarations.proving import look_again
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.evidence.facts import ACTION_REGISTERED
from milepost.evidence.panels import panels
from milepost.journal import vocabulary
from milepost.journal.subscriptions import subscribe
from milepost.learning import facts as of_learning
from milepost.people import permissions, settings
from milepost.people.contributions import BATCH, contributions

# After which another hour may be proven, or one less.
OF_HOURS = [
    of_classroom.SLOT_SIGNED,
    of_classroom.SLOT_MARKED,
    of_classroom.SLOT_CORRECTED,
    of_classroom.SLOT_DECIDED,
    of_classroom.SESSION_UPDATED,
    of_learning.ACTIVITY_PROGRESSED,
    of_learning.ACTIVITY_REOPENED,
    ACTION_REGISTERED,
]


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)
    permissions.register(DECLARE)
    settings.register(ACCOUNTS_BEGIN)
    contributions.register("declarations", DeclarationsContribution())
    subscribe("proven-hours", OF_HOURS, look_again, is_replayable=True, at_once=BATCH)

    declarations.register(Bpf.name, Bpf())
    declarations.register(Prevention.name, Prevention())
    declarations.register(Edof.name, Edof())

    panels.register("euros", euros_of)
    tabs = navigation.links("evidence")
    tabs.register("euros", Link(_("Euros at risk"), "euros", order=12, permission="see_evidence"))
    tabs.register("declarations", Link(_("Declarations"), "declarations", order=14, permission="declare"))
