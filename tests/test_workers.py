"""Several processes on one database, as they run in earnest, some of them killed."""

import subprocess
import sys
import time

import pytest

WRITE = """
from milepost.core.starting import set_up; set_up()
from uuid import uuid4
from django.db import transaction
from milepost.journal.recording import Fact, Reference, record_many
from milepost.learning.facts import COURSE_COMPLETED
from milepost.people.models import Organisation
anna, ladders = Reference("member", str(uuid4()), "Anna"), Reference("course", str(uuid4()), "Ladders")
aldermoor = Organisation.objects.get(pk=1)
for turn in range(40):
    with transaction.atomic():
        record_many([Fact(COURSE_COMPLETED, anna, ladders, {"score": turn}, {"version": 1})] * 100, organisation=aldermoor)
"""
SEAL = """
import sys; from milepost.core.starting import set_up; set_up()
from pathlib import Path
from milepost.journal import folding, sealing
folding.BATCH = 150
print("ready", flush=True)
while not Path(sys.argv[1]).exists():
    sealing.seal(1)
"""


@pytest.mark.each_day_on("postgresql")
def test_many_workers_one_killed_in_the_middle_make_one_chain_while_entries_are_added(own_database, tmp_path):
    def start(code, *arguments):
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.Popen(command, env=own_database, stdout=subprocess.PIPE, text=True)

    sealers = [start(SEAL, tmp_path / "enough") for _ in range(3)]
    for sealer in sealers:
        sealer.stdout.readline()
    writer = start(WRITE)
    time.sleep(1)
    sealers[0].kill()
    assert writer.wait(60) == 0
    (tmp_path / "enough").touch()
    assert [sealer.wait(60) for sealer in sealers] == [-9, 0, 0]
    command = [sys.executable, "-m", "milepost.cli", "journal"]
    place = ["--organisation", "aldermoor"]
    subprocess.run([*command, "seal", *place], env=own_database, check=True, capture_output=True)
    done = subprocess.run([*command, "verify", *place], env=own_database, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4002 entries hold. 4002 are under")


TELL = """
import sys; from milepost.core.starting import set_up; set_up()
from pathlib import Path
from milepost.journal.recording import SYSTEM, Reference, record
from milepost.journal.subscriptions import subscribe, tell_all
from milepost.learning.facts import COURSE_COMPLETED, COURSE_WITHDREW
from milepost.people.models import Organisation
aldermoor = Organisation.objects.get(pk=1)
def answer(facts):
    for fact in facts:
        record(COURSE_WITHDREW, organisation=aldermoor, actor=SYSTEM, object=Reference("course", f"answer-{fact.pk}", "Answer"))
subscribe("answers", [COURSE_COMPLETED], answer)
print("ready", flush=True)
while not Path(sys.argv[1]).exists():
    tell_all(1)
"""
FINISH = (
    TELL.partition("print")[0]
    + """
while tell_all(1):
    pass
from milepost.journal.models import Entry
answers = list(Entry.objects.filter(fact="course.withdrew").values_list("object_id", flat=True))
facts = list(Entry.objects.filter(fact="course.completed").values_list("id", flat=True))
print(len(facts), len(answers), set(answers) == {f"answer-{fact}" for fact in facts})
"""
)


@pytest.mark.one_database("postgresql")  # who is second there waits for a row, on SQLite for the whole database
def test_two_workers_one_killed_tell_each_fact_once_while_facts_are_added(own_database, tmp_path):
    def start(code, *arguments):
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.Popen(command, env=own_database, stdout=subprocess.PIPE, text=True)

    tellers = [start(TELL, tmp_path / "enough") for _ in range(3)]
    for teller in tellers:
        teller.stdout.readline()
    writer = start(WRITE)
    time.sleep(1)
    tellers[0].kill()
    assert writer.wait(60) == 0
    (tmp_path / "enough").touch()
    assert [teller.wait(60) for teller in tellers] == [-9, 0, 0]
    assert start(FINISH).communicate(timeout=60)[0] == "4000 4000 True\n"
