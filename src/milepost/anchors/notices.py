"""What is said to whoever keeps seals: the newest one, with the line that is worth keeping."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from milepost.anchors import keepers
from milepost.anchors.publishing import page_of
from milepost.core import clock
from milepost.journal import checkpoints, second_memory
from milepost.journal.models import SealCheckpoint
from milepost.notices.kinds import File, Kind
from milepost.notices.models import Notice, Recipient
from milepost.people.models import Organisation


class SealKind(Kind):
    """The newest seal, to an address that the organisation has chosen. It goes out also where newer ones came since."""

    label = _("Seals for those who keep them")
    template = "anchors/notices/seal.txt"
    why_always = _("It goes to addresses outside that the organisation has named.")
    is_for_members = False

    def find(self, notice: Notice) -> SealCheckpoint | None:
        return keepers.checkpoint_of(notice.organisation, int(notice.about_id))

    def context(self, notice: Notice, checkpoint: SealCheckpoint) -> dict[str, Any]:
        return {
            "line": checkpoints.line_of(checkpoint),
            "size": checkpoint.seal.size,
            "time": checkpoint.seal.time,
            "page": page_of(notice.organisation),
        }

    def files(self, notice: Notice, checkpoint: SealCheckpoint) -> Sequence[File]:
        number = checkpoint.seal.number
        return (
            File(f"checkpoint-{number}.txt", str(checkpoints.cosigned(checkpoint)).encode(), "text/plain"),
            File(f"seal-{number}.jsonl", second_memory.line_of(checkpoint.seal), "application/jsonl"),
        )

    def example(self, organisation: Organisation, to: Recipient) -> dict[str, Any]:
        page = page_of(organisation)
        line = (
            f"{page.partition('://')[2].rstrip('/')} 20852 CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I= {clock.today()}"
        )
        return {"line": line, "size": 20_852, "time": clock.now(), "page": page}
