"""What a message looks like: to a person, to a mail program, to a mail server."""

from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID

import pytest
from django.core.mail import EmailMessage
from hypothesis import example, given
from hypothesis import strategies as st

import milepost
from milepost.journal.recording import Reference
from milepost.notices.channels import Delivery
from milepost.notices.channels.email.message import message_of
from milepost.notices.kinds import Kind
from milepost.notices.letters import Letter, letter_of, one_line, paragraphs
from milepost.notices.models import Notice, Recipient
from milepost.notices.outbox import Outside, Said, row_of
from milepost.notices.sending import send_due
from milepost.people.models import Organisation

UID = UUID("9f0c7d0e-54f1-4f5e-9d53-0f1de4c4a1c6")
ANNA = Recipient("Anna Nygård", "Anna", "anna@aldermoor.example", "en", "Europe/Paris")
ALDERMOOR = Organisation(name="Aldermoor", slug="aldermoor", brand_colour="#ffd400")


def as_read(message: EmailMessage):
    """The message as another program reads it from the wire."""
    return message_from_bytes(
        message.message(policy=policy.SMTP.clone(cte_type="7bit")).as_bytes(), policy=policy.default
    )


def delivered(letter: Letter, organisation=ALDERMOOR):
    return as_read(message_of(Delivery(UID, ANNA, organisation, letter)))


@given(st.text(max_size=2_000), st.text(max_size=300))
@example("Sicherheitsunterweisung" * 90, "Ärztekammer\r\nBcc: everybody@example.org")
@example("é" * 1500, "a, b <c@d>")
@example("one\ntwo\r\nBcc: x@example.org\x0b\u2028three", '"')
def test_no_subject_and_no_name_breaks_a_message(subject, name):
    """RFC 5322, section 2.1.1: no line over 998 characters; RFC 2047 for what is not ASCII; no header slips in."""
    letter = Letter(one_line(subject)[:200], ["Hello."])
    organisation = Organisation(name=name, slug="aldermoor", brand_colour="#0f5c4d")
    message = message_of(Delivery(UID, ANNA, organisation, letter))
    wire = message.message(policy=policy.SMTP.clone(cte_type="7bit")).as_bytes()
    assert max(len(line) for line in wire.split(b"\r\n")) <= 998
    assert wire.isascii()
    read = message_from_bytes(wire, policy=policy.default)
    assert read["Bcc"] is None
    assert read["From"].addresses[0].addr_spec.startswith("no-reply@")
    assert "".join(str(read["Subject"]).split()) == "".join(letter.subject.split())
    assert read.get_body(("plain",)).get_content().startswith("Hello.")


@given(st.text(max_size=400))
def test_one_line_is_one_line(text):
    said = one_line(text)
    assert len(said.splitlines()) <= 1
    assert said == one_line(said)


@given(st.text(max_size=400))
def test_paragraphs_lose_no_word(text):
    assert "".join("".join(paragraphs(text)).split()) == "".join(text.split())


def test_a_space_at_which_no_line_ends_stays_one():
    """A line began with a colon, or ended with the first half of a quotation."""
    assert paragraphs(" La raison\xa0:   « à\xa0l’heure »\n\n b ") == ["La raison\xa0: « à\xa0l’heure »", "b"]
    assert one_line("Étiez-vous là\xa0?\n") == "Étiez-vous là\xa0?"


def test_it_comes_from_the_organisation_by_name_and_says_that_a_machine_wrote_it():
    read = delivered(Letter("Hello", ["Hello."], reply_to="claire@aldermoor.example"))
    assert read["From"].addresses[0].display_name == "Aldermoor"
    assert read["Reply-To"] == "claire@aldermoor.example"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Message-ID"] == f"<{UID}@localhost>"


def test_the_html_escapes_every_word_and_has_one_button():
    read = delivered(
        Letter("Hello", ["Hello <b>O’Neil</b>,\nread https://example.org/a?b=1&c=2"], "https://example.org/", "Read")
    )
    html = read.get_body(("html",)).get_content()
    assert "<b>" not in html
    assert "&lt;b&gt;O’Neil&lt;/b&gt;" in html
    assert html.count("display:inline-block") == 1
    assert "color:#1c2223" in html  # dark words on a yellow button
    assert "Hello <b>O’Neil</b>," in read.get_body(("plain",)).get_content()


def test_one_click_is_offered_over_https_alone():
    over_https = delivered(Letter("Hello", ["Hello."], unsubscribe="https://learn.example.org/unsubscribe/x/"))
    assert over_https["List-Unsubscribe"] == "<https://learn.example.org/unsubscribe/x/>"
    assert over_https["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    over_http = delivered(Letter("Hello", ["Hello."], unsubscribe="http://localhost/unsubscribe/x/"))
    assert over_http["List-Unsubscribe-Post"] is None


@pytest.mark.django_db
def test_a_notice_speaks_the_language_and_the_time_zone_of_its_recipient(server, people, say):
    people[0].language = "fr"
    people[0].save()
    say(people[:1])
    send_due()
    (message,) = server.messages
    assert '<html lang="fr">' in message.get_body(("html",)).get_content()
    assert "/unsubscribe/" in message["List-Unsubscribe"]
    assert Notice.objects.get().channel == "email"


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "greeting"), [("en", "Hello,"), ("fr", "Bonjour,")])
def test_somebody_outside_without_a_name_is_greeted_without_one(organisation, language, greeting):
    to = Outside(organisation, "pierre@client.example", language=language)
    notice = row_of("code", Said(to, Reference("signatory", "1", "Pierre")))
    letter = letter_of(notice, {"title": "Agreement", "code": "123456"})
    assert letter.paragraphs[0] == greeting


def test_no_message_greets_anybody_in_a_way_of_its_own():
    """`notices/greeting.txt` knows what to do without a name."""
    rooms = Path(milepost.__file__).parent
    words = [path for path in rooms.glob("*/templates/*/notices/*.txt") if "Hello" in path.read_text(encoding="utf-8")]
    assert words == []


def test_a_kind_that_can_not_be_looked_at_fails_at_the_start():
    class Mute(Kind):
        find = context = lambda self, notice, thing=None: None

    with pytest.raises(TypeError, match="example"):
        Mute()
