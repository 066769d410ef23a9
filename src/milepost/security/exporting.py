"""Taking the log out as a table: counted among the day's exports, and told in the journal."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction

from milepost.core.quotas import take
from milepost.journal.recording import Reference, record
from milepost.people.models import Member
from milepost.security.facts import LOG_EXPORTED
from milepost.security.queries import Chosen, table_of


def export(*, chosen: Chosen, by: Member) -> Iterator[list[Any]]:
    """The rows of these events, to be streamed. Raises `QuotaReached`. Records `exported`."""
    organisation = chosen.organisation
    with transaction.atomic():
        take(organisation, "exports")
        log = Reference("security-log", str(organisation.uid), organisation.name)
        record(LOG_EXPORTED, organisation=organisation, actor=by.as_reference(), object=log)
    return table_of(chosen)
