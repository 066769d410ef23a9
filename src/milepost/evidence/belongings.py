"""What belongs to an action: its sessions, files, people's signatures and certificates, and the facts that tell of them.

Dossiers, the journal's explorer, the audit room and retention all ask here, so that they mean the same by “all of it”.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import batched
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from milepost.classroom.models import Attendance, ConnectionLog, LiveSession, Sheet, Slot
from milepost.credentials.models import Certificate, CertificateQuerySet
from milepost.documents.models import Document
from milepost.evidence.models import Piece, TrainingAction
from milepost.journal.models import Entry
from milepost.journal.verbs import Verb
from milepost.people.models import Member, MemberQuerySet

BATCH = 500
_OF_ALL = (Verb.CREATED, Verb.SCHEDULED, Verb.RESCHEDULED, Verb.CANCELLED, Verb.CLOSED)  # facts that name no learner


@dataclass(frozen=True)
class Belongings:
    """Everything of an action; of one person in it, if `member` is told: what names others is left out then."""

    action: TrainingAction
    member: Member | None = None

    @property
    def seats(self) -> "QuerySet[Any]":
        """The keys of who takes part, to be asked for within other queries. Flat: PostgreSQL plans nested ones badly."""
        seats = TrainingAction.members.through._default_manager.filter(trainingaction=self.action.pk)
        return (seats.filter(member=self.member) if self.member else seats).values("member_id")

    @property
    def people(self) -> MemberQuerySet:
        """Who takes part, by name."""
        return Member.objects.filter(pk__in=self.seats).order_by("family_name", "given_name", "pk")

    @cached_property
    def sessions(self) -> list[LiveSession]:
        """The sessions, in order; a person's are those to which they are registered."""
        sessions = self.action.sessions.select_related("organisation").order_by("number")
        return list(sessions.filter(participants__member=self.member) if self.member else sessions)

    @cached_property
    def slots(self) -> list[Slot]:
        """The half-days of the sessions, in order."""
        return list(Slot.objects.filter(session__in=self.sessions).select_related("session", "closed_by"))

    @property
    def sheets(self) -> "QuerySet[Sheet]":
        """The closed sheets. They name everybody, so none is one person's."""
        sheets = Sheet.objects.filter(session__in=self.sessions).order_by("session__number", "number")
        return sheets.none() if self.member else sheets.select_related("session__organisation")

    @property
    def logs(self) -> "QuerySet[ConnectionLog]":
        """The imported connection logs, which name everybody too."""
        logs = ConnectionLog.objects.filter(session__in=self.sessions).order_by("pk")
        return logs.none() if self.member else logs.select_related("session")

    @property
    def attendances(self) -> "QuerySet[Attendance]":
        """A row for each person and half-day."""
        rows = Attendance.objects.filter(slot__in=self.slots).select_related("slot__session", "participant__member")
        return rows.filter(participant__member=self.member) if self.member else rows

    @property
    def documents(self) -> "QuerySet[Document]":
        """What was written or uploaded for the action or for somebody in it."""
        about = self.action.about
        documents = Document.objects.filter(organisation=self.action.organisation_id).order_by("pk")
        if self.member:
            signed = Q(about=about, request__signatories__member=self.member)
            return documents.filter(signed | Q(about=f"{about}:{self.member.uid}")).distinct()
        return documents.filter(Q(about=about) | Q(about__startswith=f"{about}:"))

    @property
    def pieces(self) -> "QuerySet[Piece]":
        """Files that were made elsewhere."""
        pieces = Piece.objects.filter(action=self.action)
        return pieces.filter(member=self.member) if self.member else pieces

    @property
    def certificates(self) -> CertificateQuerySet:
        """Every certificate that was issued in the action, revoked and replaced ones too."""
        if self.action.course_id is None:
            return Certificate.objects.none()
        return Certificate.objects.filter(
            enrolment__course=self.action.course_id, enrolment__member__in=self.seats
        ).order_by("pk")

    # --- Facts --------------------------------------------------------------------------------------------

    def entries(self) -> "Iterator[QuerySet[Entry]]":
        """The facts that speak of all this, in parts that may overlap; a part asks for at most 500 things."""
        entries = Entry.objects.filter(organisation_id=self.action.organisation_id).exclude(statement="").order_by()
        told = entries.filter(object_id__in=self._things())
        if self.member:
            yield told.filter(Q(verb__in=_OF_ALL) | Q(actor_id=str(self.member.uid)))
            yield entries.filter(object_id__in=[str(uid) for uid in self.documents.values_list("uid", flat=True)])
            for digest in self.pieces.values_list("digest", flat=True):
                yield told.filter(verb=Verb.UPDATED, statement__contains=f'"{digest}"')
        else:
            yield told
        course = self.action.course
        if course is None:
            return
        mark = f'"{course.uid}"'
        for people in self._batches(self.people.values_list("uid", flat=True)):
            yield entries.filter(actor_id__in=people, statement__contains=mark)
        for certificates in self._batches(self.certificates.values_list("uid", flat=True)):
            yield entries.filter(object_id__in=certificates)

    def entry_numbers(self) -> set[int]:
        """The numbers of all these facts."""
        return {number for part in self.entries() for number in part.values_list("id", flat=True)}

    def _things(self) -> list[str]:
        """The identifiers of what the action is made of, as entries name them."""
        names = [str(self.action.uid)]
        names += [str(session.uid) for session in self.sessions]
        names += [str(slot.uid) for slot in self.slots]
        names += [f"{sheet.session.uid}/{sheet.number}" for sheet in self.sheets]
        if self.member is None:
            names += [str(uid) for uid in self.documents.values_list("uid", flat=True)]
        return names

    def story(self) -> "QuerySet[Entry]":
        """The facts about the action itself and what it is made of, newest first: its history, as people read it."""
        entries = Entry.objects.filter(organisation_id=self.action.organisation_id, object_id__in=self._things())
        return entries.order_by("-id")

    @staticmethod
    def _batches(uids: "QuerySet[Certificate, UUID] | QuerySet[Member, UUID]") -> Iterator[list[str]]:
        for part in batched(uids.iterator(BATCH), BATCH, strict=False):
            yield [str(uid) for uid in part]
