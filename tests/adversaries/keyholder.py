"""Whoever holds the organisation's key changes what it gave out, and signs anew all that a key can sign."""

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from milepost.core import clock
from milepost.credentials import securing
from milepost.documents.sealing import seal_pdf
from milepost.documents.typesetting import render
from milepost.evidence.cover import cover_page
from milepost.evidence.readiness import readiness_of
from milepost.evidence.tests.test_tampering import as_the_insider, sealed_over
from milepost.journal import log_keys
from milepost.journal.leaves import leaf_hash
from milepost.journal.notes import NOTE, Note, Signature, VerifierKey
from milepost.verify.pdf_seals import attached
from tests.adversaries.changes import Files, dumped, of_documents, of_json, of_zip, put
from tests.adversaries.given_out import Reader, World, contents, zipped
from tests.adversaries.table import Tampering

WHO = "key's holder"


@dataclass(frozen=True)
class Signer:
    """A key with its certificate, and the key of a log: the organisation's, or one of somebody else under its name."""

    private: Any
    pem: bytes
    fingerprint: str
    log: Any
    is_other: bool = False

    def signature(self, content: bytes) -> bytes:
        return self.private.sign(content, padding.PKCS1v15(), hashes.SHA256())

    def archive(self, files: Files, *, manifest_stays: bool = False) -> Files:
        """The files with every signature in them made anew, where they can still be read."""
        files = dict(files)
        for name, change in (
            ("journal/entries.jsonl", self._leaves),
            ("journal/seal.json", self._seal),
            ("journal/heads.json", self._heads),
            ("keys/keys.json", self._keys),
            ("keys/log.json", self._log_key),
            ("journal/checkpoint.txt", self._checkpoint),
        ):
            with suppress(ValueError, KeyError, TypeError, AttributeError, StopIteration):
                change(files, name)
        manifest = files.get("manifest.json", b"{}")
        with suppress(ValueError, KeyError, TypeError):
            if not manifest_stays:
                told = as_the_insider(files)
                manifest = json.dumps(told | ({"key": self.fingerprint} if self.is_other else {})).encode()
        return files | {"manifest.json": manifest, "manifest.sig": self.signature(manifest)}

    def token(self, head: str, body: str) -> str:
        """A badge with these claims, as this key signs it."""
        told = json.loads(_decoded(head))
        if self.is_other:
            der = base64.b64encode(b"".join(self.pem.split(b"-----")[2].split()))
            told["jwk"]["x5c"] = [base64.b64decode(der).decode()]
        signed = f"{_encoded(json.dumps(told).encode())}.{body}"
        return f"{signed}.{_encoded(self.signature(signed.encode()))}"

    def _leaves(self, files: Files, name: str) -> None:
        leaves = []
        for line in files[name].splitlines():
            told = json.loads(line)
            leaves.append(
                told["leaf"]
                if told.get("erased")
                else leaf_hash(salt=bytes.fromhex(told["salt"]), statement=told["statement"].encode()).hex()
            )
        files["journal/leaves.txt"] = "\n".join(leaves).encode()

    def _seal(self, files: Files, name: str) -> None:
        told = json.loads(files[name])
        self._sign_head(told)
        if self.is_other:
            told["certificate"] = self.pem.decode()
        files[name] = json.dumps(told).encode()

    def _heads(self, files: Files, name: str) -> None:
        told = json.loads(files[name])
        for head in told:
            self._sign_head(head)
        files[name] = json.dumps(told).encode()

    def _sign_head(self, told: dict[str, Any]) -> None:
        if self.is_other:
            told["statement"] = dumped(json.loads(told["statement"]) | {"key": self.fingerprint}).decode()
        told["signature"] = base64.b64encode(self.signature(told["statement"].encode())).decode()

    def _keys(self, files: Files, name: str) -> None:
        if self.is_other:
            files[f"keys/{self.fingerprint}.pem"] = self.pem
            told = json.loads(files[name]) | {self.fingerprint: {"endorsed_by": "", "endorsement": ""}}
        else:
            told = json.loads(files[name])
            for mark, key in told.items():
                if key["endorsed_by"] == self.fingerprint:
                    key["endorsement"] = base64.b64encode(
                        self.signature(f"milepost-key-endorsement/1:{mark}".encode())
                    ).decode()
        files[name] = json.dumps(told).encode()

    def _log_key(self, files: Files, name: str) -> None:
        told = json.loads(files[name])
        if self.is_other:
            told |= {"endorsed_by": self.fingerprint}
        told["endorsement"] = base64.b64encode(self.signature(f"milepost-log-key/1:{told['vkey']}".encode())).decode()
        files[name] = json.dumps(told).encode()

    def _checkpoint(self, files: Files, name: str) -> None:
        """The text as it is now, signed by the log's key under the name in it; what witnesses signed stays."""
        note = Note.parse(files[name])
        key = VerifierKey(note.text.split("\n")[0], NOTE, self.log.public_key().public_bytes_raw())
        own = Signature(key.name, key.id, self.log.sign(note.text.encode()))
        files[name] = str(Note(note.text, (own, *note.signatures[1:]))).encode()


def signer_of(world: World) -> Signer:
    """The organisation's own."""
    from milepost.journal import keys

    key = keys.current_key(world.organisation.pk)
    log = log_keys.private_key(log_keys.current_log_key(world.organisation.pk))
    return Signer(keys.private_key(key), key.certificate.encode(), key.fingerprint, log)


def of_archive(what: str, content: bytes, reader: Reader, signer: Signer) -> Iterator[Tampering]:
    """Of a dossier or a receipt."""
    files = contents(content)
    as_it_was = _besides_manifest(signer.archive(files))
    for name, changed in chain(of_zip(files), _of_several(files)):
        if name.startswith("manifest.sig"):
            continue  # that is made anew, as it was
        if name.startswith("as-the-organisation-says/") and not name.endswith(("gone", "renamed", "a copy", "emptied")):
            continue  # nothing of it is held against anything: each of its words would be listed
        stays = name.startswith("manifest.json")

        def attempt(changed: Files = changed, stays: bool = stays) -> str | None:
            made = signer.archive(changed, manifest_stays=stays)
            if _besides_manifest(made) == as_it_was and not stays:
                return None  # signing anew made it what it was
            return reader.finds(zipped(made))

        yield Tampering(WHO, f"{what} {name}", attempt)
    yield from of_heads(what, files, reader, signer)
    for name, pdf in sorted(files.items()):
        if name.endswith(".pdf"):
            yield Tampering(
                WHO,
                f"{what} {name}: sealed on top",
                lambda name=name, pdf=pdf: reader.finds(
                    zipped(signer.archive(files | {name: sealed_over(pdf, signer.private, signer.pem)}))
                ),
            )


def _besides_manifest(files: Files) -> dict[str, Any]:
    """What the files say, however JSON is written."""

    def said(name: str, content: bytes) -> Any:
        try:
            return json.loads(content) if name.endswith(".json") else content
        except ValueError:
            return content

    return {name: said(name, data) for name, data in files.items() if not name.startswith("manifest.")}


def _of_several(files: Files) -> Iterator[tuple[str, Files]]:
    """What belongs together, gone together."""
    without = {
        "checkpoint": ("journal/checkpoint.txt", "keys/log.json"),
        "completeness": ("journal/completeness.json",),
        "stamps": ("journal/heads.json",),
    }
    for what, names in without.items():
        rest = {name: data for name, data in files.items() if name not in names}
        seal = json.loads(files["journal/seal.json"])
        said = {name: value for name, value in json.loads(seal["statement"]).items() if name != "index"}
        if what == "stamps":
            rest["journal/seal.json"] = dumped(seal | {"timestamp": None})
        if what == "completeness":
            rest["journal/seal.json"] = dumped(seal | {"statement": dumped(said).decode()})
        yield f"all of its {what}: gone", rest


def of_heads(what: str, files: Files, reader: Reader, signer: Signer) -> Iterator[Tampering]:
    """Heads that date the facts: left out, in another order, with another's stamp, dated back."""
    if "journal/heads.json" not in files:
        return
    heads = json.loads(files["journal/heads.json"])
    changes: list[tuple[str, Sequence[Any]]] = [("all", [])]
    for at, head in enumerate(heads):
        rest = [*heads[:at], *heads[at + 1 :]]
        changes += [(f"{at} left out", rest), (f"{at} last", [*rest, head]), (f"{at} twice", [*heads, head])]
        others = [other for other in heads if other is not head]
        changes += [
            (f"{at} with the stamp of another", put(heads, (at, "timestamp"), other["timestamp"])) for other in others
        ]
    before = reader.report(zipped(signer.archive(files)))

    def attempt(changed: Sequence[Any]) -> str:
        made = dict(files)
        if changed:
            made["journal/heads.json"] = json.dumps(changed).encode()
        else:
            del made["journal/heads.json"]
        content = zipped(signer.archive(made))
        return reader.finds(content) or (
            "the answer, which says how early" if reader.report(content).holds != before.holds else ""
        )

    for name, changed in (change for change in changes if change[1] != heads):
        yield Tampering(WHO, f"{what} stamped heads: {name}", lambda changed=changed: attempt(changed))


def of_cover(world: World, content: bytes, reader: Reader, signer: Signer, key: Any) -> Iterator[Tampering]:
    """A cover that tells other numbers, made and sealed as Milepost does."""
    files = contents(content)
    said = json.loads(attached(files["cover.pdf"], "cover.json"))
    for where, to in of_json(said):
        told = put(said, where, to)

        def attempt(told: Any = told) -> str | None:
            shown = defaultdict(str, said) | {name: value for name, value in told.items() if name in said}
            try:
                page = cover_page(
                    world.action,
                    readiness_of(world.action),
                    shown,
                    headings=defaultdict(str),
                    made_at=clock.now(),
                    key=key.fingerprint,
                )
            except (ValueError, TypeError, KeyError):
                return None  # no such page can be set
            page = _with_numbers(page, said, told)
            cover = seal_pdf(render("cover", page, time=clock.now()), key=key, time=clock.now(), reason="Dossier")
            return reader.finds(zipped(signer.archive(files | {"cover.pdf": cover})))

        yield Tampering(WHO, f"cover’s attachment: {'.'.join(map(str, where)) or 'a member gone'}", attempt)


def _with_numbers(page: dict[str, Any], said: Any, told: Any) -> dict[str, Any]:
    """The page with these numbers in its attachment, whichever of its members holds them."""
    name = next(name for name, value in page.items() if isinstance(value, str) and value.startswith("{"))
    return page | {name: json.dumps(told, ensure_ascii=False, indent=1)}


def of_badge(world: World, credential: dict[str, Any], finds: Callable[[bytes], str]) -> Iterator[Tampering]:
    """A badge that says something else, signed as Milepost signs it."""
    for where, to in of_json(credential):

        def attempt(where: tuple[Any, ...] = where, to: Any = to) -> str | None:
            try:
                token = securing.as_token(world.organisation, put(credential, where, to))
            except (KeyError, ValueError, TypeError):
                return None  # it is none any more
            return finds(token.encode())

        yield Tampering(WHO, f"badge alone: {'.'.join(map(str, where)) or 'a member gone'}", attempt)


def of_attestation(attestation: Any, content: bytes, annex: bytes, reader: Reader, key: Any) -> Iterator[Tampering]:
    """An attestation with other numbers, sealed as Milepost does, held against the list that was given out with it."""
    from milepost.attestations.typesetting import page_of

    said = json.loads(attached(content, "attestation.json"))
    for where, to in of_json(said):

        def attempt(where: tuple[Any, ...] = where, to: Any = to) -> str:
            page = page_of(attestation, said, made_at=clock.now()) | {"numbers": json.dumps(put(said, where, to))}
            made = seal_pdf(
                render("attestation", page, time=clock.now()),
                key=key,
                time=clock.now(),
                reason=f"Attestation {said['uid']}",
            )
            return reader.finds(made, annex=annex)

        yield Tampering(WHO, f"attestation: {'.'.join(map(str, where)) or 'a member gone'}", attempt)


def of_proof(content: bytes, finds: Callable[[bytes], str], signer: Signer) -> Iterator[Tampering]:
    """The proof of a fact, with its seal signed anew."""
    for name, changed in of_documents(content):

        def attempt(changed: bytes = changed) -> str:
            told = json.loads(changed)
            with suppress(KeyError, TypeError, AttributeError):
                told["seal"]["signature"] = base64.b64encode(
                    signer.signature(told["seal"]["statement"].encode())
                ).decode()
                told["log"]["endorsement"] = base64.b64encode(
                    signer.signature(f"milepost-log-key/1:{told['log']['vkey']}".encode())
                ).decode()
            return finds(json.dumps(told).encode()) if told != json.loads(content) else None

        yield Tampering(WHO, f"proof {name}", attempt)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
