"""What the classroom holds of training actions and people: sessions, half-days, attendance, sheets and logs."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import uuid4

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.classroom.facts import SESSION_REGISTERED
from milepost.classroom.models import (
    Attendance,
    ConnectionLog,
    LiveSession,
    Participant,
    SessionDocument,
    Sheet,
    Slot,
    Trainer,
    is_settled,
)
from milepost.classroom.readiness import CHECKS, sheet
from milepost.classroom.rules import KEPT_YEARS
from milepost.classroom.scope import attendances_of, logs_of, sessions_of, sheets_of
from milepost.classroom.sheets import ask_for_sheet, make_sheet
from milepost.classroom.telling import FACTS, Telling, attendance_row
from milepost.core import clock
from milepost.journal.models import Entry
from milepost.journal.queries import of_people
from milepost.journal.recording import Reference
from milepost.people.contributions import (
    Column,
    Contribution,
    DossierWriter,
    File,
    FileKind,
    Hold,
    Involvement,
    Listed,
    Outside,
    Paper,
    Scope,
    ending_of,
    safe_name,
)
from milepost.people.models import Member, Organisation
from milepost.people.settings import value_of

PART = 1_000
ATTENDANCE = (
    "name",
    "employer",
    "session",
    "hours",
    "state",
    "signed_at",
    "way",
    "arrived_at",
    "left_at",
    "told_later",
    "minutes",
    "absence_reason",
)


# --- Files ------------------------------------------------------------------------------------------------


class SheetFiles(FileKind[Sheet]):
    """The sealed attendance sheets. They name everybody, so none is one person's."""

    name, heading, model = "sheet", gettext_lazy("Attendance sheets"), Sheet

    def of_action(self, scope: Scope) -> "QuerySet[Sheet]":
        return sheets_of(scope).exclude(pdf="")

    def file(self, row: Sheet) -> File:
        path = f"sheets/{row.session.reference}-{row.number}.pdf"
        return File(row.pdf, path, thing=row.as_reference().id)

    def title(self, row: Sheet) -> str:
        return _("Attendance sheet %(reference)s") % {"reference": row.session.reference}

    def note(self, row: Sheet) -> str:
        return row.session.title

    def download_name(self, row: Sheet) -> str:
        return f"{row.session.reference}-{row.number}.pdf"

    def reference(self, row: Sheet, scope: Scope) -> Reference:
        return row.as_reference()


class LogFiles(FileKind[ConnectionLog]):
    """The imported connection logs, which name everybody too."""

    name, heading, model = "log", gettext_lazy("Connection logs"), ConnectionLog

    def of_action(self, scope: Scope) -> "QuerySet[ConnectionLog]":
        return logs_of(scope)

    def file(self, row: ConnectionLog) -> File:
        return File(row.digest, f"logs/{row.session.reference}-{row.uid}-{safe_name(row.source)}")

    def title(self, row: ConnectionLog) -> str:
        return _("Connection log")

    def note(self, row: ConnectionLog) -> str:
        return row.source

    def download_name(self, row: ConnectionLog) -> str:
        return row.source


class AbsenceFiles(FileKind[Attendance]):
    """What somebody brought to say why they were absent."""

    name, heading, model = "absence", gettext_lazy("Reasons for absence"), Attendance
    listed = Listed.PERSON

    def of_action(self, scope: Scope) -> "QuerySet[Attendance]":
        return attendances_of(scope).exclude(absence_file="").order_by("pk")

    def of_person(self, member: Member) -> "QuerySet[Attendance]":
        return Attendance.objects.filter(participant__member=member).exclude(absence_file="").order_by("pk")

    def file(self, row: Attendance) -> File:
        return File(row.absence_file, f"absences/{row.uid}{ending_of(row.absence_file_name)}")

    def title(self, row: Attendance) -> str:
        return row.absence_file_name

    def note(self, row: Attendance) -> str:
        return _("Absence, %(slot)s") % {"slot": row.slot}

    def download_name(self, row: Attendance) -> str:
        return row.absence_file_name

    def reference(self, row: Attendance, scope: Scope) -> Reference:
        return row.participant.member.as_reference()


class Handouts(FileKind[SessionDocument]):
    """Files for those who take part: no evidence, but they go with the session."""

    name, model, listed, in_dossier = "handout", SessionDocument, Listed.NOWHERE, False

    def of_action(self, scope: Scope) -> "QuerySet[SessionDocument]":
        return SessionDocument.objects.filter(session__in=sessions_of(scope)).order_by("pk")

    def file(self, row: SessionDocument) -> File:
        return File(row.digest)


# --- The contribution -------------------------------------------------------------------------------------


class ClassroomContribution(Contribution):
    """Live sessions and who was there."""

    files = (SheetFiles(), LogFiles(), AbsenceFiles(), Handouts())
    sources: ClassVar = {"sheet": sheet}
    checks: ClassVar = CHECKS
    records: ClassVar = {
        "classroom.Trainer": gettext_lazy("Sessions held"),
        "classroom.CalendarFeed": gettext_lazy("Address for the calendar"),
        "classroom.Participant": gettext_lazy("Seats in sessions"),
        "classroom.Attendance": gettext_lazy("Half-days"),
    }

    def things(self, scope: Scope) -> Iterator[str]:
        return (str(session.uid) for session in sessions_of(scope))

    def learnt(self, member: Member) -> Iterator[str]:
        theirs = Entry.objects.filter(of_people([str(member.uid)]), organisation_id=member.organisation_id)
        seats = theirs.filter(fact=SESSION_REGISTERED.name).order_by("about")
        yield from seats.values_list("about", flat=True).distinct()

    def participants(self, scope: Scope) -> "QuerySet[Any, Any] | None":
        seats = Participant.objects.filter(session__in=scope.session_ids, status=Participant.Status.SEATED)
        return seats.values("member_id")

    def counts(self, scope: Scope) -> Iterator[tuple[str, int]]:
        if scope.session_ids:
            yield _("Live sessions"), len(sessions_of(scope))
            yield _("Signatures"), attendances_of(scope).filter(signed_at__isnull=False).count()
            if scope.member is None:
                yield _("Attendance sheets"), sheets_of(scope).count()

    def columns(self, scope: Scope, members: Sequence[Member]) -> Iterator[Column]:
        if not scope.session_ids:
            return
        rows = Attendance.objects.filter(
            slot__session__in=scope.session_ids, participant__member__in=members
        ).order_by()
        counted = rows.values("participant__member").annotate(
            expected=Count("pk"), settled=Count("pk", filter=is_settled())
        )
        cells = {row["participant__member"]: f"{row['settled']}/{row['expected']}" for row in counted}
        unsettled = frozenset(row["participant__member"] for row in counted if row["settled"] < row["expected"])
        yield Column(_("Half-days settled"), cells, open=unsettled, is_number=True)

    def titles(self, scope: Scope) -> Iterator[Paper]:
        """Of each session the newest sheet; of a session without one, what its sheet will say."""
        newest = {sheet.session_id: sheet for sheet in sheets_of(scope).exclude(pdf="")}
        for session in sessions_of(scope):
            sheet = newest.get(session.pk)
            link = reverse("live_session", args=[scope.organisation.slug, session.uid])
            if sheet is not None:
                words = _("attendance sheet %(reference)s says") % {"reference": session.reference}
                yield Paper(sheet.title or session.title, words, link)

    def retitle(self, scope: Scope) -> None:
        """A closed session has its sheet made anew where the newest carries another title; the earlier ones stay."""
        for session in sessions_of(scope):
            newest = session.sheets.order_by("-number").first()
            if newest and newest.pdf and (newest.title or session.title) != scope.title:
                with transaction.atomic():
                    ask_for_sheet(LiveSession.locked(session.pk))

    def prepare(self, scope: Scope) -> None:
        for waiting in sheets_of(scope).filter(pdf=""):
            make_sheet(waiting)

    def write(self, scope: Scope, dossier: DossierWriter) -> None:
        """The sessions, and the attendance: everything for machines, and what people read as a table."""
        if not sessions_of(scope):
            return
        telling = Telling(dossier.facts(FACTS))
        here = {str(session.uid) for session in sessions_of(scope)}
        sessions = [session.as_json() for uid, session in telling.sessions.items() if uid in here]
        dossier.add("records/sessions.json", [json.dumps(sessions, ensure_ascii=False, indent=1).encode()])
        with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:  # read once, written twice
            for row in (
                attendances_of(scope)
                .order_by("slot__starts_at", "participant__member__family_name", "pk")
                .iterator(PART)
            ):
                if told := attendance_row(row, telling, dossier.name_of(row.participant.member)):
                    spool.write(json.dumps(told, ensure_ascii=False) + "\n")
            spool.seek(0)
            dossier.add("records/attendance.json", _array(spool))
            spool.seek(0)
            dossier.table("records/attendance.csv", _table(map(json.loads, spool)))

    def kept_years(self, organisation: Organisation) -> int:
        return value_of(organisation, KEPT_YEARS)

    def let_go(self, scope: Scope) -> None:
        sessions = LiveSession.objects.filter(pk__in=scope.session_ids)
        Slot.objects.filter(session__in=sessions).update(closed_by=None, closed_at=None, closing=None)
        for session in sessions:
            session.delete()

    def involvement(self, member: Member) -> Involvement:
        theirs = Q(participants__member=member) | Q(trainers__member=member)
        return Involvement(session_ids=LiveSession.objects.filter(theirs).order_by().values("pk"))

    def holds(self, member: Member) -> Iterator[Hold]:
        """A closed sheet is kept for as long as the organisation says."""
        years = self.kept_years(member.organisation)
        since = clock.now() - timedelta(days=365.25 * years)
        seats = Participant.objects.filter(member=member, session__slots__closed_at__gte=since)
        for seat in seats.select_related("session").distinct():
            words = _("The attendance sheet of “%(title)s” is kept for %(count)d years.")
            yield Hold(words % {"title": seat.session.title, "count": years}, session_id=seat.session_id)

    def of_outsider(self, organisation: Organisation, email: str) -> Iterator[Outside]:
        years = self.kept_years(organisation)
        since = clock.now() - timedelta(days=365.25 * years)
        for row in _trainers(organisation, email).select_related("session"):
            words = _("The attendance sheet of “%(title)s” is kept for %(count)d years.")
            is_kept = row.session.slots.filter(closed_at__gte=since).exists()
            yield Outside(
                _("Session held: %(title)s") % {"title": row.session.title},
                str(row.uid),
                {"name": row.name, "email": row.email, "session": row.session.title},
                reason=words % {"title": row.session.title, "count": years} if is_kept else "",
                session_id=row.session_id,
            )

    def erase_outsider(self, organisation: Organisation, email: str) -> None:
        _trainers(organisation, email).update(name="–", email="", link=uuid4())

    def erase(self, member: Member) -> None:
        Trainer.objects.filter(member=member).update(member=None, name="–", email="")
        Participant.objects.filter(member=member).delete()


def _trainers(organisation: Organisation, email: str) -> "QuerySet[Trainer]":
    return Trainer.objects.filter(organisation=organisation, member=None, email__iexact=email)


# --- Attendance in a dossier ------------------------------------------------------------------------------


def _array(lines: Iterable[str]) -> Iterator[bytes]:
    """Lines of JSON as one array, a line at a time."""
    before = "["
    for line in lines:
        yield (before + "\n" + line.rstrip("\n")).encode()
        before = ","
    yield b"\n]" if before == "," else b"[]"


def _table(rows: Iterable[dict[str, Any]]) -> Iterator[list[Any]]:
    yield list(ATTENDANCE)
    for row in rows:
        yield ["" if row[name] is None else row[name] for name in ATTENDANCE]
