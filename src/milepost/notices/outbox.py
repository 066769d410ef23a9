"""The verbs with which a room says something. A notice is a row, written in the transaction of what it speaks of.

    with transaction.atomic():
        audit = Audit.objects.create(...)
        notify("audit", to=Outside(organisation, audit.email, audit.name), about=audit.as_reference())

A job sends it within seconds; when the transaction is rolled back, nothing was ever said.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from milepost.core import clock
from milepost.journal.recording import Reference
from milepost.notices.kinds import kinds
from milepost.notices.models import Notice
from milepost.people.models import Member, Organisation

BATCH = 1_000  # rows in one statement


@dataclass(frozen=True)
class Outside:
    """Somebody who is no member: a signatory, an auditor. Without a language they are spoken to in the organisation's."""

    organisation: Organisation
    email: str
    name: str = ""
    language: str = ""


@dataclass(frozen=True)
class Said:
    """Something to say to one person. `data` holds what can't be read off a row when it is sent; no secrets."""

    to: Member | Outside
    about: Reference
    key: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    language: str = ""  # for a member who chose none


def notify(
    kind: str,
    *,
    to: Member | Outside,
    about: Reference,
    key: str = "",
    data: Mapping[str, Any] | None = None,
    language: str = "",
    at: datetime | None = None,
) -> None:
    """Say something to one person once: a second call with the same kind, recipient and key says nothing more.

    It goes out in the background, not before `at`. Raises `NotRegistered` for a kind that nobody brought.
    """
    notify_many(kind, [Said(to, about, key, data or {}, language)], at=at)


def notify_many(kind: str, said: Iterable[Said], *, at: datetime | None = None) -> None:
    """Say something to many, each once, in one statement per thousand."""
    kinds.get(kind)
    rows = [row_of(kind, message, at) for message in said]
    Notice.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def withdraw(kind: str, *, to: Member | Outside, about: Reference) -> list[Notice]:
    """Take back what waits and was not begun; return it. For one who has something newer to say in its place.

    Called in a transaction, it holds the rows until its end.
    """
    waiting = Notice.objects.select_for_update(no_key=True).filter(
        organisation_id=_organisation_of(to),
        kind=kind,
        recipient=recipient_of(to),
        about_id=about.id,
        state=Notice.State.WAITING,
    )
    taken = list(waiting.order_by("created_at", "pk"))
    if taken:
        Notice.objects.filter(pk__in=[notice.pk for notice in taken]).delete()
    return taken


def withdraw_about(kind: str, organisation: Organisation, about: Collection[str]) -> set[str]:
    """Take back what waits and was not begun about these things, by their uids; return about which. In a transaction."""
    waiting = Notice.objects.select_for_update(no_key=True).filter(
        organisation=organisation, kind=kind, about_id__in=about, state=Notice.State.WAITING
    )
    taken = dict(waiting.order_by("pk").values_list("pk", "about_id"))
    Notice.objects.filter(pk__in=list(taken)).delete()
    return set(taken.values())


def recipient_of(to: Member | Outside) -> str:
    """What tells one recipient from another: a member's uid, or an address."""
    return str(to.uid) if isinstance(to, Member) else to.email.strip().lower()


def _organisation_of(to: Member | Outside) -> int:
    return to.organisation_id if isinstance(to, Member) else to.organisation.pk


def row_of(kind: str, said: Said, at: datetime | None = None) -> Notice:
    """The row that says this; not written yet."""
    to = said.to
    addressee: dict[str, Any] = (
        {"member_id": to.pk, "language": said.language}
        if isinstance(to, Member)
        else {"name": to.name[:254], "address": to.email.strip().lower(), "language": said.language or to.language}
    )
    return Notice(
        organisation_id=_organisation_of(to),
        kind=kind,
        recipient=recipient_of(to),
        key=said.key,
        about_type=said.about.type,
        about_id=said.about.id,
        data=dict(said.data),
        due_at=at or clock.now(),
        **addressee,
    )
