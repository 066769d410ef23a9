"""Issuing certificates, and issuing one anew. Their PDF follows in the background (see `typesetting`).

Completing a course earns one: that hangs on the fact of the completion, so that completing waits for nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from milepost.core import clock
from milepost.core.irrevocable import irrevocable
from milepost.core.jobs import named, unfinished
from milepost.courses.models import Course
from milepost.credentials.facts import CERTIFICATE_ISSUED, CERTIFICATE_SEALED
from milepost.credentials.models import Certificate
from milepost.credentials.permissions import MANAGE_CERTIFICATES
from milepost.credentials.revoking import NotCurrent
from milepost.credentials.stating import STATED, certificates_for
from milepost.credentials.status_lists import set_revoked
from milepost.journal.models import Entry
from milepost.journal.recording import SYSTEM, Fact, record_many
from milepost.learning.models import Enrolment
from milepost.people.models import Member, MemberQuerySet
from milepost.people.permissions import Permission, sees_everybody, visible

BATCH = 2_000
PART = 500  # certificates that are issued while somebody waits, and in one transaction
SOON = timedelta(minutes=5)  # within which a certificate comes


def issue_for_completions(facts: Sequence[Entry]) -> None:
    """Issue what these completions of courses earn. Records `issued`.

    One that ever earned a certificate earns no second, unless the first lapsed when the completion was taken back.
    """
    completions = {(fact.object_id, fact.actor_id) for fact in facts}
    courses, members = {course for course, _member in completions}, {member for _course, member in completions}
    with transaction.atomic():
        # The lock is that of `issue_missing`: whoever presses its button in this moment issues nothing twice.
        list(
            Course.objects.select_for_update(of=("self",), no_key=True)
            .filter(uid__in=courses)
            .order_by("pk")
            .values("pk")
        )
        completed = Enrolment.objects.filter(organisation=facts[0].organisation_id, completed_at__isnull=False)
        standing = Certificate.objects.filter(superseded_at=None, is_lapsed=False, enrolment__course__uid__in=courses)
        earning = completed.filter(course__uid__in=courses, member__uid__in=members)
        unrewarded = earning.exclude(pk__in=standing.values("enrolment"))
        rows = unrewarded.select_related("member", "organisation", "course").order_by("course", "pk")
        earned = [row for row in rows if _completion(row) in completions and row.outline.gives_certificate]
        for _course, enrolments in groupby(earned, key=lambda row: row.course_id):
            _issue(list(enrolments), by=None)


def _completion(enrolment: Enrolment) -> tuple[str, str]:
    """What the fact of its completion names: the course and the person."""
    return str(enrolment.course.uid), str(enrolment.member.uid)


def awaited(member: Member) -> list[Enrolment]:
    """What the person completed so lately that its certificate is still to come."""
    just_now = clock.now() - SOON
    rows = Enrolment.objects.filter(member=member, completed_at__gt=just_now, certificates=None)
    return [row for row in rows.select_related("course") if row.outline.gives_certificate]


def without_certificate(course: Course, members: QuerySet[Member] | None = None) -> QuerySet[Enrolment]:
    """The completed enrolments of the course (of `members`, if given) that have no certificate which counts."""
    current = Certificate.objects.current().filter(enrolment__course=course)
    completed = Enrolment.objects.filter(course=course, completed_at__isnull=False)
    if members is not None:
        completed = completed.filter(member__in=members)
    return completed.exclude(pk__in=current.values("enrolment"))


@irrevocable
def issue_missing(*, course: Course, by: Member | None = None, members: QuerySet[Member] | None = None) -> int:
    """Issue certificates to everybody (of `members`, if given) who completed the course and has none; return how many.

    A part at a time, each in its own transaction: whoever is killed can begin anew, and nothing is issued twice. Records `issued`
    for each.
    """
    count, last, is_over = 0, 0, False
    while not is_over:
        with transaction.atomic():
            # The course's row is the lock: two people who press the button at once issue once.
            locked = (
                Course.objects.select_for_update(of=("self",), no_key=True)
                .select_related("organisation")
                .get(pk=course.pk)
            )
            rows = without_certificate(course, members).filter(pk__gt=last).select_related("member").order_by("pk")
            part = list(rows[:PART])
            for enrolment in part:
                enrolment.course, enrolment.organisation = locked, locked.organisation
            count += len(_issue([enrolment for enrolment in part if enrolment.outline.gives_certificate], by=by))
            is_over = len(part) < PART
            last = part[-1].pk if part else last
    return count


@irrevocable
def begin_issuing(*, course: Course, by: Member) -> int | None:
    """Issue them to those within the scope of whoever asks: return how many, or None where they are many, and the background does it."""
    if without_certificate(course, reached(by, course)).count() <= PART:
        return issue_missing(course=course, by=by, members=reached(by, course))
    named("credentials.issue_missing").enqueue(course.organisation_id, course.pk, by.pk)
    return None


def is_issuing(course: Course) -> bool:
    """Whether the background issues certificates of the course."""
    return any(call["course_id"] == course.pk for call in unfinished(named("credentials.issue_missing")))


def reached(member: Member, course: Course, permission: Permission = MANAGE_CERTIFICATES) -> MemberQuerySet | None:
    """The people of the course within one's scope; None for everybody, which costs nothing to say."""
    return None if sees_everybody(member, permission) else visible(member, permission, course)


@irrevocable
def reissue(*, certificate: Certificate, by: Member) -> Certificate:
    """Issue the certificate anew with what is known today (a corrected name); the old one stays readable.

    Raises `NotCurrent`. Records `issued`, naming the one that it replaces.
    """
    with transaction.atomic():
        old = Certificate.objects.select_for_update(of=("self",), no_key=True).get(pk=certificate.pk)
        if old.revoked_at or old.superseded_at:
            raise NotCurrent
        enrolment = Enrolment.objects.select_related("member", "organisation", "course").get(pk=old.enrolment_id)
        (new,) = certificates_for([enrolment])
        old.superseded_at = clock.now()
        old.save(update_fields=["superseded_at"])
        set_revoked(old)
        new.replaces = old
        new.save()
        record_many([_fact(new, enrolment, by)], organisation=new.organisation)
        named("credentials.typeset").enqueue_each([(new.organisation_id, new.pk)])
    return new


def _issue(enrolments: Sequence[Enrolment], *, by: Member | None) -> list[Certificate]:
    if not enrolments:
        return []
    made = certificates_for(enrolments)
    Certificate.objects.bulk_create(made, batch_size=BATCH)
    facts = [_fact(certificate, e, by) for certificate, e in zip(made, enrolments, strict=True)]
    record_many(facts, organisation=enrolments[0].organisation)
    named("credentials.typeset").enqueue_each((certificate.organisation_id, certificate.pk) for certificate in made)
    return made


def _fact(certificate: Certificate, enrolment: Enrolment, by: Member | None) -> Fact:
    said: dict[str, Any] = certificate.content
    result = {name: said[name] for name in STATED if said.get(name) not in (None, "")}
    if certificate.valid_until:
        result["valid_until"] = certificate.valid_until.isoformat()
    context: dict[str, Any] = {"course": said["course"], "version": said["version"]} | enrolment.in_round
    if said.get("action"):
        context["action"] = said["action"]["id"]
    if by:
        context["instructor"] = by.as_reference().as_json()
    if certificate.replaces:
        context["replaces"] = str(certificate.replaces.uid)
    return Fact(CERTIFICATE_ISSUED, enrolment.member.as_reference(), certificate.as_reference(), result, context)


def pdf_fact(certificate: Certificate) -> Fact:
    """That the certificate's file was sealed: the fingerprint by which anybody can tie the file to the journal."""
    result = {"sha256": certificate.pdf}
    return Fact(CERTIFICATE_SEALED, SYSTEM, certificate.as_reference(), result, certificate.file_context)
