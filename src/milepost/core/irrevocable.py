"""Verbs that nobody takes back: roles, erasure, what leaves the house, what is done to many and stays done.

    @irrevocable
    def erase_person(*, member, by): ...

Whoever signed in a while ago says once more who they are before a page calls one of them: `people.confirming` asks, by one line
beside the permission of the view, and `tests/test_confirming.py` finds the view that calls such a verb and does not ask.
"""

from collections.abc import Callable
from typing import Any


def irrevocable[F: Callable[..., Any]](verb: F) -> F:
    """Say of a verb that what it does stays done. It changes nothing of the verb."""
    verb.is_irrevocable = True  # type: ignore[attr-defined]
    return verb
