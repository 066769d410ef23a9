"""Mails: written from two templates in the reader's language, and sent from batches that were claimed before."""

import logging
import smtplib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core import mail
from django.template.loader import render_to_string
from django.utils import translation

logger = logging.getLogger(__name__)


def compose(template: str, context: Mapping[str, Any], *, to: str, language: str) -> mail.EmailMessage:
    """The mail that `<template>_subject.txt` and `<template>.txt` make of the context."""
    with translation.override(language):
        subject = " ".join(render_to_string(f"{template}_subject.txt", dict(context)).split())
        body = render_to_string(f"{template}.txt", dict(context))
    return mail.EmailMessage(subject, body, to=[to])


def send_claimed[T](
    batch: Sequence[T], *, compose: Callable[[T], mail.EmailMessage], unclaim: Callable[[Sequence[T]], object]
) -> int:
    """Send a mail for each thing that was claimed, over one connection; return how many were sent.

    A mail server that does not answer gives the rest back (`unclaim`) and raises; an address that it refuses is logged
    and not tried again.
    """
    sent = 0
    try:
        with mail.mailers.default as server:
            for thing in batch:
                try:
                    server.send_messages([compose(thing)])
                except smtplib.SMTPRecipientsRefused:
                    logger.warning("The mail server refuses the address for %s.", thing)
                sent += 1
    finally:
        unclaim(batch[sent:])
    return sent
