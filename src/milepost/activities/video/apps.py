from django.apps import AppConfig


class VideoConfig(AppConfig):
    name = "milepost.activities.video"

    def ready(self) -> None:
        from milepost.activities.video.kind import VideoKind
        from milepost.activities.video.player import VideoPlayer
        from milepost.courses import kinds
        from milepost.learning import players

        kinds.register(VideoKind())
        players.register(VideoPlayer())
