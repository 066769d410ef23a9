"""What the lowest floor hangs on its own seams."""

from milepost.core import clamd
from milepost.core.measures import GAUGES, PROBES
from milepost.core.metrics import gauges
from milepost.core.probes import Probe, probes
from milepost.core.quotas import OWN, quotas


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    probes.register_all(PROBES)
    probes.register("scanner", Probe(clamd.age_of_signatures, bound=7.0, unit="days"))
    gauges.register_all(GAUGES)
    quotas.register_all(OWN)
