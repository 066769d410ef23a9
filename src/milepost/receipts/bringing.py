"""Receipts of other organisations: brought, held against what their issuer publishes, recognised in part, or refused."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core import blobs, clock
from milepost.core.fetching import NoAnswer, fetch
from milepost.core.http import read_json
from milepost.core.refusals import Refused
from milepost.courses.models import Course
from milepost.journal.recording import record
from milepost.learning.equivalences import Achievement, NoReason, OneOwn, recognise
from milepost.learning.models import Equivalence
from milepost.people.models import Member, Organisation, WasErased
from milepost.people.permissions import visible
from milepost.receipts.facts import RECEIPT_BROUGHT, RECEIPT_CHECKED, RECEIPT_REFUSED
from milepost.receipts.models import Receipt, holder_of
from milepost.receipts.permissions import RECOGNISE_LEARNING
from milepost.receipts.reading import keys_in, read

# A page of a log at a named host, and nothing by which two programs could see two hosts, or a file beside it be read as keys.
_PAGE = re.compile(
    r"https://[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(?::[1-9][0-9]{0,4})?(?:/[\w.~-]+)*/log/[0-9a-f-]{36}/?",
    re.ASCII,
)
WITHIN, AT_MOST = 6.0, 1 << 20  # seconds and bytes of an issuer's answer


class OwnReceipt(Refused):
    """It is of this organisation, which knows all of it."""

    sentence = gettext_lazy("This receipt is of this organisation itself: what it tells is known here.")


class WasRefused(Refused):
    """Somebody refused the receipt."""

    sentence = gettext_lazy("This receipt was refused. The person can bring a newer one.")


class IsRecognised(Refused):
    """Something of the receipt counts."""

    sentence = gettext_lazy("Something of this receipt is recognised. Take that back first.")


class OfSomebodyElse(Refused):
    """What it tells counts for another person here, or is made out to them."""


class NotPublished(Refused):
    """The key that sealed the receipt is none that its issuer is said to have."""

    status = 422


class NotReached(Refused):
    """The issuer's server gave no answer that says which keys it has."""

    status = 502


class NoSuchAchievement(Refused):
    """The receipt tells of no such completion."""

    sentence = gettext_lazy("The receipt tells of no such completion.")
    status = 422


def bring(*, member: Member, content: bytes, by: Member) -> Receipt:
    """Keep a receipt that this person brought, once it was read and fits together; the same file twice is one. Records `brought`.

    Raises `RefusedReceipt`, `OwnReceipt`.
    """
    told = read(content)
    organisation = member.organisation
    if told["organisation"] == str(organisation.uid):
        raise OwnReceipt
    digest = blobs.store(organisation.uid, content)
    with transaction.atomic():
        _still_there(organisation.pk, member.pk)
        made, is_new = Receipt.objects.get_or_create(
            member=member,
            digest=digest,
            defaults={
                "organisation": organisation,
                "issuer": told["issuer"][:200],
                "key": told["key"],
                "content": told,
                "holder": holder_of(told),
                "brought_by": by,
            },
        )
        if is_new:
            record(
                RECEIPT_BROUGHT,
                organisation=organisation,
                actor=member.as_reference(),
                object=made.as_reference(),
                result={"sha256": digest, "key": made.key},
                context={} if by.pk == member.pk else {"instructor": by.as_reference().as_json()},
            )
    return made


def address_of(receipt: Receipt) -> str:
    """Where the receipt says that its issuer's keys are; empty for none that could be asked."""
    told = str(receipt.content.get("published", ""))
    return told if _PAGE.fullmatch(told) else ""


def host_of(receipt: Receipt) -> str:
    """The name of that server, for people to say whether it is the issuer's."""
    return urlsplit(address_of(receipt)).hostname or ""


def compare(*, receipt: Receipt, fingerprint: str, by: Member) -> None:
    """Hold the receipt's key against a fingerprint that somebody has from the issuer. Raises `NotPublished`. Records `checked`."""
    plain = "".join(fingerprint.split()).replace(":", "").lower()
    if plain not in receipt.content["keys"]:
        raise NotPublished(_("That is another key: this receipt was sealed with %(key)s.") % {"key": receipt.key})
    _check(receipt, Receipt.Checked.TYPED, by)


def ask_issuer(*, receipt: Receipt, by: Member) -> None:
    """Ask the address that the receipt names for its keys: that says whose server knows this key, not that it is trusted.

    Raises `NotReached`, `NotPublished`. Records `checked`.
    """
    address = address_of(receipt)
    if not address:
        raise NotReached(_("The receipt names no address. Ask the issuer for the fingerprint of its key."))
    try:
        answer = fetch(address.rstrip("/") + "/keys.json", within=WITHIN, at_most=AT_MOST, only_outside=True)
        published = keys_in(read_json(answer.content), receipt.content["organisation"])
    except (NoAnswer, ValueError, json.JSONDecodeError) as error:
        words = _(
            "%(host)s did not say which keys it has. Ask the issuer for the fingerprint of its key, or try again later."
        )
        raise NotReached(words % {"host": host_of(receipt)}) from error
    if not set(published) & set(receipt.content["keys"]):
        words = _("%(host)s publishes other keys: this receipt is not one of its.")
        raise NotPublished(words % {"host": host_of(receipt)})
    _check(receipt, Receipt.Checked.FETCHED, by)


def _check(receipt: Receipt, how: str, by: Member) -> None:
    with transaction.atomic():
        locked = _locked(receipt)
        if locked.checked == how:
            return
        Receipt.objects.filter(pk=locked.pk).update(checked=how)
        record(
            RECEIPT_CHECKED,
            organisation=locked.organisation,
            actor=by.as_reference(),
            object=locked.as_reference(),
            result={"key": locked.key, "is_published": True, "how": how},
            context={"holder": str(locked.member.uid)},
        )


def accept(*, receipt: Receipt, course_uid: str, course: Course, reason: str, by: Member) -> Equivalence:
    """Recognise what the receipt says of a course there (by its uid) as equivalent to a course here. Records `recognised`.

    Raises `WasRefused`, `NoSuchAchievement`, `OfSomebodyElse`, and what `recognise` does.
    """
    with transaction.atomic():
        locked = _undecided(receipt)
        told = achievement_in(locked.content, course_uid)
        _count_for_its_member(locked, by)
        achievement = Achievement(
            title=told["title"][:300],
            issuer=locked.issuer,
            completed_on=date.fromisoformat(told["completed_at"][:10]),
            receipt_sha256=locked.digest,
            key=locked.key,
            is_checked=bool(locked.checked),
        )
        return recognise(member=receipt.member, course=course, achievement=achievement, reason=reason, by=by)


def others_with(receipt: Receipt) -> QuerySet[Receipt]:
    """Receipts of the same person elsewhere that others here brought, and that nobody refused."""
    rows = Receipt.objects.filter(organisation=receipt.organisation_id, holder=receipt.holder, refused_at=None)
    return rows.exclude(member=receipt.member_id).select_related("member").order_by("pk")


def _count_for_its_member(receipt: Receipt, by: Member) -> None:
    """What one person learnt elsewhere counts for one person here: whose name it carries, or who was recognised first.

    The organisation is locked. Raises `OfSomebodyElse`.
    """
    for other in others_with(receipt).iterator():
        counts = Equivalence.objects.standing().filter(member=other.member_id, receipt_sha256=other.digest).exists()
        if counts:
            words = _(
                "What this person learnt there is recognised for %(name)s, who brought it, too. Take that back first."
            )
            raise OfSomebodyElse(words % {"name": _name(other.member, by)})
        if receipt.names_somebody_else and not other.names_somebody_else:
            words = _("It is made out to %(name)s, who brought it, too. Recognise theirs, or refuse it first.")
            raise OfSomebodyElse(words % {"name": _name(other.member, by)})
    Receipt.objects.filter(organisation=receipt.organisation_id, holder=receipt.holder).update(is_theirs=False)
    Receipt.objects.filter(pk=receipt.pk).update(is_theirs=True)


def _name(member: Member, by: Member) -> str:
    """What somebody is called to whoever may see them."""
    if visible(by, RECOGNISE_LEARNING).filter(pk=member.pk).exists():
        return member.full_name
    return _("somebody else here")


def refuse(*, receipt: Receipt, reason: str, by: Member) -> None:
    """Say that nothing of the receipt is recognised, and why. Records `refused`.

    Raises `NoReason`, `OneOwn`, `WasRefused`, `IsRecognised`.
    """
    reason = reason.strip()[:300]
    if not reason:
        raise NoReason
    if receipt.member_id == by.pk:
        raise OneOwn
    with transaction.atomic():
        locked = _undecided(receipt)
        if Equivalence.objects.standing().filter(member=locked.member_id, receipt_sha256=locked.digest).exists():
            raise IsRecognised
        refused = {"refused_at": clock.now(), "refusal_reason": reason, "refused_by": by}
        Receipt.objects.filter(pk=locked.pk).update(is_theirs=False, **refused)
        record(
            RECEIPT_REFUSED,
            organisation=locked.organisation,
            actor=by.as_reference(),
            object=locked.as_reference(),
            result={"reason": reason},
            context={"holder": str(locked.member.uid)},
        )


def achievement_in(content: Mapping[str, Any], course: str) -> dict[str, Any]:
    """What the receipt tells of the course of this uid there. Raises `NoSuchAchievement`."""
    for told in content["achievements"]:
        if told["course"] == course and told["completed_at"]:
            return dict(told)
    raise NoSuchAchievement


def _undecided(receipt: Receipt) -> Receipt:
    locked = _locked(receipt)
    if locked.refused_at:
        raise WasRefused
    return locked


def _still_there(organisation: int, member: int) -> None:
    """Lock the organisation first, as whoever erases does, and see that they are there. Raises `WasErased`."""
    Organisation.locked(organisation)
    if not Member.objects.filter(pk=member).exists():
        raise WasErased


def _locked(receipt: Receipt) -> Receipt:
    _still_there(receipt.organisation_id, receipt.member_id)
    return (
        Receipt.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organisation", "member")
        .get(pk=receipt.pk)
    )
