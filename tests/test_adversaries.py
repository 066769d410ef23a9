"""What each adversary tries is found, or listed in docs/what-it-proves.md; nothing is missed."""

import json
import os
from itertools import chain

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from milepost.credentials import badges
from milepost.evidence.actions import add_piece
from milepost.evidence.tests.authorities import certified, root
from milepost.evidence.tests.conftest import KEPT, make_complete
from milepost.evidence.tests.test_following import History, settle
from milepost.evidence.tests.test_tampering import another_key
from milepost.journal import folding, keys
from milepost.journal.models import Entry
from milepost.journal.sealing import seal
from milepost.journal.verification import verify as verify_journal
from milepost.receipts.making import learnt_by
from tests.adversaries import administrator, given_out, keyholder, operator, outsider
from tests.adversaries.administrator import SEALED
from tests.adversaries.given_out import Reader, World
from tests.adversaries.listed import LISTED
from tests.adversaries.table import NOTHING, counted, rows, some
from tests.thorough import IS_THOROUGH

pytestmark = [pytest.mark.django_db, pytest.mark.each_day_on("postgresql")]  # dossiers take long
TRIED = None if IS_THOROUGH else int(os.environ.get("TAMPERINGS", "12"))  # of each adversary, on a day like any other


@pytest.fixture
def world(db, tmp_path):
    with timezone.override("Europe/Paris"):
        yield World(**KEPT.world(make_complete, files=tmp_path / "files"))


@pytest.fixture
def reader(world, tmp_path):
    return Reader(tmp_path, keys.current_key(world.organisation.pk).fingerprint)


@pytest.fixture(scope="session")
def own():
    """The key of somebody who calls themselves as the organisation does."""
    private, pem, fingerprint = another_key()
    return keyholder.Signer(private, pem, fingerprint, Ed25519PrivateKey.generate(), is_other=True)


def is_settled(*tamperings, each=1):
    """`each`: how many times as long as the check of a file one of them takes."""
    count = counted(some(chain(*tamperings), TRIED and max(1, TRIED // each)), LISTED)
    print(count)
    assert count.missed == []
    assert count.tried


def test_each_row_that_something_is_listed_in_is_in_the_document():
    assert {one.row for one in LISTED} <= rows()


def test_somebody_without_the_key_changes_nothing_unseen(world, reader, own):
    given_out.stamped_parts(world)
    dossier, receipt, proof = given_out.dossier_of(world), given_out.receipt_of(world), given_out.proof_of(world)
    _made, page, annex = given_out.attestation_of(world)
    badge = badges.baked_svg(given_out.certificate()).encode()
    published = given_out.published_by(world)
    assert not any(map(reader.finds, (dossier, receipt, proof, badge)))
    assert not reader.finds(page, annex=annex) and not reader.finds(dossier, published=published)
    answer = reader.report(dossier, published=published)

    def by_published(changed):
        found = reader.finds(dossier, published=changed) if _parses(changed) else "verify"
        return found or ("without effect" if _same(reader.report(dossier, published=changed), answer) else "")

    is_settled(
        outsider.of_archive("dossier", dossier, reader, own),
        outsider.of_archive("receipt", receipt, reader, own),
        outsider.of_plain("proof", proof, reader.finds),
        outsider.of_plain("attestation", page, lambda changed: reader.finds(changed, annex=annex)),
        outsider.of_plain("annex", annex, lambda changed: reader.finds(page, annex=changed)),
        outsider.of_list(annex, lambda changed: reader.finds(page, annex=changed)),
        outsider.of_badge(badge, reader.finds, own),
        outsider.of_plain("published keys", published, by_published),
    )


def _parses(published):
    from milepost.verify import Broken
    from milepost.verify.published import Published

    try:
        Published.parse(published)
    except Broken:
        return False
    return True


def _same(one, other):
    return (one.holds, one.notes) == (other.holds, other.notes)


def test_whoever_holds_the_key_changes_nothing_that_is_not_listed(world, reader):
    given_out.stamped_parts(world)
    dossier, receipt, proof = given_out.dossier_of(world), given_out.receipt_of(world), given_out.proof_of(world)
    made, page, annex = given_out.attestation_of(world)
    signer, key = keyholder.signer_of(world), keys.current_key(world.organisation.pk)
    for content in (dossier, receipt):
        assert not reader.finds(given_out.zipped(signer.archive(given_out.contents(content))))
    is_settled(
        keyholder.of_archive("dossier", dossier, reader, signer),
        keyholder.of_archive("receipt", receipt, reader, signer),
        keyholder.of_cover(world, dossier, reader, signer, key),
        keyholder.of_badge(world, json.loads(json.dumps(badges.credential(given_out.certificate()))), reader.finds),
        keyholder.of_attestation(made, page, annex, reader, key),
        keyholder.of_proof(proof, reader.finds, signer),
    )


def test_an_administrator_changes_no_sealed_row_and_no_file_unseen(world, reader, tmp_path):
    given_out.stamped_parts(world)
    assert given_out.Witness().cosign(world)
    administrator.drop_triggers()
    held = administrator.Held(world, reader)
    assert held.finds() == NOTHING
    number, memory = world.organisation.pk, administrator.memory_of(world)
    pieces = [
        keyholder.digest(data) for name, data in given_out.contents(held.before).items() if name.startswith("pieces/")
    ]
    is_settled(
        administrator.of_rows(SEALED, [*administrator.JOURNAL, *administrator.of_state()], held.finds),
        administrator.of_files(held.finds, pieces, tmp_path / "files"),
        administrator.of_memory(lambda: administrator.look_at_the_memory(number), memory),
        each=4,
    )


@pytest.mark.parametrize("folds", [False, True])
def test_an_administrator_changes_no_row_unseen_before_its_seal(world, folds, django_capture_on_commit_callbacks):
    number = world.organisation.pk
    seal(number)
    administrator.drop_triggers()
    for name in "abcd":
        with django_capture_on_commit_callbacks(execute=True):
            add_piece(
                action=world.action, key="hot-evaluation", name=f"{name}.csv", content=name.encode(), by=world.lead
            )
    if folds:
        folding.fold(number)
    waiting = administrator.Waiting(world)
    rows = Entry.objects.filter(organisation_id=number).order_by("-pk").values_list("pk", flat=True)
    assert administrator.undone(waiting.finds) == NOTHING
    is_settled(administrator.of_waiting(list(rows[:4]), waiting.finds))


def test_the_operator_finds_no_other_journal_accepted_by_those_who_have_something_of_the_first(world, reader):
    given_out.stamped_parts(world)
    kept = operator.keep(world, reader)
    add_piece(action=world.action, key="hot-evaluation", name="later.csv", content=b"later", by=world.lead)
    seal(world.organisation.pk)
    seen = {}
    assert operator.held(world, kept, reader, lambda facts: facts, {}) in ("", operator.STAMPS)
    is_settled(operator.tamperings(world, kept, reader, seen), each=4)
    for how, by in seen.items():
        print(f"  {how}: {by}")


@pytest.mark.parametrize("seed", range(40 if IS_THOROUGH else 1))
def test_whatever_happens_in_truth_raises_no_alarm(world, reader, seed):
    given_out.stamped_parts(world)
    earlier = given_out.dossier_of(world)
    history = History(seed, world.action, world.lead)
    for _step in range(12):
        history.go_on()
    settle()
    certified().stamp(seal(world.organisation.pk))
    found = verify_journal(world.organisation.pk)
    assert (found.finding, found.missed) == (None, ())
    report = reader.report(earlier)
    later = reader.report(given_out.dossier_of(world), earlier=report.state, authorities=[root().pem])
    assert later.holds
    if learnt_by(given_out.certificate().enrolment.member):
        assert not reader.finds(given_out.receipt_of(world))
