"""The one-time code by which a signatory shows that the address is theirs, where the request asks for one."""

from django.db import transaction

from milepost.core import clock
from milepost.documents.facts import DOCUMENT_IDENTIFIED
from milepost.documents.links import language_of
from milepost.documents.models import Document, Signatory
from milepost.documents.requesting import RequestRefused
from milepost.journal.recording import record
from milepost.notices.immediate import say_now
from milepost.notices.outbox import Outside


def send_code(*, signatory: Signatory) -> None:
    """Send a new code to the person's address; one that was sent before counts no more. Raises `TooSoon`, and as `say_now`."""
    document = signatory.request.document
    to = Outside(document.organisation, signatory.email, signatory.name, language_of(signatory))
    secret = {"code": signatory.new_code(), "title": document.title}
    say_now("code", to=to, about=document.as_reference(), secret=secret)


def identify(*, signatory: Signatory, code: str) -> None:
    """Take the one-time code. Raises `RequestRefused`; after five wrong ones a new code is needed. Records `identified`."""
    with transaction.atomic():
        locked = Signatory.objects.select_for_update(of=("self",)).get(pk=signatory.pk)
        problem = locked.take_code(code)
        if not problem:
            locked.identified_at = clock.now()
            locked.save(update_fields=["identified_at"])
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
