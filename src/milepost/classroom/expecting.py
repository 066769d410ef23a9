"""What is to be signed: an attendance for each half-day and seat, made by the database itself.

Made in Python, those of ten thousand seats took two seconds of CPU for each half-day.
"""

import json
from collections.abc import Sequence

from django.db import connection
from django.utils.translation import gettext as _

from milepost.classroom.models import Attendance, Participant, Slot
from milepost.core.refusals import Refused

MOST = 100_000  # made at once: about a second of CPU
UID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
AMONG = {"postgresql": "= ANY(%s)", "sqlite": "IN (SELECT value FROM json_each(%s))"}


class TooManyAtOnce(Refused):
    """More half-days at once than whoever waits for a page waits for, with so many seats."""

    status = 422


def expect(slots: Sequence[int], seats: Sequence[int]) -> None:
    """Have an attendance of each of these seats at each of these half-days (by their keys) that has none yet, in one statement.

    Raises `TooManyAtOnce`.
    """
    if not slots or not seats:
        return
    if len(slots) > (most := max(1, MOST // len(seats))):
        words = _(
            "So many half-days at once are too many for so many people. Add up to %(count)d, save, then the next."
        )
        raise TooManyAtOnce(words % {"count": most})
    made = {"uid": UID[connection.vendor], "organisation_id": "slot.organisation_id"}
    made |= {"slot_id": "slot.id", "participant_id": "seat.id"}
    rest = [field for field in Attendance._meta.concrete_fields if not field.primary_key and field.attname not in made]
    values = [field.get_db_prep_save(field.get_default(), connection) for field in rest]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column) for column in (*made, *(field.attname for field in rest)))
    chosen = ", ".join((*made.values(), *(["%s"] * len(rest))))
    among = AMONG[connection.vendor]
    keys = [list(keys) if connection.vendor == "postgresql" else json.dumps(list(keys)) for keys in (slots, seats)]
    with connection.cursor() as cursor:
        cursor.execute(  # never: sql (columns of our own model, quoted; values are bound)
            f"INSERT INTO {quote(Attendance._meta.db_table)} ({columns}) SELECT {chosen} "  # noqa: S608 (as above)
            f"FROM {quote(Slot._meta.db_table)} slot CROSS JOIN {quote(Participant._meta.db_table)} seat "
            f"WHERE slot.id {among} AND seat.id {among} ORDER BY slot.id, seat.id "
            "ON CONFLICT (slot_id, participant_id) DO NOTHING",
            [*values, *keys],
        )
