"""Entries as sentences that people read."""

from typing import Any

from django.utils.translation import gettext as _

from milepost.journal.models import Entry
from milepost.journal.verbs import Verb


def phrase(entry: Entry, subject_id: str) -> str:
    """What the entry says, from the view of `subject_id` (a person's history leaves out their own name)."""
    if entry.is_erased:
        return _("Erased, as the law asks")
    told = entry.content
    words: dict[str, Any] = {
        "actor": told["actor"]["name"],
        "object": told["object"]["name"],
        "by": told.get("context", {}).get("instructor", {}).get("name", ""),
        **{
            name: told.get("result", {}).get(name, "")
            for name in ("role", "reason", "score", "due", "progress", "version", "to", "count")
        },
    }
    is_done_to = entry.object_id == subject_id and entry.actor_id != subject_id
    return _template(entry, told, is_done_to=is_done_to) % words


def _template(entry: Entry, told: dict[str, Any], *, is_done_to: bool) -> str:
    verb = Verb(entry.verb)
    if verb is Verb.REGISTERED:
        return (
            _("Enrolled in “%(object)s” by %(by)s")
            if told.get("context", {}).get("instructor")
            else _("Joined “%(object)s”")
        )
    if verb in (Verb.MARKED, Verb.CORRECTED):
        states = {
            "signed": _("%(by)s noted for “%(object)s”: there"),
            "attested": _("%(by)s noted for “%(object)s”: there, without a signature"),
            "absent": _("%(by)s noted for “%(object)s”: absent"),
            "missing": _("%(by)s took back what was noted for “%(object)s”"),
        }
        return states[told["result"]["now"]["state"]] + (
            _(" (correction: %(reason)s)") if verb is Verb.CORRECTED else ""
        )
    if verb is Verb.COMPLETED and told["object"]["type"] == "document":
        return _("Signed by all")
    if verb is Verb.WITHDREW and told["object"]["type"] == "document":
        return _("Withdrawn by %(actor)s: %(reason)s")
    if verb is Verb.REVOKED and told["object"]["type"] == "certificate":
        return _("Revoked the certificate “%(object)s”: %(reason)s")
    templates = {
        Verb.LAUNCHED: _("Opened “%(object)s” for the first time"),
        Verb.INITIALISED: _("Began “%(object)s”"),
        Verb.PROGRESSED: _("Finished “%(object)s” (%(progress)s %% of the course)"),
        Verb.PASSED: _("Passed “%(object)s” with %(score)s %%"),
        Verb.FAILED: _("Did not pass “%(object)s”: %(score)s %%"),
        Verb.COMPLETED: _("Completed “%(object)s”"),
        Verb.WITHDREW: _("Taken out of “%(object)s”"),
        Verb.RESCHEDULED: _("New due date for “%(object)s”: %(due)s"),
        Verb.CREATED: _("Added by %(actor)s") if is_done_to else _("Added %(object)s"),
        Verb.UPDATED: _("Record changed by %(actor)s") if is_done_to else _("Changed %(object)s"),
        Verb.DEACTIVATED: _("Deactivated by %(actor)s") if is_done_to else _("Deactivated %(object)s"),
        Verb.REACTIVATED: _("Reactivated by %(actor)s") if is_done_to else _("Reactivated %(object)s"),
        Verb.INVITED: _("Invited by %(actor)s") if is_done_to else _("Invited %(object)s"),
        Verb.JOINED: _("Joined"),
        Verb.SIGNED_IN: _("Signed in"),
        Verb.GRANTED: _("Became %(role)s, by %(actor)s") if is_done_to else _("Gave %(object)s the role %(role)s"),
        Verb.REVOKED: _("Is no longer %(role)s, by %(actor)s")
        if is_done_to
        else _("Took the role %(role)s from %(object)s"),
        Verb.IMPORTED: _("Imported “%(object)s”"),
        Verb.PUBLISHED: _("Published version %(version)s of “%(object)s”"),
        Verb.EXPORTED: _("Exported “%(object)s”"),
        Verb.ISSUED: _("Received the certificate “%(object)s”"),
        Verb.SEALED: _("Sealed “%(object)s”"),
        Verb.ANSWERED: _("Answered “%(object)s”"),
        Verb.SCHEDULED: _("Scheduled “%(object)s”"),
        Verb.CANCELLED: _("Cancelled “%(object)s”: %(reason)s"),
        Verb.SIGNED: _("Signed by %(actor)s")
        if is_done_to
        else _("Signed for “%(object)s”")
        if told["object"]["type"] == "slot"
        else _("Signed “%(object)s”"),
        Verb.CLOSED: _("Closed with a signature by %(actor)s")
        if is_done_to
        else _("Closed “%(object)s” with a signature"),
        Verb.REQUESTED: _("Signatures asked for by %(actor)s")
        if is_done_to
        else _("Asked for signatures of “%(object)s”"),
        Verb.IDENTIFIED: _("%(actor)s typed the one-time code")
        if is_done_to
        else _("Typed the one-time code for “%(object)s”"),
        Verb.VIEWED: _("Opened by %(actor)s") if is_done_to else _("Opened “%(object)s”"),
        Verb.DECLINED: _("%(actor)s declined to sign: %(reason)s")
        if is_done_to
        else _("Declined to sign “%(object)s”: %(reason)s"),
        Verb.DELEGATED: _("%(actor)s passed it on to %(to)s") if is_done_to else _("Passed “%(object)s” on to %(to)s"),
        Verb.EXPIRED: _("Expired without all signatures"),
        Verb.ERASED: _("%(actor)s had the words of %(count)s facts erased: %(reason)s"),
        Verb.DELIVERED: _("A signature for “%(object)s” arrived after the closing"),
    }
    return templates[verb]
