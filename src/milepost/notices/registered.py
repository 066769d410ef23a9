"""What notices bring to the rooms below: themselves on people's pages, and their work in the background."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from milepost.core.jobs import every
from milepost.core.metrics import gauges
from milepost.core.probes import probes
from milepost.core.quotas import quotas
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.notices import jobs, measures, sending
from milepost.notices.channels import DEFAULT, channels
from milepost.notices.channels.email import EmailChannel
from milepost.notices.contribution import NoticesContribution
from milepost.notices.invitations import DeclinedKind, InvitationKind, bring, tell_declined
from milepost.notices.kinds import kinds
from milepost.notices.people_files import PeopleFileKind
from milepost.notices.people_files import tell as tell_of_people_file
from milepost.notices.quota import MAILS, NearlyFullKind
from milepost.notices.recognising import AddressChangedKind, warn
from milepost.notices.second_factors import FactorResetKind, tell
from milepost.notices.sections import undelivered_section
from milepost.notices.signed_out import SignedOutKind
from milepost.notices.signed_out import tell as tell_signed_out
from milepost.people import import_feed, inviting, joining, recognising, second_factor, sessions
from milepost.people.contributions import contributions
from milepost.people.sections import sections


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    channels.register(DEFAULT, EmailChannel())

    quotas.register("mails", MAILS)
    kinds.register("nearly_full", NearlyFullKind())
    every(600, jobs.look_at_quotas, when=lambda: bool(settings.QUOTAS))
    kinds.register("invitation", InvitationKind())
    inviting.carriers.register("notices", bring)
    kinds.register("membership_declined", DeclinedKind())
    joining.carriers.register("notices", tell_declined)
    kinds.register("address_changed", AddressChangedKind())
    recognising.carriers.register("notices", warn)
    kinds.register("factor_reset", FactorResetKind())
    second_factor.carriers.register("notices", tell)
    kinds.register("people_file", PeopleFileKind())
    import_feed.carriers.register("notices", tell_of_people_file)
    kinds.register("signed_out", SignedOutKind())
    sessions.carriers.register("notices", tell_signed_out)

    contributions.register("notices", NoticesContribution())

    every(1, jobs.send, when=sending.is_due)
    every(3600, jobs.forget)

    probes.register_all(measures.PROBES)
    gauges.register_all(measures.GAUGES)

    sections.register("notices", undelivered_section)
    navigation.person.register("messages", Link(_("My messages"), "notice_preferences", order=35, icon="envelope"))
    undelivered = Link(_("Not delivered"), "undelivered", order=10, icon="envelope", permission="manage_people")
    navigation.links("people").register("undelivered", undelivered)
