"""What the acknowledgement brings to the rooms below."""

from milepost.activities.acknowledgement.kind import AcknowledgementKind
from milepost.activities.acknowledgement.player import AcknowledgementPlayer
from milepost.courses import kinds
from milepost.learning import players


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    kinds.register(AcknowledgementKind())
    players.register(AcknowledgementPlayer())
