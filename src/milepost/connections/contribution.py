"""What this room holds of training actions and people: connection records, earlier ones too."""

from collections.abc import Iterator, Sequence
from itertools import batched
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from milepost.connections.drawing_up import AT_ONCE, SOURCE, draw_up, is_asked_for, lacking, standing_of
from milepost.connections.models import ConnectionRecord
from milepost.core.jobs import named
from milepost.core.words import date_format
from milepost.evidence.checks import action_of
from milepost.journal.recording import Reference
from milepost.people.contributions import (
    Actor,
    Column,
    Contribution,
    File,
    FileKind,
    Finding,
    Listed,
    Mended,
    Need,
    Paper,
    Remedy,
    Scope,
    State,
)
from milepost.people.models import Member

SHOWN = 20  # people who are named for one piece


class ConnectionRecordFiles(FileKind[ConnectionRecord]):
    """The sealed connection records, earlier ones too."""

    name, heading, model = "connection-record", gettext_lazy("Connection records"), ConnectionRecord
    listed = Listed.PERSON

    def of_action(self, scope: Scope) -> "QuerySet[ConnectionRecord]":
        rows = ConnectionRecord.objects.sealed().filter(action__uid=scope.uid).select_related("member", "action")
        return scope.narrow(rows).order_by("pk")

    def of_person(self, member: Member) -> "QuerySet[ConnectionRecord]":
        return ConnectionRecord.objects.sealed().filter(member=member).select_related("action").order_by("pk")

    def file(self, row: ConnectionRecord) -> File:
        return File(row.pdf, f"connections/{row.uid}.pdf", thing=str(row.uid))

    def title(self, row: ConnectionRecord) -> str:
        return row.title

    def note(self, row: ConnectionRecord) -> str:
        return _("Connection record, %(day)s") % {"day": date_format(row.made_at, "DATE_FORMAT")}

    def download_name(self, row: ConnectionRecord) -> str:
        return f"{row.file_name}.pdf"

    def reference(self, row: ConnectionRecord, scope: Scope) -> Reference:
        return row.as_reference()


def _record(scope: Scope, need: Need) -> Iterator[Finding]:
    """A paper for each who learnt at a distance that tells when; nothing is asked where nobody has to have one yet."""
    found = standing_of(scope)
    wanted = [person for person in scope.people if person.pk in found.wanted(is_over=scope.is_over)]
    open_for = [person for person in wanted if person.pk not in found.there]
    numbers: dict[str, Any] = {"of": len(wanted), "ready": len(wanted) - len(open_for), "article": need.article}
    if not wanted:
        return
    if not open_for:
        told = _("There.") if scope.member else _("Everybody who learnt at a distance has one.")
        link = _page_of(scope)
        yield Finding(need.key, need.name, State.READY, told, link=link, **numbers)
        return
    words = ngettext(
        "%(count)d is missing, or older than what was done since: %(names)s",
        "%(count)d are missing, or older than what was done since: %(names)s",
        len(open_for),
    )
    names = ", ".join(person.full_name for person in open_for[:SHOWN]) + (" …" if len(open_for) > SHOWN else "")
    state = State.LATE if scope.is_over else State.MISSING
    told = words % {"count": len(open_for), "names": names}
    yield Finding(need.key, need.name, state, told, Actor.LEAD, remedy=SOURCE, **numbers)


def _mend(scope: Scope, _target: str, by: Member) -> Mended | None:
    """Draw up those that are to be made; of many in the background."""
    action, members = action_of(scope), lacking(scope)
    if len(members) > AT_ONCE:
        named("connections.draw_up").enqueue(action.organisation_id, action.pk, is_asked=True)
        return Mended(_("They are drawn up in the background."))
    count = draw_up(action=action, members=members, by=by)
    words = ngettext(
        "%(count)d connection record is drawn up; its file is there in a moment.",
        "%(count)d connection records are drawn up; their files are there in a moment.",
        count,
    )
    return Mended(words % {"count": count})


def _page_of(scope: Scope) -> str:
    """Where one sees them: the paper of the one person, or everybody."""
    if scope.member is None:
        return reverse("action_people", args=[scope.organisation.slug, scope.uid])
    is_made = ConnectionRecordFiles().of_action(scope).exists()
    return reverse("connection_record", args=[scope.organisation.slug, scope.uid, scope.member.uid]) if is_made else ""


def _uids(records: "QuerySet[ConnectionRecord]") -> list[str]:
    return [str(uid) for uid in records.values_list("uid", flat=True)]


class ConnectionsContribution(Contribution):
    """Connection records. They are the action's, and go with it or with the person."""

    files = (ConnectionRecordFiles(),)
    sources: ClassVar = {SOURCE: _record}
    remedies: ClassVar = {SOURCE: Remedy(gettext_lazy("Draw up"), "pen", _mend)}
    records: ClassVar = {"connections.ConnectionRecord": gettext_lazy("Connection records")}

    def facts(self, scope: Scope) -> Iterator[Q]:
        """To one person belongs what was drawn up of them."""
        if scope.member:
            records = ConnectionRecord.objects.filter(action__uid=scope.uid, member=scope.member)
            yield Q(about=str(scope.uid), object_id__in=_uids(records))

    def counts(self, scope: Scope) -> Iterator[tuple[str, int]]:
        if count := ConnectionRecordFiles().of_action(scope).count():
            yield _("Connection records"), count

    def columns(self, scope: Scope, members: Sequence[Member]) -> Iterator[Column]:
        found = standing_of(scope)
        if not found.learners or not is_asked_for(action_of(scope)):
            return
        theirs, wanted = {member.pk for member in members}, found.wanted(is_over=scope.is_over)
        cells = {key: _("there") if key in found.there else _("to be made") for key in theirs & wanted}
        yield Column(_("Connection record"), cells, open=frozenset(cells.keys() - found.there))

    def titles(self, scope: Scope) -> Iterator[Paper]:
        rows = ConnectionRecord.objects.current().filter(action__uid=scope.uid)
        for title, name in rows.values_list("title", "content__said__person__name"):
            yield Paper(title, _("the connection record of %(name)s says") % {"name": name})

    def prepare(self, scope: Scope) -> None:
        """Those of who completed the course tell all that they did, and their files are made."""
        if is_asked_for(action_of(scope)):
            found = standing_of(scope)
            theirs = {person.pk for person in scope.people} & found.completed & found.learners
            draw_up(action=action_of(scope), members=theirs - found.there)
        from milepost.connections.typesetting import typeset  # brings what few processes need

        waiting = ConnectionRecord.objects.untypeset().filter(action__uid=scope.uid)
        for part in batched(waiting.select_related("organisation", "action", "member"), 25, strict=False):
            typeset(part)

    def let_go(self, scope: Scope) -> None:
        ConnectionRecord.objects.filter(action__uid=scope.uid).delete()

    def things_of(self, member: Member) -> Iterator[str]:
        return iter(_uids(ConnectionRecord.objects.filter(member=member)))

    def erase(self, member: Member) -> None:
        ConnectionRecord.objects.filter(member=member).delete()
