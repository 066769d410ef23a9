"""Somebody without the organisation's key changes what it gave out: as it is, or signed anew with a key of their own under its name."""

import base64
import json
import re
from collections.abc import Callable, Iterator

from tests.adversaries.changes import dumped, of_bytes, of_documents, of_headers, of_json, of_table, of_zip, put
from tests.adversaries.given_out import Reader, contents, zipped
from tests.adversaries.keyholder import Signer
from tests.adversaries.table import Tampering

WHO = "outsider"


def of_archive(what: str, content: bytes, reader: Reader, own: Signer) -> Iterator[Tampering]:
    """Of a dossier or a receipt."""
    files = contents(content)
    for name, changed in of_zip(files):
        yield Tampering(WHO, f"{what} {name}", lambda changed=changed: reader.finds(zipped(changed)))
        if name.endswith(("gone", "renamed", "a copy")) or ".json" in name:
            yield Tampering(
                WHO,
                f"{what} {name}, by a key of their own",
                lambda changed=changed: reader.finds(zipped(own.archive(changed))),
            )
    for name, changed in of_bytes(content):
        yield Tampering(WHO, f"{what}, the zip: {name}", lambda changed=changed: reader.finds(changed))
    for name, changed in of_headers(content):
        yield Tampering(WHO, f"{what}, {name}", lambda changed=changed: reader.finds(changed))
    for name, changed in (("before it", b"PK" + content), ("between", content[:4] + b"\0" + content[4:])):
        yield Tampering(WHO, f"{what}, the zip: bytes {name}", lambda changed=changed: reader.finds(changed))


def of_plain(what: str, content: bytes, finds: Callable[[bytes], str]) -> Iterator[Tampering]:
    """Of a PDF, a list, or JSON, by its bytes and what they say."""
    changes = [*of_bytes(content)]
    if content.lstrip().startswith(b"{"):
        changes += of_documents(content)
    for name, changed in changes:
        if changed != content:
            yield Tampering(WHO, f"{what} {name}", lambda changed=changed: finds(changed))


def of_list(content: bytes, finds: Callable[[bytes], str]) -> Iterator[Tampering]:
    """Of the list of an attestation."""
    for name, changed in of_table(content):
        yield Tampering(WHO, f"annex {name}", lambda changed=changed: finds(changed))


def of_badge(picture: bytes, finds: Callable[[bytes], str], own: Signer) -> Iterator[Tampering]:
    """Of a badge as a picture: what the token claims, with its signature or one by a key of their own, and the picture around it."""
    token = re.search(rb'verify="([^"]+)"', picture)[1].decode()
    head, body, signature = token.split(".")
    claims = json.loads(decoded(body))
    for where, to in of_json(claims):
        name = f"badge {'.'.join(map(str, where)) or 'a member gone'}"
        changed = encoded(dumped(put(claims, where, to)))
        for how, made in (
            (name, f"{head}.{changed}.{signature}"),
            (f"{name}, by a key of their own", own.token(head, changed)),
        ):
            yield Tampering(WHO, how, lambda made=made: finds(picture.replace(token.encode(), made.encode())))
    for name, changed in of_bytes(picture):
        is_around = token.encode() in changed
        yield Tampering(
            WHO,
            f"badge, {'the picture around it' if is_around else 'the picture'}: {name}",
            lambda changed=changed: finds(changed),
        )


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
