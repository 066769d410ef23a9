"""What the journal brings to the rooms below, and its own facts."""

from django.apps import apps
from django.db.models.signals import pre_migrate

from milepost.core.blobs.references import mentions
from milepost.core.jobs import every
from milepost.core.metrics import gauges
from milepost.core.probes import probes
from milepost.journal import (
    cosigning,
    earlier,
    facts,
    folding,
    jobs,
    measures,
    sealing,
    subscriptions,
    timestamping,
    vocabulary,
)
from milepost.journal.queries import files_told_of


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    vocabulary.register(facts)
    pre_migrate.connect(earlier.refuse, sender=apps.get_app_config("journal"), dispatch_uid="milepost.journal")

    every(1, jobs.follow_everywhere, when=subscriptions.is_behind)
    every(15, jobs.seal_everywhere, when=sealing.unsealed)
    every(15, jobs.catch_up_everywhere, when=folding.without_index)
    every(30, jobs.stamp_everywhere, when=timestamping.is_owed)
    every(60, jobs.cosign_everywhere, when=cosigning.is_owed)

    probes.register_all(measures.PROBES)
    gauges.register_all(measures.GAUGES)

    mentions.register("journal", files_told_of)
