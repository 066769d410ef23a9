"""What this kind hangs on the seams of the rooms below it."""

from milepost.activities.acknowledgement.kind import AcknowledgementKind
from milepost.activities.acknowledgement.player import AcknowledgementPlayer
from milepost.courses.kinds import kinds
from milepost.learning.players import players


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    kinds.register(AcknowledgementKind.name, AcknowledgementKind())
    players.register(AcknowledgementPlayer.kind, AcknowledgementPlayer())
