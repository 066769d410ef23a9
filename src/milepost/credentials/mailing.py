"""The mail that brings somebody their certificate."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core import mail
from django.urls import reverse

from milepost.core import clock
from milepost.core.mails import compose, send_claimed
from milepost.credentials.models import Certificate, CertificateQuerySet
from milepost.credentials.typesetting import address_of, pdf_of
from milepost.people.models import Member

BATCH = 25
FRESH = timedelta(days=7)  # news of last month would only puzzle: what is older is found on the page


def mail_pending() -> int:
    """Mail the certificates whose file is made to those who hold them; return how many were sent.

    A batch is claimed before it is sent, so two workers send nothing twice. A mail server that does not answer
    leaves the claim undone, and the next round asks again; an address that it refuses is not tried again.
    """
    count = 0
    while batch := _claimed():
        count += send_claimed(batch, compose=_message, unclaim=_unclaim)
    return count


def _waiting() -> CertificateQuerySet:
    holders = Member.objects.active().exclude(email=None)
    fresh = Certificate.objects.current().filter(mailed_at=None, issued_at__gt=clock.now() - FRESH)
    return fresh.filter(enrolment__member__in=holders).exclude(pdf="")


def _claimed() -> list[Certificate]:
    claim = clock.now()
    found = list(_waiting().order_by("pk").values_list("pk", flat=True)[:BATCH])
    batch = Certificate.objects.filter(pk__in=found).select_related("organisation", "enrolment__member").order_by("pk")
    return [
        certificate
        for certificate in batch
        if Certificate.objects.filter(pk=certificate.pk, mailed_at=None).update(mailed_at=claim)
    ]


def _unclaim(batch: Sequence[Certificate]) -> None:
    Certificate.objects.filter(pk__in=[certificate.pk for certificate in batch]).update(mailed_at=None)


def _message(certificate: Certificate) -> mail.EmailMessage:
    organisation, member = certificate.organisation, certificate.enrolment.member
    context = {
        "name": member.given_name,
        "title": certificate.content["title"],
        "organisation": organisation.name,
        "valid_until": certificate.valid_until,
        "replaces": certificate.replaces_id is not None,
        "page": settings.BASE_URL + reverse("certificate", args=[organisation.slug, certificate.uid]),
        "check": address_of(certificate),
    }
    message = compose(
        "credentials/mail/certificate", context, to=member.email or "", language=certificate.content["language"]
    )
    message.attach(f"{certificate.file_name}.pdf", pdf_of(certificate), "application/pdf")
    return message
