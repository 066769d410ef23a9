"""Following the stream of facts: certificates, live steps and readiness read it, each at its own pace.

A room says in its `registered.py` which facts it wants to hear of, and what to do about them:

    subscribe("certificates", [COURSE_COMPLETED], issue_for_completions, is_replayable=True)

    def issue_for_completions(facts: Sequence[Entry]) -> None:
        "Facts of one organisation, in the order of its tree; never none, and none whose words were erased."

    subscribe("security", lambda fact_type: bool(fact_type.watched), list_them)         # of rooms to come, too
    subscribe("readiness", EVERY_FACT, look_again, is_replayable=True)
    subscribe("reminders", [COURSE_REGISTERED], remind, from_now=True)   # the past is nothing to write mails about

What is promised: every fact of these types that was recorded since the organisation exists (`from_now`: since workers
know of the subscription) comes to the handler, in the order of the tree, within about two seconds. The handler runs in the transaction that moves the subscription's
cursor, so what it writes and records happens exactly once, whoever is killed when. It writes to the database alone,
and shortly: a file, a mail or a request is a row or a job that is worked on afterwards. A handler that raises has done
nothing: what comes before the fact that it fails at is told, and that one is told again after growing pauses (the job
`milepost.journal.jobs.tell`, which owners see when it goes on failing). It holds up its own subscription in its own
organisation alone. A replayable handler may be told everything from the beginning once more, and changes nothing that
is right already.

Tests say `deliver_all()` where a person would wait two seconds.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from milepost.core.refusals import Refused
from milepost.core.registry import Registry
from milepost.journal import folding, sealing, tiles
from milepost.journal.models import Cursor, Entry, Tree
from milepost.journal.vocabulary import FactType, fact_type_of

BATCH = 2_000  # leaves that one transaction reads
AT_ONCE = 200  # facts that one transaction tells

EVERY_FACT = None  # of whatever type, those of rooms to come among them

type Handler = Callable[[Sequence[Entry]], object]


@dataclass(frozen=True)
class Subscription:
    """Who wants to hear of which facts, and of how many in one transaction at most."""

    name: str
    facts: frozenset[str] | Callable[[FactType], bool] | None  # the names of their types, what tells them; `EVERY_FACT`
    handle: Handler
    is_replayable: bool = False
    at_once: int = AT_ONCE
    from_now: bool = False

    def wants(self, entry: Entry) -> bool:
        """Whether the fact is one of those, and still has its words."""
        if entry.is_erased:
            return False
        if callable(self.facts):
            fact_type = fact_type_of(entry.fact)
            return fact_type is not None and self.facts(fact_type)
        return self.facts is EVERY_FACT or entry.fact in self.facts


class NotReplayable(Refused):
    """Telling this subscription everything once more would do things twice."""


subscriptions: Registry[Subscription] = Registry("subscription")


def subscribe(
    name: str,
    facts: Iterable[FactType] | Callable[[FactType], bool] | None,
    handle: Handler,
    *,
    is_replayable: bool = False,
    at_once: int = AT_ONCE,
    from_now: bool = False,
) -> Subscription:
    """Have these facts, or `EVERY_FACT`, told to the handler, `at_once` in a transaction.

    The name is that of its cursor: it stays for good. `from_now` leaves out what an organisation recorded before the
    subscription was first heard of there; of an organisation that comes later it hears everything.
    """
    names = facts if facts is EVERY_FACT or callable(facts) else frozenset(fact_type.name for fact_type in facts)
    return subscriptions.register(name, Subscription(name, names, handle, is_replayable, at_once, from_now))


def is_behind() -> bool:
    """Whether anything waits for its place in a tree, or to be told."""
    return bool(folding.waiting() or _behind())


def having_news(*, but: Collection[tuple[int, str]] = ()) -> list[tuple[int, str]]:
    """To whom there is something to tell: organisation and name. Those for whom nothing new is meant are moved on.

    `but` these, who are being told already, or rest after a failure.
    """
    news: list[tuple[int, str]] = []
    for organisation_id, names in _behind().items():
        waiting = [name for name in names if (organisation_id, name) not in but]
        if waiting:
            news += [(organisation_id, name) for name in _pass_over(organisation_id, waiting)]
    return news


def tell(name: str, organisation_id: int) -> int:
    """Tell the subscription what is new to it, batch after batch; return how many facts.

    Of a batch that fails, all before the fact that it fails at are told, and what the handler raised comes through.
    """
    subscription, total = subscriptions.get(name), 0
    while count := _tell(subscription, organisation_id):
        total += count
    return total


def deliver_all() -> int:
    """Fold, tell and seal everything that there is, here and now, for tests; return how many facts were told."""
    total = tell_all()
    for organisation_id in sealing.unsealed():
        sealing.seal(organisation_id)
    return total


def tell_all(*organisation_ids: int) -> int:
    """Fold and tell everything that there is, here and now, in these organisations or in all; return how many facts.

    What a handler raises comes through.
    """
    total, is_new = 0, True
    while is_new:
        folded = sum(map(folding.fold, organisation_ids or folding.waiting()))
        behind = {
            number: names for number, names in _behind().items() if number in organisation_ids or not organisation_ids
        }
        for organisation_id, names in behind.items():
            total += sum(tell(name, organisation_id) for name in _pass_over(organisation_id, names))
        is_new = bool(folded or behind)
    return total


def replay(name: str, organisation_id: int) -> int:
    """Tell the subscription everything of the organisation from the beginning; return how many facts were told.

    Raises `NotRegistered` for a name that nobody has, and `NotReplayable`.
    """
    if not subscriptions.get(name).is_replayable:
        words = _("“%(name)s” acts on facts in a way that must not happen twice. Nothing was replayed.")
        raise NotReplayable(words % {"name": name})
    folding.fold(organisation_id)
    with transaction.atomic():
        for cursor in _locked(organisation_id, [name], wait=True):
            _move(cursor, to=0)
    return tell(name, organisation_id)


def standings(organisation_id: int) -> dict[str, int]:
    """How many facts of the organisation each subscription has still to read."""
    tree = Tree.objects.filter(organisation_id=organisation_id).first()
    read = dict(Cursor.objects.filter(organisation_id=organisation_id).values_list("name", "position"))
    return {name: (tree.size if tree else 0) - read.get(name, 0) for name in subscriptions.names()}


# --- Who is behind ------------------------------------------------------------------------------------------


def _behind() -> dict[int, list[str]]:
    """Of each organisation in which there are any, the subscriptions that have not read its whole tree."""
    _make_cursors()
    size = Tree.objects.filter(organisation_id=OuterRef("organisation_id")).values("size")
    cursors = Cursor.objects.filter(name__in=subscriptions.names(), position__lt=Subquery(size))
    behind = defaultdict(list)
    for organisation_id, name in cursors.order_by("organisation_id", "name").values_list("organisation_id", "name"):
        behind[organisation_id].append(name)
    return behind


def _make_cursors() -> None:
    """A cursor for each subscription that is new to an organisation, at its first fact."""
    names = subscriptions.names()
    own = Cursor.objects.filter(organisation_id=OuterRef("organisation_id"), name__in=names).order_by()
    count = own.values("organisation_id").annotate(count=Count("pk")).values("count")
    trees = Tree.objects.filter(size__gt=0).annotate(known=Coalesce(Subquery(count), 0)).filter(known__lt=len(names))
    for tree in trees:
        _begin(tree.organisation_id, size=tree.size)


def _begin(organisation_id: int, *, size: int) -> None:
    """Put each subscription that is new to the organisation where it begins to read.

    All at once: whether others read here already is what tells a new subscription from a new organisation.
    """
    is_new = not Cursor.objects.filter(organisation_id=organisation_id).exists()
    cursors = [
        Cursor(
            name=subscription.name,
            organisation_id=organisation_id,
            position=size if subscription.from_now and not is_new else 0,
        )
        for subscription in subscriptions.all()
    ]
    Cursor.objects.bulk_create(cursors, batch_size=500, ignore_conflicts=True)


def _pass_over(organisation_id: int, names: Sequence[str]) -> list[str]:
    """Move those on for whom the next leaves hold nothing, all at once; return the others.

    Most facts are for nobody or for one, and each transaction waits for the disk.
    """
    having_news, done = [], defaultdict(list)
    batches: dict[int, list[Entry | None]] = {}
    with transaction.atomic():
        for cursor in _locked(organisation_id, names, wait=False):
            if cursor.position not in batches:
                batches[cursor.position] = _read(organisation_id, cursor.position)
            batch, subscription = batches[cursor.position], subscriptions.get(cursor.name)
            if _wanted(subscription, batch):
                having_news.append(cursor.name)
            else:
                done[cursor.position + len(batch)].append(cursor.pk)
        for position, keys in done.items():
            Cursor.objects.filter(pk__in=keys).update(position=position)
    return having_news


# --- One batch ----------------------------------------------------------------------------------------------


def _tell(subscription: Subscription, organisation_id: int) -> int:
    """Tell the next facts and move the cursor in one transaction; 0 once there are none."""
    try:
        return _tell_batch(subscription, organisation_id, at_most=subscription.at_once)
    except Exception:
        if subscription.at_once == 1:
            raise
    count = 0  # one at a time, so that all before the one that fails are told
    while count < subscription.at_once and _tell_batch(subscription, organisation_id, at_most=1):
        count += 1
    return count


def _tell_batch(subscription: Subscription, organisation_id: int, *, at_most: int) -> int:
    while True:
        with transaction.atomic():
            (cursor,) = _locked(organisation_id, [subscription.name], wait=True)
            batch = _read(organisation_id, cursor.position)
            wanted = _wanted(subscription, batch)
            if len(wanted) > at_most:
                batch, wanted = batch[: batch.index(wanted[at_most])], wanted[:at_most]
            if wanted:
                subscription.handle(wanted)
            _move(cursor, to=cursor.position + len(batch))
        if wanted or not batch:
            return len(wanted)


def _read(organisation_id: int, position: int) -> list[Entry | None]:
    """The entries of the next leaves, in the order of the tree; None for one that somebody removed (`verify` tells)."""
    numbers = tiles.entries_from(organisation_id, position, limit=BATCH)
    rows = Entry.objects.filter(organisation_id=organisation_id).in_bulk(numbers)
    return [rows.get(number) for number in numbers]


def _wanted(subscription: Subscription, batch: Iterable[Entry | None]) -> list[Entry]:
    return [entry for entry in batch if entry is not None and subscription.wants(entry)]


def _locked(organisation_id: int, names: Sequence[str], *, wait: bool) -> list[Cursor]:
    """The cursors of these subscriptions, locked until the transaction ends; without those that another worker holds."""
    cursors = Cursor.objects.filter(organisation_id=organisation_id, name__in=names)
    if cursors.count() < len(names):
        tree = Tree.objects.filter(organisation_id=organisation_id).first()
        _begin(organisation_id, size=tree.size if tree else 0)
    return list(cursors.select_for_update(skip_locked=not wait, no_key=True).order_by("name"))


def _move(cursor: Cursor, *, to: int) -> None:
    if cursor.position != to:
        cursor.position = to
        cursor.save(update_fields=["position"])
