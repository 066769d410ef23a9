from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "milepost.documents"

    def ready(self) -> None:
        from milepost.core import periodic
        from milepost.documents import dating
        from milepost.documents.composing import make_pending
        from milepost.documents.mailing import mail_due
        from milepost.documents.models import undated

        periodic.every(3, make_pending)
        dating.register(undated)
        periodic.every(10, mail_due)
        periodic.every(15, dating.date_pending)
