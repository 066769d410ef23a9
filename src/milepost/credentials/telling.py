"""What the facts in a dossier say of certificates, for its records. `milepost verify` derives the same by itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from milepost.credentials.facts import CERTIFICATE_ISSUED, CERTIFICATE_REVOKED
from milepost.people.contributions import DossierWriter

STATED = ("title", "begun", "completed", "minutes_at_a_distance", "minutes_live", "score", "valid_until")
CERTIFICATES = ("certificate", "person", "name", "issued_at", *STATED, "ended_at", "why")


def certificate_rows(course: str, people: Mapping[str, str], dossier: DossierWriter) -> Iterator[list[Any]]:
    """The heading, then a row for each certificate of these people (names by uid), as they were issued; `ended_at` when it ended.

    One ends when it is revoked, and when another replaces it.
    """
    rows: dict[str, dict[str, Any]] = {}
    for fact in dossier.facts((CERTIFICATE_ISSUED, CERTIFICATE_REVOKED)):
        uid, context = fact["object"]["id"], fact["context"]
        if context["course"] != course:
            continue
        if fact["verb"] == "revoked" and uid in rows:
            rows[uid] |= {"ended_at": fact["time"], "why": fact["result"]["reason"]}
        elif fact["verb"] == "issued":
            person = fact["actor"]["id"]
            who = {"certificate": uid, "person": person, "name": people.get(person, ""), "issued_at": fact["time"]}
            rows[uid] = who | {name: fact["result"].get(name, "") for name in STATED}
            if replaced := rows.get(context.get("replaces", "")):
                replaced |= {"ended_at": fact["time"], "why": f"replaced by {uid}"}
    yield list(CERTIFICATES)
    for row in rows.values():
        yield [row.get(column, "") for column in CERTIFICATES]
