"""The one-time code by which a signatory shows that the address is theirs, where the request asks for one.

It comes before everything else: reading, signing, declining, passing it on. That it was typed belongs to the browser in which
it was, for half an hour (`BROWSERS`); a verb is told `is_identified` by whoever looked, and refuses where nobody did.
"""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy

from milepost.core.code_cookie import CodeCookie
from milepost.documents.facts import DOCUMENT_IDENTIFIED
from milepost.documents.links import language_of
from milepost.documents.models import Document, Signatory
from milepost.documents.requesting import RequestRefused
from milepost.journal.recording import record
from milepost.notices.immediate import say_now
from milepost.notices.outbox import Outside

BROWSERS = CodeCookie("document", lives=timedelta(minutes=30))


class NotIdentified(RequestRefused):
    """Nobody typed the one-time code in this browser, or it was too long ago."""

    sentence = gettext_lazy(
        "Type a one-time code first: it holds for half an hour, in the browser in which it was typed."
    )
    status = 403


def refuse_unless_identified(signatory: Signatory, is_identified: bool) -> None:
    """Raise `NotIdentified` where the request asks for a code and none was typed. `signatory.request` is needed."""
    if signatory.request.needs_code and not is_identified:
        raise NotIdentified


def send_code(*, signatory: Signatory) -> None:
    """Send a new code to the person's address; one that was sent before counts no more. Raises `TooSoon`, and as `say_now`."""
    document = signatory.request.document
    to = Outside(document.organisation, signatory.email, signatory.name, language_of(signatory))
    secret = {"code": signatory.new_code(), "title": document.title}
    say_now("code", to=to, about=document.as_reference(), secret=secret)


def identify(*, signatory: Signatory, code: str) -> None:
    """Take the one-time code. Raises `RequestRefused`; after five wrong ones a new code is needed. Records `identified`."""
    with transaction.atomic():
        locked = Signatory.objects.select_for_update(of=("self",), no_key=True).get(pk=signatory.pk)
        problem = locked.take_code(code)
        if not problem:
            document = Document.objects.get(request=locked.request_id)
            record(
                DOCUMENT_IDENTIFIED,
                organisation=locked.organisation,
                actor=locked.as_reference(),
                object=document.as_reference(),
                context={"request": str(locked.request.uid), "channel": "e-mail"},
            )
    if problem:
        raise RequestRefused(problem)
