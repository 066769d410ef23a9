"""Asking for an attestation, and making it in the background: counting, the list, the page, the seal."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.attestations.counting import Counted, Question, count, titled
from milepost.attestations.facts import ATTESTATION_EXPORTED, ATTESTATION_ISSUED
from milepost.attestations.models import Attestation, Whom
from milepost.attestations.typesetting import page_of
from milepost.core import blobs, clock, once
from milepost.core.irrevocable import irrevocable
from milepost.core.jobs import named
from milepost.core.quotas import refuse_beyond, take
from milepost.core.refusals import Refused
from milepost.core.table_files import as_csv
from milepost.courses.models import Course
from milepost.documents.typesetting import render
from milepost.evidence.sealed_archive import seal_with_index
from milepost.journal import keys
from milepost.journal.facts import ERASED
from milepost.journal.models import Entry
from milepost.journal.recording import SYSTEM, record
from milepost.journal.sealing import held
from milepost.people.identity import proof_of_identity, state_identity
from milepost.people.models import Member, Organisation

FORMAT, ANNEX = "milepost-attestation/2", "milepost-attestation-annex/1"


class InvalidAttestation(Refused):
    """It can't be attested; the message says what to mend."""

    status = 422


class NotMadeYet(Refused):
    """The file is still being made, or its list was taken away."""

    sentence = gettext_lazy("This file is not there: it is still being made, or the list was taken away.")
    status = 404


@dataclass(frozen=True)
class Wish:
    """What is to be attested. `replaces` is one that counts no more once this is made."""

    courses: tuple[Course, ...]
    day: date
    whom: str = Whom.EMPLOYEES
    site: str = ""
    department: str = ""
    language: str = ""
    replaces: Attestation | None = None


@irrevocable
def attest(*, organisation: Organisation, wish: Wish, by: Member, key: str = "") -> Attestation:
    """Have it attested in the background. The same from a form of the same `key` is made once.

    Raises `InvalidAttestation`. Records `issued` once it is counted and sealed.
    """
    if not wish.courses:
        raise InvalidAttestation(_("Choose a course."), field="courses")
    if wish.day > clock.today(organisation.time_zone):
        raise InvalidAttestation(_("Nobody can attest a day that is still to come."), field="day")
    said = ([course.pk for course in wish.courses], wish.day, wish.whom, wish.site, wish.department)
    uid = once.uid_of(key, organisation.uid, "attestation", *said)
    with transaction.atomic():
        Organisation.locked(organisation.pk)
        if made := Attestation.objects.filter(uid=uid).first():
            return made
        replaces = wish.replaces and Attestation.objects.get(pk=wish.replaces.pk)
        if replaces and (replaces.revoked_at or replaces.superseded_at or replaces.made_at is None):
            raise InvalidAttestation(_("The one that it is to replace does not count any more."))
        if replaces and Attestation.objects.filter(replaces=replaces).exists():
            raise InvalidAttestation(_("Another one that replaces it is being made already."))
        refuse_beyond(organisation, "jobs", more=1)
        attestation = Attestation.objects.create(
            uid=uid,
            organisation=organisation,
            day=wish.day,
            whom=wish.whom,
            site=wish.site,
            department=wish.department,
            language=wish.language or organisation.language,
            replaces=replaces,
            asked_by=by,
        )
        attestation.courses.set(wish.courses)
        named("attestations.make").enqueue(organisation.pk, attestation.pk)
    return attestation


def make(attestation: Attestation) -> None:
    """Count, write the list, seal the page, and record it; of two workers the first wins. Records `issued`.

    It is begun anew when somebody was erased meanwhile: they might stand in its list.
    """
    while not _make(attestation):
        pass


def _make(attestation: Attestation) -> bool:
    """False when somebody was erased meanwhile."""
    from milepost.documents.sealing import seal_pdf  # brings pyHanko, which few processes need

    organisation, courses = attestation.organisation, list(attestation.courses.order_by("title", "pk"))
    uids = tuple(str(course.uid) for course in courses)
    whose = (attestation.whom, attestation.site, attestation.department)
    erasures = _erasures(organisation)
    state_identity(organisation)
    seal_with_index(organisation.pk)
    with held(organisation.pk) as head:
        assert head is not None  # noqa: S101 (who the organisation is was recorded)
        identity = proof_of_identity(organisation, head)
    counted = count(organisation, Question(uids, attestation.day, *whose), size=head.size)
    annex = blobs.store_stream(organisation.uid, annex_of(attestation, counted))
    content = content_of(attestation, counted, titled(courses), annex, identity)
    content["counted_at"] = {"size": head.size, "root": bytes(head.root).hex()}
    now = clock.now()
    page = render("attestation", page_of(attestation, content, made_at=now), time=now)
    sealed = seal_pdf(page, key=keys.current_key(organisation.pk), time=now, reason=f"Attestation {attestation.uid}")
    pdf = blobs.store(organisation.uid, sealed)
    with transaction.atomic():
        Organisation.locked(organisation.pk)  # as whoever erases
        if _erasures(organisation) != erasures:
            return False
        waiting = Attestation.objects.filter(pk=attestation.pk, made_at=None)
        if not waiting.update(content=content, annex=annex, pdf=pdf, made_at=now):
            return True
        attestation.content, attestation.annex, attestation.pdf, attestation.made_at = content, annex, pdf, now
        if attestation.replaces_id:
            Attestation.objects.filter(pk=attestation.replaces_id, superseded_at=None).update(superseded_at=now)
        _record_issue(attestation, courses)
    return True


def _erasures(organisation: Organisation) -> int:
    return Entry.objects.filter(organisation_id=organisation.pk, fact=ERASED.name).count()


def _record_issue(attestation: Attestation, courses: Sequence[Course]) -> None:
    said = attestation.content
    result = {name: said[name] for name in ("day", "concerned", "certified", "sites")}
    context: dict[str, Any] = {"courses": [course.as_reference().as_json() for course in courses]}
    scope = {name: said["scope"][name] for name in ("site", "department") if said["scope"][name]}
    if attestation.replaces:
        context["replaces"] = str(attestation.replaces.uid)
    record(
        ATTESTATION_ISSUED,
        organisation=attestation.organisation,
        actor=attestation.asked_by.as_reference() if attestation.asked_by else SYSTEM,
        object=attestation.as_reference(),
        result=result | {"annex_sha256": attestation.annex, "sha256": attestation.pdf},
        context=context | scope | {"whom": attestation.whom},
    )


def content_of(
    attestation: Attestation, counted: Counted, courses: list[dict[str, str]], annex: str, identity: dict[str, Any]
) -> dict[str, Any]:
    """What the attestation says, as it lies in its PDF for machines (docs/attestations.md)."""
    organisation = attestation.organisation
    stated = json.loads(identity["fact"]["entry"]["statement"])["result"]
    return {
        "format": FORMAT,
        "uid": str(attestation.uid),
        "organisation": {"uid": str(organisation.uid), **stated},
        "identity": identity,
        "day": attestation.day.isoformat(),
        "time_zone": organisation.time_zone,
        "courses": courses,
        "scope": {"whom": attestation.whom, "site": attestation.site, "department": attestation.department},
        "concerned": len(counted.people),
        "certified": counted.certified,
        "placed_by_register": counted.by_register,
        "sites": counted.sites,
        "annex": {"sha256": annex, "rows": len(counted.people)},
        "replaces": str(attestation.replaces.uid) if attestation.replaces else None,
    }


def annex_of(attestation: Attestation, counted: Counted) -> Iterator[bytes]:
    """The list as CSV. Its first row has 256 random bits: whoever has the fingerprint alone can’t try out what the list says."""
    for lines in as_csv(_rows(attestation, counted), has_mark=False, line_end="\n"):
        yield lines.encode()


def _rows(attestation: Attestation, counted: Counted) -> Iterator[list[str]]:
    yield [ANNEX, str(attestation.uid), secrets.token_hex(32)]
    yield ["name", "site", "department", "certified", "until", "uid"]
    courses, day = counted.question.courses, counted.question.day
    for person in counted.people:
        is_certified = counted.is_certified(person)
        until = person.until(courses, day) if is_certified else None
        certified = ["yes" if is_certified else "no", until.isoformat() if until else ""]
        yield [person.name, person.site, person.department, *certified, person.uid]


@irrevocable
def take_along(*, attestation: Attestation, form: str, by: Member) -> str:
    """The digest of the PDF or of the annex, for whoever takes it along. Records `exported`. Raises `NotMadeYet`."""
    digest: str = attestation.annex if form == "annex" else attestation.pdf
    if not digest:
        raise NotMadeYet
    take(attestation.organisation, "exports")
    with transaction.atomic():
        record(
            ATTESTATION_EXPORTED,
            organisation=attestation.organisation,
            actor=by.as_reference(),
            object=attestation.as_reference(),
            result={"sha256": digest},
            context={"form": form},
        )
    return digest
