from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "milepost.documents"

    def ready(self) -> None:
        from milepost.documents import registered

        registered.register()
