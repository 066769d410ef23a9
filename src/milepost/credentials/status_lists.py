"""Which badges are revoked, for everybody to look up: bits in a list, as Bitstring Status List 1.0 (W3C) has them.

A badge has a place in a list, drawn at random when it is issued, so that neither the place nor the list says whose it is, or
how many there are. The bit is set in the transaction that revokes or replaces the certificate, and never taken back.
"""

import gzip
import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.core.cache import cache

from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.credentials import issuers, securing
from milepost.credentials.models import LIST_SIZE, Certificate, StatusList
from milepost.journal import keys
from milepost.people.models import Organisation
from milepost.verify.data_integrity import CONTEXTS

FULL = LIST_SIZE // 2  # badges of a list: while half of it is free, a place is found in two draws
VALID_FOR = timedelta(days=1)
SIGNED_FOR = 6 * 3600  # seconds after which the same bits are signed anew


def give_places(organisation: Organisation, certificates: Sequence[Certificate]) -> None:
    """Give each of these certificates, which are still in memory, a place of its own. Within a transaction.

    Whoever issues in the same organisation waits here until it is over.
    """
    waiting = list(certificates)
    while waiting:
        current = _list_with_room(organisation)
        taken = bytearray(current.taken)
        room = FULL - _count(taken)
        for certificate in waiting[:room]:
            certificate.status_list, certificate.status_index = current, _draw(taken)
        current.taken = bytes(taken)
        current.save(update_fields=["taken"])
        waiting = waiting[room:]


def _list_with_room(organisation: Organisation) -> StatusList:
    """The list that is not full yet, locked; a new one where all are."""
    lists = StatusList.objects.filter(organisation=organisation)
    current = lists.select_for_update(no_key=True).order_by("-number").first()
    while current is None or _count(bytes(current.taken)) >= FULL:
        number = current.number + 1 if current else 1
        lists.get_or_create(organisation=organisation, number=number)  # somebody else may begin it in this moment
        current = lists.select_for_update(no_key=True).get(number=number)
    return current


def _draw(taken: bytearray) -> int:
    while True:
        index = secrets.randbelow(LIST_SIZE)
        if not taken[index // 8] & _mask(index):
            taken[index // 8] |= _mask(index)
            return index


def set_revoked(certificate: Certificate) -> None:
    """Tell everybody that this badge does not count any more. Within the transaction that says so of its certificate."""
    its_list = StatusList.objects.select_for_update(no_key=True).get(pk=certificate.status_list_id)
    bits, index = bytearray(its_list.revoked), certificate.status_index
    bits[index // 8] |= _mask(index)
    its_list.revoked = bytes(bits)
    its_list.save(update_fields=["revoked"])


def entry_of(certificate: Certificate) -> dict[str, Any]:
    """Where a badge says that its state is to be looked up (BitstringStatusListEntry, section 2.1)."""
    address = _address(certificate.organisation, certificate.status_list)
    return {
        "id": f"{address}#{certificate.status_index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(certificate.status_index),
        "statusListCredential": address,
    }


def as_token(status_list: StatusList) -> str:
    """The list as a signed token. Raises `keys.KeyLocked` or `tokens.TokenRefused`."""
    return str(_signed(status_list, "token", securing.as_token))


def as_document(status_list: StatusList) -> dict[str, Any]:
    """The list as JSON that carries its proof. Raises the same."""
    return dict(_signed(status_list, "document", securing.with_proof))


def _signed(status_list: StatusList, form: str, sign: Callable[[Organisation, dict[str, Any]], Any]) -> Any:
    """Signed once for the bits that it has, and every few hours anew: a key may lie in a token, which takes its time."""
    bits = _encoded(status_list)
    key = keys.current_key(status_list.organisation_id).fingerprint
    kept = f"status-list:{form}:{status_list.pk}:{key[:16]}:{fingerprint(bits.encode())}"
    return cache.get_or_set(kept, lambda: sign(status_list.organisation, _credential(status_list, bits)), SIGNED_FOR)


def _credential(status_list: StatusList, bits: str) -> dict[str, Any]:
    """BitstringStatusListCredential (section 2.2). It ends, so that nobody shows an old one for that of now."""
    address, now = _address(status_list.organisation, status_list), clock.now()
    return {
        "@context": [next(iter(CONTEXTS))],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuers.did_of(status_list.organisation),
        "validFrom": securing.second_text(now),
        "validUntil": securing.second_text(now + VALID_FOR),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": bits,
        },
    }


def _address(organisation: Organisation, status_list: StatusList) -> str:
    return f"{issuers.issuer_url(organisation)}status/{status_list.number}/"


def _encoded(status_list: StatusList) -> str:
    """The bits as they are published: compressed, and written in Multibase (section 3.3)."""
    return "u" + issuers.base64url(gzip.compress(bytes(status_list.revoked), mtime=0))


def _mask(index: int) -> int:
    """The first bit of a list is the highest of its first byte."""
    return 0x80 >> index % 8


def _count(bits: bytes | bytearray) -> int:
    return int.from_bytes(bits).bit_count()
