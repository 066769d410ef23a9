"""What this room records: certificates."""

from django.utils.translation import gettext_lazy

from milepost.documents.facts import SEALED_FILE, WHY_SEALED
from milepost.journal.vocabulary import COUNT, DAY, NUMBER, REFERENCE, TEXT, UID, FactType, listed
from milepost.learning.facts import ROUND

CERTIFICATE_ISSUED = FactType(
    "issued",
    "certificate",
    result={
        "title": TEXT,
        "begun": DAY,
        "completed": DAY,
        "minutes_at_a_distance": COUNT,
        "minutes_live": COUNT,
        "score?": NUMBER,
        "valid_until?": DAY,
        "modalities?": listed(TEXT),  # own-time, and the forms of the sessions in which its person was
        "places?": listed(TEXT),
        "organisation?": TEXT,
        "address?": TEXT,
        "registration?": TEXT,
        "employer?": TEXT,
        "certifier?": TEXT,
        "certifier_quality?": TEXT,
    },
    context={"course": UID, "version": COUNT, "action?": UID, "instructor?": REFERENCE, "replaces?": UID, **ROUND},
    about="course",
    sentence=gettext_lazy("Received the certificate “%(object)s”"),
)
CERTIFICATE_SEALED = FactType(
    "sealed",
    "certificate",
    result=SEALED_FILE,
    context={**WHY_SEALED, "course": UID, "holder": UID},
    about="course",
    sentence=gettext_lazy("Sealed “%(object)s”"),
)
CERTIFICATE_REVOKED = FactType(
    "revoked",
    "certificate",
    is_office=True,
    result={"reason": TEXT},
    context={"course": UID, "holder": UID},
    about="course",
    sentence=gettext_lazy("Revoked the certificate “%(object)s”: %(reason)s"),
)
