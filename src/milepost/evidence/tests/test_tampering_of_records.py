"""Whoever holds the organisation's key changes every record of a dossier, one thing after another, and signs it all anew.

What they can't make anew is the journal under its seal; each record is derived from it, so each change is found and named.
"""

import csv
import io
import json
import random
import re
from collections import defaultdict

import pytest

from milepost import verify as verifier
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.models import Attendance
from milepost.core import clock
from milepost.documents.sealing import seal_pdf
from milepost.documents.typesetting import render
from milepost.evidence.cover import cover_page
from milepost.evidence.dossiers import build
from milepost.evidence.readiness import readiness_of
from milepost.evidence.tests.archives import complaint, contents, rewritten
from milepost.evidence.tests.test_tampering import as_the_insider, signed
from milepost.journal import keys
from milepost.verify.pdf_seals import attached
from milepost.verify.tables import harmless
from tests.thorough import IS_THOROUGH

pytestmark = pytest.mark.django_db
EACH_DAY = 90  # changes of some 700
INSTANT = re.compile(r"(\d{4})-(\d\d-\d\dT.*Z)")
TABLES = ("attendance", "completions", "progress", "certificates")


def another(value):
    """A value of the same sort that is not the same."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case None:
            return "2026-11-26T08:30:00.000000Z"
        case str() if instant := INSTANT.fullmatch(value):
            return f"{int(instant[1]) - 1}-{instant[2]}"
        case str():
            return f"{value}x"
    raise AssertionError(value)


def changes_of_json(value, so_far=()):
    """Where something can be changed, and to what: each leaf, an element more in each list, and each element gone."""
    if isinstance(value, dict):
        for name in value:
            yield from changes_of_json(value[name], (*so_far, name))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from changes_of_json(inner, (*so_far, at))
            yield so_far, [*value[:at], *value[at + 1 :]]
        yield so_far, [*value, value[-1] if value else {"code": "invented"}]
    else:
        yield so_far, another(value)


def with_change(value, where, to):
    if not where:
        return to
    copy = value.copy()
    copy[where[0]] = with_change(value[where[0]], where[1:], to)
    return copy


def changes_of_table(lines):
    """Each cell another, each row gone, each row twice, two rows in each other's names."""
    for at, line in enumerate(lines[1:], start=1):
        for column, cell in enumerate(line):
            yield (
                f"row {at}, {lines[0][column]}",
                [*lines[:at], with_change(line, [column], f"{cell}1"), *lines[at + 1 :]],
            )
        yield f"row {at} gone", [*lines[:at], *lines[at + 1 :]]
        yield f"row {at} twice", [*lines, line]


def tamperings(whole):
    """Name and files of every change of every record."""
    for record in ("action", "sessions", "attendance"):
        name = f"records/{record}.json"
        content = json.loads(whole[name])
        for where, to in changes_of_json(content):
            yield f"{name} {where}", whole | {name: json.dumps(with_change(content, where, to)).encode()}
    for table in TABLES:
        name = f"records/{table}.csv"
        lines = list(csv.reader(io.StringIO(whole[name].decode("utf-8-sig"), newline="")))
        for what, changed in changes_of_table(lines):
            text = io.StringIO(newline="")
            csv.writer(text).writerows(changed)
            yield f"{name} {what}", whole | {name: text.getvalue().encode("utf-8-sig")}
    for record in (*(f"{name}.csv" for name in TABLES), "action.json", "sessions.json", "attendance.json"):
        name = f"records/{record}"
        yield f"{name} gone", {other: content for other, content in whole.items() if other != name}


def test_no_record_says_anything_else_than_the_journal_whoever_signs_it(dossier, complete):
    whole, private = contents(dossier), keys.private_key(keys.current_key(complete.organisation_id))
    everything = list(tamperings(whole))
    assert len(everything) > 500
    some = everything if IS_THOROUGH else random.Random(16).sample(everything, EACH_DAY)
    missed = [
        name
        for name, changed in some
        if not is_refused(rewritten(dossier, signed(changed, as_the_insider(changed), private)))
    ]
    assert missed == []


def is_refused(path):
    try:
        verifier.verify(path)
    except verifier.Broken:
        return True
    return False


def test_the_cover_counts_what_is_in_the_dossier(dossier, complete, tmp_path):
    """Whoever holds the key makes and seals a cover that tells of four hundred people."""
    said = json.loads(attached(contents(dossier)["cover.pdf"], "cover.json"))
    assert (said["people"], said["pieces"]["sheets"], said["minutes"]) == (4, 1, 420)
    key = keys.current_key(complete.organisation_id)
    page = cover_page(
        complete,
        readiness_of(complete),
        said | {"people": 400},
        headings=defaultdict(str),
        made_at=clock.now(),
        key=key.fingerprint,
    )
    forged = seal_pdf(render("cover", page, time=clock.now()), key=key, time=clock.now(), reason="Dossier")
    changed = contents(dossier) | {"cover.pdf": forged}
    path = rewritten(dossier, signed(changed, as_the_insider(changed), keys.private_key(key)))
    assert complaint(path) == "The cover says “400” for “people”, and the dossier “4”."


def test_a_signature_that_counts_no_more_is_what_the_journal_says_of_it(complete, session, people, lead, tmp_path):
    row = Attendance.objects.select_related("slot__session__organisation", "participant__member").get(
        slot=session.slots.first(), participant__member=people[0]
    )
    change_attendance(attendance=row, change=Change("absent"), by=lead.as_reference(), why="Mixed up")
    path = tmp_path / "corrected.zip"
    with path.open("w+b") as file:
        build(action=complete, file=file)
    whole, private = contents(path), keys.private_key(keys.current_key(complete.organisation_id))
    rows = json.loads(whole["records/attendance.json"])
    changes = [(where, to) for where, to in changes_of_json(rows) if "earlier" in where and "strokes" not in where]
    assert len(changes) > 8
    for where, to in changes:
        changed = whole | {"records/attendance.json": json.dumps(with_change(rows, where, to)).encode()}
        assert is_refused(rewritten(path, signed(changed, as_the_insider(changed), private))), where
    assert verifier.verify(path).holds


def test_no_cell_becomes_a_formula_whoever_signs_it(dossier, complete):
    assert [harmless(text) for text in ("=1+1", "-x", "plain")] == ["'=1+1", "'-x", "plain"]
    whole, private = contents(dossier), keys.private_key(keys.current_key(complete.organisation_id))
    changed = whole | {"records/progress.csv": whole["records/progress.csv"].replace(b",The drill,", b",'The drill,")}
    assert changed != whole
    assert is_refused(rewritten(dossier, signed(changed, as_the_insider(changed), private)))
