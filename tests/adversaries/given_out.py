"""All that an organisation gives out of one training action, as those who have it hold it."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from milepost import verify as verifier
from milepost.anchors.publishing import keys_of
from milepost.attestations.attesting import Wish, attest
from milepost.attestations.models import Attestation
from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.credentials import badges
from milepost.credentials.models import Certificate
from milepost.evidence.actions import add_piece
from milepost.evidence.dossiers import build
from milepost.evidence.tests.authorities import certified
from milepost.journal import chaining, checkpoints, keys
from milepost.journal.models import Cosignature, Entry
from milepost.journal.notes import COSIGNATURE, Note, VerifierKey, cosign, public_of
from milepost.journal.proofs import inclusion_proof
from milepost.journal.sealing import seal
from milepost.journal.tests.test_sealing import certificate_for, pkcs12_file
from milepost.receipts.making import take_receipt
from milepost.verify.published import Published
from milepost.verify.status_lists import Issuer
from milepost.verify.witnesses import Policy
from tests.adversaries.changes import Files

AFTER = datetime(2026, 12, 20, 9, tzinfo=UTC)


@dataclass
class World:
    """What `evidence.tests.conftest.make_complete` made."""

    organisation: Any
    lead: Any
    course: Any
    session: Any
    action: Any


def stamped_parts(world: World) -> None:
    """Seal the facts in parts that an authority stamps, so that dossiers have heads that date them."""
    for number in range(3):
        add_piece(
            action=world.action, key="hot-evaluation", name=f"{number}.csv", content=b"5;%d" % number, by=world.lead
        )
        certified().stamp(seal(world.organisation.pk))


def dossier_of(world: World, member: Any = None) -> bytes:
    """The action's dossier, as it is now."""
    file = io.BytesIO()
    build(action=world.action, member=member, file=file)
    return file.getvalue()


def receipt_of(world: World) -> bytes:
    """The receipt of somebody who has a certificate."""
    file, member = io.BytesIO(), certificate().enrolment.member
    take_receipt(member=member, file=file, by=member)
    return file.getvalue()


def certificate() -> Certificate:
    return Certificate.objects.select_related("organisation", "enrolment__member__organisation").order_by("pk")[0]


def attestation_of(world: World) -> tuple[Attestation, bytes, bytes]:
    """An attestation of the course, its page and its list."""
    with clock.at(AFTER):
        made = attest(organisation=world.organisation, wish=Wish((world.course,), date(2026, 12, 1)), by=world.lead)
        run_all(queues=["builds"])
    made = Attestation.objects.select_related("organisation").get(pk=made.pk)
    return made, blobs.read(world.organisation.uid, made.pdf), blobs.read(world.organisation.uid, made.annex)


def proof_of(world: World) -> bytes:
    """The proof of one fact."""
    entry = Entry.objects.filter(organisation_id=world.organisation.pk, verb="signed").order_by("id")[0]
    return json.dumps(inclusion_proof(entry)).encode()


def published_by(world: World) -> bytes:
    """keys.json of an organisation that changed its key, and revoked the one before from then on."""
    first = keys.current_key(world.organisation.pk)
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    keys.import_pkcs12(world.organisation.pk, pkcs12_file(private, certificate_for(private)), password="secret")
    keys.revoke(world.organisation.pk, first.fingerprint, since=AFTER, reason="A laptop was stolen.")
    return json.dumps(keys_of(world.organisation)).encode()


def contents(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: Files) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@contextmanager
def put_back() -> Iterator[None]:
    """Whatever is done within is undone: rows, the lines of the second memory, and what this thread knows that it wrote last."""
    folder, waiting = Path(settings.ENVIRONMENT.data) / "seals", connection.run_on_commit
    remembered = {path: path.read_bytes() for path in folder.glob("*.jsonl")}
    unnamed = dict(chaining._unnamed)
    try:
        with transaction.atomic():
            connection.run_on_commit = list(waiting)
            try:
                yield
            finally:
                transaction.set_rollback(True)
    finally:
        connection.run_on_commit = waiting
        chaining._unnamed.clear()
        chaining._unnamed.update(unnamed)
        for path in folder.glob("*.jsonl"):
            path.unlink()
        for path, content in remembered.items():
            path.write_bytes(content)


class Reader:
    """Whoever has something in hand, and checks it with what they know."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key

    def report(self, content: bytes, *, annex: bytes | None = None, published: bytes | None = None, **more: Any) -> Any:
        """What `milepost verify FILE --key KEY` comes to. Raises `verifier.Broken`."""
        path = self.folder / "given"
        path.write_bytes(content)
        if annex is not None:
            (self.folder / "annex").write_bytes(annex)
            more["annex"] = self.folder / "annex"
        if published is not None:
            more["published"] = Published.parse(published)
        return verifier.verify(path, keys=[self.key], **more)

    def finds(self, content: bytes, **more: Any) -> str:
        """What finds a tampering: "verify", which names it or says that it can't read the file; '' for nobody."""
        try:
            self.report(content, **more)
        except verifier.Broken as found:
            return "verify, unnamed" if str(found).startswith("The file is not as Milepost writes it (") else "verify"
        return ""


class Witness:
    """A witness that has seen heads of the log, and cosigns only what goes on from them (C2SP tlog-witness)."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self.private = Ed25519PrivateKey.generate()
        self.key = VerifierKey("witness.example/w", COSIGNATURE, public_of(self.private))
        self.seen: list[tuple[int, bytes]] = []

    @property
    def policy(self) -> Policy:
        return Policy.of_all([str(self.key)])

    def cosign(self, world: World) -> bool:
        """Cosign the newest head, and say whether it did."""
        from milepost.journal import merkle, tiles

        newest = checkpoints.newest(world.organisation.pk)
        size, root = newest.seal.size, bytes(newest.seal.root)
        nodes = tiles.StoredNodes(world.organisation.pk)
        for before, known in self.seen:
            if before > size:
                return False
            path = merkle.consistency_proof(before, size, nodes) if before < size else []
            if not merkle.is_consistent(before, known, size, root, path):
                return False
        self.seen.append((size, root))
        note: Note = checkpoints.note_of(newest)
        now = clock.now()
        signed = cosign(self.private, self.key, note.text, time=int(now.timestamp()))
        Cosignature.objects.create(checkpoint=newest, witness=str(self.key), content=signed.content, time=now)
        return True


def issuer(jwks: bytes) -> Issuer:
    """What somebody has of who issued a badge."""
    return Issuer(lambda: jwks, None)


__all__: Sequence[str] = (
    "Reader",
    "Witness",
    "World",
    "attestation_of",
    "badges",
    "contents",
    "dossier_of",
    "proof_of",
    "zipped",
)
