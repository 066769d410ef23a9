"""Handing each organisation's newest seal, once a day, to those outside who keep it: people by mail, programs by a POST.

Whoever rewrites the journal, here and in this machine's memory, does not rewrite what others keep; `milepost journal verify
--against` compares. What goes to whom on a day is one row and, in its transaction, the notices and jobs that it makes: killed
at any moment, the day's seal is sent once. A program that answers late may be asked twice, with the same key.
"""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db import transaction

from milepost.anchors.models import SentSeal
from milepost.anchors.publishing import page_of
from milepost.anchors.settings import SEAL_KEEPERS, is_web
from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.core.fetching import fetch
from milepost.core.jobs import named
from milepost.journal import checkpoints, second_memory
from milepost.journal.models import SealCheckpoint
from milepost.journal.recording import Reference
from milepost.notices.outbox import Outside, Said, notify_many
from milepost.people.models import Organisation, OrganisationSetting
from milepost.people.settings import value_of

KIND = "seal"
TYPE = "milepost-seal/1"
PATIENCE, MOST = 10.0, 64 * 1024  # seconds and bytes of a program's answer, which is not read


def due() -> list[int]:
    """The organisations whose newest seal is newer than the one that was sent last, and that have sent none today."""
    return [organisation.pk for organisation in _deciding() if _owed(organisation)]


def _deciding() -> Iterator[Organisation]:
    """Those that have named somebody who keeps their seals."""
    named_somebody = (
        OrganisationSetting.objects.filter(name=SEAL_KEEPERS.name).exclude(value=[]).values("organisation_id")
    )
    yield from Organisation.objects.filter(pk__in=named_somebody).order_by("pk")


def _owed(organisation: Organisation) -> SealCheckpoint | None:
    last = SentSeal.objects.filter(organisation=organisation).order_by("-day").first()
    if last and last.day >= clock.today(organisation.time_zone):
        return None
    newest = checkpoints.newest(organisation.pk)
    return newest if newest and (last is None or newest.seal.size > last.size) else None


def send(organisation_id: int) -> int:
    """Have the newest seal sent to everybody who keeps it, unless that was done today; return to how many."""
    with transaction.atomic():
        organisation = Organisation.locked(organisation_id)
        addresses, newest = value_of(organisation, SEAL_KEEPERS), _owed(organisation)
        if newest is None or not addresses:
            return 0
        day = clock.today(organisation.time_zone)
        SentSeal.objects.create(organisation=organisation, day=day, size=newest.seal.size)
        notify_many(KIND, (_said(organisation, address, newest, day) for address in addresses if not is_web(address)))
        named("anchors.post_seal").enqueue_many(
            (organisation.pk, mark_of(address), newest.seal.number, day.isoformat())
            for address in addresses
            if is_web(address)
        )
    return len(addresses)


def _said(organisation: Organisation, address: str, checkpoint: SealCheckpoint, day: date) -> Said:
    about = Reference("seal", str(checkpoint.seal.number), str(checkpoint.seal))
    return Said(Outside(organisation, address), about, key=day.isoformat())


def mark_of(address: str) -> str:
    """What stands for an address in a job: it may hold a token, and jobs are shown and logged."""
    return fingerprint(address.encode())[:16]


def post(organisation_id: int, mark: str, number: int, day: str) -> None:
    """POST this seal to the program at the address that has this mark, if it is still one that keeps seals. Raises `NoAnswer`."""
    organisation = Organisation.objects.get(pk=organisation_id)
    address = next((one for one in value_of(organisation, SEAL_KEEPERS) if is_web(one) and mark_of(one) == mark), None)
    checkpoint = checkpoint_of(organisation, number)
    if address is None or checkpoint is None:
        return
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"{organisation.uid}:{day}"}
    content = json.dumps(told(organisation, checkpoint, day), ensure_ascii=False).encode()
    fetch(address, within=PATIENCE, at_most=MOST, content=content, headers=headers, only_outside=True)


def told(organisation: Organisation, checkpoint: SealCheckpoint, day: str) -> dict[str, Any]:
    """What a program is sent: the line that a person keeps, the seal as this machine remembers it, the checkpoint."""
    return {
        "type": TYPE,
        "organisation": {"id": str(organisation.uid), "name": organisation.name},
        "day": day,
        "line": checkpoints.line_of(checkpoint),
        "seal": second_memory.line_of(checkpoint.seal).decode().strip(),
        "checkpoint": str(checkpoints.cosigned(checkpoint)),
        "page": page_of(organisation),
    }


def checkpoint_of(organisation: Organisation, number: int) -> SealCheckpoint | None:
    """The checkpoint of the organisation's seal of this number."""
    return checkpoints.numbered(organisation.pk, number)
