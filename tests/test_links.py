"""A link opens what it was made for, to the end that it has, and nothing else: every address that a link opens, those of tomorrow too."""

import re
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core import signing
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from milepost.classroom.models import Slot
from milepost.core import clock, links
from milepost.core.openness import Whom
from milepost.documents.models import Signatory
from milepost.evidence.models import Audit
from milepost.notices.unsubscribing import unsubscribe_address
from tests.test_hostile import DURING, _silence, auditor, everything, links_to  # noqa: F401 (two are fixtures)
from tests.test_strangers import address, views

pytestmark = [pytest.mark.usefixtures("_silence"), pytest.mark.each_day_on("sqlite")]
BY_LINK = sorted(
    (route for route, view in views() if getattr(view, "openness", None) and view.openness.whom is Whom.LINK),
    key=lambda route: (route.count("/"), route),
)
ENDLESS = {"unsubscribe"}  # who reads an old message may still end more of them
OVER = "This audit has been over since"  # what an audit says outside of its days
NAMES = ("Nygård", "Anna", "Otto")


@pytest.fixture
def opens(everything):  # noqa: F811
    """The address of each route as its own link fills it, by route; what identifies a browser is asked for beside it."""
    with clock.at(DURING):
        tokens = links_to(everything)
        tokens["unsubscribe"] = unsubscribe_token(everything.learner)
    slot = Slot.objects.earliest("pk").code
    return {route: filled(route, everything, tokens, slot) for route in BY_LINK}, tokens


def unsubscribe_token(member):
    return unsubscribe_address(member, "certificate").rstrip("/").rpartition("/")[2]


def filled(route, world, tokens, slot):
    """The address, with `{token}` where the link's own part stands."""
    whole = address(route.replace("<slug:code>", slot), world)
    return re.sub(
        rf"^/{route.partition('/')[0]}/({slot}/)?a(?=[/.])", rf"/{route.partition('/')[0]}/\g<1>{{token}}", whole
    )


def is_let_in(answer):
    """Whether the answer shows or does anything of what the link is for."""
    if answer.status_code in (400, 403, 404, 405, 409, 410, 429):
        return any(re.search(rf"(?<![\w-]){name}(?![\w-])", answer.text) for name in NAMES)  # not within a random token
    if answer.status_code == 302:
        return not answer.url.startswith(("/accounts/login/", "/audit/"))
    return answer.streaming or OVER.encode() not in answer.content


def lets_in(client, path):
    """The ways in which the address lets somebody in."""
    found = []
    for method in ("get", "post"):
        cache.clear()
        with transaction.atomic():
            if is_let_in(getattr(client, method)(path)):
                found.append(method)
            transaction.set_rollback(True)
    return found


def spoilt(token):
    """The token with one character turned in each of its parts, cut off, and signed by nobody."""
    for at in (0, len(token) // 2, -2):
        turned = "A" if token[at] != "A" else "B"
        characters = list(token)
        characters[at] = turned
        yield "".join(characters)
    yield token[:-3]
    yield token.rpartition(".")[0] or "a"
    yield token.rpartition(":")[0] + ":" + "A" * 43


def test_there_are_links_of_every_kind(opens):
    routes, tokens = opens
    assert {route.partition("/")[0] for route in routes} == tokens.keys() - {"verify"}


def test_each_link_opens_its_own_address(opens):
    """Or the walks below would be blind."""
    routes, tokens = opens
    outside, opened = auditor(), set()
    with clock.at(DURING):
        for route, path in routes.items():
            if lets_in(outside, path.format(token=tokens[route.partition("/")[0]])):
                opened.add(route.partition("/")[0])
    assert opened == tokens.keys() - {"verify"}


def test_a_link_for_one_use_opens_nothing_of_another(opens):
    routes, tokens = opens
    outside, found = auditor(), {}
    with clock.at(DURING):
        for route, path in routes.items():
            for use, token in tokens.items():
                if use != route.partition("/")[0] and (ways := lets_in(outside, path.format(token=token))):
                    found[route, use] = ways
    assert found == {}


def test_an_identifier_that_two_uses_share_is_opened_by_the_token_of_its_own_use_alone():
    """Or a link would be kept from another use by chance: identifiers of two tables are hardly ever the same."""
    thing = uuid4()
    tokens = {use: links.token(use, thing) for use in ("sign", "room", "document", "audit", "invitation", "calendar")}
    for use in tokens:
        assert [other for other, token in tokens.items() if links.uid_in(token, use)] == [use]


def test_a_link_that_was_changed_or_cut_off_opens_nothing(opens):
    routes, tokens = opens
    outside, found = auditor(), {}
    with clock.at(DURING):
        for route, path in routes.items():
            for token in spoilt(tokens[route.partition("/")[0]]):
                if ways := lets_in(outside, path.format(token=token)):
                    found[route, token] = ways
    assert found == {}


def test_a_link_that_was_signed_with_another_secret_opens_nothing(opens, settings):
    routes, tokens = opens
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "somebody else’s " + "x" * 40, []
    with clock.at(DURING):
        found = {
            route: ways
            for route, path in routes.items()
            if not route.startswith("s/")  # the code on the wall is made of the half-day's own secret
            and (ways := lets_in(Client(), path.format(token=tokens[route.partition("/")[0]])))
        }
    assert found == {}


def test_no_link_that_ends_opens_anything_two_years_later(opens, monkeypatch):
    routes, tokens = opens
    later = clock.now() + timedelta(days=730)
    monkeypatch.setattr(signing, "time", SimpleNamespace(time=later.timestamp))
    with clock.at(later):
        found = {
            route: ways
            for route, path in routes.items()
            if route.partition("/")[0] not in ENDLESS
            and (ways := lets_in(Client(), path.format(token=tokens[route.partition("/")[0]])))
        }
    assert found == {}


def test_what_identified_a_browser_at_one_link_identifies_it_at_no_other(opens, everything):  # noqa: F811
    """The cookie of one audit, under the link of another."""
    identified, other = auditor(), Audit.objects.get()
    other.pk, other.uid = None, Signatory.objects.earliest("pk").uid
    other.save()
    with clock.at(DURING):
        page = identified.get(f"/audit/{links.token('audit', other.uid)}/").text
    assert "code" in page
    assert "/actions/" not in page
