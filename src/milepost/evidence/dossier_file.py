"""The zip of a dossier, written as it is read, so that its size does not matter to memory.

People go on learning and signing meanwhile. So the facts are read first, up to the newest seal; what else is in it is
as these facts tell of it. What rooms have in it is told by their contributions, in the order in which they start.
"""

import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import merge
from itertools import batched
from typing import Any

from django.utils.functional import Promise

from milepost.core import blobs
from milepost.core.table_files import as_csv
from milepost.documents.typesetting import render
from milepost.evidence.contributions import file_kinds, numbers_with_erased, session_uids, things, things_besides
from milepost.evidence.cover import cover_page
from milepost.evidence.describing import ALWAYS_TOLD
from milepost.evidence.facts import ACTION_CREATED, ACTION_REGISTERED, ACTION_UPDATED
from milepost.evidence.models import TrainingAction
from milepost.evidence.readiness import Readiness
from milepost.evidence.sealed_archive import ChangedMeanwhile, SealedArchive
from milepost.journal.models import Entry
from milepost.journal.vocabulary import FactType
from milepost.people.contributions import File, Finding, Scope, contributions
from milepost.people.models import Member
from milepost.verify.completeness import Parts
from milepost.verify.dossier import FORMAT
from milepost.verify.records import AS_SAID
from milepost.verify.report import Broken

PART = 1_000
# In canonical JSON:
_PERSON = re.compile(r'\{"actor":\{"id":"([0-9a-f-]{36})","name":("(?:[^"\\]|\\.)*"),"type":"member"')
_OF_SCOPE = re.compile(r'"type":"(action|document|session)"')
Progress = Callable[[int, int], object]


class DossierFile(SealedArchive):
    """A dossier while it is being written."""

    def __init__(
        self,
        action: TrainingAction,
        scope: Scope,
        archive: zipfile.ZipFile,
        readiness: Readiness,
        progress: Progress,
    ) -> None:
        super().__init__(action.organisation, archive)
        self.action, self.scope = action, scope
        self.readiness, self.progress = readiness, progress
        self.names: dict[str, str] = {}  # of people, by the last fact that names them
        self.parts = Parts()  # what the verifier will take the action for
        self.headings: dict[str, str | Promise] = {}  # what the pieces of each folder are called
        self.kinds = [kind for kind in file_kinds() if kind.in_dossier]
        self.done, self.total = 0, 4 + sum(kind.of_action(scope).count() for kind in self.kinds)

    def write(self) -> None:
        count = self.add_journal(lambda: numbers_with_erased(self.scope), *self._claims())
        self._step()
        self._pieces()
        self._records()
        self.add_keys()
        self._cover(count)
        self._manifest(count)

    def _step(self, count: int = 1) -> None:
        self.done += count
        self.progress(min(self.done, self.total), self.total)

    # --- What rooms write (`DossierWriter`) ---

    def table(self, name: str, rows: Iterator[list[Any]]) -> None:
        """A table as CSV, its heading first."""
        self.add(name, (line.encode() for line in as_csv(rows)))

    def facts(self, types: Collection[FactType]) -> Iterator[Mapping[str, Any]]:
        """The statements in the dossier that are of these types, in their order."""
        places = merge(*(self.of_type.get(fact_type.name, ()) for fact_type in types))
        for part in batched((self.order[place] for place in places), PART, strict=False):
            told = Entry.objects.filter(pk__in=part).exclude(statement="").order_by()
            rows = dict(told.values_list("pk", "statement"))
            yield from (json.loads(rows[number]) for number in part if number in rows)

    @cached_property
    def people(self) -> Sequence[tuple[str, str]]:
        """Uid and name, as the facts have it, of everybody who takes part in the action, by name."""
        about = str(self.action.uid)
        people = {fact["actor"]["id"] for fact in self.facts([ACTION_REGISTERED]) if fact["object"]["id"] == about}
        return sorted(((uid, self.names[uid]) for uid in people), key=lambda person: (person[1], person[0]))

    def name_of(self, member: Member) -> str:
        """What the last fact in the dossier that names the person calls them."""
        return self.names.get(str(member.uid)) or member.full_name

    # --- Files ---

    def _pieces(self) -> None:
        """Every file of every kind, room by room, as the facts tell of it."""
        for kind in self.kinds:
            for part in batched(kind.of_action(self.scope).iterator(PART), PART, strict=False):
                for row in part:
                    for file in (kind.file(row), *kind.beside(row)):
                        self._piece(file)
                        self.headings.setdefault(file.path.partition("/")[0], kind.heading)
                self._step(len(part))

    def _piece(self, file: File) -> None:
        """Add a stored file, unless the facts do not know it: it came while the dossier was being written.

        A time stamp or a signature may have come since; then the file is the one that the facts tell of.
        """
        digest = self.told_digest(file)
        if not file.path or digest not in self.known:
            return
        content = blobs.chunks(self.organisation.uid, digest)
        self.add(f"pieces/{file.path}", content, compressed=False)

    # --- Records ---

    def _records(self) -> None:
        self.add_json("records/action.json", self._told_action)
        self.add_json(f"{AS_SAID}readiness.json", [_finding(finding) for finding in self.readiness.findings])
        for contribution in contributions.all():
            contribution.write(self.scope, self)
        self._step()

    @cached_property
    def _told_action(self) -> dict[str, Any]:
        """What the action is, and who takes part: as it was recorded when it was made, and changed since."""
        about = str(self.action.uid)
        told = [fact for fact in self.facts([ACTION_CREATED, ACTION_UPDATED]) if fact["object"]["id"] == about]
        [made] = [fact for fact in told if fact["verb"] == "created"]
        said: dict[str, Any] = {"profile": made["context"]["profile"], **dict.fromkeys(ALWAYS_TOLD, "")}
        said |= {"course": None, **made.get("result", {})}
        for fact in told:
            said |= fact.get("result", {}).get("changes", {})
        return said | {"people": [{"id": uid, "name": name} for uid, name in self.people]}

    # --- The journal --------------------------------------------------------------------------------------

    def _claims(self) -> tuple[set[str], dict[str, set[str]]]:
        """Of what the dossier has each fact: of which things, and of which things those of which people."""
        abouts = set(things(self.scope))
        course = str(self.scope.course_uid) if self.scope.course_uid else ""
        if member := self.scope.member:
            # Of sessions in which they have no seat, too, that no fact of theirs is about them.
            abouts.update(things_besides(self.scope), session_uids(self.scope))
            return set(), {about: {str(member.uid)} for about in (*abouts, course) if about}
        people = {uid for part in self.scope.people_in_batches() for uid in part}
        return abouts, {course: people} if course else {}

    def hold(self, root: bytes | None, completeness: "dict[str, Any] | None") -> None:
        """Refuse a dossier that would not hold: something was erased, or came to the action, while it was being written."""
        action, member = str(self.action.uid), self.scope.member
        try:
            self.erasures.hold()
            if root and completeness:
                wanted = self.parts.wanted(action, str(member.uid) if member else None)
                self.index.hold(root, completeness, wanted, self.parts.names)
        except Broken as error:
            raise ChangedMeanwhile(str(error)) from error

    def hear(self, statement: str) -> None:
        if person := _PERSON.match(statement):
            self.names[person[1]] = json.loads(person[2])
        if _OF_SCOPE.search(statement):
            self.parts.hear(json.loads(statement))
        super().hear(statement)

    # --- Cover and manifest -------------------------------------------------------------------------------

    def _cover(self, count: int) -> None:
        from milepost.documents.sealing import seal_pdf  # brings pyHanko, which few processes need

        time = self.now.replace(microsecond=0)
        said = self._numbers(count)
        page = cover_page(
            self.action, self.readiness, said, headings=self.headings, made_at=self.now, key=self.key.fingerprint
        )
        sealed = seal_pdf(
            render("cover", page, time=time), key=self.key, time=time, reason=f"Dossier {self.action.reference}"
        )
        self.add("cover.pdf", [sealed], compressed=False)
        self._step()

    def _numbers(self, count: int) -> dict[str, Any]:
        """What the cover tells of the action and of the dossier, as its attachment has it for machines."""
        action = self._told_action
        names = ("reference", "title", "client", "funder", "funding_reference", "starts_on", "ends_on", "minutes")
        person = self.name_of(self.scope.member) if self.scope.member else ""
        pieces = Counter(name.split("/")[1] for name in self.files if name.startswith("pieces/"))
        numbers = {"people": len(action["people"]), "facts": count, "pieces": dict(pieces)}
        return (
            {name: action[name] for name in names}
            | {"organisation": self.told_organisation, "person": person}
            | numbers
        )

    def _manifest(self, count: int) -> None:
        member, action = self.scope.member, self.action
        about = {
            "action": {"id": str(action.uid), "reference": action.reference, "title": self._told_action["title"]},
            "person": {"id": str(member.uid), "name": self.name_of(member)} if member else None,
        }
        self.add_manifest(FORMAT, count, about)
        self._step()


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "key": finding.key,
        "label": finding.label,
        "state": str(finding.state),
        "words": finding.words,
        "article": finding.article,
    }
