"""What this room records: documents, and how they were asked for, signed, sealed and dated."""

from django.utils.translation import gettext_lazy

from milepost.journal.vocabulary import FLAG, SHA256, TEXT, UID, FactType, Fields, adl, closed, listed, one_of

# A sealed file, by its fingerprint. A time stamp, or the seal of a provider, makes it anew: it then says which file it was before, and why it changed.
SEALED_FILE: Fields = {"sha256": SHA256, "document_sha256?": SHA256}
WHY_SEALED: Fields = {"what?": one_of("time stamp", "provider's seal")}

_REQUEST: Fields = {"request": UID}

WORDING_UPDATED = FactType(
    "updated",
    "wording",
    is_office=True,
    context={"kind": TEXT, "language": TEXT},
    sentence=gettext_lazy("Changed the wording of “%(object)s”"),
)
DOCUMENT_CREATED = FactType(
    "created",
    "document",
    is_office=True,
    context={"kind?": TEXT, "file?": TEXT, "was_signed?": FLAG, "action?": UID, "holder?": UID},
    sentence=gettext_lazy("Added %(object)s"),
    done_to=gettext_lazy("Added by %(actor)s"),
)
DOCUMENT_SEALED = FactType(
    "sealed",
    "document",
    result=SEALED_FILE,
    context=WHY_SEALED,
    sentence=gettext_lazy("Sealed “%(object)s”"),
)

DOCUMENT_REQUESTED = FactType(
    "requested",
    "document",
    is_office=True,
    result={"parties": listed(closed({"name": TEXT, "capacity": TEXT})), "annexes?": listed(SHA256)},
    context={**_REQUEST, "act?": UID},
    sentence=gettext_lazy("Asked for signatures of “%(object)s”"),
    done_to=gettext_lazy("Signatures asked for by %(actor)s"),
)
DOCUMENT_LINK_RENEWED = FactType(
    "renewed",
    "document",
    is_office=True,
    watched="key-changed",
    result={"to": TEXT},
    context=_REQUEST,
    sentence=gettext_lazy("Renewed a link to “%(object)s”"),
    done_to=gettext_lazy("A link was renewed by %(actor)s"),
)
DOCUMENT_VIEWED = FactType(
    "viewed",
    "document",
    context=_REQUEST,
    sentence=gettext_lazy("Opened “%(object)s”"),
    done_to=gettext_lazy("Opened by %(actor)s"),
)
DOCUMENT_IDENTIFIED = FactType(
    "identified",
    "document",
    context={**_REQUEST, "channel": TEXT},
    sentence=gettext_lazy("Typed the one-time code for “%(object)s”"),
    done_to=gettext_lazy("%(actor)s typed the one-time code"),
)
DOCUMENT_SIGNED = FactType(
    "signed",
    "document",
    result={
        "meaning": TEXT,
        "name": TEXT,
        "capacity": TEXT,
        "identified": one_of("link", "link+code"),
        "signature_sha256": SHA256,
        "document_sha256": SHA256,
        "sha256": SHA256,
    },
    context={**_REQUEST, "circumstances_sha256": SHA256},
    sentence=gettext_lazy("Signed “%(object)s”"),
    done_to=gettext_lazy("Signed by %(actor)s"),
)
DOCUMENT_COMPLETED = FactType(
    "completed",
    "document",
    iri=adl("completed"),
    result={"sha256": SHA256},
    context=_REQUEST,
    sentence=gettext_lazy("Signed by all"),
)
DOCUMENT_DECLINED = FactType(
    "declined",
    "document",
    result={"reason": TEXT},
    context=_REQUEST,
    sentence=gettext_lazy("Declined to sign “%(object)s”: %(reason)s"),
    done_to=gettext_lazy("%(actor)s declined to sign: %(reason)s"),
)
DOCUMENT_DELEGATION_PROPOSED = FactType(
    "proposed",
    "document",
    result={"to": TEXT},
    context=_REQUEST,
    sentence=gettext_lazy("Asked that %(to)s signs “%(object)s” instead"),
    done_to=gettext_lazy("%(actor)s asked that %(to)s signs instead"),
)
DOCUMENT_DELEGATION_REFUSED = FactType(
    "refused",
    "document",
    is_office=True,
    result={"to": TEXT, "instead_of": TEXT},
    context=_REQUEST,
    sentence=gettext_lazy("Did not agree that %(to)s signs “%(object)s” instead of %(instead_of)s"),
    done_to=gettext_lazy("%(actor)s did not agree that %(to)s signs instead of %(instead_of)s"),
)
# By whoever sent it, who agrees; of earlier releases by who was asked, whom nobody had to agree with.
DOCUMENT_DELEGATED = FactType(
    "delegated",
    "document",
    result={"to": TEXT, "instead_of?": TEXT},
    context=_REQUEST,
    sentence=gettext_lazy("Passed “%(object)s” on to %(to)s"),
    done_to=gettext_lazy("%(actor)s passed it on to %(to)s"),
)
DOCUMENT_WITHDREW = FactType(
    "withdrew",
    "document",
    result={"reason": TEXT},
    context={**_REQUEST, "act?": UID},
    sentence=gettext_lazy("Withdrawn by %(actor)s: %(reason)s"),
)
DOCUMENT_EXPIRED = FactType(
    "expired",
    "document",
    context=_REQUEST,
    sentence=gettext_lazy("Expired without all signatures"),
)
