"""How the journal is: whether facts come under seals in time, and what the authority's clock says of ours."""

from collections.abc import Iterator

from django.core.cache import cache
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from milepost.core import clock
from milepost.core.jobs import JobTask
from milepost.core.metrics import Gauge
from milepost.core.models import Fault, Job
from milepost.core.probes import Probe
from milepost.journal import cosigning, jobs, sealing, tiles, timestamping
from milepost.journal.models import Entry, Seal, Tree, Unfolded

MOST = 50  # organisations that are looked at: where more wait, these do, too


def oldest_unsealed_fact() -> float | None:
    """Seconds for which the fact waits that no seal covers and that was recorded first."""
    ages = [_age(number) for number in sealing.unsealed()[:MOST]]
    return max((age for age in ages if age is not None), default=None)


def _age(organisation_id: int) -> float | None:
    seal = Seal.objects.filter(organisation_id=organisation_id).order_by("number").last()
    waiting = tiles.entries_from(organisation_id, seal.size if seal else 0, limit=1) or list(
        Unfolded.objects.filter(organisation_id=organisation_id)
        .order_by("entry_id")
        .values_list("entry_id", flat=True)[:1]
    )
    entry = Entry.objects.filter(pk__in=waiting).values_list("time", flat=True).first()
    if entry is None:
        return None
    # A fact may tell of last year; it was not there when the newest seal was made. A seal of a time to come says nothing of that.
    now, since = clock.now(), entry
    if seal and (sealed := sealing.clock_of(seal)) <= now:
        since = max(entry, sealed)
    return max((now - since).total_seconds(), 0.0)


def refused_journals() -> float:
    """Organisations whose journal is not sealed, or is not the one that this machine remembers: what the worker last found."""
    return _refused(jobs.seal, jobs.hold_against_memory)


def forgotten_journals() -> float:
    """Organisations of whose seals the machine that sealed last does not remember all."""
    return _refused(jobs.find_forgotten)


def _refused(*tasks: JobTask) -> float:
    refused = Job.objects.filter(task__in=[task.module_path for task in tasks], fault=Fault.REFUSED)
    return float(refused.values("organisation_id").distinct().count())


def clock_against_authority() -> float | None:
    """Seconds between this host's clock and that of the time-stamping authority, when it last answered."""
    seconds: float | None = cache.get(timestamping.CLOCK)
    return seconds


def checkpoint_without_witness() -> float | None:
    """Seconds since the checkpoint was made that a configured witness should have cosigned first; the longest of all."""
    waiting = [since for one in cosigning.witnesses() for since in cosigning.waiting_since(one, among=MOST)]
    return max(0.0, (clock.now() - min(waiting)).total_seconds()) if waiting else None


def _unsealed() -> Iterator[tuple[tuple[str, ...], float]]:
    newest = Seal.objects.filter(organisation_id=OuterRef("organisation_id")).order_by("-number").values("size")[:1]
    trees = Tree.objects.annotate(waits=F("size") - Coalesce(Subquery(newest), 0)).filter(waits__gt=0)
    yield (), float(sum(trees.values_list("waits", flat=True)) + Unfolded.objects.count())


PROBES = {
    "facts": Probe(oldest_unsealed_fact, bound=300.0),
    "journals": Probe(refused_journals, bound=0.0, unit="organisations"),
    "memory": Probe(forgotten_journals, bound=0.0, unit="organisations"),
    "authority": Probe(clock_against_authority, bound=10.0),
    "witnesses": Probe(checkpoint_without_witness, bound=3600.0),
}
GAUGES = {"facts": Gauge("facts_unsealed", "Facts that no seal covers yet.", (), _unsealed)}
