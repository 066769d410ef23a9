"""Every address that somebody without an account can try again and again, and what limits it: a new one can't be forgotten."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLResolver, get_resolver

from milepost.core import clock, links
from milepost.core.models import Tries
from milepost.core.openness import Whom
from milepost.documents.composing import compose
from milepost.documents.kinds import KINDS
from milepost.documents.models import Signatory
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.evidence.auditing import Invitation, invite_auditor
from milepost.people.limits import DAY, Per, limits
from tests.stories import VALUES

# What can be guessed at an address, or be sent to others from it, and by which limit that ends. `allauth:` names its own rates.
LIMITED = {
    "signatory_code": "document-code",
    "signatory_delegation": "document-delegation",
    "audit_room": "audit-code",
    "leaver_receipt": "receipt",
    "spoken_code": "spoken-code",
    "room_reminders": "room-reminders",
    "room_people": "room-people",
    "verify": "verify",
    "verify_code": "verify",
    "certificate_proof": "verify",
    "add_checkpoint": "add-checkpoint",
    "send_people_file": "people-feed",
    "issuer_did": "issuers",
    "issuer_key_set": "issuers",
    "status_list": "issuers",
    "account_login": "allauth:login_failed",
    "account_request_login_code": "allauth:request_login_code",
    "account_confirm_login_code": "allauth:request_login_code",  # five tries at each code
    "account_reset_password": "allauth:reset_password",
    "account_email_verification_sent": "allauth:confirm_email",
    "account_reauthenticate": "allauth:reauthenticate",
    "account_change_password": "allauth:change_password",
    "mfa_authenticate": "allauth:login_failed",
    "mfa_reauthenticate": "allauth:login_failed",
}
# Open to everybody, and nothing is guessed there: what they show is the same for all, or needs what another address gave.
PUBLIC = {
    "account_inactive",
    "account_logout",
    "account_reset_password_done",
    "account_reset_password_from_key",  # a token of allauth's that is signed
    "account_reset_password_from_key_done",
    "account_signup",
    "achievement",
    "brand",
    "home",
    "issuer",
    "issuer_key",
    "language",
    "security_txt",
    "log",  # keys, heads and hashes, the same for all
    "log_checkpoint",
    "log_entries",
    "log_keys",
    "log_tile",
    "logo",
    "mfa_login_webauthn",  # a signature of a key
    "outbox",
    "outbox_message",
    "room_offline_worker",
    "shared_computer",  # a word about one's own session
    "security_feed",  # 256 bits in a header
    "verify_program",
    "verify_program_before",
    "well_known",
    "witnessed_checkpoint",
    "sign",  # needs the cookie of a code or link that was right
}


def views_outside(patterns: list[object]) -> Iterator[tuple[str, Any]]:
    """Of every address outside of organisations: its name and its view."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if "organisation>" not in str(pattern.pattern) or not str(pattern.pattern).startswith("<slug:"):
                yield from views_outside(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name, pattern.callback


def test_every_address_that_is_open_to_everybody_says_what_ends_guessing_there():
    """What a link opens needs 128 bits; where somebody is signed in there is nothing to guess but what is limited."""
    there = dict(views_outside(get_resolver().url_patterns))
    assert LIMITED.keys() <= there.keys()
    open_to_all = {name for name, view in there.items() if view.openness.whom is Whom.EVERYBODY}
    assert open_to_all == (open_to_all & LIMITED.keys()) | PUBLIC
    assert not LIMITED.keys() & PUBLIC


def test_every_limit_is_that_of_an_address_and_every_link_and_account_has_one_for_a_day():
    ours = {name for name in LIMITED.values() if not name.startswith("allauth:")}
    signed_in = {"identity", "identity-code"}  # who it is, once more (`people.confirming`)
    signed_in |= {
        "known-browser",
        "known-browser-code",
    }  # where that person has come in before (`people.known_browsers`)
    assert ours | signed_in == set(limits.names())
    for name, limit in limits.items():
        assert any(rate.per is Per.ADDRESS for rate in limit.rates), name
    for name in ours - {
        "verify",
        "issuers",
        "add-checkpoint",
    }:  # 60 bits of a code, public keys, the signature of a checkpoint
        a_day = [rate for rate in limits.get(name).rates if rate.seconds == DAY and rate.per in (Per.LINK, Per.ACCOUNT)]
        assert a_day, name
    for name in set(LIMITED.values()) - ours:
        rate = settings.ACCOUNT_RATE_LIMITS[name.removeprefix("allauth:")]
        assert re.search(r"\d+/d/(key|user)", rate), name


# --- The table is what happens -------------------------------------------------------------------------------


@pytest.fixture
def paths(organisation, lead):
    """An address of each limit of ours, as somebody would try it, with what they send."""
    document = compose(organisation=organisation, kind=KINDS["agreement"], values=VALUES, language="en", by=lead)
    parties = [
        Party("Anna Berg", "anna@one.example", "for us"),
        Party("Otto Lie", "otto@two.example", "for the client"),
    ]
    request_signatures(document=document, parties=parties, terms=Terms(), by=lead)
    signatory = Signatory.objects.first()
    link = links.token("document", signatory.uid)
    today = clock.today()
    invitation = Invitation("Ada Auditor", "ada@audit.example", today, today)
    audit = invite_auditor(organisation=organisation, invitation=invitation, by=lead)
    return {
        "document-code": (f"/d/{link}/code/", {"code": "000000"}),
        "document-delegation": (f"/d/{link}/delegation/", {"name": "Maud Lind", "email": "nonsense"}),
        "audit-code": (f"/audit/{links.token('audit', audit.uid)}/", {"code": "000000"}),
        "spoken-code": ("/sign/", {"code": "000000", "name": "Jonas Berg"}),
        "verify": ("/verify/", {"code": "AAAA-BBBB-CCCC"}),
    }


def is_stopped(answer):
    return answer.status_code == 429 or "Too many" in answer.text


@pytest.mark.parametrize("name", ["document-code", "document-delegation", "audit-code", "spoken-code", "verify"])
def test_whoever_tries_on_is_stopped_after_as_many_as_the_table_says(paths, name):
    path, sent = paths[name]
    rate = min(limits.get(name).rates, key=lambda rate: rate.count)
    answers = [Client().post(path, sent, follow=True) for _try in range(rate.count + 1)]
    assert [is_stopped(answer) for answer in answers] == [False] * rate.count + [True]


@pytest.mark.parametrize("name", ["document-code", "document-delegation", "audit-code", "spoken-code"])
def test_a_thousand_networks_have_no_more_tries_at_one_link_or_person_than_the_table_says(paths, name):
    path, sent = paths[name]
    rates = [rate for rate in limits.get(name).rates if rate.per in (Per.LINK, Per.ACCOUNT)]
    most = min(rate.count for rate in rates)
    stopped = [
        is_stopped(Client().post(path, sent, follow=True, REMOTE_ADDR=f"2001:db8:0:{number:x}::1"))
        for number in range(most + 1)
    ]
    assert stopped == [False] * most + [True]
    by_the_minute = Tries.objects.filter(key__contains="/address/", key__endswith="/60/second")
    assert by_the_minute.count() == most + 1  # each was a network of its own


def test_no_account_s_password_is_tried_more_than_so_often_a_day(db, lead, monkeypatch):
    """Five in five minutes were 1,440 a day, from addresses of one's choice."""
    from allauth.core.internal import ratelimit

    start, now = ratelimit.time.time(), [0.0]
    monkeypatch.setattr(ratelimit.time, "time", lambda: start + now[0])
    wrong = {"login": lead.email, "password": "not it"}
    looked_at = 0
    for number in range(80):
        now[0] = number * 301
        page = Client().post("/accounts/login/", wrong, REMOTE_ADDR=f"198.51.100.{number}")
        looked_at += "Too many" not in page.text
    assert looked_at == 60


def test_the_two_who_count_proxies_are_told_the_same():
    """Ours for numbers of requests, allauth's for addresses: apart, one of them would believe what a stranger writes."""
    from milepost.config import settings as configured

    assert (
        configured.TRUSTED_PROXIES == configured.ALLAUTH_TRUSTED_PROXY_COUNT == configured.ENVIRONMENT.trusted_proxies
    )
