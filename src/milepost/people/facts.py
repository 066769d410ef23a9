"""What this room records: who belongs to an organisation, and what they may do there.

A change of a setting is in `settings.py`: its sentence needs what settings are called.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core.words import date_format
from milepost.journal.vocabulary import COUNT, DAY, TEXT, UID, FactType, Fields, Statement, listed
from milepost.people.bulk_acts import bulk_kinds
from milepost.people.roles import ORGANISATION, Role

ORGANISATION_CREATED = FactType(
    "created",
    "organisation",
    is_office=True,
    sentence=gettext_lazy("Added %(object)s"),
    done_to=gettext_lazy("Added by %(actor)s"),
)

# What papers state of it, all of it; nothing for what it has not. See `identity.py`.
IDENTITY_STATED = FactType(
    "stated",
    "identity",
    is_office=True,
    is_common=True,
    result={
        "name": TEXT,
        "registration_number": TEXT,
        "postal_address": TEXT,
        "certifier_name": TEXT,
        "certifier_quality": TEXT,
    },
    sentence=gettext_lazy("Stated who the organisation is: %(object)s"),
)

# Where a person stands from then on, all of it: what is not there is nowhere. Earlier releases recorded none of it.
_PLACE: Fields = {
    "relation?": TEXT,
    "site?": TEXT,
    "department?": TEXT,
    "job_title?": TEXT,
    "manager?": UID,
    "left_on?": DAY,
}

PEOPLE_IMPORTED = FactType(
    "imported",
    "people-file",
    is_office=True,
    result={"new": COUNT, "changed": COUNT, "back?": COUNT, "gone": COUNT, "unchanged": COUNT},
    context={"act?": UID},
    sentence=gettext_lazy("Imported “%(object)s”"),
)
MEMBER_CREATED = FactType(
    "created",
    "member",
    is_office=True,
    result=_PLACE,
    sentence=gettext_lazy("Added %(object)s"),
    done_to=gettext_lazy("Added by %(actor)s"),
)
MEMBER_UPDATED = FactType(
    "updated",
    "member",
    is_office=True,
    result=_PLACE,
    context={"fields": listed(TEXT), "act?": UID},
    sentence=gettext_lazy("Changed %(object)s"),
    done_to=gettext_lazy("Record changed by %(actor)s"),
)
MEMBER_DEACTIVATED = FactType(
    "deactivated",
    "member",
    is_office=True,
    result={"left_on?": DAY},
    context={"act?": UID},
    sentence=gettext_lazy("Deactivated %(object)s"),
    done_to=gettext_lazy("Deactivated by %(actor)s"),
)
MEMBER_REACTIVATED = FactType(
    "reactivated",
    "member",
    is_office=True,
    result=_PLACE,
    context={"fields": listed(TEXT), "act?": UID},
    sentence=gettext_lazy("Reactivated %(object)s"),
    done_to=gettext_lazy("Reactivated by %(actor)s"),
)

# A long absence, by its uid: why somebody is away is told to nobody. `returned` is recorded when it is over.
_AWAY: Fields = {"absence": UID, "begins": DAY, "ends?": DAY}


def _on_day(sentence: Promise, name: str) -> Callable[[Statement], str]:
    """The sentence with a day of its result as people read it, where it says {day}."""

    def tell(statement: Statement) -> str:
        day = statement.result[name]
        with suppress(ValueError):  # in the page of all facts a name stands for the day
            day = date_format(date.fromisoformat(day))
        return str(sentence).replace("{day}", day)

    return tell


MEMBER_ABSENT = FactType(
    "absent",
    "member",
    is_office=True,
    result=_AWAY,
    sentence=_on_day(gettext_lazy("Noted that %(object)s is away from {day}"), "begins"),
    done_to=_on_day(gettext_lazy("Away from {day}, noted by %(actor)s"), "begins"),
)
MEMBER_ABSENCE_CHANGED = FactType(
    "changed-absence",
    "member",
    is_office=True,
    result=_AWAY,
    sentence=_on_day(gettext_lazy("Changed how long %(object)s is away, from {day}"), "begins"),
    done_to=_on_day(gettext_lazy("Away from {day}, changed by %(actor)s"), "begins"),
)
MEMBER_ABSENCE_REMOVED = FactType(
    "removed-absence",
    "member",
    is_office=True,
    result=_AWAY,
    sentence=_on_day(gettext_lazy("Took back that %(object)s is away from {day}"), "begins"),
    done_to=_on_day(gettext_lazy("Not away from {day} after all, said by %(actor)s"), "begins"),
)
MEMBER_RETURNED = FactType(
    "returned",
    "member",
    is_office=True,
    result={"absence": UID, "begins": DAY, "ends": DAY, "days": COUNT},
    sentence=_on_day(gettext_lazy("%(object)s is back, away until {day}"), "ends"),
    done_to=_on_day(gettext_lazy("Back, away until {day}"), "ends"),
)

# Two records of one person: facts about the earlier one stay its own.
MEMBER_MERGED = FactType(
    "merged",
    "member",
    is_office=True,
    result={"earlier": UID},
    sentence=gettext_lazy("Linked %(object)s with an earlier record of the same person"),
    done_to=gettext_lazy("Linked with an earlier record by %(actor)s"),
)
MEMBER_SEPARATED = FactType(
    "separated",
    "member",
    is_office=True,
    result={"earlier": UID},
    sentence=gettext_lazy("Separated %(object)s from a record that is another person’s"),
    done_to=gettext_lazy("Separated from another record by %(actor)s"),
)

FEED_CREATED = FactType(
    "created",
    "people-feed",
    is_office=True,
    watched="key-changed",
    sentence=gettext_lazy("Made a key for sending the HR file"),
)
FEED_RENEWED = FactType(
    "renewed",
    "people-feed",
    is_office=True,
    watched="key-changed",
    sentence=gettext_lazy("Renewed the key for sending the HR file"),
)
FEED_REVOKED = FactType(
    "revoked",
    "people-feed",
    is_office=True,
    watched="key-changed",
    sentence=gettext_lazy("Ended the key for sending the HR file"),
)
FEED_SCHEDULED = FactType(
    "scheduled",
    "people-feed",
    is_office=True,
    result={"host": TEXT, "at": TEXT},
    sentence=gettext_lazy("Has the HR file fetched from %(host)s each day at %(at)s"),
)
FEED_UNSCHEDULED = FactType(
    "unscheduled", "people-feed", is_office=True, sentence=gettext_lazy("Has the HR file fetched no more")
)

PLACE_ADDED = FactType("added", "place", is_office=True, sentence=gettext_lazy("Added “%(object)s”"))
PLACE_RENAMED = FactType(
    "renamed",
    "place",
    is_office=True,
    result={"kind": TEXT, "before": TEXT, "after": TEXT},
    sentence=gettext_lazy("Renamed “%(before)s” to “%(after)s”"),
)
PLACE_LOCATED = FactType(
    "located",
    "place",
    is_office=True,
    result={"country?": TEXT, "time_zone?": TEXT},
    sentence=gettext_lazy("Said in which country and time zone “%(object)s” is"),
)
PLACE_EMPTIED = FactType(
    "emptied",
    "place",
    is_office=True,
    result={"into": TEXT, "people": COUNT},
    context={"act": UID},
    sentence=gettext_lazy("Moved everybody from “%(object)s” to “%(into)s”"),
)
PLACE_REMOVED = FactType("removed", "place", is_office=True, sentence=gettext_lazy("Removed “%(object)s”"))

MEMBER_INVITED = FactType(
    "invited",
    "member",
    is_office=True,
    context={"act?": UID},
    sentence=gettext_lazy("Invited %(object)s"),
    done_to=gettext_lazy("Invited by %(actor)s"),
)
MEMBER_UNINVITED = FactType(
    "uninvited",
    "member",
    is_office=True,
    context={"act": UID},
    sentence=gettext_lazy("Took the invitation of %(object)s back"),
    done_to=gettext_lazy("Invitation taken back by %(actor)s"),
)
MEMBER_JOINED = FactType("joined", "member", sentence=gettext_lazy("Joined"))
MEMBER_DECLINED = FactType("declined", "member", sentence=gettext_lazy("Said no to joining"))
MEMBER_SIGNED_IN = FactType("signed-in", "member", sentence=gettext_lazy("Signed in"))

MEMBER_SIGNED_OUT = FactType(
    "signed-out",
    "member",
    is_office=True,
    watched="session-ended",
    sentence=gettext_lazy("Signed %(object)s out everywhere"),
    done_to=gettext_lazy("Signed out everywhere by %(actor)s"),
)
SECOND_FACTOR_RESET_ASKED = FactType(
    "asked-for-factor-reset",
    "member",
    is_office=True,
    watched="factor-removed",
    sentence=gettext_lazy("Asked that the second factor of %(object)s be reset"),
    done_to=gettext_lazy("Second factor to be reset, asked by %(actor)s"),
)
SECOND_FACTOR_RESET = FactType(
    "reset-factor",
    "member",
    is_office=True,
    watched="factor-removed",
    sentence=gettext_lazy("Reset the second factor of %(object)s"),
    done_to=gettext_lazy("Second factor reset, asked by %(actor)s"),
)
SECOND_FACTOR_KEPT = FactType(
    "kept-factor",
    "member",
    is_office=True,
    watched="factor-removed",
    sentence=gettext_lazy("Kept the second factor of %(object)s: it is not reset"),
    done_to=gettext_lazy("Second factor kept by %(actor)s: it is not reset"),
)

# `within` names what a scope other than the organisation is held in; `until` the last day.
_ROLE: Fields = {"role": TEXT, "scope": TEXT, "within?": TEXT, "until?": DAY}


def _telling(sentence: Promise) -> Callable[[Statement], str]:
    """The sentence with the role as people read it, and whether it is held for a part of the organisation alone."""

    def tell(statement: Statement) -> str:
        name = statement.result["role"]
        is_whole = statement.result["scope"] == ORGANISATION
        role = _("“%(role)s”") if is_whole else _("“%(role)s” for a part of the organisation")
        role %= {"role": Role(name).label if name in Role else name}
        return str(sentence).replace("{role}", role.replace("%", "%%"))

    return tell


MEMBER_GRANTED = FactType(
    "granted",
    "member",
    is_office=True,
    watched="role-changed",
    result=_ROLE,
    sentence=_telling(gettext_lazy("Gave %(object)s the role {role}")),
    done_to=_telling(gettext_lazy("Was given the role {role} by %(actor)s")),
)
MEMBER_REVOKED = FactType(
    "revoked",
    "member",
    is_office=True,
    watched="role-changed",
    result=_ROLE,
    sentence=_telling(gettext_lazy("Withdrew the role {role} from %(object)s")),
    done_to=_telling(gettext_lazy("Lost the role {role}, withdrawn by %(actor)s")),
)


def _undone(statement: Statement) -> str:
    """In the words of the kind of act, as long as its room is there."""
    kind = statement.context["kind"]
    if kind in bulk_kinds:
        return str(bulk_kinds.get(kind).undone)
    return _("Undid “%(object)s”: %(taken_back)s taken back, %(kept)s kept")


BULK_ACT_UNDONE = FactType(
    "undid",
    "bulk-act",
    is_office=True,
    result={"taken_back": COUNT, "kept": COUNT},
    context={"kind": TEXT},
    sentence=_undone,
)
