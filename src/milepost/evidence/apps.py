from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "milepost.evidence"

    def ready(self) -> None:
        from milepost.core import periodic
        from milepost.evidence.auditing import mail_pending
        from milepost.evidence.dossiers import build_pending
        from milepost.evidence.readiness import refresh_all
        from milepost.evidence.retention import let_go_pending
        from milepost.evidence.sections import data_of
        from milepost.people import sections

        sections.register(data_of)
        periodic.every(3, build_pending)
        periodic.every(30, refresh_all)
        periodic.every(10, mail_pending)
        periodic.every(20, let_go_pending)
