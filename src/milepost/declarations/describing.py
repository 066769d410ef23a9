"""The verbs by which an action, and one person in it, say what declarations ask of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Field
from django.utils.translation import gettext as _

from milepost.core.jobs import named
from milepost.core.refusals import Refused
from milepost.declarations.facts import ACTION_DESCRIBED, TRAINEE_DESCRIBED
from milepost.declarations.models import Described, Trainee
from milepost.evidence.models import TrainingAction
from milepost.journal.recording import Reference, record
from milepost.people.models import Member

SAID = (
    *("nature", "objective", "funding", "speciality", "certification", "category", "is_entrusted", "health_topic"),
    *("invoiced", "invoiced_on", "hourly_price"),
)


class InvalidDescription(Refused):
    """What was said of an action or a person can't be; the message says what to mend, `field` where."""

    status = 422


def describe(*, action: TrainingAction, said: Mapping[str, Any], by: Member) -> Described:
    """Say of the action what declarations ask: the values of `SAID`, amounts in cents. Records `described` if anything changed.

    Raises `InvalidDescription` for an invoice without its day, or a price of an hour without an invoice.
    """
    if said.get("invoiced") is not None and said.get("invoiced_on") is None:
        raise InvalidDescription(
            _("Say on which day it was invoiced: the accounting year follows from it."), field="invoiced_on"
        )
    if said.get("invoiced") is None and said.get("hourly_price") is not None:
        raise InvalidDescription(_("Say what was invoiced, too."), field="invoiced")
    with transaction.atomic():
        TrainingAction.objects.select_for_update(no_key=True).get(pk=action.pk)
        kept = Described.objects.select_for_update(of=("self",), no_key=True)  # as whoever counts what is proven
        row = kept.filter(action=action).first() or Described(organisation_id=action.organisation_id, action=action)
        row.action = action
        before = None if row.pk is None else {name: getattr(row, name) for name in SAID}
        for name in SAID:
            if name in said:
                setattr(row, name, said[name])
        if before == {name: getattr(row, name) for name in SAID}:
            return row
        row.at_risk = row.price_of(row.unproven_minutes)
        _check(row, SAID)
        row.save()
        record(
            ACTION_DESCRIBED,
            organisation=action.organisation,
            actor=by.as_reference(),
            object=action.as_reference(),
            result=_told(row),
        )
        named("declarations.refresh_proof").enqueue(action.organisation_id, action.pk)
    return row


def _check(row: Described | Trainee, names: Iterable[str]) -> None:
    """Hold what was said against what each field may be. Raises `InvalidDescription`."""
    for name in names:
        field, value = row._meta.get_field(name), getattr(row, name)
        assert isinstance(field, Field)  # noqa: S101 (columns, and no relations)
        try:
            if value not in ("", None):
                field.clean(value, row)
        except ValidationError as error:
            raise InvalidDescription(" ".join(error.messages), field=name) from error


def _told(row: Described) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in SAID if name != "invoiced_on"}
    told = {name: value for name, value in values.items() if value not in ("", None)}
    if row.invoiced_on is not None:
        told["invoiced_on"] = row.invoiced_on.isoformat()
    return told | {"currency": row.currency}


def describe_trainee(
    *, action: TrainingAction, member: Member, by: Member, category: str = "", cpf_number: str = ""
) -> Trainee:
    """Say of one person in the action what they are; an empty category is that of the action. Records `described` if it changed.

    Raises `InvalidDescription` for somebody who takes no part.
    """
    with transaction.atomic():
        TrainingAction.objects.select_for_update(no_key=True).get(pk=action.pk)
        if not action.members.filter(pk=member.pk).exists():
            raise InvalidDescription(_("This person takes no part in the action."))
        row = Trainee.objects.filter(action=action, member=member).first() or Trainee(
            organisation_id=action.organisation_id, action=action, member=member
        )
        if (row.category, row.cpf_number) == (category, cpf_number):
            return row
        row.category, row.cpf_number = category, cpf_number
        _check(row, ("category", "cpf_number"))
        said = {"category": category, "cpf_number": cpf_number}
        # What is counted of the person is not of here: whoever counts may do so at this moment.
        row, _new = Trainee.objects.update_or_create(
            action=action,
            member=member,
            defaults=said,
            create_defaults=said | {"organisation_id": action.organisation_id},
        )
        told = {name: value for name, value in (("category", category), ("cpf_number", cpf_number)) if value}
        record(
            TRAINEE_DESCRIBED,
            organisation=action.organisation,
            actor=by.as_reference(),
            object=Reference("trainee", str(member.uid), member.full_name),
            result=told,
            context={"action": str(action.uid), "holder": str(member.uid)},
        )
    return row
