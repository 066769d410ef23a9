"""How much of the installation an organisation may use: set by whoever runs it (`MILEPOST_QUOTAS`), seen by its owners.

    quotas.register("people", Quota(label, reached, used))                  registered.py
    refuse_beyond(organisation, "people", more=12)                          a verb that holds the organisation's row, before it writes
    take(organisation, "exports")                                           one more of today's; counted in one statement
    take_bytes(organisation, 10_000)                                        the same for what is stored

    look_at(organisation)                                                   what became nearly full, once each time

Without a word from the operator nothing is bounded, and nothing is counted. What is full refuses what comes next in words; what is there
stays, and what Milepost makes itself (certificates, sheets, seals) is never refused. A day begins with its first use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from milepost.core import clock, tries
from milepost.core.models import Job, NearlyFull, State, Stored, Tries
from milepost.core.refusals import Refused
from milepost.core.registry import Registry

DAY = 86_400  # seconds
NEARLY = 80  # per cent, from which on somebody is warned
NO_MORE = 75  # per cent, below which that is over: what goes to and fro is told once


class Owner(Protocol):
    """An organisation, as this floor knows it."""

    pk: int
    slug: str


class QuotaReached(Refused):
    """The organisation uses all that the installation gives it; the message says of what, and what to do."""

    status = 429


@dataclass(frozen=True)
class Quota:
    """Something that is bounded. `used` tells how much there is, by the organisation's key.

    `reached` is what is said when it is full, with its `limit` and, of what is there and not of today's, how much is `used`.
    """

    label: str | Promise
    reached: str | Promise
    used: Callable[[int], int]
    is_bytes: bool = False


@dataclass(frozen=True)
class Usage:
    """How much of a quota is used."""

    name: str
    quota: Quota
    used: int
    limit: int
    since: datetime | None = None  # it was seen to be nearly full

    @property
    def percent(self) -> int:
        return min(100, 100 * self.used // self.limit) if self.limit else 100

    @property
    def is_nearly_full(self) -> bool:
        return self.percent >= NEARLY


quotas: Registry[Quota] = Registry("quota")


def limit_of(organisation: Owner, name: str) -> int | None:
    """How much it may use, or None for as much as it likes."""
    given: dict[tuple[str, str], int] = settings.QUOTAS
    return given.get((organisation.slug, name), given.get(("", name)))


def usage_of(organisation: Owner) -> list[Usage]:
    """What is bounded for it, and how much of that it uses."""
    bounded = [(name, quota, limit_of(organisation, name)) for name, quota in quotas.items()]
    since = dict(NearlyFull.objects.filter(organisation_id=organisation.pk).values_list("quota", "since"))
    return [
        Usage(name, quota, quota.used(organisation.pk), limit, since.get(name))
        for name, quota, limit in bounded
        if limit is not None
    ]


def look_at(organisation: Owner) -> list[NearlyFull]:
    """What has become nearly full since it was last looked at; what is so no more is forgotten. In a transaction."""
    usages = {usage.name: usage for usage in usage_of(organisation)}
    known = NearlyFull.objects.filter(organisation_id=organisation.pk)
    is_over = [row.pk for row in known if row.quota not in usages or usages[row.quota].percent < NO_MORE]
    NearlyFull.objects.filter(pk__in=is_over).delete()
    found = [
        NearlyFull.objects.get_or_create(organisation_id=organisation.pk, quota=usage.name)
        for usage in usages.values()
        if usage.is_nearly_full
    ]
    return [row for row, is_new in found if is_new]


def refuse_beyond(organisation: Owner, name: str, *, more: int) -> None:
    """Raise `QuotaReached` if so many more are too many. Of two at once, each holds the organisation's row."""
    limit = limit_of(organisation, name)
    if limit is None or more <= 0:
        return
    used = quotas.get(name).used(organisation.pk)
    if used + more > limit:
        raise _reached(name, limit, used)


def take(organisation: Owner, name: str, amount: int = 1) -> None:
    """So many more of today's. Raises `QuotaReached`, and then none of them is counted."""
    if not has_room(organisation, name, amount):
        raise _reached(name, limit_of(organisation, name) or 0)


def _reached(name: str, limit: int, used: int = 0) -> QuotaReached:
    """What is said of a quota that is full, with numbers as the reader writes them."""
    quota = quotas.get(name)
    if quota.is_bytes:
        return QuotaReached(quota.reached % {"limit": filesizeformat(limit)})
    numbers = {key: number_format(number, force_grouping=True) for key, number in (("limit", limit), ("used", used))}
    return QuotaReached(quota.reached % numbers)


def has_room(organisation: Owner, name: str, amount: int = 1) -> bool:
    """Take so many more of today's, and say whether there was room; if not, none of them is counted."""
    limit = limit_of(organisation, name)
    if limit is None:
        return True
    with transaction.atomic():  # until this is counted or is not, who asks beside it waits
        if tries.count(_key(organisation.pk, name), seconds=DAY, amount=amount) <= limit:
            return True
        transaction.set_rollback(True)
    return False


def give_back(organisation: Owner, name: str, amount: int) -> None:
    """So many of today's were taken for nothing."""
    taken = Tries.objects.filter(key=_key(organisation.pk, name), count__gte=amount)
    taken.update(count=F("count") - amount)


def today(name: str) -> Callable[[int], int]:
    """What tells how many of today's were taken, for a `Quota`."""
    return lambda organisation_id: tries.counted(_key(organisation_id, name))


def seconds_left(organisation: Owner, name: str) -> float:
    """Until the day is over that began with the first one."""
    return max(60.0, tries.end_of(_key(organisation.pk, name)) - clock.now().timestamp())


def _key(organisation_id: int, name: str) -> str:
    return f"quota:{name}:{organisation_id}"


# --- What is stored -----------------------------------------------------------------------------------------


def take_bytes(organisation: Owner, size: int) -> None:
    """So many bytes more. Raises `QuotaReached`, and then none is counted. What goes again is seen when it is next measured."""
    limit = limit_of(organisation, "storage")
    if limit is None:
        return
    Stored.objects.get_or_create(organisation_id=organisation.pk)
    room = Stored.objects.filter(organisation_id=organisation.pk, measured__lte=limit - size - F("since"))
    if not room.update(since=F("since") + size):
        raise _reached("storage", limit)


def give_back_bytes(organisation: Owner, size: int) -> None:
    """So many bytes were taken for nothing. Where they were measured meanwhile it is known already."""
    Stored.objects.filter(organisation_id=organisation.pk, since__gte=size).update(since=F("since") - size)


def stored_by(organisation_id: int) -> int:
    """How many bytes it stores: as they were measured, and what was sent since."""
    row = Stored.objects.filter(organisation_id=organisation_id).first()
    return row.measured + row.since if row else 0


def measure(organisation_id: int, uid: object) -> None:
    """Look at all files of the organisation, and remember how large they are together. Of two at once the first is believed."""
    row, _is_new = Stored.objects.get_or_create(organisation_id=organisation_id)
    total = _size_of_folder(f"blobs/{uid}")
    as_read = Stored.objects.filter(pk=row.pk, measured_at=row.measured_at)
    as_read.update(measured=total, since=F("since") - row.since, measured_at=clock.now())


def _size_of_folder(path: str) -> int:
    try:
        folders, files = default_storage.listdir(path)
    except FileNotFoundError:
        return 0
    size = 0
    for name in files:
        try:
            size += default_storage.size(f"{path}/{name}")
        except FileNotFoundError:  # it went in this moment
            continue
    return size + sum(_size_of_folder(f"{path}/{name}") for name in folders)


def waiting_jobs(organisation_id: int) -> int:
    """How much work of the organisation waits in the background."""
    return Job.objects.filter(organisation_id=organisation_id, state=State.WAITING).count()


OWN = {
    "storage": Quota(
        _("Stored files"),
        _(
            "The files of your organisation fill the %(limit)s that it has here. Remove what nobody needs, or ask whoever runs Milepost for more."
        ),
        stored_by,
        is_bytes=True,
    ),
    "uploads": Quota(
        _("Files sent today"),
        _(
            "Your organisation has used up the files that it may send in a day (%(limit)s). Go on tomorrow, or ask whoever runs Milepost for more."
        ),
        today("uploads"),
    ),
    "exports": Quota(
        _("Exports today"),
        _(
            "Your organisation has used up its exports of a day (%(limit)s). Go on tomorrow, or ask whoever runs Milepost for more."
        ),
        today("exports"),
    ),
    "jobs": Quota(
        _("Work that waits in the background"),
        _(
            "More than %(limit)s pieces of work of your organisation wait in the background. Try again when they are done; nothing of them is lost."
        ),
        waiting_jobs,
    ),
}
