"""The dossier: everything of an action in one zip that anybody can check offline (see `milepost.verify`).

It is written as it is read, so its size does not matter to memory, and people go on learning and signing meanwhile. So
the facts are read first, up to the newest seal; what else is in it is as these facts tell of it. A worker that is
killed leaves no half dossier: the next one begins anew.
"""

import hashlib
import json
import logging
import tempfile
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import batched, chain, islice
from pathlib import Path
from typing import IO, Any

from cryptography.hazmat.primitives import serialization
from django.db import transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from milepost.analytics.reports.progress import people_rows
from milepost.core import blobs, clock
from milepost.core.table_files import as_csv
from milepost.core.words import duration
from milepost.credentials.typesetting import typeset
from milepost.documents.composing import ensure_file
from milepost.documents.typesetting import logo_of, render
from milepost.evidence.belongings import Belongings
from milepost.evidence.forgetting import digests_in
from milepost.evidence.models import Dossier, TrainingAction
from milepost.evidence.readiness import Readiness, readiness_of
from milepost.journal import keys, merkle, tiles
from milepost.journal.models import Entry, SigningKey
from milepost.journal.proofs import as_json
from milepost.journal.recording import SYSTEM, record, time_text
from milepost.journal.sealing import newest, seal
from milepost.journal.verbs import Verb
from milepost.people.models import Member
from milepost.verify import FORMAT

PART = 1_000
ATTENDANCE = ("name", "hours", "state", "signed_at", "way", "arrived_at", "left_at", "minutes", "absence_reason")
STALE = timedelta(minutes=2)  # a worker that was not heard of for so long is gone

logger = logging.getLogger(__name__)
Progress = Callable[[int, int], object]


def ask_for(*, action: TrainingAction, by: Member, member: Member | None = None) -> Dossier:
    """Have the dossier built in the background: the action's, or what it holds of one person. Records `requested`."""
    with transaction.atomic():
        dossier = Dossier.objects.create(organisation=action.organisation, action=action, member=member, asked_by=by)
        record(Verb.REQUESTED, organisation_id=action.organisation_id, actor=by.as_reference(), object=action.as_reference(),
               context={"dossier": str(dossier.uid)})  # fmt: skip
    return dossier


def build_pending() -> int:
    """Build what was asked for, in all organisations; return how many. One that a killed worker left is begun anew."""
    count = 0
    waiting = Q(digest="", problem="") & (Q(seen_at=None) | Q(seen_at__lt=clock.now() - STALE))
    for dossier in (
        Dossier.objects.filter(waiting)
        .select_related("action__organisation", "action__course", "asked_by", "member")
        .order_by("pk")[:5]
    ):
        if Dossier.objects.filter(waiting, pk=dossier.pk).update(seen_at=clock.now()):
            _build_one(dossier)
            count += 1
    return count


def _build_one(dossier: Dossier) -> None:
    def tell(done: int, total: int) -> None:
        Dossier.objects.filter(pk=dossier.pk).update(done=done, total=total, seen_at=clock.now())

    organisation = dossier.action.organisation
    try:
        with tempfile.TemporaryFile() as file:
            build(action=dossier.action, member=dossier.member, file=file, progress=tell)
            size = file.tell()
            file.seek(0)
            digest = blobs.store_stream(organisation.uid, blobs.chunks_of(file))
    except Exception as error:
        logger.exception("The dossier %s can't be built.", dossier.uid)
        Dossier.objects.filter(pk=dossier.pk).update(problem=f"{type(error).__name__}"[:300])
        return
    actor = dossier.asked_by.as_reference() if dossier.asked_by else SYSTEM
    with transaction.atomic():
        Dossier.objects.filter(pk=dossier.pk).update(digest=digest, size=size, done=F("total"))
        record(Verb.EXPORTED, organisation_id=organisation.pk, actor=actor, object=dossier.action.as_reference(),
               result={"sha256": digest}, context={"dossier": str(dossier.uid)})  # fmt: skip


def build(
    *,
    action: TrainingAction,
    file: IO[bytes],
    member: Member | None = None,
    progress: Progress = lambda _done, _total: None,
) -> None:
    """Write the dossier into the file: of the whole action, or, of one person in it, all that names nobody else.

    What it tells of is made and sealed first, so that nothing is missing.
    """
    things = Belongings(action, member)
    _finish(things)
    found = readiness_of(action, member)
    seal(action.organisation_id)
    with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        _Builder(things, archive, found, progress).write()


def _finish(things: Belongings) -> None:
    """Make the files that wait for the background."""
    from milepost.classroom.sheets import make_sheet

    for sheet in things.sheets.filter(pdf=""):
        make_sheet(sheet)
    for document in things.documents.filter(pdf="").select_related("organisation"):
        if hasattr(document, "request") or not document.content.get("capacities"):
            ensure_file(document)
    for part in batched(things.certificates.filter(pdf="").select_related("organisation"), 25, strict=False):
        typeset(part)


class _Builder:
    """A dossier while it is being written."""

    def __init__(self, things: Belongings, archive: zipfile.ZipFile, found: Readiness, progress: Progress) -> None:
        self.things, self.action, self.archive = things, things.action, archive
        self.found, self.progress = found, progress
        self.organisation = self.action.organisation
        self.key = keys.current_key(self.organisation.pk)
        self.now = clock.now()
        self.files: dict[str, dict[str, Any]] = {}
        self.known: set[str] = set()  # every digest that the facts name
        self.newest: dict[str, str] = {}  # of each thing, the digest of its file in the newest fact
        self.sealed: set[str] = set()  # the digests of files that carry our seal, and all signatures
        self.documents, self.certificates = things.documents.exclude(pdf=""), things.certificates.exclude(pdf="")
        self.done, self.total = 0, 4 + self.documents.count() + self.certificates.count()

    def write(self) -> None:
        count = self._journal()
        self._pieces()
        self._records()
        self._keys()
        self._cover(count)
        self._manifest(count)

    def _step(self, count: int = 1) -> None:
        self.done += count
        self.progress(min(self.done, self.total), self.total)

    def _add(self, name: str, chunks: Iterable[bytes], *, kind: str = "", compressed: bool = True) -> None:
        """Add a file, and remember its fingerprint."""
        info = zipfile.ZipInfo(name, date_time=self.now.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        digest, size = hashlib.sha256(), 0
        with self.archive.open(info, "w", force_zip64=True) as target:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
        self.files[name] = {"sha256": digest.hexdigest(), "size": size} | ({"kind": kind} if kind else {})

    def _as_told(self, thing: object, digest: str) -> str:
        """The thing's file as the facts know it: a time stamp or a signature may have come since. Empty for a new one."""
        return digest if digest in self.known else self.newest.get(str(thing), "")

    def _blob(self, name: str, digest: str, *, kind: str) -> None:
        """Add a stored file, unless the facts do not know it: it came while the dossier was being written."""
        if digest not in self.known:
            return
        with blobs.open_blob(self.organisation.uid, digest) as file:
            self._add(name, blobs.chunks_of(file), kind=kind, compressed=False)

    def _pieces(self) -> None:
        for document in self.documents:
            who = f"-{document.pk}" if ":" in document.about.removeprefix("action:") else ""
            digest = self._as_told(document.uid, document.pdf)
            self._blob(
                f"pieces/documents/{document.kind or 'document'}-{document.pk}{who}.pdf",
                digest,
                kind="document" if digest in self.sealed else "file",
            )
            for number, annex in enumerate(document.annexes, start=1):
                self._blob(
                    f"pieces/documents/{document.kind or 'document'}-{document.pk}-annex-{number}-{_safe(annex['name'])}",
                    annex["digest"],
                    kind="annex",
                )
            self._step()
        for sheet in self.things.sheets.exclude(pdf=""):
            digest = self._as_told(sheet.as_reference().id, sheet.pdf)
            self._blob(f"pieces/sheets/{sheet.session.reference}-{sheet.number}.pdf", digest, kind="sheet")
        for log in self.things.logs:
            self._blob(f"pieces/logs/{log.session.reference}-{log.pk}-{_safe(log.source)}", log.digest, kind="log")
        for row in self.things.attendances.exclude(absence_file=""):
            self._blob(f"pieces/absences/{row.uid}-{_safe(row.absence_file_name)}", row.absence_file, kind="absence")
        for piece in self.things.pieces:
            self._blob(f"pieces/files/{piece.key}-{piece.pk}-{_safe(piece.name)}", piece.digest, kind="file")
        for part in batched(self.certificates.values_list("uid", "pdf").iterator(PART), PART, strict=False):
            for uid, digest in part:
                self._blob(f"pieces/certificates/{uid}.pdf", self._as_told(uid, digest), kind="certificate")
            self._step(len(part))

    # --- Records ------------------------------------------------------------------------------------------

    def _records(self) -> None:
        self._json("records/action.json", _action_json(self.things))
        self._json("records/readiness.json", [
            {"key": f.key, "label": f.label, "state": str(f.state), "words": f.words, "article": f.article} for f in self.found.findings
        ])  # fmt: skip
        if self.things.sessions:
            with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:  # read once, written twice
                spool.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in self._attendance())
                spool.seek(0)
                self._add("records/attendance.json", _array(spool), kind="record")
                spool.seek(0)
                self._table("records/attendance.csv", _attendance_table(map(json.loads, spool)))
        if self.action.course and self.action.course.published_id:
            self._table("records/progress.csv", people_rows(self.action.course, self.things.people.order_by()))
        self._step()

    def _json(self, name: str, told: Any) -> None:
        self._add(name, [json.dumps(told, ensure_ascii=False, indent=1).encode()], kind="record")

    def _table(self, name: str, rows: Iterator[list[Any]]) -> None:
        self._add(name, (line.encode() for line in as_csv(rows)), kind="table")

    def _attendance(self) -> Iterator[dict[str, Any]]:
        rows = self.things.attendances.order_by("slot__starts_at", "participant__member__family_name", "pk")
        for row in rows.iterator(PART):
            if row.drawn and row.drawn.fingerprint not in self.known:  # signed while the dossier was being written
                row.signed_at = row.signature = row.location = None
                row.way = row.address = row.agent = ""
            yield {
                "person": str(row.participant.member.uid), "name": row.participant.member.full_name,
                "employer": row.participant.employer, "slot": str(row.slot.uid), "hours": str(row.slot), "state": row.state,
                "signed_at": time_text(row.signed_at) if row.signed_at else None, "way": row.way,
                "signature": row.signature, "address": row.address, "agent": row.agent, "location": row.location,
                "device_time": time_text(row.device_time) if row.device_time else None,
                "arrived_at": time_text(row.arrived_at) if row.arrived_at else None,
                "left_at": time_text(row.left_at) if row.left_at else None,
                "minutes": row.minutes, "absence_reason": row.absence_reason, "earlier": row.earlier,
            }  # fmt: skip

    # --- The journal --------------------------------------------------------------------------------------

    def _journal(self) -> int:
        """The facts, what it takes to come from them to the sealed head, and the seal."""
        head = newest(self.action.organisation_id)
        assert head is not None  # noqa: S101 (making the action was a fact, and it was sealed)
        places = _places(self.action.organisation_id, self.things.entry_numbers(), head.size)
        order = sorted(places, key=places.__getitem__)
        leaves: list[str] = []
        self._add("journal/entries.jsonl", self._lines(order, places, leaves), kind="journal")
        self._add("journal/leaves.txt", ["\n".join(leaves).encode()], kind="journal")
        indices = [places[number] for number in order]
        proof = merkle.multiproof(indices, head.size, tiles.StoredNodes(self.action.organisation_id))
        self._json("journal/proof.json", {"size": head.size, "nodes": [node.hex() for node in proof]})
        self._json("journal/seal.json", as_json(head))
        self._step()
        return len(order)

    def _lines(self, order: list[int], places: dict[int, int], leaves: list[str]) -> Iterator[bytes]:
        for part in batched(order, PART, strict=False):
            rows = {
                row[0]: row for row in Entry.objects.filter(pk__in=part).values_list("id", "salt", "statement", "leaf")
            }
            lines = []
            for number in part:
                _id, salt, statement, leaf = rows[number]
                leaves.append(bytes(leaf).hex())
                self._remember(statement)
                lines.append(
                    json.dumps(
                        {"index": places[number], "salt": bytes(salt).hex(), "statement": statement}, ensure_ascii=False
                    )
                )
            yield ("\n".join(lines) + "\n").encode()

    def _remember(self, statement: str) -> None:
        if digests := digests_in(statement):
            self.known.update(digests)
            told = json.loads(statement)
            if digest := told.get("result", {}).get("sha256"):
                self.newest[told["object"]["id"]] = digest
                if told["verb"] in (Verb.SEALED, Verb.COMPLETED):
                    self.sealed.add(digest)

    def _keys(self) -> None:
        """Every key that the organisation ever signed with, and how each handed over to the next."""
        told = {}
        for key in SigningKey.objects.filter(organisation_id=self.action.organisation_id):
            told[key.fingerprint] = {
                "endorsed_by": key.endorsed_by,
                "endorsement": b64encode(bytes(key.endorsement)).decode(),
            }
            pem = key.x509.public_bytes(serialization.Encoding.PEM)
            self._add(f"keys/{key.fingerprint}.pem", [pem], kind="key")
        self._json("keys/keys.json", told)

    # --- Cover and manifest -------------------------------------------------------------------------------

    def _cover(self, count: int) -> None:
        from milepost.documents.sealing import seal_pdf  # brings pyHanko, which few processes need

        time = self.now.replace(microsecond=0)
        pdf = render("cover", self._cover_page(count), time=time)
        self._add(
            "cover.pdf",
            [seal_pdf(pdf, key=self.key, time=time, reason=f"Dossier {self.action.reference}")],
            kind="cover",
            compressed=False,
        )
        self._step()

    def _cover_page(self, count: int) -> dict[str, Any]:
        action, member = self.action, self.things.member
        with translation.override(action.language):
            facts = [
                (_("Reference"), action.reference), (_("Profile"), self.found.profile.label), (_("The other party"), action.client),
                (_("Funding body"), " · ".join(part for part in (action.funder, action.funding_reference) if part)),
                (_("Dates"), f"{date_format(action.starts_on, 'DATE_FORMAT')} – {date_format(action.ends_on, 'DATE_FORMAT')}"),
                (_("Duration"), duration(action.minutes)), (_("Participants"), str(action.members.count()) if member is None else ""), (_("Person"), member.full_name if member else ""),
                (_("Live sessions"), str(len(self.things.sessions))), (_("Certificates"), str(self.certificates.count())),
                (_("Facts of the journal"), str(count)),
            ]  # fmt: skip
            return {
                "language": action.language, "organisation": self.organisation.name, "colour": self.organisation.brand_colour,
                "organisation_facts": [fact for fact in (self.organisation.postal_address, self.organisation.registration_number) if fact],
                "logo": logo_of(self.organisation), "heading": _("Dossier"), "title": action.title, "reference": action.reference,
                "facts": [fact for fact in facts if fact[1]],
                "percent": self.found.percent,
                "readiness": _("%(percent)s %% of what the profile “%(profile)s” wants is there.") % {"percent": self.found.percent, "profile": self.found.profile.label},
                "labels": [_("Piece"), _("State"), _("Article")],
                "findings": [[f.label, f.words, f.article, f.is_ready] for f in self.found.findings],
                "how": _("How to check it"),
                "check": [
                    _("Everything in this dossier can be checked offline, without an account and without trusting whoever made it: milepost verify FILE, or the one file verify.py that Milepost publishes."),
                    _("The manifest lists every file with its fingerprint and is signed. The facts in journal/entries.jsonl lead to the head of the journal’s tree (RFC 9162), which is sealed. Every sealed document stands in the journal with its fingerprint."),
                    _("Key (SHA-256): %(key)s") % {"key": self.key.fingerprint},
                ],
                "made": _("Made on %(day)s.") % {"day": date_format(self.now, "DATETIME_FORMAT")},
                "sealed": _("Sealed electronically for %(name)s.") % {"name": self.organisation.name},
            }  # fmt: skip

    def _manifest(self, count: int) -> None:
        member = self.things.member
        told = {
            "format": FORMAT, "made_at": time_text(self.now), "key": self.key.fingerprint, "entries": count,
            "organisation": {"number": self.organisation.pk, "id": str(self.organisation.uid), "name": self.organisation.name},
            "action": {"id": str(self.action.uid), "reference": self.action.reference, "title": self.action.title},
            "person": {"id": str(member.uid), "name": member.full_name} if member else None,
            "files": dict(sorted(self.files.items())),
        }  # fmt: skip
        content = json.dumps(told, ensure_ascii=False, indent=1).encode()
        for name, part in (("manifest.json", content), ("manifest.sig", keys.sign(self.key, content))):
            self._add(name, [part])
        self._step()


def _array(lines: Iterable[str]) -> Iterator[bytes]:
    """Lines of JSON as one array, a line at a time."""
    before = "["
    for line in lines:
        yield (before + "\n" + line.rstrip("\n")).encode()
        before = ","
    yield b"\n]" if before == "," else b"[]"


def _attendance_table(rows: Iterable[dict[str, Any]]) -> Iterator[list[Any]]:
    yield list(ATTENDANCE)
    for row in rows:
        yield ["" if row[name] is None else row[name] for name in ATTENDANCE]


def _safe(name: str) -> str:
    """A file's name, as a name inside of a zip that every system can unpack."""
    return "".join(character if character.isalnum() or character in "-_." else "-" for character in name)[-60:].lstrip(
        "."
    )


def _places(organisation_id: int, wanted: set[int], size: int) -> dict[int, int]:
    """The place of each of these entries in the tree of this size; later ones have none."""
    leaves = chain.from_iterable(tiles.leaves_of(organisation_id))
    return {number: place for place, (number, _leaf) in enumerate(islice(leaves, size)) if number in wanted}


def _action_json(things: Belongings) -> dict[str, Any]:
    action = things.action
    return {
        "reference": action.reference, "title": action.title, "profile": action.profile, "client": action.client,
        "funder": action.funder, "funding_reference": action.funding_reference, "starts_on": action.starts_on.isoformat(),
        "ends_on": action.ends_on.isoformat(), "minutes": action.minutes, "objectives": action.objectives,
        "course": {"id": str(action.course.uid), "title": action.course.title} if action.course else None,
        "sessions": [
            {
                "reference": session.reference, "title": session.title, "form": session.form, "place": session.where,
                "slots": [[time_text(slot.starts_at), time_text(slot.ends_at)] for slot in things.slots if slot.session_id == session.pk],
                "trainers": [trainer.name for trainer in session.trainers.all()],
            }
            for session in things.sessions
        ],
        "people": [
            {"id": str(member.uid), "name": member.full_name}
            for member in things.people.only("uid", "given_name", "family_name").iterator(PART)
        ],
    }  # fmt: skip


def build_to(
    path: Path,
    action: TrainingAction,
    *,
    member: Member | None = None,
    progress: Progress = lambda _done, _total: None,
) -> None:
    """Write the dossier to a file, whole or not at all. Raises `OSError`."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w+b") as file:
            build(action=action, member=member, file=file, progress=progress)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
