"""What credentials hold of training actions and people: certificates, revoked and replaced ones too."""

from collections.abc import Iterator, Sequence
from itertools import batched
from typing import ClassVar

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from milepost.classroom.hours import hours_in
from milepost.core.words import date_format, duration
from milepost.courses.models import Course, Version
from milepost.credentials.badges import baked_svg
from milepost.credentials.issuing import reissue
from milepost.credentials.models import Certificate, CertificateQuerySet
from milepost.credentials.permissions import MANAGE_CERTIFICATES
from milepost.credentials.telling import certificate_rows
from milepost.credentials.typesetting import typeset
from milepost.documents.contribution import certified_by_document, people_with_document
from milepost.journal.recording import Reference
from milepost.learning.rounds import rounds_in
from milepost.people.contributions import (
    BATCH,
    Actor,
    Column,
    Contribution,
    DossierWriter,
    File,
    FileKind,
    Finding,
    Listed,
    MadeFile,
    Mended,
    Need,
    Paper,
    Remedy,
    Scope,
    State,
    for_each,
)
from milepost.people.models import Member
from milepost.people.permissions import sees_everybody

SHOWN = 20  # people who are named for one check
AT_ONCE = 50  # certificates that one tap issues anew


def certificates_of(scope: Scope) -> CertificateQuerySet:
    """Every certificate that was issued in the action, revoked and replaced ones too."""
    if scope.course_id is None:
        return Certificate.objects.none()
    enrolled = {"enrolment__course": scope.course_id, "enrolment__member__in": scope.seats}
    return Certificate.objects.filter(**enrolled).order_by("pk")


class CertificateFiles(FileKind[Certificate]):
    """The sealed certificates."""

    name, heading, model = "certificate", gettext_lazy("Certificates"), Certificate
    listed, in_receipt = Listed.PERSON, True

    def of_action(self, scope: Scope) -> "QuerySet[Certificate]":
        return certificates_of(scope).exclude(pdf="")

    def of_person(self, member: Member) -> "QuerySet[Certificate]":
        return Certificate.objects.filter(enrolment__member=member).exclude(pdf="").order_by("pk")

    def file(self, row: Certificate) -> File:
        return File(row.pdf, f"certificates/{row.uid}.pdf", thing=str(row.uid))

    def made(self, row: Certificate) -> Iterator[MadeFile]:
        """The badge, while it is worth something."""
        if row.revoked_at is None and row.superseded_at is None:
            yield MadeFile(f"badges/{row.uid}.svg", baked_svg(row).encode())

    def title(self, row: Certificate) -> str:
        return str(row.content["title"])

    def note(self, row: Certificate) -> str:
        return _("Certificate, %(day)s") % {"day": date_format(row.issued_at, "DATE_FORMAT")}

    def download_name(self, row: Certificate) -> str:
        return f"{row.file_name}.pdf"

    def reference(self, row: Certificate, scope: Scope) -> Reference:
        return row.as_reference()


# --- Readiness --------------------------------------------------------------------------------------------


def _current(scope: Scope) -> dict[int, Certificate]:
    """The current certificate of each person for the round that they do in the action, by their key."""
    rows = certificates_of(scope).current().filter(enrolment__in=rounds_in(scope)).select_related("enrolment")
    return scope.once("credentials: certificates", lambda: {row.enrolment.member_id: row for row in rows})


def _page_of(scope: Scope) -> str:
    if scope.course_id is None:
        return ""
    course = Course.objects.filter(pk=scope.course_id).only("slug")
    slug = scope.once("credentials: course", lambda: course.get().slug)
    return reverse("course_certificates", args=[scope.organisation.slug, slug])


def _certificate(scope: Scope, need: Need) -> Iterator[Finding]:
    """One for each: earned in the course, or, where there is none, written as a document."""
    if scope.course_id is None:
        there = people_with_document(scope, ("completion", "achievement"), signed=False)
    else:
        there = set(_current(scope))
    yield for_each(scope, need, there, Actor.LEARNER, link=_page_of(scope))


def _hours(scope: Scope) -> Iterator[Finding]:
    """What each certificate says was done is what sheets and journal say, live and in one's own time (docs/hours.md)."""
    certificates, label = _current(scope), _("Hours agree")
    if not certificates:
        return
    done = hours_in(scope)
    wrong, minutes = [], 0
    for person in scope.people:
        if held := certificates.get(person.pk):
            stated = held.content["minutes_at_a_distance"], held.content["minutes_live"]
            off = sum(abs(here - there) for here, there in zip(stated, done[person.pk], strict=True))
            minutes += off
            wrong += [person.full_name] if off else []
    if wrong:
        words = ngettext(
            "The certificate of %(count)d person tells other hours than sheet and journal, by %(size)s: %(names)s",
            "The certificates of %(count)d people tell other hours than sheets and journal, by %(size)s: %(names)s",
            len(wrong),
        ) % {"count": len(wrong), "names": ", ".join(wrong[:SHOWN]), "size": duration(minutes)}
        yield Finding("hours", label, State.INCONSISTENT, words, Actor.LEAD, remedy="reissue", target="certificates")
    else:
        yield Finding("hours", label, State.READY, _("Sheets and certificates agree."), ready=1)


def _one_each(scope: Scope) -> Iterator[Finding]:
    """One paper that certifies for each person and purpose, and none from before what it certifies."""
    label = _("One certificate each, after what it certifies")
    certificates = list(_current(scope).values())
    written = {kind: certified_by_document(scope, kind) for kind in ("completion", "achievement")}
    held = {row.enrolment.member_id for row in certificates}
    twice = [
        person.full_name
        for person in scope.people
        if max(counts.get(person.pk, 0) for counts in written.values()) > 1
        or (person.pk in held and written["completion"].get(person.pk))
    ]
    early = [
        row.content["beneficiary"]
        for row in certificates
        if row.enrolment.completed_at is None or row.issued_at < row.enrolment.completed_at
    ]
    if twice:
        words = _("Two certify the same of: %(names)s. Revoke or withdraw one of them.")
        told = words % {"names": ", ".join(twice[:SHOWN])}
        yield Finding("one-each", label, State.INCONSISTENT, told, Actor.LEAD, link=_page_of(scope))
    elif early:
        words = _("Issued before the course was completed: %(names)s.") % {"names": ", ".join(early[:SHOWN])}
        yield Finding("one-each", label, State.INCONSISTENT, words, Actor.LEAD, link=_page_of(scope))
    elif certificates or any(written.values()):
        yield Finding("one-each", label, State.READY, _("Nobody has two."), ready=1)


def _reissue(scope: Scope, _target: str, by: Member) -> Mended | None:
    """Issue those certificates anew that say something else than action, sheets and journal; at most fifty at a tap."""
    if not sees_everybody(by, MANAGE_CERTIFICATES):
        return None
    done = hours_in(scope)
    stale = [
        row
        for member, row in _current(scope).items()
        if row.content["title"] != scope.title
        or (row.content["minutes_at_a_distance"], row.content["minutes_live"]) != done[member]
    ]
    for row in stale[:AT_ONCE]:
        reissue(certificate=row, by=by)
    words = ngettext(
        "%(count)d certificate was issued anew.", "%(count)d certificates were issued anew.", len(stale[:AT_ONCE])
    )
    return Mended(words % {"count": len(stale[:AT_ONCE])})


def _published(scope: Scope) -> Iterator[Finding]:
    """Each certificate is of a version that was published, and earned after its course was begun."""
    if scope.course_id is None:
        return
    published = set(Version.objects.filter(course=scope.course_id).values_list("number", flat=True))
    wrong = sum(row.content["version"] not in published for row in _current(scope).values())
    count = wrong + rounds_in(scope).filter(completed_at__date__lt=scope.starts_on).count()
    label = _("Certificates are of what was taught")
    if count:
        words = _("%(count)d were earned on another version, or before the action began.") % {"count": count}
        yield Finding("published", label, State.INCONSISTENT, words, Actor.LEAD, link=_page_of(scope))
    else:
        yield Finding("published", label, State.READY, _("Every one is."), ready=1)


# --- The contribution -------------------------------------------------------------------------------------


class CredentialsContribution(Contribution):
    """Certificates. They are the people's: they stay when an action is let go, and go with the person."""

    files = (CertificateFiles(),)
    sources: ClassVar = {"certificate": _certificate}
    checks: ClassVar = {"hours": _hours, "published": _published, "one-each": _one_each}
    remedies: ClassVar = {"reissue": Remedy(gettext_lazy("Issue anew"), "award", _reissue, is_irrevocable=True)}
    records: ClassVar = {"credentials.Certificate": gettext_lazy("Certificates")}

    def facts(self, scope: Scope) -> Iterator[Q]:
        uids = certificates_of(scope).values_list("uid", flat=True)
        for part in batched(uids.iterator(BATCH), BATCH, strict=False):
            yield Q(object_id__in=[str(uid) for uid in part])

    def counts(self, scope: Scope) -> Iterator[tuple[str, int]]:
        if scope.course_id is not None:
            yield _("Certificates"), certificates_of(scope).exclude(pdf="").count()

    def columns(self, scope: Scope, members: Sequence[Member]) -> Iterator[Column]:
        if scope.course_id is None:
            return
        current = certificates_of(scope).current().filter(enrolment__in=rounds_in(scope).filter(member__in=members))
        held = set(current.values_list("enrolment__member", flat=True))
        cells = {member.pk: _("there") if member.pk in held else _("missing") for member in members}
        yield Column(_("Certificate"), cells, open=frozenset(cells.keys() - held))

    def titles(self, scope: Scope) -> Iterator[Paper]:
        page = _page_of(scope)
        for row in _current(scope).values():
            words = _("the certificate of %(name)s says") % {"name": row.content["beneficiary"]}
            yield Paper(row.content["title"], words, page)

    def certified(self, scope: Scope) -> Iterator[int]:
        yield from _current(scope)

    def prepare(self, scope: Scope) -> None:
        waiting = certificates_of(scope).filter(pdf="").select_related("organisation", "enrolment__member")
        for part in batched(waiting, 25, strict=False):
            typeset(part)

    def write(self, scope: Scope, dossier: DossierWriter) -> None:
        """Every certificate with what it states and what became of it, as a table."""
        if scope.course_uid is not None:
            people = dict(dossier.people)
            dossier.table("records/certificates.csv", certificate_rows(str(scope.course_uid), people, dossier))

    def things_of(self, member: Member) -> Iterator[str]:
        uids = Certificate.objects.filter(enrolment__member=member).values_list("uid", flat=True)
        return (str(uid) for uid in uids)

    def erase(self, member: Member) -> None:
        certificates = Certificate.objects.filter(enrolment__member=member)
        certificates.update(replaces=None)
        certificates.delete()
