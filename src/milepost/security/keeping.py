"""Keeping security events: counted an hour at a time, numbered in the order in which they can be seen, and forgotten in time.

Whoever is refused a million times writes some hundred times: of one kind, person, address and detail the first ten of an hour are
written one by one, and after that a process writes when what it has not written is a tenth of what there is. A count says "at
least so many"; a process that is killed takes less than a tenth of its own with it. After `ROWS` rows in an hour, the rest of it is
counted by kind and detail alone, without person and address: so much can be said against memory, not against an attacker.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest

from milepost.core import clock
from milepost.core.metrics import Counter
from milepost.journal.models import Entry
from milepost.journal.vocabulary import fact_type_of
from milepost.people.happenings import Told
from milepost.people.models import Member, Organisation
from milepost.people.settings import value_of
from milepost.security import standard
from milepost.security.models import SecurityEvent, SecurityLog
from milepost.security.settings import SECURITY_KEPT_DAYS

ROWS = 500  # an hour, of one organisation
ONE_BY_ONE = 10
REMEMBERED = 4_000  # counts that a process keeps in mind
BATCH = 5_000  # rows that one statement deletes

type _Key = tuple[int, datetime, str, int | None, str, str]

logger = logging.getLogger(__name__)
for_operators = logging.getLogger("milepost.events")
EVENTS = Counter("security_events", "Security events by kind.", "kind")

_counts: OrderedDict[_Key, tuple[int, int]] = OrderedDict()  # how many are written, and how many wait
_counting = Lock()


def keep(told: Told) -> None:
    """Keep what was told, in each organisation that is to know it, and tell operators who asked for it. Never fails."""
    EVENTS.add(told.kind.name)
    if for_operators.isEnabledFor(logging.INFO):
        for_operators.info("%s", told.kind.name, extra={"fields": standard.of_told(told)})
    of_members: list[tuple[int, int | None]] = [(member.organisation_id, member.pk) for member in told.members]
    of_nobody = [(told.organisation_id, None)] if told.organisation_id and not told.members else []
    for organisation_id, person_id in of_members or of_nobody:
        now = clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        key = (organisation_id, hour, told.kind.name, person_id, told.address[:45], told.detail[:64])
        if amount := _due(key):
            try:
                total = _write(key, now, amount)
            except DatabaseError as error:  # away or full: whoever asked gets their answer all the same
                logger.warning("A security event was not kept: %s", " ".join(str(error).split()))
            else:
                _note(key, total)


def _due(key: _Key) -> int:
    """How many are to be written now, this one among them; 0 while they wait for more."""
    with _counting:
        written, waiting = _counts.pop(key, (0, 0))
        waiting += 1
        is_due = written < ONE_BY_ONE or waiting * 10 >= written
        _counts[key] = (written, 0 if is_due else waiting)
        if len(_counts) > REMEMBERED:
            _counts.popitem(last=False)
        return waiting if is_due else 0


def _note(key: _Key, total: int) -> None:
    with _counting:
        if key in _counts:
            _counts[key] = (total, _counts[key][1])


def _write(key: _Key, now: datetime, amount: int) -> int:
    """Count them in their row; return how many it counts. The log's row is the lock, so numbers are seen in their order."""
    organisation_id, hour, kind, person_id, address, detail = key
    with transaction.atomic():
        log = _locked(organisation_id)
        if log is None:
            return amount  # the organisation is gone
        log.last = _next(log)
        rows = SecurityEvent.objects.filter(organisation=organisation_id, hour=hour, kind=kind, entry_id=None)
        # Another may have come a moment later and written before: clocks, of hosts too, only agree on average.
        changes = {"count": F("count") + amount, "last_at": Greatest(F("last_at"), Value(now)), "number": log.last}
        mine = rows.filter(person=person_id, address=address, detail=detail)
        if not mine.update(**changes):
            if log.hour != hour:
                log.hour, log.rows = hour, 0
            log.rows += 1
            if log.rows > ROWS:
                person_id, address = None, ""
                mine = rows.filter(person=None, address="", detail=detail)
            if log.rows <= ROWS or not mine.update(**changes):
                SecurityEvent.objects.create(
                    organisation_id=organisation_id,
                    number=log.last,
                    kind=kind,
                    person_id=person_id,
                    address=address,
                    detail=detail,
                    hour=hour,
                    first_at=now,
                    last_at=now,
                    count=amount,
                )
        log.save()
        return mine.values_list("count", flat=True).first() or amount


def _locked(organisation_id: int) -> SecurityLog | None:
    log = SecurityLog.objects.select_for_update(no_key=True).filter(pk=organisation_id).first()
    if log is None and Organisation.objects.filter(pk=organisation_id).exists():
        SecurityLog.objects.bulk_create([SecurityLog(organisation_id=organisation_id)], ignore_conflicts=True)
        log = SecurityLog.objects.select_for_update(no_key=True).get(pk=organisation_id)
    return log


def _next(log: SecurityLog) -> int:
    """The number of the next event: larger than any before, those that a database knew which was put back since included.

    It is the time in milliseconds, where that is larger than the one before. A program that follows holds the last number that it read
    against these: after a restore, numbers that began again where the backup ended would be behind it, and unseen.
    """
    return max(log.last + 1, int(clock.now().timestamp() * 1000))


def point_to(facts: Sequence[Entry]) -> None:
    """List these facts of one organisation among its events; one that is listed already stays where it is."""
    organisation_id = facts[0].organisation_id
    known = set(
        SecurityEvent.objects.filter(organisation=organisation_id, entry_id__in=[f.pk for f in facts]).values_list(
            "entry_id", flat=True
        )
    )
    fresh = [fact for fact in facts if fact.pk not in known]
    log = _locked(organisation_id)
    if log is None or not fresh:
        return
    oldest = clock.now() - _kept_for(log.organisation)
    people = Member.objects.filter(organisation=organisation_id, uid__in=_uids(fresh)).values_list("uid", "pk")
    by_uid = {str(uid): pk for uid, pk in people}
    events = []
    for fact in fresh:
        fact_type = fact_type_of(fact.fact)
        if fact_type is None or fact.time < oldest:
            continue
        log.last = _next(log)
        events.append(
            SecurityEvent(
                organisation_id=organisation_id,
                number=log.last,
                kind=fact_type.watched,
                person_id=by_uid.get(fact.actor_id),
                done_to_id=by_uid.get(fact.object_id) if fact.object_id != fact.actor_id else None,
                detail=fact.fact,
                hour=fact.time.replace(minute=0, second=0, microsecond=0),
                first_at=fact.time,
                last_at=fact.time,
                entry_id=fact.pk,
            )
        )
    SecurityEvent.objects.bulk_create(events)
    log.save()
    if for_operators.isEnabledFor(logging.INFO):
        for event in events:
            for_operators.info("%s", event.kind, extra={"fields": standard.of_event(event, log.organisation)})


def _uids(facts: Sequence[Entry]) -> list[str]:
    """Who did it, and to whom, as far as they can be people: others (the installation, an auditor) have no uid of a member."""
    return list({uid for fact in facts for uid in (fact.actor_id, fact.object_id) if _is_uid(uid)})


def _is_uid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _kept_for(organisation: Organisation) -> timedelta:
    return timedelta(days=int(value_of(organisation, SECURITY_KEPT_DAYS)))


def forget_old() -> int:
    """Delete the events that are older than their organisation keeps them; return how many."""
    total = 0
    for log in SecurityLog.objects.select_related("organisation").iterator():
        before = clock.now() - _kept_for(log.organisation)
        old = SecurityEvent.objects.filter(organisation=log.organisation, last_at__lt=before).order_by()
        while keys := list(old.values_list("pk", flat=True)[:BATCH]):
            total += SecurityEvent.objects.filter(pk__in=keys).delete()[0]
    return total
