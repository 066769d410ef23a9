"""Two hosts over one PostgreSQL and one S3-compatible store work as one, also while one of them dies or is cut off.

Each is a namespace of the kernel with a whole Milepost in it (see `hosts`); what they share lies at the switch between them.
"""

import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import boto3
import psycopg
import pytest
from django.db import connection
from moto.server import ThreadedMotoServer
from running import SECRET

from milepost.notices.tests.servers import inbox
from tests.conftest import own_copy
from tests.hosts import NoNamespaces, inside, network
from tests.servers import Between

pytestmark = pytest.mark.one_database("postgresql")  # SQLite has one host
ROOT = Path(__file__).parent.parent
NAME, CSRF = "learn.example.org", "c" * 32
PEOPLE = 12
PREPARE = f"""
from milepost.core.starting import set_up; set_up()
from benchmark.peer import sessions
from milepost.learning.enrolling import enrol_many
from milepost.people.models import Member, Organisation
from tests.worlds import make_course, make_people
organisation = Organisation.objects.get()
make_people(organisation, {PEOPLE})
tree = {{"course.md": "---\\ntitle: Ladders\\nslug: ladders\\n---\\n", "01-first/module.md": "---\\ntitle: First\\n---\\n"}}
tree |= {{f"01-first/0{{n}}-page.page.md": f"---\\ntitle: Page {{n}}\\n---\\n\\nRead.\\n" for n in range(3)}}
course = make_course(organisation, tree)
enrol_many(members=Member.objects.all(), course=course)
sessions(organisation)
from milepost.config.serving import _collect_static_files
_collect_static_files()
"""


class Pair:
    """The two hosts, and what a test asks past them: the database, the mail server."""

    def __init__(self, hub, url, environments, sessions, store, mails):
        self.hub, self.url, self.environments, self.sessions = hub, url, environments, sessions
        self.store, self.mails = store, mails
        self.done = set()  # who has done their course
        self.hosts = [hub.host("one"), hub.host("two")]

    def start(self, *hosts):
        for host in hosts:
            command = [
                sys.executable,
                "-m",
                "milepost.cli",
                "up",
                "--host",
                "0.0.0.0",  # noqa: S104 (of a namespace)
                "--port",
                "8000",
                "--workers",
                "1",
            ]
            host.start(command, env=self.environments[host.name])
        for host in hosts:
            self.until(lambda host=host: Browser(self, host).get("/readyz?for=serving").status == 200)

    def number(self, query, *values):
        with psycopg.connect(self.url, autocommit=True) as own:
            return own.execute(query, values).fetchone()[0]

    def change(self, query, *values):
        with psycopg.connect(self.url, autocommit=True) as own:
            return own.execute(query, values).rowcount

    def until(self, is_so, patience=180.0):
        deadline = time.monotonic() + patience
        while True:
            with suppress(OSError):
                if result := is_so():
                    return result
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def certificates(self):
        """How many there are with a file."""
        return self.number("SELECT count(*) FROM credentials_certificate WHERE pdf <> ''")

    def letters(self):
        """To whom a certificate was sent."""
        return [message["To"] for message in self.mails.messages if "certificate" in message["Subject"]]


class Browser:
    """Somebody at a browser whose balancer leads to this host, or another one next time."""

    def __init__(self, pair, host, session=""):
        self.pair, self.host = pair, host
        self.cookies = {"csrftoken": CSRF, "django_language": "en"} | ({"sessionid": session} if session else {})

    def at(self, host):
        self.host = host
        return self

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, data=(), **headers):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = data if isinstance(data, bytes) else urlencode(data)
        return self.ask("POST", path, body, form | headers)

    def ask(self, method, path, body=None, headers=()):
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        named = {
            "Host": NAME,
            "Cookie": cookies,
            "X-CSRFToken": self.cookies["csrftoken"],
            "Accept": "text/html",
            **dict(headers),
        }
        with inside(self.pair.hub.namespace), closing(HTTPConnection(self.host.address, 8000, timeout=20)) as line:
            line.request(method, path, body, named)
            answer = line.getresponse()
            answer.content = answer.read()
        for header in answer.headers.get_all("Set-Cookie") or []:
            name, _equals, rest = header.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer


@pytest.fixture(scope="module")
def pair(prepared_environment, tmp_path_factory):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one host")
    folder = tmp_path_factory.mktemp("hosts")
    with ExitStack() as stack:
        try:
            hub = stack.enter_context(network())
        except NoNamespaces as reason:
            pytest.skip(str(reason))
        prepared = stack.enter_context(own_copy(prepared_environment, folder))
        url = prepared["MILEPOST_DATABASE_URL"]

        def at_the_switch(address, port):
            """What listens there is reached from the hosts, and from them alone."""
            with inside(hub.namespace):
                listening = stack.enter_context(closing(socket.create_server((hub.address, 0), backlog=200)))
            return Between(address, port, listening)

        database = at_the_switch(urlsplit(url).hostname, urlsplit(url).port)
        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        moto.start()
        stack.callback(moto.stop)
        store = at_the_switch(*moto.get_host_and_port())
        mails = stack.enter_context(inbox())
        post = at_the_switch(mails.host, mails.port)
        bucket = f"files-{folder.name}-{os.getpid()}"
        access = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
        boto3.resource("s3", endpoint_url="http://{}:{}".format(*moto.get_host_and_port()), **access).create_bucket(
            Bucket=bucket
        )
        shared = prepared | {
            "MILEPOST_SECRET_KEY": SECRET,
            "MILEPOST_BASE_URL": f"http://{NAME}",
            "MILEPOST_DATABASE_URL": f"postgresql://milepost@{hub.address}:{database.port}{urlsplit(url).path}?connect_timeout=2",
            "MILEPOST_DATABASE_PATIENCE": "3",
            "MILEPOST_FILES": f"s3://key:secret@{hub.address}:{store.port}/{bucket}?region=us-east-1&tls=no",
            "MILEPOST_MAIL_URL": f"smtp://{hub.address}:{post.port}",
        }
        environments = {name: shared | {"MILEPOST_DATA": str(folder / name)} for name in ("one", "two")}
        with inside(hub.namespace):
            code = environments["one"] | {"PYTHONPATH": f"{ROOT}/scripts:{ROOT}"}
            subprocess.run([sys.executable, "-c", PREPARE], env=code, check=True)
        shutil.copytree(folder / "one/static", folder / "two/static")
        sessions = json.loads((folder / "one/bench-sessions.json").read_text())
        made = Pair(hub, url, environments, sessions, store, mails)
        made.start(*made.hosts)
        yield made


def complete(pair, person, hosts):
    """Somebody does their course, led to the hosts by turns; each answer says that it is saved."""
    browser = Browser(pair, hosts[0], pair.sessions[person])
    for page in range(3):
        step = f"/aldermoor/learn/ladders/01-first/0{page}-page/"
        browser.get(step)
        answer = browser.at(hosts[page % len(hosts)]).post(step + "completion/")
        assert (answer.status, answer.headers["Location"][:11]) == (302, "/aldermoor/"), answer.content[:300]
    pair.done.add(person)


def everything_once(pair):
    """What the people who have done their course must find, and what would be there if anything was done twice."""
    people = len(pair.done)
    pair.until(lambda: pair.certificates() == people and len(pair.letters()) >= people)
    assert set(Counter(pair.letters()).values()) == {1}
    assert len(pair.letters()) == people
    completed = "SELECT count(*) FROM journal_entry WHERE fact = 'course.completed' AND actor_id <> ''"
    assert pair.number(completed) == people
    assert pair.number("SELECT count(*) FROM credentials_certificate") == people
    twice = "SELECT count(*) FROM (SELECT actor_id, object_id FROM journal_entry WHERE verb = 'progressed' GROUP BY 1, 2 HAVING count(*) > 1) AS twice"
    assert pair.number(twice) == 0


def test_whoever_signs_in_at_one_goes_on_at_the_other_and_signs_out_of_both(pair):
    one, two = pair.hosts
    somebody = Browser(pair, one)
    said = somebody.post("/accounts/login/", {"login": "n1@aldermoor.example", "password": "correct horse battery"})
    assert said.status == 302
    assert b"Ladders" in somebody.at(two).get("/aldermoor/").content
    assert somebody.post("/accounts/logout/").status == 302
    assert somebody.at(one).get("/aldermoor/").headers["Location"].startswith("/accounts/login/")


def test_people_do_their_courses_through_both_and_everything_happens_once(pair):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda person: complete(pair, person, pair.hosts[:: (-1) ** person]), range(2, 8)))
    everything_once(pair)


def test_a_file_that_is_uploaded_at_one_is_read_at_the_other(pair):
    one, two = pair.hosts
    picture, packed = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400, io.BytesIO()
    with zipfile.ZipFile(packed, "w") as course:
        course.writestr("course.md", "---\ntitle: Ropes\nslug: ropes\n---\n")
        course.writestr("01-first/module.md", "---\ntitle: First\n---\n")
        course.writestr("01-first/01-see.page.md", "---\ntitle: See\n---\n\n![A rope](../media/rope.png)\n")
        course.writestr("media/rope.png", picture)
    form = b'--part\r\nContent-Disposition: form-data; name="file"; filename="ropes.zip"\r\n\r\n%b\r\n--part--\r\n'
    lead = Browser(pair, one, pair.sessions[0])
    kind = {"Content-Type": "multipart/form-data; boundary=part"}
    said = lead.post("/aldermoor/courses/new/", form % packed.getvalue(), **kind)
    assert said.status == 302, re.sub(rb"<[^>]+>|\s+", b" ", said.content)
    read = lead.at(two).get(f"/aldermoor/media/{sha256(picture).hexdigest()}/rope.png")
    assert (read.status, read.content == picture) == (200, True)


def test_tries_are_counted_for_both_together(pair):
    tries = {"login": "n9@aldermoor.example", "password": "wrong"}
    for turn in range(5):
        assert Browser(pair, pair.hosts[turn % 2]).post("/accounts/login/", tries).status == 200
    for host in pair.hosts:
        refused = Browser(pair, host).post("/accounts/login/", tries | {"password": "correct horse battery"})
        assert refused.status == 200  # not led on, though it is right by now
        assert b"Too many tries for this address" in refused.content


def test_a_host_dies_at_work_and_the_other_goes_on_with_it(pair):
    one, two = pair.hosts
    # What comes round (a rank below 0) waits for no store, and would be over before its host is.
    held = "SELECT count(*) FROM core_job WHERE state = 'running' AND queue = 'files' AND rank >= 0"
    with pair.store.frozen():  # files are being made meanwhile: one at each host, for it makes one at a time
        complete(pair, 8, [one, two])
        pair.until(lambda: pair.number(held) == 1)
        complete(pair, 9, [one, two])
        pair.until(lambda: pair.number(f"{held} AND worker LIKE 'one:%%'"))
        one.end()
        complete(pair, 10, [two])
    assert b"Ladders" in Browser(pair, two, pair.sessions[10]).get("/aldermoor/").content
    a_minute_passes = "UPDATE core_job SET leased_until = leased_until - interval '1 minute' WHERE worker LIKE 'one:%%'"
    assert pair.change(a_minute_passes) >= 1
    everything_once(pair)
    pair.until(lambda: not pair.number("SELECT count(*) FROM core_job WHERE worker LIKE 'one:%%'"))


def test_a_host_that_is_cut_off_says_so_and_comes_back_by_itself(pair):
    one, two = pair.hosts
    if not one.processes:  # somebody pulled its plug
        pair.start(one)
    with one.cut_off():
        complete(pair, 11, [two])
        with inside(one.namespace), closing(HTTPConnection(one.address, 8000, timeout=30)) as line:
            line.request("GET", "/aldermoor/", headers={"Host": NAME, "Cookie": f"sessionid={pair.sessions[11]}"})
            assert line.getresponse().status == 503
    pair.until(lambda: Browser(pair, one, pair.sessions[11]).get("/aldermoor/").status == 200)
    everything_once(pair)


def test_the_journal_holds_against_what_each_host_remembers(pair):
    """Each is told once, as a machine that is new, to remember the seals that others made before it."""
    command = [sys.executable, "-m", "milepost.cli", "journal", "verify", "--organisation", "aldermoor"]
    remember = ["remember" if word == "verify" else word for word in command]
    with inside(pair.hub.namespace):
        for host in pair.hosts:
            subprocess.run(remember, env=pair.environments[host.name], check=True, timeout=240)
        both = [
            subprocess.Popen(command, env=pair.environments[host.name], stdout=-1, stderr=-1, text=True)
            for host in pair.hosts
        ]
    for process in both:
        said, wrong = process.communicate(timeout=240)
        assert process.returncode == 0, wrong
        assert "entries hold" in said
