"""Receipts by somebody who runs a Milepost of their own, with a key of their own, and changed what it writes."""

import ast
import io
import time
import zipfile
from pathlib import Path

import pytest
from django.utils import translation

from milepost import verify
from milepost.core.sandbox import SECONDS
from milepost.receipts.bringing import bring
from milepost.receipts.models import Receipt
from milepost.receipts.reading import MOST_FACTS, RefusedReceipt, _hold_directory, _hold_words, read
from milepost.receipts.tests.test_receipts import resigned, rewritten
from milepost.receipts.words import OTHER, in_words
from milepost.verify import Broken
from milepost.verify.receipt import check_receipt, read_receipt
from milepost.verify.trust import Trust

pytestmark = pytest.mark.django_db
VERIFIER = Path(verify.__file__).parent
READING = (
    *("archive", "badges", "completeness", "contents", "dated_heads", "demonstration", "identity", "journal", "keys"),
    *("pieces", "receipt", "strict_json", "time_stamps", "witnesses"),
)
VAGUE = {  # what is told as “not as Milepost writes it” in any language
    "The file is not as Milepost writes it (a.pdf).",
    "The cover says “a.pdf” for “a.pdf”, and the dossier “a.pdf”.",
    "a.pdf a.pdf",
    "a.pdf.",
    "a.pdf can’t be read (a.pdf).",
    "A head in a.pdf was changed: its signature does not fit it (a.pdf).",
    "The head of a.pdf in a.pdf is of another journal: the last does not begin with it.",
}


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
    told = {"issuer": "A", "person": "J", "person_id": "7", "published": ""}
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
    with pytest.raises(RefusedReceipt, match="more than is read at once"):
        read(file.getvalue())


def test_one_of_more_facts_than_are_read_at_once_is_refused_before_they_are_read(receipt, organisation, comer):
    more = resigned(receipt, organisation, lambda _files, manifest: manifest.update(entries=MOST_FACTS + 1))
    with pytest.raises(RefusedReceipt, match="Take one of fewer courses"):
        bring(member=comer, content=more, by=comer)


def test_reading_one_opens_none_of_its_pdfs_and_costs_no_more_than_any_file_of_a_stranger(receipt, monkeypatch):
    def fault(_content):
        raise Broken("A PDF was opened.")

    monkeypatch.setattr("milepost.verify.pieces.seals_in", fault)
    assert read_receipt(io.BytesIO(receipt))[1]["achievements"]
    with pytest.raises(Broken, match="was opened"):
        check_receipt(io.BytesIO(receipt), frozenset(), Trust(), lambda _done, _total: None)
    assert vars(read)["limits"].seconds == SECONDS < 2


# --- In the language of whoever brings it --------------------------------------------------------------------


def said_by_the_verifier():
    """What the modules that read a receipt may say of it, with a name for what stands in it."""
    for name in READING:
        nodes = list(ast.walk(ast.parse((VERIFIER / f"{name}.py").read_text())))
        calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        yield from (said(node.args[0]) for node in calls if node.func.id == "Broken")


def said(node):
    parts = [node] if isinstance(node, ast.Constant) else node.values
    return "".join(part.value if isinstance(part, ast.Constant) else "a.pdf" for part in parts)


def test_what_the_verifier_finds_is_told_by_its_kind_and_in_french_too():
    for words in said_by_the_verifier():
        told = in_words(words)
        assert told != str(OTHER.words) or words in VAGUE, words
        with translation.override("fr"):
            assert in_words(words) != told, words


def test_a_refusal_is_french_on_a_french_page(receipt, comer):
    changed = rewritten(receipt, lambda files: files.update({"read-me.txt": b"Trust me."}))
    with translation.override("fr"), pytest.raises(RefusedReceipt) as refused:
        bring(member=comer, content=changed, by=comer)
    assert "«\N{NO-BREAK SPACE}read-me.txt\N{NO-BREAK SPACE}» y a été modifié" in str(refused.value)
    assert "changed" not in str(refused.value)
