"""Letters: what a notice says, made from its kind's template at the moment of sending, for any channel to carry."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import reverse
from django.utils import timezone, translation

from milepost.notices.kinds import File, Kind, kinds
from milepost.notices.models import Notice, Recipient
from milepost.notices.unsubscribing import unsubscribe_address
from milepost.people.models import Organisation

_SPACES = re.compile(r"[^\S\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]+")
LONGEST_SUBJECT = 200  # characters: mail programs show fewer, and no server refuses them


@dataclass(frozen=True)
class Letter:
    """What is said: a subject, paragraphs of plain text, one button, small print. No part of it is markup."""

    subject: str
    paragraphs: Sequence[str]
    link: str = ""
    button: str = ""
    small: Sequence[str] = ()
    files: Sequence[File] = ()
    reply_to: str = ""
    unsubscribe: str = ""  # where its kind is switched off; empty when it can't be
    choices: str = ""  # the page on which the person chooses what they are told


def letter_of(notice: Notice, secret: Mapping[str, Any] | None = None) -> Letter | None:
    """The notice's letter, in its recipient's language and zone; None when there is nothing to say any more."""
    kind, to = kinds.get(notice.kind), notice.to
    if (kind.is_secret and secret is None) or (notice.member and notice.member.is_out and not kind.for_leavers):
        return None
    with translation.override(to.language), timezone.override(to.time_zone):
        thing = kind.find(notice)
        if thing is None or not kind.is_still_wanted(notice, thing):
            return None
        context = kind.context(notice, thing) | dict(secret or {})
        may_stop = notice.member is not None and not kind.why_always
        return written(
            kind,
            context,
            organisation=notice.organisation,
            to=to,
            files=kind.files(notice, thing),
            reply_to=one_line(kind.reply_to(notice, thing)),
            unsubscribe=unsubscribe_address(notice.member, notice.kind) if notice.member and may_stop else "",
            choices=settings.BASE_URL + reverse("notice_preferences", args=[notice.organisation.slug])
            if may_stop
            else "",
        )


def written(
    kind: Kind, context: Mapping[str, Any], *, organisation: Organisation, to: Recipient, **more: Any
) -> Letter:
    """The letter that the kind's template makes of the context, in the active language."""
    words = {"organisation": organisation, "to": to, **context}

    def part(name: str) -> str:
        return _part(kind.template, name, words)

    return Letter(
        subject=one_line(part("subject"))[:LONGEST_SUBJECT],
        paragraphs=paragraphs(part("words")),
        link=one_line(part("link")),
        button=one_line(part("button")),
        small=paragraphs(part("small")),
        **more,
    )


def _part(template: str, name: str, context: dict[str, Any]) -> str:
    try:
        source: Any = get_template(f"{template}#{name}")
    except TemplateDoesNotExist:
        if name in {"subject", "words"}:
            raise
        return ""
    # Plain text: whoever makes markup of it escapes it.
    return str(source.template.render(Context(context, autoescape=False)))


def greeting(name: str) -> str:
    """How a letter begins, in the active language; to somebody without a name too."""
    source: Any = get_template("notices/greeting.txt")
    return str(source.template.render(Context({"name": name}, autoescape=False))).strip()


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, which empty lines keep apart; lines within one stay lines."""
    lines = "\n".join(_one_space(line) for line in text.strip().splitlines())
    return [paragraph.strip("\n") for paragraph in re.split(r"\n{2,}", lines) if paragraph.strip()]


def one_line(text: str) -> str:
    """The text on one line, without what moves the cursor or the direction of writing unseen (RFC 5322, section 2.2)."""
    kept = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"} else character for character in text
    )
    return _one_space(kept)


def _one_space(text: str) -> str:
    """The text with one space between words. One at which no line may end stays one: French has it before a colon."""
    return _SPACES.sub(" ", text).strip()
