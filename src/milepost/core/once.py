"""What is sent twice is made once: a button pressed twice, a page gone back to, a form sent again after an outage.

A form that makes something carries a key of its own, and what it makes gets its uid from that:

    <form method="post">{% csrf_token %}{% once %}                       a hidden field, new each time the page is shown

    invite_auditor(…, key=once.key_of(request.POST))                     in the view

    uid = once.uid_of(key, organisation.uid, invitation.email, …)        in the verb, with all that was said
    with transaction.atomic():
        Organisation.locked(organisation.pk)
        if made := Audit.objects.filter(uid=uid).first():
            return made

Whoever goes back and says something else makes something else; nobody who makes up a key reaches what another organisation made.
"""

from collections.abc import Mapping
from uuid import UUID, uuid4, uuid5

from milepost.core.queries import text_of

FIELD = "once"  # in a form
LONGEST = 64  # characters of a key


def new_key() -> str:
    """A key for a form."""
    return uuid4().hex


def key_of(post: Mapping[str, str]) -> str:
    """The key that came with a form; empty where none did."""
    return text_of(post, FIELD, limit=LONGEST)


def uid_of(key: str, organisation: UUID, *said: object) -> UUID:
    """The uid of what a form with this key makes of what was said in it; without a key a new one each time."""
    return uuid5(organisation, repr((key, *map(str, said)))) if key else uuid4()
