from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "milepost.people"

    def ready(self) -> None:
        from milepost.journal import keys
        from milepost.people import organisations, signing_in

        signing_in.connect()
        keys.tell_names(organisations.name_of)
