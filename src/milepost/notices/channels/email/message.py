"""A letter as an e-mail: text and HTML, and the headers that keep it out of trouble."""

from email.headerregistry import Address
from email.message import MIMEPart
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from milepost.notices.channels import Delivery
from milepost.notices.kinds import File
from milepost.notices.letters import Letter, one_line
from milepost.people.models import Organisation


def message_of(delivery: Delivery) -> EmailMultiAlternatives:
    """The e-mail. Its Message-ID is the same for each try (RFC 5322, section 3.6.4)."""
    letter, organisation = delivery.letter, delivery.organisation
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    headers = {
        "Message-ID": f"<{delivery.uid}@{address.rpartition('@')[2] or 'localhost'}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: out-of-office replies stay away
        **_list_headers(letter),
    }
    message = EmailMultiAlternatives(
        letter.subject,
        as_text(letter),
        sender(organisation.name, address),
        [delivery.to.email],
        headers=headers,
        reply_to=[letter.reply_to] if letter.reply_to else None,
    )
    with translation.override(delivery.to.language):
        message.attach_alternative(as_html(letter, organisation), "text/html")
    for file in letter.files:
        _attach(message, file)
    return message


def _attach(message: EmailMultiAlternatives, file: File) -> None:
    """Attach the file; text keeps the parameters of its type, as calendars need it (RFC 6047, section 2.4)."""
    if not file.type.startswith("text/"):
        message.attach(file.name, file.content, file.type)
        return
    media_type, *parameters = (part.strip() for part in file.type.split(";"))
    part = MIMEPart()
    part.set_content(
        file.content.decode(),
        subtype=media_type.partition("/")[2],
        params=dict(parameter.split("=", 1) for parameter in parameters),
    )
    part.add_header("Content-Disposition", "attachment", filename=file.name)
    message.attach(part)


def sender(name: str, address: str) -> str:
    """Who writes: the organisation by name, from the address that the mail server knows."""
    local, _at, domain = address.rpartition("@")
    return str(Address(one_line(name)[:100], local, domain))


def as_text(letter: Letter) -> str:
    """The letter as plain text, for those who read it so."""
    blocks = [*letter.paragraphs, letter.link, *letter.small]
    if letter.choices:
        blocks.append(f"-- \n{letter.choices}")
    return "\n\n".join(block for block in blocks if block) + "\n"


def as_html(letter: Letter, organisation: Organisation) -> str:
    """The letter as HTML that mail programs show; every character of it is escaped."""
    return render_to_string("notices/letter.html", {"letter": letter, "organisation": organisation})


def _list_headers(letter: Letter) -> dict[str, str]:
    """RFC 2369 and, where the address is https, one click without a page (RFC 8058)."""
    if not letter.unsubscribe:
        return {}
    headers = {"List-Unsubscribe": f"<{letter.unsubscribe}>"}
    if letter.unsubscribe.startswith("https:"):
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers
