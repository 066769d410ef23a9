"""What this room brings to those below."""

from django.utils.translation import gettext_lazy as _

from milepost.anchors import jobs, keepers
from milepost.anchors.notices import SealKind
from milepost.anchors.settings import SEAL_KEEPERS
from milepost.core.jobs import every
from milepost.notices.kinds import kinds
from milepost.people import settings
from milepost.people.limits import DAY, MINUTE, Limit, Per, Rate, limits


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    settings.register(SEAL_KEEPERS)
    kinds.register(keepers.KIND, SealKind())
    every(900, jobs.send_seals_everywhere, when=keepers.due)

    limits.register(
        "add-checkpoint",
        Limit(Rate(300, MINUTE, Per.ADDRESS), Rate(100_000, DAY, Per.ADDRESS), label=_("Asking this witness")),
    )
