"""What visits hold of training actions and people."""

from collections.abc import Collection, Iterator, Sequence
from typing import ClassVar

from django.db.models import Q, QuerySet

from milepost.people.contributions import (
    Actor,
    Column,
    Contribution,
    DossierWriter,
    File,
    FileKind,
    Finding,
    Hold,
    Involvement,
    Mended,
    Need,
    Remedy,
    Scope,
    State,
    for_each,
)
from milepost.people.models import Member, Organisation
from tests.visits.models import Visit


def visits_of(scope: Scope) -> "QuerySet[Visit]":
    return scope.narrow(Visit.objects.filter(about=scope.about)).select_related("member").order_by("pk")


class ReportFiles(FileKind[Visit]):
    name, model = "visit-report", Visit

    def of_action(self, scope: Scope) -> "QuerySet[Visit]":
        return visits_of(scope)

    def of_person(self, member: Member) -> "QuerySet[Visit]":
        return Visit.objects.filter(member=member)

    def file(self, row: Visit) -> File:
        return File(row.report, f"visits/{row.uid}.txt", thing=str(row.uid))

    def title(self, row: Visit) -> str:
        return f"Visit to {row.place}"

    def download_name(self, row: Visit) -> str:
        return f"{row.place}.txt"


def _visit(scope: Scope, need: Need) -> Iterator[Finding]:
    there = set(visits_of(scope).values_list("member", flat=True))
    yield for_each(scope, need, there, Actor.TRAINER, remedy="send-trainer", target="now")


def _one_place(scope: Scope) -> Iterator[Finding]:
    places = set(visits_of(scope).values_list("place", flat=True))
    state = State.READY if len(places) < 2 else State.INCONSISTENT
    yield Finding("one-place", "One place", state, ", ".join(sorted(places)))


class VisitsContribution(Contribution):
    files = (ReportFiles(),)
    sources: ClassVar = {"visit": _visit}
    checks: ClassVar = {"one-place": _one_place}
    remedies: ClassVar = {"send-trainer": Remedy("Send a trainer", "person", lambda *_told: Mended("Sent."))}
    records: ClassVar = {"visits.Visit": "Visits at work"}

    def actions_about(self, organisation: Organisation, uids: Collection[str]) -> Iterator[str]:
        abouts = Visit.objects.filter(organisation=organisation, uid__in=uids).values_list("about", flat=True)
        return (about.removeprefix("action:") for about in abouts)

    def things(self, scope: Scope) -> Iterator[str]:
        if scope.member is None:
            yield from (str(visit.uid) for visit in visits_of(scope))

    def facts(self, scope: Scope) -> Iterator[Q]:
        if scope.member:
            yield Q(object_id__in=[str(visit.uid) for visit in visits_of(scope)])

    def counts(self, scope: Scope) -> Iterator[tuple[str, int]]:
        if count := visits_of(scope).count():
            yield "Visits", count

    def columns(self, scope: Scope, members: Sequence[Member]) -> Iterator[Column]:
        visited = {visit.member_id: visit.place for visit in visits_of(scope).filter(member__in=members)}
        if visited:
            yield Column(
                "Visited at", visited, open=frozenset(member.pk for member in members if member.pk not in visited)
            )

    def write(self, scope: Scope, dossier: DossierWriter) -> None:
        if visits_of(scope):
            rows = ([visit.place, visit.member.full_name] for visit in visits_of(scope))
            dossier.table("as-the-organisation-says/visits.csv", iter([["place", "person"], *rows]))

    def let_go(self, scope: Scope) -> None:
        visits_of(scope).delete()

    def things_of(self, member: Member) -> Iterator[str]:
        return (str(uid) for uid in Visit.objects.filter(member=member).values_list("uid", flat=True))

    def involvement(self, member: Member) -> Involvement:
        abouts = Visit.objects.filter(member=member, about__startswith="action:").values_list("about", flat=True)
        return Involvement(action_uids=frozenset(about.removeprefix("action:") for about in abouts))

    def holds(self, member: Member) -> Iterator[Hold]:
        if Visit.objects.filter(member=member, must_stay=True).exists():
            yield Hold("An accident was reported, which stays for ten years.")

    def erase(self, member: Member) -> None:
        Visit.objects.filter(member=member).delete()
