"""A process that sends what is in the outbox, and dies at one of its steps; and what is there once another has gone on.

`main` answers to lines on standard input, each in a child of its own: starting a process anew takes longer than all of them.
What a child does is a verb below; what it says, and how it ended, is a line of JSON.
"""

import json
import os
import signal
import smtplib
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from milepost.core import clock
from milepost.notices import sending
from milepost.notices.invitations import InvitationKind
from milepost.notices.models import Notice
from milepost.notices.outbox import Said, notify_many
from milepost.people.models import Member, Organisation
from tests.worlds import make_member, make_people

PEOPLE = 12
DIES_AT = 3  # its third message


def main() -> None:
    """Do for each line what it says: the name of a verb and its arguments."""
    InvitationKind.is_still_wanted = lambda *_notice: True  # type: ignore[method-assign]  # here a message like others
    for line in sys.stdin:
        name, *arguments = line.split()
        read, write = os.pipe()
        child = os.fork()
        if not child:
            _live(VERBS[name], arguments, write)
        os.close(write)
        with os.fdopen(read) as answer:
            said = answer.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([status, json.loads(said) if said else None]), flush=True)


def _live(verb: Callable[..., object], arguments: list[str], write: int) -> None:
    try:
        os.write(write, json.dumps(verb(*arguments)).encode())
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def prepare() -> None:
    """An owner, and people who are to be told."""
    organisation = Organisation.objects.get()
    make_member(organisation, "claire", roles=["owner"])
    make_people(organisation, PEOPLE)


def say(key: str) -> None:
    """Put a message to each of them into the outbox."""
    by = Member.objects.get(given_name="Claire")
    people = Member.objects.filter(user=None)
    notify_many("invitation", [Said(one, one.as_reference(), key, {"by": str(by.uid)}) for one in people])


def send() -> None:
    """Send what is there."""
    sending.send_due()


def die(step: str) -> None:
    """Send, and end at the third message as a power cut would, at the step that is named."""
    calls: list[int] = []

    def dying(function: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
        def wrapped(*arguments: object, **named: object) -> Any:
            calls.append(1)
            if len(calls) == DIES_AT and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*arguments, **named)
            if len(calls) == DIES_AT:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return wrapped

    sending.LEASE = timedelta(seconds=1)
    place, name, after = STEPS[step]
    setattr(place, name, dying(getattr(place, name), after=after))
    sending.send_due()


def send_the_rest(key: str) -> list[str]:
    """Send until all with this key are sent; those that may have gone out twice."""
    mine = Notice.objects.filter(key=key)
    with clock.at(clock.now() + timedelta(minutes=5)):
        while mine.exclude(state="sent").exists():
            sending.send_due()
    return [str(uid) for uid in mine.filter(may_be_twice=True).values_list("uid", flat=True)]


STEPS = {
    "taken": (sending, "letter_of", False),
    "written": (sending, "letter_of", True),
    "envelope": (smtplib.SMTP, "rcpt", True),
    "marked": (smtplib.SMTP, "data", False),
    "accepted": (smtplib.SMTP, "data", True),
    "settled": (sending, "_settle", True),
}
VERBS: dict[str, Callable[..., object]] = {verb.__name__: verb for verb in (prepare, say, send, die, send_the_rest)}
