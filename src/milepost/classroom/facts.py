"""What this room records: live sessions, who takes part in them, and attendance."""

import re
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.words import date_format
from milepost.documents.facts import SEALED_FILE, WHY_SEALED
from milepost.journal.vocabulary import (
    COUNT,
    INSTANT,
    REFERENCE,
    SHA256,
    TEXT,
    UID,
    FactType,
    Fields,
    Schema,
    Statement,
    adl,
    closed,
    listed,
    one_of,
)


def _enrolled(statement: Statement) -> str:
    return _("Enrolled in “%(object)s” by %(by)s") if statement.by else _("Joined “%(object)s”")


def _withdrawn(statement: Statement) -> str:
    return _("Place in “%(object)s” undone") if "act" in statement.context else _("Taken out of “%(object)s”")


def _slot_called(name: str) -> str:
    """“Title, Thursday 26 November 2026, 09:00–12:30” of the name under which a half-day is recorded (`Slot.as_reference`)."""
    parts = _SLOT_NAME.fullmatch(name)
    if parts is None:
        return name
    day = date_format(date.fromisoformat(parts["day"]), _("l j F Y"), use_l10n=False)
    return f"{parts['title']}, {day}, {parts['hours']}"


_SLOT_NAME = re.compile(r"(?P<title>.*), (?P<day>\d{4}-\d\d-\d\d) (?P<hours>\d\d:\d\d–\d\d:\d\d) \S+", re.DOTALL)


def _noted(statement: Statement) -> str:
    return {
        "signed": _("%(by)s noted for “%(object)s”: there"),
        "struck": _("%(by)s noted for “%(object)s”: signed, but not there"),
        "attested": _("%(by)s noted for “%(object)s”: there, without a signature"),
        "absent": _("%(by)s noted for “%(object)s”: absent"),
        "missing": _("%(by)s took back what was noted for “%(object)s”"),
    }[statement.result["now"]["state"]]


def _decided(statement: Statement) -> str:
    words = {
        "there": _("%(by)s decided about the signature for “%(object)s”: was there"),
        "not-there": _("%(by)s decided about the signature for “%(object)s”: was not there"),
        "undecided": _("%(by)s took back what was decided about the signature for “%(object)s”"),
    }[statement.result["decision"]]
    return words + (_(" (reason: %(reason)s)") if statement.result.get("reason") else "")


def _signed(statement: Statement) -> str:
    return _("Signed for “%(object)s”") + (_(" (doubts were found)") if statement.context.get("doubts") else "")


def _doubted(statement: Statement) -> str:
    if not statement.result["doubts"]:
        return _("Nothing is doubtful any more about the signature for “%(object)s”")
    if statement.result.get("before"):
        return _("What is doubtful about the signature for “%(object)s” changed")
    return _("The signature for “%(object)s” was found doubtful")


def _corrected(statement: Statement) -> str:
    return _noted(statement) + _(" (correction: %(reason)s)")


# --- Sessions ---------------------------------------------------------------------------------------------

_REFERENCE: Fields = {"reference": TEXT}
_SLOTS = listed(closed({"id": UID, "starts_at": INSTANT, "ends_at": INSTANT}))  # all of them, in order
_PLAN: Fields = {
    "title?": TEXT,
    "form?": TEXT,
    "place?": TEXT,
    "where?": TEXT,  # the place, the meeting tool, or both, as people read it
    "description?": TEXT,
    "language?": TEXT,
    "capacity?": {"type": ["integer", "null"]},
    "provider?": TEXT,
    "meeting?": TEXT,
}
_CHANGES = closed({**_PLAN, "slots?": _SLOTS})

SESSION_SCHEDULED = FactType(
    "scheduled",
    "session",
    is_office=True,
    is_common=True,
    result={**_PLAN, "time_zone": TEXT, "slots": _SLOTS},
    context={**_REFERENCE, "course?": UID},
    sentence=gettext_lazy("Scheduled “%(object)s”"),
)
SESSION_UPDATED = FactType(
    "updated",
    "session",
    is_office=True,
    is_common=True,
    result={"changes": _CHANGES},
    context=_REFERENCE,
    sentence=gettext_lazy("Changed %(object)s"),
    done_to=gettext_lazy("Record changed by %(actor)s"),
)
SESSION_CANCELLED = FactType(
    "cancelled",
    "session",
    is_office=True,
    is_common=True,
    result={"reason": TEXT},
    context=_REFERENCE,
    sentence=gettext_lazy("Cancelled “%(object)s”: %(reason)s"),
)
TRAINER_GRANTED = FactType(
    "granted",
    "trainer",
    is_office=True,
    is_common=True,
    watched="key-changed",
    result={"role": one_of("trainer")},
    context={"session": UID},
    about="session",
    sentence=gettext_lazy("Let %(object)s hold the session"),
    done_to=gettext_lazy("Holds the session, by %(actor)s"),
)
TRAINER_REVOKED = FactType(
    "revoked",
    "trainer",
    is_office=True,
    is_common=True,
    watched="key-changed",
    result={"role": one_of("trainer")},
    context={"session": UID},
    about="session",
    sentence=gettext_lazy("Took the session from %(object)s"),
    done_to=gettext_lazy("No longer holds the session, by %(actor)s"),
)
TRAINER_LINK_RENEWED = FactType(
    "renewed",
    "trainer",
    is_office=True,
    watched="key-changed",
    context={"session": UID},
    about="session",
    sentence=gettext_lazy("Gave %(object)s a new link to the session"),
    done_to=gettext_lazy("Was given a new link to the session by %(actor)s"),
)
SESSION_REGISTERED = FactType(
    "registered",
    "session",
    iri=adl("registered"),
    result={"status": TEXT},
    context={"instructor?": REFERENCE, "employer?": TEXT, "from?": TEXT, "act?": UID},
    sentence=_enrolled,
)
SESSION_WITHDREW = FactType(
    "withdrew",
    "session",
    context={"instructor?": REFERENCE, "act?": UID},
    sentence=_withdrawn,
)
SESSION_IMPORTED = FactType(
    "imported",
    "session",
    is_office=True,
    result={"sha256": SHA256, "rows": COUNT, "matched": COUNT},
    context={"source": TEXT},
    sentence=gettext_lazy("Imported connections to “%(object)s”"),
)
# --- Attendance -------------------------------------------------------------------------------------------

_STATE: Schema = closed(
    {
        "state": one_of("signed", "struck", "attested", "absent", "missing"),
        "signature_sha256?": SHA256,
        "arrived_at?": INSTANT,
        "left_at?": INSTANT,
        "absence_reason?": TEXT,
        "absence_file?": SHA256,
    }
)
_DOUBTS = listed(closed({"code": TEXT, "others?": COUNT}))  # `doubts.py`
_SIGNATURE: Fields = {"meaning": TEXT, "name": TEXT, "way": TEXT, "signature_sha256": SHA256}
_CIRCUMSTANCES: Fields = {
    "session": UID,
    "circumstances_sha256": SHA256,
    "instructor?": REFERENCE,
    "device_time?": INSTANT,
    "doubts?": _DOUBTS,
}

SLOT_SIGNED = FactType(
    "signed",
    "slot",
    calls=_slot_called,
    result=_SIGNATURE,
    context=_CIRCUMSTANCES,
    about="session",
    sentence=_signed,
    done_to=gettext_lazy("Signed by %(actor)s"),
)
SLOT_DELIVERED = FactType(
    "delivered",
    "slot",
    calls=_slot_called,
    result=_SIGNATURE,
    context=_CIRCUMSTANCES,
    about="session",
    sentence=gettext_lazy("A signature for “%(object)s” arrived after the closing"),
)
SLOT_MARKED = FactType(
    "marked",
    "slot",
    calls=_slot_called,
    result={"now": _STATE},
    context={"session": UID, "instructor": REFERENCE},
    about="session",
    sentence=_noted,
)
SLOT_CORRECTED = FactType(
    "corrected",
    "slot",
    calls=_slot_called,
    result={"now": _STATE, "before": _STATE, "reason": TEXT},
    context={"session": UID, "instructor": REFERENCE},
    about="session",
    sentence=_corrected,
)
SLOT_DOUBTED = FactType(
    "doubted",
    "slot",
    calls=_slot_called,
    result={"doubts": _DOUBTS, "before?": _DOUBTS},
    context={"session": UID},
    about="session",
    sentence=_doubted,
)
SLOT_DECIDED = FactType(
    "decided",
    "slot",
    calls=_slot_called,
    result={"decision": one_of("there", "not-there", "undecided"), "doubts": _DOUBTS, "reason?": TEXT},
    context={"session": UID, "instructor": REFERENCE},
    about="session",
    sentence=_decided,
)
SLOT_CLOSED = FactType(
    "closed",
    "slot",
    calls=_slot_called,
    is_office=True,
    is_common=True,
    result={"meaning": TEXT, "name": TEXT, "signature_sha256": SHA256, "signed": COUNT, "expected": COUNT},
    context={"session": UID, "circumstances_sha256": SHA256},
    about="session",
    sentence=gettext_lazy("Closed “%(object)s” with a signature"),
    done_to=gettext_lazy("Closed with a signature by %(actor)s"),
)
SHEET_SEALED = FactType(
    "sealed",
    "sheet",
    result={**SEALED_FILE, "number?": COUNT, "title?": TEXT, "actions?": listed(TEXT)},
    context={**WHY_SEALED, "session": UID},
    about="session",
    sentence=gettext_lazy("Sealed “%(object)s”"),
)
