import io
from datetime import timedelta

import pytest
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.core.sandbox import Unreadable
from milepost.credentials import badges
from milepost.credentials.checking import Verdict, check_code, check_file
from milepost.credentials.issuing import reissue
from milepost.credentials.models import Certificate
from milepost.credentials.revoking import NoReason, NotCurrent, revoke
from milepost.credentials.typesetting import pdf_of
from milepost.documents.jobs import date_file
from milepost.documents.sealing import SealOnlyWriter, seal_in, seal_pdf
from milepost.journal import keys
from milepost.journal.models import SigningKey
from tests import harmful
from tests.fields import paint_a_field
from tests.mutations import bounded, damaged
from tests.readers import stamps_in

pytestmark = pytest.mark.django_db


def test_one_that_the_authority_dated_later_is_genuine_and_so_is_the_file_that_was_mailed_before(
    earned, settings, authority, visit, learner
):
    settings.TIMESTAMP_URL = "http://127.0.0.1:9/"  # where nobody answers
    before = pdf_of(earned)
    page = f"/aldermoor/certificates/{earned.uid}/"
    assert "time stamp of an authority is pending" in visit(learner).get(page).text
    settings.TIMESTAMP_URL = authority[0]
    cache.clear()  # it has rested
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert (run_all(date_file), run_all(date_file)) == (1, 0)
    earned.refresh_from_db()
    after = pdf_of(earned)
    assert after.startswith(before)
    assert stamps_in(after) == 1
    assert [check_file(file).verdict for file in (before, after)] == [Verdict.GENUINE] * 2
    assert "pending" not in visit(learner).get(page).text


def test_the_file_that_was_issued_is_genuine(file, earned):
    checked = check_file(file)
    assert (checked.verdict, checked.certificate) == (Verdict.GENUINE, earned)


@pytest.mark.parametrize("at", [0.02, 0.3, 0.6, 0.75])
def test_a_file_with_one_byte_changed_is_altered(file, earned, at):
    place = int(len(file) * at)
    checked = check_file(file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :])
    assert (checked.verdict, checked.certificate) == (Verdict.ALTERED, earned)


def test_a_file_with_a_page_added_is_altered(file, earned):
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.writer import PageObject

    writer = IncrementalPdfFileWriter(io.BytesIO(file))
    first = writer.root["/Pages"]["/Kids"][0]
    page = PageObject(contents=writer.add_object(_empty_stream()), media_box=first["/MediaBox"])
    writer.insert_page(page)
    out = io.BytesIO()
    writer.write(out)
    assert check_file(out.getvalue()).verdict == Verdict.ALTERED


def _empty_stream():
    from pyhanko.pdf_utils.generic import StreamObject

    return StreamObject(stream_data=b"")


def test_a_file_saved_anew_by_another_program_is_altered(file, earned):
    writer: PdfFileWriter = copy_into_new_writer(PdfFileReader(io.BytesIO(file)))
    out = io.BytesIO()
    writer.write(out)
    assert check_file(out.getvalue()).verdict == Verdict.ALTERED


@pytest.mark.usefixtures("elsewhere")
def test_a_file_that_somebody_else_signed_too_is_genuine_and_says_so(file, earned):
    both = seal_pdf(file, key=keys.current_key(99), time=clock.now(), reason="Received")
    checked = check_file(both)
    assert checked.verdict == Verdict.GENUINE
    assert "Organisation 99" in checked.further_signers[0]


@pytest.mark.usefixtures("elsewhere")
def test_a_file_that_somebody_else_signed_across_the_page_is_altered(file, earned):
    """A signature may have a picture, as large as the page: what people see is then theirs, and not what we sealed."""
    writer = SealOnlyWriter(io.BytesIO(file))
    paint_a_field(writer, "Over", b"0.9 0.9 0.9 rg 0 0 850 850 re f")
    over = seal_in(writer, "Over", key=keys.current_key(99), time=clock.now(), reason="Received")
    checked = check_file(over)
    assert (checked.verdict, checked.certificate) == (Verdict.ALTERED, earned)


@pytest.mark.usefixtures("elsewhere")
def test_a_file_that_only_claims_to_be_ours_is_altered(file, earned):
    """Somebody seals a page of their own and writes our code into the seal."""
    from milepost.credentials.typesetting import page_of
    from milepost.documents.typesetting import render

    forged = render("certificate", page_of(earned) | {"beneficiary": "Otto"}, time=earned.issued_at)
    sealed = seal_pdf(forged, key=keys.current_key(99), time=clock.now(), reason=f"Certificate {earned.shown_code}")
    assert check_file(sealed).verdict == Verdict.ALTERED


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7 nothing", b"\x00" * 100, b"a.b.c", b"<svg/>", b"%PDF-" + b"9" * 9000]
)
def test_other_files_are_unknown(content, earned):
    assert check_file(content).verdict == Verdict.UNKNOWN


def test_a_file_full_of_codes_costs_no_more_than_one_with_five(earned, django_assert_max_num_queries):
    content = harmful.codes()
    with django_assert_max_num_queries(2):
        assert check_file(content).verdict == Verdict.UNKNOWN
    shown = b"%PDF-1.7\n" + earned.shown_code.encode() + b"\n" + content[9:]
    assert check_file(shown).verdict == Verdict.ALTERED


@bounded
@given(st.data())
def test_whatever_becomes_of_a_certificate_or_badge_it_gets_a_verdict(file, earned, data):
    content = data.draw(st.sampled_from([file, badges.baked_svg(earned).encode()]).flatmap(damaged))
    try:
        assert check_file(content).verdict != Verdict.REVOKED
    except Unreadable as refused:
        assert str(refused)


def test_a_revoked_one_says_so_everywhere(file, earned, lead):
    revoke(certificate=earned, reason="Issued by mistake", by=lead)
    assert check_file(file).verdict == check_code(earned.code).verdict == Verdict.REVOKED
    assert check_file(badges.baked_svg(earned).encode()).verdict == Verdict.REVOKED


def test_a_revocation_needs_a_reason_and_happens_once(earned, lead):
    with pytest.raises(NoReason):
        revoke(certificate=earned, reason="  ", by=lead)
    revoke(certificate=earned, reason="Mistake", by=lead)
    with pytest.raises(NotCurrent):
        revoke(certificate=earned, reason="Mistake", by=lead)


def test_a_replaced_one_stays_readable(file, earned, lead, learner):
    learner.given_name = "Jonah"
    learner.save()
    new = reissue(certificate=earned, by=lead)
    assert new.content["beneficiary"] == "Jonah Nygård"
    assert check_file(file).verdict == Verdict.SUPERSEDED
    assert check_code(new.code).verdict == Verdict.GENUINE


def test_an_expired_one_says_so(earned):
    Certificate.objects.filter(pk=earned.pk).update(valid_until=clock.today() - timedelta(days=1))
    assert check_code(earned.code).verdict == Verdict.EXPIRED


def test_an_imported_key_does_not_make_older_files_strangers(file, earned):
    SigningKey.objects.update(is_current=False)
    keys.current_key(earned.organisation_id)
    Certificate.objects.update(pdf="")  # so that the bytes alone don't tell
    assert check_file(file).verdict == Verdict.GENUINE
