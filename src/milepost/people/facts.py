"""What this room records: who belongs to an organisation, and what they may do there."""

from django.utils.translation import gettext_lazy

from milepost.journal.vocabulary import COUNT, DAY, TEXT, FactType, Fields, Schema, listed

ORGANISATION_CREATED = FactType(
    "created",
    "organisation",
    is_office=True,
    sentence=gettext_lazy("Added %(object)s"),
    done_to=gettext_lazy("Added by %(actor)s"),
)
# As the field of the setting gives it.
_VALUE: Schema = {"type": ["string", "number", "boolean", "array", "null"], "items": TEXT}
SETTING_CHANGED = FactType(
    "updated",
    "organisation",
    is_office=True,
    context={"setting": TEXT},
    result={"before": _VALUE, "after": _VALUE},
    sentence=gettext_lazy("Changed the setting “%(setting)s” from “%(before)s” to “%(after)s”"),
)

PEOPLE_IMPORTED = FactType(
    "imported",
    "people-file",
    is_office=True,
    result={"new": COUNT, "changed": COUNT, "gone": COUNT, "unchanged": COUNT},
    sentence=gettext_lazy("Imported “%(object)s”"),
)
MEMBER_CREATED = FactType(
    "created",
    "member",
    is_office=True,
    sentence=gettext_lazy("Added %(object)s"),
    done_to=gettext_lazy("Added by %(actor)s"),
)
MEMBER_UPDATED = FactType(
    "updated",
    "member",
    is_office=True,
    context={"fields": listed(TEXT)},
    sentence=gettext_lazy("Changed %(object)s"),
    done_to=gettext_lazy("Record changed by %(actor)s"),
)
MEMBER_DEACTIVATED = FactType(
    "deactivated",
    "member",
    is_office=True,
    sentence=gettext_lazy("Deactivated %(object)s"),
    done_to=gettext_lazy("Deactivated by %(actor)s"),
)

MEMBER_INVITED = FactType(
    "invited",
    "member",
    is_office=True,
    sentence=gettext_lazy("Invited %(object)s"),
    done_to=gettext_lazy("Invited by %(actor)s"),
)
MEMBER_JOINED = FactType("joined", "member", sentence=gettext_lazy("Joined"))
MEMBER_SIGNED_IN = FactType("signed-in", "member", sentence=gettext_lazy("Signed in"))

# `within` names what a scope other than the organisation is held in; `until` the last day.
_ROLE: Fields = {"role": TEXT, "scope": TEXT, "within?": TEXT, "until?": DAY}

MEMBER_GRANTED = FactType(
    "granted",
    "member",
    is_office=True,
    result=_ROLE,
    sentence=gettext_lazy("Gave %(object)s the role %(role)s"),
    done_to=gettext_lazy("Became %(role)s, by %(actor)s"),
)
MEMBER_REVOKED = FactType(
    "revoked",
    "member",
    is_office=True,
    result=_ROLE,
    sentence=gettext_lazy("Took the role %(role)s from %(object)s"),
    done_to=gettext_lazy("Is no longer %(role)s, by %(actor)s"),
)
