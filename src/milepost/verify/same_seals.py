"""Seals that differ from one that pyHanko found to hold in nothing but what they seal: read in a thirtieth of its time.

A key that seals ten thousand certificates makes the same CMS structure (RFC 5652) each time, but for a digest and a signature.
What pyHanko said of the first holds for the next one, if the digest is that of its file and the signature fits. That is so
for files of one shape alone, which is looked at byte by byte: a PDF that was written once, and one addition at its end, of
which the only field of the form is that seal, over all but itself (ISO 32000-2, 7.5 and 12.8.1). Of any other nothing is said
here, neither that it holds nor that it does not: pyHanko reads it.
"""

import hashlib
import io
import re
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate

if TYPE_CHECKING:
    from .pdf_seals import Seal

ROWS = rb"(?:\d{10} \d{5} [nf](?: \n| \r|\r\n))"  # of a table of places, of 20 bytes each (ISO 32000-2, 7.5.4)
WORDS = rb"\((?:[ -'*-\[\]-~]|\\[0-3][0-7]{2})*+\)"
FIRST = re.compile(
    rb"xref\n0 (\d{1,7})\n(" + ROWS + rb"*+)trailer\n"
    rb"<</Size \d{1,7}/Root \d{1,7} 0 R(?:/Info \d{1,7} 0 R)?/ID\[\([A-Za-z0-9+/=]*\)\([A-Za-z0-9+/=]*\)\]>>\n"
    rb"startxref\n(\d{1,10})\n%%EOF\n?"
)
LAST = re.compile(
    rb"xref\n((?:\d{1,7} \d{1,7}\n"
    + ROWS
    + rb"++)++)trailer\n<<\n/Size \d{1,7}\n/Root (\d{1,7}) 0 R\n(?:/Info \d{1,7} 0 R\n)?"
    rb"/ID \[ <[0-9a-f]*> <[0-9a-f]*> \]\n/Prev (\d{1,10})\n>>\nstartxref\n(\d{1,10})\n%%EOF\n"
)
SECTION = re.compile(rb"(\d{1,7}) (\d{1,7})\n(" + ROWS + rb"++)")
PLACE = re.compile(rb"\n(\d{1,10})\n%%EOF\n\Z")
SEAL = re.compile(
    rb"<<\n/Contents <((?:[0-9A-F]{2})++)>\n/ByteRange \[0 (\d{1,10}) (\d{1,10}) (\d{1,10})\] *\n/Type /Sig\n/Filter /Adobe\.PPKLite\n"
    rb"/SubFilter /ETSI\.CAdES\.detached\n/M \(D\\072(\d{14})Z\)\n/Name "
    + WORDS
    + rb"\n(?:/Reason ("
    + WORDS
    + rb")\n)?"
    rb"(?:/ContactInfo " + WORDS + rb"\n)?>>"
)
OCTAL = re.compile(rb"\\([0-7]{3})")
ROW, END, SET_OF = 20, b"\nendobj\n", b"\x31"  # bytes of a row of a table; RFC 5652, 5.4
UNSEEN = [0.0] * 4, [-9999.0] * 4  # where nobody sees a field
# What may stand in the root of such a document, and what stands in the field for its seal, which nobody sees.
ROOT = frozenset(
    [
        "/Type",
        "/Pages",
        "/Metadata",
        "/OutputIntents",
        "/Lang",
        "/StructTreeRoot",
        "/MarkInfo",
        "/ViewerPreferences",
        "/Outlines",
        "/AcroForm",
        "/Names",
        "/AF",
        "/PageLabels",
        "/PageMode",
    ]
)
FIELD = frozenset(("/FT", "/T", "/Type", "/Subtype", "/F", "/Rect", "/P", "/TU", "/V"))
ATTRIBUTES = frozenset(("content_type", "message_digest", "signing_certificate_v2"))  # ETSI EN 319 142-1, 6.3


@dataclass(frozen=True)
class Mould:
    """A sealed CMS structure, of which `seal` was found to hold, and where in it are what differs from one to the next."""

    structure: bytes
    digest: int  # of 32 bytes
    signature: int  # nothing comes after it
    signed: slice  # the signed attributes, but for their first byte
    key: RSAPublicKey
    seal: "Seal"

    def fits(self, structure: bytes, digest: bytes) -> bool:
        """Whether this is the same structure over this digest, signed by the same key."""
        after = self.digest + len(digest)
        if (
            len(structure) != len(self.structure)
            or structure[: self.digest] != self.structure[: self.digest]
            or structure[self.digest : after] != digest
            or structure[after : self.signature] != self.structure[after : self.signature]
        ):
            return False
        try:
            attributes = SET_OF + structure[self.signed]
            self.key.verify(structure[self.signature :], attributes, PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Found:
    """The only seal of a file of that shape: `contents` are its CMS structure and what fills it up."""

    contents: bytes
    digest: bytes
    reason: str
    made: datetime


_moulds: deque[Mould] = deque(maxlen=8)  # of the last keys whose seals held


def same_seal(content: bytes) -> "Seal | None":
    """The only seal of the PDF, if it has that shape and one like it held; None says nothing of the PDF."""
    if not _moulds:
        return None
    try:
        found = _found(content)
    except Exception:  # whatever a hostile file raises: pyHanko tells what is wrong with it
        return None
    if found is None:
        return None
    for mould in tuple(_moulds):
        size = len(mould.structure)
        if mould.fits(found.contents[:size], found.digest) and not found.contents[size:].strip(b"\0"):
            return replace(mould.seal, reason=found.reason, made=found.made, is_uncovered=True)
    return None


def remember(seal: "Seal", signature: Any) -> None:
    """Take a seal that holds, as pyHanko read it, as a mould for others, if it is of the kind that an organisation's key makes."""
    info, contents = signature.signer_info, signature.pkcs7_content
    size = 4 + int.from_bytes(contents[2:4])  # DER of this size (X.690, 8.1.3.5)
    structure = contents[:size]
    signed, made = info["signed_attrs"].untag().dump()[1:], info["signature"].native
    told = {attribute["type"].native: attribute["values"][0].native for attribute in info["signed_attrs"]}
    digest, key = told.get("message_digest", b""), load_der_x509_certificate(signature.signer_cert.dump()).public_key()
    if (
        seal.holds
        and not seal.dated
        and isinstance(key, RSAPublicKey)
        and info["signature_algorithm"]["algorithm"].native == "sha256_rsa"
        and info["digest_algorithm"]["algorithm"].native == "sha256"
        and told.keys() == ATTRIBUTES
        and contents.startswith(b"\x30\x82")
        and structure.endswith(made)
        and structure.count(digest) == structure.count(signed) == 1
        and digest in signed
    ):
        at = structure.index(signed)
        mould = Mould(structure, structure.index(digest), size - len(made), slice(at, at + len(signed)), key, seal)
        if mould.fits(structure, digest) and not any(one.fits(structure, digest) for one in _moulds):
            _moulds.appendleft(mould)


def forget() -> None:
    """As if no seal had been found to hold."""
    _moulds.clear()


def _found(content: bytes) -> Found | None:
    ending = PLACE.search(content, len(content) - 32)
    last = LAST.fullmatch(content, int(ending[1])) if ending and content.startswith(b"%PDF-1.7\n") else None
    objects = _objects(content, last) if last and int(last[4]) == last.start() else {}
    if last is None or not objects or not _was_written_once(content, int(last[3]), min(objects.values())[0]):
        return None
    seal = SEAL.fullmatch(content, *_inside(content, objects, _only_field(content, objects, int(last[2]))))
    if seal is None:
        return None
    gap, after, rest = int(seal[2]), int(seal[3]), int(seal[4])
    if (gap, after, after + rest) != (seal.start(1) - 1, seal.end(1) + 1, len(content)):
        return None
    whole = memoryview(content)
    digest = hashlib.sha256(whole[:gap])
    digest.update(whole[after:])
    made = datetime.strptime(seal[5].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return Found(bytes.fromhex(seal[1].decode()), digest.digest(), _text(seal[6] or b"()"), made)


def _objects(content: bytes, last: re.Match[bytes]) -> dict[int, tuple[int, int]]:
    """Of each object of the addition where it begins and ends: they follow one another up to its table. None is told otherwise."""
    places: dict[int, int] = {}
    at = last.start(1)
    while at < last.end(1) and (section := SECTION.match(content, at, last.end(1))):
        rows, at = section[3], section.end()
        if int(section[2]) * ROW != len(rows):
            return {}
        for number, row in enumerate(range(0, len(rows), ROW), start=int(section[1])):
            if number and (number in places or rows[row + 10 : row + 18] != b" 00000 n"):
                return {}
            if number:  # the first of all tells of none
                places[number] = int(rows[row : row + 10])
    following = sorted((place, number) for number, place in places.items())
    ends = [*(place for place, _number in following[1:]), last.start()]
    return {number: (place, end) for (place, number), end in zip(following, ends, strict=True)}


def _inside(content: bytes, objects: dict[int, tuple[int, int]], number: int) -> tuple[int, int]:
    """Where what the object is begins and ends. Raises `ValueError` or `KeyError` where it is not written as it is meant."""
    start, end = objects[number]
    head = b"%d 0 obj\n" % number
    if not content.startswith(head, start) or not content.endswith(END, start + len(head), end):
        raise ValueError
    return start + len(head), end - len(END)


def _was_written_once(content: bytes, table: int, end: int) -> bool:
    """Whether what comes before the addition is a whole PDF with one table, to which nothing was added."""
    first = FIRST.fullmatch(content, table, end)
    return first is not None and int(first[3]) == table and int(first[1]) * ROW == len(first[2])


def _only_field(content: bytes, objects: dict[int, tuple[int, int]], root: int) -> int:
    """The number of the object that is the value of the only field in the PDF's form. Raises where there is another, or it is seen."""

    def read(number: int) -> Any:
        return _dictionary(content[slice(*_inside(content, objects, number))])

    told = read(root)
    form = read(_number(told.raw_get("/AcroForm")))
    [only] = form["/Fields"]
    field = read(_number(only))
    if (
        not told.keys() <= ROOT
        or form.keys() != {"/Fields", "/SigFlags"}
        or field.keys() - {"/StructParent"} != FIELD
        or field["/FT"] != "/Sig"
        or not isinstance(field["/T"], str)
        or list(map(float, field["/Rect"])) not in UNSEEN
    ):
        raise ValueError
    return _number(field.raw_get("/V"))


def _number(reference: Any) -> int:
    from pyhanko.pdf_utils.generic import IndirectObject

    if not isinstance(reference, IndirectObject) or reference.generation:
        raise ValueError
    number: int = reference.idnum
    return number


@lru_cache(maxsize=256)
def _dictionary(content: bytes) -> Any:
    """A dictionary as pyHanko reads it, without what it refers to. Raises what that raises, and for what is more."""
    from pyhanko.pdf_utils.generic import DictionaryObject, Reference

    stream = io.BytesIO(content)
    told = DictionaryObject.read_from_stream(stream, Reference(0, 0, None))
    if stream.read():
        raise ValueError
    return told


def _text(words: bytes) -> str:
    """A string between brackets, in which all that is no letter, digit or space is told by its octal number (7.3.4.2)."""
    from pyhanko.pdf_utils.generic import pdf_string

    return str(pdf_string(OCTAL.sub(lambda found: bytes((int(found[1], 8),)), words[1:-1])))
