"""What this room records: what was attested, that it counts no more, and each file that left."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from milepost.core.words import date_format
from milepost.documents.facts import SEALED_FILE, WHY_SEALED
from milepost.journal.vocabulary import (
    COUNT,
    DAY,
    REFERENCE,
    SHA256,
    TEXT,
    UID,
    FactType,
    Statement,
    closed,
    listed,
    one_of,
)


def _on_its_day(sentence: Promise) -> Callable[[Statement], str]:
    """The sentence with the day as people read it."""

    def tell(statement: Statement) -> str:
        day = statement.result["day"]
        with suppress(ValueError):  # where the page of facts shows what would stand there
            day = date_format(date.fromisoformat(day), "DATE_FORMAT")
        return str(sentence).replace("%(date)s", day.replace("%", "%%"))

    return tell


ATTESTATION_ISSUED = FactType(
    "issued",
    "attestation",
    is_office=True,
    result={
        "day": DAY,
        "concerned": COUNT,
        "certified": COUNT,
        "sites": listed(closed({"name": TEXT, "concerned": COUNT, "certified": COUNT})),
        "annex_sha256": SHA256,
        "sha256": SHA256,
    },
    context={"courses": listed(REFERENCE), "whom": TEXT, "site?": TEXT, "department?": TEXT, "replaces?": UID},
    sentence=_on_its_day(gettext_lazy("Attested: %(certified)s of %(concerned)s were certified on %(date)s")),
    done_to=_on_its_day(
        gettext_lazy("Attested by %(actor)s: %(certified)s of %(concerned)s were certified on %(date)s")
    ),
)
ATTESTATION_SEALED = FactType(
    "sealed",
    "attestation",
    result=SEALED_FILE,
    context=WHY_SEALED,
    sentence=gettext_lazy("Sealed “%(object)s”"),
)
ATTESTATION_REVOKED = FactType(
    "revoked",
    "attestation",
    is_office=True,
    result={"reason": TEXT},
    sentence=gettext_lazy("Revoked the attestation “%(object)s”: %(reason)s"),
)
ATTESTATION_EXPORTED = FactType(
    "exported",
    "attestation",
    is_office=True,
    watched="exported",
    result={"sha256": SHA256},
    context={"form": one_of("pdf", "annex")},
    sentence=gettext_lazy("Exported “%(object)s”"),
)
