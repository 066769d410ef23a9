"""What an organisation publishes of its keys is held against what it signed: from a file, or from its site when that is asked."""

import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from milepost import verify as verifier
from milepost.anchors.publishing import keys_of
from milepost.core import clock
from milepost.evidence.dossiers import build
from milepost.evidence.tests.archives import contents
from milepost.journal import keys
from milepost.journal.tests.test_sealing import certificate_for, pkcs12_file

pytestmark = pytest.mark.django_db


def another_key(organisation):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return keys.import_pkcs12(organisation.pk, pkcs12_file(private, certificate_for(private)), password="secret")


@pytest.fixture
def published(organisation, tmp_path):
    """A file with what the organisation publishes now."""

    def write(change=lambda told: None):
        told = json.loads(json.dumps(keys_of(organisation)))
        change(told)
        path = tmp_path / "keys.json"
        path.write_text(json.dumps(told))
        return path

    return write


def said_of(*arguments):
    said = []
    status = verifier.main([str(word) for word in arguments], say=said.append)
    return status, "\n".join(said)


def test_a_dossier_holds_by_the_keys_that_its_organisation_publishes(dossier, published):
    status, said = said_of(dossier, "--published", published())
    assert (status, "not looked at" in said) == (0, False)
    status, said = said_of(dossier)
    assert (status, "Whether its key was revoked since was not looked at" in said) == (3, True)


def test_a_dossier_by_a_key_that_nobody_published_does_not_hold(dossier, complete, published, tmp_path):
    before = published()
    another_key(complete.organisation)
    with (tmp_path / "later.zip").open("w+b") as file:
        build(action=complete, file=file)
    assert said_of(dossier, "--published", before)[0] == 0
    status, said = said_of(tmp_path / "later.zip", "--published", before)
    assert (status, "handed over to by one that you expect" in said) == (0, True)
    del_first = published(lambda told: told["keys"].pop(0) and told["keys"][0].update(endorsed_by=None))
    status, said = said_of(dossier, "--published", del_first)
    assert (status, "none that you expect" in said) == (1, True)


def test_one_key_that_was_told_leads_to_those_to_which_it_handed_over(dossier, complete, published):
    first = verifier.verify(dossier).key
    another_key(complete.organisation)
    assert said_of(dossier, "--published", published(), "--key", first)[0] == 0
    assert said_of(dossier, "--published", published(), "--key", "0" * 64)[0] == 1


def test_a_key_that_was_left_for_another_is_not_taken_back_and_each_dossier_holds(dossier, complete, tmp_path):
    first = verifier.verify(dossier).key
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    brought = pkcs12_file(private, certificate_for(private))
    keys.import_pkcs12(complete.organisation_id, brought, password="secret")
    keys.import_pkcs12(
        complete.organisation_id, brought, password="secret"
    )  # the one of now, once more: nothing changes
    another_key(complete.organisation)
    with pytest.raises(keys.KeyRefused, match="handed over"):
        keys.import_pkcs12(complete.organisation_id, brought, password="secret")
    with (tmp_path / "later.zip").open("w+b") as file:
        build(action=complete, file=file)
    for key in (first, keys.current_key(complete.organisation_id).fingerprint):
        assert said_of(tmp_path / "later.zip", "--key", key)[0] == 0


def test_what_was_signed_after_its_key_was_revoked_does_not_hold(dossier, complete, published):
    first = keys.current_key(complete.organisation_id)
    sealed = datetime.fromisoformat(json.loads(json.loads(contents(dossier)["journal/seal.json"])["statement"])["time"])
    another_key(complete.organisation)
    keys.revoke(
        complete.organisation_id, first.fingerprint, since=sealed - timedelta(days=1), reason="A laptop was stolen."
    )
    status, said = said_of(dossier, "--published", published())
    assert status == 1
    assert f"The key {first.fingerprint} was revoked" in said
    assert "(A laptop was stolen.)" in said


def test_what_is_older_than_the_revocation_holds_and_says_on_whose_word(dossier, complete, published):
    first = keys.current_key(complete.organisation_id)
    another_key(complete.organisation)
    keys.revoke(complete.organisation_id, first.fingerprint, since=clock.now() + timedelta(hours=1), reason="Retired.")
    status, said = said_of(dossier, "--published", published())
    assert (status, "only says whoever signed it" in said) == (0, True)


def revoke_falsely(told):
    told["keys"][0]["revocation"] = {"statement": json.dumps({"type": "milepost-key-revocation/1"}), "signature": ""}


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(type="another"),
        lambda told: told["keys"][0].update(fingerprint="0" * 64),
        lambda told: told["keys"][1].update(endorsement=""),
        lambda told: told.pop("keys"),
        revoke_falsely,
    ],
)
def test_published_keys_that_contradict_themselves_are_refused_in_words(change, dossier, complete, published):
    another_key(complete.organisation)
    status, said = said_of(dossier, "--published", published(change))
    assert (status, "published key" in said) == (1, True)


# --- From the site ------------------------------------------------------------------------------------------


@pytest.fixture
def site():
    """A site on this machine: what it answers to which path, and what was asked."""
    answers, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, content = answers.get(self.path, (404, b""))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", content.decode())
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.answers, server.asked, server.at = answers, asked, f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_keys_are_fetched_from_the_page_or_the_site_that_was_named_and_never_else(
    dossier, organisation, published, site
):
    page = f"/log/{organisation.uid}/"
    site.answers[f"{page}keys.json"] = 200, published().read_bytes()
    site.answers["/.well-known/milepost.json"] = (
        200,
        json.dumps({"keys": site.at + "/log/{organisation}/keys.json"}).encode(),
    )
    assert said_of(dossier)[0] == 3
    assert site.asked == []
    assert said_of(dossier, "--online", site.at + page)[0] == 0
    assert said_of(dossier, "--online", site.at)[0] == 0
    assert site.asked == [f"{page}keys.json", "/.well-known/milepost.json", f"{page}keys.json"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((302, b"https://elsewhere.example/keys.json"), "can’t be fetched"),
        ((200, b" " * (4 * 1024**2 + 1)), "more than 4 MB"),
        ((500, b""), "can’t be fetched"),
    ],
)
def test_a_site_that_leads_elsewhere_or_answers_without_end_is_refused(answer, words, dossier, organisation, site):
    page = f"/log/{organisation.uid}/"
    site.answers[f"{page}keys.json"] = answer
    status, said = said_of(dossier, "--online", site.at + page)
    assert (status, words in said) == (1, True)


def test_what_is_found_on_another_site_or_without_https_is_not_fetched(dossier, site):
    site.answers["/.well-known/milepost.json"] = 200, b'{"keys": "https://elsewhere.example/{organisation}"}'
    assert "is not on the site that you named" in said_of(dossier, "--online", site.at)[1]
    assert "only https" in said_of(dossier, "--online", "http://elsewhere.example/")[1]
