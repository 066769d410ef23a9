"""What the video brings to the rooms below."""

from milepost.activities.video.kind import VideoKind
from milepost.activities.video.player import VideoPlayer
from milepost.courses import kinds
from milepost.learning import players


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    kinds.register(VideoKind())
    players.register(VideoPlayer())
