"""What this room records: training actions, their dossiers, and what auditors and people looked at or took with them."""

from django.utils.translation import gettext_lazy

from milepost.journal.vocabulary import (
    COUNT,
    DAY,
    REFERENCE,
    SHA256,
    TEXT,
    UID,
    FactType,
    Fields,
    Schema,
    adl,
    closed,
    listed,
)

DAY_OR_NONE: Schema = {"type": ["string", "null"], "pattern": DAY["pattern"]}

# What an action says of itself in words; whatever is left out is empty.
_TEXTS: Fields = {
    "client?": TEXT,
    "client_address?": TEXT,
    "client_registration?": TEXT,
    "client_representative?": TEXT,
    "client_capacity?": TEXT,
    "funder?": TEXT,
    "funding_reference?": TEXT,
    "objectives?": TEXT,
    "price?": TEXT,
    "help_by?": TEXT,
    "help_means?": TEXT,
    "help_within?": TEXT,
}

ACTION_CREATED = FactType(
    "created",
    "action",
    is_office=True,
    is_common=True,
    result={
        "reference": TEXT,
        "title": TEXT,
        "starts_on": DAY,
        "ends_on": DAY,
        "minutes": COUNT,
        **_TEXTS,
        "course?": REFERENCE,
        "sessions": listed(UID),
    },
    context={"profile": TEXT},
    sentence=gettext_lazy("Added %(object)s"),
    done_to=gettext_lazy("Added by %(actor)s"),
)
ACTION_UPDATED = FactType(
    "updated",
    "action",
    is_office=True,
    is_common=True,
    result={"changes": closed({"title?": TEXT, "last_paid_on?": DAY_OR_NONE, **_TEXTS})},
    sentence=gettext_lazy("Changed %(object)s"),
    done_to=gettext_lazy("Record changed by %(actor)s"),
)
ACTION_REGISTERED = FactType(
    "registered",
    "action",
    iri=adl("registered"),
    context={"instructor?": REFERENCE},
    sentence=gettext_lazy("Takes part in “%(object)s”"),
    done_to=gettext_lazy("%(actor)s takes part"),
)
PIECE_CREATED = FactType(
    "created",
    "piece",
    is_office=True,
    result={"sha256": SHA256},
    context={"action": UID, "piece": TEXT, "file": TEXT, "holder?": UID},
    about="action",
    sentence=gettext_lazy("Added the file “%(object)s”"),
)
ACTION_REQUESTED = FactType(
    "requested",
    "action",
    is_office=True,
    context={"dossier": UID},
    sentence=gettext_lazy("Asked for a dossier of “%(object)s”"),
    done_to=gettext_lazy("Dossier asked for by %(actor)s"),
)
ACTION_EXPORTED = FactType(
    "exported",
    "action",
    is_office=True,
    watched="exported",
    result={"sha256": SHA256},
    context={"dossier": UID},
    sentence=gettext_lazy("Exported “%(object)s”"),
)
MEMBER_EXPORTED = FactType(
    "exported",
    "member",
    is_office=True,
    watched="exported",
    context={"what": TEXT},
    sentence=gettext_lazy("Exported “%(object)s”"),
)
OUTSIDER_EXPORTED = FactType(
    "exported",
    "outsider",
    is_office=True,
    watched="exported",
    sentence=gettext_lazy("Exported the data of somebody from outside"),
)

AUDIT_INVITED = FactType(
    "invited",
    "audit",
    is_office=True,
    watched="role-changed",
    context={"from": DAY, "until": DAY, "scope": listed(TEXT)},
    sentence=gettext_lazy("Invited %(object)s"),
    done_to=gettext_lazy("Invited by %(actor)s"),
)
AUDIT_CANCELLED = FactType(
    "cancelled",
    "audit",
    is_office=True,
    watched="role-changed",
    result={"reason": TEXT},
    sentence=gettext_lazy("Cancelled “%(object)s”: %(reason)s"),
)
AUDIT_IDENTIFIED = FactType(
    "identified",
    "audit",
    context={"channel": TEXT},
    sentence=gettext_lazy("Typed the one-time code for “%(object)s”"),
    done_to=gettext_lazy("%(actor)s typed the one-time code"),
)

# An auditor opens things of many types, each of them of an action.
_IN_AUDIT: Fields = {"audit": UID, "action": UID, "page?": TEXT, "file?": TEXT, "sha256?": SHA256}
AUDITOR_VIEWED = FactType(
    "viewed",
    "",
    name="auditor.viewed",
    context=_IN_AUDIT,
    about="action",
    sentence=gettext_lazy("Opened “%(object)s”"),
    done_to=gettext_lazy("Opened by %(actor)s"),
)
AUDITOR_EXPORTED = FactType(
    "exported",
    "",
    name="auditor.exported",
    context=_IN_AUDIT,
    about="action",
    is_office=True,
    watched="exported",
    sentence=gettext_lazy("Exported “%(object)s”"),
)
