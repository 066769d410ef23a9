"""Several processes on one database, as they run in earnest, some of them killed."""

import os
import secrets
import subprocess
import sys
import time

import psycopg
import pytest
from django.db import connection
from running import clean_environment

WRITE = """
import django; django.setup()
from django.db import transaction
from milepost.journal.recording import Fact, Reference, record_many
from milepost.learning.facts import COURSE_COMPLETED
from milepost.people.models import Organisation
anna, ladders = Reference("member", "anna", "Anna"), Reference("course", "ladders", "Ladders")
aldermoor = Organisation.objects.get(pk=1)
for turn in range(40):
    with transaction.atomic():
        record_many([Fact(COURSE_COMPLETED, anna, ladders, {"score": turn}, {"version": 1})] * 100, organisation=aldermoor)
"""
SEAL = """
import sys, time, django; django.setup()
from milepost.journal import sealing
sealing.BATCH = 150
print("ready", flush=True)
until = time.monotonic() + float(sys.argv[1])
while time.monotonic() < until:
    sealing.seal(1)
"""


@pytest.fixture
def own_database(tmp_path, request):
    """The environment of processes with an empty database of their own, of the kind that the tests run on."""
    told = {"MILEPOST_DATA": str(tmp_path), "MILEPOST_SECRET_KEY": "only-for-tests-" + "x" * 40}
    told["DJANGO_SETTINGS_MODULE"] = "milepost.config.settings"
    if connection.vendor == "postgresql":
        name, server = f"workers_{secrets.token_hex(4)}", os.environ["MILEPOST_DATABASE_URL"]
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        told["MILEPOST_DATABASE_URL"] = server.rpartition("/")[0] + "/" + name
    environment = clean_environment(**told)
    subprocess.run([sys.executable, "-m", "milepost.cli", "migrate"], env=environment, check=True, capture_output=True)
    command = ["organisation", "create", "aldermoor", "--name", "Aldermoor"]
    subprocess.run([sys.executable, "-m", "milepost.cli", *command], env=environment, check=True, capture_output=True)
    yield environment
    if connection.vendor == "postgresql":
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_many_workers_one_killed_in_the_middle_make_one_chain_while_entries_are_added(own_database):
    def start(code, *arguments):
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.Popen(command, env=own_database, stdout=subprocess.PIPE, text=True)

    sealers = [start(SEAL, "8") for _ in range(3)]
    for sealer in sealers:
        sealer.stdout.readline()
    writer = start(WRITE)
    time.sleep(1)
    sealers[0].kill()
    assert writer.wait(60) == 0
    assert [sealer.wait(60) for sealer in sealers] == [-9, 0, 0]
    command = [sys.executable, "-m", "milepost.cli", "journal"]
    place = ["--organisation", "aldermoor"]
    subprocess.run([*command, "seal", *place], env=own_database, check=True, capture_output=True)
    told = subprocess.run([*command, "verify", *place], env=own_database, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("4001 entries hold. 4001 are under")
