"""The newest seal, sent out once a day to those who keep it: by mail with one line, to programs by a POST."""

import json
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from milepost.anchors import jobs, keepers
from milepost.anchors.models import SentSeal
from milepost.anchors.settings import MOST, SEAL_KEEPERS
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.core.models import Job
from milepost.journal import checkpoints
from milepost.journal.notes import Note
from milepost.journal.second_memory import NothingRemembered, said_in
from milepost.journal.verification import verify
from milepost.people import settings as organisation_settings
from tests.servers import trouble

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 30, 11, tzinfo=UTC)


@pytest.fixture
def keeping(organisation, grown):
    def by(*addresses):
        organisation_settings.change(organisation=organisation, values={SEAL_KEEPERS.name: "\n".join(addresses)})
        grown(3)

    return by


def a_day(number=0):
    """What is sent on this day, whoever looks how often."""
    mail.outbox.clear()
    with clock.at(NOON + timedelta(days=number)):
        for _turn in range(3):
            run_all()
    return list(mail.outbox)


def test_whoever_keeps_seals_is_sent_the_newest_once_a_day_with_one_line_to_keep(organisation, keeping, grown):
    keeping("Works.Council@aldermoor.example", "auditor@audit.example")
    first = a_day()
    assert sorted(message.to[0] for message in first) == ["auditor@audit.example", "works.council@aldermoor.example"]
    line = checkpoints.line_of(checkpoints.newest(organisation.pk))
    assert line in first[0].body
    assert f"/log/{organisation.uid}/" in first[0].body
    grown(2)
    assert a_day() == []
    assert len(a_day(1)) == 2
    assert a_day(2) == []  # nothing was added
    grown(1)
    assert len(a_day(3)) == 2
    assert SentSeal.objects.count() == 3


def test_what_was_sent_holds_the_journal_to_it(organisation, keeping, grown):
    keeping("auditor@audit.example")
    [message] = a_day()
    grown(5)
    files = {part.get_filename(): part.get_content() for part in message.message().iter_attachments()}
    texts = {name: content if isinstance(content, bytes) else content.encode() for name, content in files.items()}
    assert len(texts) == 2
    texts["the mail"], texts["its body"] = message.message().as_bytes(), message.body.encode()
    for name, content in texts.items():
        said = said_in(content, organisation.uid, name)
        assert said, name
        assert verify(organisation.pk, against=said).finding is None
    [note] = [content for name, content in texts.items() if name.startswith("checkpoint")]
    assert Note.parse(note.replace(b"\r\n", b"\n")).signatures


def test_a_mail_without_the_line_says_nothing(organisation):
    message = EmailMessage()
    message["Message-ID"], message["Subject"] = "<a@b.example>", "Lunch"
    message.set_content("At noon?")
    with pytest.raises(NothingRemembered):
        said_in(message.as_bytes(), organisation.uid, "mail")


def test_killed_at_any_step_the_day_s_seal_is_sent_once(organisation, keeping, monkeypatch):
    keeping("auditor@audit.example")
    with clock.at(NOON):
        for step in ("notify_many", "named"):
            with monkeypatch.context() as broken:
                broken.setattr(keepers, step, lambda *_args, **_more: 1 / 0)
                with pytest.raises(ZeroDivisionError):
                    keepers.send(organisation.pk)
            assert not SentSeal.objects.exists()
        assert keepers.send(organisation.pk) == 1
        assert keepers.send(organisation.pk) == 0
    assert len(a_day()) == 1


def test_nobody_is_sent_anything_where_nobody_was_named(organisation, keeping, grown):
    keeping("auditor@audit.example")
    organisation_settings.change(organisation=organisation, values={SEAL_KEEPERS.name: ""})
    assert (keepers.due(), a_day()) == ([], [])


# --- Programs --------------------------------------------------------------------------------------------------


@pytest.fixture
def program(settings):
    """A program on this machine, whose network the operator has opened; what it was sent, and what it answers."""
    settings.INNER_NETWORKS = ["127.0.0.0/8"]
    sent, answer = [], [b"HTTP/1.1 204 No Content\r\n\r\n"]

    def behaviour(connection, over):
        head, _blank, content = connection.recv(65536).partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        while len(content) < length:
            content += connection.recv(65536)
        sent.append((head.decode(), json.loads(content)))
        connection.sendall(answer[0])

    with trouble(behaviour) as port:
        yield f"http://127.0.0.1:{port}/seals?token=s3cret", sent, answer


def test_a_program_is_posted_the_same(organisation, keeping, program):
    address, sent, _answer = program
    keeping(address)
    a_day()
    [(head, told)] = sent
    newest = checkpoints.newest(organisation.pk)
    assert head.startswith("POST /seals?token=s3cret HTTP/1.1")
    assert f"Idempotency-Key: {organisation.uid}:2026-11-30" in head
    assert told["line"] == checkpoints.line_of(newest)
    assert said_in(told["seal"].encode(), organisation.uid, "seal")
    assert Note.parse(told["checkpoint"].encode()).signatures


def test_a_program_that_does_not_take_it_is_asked_again_and_no_job_tells_its_address(
    organisation, keeping, program, caplog
):
    address, sent, answer = program
    answer[0] = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
    keeping(address)
    a_day()
    [job] = Job.objects.filter(task=jobs.post_seal.module_path)
    assert (job.attempts, "s3cret" in json.dumps(job.arguments), "s3cret" in caplog.text) == (1, False, False)
    answer[0] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with clock.at(NOON + timedelta(hours=2)):
        run_all()
    assert len(sent) == 2
    assert not Job.objects.filter(task=jobs.post_seal.module_path).exists()


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://2130706433:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://0.0.0.0:{port}/",
    ],
)
def test_no_program_of_this_network_is_reached_by_what_an_organisation_names(
    organisation, keeping, program, settings, address
):
    name, sent, _answer = program
    settings.INNER_NETWORKS = []
    keeping(address.format(port=name.split(":")[2].partition("/")[0]))
    a_day()
    assert sent == []
    [job] = Job.objects.filter(task=jobs.post_seal.module_path)
    assert job.attempts == 1


def test_a_program_that_leads_elsewhere_is_not_followed(organisation, keeping, program):
    address, sent, answer = program
    answer[0] = b"HTTP/1.1 307 Away\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n"
    keeping(address)
    a_day()
    assert len(sent) == 1


def test_an_address_that_was_taken_off_the_list_is_posted_nothing(organisation, keeping, program):
    address, sent, _answer = program
    keeping(address)
    with clock.at(NOON):
        keepers.send(organisation.pk)
        organisation_settings.change(organisation=organisation, values={SEAL_KEEPERS.name: ""})
        run_all()
    assert sent == []


# --- What can be named -----------------------------------------------------------------------------------------


def test_addresses_are_kept_one_a_line_each_once():
    assert SEAL_KEEPERS.field.clean(" A@b.example \r\n\r\nhttps://x.example/y?z=1\na@b.example\n") == [
        "a@b.example",
        "https://x.example/y?z=1",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "nobody",
        "a@b",
        "ftp://x.example/",
        "https://",
        "https://x.example:0/",
        "https://[x/",
        "https://x y.example/",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_address_is_refused(wrong):
    with pytest.raises(ValidationError, match="address"):
        SEAL_KEEPERS.field.clean(wrong)


def test_a_list_has_an_end():
    with pytest.raises(ValidationError, match=str(MOST)):
        SEAL_KEEPERS.field.clean("\n".join(f"a{number}@b.example" for number in range(MOST + 1)))
