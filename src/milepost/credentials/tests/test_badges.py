"""Badges: what they say, whom they say it of, where their keys and their state are found, and that old ones stay what they were."""

import base64
import gzip
import json
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from milepost import verify
from milepost.core import encryption
from milepost.core.canonical import fingerprint
from milepost.credentials import badge_keys, badges, issuers, status_lists
from milepost.credentials.checking import Verdict, check_file
from milepost.credentials.contribution import CredentialsContribution
from milepost.credentials.issuing import issue_missing, reissue
from milepost.credentials.models import LIST_SIZE, BadgeKey, Certificate, StatusList
from milepost.credentials.revoking import revoke
from milepost.journal import keys
from milepost.journal.models import SigningKey
from milepost.journal.recording import time_text
from milepost.journal.tests.test_sealing import certificate_for, pkcs12_file
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment
from milepost.people.limits import limits
from milepost.people.models import Member
from milepost.verify.data_integrity import digests, proven_badge
from tests.worlds import make_people

pytestmark = pytest.mark.django_db

HOST = "http://localhost:8000"


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def below(client, organisation, path, **headers):
    return client.get(f"/issuers/{organisation.uid}/{path}", headers=headers)


# --- What a badge says --------------------------------------------------------------------------------------


def test_a_badge_is_a_signed_verifiable_credential_whose_key_is_among_those_of_its_issuer(earned, client):
    token = badges.token(earned)
    header = jwt.get_unverified_header(token)
    published = below(client, earned.organisation, "jwks.json")
    assert published.headers["Access-Control-Allow-Origin"] == "*"
    key = jwt.PyJWKSet.from_dict(published.json())[header["kid"]]
    badge = jwt.decode(token, key, algorithms=["RS256"])
    assert header.keys() == {"alg", "kid", "typ", "jwk"}
    assert badge["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert badge["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    achievement = badge["credentialSubject"]["achievement"]
    assert achievement["name"] == "Ladders"
    assert client.get(achievement["id"].removeprefix(HOST)).json() == achievement


def test_its_claims_say_what_it_says(earned):
    Certificate.objects.filter(pk=earned.pk).update(valid_until="2099-05-31")
    earned.refresh_from_db()
    badge = claims_of(badges.token(earned))
    assert badge["iss"] == badge["issuer"]["id"] == issuers.did_of(earned.organisation)
    assert badge["sub"] == badge["credentialSubject"]["id"]
    assert badge["jti"] == badge["id"] == f"{HOST}/verify/{earned.code}/"
    assert badge["nbf"] == int(earned.issued_at.timestamp())
    assert (badge["validUntil"], badge["exp"]) == ("2099-05-31T23:59:59Z", 4083955199)


def test_whose_it_is_is_the_same_in_all_badges_of_a_person_and_leads_nowhere(earned, lead, learner):
    new = reissue(certificate=earned, by=lead)
    first, second = (claims_of(badges.token(one))["sub"] for one in (earned, new))
    assert first == second
    assert first.startswith("urn:uuid:")
    for hidden in (str(learner.uid), learner.email):
        assert hidden not in json.dumps(claims_of(badges.token(earned))) + json.dumps(badges.document(earned))


def test_many_at_once_take_theirs_as_json(earned):
    badge = badges.document(earned)
    with ThreadPoolExecutor(8) as pool:
        same = set(pool.map(lambda _time: digests(badge, badge["proof"]), range(64)))
    assert len(same) == 1


# --- Who issues, and by which keys --------------------------------------------------------------------------


def test_the_issuer_leads_to_its_keys_of_now_and_before_that_of_now_first(earned, client):
    before = keys.current_key(earned.organisation_id)
    badges.document(earned)
    SigningKey.objects.update(is_current=False)
    now = keys.current_key(earned.organisation_id)
    badges.document(earned)
    document = below(client, earned.organisation, "did.json").json()
    did = f"did:web:localhost%3A8000:issuers:{earned.organisation.uid}"
    assert document["id"] == did
    kinds = [method["type"] for method in document["verificationMethod"]]
    assert kinds == ["JsonWebKey2020", "JsonWebKey2020", "Multikey", "Multikey"]
    assert document["assertionMethod"][:2] == [f"{did}#{now.fingerprint}", f"{did}#{before.fingerprint}"]
    kids = [key["kid"] for key in below(client, earned.organisation, "jwks.json").json()["keys"]]
    assert kids == document["assertionMethod"]
    assert "private" not in json.dumps(document)


def test_a_key_that_was_revoked_is_published_no_more(earned, client):
    lost = keys.current_key(earned.organisation_id)
    badges.document(earned)
    change_key(earned.organisation_id)
    keys.revoke(earned.organisation_id, lost.fingerprint, since=lost.created_at, reason="It was copied.")
    for path in ("did.json", "jwks.json"):
        published = below(client, earned.organisation, path).text
        assert keys.current_key(earned.organisation_id).fingerprint in published
        assert lost.badge_key.public not in published
        assert f"#{lost.fingerprint}" not in published


def test_the_key_of_proofs_is_made_once_kept_encrypted_and_endorsed_by_the_signing_key(earned):
    first, again = (badge_keys.current_badge_key(earned.organisation) for _time in range(2))
    assert first == again == BadgeKey.objects.get()
    [(_pk, kept)] = encryption._as_kept(BadgeKey, BadgeKey._meta.get_field("private"), [first.pk])
    assert kept.startswith(encryption.MARK)
    signing_key = keys.current_key(earned.organisation_id)
    public = base64.urlsafe_b64decode(issuers.key_set(earned.organisation)["keys"][-1]["x"] + "=")
    assert keys.is_signed(signing_key, badge_keys.endorsement_of(public), bytes(first.endorsement))


def test_the_key_of_proofs_opens_after_a_change_of_the_secret(earned, settings):
    badge = badges.document(earned)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-" + "y" * 40, [settings.SECRET_KEY]
    encryption.keep_under_current_secret()
    keys.keep_under_current_secret()
    settings.SECRET_KEY_FALLBACKS = []
    after = badges.document(earned)
    assert badge["proof"]["verificationMethod"] == after["proof"]["verificationMethod"]
    assert check_file(json.dumps(after).encode()).verdict == Verdict.GENUINE


def test_whoever_looks_issuers_up_without_end_waits(earned, client):
    (rate,) = limits.get("issuers").rates
    answers = [below(client, earned.organisation, "did.json").status_code for _try in range(rate.count + 1)]
    assert (set(answers[:-1]), answers[-1]) == ({200}, 429)


# --- Which are revoked --------------------------------------------------------------------------------------


def bits_of(client, certificate):
    """The bits that are published of a badge's list, by its JSON."""
    answer = client.get(
        entry_of(certificate)["statusListCredential"].removeprefix(HOST), headers={"Accept": "application/json"}
    )
    encoded = answer.json()["credentialSubject"]["encodedList"]
    return gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4)))


def entry_of(certificate):
    return badges.credential(certificate)["credentialStatus"]


def is_set(bits, certificate):
    index = int(entry_of(certificate)["statusListIndex"])
    return bool(bits[index // 8] & 0x80 >> index % 8)


def test_revoking_or_replacing_sets_the_bit_of_a_badge_and_of_no_other(earned, client, lead):
    bits = bits_of(client, earned)
    assert len(bits) * 8 == LIST_SIZE
    assert not any(bits)
    new = reissue(certificate=earned, by=lead)
    bits = bits_of(client, earned)
    assert (is_set(bits, earned), is_set(bits, new)) == (True, False)
    revoke(certificate=new, reason="Mistake", by=lead)
    bits = bits_of(client, earned)
    assert (is_set(bits, new), int.from_bytes(bits).bit_count()) == (True, 2)


def test_a_list_comes_as_a_token_or_as_json_and_names_nobody(earned, client):
    path = entry_of(earned)["statusListCredential"].removeprefix(HOST)
    token = client.get(path)
    assert token.headers["Content-Type"] == "application/vc+jwt"
    assert token.headers["Vary"].startswith("Accept")
    says = jwt.decode(token.text, keys.public_key(keys.current_key(earned.organisation_id)), algorithms=["RS256"])
    told = client.get(path, headers={"Accept": "application/ld+json, application/json"}).json()
    assert told["issuer"] == says["iss"] == issuers.did_of(earned.organisation)
    assert told["credentialSubject"] == says["credentialSubject"]
    assert earned.content["beneficiary"] not in token.text + json.dumps(told)
    assert client.get(path.replace("/status/1/", "/status/2/")).status_code == 404


def test_a_list_is_signed_anew_only_when_a_bit_changes(earned, client, lead):
    path = entry_of(earned)["statusListCredential"].removeprefix(HOST)
    before = client.get(path).text
    assert client.get(path).text == before
    revoke(certificate=earned, reason="Mistake", by=lead)
    assert client.get(path).text != before


def test_places_are_drawn_and_a_full_list_is_followed_by_another(organisation, course, lead, monkeypatch):
    monkeypatch.setattr(status_lists, "FULL", 16)
    make_people(organisation, 40)
    enrol_many(members=Member.objects.filter(organisation=organisation, user=None), course=course, by=lead)
    now = organisation.created_at
    Enrolment.objects.filter(course=course).update(launched_at=now, completed_at=now, done=3)
    assert issue_missing(course=course, by=lead) == 40
    numbers = list(Certificate.objects.order_by("pk").values_list("status_list__number", flat=True))
    assert numbers == [1] * 16 + [2] * 16 + [3] * 8
    indices = list(Certificate.objects.order_by("pk").values_list("status_index", flat=True))
    assert indices[:16] != sorted(indices[:16])
    assert max(indices) > LIST_SIZE // 4


def test_a_badge_that_was_revoked_stays_so_when_its_holder_is_erased(earned, client, lead, learner):
    entry = entry_of(earned)
    revoke(certificate=earned, reason="Mistake", by=lead)
    its_list = StatusList.objects.get()
    CredentialsContribution().erase(learner)
    assert not Certificate.objects.exists()
    after = StatusList.objects.get()
    assert (bytes(after.taken), bytes(after.revoked)) == (bytes(its_list.taken), bytes(its_list.revoked))
    assert client.get(entry["statusListCredential"].removeprefix(HOST)).status_code == 200


# --- Whether a badge is genuine -----------------------------------------------------------------------------


def files_of(certificate):
    yield badges.baked_svg(certificate).encode()
    yield badges.token(certificate).encode()
    yield json.dumps(badges.document(certificate)).encode()


def verdicts(files):
    return {check_file(file).verdict for file in files}


def test_a_badge_is_checked_as_a_picture_as_a_token_and_as_json_and_tells_its_state(earned, lead):
    files = list(files_of(earned))
    assert verdicts(files) == {Verdict.GENUINE}
    Certificate.objects.filter(pk=earned.pk).update(valid_until="2020-01-01")
    assert verdicts(files) == {Verdict.EXPIRED}
    earned.refresh_from_db()
    assert verdicts(files_of(earned)) == {Verdict.EXPIRED}
    revoke(certificate=earned, reason="Mistake", by=lead)
    assert verdicts(files) == {Verdict.REVOKED}


def test_a_badge_with_other_words_is_altered(earned):
    header, body, signature = badges.token(earned).split(".")
    changed = body[:40] + ("A" if body[40] != "A" else "B") + body[41:]
    assert check_file(f"{header}.{changed}.{signature}".encode()).verdict in (Verdict.ALTERED, Verdict.UNKNOWN)
    forged = jwt.encode(
        badges.credential(earned),
        "secret" * 8,
        algorithm="HS256",
        headers=jwt.get_unverified_header(badges.token(earned)) | {"alg": "HS256"},
    )
    assert check_file(forged.encode()).verdict == Verdict.ALTERED


OTHER_WORDS = {
    "another name": lambda badge: badge["credentialSubject"]["identifier"][0].update(identityHash="Otto Lie"),
    "a word that nothing signs": lambda badge: badge.update(holder="Otto Lie"),
    "a word of badges where it means nothing": lambda badge: badge["proof"].update(identityHash="Otto Lie"),
    "other meanings": lambda badge: badge["@context"].append({"name": "https://example.org/name"}),
    "a key of somebody else": lambda badge: badge["proof"].update(verificationMethod=f"did:web:evil#{STRANGER}"),
    "no signature": lambda badge: badge["proof"].update(proofValue="z"),
    "a proof of another kind": lambda badge: badge["proof"].update(cryptosuite="eddsa-jcs-2022"),
    "no proof": lambda badge: badge.pop("proof"),
    "its holder again and again": lambda badge: badge["credentialSubject"]["identifier"].extend(
        badge["credentialSubject"]["identifier"] * 12
    ),
}
STRANGER = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"


@pytest.mark.parametrize("words", OTHER_WORDS)
def test_json_with_other_words_is_altered(words, earned):
    badge = badges.document(earned)
    OTHER_WORDS[words](badge)
    assert check_file(json.dumps(badge).encode()).verdict == Verdict.ALTERED


def test_json_that_somebody_else_signed_is_altered(earned):
    """Their proof fits, and names a key that they say is ours."""
    private = Ed25519PrivateKey.generate()
    badge, public = badges.document(earned), private.public_key().public_bytes_raw()
    badge["proof"]["verificationMethod"] = f"{issuers.did_of(earned.organisation)}#{badge_keys.multikey(public)}"
    badge["proof"]["proofValue"] = badge_keys.base58(private.sign(digests(badge, badge["proof"])))
    content = json.dumps(badge).encode()
    assert proven_badge(content)[1] == public
    assert check_file(content).verdict == Verdict.ALTERED


@pytest.mark.parametrize("content", [b"{", b"{}", b"[]", b'{"proof": 1}', b"{" * 40_000, b'{"proof": {}, "proof": {}}'])
def test_json_of_something_else_is_unknown(content):
    assert check_file(content).verdict == Verdict.UNKNOWN


# --- Badges of earlier releases -----------------------------------------------------------------------------


def token_of_earlier_release(certificate):
    """As badges were until they had a state: named by addresses, with the certificate in the header, about nobody by an id."""
    organisation, key = certificate.organisation, keys.current_key(certificate.organisation_id)
    badge = badges.credential(certificate) | {"validFrom": time_text(certificate.issued_at)}
    del badge["credentialStatus"], badge["credentialSubject"]["id"]
    badge["issuer"] = issuers.profile(organisation, issuers.issuer_url(organisation))
    issued = int(certificate.issued_at.timestamp())
    claims = badge | {"iss": badge["issuer"]["id"], "jti": badge["id"], "nbf": issued, "sub": badge["id"]}
    der = base64.b64encode(key.x509.public_bytes(serialization.Encoding.DER)).decode()
    headers = {"kid": f"{badge['issuer']['id']}keys/{key.fingerprint}/", "x5c": [der]}
    return jwt.encode(claims, keys.private_key(key), algorithm="RS256", headers=headers)


def test_a_badge_of_an_earlier_release_stays_genuine_and_finds_its_key_and_its_issuer(earned, client, tmp_path):
    token = token_of_earlier_release(earned)
    assert check_file(token.encode()).verdict == Verdict.GENUINE
    kid = jwt.get_unverified_header(token)["kid"]
    badge = jwt.decode(token, jwt.PyJWK(client.get(kid.removeprefix(HOST)).json()).key, algorithms=["RS256"])
    assert client.get(badge["issuer"]["id"].removeprefix(HOST)).json() == badge["issuer"]
    (tmp_path / "badge.jwt").write_text(token)
    ours = keys.current_key(earned.organisation_id).fingerprint
    assert verify.verify(tmp_path / "badge.jwt", keys=[ours]).key == ours


# --- Offline, with `milepost verify` ------------------------------------------------------------------------


@pytest.fixture
def offline(tmp_path):
    """What `milepost verify` prints of a file, and its exit status."""

    def check(content, *options):
        path, said = tmp_path / "badge", []
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        status = verify.main([str(path), *map(str, options)], say=said.append)
        return status, "\n".join(said)

    return check


def signed(certificate, **changes):
    """A token with other claims, by our own key."""
    token = badges.token(certificate)
    key = keys.private_key(keys.current_key(certificate.organisation_id))
    return jwt.encode(claims_of(token) | changes, key, algorithm="RS256", headers=jwt.get_unverified_header(token))


def test_offline_a_token_holds_by_a_key_that_was_told_and_fits_without_one(earned, offline):
    ours = keys.current_key(earned.organisation_id).fingerprint
    status, said = offline(badges.token(earned), "--key", ours)
    assert status == 0
    assert f"bit {earned.status_index} of {HOST}/issuers/" in said
    status, said = offline(badges.token(earned))
    assert (status, "holds" in said.replace("Everything in it holds", "")) == (3, False)
    assert offline(badges.token(earned), "--key", "0" * 64)[0] == 1


@pytest.mark.parametrize("claim", ["iss", "sub", "jti", "nbf", "exp"])
def test_offline_a_token_whose_claims_contradict_the_badge_does_not_hold(claim, earned, offline):
    Certificate.objects.filter(pk=earned.pk).update(valid_until="2099-05-31")
    earned.refresh_from_db()
    status, said = offline(signed(earned, **{claim: 4_000_000_000 if claim in ("nbf", "exp") else "urn:x"}))
    assert (status, f"its “{claim}” is not what it says elsewhere" in said) == (1, True)


def test_offline_a_token_that_has_expired_or_is_not_valid_yet_does_not_hold(earned, offline):
    past = {"validUntil": "2020-01-01T23:59:59Z", "exp": 1577923199}
    assert "The badge has expired" in offline(signed(earned, **past))[1]
    future = {"validFrom": "2099-01-01T00:00:00Z", "nbf": 4070908800}
    assert "is not valid yet" in offline(signed(earned, **future))[1]


def test_offline_json_holds_by_its_key_or_by_a_signing_key_that_endorsed_it(earned, client, offline, tmp_path):
    badge = badges.document(earned)
    ours = keys.current_key(earned.organisation_id).fingerprint
    status, said = offline(badge)
    assert (status, f"of “{earned.content['beneficiary']}”" in said) == (3, True)
    own = fingerprint(base64.urlsafe_b64decode(issuers.key_set(earned.organisation)["keys"][-1]["x"] + "="))
    assert offline(badge, "--key", own)[0] == 0
    assert offline(badge, "--key", ours)[0] == 1
    published = tmp_path / "jwks.json"
    published.write_text(below(client, earned.organisation, "jwks.json").text)
    assert offline(badge, "--key", ours, "--issuer-keys", published)[0] == 0
    assert offline(badge, "--key", "0" * 64, "--issuer-keys", published)[0] == 1


def test_offline_json_leads_through_each_change_of_keys_to_one_that_is_known(earned, offline, tmp_path):
    first = keys.current_key(earned.organisation_id).fingerprint
    change_key(earned.organisation_id)
    badge = badges.document(earned)
    published = tmp_path / "jwks.json"
    told = issuers.key_set(earned.organisation)
    published.write_text(json.dumps(told))
    assert offline(badge, "--key", first, "--issuer-keys", published)[0] == 0
    told["keys"][0]["endorsement"] = told["keys"][-1]["endorsement"]
    published.write_text(json.dumps(told))
    assert offline(badge, "--key", first, "--issuer-keys", published)[0] == 1


def change_key(organisation_id):
    """Another signing key, which the one before endorses."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    keys.import_pkcs12(organisation_id, pkcs12_file(private, certificate_for(private)), password="secret")


@pytest.mark.parametrize("words", OTHER_WORDS)
def test_offline_json_with_other_words_does_not_hold(words, earned, offline):
    badge = badges.document(earned)
    OTHER_WORDS[words](badge)
    assert offline(badge)[0] == 1


@pytest.fixture
def status_list(client, tmp_path):
    """The list that a badge names, as it is published now, in a file."""

    def take(certificate):
        path = tmp_path / "list.jwt"
        path.write_bytes(below(client, certificate.organisation, "status/1/").content)
        return path

    return take


@pytest.mark.parametrize("form", ["token", "JSON"])
def test_offline_a_badge_was_revoked_or_not_as_its_issuer_s_list_says(
    form, earned, lead, client, offline, status_list, tmp_path
):
    badge = badges.token(earned) if form == "token" else badges.document(earned)
    published = tmp_path / "jwks.json"
    published.write_text(below(client, earned.organisation, "jwks.json").text)
    options = ("--key", keys.current_key(earned.organisation_id).fingerprint, "--issuer-keys", published)
    status, said = offline(badge, *options)
    assert (status, "Whether it was revoked since was not looked at" in said) == (0, True)
    status, said = offline(badge, *options, "--status-list", status_list(earned))
    assert (status, "It was not revoked, as the issuer’s list of" in said) == (0, True)
    revoke(certificate=earned, reason="Mistake", by=lead)
    status, said = offline(badge, *options, "--status-list", status_list(earned))
    assert (status, "The badge was revoked" in said) == (1, True)


def test_offline_a_list_of_anybody_s_or_of_another_day_says_nothing_of_a_badge(earned, offline, status_list, tmp_path):
    token, path = badges.token(earned), tmp_path / "own.jwt"
    listed = status_list(earned).read_text()

    def told(**changes):
        key = keys.private_key(keys.current_key(earned.organisation_id))
        path.write_text(jwt.encode(claims_of(listed) | changes, key, "RS256", jwt.get_unverified_header(listed)))
        return offline(token, "--status-list", path)[1]

    assert "is not the one that the badge names" in told(id="https://elsewhere.example/")
    assert "take the one of today" in told(validUntil="2020-01-01T00:00:00Z")
    assert "can’t be read" in told(credentialSubject={"statusPurpose": "revocation", "encodedList": "uAAAA"})
    path.write_text(listed[:-8] + "AAAAAAAA")
    assert "The list of revocations was changed" in offline(token, "--status-list", path)[1]
    path.write_text("[]")
    assert "is no signed token" in offline(token, "--status-list", path)[1]
    change_key(earned.organisation_id)
    assert "none that you expect" in offline(token, "--status-list", status_list(earned))[1]
