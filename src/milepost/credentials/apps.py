from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    name = "milepost.credentials"

    def ready(self) -> None:
        from milepost.credentials import registered

        registered.register()
