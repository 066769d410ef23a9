"""What visits record, with a verb that no other room has."""

from milepost.journal.vocabulary import SHA256, FactType

VISIT_REPORTED = FactType(
    "reported", "visit", is_office=True, result={"sha256": SHA256}, sentence="Reported from “%(object)s”"
)
