"""A security event as an object of the Elastic Common Schema (ECS 8): what the feed and standard output say of each.

    {"@timestamp": "2026-11-28T21:04:11.201Z", "ecs.version": "8.17.0", "event.kind": "event",
     "event.category": ["authentication"], "event.type": ["denied"], "event.action": "sign-in-failed", "event.outcome": "failure",
     "event.reason": "password", "event.id": "…", "event.sequence": 4711, "event.start": "…", "event.end": "…",
     "event.provider": "milepost", "organization.id": "…", "user.id": "…", "source.ip": "192.0.2.7", "milepost.count": 3}

Names are stable: what is added later is added, nothing is renamed. A field without a value is left out. docs/security-events.md tells them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from milepost.core import clock
from milepost.journal.models import Entry
from milepost.journal.phrases import phrase
from milepost.people.happenings import Happening, Told, happenings
from milepost.people.models import Organisation
from milepost.security.models import SecurityEvent

VERSION = "8.17.0"
_TYPES = {
    "signed-in": ["start"],
    "session-ended": ["end"],
    "factor-added": ["user", "creation"],
    "factor-removed": ["user", "deletion"],
    "exported": ["access"],
    "erased": ["deletion"],
}


def of_told(told: Told) -> dict[str, Any]:
    """What was told just now, for whoever runs the installation: whom it concerns in all organisations that know them."""
    now = clock.now()
    return {
        **_head(told.kind, now),
        **_present({"event.reason": told.detail, "source.ip": _ip(told.address), "http.request.id": told.request}),
        **_present({"user.id": [str(member.uid) for member in told.members]}),
    }


def of_event(
    event: SecurityEvent, organisation: Organisation, entries: Mapping[int, Entry] | None = None
) -> dict[str, Any]:
    """A kept event. `entries` are the facts that events point to: with them it says what the fact says."""
    kind = happenings.get(event.kind)
    entry = (entries or {}).get(event.entry_id or 0)
    return {
        **_head(kind, event.last_at),
        "event.id": str(event.uid),
        "event.sequence": event.number,
        "event.start": _instant(event.first_at),
        "event.end": _instant(event.last_at),
        "organization.id": str(organisation.uid),
        "milepost.count": event.count,
        **_present(
            {
                "event.reason": event.detail,
                "user.id": str(event.person.uid) if event.person else "",
                "user.target.id": str(event.done_to.uid) if event.done_to else "",
                "source.ip": _ip(event.address),
                "message": phrase(entry, "") if entry else "",
            }
        ),
    }


def _head(kind: Happening, at: datetime) -> dict[str, Any]:
    types = ["denied"] if kind.is_refusal else _TYPES.get(kind.name, ["change"] if kind.area != "web" else ["info"])
    return {
        "@timestamp": _instant(at),
        "ecs.version": VERSION,
        "event.kind": "event",
        "event.provider": "milepost",
        "event.category": [kind.area.value],
        "event.type": types,
        "event.action": kind.name,
        "event.outcome": "failure" if kind.is_refusal else "success",
    }


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in ("", [], None)}


def _ip(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        return ""


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
