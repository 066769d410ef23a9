"""What this room records: connection records."""

from django.utils.translation import gettext_lazy

from milepost.documents.facts import SEALED_FILE, WHY_SEALED
from milepost.journal.vocabulary import COUNT, REFERENCE, SHA256, UID, FactType
from milepost.learning.facts import ROUND

CONNECTION_RECORD_CREATED = FactType(
    "created",
    "connection-record",
    result={"sittings": COUNT, "minutes": COUNT, "minutes_live": COUNT, "content_sha256": SHA256},
    context={"action": UID, "course": UID, "version": COUNT, "instructor?": REFERENCE, "replaces?": UID, **ROUND},
    about="action",
    sentence=gettext_lazy("Connection record drawn up for “%(object)s”"),
)
CONNECTION_RECORD_SEALED = FactType(
    "sealed",
    "connection-record",
    result=SEALED_FILE,
    context={**WHY_SEALED, "action": UID, "holder": UID},
    about="action",
    sentence=gettext_lazy("Sealed the connection record for “%(object)s”"),
)
