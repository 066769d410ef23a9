"""The rights of people without an account: a signatory, a trainer from outside, an auditor. They are known by their address.

As of a member: a copy of what is held, and erasure of all of it, unless a law still wants some of it kept (GDPR, articles 15 and 17).
"""

import json
from dataclasses import dataclass
from datetime import date
from itertools import batched
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.canonical import fingerprint
from milepost.core.irrevocable import irrevocable
from milepost.core.refusals import Refused
from milepost.core.words import date_format
from milepost.evidence.erasing import ErasureRefused, Ground
from milepost.evidence.facts import OUTSIDER_EXPORTED
from milepost.evidence.models import TrainingAction
from milepost.evidence.profiles import profiles
from milepost.evidence.retention import KEPT, kept_until
from milepost.journal.erasing import erase
from milepost.journal.models import Entry
from milepost.journal.recording import Reference, record, time_text
from milepost.journal.vocabulary import fact_types
from milepost.people.contributions import BATCH, Hold, Outside, contributions
from milepost.people.models import Member, Organisation

FORMAT = "milepost-personal-data/1"
OF_A_MEMBER = gettext_lazy("Somebody among your people has this address. Erase them on their page first.")


class NothingHeld(Refused):
    """Nobody from outside has this address: an erasure would say that somebody's data were erased."""

    sentence = gettext_lazy("Nothing is held of this address.")
    status = 404


@dataclass(frozen=True)
class Known:
    """One thing that is held of them, and what keeps it, if anything does."""

    row: Outside
    hold: Hold | None


def known_of(organisation: Organisation, email: str) -> list[Known]:
    """All that any room holds of whoever has this address and is no member; nothing for what is nobody's address.

    Where a member has it, too, it stays as long as they: nobody's facts go one by one.
    """
    email = email.strip()
    if "@" not in email or email.casefold().endswith(".invalid"):  # which stands for those who were erased (RFC 2606)
        return []
    rows = [row for contribution in contributions.all() for row in contribution.of_outsider(organisation, email)]
    is_member = Member.objects.filter(organisation=organisation, email__iexact=email).exists()
    return [Known(row, Hold(str(OF_A_MEMBER)) if is_member else _hold(organisation, row)) for row in rows]


def _hold(organisation: Organisation, row: Outside) -> Hold | None:
    """What keeps it: the action that it belongs to, as long as that is kept, or else what its room says."""
    of_it = Q(uid=row.action_uid) if row.action_uid else Q(sessions=row.session_id) if row.session_id else Q(pk__in=())
    actions = TrainingAction.objects.filter(of_it, organisation=organisation, let_go_at=None)
    for action in actions.select_related("organisation").order_by("-ends_on", "pk"):
        until = kept_until(action)
        names = {"reference": action.reference, "title": action.title, "profile": profiles()[action.profile].label}
        return Hold(str(KEPT) % (names | {"day": date_format(until, "DATE_FORMAT")}), until)
    return Hold(row.reason) if row.reason else None


def copy_for(*, organisation: Organisation, email: str, by: Member) -> bytes:
    """A copy of all of it, for machines and to read (JSON). Records `exported`."""
    known = known_of(organisation, email)
    with transaction.atomic():
        about = _nameless(organisation, email)
        record(OUTSIDER_EXPORTED, organisation=organisation, actor=by.as_reference(), object=about)
    facts = _facts(organisation, known)
    data = {
        "format": FORMAT,
        "made_at": time_text(clock.now()),
        "organisation": organisation.name,
        "person": {"email": email},
        "records": [
            {"what": str(one.row.label), **one.row.data, "kept": one.hold.reason if one.hold else ""} for one in known
        ],
        "journal": [entry.content for entry in Entry.objects.filter(pk__in=facts).order_by("pk")],
    }
    return json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1).encode()


@irrevocable
def erase_outsider(
    *, organisation: Organisation, email: str, by: Member, ground: Ground = Ground.ASKED, asked_on: date | None = None
) -> int:
    """Erase all that is held of them, for good; return how many facts lost their words. Records `erased`.

    What they did for the organisation (closed a half-day) stays a fact of it, as of a member. Raises `ErasureRefused`, `NothingHeld`.
    """
    with transaction.atomic():
        Organisation.locked(organisation.pk)
        known = known_of(organisation, email)
        if not known:
            raise NothingHeld
        if holds := [one.hold for one in known if one.hold]:
            raise ErasureRefused(holds)
        day = {"asked_on": asked_on.isoformat()} if asked_on else {}
        count = erase(
            _facts(organisation, known),
            organisation=organisation,
            by=by.as_reference(),
            about=_nameless(organisation, email),
            reason=str(ground.label),
            context={"procedure": "outside", "ground": ground.value, **day},
        )
        for contribution in reversed(contributions.all()):
            contribution.erase_outsider(organisation, email)
    return count


def _facts(organisation: Organisation, known: list[Known]) -> set[int]:
    """The facts that tell what they did, but for an office, and what was done to them."""
    office = [fact_type.name for fact_type in fact_types.all() if fact_type.is_office]
    entries = Entry.objects.filter(organisation_id=organisation.pk).exclude(statement="").order_by()
    facts: set[int] = set()
    for part in batched(filter(None, (one.row.uid for one in known)), BATCH, strict=False):
        theirs = entries.filter(actor_id__in=part).exclude(fact__in=office)
        facts.update(
            theirs.values_list("id", flat=True), entries.filter(object_id__in=part).values_list("id", flat=True)
        )
    return facts


def _nameless(organisation: Organisation, email: str) -> Reference:
    """They, in a fact that outlives them: by a hash that only whoever knows organisation and address can make."""
    mark: Any = fingerprint(f"{organisation.uid}:{email.strip().casefold()}".encode())
    return Reference("outsider", mark[:32], mark[:8])
