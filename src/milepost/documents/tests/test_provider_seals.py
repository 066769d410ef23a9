"""A trust service provider seals papers, too (CSC API), and whatever it does, nobody waits for it and nothing is lost."""

import asyncio
import io
from datetime import timedelta

import aiohttp
import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, signers
from pyhanko.sign.signers import csc_signer

from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.documents.composing import compose
from milepost.documents.jobs import find_without_provider, seal_by_provider
from milepost.documents.kinds import KINDS
from milepost.documents.models import Document
from milepost.documents.signing import sign
from milepost.documents.tests.agreements import a_pdf, act, people_of
from milepost.documents.tests.csc_server import CLIENT, PIN, SECRET, Provider, certificate_of
from milepost.journal import keys, remote_keys
from milepost.journal.models import Entry, SigningKey
from milepost.verify.pdf_seals import seals_in
from tests.accessible import faults_of
from tests.readers import pdfsig_accepts

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running():
    provider = Provider()
    with provider.serving() as address:
        yield provider, address


@pytest.fixture
def provider(running, settings, monkeypatch):
    """One that is configured, in good order."""
    provider, address = running
    provider.trouble, provider.mode, provider.asked = "", "explicit", []
    provider.certificate = certificate_of(provider.private)
    settings.CSC_URL, settings.CSC_TOKEN_URL = f"{address}/csc/v2", ""
    settings.CSC_CLIENT_ID, settings.CSC_CLIENT_SECRET, settings.CSC_PIN = CLIENT, SECRET, PIN
    monkeypatch.setattr(remote_keys, "PATIENCE", 1)
    return provider


@pytest.fixture
def credential(provider, organisation):
    keys.current_key(organisation.pk)
    return keys.use_provider(organisation.pk, "aldermoor-seal")


@pytest.fixture
def programme(credential, organisation, lead):
    """A paper that nobody signs: the organisation has sealed it."""
    made = compose(
        organisation=organisation, kind=KINDS["programme"], values={"title": "Ladders"}, language="en", by=lead
    )
    run_all(queues=["files"])
    return Document.objects.get(pk=made.pk)


def content_of(document):
    document.refresh_from_db()
    return blobs.read(document.organisation.uid, document.pdf)


def ask_provider():
    run_all(find_without_provider, queues=["outside"])
    return run_all(seal_by_provider, queues=["outside"])


def test_the_provider_seals_over_the_organisations_own_seal(programme, credential, organisation):
    before = content_of(programme)
    ask_provider()
    after = content_of(programme)
    assert after.startswith(before)
    own, theirs = seals_in(after)
    assert (own.holds, theirs.holds) == (True, True)
    assert theirs.key == credential.fingerprint
    assert own.key != theirs.key
    assert pdfsig_accepts(after, seals=2)
    assert faults_of(after) == []
    told = Entry.objects.filter(fact="document.sealed").last().content
    assert told["context"]["what"] == "provider's seal"
    assert ask_provider() == 0


def test_a_document_is_sealed_by_the_provider_once_all_have_signed(credential, asked):
    first, second = people_of(asked)
    sign(signatory=first, act=act())
    ask_provider()
    document = Document.objects.get()
    assert len(seals_in(content_of(document))) == 1
    sign(signatory=second, act=act())
    ask_provider()
    assert [seal.key == credential.fingerprint for seal in seals_in(content_of(document))] == [False, False, True]
    assert all(seal.holds for seal in seals_in(content_of(document)))
    assert faults_of(content_of(document)) == []


def test_the_chain_of_keys_leads_from_the_one_before_to_the_providers_to_the_one_of_now(credential, organisation):
    first, theirs, now = SigningKey.objects.filter(organisation_id=organisation.pk).order_by("pk")
    assert theirs == credential
    assert now.is_current
    assert (theirs.endorsed_by, now.endorsed_by) == (first.fingerprint, theirs.fingerprint)
    assert keys.is_signed(first, keys.endorsement_of(theirs.fingerprint), bytes(theirs.endorsement))
    assert keys.is_signed(theirs, keys.endorsement_of(now.fingerprint), bytes(now.endorsement))


def test_a_credential_that_is_taken_again_leaves_the_chain_of_keys_as_it_is(credential, organisation):
    def chain():
        return list(SigningKey.objects.order_by("pk").values_list("fingerprint", "endorsed_by", "is_current"))

    before = chain()
    assert keys.use_provider(organisation.pk, "aldermoor-seal") == credential
    keys.end_provider(organisation.pk)
    assert keys.use_provider(organisation.pk, "aldermoor-seal") == credential
    assert chain() == before
    assert keys.provider_key(organisation.pk) == credential


TROUBLES = {
    "hangs": "does not answer",
    "is broken": "The module is out of order",
    "refuses": "The PIN is wrong",
    "signs with another key": "another key than its certificate",
    "talks nonsense": "no signature",
    "answers twice": "no signature",
    "answers nothing": "no signature",
    "hangs once it has signed": "does not answer",
    "shows a page": "can’t be read",
    "answers a list": "can’t be read",
    "answers brackets": "can’t be read",
    "answers without end": "does not answer",
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_is_wrong_with_the_provider_the_paper_is_there_and_its_seal_pending_until_that_is_mended(
    trouble, provider, programme, lead, visit
):
    before = content_of(programme)
    provider.trouble = trouble
    assert ask_provider() == 0
    assert content_of(programme) == before
    assert TROUBLES[trouble] in remote_keys.breaker().reason
    page = f"/aldermoor/documents/{programme.uid}/"
    assert "The seal of the trust service provider is pending." in visit(lead).get(page).text
    asked = len(provider.asked)
    assert run_all(seal_by_provider, queues=["outside"]) == 0
    assert len(provider.asked) == asked, "one in trouble is left alone"
    provider.trouble = ""
    with clock.at(clock.now() + timedelta(hours=2)):
        ask_provider()
    assert len(seals_in(content_of(programme))) == 2
    assert Entry.objects.filter(fact="document.sealed", statement__contains="provider's seal").count() == 1
    assert "The seal of the trust service provider" not in visit(lead).get(page).text


def test_people_sign_while_the_provider_hangs(provider, credential, asked):
    provider.trouble, provider.asked = "hangs", []
    for who in people_of(asked):
        sign(signatory=who, act=act())
    assert Document.objects.get().request.status == "completed"
    assert provider.asked == []


@pytest.mark.parametrize("trouble", ["signs with another key", "refuses", "hangs"])
def test_a_credential_that_does_not_sign_is_not_taken_and_nothing_changes(trouble, provider, organisation):
    before = keys.current_key(organisation.pk)
    provider.trouble = trouble
    with pytest.raises(remote_keys.ProviderRefused):
        keys.use_provider(organisation.pk, "aldermoor-seal")
    assert keys.current_key(organisation.pk) == before
    assert keys.provider_key(organisation.pk) is None


def test_one_to_each_of_whose_signatures_a_person_agrees_is_not_taken(provider, organisation):
    provider.mode = "oauth2code"
    with pytest.raises(remote_keys.ProviderRefused, match="a person to agree"):
        keys.use_provider(organisation.pk, "aldermoor-seal")


def test_one_whose_certificate_has_ended_or_that_is_unknown_is_not_taken(provider, organisation):
    provider.certificate = certificate_of(provider.private, ends=clock.now() - timedelta(days=1))
    with pytest.raises(keys.KeyRefused, match="not today"):
        keys.use_provider(organisation.pk, "aldermoor-seal")
    with pytest.raises(remote_keys.ProviderRefused, match="Invalid parameter credentialID"):
        keys.use_provider(organisation.pk, "somebody else’s")


def test_no_seal_is_owed_on_what_was_there_before_nor_after_the_end_of_it(provider, organisation, lead, asked):
    for who in people_of(asked):
        sign(signatory=who, act=act())
    with clock.at(clock.now() + timedelta(minutes=1)):
        keys.use_provider(organisation.pk, "aldermoor-seal")
        assert ask_provider() == 0
        compose(organisation=organisation, kind=KINDS["programme"], values={"title": "x"}, language="en", by=lead)
        run_all(queues=["files"])
        assert keys.end_provider(organisation.pk) == 1
        assert ask_provider() == 0


def at(minutes):
    return clock.at(clock.now() + timedelta(minutes=minutes))


def a_programme(organisation, lead):
    made = compose(organisation=organisation, kind=KINDS["programme"], values={"title": "x"}, language="en", by=lead)
    run_all(queues=["files"])
    return Document.objects.get(pk=made.pk)


def seals_on(document):
    return len(seals_in(content_of(document)))


def test_no_seal_is_owed_for_a_pause(credential, organisation, lead, visit):
    with at(1):
        keys.end_provider(organisation.pk)
    with at(2):
        made_meanwhile = a_programme(organisation, lead)
    with at(3):
        assert keys.use_provider(organisation.pk, "aldermoor-seal") == credential
        made_since = a_programme(organisation, lead)
        ask_provider()
        assert (seals_on(made_meanwhile), seals_on(made_since)) == (1, 2)
        text = visit(lead).get(f"/aldermoor/documents/{made_meanwhile.uid}/").text
        assert "trust service provider is pending" not in text


def test_a_credential_that_is_taken_again_without_a_pause_owes_what_it_owed(credential, organisation, lead):
    paper = a_programme(organisation, lead)
    with at(1):
        keys.use_provider(organisation.pk, "aldermoor-seal")
        ask_provider()
    assert seals_on(paper) == 2


def test_the_credential_after_it_sets_the_seals_that_the_one_before_still_owed(
    credential, provider, organisation, lead
):
    paper = a_programme(organisation, lead)
    with at(1):
        provider.certificate = certificate_of(provider.private, serial=8)
        following = keys.use_provider(organisation.pk, "aldermoor-seal")
        assert following != credential
        ask_provider()
    assert seals_in(content_of(paper))[-1].key == following.fingerprint


def test_another_client_of_the_api_is_answered_the_same(provider, running):
    """PyHanko's, which speaks version 1: our server reads the specification as others do."""
    signed = asyncio.run(_by_pyhanko(running[1], a_pdf()))
    assert pdfsig_accepts(signed, seals=1)


async def _by_pyhanko(address, content):
    class Manager(csc_signer.CSCAuthorizationManager):
        async def authorize_signature(self, hash_b64s):
            wanted = self.format_csc_auth_request(pin=PIN, hash_b64s=hash_b64s)
            url = self.csc_session_info.endpoint_url("credentials/authorize")
            async with session.post(url, headers=self.auth_headers, json=wanted, raise_for_status=True) as answer:
                return self.parse_csc_auth_response(await answer.json())

    async with aiohttp.ClientSession() as session:
        told = csc_signer.CSCServiceSessionInfo(address, "aldermoor-seal", oauth_token="token-1")
        info = await csc_signer.fetch_certs_in_csc_credential(session, told)
        signer = csc_signer.CSCSigner(session, Manager(told, info), sign_timeout=10)
        writer = IncrementalPdfFileWriter(io.BytesIO(content))
        made = await signers.async_sign_pdf(writer, PdfSignatureMetadata(field_name="S"), signer=signer)
    return made.getvalue()


def test_version_1_is_spoken_where_the_address_says_so(settings, provider, credential, programme):
    settings.CSC_URL = settings.CSC_URL.replace("/v2", "/v1")
    ask_provider()
    assert len(seals_in(content_of(programme))) == 2
