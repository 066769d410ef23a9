"""What a room holds of training actions and of people, so that evidence finds all of it without knowing the room.

A room that keeps anything about a training action or about a person says so once, in its `contribution.py`, and hangs
it up in its `registered.py`. From then on its files, facts and rows are in the dossier, the audit room, the history,
the readiness, the export, the erasure and the retention. `milepost.evidence.contributions` asks all rooms.

    class VisitFiles(FileKind[Visit]):                     # a file that lies in dossiers, and that auditors open
        name, model = "visit", Visit

        def of_action(self, scope: Scope) -> QuerySet[Visit]:
            return scope.narrow(Visit.objects.filter(action=scope.uid))

        def file(self, row: Visit) -> File:
            return File(row.digest, f"visits/{row.uid}.pdf")

    class VisitContribution(Contribution):
        files = (VisitFiles(),)

        def things(self, scope: Scope) -> Iterator[str]:   # facts about these belong to the action
            yield from (str(visit.uid) for visit in Visit.objects.filter(action=scope.uid))

        def actions_about(self, organisation: Organisation, uids: Collection[str]) -> Iterator[str]:  # and back
            yield from Visit.objects.filter(uid__in=uids).values_list("action", flat=True)

        def erase(self, member: Member) -> None:
            Visit.objects.filter(member=member).delete()

    contributions.register("visits", VisitContribution())  # in registered.py

It lies with people, the lowest floor that knows both persons and facts, because the rooms that contribute are below
evidence (see docs/decisions/0017-contributions-lie-low.md).
"""

from milepost.people.contributions.contribution import (
    Column,
    Contribution,
    DossierWriter,
    Hold,
    Involvement,
    Outside,
    Paper,
    contributions,
)
from milepost.people.contributions.files import File, FileKind, Listed, MadeFile, ending_of, safe_name
from milepost.people.contributions.readiness import Actor, Finding, Mended, Need, Remedy, State, for_each, in_language
from milepost.people.contributions.scope import BATCH, Scope

__all__ = [
    "BATCH",
    "Actor",
    "Column",
    "Contribution",
    "DossierWriter",
    "File",
    "FileKind",
    "Finding",
    "Hold",
    "Involvement",
    "Listed",
    "MadeFile",
    "Mended",
    "Need",
    "Outside",
    "Paper",
    "Remedy",
    "Scope",
    "State",
    "contributions",
    "ending_of",
    "for_each",
    "in_language",
    "safe_name",
]
