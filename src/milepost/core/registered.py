"""What the lowest floor hangs on its own seams."""

from milepost.core.measures import GAUGES, PROBES
from milepost.core.metrics import gauges
from milepost.core.probes import probes


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    probes.register_all(PROBES)
    gauges.register_all(GAUGES)
