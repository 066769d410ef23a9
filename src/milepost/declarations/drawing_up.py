"""Drawing a declaration up, in the background, to be looked at; and taking it along, which is a fact.

The rows are told once, to a file on the disk: so memory stays bounded whatever their number, and CSV and workbook say the same.
"""

import json
import tempfile
from collections.abc import Iterator
from typing import IO

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from milepost.core import blobs, clock
from milepost.core.irrevocable import irrevocable
from milepost.core.jobs import named
from milepost.core.quotas import refuse_beyond, take
from milepost.core.refusals import Refused
from milepost.core.table_files import as_csv, as_workbook
from milepost.declarations.declaring import PREVIEWED, Collected, Declaration, Row, declarations
from milepost.declarations.facts import DECLARATION_EXPORTED
from milepost.declarations.models import Draft
from milepost.journal.recording import Reference, record
from milepost.people.models import Member, Organisation

LANGUAGE = "fr"  # of the files: the offices that take them read French


class NotDrawnUp(Refused):
    """There is no declaration to take along yet."""

    sentence = _("This declaration is not drawn up yet.")
    status = 404


def draw_up(*, organisation: Organisation, name: str, year: int, by: Member) -> Draft:
    """Have a declaration drawn up in the background, instead of the one that was drawn up before. Records nothing: nothing leaves."""
    with transaction.atomic():
        Organisation.locked(organisation.pk)
        refuse_beyond(organisation, "jobs", more=1)
        asked = {"asked_by": by, "asked_at": clock.now(), "done_at": None, "failure": ""}
        draft, _new = Draft.objects.update_or_create(organisation=organisation, name=name, year=year, defaults=asked)
        named("declarations.draw_up").enqueue(organisation.pk, draft.pk)
    return draft


def draw(draft: Draft) -> None:
    """Draw up what was asked for, and keep it with what is to be looked at before it leaves."""
    organisation, declaration, found = draft.organisation, declarations.get(draft.name), Collected()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool, translation.override(LANGUAGE):
        period = type(declaration).period_of(organisation, draft.year)
        count = _spool(declaration.rows(organisation, period, found), spool)
        lines = as_csv(_spooled(spool), delimiter=declaration.delimiter, has_mark=declaration.has_mark)
        csv = blobs.store_stream(organisation.uid, (part.encode() for part in lines))
        with as_workbook(_spooled(spool)) as book:
            xlsx = blobs.store_stream(organisation.uid, blobs.chunks_of(book))
        preview = [row for row, _at in zip(_spooled(spool), range(PREVIEWED + 1), strict=False)]
    kept = {"done_at": clock.now(), "failure": "", "csv": csv, "xlsx": xlsx, "row_count": max(0, count - 1)}
    seen = {"totals": found.totals, "preview": preview}
    wrong = {"problems": found.problems, "problem_count": found.problem_count}
    Draft.objects.filter(pk=draft.pk, asked_at=draft.asked_at).update(**kept, **seen, **wrong)


def _spool(rows: Iterator[Row], spool: IO[str]) -> int:
    count = 0
    for row in rows:
        spool.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def _spooled(spool: IO[str]) -> Iterator[Row]:
    spool.seek(0)
    for line in spool:
        yield json.loads(line)


@irrevocable
def take_along(*, draft: Draft, form: str, by: Member) -> str:
    """The digest of the file, for whoever takes it along. Records `exported` with it: who, which declaration, which year.

    Raises `NotDrawnUp`.
    """
    if draft.done_at is None:
        raise NotDrawnUp
    digest: str = draft.csv if form == "csv" else draft.xlsx
    take(draft.organisation, "exports")
    with transaction.atomic():
        record(
            DECLARATION_EXPORTED,
            organisation=draft.organisation,
            actor=by.as_reference(),
            object=reference_of(declarations.get(draft.name), draft.year),
            result={"sha256": digest, "rows": draft.row_count, "incomplete": draft.problem_count},
            context={"year": draft.year, "form": form},
        )
    return digest


def reference_of(declaration: Declaration, year: int) -> Reference:
    """How facts name a declaration of a year."""
    return Reference("declaration", f"{declaration.name}-{year}", f"{declaration.label} {year}")


def file_name(draft: Draft, form: str) -> str:
    """What the file is called that somebody takes along."""
    return f"{draft.name}-{draft.year}.{form}"


def forget_about(member: Member) -> None:
    """Take away what was drawn up with somebody in it: it can be drawn up anew, without them."""
    Draft.objects.filter(organisation=member.organisation_id).delete()
