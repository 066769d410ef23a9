"""What certificates and badges bring to the rooms below."""

from django.utils.translation import gettext_lazy as _

from milepost.audiences import conditions
from milepost.core.jobs import every
from milepost.courses.models import Course
from milepost.courses.outline import Outline
from milepost.credentials import facts, jobs
from milepost.credentials.audience_conditions import HoldsCertificate
from milepost.credentials.contribution import CredentialsContribution
from milepost.credentials.issuing import issue_for_completions
from milepost.credentials.models import Certificate
from milepost.credentials.notices import CertificateKind
from milepost.credentials.permissions import MANAGE_CERTIFICATES, SEE_CERTIFICATES
from milepost.credentials.revoking import revoke_reopened
from milepost.credentials.sections import certificates_of
from milepost.design import navigation
from milepost.design.navigation import Link
from milepost.documents import timestamps
from milepost.journal import vocabulary
from milepost.journal.subscriptions import subscribe
from milepost.learning.facts import COURSE_COMPLETED, COURSE_REOPENED
from milepost.notices.kinds import kinds
from milepost.people import permissions
from milepost.people.contributions import contributions
from milepost.people.limits import HOUR, MINUTE, Limit, Per, Rate, limits
from milepost.people.sections import sections


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)

    permissions.register(SEE_CERTIFICATES, MANAGE_CERTIFICATES)
    conditions.register(HoldsCertificate())
    contributions.register("credentials", CredentialsContribution())

    subscribe("certificates", [COURSE_COMPLETED], issue_for_completions, is_replayable=True)
    subscribe("lapses", [COURSE_REOPENED], revoke_reopened, is_replayable=True)

    limits.register(
        "verify", Limit(Rate(30, MINUTE, Per.ADDRESS), Rate(600, HOUR, Per.ADDRESS), label=_("Checking certificates"))
    )
    limits.register("issuers", Limit(Rate(300, MINUTE, Per.ADDRESS), label=_("Looking up issuers of badges")))
    sections.register("credentials", certificates_of)
    timestamps.register("certificates", Certificate.objects.sealed, facts.CERTIFICATE_SEALED, made_at="issued_at")

    every(30, jobs.find_untypeset, when=lambda: Certificate.objects.untypeset().exists())

    kinds.register("certificate", CertificateKind())

    navigation.main.register("certificates", Link(_("Certificates"), "my_certificates", order=40))
    navigation.foot.register("verify", Link(_("Check a certificate"), "verify", order=10, is_inside=False))
    given = Link(
        _("Certificates"), "course_certificates", order=30, permission="see_results", shown=Course.is_published
    )
    navigation.links("course").register("certificates", given)
    mine = Link(_("My certificate"), "my_certificates", order=10, icon="award", shown=_gives_certificate)
    navigation.links("completion").register("certificate", mine)


def _gives_certificate(outline: Outline) -> bool:
    return outline.gives_certificate
