"""How ready an action is: each piece that its profile wants, whether it is there, and who has to do what.

Everything is read in a few queries, whatever the number of people.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Count, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from milepost.classroom.models import LiveSession, Slot
from milepost.core import clock
from milepost.credentials.models import Certificate
from milepost.documents.models import Document, SignatureRequest
from milepost.documents.signatures import Signature, difference
from milepost.evidence.belongings import Belongings
from milepost.evidence.models import Piece, TrainingAction
from milepost.evidence.profiles import Profile, Wanted, profiles
from milepost.learning.models import Enrolment
from milepost.people.models import Member

SHOWN = 20  # people who are named for one piece
UNLIKE = 0.3  # from where on two signatures look like those of two people


class State(StrEnum):
    """What is to be said of a piece."""

    READY = "ready"
    MISSING = "missing"
    UNSIGNED = "unsigned"
    LATE = "late"
    INCONSISTENT = "inconsistent"


class Actor(StrEnum):
    """Who has to do something."""

    NOBODY = ""
    LEAD = "lead"
    TRAINER = "trainer"
    LEARNER = "learner"
    SIGNATORY = "signatory"


@dataclass(frozen=True)
class Finding:
    """A piece, and what is to be said of it. `of` is how many are wanted, `ready` how many are there.

    `remedy` names the one tap that mends it (a page's own word), `target` what it is about.
    """

    key: str
    label: str
    state: State
    words: str
    actor: Actor = Actor.NOBODY
    remedy: str = ""
    target: str = ""
    article: str = ""
    ready: int = 0
    of: int = 1

    @property
    def is_ready(self) -> bool:
        return self.state is State.READY


@dataclass
class Readiness:
    """What was found, in the order of the profile."""

    profile: Profile
    findings: list[Finding] = field(default_factory=list)

    @property
    def percent(self) -> int:
        """How much of what is wanted is there; 100 only when nothing is left to do."""
        wanted = sum(finding.of for finding in self.findings)
        ready = sum(finding.of if finding.is_ready else min(finding.ready, finding.of - 1) for finding in self.findings)
        return 100 * ready // wanted if wanted else 0

    @property
    def open(self) -> list[Finding]:
        """What is left to do."""
        return [finding for finding in self.findings if not finding.is_ready]


def readiness_of(action: TrainingAction, member: Member | None = None) -> Readiness:
    """Look at everything that belongs to the action, or to one person in it."""
    profile = profiles()[action.profile]
    known = _Known(action, member)
    found = Readiness(profile)
    for wanted in profile.pieces:
        found.findings += _SOURCES[wanted.source](known, wanted)
    for check in profile.checks:
        found.findings += _CHECKS[check](known)
    return found


def refresh(action: TrainingAction) -> Readiness:
    """Look, and keep the number for the page of all actions."""
    found = readiness_of(action)
    action.readiness, action.checked_at = found.percent, clock.now()
    TrainingAction.objects.filter(pk=action.pk).update(readiness=action.readiness, checked_at=action.checked_at)
    return found


def refresh_all() -> int:
    """Look at the actions that were looked at longest ago, in all organisations; return how many."""
    since = clock.now() - timedelta(minutes=5)
    waiting = (
        TrainingAction.objects.filter(let_go_at=None)
        .filter(Q(checked_at=None) | Q(checked_at__lt=since))
        .select_related("organisation", "course")
    )
    rows = list(waiting.order_by("checked_at")[:50])
    for action in rows:
        refresh(action)
    return len(rows)


class _Known:
    """Everything that belongs to an action, read once."""

    def __init__(self, action: TrainingAction, member: Member | None) -> None:
        self.action, self.things = action, Belongings(action, member)
        self.today = clock.today(action.organisation.time_zone)
        self.people = list(self.things.people.only("pk", "uid", "given_name", "family_name"))
        self.sessions = self.things.sessions
        by_session = {session.pk: session for session in self.sessions}
        theirs = Q(attendances__participant__member=member) if member else Q()
        is_settled = (
            Q(attendances__signed_at__isnull=False)
            | Q(attendances__attested_at__isnull=False)
            | Q(attendances__absent_at__isnull=False)
        )
        self.slots = list(Slot.objects.filter(session__in=self.sessions).select_related("closed_by").annotate(
            expected=Count("attendances", filter=theirs), settled=Count("attendances", filter=theirs & is_settled),
        ))  # fmt: skip
        for slot in self.slots:
            slot.session = by_session[slot.session_id]
        about = Document.objects.filter(organisation=action.organisation, about=action.about)
        self.documents = list(about.select_related("request").order_by("pk"))
        self.pieces = list(Piece.objects.filter(action=action))

    def slots_of(self, session: LiveSession) -> "list[Slot]":
        return [slot for slot in self.slots if slot.session_id == session.pk]

    def certificates(self) -> "dict[int, Certificate]":
        """The current certificate of each person, by their key."""
        rows = self.things.certificates.current().select_related("enrolment")
        return {row.enrolment.member_id: row for row in rows}

    def with_document(self, kinds: Collection[str], *, signed: bool) -> "set[int]":
        """The keys of those for whom a document of these kinds was written, and signed if it is to be."""
        start = f"{self.action.about}:"
        rows = self.things.documents.filter(about__startswith=start, kind__in=kinds).select_related("request")
        marks = {row.about for row in rows if not signed or _is_complete(row)}
        return {person.pk for person in self.people if f"{start}{person.uid}" in marks}

    def has_begun(self) -> bool:
        return self.action.starts_on <= self.today

    def is_over(self) -> bool:
        return self.action.ends_on < self.today


# --- Pieces -----------------------------------------------------------------------------------------------


def _document(known: _Known, wanted: Wanted) -> Iterator[Finding]:
    if wanted.per == "person":
        there = known.with_document({wanted.kind}, signed=bool(wanted.signed))
        yield _for_each(known, wanted, there, Actor.LEAD, mend=("write", wanted.kind))
        return
    found = [row for row in known.documents if row.kind == wanted.kind]
    whole = next((row for row in found if not wanted.signed or _is_complete(row)), None)
    base: dict[str, Any] = {"key": wanted.key, "label": wanted.name, "article": wanted.article}
    if whole:
        signed = whole.request.ended_at if wanted.signed else None
        if wanted.signed == "before-start" and signed and signed.date() >= known.action.starts_on:
            words = _("Signed by all on %(day)s; the action began on %(start)s.") % {
                "day": date_format(signed, "DATE_FORMAT"), "start": date_format(known.action.starts_on, "DATE_FORMAT"),
            }  # fmt: skip
            yield Finding(
                **base, state=State.LATE, words=words, actor=Actor.LEAD, remedy="document", target=str(whole.uid)
            )
        else:
            yield Finding(
                **base, state=State.READY, words=_("There."), remedy="document", target=str(whole.uid), ready=1
            )
        return
    waiting = next((row for row in found if hasattr(row, "request") and row.request.is_open), None)
    if waiting:
        names = ", ".join(who.name for who in waiting.request.signatories.filter(state="waiting"))
        words = _("%(names)s have still to sign.") % {"names": names}
        yield Finding(
            **base, state=State.UNSIGNED, words=words, actor=Actor.SIGNATORY, remedy="remind", target=str(waiting.uid)
        )
    elif found:
        yield Finding(
            **base,
            state=State.UNSIGNED,
            words=_("Written, but nobody was asked to sign."),
            actor=Actor.LEAD,
            remedy="document",
            target=str(found[-1].uid),
        )
    else:
        state = State.LATE if wanted.signed == "before-start" and known.has_begun() else State.MISSING
        yield Finding(
            **base, state=state, words=_("Not written yet."), actor=Actor.LEAD, remedy="write", target=wanted.kind
        )


def _is_complete(row: Document) -> bool:
    return hasattr(row, "request") and row.request.status == SignatureRequest.Status.COMPLETED


def _sheet(known: _Known, wanted: Wanted) -> Iterator[Finding]:
    base: dict[str, Any] = {"key": wanted.key, "article": wanted.article}
    for session in known.sessions:
        slots = known.slots_of(session)
        label = f"{wanted.name}: {session.title}"
        ready = sum(slot.is_closed and slot.settled == slot.expected for slot in slots)  # type: ignore[attr-defined]
        told: dict[str, Any] = base | {
            "label": label,
            "target": str(session.uid),
            "of": max(1, len(slots)),
            "ready": ready,
        }
        open_slots = [slot for slot in slots if not slot.is_closed]
        unsigned = sum(slot.expected - slot.settled for slot in slots)  # type: ignore[attr-defined]
        if open_slots:
            words = ngettext(
                "%(count)d half-day is not closed.", "%(count)d half-days are not closed.", len(open_slots)
            )
            is_over = open_slots[0].ends_at < clock.now()
            yield Finding(
                **told,
                state=State.UNSIGNED if is_over else State.MISSING,
                words=words % {"count": len(open_slots)},
                actor=Actor.TRAINER,
                remedy="session",
            )
        elif unsigned:
            words = ngettext(
                "%(count)d signature is missing, without a reason.",
                "%(count)d signatures are missing, without a reason.",
                unsigned,
            )
            yield Finding(
                **told, state=State.UNSIGNED, words=words % {"count": unsigned}, actor=Actor.LEAD, remedy="session"
            )
        else:
            yield Finding(**told, state=State.READY, words=_("Closed and signed."), remedy="session")
    if not known.sessions and known.action.course_id is None:
        yield Finding(
            wanted.key,
            wanted.name,
            State.MISSING,
            _("No session belongs to the action."),
            Actor.LEAD,
            "action",
            article=wanted.article,
        )


def _certificate(known: _Known, wanted: Wanted) -> Iterator[Finding]:
    if known.action.course_id is None:  # not earned in a course, but written for each
        there = known.with_document(("completion", "achievement"), signed=False)
    else:
        there = set(known.certificates())
    yield _for_each(known, wanted, there, Actor.LEARNER, mend=("certificates", ""))


def _for_each(known: _Known, wanted: Wanted, there: set[int], actor: Actor, *, mend: tuple[str, str]) -> Finding:
    """A piece of which each person needs one; `there` holds the keys of those who have it.

    What mends it is done on a person's own page, but for certificates, which come from the course.
    """
    lacking = [person for person in known.people if person.pk not in there]
    remedy, target = mend if known.things.member or mend[0] == "certificates" else ("people", "")
    base: dict[str, Any] = {
        "key": wanted.key, "label": wanted.name, "article": wanted.article, "remedy": remedy, "target": target,
        "of": max(1, len(known.people)), "ready": len(known.people) - len(lacking),
    }  # fmt: skip
    if not known.people:
        words = _("Nobody takes part yet.")
        return Finding(**base | {"remedy": "action"}, state=State.MISSING, words=words, actor=Actor.LEAD)
    if not lacking:
        words = _("There.") if known.things.member else _("Everybody has one.")
        return Finding(**base, state=State.READY, words=words)
    names = ", ".join(person.full_name for person in lacking[:SHOWN]) + (" …" if len(lacking) > SHOWN else "")
    words = ngettext("%(count)d person has none: %(names)s", "%(count)d people have none: %(names)s", len(lacking))
    state = State.LATE if known.is_over() else State.MISSING
    return Finding(**base, state=state, words=words % {"count": len(lacking), "names": names}, actor=actor)


def _file(known: _Known, wanted: Wanted) -> Iterator[Finding]:
    if wanted.per == "person":
        there = {row.member_id for row in known.pieces if row.key == wanted.key and row.member_id}
        yield _for_each(known, wanted, there, Actor.LEAD, mend=("file", wanted.key))
        return
    found = next((row for row in known.pieces if row.key == wanted.key), None)
    state = State.READY if found else State.LATE if known.is_over() else State.MISSING
    words = found.name if found else _("No file was added yet.")
    actor = Actor.NOBODY if found else Actor.LEAD
    yield Finding(
        wanted.key, wanted.name, state, words, actor, "file", wanted.key, wanted.article, ready=int(bool(found))
    )


_SOURCES = {"document": _document, "sheet": _sheet, "certificate": _certificate, "file": _file}


# --- Checks -----------------------------------------------------------------------------------------------


def _titles(known: _Known) -> Iterator[Finding]:
    """A title that differs between documents cost a training body its funding (CAA Nantes, 2021)."""
    others = sorted({row.title for row in known.documents if row.title != known.action.title})
    if others:
        words = _("The action is called “%(title)s”, a document says “%(other)s”.") % {
            "title": known.action.title,
            "other": others[0],
        }
        yield Finding("titles", _("One title everywhere"), State.INCONSISTENT, words, Actor.LEAD, "action")
    else:
        yield Finding("titles", _("One title everywhere"), State.READY, _("All documents agree."), ready=1)


def _hours(known: _Known) -> Iterator[Finding]:
    """What the certificate says was done live is what the sheets say."""
    label = _("Hours agree")
    certificates = known.certificates()
    if not certificates:
        return
    minutes: dict[int, int] = {}
    for row in known.things.attendances.filter(Q(signed_at__isnull=False) | Q(attested_at__isnull=False)):
        minutes[row.participant.member_id] = minutes.get(row.participant.member_id, 0) + row.minutes
    wrong = [
        person.full_name for person in known.people
        if (held := certificates.get(person.pk)) and held.content["minutes_live"] != minutes.get(person.pk, 0)
    ]  # fmt: skip
    if wrong:
        words = ngettext(
            "The certificate of %(count)d person tells other hours than the sheet: %(names)s",
            "The certificates of %(count)d people tell other hours than the sheet: %(names)s",
            len(wrong),
        )
        yield Finding(
            "hours",
            label,
            State.INCONSISTENT,
            words % {"count": len(wrong), "names": ", ".join(wrong[:SHOWN])},
            Actor.LEAD,
            "certificates",
        )
    else:
        yield Finding("hours", label, State.READY, _("Sheets and certificates agree."), ready=1)


def _published(known: _Known) -> Iterator[Finding]:
    """Each certificate is of a version that was published, and earned after its course was begun."""
    if known.action.course_id is None:
        return
    published = set(known.action.course.versions.values_list("number", flat=True)) if known.action.course else set()
    wrong = [row for row in known.certificates().values() if row.content["version"] not in published]
    early = Enrolment.objects.filter(
        course=known.action.course_id,
        member__in=known.things.seats,
        completed_at__date__lt=known.action.starts_on,
    ).count()
    label = _("Certificates are of what was taught")
    if wrong or early:
        words = _("%(count)d were earned on another version, or before the action began.") % {
            "count": len(wrong) + early
        }
        yield Finding("published", label, State.INCONSISTENT, words, Actor.LEAD, "certificates")
    else:
        yield Finding("published", label, State.READY, _("Every one is."), ready=1)


def _holidays(known: _Known) -> Iterator[Finding]:
    """A signature on a public holiday is one that courts don't believe."""
    if not known.slots:
        return
    label = _("No half-day on a public holiday or Sunday")
    odd = sorted(
        {day for slot in known.slots if (day := slot.local_start.date()).weekday() == 6 or is_french_holiday(day)}
    )
    if odd:
        words = _("%(day)s is one. Say in the programme why.") % {"day": date_format(odd[0], "DATE_FORMAT")}
        yield Finding("holidays", label, State.INCONSISTENT, words, Actor.LEAD, "session", str(known.sessions[0].uid))
    else:
        yield Finding("holidays", label, State.READY, _("None."), ready=1)


def _half_days(known: _Known) -> Iterator[Finding]:
    """One signature for more than a half-day was rejected as no proof."""
    if not known.slots:
        return
    label = _("A signature for each half-day")
    long = [slot for slot in known.slots if slot.minutes > 300]
    if long:
        words = _("%(slot)s is longer than five hours. Split it.") % {"slot": str(long[0])}
        yield Finding(
            "one-signature-a-half-day",
            label,
            State.INCONSISTENT,
            words,
            Actor.LEAD,
            "session",
            str(long[0].session.uid),
        )
    else:
        yield Finding("one-signature-a-half-day", label, State.READY, _("No slot is longer."), ready=1)


def _signatures(known: _Known) -> Iterator[Finding]:
    """One person's signature that varies was rejected: each drawn one should look like another of the same person."""
    drawn: dict[int, list[Signature]] = {}
    names: dict[int, str] = {}
    rows = known.things.attendances.filter(signed_at__isnull=False).order_by("participant__member", "slot__starts_at")
    for row in rows.iterator(500):
        member = row.participant.member
        if row.signature and "strokes" in row.signature:
            drawn.setdefault(member.pk, []).append(Signature.from_json(row.signature))
            names[member.pk] = member.full_name
    if not drawn:
        return
    label = _("Each person’s signatures look alike")
    unlike = [names[key] for key, several in drawn.items() if len(several) > 1 and _has_stranger(several)]
    if unlike:
        words = ngettext(
            "%(count)d person signed in very different ways: %(names)s. Look at the sheet, and ask them.",
            "%(count)d people signed in very different ways: %(names)s. Look at the sheet, and ask them.",
            len(unlike),
        ) % {"count": len(unlike), "names": ", ".join(unlike[:SHOWN])}
        target = str(known.sessions[0].uid)
        yield Finding("signatures", label, State.INCONSISTENT, words, Actor.LEAD, "session", target)
    else:
        yield Finding("signatures", label, State.READY, _("They do."), ready=1)


def _has_stranger(several: list[Signature]) -> bool:
    """Whether one of the signatures looks like none of the others."""
    return any(all(difference(one, other) > UNLIKE for other in several if other is not one) for one in several)


_CHECKS = {
    "titles": _titles,
    "hours": _hours,
    "published": _published,
    "holidays": _holidays,
    "one-signature-a-half-day": _half_days,
    "signatures": _signatures,
}


def is_french_holiday(day: date) -> bool:
    """Whether the day is a public holiday in all of France (Labour Code, L3133-1)."""
    easter = _easter(day.year)
    moving = {easter + timedelta(days=after) for after in (1, 39, 50)}
    return day in moving or (day.month, day.day) in {
        (1, 1),
        (5, 1),
        (5, 8),
        (7, 14),
        (8, 15),
        (11, 1),
        (11, 11),
        (12, 25),
    }


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm of 1876, after Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    wanted = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * wanted) // 433
    month = (h + wanted - 7 * m + 90) // 25
    return date(year, month, (h + wanted - 7 * m + 33 * month + 19) % 32)
