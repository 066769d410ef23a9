from django.apps import AppConfig


class PageConfig(AppConfig):
    name = "milepost.activities.page"

    def ready(self) -> None:
        from milepost.activities.page.kind import PageKind
        from milepost.activities.page.player import PagePlayer
        from milepost.courses import kinds
        from milepost.learning import players

        kinds.register(PageKind())
        players.register(PagePlayer())
