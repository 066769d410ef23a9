"""When a dossier was made is bounded: by the seal of its journal, by the seal of its cover, and by the day of whoever reads it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from milepost.evidence.tests.archives import complaint, contents, rewritten
from milepost.evidence.tests.test_tampering import as_the_insider, signed
from milepost.journal import keys

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (datetime(2026, 11, 26, tzinfo=UTC), "before its journal was sealed"),
        (datetime.now(UTC) + timedelta(days=400), "yet to come"),
        (datetime.now(UTC) + timedelta(hours=2), "another time for “made_at” than that at which cover.pdf was sealed"),
    ],
)
def test_whoever_holds_the_key_dates_a_dossier_to_no_other_day(made, words, dossier, complete):
    whole, private = contents(dossier), keys.private_key(keys.current_key(complete.organisation_id))
    dated = as_the_insider(whole) | {"made_at": made.isoformat()}
    assert words in complaint(rewritten(dossier, signed(whole, dated, private)))
    assert json.loads(whole["manifest.json"])["made_at"] < datetime.now(UTC).isoformat()
