from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "milepost.documents"

    def ready(self) -> None:
        from milepost.core import periodic
        from milepost.documents.composing import make_pending
        from milepost.documents.mailing import mail_due

        periodic.every(3, make_pending)
        periodic.every(10, mail_due)
