from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    name = "milepost.credentials"

    def ready(self) -> None:
        from milepost.core import periodic
        from milepost.credentials.issuing import issue_on_completion
        from milepost.credentials.mailing import mail_pending
        from milepost.credentials.models import Certificate
        from milepost.credentials.sections import certificates_of
        from milepost.credentials.typesetting import typeset_pending
        from milepost.documents import dating
        from milepost.learning import progressing
        from milepost.people import sections

        if issue_on_completion not in progressing.completion_listeners:
            progressing.completion_listeners.append(issue_on_completion)
        sections.register(certificates_of)
        dating.register(Certificate.objects.undated)
        periodic.every(3, typeset_pending)
        periodic.every(10, mail_pending)
