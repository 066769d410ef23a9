"""Revoking a certificate: it stays readable, and whoever checks it reads that it no longer counts, and why."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext, gettext_lazy

from milepost.core import clock
from milepost.core.irrevocable import irrevocable
from milepost.core.refusals import Refused
from milepost.courses.models import Course
from milepost.credentials.facts import CERTIFICATE_REVOKED
from milepost.credentials.models import Certificate
from milepost.credentials.status_lists import set_revoked
from milepost.journal.models import Entry
from milepost.journal.recording import SYSTEM, Reference, record
from milepost.people.models import Member


class NotCurrent(Refused):
    """The certificate was revoked or replaced already."""

    sentence = gettext_lazy("It did not count any more already.")


class NoReason(Refused):
    """A revocation needs a reason: whoever checks the certificate reads it."""

    sentence = gettext_lazy("Give a reason: whoever checks the certificate reads it.")
    status = 422


def revoke_reopened(facts: Sequence[Entry]) -> None:
    """Revoke the certificates of courses that do not count as completed any more. Records `revoked`.

    Should the course be completed after all, another one is issued (`issuing.issue_for_completions`).
    """
    reopened = {(fact.object_id, fact.actor_id) for fact in facts}
    with transaction.atomic():
        # The lock of `issuing`: a completion that comes in this moment finds the certificate as it is left here.
        uids = {course for course, _member in reopened}
        list(
            Course.objects.select_for_update(of=("self",), no_key=True).filter(uid__in=uids).order_by("pk").values("pk")
        )
        resting = Certificate.objects.current().filter(
            enrolment__course__uid__in=uids,
            enrolment__member__uid__in={member for _course, member in reopened},
            enrolment__completed_at=None,
        )
        for certificate in resting.select_related("enrolment__course", "enrolment__member", "organisation"):
            if (str(certificate.enrolment.course.uid), str(certificate.enrolment.member.uid)) in reopened:
                with translation.override(certificate.content["language"]):
                    reason = gettext("The course does not count as completed any more.")
                _revoke(certificate, reason, SYSTEM, is_lapsed=True)


@irrevocable
def revoke(*, certificate: Certificate, reason: str, by: Member) -> Certificate:
    """Say that the certificate no longer counts, and why. Raises `NoReason` or `NotCurrent`. Records `revoked`."""
    reason = reason.strip()[:300]
    if not reason:
        raise NoReason
    with transaction.atomic():
        locked = Certificate.objects.select_for_update(of=("self",), no_key=True).get(pk=certificate.pk)
        if locked.revoked_at or locked.superseded_at:
            raise NotCurrent
        _revoke(locked, reason, by.as_reference())
    return locked


def _revoke(certificate: Certificate, reason: str, by: Reference, *, is_lapsed: bool = False) -> None:
    certificate.revoked_at, certificate.revocation_reason, certificate.is_lapsed = clock.now(), reason, is_lapsed
    certificate.save(update_fields=["revoked_at", "revocation_reason", "is_lapsed"])
    set_revoked(certificate)
    record(
        CERTIFICATE_REVOKED,
        organisation=certificate.organisation,
        actor=by,
        object=certificate.as_reference(),
        result={"reason": reason},
        context=certificate.file_context,
    )
