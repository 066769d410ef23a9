"""A running Milepost with people who learn in it, while what it stands on fails: what it shows then, and what is there afterwards.

Its mail server and its time-stamping authority hang, drip and refuse; its database is locked; its disk is full, or can only be
read. On SQLite everything lies on that disk, on PostgreSQL all but the database.
"""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pikepdf
import pytest
from django.db import connection
from running import SECRET, clean_environment, free_port
from storms.machine import PostgreSQL

from milepost.documents.tests.agreements import a_pdf
from milepost.notices.tests.servers import inbox
from tests.conftest import own_copy
from tests.disks import Disk
from tests.servers import Between, drip, hang
from tests.sites import FIRST, Site
from tests.test_machine import children, command
from tests.thorough import IS_THOROUGH

READING = ["/storm/", "/storm/catalogue/storm/", "/storm/people/", "/storm/documents/", "/storm/settings/"]
FRENCH_SPEAKING = range(31, 39, 2)
ENGLISH, FRENCH = "Nothing can be saved right now", "Rien ne peut être enregistré pour l’instant"


def large_pdf():
    """More than is let go of on a full disk in passing, since what others forget there makes a little room."""
    with pikepdf.open(io.BytesIO(a_pdf())) as file:
        file.Root.Ballast = file.make_stream(os.urandom(1_000_000))
        saved = io.BytesIO()
        file.save(saved)
    return saved.getvalue()


A_FILE = {"data": {"title": "Ladders", "language": "en"}, "file": ("file", "ladders.pdf", large_pdf())}
ON_SQLITE = connection.vendor == "sqlite"


@pytest.fixture(scope="module")
def site(prepared_environment, tmp_path_factory, authority):
    with ExitStack() as stack:
        disk = stack.enter_context(Disk(tmp_path_factory.mktemp("faults")))
        environment = stack.enter_context(own_copy(prepared_environment, disk.seen))
        log = stack.enter_context(Path("/dev/full").open("wb"))  # not one line of its log can be written either
        letters = stack.enter_context(inbox())
        mail, stamps = Between(letters.host, letters.port), Between("127.0.0.1", urlsplit(authority[0]).port)
        environment |= {
            "MILEPOST_MAIL_URL": f"smtp://127.0.0.1:{mail.port}?patience=1",
            "MILEPOST_TIMESTAMP_URL": f"http://127.0.0.1:{stamps.port}/",
            "MILEPOST_TIMESTAMP_REST": "5",
            "MILEPOST_DATABASE_PATIENCE": "2",
        }
        site = stack.enter_context(Site(environment, disk.folder, within=disk.within, seen=disk.seen, log=log))
        site.disk, site.letters, site.mail, site.stamps = disk, letters, mail, stamps
        site.nobody_yet = iter(range(40, 60))  # who did nothing yet
        site.ask("/storm/")  # who has come in, which is a fact, and opened a step, before anything fails
        site.has_opened = iter(FRENCH_SPEAKING)
        for person in FRENCH_SPEAKING:
            site.ask(FIRST, person)
        yield site


def refuse(_connection, _over):
    """Hangs up."""


@pytest.mark.each_day_on("postgresql")  # what hangs is another server
@pytest.mark.parametrize("behaviour", [hang, drip, refuse])
def test_other_servers_in_trouble_hold_up_nobody_and_each_message_comes_once_when_they_are_well(site, behaviour):
    person = next(site.nobody_yet)
    address = f"n{person}@storm.example"
    usual = site.seconds_of("/storm/")
    with site.mail.behaving(behaviour), site.stamps.behaving(behaviour):
        done = site.complete(person)
        site.until(
            lambda: re.search(r"/storm/certificates/[0-9a-f-]{36}/", site.ask("/storm/certificates/", person).text)
        )
        asking = [Thread(target=asks_for_a_code, args=(site, f"n{number}@storm.example")) for number in range(4)]
        for thread in asking:
            thread.start()
        meanwhile = site.seconds_of("/storm/")
        for thread in asking:
            thread.join()
        assert meanwhile < max(0.9, 4 * usual)  # whoever waits for the mail server waits for a second and more
        site.until(lambda: "once it does" in site.ask("/storm/messages/undelivered/").text)
        assert address not in site.letters.addresses
    site.until(lambda: address in site.letters.addresses)
    site.is_whole(done, waits_for_stamps=False)
    assert site.letters.addresses.count(address) == 1


def asks_for_a_code(site, address):
    answer = site.ask("/accounts/login/code/", None, data={"email": address})
    assert answer.status == 503, answer
    assert "The mail server does not answer." in answer.text


LOCK = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not ON_SQLITE, reason="a server is frozen in test_machine.py")
def test_while_another_program_keeps_the_database_locked_pages_are_read_and_who_writes_is_told_soon(site):
    command = [*site.within, sys.executable, "-c", LOCK, str(site.folder / "milepost.sqlite3")]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline()
    assert_it_is_read(site)
    began, person = time.monotonic(), next(site.has_opened)
    answer = site.ask(FIRST + "completion/", person, data={"answer": "what I typed"})
    assert (answer.status, "what I typed" in answer.text, time.monotonic() - began < 9) == (503, True, True)
    other.communicate()
    assert site.ask(FIRST + "completion/", person, data={}).status == 302


@pytest.mark.each_day_on("sqlite")  # where the database lies on it, too
def test_on_a_full_disk_pages_are_read_nothing_is_called_saved_and_all_goes_on_by_itself_once_there_is_room(site):
    with site.people() as people:
        site.until(lambda: len(people.acknowledged) > 5)
        with site.disk.full():
            if ON_SQLITE:
                site.until(lambda: people.refusals.get("503", 0) > 5)
            assert_it_is_read(site)
            assert_it_says_so(site)
            assert_a_child_that_ends_is_started_again(site)
            assert site.probes()["disk"]["value"] == 0
            assert site.ask("/readyz?for=serving").status == 200
        site.until(lambda: site.probes()["disk"]["ok"])
        goes_on(site, people)
    site.is_whole(people)
    assert site.ask("/storm/documents/new/", **A_FILE).status == 302


@pytest.mark.each_day_on("sqlite")
def test_a_disk_that_can_only_be_read_is_the_same(site):
    stop_writing(site)
    with site.people() as people:
        with site.disk.locked():
            site.until(lambda: site.ask("/storm/").status == 200)
            if ON_SQLITE:
                site.until(lambda: people.refusals.get("503", 0) > 5)
            assert_it_is_read(site)
            assert_it_says_so(site)
            assert site.probes()["disk"]["value"] == 0
        goes_on(site, people)
    site.is_whole(people)


def assert_it_is_read(site):
    for path in READING:
        assert site.ask(path).status == 200, path


def assert_it_says_so(site):
    """Of a file that somebody brings, and, where the database is on the disk, of what they press: in the reader's language."""
    refused = site.ask("/storm/documents/new/", **A_FILE)
    assert (refused.status, ENGLISH in refused.text) == (503, True), refused
    assert "What you just sent is not saved." in refused.text
    if ON_SQLITE:
        refused = site.ask(FIRST + "completion/", next(site.has_opened), data={"answer": "what I typed"})
        assert (refused.status, FRENCH in refused.text) == (503, True), refused
        assert "what I typed" in refused.text


def assert_a_child_that_ends_is_started_again(site):
    [before] = [pid for pid in children(site.process.pid) if "milepost.config.worker" in command(pid)]
    os.kill(before, signal.SIGKILL)
    site.until(
        lambda: {pid for pid in children(site.process.pid) if "milepost.config.worker" in command(pid)} - {before}
    )


def goes_on(site, people):
    """Whoever presses from now on is told that it is saved."""
    count = len(people.acknowledged)
    site.until(lambda: len(people.acknowledged) > count + 3)


def stop_writing(site):
    """End what has files open: a system makes a disk read-only that way by force, which nobody else can ask it for."""
    for pid in children(site.process.pid):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(not IS_THOROUGH, reason="it migrates a database of its own; thorough runs do")
@pytest.mark.skipif(ON_SQLITE, reason="it is about a server of PostgreSQL")
def test_a_postgresql_whose_disk_is_full_is_told_in_words_and_goes_on_once_there_is_room():
    with (
        tempfile.TemporaryDirectory(prefix="milepost-full-") as name,  # whose way there is open to its own account, too
        Disk(Path(name) / "disk") as disk,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(disk.seen, "postgres")
        database = PostgreSQL(disk.folder, free_port(), within=disk.within)
        try:
            names = {"MILEPOST_SECRET_KEY": SECRET, "MILEPOST_DATABASE_URL": database.address()}
            environment = clean_environment(**names, DJANGO_SETTINGS_MODULE="milepost.config.settings")
            with Site(environment, folder / "data") as site, site.people() as people:
                site.until(lambda: len(people.acknowledged) > 5)
                with disk.full():
                    site.until(lambda: people.refusals.get("503", 0) > 5)
                goes_on(site, people)
                people.stop()
                site.is_whole(people)
                assert set(people.refusals) <= {"503"}
        finally:
            database.stop()
