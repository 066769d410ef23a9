"""Keeping audiences current: who fits now is compared with who is in, and each difference is written and told once.

An audience is looked at when something happened (`stale_at`, set by `note` from the stream of facts) and after each midnight of its
organisation. That is done by its rule alone, whole, as sets: however many facts came, and in which order, the outcome is the same.

It goes in portions, each a transaction of its own that writes memberships together with their facts. Whoever is killed leaves whole
portions done and the audience still stale, so the next one does the rest; two at once wait for each other at its row.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F

from milepost.audiences.facts import AUDIENCE_ENTERED, AUDIENCE_LEFT
from milepost.audiences.models import Audience, Membership, MembershipQuerySet
from milepost.audiences.ordering import in_order
from milepost.audiences.reasons import GONE, RULE, TIME
from milepost.audiences.rules import (
    audiences_in,
    facts_of,
    fields_of,
    fitting,
    holding,
    read,
    reasons_of,
    with_leaves,
)
from milepost.core import clock
from milepost.core.jobs import named
from milepost.journal.models import Entry
from milepost.journal.recording import Fact, record_many
from milepost.journal.vocabulary import FactType
from milepost.people.facts import MEMBER_CREATED, MEMBER_DEACTIVATED, MEMBER_REACTIVATED, MEMBER_UPDATED
from milepost.people.models import Member, Organisation

PORTION = 2_000  # people whose membership one transaction changes
OF_MEMBERS = (MEMBER_CREATED, MEMBER_UPDATED, MEMBER_DEACTIVATED, MEMBER_REACTIVATED)
KEPT_DAYS = 400  # that it can be seen in the audience who left it; the facts stay


# --- From facts -----------------------------------------------------------------------------------------------


def may_move(fact_type: FactType) -> bool:
    """Whether such a fact may have somebody enter or leave any audience."""
    from milepost.audiences.conditions import all_conditions

    return fact_type in OF_MEMBERS or any(fact_type in condition.facts for condition in all_conditions())


def note(facts: Sequence[Entry]) -> None:
    """Have those audiences of the organisation looked at whose people these facts may change."""
    organisation_id = facts[0].organisation_id
    names = {fact.fact for fact in facts}
    whole = bool(names & {MEMBER_CREATED.name, MEMBER_DEACTIVATED.name, MEMBER_REACTIVATED.name})
    changed = {
        name
        for fact in facts
        if fact.fact == MEMBER_UPDATED.name
        for name in fact.content.get("context", {}).get("fields", ())
    }
    # Also those that are marked already: whoever looks at one just now may have looked before this happened.
    audiences = Audience.objects.current().filter(organisation=organisation_id)
    moved = [
        audience.pk
        for audience in audiences
        if whole or changed & fields_of(audience.rule) or names & facts_of(audience.rule)
    ]
    if moved:
        _mark(moved)
        named("audiences.keep_current").enqueue(organisation_id)


def _mark(keys: Iterable[int]) -> None:
    """Mark them as to be looked at. Rows are held in one order, so that nobody waits for each other."""
    held = Audience.objects.select_for_update(no_key=True).filter(pk__in=sorted(keys)).order_by("pk")
    Audience.objects.filter(pk__in=[audience.pk for audience in held]).update(stale_at=clock.now())


# --- One organisation -----------------------------------------------------------------------------------------


@dataclass
class Moved:
    """How many entered and left."""

    entered: int = 0
    left: int = 0

    def __iadd__(self, other: "Moved") -> "Moved":
        self.entered += other.entered
        self.left += other.left
        return self


def keep_current(organisation: Organisation) -> Moved:
    """Look at each audience of the organisation that is due, those first on which others stand; return how many moved.

    Records `entered` and `left` for each.
    """
    moved = Moved()
    audiences = in_order(Audience.objects.current().filter(organisation=organisation))
    for audience in audiences:
        if Audience.objects.due().filter(pk=audience.pk).exists():
            above = [one.pk for one in audiences if str(audience.uid) in audiences_in(one.rule)]
            moved += evaluate(audience, above=above)
    return moved


def evaluate(audience: Audience, *, above: Sequence[int] = ()) -> Moved:
    """Have exactly those in the audience who fit it now, and counting those who have for long enough.

    `above` are the keys of audiences that stand on it: they are marked in the transaction in which anybody moves.
    """
    total = Moved()
    while True:
        with transaction.atomic():
            moved, is_done = _portion(audience.pk, above)
        total += moved
        if is_done:
            return total


def _portion(key: int, above: Sequence[int]) -> tuple[Moved, bool]:
    rows = Audience.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=[key, *above])
    audience = next((one for one in rows.select_related("organisation").order_by("pk") if one.pk == key), None)
    if audience is None or audience.is_archived:
        return Moved(), True
    change = _Change(audience)
    left, entered = change.let_leave(), 0
    if left < PORTION:
        entered = change.let_begin(PORTION - left)
        entered += change.let_count()
    moved = Moved(entered, left)
    if entered or left:
        audience.size = F("size") + entered - left
        Audience.objects.filter(pk__in=above).update(stale_at=clock.now())
    is_done = change.is_all
    if is_done:
        audience.stale_at, audience.has_new_rule, audience.evaluated_on = None, False, change.today
    audience.save(update_fields=["size", "stale_at", "has_new_rule", "evaluated_on"])
    return moved, is_done


class _Change:
    """What is to be written of one audience, within one transaction."""

    def __init__(self, audience: Audience) -> None:
        self.audience = audience
        self.organisation = audience.organisation
        self.now = clock.now()
        self.today = clock.today(self.organisation.time_zone)
        self.fitting = fitting(self.organisation, audience.rule, self.today).order_by()
        self.open = Membership.objects.open().filter(audience=audience).order_by()
        self.is_all = True

    def let_leave(self) -> int:
        """End what does not hold any more; return how many of those counted."""
        gone = list(self.open.exclude(member__in=self.fitting.values("pk")).order_by("pk")[:PORTION])
        self.is_all = len(gone) < PORTION
        counted = [row for row in gone if row.counts_since is not None]
        Membership.objects.filter(pk__in=[row.pk for row in gone if row.counts_since is None]).delete()
        reasons = self._reasons([row.member_id for row in counted])
        for why, keys in _by_reason((row.pk, reasons[row.member_id].why) for row in counted):
            Membership.objects.filter(pk__in=keys).update(left_at=self.now, left_why=why)
        self._record(AUDIENCE_LEFT, (reasons[row.member_id] for row in counted))
        return len(counted)

    def let_begin(self, most: int) -> int:
        """Note who fits and did not; where it counts at once, return how many."""
        new = self.fitting.exclude(pk__in=self.open.values("member"))
        keys = list(new.order_by("pk").values_list("pk", flat=True)[:most])
        self.is_all = self.is_all and len(keys) < most
        at_once = not self.audience.minimum_days
        reasons = self._reasons(keys) if at_once else {}
        Membership.objects.bulk_create(
            Membership(
                organisation=self.organisation,
                audience=self.audience,
                member_id=member,
                fits_since=self.now,
                counts_since=self.now if at_once else None,
                entered_why=reasons[member].why if at_once else [],
            )
            for member in keys
        )
        self._record(AUDIENCE_ENTERED, (reasons[member] for member in keys if at_once))
        return len(reasons)

    def let_count(self) -> int:
        """Have it count for whom it has held for long enough; return how many. A day is one of the organisation's calendar."""
        rows = self.open.filter(counts_since=None)
        if days := self.audience.minimum_days:
            last = self.today - timedelta(days=days)
            zone = ZoneInfo(self.organisation.time_zone)
            rows = rows.filter(fits_since__lt=datetime.combine(last + timedelta(days=1), time(), zone))
        counting = list(rows.order_by("pk")[:PORTION])
        self.is_all = self.is_all and len(counting) < PORTION
        reasons = self._reasons([row.member_id for row in counting])
        if days:
            reasons = {key: _Reason(reason.member, [TIME, *reason.why]) for key, reason in reasons.items()}
        for why, keys in _by_reason((row.pk, reasons[row.member_id].why) for row in counting):
            Membership.objects.filter(pk__in=keys).update(counts_since=self.now, entered_why=why)
        self._record(AUDIENCE_ENTERED, (reasons[row.member_id] for row in counting))
        return len(counting)

    def _reasons(self, keys: Sequence[int]) -> "dict[int, _Reason]":
        """Why it is with these as it is, by the conditions that decide it."""
        if not keys:
            return {}
        rule, of = self.audience.rule, Member.objects.filter(pk__in=keys).order_by()
        here = set(of.active().values_list("pk", flat=True))
        if self.audience.has_new_rule:
            return {member.pk: _Reason(member, [RULE] if member.pk in here else [GONE]) for member in of}
        found = {}
        for member in with_leaves(of, self.organisation, rule, self.today):
            if member.pk not in here:
                found[member.pk] = _Reason(member, [GONE])
                continue
            found[member.pk] = _Reason(member, reasons_of(read(rule, holding(member))))
        return found

    def _record(self, fact_type: FactType, moved: "Iterable[_Reason]") -> None:
        audience = self.audience.as_reference()
        facts: Iterator[Fact] = (
            Fact(fact_type, one.member.as_reference(), audience, context={"why": one.why}) for one in moved
        )
        record_many(facts, organisation=self.organisation)


@dataclass(frozen=True)
class _Reason:
    member: Member
    why: list[str]


def _by_reason(rows: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[list[str], list[int]]]:
    """The keys of those with the same reasons together: of thousands there are a few, and an update serves for each."""
    together: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for key, why in rows:
        together[tuple(why)].append(key)
    return ((list(why), keys) for why, keys in together.items())


# --- Forgetting -----------------------------------------------------------------------------------------------


def forgettable() -> MembershipQuerySet:
    """Memberships that ended so long ago that nobody looks at them in the audience."""
    return Membership.objects.filter(left_at__lt=clock.now() - timedelta(days=KEPT_DAYS))
