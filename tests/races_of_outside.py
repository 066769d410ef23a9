"""Races about what others set on papers: the seal of a provider, the stamps of an authority."""

import io
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings

from milepost.core import blobs
from milepost.core.jobs import run_all
from milepost.documents import provider_seals, timestamps
from milepost.documents.composing import compose
from milepost.documents.kinds import KINDS
from milepost.documents.models import Document
from milepost.documents.tests.csc_server import CLIENT, PIN, SECRET, Provider
from milepost.evidence.actions import ActionPlan, open_action
from milepost.evidence.dossiers import build
from milepost.evidence.models import TrainingAction
from milepost.journal import keys
from milepost.journal.models import Entry
from milepost.verify import verify
from milepost.verify.pdf_seals import seals_in
from tests.authority import authority_in
from tests.racing import Pair, Race, house


def _world() -> Any:
    """A house with a provider, who asks an authority while somebody races."""
    organisation, lead, _members = house()
    provider, folder = Provider(), Path(tempfile.mkdtemp())
    served, stamping = provider.serving(), authority_in(folder)
    settings.CSC_URL, settings.CSC_TOKEN_URL = f"{served.__enter__()}/csc/v2", ""
    settings.CSC_CLIENT_ID, settings.CSC_CLIENT_SECRET, settings.CSC_PIN = CLIENT, SECRET, PIN
    keys.current_key(organisation.pk)
    credential = keys.use_provider(organisation.pk, "aldermoor-seal")
    return organisation, lead, credential, stamping.__enter__(), (served, stamping)


def _paper(world: Any) -> Document:
    organisation, lead = world[:2]
    made = compose(
        organisation=organisation, kind=KINDS["programme"], values={"title": "Ladders"}, language="en", by=lead
    )
    run_all(queues=["files"])
    return Document.objects.select_related("organisation").get(pk=made.pk)


def _seals(paper: Document, world: Any) -> list[str]:
    """Whose seals are on its file, in order."""
    paper.refresh_from_db()
    found = seals_in(blobs.read(paper.organisation.uid, paper.pdf))
    assert all(seal.holds for seal in found), found
    return ["stamp" if seal.dated else "provider" if seal.key == world[2].fingerprint else "own" for seal in found]


def _sealed(paper: Document, what: str) -> int:
    told = Entry.objects.filter(fact="document.sealed", object_id=str(paper.uid))
    return sum(fact.content.get("context", {}).get("what") == what for fact in told)


def _two_workers(world: Any) -> Pair:
    """Two workers at one paper: one signature of the provider is kept."""
    paper = _paper(world)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert _seals(paper, world) == ["own", "provider"]
        assert _sealed(paper, "provider's seal") == 1

    return [lambda: provider_seals.seal(source="documents", number=paper.pk)] * 2, count


def _provider_and_authority(world: Any) -> Pair:
    """The provider's seal and a stamp at once: neither is lost with the other, and the next round adds what is still owed."""
    paper = _paper(world)
    settings.TIMESTAMP_URL = world[3]

    def count(answers: list[str]) -> None:
        try:
            assert answers == ["done", "done"], answers
            provider_seals.seal(source="documents", number=paper.pk)
            timestamps.date(source="documents", number=paper.pk)
            kept = _seals(paper, world)
            assert [one for one in kept if one != "stamp"] == ["own", "provider"]
            assert kept[-1] == "stamp" and paper.dated_at and paper.provider_sealed_at, kept
            assert _sealed(paper, "provider's seal") == 1
            assert _sealed(paper, "time stamp") == kept.count("stamp")
        finally:
            settings.TIMESTAMP_URL = ""

    return [
        lambda: provider_seals.seal(source="documents", number=paper.pk),
        lambda: timestamps.date(source="documents", number=paper.pk),
    ], count


def _two_dossiers(world: Any) -> Pair:
    """Two dossiers are packed at once, each on a head that an authority stamps: both hold, and each carries a stamp."""
    settings.TIMESTAMP_URL = world[3]
    organisation, lead = world[:2]
    day = date(2026, 11, 26)
    plan = ActionPlan(title="T", profile="fr", starts_on=day, ends_on=day, minutes=60)
    uids = [open_action(organisation=organisation, plan=plan, by=lead).uid for _ in range(2)]
    actions = [TrainingAction.objects.select_related("organisation", "course").get(uid=uid) for uid in uids]
    files = [io.BytesIO(), io.BytesIO()]

    def count(answers: list[str]) -> None:
        settings.TIMESTAMP_URL = ""
        assert answers == ["done", "done"], answers
        for file in files:
            with tempfile.NamedTemporaryFile(suffix=".zip") as kept:
                kept.write(file.getvalue())
                kept.flush()
                said = verify(Path(kept.name)).holds
                assert any(words.startswith("A time-stamping authority dates the seal") for words in said), said

    return [lambda at=at: build(action=actions[at], file=files[at]) for at in range(2)], count


RACES = {
    "sealing at a provider by two workers": Race(_world, _two_workers),
    "sealing at a provider while a file is dated": Race(_world, _provider_and_authority),
    "packing two dossiers that are stamped": Race(_world, _two_dossiers),
}
