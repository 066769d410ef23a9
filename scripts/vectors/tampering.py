"""Dossiers, proofs, PDFs and badges that somebody changed: by an outsider, or by whoever holds the organisation's key.

Each is made of a file that holds. `insider` says that everything which the key can sign was signed anew.
"""

import base64
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from milepost.journal.notes import Note, cosign
from vectors.fixed import certificate, ed25519_key, rsa_key
from vectors.story import WITNESSES, moment
from vectors.zips import contents, packed, with_bytes_between, with_comment, with_two_sizes

type Files = dict[str, bytes]


def changed(files: Files) -> dict[str, bytes]:
    """Every changed file, by name, out of those that hold."""
    plain = contents(files["plain.zip"])
    made = {name: packed(change(dict(plain))) for name, change in BY_AN_OUTSIDER.items()}
    made |= {name: packed(as_the_insider(change(dict(plain)))) for name, change in BY_THE_INSIDER.items()}
    made |= _zips(files["plain.zip"], plain)
    made |= _keys(files, plain)
    made |= _others(files)
    made["keys-revoked-earlier.json"] = _revoked_earlier(files["keys.json"])
    return made


def _revoked_earlier(published: bytes) -> bytes:
    """The published keys, if the first had been revoked two days before what it signed here."""
    told = json.loads(published)
    revocation = next(key["revocation"] for key in told["keys"] if "revocation" in key)
    said = json.loads(revocation["statement"]) | {"since": "2026-03-11T00:00:00.000000Z"}
    revocation["statement"] = json.dumps(said, sort_keys=True, separators=(",", ":"))
    revocation["signature"] = base64.b64encode(sign("next", revocation["statement"].encode())).decode()
    return as_json(told)


def as_the_insider(files: Files, by: str = "organisation") -> Files:
    """A manifest that fits the files, signed anew."""
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {
        name: {"sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])}
        for name in sorted(files.keys() - {"manifest.json", "manifest.sig"})
    }
    manifest["entries"] = files["journal/entries.jsonl"].count(b"\n")
    return signed(files, as_json(manifest), by)


def signed(files: Files, manifest: bytes, by: str = "organisation") -> Files:
    return files | {"manifest.json": manifest, "manifest.sig": sign(by, manifest)}


def sign(by: str, content: bytes) -> bytes:
    return rsa_key(by).sign(content, padding.PKCS1v15(), hashes.SHA256())


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def edited(name: str, edit: Callable[[Any], Any]) -> Callable[[Files], Files]:
    """A JSON file with something in it changed."""

    def change(files: Files) -> Files:
        value = json.loads(files[name])
        return files | {name: as_json(edit(value) or value)}

    return change


def replaced(name: str, old: str, new: str) -> Callable[[Files], Files]:
    def change(files: Files) -> Files:
        assert old.encode() in files[name], (name, old)  # noqa: S101
        return files | {name: files[name].replace(old.encode(), new.encode(), 1)}

    return change


def lines(edit: Callable[[list[Any], list[str]], Any]) -> Callable[[Files], Files]:
    """The facts, and the leaves beside them, changed."""

    def change(files: Files) -> Files:
        facts = [json.loads(line) for line in files["journal/entries.jsonl"].splitlines()]
        leaves = files["journal/leaves.txt"].decode().split()
        edit(facts, leaves)
        content = "".join(json.dumps(fact, ensure_ascii=False) + "\n" for fact in facts)
        return files | {"journal/entries.jsonl": content.encode(), "journal/leaves.txt": "\n".join(leaves).encode()}

    return change


def proven_anew(change: Callable[[Files], Files]) -> Callable[[Files], Files]:
    """Facts left out, and a proof that leads from the others to the head: what is not there, its leaf stands for."""

    def anew(files: Files) -> Files:
        result = change(files)
        before, kept = ([json.loads(line) for line in f["journal/entries.jsonl"].splitlines()] for f in (files, result))
        leaves = dict(
            zip(
                (fact["index"] for fact in before),
                map(bytes.fromhex, files["journal/leaves.txt"].decode().split()),
                strict=True,
            )
        )
        proof = json.loads(files["journal/proof.json"])
        nodes = _nodes(leaves, {fact["index"] for fact in kept}, iter(proof["nodes"]), 0, proof["size"])[1]
        return result | {
            "journal/proof.json": as_json({"size": proof["size"], "nodes": [node.hex() for node in nodes]})
        }

    return anew


def _nodes(
    leaves: Mapping[int, bytes], kept: set[int], words: Iterator[str], start: int, end: int
) -> tuple[bytes, list[bytes]]:
    """The head of a subtree, and what a proof for the leaves that are kept has of it (section 7 of the format)."""
    if not any(start <= index < end for index in leaves):
        head = bytes.fromhex(next(words))
    elif end - start == 1:
        head = leaves[start]
    else:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        (left, first), (right, second) = (
            _nodes(leaves, kept, words, *part) for part in ((start, middle), (middle, end))
        )
        head = hashlib.sha256(b"\x01" + left + right).digest()
        if any(start <= index < end for index in kept):
            return head, first + second
    return head, [] if start in kept and end - start == 1 else [head]


def place_of(facts: list[Any], kind: str, verb: str) -> int:
    statements = [json.loads(fact["statement"]) for fact in facts]
    return next(n for n, told in enumerate(statements) if (told["object"]["type"], told["verb"]) == (kind, verb))


def _say_she_was_absent(facts: list[Any], _leaves: list[str]) -> None:
    at = place_of(facts, "slot", "signed")
    facts[at]["statement"] = facts[at]["statement"].replace("Anna Lindqvist", "Bo Ferreira")


def _leave_out(facts: list[Any], leaves: list[str]) -> None:
    at = place_of(facts, "slot", "marked")
    del facts[at], leaves[at]


def _leave_out_registration(facts: list[Any], leaves: list[str]) -> None:
    at = place_of(facts, "identity", "stated") + 1  # the second of them
    del facts[at], leaves[at]


def _without_registration(files: Files) -> Files:
    """As if the newest fact of who the organisation is were not there."""
    told = json.loads(files["manifest.json"])
    told["organisation"] |= {"registration_number": ""}
    return proven_anew(lines(_leave_out_registration))(files | {"manifest.json": as_json(told)})


def _add(facts: list[Any], leaves: list[str]) -> None:
    facts.append(facts[-1] | {"index": facts[-1]["index"] + 1})
    leaves.append(leaves[-1])


def _swap(facts: list[Any], leaves: list[str]) -> None:
    facts[3], facts[4], leaves[3], leaves[4] = facts[4], facts[3], leaves[4], leaves[3]


def _renumber(facts: list[Any], _leaves: list[str]) -> None:
    facts[3]["index"], facts[4]["index"] = facts[4]["index"], facts[3]["index"]


def _hide(facts: list[Any], leaves: list[str]) -> None:
    """As if it had been erased."""
    at = place_of(facts, "slot", "marked")
    told = json.loads(facts[at]["statement"])
    counted = {"about": [told["context"]["session"]], "whose": told["actor"]["id"]}
    facts[at] = {"index": facts[at]["index"], "erased": True, "leaf": leaves[at], **counted}


def _row(name: str, change: dict[str, Any]) -> Callable[[Any], Any]:
    return lambda rows: [row | change if row["name"] == name else row for row in rows]


def _count_fewer(proof: Any) -> None:
    """Of a thing of which everybody is told; of the others the words beside them tell more, and do not fit at once."""
    people = next(thing["people"] for thing in proof["things"] if thing["people"] and "nodes" not in thing)
    people[0][1] -= 1


def _of_another_size(proof: Any) -> None:
    proof["size"] += 1


def _one_node_more(proof: Any) -> None:
    proof["nodes"].append("00" * 32)


def _without(*names: str) -> Callable[[Files], Files]:
    return lambda files: {name: content for name, content in files.items() if name not in names}


def _seal_of(**change: Any) -> Callable[[Files], Files]:
    """The head says something else, and is signed anew by the key: the tree is not what it says."""

    def anew(seal: Any) -> None:
        said = json.loads(seal["statement"]) | change
        seal["statement"] = json.dumps(said, sort_keys=True, separators=(",", ":"))
        seal["signature"] = base64.b64encode(sign("organisation", seal["statement"].encode())).decode()

    return edited("journal/seal.json", anew)


def _without_index(files: Files) -> Files:
    """The head says nothing of an index, so that nothing counts the facts, and one of them is left out."""

    def anew(seal: Any) -> None:
        said = {name: value for name, value in json.loads(seal["statement"]).items() if name != "index"}
        seal["statement"] = json.dumps(said, sort_keys=True, separators=(",", ":"))
        seal["signature"] = base64.b64encode(sign("organisation", seal["statement"].encode())).decode()

    fewer = proven_anew(lines(_leave_out))(_without("journal/completeness.json")(files))
    return edited("journal/seal.json", anew)(fewer)


def _nobody_without(proof: Any) -> None:
    """A thing of which some are told, in another form."""
    thing = next(thing for thing in proof["things"] if "nodes" in thing)
    assert thing.pop("without") == []  # noqa: S101


def _words_beside_the_key(files: Files) -> Files:
    name = next(name for name in files if name.endswith(".pem"))
    return files | {name: files[name] + b"Of this nobody signed anything.\n"}


def _checkpoint_of_one_fewer(files: Files) -> Files:
    size = json.loads(files["journal/proof.json"])["size"]
    return replaced("journal/checkpoint.txt", f"\n{size}\n", f"\n{size - 1}\n")(files)


def _sealed_by_a_stranger(files: Files) -> Files:
    made = _stranger()
    mark = made.fingerprint(hashes.SHA256()).hex()
    seal = json.loads(files["journal/seal.json"])
    said = json.dumps(json.loads(seal["statement"]) | {"key": mark}, sort_keys=True, separators=(",", ":"))
    signature = base64.b64encode(sign("stranger", said.encode())).decode()
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    return files | {
        "journal/seal.json": as_json({"statement": said, "signature": signature, "certificate": pem, "timestamp": None})
    }


ATTENDANCE, TABLE = "records/attendance.json", "records/attendance.csv"

BY_AN_OUTSIDER: dict[str, Callable[[Files], Files]] = {
    "manifest-changed.zip": replaced("manifest.json", "Ladders", "Scaffolds"),
    "manifest-signed-by-another.zip": lambda files: signed(files, files["manifest.json"], "stranger"),
    "file-changed.zip": replaced(ATTENDANCE, '"absent"', '"signed"'),
    "file-left-out.zip": _without("records/progress.csv"),
    "file-added.zip": lambda files: files | {"records/more.json": b"[]"},
}
BY_THE_INSIDER: dict[str, Callable[[Files], Files]] = {
    "format-of-tomorrow.zip": edited("manifest.json", lambda manifest: manifest | {"format": "milepost-dossier/3"}),
    "dated-otherwise.zip": edited("manifest.json", lambda told: told | {"made_at": "2026-03-15T09:00:00.000000Z"}),
    "dated-before-its-seal.zip": edited(
        "manifest.json", lambda told: told | {"made_at": "2026-03-13T07:59:59.000000Z"}
    ),
    "organisation-otherwise.zip": edited(
        "manifest.json", lambda told: told | {"organisation": told["organisation"] | {"name": "Somebody Else Ltd"}}
    ),
    "organisation-as-it-was.zip": _without_registration,
    "file-nowhere.zip": lambda files: files | {"notes.txt": b"Nothing that belongs here."},
    "piece-unknown.zip": lambda files: files | {"pieces/files/letter.txt": b"Of this the journal knows nothing."},
    "record-of-nothing.zip": lambda files: files | {"records/hours.csv": b"name,hours\r\n"},
    "fact-changed.zip": lines(_say_she_was_absent),
    "fact-left-out.zip": lines(_leave_out),
    "fact-left-out-and-proven-anew.zip": proven_anew(lines(_leave_out)),
    "fact-added.zip": lines(_add),
    "facts-in-another-order.zip": lines(_swap),
    "facts-renumbered.zip": lines(_renumber),
    "fact-hidden-as-erased.zip": lines(_hide),
    "proof-of-another-tree.zip": edited("journal/proof.json", _of_another_size),
    "proof-with-a-node-more.zip": edited("journal/proof.json", _one_node_more),
    "index-counts-fewer.zip": edited("journal/completeness.json", _count_fewer),
    "index-not-named.zip": _without_index,
    "index-told-otherwise.zip": edited("journal/completeness.json", _nobody_without),
    "index-missing.zip": _without("journal/completeness.json"),
    "head-changed.zip": replaced("journal/seal.json", "2026-03-13", "2026-03-12"),
    "head-signed-anew.zip": _seal_of(root="00" * 32),
    "head-of-another-organisation.zip": _seal_of(organisation="00000000-0000-4000-8000-000000000000"),
    "head-by-another-key.zip": _sealed_by_a_stranger,
    "checkpoint-of-another-head.zip": _checkpoint_of_one_fewer,
    "log-key-of-another.zip": edited(
        "keys/log.json", lambda log: log | {"endorsement": base64.b64encode(bytes(256)).decode()}
    ),
    "log-key-missing.zip": _without("keys/log.json"),
    "key-with-words.zip": _words_beside_the_key,
    "key-of-nobody.zip": edited(
        "keys/keys.json", lambda told: told | {"00" * 32: {"endorsed_by": "", "endorsement": ""}}
    ),
    "key-signed-by-nobody.zip": edited(
        "keys/keys.json", lambda told: {mark: key | {"endorsement": "AAAA"} for mark, key in told.items()}
    ),
    "record-action.zip": edited("records/action.json", lambda action: action | {"minutes": 420}),
    "record-member-left-out.zip": edited(
        "records/action.json", lambda told: {n: v for n, v in told.items() if n != "objectives"}
    ),
    "record-sessions.zip": replaced("records/sessions.json", '"Hall"', '"Online"'),
    "record-nothing-left-out.zip": edited(
        ATTENDANCE, lambda rows: [{name: told for name, told in row.items() if name != "told_later"} for row in rows]
    ),
    "record-state.zip": edited(ATTENDANCE, _row("Bo Ferreira", {"state": "signed"})),
    "record-minutes.zip": edited(ATTENDANCE, _row("Anna Lindqvist", {"minutes": 420})),
    "record-circumstances.zip": edited(ATTENDANCE, _row("Anna Lindqvist", {"address": "192.0.2.8"})),
    "record-signature.zip": edited(
        ATTENDANCE, _row("Anna Lindqvist", {"signature": {"strokes": [[1, 1, 2, 2]], "width": 300, "height": 160}})
    ),
    "record-row-left-out.zip": edited(ATTENDANCE, lambda rows: rows[:1]),
    "record-table-says-otherwise.zip": replaced(TABLE, ",absent,", ",attested,"),
    "record-formula.zip": replaced(TABLE, "Ill", "=Ill"),
    "record-completions.zip": replaced("records/completions.csv", ",90", ",99"),
    "record-progress.zip": lambda files: (
        files | {"records/progress.csv": b"".join(files["records/progress.csv"].splitlines(keepends=True)[:-1])}
    ),
    "json-says-twice.zip": replaced("records/action.json", '"minutes"', '"minutes": 420,\n "minutes"'),
    "json-with-a-mark.zip": lambda files: (
        files | {"records/action.json": b"\xef\xbb\xbf" + files["records/action.json"]}
    ),
    "json-in-another-code.zip": lambda files: (
        files | {"records/action.json": files["records/action.json"].decode().encode("utf-16")}
    ),
    "json-infinite.zip": replaced("records/action.json", '"minutes": 210', '"minutes": 1e999'),
}


def _zips(archive: bytes, plain: Files) -> dict[str, bytes]:
    def as_link(info: zipfile.ZipInfo) -> None:
        if info.filename == "records/action.json":
            info.external_attr = 0o120777 << 16

    def with_second_name(info: zipfile.ZipInfo) -> None:
        if info.filename == "records/action.json":
            info.extra = b"\x75\x70\x0d\x00\x01\x00\x00\x00\x00evil.txt"

    twice = packed(plain | {"records/actioN.json": b"{}"}).replace(b"records/actioN.json", b"records/action.json")
    return {
        "zip-name-twice.zip": twice,
        "zip-name-that-leads-out.zip": packed(plain | {"records/../../out.txt": b"out"}),
        "zip-folder-added.zip": packed(plain | {"more/": b""}),
        "zip-link.zip": packed(plain, change=as_link),
        "zip-second-name.zip": packed(plain, change=with_second_name),
        "zip-comment.zip": with_comment(packed(plain)),
        "zip-comment-of-nothing.zip": packed(plain)[:-2] + b"\2\0",
        "zip-bytes-after.zip": archive + b"\n",
        "zip-bytes-before.zip": b"PK\x03\x04" + archive,
        "zip-bytes-between.zip": with_bytes_between(packed(plain), "records/action.json"),
        "zip-told-in-two-ways.zip": with_two_sizes(packed(plain), "records/action.json"),
    }


def _keys(files: Files, plain: Files) -> dict[str, bytes]:
    """A stranger’s dossier, and a hand-over that never was."""
    made = _stranger()
    mark, pem = made.fingerprint(hashes.SHA256()).hex(), made.public_bytes(serialization.Encoding.PEM)
    old = json.loads(plain["manifest.json"])["key"]
    stranger = plain | {f"keys/{mark}.pem": pem}
    manifest = json.loads(plain["manifest.json"]) | {"key": mark}
    said = {
        mark: {"endorsed_by": old, "endorsement": base64.b64encode(bytes(256)).decode()},
        old: {"endorsed_by": "", "endorsement": ""},
    }
    stranger |= {"manifest.json": as_json(manifest), "keys/keys.json": as_json(said)}
    handed = contents(files["handed-over.zip"])
    return {
        "key-not-handed-over.zip": packed(as_the_insider(stranger, "stranger")),
        "key-added.zip": packed(as_the_insider(plain | {f"keys/{mark}.pem": pem})),
        "key-missing.zip": packed(
            as_the_insider({name: c for name, c in handed.items() if name != f"keys/{old}.pem"}, "next")
        ),
    }


def _others(files: Files) -> dict[str, bytes]:
    closed, witnessed = contents(files["closed.zip"]), contents(files["witnessed.zip"])
    sheet = next(name for name in closed if name.startswith("pieces/sheets/"))
    given = next(name for name in closed if name.startswith("pieces/certificates/"))
    note = Note.parse(witnessed["journal/checkpoint.txt"])
    forged = cosign(ed25519_key("w1"), WITNESSES["w1"], note.text + "x\n", time=int(moment(13, 9).timestamp()))
    early = cosign(ed25519_key("w1"), WITNESSES["w1"], note.text, time=int(moment(12, 9).timestamp()))
    notes = {
        name: str(Note(note.text, (note.signatures[0], one))).encode()
        for name, one in (("forged", forged), ("early", early))
    }
    erased = contents(files["erased.zip"])
    taken_out = contents(files["demonstration.zip"])
    taken_out["journal/entries.jsonl"] = taken_out["journal/entries.jsonl"].replace(rb"\"demonstration\":true,", b"")
    without_erasure = proven_anew(lines(_leave_out_erasure))(erased)
    fact, badge = json.loads(files["fact.json"]), json.loads(files["badge.json"])
    path = fact | {"path": fact["path"][:-1]}
    words = fact | {"entry": fact["entry"] | {"statement": fact["entry"]["statement"].replace("signed", "closed", 1)}}
    head = json.loads(fact["seal"]["statement"]) | {"organisation": "00000000-0000-4000-8000-000000000000"}
    stated = json.dumps(head, sort_keys=True, separators=(",", ":"))
    by_key = base64.b64encode(sign("organisation", stated.encode())).decode()
    elsewhere = fact | {"seal": fact["seal"] | {"statement": stated, "signature": by_key}}
    subject = badge["credentialSubject"] | {
        "identifier": [badge["credentialSubject"]["identifier"][0] | {"identityHash": "Bo Ferreira"}]
    }
    token = files["badge.svg"].decode()
    receipt = contents(files["receipt.zip"])
    named = next(n for n in receipt if n.startswith("pieces/badges/"))
    other = receipt | {named: _other_claims(receipt[named].decode()).encode()}
    stamped = contents(files["stamped-twice.zip"])
    heads = {
        "heads-of-another-journal.zip": lambda told: [one | {"path": one["path"][:-1]} for one in told],
        "heads-changed.zip": lambda told: [
            one | {"statement": one["statement"].replace("-13T08", "-13T07")} for one in told
        ],
        "heads-twice.zip": lambda told: [*told, *told],
    }
    return {
        name: packed(as_the_insider(edited("journal/heads.json", edit)(stamped))) for name, edit in heads.items()
    } | {
        "receipt-badge-changed.zip": packed(as_the_insider(other, "next")),
        "receipt-without-a-fact.zip": packed(as_the_insider(proven_anew(lines(_forget_completion))(receipt), "next")),
        "piece-changed.zip": packed(as_the_insider(closed | {sheet: _turned(closed[sheet])}, "next")),
        "piece-left-out.zip": packed(as_the_insider({n: c for n, c in closed.items() if n != given}, "next")),
        "witness-forged.zip": packed(as_the_insider(witnessed | {"journal/checkpoint.txt": notes["forged"]})),
        "witness-early.zip": packed(as_the_insider(witnessed | {"journal/checkpoint.txt": notes["early"]})),
        "erasure-left-out.zip": packed(as_the_insider(without_erasure)),
        "demonstration-taken-out.zip": packed(as_the_insider(taken_out)),
        "fact-other-words.json": as_json(words),
        "fact-other-path.json": as_json(path),
        "fact-of-another-organisation.json": as_json(elsewhere),
        "certificate-added-to.pdf": files["certificate.pdf"] + b"% more\n",
        "certificate-changed.pdf": _turned(files["certificate.pdf"]),
        "badge-changed.json": as_json(badge | {"credentialSubject": subject}),
        "badge-changed.svg": _other_claims(token).encode(),
    }


def _turned(content: bytes) -> bytes:
    at = len(content) // 4
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def _leave_out_erasure(facts: list[Any], leaves: list[str]) -> None:
    at = next(
        n for n, fact in enumerate(facts) if "statement" in fact and json.loads(fact["statement"])["verb"] == "erased"
    )
    del facts[at], leaves[at]


def _forget_completion(facts: list[Any], leaves: list[str]) -> None:
    at = place_of(facts, "course", "completed")
    del facts[at], leaves[at]


def _other_claims(picture: str) -> str:
    """The token in the picture says another name."""
    token = max((word for word in picture.replace('"', " ").split() if word.count(".") == 2), key=len)
    head, body, signature = token.split(".")
    claims = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).replace(b"Anna Lindqvist", b"Bo Ferreira")
    return picture.replace(token, f"{head}.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{signature}")


def fingerprints(files: Files) -> dict[str, str]:
    """Of the certificates, by the names of their keys."""
    first, second = (json.loads(contents(files[name])["manifest.json"])["key"] for name in ("plain.zip", "closed.zip"))
    return {"organisation": first, "next": second, "stranger": _stranger().fingerprint(hashes.SHA256()).hex()}


def _stranger() -> x509.Certificate:
    return certificate("stranger", at=moment(13, 8), common_name="Aldermoor (seal)")
