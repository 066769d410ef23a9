"""Processes that write facts and are killed between any two steps, while others fold and seal; printed: what is said to be wrong.

    main(kills=20)      # in a process with a database of its own

Each writer writes one by one, many at once, in savepoints that are rolled back, in transactions that are; cuts its own connection
while it commits; and dies by kill -9 at a moment that nobody chose.
"""

import json
import os
import random
import signal
import time
from contextlib import suppress

from django.db import Error, connection, connections, transaction

from milepost.journal import folding
from milepost.journal.models import Entry
from milepost.journal.organisations import identity_of
from milepost.journal.recording import Fact, Reference, record, record_many
from milepost.journal.sealing import seal
from milepost.journal.verification import verify
from milepost.learning.facts import COURSE_COMPLETED
from milepost.people.models import Organisation

WRITERS = 4


class Regretted(Exception):
    """What has a transaction rolled back."""


def main(kills: int) -> None:
    number = Organisation.objects.values_list("pk", flat=True).get()
    seal(number)
    connections.close_all()
    writers = [_begin(_write, number, each) for each in range(WRITERS)]
    keeper = _begin(_keep, number, 0)
    chance = random.Random(7)
    for turn in range(kills):
        time.sleep(chance.uniform(0.02, 0.2))
        _end(writers.pop(chance.randrange(WRITERS)))
        writers.append(_begin(_write, number, WRITERS + turn))
        if turn % 5 == 4:
            _end(keeper)
            keeper = _begin(_keep, number, turn)
    for process in (*writers, keeper):
        _end(process)
    before = verify(number)
    seal(number)
    after = verify(number)
    wrong = [str(found.finding) for found in (before, after) if found.finding] + list(after.missed)
    print(json.dumps({"entries": Entry.objects.filter(organisation_id=number).count(), "wrong": wrong}))


def _begin(act, number: int, seed: int) -> int:
    process = os.fork()
    if process == 0:
        with suppress(BaseException):
            act(number, random.Random(seed))
        os._exit(1)
    return process


def _end(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def _keep(number: int, _chance: random.Random) -> None:
    while True:
        folding.fold(number)
        seal(number)


def _write(number: int, chance: random.Random) -> None:
    organisation, anna = identity_of(number), Reference("member", "anna", "Anna")
    course = Reference("course", "ladders", "Ladders")

    def one() -> None:
        record(COURSE_COMPLETED, organisation=organisation, actor=anna, object=course, context={"version": 1})

    while True:
        with suppress(Regretted, Error), transaction.atomic():
            one()
            with suppress(Regretted), transaction.atomic():
                one()
                if chance.random() < 0.4:
                    raise Regretted
            if chance.random() < 0.3:
                facts = [Fact(COURSE_COMPLETED, anna, course, {}, {"version": 1})] * chance.randrange(1, 9)
                record_many(facts, organisation=organisation)
            one()
            if chance.random() < 0.2:
                raise Regretted
            if chance.random() < 0.05 and connection.vendor == "postgresql":
                connection.connection.close()  # who writes does not know whether it was committed
