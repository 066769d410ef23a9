"""What this kind hangs on the seams of the rooms below it."""

from milepost.activities.video.kind import VideoKind
from milepost.activities.video.player import VideoPlayer
from milepost.courses.kinds import kinds
from milepost.learning.players import players


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    kinds.register(VideoKind.name, VideoKind())
    players.register(VideoPlayer.kind, VideoPlayer())
