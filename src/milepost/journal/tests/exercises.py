"""A room made for the tests: it brings facts of its own, of organisations that only it knows."""

from uuid import UUID

from milepost.journal.organisations import Identity
from milepost.journal.vocabulary import NUMBER, UID, FactType, adl

EXERCISE_COMPLETED = FactType(
    "completed", "exercise", iri=adl("completed"), result={"score?": NUMBER}, sentence="Completed “%(object)s”"
)
LESSON_COMPLETED = FactType("completed", "lesson", iri=adl("completed"), sentence="Completed “%(object)s”")
EXERCISE_PUBLISHED = FactType("published", "exercise", sentence="Published “%(object)s”")
PAPER_WRITTEN = FactType("wrote", "paper", context={"action?": UID, "holder?": UID}, sentence="Wrote “%(object)s”")
BADGE_ISSUED = FactType("issued", "badge", sentence="Received “%(object)s”")


def identity_of(organisation_id):
    """Any number is an organisation here."""
    return Identity(organisation_id, UUID(int=organisation_id), f"Organisation {organisation_id}")
