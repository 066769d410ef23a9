"""What can be said in the journal: each verb with its IRI, from the ADL and cmi5 vocabularies where they have it."""

from enum import StrEnum


class Verb(StrEnum):
    """A verb as stored; `iri` is its name in an xAPI statement."""

    REGISTERED = "registered"
    LAUNCHED = "launched"
    INITIALISED = "initialized"
    PROGRESSED = "progressed"
    ANSWERED = "answered"
    PASSED = "passed"
    FAILED = "failed"
    COMPLETED = "completed"
    WITHDREW = "withdrew"
    RESCHEDULED = "rescheduled"
    CREATED = "created"
    UPDATED = "updated"
    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    INVITED = "invited"
    JOINED = "joined"
    SIGNED_IN = "signed-in"
    GRANTED = "granted"
    REVOKED = "revoked"
    IMPORTED = "imported"
    PUBLISHED = "published"
    EXPORTED = "exported"
    ISSUED = "issued"
    SEALED = "sealed"
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    SIGNED = "signed"
    MARKED = "marked"
    CORRECTED = "corrected"
    CLOSED = "closed"
    DELIVERED = "delivered"
    REQUESTED = "requested"
    IDENTIFIED = "identified"
    VIEWED = "viewed"
    DECLINED = "declined"
    DELEGATED = "delegated"
    EXPIRED = "expired"
    ERASED = "erased"

    @property
    def iri(self) -> str:
        """The verb's IRI (ADL vocabulary; what ADL lacks is under Milepost's own prefix)."""
        prefix = "http://adlnet.gov/expapi/verbs/" if self in _ADL else "https://w3id.org/xapi/milepost/verbs/"
        return prefix + self.value


_ADL = {
    Verb.REGISTERED, Verb.LAUNCHED, Verb.INITIALISED, Verb.PROGRESSED, Verb.ANSWERED, Verb.PASSED, Verb.FAILED,
    Verb.COMPLETED,
}  # fmt: skip
