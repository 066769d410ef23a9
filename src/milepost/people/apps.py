from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "milepost.people"

    def ready(self) -> None:
        from milepost.people import registered

        registered.register()
