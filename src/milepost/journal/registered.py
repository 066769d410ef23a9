"""What the journal brings to the rooms below."""

from milepost.core import periodic
from milepost.journal import sealing, timestamping


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    periodic.every(15, sealing.seal_all)
    periodic.every(30, timestamping.stamp_pending)
