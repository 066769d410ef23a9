"""What pages of trainers and of those who manage sessions show of signatures that are in doubt."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from milepost.classroom.doubts import decision_words, told
from milepost.classroom.models import Attendance


def doubts_context(rows: Sequence[Attendance]) -> dict[str, Any]:
    """`doubts`: the sentences of each row by its key; `decisions`: what was decided; `in_doubt`: the rows that wait for it."""
    return {
        "doubts": told(rows),
        "decisions": {row.pk: decision_words(row) for row in rows if row.judged_at},
        "in_doubt": [row for row in rows if row.is_in_doubt],
    }


def decided_words(count: int) -> str:
    """What is said after a decision."""
    if not count:
        return _("That was decided already.")
    return ngettext("Noted for %(count)d person.", "Noted for %(count)d people.", count) % {"count": count}
