"""Values from a query string, which anybody may write by hand: bounded, and never a surprise."""

from collections.abc import Mapping
from uuid import UUID


def text_of(query: Mapping[str, str], name: str, *, limit: int = 200) -> str:
    """A text, cut to `limit` characters."""
    return query.get(name, "")[:limit]


def key_of(query: Mapping[str, str], name: str) -> int | None:
    """A row's key, or None for anything that is not one."""
    text = query.get(name, "")
    return int(text) if is_key(text) else None


def is_key(text: str) -> bool:
    """Whether a row could have this key: no database numbers beyond 64 bits."""
    return text.isascii() and text.isdigit() and len(text) < 16


def uuid_of(query: Mapping[str, str], name: str) -> UUID | None:
    """A UUID, or None for anything that is not one."""
    try:
        return UUID(query.get(name, ""))
    except ValueError:
        return None
