"""Receipts by somebody who runs a Milepost of their own, with a key of their own, and changed what it writes."""

import io
import time
import zipfile

import pytest

from milepost.receipts.bringing import bring
from milepost.receipts.models import Receipt
from milepost.receipts.reading import RefusedReceipt, _hold_directory, _hold_words, read
from milepost.receipts.tests.test_receipts import resigned
from milepost.verify import Broken

pytestmark = pytest.mark.django_db


def test_words_that_no_database_keeps_or_no_page_shows_are_refused_in_words(receipt, organisation, comer):
    """All were answered as a failure of the server: half a character everywhere, NUL by PostgreSQL."""
    for words in ("Alder\0moor", "Alder\ud800", "Alder\x1b[2J", "A" * 1_001):
        for part, name in (("organisation", "name"), ("person", "name"), (None, "published")):

            def say(_files, manifest, part=part, name=name, words=words):
                (manifest[part] if part else manifest)[name] = words

            with pytest.raises(RefusedReceipt, match="so nothing of it was taken"):
                bring(member=comer, content=resigned(receipt, organisation, say), by=comer)
    assert not Receipt.objects.exists()


def test_a_day_that_is_none_is_refused_before_somebody_recognises_it():
    told = {"issuer": "A", "person": "J", "published": ""}
    with pytest.raises(ValueError, match="isoformat"):
        _hold_words(told | {"achievements": [{"completed_at": "soon"}]})
    _hold_words(told | {"achievements": [{"completed_at": "2026-11-26T10:00:00.000000Z"}, {"completed_at": ""}]})


def test_a_zip_of_ever_so_many_empty_files_costs_its_reader_nothing():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(30_000):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
    began = time.process_time()
    with pytest.raises(Broken, match="more files"):
        _hold_directory(file.getvalue())
    assert time.process_time() - began < 0.1
    with pytest.raises(RefusedReceipt, match="more files"):
        read(file.getvalue())
