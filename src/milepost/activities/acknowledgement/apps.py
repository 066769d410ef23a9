from django.apps import AppConfig


class AcknowledgementConfig(AppConfig):
    name = "milepost.activities.acknowledgement"

    def ready(self) -> None:
        from milepost.activities.acknowledgement.kind import AcknowledgementKind
        from milepost.activities.acknowledgement.player import AcknowledgementPlayer
        from milepost.courses import kinds
        from milepost.learning import players

        kinds.register(AcknowledgementKind())
        players.register(AcknowledgementPlayer())
