"""Erasing a person where no law wants their records kept, without breaking any proof (GDPR, article 17).

Each room says what holds them, which facts are theirs alone, and takes their rows away (see `people.contributions`).
"""

from datetime import date
from itertools import batched

from django.db import models, transaction
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.irrevocable import irrevocable
from milepost.core.refusals import Refused
from milepost.evidence.export import files_about
from milepost.evidence.forgetting import forget_files, named_in
from milepost.evidence.models import TrainingAction
from milepost.journal.erasing import erase, nameless
from milepost.journal.models import Entry
from milepost.journal.vocabulary import fact_types
from milepost.notices.outbox import Outside, notify
from milepost.people.contributions import BATCH, Hold, contributions
from milepost.people.models import Member, Organisation


class ErasureRefused(Refused):
    """A law still wants the records kept; `holds` says which, and until when."""

    def __init__(self, holds: list[Hold]) -> None:
        super().__init__("; ".join(hold.reason for hold in holds))
        self.holds = holds


def holds_on(member: Member) -> list[Hold]:
    """Why the person's records have to stay, in words for them to read; empty when they can be erased."""
    holds = [hold for contribution in contributions.all() for hold in contribution.holds(member)]
    asked = [hold.session_id for hold in holds if hold.session_id]
    in_actions = TrainingAction.sessions.through._default_manager.filter(livesession__in=asked)
    spoken_for = set(in_actions.values_list("livesession", flat=True)) if asked else set()
    return [hold for hold in holds if hold.session_id not in spoken_for]


class Ground(models.TextChoices):
    """Why a person's data are erased, in the words of the law (GDPR, article 17(1)): nothing that somebody types, since it stays."""

    ASKED = "asked", gettext_lazy("asked for by the person")
    NEEDLESS = "needless", gettext_lazy("no longer needed for what they were collected for")
    UNLAWFUL = "unlawful", gettext_lazy("they should not have been collected")
    OBLIGED = "obliged", gettext_lazy("the law asks for it")


@irrevocable
def erase_person(*, member: Member, by: Member, ground: Ground = Ground.ASKED, asked_on: date | None = None) -> int:
    """Erase everything of the person, their account too, for good; return how many facts lost their words.

    All of it or nothing: nobody chooses facts. Who decided, on which ground, and when it was asked for is told by the fact.

    Numbers lose them as well: what was theirs is gone, and no proof of anybody else is touched. What they did in an
    office (published a course, say) stays a fact of the organisation. They are told by a last message, if they have an
    address. Raises `ErasureRefused`, `WasErased`. Records `erased`.
    """
    with transaction.atomic():
        Organisation.locked(member.organisation_id)  # as whoever imports people does
        locked = Member.locked(member.pk, to_erase=True)
        if holds := holds_on(locked):
            raise ErasureRefused(holds)
        organisation, facts = locked.organisation, _facts_of(locked)
        digests = {*(file.digest for file in files_about(locked)), *named_in(facts)}
        # Whoever erases themselves is not named by the fact that says so.
        decider = nameless(by.as_reference()) if by == locked else by.as_reference()
        day = {"asked_on": asked_on.isoformat()} if asked_on else {}
        count = erase(
            facts,
            organisation=organisation,
            by=decider,
            about=nameless(locked.as_reference()),
            reason=str(ground.label),
            context={"procedure": "person", "ground": ground.value, **day},
            own=[str(locked.uid)],
        )
        for contribution in reversed(contributions.all()):
            contribution.erase(locked)
        forget_files(organisation, digests)
        if locked.email:
            _say_goodbye(locked, by)
    return count


def _say_goodbye(member: Member, by: Member) -> None:
    """Tell the person what was done (GDPR, article 12(3)), by a notice of which nothing stays once it was sent."""
    organisation = member.organisation
    day = clock.today(organisation.time_zone).isoformat()
    notify(
        "erased",
        to=Outside(organisation, member.email or "", member.full_name, member.speaks),
        about=organisation.as_reference(),
        key=str(member.uid),
        data={"day": day, "contact": by.email or organisation.name},
    )


def _facts_of(member: Member) -> set[int]:
    """The facts about what is theirs alone, and those that tell what they did, but for an office."""
    entries = Entry.objects.filter(organisation_id=member.organisation_id).exclude(statement="").order_by()
    # What somebody did for the organisation stays a fact about the organisation.
    office = [fact_type.name for fact_type in fact_types.all() if fact_type.is_office]
    facts = set(entries.filter(actor_id=str(member.uid)).exclude(fact__in=office).values_list("id", flat=True))
    objects = (uid for contribution in contributions.all() for uid in contribution.things_of(member))
    for part in batched(objects, BATCH, strict=False):
        facts.update(entries.filter(object_id__in=part).values_list("id", flat=True))
    return facts
