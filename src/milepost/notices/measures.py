"""How the outbox is: how long mails wait, and how many there are in each state that matters."""

from collections.abc import Iterator

from django.db.models import Count, Min

from milepost.core import clock
from milepost.core.metrics import Gauge
from milepost.core.probes import Probe
from milepost.notices.models import Notice

UNSETTLED = ("waiting", "sending", "refused", "failed")  # what is sent or not wanted any more is history


def oldest_due_mail() -> float | None:
    """Seconds for which the message has been due that waits longest."""
    since = Notice.objects.due().order_by().aggregate(since=Min("due_at"))["since"]
    return (clock.now() - since).total_seconds() if since else None


def _mails() -> Iterator[tuple[tuple[str, ...], float]]:
    states = Notice.objects.filter(state__in=UNSETTLED).order_by().values_list("state")
    for state, count in states.annotate(count=Count("pk")):
        yield (state,), count


PROBES = {"mails": Probe(oldest_due_mail, bound=900.0)}
GAUGES = {"mails": Gauge("mails", "Messages that wait, or that somebody has to look after.", ("state",), _mails)}
