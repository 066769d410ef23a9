"""What is said about certificates: that one is there, with its file."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.credentials.models import Certificate
from milepost.credentials.typesetting import address_of, pdf_of
from milepost.notices.kinds import File, Kind
from milepost.notices.models import Notice, Recipient
from milepost.people.models import Organisation

FRESH = timedelta(days=7)  # news of last month would only puzzle: what is older is found on the page


class CertificateKind(Kind):
    """“Your certificate.” Pointless once it was replaced or revoked, or is old news."""

    label = _("Certificates")
    template = "credentials/notices/certificate.txt"
    may_wait = True

    def find(self, notice: Notice) -> Certificate | None:
        return Certificate.objects.current().select_related("organisation").filter(uid=notice.about_id).first()

    def is_still_wanted(self, notice: Notice, certificate: Certificate) -> bool:
        return certificate.issued_at > clock.now() - FRESH

    def context(self, notice: Notice, certificate: Certificate) -> dict[str, Any]:
        page = reverse("certificate", args=[certificate.organisation.slug, certificate.uid])
        return {
            "title": certificate.content["title"],
            "valid_until": certificate.valid_until,
            "replaces": certificate.replaces_id is not None,
            "page": settings.BASE_URL + page,
            "check": address_of(certificate),
        }

    def files(self, notice: Notice, certificate: Certificate) -> Sequence[File]:
        return [File(f"{certificate.file_name}.pdf", pdf_of(certificate), "application/pdf")]

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        page = reverse("my_certificates", args=[organisation.slug])
        return {
            "title": _("Working at height"),
            "valid_until": clock.today() + timedelta(days=730),
            "replaces": False,
            "page": settings.BASE_URL + page,
            "check": f"{settings.BASE_URL}/verify/",
        }
