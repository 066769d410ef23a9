"""Two verifiers that know nothing of each other agree on dossiers of a whole action, as they are and as they were tampered with."""

import random

import pytest

from milepost import verify as verifier
from milepost.evidence.dossiers import build
from milepost.evidence.tests.archives import contents, rewritten
from milepost.evidence.tests.test_tampering import TAMPERINGS, as_the_insider, signed
from milepost.journal import keys
from tests.second_verifier import answers

pytestmark = [pytest.mark.django_db, pytest.mark.one_database("sqlite")]


def test_both_agree_on_a_whole_action_on_one_person_and_on_what_an_insider_makes_of_it(
    dossier, complete, people, tmp_path
):
    one = tmp_path / "one.zip"
    with one.open("w+b") as file:
        build(action=complete, member=people[0], file=file)
    whole, private = contents(dossier), keys.private_key(keys.current_key(complete.organisation_id))
    paths = [dossier, one]
    for number, tamper in enumerate(TAMPERINGS):
        changed = tamper(whole, random.Random(number))
        written = rewritten(dossier, signed(changed, as_the_insider(changed), private))
        paths.append(written.rename(tmp_path / f"{tamper.__name__}.zip"))
    statuses = [verifier.main([str(path)], say=lambda _line: None) for path in paths]
    assert statuses == [3, 3] + [1] * len(TAMPERINGS)
    for path, status, (other, said) in zip(paths, statuses, answers([str(path)] for path in paths), strict=True):
        assert other == status, (path.name, said)
