import base64
import hashlib
import io
import json
import random
import re
import zipfile
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from milepost import verify as verifier
from milepost.core import clock
from milepost.credentials.badges import baked_svg
from milepost.credentials.models import Certificate
from milepost.evidence.dossiers import build
from milepost.evidence.tests.archives import complaint, contents, rewritten
from milepost.journal import keys
from milepost.verify.inclusion_proofs import PROOF
from milepost.verify.strict_json import canonical
from tests.fields import paint_a_field

pytestmark = pytest.mark.django_db


def as_the_insider(files):
    """Somebody with the organisation's own manifest key: whatever they change, they write a manifest that fits it."""
    manifest = json.loads(files["manifest.json"])
    listed = {}
    for name in files:
        if name in ("manifest.json", "manifest.sig"):
            continue
        listed[name] = {"sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])}
    manifest["files"] = listed
    manifest["entries"] = files["journal/entries.jsonl"].count(b"\n")
    return manifest


def signed(files, manifest, private):
    content = json.dumps(manifest).encode()
    return files | {
        "manifest.json": content,
        "manifest.sig": private.sign(content, padding.PKCS1v15(), hashes.SHA256()),
    }


def edit_statement(files, chance):
    lines = files["journal/entries.jsonl"].splitlines(keepends=True)
    at = chance.randrange(len(lines))
    line = json.loads(lines[at])
    statement = json.loads(line["statement"])
    statement["actor"]["name"] += "!"
    lines[at] = (json.dumps(line | {"statement": canonical(statement).decode()}) + "\n").encode()
    return files | {"journal/entries.jsonl": b"".join(lines)}


def backdate(files, chance):
    lines = files["journal/entries.jsonl"].splitlines(keepends=True)
    at = chance.randrange(len(lines))
    lines[at] = lines[at].replace(b"2026-", b"2025-", 1)
    return files | {"journal/entries.jsonl": b"".join(lines)}


def drop_entry(files, chance):
    lines = files["journal/entries.jsonl"].splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return files | {"journal/entries.jsonl": b"".join(lines)}


def swap_entries(files, chance):
    lines = files["journal/entries.jsonl"].splitlines(keepends=True)
    a, b = chance.sample(range(len(lines)), 2)
    lines[a], lines[b] = lines[b], lines[a]
    return files | {"journal/entries.jsonl": b"".join(lines)}


def swap_statements(files, chance):
    lines = [json.loads(line) for line in files["journal/entries.jsonl"].splitlines()]
    a, b = chance.sample(range(len(lines)), 2)
    lines[a]["statement"], lines[b]["statement"] = lines[b]["statement"], lines[a]["statement"]
    return files | {"journal/entries.jsonl": "".join(json.dumps(line) + "\n" for line in lines).encode()}


def a_piece(files, chance, start="pieces/"):
    return chance.choice(sorted(name for name in files if name.startswith(start) and name.endswith(".pdf")))


def edit_piece(files, chance):
    name = a_piece(files, chance)
    broken = bytearray(files[name])
    broken[chance.randrange(len(broken))] ^= 1
    return files | {name: bytes(broken)}


def swap_pieces(files, chance):
    a, b = chance.sample(sorted(name for name in files if name.startswith("pieces/certificates/")), 2)
    return (
        files | {a: files[b]}
        if chance.random() < 0.5
        else {name: content for name, content in files.items() if name != a}
    )


def drop_piece(files, chance):
    name = a_piece(files, chance)
    return {other: content for other, content in files.items() if other != name}


def edit_attendance(files, chance):
    rows = json.loads(files["records/attendance.json"])
    row = chance.choice(rows)
    change = chance.choice(["signature", "address", "signed_at", "state"])
    row[change] = (
        {"text": "Somebody else"}
        if change == "signature"
        else "10.9.9.9"
        if change == "address"
        else "absent"
        if change == "state"
        else "2026-11-26T23:00:00.000000Z"
    )
    return files | {"records/attendance.json": json.dumps(rows).encode()}


def swap_attendance(files, chance):
    rows = json.loads(files["records/attendance.json"])
    a, b = chance.sample(range(len(rows)), 2)
    rows[a]["slot"], rows[a]["person"] = str(rows[b]["slot"]), "nobody"
    return files | {"records/attendance.json": json.dumps(rows).encode()}


def edit_seal(files, chance):
    seal = json.loads(files["journal/seal.json"])
    if chance.random() < 0.5:
        seal["statement"] = seal["statement"].replace('"size":', '"size":1')
    else:
        seal["signature"] = base64.b64encode(bytes(256)).decode()
    return files | {"journal/seal.json": json.dumps(seal).encode()}


def edit_proof(files, chance):
    proof = json.loads(files["journal/proof.json"])
    proof["nodes"] = proof["nodes"][1:] if proof["nodes"] and chance.random() < 0.5 else [*proof["nodes"], "00" * 32]
    return files | {"journal/proof.json": json.dumps(proof).encode()}


def add_file(files, chance):
    return files | {f"pieces/sheets/S-9999-{chance.randrange(9)}.pdf": b"%PDF-1.4 forged"}


def edit_table(files, chance):
    lines = files["records/attendance.csv"].splitlines(keepends=True)
    at = chance.randrange(1, len(lines))
    lines[at] = lines[at].replace(b",signed,", b",attested,") if chance.random() < 0.5 else b""
    return files | {"records/attendance.csv": b"".join(lines)}


FACT = r"number \d+ \(\S+ .+, 2\d\d\d-.+\)"
PIECE = r"pieces/\w+/|A piece is missing: “.+”"
TAMPERINGS = {
    edit_statement: rf"{FACT} was changed",
    backdate: rf"{FACT} was changed",
    drop_entry: rf"after {FACT} was left out|the first was left out",
    swap_entries: rf"{FACT} is not in its place",
    swap_statements: rf"{FACT} was changed",
    edit_piece: PIECE,
    drop_piece: PIECE,
    swap_pieces: PIECE,
    edit_attendance: r"(The signature of|From where|When|The state .+ of) [A-Z]\w+ [A-Z]\w+ ",
    swap_attendance: r"(The signature of|The state .+ of) [A-Z]\w+ [A-Z]\w+ ",
    edit_table: r"Row \d+ of records/attendance.csv|records/attendance.csv has \d+ rows",
    edit_seal: r"journal/seal.json|The journal’s seal",
    edit_proof: r"journal/proof.json",
    add_file: r"pieces/sheets/S-9999-\d.pdf",
}


def test_100_tamperings_are_found_whoever_does_not_hold_the_key(dossier):
    whole = contents(dossier)
    for number in range(100):
        tamper, words = list(TAMPERINGS.items())[number % len(TAMPERINGS)]
        changed = tamper(whole, random.Random(number))
        assert changed != whole
        assert re.search(words, complaint(rewritten(dossier, changed))), (number, tamper.__name__)


def test_tamperings_are_found_even_when_the_manifest_is_signed_anew_by_the_organisation(dossier, complete):
    """Only the journal's seal and the seals of the pieces stand in the way then, and they do."""
    whole, private = contents(dossier), keys.private_key(keys.current_key(complete.organisation_id))
    for number, (tamper, words) in enumerate(list(TAMPERINGS.items()) * 4):
        changed = tamper(whole, random.Random(number))
        assert changed != whole
        answer = complaint(rewritten(dossier, signed(changed, as_the_insider(changed), private)))
        assert re.search(words, answer), (number, tamper.__name__)


def test_the_message_names_the_record(dossier, complete):
    private, whole = keys.private_key(keys.current_key(complete.organisation_id)), contents(dossier)
    changed = edit_statement(whole, random.Random(3))
    words = complaint(rewritten(dossier, signed(changed, as_the_insider(changed), private)))
    assert "number" in words
    assert "was changed" in words
    rows = json.loads(whole["records/attendance.json"])
    rows[0]["signature"] = {"text": "Forged"}
    changed = whole | {"records/attendance.json": json.dumps(rows).encode()}
    words = complaint(rewritten(dossier, signed(changed, as_the_insider(changed), private)))
    assert words.startswith(f"The signature of {rows[0]['name']} for {rows[0]['hours']}")


def another_key(name="Aldermoor (seal)"):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(1))
        .not_valid_after(now + timedelta(99))
        .sign(private, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    return private, pem, hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


@pytest.mark.parametrize("keeps_old_keys", [True, False])
def test_a_dossier_that_was_signed_anew_with_another_key_is_refused(dossier, keeps_old_keys):
    """With the tree head signed anew as well: the sealed pieces speak of a key that never handed over."""
    whole = contents(dossier)
    private, pem, fingerprint = another_key()
    changed = dict(whole)
    if not keeps_old_keys:
        changed = {name: content for name, content in changed.items() if not name.startswith("keys/")}
    changed |= {
        f"keys/{fingerprint}.pem": pem,
        "keys/keys.json": json.dumps({fingerprint: {"endorsed_by": "", "endorsement": ""}}).encode(),
    }
    seal = json.loads(changed["journal/seal.json"])
    statement = json.loads(seal["statement"]) | {"key": fingerprint}
    seal["statement"] = json.dumps(statement)
    seal["signature"] = base64.b64encode(
        private.sign(seal["statement"].encode(), padding.PKCS1v15(), hashes.SHA256())
    ).decode()
    seal["certificate"] = pem.decode()
    changed["journal/seal.json"] = json.dumps(seal).encode()
    manifest = as_the_insider(changed) | {"key": fingerprint}
    path = rewritten(dossier, signed(changed, manifest, private))
    assert "key" in complaint(path)
    assert "none that you expect" in complaint(path, keys=[verifier.verify(dossier).key])


def test_a_change_of_keys_is_handed_over_and_holds(complete, tmp_path):
    private, pem, fingerprint = another_key()
    before = keys.current_key(complete.organisation_id)
    path = tmp_path / "dossier.zip"
    keys.import_pkcs12(complete.organisation_id, _p12(private, pem), password="pw")
    with path.open("w+b") as file:
        build(action=complete, file=file)
    assert verifier.verify(path, keys=[fingerprint]).key == fingerprint
    report = verifier.verify(path, keys=[before.fingerprint])
    assert any(f"handed over to by one that you expect: {before.fingerprint}" in line for line in report.holds)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 broken", b"plain text", b"%PDF-1.7 broken", b"<svg></svg>", b"\x00" * 5000]
)
def test_what_is_no_such_file_is_refused_in_words(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert complaint(path).endswith(".")


def test_a_zip_with_traps_is_refused(tmp_path, dossier):
    whole = contents(dossier)
    assert "leads out" in complaint(rewritten(dossier, whole | {"../../etc/passwd": b"x"}))
    target = tmp_path / "twice.zip"
    with zipfile.ZipFile(target, "w") as archive, pytest.warns(UserWarning):
        for name in ("manifest.json", "manifest.json"):
            archive.writestr(name, b"{}")
    assert "twice" in complaint(target)


def test_a_sealed_pdf_and_a_badge_verify_and_a_changed_one_does_not(complete, dossier, tmp_path):
    whole = contents(dossier)
    path = tmp_path / "sheet.pdf"
    path.write_bytes(whole[a_piece(whole, random.Random(0), "pieces/sheets/")])
    assert verifier.verify(path).key == keys.current_key(complete.organisation_id).fingerprint
    broken = bytearray(path.read_bytes())
    broken[len(broken) // 2] ^= 1
    path.write_bytes(bytes(broken))
    assert complaint(path)
    badge = tmp_path / "badge.svg"
    picture = baked_svg(Certificate.objects.select_related("organisation").first())
    badge.write_text(picture)
    assert verifier.verify(badge).key == keys.current_key(complete.organisation_id).fingerprint
    token = picture.partition('verify="')[2].partition('"')[0]
    body = token.split(".")[1]
    badge.write_text(picture.replace(body, body[:-6] + ("A" if body[-6] != "A" else "B") + body[-5:]))
    assert "badge was changed" in complaint(badge) or "can’t be read" in complaint(badge)


# --- By whose key -----------------------------------------------------------------------------------------


def told(*arguments):
    """What the command says of files, and its exit status."""
    said = []
    return verifier.main([str(word) for word in arguments], say=said.append), said


def test_without_a_key_it_is_said_that_nobody_looked_whose_it_is(dossier):
    status, said = told(dossier)
    assert (status, said[-1].partition(".")[0]) == (3, "It is consistent with itself")
    assert not any("holds" in line for line in said)
    status, said = told(dossier, "--key", verifier.verify(dossier).key.upper())
    assert (status, said[-1]) == (0, "Everything in it holds.")
    status, said = told(dossier, "--key", "00" * 32)
    assert (status, "none that you expect" in said[-1]) == (1, True)


def test_an_earlier_dossier_says_whose_key_it_must_be(dossier, complete, tmp_path):
    status, said = told(dossier, "--earlier", dossier)
    assert (status, said[-1]) == (0, "Everything in it holds.")
    private, pem, fingerprint = another_key()
    keys.import_pkcs12(complete.organisation_id, _p12(private, pem), password="pw")
    with (tmp_path / "later.zip").open("w+b") as file:
        build(action=complete, file=file)
    assert told(tmp_path / "later.zip", "--earlier", dossier)[0] == 0, "the key of the earlier one handed over"
    status, said = told(dossier, "--earlier", tmp_path / "later.zip")
    assert (status, fingerprint in said[-1]) == (1, False), "and nothing hands back"
    (tmp_path / "none.zip").write_bytes(b"PK nothing")
    status, said = told(dossier, "--earlier", tmp_path / "none.zip")
    assert (status, "none.zip: The zip file is broken" in said[-1]) == (1, True)


def _p12(private, pem):
    from cryptography.hazmat.primitives.serialization import pkcs12

    certificate = x509.load_pem_x509_certificate(pem)
    return pkcs12.serialize_key_and_certificates(
        b"k", private, certificate, None, serialization.BestAvailableEncryption(b"pw")
    )


def sealed_over(content, private, pem, *, reason="Attendance"):
    """The PDF with a further seal, by somebody with a key of their own."""
    from asn1crypto import keys as asn1_keys
    from asn1crypto import pem as asn1_pem
    from asn1crypto import x509 as asn1_x509
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = SimpleSigner(
        asn1_x509.Certificate.load(asn1_pem.unarmor(pem)[2]),
        asn1_keys.PrivateKeyInfo.load(der),
        SimpleCertificateStore(),
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    return sign_pdf(writer, PdfSignatureMetadata(field_name="Over", reason=reason), signer).getvalue()


def test_a_pdf_that_a_key_of_the_same_name_sealed_over_was_changed_and_both_keys_are_told(complete, dossier, tmp_path):
    whole = contents(dossier)
    name = a_piece(whole, random.Random(0), "pieces/sheets/")
    private, pem, fingerprint = another_key()
    ours = keys.current_key(complete.organisation_id).fingerprint
    path = tmp_path / "sheet.pdf"
    path.write_bytes(sealed_over(whole[name], private, pem))
    for expected in ([], [ours]):
        words = complaint(path, keys=expected)
        assert "changed after sealing, by a key that is not the issuer’s" in words
        assert ours in words
        assert fingerprint in words
    path.write_bytes(sealed_over(whole["cover.pdf"], private, pem))
    assert fingerprint in complaint(path)


def test_in_a_dossier_too_though_its_manifest_is_signed_with_the_real_key(dossier, private_key):
    whole = contents(dossier)
    private, pem, fingerprint = another_key()
    changed = whole | {"cover.pdf": sealed_over(whole["cover.pdf"], private, pem)}
    words = complaint(rewritten(dossier, signed(changed, as_the_insider(changed), private_key)))
    assert words.startswith("cover.pdf was changed after sealing, by a key that is not the issuer’s")
    assert fingerprint in words


@pytest.mark.parametrize("name", ["manifest.json", "journal/seal.json", "keys/keys.json", "records/attendance.json"])
def test_json_that_says_one_thing_twice_can_be_read_in_two_ways_and_is_refused(dossier, private_key, name):
    """Which of two a program takes is its own affair (RFC 8259, section 4): what one reads, another would not."""
    whole = contents(dossier)
    content = whole[name].decode()
    at = content.index("{") + 1
    first = re.match(r'\s*("\w+")\s*:', content[at:])[1]
    twice = (content[:at] + f"{first}: null, " + content[at:]).encode()
    changed = whole | {name: twice}
    if name == "manifest.json":
        changed["manifest.sig"] = private_key.sign(twice, padding.PKCS1v15(), hashes.SHA256())
    else:
        changed = signed(changed, as_the_insider(changed), private_key)
    assert f"“{first[1:-1]}” is said twice" in complaint(rewritten(dossier, changed))


def stamped_over(content, *, shows=b"", at=None):
    """The PDF with a time stamp by nobody in particular, whose field shows this across the page."""
    from asn1crypto import keys as asn1_keys
    from asn1crypto import pem as asn1_pem
    from asn1crypto import x509 as asn1_x509
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import PdfTimeStamper
    from pyhanko.sign.timestamps import DummyTimeStamper

    private, pem, _fingerprint = another_key()
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    stamper = DummyTimeStamper(
        asn1_x509.Certificate.load(asn1_pem.unarmor(pem)[2]), asn1_keys.PrivateKeyInfo.load(der), fixed_dt=at
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(content))
    if shows:
        paint_a_field(writer, "Stamp", shows)
    return PdfTimeStamper(stamper, field_name="Stamp").timestamp_pdf(writer, "sha256").getvalue()


def test_a_time_stamp_by_anybody_seals_nothing_that_it_shows_itself(complete, dossier, tmp_path):
    """Whoever has a PDF can date it. Across the page, the field of that stamp would say what nobody of the organisation sealed."""
    whole = contents(dossier)
    name = a_piece(whole, random.Random(0), "pieces/sheets/")
    ours = keys.current_key(complete.organisation_id).fingerprint
    path = tmp_path / "sheet.pdf"
    path.write_bytes(stamped_over(whole[name]))
    assert verifier.verify(path, keys=[ours]).holds[-1].startswith("Its key is one that you expect")
    path.write_bytes(stamped_over(whole[name], shows=b"0.9 0.9 0.9 rg 0 0 600 800 re f"))
    assert "changed after seal 1" in complaint(path, keys=[ours])


def test_a_time_stamp_in_a_pdf_is_no_older_than_what_it_dates_and_whose_it_is_is_for_the_reader(
    complete, dossier, tmp_path
):
    whole, path = contents(dossier), tmp_path / "sheet.pdf"
    name = a_piece(whole, random.Random(0), "pieces/sheets/")
    ours = keys.current_key(complete.organisation_id).fingerprint
    path.write_bytes(stamped_over(whole[name]))
    assert any("certificate of the stamp tells" in line for line in verifier.verify(path, keys=[ours]).notes)
    path.write_bytes(stamped_over(whole[name], at=clock.now() - timedelta(days=2_000)))
    assert "is older than what it dates" in complaint(path, keys=[ours])


def test_a_badge_beside_something_else_vouches_for_nothing_but_itself(dossier, tmp_path):
    """Badges are shown to everybody. Inside a made-up proof, or beside another badge, a genuine one would answer for it."""
    picture = baked_svg(Certificate.objects.first())
    token = re.search(r'verify="([^"]+)"', picture)[1]
    ours, path = [verifier.verify(dossier).key], tmp_path / "file"
    path.write_text(picture)
    report = verifier.verify(path, keys=ours)
    assert f"of “{Certificate.objects.first().content['beneficiary']}”" in report.holds[1]
    assert any("picture around the badge is not signed" in line for line in report.notes)
    path.write_text(json.dumps({"type": PROOF, "words": "Alice completed Safety", "x": f"<svg {token}"}))
    assert "proof can’t be read" in complaint(path, keys=ours)
    path.write_text(f"<!DOCTYPE html><p>Alice completed Safety<svg><i>{token}</i></svg>")
    assert "neither a dossier" in complaint(path, keys=ours)
    other = ".".join("A" * 30 for _part in range(3))
    path.write_text(picture.replace("<openbadges", f"<!-- {other} --><openbadges"))
    assert "more than one badge" in complaint(path, keys=ours)


def test_only_a_dossier_says_whose_key_it_must_be(dossier, tmp_path):
    """Whoever has a PDF of the organisation's may sign it, too, and have theirs be the last key in it."""
    private, pem, _fingerprint = another_key("Mallory")
    whole, path = contents(dossier), tmp_path / "sheet.pdf"
    path.write_bytes(sealed_over(whole[a_piece(whole, random.Random(0), "pieces/sheets/")], private, pem))
    status, said = told(path, "--earlier", path)
    assert (status, "only a dossier tells whose key" in said[-1]) == (1, True)


def test_an_insider_neither_lists_a_half_day_twice_nor_hides_a_column_behind_its_namesake(dossier, private_key):
    whole = contents(dossier)
    rows = json.loads(whole["records/attendance.json"])
    table = whole["records/attendance.csv"].decode().splitlines(keepends=True)
    twice = whole | {
        "records/attendance.json": json.dumps([*rows, rows[-1]]).encode(),
        "records/attendance.csv": "".join([*table, table[-1]]).encode(),
    }
    assert "stands twice" in complaint(rewritten(dossier, signed(twice, as_the_insider(twice), private_key)))
    hidden = "".join([f"state,{table[0].lstrip(chr(0xFEFF))}", *(f"signed,{line}" for line in table[1:])])
    changed = whole | {"records/attendance.csv": hidden.encode()}
    assert "other columns" in complaint(rewritten(dossier, signed(changed, as_the_insider(changed), private_key)))
