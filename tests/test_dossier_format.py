"""docs/dossier-format.md says what the code does, where that can be read off it."""

import re

from milepost.journal.vocabulary import fact_types, fields_of
from milepost.verify.attendance_records import COLUMNS as OF_ATTENDANCE
from milepost.verify.dossier import FORMAT
from milepost.verify.tables import COLUMNS
from tests.dossier_format import DOCUMENT, written

TEXT = DOCUMENT.read_text()
NAMED = set(re.findall(r"`([^`\n]+)`", TEXT))


def test_what_is_generated_in_it_is_current():
    assert written() == TEXT, "python -m tests.dossier_format writes it"


def test_it_is_of_the_format_that_is_read_and_written():
    assert f"`{FORMAT}`" in TEXT


def test_every_fact_that_it_names_is_one():
    types = {fact_type.object_type for fact_type in fact_types.all()} - {""}
    files = {".json", ".csv", ".pdf", ".pem", ".jsonl", ".txt"}
    named = {name for name in NAMED if re.fullmatch(r"[a-z]+\.[a-z]+", name) and name.split(".")[0] in types}
    facts = {name for name in named if f".{name.split('.')[1]}" not in files}
    assert len(facts) > 20
    assert not facts - {fact_type.name for fact_type in fact_types.all()}


def test_every_field_of_facts_that_it_names_is_one_of_some_fact():
    known = set()
    for fact_type in fact_types.all():
        for part in ("result", "context"):
            known |= {f"{part}.{name.removesuffix('?')}" for name in fields_of(getattr(fact_type, part))}
    named = {name for name in NAMED if re.fullmatch(r"(result|context)\.\w+", name)}
    assert len(named) > 15
    assert not named - known


def test_it_says_of_every_column_of_a_record_from_what_it_is():
    records = TEXT[TEXT.index("\n## 13. Records") : TEXT.index("\n## 14. ")]
    told = set(re.findall(r"`(\w+)`", re.sub(r"<!-- generated.*?<!-- end -->", "", records, flags=re.DOTALL)))
    assert not {column for columns in COLUMNS.values() for column in columns} - told
    assert not OF_ATTENDANCE - told
