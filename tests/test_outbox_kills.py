"""The outbox while its worker is killed at each of its steps: counted at a real mail server."""

import collections
import json
import subprocess
import sys
from pathlib import Path

import pytest

from milepost.notices.tests.servers import inbox

ROOT = Path(__file__).parent.parent
PREPARE = """
import django; django.setup()
from django.utils import timezone
from milepost.people.models import Organisation
from tests.worlds import make_member, make_people
organisation = Organisation.objects.get()
make_member(organisation, "claire", roles=["owner"])
make_people(organisation, 12)
"""
SAY = """
import django; django.setup()
import sys
from milepost.notices.outbox import Said, notify_many
from milepost.people.models import Member
by = Member.objects.get(given_name="Claire")
people = Member.objects.filter(user=None)
notify_many("invitation", [Said(one, one.as_reference(), sys.argv[1], {"by": str(by.uid)}) for one in people])
"""
# Ends at its third message as a power cut would, at the step that is named.
SEND = """
import os, signal, smtplib, sys
from datetime import timedelta
from milepost.notices import sending
sending.LEASE = timedelta(seconds=1)
step, calls = sys.argv[1], []
def dying(function, *, after):
    def wrapped(*arguments, **named):
        calls.append(1)
        if len(calls) == 3 and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **named)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return wrapped
if step == "taken":
    sending.letter_of = dying(sending.letter_of, after=False)
elif step == "written":
    sending.letter_of = dying(sending.letter_of, after=True)
elif step == "envelope":
    smtplib.SMTP.rcpt = dying(smtplib.SMTP.rcpt, after=True)
elif step == "marked":
    smtplib.SMTP.data = dying(smtplib.SMTP.data, after=False)
elif step == "accepted":
    smtplib.SMTP.data = dying(smtplib.SMTP.data, after=True)
elif step == "settled":
    sending._settle = dying(sending._settle, after=True)
sending.send_due()
"""
SEND_THE_REST = """
import django; django.setup()
import json, sys, time
from milepost.core import clock
from milepost.notices.models import Notice
from milepost.notices.sending import send_due
from datetime import timedelta
mine = Notice.objects.filter(key=sys.argv[1])
with clock.at(clock.now() + timedelta(minutes=5)):
    while mine.exclude(state="sent").exists():
        send_due()
print(json.dumps(list(mine.filter(may_be_twice=True).values_list("uid", flat=True)), default=str))
"""


@pytest.fixture
def run(own_database, settings):
    def run(code, *arguments, **environment):
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(
            command, env=own_database | environment, cwd=ROOT, capture_output=True, text=True, timeout=120
        )

    return run


def test_whenever_the_worker_is_killed_nobody_misses_a_message_and_only_smtp_s_own_gap_doubles_one(run):
    assert run(PREPARE).returncode == 0
    for step in ("taken", "written", "envelope", "marked", "accepted", "settled"):
        with inbox() as server:
            at = {"MILEPOST_MAIL_URL": f"smtp://127.0.0.1:{server.port}"}
            assert run(SAY + SEND, step, **at).returncode == -9, step
            rest = run(SEND_THE_REST, step, **at)
        assert rest.returncode == 0, rest.stderr
        counts = collections.Counter(server.addresses)
        twice = [message["Message-ID"] for message in server.messages if counts[message["To"]] > 1]
        marked = json.loads(rest.stdout)
        assert len(counts) == 12, step
        assert len(marked) == (1 if step in {"marked", "accepted"} else 0), step
        assert len(twice) == (2 if step == "accepted" else 0), step
        assert len(set(twice)) == len(twice) // 2  # the same Message-ID, by which a mail program knows it
        assert all(marked[0] in one for one in twice)


@pytest.mark.one_database("postgresql")  # who is second there waits for a row, on SQLite for the whole database
def test_workers_side_by_side_send_each_message_once(run, own_database):
    assert run(PREPARE).returncode == 0
    with inbox() as server:
        at = own_database | {"MILEPOST_MAIL_URL": f"smtp://127.0.0.1:{server.port}"}
        for key in range(4):
            assert run(SAY, str(key)).returncode == 0
        command = [
            sys.executable,
            "-c",
            "import django; django.setup()\nfrom milepost.notices.sending import send_due\nsend_due()",
        ]
        workers = [subprocess.Popen(command, env=at, cwd=ROOT) for _each in range(3)]
        assert [worker.wait(120) for worker in workers] == [0, 0, 0]
    assert collections.Counter(server.addresses) == {f"n{n}@aldermoor.example": 4 for n in range(12)}
    assert len({message["Message-ID"] for message in server.messages}) == 48
